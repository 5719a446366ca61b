"""Which files the repository's own checks look at, and what they share.

Files are asked of git (tracked, and new ones that are not ignored); without git the folders are walked.
"""

import os
import re
import subprocess
from pathlib import Path

CPP = (".h", ".cc")
# What others wrote and we ship as it is.
FOREIGN = ("third_party/",)
TEST_FILE = re.compile(r"_(test|pgtest|bench|fuzz)\.cc$|(^|/)testing_\w+\.h$|(^|/|_)(testing|fixture|contract)\.h$")


def is_test(path):
    """Whether a file is compiled only into tests, or holds what tests share."""
    return bool(TEST_FILE.search(path)) or "/testing/" in path or path.startswith(("sim/", "tests/", "bench/", "fuzz/"))


def list_files(root):
    """Paths relative to `root`, sorted."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [str(path.relative_to(root)) for path in Path(root).rglob("*")
                  if not {".git", "build", "node_modules", "__pycache__"} & set(path.relative_to(root).parts)]
    return sorted({path for path in listed
                   if path and not path.startswith(FOREIGN) and os.path.isfile(os.path.join(root, path))})


def read(root, path):
    return Path(root, path).read_text(encoding="utf-8", errors="replace")


def includes(text):
    """The #include lines: (line number, name, whether in angle brackets)."""
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if found:
            yield number, found.group(1) or found.group(2), found.group(2) is not None
