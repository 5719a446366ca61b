// One method, one function: read the request, ask the service, write the answer.
#include "services/audit/api/audit_api.h"

#include "platform/rpc/request_key.h"
#include "platform/security/base64.h"
#include "services/audit/api/mapping.h"

namespace ducat::audit {
namespace {

bool wants_text(const http::Request& request) {
  return request.header("accept").find("text/plain") != std::string_view::npos;
}

void fill(v1::AuditLogList& out, const std::vector<StoredRecord>& records) {
  for (const StoredRecord& record : records) fill(*out.add_records(), record);
}

void fill(google::protobuf::RepeatedPtrField<std::string>& out, const kernel::merkle::Path& path) {
  for (const kernel::merkle::Hash& hash : path) *out.Add() = base64_of(hash);
}

Uuid id_of(std::string_view text) {
  return Uuid::parse(text).value_or(Uuid{});  // the contract has checked it
}

}  // namespace

void AuditApi::bind(rpc::Registry& registry) {
  auto one = [&]<typename Request, typename Response>(
                 std::string_view name, Reply<Response> (AuditApi::*method)(const Request&, Call&)) {
    registry.bind<Request, Response>(
        "ducat.audit.v1.AuditService." + std::string(name),
        [this, method](const Request& request, Call& call) { return (this->*method)(request, call); });
  };
  one("CreateAuditLog", &AuditApi::create);
  one("ListAuditLogs", &AuditApi::list);
  one("GetAuditLog", &AuditApi::get);
  one("GetByCorrelation", &AuditApi::by_correlation);
  one("GetByEntity", &AuditApi::by_entity);
  one("GetCheckpoint", &AuditApi::checkpoint);
  one("GetConsistency", &AuditApi::consistency);
  one("GetProof", &AuditApi::proof);
  one("VerifyAuditLog", &AuditApi::verify);
}

AuditApi::Reply<v1::AuditLog> AuditApi::create(const v1::CreateAuditLogRequest& request, Call& call) {
  std::string metadata, changes;
  Entry entry = entry_of(request, metadata, changes);
  std::string key = rpc::scoped_key(call.caller, "audit.create", call.idempotency_key);
  AppendOutcome outcome =
      co_await service_().append(entry, std::move(key), fingerprint_of(entry), *call.executor);
  call.out.replayed = outcome.verdict == kernel::Verdict::kReplayed;
  if (outcome.verdict != kernel::Verdict::kAccepted && !call.out.replayed) {
    co_return std::unexpected(error_of(outcome.verdict));
  }
  v1::AuditLog reply;
  fill(reply, entry, outcome.appended);
  co_return reply;
}

AuditApi::Reply<v1::AuditLogPage> AuditApi::list(const v1::ListAuditLogsRequest& request, Call& call) {
  auto page = co_await service_().list(filter_of(request), *call.executor);
  if (!page) co_return std::unexpected(unreadable(page.error()));
  v1::AuditLogPage reply;
  for (const StoredRecord& record : page->records) fill(*reply.add_data(), record);
  reply.set_total(page->total);
  reply.set_page(request.page());
  reply.set_limit(request.limit());
  reply.set_total_pages((page->total + request.limit() - 1) / request.limit());
  co_return reply;
}

AuditApi::Reply<v1::AuditLog> AuditApi::get(const v1::GetAuditLogRequest& request, Call& call) {
  auto found = co_await service_().find(id_of(request.id()), *call.executor);
  if (!found) co_return std::unexpected(unreadable(found.error()));
  if (!*found) co_return std::unexpected(not_found());
  v1::AuditLog reply;
  fill(reply, **found);
  co_return reply;
}

AuditApi::Reply<v1::AuditLogList> AuditApi::by_correlation(const v1::GetByCorrelationRequest& request,
                                                           Call& call) {
  auto found = co_await service_().of_correlation(request.correlation_id(), *call.executor);
  if (!found) co_return std::unexpected(unreadable(found.error()));
  v1::AuditLogList reply;
  fill(reply, *found);
  co_return reply;
}

AuditApi::Reply<v1::AuditLogList> AuditApi::by_entity(const v1::GetByEntityRequest& request, Call& call) {
  auto found = co_await service_().of_entity(request.entity_type(), request.entity_id(), *call.executor);
  if (!found) co_return std::unexpected(unreadable(found.error()));
  v1::AuditLogList reply;
  fill(reply, *found);
  co_return reply;
}

AuditApi::Reply<v1::Checkpoint> AuditApi::checkpoint(const v1::GetCheckpointRequest&, Call& call) {
  Result<TreeHead> head = co_await service_().head(*call.executor);
  if (!head) co_return std::unexpected(unreadable(head.error()));
  v1::Checkpoint reply;
  reply.set_note(service_().sign(*head));
  if (wants_text(*call.request)) {
    call.out.text_type = "text/plain; charset=utf-8";
    call.out.text = reply.note();
    co_return reply;
  }
  reply.set_origin(service_().signer().origin());
  reply.set_size(static_cast<int64_t>(head->size));
  reply.set_root_hash(base64_of(head->root));
  reply.set_public_key(service_().signer().verifier_key());
  co_return reply;
}

AuditApi::Reply<v1::ConsistencyProof> AuditApi::consistency(const v1::GetConsistencyRequest& request,
                                                            Call& call) {
  auto view = co_await service_().prove_growth(static_cast<uint64_t>(request.from()), *call.executor);
  if (!view && view.error().code == Errc::kInvalid) {
    co_return std::unexpected(rpc::ApiError::invalid(
        {{"from", "from must not be greater than the size of the log", "query", "value_error"}}));
  }
  if (!view) co_return std::unexpected(unreadable(view.error()));
  v1::ConsistencyProof reply;
  reply.set_from(static_cast<int64_t>(view->from));
  reply.set_size(static_cast<int64_t>(view->size));
  fill(*reply.mutable_path(), view->path);
  reply.set_checkpoint(view->checkpoint);
  co_return reply;
}

AuditApi::Reply<v1::InclusionProof> AuditApi::proof(const v1::GetAuditLogRequest& request, Call& call) {
  auto view = co_await service_().prove(id_of(request.id()), *call.executor);
  if (!view) co_return std::unexpected(unreadable(view.error()));
  if (!*view) co_return std::unexpected(not_found());
  const InclusionView& found = **view;
  v1::InclusionProof reply;
  reply.set_index(static_cast<int64_t>(found.index));
  reply.set_size(static_cast<int64_t>(found.size));
  reply.set_leaf_hash(base64_of(found.leaf));
  fill(*reply.mutable_path(), found.path);
  reply.set_checkpoint(found.checkpoint);
  reply.set_leaf_input(security::base64_padded(found.leaf_input));
  co_return reply;
}

AuditApi::Reply<v1::Verification> AuditApi::verify(const v1::VerifyAuditLogRequest&, Call& call) {
  Result<CheckView> view = co_await service_().check(*call.executor);
  if (!view) co_return std::unexpected(unreadable(view.error()));
  v1::Verification reply;
  reply.set_valid(!view->broken);
  reply.set_size(static_cast<int64_t>(view->size));
  if (view->broken) {
    reply.set_first_broken(static_cast<int64_t>(view->broken->sequence));
    reply.set_reason(view->broken->reason);
  } else {
    reply.set_root_hash(base64_of(view->root));
  }
  co_return reply;
}

}  // namespace ducat::audit
