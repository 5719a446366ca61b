"""Freezing, closing, daily limits and credit limits."""

import unittest
from decimal import Decimal

from ducat_e2e.case import ServerCase, in_parallel, now, unique

WALLET_FIELDS = {"walletId", "balance", "available", "currency", "status", "dailyLimit"}


class Status(ServerCase):
    def wallet_with(self, answer, wallet, **fields):
        body = self.ok(answer)
        self.assertLessEqual(WALLET_FIELDS, set(body), "200 answers the wallet, whole")
        self.assertEqual(body["walletId"], wallet)
        for name, value in fields.items():
            self.assertEqual(body[name], value)
        return body

    def test_freeze_and_unfreeze_answer_the_wallet(self):
        wallet = self.funded(100)
        self.wallet_with(self.http.act(wallet, "freeze", reason="suspicious"), wallet, status="FROZEN", balance=100)
        self.wallet_with(self.http.wallet(wallet), wallet, status="FROZEN")
        self.wallet_with(self.http.act(wallet, "unfreeze"), wallet, status="ACTIVE", balance=100)
        self.ok(self.http.withdraw(wallet, 1))
        self.assertEqual(self.event_types(wallet)[2:4], ["WALLET_FROZEN", "WALLET_UNFROZEN"])

    def test_status_routes_need_no_body(self):
        wallet = self.funded(100)
        for action, status in (("freeze", "FROZEN"), ("unfreeze", "ACTIVE")):
            self.wallet_with(self.http.request("POST", self.http.path(wallet, "/" + action)), wallet, status=status)

    def test_a_wallet_with_money_or_a_hold_does_not_close(self):
        wallet = self.funded(100)
        with self.unchanged(wallet):
            self.refused(self.http.act(wallet, "close"), 409, "WalletNotEmptyError")
        hold = self.ok(self.http.hold(wallet, 100))["holdId"]
        self.refused(self.http.act(wallet, "close"), 409, "WalletNotEmptyError")
        self.ok(self.http.capture(wallet, hold))
        self.wallet_with(self.http.act(wallet, "close"), wallet, status="CLOSED", balance=0)
        self.assertEqual(self.event_types(wallet)[-1], "WALLET_CLOSED")

    def test_closing_is_for_good(self):
        wallet = self.funded(1)
        self.ok(self.http.withdraw(wallet, 1))
        self.ok(self.http.act(wallet, "close"))
        with self.unchanged(wallet):
            for action in ("unfreeze", "freeze"):
                self.refused(self.http.act(wallet, action), 422, "WalletNotActiveError")
            self.refused(self.http.deposit(wallet, 1), 422, "WalletNotActiveError")

    def test_nobody_cannot_be_frozen_or_closed(self):
        wallet = unique("nobody")
        for action in ("freeze", "unfreeze", "close"):
            self.refused(self.http.act(wallet, action), 404, message=f"Wallet {wallet} not found")
        self.refused(self.http.daily_limit(wallet, 5), 404, message=f"Wallet {wallet} not found")
        self.assertEqual(self.events(wallet), [])

    def test_deposits_and_closing_race_without_losing_money(self):
        for _ in range(5):
            wallet = self.funded(1)
            self.ok(self.http.withdraw(wallet, 1))
            answers = in_parallel(12, lambda index: self.http.act(wallet, "close") if index == 0
                                  else self.http.deposit(wallet, 1))
            paid = sum(answer.status == 200 for answer in answers[1:])
            body = self.ok(self.http.wallet(wallet))
            self.assertEqual(body["balance"], paid)
            self.assertEqual(body["status"], "CLOSED" if answers[0].status == 200 else "ACTIVE")
            if answers[0].status == 200:
                self.assertEqual(paid, 0, "a deposit landed in a closed wallet")


class StatusOnPostgres(Status):
    on_postgres = True


class Limits(ServerCase):
    def setUp(self):
        super().setUp()
        left = 86400 - (now().hour * 3600 + now().minute * 60 + now().second)
        if left < 60:
            raise unittest.SkipTest("the UTC day is about to end")

    def test_what_left_today_counts_and_transfers_too(self):
        wallet = self.funded(1000)
        body = self.ok(self.http.daily_limit(wallet, 100, reason="asked by the holder"))
        self.assertLessEqual(WALLET_FIELDS, set(body))
        self.money(100, body["dailyLimit"])
        self.ok(self.http.withdraw(wallet, 60))
        self.refused(self.http.withdraw(wallet, 50), 422, "WithdrawalLimitExceededError",
                     "Withdrawal limit exceeded: requested=50.00, daily limit=100.00")
        self.ok(self.http.transfer(wallet, unique("bob"), 40))
        self.refused(self.http.withdraw(wallet, Decimal("0.01")), 422, "WithdrawalLimitExceededError")
        self.refused(self.http.transfer(wallet, unique("bob"), Decimal("0.01")), 422, "WithdrawalLimitExceededError")
        self.assertEqual(self.balance(wallet), 900)

    def test_what_left_before_the_limit_was_set_counts(self):
        wallet = self.funded(1000)
        self.ok(self.http.withdraw(wallet, 90))
        self.ok(self.http.daily_limit(wallet, 100))
        self.refused(self.http.withdraw(wallet, 11), 422, "WithdrawalLimitExceededError")
        self.ok(self.http.withdraw(wallet, 10))

    def test_refused_withdrawals_and_deposits_do_not_count(self):
        wallet = self.funded(50)
        self.ok(self.http.daily_limit(wallet, 100))
        for _ in range(3):
            self.refused(self.http.withdraw(wallet, 60), 422, "InsufficientFundsError")
        self.ok(self.http.deposit(wallet, 500))
        self.ok(self.http.withdraw(wallet, 100))

    def test_the_limit_can_be_changed_and_taken_away(self):
        wallet = self.funded(1000)
        self.ok(self.http.daily_limit(wallet, 0))
        self.refused(self.http.withdraw(wallet, 1), 422, "WithdrawalLimitExceededError")
        self.money(Decimal("10.50"), self.ok(self.http.daily_limit(wallet, Decimal("10.50")))["dailyLimit"])
        self.ok(self.http.withdraw(wallet, 10))
        self.assertIsNone(self.ok(self.http.daily_limit(wallet, None))["dailyLimit"])
        self.ok(self.http.withdraw(wallet, 500))
        self.assertEqual(self.event_types(wallet).count("LIMIT_CHANGED"), 3)

    def test_fifty_at_once_do_not_pass_the_limit(self):
        wallet = self.funded(1000)
        self.ok(self.http.daily_limit(wallet, 10))
        answers = in_parallel(50, lambda index: self.http.withdraw(wallet, 1) if index % 2 else
                              self.http.transfer(wallet, wallet + "-bob", 1))
        self.assertEqual(sum(answer.status == 200 for answer in answers), 10)
        self.assertEqual(self.balance(wallet), 990)

    def test_a_credit_limit_lets_the_balance_go_below_zero_that_far(self):
        wallet = self.funded(10)
        answer = self.http.put(self.http.path(wallet, "/credit-limit"), {"limit": 50, "reason": "good customer"})
        self.assertLessEqual(WALLET_FIELDS, set(self.ok(answer)))
        self.refused(self.http.withdraw(wallet, Decimal("60.01")), 422, "InsufficientFundsError")
        self.money(-50, self.ok(self.http.withdraw(wallet, 60))["balance"])
        self.refused(self.http.transfer(wallet, "bob", Decimal("0.01")), 422, "InsufficientFundsError")
        self.money(Decimal("-49.75"), self.ok(self.http.deposit(wallet, Decimal("0.25")))["balance"])
        self.refused(self.http.act(wallet, "close"), 409, "WalletNotEmptyError")


class LimitsOnPostgres(Limits):
    on_postgres = True
