// The comments of the contracts, which are the descriptions of the OpenAPI document. The generated C++ leaves
// them out, so the contracts are embedded a second time, as descriptors with their source information.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

namespace ducat::rpc {

// One thread. Unknown names have no comment.
class ContractComments {
 public:
  // Of the contracts embedded in the binary.
  ContractComments();

  std::string of_service(const std::string& full_name) const;
  std::string of_method(const std::string& full_name) const;
  std::string of_message(const std::string& full_name) const;
  std::string of_field(const std::string& full_name) const;

 private:
  google::protobuf::DescriptorPool pool_;
};

}  // namespace ducat::rpc
