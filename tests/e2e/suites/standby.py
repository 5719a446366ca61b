"""Two instances on one PostgreSQL: one leads, the other follows, answers reads that are never old, and takes over."""

import os
import signal
import time

from ducat_e2e.case import OwnServerCase, unique
from ducat_e2e.client import NoAnswer
from ducat_e2e.postgres import shared_postgres
from ducat_e2e.processes import SetupError, free_port, scratch, spawn, tail, wait_until
from ducat_e2e.server import Server
from ducat_e2e.workload import Workload

LEASE_SECONDS = 6  # how long a silent leader keeps its place
TAKE_OVER_SECONDS = 8  # after a kill: noticed within a second; the rest is for a slow machine


class Redis:
    """From Debian's package, on a port of its own, with nothing on disk."""

    def __init__(self):
        if not os.access("/usr/bin/redis-server", os.X_OK):
            raise SetupError("redis-server is not installed")
        self.port, self.directory = free_port(), scratch("redis")
        self.start()

    def start(self):
        with open(self.directory + "/log", "ab") as log:
            self.child = spawn(["/usr/bin/redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                                "--appendonly", "no", "--dir", self.directory], stdout=log, stderr=log)
        wait_until(lambda: b"Ready to accept" in open(self.directory + "/log", "rb").read(), 20,
                   f"Redis is ready: {tail(self.directory + '/log')}")

    def kill(self):
        self.child.kill()
        self.child.wait()
        os.truncate(self.directory + "/log", 0)


class Whoever:
    """The client of the instance that is to lead at the moment of each call."""

    def __init__(self, pair):
        self.pair = pair

    def __getattr__(self, name):
        return getattr(self.pair.leader.client, name)


class Pair:
    """Two instances, as somebody sees them who asks whoever leads."""

    def __init__(self, case, settings=None):
        self.first = case.serve(settings)
        self.second = Server(self.first.settings)
        case.addCleanup(lambda: self.second.running and self.second.kill())
        self.leader, self.follower = self.first, self.second
        self.client = Whoever(self)

    @property
    def running(self):
        return self.leader.running

    def last_words(self):
        return self.leader.last_words()

    def swap(self):
        self.leader, self.follower = self.follower, self.leader


def role(server):
    try:
        answer = server.client.get("/health/ready")
    except NoAnswer:
        return None
    return answer.json.get("role") if answer.status == 200 else None


class Standby(OwnServerCase):
    on_postgres = True
    settings: dict = {}

    def pair(self, **settings):
        return Pair(self, {**self.settings, **settings})

    def takes_over(self, pair):
        """Seconds until the follower, who is to lead now, has answered a write and leads with all its services."""
        start, key = time.monotonic(), unique("probe")

        def answers():
            written = pair.follower.client.deposit("probe", 1, key=key).status == 200
            return written and role(pair.follower) == "leading"

        wait_until(answers, 60, f"the follower takes over: {pair.follower.last_words()}")
        pair.swap()
        return time.monotonic() - start

    def test_both_are_ready_and_say_who_leads(self):
        pair = self.pair()
        self.assertEqual(role(pair.leader), "leading")
        self.assertEqual(role(pair.follower), "following")
        self.assertEqual(pair.follower.client.get("/health").status, 200)

    def test_a_follower_refuses_writes_and_says_when_to_try_again(self):
        pair = self.pair()
        self.ok(pair.client.deposit("w", 100))
        for answer in (pair.follower.client.deposit("w", 5, key="k"), pair.follower.client.withdraw("w", 5)):
            self.refused(answer, 503, "NotLeadingError")
            self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        self.assertFalse(pair.client.deposit("w", 5, key="k").replayed, "what was refused was not done")
        self.assertEqual(self.ok(pair.follower.client.wallet("w"))["balance"], 105)

    def test_a_follower_has_seen_every_acknowledged_write(self):
        pair = self.pair()
        for count in range(1, 61):
            self.ok(pair.client.deposit("w", 1))
            self.assertEqual(self.ok(pair.follower.client.wallet("w"))["balance"], count)
            if count % 10 == 0:
                self.assertEqual(len(self.ok(pair.follower.client.history("w"))), count + 1)
        self.assertEqual(self.ok(pair.follower.client.wallet("nobody"))["balance"], 0)

    def test_a_killed_leader_is_followed_by_the_other_and_nothing_is_lost(self):
        pair = self.pair()
        crowd = Workload(self, pair, seed=11)
        crowd.fund()
        took = []
        for turn in range(3):
            crowd.begin(persistent=True)
            crowd.wait_for(150 + 40 * turn)
            pair.leader.kill()
            took.append(self.takes_over(pair))
            answered = crowd.answered
            crowd.wait_for(answered + 100)
            crowd.end()
            pair.follower.start()
            self.assertEqual(role(pair.follower), "following")
            crowd.settle()
        print(f"\ntook over after {', '.join(f'{seconds:.2f}' for seconds in took)} s", flush=True)
        self.assertLess(max(took), TAKE_OVER_SECONDS)
        self.assertLessEqual(set(crowd.odd), {503}, "every answer is definite or retryable")
        crowd.check()
        for wallet in crowd.wallets:
            self.assertEqual(self.ok(pair.follower.client.wallet(wallet)), self.ok(pair.client.wallet(wallet)))
        self.assertEqual(pair.follower.stop(), 0)
        self.assertEqual(pair.leader.stop(), 0)
        self.verified(pair.leader)

    def test_a_leader_that_stops_hands_over(self):
        pair = self.pair()
        self.ok(pair.client.deposit("w", 100, key="before"))
        self.assertEqual(pair.leader.stop(), 0)
        self.assertLess(self.takes_over(pair), TAKE_OVER_SECONDS)
        self.assertTrue(pair.client.deposit("w", 100, key="before").replayed)

    def test_a_leader_that_was_paused_answers_nothing_old_and_follows(self):
        pair = self.pair()
        self.ok(pair.client.deposit("w", 100))
        os.kill(pair.leader.child.pid, signal.SIGSTOP)
        try:
            took = self.takes_over(pair)
            self.assertLess(took, LEASE_SECONDS + TAKE_OVER_SECONDS)
            self.ok(pair.client.deposit("w", 1))
        finally:
            os.kill(pair.follower.child.pid, signal.SIGCONT)
        stale = pair.follower.client.wallet("w")
        self.assertTrue(stale.status == 503 or stale.json["balance"] == 101, stale)
        self.assertEqual(pair.follower.client.deposit("w", 7, key="stale").status, 503)
        wait_until(lambda: role(pair.follower) == "following", 30, "it follows")
        self.assertEqual(self.ok(pair.follower.client.wallet("w"))["balance"], 101)
        self.assertEqual(role(pair.leader), "leading")


class StandbyOnShards(Standby):
    settings = {"wallet.shards": "3", "wallet.saga_stuck_after": "1s", "wallet.saga_interval": "500ms"}


class StandbyWithRedis(OwnServerCase):
    on_postgres = True

    def reads(self, pair, wallet, balance, count=20):
        """The slowest of some reads at the follower, in seconds; all of them right."""
        slowest = 0.0
        for _ in range(count):
            start = time.monotonic()
            self.assertEqual(self.ok(pair.follower.client.wallet(wallet))["balance"], balance)
            slowest = max(slowest, time.monotonic() - start)
        return slowest

    def test_a_dead_redis_costs_its_timeout_once_and_never_a_wrong_answer(self):
        redis = Redis()
        pair = Pair(self, {"cache.type": "redis", "cache.url": f"redis://127.0.0.1:{redis.port}",
                           "cache.timeout": "500ms"})
        self.ok(pair.client.deposit("w", 100))
        self.reads(pair, "w", 100)
        for break_it, mend_it in ((redis.kill, redis.start),
                                  (lambda: os.kill(redis.child.pid, signal.SIGSTOP),
                                   lambda: os.kill(redis.child.pid, signal.SIGCONT))):
            before = self.ok(pair.client.deposit("w", 1))["balance"]
            self.reads(pair, "w", before)
            break_it()
            self.ok(pair.client.deposit("w", 1))
            start = time.monotonic()
            self.reads(pair, "w", before + 1)
            self.assertLess(time.monotonic() - start, 3.0, "a dead cache costs its timeout once, not at each read")
            mend_it()
            self.reads(pair, "w", before + 1)
            self.ok(pair.client.deposit("w", 1))
            self.reads(pair, "w", before + 2)


class InstanceBehindAGateway(Server):
    """`ducat run --services wallet` without public routes of its own."""

    def command(self):
        self.rpc_port = getattr(self, "rpc_port", None) or free_port()
        return [*super().command(), "--services", "wallet", "--set", f"rpc.port={self.rpc_port}"]


class Gateway(Server):
    def command(self):
        return [*super().command(), "--services", "gateway"]


class StandbyBehindAGateway(OwnServerCase):
    on_postgres = True

    def test_calls_go_to_the_instance_that_leads(self):
        secret = {"rpc.internal_secret": "a-secret-of-the-tests-and-of-nobody-else"}
        first = InstanceBehindAGateway({**secret, **shared_postgres().new_database()})
        self.addCleanup(lambda: first.running and first.kill())
        second = InstanceBehindAGateway(first.settings)
        self.addCleanup(lambda: second.running and second.kill())
        places = f"127.0.0.1:{second.rpc_port},127.0.0.1:{first.rpc_port}"
        gateway = Gateway({**secret, "services.wallet.address": places})
        self.addCleanup(lambda: gateway.running and gateway.kill())
        for count in range(1, 11):
            self.assertEqual(self.ok(gateway.client.deposit("w", 1, key=f"k{count}"))["balance"], count)
        self.assertEqual(gateway.client.get("/health/ready").status, 200)
        first.kill()
        wait_until(lambda: gateway.client.deposit("w", 1, key="k11").status == 200, 60, "the other one leads")
        self.assertEqual(self.ok(gateway.client.wallet("w"))["balance"], 11)
        self.assertTrue(gateway.client.deposit("w", 1, key="k10").replayed)
        first.start()
        second.kill()
        wait_until(lambda: gateway.client.deposit("w", 1, key="k12").status == 200, 60, "the first one leads again")
        self.assertEqual(self.ok(gateway.client.wallet("w"))["balance"], 12)
