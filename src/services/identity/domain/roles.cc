// The table of permissions; README.md shows it.
#include "services/identity/domain/roles.h"

#include <algorithm>

namespace ducat::identity {
namespace {

struct Named {
  Role role;
  std::string_view name;
};
constexpr Named kRoles[] = {{Role::kUser, "user"},
                            {Role::kAuditor, "auditor"},
                            {Role::kOperator, "operator"},
                            {Role::kAdmin, "admin"}};

// Either side may be "*".
struct Grant {
  Role role;
  std::string_view what;
  std::string_view action;
};
constexpr Grant kGrants[] = {
    {Role::kUser, "wallet", "*"},         {Role::kUser, "transaction", "*"},
    {Role::kUser, "activity", "*"},       {Role::kUser, "order", "*"},
    {Role::kUser, "catalog", "read"},     {Role::kUser, "processing", "*"},
    {Role::kAuditor, "*", "read"},        {Role::kOperator, "*", "read"},
    {Role::kOperator, "wallet", "*"},     {Role::kOperator, "jobs", "*"},
    {Role::kOperator, "sagas", "*"},      {Role::kOperator, "messages", "*"},
    {Role::kOperator, "catalog", "*"},    {Role::kOperator, "order", "*"},
    {Role::kOperator, "processing", "*"}, {Role::kAdmin, "*", "*"},
};

bool covers(std::string_view pattern, std::string_view text) {
  return pattern == "*" || pattern == text;
}

}  // namespace

std::optional<Role> parse_role(std::string_view name) {
  for (const Named& known : kRoles) {
    if (known.name == name) return known.role;
  }
  return std::nullopt;
}

std::vector<std::string> names_of(RoleSet roles) {
  std::vector<std::string> names;
  for (const Named& known : kRoles) {
    if (roles.has(known.role)) names.emplace_back(known.name);
  }
  return names;
}

RoleSet roles_from(std::span<const std::string> names) {
  RoleSet roles;
  for (const std::string& name : names) {
    if (auto role = parse_role(name)) roles = roles.with(*role);
  }
  return roles;
}

bool grants(RoleSet roles, std::string_view permission) {
  size_t colon = permission.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view what = permission.substr(0, colon);
  std::string_view action = permission.substr(colon + 1);
  return std::any_of(std::begin(kGrants), std::end(kGrants), [&](const Grant& grant) {
    return roles.has(grant.role) && covers(grant.what, what) && covers(grant.action, action);
  });
}

bool is_permission(std::string_view text) {
  size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size() || text.size() > 64)
    return false;
  return std::all_of(text.begin(), text.end(), [&](const char& c) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    return letter || &c == text.data() + colon;
  });
}

}  // namespace ducat::identity
