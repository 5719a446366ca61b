// The event loop of a thread and the books about its connections.
#include "platform/http/io_thread.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <string>

#include "base/check.h"
#include "platform/http/connection.h"

namespace ducat::http {
namespace {

// Timeouts are looked at this often: a quarter of the shortest, between 5 and 250 ms.
Duration tick_interval(const ServerOptions& options) {
  Duration shortest = std::min({options.header_timeout, options.body_timeout, options.idle_timeout,
                                options.write_timeout, options.linger_timeout});
  return std::clamp(Duration{shortest.micros / 4}, Duration::millis(5), Duration::millis(250));
}

// A descriptor on its way to a thread, which may be gone before it gets there.
class OwnedSocket {
 public:
  explicit OwnedSocket(int socket) : socket_(socket) {}
  OwnedSocket(OwnedSocket&& other) noexcept : socket_(other.release()) {}
  OwnedSocket& operator=(OwnedSocket&&) = delete;
  ~OwnedSocket() {
    if (socket_ >= 0) ::close(socket_);
  }
  int release() { return std::exchange(socket_, -1); }

 private:
  int socket_;
};

}  // namespace

// The loop is told that one thread runs it and uses its sockets, so it locks only what `post` needs.
IoThread::IoThread(std::shared_ptr<const ServerContext> context, size_t index, std::function<void()> on_empty)
    : context_(std::move(context)),
      index_(index),
      on_empty_(std::move(on_empty)),
      loop_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(boost::asio::make_work_guard(loop_)),
      ticker_(loop_),
      tick_every_(tick_interval(context_->options)),
      writer_(context_->options.content_security_policy, context_->options.compress_from_bytes) {
  now_ = clock_.monotonic();
  writer_.set_time(clock_.now());
}

IoThread::~IoThread() {
  join();
}

void IoThread::run() {
  arm_tick();
  thread_ = std::thread([this] {
    thread_id_ = std::this_thread::get_id();
    loop_.run();
  });
  pthread_setname_np(thread_.native_handle(), ("http-" + std::to_string(index_)).c_str());
}

void IoThread::join() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  work_.reset();
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void IoThread::post(Work work) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    inbox_.push_back(std::move(work));
    if (drain_posted_) return;
    drain_posted_ = true;
  }
  boost::asio::post(loop_, [this] { drain(); });
}

void IoThread::drain() {
  {
    std::lock_guard lock(mutex_);
    batch_.swap(inbox_);
    drain_posted_ = false;
  }
  for (Work& work : batch_) work();
  batch_.clear();
  flush_dirty();
}

void IoThread::flush_dirty() {
  while (!dirty_.empty()) {
    flushing_.swap(dirty_);
    for (Connection* each : flushing_) each->flush();
    flushing_.clear();
  }
}

void IoThread::adopt(int socket, const IpAddress& peer, bool refuse) {
  load_.fetch_add(1, std::memory_order_relaxed);
  post([this, owned = OwnedSocket(socket), peer, refuse]() mutable {
    counters_.opened.add(1);
    auto connection = std::make_unique<Connection>(*this, owned.release(), peer);
    Connection& added = *connection;
    added.place = connections_.size();
    connections_.push_back(std::move(connection));
    added.start(refuse);
  });
}

void IoThread::retire(Connection& connection) {
  size_t place = connection.place;
  DUCAT_CHECK(connections_[place].get() == &connection, "a connection retires once");
  connections_.back()->place = place;
  std::swap(connections_[place], connections_.back());
  connections_.pop_back();
  counters_.closed.add(1);
  load_.fetch_sub(1, std::memory_order_relaxed);
  report_if_empty();
}

void IoThread::begin_stop() {
  post([this] {
    stopping_ = true;
    // Backwards: a connection that retires is replaced by one that has been told already.
    for (size_t i = connections_.size(); i-- > 0;) connections_[i]->begin_stop();
    report_if_empty();
  });
}

void IoThread::cut_all() {
  post([this] {
    for (size_t i = connections_.size(); i-- > 0;) connections_[i]->cut();
  });
}

void IoThread::report_if_empty() {
  if (!stopping_ || !connections_.empty()) return;
  empty_.store(true, std::memory_order_release);
  on_empty_();
}

void IoThread::arm_tick() {
  ticker_.expires_after(std::chrono::microseconds(tick_every_.micros));
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void IoThread::tick() {
  now_ = clock_.monotonic();
  writer_.set_time(clock_.now());
  for (size_t i = connections_.size(); i-- > 0;) connections_[i]->on_tick();
  flush_dirty();
  arm_tick();
}

}  // namespace ducat::http
