// Starting and stopping: the threads, the listener and the wait until everybody has been answered.
#include "platform/http/server.h"

#include <condition_variable>
#include <mutex>

#include "base/check.h"
#include "platform/http/io_thread.h"
#include "platform/http/listener.h"
#include "platform/http/status.h"

namespace ducat::http {

Response plain_error(int status, std::string_view) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::string(reason_phrase(status)) + "\n";
  return response;
}

namespace {

// Threads with exchanges that were never answered: somebody may still hold them, so they are kept for good.
void keep_for_good(std::unique_ptr<IoThread> thread) {
  static std::mutex mutex;
  static std::vector<std::unique_ptr<IoThread>>* kept = new std::vector<std::unique_ptr<IoThread>>();
  std::lock_guard lock(mutex);
  kept->push_back(std::move(thread));
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerOptions options) : context_(std::make_shared<ServerContext>()) {
    context_->options = std::move(options);
  }

  ~Impl() {
    for (auto& thread : threads_) thread->join();
    listener_.reset();
    for (auto& thread : threads_) {
      if (thread->in_flight() > 0) keep_for_good(std::move(thread));
    }
  }

  Status start(Handler& handler) {
    DUCAT_CHECK(threads_.empty(), "a server starts once");
    DUCAT_ASSIGN(context_->proxies, TrustedProxies::parse(context_->options.trusted_proxies));
    if (context_->options.io_threads == 0 || context_->options.max_pipelined == 0) {
      return fail(Errc::kInvalid, "a server needs an I/O thread and a place for a request");
    }
    context_->handler = &handler;
    try {
      for (size_t i = 0; i < context_->options.io_threads; ++i) {
        threads_.push_back(std::make_unique<IoThread>(context_, i, [this] { one_is_empty(); }));
      }
      listener_ = std::make_unique<Listener>(*context_, threads_);
      DUCAT_TRY(listener_->open());
      listener_->start();
      for (auto& thread : threads_) thread->run();
    } catch (const std::exception& error) {  // Asio and std::thread, out of descriptors or threads
      return fail(Errc::kIo, std::string("cannot start the HTTP server: ") + error.what());
    }
    running_ = true;
    return {};
  }

  Status stop(Duration deadline) {
    if (!running_) return {};
    running_ = false;
    // Connections accepted before this point are in their threads' queues ahead of begin_stop.
    threads_[0]->post([this] {
      listener_->close();
      for (auto& thread : threads_) thread->begin_stop();
    });
    if (!wait_until_empty(deadline)) {
      for (auto& thread : threads_) thread->cut_all();
      constexpr Duration kForCutting = Duration::millis(100);
      if (!wait_until_empty(kForCutting)) {
        return fail(Errc::kTimeout,
                    std::to_string(in_flight()) + " requests were not answered before the stop");
      }
      for (auto& thread : threads_) thread->join();
      return fail(Errc::kTimeout, "clients had to be cut before they had read their answers");
    }
    for (auto& thread : threads_) thread->join();
    return {};
  }

  uint16_t port() const { return listener_ == nullptr ? 0 : listener_->port(); }

  ServerCounters counters() const {
    ServerCounters sum;
    for (const auto& thread : threads_) {
      const IoCounters& each = thread->counters();
      uint64_t closed = each.closed.get();
      uint64_t answered = each.answered.get();
      sum.connections_accepted += each.opened.get();
      sum.connections_open += each.opened.get() - closed;
      sum.requests += each.requests.get();
      sum.requests_in_flight += each.requests.get() - answered;
      sum.bytes_in += each.bytes_in.get();
      sum.bytes_out += each.bytes_out.get();
      sum.rejected_malformed += each.malformed.get();
      sum.rejected_too_large += each.too_large.get();
      sum.rejected_timeouts += each.timeouts.get();
      sum.rejected_connections += each.refused_connections.get();
      sum.cut_slow_readers += each.slow_readers.get();
    }
    if (listener_ != nullptr) sum.accept_failures = listener_->failures();
    return sum;
  }

 private:
  void one_is_empty() {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  bool wait_until_empty(Duration deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::microseconds(deadline.micros), [this] {
      for (const auto& thread : threads_) {
        if (!thread->is_empty()) return false;
      }
      return true;
    });
  }

  size_t in_flight() const {
    size_t sum = 0;
    for (const auto& thread : threads_) sum += thread->in_flight();
    return sum;
  }

  std::shared_ptr<ServerContext> context_;
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::unique_ptr<Listener> listener_;
  bool running_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
};

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Server::~Server() = default;
Status Server::start(Handler& handler) {
  return impl_->start(handler);
}
uint16_t Server::port() const {
  return impl_->port();
}
Status Server::stop(Duration deadline) {
  return impl_->stop(deadline);
}
ServerCounters Server::counters() const {
  return impl_->counters();
}

}  // namespace ducat::http
