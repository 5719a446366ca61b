"""A crowd that moves money, writes down what it was told, and afterwards checks that every word of it is true.

Each operation has a key of its own. Whatever was left without a definite answer is asked again with its key, until
it has one; then each wallet must hold exactly what the definite answers say, its history must add up to the same,
and no key may stand in a history twice.
"""

import random
import threading
import time
from collections import Counter, defaultdict

from ducat_e2e.client import BadAnswer, NoAnswer
from ducat_e2e.texts import cents, units

# Of the suites; run.py --soak sets more.
CRASHES = 5
KILLS = 3  # of each process
CUTS = 3  # of every connection to the broker
BROKER_AWAY = 6  # seconds
INITIAL_CENTS = 50_000
SIGNS = {"FUNDS_DEPOSITED": 1, "FUNDS_WITHDRAWN": -1, "HOLD_CAPTURED": -1}
# 503 promises that nothing happened or that the key will tell; every other answer is final.
UNSURE = (503,)


class Operation:
    """One movement. `status` is None until there is a definite answer."""

    def __init__(self, kind, wallet, to, amount, key):
        self.kind, self.wallet, self.to, self.amount, self.key = kind, wallet, to, amount, key
        self.status, self.body, self.asked_again, self.was_done_unheard = None, None, False, False

    def send(self, client):
        amount = units(self.amount)
        if self.kind == "transfer":
            return client.transfer(self.wallet, self.to, amount, key=self.key)
        call = client.deposit if self.kind == "deposit" else client.withdraw
        return call(self.wallet, amount, key=self.key)

    def in_batch(self):
        fields = {"type": self.kind, "walletId": self.wallet, "amount": units(self.amount), "idempotencyKey": self.key}
        return {**fields, "toWalletId": self.to} if self.kind == "transfer" else fields

    def learn(self, status, body=None):
        if status not in UNSURE:
            self.status, self.body = status, body

    def deltas(self):
        """(wallet, hundredths) of what it changed."""
        if self.status != 200:
            return []
        if self.kind == "transfer":
            return [(self.wallet, -self.amount), (self.to, self.amount)]
        return [(self.wallet, self.amount if self.kind == "deposit" else -self.amount)]


class Workload:
    """`run` in rounds, then `settle` and `check`. Threads: one caller; it makes its own."""

    def __init__(self, case, server, wallets=12, threads=8, seed=1, batches=True):
        self.case, self.server, self.threads, self.seed, self.batches = case, server, threads, seed, batches
        self.wallets = [f"load-{seed}-{number}" for number in range(wallets)]
        self.operations, self.odd, self.rounds = [], Counter(), 0
        self.answered, self.stopping = 0, threading.Event()
        self.lock = threading.Lock()
        self.workers = []

    def fund(self):
        """Gives each wallet its first money, with keys as everything else."""
        first = [Operation("deposit", wallet, None, INITIAL_CENTS, f"fund-{wallet}") for wallet in self.wallets]
        for operation in first:
            operation.learn(operation.send(self.server.client).status)
        self.operations += first

    def make(self, dice, name):
        kind = dice.choices(["transfer", "withdraw", "deposit"], [6, 2, 2])[0]
        wallet, to = dice.sample(self.wallets, 2)
        amount = dice.choice([1, 7, 100, 999, 12_345, 40_000])
        return Operation(kind, wallet, to, amount, name)

    def worker(self, number, persistent):
        dice = random.Random(f"{self.seed}/{self.rounds}/{number}")
        client, count = self.server.client, 0
        while not self.stopping.is_set():
            size = dice.choice([1, 1, 1, 1, 20]) if self.batches else 1
            made = [self.make(dice, f"{self.seed}-{self.rounds}-{number}-{count}-{part}") for part in range(size)]
            count += 1
            with self.lock:
                self.operations += made
            try:
                self.send(client, made)
            except (NoAnswer, BadAnswer):
                if not persistent:
                    return
                self.stopping.wait(0.05)

    def send(self, client, made):
        if len(made) == 1:
            answer = made[0].send(client)
            made[0].learn(answer.status, answer.body)
            statuses = [answer.status]
        else:
            answer = client.batch([operation.in_batch() for operation in made])
            statuses = [answer.status]
            if answer.status == 200:
                statuses = [result["statusCode"] for result in answer.json]
                for operation, status in zip(made, statuses):
                    operation.learn(status)
        with self.lock:
            self.answered += 1
            self.odd.update(status for status in statuses if status not in (200, 422))

    def begin(self, persistent=False):
        """Starts the crowd; `persistent` ones go on after a broken connection, the others take it as the end."""
        self.rounds += 1
        self.stopping.clear()
        self.answered = 0
        self.workers = [threading.Thread(target=self.worker, args=(number, persistent), daemon=True)
                        for number in range(self.threads)]
        for thread in self.workers:
            thread.start()

    def wait_for(self, answers, seconds=60):
        """Until so many requests of this round were answered."""
        end = time.monotonic() + seconds
        while self.answered < answers:
            if time.monotonic() > end:
                raise AssertionError(f"{self.answered} answers in {seconds} s, {answers} were to come")
            if not any(thread.is_alive() for thread in self.workers):
                raise AssertionError(f"everybody gave up after {self.answered} answers: {self.server.last_words()}")
            time.sleep(0.002)

    def end(self):
        self.stopping.set()
        for thread in self.workers:
            thread.join(60)
            if thread.is_alive():
                raise AssertionError("a request was not answered within 60 s")

    def settle(self, seconds=60):
        """Asks again, each alone and with its key, what has no definite answer yet."""
        end = time.monotonic() + seconds
        for operation in self.operations:
            while operation.status is None:
                operation.asked_again = True
                try:
                    answer = operation.send(self.server.client)
                    operation.learn(answer.status, answer.body)
                    operation.was_done_unheard = answer.replayed
                except (NoAnswer, BadAnswer) as error:
                    if not self.server.running:
                        raise AssertionError(f"the server died: {self.server.last_words()}") from error
                if operation.status is None and time.monotonic() > end:
                    raise AssertionError(f"{operation.key} has no definite answer after {seconds} s")

    def check(self):
        """Balances, histories and keys are what the answers said. AssertionError names the first that is not."""
        case, client = self.case, self.server.client
        case.assertLessEqual({operation.status for operation in self.operations}, {200, 422})
        expected = defaultdict(int)
        for operation in self.operations:
            for wallet, delta in operation.deltas():
                expected[wallet] += delta
        for wallet in self.wallets:
            body = case.ok(client.wallet(wallet))
            case.assertEqual(cents(body["balance"]), expected[wallet],
                             f"{wallet}: answers say {expected[wallet]} hundredths")
            case.assertGreaterEqual(cents(body["balance"]), 0)
            case.assertEqual(body["available"], body["balance"], f"{wallet}: something is still held")
        self.check_histories(expected)
        self.check_replays()

    def check_histories(self, expected):
        done = {operation.key for operation in self.operations if operation.status == 200}
        for wallet in self.wallets:
            events = whole_history(self.case, self.server.client, wallet)
            total = sum(SIGNS.get(event["eventType"], 0) * cents(event["amount"] or 0) for event in events)
            self.case.assertEqual(total, expected[wallet], f"the history of {wallet} does not add up to its balance")
            moved = [event for event in events if event["eventType"] in ("FUNDS_DEPOSITED", "FUNDS_WITHDRAWN")]
            for name in ("requestId", "sagaId"):
                marks = Counter((event["eventType"], event["metadata"].get(name)) for event in moved)
                twice = [mark for mark, count in marks.items() if count > 1 and mark[1]]
                self.case.assertEqual(twice, [], f"{wallet}: applied twice")
            keys = {event["metadata"].get("requestId") for event in moved} - {None}
            self.case.assertLessEqual(keys, done, f"{wallet}: nobody was told of these")

    def check_replays(self, most=40):
        """Of what was acknowledged, a sample of the newest is asked again: the same bytes, as a replay."""
        acknowledged = [operation for operation in self.operations if operation.status == 200 and operation.body]
        for operation in acknowledged[-most:]:
            again = operation.send(self.server.client)
            self.case.assertEqual((again.status, again.body, again.replayed), (200, operation.body, True),
                                  operation.key)


def whole_history(case, client, wallet):
    """All events of a wallet, newest first, page by page."""
    events, offset = [], 0
    while page := case.ok(client.history(wallet, f"?limit=1000&offset={offset}")):
        events += page
        offset += len(page)
    return events
