"""A task that gets only a part of the processors' time, and one that gets several processors."""

import re
import unittest

from support import BoincTest, lasting
from volunteer import processor_ticks, wait_for


class Throttled(BoincTest):
    """50 % of the time, and out of memory when suspended."""

    preferences = {"usage": 50, "in_memory": 0}

    def test_throttled_and_suspended_out_of_memory(self):
        work = lasting(8, seed=6)
        self.give("throttled", work)
        self.volunteer.wait_running("throttled")
        self.volunteer.wait_checkpoint("throttled")
        self.pause(3)  # until the client has heard of it: it keeps what was never saved in memory
        self.volunteer.task("throttled", "suspend")
        wait_for("the suspended task to leave memory", lambda: self.volunteer.pid("throttled") is None)
        self.volunteer.task("throttled", "resume")
        self.assertIn("resuming at", self.assert_same("throttled", work)["stderr"])


class Threads(BoincTest):
    def test_two_threads_by_app_config(self):
        """avg_ncpus gives that many threads; all stand still when the task is suspended, and the bytes are the same."""
        project = next((self.volunteer.directory / "projects").iterdir())
        project.joinpath("app_config.xml").write_text(
            "<app_config><app_version><app_name>axiom</app_name><plan_class></plan_class><avg_ncpus>2</avg_ncpus>"
            "</app_version></app_config>\n")
        self.volunteer.command("--read_cc_config")
        # Three stops, after two seconds and more of two threads each, that may be faster than they were measured.
        work = lasting(15, seed=8).replace(b'"widths": [128]', b'"widths": [64, 96, 128]')
        self.give("threads", work)
        pid = self.volunteer.wait_running("threads")
        self.assertRegex(self.volunteer.slot("threads").joinpath("stderr.txt").read_text(), "memory plan: .*, 2 threads")

        def idle():
            before = processor_ticks(pid)
            self.pause(3)
            return processor_ticks(pid) - before <= 3
        for _ in range(3):
            self.pause(2)
            self.volunteer.task("threads", "suspend")
            wait_for("the suspended task to stand still", idle, 60)
            self.volunteer.task("threads", "resume")
        report = self.assert_same("threads", work)
        self.assertEqual(len(re.findall("2 threads", report["stderr"])), 1)


if __name__ == "__main__":
    unittest.main()
