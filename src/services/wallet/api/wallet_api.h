// The wallet's methods of the contract, bound to its service.
#pragma once

#include "services/wallet/api/mapping.h"

namespace ducat::wallet {

// Binds every method of ducat.wallet.v1.WalletService. The API outlives the registry's calls. Thread-safe.
class WalletApi {
 public:
  // The service is asked for at every call: it is there once its host has started.
  using FindService = std::function<WalletService&()>;
  WalletApi(FindService service, Clock& clock) : service_(std::move(service)), clock_(clock) {}
  void bind(rpc::Registry& registry);

 private:
  template <typename T>
  using Reply = Task<rpc::Reply<T>>;
  using Call = rpc::CallContext;

  Reply<v1::Balance> deposit(const v1::DepositRequest& request, Call& call);
  Reply<v1::Balance> withdraw(const v1::WithdrawRequest& request, Call& call);
  Reply<v1::TransferReply> transfer(const v1::TransferRequest& request, Call& call);
  Reply<v1::BatchReply> batch(const v1::BatchRequest& request, Call& call);
  Reply<v1::Wallet> get_wallet(const v1::GetWalletRequest& request, Call& call);
  Reply<v1::History> get_history(const v1::GetHistoryRequest& request, Call& call);
  Reply<v1::Hold> create_hold(const v1::CreateHoldRequest& request, Call& call);
  Reply<v1::Holds> list_holds(const v1::ListHoldsRequest& request, Call& call);
  Reply<v1::Hold> get_hold(const v1::GetHoldRequest& request, Call& call);
  Reply<v1::Hold> capture_hold(const v1::CaptureHoldRequest& request, Call& call);
  Reply<v1::Hold> void_hold(const v1::VoidHoldRequest& request, Call& call);
  Reply<v1::Wallet> freeze(const v1::ChangeStatusRequest& request, Call& call);
  Reply<v1::Wallet> unfreeze(const v1::ChangeStatusRequest& request, Call& call);
  Reply<v1::Wallet> close(const v1::ChangeStatusRequest& request, Call& call);
  Reply<v1::Wallet> set_daily_limit(const v1::SetDailyLimitRequest& request, Call& call);
  Reply<v1::Wallet> set_credit_limit(const v1::SetCreditLimitRequest& request, Call& call);
  Reply<v1::TransferRecord> get_transfer(const v1::GetTransferRequest& request, Call& call);

  // Carries out a command about one wallet under the call's key; `replayed` goes to the answer's header.
  Task<WalletOutcome> run(std::string_view operation, std::string_view wallet_id, Command command,
                          uint64_t fingerprint, Call& call);
  Reply<v1::Wallet> change(std::string_view operation, std::string_view wallet_id, Command command,
                           uint64_t fingerprint, Call& call);
  Reply<v1::Hold> change_hold(std::string_view operation, std::string_view wallet_id, Command command,
                              uint64_t fingerprint, Call& call);

  FindService service_;
  Clock& clock_;
};

// The batch route's part: from its operations to requests, and from outcomes to results (wallet_batch.cc): a
// refused one is the body of an error as the single route answers it. `target` is the batch's, `now` the time
// of the answer.
std::expected<std::vector<WalletRequest>, rpc::ApiError> read_batch(const v1::BatchRequest& request,
                                                                    const rpc::CallContext& call);
rpc::Reply<v1::BatchReply> write_batch(const v1::BatchRequest& request,
                                       const std::vector<WalletOutcome>& outcomes, std::string_view target,
                                       Timestamp now);

}  // namespace ducat::wallet
