"""Without --dev: nothing that matters is open, and it does not start without a secret."""

import base64
import hashlib
import hmac
import json
import os
import time

from ducat_e2e.case import Case, OwnServerCase
from ducat_e2e.processes import free_port, scratch
from ducat_e2e.server import ducat

SECRET = "e2e-secret-of-at-least-32-characters"
ENV = {"DUCAT_AUTH_JWT_SECRET": SECRET}
ROUTES = [("GET", "/v1/wallet/u1"), ("GET", "/wallet/u1"), ("GET", "/v1/wallet/u1/history"),
          ("POST", "/v1/wallet/u1/deposit"),
          ("POST", "/wallet/u1/deposit"), ("POST", "/v1/wallet/u1/withdraw"), ("POST", "/v1/wallet/u1/transfer"),
          ("POST", "/v1/wallet/u1/holds"), ("GET", "/v1/wallet/u1/holds"), ("POST", "/v1/wallet/u1/freeze"),
          ("POST", "/v1/wallet/u1/close"), ("PUT", "/v1/wallet/u1/daily-limit"), ("POST", "/v1/wallet/batch"),
          ("GET", "/v1/transfers/01890000-0000-7000-8000-000000000000")]


def token(secret, algorithm="HS256"):
    """A JWT that somebody made up."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    claims = {"sub": "mallory", "permissions": ["wallet:read", "wallet:write"], "scope": "wallet:read wallet:write",
              "iat": int(time.time()), "exp": int(time.time()) + 3600}
    signed = part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
    mark = part(hmac.new(secret.encode(), signed, hashlib.sha256).digest()) if algorithm == "HS256" else b""
    return (signed + b"." + mark).decode()


class Production(OwnServerCase):
    def test_wallet_routes_need_credentials(self):
        server = self.serve(dev=False, env=ENV)
        for method, path in ROUTES:
            with self.subTest(f"{method} {path}"):
                answer = server.client.request(method, path, {"amount": 1} if method != "GET" else None)
                self.refused(answer, 401)
                self.assertIn("www-authenticate", answer.headers)

    def test_forged_credentials_are_none(self):
        server = self.serve(dev=False, env=ENV)
        for given in ({"Authorization": "Bearer x"}, {"Authorization": "Bearer "}, {"Authorization": "Basic dTpw"},
                      {"X-API-Key": "x"}, {"Authorization": "Bearer " + token("another-secret-of-32-characters!")},
                      {"Authorization": "Bearer " + token("", "none")}):
            with self.subTest(given):
                self.refused(server.client.get("/v1/wallet/u1", headers=given), 401)
                self.refused(server.client.deposit("u1", 5, headers=given), 401)
        server.stop()
        self.verified(server)

    def test_health_and_documentation_are_open(self):
        server = self.serve(dev=False, env=ENV)
        for path in ("/health", "/health/live", "/health/ready", "/documentation", "/documentation/json"):
            self.assertIn(server.client.get(path).status, (200, 301, 302, 308), path)

    def test_metrics_are_not_open(self):
        server = self.serve(dev=False, env=ENV)
        self.assertNotEqual(server.client.get("/metrics").status, 200)

    def test_the_secret_is_in_no_answer_and_no_log(self):
        server = self.serve(dev=False, env=ENV)
        for path in ("/health", "/documentation/json"):
            self.assertNotIn(SECRET, server.client.get(path).text)
        server.stop()
        with open(server.log, encoding="utf-8") as log:
            self.assertNotIn(SECRET, log.read())


class RefusesToStart(Case):
    def refusal(self, *arguments, env=None):
        begin = time.monotonic()
        done = ducat("run", "--data", os.path.join(scratch("production"), "data"), "--port", free_port(), *arguments,
                     env=env)
        self.assertLess(time.monotonic() - begin, 2, "within 2 s")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        return done.stderr

    def test_without_a_secret(self):
        self.assertRegex(self.refusal(), "(?i)secret")

    def test_with_a_short_secret(self):
        words = self.refusal(env={"DUCAT_AUTH_JWT_SECRET": "short-one"})
        self.assertRegex(words, "(?i)secret")
        self.assertNotIn("short-one", words)

    def test_with_every_origin_allowed(self):
        self.assertRegex(self.refusal("--set", "cors.origins=*", env=ENV), "(?i)cors|origin")

    def test_development_on_a_public_address(self):
        self.assertIn("0.0.0.0", self.refusal("--dev", "--host", "0.0.0.0"))
