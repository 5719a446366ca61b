// JSON without white space between its tokens: the form in which records keep metadata and changes, so that
// who reads a record can write the same bytes again.
#pragma once

#include <string>
#include <string_view>

namespace ducat::audit {

// `json` is well formed; members, order and digits stay as they are.
std::string compact_json(std::string_view json);

}  // namespace ducat::audit
