// What is wrong with a request, collected so that the caller learns everything at once, in words that clients
// of NestJS services know (class-validator's).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ducat::rpc {

// At most this many are told.
constexpr size_t kMaxViolations = 20;

struct Violation {
  std::string path;         // "operations.3.amount"
  std::string message;      // "operations.3.amount must be a positive number"
  std::string_view source;  // "body", "query", "path" or "header"
  std::string_view type;    // a constant such as "missing" or "value_error"
};

// Where in a body the reader is: a chain on the stack, turned into text only when something is wrong.
struct Place {
  const Place* up = nullptr;
  std::string_view name;
  int64_t index = -1;  // of an element; the name is then empty

  // "operations.3.amount"; empty for the root.
  std::string text() const;
};

// One thread.
class Violations {
 public:
  explicit Violations(std::string_view source = "body") : source_(source) {}

  // `what` follows the place: "must be a string".
  void add(const Place& place, std::string_view what, std::string_view type = "value_error");
  // "property currency should not exist", behind the place of its object.
  void add_unknown(const Place& object, std::string_view name);
  void set_source(std::string_view source) { source_ = source; }

  bool empty() const { return list_.empty(); }
  bool full() const { return list_.size() >= kMaxViolations; }
  std::vector<Violation> take() { return std::move(list_); }
  const std::vector<Violation>& list() const { return list_; }
  void clear() { list_.clear(); }

 private:
  std::string_view source_;
  std::vector<Violation> list_;
};

}  // namespace ducat::rpc
