// See message_codec.h.
#include "platform/broker/nats/message_codec.h"

#include <simdjson.h>

#include <array>
#include <charconv>

#include "platform/broker/header_text.h"

namespace ducat::broker::nats {
namespace {

constexpr char kMessageId[] = "Nats-Msg-Id";
constexpr char kExpectedLastId[] = "Nats-Expected-Last-Msg-Id";
constexpr char kContentType[] = "Content-Type";
constexpr char kCloudEvent[] = "application/cloudevents+json";
constexpr char kKey[] = "Ducat-Key";
constexpr char kHeaders[] = "Ducat-Headers";

std::string header(natsMsg* message, const char* name) {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message, name, &value) != NATS_OK || value == nullptr) return {};
  return decode_text(value);
}

}  // namespace

Result<MessageHandle> encode(const Message& message, const std::string& subject, const std::string& reply,
                             std::string_view expected_last_id) {
  natsMsg* made = nullptr;
  natsStatus status = natsMsg_Create(&made, subject.c_str(), reply.c_str(), message.body.data(),
                                     static_cast<int>(message.body.size()));
  MessageHandle owned(made);
  auto set = [&](const char* name, const std::string& value) {
    if (status == NATS_OK) status = natsMsgHeader_Set(made, name, value.c_str());
  };
  set(kMessageId, encode_text(message.id));
  if (!expected_last_id.empty()) set(kExpectedLastId, encode_text(expected_last_id));
  set(kContentType, kCloudEvent);
  if (!message.key.empty()) set(kKey, encode_text(message.key));
  if (!message.headers.empty()) set(kHeaders, encode_headers(message.headers));
  DUCAT_TRY(check("making a NATS message", status));
  return owned;
}

Message decode(natsMsg* message, const Stream& stream) {
  Message out;
  out.stream = stream.spec.name;
  std::string_view subject = natsMsg_GetSubject(message);
  out.type = subject.substr(std::min(stream.prefix.size(), subject.size()));
  out.key = header(message, kKey);
  out.id = header(message, kMessageId);
  out.body.assign(natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message)));
  const char* headers = nullptr;
  if (natsMsgHeader_Get(message, kHeaders, &headers) == NATS_OK && headers != nullptr)
    out.headers = decode_headers(headers);
  return out;
}

// $JS.ACK.<stream>.<consumer>.<attempt>.<stream sequence>.<consumer sequence>.<time>.<pending>, or with
// domain and account before the stream (NATS ADR-15).
Result<DeliveryInfo> parse_ack_subject(std::string_view reply) {
  std::array<std::string_view, 16> tokens;
  size_t count = 0;
  for (std::string_view rest = reply; count < tokens.size();) {
    size_t dot = rest.find('.');
    tokens[count++] = rest.substr(0, dot);
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (count < 9 || tokens[0] != "$JS" || tokens[1] != "ACK")
    return fail(Errc::kCorrupt, "a NATS delivery without an address to acknowledge at");
  size_t first = count == 9 ? 4 : 6;
  auto number = [](std::string_view token) {
    uint64_t value = 0;
    std::from_chars(token.data(), token.data() + token.size(), value);
    return value;
  };
  DeliveryInfo info{number(tokens[first]), number(tokens[first + 1])};
  if (info.attempt == 0 || info.sequence == 0)
    return fail(Errc::kCorrupt, "a NATS delivery whose address has no numbers");
  return info;
}

PublishAnswer parse_answer(std::string_view body) {
  PublishAnswer answer;
  // A stream's name cannot have quotes, so this is an error or none.
  if (body.starts_with('{') && body.find("\"error\"") == body.npos) {
    answer.stored = body.find("\"seq\"") != body.npos;
    if (!answer.stored) answer.text = "an answer without a sequence";
    return answer;
  }
  simdjson::dom::parser parser;
  simdjson::padded_string padded(body);
  simdjson::dom::element document;
  int64_t code = 0;
  std::string_view text;
  if (parser.parse(padded).get(document) != simdjson::SUCCESS ||
      document.at_pointer("/error/description").get(text) != simdjson::SUCCESS) {
    answer.text = "an answer that is not understood";
    return answer;
  }
  if (document.at_pointer("/error/err_code").get(code) == simdjson::SUCCESS)
    answer.code = static_cast<int>(code);
  answer.text = text;
  return answer;
}

}  // namespace ducat::broker::nats
