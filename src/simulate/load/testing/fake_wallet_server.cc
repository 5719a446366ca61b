// See fake_wallet_server.h. Amounts are whole units here: the generator sends nothing else.
#include "simulate/load/testing/fake_wallet_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <vector>

#include "base/check.h"
#include "simulate/load/answers.h"

namespace ducat::load {
namespace {

constexpr int kPollMillis = 10;  // how soon the destructor is noticed

std::string text_after(std::string_view json, std::string_view name) {
  std::string quoted = "\"" + std::string(name) + "\":\"";
  size_t at = json.find(quoted);
  if (at == std::string_view::npos) return {};
  at += quoted.size();
  return std::string(json.substr(at, json.find('"', at) - at));
}

int64_t amount_of(std::string_view json) {
  int64_t amount = 0;
  std::string_view digits = number_after(json, "\"amount\":");
  std::from_chars(digits.data(), digits.data() + digits.size(), amount);
  return amount;
}

bool every(int n, uint64_t count) {
  return n > 0 && count % static_cast<uint64_t>(n) == 0;
}

}  // namespace

FakeWalletServer::FakeWalletServer(Plan plan) : plan_(plan) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bool ok = bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            listen(listener_, 256) == 0 &&
            getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  DUCAT_CHECK(ok, "no free port for a test");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FakeWalletServer::~FakeWalletServer() {
  stop_ = true;
  thread_.join();
  for (const auto& [fd, pending] : pending_) ::close(fd);
  ::close(listener_);
}

void FakeWalletServer::serve() {
  while (!stop_) {
    std::vector<pollfd> polled = {{.fd = listener_, .events = POLLIN, .revents = 0}};
    for (const auto& [fd, pending] : pending_) polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    ::poll(polled.data(), polled.size(), kPollMillis);
    for (size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents == 0 || read_from(polled[i].fd)) continue;
      ::close(polled[i].fd);
      pending_.erase(polled[i].fd);
    }
    if (polled[0].revents != 0) accept_one();
  }
}

void FakeWalletServer::accept_one() {
  int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) pending_.emplace(fd, std::string());
}

// False: close it.
bool FakeWalletServer::read_from(int fd) {
  std::array<char, 65536> buffer;
  ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  std::string& data = pending_[fd];
  data.append(buffer.data(), static_cast<size_t>(got));
  for (;;) {
    size_t end = data.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    std::string_view head = std::string_view(data).substr(0, end);
    size_t length = 0;
    std::string_view digits = number_after(head, "Content-Length:");
    std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (data.size() < end + 4 + length) return true;
    std::string out;
    Fate fate = handle(head, std::string_view(data).substr(end + 4, length), out);
    if (fate == Fate::kDrop) return false;
    for (size_t sent = 0; fate == Fate::kAnswer && sent < out.size();) {
      ssize_t n = send(fd, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<size_t>(n);
    }
    data.erase(0, end + 4 + length);
  }
}

FakeWalletServer::Fate FakeWalletServer::handle(std::string_view head, std::string_view body,
                                                std::string& out) {
  std::string_view method = head.substr(0, head.find(' '));
  std::string_view path = head.substr(method.size() + 1);
  path = path.substr(0, path.find(' '));
  if (head.find("Idempotency-Key: ") != std::string_view::npos) ++keys_seen_;
  uint64_t before = movements_;
  Reply reply = route(method, path, body);
  Fate fate = movements_ != before && funded_ ? moved(reply) : Fate::kAnswer;
  out = "HTTP/1.1 " + std::to_string(reply.status) +
        " X\r\ncontent-length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
  return fate;
}

// The planted misfortunes of a movement that was done.
FakeWalletServer::Fate FakeWalletServer::moved(Reply& reply) {
  if (every(plan_.fail_every, movements_)) reply = {.status = 500, .body = "{}"};
  if (every(plan_.drop_every, movements_)) return Fate::kDrop;
  return every(plan_.silent_every, movements_) ? Fate::kSilent : Fate::kAnswer;
}

FakeWalletServer::Reply FakeWalletServer::route(std::string_view method, std::string_view path,
                                                std::string_view body) {
  constexpr std::string_view kRoot = "/v1/wallet/";
  if (path == "/metrics") return metrics();
  if (path == "/echo") return {.body = std::string(body)};
  if (path == "/v1/wallet/batch") return batch(body);
  if (!path.starts_with(kRoot)) return {.status = 404, .body = "{}"};
  path.remove_prefix(kRoot.size());
  std::string wallet(path.substr(0, path.find('/')));
  if (method == "GET") {
    ++reads_;
    return {.body =
                "{\"walletId\":\"" + wallet + "\",\"balance\":" + std::to_string(balances_[wallet]) + "}"};
  }
  funded_ = true;
  return move(path.substr(wallet.size() + 1), wallet, text_after(body, "toWalletId"), amount_of(body));
}

FakeWalletServer::Reply FakeWalletServer::batch(std::string_view body) {
  std::vector<std::string_view> operations = array_elements(body.substr(body.find('[')));
  std::string out = "[";
  bool funding = body.find("\"fund-") != std::string_view::npos;
  if (!funding) funded_ = true;
  for (size_t i = 0; i < operations.size(); ++i) {
    if (plan_.drops_batch_result && !funding && i == 0) continue;
    if (out.size() > 1) out += ',';
    std::string key = text_after(operations[i], "idempotencyKey");
    if (!key.empty()) ++keys_seen_;
    if (auto known = keys_.find(key); !key.empty() && known != keys_.end()) {
      ++keys_repeated_;
      out += "{\"replayed\":true," + known->second.substr(1);
      continue;
    }
    Reply reply = move(text_after(operations[i], "type"), text_after(operations[i], "walletId"),
                       text_after(operations[i], "toWalletId"), amount_of(operations[i]));
    std::string element = "{\"statusCode\":" + std::to_string(reply.status) + "," + reply.body.substr(1);
    if (!key.empty() && reply.status == 200) keys_[key] = element;
    out += element;
  }
  return {.body = out + "]"};
}

FakeWalletServer::Reply FakeWalletServer::move(std::string_view type, const std::string& wallet,
                                               const std::string& to, int64_t amount) {
  ++movements_;
  int64_t& balance = balances_[wallet];
  if (type != "deposit" && balance < amount && !plan_.ignores_overdraft) {
    return {.status = 422, .body = "{\"type\":\"InsufficientFundsError\"}"};
  }
  balance += type == "deposit" ? amount : -amount;
  if (type == "transfer") {
    int64_t lost = plan_.loses_a_unit && movements_ % 10 == 0 ? 1 : 0;
    balances_[to] += amount - lost;
    return {.body = "{\"state\":\"COMPLETED\"}"};
  }
  return {.body = "{\"walletId\":\"" + wallet + "\",\"balance\":" + std::to_string(balance) + "}"};
}

FakeWalletServer::Reply FakeWalletServer::metrics() {
  if (plan_.lag_polls < 0) return {.status = 404, .body = "{}"};
  int lag = static_cast<int>(metrics_polls_++) < plan_.lag_polls ? 7 : 0;
  return {.body = "# TYPE ducat_projection_lag_events gauge\nducat_projection_lag_events{name=\"wallet\"} " +
                  std::to_string(lag) + "\n"};
}

}  // namespace ducat::load
