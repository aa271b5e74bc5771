"""What the tests under the real BOINC client have in common. AXIOM_CLIENT is the executable."""

import functools
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time
import unittest

from project import AppFile, Project
from volunteer import Volunteer

CLIENT = os.environ.get("AXIOM_CLIENT", "")
LIBRARIES = pathlib.Path("/usr/lib/x86_64-linux-gnu")


def unit(epochs, seed=11, width=128, **more):
    """A work unit of nine networks. Where its time matters: lasting()."""
    return json.dumps({
        "schema": 1, "experiment": "compgen", "experiment_version": "2.0", "seed": seed,
        "parameters": {"widths": [width], "depths": [3], "epochs": epochs}, **more}).encode()


@functools.cache
def epochs_per_second():
    """Of one core, whatever else the host does: by processor time."""
    epochs = 50
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    undisturbed.__wrapped__(unit(epochs))  # not one that is remembered
    return epochs / (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)


def lasting(seconds, **more):
    """A work unit that takes about so long on one core of this host: long enough for what is to happen meanwhile."""
    return unit(max(1, round(seconds * epochs_per_second())), **more)


@functools.cache
def undisturbed(work):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "unit.json")
        path.write_bytes(work)
        subprocess.run([CLIENT, "--standalone", "--work-unit", str(path), "--out", directory, "--quiet",
                        "--priority", "normal"], check=True, capture_output=True)
        return pathlib.Path(directory, "compgen.result.json").read_bytes()


def app_files():
    return [AppFile("axiom_1.00_x86_64-pc-linux-gnu", pathlib.Path(CLIENT).read_bytes(), main=True),
            AppFile("libboinc_api_7.20.5.so", (LIBRARIES / "libboinc_api.so.7").read_bytes(), "libboinc_api.so.7"),
            AppFile("libboinc_7.20.5.so", (LIBRARIES / "libboinc.so.7").read_bytes(), "libboinc.so.7")]


class BoincTest(unittest.TestCase):
    """A project and a volunteer for all tests of a class: starting them takes 15 s."""

    preferences = {}

    @classmethod
    def setUpClass(cls):
        cls.project = Project(cls.files())
        cls.addClassCleanup(cls.project.close)
        cls.volunteer = Volunteer(cls.project, **cls.preferences)
        cls.addClassCleanup(cls.volunteer.close)

    @classmethod
    def files(cls):
        """Of the application version."""
        return app_files()

    def give(self, name, work, command_line=""):
        self.project.add_work(name, work, command_line)
        self.volunteer.update()

    def finished(self, name):
        """The report of a task that must have succeeded with the undisturbed bytes."""
        report = self.volunteer.wait_report(name)
        self.assertEqual(report["exit"], 0, report["stderr"] + self.volunteer.log()[-3000:])
        return report

    def assert_same(self, name, work):
        report = self.finished(name)
        self.assertEqual(self.project.uploads[f"{name}_0_0"], undisturbed(work))
        return report

    @staticmethod
    def pause(seconds):
        time.sleep(seconds)
