"""What the tests of the program on an emulated GPU have in common.

AXIOM_CLIENT and AXIOM_EMULATED_LIBRARY (the folder of the emulated libcuda.so.1) name what is tested.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CLIENT = os.environ["AXIOM_CLIENT"]
LIBRARY = os.environ["AXIOM_EMULATED_LIBRARY"]
QUICK = ["--standalone", "--experiment", "featrank", "--seed", "9", "--set", "epochs=2",
         "--set", "trials=1", "--set", "widths=[8,33]", "--priority", "normal"]
LONG = ["--standalone", "--experiment", "compgen", "--seed", "9", "--set", "epochs=250", "--set", "trials=1",
        "--set", "widths=[16,32]", "--set", "depths=[1,2]", "--set", "learning_rates=[0.05]",
        "--priority", "normal", "--seeds", "4"]

MANY = [option.replace("epochs=250", "epochs=20") for option in LONG]


class DeviceTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-devices-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def run_client(self, *arguments, library=LIBRARY, **settings):
        environment = dict(os.environ)
        environment.pop("LD_LIBRARY_PATH", None)
        if library:
            environment["LD_LIBRARY_PATH"] = library
        for name, value in settings.items():
            environment["AXIOM_EMULATED_" + name.upper()] = str(value)
        return subprocess.run([CLIENT, *arguments], capture_output=True, text=True, timeout=600,
                              env=environment)

    def compute(self, name, *arguments, work=QUICK, **settings):
        """Result bytes, telemetry, log."""
        out = self.directory / name
        done = self.run_client(*work, *arguments, "--out", str(out), **settings)
        self.assertEqual(done.returncode, 0, done.stderr)
        experiment = work[2]
        return ((out / f"{experiment}.result.json").read_bytes(),
                json.loads((out / f"{experiment}.telemetry.json").read_text()), done.stderr)

    def refused(self, code, fragment, *arguments, **settings):
        """With --backend cuda: an error; with auto: the processor, with that line in the log."""
        out = self.directory / f"refused-{code}"
        done = self.run_client(*QUICK, *arguments, "--backend", "cuda", "--out", str(out), **settings)
        self.assertEqual(done.returncode, code, done.stderr)
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertIn(fragment, errors[0])
        self.assertEqual(done.stdout, "")
        self.assertFalse((out / "featrank.result.json").exists())
        _, telemetry, log = self.compute(f"auto-{code}", *arguments, **settings)
        self.assertNotIn("cuda", telemetry["backend"])
        self.assertIn(fragment, log)
