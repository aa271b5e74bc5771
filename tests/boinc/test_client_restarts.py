"""The BOINC client quits, dies, and goes down with the whole machine; each time the task goes on from its checkpoint."""

import os
import signal
import unittest

from support import BoincTest, lasting
from volunteer import wait_for


class ClientRestarts(BoincTest):
    def test_client_quits_and_dies(self):
        work = lasting(10, seed=5, width=256)  # four times as long: its client's death takes a while to be noticed
        self.give("restart", work)
        self.volunteer.wait_running("restart")
        self.volunteer.wait_checkpoint("restart")
        self.volunteer.quit()
        wait_for("the application to leave with its client", lambda: self.volunteer.pid("restart") is None)
        self.volunteer.start()
        self.volunteer.wait_running("restart")
        self.volunteer.kill()
        wait_for("the application to notice", lambda: self.volunteer.pid("restart") is None, 60)
        self.volunteer.start()
        report = self.assert_same("restart", work)
        self.assertGreaterEqual(report["stderr"].count("resuming at"), 2, report["stderr"])

    def test_the_machine_goes_down(self):
        """Client and task die at the same moment; what the task had not synced may be gone, too."""
        work = lasting(10, seed=7)
        self.give("reboot", work)
        for _ in range(2):
            self.volunteer.wait_running("reboot")
            self.volunteer.wait_checkpoint("reboot")
            slot, pid = self.volunteer.slot("reboot"), self.volunteer.pid("reboot")
            self.volunteer.process.kill()
            os.kill(pid, signal.SIGKILL)
            self.volunteer.process.wait()
            slot.joinpath("reported_fraction").write_bytes(b"\0" * 9)
            for path in slot.glob("*.tmp"):
                path.unlink()
            self.volunteer.start()
        report = self.assert_same("reboot", work)
        self.assertGreaterEqual(report["stderr"].count("resuming at"), 1, report["stderr"])


if __name__ == "__main__":
    unittest.main()
