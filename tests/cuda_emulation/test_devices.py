"""The program on an emulated GPU, and on hosts whose GPU, driver or memory is not as it should be."""

import json
import os
import re
import signal
import subprocess
import time
import unittest

from device_case import CLIENT, LIBRARY, LONG, MANY, QUICK, DeviceTest

WIDE = ["--standalone", "--experiment", "compgen", "--seed", "9", "--set", "epochs=1", "--set", "trials=1",
        "--set", "widths=[256]", "--set", "depths=[2]"]


class Equality(DeviceTest):
    def test_results_do_not_depend_on_the_device_or_on_how_it_is_used(self):
        expected, _, _ = self.compute("processor", "--backend", "reference")
        ways = {"plain": ([], {}), "desktop": (["--desktop"], {}), "threads": (["--threads", "3"], {}),
                "little memory": (["--device-memory", "6"], {}), "shuffled": ([], {"shuffle": 3}),
                "second device": (["--backend", "cuda:1"], {"devices": 2}),
                "small shared memory": ([], {"shared": 20480}),
                "no teams": ([], {"shared": 20480, "teams": 0}),
                "half of it for teams": ([], {"shared": 20480, "held": 1}),
                "nothing for teams": ([], {"shared": 20480, "held": 2})}
        for name, (options, settings) in ways.items():
            with self.subTest(name):
                options = options if "--backend" in options else [*options, "--backend", "cuda"]
                result, telemetry, log = self.compute(name, *options, **settings)
                self.assertEqual(result, expected)
                self.assertIn("cuda:", telemetry["backend"])
                self.assertIn("Emulated device", telemetry["device"])
                self.assertGreater(telemetry["device_copied_bytes"], 0)
                self.assertIn("device memory: plan ", log)

    def test_results_do_not_depend_on_the_limits_of_the_architecture(self):
        work = [*QUICK[:2], "compgen", *QUICK[3:5], "--set", "epochs=1", "--set", "trials=1", "--set", "widths=[8,64,128]",
                "--set", "depths=[1,3]", "--priority", "normal"]
        expected, _, _ = self.compute("processor", "--backend", "reference", work=work)
        # Shared memory of a block and of a multiprocessor. The first is a GTX 1050, but for its teams.
        for capability, block, multiprocessor, teams in [(130, 49152, 98304, 0), (75, 65536, 65536, 1),
                                                         (80, 166912, 167936, 1), (120, 101376, 102400, 1),
                                                         (90, 232448, 233472, 1)]:
            with self.subTest(capability):
                listed = json.loads(self.run_client("devices", "--json", capability=capability).stdout)["backends"]
                if not listed[0]["available"]:
                    self.skipTest(f"SKIPPED: {listed[0]['reason']}")
                result, _, _ = self.compute(str(capability), "--backend", "cuda", work=work, capability=capability,
                                            shared=block, multiprocessor=multiprocessor, teams=teams)
                self.assertEqual(result, expected)

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

    def test_what_the_environment_holds_stays_on_its_line(self):
        os.environ["CUDA_VISIBLE_DEVICES"] = "7\nerror: \x1b[31m"
        self.addCleanup(os.environ.pop, "CUDA_VISIBLE_DEVICES")
        self.refused(12, "CUDA_VISIBLE_DEVICES is '7?error: ?[31m', which", devices=0)
        self.assertIn("CUDA_VISIBLE_DEVICES is '7?error: ?[31m', which", self.run_client("devices", devices=0).stdout)

    def test_architecture_without_kernels(self):
        self.refused(13, "no CUDA kernels for devices of compute capability 3.0", capability=30)

    def test_device_memory_for_not_even_one_network(self):
        self.refused(14, "not enough device memory", memory=1500000)
        for threads, advice in (("1", "close other programs that use it, or take"), ("3", "use fewer --threads")):
            done = self.run_client(*QUICK, "--backend", "cuda", "--threads", threads,
                                   "--out", str(self.directory / "x"), memory=1500000)
            self.assertIn(advice, done.stderr)
        done = self.run_client(*QUICK, "--backend", "cuda", "--device-memory", "1", "--out", str(self.directory / "x"))
        self.assertEqual(done.returncode, 14, done.stderr)
        self.assertIn("; raise --device-memory, ", done.stderr)
        self.assertNotIn("close other programs", done.stderr)

    def test_memory_of_the_host_that_the_device_cannot_have(self):
        self.refused(14, "of the computer's memory for copies failed: CUDA_ERROR_OUT_OF_MEMORY (emulated error); "
                         "close other programs, or use fewer --threads", pinned=1000)

    def test_just_enough_device_memory(self):
        """For one network, done twice or not; one byte less is refused, and the line does not say that it would do."""
        work = [*WIDE, "--backend", "cuda", "--threads", "1"]
        plan = lambda memory: self.run_client("plan", *work[1:], memory=memory)
        low, high = 10**6, 10**9
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if plan(middle).returncode == 0 else (middle, high)
        told = plan(low)
        self.assertEqual(told.returncode, 14, told.stderr)
        needed, usable = re.search(r"needs (\d+) MB, (\d+) MB of the free", told.stderr).groups()
        self.assertGreater(int(needed), int(usable))
        for replay in ("1", "100"):
            done = self.run_client(*work, "--replay", replay, "--out", str(self.directory / replay), memory=high)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_malformed_device_numbers(self):
        for name in ("cuda:", "cuda:x", "cuda:-1", "cuda:-0", "cuda:99999999999", "cudax"):
            with self.subTest(name):
                done = self.run_client(*QUICK, "--backend", name, "--out", str(self.directory / "x"))
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertEqual(done.stderr.count("error: "), 1)

    def test_device_that_fails_at_work(self):
        expected, planned, _ = self.compute("processor", library=None, work=MANY)
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
        # What the device did was done in this session, too.
        self.assertEqual(telemetry["flops_resumed"], 0)
        self.assertEqual(telemetry["flops_session"], planned["flops_session"])
        self.assertGreaterEqual(telemetry["seconds_total"], telemetry["seconds_session"])
        # The emulated driver loses all devices at once.
        result, telemetry, log = self.compute("took over from two", work=MANY, devices=2, fault="lose:3")
        self.assertRegex(log, r"(?s)warning: cuda:0: .*; cuda:1 takes over\n.*warning: cuda:1: .*; the processor takes over\n")
        self.assertNotIn("cuda", telemetry["backend"])
        self.assertEqual(result, expected)

    def test_a_device_that_never_answers_is_told(self):
        expected, _, _ = self.compute("processor", library=None, work=LONG)
        out = self.directory / "hangs"
        for launch, warning in ((1, "the training has not begun in 10 s: "),  # in the self-test
                                (40, "no training step was finished in 1.0 s: ")):
            process = subprocess.Popen(
                [CLIENT, *LONG, "--backend", "cuda", "--out", out, "--step-limit", "1"], text=True, stderr=subprocess.PIPE,
                env={**os.environ, "LD_LIBRARY_PATH": LIBRARY, "AXIOM_EMULATED_FAULT": f"hang:{launch}"})
            self.addCleanup(process.kill)
            told = next(line for line in process.stderr if line.startswith("warning: "))
            self.assertIn(warning + "the host is very busy, or its device hangs", told)
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130)
        result, _, _ = self.compute("hangs", library=None, work=LONG)
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


class Listing(DeviceTest):
    def test_devices_names_every_device(self):
        done = self.run_client("devices", "--json", devices=2)
        listed = {b["name"]: b for b in json.loads(done.stdout)["backends"]}
        self.assertIn("compute capability 9.0", listed["cuda:1"]["device"])
        self.assertEqual(json.loads(done.stdout)["backend"], "cuda:0")

    def test_a_device_that_vanishes_while_it_is_listed(self):
        """The others are listed all the same."""
        for question in range(1, 12):
            for arguments in ([], ["--json"]):
                with self.subTest(question=question, arguments=arguments):
                    done = self.run_client("devices", *arguments, devices=2, vanishes=question)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("reference", done.stdout)
                    listed_whole = "counting devices failed" not in done.stdout
        self.assertTrue(listed_whole, "it vanished each time: the test does not reach the end")

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
