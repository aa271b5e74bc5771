"""packaging/boinc/make-app-version: what it lays out and signs is taken by the real client, and each tampered file refused."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from project import AppFile, Project
from support import CLIENT, unit
from volunteer import Volunteer

TOOL = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc" / "make-app-version"
LOGICAL = {"libboinc_api": "libboinc_api.so.7", "libboinc": "libboinc.so.7"}


def tool(*arguments):
    return subprocess.run(["/usr/bin/python3", TOOL, *map(str, arguments)], capture_output=True, text=True)


class Folder(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-version-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.keys = self.directory / "keys"
        self.assertEqual(tool("keys", self.keys).returncode, 0)
        done = tool("layout", "--program", CLIENT, "--version", "1.00", "--plan-class", "avx2", "--out", self.directory / "apps")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.folder = pathlib.Path(done.stdout.strip())
        self.assertEqual(tool("sign", self.folder, "--private-key", self.keys / "code_sign_private").returncode, 0)

    def verify(self):
        return tool("verify", self.folder, "--public-key", self.keys / "code_sign_public")

    def files(self):
        return sorted(path for path in self.folder.iterdir() if path.suffix != ".sig" and path.name != "version.xml")


class AppVersion(Folder):
    def test_verify_finds_what_is_changed_or_not_signed(self):
        self.assertEqual(self.folder.relative_to(self.directory).as_posix(), "apps/axiom/1.00/x86_64-pc-linux-gnu__avx2")
        self.assertEqual(self.verify().returncode, 0)
        for path in self.files():
            good = path.read_bytes()
            path.write_bytes(good + b"\0")
            self.assertEqual(self.verify().returncode, 1)
            self.assertIn(f"{path}: the signature is not of these bytes", self.verify().stderr)
            path.write_bytes(good)
        (self.folder / (self.files()[0].name + ".sig")).unlink()
        self.assertIn("not signed", self.verify().stderr)

    def test_a_version_is_never_laid_out_twice(self):
        done = tool("layout", "--program", CLIENT, "--version", "1.00", "--plan-class", "avx2", "--out", self.directory / "apps")
        self.assertEqual(done.returncode, 1)
        self.assertIn("exists", done.stderr)

    def test_private_key_is_for_its_owner_only(self):
        self.assertEqual(os.stat(self.keys / "code_sign_private").st_mode & 0o077, 0)
        self.assertEqual(tool("keys", self.keys).returncode, 1)


class Tampered(Folder):
    """Under the real client."""

    def outcome(self, tampered=None):
        files = []
        for path in self.files():
            content = path.read_bytes()
            if path == tampered:
                content = content[:-1] + bytes([content[-1] ^ 1])
            logical = LOGICAL.get(path.name.partition("_1.00")[0], "")
            files.append(AppFile(path.name, content, logical, main=not logical))
        project = Project(files)
        self.addCleanup(project.close)
        project.public_key = (self.keys / "code_sign_public").read_text()
        project.signatures = {path.name: pathlib.Path(f"{path}.sig").read_text() for path in self.files()}
        project.add_work("task", unit(60))
        volunteer = Volunteer(project)
        self.addCleanup(volunteer.close)
        return volunteer.wait_report("task")

    def test_untouched_files_are_taken(self):
        self.assertEqual(self.outcome()["exit"], 0)

    def test_each_tampered_file_is_refused(self):
        for path in self.files():
            with self.subTest(path.name):
                report = self.outcome(path)
                self.assertEqual(report["exit"], -186, report["text"])
                self.assertIn("-120", report["text"])  # RSA key check failed


if __name__ == "__main__":
    unittest.main()
