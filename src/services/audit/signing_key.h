// The key that signs the log's tree heads: given by a setting, or made at the first start and kept in the
// data directory. Whoever has checkpoints of it can tell a log that was made anew.
#pragma once

#include <string>

#include "base/result.h"
#include "platform/security/ed25519.h"

namespace ducat::audit {

// `given`: base64 of the 32 bytes of a seed; empty: the file's. `path`: one line of the same, made (0600) if
// it is not there and `make` says so. kInvalid: not a key; kNotFound: no file; kIo names the file.
Result<security::Ed25519Key> load_signing_key(const std::string& given, const std::string& path, bool make);

}  // namespace ducat::audit
