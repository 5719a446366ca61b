// Messages that a group could not handle: where they are kept, what their headers say, and moving them back.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "platform/broker/broker.h"

namespace ducat::broker {

// Headers of a dead letter. Its id is its own, made of the message's and the time, so that a broker which
// drops ids it has seen does not drop the second death of a message.
inline constexpr std::string_view kDeadReason = "dead-reason";      // the last attempt's error, on one line
inline constexpr std::string_view kDeadAttempts = "dead-attempts";  // decimal
inline constexpr std::string_view kDeadStream = "dead-stream";
inline constexpr std::string_view kDeadType = "dead-type";
inline constexpr std::string_view kDeadId = "dead-id";  // the message's own id
inline constexpr std::string_view kDeadAt = "dead-at";  // RFC 3339

// The streams that belong to a group.
StreamSpec dead_stream(const std::string& group);   // "<group>.dlq"
StreamSpec retry_stream(const std::string& group);  // "<group>.retry"

// The value of a header, or nothing ("") if there is none.
std::string_view header(const Message& message, std::string_view name);

// `message` as it is put aside after so many attempts.
Message make_dead_letter(const Message& message, const std::string& group, const Error& why,
                         uint64_t attempts, Timestamp at);
// A dead letter as it goes to "<group>.retry": unchanged, so that redriving it twice makes no second message
// where the broker drops repeats.
Message make_redriven(const Message& dead_letter, const std::string& group);
// What a consumer of "<group>.retry" hands to its handler: the message with the id it had.
void restore_id(Message& redriven);

struct DeadLetterOptions {
  std::string group;
  uint64_t limit = 1000;                       // messages at most
  Duration quiet = Duration::seconds(3);       // the end: nothing has come for so long
  Duration patience = Duration::seconds(30);   // for the broker to confirm what is moved
  const std::atomic<bool>* stopped = nullptr;  // ends a move early, between two batches
};

// Shows the dead letters of a group, oldest first, and leaves them where they are: how many those were. An
// error of the adapter's if the group has never had any. Blocks.
Result<uint64_t> list_dead_letters(Broker& broker, const DeadLetterOptions& options,
                                   const std::function<void(const Message&)>& show);
// Moves them to "<group>.retry", oldest first: how many. Each is acknowledged after its copy was confirmed,
// so that an interruption can double one and lose none. Blocks.
Result<uint64_t> redrive_dead_letters(Broker& broker, const DeadLetterOptions& options);

}  // namespace ducat::broker
