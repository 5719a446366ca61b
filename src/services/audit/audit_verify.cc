// See audit_verify.h.
#include "services/audit/audit_verify.h"

#include <map>
#include <unordered_map>

#include "base/hash.h"
#include "kernel/journal/journal.h"
#include "kernel/projection/projector.h"
#include "kernel/service/service_data.h"
#include "services/audit/domain/invariants.h"
#include "services/audit/store/event_codec.h"

namespace ducat::audit {
namespace {

using kernel::merkle::CompactTree;
using kernel::merkle::Hash;
using kernel::merkle::NodeId;

constexpr int64_t kPage = 2'000;

// The table's records in order, a page at a time.
class Rows {
 public:
  explicit Rows(storage::Connection& connection) : connection_(connection) {}

  // The next one that has not been taken; null at the end.
  Result<const StoredRecord*> peek() {
    if (at_ == page_.size() && !ended_) {
      DUCAT_ASSIGN(page_, records_after(connection_, last_, kPage));
      at_ = 0;
      ended_ = page_.empty();
      if (!ended_) last_ = page_.back().sequence;
    }
    return at_ < page_.size() ? &page_[at_] : nullptr;
  }
  void take() { ++at_; }

 private:
  storage::Connection& connection_;
  std::vector<StoredRecord> page_;
  size_t at_ = 0;
  uint64_t last_ = 0;
  bool ended_ = false;
};

class Auditor final : public kernel::RecordVisitor {
 public:
  Auditor(VerifyReport& report, storage::Connection& tables)
      : report_(report), tables_(tables), rows_(tables), invariants_(all_invariants()) {}

  Status add_checkpoints(const kernel::merkle::NoteVerifier* verifier) {
    DUCAT_ASSIGN(std::vector<std::string> notes, kept_checkpoints(tables_));
    for (const std::string& note : notes) {
      auto opened =
          verifier != nullptr ? verifier->open_checkpoint(note) : kernel::merkle::parse_checkpoint(note);
      if (!opened) {
        violation("a kept checkpoint is forged: " + opened.error().message);
        continue;
      }
      roots_[opened->size] = opened->root;
      ++report_.checkpoints;
    }
    return {};
  }

  Status journal_record(const kernel::Record& record) {
    ++report_.journal_records;
    leaf_ = 0;
    expected_leaves_.clear();
    DUCAT_TRY(kernel::visit(record, *this));
    if (leaf_ != expected_leaves_.size()) broken(report_.records, "its leaf is missing in the journal");
    return std::move(status_);
  }

  void on_event(kernel::Position position, uint64_t, std::string_view body) override {
    if (!status_) return;
    auto decoded = decode_view(body);
    if (!decoded)
      return broken(report_.records + 1,
                    "event " + std::to_string(position) + ": " + decoded.error().message);
    const Event& event = decoded->event;
    bool appends = event.type == EventType::kRecordAppended;
    Hash hash = appends ? kernel::merkle::leaf_hash(decoded->canonical) : Hash{};
    for (auto& invariant : invariants_) {
      if (auto what = invariant->after_event({event, hash})) broken(report_.records + 1, *what);
    }
    if (appends) status_ = append(event, hash);
  }

  void on_leaf(std::string_view leaf) override {
    if (leaf_ < expected_leaves_.size() && kernel::merkle::bytes_of(expected_leaves_[leaf_].second) != leaf) {
      broken(expected_leaves_[leaf_].first, "its leaf in the journal is not its hash");
    }
    ++leaf_;
  }

  // What the tables do not have yet: nothing but its leaves count, for the checkpoints signed over them.
  Status beyond_the_tables(const kernel::Record& record) {
    struct Leaves final : kernel::RecordVisitor {
      void on_leaf(std::string_view leaf) override { hashes.emplace_back(leaf); }
      std::vector<std::string> hashes;
    } leaves;
    DUCAT_TRY(kernel::visit(record, leaves));
    if (!beyond_) beyond_ = tree_;
    for (const std::string& leaf : leaves.hashes) {
      Hash hash{};
      if (leaf.size() != hash.size()) return fail(Errc::kCorrupt, "a leaf is no hash");
      std::copy(leaf.begin(), leaf.end(), hash.begin());
      beyond_->append(hash);
      check_root(*beyond_);
    }
    return {};
  }

  // After the last journal record: the tables have nothing more, and all of the tree is there.
  Status finish() {
    DUCAT_ASSIGN(const StoredRecord* row, rows_.peek());
    if (row != nullptr) {
      broken(report_.records + 1,
             "the tables have a record " + std::to_string(row->sequence) + " that the journal has not");
    }
    report_.root = tree_.root();
    const uint64_t end = beyond_ ? beyond_->size() : report_.records;
    for (const auto& [size, root] : roots_) {
      if (size <= end) continue;
      broken(report_.records + 1, "a checkpoint was signed for " + std::to_string(size) + " records");
      break;
    }
    return check_rollbacks();
  }

  void broken(uint64_t sequence, const std::string& what) {
    if (!report_.first_broken || sequence < report_.first_broken->sequence) {
      report_.first_broken = Broken{sequence, what};
    }
    violation("record " + std::to_string(sequence) + ": " + what);
  }
  void violation(std::string what) {
    if (report_.violations.size() < kernel::kMostViolations) report_.violations.push_back(std::move(what));
  }

 private:
  Status append(const Event& event, const Hash& hash) {
    uint64_t sequence = ++report_.records;
    expected_leaves_.emplace_back(sequence, hash);
    std::vector<std::pair<NodeId, Hash>> nodes;
    tree_.append(hash, [&](NodeId id, const Hash& node) {
      if (id.level >= kernel::merkle::kStoredLevel) nodes.emplace_back(id, node);
    });
    for (const auto& [id, node] : nodes) DUCAT_TRY(check_node(sequence, id, node));
    check_root(tree_);
    note_rollback(event);
    return check_row(event, hash);
  }

  void check_root(const CompactTree& tree) {
    auto kept = roots_.find(tree.size());
    if (kept == roots_.end() || kept->second == tree.root()) return;
    broken(tree.size(), "the tree up to it is not the one whose checkpoint was signed");
  }

  // Which records ought to be marked: those of a correlation before its rollback, and those that came late.
  void note_rollback(const Event& event) {
    const Entry& entry = event.record.entry;
    if (!entry.correlation_id) return;
    if (can_be_rolled_back(entry.status)) {
      if (event.rolled_back_by != 0) {
        marked_[event.record.sequence] = event.rolled_back_by;
      } else {
        open_[hash64(*entry.correlation_id)].push_back(event.record.sequence);
      }
    }
    if (!rolls_back(entry)) return;
    auto open = open_.find(hash64(*entry.correlation_id));
    if (open == open_.end()) return;
    for (uint64_t sequence : open->second) marked_[sequence] = event.record.sequence;
    open_.erase(open);
  }

  Status check_node(uint64_t sequence, NodeId id, const Hash& hash) {
    std::string stored;
    DUCAT_TRY(tables_.query("SELECT hash FROM merkle_nodes WHERE level = $1 AND idx = $2",
                            {int64_t{id.level}, static_cast<int64_t>(id.index)},
                            [&](const storage::Row& row) { stored = row.blob(0); }));
    if (stored != kernel::merkle::bytes_of(hash)) {
      broken(sequence, "the tree's node " + std::to_string(id.index) + " of level " +
                           std::to_string(id.level) + " is not what its leaves make");
    }
    return {};
  }

  // The table's row of this record says what the journal says.
  Status check_row(const Event& event, const Hash& hash) {
    const Record& record = event.record;
    for (;;) {
      DUCAT_ASSIGN(const StoredRecord* row, rows_.peek());
      if (row == nullptr || row->sequence > record.sequence) {
        broken(record.sequence, "it is missing from the tables");
        return {};
      }
      rows_.take();
      if (row->sequence < record.sequence) continue;
      Record stored = row->record();
      stored.previous = record.previous;  // of the row before: told there
      bool same = stored == record && row->hash == hash && row->origin == origin_of(event);
      if (!same) broken(record.sequence, "it differs in the tables");
      return {};
    }
  }

  Status check_rollbacks() {
    report_.rolled_back = marked_.size();
    std::map<uint64_t, uint64_t> stored;
    DUCAT_TRY(tables_.query("SELECT sequence, by_sequence FROM audit_rolled_back ORDER BY sequence", {},
                            [&](const storage::Row& row) {
                              stored[static_cast<uint64_t>(row.int64(0))] =
                                  static_cast<uint64_t>(row.int64(1));
                            }));
    for (const auto& [sequence, by] : marked_) {
      auto found = stored.find(sequence);
      if (found == stored.end() || found->second != by) {
        broken(sequence,
               "it was rolled back by record " + std::to_string(by) + ", and the tables say otherwise");
      }
    }
    for (const auto& [sequence, by] : stored) {
      if (!marked_.contains(sequence))
        broken(sequence, "the tables say that it was rolled back, and it was not");
    }
    return {};
  }

  VerifyReport& report_;
  storage::Connection& tables_;
  Rows rows_;
  std::vector<std::unique_ptr<Invariant>> invariants_;
  CompactTree tree_;
  std::optional<CompactTree> beyond_;  // with the leaves the tables do not have yet, if there are any
  std::map<uint64_t, Hash> roots_;     // of the kept checkpoints, by size
  std::map<uint64_t, uint64_t> marked_;
  std::unordered_map<uint64_t, std::vector<uint64_t>> open_;  // by the hash of the correlation id
  std::vector<std::pair<uint64_t, Hash>> expected_leaves_;    // of this journal record
  size_t leaf_ = 0;
  Status status_;
};

}  // namespace

Result<VerifyReport> verify_log(storage::Database& journal, storage::Database& tables,
                                const kernel::merkle::NoteVerifier* verifier) {
  VerifyReport report;
  DUCAT_ASSIGN(auto connection, tables.connect(storage::Access::kReader));
  DUCAT_ASSIGN(auto snapshot, storage::Transaction::begin(*connection));
  DUCAT_ASSIGN(kernel::Checkpoint checkpoint, kernel::read_checkpoint(*connection));
  report.up_to_record = checkpoint.record;
  Auditor auditor(report, *connection);
  DUCAT_TRY(auditor.add_checkpoints(verifier));
  DUCAT_ASSIGN(auto reader, kernel::JournalReader::open(journal));
  auto read = reader->read(0, [&](const kernel::Record& record) -> Status {
    return record.number <= report.up_to_record ? auditor.journal_record(record)
                                                : auditor.beyond_the_tables(record);
  });
  if (!read && read.error().code != Errc::kCorrupt) return propagate(read);
  if (!read) {
    // What follows cannot be trusted, nor compared.
    auditor.broken(report.records + 1, read.error().message);
    return report;
  }
  DUCAT_TRY(auditor.finish());
  return report;
}

}  // namespace ducat::audit
