// Writing and reading the bytes of stored records: little-endian fixed integers, LEB128 varints with zigzag
// for signed ones, and length-prefixed text. The reader never reads past its end: the first bad field makes
// it fail for good, so a decoder checks once, at the end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ducat {

// Appends to a string it does not own. One thread.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void fixed64(uint64_t value) { raw(&value, sizeof(value)); }
  void varint(uint64_t value) {
    char buffer[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) buffer[size++] = static_cast<char>(value | 0x80);
    buffer[size++] = static_cast<char>(value);
    out_.append(buffer, size);
  }
  void zigzag(int64_t value) {
    varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  void text(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  void raw(const void* data, size_t size) { out_.append(static_cast<const char*>(data), size); }

 private:
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored integers are little-endian");
  std::string& out_;
};

// Reads from memory it does not own; views it returns live as long as that memory. One thread.
class ByteReader {
 public:
  explicit ByteReader(std::string_view data) : at_(data.data()), end_(data.data() + data.size()) {}

  uint8_t u8() { return need(1) ? static_cast<uint8_t>(*at_++) : 0; }
  uint64_t fixed64() {
    uint64_t value = 0;
    raw(&value, sizeof(value));
    return value;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      uint64_t byte = u8();
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    return spoil();
  }
  int64_t zigzag() {
    uint64_t value = varint();
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  std::string_view text() {
    uint64_t size = varint();
    if (!need(size)) return {};
    std::string_view value(at_, size);
    at_ += size;
    return value;
  }
  void raw(void* into, size_t size) {
    if (!need(size)) return;
    std::memcpy(into, at_, size);
    at_ += size;
  }

  bool done() const { return at_ == end_; }
  bool ok() const { return ok_; }
  // Everything was well formed and nothing is left over.
  bool complete() const { return ok_ && done(); }

 private:
  bool need(uint64_t size) {
    if (ok_ && size <= static_cast<uint64_t>(end_ - at_)) return true;
    spoil();
    return false;
  }
  uint64_t spoil() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace ducat
