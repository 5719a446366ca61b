"""Every refusal the contract names, word for word, and the bodies and request lines that a server has to survive."""

from decimal import Decimal

from ducat_e2e.case import ServerCase, unique
from ducat_e2e.client import BadAnswer, Connection, NoAnswer, request_bytes

JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024


class BusinessErrors(ServerCase):
    def test_insufficient_funds(self):
        wallet = self.funded(151)
        with self.unchanged(wallet):
            for answer in (self.http.withdraw(wallet, 100000), self.http.transfer(wallet, "bob", 100000),
                           self.http.hold(wallet, 100000)):
                self.refused(answer, 422, "InsufficientFundsError",
                             "Insufficient funds: balance=151.00, requested=100000.00")

    def test_a_frozen_wallet(self):
        wallet, other = self.funded(100), self.funded(100)
        self.ok(self.http.act(wallet, "freeze"))
        with self.unchanged(wallet):
            for answer in (self.http.deposit(wallet, 1), self.http.withdraw(wallet, 1), self.http.transfer(wallet,
                                                                                                           other, 1),
                           self.http.hold(wallet, 1), self.http.transfer(other, wallet, 1)):
                self.refused(answer, 422, "WalletNotActiveError", "Wallet is not active. Current status: FROZEN")
        self.assertEqual(self.balance(other), 100)

    def test_a_closed_wallet(self):
        wallet, other = self.funded(100), self.funded(100)
        self.ok(self.http.withdraw(wallet, 100))
        self.ok(self.http.act(wallet, "close"))
        with self.unchanged(wallet):
            for answer in (self.http.deposit(wallet, 1), self.http.withdraw(wallet, 1), self.http.transfer(wallet,
                                                                                                           other, 1),
                           self.http.hold(wallet, 1), self.http.transfer(other, wallet, 1)):
                self.refused(answer, 422, "WalletNotActiveError", "Wallet is not active. Current status: CLOSED")
        self.assertEqual(self.balance(other), 100)

    def test_the_daily_limit(self):
        wallet = self.funded(1000)
        self.ok(self.http.daily_limit(wallet, 100))
        with self.unchanged(wallet):
            for answer in (self.http.withdraw(wallet, 150), self.http.transfer(wallet, "bob", 150)):
                self.refused(answer, 422, "WithdrawalLimitExceededError",
                             "Withdrawal limit exceeded: requested=150.00, daily limit=100.00")

    def test_another_currency(self):
        dollars, euros = self.funded(100), self.funded(100, "EUR")
        with self.unchanged(dollars), self.unchanged(euros):
            self.refused(self.http.deposit(dollars, 1, currency="EUR"), 422, "CurrencyMismatchError")
            self.refused(self.http.transfer(dollars, euros, 1), 422, "CurrencyMismatchError")

    def test_naming_the_wallets_own_currency_is_no_error(self):
        euros = self.funded(100, "EUR")
        self.ok(self.http.deposit(euros, 1, currency="EUR"))
        self.ok(self.http.deposit(euros, 1))
        self.assertEqual(self.balance(euros), 102)

    def test_a_transfer_to_the_same_wallet(self):
        wallet = self.funded(100)
        with self.unchanged(wallet):
            self.refused(self.http.transfer(wallet, wallet, 1), 400, message="Cannot transfer to the same wallet")

    def test_a_transfer_from_nobody(self):
        receiver = unique("bob")
        self.refused(self.http.transfer("nobody", receiver, 1), 404, message="Wallet nobody not found")
        self.assertEqual(self.events("nobody"), [])
        self.assertEqual(self.events(receiver), [])

    def test_a_withdrawal_is_judged_in_the_order_the_contract_names(self):
        wallet = self.funded(50)
        self.ok(self.http.daily_limit(wallet, 10))
        self.refused(self.http.withdraw(wallet, 100), 422, "WithdrawalLimitExceededError")
        self.ok(self.http.act(wallet, "freeze"))
        self.refused(self.http.withdraw(wallet, 100), 422, "WalletNotActiveError")
        self.invalid(self.http.withdraw(wallet, -100))
        self.ok(self.http.act(wallet, "unfreeze"))
        self.ok(self.http.daily_limit(wallet, None))
        self.refused(self.http.withdraw(wallet, 100), 422, "InsufficientFundsError")

    def test_an_unknown_field(self):
        wallet = self.funded(100)
        with self.unchanged(wallet):
            self.invalid(self.http.withdraw(wallet, 1, currency="USD"), "property currency should not exist")
            self.invalid(self.http.deposit(wallet, 1, note="x"), "property note should not exist")
            self.invalid(self.http.deposit(wallet, 1, walletId="x"), "property walletId should not exist")
            self.invalid(self.http.deposit(wallet, 1, Amount=2), "property Amount should not exist")
            self.invalid(self.http.deposit(wallet, 1, __proto__={}), "property __proto__ should not exist")
            self.invalid(self.http.hold(wallet, 1, holdId="x"), "property holdId should not exist")

    def test_fields_of_a_wrong_type(self):
        wallet = self.funded(100)
        with self.unchanged(wallet):
            for to in (5, True, None, [], {}):
                self.invalid(self.http.transfer(wallet, to, 1))
            self.invalid(self.http.post(self.http.path(wallet, "/transfer"), {"amount": 1}))
            self.invalid(self.http.daily_limit(wallet, "many"))
            self.invalid(self.http.daily_limit(wallet, -1))
            self.invalid(self.http.daily_limit(wallet, 1, reason=5))


class BrokenBodies(ServerCase):
    def setUp(self):
        super().setUp()
        self.wallet = self.funded(100)

    def put_body(self, body, headers=None):
        return self.http.request("POST", self.http.path(self.wallet, "/deposit"), body, headers=headers)

    def test_malformed_json(self):
        for body in (b"", b"{", b'{"amount":1', b'{"amount":1}}', b'{"amount":1}{"amount":1}', b"amount=1",
                     b'{amount:1}',
                     b"{'amount':1}", b'{"amount":1,}', b'{"amount":1} x', b'{"amount" 1}', b"<a/>", b"\x00",
                     b'{"amount":1}\x00', b'/**/{"amount":1}', b'{"amount":"1}', b'{"amount":1,"x":"\x01"}',
                     b'{"a":"\\x"}',
                     b'{"amount":tru}'):
            with self.subTest(body[:40]), self.unchanged(self.wallet):
                self.refused(self.put_body(body), 400)

    def test_json_that_is_no_object(self):
        for body in (b"[]", b"5", b'"x"', b"null", b"true", b'[{"amount":1}]'):
            with self.subTest(body), self.unchanged(self.wallet):
                self.refused(self.put_body(body), 400)

    def test_a_key_that_stands_twice(self):
        for body in (b'{"amount":1,"amount":2}', b'{"amount":1,"amount":1}', b'{"amount":1,"\\u0061mount":2}',
                     b'{"currency":"USD","amount":1,"currency":"EUR"}'):
            with self.subTest(body), self.unchanged(self.wallet):
                self.refused(self.put_body(body), 400)

    def test_invalid_utf_8(self):
        for text in (b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"):
            body = b'{"amount":1,"toWalletId":"' + text + b'"}'
            with self.subTest(text), self.unchanged(self.wallet):
                self.refused(self.http.request("POST", self.http.path(self.wallet, "/transfer"), body), 400)
                self.refused(self.put_body(b'{"amount":1,"currency":"' + text + b'"}'), 400)

    def test_a_lone_surrogate(self):
        for text in (b"\\ud800", b"\\udc00", b"\\ud800x", b"\\ud800\\u0041"):
            body = b'{"amount":1,"toWalletId":"' + text + b'"}'
            with self.subTest(text), self.unchanged(self.wallet):
                self.refused(self.http.request("POST", self.http.path(self.wallet, "/transfer"), body), 400)

    def test_deep_nesting(self):
        for body in (b"[" * 200000, b'{"amount":' + b"[" * 100000 + b"]" * 100000 + b"}",
                     b'{"a":' * 100000 + b"1" + b"}" * 100000,
                     b'{"amount":1,"x":' + b"[" * 5000 + b"]" * 5000 + b"}"):
            with self.subTest(f"{body[:12]} of {len(body)} bytes"), self.unchanged(self.wallet):
                self.refused(self.put_body(body), 400)

    def test_a_wrong_media_type(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                     "application/xml",
                     "application/jsonx", "json"):
            with self.subTest(kind), self.unchanged(self.wallet):
                self.refused(self.put_body(b'{"amount":1}', {"Content-Type": kind}), 415)

    def test_json_by_any_of_its_spellings(self):
        for kind in ("application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"):
            with self.subTest(kind):
                self.ok(self.put_body(b'{"amount":1}', {"Content-Type": kind}))

    def padded(self, size):
        body = b'{"amount":1}'
        return body + b" " * (size - len(body))

    def test_a_body_of_exactly_one_mebibyte_is_read(self):
        self.ok(self.put_body(self.padded(MIB)))

    def test_a_larger_body_is_refused_by_its_length(self):
        with self.unchanged(self.wallet):
            self.refused(self.put_body(self.padded(MIB + 1)), 413)

    def test_a_huge_length_is_refused_before_the_body_comes(self):
        for length in (MIB * 100, 2**62, 2**64 - 1):
            with self.subTest(length), Connection(self.server.port, 10) as wire:
                wire.send(request_bytes("POST", self.http.path(self.wallet, "/deposit"),
                                        [("Content-Type", "application/json"), ("Content-Length", length)]))
                self.assertEqual(wire.read_answer().status, 413)

    def chunked(self, body, size=16384):
        pieces = [body[start:start + size] for start in range(0, len(body), size)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    def send_chunked(self, body):
        path = self.http.path(self.wallet, "/deposit")
        with Connection(self.server.port, 10) as wire:
            head = request_bytes("POST", path, [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
            try:
                wire.send(head + self.chunked(body))
            except NoAnswer:
                pass  # it may close before it has read everything, once it has said why
            return wire.read_answer("POST", path)

    def test_a_chunked_body_is_read(self):
        self.ok(self.send_chunked(b'{"amount":1}'))
        self.ok(self.send_chunked(self.padded(MIB)))

    def test_a_larger_chunked_body_is_refused(self):
        with self.unchanged(self.wallet):
            self.refused(self.send_chunked(self.padded(MIB + 1)), 413)


class Routes(ServerCase):
    def test_an_unknown_route_is_404_in_the_envelope(self):
        for path in ("/nowhere", "/v1/nowhere", "/v1/wallet", "/v1/wallet/a/b/c/d/e", "/v1/wallet/a/nothing",
                     "/v2/wallet/a",
                     "/v1/nowhere?page=1"):
            with self.subTest(path):
                self.enveloped(self.http.get(path), 404, "NOT_FOUND")
        self.enveloped(self.http.post("/v1/nowhere", {}), 404, "NOT_FOUND")

    def test_a_wrong_method_is_405_and_names_the_right_ones(self):
        for method, rest, allowed in (("DELETE", "", "GET"), ("POST", "", "GET"), ("GET", "/deposit", "POST"),
                                      ("PUT", "/withdraw", "POST"), ("DELETE", "/transfer", "POST"),
                                      ("POST", "/history", "GET"),
                                      ("GET", "/freeze", "POST"), ("POST", "/daily-limit", "PUT"),
                                      ("PATCH", "/deposit", "POST")):
            for prefix in ("/v1/wallet", "/wallet"):
                with self.subTest(f"{method} {prefix}{rest}"):
                    answer = self.http.request(method, f"{prefix}/{unique()}{rest}")
                    self.refused(answer, 405)
                    self.assertIn(allowed, [word.strip() for word in answer.headers.get("allow", "").split(",")])

    def test_a_bad_query_is_refused(self):
        wallet = self.funded(1)
        for query in ("?limit=abc", "?limit=1.5", "?limit=0", "?limit=-1", "?limit=1001", "?offset=-1", "?offset=x",
                      "?limit=99999999999999999999", "?limit=", "?limit=1e1", "?offset="):
            with self.subTest(query):
                self.invalid(self.http.history(wallet, query))
        for query in ("?at=yesterday", "?at=2026-13-01T00:00:00Z", "?at=2026-02-30T00:00:00Z"):
            with self.subTest(query):
                self.invalid(self.http.wallet(wallet, query))

    def test_errors_name_the_path_as_it_was_asked(self):
        answer = self.http.get("/v1/wallet/x/history?limit=abc&offset=3")
        self.assertEqual(self.refused(answer, 400)["path"], "/v1/wallet/x/history?limit=abc&offset=3")


class Wire(ServerCase):
    """Requests that are wrong or odd below JSON."""

    def raw(self, data, answers=1):
        """The statuses that come back; the server may close instead of answering the rest."""
        statuses = []
        with Connection(self.server.port, 10) as wire:
            wire.send(data)
            try:
                while len(statuses) < answers:
                    statuses.append(wire.read_answer().status)
            except NoAnswer:
                statuses.append(None)
        return statuses

    def test_broken_requests_are_400_or_cut_and_never_served(self):
        body = b'{"amount":1}'
        wallet = self.funded(5)
        path = self.http.path(wallet, "/deposit").encode()
        start = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with self.unchanged(wallet):
            for head in (b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                         start + b"Content-Length: x\r\n\r\n", start + b"Content-Length: -1\r\n\r\n",
                         start + b"Content-Length: 12\r\nContent-Length: 13\r\n\r\n" + body,
                         start + b"Content-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                         start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                         start + b"Bad Header: 1\r\nContent-Length: 12\r\n\r\n" + body,
                         b"POST " + path + b" HTTP/9.9\r\nHost: x\r\n\r\n"):
                with self.subTest(head[:60]):
                    self.assertIn(self.raw(head)[0], (400, 413, 505, 501, None))

    def test_endless_headers_are_refused(self):
        head = b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 1000) for i in range(200))
        self.assertIn(self.raw(head + b"\r\n")[0], (400, 413, 431, None))

    def test_an_endless_request_line_is_refused(self):
        self.assertIn(self.raw(b"GET /" + b"x" * 200000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")[0], (400, 404, 414, 431,
                                                                                                None))

    def test_pipelined_requests_are_answered_in_order(self):
        wallet = unique()
        body = b'{"amount":1}'
        one = request_bytes("POST", self.http.path(wallet, "/deposit"),
                            [("Content-Type", "application/json"), ("Content-Length", len(body))], body)
        with Connection(self.server.port, 20) as wire:
            wire.send(one * 200)
            balances = [wire.read_answer("POST").json["balance"] for _ in range(200)]
        self.assertEqual(balances, list(range(1, 201)))

    def test_pipelined_refusals_do_not_disturb_their_neighbours(self):
        wallet = self.funded(5)
        good = request_bytes("GET", self.http.path(wallet))
        bad = request_bytes("POST", self.http.path(wallet, "/withdraw"),
                            [("Content-Type", "application/json"), ("Content-Length", 13)], b'{"amount":-1}')
        with Connection(self.server.port, 20) as wire:
            wire.send((good + bad) * 20)
            self.assertEqual([wire.read_answer().status for _ in range(40)], [200, 400] * 20)

    def test_a_half_closed_connection_still_gets_its_answer(self):
        wallet, body = unique(), b'{"amount":7}'
        with Connection(self.server.port, 10) as wire:
            wire.send(request_bytes("POST", self.http.path(wallet, "/deposit"),
                                    [("Content-Type", "application/json"), ("Content-Length", len(body))], body))
            wire.socket.shutdown(1)
            self.assertEqual(wire.read_answer("POST").json["balance"], 7)

    def test_a_request_that_comes_byte_by_byte_is_served_and_holds_nobody_up(self):
        wallet, body = unique(), b'{"amount":7}'
        data = request_bytes("POST", self.http.path(wallet, "/deposit"),
                             [("Content-Type", "application/json"), ("Content-Length", len(body))], body)
        with Connection(self.server.port, 20) as wire:
            for index in range(len(data)):
                wire.send(data[index:index + 1])
                if index % 20 == 0:
                    self.ok(self.http.wallet(wallet))
            self.assertEqual(wire.read_answer("POST").json["balance"], 7)

    def test_a_client_that_leaves_before_its_answer_hurts_nobody(self):
        wallet, body = unique(), b'{"amount":1}'
        data = request_bytes("POST", self.http.path(wallet, "/deposit"),
                             [("Content-Type", "application/json"), ("Content-Length", len(body))], body)
        for _ in range(50):
            with Connection(self.server.port, 5) as wire:
                wire.send(data)
        for _ in range(20):
            with Connection(self.server.port, 5) as wire:
                wire.send(data[:-5])
        balance = self.balance(wallet)
        self.assertLessEqual(balance, 50)
        self.assertEqual(Decimal(sum(event["amount"] or 0 for event in self.events(wallet))), self.balance(wallet))

    def test_expect_100_continue(self):
        wallet, body = unique(), b'{"amount":7}'
        with Connection(self.server.port, 10) as wire:
            wire.send(request_bytes("POST", self.http.path(wallet, "/deposit"),
                                    [("Content-Type", "application/json"), ("Content-Length", len(body)),
                                     ("Expect", "100-continue")]))
            first = wire.read_answer("POST")
            self.assertEqual(first.status, 100)
            wire.send(body)
            self.assertEqual(wire.read_answer("POST").json["balance"], 7)

    def test_http_1_0_and_connection_close_end_the_connection(self):
        for data in (b"GET /health HTTP/1.0\r\n\r\n", b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
            with self.subTest(data[:30]), Connection(self.server.port, 10) as wire:
                wire.send(data)
                self.assertEqual(wire.read_answer().status, 200)
                self.assertRaises((NoAnswer, BadAnswer), wire.read_answer)

    def test_head_answers_as_get_without_a_body(self):
        answer = self.http.request("HEAD", "/health")
        self.assertEqual((answer.status, answer.body), (200, b""))
