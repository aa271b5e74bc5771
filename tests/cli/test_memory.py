"""The memory plan against the memory that was really taken (telemetry)."""

import json
import os
import re
import subprocess

from support import CLIENT, CliTest, client

# Short forms whose networks and datasets are those of the default.
PLANS = {
    "compgen": ["--set", "epochs=4"],
    "featrank": ["--set", "epochs=10"],
    "neuronspec": [],
    "featcompv2": ["--set", "epochs=20"],
    "repalignv2": ["--set", "epochs=40"],
    "microscalev2": ["--set", "epochs=2"],
}
# The text of the result outgrows the rest; many threads, each with work to the end; blocks of megabytes that come and go.
ODD_PLANS = [
    ("neuronspec", "1", ["--seeds", "3000", "--set", "widths=[4]", "--set", "trials=1", "--set", "epochs=1"]),
    ("compgen", "2", ["--seeds", "5000", "--set", "widths=[8]", "--set", "depths=[1]", "--set", "trials=1", "--set", "epochs=1"]),
    ("neuronspec", "16", ["--seeds", "100", "--set", "epochs=1"]),
    ("neuronspec", "2", ["--seeds", "5", "--set", "widths=[1024]", "--set", "trials=1", "--set", "epochs=1"]),
    ("featcompv2", "1", ["--set", "widths=[4]", "--set", "learning_rates=[0.1]", "--set", "epochs=2000",
                         "--set", "measure_every=1"]),
]


class MemoryTest(CliTest):
    def telemetry(self, experiment, threads, plan, interval="0.05", least=.85):
        done = client("--standalone", "--experiment", experiment, "--seed", "1", *plan, "--threads", threads,
                      "--checkpoint-interval", interval, "--priority", "normal", "--json", "--out",
                      str(self.directory / f"{experiment}-{threads}"))
        self.assertEqual(done.returncode, 0, done.stderr)
        telemetry = json.loads(done.stdout)["telemetry"]
        ratio = telemetry["peak_bytes"] / telemetry["planned_bytes"]
        self.assertLess(ratio, 1.15, telemetry)
        # Sixteen threads on a few cores do not all measure at once: when they do is the scheduler's choice.
        self.assertGreater(ratio, least if int(threads) <= 2 else .7, telemetry)
        return telemetry

    def test_the_peak_is_within_15_percent_of_the_plan(self):
        for experiment, plan in PLANS.items():
            for threads in ("1", "2"):
                with self.subTest(experiment=experiment, threads=threads):
                    self.assertLess(self.telemetry(experiment, threads, plan)["peak_bytes"], 100e6)

    def test_nor_is_it_beyond_where_sizes_change_all_the_time(self):
        """Without a checkpoint, which returns what is free, gaps between the buffers took up to half as much again."""
        for plan in (["--preset", "small"],
                     ["--set", "widths=[20,30,40,50,60,70,80,90]", "--set", "fractions=[0.1,1]", "--set", "epochs=1"]):
            with self.subTest(plan=plan):
                self.telemetry("microscalev2", "2", plan, interval="60")

    def test_nor_on_the_reference(self):
        """Its plan counted gradients for samples that are only evaluated, and masks without dropout."""
        for experiment, plan in (
            ("microscalev2", ["--set", "widths=[64]", "--set", "depths=[3]", "--set", "fractions=[1]"]),
            ("repalignv2", ["--set", "widths=[256]"]),
        ):
            with self.subTest(experiment=experiment):
                self.telemetry(experiment, "1", ["--backend", "reference", *plan, "--set", "epochs=1"],
                               least=.87)

    def test_nor_is_it_beyond_for_odd_plans(self):
        for experiment, threads, plan in ODD_PLANS:
            with self.subTest(experiment=experiment, threads=threads, plan=plan):
                self.telemetry(experiment, threads, plan)

    def test_nor_is_that_of_verify(self):
        """The file, its values and, to find a difference, those that it is compared with outgrow the run."""
        _, threads, plan = ODD_PLANS[0]
        out = self.directory / "out"
        done = client("--standalone", "--experiment", "neuronspec", "--seed", "1", *plan, "--out", str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        text = (out / "neuronspec.result.json").read_bytes()
        different = text.replace(b'"complete"', b'"Complete"')
        for file, code, least in ((text, 0, .5), (different, 8, .85)):
            (out / "copy").write_bytes(file)
            process = subprocess.Popen([CLIENT, "verify", str(out / "copy"), "--threads", threads],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            log = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stderr.close()
            self.assertEqual(process.returncode, code, log)
            planned = float(re.search(r"memory: plan ([\d.]+) MB", log)[1]) * 1e6
            self.assertLess(usage.ru_maxrss * 1024 / planned, 1.15, log)
            self.assertGreater(usage.ru_maxrss * 1024 / planned, least, log)
