#!/usr/bin/env python3
"""Enforces the layers by reading #include lines: a file may include its own rank and lower ones.

base 0 < platform 1 < kernel 2 < clients 3 < services 4 < app, simulate 5. Beyond ranks:
- services never include each other; a service's domain/ includes base/, itself and the standard library only;
- production never includes sim/, tests/, bench/ or fuzz/, nor a testing/ folder; those may include everything;
- the contracts' generated headers (ducat/…) and other generated ones (generated/…) begin at rank 1;
- folders of one rank have no cycles (tests aside);
- includes are relative to src/, never "../", and name a file that exists.

Usage: tools/check_layers.py [root]. Prints one line for each violation; exit code 1 if there is any.
"""

import os
import re
import sys

from source_tree import CPP, includes, is_test, list_files, read

RANKS = {"base": 0, "platform": 1, "kernel": 2, "clients": 3, "services": 4, "app": 5, "simulate": 5}
EVERYTHING = ("sim/", "tests/", "bench/", "fuzz/")
GENERATED = re.compile(r"^(ducat|generated)/|\.pb\.h$")
# Headers of C in the standard library; those of C++ have neither a dot nor a slash.
C_HEADERS = {"assert.h", "errno.h", "inttypes.h", "limits.h", "stddef.h", "stdint.h", "string.h"}


def folder_of(path, files):
    """The unit that cycles are counted in: the nearest folder upwards that is a library of its own."""
    folder = os.path.dirname(path)
    while folder and folder + "/CMakeLists.txt" not in files:
        folder = os.path.dirname(folder)
    return folder or os.path.dirname(path)


def service_of(path):
    """('wallet', whether in its domain) for src/services/wallet/…, else None."""
    found = re.match(r"src/services/([^/]+)/(domain/)?", path)
    return (found.group(1), found.group(2) is not None) if found else None


def rank_of(path):
    """The rank of src/<folder>/…, or None for a folder that has none."""
    parts = path.split("/")
    return RANKS.get(parts[1]) if len(parts) > 2 and parts[0] == "src" else None


def resolve(name, files):
    """The repository's file an include names, or None."""
    for candidate in ("src/" + name, name):
        if candidate in files:
            return candidate
    return None


def judge_system(path, name):
    service = service_of(path)
    standard = name in C_HEADERS or not re.search(r"[./]", name)
    if service and service[1] and not is_test(path) and not standard:
        return f"a domain includes base/, itself and the standard library, not <{name}>"
    return None


def judge_service(path, target):
    mine, theirs = service_of(path), service_of(target)
    if mine and theirs and mine[0] != theirs[0]:
        return f"service {mine[0]} includes service {theirs[0]}: go through src/clients"
    if mine and mine[1] and not target.startswith("src/base/") and not (theirs and theirs[1]):
        return f"a domain includes base/ and itself, not {target}"
    return None


def judge(path, name, files):
    """What is wrong with `path` including "name", or None."""
    if ".." in name.split("/"):
        return f'"{name}": includes are relative to src/'
    if path.startswith(EVERYTHING):
        return None
    mine, service = rank_of(path), service_of(path)
    if GENERATED.search(name):
        if mine == 0 or (service and service[1]):
            return f"{name} is generated: not for base/ or a domain"
        return None
    target = resolve(name, files)
    if target is None:
        return f'"{name}" is no file under src/ (write the path from src/, system headers in <>)'
    if target.startswith(EVERYTHING) and not is_test(path):
        return f"production includes {target}, which only tests may"
    if is_test(target) and not is_test(path):
        return f"{target} is for tests"
    if target.startswith(EVERYTHING):
        return None
    theirs = rank_of(target)
    if mine is None or theirs is None:
        return f"{path if mine is None else target} is in no known layer (add its folder to RANKS)"
    if theirs > mine:
        return f"rank {mine} includes {target} of rank {theirs}"
    return judge_service(path, target)


def find_cycle(edges):
    """One cycle among folders as a list, or None. `edges`: folder → set of folders."""
    done, trail = set(), []

    def visit(folder):
        if folder in trail:
            return trail[trail.index(folder):] + [folder]
        if folder in done:
            return None
        trail.append(folder)
        for other in sorted(edges.get(folder, ())):
            if found := visit(other):
                return found
        trail.pop()
        done.add(folder)
        return None

    for start in sorted(edges):
        if found := visit(start):
            return found
    return None


def check(root):
    """All violations as lines of text."""
    files = set(list_files(root))
    problems, edges = [], {}
    for path in sorted(files):
        if not path.endswith(CPP) or not path.startswith(("src/",) + EVERYTHING):
            continue
        for line, name, system in includes(read(root, path)):
            problem = judge_system(path, name) if system else judge(path, name, files)
            if problem:
                problems.append(f"{path}:{line}: {problem}")
            target = None if system else resolve(name, files)
            if target and not is_test(path) and folder_of(target, files) != folder_of(path, files):
                edges.setdefault(folder_of(path, files), set()).add(folder_of(target, files))
    if cycle := find_cycle(edges):
        problems.append("folders include each other in a circle: " + " -> ".join(cycle))
    return problems


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
