"""What the tests of packaging/boinc/make-app-version have in common."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from support import CLIENT

TOOL = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc" / "make-app-version"


def tool(*arguments):
    return subprocess.run(["/usr/bin/python3", TOOL, *map(str, arguments)], capture_output=True, text=True)


class Folder(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-version-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.keys = self.directory / "keys"
        self.assertEqual(tool("keys", self.keys).returncode, 0)
        done = tool("layout", "--program", CLIENT, "--version", "1.00", "--plan-class", "avx2", "--out", self.directory / "apps")
        if "build it with -DAXIOM_STATIC_LIBRARIES=ON" in done.stderr:
            self.skipTest("a build with -DAXIOM_STATIC_LIBRARIES=OFF")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.folder = pathlib.Path(done.stdout.strip())
        self.assertEqual(tool("sign", self.folder, "--keys", self.keys).returncode, 0)

    def verify(self):
        return tool("verify", self.folder, "--keys", self.keys)

    def files(self):
        return sorted(path for path in self.folder.iterdir() if path.suffix != ".sig" and path.name != "version.xml")
