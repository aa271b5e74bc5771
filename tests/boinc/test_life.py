"""The life of a task under the real BOINC client: whatever happens to it, its result is that of an undisturbed run."""

import json
import os
import re
import signal
import subprocess
import unittest

from support import CLIENT, BoincTest, unit
from volunteer import processor_ticks, wait_for

STDERR_BYTES = 4096


class Life(BoincTest):
    def test_suspended_resumed_and_killed(self):
        """Suspended in memory it takes no processor time; kill -9 costs at most the last checkpoint period."""
        work = unit(1500)
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
        os.kill(self.volunteer.pid("life"), signal.SIGKILL)
        wait_for("the task to be started again", lambda: self.volunteer.pid("life") not in (None, pid))
        self.volunteer.wait_running("life")
        os.kill(self.volunteer.pid("life"), signal.SIGTERM)
        report = self.assert_same("life", work)
        self.assertIn("resuming at", report["stderr"])

    def test_normal_task(self):
        """Byte-identical result, a short log in the order that docs/VOLUNTEERS.md gives."""
        work = unit(60, seed=3)
        self.give("normal", work, "--no-such-option 7")
        log = self.assert_same("normal", work)["stderr"]
        self.assertLessEqual(len(log.encode()), STDERR_BYTES)
        self.assertTrue(log.isascii())
        order = ["axiom-client ", "argument ignored: --no-such-option", "device: ", "processor: ", "backend: ",
                 "memory: ", "memory plan: ", "self-test: passed", "work unit: normal", "starting at",
                 "trained and measured", "result: SHA-256 "]
        places = [log.find(line) for line in order]
        self.assertNotIn(-1, places, log)
        self.assertEqual(places, sorted(places), log)

    def test_refused_input(self):
        """Damaged input, or a version that this program does not know, ends the task at once with its own code."""
        self.give("damaged", b'{"schema": 1, ')
        self.give("future", unit(60).replace(b'"2.0"', b'"9.0"'))
        self.give("hostseed", unit(60, seed={"from": "host"}, name="n"))
        for name in ("damaged", "future", "hostseed"):
            report = self.volunteer.wait_report(name)
            self.assertEqual(report["exit"], 3, report["stderr"])
            self.assertRegex("\n".join(report["stderr"].splitlines()[-10:]), "error: ")

    def test_stuck(self):
        """The watchdog ends a run without a finished step; its limit is ten minutes unless it is set, as here."""
        self.give("stuck", unit(2000, width=256), "--step-limit 0.001 --backend reference")
        report = self.volunteer.wait_report("stuck")
        self.assertEqual(report["exit"], 21, report["stderr"])
        self.assertIn("no training step was finished", report["stderr"])

    def test_memory_gate(self):
        """A host that is too small tries no work; the client shows the reason and waits."""
        self.give("large", unit(60, minimum_ram_bytes=2**50))
        wait_for("the temporary exit to be shown", lambda: re.search(
            "postponed for 600 seconds: not enough memory: the work unit needs a host with more than", self.volunteer.log()))
        self.volunteer.task("large", "abort")

    def test_quorum(self):
        """Every backend of this host gives the bytes that BOINC's stock bitwise validator asks for."""
        work = unit(20, seed=9, width=16)  # the reference is slow
        listed = json.loads(subprocess.run([CLIENT, "devices", "--json"], check=True, capture_output=True).stdout)
        names = [backend["name"] for backend in listed["backends"]
                 if backend["available"] and not backend["name"].startswith("cuda")]
        self.assertIn("reference", names)
        for name in names:
            self.give("quorum_" + name, work, "--backend " + name)
        for name in names:
            report = self.assert_same("quorum_" + name, work)
            self.assertIn(f"backend: {name} (asked for", report["stderr"])

    def test_aborted(self):
        self.give("aborted", unit(2000))
        self.volunteer.wait_running("aborted")
        self.volunteer.task("aborted", "abort")
        self.assertEqual(self.volunteer.wait_report("aborted")["exit"], 203)
        wait_for("the process to end", lambda: self.volunteer.pid("aborted") is None)


class ClientRestarts(BoincTest):
    def test_client_quits_and_dies(self):
        work = unit(1500, seed=5)
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


class Throttled(BoincTest):
    """50 % of the time, and out of memory when suspended."""

    preferences = {"usage": 50, "in_memory": 0}

    def test_throttled_and_suspended_out_of_memory(self):
        work = unit(800, seed=6)
        self.give("throttled", work)
        self.volunteer.wait_running("throttled")
        self.volunteer.wait_checkpoint("throttled")
        self.pause(3)  # until the client has heard of it: it keeps what was never saved in memory
        self.volunteer.task("throttled", "suspend")
        wait_for("the suspended task to leave memory", lambda: self.volunteer.pid("throttled") is None)
        self.volunteer.task("throttled", "resume")
        self.assertIn("resuming at", self.assert_same("throttled", work)["stderr"])


if __name__ == "__main__":
    unittest.main()
