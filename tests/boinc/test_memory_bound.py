"""What the real client does with a work unit's rsc_memory_bound: why the plan classes tell it another one (docs/BOINC_SERVER.md)."""

import pathlib
import re
import threading
import unittest
import xml.etree.ElementTree as xml

import project
from support import app_files, unit
from volunteer import Volunteer

PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc"
GATE = int(xml.parse(PACKAGING / "templates" / "axiom_in").findtext("workunit/rsc_memory_bound"))


def told_by(plan_class):
    """Bytes that the scheduler puts in its place for one thread."""
    for found in xml.parse(PACKAGING / "plan_class_spec.xml").findall("plan_class"):
        if found.findtext("name") == plan_class:
            return int(sum(float(found.findtext(f"mem_usage_{part}_mb")) for part in ("base", "per_cpu"))) << 20
    raise AssertionError(plan_class)


class BoundedProject(project.Project):
    def __init__(self, bound):
        self.bound = bound
        super().__init__(app_files())

    def work(self, *arguments):
        return super().work(*arguments).replace("<rsc_memory_bound>1e8<", f"<rsc_memory_bound>{self.bound}<")


class SmallVolunteer(Volunteer):
    """Gives BOINC less than the gate, as a host of 8 GB at 50 % does; whatever this host has."""

    def prefer(self, **preferences):
        super().prefer(**preferences)
        total = int(re.search("MemTotal: *([0-9]+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) << 10
        path = self.directory / "global_prefs_override.xml"
        share = 100 * min(0.9, 0.9 * GATE / total)
        path.write_text(path.read_text().replace("pct>90<", f"pct>{share:.3f}<"))


class MemoryBound(unittest.TestCase):
    def volunteer(self, bound):
        server = BoundedProject(bound)
        self.addCleanup(server.close)
        server.add_work("task", unit(60))
        volunteer = SmallVolunteer(server)
        self.addCleanup(volunteer.close)
        return volunteer

    def test_what_the_plan_class_says_starts_at_once(self):
        self.assertLess(told_by("avx2"), GATE / 10)
        self.assertEqual(self.volunteer(told_by("avx2")).wait_report("task")["exit"], 0)

    def test_the_gate_itself_would_keep_the_task_waiting(self):
        volunteer = self.volunteer(GATE)
        wait = threading.Event()
        for _ in range(45):  # the other test needs some ten seconds
            volunteer.update_now_and_then()
            wait.wait(1)
        self.assertIn("task_0", volunteer.command("--get_tasks").stdout)  # downloaded
        self.assertNotIn("Starting task task_0", volunteer.log())


if __name__ == "__main__":
    unittest.main()
