// Any bytes in the tables of idempotency keys: they are refused as kCorrupt, or looked up and merged.
#include "kernel/projection/key_runs.h"

#include "base/bytes.h"

namespace {

using namespace ducat;

// Two rows of runs and chunks, whose fields the input gives in order.
class Damaged final : public storage::Connection {
 public:
  explicit Damaged(std::string_view input) : in_(input) {}

  Status query(std::string_view sql, std::span<const storage::Value>, const storage::OnRow& on_row) override {
    bool chunk = sql.find("key_chunks") != std::string_view::npos;
    if (chunk && chunks_++ > kMostChunks) return {};
    for (int i = 0; i < (chunk ? 1 : 2) && !in_.done(); ++i) {
      Fields row;
      for (int64_t& number : row.numbers) number = in_.zigzag();
      row.bytes = in_.text();
      on_row(row);
    }
    return {};
  }
  Result<int64_t> execute(std::string_view, std::span<const storage::Value>) override { return 1; }
  Status script(std::string_view) override { return {}; }
  Status write(const storage::BulkTable&, const storage::ColumnBatch&) override { return {}; }
  Status begin() override { return {}; }
  Status commit() override { return {}; }
  void rollback() override {}
  storage::Dialect dialect() const override { return storage::Dialect::kSqlite; }

 private:
  static constexpr int kMostChunks = 64;

  struct Fields final : storage::Row {
    bool is_null(int) const override { return false; }
    int64_t int64(int column) const override { return numbers[column & 3]; }
    std::string_view text(int) const override { return bytes; }
    std::string_view blob(int) const override { return bytes; }
    int64_t numbers[4] = {};
    std::string_view bytes;
  };

  ByteReader in_;
  int chunks_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Damaged tables({reinterpret_cast<const char*>(data), size});
  kernel::KeyRuns runs;
  if (!runs.load(tables)) return 0;
  for (uint64_t hash : {uint64_t{0}, uint64_t{1} << 63, ~uint64_t{0}, uint64_t{0x123456789ABCDEF}}) {
    static_cast<void>(runs.may_contain(hash));
    if (!runs.find(tables, hash)) return 0;
  }
  kernel::KeyRun loaded[] = {{1, 0, 1, {}, {}}, {2, 0, 1, {}, {}}};
  static_cast<void>(kernel::merge_key_runs(tables, loaded, 3).has_value());
  return 0;
}
