// See contract_comments.h.
#include "platform/rpc/contract_comments.h"

#include <google/protobuf/descriptor.pb.h>

#include "base/check.h"
#include "platform/rpc/static_routes.h"

extern "C" const char ducat_embed_contracts[];
extern "C" const char ducat_embed_contracts_end[];

namespace ducat::rpc {
namespace {

// Comment lines begin with the space behind "//"; lines join to paragraphs, which an empty line separates.
std::string as_paragraphs(std::string_view comment) {
  std::string out;
  bool blank = false;
  while (!comment.empty()) {
    std::string_view line = comment.substr(0, comment.find('\n'));
    comment.remove_prefix(std::min(comment.size(), line.size() + 1));
    while (line.starts_with(' ')) line.remove_prefix(1);
    if (line.empty()) {
      blank = !out.empty();
      continue;
    }
    if (!out.empty()) out.append(blank ? "\n\n" : " ");
    blank = false;
    out.append(line);
  }
  return out;
}

template <typename Descriptor>
std::string comment_of(const Descriptor* descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor || !descriptor->GetSourceLocation(&location)) return {};
  return as_paragraphs(location.leading_comments);
}

}  // namespace

ContractComments::ContractComments() {
  std::string_view bytes = embedded(ducat_embed_contracts, ducat_embed_contracts_end);
  google::protobuf::FileDescriptorSet files;
  bool parsed = files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  DUCAT_CHECK(parsed, "the embedded contracts are descriptors");
  for (const auto& file : files.file()) {
    const auto* built = pool_.BuildFile(file);
    DUCAT_CHECK(built, "the embedded contracts are complete");
  }
}

std::string ContractComments::of_service(const std::string& full_name) const {
  return comment_of(pool_.FindServiceByName(full_name));
}
std::string ContractComments::of_method(const std::string& full_name) const {
  return comment_of(pool_.FindMethodByName(full_name));
}
std::string ContractComments::of_message(const std::string& full_name) const {
  return comment_of(pool_.FindMessageTypeByName(full_name));
}
std::string ContractComments::of_field(const std::string& full_name) const {
  return comment_of(pool_.FindFieldByName(full_name));
}

}  // namespace ducat::rpc
