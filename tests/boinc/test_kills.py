"""A hundred kill -9 at random moments, under the real client: the bytes stay the same, and little is lost each time."""

import os
import random
import re
import signal
import statistics
import time
import unittest

from support import BoincTest, lasting
from volunteer import processor_ticks, wait_for

KILLS = 100
PERIOD = 2    # seconds between checkpoints, as the volunteer asks for
SLACK = 3     # for what a busy machine takes to save one


def wait_start(volunteer, name, killed):
    """Until another process than the one that was killed computes; False if the task has ended. The log does not tell: it has
    no room for so many starts."""
    def begun():
        volunteer.update_now_and_then()
        if f"{name}_0" in volunteer.project.reports:
            return "ended"
        pid = volunteer.pid(name)
        try:
            computes = pid not in (None, killed) and processor_ticks(pid) >= 5
        except OSError:
            return None  # it has just ended
        return "begun" if computes else None
    return wait_for(f"a start of {name}", begun) == "begun"


def kill_again_and_again(volunteer, name, chance, kills):
    """Until the task ends or has been killed that often: seconds of work lost each time."""
    lost, pid = [], None
    while len(lost) < kills and wait_start(volunteer, name, pid):
        started = time.time()
        time.sleep(chance.uniform(0, 4))
        pid, slot = volunteer.pid(name), volunteer.slot(name)
        if pid is None or slot.joinpath("boinc_finish_called").exists():
            break
        os.kill(pid, signal.SIGKILL)
        saved = [path.stat().st_mtime for path in slot.glob("*.checkpoint.?")]
        lost.append(time.time() - max([started, *saved]))
    return lost


class Kills(BoincTest):
    preferences = {"period": PERIOD, "ncpus": 1}

    def test_killed_a_hundred_times(self):
        chance = random.Random(5)
        lost = []
        task = 0
        while len(lost) < KILLS:
            task += 1
            name, work = f"kills{task}", lasting(10)
            self.give(name, work)
            self.volunteer.wait_running(name)  # its first start writes the first lines
            lost += kill_again_and_again(self.volunteer, name, chance, KILLS - len(lost))
            log = self.assert_same(name, work)["stderr"]
            self.assertLessEqual(len(log), 4096)
            self.assertIn("self-test: passed", log)
            resumed = [float(share) for share in re.findall(r"^resuming at (\S+) %", log, re.M)]
            self.assertEqual(resumed, sorted(resumed))
        print(f"\n{len(lost)} kills, {task} tasks; lost work: median {statistics.median(lost):.2f} s, worst {max(lost):.2f} s; "
              f"bytes of the last log: {len(log)}")
        self.assertLessEqual(max(lost), PERIOD + SLACK)


if __name__ == "__main__":
    unittest.main()
