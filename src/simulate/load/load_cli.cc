// See load_cli.h.
#include "simulate/load/load_cli.h"

#include <unistd.h>

#include <charconv>

namespace ducat::load {
namespace {

std::string cents_text(int64_t cents) {
  uint64_t size = cents < 0 ? 0 - static_cast<uint64_t>(cents) : static_cast<uint64_t>(cents);
  std::string decimals = std::to_string(size % 100);
  if (decimals.size() < 2) decimals.insert(0, "0");
  return (cents < 0 ? "-" : "") + std::to_string(size / 100) + "." + decimals;
}

void print_latency(const char* what, const LatencySummary& summary, std::FILE* out) {
  if (summary.count == 0) return;
  auto ms = [](int64_t micros) { return static_cast<double>(micros) / 1000; };
  std::fprintf(out, "%-12s p50 %.2f  p90 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms\n", what, ms(summary.p50),
               ms(summary.p90), ms(summary.p99), ms(summary.p999), ms(summary.max));
}

void print_conservation(const ConservationResult& result, std::FILE* out) {
  if (!result.checked) return;
  std::string expected = cents_text(result.expected_least);
  if (result.expected_most != result.expected_least) expected += " to " + cents_text(result.expected_most);
  std::fprintf(out, "%-12s %s: %llu wallets hold %s, expected %s%s%s\n", "money",
               result.ok ? "conserved" : "WRONG", static_cast<unsigned long long>(result.wallets),
               cents_text(result.actual).c_str(), expected.c_str(), result.ok ? "" : ": ",
               result.problem.c_str());
}

// Appends `"name":value,` for numbers and objects that are JSON already.
void field(std::string& json, const char* name, const std::string& value) {
  json += '"';
  json += name;
  json += "\":" + value + ",";
}

void field(std::string& json, const char* name, uint64_t value) {
  field(json, name, std::to_string(value));
}

void field(std::string& json, const char* name, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.6f", value);
  field(json, name, std::string(text));
}

std::string object(std::string fields) {
  if (!fields.empty()) fields.pop_back();  // the last comma
  return "{" + fields + "}";
}

std::string latency_json(const LatencySummary& summary) {
  std::string json;
  field(json, "count", summary.count);
  field(json, "p50", static_cast<uint64_t>(summary.p50));
  field(json, "p90", static_cast<uint64_t>(summary.p90));
  field(json, "p99", static_cast<uint64_t>(summary.p99));
  field(json, "p999", static_cast<uint64_t>(summary.p999));
  field(json, "max", static_cast<uint64_t>(summary.max));
  return object(json);
}

std::string conservation_json(const ConservationResult& result) {
  std::string json;
  field(json, "checked", std::string(result.checked ? "true" : "false"));
  field(json, "ok", std::string(result.ok ? "true" : "false"));
  field(json, "wallets", result.wallets);
  field(json, "expectedLeast", cents_text(result.expected_least));
  field(json, "expectedMost", cents_text(result.expected_most));
  field(json, "actual", cents_text(result.actual));
  field(json, "problem", "\"" + result.problem + "\"");
  return object(json);
}

uint64_t lost(const LoadReport& report) {
  return report.timeouts + report.disconnects + report.bad_answers;
}

}  // namespace

void add_load_options(CLI::App& app, LoadCommand& command) {
  LoadOptions& options = command.options;
  app.add_option("--url", options.url, "the server, http://host:port")->capture_default_str();
  app.add_option("--header", options.headers,
                 "a header line for every request, e.g. 'Authorization: Bearer x'");
  app.add_option("-c,--connections", options.connections, "connections")->capture_default_str();
  app.add_option("--depth", options.depth, "requests in flight on one connection")->capture_default_str();
  app.add_option("-w,--wallets", options.wallets, "wallets")->capture_default_str();
  app.add_option("--wallet-prefix", options.wallet_prefix, "wallet ids are this and a number")
      ->capture_default_str();
  app.add_option("--zipf", options.zipf, "exponent of Zipf's law; 0: all wallets alike")
      ->capture_default_str();
  app.add_option("--mix", command.mix,
                 "transfer|deposit|withdraw|balance|echo|create, or per cent: transfer=80,balance=20")
      ->capture_default_str();
  app.add_flag("--hot", options.hot, "every movement touches the same wallet");
  app.add_option("-b,--batch", options.batch, "operations in one request")->capture_default_str();
  app.add_flag("--keys,!--no-keys", options.keys, "an idempotency key on each operation (default)");
  app.add_flag("--read-after-write", options.read_after_write, "after each transfer read its wallet");
  app.add_option("-s,--seconds", options.seconds, "measured time")->capture_default_str();
  app.add_option("-n,--count", options.count, "operations, instead of a time");
  app.add_option("--warmup", options.warmup_seconds, "seconds before the measured time")
      ->capture_default_str();
  app.add_option("--rate", options.rate, "operations a second (open loop); 0: as fast as answers come");
  app.add_option("--seed", options.seed, "of the random choices")->capture_default_str();
  app.add_option("--timeout", options.timeout_seconds, "seconds for one answer")->capture_default_str();
  app.add_flag("--fund,!--no-fund", options.fund, "first give every wallet its initial balance (default)");
  app.add_option("--initial-balance", options.initial_balance, "in whole units")->capture_default_str();
  app.add_flag("--verify,!--no-verify", options.verify,
               "check at the end that no money came or went (default)");
  app.add_flag("--settle,!--no-settle", options.settle,
               "wait until the server's tables have caught up (default)");
  app.add_option("--settle-limit", options.settle_seconds, "seconds to wait for that")->capture_default_str();
  app.add_option("--echo-path", options.echo_path, "where echo requests go")->capture_default_str();
  app.add_option("--server-pid", options.server_pid, "report processor time and memory of this process too");
  app.add_flag("--json", command.json, "one line of JSON");
}

Status parse_mix(const std::string& text, LoadOptions& options) {
  std::array<uint32_t, kOperations> mix{};
  std::string_view rest = text;
  bool single = text.find('=') == std::string::npos;
  while (!rest.empty()) {
    std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    size_t equals = part.find('=');
    uint32_t percent = 100;
    if (!single) {
      std::string_view digits = equals == std::string_view::npos ? "" : part.substr(equals + 1);
      auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
      bool whole = error == std::errc() && end == digits.data() + digits.size();
      if (!whole || percent > 100) return fail(Errc::kInvalid, "mix: no percentage in " + std::string(part));
    }
    size_t found = kOperations;
    for (size_t i = 0; i < kOperations; ++i) {
      if (part.substr(0, equals) == to_string(static_cast<Operation>(i))) found = i;
    }
    if (found == kOperations) return fail(Errc::kInvalid, "mix: no operation is called " + std::string(part));
    mix[found] += percent;
  }
  options.mix = mix;
  return {};
}

int run_load_command(LoadCommand& command) {
  Status mix = parse_mix(command.mix, command.options);
  bool terminal = isatty(STDERR_FILENO) == 1;
  Result<LoadReport> report =
      mix ? run_load(command.options, terminal ? stderr : nullptr) : Result<LoadReport>(propagate(mix));
  if (!report) {
    std::fprintf(stderr, "%sload: %s\n", terminal ? "\r\033[K" : "", report.error().message.c_str());
    return 2;
  }
  if (command.json) {
    std::printf("%s\n", report_json(command.options, *report).c_str());
  } else {
    print_report(command.options, *report, stdout);
  }
  bool wrong = report->conservation.checked && !report->conservation.ok;
  if (wrong) std::fprintf(stderr, "load: %s\n", report->conservation.problem.c_str());
  if (report->operations == 0) std::fprintf(stderr, "load: no operation was completed\n");
  return wrong || report->operations == 0 ? 1 : 0;
}

void print_report(const LoadOptions& options, const LoadReport& report, std::FILE* out) {
  auto number = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  std::fprintf(
      out, "%-12s %.0f/s: %llu operations in %.2f s (%u connections, batch %u, %u wallets, zipf %.2f%s)\n",
      "throughput", report.per_second, number(report.operations), report.seconds, options.connections,
      options.batch, options.wallets, options.zipf, options.hot ? ", one hot wallet" : "");
  if (report.settled_seconds >= 0) {
    std::fprintf(out, "%-12s %.0f/s: tables caught up %.2f s after the last answer\n", "with tables",
                 report.settled_per_second, report.settled_seconds - report.seconds);
  }
  bool both = report.reads.count != 0 && report.writes.count != 0;
  print_latency(both ? "all" : "latency", report.all, out);
  if (both) print_latency("writes", report.writes, out);
  if (both) print_latency("reads", report.reads, out);
  std::fprintf(out, "%-12s", "statuses");
  for (const auto& [status, count] : report.statuses) std::fprintf(out, " %d: %llu ", status, number(count));
  std::fprintf(
      out,
      "\n%-12s %llu (timeouts %llu, broken connections %llu, unreadable answers %llu), never sent %llu\n",
      "lost", number(lost(report)), number(report.timeouts), number(report.disconnects),
      number(report.bad_answers), number(report.missed));
  double requests = static_cast<double>(std::max<uint64_t>(1, report.requests));
  std::fprintf(out, "%-12s generator %.1f us a request", "processor",
               report.generator_cpu_seconds * 1e6 / requests);
  if (report.server_cpu_seconds >= 0) {
    double operations = static_cast<double>(std::max<uint64_t>(1, report.operations));
    std::fprintf(out, ", server %.1f us an operation, %lld MiB at its peak",
                 report.server_cpu_seconds * 1e6 / operations,
                 static_cast<long long>(report.server_rss_peak_kib / 1024));
  }
  std::fputc('\n', out);
  print_conservation(report.conservation, out);
}

std::string report_json(const LoadOptions& options, const LoadReport& report) {
  std::string statuses;
  for (const auto& [status, count] : report.statuses) field(statuses, std::to_string(status).c_str(), count);
  std::string json;
  field(json, "connections", uint64_t{options.connections});
  field(json, "depth", uint64_t{options.depth});
  field(json, "wallets", uint64_t{options.wallets});
  field(json, "zipf", options.zipf);
  field(json, "batch", uint64_t{options.batch});
  field(json, "rate", options.rate);
  field(json, "operations", report.operations);
  field(json, "requests", report.requests);
  field(json, "refused", report.refused);
  field(json, "failed", report.failed);
  field(json, "seconds", report.seconds);
  field(json, "perSecond", report.per_second);
  field(json, "settledSeconds", report.settled_seconds);
  field(json, "settledPerSecond", report.settled_per_second);
  field(json, "latencyMicros", latency_json(report.all));
  field(json, "writeMicros", latency_json(report.writes));
  field(json, "readMicros", latency_json(report.reads));
  field(json, "statuses", object(statuses));
  field(json, "timeouts", report.timeouts);
  field(json, "disconnects", report.disconnects);
  field(json, "badAnswers", report.bad_answers);
  field(json, "missed", report.missed);
  field(json, "reconnects", report.reconnects);
  field(json, "fundSeconds", report.fund_seconds);
  field(json, "generatorCpuSeconds", report.generator_cpu_seconds);
  field(json, "serverCpuSeconds", report.server_cpu_seconds);
  field(json, "serverRssPeakKib", std::to_string(report.server_rss_peak_kib));
  field(json, "conservation", conservation_json(report.conservation));
  return object(json);
}

}  // namespace ducat::load
