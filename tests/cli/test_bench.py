"""The self-benchmark, and the choice that --backend auto makes from it."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from support import CLIENT, CliTest, client

EXPERIMENTS = ["compgen", "featrank", "neuronspec", "featcompv2", "repalignv2", "microscalev2"]


def strings(value):
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in inner for text in strings(item)]


class Bench(CliTest):
    """One benchmark, as short as it may be, for all tests; nothing depends on its figures."""

    @classmethod
    def setUpClass(cls):
        cls.measured = tempfile.mkdtemp(prefix="axiom-bench-")
        cls.addClassCleanup(shutil.rmtree, cls.measured, ignore_errors=True)
        cls.done = client("bench", "--json", "--seconds", "5", "--data-dir", cls.measured)

    def setUp(self):
        super().setUp()
        self.data = self.directory / "data"
        shutil.copytree(self.measured, self.data)
        self.record = self.data / "benchmark.json"

    def auto(self):
        return self.quick("--data-dir", str(self.data))

    def change(self, **values):
        self.record.write_text(json.dumps({**json.loads(self.record.read_text()), **values}))

    def usable(self):
        return [b["name"] for b in json.loads(self.done.stdout)["backends"] if b["status"] == "equal"]

    def test_json_has_what_the_schema_says(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        report = json.loads(self.done.stdout)
        self.assertEqual(sorted(report), ["backends", "build", "client_version", "date", "fastest", "memory",
                                          "noise", "processor", "schema", "seconds", "threads"])
        self.assertEqual(report["schema"], 1)
        self.assertRegex(report["date"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertGreater(report["memory"]["triad_gbytes"]["median"], 0)
        listed = json.loads(client("devices", "--json").stdout)["backends"]
        self.assertEqual([b["name"] for b in report["backends"]], [b["name"] for b in listed])
        for backend, device in zip(report["backends"], listed):
            self.assertEqual(backend["status"], "equal" if device["available"] else "unavailable")
            if not device["available"]:
                self.assertEqual(backend["reason"], device["reason"])
                self.assertEqual(backend["training_step"], [])
                continue
            self.assertEqual(sorted({s["width"] for s in backend["training_step"]}), [32, 64, 128, 256])
            for step in backend["training_step"]:
                self.assertEqual(step["digest"], step["expected_digest"])
                self.assertGreater(step["gflops"]["median"], 0)
                self.assertGreater(step["share_of_peak"], 0)
            self.assertEqual([e["experiment"] for e in backend["experiments"]], EXPERIMENTS)
            for experiment in backend["experiments"]:
                self.assertGreater(experiment["seeds_per_hour"], 0)
                self.assertAlmostEqual(experiment["networks_per_hour"] / experiment["seeds_per_hour"],
                                       experiment["networks_per_seed"])
        self.assertIn(report["fastest"], self.usable())

    def test_json_is_canonical(self):
        def sorted_keys(pairs):
            self.assertEqual([key for key, _ in pairs], sorted(key for key, _ in pairs))
            return dict(pairs)
        report = json.loads(self.done.stdout, object_pairs_hook=sorted_keys)
        spaces = sum(len(value) - len(value.replace(" ", "")) for value in strings(report))
        self.assertEqual(self.done.stdout.count(" "), spaces)
        self.assertTrue(self.done.stdout.endswith("}\n"))
        self.assertEqual(self.done.stdout.count("\n"), 1)

    def test_auto_takes_the_fastest_and_says_so(self):
        fastest = json.loads(self.record.read_text())["fastest"]
        date = json.loads(self.record.read_text())["date"][:10]
        done = self.auto()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"backend: {fastest} (measured fastest by bench on {date})", done.stderr)
        telemetry = json.loads((self.directory / "out" / "neuronspec.telemetry.json").read_text())
        self.assertEqual(telemetry["backend"], fastest)

    def test_the_record_chooses_among_backends_but_not_the_result(self):
        results = set()
        for name in self.usable():
            self.change(fastest=name)
            done = self.auto()
            self.assertIn(f"backend: {name} (measured fastest by bench", done.stderr)
            results.add(self.result())
            chosen = json.loads(client("devices", "--json", "--data-dir", str(self.data)).stdout)
            self.assertEqual(chosen["backend"], name)
        self.assertEqual(len(results), 1)

    def test_a_record_of_another_host_or_program_is_ignored(self):
        first = json.loads(client("devices", "--json").stdout)
        first = next(b["name"] for b in first["backends"] if b["available"])
        for key, value in [("processor", "abacus"), ("client_version", "0.0.1"), ("build", "0"), ("backends", [])]:
            with self.subTest(key=key):
                shutil.copy(os.path.join(self.measured, "benchmark.json"), self.record)
                self.change(**{key: value, "fastest": "reference"})
                done = self.auto()
                self.assertEqual(done.returncode, 0, done.stderr)
                line = next(x for x in done.stderr.splitlines() if x.startswith("backend: "))
                self.assertIn(f"backend: {first} (the first in order that this host can run", line)
                self.assertIn("run axiom-client bench again", line)
                self.assertNotIn("warning", done.stderr)

    def test_what_is_broken_is_passed_over(self):
        self.assertEqual(json.loads(self.record.read_text())["broken"], [])
        usable = self.usable()
        processors = [name for name in usable if not name.startswith("cuda")]
        broken = [{"name": name, "device": ""} for name in processors[:-1]]
        # Even if the speeds no longer count, as with another device.
        for backends in (json.loads(self.record.read_text())["backends"], []):
            self.change(broken=broken, backends=backends, fastest=processors[-1])
            log = self.auto().stderr
            if usable == processors:
                self.assertIn(f"backend: {processors[-1]} (", log)
            if len(processors) > 1 and usable == processors and not backends:
                self.assertIn(f"not {processors[0]}: found broken by the benchmark of ", log)
                listed = json.loads(client("devices", "--json", "--data-dir", str(self.data)).stdout)
                excluded = [b["name"] for b in listed["backends"] if "excluded" in b]
                self.assertEqual((excluded, listed["backend"]), (processors[:-1], processors[-1]))
        for name in processors:  # asked for
            self.assertIn(f"backend: {name} (asked for", self.quick("--backend", name, "--data-dir", str(self.data)).stderr)

    def test_all_are_broken(self):
        self.change(broken=[{"name": b["name"], "device": b["device"]}
                            for b in json.loads(self.record.read_text())["backends"]], fastest="")
        done = self.auto()
        self.assert_error(done, 5, "no backend can be used on this host; ")
        self.assertIn("not reference: found broken by the benchmark of ", done.stderr)
        # As another program may have found it: it counts for that program only.
        self.change(build="0")
        self.assertEqual(self.auto().returncode, 0)

    def test_a_damaged_record_is_one_warning(self):
        self.record.write_text(self.record.read_text()[:100])
        done = self.auto()
        self.assertEqual(done.returncode, 0, done.stderr)
        warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
        self.assertEqual(len(warnings), 1, done.stderr)
        self.assertIn("benchmark.json", warnings[0])
        # A backend that was asked for needs no record.
        self.assertNotIn("warning", self.quick("--backend", "reference", "--data-dir", str(self.data)).stderr)


class BenchAtTheEdges(CliTest):
    def test_a_stop_keeps_nothing(self):
        data = self.directory / "data"
        running = subprocess.Popen([CLIENT, "bench", "--data-dir", str(data)], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(running.kill)
        while "round 1" not in running.stderr.readline():
            self.assertIsNone(running.poll())
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=120)
        self.assertEqual(running.returncode, 130, errors)
        self.assertEqual(out, "")
        self.assertIn("error: stopped by a signal: nothing was kept", errors)
        self.assertFalse(data.exists())

    def test_a_record_that_cannot_be_kept_is_a_warning(self):
        blocked = self.directory / "file"
        blocked.write_text("")
        done = client("bench", "--seconds", "5", "--data-dir", str(blocked / "data"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--backend auto does not follow this benchmark", done.stderr)
        self.assertIn("training step", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)


if __name__ == "__main__":
    unittest.main()
