// See system_service.h.
#include "app/system_service.h"

extern const char ducat_embed_home_html[], ducat_embed_home_html_end[];
extern const char ducat_embed_home_css[], ducat_embed_home_css_end[];
extern const char ducat_embed_home_js[], ducat_embed_home_js_end[];

namespace ducat::app {
namespace {

namespace v1 = ::ducat::system::v1;

constexpr std::string_view kPagePolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'";

void add_part(const Module::Part& part, v1::HealthReply& reply) {
  const Health& health = part.health;
  v1::ComponentHealth& component = *reply.add_components();
  component.set_name(part.name);
  component.set_ready(health.ready);
  if (!health.detail.empty())
    component.set_detail(health.ready ? "recovering from a failure" : "not available");
  if (health.role != Role::kNone) {
    const char* role = health.role == Role::kLeading ? "leading" : "following";
    component.set_role(role);
    if (!reply.has_role() || health.role == Role::kFollowing) reply.set_role(role);
  }
  if (!health.progress) return;
  auto& journal = *reply.mutable_journal();
  journal.set_position(journal.position() + static_cast<int64_t>(health.progress->position));
  journal.set_projected(journal.projected() + static_cast<int64_t>(health.progress->projected));
  journal.set_lag(journal.position() - journal.projected());
}

}  // namespace

v1::HealthReply SystemService::describe(bool& ready) const {
  v1::HealthReply reply;
  ready = serving_;
  for (const auto& module : host_.modules()) {
    std::vector<Module::Part> parts = {{module->name(), Health{}}};
    if (serving_) parts = module->parts();
    for (const Module::Part& part : parts) {
      add_part(part, reply);
      ready = ready && part.health.ready;
    }
  }
  reply.set_status(ready ? "ok" : "unavailable");
  reply.set_version(DUCAT_VERSION);
  reply.set_uptime_seconds((clock_.monotonic() - started_).micros / 1'000'000);
  return reply;
}

Task<rpc::Reply<v1::HealthReply>> SystemService::answer(bool must_be_ready, rpc::CallContext& call) const {
  bool ready = false;
  v1::HealthReply reply = describe(ready);
  if (!must_be_ready) reply.set_status("ok");
  if (must_be_ready && !ready) call.out.status = 503;
  co_return reply;
}

void SystemService::bind(rpc::Registry& registry) {
  auto one = [&](std::string_view method, bool must_be_ready) {
    registry.bind<v1::HealthRequest, v1::HealthReply>(
        "ducat.system.v1.SystemService." + std::string(method),
        [this, must_be_ready](const v1::HealthRequest&, rpc::CallContext& call) {
          return answer(must_be_ready, call);
        });
  };
  one("Health", true);
  one("Ready", true);
  one("Live", false);
}

void SystemService::add_home(rpc::StaticRoutes& files) const {
  files.add("/", {"text/html; charset=utf-8", rpc::embedded(ducat_embed_home_html, ducat_embed_home_html_end),
                  kPagePolicy});
  files.add("/home.css",
            {"text/css; charset=utf-8", rpc::embedded(ducat_embed_home_css, ducat_embed_home_css_end), {}});
  files.add(
      "/home.js",
      {"text/javascript; charset=utf-8", rpc::embedded(ducat_embed_home_js, ducat_embed_home_js_end), {}});
}

}  // namespace ducat::app
