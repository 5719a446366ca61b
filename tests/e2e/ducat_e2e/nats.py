"""nats-server from Debian's package, one of our own to stop and start, and as much of its protocol as reading a stream
takes (docs.nats.io, "NATS Protocol" and "JetStream wire API")."""

import base64
import itertools
import json
import os
import shutil
import signal
import socket

from ducat_e2e.processes import SetupError, free_port, scratch, spawn, tail, wait_until

_inboxes = itertools.count(1)


def find_nats():
    return shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin")


class Nats:
    """A running server with JetStream; what it has stored outlives `kill` and `start`."""

    def __init__(self):
        self.program = find_nats()
        if self.program is None:
            raise SetupError("nats-server is not installed")
        self.directory = scratch("nats")
        self.port = free_port()
        self.log = os.path.join(self.directory, "log")
        self.child = None
        with open(os.path.join(self.directory, "nats.conf"), "w", encoding="ascii") as file:
            file.write(f'listen: "127.0.0.1:{self.port}"\n'
                       f'jetstream {{ store_dir: "{self.directory}/data", max_mem: 256MB, max_file: 64GB }}\n')
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.child = spawn([self.program, "-c", os.path.join(self.directory, "nats.conf")], stdout=log, stderr=log)
        wait_until(self.accepts, 30, f"NATS accepts connections: {tail(self.log)}")

    def accepts(self):
        if self.child.poll() is not None:
            raise SetupError(f"NATS ended: {tail(self.log)}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def running(self):
        return self.child.poll() is None

    def kill(self):
        """kill -9"""
        if self.running:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait(30)

    @staticmethod
    def settings(port):
        """Of a server that finds NATS at that port."""
        return {"broker.type": "nats", "broker.url": f"nats://127.0.0.1:{port}"}


class StreamReader:
    """A connection that reads what a stream holds. Not thread-safe."""

    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.lines = self.socket.makefile("rb")
        self.inbox = f"_INBOX.e2e{os.getpid()}.{next(_inboxes)}"
        self.read_line()  # INFO
        self.socket.sendall(b'CONNECT {"verbose":false,"lang":"python","version":"0"}\r\n'
                            + f"SUB {self.inbox} 1\r\n".encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def read_line(self):
        line = self.lines.readline()
        if not line.endswith(b"\r\n"):
            raise SetupError("NATS closed the connection")
        return line[:-2].decode()

    def ask(self, subject, question=""):
        """The JSON of a reply."""
        data = question.encode()
        self.socket.sendall(f"PUB {subject} {self.inbox} {len(data)}\r\n".encode() + data + b"\r\n")
        while not (line := self.read_line()).startswith("MSG "):
            if line.startswith("-ERR") or line.startswith("HMSG"):
                raise SetupError(f"NATS: {line}")
            if line == "PING":
                self.socket.sendall(b"PONG\r\n")
        size = int(line.split()[-1])
        reply = json.loads(self.lines.read(size + 2))
        if "error" in reply:
            raise SetupError(f"NATS {subject}: {reply['error']}")
        return reply

    def bodies(self, stream):
        """The CloudEvents of a stream, in its order."""
        state = self.ask("$JS.API.STREAM.INFO." + stream)["state"]
        first, last = state["first_seq"], state["last_seq"]
        if state["messages"] != last - first + 1:
            raise SetupError(f"{stream} has holes: {state}")
        get = "$JS.API.STREAM.MSG.GET." + stream
        return [json.loads(base64.b64decode(self.ask(get, json.dumps({"seq": number}))["message"]["data"]))
                for number in range(first, last + 1)]
