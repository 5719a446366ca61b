// The settings of the log, and the options they amount to.
#pragma once

#include <span>

#include "platform/config/settings.h"
#include "platform/telemetry/logger.h"

namespace ducat::log {

// log.level, log.format, log.service, log.queue: for config::Schema::add.
std::span<const config::Setting> settings();

// What `start` needs, from settings loaded with that table.
Options options_from(const config::Settings& settings);

}  // namespace ducat::log
