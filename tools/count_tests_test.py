"""What the verdict of ./dev test says about each way a test binary can end."""

import tempfile
import unittest
from pathlib import Path

import count_tests

GTEST = """<testsuites><testsuite name="S">
<testcase name="A" status="run" result="completed" classname="S"/>
<testcase name="B" status="run" result="completed" classname="S"><failure message="no"/></testcase>
<testcase name="C" status="run" result="skipped" classname="S"><skipped message="why"/></testcase>
<testcase name="D" status="notrun" result="suppressed" classname="S"/>
</testsuite></testsuites>"""
PASSING = '<testsuites><testsuite><testcase name="A" status="run" result="completed"/></testsuite></testsuites>'


class CountTests(unittest.TestCase):
    def count(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                Path(folder, name).write_text(text)
            return count_tests.count(folder)

    def ctest(self, **binaries):
        return "<testsuite>" + "".join(f'<testcase name="{name}" status="{status}"/>'
                                       for name, status in binaries.items()) + "</testsuite>"

    def test_cases_are_counted_by_their_result(self):
        self.assertEqual((1, 1, ["S.C", "S.D"]),
                         self.count({"ctest.junit": self.ctest(x_tests="fail"), "x_tests.xml": GTEST}))

    def test_a_binary_that_crashed_is_one_failure(self):
        self.assertEqual((0, 1, []), self.count({"ctest.junit": self.ctest(x_tests="fail")}))
        self.assertEqual((0, 1, []), self.count({"ctest.junit": self.ctest(x_tests="fail"), "x_tests.xml": "<test"}))

    def test_a_binary_that_fails_after_its_last_case_is_one_more_failure(self):
        self.assertEqual((1, 1, []), self.count({"ctest.junit": self.ctest(x_tests="fail"), "x_tests.xml": PASSING}))

    def test_a_test_that_is_no_googletest_counts_as_one(self):
        self.assertEqual((1, 0, []), self.count({"ctest.junit": self.ctest(script="run")}))

    def test_the_end_to_end_verdict_is_added_and_its_absence_is_a_failure(self):
        ctest = {"ctest.junit": self.ctest()}
        self.assertEqual((7, 2, []), self.count({**ctest, "e2e.log": "hello\n7 passed, 2 failed\n"}))
        self.assertEqual((0, 1, []), self.count({**ctest, "e2e.log": "Traceback\n"}))

    def test_no_results_at_all_are_a_failure(self):
        self.assertEqual((0, 1, []), self.count({}))


if __name__ == "__main__":
    unittest.main()
