#!/usr/bin/env python3
"""Counts test cases from the results ./dev test leaves in a folder, and prints one line "N passed, M failed".

GoogleTest writes <binary>.xml for each binary that reached its end; CTest writes ctest.junit with one entry for each
binary. A binary without a readable file of its own counts as one test: failed if it crashed or ran out of time. The
end-to-end runner's last line in e2e.log is added. Skipped tests are named on stderr and count as neither.

Usage: tools/count_tests.py <folder>. Exit code 1 if anything failed or nothing ran.
"""

import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def read_gtest(path):
    """(passed, failed, skipped names) of one GoogleTest file, or None if there is no whole one."""
    try:
        cases = list(xml.parse(path).getroot().iter("testcase"))
    except (OSError, xml.ParseError):
        return None
    passed, failed, skipped = 0, 0, []
    for case in cases:
        if case.find("failure") is not None:
            failed += 1
        elif case.get("result") == "skipped" or case.get("status") == "notrun":
            skipped.append(f"{case.get('classname')}.{case.get('name')}")
        else:
            passed += 1
    return passed, failed, skipped


def count_binary(folder, name, failed_for_ctest):
    """A binary that failed although all its cases passed (a leak, a crash at exit) adds one failure."""
    counted = read_gtest(Path(folder, name + ".xml"))
    if counted is None:
        return (0, 1, []) if failed_for_ctest else (1, 0, [])
    passed, failed, skipped = counted
    return passed, failed + (failed_for_ctest and failed == 0), skipped


def count_e2e(path):
    """What the end-to-end runner counted; without its verdict it broke, which is one failure."""
    if not path.exists():
        return 0, 0
    verdicts = re.findall(r"^(\d+) passed, (\d+) failed$", path.read_text(errors="replace"), re.MULTILINE)
    return tuple(map(int, verdicts[-1])) if verdicts else (0, 1)


def count(folder):
    """(passed, failed, skipped names) of everything in the folder."""
    passed, failed = count_e2e(Path(folder, "e2e.log"))
    skipped = []
    try:
        binaries = xml.parse(Path(folder, "ctest.junit")).getroot().iter("testcase")
    except (OSError, xml.ParseError):
        return passed, failed + 1, skipped
    for binary in binaries:
        counts = count_binary(folder, binary.get("name"), binary.get("status") == "fail")
        passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
    return passed, failed, skipped


def main():
    passed, failed, skipped = count(sys.argv[1])
    for name in skipped:
        print(f"skipped: {name}", file=sys.stderr)
    sys.stderr.flush()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
