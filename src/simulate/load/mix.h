// The measured workload: draws operations and wallets, builds their requests, and counts what comes back.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "simulate/load/conservation.h"
#include "simulate/load/driver.h"
#include "simulate/load/histogram.h"
#include "simulate/load/load.h"
#include "simulate/load/process.h"
#include "simulate/load/progress.h"
#include "simulate/load/zipf.h"

namespace ducat::load {

// What was measured. Operations and requests differ when batches are sent.
struct Counts {
  uint64_t operations = 0;  // answered, whatever the status
  uint64_t requests = 0;
  std::array<uint64_t, 600> statuses{};  // operations by status; 0: the status could not be read
  uint64_t timeouts = 0;
  uint64_t disconnects = 0;
  uint64_t bad_answers = 0;
  uint64_t missed = 0;
  Histogram all, writes, reads;  // latencies of requests
  int64_t last_answer = 0;
};

// One run: warm-up, then the measured time. A request belongs to the measured time when it was due in it. One
// thread. The same seed draws the same operations in the same order; which connection sends one depends on
// time.
class MixWorkload final : public Workload {
 public:
  // Begins now. The options, the writer and the books outlive it.
  MixWorkload(const LoadOptions& options, const RequestWriter& writer, Conservation& books, Clock& clock,
              Progress progress);

  bool next(size_t connection, int64_t due, std::string& out, uint64_t& context) override;
  void answered(size_t connection, const Ticket& ticket, const Answer& answer, int64_t now) override;
  void lost(size_t connection, const Ticket& ticket, Loss loss, int64_t now) override;
  bool finished(int64_t now) const override;
  void tick(int64_t now) override;

  const Counts& counts() const { return counts_; }
  int64_t window_start() const { return window_start_; }
  // Processor time when the measured time began.
  const ProcessUse& own_at_start() const { return own_at_start_; }
  const ProcessUse& server_at_start() const { return server_at_start_; }

 private:
  // One operation as drawn; what it needs to be accounted for later.
  struct Drawn {
    Operation operation = Operation::kTransfer;
    uint32_t wallet = 0;
    uint32_t to = 0;
    uint32_t amount = 0;
  };

  Drawn draw();
  uint32_t draw_wallet() { return static_cast<uint32_t>(zipf_.sample(random_) - 1); }
  void draw_pair(Drawn& drawn);
  void begin_window(int64_t due);
  void give_up(int64_t now);
  void build_single(const Drawn& drawn, std::string& out);
  void build_batch(uint32_t slot, std::string& out);
  void append_operation(const Drawn& drawn);
  std::string_view new_key();
  void answered_batch(const Ticket& ticket, const Answer& answer, bool counted);
  void settle_money(const Drawn& drawn, int status);
  void count_latency(Operation operation, int64_t micros);
  void wallet_path(uint32_t wallet, std::string_view action);
  static uint64_t pack(const Drawn& drawn);
  static Drawn unpack(uint64_t context);

  const LoadOptions& options_;
  const RequestWriter& writer_;
  Conservation& books_;
  Progress progress_;
  Zipf zipf_;
  SeededRandom random_;
  SeededRandom key_random_;
  std::array<uint32_t, kOperations> thresholds_{};  // running sums of the mix
  int64_t wall_offset_ = 0;                         // wall clock minus monotonic, for the time within keys

  int64_t window_start_ = 0;
  int64_t window_end_ = 0;  // no request is due from here on
  int64_t give_up_at_ = 0;  // open loop: what is due but unsent now is missed
  bool in_window_ = false;
  bool stopped_ = false;
  uint64_t issued_ = 0;  // operations in the measured time
  ProcessUse own_at_start_, server_at_start_;

  std::vector<std::optional<uint32_t>> read_next_;  // per connection: the wallet to read after its transfer
  std::vector<std::vector<Drawn>> batches_;         // in flight, by slot
  std::vector<uint32_t> free_batches_;
  std::vector<int> batch_statuses_;
  std::string path_, body_, key_;
  int64_t now_ = 0;
  uint64_t shown_operations_ = 0;
  int64_t shown_at_ = 0;
  Counts counts_;
};

}  // namespace ducat::load
