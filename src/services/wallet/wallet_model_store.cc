// The model's memory and tables: taking changes out, recovery, and answers in stored form.
#include "base/bytes.h"
#include "services/wallet/store/event_codec.h"
#include "services/wallet/store/queries.h"
#include "services/wallet/wallet_model.h"

namespace ducat::wallet {
namespace {

constexpr uint8_t kAnswerVersion = 1;

enum AnswerFlag : uint8_t { kExists = 1, kHasDailyLimit = 2, kHasHold = 4, kHasExpiry = 8, kHasSaga = 16 };

}  // namespace

Status WalletModel::open(storage::Database& tables) {
  DUCAT_ASSIGN(auto writer, tables.connect(storage::Access::kWriter));
  DUCAT_TRY(migrate_wallet_tables(*writer));
  DUCAT_ASSIGN(connection_, tables.connect(storage::Access::kReader));
  return {};
}

Status WalletModel::forget() {
  cache_.clear();
  holds_.clear();
  touched_.clear();
  touched_holds_.clear();
  changes_.reset();
  undo_.clear();
  accounts_.clear();
  accounts_touched_ = false;
  DUCAT_ASSIGN(uint64_t last, last_wallet_no(*connection_));
  next_wallet_no_ = last + 1;
  DUCAT_ASSIGN(std::vector<Account> accounts, all_accounts(*connection_));
  for (const Account& account : accounts) accounts_[{account.kind, account.currency}] = account.balance;
  return {};
}

Status WalletModel::replay(Position position, uint64_t stream, std::string_view body, Timestamp) {
  DUCAT_ASSIGN(StoredEventView stored, decode_view(body));
  const Event& event = stored.event;
  CachedWallet* wallet = cache_.find(stream);
  if (event.type == EventType::kWalletCreated) {
    if (stream != next_wallet_no_) return fail(Errc::kCorrupt, "wallets are numbered without gaps");
    // The tables remember the number of shards; where they are made again, only the journal can tell.
    if (shard_of_wallet(event.wallet_id, options_.shards) != options_.shard) {
      return fail(Errc::kInvalid,
                  "wallet.shards = " + std::to_string(options_.shards) +
                      ", but the journal was written with another number of shards; it cannot "
                      "change");
    }
    wallet = &create(event.wallet_id);
  } else if (wallet == nullptr) {
    DUCAT_ASSIGN(std::optional<NamedWallet> found, find_wallet(*connection_, stream));
    if (!found) return fail(Errc::kCorrupt, "an event belongs to no wallet");
    wallet = &cache_.add(std::move(found->id), found->wallet);
  }
  evolve_wallet(*wallet, event, position, body);
  return evolve_hold(*wallet, event, position);
}

std::unique_ptr<kernel::Changes> WalletModel::take_changes(kernel::RecordNumber record) {
  if (!changes_) return nullptr;
  std::unique_ptr<WalletChanges> changes = std::move(changes_);
  changes->wallets.reserve(touched_.size());
  for (CachedWallet* wallet : touched_) {
    changes->wallets.push_back({wallet->stored, changes->keep(wallet->id), wallet->created});
    wallet->touched = false;
    wallet->created = false;
    wallet->pinned_by = record;
  }
  touched_.clear();
  for (Position no : touched_holds_) {
    CachedHold& hold = holds_[no];
    changes->holds.push_back(hold.stored);
    hold.touched = false;
    hold.pinned_by = record;
  }
  touched_holds_.clear();
  if (accounts_touched_) {
    for (const auto& [key, balance] : accounts_)
      changes->accounts.push_back({key.first, key.second, balance});
    accounts_touched_ = false;
  }
  return changes;
}

void WalletModel::written(kernel::RecordNumber record) {
  cache_.evict(record);
  std::erase_if(holds_, [record](const auto& entry) {
    return !entry.second.touched && entry.second.pinned_by <= record;
  });
}

Status WalletModel::write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) {
  return write_wallet_changes(connection, changes);
}

void WalletModel::encode_answer(const kernel::Operation& operation, std::string& out) const {
  wallet::encode_answer(static_cast<const WalletOperation&>(operation).answer, out);
}

Status WalletModel::decode_answer(std::string_view stored, kernel::Operation& operation) const {
  return wallet::decode_answer(stored, static_cast<WalletOperation&>(operation).answer);
}

void encode_answer(const Answer& answer, std::string& out) {
  const Wallet& state = answer.wallet.state;
  uint8_t flags = 0;
  if (answer.exists) flags |= kExists;
  if (state.daily_limit) flags |= kHasDailyLimit;
  if (!answer.hold_id.none()) flags |= kHasHold;
  if (answer.hold.expires_at) flags |= kHasExpiry;
  if (!answer.saga.none()) flags |= kHasSaga;
  ByteWriter writer(out);
  writer.u8(kAnswerVersion);
  writer.u8(flags);
  writer.varint(static_cast<uint64_t>(state.currency));
  writer.u8(static_cast<uint8_t>(state.status));
  writer.zigzag(state.balance);
  writer.zigzag(state.held);
  writer.zigzag(state.credit_limit);
  if (state.daily_limit) writer.zigzag(*state.daily_limit);
  if (flags & kHasHold) {
    writer.raw(answer.hold_id.uuid.bytes.data(), 16);
    writer.zigzag(answer.hold.amount);
    writer.zigzag(answer.hold.captured);
    writer.u8(static_cast<uint8_t>(answer.hold.state));
    writer.zigzag(answer.hold.created_at.micros);
    if (answer.hold.expires_at) writer.zigzag(answer.hold.expires_at->micros);
  }
  if (flags & kHasSaga) writer.raw(answer.saga.uuid.bytes.data(), 16);
}

Status decode_answer(std::string_view stored, Answer& answer) {
  answer = {};
  Wallet& state = answer.wallet.state;
  ByteReader reader(stored);
  if (reader.u8() != kAnswerVersion) return fail(Errc::kCorrupt, "a stored answer is of an unknown version");
  uint8_t flags = reader.u8();
  answer.exists = (flags & kExists) != 0;
  state.currency = static_cast<Currency>(reader.varint());
  state.status = static_cast<WalletStatus>(reader.u8());
  state.balance = reader.zigzag();
  state.held = reader.zigzag();
  state.credit_limit = reader.zigzag();
  if (flags & kHasDailyLimit) state.daily_limit = reader.zigzag();
  if (flags & kHasHold) {
    reader.raw(answer.hold_id.uuid.bytes.data(), 16);
    answer.hold.amount = reader.zigzag();
    answer.hold.captured = reader.zigzag();
    answer.hold.state = static_cast<HoldState>(reader.u8());
    answer.hold.created_at = {reader.zigzag()};
    if (flags & kHasExpiry) answer.hold.expires_at = Timestamp{reader.zigzag()};
  }
  if (flags & kHasSaga) reader.raw(answer.saga.uuid.bytes.data(), 16);
  if (!reader.complete()) return fail(Errc::kCorrupt, "a stored answer is damaged");
  return {};
}

}  // namespace ducat::wallet
