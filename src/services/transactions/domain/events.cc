// See events.h.
#include "services/transactions/domain/events.h"

#include <array>
#include <utility>

namespace ducat::transactions {

std::string_view action_of(Change change) {
  switch (change) {
    case Change::kCreate:
      return "CREATE";
    case Change::kUpdate:
    case Change::kRestore:
      return "UPDATE";
    case Change::kDelete:
      return "DELETE";
  }
  return "";
}

std::vector<std::string_view> field_names(uint32_t fields) {
  constexpr std::array<std::pair<Field, std::string_view>, 6> kNames = {{{kAmountField, "amount"},
                                                                         {kCurrencyField, "currency"},
                                                                         {kStatusField, "status"},
                                                                         {kDescriptionField, "description"},
                                                                         {kMetadataField, "metadata"},
                                                                         {kDeletedAtField, "deletedAt"}}};
  std::vector<std::string_view> names;
  for (const auto& [field, name] : kNames) {
    if (fields & field) names.push_back(name);
  }
  return names;
}

}  // namespace ducat::transactions
