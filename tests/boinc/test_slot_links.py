"""What a client, or whoever makes a slot by hand, puts there in the place of the task's files."""

import os
import unittest

from slot_case import SMALL, SlotTest
from support import undisturbed


class Links(SlotTest):
    """What a client puts into the slot in the place of the task's files."""

    def elsewhere(self, slot):
        """A folder whose path no buffer of 512 bytes holds."""
        folder = slot.directory.joinpath("projects", *["f" * 200] * 4)
        folder.mkdir(parents=True)
        return folder.relative_to(slot.directory)

    def test_long_and_symbolic_links_are_followed(self):
        for symbolic in (False, True):
            with self.subTest(symbolic=symbolic):
                slot = self.slot()
                folder = self.elsewhere(slot)
                slot.directory.joinpath("work_unit").rename(slot.directory / folder / "unit.json")
                slot.link("work_unit", folder / "unit.json", symbolic)
                slot.link("result", folder / "unit_0_0", symbolic)
                self.assertEqual(slot.run(), 0, slot.log())
                self.assertEqual(slot.finished(), 0)
                self.assertEqual((slot.directory / folder / "unit_0_0").read_bytes(), undisturbed(SMALL))
                self.assertEqual(slot.directory.joinpath("result").is_symlink(), symbolic, "the link was replaced")

    def test_blanks_in_links_are_no_part_of_the_path(self):
        """As BOINC's library reads them."""
        for text in ("<soft_link>{} </soft_link>", "\n <soft_link>\t{}</soft_link>\r\n", "<soft_link>\r\n{}\r\n</soft_link>\n"):
            slot = self.slot()
            for name in ("work_unit", "result"):
                slot.directory.joinpath(name).unlink(missing_ok=True)
                slot.directory.joinpath(name).write_text(text.format(f"the {name}"))
            slot.directory.joinpath("the work_unit").write_bytes(SMALL)
            self.assertEqual(slot.run(), 0, slot.log())
            self.assertEqual(slot.directory.joinpath("the result").read_bytes(), undisturbed(SMALL))

    def test_a_damaged_link_is_said_before_anything_is_computed(self):
        for name in ("work_unit", "result"):
            for text in ("<soft_link>", "<soft_link> </soft_link>\n", "<soft_link>a\0b</soft_link>\n", "<soft_link>" + "x" * 9000):
                slot = self.slot()
                slot.directory.joinpath(name).write_text(text)
                self.assertEqual(slot.run(), 0, slot.log())
                self.assertIn(f"the link '{name}' in the slot leads nowhere: ", slot.temporary_exit()[1])
                self.assertNotIn("starting at", slot.log())
        for name in ("work_unit", "result"):
            for symbolic in (False, True):
                slot = self.slot()
                slot.link(name, "no/such/file", symbolic)
                self.assertEqual(slot.run(), 0, slot.log())
                self.assertIn("'no/such' is no directory", slot.temporary_exit()[1])
                self.assertNotIn("starting at", slot.log())

    def test_what_is_no_file_is_said_before_anything_is_computed(self):
        """Not when the watchdog looks, nor when the result is there: a pipe keeps whoever opens it waiting."""
        for name in ("work_unit", "result"):
            for make in (os.mkfifo, os.mkdir):
                for linked in (None, False, True):
                    slot = self.slot()
                    path = slot.directory / ("elsewhere" if linked is not None else name)
                    if linked is not None:
                        slot.link(name, path.name, linked)
                    path.unlink(missing_ok=True)
                    make(path)
                    self.assertEqual(slot.run(), 0, slot.log())
                    self.assertIsNone(slot.finished())
                    self.assert_error(slot, f"'{path.name}' is a directory, pipe or device where a file of the task")
                    self.assertIn("is a directory, pipe or device", slot.temporary_exit()[1])
                    self.assertNotIn("starting at", slot.log())
        slot = self.slot()
        slot.directory.joinpath("result.tmp").mkdir()
        self.assert_postponed(slot, "'result.tmp' is a directory, pipe or device where a file is to be written")
        for name in ("boinc_lockfile", "boinc_finish_called"):
            slot = self.slot()
            os.mkfifo(slot.directory / name)
            self.assertEqual(slot.run(), 0)
            self.assertIn(f"'{name}' is a directory, pipe or device where BOINC's library needs a file", slot.temporary_exit()[1])
            self.assertNotIn("starting at", slot.log())
        slot = self.slot()
        slot.directory.joinpath("init_data.xml").unlink()
        os.mkfifo(slot.directory / "init_data.xml")
        self.assert_postponed(slot, "'init_data.xml' is a pipe that nobody writes to")


if __name__ == "__main__":
    unittest.main()
