"""Idempotency keys: one effect for each key, whatever is retried, in whatever way, across restarts."""

from decimal import Decimal

from ducat_e2e.case import OwnServerCase, ServerCase, in_parallel, unique
from ducat_e2e.operations import deposit
from ducat_e2e.processes import wait_until

REUSED = "IdempotencyKeyReuseError"


class Idempotency(ServerCase):
    def replayed(self, first, again):
        self.assertEqual((again.status, again.body), (first.status, first.body), again)
        self.assertTrue(again.replayed, "Idempotent-Replayed: true is missing")
        self.assertFalse(first.replayed, "the first one was no replay")

    def test_a_repeat_answers_the_stored_bytes_and_does_nothing(self):
        wallet, other = self.funded(100), unique("bob")
        for name, call in (("deposit", lambda key: self.http.deposit(wallet, 5, key=key)),
                           ("withdraw", lambda key: self.http.withdraw(wallet, 5, key=key)),
                           ("transfer", lambda key: self.http.transfer(wallet, other, 5, key=key)),
                           ("hold", lambda key: self.http.hold(wallet, 5, key=key))):
            with self.subTest(name):
                key = unique(name)
                first = call(key)
                self.ok(first)
                self.ok(self.http.deposit(wallet, 1))  # so that a fresh answer would differ
                with self.unchanged(wallet):
                    self.replayed(first, call(key))
                    self.replayed(first, call(key))

    def test_routes_that_change_a_status_take_keys_too(self):
        wallet = self.funded(100)
        freeze, unfreeze = unique("freeze"), unique("unfreeze")
        first = self.http.act(wallet, "freeze", key=freeze)
        self.ok(first)
        self.ok(self.http.act(wallet, "unfreeze", key=unfreeze))
        self.replayed(first, self.http.act(wallet, "freeze", key=freeze))
        self.assertEqual(self.ok(self.http.wallet(wallet))["status"], "ACTIVE", "a replayed freeze froze it again")
        hold = self.ok(self.http.hold(wallet, 10))["holdId"]
        captured = self.http.capture(wallet, hold, 4, key=wallet + "-c")
        self.ok(captured)
        self.replayed(captured, self.http.capture(wallet, hold, 4, key=wallet + "-c"))
        hold = self.ok(self.http.hold(wallet, 10))["holdId"]
        voided = self.http.void(wallet, hold, key=wallet + "-v")
        self.ok(voided)
        self.replayed(voided, self.http.void(wallet, hold, key=wallet + "-v"))
        self.assertEqual(self.balance(wallet), 96)

    def test_quoted_and_bare_are_the_same_key(self):
        wallet, key = unique(), unique("key")
        first = self.http.deposit(wallet, 5, key=key)
        self.replayed(first, self.http.deposit(wallet, 5, key=f'"{key}"'))
        wallet, key = unique(), unique("key")
        first = self.http.deposit(wallet, 5, key=f'"{key}"')
        self.replayed(first, self.http.deposit(wallet, 5, key=key))
        self.assertEqual(self.balance(wallet), 5)

    def test_x_request_id_is_its_alias(self):
        wallet, key = unique(), unique("key")
        first = self.http.deposit(wallet, 5, headers={"X-Request-ID": key})
        self.ok(first)
        self.replayed(first, self.http.deposit(wallet, 5, headers={"X-Request-ID": key}))
        self.replayed(first, self.http.deposit(wallet, 5, key=key))
        self.assertEqual(self.balance(wallet), 5)
        self.assertEqual(self.events(wallet)[0]["metadata"], {"requestId": key})

    def test_the_key_counts_when_both_headers_are_there(self):
        wallet, key = unique(), unique("key")
        first = self.http.deposit(wallet, 5, key=key, headers={"X-Request-ID": unique("request")})
        again = self.http.deposit(wallet, 5, key=key, headers={"X-Request-ID": unique("request")})
        self.replayed(first, again)
        self.assertEqual(self.balance(wallet), 5)

    def test_without_a_key_everything_is_done_again(self):
        wallet = unique()
        for _ in range(3):
            self.assertFalse(self.http.deposit(wallet, 5).replayed)
        self.assertEqual(self.balance(wallet), 15)

    def test_another_payload_under_the_same_key_is_refused(self):
        wallet, key = self.funded(100), unique("key")
        self.ok(self.http.deposit(wallet, 5, key=key))
        with self.unchanged(wallet):
            self.refused(self.http.deposit(wallet, 6, key=key), 422, REUSED)
            self.refused(self.http.deposit(wallet, 5, key=key, currency="USD"), 422, REUSED)
        sender, key = self.funded(100), unique("key")
        self.ok(self.http.transfer(sender, wallet, 5, key=key))
        with self.unchanged(sender), self.unchanged(wallet):
            self.refused(self.http.transfer(sender, wallet, 6, key=key), 422, REUSED)
            self.refused(self.http.transfer(sender, unique("eve"), 5, key=key), 422, REUSED)

    def test_a_key_never_answers_for_another_wallet(self):
        one, two, key = unique(), unique(), unique("key")
        self.ok(self.http.deposit(one, 5, key=key))
        answer = self.http.deposit(two, 5, key=key)
        if answer.status == 200:
            self.assertEqual(answer.json["walletId"], two)
            self.assertEqual(self.balance(two), 5)
        else:
            self.refused(answer, 422, REUSED)
            self.assertEqual(self.events(two), [])
        self.assertEqual(self.balance(one), 5)

    def test_a_key_is_scoped_to_its_operation(self):
        wallet, key = unique(), unique("key")
        self.ok(self.http.deposit(wallet, 5, key=key))
        answer = self.http.withdraw(wallet, 5, key=key)
        self.ok(answer)
        self.assertFalse(answer.replayed)
        self.assertEqual(self.balance(wallet), 0)

    def test_fifty_at_once_have_one_effect(self):
        for _ in range(3):
            wallet, key = unique(), unique("key")
            answers = in_parallel(50, lambda _: self.http.deposit(wallet, 5, key=key))
            self.assertEqual({answer.status for answer in answers}, {200})
            self.assertEqual(len({answer.body for answer in answers}), 1)
            self.assertEqual(sum(answer.replayed for answer in answers), 49)
            self.assertEqual(self.balance(wallet), 5)
            self.assertEqual(len(self.events(wallet)), 2)

    def test_fifty_transfers_at_once_have_one_effect(self):
        sender, receiver, key = self.funded(100), unique("bob"), unique("key")
        answers = in_parallel(50, lambda _: self.http.transfer(sender, receiver, 5, key=key))
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len({answer.json["sagaId"] for answer in answers}), 1)
        self.assertEqual(sum(answer.replayed for answer in answers), 49)
        self.assertEqual((self.balance(sender), self.balance(receiver)), (95, 5))

    def test_two_payloads_race_for_a_key_and_one_wins(self):
        wallet, key = unique(), unique("key")
        answers = in_parallel(20, lambda index: self.http.deposit(wallet, 5 + index % 2, key=key))
        self.assertEqual(sum(answer.status == 200 for answer in answers), 10)
        self.assertEqual(sum(answer.status == 422 for answer in answers), 10)
        self.assertIn(self.balance(wallet), (5, 6))
        self.assertEqual(len(self.events(wallet)), 2)

    def test_refusals_by_state_are_judged_anew(self):
        wallet, key = self.funded(50), unique("key")
        self.refused(self.http.withdraw(wallet, 100, key=key), 422, "InsufficientFundsError")
        self.ok(self.http.deposit(wallet, 100))
        answer = self.http.withdraw(wallet, 100, key=key)
        self.money(50, self.ok(answer)["balance"])
        self.assertFalse(answer.replayed)
        self.replayed(answer, self.http.withdraw(wallet, 100, key=key))

    def test_every_kind_of_refusal_leaves_its_key_free(self):
        frozen, key = self.funded(50), unique("key")
        self.ok(self.http.act(frozen, "freeze"))
        self.refused(self.http.deposit(frozen, 1, key=key), 422)
        self.ok(self.http.act(frozen, "unfreeze"))
        self.assertFalse(self.http.deposit(frozen, 1, key=key).replayed)
        nobody, key = unique("nobody"), unique("key")
        self.refused(self.http.transfer(nobody, frozen, 1, key=key), 404)
        self.ok(self.http.deposit(nobody, 5))
        self.assertFalse(self.http.transfer(nobody, frozen, 1, key=key).replayed)
        self.assertEqual((self.balance(nobody), self.balance(frozen)), (4, 52))

    def test_validation_failures_leave_their_key_free(self):
        wallet, key = unique(), unique("key")
        self.invalid(self.http.deposit(wallet, -1, key=key))
        self.invalid(self.http.deposit(wallet, 5, key=key, nonsense=1))
        answer = self.http.deposit(wallet, 5, key=key)
        self.money(5, self.ok(answer)["balance"])
        self.assertFalse(answer.replayed)

    def test_keys_are_told_apart_by_every_character(self):
        wallet, key = unique(), unique("Key")
        for count, other in enumerate((key, key.lower(), key + ".", key + "x", "-" + key), 1):
            answer = self.http.deposit(wallet, 1, key=other)
            self.ok(answer)
            self.assertFalse(answer.replayed)
            self.assertEqual(self.balance(wallet), count)

    def test_a_key_means_the_same_in_a_batch_as_alone(self):
        wallet, alone, batched = self.funded(100), unique("key"), unique("key")
        first = self.http.deposit(wallet, 5, key=alone)
        operations = [deposit(wallet, 5, key) for key in (alone, batched)]
        replayed, fresh = self.ok(self.http.batch(operations))
        self.assertEqual((replayed["statusCode"], replayed["replayed"], replayed["balance"]),
                         (200, True, first.json["balance"]))
        self.assertEqual((fresh["statusCode"], fresh.get("replayed", False), fresh["balance"]), (200, False, 110))
        again = self.http.deposit(wallet, 5, key=batched)
        self.assertEqual(self.ok(again), {"walletId": wallet, "balance": 110})
        self.assertTrue(again.replayed)
        self.refused(self.http.deposit(wallet, 6, key=batched), 422, REUSED)
        self.assertEqual(self.balance(wallet), 110)

    def test_every_operation_of_a_batch_can_be_repeated_alone(self):
        wallet, other = self.funded(100), unique("bob")
        hold = self.ok(self.http.hold(wallet, 10))["holdId"]
        spare = self.ok(self.http.hold(wallet, 10))["holdId"]
        keys = [unique("key") for _ in range(5)]
        kinds = [{"type": "withdraw", "amount": 1}, {"type": "transfer", "amount": 2, "toWalletId": other},
                 {"type": "hold", "amount": 3}, {"type": "capture", "holdId": hold, "amount": 4},
                 {"type": "void", "holdId": spare}]
        results = self.ok(self.http.batch([{**kind, "walletId": wallet, "idempotencyKey": key}
                                           for kind, key in zip(kinds, keys)]))
        singles = [self.http.withdraw(wallet, 1, key=keys[0]), self.http.transfer(wallet, other, 2, key=keys[1]),
                   self.http.hold(wallet, 3, key=keys[2]), self.http.capture(wallet, hold, 4, key=keys[3]),
                   self.http.void(wallet, spare, key=keys[4])]
        for kind, result, single in zip(kinds, results, singles):
            with self.subTest(kind["type"]):
                self.assertEqual(result.pop("statusCode"), 200)
                self.assertTrue(single.replayed, single)
                self.assertEqual(self.ok(single), result, "a batch's element is the body of the single route")
        self.assertEqual(self.balance(wallet), 93)


class IdempotencyOnPostgres(Idempotency):
    on_postgres = True


class KeysSurvive(OwnServerCase):
    def remember(self, server):
        """Calls to repeat, each with its first answer."""
        http, wallet = server.client, unique()
        self.ok(http.deposit(wallet, 100))
        calls = [lambda: server.client.deposit(wallet, 5, key="d-1"), lambda: server.client.withdraw(wallet, 5,
                                                                                                     key="w-1"),
                 lambda: server.client.transfer(wallet, "bob", 5, key="t-1"), lambda: server.client.hold(wallet, 5,
                                                                                                         key="h-1")]
        first = [call() for call in calls]
        for answer in first:
            self.ok(answer)
        return wallet, list(zip(calls, first))

    def repeat(self, remembered):
        for call, first in remembered:
            again = call()
            self.assertEqual((again.status, again.body), (first.status, first.body))
            self.assertTrue(again.replayed)

    def test_a_restart(self):
        server = self.serve()
        wallet, remembered = self.remember(server)
        self.assertEqual(server.stop(), 0)
        server.start()
        self.repeat(remembered)
        self.assertEqual(server.client.wallet(wallet).json["balance"], 95)

    def test_a_kill_right_after_the_answer(self):
        server = self.serve()
        for _ in range(3):
            wallet, key = unique(), unique("key")
            first = server.client.deposit(wallet, 5, key=key)
            server.restart()
            again = server.client.deposit(wallet, 5, key=key)
            self.assertEqual((again.status, again.body, again.replayed), (200, first.body, True))
            self.assertEqual(server.client.wallet(wallet).json["balance"], 5)

    def test_a_kill_keeps_all_kinds_of_operations(self):
        server = self.serve()
        _, remembered = self.remember(server)
        server.restart()
        self.repeat(remembered)


class KeysSurviveOnPostgres(KeysSurvive):
    on_postgres = True


class KeysExpire(OwnServerCase):
    def test_a_key_is_forgotten_after_its_time_to_live(self):
        server = self.serve({"idempotency.ttl": "1s"})
        self.ok(server.client.deposit("w", 5, key="once"))
        self.assertTrue(server.client.deposit("w", 5, key="once").replayed)
        wait_until(lambda: not server.client.deposit("w", 5, key="once").replayed, 30, "the key is forgotten")
        self.assertEqual(Decimal(server.client.wallet("w").json["balance"]), 10)
