"""A GPU that computes wrong numbers, now and then or always."""

import re
import unittest

from device_case import MANY, QUICK, DeviceTest


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
        """Unless all the bits are idle ones: then the result is right."""
        first, _ = self.launches()
        expected, _, _ = self.compute("processor", work=MANY, library=None)
        stops = 0
        for seed in range(8):
            if stops == 2:
                break
            out = self.directory / f"flips-{seed}"
            done = self.run_client(*MANY, "--backend", "auto", "--replay", "100", "--out", str(out),
                                   "--checkpoint-interval", "0.05", fault=f"flips:{first + 2}:{seed}")
            if done.returncode == 0:
                self.assertEqual((out / "compgen.result.json").read_bytes(), expected)
                continue
            stops += 1
            self.assertEqual(done.returncode, 16, done.stderr)
            self.assertIn("the device computes wrong numbers: ", done.stderr)
            self.assertIn("overclocking", done.stderr)
            self.assertFalse((out / "compgen.result.json").exists())
            self.assertEqual(list(out.glob("*.checkpoint.[012]")), [], "a state that cannot be relied on was kept")
        self.assertGreater(stops, 0, "no run was stopped: the test shows nothing")

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
        self.assertRegex(done.stderr, r"the matrix of a layer of .* units is not finite in the evaluation of network \d+ at step \d+, seed 9, (the same twice|[34] times in a row)")

    def test_a_device_that_is_wrong_in_the_same_way_each_time(self):
        done = self.run_client(*QUICK, "--backend", "cuda", "--out", str(self.directory / "a"), fault="skew:1")
        self.assertEqual(done.returncode, 16, done.stderr)
        self.assertRegex(done.stderr, "gives a wrong answer to a known case|differ from the processor.s, the same twice")
        first, _ = self.launches("1")
        done = self.run_client(*MANY, "--backend", "cuda", "--replay", "1", "--out", str(self.directory / "b"),
                               fault=f"skew:{first + 1}")
        self.assertEqual(done.returncode, 16, done.stderr)
        self.assertIn("differ from the processor's, the same twice", done.stderr)

    def test_a_device_that_does_nothing_and_says_nothing(self):
        """In training, evaluation or metrics: the processor takes over, or the run ends."""
        expected, _, _ = self.compute("processor", library=None)
        traced = self.run_client(*QUICK, "--backend", "cuda", "--threads", "1", "--out", str(self.directory / "traced"), trace=1)
        names = re.findall(r"emulated device: launch \d+ of (\w+)", traced.stderr)
        first = traced.stderr.split("self-test of the device")[0].count("emulated device: launch")
        for kernel in ("axiom_train_block", "axiom_team", "axiom_spectrum"):
            with self.subTest(kernel):
                at = first + 1 + names[first:].index(kernel)
                done = self.run_client(*QUICK, "--backend", "cuda", "--threads", "1", "--out", str(self.directory / f"idle {kernel}"),
                                       fault=f"idle:{at}")
                self.assertEqual(done.returncode, 15, done.stderr)
                self.assertIn("launches in a row without an error and without having done anything", done.stderr)
                result, telemetry, log = self.compute(f"auto {kernel}", "--threads", "1", fault=f"idle:{at}")
                self.assertEqual(result, expected)
                self.assertIn("the processor takes over", log)

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


if __name__ == "__main__":
    unittest.main()
