"""Fraud alerts: what the default rules find in the movements of wallets, and the life cycle of an alert."""

from ducat_e2e.case import UUID, OwnServerCase, ServerCase, unique
from ducat_e2e.processes import wait_until


class FraudCase:
    """Alerts as a caller sees them. They follow the movement a moment later."""

    def alerts(self, wallet, query=""):
        return self.ok(self.http.get(f"/v1/fraud/alerts?walletId={wallet}{query}"))

    def alert(self, wallet, kind):
        """The one alert of that type, once it is there."""
        found = wait_until(lambda: [alert for alert in self.alerts(wallet) if alert["type"] == kind], 15, kind)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def nothing_more_comes(self, wallet, count):
        """A later movement of the same wallet has been looked at, and no further alert was opened before it."""
        mark = unique("mark")
        self.ok(self.http.deposit(wallet, 10_001, key=mark))
        self.alert(wallet, "high_value_transaction")
        self.assertEqual(len(self.alerts(wallet)), count + 1)


class Rules(FraudCase, ServerCase):
    def test_the_fourth_withdrawal_in_five_minutes_is_one_too_many(self):
        wallet = self.funded(1000)
        for _ in range(4):
            self.ok(self.http.withdraw(wallet, 1))
        alert = self.alert(wallet, "rapid_withdrawals")
        self.assertRegex(alert["id"], UUID)
        self.assertEqual(alert["walletId"], wallet)
        self.assertEqual(alert["status"], "open")
        self.assertEqual(alert["details"], {"timeWindow": "5 minutes", "withdrawalCount": 4})

    def test_three_withdrawals_are_fine(self):
        wallet = self.funded(1000)
        for _ in range(3):
            self.ok(self.http.withdraw(wallet, 1))
        self.nothing_more_comes(wallet, 0)

    def test_transfers_count_as_withdrawals_of_their_sender(self):
        wallet, other = self.funded(1000), unique()
        for _ in range(4):
            self.ok(self.http.transfer(wallet, other, 1))
        self.assertEqual(self.alert(wallet, "rapid_withdrawals")["details"]["withdrawalCount"], 4)
        self.assertEqual(self.alerts(other), [])

    def test_strictly_more_than_the_threshold_is_a_high_value(self):
        wallet = self.funded(10_000)
        self.nothing_more_comes(wallet, 0)
        alert = self.alert(wallet, "high_value_transaction")
        self.assertEqual(alert["details"], {"amount": 10_001, "threshold": 10_000})

    def test_there_is_one_open_alert_for_each_wallet_and_rule(self):
        wallet = self.funded(1000)
        for _ in range(9):
            self.ok(self.http.withdraw(wallet, 1))
        self.alert(wallet, "rapid_withdrawals")
        self.nothing_more_comes(wallet, 1)


class LifeCycle(FraudCase, ServerCase):
    def opened(self):
        wallet = self.funded(20_000)
        return wallet, self.alert(wallet, "high_value_transaction")

    def test_an_alert_is_investigated_and_closed(self):
        wallet, alert = self.opened()
        path = f"/v1/fraud/alerts/{alert['id']}"
        self.assertEqual(self.ok(self.http.post(path + "/investigate"))["status"], "investigating")
        self.assertEqual(self.ok(self.http.post(path + "/close"))["status"], "closed")
        self.assertEqual(self.ok(self.http.get(path))["status"], "closed")
        self.assertEqual(self.alerts(wallet, "&status=open"), [])
        self.assertEqual(len(self.alerts(wallet, "&status=closed&type=high_value_transaction")), 1)

    def test_after_it_is_closed_the_next_one_opens(self):
        wallet, alert = self.opened()
        self.ok(self.http.post(f"/v1/fraud/alerts/{alert['id']}/close"))
        self.ok(self.http.withdraw(wallet, 15_000))
        wait_until(lambda: len(self.alerts(wallet)) == 2, 15, "a second alert")

    def test_a_close_with_its_key_can_be_repeated(self):
        _, alert = self.opened()
        path, key = f"/v1/fraud/alerts/{alert['id']}/close", unique("key")
        first = self.http.post(path, {}, key=key)
        self.ok(first)
        again = self.http.post(path, {}, key=key)
        self.assertEqual((again.status, again.body, again.replayed), (200, first.body, True))
        self.refused(self.http.post(path, {}), 409)

    def test_an_alert_that_is_not_there_is_404(self):
        missing = "019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de"
        self.refused(self.http.get(f"/v1/fraud/alerts/{missing}"), 404)
        self.refused(self.http.post(f"/v1/fraud/alerts/{missing}/close"), 404)
        self.invalid(self.http.get("/v1/fraud/alerts/nonsense"))
        self.invalid(self.http.get("/v1/fraud/alerts?status=sad"))


class LifeCycleOnPostgres(LifeCycle):
    on_postgres = True


class Configured(FraudCase, OwnServerCase):
    def test_a_rule_of_a_known_kind_is_configuration(self):
        server = self.serve({"risk.rules": "large kind=amount threshold=5,quiet kind=amount threshold=1 shadow=true"})
        self.http = server.client
        wallet = unique()
        self.ok(self.http.deposit(wallet, 6))
        self.assertEqual(self.alert(wallet, "large")["details"], {"amount": 6, "threshold": 5})
        shadows = self.alerts(wallet, "&shadow=true")
        self.assertEqual([alert["type"] for alert in shadows], ["quiet"])

    def test_what_was_counted_before_a_kill_counts_afterwards(self):
        server = self.serve()
        self.http = server.client
        wallet = unique()
        self.ok(self.http.deposit(wallet, 100))
        for _ in range(3):
            self.ok(self.http.withdraw(wallet, 1))
        server.restart()
        self.http = server.client
        self.ok(self.http.withdraw(wallet, 1))
        self.assertEqual(self.alert(wallet, "rapid_withdrawals")["details"]["withdrawalCount"], 4)


