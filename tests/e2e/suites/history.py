"""Histories page by page, and the balance at a time."""

import re
import time
from datetime import timedelta
from decimal import Decimal

from ducat_e2e.case import ServerCase, format_time, now, parse_time, unique
from ducat_e2e.operations import deposit


class History(ServerCase):
    def filled(self, count):
        """A wallet with `count` events, two at least."""
        wallet = unique()
        self.ok(self.http.deposit(wallet, 1))
        if count > 2:
            self.ok(self.http.batch([deposit(wallet, 1) for _ in range(count - 2)]))
        return wallet

    def test_pages_by_offset_are_the_list_cut_in_pieces(self):
        wallet = self.filled(25)
        whole = self.events(wallet)
        self.assertEqual(len(whole), 25)
        self.assertEqual([event["id"] for event in whole], sorted((event["id"] for event in whole), reverse=True))
        pieces = [self.events(wallet, f"?limit=10&offset={offset}") for offset in (0, 10, 20, 30)]
        self.assertEqual([len(piece) for piece in pieces], [10, 10, 5, 0])
        self.assertEqual(sum(pieces, []), whole)
        self.assertEqual(self.events(wallet, "?limit=1&offset=24"), whole[24:])
        self.assertEqual(self.events(wallet, "?offset=1000000"), [])

    def test_a_hundred_unless_said_and_a_thousand_at_most(self):
        wallet = self.filled(1100)
        self.assertEqual(len(self.events(wallet, "")), 100)
        self.assertEqual(len(self.events(wallet, "?limit=1000")), 1000)
        self.assertEqual(len(self.events(wallet, "?limit=1")), 1)
        self.invalid(self.http.history(wallet, "?limit=1001"))

    def pages(self, wallet, query, between=lambda: None):
        """All pages by cursor, `between` done after each."""
        pages, answer = [], self.http.history(wallet, query)
        while True:
            pages.append(self.ok(answer))
            cursor = answer.headers.get("x-next-cursor")
            if not cursor:
                self.assertNotIn("next", answer.headers.get("link", ""))
                return pages
            self.assertRegex(cursor, r"^[A-Za-z0-9_-]+=*$")
            found = re.match(r'<([^>]+)>; *rel="next"', answer.headers.get("link", ""))
            self.assertIsNotNone(found, f"Link: {answer.headers.get('link')!r}")
            between()
            target = re.sub(r"^https?://[^/]+", "", found[1])
            by_link, answer = self.http.get(target), self.http.history(wallet, f"?limit=10&cursor={cursor}")
            self.assertEqual(by_link.body, answer.body, "Link and X-Next-Cursor lead to the same page")
            self.assertLess(len(pages), 100)

    def test_pages_by_cursor_are_the_list_cut_in_pieces(self):
        for count in (2, 9, 10, 11, 20, 35):
            with self.subTest(count):
                wallet = self.filled(count)
                pages = self.pages(wallet, "?limit=10")
                self.assertEqual(sum(pages, []), self.events(wallet))
                self.assertEqual(len(pages), -(-count // 10), "no empty page at the end")

    def test_a_cursor_is_stable_while_events_come_in(self):
        wallet = self.filled(35)
        before = self.events(wallet)
        pages = self.pages(wallet, "?limit=10", lambda: self.ok(self.http.deposit(wallet, 1)))
        self.assertEqual(sum(pages, []), before)

    def test_a_bad_cursor_is_refused(self):
        wallet = self.filled(30)
        cursor = self.http.history(wallet, "?limit=10").headers["x-next-cursor"]
        for text in ("x", "%00", "!!!!", "a" * 600, cursor[:-3] + "$$$", "MTIzNDU2", cursor * 2):
            with self.subTest(text[:30]):
                self.refused(self.http.history(wallet, f"?limit=10&cursor={text}"), 400)

    def test_a_cursor_shows_only_the_wallet_that_is_asked(self):
        cursor = self.http.history(self.filled(30), "?limit=10").headers["x-next-cursor"]
        other = self.filled(3)
        answer = self.http.history(other, f"?limit=10&cursor={cursor}")
        if answer.status == 200:
            self.assertLessEqual({event["walletId"] for event in answer.json}, {other})
        else:
            self.refused(answer, 400)

    def test_the_balance_is_the_sum_of_the_history(self):
        wallet = self.funded(1000)
        self.ok(self.http.withdraw(wallet, Decimal("0.37")))
        self.ok(self.http.transfer(wallet, unique("bob"), Decimal("13.13")))
        self.ok(self.http.capture(wallet, self.ok(self.http.hold(wallet, 50))["holdId"], Decimal("7.01")))
        self.ok(self.http.void(wallet, self.ok(self.http.hold(wallet, 50))["holdId"]))
        signs = {"FUNDS_DEPOSITED": 1, "FUNDS_WITHDRAWN": -1, "HOLD_CAPTURED": -1}
        total = sum(signs.get(event["eventType"], 0) * (event["amount"] or 0) for event in self.events(wallet))
        self.assertEqual(total, self.balance(wallet))

    def between_events(self):
        """A moment that lies between what was answered and what will be asked."""
        begin = time.time()
        while time.time() < begin + 0.003:
            pass
        moment = now()
        while time.time() < begin + 0.006:
            pass
        return moment

    def test_the_balance_at_a_time(self):
        wallet, moments = unique(), []
        for change in (100, -30, 5):
            moments.append(self.between_events())
            self.ok(self.http.deposit(wallet, change) if change > 0 else self.http.withdraw(wallet, -change))
        moments.append(self.between_events())
        for moment, balance in zip(moments, (0, 100, 70, 75)):
            body = self.ok(self.http.wallet(wallet, f"?at={format_time(moment)}"))
            self.assertEqual(body["walletId"], wallet)
            self.money(balance, body["balance"], where=f"at {moment}")

    def test_the_balance_long_ago_and_far_ahead(self):
        wallet = self.funded(100)
        for moment, balance in ((now() - timedelta(days=365), 0), (now() + timedelta(days=365), 100)):
            self.money(balance, self.ok(self.http.wallet(wallet, f"?at={format_time(moment)}"))["balance"])
        unknown = self.ok(self.http.wallet(unique(), f"?at={format_time(now())}"))
        self.money(0, unknown["balance"])

    def test_the_balance_at_an_events_own_time_has_that_event_in_it(self):
        wallet = unique()
        for _ in range(3):
            self.ok(self.http.deposit(wallet, 10))
            self.between_events()
        events = [event for event in reversed(self.events(wallet)) if event["eventType"] == "FUNDS_DEPOSITED"]
        for count, event in enumerate(events, 1):
            self.money(10 * count, self.ok(self.http.wallet(wallet, f"?at={event['createdAt']}"))["balance"])
        times = [parse_time(event["createdAt"]) for event in events]
        self.assertEqual(times, sorted(times))

    def test_other_spellings_of_a_time(self):
        wallet = self.funded(100)
        for text in ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5Z", "2020-01-01T02:00:00%2B02:00"):
            with self.subTest(text):
                self.money(0, self.ok(self.http.wallet(wallet, f"?at={text}"))["balance"])


class HistoryOnPostgres(History):
    on_postgres = True
