"""A crowd that creates, changes and deletes transactions, writes down what it was told, and afterwards checks the
promise: visible changes and SUCCESS audit records stand one to one, and every 2xx answer is true.

A create has an idempotency key: left without a definite answer it is asked again with it. What became of a change or
a delete without an answer is not asked again: whatever it was, both sides must tell the same.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from decimal import Decimal

from ducat_e2e.case import in_parallel
from ducat_e2e.client import BadAnswer, NoAnswer
from ducat_e2e.processes import wait_until

KINDS = ("CREATE", "UPDATE", "DELETE")
# What a caller may be told while one of the sides is down. 500 is the contract's answer to a confirmation that does not
# come, and means that nothing happened.
REFUSALS = (409, 500, 503)
DONE = (200, 201, 204)


class Change:
    """One request. `status` is None until there is a definite answer."""

    def __init__(self, kind, key, target=None, fields=None):
        self.kind, self.key, self.target, self.fields = kind, key, target, fields
        self.status, self.body, self.seconds = None, None, 0.0


class Changes:
    """`begin`, `end`, then `settle` and `check`. Threads: one caller; it makes its own."""

    def __init__(self, case, server, threads=8, seed=1):
        self.case, self.server, self.threads, self.seed = case, server, threads, seed
        self.made, self.odd, self.rounds = [], Counter(), 0
        self.lock, self.stopping, self.workers = threading.Lock(), threading.Event(), []
        self.answered = self.succeeded = 0  # in this round
        self.headers = {}

    def sign_in(self):
        answer = self.server.client.post("/api/auth/login", {"username": "testuser", "password": "password123"})
        token = self.case.ok(answer)["data"]["accessToken"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def create(self, name):
        """The id of a transaction that nobody of the crowd changes."""
        change = Change("CREATE", name, fields={"amount": 1, "currency": "USD", "description": name})
        self.made.append(change)
        self.learn(change, self.send(change))
        self.case.assertEqual(change.status, 201)
        return change.body["id"]

    # The load.

    def send(self, change):
        client, path = self.server.client, f"/api/transactions/{change.target}"
        if change.kind == "CREATE":
            return client.post("/api/transactions", change.fields, key=change.key, headers=self.headers)
        if change.kind == "UPDATE":
            return client.request("PATCH", path, change.fields, headers=self.headers)
        return client.request("DELETE", path, headers=self.headers)

    def next_change(self, dice, name, mine):
        kind = dice.choices(KINDS, [6, 3, 1])[0] if mine else "CREATE"
        fields = {"amount": Decimal(dice.randrange(1, 100_000)).scaleb(-2), "currency": "USD", "description": name}
        if kind == "CREATE":
            return Change(kind, name, fields=fields)
        target = mine.pop(dice.randrange(len(mine))) if kind == "DELETE" else dice.choice(mine)
        return Change(kind, name, target, {"description": name} if kind == "UPDATE" else None)

    def worker(self, number, persistent):
        dice, mine, count = random.Random(f"{self.seed}/{self.rounds}/{number}"), [], 0
        while not self.stopping.is_set():
            change = self.next_change(dice, f"{self.seed}-{self.rounds}-{number}-{count}", mine)
            count += 1
            with self.lock:
                self.made.append(change)
            begin = time.monotonic()
            try:
                answer = self.send(change)
                change.seconds = time.monotonic() - begin
                self.learn(change, answer)
                if change.kind == "CREATE" and change.status == 201:
                    mine.append(change.body["id"])
                if answer.status == 503:
                    self.stopping.wait(0.5)  # as it was told, though sooner
            except (NoAnswer, BadAnswer):
                change.seconds = time.monotonic() - begin
                if not persistent:
                    return
                self.stopping.wait(0.05)

    def learn(self, change, answer):
        with self.lock:
            self.answered += 1
            self.succeeded += answer.status in DONE
            if answer.status not in DONE:
                self.odd[answer.status] += 1
                if answer.status == 500:
                    self.odd[answer.json["error"]["code"]] += 1
        # 503 says that it may have happened or not: the key will tell. 409: the first one with the key still runs.
        if answer.status in (409, 503) and change.kind == "CREATE":
            return
        change.status = answer.status
        change.body = answer.json["data"] if answer.status in (200, 201) else None

    def begin(self, persistent=False):
        self.rounds += 1
        self.stopping.clear()
        self.answered = self.succeeded = 0
        self.workers = [threading.Thread(target=self.worker, args=(number, persistent), daemon=True)
                        for number in range(self.threads)]
        for thread in self.workers:
            thread.start()

    def wait_for(self, answers, seconds=60):
        end = time.monotonic() + seconds
        while self.answered < answers:
            if time.monotonic() > end:
                raise AssertionError(f"{self.answered} answers in {seconds} s, {answers} were to come")
            if not any(thread.is_alive() for thread in self.workers):
                raise AssertionError(f"everybody gave up after {self.answered} answers: {self.server.last_words()}")
            time.sleep(0.002)

    def goes_on(self, more=20, seconds=30):
        """The seconds until so many more changes were made, from now on."""
        begin, made = time.monotonic(), self.succeeded
        wait_until(lambda: self.succeeded >= made + more, seconds, f"{more} changes are made; {dict(self.odd)}")
        return time.monotonic() - begin

    def end(self):
        self.stopping.set()
        for thread in self.workers:
            thread.join(60)
            if thread.is_alive():
                raise AssertionError("a request was not answered within 60 s")

    def settle(self, seconds=170):
        """Asks creates without a definite answer again, each with its key."""
        end = time.monotonic() + seconds
        undecided = [change for change in self.made if change.kind == "CREATE" and change.status is None]

        def ask_again(index):
            for change in undecided[index::self.threads]:
                wait_until(lambda: self.is_decided(change), max(end - time.monotonic(), 1),  # pylint: disable=cell-var-from-loop
                           f"{change.key} has a definite answer")

        in_parallel(self.threads, ask_again)

    def is_decided(self, change):
        try:
            self.learn(change, self.send(change))
        except (NoAnswer, BadAnswer) as error:
            if not self.server.running:
                raise AssertionError(f"the server died: {self.server.last_words()}") from error
        return change.status is not None

    # The check.

    def read(self, path):
        """What is there, once it can be read: 503 is no answer."""
        def answered():
            answer = self.server.client.get(path, headers=self.headers)
            return answer if answer.status != 503 else None

        return wait_until(answered, 60, f"{path} can be read")

    def pages(self, path, query=""):
        found, page = [], 1
        while True:
            listed = self.case.ok(self.read(f"{path}?page={page}&limit=100{query}"))["data"]
            found += listed["data"]
            if page >= listed["totalPages"]:
                self.case.assertEqual(len(found), listed["total"], path)
                return found
            page += 1

    def history(self, transaction):
        return self.case.ok(self.read(f"/api/transactions/{transaction}/history"))["data"]

    def is_gone(self, transaction):
        return self.read(f"/api/transactions/{transaction}").status == 404

    def settled(self, seconds=30):
        """What is under way comes to its end without a person acting; then the promise holds."""
        failure = None

        def holds():
            nonlocal failure
            try:
                self.check()
                return True
            except AssertionError as error:
                failure = error
                return False

        try:
            wait_until(holds, seconds, "changes and audits one to one")
        except AssertionError:
            raise failure from None

    def check(self):
        """AssertionError names the first thing that is not as promised."""
        records = [record for record in self.pages("/api/audit-logs", "&entityType=Transaction")
                   if record["status"] == "SUCCESS" and record["action"] in KINDS]
        by_transaction = defaultdict(list)
        for record in records:
            by_transaction[record["entityId"]].append(record)
        twice = [key for key, count in Counter(record["correlationId"] for record in records).items() if count > 1]
        self.case.assertEqual(twice, [], "audited twice")
        visible = {transaction["id"]: transaction for transaction in self.pages("/api/transactions")}
        self.check_changes(by_transaction, visible)
        self.check_answers(by_transaction, visible)

    def check_changes(self, by_transaction, visible):
        for transaction, audited in by_transaction.items():
            if any(record["action"] == "DELETE" for record in audited):
                self.case.assertNotIn(transaction, visible, "deleted by its audit, and visible")
                self.case.assertTrue(self.is_gone(transaction))
            else:
                self.case.assertIn(transaction, visible, f"audited, and not visible: {audited}")
        for transaction in visible:
            changes = {entry["correlationId"]: entry["auditLogId"] for entry in self.history(transaction)}
            audits = {record["correlationId"]: record["id"] for record in by_transaction[transaction]}
            self.case.assertEqual(changes, audits, f"changes and audits of {transaction}")

    def check_answers(self, by_transaction, visible):
        deleted = {transaction for transaction, audited in by_transaction.items()
                   if any(record["action"] == "DELETE" for record in audited)}
        names = Counter(transaction["description"] for transaction in visible.values())
        updates = {record["changes"]["after"]["description"] for audited in by_transaction.values()
                   for record in audited if record["action"] == "UPDATE"}
        for change in self.made:
            if change.kind == "CREATE" and change.status == 201:
                self.case.assertIn(change.body["id"], by_transaction, f"{change.key} was answered 201")
            if change.kind == "CREATE" and change.status in REFUSALS:
                self.case.assertEqual(names[change.key], 0, f"{change.key} was answered {change.status}")
            if change.kind == "UPDATE" and change.status == 200:
                self.case.assertIn(change.key, updates, "answered 200")
            if change.kind == "UPDATE" and change.status == 500:
                self.case.assertNotIn(change.key, updates, "answered 500")
            if change.kind == "DELETE" and change.status == 204:
                self.case.assertIn(change.target, deleted, f"{change.key} was answered 204")
            if change.kind == "DELETE" and change.status == 500:
                self.case.assertNotIn(change.target, deleted, f"{change.key} was answered 500")

    def check_refusals(self, within):
        """What was told while a side was away: nobody waited longer than `within` seconds or without an answer, and
        each refusal is one the contract has."""
        for change in self.made:
            self.case.assertLess(change.seconds, within, f"{change.kind} {change.key} waited for {change.status}")
        self.case.assertLessEqual(set(self.odd), {500, 503, "DISTRIBUTED_TRANSACTION_FAILED"})
        self.case.assertEqual(self.odd[500], self.odd["DISTRIBUTED_TRANSACTION_FAILED"])
