// What the command line does with the data of any service while no server needs to run: find it, say how far
// its tables are, prove them, make them again, print its journal. A service says what is its own in a
// `ServiceData`, which is part of its row in the module table; nothing here knows one of them by name.
//
// All functions block and are for one thread. Those that read never make what they were to read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/engine/model.h"
#include "kernel/journal/journal.h"
#include "kernel/projection/reader_position.h"
#include "kernel/service/service_ports.h"
#include "platform/rpc/json_text.h"

namespace ducat::kernel {

// How many violations a verifier tells; one more would not tell more.
inline constexpr size_t kMostViolations = 100;

// What a verifier has found.
struct Findings {
  std::vector<std::string> lines;       // what it has looked at
  std::vector<std::string> violations;  // at most kMostViolations; empty: all is well
  std::vector<std::string> remarks;     // what the violations come to
};

// Where data is. Everything outlives what is called with it.
struct DataPorts {
  const config::Settings& settings;
  Targets targets;
  std::string data_directory;
};

// What is a service's own; all but `check` are there.
struct ServiceData {
  // Names of its journals. The tables behind a journal have its name.
  std::vector<std::string> (*journals)(const config::Settings& settings) = nullptr;
  // An event's members into the object of JSON that was begun, without anything secret. An error that it
  // cannot be read.
  Status (*describe)(std::string_view event, rpc::JsonBuilder& json) = nullptr;
  // The tables of a journal: made or brought up to date; emptied, in the connection's transaction.
  Status (*migrate)(storage::Connection& tables) = nullptr;
  Status (*clear)(storage::Connection& tables) = nullptr;
  // Whether the settings are those the tables were made with; kInvalid says what to do.
  Status (*check)(const config::Settings& settings, storage::Connection& tables) = nullptr;
  // What makes the tables of its `index`th journal from the events.
  Result<std::shared_ptr<Model>> (*make_model)(const config::Settings& settings, size_t index) = nullptr;
  // Refolds a journal and compares the tables with it; may run beside a server. Damage is a violation, an
  // error that it could not be verified.
  Result<Findings> (*verify)(const DataPorts& ports, storage::Database& journal,
                             storage::Database& tables) = nullptr;
};

// Whether the service has any data there.
Result<bool> has_data(const ServiceData& service, const DataPorts& ports);

// How far a reader of a journal has come: its tables (named "tables"), or a feed of messages.
struct ReaderState {
  std::string journal;
  std::string reader;
  RecordNumber records = 0;  // of the journal
  RecordNumber reached = 0;
};
Result<std::vector<ReaderState>> list_readers(const ServiceData& service, const DataPorts& ports);

// All journals of the service, one after the other.
Result<Findings> verify_data(const ServiceData& service, const DataPorts& ports);

// Empties the tables and makes them again from the journals; idempotency keys and the positions of feeds
// stay. Leads each journal meanwhile as `holder`: kBusy, and nothing has happened, while a server leads it.
Status rebuild_tables(const ServiceData& service, const DataPorts& ports, const std::string& holder);

// The journal's records that the tables have seen, in order, as of the reader's transaction: with one begun
// before, a verifier compares one moment of both, whoever writes. Answers the last record's number.
Result<RecordNumber> read_as_far_as_tables(storage::Database& journal, storage::Connection& tables,
                                           const std::function<Status(const Record&)>& on_record);

// A journal that is read from near its end onward, as lines of JSON.
class JournalTail {
 public:
  // From the last `events` events on.
  static Result<JournalTail> open(const ServiceData& service, const DataPorts& ports, const std::string& name,
                                  uint64_t events);
  // What has come since the last call, a line for each event, oldest first; reads a bounded number of records
  // at a time, so that an empty answer alone means that there is no more for now.
  Result<std::vector<std::string>> next();

 private:
  std::string name_;
  Status (*describe_)(std::string_view, rpc::JsonBuilder&) = nullptr;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<JournalReader> reader_;
  RecordNumber after_ = 0;
  uint64_t skip_ = 0;  // events of the first record that are not among those asked for
};

}  // namespace ducat::kernel
