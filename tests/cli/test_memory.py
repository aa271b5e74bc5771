"""The memory plan against the memory that was really taken (telemetry)."""

import json

from support import CliTest, client

# Short forms whose networks and datasets are those of the default.
PLANS = {
    "compgen": ["--set", "epochs=4"],
    "featrank": ["--set", "epochs=10"],
    "neuronspec": [],
    "featcompv2": ["--set", "epochs=20"],
    "repalignv2": ["--set", "epochs=40"],
    "microscalev2": ["--set", "epochs=2"],
}


class MemoryTest(CliTest):
    def test_the_peak_is_within_15_percent_of_the_plan(self):
        for experiment, plan in PLANS.items():
            for threads in ("1", "2"):
                with self.subTest(experiment=experiment, threads=threads):
                    out = f"{experiment}-{threads}"
                    done = client("--standalone", "--experiment", experiment, "--seed", "1", *plan,
                                  "--threads", threads, "--checkpoint-interval", "0.05",
                                  "--priority", "normal", "--json", "--out", str(self.directory / out))
                    self.assertEqual(done.returncode, 0, done.stderr)
                    telemetry = json.loads(done.stdout)["telemetry"]
                    ratio = telemetry["peak_bytes"] / telemetry["planned_bytes"]
                    self.assertLess(abs(ratio - 1), .15, telemetry)
                    self.assertLess(telemetry["peak_bytes"], 100e6)

