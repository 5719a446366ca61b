// See redrive_desk.h.
#include "platform/broker/embedded/redrive_desk.h"

#include <chrono>
#include <optional>

#include "base/uuid.h"
#include "generated/broker_migrations.h"
#include "platform/broker/dead_letters.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker {
namespace {

enum State : int64_t { kWaits = 0, kUnderWay = 1, kDone = 2, kFailed = 3 };

constexpr auto kLook = std::chrono::milliseconds(100);  // of who ordered

struct Progress {
  State state = kWaits;
  uint64_t moved = 0;
  std::string error;
};

Result<std::optional<Progress>> read_progress(storage::Connection& connection, std::string_view id) {
  std::optional<Progress> found;
  DUCAT_TRY(connection.query("SELECT state, moved, error FROM broker_redrive_orders WHERE id = $1", {id},
                             [&](const storage::Row& row) {
                               found =
                                   Progress{static_cast<State>(row.int64(0)),
                                            static_cast<uint64_t>(row.int64(1)), std::string(row.text(2))};
                             }));
  return found;
}

// The order's end as its answer; nothing while it has none.
std::optional<Result<uint64_t>> answer_of(const std::optional<Progress>& progress) {
  using Answer = Result<uint64_t>;
  if (!progress) return Answer(fail(Errc::kNotFound, "the server was started anew meanwhile; order again"));
  if (progress->state == kDone) return Answer(progress->moved);
  if (progress->state == kFailed) return Answer(fail(Errc::kIo, progress->error));
  return std::nullopt;
}

// False: it is under way already.
Result<bool> withdraw(storage::Connection& connection, std::string_view id) {
  DUCAT_ASSIGN(int64_t gone,
               connection.execute("DELETE FROM broker_redrive_orders WHERE id = $1 AND state = 0", {id}));
  return gone == 1;
}

Result<uint64_t> wait_for(storage::Connection& connection, std::string_view id, const RedriveOrder& order,
                          Clock& clock) {
  const Timestamp begin = clock.monotonic();
  for (;;) {
    DUCAT_ASSIGN(std::optional<Progress> progress, read_progress(connection, id));
    if (auto answer = answer_of(progress)) return std::move(*answer);
    const Duration waited = clock.monotonic() - begin;
    if (progress->state == kWaits && waited > order.taken_within) {
      DUCAT_ASSIGN(bool withdrawn, withdraw(connection, id));
      if (withdrawn)
        return fail(Errc::kUnavailable,
                    "the server has not taken the order; is it an older one, or stuck? Nothing was moved");
    }
    if (waited - order.taken_within > order.done_within)
      return fail(Errc::kTimeout, "the server is still moving messages; look again with ducat messages list");
    std::this_thread::sleep_for(kLook);  // tidy: allow(sleep) another process has nothing to notify us with
  }
}

}  // namespace

Result<uint64_t> order_redrive(storage::Database& database, const RedriveOrder& order, Clock& clock,
                               Random& random) {
  DUCAT_ASSIGN(auto connection, database.connect(storage::Access::kWriter));
  DUCAT_TRY(storage::migrate(*connection, "broker", storage::broker_migrations()));
  const std::string id = make_uuid7(clock.now(), random).to_string();
  DUCAT_TRY(connection->execute(
      "INSERT INTO broker_redrive_orders (id, dead_group, most, state, moved, error) VALUES ($1, $2, $3, 0, "
      "0, "
      "'')",
      {std::string_view(id), std::string_view(order.group), static_cast<int64_t>(order.limit)}));
  Result<uint64_t> moved = wait_for(*connection, id, order, clock);
  DUCAT_TRY(connection->execute("DELETE FROM broker_redrive_orders WHERE id = $1 AND state <> 1",
                                {std::string_view(id)}));
  return moved;
}

RedriveDesk::RedriveDesk(Broker& broker, std::unique_ptr<storage::Database> database, Duration interval)
    : broker_(broker), database_(std::move(database)), interval_(interval) {}

Status RedriveDesk::start() {
  DUCAT_ASSIGN(connection_, database_->connect(storage::Access::kWriter));
  DUCAT_TRY(storage::migrate(*connection_, "broker", storage::broker_migrations()));
  DUCAT_TRY(connection_->execute("DELETE FROM broker_redrive_orders"));
  thread_ = std::thread([this] { run(); });
  return {};
}

void RedriveDesk::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void RedriveDesk::run() {
  while (!stopping_) {
    if (Status taken = take_one(); !taken && taken.error().code != Errc::kUnavailable)
      log::error("broker.redrive_order_failed", taken.error());
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::chrono::microseconds(interval_.micros), [this] { return stopping_.load(); });
  }
}

Status RedriveDesk::take_one() {
  std::string id;
  DeadLetterOptions walk;
  DUCAT_TRY(connection_->query(
      "SELECT id, dead_group, most FROM broker_redrive_orders WHERE state = 0 ORDER BY id LIMIT 1", {},
      [&](const storage::Row& row) {
        id = row.text(0);
        walk.group = row.text(1);
        walk.limit = static_cast<uint64_t>(row.int64(2));
      }));
  if (id.empty()) return {};
  DUCAT_ASSIGN(int64_t taken,
               connection_->execute("UPDATE broker_redrive_orders SET state = 1 WHERE id = $1 AND state = 0",
                                    {std::string_view(id)}));
  if (taken == 0) return {};  // withdrawn
  walk.quiet = Duration::seconds(1);
  walk.stopped = &stopping_;
  Result<uint64_t> moved = redrive_dead_letters(broker_, walk);
  if (moved && stopping_) moved = fail(Errc::kCancelled, "the server has stopped meanwhile; order again");
  log::info("broker.redriven", {{"group", walk.group}, {"messages", moved ? *moved : 0}});
  const std::string error = moved ? std::string() : moved.error().message;
  DUCAT_TRY(connection_->execute(
      "UPDATE broker_redrive_orders SET state = $1, moved = $2, error = $3 WHERE id = $4",
      {int64_t{moved ? kDone : kFailed}, static_cast<int64_t>(moved ? *moved : 0), std::string_view(error),
       std::string_view(id)}));
  return {};
}

}  // namespace ducat::broker
