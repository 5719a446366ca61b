"""Transactions as one user sees them: creating, changing, deleting, listing, history. The promise itself, under kills,
stands in promise.py."""

from datetime import timedelta
from decimal import Decimal

from ducat_e2e.case import UUID, ServerCase, format_time, in_parallel, now, parse_time, unique

PATH = "/api/transactions"
FIELDS = {"id", "userId", "amount", "currency", "status", "description", "metadata", "createdAt", "updatedAt"}
NOBODYS = "01890000-0000-7000-8000-000000000000"


class TransactionCase(ServerCase):
    """A case with two users: `ann` and `bob` are their request headers, new for each class."""

    def setUp(self):
        super().setUp()
        kind = type(self)
        if "users" not in vars(kind) or kind.users[0] is not self.server:
            kind.users = (self.server, self.sign_up(), self.sign_up())
        self.ann, self.bob = kind.users[1:]

    def sign_up(self):
        name = unique("user")
        answer = self.http.post("/api/auth/signup", {"firstName": "A", "lastName": "B", "email": f"{name}@example.com",
                                                     "password": "correct horse " + name})
        return {"Authorization": f"Bearer {self.ok(answer, 201)['data']['accessToken']}"}

    def data(self, answer, status=200):
        body = self.ok(answer, status)
        self.assertIs(body["success"], True)
        self.assertEqual(body["path"], answer.path)
        self.is_time(body["timestamp"], now())
        return body["data"]

    def create(self, amount=1, currency="USD", headers=None, **more):
        answer = self.http.post(PATH, {"amount": amount, "currency": currency, **more}, headers=headers or self.ann)
        return self.shape(self.data(answer, 201))

    def shape(self, transaction):
        self.assertLessEqual(FIELDS, set(transaction))
        self.assertRegex(transaction["id"], UUID)
        self.assertRegex(transaction["userId"], UUID)
        self.is_time(transaction["createdAt"])
        self.is_time(transaction["updatedAt"])
        return transaction

    def get(self, path, headers=None):
        return self.http.request("GET", path, headers=headers or self.ann)

    def patch(self, transaction, fields, headers=None, verb="PATCH", **more):
        return self.http.request(verb, f"{PATH}/{transaction['id']}", fields, headers={**(headers or self.ann), **more})

    def delete(self, transaction, headers=None, **more):
        return self.http.request("DELETE", f"{PATH}/{transaction['id']}", headers={**(headers or self.ann), **more})

    def listed(self, query="", headers=None):
        return self.data(self.get(f"{PATH}?{query}", headers))

    def missing(self, answer):
        body = self.enveloped(answer, 404, "NOT_FOUND")
        self.assertEqual(body["error"]["message"], "Transaction not found")


class Transactions(TransactionCase):
    def test_a_created_transaction_is_pending_and_can_be_read(self):
        made = self.create(Decimal("100.5"), description="d", metadata={"a": [1, {"b": None}]})
        self.money(Decimal("100.5"), made["amount"])
        self.assertEqual((made["currency"], made["status"], made["description"], made["metadata"]),
                         ("USD", "PENDING", "d", {"a": [1, {"b": None}]}))
        self.is_time(made["createdAt"], now())
        self.assertEqual(self.data(self.get(f"{PATH}/{made['id']}")), made)

    def test_absent_description_and_metadata_are_null(self):
        made = self.create()
        self.assertIsNone(made["description"])
        self.assertIsNone(made["metadata"])

    def test_null_takes_description_and_metadata_away_and_absent_keeps_them(self):
        for verb in ("PUT", "PATCH"):
            made = self.create(description="d", metadata={"a": 1})
            kept = self.data(self.patch(made, {"amount": 2}, verb=verb))
            self.assertEqual((kept["description"], kept["metadata"]), ("d", {"a": 1}))
            half = self.data(self.patch(made, {"description": None}, verb=verb))
            self.assertEqual((half["description"], half["metadata"]), (None, {"a": 1}))
            none = self.data(self.patch(made, {"metadata": None}, verb=verb))
            self.assertEqual((none["description"], none["metadata"]), (None, None))
            self.assertEqual(self.data(self.get(f"{PATH}/{made['id']}")), none)
            self.enveloped(self.patch(made, {"amount": None}, verb=verb), 400, "VALIDATION_ERROR")

    def test_every_currency_of_the_contract_is_taken_and_no_other(self):
        for currency in ("USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "CNY"):
            self.assertEqual(self.create(7, currency)["currency"], currency)
        for currency in ("KWD", "BTC", "usd", "XXX", ""):
            self.enveloped(self.http.post(PATH, {"amount": 1, "currency": currency}, headers=self.ann), 400,
                           "VALIDATION_ERROR")

    def test_amounts_are_exact(self):
        for text in ("0.01", "0.1", "4503599627370.97", "9999999999999.99", "1e2"):
            made = self.create(Decimal(text))
            self.money(Decimal(text), made["amount"])
            self.money(Decimal(text), self.data(self.get(f"{PATH}/{made['id']}"))["amount"])
        self.money(5, self.create(5, "JPY")["amount"], decimals=0)

    def test_bad_input_is_refused_and_nothing_happens(self):
        before = self.listed()["total"]
        for body in ({}, {"amount": 1}, {"currency": "USD"}, {"amount": 0, "currency": "USD"},
                     {"amount": -1, "currency": "USD"}, {"amount": Decimal("0.001"), "currency": "USD"},
                     {"amount": Decimal("1.5"), "currency": "JPY"}, {"amount": "x", "currency": "USD"},
                     {"amount": 1, "currency": "USD", "metadata": "x"}, {"amount": 1, "currency": "USD", "metadata": []},
                     {"amount": 1, "currency": "USD", "description": 1}, {"amount": 1, "currency": "USD", "no": 1},
                     {"amount": 1234567890123456, "currency": "USD"}):
            with self.subTest(body):
                self.enveloped(self.http.post(PATH, body, headers=self.ann), 400, "VALIDATION_ERROR")
        self.enveloped(self.get(f"{PATH}/x"), 400, "VALIDATION_ERROR")
        self.assertEqual(self.listed()["total"], before)

    def test_without_a_token_it_is_401_before_anything_else(self):
        for answer in (self.http.post(PATH, {}), self.http.get(PATH), self.http.get(f"{PATH}/{NOBODYS}"),
                       self.http.request("DELETE", f"{PATH}/{NOBODYS}")):
            body = self.enveloped(answer, 401, "UNAUTHORIZED")
            self.assertEqual(body["error"]["message"], "Invalid or missing authentication token")

    def test_put_and_patch_change_what_is_given(self):
        made = self.create(5, description="old", metadata={"k": 1})
        for verb in ("PUT", "PATCH"):
            changed = self.shape(self.data(self.patch(made, {"description": verb}, verb=verb)))
            self.assertEqual({**changed, "updatedAt": 0, "description": 0}, {**made, "updatedAt": 0, "description": 0})
            self.assertEqual(changed["description"], verb)
        changed = self.data(self.patch(made, {"amount": 9, "currency": "EUR", "metadata": {"k": 2},
                                              "status": "PROCESSING"}))
        self.assertEqual((changed["amount"], changed["currency"], changed["metadata"], changed["status"]),
                         (9, "EUR", {"k": 2}, "PROCESSING"))
        self.assertEqual(self.data(self.get(f"{PATH}/{made['id']}")), changed)

    def test_a_change_of_nothing_or_of_something_unknown_is_refused(self):
        made = self.create()
        for fields in ({}, {"userId": NOBODYS}, {"id": NOBODYS}, {"status": "DONE"}, {"amount": 0},
                       {"amount": Decimal("0.001")}):
            self.enveloped(self.patch(made, fields), 400, "VALIDATION_ERROR")
        self.assertEqual(self.data(self.get(f"{PATH}/{made['id']}")), made)

    def test_a_status_moves_only_as_the_contract_says(self):
        ways = {"PENDING": ["PROCESSING", "COMPLETED", "FAILED", "CANCELLED"], "PROCESSING": ["COMPLETED", "FAILED"],
                "COMPLETED": [], "FAILED": [], "CANCELLED": []}
        for start, ends in ways.items():
            for end in [*ways, "ROLLED_BACK"]:
                made = self.create()
                if start != "PENDING":
                    self.data(self.patch(made, {"status": start}))
                answer = self.patch(made, {"status": end})
                with self.subTest(f"{start} to {end}"):
                    self.assertEqual(answer.status, 200 if end in ends or end == start else 422, answer)

    def test_a_deleted_transaction_is_gone_from_every_read(self):
        made = self.create()
        total = self.listed()["total"]
        answer = self.delete(made)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.missing(self.get(f"{PATH}/{made['id']}"))
        self.missing(self.get(f"{PATH}/{made['id']}/history"))
        self.missing(self.patch(made, {"amount": 2}))
        self.missing(self.delete(made))
        self.assertEqual(self.listed()["total"], total - 1)
        self.assertNotIn(made["id"], [each["id"] for each in self.listed("limit=100")["data"]])

    def test_a_delete_can_be_taken_back(self):
        made = self.create(3)
        self.delete(made)
        self.missing(self.http.post(f"{PATH}/{made['id']}/restore", {}, headers=self.bob))
        restored = self.data(self.http.post(f"{PATH}/{made['id']}/restore", {}, headers=self.ann))
        self.assertEqual({**restored, "updatedAt": 0}, {**made, "updatedAt": 0})
        self.assertEqual(self.data(self.get(f"{PATH}/{made['id']}")), restored)

    def test_other_users_transactions_do_not_exist(self):
        made = self.create()
        for answer in (self.get(f"{PATH}/{made['id']}", self.bob), self.patch(made, {"amount": 2}, self.bob),
                       self.delete(made, self.bob), self.get(f"{PATH}/{made['id']}/history", self.bob),
                       self.get(f"{PATH}/{NOBODYS}")):
            self.missing(answer)
        self.assertNotIn(made["id"], [each["id"] for each in self.listed("limit=100", self.bob)["data"]])
        self.assertEqual(self.data(self.get(f"{PATH}/{made['id']}")), made)

    def test_a_key_makes_one_transaction(self):
        key, body = unique("key"), {"amount": 5, "currency": "USD"}
        first = self.http.post(PATH, body, headers=self.ann, key=key)
        again = self.http.post(PATH, {**body, "idempotencyKey": key}, headers=self.ann)
        self.assertEqual(self.data(again, 201), self.data(first, 201))
        self.assertTrue(again.replayed)
        self.assertFalse(first.replayed)
        self.enveloped(self.http.post(PATH, {**body, "amount": 6}, headers=self.ann, key=key), 422,
                       "IdempotencyKeyReuseError")
        self.enveloped(self.http.post(PATH, {**body, "idempotencyKey": key + "x"}, headers=self.ann, key=key), 400,
                       "VALIDATION_ERROR")
        other = self.data(self.http.post(PATH, body, headers=self.bob, key=key), 201)
        self.assertNotEqual(other["id"], first.json["data"]["id"])

    def test_many_at_once_with_one_key_make_one_transaction(self):
        key = unique("key")
        body = {"amount": 5, "currency": "USD", "description": key}
        answers = in_parallel(12, lambda _: self.http.post(PATH, body, headers=self.ann, key=key))
        self.assertEqual({answer.status for answer in answers}, {201})
        self.assertEqual(len({answer.json["data"]["id"] for answer in answers}), 1)

    def test_the_loser_of_a_race_with_if_match_is_told(self):
        made = self.create()
        tag = self.get(f"{PATH}/{made['id']}").headers["etag"]
        answers = in_parallel(6, lambda turn: self.patch(made, {"amount": turn + 2}, **{"If-Match": tag}))
        self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * 5)
        for answer in answers:
            if answer.status == 409:
                self.enveloped(answer, 409, "CONFLICT")
        newer = self.get(f"{PATH}/{made['id']}").headers["etag"]
        self.assertNotEqual(newer, tag)
        self.assertEqual(self.delete(made, **{"If-Match": tag}).status, 409)
        self.assertEqual(self.delete(made, **{"If-Match": newer}).status, 204)

    def test_without_if_match_all_apply_each_on_the_one_before(self):
        made = self.create(1)
        answers = in_parallel(8, lambda turn: self.patch(made, {"amount": turn + 2}))
        self.assertEqual({answer.status for answer in answers}, {200})
        versions = self.data(self.get(f"{PATH}/{made['id']}/history"))
        self.assertEqual([each["version"] for each in versions], list(range(9, 0, -1)))
        self.assertEqual(sorted(each["transaction"]["amount"] for each in versions), list(range(1, 10)))


class TransactionLists(TransactionCase):
    def test_a_page_has_the_contracts_shape(self):
        user = self.sign_up()
        made = [self.create(amount, headers=user) for amount in (3, 1, 2)]
        page = self.listed(headers=user)
        self.assertEqual({name: page[name] for name in ("total", "page", "limit", "totalPages")},
                         {"total": 3, "page": 1, "limit": 10, "totalPages": 1})
        self.assertEqual(page["data"], made[::-1], "the newest first")
        second = self.listed("page=2&limit=2", user)
        self.assertEqual((len(second["data"]), second["page"], second["totalPages"]), (1, 2, 2))

    def test_filters_and_orders(self):
        user = self.sign_up()
        begin = now() - timedelta(seconds=1)
        for amount, currency in ((5, "USD"), (2, "JPY"), (Decimal("3.5"), "EUR"), (4, "USD")):
            last = self.create(amount, currency, user)
        self.data(self.patch(last, {"status": "COMPLETED"}, user))

        def amounts(query):
            return [Decimal(each["amount"]) for each in self.listed(query, user)["data"]]

        self.assertEqual(amounts("sortBy=amount"), [5, 4, Decimal("3.5"), 2])
        self.assertEqual(amounts("sortBy=amount&sortOrder=ASC"), [2, Decimal("3.5"), 4, 5])
        self.assertEqual(amounts("sortBy=createdAt&sortOrder=ASC"), [5, 2, Decimal("3.5"), 4])
        self.assertEqual(amounts("sortBy=updatedAt"), [4, Decimal("3.5"), 2, 5])
        self.assertEqual(amounts("status=COMPLETED"), [4])
        self.assertEqual(amounts("currency=USD"), [4, 5])
        self.assertEqual(amounts("minAmount=2&maxAmount=4"), [4, Decimal("3.5"), 2], "inclusive")
        self.assertEqual(amounts("minAmount=2.01"), [4, Decimal("3.5"), 5])
        self.assertEqual(amounts(f"startDate={format_time(begin)}"), [4, Decimal("3.5"), 2, 5])
        self.assertEqual(amounts(f"endDate={format_time(begin)}"), [])
        self.assertEqual(amounts(f"startDate={last['createdAt']}&endDate={last['createdAt']}")[0], 4)
        self.assertEqual(self.listed("status=PENDING&currency=USD", user)["total"], 1)

    def test_bad_queries_are_refused(self):
        for query in ("page=0", "page=x", "limit=0", "limit=101", "status=x", "currency=KWD", "minAmount=x",
                      "startDate=yesterday", "sortBy=status", "sortOrder=UP"):
            with self.subTest(query):
                self.enveloped(self.get(f"{PATH}?{query}"), 400, "VALIDATION_ERROR")

    def test_what_was_answered_is_listed_at_once(self):
        user = self.sign_up()
        for count in range(1, 30):
            made = self.create(count, headers=user)
            page = self.listed("limit=1", user)
            self.assertEqual((page["total"], page["data"][0]["id"]), (count, made["id"]))


class TransactionHistory(TransactionCase):
    def test_every_version_with_its_audit_record_newest_first(self):
        made = self.create(1)
        changed = self.data(self.patch(made, {"amount": 2}))
        self.delete(made)
        self.http.post(f"{PATH}/{made['id']}/restore", {}, headers=self.ann)
        versions = self.data(self.get(f"{PATH}/{made['id']}/history"))
        self.assertEqual([(each["version"], each["action"]) for each in versions],
                         [(4, "UPDATE"), (3, "DELETE"), (2, "UPDATE"), (1, "CREATE")])
        self.assertEqual((versions[2]["transaction"], versions[3]["transaction"]), (changed, made))
        self.assertEqual(len({each["auditLogId"] for each in versions}), 4)
        for each in versions:
            self.assertEqual(each["userId"], made["userId"])
            records = self.data(self.http.get(f"/api/audit-logs/correlation/{each['correlationId']}"))
            self.assertEqual([(record["id"], record["action"], record["status"], record["entityId"])
                              for record in records], [(each["auditLogId"], each["action"], "SUCCESS", made["id"])])

    def test_the_transaction_as_it_was(self):
        made = self.create(1)
        changed = self.data(self.patch(made, {"amount": 2}))
        path = f"{PATH}/{made['id']}/history?at="
        self.assertEqual(self.data(self.get(path + changed["updatedAt"])), changed)
        if made["updatedAt"] != changed["updatedAt"]:
            self.assertEqual(self.data(self.get(path + made["createdAt"])), made)
        self.missing(self.get(path + format_time(parse_time(made["createdAt"]) - timedelta(seconds=1))))


class TransactionsOnPostgres(Transactions):
    on_postgres = True


class TransactionListsOnPostgres(TransactionLists):
    on_postgres = True


class TransactionHistoryOnPostgres(TransactionHistory):
    on_postgres = True
