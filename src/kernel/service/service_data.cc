// See service_data.h.
#include "kernel/service/service_data.h"

#include <sys/stat.h>

#include <iterator>

#include "base/system.h"
#include "kernel/engine/engine_host.h"

namespace ducat::kernel {
namespace {

// A reader of the tail gives way after so many records.
constexpr size_t kRecordsAtATime = 256;

struct OpenData {
  std::unique_ptr<storage::Database> journal;
  std::unique_ptr<storage::Database> tables;
};

// Opening a database makes it, so this asks first.
Result<bool> is_there(storage::StorageTarget target, std::string_view table) {
  if (target.type == storage::StorageTarget::Type::kSqlite) {
    struct stat found {};
    return stat(target.path.c_str(), &found) == 0;
  }
  std::string schema = std::exchange(target.schema, {});
  DUCAT_ASSIGN(auto database, storage::open(target));
  DUCAT_ASSIGN(auto connection, database->connect(storage::Access::kReader));
  bool there = false;
  DUCAT_TRY(connection->query("SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = $2",
                              {std::string_view(schema), table}, [&](const storage::Row&) { there = true; }));
  return there;
}

Result<bool> has_tables(const DataPorts& ports, const std::string& name) {
  return is_there(ports.targets(name, false), "projection_checkpoint");
}

Result<OpenData> open_data(const DataPorts& ports, const std::string& name) {
  OpenData data;
  DUCAT_ASSIGN(bool there, is_there(ports.targets(name, true), "journal"));
  if (!there) return fail(Errc::kNotFound, "there is no journal " + name);
  DUCAT_ASSIGN(there, has_tables(ports, name));
  if (!there) {
    return fail(Errc::kNotFound,
                "there are no tables behind " + name + "; ducat projections rebuild makes them");
  }
  DUCAT_ASSIGN(data.journal, storage::open(ports.targets(name, true)));
  DUCAT_ASSIGN(data.tables, storage::open(ports.targets(name, false)));
  return data;
}

Status check(const ServiceData& service, const DataPorts& ports, storage::Connection& tables) {
  return service.check == nullptr ? Status() : service.check(ports.settings, tables);
}

void append(std::vector<std::string>& to, std::vector<std::string> lines) {
  to.insert(to.end(), std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
}

// Empties the tables as the journal's leader, so that nobody writes them meanwhile; the files of those that
// are in doubt are thrown away.
Status empty_tables(const ServiceData& service, const DataPorts& ports, const std::string& name,
                    const std::string& holder) {
  DUCAT_ASSIGN(auto journal, storage::open(ports.targets(name, true)));
  DUCAT_ASSIGN(auto leader, JournalWriter::lead(*journal, {.holder = holder}));
  DUCAT_ASSIGN(storage::OpenedTables opened, storage::open_tables(ports.targets(name, false)));
  DUCAT_ASSIGN(auto connection, opened.database->connect(storage::Access::kWriter));
  DUCAT_TRY(open_checkpoint(*connection));
  DUCAT_TRY(service.migrate(*connection));
  DUCAT_TRY(check(service, ports, *connection));
  DUCAT_ASSIGN(auto transaction, storage::Transaction::begin(*connection));
  DUCAT_TRY(take_tables(*connection, leader->epoch()));
  DUCAT_TRY(service.clear(*connection));
  DUCAT_TRY(connection->execute("UPDATE projection_checkpoint SET record = 0 WHERE one = 1"));
  DUCAT_TRY(transaction.commit());
  leader->release();
  return {};
}

// A start replays what the tables have not seen: everything.
Status fill_tables(const ServiceData& service, const DataPorts& ports, size_t index, const std::string& name,
                   const std::string& holder) {
  DUCAT_ASSIGN(std::shared_ptr<Model> model, service.make_model(ports.settings, index));
  SystemClock clock;
  auto timers = std::make_unique<ThreadTimers>();
  EngineHostOptions options;
  options.follow = false;
  options.name = name;
  options.journal = ports.targets(name, true);
  options.tables = ports.targets(name, false);
  options.engine.lease.holder = holder;
  options.engine.key_life = ports.settings.duration("idempotency.ttl");
  ServiceThreads threads;
  EngineHost host(*model, std::move(options), threads, clock, *timers);
  Status started = host.start();
  host.stop();
  timers.reset();  // its thread ends before what it may call
  threads.upkeep.stop();
  threads.readers.stop();
  DUCAT_TRY(std::move(started));
  // A stop gives up on tables that cannot be written.
  EngineStats stats = host.stats();
  if (stats.lag_events == 0) return {};
  return fail(Errc::kIo, "the last " + std::to_string(stats.lag_events) + " events of " + name +
                             " could not be written to the tables: " + stats.trouble);
}

// An event's line, for the events after those that are skipped.
class Lines final : public RecordVisitor {
 public:
  Lines(std::string_view journal, Status (*describe)(std::string_view, rpc::JsonBuilder&),
        const Record& record, uint64_t& skip, std::vector<std::string>& out)
      : describe_(describe), skip_(skip), out_(out) {
    head_ = "{\"journal\":\"" + std::string(journal) + "\",\"record\":" + std::to_string(record.number) +
            ",\"at\":\"" + to_iso8601(record.at) + "\",\"position\":";
  }
  void on_event(Position position, uint64_t, std::string_view body) override {
    if (skip_ > 0) {
      --skip_;
      return;
    }
    std::string event;
    rpc::JsonBuilder json(event);
    json.begin_object();
    if (!describe_(body, json)) json.key("error").text("unreadable event");
    json.end_object();
    out_.push_back(head_ + std::to_string(position) + ",\"event\":" + event + "}");
  }

 private:
  Status (*describe_)(std::string_view, rpc::JsonBuilder&);
  uint64_t& skip_;
  std::vector<std::string>& out_;
  std::string head_;
};

}  // namespace

Result<bool> has_data(const ServiceData& service, const DataPorts& ports) {
  return is_there(ports.targets(service.journals(ports.settings).front(), true), "journal");
}

Result<std::vector<ReaderState>> list_readers(const ServiceData& service, const DataPorts& ports) {
  std::vector<ReaderState> found;
  for (const std::string& name : service.journals(ports.settings)) {
    DUCAT_ASSIGN(OpenData data, open_data(ports, name));
    DUCAT_ASSIGN(auto connection, data.tables->connect(storage::Access::kReader));
    DUCAT_ASSIGN(Checkpoint checkpoint, read_checkpoint(*connection));
    DUCAT_ASSIGN(std::vector<ReaderPosition> readers, reader_positions(*connection));
    // After the positions: nobody is ahead of the journal.
    DUCAT_ASSIGN(auto reader, JournalReader::open(*data.journal));
    DUCAT_ASSIGN(Tip tip, reader->tip());
    found.push_back({name, "tables", tip.number, checkpoint.record});
    for (ReaderPosition& one : readers) found.push_back({name, std::move(one.name), tip.number, one.record});
  }
  return found;
}

Result<Findings> verify_data(const ServiceData& service, const DataPorts& ports) {
  Findings all;
  for (const std::string& name : service.journals(ports.settings)) {
    DUCAT_ASSIGN(OpenData data, open_data(ports, name));
    {
      DUCAT_ASSIGN(auto connection, data.tables->connect(storage::Access::kReader));
      DUCAT_TRY(check(service, ports, *connection));
    }
    DUCAT_ASSIGN(Findings found, service.verify(ports, *data.journal, *data.tables));
    for (std::string& line : found.lines) all.lines.push_back(name + ": " + std::move(line));
    for (std::string& line : found.violations) all.violations.push_back(name + ": " + std::move(line));
    append(all.remarks, std::move(found.remarks));
  }
  return all;
}

Status rebuild_tables(const ServiceData& service, const DataPorts& ports, const std::string& holder) {
  std::vector<std::string> names = service.journals(ports.settings);
  for (size_t i = 0; i < names.size(); ++i) {
    DUCAT_TRY(empty_tables(service, ports, names[i], holder));
    DUCAT_TRY(fill_tables(service, ports, i, names[i], holder));
  }
  return {};
}

Result<RecordNumber> read_as_far_as_tables(storage::Database& journal, storage::Connection& tables,
                                           const std::function<Status(const Record&)>& on_record) {
  DUCAT_ASSIGN(Checkpoint checkpoint, read_checkpoint(tables));
  DUCAT_ASSIGN(auto reader, JournalReader::open(journal));
  DUCAT_TRY(reader->read(0, [&](const Record& record) -> Status {
    return record.number <= checkpoint.record ? on_record(record) : Status{};
  }));
  return checkpoint.record;
}

Result<JournalTail> JournalTail::open(const ServiceData& service, const DataPorts& ports,
                                      const std::string& name, uint64_t events) {
  JournalTail tail;
  tail.name_ = name;
  tail.describe_ = service.describe;
  DUCAT_ASSIGN(tail.database_, storage::open(ports.targets(name, true)));
  DUCAT_ASSIGN(tail.reader_, JournalReader::open(*tail.database_));
  DUCAT_ASSIGN(Tip tip, tail.reader_->tip());
  uint64_t seen = 0;
  for (tail.after_ = tip.number; tail.after_ > 0 && seen < events; --tail.after_) {
    DUCAT_ASSIGN(Record record, tail.reader_->record(tail.after_));
    seen += record.events;
  }
  tail.skip_ = seen > events ? seen - events : 0;
  return tail;
}

Result<std::vector<std::string>> JournalTail::next() {
  std::vector<std::string> lines;
  size_t records = 0;
  // A record without events has no line, so that this reads on until there is one, or the end.
  auto last = reader_->read(after_, [&](const Record& record) -> Status {
    if (records >= kRecordsAtATime && !lines.empty()) return fail(Errc::kCancelled, "enough for now");
    Lines printer(name_, describe_, record, skip_, lines);
    DUCAT_TRY(visit(record, printer));
    after_ = record.number;
    ++records;
    return {};
  });
  if (!last && last.error().code != Errc::kCancelled) return propagate(last);
  return lines;
}

}  // namespace ducat::kernel
