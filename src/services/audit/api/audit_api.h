// The audit log's methods of the contract, bound to its service.
#pragma once

#include "ducat/audit/v1/audit.pb.h"
#include "platform/rpc/registry.h"
#include "services/audit/audit_service.h"

namespace ducat::audit {

// Binds every method of ducat.audit.v1.AuditService. The API outlives the registry's calls. Thread-safe.
class AuditApi {
 public:
  // The service is asked for at every call: it is there once its host has started.
  using FindService = std::function<AuditService&()>;
  explicit AuditApi(FindService service) : service_(std::move(service)) {}
  void bind(rpc::Registry& registry);

 private:
  template <typename T>
  using Reply = Task<rpc::Reply<T>>;
  using Call = rpc::CallContext;

  Reply<v1::AuditLog> create(const v1::CreateAuditLogRequest& request, Call& call);
  Reply<v1::AuditLogPage> list(const v1::ListAuditLogsRequest& request, Call& call);
  Reply<v1::AuditLog> get(const v1::GetAuditLogRequest& request, Call& call);
  Reply<v1::AuditLogList> by_correlation(const v1::GetByCorrelationRequest& request, Call& call);
  Reply<v1::AuditLogList> by_entity(const v1::GetByEntityRequest& request, Call& call);
  Reply<v1::Checkpoint> checkpoint(const v1::GetCheckpointRequest& request, Call& call);
  Reply<v1::ConsistencyProof> consistency(const v1::GetConsistencyRequest& request, Call& call);
  Reply<v1::InclusionProof> proof(const v1::GetAuditLogRequest& request, Call& call);
  Reply<v1::Verification> verify(const v1::VerifyAuditLogRequest& request, Call& call);

  FindService service_;
};

}  // namespace ducat::audit
