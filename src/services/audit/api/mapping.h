// Between the contract's messages and the domain. No rules.
#pragma once

#include <string>

#include "ducat/audit/v1/audit.pb.h"
#include "platform/rpc/api_error.h"
#include "platform/rpc/authenticator.h"
#include "services/audit/audit_service.h"

namespace ducat::audit {

// The entry that a request reports; views the request, and `metadata` and `changes`, which get the compact
// JSON.
Entry entry_of(const v1::CreateAuditLogRequest& request, std::string& metadata, std::string& changes);
ListFilter filter_of(const v1::ListAuditLogsRequest& request);

// What makes two requests the same, for telling a retry from a reuse of its key.
uint64_t fingerprint_of(const Entry& entry);

void fill(v1::AuditLog& out, const StoredRecord& record);
void fill(v1::AuditLog& out, const Entry& entry, const Appended& appended);

// Why an entry was not appended; why something could not be read.
rpc::ApiError error_of(kernel::Verdict verdict);
rpc::ApiError unreadable(const Error& error);
rpc::ApiError not_found();

std::string base64_of(const Digest& hash);

}  // namespace ducat::audit
