// See tools.h.
#include "app/tools.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <deque>

#include "kernel/journal/journal.h"
#include "platform/storage/data_directory.h"
#include "services/audit/module.h"
#include "services/wallet/module.h"

namespace ducat::app {
namespace {

int refuse(const Error& error) {
  std::fprintf(stderr, "ducat: %s\n", error.message.c_str());
  return 2;
}

kernel::Targets targets_of(const config::Settings& settings, const std::string& data) {
  return [&settings, data](const std::string& name, bool durable) {
    return storage_target(settings, data, name, durable);
  };
}

// A reader must not make the directory it was to read.
bool exists(const config::Settings& settings, const std::string& data, const std::string& journal) {
  struct stat found {};
  return settings.text("storage.type") == "postgres" ||
         stat(storage_target(settings, data, journal, true).path.c_str(), &found) == 0;
}

Status must_exist(const config::Settings& settings, const std::string& data) {
  if (exists(settings, data, wallet::wallet_journals(settings).front())) return {};
  return fail(Errc::kNotFound, "there is no wallet data in " + data + "; say where it is with --data");
}

template <typename Use>
int with_settings(const CommonOptions& options, Use use) {
  auto settings = load_settings(options);
  if (!settings) return refuse(settings.error());
  if (Status there = must_exist(*settings, options.data); !there) return refuse(there.error());
  return use(*settings);
}

std::atomic<bool> g_interrupted{false};

// Prints events as lines of JSON.
class Printer final : public kernel::RecordVisitor {
 public:
  Printer(std::string journal, const kernel::Record& record)
      : journal_(std::move(journal)), record_(record) {}
  void on_event(kernel::Position position, uint64_t, std::string_view body) override {
    lines.push_back("{\"journal\":\"" + journal_ + "\",\"record\":" + std::to_string(record_.number) +
                    ",\"position\":" + std::to_string(position) + ",\"at\":\"" + to_iso8601(record_.at) +
                    "\",\"event\":" + wallet::describe_wallet_event(body) + "}");
  }
  std::vector<std::string> lines;

 private:
  std::string journal_;
  const kernel::Record& record_;
};

// A journal that is followed: prints what comes after `after`.
struct Followed {
  std::string name;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<kernel::JournalReader> reader;
  kernel::RecordNumber after = 0;

  Result<std::vector<std::string>> next() {
    std::vector<std::string> lines;
    auto last = reader->read(after, [&](const kernel::Record& record) -> Status {
      Printer printer(name, record);
      DUCAT_TRY(kernel::visit(record, printer));
      for (std::string& line : printer.lines) lines.push_back(std::move(line));
      return {};
    });
    if (!last) return propagate(last);
    after = *last;
    return lines;
  }
};

// Where to begin so that at least `events` events follow.
Result<kernel::RecordNumber> start_of(kernel::JournalReader& reader, uint64_t events) {
  DUCAT_ASSIGN(kernel::Tip tip, reader.tip());
  kernel::RecordNumber number = tip.number;
  for (uint64_t seen = 0; number > 0 && seen < events; --number) {
    DUCAT_ASSIGN(kernel::Record record, reader.record(number));
    seen += record.events;
  }
  return number;
}

Result<Followed> follow(const kernel::Targets& targets, const std::string& name, uint64_t events) {
  Followed followed;
  followed.name = name;
  DUCAT_ASSIGN(followed.database, storage::open(targets(name, true)));
  DUCAT_ASSIGN(followed.reader, kernel::JournalReader::open(*followed.database));
  DUCAT_ASSIGN(followed.after, start_of(*followed.reader, events));
  return followed;
}

Status print_tail(const TailOptions& options, const config::Settings& settings) {
  std::vector<Followed> journals;
  kernel::Targets targets = targets_of(settings, options.common.data);
  auto wanted = static_cast<size_t>(options.events);
  std::vector<std::string> names = wallet::wallet_journals(settings);
  if (exists(settings, options.common.data, audit::kAuditJournal)) names.emplace_back(audit::kAuditJournal);
  for (const std::string& name : names) {
    DUCAT_ASSIGN(Followed followed, follow(targets, name, wanted));
    journals.push_back(std::move(followed));
  }
  bool first = true;
  do {
    bool any = false;
    for (Followed& journal : journals) {
      DUCAT_ASSIGN(std::vector<std::string> lines, journal.next());
      size_t from = first && lines.size() > wanted ? lines.size() - wanted : 0;
      for (size_t i = from; i < lines.size(); ++i) std::puts(lines[i].c_str());
      any = any || !lines.empty();
    }
    first = false;
    std::fflush(stdout);
    if (options.follow && !any) usleep(100'000);
  } while (options.follow && !g_interrupted);
  return {};
}

}  // namespace

int print_config(const CommonOptions& options) {
  auto settings = load_settings(options);
  if (!settings) return refuse(settings.error());
  std::fputs(settings->describe().c_str(), stdout);
  return 0;
}

int verify(const CommonOptions& options) {
  return with_settings(options, [&](const config::Settings& settings) {
    return wallet::verify_wallets(settings, targets_of(settings, options.data));
  });
}

int verify_audit(const CommonOptions& options) {
  auto settings = load_settings(options);
  if (!settings) return refuse(settings.error());
  if (!exists(*settings, options.data, audit::kAuditJournal)) {
    return refuse(
        {Errc::kNotFound, "there is no audit log in " + options.data + "; say where it is with --data"});
  }
  return audit::verify_audit_log(*settings, targets_of(*settings, options.data), options.data);
}

int list_projections(const CommonOptions& options) {
  return with_settings(options, [&](const config::Settings& settings) {
    Status listed = wallet::list_wallet_projections(settings, targets_of(settings, options.data));
    if (listed && exists(settings, options.data, audit::kAuditJournal)) {
      listed = audit::list_audit_projections(targets_of(settings, options.data));
    }
    return listed ? 0 : refuse(listed.error());
  });
}

int rebuild_projections(const CommonOptions& options) {
  return with_settings(options, [&](const config::Settings& settings) {
    auto directory = storage::DataDirectory::open(options.data);
    if (!directory) return refuse(directory.error());
    Status rebuilt =
        wallet::rebuild_wallets(settings, targets_of(settings, options.data), "projections rebuild");
    if (rebuilt && exists(settings, options.data, audit::kAuditJournal)) {
      rebuilt = audit::rebuild_audit_log(settings, targets_of(settings, options.data), "projections rebuild");
    }
    if (!rebuilt) return refuse(rebuilt.error());
    std::puts("rebuilt: the tables are what the journal says");
    return 0;
  });
}

int tail_journals(const TailOptions& options) {
  std::signal(SIGINT, [](int) { g_interrupted = true; });
  return with_settings(options.common, [&](const config::Settings& settings) {
    Status printed = print_tail(options, settings);
    return printed ? 0 : refuse(printed.error());
  });
}

}  // namespace ducat::app
