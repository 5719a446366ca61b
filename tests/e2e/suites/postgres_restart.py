"""PostgreSQL that goes away under load, without a goodbye: every answer is definite or may be asked again."""

from ducat_e2e.case import OwnServerCase
from ducat_e2e.client import NoAnswer
from ducat_e2e.postgres import Postgres
from ducat_e2e.processes import SetupError, wait_until
from ducat_e2e.server import Server
from ducat_e2e.workload import Workload


class PostgresRestart(OwnServerCase):
    on_postgres = True  # for the skip where there is none; the cluster is our own, as the others' must not go away

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = Postgres()
        cls.addClassCleanup(cls.database.stop_immediately)

    def setUp(self):
        if not self.database.running:
            self.database.start()
        self.server = Server({"wallet.wait": "1s", **self.database.new_database()})
        self.addCleanup(lambda: self.server.running and self.server.kill())

    def is_ready(self):
        try:
            return self.server.client.get("/health/ready").status == 200
        except NoAnswer:
            return False

    def test_a_restart_under_load(self):
        crowd = Workload(self, self.server, seed=5)
        crowd.fund()
        for _ in range(2):
            crowd.begin(persistent=True)
            crowd.wait_for(100)
            self.database.stop_immediately()
            self.database.start()
            wait_until(self.is_ready, 60, "the server is ready again")
            answered = crowd.answered
            crowd.wait_for(answered + 100)
            crowd.end()
            crowd.settle()
        self.assertLessEqual(set(crowd.odd), {503}, "every answer is definite or retryable")
        self.assertTrue(self.server.running, self.server.last_words())
        crowd.check()
        self.assertEqual(self.server.stop(), 0)
        self.verified(self.server)

    def test_without_it_the_server_is_not_ready(self):
        http = self.server.client
        self.ok(http.deposit("w", 100))
        self.database.stop_immediately()
        wait_until(lambda: http.get("/health/ready").status == 503, 10, "it says that it is not ready")
        self.database.start()
        wait_until(self.is_ready, 60, "the server is ready again")

    def test_without_it_everything_that_needs_it_is_503(self):
        http = self.server.client
        self.ok(http.deposit("w", 100))
        self.database.stop_immediately()
        for _ in range(2):
            self.refused(http.deposit("w", 5, key="meanwhile"), 503)
        self.assertEqual(http.get("/health/live").status, 200)
        self.assertIn(http.history("w").status, (200, 503))
        self.database.start()
        wait_until(self.is_ready, 60, "the server is ready again")
        wait_until(lambda: http.deposit("w", 5, key="meanwhile").status == 200, 30, "writes work again")
        self.assertEqual(self.ok(http.wallet("w"))["balance"], 105)

    def test_two_servers_on_one_database_do_not_lose_or_double_anything(self):
        """Whoever does not lead may refuse, wait or not start; what he answers must be true."""
        self.ok(self.server.client.deposit("w", 100))
        try:
            other = Server(self.server.settings)
        except SetupError:
            return
        self.addCleanup(lambda: other.running and other.kill())
        done = 0
        for count in range(20):
            for server in (self.server, other):
                answer = server.client.deposit("w", 1, key=f"{count}-{server.port}")
                self.assertIn(answer.status, (200, 503), answer)
                done += answer.status == 200
        leaders = [server for server in (self.server, other) if server.client.get("/health/ready").status == 200]
        self.assertGreaterEqual(len(leaders), 1)
        self.assertEqual(self.ok(leaders[0].client.wallet("w"))["balance"], 100 + done)

    def test_a_server_that_was_killed_is_followed_by_another(self):
        self.ok(self.server.client.deposit("w", 100))
        self.server.kill()
        other = Server(self.server.settings)
        self.addCleanup(lambda: other.running and other.kill())
        wait_until(lambda: other.client.deposit("w", 5, key="next").status == 200, 60, "the next one leads")
        self.assertEqual(self.ok(other.client.wallet("w"))["balance"], 105)
