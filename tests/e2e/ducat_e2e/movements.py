"""Wallets that move money by a plan, so that it is known which fraud alerts must follow and which events the stream
`wallet_events` must hold. A message that counted twice would open an alert where none belongs, one that was lost would
keep one closed.

The last movement of each wallet opens an alert whatever came before: since messages of one wallet keep their order, all
earlier ones have been looked at once it is there.
"""

import time
from collections import Counter, defaultdict

from ducat_e2e.case import in_parallel, unique
from ducat_e2e.client import BadAnswer, NoAnswer
from ducat_e2e.processes import wait_until
from ducat_e2e.workload import whole_history

FUNDS, MARK = 1000, 10_001
RAPID = {"timeWindow": "5 minutes", "withdrawalCount": 4}
HIGH = {"amount": MARK, "threshold": 10_000}
MOVED = ("FUNDS_DEPOSITED", "FUNDS_WITHDRAWN")


class Movements:
    """`make`, then `check_alerts` and `check_events`. Every second wallet withdraws once too often."""

    def __init__(self, case, server, wallets=12):
        self.case, self.server = case, server
        self.expected = {unique("moves"): {"high_value_transaction": HIGH, **({"rapid_withdrawals": RAPID} if odd else {})}
                         for odd in (False, True) for _ in range(wallets // 2)}

    def make(self, seconds=90):
        """All movements, each asked again with its key until it is done."""
        wallets = list(self.expected)
        in_parallel(len(wallets), lambda index: self.move(wallets[index], time.monotonic() + seconds))

    def move(self, wallet, end):
        withdrawals = 4 if "rapid_withdrawals" in self.expected[wallet] else 3
        client = self.server.client
        plan = [("deposit", FUNDS), *[("withdraw", 1)] * withdrawals, ("deposit", MARK)]
        for number, (kind, amount) in enumerate(plan):
            call = client.deposit if kind == "deposit" else client.withdraw
            wait_until(lambda: is_done(call, wallet, amount, f"{wallet}/{number}"), end - time.monotonic(),
                       f"{kind} {number} of {wallet}")

    def alerts(self, wallet):
        return self.case.ok(self.server.client.get(f"/v1/fraud/alerts?walletId={wallet}"))

    def check_alerts(self, seconds=60):
        """The alerts that must be there, each once and with the right count, and no other."""
        for wallet, expected in self.expected.items():
            found = wait_until(lambda: self.marked(wallet), seconds, f"the last movement of {wallet} was looked at")
            self.case.assertEqual(Counter(alert["type"] for alert in found), Counter(expected.keys()), found)
            self.case.assertEqual({alert["type"]: alert["details"] for alert in found}, expected, wallet)

    def marked(self, wallet):
        found = self.alerts(wallet)
        return found if any(alert["type"] == "high_value_transaction" for alert in found) else None

    def check_events(self, bodies):
        """Of each wallet the stream holds what its history does, in its order, each event once. `bodies`: the
        CloudEvents of the stream."""
        twice = [name for name, count in Counter(body["id"] for body in bodies).items() if count > 1]
        self.case.assertEqual(twice, [], "stored twice")
        told = defaultdict(list)
        for body in bodies:
            told[body["data"].get("walletId")].append(mark_of(body["data"]))
        for wallet in self.expected:
            history = [mark_of(event) for event in reversed(whole_history(self.case, self.server.client, wallet))]
            self.case.assertEqual(told[wallet], history, f"events and history of {wallet}")


def is_done(call, wallet, amount, key):
    try:
        return call(wallet, amount, key=key).status == 200
    except (NoAnswer, BadAnswer):
        return False


def mark_of(event):
    """What is the same of an event in a history and on the stream."""
    return event["eventType"], (event.get("metadata") or {}).get("requestId")
