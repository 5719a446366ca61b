// Who the client is: addresses, the networks of trusted proxies, and X-Forwarded-For read with suspicion.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/http/message.h"

struct sockaddr;

namespace ducat::http {

// An IPv6 address; IPv4 as IPv4-mapped (::ffff:a.b.c.d), so that both compare alike.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};
  bool operator==(const IpAddress&) const = default;

  // "10.0.0.7" or "2001:db8::1"; nothing for anything else.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress of(const sockaddr& address);
  std::string to_string() const;
};

// A set of networks. Immutable; any thread.
class TrustedProxies {
 public:
  // Addresses and CIDR networks. kInvalid names the entry that is neither.
  static Result<TrustedProxies> parse(std::span<const std::string> entries);
  bool trusts(const IpAddress& address) const;

 private:
  struct Network {
    IpAddress address;
    int bits;
  };
  std::vector<Network> networks_;
};

// The right-most address of all X-Forwarded-For headers that is not a trusted proxy: everything left of it is
// the word of somebody we do not know. If all are trusted, the left-most. `peer` if there is none, or where
// an entry is no address. The answer views a header or `peer`. Call it only for a trusted peer.
std::string_view forwarded_client(std::span<const Header> headers, const TrustedProxies& proxies,
                                  std::string_view peer);

// What the nearest proxy says in X-Forwarded-Proto. Call it only for a trusted peer.
bool forwarded_secure(std::span<const Header> headers);

}  // namespace ducat::http
