"""Rate limits as they are by default, and turned off one by one."""

from ducat_e2e.case import OwnServerCase, ServerCase, unique

HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")


class RateLimits(ServerCase):
    limits = True

    def as_client(self, number):
        """Headers that make a request come from another client: loopback is a trusted proxy by default."""
        return {"X-Forwarded-For": f"203.0.113.{number}"}

    def limited(self, answer):
        self.refused(answer, 429)
        self.assertRegex(answer.headers.get("retry-after", ""), r"^[1-9]\d*$", "Retry-After in seconds")
        self.assertLessEqual(int(answer.headers["retry-after"]), 60)
        self.assertEqual(answer.headers["x-ratelimit-remaining"], "0")

    def test_a_hundred_a_minute_for_each_client_and_route(self):
        client, path = self.as_client(1), self.http.path(unique())
        for count in range(1, 101):
            answer = self.http.get(path, headers=client)
            self.ok(answer)
            self.assertEqual(answer.headers["x-ratelimit-limit"], "100")
            self.assertEqual(answer.headers["x-ratelimit-remaining"], str(100 - count))
            self.assertRegex(answer.headers["x-ratelimit-reset"], r"^\d+$")
        self.limited(self.http.get(path, headers=client))
        self.limited(self.http.get(self.http.path(unique()), headers=client))
        self.ok(self.http.get(path + "/history", headers=client))
        self.ok(self.http.get(path, headers=self.as_client(2)))

    def test_the_eleventh_withdrawal_from_a_wallet_in_a_minute(self):
        wallet, other = unique(), unique()
        for name in (wallet, other):
            self.ok(self.http.deposit(name, 1000, headers=self.as_client(3)))
        for _ in range(10):
            self.ok(self.http.withdraw(wallet, 1, headers=self.as_client(4)))
        self.limited(self.http.withdraw(wallet, 1, headers=self.as_client(4)))
        self.ok(self.http.withdraw(other, 1, headers=self.as_client(4)))
        self.ok(self.http.withdraw(wallet, 1, headers=self.as_client(5)))
        self.ok(self.http.deposit(wallet, 1, headers=self.as_client(4)))
        self.assertEqual(self.http.get(self.http.path(wallet), headers=self.as_client(6)).json["balance"], 990)

    def test_a_limited_request_has_no_effect(self):
        wallet, client = unique(), self.as_client(7)
        for _ in range(100):
            self.ok(self.http.deposit(wallet, 1, headers=client))
        self.limited(self.http.deposit(wallet, 1, key="limited", headers=client))
        answer = self.http.deposit(wallet, 1, key="limited", headers=self.as_client(8))
        self.assertEqual((answer.json["balance"], answer.replayed), (101, False))

    def test_the_standard_headers(self):
        answer = self.http.get(self.http.path(unique()), headers=self.as_client(9))
        for name in HEADERS + ("ratelimit", "ratelimit-policy"):
            self.assertIn(name, answer.headers)

    def test_health_can_be_asked_as_often_as_one_likes(self):
        for _ in range(150):
            self.assertEqual(self.http.get("/health/live", headers=self.as_client(10)).status, 200)


class RateLimitsTurnedOff(OwnServerCase):
    def count_until_limited(self, call, most):
        return next((count for count in range(most) if call().status == 429), most)

    def test_zero_turns_one_off(self):
        server = self.serve({"ratelimit.default": "0"}, limits=True)
        http = server.client
        self.assertEqual(self.count_until_limited(lambda: http.wallet("w"), 150), 150)
        self.ok(http.deposit("w", 1000))
        self.assertEqual(self.count_until_limited(lambda: http.withdraw("w", 1), 20), 10)

    def test_both_can_be_set(self):
        server = self.serve({"ratelimit.default": "30", "ratelimit.withdrawals": "0"}, limits=True)
        http = server.client
        self.ok(http.deposit("w", 1000))
        self.assertEqual(self.count_until_limited(lambda: http.withdraw("w", 1), 60), 30)
        self.assertEqual(self.count_until_limited(lambda: http.wallet("w"), 60), 30)

    def test_a_stranger_cannot_choose_his_address(self):
        server = self.serve({"ratelimit.default": "20", "http.trusted_proxies": "192.0.2.1"}, limits=True)
        calls = iter(range(100))
        count = self.count_until_limited(lambda: server.client.get(
            "/v1/wallet/w", headers={"X-Forwarded-For": f"203.0.113.{next(calls)}"}), 60)
        self.assertEqual(count, 20, "X-Forwarded-For counts only from a trusted proxy")
