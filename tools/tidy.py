#!/usr/bin/env python3
"""The rules of STYLE.md that a program can check, each with a message that names the way out.

A line may be exempted by `tidy: allow(<rule>) <reason>` in a comment on it or on the line above; a file's length by
an entry in LONG_FILES, with its reason. Both lists should only shrink.

Usage: tools/tidy.py [root]. Prints one line for each violation; exit code 1 if there is any.
"""

import ast
import os
import re
import sys

from source_tree import CPP, is_test, list_files, read

MAX_LINES = 400
HARD_MAX_LINES = 800  # tests and contracts, which are read by the case, and LONG_FILES
MAX_FUNCTION_LINES = 70

# path: why it is longer than MAX_LINES
LONG_FILES = {}

# Files whose first comment says what they are for, by how a comment begins. A .cc beside its header needs none.
COMMENTED = {".h": "//", ".cc": "//", ".proto": "//", ".py": ('"""', "#"), ".sh": "#", "": "#"}

# (rule, files it is for, pattern in code without comments and texts, message)
BANNED = [
    ("sleep", lambda path: re.search(r"_(test|pgtest)\.cc$", path),
     r"\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\(", "a test does not sleep: wait for a condition"),
    ("time", lambda path: in_production(path) and not owns_the_machine(path),
     r"\bsystem_clock::now\b|\bgettimeofday\b|\btime\s*\(\s*(nullptr|NULL|0)\s*\)",
     "time is handed in: use ducat::Clock (base/time.h)"),
    ("time", lambda path: in_simulation(path),
     r"\b(steady_clock|high_resolution_clock)::now\b|\bclock_gettime\b|\bsleep_(for|until)\b",
     "the simulator owns time here: use ducat::Clock and ducat::Timers"),
    ("random", lambda path: in_production(path) and not owns_the_machine(path),
     r"(?<![\w.>])(std::)?s?rand\s*\(|\brandom_device\b|\bmt19937",
     "randomness is handed in: use ducat::Random (base/random.h)"),
    ("float", lambda path: re.match(r"src/services/[^/]+/domain/|src/base/money", path),
     r"\b(float|double)\b", "money is never floating point: integer minor units (base/money.h)"),
]


def in_production(path):
    return path.startswith("src/") and path.endswith(CPP) and not is_test(path)


def in_simulation(path):
    """Code that the simulator runs: it must not notice real time."""
    return in_production(path) and path.startswith(("src/kernel/", "src/services/", "src/clients/"))


def owns_the_machine(path):
    return path == "src/base/system.cc" or path.startswith("src/platform/runtime/")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def strip_cpp(text):
    """The code with comments, texts and preprocessor lines blanked, line breaks kept."""
    pattern = (r'R"(\w*)\((?:.|\n)*?\)\1"'          # raw text
               r"|//[^\n]*|/\*(?:.|\n)*?\*/"        # comments
               r'|"(?:\\.|[^"\\\n])*"'              # text
               r"|(?<![\w'])'(?:\\.|[^'\\\n])+'")   # a character, but not the ' inside 1'000
    text = re.sub(pattern, blank, text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.MULTILINE)


def cpp_functions(text):
    """(name, first line, lines) of every function with a body, lambdas and local types counted as part of theirs."""
    code = strip_cpp(text)
    stack, head = [], 0  # scopes: None for namespaces and types, else (name, first line)
    in_function = 0
    for found in re.finditer(r"[{};]", code):
        at, mark = found.start(), found.group(0)
        if mark == "{" and not in_function and re.search(r"\)[\w\s]*:[^:{}]*[\w>]$", code[head:at]):
            stack.append("member")  # Thing() : member_{1} {
            continue
        if mark == "}" and stack and stack[-1] == "member":
            stack.pop()
            continue
        if mark == "{":
            scope = None if in_function else function_of(code, head, at)
            stack.append(scope if not in_function else "inner")
            in_function += scope is not None or in_function > 0
        elif mark == "}" and stack:
            scope = stack.pop()
            in_function -= in_function > 0
            if isinstance(scope, tuple):
                yield scope[0], scope[1], code.count("\n", 0, at) + 2 - scope[1]
        head = at + 1


def function_of(code, head, brace):
    """(name, line) if the text before the brace heads a function; None for a namespace, a type or a value."""
    text = code[head:brace]
    first = text.strip()
    if "(" not in first or re.match(r"(template\s*<[^{;]*>\s*)?(class|struct|union|enum|namespace)\b[^(]*$", first):
        return None
    if re.search(r"(^|[^=!<>])=\s*$", first):  # a table: = {
        return None
    name = re.search(r"([~\w:]+|operator[^\s(]+)\s*\(", first)
    line = code.count("\n", 0, head + len(text) - len(text.lstrip())) + 1
    return (name.group(1) if name else "?", line)


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def is_allowed(lines, number, rule):
    """Whether the line, or the one above it, carries an exemption with a reason."""
    pattern = re.compile(r"tidy: allow\(" + rule + r"\) \S+")
    return any(pattern.search(line) for line in lines[max(0, number - 2):number])


def check_length(path, text):
    lines = text.count("\n")
    limit = HARD_MAX_LINES if is_test(path) or path.endswith(".proto") or path in LONG_FILES else MAX_LINES
    if lines > limit:
        yield 1, f"{lines} lines, {limit} are allowed: split the file"


def check_functions(path, text):
    functions = python_functions(text) if path.endswith(".py") else cpp_functions(text)
    lines = text.splitlines()
    for name, line, length in functions:
        if length > MAX_FUNCTION_LINES and not is_allowed(lines, line, "length"):
            yield line, f"{name} has {length} lines, {MAX_FUNCTION_LINES} are allowed: split the function"


def check_opening(path, text, has_header=False):
    if has_header:
        return
    lines = [line for line in text.splitlines()[:3] if line.strip() and not line.startswith("#!")]
    if lines and not lines[0].startswith(COMMENTED[os.path.splitext(path)[1]]):
        yield 1, "the first line is a comment that says what the file is for"


def check_banned(path, text):
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if re.search(r"\bFIXME\b|\bXXX:", line) and not is_allowed(lines, number, "leftover"):
            yield number, "leftover mark: mend it now or write it down where it will be found"
    rules = [rule for rule in BANNED if path.endswith(CPP) and rule[1](path)]
    code = strip_cpp(text).splitlines() if rules else []
    for rule, _, pattern, message in rules:
        for number, line in enumerate(code, 1):
            if re.search(pattern, line) and not is_allowed(lines, number, rule):
                yield number, message


def check_file(path, text, has_header=False):
    """All violations of one file as lines of text."""
    found = [*check_length(path, text), *check_opening(path, text, has_header), *check_banned(path, text)]
    if path.endswith(CPP + (".py",)):
        found += check_functions(path, text)
    return [f"{path}:{line}: {message}" for line, message in found]


def header_of(path):
    """The header beside a source or its test, if it were there."""
    return re.sub(r"(_(test|pgtest|bench|fuzz))?\.cc$", ".h", path) if path.endswith(".cc") else None


def is_checked(root, path):
    ending = os.path.splitext(path)[1]
    if ending == "":
        with open(os.path.join(root, path), "rb") as file:
            return file.read(2) == b"#!"
    return ending in COMMENTED


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # This file and its test name what they forbid.
    files = list_files(root)
    problems = []
    for path in files:
        if is_checked(root, path) and not path.startswith("tools/tidy"):
            problems += check_file(path, read(root, path), header_of(path) in files)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
