// See openapi.h.
#include "platform/rpc/openapi.h"

#include <google/protobuf/descriptor.h>

#include <map>
#include <set>

#include "platform/http/status.h"
#include "platform/rpc/openapi_components.h"
#include "platform/rpc/openapi_schema.h"

namespace ducat::rpc {
namespace {

// An error a route may answer, for the documentation.
struct DocumentedError {
  std::string name;
  ApiError error;
};

ApiError example_of_validation(const RoutePlan& plan) {
  std::string name = "amount";
  std::string_view source = "body";
  for (const MessagePlan* part : {&plan.path, &plan.query, &plan.body}) {
    if (!part->fields.empty()) name = part->fields.back().name;
    if (!part->fields.empty()) source = part == &plan.path ? "path" : part == &plan.query ? "query" : "body";
  }
  return ApiError::invalid({{name, "property " + name + " should not exist", source, "extra_forbidden"}},
                           plan.validation_status);
}

// Everything a route may answer besides success, by status.
std::map<int, std::vector<DocumentedError>> errors_of(const RoutePlan& plan) {
  std::map<int, std::vector<DocumentedError>> errors;
  auto add = [&](std::string name, ApiError error) {
    errors[error.status].push_back({std::move(name), std::move(error)});
  };
  if (plan.has_body) add("MalformedBody", ApiError::of(400, "Request body is not valid JSON"));
  const bool input = !plan.body.fields.empty() || !plan.query.fields.empty() || !plan.path.fields.empty();
  if (input) add("ValidationError", example_of_validation(plan));
  if (!plan.open) {
    add("Unauthorized", unauthorized());
    add("Forbidden", ApiError::of(403, "Missing permission " + plan.permission));
  }
  if (plan.has_body) {
    add("PayloadTooLarge", ApiError::of(413));
    add("UnsupportedMediaType", ApiError::of(415, "Content-Type must be application/json"));
  }
  if (plan.idempotent) {
    add("IdempotencyKeyInProgress",
        ApiError::of(409, "A request with the same idempotency key is still running"));
    add("IdempotencyKeyReuseError", ApiError::refusal(422, "IdempotencyKeyReuseError",
                                                      "The idempotency key was used with another request"));
  }
  for (const BusinessRefusal& refusal : plan.refusals) {
    add(refusal.type, ApiError::refusal(refusal.status, refusal.type, refusal.message));
  }
  ApiError limited = ApiError::of(429, "Rate limit exceeded. Try again later");
  limited.type = "RateLimitExceededError";
  limited.code = "TOO_MANY_REQUESTS";
  add("RateLimitExceeded", std::move(limited));
  add("InternalError", ApiError::of(500));
  add("Unavailable", ApiError::of(503));
  return errors;
}

// Writes the operations. One document's worth; one thread.
class PathWriter {
 public:
  PathWriter(JsonBuilder& json, SchemaWriter& schemas, const ContractComments& comments)
      : json_(json), schemas_(schemas), comments_(comments) {}

  void operation(const RoutePlan& plan, size_t path_index);

 private:
  void parameters(const RoutePlan& plan);
  void parameter(const FieldPlan& field, std::string_view in);
  void request_body(const RoutePlan& plan);
  void responses(const RoutePlan& plan);
  void success(const RoutePlan& plan);
  void success_schema(const RoutePlan& plan);
  void error(const RoutePlan& plan, int status, const std::vector<DocumentedError>& errors);

  JsonBuilder& json_;
  SchemaWriter& schemas_;
  const ContractComments& comments_;
};

void PathWriter::parameter(const FieldPlan& field, std::string_view in) {
  const bool path = in == "path";
  json_.begin_object().key("name").text(path ? field.from_path : field.name).key("in").text(in);
  json_.key("required").boolean(path || field.required).key("schema");
  schemas_.write_field(json_, field, true);
  json_.end_object();
}

void PathWriter::parameters(const RoutePlan& plan) {
  json_.key("parameters").begin_array();
  for (const FieldPlan& field : plan.path.fields) parameter(field, "path");
  for (const FieldPlan& field : plan.query.fields) parameter(field, "query");
  auto refer = [&](std::string_view name) {
    json_.begin_object().key("$ref").text(std::string("#/components/parameters/").append(name)).end_object();
  };
  if (plan.idempotent) refer("IdempotencyKey");
  refer("RequestId");
  refer("Traceparent");
  json_.end_array();
}

void PathWriter::request_body(const RoutePlan& plan) {
  if (!plan.has_body || plan.body.fields.empty()) return;
  json_.key("requestBody").begin_object().key("required").boolean(plan.body.required != 0);
  json_.key("content").begin_object().key("application/json").begin_object();
  json_.key("schema").begin_object().key("$ref").text(schemas_.refer(plan.body, true)).end_object();
  if (!plan.request_example.empty()) json_.key("example").raw(plan.request_example);
  json_.end_object().end_object().end_object();
}

void PathWriter::success_schema(const RoutePlan& plan) {
  json_.key("schema").begin_object();
  if (plan.style == Style::kPlain) {
    json_.key("$ref").text(schemas_.refer(*plan.response, false)).end_object();
    return;
  }
  json_.key("type").text("object").key("properties").begin_object();
  json_.key("success").raw(R"({"const":true})").key("data").begin_object();
  json_.key("$ref").text(schemas_.refer(*plan.response, false)).end_object();
  json_.key("timestamp")
      .raw(R"({"type":"string","format":"date-time"})")
      .key("path")
      .raw(R"({"type":"string"})");
  json_.end_object().key("required").raw(R"(["success","data","timestamp","path"])").end_object();
}

void PathWriter::success(const RoutePlan& plan) {
  json_.key(std::to_string(plan.success_status)).begin_object();
  json_.key("description").text(http::reason_phrase(plan.success_status)).key("headers").begin_object();
  write_header_references(json_, plan.idempotent, false);
  json_.end_object();
  if (http::carries_body(plan.success_status)) {
    json_.key("content").begin_object().key("application/json").begin_object();
    success_schema(plan);
    if (!plan.response_example.empty()) json_.key("example").raw(plan.response_example);
    json_.end_object().end_object();
  }
  json_.end_object();
}

void PathWriter::error(const RoutePlan& plan, int status, const std::vector<DocumentedError>& errors) {
  json_.key(std::to_string(status)).begin_object().key("description").text(http::reason_phrase(status));
  json_.key("headers").begin_object();
  write_header_references(json_, false, status == 429 || status == 503);
  json_.end_object().key("content").begin_object().key("application/json").begin_object();
  std::string_view schema = plan.style == Style::kPlain ? kPlainErrorSchema : kEnvelopeErrorSchema;
  json_.key("schema")
      .begin_object()
      .key("$ref")
      .text(std::string("#/components/schemas/").append(schema))
      .end_object();
  json_.key("examples").begin_object();
  std::set<std::string> names;
  for (const DocumentedError& each : errors) {
    if (!names.insert(each.name).second) continue;
    std::string body;
    append_error(body, plan.style, each.error, plan.paths[0], kExampleTime);
    json_.key(each.name).begin_object().key("value").raw(body).end_object();
  }
  json_.end_object().end_object().end_object().end_object();
}

void PathWriter::responses(const RoutePlan& plan) {
  json_.key("responses").begin_object();
  success(plan);
  for (const auto& [status, errors] : errors_of(plan)) error(plan, status, errors);
  json_.end_object();
}

void PathWriter::operation(const RoutePlan& plan, size_t path_index) {
  std::string verb = plan.verb;
  for (char& c : verb) c = static_cast<char>(c | 0x20);
  std::string id = plan.method->service()->name() + "_" + plan.method->name();
  if (path_index > 0) id += "_" + std::to_string(path_index + 1);
  std::string description = comments_.of_method(plan.method->full_name());
  auto add = [&](const std::string& sentence) {
    description += (description.empty() ? "" : "\n\n") + sentence;
  };
  if (!plan.open)
    add(plan.permission.empty() ? "Needs credentials." : "Needs the permission `" + plan.permission + "`.");
  if (plan.open_in_dev) add("Open in development.");
  if (path_index > 0) add("The same as `" + plan.name + "`.");

  json_.key(verb).begin_object().key("operationId").text(id);
  json_.key("tags").begin_array().text(plan.tag).end_array();
  json_.key("summary").text(plan.summary.empty() ? plan.method->name() : plan.summary);
  if (!description.empty()) json_.key("description").text(description);
  json_.key("security").raw(plan.open ? "[]" : R"([{"bearer":[]},{"apiKey":[]}])");
  parameters(plan);
  request_body(plan);
  responses(plan);
  json_.end_object();
}

void write_tags(JsonBuilder& json, const Registry& registry, const ContractComments& comments) {
  std::set<std::string> seen;
  json.key("tags").begin_array();
  for (const auto& route : registry.routes()) {
    const RoutePlan& plan = route->plan();
    if (plan.paths.empty() || !seen.insert(plan.tag).second) continue;
    json.begin_object().key("name").text(plan.tag);
    std::string description = comments.of_service(plan.method->service()->full_name());
    if (!description.empty()) json.key("description").text(description);
    json.end_object();
  }
  json.end_array();
}

void write_paths(JsonBuilder& json, const Registry& registry, SchemaWriter& schemas,
                 const ContractComments& comments) {
  std::map<std::string, std::vector<std::pair<const RoutePlan*, size_t>>> paths;
  for (const auto& route : registry.routes()) {
    const RoutePlan& plan = route->plan();
    for (size_t i = 0; i < plan.paths.size(); ++i) paths[plan.paths[i]].emplace_back(&plan, i);
  }
  PathWriter writer(json, schemas, comments);
  json.key("paths").begin_object();
  for (const auto& [path, operations] : paths) {
    json.key(path).begin_object();
    for (auto [plan, index] : operations) writer.operation(*plan, index);
    json.end_object();
  }
  json.end_object();
}

}  // namespace

std::string make_openapi(const Registry& registry, const OpenApiInfo& info) {
  ContractComments comments;
  SchemaWriter schemas(comments);
  std::string out;
  JsonBuilder json(out);
  json.begin_object().key("openapi").text("3.1.0");
  json.key("info").begin_object().key("title").text(info.title).key("version").text(info.version);
  if (!info.description.empty()) json.key("description").text(info.description);
  json.end_object().key("servers").raw(R"([{"url":"/"}])");
  write_tags(json, registry, comments);
  write_paths(json, registry, schemas, comments);
  json.key("components").begin_object().key("schemas").begin_object();
  schemas.write_components(json);
  write_error_schemas(json);
  json.end_object();
  write_shared_components(json);
  json.end_object().end_object();
  return out;
}

}  // namespace ducat::rpc
