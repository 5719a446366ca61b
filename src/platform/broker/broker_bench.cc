// Messages a second that the adapters publish and deliver, beside a minimal loop over the client library with
// the same settings (the servers' own benchmark tools are not packaged). Run by hand:
//
//   ducat_broker_bench [messages]      default 100,000; starts the servers that are installed
//
// 300 bytes a message, a window of 1,024 unconfirmed, streams on disk, quorum queues.
#include <amqp_tcp_socket.h>
#include <nats/nats.h>

#include <cstdio>
#include <cstdlib>
#include <future>

#include "base/check.h"
#include "base/system.h"
#include "platform/broker/nats/nats.h"
#include "platform/broker/rabbitmq/rabbitmq.h"
#include "platform/broker/testing/nats_server.h"
#include "platform/broker/testing/rabbitmq_server.h"

namespace ducat::broker {
namespace {

constexpr size_t kBatch = 1000;
constexpr size_t kWindow = 1024;
constexpr auto kPatience = std::chrono::minutes(2);
const std::string kBody = R"({"specversion":"1.0","data":{}})" + std::string(270, ' ');

SystemClock machine;

// Prints the rate, and the ratio to a reference if there is one. Answers the rate.
double report(const char* what, size_t messages, Timestamp since, double reference = 0) {
  double seconds = static_cast<double>((machine.monotonic() - since).micros) / 1e6;
  double rate = static_cast<double>(messages) / seconds;
  std::printf("%-36s %9.0f/s", what, rate);
  if (reference > 0) std::printf("   %.2f of the minimal loop", rate / reference);
  std::printf("\n");
  return rate;
}

std::string id_of(size_t number) {
  return "bench-" + std::to_string(number);
}

// Publishes in batches, several at a time, as feeds and consumers do.
void publish_all(Broker& broker, const std::string& stream, size_t messages) {
  ThreadExecutor executor("bench");
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
}

// Receives and acknowledges everything.
void consume_all(Broker& broker, const std::string& stream, size_t messages) {
  std::promise<void> done;
  std::atomic<Subscription*> acknowledging = nullptr;
  std::vector<uint64_t> early;
  size_t got = 0;
  ThreadExecutor executor("bench");
  auto subscription =
      broker.subscribe({stream, {}, "bench", kWindow}, executor, [&](std::vector<Delivery> deliveries) {
        for (const Delivery& delivery : deliveries) early.push_back(delivery.tag);
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
}

void declare(Broker& broker, const std::string& stream) {
  Status started = broker.start();
  StreamSpec spec;
  spec.name = stream;
  spec.type_prefixes = {stream + "."};
  if (started) started = broker.declare(spec);
  if (!started) std::fprintf(stderr, "%s\n", started.error().message.c_str());
  DUCAT_CHECK(started, "a broker starts and has a stream");
}

// What libnats does by itself: asynchronous publishes into the stream, with ids.
double minimal_nats(const std::string& url, size_t messages) {
  natsConnection* connection = nullptr;
  jsCtx* jetstream = nullptr;
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = kWindow;
  options.PublishAsync.StallWait = 60'000;
  natsStatus status = natsConnection_ConnectTo(&connection, url.c_str());
  if (status == NATS_OK) status = natsConnection_JetStream(&jetstream, connection, &options);
  Timestamp since = machine.monotonic();
  for (size_t i = 0; i < messages && status == NATS_OK; ++i) {
    std::string id = "minimal-" + std::to_string(i);
    jsPubOptions each;
    jsPubOptions_Init(&each);
    each.MsgId = id.c_str();
    status = js_PublishAsync(jetstream, "bench.minimal", kBody.data(), static_cast<int>(kBody.size()), &each);
  }
  if (status == NATS_OK) status = js_PublishAsyncComplete(jetstream, nullptr);
  DUCAT_CHECK(status == NATS_OK, "the minimal loop works");
  double rate = report("NATS: minimal loop over libnats", messages, since);
  jsCtx_Destroy(jetstream);
  natsConnection_Destroy(connection);
  return rate;
}

void bench_nats(size_t messages) {
  auto server = testing::NatsServer::start();
  DUCAT_CHECK(server, "nats-server starts");
  NatsOptions options;
  options.url = (*server)->url();
  options.publishing.window = kWindow;
  auto broker = make_nats_broker(options, machine);
  declare(*broker, "bench");
  double minimal = minimal_nats(options.url, messages);
  Timestamp since = machine.monotonic();
  publish_all(*broker, "bench", messages);
  report("NATS: the adapter publishes", messages, since, minimal);
  since = machine.monotonic();
  consume_all(*broker, "bench", 2 * messages);
  report("NATS: the adapter delivers", 2 * messages, since);
  broker->stop();
}

// Takes one confirmation, or several at once; the highest number confirmed.
uint64_t take_confirmation(amqp_connection_state_t state) {
  amqp_frame_t frame;
  amqp_maybe_release_buffers(state);
  DUCAT_CHECK(amqp_simple_wait_frame(state, &frame) == AMQP_STATUS_OK, "the server answers");
  DUCAT_CHECK(frame.payload.method.id == AMQP_BASIC_ACK_METHOD, "the server confirms");
  return static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded)->delivery_tag;
}

// What librabbitmq does by itself: persistent messages on a channel in confirm mode. Confirmations of one
// queue come in order.
double minimal_rabbit(const std::string& url, size_t messages) {
  std::string copy = url;
  amqp_connection_info info{};
  DUCAT_CHECK(amqp_parse_url(copy.data(), &info) == AMQP_STATUS_OK, "an url");
  amqp_connection_state_t state = amqp_new_connection();
  amqp_socket_t* socket = amqp_tcp_socket_new(state);
  DUCAT_CHECK(amqp_socket_open(socket, info.host, info.port) == AMQP_STATUS_OK, "a connection");
  amqp_login(state, info.vhost, 0, 131'072, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password);
  amqp_channel_open(state, 1);
  amqp_confirm_select(state, 1);
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
  properties.delivery_mode = 2;
  Timestamp since = machine.monotonic();
  uint64_t confirmed = 0;
  for (uint64_t sent = 1; sent <= messages; ++sent) {
    std::string id = id_of(sent);
    properties.message_id = amqp_cstring_bytes(id.c_str());
    int status =
        amqp_basic_publish(state, 1, amqp_cstring_bytes("bench"), amqp_cstring_bytes("bench.minimal"), 0, 0,
                           &properties, {kBody.size(), const_cast<char*>(kBody.data())});
    DUCAT_CHECK(status == AMQP_STATUS_OK, "a publish works");
    while (sent - confirmed >= kWindow) confirmed = take_confirmation(state);
  }
  while (confirmed < messages) confirmed = take_confirmation(state);
  double rate = report("RabbitMQ: minimal loop over librabbitmq", messages, since);
  amqp_connection_close(state, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(state);
  return rate;
}

void bench_rabbitmq(size_t messages) {
  auto server = testing::RabbitServer::start();
  DUCAT_CHECK(server, "rabbitmq-server starts");
  RabbitOptions options;
  options.url = (*server)->url();
  options.groups = {{"bench", "bench", "bench", {}}};
  options.publishing.window = kWindow;
  auto broker = make_rabbit_broker(options, machine);
  declare(*broker, "bench");
  double minimal = minimal_rabbit(options.url, messages);
  Timestamp since = machine.monotonic();
  publish_all(*broker, "bench", messages);
  report("RabbitMQ: the adapter publishes", messages, since, minimal);
  since = machine.monotonic();
  consume_all(*broker, "bench", 2 * messages);
  report("RabbitMQ: the adapter delivers", 2 * messages, since);
  broker->stop();
}

}  // namespace
}  // namespace ducat::broker

int main(int argc, char** argv) {
  using namespace ducat::broker;
  size_t messages = argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 100'000;
  if (testing::NatsServer::missing().empty()) bench_nats(messages);
  if (testing::RabbitServer::missing().empty()) bench_rabbitmq(messages);
  return 0;
}
