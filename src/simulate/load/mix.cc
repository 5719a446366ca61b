// See mix.h.
#include "simulate/load/mix.h"

#include <charconv>

#include "base/system.h"
#include "base/uuid.h"
#include "simulate/load/answers.h"

namespace ducat::load {
namespace {

constexpr uint32_t kLargestAmount = 1000;  // as tb-perf; smallest 1
constexpr int64_t kCentsPerUnit = 100;
constexpr std::array<std::string_view, 3> kBatchTypes = {"transfer", "deposit", "withdraw"};

void append_number(std::string& out, uint64_t value) {
  char digits[20];
  auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
  out.append(digits, static_cast<size_t>(end - digits));
}

// A 5xx may have happened or not; 408 and 409 say that somebody else may still be at it.
Outcome outcome_of(int status) {
  if (status >= 200 && status < 300) return Outcome::kDone;
  if (status == 0 || status >= 500 || status == 408 || status == 409) return Outcome::kUnknown;
  return Outcome::kRefused;
}

size_t status_index(int status) {
  return status >= 100 && status < 600 ? static_cast<size_t>(status) : 0;
}

}  // namespace

MixWorkload::MixWorkload(const LoadOptions& options, const RequestWriter& writer, Conservation& books,
                         Clock& clock, Progress progress)
    : options_(options),
      writer_(writer),
      books_(books),
      progress_(progress),
      zipf_(options.wallets, options.zipf),
      random_(options.seed),
      key_random_(SystemRandom().next()),
      read_next_(options.connections) {
  uint32_t sum = 0;
  for (size_t i = 0; i < kOperations; ++i) thresholds_[i] = sum += options.mix[i];
  int64_t begin = clock.monotonic().micros;
  wall_offset_ = clock.now().micros - begin;
  shown_at_ = now_ = begin;
  window_start_ = begin + int64_t{options.warmup_seconds} * 1'000'000;
  // A count ends a closed loop instead of a time; the time it may take has a limit all the same: one day.
  int64_t micros = int64_t{options.count != 0 ? 86'400 : options.seconds} * 1'000'000;
  if (options.rate != 0 && options.count != 0)
    micros = static_cast<int64_t>(options.count * 1'000'000 / options.rate);
  window_end_ = window_start_ + micros;
  give_up_at_ = window_end_ + int64_t{options.timeout_seconds} * 1'000'000;
}

bool MixWorkload::next(size_t connection, int64_t due, std::string& out, uint64_t& context) {
  if (options_.read_after_write && read_next_[connection]) {
    Drawn read{.operation = Operation::kBalance, .wallet = *read_next_[connection]};
    read_next_[connection].reset();
    build_single(read, out);
    context = pack(read);
    return true;
  }
  if (stopped_ || due >= window_end_ || (options_.count != 0 && issued_ >= options_.count)) {
    stopped_ = true;
    return false;
  }
  if (due >= window_start_ && !in_window_) begin_window(due);
  if (in_window_) issued_ += options_.batch;
  if (options_.batch == 1) {
    Drawn drawn = draw();
    build_single(drawn, out);
    context = pack(drawn);
    return true;
  }
  if (free_batches_.empty()) {
    free_batches_.push_back(static_cast<uint32_t>(batches_.size()));
    batches_.emplace_back();
  }
  uint32_t slot = free_batches_.back();
  free_batches_.pop_back();
  build_batch(slot, out);
  context = slot;
  return true;
}

void MixWorkload::begin_window(int64_t due) {
  in_window_ = true;
  // A closed loop starts with the first request after the warm-up, an open one on the dot.
  if (options_.rate == 0) window_start_ = due;
  own_at_start_ = own_use();
  if (options_.server_pid != 0) server_at_start_ = use_of(options_.server_pid).value_or(ProcessUse{});
}

MixWorkload::Drawn MixWorkload::draw() {
  Drawn drawn;
  auto dice = static_cast<uint32_t>(random_.below(100));
  size_t operation = 0;
  while (dice >= thresholds_[operation]) ++operation;
  drawn.operation = static_cast<Operation>(operation);
  drawn.amount = 1 + static_cast<uint32_t>(random_.below(kLargestAmount));
  if (drawn.operation == Operation::kTransfer) {
    draw_pair(drawn);
    books_.touch(drawn.to);
  } else {
    drawn.wallet = options_.hot ? 0 : draw_wallet();
  }
  if (of_wallets(drawn.operation)) books_.touch(drawn.wallet);
  return drawn;
}

// Two different wallets; when one is hot it sends and receives equally often, so that it never runs dry.
void MixWorkload::draw_pair(Drawn& drawn) {
  drawn.wallet = options_.hot ? 0 : draw_wallet();
  do {
    drawn.to = draw_wallet();
  } while (drawn.to == drawn.wallet);
  if (options_.hot && random_.below(2) == 0) std::swap(drawn.wallet, drawn.to);
}

std::string_view MixWorkload::new_key() {
  key_.clear();
  if (options_.keys) make_uuid7({now_ + wall_offset_}, key_random_).append_to(key_);
  return key_;
}

void MixWorkload::wallet_path(uint32_t wallet, std::string_view action) {
  path_.assign("/v1/wallet/").append(options_.wallet_prefix);
  append_number(path_, wallet);
  path_.append(action);
}

void MixWorkload::build_single(const Drawn& drawn, std::string& out) {
  body_.assign("{\"amount\":");
  append_number(body_, drawn.amount);
  if (drawn.operation == Operation::kTransfer) {
    body_.append(",\"toWalletId\":\"").append(options_.wallet_prefix);
    append_number(body_, drawn.to);
    body_ += '"';
  }
  body_ += '}';
  switch (drawn.operation) {
    case Operation::kTransfer:
      wallet_path(drawn.wallet, "/transfer");
      break;
    case Operation::kDeposit:
      wallet_path(drawn.wallet, "/deposit");
      break;
    case Operation::kWithdraw:
      wallet_path(drawn.wallet, "/withdraw");
      break;
    case Operation::kBalance:
      wallet_path(drawn.wallet, "");
      return writer_.get(out, path_);
    case Operation::kEcho:
      path_ = options_.echo_path;
      break;
    case Operation::kCreate:
      body_.pop_back();
      body_.append(R"(,"currency":"USD","description":"load"})");
      path_ = "/api/transactions";
      break;
  }
  writer_.post(out, path_, new_key(), body_);
}

void MixWorkload::build_batch(uint32_t slot, std::string& out) {
  std::vector<Drawn>& batch = batches_[slot];
  batch.clear();
  body_ = "{\"operations\":[";
  for (uint32_t i = 0; i < options_.batch; ++i) {
    if (i != 0) body_ += ',';
    batch.push_back(draw());
    append_operation(batch.back());
  }
  body_ += "]}";
  writer_.post(out, "/v1/wallet/batch", {}, body_);
}

void MixWorkload::append_operation(const Drawn& drawn) {
  body_.append("{\"type\":\"").append(kBatchTypes[static_cast<size_t>(drawn.operation)]);
  body_.append("\",\"walletId\":\"").append(options_.wallet_prefix);
  append_number(body_, drawn.wallet);
  if (drawn.operation == Operation::kTransfer) {
    body_.append("\",\"toWalletId\":\"").append(options_.wallet_prefix);
    append_number(body_, drawn.to);
  }
  body_.append("\",\"amount\":");
  append_number(body_, drawn.amount);
  if (options_.keys) body_.append(",\"idempotencyKey\":\"").append(new_key()).append("\"");
  body_ += '}';
}

void MixWorkload::answered(size_t connection, const Ticket& ticket, const Answer& answer, int64_t now) {
  now_ = now;
  bool counted = in_window_ && ticket.due >= window_start_;
  if (counted) {
    ++counts_.requests;
    counts_.last_answer = now;
  }
  if (options_.batch > 1) {
    if (counted) count_latency(batches_[ticket.context].front().operation, now - ticket.due);
    return answered_batch(ticket, answer, counted);
  }
  Drawn drawn = unpack(ticket.context);
  settle_money(drawn, answer.status);
  bool wrote = drawn.operation == Operation::kTransfer;
  if (options_.read_after_write && wrote) read_next_[connection] = drawn.wallet;
  if (!counted) return;
  ++counts_.operations;
  ++counts_.statuses[status_index(answer.status)];
  count_latency(drawn.operation, now - ticket.due);
}

void MixWorkload::answered_batch(const Ticket& ticket, const Answer& answer, bool counted) {
  const std::vector<Drawn>& batch = batches_[ticket.context];
  batch_statuses_.clear();
  if (answer.status == 200) batch_statuses(answer.body, batch_statuses_);
  bool readable = answer.status != 200 || batch_statuses_.size() == batch.size();
  if (!readable && counted) ++counts_.bad_answers;
  for (size_t i = 0; i < batch.size(); ++i) {
    int status = answer.status == 200 ? (readable ? batch_statuses_[i] : 0) : answer.status;
    settle_money(batch[i], status);
    if (!counted) continue;
    ++counts_.operations;
    ++counts_.statuses[status_index(status)];
  }
  free_batches_.push_back(static_cast<uint32_t>(ticket.context));
}

void MixWorkload::settle_money(const Drawn& drawn, int status) {
  int64_t cents = kCentsPerUnit * drawn.amount;
  if (drawn.operation == Operation::kDeposit) books_.moved(cents, outcome_of(status));
  if (drawn.operation == Operation::kWithdraw) books_.moved(-cents, outcome_of(status));
}

void MixWorkload::count_latency(Operation operation, int64_t micros) {
  counts_.all.record(micros);
  if (operation == Operation::kBalance) {
    counts_.reads.record(micros);
  } else if (operation != Operation::kEcho) {
    counts_.writes.record(micros);
  }
}

void MixWorkload::lost(size_t, const Ticket& ticket, Loss loss, int64_t now) {
  now_ = now;
  if (options_.batch > 1) {
    for (const Drawn& drawn : batches_[ticket.context]) settle_money(drawn, 0);
    free_batches_.push_back(static_cast<uint32_t>(ticket.context));
  } else {
    settle_money(unpack(ticket.context), 0);
  }
  // Losses count even in the warm-up: they are never hidden.
  if (loss == Loss::kTimeout) ++counts_.timeouts;
  if (loss == Loss::kDisconnected) ++counts_.disconnects;
  if (loss == Loss::kBadAnswer) ++counts_.bad_answers;
}

bool MixWorkload::finished(int64_t now) const {
  if (stopped_) return true;
  return now >= (options_.rate != 0 ? give_up_at_ : window_end_);
}

void MixWorkload::tick(int64_t now) {
  if (options_.rate != 0 && now >= give_up_at_ && !stopped_) give_up(now);
  if (!progress_.due(now)) return;
  uint64_t rate =
      (counts_.operations - shown_operations_) * 1'000'000 / static_cast<uint64_t>(now - shown_at_ + 1);
  uint64_t lost = counts_.timeouts + counts_.disconnects + counts_.bad_answers;
  progress_.show("%s %3lld s  %8llu/s  p50 %lld us  p99 %lld us  lost %llu",
                 in_window_ ? "measuring" : "warming up",
                 static_cast<long long>((now - window_start_) / 1'000'000),
                 static_cast<unsigned long long>(rate), static_cast<long long>(counts_.all.percentile(500)),
                 static_cast<long long>(counts_.all.percentile(990)), static_cast<unsigned long long>(lost));
  shown_operations_ = counts_.operations;
  shown_at_ = now;
}

// What was due and never sent is no success: its waiting so far counts as its latency.
void MixWorkload::give_up(int64_t now) {
  stopped_ = true;
  auto window = static_cast<uint64_t>(window_end_ - window_start_);
  uint64_t due = options_.rate * window / 1'000'000;
  counts_.missed = due > issued_ ? due - issued_ : 0;
  for (uint64_t i = 0; i < counts_.missed; i += options_.batch) {
    auto before_end = static_cast<int64_t>(i * 1'000'000 / options_.rate);
    counts_.all.record(now - window_end_ + before_end);
  }
}

uint64_t MixWorkload::pack(const Drawn& drawn) {
  return static_cast<uint64_t>(drawn.operation) | uint64_t{drawn.amount} << 4 | uint64_t{drawn.wallet} << 20;
}

MixWorkload::Drawn MixWorkload::unpack(uint64_t context) {
  return {.operation = static_cast<Operation>(context & 0xF),
          .wallet = static_cast<uint32_t>(context >> 20),
          .to = 0,
          .amount = static_cast<uint32_t>(context >> 4 & 0xFFFF)};
}

}  // namespace ducat::load
