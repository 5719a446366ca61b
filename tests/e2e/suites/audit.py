"""The audit log from outside: reading is open in development, writing never is; proofs are checked with nothing but
the contract and docs/audit.md."""

import base64
import hashlib

from ducat_e2e.case import UUID7, OwnServerCase, ServerCase, now, parse_time, unique

NOWHERE = "019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de"
FIELDS = {"id", "action", "entityType", "entityId", "userId", "status", "metadata", "changes", "ipAddress", "userAgent",
          "correlationId", "serviceName", "createdAt", "sequence", "hash", "previousHash"}


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from(leaf, index, size, path):
    """RFC 9162, section 2.1.3.2."""
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if at % 2 or at == last:
            found = node(sibling, found)
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            found = node(found, sibling)
        at, last = at // 2, last // 2
    return found if last == 0 else None


class AuditCase(ServerCase):
    def data(self, answer, status=200):
        body = self.ok(answer, status)
        self.assertIs(body["success"], True)
        self.is_time(body["timestamp"], now())
        self.assertEqual(body["path"], answer.path)
        return body["data"]

    def writer(self):
        """Headers of somebody who may write; the test is skipped where nobody can log in or may."""
        login = self.http.post("/api/auth/login", {"username": "testuser", "password": "password123"})
        if login.status != 200:
            self.skipTest("nobody can log in")
        headers = [("Authorization", "Bearer " + login.json["data"]["accessToken"])]
        if self.http.post("/api/audit-logs", {"action": "READ", "entityType": "Probe"}, headers=headers).status == 403:
            self.skipTest("the development user may not write to the audit log")
        return headers


class AuditLog(AuditCase):
    def test_the_list_has_pages(self):
        page = self.data(self.http.get("/api/audit-logs?limit=5"))
        self.assertEqual(set(page), {"data", "total", "page", "limit", "totalPages"})
        self.assertEqual((page["page"], page["limit"]), (1, 5))
        self.assertEqual(page["totalPages"], -(-page["total"] // 5))

    def test_a_bad_filter_is_refused(self):
        for query in ("page=0", "limit=101", "limit=0", "action=EAT", "status=OK", "startDate=yesterday",
                      "sortBy=userId", "sortOrder=UP"):
            self.enveloped(self.http.get("/api/audit-logs?" + query), 400, "VALIDATION_ERROR")

    def test_every_filter_and_order_is_taken(self):
        for query in ("action=LOGIN", "entityType=User&entityId=x", "userId=u", "status=ROLLED_BACK", "status=SUCCESS",
                      "correlationId=c", "serviceName=s", "startDate=2026-01-01T00:00:00Z", "endDate=2026-01-01",
                      "sortBy=action&sortOrder=ASC", "sortBy=entityType", "page=1000"):
            self.data(self.http.get("/api/audit-logs?" + query))

    def test_what_is_not_there(self):
        self.enveloped(self.http.get("/api/audit-logs/" + NOWHERE), 404, "NOT_FOUND")
        self.enveloped(self.http.get(f"/api/audit-logs/{NOWHERE}/proof"), 404, "NOT_FOUND")
        self.enveloped(self.http.get("/api/audit-logs/not-a-uuid"), 400, "VALIDATION_ERROR")
        self.assertEqual(self.data(self.http.get("/api/audit-logs/correlation/" + unique("c"))), [])
        self.assertEqual(self.data(self.http.get("/api/audit-logs/entity/Transaction/" + unique("e"))), [])

    def test_writing_needs_a_permission_in_development_too(self):
        self.enveloped(self.http.post("/api/audit-logs", {"action": "LOGIN", "entityType": "User"}), 401, "UNAUTHORIZED")

    def test_there_is_no_way_to_change_a_record(self):
        for verb in ("PUT", "PATCH", "DELETE"):
            answer = self.http.request(verb, "/api/audit-logs/" + NOWHERE, {} if verb != "DELETE" else None)
            self.assertEqual(answer.status, 405, answer)

    def test_the_checkpoint_is_a_signed_note(self):
        found = self.data(self.http.get("/api/audit-logs/checkpoint"))
        lines = found["note"].split("\n")
        self.assertEqual(lines[:3], [found["origin"], str(found["size"]), found["rootHash"]])
        self.assertEqual(lines[3], "")
        self.assertTrue(lines[4].startswith(f"\u2014 {found['origin']} "))
        name, key_id, key = found["publicKey"].split("+", 2)
        self.assertEqual(name, found["origin"])
        raw = base64.b64decode(key)
        self.assertEqual((len(raw), raw[0]), (33, 1))
        expected = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
        self.assertEqual(key_id, expected)
        signature = base64.b64decode(lines[4].rsplit(" ", 1)[1])
        self.assertEqual(signature[:4].hex(), key_id)
        self.assertEqual(len(signature), 68)

    def test_the_checkpoint_as_text_is_the_bare_note(self):
        answer = self.http.get("/api/audit-logs/checkpoint", headers=[("Accept", "text/plain")])
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.headers["content-type"].startswith("text/plain"), answer)
        self.assertEqual(answer.text.count("\n"), 5)

    def test_the_log_is_whole(self):
        found = self.data(self.http.post("/api/audit-logs/verify"))
        self.assertIs(found["valid"], True)
        head = self.data(self.http.get("/api/audit-logs/checkpoint"))
        if head["size"] == found["size"]:
            self.assertEqual(head["rootHash"], found["rootHash"])

    def test_records_are_chained_and_proven(self):
        headers, correlation = self.writer(), unique("c")
        made = []
        for action in ("LOGIN", "READ", "LOGOUT"):
            body = {"action": action, "entityType": "User", "entityId": "u1", "correlationId": correlation,
                    "metadata": {"amount": 1}}
            made.append(self.data(self.http.post("/api/audit-logs", body, headers=headers), 201))
        for record in made:
            self.assertLessEqual(FIELDS, set(record))
            self.assertRegex(record["id"], UUID7)
            self.assertIsNone(record["userId"])
            self.assertEqual(record["status"], "SUCCESS")
            self.is_time(record["createdAt"], now())
        self.assertEqual(self.data(self.http.get("/api/audit-logs/correlation/" + correlation)), made)
        self.assertEqual(self.data(self.http.get("/api/audit-logs/" + made[0]["id"])), made[0])
        self.assertLessEqual(parse_time(made[0]["createdAt"]), parse_time(made[2]["createdAt"]))
        for record in made:
            proof = self.data(self.http.get(f"/api/audit-logs/{record['id']}/proof"))
            leaf = base64.b64decode(proof["leafHash"])
            self.assertEqual(proof["leafHash"], record["hash"])
            self.assertEqual(hashlib.sha256(b"\x00" + base64.b64decode(proof["leafInput"])).digest(), leaf)
            root = root_from(leaf, proof["index"], proof["size"], [base64.b64decode(h) for h in proof["path"]])
            self.assertEqual(base64.b64encode(root).decode(), proof["checkpoint"].split("\n")[2])


class AuditLogOnPostgres(AuditLog):
    on_postgres = True


class AuditTool(OwnServerCase):
    def test_the_command_line_verifies_the_log_beside_the_server_and_after_it(self):
        server = self.serve()
        for _ in range(2):
            done = server.tool("audit", "verify")
            self.assertEqual(done.returncode, 0, done)
            self.assertIn("verified", done.stdout)
            if server.running:
                server.stop()

    def test_the_key_outlives_a_restart(self):
        server = self.serve()
        before = self.ok(server.client.get("/api/audit-logs/checkpoint"))["data"]["publicKey"]
        server.stop()
        server.start()
        self.assertEqual(self.ok(server.client.get("/api/audit-logs/checkpoint"))["data"]["publicKey"], before)
