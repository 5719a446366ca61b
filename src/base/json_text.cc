// See json_text.h.
#include "base/json_text.h"

#include <array>

namespace ducat {
namespace {

// For each byte: 0 to copy it, 'u' for \u00XX, else the letter after the backslash.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> table{};
  for (int c = 0; c < 0x20; ++c) table[c] = 'u';
  table['"'] = '"';
  table['\\'] = '\\';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  return table;
}();

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  char escapes = 0;
  for (char c : text) escapes = static_cast<char>(escapes | kEscapes[static_cast<unsigned char>(c)]);
  if (escapes == 0) {
    out.append(text).push_back('"');
    return;
  }
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    char escape = kEscapes[byte];
    if (!escape) continue;
    out.append(text.data() + from, i - from);
    from = i + 1;
    if (escape == 'u') {
      const char code[] = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
      out.append(code, sizeof(code));
    } else {
      const char code[] = {'\\', escape};
      out.append(code, sizeof(code));
    }
  }
  out.append(text.data() + from, text.size() - from);
  out.push_back('"');
}

}  // namespace ducat
