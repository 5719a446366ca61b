"""kill -9 under load, again and again: what was acknowledged is there, what was not is there once or not at all."""

from ducat_e2e import workload
from ducat_e2e.case import OwnServerCase
from ducat_e2e.processes import wait_until
from ducat_e2e.workload import Workload


class Crash(OwnServerCase):
    settings: dict = {}

    def crash_again_and_again(self, crowd, server, times):
        for turn in range(times):
            crowd.begin()
            crowd.wait_for(40 + 97 * turn % 200)
            server.kill()
            crowd.end()
            server.start()
            crowd.settle()
            self.assertEqual(dict(crowd.odd), {}, "answers that are neither a success nor a refusal")
        unheard = sum(operation.asked_again for operation in crowd.operations)
        self.assertGreater(unheard, 0, "nobody was cut off, so nothing was tested")

    def test_nothing_acknowledged_is_lost_and_no_key_is_applied_twice(self):
        server = self.serve(dict(self.settings))
        crowd = Workload(self, server)
        crowd.fund()
        self.crash_again_and_again(crowd, server, workload.CRASHES)
        crowd.check()
        self.assertEqual(server.stop(), 0)
        self.verified(server)

    def test_a_kill_while_it_recovers(self):
        server = self.serve(dict(self.settings))
        crowd = Workload(self, server, seed=2)
        crowd.fund()
        crowd.begin()
        crowd.wait_for(100)
        server.kill()
        crowd.end()
        for _ in range(3):
            server.start()
            server.kill()
        server.start()
        crowd.settle()
        crowd.check()
        self.verified(server)


class CrashOnPostgres(Crash):
    on_postgres = True


class CrashOnShards(Crash):
    """A transfer that a kill left between two shards is finished by recovery, soon after the restart."""

    settings = {"wallet.shards": "3", "wallet.saga_stuck_after": "1s", "wallet.saga_interval": "500ms"}

    def crash_again_and_again(self, crowd, server, times):
        super().crash_again_and_again(crowd, server, times)
        wait_until(lambda: self.nothing_in_flight(crowd, server), 30, "transfers between shards are finished")

    def nothing_in_flight(self, crowd, server):
        bodies = [self.ok(server.client.wallet(wallet)) for wallet in crowd.wallets]
        return all(body["available"] == body["balance"] for body in bodies)


class Checker(OwnServerCase):
    """The checker itself, with lies planted in what it was told."""

    def test_it_finds_every_kind_of_lie(self):
        server = self.serve()
        crowd = Workload(self, server, seed=4, threads=4)
        crowd.fund()
        crowd.begin()
        crowd.wait_for(60)
        crowd.end()
        crowd.settle()
        crowd.check()
        paid = next(operation for operation in crowd.operations
                    if operation.kind == "deposit" and operation.status == 200)
        for name, lie in (("amount", paid.amount + 1), ("status", 422), ("status", 503), ("wallet", paid.wallet + "x")):
            truth = getattr(paid, name)
            setattr(paid, name, lie)
            with self.subTest(f"{name} is said to be {lie}"), self.assertRaises(AssertionError):
                crowd.check()
            setattr(paid, name, truth)
        self.ok(server.client.deposit(crowd.wallets[0], 1, key="nobody told the checker"))
        with self.assertRaises(AssertionError):
            crowd.check()


class Shutdown(OwnServerCase):
    def test_everything_accepted_is_answered(self):
        server = self.serve()
        crowd = Workload(self, server, seed=3, threads=16)
        crowd.fund()
        for _ in range(3):
            crowd.begin()
            crowd.wait_for(150)
            server.terminate()
            self.assertEqual(server.wait(), 0)
            crowd.end()
            server.start()
            crowd.settle()
            done = [operation.key for operation in crowd.operations if operation.was_done_unheard]
            self.assertEqual(done, [], "accepted, done, and never answered")
            self.assertEqual(dict(crowd.odd), {})
        crowd.check()
        server.stop()
        self.verified(server)

    def test_idle_connections_do_not_hold_it_up(self):
        server = self.serve()
        server.client.get("/health")
        server.terminate()
        self.assertEqual(server.wait(5), 0)

    def test_it_is_not_ready_any_more_or_gone_while_it_stops(self):
        server = self.serve()
        self.assertEqual(server.client.get("/health/ready").status, 200)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.last_words().lower().count("panic"), 0)


class ShutdownOnPostgres(Shutdown):
    on_postgres = True
