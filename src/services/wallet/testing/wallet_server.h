// A wallet host on a test's databases, asked as a caller would: every call waits for its answer. Time stands
// in the test's hand; upkeep (holds that expire, transfers left open) runs only when a test calls it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>

#include "base/system.h"
#include "kernel/testing/backends.h"
#include "services/wallet/domain/testing/given.h"
#include "services/wallet/store/event_codec.h"
#include "services/wallet/wallet_host.h"
#include "services/wallet/wallet_verify.h"

namespace ducat::wallet::testing {

using kernel::Verdict;
using kernel::testing::Backend;
using kernel::testing::eventually;
using kernel::testing::number;
using kernel::testing::OnBackend;

// Every look at the clock is a microsecond later than the one before, so that no two commands have one time.
// Thread-safe.
class TestClock final : public Clock {
 public:
  Timestamp now() override { return {now_.fetch_add(1)}; }
  Timestamp monotonic() override { return system_.monotonic(); }
  void jump(Duration by) { now_ += by.micros; }

 private:
  SystemClock system_;
  std::atomic<int64_t> now_{kNoon.micros};
};

using Tweak = std::function<void(WalletHostOptions&)>;

class WalletServer {
 public:
  WalletServer(Backend& backend, TestClock& clock, size_t shards = 1, const Tweak& tweak = {})
      : clock_(clock), options_(options_of(backend, shards)) {
    if (tweak) tweak(options_);
    // The database server lets the sessions of an earlier host go in its own time.
    SystemClock system;
    for (Timestamp give_up = system.monotonic() + Duration::seconds(5);;) {
      host_ = std::make_unique<WalletHost>(options_, clock_, *timers_);
      started_ = host_->start();
      if (started_ || started_.error().code != Errc::kBusy || system.monotonic() > give_up) return;
      host_->stop();
      timers_ = std::make_unique<ThreadTimers>();  // the old ones end before the host they may call
    }
  }
  ~WalletServer() { stop(); }

  void stop() {
    if (!host_) return;
    host_->stop();
    home_.stop();
    timers_.reset();
    host_.reset();
  }
  const Status& started() const { return started_; }

  WalletOutcome run(std::string_view wallet, Command command, std::string key = {},
                    uint64_t fingerprint = 0) {
    const std::string request_id = "req-" + key;
    WalletRequest request{wallet, request_id, std::move(key), fingerprint, std::move(command)};
    return get(service().run(request, home_));
  }
  std::vector<WalletOutcome> run_batch(const std::vector<WalletRequest>& requests, bool atomic) {
    return get(service().run_batch(requests, atomic, home_));
  }
  WalletOutcome deposit(std::string_view wallet, std::string_view amount, std::string key = {}) {
    return run(wallet, Deposit{wallet, dec(amount), {}}, std::move(key));
  }
  WalletOutcome withdraw(std::string_view wallet, std::string_view amount, std::string key = {}) {
    return run(wallet, Withdraw{dec(amount)}, std::move(key));
  }
  WalletOutcome transfer(std::string_view from, std::string_view to, std::string_view amount,
                         std::string key = {}, uint64_t fingerprint = 0) {
    return run(from, Transfer{from, to, dec(amount)}, std::move(key), fingerprint);
  }
  Answer read(std::string_view wallet) {
    WalletOutcome outcome = run(wallet, ReadWallet{});
    EXPECT_EQ(outcome.verdict, Verdict::kAccepted);
    return outcome.answer;
  }
  int64_t balance(std::string_view wallet) { return read(wallet).wallet.state.balance; }
  int64_t available(std::string_view wallet) { return read(wallet).wallet.state.available(); }

  HistoryPage history(std::string_view wallet, int64_t limit, int64_t offset = 0, Position from = 0) {
    return expect(get(service().history(wallet, limit, offset, from, home_)));
  }
  std::optional<StoredEvent> at(std::string_view wallet, Timestamp time) {
    return expect(get(service().at(wallet, time, home_)));
  }
  std::vector<StoredHold> holds(std::string_view wallet, HoldFilter filter = {}) {
    return expect(get(service().holds(wallet, std::move(filter), home_)));
  }
  std::optional<TransferView> transfer_of(SagaId saga) {
    return expect(get(service().transfer(saga, home_)));
  }
  size_t expire_holds(size_t shard = 0) { return expect(get(service().expire_holds(shard, home_))); }
  size_t finish_transfers(size_t shard) { return expect(get(service().finish_transfers(shard, home_))); }
  // Until every shard's tables have all that was decided so far: a history is answered from them.
  void wait_for_tables(std::initializer_list<std::string_view> wallets) {
    for (std::string_view wallet : wallets) history(wallet, 1);
  }

  // Names of wallets of that shard: "w0", "w1" …
  std::vector<std::string> names_in(size_t shard, size_t count) {
    std::vector<std::string> names;
    for (int i = 0; names.size() < count; ++i) {
      std::string name = "w" + std::to_string(i);
      if (service().shard_of(name) == shard) names.push_back(std::move(name));
    }
    return names;
  }

  WalletService& service() { return host_->service(); }
  WalletHost& host() { return *host_; }
  const WalletHostOptions& options() const { return options_; }

  // Every shard's report, once its server has stopped or its tables have followed.
  static std::vector<VerifyReport> verify(const WalletHostOptions& options) {
    std::vector<VerifyReport> reports;
    for (const ShardTargets& shard : options.shards) {
      auto journal = storage::open(shard.journal);
      auto tables = storage::open(shard.tables);
      EXPECT_TRUE(journal.has_value() && tables.has_value());
      auto report = verify_shard(**journal, **tables, options.engine.key_life);
      EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
      reports.push_back(report ? std::move(*report) : VerifyReport{});
    }
    return reports;
  }
  // Stops, and expects every shard to be sound.
  void stop_and_verify() {
    stop();
    uint64_t records = 0;
    for (const VerifyReport& report : verify(options_)) {
      for (const std::string& violation : report.violations) ADD_FAILURE() << violation;
      records += report.records;
    }
    EXPECT_GT(records, 0u) << "something was verified";
  }

 private:
  static WalletHostOptions options_of(Backend& backend, size_t shards) {
    WalletHostOptions options;
    for (size_t i = 0; i < shards; ++i) {
      std::string name = "wallet_" + std::to_string(i);
      options.shards.push_back({backend.target(name, true), backend.target(name, false)});
    }
    options.engine.lease.holder = "test";
    options.wallets_in_memory = 10'000;
    options.saga_interval = options.hold_interval = Duration::seconds(3600);
    return options;
  }
  template <typename T>
  static T get(Task<T> task) {
    std::promise<T> done;
    start(std::move(task), [&done](T value) { done.set_value(std::move(value)); });
    return done.get_future().get();
  }
  template <typename T>
  static T expect(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
    return result ? std::move(*result) : T();
  }

  TestClock& clock_;
  WalletHostOptions options_;
  std::unique_ptr<ThreadTimers> timers_ = std::make_unique<ThreadTimers>();
  std::unique_ptr<WalletHost> host_;
  Status started_;
  ThreadExecutor home_{"home"};
};

// "422 InsufficientFundsError: …", or what else came of it.
inline std::string text_of(const WalletOutcome& outcome, std::string_view wallet = "ann",
                           std::string_view receiver = "bob") {
  switch (outcome.verdict) {
    case Verdict::kAccepted:
      return "accepted";
    case Verdict::kReplayed:
      return "replayed";
    case Verdict::kRefused: {
      RenderedRefusal refusal = render(outcome.refusal, wallet, receiver);
      return std::to_string(refusal.status) + " " + std::string(refusal.type) + ": " + refusal.message;
    }
    case Verdict::kKeyReused:
      return "key reused";
    case Verdict::kSkipped:
      return "skipped";
    default:
      return "unavailable";
  }
}

// "FUNDS_DEPOSITED 100" of an event as it is stored, with minor units.
inline std::string text_of(const StoredEvent& stored) {
  auto decoded = decode_view(stored.body);
  if (!decoded) return decoded.error().message;
  std::string text(to_string(decoded->event.type));
  if (has_amount(decoded->event.type)) text += " " + std::to_string(decoded->event.amount);
  return text;
}

// All rows of the wallet's tables, as text, table by table.
inline std::vector<std::string> dump_tables(const storage::StorageTarget& target) {
  struct Table {
    std::string name, order;
    std::vector<std::string> columns;
  };
  const Table tables[] = {
      {"wallets",
       "no",
       {"no", "id", "currency", "status", "balance", "held", "credit_limit", "daily_limit", "day",
        "day_spent", "open_holds", "events", "head"}},
      {"wallet_names", "no", {"id", "no"}},
      {"wallet_events", "position", {"position", "wallet", "seq", "prev", "at", "body"}},
      {"wallet_marks", "wallet, seq", {"wallet", "seq", "position", "at"}},
      {"wallet_holds",
       "no",
       {"no", "hold_id", "wallet", "state", "amount", "captured", "is_transfer", "expires_at", "created_at",
        "updated_at", "counterparty", "request_id", "reason"}},
      {"wallet_accounts", "kind, currency", {"kind", "currency", "balance"}}};
  auto database = storage::open(target);
  EXPECT_TRUE(database.has_value());
  auto connection = (*database)->connect(storage::Access::kReader);
  EXPECT_TRUE(connection.has_value());
  std::vector<std::string> rows;
  for (const Table& table : tables) {
    std::string sql = "SELECT ";
    for (const std::string& column : table.columns) {
      // Whatever is text or bytes; the others are numbers.
      sql += column == "body" ? "body, " : "CAST(" + column + " AS text), ";
    }
    sql.resize(sql.size() - 2);
    sql += " FROM " + table.name + " ORDER BY " + table.order;
    Status read = (*connection)->query(sql, {}, [&](const storage::Row& row) {
      std::string text = table.name + ":";
      for (size_t i = 0; i < table.columns.size(); ++i) {
        int column = static_cast<int>(i);
        bool bytes = table.columns[i] == "body";
        text += "|";
        if (!row.is_null(column)) text += bytes ? row.blob(column) : row.text(column);
        if (row.is_null(column)) text += "NULL";
      }
      rows.push_back(std::move(text));
    });
    EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().message);
  }
  return rows;
}

}  // namespace ducat::wallet::testing
