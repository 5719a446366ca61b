"""The API's description: there, whole, and true."""

import re
from urllib.parse import urljoin

from ducat_e2e.case import ServerCase, unique

ROUTES = [("post", "/v1/wallet/{}/deposit"), ("post", "/v1/wallet/{}/withdraw"), ("post", "/v1/wallet/{}/transfer"),
          ("get", "/v1/wallet/{}"), ("get", "/v1/wallet/{}/history"), ("post", "/v1/wallet/{}/holds"),
          ("get", "/v1/wallet/{}/holds"), ("get", "/v1/wallet/{}/holds/{}"), ("post", "/v1/wallet/{}/holds/{}/capture"),
          ("post", "/v1/wallet/{}/holds/{}/void"), ("post", "/v1/wallet/{}/freeze"), ("post", "/v1/wallet/{}/unfreeze"),
          ("post", "/v1/wallet/{}/close"), ("put", "/v1/wallet/{}/daily-limit"), ("post", "/v1/wallet/batch"),
          ("get", "/v1/transfers/{}"), ("get", "/health"), ("get", "/health/live"), ("get", "/health/ready")]
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def walk(node, where="#"):
    yield where, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from walk(child, f"{where}/{name}")


class Documentation(ServerCase):
    def setUp(self):
        super().setUp()
        self.api = self.ok(self.http.get("/documentation/json"))

    def operations(self):
        for path, item in self.api["paths"].items():
            for method, operation in item.items():
                if method in METHODS:
                    yield method, path, operation

    def test_it_is_openapi_3_1(self):
        self.assertRegex(self.api["openapi"], r"^3\.1\.\d+$")
        self.assertTrue(self.api["info"]["title"])
        self.assertTrue(self.api["info"]["version"])

    def test_every_route_is_in_it(self):
        described = {(method, re.sub(r"\{[^}]*\}", "{}", path)) for method, path, _ in self.operations()}
        self.assertEqual([route for route in ROUTES if route not in described], [])
        self.assertEqual([route for route in ROUTES if route[1].startswith("/v1/wallet") and
                          (route[0], route[1][3:]) not in described], [], "the short prefix")

    def test_every_reference_leads_somewhere(self):
        references = 0
        for where, node in walk(self.api):
            if isinstance(node, dict) and isinstance(node.get("$ref"), str):
                references += 1
                self.assertTrue(node["$ref"].startswith("#/"), where)
                target = self.api
                for part in node["$ref"][2:].split("/"):
                    part = part.replace("~1", "/").replace("~0", "~")
                    self.assertIn(part, target, f"{node['$ref']} at {where}")
                    target = target[part]
        self.assertGreater(references, 10)

    def test_every_operation_says_what_it_needs_and_answers(self):
        ids = []
        for method, path, operation in self.operations():
            with self.subTest(f"{method} {path}"):
                self.assertTrue(operation.get("summary"))
                success = [status for status in operation["responses"] if status[0] in "23"]
                self.assertEqual(len(success), 1, "one answer says that it worked")
                self.assertTrue(all(response.get("description") for response in operation["responses"].values()))
                if success == ["200"]:
                    self.assertIn("content", operation["responses"]["200"])
                named = set(re.findall(r"\{([^}]*)\}", path))
                given = {parameter["name"] for parameter in operation.get("parameters", [])
                         if parameter.get("in") == "path"}
                self.assertEqual(named, given)
                ids.append(operation["operationId"])
        self.assertEqual(len(ids), len(set(ids)), "operationId is unique")

    def test_refusals_are_described_with_their_types(self):
        operation = self.api["paths"]["/v1/wallet/{id}/withdraw"]["post"]
        self.assertLessEqual({"200", "400", "422", "429"}, set(operation["responses"]))
        refusals = str(operation["responses"]["422"])
        for type_ in ("InsufficientFundsError", "WalletNotActiveError", "WithdrawalLimitExceededError"):
            self.assertIn(type_, refusals)

    def test_amounts_are_numbers_in_it(self):
        found = [node["properties"]["amount"] for _, node in walk(self.api)
                 if isinstance(node, dict) and isinstance(node.get("properties"),
                                                          dict) and "amount" in node["properties"]]
        self.assertTrue(found)
        for schema in found:
            self.assertIn("number", str(schema), "money travels as a JSON number")

    def test_examples_of_requests_are_accepted(self):
        tried = 0
        login = self.http.post("/api/auth/login", {"username": "testuser", "password": "password123"})
        headers = {"Authorization": "Bearer " + self.ok(login)["data"]["accessToken"]}
        for method, path, operation in self.operations():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = [content["example"]] if "example" in content else \
                [item["value"] for item in content.get("examples", {}).values()]
            for example in examples if "hold" not in path else []:
                tried += 1
                name = unique("example") if "wallet" in path else "019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de"
                answer = self.http.request(method.upper(), re.sub(r"\{[^}]*\}", name, path), example, headers=headers)
                self.assertNotIn(answer.status, (400, 405, 413, 415, 500), f"{method} {path} {example} {answer}")
        self.assertGreater(tried, 3)

    def test_it_is_at_all_its_addresses(self):
        for path in ("/documentation", "/api/docs", "/v1/docs"):
            with self.subTest(path):
                page = self.http.get(path)
                for _ in range(3):
                    if page.status in (301, 302, 307, 308):
                        page = self.http.get(urljoin(page.path, page.headers["location"]))
                self.assertEqual(page.status, 200)
                self.assertTrue(page.headers["content-type"].startswith("text/html"))
                self.assertIn("swagger", page.text.lower())
                self.page_is_whole(page)

    def page_is_whole(self, page):
        """Whatever it loads is ours and there."""
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        self.assertTrue(loaded)
        for target in loaded:
            self.assertNotRegex(target, "^(https?:)?//", "nothing from elsewhere")
            if not target.startswith("data:"):
                self.assertEqual(self.http.get(urljoin(page.path, target)).status, 200, target)
