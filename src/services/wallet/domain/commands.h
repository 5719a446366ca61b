// Every command of a wallet, for those who carry them out.
#pragma once

#include "services/wallet/domain/admin/close_wallet.h"
#include "services/wallet/domain/admin/freeze_wallet.h"
#include "services/wallet/domain/admin/set_credit_limit.h"
#include "services/wallet/domain/admin/set_daily_limit.h"
#include "services/wallet/domain/admin/unfreeze_wallet.h"
#include "services/wallet/domain/funds/compensate_transfer.h"
#include "services/wallet/domain/funds/credit_transfer.h"
#include "services/wallet/domain/funds/deposit.h"
#include "services/wallet/domain/funds/reserve_transfer.h"
#include "services/wallet/domain/funds/settle_transfer.h"
#include "services/wallet/domain/funds/transfer.h"
#include "services/wallet/domain/funds/withdraw.h"
#include "services/wallet/domain/holds/capture_hold.h"
#include "services/wallet/domain/holds/expire_hold.h"
#include "services/wallet/domain/holds/place_hold.h"
#include "services/wallet/domain/holds/void_hold.h"
