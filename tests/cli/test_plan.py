"""`plan`: what it says is what a run then reports and leaves on the disk."""

import json
import os
import signal
import subprocess
import time

from support import CLIENT, CliTest, client

# Each long enough for several checkpoints, none takes more than some seconds.
EXPERIMENTS = {
    "compgen": ["--preset", "small", "--set", "epochs=10"],
    "featrank": ["--preset", "small"],
    "neuronspec": ["--seeds", "3"],
    "featcompv2": ["--preset", "small", "--set", "widths=[16,64]"],
    "repalignv2": ["--seeds", "2"],
    "microscalev2": ["--preset", "small", "--set", "epochs=8"],
}


def plan(*arguments):
    done = client("plan", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Plan(CliTest):
    def test_a_run_takes_what_was_planned(self):
        for experiment, options in EXPERIMENTS.items():
            with self.subTest(experiment):
                work = ["--experiment", experiment, "--seed", "5", *options]
                planned = plan(*work, "--threads", "2", "--backend", "reference")
                self.assertEqual([(m["backend"], m["threads"]) for m in planned["memory"]], [("reference", 2)])
                any_backend = {m["backend"]: m["bytes"] for m in plan(*work, "--threads", "2")["memory"]}
                self.assertEqual(any_backend["reference"], planned["memory"][0]["bytes"])
                out = self.directory / experiment
                done = client("--standalone", *work, "--threads", "2", "--out", str(out), "--priority", "normal", "--quiet")
                self.assertEqual(done.returncode, 0, done.stderr)
                telemetry = json.loads((out / f"{experiment}.telemetry.json").read_text())
                self.assertEqual(telemetry["flops_session"], planned["training_flops"])
                self.assertEqual(telemetry["work_digest"], planned["work_digest"])
                self.assertEqual(telemetry["seeds"], planned["seeds"])
                self.assertEqual(telemetry["planned_bytes"], any_backend[telemetry["backend"]])
                size = (out / f"{experiment}.result.json").stat().st_size
                self.assertLessEqual(size, planned["result_bytes"])
                self.assertGreater(size, planned["result_bytes"] / 4)  # a bound, not a guess

    def test_checkpoints_fit_into_the_bound(self):
        """Of the default presets, stopped when a checkpoint is there."""
        for experiment in EXPERIMENTS:
            with self.subTest(experiment):
                # Several seeds, so that none is through when it is stopped.
                work = ["--experiment", experiment, "--seed", "5", "--seeds", "40"]
                planned = plan(*work, "--threads", "4")
                out = self.directory / experiment
                run = subprocess.Popen([CLIENT, "--standalone", *work, "--threads", "4", "--out", str(out),
                                        "--checkpoint-interval", "0.3", "--quiet"], stderr=subprocess.PIPE)
                deadline = time.monotonic() + 120
                while not (out / f"{experiment}.checkpoint.1").exists() and time.monotonic() < deadline:
                    time.sleep(0.05)
                run.send_signal(signal.SIGTERM)
                run.communicate(timeout=120)
                self.assertEqual(run.returncode, 143)
                sizes = [os.stat(out / f"{experiment}.checkpoint.{n}").st_size for n in (0, 1)]
                self.assertLessEqual(max(sizes), planned["checkpoint_bytes"])
                # Only groups that are in training count: the bound is not that of all networks.
                self.assertLess(planned["checkpoint_bytes"], 100 * max(sizes))
                everything = sum(path.stat().st_size for path in out.iterdir())
                self.assertLess(everything, planned["disk_bytes"])

    def test_counts_are_those_of_the_definition(self):
        one = plan("--experiment", "compgen", "--seed", "1")
        three = plan("--experiment", "compgen", "--seed", "1", "--seeds", "3")
        self.assertEqual(one["networks"], 4 * 3 * 3 * 3)  # widths, depths, rates, trials
        self.assertEqual(one["training_steps"], one["networks"] * 150 * 32)  # 1000 samples by 32
        self.assertEqual(one["measurements"], 2 * one["networks"])
        for key in ("networks", "training_steps", "measurements", "training_flops", "evaluation_flops"):
            self.assertEqual(three[key], 3 * one[key])
        self.assertEqual([m["threads"] for m in one["memory"] if m["backend"] == "avx2"], [1, 2, 4, 8, 16, 32, 64])
        # 12 networks: no more threads can be busy.
        few = plan("--experiment", "featrank", "--seed", "1")
        self.assertEqual([m["threads"] for m in few["memory"] if m["backend"] == "avx2"], [1, 2, 4, 8, 12])
        for entry in one["memory"]:
            self.assertEqual(entry["bytes"], sum(entry[key] for key in entry if key.endswith("_bytes")))

    def test_table_and_json_agree(self):
        work = ["--experiment", "neuronspec", "--seed", "1", "--seeds", "2"]
        text = client("plan", *work).stdout
        planned = plan(*work)
        self.assertIn("neuronspec 2.0, preset default, 2 seeds", text)
        changed = client("plan", *work, "--set", "widths=[8]", "--set", "trials=3", "--set", "epochs=7").stdout
        self.assertIn("neuronspec 2.0, preset default but for epochs, widths, 2 seeds", changed)  # 3 trials are its own
        self.assertIn(str(planned["training_steps"]), text)
        self.assertIn("more than 4.0 GiB", text)
        self.assertIn(f"{planned['disk_bytes'] / 1e6:.1f} MB", text)

    def test_nothing_is_left_behind_nor_drawn_from_the_host(self):
        unit = self.directory / "unit.json"
        unit.write_text(json.dumps({"schema": 1, "name": "n", "experiment": "neuronspec", "experiment_version": "2.0",
                                    "seed": {"from": "host"}, "minimum_ram_bytes": 0}))
        done = client("plan", "--work-unit", str(unit), "--data-dir", str(self.directory / "data"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("any", done.stdout)
        planned = plan("--work-unit", str(unit), "--data-dir", str(self.directory / "data"))
        self.assertEqual((planned["first_seed"], planned["work_digest"]), (None, None))
        self.assertEqual([path.name for path in self.directory.iterdir()], ["unit.json"])

    def test_what_is_refused(self):
        unit = self.directory / "unit.json"
        unit.write_text("{}")
        work = ["plan", "--experiment", "neuronspec", "--seed", "1"]
        self.assert_error(client("plan", "--work-unit", str(unit)), 3, "unit.json")
        self.assert_error(client("plan", "--work-unit", str(unit) + "x"), 7, "unit.jsonx")
        self.assert_error(client(*work, "--preset", "huge"), 3, "huge")
        self.assert_error(client(*work, "--set", "epochs=0"), 3, "epochs")
        self.assert_error(client(*work, "--backend", "avx3"), 5, "avx3")
        self.assert_error(client(*work, "--threads", "0"), 2, "--threads")
