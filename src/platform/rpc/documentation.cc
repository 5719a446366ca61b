// See documentation.h.
#include "platform/rpc/documentation.h"

extern "C" const char ducat_embed_swagger_ui_css[], ducat_embed_swagger_ui_css_end[];
extern "C" const char ducat_embed_swagger_ui_js[], ducat_embed_swagger_ui_js_end[];
extern "C" const char ducat_embed_swagger_ui_icon[], ducat_embed_swagger_ui_icon_end[];

namespace ducat::rpc {
namespace {

// Swagger UI sets styles from its script and draws its icons from data: URLs; scripts come from here only.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

// Paths are absolute, since the page's own address has no trailing slash.
constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ducat API</title>
<link rel="icon" type="image/png" href="/documentation/icon.png">
<link rel="stylesheet" href="/documentation/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/documentation/swagger-ui-bundle.js"></script>
<script src="/documentation/start.js"></script>
</body>
</html>
)";

constexpr std::string_view kStart = R"(window.ui = SwaggerUIBundle({
  url: '/documentation/json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
)";

}  // namespace

void Documentation::add_to(StaticRoutes& files) const {
  for (const std::string base : {"/documentation", "/api/docs", "/v1/docs"}) {
    files.add(base, {"text/html; charset=utf-8", kPage, kPolicy});
    files.add(base + "/", {"text/html; charset=utf-8", kPage, kPolicy});
    files.add(base + "/json", {"application/json; charset=utf-8", document_, {}});
  }
  constexpr std::string_view kScript = "text/javascript; charset=utf-8";
  files.add("/documentation/start.js", {kScript, kStart, {}});
  files.add("/documentation/swagger-ui-bundle.js",
            {kScript, embedded(ducat_embed_swagger_ui_js, ducat_embed_swagger_ui_js_end), {}});
  files.add(
      "/documentation/swagger-ui.css",
      {"text/css; charset=utf-8", embedded(ducat_embed_swagger_ui_css, ducat_embed_swagger_ui_css_end), {}});
  files.add("/documentation/icon.png",
            {"image/png", embedded(ducat_embed_swagger_ui_icon, ducat_embed_swagger_ui_icon_end), {}});
}

}  // namespace ducat::rpc
