"""HTTP/1.1 over plain sockets (RFC 9112). Our own, because a sceptic wants to see framing errors, send broken requests
and never have one repeated behind his back: http.client hides the first two."""

import select
import socket
import threading
from urllib.parse import quote

from ducat_e2e.texts import decode, encode

LONGEST_HEAD = 256 * 1024


class NoAnswer(Exception):
    """The connection was refused, broke or stayed silent: whether anything happened is unknown."""


class BadAnswer(Exception):
    """What came back is not HTTP."""


class Answer:
    """An HTTP answer. Header names are lower-case; of a repeated header the values are joined by a comma."""

    def __init__(self, method, path, status, headers, body):
        self.method, self.path, self.status, self.headers, self.body = method, path, status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return decode(self.text)

    @property
    def replayed(self):
        return self.headers.get("idempotent-replayed") == "true"

    def __repr__(self):
        return f"{self.method} {self.path} -> {self.status} {self.body[:500]!r}"


class Connection:
    """One TCP connection. Not thread-safe."""

    def __init__(self, port, timeout=30, host="127.0.0.1"):
        self.buffer = b""
        try:
            self.socket = socket.create_connection((host, port), timeout)
        except OSError as error:
            raise NoAnswer(f"connect: {error}") from None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise NoAnswer(f"send: {error}") from None

    def is_stale(self):
        """Whether the server has closed it, or said something nobody asked for."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except OSError as error:
            raise NoAnswer(f"receive: {error}") from None
        if not data:
            raise NoAnswer("the connection was closed")
        self.buffer += data

    def read_until(self, mark):
        while mark not in self.buffer:
            if len(self.buffer) > LONGEST_HEAD:
                raise BadAnswer("no end of the head")
            self.receive()
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def read_exactly(self, size):
        while len(self.buffer) < size:
            self.receive()
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found

    def read_chunks(self):
        whole = b""
        while size := int(self.read_until(b"\r\n").split(b";")[0], 16):
            whole += self.read_exactly(size)
            if self.read_exactly(2) != b"\r\n":
                raise BadAnswer("a chunk does not end where it says")
        while self.read_until(b"\r\n"):
            pass
        return whole

    def read_answer(self, method="GET", path="?"):
        head = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, _, rest = head[0].partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not rest[:3].isdigit():
            raise BadAnswer(f"status line {head[0]!r}")
        status, headers = int(rest[:3]), {}
        for line in head[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise BadAnswer(f"header line {line!r}")
            name, value = name.lower(), value.strip()
            headers[name] = headers[name] + ", " + value if name in headers else value
        return Answer(method, path, status, headers, self.read_body(method, status, headers))

    def read_body(self, method, status, headers):
        if method == "HEAD" or status in (204, 304) or status < 200:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self.read_chunks()
        if "content-length" not in headers:
            raise BadAnswer("neither Content-Length nor chunks")
        return self.read_exactly(int(headers["content-length"]))


def request_bytes(method, path, headers=(), body=b""):
    """A request as it goes over the wire; `headers` are pairs, Host is added unless there."""
    lines = [f"{method} {path} HTTP/1.1"]
    if not any(name.lower() == "host" for name, _ in headers):
        lines.append("Host: localhost")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body


class Client:
    """A keep-alive connection for each thread. Never sends a request twice by itself."""

    def __init__(self, port, timeout=30, prefix="/v1/wallet"):
        self.port, self.timeout, self.prefix = port, timeout, prefix
        self.local = threading.local()

    def connection(self):
        kept = getattr(self.local, "connection", None)
        if kept is None or kept.is_stale():
            self.drop()
            self.local.connection = Connection(self.port, self.timeout)
        return self.local.connection

    def drop(self):
        if getattr(self.local, "connection", None):
            self.local.connection.close()
        self.local.connection = None

    def request(self, method, path, body=None, key=None, headers=None):
        """`body`: bytes as they are, anything else as JSON. NoAnswer when it is unknown what happened."""
        data = b"" if body is None else body if isinstance(body, bytes) else encode(body).encode("utf-8")
        given = dict(headers or {})
        if key is not None:
            given["Idempotency-Key"] = key
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        if body is not None or method in ("POST", "PUT", "PATCH"):
            given.setdefault("Content-Length", len(data))
        try:
            connection = self.connection()
            connection.send(request_bytes(method, path, list(given.items()), data))
            answer = connection.read_answer(method, path)
        except (NoAnswer, BadAnswer):
            self.drop()
            raise
        if answer.headers.get("connection", "").lower() == "close":
            self.drop()
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, {} if body is None else body, **more)

    def put(self, path, body, **more):
        return self.request("PUT", path, body, **more)

    # The wallet's routes by name.

    def path(self, wallet, rest=""):
        return f"{self.prefix}/{quote(wallet, safe='')}{rest}"

    def wallet(self, wallet, query=""):
        return self.get(self.path(wallet, query))

    def history(self, wallet, query=""):
        return self.get(self.path(wallet, "/history" + query))

    def deposit(self, wallet, amount, key=None, headers=None, **fields):
        return self.post(self.path(wallet, "/deposit"), {"amount": amount, **fields}, key=key, headers=headers)

    def withdraw(self, wallet, amount, key=None, headers=None, **fields):
        return self.post(self.path(wallet, "/withdraw"), {"amount": amount, **fields}, key=key, headers=headers)

    def transfer(self, wallet, to, amount, key=None, headers=None):
        return self.post(self.path(wallet, "/transfer"), {"toWalletId": to, "amount": amount}, key=key,
                         headers=headers)

    def hold(self, wallet, amount, key=None, **fields):
        return self.post(self.path(wallet, "/holds"), {"amount": amount, **fields}, key=key)

    def capture(self, wallet, hold, amount=None, key=None):
        return self.post(self.path(wallet, f"/holds/{hold}/capture"), {} if amount is None else {"amount": amount},
                         key=key)

    def void(self, wallet, hold, key=None):
        return self.post(self.path(wallet, f"/holds/{hold}/void"), key=key)

    def act(self, wallet, action, key=None, **fields):
        """freeze, unfreeze, close"""
        return self.post(self.path(wallet, "/" + action), fields, key=key)

    def daily_limit(self, wallet, limit, **fields):
        return self.put(self.path(wallet, "/daily-limit"), {"limit": limit, **fields})

    def batch(self, operations, **fields):
        return self.post(self.prefix + "/batch", {"operations": operations, **fields})
