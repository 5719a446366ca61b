// See violations.h.
#include "platform/rpc/violations.h"

namespace ducat::rpc {
namespace {

// A caller's own property names are repeated only up to here.
constexpr size_t kMaxEchoedName = 100;

}  // namespace

std::string Place::text() const {
  std::string out = up ? up->text() : std::string();
  if (name.empty() && index < 0) return out;
  if (!out.empty()) out.push_back('.');
  return index >= 0 ? out.append(std::to_string(index)) : out.append(name);
}

void Violations::add(const Place& place, std::string_view what, std::string_view type) {
  if (full()) return;
  std::string path = place.text();
  std::string message = path;
  message.append(1, ' ').append(what);
  list_.push_back({std::move(path), std::move(message), source_, type});
}

void Violations::add_unknown(const Place& object, std::string_view name) {
  if (full()) return;
  // Cut at a code point, so that the answer stays UTF-8.
  size_t size = std::min(name.size(), kMaxEchoedName);
  while (size < name.size() && size > 0 && (name[size] & 0xC0) == 0x80) --size;
  std::string shown(name.substr(0, size));
  std::string message = object.text();
  if (!message.empty()) message.push_back('.');
  message.append("property ").append(shown).append(" should not exist");
  std::string path = object.text();
  if (!path.empty()) path.push_back('.');
  path.append(shown);
  list_.push_back({std::move(path), std::move(message), source_, "extra_forbidden"});
}

}  // namespace ducat::rpc
