"""Hosts with several GPUs, of which one is of another kind, has no memory left, or computes wrong numbers."""

import json
import unittest

from device_case import MANY, QUICK, DeviceTest

BENCH = ["bench", "--json", "--seconds", "5", "--device-memory", "12", "--replay", "0"]


class SeveralDevices(DeviceTest):
    def test_of_different_kinds(self):
        expected, _, _ = self.compute("processor", library=None)
        for name, settings, told in (("unsupported", {"capability": "30@0"}, "not cuda:0: this build has no CUDA kernels"),
                                     ("little memory", {"memory": "1500000@0"}, "warning: cuda:0: not enough device memory: "),
                                     ("full", {"fault": "full:1@0"}, "warning: cuda:0: allocating ")):
            with self.subTest(name):
                result, telemetry, log = self.compute(name, devices=2, **settings)
                self.assertEqual((telemetry["backend"], result), ("cuda:1", expected))
                self.assertIn(told, log)
        for name in ("cuda:0", "cuda:1"):
            result, telemetry, _ = self.compute(name, "--backend", name, devices=2, capability="75@0")
            self.assertEqual((telemetry["backend"], result), (name, expected))

    def test_memory_that_others_take_while_it_works(self):
        """Wherever: the work is done by what can, or refused as too little memory."""
        expected, _, _ = self.compute("processor", work=MANY, library=None)
        for at in (1, 5, 20, 60, 150):
            with self.subTest(at):
                result, _, _ = self.compute(f"auto-{at}", work=MANY, fault=f"full:{at}")
                self.assertEqual(result, expected)
                done = self.run_client(*MANY, "--backend", "cuda", "--out", str(self.directory / f"cuda-{at}"),
                                       fault=f"full:{at}")
                self.assertIn(done.returncode, (0, 14), done.stderr)
                if done.returncode:
                    self.assertIn("CUDA_ERROR_OUT_OF_MEMORY", done.stderr)

    def test_the_one_that_the_benchmark_found_broken_is_known_by_any_number(self):
        data = ["--data-dir", str(self.directory / "data")]
        done = self.run_client(*BENCH, *data, devices=2, fault="skew:1@1")
        self.assertEqual(done.returncode, 18, done.stderr)
        self.assertEqual([b["status"] for b in json.loads(done.stdout)["backends"][:2]], ["equal", "broken"])
        for swapped, name in ((0, "cuda:1"), (1, "cuda:0")):
            listed = json.loads(self.run_client("devices", "--json", *data, devices=2, swapped=swapped).stdout)["backends"]
            self.assertEqual([b["name"] for b in listed if "excluded" in b], [name])
        log = self.run_client(*QUICK, *data, "--out", str(self.directory / "swapped"), devices=2, swapped=1).stderr
        self.assertIn("not cuda:0: found broken by the benchmark of ", log)


if __name__ == "__main__":
    unittest.main()
