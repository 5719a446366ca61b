"""PostgreSQL from Debian's package, a cluster of its own in a temporary directory, never run as root."""

import glob
import os
import signal
import subprocess

from ducat_e2e.processes import SetupError, free_port, scratch, spawn, tail, unprivileged, wait_until

_shared = None


def find_bin():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


class Postgres:
    """A running cluster with everything at its default but the port: fsync is on."""

    def __init__(self):
        self.bin = find_bin()
        if self.bin is None:
            raise SetupError("PostgreSQL is not installed")
        self.who = unprivileged()
        self.directory = scratch("postgres")
        if self.who:
            os.chown(self.directory, self.who["user"], self.who["group"])
        self.port = free_port()
        self.log = os.path.join(self.directory, "log")
        self.databases = 0
        made = self.run("initdb", "-D", self.directory + "/data", "-U", "ducat", "--auth=trust", "-E", "UTF8",
                        "--locale=C", "--no-sync")
        if made.returncode != 0:
            raise SetupError(f"initdb: {made.stderr.strip()}")
        self.start()

    def run(self, tool, *words):
        return subprocess.run([os.path.join(self.bin, tool), *words], capture_output=True, text=True, check=False,
                              cwd=self.directory, timeout=60, **self.who)

    def start(self):
        with open(self.log, "ab") as log:
            self.child = spawn([os.path.join(self.bin, "postgres"), "-D", self.directory + "/data", "-p", self.port,
                                "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=400",
                                "-k", self.directory],
                               stdout=log, stderr=log, cwd=self.directory, **self.who)
        wait_until(self.is_ready, 60, f"PostgreSQL accepts connections: {tail(self.log)}")

    def is_ready(self):
        if not self.running:
            raise SetupError(f"PostgreSQL ended: {tail(self.log)}")
        return self.run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "ducat").returncode == 0

    @property
    def running(self):
        return self.child.poll() is None

    def stop_immediately(self):
        """What pg_ctl stop -m immediate does: no goodbye to anybody."""
        if self.running:
            self.child.send_signal(signal.SIGQUIT)
            self.child.wait(30)

    def psql(self, statement, database="postgres"):
        done = self.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                        str(self.port), "-U", "ducat", database, "-c", statement)
        if done.returncode != 0:
            raise SetupError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def new_database(self):
        """The settings of a server that has it for itself."""
        self.databases += 1
        name = f"ducat_{self.databases}"
        self.psql(f"CREATE DATABASE {name}")
        return {"storage.type": "postgres", "storage.url": f"postgresql://ducat@127.0.0.1:{self.port}/{name}"}


def shared_postgres():
    """One for the whole run; who stops it starts it again."""
    global _shared
    if _shared is None:
        _shared = Postgres()
    return _shared
