"""packaging/boinc/keep-result, called as BOINC's script_assimilator calls it."""

import errno
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from small_disk import SmallDisk  # noqa: E402

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc" / "keep-result"


class KeepResult(unittest.TestCase):
    def setUp(self):
        self.project = pathlib.Path(tempfile.mkdtemp(prefix="axiom-project-"))
        self.addCleanup(shutil.rmtree, self.project, ignore_errors=True)
        for folder in ("bin", "upload"):
            (self.project / folder).mkdir()
        shutil.copy(SCRIPT, self.project / "bin")

    def keep(self, *arguments):
        return subprocess.run(["../bin/keep-result", *map(str, arguments)], cwd=self.project / "bin", capture_output=True, text=True)

    def synced_folders(self, *arguments):
        """Folders that are on the disk when it ends."""
        script = str(self.project / "bin" / "keep-result")
        code = ("import os, runpy, stat, sys\n"
                "def fsync(descriptor):\n"
                "    if stat.S_ISDIR(os.fstat(descriptor).st_mode): print(os.readlink(f'/proc/self/fd/{descriptor}'))\n"
                "os.fsync = fsync\n"
                f"sys.argv = {[script, *map(str, arguments)]!r}\n"
                f"runpy.run_path({script!r}, run_name='__main__')\n")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [pathlib.Path(line).name for line in done.stdout.splitlines()]

    def test_what_is_kept_is_on_the_disk_also_if_it_was_there(self):
        path = self.uploaded("unit_0_0")
        self.assertEqual(self.synced_folders("7", path), [self.project.name, "results"])
        self.assertEqual(self.synced_folders("7", path), ["results"])  # the first may have been killed before

    def uploaded(self, name, content=b"{}\n"):
        path = self.project / "upload" / name
        path.write_bytes(content)
        return path

    def test_results_are_kept_under_the_work_units_name(self):
        for file, kept in (("compgen_default_0123abcd_17_0_r123456_0", "compgen_default_0123abcd_17"),
                           ("compgen_default_0123abcd_18_1_0", "compgen_default_0123abcd_18")):
            done = self.keep(5, self.uploaded(file, b"science\n"))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual((self.project / "results" / f"{kept}.result.json").read_bytes(), b"science\n")
        self.assertEqual(len(list((self.project / "results").iterdir())), 2)

    def test_a_second_time_is_harmless_and_another_result_refused(self):
        path = self.uploaded("unit_1_0_r1_0", b"one")
        self.assertEqual(self.keep(1, path).returncode, 0)
        self.assertEqual(self.keep(1, path).returncode, 0)
        path.write_bytes(b"other")
        done = self.keep(1, path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is another result", done.stderr)
        self.assertEqual((self.project / "results" / "unit_1.result.json").read_bytes(), b"one")

    def test_failures_are_noted(self):
        self.assertEqual(self.keep("--error", 2, "unit_9", 33, 0).returncode, 0)
        self.assertEqual(self.keep("--error", 2, 33).returncode, 0)  # as server release 1.4 calls it
        self.assertEqual((self.project / "results" / "failed.txt").read_text(), "unit_9 error_mask 2\n33 error_mask 2\n")

    def test_what_cannot_be_kept_is_an_error(self):
        missing = self.project / "upload" / "none_1_0_0"
        self.assertEqual(self.keep(1, missing).stderr, f"error: {missing}: No such file or directory\n")
        self.assertEqual(self.keep(1, missing).returncode, 1)
        self.assertEqual(self.keep().returncode, 2)
        self.assertEqual([name for name in os.listdir(self.project / "results")], [])

    def test_a_full_disk(self):
        """Nothing half, and the line says what was not kept."""
        disk = SmallDisk()
        self.addCleanup(disk.close)
        (self.project / "results").symlink_to(disk.path)
        path = self.uploaded("unit_1_0_r1_0", b"x" * 50000)
        disk.fill(pages=3)
        done = self.keep(1, path)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"\Aerror: .*/unit_1\.result\.json: {os.strerror(errno.ENOSPC)}; {path} stays.*\n\Z")
        self.assertEqual([name for name in os.listdir(disk.path) if name != "filler"], [])
        disk.free()
        self.assertEqual(self.keep(1, path).returncode, 0)
        self.assertEqual((disk.path / "unit_1.result.json").read_bytes(), path.read_bytes())

    def test_without_a_place_for_results(self):
        (self.project / "results").write_text("a file")
        for arguments in ((1, self.uploaded("unit_1_0_r1_0")), ("--error", 2, "unit_9", 33, 0)):
            done = self.keep(*arguments)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"\Aerror: .*results.*\n\Z")


if __name__ == "__main__":
    unittest.main()
