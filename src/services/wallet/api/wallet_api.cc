// One method, one function: read the request, run the command, write the answer.
#include "services/wallet/api/wallet_api.h"

#include "services/wallet/store/event_codec.h"

namespace ducat::wallet {
namespace {

// The request's name in the events' metadata.
std::string_view request_id_of(const rpc::CallContext& call) {
  return call.idempotency_key.empty() ? call.request_id : call.idempotency_key;
}

HoldId hold_id_of(std::string_view text) {
  auto id = Uuid::parse(text);
  return {id ? *id : Uuid{}};
}

// Times are shown to the millisecond, rounded down; so a time without microseconds means all of its
// millisecond, and an event's own time has the event in it.
Timestamp asked_time(int64_t micros) {
  return {micros % 1000 == 0 ? micros + 999 : micros};
}

rpc::ApiError no_hold(std::string_view id) {
  return rpc::ApiError::refusal(404, "HoldNotFoundError", "Hold " + std::string(id) + " not found");
}

}  // namespace

void WalletApi::bind(rpc::Registry& registry) {
  auto one = [&]<typename Request, typename Response>(
                 std::string_view name, Reply<Response> (WalletApi::*method)(const Request&, Call&)) {
    registry.bind<Request, Response>(
        "ducat.wallet.v1.WalletService." + std::string(name),
        [this, method](const Request& request, Call& call) { return (this->*method)(request, call); });
  };
  one("Deposit", &WalletApi::deposit);
  one("Withdraw", &WalletApi::withdraw);
  one("Transfer", &WalletApi::transfer);
  one("Batch", &WalletApi::batch);
  one("GetWallet", &WalletApi::get_wallet);
  one("GetHistory", &WalletApi::get_history);
  one("CreateHold", &WalletApi::create_hold);
  one("ListHolds", &WalletApi::list_holds);
  one("GetHold", &WalletApi::get_hold);
  one("CaptureHold", &WalletApi::capture_hold);
  one("VoidHold", &WalletApi::void_hold);
  one("Freeze", &WalletApi::freeze);
  one("Unfreeze", &WalletApi::unfreeze);
  one("Close", &WalletApi::close);
  one("SetDailyLimit", &WalletApi::set_daily_limit);
  one("SetCreditLimit", &WalletApi::set_credit_limit);
  one("GetTransfer", &WalletApi::get_transfer);
}

Task<WalletOutcome> WalletApi::run(std::string_view operation, std::string_view wallet_id, Command command,
                                   uint64_t fingerprint, Call& call) {
  WalletRequest request;
  request.wallet_id = wallet_id;
  request.request_id = request_id_of(call);
  request.key = scoped_key(call.caller, operation, call.idempotency_key);
  request.fingerprint = fingerprint;
  request.command = std::move(command);
  WalletOutcome outcome = co_await service_().run(request, *call.executor);
  call.out.replayed = outcome.verdict == kernel::Verdict::kReplayed;
  co_return outcome;
}

WalletApi::Reply<v1::Wallet> WalletApi::change(std::string_view operation, std::string_view wallet_id,
                                               Command command, uint64_t fingerprint, Call& call) {
  WalletOutcome outcome = co_await run(operation, wallet_id, std::move(command), fingerprint, call);
  if (!accepted(outcome)) co_return std::unexpected(error_of(outcome, wallet_id, {}));
  v1::Wallet reply;
  fill(reply, wallet_id, outcome.answer);
  co_return reply;
}

WalletApi::Reply<v1::Hold> WalletApi::change_hold(std::string_view operation, std::string_view wallet_id,
                                                  Command command, uint64_t fingerprint, Call& call) {
  WalletOutcome outcome = co_await run(operation, wallet_id, std::move(command), fingerprint, call);
  if (!accepted(outcome)) co_return std::unexpected(error_of(outcome, wallet_id, {}));
  v1::Hold reply;
  fill(reply, wallet_id, outcome.answer.hold_id, outcome.answer.hold, outcome.answer.wallet.state.currency);
  co_return reply;
}

WalletApi::Reply<v1::Balance> WalletApi::deposit(const v1::DepositRequest& request, Call& call) {
  auto amount = read_amount(request.amount(), "amount");
  if (!amount) co_return std::unexpected(std::move(amount.error()));
  auto currency = read_currency(request.has_currency(), request.currency());
  if (!currency) co_return std::unexpected(std::move(currency.error()));
  uint64_t print =
      Fingerprint("deposit").add(request.wallet_id()).add(*amount).add(request.currency()).value();
  WalletOutcome outcome = co_await run("deposit", request.wallet_id(),
                                       Deposit{request.wallet_id(), *amount, *currency}, print, call);
  if (!accepted(outcome)) co_return std::unexpected(error_of(outcome, request.wallet_id(), {}));
  v1::Balance reply;
  reply.set_wallet_id(request.wallet_id());
  reply.set_balance(amount_text(outcome.answer.wallet.state.balance, outcome.answer.wallet.state.currency));
  co_return reply;
}

WalletApi::Reply<v1::Balance> WalletApi::withdraw(const v1::WithdrawRequest& request, Call& call) {
  auto amount = read_amount(request.amount(), "amount");
  if (!amount) co_return std::unexpected(std::move(amount.error()));
  uint64_t print = Fingerprint("withdraw").add(request.wallet_id()).add(*amount).value();
  WalletOutcome outcome = co_await run("withdraw", request.wallet_id(), Withdraw{*amount}, print, call);
  if (!accepted(outcome)) co_return std::unexpected(error_of(outcome, request.wallet_id(), {}));
  v1::Balance reply;
  reply.set_wallet_id(request.wallet_id());
  reply.set_balance(amount_text(outcome.answer.wallet.state.balance, outcome.answer.wallet.state.currency));
  co_return reply;
}

WalletApi::Reply<v1::TransferReply> WalletApi::transfer(const v1::TransferRequest& request, Call& call) {
  auto amount = read_amount(request.amount(), "amount");
  if (!amount) co_return std::unexpected(std::move(amount.error()));
  uint64_t print =
      Fingerprint("transfer").add(request.wallet_id()).add(request.to_wallet_id()).add(*amount).value();
  WalletOutcome outcome =
      co_await run("transfer", request.wallet_id(),
                   Transfer{request.wallet_id(), request.to_wallet_id(), *amount}, print, call);
  if (!accepted(outcome))
    co_return std::unexpected(error_of(outcome, request.wallet_id(), request.to_wallet_id()));
  v1::TransferReply reply;
  reply.set_saga_id(outcome.answer.saga.uuid.to_string());
  reply.set_state("COMPLETED");
  reply.set_from_wallet_id(request.wallet_id());
  reply.set_to_wallet_id(request.to_wallet_id());
  reply.set_amount(request.amount());
  co_return reply;
}

WalletApi::Reply<v1::BatchReply> WalletApi::batch(const v1::BatchRequest& request, Call& call) {
  auto requests = read_batch(request, call);
  if (!requests) co_return std::unexpected(std::move(requests.error()));
  std::vector<WalletOutcome> outcomes =
      co_await service_().run_batch(*requests, request.atomic(), *call.executor);
  if (outcomes.size() != requests->size()) {
    co_return std::unexpected(
        rpc::ApiError::refusal(422, "BatchAcrossShardsError",
                               "An atomic batch must stay within one shard; these wallets are in several"));
  }
  co_return write_batch(request, outcomes, call.request->target, clock_.now());
}

WalletApi::Reply<v1::Wallet> WalletApi::get_wallet(const v1::GetWalletRequest& request, Call& call) {
  if (!request.has_at()) return change("read", request.wallet_id(), ReadWallet{}, 0, call);
  auto then = [](WalletApi& api, const v1::GetWalletRequest& asked, Call& context) -> Reply<v1::Wallet> {
    Result<std::optional<StoredEvent>> event =
        co_await api.service_().at(asked.wallet_id(), asked_time(asked.at()), *context.executor);
    if (!event) co_return std::unexpected(unreadable(event.error()));
    v1::Wallet reply;
    if (!*event) {
      fill(reply, asked.wallet_id(), Answer{});
      co_return reply;
    }
    Result<StoredEventView> decoded = decode_view((*event)->body);
    if (!decoded) co_return std::unexpected(unreadable(decoded.error()));
    const Event& last = decoded->event;
    reply.set_wallet_id(asked.wallet_id());
    reply.set_balance(amount_text(last.balance_after, last.currency));
    reply.set_available(amount_text(last.balance_after - last.held_after, last.currency));
    reply.set_currency(std::string(code_of(last.currency)));
    co_return reply;
  };
  return then(*this, request, call);
}

WalletApi::Reply<v1::History> WalletApi::get_history(const v1::GetHistoryRequest& request, Call& call) {
  Position from = 0;
  if (request.has_cursor() && !request.cursor().empty()) {
    auto position = read_cursor(request.cursor());
    if (!position) {
      co_return std::unexpected(
          rpc::ApiError::invalid({{"cursor", "cursor must be a valid cursor", "query", "value_error"}}));
    }
    from = *position;
  }
  auto page = co_await service_().history(request.wallet_id(), request.limit(), request.offset(), from,
                                          *call.executor);
  if (!page) co_return std::unexpected(unreadable(page.error()));
  v1::History reply;
  for (const StoredEvent& stored : page->events) {
    Result<StoredEventView> decoded = decode_view(stored.body);
    if (!decoded) co_return std::unexpected(unreadable(decoded.error()));
    fill(*reply.add_entries(), request.wallet_id(), stored, decoded->event);
  }
  if (page->next != 0) {
    std::string cursor = make_cursor(page->events.back().at, page->next);
    std::string path(call.request->path);
    call.out.headers.emplace_back("Link", "<" + path + "?limit=" + std::to_string(request.limit()) +
                                              "&cursor=" + cursor + ">; rel=\"next\"");
    call.out.headers.emplace_back("X-Next-Cursor", std::move(cursor));
  }
  co_return reply;
}

WalletApi::Reply<v1::Hold> WalletApi::create_hold(const v1::CreateHoldRequest& request, Call& call) {
  auto amount = read_amount(request.amount(), "amount");
  if (!amount) co_return std::unexpected(std::move(amount.error()));
  std::optional<Timestamp> expires_at;
  if (request.has_expires_at()) expires_at = Timestamp{request.expires_at()};
  uint64_t print =
      Fingerprint("hold").add(request.wallet_id()).add(*amount).add(request.expires_at()).value();
  co_return co_await change_hold("hold", request.wallet_id(), PlaceHold{*amount, expires_at}, print, call);
}

WalletApi::Reply<v1::Holds> WalletApi::list_holds(const v1::ListHoldsRequest& request, Call& call) {
  WalletOutcome wallet = co_await run("read", request.wallet_id(), ReadWallet{}, 0, call);
  if (!accepted(wallet)) co_return std::unexpected(error_of(wallet, request.wallet_id(), {}));
  HoldFilter filter{request.state(), request.limit(), request.offset()};
  auto holds = co_await service_().holds(request.wallet_id(), filter, *call.executor);
  if (!holds) co_return std::unexpected(unreadable(holds.error()));
  v1::Holds reply;
  for (const StoredHold& stored : *holds) {
    fill(*reply.add_holds(), request.wallet_id(), stored.id, stored.hold,
         wallet.answer.wallet.state.currency);
  }
  co_return reply;
}

WalletApi::Reply<v1::Hold> WalletApi::get_hold(const v1::GetHoldRequest& request, Call& call) {
  WalletOutcome outcome =
      co_await run("read", request.wallet_id(), ReadHold{hold_id_of(request.hold_id())}, 0, call);
  if (!accepted(outcome)) co_return std::unexpected(error_of(outcome, request.wallet_id(), {}));
  if (outcome.answer.hold_id.none()) co_return std::unexpected(no_hold(request.hold_id()));
  v1::Hold reply;
  fill(reply, request.wallet_id(), outcome.answer.hold_id, outcome.answer.hold,
       outcome.answer.wallet.state.currency);
  co_return reply;
}

WalletApi::Reply<v1::Hold> WalletApi::capture_hold(const v1::CaptureHoldRequest& request, Call& call) {
  CaptureHold command{hold_id_of(request.hold_id()), std::nullopt};
  Fingerprint print("capture");
  print.add(request.wallet_id()).add(request.hold_id());
  if (request.has_amount()) {
    auto amount = read_amount(request.amount(), "amount");
    if (!amount) co_return std::unexpected(std::move(amount.error()));
    command.amount = *amount;
    print.add(*amount);
  }
  co_return co_await change_hold("capture", request.wallet_id(), command, print.value(), call);
}

WalletApi::Reply<v1::Hold> WalletApi::void_hold(const v1::VoidHoldRequest& request, Call& call) {
  uint64_t print = Fingerprint("void").add(request.wallet_id()).add(request.hold_id()).value();
  return change_hold("void", request.wallet_id(), VoidHold{hold_id_of(request.hold_id())}, print, call);
}

WalletApi::Reply<v1::Wallet> WalletApi::freeze(const v1::ChangeStatusRequest& request, Call& call) {
  return change("freeze", request.wallet_id(), FreezeWallet{request.reason()},
                Fingerprint("freeze").add(request.wallet_id()).add(request.reason()).value(), call);
}

WalletApi::Reply<v1::Wallet> WalletApi::unfreeze(const v1::ChangeStatusRequest& request, Call& call) {
  return change("unfreeze", request.wallet_id(), UnfreezeWallet{request.reason()},
                Fingerprint("unfreeze").add(request.wallet_id()).add(request.reason()).value(), call);
}

WalletApi::Reply<v1::Wallet> WalletApi::close(const v1::ChangeStatusRequest& request, Call& call) {
  return change("close", request.wallet_id(), CloseWallet{request.reason()},
                Fingerprint("close").add(request.wallet_id()).add(request.reason()).value(), call);
}

WalletApi::Reply<v1::Wallet> WalletApi::set_daily_limit(const v1::SetDailyLimitRequest& request, Call& call) {
  SetDailyLimit command{std::nullopt, request.reason()};
  Fingerprint print("daily-limit");
  print.add(request.wallet_id()).add(request.reason());
  if (request.has_limit()) {
    auto limit = read_amount(request.limit(), "limit");
    if (!limit) co_return std::unexpected(std::move(limit.error()));
    command.limit = *limit;
    print.add(*limit);
  }
  co_return co_await change("daily-limit", request.wallet_id(), command, print.value(), call);
}

WalletApi::Reply<v1::Wallet> WalletApi::set_credit_limit(const v1::SetCreditLimitRequest& request,
                                                         Call& call) {
  auto limit = read_amount(request.limit(), "limit");
  if (!limit) co_return std::unexpected(std::move(limit.error()));
  uint64_t print =
      Fingerprint("credit-limit").add(request.wallet_id()).add(request.reason()).add(*limit).value();
  co_return co_await change("credit-limit", request.wallet_id(), SetCreditLimit{*limit, request.reason()},
                            print, call);
}

WalletApi::Reply<v1::TransferRecord> WalletApi::get_transfer(const v1::GetTransferRequest& request,
                                                             Call& call) {
  SagaId saga{hold_id_of(request.saga_id()).uuid};
  auto found = co_await service_().transfer(saga, *call.executor);
  if (!found) co_return std::unexpected(unreadable(found.error()));
  if (!*found) {
    co_return std::unexpected(
        rpc::ApiError::refusal(404, "TransferNotFoundError", "Transfer " + request.saga_id() + " not found"));
  }
  const TransferView& view = **found;
  v1::TransferRecord reply;
  reply.set_saga_id(saga.uuid.to_string());
  reply.set_state(view.state);
  reply.set_from_wallet_id(view.from);
  reply.set_to_wallet_id(view.to);
  reply.set_amount(amount_text(view.amount, view.currency));
  reply.set_currency(std::string(code_of(view.currency)));
  if (!view.reason.empty()) reply.set_reason(view.reason);
  if (!view.request_id.empty()) reply.set_request_id(view.request_id);
  reply.set_created_at(view.created_at.micros);
  reply.set_updated_at(view.updated_at.micros);
  auto step = [&](std::string_view state, Timestamp at) {
    v1::TransferStep& added = *reply.add_steps();
    added.set_state(std::string(state));
    added.set_at(at.micros);
  };
  step("PENDING", view.created_at);
  step("DEBITED", view.created_at);
  if (view.state != "DEBITED") step(view.state, view.updated_at);
  co_return reply;
}

}  // namespace ducat::wallet
