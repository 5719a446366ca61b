"""The checkers themselves: each finds the lies it is there for, planted one at a time in a platform that tells the
truth. No server: what they ask is answered from memory."""

import contextlib
import copy
import json
import socket
import socketserver
import threading
import unittest
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

from ducat_e2e.case import Case
from ducat_e2e.changes import Change, Changes
from ducat_e2e.client import Answer
from ducat_e2e.movements import HIGH, RAPID, Movements
from ducat_e2e.nats_proxy import Faults, NatsProxy
from ducat_e2e.processes import wait_until

OK_HEADERS = {"content-type": "application/json; charset=utf-8", "x-request-id": "1"}


class Told:
    """Answers GETs from what `answers` holds by path."""

    def __init__(self, answers):
        self.answers = answers

    def get(self, path, headers=None):  # pylint: disable=unused-argument
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        found = self.answers.get(parts.path)
        if parts.path == "/v1/fraud/alerts":
            found = self.answers["alerts"].get(query["walletId"][0], [])
        status = 404 if found is None else 200
        return Answer("GET", path, status, OK_HEADERS, json.dumps(found).encode())

    def history(self, wallet, query=""):
        events = self.answers["events"][wallet] if query.endswith("offset=0") else []
        return Answer("GET", wallet, 200, OK_HEADERS, json.dumps(events).encode())


def page(found):
    return {"data": {"data": found, "total": len(found), "totalPages": 1}}


def audit(action, entity, number, description=None):
    return {"id": f"log-{number}", "correlationId": f"c-{number}", "action": action, "entityType": "Transaction",
            "entityId": entity, "status": "SUCCESS", "changes": {"after": {"description": description}}}


def version(number):
    return {"correlationId": f"c-{number}", "auditLogId": f"log-{number}"}


def made(kind, key, status, target=None, body=None):
    change = Change(kind, key, target)
    change.status, change.body = status, body
    return change


class ChangesChecker(Case):
    """Three transactions: `kept` was created and changed, `plain` created, `gone` created and deleted; `no` was refused."""

    def setUp(self):
        self.world = {"/api/audit-logs": page([audit("CREATE", "kept", 1, "k"), audit("UPDATE", "kept", 2, "u"),
                                               audit("CREATE", "plain", 3, "p"), audit("CREATE", "gone", 4, "g"),
                                               audit("DELETE", "gone", 5)]),
                      "/api/transactions": page([{"id": "kept", "description": "u"}, {"id": "plain", "description": "p"}]),
                      "/api/transactions/kept": {"data": {}}, "/api/transactions/plain": {"data": {}},
                      "/api/transactions/kept/history": {"data": [version(2), version(1)]},
                      "/api/transactions/plain/history": {"data": [version(3)]}}
        self.told = [made("CREATE", "k", 201, body={"id": "kept"}), made("UPDATE", "u", 200, "kept"),
                     made("CREATE", "p", 201, body={"id": "plain"}), made("CREATE", "g", 201, body={"id": "gone"}),
                     made("DELETE", "d", 204, "gone"), made("CREATE", "no", 500), made("UPDATE", "nu", 500, "plain"),
                     made("DELETE", "nd", 500, "plain")]

    def checker(self, world=None, told=None):
        checker = Changes(self, SimpleNamespace(client=Told(world or self.world)))
        checker.made = told or self.told
        return checker

    def finds(self, plant):
        world, told = copy.deepcopy(self.world), copy.deepcopy(self.told)
        plant(world, told)
        with self.assertRaises(AssertionError):
            self.checker(world, told).check()

    def test_the_truth_passes(self):
        self.checker().check()

    def test_it_finds_what_the_platform_did_wrong(self):
        def logs(world):
            return world["/api/audit-logs"]["data"]["data"]

        def replace(world, path, found):
            world[path] = page(found)

        lies = {
            "an audit record without its change": lambda world, _: replace(
                world, "/api/audit-logs", [*logs(world), audit("CREATE", "nobody", 9)]),
            "an update's record without its change": lambda world, _: replace(
                world, "/api/audit-logs", [*logs(world), audit("UPDATE", "plain", 9, "x")]),
            "a change without its audit record": lambda world, _: replace(
                world, "/api/audit-logs", [log for log in logs(world) if log["id"] != "log-2"]),
            "a transaction nobody audited": lambda world, _: replace(
                world, "/api/audit-logs", [log for log in logs(world) if log["id"] != "log-3"]),
            "a change audited twice": lambda world, _: replace(
                world, "/api/audit-logs", [*logs(world), {**logs(world)[0], "id": "log-9"}]),
            "a deletion without its record": lambda world, _: replace(
                world, "/api/audit-logs", [log for log in logs(world) if log["id"] != "log-5"]),
            "a deleted one that is still read": lambda world, _: world.update({"/api/transactions/gone": {"data": {}}}),
            "a change that names another record": lambda world, _: world.update(
                {"/api/transactions/plain/history": {"data": [{**version(3), "auditLogId": "log-1"}]}}),
            "a page that leaves one out": lambda world, _: world["/api/transactions"]["data"].update({"total": 3}),
        }
        for what, plant in lies.items():
            with self.subTest(what):
                self.finds(plant)

    def test_it_finds_every_answer_that_was_not_true(self):
        for what, index, name, lie in (("a create that was not", 2, "body", {"id": "nowhere"}),
                                       ("an update that was not", 1, "key", "x"),
                                       ("a delete that was not", 4, "target", "plain"),
                                       ("a refused create that was made", 5, "key", "p"),
                                       ("a refused update that was made", 6, "key", "u"),
                                       ("a refused delete that was made", 7, "target", "gone")):
            with self.subTest(what):
                self.finds(lambda _, told: setattr(told[index], name, lie))  # pylint: disable=cell-var-from-loop

    def test_it_finds_who_waited_and_what_no_contract_says(self):
        self.checker().check_refusals(5)
        slow = self.checker(told=copy.deepcopy(self.told))
        slow.made[3].seconds = 5.5
        for checker, odd in ((slow, {}), (self.checker(), {502: 1}), (self.checker(), {500: 1}),
                             (self.checker(), {500: 1, "INTERNAL_ERROR": 1})):
            checker.odd.update(odd)
            with self.subTest(odd), self.assertRaises(AssertionError):
                checker.check_refusals(5)


class MovementsChecker(Case):
    def setUp(self):
        self.world = {"alerts": {}, "events": {}}
        self.movements = Movements(self, SimpleNamespace(client=Told(self.world)), wallets=2)
        self.quiet, self.rapid = self.movements.expected
        for wallet in self.movements.expected:
            self.world["alerts"][wallet] = [{"type": "high_value_transaction", "details": HIGH}]
            self.world["events"][wallet] = [{"eventType": "FUNDS_WITHDRAWN", "metadata": {"requestId": "2"}},
                                            {"eventType": "FUNDS_DEPOSITED", "metadata": {"requestId": "1"}},
                                            {"eventType": "WALLET_CREATED", "metadata": None}]
        self.world["alerts"][self.rapid].append({"type": "rapid_withdrawals", "details": RAPID})
        self.bodies = [{"id": f"{wallet}{number}", "data": {**event, "walletId": wallet}}
                       for wallet in self.movements.expected
                       for number, event in enumerate(reversed(self.world["events"][wallet]))]

    def test_the_truth_passes(self):
        self.movements.check_alerts(0)
        self.movements.check_events(self.bodies)

    def test_it_finds_alerts_that_should_not_be_and_those_that_are_missing(self):
        alerts = self.world["alerts"]
        for what, wallet, lie in (("an alert of a doubled withdrawal", self.quiet, alerts[self.rapid]),
                                  ("an alert twice", self.rapid, [*alerts[self.rapid], alerts[self.rapid][0]]),
                                  ("a wrong count", self.rapid, [alerts[self.rapid][0], {
                                      "type": "rapid_withdrawals", "details": {**RAPID, "withdrawalCount": 5}}]),
                                  ("a missing alert", self.rapid, alerts[self.quiet]),
                                  ("a movement nobody looked at", self.quiet, [])):
            truth = alerts[wallet]
            alerts[wallet] = lie
            with self.subTest(what), self.assertRaises(AssertionError):
                self.movements.check_alerts(0)
            alerts[wallet] = truth

    def test_it_finds_events_that_are_lost_doubled_or_out_of_order(self):
        first, second, *rest = self.bodies
        for what, bodies in (("lost", [first, *rest]), ("doubled", [first, *self.bodies]),
                             ("doubled under another id", [{**first, "id": "x"}, *self.bodies]),
                             ("out of order", [second, first, *rest])):
            with self.subTest(what), self.assertRaises(AssertionError):
                self.movements.check_events(bodies)


class Echo(socketserver.BaseRequestHandler):
    """A server that keeps what it hears."""

    def handle(self):
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                self.server.heard += data
                self.request.sendall(b"PONG\r\n")


class Proxy(unittest.TestCase):
    """The proxy does to frames what it says, and to nothing else."""

    FRAMES = [f"PUB s {len(str(number))}\r\n{number}\r\n".encode() for number in range(40)]

    def setUp(self):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
        self.server.daemon_threads, self.server.heard = True, b""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.proxy = NatsProxy(self.server.server_address[1])
        self.addCleanup(self.proxy.stop)

    def through(self, faults, size):
        """What came out of all frames, once it is `size` bytes long."""
        self.proxy.faults = faults
        with socket.create_connection(("127.0.0.1", self.proxy.port), 10) as client:
            client.sendall(b"CONNECT {}\r\n" + b"".join(self.FRAMES) + b"PING\r\n")
            wait_until(lambda: len(self.server.heard) >= size, 10, f"{size} bytes")
        return self.server.heard

    def test_without_faults_it_is_not_there(self):
        whole = b"CONNECT {}\r\n" + b"".join(self.FRAMES) + b"PING\r\n"
        self.assertEqual(self.through(None, len(whole)), whole)

    def test_it_doubles_and_reorders_whole_frames(self):
        size = len(b"CONNECT {}\r\nPING\r\n") + 2 * sum(map(len, self.FRAMES))
        heard = self.through(Faults(double=1, delay=0.5, swap=0.3, latest=0.05), size)
        self.assertEqual(len(heard), size)
        numbers = [int(line) for line in heard.split(b"\r\n") if line.isdigit()]
        self.assertEqual(sorted(numbers), sorted([*range(40)] * 2))
        firsts = list(dict.fromkeys(numbers))
        self.assertNotEqual(firsts, sorted(firsts), "reordered")

    def test_a_cut_ends_the_connection_within_a_frame(self):
        with socket.create_connection(("127.0.0.1", self.proxy.port), 10) as client:
            client.sendall(self.FRAMES[0])
            wait_until(lambda: self.server.heard == self.FRAMES[0], 10, "the first frame")
            client.recv(100)
            self.proxy.cut()
            wait_until(lambda: self.proxy.cuts == 1, 10, "the proxy knows")
            client.sendall(self.FRAMES[1])
            self.assertEqual(client.recv(100), b"", "the connection has ended")
        wait_until(lambda: len(self.server.heard) > len(self.FRAMES[0]), 10, "half a frame")
        self.assertEqual(self.server.heard, self.FRAMES[0] + self.FRAMES[1][:len(self.FRAMES[1]) // 2])
