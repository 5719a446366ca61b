"""A `ducat run` of its own: started, stopped, killed and started again on the same data."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time

from ducat_e2e.client import Client
from ducat_e2e.processes import SetupError, free_port, scratch, spawn, tail, wait_until

READY_SECONDS = 60
ALL_READY_SECONDS = 180  # of a supervisor, which makes a cluster of PostgreSQL first
STOP_SECONDS = 40
BINARY = None  # run.py sets it
DISTRIBUTED = False  # run.py sets it: each server is a gateway and its services in processes of their own


def binary():
    if BINARY is None:
        raise SetupError("no binary: run these tests through run.py")
    return BINARY


def clean_environment(more=None):
    """This environment without settings of Ducat that a developer may have in his."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DUCAT_")}
    return {**kept, **(more or {})}


def ducat(*arguments, env=None, timeout=60, **popen):
    """Runs a command of the command line to its end."""
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env=clean_environment(env), stdin=subprocess.DEVNULL, check=False, **popen)


def lives(process):
    """Whether it runs; one that is dead and not yet buried does not."""
    if not process["pid"]:
        return False
    try:
        with open(f"/proc/{process['pid']}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def set_options(settings):
    return [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]


class Server:
    """Serving from its construction on. All calls from the main thread, but for what `client` does."""

    def __init__(self, settings=None, data=None, dev=True, env=None, limits=False, before=None):
        self.settings = {} if limits else {"ratelimit.enabled": "false"}
        self.settings.update(settings or {})
        self.data = data or os.path.join(scratch("server"), "data")
        self.dev, self.env, self.before = dev, env, before
        self.log = os.path.join(scratch("log"), "stderr")
        self.port = free_port()
        self.child = None
        self.start()

    @property
    def verb(self):
        return "supervise" if DISTRIBUTED else "run"

    def command(self):
        return [binary(), self.verb, *(["--dev"] if self.dev else []), "--data", self.data, "--port", self.port,
                *set_options(self.settings)]

    def start(self):
        """Until it says that it is ready; SetupError with its last words when it does not."""
        with open(self.log, "ab") as log:
            self.child = spawn(self.command(), before=self.before, stdout=subprocess.PIPE, stderr=log,
                               env=clean_environment(self.env))
        self.client = Client(self.port)
        self.ready_line = self.read_line()

    def read_line(self):
        limit = ALL_READY_SECONDS if self.verb == "supervise" else READY_SECONDS
        end, line = time.monotonic() + limit, b""
        while not line.endswith(b"\n"):
            ready = select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))[0]
            piece = os.read(self.child.stdout.fileno(), 4096) if ready else b""
            if not piece:
                self.kill()
                raise SetupError(f"the server did not get ready: {line!r} {tail(self.log)}")
            line += piece
        return line.decode("utf-8")

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    def kill(self):
        """kill -9"""
        others = self.processes().values()
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()
        self.client.drop()
        wait_until(lambda: not any(map(lives, others)), 20, "nothing outlives its supervisor")

    def processes(self):
        """Name → {"name", "pid", "address", "rpc"} of what a supervisor runs; empty for one process."""
        if self.verb != "supervise":
            return {}
        with contextlib.suppress(OSError), open(os.path.join(self.data, "processes.json"), encoding="utf-8") as file:
            return {process["name"]: process for process in json.load(file)}
        return {}

    def pid_of(self, service):
        """Of the process that runs it."""
        return self.processes().get(service, {"pid": self.child.pid})["pid"]

    def terminate(self):
        self.child.send_signal(signal.SIGTERM)

    def wait(self, seconds=STOP_SECONDS):
        """The exit code; AssertionError when it does not end."""
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop within {seconds} s of SIGTERM: {tail(self.log)}") from None
        self.child.stdout.close()
        self.client.drop()
        return code

    def stop(self):
        """SIGTERM; the exit code."""
        self.terminate()
        return self.wait()

    def restart(self):
        """kill -9, and again on the same data."""
        self.kill()
        self.start()

    def tool(self, *words, timeout=120):
        """A command of the command line on this server's data."""
        stored = {name: value for name, value in self.settings.items() if name.startswith(("storage.", "wallet."))}
        return ducat(*words, "--data", self.data, *set_options(stored), timeout=timeout, env=self.env)

    def last_words(self):
        return tail(self.log)


class OneProcess(Server):
    """`ducat run`, whatever shape the run's other servers have."""

    verb = "run"


class Supervised(Server):
    """`ducat supervise` with servers of its own."""

    verb = "supervise"

    def log_of_all(self, lines=8):
        return tail(os.path.join(self.data, "ducat.log"), lines)

    def kill_one(self, name):
        """kill -9 of one of its processes."""
        os.kill(self.processes()[name]["pid"], signal.SIGKILL)

    def tool_on_its_database(self, service, *words):
        """A command of the command line on the database of one of its services."""
        address = self.processes()["postgres"]["address"]
        with open(os.path.join(self.data, "postgres", "password"), encoding="ascii") as file:
            url = f"postgresql://ducat:{file.read().strip()}@{address}/ducat_{service}"
        return ducat(*words, "--data", self.data, *set_options({"storage.type": "postgres", "storage.url": url}))
