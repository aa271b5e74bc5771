"""BOINC's library can lose a suspension that arrives while a task finishes, and then the task sleeps for ever. Ours must not."""

import random
import time
import unittest

from slot import Slot
from support import BoincTest, lasting, undisturbed, unit
from volunteer import wait_for

SLOT_TRIES = 30
CLIENT_TRIES = 12


class WithinTheSlot(unittest.TestCase):
    def test_suspended_at_every_moment_of_the_end(self):
        """The moments lie from the last steps to the two seconds that the library waits when all is done."""
        work = unit(20, width=32)
        chance = random.Random(3)
        for number in range(SLOT_TRIES):
            slot = Slot(work)
            try:
                slot.start()
                wait_for("the result or its last steps", lambda: slot.result() or "progress 90" in slot.log()
                         or slot.process.poll() is not None)
                time.sleep(chance.uniform(0, 0.3))
                slot.post(0, "<suspend/>\n")
                time.sleep(0.5)
                slot.post(0, "<resume/>\n")
                self.assertEqual(slot.end(60), 0, f"try {number}: {slot.log()}")
                self.assertEqual(slot.finished(), 0)
                self.assertEqual(slot.result(), undisturbed(work))
            finally:
                slot.close()


class UnderTheClient(BoincTest):
    preferences = {"ncpus": 1}

    def test_suspended_around_the_finish(self):
        """The client's own timing: the request arrives up to a second after it was made."""
        work = lasting(1, seed=4)
        chance = random.Random(4)
        ended = 0
        for name in (f"finish{number}" for number in range(CLIENT_TRIES)):
            self.give(name, work)
            def nearly_done():
                self.volunteer.update_now_and_then()
                slot = self.volunteer.slot(name)
                log = slot / "stderr.txt" if slot else None
                return f"{name}_0" in self.project.reports or log and log.exists() and "progress 8" in log.read_text()
            wait_for(f"{name} to be nearly done", nearly_done)
            time.sleep(chance.uniform(0, 1.5))
            self.volunteer.command("--task", self.project.url, f"{name}_0", "suspend")
            time.sleep(3)
            ended += self.volunteer.pid(name) is None
            self.volunteer.command("--task", self.project.url, f"{name}_0", "resume")
            self.assert_same(name, work)
        print(f"\n{ended} of {CLIENT_TRIES} had ended by the time they were resumed")


if __name__ == "__main__":
    unittest.main()
