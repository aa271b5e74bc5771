"""Tasks for GPUs under the real client, which is told of two devices, on the emulated one."""

import os
import re
import signal
import unittest
from unittest import mock

from project import Project
from support import app_files, undisturbed
from test_device_slot import LIBRARY, work
from volunteer import Volunteer, wait_for

TASKS = {"one": work(600), "two": work(500)}


class DeviceProject(Project):
    def app_version(self, ncpus):
        device = "<coproc>\n<type>NVIDIA</type>\n<count>1</count>\n</coproc>\n<gpu_ram>500000000</gpu_ram>\n"
        return super().app_version(ncpus).replace("</avg_ncpus>\n", "</avg_ncpus>\n" + device)


class DeviceVolunteer(Volunteer):
    def start(self):
        path = self.directory / "cc_config.xml"
        devices = ("<coproc><type>NVIDIA</type><count>2</count><peak_flops>1e12</peak_flops><device_nums>0 1</device_nums>"
                   "</coproc>")
        path.write_text(path.read_text().replace("<no_gpus>1</no_gpus>", devices))
        with mock.patch.dict(os.environ, LD_LIBRARY_PATH=LIBRARY, AXIOM_EMULATED_DEVICES="2"):
            super().start()

    def prefer(self, **preferences):
        super().prefer(**preferences)
        path = self.directory / "global_prefs_override.xml"
        path.write_text(path.read_text().replace("<run_if_user", "<run_gpu_if_user_active>1</run_gpu_if_user_active><run_if_user"))


class DeviceClient(unittest.TestCase):
    def test_two_tasks_on_two_devices(self):
        """Each takes the device that it is given, through a suspension (which ends a GPU's process), a kill and the client's end."""
        project = DeviceProject(app_files())
        self.addCleanup(project.close)
        volunteer = DeviceVolunteer(project, period=1)
        self.addCleanup(volunteer.close)
        for name, unit in TASKS.items():
            project.add_work(name, unit, "--threads 2")
        given = set()
        for name in TASKS:
            volunteer.wait_running(name)
            log = volunteer.slot(name).joinpath("stderr.txt").read_text()
            given.add(re.search(r"^device: NVIDIA number ([01]), Emulated device.*\n(?:.*\n)?backend: cuda:\1 ", log, re.M).group(1))
        self.assertEqual(given, {"0", "1"})
        volunteer.wait_checkpoint("one")
        volunteer.task("one", "suspend")
        wait_for("the suspended task to leave the device", lambda: volunteer.pid("one") is None)
        os.kill(volunteer.pid("two"), signal.SIGKILL)
        volunteer.task("one", "resume")
        for name in TASKS:
            volunteer.wait_running(name)
        volunteer.quit()
        volunteer.start()
        for name, unit in TASKS.items():
            report = volunteer.wait_report(name)
            self.assertEqual(report["exit"], 0, report["stderr"])
            self.assertEqual(project.uploads[f"{name}_0_0"], undisturbed(unit))
            self.assertIn("resuming at", report["stderr"])


if __name__ == "__main__":
    unittest.main()
