"""Many at once on the same money: nothing is spent twice, lost or invented."""

import random
from collections import Counter
from decimal import Decimal

from ducat_e2e.case import ServerCase, in_parallel, unique
from ducat_e2e.operations import withdraw
from ducat_e2e.workload import SIGNS, whole_history

THREADS = 32


class Races(ServerCase):
    def test_of_a_thousand_withdrawals_exactly_a_hundred_succeed(self):
        wallet = self.funded(100)
        share = [1000 // THREADS + (index < 1000 % THREADS) for index in range(THREADS)]
        rounds = in_parallel(THREADS, lambda index: [self.http.withdraw(wallet, 1) for _ in range(share[index])])
        answers = sum(rounds, [])
        self.assertEqual(Counter(answer.status for answer in answers), {200: 100, 422: 900})
        self.assertEqual(sorted(answer.json["balance"] for answer in answers if answer.status == 200), list(range(100)))
        for answer in answers:
            if answer.status == 422:
                self.assertEqual(answer.json["type"], "InsufficientFundsError")
        self.assertEqual(self.balance(wallet), 0)
        self.assertEqual(Counter(self.event_types(wallet))["FUNDS_WITHDRAWN"], 100)

    def test_random_transfers_conserve_money(self):
        wallets = [self.funded(100) for _ in range(20)]

        def trade(index):
            dice, odd = random.Random(index), Counter()
            for _ in range(50):
                one, two = dice.sample(wallets, 2)
                odd[self.http.transfer(one, two, Decimal(dice.randrange(1, 9000)).scaleb(-2)).status] += 1
            return odd

        statuses = sum(in_parallel(THREADS, trade), Counter())
        self.assertLessEqual(set(statuses), {200, 422})
        self.assertGreater(statuses[200], 0)
        balances = [self.balance(wallet) for wallet in wallets]
        self.assertEqual(sum(balances), 2000)
        self.assertGreaterEqual(min(balances), 0)
        for wallet, balance in zip(wallets, balances):
            events = whole_history(self, self.http, wallet)
            self.assertEqual(sum(SIGNS.get(event["eventType"], 0) * (event["amount"] or 0) for event in events),
                             balance)

    def test_money_that_goes_round_in_circles_stays_the_same(self):
        wallets = [self.funded(10) for _ in range(8)]

        def send(index):
            one, two = wallets[index % 8], wallets[(index + (1 if index < 16 else 7)) % 8]
            return [self.http.transfer(one, two, 10).status for _ in range(20)]

        statuses = Counter(sum(in_parallel(THREADS, send), []))
        self.assertLessEqual(set(statuses), {200, 422}, "opposite directions must not block each other")
        self.assertEqual(sum(self.balance(wallet) for wallet in wallets), 80)

    def test_holds_and_withdrawals_do_not_spend_the_same_money(self):
        wallet = self.funded(50)
        answers = in_parallel(THREADS, lambda index: [
            self.http.hold(wallet, 1) if (index + turn) % 2 else self.http.withdraw(wallet, 1) for turn in range(6)])
        held = sum(answer.status == 200 and "holdId" in answer.json for answer in sum(answers, []))
        taken = sum(answer.status == 200 and "holdId" not in answer.json for answer in sum(answers, []))
        self.assertEqual(held + taken, 50)
        body = self.ok(self.http.wallet(wallet))
        self.assertEqual((body["balance"], body["available"]), (50 - taken, 0))

    def test_everybody_reads_what_he_has_written(self):
        def live(index):
            wallet = unique(f"own-{index}")
            for count in range(1, 16):
                self.ok(self.http.deposit(wallet, 1))
                self.assertEqual(self.balance(wallet), count)
            return True

        self.assertTrue(all(in_parallel(THREADS, live)))

    def test_a_wallet_is_created_once(self):
        wallet = unique()
        answers = in_parallel(THREADS, lambda _: self.http.deposit(wallet, 1))
        self.assertEqual(sorted(answer.json["balance"] for answer in answers), list(range(1, THREADS + 1)))
        self.assertEqual(Counter(self.event_types(wallet)), {"WALLET_CREATED": 1, "FUNDS_DEPOSITED": THREADS})

    def test_two_currencies_race_to_create_a_wallet(self):
        wallet = unique()
        answers = in_parallel(20, lambda index: self.http.deposit(wallet, 1, currency=("USD", "EUR")[index % 2]))
        self.assertEqual(Counter(answer.status for answer in answers), {200: 10, 422: 10})
        self.assertEqual(self.balance(wallet), 10)

    def test_batches_and_single_operations_race(self):
        wallet = self.funded(100)

        def spend(index):
            if index % 4:
                return [self.http.withdraw(wallet, 1).status for _ in range(10)]
            operations = [withdraw(wallet, 1) for _ in range(20)]
            return [result["statusCode"] for result in self.ok(self.http.batch(operations))]

        statuses = Counter(sum(in_parallel(THREADS, spend), []))
        self.assertEqual(statuses[200], 100)
        self.assertEqual(set(statuses), {200, 422})
        self.assertEqual(self.balance(wallet), 0)


class RacesOnPostgres(Races):
    on_postgres = True


class RacesOnShards(Races):
    settings = {"wallet.shards": "3"}
