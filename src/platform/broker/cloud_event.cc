// See cloud_event.h.
#include "platform/broker/cloud_event.h"

#include <simdjson.h>

#include <array>

#include "base/hash.h"
#include "base/json_text.h"

namespace ducat::broker {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kLongestKey = 255;

void append_attribute(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out.append(key);
  append_json_text(out, value);
}

// The object as it stands in the text; "null" for null.
bool raw_object(ondemand::value value, std::string_view& into) {
  if (value.is_null()) {
    into = "null";
    return true;
  }
  ondemand::object object;
  return value.get_object().get(object) == simdjson::SUCCESS &&
         object.raw_json().get(into) == simdjson::SUCCESS;
}

std::unexpected<Error> unreadable(std::string_view what) {
  return fail(Errc::kInvalid, "the message is no CloudEvent: " + std::string(what));
}

}  // namespace

void append_cloud_event(std::string& out, const CloudEvent& event) {
  out.reserve(out.size() + 400 + event.data.size());
  out.append(R"({"specversion":"1.0","id":)");
  append_json_text(out, event.id);
  append_attribute(out, ",\"source\":", event.source);
  append_attribute(out, ",\"type\":", event.type);
  append_attribute(out, ",\"subject\":", event.subject);
  out.append(",\"time\":\"");
  append_iso8601(out, event.time);
  out.append(R"(","datacontenttype":"application/json")");
  append_attribute(out, ",\"traceparent\":", event.trace_parent);
  append_attribute(out, ",\"correlationid\":", event.correlation_id);
  append_attribute(out, ",\"partitionkey\":", event.partition_key);
  out.append(",\"data\":").append(event.data.empty() ? "null" : event.data).push_back('}');
}

Message make_message(std::string stream, const CloudEvent& event) {
  Message message;
  message.stream = std::move(stream);
  message.type = event.type;
  message.id = event.id;
  message.key = event.partition_key;
  if (message.key.size() > kLongestKey) message.key = "hash:" + std::to_string(hash64(event.partition_key));
  append_cloud_event(message.body, event);
  return message;
}

struct CloudEventReader::Impl {
  simdjson::dom::parser checker;  // of the whole text: the other one looks only at what is asked of it
  ondemand::parser parser;
  std::string copy;  // the parser reads a little beyond the end, so it needs room behind the text
  std::string_view time, version;
};

CloudEventReader::CloudEventReader() : impl_(std::make_unique<Impl>()) {}
CloudEventReader::~CloudEventReader() = default;

Result<CloudEvent> CloudEventReader::read(std::string_view json) {
  if (json.size() > kLargestBody) return unreadable("it is too large");
  impl_->copy.assign(json).append(simdjson::SIMDJSON_PADDING, ' ');
  if (simdjson::dom::element whole;
      impl_->checker.parse(impl_->copy.data(), json.size(), false).get(whole) != simdjson::SUCCESS) {
    return unreadable("it is not JSON");
  }
  ondemand::document document;
  ondemand::object object;
  if (impl_->parser.iterate(impl_->copy.data(), json.size(), impl_->copy.size()).get(document) !=
          simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return unreadable("it is not a JSON object");
  }
  CloudEvent event;
  impl_->time = impl_->version = {};
  const std::array<std::pair<std::string_view, std::string_view*>, 9> texts{
      {{"specversion", &impl_->version},
       {"id", &event.id},
       {"source", &event.source},
       {"type", &event.type},
       {"subject", &event.subject},
       {"time", &impl_->time},
       {"traceparent", &event.trace_parent},
       {"correlationid", &event.correlation_id},
       {"partitionkey", &event.partition_key}}};
  for (auto field : object) {
    std::string_view name;
    ondemand::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS) {
      return unreadable("it is not well formed");
    }
    if (name == "data") {
      if (!raw_object(value, event.data)) return unreadable("data is not an object");
      continue;
    }
    for (auto& [known, into] : texts) {
      if (name == known && value.get_string().get(*into) != simdjson::SUCCESS) {
        return unreadable(std::string(known) + " is not a text");
      }
    }
  }
  if (impl_->version != "1.0") return unreadable("specversion is not 1.0");
  if (event.id.empty() || event.source.empty() || event.type.empty()) {
    return unreadable("id, source or type is missing");
  }
  if (!impl_->time.empty()) {
    auto time = parse_iso8601(impl_->time);
    if (!time) return unreadable("time is not a time");
    event.time = *time;
  }
  return event;
}

}  // namespace ducat::broker
