// See library.h.
#include "platform/broker/kafka/library.h"

#include <array>

namespace ducat::broker::kafka {

Config& Config::set(const char* name, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf_.get(), name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) {
    error_ = why.data();
  }
  return *this;
}

Config& Config::opaque(void* opaque) {
  rd_kafka_conf_set_opaque(conf_.get(), opaque);
  return *this;
}

Result<Client> Config::make(rd_kafka_type_t type) {
  if (!error_.empty()) return fail(Errc::kInvalid, "Kafka: " + error_);
  std::array<char, 512> why{};
  rd_kafka_t* made = rd_kafka_new(type, conf_.get(), why.data(), why.size());
  if (made == nullptr) return fail(Errc::kInvalid, std::string("Kafka: ") + why.data());
  static_cast<void>(conf_.release());  // the client's now
  return Client(made);
}

Error error_of(std::string_view what, rd_kafka_resp_err_t code, std::string_view detail) {
  std::string text = "Kafka " + std::string(what) + ": ";
  text += detail.empty() ? std::string_view(rd_kafka_err2str(code)) : detail;
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
      return {Errc::kInvalid, std::move(text)};
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return {Errc::kTimeout, std::move(text)};
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return {Errc::kFull, std::move(text)};
    default:
      return {Errc::kUnavailable, std::move(text)};
  }
}

Result<std::string> bootstrap_servers(std::string_view url) {
  constexpr std::string_view kScheme = "kafka://";
  if (!url.starts_with(kScheme) || url.size() == kScheme.size() ||
      url.find_first_of("/@? ", kScheme.size()) != std::string_view::npos) {
    return fail(Errc::kInvalid,
                "broker.url must be like kafka://host:port[,host:port], not " + std::string(url));
  }
  return std::string(url.substr(kScheme.size()));
}

}  // namespace ducat::broker::kafka
