// See consumers.h.
//
// A consumer cannot be moved: it is deleted and made again. Between the two its position stands in a second
// consumer that nobody reads, "<name>_position"; should the process end there, the next declaration finds it.
#include "platform/broker/nats/consumers.h"

#include <algorithm>

#include "platform/telemetry/logger.h"

namespace ducat::broker::nats {
namespace {

// The group's members share one limit at the server; each keeps its own by how much it asks for.
constexpr int64_t kMembers = 8;

constexpr int64_t kAnswerMillis = 2000;
// More than this between the oldest open message and the newest: the consumer starts again from the oldest.
constexpr uint64_t kMostGivenBack = 100'000;

std::string position_name(const std::string& consumer) {
  return consumer + "_position";
}

// Null: there is none.
Result<ConsumerInfoHandle> find_consumer(jsCtx* jetstream, const Stream& stream, const std::string& name) {
  jsErrCode code = jsErrCode(0);
  jsConsumerInfo* info = nullptr;
  natsStatus status = js_GetConsumerInfo(&info, jetstream, stream.name.c_str(), name.c_str(), nullptr, &code);
  if (status == NATS_OK) return ConsumerInfoHandle(info);
  if (status == NATS_NOT_FOUND) return ConsumerInfoHandle();
  return failed("looking for consumer " + name, status, code);
}

Status add_consumer(jsCtx* jetstream, const Stream& stream, jsConsumerConfig config, uint64_t from) {
  if (from != 0) {
    config.DeliverPolicy = js_DeliverByStartSequence;
    config.OptStartSeq = from;
    config.OptStartTime = 0;
  }
  jsErrCode code = jsErrCode(0);
  natsStatus status = js_AddConsumer(nullptr, jetstream, stream.name.c_str(), &config, nullptr, &code);
  return check("making consumer " + std::string(config.Durable), status, code);
}

Status delete_consumer(jsCtx* jetstream, const Stream& stream, const std::string& name) {
  jsErrCode code = jsErrCode(0);
  natsStatus status = js_DeleteConsumer(jetstream, stream.name.c_str(), name.c_str(), nullptr, &code);
  if (status == NATS_OK || status == NATS_NOT_FOUND) return {};
  return failed("deleting consumer " + name, status, code);
}

Status move_consumer(jsCtx* jetstream, const Stream& stream, const jsConsumerInfo& info, uint64_t to) {
  log::warn("broker.consumer_put_back", {{"stream", stream.name}, {"consumer", info.Name}, {"to", to}});
  std::string name = info.Name;
  std::string position = position_name(name);
  jsConsumerConfig kept = *info.Config;
  kept.Durable = position.c_str();
  kept.Name = nullptr;
  DUCAT_TRY(delete_consumer(jetstream, stream, position));
  DUCAT_TRY(add_consumer(jetstream, stream, kept, to));
  DUCAT_TRY(delete_consumer(jetstream, stream, name));
  jsConsumerConfig again = *info.Config;
  again.Durable = name.c_str();
  again.Name = nullptr;
  DUCAT_TRY(add_consumer(jetstream, stream, again, to));
  return delete_consumer(jetstream, stream, position);
}

Status update_consumer(jsCtx* jetstream, const Stream& stream, const jsConsumerInfo& info,
                       jsConsumerConfig wanted) {
  if (info.Config->Description == nullptr || std::string_view(info.Config->Description) != wanted.Description)
    return fail(Errc::kConflict, "consumer " + std::string(wanted.Durable) + " belongs to another group");
  std::string_view filter = info.Config->FilterSubject == nullptr ? "" : info.Config->FilterSubject;
  std::string_view wanted_filter = wanted.FilterSubject == nullptr ? "" : wanted.FilterSubject;
  if (filter == wanted_filter && info.Config->MaxAckPending == wanted.MaxAckPending &&
      info.Config->AckWait == wanted.AckWait) {
    return {};
  }
  // Where it began is not to be changed.
  wanted.DeliverPolicy = info.Config->DeliverPolicy;
  wanted.OptStartSeq = info.Config->OptStartSeq;
  wanted.OptStartTime = info.Config->OptStartTime;
  wanted.MaxWaiting = info.Config->MaxWaiting;
  jsErrCode code = jsErrCode(0);
  natsStatus status = js_UpdateConsumer(nullptr, jetstream, stream.name.c_str(), &wanted, nullptr, &code);
  return check("changing consumer " + std::string(wanted.Durable), status, code);
}

}  // namespace

Status declare_consumer(jsCtx* jetstream, const Stream& stream, const SubscriptionOptions& subscription,
                        const NatsOptions& options) {
  std::string name = jetstream_name(subscription.group);
  std::string filter = filter_of(stream, subscription.types);
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = name.c_str();
  config.Description = subscription.group.c_str();
  config.DeliverPolicy = js_DeliverAll;
  config.AckPolicy = js_AckExplicit;
  config.AckWait = nanos(options.ack_wait);
  config.MaxDeliver = -1;
  if (!filter.empty()) config.FilterSubject = filter.c_str();
  config.ReplayPolicy = js_ReplayInstant;
  config.MaxAckPending = static_cast<int64_t>(subscription.max_in_flight) * kMembers;
  DUCAT_ASSIGN(ConsumerInfoHandle info, find_consumer(jetstream, stream, name));
  if (info) return update_consumer(jetstream, stream, *info, config);
  DUCAT_ASSIGN(ConsumerInfoHandle position, find_consumer(jetstream, stream, position_name(name)));
  DUCAT_TRY(add_consumer(jetstream, stream, config, position ? position->Config->OptStartSeq : 0));
  if (!position) return {};
  return delete_consumer(jetstream, stream, position_name(name));
}

Status forget_requests(Connection& connection, const Stream& stream, const std::string& group) {
  // It looks at them before it says how many there are.
  DUCAT_TRY(find_consumer(connection.jetstream(), stream, jetstream_name(group)));
  return {};
}

Status answer_and_wait(Connection& connection, const std::string& reply, const char* verb) {
  natsMsg* answer = nullptr;
  natsStatus status =
      natsConnection_RequestString(&answer, connection.handle(), reply.c_str(), verb, kAnswerMillis);
  natsMsg_Destroy(answer);
  return check("answering for a delivery", status);
}

Status give_back_lost(Connection& connection, const Stream& stream, const std::string& group,
                      const std::unordered_set<uint64_t>& held, bool unless_shared) {
  std::string name = jetstream_name(group);
  DUCAT_ASSIGN(ConsumerInfoHandle info, find_consumer(connection.jetstream(), stream, name));
  if (!info || info->NumAckPending <= static_cast<int64_t>(held.size())) return {};
  if (unless_shared && info->NumWaiting > 0) return {};
  uint64_t first = info->AckFloor.Stream + 1;
  uint64_t last = info->Delivered.Stream;
  if (last - first >= kMostGivenBack) return move_consumer(connection.jetstream(), stream, *info, first);
  // The address of an answer needs the sequence in the stream; the one in the consumer need only be one that
  // may be open. What is not open, or given back already, the server passes over.
  auto address = [&](uint64_t sequence) {
    return "$JS.ACK." + stream.name + "." + name + ".1." + std::to_string(sequence) + "." +
           std::to_string(info->Delivered.Consumer) + ".0.0";
  };
  uint64_t waited_for = 0;
  for (uint64_t sequence = first; sequence <= last; ++sequence) {
    if (held.contains(sequence)) continue;
    if (waited_for != 0) {
      natsStatus status =
          natsConnection_PublishString(connection.handle(), address(waited_for).c_str(), "-NAK");
      DUCAT_TRY(check("giving back a delivery", status));
    }
    waited_for = sequence;
  }
  if (waited_for == 0) return {};
  return answer_and_wait(connection, address(waited_for), "-NAK");
}

Status put_back_consumers(jsCtx* jetstream, const Stream& stream) {
  jsErrCode code = jsErrCode(0);
  jsStreamInfo* info = nullptr;
  natsStatus status = js_GetStreamInfo(&info, jetstream, stream.name.c_str(), nullptr, &code);
  StreamInfoHandle owned(info);
  if (status != NATS_OK) return failed("looking at stream " + stream.name, status, code);
  if (info->State.Consumers == 0) return {};
  jsConsumerInfoList* list = nullptr;
  status = js_Consumers(&list, jetstream, stream.name.c_str(), nullptr, &code);
  ConsumerListHandle owned_list(list);
  if (status == NATS_NOT_FOUND) return {};
  if (status != NATS_OK) return failed("looking at the consumers of " + stream.name, status, code);
  for (int i = 0; i < list->Count; ++i) {
    const jsConsumerInfo& consumer = *list->List[i];
    if (consumer.Delivered.Stream <= info->State.LastSeq) continue;
    DUCAT_TRY(move_consumer(jetstream, stream, consumer,
                            std::min(consumer.AckFloor.Stream, info->State.LastSeq) + 1));
  }
  return {};
}

}  // namespace ducat::broker::nats
