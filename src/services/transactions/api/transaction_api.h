// The methods of the contract for transactions, bound to their service.
#pragma once

#include <functional>

#include "services/transactions/api/mapping.h"

namespace ducat::transactions {

// Binds every method of ducat.transactions.v1.TransactionService. The API outlives the registry's calls.
// Thread-safe.
class TransactionApi {
 public:
  // The service is asked for at every call: it is there once its host has started.
  using FindService = std::function<TransactionService&()>;
  explicit TransactionApi(FindService service) : service_(std::move(service)) {}
  void bind(rpc::Registry& registry);

 private:
  template <typename T>
  using Reply = Task<rpc::Reply<T>>;
  using Call = rpc::CallContext;

  Reply<v1::Transaction> create(const v1::CreateTransactionRequest& request, Call& call);
  Reply<v1::TransactionPage> list(const v1::ListTransactionsRequest& request, Call& call);
  Reply<v1::Transaction> get(const v1::GetTransactionRequest& request, Call& call);
  Reply<v1::Transaction> update(const v1::UpdateTransactionRequest& request, Call& call);
  Reply<v1::NoContent> remove(const v1::DeleteTransactionRequest& request, Call& call);
  Reply<v1::Transaction> restore(const v1::RestoreTransactionRequest& request, Call& call);
  Reply<v1::TransactionHistory> history(const v1::GetTransactionHistoryRequest& request, Call& call);
  Reply<v1::TransactionHistory> then(const v1::GetTransactionHistoryRequest& request, Call& call);

  // Carries out a change for the caller; `key` is scoped already.
  Task<ChangeOutcome> run(Command command, std::string key, uint64_t fingerprint, Call& call);
  Reply<v1::Transaction> change(Command command, std::string key, uint64_t fingerprint, Call& call);

  FindService service_;
};

}  // namespace ducat::transactions
