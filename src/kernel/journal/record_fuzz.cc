// Any bytes as a record's body: kCorrupt, or entries that make the same record again.
#include "base/check.h"
#include "kernel/journal/record.h"

namespace {

using ducat::kernel::Position;

// Writes down what it sees, as text and as a new record.
class Copier final : public ducat::kernel::RecordVisitor {
 public:
  Copier() { copy.start(1, 1, 1, {}); }
  void on_event(Position position, uint64_t stream, std::string_view body) override {
    note("e", body, std::to_string(position) + "," + std::to_string(stream));
    copy.event(stream, body);
  }
  void on_key(std::string_view key, uint64_t fingerprint, std::string_view answer) override {
    note("k", key, std::to_string(fingerprint));
    note("a", answer, "");
    copy.key(key, fingerprint, answer);
  }
  void on_job(std::string_view job) override {
    note("j", job, "");
    copy.job(job);
  }
  void on_leaf(std::string_view leaf) override {
    note("l", leaf, "");
    copy.leaf(leaf);
  }

  std::string seen;
  ducat::kernel::RecordBuilder copy;

 private:
  void note(const char* what, std::string_view text, const std::string& numbers) {
    seen.append(what).append(numbers).append(std::to_string(text.size())).append(text);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ducat::kernel::Record record;
  record.body.assign(reinterpret_cast<const char*>(data), size);
  // Its count is right where there is none to be told.
  for (record.events = 0; record.events < 4; ++record.events) {
    Copier first;
    if (!ducat::kernel::visit(record, first)) continue;
    ducat::kernel::Record copied = first.copy.take();
    DUCAT_CHECK(copied.events == record.events, "as many events");
    Copier second;
    DUCAT_CHECK(ducat::kernel::visit(copied, second).has_value(), "what was written can be read");
    DUCAT_CHECK(second.seen == first.seen, "and is the same");
  }
  return 0;
}
