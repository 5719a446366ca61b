// Writing JSON into a string: a small writer that keeps track of commas. What the
// contracts' messages look like is json_writer.h; this is for error bodies and the OpenAPI document.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json_text.h"

namespace ducat::rpc {

// Whether the bytes are UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool valid_utf8(std::string_view text);

// Appends objects and arrays to a string it does not own, putting the commas. One thread. Calls must nest
// properly.
class JsonBuilder {
 public:
  explicit JsonBuilder(std::string& out) : out_(out) {}

  JsonBuilder& begin_object() { return open('{'); }
  JsonBuilder& end_object() { return close('}'); }
  JsonBuilder& begin_array() { return open('['); }
  JsonBuilder& end_array() { return close(']'); }
  JsonBuilder& key(std::string_view name);
  JsonBuilder& text(std::string_view value);
  JsonBuilder& number(int64_t value);
  JsonBuilder& boolean(bool value) { return raw(value ? "true" : "false"); }
  // A value that is JSON already.
  JsonBuilder& raw(std::string_view json);

 private:
  void separate();
  JsonBuilder& open(char bracket);
  JsonBuilder& close(char bracket);

  std::string& out_;
  bool first_ = true;  // nothing stands before the next value on its level
};

}  // namespace ducat::rpc
