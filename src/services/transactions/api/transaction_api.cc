// One method, one function: read the request, carry out the change, write the answer.
#include "services/transactions/api/transaction_api.h"

#include "platform/rpc/json_text.h"
#include "services/transactions/transaction_messages.h"

namespace ducat::transactions {
namespace {

constexpr size_t kMostAgentBytes = 512;

// Empty for a call that did not come over HTTP.
std::string_view header_of(const rpc::CallContext& call, std::string_view name) {
  return call.request == nullptr ? std::string_view() : call.request->header(name);
}

// What audit records keep of it: a text that is UTF-8 and not long.
std::string_view user_agent_of(const rpc::CallContext& call) {
  std::string_view agent = header_of(call, "user-agent");
  if (agent.size() <= kMostAgentBytes) return rpc::valid_utf8(agent) ? agent : std::string_view();
  // Cut at a character, so that it stays UTF-8.
  size_t size = kMostAgentBytes;
  while (size > 0 && (agent[size] & 0xC0) == 0x80) --size;
  agent = agent.substr(0, size);
  return rpc::valid_utf8(agent) ? agent : std::string_view();
}

bool is_done(const ChangeOutcome& outcome) {
  return outcome.result == ChangeResult::kDone || outcome.result == ChangeResult::kReplayed;
}

}  // namespace

void TransactionApi::bind(rpc::Registry& registry) {
  auto one = [&]<typename Request, typename Response>(
                 std::string_view name, Reply<Response> (TransactionApi::*method)(const Request&, Call&)) {
    registry.bind<Request, Response>(
        "ducat.transactions.v1.TransactionService." + std::string(name),
        [this, method](const Request& request, Call& call) { return (this->*method)(request, call); });
  };
  one("CreateTransaction", &TransactionApi::create);
  one("ListTransactions", &TransactionApi::list);
  one("GetTransaction", &TransactionApi::get);
  one("UpdateTransaction", &TransactionApi::update);
  one("PatchTransaction", &TransactionApi::update);
  one("DeleteTransaction", &TransactionApi::remove);
  one("RestoreTransaction", &TransactionApi::restore);
  one("GetTransactionHistory", &TransactionApi::history);
}

Task<ChangeOutcome> TransactionApi::run(Command command, std::string key, uint64_t fingerprint, Call& call) {
  ChangeRequest request;
  request.command = std::move(command);
  request.requester.user_id = call.caller.id;
  if (call.request != nullptr) request.requester.ip_address = call.request->client;
  request.requester.user_agent = user_agent_of(call);
  request.requester.traceparent = call.traceparent;
  request.requester.idempotency_key = key;
  request.requester.fingerprint = fingerprint;
  ChangeOutcome outcome = co_await service_().change(request, *call.executor);
  call.out.replayed = outcome.result == ChangeResult::kReplayed;
  co_return outcome;
}

TransactionApi::Reply<v1::Transaction> TransactionApi::change(Command command, std::string key,
                                                              uint64_t fingerprint, Call& call) {
  ChangeOutcome outcome = co_await run(std::move(command), std::move(key), fingerprint, call);
  if (!is_done(outcome)) co_return std::unexpected(error_of(outcome));
  call.out.headers.emplace_back("ETag", etag_of(*outcome.transaction));
  v1::Transaction reply;
  fill(reply, *outcome.transaction);
  co_return reply;
}

TransactionApi::Reply<v1::Transaction> TransactionApi::create(const v1::CreateTransactionRequest& request,
                                                              Call& call) {
  Read<Decimal> amount = read_amount(request.amount());
  if (!amount) co_return std::unexpected(std::move(amount.error()));
  Read<std::string> key = read_key(call, request);
  if (!key) co_return std::unexpected(std::move(key.error()));
  CreateTransaction command;
  command.amount = *amount;
  command.currency = parse_currency(request.currency()).value_or(Currency::kNone);
  if (request.has_description()) command.description = request.description();
  if (request.has_metadata()) command.metadata = request.metadata();
  rpc::Fingerprint print("create");
  print.add(*amount).add(request.currency());
  print.add(int64_t{request.has_description()}).add(request.description());
  print.add(int64_t{request.has_metadata()}).add(request.metadata());
  co_return co_await change(command, rpc::scoped_key(call.caller, "transaction.create", *key), print.value(),
                            call);
}

TransactionApi::Reply<v1::TransactionPage> TransactionApi::list(const v1::ListTransactionsRequest& request,
                                                                Call& call) {
  Read<ListFilter> filter = read_filter(request);
  if (!filter) co_return std::unexpected(std::move(filter.error()));
  Result<ListPage> page = co_await service_().list(call.caller.id, *filter, *call.executor);
  if (!page) co_return std::unexpected(rpc::ApiError::from(page.error()));
  v1::TransactionPage reply;
  for (const TransactionRef& transaction : page->transactions) fill(*reply.add_data(), *transaction);
  reply.set_total(page->total);
  reply.set_page(request.page());
  reply.set_limit(request.limit());
  reply.set_total_pages((page->total + request.limit() - 1) / request.limit());
  co_return reply;
}

TransactionApi::Reply<v1::Transaction> TransactionApi::get(const v1::GetTransactionRequest& request,
                                                           Call& call) {
  Result<TransactionRef> found =
      co_await service_().get(read_id(request.id()), call.caller.id, *call.executor);
  if (!found) co_return std::unexpected(rpc::ApiError::from(found.error()));
  if (*found == nullptr) co_return std::unexpected(not_found());
  call.out.headers.emplace_back("ETag", etag_of(**found));
  v1::Transaction reply;
  fill(reply, **found);
  co_return reply;
}

TransactionApi::Reply<v1::Transaction> TransactionApi::update(const v1::UpdateTransactionRequest& request,
                                                              Call& call) {
  Read<UpdateTransaction> command = read_update(request, header_of(call, "if-match"));
  if (!command) co_return std::unexpected(std::move(command.error()));
  co_return co_await change(*command, {}, 0, call);
}

TransactionApi::Reply<v1::NoContent> TransactionApi::remove(const v1::DeleteTransactionRequest& request,
                                                            Call& call) {
  DeleteTransaction command{read_id(request.id()), read_if_match(header_of(call, "if-match"))};
  ChangeOutcome outcome = co_await run(command, {}, 0, call);
  if (!is_done(outcome)) co_return std::unexpected(error_of(outcome));
  co_return v1::NoContent();
}

TransactionApi::Reply<v1::Transaction> TransactionApi::restore(const v1::RestoreTransactionRequest& request,
                                                               Call& call) {
  std::string key = rpc::scoped_key(call.caller, "transaction.restore", call.idempotency_key);
  uint64_t print = rpc::Fingerprint("restore").add(request.id()).value();
  return change(RestoreTransaction{read_id(request.id())}, std::move(key), print, call);
}

TransactionApi::Reply<v1::TransactionHistory> TransactionApi::history(
    const v1::GetTransactionHistoryRequest& request, Call& call) {
  if (request.has_at()) co_return co_await then(request, call);
  int64_t limit = request.limit();
  int64_t offset = (int64_t{request.page()} - 1) * limit;
  auto versions =
      co_await service_().history(read_id(request.id()), call.caller.id, limit, offset, *call.executor);
  if (!versions) co_return std::unexpected(rpc::ApiError::from(versions.error()));
  if (!*versions) co_return std::unexpected(not_found());
  v1::TransactionHistory reply;
  for (const StoredVersion& version : **versions) fill(*reply.add_versions(), version);
  co_return reply;
}

// One transaction instead of the list.
TransactionApi::Reply<v1::TransactionHistory> TransactionApi::then(
    const v1::GetTransactionHistoryRequest& request, Call& call) {
  Result<TransactionRef> found =
      co_await service_().at(read_id(request.id()), call.caller.id, end_of(request.at()), *call.executor);
  if (!found) co_return std::unexpected(rpc::ApiError::from(found.error()));
  if (*found == nullptr) co_return std::unexpected(not_found());
  call.out.has_stored_body = true;
  append_json(call.out.stored_body, **found);
  co_return v1::TransactionHistory();
}

}  // namespace ducat::transactions
