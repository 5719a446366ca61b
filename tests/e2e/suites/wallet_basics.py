"""Every route of the wallet, its shapes, and the rules that need no special state; on both storages."""

from decimal import Decimal

from ducat_e2e.case import ServerCase, UUID, now, unique
from ducat_e2e.client import Client

WALLET_FIELDS = {"walletId", "balance", "available", "currency", "status", "dailyLimit"}
EVENT_FIELDS = {"id", "walletId", "eventType", "currency", "amount", "metadata", "createdAt"}


class WalletBasics(ServerCase):
    def wallet_shape(self, body, wallet):
        self.assertLessEqual(WALLET_FIELDS, set(body))
        self.assertEqual(body["walletId"], wallet)
        return body

    def test_deposit_makes_the_wallet_and_answers_its_balance(self):
        wallet = unique()
        body = self.ok(self.http.deposit(wallet, 100))
        self.assertEqual(body["walletId"], wallet)
        self.money(100, body["balance"])
        self.money(Decimal("150.50"), self.ok(self.http.deposit(wallet, Decimal("50.50")))["balance"])

    def test_withdraw_answers_the_balance_that_is_left(self):
        wallet = self.funded(100)
        body = self.ok(self.http.withdraw(wallet, 50))
        self.assertEqual(body["walletId"], wallet)
        self.money(50, body["balance"])

    def test_a_wallet_can_be_emptied_to_exactly_nothing(self):
        wallet = self.funded(Decimal("0.01"))
        self.money(0, self.ok(self.http.withdraw(wallet, Decimal("0.01")))["balance"])

    def test_transfer_answers_its_record_and_moves_the_money(self):
        sender, receiver = self.funded(100), unique("bob")
        body = self.ok(self.http.transfer(sender, receiver, 30))
        self.assertRegex(body["sagaId"], UUID)
        self.money(30, body["amount"])
        self.assertEqual((body["state"], body["fromWalletId"], body["toWalletId"]), ("COMPLETED", sender, receiver))
        self.assertEqual((self.balance(sender), self.balance(receiver)), (70, 30))

    def test_the_transfer_is_recorded_with_its_steps(self):
        sender, receiver = self.funded(100), unique("bob")
        saga = self.ok(self.http.transfer(sender, receiver, 30))["sagaId"]
        record = self.ok(self.http.get(f"/v1/transfers/{saga}"))
        self.assertEqual((record["sagaId"], record["state"]), (saga, "COMPLETED"))
        self.assertEqual((record["fromWalletId"], record["toWalletId"]), (sender, receiver))
        self.money(30, record["amount"])
        self.assertIsInstance(record["steps"], list)
        self.assertEqual([step["state"] for step in record["steps"]], ["PENDING", "DEBITED", "COMPLETED"])

    def test_an_unknown_transfer_is_not_found(self):
        self.refused(self.http.get("/v1/transfers/01890000-0000-7000-8000-000000000000"), 404)

    def test_get_answers_the_whole_wallet(self):
        wallet = self.funded(70)
        body = self.wallet_shape(self.ok(self.http.wallet(wallet)), wallet)
        self.money(70, body["balance"])
        self.money(70, body["available"])
        self.assertEqual((body["currency"], body["status"], body["dailyLimit"]), ("USD", "ACTIVE", None))

    def test_an_unknown_wallet_has_the_balance_zero_and_is_not_created_by_reading(self):
        wallet = unique("ghost")
        self.money(0, self.wallet_shape(self.ok(self.http.wallet(wallet)), wallet)["balance"])
        self.assertEqual(self.events(wallet), [])
        self.ok(self.http.deposit(wallet, 5, currency="EUR"))
        self.assertEqual(self.ok(self.http.wallet(wallet))["currency"], "EUR")

    def test_withdrawing_never_creates_a_wallet(self):
        wallet = unique("ghost")
        self.assertIn(self.http.withdraw(wallet, 1).status, (404, 422))
        self.assertEqual(self.events(wallet), [])
        self.assertEqual(self.balance(wallet), 0)

    def test_history_tells_everything_newest_first(self):
        wallet, other = unique(), unique("bob")
        self.ok(self.http.deposit(wallet, 10, key=wallet + "-d"))
        self.ok(self.http.withdraw(wallet, Decimal("1.24"), key=wallet + "-w"))
        saga = self.ok(self.http.transfer(wallet, other, 3, key=wallet + "-t"))["sagaId"]
        sent, taken, put, made = self.events(wallet)
        for event in (sent, taken, put, made):
            self.assertLessEqual(EVENT_FIELDS, set(event))
            self.assertEqual((event["walletId"], event["currency"], type(event["id"])), (wallet, "USD", int))
            self.is_time(event["createdAt"], now())
        self.assertGreater(sent["id"], taken["id"])
        self.assertGreater(taken["id"], put["id"])
        self.assertGreater(put["id"], made["id"])
        self.assertEqual((made["eventType"], made["amount"], made["metadata"]), ("WALLET_CREATED", None, None))
        self.assertEqual((put["eventType"], put["metadata"]), ("FUNDS_DEPOSITED", {"requestId": wallet + "-d"}))
        self.money(10, put["amount"])
        self.assertEqual((taken["eventType"], taken["metadata"]), ("FUNDS_WITHDRAWN", {"requestId": wallet + "-w"}))
        self.money(Decimal("1.24"), taken["amount"])
        self.assertEqual(sent["eventType"], "FUNDS_WITHDRAWN")
        self.assertEqual(sent["metadata"], {"sagaId": saga, "transferTo": other, "requestId": wallet + "-t"})
        got, born = self.events(other)
        self.assertEqual((born["eventType"], got["eventType"]), ("WALLET_CREATED", "FUNDS_DEPOSITED"))
        self.assertEqual(got["metadata"], {"sagaId": saga, "transferFrom": wallet, "requestId": wallet + "-t"})

    def test_the_receiver_comes_into_being_in_the_senders_currency(self):
        sender, receiver = self.funded(1000, "JPY"), unique("bob")
        self.ok(self.http.transfer(sender, receiver, 300))
        body = self.ok(self.http.wallet(receiver))
        self.assertEqual((body["balance"], body["currency"]), (300, "JPY"))

    def test_both_prefixes_serve_the_same(self):
        short = Client(self.server.port, prefix="/wallet")
        wallet, other = unique(), unique("bob")
        self.ok(short.deposit(wallet, 100))
        self.assertEqual(self.balance(wallet), 100)
        self.ok(short.withdraw(wallet, 10))
        self.ok(short.transfer(wallet, other, 10))
        hold = self.ok(short.hold(wallet, 10))["holdId"]
        self.ok(short.capture(wallet, hold, 5))
        self.ok(short.act(wallet, "freeze"))
        self.ok(short.act(wallet, "unfreeze"))
        self.ok(short.daily_limit(wallet, 50))
        self.assertEqual(len(self.ok(short.batch([{"type": "deposit", "walletId": wallet, "amount": 1,
                                                   "idempotencyKey": wallet}]))), 1)
        self.assertEqual(self.ok(short.wallet(wallet)), self.ok(self.http.wallet(wallet)))
        self.assertEqual(self.ok(short.history(wallet)), self.events(wallet))
        self.assertEqual(self.balance(wallet), 76)
        self.ok(short.withdraw(other, 10))
        self.ok(short.act(other, "close"))

    def test_a_key_means_the_same_at_both_prefixes(self):
        short, wallet = Client(self.server.port, prefix="/wallet"), unique()
        self.ok(short.deposit(wallet, 100, key=wallet))
        again = self.http.deposit(wallet, 100, key=wallet)
        self.ok(again)
        self.assertTrue(again.replayed, "the routes are the same, so a retry at the other one is a retry")
        self.assertEqual(self.balance(wallet), 100)

    def test_what_was_answered_is_read_at_once(self):
        wallet = unique()
        for count in range(1, 60):
            self.ok(self.http.deposit(wallet, 1))
            self.assertEqual(self.balance(wallet), count)
            self.assertEqual(len(self.events(wallet)), count + 1)

    def test_any_text_is_a_wallet_id(self):
        for name in ("a b", "ü/ß?#%&=+", "batch", "история", "💰" * 10, "'; DROP TABLE wallets;--", "a\tb", '"', "\\",
                     "x" * 200, "null", "0", "-1", "%00", "%2F", "a;b,c", "<script>"):
            wallet = unique() + name
            with self.subTest(name):
                self.assertEqual(self.ok(self.http.deposit(wallet, 5))["walletId"], wallet)
                self.assertEqual(self.ok(self.http.wallet(wallet))["walletId"], wallet)
                self.assertEqual({event["walletId"] for event in self.events(wallet)}, {wallet})

    def test_ids_that_look_like_routes_are_wallets_too(self):
        for wallet in ("batch", "history", "deposit", "holds", "transfers"):
            with self.subTest(wallet):
                before = self.balance(wallet)
                self.ok(self.http.deposit(wallet, 5))
                self.assertEqual(self.balance(wallet), before + 5)

    def test_a_wallet_id_has_one_to_255_characters(self):
        longest = unique().ljust(255, "ü")
        self.assertEqual(self.ok(self.http.deposit(longest, 1))["walletId"], longest)
        self.assertEqual(self.balance(longest), 1)
        self.invalid(self.http.deposit(longest + "ü", 1))
        self.invalid(self.http.wallet(longest + "x"))
        sender = self.funded(5)
        with self.unchanged(sender):
            self.invalid(self.http.transfer(sender, "x" * 256, 1))
            self.invalid(self.http.transfer(sender, "", 1))

    def test_ids_that_are_no_text_are_refused(self):
        for path in ("/v1/wallet/%FF%FE/deposit", "/v1/wallet/%C3/deposit", "/v1/wallet/%ED%A0%80/deposit"):
            with self.subTest(path):
                self.refused(self.http.post(path, {"amount": 1}), 400)

    def test_a_nul_in_an_id_is_no_server_error(self):
        answer = self.http.post(f"/v1/wallet/{unique()}%00x/deposit", {"amount": 1})
        self.assertIn(answer.status, (200, 400))

    def test_wallet_ids_are_told_apart_by_every_character(self):
        wallet = unique("Case")
        self.ok(self.http.deposit(wallet, 1))
        for other in (wallet.lower(), wallet + " ", " " + wallet, wallet + "."):
            self.assertEqual(self.balance(other), 0, other)


class WalletBasicsOnPostgres(WalletBasics):
    on_postgres = True
