"""The program on an emulated GPU, and on hosts whose GPU, driver or memory is not as it should be.

AXIOM_CLIENT and AXIOM_EMULATED_LIBRARY (the folder of the emulated libcuda.so.1) name what is tested.
"""

import json
import os
import pathlib
import shutil
import signal
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


class Equality(DeviceTest):
    def test_results_do_not_depend_on_the_device_or_on_how_it_is_used(self):
        expected, _, _ = self.compute("processor", "--backend", "reference")
        ways = {"plain": ([], {}), "desktop": (["--desktop"], {}), "threads": (["--threads", "3"], {}),
                "little memory": (["--device-memory", "6"], {}), "shuffled": ([], {"shuffle": 3}),
                "second device": (["--backend", "cuda:1"], {"devices": 2}),
                "small shared memory": ([], {"shared": 20480})}
        for name, (options, settings) in ways.items():
            with self.subTest(name):
                options = options if "--backend" in options else [*options, "--backend", "cuda"]
                result, telemetry, log = self.compute(name, *options, **settings)
                self.assertEqual(result, expected)
                self.assertIn("cuda:", telemetry["backend"])
                self.assertIn("Emulated device", telemetry["device"])
                self.assertIn("device memory: plan ", log)

    def test_memory_limit_means_smaller_batches(self):
        _, plenty, _ = self.compute("plenty", "--backend", "cuda", "--threads", "1", work=MANY)
        _, little, _ = self.compute("little", "--backend", "cuda", "--threads", "1",
                                    "--device-memory", "6", work=MANY)
        self.assertLess(little["networks_at_once"], plenty["networks_at_once"])
        self.assertLessEqual(little["device_planned_bytes"], 6000000)

    def test_interrupted_on_the_device_and_resumed_on_the_processor(self):
        expected, _, _ = self.compute("whole", "--backend", "avx2" if self.has("avx2") else "reference", work=LONG)
        out = self.directory / "handed"
        environment = dict(os.environ, LD_LIBRARY_PATH=LIBRARY)
        running = subprocess.Popen([CLIENT, *LONG, "--backend", "cuda", "--out", str(out)], text=True,
                                   stderr=subprocess.PIPE, env=environment)
        self.addCleanup(running.stderr.close)
        while "%" not in running.stderr.readline():  # the first progress line: it is at work
            self.assertIsNone(running.poll())
        running.send_signal(signal.SIGINT)
        self.assertIn("checkpoint saved", running.stderr.read())
        self.assertEqual(running.wait(timeout=60), 130)
        done = self.run_client(*LONG, "--backend", "auto", "--out", str(out), library=None)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("resuming at", done.stderr)
        self.assertEqual((out / "compgen.result.json").read_bytes(), expected)

    def has(self, backend):
        listed = json.loads(self.run_client("devices", "--json").stdout)["backends"]
        return any(b["name"] == backend and b["available"] for b in listed)


class Refusals(DeviceTest):
    def test_no_driver(self):
        self.refused(10, "no NVIDIA driver", library=None)

    def test_driver_that_cannot_be_loaded(self):
        broken = self.directory / "broken"
        broken.mkdir()
        (broken / "libcuda.so.1").write_text("half a file")
        self.refused(10, "the NVIDIA driver cannot be loaded (", library=str(broken))

    def test_driver_without_a_function(self):
        old = self.directory / "old"
        old.mkdir()
        source = self.directory / "old.c"
        source.write_text("int cuInit(unsigned flags) { return (int)flags; }\n")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(old / "libcuda.so.1"), str(source)], check=True)
        self.refused(11, "the NVIDIA driver is too old: it lacks cu", library=str(old))

    def test_driver_too_old_for_the_kernels(self):
        self.refused(11, "the NVIDIA driver is too old: it supports CUDA 9.0", driver=9000)

    def test_no_device(self):
        self.refused(12, "the NVIDIA driver finds no device", devices=0)

    def test_driver_that_does_not_start(self):
        for error, advice in ((34, "take the folder 'stubs' out of LD_LIBRARY_PATH"), (802, "start nvidia-fabricmanager"),
                              (803, "the driver was updated: restart the computer"), (804, "'compat' folder"),
                              (999, "restart the computer; see that this user, or the container, may open /dev/nvidia*")):
            with self.subTest(error):
                self.refused(10, f"the NVIDIA driver does not start: error {error} (emulated error); ", start=error)
                self.assertIn(advice, self.run_client("devices", start=error).stdout)

    def test_device_that_others_have_or_nobody_may_use(self):
        self.refused(12, "opening the device failed: error 46 (emulated error); another program has the device", open=46)
        expected, _, _ = self.compute("processor", library=None)
        result, telemetry, log = self.compute("the next", open=46, devices=2)
        self.assertEqual(telemetry["backend"], "cuda:1")
        self.assertIn("another program has the device", log)
        self.assertIn("; cuda:1 takes over", log)
        self.assertEqual(result, expected)
        self.refused(12, "the compute mode of Emulated device is 'prohibited': nvidia-smi -i GPU-", mode=2)
        self.assertIn("cuda:0     no: the compute mode", self.run_client("devices", mode=2).stdout)
        _, telemetry, log = self.compute("the other", mode=2, devices=2)
        self.assertEqual(telemetry["backend"], "cuda:1")
        self.assertIn("not cuda:0: the compute mode", log)

    def test_kernels_that_the_driver_does_not_take(self):
        for code, error, advice in ((11, 222, "too old for the kernels"), (13, 209, "install a newer one"),
                                    (13, 218, "install a newer driver"), (13, 221, "libnvidia-ptxjitcompiler.so.1"),
                                    (13, 223, "unset CUDA_DISABLE_PTX_JIT")):
            with self.subTest(error):
                self.refused(code, "loading the kernels failed: ", load=error)
                self.assertIn(advice, self.run_client("self-test", load=error).stdout)

    def test_kernels_that_do_not_fit_on_a_multiprocessor(self):
        self.refused(13, "bytes of shared memory does not fit on a multiprocessor of Emulated device", multiprocessor=8 << 10)

    def test_device_number_beyond_the_last(self):
        done = self.run_client(*QUICK, "--backend", "cuda:3", "--out", str(self.directory / "x"))
        self.assertEqual(done.returncode, 12, done.stderr)
        self.assertIn("there is no CUDA device 3", done.stderr)

    def test_devices_that_the_environment_hides(self):
        os.environ["CUDA_VISIBLE_DEVICES"] = "7"
        self.addCleanup(os.environ.pop, "CUDA_VISIBLE_DEVICES")
        self.refused(12, "no device; CUDA_VISIBLE_DEVICES is '7', which hides others", devices=0)
        done = self.run_client(*QUICK, "--backend", "cuda:1", "--out", str(self.directory / "x"))
        self.assertEqual(done.returncode, 12, done.stderr)
        self.assertIn("numbered from 0); CUDA_VISIBLE_DEVICES is '7'", done.stderr)

    def test_architecture_without_kernels(self):
        self.refused(13, "no CUDA kernels for devices of compute capability 3.0", capability=30)

    def test_device_memory_for_not_even_one_network(self):
        self.refused(14, "not enough device memory", memory=1500000)
        for threads, advice in (("1", "close other programs that use it, or take"), ("3", "use fewer --threads")):
            done = self.run_client(*QUICK, "--backend", "cuda", "--threads", threads,
                                   "--out", str(self.directory / "x"), memory=1500000)
            self.assertIn(advice, done.stderr)

    def test_malformed_device_numbers(self):
        for name in ("cuda:", "cuda:x", "cuda:-1", "cuda:99999999999", "cudax"):
            with self.subTest(name):
                done = self.run_client(*QUICK, "--backend", name, "--out", str(self.directory / "x"))
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertEqual(done.stderr.count("error: "), 1)

    def test_device_that_fails_at_work(self):
        expected, _, _ = self.compute("processor", library=None, work=MANY)
        out = self.directory / "lost"
        done = self.run_client(*MANY, "--backend", "cuda", "--out", str(out), fault="lose:3")
        self.assertEqual(done.returncode, 15, done.stderr)
        self.assertIn("CUDA_ERROR_LAUNCH_FAILED", done.stderr)
        done = self.run_client(*MANY, "--backend", "cuda", "--out", str(out), fault="fail:3")
        self.assertEqual(done.returncode, 15, done.stderr)
        self.assertIn("computing on the device failed: CUDA_ERROR_LAUNCH_FAILED", done.stderr)
        for error, advice in ((214, "nvidia-smi -q -d ECC"), (702, "take --desktop")):
            done = self.run_client(*MANY, "--backend", "cuda", "--out", str(out), fault="lose:3", work=error)
            self.assertEqual(done.returncode, 15, done.stderr)
            self.assertIn(advice, done.stderr)
        result, telemetry, log = self.compute("took over", work=MANY, fault="lose:3")
        self.assertIn("the processor takes over", log)
        self.assertNotIn("cuda", telemetry["backend"])
        self.assertEqual(result, expected)
        # The emulated driver loses all devices at once.
        result, telemetry, log = self.compute("took over from two", work=MANY, devices=2, fault="lose:3")
        self.assertRegex(log, r"(?s)warning: cuda:0: .*; cuda:1 takes over\n.*warning: cuda:1: .*; the processor takes over\n")
        self.assertNotIn("cuda", telemetry["backend"])
        self.assertEqual(result, expected)

    def test_what_lay_on_a_device_that_failed_is_given_back(self):
        """By a thread that may: the emulated driver ends the program else."""
        work = [*QUICK, "--seeds", "4", "--threads", "3"]
        expected, _, _ = self.compute("processor", library=None, work=work)
        traced = self.run_client(*work, "--backend", "cuda", "--out", str(self.directory / "traced"), trace=1).stderr
        launches = traced.count("emulated device: launch")
        for before_the_end in range(1, 8):
            for fault in ("lose", "fail"):
                result, _, _ = self.compute(f"{fault}-{before_the_end}", work=work, fault=f"{fault}:{launches - before_the_end}")
                self.assertEqual(result, expected)

    def test_a_device_that_vanishes_between_two_questions_about_it(self):
        """At each, up to the run that asks no more."""
        expected, _, _ = self.compute("processor", library=None)
        for question in range(1, 40):
            with self.subTest(question):
                result, telemetry, log = self.compute(f"vanished-{question}", vanishes=question)
                self.assertEqual(result, expected)
                if not telemetry["device"]:
                    self.assertIn("counting devices failed", log)
            if "counting devices failed" not in log:
                break
        self.assertEqual(telemetry["backend"], "cuda:0", "it always vanished before its work was done")
        self.assertGreater(question, 5)


class FaultyHardware(DeviceTest):
    def launches(self, replay="100"):
        """Of the self-test, and in all."""
        out = self.directory / "traced"
        done = self.run_client(*MANY, "--backend", "cuda", "--replay", replay, "--out", str(out), trace=1)
        before = done.stderr.split("self-test of the device")[0].count("emulated device: launch")
        return before, done.stderr.count("emulated device: launch")

    def test_a_flipped_bit_anywhere_in_the_memory_changes_no_result(self):
        expected, _, _ = self.compute("processor", work=MANY, library=None)
        first, last = self.launches()
        found = 0
        for seed in range(12):
            with self.subTest(seed=seed):
                at = first + 1 + seed % max(1, last - first - 1)
                result, telemetry, _ = self.compute(f"flip-{seed}", "--backend", "cuda", "--replay", "100",
                                                    work=MANY, fault=f"flip:{at}:{seed}")
                self.assertEqual(result, expected)
                self.assertGreater(telemetry["replayed_steps"], 0)
                found += telemetry["mismatches"]
        self.assertGreater(found, 0, "no flip was noticed: the test shows nothing")

    def test_memory_that_flips_bits_all_the_time_stops_the_run(self):
        first, _ = self.launches()
        out = self.directory / "flips"
        done = self.run_client(*MANY, "--backend", "auto", "--replay", "100", "--out", str(out),
                               "--checkpoint-interval", "0.05", fault=f"flips:{first + 2}:1")
        if done.returncode == 0:
            return self.assertEqual((out / "compgen.result.json").read_bytes(),
                                    self.compute("processor", work=MANY, library=None)[0])
        self.assertEqual(done.returncode, 16, done.stderr)
        self.assertIn("the device computes wrong numbers: ", done.stderr)
        self.assertIn("overclocking", done.stderr)
        self.assertFalse((out / "compgen.result.json").exists())
        self.assertEqual(list(out.glob("*.checkpoint.[01]")), [], "a state that cannot be relied on was kept")

    def test_parts_that_a_device_with_wrong_numbers_computed_do_not_wait_to_be_sent(self):
        work = [*MANY[:MANY.index("--seeds") + 1], "12", "--device-memory", "6", "--threads", "1"]
        sending = ["--upload-url", "https://localhost:1/", "--upload-intermediate", "0", "--retry-for", "0"]
        traced = self.run_client(*work, "--backend", "cuda", "--replay", "100", "--out", str(self.directory / "traced"), trace=1)
        last = traced.stderr.count("emulated device: launch")
        out = self.directory / "parts"
        done = self.run_client(*work, *sending, "--backend", "cuda", "--replay", "100", "--out", str(out),
                               fault=f"flips:{last - last // 6}:1")
        self.assertEqual(done.returncode, 16, done.stderr)
        names = [path.name for path in (out / "outbox").iterdir()]
        self.assertTrue([name for name in names if name.endswith(".part.json.gz.queued.json.bad")], done.stderr)
        self.assertFalse([name for name in names if name.endswith((".queued.json", ".gz"))], names)

    def test_a_matrix_that_cannot_be(self):
        """Computed again, as any mismatch; if it comes back, the run ends."""
        expected, _, _ = self.compute("processor", library=None)
        traced = self.run_client(*QUICK, "--backend", "cuda", "--out", str(self.directory / "traced"), trace=1)
        first = traced.stderr.split("self-test of the device")[0].count("emulated device: launch") + 1
        result, telemetry, _ = self.compute("spoiled", "--backend", "cuda", fault=f"spoil:{first}")
        self.assertEqual(result, expected)
        self.assertEqual(telemetry["mismatches"], 1)
        done = self.run_client(*QUICK, "--backend", "cuda", "--out", str(self.directory / "b"), fault=f"spoils:{first}")
        self.assertEqual(done.returncode, 16, done.stderr)
        self.assertRegex(done.stderr, "the matrix of a layer of .* units is not finite, (the same twice|[34] times in a row)")

    def test_a_device_that_is_wrong_in_the_same_way_each_time(self):
        done = self.run_client(*QUICK, "--backend", "cuda", "--out", str(self.directory / "a"), fault="skew:1")
        self.assertEqual(done.returncode, 16, done.stderr)
        self.assertRegex(done.stderr, "gives a wrong answer to a known case|differ from the processor.s, the same twice")
        first, _ = self.launches("1")
        done = self.run_client(*MANY, "--backend", "cuda", "--replay", "1", "--out", str(self.directory / "b"),
                               fault=f"skew:{first + 1}")
        self.assertEqual(done.returncode, 16, done.stderr)
        self.assertIn("differ from the processor's, the same twice", done.stderr)

    def test_mismatches_before_the_processor_took_over_are_told(self):
        traced = self.run_client(*QUICK, "--backend", "cuda", "--out", str(self.directory / "traced"), trace=1)
        first = traced.stderr.split("self-test of the device")[0].count("emulated device: launch") + 1
        last = traced.stderr.count("emulated device: launch")
        expected, _, _ = self.compute("processor", library=None)
        # How many launches the two threads need varies, so the device may be lost too late or, seldom, too early.
        for attempt in range(20):
            result, telemetry, log = self.compute(f"took over {attempt}", fault=f"spoil:{first}", lost=last - attempt % 6)
            self.assertEqual(result, expected)
            if "the processor takes over" in log and telemetry["mismatches"] > 0:
                break
        self.assertIn("the processor takes over", log)
        self.assertEqual((telemetry["device"], telemetry["mismatches"]), ("", 1))
        self.assertIn("1 times the device gave two results for the same steps", log)

    def test_counters(self):
        _, telemetry, _ = self.compute("all", "--backend", "cuda", "--replay", "100")
        self.assertGreater(telemetry["replayed_steps"], 0)
        self.assertGreater(telemetry["audited_steps"], 0)
        self.assertEqual(telemetry["mismatches"], 0)
        _, telemetry, _ = self.compute("none", "--backend", "cuda", "--replay", "0")
        self.assertEqual(telemetry["replayed_steps"], 0)
        self.assertEqual(telemetry["audited_steps"], 0)


class Listing(DeviceTest):
    def test_devices_names_every_device(self):
        done = self.run_client("devices", "--json", devices=2)
        listed = {b["name"]: b for b in json.loads(done.stdout)["backends"]}
        self.assertIn("compute capability 9.0", listed["cuda:1"]["device"])
        self.assertEqual(json.loads(done.stdout)["backend"], "cuda:0")

    def test_self_test_covers_the_device(self):
        done = self.run_client("self-test")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"cuda:0: (\d+) of \1 known answers right")

    def test_self_test_of_a_device_that_fails(self):
        """The others are tested all the same. What another program has is nobody's fault."""
        for code, told, settings in ((9, "cuda:0: FAILED, launching ", {"fault": "lose:3"}),
                                     (0, "cuda:0: SKIPPED, allocating ", {"memory": 100000}),
                                    (0, "cuda:0: SKIPPED, opening the device failed: ", {"open": 46}),
                                     (9, "cuda:0: FAILED, the device computes wrong numbers: ", {"fault": "skew:1"})):
            with self.subTest(told):
                done = self.run_client("self-test", **settings)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(told, done.stdout)
                self.assertRegex(done.stdout, r"reference: (\d+) of \1 known answers right")

    def test_plan_names_as_many_threads_as_the_device_has_memory_for(self):
        work = ["plan", "--json", *QUICK[1:7], "--seeds", "10", "--backend", "cuda"]
        for arguments, threads in (([], [1, 2]), (["--threads", "2"], [2])):
            done = self.run_client(*work, *arguments, memory=30000000)
            self.assertEqual(done.returncode, 0, done.stderr)
            memory = json.loads(done.stdout)["memory"]
            self.assertEqual([entry["threads"] for entry in memory], threads)
            self.assertTrue(all(0 < entry["device_bytes"] <= 24000000 for entry in memory), memory)
        for arguments, memory in ((["--threads", "8"], 30000000), ([], 1500000)):
            done = self.run_client(*work, *arguments, memory=memory)
            self.assertEqual(done.returncode, 14, done.stderr)


class Verify(DeviceTest):
    def verify(self, *arguments, **settings):
        result = self.directory / "result" / "featrank.result.json"
        if not result.exists():
            self.compute("result", "--backend", "reference")
        return self.run_client("verify", str(result), *arguments, **settings)

    def test_on_the_device(self):
        done = self.verify("--backend", "cuda")
        self.assertEqual((done.returncode, done.stdout), (0, "equal\n"), done.stderr)
        self.assertIn("self-test of the device: passed", done.stderr)
        self.assertIn("device memory: plan ", done.stderr)

    def test_the_processor_takes_over_from_a_device_that_fails(self):
        traced = self.verify("--backend", "cuda", trace=1).stderr.split("self-test of the device")[0]
        at_work = {"fault": f"lose:{traced.count('emulated device: launch') + 2}"}
        for settings in (at_work, {"memory": 1500000}):
            done = self.verify(**settings)
            self.assertEqual((done.returncode, done.stdout), (0, "equal\n"), done.stderr)
            self.assertIn("backend: cuda:0 ", done.stderr)
            self.assertIn("; the processor takes over", done.stderr)
        self.assertEqual(self.verify("--backend", "cuda", **at_work).returncode, 15)
        self.assertEqual(self.verify("--backend", "cuda", memory=1500000).returncode, 14)

    def test_a_device_with_wrong_numbers_does_not_judge(self):
        done = self.verify("--replay", "0", fault="skew:1")
        self.assertEqual((done.returncode, done.stdout), (16, ""), done.stderr)
        self.assertIn("cuda:0 gives a wrong answer to a known case", done.stderr)


if __name__ == "__main__":
    unittest.main()
