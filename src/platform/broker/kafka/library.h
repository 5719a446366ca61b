// librdkafka's handles as values that free themselves, and its errors as ours.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace ducat::broker::kafka {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using Client = std::unique_ptr<rd_kafka_t, FreeWith<rd_kafka_destroy>>;
using TopicList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, FreeWith<rd_kafka_topic_partition_list_destroy>>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, FreeWith<rd_kafka_message_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, FreeWith<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, FreeWith<rd_kafka_event_destroy>>;

// Settings of a client under construction. One thread; owns them until `make`.
class Config {
 public:
  Config() : conf_(rd_kafka_conf_new()) {}
  Config& set(const char* name, const std::string& value);
  // What callbacks get as their opaque.
  Config& opaque(void* opaque);
  rd_kafka_conf_t* get() { return conf_.get(); }
  // kInvalid if a setting was refused.
  Result<Client> make(rd_kafka_type_t type);

 private:
  std::unique_ptr<rd_kafka_conf_t, FreeWith<rd_kafka_conf_destroy>> conf_;
  std::string error_;
};

// "Kafka <what>: <why>"; kUnavailable for what may pass, kTimeout where the outcome is unknown.
Error error_of(std::string_view what, rd_kafka_resp_err_t code, std::string_view detail = {});

// "kafka://a:1,b:2" as the library's list "a:1,b:2".
Result<std::string> bootstrap_servers(std::string_view url);

}  // namespace ducat::broker::kafka
