// `ducat simulate load`: drives a wallet server over HTTP the way tb-perf drives ledgers (100,000 wallets
// with 1,000,000 each, both sides of a transfer drawn from Zipf's law, amounts 1..1000, no overdraft),
// reports throughput and latency, and proves at the end that no money appeared or vanished. Source of the
// workload: softwaremill/tb-perf. A refusal for lack of funds is completed work there and here.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "simulate/load/conservation.h"

namespace ducat::load {

enum class Operation : uint8_t { kTransfer, kDeposit, kWithdraw, kBalance, kEcho, kCreate };
inline constexpr size_t kOperations = 6;
// Whether it moves or reads money: what is funded before and checked afterwards.
constexpr bool of_wallets(Operation operation) {
  return operation != Operation::kEcho && operation != Operation::kCreate;
}
const char* to_string(Operation operation);

struct LoadOptions {
  std::string url = "http://127.0.0.1:3000";
  std::vector<std::string> headers;  // whole lines, e.g. "Authorization: Bearer x"
  std::string wallet_prefix = "w";   // wallet ids are this and a number
  std::string echo_path = "/echo";

  uint32_t connections = 64;
  uint32_t depth = 1;  // requests in flight on one connection
  uint32_t wallets = 100'000;
  double zipf = 1.0;                                             // exponent; 0 is uniform
  std::array<uint32_t, kOperations> mix = {100, 0, 0, 0, 0, 0};  // per cent of each Operation
  bool hot = false;                                              // every movement touches the first wallet
  uint32_t batch = 1;             // from 2: so many operations in one POST /v1/wallet/batch
  bool keys = true;               // an idempotency key on each operation
  bool read_after_write = false;  // each transfer is followed by a GET of its wallet

  uint32_t seconds = 10;
  uint64_t count = 0;           // operations; if not 0 it ends the run instead of `seconds`
  uint32_t warmup_seconds = 2;  // not measured
  uint64_t rate = 0;            // operations a second; 0 is a closed loop
  uint64_t seed = 1;            // of the choices; idempotency keys are fresh in every run
  uint32_t timeout_seconds = 30;

  bool fund = true;                      // deposit the initial balance first, once for each wallet and server
  uint32_t initial_balance = 1'000'000;  // whole units
  bool verify = true;                    // check conservation at the end
  bool settle = true;                    // wait until the server's tables have caught up with its journal
  uint32_t settle_seconds = 120;         // at most
  int server_pid = 0;                    // if not 0: measure that process too
};

// Latencies in microseconds.
struct LatencySummary {
  uint64_t count = 0;
  int64_t p50 = 0, p90 = 0, p99 = 0, p999 = 0, max = 0;
};

struct LoadReport {
  uint64_t operations = 0;  // completed in the measured time: answered 2xx, or 422 (a refusal is an answer)
  uint64_t requests = 0;    // HTTP requests answered in the measured time
  uint64_t refused = 0;     // of the operations: 422
  uint64_t failed = 0;      // operations answered anything else
  double seconds = 0;       // from the first measured request to the last measured answer
  double per_second = 0;
  // From the first measured request until the tables had caught up; negative when the server does not say.
  double settled_seconds = -1;
  double settled_per_second = 0;

  LatencySummary all, writes, reads;
  std::map<int, uint64_t> statuses;  // operations by HTTP status, failed ones included
  uint64_t timeouts = 0;             // requests without an answer in time
  uint64_t disconnects = 0;          // requests whose connection broke
  uint64_t bad_answers = 0;          // requests whose answer could not be read
  uint64_t missed = 0;               // open loop: operations that were due and never sent
  uint64_t reconnects = 0;

  double fund_seconds = 0;
  ConservationResult conservation;
  double generator_cpu_seconds = 0;  // of this process, in the measured time
  double server_cpu_seconds = -1;    // of `server_pid`, until the tables had caught up
  int64_t server_rss_peak_kib = -1;
};

// Checks what no option parser checks (sums, combinations). kInvalid names the option.
Status validate(const LoadOptions& options);

// Runs it all: funding, warm-up, measurement, settling, conservation. `progress`: a line is rewritten there
// each second; null for silence. Blocks; uses this thread only. kUnavailable when the server cannot be
// reached or stays away, kInvalid for options, kIo when funding is answered with errors. A failed check of
// conservation is not an error but in the report.
Result<LoadReport> run_load(const LoadOptions& options, std::FILE* progress);

}  // namespace ducat::load
