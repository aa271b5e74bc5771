"""A task does not take a backend that the last benchmark of this host found broken."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
from unittest import mock

from support import CLIENT, BoincTest, undisturbed, unit

WORK = unit(20, width=16)


def tell(*arguments):
    return subprocess.run([CLIENT, *arguments], check=True, capture_output=True, text=True).stdout


class Record:
    """The record of a benchmark in a data directory of its own."""

    def __init__(self, directory):
        self.path = pathlib.Path(directory, "axiom-client", "benchmark.json")
        self.path.parent.mkdir(parents=True)
        self.host = json.loads(tell("devices", "--json", "--data-dir", "/nowhere"))
        self.processors = [b["name"] for b in self.host["backends"] if b["available"] and not b["name"].startswith("cuda")]

    def write(self, broken, **changes):
        version, build = re.search(r"axiom-client (\S+) .*build ([^)\s]+)", tell("--version")).groups()
        self.path.write_text(json.dumps({
            "schema": 1, "date": "2026-01-31T12:00:00Z", "client_version": version, "build": build,
            "processor": self.host["processor"], "backends": [], "fastest": "",
            "broken": [{"name": name, "device": ""} for name in broken], **changes}))


class SlotByHand(unittest.TestCase):
    """BOINC's library runs a task without its client, too."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="axiom-slot-")
        self.addCleanup(directory.cleanup)
        self.slot = pathlib.Path(directory.name, "slot")
        self.data = pathlib.Path(directory.name, "data")
        self.record = Record(self.data)

    def task(self):
        """Exit code, result if any, log."""
        subprocess.run(["rm", "-rf", str(self.slot)], check=True)
        self.slot.mkdir()
        (self.slot / "init_data.xml").write_text("<app_init_data>\n<wu_name>t</wu_name>\n<result_name>t_0</result_name>\n"
                                                 "</app_init_data>\n")
        (self.slot / "work_unit").write_bytes(WORK)
        done = subprocess.run([CLIENT], cwd=self.slot, capture_output=True, text=True, timeout=600,
                              env=dict(os.environ, XDG_DATA_HOME=str(self.data)))
        result = self.slot / "result"
        log = done.stderr + (self.slot / "stderr.txt").read_text()
        return done.returncode, result.read_bytes() if result.exists() else None, log

    def test_what_is_broken_is_passed_over(self):
        first, *others = self.record.processors
        expected = undisturbed(WORK)
        if others:
            self.record.write([first])
            code, result, log = self.task()
            self.assertEqual((code, result), (0, expected), log)
            chosen = self.chosen(log)
            self.assertIn(f"backend: {others[0]} (the first in order that this host can run; ", chosen)
            self.assertIn(f"not {first}: found broken by the benchmark of 2026-01-31", chosen)
        for changes in ({"build": "0"}, {"processor": "abacus"}, {"client_version": "0"}):
            self.record.write(self.record.processors, **changes)
            code, result, log = self.task()
            self.assertEqual((code, result), (0, expected), log)
            self.assertIn(f"backend: {first} (the first in order that this host can run", self.chosen(log))
            self.assertNotIn("found broken", self.chosen(log))

    @staticmethod
    def chosen(log):
        """The line, which also says what the host lacks."""
        return next(line for line in log.splitlines() if "backend: " in line)

    def test_all_are_broken(self):
        self.record.write(self.record.processors)
        _, result, log = self.task()
        self.assertIsNone(result)
        self.assertIn("error: no backend can be used on this host; ", log)

    def test_a_damaged_record_is_a_warning(self):
        self.record.path.write_text("{")
        code, result, log = self.task()
        self.assertEqual(code, 0, log)
        self.assertIsNotNone(result)
        self.assertIn("warning: " + str(self.record.path), log)


class RealClient(BoincTest):
    @classmethod
    def setUpClass(cls):
        data = tempfile.TemporaryDirectory(prefix="axiom-boinc-data-")
        cls.addClassCleanup(data.cleanup)
        cls.record = Record(data.name)
        with mock.patch.dict(os.environ, XDG_DATA_HOME=data.name):  # for the client and its tasks
            super().setUpClass()

    def test_the_next_one_is_taken(self):
        first, *others = self.record.processors
        if not others:
            self.skipTest("SKIPPED: this host can run no backend but the reference")
        self.record.write([first])
        self.give("broken", WORK)
        log = self.assert_same("broken", WORK)["stderr"]
        self.assertIn(f"backend: {others[0]} (", log)
        self.assertIn(f"not {first}: found broken by the benchmark of 2026-01-31", log)


if __name__ == "__main__":
    unittest.main()
