"""Starting what a row needs and stopping all of it again, whatever happens in between."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time

READY_SECONDS = 120
STOP_SECONDS = 60


class BenchError(Exception):
    """A row cannot be measured; the text says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def complaint(text):
    """The line of a program's output that says what went wrong, as far as one can tell."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return next((line for line in lines if "ERROR" in line), lines[-1] if lines else "no message")[:300]


def tail(path, lines=5):
    with open(path, encoding="utf-8", errors="replace") as file:
        return " | ".join(file.read().strip().splitlines()[-lines:])


class Process:
    """A child with its output in a file. Ends with its context."""

    def __init__(self, command, log, **popen):
        self.command, self.log_path = command, log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, **popen)

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child.poll() is None

    def wait_until(self, condition, seconds=READY_SECONDS):
        """Seconds until `condition()` held. BenchError when the process ends first or the time is up."""
        begin = time.monotonic()
        while not condition():
            if not self.running():
                raise BenchError(f"{self.command[0]} ended with {self.child.returncode}: {tail(self.log_path)}")
            if time.monotonic() - begin > seconds:
                raise BenchError(f"{self.command[0]} was not ready in {seconds} s: {tail(self.log_path)}")
            time.sleep(0.005)
        return time.monotonic() - begin

    def stop(self, sign=signal.SIGTERM):
        """Asks it to end; kills it, and says so, when it does not."""
        if self.running():
            self.child.send_signal(sign)
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise BenchError(f"{self.command[0]} did not stop within {STOP_SECONDS} s") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.running():
            self.child.kill()
        self.child.wait()


def answers_200(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        except http.client.HTTPException:
            return False


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server(Process):
    """`ducat run` on a free port; `ready_seconds` is how long it took from exec to /health/ready."""

    def __init__(self, ducat, data, log, settings=(), services="all"):
        self.ducat, self.data, self.settings = ducat, data, list(settings)
        self.port = free_port()
        command = [ducat, "run", "--dev", "--data", data, "--port", str(self.port),
                   "--services", services]
        super().__init__(command + self.set_options(["ratelimit.enabled=false", *self.settings]), log)
        try:
            self.ready_seconds = self.wait_until(lambda: answers_200(self.port, "/health/ready"))
        except BaseException:
            self.__exit__()
            raise

    @staticmethod
    def set_options(settings):
        return [word for setting in settings for word in ("--set", setting)]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def login(self):
        """The access token of the development user."""
        body = json.dumps({"username": "testuser", "password": "password123"})
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("POST", "/api/auth/login", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise BenchError(f"the login was answered {answer.status}")
            return json.load(answer)["data"]["accessToken"]

    def verify(self):
        """`ducat wallet verify` on the data of a stopped server; BenchError with its words when it finds fault."""
        command = [self.ducat, "wallet", "verify", "--data", self.data, *self.set_options(self.settings)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
        if done.returncode != 0:
            raise BenchError(f"wallet verify: {complaint(done.stderr or done.stdout)}")


def directory_bytes(path):
    total = 0
    for folder, _, names in os.walk(path):
        total += sum(os.path.getsize(os.path.join(folder, name)) for name in names)
    return total
