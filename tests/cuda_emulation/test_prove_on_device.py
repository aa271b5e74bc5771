"""prove_on_device.py on the emulated device: what it says of checks that pass, fail, hang, are skipped or find no time."""

import json
import os
import pathlib
import subprocess
import sys

from device_case import CLIENT, LIBRARY, DeviceTest

SCRIPT = pathlib.Path(__file__).resolve().parent / "prove_on_device.py"


class ProveOnDevice(DeviceTest):
    def setUp(self):
        super().setUp()
        self.build = self.directory / "build"
        self.report = self.directory / "report"
        (self.build / "tests/cuda_emulation").mkdir(parents=True)
        (self.build / "axiom-client").symlink_to(CLIENT)
        self.equality("exit 0")

    def equality(self, script):
        path = self.build / "tests/cuda_emulation/cuda_equality_test"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def prove(self, *options, library=LIBRARY):
        done = subprocess.run([sys.executable, SCRIPT, self.build, "--report", self.report, *options], text=True,
                              capture_output=True, timeout=600, env={**os.environ, "LD_LIBRARY_PATH": library})
        self.assertEqual(done.stderr, "")
        summary = self.report / "summary.json"
        outcomes = json.loads(summary.read_text()) if summary.exists() else []
        return done, {outcome["check"]: outcome for outcome in outcomes}

    def test_figures_of_a_device_and_a_core(self):
        self.report.mkdir()
        (self.report / "figures.md").write_text("99999")  # of an earlier run
        self.prove("--only", "equality")
        self.assertFalse((self.report / "figures.md").exists())
        # A checkpoint that an earlier run left is not taken up: this one would be set aside.
        (self.report / "cuda").mkdir()
        for generation in "01":
            (self.report / "cuda" / f"neuronspec.checkpoint.{generation}").write_bytes(b"another run's")
        done, outcomes = self.prove("--only", "self-test,equality,speed-neuronspec", "--seeds", "1", "--scale", "9")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual({outcome["outcome"] for outcome in outcomes.values()}, {"passed"})
        self.assertEqual(list((self.report / "cuda").glob("*.bad")), [])
        self.assertEqual(list(outcomes), ["self-test", "equality", "speed-neuronspec-cuda", "speed-neuronspec-processor"])
        figures = (self.report / "figures.md").read_text()
        self.assertIn("Emulated device", figures)
        self.assertRegex(figures, r"\| neuronspec \| 1 \| [0-9.e+-]+ s \| [0-9.e+-]+ s \| [0-9.e+-]+ \|")
        self.assertIn(figures, done.stdout)

    def test_a_check_that_fails_is_told_with_its_last_line(self):
        self.equality("echo one; echo two differs; exit 3")
        done, outcomes = self.prove("--only", "self-test,equality")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual((outcomes["equality"]["outcome"], outcomes["equality"]["why"]),
                         ("FAILED", "exit code 3: two differs"))
        self.assertEqual(outcomes["self-test"]["outcome"], "passed")
        self.assertEqual((self.report / "equality.log").read_text(), "one\ntwo differs\n")

    def test_a_check_that_hangs_costs_its_own_time_only(self):
        self.equality("sleep 1000 & echo begun; wait")
        done, outcomes = self.prove("--only", "equality,sanitizer-memcheck", "--scale", "0.01")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(outcomes["equality"]["why"], "did not end in 2 s: begun")
        self.assertIn("sanitizer-memcheck", outcomes)

    def test_what_finds_no_time_is_skipped(self):
        done, outcomes = self.prove("--only", "self-test,equality", "--time", "0")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual({(o["outcome"], o["why"]) for o in outcomes.values()}, {("SKIPPED", "no time left")})

    def test_without_a_device(self):
        done, outcomes = self.prove(library="")
        self.assertEqual((done.returncode, outcomes), (77, {}), done.stdout)
        self.assertIn("SKIPPED: cuda:0: no NVIDIA driver", done.stdout)
