// The tree of commands; what each does stands in server.cc and tools.cc.
#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/message_tools.h"
#include "app/modules.h"
#include "app/server.h"
#include "app/supervisor.h"
#include "app/tools.h"
#include "simulate/load/load_cli.h"

namespace ducat::app {
namespace {

constexpr const char* kExamples = R"(
Examples:
  ducat run --dev                                   serve on http://127.0.0.1:3000, data in ./data
  ducat run --data /var/lib/ducat --port 8080       in production; DUCAT_AUTH_JWT_SECRET must be set
  ducat supervise --dev                             the same as processes of their own, on PostgreSQL
  ducat run --dev --set wallet.shards=4             spread wallets over four databases
  ducat config --set http.io_threads=2              what is in force, and where each value comes from
  ducat wallet verify --data /var/lib/ducat         refold all events, compare every balance
  ducat audit verify --data /var/lib/ducat          check every audit record, hash and checkpoint
  ducat projections verify --data /var/lib/ducat    the same of every service that has data there
  ducat journal tail --data /var/lib/ducat          the newest events
  ducat messages list --group fraud_detection       what consumers have put aside
  ducat simulate load --url http://127.0.0.1:3000      load a running server, then check that no money was lost)";

constexpr const char* kRunExamples = R"(
Examples:
  ducat run --dev
  ducat run --data /var/lib/ducat --host 0.0.0.0 --port 8080 --config /etc/ducat.toml
  ducat run --dev --set storage.type=postgres --set storage.url=postgresql://ducat@localhost/ducat
  ducat run --dev --services wallet --set ratelimit.enabled=false
  ducat run --dev --services wallet --port 3001 --rpc-port 4001        behind a gateway, which is:
  ducat run --dev --services gateway --set services.wallet.address=127.0.0.1:4001

Stops on SIGINT and SIGTERM, after answering what it has accepted.)";

constexpr const char* kSuperviseExamples = R"(
Starts PostgreSQL, NATS and Redis from Debian's packages (with data and passwords of their own), a process for each
service and a gateway; starts again what dies; stops everything on SIGINT and SIGTERM.

Examples:
  ducat supervise --dev
  ducat supervise --dev --set storage.url=postgresql://ducat@localhost/ducat    with a database that is there already)";

void add_common(CLI::App& command, CommonOptions& options) {
  command.add_option("--data", options.data, "the data directory")->capture_default_str();
  command.add_option("--config", options.config_file, "a TOML file with settings");
  command.add_option("--set", options.set, "key=value; may be repeated")->allow_extra_args(false);
}

CLI::App* add_group(CLI::App& app, const char* name, const char* help) {
  CLI::App* group = app.add_subcommand(name, help);
  group->require_subcommand(1);
  return group;
}

void add_supervise(CLI::App& app, SuperviseOptions& options, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("supervise", "serve as processes of their own, with the servers they need");
  add_common(*command, options.common);
  command->add_option("--host", options.host, "address of the gateway")->capture_default_str();
  command->add_option("--port", options.port, "port of the gateway")
      ->capture_default_str()
      ->check(CLI::Range(1, 65535));
  command->add_flag("--dev", options.dev, "development: loopback only, open routes, secrets are made");
  command->add_option("--services", options.services, "services to run, separated by commas")
      ->delimiter(',')
      ->capture_default_str();
  command->footer(kSuperviseExamples);
  command->callback([&options, &exit_code] { exit_code = supervise(options); });
}

void add_messages(CLI::App& app, MessageOptions& options, int& exit_code) {
  CLI::App* messages = add_group(app, "messages", "messages that consumers could not handle");
  auto command = [&](const char* name, const char* help, int (*run)(const MessageOptions&)) {
    CLI::App* added = messages->add_subcommand(name, help);
    add_common(*added, options.common);
    added->add_option("--group", options.group, "the consumers' group, as its messages are put aside")
        ->required();
    added->add_option("--limit", options.limit, "at most so many, oldest first")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    added->callback([&options, &exit_code, run] { exit_code = run(options); });
    return added;
  };
  command("list", "print them as JSON lines", list_messages)
      ->add_flag("--bodies", options.bodies, "with what is in them");
  command("redrive", "give them back to their group; a server may run", redrive_messages);
}

constexpr const char* kDataExamples = R"(
Examples:
  ducat projections list --data /var/lib/ducat                  how far behind the tables and the feeds are
  ducat projections verify --services wallet,identity           prove two services' tables
  ducat projections rebuild --services risk                     stop the server first (SQLite)
  ducat journal tail --services audit -n 100 --follow           print what comes, until Ctrl-C
  ducat projections list --set storage.type=postgres --set storage.url=postgresql://ducat@localhost/ducat

Exit code 0: all is well; 1: not sound; 2: it could not be done, and stderr says why.)";

// A command that works on the data of the services that are named, or of all that have any.
CLI::App* add_data_command(CLI::App& group, const char* name, const char* help, DataOptions& options) {
  CLI::App* command = group.add_subcommand(name, help);
  add_common(*command, options.common);
  command->add_option("--services", options.services, "only these, separated by commas")->delimiter(',');
  command->footer(kDataExamples);
  return command;
}

void add_journal(CLI::App& app, TailOptions& options, int& exit_code) {
  CLI::App* journal = add_group(app, "journal", "the journals");
  CLI::App* tail = add_data_command(*journal, "tail", "print the newest events as JSON lines", options.data);
  tail->add_option("-n,--events", options.events, "how many of each journal's newest")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  tail->add_flag("-f,--follow", options.follow, "go on with new ones until interrupted");
  tail->callback([&options, &exit_code] { exit_code = tail_journals(options); });
}

void add_projections(CLI::App& app, DataOptions& options, int& exit_code) {
  CLI::App* projections = add_group(app, "projections", "the tables behind the journals");
  auto command = [&](const char* name, const char* help, int (*run)(const DataOptions&)) {
    add_data_command(*projections, name, help, options)->callback([&options, &exit_code, run] {
      exit_code = run(options);
    });
  };
  command("list", "how far each has followed its journal", list_projections);
  command("verify", "prove that they are what the journals say; a server may run", verify_services);
  command("rebuild", "make them again from the journals; no server may run", rebuild_projections);
}

// `ducat wallet verify` and so on: a group for each service that has data.
void add_service_groups(CLI::App& app, DataOptions& options, int& exit_code) {
  for (const ModuleRow& row : module_table()) {
    if (row.data == nullptr) continue;
    CLI::App* group = app.add_subcommand(row.name, "the data of " + row.name);
    group->require_subcommand(1);
    CLI::App* verify = group->add_subcommand(
        "verify", "refold its journal and compare every row of its tables; a server may run");
    add_common(*verify, options.common);
    verify->footer("\nExample:\n  ducat " + row.name +
                   " verify --data /var/lib/ducat\n\nExit code 0: sound; 1: not, and every violation is "
                   "printed; 2: it could not be verified.");
    verify->callback([&options, &exit_code, name = row.name] {
      options.services = {name};
      exit_code = verify_services(options);
    });
  }
}

// Parses, which runs the command; 2 for what cannot be understood.
int parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    // What stands where a command was expected is the likelier mistake than none.
    std::vector<std::string> rest = app.remaining(true);
    if (rest.empty()) return app.exit(error) == 0 ? 0 : 2;
    std::fprintf(stderr, "ducat: there is no command \"%s\"; ducat --help lists them\n",
                 rest.front().c_str());
    return 2;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return 0;
}

}  // namespace

int run_cli(int argc, char** argv) {
  CLI::App app("Ducat moves money and sells tickets without losing, doubling or inventing either.", "ducat");
  app.require_subcommand(1);
  app.footer(kExamples);
  app.set_version_flag("--version", "ducat " DUCAT_VERSION);
  int exit_code = 0;

  ServeOptions serving;
  CLI::App* run = app.add_subcommand("run", "serve");
  add_common(*run, serving.common);
  run->add_option("--host", serving.host, "address to listen on")->capture_default_str();
  run->add_option("--port", serving.port, "port to listen on; 0: any")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  run->add_option("--rpc-port", serving.rpc_port, "port for gRPC of the other processes; 0: none")
      ->check(CLI::Range(0, 65535));
  run->add_flag("--dev", serving.dev, "development: loopback only, open routes, no secrets needed");
  run->add_option("--services", serving.services, "services to run, separated by commas")
      ->delimiter(',')
      ->capture_default_str();
  run->footer(kRunExamples);
  run->callback([&] {
    if (serving.rpc_port) serving.common.set.push_back("rpc.port=" + std::to_string(*serving.rpc_port));
    exit_code = serve(serving);
  });

  SuperviseOptions supervising;
  add_supervise(app, supervising, exit_code);

  CommonOptions common;
  CLI::App* config = app.add_subcommand("config", "print every setting in force and where it comes from");
  add_common(*config, common);
  config->callback([&] { exit_code = print_config(common); });
  app.add_subcommand("version", "print the version")->callback([] { std::puts("ducat " DUCAT_VERSION); });

  DataOptions verifying, projecting;
  add_service_groups(app, verifying, exit_code);
  add_projections(app, projecting, exit_code);

  MessageOptions messages;
  add_messages(app, messages, exit_code);

  TailOptions tailing;
  add_journal(app, tailing, exit_code);

  CLI::App* simulate = add_group(app, "simulate", "programs that play the world outside");
  load::LoadCommand load;
  CLI::App* load_command =
      simulate->add_subcommand("load", "a closed-loop load of transfers, with a check of conservation");
  load::add_load_options(*load_command, load);
  load_command->callback([&] { exit_code = load::run_load_command(load); });

  int parsed = parse(app, argc, argv);
  return parsed != 0 ? parsed : exit_code;
}

}  // namespace ducat::app
