// A journal record: everything one commit made true. It is the unit of durability and of recovery: either the
// whole record is there, or nothing of it.
//
// Body, in order of writing (integers as in base/bytes.h):
//   record  := version:u8(1) entry*
//   entry   := 1 stream:varint event:text              an event; its position follows from its order
//            | 2 key:text fingerprint:fixed64 answer:text   an idempotency key with its answer; an empty one
//                                                         gives the key back
//            | 3 job:text                              work owed (kernel/jobs)
//            | 4 leaf:text                             an audit leaf (kernel/merkle)
// The row beside it carries number, first position, count, epoch, time and a checksum that covers all of
// these, the body and the checksum of the record before it: a lost, changed or exchanged record breaks the
// chain.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace ducat::kernel {

// Place of an event in its journal: 1, 2, 3 … without gaps, in commit order.
using Position = uint64_t;
// Place of a record in its journal: 1, 2, 3 … without gaps. Record 0 exists from the beginning and is empty.
using RecordNumber = uint64_t;

struct Record {
  RecordNumber number = 0;
  Position first_position = 1;  // of its first event; what the next event gets if it has none
  uint32_t events = 0;
  uint64_t epoch = 0;  // of the leader that wrote it
  Timestamp at;
  std::string body;
  uint64_t checksum = 0;

  Position end_position() const { return first_position + events; }  // one past its last event
};

// XXH3-64 over the header fields, the body and the checksum of the record before.
uint64_t checksum_of(const Record& record, uint64_t previous_checksum);

// Appends entries to a record. One thread.
class RecordBuilder {
 public:
  void start(RecordNumber number, Position first_position, uint64_t epoch, Timestamp at);

  // Where the next event will stand.
  Position next_position() const { return record_.end_position(); }
  Timestamp at() const { return record_.at; }

  // Adds an event; `body` must stay valid only during the call.
  void event(uint64_t stream, std::string_view body);
  void key(std::string_view key, uint64_t fingerprint, std::string_view answer);
  void job(std::string_view job);
  void leaf(std::string_view leaf);

  // Nothing has been added: there is nothing to commit.
  bool empty() const { return record_.body.size() <= 1; }

  // For taking back what an atomic group has added.
  struct Mark {
    size_t size;
    uint32_t events;
  };
  Mark mark() const { return {record_.body.size(), record_.events}; }
  void rewind(Mark mark);

  Record take() { return std::move(record_); }

 private:
  Record record_;
};

// What a record holds, entry by entry. Methods are called in the order of the entries; views live as long as
// the record's body.
class RecordVisitor {
 public:
  virtual ~RecordVisitor() = default;
  virtual void on_event(Position /*position*/, uint64_t /*stream*/, std::string_view /*body*/) {}
  virtual void on_key(std::string_view /*key*/, uint64_t /*fingerprint*/, std::string_view /*answer*/) {}
  virtual void on_job(std::string_view /*job*/) {}
  virtual void on_leaf(std::string_view /*leaf*/) {}
};

// Reads a record; kCorrupt if its body is not well formed or its count is wrong.
Status visit(const Record& record, RecordVisitor& visitor);

}  // namespace ducat::kernel
