// See redis_cache.h. A value is stored as 8 bytes of version, big-endian, and the bytes of the value: so
// versions compare as texts, which is all the script needs.
#include "platform/cache/redis_cache.h"

#include <hiredis/hiredis.h>

#include <charconv>

namespace ducat::cache {
namespace {

constexpr uint64_t kMostWaitingPuts = 10'000;
constexpr size_t kVersionBytes = 8;

// KEYS[1] key; ARGV: version, version and value, life in ms. Redis runs a script as one step.
constexpr char kPutNewer[] =
    "local old = redis.call('GETRANGE', KEYS[1], 0, 7) "
    "if #old == 8 and old > ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1";

struct FreeReply {
  void operator()(void* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string version_bytes(uint64_t version) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(version >> shift));
  return bytes;
}

timeval time_of(Duration duration) {
  return {.tv_sec = duration.micros / 1'000'000, .tv_usec = duration.micros % 1'000'000};
}

bool read_number(std::string_view digits, int most, int& into) {
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
  return error == std::errc() && end == digits.data() + digits.size() && into >= 0 && into <= most;
}

}  // namespace

Result<RedisAddress> parse_redis_url(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  constexpr const char* kForm = "cache.url must be like redis://[:password@]host[:port][/database]";
  if (!url.starts_with(kScheme)) return fail(Errc::kInvalid, kForm);
  url.remove_prefix(kScheme.size());
  RedisAddress address;
  if (size_t at = url.rfind('@'); at != std::string_view::npos) {
    std::string_view user = url.substr(0, at);
    address.password = user.substr(std::min(user.find(':') + 1, user.size()));
    url.remove_prefix(at + 1);
  }
  if (size_t slash = url.find('/'); slash != std::string_view::npos) {
    std::string_view database = url.substr(slash + 1);
    if (!database.empty() && !read_number(database, 1'000'000, address.database))
      return fail(Errc::kInvalid, kForm);
    url = url.substr(0, slash);
  }
  size_t colon = url.rfind(':');
  if (colon != std::string_view::npos && url.find(']', colon) == std::string_view::npos) {
    if (!read_number(url.substr(colon + 1), 65'535, address.port) || address.port == 0)
      return fail(Errc::kInvalid, kForm);
    url = url.substr(0, colon);
  }
  if (url.starts_with('[') && url.ends_with(']')) url = url.substr(1, url.size() - 2);
  if (url.empty()) return fail(Errc::kInvalid, kForm);
  address.host = url;
  return address;
}

void RedisCache::Close::operator()(redisContext* context) const {
  redisFree(context);
}

RedisCache::RedisCache(RedisAddress address, Duration timeout, Duration breaker, Clock& clock)
    : address_(std::move(address)), timeout_(timeout), breaker_(breaker), clock_(clock) {}

RedisCache::~RedisCache() = default;

bool RedisCache::breaker_open() const {
  return clock_.monotonic().micros < closed_until_.load(std::memory_order_relaxed);
}

Task<std::optional<Entry>> RedisCache::get(std::string_view key, Executor& home) {
  if (key.size() > kLongestKey) co_return std::nullopt;
  if (breaker_open()) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    co_return std::nullopt;
  }
  co_await resume_on(thread_);
  std::optional<Entry> entry = ask(key);
  co_await resume_on(home);
  co_return entry;
}

void RedisCache::put(std::string key, Entry entry, Duration life) {
  if (key.size() > kLongestKey || entry.value.size() > kLargestValue || life < Duration::millis(1)) return;
  if (breaker_open() || waiting_puts_.load(std::memory_order_relaxed) >= kMostWaitingPuts) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  waiting_puts_.fetch_add(1, std::memory_order_relaxed);
  thread_.post([this, key = std::move(key), entry = std::move(entry), life] {
    waiting_puts_.fetch_sub(1, std::memory_order_relaxed);
    send(key, entry, life);
  });
}

std::optional<Entry> RedisCache::ask(std::string_view key) {
  if (!connect()) return std::nullopt;
  Reply reply(static_cast<redisReply*>(redisCommand(context_.get(), "GET %b", key.data(), key.size())));
  if (!reply || reply->type == REDIS_REPLY_ERROR) {
    failed(reply ? reply->str : context_->errstr);
    return std::nullopt;
  }
  works();
  // What another program wrote there is no value of ours.
  if (reply->type != REDIS_REPLY_STRING || reply->len < kVersionBytes) {
    misses_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  Entry entry;
  for (size_t i = 0; i < kVersionBytes; ++i) {
    entry.version = entry.version << 8 | static_cast<unsigned char>(reply->str[i]);
  }
  entry.value.assign(reply->str + kVersionBytes, reply->len - kVersionBytes);
  hits_.fetch_add(1, std::memory_order_relaxed);
  return entry;
}

void RedisCache::send(const std::string& key, const Entry& entry, Duration life) {
  if (!connect()) return;
  std::string version = version_bytes(entry.version);
  std::string value = version + entry.value;
  std::string millis = std::to_string(life.micros / 1'000);
  Reply reply(static_cast<redisReply*>(redisCommand(context_.get(), "EVAL %s 1 %b %b %b %s", kPutNewer,
                                                    key.data(), key.size(), version.data(), version.size(),
                                                    value.data(), value.size(), millis.c_str())));
  if (!reply || reply->type == REDIS_REPLY_ERROR) return failed(reply ? reply->str : context_->errstr);
  works();
}

bool RedisCache::connect() {
  if (breaker_open()) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (context_) return true;
  context_.reset(redisConnectWithTimeout(address_.host.c_str(), address_.port, time_of(timeout_)));
  if (!context_ || context_->err != 0) {
    failed(context_ ? context_->errstr : "no memory");
    return false;
  }
  if (redisSetTimeout(context_.get(), time_of(timeout_)) != REDIS_OK) {
    failed("the timeout cannot be set");
    return false;
  }
  auto said_yes = [this](void* reply) {
    Reply owned(static_cast<redisReply*>(reply));
    if (owned && owned->type != REDIS_REPLY_ERROR) return true;
    failed(owned ? owned->str : context_->errstr);
    return false;
  };
  if (!address_.password.empty() &&
      !said_yes(redisCommand(context_.get(), "AUTH %s", address_.password.c_str()))) {
    return false;
  }
  return address_.database == 0 || said_yes(redisCommand(context_.get(), "SELECT %d", address_.database));
}

// After a failure an answer may still be under way, so the connection is given up.
void RedisCache::failed(std::string why) {
  failures_.fetch_add(1, std::memory_order_relaxed);
  closed_until_.store((clock_.monotonic() + breaker_).micros, std::memory_order_relaxed);
  context_.reset();
  std::lock_guard lock(mutex_);
  trouble_ = address_.host + ":" + std::to_string(address_.port) + ": " + std::move(why);
}

void RedisCache::works() {
  std::lock_guard lock(mutex_);
  trouble_.clear();
}

CacheStats RedisCache::stats() const {
  std::lock_guard lock(mutex_);
  return {hits_.load(), misses_.load(), failures_.load(), trouble_.empty(), trouble_};
}

}  // namespace ducat::cache
