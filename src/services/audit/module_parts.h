// What the module and its command-line tools both make of the settings.
#pragma once

#include "services/audit/audit_host.h"
#include "services/audit/module.h"

namespace ducat::audit {

inline constexpr const char* kAuditJournal = "audit";

// `make_key`: a key that is not there is made; else kNotFound.
Result<kernel::merkle::CheckpointSigner> make_signer(const config::Settings& settings,
                                                     const std::string& data_directory, bool make_key);
AuditHostOptions host_options(const config::Settings& settings, const kernel::Targets& targets,
                              const std::string& holder);

}  // namespace ducat::audit
