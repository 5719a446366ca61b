// See json_text.h.
#include "platform/rpc/json_text.h"

namespace ducat::rpc {
namespace {

// How many continuation bytes follow `lead`, and the smallest code point that needs so many; -1 for no lead
// byte.
struct Lead {
  int more;
  uint32_t value, least;
};
Lead classify(unsigned char lead) {
  if (lead < 0xC2) return {-1, 0, 0};
  if (lead < 0xE0) return {1, lead & 0x1Fu, 0x80};
  if (lead < 0xF0) return {2, lead & 0x0Fu, 0x800};
  if (lead < 0xF5) return {3, lead & 0x07u, 0x10000};
  return {-1, 0, 0};
}

}  // namespace

bool valid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i++]);
    if (byte < 0x80) continue;
    Lead lead = classify(byte);
    if (lead.more < 0 || text.size() - i < static_cast<size_t>(lead.more)) return false;
    for (int k = 0; k < lead.more; ++k) {
      auto next = static_cast<unsigned char>(text[i++]);
      if ((next & 0xC0) != 0x80) return false;
      lead.value = lead.value << 6 | (next & 0x3Fu);
    }
    if (lead.value < lead.least || lead.value > 0x10FFFF) return false;
    if (lead.value >= 0xD800 && lead.value < 0xE000) return false;
  }
  return true;
}

void JsonBuilder::separate() {
  if (!first_) out_.push_back(',');
  first_ = false;
}

JsonBuilder& JsonBuilder::open(char bracket) {
  separate();
  out_.push_back(bracket);
  first_ = true;
  return *this;
}

JsonBuilder& JsonBuilder::close(char bracket) {
  out_.push_back(bracket);
  first_ = false;
  return *this;
}

JsonBuilder& JsonBuilder::key(std::string_view name) {
  separate();
  append_json_text(out_, name);
  out_.push_back(':');
  first_ = true;  // no comma between the key and its value
  return *this;
}

JsonBuilder& JsonBuilder::text(std::string_view value) {
  separate();
  append_json_text(out_, value);
  return *this;
}

JsonBuilder& JsonBuilder::number(int64_t value) {
  separate();
  out_.append(std::to_string(value));
  return *this;
}

JsonBuilder& JsonBuilder::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

}  // namespace ducat::rpc
