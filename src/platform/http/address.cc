// Parsing and matching of addresses.
#include "platform/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

#include "platform/http/text.h"

namespace ducat::http {
namespace {

constexpr int kMappedBits = 96;  // the prefix ::ffff:0:0/96 in front of an IPv4 address

bool is_mapped(const IpAddress& address) {
  static constexpr uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::memcmp(address.bytes.data(), kPrefix, sizeof(kPrefix)) == 0;
}

IpAddress mapped(const in_addr& address) {
  IpAddress result;
  result.bytes[10] = result.bytes[11] = 0xFF;
  std::memcpy(result.bytes.data() + 12, &address, sizeof(address));
  return result;
}

// "1.2.3.4:5678" and "[::1]:80" without their ports: some proxies write them.
std::string_view without_port(std::string_view entry) {
  if (entry.starts_with('[')) {
    size_t end = entry.find(']');
    return end == std::string_view::npos ? entry : entry.substr(1, end - 1);
  }
  size_t colon = entry.find(':');
  bool one_colon = colon != std::string_view::npos && entry.find(':', colon + 1) == std::string_view::npos;
  return one_colon ? entry.substr(0, colon) : entry;
}

// Cuts the part behind the last comma off the end of `rest`.
std::string_view last_part(std::string_view& rest) {
  size_t comma = rest.rfind(',');
  std::string_view part = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
  rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
  return trimmed(part);
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof(buffer)) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  in_addr v4;
  if (inet_pton(AF_INET, buffer, &v4) == 1) return mapped(v4);
  IpAddress v6;
  if (inet_pton(AF_INET6, buffer, v6.bytes.data()) == 1) return v6;
  return std::nullopt;
}

IpAddress IpAddress::of(const sockaddr& address) {
  if (address.sa_family == AF_INET) return mapped(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  IpAddress result;
  if (address.sa_family == AF_INET6) {
    std::memcpy(result.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr,
                result.bytes.size());
  }
  return result;
}

std::string IpAddress::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  bool v4 = is_mapped(*this);
  const uint8_t* from = bytes.data() + (v4 ? 12 : 0);
  return inet_ntop(v4 ? AF_INET : AF_INET6, from, buffer, sizeof(buffer)) == nullptr ? std::string() : buffer;
}

Result<TrustedProxies> TrustedProxies::parse(std::span<const std::string> entries) {
  TrustedProxies result;
  for (const std::string& entry : entries) {
    std::string_view text = entry;
    size_t slash = text.find('/');
    auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return fail(Errc::kInvalid, "trusted proxy \"" + entry + "\" is no address");
    int offset = is_mapped(*address) ? kMappedBits : 0;
    int bits = 128 - offset;
    if (slash != std::string_view::npos) {
      const char* end = text.data() + text.size();
      auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
      if (error != std::errc() || stop != end || bits < 0 || bits > 128 - offset) {
        return fail(Errc::kInvalid, "trusted proxy \"" + entry + "\" has no valid prefix length");
      }
    }
    result.networks_.push_back({*address, bits + offset});
  }
  return result;
}

bool TrustedProxies::trusts(const IpAddress& address) const {
  for (const Network& network : networks_) {
    size_t whole = static_cast<size_t>(network.bits / 8);
    int rest = network.bits % 8;
    if (std::memcmp(address.bytes.data(), network.address.bytes.data(), whole) != 0) continue;
    if (rest == 0) return true;
    int mask = 0xFF << (8 - rest) & 0xFF;
    if (((address.bytes[whole] ^ network.address.bytes[whole]) & mask) == 0) return true;
  }
  return false;
}

std::string_view forwarded_client(std::span<const Header> headers, const TrustedProxies& proxies,
                                  std::string_view peer) {
  std::string_view client = peer;
  for (size_t i = headers.size(); i-- > 0;) {
    if (!equals_ignoring_case(headers[i].name, "X-Forwarded-For")) continue;
    std::string_view rest = headers[i].value;
    while (!rest.empty()) {
      std::string_view entry = without_port(last_part(rest));
      auto address = IpAddress::parse(entry);
      if (!address) return client;
      client = entry;
      if (!proxies.trusts(*address)) return client;
    }
  }
  return client;
}

bool forwarded_secure(std::span<const Header> headers) {
  for (size_t i = headers.size(); i-- > 0;) {
    if (!equals_ignoring_case(headers[i].name, "X-Forwarded-Proto")) continue;
    std::string_view rest = headers[i].value;
    return equals_ignoring_case(last_part(rest), "https");
  }
  return false;
}

}  // namespace ducat::http
