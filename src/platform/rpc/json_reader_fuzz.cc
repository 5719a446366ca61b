// Any body: it is refused, or what was understood can be written and read again.
#include "base/check.h"
#include "platform/rpc/json_reader.h"
#include "platform/rpc/json_writer.h"
#include "rpc_testing.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ducat::rpc::testing::Everything;
  static ducat::rpc::PlanCache plans;
  static const ducat::rpc::MessagePlan& plan = plans.of(Everything::descriptor());
  std::string_view body(reinterpret_cast<const char*>(data), size);
  Everything message;
  ducat::rpc::Violations violations;
  if (!ducat::rpc::read_json(body, plan, message, violations).empty() || !violations.empty()) return 0;
  std::string written;
  ducat::rpc::append_json(written, plan, message);
  Everything again;
  DUCAT_CHECK(ducat::rpc::read_json(written, plan, again, violations).empty() && violations.empty(),
              "what was accepted is accepted again");
  DUCAT_CHECK(again.SerializeAsString() == message.SerializeAsString(), "and means the same");
  return 0;
}
