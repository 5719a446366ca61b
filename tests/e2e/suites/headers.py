"""What goes in and out with every answer: ids, security, compression, CORS, traces; and health."""

import ctypes
import ctypes.util
import gzip
import re
import unittest

from ducat_e2e.case import OwnServerCase, ServerCase, UUID7, unique
from ducat_e2e.operations import deposit

SECRET = "e2e-secret-of-at-least-32-characters"


def brotli_decode(data, most=1 << 22):
    """By Debian's libbrotlidec, as Python has no brotli of its own."""
    name = ctypes.util.find_library("brotlidec")
    if name is None:
        raise unittest.SkipTest("libbrotlidec is not installed")
    out, size = ctypes.create_string_buffer(most), ctypes.c_size_t(most)
    done = ctypes.CDLL(name).BrotliDecoderDecompress(ctypes.c_size_t(len(data)), data, ctypes.byref(size), out)
    if done != 1:
        raise AssertionError("this is not brotli")
    return out.raw[:size.value]


class Headers(ServerCase):
    def every_kind_of_answer(self):
        wallet = self.funded(1)
        return [self.http.wallet(wallet), self.http.deposit(wallet, 1), self.http.withdraw(wallet, 100),
                self.http.deposit(wallet, -1), self.http.get("/nowhere"), self.http.request("DELETE", "/v1/wallet/x"),
                self.http.get("/health"), self.http.get("/documentation/json")]

    def test_a_request_id_is_made(self):
        ids = [answer.headers.get("x-request-id", "") for answer in self.every_kind_of_answer()]
        for found in ids:
            self.assertRegex(found, UUID7)
        self.assertEqual(len(set(ids)), len(ids))

    def test_a_request_id_is_echoed(self):
        for path in (self.http.path(unique()), "/nowhere", "/health", "/v1/wallet/x/history?limit=x"):
            given = unique("request")
            self.assertEqual(self.http.get(path, headers={"X-Request-ID": given}).headers["x-request-id"], given)

    def test_security_headers_are_everywhere(self):
        for answer in self.every_kind_of_answer():
            with self.subTest(answer.path):
                self.assertEqual(answer.headers.get("x-content-type-options"), "nosniff")
                self.assertIn(answer.headers.get("x-frame-options", "").upper(), ("DENY", "SAMEORIGIN"))
                self.assertTrue(answer.headers.get("referrer-policy"))
                self.assertTrue(answer.headers.get("content-security-policy"))
                self.assertNotIn("strict-transport-security", answer.headers)

    def test_a_trace_is_carried_on(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        answer = self.http.get(self.http.path(unique()), headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        self.assertRegex(answer.headers.get("traceparent", ""), f"^00-{trace}-[0-9a-f]{{16}}-0[01]$")

    def test_a_broken_trace_is_replaced(self):
        for given in ("nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
                      "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"):
            found = self.http.get(self.http.path(unique()), headers={"traceparent": given}).headers.get("traceparent",
                                                                                                        "")
            self.assertRegex(found, "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$")
            self.assertNotIn("0" * 32, found)

    def long_history(self):
        wallet = unique()
        self.ok(self.http.batch([deposit(wallet, 1) for _ in range(60)]))
        path = self.http.path(wallet, "/history")
        plain = self.http.get(path)
        self.assertNotIn("content-encoding", plain.headers)
        self.assertGreater(len(plain.body), 1024)
        return path, plain.body

    def test_compression_when_asked_for(self):
        path, plain = self.long_history()
        for asked, given, decoder in (("gzip", "gzip", gzip.decompress), ("br", "br", brotli_decode),
                                      ("gzip;q=0, br", "br", brotli_decode), ("br;q=0, gzip;q=0.5", "gzip",
                                                                              gzip.decompress)):
            with self.subTest(asked):
                answer = self.http.get(path, headers={"Accept-Encoding": asked})
                self.assertEqual(answer.headers.get("content-encoding"), given)
                self.assertLess(len(answer.body), len(plain))
                self.assertEqual(decoder(answer.body), plain)
                self.assertIn("accept-encoding", answer.headers.get("vary", "").lower())

    def test_no_compression_when_not_wanted(self):
        path, plain = self.long_history()
        for asked in ("identity", "gzip;q=0", "br;q=0, gzip;q=0", "zstd"):
            answer = self.http.get(path, headers={"Accept-Encoding": asked})
            self.assertNotIn("content-encoding", answer.headers, asked)
            self.assertEqual(answer.body, plain)

    def test_small_bodies_stay_as_they_are(self):
        answer = self.http.get(self.http.path(unique()), headers={"Accept-Encoding": "gzip, br"})
        self.assertNotIn("content-encoding", answer.headers)

    def test_development_allows_every_origin(self):
        origin = "https://shop.example"
        answer = self.http.get(self.http.path(unique()), headers={"Origin": origin})
        self.assertIn(answer.headers.get("access-control-allow-origin"), ("*", origin))
        preflight = self.http.request("OPTIONS", self.http.path(unique(), "/deposit"), headers={
            "Origin": origin, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,idempotency-key"})
        self.assertIn(preflight.status, (200, 204))
        self.assertIn(preflight.headers.get("access-control-allow-origin"), ("*", origin))
        self.assertIn("POST", preflight.headers.get("access-control-allow-methods", ""))
        allowed = preflight.headers.get("access-control-allow-headers", "").lower()
        self.assertTrue("idempotency-key" in allowed and "content-type" in allowed, allowed)

    def test_pages_may_read_the_headers_that_matter(self):
        answer = self.http.get(self.http.path(unique()), headers={"Origin": "https://shop.example"})
        exposed = answer.headers.get("access-control-expose-headers", "").lower()
        for name in ("x-request-id", "idempotent-replayed", "x-next-cursor", "retry-after"):
            self.assertIn(name, exposed)


class Health(ServerCase):
    def test_the_process_says_how_it_is(self):
        for path in ("/health", "/health/live", "/health/ready"):
            with self.subTest(path):
                self.assertEqual(self.ok(self.http.get(path))["status"], "ok")

    def test_health_tells_of_its_parts(self):
        body = self.ok(self.http.get("/health"))
        self.assertTrue(re.match(r"\d+\.\d+", body["version"]))
        self.assertIn("wallet", [part["name"] for part in body["components"]])

    def test_the_ready_line_names_the_address(self):
        self.assertEqual(self.server.ready_line.count("\n"), 1)
        self.assertIn(f"http://127.0.0.1:{self.server.port}", self.server.ready_line)


class CorsInProduction(OwnServerCase):
    def test_only_the_listed_origins_may_call(self):
        server = self.serve({"cors.origins": "https://shop.example,https://bank.example"}, dev=False,
                            env={"DUCAT_AUTH_JWT_SECRET": SECRET})
        for origin, allowed in (("https://shop.example", True), ("https://bank.example", True),
                                ("https://evil.example", False),
                                ("https://shop.example.evil", False), ("http://shop.example", False), ("null", False)):
            with self.subTest(origin):
                found = server.client.get("/health",
                                          headers={"Origin": origin}).headers.get("access-control-allow-origin")
                self.assertEqual(found, origin if allowed else None)

    def test_without_a_list_nobody_may(self):
        server = self.serve(dev=False, env={"DUCAT_AUTH_JWT_SECRET": SECRET})
        answer = server.client.get("/health", headers={"Origin": "https://shop.example"})
        self.assertNotIn("access-control-allow-origin", answer.headers)
