// The life of a connection. Every event ends in pump(), which hands over what has been received and writes
// what has been answered until neither makes progress, and then in settle(), which decides what to wait for.
// settle() may end the connection's life: nothing touches it afterwards.
#include "platform/http/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "platform/http/io_thread.h"
#include "platform/http/text.h"

namespace ducat::http {
namespace {

using boost::system::error_code;

// What a client may still send after our last answer before it is cut.
constexpr size_t kMaxLingerBytes = 16 << 20;

ParserLimits limits_of(const ServerOptions& options) {
  return {options.max_header_bytes, options.max_target_bytes, options.max_headers, options.max_body_bytes};
}

bool has_header(const Response& response, std::string_view name) {
  for (const auto& header : response.headers) {
    if (equals_ignoring_case(header.first, name)) return true;
  }
  return false;
}

}  // namespace

void PendingExchange::respond(Response response) {
  DUCAT_CHECK(connection_.thread().is_current(), "an exchange is answered on its executor");
  DUCAT_CHECK(!answered, "an exchange is answered once");
  answer = std::move(response);
  answered = true;
  connection_.answered(answer.body.size());
}

Executor& PendingExchange::executor() {
  return connection_.thread();
}

Connection::Connection(IoThread& thread, int socket, const IpAddress& peer)
    : thread_(thread),
      socket_(thread.loop()),
      peer_text_(peer.to_string()),
      peer_trusted_(thread.context().proxies.trusts(peer)),
      parser_(limits_of(thread.context().options)),
      input_(thread.blocks(), parser_),
      exchanges_(*this) {
  int on = 1;
  // Without it an answer may wait for the acknowledgement of the one before. It cannot fail on a TCP socket.
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  error_code error;
  socket_.assign(boost::asio::ip::tcp::v6(), socket, error);
  if (!error) {
    socket_.non_blocking(true, error);
  } else {
    ::close(socket);
  }
  if (error) close_socket();
}

void Connection::start(bool refuse) {
  if (refuse && phase_ == Phase::kServing) refuse_request(503);
  if (thread_.stopping() && exchanges_.empty()) close_socket();
  pump();
}

// What is idle is closed, unless its next request has just arrived; the rest ends with its last answer.
void Connection::begin_stop() {
  if (phase_ == Phase::kServing && exchanges_.empty() && !input_.has_partial()) {
    char byte;
    bool arriving = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    if (!output_.empty()) {
      phase_ = Phase::kFinishing;
    } else if (!arriving) {
      close_socket();
    }
  }
  pump();
}

void Connection::cut() {
  close_socket();
  settle();
}

void Connection::on_tick() {
  Timestamp now = thread_.now();
  if (write_deadline_.micros != 0 && now >= write_deadline_) {
    thread_.counters().slow_readers.add(1);
    return cut();
  }
  if (read_deadline_.micros == 0 || now < read_deadline_) return;
  if (waiting_ == Waiting::kHead || waiting_ == Waiting::kBody) {
    refuse_request(408);
    return pump();
  }
  cut();
}

void Connection::answered(size_t body_bytes) {
  thread_.counters().answered.add(1);
  held_bytes_ += body_bytes;
  if (pumping_ || dirty_) return;
  dirty_ = true;
  thread_.mark_dirty(*this);
}

void Connection::flush() {
  dirty_ = false;
  pump();
}

void Connection::pump() {
  pumping_ = true;
  bool progress = true;
  while (progress && (phase_ == Phase::kServing || phase_ == Phase::kFinishing)) {
    bool handed_over = hand_over_requests();
    bool wrote = write_answers();
    progress = handed_over || wrote;
  }
  pumping_ = false;
  settle();
}

bool Connection::may_take_more() const {
  const ServerOptions& options = thread_.context().options;
  return exchanges_.size() < options.max_pipelined &&
         output_.bytes() + held_bytes_ < options.max_buffered_response_bytes;
}

bool Connection::hand_over_requests() {
  bool any = false;
  while (phase_ == Phase::kServing && may_take_more()) {
    if (!parser_.started()) skip_empty_lines();
    if (!input_.has_unparsed()) break;
    PendingExchange& exchange = exchanges_.incoming();
    if (!parser_.started()) parser_.start(exchange.incoming);
    auto step = parser_.feed(input_.unparsed(), input_.unparsed_size());
    input_.parsed(step.used);
    if (step.outcome == RequestParser::Outcome::kNeedMore) {
      owes_continue_ |= parser_.in_body() && std::exchange(exchange.incoming.expects_continue, false);
      break;
    }
    owes_continue_ = false;
    if (step.outcome == RequestParser::Outcome::kComplete) {
      hand_over(exchange);
    } else {
      refuse_request(step.status);
    }
    any = true;
  }
  finish_if_input_ended();
  return any;
}

// A client may send its requests, close its half and still read the answers.
void Connection::finish_if_input_ended() {
  if (!input_ended_ || phase_ != Phase::kServing || !may_take_more()) return;
  if (input_.has_partial()) {
    refuse_request(400);
  } else {
    phase_ = Phase::kFinishing;
  }
}

// RFC 9112, section 2.2: empty lines before a request are ignored.
void Connection::skip_empty_lines() {
  while (input_.has_unparsed() && (*input_.unparsed() == '\r' || *input_.unparsed() == '\n'))
    input_.parsed(1);
  input_.next_request();
}

void Connection::hand_over(PendingExchange& exchange) {
  IncomingRequest& incoming = exchange.incoming;
  exchange.block = input_.block();
  input_.next_request();
  incoming.request.client = peer_text_;
  if (incoming.forwarded && peer_trusted_) {
    incoming.request.client = forwarded_client(incoming.headers, thread_.context().proxies, peer_text_);
    incoming.request.secure = forwarded_secure(incoming.headers);
  }
  exchanges_.push_incoming();
  if (!incoming.keep_alive) {
    phase_ = Phase::kFinishing;
    input_.discard();
  }
  thread_.counters().requests.add(1);
  thread_.context().handler->handle(exchange);
}

// Our own answer, in its turn, and then the end: where the next request would begin is unknown.
void Connection::refuse_request(int status) {
  count_refusal(status);
  PendingExchange& exchange = exchanges_.incoming();
  exchange.block = input_.block();
  exchange.answer = thread_.context().options.make_error(status, exchange.incoming.request.target);
  if (status == 503 && !has_header(exchange.answer, "Retry-After")) {
    exchange.answer.headers.emplace_back("Retry-After", "1");
  }
  exchange.answered = true;
  held_bytes_ += exchange.answer.body.size();
  exchanges_.push_incoming();
  phase_ = Phase::kFinishing;
  parser_.abandon();
  input_.discard();
}

void Connection::count_refusal(int status) {
  IoCounters& counters = thread_.counters();
  switch (status) {
    case 408:
      return counters.timeouts.add(1);
    case 413:
    case 414:
    case 431:
      return counters.too_large.add(1);
    case 503:
      return counters.refused_connections.add(1);
    default:
      return counters.malformed.add(1);
  }
}

bool Connection::write_answers() {
  bool any = false;
  while (!exchanges_.empty() && exchanges_.front().answered) {
    render(exchanges_.front());
    exchanges_.pop_front();
    any = true;
  }
  if (owes_continue_ && exchanges_.empty()) {
    owes_continue_ = false;
    output_.tail().append("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (output_.empty() || writing_) return any;
  send();
  return true;
}

void Connection::render(PendingExchange& exchange) {
  bool last = exchanges_.size() == 1;
  if (last && thread_.stopping() && !input_.has_partial()) phase_ = Phase::kFinishing;
  const IncomingRequest& incoming = exchange.incoming;
  ResponseContext context{.accept_encoding = incoming.accept_encoding,
                          .http11 = incoming.http11,
                          .keep_alive = !(last && phase_ == Phase::kFinishing),
                          .is_head = incoming.is_head,
                          .secure = incoming.request.secure};
  held_bytes_ -= exchange.answer.body.size();
  thread_.writer().write(std::move(exchange.answer), context, output_);
  exchange.release();
}

void Connection::send() {
  size_t sent = 0;
  OutputQueue::Written written = output_.write_to(socket_.native_handle(), sent);
  thread_.counters().bytes_out.add(sent);
  if (written == OutputQueue::Written::kFailed) return close_socket();
  if (written == OutputQueue::Written::kAll) {
    write_deadline_ = {};
    return;
  }
  if (sent > 0 || write_deadline_.micros == 0) {
    write_deadline_ = thread_.deadline_in(thread_.context().options.write_timeout);
  }
  writing_ = true;
  socket_.async_wait(Socket::wait_write, [this](const error_code&) {
    IoThread& thread = thread_;
    writing_ = false;
    pump();
    thread.flush_dirty();
  });
}

void Connection::settle() {
  if (phase_ == Phase::kFinishing && exchanges_.empty() && output_.empty()) {
    if (input_ended_) {
      close_socket();
    } else {
      begin_linger();
    }
  }
  bool wants_input = phase_ == Phase::kLingering || (phase_ == Phase::kServing && may_take_more());
  if (wants_input && !reading_ && !input_ended_) read();
  watch_client();
  retire_if_done();
}

void Connection::read() {
  auto space = input_.space();
  reading_ = true;
  socket_.async_read_some(boost::asio::buffer(space.data(), space.size()),
                          [this](const error_code& error, size_t bytes) {
                            IoThread& thread = thread_;
                            reading_ = false;
                            if (error == boost::asio::error::eof) input_ended_ = true;
                            on_read(error && !input_ended_, bytes);
                            thread.flush_dirty();
                          });
}

void Connection::on_read(bool failed, size_t bytes) {
  if (failed || (input_ended_ && phase_ == Phase::kLingering)) return cut();
  thread_.counters().bytes_in.add(bytes);
  input_.received(bytes);
  if (phase_ == Phase::kFinishing || phase_ == Phase::kLingering) {
    input_.discard();
    lingered_bytes_ += bytes;
    if (lingered_bytes_ > kMaxLingerBytes) return cut();
  }
  pump();
}

// Times what the client owes us. A request paused by our own limits is not timed.
void Connection::watch_client() {
  if (phase_ == Phase::kLingering || phase_ == Phase::kClosed) return;
  Waiting now = Waiting::kNothing;
  if (phase_ == Phase::kServing && reading_) {
    if (parser_.started()) {
      now = parser_.in_body() ? Waiting::kBody : Waiting::kHead;
    } else if (exchanges_.empty() && output_.empty()) {
      now = exchanges_.begun() == 0 ? Waiting::kFirst : Waiting::kNextRequest;
    }
  }
  if (now == waiting_ && exchanges_.begun() == waiting_for_) return;
  waiting_ = now;
  waiting_for_ = exchanges_.begun();
  const ServerOptions& options = thread_.context().options;
  switch (now) {
    case Waiting::kNothing:
      read_deadline_ = {};
      break;
    case Waiting::kFirst:
    case Waiting::kHead:
      read_deadline_ = thread_.deadline_in(options.header_timeout);
      break;
    case Waiting::kBody:
      read_deadline_ = thread_.deadline_in(options.body_timeout);
      break;
    case Waiting::kNextRequest:
      read_deadline_ = thread_.deadline_in(options.idle_timeout);
      break;
  }
}

void Connection::begin_linger() {
  phase_ = Phase::kLingering;
  waiting_ = Waiting::kNothing;
  read_deadline_ = thread_.deadline_in(thread_.context().options.linger_timeout);
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error) close_socket();  // the client has gone
}

void Connection::close_socket() {
  phase_ = Phase::kClosed;
  read_deadline_ = write_deadline_ = {};
  error_code ignored;  // the descriptor is released whatever close(2) says
  socket_.close(ignored);
}

void Connection::retire_if_done() {
  if (phase_ != Phase::kClosed) return;
  while (!exchanges_.empty() && exchanges_.front().answered) {
    exchanges_.front().release();
    exchanges_.pop_front();
  }
  if (exchanges_.empty() && !reading_ && !writing_ && !dirty_) thread_.retire(*this);
}

}  // namespace ducat::http
