// Messages a second that the adapters publish and deliver, beside the benchmark tool of each server, on the
// same server with the same settings. `./dev bench brokers` fetches two of the tools and runs all; by hand:
//
//   ducat_broker_bench [--messages N] [--nats FILE] [--jars FOLDER]
//
// Starts the servers that are installed, one after the other. Tools: the program `nats` of natscli; a folder
// with the jars of RabbitMQ's PerfTest and of kafka-tools. A server whose tool is not given is measured
// alone.
//
// 300 bytes a message, 1,024 unconfirmed for the tools that can say so, streams on disk, quorum queues,
// Kafka's topics synced with each batch. One publisher, one consumer, everything acknowledged. The time to
// deliver is from the first message to the last.
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <regex>

#include "base/check.h"
#include "base/system.h"
#include "platform/broker/kafka/kafka.h"
#include "platform/broker/nats/nats.h"
#include "platform/broker/rabbitmq/rabbitmq.h"
#include "platform/broker/testing/kafka_server.h"
#include "platform/broker/testing/nats_server.h"
#include "platform/broker/testing/rabbitmq_server.h"

namespace ducat::broker {
namespace {

constexpr size_t kBatch = 1000;
constexpr size_t kWindow = 1024;
constexpr auto kPatience = std::chrono::minutes(2);
const std::string kBody = R"({"specversion":"1.0","data":{}})" + std::string(269, ' ');

SystemClock machine;

struct Rates {
  double publish = 0, deliver = 0;  // messages a second; 0: not measured
};

double rate_since(Timestamp since, size_t messages) {
  return static_cast<double>(messages) * 1e6 / static_cast<double>((machine.monotonic() - since).micros);
}

void report(const char* server, const Rates& ours, const Rates& of_tool) {
  auto line = [&](const char* what, double rate, double reference) {
    std::printf("%-9s %-8s %9.0f/s", server, what, rate);
    if (reference > 0) std::printf("   its own tool %9.0f/s   %.2f of it", reference, rate / reference);
    std::printf("\n");
  };
  line("publish", ours.publish, of_tool.publish);
  line("deliver", ours.deliver, of_tool.deliver);
  std::fflush(stdout);
}

// The last number that `pattern` captures in what the command prints. A tool that fails, or prints no such
// number, is shown, and counts as not measured.
double rate_of(const std::string& command, const char* pattern) {
  std::string output;
  std::FILE* pipe = popen(("timeout 120 " + command + " 2>&1").c_str(), "r");
  DUCAT_CHECK(pipe != nullptr, "a shell");
  for (char part[4096]; std::fgets(part, sizeof part, pipe) != nullptr;) output += part;
  int code = pclose(pipe);
  double rate = 0;
  const std::regex expression(pattern);
  for (std::sregex_iterator it(output.begin(), output.end(), expression), end; it != end; ++it) {
    std::string digits;
    for (char c : (*it)[1].str()) {
      if (c != ',') digits.push_back(c);
    }
    rate = std::atof(digits.c_str());
  }
  if (code != 0 || rate == 0) std::fprintf(stderr, "%s\n%s\n", command.c_str(), output.c_str());
  return code == 0 ? rate : 0;
}

std::string id_of(size_t number) {
  return "bench-" + std::to_string(number);
}

// Publishes in batches, several at a time, as feeds and consumers do.
double publish_all(Broker& broker, const std::string& stream, size_t messages) {
  ThreadExecutor executor("bench");
  Timestamp since = machine.monotonic();
  std::deque<std::future<Status>> outcomes;
  auto take_one = [&] {
    DUCAT_CHECK(outcomes.front().wait_for(kPatience) == std::future_status::ready, "the server confirms");
    DUCAT_CHECK(outcomes.front().get(), "a publish works");
    outcomes.pop_front();
  };
  for (size_t sent = 0; sent < messages; sent += kBatch) {
    std::vector<Message> batch;
    for (size_t i = sent; i < std::min(sent + kBatch, messages); ++i) {
      batch.push_back({stream, stream + ".placed", "key" + std::to_string(i % 100), id_of(i), kBody, {}});
    }
    auto promise = std::make_shared<std::promise<Status>>();
    outcomes.push_back(promise->get_future());
    broker.publish(std::move(batch), executor,
                   [promise](Status status) { promise->set_value(std::move(status)); });
    if (outcomes.size() == 4) take_one();
  }
  while (!outcomes.empty()) take_one();
  return rate_since(since, messages);
}

// Receives and acknowledges everything.
double consume_all(Broker& broker, const std::string& stream, size_t messages) {
  std::promise<void> done;
  std::atomic<Subscription*> acknowledging = nullptr;
  std::vector<uint64_t> early;
  size_t got = 0;
  Timestamp since;
  ThreadExecutor executor("bench");
  auto subscription =
      broker.subscribe({stream, {}, "bench", kWindow}, executor, [&](std::vector<Delivery> deliveries) {
        for (const Delivery& delivery : deliveries) early.push_back(delivery.tag);
        if (got == 0) since = machine.monotonic();
        got += deliveries.size();
        if (Subscription* to = acknowledging) {
          for (uint64_t tag : early) to->acknowledge(tag);
          early.clear();
        }
        if (got == messages) done.set_value();
      });
  DUCAT_CHECK(subscription, "a subscription works");
  acknowledging = subscription->get();
  executor.post([&] {
    for (uint64_t tag : early) (*subscription)->acknowledge(tag);
    early.clear();
  });
  DUCAT_CHECK(done.get_future().wait_for(kPatience) == std::future_status::ready, "everything comes");
  return rate_since(since, messages);
}

void expect(const Status& status, const char* what) {
  if (!status) std::fprintf(stderr, "%s\n", status.error().message.c_str());
  DUCAT_CHECK(status, what);
}

void declare(Broker& broker, const std::string& stream) {
  StreamSpec spec;
  spec.name = stream;
  spec.type_prefixes = {stream + "."};
  expect(broker.declare(spec), "a stream can be declared");
}

Rates measure(Broker& broker, size_t messages) {
  expect(broker.start(), "a broker starts");
  declare(broker, "bench");
  Rates rates;
  rates.publish = publish_all(broker, "bench", messages);
  rates.deliver = consume_all(broker, "bench", messages);
  return rates;
}

// In the following the tool's place is empty if it is not to be measured.

void bench_nats(const std::string& tool, size_t messages) {
  auto server = testing::NatsServer::start();
  DUCAT_CHECK(server, "nats-server starts");
  NatsOptions options;
  options.url = (*server)->url();
  options.publishing.window = kWindow;
  auto broker = make_nats_broker(options, machine);
  Rates ours = measure(*broker, messages), theirs;
  if (!tool.empty()) {
    declare(*broker, "tool");
    std::string command = tool + " --server " + options.url +
                          " bench tool.placed --js --stream tool --no-progress --size 300 --msgs " +
                          std::to_string(messages);
    const char* rate = R"(stats: ([\d,]+) msgs/sec)";
    theirs.publish = rate_of(command + " --pub 1 --pubbatch " + std::to_string(kWindow), rate);
    theirs.deliver = rate_of(command + " --sub 1 --pull --consumerbatch " + std::to_string(kWindow), rate);
  }
  broker->stop();
  report("NATS", ours, theirs);
}

void bench_rabbitmq(const std::string& jars, size_t messages) {
  auto server = testing::RabbitServer::start();
  DUCAT_CHECK(server, "rabbitmq-server starts");
  RabbitOptions options;
  options.url = (*server)->url();
  options.groups = {{"bench", "bench", "bench", {}}};
  options.publishing.window = kWindow;
  auto broker = make_rabbit_broker(options, machine);
  Rates ours = measure(*broker, messages), theirs;
  broker->stop();
  if (!jars.empty()) {
    std::string command = "java -cp '" + jars + "/*' com.rabbitmq.perf.PerfTest --uri " + options.url +
                          " --quorum-queue --queue tool --size 300 --flag persistent";
    const std::string count = std::to_string(messages), window = std::to_string(kWindow);
    theirs.publish = rate_of(command + " -x 1 -y 0 --confirm " + window + " --pmessages " + count,
                             R"(sending rate avg: (\d+) msg/s)");
    theirs.deliver = rate_of(command + " -x 0 -y 1 --qos " + window + " --cmessages " + count,
                             R"(receiving rate avg: (\d+) msg/s)");
  }
  report("RabbitMQ", ours, theirs);
}

void bench_kafka(const std::string& jars, size_t messages) {
  auto server = testing::KafkaServer::start();
  DUCAT_CHECK(server, "Kafka starts");
  KafkaOptions options;
  options.url = (*server)->url();
  auto broker = make_kafka_broker(options);
  DUCAT_CHECK(broker, "an url");
  Rates ours = measure(**broker, messages), theirs;
  if (!jars.empty()) {
    declare(**broker, "tool");
    const std::string java = "java -cp '" + jars + "/*' org.apache.kafka.tools.";
    const std::string node = options.url.substr(std::string_view("kafka://").size());
    const std::string count = std::to_string(messages);
    theirs.publish = rate_of(java + "ProducerPerformance --topic tool --record-size 300 --throughput -1" +
                                 " --num-records " + count + " --producer-props bootstrap.servers=" + node +
                                 " acks=all enable.idempotence=true",
                             R"(sent, ([\d.]+) records/sec)");
    // The last column is messages a second without the time to join the group.
    theirs.deliver =
        rate_of(java + "ConsumerPerformance --topic tool --group tool --hide-header --messages " + count +
                    " --bootstrap-server " + node,
                R"(, ([\d.]+)\n)");
  }
  (*broker)->stop();
  report("Kafka", ours, theirs);
}

}  // namespace
}  // namespace ducat::broker

int main(int argc, char** argv) {
  using namespace ducat::broker;
  std::map<std::string, std::string> given = {{"--messages", "100000"}, {"--nats", ""}, {"--jars", ""}};
  for (int i = 1; i + 1 < argc; i += 2) {
    auto option = given.find(argv[i]);
    if (option == given.end()) {
      std::fprintf(stderr, "ducat_broker_bench: what is %s?\n", argv[i]);
      return 2;
    }
    option->second = argv[i + 1];
  }
  auto messages = static_cast<size_t>(std::atoll(given["--messages"].c_str()));
  if (testing::NatsServer::missing().empty()) bench_nats(given["--nats"], messages);
  if (testing::RabbitServer::missing().empty()) bench_rabbitmq(given["--jars"], messages);
  if (testing::KafkaServer::missing().empty()) bench_kafka(given["--jars"], messages);
  return 0;
}
