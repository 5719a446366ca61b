// See compact_json.h.
#include "services/audit/compact_json.h"

#include <simdjson.h>

#include "base/check.h"

namespace ducat::audit {

std::string compact_json(std::string_view json) {
  std::string compact(json.size() + simdjson::SIMDJSON_PADDING, '\0');
  size_t size = 0;
  auto error = simdjson::minify(json.data(), json.size(), compact.data(), size);
  DUCAT_CHECK(!error, "only well-formed JSON is compacted");
  compact.resize(size);
  return compact;
}

}  // namespace ducat::audit
