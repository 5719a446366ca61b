"""What the figures of a run depend on: processors, memory, kernel, file system, and what one fsync costs here."""

import os
import platform
import shutil
import sqlite3
import subprocess
import time

FSYNC_SECONDS = 2


def read_text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def processor():
    for line in read_text("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gib():
    kib = int(next(line for line in read_text("/proc/meminfo").splitlines() if line.startswith("MemTotal")).split()[1])
    return round(kib / 1024 / 1024)


def file_system(directory):
    """(device, type) of the longest mount point that holds the directory."""
    best = ("", "?", "?")
    for line in read_text("/proc/mounts").splitlines():
        device, mount, kind = line.split()[:3]
        inside = os.path.realpath(directory).startswith(mount.rstrip("/") + "/") or mount == "/"
        if inside and len(mount) >= len(best[0]):
            best = (mount, device, kind)
    return best[1:]


def fsync_micros(directory):
    """Sorted times of appending 4 KiB and fdatasync, as a journal does it."""
    path = os.path.join(directory, "fsync.probe")
    times = []
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        until = time.monotonic() + FSYNC_SECONDS
        while time.monotonic() < until:
            begin = time.monotonic_ns()
            os.write(handle, b"x" * 4096)
            os.fdatasync(handle)
            times.append((time.monotonic_ns() - begin) / 1000)
    finally:
        os.close(handle)
        os.unlink(path)
    return sorted(times)


def version_of(command):
    if not shutil.which(command[0]):
        return "not found"
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return ((done.stdout or done.stderr).strip().splitlines() or ["?"])[0]


def describe(directory, ducat, postgres_bin):
    """(title, text) lines for the head of the report."""
    times = fsync_micros(directory)
    device, kind = file_system(directory)
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    return [
        ("machine", f"{os.cpu_count()} cores, {processor()}, {memory_gib()} GiB, Linux {platform.release()}"),
        ("disk", f"{device} ({kind}); append of 4 KiB with fdatasync: median {p50:.0f} us, p99 {p99:.0f} us, "
                 f"{len(times) / FSYNC_SECONDS:.0f}/s one after another"),
        ("versions", f"{version_of([ducat, '--version'])}; SQLite {sqlite3.sqlite_version}; "
                     f"{version_of([os.path.join(postgres_bin, 'postgres'), '--version'])}"),
        ("load", "generator, server and database share the machine; load average before the run "
                 f"{os.getloadavg()[0]:.1f}"),
    ]
