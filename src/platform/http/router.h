// Finds the route of a method and a path. Patterns are segments of text and parameters:
// "/v1/wallet/:id/deposit" or
// "/v1/wallet/{id}/deposit". A tree of segments; text wins over a parameter where both lead to a route.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ducat::http {

// What a search found. Owned by the caller and reused, so that searching allocates nothing in the end. Views
// live as long as the router, the path searched, and this object until it is searched with again.
struct RouteMatch {
  struct Param {
    std::string_view name;
    std::string_view value;  // percent-decoded
  };
  int route_id = -1;
  std::vector<Param> params;
  std::string allow;  // for kMethodNotAllowed: "GET, HEAD, OPTIONS"

  // The parameter of that name, or an empty view. A parameter is never empty.
  std::string_view param(std::string_view name) const;

 private:
  friend class Router;
  std::vector<std::string_view> segments_;
  std::vector<std::string_view> values_;
  std::string decoded_;
};

// Filled first, then searched: `find` may be called by several threads, each with its own match.
class Router {
 public:
  enum class Found : unsigned char {
    kRoute,
    kNotFound,          // 404
    kMethodNotAllowed,  // 405
    kBadPath,           // 400: bad percent-encoding, or an encoded NUL
  };
  static constexpr size_t kMaxSegments = 32;  // a longer path is not found

  Router();
  ~Router();

  // kInvalid: not a pattern. kConflict: the method has a route of the same shape.
  Status add(std::string_view method, std::string_view pattern, int route_id);

  // `path` as received, without the query. HEAD finds GET's route if it has none of its own. A trailing slash
  // is a different path.
  Found find(std::string_view method, std::string_view path, RouteMatch& match) const;

 private:
  struct Route {
    std::string method;
    int id;
    std::vector<std::string> names;
  };
  struct Node;

  const Route* search(const Node& node, size_t depth, std::string_view method, RouteMatch& match) const;

  std::unique_ptr<Node> root_;
};

}  // namespace ducat::http
