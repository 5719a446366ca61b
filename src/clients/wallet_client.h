// The wallet as other services see it. Each service that others call has such a file: its methods by name and
// type, and nothing else.
#pragma once

#include "ducat/wallet/v1/wallet.pb.h"
#include "platform/rpc/invoker.h"

namespace ducat::clients {

// The invoker is what ServiceDirectory::find("wallet") answers; it outlives the client. Thread-safe. Calls
// that change something carry a key in their context: on a 503 the same call may then be made again.
class WalletClient {
 public:
  explicit WalletClient(rpc::Invoker& wallet) : wallet_(wallet) {}

  // Request and context outlive the task.
  Task<rpc::Reply<wallet::v1::Balance>> deposit(const wallet::v1::DepositRequest& request,
                                                rpc::CallContext& context) {
    return call<wallet::v1::Balance>("Deposit", request, context);
  }
  Task<rpc::Reply<wallet::v1::Balance>> withdraw(const wallet::v1::WithdrawRequest& request,
                                                 rpc::CallContext& context) {
    return call<wallet::v1::Balance>("Withdraw", request, context);
  }
  Task<rpc::Reply<wallet::v1::TransferReply>> transfer(const wallet::v1::TransferRequest& request,
                                                       rpc::CallContext& context) {
    return call<wallet::v1::TransferReply>("Transfer", request, context);
  }
  Task<rpc::Reply<wallet::v1::Wallet>> get_wallet(const wallet::v1::GetWalletRequest& request,
                                                  rpc::CallContext& context) {
    return call<wallet::v1::Wallet>("GetWallet", request, context);
  }
  Task<rpc::Reply<wallet::v1::Hold>> create_hold(const wallet::v1::CreateHoldRequest& request,
                                                 rpc::CallContext& context) {
    return call<wallet::v1::Hold>("CreateHold", request, context);
  }
  Task<rpc::Reply<wallet::v1::Hold>> capture_hold(const wallet::v1::CaptureHoldRequest& request,
                                                  rpc::CallContext& context) {
    return call<wallet::v1::Hold>("CaptureHold", request, context);
  }
  Task<rpc::Reply<wallet::v1::Hold>> void_hold(const wallet::v1::VoidHoldRequest& request,
                                               rpc::CallContext& context) {
    return call<wallet::v1::Hold>("VoidHold", request, context);
  }

 private:
  template <typename Response, typename Request>
  Task<rpc::Reply<Response>> call(std::string_view method, const Request& request,
                                  rpc::CallContext& context) {
    std::string name = "ducat.wallet.v1.WalletService." + std::string(method);
    co_return co_await rpc::invoke<Response>(wallet_, name, request, context);
  }

  rpc::Invoker& wallet_;
};

}  // namespace ducat::clients
