// See static_routes.h.
#include "platform/rpc/static_routes.h"

#include <cstdio>

#include "base/check.h"
#include "base/hash.h"
#include "platform/http/text.h"

namespace ducat::rpc {
namespace {

// RFC 9110, section 13.1.2: a list of tags or "*", compared weakly.
bool matches(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    std::string_view tag = http::next_part(if_none_match, ',');
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag || tag == "*") return true;
  }
  return false;
}

}  // namespace

StaticRoutes::Entry StaticRoutes::make_entry(StaticFile file) {
  char etag[24];
  std::snprintf(etag, sizeof(etag), "\"%016llx\"", static_cast<unsigned long long>(hash64(file.bytes)));
  return {file, etag};
}

void StaticRoutes::add(std::string path, StaticFile file) {
  bool added = exact_.emplace(std::move(path), make_entry(file)).second;
  DUCAT_CHECK(added, "two static files at one path");
}

void StaticRoutes::add_prefix(std::string prefix, StaticFile file) {
  bool added = prefixes_.emplace(std::move(prefix), make_entry(file)).second;
  DUCAT_CHECK(added, "two static files at one prefix");
}

const StaticRoutes::Entry* StaticRoutes::find(std::string_view path) const {
  if (auto at = exact_.find(path); at != exact_.end()) return &at->second;
  const Entry* best = nullptr;
  size_t longest = 0;
  for (const auto& [prefix, entry] : prefixes_) {
    if (!path.starts_with(prefix) || prefix.size() < longest) continue;
    best = &entry;
    longest = prefix.size();
  }
  return best;
}

http::Response StaticRoutes::answer(const http::Request& request) const {
  const Entry* entry = find(request.path);
  DUCAT_CHECK(entry, "a static file that is not there");
  http::Response response;
  response.content_type = entry->file.content_type;
  response.headers.emplace_back("ETag", entry->etag);
  response.headers.emplace_back("Cache-Control", entry->file.cache_control);
  if (!entry->file.content_security_policy.empty()) {
    response.headers.emplace_back("Content-Security-Policy", entry->file.content_security_policy);
  }
  if (matches(request.header("if-none-match"), entry->etag)) {
    response.status = 304;
  } else {
    response.body = entry->file.bytes;
  }
  return response;
}

}  // namespace ducat::rpc
