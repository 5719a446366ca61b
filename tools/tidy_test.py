"""Plants what tools/tidy.py forbids and expects each to be found; and what only looks like it, which must pass."""

import unittest

import tidy

TOP = "// What it is for.\n"


class Tidy(unittest.TestCase):
    def found(self, path, text):
        return tidy.check_file(path, text)

    def assert_clean(self, path, text):
        self.assertEqual([], self.found(path, text))

    def assert_one(self, path, text, message):
        problems = self.found(path, text)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(message, problems[0])

    def test_a_file_that_is_too_long_is_found_and_tests_may_be_longer(self):
        self.assert_clean("src/base/a.cc", TOP + "int x;\n" * 399)
        self.assert_one("src/base/a.cc", TOP + "int x;\n" * 400, "401 lines")
        self.assert_clean("src/base/a_test.cc", TOP + "int x;\n" * 500)
        self.assert_one("src/base/a_test.cc", TOP + "int x;\n" * 800, "801 lines")

    def test_a_file_without_a_comment_on_top_is_found(self):
        self.assert_one("src/base/a.h", "#pragma once\n", "comment")
        self.assert_one("src/base/a.cc", '#include "base/a.h"\n', "comment")
        self.assertEqual([], tidy.check_file("src/base/a.cc", '#include "base/a.h"\n', has_header=True))
        self.assert_one("tools/a.py", "import os\n", "comment")
        self.assert_clean("tools/a.py", '#!/usr/bin/env python3\n"""What."""\n')
        self.assert_clean("dev", "#!/usr/bin/env bash\n# What.\n")

    def test_a_function_that_is_too_long_is_found_with_its_name_and_line(self):
        body = "  call();\n" * 69
        self.assert_one("src/base/a.cc", TOP + "namespace a {\nint Thing::run(int x) {\n" + body + "}\n}\n",
                        "src/base/a.cc:3: Thing::run has 71 lines")
        self.assert_clean("src/base/a.cc", TOP + "int run() {\n" + body[:-10] + "}\n")

    def test_functions_in_classes_templates_and_constructors_are_seen(self):
        body = "  call();\n" * 80
        for head in ("class A : public B<C> {\n int run() const override {\n", "struct A {\n  A() : x_(1), y_{2} {\n",
                     "template <typename T>\nauto A<T>::run(T t) -> int {\n", "TEST(Suite, Case) {\n"):
            self.assertTrue(self.found("src/base/a.cc", TOP + head + body + "}\n};\n"), head)

    def test_long_tables_and_types_are_no_functions(self):
        self.assert_clean("src/base/a.cc", TOP + "constexpr Row kRows[] = {\n" + "  {1, f(2)},\n" * 90 + "};\n")
        self.assert_clean("src/base/a.cc", TOP + "struct A {\n" + "  int f();\n" * 90 + "};\n")
        self.assert_clean("src/base/a.cc", TOP + "namespace {\n" + "int f() { return 1; }\n" * 90 + "}\n")

    def test_braces_in_texts_characters_and_comments_do_not_count(self):
        text = TOP + "void f() {\n  g(\"{\", '{', 1'000, R\"(}{)\");  // {\n}\n" + "int x;\n" * 80 + "void h() {\n}\n"
        self.assert_clean("src/base/a.cc", text)

    def test_a_long_python_function_is_found(self):
        self.assert_one("tools/a.py", '"""What."""\ndef f():\n' + "    g()\n" * 80, "f has 81 lines")

    def test_a_sleeping_test_is_found(self):
        for call in ("std::this_thread::sleep_for(1ms);", "sleep(1);", "usleep(10);"):
            self.assert_one("src/base/a_test.cc", TOP + call + "\n", "does not sleep")

    def test_real_time_and_randomness_are_found_except_where_they_belong(self):
        for call in ("std::chrono::system_clock::now();", "gettimeofday(&tv, nullptr);", "int x = rand();",
                     "std::random_device device;", "time(nullptr);"):
            self.assertEqual(1, len(self.found("src/platform/http/a.cc", TOP + call + "\n")), call)
            self.assert_clean("src/base/system.cc", TOP + call + "\n")
            self.assert_clean("src/platform/runtime/a.cc", TOP + call + "\n")
        self.assert_clean("src/platform/http/a.cc", TOP + "operand(1); x.rand(); // system_clock::now\n")

    def test_code_that_the_simulator_runs_does_not_ask_for_monotonic_time_either(self):
        self.assert_one("src/kernel/engine/a.cc", TOP + "steady_clock::now();\n", "simulator owns time")
        self.assert_clean("src/simulate/load/a.cc", TOP + "steady_clock::now();\n")

    def test_floating_point_in_a_domain_or_in_money_is_found(self):
        self.assert_one("src/services/wallet/domain/a.h", TOP + "double amount;\n", "never floating point")
        self.assert_one("src/base/money.cc", TOP + "float x;\n", "never floating point")
        self.assert_clean("src/services/wallet/domain/a.h", TOP + "// a double entry\nint doubled;\n")

    def test_the_header_of_a_source_or_its_test_is_the_one_beside_it(self):
        self.assertEqual("src/a.h", tidy.header_of("src/a.cc"))
        self.assertEqual("src/a.h", tidy.header_of("src/a_pgtest.cc"))
        self.assertIsNone(tidy.header_of("src/a.h"))

    def test_leftovers_are_found_but_not_names_of_temporary_files_and_currencies(self):
        self.assert_one("src/base/a.cc", TOP + "// FIXME later\n", "leftover")
        self.assert_one("src/base/a.cc", TOP + "// XXX: later\n", "leftover")
        self.assert_clean("src/base/a.cc", TOP + 'auto name = "/tmp/a_XXXXXX";  // XXX is no currency\n')

    def test_an_exemption_needs_its_rule_and_a_reason(self):
        call = "std::random_device device;"
        self.assert_clean("src/platform/http/a.cc", TOP + f"{call}  // tidy: allow(random) a seed for jitter\n")
        self.assert_clean("src/platform/http/a.cc", TOP + f"// tidy: allow(random) a seed for jitter\n{call}\n")
        self.assertTrue(self.found("src/platform/http/a.cc", TOP + f"{call}  // tidy: allow(random)\n"))
        self.assertTrue(self.found("src/platform/http/a.cc", TOP + f"{call}  // tidy: allow(time) reason\n"))


if __name__ == "__main__":
    unittest.main()
