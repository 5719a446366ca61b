#!/usr/bin/env python3
"""Runs the end-to-end tests against the release binary, from outside, as a customer who holds only the contract.

Usage: tests/e2e/run.py [--binary PATH] [--distributed] [--soak] [--list] [pattern …]
A pattern is a part of a test's name (`suite.Class.test`); with several, any of them counts.
With --distributed the suites about what is answered run against a gateway, with each service in a process of its own.
The last line is "N passed, M failed"; skipped tests are named with their reason before it and count as neither.
The exit code is not 0 when anything failed or nothing ran. Nothing is left running and no file is left behind.
"""

import argparse
import importlib
import os
import pkgutil
import signal
import sys
import time
import traceback
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from ducat_e2e import processes, server, workload  # noqa: E402  pylint: disable=wrong-import-position


# Suites about what is answered, which must be the same in both shapes; the others are about one process's files,
# words and signals. A distributed run is on PostgreSQL anyway.
IN_BOTH_SHAPES = {"audit", "batch", "crash", "distributed", "errors", "fraud", "headers", "history", "holds", "idempotency",
                  "identity", "money", "promise", "races", "rate_limits", "shards", "six_processes", "status_and_limits",
                  "transactions", "wallet_basics"}


class PrintingResult(unittest.TestResult):
    """A line for each test as it ends, the story of a failure right below it."""

    def __init__(self):
        super().__init__()
        self.passed, self.failed, self.skips = 0, 0, []
        self.verdict, self.stories, self.begin = None, [], 0.0

    def startTest(self, test):
        super().startTest(test)
        self.verdict, self.stories, self.begin = "passed", [], time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        seconds = time.monotonic() - self.begin
        self.passed += self.verdict == "passed"
        self.failed += self.verdict == "FAILED"
        print(f"{self.verdict:7} {name_of(test)} ({seconds:.1f} s)", flush=True)
        for story in [*self.stories, *getattr(test, "notes", [])]:
            print("    " + story.replace("\n", "\n    "), flush=True)

    def fail_with(self, test, error):
        lines = traceback.format_exception(error[0], error[1], error[2].tb_next or error[2])
        story = "".join(lines[-4:]).strip()[-3000:]
        if isinstance(test, unittest.TestCase):
            self.verdict = "FAILED"
            self.stories.append(story)
        else:  # setUpClass or the like: no test of the class has run
            self.failed += 1
            print(f"FAILED  {test}\n    " + story.replace("\n", "\n    "), flush=True)

    def addError(self, test, err):
        self.fail_with(test, err)

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.verdict = "FAILED"
            lines = traceback.format_exception_only(err[0], err[1])
            self.stories.append(f"{subtest._subDescription()}: " + "".join(lines).strip()[-1500:])

    def addSkip(self, test, reason):
        self.verdict = "skipped"
        name = name_of(test) if isinstance(test, unittest.TestCase) else str(test)
        self.skips.append(f"skipped: {name}: {reason}")


def name_of(test):
    return test.id().removeprefix("suites.")


def in_both_shapes(test):
    suite, name = name_of(test).split(".")[:2]
    return suite in IN_BOTH_SHAPES and not name.endswith("OnPostgres")


def collect(patterns):
    """All tests whose name holds one of the patterns, in the order of modules and classes."""
    loader, chosen = unittest.TestLoader(), []
    for module in sorted(found.name for found in pkgutil.iter_modules([os.path.join(HERE, "suites")])):
        stack = [loader.loadTestsFromModule(importlib.import_module(f"suites.{module}"))]
        while stack:
            test = stack.pop()
            if isinstance(test, unittest.TestSuite):
                stack += reversed(list(test))
            elif not patterns or any(pattern in name_of(test) for pattern in patterns):
                chosen.append(test)
    return chosen


def parse():
    parser = argparse.ArgumentParser(description="The end-to-end tests.")
    parser.add_argument("--binary", default=os.path.join(os.path.dirname(os.path.dirname(HERE)), "build/release/ducat"))
    parser.add_argument("--distributed", action="store_true", help="services in processes of their own")
    parser.add_argument("--soak", action="store_true", help="fifty crashes in each test instead of five, a broker away for a minute")
    parser.add_argument("--list", action="store_true", help="print the names of the tests")
    parser.add_argument("pattern", nargs="*")
    return parser.parse_args()


def stop_at_once(number, _):
    """Not by an exception: unittest would take it for a test's failure and go on."""
    processes.clean_up()
    os._exit(128 + number)


def main():
    options = parse()
    tests = [test for test in collect(options.pattern) if not options.distributed or in_both_shapes(test)]
    if options.list:
        print("\n".join(map(name_of, tests)))
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, stop_at_once)
    result = PrintingResult()
    if not os.access(options.binary, os.X_OK):
        print(f"FAILED  there is no binary at {options.binary}; build it, or say where it is with --binary")
        result.failed = 1
    else:
        server.DISTRIBUTED = options.distributed
        server.BINARY = os.path.abspath(options.binary)
        if options.soak:
            workload.CRASHES, workload.KILLS, workload.CUTS, workload.BROKER_AWAY = 50, 30, 30, 60
        begin = time.monotonic()
        unittest.TestSuite(tests).run(result)
        print(f"{len(tests)} tests in {time.monotonic() - begin:.0f} s")
    processes.clean_up()
    for line in result.skips:
        print(line)
    if result.skips:
        print(f"{len(result.skips)} skipped")
    print(f"{result.passed} passed, {result.failed} failed", flush=True)
    return 1 if result.failed or not result.passed else 0


if __name__ == "__main__":
    sys.exit(main())
