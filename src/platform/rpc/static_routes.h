// Files that live in the binary, served as they are: the documentation's pages, and whatever the app puts at
// `/`.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "platform/http/message.h"

namespace ducat::rpc {

// Where ducat_embed (cmake/DucatEmbed.cmake) put a file: the bytes between its two symbols.
inline std::string_view embedded(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

struct StaticFile {
  std::string_view content_type;                // a constant
  std::string_view bytes;                       // live as long as the routes
  std::string_view content_security_policy;     // a constant; empty for the server's own
  std::string_view cache_control = "no-cache";  // kept by browsers, and asked for again by its ETag
};

// Filled at the start by one thread, then read by any.
class StaticRoutes {
 public:
  // One path, exactly: "/documentation".
  void add(std::string path, StaticFile file);
  // Every path that begins with `prefix` and has no file of its own: an application's pages that are made in
  // the browser. The longest prefix counts.
  void add_prefix(std::string prefix, StaticFile file);

  bool has(std::string_view path) const { return find(path) != nullptr; }
  // The answer to GET or HEAD of a path that is there: 200, or 304 when If-None-Match names its ETag.
  http::Response answer(const http::Request& request) const;

 private:
  struct Entry {
    StaticFile file;
    std::string etag;
  };
  static Entry make_entry(StaticFile file);
  const Entry* find(std::string_view path) const;

  std::map<std::string, Entry, std::less<>> exact_;
  std::map<std::string, Entry, std::less<>> prefixes_;
};

}  // namespace ducat::rpc
