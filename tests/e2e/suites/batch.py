"""Many operations in one request: in order, each with its own answer, or all of them or none."""

from ducat_e2e.case import ServerCase, TIME, UUID, unique
from ducat_e2e.operations import capture, deposit, hold, transfer, void, withdraw

MOST = 8192


class Batch(ServerCase):
    def statuses(self, results):
        return [result["statusCode"] for result in results]

    def element_refused(self, element, status, type_, message=None):
        self.assertLessEqual({"statusCode", "error", "type", "message", "detail", "timestamp", "path"}, set(element))
        self.assertEqual(element["path"], "/v1/wallet/batch")
        self.assertRegex(element["timestamp"], TIME)
        self.assertEqual((element["statusCode"], element["type"]), (status, type_))
        if message:
            self.assertEqual(element["message"], message)

    def test_each_operation_is_answered_in_order_as_if_alone(self):
        wallet, other = unique(), unique("bob")
        results = self.ok(self.http.batch([
            deposit(wallet, 100), withdraw(wallet, 30), transfer(wallet, other, 20), withdraw(other, 5),
            withdraw(wallet, 1000)]))
        self.assertEqual(self.statuses(results), [200, 200, 200, 200, 422])
        self.assertEqual([results[0], results[1], results[3]],
                         [{"walletId": wallet, "balance": 100, "statusCode": 200},
                          {"walletId": wallet, "balance": 70, "statusCode": 200},
                          {"walletId": other, "balance": 15, "statusCode": 200}])
        saga = results[2].pop("sagaId")
        self.assertRegex(saga, UUID)
        self.assertEqual(results[2], {"state": "COMPLETED", "fromWalletId": wallet, "toWalletId": other, "amount": 20,
                                      "statusCode": 200})
        self.element_refused(results[4], 422, "InsufficientFundsError",
                             "Insufficient funds: balance=50.00, requested=1000.00")
        self.assertEqual((self.balance(wallet), self.balance(other)), (50, 15))
        self.assertEqual(self.ok(self.http.get(f"/v1/transfers/{saga}"))["state"], "COMPLETED")

    def test_a_refusal_spoils_nobody_elses_operation(self):
        wallet = self.funded(10)
        results = self.ok(self.http.batch([withdraw(wallet, 20), deposit(wallet, 10), withdraw(wallet, 20),
                                           withdraw(wallet, 1),
                                           transfer("nobody", wallet, 1), transfer(wallet, wallet, 1)]))
        self.assertEqual(self.statuses(results), [422, 200, 200, 422, 404, 400])
        self.assertEqual(self.balance(wallet), 0)

    def test_holds_in_a_batch_have_the_shape_of_their_routes(self):
        wallet = self.funded(100)
        held = self.ok(self.http.hold(wallet, 10))["holdId"]
        spare = self.ok(self.http.hold(wallet, 10))["holdId"]
        results = self.ok(self.http.batch([
            hold(wallet, 30), capture(wallet, held, amount=4), void(wallet, spare), void(wallet, spare)]))
        self.assertEqual(self.statuses(results), [200, 200, 200, 409])
        for result, state, amount, captured in zip(results, ("HELD", "CAPTURED", "VOIDED"), (30, 10, 10), (0, 4, 0)):
            self.assertLessEqual({"holdId", "walletId", "amount", "captured", "state", "expiresAt", "createdAt"},
                                 set(result))
            self.assertEqual((result["state"], result["amount"], result["captured"]), (state, amount, captured))
        self.element_refused(results[3], 409, "HoldNotActiveError")
        self.assertEqual(self.ok(self.http.wallet(wallet))["available"], 66)

    def test_currency_counts_in_a_batch(self):
        euros = unique()
        results = self.ok(self.http.batch([deposit(euros, 5, currency="EUR"), deposit(euros, 5, currency="USD")]))
        self.assertEqual(self.statuses(results), [200, 422])
        self.element_refused(results[1], 422, "CurrencyMismatchError")
        self.assertEqual(self.ok(self.http.wallet(euros))["currency"], "EUR")

    def test_a_key_twice_in_one_batch_is_one_effect(self):
        wallet, key = unique(), unique("key")
        results = self.ok(self.http.batch([deposit(wallet, 5, key), deposit(wallet, 5, key), deposit(wallet, 6, key)]))
        self.assertEqual(self.statuses(results), [200, 200, 422])
        self.assertEqual((results[1].get("replayed"), results[1]["balance"]), (True, 5))
        self.element_refused(results[2], 422, "IdempotencyKeyReuseError")
        self.assertEqual(self.balance(wallet), 5)

    def test_a_whole_batch_repeated_is_replayed(self):
        wallet = unique()
        operations = [deposit(wallet, 5) for _ in range(100)]
        first = self.ok(self.http.batch(operations))
        again = self.ok(self.http.batch(operations))
        self.assertEqual([{**result, "replayed": True} for result in first], again)
        self.assertEqual(self.balance(wallet), 500)

    def test_the_largest_batch(self):
        wallet = unique()
        results = self.ok(self.http.batch([deposit(wallet, 1, f"{wallet}{index}") for index in range(MOST)]))
        self.assertEqual(len(results), MOST)
        self.assertEqual([result["balance"] for result in results], list(range(1, MOST + 1)))
        self.assertEqual(self.balance(wallet), MOST)

    def test_one_operation_more_is_refused_and_nothing_happens(self):
        wallet = unique()
        self.invalid(self.http.batch([deposit(wallet, 1, f"{wallet}{index}") for index in range(MOST + 1)]))
        self.assertEqual(self.events(wallet), [])

    def test_one_malformed_operation_refuses_the_request(self):
        wallet = self.funded(100)
        good = deposit(wallet, 1)
        with self.unchanged(wallet):
            for bad in ({**good, "type": "steal"}, {**good, "amount": -1}, {**good, "amount": "x"},
                        {**good, "note": 1}, 5, None,
                        {"type": "deposit"}, [], {key: value for key, value in good.items() if key != "idempotencyKey"},
                        {"type": "transfer", "walletId": wallet, "amount": 1, "idempotencyKey": "x"},
                        {"type": "capture", "walletId": wallet, "idempotencyKey": "x"}):
                with self.subTest(bad):
                    self.refused(self.http.batch([deposit(wallet, 1), bad]), 400)
            self.invalid(self.http.post("/v1/wallet/batch", {}))
            self.invalid(self.http.post("/v1/wallet/batch", {"operations": {}}))
            self.invalid(self.http.batch([good], nonsense=1))
            self.invalid(self.http.batch([good], atomic="yes"))


class AtomicBatch(ServerCase):
    def test_all_of_it_happens(self):
        wallet, other = unique(), unique("bob")
        results = self.ok(self.http.batch([deposit(wallet, 100), transfer(wallet, other, 40), withdraw(other, 40)],
                                          atomic=True))
        self.assertEqual([result["statusCode"] for result in results], [200, 200, 200])
        self.assertEqual((self.balance(wallet), self.balance(other)), (60, 0))

    def test_one_refusal_refuses_all_and_says_which(self):
        wallet, other, fresh = self.funded(100), self.funded(100), unique()
        key = unique("key")
        with self.unchanged(wallet), self.unchanged(other):
            answer = self.http.batch([deposit(wallet, 5, key), deposit(fresh, 5), transfer(wallet, other, 50),
                                      withdraw(other, 1000), deposit(wallet, 1)], atomic=True)
            body = self.refused(answer, 422, "InsufficientFundsError",
                                "Insufficient funds: balance=150.00, requested=1000.00")
            self.assertEqual(body["index"], 3)
        self.assertEqual(self.events(fresh), [])
        retried = self.http.deposit(wallet, 5, key=key)
        self.money(105, self.ok(retried)["balance"])
        self.assertFalse(retried.replayed, "a refused batch must not have stored its keys")

    def test_the_first_and_the_last_can_refuse(self):
        wallet = self.funded(10)
        with self.unchanged(wallet):
            first = self.http.batch([withdraw(wallet, 20), deposit(wallet, 20)], atomic=True)
            self.assertEqual(self.refused(first, 422, "InsufficientFundsError")["index"], 0)
            last = self.http.batch([deposit(wallet, 5)] + [withdraw(wallet, 5) for _ in range(4)], atomic=True)
            self.assertEqual(self.refused(last, 422, "InsufficientFundsError")["index"], 4)
            nobody = self.http.batch([deposit(wallet, 5), transfer("nobody", wallet, 1)], atomic=True)
            self.assertEqual(self.refused(nobody, 404)["index"], 1)

    def test_a_reused_key_refuses_all(self):
        wallet, key = self.funded(100), unique("key")
        self.ok(self.http.deposit(wallet, 5, key=key))
        with self.unchanged(wallet):
            answer = self.http.batch([deposit(wallet, 1), deposit(wallet, 6, key)], atomic=True)
            self.assertEqual(self.refused(answer, 422, "IdempotencyKeyReuseError")["index"], 1)

    def test_holds_and_wallets_of_a_refused_batch_never_were(self):
        wallet, fresh = self.funded(100), unique()
        with self.unchanged(wallet):
            answer = self.http.batch([hold(wallet, 50), transfer(wallet, fresh, 10), withdraw(wallet, 60)], atomic=True)
            self.assertEqual(self.refused(answer, 422, "InsufficientFundsError")["index"], 2)
            self.assertEqual(self.ok(self.http.get(self.http.path(wallet, "/holds"))), [])
        self.assertEqual(self.events(fresh), [])

    def test_a_whole_atomic_batch_repeated_is_replayed(self):
        wallet = unique()
        operations = [deposit(wallet, 100), withdraw(wallet, 100), deposit(wallet, 7)]
        first = self.ok(self.http.batch(operations, atomic=True))
        again = self.ok(self.http.batch(operations, atomic=True))
        self.assertEqual([{**result, "replayed": True} for result in first], again)
        self.assertEqual(self.balance(wallet), 7)

    def test_a_large_one_is_all_or_nothing(self):
        wallet = unique()
        operations = [deposit(wallet, 1) for _ in range(4000)]
        answer = self.http.batch(operations + [withdraw(wallet, 4001)], atomic=True)
        self.assertEqual(self.refused(answer, 422)["index"], 4000)
        self.assertEqual(self.events(wallet), [])
        self.ok(self.http.batch(operations + [withdraw(wallet, 4000)], atomic=True))
        self.assertEqual(self.balance(wallet), 0)


class BatchOnPostgres(Batch):
    on_postgres = True


class AtomicBatchOnPostgres(AtomicBatch):
    on_postgres = True
