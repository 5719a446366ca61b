// See library.h.
#include "platform/broker/nats/library.h"

#include <vector>

namespace ducat::broker::nats {
namespace {

Errc code_of(natsStatus status, jsErrCode code) {
  if (code == JSStreamMessageExceedsMaximumErr || status == NATS_MAX_PAYLOAD) return Errc::kInvalid;
  if (code == JSStorageResourcesExceededErr || code == JSInsufficientResourcesErr) return Errc::kFull;
  switch (status) {
    case NATS_TIMEOUT:
      return Errc::kTimeout;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_ADDRESS_MISSING:
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return Errc::kInvalid;
    case NATS_NOT_FOUND:
      return Errc::kNotFound;
    default:
      return Errc::kUnavailable;
  }
}

struct OptionsHandle {
  natsOptions* handle = nullptr;
  ~OptionsHandle() { natsOptions_Destroy(handle); }
};

std::vector<std::string> split_urls(std::string_view urls) {
  std::vector<std::string> parts;
  while (!urls.empty()) {
    size_t comma = std::min(urls.find(','), urls.size());
    if (comma > 0) parts.emplace_back(urls.substr(0, comma));
    urls.remove_prefix(std::min(comma + 1, urls.size()));
  }
  return parts;
}

// A server that does not answer is noticed after two of these.
constexpr int64_t kPingMillis = 3000;
constexpr int64_t kWriteMillis = 5000;
constexpr int64_t kReconnectMillis = 100;
constexpr int64_t kReconnectJitterMillis = 400;

natsStatus fill(natsOptions* handle, const NatsOptions& options, Connection::Life life) {
  std::vector<std::string> urls = split_urls(options.url);
  std::vector<const char*> servers;
  for (const std::string& url : urls) servers.push_back(url.c_str());
  natsStatus status = natsOptions_SetServers(handle, servers.data(), static_cast<int>(servers.size()));
  auto then = [&](auto set, auto... values) {
    if (status == NATS_OK) status = set(handle, values...);
  };
  then(natsOptions_SetName, "ducat");
  then(natsOptions_SetTimeout, millis(options.connect_timeout));
  then(natsOptions_SetPingInterval, kPingMillis);
  then(natsOptions_SetMaxPingsOut, 1);
  then(natsOptions_SetWriteDeadline, kWriteMillis);
  then(natsOptions_SetFailRequestsOnDisconnect, true);
  then(natsOptions_SetAllowReconnect, life == Connection::Life::kForever);
  then(natsOptions_SetMaxReconnect, -1);
  then(natsOptions_SetReconnectWait, kReconnectMillis);
  then(natsOptions_SetReconnectJitter, kReconnectJitterMillis, kReconnectJitterMillis);
  if (options.url.starts_with("tls://")) then(natsOptions_SetSecure, true);
  return status;
}

}  // namespace

std::unexpected<Error> failed(std::string_view what, natsStatus status, jsErrCode code) {
  const char* last = nats_GetLastError(nullptr);
  std::string message = std::string(what) + ": " + natsStatus_GetText(status);
  if (last != nullptr && *last != 0) message += std::string(" (") + last + ")";
  if (code != 0) message += " [" + std::to_string(static_cast<int>(code)) + "]";
  return fail(code_of(status, code), std::move(message));
}

void Connection::Watch::change() {
  std::lock_guard lock(mutex);
  if (on_change) on_change();
}

void Connection::on_change(natsConnection*, void* closure) {
  (*static_cast<std::shared_ptr<Watch>*>(closure))->change();
}

void Connection::on_reconnected(natsConnection*, void* closure) {
  Watch& watch = **static_cast<std::shared_ptr<Watch>*>(closure);
  ++watch.generation;
  watch.change();
}

void Connection::on_closed(natsConnection*, void* closure) {
  auto* watch = static_cast<std::shared_ptr<Watch>*>(closure);
  (*watch)->change();
  delete watch;  // the library's last call
}

Result<std::unique_ptr<Connection>> Connection::open(const NatsOptions& options, Life life,
                                                     std::function<void()> on_change) {
  OptionsHandle opts;
  DUCAT_TRY(check("NATS options", natsOptions_Create(&opts.handle)));
  DUCAT_TRY(check("NATS url", fill(opts.handle, options, life)));
  std::unique_ptr<Connection> connection(new Connection);
  connection->watch_ = std::make_shared<Watch>();
  connection->watch_->on_change = std::move(on_change);
  for (const std::string& url : split_urls(options.url)) {
    size_t at = url.rfind('@');
    size_t start = url.find("://") == url.npos ? 0 : url.find("://") + 3;
    connection->address_ +=
        (connection->address_.empty() ? "" : ",") + url.substr(at == url.npos ? start : at + 1);
  }
  auto closure = std::make_unique<std::shared_ptr<Watch>>(connection->watch_);
  natsStatus status = natsOptions_SetDisconnectedCB(opts.handle, Connection::on_change, closure.get());
  if (status == NATS_OK) status = natsOptions_SetReconnectedCB(opts.handle, on_reconnected, closure.get());
  if (status == NATS_OK) status = natsOptions_SetClosedCB(opts.handle, on_closed, closure.get());
  DUCAT_TRY(check("NATS options", status));
  DUCAT_TRY(check("connecting to NATS", natsConnection_Connect(&connection->handle_, opts.handle)));
  static_cast<void>(closure.release());  // on_closed frees it
  jsOptions js;
  jsOptions_Init(&js);
  js.Wait = millis(options.request_timeout);
  jsCtx* jetstream = nullptr;
  DUCAT_TRY(check("JetStream", natsConnection_JetStream(&jetstream, connection->handle_, &js)));
  connection->jetstream_.reset(jetstream);
  return connection;
}

Connection::~Connection() {
  {
    std::lock_guard lock(watch_->mutex);
    watch_->on_change = nullptr;
  }
  jetstream_.reset();
  if (handle_ != nullptr) natsConnection_Destroy(handle_);
}

std::string Connection::server_id() const {
  char id[128] = {};
  if (!connected() || natsConnection_GetConnectedServerId(handle_, id, sizeof(id)) != NATS_OK) return {};
  return id;
}

std::string Connection::address() const {
  return address_;
}

bool Connection::connected() const {
  return natsConnection_Status(handle_) == NATS_CONN_STATUS_CONNECTED;
}

}  // namespace ducat::broker::nats
