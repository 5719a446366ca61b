"""A `ducat run` of its own: started, stopped, killed and started again on the same data."""

import os
import select
import signal
import subprocess
import time

from ducat_e2e.client import Client
from ducat_e2e.processes import SetupError, free_port, scratch, spawn, tail

READY_SECONDS = 60
STOP_SECONDS = 40
BINARY = None  # run.py sets it


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

    def command(self):
        return [binary(), "run", *(["--dev"] if self.dev else []), "--data", self.data, "--port", self.port,
                *set_options(self.settings)]

    def start(self):
        """Until it says that it is ready; SetupError with its last words when it does not."""
        with open(self.log, "ab") as log:
            self.child = spawn(self.command(), before=self.before, stdout=subprocess.PIPE, stderr=log,
                               env=clean_environment(self.env))
        self.client = Client(self.port)
        self.ready_line = self.read_line()

    def read_line(self):
        end, line = time.monotonic() + READY_SECONDS, b""
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
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()
        self.client.drop()

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
