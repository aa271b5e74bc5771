"""What the tests of packaging/boinc/make-work have in common. AXIOM_CLIENT is the executable."""

import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import unittest

CLIENT = os.environ.get("AXIOM_CLIENT", "")
PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc"


def run(*arguments, **options):
    return subprocess.run(["/usr/bin/python3", PACKAGING / "make-work", *map(str, arguments)], capture_output=True, text=True,
                          **options)


class MakeWork(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-work-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = self.directory / "work"

    def make(self, *arguments, experiment="neuronspec", size="cpu", seeds="1-2", **options):
        work = [] if "--template" in arguments else ["--experiment", experiment]
        seeds = [] if "--next" in arguments else ["--seeds", seeds]
        return run("make", *work, *seeds, "--size", size, "--out", self.out, "--program", CLIENT, *arguments, **options)

    def made(self, *arguments, **options):
        done = self.make(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, done, *fragments):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"\Aerror: [^\n]+\n\Z")
        for fragment in fragments:
            self.assertIn(str(fragment), done.stderr)
        self.assertEqual(done.stdout, "")

    def jobs(self):
        return sorted(self.out.glob("*.job"), key=lambda path: int(path.stem.rpartition("_")[2]))

    def options(self, job):
        words = shlex.split(job.read_text().splitlines()[0])
        self.assertEqual(words[-1], f"{job.stem}.json")
        return dict(zip(words[:-1:2], words[1:-1:2]))
