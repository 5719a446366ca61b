"""JSON whose numbers keep their digits, both ways: money must not pass through floating point in its own tests."""

import json
from decimal import Decimal


class Digits(Decimal):
    """A number with a fraction or an exponent, and the text it came as."""

    def __new__(cls, text):
        made = super().__new__(cls, text)
        made.text = text
        return made


class Raw(str):
    """A text that goes into a JSON body as it is: `Raw("1e400")`."""

    __slots__ = ()


def encode(value):
    """JSON text of dicts, lists, texts, whole numbers, Decimals, None, booleans and Raw."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(key) + ":" + encode(item) for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(encode, value)) + "]"
    if isinstance(value, float):
        raise TypeError("a float is no exact number: use Decimal")
    return json.dumps(value)


def refuse_duplicates(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key stands twice in {[key for key, _ in pairs]}")
    return found


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def decode(text):
    """JSON with fractions as Digits, which are Decimals; a key that stands twice, NaN and the like are errors."""
    return json.loads(text, parse_float=Digits, parse_constant=refuse_constant,
                      object_pairs_hook=refuse_duplicates)


def cents(amount):
    """Decimal or int of a currency with two decimals, in hundredths. ValueError when it has more."""
    exact = Decimal(amount) * 100
    if exact != exact.to_integral_value():
        raise ValueError(f"{amount} has more than two decimals")
    return int(exact)


def units(hundredths):
    """The Decimal of so many hundredths."""
    return Decimal(hundredths).scaleb(-2)
