// Any file as configuration: it loads, or is refused with a message of one line.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "base/check.h"
#include "platform/config/settings.h"

namespace {

constexpr ducat::config::Setting kTable[] = {
    {.key = "a.integer",
     .type = ducat::config::Type::kInteger,
     .default_value = "1",
     .min = "1",
     .max = "64"},
    {.key = "a.duration", .type = ducat::config::Type::kDuration, .default_value = "60s"},
    {.key = "a.bytes", .type = ducat::config::Type::kBytes, .default_value = "1KiB"},
    {.key = "a.list", .type = ducat::config::Type::kList},
};

// One file in memory, written anew for each input.
struct InputFile {
  int descriptor = memfd_create("toml", 0);
  std::string path = "/proc/self/fd/" + std::to_string(descriptor);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static InputFile file;
  static const ducat::config::Schema schema = [] {
    ducat::config::Schema made;
    made.add(kTable);
    return made;
  }();
  DUCAT_CHECK(ftruncate(file.descriptor, 0) == 0, "the input file is ours");
  DUCAT_CHECK(pwrite(file.descriptor, data, size, 0) == static_cast<ssize_t>(size),
              "the input file has room");
  auto settings = ducat::config::load(schema, {.file = file.path});
  if (settings) {
    DUCAT_CHECK(settings->integer("a.integer") >= 1 && settings->integer("a.integer") <= 64, "bounds hold");
  } else {
    DUCAT_CHECK(!settings.error().message.empty(), "a refusal says why");
    DUCAT_CHECK(settings.error().message.find('\n') == std::string::npos, "a refusal is one line");
  }
  return 0;
}
