"""Documents and tests agree: each row of the tables in docs/ERRORS.md is asserted by a test, each exit code has a row, and
the tests that docs/UPDATES.md names exist. (The other way round, assert_error() in support.py refuses messages that no
row has.)"""

import difflib
import pathlib
import re
import unittest

import documented

HERE = pathlib.Path(__file__).parent
# assert_error(DONE, CODE, "FRAGMENT"), refused(CODE, "FRAGMENT"), fails(BEHAVIOUR, CODE, "FRAGMENT") and rows of cases.
ASSERTED = re.compile(r"""\b(\d{1,2}),\s*f?"((?:[^"\\]|\\.)*)\"""")


def asserted():
    pairs = set()
    for path in sorted(HERE.glob("test_*.py")):
        for code, fragment in ASSERTED.findall(path.read_text()):
            pairs.add((int(code), fragment))
        for fragment in re.findall(r'self\.refused\(f?"((?:[^"\\]|\\.)*)"', path.read_text()):
            pairs.add((47, fragment))
        for fragment in re.findall(r'"((?:[^"\\]|\\.)*)"', path.read_text()):  # of tables of cases
            pairs |= {(2, fragment), (7, fragment)}
    return pairs


def share(first, second):
    match = difflib.SequenceMatcher(None, first, second, autojunk=False).find_longest_match()
    return match.size


class ErrorsAreDocumented(unittest.TestCase):
    def test_each_row_is_asserted(self):
        pairs = asserted()
        self.assertGreater(len(pairs), 100)
        rows = documented.rows()
        self.assertGreaterEqual(len(rows), 60)
        for code, messages in rows:
            fragments = [fragment for other, fragment in pairs if other == code]
            for message in messages:
                with self.subTest(code=code, message=message):
                    longest = max((share(message, fragment) for fragment in fragments), default=0)
                    self.assertGreaterEqual(longest, min(9, len(message)), fragments)

    def test_each_exit_code_has_a_row(self):
        header = (documented.ROOT / "client" / "run" / "exit_code.h").read_text()
        codes = {int(code) for code in re.findall(r"^  \w+ = ([4-7]\d),", header, re.M)}
        self.assertGreater(len(codes), 25)
        self.assertEqual(codes - {code for code, _ in documented.rows()}, set())

    def test_the_check_list_of_updates_names_tests_that_are_there(self):
        text = (documented.ROOT / "docs" / "UPDATES.md").read_text().split("## The Update Framework")[1]
        names = {name for line in text.splitlines() if line.startswith("| ") for name in re.findall(r"`(\w+)`", line.split(" | ")[-1])}
        self.assertGreater(len(names), 25)
        sources = "".join(path.read_text() for folder in ("network", "unit", ".")
                          for pattern in ("*.py", "*.cpp", "CMakeLists.txt")
                          for path in (documented.ROOT / "tests" / folder).glob(pattern))
        for name in sorted(names):
            self.assertRegex(sources, rf"def {name}\(|class {name}\(|, {name}\)|axiom_\w+_test\({name} ")

    def test_a_message_that_no_row_has_is_noticed(self):
        self.assertTrue(documented.is_documented(
            41, "error: https://localhost:1/x: its certificate has expired (this host's clock says 2026-01-01T00:00:00Z: "
                "set it if that is wrong)"))
        self.assertTrue(documented.is_documented(42, "https://localhost:1/: no connection within 1 s (--connect-timeout): "
                                                     "is this host online"))
        self.assertFalse(documented.is_documented(41, "error: https://localhost:1/x: its certificate is of the wrong colour"))
        self.assertFalse(documented.is_documented(43, "error: https://localhost:1/x: its certificate has expired"))


if __name__ == "__main__":
    unittest.main()
