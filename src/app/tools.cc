// See tools.h; the work is done by kernel/service/service_data.h.
#include "app/tools.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <optional>

#include "app/modules.h"
#include "kernel/service/service_data.h"
#include "platform/storage/data_directory.h"

namespace ducat::app {
namespace {

int refuse(const Error& error) {
  std::fprintf(stderr, "ducat: %s\n", error.message.c_str());
  return 2;
}

// The services a command works on, all of them with data.
struct Chosen {
  config::Settings settings;
  std::vector<const ModuleRow*> rows;
  std::string data;

  kernel::DataPorts ports() const {
    return {settings,
            [this](const std::string& name, bool durable) {
              return storage_target(settings, data, name, durable);
            },
            data};
  }
  bool on_sqlite() const { return settings.text("storage.type") == "sqlite"; }
};

Error nothing_there(const Chosen& chosen, const std::string& service) {
  std::string where =
      chosen.on_sqlite() ? chosen.data : "the database of storage.url, seen from " + chosen.data;
  return {Errc::kNotFound, "there is no " + service + (service.empty() ? "" : " ") + "data in " + where +
                               "; say where it is with --data or --set storage.url="};
}

std::string known_data() {
  std::string known;
  for (const ModuleRow& row : module_table()) {
    if (row.data != nullptr) known += (known.empty() ? "" : ", ") + row.name;
  }
  return known;
}

// Those that were named must be there; of all, those that are.
Result<Chosen> choose(const DataOptions& options) {
  Chosen chosen;
  chosen.data = options.common.data;
  DUCAT_ASSIGN(chosen.settings, load_settings(options.common));
  std::vector<const ModuleRow*> wanted;
  for (const std::string& name : options.services) {
    const ModuleRow* row = row_of(name);
    if (row == nullptr || row->data == nullptr) {
      return fail(Errc::kInvalid,
                  "there is no service \"" + name + "\" with data; there are: " + known_data());
    }
    wanted.push_back(row);
  }
  if (wanted.empty()) {
    for (const ModuleRow& row : module_table()) {
      if (row.data != nullptr) wanted.push_back(&row);
    }
  }
  for (const ModuleRow* row : wanted) {
    DUCAT_ASSIGN(bool there, kernel::has_data(*row->data, chosen.ports()));
    if (there) {
      chosen.rows.push_back(row);
    } else if (!options.services.empty()) {
      return std::unexpected(nothing_there(chosen, row->name));
    }
  }
  if (chosen.rows.empty()) return std::unexpected(nothing_there(chosen, ""));
  return chosen;
}

void print(const kernel::Findings& found) {
  for (const std::string& line : found.lines) std::printf("%s\n", line.c_str());
  for (const std::string& violation : found.violations) std::printf("  VIOLATION: %s\n", violation.c_str());
  for (const std::string& remark : found.remarks) std::printf("%s\n", remark.c_str());
}

std::atomic<bool> g_interrupted{false};

Status print_tail(const TailOptions& options, const Chosen& chosen) {
  std::vector<kernel::JournalTail> journals;
  for (const ModuleRow* row : chosen.rows) {
    for (const std::string& name : row->data->journals(chosen.settings)) {
      DUCAT_ASSIGN(auto tail, kernel::JournalTail::open(*row->data, chosen.ports(), name,
                                                        static_cast<uint64_t>(options.events)));
      journals.push_back(std::move(tail));
    }
  }
  for (;;) {
    bool any = false;
    for (kernel::JournalTail& journal : journals) {
      DUCAT_ASSIGN(std::vector<std::string> lines, journal.next());
      for (const std::string& line : lines) std::puts(line.c_str());
      any = any || !lines.empty();
    }
    std::fflush(stdout);
    if (any) continue;
    if (!options.follow || g_interrupted) return {};
    usleep(100'000);
  }
}

}  // namespace

int print_config(const CommonOptions& options) {
  auto settings = load_settings(options);
  if (!settings) return refuse(settings.error());
  std::fputs(settings->describe().c_str(), stdout);
  return 0;
}

int verify_services(const DataOptions& options) {
  auto chosen = choose(options);
  if (!chosen) return refuse(chosen.error());
  int worst = 0;
  for (const ModuleRow* row : chosen->rows) {
    auto found = kernel::verify_data(*row->data, chosen->ports());
    if (!found) {
      worst = refuse({found.error().code, row->name + " cannot be verified: " + found.error().message});
      continue;
    }
    print(*found);
    bool sound = found->violations.empty();
    std::printf(sound ? "%s verified: its tables are what its journal says\n"
                      : "%s NOT SOUND: see the violations above\n",
                row->name.c_str());
    if (!sound) worst = std::max(worst, 1);
  }
  return worst;
}

int list_projections(const DataOptions& options) {
  auto chosen = choose(options);
  if (!chosen) return refuse(chosen.error());
  std::printf("%-14s %-18s %14s %14s %10s\n", "journal", "reader", "records", "reached", "behind");
  for (const ModuleRow* row : chosen->rows) {
    auto readers = kernel::list_readers(*row->data, chosen->ports());
    if (!readers) return refuse(readers.error());
    for (const kernel::ReaderState& one : *readers) {
      std::printf("%-14s %-18s %14llu %14llu %10llu\n", one.journal.c_str(), one.reader.c_str(),
                  static_cast<unsigned long long>(one.records), static_cast<unsigned long long>(one.reached),
                  static_cast<unsigned long long>(one.records - std::min(one.reached, one.records)));
    }
  }
  return 0;
}

int rebuild_projections(const DataOptions& options) {
  auto chosen = choose(options);
  if (!chosen) return refuse(chosen.error());
  // Files are guarded by their directory's lock, PostgreSQL's tables by the journal's lease.
  std::optional<storage::DataDirectory> directory;
  if (chosen->on_sqlite()) {
    auto opened = storage::DataDirectory::open(options.common.data);
    if (!opened) return refuse(opened.error());
    directory = std::move(*opened);
  }
  for (const ModuleRow* row : chosen->rows) {
    Status rebuilt = kernel::rebuild_tables(*row->data, chosen->ports(), "projections rebuild");
    if (!rebuilt) {
      return refuse({rebuilt.error().code, row->name + " cannot be rebuilt: " + rebuilt.error().message});
    }
    std::printf("%s rebuilt: its tables are what its journal says\n", row->name.c_str());
  }
  return 0;
}

int tail_journals(const TailOptions& options) {
  std::signal(SIGINT, [](int) { g_interrupted = true; });
  auto chosen = choose(options.data);
  if (!chosen) return refuse(chosen.error());
  Status printed = print_tail(options, *chosen);
  return printed ? 0 : refuse(printed.error());
}

}  // namespace ducat::app
