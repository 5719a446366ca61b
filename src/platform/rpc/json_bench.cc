// What a body costs on its way in and out: the wallet's transfer, and a batch of 1,000 transfers.
#include <benchmark/benchmark.h>

#include "ducat/wallet/v1/wallet.pb.h"
#include "platform/rpc/json_reader.h"
#include "platform/rpc/json_writer.h"

namespace ducat::rpc {
namespace {

void read_body(benchmark::State& state, const std::string& body, google::protobuf::Message& message) {
  PlanCache plans;
  const MessagePlan plan = plans.part(message.GetDescriptor(), PlanCache::Part::kBody, false);
  Violations violations;
  for (auto _ : state) {
    message.Clear();
    if (!read_json(body, plan, message, violations).empty() || !violations.empty())
      state.SkipWithError("refused");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}

void BM_ReadTransfer(benchmark::State& state) {
  wallet::v1::TransferRequest request;
  read_body(state, R"({"toWalletId":"wallet-0000042","amount":137.25})", request);
}
BENCHMARK(BM_ReadTransfer);

void BM_ReadBatch(benchmark::State& state) {
  std::string body = R"({"operations":[)";
  for (int i = 0; i < 1000; ++i) {
    if (i) body.push_back(',');
    body += R"({"type":"transfer","walletId":"wallet-0000017","toWalletId":"wallet-0000042","amount":137,)"
            R"("idempotencyKey":"019b7d2c-6d1e-7c3a-9d55-0a4bb1)" +
            std::to_string(100000 + i) + "\"}";
  }
  body += "]}";
  wallet::v1::BatchRequest request;
  read_body(state, body, request);
}
BENCHMARK(BM_ReadBatch)->Unit(benchmark::kMicrosecond);

void BM_WriteTransfer(benchmark::State& state) {
  PlanCache plans;
  const MessagePlan& plan = plans.of(wallet::v1::TransferReply::descriptor());
  std::string out;
  for (auto _ : state) {
    wallet::v1::TransferReply reply;
    reply.set_saga_id("019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de");
    reply.set_state("COMPLETED");
    reply.set_from_wallet_id("wallet-0000017");
    reply.set_to_wallet_id("wallet-0000042");
    reply.set_amount("137.25");
    out.clear();
    append_json(out, plan, reply);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_WriteTransfer);

void BM_WriteBatch(benchmark::State& state) {
  PlanCache plans;
  wallet::v1::BatchReply reply;
  for (int i = 0; i < 1000; ++i) {
    auto* result = reply.add_results();
    result->set_saga_id("019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de");
    result->set_state("COMPLETED");
    result->set_from_wallet_id("wallet-0000017");
    result->set_to_wallet_id("wallet-0000042");
    result->set_amount("137.25");
    result->set_status_code(200);
  }
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_json(out, plans.of(reply.GetDescriptor()), reply);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_WriteBatch)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ducat::rpc

BENCHMARK_MAIN();
