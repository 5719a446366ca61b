// What callers hand to the engine: operations, alone or several together, and the place where the answers go.
#pragma once

#include <coroutine>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "kernel/journal/record.h"
#include "platform/runtime/executor.h"

namespace ducat::kernel {

enum class Verdict : uint8_t {
  kPending,
  kAccepted,     // decided, and durable by the time anybody sees it
  kRefused,      // a business rule said no; nothing happened
  kReplayed,     // its key was used before: the answer is the first one's
  kKeyReused,    // its key was used before with another payload; nothing happened
  kSkipped,      // another operation of its atomic group was refused; nothing happened
  kUnavailable,  // not decided, or not known to be durable: the caller may try again with the same key
};

// One command as the engine sees it; a service derives its own, with the command and the answer in it.
struct Operation {
  // Caller, operation and idempotency key; empty: none. Lives as long as the operation. `Model::decide` may
  // set it, with the fingerprint, for an effect that an earlier command asked for: it is recorded then, not
  // looked up.
  std::string_view key;
  uint64_t fingerprint = 0;  // of the payload, to tell a retry from a reuse
  bool records_key = true;   // false: the key is only looked up; a later command brings the effect
  // The key is given back: accepted, it counts as never used. `Model::decide` finds the answer it has so far
  // in the operation (nothing if it is not in use), and judges by it.
  bool frees_key = false;
  // Later than this, by the engine's clock, it is not decided (kUnavailable), unless its key answers it: for
  // whoever must know that the key is still remembered if it was used. Not in atomic groups.
  Timestamp not_after{INT64_MAX};
  Verdict verdict = Verdict::kPending;

  uint64_t key_hash = 0;  // the engine's
};

// Operations that are decided one after the other in one batch, with nothing of others between them, and
// answered together. Lives where its owner awaits it (a coroutine's frame): the engine keeps a pointer from
// `Engine::submit` until it resumes the owner on `home`.
class Submission {
 public:
  explicit Submission(Executor& home) : home_(&home) {}
  virtual ~Submission() = default;
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  virtual size_t size() const = 0;
  virtual Operation& at(size_t index) = 0;

  bool atomic = false;  // one refusal refuses all
  bool read_only =
      false;  // none of its operations changes anything: it is served even when nothing can be written

  // The last record that had been decided when this was answered: reads that wait until the tables have
  // reached it see everything that this submission saw. Of a follower's answer: the record up to which it has
  // followed the journal. 0: refused.
  RecordNumber seen = 0;

 private:
  friend class Engine;
  Executor* home_;
  std::coroutine_handle<> waiter_;
  Timestamp deadline_;
};

}  // namespace ducat::kernel
