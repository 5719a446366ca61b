// The process's own settings, and loading all of them.
#pragma once

#include <string>
#include <vector>

#include "platform/config/settings.h"
#include "platform/storage/open.h"

namespace ducat::app {

// What the command line says, before it is read as settings.
struct CommonOptions {
  std::string data = "data";
  std::string config_file;
  std::vector<std::string> set;  // key=value
};

// The settings of the process and of every module.
config::Schema make_schema();

// Those settings, loaded from all sources.
Result<config::Settings> load_settings(const CommonOptions& options);

// Where the databases of a service are, by the settings and the data directory.
storage::StorageTarget storage_target(const config::Settings& settings, const std::string& data,
                                      const std::string& name, bool durable);

}  // namespace ducat::app
