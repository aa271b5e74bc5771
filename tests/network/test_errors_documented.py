"""Documents and tests agree: each row of the tables in docs/ERRORS.md is asserted by a test, each exit code has a row, and
the tests that docs/UPDATES.md names exist. (The other way round, assert_error() in support.py refuses messages that no
row has.)"""

import re
import unittest

import asserted
import documented


def pieces(text):
    """What is fixed in a message of the tables, or in what a test asserts."""
    parts = (part.strip() for part in re.split(f"{documented.PLACEHOLDER.pattern}|{asserted.ANYTHING}", text))
    return [part for part in parts if len(part) >= 8]


def within(one, other):
    """Whether a text says no more than a part of the other."""
    return all(piece in other for piece in pieces(one))


def tells(fragment, message, others):
    """Whether a test that asserts the fragment asserts this message, and would not pass as well with an unlike one of the same
    exit code."""
    common = any(piece in message for piece in pieces(fragment)) or any(piece in fragment for piece in pieces(message))
    return common and not any(within(fragment, other) and not within(message, other) and not within(other, message)
                              for other in others)


class ErrorsAreDocumented(unittest.TestCase):
    def test_each_row_is_asserted(self):
        pairs = asserted.pairs()
        self.assertGreater(len(pairs), 200)
        rows = documented.rows()
        self.assertGreaterEqual(len(rows), 60)
        for code, messages in rows:
            others = [message for other, more in rows if other == code for message in more]
            fragments = sorted(fragment for other, fragment in pairs if other == code)
            for message in messages:
                with self.subTest(code=code, message=message):
                    self.assertTrue(any(tells(fragment, message, others) for fragment in fragments), fragments)

    def test_a_row_that_no_test_asserts_is_noticed(self):
        pairs = asserted.pairs()
        for code, message in ((2, "is an address of the wrong colour"), (7, "the disk is full of holes"),
                              (43, "the answer is no poem"), (99, "no connection: the server is down")):
            self.assertFalse(any(tells(fragment, message, []) for other, fragment in pairs if other == code), message)
        # What docstrings, comments and other texts of the tests say is not asserted.
        self.assertNotIn((2, "TLS with"), pairs)
        self.assertIn((2, "has port 0"), pairs)  # from a table
        self.assertIn((47, "is built with no TLS"), pairs)  # by a helper that adds the code
        self.assertIn((64, "as was signed"), pairs)  # by one of another file

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
