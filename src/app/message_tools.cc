// See message_tools.h; the work is done by platform/broker/dead_letters.h.
#include "app/message_tools.h"

#include <sys/stat.h>

#include <cstdio>
#include <optional>

#include "base/system.h"
#include "platform/broker/dead_letters.h"
#include "platform/broker/embedded/redrive_desk.h"
#include "platform/broker/open.h"
#include "platform/rpc/json_text.h"
#include "platform/storage/data_directory.h"

namespace ducat::app {
namespace {

int refuse(const Error& error) {
  std::fprintf(stderr, "ducat: %s\n", error.message.c_str());
  return 2;
}

void print(const broker::Message& letter, bool with_body) {
  std::string line;
  rpc::JsonBuilder json(line);
  json.begin_object();
  json.key("id").text(broker::header(letter, broker::kDeadId));
  json.key("type").text(letter.type);
  json.key("key").text(letter.key);
  json.key("stream").text(broker::header(letter, broker::kDeadStream));
  json.key("at").text(broker::header(letter, broker::kDeadAt));
  json.key("attempts").text(broker::header(letter, broker::kDeadAttempts));
  json.key("reason").text(broker::header(letter, broker::kDeadReason));
  if (with_body) json.key("body").text(letter.body);
  json.end_object();
  std::puts(line.c_str());
}

// The broker of the configuration, for as long as a command runs.
class Tool {
 public:
  ~Tool() {
    if (broker_) broker_->stop();
  }
  Status read(const MessageOptions& options) {
    const std::string& data = options.common.data;
    DUCAT_ASSIGN(config::Settings settings, load_settings(options.common));
    storage::StorageTarget target = storage_target(settings, data, "broker", true);
    DUCAT_ASSIGN(config_, broker::read_broker_config(settings, target));
    struct stat found {};
    if (in_process() && target.type == storage::StorageTarget::Type::kSqlite &&
        stat(target.path.c_str(), &found) != 0) {
      return fail(Errc::kNotFound,
                  "there are no messages in " + data + "; say where the data is with --data");
    }
    return {};
  }
  // Messages are delivered within the process, so that only that one may move them.
  bool in_process() const { return config_.main.type == broker::BrokerTarget::Type::kEmbedded; }
  // False: a server runs, and is to be asked.
  Result<bool> take_directory(const std::string& data) {
    auto taken = storage::DataDirectory::open(data);
    if (!taken && taken.error().code == Errc::kBusy) return false;
    if (!taken) return propagate(taken);
    directory_ = std::move(*taken);
    return true;
  }
  Status open() {
    DUCAT_ASSIGN(broker_, broker::make_broker(config_, clock_, timers_));
    return broker_->start();
  }
  broker::Broker& broker() { return *broker_; }
  Result<uint64_t> order(const MessageOptions& options) {
    DUCAT_ASSIGN(auto database, storage::open(config_.embedded));
    SystemRandom random;
    return broker::order_redrive(*database, {.group = options.group, .limit = options.limit}, clock_, random);
  }

 private:
  broker::BrokerConfig config_;
  SystemClock clock_;
  ThreadTimers timers_;
  std::optional<storage::DataDirectory> directory_;
  std::unique_ptr<broker::Broker> broker_;
};

broker::DeadLetterOptions walk_of(const MessageOptions& options) {
  return {.group = options.group, .limit = options.limit};
}

Result<uint64_t> list(const MessageOptions& options) {
  Tool tool;
  DUCAT_TRY(tool.read(options));
  DUCAT_TRY(tool.open());
  return broker::list_dead_letters(tool.broker(), walk_of(options),
                                   [&](const broker::Message& letter) { print(letter, options.bodies); });
}

Result<uint64_t> redrive(const MessageOptions& options) {
  Tool tool;
  DUCAT_TRY(tool.read(options));
  if (tool.in_process()) {
    DUCAT_ASSIGN(bool alone, tool.take_directory(options.common.data));
    if (!alone) return tool.order(options);
  }
  DUCAT_TRY(tool.open());
  return broker::redrive_dead_letters(tool.broker(), walk_of(options));
}

}  // namespace

int list_messages(const MessageOptions& options) {
  auto listed = list(options);
  if (!listed) return refuse(listed.error());
  std::fprintf(stderr, "%llu put aside\n", static_cast<unsigned long long>(*listed));
  return 0;
}

int redrive_messages(const MessageOptions& options) {
  auto moved = redrive(options);
  if (!moved) return refuse(moved.error());
  std::printf("%llu moved to %s\n", static_cast<unsigned long long>(*moved),
              broker::retry_stream(options.group).name.c_str());
  return 0;
}

}  // namespace ducat::app
