"""The anchor: PostgreSQL from Debian's package, started for this run alone, and pgbench against it."""

import glob
import os
import pwd
import re
import signal
import subprocess

from lib.processes import BenchError, Process, complaint, free_port

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "pgbench")
ACCOUNTS = 100_000
INITIAL = 1_000_000
# Everything else is PostgreSQL's default: fsync, synchronous_commit and full_page_writes are on.
SETTINGS = {"shared_buffers": "256MB", "max_connections": "200", "listen_addresses": "127.0.0.1"}


def find_bin():
    """The newest /usr/lib/postgresql/*/bin, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else None


def account():
    """Popen options that make the server run as somebody who is not root, which it insists on."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        except KeyError:
            continue
    raise BenchError("there is no unprivileged user to run PostgreSQL as")


class Postgres:
    """A cluster in `directory` with the superuser `bench`, reached through a socket in the same place. Ends with its
    context; the directory is the caller's."""

    def __init__(self, directory, log):
        self.bin, self.directory, self.port = find_bin(), directory, free_port()
        if self.bin is None:
            raise BenchError("PostgreSQL is not installed (apt-get install postgresql)")
        who = account()
        os.makedirs(directory)
        if who:
            os.chown(directory, who["user"], who["group"])
        self.data = os.path.join(directory, "data")
        made = subprocess.run([self.tool("initdb"), "-D", self.data, "-U", "bench", "--auth=trust", "-E", "UTF8",
                               "--locale=C"], capture_output=True, text=True, check=False, cwd=directory, **who)
        if made.returncode != 0:
            raise BenchError(f"initdb: {complaint(made.stderr)}")
        options = {**SETTINGS, "port": self.port, "unix_socket_directories": directory}
        command = [self.tool("postgres"), "-D", self.data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self.process = Process(command, log, cwd=directory, **who)
        try:
            self.process.wait_until(lambda: self.is_ready(), 60)
        except BaseException:
            self.process.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop(signal.SIGINT)  # the fast shutdown

    def tool(self, name):
        return os.path.join(self.bin, name)

    def is_ready(self):
        done = subprocess.run([self.tool("pg_isready"), "-h", self.directory, "-p", str(self.port)],
                              capture_output=True, check=False)
        return done.returncode == 0

    def url(self, database):
        """libpq's, through the socket, as pgbench connects."""
        return f"postgresql://bench@/{database}?host={self.directory.replace('/', '%2F')}&port={self.port}"

    def psql(self, *arguments, database="postgres"):
        done = subprocess.run([self.tool("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.directory,
                               "-p", str(self.port), "-U", "bench", database, *arguments],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"psql: {complaint(done.stderr)}")
        return done.stdout.strip()

    def durability(self):
        names = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers")
        return ", ".join(f"{name}={self.psql('-c', 'SHOW ' + name)}" for name in names)

    def pgbench(self, script, clients, seconds, work):
        """One measured run on fresh tables: a dict of per_second, p50, p99, p999 and max (microseconds)."""
        self.psql("-v", f"n={ACCOUNTS}", "-f", os.path.join(SCRIPTS, "schema.sql"))
        prefix = os.path.join(work, f"pgbench-{script}-{clients}")
        self.run_pgbench(script, clients, min(2, seconds))
        out = self.run_pgbench(script, clients, seconds, "--log", "--log-prefix=" + prefix)
        if int(self.psql("-c", "SELECT sum(balance) FROM accounts")) != ACCOUNTS * INITIAL:
            raise BenchError("PostgreSQL's balances do not add up: the script is wrong")
        tps = float(re.search(r"tps = ([\d.]+)", out).group(1))
        failed = re.search(r"number of failed transactions: (\d+)", out)
        return {"per_second": tps, "failed": int(failed.group(1)) if failed else 0, **latencies(prefix)}

    def run_pgbench(self, script, clients, seconds, *more):
        command = [self.tool("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T",
                   str(seconds), "-D", f"n={ACCOUNTS}", "-f", os.path.join(SCRIPTS, script + ".sql"), "-h",
                   self.directory, "-p", str(self.port), "-U", "bench", *more, "postgres"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 120)
        if done.returncode != 0:
            raise BenchError(f"pgbench: {complaint(done.stderr)}")
        return done.stdout


def latencies(prefix):
    """Percentiles of pgbench's per-transaction logs, which are removed."""
    times = []
    for path in glob.glob(prefix + ".*"):
        with open(path, encoding="ascii") as file:
            times += [int(line.split(" ", 3)[2]) for line in file]
        os.unlink(path)
    times.sort()
    if not times:
        raise BenchError("pgbench finished no transaction")

    def at(share):
        return times[min(len(times) - 1, int(len(times) * share))]

    return {"p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "max": times[-1]}
