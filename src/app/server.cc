// Starting, serving, stopping; see server.h.
#include "app/server.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "app/broker_module.h"
#include "app/front.h"
#include "app/modules.h"
#include "app/system_service.h"
#include "base/system.h"
#include "clients/directory.h"
#include "kernel/engine/engine_host.h"
#include "platform/broker/open.h"
#include "platform/http/server.h"
#include "platform/rpc/documentation.h"
#include "platform/rpc/grpc/grpc_server.h"
#include "platform/rpc/static_routes.h"
#include "platform/security/secrets.h"
#include "platform/storage/data_directory.h"
#include "platform/telemetry/logger.h"
#include "services/gateway/module.h"
#include "services/identity/access/access_follower.h"

namespace ducat::app {
namespace {

constexpr size_t kShortestSecret = 32;

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// Processes that call each other prove by the internal secret who they are, also in development.
Status check_rpc(const ServeOptions& options, const config::Settings& settings) {
  if (settings.integer("rpc.port") == 0 && addresses_of(settings).empty()) return {};
  if (settings.text("rpc.internal_secret").size() < kShortestSecret) {
    return fail(Errc::kInvalid,
                "rpc.internal_secret must have at least 32 characters, the same for every process; give it "
                "as DUCAT_RPC_INTERNAL_SECRET");
  }
  if (options.dev && !is_loopback(settings.text("rpc.host"))) {
    return fail(Errc::kInvalid, "--dev listens on loopback only, not on " + settings.text("rpc.host"));
  }
  return {};
}

// What production does not do without, and development does not do at all.
Status check_mode(const ServeOptions& options, const config::Settings& settings) {
  const std::string& secret = settings.text("auth.jwt_secret");
  if (!secret.empty() && secret.size() < kShortestSecret)
    return fail(Errc::kInvalid, "auth.jwt_secret must have at least 32 characters");
  if (options.dev) {
    if (is_loopback(options.host)) return {};
    return fail(Errc::kInvalid, "--dev listens on loopback only, not on " + options.host);
  }
  if (secret.empty()) {
    return fail(
        Errc::kInvalid,
        "auth.jwt_secret is not set; give DUCAT_AUTH_JWT_SECRET at least 32 characters, or use --dev");
  }
  for (const std::string& origin : settings.list("cors.origins")) {
    if (origin == "*")
      return fail(Errc::kInvalid, "cors.origins allows every origin; name those that may call");
  }
  return {};
}

// What signs tokens. Development makes one for itself, so that tokens outlive a restart.
Result<std::string> signing_secret(const ServeOptions& options, const config::Settings& settings,
                                   const storage::DataDirectory& directory) {
  const std::string& given = settings.text("auth.jwt_secret");
  if (!given.empty() || !options.dev) return given;
  SystemRandom random;
  return security::load_or_make_secret(directory.file("auth.secret"), random);
}

http::ServerOptions http_options(const ServeOptions& options, const config::Settings& settings) {
  http::ServerOptions http;
  http.host = options.host;
  http.port = static_cast<uint16_t>(options.port);
  http.io_threads = static_cast<size_t>(settings.integer("http.io_threads"));
  http.max_connections = static_cast<size_t>(settings.integer("http.max_connections"));
  http.max_body_bytes = static_cast<size_t>(settings.bytes("http.max_body"));
  http.header_timeout = settings.duration("http.header_timeout");
  http.body_timeout = settings.duration("http.body_timeout");
  http.idle_timeout = settings.duration("http.idle_timeout");
  http.write_timeout = settings.duration("http.write_timeout");
  http.trusted_proxies = settings.list("http.trusted_proxies");
  return http;
}

rpc::GrpcServerOptions rpc_options(const config::Settings& settings) {
  rpc::GrpcServerOptions rpc;
  rpc.host = settings.text("rpc.host");
  rpc.port = static_cast<uint16_t>(settings.integer("rpc.port"));
  rpc.secret = settings.text("rpc.internal_secret");
  rpc.threads = static_cast<size_t>(settings.integer("rpc.threads"));
  return rpc;
}

// Knows which services run here and where the others are.
std::unique_ptr<clients::Directory> make_directory(const std::vector<const ModuleRow*>& here,
                                                   const config::Settings& settings,
                                                   const rpc::Registry& registry, Clock& clock,
                                                   Timers& timers) {
  clients::DirectoryOptions options{settings.text("rpc.internal_secret"), settings.duration("rpc.deadline")};
  auto directory = std::make_unique<clients::Directory>(std::move(options), registry, clock, timers);
  for (const ModuleRow* row : here) directory->add_here(row->name);
  for (const auto& [name, addresses] : addresses_of(settings)) {
    directory->add_elsewhere(name, row_of(name)->contracts, addresses);
  }
  return directory;
}

std::string holder_name() {
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  return std::string(host) + ":" + std::to_string(getpid());
}

rpc::CorsOptions cors_options(bool dev, const config::Settings& settings) {
  return {dev, settings.list("cors.origins")};
}

// Everything that lives as long as the process serves, in the order it is made.
class ServingProcess {
 public:
  ServingProcess(const ServeOptions& options, config::Settings settings, storage::DataDirectory directory,
                 std::string secret)
      : options_(options),
        settings_(std::move(settings)),
        directory_path_(std::move(directory)),
        limiter_(settings_, random_),
        observer_(metrics_, "http"),
        rpc_observer_(metrics_, "rpc"),
        access_(settings_, std::move(secret), clock_),
        development_(access_.authenticator()),
        system_(host_, clock_) {}

  Status start() {
    DUCAT_TRY(open_cache());
    DUCAT_TRY(make_modules());
    system_.add_home(files_);
    documentation_ = std::make_unique<rpc::Documentation>(
        front_registry(),
        rpc::OpenApiInfo{.version = DUCAT_VERSION,
                         .description = "Wallets that never lose, double or invent money."});
    documentation_->add_to(files_);
    rpc::DispatcherOptions dispatch;
    dispatch.clock = &clock_;
    dispatch.random = &ids_;
    dispatch.authenticator =
        options_.dev ? static_cast<rpc::Authenticator*>(&development_) : &access_.authenticator();
    dispatch.rate_limiter = &limiter_;
    dispatch.observer = &observer_;
    dispatch.cors = cors_options(options_.dev, settings_);
    dispatcher_ = std::make_unique<rpc::Dispatcher>(front_registry(), files_, dispatch);
    front_ =
        std::make_unique<Front>(*dispatcher_, metrics_, options_.dev || settings_.boolean("metrics.open"));
    http::ServerOptions http = http_options(options_, settings_);
    // Calls to another process overtake each other, and requests of one connection must not (RFC
    // 9112, 9.3.2).
    if (asks_elsewhere()) http.max_pipelined = 1;
    http.make_error = [this](int status, std::string_view target) {
      return dispatcher_->make_error(status, target);
    };
    server_ = std::make_unique<http::Server>(std::move(http));
    // The port first: whether it is free is known at once, and who asks during a long recovery gets 503.
    DUCAT_TRY(server_->start(*front_));
    if (Status started = start_behind(); !started) {
      directory_->stop();
      (void)server_->stop(Duration{0});
      return started;
    }
    system_.set_serving(true);
    front_->open();
    return {};
  }

  void stop() {
    system_.set_serving(false);
    Status quiet = server_->stop(settings_.duration("http.stop_timeout"));
    if (!quiet) log::warn("http.cut", {{"reason", quiet.error().message}});
    if (rpc_server_) rpc_server_->stop(settings_.duration("http.stop_timeout"));
    host_.stop();
    directory_->stop();
    server_.reset();
  }

  int port() const { return server_->port(); }

 private:
  bool asks_elsewhere() const { return !addresses_of(settings_).empty(); }

  // The services of this process, each bound to the registry, and the way to those elsewhere.
  Status make_modules() {
    DUCAT_ASSIGN(auto rows, select_modules(options_.services, addresses_of(settings_)));
    directory_ = make_directory(rows, settings_, registry_, clock_, timers_);
    system_.bind(registry_);
    system_.bind(system_registry_);
    DUCAT_TRY(make_broker(rows));
    for (const ModuleRow* row : rows) {
      if (row->name == kGateway) {
        DUCAT_TRY(make_gateway(rows));
        continue;
      }
      host_.add(row->make({ports(), access_}));
    }
    return {};
  }

  // Only who may follow has a use for it.
  Status open_cache() {
    if (settings_.text("storage.type") != "postgres") return {};
    cache::CacheTarget target;
    if (settings_.text("cache.type") == "redis") target.type = cache::CacheTarget::Type::kRedis;
    target.url = settings_.text("cache.url");
    target.memory_bytes = static_cast<size_t>(settings_.bytes("cache.memory"));
    target.timeout = settings_.duration("cache.timeout");
    DUCAT_ASSIGN(cache_, cache::open(target, clock_));
    return {};
  }

  Status make_gateway(const std::vector<const ModuleRow*>& here) {
    host_.add(gateway::make_gateway_module(*directory_, registry_));
    gateway_ = true;
    // Who checks credentials has to know what has ended; the identity service tells.
    const bool identity_here =
        std::any_of(here.begin(), here.end(), [](const ModuleRow* row) { return row->name == "identity"; });
    if (identity_here || !addresses_of(settings_).contains("identity")) return {};
    DUCAT_ASSIGN(rpc::Invoker * identity, directory_->find("identity"));
    host_.add(identity::make_access_follower({*identity, access_.registry(), clock_, random_, timers_}));
    return {};
  }

  // A gateway alone neither publishes nor consumes.
  Status make_broker(const std::vector<const ModuleRow*>& rows) {
    if (std::all_of(rows.begin(), rows.end(), [](const ModuleRow* row) { return row->name == kGateway; }))
      return {};
    DUCAT_ASSIGN(broker::BrokerConfig config, broker::read_broker_config(settings_, target("broker", true)));
    DUCAT_ASSIGN(broker_, broker::make_broker(config, clock_, timers_));
    std::unique_ptr<broker::RedriveDesk> desk;
    if (config.main.type == broker::BrokerTarget::Type::kEmbedded) {
      DUCAT_ASSIGN(auto orders, storage::open(config.embedded));
      desk = std::make_unique<broker::RedriveDesk>(*broker_, std::move(orders));
    }
    host_.add(std::make_unique<BrokerModule>(*broker_, std::move(desk)));
    return {};
  }

  storage::StorageTarget target(const std::string& name, bool durable) const {
    return storage_target(settings_, directory_path_.path(), name, durable);
  }

  kernel::ServicePorts ports() {
    return {.settings = settings_,
            .targets = [this](const std::string& name, bool durable) { return target(name, durable); },
            .data_directory = directory_path_.path(),
            .dev = options_.dev,
            .holder = holder_name(),
            .clock = clock_,
            .random = random_,
            .timers = timers_,
            .registry = registry_,
            .metrics = metrics_,
            .broker = broker_.get(),
            .services = directory_.get(),
            .cache = cache_.get(),
            .together = &together_};
  }

  // A process that serves others over gRPC has no public routes of its own: there is one door, the gateway.
  const rpc::Registry& front_registry() const {
    return serves_rpc() && !gateway_ ? system_registry_ : registry_;
  }
  bool serves_rpc() const { return settings_.integer("rpc.port") != 0; }

  // Services elsewhere, the modules, and the door for other processes.
  Status start_behind() {
    directory_->start(metrics_);
    DUCAT_TRY(host_.start());
    if (!serves_rpc()) return {};
    rpc::GrpcServerOptions options = rpc_options(settings_);
    options.clock = &clock_;
    options.observer = &rpc_observer_;
    rpc_server_ = std::make_unique<rpc::GrpcServer>(registry_, std::move(options));
    Status started = rpc_server_->start();
    if (!started) host_.stop();
    return started;
  }

  const ServeOptions& options_;
  config::Settings settings_;
  storage::DataDirectory directory_path_;
  SystemClock clock_;
  SystemRandom random_;
  IdRandom ids_;
  metrics::Registry metrics_;
  ConfiguredRateLimiter limiter_;
  MetricsObserver observer_;
  MetricsObserver rpc_observer_;
  identity::Access access_;
  rpc::DevelopmentAuthenticator development_;
  rpc::Registry registry_;         // every method this process answers
  rpc::Registry system_registry_;  // health alone
  bool gateway_ = false;
  rpc::StaticRoutes files_;
  std::unique_ptr<rpc::Documentation> documentation_;
  std::unique_ptr<rpc::Dispatcher> dispatcher_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<clients::Directory> directory_;
  std::unique_ptr<broker::Broker> broker_;  // null: nobody needs one
  kernel::LeadTogether together_;
  std::unique_ptr<cache::Cache> cache_;  // null: nobody may follow
  ModuleHost host_;
  SystemService system_;
  std::unique_ptr<rpc::GrpcServer> rpc_server_;
  std::unique_ptr<http::Server> server_;
  ThreadTimers timers_;  // last: its thread ends before anything it may call
};

int refuse(const Error& error) {
  std::string line = error.message;
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  std::fprintf(stderr, "ducat: %s\n", line.c_str());
  return 2;
}

Status start_log(const config::Settings& settings) {
  log::Options options;
  options.format = *log::parse_format(settings.text("log.format"));
  options.level = *log::parse_level(settings.text("log.level"));
  return log::start(options);
}

}  // namespace

int serve(const ServeOptions& options) {
  // Blocked before any thread starts, so that they all inherit it and only sigwait sees them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of its write

  auto settings = load_settings(options.common);
  if (!settings) return refuse(settings.error());
  if (Status mode = check_mode(options, *settings); !mode) return refuse(mode.error());
  if (Status rpc = check_rpc(options, *settings); !rpc) return refuse(rpc.error());
  auto directory = storage::DataDirectory::open(options.common.data);
  if (!directory) return refuse(directory.error());
  if (Status logging = start_log(*settings); !logging) return refuse(logging.error());

  auto secret = signing_secret(options, *settings, *directory);
  if (!secret) return refuse(secret.error());
  if (secret->size() < kShortestSecret) {
    return refuse(
        {Errc::kInvalid, directory->file("auth.secret") + " is damaged: remove it to have a new one made"});
  }

  ServingProcess process(options, std::move(*settings), std::move(*directory), std::move(*secret));
  if (Status started = process.start(); !started) {
    log::stop();
    return refuse(started.error());
  }
  bool v6 = options.host.find(':') != std::string::npos;
  std::printf("ducat is ready on http://%s%s%s:%d\n", v6 ? "[" : "", options.host.c_str(), v6 ? "]" : "",
              process.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop_signals, &signal);
  log::info("ducat.stopping", {{"signal", signal}});
  process.stop();
  log::stop();
  return 0;
}

}  // namespace ducat::app
