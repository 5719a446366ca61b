// A client's connection: reads, hands requests over, writes the answers in the order of the requests, and
// ends by every road there is (the client leaves, half-closes, dawdles, misbehaves; the server stops).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "platform/http/address.h"
#include "platform/http/exchange_ring.h"
#include "platform/http/input_buffer.h"
#include "platform/http/output_queue.h"
#include "platform/http/request_parser.h"
#include "platform/http/response_writer.h"

namespace ducat::http {

class IoThread;

// Lives on its I/O thread, which owns it, until its socket is closed, no operation is pending and every
// exchange has been answered; then it retires itself.
class Connection {
 public:
  Connection(IoThread& thread, int socket, const IpAddress& peer);

  void start(bool refuse);
  void begin_stop();
  // Closes the socket at once. Exchanges stay valid until they are answered.
  void cut();
  void on_tick();

  // An exchange has been answered.
  void answered(size_t body_bytes);
  // Writes what is ready and goes on reading.
  void flush();
  IoThread& thread() { return thread_; }

  size_t place = 0;  // in its thread's list

 private:
  using Socket =
      boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
  // kServing reads and answers; kFinishing answers what it has and then closes; kLingering has sent its last
  // byte and waits for the client to close, because closing first could destroy what the client has not read
  // yet.
  enum class Phase : uint8_t { kServing, kFinishing, kLingering, kClosed };
  // What the client is being waited for.
  enum class Waiting : uint8_t { kNothing, kFirst, kHead, kBody, kNextRequest };

  void pump();
  bool hand_over_requests();
  bool may_take_more() const;
  void skip_empty_lines();
  void hand_over(PendingExchange& exchange);
  void refuse_request(int status);
  void finish_if_input_ended();
  void count_refusal(int status);
  bool write_answers();
  void render(PendingExchange& exchange);
  void send();
  void settle();
  void read();
  void on_read(bool failed, size_t bytes);
  void watch_client();
  void begin_linger();
  void close_socket();
  void retire_if_done();

  IoThread& thread_;
  Socket socket_;
  std::string peer_text_;
  bool peer_trusted_;

  RequestParser parser_;
  InputBuffer input_;
  ExchangeRing exchanges_;
  OutputQueue output_;

  Phase phase_ = Phase::kServing;
  Waiting waiting_ = Waiting::kNothing;
  bool reading_ = false;        // a read is pending
  bool writing_ = false;        // waiting until the socket takes more
  bool pumping_ = false;        // pump() will see to what changes
  bool dirty_ = false;          // listed for flush()
  bool input_ended_ = false;    // the client has sent its last byte
  bool owes_continue_ = false;  // "100 Continue" is due once earlier answers are out
  size_t held_bytes_ = 0;       // bodies answered, but not in turn yet
  size_t lingered_bytes_ = 0;
  uint64_t waiting_for_ = 0;  // the request that waiting_ is about
  Timestamp read_deadline_;   // 0: none
  Timestamp write_deadline_;  // 0: none
};

}  // namespace ducat::http
