// See bulk.h.
#include "simulate/load/bulk.h"

#include <algorithm>

#include "simulate/load/answers.h"

namespace ducat::load {
namespace {

constexpr size_t kMaxRepetitions = 10'000;
// Deposits in one request: 2,000 are some 250 KB, well under the server's limit of 1 MiB and 8,192
// operations.
constexpr uint32_t kFundChunk = 2'000;
constexpr int64_t kCentsPerUnit = 100;

std::string excerpt(std::string_view body) {
  return std::string(body.substr(0, 300));
}

}  // namespace

BulkWorkload::BulkWorkload(size_t chunks, Progress progress, std::string what)
    : chunks_(chunks), progress_(progress), what_(std::move(what)) {}

bool BulkWorkload::next(size_t, int64_t, std::string& out, uint64_t& context) {
  if (!status_) return false;
  if (!again_.empty()) {
    context = again_.front();
    again_.pop_front();
  } else if (started_ < chunks_) {
    context = started_++;
  } else {
    return false;
  }
  build(context, out);
  return true;
}

void BulkWorkload::answered(size_t, const Ticket& ticket, const Answer& answer, int64_t) {
  std::string status = std::to_string(answer.status);
  if (answer.status >= 500 || answer.status == 429) return again(ticket.context, "was answered " + status);
  Status taken =
      answer.status == 200
          ? take(ticket.context, answer.body)
          : Status(fail(Errc::kIo, what_ + " was answered " + status + ": " + excerpt(answer.body)));
  ++done_;
  if (!taken && status_) status_ = std::move(taken);
}

void BulkWorkload::lost(size_t, const Ticket& ticket, Loss, int64_t) {
  again(ticket.context, "got no answer");
}

void BulkWorkload::again(size_t chunk, const std::string& why) {
  again_.push_back(chunk);
  if (++repetitions_ > kMaxRepetitions && status_) {
    status_ = fail(Errc::kUnavailable, what_ + " " + why + " too often");
  }
}

bool BulkWorkload::finished(int64_t) const {
  return !status_ || done_ == chunks_;
}

void BulkWorkload::tick(int64_t now) {
  if (progress_.due(now)) progress_.show("%s: %zu of %zu requests", what_.c_str(), done_, chunks_);
}

FundWorkload::FundWorkload(Plan plan, Progress progress)
    : BulkWorkload((plan.wallets + kFundChunk - 1) / kFundChunk, progress, "funding the wallets"),
      plan_(std::move(plan)) {}

void FundWorkload::build(size_t chunk, std::string& out) {
  auto first = static_cast<uint32_t>(chunk) * kFundChunk;
  uint32_t last = std::min(first + kFundChunk, plan_.wallets);
  std::string units = std::to_string(plan_.units);
  body_ = "{\"operations\":[";
  for (uint32_t i = first; i < last; ++i) {
    std::string wallet = plan_.prefix + std::to_string(i);
    if (i != first) body_ += ',';
    body_ += "{\"type\":\"deposit\",\"walletId\":\"" + wallet + "\",\"amount\":" + units +
             ",\"idempotencyKey\":\"fund-" + wallet + "-" + units + "\"}";
  }
  body_ += "]}";
  plan_.writer->post(out, "/v1/wallet/batch", {}, body_);
}

Status FundWorkload::take(size_t chunk, std::string_view body) {
  auto first = static_cast<uint32_t>(chunk) * kFundChunk;
  uint32_t count = std::min(kFundChunk, plan_.wallets - first);
  std::vector<std::string_view> elements = array_elements(body);
  if (elements.size() != count) {
    return fail(Errc::kIo, "a batch of " + std::to_string(count) + " deposits was answered " +
                               std::to_string(elements.size()) + " results: " + excerpt(body));
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (number_after(elements[i], "\"statusCode\":") != "200") {
      return fail(Errc::kIo, "a deposit was refused: " + excerpt(elements[i]));
    }
    auto cents = parse_cents(number_after(elements[i], "\"balance\":"));
    if (!cents) return fail(Errc::kIo, "a deposit's answer has no exact balance: " + excerpt(elements[i]));
    // A repeated key answers the balance of then, not of now.
    bool repeated = elements[i].find("\"replayed\":true") != std::string_view::npos;
    if (repeated) plan_.on_repeat(first + i);
    if (!repeated) plan_.on_balance(first + i, *cents);
    if (!repeated && *cents < kCentsPerUnit * plan_.units) {
      return fail(Errc::kIo, "a balance is smaller than the deposit it got: " + excerpt(elements[i]));
    }
  }
  return {};
}

ReadWorkload::ReadWorkload(Plan plan, Progress progress)
    : BulkWorkload(plan.wallets.size(), progress, "reading balances"), plan_(std::move(plan)) {}

void ReadWorkload::build(size_t chunk, std::string& out) {
  plan_.writer->get(out, "/v1/wallet/" + plan_.prefix + std::to_string(plan_.wallets[chunk]));
}

Status ReadWorkload::take(size_t chunk, std::string_view body) {
  auto cents = parse_cents(number_after(body, "\"balance\":"));
  if (!cents) return fail(Errc::kIo, "an answer has no exact balance: " + excerpt(body));
  plan_.on_balance(plan_.wallets[chunk], *cents);
  return {};
}

}  // namespace ducat::load
