"""Amounts: exact, never rounded, with their currency's digits, and refused whole when they do not fit."""

from decimal import Decimal

from ducat_e2e.case import ServerCase, unique
from ducat_e2e.operations import deposit
from ducat_e2e.texts import Raw

POSITIVE = "amount must be a positive number"
CONFORMING = "amount must be a number conforming to the specified constraints"
# currency: decimals
CURRENCIES = {"USD": 2, "EUR": 2, "JPY": 0, "VND": 0, "KRW": 0, "KWD": 3, "BHD": 3, "BTC": 8, "ETH": 8, "USDC": 8,
              "USDT": 8, "LTC": 8, "BCH": 8}


def smallest(decimals):
    return Decimal(1).scaleb(-decimals)


class Money(ServerCase):
    def test_each_currency_has_its_own_smallest_unit(self):
        for currency, decimals in CURRENCIES.items():
            with self.subTest(currency):
                wallet, unit = unique(), smallest(decimals)
                self.money(unit, self.ok(self.http.deposit(wallet, unit, currency=currency))["balance"], decimals)
                self.money(2 * unit, self.ok(self.http.deposit(wallet, unit))["balance"], decimals)
                body = self.ok(self.http.wallet(wallet))
                self.assertEqual(body["currency"], currency)
                self.money(2 * unit, body["available"], decimals)

    def test_one_decimal_more_than_the_currency_has_is_refused(self):
        for currency, decimals in CURRENCIES.items():
            with self.subTest(currency):
                fresh = unique()
                self.invalid(self.http.deposit(fresh, smallest(decimals + 1), currency=currency), CONFORMING)
                self.assertEqual(self.events(fresh), [])
                wallet, other = self.funded(100, currency), unique()
                with self.unchanged(wallet):
                    fine = 1 + smallest(decimals + 1)
                    self.invalid(self.http.deposit(wallet, fine), CONFORMING)
                    self.invalid(self.http.withdraw(wallet, fine), CONFORMING)
                    self.invalid(self.http.transfer(wallet, other, fine), CONFORMING)
                    self.invalid(self.http.hold(wallet, fine), CONFORMING)
                self.assertEqual(self.events(other), [])

    def test_ten_dimes_are_a_dollar(self):
        wallet = unique()
        for count in range(1, 11):
            self.money(Decimal(count) / 10, self.ok(self.http.deposit(wallet, Decimal("0.1")))["balance"])
        self.money(1, self.ok(self.http.wallet(wallet))["balance"])

    def test_amounts_that_floating_point_cannot_hold_stay_exact(self):
        for text in ("0.1", "0.07", "1.10", "4.35", "1.15", "2.675"[:4], "8.41", "1000000.01", "9999999999999.99",
                     "4503599627370.97", "1234567890123.45"):
            with self.subTest(text):
                wallet = unique()
                self.money(text, self.ok(self.http.deposit(wallet, Decimal(text)))["balance"])
                self.money(text, self.ok(self.http.wallet(wallet))["balance"])
                self.money(text, self.events(wallet)[0]["amount"])
                self.money(0, self.ok(self.http.withdraw(wallet, Decimal(text)))["balance"])

    def test_sums_beyond_two_to_the_53_are_exact(self):
        wallet, large = self.funded(Decimal("9999999999999.99")), Decimal("9999999999999.99")
        for count in range(2, 20):
            self.ok(self.http.deposit(wallet, large))
            self.assertEqual(self.balance(wallet), count * large)
        self.money(19 * large - Decimal("0.01"), self.ok(self.http.withdraw(wallet, Decimal("0.01")))["balance"])

    def test_the_most_digits_of_a_crypto_currency_are_exact(self):
        wallet = unique()
        self.money("9999999.99999999",
                   self.ok(self.http.deposit(wallet, Decimal("9999999.99999999"), currency="BTC"))["balance"], 8)
        self.money("9999999.99999998", self.ok(self.http.withdraw(wallet, Decimal("0.00000001")))["balance"], 8)

    def test_decimal_strings_are_amounts_too(self):
        wallet = unique()
        self.money("12.34", self.ok(self.http.deposit(wallet, "12.34"))["balance"])
        self.money("12.04", self.ok(self.http.withdraw(wallet, "0.30"))["balance"])
        self.money("100000012.04", self.ok(self.http.deposit(wallet, "100000000"))["balance"])

    def test_numbers_with_an_exponent_are_read_by_their_digits(self):
        for text, value in (("1e2", "100"), ("1E2", "100"), ("1e+2", "100"), ("15e-1", "1.5"), ("1.5e1", "15"),
                            ("1e-2", "0.01"), ("0.001e3", "1"), ("123456e-2", "1234.56")):
            with self.subTest(text):
                self.money(value, self.ok(self.http.deposit(unique(), Raw(text)))["balance"])

    def test_absurd_numbers_are_refused_and_nothing_happens(self):
        wallet = self.funded(100)
        for text in ("1e400", "-1e400", "1e-400", "1e308", "1e99999999999999999999", "1e-99999999999999999999",
                     "1" + "0" * 400, "0." + "0" * 400 + "1", "1000000000000000000", "9223372036854775807",
                     "9223372036854775808", "18446744073709551616", "92233720368547758.07", "1e-3", "1000000.001",
                     "9999999999999999", "99999999999999.99", "0.009"):
            with self.subTest(text[:40]), self.unchanged(wallet):
                self.invalid(self.http.deposit(wallet, Raw(text)))
                self.invalid(self.http.withdraw(wallet, Raw(text)))

    def test_what_is_not_positive_is_refused(self):
        wallet, other = self.funded(100), unique()
        for text in ("0", "-1", "-0", "0.00", "-0.01", "0e5", '"0"', '"-5"', '"0.00"'):
            with self.subTest(text), self.unchanged(wallet):
                self.invalid(self.http.deposit(wallet, Raw(text)), POSITIVE)
                self.invalid(self.http.withdraw(wallet, Raw(text)), POSITIVE)
                self.invalid(self.http.transfer(wallet, other, Raw(text)), POSITIVE)
                self.invalid(self.http.hold(wallet, Raw(text)), POSITIVE)
        self.assertEqual(self.events(other), [])

    def test_what_is_no_number_is_refused(self):
        wallet, other = self.funded(100), unique()
        for text in ('"abc"', '""', '" "', '"12.3.4"', '"0x10"', '"1,000"', '"1 000"', '"NaN"', '"Infinity"',
                     '"-Infinity"',
                     '"１２"', '"1_000"', '"$5"', '"5 "', "null", "true", "false", "[]", "[5]", "{}", '{"amount":5}'):
            with self.subTest(text), self.unchanged(wallet):
                self.invalid(self.http.deposit(wallet, Raw(text)), CONFORMING)
                self.invalid(self.http.withdraw(wallet, Raw(text)), CONFORMING)
                self.invalid(self.http.transfer(wallet, other, Raw(text)), CONFORMING)
        self.assertEqual(self.events(other), [])

    def test_tokens_that_are_not_json_are_refused(self):
        wallet = self.funded(100)
        for text in ("NaN", "Infinity", "-Infinity", "nan", "01", "-01", ".5", "5.", "+5", "1e", "0x10", "1_000",
                     "'5'", "--5",
                     "5abc"):
            with self.subTest(text), self.unchanged(wallet):
                self.refused(self.http.deposit(wallet, Raw(text)), 400)

    def test_a_missing_amount_is_refused(self):
        wallet = self.funded(100)
        with self.unchanged(wallet):
            self.invalid(self.http.post(self.http.path(wallet, "/deposit"), {}), CONFORMING)
            self.invalid(self.http.post(self.http.path(wallet, "/withdraw"), {}), CONFORMING)
            self.invalid(self.http.post(self.http.path(wallet, "/transfer"), {"toWalletId": "bob"}), CONFORMING)
            self.invalid(self.http.post(self.http.path(wallet, "/holds"), {}), CONFORMING)

    def test_messages_print_the_currencys_decimals(self):
        for currency, words in (("JPY", "balance=100, requested=200"), ("USD", "balance=100.00, requested=200.00"),
                                ("KWD", "balance=100.000, requested=200.000"),
                                ("BTC", "balance=100.00000000, requested=200.00000000")):
            with self.subTest(currency):
                wallet = self.funded(100, currency)
                self.refused(self.http.withdraw(wallet, 200), 422, "InsufficientFundsError",
                             "Insufficient funds: " + words)

    def test_an_unknown_currency_is_refused(self):
        for currency in ("XYZ", "DOGE", "US", "", "USDD", "$", "XAU", "💰", "USD "):
            with self.subTest(currency):
                wallet = unique()
                self.invalid(self.http.deposit(wallet, 5, currency=currency))
                self.assertEqual(self.events(wallet), [])
        for currency in (5, True, [], {}):
            with self.subTest(str(currency)):
                self.invalid(self.http.deposit(unique(), 5, currency=currency))

    def test_a_balance_that_outgrows_its_integer_is_refused_not_wrapped(self):
        wallet, largest, accepted = unique(), Decimal("9999999.99999999"), 0
        for _ in range(2):
            answers = self.ok(self.http.batch([
                deposit(wallet, largest, currency="LTC") for _ in range(6000)]))
            statuses = {answer["statusCode"] for answer in answers}
            self.assertLessEqual(statuses, {200, 400, 409, 422})
            accepted += sum(answer["statusCode"] == 200 for answer in answers)
        self.assertEqual(self.balance(wallet), accepted * largest)
        self.assertGreater(self.balance(wallet), 0)


class MoneyOnPostgres(Money):
    on_postgres = True
