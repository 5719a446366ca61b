"""Wallets on several shards: transfers between them are sagas, and nobody notices."""

from collections import Counter
from decimal import Decimal

from ducat_e2e.case import OwnServerCase, ServerCase, in_parallel, unique
from ducat_e2e.operations import deposit, transfer, withdraw
from ducat_e2e.processes import SetupError

TERMINAL = {"COMPLETED", "FAILED", "COMPENSATED"}
SETTINGS = {"wallet.shards": "3"}


class Shards(ServerCase):
    settings = SETTINGS

    def test_transfers_between_all_pairs_look_like_any_other(self):
        wallets = [self.funded(100) for _ in range(8)]
        for one in wallets:
            for two in wallets:
                if one == two:
                    continue
                key = unique("key")
                body = self.ok(self.http.transfer(one, two, 1, key=key))
                self.assertEqual((body["state"], body["fromWalletId"], body["toWalletId"]), ("COMPLETED", one, two))
                sent, got = self.events(one)[0], self.events(two)[0]
                self.assertEqual((sent["eventType"], sent["amount"], sent["metadata"]),
                                 ("FUNDS_WITHDRAWN", 1, {"sagaId": body["sagaId"], "transferTo": two,
                                                         "requestId": key}))
                self.assertEqual((got["eventType"], got["amount"], got["metadata"]),
                                 ("FUNDS_DEPOSITED", 1, {"sagaId": body["sagaId"], "transferFrom": one,
                                                         "requestId": key}))
                record = self.ok(self.http.get(f"/v1/transfers/{body['sagaId']}"))
                self.assertEqual([step["state"] for step in record["steps"]], ["PENDING", "DEBITED", "COMPLETED"])
        self.assertEqual({self.balance(wallet) for wallet in wallets}, {Decimal(100)})

    def test_a_repeat_is_replayed(self):
        sender, receivers = self.funded(100), [unique() for _ in range(6)]
        for receiver in receivers:
            key = unique("key")
            first = self.http.transfer(sender, receiver, 5, key=key)
            self.ok(first)
            again = self.http.transfer(sender, receiver, 5, key=key)
            self.assertEqual((again.status, again.body, again.replayed), (200, first.body, True))
            self.refused(self.http.transfer(sender, receiver, 6, key=key), 422, "IdempotencyKeyReuseError")
            self.assertEqual(self.balance(receiver), 5)
        self.assertEqual(self.balance(sender), 70)

    def test_fifty_at_once_with_one_key_have_one_effect(self):
        for _ in range(3):
            sender, receiver, key = self.funded(100), unique(), unique("key")
            answers = in_parallel(50, lambda _: self.http.transfer(sender, receiver, 5, key=key))
            self.assertEqual(Counter(answer.status for answer in answers), {200: 50})
            self.assertEqual(len({answer.body for answer in answers}), 1)
            self.assertEqual(sum(answer.replayed for answer in answers), 49)
            self.assertEqual((self.balance(sender), self.balance(receiver)), (95, 5))

    def test_refusals_are_those_of_one_shard(self):
        sender = self.funded(100)
        for _ in range(6):
            receiver = unique()
            self.refused(self.http.transfer(sender, receiver, 1000), 422, "InsufficientFundsError",
                         "Insufficient funds: balance=100.00, requested=1000.00")
            self.assertEqual(self.events(receiver), [])
            self.refused(self.http.transfer("nobody", receiver, 1), 404, message="Wallet nobody not found")
            euros, frozen = self.funded(1, "EUR"), self.funded(1)
            self.ok(self.http.act(frozen, "freeze"))
            self.refused(self.http.transfer(sender, euros, 1), 422, "CurrencyMismatchError")
            self.refused(self.http.transfer(sender, frozen, 1), 422, "WalletNotActiveError",
                         "Wallet is not active. Current status: FROZEN")
        body = self.ok(self.http.wallet(sender))
        self.assertEqual((body["balance"], body["available"]), (100, 100))

    def test_a_transfer_that_was_refused_does_not_count_for_the_day(self):
        sender = self.funded(1000)
        self.ok(self.http.daily_limit(sender, 100))
        for _ in range(6):
            self.refused(self.http.transfer(sender, self.funded(1, "EUR"), 60), 422, "CurrencyMismatchError")
        self.ok(self.http.withdraw(sender, 100))

    def test_refused_transfers_leave_their_keys_free(self):
        sender = self.funded(10)
        for _ in range(6):
            receiver, key = unique(), unique("key")
            self.refused(self.http.transfer(sender, receiver, 50, key=key), 422, "InsufficientFundsError")
            self.ok(self.http.deposit(sender, 50))
            answer = self.http.transfer(sender, receiver, 50, key=key)
            self.ok(answer)
            self.assertFalse(answer.replayed)

    def test_a_batch_over_all_shards(self):
        wallets = [unique() for _ in range(12)]
        operations = [deposit(wallet, 10) for wallet in wallets]
        operations += [transfer(one, two, 10) for one, two in zip(wallets, wallets[1:])]
        results = self.ok(self.http.batch(operations))
        self.assertEqual(Counter(result["statusCode"] for result in results), {200: 23})
        self.assertEqual([self.balance(wallet) for wallet in wallets], [0] + [10] * 10 + [20])

    def test_an_atomic_batch_over_all_shards_is_all_or_nothing(self):
        wallets = [self.funded(10) for _ in range(8)]
        operations = [withdraw(wallet, 10) for wallet in wallets]
        refusing = operations + [withdraw(wallets[0], 1)]
        answer = self.http.batch(refusing, atomic=True)
        self.assertGreaterEqual(answer.status, 400, answer)
        self.assertEqual([self.balance(wallet) for wallet in wallets], [10] * 8)


class ShardsOnPostgres(Shards):
    on_postgres = True


class ShardsStay(OwnServerCase):
    def test_every_transfer_ends_after_a_restart(self):
        server = self.serve(dict(SETTINGS))
        http = server.client
        wallets = [unique() for _ in range(6)]
        for wallet in wallets:
            self.ok(http.deposit(wallet, 100))
        sagas = [self.ok(http.transfer(one, two, 1))["sagaId"] for one in wallets for two in wallets if one != two]
        server.restart()
        states = {self.ok(server.client.get(f"/v1/transfers/{saga}"))["state"] for saga in sagas}
        self.assertEqual(states, {"COMPLETED"})
        server.stop()
        self.verified(server)

    def test_money_is_not_mislaid_when_the_number_of_shards_is_changed(self):
        server = self.serve(dict(SETTINGS))
        wallets = [unique() for _ in range(20)]
        for wallet in wallets:
            self.ok(server.client.deposit(wallet, 5))
        server.stop()
        for shards in ("2", "4", "1"):
            server.settings["wallet.shards"] = shards
            try:
                server.start()
            except SetupError:
                continue  # it may refuse, and must not serve wrong balances
            self.assertEqual({self.ok(server.client.wallet(wallet))["balance"] for wallet in wallets}, {5})
            server.stop()
        server.settings["wallet.shards"] = "3"
        server.start()
        self.assertEqual({self.ok(server.client.wallet(wallet))["balance"] for wallet in wallets}, {5})
