// See fetcher.h.
#include "platform/fetch/fetcher.h"

#include <curl/curl.h>

#include <memory>
#include <mutex>

namespace ducat::fetch {
namespace {

struct Body {
  std::string bytes;
  size_t largest;
};

size_t take(char* data, size_t size, size_t count, void* into) {
  auto* body = static_cast<Body*>(into);
  size_t bytes = size * count;
  if (body->bytes.size() + bytes > body->largest) return 0;  // libcurl gives up
  body->bytes.append(data, bytes);
  return bytes;
}

// libcurl asks about once a second whether to go on.
int stop_asked(void* pool, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const BoundedPool*>(pool)->stopping() ? 1 : 0;
}

Errc code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Errc::kTimeout;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Errc::kInvalid;
    case CURLE_WRITE_ERROR:
      return Errc::kCorrupt;
    default:
      return Errc::kUnavailable;
  }
}

using Easy = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Headers headers_of(const Request& request) {
  Headers list(nullptr, &curl_slist_free_all);
  for (const auto& [name, value] : request.headers) {
    std::string line = name + ": " + value;
    curl_slist* grown = curl_slist_append(list.get(), line.c_str());
    if (grown == nullptr) break;  // without memory: the request fails or goes without
    (void)list.release();
    list.reset(grown);
  }
  return list;
}

}  // namespace

Fetcher::Fetcher(FetcherOptions options)
    : options_(options), pool_("fetch", options.threads, options.waiting) {
  static std::once_flag once;
  std::call_once(once, [] { (void)curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Task<Result<Response>> Fetcher::fetch(Request request, Executor& home) {
  auto work = [this, request = std::move(request)] { return perform(request); };
  return pool_.run<Response>(home, std::move(work));
}

Result<Response> Fetcher::perform(const Request& request) const {
  Easy easy(curl_easy_init(), &curl_easy_cleanup);
  if (!easy) return fail(Errc::kUnavailable, "libcurl has no memory");
  CURL* curl = easy.get();
  Headers headers = headers_of(request);
  Body body{{}, options_.largest_body};
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, options_.allow_plain ? "https,http" : "https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &stop_asked);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &pool_);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.micros / 1000));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  if (request.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  }
  CURLcode done = curl_easy_perform(curl);
  if (done != CURLE_OK) return fail(code_of(done), request.url + ": " + curl_easy_strerror(done));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return Response{static_cast<int>(status), std::move(body.bytes)};
}

}  // namespace ducat::fetch
