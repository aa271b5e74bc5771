"""docs/ERRORS.md lists every exit code, and a test reaches each, or it is said here why none does."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How the tests write down the code that they expect.
FORMS = [r"assert_error\([^\n]*?, (\d+)[,)]", r"\brefused\((\d+),", r"assert_ended\([^\n]*?, (\d+)[,)]",
         r"assert_given_up\([^\n]*?, (\d+),", r"returncode, (\d+)[,)]", r"returncode, [\[(]([\d, ]+)[\])]",
         r"\[\"exit\"\], (\d+)", r"slot\.(?:end|run)\(\d*\), \(?([\d, ]+)\)?,", r"slot\.end\(\d*\), (\d+)\)",
         r"signal\.SIG\w+, (\d+)\)", r"exit_code\(\)\), (\d+)\)", r"self\.run_device\([^\n]*?, (\d+)[,)]"]
UNREACHED = {
    1: "an error of the program itself: there is no known way to cause one from outside. That what a worker throws ends the run is "
       "in tests/unit/runner_test.cpp",
}
OF_TOOLS = {1}  # what the packaging tools end with
OF_BOINC = {194}  # after an abort: BOINC's own number


def codes():
    text = (ROOT / "client" / "run" / "exit_code.h").read_text()
    return {int(code) for code in re.findall(r"^  \w+ = (\d+),", text, re.M)} - {0}


def expected_by_tests():
    found = {}
    for path in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("tests/**/*_test.cpp")]:
        if path == pathlib.Path(__file__).resolve():
            continue
        text = path.read_text()
        for form in FORMS:
            for match in re.findall(form, text):
                for code in re.findall(r"\d+", match):
                    found.setdefault(int(code), path.name)
    return found


class ExitCodes(unittest.TestCase):
    def test_each_is_in_the_table(self):
        rows = [row.split("|") for row in (ROOT / "docs" / "ERRORS.md").read_text().splitlines() if row.startswith("|")]
        cells = {cell.strip() for row in rows for cell in row}
        ranges = [(int(a), int(b)) for cell in cells for a, b in re.findall(r"^(\d+)–(\d+)$", cell)]
        for code in codes():
            self.assertTrue(str(code) in cells or any(a <= code <= b for a, b in ranges), f"{code} is not in docs/ERRORS.md")

    def test_each_is_reached_by_a_test(self):
        reached = {code: name for code, name in expected_by_tests().items() if code not in OF_TOOLS}
        self.assertEqual(codes() - reached.keys(), UNREACHED.keys())
        self.assertEqual(OF_BOINC - reached.keys(), set())

    def test_none_is_mangled_by_boinc(self):
        """A task ends with 1 to 191: more are BOINC's, and Linux keeps eight bits."""
        self.assertTrue(all(0 < code < 192 for code in codes()))


if __name__ == "__main__":
    unittest.main()
