// A call's context and its answer as bytes, so that a handler in another process knows what it would know in
// this one, and HTTP says what it would say (contracts/ducat/rpc.proto). Nothing here knows gRPC.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/rpc/registry.h"

namespace ducat::rpc {

// Longer answers than this do not fit into the metadata; what would not fit loses its violations and members.
constexpr size_t kLargestTail = size_t{48} << 10;

// The context as bytes. Credentials and headers of the connection stay behind.
std::string encode_call(const CallContext& context, Timestamp sent_at);

// A context that has arrived, and the HTTP request it came from, whose views point into it. Lives as long as
// the call.
class ReceivedCall {
 public:
  ReceivedCall();
  ~ReceivedCall();
  // kCorrupt: not what encode_call makes.
  Status read(std::string_view bytes);
  // Everything but executor, trace, time and deadline.
  void fill(CallContext& context) const;
  Timestamp sent_at() const;

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

// What travels back beside the message; `error` is null for a success.
std::string encode_answer(const CallContext::Out& out, const ApiError* error);
// Reads it into `out`; the failure if it was one. kCorrupt: not what encode_answer makes. A stored body is
// not among the bytes: `out.has_stored_body` says that the reply's bytes are it.
Result<std::expected<void, ApiError>> decode_answer(std::string_view bytes, CallContext::Out& out);

}  // namespace ducat::rpc
