"""A task for a GPU in a slot without a client, on the emulated device. AXIOM_EMULATED_LIBRARY is the folder of its libcuda.so.1."""

import json
import os
import re
import time
import unittest

from slot import CONTROL, Slot
from support import undisturbed

LIBRARY = os.environ.get("AXIOM_EMULATED_LIBRARY", "")


def work(epochs):
    return json.dumps({
        "schema": 1, "experiment": "compgen", "experiment_version": "2.0", "seed": 9, "seeds": 4, "parameters": {
            "epochs": epochs, "trials": 1, "widths": [16, 32], "depths": [1, 2], "learning_rates": [0.05]}}).encode()


SHORT, LONG = work(20), work(250)


def emulated(**settings):
    return {"LD_LIBRARY_PATH": LIBRARY, **{f"AXIOM_EMULATED_{name.upper()}": str(value) for name, value in settings.items()}}


class DeviceSlot(unittest.TestCase):
    def slot(self, unit, **facts):
        slot = Slot(unit, **facts)
        self.addCleanup(slot.close)
        return slot

    def assert_complete(self, slot, unit, status):
        self.assertEqual(status, 0, slot.log())
        self.assertEqual(slot.finished(), 0, slot.log())
        self.assertEqual(slot.result(), undisturbed(unit))
        self.assertFalse(slot.early_one)
        self.assertEqual(slot.fractions, sorted(slot.fractions))

    def test_the_assigned_device_and_no_other(self):
        slot = self.slot(SHORT, gpu=1)
        self.assert_complete(slot, SHORT, slot.run("--threads", "2", "--device", "0", env=emulated(devices=2)))
        log = slot.log()
        self.assertRegex(log, "(?m)^device: NVIDIA number 1, Emulated device.*CUDA")
        self.assertRegex(log, r"(?m)^backend: cuda:1 \(the device that the BOINC client has assigned\)$")
        self.assertRegex(log, "(?m)^memory plan: .*, of the device .* free, 2 threads, ")
        self.assertLessEqual(len(log), 4096)
        self.assertTrue(log.isascii())

    def test_suspended_killed_and_stopped(self):
        slot = self.slot(LONG, gpu=0, period=1)
        slot.start(env=emulated())
        slot.wait_training()
        for _ in range(2):
            time.sleep(0.4)
            self.assertLessEqual(slot.suspend(), 200)  # the end of a launch that is emulated
            slot.send("resume")
        slot.wait_checkpoint()
        slot.kill()
        slot.start(env=emulated())
        slot.wait_training(2)
        status, seconds = slot.quit()
        self.assertEqual(status, 0, slot.log())
        self.assertLess(seconds, 5)
        self.assertIsNone(slot.finished())
        self.assertIn(", checkpoint saved", slot.log())
        self.assert_complete(slot, LONG, slot.run(env=emulated()))
        self.assertIn("resume 2", slot.log())

    def assert_postponed(self, slot, reason, **settings):
        self.assertEqual(slot.run(env=emulated(**settings)), 0, slot.log())
        self.assertIsNone(slot.finished(), slot.log())
        seconds, shown = slot.temporary_exit()
        self.assertEqual(seconds, 600)
        self.assertRegex(shown, reason)
        self.assertLess(len(shown), 256)
        self.assertTrue(any(re.match(f"error: .*({reason})", line) for line in slot.log().splitlines()[-10:]), slot.log())

    def test_too_little_device_memory_may_pass(self):
        slot = self.slot(SHORT, gpu=0)
        for _ in range(4):
            self.assert_postponed(slot, "not enough device memory: ", memory=10000)
        self.assert_complete(slot, SHORT, slot.run(env=emulated()))

    def test_a_device_that_is_lost_goes_on_when_it_is_back(self):
        slot = self.slot(LONG, gpu=0, period=1)
        for _ in range(2):
            self.assert_postponed(slot, "CUDA_ERROR_LAUNCH_FAILED", fault="lose:30")
        self.assert_complete(slot, LONG, slot.run(env=emulated()))

    def test_a_device_that_computes_wrong_numbers_is_given_up(self):
        slot = self.slot(SHORT, gpu=0)
        for _ in range(2):
            self.assert_postponed(slot, "gives a wrong answer to a known case|the device computes wrong numbers", fault="skew:1")
        self.assertEqual(slot.run(env=emulated(fault="skew:1")), 16, slot.log())
        self.assertEqual(slot.finished(), 16)
        self.assertIsNone(slot.result())

    def test_what_a_device_that_computes_wrong_numbers_had_no_part_in_is_gone_on_from(self):
        slot = self.slot(LONG, gpu=0, period=1)
        facts = slot.directory / "init_data.xml"
        assigned = lambda old, new: facts.write_text(facts.read_text().replace(f"<gpu_device_num>{old}<", f"<gpu_device_num>{new}<"))
        slot.start(env=emulated(devices=2))
        slot.wait_training()
        slot.wait_checkpoint()
        self.assertEqual(slot.quit()[0], 0, slot.log())
        states = lambda: sorted(path.name for path in slot.directory.glob("*.checkpoint.[012]"))
        before = states()
        self.assertTrue(before)
        assigned(0, 1)
        wrong = "gives a wrong answer to a known case|the device computes wrong numbers"
        self.assert_postponed(slot, wrong, devices=2, fault="skew:1@1")
        self.assertEqual(states(), before)
        assigned(1, 0)
        self.assert_postponed(slot, wrong, devices=2, fault="skew:1@0")
        self.assertEqual(states(), [])
        self.assert_complete(slot, LONG, slot.run(env=emulated(devices=2)))

    def test_a_device_that_never_answers(self):
        """Whoever waits for it, the watchdog does not: neither when the thread that starts the task does, nor a worker."""
        slot = self.slot(SHORT, gpu=0)
        for _ in range(2):
            slot.start("--step-limit", "1", env=emulated(fault="hang:1"))
            self.assertEqual(slot.end(60), 0, slot.log())
            self.assertIsNone(slot.finished())
            seconds, reason = slot.temporary_exit()
            self.assertEqual(seconds, 600)
            self.assertRegex(reason, "^the training has not begun in 10 s: the start is stuck; ")
        slot.start("--step-limit", "1", env=emulated(fault="hang:1"))
        self.assertEqual(slot.end(60), 21, slot.log())
        self.assertEqual(slot.finished(), 21)
        slot = self.slot(LONG, gpu=0)
        self.assertEqual(slot.run("--step-limit", "2", env=emulated(fault="hang:40")), 21, slot.log())
        self.assertEqual(slot.finished(), 21)
        self.assertIn("error: no training step was finished in 2.0 s: the run is stuck", slot.log())

    def test_a_task_that_is_to_leave_does_not_wait_for_such_a_device(self):
        """Nor is it given up for that: it goes on when it is started again."""
        slot = self.slot(LONG, gpu=0)
        slot.start("--step-limit", "12", env=emulated(fault="hang:40"))
        slot.wait_training()
        slot.wait_idle("the device to hang")
        slot.post(CONTROL, "<quit/>\n")
        self.assertEqual(slot.end(60), 0, slot.log())
        self.assertIsNone(slot.finished(), slot.log())
        self.assertIn("goes on from the checkpoint before", slot.log())
        self.assert_complete(slot, LONG, slot.run(env=emulated()))


if __name__ == "__main__":
    unittest.main()
