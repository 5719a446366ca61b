"""Operations of a batch, each with a key of its own unless one is given."""

from ducat_e2e.case import unique


def deposit(wallet, amount, key=None, **more):
    return {"type": "deposit", "walletId": wallet, "amount": amount, "idempotencyKey": key or unique("key"), **more}


def withdraw(wallet, amount, key=None):
    return {"type": "withdraw", "walletId": wallet, "amount": amount, "idempotencyKey": key or unique("key")}


def transfer(wallet, to, amount, key=None):
    return {"type": "transfer", "walletId": wallet, "toWalletId": to, "amount": amount,
            "idempotencyKey": key or unique("key")}


def hold(wallet, amount, key=None):
    return {"type": "hold", "walletId": wallet, "amount": amount, "idempotencyKey": key or unique("key")}


def capture(wallet, hold_id, key=None, **more):
    return {"type": "capture", "walletId": wallet, "holdId": hold_id, "idempotencyKey": key or unique("key"), **more}


def void(wallet, hold_id, key=None):
    return {"type": "void", "walletId": wallet, "holdId": hold_id, "idempotencyKey": key or unique("key")}
