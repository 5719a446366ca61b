// The audit log as the engine's model: the log's end and its tree in memory, what is known of correlation ids
// as they are needed, the domain's rules, the tables behind.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "kernel/engine/model.h"
#include "kernel/merkle/compact_tree.h"
#include "services/audit/audit_command.h"
#include "services/audit/store/tables.h"

namespace ducat::audit {

// Threads as kernel::Model says. Holds no rule: it finds the states, asks the domain, and puts record, leaf
// and row where they belong.
class AuditModel final : public kernel::Model {
 public:
  Status open(storage::Database& tables) override;
  Status load(std::span<kernel::Submission* const> batch) override;
  bool decide(kernel::Operation& operation, kernel::DecideContext& context) override;
  void encode_answer(const kernel::Operation& operation, std::string& out) const override;
  Status decode_answer(std::string_view stored, kernel::Operation& operation) const override;
  std::unique_ptr<kernel::Changes> take_changes(kernel::RecordNumber record) override;
  void written(kernel::RecordNumber record) override;
  Status forget() override;
  Status replay(kernel::Position position, uint64_t stream, std::string_view event, Timestamp at) override;
  Status write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) override;

 private:
  struct Known {
    Correlation state{};
    bool complete = false;  // false: what replay has seen of it; the tables may know more
    bool touched = false;
    kernel::RecordNumber pinned_by = 0;  // 0: the tables have all of it
  };
  using KnownMap = std::unordered_map<std::string, Known, TextHash, std::equal_to<>>;

  const Correlation& state_of(std::string_view correlation_id) const;
  void emit(const Event& event, kernel::RecordBuilder& record, AuditOperation& operation);
  void append(const Event& event, std::string_view canonical, const Digest& hash);
  void remember(std::string_view correlation_id, const Event& event);
  void drop_idle();

  std::unique_ptr<storage::Connection> connection_;
  LogEnd end_;
  kernel::merkle::CompactTree tree_;
  KnownMap known_;
  std::vector<KnownMap::value_type*> touched_;
  std::deque<std::pair<kernel::RecordNumber, KnownMap::value_type*>> pinned_;
  std::vector<std::string> idle_;  // loaded for a batch that may not have changed them
  std::unique_ptr<AuditChanges> changes_;
  std::string canonical_, body_;  // scratch
};

}  // namespace ducat::audit
