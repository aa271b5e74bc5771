"""How tasks end under the real BOINC client when they cannot succeed, and what a quorum compares."""

import json
import re
import subprocess
import unittest

from project import AppFile
from support import CLIENT, LIBRARIES, BoincTest, app_files, unit
from volunteer import wait_for


class Ends(BoincTest):
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


class WithoutLibrary(BoincTest):
    """An application version whose libraries are none."""

    @classmethod
    def files(cls):
        wrong = (LIBRARIES / "libz.so.1").read_bytes()
        return [app_files()[0], AppFile("libboinc_api_wrong.so", wrong, "libboinc_api.so.7"),
                AppFile("libboinc_wrong.so", wrong, "libboinc.so.7")]

    def test_the_queue_is_not_emptied(self):
        self.give("first", unit(60))
        wait_for("the reason to be shown", lambda: re.search(
            "postponed for 600 seconds: libboinc_api.so.7 lacks boinc_init_options", self.volunteer.log()))
        self.assertEqual(self.project.reports, {})


if __name__ == "__main__":
    unittest.main()
