// A request in the hands of the handler, and its place in the order of answers.
#pragma once

#include "base/check.h"
#include "platform/http/input_block.h"
#include "platform/http/message.h"
#include "platform/http/request_parser.h"

namespace ducat::http {

class Connection;

// Belongs to its connection, which keeps it and its block until it has been answered, and then uses it again.
class PendingExchange final : public Exchange {
 public:
  explicit PendingExchange(Connection& connection) : connection_(connection) {}

  const Request& request() const override { return incoming.request; }
  void respond(Response response) override;
  Executor& executor() override;

  IncomingRequest incoming;
  BlockRef block;
  Response answer;
  bool answered = false;

  // Its answer has been rendered, or nobody is there to read it.
  void release() {
    block.reset();
    answer = Response();
    answered = false;
  }

 private:
  Connection& connection_;
};

}  // namespace ducat::http
