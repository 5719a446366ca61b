// A blocked Bloom filter (Putze, Sanders, Singler 2007): all bits of a key lie in one 64-byte block, so a
// look-up costs one cache miss. At 16 bits a key about one unknown key in five hundred passes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"

namespace ducat::kernel {

// Built once, then only asked. Copyable bytes; no threads of its own.
class KeyFilter {
 public:
  KeyFilter() = default;
  // Room for `keys` hashes.
  explicit KeyFilter(size_t keys) : bits_((keys * kBitsPerKey / kBlockBits + 1) * kBlockBytes, '\0') {}
  // From stored bits; nothing if they are not those of a filter with room for `keys`.
  static std::optional<KeyFilter> from_bits(std::string_view bits, uint64_t keys) {
    if (bits.empty() || bits.size() % kBlockBytes != 0) return std::nullopt;
    if (keys / (kBlockBits / kBitsPerKey) >= bits.size() / kBlockBytes) return std::nullopt;
    KeyFilter filter;
    filter.bits_ = bits;
    return filter;
  }

  void add(uint64_t hash) {
    char* block = bits_.data() + block_of(hash);
    for_bits(hash, [block](unsigned bit) {
      block[bit >> 3] = static_cast<char>(block[bit >> 3] | 1 << (bit & 7));
      return true;
    });
  }
  // False: certainly not added.
  bool may_contain(uint64_t hash) const {
    if (bits_.empty()) return false;
    const char* block = bits_.data() + block_of(hash);
    return for_bits(hash, [block](unsigned bit) { return (block[bit >> 3] >> (bit & 7) & 1) != 0; });
  }
  std::string_view bits() const { return bits_; }

 private:
  static constexpr size_t kBitsPerKey = 16;
  static constexpr size_t kBlockBytes = 64;
  static constexpr size_t kBlockBits = kBlockBytes * 8;
  static constexpr int kProbes = 7;

  size_t block_of(uint64_t hash) const {
    auto blocks = static_cast<Uint128>(bits_.size() / kBlockBytes);
    return static_cast<size_t>(blocks * hash >> 64) * kBlockBytes;
  }
  // The block comes from the hash's high bits; the places in it from a second hash, nine bits each.
  template <typename Visit>
  static bool for_bits(uint64_t hash, Visit visit) {
    uint64_t places = (hash ^ hash >> 29) * 0x9E3779B97F4A7C15ULL;
    for (int i = 0; i < kProbes; ++i, places >>= 9) {
      if (!visit(static_cast<unsigned>(places & (kBlockBits - 1)))) return false;
    }
    return true;
  }

  std::string bits_;
};

}  // namespace ducat::kernel
