"""The rows of the benchmark: each starts what it needs, measures, checks, and yields what goes into the table."""

import dataclasses
import json
import os
import signal
import subprocess

from lib.postgres import Postgres
from lib.processes import BenchError, Process, Server, accepts, complaint, directory_bytes, free_port

WALLETS = 100_000


@dataclasses.dataclass
class Row:
    """One line. Latencies in microseconds; what does not apply is None."""
    key: str
    what: str
    per_second: float | None = None
    p50: int | None = None
    p99: int | None = None
    p999: int | None = None
    max: int | None = None
    cpu_micros: float | None = None  # of the server, an operation
    rss_mib: int | None = None
    lost: int = 0
    note: str = ""
    error: str = ""


@dataclasses.dataclass
class Bench:
    """What the rows share. `work` is the directory on the disk that is measured."""
    build: str
    work: str
    seconds: int
    batch_seconds: int
    many_wallets: int
    postgres: Postgres | None = None

    def program(self, name):
        path = os.path.join(self.build, name)
        if not os.access(path, os.X_OK):
            raise BenchError(f"{path} is not built")
        return path

    def path(self, name):
        return os.path.join(self.work, name)

    def load(self, url, *arguments, pid=None, seconds=None):
        """Runs the generator; its report as a dict. Its exit code 1 is a failed check of its own."""
        command = [self.program("ducat_load"), "--json", "--url", url, "--seconds", str(seconds or self.seconds),
                   "--warmup", "1" if self.seconds <= 5 else "3", *map(str, arguments)]
        if pid is not None:
            command += ["--server-pid", str(pid)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3600)
        if done.returncode != 0:
            raise BenchError(f"load: {complaint(done.stderr)}")
        return json.loads(done.stdout)

    def server(self, name, settings=(), services="all"):
        return Server(self.program("ducat"), self.path(name), self.path(name + ".log"), settings, services)


def row_of(key, what, report, latency="latencyMicros"):
    """A generator's report as a row. The rate includes the time in which the tables caught up."""
    settled = report["settledSeconds"] >= 0
    times = report[latency]
    row = Row(key, what, p50=times["p50"], p99=times["p99"], p999=times["p999"], max=times["max"])
    row.per_second = report["settledPerSecond"] if settled else report["perSecond"]
    row.lost = report["timeouts"] + report["disconnects"] + report["badAnswers"] + report["failed"] + report["missed"]
    if report["serverCpuSeconds"] >= 0 and report["operations"]:
        row.cpu_micros = report["serverCpuSeconds"] * 1e6 / report["operations"]
        row.rss_mib = report["serverRssPeakKib"] // 1024
    notes = []
    if report["conservation"]["checked"]:
        behind = report["settledSeconds"] - report["seconds"]
        notes.append(f"tables {max(0, behind):.2f} s behind" if settled else "catch-up not told by the server")
    if report["refused"]:
        notes.append(f"{100 * report['refused'] / report['operations']:.1f} % refused for lack of funds")
    row.note = ", ".join(notes)
    return row


def ceiling(bench):
    port = free_port()
    with Process([bench.program("canned_server"), str(port)], bench.path("canned.log")) as server:
        server.wait_until(lambda: accepts(port), 10)
        report = bench.load(f"http://127.0.0.1:{port}", "--no-fund", "--no-verify", "--no-settle", pid=server.pid)
    row = row_of("ceiling", "the generator's own ceiling (constant answers)", report)
    row.note = f"generator {report['generatorCpuSeconds'] * 1e6 / report['requests']:.1f} us a request"
    yield row


def echo(bench):
    port = free_port()
    with Process([bench.program("http_echo"), str(port)], bench.path("echo.log")) as server:
        server.wait_until(lambda: accepts(port), 10)
        url = f"http://127.0.0.1:{port}"
        yield row_of("echo", "bare HTTP echo on the same server code", bench.load(url, "--mix", "echo", pid=server.pid))
        one = bench.load(url, "--mix", "echo", "--connections", 1, pid=server.pid)
        yield row_of("echo-1", "bare HTTP echo, one connection", one)


def anchor(bench):
    shapes = (("transfer_statements", "statement by statement"), ("transfer_function", "one function call"))
    for script, words in shapes:
        for clients in (16, 64):
            measured = bench.postgres.pgbench(script, clients, bench.seconds, bench.work)
            row = Row(f"pg-{script.split('_')[1]}-{clients}", f"PostgreSQL, {words}, {clients} clients",
                      measured["per_second"], measured["p50"], measured["p99"], measured["p999"], measured["max"])
            row.lost = measured["failed"]
            row.note = "sum of balances checked"
            yield row


def measured_server(bench, name, what, *arguments, settings=(), latency="latencyMicros", services="all"):
    """A fresh server, one run of the generator, a clean stop, and the proof on the files."""
    with bench.server(name, settings, services) as server:
        report = bench.load(server.url, *arguments, pid=server.pid)
        server.stop()
    row = row_of(name, what, report, latency)
    server.verify()
    row.note = ", ".join(filter(None, [row.note, "verified"]))
    return row


def sqlite(bench):
    yield measured_server(bench, "sqlite", "transfers, SQLite, 64 connections", "--wallets", WALLETS)


def alone(bench):
    """Without the fraud worker, which takes its share of the processors for every movement."""
    yield measured_server(bench, "alone", "the same, the wallet service alone", "--wallets", WALLETS, services="wallet")


def postgres_settings(bench, database):
    bench.postgres.psql("-c", f"CREATE DATABASE {database}")
    return ["storage.type=postgres", f"storage.url={bench.postgres.url(database)}"]


def on_postgres(bench):
    settings = postgres_settings(bench, "ducat")
    yield measured_server(bench, "postgres", "transfers, PostgreSQL, 64 connections", "--wallets", WALLETS,
                          settings=settings)


def hot(bench):
    yield measured_server(bench, "hot", "every transfer touches one wallet", "--wallets", WALLETS, "--hot")


def single(bench):
    yield measured_server(bench, "single", "one connection", "--wallets", WALLETS, "--connections", 1)


def read_after_write(bench):
    yield measured_server(bench, "read", "read after write: latency of the read, rate of both", "--wallets", WALLETS, "--read-after-write",
                          latency="readMicros")


def creates(bench):
    """POST /api/transactions: answered after the audit service's record is durable; both services in the process."""
    for connections in (64, 1):
        name = f"creates-{connections}"
        with bench.server(name) as server:
            token = server.login()
            report = bench.load(server.url, "--mix", "create", "--connections", connections, "--header",
                                f"Authorization: Bearer {token}", pid=server.pid)
            server.stop()
        yield row_of(name, f"audit-confirmed creates, SQLite, {connections} connections", report)


def batch(bench):
    """Batches, then what a restart costs with the events that they left."""
    arguments = ("--wallets", WALLETS, "--batch", 1000, "--connections", 8)
    what = f"batches of 1,000, 8 connections, {bench.batch_seconds} s"
    with bench.server("batch") as server:
        report = bench.load(server.url, *arguments, pid=server.pid, seconds=bench.batch_seconds)
        server.stop()
    row = row_of("batch", what, report)
    disk = directory_bytes(server.data)
    row.note += f", {disk / 2**20:.0f} MiB on disk"
    yield row
    transfers = report["operations"]
    with bench.server("batch") as server:
        note = f"after {transfers:,} transfers and a clean stop"
        yield Row("restart", "restart: time to ready", p50=int(server.ready_seconds * 1e6), note=note)
        bench.load(server.url, *arguments, "--no-settle", "--no-verify", seconds=min(5, bench.seconds))
        server.stop(signal.SIGKILL)
    with bench.server("batch") as server:
        ready = server.ready_seconds
        server.stop()
    server.verify()
    yield Row("restart-kill", "restart after kill -9 under load: time to ready", p50=int(ready * 1e6), note="verified")


def wallets(bench):
    """The wallet service alone: giving them their money would open an alert of each at the fraud worker's."""
    for count in (10_000, bench.many_wallets):
        yield measured_server(bench, f"wallets-{count}", f"transfers over {count:,} wallets, alone", "--wallets", count,
                              services="wallet")


# In the order of the table: name, whether it needs PostgreSQL, how to measure.
ROWS = [
    ("ceiling", False, ceiling),
    ("echo", False, echo),
    ("pg", True, anchor),
    ("sqlite", False, sqlite),
    ("alone", False, alone),
    ("postgres", True, on_postgres),
    ("hot", False, hot),
    ("single", False, single),
    ("read", False, read_after_write),
    ("creates", False, creates),
    ("batch", False, batch),
    ("wallets", False, wallets),
]
