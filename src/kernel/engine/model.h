// What a service gives to the engine: its states in memory, its rules, and its tables.
//
// The engine calls everything but `write` on its decide executor, one call at a time. A state that is in
// memory is the newest; one that is not is current in its table. That holds because what has changed stays in
// memory (pinned) until `written` says that the tables have it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/result.h"
#include "kernel/engine/submission.h"
#include "kernel/journal/record.h"
#include "kernel/projection/changes.h"
#include "platform/storage/database.h"

namespace ducat::kernel {

// What a decision may know and where its events go.
struct DecideContext {
  Timestamp now;  // never earlier than any event before
  RecordBuilder& record;
};

class Model : public TableWriter {
 public:
  // Opens what it reads tables with. Called before anything else; tables exist and are as of the checkpoint.
  virtual Status open(storage::Database& tables) = 0;

  // Brings into memory whatever the operations need and the tables have, in as few reads as it can.
  virtual Status load(std::span<Submission* const> batch) = 0;

  // Decides on the states that earlier operations left, evolves them, and adds its events to the record.
  // False: refused, with the reason in the operation, and nothing of it has happened. What time alone has
  // brought about (a hold that is over) may have been recorded on the way.
  virtual bool decide(Operation& operation, DecideContext& context) = 0;

  // The answer of an accepted operation in stored form (never empty), and back. A stored answer that cannot
  // be read: kCorrupt.
  virtual void encode_answer(const Operation& operation, std::string& out) const = 0;
  virtual Status decode_answer(std::string_view stored, Operation& operation) const = 0;

  // Between these two every change can be taken back by `undo_group`. For services with atomic submissions.
  virtual void begin_group() { DUCAT_CHECK(false, "this service has no atomic groups"); }
  virtual void end_group() {}
  virtual void undo_group() {}

  // What has changed since the last call, as rows to write; pinned under this record's number. Null: nothing.
  virtual std::unique_ptr<Changes> take_changes(RecordNumber record) = 0;
  // The tables have all changes up to this record: they need not stay in memory any more.
  virtual void written(RecordNumber record) = 0;

  // Recovery: forgets all states, then evolves them again by the journal's events.
  virtual Status forget() = 0;
  virtual Status replay(Position position, uint64_t stream, std::string_view event, Timestamp at) = 0;
};

}  // namespace ducat::kernel
