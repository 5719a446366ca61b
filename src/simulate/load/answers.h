// Reading what the wallet API answers, by looking for the one field that is needed instead of parsing a
// document: a batch of 1,000 is 200 KB of JSON, and the generator must stay cheaper than the server. Relies
// on field names being quoted verbatim and on wallet ids of ours, which need no escapes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ducat::load {

// Minor units (cents) of a plain JSON number with at most two decimals, e.g. `-12.5` is -1250. Nothing for
// exponents, more decimals, or more than 15 digits: money is read from its digits or not at all.
std::optional<int64_t> parse_cents(std::string_view number);

// The number after the first `"name":` in `json`, or an empty view. `quoted` includes quotes and colon.
std::string_view number_after(std::string_view json, std::string_view quoted);

// Appends the `statusCode` of every element of a batch's answer, in order.
void batch_statuses(std::string_view body, std::vector<int>& into);

// The top-level objects of a JSON array, in order; empty when it is not an array of whole objects.
std::vector<std::string_view> array_elements(std::string_view body);

}  // namespace ducat::load
