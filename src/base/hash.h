// Checksums and hash keys. XXH3 (libxxhash) finds accidents, not forgers: evidence uses SHA-256.
#pragma once

#include <cstdint>
#include <string_view>

namespace ducat {

// XXH3-64 of the bytes; stable for ever, so it may be stored.
uint64_t hash64(std::string_view data, uint64_t seed = 0);

// Hash for in-memory maps keyed by text: usable with std::string_view look-ups.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return hash64(text); }
};

}  // namespace ducat
