#!/usr/bin/env python3
"""Runs clang-tidy over the production sources of a build folder, several at a time, and only where something changed.

A source that passed is remembered by the hash of itself, all of the repository's headers it reaches, and .clang-tidy;
so a run after a small change takes seconds. Flags that only GCC knows, and the precompiled header, are left out:
what a source uses it must include.

clang-tidy 19, because libstdc++ 12 shows <expected> only to a compiler with concepts of 2020, and versions before 16
cannot compile it at all.

One check is our own, by clang-query: GCC 12 destroys a temporary twice if it is an aggregate or a lambda with captures and
stands in a full expression with co_await (docs/coroutines.md). It compiles without a warning and frees memory twice.

With --all, sources that share their flags are read several at a time as one, since most of the work is headers. Only
"nothing found" is taken from that; whatever else comes out (names that clash, too), each half is read by itself, down
to single sources. Alone, a source must also include all that it uses.

Usage: tools/clang_tidy.py <build folder> [--jobs N] [--all]. Exit code 1 if a source has a finding.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from source_tree import includes, is_test

CLANG_TIDY = "clang-tidy-19"
CLANG_QUERY = "clang-query-19"
# A temporary with a destructor that no constructor and no call makes, in a full expression with co_await. Clang binds
# only temporaries that have something to destroy.
DESTROYED_TWICE = """exprWithCleanups(hasDescendant(coawaitExpr()), forEachDescendant(cxxBindTemporaryExpr(has(expr(
  unless(anyOf(cxxConstructExpr(), callExpr(), coawaitExpr(), implicitCastExpr()))))).bind("temporary")))"""
GCC_ONLY = {"-fpch-preprocess", "-Winvalid-pch", "-Wno-maybe-uninitialized", "-Wno-restrict"}
TIMEOUT_S = 300
BATCH = 8
NOT_PARSED = "-fdelayed-template-parsing"


def reached(root, path, seen):
    """Adds `path` and every file of the repository it includes, at any depth, to `seen`."""
    if path in seen:
        return
    text = Path(root, path).read_text(errors="replace")
    seen[path] = text
    for _, name, system in includes(text):
        for candidate in ("src/" + name, name):
            if not system and Path(root, candidate).is_file():
                reached(root, candidate, seen)


def fingerprint(root, path, arguments):
    seen = {}
    reached(root, path, seen)
    digest = hashlib.sha256(Path(root, ".clang-tidy").read_bytes() + Path(__file__).read_bytes())
    digest.update("\0".join(arguments).encode())
    for name in sorted(seen):
        digest.update(name.encode() + b"\0" + seen[name].encode() + b"\0")
    return digest.hexdigest()


def flags_of(command):
    """The compiler's flags without the compiler, the output, and what clang does not know."""
    arguments = command.get("arguments") or shlex.split(command["command"])
    compiler = next(i for i, argument in enumerate(arguments) if os.path.basename(argument) in
                    ("c++", "g++", "cc", "clang++", "c++-12", "g++-12"))
    kept, skip = [], False
    for argument in arguments[compiler + 1:]:
        takes_value = argument in ("-o", "-MT", "-MF", "-include")
        if not (skip or takes_value or argument in GCC_ONLY or argument in ("-c", "-MD", command["file"])):
            kept.append(argument)
        skip = takes_value
    return kept + ["-w"]  # the compiler's own warnings are GCC's business; errors and checks remain


def sources(root, build):
    """{path: flags} of the production sources that the build compiles."""
    found = {}
    for command in json.loads(Path(build, "compile_commands.json").read_text()):
        path = os.path.relpath(os.path.join(command["directory"], command["file"]), root)
        if path.startswith("src/") and not is_test(path):
            found[path] = flags_of(command)
            # Debian's RapidJSON assigns to a constant in a template that nobody uses; clang 19 does not even parse it.
            if "rapidjson/document.h" in Path(root, path).read_text(errors="replace"):
                found[path].append(NOT_PARSED)
    return found


def run_tool(command, build):
    """(exit code, output) of one tool; 124 if it took too long."""
    try:
        done = subprocess.run(command, cwd=build, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return 124, f"{shlex.join(command[:2])}: took longer than {TIMEOUT_S} s\n"
    return done.returncode, done.stdout + (done.stderr if not done.stdout else "")


def find_destroyed_twice(path, flags, build):
    """Lines that name each temporary which GCC 12 would destroy twice."""
    matcher = re.sub(r"\s+", " ", DESTROYED_TWICE)
    _, output = run_tool([CLANG_QUERY, "-c", "set output diag", "-c", "set bind-root false", "-c",
                          "set traversal AsIs", "-c", "match " + matcher, path, "--", *flags], build)
    if not re.search(r"^\d+ match(es)?\.$", output, re.MULTILINE):
        return [f"{path}: clang-query did not finish: {output.strip()[:300]}"]
    found = re.findall(r'^(\S+:\d+:\d+): note: "temporary" binds here', output, re.MULTILINE)
    return [f"{place}: GCC 12 destroys this temporary twice: give it a name before co_await"
            for place in sorted(set(found))]


def run_one(source, text, flags, build):
    """All findings in one source of this text, or "" if there are none."""
    code, output = run_tool([CLANG_TIDY, "--quiet", str(source), "--", *flags], build)
    findings = output if code != 0 else ""
    if "co_await" in text:
        findings += "".join(line + "\n" for line in find_destroyed_twice(str(source), flags, build))
    return findings


def run_batch(root, folder, paths, flags, build):
    """{path: findings} of sources that share their flags: all of them as one, or else each half by itself."""
    texts = {path: Path(root, path).read_text(errors="replace") for path in paths}
    if len(paths) == 1:
        return {path: run_one(os.path.join(root, path), text, flags, build) for path, text in texts.items()}
    together = Path(folder, hashlib.sha256("".join(paths).encode()).hexdigest()[:16] + ".cc")
    together.write_text("\n".join(texts.values()))  # not includes: some checks pass over what is included
    if not run_one(together, together.read_text(), flags, build):
        return dict.fromkeys(paths, "")
    middle = len(paths) // 2
    return (run_batch(root, folder, paths[:middle], flags, build) |
            run_batch(root, folder, paths[middle:], flags, build))


def batches(found, todo, size):
    """Lists of at most `size` sources with the same flags, neighbours together."""
    by_flags = {}
    for path in sorted(todo):
        by_flags.setdefault(tuple(found[path]), []).append(path)
    made = []
    for flags, paths in by_flags.items():
        limit = 1 if NOT_PARSED in flags else size
        made += [paths[i:i + limit] for i in range(0, len(paths), limit)]
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="forget what passed before")
    options = parser.parse_args()
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    build = os.path.abspath(options.build)
    passed = Path(build, "clang_tidy")
    passed.mkdir(exist_ok=True)

    found = sources(root, build)
    stamps = {path: passed / fingerprint(root, path, flags) for path, flags in found.items()}
    todo = [path for path in found if options.all or not stamps[path].exists()]
    print(f"clang-tidy: {len(todo)} of {len(found)} sources", file=sys.stderr)
    failed = False
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(run_batch, root, passed, paths, found[paths[0]], build)
                for paths in batches(found, todo, BATCH if options.all else 1)]
        for run in concurrent.futures.as_completed(runs):
            for path, findings in run.result().items():
                if findings:
                    failed = True
                    print(findings, end="", flush=True)
                else:
                    stamps[path].touch()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
