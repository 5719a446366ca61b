// A small blocking HTTP/1.1 client for tests and command-line tools: one connection, kept alive, every step
// with a deadline. Raw bytes can be sent and read as well, to say what no decent client says.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ducat::http {

struct ClientResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // without chunked framing; still compressed if the server compressed it

  // The first header of that name (any case), or an empty view.
  std::string_view header(std::string_view name) const;
};

using ClientHeaders = std::vector<std::pair<std::string, std::string>>;

// One thread. After an error the connection is of no use any more.
class Client {
 public:
  // kUnavailable: nobody listens, or no such host. kTimeout: not within `timeout`, which also bounds every
  // later send and response.
  static Result<Client> connect(const std::string& host, uint16_t port,
                                Duration timeout = Duration::seconds(10));

  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  ~Client();

  // Sends a request (Host and Content-Length are added) and waits for its answer. kUnavailable: the server
  // closed the connection first. kTimeout: whether it was done is unknown. kCorrupt: the answer is not HTTP.
  Result<ClientResponse> request(std::string_view method, std::string_view target,
                                 const ClientHeaders& headers = {}, std::string_view body = {});

  // Bytes as they are.
  Status send(std::string_view bytes);
  // The next answer on the connection; `to_head`: it has no body, whatever its headers say. Answers 1xx are
  // returned like others.
  Result<ClientResponse> receive(bool to_head = false);
  // Everything up to the end of the connection (or kTimeout).
  Result<std::string> receive_rest();
  // True if the server closed the connection within `timeout` without sending anything more.
  bool closed_by_server(Duration timeout);

  // No more requests, but answers are still read.
  void finish_sending();
  // Ends the connection with a reset instead of a regular close.
  void reset();
  int descriptor() const { return socket_; }

 private:
  Client(int socket, Duration timeout, std::string host)
      : socket_(socket), timeout_(timeout), host_(std::move(host)) {}

  // Reads more into buffer_; false at the end of the stream.
  Result<bool> fill(int64_t deadline);
  Result<std::string> take_line(int64_t deadline);
  Result<std::string> take(size_t bytes, int64_t deadline);
  Result<std::string> take_chunks(int64_t deadline);
  Status read_headers(ClientResponse& response, int64_t deadline);
  Status read_body(ClientResponse& response, int64_t deadline);
  int64_t deadline() const;
  void close();

  int socket_ = -1;
  Duration timeout_;
  std::string host_;
  std::string buffer_;  // received and not yet used
};

}  // namespace ducat::http
