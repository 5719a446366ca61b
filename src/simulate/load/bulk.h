// The two jobs around a measurement: give every wallet its initial balance, and read balances. Both repeat
// what was lost or answered 5xx, which is safe: deposits carry a key of their own for ever, and reads change
// nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "simulate/load/driver.h"
#include "simulate/load/http_wire.h"
#include "simulate/load/progress.h"

namespace ducat::load {

// A workload that is a list of chunks, each one request, until all are done or one failed for good. One
// thread.
class BulkWorkload : public Workload {
 public:
  BulkWorkload(size_t chunks, Progress progress, std::string what);

  // The first answer that no repetition will mend, or ok.
  const Status& status() const { return status_; }

  bool next(size_t connection, int64_t due, std::string& out, uint64_t& context) final;
  void answered(size_t connection, const Ticket& ticket, const Answer& answer, int64_t now) final;
  void lost(size_t connection, const Ticket& ticket, Loss loss, int64_t now) final;
  bool finished(int64_t now) const final;
  void tick(int64_t now) final;

 protected:
  virtual void build(size_t chunk, std::string& out) = 0;
  // A 200: take it in, or say why it is wrong.
  virtual Status take(size_t chunk, std::string_view body) = 0;

 private:
  void again(size_t chunk, const std::string& why);

  size_t chunks_;
  size_t started_ = 0;
  size_t done_ = 0;
  std::deque<size_t> again_;
  size_t repetitions_ = 0;
  Status status_;
  Progress progress_;
  std::string what_;
};

// Deposits `units` into every wallet with the key `fund-<wallet>-<units>`, many in one request. `on_balance`
// gets the balance in cents that each wallet has now, `on_repeat` those that had been funded before (by an
// earlier run), whose balance must be read.
class FundWorkload final : public BulkWorkload {
 public:
  struct Plan {
    const RequestWriter* writer;
    std::string prefix;
    uint32_t wallets;
    uint32_t units;
    std::function<void(uint32_t wallet, int64_t cents)> on_balance;
    std::function<void(uint32_t wallet)> on_repeat;
  };
  FundWorkload(Plan plan, Progress progress);

 private:
  void build(size_t chunk, std::string& out) override;
  Status take(size_t chunk, std::string_view body) override;

  Plan plan_;
  std::string body_;
};

// Reads the balance of each wallet in the list.
class ReadWorkload final : public BulkWorkload {
 public:
  struct Plan {
    const RequestWriter* writer;
    std::string prefix;
    std::vector<uint32_t> wallets;
    std::function<void(uint32_t wallet, int64_t cents)> on_balance;
  };
  ReadWorkload(Plan plan, Progress progress);

 private:
  void build(size_t chunk, std::string& out) override;
  Status take(size_t chunk, std::string_view body) override;

  Plan plan_;
};

}  // namespace ducat::load
