"""What the tests of slots without a client have in common."""

import pathlib
import re
import unittest

from slot import Slot
from support import unit

SMALL = unit(3, width=16)
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class SlotTest(unittest.TestCase):
    def slot(self, work=SMALL, **facts):
        slot = Slot(work, **facts)
        self.addCleanup(slot.close)
        return slot

    def assert_postponed(self, slot, reason, *arguments, **options):
        """A temporary exit: the client will try again, and shows why."""
        self.assertEqual(slot.run(*arguments, **options), 0, slot.log())
        self.assertIsNone(slot.finished())
        self.assertIsNone(slot.result())
        seconds, shown = slot.temporary_exit()
        self.assertEqual(seconds, 600)
        self.assertRegex(shown, reason)
        self.assertLess(len(shown), 256, "the client cuts it")
        self.assert_error(slot, reason)

    def assert_ended(self, slot, code, *arguments, env=None):
        self.assertEqual(slot.run(*arguments, env=env), code, slot.log())
        self.assertIsNone(slot.result())
        self.assertTrue(0 < code < 192)
        if slot.finished() is not None:
            self.assertEqual(slot.finished(), code)
        self.assert_error(slot, "")

    def assert_error(self, slot, reason):
        last = slot.log().splitlines()[-10:]
        self.assertTrue(any(line.startswith("error: ") and re.search(reason, line) for line in last), slot.log())
        self.assertTrue(any(re.match(r"exit code: \d+", line) for line in last), slot.log())
        self.assertTrue(slot.log().isascii())

    def assert_given_up(self, slot, code, reason, *arguments, env=None):
        """Twice postponed, then over."""
        for _ in range(2):
            self.assert_postponed(slot, reason, *arguments, env=env)
        self.assert_ended(slot, code, *arguments, env=env)
