"""What becomes of checkpoints and finished parts when a GPU turns out to compute wrong numbers: what it had no part in stays."""

import os
import signal
import subprocess
import time
import unittest

from device_case import CLIENT, LIBRARY, LONG, DeviceTest

PARTS = ["--upload-url", "https://localhost:1/", "--upload-intermediate", "0", "--retry-for", "0"]

ONE_BY_ONE = ["--backend", "cuda", "--device-memory", "6", "--threads", "1"]  # seeds


def queued(out):
    return sorted(path.name for path in (out / "outbox").glob("*.queued.json"))


class DistrustedWork(DeviceTest):
    def interrupt(self, out, *arguments, until=lambda out: True, library=LIBRARY, **settings):
        """A session that is stopped when it is at work and `until` holds."""
        environment = {**os.environ, **({"LD_LIBRARY_PATH": library} if library else {}),
                       **{"AXIOM_EMULATED_" + name.upper(): str(value) for name, value in settings.items()}}
        running = subprocess.Popen([CLIENT, *LONG, *arguments, "--out", str(out)], text=True, stderr=subprocess.PIPE,
                                   env=environment)
        self.addCleanup(running.stderr.close)
        while "%" not in running.stderr.readline():
            self.assertIsNone(running.poll())
        while not until(out):
            self.assertIsNone(running.poll())
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        self.assertIn("checkpoint saved", running.stderr.read())
        self.assertEqual(running.wait(timeout=60), 130)

    def self_test_launches(self):
        _, _, log = self.compute("traced", "--backend", "cuda", trace=1)
        return log.split("self-test of the device: passed")[0].count("emulated device: launch")

    def goes_on(self, out, resumes):
        """Without any device, with the right result."""
        done = self.run_client(*LONG, "--out", str(out), library=None)
        self.assertEqual(done.returncode, 0, done.stderr)
        (self.assertIn if resumes else self.assertNotIn)("resuming at", done.stderr)
        expected, _, _ = self.compute("processor", work=LONG, library=None)
        self.assertEqual((out / "compgen.result.json").read_bytes(), expected)

    def wrong(self, out, *arguments, **settings):
        done = self.run_client(*LONG, *arguments, "--out", str(out), **settings)
        self.assertEqual(done.returncode, 16, done.stderr)
        return done.stderr

    def test_what_a_processor_computed_before_is_gone_on_from(self):
        """However often the device has saved since."""
        launches = self.self_test_launches()
        for name, fault in (("at once", f"skew:{launches + 1}"), ("later", f"flips:{launches + 40}:3")):
            with self.subTest(name):
                out = self.directory / name
                self.interrupt(out, library=None)
                log = self.wrong(out, "--backend", "cuda", "--replay", "100", "--checkpoint-interval", "0.01", fault=fault)
                self.assertIn("is kept: that device had no part in it", log)
                self.goes_on(out, True)
                self.assertEqual(list(out.glob("*.checkpoint.[012]")), [])

    def test_what_the_device_computed_in_an_earlier_session_is_set_aside(self):
        """Also if a processor has gone on from it, and if the device fails in the self-test already."""
        launches = self.self_test_launches()
        for fault in (f"skew:{launches + 1}", "skew:1"):
            with self.subTest(fault):
                out = self.directory / fault
                self.interrupt(out, "--backend", "cuda")
                self.interrupt(out, library=None)
                log = self.wrong(out, "--backend", "cuda", fault=fault)
                self.assertNotIn("is kept", log)
                self.assertEqual(list(out.glob("*.checkpoint.[012]")), [])
                self.assertTrue(list(out.glob("*.checkpoint.?.bad")))
                self.goes_on(out, False)

    def test_another_device_is_not_blamed(self):
        """cuda:0 is lost at work, cuda:1 is wrong before it has any: the state is cuda:0's alone."""
        launches = self.self_test_launches()
        out = self.directory / "two"
        self.interrupt(out, "--backend", "cuda:0", devices=2)
        log = self.wrong(out, "--backend", "auto", devices=2, lost=f"{launches + 5}@0", fault="skew:1@1")
        self.assertIn("cuda:1 takes over", log)
        self.assertEqual(log.count("self-test of the device: passed"), 1)
        self.assertNotIn("set aside", log)
        self.goes_on(out, True)

    def test_of_two_devices_the_one_that_is_wrong_is_blamed(self):
        launches = self.self_test_launches()
        out = self.directory / "one of two"
        self.interrupt(out, "--backend", "cuda:0", devices=2)
        log = self.wrong(out, "--backend", "cuda:1", "--checkpoint-interval", "0.01", devices=2, fault=f"skew:{launches + 1}")
        self.assertIn("is kept: that device had no part in it", log)
        self.goes_on(out, True)

    def test_what_a_device_computed_that_the_benchmark_finds_broken_is_set_aside(self):
        out = self.directory / "benched"
        data = ["--data-dir", str(self.directory / "data")]
        self.interrupt(out, "--backend", "cuda")
        done = self.run_client("bench", "--seconds", "5", "--device-memory", "12", *data, fault="skew:1")
        self.assertEqual(done.returncode, 18, done.stderr)
        for state in out.glob("*.checkpoint.[012]"):  # cannot be renamed
            (out / f"{state.name}.bad").mkdir()
        done = self.run_client(*LONG, *data, "--out", str(out))
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("could not be set aside properly", done.stderr)
        for directory in out.glob("*.bad"):
            directory.rmdir()
        done = self.run_client(*LONG, *data, "--out", str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("set aside", done.stderr)
        self.assertNotIn("resuming at", done.stderr)
        self.assertIn("computes wrong numbers: found broken by the benchmark of ", (next(out.glob("*.bad.reason.txt"))).read_text())
        expected, _, _ = self.compute("processor", work=LONG, library=None)
        self.assertEqual((out / "compgen.result.json").read_bytes(), expected)

    def test_parts_that_a_processor_computed_still_wait(self):
        launches = self.self_test_launches()
        out = self.directory / "parts"
        self.interrupt(out, *PARTS, until=queued, library=None)
        before = queued(out)
        self.wrong(out, *PARTS, "--backend", "cuda", fault=f"skew:{launches + 1}")
        self.assertEqual(queued(out), before)

    def test_parts_that_the_device_computed_in_an_earlier_session_do_not(self):
        """Also if this one makes none."""
        for arguments in (PARTS, []):
            out = self.directory / f"parts{len(arguments)}"
            self.interrupt(out, *PARTS, *ONE_BY_ONE, until=queued)
            log = self.wrong(out, *arguments, "--backend", "cuda", fault="skew:1")
            self.assertEqual(queued(out), [], log)
            self.assertTrue(list((out / "outbox").glob("*.part.json.gz.bad")))


if __name__ == "__main__":
    unittest.main()
