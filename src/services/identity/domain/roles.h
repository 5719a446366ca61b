// Roles, and what each may do. A permission is "<what>:<action>", as the contracts' routes name it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ducat::identity {

// Stored as bits, so the numbers never change.
enum class Role : uint8_t { kUser = 1, kAuditor = 2, kOperator = 4, kAdmin = 8 };

class RoleSet {
 public:
  constexpr RoleSet() = default;
  constexpr explicit RoleSet(uint8_t bits) : bits_(bits) {}
  constexpr RoleSet(Role role) : bits_(static_cast<uint8_t>(role)) {}  // NOLINT: a role is a set of one

  constexpr bool has(Role role) const { return (bits_ & static_cast<uint8_t>(role)) != 0; }
  constexpr RoleSet with(Role role) const {
    return RoleSet(static_cast<uint8_t>(bits_ | static_cast<uint8_t>(role)));
  }
  constexpr uint8_t bits() const { return bits_; }
  bool operator==(const RoleSet&) const = default;

 private:
  uint8_t bits_ = 0;
};

// "user", "auditor", "operator", "admin".
std::optional<Role> parse_role(std::string_view name);
std::vector<std::string> names_of(RoleSet roles);
// Names that are no roles grant nothing.
RoleSet roles_from(std::span<const std::string> names);

// Whether any of the roles grants the permission.
bool grants(RoleSet roles, std::string_view permission);

// "wallet:read": lower-case letters, digits and dashes on both sides of one colon.
bool is_permission(std::string_view text);

}  // namespace ducat::identity
