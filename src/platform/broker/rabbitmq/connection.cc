// See connection.h.
#include "platform/broker/rabbitmq/connection.h"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace ducat::broker::rabbitmq {
namespace {

constexpr int kLargestFrame = 131'072;
constexpr Duration kLongestWait = Duration::seconds(1);

timeval seconds_of(Duration duration) {
  return {duration.micros / 1'000'000, duration.micros % 1'000'000};
}

// A url and what librabbitmq finds in it; the texts point into the copy.
struct Url {
  explicit Url(const std::string& url) : copy(url) { status = amqp_parse_url(copy.data(), &info); }
  std::string copy;
  amqp_connection_info info{};
  int status;
};

}  // namespace

amqp_table_entry_t entry(std::string_view key, std::string_view value) {
  amqp_table_entry_t made{};
  made.key = bytes(key);
  made.value.kind = AMQP_FIELD_KIND_UTF8;
  made.value.value.bytes = bytes(value);
  return made;
}

amqp_table_entry_t entry(std::string_view key, int64_t value) {
  amqp_table_entry_t made{};
  made.key = bytes(key);
  made.value.kind = AMQP_FIELD_KIND_I64;
  made.value.value.i64 = value;
  return made;
}

Wake::Wake() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  DUCAT_CHECK(descriptor_ >= 0, "a thread that waits for a socket needs an event");
}

Wake::~Wake() {
  close(descriptor_);
}

void Wake::set() {
  uint64_t one = 1;
  // Full means that it is set already.
  [[maybe_unused]] ssize_t written = write(descriptor_, &one, sizeof(one));
}

void Wake::clear() {
  uint64_t count = 0;
  [[maybe_unused]] ssize_t taken = read(descriptor_, &count, sizeof(count));
}

void Wake::wait(Duration limit) {
  pollfd event{descriptor_, POLLIN, 0};
  poll(&event, 1, static_cast<int>((limit.micros + 999) / 1000));
  clear();
}

std::string Connection::address(const RabbitOptions& options) {
  Url url(options.url);
  if (url.status != AMQP_STATUS_OK) return "an url that is not understood";
  return std::string(url.info.host) + ":" + std::to_string(url.info.port);
}

Result<std::unique_ptr<Connection>> Connection::open(const RabbitOptions& options) {
  std::unique_ptr<Connection> connection(new Connection);
  DUCAT_TRY(connection->connect(options));
  return connection;
}

Status Connection::connect(const RabbitOptions& options) {
  Url url(options.url);
  if (url.status != AMQP_STATUS_OK)
    return fail(Errc::kInvalid, "the url of RabbitMQ is not amqp://user:password@host:port/vhost");
  state_ = amqp_new_connection();
  if (state_ == nullptr) return fail(Errc::kIo, "no memory for a connection");
  amqp_socket_t* socket = url.info.ssl ? amqp_ssl_socket_new(state_) : amqp_tcp_socket_new(state_);
  if (socket == nullptr) return fail(Errc::kIo, "no memory for a connection");
  if (url.info.ssl)
    DUCAT_TRY(check("RabbitMQ's ca_file", amqp_ssl_socket_set_cacert(socket, options.ca_file.c_str())));
  timeval limit = seconds_of(options.connect_timeout);
  DUCAT_TRY(check("connecting to RabbitMQ", amqp_set_handshake_timeout(state_, &limit)));
  timeval request_limit = seconds_of(options.request_timeout);
  DUCAT_TRY(check("connecting to RabbitMQ", amqp_set_rpc_timeout(state_, &request_limit)));
  DUCAT_TRY(check("connecting to RabbitMQ",
                  amqp_socket_open_noblock(socket, url.info.host, url.info.port, &limit)));
  return login(url.info, options);
}

Status Connection::login(const amqp_connection_info& info, const RabbitOptions& options) {
  amqp_rpc_reply_t answer =
      amqp_login(state_, info.vhost, 0, kLargestFrame, static_cast<int>(options.heartbeat.micros / 1'000'000),
                 AMQP_SASL_METHOD_PLAIN, info.user, info.password);
  if (answer.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
    return fail(Errc::kInvalid, "RabbitMQ refuses this user, password or vhost");
  if (answer.reply_type != AMQP_RESPONSE_NORMAL)
    return fail(Errc::kUnavailable,
                std::string("logging in to RabbitMQ: ") + amqp_error_string2(answer.library_error));
  alive_ = true;
  return open_channel();
}

Status Connection::open_channel() {
  amqp_channel_open(state_, kChannel);
  amqp_rpc_reply_t answer = amqp_get_rpc_reply(state_);
  if (answer.reply_type == AMQP_RESPONSE_NORMAL) return {};
  return lost("opening a channel", amqp_error_string2(answer.library_error));
}

Connection::~Connection() {
  if (state_ == nullptr) return;
  if (alive_) amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(state_);
}

std::unexpected<Error> Connection::lost(std::string_view what, std::string_view why) {
  alive_ = false;
  return fail(Errc::kUnavailable, std::string(what) + ": " + std::string(why));
}

Status Connection::check(std::string_view what, int status) {
  if (status == AMQP_STATUS_OK) return {};
  return lost(what, amqp_error_string2(status));
}

Status Connection::reply(std::string_view what) {
  amqp_rpc_reply_t answer = amqp_get_rpc_reply(state_);
  if (answer.reply_type == AMQP_RESPONSE_NORMAL) return {};
  if (answer.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION)
    return lost(what, amqp_error_string2(answer.library_error));
  return refused(what, answer.reply);
}

Status Connection::refused(std::string_view what, const amqp_method_t& method) {
  if (method.id != AMQP_CHANNEL_CLOSE_METHOD) return closing(method);
  const auto& closed = *static_cast<const amqp_channel_close_t*>(method.decoded);
  uint16_t code = closed.reply_code;
  std::string why = std::string(what) + ": " + text(closed.reply_text);
  amqp_channel_close_ok_t ok{};
  DUCAT_TRY(check(what, amqp_send_method(state_, kChannel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok)));
  DUCAT_TRY(open_channel());
  if (code == AMQP_NOT_FOUND) return fail(Errc::kNotFound, why);
  if (code == AMQP_PRECONDITION_FAILED) return fail(Errc::kConflict, why);
  if (code == AMQP_ACCESS_REFUSED) return fail(Errc::kInvalid, why);
  return fail(Errc::kIo, why);
}

Status Connection::closing(const amqp_method_t& method) {
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto& closed = *static_cast<const amqp_channel_close_t*>(method.decoded);
    return lost("RabbitMQ closed the channel", text(closed.reply_text));
  }
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto& closed = *static_cast<const amqp_connection_close_t*>(method.decoded);
    return lost("RabbitMQ closed the connection", text(closed.reply_text));
  }
  if (method.id == AMQP_BASIC_CANCEL_METHOD) return lost("RabbitMQ", "the queue was deleted or moved");
  return {};
}

void Connection::wait(Wake& wake, Duration limit) {
  if (amqp_frames_enqueued(state_) || amqp_data_in_buffer(state_)) limit = {};
  std::array<pollfd, 2> events{{{amqp_get_sockfd(state_), POLLIN, 0}, {wake.descriptor(), POLLIN, 0}}};
  int64_t millis = (std::clamp(limit, Duration{}, kLongestWait).micros + 999) / 1000;
  poll(events.data(), events.size(), static_cast<int>(millis));
  wake.clear();
}

Result<bool> Connection::next_frame(amqp_frame_t& frame) {
  amqp_maybe_release_buffers(state_);
  timeval now{};
  int status = amqp_simple_wait_frame_noblock(state_, &frame, &now);
  if (status == AMQP_STATUS_TIMEOUT) return false;
  DUCAT_TRY(check("the connection to RabbitMQ", status));
  if (frame.frame_type == AMQP_FRAME_METHOD) DUCAT_TRY(closing(frame.payload.method));
  return true;
}

}  // namespace ducat::broker::rabbitmq
