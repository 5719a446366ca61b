// The parts of the OpenAPI document that are the same whatever the contracts say: both error schemas, the
// headers, the parameters every route knows, the security schemes.
#pragma once

#include <string_view>

#include "base/time.h"
#include "platform/rpc/json_text.h"

namespace ducat::rpc {

constexpr std::string_view kPlainErrorSchema = "PlainError";
constexpr std::string_view kEnvelopeErrorSchema = "EnvelopeError";
// 2026-01-02T03:04:05.678Z: the time of every example.
constexpr Timestamp kExampleTime{1'767'323'045'678'000};

// "PlainError": {...}, "EnvelopeError": {...}
void write_error_schemas(JsonBuilder& json);

// "X-Request-ID": {"$ref"...}, ... of a response.
void write_header_references(JsonBuilder& json, bool idempotent, bool retry_after);

// "headers", "parameters" and "securitySchemes" of the components.
void write_shared_components(JsonBuilder& json);

}  // namespace ducat::rpc
