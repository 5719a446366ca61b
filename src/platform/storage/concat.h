// Messages and SQL from parts: text and integers one after another. GCC 12 has no std::format yet.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace ducat::storage {

namespace concat_detail {

inline void append(std::string& out, std::string_view text) {
  out.append(text);
}
template <std::integral T>
void append(std::string& out, T number) {
  out.append(std::to_string(number));
}

}  // namespace concat_detail

template <typename... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (concat_detail::append(out, parts), ...);
  return out;
}

}  // namespace ducat::storage
