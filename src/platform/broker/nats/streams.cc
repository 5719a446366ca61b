// See streams.h.
#include "platform/broker/nats/streams.h"

#include <algorithm>

#include "platform/telemetry/logger.h"

namespace ducat::broker::nats {
namespace {

// The group's members share one limit at the server; each keeps its own by how much it asks for.
constexpr int64_t kMembers = 8;

bool is_subject(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != text.npos) return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F || c == '*' || c == '>';
  });
}

bool covers(std::string_view subject, std::string_view filter) {
  if (subject.ends_with('>')) return filter.starts_with(subject.substr(0, subject.size() - 1));
  return subject == filter;
}

bool covered(const Stream& stream, std::string_view filter) {
  return std::any_of(stream.subjects.begin(), stream.subjects.end(),
                     [&](const std::string& subject) { return covers(subject, filter); });
}

Status update_consumer(jsCtx* jetstream, const Stream& stream, const jsConsumerInfo& info,
                       jsConsumerConfig& wanted) {
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
  return check("changing consumer " + std::string(wanted.Durable),
               js_UpdateConsumer(nullptr, jetstream, stream.name.c_str(), &wanted, nullptr, &code), code);
}

Status put_back(jsCtx* jetstream, const Stream& stream, const jsConsumerInfo& info, uint64_t last) {
  jsConsumerConfig config = *info.Config;
  config.DeliverPolicy = js_DeliverByStartSequence;
  config.OptStartSeq = std::min(info.AckFloor.Stream, last) + 1;
  config.OptStartTime = 0;
  log::warn("broker.consumer_put_back",
            {{"stream", stream.name}, {"consumer", info.Name}, {"to", config.OptStartSeq}});
  jsErrCode code = jsErrCode(0);
  natsStatus status = js_DeleteConsumer(jetstream, stream.name.c_str(), info.Name, nullptr, &code);
  if (status != NATS_OK && status != NATS_NOT_FOUND) return failed("putting a consumer back", status, code);
  return check("putting a consumer back",
               js_AddConsumer(nullptr, jetstream, stream.name.c_str(), &config, nullptr, &code), code);
}

}  // namespace

std::string jetstream_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!plain) c = '_';
  }
  return out;
}

Stream stream_of(const StreamSpec& spec) {
  Stream stream{spec, jetstream_name(spec.name), spec.subject_prefix, {}};
  for (const std::string& prefix : spec.type_prefixes) {
    if (prefix.empty()) continue;
    std::string subject = stream.prefix + prefix;
    stream.subjects.push_back(subject.ends_with('.') ? subject + ">" : subject);
  }
  if (stream.subjects.empty()) {
    if (stream.prefix.empty()) stream.prefix = spec.name + ".";
    stream.subjects.push_back(stream.prefix + ">");
  }
  return stream;
}

Result<std::string> subject_of(const Stream& stream, std::string_view type) {
  std::string subject = stream.prefix + std::string(type);
  if (!is_subject(subject) || !covered(stream, subject))
    return fail(Errc::kInvalid, "type " + std::string(type) + " is none of stream " + stream.spec.name);
  return subject;
}

std::string filter_of(const Stream& stream, const std::vector<std::string>& types) {
  if (types.empty()) return {};
  std::string common = stream.prefix + types.front();
  if (types.size() > 1) {
    for (const std::string& type : types) {
      std::string subject = stream.prefix + type;
      size_t same = 0;
      while (same < std::min(common.size(), subject.size()) && common[same] == subject[same]) ++same;
      common.resize(same);
    }
    size_t dot = common.rfind('.');
    common = dot == std::string::npos ? "" : common.substr(0, dot + 1) + ">";
  }
  return covered(stream, common) ? common : "";
}

Status declare_stream(jsCtx* jetstream, const Stream& stream, const NatsOptions& options) {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  std::vector<const char*> subjects;
  for (const std::string& subject : stream.subjects) subjects.push_back(subject.c_str());
  config.Name = stream.name.c_str();
  config.Description = stream.spec.name.c_str();
  config.Subjects = subjects.data();
  config.SubjectsLen = static_cast<int>(subjects.size());
  config.Retention = js_LimitsPolicy;
  config.Discard = js_DiscardOld;
  config.Storage = js_FileStorage;
  config.MaxAge = nanos(stream.spec.retention);
  config.MaxBytes = stream.spec.max_bytes;
  config.Replicas = options.replicas;
  // Long enough to recognize what a feed sends again.
  Duration again = std::max(options.unsynced, Duration::seconds(120));
  config.Duplicates = nanos(std::min(again, stream.spec.retention));
  jsErrCode code = jsErrCode(0);
  jsStreamInfo* info = nullptr;
  natsStatus status = js_GetStreamInfo(&info, jetstream, stream.name.c_str(), nullptr, &code);
  StreamInfoHandle owned(info);
  if (status == NATS_NOT_FOUND) {
    return check("making stream " + stream.name, js_AddStream(nullptr, jetstream, &config, nullptr, &code),
                 code);
  }
  if (status != NATS_OK) return failed("looking for stream " + stream.name, status, code);
  const char* description = info->Config->Description;
  if (description == nullptr || description != stream.spec.name)
    return fail(Errc::kConflict, "NATS stream " + stream.name + " is there and is not " + stream.spec.name);
  config.Replicas = info->Config->Replicas;
  return check("changing stream " + stream.name, js_UpdateStream(nullptr, jetstream, &config, nullptr, &code),
               code);
}

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
  jsErrCode code = jsErrCode(0);
  jsConsumerInfo* info = nullptr;
  natsStatus status = js_GetConsumerInfo(&info, jetstream, stream.name.c_str(), name.c_str(), nullptr, &code);
  ConsumerInfoHandle owned(info);
  if (status == NATS_OK) return update_consumer(jetstream, stream, *info, config);
  if (status != NATS_NOT_FOUND) return failed("looking for consumer " + name, status, code);
  return check("making consumer " + name,
               js_AddConsumer(nullptr, jetstream, stream.name.c_str(), &config, nullptr, &code), code);
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
    DUCAT_TRY(put_back(jetstream, stream, consumer, info->State.LastSeq));
  }
  return {};
}

}  // namespace ducat::broker::nats
