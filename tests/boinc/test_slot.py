"""A task in a slot without a client: progress, suspension, quitting, its log, jumps of the clock."""

import random
import re
import signal
import subprocess
import time
import unittest

from slot import Slot
from slot_case import FAKETIME
from support import CLIENT, lasting, undisturbed, unit
from volunteer import processor_ticks, wait_for


class SlotTest(unittest.TestCase):
    def slot(self, work, **facts):
        slot = Slot(work, **facts)
        self.addCleanup(slot.close)
        return slot

    def assert_complete(self, slot, work, status=0):
        self.assertEqual(status, 0, slot.log())
        self.assertEqual(slot.finished(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(work))
        self.assertFalse(slot.early_one, "1 was reported before the result was there")

    def assert_idle(self, slot):
        """Within a second of computing."""
        self.assertLessEqual(slot.suspend(), 100)


class Life(SlotTest):
    def test_progress_never_steps_back(self):
        """Killed at random moments, the task reports no less than before, and 1 only with its result."""
        work = lasting(8)
        slot = self.slot(work, period=1)  # so that most kills come after a checkpoint
        chance = random.Random(1)
        for start in range(1, 7):
            slot.start()
            slot.wait_training(start)
            time.sleep(chance.uniform(1.2, 2.2))
            if slot.process.poll() is not None:
                break
            slot.kill()
            if slot.result() is not None:  # on a fast machine
                break
        status = slot.run() if slot.finished() is None else 0
        self.assert_complete(slot, work, status)
        self.assertEqual(slot.fractions, sorted(slot.fractions))
        self.assertGreater(len(set(slot.fractions)), 3)
        self.assertIn("resuming at", slot.log())

    def test_killed_while_it_finishes(self):
        """The library takes two seconds to finish: a task that is killed then has its result, and computes nothing again."""
        work = unit(40)
        slot = self.slot(work)
        slot.start()
        wait_for("the task to report that it is done", lambda: 1.0 in slot.fractions)
        slot.kill()
        self.assertIsNone(slot.finished())
        self.assert_complete(slot, work, slot.run())
        self.assertIn("the result is complete since an earlier start", slot.log())
        self.assertEqual(slot.log().count("trained and measured"), 1)
        self.assertEqual(slot.fractions, sorted(slot.fractions))

    def test_only_its_own_result_is_complete(self):
        """What an earlier start has left counts if it is of this work, byte by byte."""
        work, other = unit(3, width=16), unit(3, width=16, seed=12)
        slot = self.slot(other)
        self.assert_complete(slot, other, slot.run())
        for left in (undisturbed(other), undisturbed(work)[:-9], b""):
            slot.directory.joinpath("work_unit").write_bytes(work)
            slot.directory.joinpath("result").write_bytes(left)
            slot.directory.joinpath("boinc_finish_called").unlink()
            self.assert_complete(slot, work, slot.run())
        self.assertNotIn("complete since an earlier start", slot.log())

    def test_arguments_that_servers_add(self):
        work = unit(1)
        slot = self.slot(work)
        status = slot.run("--nthreads", "4", "--memory_size_mb", "128.0", "--device", "0", "--no-such-option", "--threads", "0")
        self.assert_complete(slot, work, status)
        self.assertEqual(slot.log().count("argument ignored"), 2)
        self.assertIn("argument ignored: --no-such-option\n", slot.log())
        self.assertIn("argument ignored: --threads 0\n", slot.log())

    def test_what_the_client_starts_is_a_task(self):
        """Whatever app_config.xml has among the arguments: a command would leave no result, again and again. By hand it is one."""
        for arguments in (("--help",), ("bench", "--standalone", "--threads", "2", "--version")):
            slot = self.slot(unit(3, width=16))
            self.assert_complete(slot, unit(3, width=16), slot.run(*arguments))
            for argument in set(arguments) - {"--threads", "2"}:
                self.assertIn(f"warning: argument ignored: {argument}\n", slot.log())
        slot = self.slot(unit(3, width=16))
        path = slot.directory / "init_data.xml"
        path.write_text(path.read_text().replace("<client_pid>", "<client_pid>1"))
        done = subprocess.run([CLIENT, "--version"], cwd=slot.directory, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("axiom-client "))
        self.assertIsNone(slot.result())

    def test_log_of_many_starts(self):
        """The first start writes all lines, each that follows one; no tenth of the progress is shown twice."""
        work = lasting(6)
        slot = self.slot(work, period=1)
        for start in range(1, 7):
            before = len(slot.log())
            slot.start()
            slot.wait_training(start)
            if start > 1:
                block = slot.log()[before:]
                self.assertLessEqual(len(block), 400, block)
                self.assertRegex(block, r"^(starting|resuming) at .*: axiom-client \S+ \(\S+\), \S+, 1 thread\n")
            slot.wait_checkpoint()
            slot.kill()
        slot.run()
        log = slot.log()
        self.assertTrue(log.isascii())
        self.assertLessEqual(len(log), 4096)
        self.assertEqual(log.count("self-test: passed"), 1)
        tenths = [int(float(share) / 10) for share in re.findall(r"^progress (\S+) %", log, re.M)]
        self.assertEqual(tenths, sorted(set(tenths)), log)
        self.assert_complete(slot, work)

    def test_no_speed_is_shown_before_there_is_one(self):
        """Of a start that resumes beyond a tenth that was not shown."""
        slot = self.slot(unit(12, width=512))
        slot.start()
        wait_for("a tenth to be done", lambda: re.search("^progress ", slot.log(), re.M))
        slot.quit()
        for name in ("reported_fraction", "stderr.txt"):
            slot.directory.joinpath(name).unlink()
        slot.start("--backend", "reference")  # whose steps take long
        wait_for("the tenth to be shown", lambda: re.search(r"^progress .*\n", slot.log(), re.M))
        self.assertRegex(slot.log(), r"\nresuming at .*\nprogress [\d.]+ %\n")

    def test_a_log_that_is_full_is_left_to_the_end(self):
        """Of a task that has been started and stopped for days."""
        work = lasting(5)
        slot = self.slot(work, period=1)
        slot.start()
        slot.wait_training()
        slot.wait_checkpoint()
        slot.kill()
        with open(slot.directory / "stderr.txt", "a") as log:
            log.write(("resuming at 0.1 %\n" * 200)[:3072 - len(slot.log())] + "\n")
        before = slot.log()
        for _ in range(2):
            slot.start()
            wait_for("the training to go on", lambda: processor_ticks(slot.process.pid) > 20)
            self.assertEqual(slot.quit()[0], 0)
        added = slot.log().removeprefix(before)
        self.assertNotRegex(added, "resuming at|left at")
        slot.run("--backend", "no-such")
        self.assertRegex(slot.log(), "\nstarted again: .*\nerror: unknown backend")
        self.assert_complete(slot, work, slot.run())
        self.assertRegex(slot.log(), ", 3 resumes, ")
        self.assertLessEqual(len(slot.log()), 4096)

    def test_suspended_resumed_quit_and_aborted(self):
        work = lasting(5)
        slot = self.slot(work, ncpus=2)
        slot.start()
        slot.wait_training()
        for _ in range(3):
            self.assert_idle(slot)
            slot.send("resume")
            time.sleep(0.3)
        slot.send("suspend")
        slot.send("quit")
        self.assertEqual(slot.end(60), 0)
        self.assertIsNone(slot.finished(), "as if it were done")
        self.assertIsNone(slot.temporary_exit())
        self.assertIn(", checkpoint saved", slot.log())
        self.assertTrue(slot.checkpoints())
        slot.start()
        slot.wait_training(2)
        slot.process.send_signal(signal.SIGTERM)
        self.assertEqual(slot.end(60), -signal.SIGTERM)
        self.assert_complete(slot, work, slot.run())

    def test_stopped_twice_at_once(self):
        """As a shutdown may: by the system and by the client. An exit code would cost the task."""
        work = lasting(1)
        slot = self.slot(work)
        for start in range(1, 6):
            slot.start()
            slot.wait_training(start)
            for _ in range(20):  # some while it saves
                slot.process.send_signal(signal.SIGTERM)
                slot.process.send_signal(signal.SIGINT)
            self.assertIn(slot.end(60), (-signal.SIGTERM, -signal.SIGINT), slot.log())
            self.assertIsNone(slot.finished())
        self.assert_complete(slot, work, slot.run())

    def test_aborted(self):
        slot = self.slot(unit(2000))
        slot.start()
        slot.wait_training()
        slot.send("abort")
        self.assertEqual(slot.end(60), 194)
        self.assertIsNone(slot.result())

    def test_suspended_within_long_pieces_of_work(self):
        """On a slow host one evaluation takes tens of seconds: the task stands still within it."""
        work = (b'{"schema": 1, "experiment": "featcompv2", "experiment_version": "2.0", "seed": 1, '
                b'"parameters": {"epochs": 1, "learning_rates": [0.05]}}')
        slot = self.slot(work)
        slot.start("--backend", "reference")
        slot.wait_training()
        for _ in range(4):
            time.sleep(1.3)
            self.assert_idle(slot)
            slot.send("resume")
        # Quitting does not wait for the evaluation either.
        status, seconds = slot.quit()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 2)
        self.assertIn("checkpoint saved", slot.log())


@unittest.skipUnless(FAKETIME.exists(), "libfaketime is not installed")
class Clock(SlotTest):
    def clock(self, slot):
        """The file with the offset of the task's clock, and the environment that makes it so."""
        offset = slot.directory / "offset"
        offset.write_text("+0\n")
        return offset, {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def assert_begins_anew(self, slot):
        """The library sleeps on for as long as the clock was set back."""
        self.assertEqual(slot.end(30), 0, slot.log())
        self.assertIsNone(slot.finished())
        seconds, reason = slot.temporary_exit()
        self.assertLess(seconds, 60)
        self.assertIn("clock was set back", reason)

    def test_set_back_while_the_library_starts(self):
        slot = self.slot(unit(2000))
        offset, clock = self.clock(slot)
        slot.start(env=clock)
        while not slot.directory.joinpath("boinc_lockfile").exists():
            self.assertIsNone(slot.process.poll(), slot.log())
        offset.write_text("-9000d\n")
        self.assert_begins_anew(slot)

    def test_set_back_while_the_task_finishes(self):
        """Whether it has succeeded or failed."""
        for work, code, sign in ((unit(3, width=16), 0, "result: SHA-256"), (b"{", 3, "exit code: 3")):
            slot = self.slot(work)
            offset, clock = self.clock(slot)
            slot.start(env=clock)
            wait_for("the end", lambda: sign in slot.log())
            offset.write_text("-9000d\n")
            self.assert_begins_anew(slot)
            self.assertEqual(slot.run(env=clock), code, slot.log())
            self.assertEqual(slot.finished(), code)
            self.assertEqual(slot.log().count(sign), 1 + (code != 0), "computed again")

    def test_the_clock_jumps(self):
        """Ahead: checkpoints keep their period, nothing counts as stuck. Back: BOINC's library stands still then, so the task
        leaves with its checkpoint and a reason, and begins anew."""
        work = lasting(10)
        slot = self.slot(work, period=1)
        offset, clock = self.clock(slot)
        slot.start("--step-limit", "60", env=clock)
        slot.wait_training()
        for jump in ("+3d", "+9000d"):
            offset.write_text(jump + "\n")
            for _ in range(2):
                seen = {path: path.stat().st_ino for path in slot.checkpoints()}
                wait_for(f"a checkpoint after a jump by {jump}", lambda: slot.process.poll() is not None or
                         {path: path.stat().st_ino for path in slot.checkpoints()} != seen)
                self.assertIsNone(slot.process.poll(), "the task is too short for this test: " + slot.log())
        offset.write_text("+8999d\n")
        self.assert_begins_anew(slot)
        self.assertIn("checkpoint saved", slot.log())
        self.assertEqual(slot.run(env=clock), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(work))
        self.assertEqual(slot.fractions, sorted(slot.fractions))
        total = re.search(r"total (?:(\d+) min )?([\d.]+) s", slot.log())
        self.assertLess(int(total.group(1) or 0) * 60 + float(total.group(2)), 3000, "jumps count as work")


if __name__ == "__main__":
    unittest.main()
