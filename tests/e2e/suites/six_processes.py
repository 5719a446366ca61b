"""Faults between processes: services and the broker killed again and again, a broker that is away, a network that
doubles, delays and reorders messages. Afterwards, without a person acting, changes and audit records stand one to one,
every answer was true, and wallet events counted once."""

import time
import unittest

from ducat_e2e import workload
from ducat_e2e.case import Case
from ducat_e2e.changes import Changes
from ducat_e2e.movements import Movements
from ducat_e2e.nats import Nats, StreamReader, find_nats
from ducat_e2e.nats_proxy import Faults, NatsProxy
from ducat_e2e.postgres import find_bin
from ducat_e2e.processes import wait_until
from ducat_e2e.server import OneProcess, Supervised

AUDIT_TIMEOUT = 2
SETTINGS = {"transactions.audit_timeout": f"{AUDIT_TIMEOUT}s"}
# A change's own timeout, and what a machine adds that is short of time. The client gives up after 30 s.
ANSWERED_WITHIN = AUDIT_TIMEOUT + 20
BACK_WITHIN = 60


class FaultCase(Case):
    @classmethod
    def setUpClass(cls):
        if find_bin() is None or find_nats() is None:
            raise unittest.SkipTest("PostgreSQL or NATS is not installed")

    def stopped_at_the_end(self, server):
        self.addCleanup(lambda: server.running and server.stop())
        return server

    def crowd(self, server, seed):
        crowd = Changes(self, server, seed=seed)
        crowd.sign_in()
        return crowd

    def with_nats(self):
        nats = Nats()
        self.addCleanup(nats.kill)
        return nats


class Kills(FaultCase):
    def test_killed_services_and_brokers_come_back_and_nothing_is_half_done(self):
        server = self.stopped_at_the_end(Supervised(SETTINGS))
        crowd = self.crowd(server, seed=41)
        crowd.begin(persistent=True)
        slowest = {}
        for turn in range(workload.KILLS):
            for name in ("transactions", "audit", "nats"):
                crowd.goes_on(20 + 37 * turn % 90, BACK_WITHIN)
                before = server.processes()[name]["pid"]
                begin = time.monotonic()
                server.kill_one(name)
                wait_until(lambda: server.processes()[name]["pid"] not in (0, before), BACK_WITHIN,  # pylint: disable=cell-var-from-loop
                           f"{name} is started again")
                crowd.goes_on(10, BACK_WITHIN)
                slowest[name] = max(slowest.get(name, 0), time.monotonic() - begin)
        crowd.end()
        crowd.settle()
        crowd.settled()
        crowd.check_refusals(ANSWERED_WITHIN)
        done = server.tool_on_its_database("audit", "audit", "verify")
        self.assertEqual(done.returncode, 0, f"{done.stdout} {done.stderr}")
        self.note(f"{workload.KILLS} kills each, {len(crowd.made)} changes, refused {dict(crowd.odd)}, at most "
                  + ", ".join(f"{seconds:.1f} s without {name}" for name, seconds in slowest.items()))


class BrokerAway(FaultCase):
    """The broker is not the supervisor's: nobody starts it again but the test."""

    def test_six_processes_without_their_broker_refuse_and_go_on_when_it_is_back(self):
        nats = self.with_nats()
        self.away_and_back(self.stopped_at_the_end(Supervised({**SETTINGS, **Nats.settings(nats.port)})), nats, seed=42)

    def test_one_process_without_its_broker_refuses_and_goes_on_when_it_is_back(self):
        nats = self.with_nats()
        self.away_and_back(self.stopped_at_the_end(OneProcess({**SETTINGS, **Nats.settings(nats.port)})), nats, seed=43)

    def away_and_back(self, server, nats, seed):
        crowd = self.crowd(server, seed)
        self.ok(server.client.deposit("away", 100))
        known = crowd.create("known")
        crowd.begin(persistent=True)
        crowd.goes_on(100)
        nats.kill()
        answered, end = crowd.answered, time.monotonic() + workload.BROKER_AWAY

        def reads_go_on():
            for path in (f"/api/transactions/{known}", "/api/transactions?limit=1", "/api/audit-logs?limit=1",
                         "/v1/wallet/away", "/v1/wallet/away/history"):
                answer = server.client.get(path, headers=crowd.headers)
                self.assertEqual(answer.status, 200, answer)
            self.ok(server.client.deposit("away", 1))
            return time.monotonic() > end

        wait_until(reads_go_on, workload.BROKER_AWAY + 30, "the time without a broker ends")
        self.assertGreater(crowd.answered, answered + crowd.threads, "creates are answered meanwhile")
        nats.start()
        took = crowd.goes_on(20, BACK_WITHIN)
        crowd.end()
        crowd.check_refusals(ANSWERED_WITHIN)
        self.assertGreater(crowd.odd[500], 0, "nobody noticed, so nothing was tested")
        crowd.settle()
        crowd.settled()
        self.note(f"{workload.BROKER_AWAY} s away, goes on {took:.1f} s after the broker accepts connections, "
                  f"{len(crowd.made)} changes, refused {dict(crowd.odd)}")


class BadNetwork(FaultCase):
    def test_doubled_late_and_reordered_messages_count_once(self):
        nats = self.with_nats()
        proxy = NatsProxy(nats.port)
        self.addCleanup(proxy.stop)
        server = self.stopped_at_the_end(Supervised({**SETTINGS, **Nats.settings(proxy.port)}))
        crowd = self.crowd(server, seed=44)
        proxy.faults = Faults(double=0.1, delay=0.1, swap=0.05)
        crowd.begin(persistent=True)
        movements = Movements(self, server)
        movements.make()
        for _ in range(workload.CUTS):
            crowd.goes_on(60, BACK_WITHIN)
            proxy.cut()
        crowd.goes_on(60, BACK_WITHIN)
        crowd.end()
        movements.check_alerts()
        proxy.faults = None
        crowd.check_refusals(ANSWERED_WITHIN)
        crowd.settle()
        crowd.settled()
        for way in ("up", "down"):
            for what in ("doubled", "delayed", "swapped", "cut"):
                self.assertGreater(proxy.counts[f"{way} {what}"], 0, proxy.counts)
        with StreamReader(nats.port) as reader:
            movements.check_events(reader.bodies("wallet_events"))
            audited = [body["id"] for body in reader.bodies("AUDIT_LOGS")]
            self.assertEqual(len(audited), len(set(audited)), "stored twice")
        self.note(f"{len(crowd.made)} changes, refused {dict(crowd.odd)}, {dict(proxy.counts)}")
