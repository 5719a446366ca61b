"""Child processes that do not outlive the run, whatever ends it, and the run's temporary directory."""

import atexit
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_children = []
_mounts = []
_root = None


class SetupError(Exception):
    """What a test needs could not be had; the text says what."""


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(command, before=None, **popen):
    """Popen of a child that is killed when this process ends, however that happens. From the main thread only: the
    kernel watches the thread. `before` runs in the child."""
    def prepare():
        _die_with_parent()
        if before:
            before()

    child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, preexec_fn=prepare, **popen)
    _children.append(child)
    return child


def scratch(name):
    """A fresh directory that is gone after the run; anybody may pass through it."""
    global _root
    if _root is None:
        _root = tempfile.mkdtemp(prefix="ducat-e2e-")
        os.chmod(_root, 0o755)
    made = tempfile.mkdtemp(prefix=name + "-", dir=_root)
    os.chmod(made, 0o755)
    return made


def mount_tmpfs(path, size):
    """Whether a small file system of its own could be mounted there; it is gone after the run."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True,
                          check=False)
    if done.returncode == 0:
        _mounts.append(path)
    return done.returncode == 0


@atexit.register
def clean_up():
    """Ends every child and removes every file of the run."""
    for child in _children:
        if child.poll() is None:
            child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
    _children.clear()
    for path in _mounts:
        subprocess.run(["umount", "-l", path], capture_output=True, check=False)
    _mounts.clear()
    if _root:
        shutil.rmtree(_root, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unprivileged():
    """Popen options that give up root; empty for those who never had it."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise SetupError("there is no unprivileged user here")


def wait_until(condition, seconds, what):
    """Waits for a true value and returns it; AssertionError that names `what` when the time is up."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return found


def tail(path, lines=8):
    with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
        return "\n".join(file.read().strip().splitlines()[-lines:])
    return ""
