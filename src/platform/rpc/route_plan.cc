// See route_plan.h.
#include "platform/rpc/route_plan.h"

#include <google/protobuf/descriptor.h>

#include "base/check.h"
#include "ducat/options.pb.h"
#include "platform/rpc/rate_limiter.h"

namespace ducat::rpc {
namespace {

void add_service_rules(const google::protobuf::ServiceDescriptor& service, RoutePlan& plan) {
  const contract::ServiceRules& rules = service.options().GetExtension(contract::service);
  DUCAT_CHECK(rules.style() != contract::RESPONSE_STYLE_UNSPECIFIED, "a service names its response style");
  plan.style = rules.style() == contract::PLAIN ? Style::kPlain : Style::kEnvelope;
  plan.tag = rules.tag().empty() ? service.name() : rules.tag();
  plan.request_id_is_key = rules.request_id_is_key();
  if (rules.validation_status()) plan.validation_status = rules.validation_status();
}

void add_route(const contract::Route& route, RoutePlan& plan) {
  DUCAT_CHECK(route.verb() != contract::VERB_UNSPECIFIED && route.path_size() > 0,
              "a method names its verb and path");
  plan.verb = contract::Verb_Name(route.verb());
  plan.paths.assign(route.path().begin(), route.path().end());
  plan.name = plan.verb + " " + plan.paths[0];
  plan.summary = route.summary();
  if (route.success_status()) plan.success_status = route.success_status();
  plan.permission = route.permission();
  plan.open = route.open();
  plan.open_in_dev = route.open_in_dev();
  plan.idempotent = route.idempotent();
  plan.has_body = plan.verb == "POST" || plan.verb == "PUT" || plan.verb == "PATCH";
  plan.rate_class = route.rate_class().empty() ? kDefaultRateClass : route.rate_class();
  plan.entity_rate_class = route.entity_rate_class();
  plan.rate_entity = route.rate_entity();
  for (const auto& error : route.error())
    plan.refusals.push_back({error.status(), error.type(), error.message()});
  plan.request_example = route.request_example();
  plan.response_example = route.response_example();
  DUCAT_CHECK(!plan.open || plan.permission.empty(), "an open route has no permission");
}

// Every "{name}" of a path is a field, and every field of the path is in every path.
void check_path_fields(const RoutePlan& plan) {
  for (const std::string& path : plan.paths) {
    size_t braces = 0;
    for (char c : path) braces += c == '{';
    DUCAT_CHECK(braces == plan.path.fields.size(), "a path's parameters are the fields that come from it");
    for (const FieldPlan& field : plan.path.fields) {
      DUCAT_CHECK(path.find("{" + field.from_path + "}") != std::string::npos, "a path lacks a parameter");
    }
  }
}

}  // namespace

RoutePlan make_route_plan(const google::protobuf::MethodDescriptor& method, PlanCache& plans) {
  RoutePlan plan;
  plan.method = &method;
  if (!method.options().HasExtension(contract::route)) {
    plan.name = "internal " + method.full_name();
    return plan;
  }
  add_service_rules(*method.service(), plan);
  add_route(method.options().GetExtension(contract::route), plan);
  plan.body = plans.part(method.input_type(), PlanCache::Part::kBody, !plan.has_body);
  plan.query = plans.part(method.input_type(), PlanCache::Part::kQuery, !plan.has_body);
  plan.path = plans.part(method.input_type(), PlanCache::Part::kPath, !plan.has_body);
  plan.response = &plans.of(method.output_type());
  check_path_fields(plan);
  return plan;
}

}  // namespace ducat::rpc
