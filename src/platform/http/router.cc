// The tree of segments, and decoding of paths.
#include "platform/http/router.h"

#include <algorithm>

namespace ducat::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends the decoded text; false for a broken escape or a NUL, which would end the text for somebody further
// on.
bool decode(std::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return false;
    int high = hex_digit(text[i + 1]);
    int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || high + low == 0) return false;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return true;
}

// The parameter's name of ":name" or "{name}"; empty for plain text.
std::string_view parameter_name(std::string_view segment) {
  if (segment.size() > 1 && segment.front() == ':') return segment.substr(1);
  if (segment.size() > 2 && segment.front() == '{' && segment.back() == '}') {
    return segment.substr(1, segment.size() - 2);
  }
  return {};
}

// "/a//b/" is "a", "", "b", "". False if there are too many or the path does not begin with a slash.
bool split(std::string_view path, std::vector<std::string_view>& segments) {
  segments.clear();
  if (path.empty() || path.front() != '/') return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    size_t end = std::min(path.find('/'), path.size());
    if (segments.size() == Router::kMaxSegments) return false;
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return true;
}

}  // namespace

struct Router::Node {
  struct Child {
    std::string text;
    std::unique_ptr<Node> node;
  };
  std::vector<Child> children;  // sorted by text
  std::unique_ptr<Node> parameter;
  std::vector<Route> routes;

  const Node* child(std::string_view text) const {
    auto at = std::ranges::lower_bound(children, text, {}, &Child::text);
    return at != children.end() && at->text == text ? at->node.get() : nullptr;
  }
  Node& add_child(std::string_view text) {
    auto at = std::ranges::lower_bound(children, text, {}, &Child::text);
    if (at == children.end() || at->text != text) {
      at = children.insert(at, Child{std::string(text), std::make_unique<Node>()});
    }
    return *at->node;
  }
  const Route* route(std::string_view method) const {
    auto at = std::ranges::find(routes, method, &Route::method);
    return at == routes.end() ? nullptr : &*at;
  }
};

std::string_view RouteMatch::param(std::string_view name) const {
  for (const Param& each : params) {
    if (each.name == name) return each.value;
  }
  return {};
}

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

Status Router::add(std::string_view method, std::string_view pattern, int route_id) {
  std::vector<std::string_view> segments;
  if (method.empty() || !split(pattern, segments)) {
    return fail(Errc::kInvalid, "\"" + std::string(pattern) + "\" is no route pattern");
  }
  Route route{std::string(method), route_id, {}};
  Node* node = root_.get();
  for (std::string_view segment : segments) {
    std::string_view name = parameter_name(segment);
    if (name.empty()) {
      node = &node->add_child(segment);
      continue;
    }
    if (std::ranges::find(route.names, name) != route.names.end()) {
      return fail(Errc::kInvalid, "\"" + std::string(pattern) + "\" names a parameter twice");
    }
    route.names.emplace_back(name);
    if (node->parameter == nullptr) node->parameter = std::make_unique<Node>();
    node = node->parameter.get();
  }
  if (node->route(method) != nullptr) {
    return fail(Errc::kConflict, std::string(method) + " " + std::string(pattern) + " exists already");
  }
  node->routes.push_back(std::move(route));
  return {};
}

Router::Found Router::find(std::string_view method, std::string_view path, RouteMatch& match) const {
  match.route_id = -1;
  match.params.clear();
  match.values_.clear();
  match.allow.clear();
  if (!split(path, match.segments_)) return Found::kNotFound;
  if (path.find('%') != std::string_view::npos) {
    match.decoded_.clear();
    match.decoded_.reserve(path.size());  // so that the views below stay valid
    for (std::string_view& segment : match.segments_) {
      if (segment.find('%') == std::string_view::npos) continue;
      size_t from = match.decoded_.size();
      if (!decode(segment, match.decoded_)) return Found::kBadPath;
      segment = std::string_view(match.decoded_).substr(from);
    }
  }
  const Route* route = search(*root_, 0, method, match);
  if (route == nullptr && method == "HEAD") {
    match.allow.clear();
    route = search(*root_, 0, "GET", match);
  }
  if (route == nullptr) {
    if (match.allow.empty()) return Found::kNotFound;
    match.allow += ", OPTIONS";
    return Found::kMethodNotAllowed;
  }
  match.allow.clear();
  match.route_id = route->id;
  for (size_t i = 0; i < route->names.size(); ++i)
    match.params.push_back({route->names[i], match.values_[i]});
  return Found::kRoute;
}

// The values of the parameters on the way are in match.values_; the methods seen where the path ended, in
// allow.
const Router::Route* Router::search(const Node& node, size_t depth, std::string_view method,
                                    RouteMatch& match) const {
  if (depth == match.segments_.size()) {
    if (const Route* route = node.route(method)) return route;
    for (const Route& route : node.routes) {
      bool known = match.allow.find(route.method) != std::string::npos;
      if (known || route.method == "OPTIONS") continue;
      if (!match.allow.empty()) match.allow += ", ";
      match.allow += route.method;
      if (route.method == "GET") match.allow += ", HEAD";
    }
    return nullptr;
  }
  std::string_view segment = match.segments_[depth];
  if (const Node* child = node.child(segment)) {
    if (const Route* route = search(*child, depth + 1, method, match)) return route;
  }
  if (node.parameter == nullptr || segment.empty()) return nullptr;
  match.values_.push_back(segment);
  if (const Route* route = search(*node.parameter, depth + 1, method, match)) return route;
  match.values_.pop_back();
  return nullptr;
}

}  // namespace ducat::http
