"""Services in processes of their own behind a gateway: what is killed comes back, and nothing is lost meanwhile."""

import json
import os
import signal

from ducat_e2e.case import Case
from ducat_e2e.client import Client, NoAnswer
from ducat_e2e.postgres import find_bin
from ducat_e2e.processes import free_port, scratch, wait_until
from ducat_e2e.server import Supervised, ducat, lives
from ducat_e2e.workload import Workload

SERVERS = {"postgres", "nats", "redis"}


class Distributed(Case):
    """One run for all tests: each leaves it as it found it."""

    server = None

    @classmethod
    def setUpClass(cls):
        if find_bin() is None:
            cls.skipTest(cls, "PostgreSQL is not installed")
        cls.server = Supervised()
        cls.addClassCleanup(lambda: cls.server.running and cls.server.stop())

    def setUp(self):
        self.http = self.server.client
        self.comes_back()

    def status(self, path, client=None):
        try:
            return (client or self.http).get(path).status
        except NoAnswer:
            return None

    def component(self, name):
        return next(part for part in self.http.get("/health").json["components"] if part["name"] == name)

    def comes_back(self):
        wait_until(lambda: self.status("/health/ready") == 200, 60, f"it is ready: {self.server.log_of_all()}")

    def test_health_shows_every_service_and_the_journal(self):
        body = self.http.get("/health").json
        self.assertEqual(body["status"], "ok")
        names = {component["name"] for component in body["components"]}
        self.assertIn("wallet", names)
        self.assertEqual(names - {"access", "broker"}, set(self.server.processes()) - SERVERS - {"gateway"})
        self.assertTrue(all(component["ready"] for component in body["components"]))
        self.assertIn("position", body["journal"])

    def test_the_documentation_is_that_of_one_process(self):
        paths = self.http.get("/documentation/json").json["paths"]
        self.assertIn("/v1/wallet/{id}/deposit", paths)

    def test_a_service_has_no_public_routes_beside_the_gateway(self):
        direct = Client(int(self.server.processes()["wallet"]["address"].rpartition(":")[2]))
        self.assertEqual(self.status("/health/ready", direct), 200)
        self.assertEqual(self.status("/v1/wallet/w", direct), 404)

    def test_a_killed_service_is_503_with_retry_after_until_it_is_back(self):
        self.ok(self.http.deposit("killed", 100, key="before"))
        self.server.kill_one("wallet")
        answer = wait_until(lambda: (found := self.http.deposit("killed", 5, key="k")).status != 200 and found, 20,
                            "somebody notices")
        self.refused(answer, 503)
        self.assertGreaterEqual(int(answer.headers["retry-after"]), 1)
        self.assertEqual(self.status("/health/live"), 200)
        self.comes_back()
        self.ok(self.http.deposit("killed", 5, key="k"))
        self.assertEqual(self.ok(self.http.wallet("killed"))["balance"], 105)
        self.assertTrue(self.http.deposit("killed", 100, key="before").replayed)

    def test_health_says_which_service_is_gone(self):
        pid = self.server.processes()["wallet"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(self.comes_back)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        wait_until(lambda: not self.component("wallet")["ready"], 30, "a service that says nothing is noticed")
        self.assertEqual(self.status("/health/ready"), 503)
        self.refused(self.http.wallet("w"), 503)
        self.assertEqual(self.status("/health/live"), 200)

    def login(self):
        """Headers that say who we are."""
        answer = self.http.post("/api/auth/login", {"username": "testuser", "password": "password123"})
        self.assertEqual(answer.status, 200, answer)
        return {"Authorization": f"Bearer {answer.json['data']['accessToken']}"}

    def who(self, headers):
        return self.http.get("/api/auth/me", headers=headers).status

    def test_a_session_that_has_ended_is_known_to_the_gateway(self):
        first, second = self.login(), self.login()
        self.assertEqual((self.who(first), self.who(second)), (200, 200))
        self.assertEqual(self.http.post("/api/auth/logout-all", headers=second).status, 200)
        wait_until(lambda: self.who(first) == 401, 10, "the gateway hears of it")
        self.server.kill_one("gateway")
        self.comes_back()
        self.assertEqual(self.who(first), 401, "a new gateway is told before it serves")

    def test_an_api_key_is_known_to_the_gateway(self):
        owner = self.login()
        made = self.http.post("/api/api-keys", {"name": "e2e", "scopes": ["wallet:read"]}, headers=owner)
        self.assertEqual(made.status, 201, made)
        key = {"X-API-Key": made.json["data"]["key"]}
        wait_until(lambda: self.who(key) == 200, 10, "the gateway hears of it")
        gone = self.http.request("DELETE", f"/api/api-keys/{made.json['data']['id']}", headers=owner)
        self.assertIn(gone.status, (200, 204), gone)
        wait_until(lambda: self.who(key) == 401, 10, "the gateway hears that it is none any more")

    def test_nothing_acknowledged_is_lost_when_processes_are_killed_under_load(self):
        crowd = Workload(self, self.server, seed=31)
        crowd.fund()
        for name in ("wallet", "gateway", "wallet", "postgres"):
            crowd.begin(persistent=True)
            crowd.wait_for(60)
            self.server.kill_one(name)
            self.comes_back()
            answered = crowd.answered
            crowd.wait_for(answered + 60)
            crowd.end()
            crowd.settle()
        self.assertLessEqual(set(crowd.odd), {503}, "every answer is definite or retryable")
        crowd.check()
        done = self.server.tool_on_its_database("wallet", "wallet", "verify")
        self.assertEqual(done.returncode, 0, f"{done.stdout} {done.stderr}")

    def test_every_server_that_dies_comes_back(self):
        for name in sorted(SERVERS):
            before = self.server.processes()[name]["pid"]
            self.server.kill_one(name)
            wait_until(lambda: self.server.processes()[name]["pid"] not in (0, before), 30, f"{name} is started again")
        self.comes_back()


class Endings(Case):
    """Runs of their own, each with its end."""

    def supervise(self):
        if find_bin() is None:
            self.skipTest("PostgreSQL is not installed")
        server = Supervised()
        self.addCleanup(lambda: server.running and server.kill())
        return server

    def test_after_sigterm_nothing_is_left_and_the_data_is_there_again(self):
        server = self.supervise()
        self.ok(server.client.deposit("w", 100))
        processes = server.processes().values()
        self.assertTrue(all(map(lives, processes)))
        self.assertEqual(server.stop(), 0)
        self.assertFalse(any(map(lives, processes)))
        server.start()
        self.assertEqual(self.ok(server.client.wallet("w"))["balance"], 100)

    def test_after_a_kill_nothing_is_left_and_the_data_is_there_again(self):
        server = self.supervise()
        self.ok(server.client.deposit("w", 100))
        server.restart()  # looks whether anything outlived it
        self.assertEqual(self.ok(server.client.wallet("w"))["balance"], 100)

    def test_secrets_are_in_no_log_and_no_list_of_processes(self):
        server = self.supervise()
        with open(os.path.join(server.data, "rpc_secret"), encoding="ascii") as file:
            secret = file.read().strip()
        seen = server.log_of_all(100_000) + json.dumps(server.processes())
        for process in server.processes().values():
            with open(f"/proc/{process['pid']}/cmdline", encoding="utf-8") as file:
                seen += file.read()
        self.assertNotIn(secret, seen)
        self.assertNotIn("DUCAT_", seen)


class RefusesToStart(Case):
    def refusal(self, *arguments):
        done = ducat("supervise", "--data", os.path.join(scratch("supervise"), "data"), "--port", free_port(), *arguments)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        return done.stderr

    def test_an_unknown_setting(self):
        self.assertIn("wallet.shards", self.refusal("--dev", "--set", "wallet.shrads=3"))

    def test_an_unknown_service(self):
        self.assertIn("walet", self.refusal("--dev", "--services", "walet"))

    def test_production_without_a_secret(self):
        self.assertIn("auth.jwt_secret", self.refusal())

    def test_a_gateway_with_nothing_behind_it(self):
        done = ducat("run", "--dev", "--services", "gateway", "--data", os.path.join(scratch("gateway"), "data"), "--port",
                     free_port())
        self.assertEqual(done.returncode, 2)
        self.assertIn("services.wallet.address", done.stderr)

    def test_processes_without_the_secret_they_share(self):
        done = ducat("run", "--dev", "--rpc-port", free_port(), "--data", os.path.join(scratch("rpc"), "data"), "--port",
                     free_port())
        self.assertEqual(done.returncode, 2)
        self.assertIn("rpc.internal_secret", done.stderr)
