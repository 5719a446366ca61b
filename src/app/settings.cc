// One table for the process; the modules have theirs.
#include "app/settings.h"

#include <algorithm>

#include "app/modules.h"
#include "kernel/service/service_ports.h"
#include "platform/broker/open.h"
#include "services/audit/module.h"
#include "services/identity/module.h"
#include "services/risk/module.h"
#include "services/transactions/module.h"
#include "services/wallet/module.h"

namespace ducat::app {
namespace {

using config::Type;

constexpr config::Setting kSettings[] = {
    {.key = "http.io_threads",
     .type = Type::kInteger,
     .default_value = "1",
     .min = "1",
     .max = "256",
     .help = "threads that read and write connections"},
    {.key = "http.max_connections",
     .type = Type::kInteger,
     .default_value = "10000",
     .min = "1",
     .help = "more are answered 503 and closed"},
    {.key = "http.max_body",
     .type = Type::kBytes,
     .default_value = "1MiB",
     .min = "1KiB",
     .max = "64MiB",
     .help = "larger request bodies are answered 413"},
    {.key = "http.header_timeout",
     .type = Type::kDuration,
     .default_value = "10s",
     .min = "100ms",
     .help = "for the headers of a request to arrive"},
    {.key = "http.body_timeout",
     .type = Type::kDuration,
     .default_value = "30s",
     .min = "100ms",
     .help = "for the body of a request to arrive"},
    {.key = "http.idle_timeout",
     .type = Type::kDuration,
     .default_value = "75s",
     .min = "1s",
     .help = "between two requests of a connection"},
    {.key = "http.write_timeout",
     .type = Type::kDuration,
     .default_value = "30s",
     .min = "100ms",
     .help = "for a client to take a byte of its answer"},
    {.key = "http.stop_timeout",
     .type = Type::kDuration,
     .default_value = "20s",
     .min = "100ms",
     .help = "for accepted requests to be answered when stopping"},
    {.key = "http.trusted_proxies",
     .type = Type::kList,
     .default_value = "127.0.0.0/8,::1",
     .help = "whose X-Forwarded-For is believed"},
    {.key = "cors.origins",
     .type = Type::kList,
     .default_value = "",
     .help = "origins whose pages may call; development allows all"},
    {.key = "auth.jwt_secret",
     .type = Type::kString,
     .default_value = "",
     .help = "signs tokens; at least 32 characters",
     .secret = true},
    {.key = "rpc.host",
     .type = Type::kString,
     .default_value = "127.0.0.1",
     .help = "address to listen on for gRPC of the other processes"},
    {.key = "rpc.port",
     .type = Type::kInteger,
     .default_value = "0",
     .min = "0",
     .max = "65535",
     .help = "port for gRPC of the other processes; 0: none, everything is in one process"},
    {.key = "rpc.threads",
     .type = Type::kInteger,
     .default_value = "1",
     .min = "1",
     .max = "256",
     .help = "threads that calls of other processes are handled on"},
    {.key = "rpc.deadline",
     .type = Type::kDuration,
     .default_value = "25s",
     .min = "10ms",
     .max = "10m",
     .help = "for a service in another process to answer, then 503; longer than it may wait itself "
             "(transactions.audit_timeout)"},
    {.key = "rpc.internal_secret",
     .type = Type::kString,
     .default_value = "",
     .help = "proves that a call comes from a process of ours; the same for all, at least 32 characters",
     .secret = true},
    {.key = "ratelimit.enabled",
     .type = Type::kBool,
     .default_value = "true",
     .help = "false turns every limit off"},
    {.key = "ratelimit.default",
     .type = Type::kInteger,
     .default_value = "100",
     .min = "0",
     .max = "1000000",
     .help = "requests a minute for each client and route; 0: no limit"},
    {.key = "ratelimit.withdrawals",
     .type = Type::kInteger,
     .default_value = "10",
     .min = "0",
     .max = "1000000",
     .help = "withdrawals a minute for each client and wallet; 0: no limit"},
    {.key = "storage.type",
     .type = Type::kString,
     .default_value = "sqlite",
     .allowed = "sqlite|postgres",
     .help = "where the data is"},
    {.key = "storage.url",
     .type = Type::kString,
     .default_value = "",
     .help = "postgresql://user:password@host/database",
     .secret = true},
    {.key = "storage.cache",
     .type = Type::kBytes,
     .default_value = "256MiB",
     .min = "1MiB",
     .help = "pages of tables SQLite keeps in memory, for each shard"},
    {.key = "cache.type",
     .type = Type::kString,
     .default_value = "memory",
     .allowed = "memory|redis",
     .help = "where instances that follow keep copies of wallets and transactions"},
    {.key = "cache.url",
     .type = Type::kString,
     .default_value = "",
     .help = "redis://[:password@]host[:port][/database]",
     .secret = true},
    {.key = "cache.memory",
     .type = Type::kBytes,
     .default_value = "64MiB",
     .min = "1MiB",
     .help = "bytes of copies kept with cache.type = memory"},
    {.key = "cache.timeout",
     .type = Type::kDuration,
     .default_value = "100ms",
     .min = "1ms",
     .max = "10s",
     .help = "for Redis to answer; then it is not asked for 2 s"},
    {.key = "log.format",
     .type = Type::kString,
     .default_value = "auto",
     .allowed = "auto|json|text",
     .help = "auto: text on a terminal, else JSON lines"},
    {.key = "log.level",
     .type = Type::kString,
     .default_value = "info",
     .allowed = "debug|info|warn|error",
     .help = "the least important lines that are written"},
    {.key = "metrics.open",
     .type = Type::kBool,
     .default_value = "false",
     .help = "true: /metrics needs no credentials in production"},
};

// "wallet-0" on PostgreSQL is the schema "wallet_0".
std::string schema_name(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace

config::Schema make_schema() {
  config::Schema schema;
  schema.add(kSettings);
  schema.add(address_settings());
  schema.add(broker::broker_settings());
  schema.add(kernel::service_settings());
  schema.add(identity::access_settings());
  schema.add(identity::identity_settings());
  schema.add(identity::oidc_settings());
  schema.add(wallet::wallet_settings());
  schema.add(risk::risk_settings());
  schema.add(transactions::transactions_settings());
  schema.add(audit::audit_settings());
  return schema;
}

Result<config::Settings> load_settings(const CommonOptions& options) {
  config::Schema schema = make_schema();
  config::Sources sources;
  sources.file = options.config_file;
  sources.environment = config::process_environment();
  for (const std::string& assignment : options.set) sources.overrides.push_back({.assignment = assignment});
  DUCAT_ASSIGN(config::Settings settings, config::load(schema, sources));
  if (settings.text("storage.type") == "postgres" && settings.text("storage.url").empty()) {
    return fail(Errc::kInvalid,
                "storage.type = \"postgres\" needs storage.url, e.g. postgresql://ducat@localhost/ducat");
  }
  return settings;
}

storage::StorageTarget storage_target(const config::Settings& settings, const std::string& data,
                                      const std::string& name, bool durable) {
  storage::StorageTarget target;
  target.durable = durable;
  if (settings.text("storage.type") == "postgres") {
    target.type = storage::StorageTarget::Type::kPostgres;
    target.url = settings.text("storage.url");
    target.schema = schema_name(name);
    return target;
  }
  target.path = data + "/" + name + (durable ? ".journal.db" : ".tables.db");
  if (!durable) target.cache_bytes = settings.bytes("storage.cache");
  return target;
}

}  // namespace ducat::app
