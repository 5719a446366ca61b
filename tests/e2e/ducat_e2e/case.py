"""The base of the suites: a server that classes with the same settings share, and the contract's general rules as
assertions."""

import itertools
import json
import re
import threading
import time
import unittest
from datetime import datetime, timezone
from decimal import Decimal

from ducat_e2e.client import Answer
from ducat_e2e.postgres import find_bin, shared_postgres
from ducat_e2e import server as server_module
from ducat_e2e.server import Server
from ducat_e2e.texts import Digits

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
UUID7 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")
REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           409: "Conflict", 413: "(Payload|Content) Too Large", 415: "Unsupported Media Type",
           422: "Unprocessable (Entity|Content)", 429: "Too Many Requests", 503: "Service Unavailable"}
# Stack traces, SQL and file names have no place in a body.
LEAK = re.compile(r"\bSELECT\b.*\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.*\bSET\b|sqlite|libpq|std::|"
                  r"\.(cc|cpp|h|db|proto)\b|/(src|usr|home|tmp|work|var)/|0x[0-9a-f]{6,}|bad_alloc|terminate called", re.IGNORECASE)
_names = itertools.count(1)
_run = f"{int(time.time()) % 100000}"
_servers = {}


def parse_time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def format_time(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now():
    return datetime.now(timezone.utc)


def unique(name="w"):
    """A name nothing else in this run has."""
    return f"{name}-{_run}-{next(_names)}"


def in_parallel(count, action):
    """[action(0), action(1) …], all started at once. The first exception comes out."""
    results, errors, gate = [None] * count, [], threading.Barrier(count)

    def run(index):
        try:
            gate.wait(30)
            results[index] = action(index)
        except BaseException as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    if errors:
        raise errors[0]
    if any(thread.is_alive() for thread in threads):
        raise AssertionError("a request was not answered within 180 s")
    return results


def shared_server(on_postgres, settings, limits):
    """The running server for these settings. One that a test has killed is not handed out again."""
    on_postgres = on_postgres or server_module.DISTRIBUTED
    key = (on_postgres, limits, json.dumps(settings, sort_keys=True))
    if key not in _servers or not _servers[key].running:
        more = shared_postgres().new_database() if on_postgres else {}
        _servers[key] = Server({**settings, **more}, limits=limits)
    return _servers[key]


class Case(unittest.TestCase):
    """Assertions on answers. Threads: the main one."""

    maxDiff = 4000

    def note(self, text):
        """What was measured: a line below the test's."""
        self.notes = [*getattr(self, "notes", []), text]

    def ok(self, answer, status=200):
        """The JSON of a success, after the checks that hold for each."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers.get("content-type"), "application/json; charset=utf-8", answer)
        self.assertTrue(answer.headers.get("x-request-id"), answer)
        return answer.json

    def money(self, expected, found, decimals=2, where=""):
        """A JSON number, exactly this much, printed with no more decimals than the currency has."""
        self.assertIn(type(found), (int, Digits), f"money is a JSON number: {found!r} {where}")
        self.assertEqual(Decimal(found), Decimal(expected), where)
        if isinstance(found, Digits):
            self.assertLessEqual(-found.as_tuple().exponent, decimals, f"too many decimals: {found} {where}")
            self.assertNotIn("e", found.text.lower(), f"an exponent: {found.text} {where}")

    def is_time(self, text, about=None, within=60):
        self.assertIsInstance(text, str)
        self.assertRegex(text, TIME)
        if about is not None:
            self.assertLess(abs((parse_time(text) - about).total_seconds()), within, text)

    def refused(self, answer, status, type_=None, message=None):
        """The plain error object, whole. `message`: equal to it, or for a list among it."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers.get("content-type"), "application/json; charset=utf-8", answer)
        self.assertTrue(answer.headers.get("x-request-id"), answer)
        body = answer.json
        self.assertLessEqual({"statusCode", "error", "type", "message", "detail", "timestamp", "path"}, set(body),
                             answer)
        self.assertEqual(body["statusCode"], status)
        self.assertRegex(body["error"], f"^{REASONS[status]}$")
        self.assertIsInstance(body["type"], str)
        self.assertTrue(body["type"])
        self.assertIsInstance(body["detail"], str)
        self.is_time(body["timestamp"], now())
        self.assertEqual(body["path"], answer.path)
        self.assertIsNone(LEAK.search(json.dumps([body["message"], body["detail"], body["type"]])), answer)
        if isinstance(body["message"], list):
            self.assertEqual(status, 400, "only validation errors have a list of messages")
            self.assertTrue(body["message"])
            for line in body["message"]:
                self.assertIsInstance(line, str)
        else:
            self.assertIsInstance(body["message"], str)
            self.assertTrue(body["message"])
        if type_ is not None:
            self.assertEqual(body["type"], type_, answer)
        if message is not None:
            told = body["message"]
            self.assertIn(message, told if isinstance(told, list) else [told], answer)
        return body

    def invalid(self, answer, message=None):
        """A validation error: 400 with an array of messages, `message` among them."""
        body = self.refused(answer, 400)
        self.assertIsInstance(body["message"], list, answer)
        if message is not None:
            self.assertIn(message, body["message"], answer)
        return body

    def enveloped(self, answer, status, code):
        """The envelope's error."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers.get("content-type"), "application/json; charset=utf-8", answer)
        body = answer.json
        self.assertIs(body["success"], False)
        self.assertEqual(body["error"]["code"], code)
        self.assertIsInstance(body["error"]["message"], str)
        self.is_time(body["timestamp"], now())
        self.assertEqual(body["path"], answer.path)
        self.assertIsNone(LEAK.search(json.dumps(body["error"])), answer)
        return body


class ServerCase(Case):
    """A case with a server in `self.server` and its client in `self.http`. Subclasses set what stands first."""

    settings: dict = {}
    limits = False
    on_postgres = False

    @classmethod
    def setUpClass(cls):
        if cls.on_postgres and find_bin() is None:
            raise unittest.SkipTest("PostgreSQL is not installed")

    def setUp(self):
        self.server = shared_server(self.on_postgres, self.settings, self.limits)
        self.http = self.server.client
        self.addCleanup(self.still_serves)

    def still_serves(self):
        self.assertTrue(self.server.running, f"the server died: {self.server.last_words()}")

    def funded(self, amount, currency="USD", name="w"):
        """A new wallet with so much in it."""
        wallet = unique(name)
        self.ok(self.http.deposit(wallet, amount, currency=currency))
        return wallet

    def balance(self, wallet, query=""):
        return Decimal(self.ok(self.http.wallet(wallet, query))["balance"])

    def events(self, wallet, query="?limit=1000"):
        return self.ok(self.http.history(wallet, query))

    def event_types(self, wallet):
        """Oldest first."""
        return [event["eventType"] for event in reversed(self.events(wallet))]

    def unchanged(self, wallet):
        """A context: whatever happens in it, the wallet and its history stay as they are."""
        return Unchanged(self, wallet)


class OwnServerCase(Case):
    """A case whose tests each start servers of their own, with `serve`."""

    on_postgres = False

    @classmethod
    def setUpClass(cls):
        if cls.on_postgres and find_bin() is None:
            raise unittest.SkipTest("PostgreSQL is not installed")

    def serve(self, settings=None, **more):
        stored = shared_postgres().new_database() if self.on_postgres or server_module.DISTRIBUTED else {}
        server = Server({**(settings or {}), **stored}, **more)
        self.addCleanup(lambda: server.running and server.kill())
        return server

    def verified(self, server):
        """`ducat wallet verify` finds nothing wrong."""
        done = server.tool("wallet", "verify")
        self.assertEqual(done.returncode, 0, f"ducat wallet verify: {done.stdout} {done.stderr}")


class Unchanged:
    def __init__(self, case, wallet):
        self.case, self.wallet = case, wallet

    def look(self):
        case = self.case
        return case.ok(case.http.wallet(self.wallet)), case.events(self.wallet)

    def __enter__(self):
        self.before = self.look()

    def __exit__(self, kind, *_):
        if kind is None:
            self.case.assertEqual(self.before, self.look(), "something happened")


__all__ = ["Answer", "Case", "OwnServerCase", "ServerCase", "UUID", "UUID7", "format_time", "in_parallel", "now",
           "parse_time", "unique"]
