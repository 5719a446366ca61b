// See group.h.
#include "platform/broker/embedded/group.h"

#include <algorithm>

#include "base/hash.h"
#include "platform/telemetry/logger.h"

namespace ducat::broker {
namespace {

constexpr size_t kReadAtOnce = 1024;
// Of an input: beyond that many messages behind the oldest that is open, the group waits for it. It bounds
// memory, and what comes again after a crash.
constexpr size_t kLargestWindow = size_t{1} << 18;
constexpr Duration kRejectPause = Duration::millis(100);
constexpr Duration kFirstPause = Duration::millis(100);
constexpr Duration kLongestPause = Duration::seconds(10);

// A tag is the input and the message's sequence in its window.
constexpr int kSequenceBits = 56;
uint64_t make_tag(size_t input, uint64_t sequence) {
  return uint64_t{input} << kSequenceBits | sequence;
}
size_t input_of(uint64_t tag) {
  return tag >> kSequenceBits;
}
uint64_t sequence_of(uint64_t tag) {
  return tag & ((uint64_t{1} << kSequenceBits) - 1);
}

}  // namespace

Group::Group(std::string stream, std::string name, std::vector<std::string> types, GroupPorts ports)
    : stream_(std::move(stream)),
      name_(std::move(name)),
      ports_(std::move(ports)),
      types_(std::move(types)),
      pauses_(kFirstPause, kLongestPause) {}

void Group::add_input(Source& source, uint64_t position) {
  {
    std::lock_guard lock(mutex_);
    inputs_.push_back(std::make_unique<Input>(source, position));
  }
  wake();
}

Result<std::shared_ptr<Member>> Group::join(const SubscriptionOptions& options, Executor& executor,
                                            OnDeliveries on_deliveries) {
  std::lock_guard lock(mutex_);
  if (!members_.empty() && types_ != options.types)
    return fail(Errc::kInvalid, "the members of group " + name_ + " of " + stream_ + " ask for other types");
  types_ = options.types;
  auto member = std::make_shared<Member>(executor, std::move(on_deliveries),
                                         std::max<size_t>(options.max_in_flight, 1), ++last_member_);
  members_.push_back({member, {}});
  stalled_ = false;
  wake();
  return member;
}

void Group::leave(const std::shared_ptr<Member>& member) {
  {
    std::lock_guard lock(mutex_);
    std::erase_if(members_, [&](const Handing& handing) { return handing.member == member; });
    for (auto& input : inputs_) input->window.abandon(member->number);
    stalled_ = false;
  }
  {
    std::lock_guard running(member->running);
    member->alive = false;
  }
  wake();
}

void Group::acknowledge(Member& member, uint64_t tag) {
  bool moved = false;
  {
    std::lock_guard lock(mutex_);
    if (input_of(tag) >= inputs_.size()) return;
    Window& window = inputs_[input_of(tag)]->window;
    Window::Slot* slot = window.find(sequence_of(tag));
    if (slot == nullptr || slot->holder != member.number || slot->state != Window::Slot::State::kHeld) return;
    moved = window.close(sequence_of(tag));
    freed(find(member));
  }
  if (moved) ports_.position_moved();
}

void Group::reject(Member& member, uint64_t tag) {
  std::lock_guard lock(mutex_);
  if (stopped_ || input_of(tag) >= inputs_.size()) return;
  Window::Slot* slot = inputs_[input_of(tag)]->window.find(sequence_of(tag));
  if (slot == nullptr || slot->holder != member.number || slot->state != Window::Slot::State::kHeld) return;
  freed(find(member));
  slot->holder = 0;  // nobody's, until its time has come
  rejected_.emplace_back(input_of(tag), sequence_of(tag));
  if (reject_timer_) return;
  reject_timer_ = ports_.timers.after(kRejectPause, ports_.deliver, [this] {
    {
      std::lock_guard again(mutex_);
      reject_timer_.reset();
      for (const auto& [input, sequence] : std::exchange(rejected_, {}))
        inputs_[input]->window.wait(sequence);
    }
    wake();
  });
}

std::shared_ptr<Member> Group::find(const Member& member) const {
  for (const Handing& handing : members_) {
    if (handing.member.get() == &member) return handing.member;
  }
  return nullptr;
}

// A stalled group goes on once enough is free to be worth a turn, or when the member has dealt with all it
// was given, whichever comes first: the question is put behind its work.
void Group::freed(const std::shared_ptr<Member>& member) {
  if (!member) return;
  --member->in_flight;
  if (!stalled_) return;
  if (++member->freed * 4 >= member->max_in_flight) {
    member->freed = 0;
    stalled_ = false;
    wake();
    return;
  }
  if (std::exchange(member->asked, true)) return;
  member->executor.post([this, member] {
    std::lock_guard running(member->running);
    if (!member->alive) return;
    std::lock_guard lock(mutex_);
    member->asked = false;
    if (std::exchange(stalled_, false)) wake();
  });
}

void Group::wake() {
  if (scheduled_.exchange(true)) return;
  ports_.deliver.post([this] { pump(); });
}

void Group::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  if (retry_timer_) ports_.timers.cancel(*retry_timer_);
  if (reject_timer_) ports_.timers.cancel(*reject_timer_);
}

void Group::pump() {
  scheduled_ = false;
  bool more = false;
  for (size_t index = 0;; ++index) {
    Input* input = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (stopped_ || index == inputs_.size() || members_.empty()) break;
      input = inputs_[index].get();
    }
    more = advance(*input, index) || more;
  }
  send();
  if (more) wake();
}

// One turn of an input: what waits, then one reading. True if there may be more for it to do now.
bool Group::advance(Input& input, size_t index) {
  hand_again(input, index);
  if (input.next == input.pending.size() && !read_more(input)) return false;
  return hand_out(input, index);
}

bool Group::read_more(Input& input) {
  size_t room;
  std::vector<std::string> types;
  {
    std::lock_guard lock(mutex_);
    room = this->room();
    if (room == 0) {
      stalled_ = true;
      return false;
    }
    types = types_;
  }
  Result<Source::Chunk> chunk = input.source.read(input.read, std::min(room, kReadAtOnce), types);
  if (!chunk) {
    retry_later(chunk.error());
    return false;
  }
  bool any = chunk->reached != input.read;
  input.read = chunk->reached;
  input.pending = std::move(chunk->messages);
  input.next = 0;
  return any;
}

bool Group::hand_out(Input& input, size_t index) {
  bool stalled = false;
  {
    std::lock_guard lock(mutex_);
    for (; input.next < input.pending.size(); ++input.next) {
      auto& [number, message] = input.pending[input.next];
      if (!wants(message)) continue;
      Handing* handing = input.window.size() < kLargestWindow ? handing_for(message) : nullptr;
      stalled = handing == nullptr;
      if (stalled) break;
      uint64_t sequence = input.window.open(number, handing->member->number);
      ++handing->member->in_flight;
      message.stream = stream_;
      handing->deliveries.push_back({std::move(message), 1, make_tag(index, sequence)});
    }
    bool all = input.next == input.pending.size();
    input.window.reach(all ? input.read : input.pending[input.next].number - 1);
    stalled_ = stalled_ || stalled;
    pauses_.reset();
    trouble_.clear();
  }
  ports_.position_moved();
  return !stalled;
}

// What was rejected or left behind comes before anything newer. The messages are read again, chunk by chunk.
void Group::hand_again(Input& input, size_t index) {
  std::vector<std::pair<uint64_t, uint64_t>> waiting;  // sequence and number
  {
    std::lock_guard lock(mutex_);
    size_t room = this->room();
    for (uint64_t sequence : input.window.waiting()) {
      if (waiting.size() == room) {
        stalled_ = true;
        break;
      }
      waiting.emplace_back(sequence, input.window.find(sequence)->number);
    }
  }
  Source::Chunk chunk;
  uint64_t from = 0;
  for (const auto& [sequence, number] : waiting) {
    if (from == 0 || number > chunk.reached) {
      from = number;
      Result<Source::Chunk> read = input.source.read(number - 1, std::min(waiting.size(), kReadAtOnce), {});
      if (!read) {
        retry_later(read.error());
        return;
      }
      chunk = std::move(*read);
    }
    auto at =
        std::partition_point(chunk.messages.begin(), chunk.messages.end(),
                             [&, wanted = number](const auto& message) { return message.number < wanted; });
    bool there = at != chunk.messages.end() && at->number == number;
    hand_waiting(input, index, sequence,
                 there ? Result<Message>(std::move(at->message)) : fail(Errc::kNotFound, "it is gone"));
  }
}

void Group::hand_waiting(Input& input, size_t index, uint64_t sequence, Result<Message> message) {
  std::lock_guard lock(mutex_);
  Window::Slot* slot = input.window.find(sequence);
  if (slot == nullptr) return;
  if (!message) {
    // Retention took it: nobody can have it any more.
    log::warn("broker.message_expired", {{"stream", stream_}, {"group", name_}, {"number", slot->number}});
    input.window.close(sequence);
    return;
  }
  Handing* handing = handing_for(*message);
  if (handing == nullptr) {
    stalled_ = true;
    return;
  }
  input.window.hold_again(sequence, handing->member->number);
  ++handing->member->in_flight;
  message->stream = stream_;
  handing->deliveries.push_back(
      {std::move(*message), input.window.find(sequence)->attempts, make_tag(index, sequence)});
}

void Group::send() {
  std::vector<Handing> ready;
  {
    std::lock_guard lock(mutex_);
    for (Handing& handing : members_) {
      if (handing.deliveries.empty()) continue;
      ready.push_back({handing.member, std::move(handing.deliveries)});
      handing.deliveries.clear();
    }
  }
  for (Handing& handing : ready) {
    ports_.delivered.fetch_add(handing.deliveries.size(), std::memory_order_relaxed);
    Executor& executor = handing.member->executor;
    executor.post([given = std::move(handing)]() mutable {
      std::lock_guard running(given.member->running);
      if (given.member->alive) given.member->on_deliveries(std::move(given.deliveries));
    });
  }
}

void Group::retry_later(const Error& error) {
  log::warn("broker.read_failed", {{"stream", stream_}, {"group", name_}, {"reason", error.message}});
  std::lock_guard lock(mutex_);
  trouble_ = error.message;
  if (stopped_ || retry_timer_) return;
  retry_timer_ = ports_.timers.after(pauses_.next(), ports_.deliver, [this] {
    {
      std::lock_guard again(mutex_);
      retry_timer_.reset();
    }
    wake();
  });
}

size_t Group::room() const {
  size_t free = 0;
  for (const Handing& handing : members_) free += handing.member->max_in_flight - handing.member->in_flight;
  return free;
}

bool Group::wants(const Message& message) const {
  return types_.empty() || std::find(types_.begin(), types_.end(), message.type) != types_.end();
}

// The member of this key, if it has room.
Group::Handing* Group::handing_for(const Message& message) {
  if (members_.empty()) return nullptr;
  Handing& handing =
      members_.size() == 1 ? members_.front() : members_[hash64(message.key) % members_.size()];
  return handing.member->in_flight < handing.member->max_in_flight ? &handing : nullptr;
}

void Group::collect_moved(std::vector<GroupPosition>& out) const {
  std::lock_guard lock(mutex_);
  for (size_t index = 0; index < inputs_.size(); ++index) {
    uint64_t position = inputs_[index]->window.position();
    if (position != inputs_[index]->saved) out.push_back({stream_, name_, index, position});
  }
}

void Group::saved(const GroupPosition& position) {
  std::lock_guard lock(mutex_);
  inputs_[position.input]->saved = position.number;
}

std::string Group::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace ducat::broker
