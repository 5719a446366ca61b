// See streams.h.
#include "platform/broker/nats/streams.h"

#include <algorithm>

#include "platform/broker/header_text.h"

namespace ducat::broker::nats {
namespace {

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

std::string description_of(const Stream& stream) {
  return encode_headers({{"name", stream.spec.name}, {"prefix", stream.prefix}});
}

Result<StreamInfoHandle> get_stream(jsCtx* jetstream, const std::string& name) {
  jsErrCode code = jsErrCode(0);
  jsStreamInfo* info = nullptr;
  natsStatus status = js_GetStreamInfo(&info, jetstream, name.c_str(), nullptr, &code);
  if (status == NATS_OK) return StreamInfoHandle(info);
  if (status == NATS_NOT_FOUND) return fail(Errc::kNotFound, "NATS has no stream " + name);
  return failed("looking for stream " + name, status, code);
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
  Stream stream{spec, jetstream_name(spec.name), spec.subject_prefix, {}, true};
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
  std::string description = description_of(stream);
  config.Description = description.c_str();
  config.Subjects = subjects.data();
  config.SubjectsLen = static_cast<int>(subjects.size());
  config.Retention = js_LimitsPolicy;
  config.Discard = js_DiscardOld;
  config.Storage = js_FileStorage;
  config.MaxAge = nanos(stream.spec.retention);
  config.MaxBytes = stream.spec.max_bytes > 0 ? stream.spec.max_bytes : -1;
  config.Replicas = options.replicas;
  // Long enough to recognize what a feed sends again.
  Duration again = std::max(options.unsynced, Duration::seconds(120));
  config.Duplicates = nanos(std::min(again, stream.spec.retention));
  jsErrCode code = jsErrCode(0);
  Result<StreamInfoHandle> there = get_stream(jetstream, stream.name);
  if (!there) {
    if (there.error().code != Errc::kNotFound) return propagate(there);
    natsStatus status = js_AddStream(nullptr, jetstream, &config, nullptr, &code);
    return check("making stream " + stream.name, status, code);
  }
  const jsStreamConfig& old = *(*there)->Config;
  if (old.Description == nullptr || old.Description != description)
    return fail(Errc::kConflict, "NATS stream " + stream.name + " is there and is not " + stream.spec.name);
  config.Replicas = old.Replicas;
  natsStatus status = js_UpdateStream(nullptr, jetstream, &config, nullptr, &code);
  return check("changing stream " + stream.name, status, code);
}

Result<Stream> look_up_stream(jsCtx* jetstream, const std::string& name) {
  Stream stream;
  stream.spec.name = name;
  stream.name = jetstream_name(name);
  stream.declared = false;
  DUCAT_ASSIGN(StreamInfoHandle info, get_stream(jetstream, stream.name));
  const jsStreamConfig& config = *info->Config;
  std::string description = config.Description == nullptr ? "" : config.Description;
  for (auto& [key, value] : decode_headers(description)) {
    if (key == "prefix") stream.prefix = value;
  }
  if (description_of(stream) != description)
    return fail(Errc::kConflict, "NATS stream " + stream.name + " is there and is not " + name);
  for (int i = 0; i < config.SubjectsLen; ++i) stream.subjects.emplace_back(config.Subjects[i]);
  return stream;
}

StreamTable::Entry StreamTable::find(const std::string& name) const {
  std::shared_lock lock(mutex_);
  auto found = streams_.find(name);
  return found == streams_.end() ? nullptr : found->second;
}

Result<StreamTable::Entry> StreamTable::look_up(jsCtx* jetstream, const std::string& name) {
  if (Entry known = find(name)) return known;
  DUCAT_ASSIGN(Stream stream, look_up_stream(jetstream, name));
  std::lock_guard lock(mutex_);
  // A declaration that came meanwhile says more.
  return streams_.emplace(name, std::make_shared<const Stream>(std::move(stream))).first->second;
}

void StreamTable::add(Entry stream) {
  std::lock_guard lock(mutex_);
  streams_[stream->spec.name] = std::move(stream);
}

std::vector<StreamTable::Entry> StreamTable::declared() const {
  std::shared_lock lock(mutex_);
  std::vector<Entry> out;
  for (const auto& [name, stream] : streams_) {
    if (stream->declared) out.push_back(stream);
  }
  return out;
}

}  // namespace ducat::broker::nats
