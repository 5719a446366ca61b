// The phases of a run; see load.h.
#include "simulate/load/load.h"

#include <algorithm>
#include <numeric>

#include "base/system.h"
#include "simulate/load/bulk.h"
#include "simulate/load/driver.h"
#include "simulate/load/mix.h"
#include "simulate/load/settle.h"

namespace ducat::load {
namespace {

constexpr uint32_t kMaxConnections = 20'000;
constexpr uint32_t kMaxDepth = 1'024;
constexpr uint32_t kMaxBatch = 8'192;  // what the server takes
constexpr uint32_t kMaxWallets = 50'000'000;
constexpr int64_t kCentsPerUnit = 100;

uint32_t share(const LoadOptions& options, Operation operation) {
  return options.mix[static_cast<size_t>(operation)];
}

bool has_money(const LoadOptions& options) {
  return share(options, Operation::kEcho) + share(options, Operation::kCreate) < 100;
}

LatencySummary summarize(const Histogram& histogram) {
  return {.count = histogram.count(),
          .p50 = histogram.percentile(500),
          .p90 = histogram.percentile(900),
          .p99 = histogram.percentile(990),
          .p999 = histogram.percentile(999),
          .max = histogram.max()};
}

// One run, phase after phase.
class Run {
 public:
  Run(const LoadOptions& options, const Endpoint& endpoint, std::FILE* progress)
      : options_(options),
        endpoint_(endpoint),
        writer_(endpoint, options.headers),
        progress_(progress),
        books_(options.wallets) {}

  Result<LoadReport> all() {
    DriverOptions driver{.connections = options_.connections,
                         .depth = options_.depth,
                         .timeout_micros = int64_t{options_.timeout_seconds} * 1'000'000};
    DUCAT_ASSIGN(driver_, Driver::create(endpoint_, driver, clock_));
    DUCAT_ASSIGN(address_, Address::resolve(endpoint_));
    bool money = has_money(options_);
    if (money && options_.fund) DUCAT_TRY(fund());
    DUCAT_TRY(measure());
    if (money && options_.verify) DUCAT_TRY(verify());
    progress_.clear();
    return std::move(report_);
  }

 private:
  Status fund();
  Status read_balances(std::vector<uint32_t> wallets,
                       const std::function<void(uint32_t, int64_t)>& on_balance);
  Status measure();
  Status settle(const MixWorkload& mix);
  Status verify();
  void report(const Counts& counts, int64_t window_start);

  const LoadOptions& options_;
  const Endpoint& endpoint_;
  RequestWriter writer_;
  Progress progress_;
  Conservation books_;
  SystemClock clock_;
  Address address_;
  std::unique_ptr<Driver> driver_;
  LoadReport report_;
};

Status Run::fund() {
  int64_t begin = clock_.monotonic().micros;
  std::vector<uint32_t> funded_before;
  FundWorkload fund(
      {.writer = &writer_,
       .prefix = options_.wallet_prefix,
       .wallets = options_.wallets,
       .units = options_.initial_balance,
       .on_balance = [&](uint32_t wallet, int64_t cents) { books_.set_baseline(wallet, cents); },
       .on_repeat = [&](uint32_t wallet) { funded_before.push_back(wallet); }},
      progress_);
  DUCAT_TRY(driver_->run(fund, 0));
  DUCAT_TRY(fund.status());
  // Their balances are only needed for the check: they are what an earlier run left.
  if (options_.verify && !funded_before.empty()) {
    DUCAT_TRY(read_balances(std::move(funded_before),
                            [&](uint32_t wallet, int64_t cents) { books_.set_baseline(wallet, cents); }));
  }
  if (options_.settle) {
    int64_t limit = int64_t{options_.settle_seconds} * 1'000'000;
    auto settled = wait_until_settled(address_, writer_, limit, clock_);
    if (!settled) return propagate(settled);
  }
  report_.fund_seconds = static_cast<double>(clock_.monotonic().micros - begin) / 1e6;
  return {};
}

Status Run::read_balances(std::vector<uint32_t> wallets,
                          const std::function<void(uint32_t, int64_t)>& on_balance) {
  ReadWorkload read({.writer = &writer_,
                     .prefix = options_.wallet_prefix,
                     .wallets = std::move(wallets),
                     .on_balance = on_balance},
                    progress_);
  DUCAT_TRY(driver_->run(read, 0));
  return read.status();
}

Status Run::measure() {
  if (!options_.fund && options_.verify && has_money(options_)) {
    std::vector<uint32_t> everyone(options_.wallets);
    std::iota(everyone.begin(), everyone.end(), 0U);
    DUCAT_TRY(read_balances(std::move(everyone),
                            [&](uint32_t wallet, int64_t cents) { books_.set_baseline(wallet, cents); }));
  }
  uint64_t reconnects_before = driver_->reconnects();
  MixWorkload mix(options_, writer_, books_, clock_, progress_);
  uint64_t rate = options_.rate == 0 ? 0 : std::max<uint64_t>(1, options_.rate / options_.batch);
  DUCAT_TRY(driver_->run(mix, rate));
  report_.generator_cpu_seconds =
      static_cast<double>(own_use().cpu_micros - mix.own_at_start().cpu_micros) / 1e6;
  report_.reconnects = driver_->reconnects() - reconnects_before;
  report(mix.counts(), mix.window_start());
  return settle(mix);
}

void Run::report(const Counts& counts, int64_t window_start) {
  for (int status = 0; status < 600; ++status) {
    uint64_t number = counts.statuses[static_cast<size_t>(status)];
    if (number == 0) continue;
    report_.statuses[status] = number;
    bool done = (status >= 200 && status < 300) || status == 422;
    (done ? report_.operations : report_.failed) += number;
    if (status == 422) report_.refused = number;
  }
  report_.requests = counts.requests;
  report_.timeouts = counts.timeouts;
  report_.disconnects = counts.disconnects;
  report_.bad_answers = counts.bad_answers;
  report_.missed = counts.missed;
  report_.all = summarize(counts.all);
  report_.writes = summarize(counts.writes);
  report_.reads = summarize(counts.reads);
  report_.seconds = static_cast<double>(std::max<int64_t>(1, counts.last_answer - window_start)) / 1e6;
  report_.per_second = static_cast<double>(report_.operations) / report_.seconds;
}

Status Run::settle(const MixWorkload& mix) {
  if (options_.settle) {
    int64_t limit = int64_t{options_.settle_seconds} * 1'000'000;
    DUCAT_ASSIGN(std::optional<int64_t> at, wait_until_settled(address_, writer_, limit, clock_));
    if (at) {
      report_.settled_seconds = static_cast<double>(*at - mix.window_start()) / 1e6;
      report_.settled_per_second = static_cast<double>(report_.operations) / report_.settled_seconds;
    }
  }
  if (options_.server_pid == 0) return {};
  DUCAT_ASSIGN(ProcessUse server, use_of(options_.server_pid));
  report_.server_cpu_seconds =
      static_cast<double>(server.cpu_micros - mix.server_at_start().cpu_micros) / 1e6;
  report_.server_rss_peak_kib = server.rss_peak_kib;
  return {};
}

Status Run::verify() {
  DUCAT_TRY(
      read_balances(books_.touched(), [&](uint32_t wallet, int64_t cents) { books_.read(wallet, cents); }));
  report_.conservation = books_.check();
  return {};
}

}  // namespace

const char* to_string(Operation operation) {
  switch (operation) {
    case Operation::kTransfer:
      return "transfer";
    case Operation::kDeposit:
      return "deposit";
    case Operation::kWithdraw:
      return "withdraw";
    case Operation::kBalance:
      return "balance";
    case Operation::kEcho:
      return "echo";
    case Operation::kCreate:
      return "create";
  }
  return "?";
}

Status validate(const LoadOptions& options) {
  auto wrong = [](const char* message) { return fail(Errc::kInvalid, message); };
  if (options.connections < 1 || options.connections > kMaxConnections)
    return wrong("connections: 1 to 20000");
  if (options.depth < 1 || options.depth > kMaxDepth) return wrong("depth: 1 to 1024");
  if (options.wallets < 2 || options.wallets > kMaxWallets) return wrong("wallets: 2 to 50000000");
  if (!(options.zipf >= 0 && options.zipf <= 10)) return wrong("zipf: an exponent from 0 to 10");
  if (options.batch < 1 || options.batch > kMaxBatch) return wrong("batch: 1 to 8192");
  if (std::accumulate(options.mix.begin(), options.mix.end(), 0U) != 100)
    return wrong("mix: must add up to 100");
  if (options.seconds < 1 && options.count == 0) return wrong("seconds: at least 1");
  if (options.seconds > 86'400 || options.warmup_seconds > 86'400) return wrong("seconds: at most a day");
  if (options.timeout_seconds < 1 || options.timeout_seconds > 3'600)
    return wrong("timeout: 1 to 3600 seconds");
  if (options.rate > 10'000'000) return wrong("rate: at most 10000000 a second");
  if (options.rate != 0 && options.rate % options.batch != 0) return wrong("rate: a multiple of the batch");
  if (options.initial_balance < 1 || options.initial_balance > 1'000'000'000) {
    return wrong("initial balance: 1 to 1000000000");
  }
  bool only_money = share(options, Operation::kBalance) + share(options, Operation::kEcho) +
                        share(options, Operation::kCreate) ==
                    0;
  if (options.batch > 1 && !only_money)
    return wrong("batch: only transfers, deposits and withdrawals have one");
  if (options.read_after_write) {
    if (share(options, Operation::kTransfer) != 100) return wrong("read-after-write: only with transfers");
    if (options.batch != 1 || options.depth != 1)
      return wrong("read-after-write: only with batch 1 and depth 1");
  }
  return {};
}

Result<LoadReport> run_load(const LoadOptions& options, std::FILE* progress) {
  DUCAT_TRY(validate(options));
  DUCAT_ASSIGN(Endpoint endpoint, parse_url(options.url));
  Run run(options, endpoint, progress);
  return run.all();
}

}  // namespace ducat::load
