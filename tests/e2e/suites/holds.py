"""Two-phase movements: what is held is not available until it is captured, voided or has expired."""

from datetime import timedelta
from decimal import Decimal

from ducat_e2e.case import OwnServerCase, ServerCase, UUID, format_time, in_parallel, now, parse_time, unique
from ducat_e2e.processes import wait_until

FIELDS = {"holdId", "walletId", "amount", "captured", "state", "expiresAt", "createdAt"}


class Holds(ServerCase):
    def hold_is(self, body, wallet, amount, captured, state):
        self.assertLessEqual(FIELDS, set(body))
        self.assertRegex(body["holdId"], UUID)
        self.assertEqual((body["walletId"], body["state"]), (wallet, state))
        self.money(amount, body["amount"])
        self.money(captured, body["captured"])
        self.is_time(body["createdAt"], now())
        return body

    def purse(self, wallet, balance, available):
        body = self.ok(self.http.wallet(wallet))
        self.money(balance, body["balance"])
        self.money(available, body["available"])

    def test_a_hold_keeps_the_balance_and_takes_from_what_is_available(self):
        wallet = self.funded(100)
        body = self.hold_is(self.ok(self.http.hold(wallet, 60)), wallet, 60, 0, "HELD")
        self.assertIsNone(body["expiresAt"])
        self.purse(wallet, 100, 40)
        self.refused(self.http.withdraw(wallet, 41), 422, "InsufficientFundsError")
        self.refused(self.http.transfer(wallet, "bob", 41), 422, "InsufficientFundsError")
        self.refused(self.http.hold(wallet, 41), 422, "InsufficientFundsError")
        self.ok(self.http.withdraw(wallet, 40))
        self.purse(wallet, 60, 0)

    def test_capture_takes_all_of_it_unless_said(self):
        wallet = self.funded(100)
        hold = self.ok(self.http.hold(wallet, 60))["holdId"]
        self.hold_is(self.ok(self.http.capture(wallet, hold)), wallet, 60, 60, "CAPTURED")
        self.purse(wallet, 40, 40)

    def test_capturing_a_part_frees_the_rest(self):
        wallet = self.funded(100)
        hold = self.ok(self.http.hold(wallet, 60))["holdId"]
        self.hold_is(self.ok(self.http.capture(wallet, hold, Decimal("20.50"))), wallet, 60, Decimal("20.50"),
                     "CAPTURED")
        self.purse(wallet, Decimal("79.50"), Decimal("79.50"))

    def test_void_frees_all_of_it(self):
        wallet = self.funded(100)
        hold = self.ok(self.http.hold(wallet, 60))["holdId"]
        self.hold_is(self.ok(self.http.void(wallet, hold)), wallet, 60, 0, "VOIDED")
        self.purse(wallet, 100, 100)

    def test_what_is_not_held_any_more_is_a_conflict(self):
        wallet = self.funded(100)
        captured = self.ok(self.http.hold(wallet, 10))["holdId"]
        self.ok(self.http.capture(wallet, captured, 5))
        voided = self.ok(self.http.hold(wallet, 10))["holdId"]
        self.ok(self.http.void(wallet, voided))
        with self.unchanged(wallet):
            for hold in (captured, voided):
                self.refused(self.http.capture(wallet, hold), 409, "HoldNotActiveError")
                self.refused(self.http.capture(wallet, hold, 1), 409, "HoldNotActiveError")
                self.refused(self.http.void(wallet, hold), 409, "HoldNotActiveError")

    def test_more_than_is_held_cannot_be_captured(self):
        wallet = self.funded(100)
        hold = self.ok(self.http.hold(wallet, 60))["holdId"]
        with self.unchanged(wallet):
            self.assertIn(self.http.capture(wallet, hold, Decimal("60.01")).status, (400, 422))
            self.invalid(self.http.capture(wallet, hold, 0))
            self.invalid(self.http.capture(wallet, hold, -1))
            self.invalid(self.http.capture(wallet, hold, Decimal("0.001")))
        self.ok(self.http.capture(wallet, hold, 60))

    def test_a_hold_is_found_by_its_id_and_in_the_list(self):
        wallet = self.funded(100)
        holds = [self.ok(self.http.hold(wallet, amount)) for amount in (1, 2, 3)]
        self.ok(self.http.capture(wallet, holds[1]["holdId"]))
        for hold in holds[0], holds[2]:
            self.assertEqual(self.ok(self.http.get(self.http.path(wallet, f"/holds/{hold['holdId']}"))), hold)
        listed = self.ok(self.http.get(self.http.path(wallet, "/holds")))
        self.assertEqual({hold["holdId"] for hold in listed}, {hold["holdId"] for hold in holds})
        self.assertEqual([hold["state"] for hold in listed if hold["holdId"] == holds[1]["holdId"]], ["CAPTURED"])
        self.assertEqual(self.ok(self.http.get(self.http.path(unique(), "/holds"))), [])

    def test_a_hold_belongs_to_its_wallet(self):
        wallet, other = self.funded(100), self.funded(100)
        hold = self.ok(self.http.hold(wallet, 60))["holdId"]
        self.refused(self.http.get(self.http.path(other, f"/holds/{hold}")), 404)
        self.refused(self.http.capture(other, hold), 404)
        self.refused(self.http.void(other, hold), 404)
        self.refused(self.http.void(wallet, "01890000-0000-7000-8000-000000000000"), 404)
        self.assertIn(self.http.void(wallet, "not-a-uuid").status, (400, 404))
        self.purse(wallet, 100, 40)
        self.purse(other, 100, 100)

    def test_nobody_has_nothing_to_hold(self):
        wallet = unique("nobody")
        self.assertIn(self.http.hold(wallet, 1).status, (404, 422))
        self.assertEqual(self.events(wallet), [])

    def test_history_tells_of_holds(self):
        wallet = self.funded(100)
        held = self.ok(self.http.hold(wallet, 60, key=wallet + "-h"))["holdId"]
        self.ok(self.http.capture(wallet, held, 20, key=wallet + "-c"))
        other = self.ok(self.http.hold(wallet, 10))["holdId"]
        self.ok(self.http.void(wallet, other, key=wallet + "-v"))
        voided, _, captured, first, *_ = self.events(wallet)
        self.assertEqual([event["eventType"] for event in (first, captured, voided)],
                         ["FUNDS_HELD", "HOLD_CAPTURED", "HOLD_VOIDED"])
        self.assertEqual(first["metadata"], {"holdId": held, "requestId": wallet + "-h"})
        self.assertEqual(captured["metadata"], {"holdId": held, "requestId": wallet + "-c"})
        self.assertEqual(voided["metadata"], {"holdId": other, "requestId": wallet + "-v"})
        self.money(60, first["amount"])
        self.money(20, captured["amount"])
        self.money(10, voided["amount"])

    def test_a_hold_expires_by_itself(self):
        wallet = self.funded(100)
        expires = now() + timedelta(seconds=1.5)
        body = self.ok(self.http.hold(wallet, 60, expiresAt=format_time(expires)))
        self.assertLess(abs((parse_time(body["expiresAt"]) - expires).total_seconds()), 0.01)
        hold = self.http.path(wallet, f"/holds/{body['holdId']}")
        self.purse(wallet, 100, 40)
        wait_until(lambda: self.ok(self.http.wallet(wallet))["available"] == 100, 20, "what was held is available")
        self.assertGreaterEqual(now(), expires, "it expired before its time")
        self.assertEqual(self.ok(self.http.get(hold))["state"], "EXPIRED")
        self.refused(self.http.capture(wallet, body["holdId"]), 409, "HoldNotActiveError")
        self.refused(self.http.void(wallet, body["holdId"]), 409, "HoldNotActiveError")
        event = self.events(wallet)[0]
        self.assertEqual(event["eventType"], "HOLD_VOIDED")
        self.assertEqual((event["metadata"]["reason"], event["metadata"]["holdId"]), ("expired", body["holdId"]))

    def test_a_hold_that_is_called_expired_holds_nothing_any_more(self):
        wallet = self.funded(100)
        hold = self.ok(self.http.hold(wallet, 60, expiresAt=format_time(now() + timedelta(seconds=0.3))))["holdId"]
        path = self.http.path(wallet, f"/holds/{hold}")
        wait_until(lambda: self.ok(self.http.get(path))["state"] == "EXPIRED", 20, "the hold expires")
        self.ok(self.http.withdraw(wallet, 100))

    def test_a_bad_expiry_is_refused(self):
        wallet = self.funded(100)
        with self.unchanged(wallet):
            for text in ("soon", "", "2026-02-30T00:00:00Z", 5, True, [], "9" * 40):
                self.invalid(self.http.hold(wallet, 1, expiresAt=text))

    def test_of_fifty_captures_at_once_one_wins(self):
        wallet = self.funded(100)
        hold = self.ok(self.http.hold(wallet, 60))["holdId"]
        answers = in_parallel(50, lambda index: self.http.capture(wallet, hold, 1) if index % 2
                              else self.http.void(wallet, hold))
        self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * 49)
        state = self.ok(self.http.get(self.http.path(wallet, f"/holds/{hold}")))["state"]
        left = 99 if state == "CAPTURED" else 100
        self.purse(wallet, left, left)


class HoldsOnPostgres(Holds):
    on_postgres = True


class HoldsSurvive(OwnServerCase):
    def test_a_kill_and_expire_afterwards(self):
        server = self.serve()
        self.ok(server.client.deposit("w", 100))
        kept = self.ok(server.client.hold("w", 10))["holdId"]
        expiring = self.ok(server.client.hold("w", 60, expiresAt=format_time(now() + timedelta(seconds=1))))["holdId"]
        server.restart()
        http = server.client
        wait_until(lambda: self.ok(http.wallet("w"))["available"] == 90, 30, "what was held is available")
        self.assertEqual(self.ok(http.get(f"/v1/wallet/w/holds/{expiring}"))["state"], "EXPIRED")
        self.ok(http.capture("w", kept))
        self.assertEqual(self.ok(http.wallet("w"))["balance"], 90)
        server.stop()
        self.verified(server)
