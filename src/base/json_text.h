// A text as JSON has it.
#pragma once

#include <string>
#include <string_view>

namespace ducat {

// Appends `text` in quotes, escaped by RFC 8259. Bytes above 0x7F are copied: the text must be UTF-8.
void append_json_text(std::string& out, std::string_view text);

}  // namespace ducat
