// A PostgreSQL server for one test program: a new cluster in a temporary directory, on a free port of
// 127.0.0.1, removed at the end. Also when the tests run as root, which the server refuses: it then runs as
// `postgres` or `nobody`.
//
//   if (auto why = TemporaryPostgres::missing(); !why.empty()) DUCAT_NO_POSTGRES(why);
//   auto server = TemporaryPostgres::start({});
//   open_postgres({.url = (*server)->url(), .schema = "wallet"});
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/storage/testing/temporary_directory.h"

namespace ducat::storage {

struct TemporaryPostgresOptions {
  bool fsync = false;  // true: a commit survives a power cut; false: a server that is killed only
  std::vector<std::string> settings;  // "name=value" for postgres -c
};

// One thread; the server dies with the thread that started it. Costs about two seconds to start, so a test
// program shares one and gives each test a schema or database of its own.
class TemporaryPostgres {
 public:
  using Options = TemporaryPostgresOptions;
  // How a server is ended.
  enum class Stop { kFast, kImmediate, kKill };

  // Empty if the server's programs are installed; else what to say when skipping.
  static std::string missing();
  // True where a missing server is a failure and no reason to skip: in CI (CI=true).
  static bool required();

  // Makes the cluster and waits until it answers.
  static Result<std::unique_ptr<TemporaryPostgres>> start(const Options& options);
  ~TemporaryPostgres();
  TemporaryPostgres(const TemporaryPostgres&) = delete;
  TemporaryPostgres& operator=(const TemporaryPostgres&) = delete;

  // postgresql://ducat@127.0.0.1:PORT/<database>; a superuser without a password.
  std::string url(std::string_view database = "postgres") const;
  uint16_t port() const { return port_; }

  // kFast lets running statements go and ends sessions; kImmediate is a crash with recovery; kKill is
  // SIGKILL. Blocks until the server has gone. Harmless when it has.
  void stop(Stop how);
  // Starts it again on the same port with the same data.
  Status restart();

 private:
  explicit TemporaryPostgres(Options options) : options_(std::move(options)) {}
  Status make_cluster();
  Status launch();
  Status wait_until_ready();

  Options options_;
  TemporaryDirectory directory_;
  uint16_t port_ = 0;
  pid_t server_ = -1;
};

}  // namespace ducat::storage

// Skips the test with the reason, or fails it where a server is required. For GoogleTest bodies.
#define DUCAT_NO_POSTGRES(why)                                                                          \
  do {                                                                                                  \
    if (::ducat::storage::TemporaryPostgres::required()) FAIL() << "PostgreSQL is required: " << (why); \
    GTEST_SKIP() << "skipped: " << (why);                                                               \
  } while (false)
