"""Plants temporaries that GCC 12 destroys twice, and their harmless neighbours, and expects only the former to be found."""

import shutil
import tempfile
import unittest
from pathlib import Path

import clang_tidy

SOURCE = """
#include <coroutine>
#include <string>
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  bool await_ready() { return true; }
  void await_suspend(std::coroutine_handle<>) {}
  void await_resume() {}
};
struct Aggregate { std::string text; int number = 0; };
struct Trivial { int number; };
Task take(Aggregate);
Task take_trivial(Trivial);
Task take_text(std::string);
template <typename F> Task call(F);
Aggregate make();
Task harmless(std::string text) {
  Aggregate named{text, 1};
  co_await take(named);
  co_await take(make());
  co_await take_trivial(Trivial{1});
  co_await take_text("text" + text);
  co_await call([] { return 1; });
  auto named_lambda = [text] { return text.size(); };
  co_await call(named_lambda);
}
Task planted(std::string text) {
  co_await take(Aggregate{text, 1});
  co_await take({.text = text});
  co_await call([text] { return text.size(); });
}
"""
PLANTED_LINES = [34, 35, 36]


@unittest.skipUnless(shutil.which(clang_tidy.CLANG_QUERY), "clang-query is not installed")
class DestroyedTwice(unittest.TestCase):
    def test_planted_temporaries_are_found_and_their_neighbours_are_not(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "planted.cc")
            path.write_text(SOURCE)
            found = clang_tidy.find_destroyed_twice(str(path), ["-std=c++23"], folder)
        self.assertEqual(PLANTED_LINES, [int(line.split(":")[1]) for line in found], found)

    def test_a_source_that_does_not_compile_is_not_called_clean(self):
        found = clang_tidy.find_destroyed_twice("/nowhere/at/all.cc", ["-std=c++23"], "/tmp")
        self.assertEqual(1, len(found))
        self.assertIn("did not finish", found[0])


class Flags(unittest.TestCase):
    def test_the_compiler_its_output_and_what_only_gcc_knows_are_left_out(self):
        command = {"file": "/s/a.cc", "command": "/usr/bin/ccache /usr/bin/c++ -DX -I/s -fpch-preprocess -include "
                   "/b/pch.hxx -MD -MT a.o -MF a.d -o a.o -c /s/a.cc"}
        self.assertEqual(["-DX", "-I/s", "-w"], clang_tidy.flags_of(command))


@unittest.skipUnless(shutil.which(clang_tidy.CLANG_TIDY), "clang-tidy is not installed")
class Batches(unittest.TestCase):
    CLEAN = "int {0}(int a) {{ return a; }}\n"
    UNUSED = "namespace n { class C; }\nusing n::C;\n"

    def run_batch(self, sources):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, ".clang-tidy").write_text("Checks: -*,misc-unused-using-decls\nWarningsAsErrors: '*'\n"
                                                   "HeaderFilterRegex: '.*'\n")
            for name, text in sources.items():
                Path(folder, name).write_text(text)
            return clang_tidy.run_batch(folder, folder, list(sources), ["-std=c++23"], folder)

    def test_a_finding_is_named_with_its_source(self):
        found = self.run_batch({"a.cc": self.CLEAN.format("a"), "b.cc": self.UNUSED, "c.cc": self.CLEAN.format("c")})
        self.assertEqual(["b.cc"], [name for name, findings in found.items() if findings])
        self.assertIn("b.cc:2", found["b.cc"])

    def test_sources_whose_names_clash_are_read_alone(self):
        found = self.run_batch({"a.cc": self.CLEAN.format("a"), "b.cc": self.CLEAN.format("a")})
        self.assertEqual({"a.cc": "", "b.cc": ""}, found)

    def test_only_sources_with_the_same_flags_are_together(self):
        found = {"a": ["-x"], "b": ["-y"], "c": ["-x"], "d": ["-x"], "e": ["-y", clang_tidy.NOT_PARSED], "f": ["-x"]}
        self.assertEqual([["a", "c", "d"], ["f"], ["b"], ["e"]], clang_tidy.batches(found, found, 3))


if __name__ == "__main__":
    unittest.main()
