// libxxhash, compiled into this file so that it is inlined.
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ducat {

uint64_t hash64(std::string_view data, uint64_t seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

}  // namespace ducat
