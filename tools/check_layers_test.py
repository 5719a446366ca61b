"""Plants violations of the layers and expects each to be found; a clean tree must pass."""

import tempfile
import unittest
from pathlib import Path

import check_layers


class Layers(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as root:
            base = {"src/base/time.h": "#include <compare>\n"}
            for path, text in {**base, **files}.items():
                target = Path(root, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            return check_layers.check(root)

    def assert_one(self, files, text):
        problems = self.check(files)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(text, problems[0])

    def test_lower_ranks_own_folder_and_generated_headers_pass(self):
        self.assertEqual([], self.check({
            "src/platform/http/a.h": '#include "base/time.h"\n#include <boost/asio.hpp>\n',
            "src/platform/http/a.cc": '#include "platform/http/a.h"\n#include "ducat/options.pb.h"\n',
            "src/services/wallet/domain/x.h": '#include "base/time.h"\n#include <vector>\n#include <stdint.h>\n',
            "src/services/wallet/domain/y.h": '#include "services/wallet/domain/x.h"\n',
            "src/services/wallet/store/z.cc": '#include "services/wallet/domain/y.h"\n#include "generated/m.h"\n',
            "src/app/main.cc": '#include "services/wallet/store/q.h"\n',
            "src/services/wallet/store/q.h": "",
            "sim/world.cc": '#include "services/wallet/domain/x.h"\n#include "sim/world.h"\n',
            "sim/world.h": ""}))

    def test_a_lower_rank_that_includes_a_higher_one_is_found_with_its_line(self):
        self.assert_one({"src/base/bad.h": '\n\n#include "platform/http/a.h"\n', "src/platform/http/a.h": ""},
                        "src/base/bad.h:3: rank 0 includes src/platform/http/a.h of rank 1")

    def test_a_service_that_includes_another_is_found(self):
        self.assert_one({"src/services/a/x.h": '#include "services/b/y.h"\n', "src/services/b/y.h": ""},
                        "service a includes service b")

    def test_a_domain_that_includes_the_platform_its_store_or_a_library_is_found(self):
        self.assert_one({"src/services/a/domain/x.h": '#include "platform/p/y.h"\n', "src/platform/p/y.h": ""},
                        "a domain includes base/ and itself")
        self.assert_one({"src/services/a/domain/x.h": '#include "services/a/store/y.h"\n',
                         "src/services/a/store/y.h": ""}, "a domain includes base/ and itself")
        self.assert_one({"src/services/a/domain/x.h": "#include <sqlite3.h>\n"}, "not <sqlite3.h>")
        self.assert_one({"src/services/a/domain/x.h": '#include "ducat/w.pb.h"\n'}, "generated")

    def test_a_domain_test_may_use_the_test_libraries(self):
        self.assertEqual([], self.check({"src/services/a/domain/x_test.cc": "#include <gtest/gtest.h>\n"}))

    def test_generated_headers_in_base_are_found(self):
        self.assert_one({"src/base/x.h": '#include "ducat/options.pb.h"\n'}, "generated")

    def test_production_that_includes_the_simulator_or_test_helpers_is_found(self):
        self.assert_one({"src/app/x.cc": '#include "sim/w.h"\n', "sim/w.h": ""}, "only tests may")
        self.assert_one({"src/app/x.cc": '#include "platform/s/testing/w.h"\n', "src/platform/s/testing/w.h": ""},
                        "is for tests")
        self.assertEqual([], self.check({"src/app/x_test.cc": '#include "platform/s/testing/w.h"\n',
                                         "src/platform/s/testing/w.h": ""}))

    def test_includes_that_climb_or_name_nothing_are_found(self):
        self.assert_one({"src/base/x.h": '#include "../base/time.h"\n'}, "relative to src/")
        self.assert_one({"src/base/x.h": '#include "time.h"\n'}, "no file under src/")

    def test_a_folder_outside_the_layers_is_found(self):
        self.assert_one({"src/misc/x.h": '#include "base/time.h"\n'}, "no known layer")

    def test_folders_of_one_library_may_include_each_other(self):
        self.assertEqual([], self.check({"src/platform/a/CMakeLists.txt": "",
                                         "src/platform/a/x.h": '#include "platform/a/inner/y.h"\n',
                                         "src/platform/a/inner/y.h": '#include "platform/a/z.h"\n',
                                         "src/platform/a/z.h": ""}))

    def test_folders_in_a_circle_are_found(self):
        self.assert_one({"src/platform/a/x.h": '#include "platform/b/y.h"\n',
                         "src/platform/b/y.h": '#include "platform/c/z.h"\n',
                         "src/platform/c/z.h": '#include "platform/a/w.h"\n',
                         "src/platform/a/w.h": ""},
                        "src/platform/a -> src/platform/b -> src/platform/c -> src/platform/a")


if __name__ == "__main__":
    unittest.main()
