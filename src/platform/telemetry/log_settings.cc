#include "platform/telemetry/log_settings.h"

namespace ducat::log {
namespace {

constexpr config::Setting kSettings[] = {
    {.key = "log.level",
     .default_value = "info",
     .allowed = "debug|info|warn|error",
     .help = "The least important events that are logged"},
    {.key = "log.format",
     .default_value = "auto",
     .allowed = "auto|json|text",
     .help = "How lines look; auto: text for a terminal, else JSON"},
    {.key = "log.service", .default_value = "ducat", .help = "The name in each line's service field"},
    {.key = "log.queue",
     .type = config::Type::kInteger,
     .default_value = "8192",
     .min = "16",
     .max = "1000000",
     .help = "Lines that may wait to be written before the oldest is dropped"},
};

}  // namespace

std::span<const config::Setting> settings() {
  return kSettings;
}

Options options_from(const config::Settings& settings) {
  Options options;
  // The schema lets only these names through.
  options.level = parse_level(settings.text("log.level")).value();
  options.format = parse_format(settings.text("log.format")).value();
  options.service = settings.text("log.service");
  options.queue_lines = static_cast<size_t>(settings.integer("log.queue"));
  return options;
}

}  // namespace ducat::log
