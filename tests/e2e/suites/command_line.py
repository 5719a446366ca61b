"""The command line's other commands."""

import json
import os
import re

from ducat_e2e.case import Case, OwnServerCase, unique
from ducat_e2e.changes import Changes
from ducat_e2e.processes import scratch, wait_until
from ducat_e2e.server import ducat
from ducat_e2e.texts import decode


SERVICES = ("identity", "wallet", "risk", "transactions", "audit")


class Words(Case):
    def test_the_version(self):
        for arguments in (["version"], ["--version"]):
            done = ducat(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"^ducat \d+\.\d+\.\d+\S*\n$")

    def test_help_has_examples(self):
        for arguments in (["--help"], ["run", "--help"]):
            done = ducat(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"(?is)examples?:.*\bducat run\b")

    def test_every_tool_has_help_with_an_example(self):
        verifiers = [[service, "verify"] for service in SERVICES]
        for words in (*verifiers, ["journal", "tail"], ["projections", "list"], ["projections", "verify"],
                      ["projections", "rebuild"]):
            with self.subTest(words):
                done = ducat(*words, "--help")
                self.assertEqual(done.returncode, 0)
                self.assertRegex(done.stdout, rf"(?is)examples?:.*\bducat {words[0]} ")

    def test_a_tool_names_the_services_there_are(self):
        done = ducat("projections", "list", "--services", "wallets")
        self.assertEqual(done.returncode, 2)
        for service in SERVICES:
            self.assertIn(service, done.stderr)

    def test_an_unknown_command_is_an_error(self):
        done = ducat("frobnicate")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("frobnicate", done.stdout + done.stderr)

    def test_config_says_what_is_in_force_and_where_from(self):
        path = os.path.join(scratch("config"), "ducat.toml")
        with open(path, "w", encoding="ascii") as file:
            file.write("[wallet]\nsaga_interval = \"7s\"\n")
        done = ducat("config", "--config", path, "--set", "wallet.shards=3", env={"DUCAT_RATELIMIT_ENABLED": "false"})
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = {name: next((line for line in done.stdout.splitlines() if re.search(rf"\b{re.escape(name)}\b", line)),
                            "")
                 for name in ("wallet.saga_interval", "wallet.shards", "ratelimit.enabled", "idempotency.ttl")}
        self.assertRegex(lines["wallet.saga_interval"], "7s.*ducat.toml")
        self.assertRegex(lines["wallet.shards"], r"3.*--set")
        self.assertRegex(lines["ratelimit.enabled"], "false.*environment")
        self.assertRegex(lines["idempotency.ttl"], "24h.*default")

    def test_config_hides_secrets(self):
        done = ducat("config", env={"DUCAT_AUTH_JWT_SECRET": "secret-" + "x" * 40,
                                    "DUCAT_STORAGE_URL": "postgresql://u:hunter2@127.0.0.1/d"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("secret-x", done.stdout)
        self.assertNotIn("hunter2", done.stdout)
        self.assertIn("auth.jwt_secret", done.stdout)

    def test_config_refuses_an_unknown_setting(self):
        done = ducat("config", "--set", "wallet.shrads=3")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("wallet.shards", done.stderr)

    def test_tools_do_not_make_what_they_were_to_read(self):
        verifiers = [[service, "verify"] for service in SERVICES]
        for words in (*verifiers, ["journal", "tail"], ["projections", "list"], ["projections", "verify"],
                      ["projections", "rebuild"]):
            with self.subTest(words):
                data = os.path.join(scratch("nothing"), "data")
                done = ducat(*words, "--data", data)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(data, done.stderr)
                self.assertFalse(os.path.exists(data))


class Tools(OwnServerCase):
    settings: dict = {}

    def busy(self):
        """A server with something of everything in it, and the wallets it has."""
        server, wallets = self.serve(dict(self.settings)), [unique() for _ in range(8)]
        http = server.client
        for wallet in wallets:
            self.ok(http.deposit(wallet, 100))
        for one, two in zip(wallets, wallets[1:]):
            self.ok(http.transfer(one, two, 7))
            self.ok(http.hold(one, 5))
        self.ok(http.capture(wallets[0], self.ok(http.hold(wallets[0], 5))["holdId"], 2))
        self.ok(http.act(wallets[1], "freeze"))
        self.ok(http.daily_limit(wallets[2], 50))
        return server, wallets

    def seen(self, server, wallets):
        http = server.client
        return [(self.ok(http.wallet(wallet)), self.ok(http.history(wallet)),
                 self.ok(http.get(http.path(wallet, "/holds"))))
                for wallet in wallets]

    def test_verify_beside_a_server_and_after_it(self):
        server, _ = self.busy()
        self.verified(server)
        server.stop()
        self.verified(server)

    def test_journal_tail_prints_events_as_json_lines(self):
        server, wallets = self.busy()
        done = server.tool("journal", "tail", "-n", "10")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertGreaterEqual(len(lines), 10)
        self.assertIn("frozen", done.stdout.lower())
        whole = server.tool("journal", "tail", "-n", "100000").stdout
        for wallet in wallets:
            self.assertIn(wallet, whole)

    def test_rebuilt_projections_are_what_they_were(self):
        server, wallets = self.busy()
        before = self.seen(server, wallets)
        keyed = server.client.deposit(wallets[3], 1, key="before")
        self.ok(server.client.withdraw(wallets[3], 1))
        before = self.seen(server, wallets)
        server.stop()
        for words in (["projections", "list"], ["projections", "verify"], ["projections", "rebuild"],
                      ["projections", "verify"], ["wallet", "verify"]):
            done = server.tool(*words)
            self.assertEqual(done.returncode, 0, f"{words}: {done.stdout} {done.stderr}")
        server.start()
        self.assertEqual(self.seen(server, wallets), before)
        again = server.client.deposit(wallets[3], 1, key="before")
        self.assertEqual((again.body, again.replayed), (keyed.body, True), "a rebuild keeps the keys")

    def test_a_rebuild_does_not_run_beside_a_server(self):
        server, wallets = self.busy()
        done = server.tool("projections", "rebuild")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1)
        self.assertEqual(self.ok(server.client.wallet(wallets[7]))["balance"], 107)

    def test_simulated_load_conserves_money(self):
        server = self.serve(dict(self.settings))
        done = ducat("simulate", "load", "--url", f"http://127.0.0.1:{server.port}", "--wallets", "50", "--count",
                     "500",
                     "--connections", "8", "--warmup", "0")
        self.assertEqual(done.returncode, 0, f"{done.stdout} {done.stderr}")
        self.assertIn("conserved", done.stdout + done.stderr)
        server.stop()
        self.verified(server)


class ToolsOnPostgres(Tools):
    on_postgres = True

class ToolsOnShards(Tools):
    settings = {"wallet.shards": "3"}


class EveryService(OwnServerCase):
    """What the tools do with the data of services that are not the wallet."""

    def busy(self):
        """A server with something of every service in it."""
        server = self.serve()
        http = server.client
        # More than a rule of the risk service lets pass.
        self.ok(http.deposit("w", 50_000))
        self.ok(http.withdraw("w", 20_000))
        crowd = Changes(self, server, threads=2)
        crowd.sign_in()
        crowd.begin()
        crowd.wait_for(40)
        crowd.end()
        wait_until(lambda: self.ok(http.get("/v1/fraud/alerts")), 20, "an alert")
        return server

    def test_all_of_them_are_verified_beside_a_server_and_after_a_rebuild(self):
        server = self.busy()
        whole = server.tool("projections", "verify")
        self.assertEqual(whole.returncode, 0, f"{whole.stdout} {whole.stderr}")
        server.stop()
        for service in SERVICES:
            self.assertIn(f"{service} verified", whole.stdout)
            self.assertRegex(server.tool(service, "verify").stdout, "[1-9][0-9]* (events|records) in")
        rebuilt = server.tool("projections", "rebuild")
        self.assertEqual(rebuilt.returncode, 0, f"{rebuilt.stdout} {rebuilt.stderr}")
        listed = server.tool("projections", "list")
        for service in SERVICES:
            self.assertIn(f"{service} rebuilt", rebuilt.stdout)
            self.assertRegex(listed.stdout, rf"(?m)^{service}\S* +tables +[1-9].* 0$")
            done = server.tool(service, "verify")
            self.assertEqual(done.returncode, 0, f"{done.stdout} {done.stderr}")

    def test_the_tail_has_events_of_all_of_them_or_of_those_that_are_named(self):
        server = self.busy()
        lines = [json.loads(line) for line in server.tool("journal", "tail", "-n", "1000").stdout.splitlines()]
        types = {line["journal"]: {event["event"]["type"] for event in lines if event["journal"] == line["journal"]}
                 for line in lines}
        self.assertIn("SIGNED_UP", types["identity"])
        self.assertIn("FUNDS_DEPOSITED", types["wallet-0"])
        self.assertIn("ALERT_OPENED", types["risk"])
        self.assertLessEqual({"CHANGE_PROPOSED", "CHANGE_CONFIRMED"}, types["transactions"])
        self.assertIn("RECORD_APPENDED", types["audit"])
        done = server.tool("journal", "tail", "--services", "risk,audit", "-n", "2")
        self.assertEqual({json.loads(line)["journal"] for line in done.stdout.splitlines()}, {"risk", "audit"})
        self.assertEqual(len(done.stdout.splitlines()), 4)


class EveryServiceOnPostgres(EveryService):
    on_postgres = True


class Messages(OwnServerCase):
    def test_what_was_put_aside_is_listed_and_redriven_whether_a_server_runs_or_not(self):
        server = self.serve()
        for running in (True, False):
            with self.subTest(running=running):
                if not running:
                    server.stop()
                listed = server.tool("messages", "list", "--group", "fraud_detection")
                self.assertEqual((listed.returncode, listed.stdout), (0, ""), listed.stderr)
                moved = server.tool("messages", "redrive", "--group", "fraud_detection")
                self.assertEqual(moved.returncode, 0, moved.stderr)
                self.assertIn("0 moved", moved.stdout)

    def test_a_group_that_never_was_is_named(self):
        done = self.serve().tool("messages", "redrive", "--group", "nobody")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nobody", done.stderr)


class MessagesOnPostgres(Messages):
    on_postgres = True


class Findings(OwnServerCase):
    """A check that cannot fail is none: what was tampered with is found."""

    def test_verify_finds_a_balance_that_was_tampered_with(self):
        import sqlite3  # pylint: disable=import-outside-toplevel
        server = self.serve()
        self.ok(server.client.deposit("w", 100))
        server.stop()
        self.verified(server)
        touched = 0
        for name in sorted(os.listdir(server.data)):
            if not name.endswith(".tables.db"):
                continue
            with sqlite3.connect(os.path.join(server.data, name)) as tables:
                for (table,) in tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    columns = [row[1] for row in tables.execute(f'PRAGMA table_info("{table}")')]
                    if "balance" in columns:
                        tampering = f'UPDATE "{table}" SET balance = balance + 1 WHERE balance > 0'
                        touched += tables.execute(tampering).rowcount
        self.assertGreater(touched, 0, "there was nothing to tamper with")
        done = server.tool("wallet", "verify")
        self.assertEqual(done.returncode, 1, f"verify did not find it: {done.stdout} {done.stderr}")

    def test_decode_refuses_what_is_no_json(self):
        for text in ('{"a":1,"a":2}', "NaN", "[1,]"):
            self.assertRaises(ValueError, decode, text)
