"""The self-benchmark on an emulated GPU, with a library that stands in for cuBLAS; and what follows from a device
that computes wrong numbers. No test depends on how fast anything is.

AXIOM_CLIENT, AXIOM_EMULATED_LIBRARY (the folder of libcuda.so.1) and AXIOM_EMULATED_CUBLAS (that of the folders of
libcublas.so) name what is tested.
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
CUBLAS = pathlib.Path(os.environ["AXIOM_EMULATED_CUBLAS"]) / "cublas_13"
# Little: a network of the widest shape takes 9 MB.
BENCH = ["bench", "--json", "--seconds", "5", "--device-memory", "12"]
QUICK = ["--standalone", "--experiment", "featrank", "--seed", "9", "--set", "epochs=2", "--set", "trials=1",
         "--set", "widths=[8,33]", "--priority", "normal"]


def client(*arguments, cublas=False, **settings):
    environment = dict(os.environ, LD_LIBRARY_PATH=f"{LIBRARY}:{CUBLAS}" if cublas else LIBRARY)
    for name, value in settings.items():
        environment["AXIOM_EMULATED_" + name.upper()] = str(value)
    return subprocess.run([CLIENT, *arguments], capture_output=True, text=True, timeout=900, env=environment)


class DeviceBench(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-device-bench-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.data = str(self.directory / "data")

    def auto(self, *arguments, code=0, **settings):
        """Log of a run that chooses its backend."""
        done = client(*QUICK, "--data-dir", self.data, "--out", str(self.directory / "out"), *arguments, **settings)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def change(self, **values):
        path = pathlib.Path(self.data, "benchmark.json")
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    def processors(self):
        listed = json.loads(client("devices", "--json", "--data-dir", "/nowhere").stdout)["backends"]
        return [b["name"] for b in listed if b["available"] and not b["name"].startswith("cuda")]

    def test_a_device_and_its_yardsticks(self):
        done = client(*BENCH, "--data-dir", self.data, cublas=True, trace=1)
        self.assertEqual(done.returncode, 0, done.stderr)
        device = json.loads(done.stdout)["backends"][0]
        self.assertEqual((device["name"], device["status"]), ("cuda:0", "equal"), device["reason"])
        self.assertIn("Emulated device, GPU-00000000-", device["device"])
        memory = device["memory"]
        self.assertGreater(memory["copy_gbytes"]["median"], 0)
        self.assertEqual(memory["array_bytes"], 5 << 20)  # of 12 MB
        self.assertIn(f"copy of {memory['array_bytes']} bytes", done.stderr)
        self.assertIsNone(memory["reason"])
        self.assertEqual(device["cublas"]["library"], "libcublas.so.13")
        self.assertEqual(device["cublas"]["version"], "13.1.2")
        self.assertEqual(device["cublas"]["square"]["m"], 512)  # 3 MiB; 1024 would take 12 MiB
        self.assertIsNone(device["cublas_reason"])
        self.assertIn(" 0 handles left", done.stderr)
        self.assertEqual(len(device["training_step"]), 8)
        for step in device["training_step"]:
            product = step["cublas"]
            self.assertEqual((product["m"], product["n"], product["k"]), (step["batch"], step["width"], step["width"]))
            self.assertLessEqual(product["products"], step["networks"])
            self.assertGreater(product["gflops"]["median"], 0)
            self.assertGreater(product["share_of_peak"], 0)
            self.assertGreater(step["share_of_peak"], 0)
            self.assertEqual(step["digest"], step["expected_digest"])
        # A broken processor computes no metrics for the device, and does not take over from it, either.
        first, *others = self.processors()
        if not others:
            self.skipTest("SKIPPED: this host can run no backend but the reference")
        self.change(broken=[{"name": first, "device": ""}], fastest="cuda:0")
        self.assertIn("backend: cuda:0 (measured fastest by bench", self.auto())
        log = self.auto(fault="lose:3")
        self.assertIn("; the processor takes over", log)
        chosen = next(line for line in log.splitlines() if line.startswith(f"backend: {others[0]} "))
        self.assertIn("(takes over from a device that failed: the first in order that this host can run; ", chosen)
        self.assertIn(f"not {first}: found broken by the benchmark of ", chosen)  # beside what the host lacks
        # None is right: neither auto nor a device, whose metrics a processor computes.
        self.change(broken=[{"name": name, "device": ""} for name in self.processors()])
        for backend in ("auto", "cuda"):
            self.assertIn("error: no backend can be used on this host; ", self.auto("--backend", backend, code=5))
        self.auto("--backend", others[-1])  # asked for

    def test_a_device_that_fails_meanwhile_is_not_passed_over_for_good(self):
        done = client(*BENCH, "--data-dir", self.data, fault="lose:2")
        self.assertEqual(done.returncode, 0, done.stderr)
        device = json.loads(done.stdout)["backends"][0]
        self.assertEqual(device["status"], "unavailable")
        self.assertIn("failed while it was measured: ", device["reason"])
        self.assertRegex(self.auto(), "backend: cuda:0 .* was made with other devices, .*: run axiom-client bench again")
        self.assertRegex(self.auto(devices=0), "backend: .* .measured fastest by bench")
        for question in range(1, 9):  # at which the driver fails, from before the choice to after the start
            with self.subTest(question):
                self.auto(vanishes=question)

    def test_a_device_that_computes_wrong_numbers(self):
        done = client(*BENCH, "--replay", "0", "--data-dir", self.data, fault="skew:1")  # by digests alone
        self.assertEqual(done.returncode, 18, done.stderr)
        report = json.loads(done.stdout)
        device = report["backends"][0]
        self.assertEqual((device["name"], device["status"]), ("cuda:0", "broken"))
        self.assertIn("differ from the reference's", device["reason"])
        self.assertIn(report["fastest"], self.processors())
        self.assertIn(f"backend: {report['fastest']} (measured fastest", self.auto())
        listed = json.loads(client("devices", "--json", "--data-dir", self.data).stdout)["backends"]
        self.assertIn("found broken by the benchmark of", listed[0]["excluded"])
        self.assertNotIn("excluded", listed[1])
        self.assertIn("not to be used: found broken", client("devices", "--data-dir", self.data).stdout)
        # Assigned by the BOINC client it is refused.
        slot = self.directory / "slot"
        slot.mkdir()
        (slot / "init_data.xml").write_text("<app_init_data>\n<gpu_type>NVIDIA</gpu_type>\n"
                                            "<gpu_device_num>0</gpu_device_num>\n</app_init_data>\n")
        (slot / "work_unit").write_text(json.dumps(
            {"schema": 1, "experiment": "compgen", "experiment_version": "2.0", "seed": 1,
             "parameters": {"widths": [16], "depths": [1], "epochs": 1}}))
        shutil.copytree(self.data, self.directory / "home" / "axiom-client")
        subprocess.run([CLIENT], cwd=slot, capture_output=True, timeout=600,
                       env=dict(os.environ, LD_LIBRARY_PATH=LIBRARY, XDG_DATA_HOME=str(self.directory / "home")))
        self.assertIn("error: cuda:0 computes wrong numbers: found broken by", (slot / "stderr.txt").read_text())
        self.assertFalse((slot / "result").exists())
        # The speeds no longer count with a second device, but the first is as broken as before.
        log = self.auto(devices=2)
        self.assertIn("backend: cuda:1 (the first in order that this host can run; not cuda:0: found broken by", log)
        self.assertIn("run axiom-client bench again", log)
        # With another driver it is another matter.
        self.assertIn("backend: cuda:0 (the first in order that this host can run", self.auto(driver=13010))


if __name__ == "__main__":
    unittest.main()
