"""A disk that is full when a file is to be written: nothing is lost, and the same command goes on when there is room."""

import errno
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from support import CLIENT, CliTest, client

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from small_disk import SmallDisk  # noqa: E402

WORK = ["--standalone", "--experiment", "compgen", "--seed", "7", "--set", "depths=[3]", "--priority", "normal"]
SHORT = [*WORK, "--set", "widths=[16]", "--set", "trials=1", "--set", "epochs=5"]
LONG = [*WORK, "--set", "widths=[64]", "--set", "epochs=2000", "--threads", "1", "--checkpoint-interval", "0.2"]
FULL = os.strerror(errno.ENOSPC)
FILES = {"compgen.result.json", "compgen.result.json.sha256", "compgen.telemetry.json"}


class FullDisk(CliTest):
    def setUp(self):
        super().setUp()
        self.disk = SmallDisk()
        self.addCleanup(self.disk.close)
        self.here = self.disk.path / "out"
        self.here.mkdir()

    def files(self):
        return {path.name for path in self.here.iterdir() if not path.name.startswith(".")}

    def test_each_file_of_the_end(self):
        """With room for none, one, two, ... pages: result, digest, telemetry are met in turn."""
        self.assertEqual(client(*SHORT, "--out", self.out).returncode, 0)
        met = set()
        for pages in range(64):
            self.disk.fill(pages)
            done = client(*SHORT, "--out", str(self.here))
            if done.returncode == 0:
                break
            self.assert_error(done, 7, FULL)
            met.add(frozenset(self.files() & FILES))
            self.disk.free()
            done = client(*SHORT, "--out", str(self.here))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.files(), FILES)
            self.assertEqual((self.here / "compgen.result.json").read_bytes(), self.result("compgen"))
            for name in FILES:
                (self.here / name).unlink()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.files(), FILES)
        self.assertIn(frozenset(), met)
        self.assertIn(frozenset(FILES - {"compgen.telemetry.json"}), met)

    def start(self):
        log = open(self.directory / "log", "a")
        process = subprocess.Popen([CLIENT, *LONG, "--out", str(self.here)], stdout=subprocess.DEVNULL, stderr=log)
        log.close()
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def wait(self, process, condition):
        for _ in range(1200):
            if condition():
                return
            self.assertIsNone(process.poll(), "ended too early: " + self.log())
            time.sleep(0.05)
        self.fail("nothing happened within a minute: " + self.log())

    def log(self):
        return (self.directory / "log").read_text()

    def checkpoints(self):
        return {path.name: path.read_bytes() for path in self.here.glob("*.checkpoint.?")}

    def test_checkpoints(self):
        """The run goes on with one warning, saves again when there is room, and if it is stopped before, what was saved stays."""
        process = self.start()
        self.wait(process, lambda: len(self.checkpoints()) == 2)
        self.disk.fill()
        self.wait(process, lambda: "checkpoint not saved, the run goes on: " in self.log())
        time.sleep(1)
        self.assertEqual(self.log().count("checkpoint not saved"), 1)
        self.disk.free()
        self.wait(process, lambda: "checkpoints are saved again" in self.log())
        self.disk.fill()
        self.wait(process, lambda: self.log().count("checkpoint not saved") == 2)
        kept = self.checkpoints()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 7, self.log())
        self.assertIn(FULL, self.log().splitlines()[-1])
        self.assertTrue(kept)
        self.assertEqual(self.checkpoints(), kept)
        self.disk.free()
        process = self.start()
        self.wait(process, lambda: "resuming at" in self.log())


if __name__ == "__main__":
    unittest.main()
