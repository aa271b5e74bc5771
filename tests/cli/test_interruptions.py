"""Signals, kills, checkpoints of other work."""

import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import time

from support import CLIENT, LONG, CliTest, client


class Interruptions(CliTest):
    limits = None
    SHORTER = ["epochs=60" if part.startswith("epochs=") else part for part in LONG]

    def start(self, *arguments, work=LONG):
        self.log = self.directory / "log"
        with open(self.log, "w") as log:
            process = subprocess.Popen([CLIENT, *work, "--out", self.out, *arguments],
                                       stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=self.limits)

        def end():
            if process.poll() is None:
                process.kill()
                process.communicate()

        self.addCleanup(end)
        return process

    def wait_for(self, process, condition):
        for _ in range(1200):
            if condition():
                return
            self.assertIsNone(process.poll(), "ended too early")
            time.sleep(0.05)
        self.fail("nothing happened within a minute")

    def wait_until_it_runs(self, process):
        self.wait_for(process, lambda: "memory: plan" in self.log.read_text())

    def checkpoints(self):
        if not os.path.isdir(self.out):
            return []
        return sorted(name for name in os.listdir(self.out) if ".checkpoint." in name)

    def wait_for_checkpoint(self, process):
        self.wait_for(process, self.checkpoints)

    def test_signals_save_and_say_how_to_resume(self):
        for number, code in [(signal.SIGINT, 130), (signal.SIGHUP, 129), (signal.SIGXCPU, 152), (signal.SIGTERM, 143)]:
            process = self.start("--json")
            self.wait_until_it_runs(process)
            time.sleep(0.3)
            process.send_signal(number)
            stdout = process.communicate(timeout=60)[0]
            stderr = self.log.read_text()
            self.assertEqual(process.returncode, code, stderr)
            self.assertIn("the same command resumes", stderr)
            self.assertEqual(json.loads(stdout)["status"], "interrupted")
            self.assertTrue(self.checkpoints())
        # The second session took up what the first had saved.
        self.assertRegex(stderr, r"(?m)^resuming at [\d.]+ %$")

    def test_nohup_goes_on_when_the_terminal_closes(self):
        self.limits = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
        process = self.start(work=self.SHORTER)
        self.wait_until_it_runs(process)
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, self.log.read_text())
        self.assertIn("compgen.result.json", os.listdir(self.out))

    def test_signals_that_whoever_started_it_held_back(self):
        self.limits = lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        process = self.start()
        self.wait_until_it_runs(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143, self.log.read_text())

    def test_a_limit_of_processor_time(self):
        """`ulimit -t` kills where it ends: the run leaves before."""
        self.limits = lambda: resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
        process = self.start()
        process.communicate(timeout=300)
        self.assertEqual(process.returncode, 152, self.log.read_text())
        self.assertIn("stopped by SIGXCPU, checkpoint saved", self.log.read_text())
        self.assertTrue(self.checkpoints())

    def test_a_stop_of_the_process_is_no_time_of_the_run(self):
        """As by Ctrl-Z."""
        stopped = 10
        process = self.start(work=self.SHORTER)
        self.wait_until_it_runs(process)
        started = time.monotonic()
        process.send_signal(signal.SIGSTOP)
        time.sleep(stopped)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, self.log.read_text())
        most = time.monotonic() - started - stopped + 3  # it began before
        telemetry = json.loads((pathlib.Path(self.out) / "compgen.telemetry.json").read_text())
        self.assertLess(telemetry["seconds_session"], most)
        self.assertLess(telemetry["thread_seconds_training"], most * telemetry["threads"])

    def test_a_directory_that_is_removed_meanwhile_is_made_anew(self):
        process = self.start("--checkpoint-interval", "0.2", work=self.SHORTER)
        for moved in ("first", "second"):  # at once, whatever is being written there
            self.wait_for_checkpoint(process)
            os.rename(self.out, self.directory / moved)
        process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, self.log.read_text())
        self.assertTrue((pathlib.Path(self.out) / "compgen.result.json").exists())

    def test_a_checkpoint_of_other_work_is_refused_and_kept(self):
        process = self.start("--checkpoint-interval", "0.1")
        self.wait_for_checkpoint(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        before = {name: (pathlib.Path(self.out) / name).read_bytes()
                  for name in os.listdir(self.out)}
        other = [*LONG[:3], "--seed", "8", *LONG[5:]]
        self.assertNotEqual(other, LONG)
        self.assert_error(client(*other, "--out", self.out), 6, "checkpoint")
        after = {name: (pathlib.Path(self.out) / name).read_bytes()
                 for name in os.listdir(self.out)}
        self.assertEqual(after, before)

    def test_two_processes_in_one_directory(self):
        process = self.start("--checkpoint-interval", "0.2")
        self.wait_for_checkpoint(process)
        self.assert_error(self.quick(), 7, self.out)

    def test_a_second_signal_ends_it(self):
        process = self.start()
        self.wait_until_it_runs(process)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        # Whether the second signal came while the first was being served is up to the machine.
        self.assertIn(process.returncode, [130, 143])

    def test_a_signal_that_is_sent_twice_saves(self):
        """As timeout(1) sends it, and a shell and the kernel when the terminal closes."""
        for number in [signal.SIGTERM, signal.SIGHUP] * 5:
            shutil.rmtree(self.out, ignore_errors=True)
            process = self.start()
            self.wait_until_it_runs(process)
            time.sleep(0.1)
            process.send_signal(number)
            time.sleep(0.002)  # so that they are two
            process.send_signal(number)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, 128 + number, self.log.read_text())
            self.assertTrue(self.checkpoints())

    def test_same_bytes_after_kills(self):
        """Kills at random times, again and again, until AXIOM_KILLS (default 5) have hit."""
        work = ["--standalone", "--experiment", "neuronspec", "--seed", "7", "--seeds", "2",
                "--set", "widths=[32]", "--set", "epochs=300", "--out", self.out]
        self.assertEqual(client(*work).returncode, 0)
        unbroken = self.result()
        chance = random.Random(1)
        wanted = int(os.environ.get("AXIOM_KILLS", "5"))
        killed = resumed = 0
        while killed < wanted or resumed == 0:
            shutil.rmtree(self.out)
            for attempt in range(1000):
                process = subprocess.Popen(
                    [CLIENT, *work, "--checkpoint-interval", "0.01", "--backend",
                     chance.choice(["auto", "reference"]), "--threads", str(chance.randint(1, 3))],
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                try:
                    # Longer with each attempt, so that a busy machine gets there, too.
                    stderr = process.communicate(timeout=chance.uniform(0, 0.15 + attempt / 50))[1]
                    self.assertEqual(process.returncode, 0, stderr)
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    stderr = process.communicate()[1]
                    killed += 1
                self.assertNotIn("error:", stderr)
                resumed += "resuming at" in stderr
            self.assertEqual(self.result(), unbroken)
