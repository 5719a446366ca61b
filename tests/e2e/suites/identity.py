"""Users, tokens, second factors and API keys, from the contract's words."""

import base64
import hashlib
import hmac
import json
import os
import struct
import time

from ducat_e2e.case import UUID, OwnServerCase, ServerCase, in_parallel, unique
from ducat_e2e.processes import free_port
from ducat_e2e.server import ducat, set_options

PASSWORD = "correct horse battery staple"
UNAUTHENTICATED = "Invalid or missing authentication token"


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def totp(secret, step=None):
    """RFC 6238 of a base32 secret."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = int(time.time()) // 30 if step is None else step
    mac = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
    offset = mac[19] & 15
    return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7fffffff) % 1000000:06d}"


def processor_seconds(pid):
    """User and system time of all threads of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bearer(tokens):
    return {"Authorization": "Bearer " + (tokens if isinstance(tokens, str) else tokens["accessToken"])}


class IdentityCase(ServerCase):
    def data(self, answer, status=200):
        body = self.ok(answer, status)
        self.assertIs(body["success"], True)
        self.is_time(body["timestamp"])
        self.assertEqual(body["path"], answer.path)
        return body["data"]

    def post(self, path, body=None, tokens=None):
        return self.http.post("/api" + path, body, headers=bearer(tokens) if tokens else None)

    def get(self, path, tokens=None):
        return self.http.get("/api" + path, headers=bearer(tokens) if tokens else None)

    def account(self, **more):
        name = unique("u").replace("-", "_")
        return {"firstName": "Ann", "lastName": "Lee", "email": f"{name}@example.com", "password": PASSWORD,
                "username": name, **more}

    def sign_up(self, **more):
        """(what was sent, the tokens)"""
        sent = self.account(**more)
        return sent, self.data(self.post("/auth/signup", sent), 201)

    def login(self, sent, password=PASSWORD, **more):
        return self.post("/auth/login", {"username": sent["username"], "password": password, **more})

    def unauthenticated(self, answer):
        body = self.enveloped(answer, 401, "UNAUTHORIZED")
        self.assertEqual(body["error"]["message"], UNAUTHENTICATED)


class SigningUpAndIn(IdentityCase):
    def test_the_development_user_logs_in(self):
        tokens = self.data(self.post("/auth/login", {"username": "testuser", "password": "password123"}))
        self.assertEqual(tokens["tokenType"], "Bearer")
        self.assertEqual(tokens["expiresIn"], 86400)
        self.assertEqual({"id", "username", "email", "createdAt"}, set(tokens["user"]))
        self.assertEqual(tokens["user"]["email"], "test@example.com")
        me = self.data(self.get("/auth/me", tokens))
        self.assertEqual((me["id"], me["username"]), (tokens["user"]["id"], "testuser"))
        self.assertIn("user", me["roles"])

    def test_a_token_carries_the_claims_of_the_contract(self):
        sent, tokens = self.sign_up()
        claims = claims_of(tokens["accessToken"])
        self.assertLessEqual({"sub", "username", "email", "roles", "iat", "exp", "iss", "aud", "typ"}, set(claims))
        self.assertEqual((claims["sub"], claims["username"]), (tokens["user"]["id"], sent["username"]))
        self.assertEqual(claims["exp"] - claims["iat"], 86400)
        self.assertEqual(claims["roles"], ["user"])
        refresh = claims_of(tokens["refreshToken"])
        self.assertEqual(refresh["exp"] - refresh["iat"], 7 * 86400)
        self.assertRegex(tokens["user"]["id"], UUID)

    def test_login_by_name_and_address_and_signin_by_address(self):
        sent, made = self.sign_up()
        for path, body in (("/auth/login", {"username": sent["username"]}), ("/auth/login", {"username": sent["email"]}),
                           ("/auth/login", {"email": sent["email"]}), ("/auth/signin", {"email": sent["email"]})):
            with self.subTest(f"{path} {body}"):
                tokens = self.data(self.post(path, {**body, "password": PASSWORD}))
                self.assertEqual(tokens["user"], made["user"])

    def test_a_username_is_made_of_the_address(self):
        sent = self.account()
        del sent["username"]
        tokens = self.data(self.post("/auth/signup", sent), 201)
        self.assertEqual(tokens["user"]["username"], sent["email"].split("@")[0])
        sent["email"] = sent["email"].replace("@example.com", "@other.example")
        again = self.data(self.post("/auth/signup", sent), 201)
        self.assertNotEqual(again["user"]["username"], tokens["user"]["username"])

    def test_a_name_or_an_address_is_taken_once(self):
        sent, _ = self.sign_up()
        self.enveloped(self.post("/auth/signup", sent), 409, "ALREADY_EXISTS")
        self.enveloped(self.post("/auth/signup", self.account(email=sent["email"].upper())), 409, "ALREADY_EXISTS")
        self.enveloped(self.post("/auth/signup", self.account(username=sent["username"])), 409, "ALREADY_EXISTS")

    def test_of_many_that_sign_up_with_one_address_one_does(self):
        sent = self.account()
        answers = in_parallel(4, lambda i: self.post("/auth/signup", {**sent, "username": f"{sent['username']}{i}"}))
        self.assertEqual(sorted(answer.status for answer in answers), [201, 409, 409, 409])

    def test_wrong_credentials_look_the_same_whoever_they_are_for(self):
        sent, _ = self.sign_up()
        for body in ({"username": sent["username"], "password": "wrong password"},
                     {"username": unique("nobody"), "password": "wrong password"}):
            error = self.enveloped(self.post("/auth/login", body), 401, "UNAUTHORIZED")["error"]
            self.assertEqual(error, {"code": "UNAUTHORIZED", "message": "Invalid credentials"})

    def test_wrong_credentials_cost_the_same_work(self):
        """Measured as the server's own processor time: how long an answer takes is the rest of the machine's as well."""
        pid = self.server.pid_of("identity")

        def seconds(names):
            begin = processor_seconds(pid)
            for name in names:
                self.enveloped(self.post("/auth/login", {"username": name, "password": "wrong password"}), 401,
                               "UNAUTHORIZED")
            return processor_seconds(pid) - begin

        users = [self.sign_up()[0]["username"] for _ in range(10)]
        known = seconds(users)
        unknown = seconds([unique("nobody") for _ in range(10)])
        self.assertGreater(known, 0.05, "the process that hashes was measured")
        self.assertLess(max(known, unknown), 2 * min(known, unknown) + 0.05, "an unknown user skips no hash")

    def test_bad_input_is_told_field_by_field(self):
        for change in ({"password": "short"}, {"password": "password1"}, {"password": "QWERTYUIOP"},
                       {"password": "x" * 1025}, {"email": "nobody"}, {"username": "ab"}, {"username": "x" * 51},
                       {"username": "a@b.co"}, {"firstName": ""}, {"admin": True}, {"roles": ["admin"]}):
            with self.subTest(change):
                body = self.enveloped(self.post("/auth/signup", self.account(**change)), 400, "VALIDATION_ERROR")
                self.assertTrue(body["error"]["details"])
        for body in ({}, {"username": "testuser"}, {"password": PASSWORD}, {"username": "ab", "password": PASSWORD},
                     {"username": "x" * 51, "password": PASSWORD}, {"username": "testuser", "password": "12345"},
                     {"username": 5, "password": PASSWORD}):
            with self.subTest(body):
                self.enveloped(self.post("/auth/login", body), 400, "VALIDATION_ERROR")

    def test_a_long_password_works(self):
        sent, _ = self.sign_up(password="p" * 1024)
        self.data(self.login(sent, "p" * 1024))
        self.enveloped(self.login(sent, "p" * 1023), 401, "UNAUTHORIZED")


class Credentials(IdentityCase):
    def test_what_is_no_good_token_is_refused_before_anything_else(self):
        _, tokens = self.sign_up()
        good = tokens["accessToken"]
        head, body, mark = good.split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
        for given in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"}, {"Authorization": good},
                      {"Authorization": "Basic " + good}, {"Authorization": f"Bearer {head}.{body}."},
                      {"Authorization": f"Bearer {none}.{body}."}, {"Authorization": f"Bearer {none}.{body}.{mark}"},
                      {"Authorization": "Bearer " + tokens["refreshToken"]}, {"X-API-Key": "dk_" + "A" * 43}):
            with self.subTest(given):
                self.unauthenticated(self.http.get("/api/auth/me", headers=given))
                self.unauthenticated(self.http.post("/api/auth/change-password", b"{not json", headers=given))
        self.data(self.get("/auth/me", good))

    def test_a_permission_one_does_not_have_is_403(self):
        _, tokens = self.sign_up()
        path = f"/api/users/{tokens['user']['id']}/roles"
        self.enveloped(self.http.put(path, {"roles": ["admin"]}, headers=bearer(tokens)), 403, "FORBIDDEN")


class Sessions(IdentityCase):
    def test_a_refresh_token_works_once_and_a_used_one_revokes_its_family(self):
        sent, first = self.sign_up()
        other = self.data(self.login(sent))
        second = self.data(self.post("/auth/refresh", {"refreshToken": first["refreshToken"]}))
        self.assertNotEqual(second["refreshToken"], first["refreshToken"])
        self.data(self.get("/auth/me", second))
        self.enveloped(self.post("/auth/refresh", {"refreshToken": first["refreshToken"]}), 401, "UNAUTHORIZED")
        self.enveloped(self.post("/auth/refresh", {"refreshToken": second["refreshToken"]}), 401, "UNAUTHORIZED")
        self.unauthenticated(self.get("/auth/me", second))
        self.data(self.get("/auth/me", other))

    def test_what_is_no_refresh_token_is_refused(self):
        _, tokens = self.sign_up()
        for token in ("x", tokens["accessToken"], tokens["refreshToken"][:-2]):
            self.enveloped(self.post("/auth/refresh", {"refreshToken": token}), 401, "UNAUTHORIZED")
        self.enveloped(self.post("/auth/refresh", {}), 400, "VALIDATION_ERROR")

    def test_logout_ends_the_session(self):
        sent, first = self.sign_up()
        second = self.data(self.login(sent))
        self.data(self.post("/auth/logout", {"refreshToken": first["refreshToken"]}, first))
        self.unauthenticated(self.get("/auth/me", first))
        self.enveloped(self.post("/auth/refresh", {"refreshToken": first["refreshToken"]}), 401, "UNAUTHORIZED")
        self.data(self.get("/auth/me", second))

    def test_logout_all_ends_every_session(self):
        sent, first = self.sign_up()
        second = self.data(self.login(sent))
        self.data(self.post("/auth/logout-all", {}, first))
        for tokens in (first, second):
            self.unauthenticated(self.get("/auth/me", tokens))
            self.enveloped(self.post("/auth/refresh", {"refreshToken": tokens["refreshToken"]}), 401, "UNAUTHORIZED")
        self.data(self.get("/auth/me", self.data(self.login(sent))))

    def test_a_changed_password_ends_the_other_sessions(self):
        sent, first = self.sign_up()
        second = self.data(self.login(sent))
        change = {"oldPassword": PASSWORD, "newPassword": "another good phrase"}
        self.enveloped(self.post("/auth/change-password", {**change, "oldPassword": "wrong one"}, second), 401,
                       "UNAUTHORIZED")
        self.enveloped(self.post("/auth/change-password", {**change, "newPassword": "12345678"}, second), 400,
                       "VALIDATION_ERROR")
        self.data(self.post("/auth/change-password", change, second))
        self.unauthenticated(self.get("/auth/me", first))
        self.data(self.get("/auth/me", second))
        self.data(self.post("/auth/refresh", {"refreshToken": second["refreshToken"]}))
        self.enveloped(self.login(sent), 401, "UNAUTHORIZED")
        self.data(self.login(sent, "another good phrase"))


class Lockout(IdentityCase):
    def test_from_the_third_failure_on_an_early_attempt_is_429_and_five_lock(self):
        sent, _ = self.sign_up()
        for _ in range(3):
            self.enveloped(self.login(sent, "wrong password"), 401, "UNAUTHORIZED")
        early = self.login(sent)
        self.assertEqual(early.status, 429, early)
        self.assertEqual(early.headers["retry-after"], "1")
        for pause in (1.05, 2.05):
            end = time.monotonic() + pause
            while (answer := self.login(sent, "wrong password")).status == 429 and time.monotonic() < end + 5:
                pass
            self.assertEqual(answer.status, 401, answer)
            self.assertGreaterEqual(time.monotonic(), end - 0.1, "it was held back that long")
        locked = self.login(sent)
        self.enveloped(locked, 429, "ACCOUNT_LOCKED")
        self.assertTrue(880 <= int(locked.headers["retry-after"]) <= 900, locked.headers)


class Profiles(IdentityCase):
    def patch(self, user, body, tokens):
        return self.http.request("PATCH", f"/api/users/{user}", body, headers=bearer(tokens))

    def test_only_the_own_profile_and_only_three_fields(self):
        _, tokens = self.sign_up()
        mine = tokens["user"]["id"]
        user = self.data(self.patch(mine, {"firstName": "Bea", "avatar": "https://example.com/a.png"}, tokens))
        self.assertEqual((user["firstName"], user["lastName"], user["avatar"]),
                         ("Bea", "Lee", "https://example.com/a.png"))
        self.assertNotIn("assword", json.dumps(user))
        for body in ({"email": "x@example.com"}, {"password": PASSWORD}, {"roles": ["admin"]}, {"id": mine},
                     {"username": "root"}, {"firstName": 5}):
            with self.subTest(body):
                self.enveloped(self.patch(mine, body, tokens), 400, "VALIDATION_ERROR")
        _, other = self.sign_up()
        self.enveloped(self.patch(mine, {"firstName": "Eve"}, other), 403, "FORBIDDEN")
        self.enveloped(self.patch("01890000-0000-7000-8000-000000000000", {"firstName": "Eve"}, other), 403, "FORBIDDEN")


class TwoFactor(IdentityCase):
    def test_from_enrolment_to_the_end(self):
        sent, tokens = self.sign_up()
        enrolled = self.data(self.post("/auth/2fa/enroll", {}, tokens))
        self.assertTrue(enrolled["otpauthUri"].startswith("otpauth://totp/"))
        self.assertIn(enrolled["secret"], enrolled["otpauthUri"])
        self.assertTrue(enrolled["qrSvg"].startswith("<svg"))
        self.assertEqual(len(set(enrolled["recoveryCodes"])), 10)
        self.data(self.login(sent))
        self.enveloped(self.post("/auth/2fa/verify", {"code": "12345"}, tokens), 401, "UNAUTHORIZED")
        step = int(time.time()) // 30
        code = totp(enrolled["secret"], step)
        self.data(self.post("/auth/2fa/verify", {"code": code}, tokens))
        self.enveloped(self.login(sent), 401, "TWO_FACTOR_REQUIRED")
        self.enveloped(self.login(sent, "wrong password"), 401, "UNAUTHORIZED")
        self.data(self.login(sent, code=totp(enrolled["secret"], step + 1)))
        self.assertEqual(self.login(sent, code=totp(enrolled["secret"], step + 1)).status, 401, "a code works once")
        recovery = enrolled["recoveryCodes"][0]
        self.data(self.login(sent, code=recovery))
        self.assertEqual(self.login(sent, code=recovery).status, 401, "a recovery code as well")
        self.enveloped(self.post("/auth/2fa/enroll", {}, tokens), 409, "ALREADY_EXISTS")
        self.data(self.post("/auth/2fa/disable", {"code": enrolled["recoveryCodes"][1]}, tokens))
        self.data(self.login(sent))


class ApiKeys(IdentityCase):
    def test_a_key_stands_for_its_user_until_it_is_deleted(self):
        _, tokens = self.sign_up()
        made = self.data(self.post("/api-keys", {"name": "report", "scopes": ["wallet:read"]}, tokens), 201)
        self.assertTrue(made["key"].startswith("dk_"))
        given = {"X-API-Key": made["key"]}
        me = self.data(self.http.get("/api/auth/me", headers=given))
        self.assertEqual(me["id"], tokens["user"]["id"])
        listed = self.get("/api-keys", tokens)
        self.assertNotIn(made["key"], listed.text)
        self.assertEqual([key["id"] for key in self.data(listed)], [made["id"]])
        self.enveloped(self.http.post("/api/api-keys", {"name": "more"}, headers=given), 403, "FORBIDDEN")
        _, other = self.sign_up()
        path = "/api/api-keys/" + made["id"]
        self.enveloped(self.http.request("DELETE", path, headers=bearer(other)), 404, "NOT_FOUND")
        self.assertEqual(self.http.request("DELETE", path, headers=bearer(tokens)).status, 204)
        self.unauthenticated(self.http.get("/api/auth/me", headers=given))

    def test_bad_keys_are_not_made(self):
        _, tokens = self.sign_up()
        for body in ({}, {"name": ""}, {"name": "k", "scopes": ["everything"]}, {"name": "k", "scopes": "wallet:read"},
                     {"name": "k", "expiresAt": "2020-01-01T00:00:00Z"}, {"name": "k", "expiresAt": "soon"}):
            with self.subTest(body):
                self.enveloped(self.post("/api-keys", body, tokens), 400, "VALIDATION_ERROR")
        self.enveloped(self.post("/api-keys", {"name": "k", "scopes": ["jobs:manage"]}, tokens), 403, "FORBIDDEN")


class IdentityOnPostgres(SigningUpAndIn):
    on_postgres = True


class SessionsOnPostgres(Sessions):
    on_postgres = True


class AcrossProcesses(OwnServerCase):
    ENV = {"DUCAT_AUTH_JWT_SECRET": "e2e-secret-of-at-least-32-characters"}
    ANN = {"firstName": "Ann", "lastName": "Lee", "email": "ann@example.com", "password": PASSWORD, "username": "ann"}

    def test_tokens_and_what_was_revoked_outlive_a_kill(self):
        server = self.serve()
        made = server.client.post("/api/auth/signup", self.ANN).json["data"]
        kept = server.client.post("/api/auth/login", {"username": "ann", "password": PASSWORD}).json["data"]
        self.ok(server.client.post("/api/auth/logout", {}, headers=bearer(made)))
        server.restart()
        self.assertEqual(server.client.get("/api/auth/me", headers=bearer(made)).status, 401)
        self.assertEqual(server.client.get("/api/auth/me", headers=bearer(kept)).status, 200)
        self.assertEqual(server.client.post("/api/auth/refresh", {"refreshToken": kept["refreshToken"]}).status, 200)

    def test_production_lets_users_in_and_knows_no_development_user(self):
        server = self.serve(dev=False, env=self.ENV)
        client = server.client
        answer = client.post("/api/auth/login", {"username": "testuser", "password": "password123"})
        self.enveloped(answer, 401, "UNAUTHORIZED")
        self.enveloped(client.post("/api/auth/signup", {**self.ANN, "username": "testuser"}), 409, "ALREADY_EXISTS")
        tokens = client.post("/api/auth/signup", self.ANN).json["data"]
        self.assertEqual(client.deposit("w1", 5, headers=bearer(tokens)).status, 200)
        self.refused(client.deposit("w1", 5), 401)
        key = client.post("/api/api-keys", {"name": "k", "scopes": ["wallet:read"]}, headers=bearer(tokens)).json["data"]
        self.assertEqual(client.get("/v1/wallet/w1", headers={"X-API-Key": key["key"]}).status, 200)
        self.refused(client.deposit("w1", 5, headers={"X-API-Key": key["key"]}), 403)

    def test_an_administrator_gives_roles(self):
        settings = {"identity.admin_username": "root", "identity.admin_email": "root@example.com",
                    "identity.admin_password": PASSWORD}
        client = self.serve(settings, dev=False, env=self.ENV).client
        root = client.post("/api/auth/login", {"username": "root", "password": PASSWORD}).json["data"]
        ann = client.post("/api/auth/signup", self.ANN).json["data"]
        path = f"/api/users/{ann['user']['id']}/roles"
        self.assertEqual(client.put(path, {"roles": ["user", "auditor"]}, headers=bearer(root)).status, 200)
        self.assertEqual(client.get("/api/auth/me", headers=bearer(ann)).status, 401, "tokens carry roles")
        again = client.post("/api/auth/login", {"username": "ann", "password": PASSWORD}).json["data"]
        me = client.get("/api/auth/me", headers=bearer(again)).json["data"]
        self.assertEqual(sorted(me["roles"]), ["auditor", "user"])

    def test_production_does_not_start_on_a_development_database(self):
        server = self.serve()
        server.stop()
        stored = {name: value for name, value in server.settings.items() if name.startswith("storage.")}
        done = ducat(server.verb, "--data", server.data, "--port", free_port(), *set_options(stored), env=self.ENV)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertIn("testuser", done.stderr)
