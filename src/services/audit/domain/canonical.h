// The canonical form of a record: the bytes that are hashed and that the journal keeps. docs/audit.md
// describes it byte by byte for those who check the log with programs of their own; it never changes, only
// further versions may come.
//
//   record := version:u8(1) sequence:u64 created_at:u64 id:16 previous_hash:32 action:u8 status:u8
//             entity_type entity_id user_id metadata changes ip_address user_agent correlation_id
//             service_name
//   each of the texts := length:u32 bytes, or the length 0xFFFFFFFF alone where it is absent
//
// Integers are little-endian; created_at is in milliseconds since 1970. Two different records have different
// forms, because every part has a fixed length or one that stands before it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "services/audit/domain/record.h"

namespace ducat::audit {

// Appends the record. Texts are below 4 GiB, which is the callers' business.
void append_canonical(std::string& out, const Record& record);

// The record in these bytes, of which it views the texts. kCorrupt unless they are exactly what
// append_canonical makes of it.
Result<Record> read_canonical(std::string_view bytes);

}  // namespace ducat::audit
