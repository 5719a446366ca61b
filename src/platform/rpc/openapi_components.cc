// See openapi_components.h.
#include "platform/rpc/openapi_components.h"

namespace ducat::rpc {
namespace {

constexpr std::string_view kPlainError = R"({
"type":"object","description":"An error in the plain style.",
"properties":{
"statusCode":{"type":"integer"},
"error":{"type":"string","description":"The reason phrase of the status."},
"type":{"type":"string","description":"What kind of error it is; stable."},
"message":{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}],"description":"An array for validation errors."},
"detail":{"oneOf":[{"type":"string"},{"type":"array","items":{"type":"object","properties":{"loc":{"type":"array"},"msg":{"type":"string"},"type":{"type":"string"}}}}]},
"timestamp":{"type":"string","format":"date-time"},
"path":{"type":"string"}},
"required":["statusCode","error","type","message","detail","timestamp","path"]})";

constexpr std::string_view kEnvelopeError = R"({
"type":"object","description":"An error in the envelope style.",
"properties":{
"success":{"const":false},
"error":{"type":"object","properties":{
"code":{"type":"string","description":"What kind of error it is; stable."},
"message":{"type":"string"},
"details":{"type":"array","items":{"type":"object","properties":{"path":{"type":"string"},"message":{"type":"string"}},"required":["path","message"]}}},
"required":["code","message"]},
"timestamp":{"type":"string","format":"date-time"},
"path":{"type":"string"}},
"required":["success","error","timestamp","path"]})";

constexpr std::string_view kHeaders = R"({
"RequestId":{"description":"The caller's X-Request-ID, or a new UUIDv7.","schema":{"type":"string"}},
"Traceparent":{"description":"W3C Trace Context.","schema":{"type":"string"}},
"RateLimit":{"description":"What is left of the limit, and the seconds until all of it is there again.","schema":{"type":"string"}},
"RateLimitPolicy":{"description":"The limit and its window in seconds.","schema":{"type":"string"}},
"RateLimitLimit":{"description":"Requests allowed in a window.","schema":{"type":"integer"}},
"RateLimitRemaining":{"description":"Requests left in the window.","schema":{"type":"integer"}},
"RateLimitReset":{"description":"Seconds until all of the limit is there again.","schema":{"type":"integer"}},
"RetryAfter":{"description":"Seconds to wait before trying again.","schema":{"type":"integer"}},
"IdempotentReplayed":{"description":"`true` when this is the stored answer to an earlier request with the same key.","schema":{"type":"string"}}})";

constexpr std::string_view kParameters = R"({
"IdempotencyKey":{"name":"Idempotency-Key","in":"header","required":false,"description":"A text that names this request, quoted or bare: a repeat with the same key and body gets the same answer and has no further effect.","schema":{"type":"string","maxLength":255}},
"RequestId":{"name":"X-Request-ID","in":"header","required":false,"description":"Echoed. On the wallet's routes it stands in for a missing Idempotency-Key.","schema":{"type":"string","maxLength":255}},
"Traceparent":{"name":"traceparent","in":"header","required":false,"description":"W3C Trace Context.","schema":{"type":"string"}}})";

constexpr std::string_view kSecuritySchemes = R"({
"bearer":{"type":"http","scheme":"bearer","bearerFormat":"JWT"},
"apiKey":{"type":"apiKey","in":"header","name":"X-API-Key"}})";

}  // namespace

void write_error_schemas(JsonBuilder& json) {
  json.key(kPlainErrorSchema).raw(kPlainError);
  json.key(kEnvelopeErrorSchema).raw(kEnvelopeError);
}

void write_header_references(JsonBuilder& json, bool idempotent, bool retry_after) {
  auto refer = [&](std::string_view header, std::string_view component) {
    json.key(header)
        .begin_object()
        .key("$ref")
        .text(std::string("#/components/headers/").append(component))
        .end_object();
  };
  refer("X-Request-ID", "RequestId");
  refer("traceparent", "Traceparent");
  refer("X-RateLimit-Limit", "RateLimitLimit");
  refer("X-RateLimit-Remaining", "RateLimitRemaining");
  refer("X-RateLimit-Reset", "RateLimitReset");
  refer("RateLimit", "RateLimit");
  refer("RateLimit-Policy", "RateLimitPolicy");
  if (idempotent) refer("Idempotent-Replayed", "IdempotentReplayed");
  if (retry_after) refer("Retry-After", "RetryAfter");
}

void write_shared_components(JsonBuilder& json) {
  json.key("headers").raw(kHeaders);
  json.key("parameters").raw(kParameters);
  json.key("securitySchemes").raw(kSecuritySchemes);
}

}  // namespace ducat::rpc
