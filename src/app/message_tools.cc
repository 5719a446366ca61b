// See message_tools.h; the work is done by platform/broker/dead_letters.h.
#include "app/message_tools.h"

#include <sys/stat.h>

#include <cstdio>
#include <optional>

#include "base/system.h"
#include "platform/broker/dead_letters.h"
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
  // `alone`: no server may run beside it, if messages are delivered within the process.
  Status open(const MessageOptions& options, bool alone) {
    const std::string& data = options.common.data;
    DUCAT_ASSIGN(config::Settings settings, load_settings(options.common));
    storage::StorageTarget target = storage_target(settings, data, "broker", true);
    DUCAT_ASSIGN(broker::BrokerConfig config, broker::read_broker_config(settings, target));
    if (config.main.type == broker::BrokerTarget::Type::kEmbedded) {
      struct stat found {};
      if (target.type == storage::StorageTarget::Type::kSqlite && stat(target.path.c_str(), &found) != 0)
        return fail(Errc::kNotFound,
                    "there are no messages in " + data + "; say where the data is with --data");
      if (alone) {
        DUCAT_ASSIGN(directory_, storage::DataDirectory::open(data));
      }
    }
    DUCAT_ASSIGN(broker_, broker::make_broker(config, clock_, timers_));
    return broker_->start();
  }
  broker::Broker& broker() { return *broker_; }

 private:
  SystemClock clock_;
  ThreadTimers timers_;
  std::optional<storage::DataDirectory> directory_;
  std::unique_ptr<broker::Broker> broker_;
};

broker::DeadLetterOptions walk_of(const MessageOptions& options) {
  return {.group = options.group, .limit = options.limit};
}

}  // namespace

int list_messages(const MessageOptions& options) {
  Tool tool;
  if (Status opened = tool.open(options, false); !opened) return refuse(opened.error());
  auto listed = broker::list_dead_letters(
      tool.broker(), walk_of(options), [&](const broker::Message& letter) { print(letter, options.bodies); });
  if (!listed) return refuse(listed.error());
  std::fprintf(stderr, "%llu put aside\n", static_cast<unsigned long long>(*listed));
  return 0;
}

int redrive_messages(const MessageOptions& options) {
  Tool tool;
  if (Status opened = tool.open(options, true); !opened) return refuse(opened.error());
  auto moved = broker::redrive_dead_letters(tool.broker(), walk_of(options));
  if (!moved) return refuse(moved.error());
  std::printf("%llu moved to %s\n", static_cast<unsigned long long>(*moved),
              broker::retry_stream(options.group).name.c_str());
  return 0;
}

}  // namespace ducat::app
