// A wallet server small enough to be right by inspection, for the tests of the load generator: one thread, a
// map of balances, and bugs that can be planted, because a check that has never failed is not known to work.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace ducat::load {

// Starts in its constructor on a free port of the loopback, stops in its destructor. The settings are read by
// its thread: set them before the first request or keep to the atomic ones.
class FakeWalletServer {
 public:
  struct Plan {
    bool loses_a_unit = false;        // every 10th transfer credits one unit less than it debits
    bool ignores_overdraft = false;   // balances may fall below zero
    bool drops_batch_result = false;  // measured batches are answered with one result too few
    int fail_every = 0;               // each n-th movement is answered 500 after it was done
    int drop_every = 0;               // each n-th movement breaks its connection after it was done
    int silent_every = 0;             // each n-th movement is never answered
    int lag_polls = 0;                // how often /metrics tells a lag before 0; negative: no such metric
  };

  explicit FakeWalletServer(Plan plan);
  FakeWalletServer() : FakeWalletServer(Plan()) {}
  ~FakeWalletServer();
  FakeWalletServer(const FakeWalletServer&) = delete;
  FakeWalletServer& operator=(const FakeWalletServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  uint64_t keys_seen() const { return keys_seen_; }
  uint64_t keys_repeated() const { return keys_repeated_; }
  uint64_t reads() const { return reads_; }
  uint64_t movements() const { return movements_; }
  uint64_t metrics_polls() const { return metrics_polls_; }

 private:
  struct Reply {
    int status = 200;
    std::string body;
  };
  enum class Fate : uint8_t { kAnswer, kDrop, kSilent };

  void serve();
  void accept_one();
  bool read_from(int fd);
  Fate handle(std::string_view head, std::string_view body, std::string& out);
  Fate moved(Reply& reply);
  Reply route(std::string_view method, std::string_view path, std::string_view body);
  Reply batch(std::string_view body);
  Reply move(std::string_view type, const std::string& wallet, const std::string& to, int64_t amount);
  Reply metrics();

  Plan plan_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::unordered_map<std::string, int64_t> balances_;
  std::unordered_map<std::string, std::string> keys_;  // to the body answered
  std::unordered_map<int, std::string> pending_;
  bool funded_ = false;
  std::atomic<uint64_t> keys_seen_ = 0, keys_repeated_ = 0, reads_ = 0, movements_ = 0, metrics_polls_ = 0;
  std::thread thread_;
};

}  // namespace ducat::load
