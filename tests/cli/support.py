"""What the tests of the program have in common.

The executable's path is taken from AXIOM_CLIENT. Only Python's standard library is used.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CLIENT = os.environ.get("AXIOM_CLIENT", "")

# Small but real: a second or less on any backend.
TINY = ["--set", "widths=[4,8]", "--set", "epochs=2", "--set", "trials=1"]
QUICK = ["--standalone", "--experiment", "neuronspec", "--seed", "7", *TINY]
# Long enough to be stopped: minutes on one thread.
LONG = ["--standalone", "--experiment", "compgen", "--seed", "7", "--set", "widths=[256]",
        "--set", "depths=[3]", "--set", "epochs=2000", "--threads", "1", "--priority", "normal"]


def client(*arguments, **options):
    options.setdefault("timeout", 300)
    return subprocess.run([CLIENT, *arguments], capture_output=True, text=True, **options)


class CliTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-cli-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = str(self.directory / "out")

    def quick(self, *arguments, **options):
        return client(*QUICK, "--out", self.out, *arguments, **options)

    def result(self, experiment="neuronspec"):
        return (self.directory / "out" / f"{experiment}.result.json").read_bytes()

    def assert_error(self, done, code, fragment):
        """One line on standard error that says what is wrong, nothing on standard output."""
        self.assertEqual(done.returncode, code, done.stderr)
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertIn(fragment, errors[0])
        self.assertLess(len(errors[0]), 600)
        self.assertEqual(done.stdout, "")
