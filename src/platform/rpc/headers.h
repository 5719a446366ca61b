// The request headers that every route understands: ids, traces, idempotency keys, media types.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/random.h"

namespace ducat::rpc {

constexpr size_t kMaxIdLength = 255;

// 1 to 255 visible ASCII characters: fit to be echoed in a header.
bool valid_request_id(std::string_view id);

// W3C Trace Context, version 00: "00-<32 hex>-<16 hex>-<2 hex>", lower case, ids not all zero.
bool valid_traceparent(std::string_view value);
// A new trace, not sampled.
std::string make_traceparent(Random& random);

// The key, which may be quoted (a structured field's string, with \" and \\) or bare. What is wrong with it
// otherwise, as the end of a sentence that begins with the header's name.
std::expected<std::string, std::string_view> parse_idempotency_key(std::string_view value);

// application/json or application/*+json, with whatever parameters.
bool is_json_media_type(std::string_view content_type);

}  // namespace ducat::rpc
