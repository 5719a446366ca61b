// What the reader, the writer and the OpenAPI document know about a message: one table, made at the start
// from the descriptors and the options of contracts/ducat/options.proto, so that nothing is looked up while
// serving.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
class Message;
class Reflection;
}  // namespace google::protobuf

namespace ducat::rpc {

enum class Kind : uint8_t {
  kText,
  kMoney,    // a string of digits, a bare number outside
  kRawJson,  // a string that holds a JSON object
  kInteger,
  kBoolean,
  kTime,  // int64 microseconds, ISO 8601 outside
  kEnum,
  kMessage,
};

enum class TextFormat : uint8_t { kAny, kUuid, kDateTime, kEmail };

struct MessagePlan;

struct EnumText {
  std::string text;
  int number;
};

struct FieldPlan {
  const google::protobuf::FieldDescriptor* field = nullptr;
  const google::protobuf::Reflection* reflection =
      nullptr;       // of the field's message; asking each message costs more
  std::string name;  // as it is called in JSON, in a query and in messages
  std::string key;   // "\"name\":"
  Kind kind = Kind::kText;
  TextFormat format = TextFormat::kAny;
  bool repeated = false;
  bool required = false;
  bool nullable = false;
  bool has_presence = false;  // absent can be told from empty, and is not written
  bool positive = false;
  bool wide = false;  // kInteger: 64 bits
  bool from_query = false;
  std::string from_path;  // the path parameter it comes from; empty for none
  std::optional<int64_t> min, max;
  uint32_t min_length = 0, max_length = 0;  // 0: no bound
  uint32_t min_items = 0, max_items = 0;
  std::vector<std::string> one_of;
  std::vector<EnumText> enum_texts;  // without the value 0
  std::string default_value;
  std::string example;
  int when_field = -1;  // index of the field that makes this one required, and its values that do
  std::vector<std::string> when_values;
  const MessagePlan* message = nullptr;  // kMessage
};

struct MessagePlan {
  const google::protobuf::Descriptor* descriptor = nullptr;
  const google::protobuf::Reflection* reflection = nullptr;
  std::vector<FieldPlan> fields;  // at most 64, in the order of the contract
  const google::protobuf::FieldDescriptor* nulls =
      nullptr;              // gets the names of nullable members that were null
  uint64_t required = 0;    // bit i: fields[i] must be there
  bool conditions = false;  // some field has a when_field
  bool defaults = false;    // some field has a default value
  bool bare_list = false;   // written as the array of its only field
};

// Owns plans; they live as long as the cache. Filled at the start by one thread, read by any. A contract that
// uses what JSON cannot carry exactly (floating point, maps, bytes) is a programmer's error and stops the
// process.
class PlanCache {
 public:
  // All fields of the message.
  const MessagePlan& of(const google::protobuf::Descriptor* descriptor);

  // Only the fields that come from the body, or only those from the query, or from the path, when the message
  // is a method's request. `query_only`: the method has no body, so what is not in the path is in the query.
  enum class Part { kBody, kQuery, kPath };
  MessagePlan part(const google::protobuf::Descriptor* request, Part part, bool query_only);

 private:
  std::map<const google::protobuf::Descriptor*, std::unique_ptr<MessagePlan>> plans_;
};

}  // namespace ducat::rpc
