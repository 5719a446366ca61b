#include "platform/runtime/module.h"

#include <gtest/gtest.h>

namespace ducat {
namespace {

using Log = std::vector<std::string>;

class Noted final : public Module {
 public:
  Noted(std::string name, Log& log, bool fails = false) : name_(std::move(name)), log_(log), fails_(fails) {}
  std::string name() const override { return name_; }
  Status start() override {
    log_.push_back("start " + name_);
    if (fails_) return fail(Errc::kBusy, name_ + " is in use");
    return {};
  }
  void stop() override { log_.push_back("stop " + name_); }
  Health health() const override { return {true, {}, {}}; }

 private:
  std::string name_;
  Log& log_;
  bool fails_;
};

TEST(ModuleHost, StartsInOrderAndStopsInReverse) {
  Log log;
  ModuleHost host;
  for (const char* name : {"a", "b", "c"}) host.add(std::make_unique<Noted>(name, log));
  EXPECT_TRUE(host.start());
  EXPECT_EQ(host.modules().size(), 3u);
  host.stop();
  EXPECT_EQ(log, (Log{"start a", "start b", "start c", "stop c", "stop b", "stop a"}));
}

TEST(ModuleHost, AFailedStartStopsWhatHadStartedAndTheFailedOne) {
  Log log;
  ModuleHost host;
  host.add(std::make_unique<Noted>("a", log));
  host.add(std::make_unique<Noted>("b", log, true));
  host.add(std::make_unique<Noted>("c", log));
  Status status = host.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "b is in use");
  EXPECT_EQ(log, (Log{"start a", "start b", "stop b", "stop a"}));
}

TEST(ModuleHost, StopsOnce) {
  Log log;
  ModuleHost host;
  host.add(std::make_unique<Noted>("a", log));
  host.stop();
  EXPECT_EQ(log, Log{}) << "what was not started is not stopped";
  EXPECT_TRUE(host.start());
  host.stop();
  host.stop();
  EXPECT_EQ(log, (Log{"start a", "stop a"}));
}

}  // namespace
}  // namespace ducat
