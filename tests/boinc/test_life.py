"""A task under the real BOINC client: a normal one, and one that is suspended, killed and stopped, with the same result."""

import os
import re
import signal
import unittest

from support import BoincTest, lasting, unit
from volunteer import processor_ticks, wait_for

STDERR_BYTES = 4096


class Life(BoincTest):
    def test_suspended_resumed_and_killed(self):
        """Suspended in memory it takes no processor time; after kill -9 and SIGTERM it goes on from its checkpoint, and the
        progress that the client shows does not step back."""
        work = lasting(8)
        self.give("life", work)
        pid = self.volunteer.wait_running("life")
        self.volunteer.task("life", "suspend")
        def idle():
            before = processor_ticks(pid)
            self.pause(1)
            return processor_ticks(pid) - before <= 1  # the library's thread
        wait_for("the suspended task to stand still", idle, 30)
        before = processor_ticks(pid)
        self.pause(3)
        self.assertLessEqual(processor_ticks(pid) - before, 3)
        self.volunteer.task("life", "resume")
        self.volunteer.wait_checkpoint("life")
        self.pause(2)
        shown = self.volunteer.fraction("life")
        os.kill(self.volunteer.pid("life"), signal.SIGKILL)
        wait_for("the task to be started again", lambda: self.volunteer.pid("life") not in (None, pid))
        self.volunteer.wait_running("life")
        self.pause(3)  # the client hears of it
        self.assertGreaterEqual(self.volunteer.fraction("life"), shown)
        os.kill(self.volunteer.pid("life"), signal.SIGTERM)
        report = self.assert_same("life", work)
        self.assertIn("resuming at", report["stderr"])

    def test_normal_task(self):
        """Byte-identical result, a short log in the order that docs/VOLUNTEERS.md gives."""
        work = lasting(5, seed=3)
        self.give("normal", work, "--no-such-option 7")
        log = self.assert_same("normal", work)["stderr"]
        self.assertLessEqual(len(log.encode()), STDERR_BYTES)
        self.assertTrue(log.isascii())
        order = ["axiom-client ", "argument ignored: --no-such-option", "device: none", "processor: ", "backend: ",
                 "memory: host ", "memory plan: ", "self-test: passed", "work unit: normal, compgen, 1 seed from 3",
                 "starting at 0.0 %", "progress ", "trained and measured in ", "total ", "result: SHA-256 "]
        places = [log.find(line) for line in order]
        self.assertNotIn(-1, places, log)
        self.assertEqual(places, sorted(places), log)
        self.assertLessEqual(len(re.findall("^progress ", log, re.M)), 10)

    def test_a_temporary_exit_is_shown(self):
        """A host that is too small tries no work; the client shows the reason and waits."""
        self.give("large", unit(60, minimum_ram_bytes=2**50))
        wait_for("the temporary exit to be shown", lambda: re.search(
            "postponed for 600 seconds: not enough memory: the work unit needs a host with more than", self.volunteer.log()))
        self.volunteer.task("large", "abort")


if __name__ == "__main__":
    unittest.main()
