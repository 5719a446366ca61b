// See audit_answer.h.
#include "services/transactions/audit_answer.h"

#include <simdjson.h>

#include "platform/broker/cloud_event.h"

namespace ducat::transactions {
namespace {

namespace ondemand = simdjson::ondemand;

// Of an error that is kept in the journal.
constexpr size_t kMostErrorBytes = 500;

std::unexpected<Error> unreadable(std::string_view what) {
  return fail(Errc::kInvalid, "an audit answer " + std::string(what));
}

struct Reader {
  broker::CloudEventReader events;
  ondemand::parser parser;
  std::string padded;
};

// The text of a member; false if it is there and no text.
bool read_text(ondemand::value value, std::string& into) {
  if (value.is_null()) return true;
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return false;
  into = text;
  return true;
}

bool read_data(ondemand::object& object, std::string& correlation, AuditAnswer& answer) {
  for (auto field : object) {
    std::string_view name;
    ondemand::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS) {
      return false;
    }
    if (name == "correlationId" && !read_text(value, correlation)) return false;
    if (name == "auditLogId" && !read_text(value, answer.audit_log_id)) return false;
    if (name == "error" && !read_text(value, answer.error)) return false;
  }
  return true;
}

}  // namespace

Result<AuditAnswer> read_audit_answer(const broker::Message& message) {
  thread_local Reader reader;
  DUCAT_ASSIGN(broker::CloudEvent event, reader.events.read(message.body));
  AuditAnswer answer;
  answer.success = event.type == kAuditCreated;
  if (!answer.success && event.type != kAuditFailed) return unreadable("is of an unknown type");
  reader.padded.assign(event.data).append(simdjson::SIMDJSON_PADDING, ' ');
  ondemand::document document;
  ondemand::object object;
  std::string correlation;
  bool read =
      reader.parser.iterate(reader.padded.data(), event.data.size(), reader.padded.size()).get(document) ==
          simdjson::SUCCESS &&
      document.get_object().get(object) == simdjson::SUCCESS && read_data(object, correlation, answer);
  if (!read) return unreadable("is not what it should be");
  auto id = Uuid::parse(correlation);
  if (!id) return unreadable("has no correlationId");
  answer.correlation = {*id};
  if (answer.success && answer.audit_log_id.empty()) return unreadable("has no auditLogId");
  if (answer.error.size() > kMostErrorBytes) answer.error.resize(kMostErrorBytes);
  if (!answer.success && answer.error.empty()) answer.error = "audit failed";
  return answer;
}

}  // namespace ducat::transactions
