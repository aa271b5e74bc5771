"""A task does not take a backend that the last benchmark of this host found broken."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
from unittest import mock

from support import CLIENT, BoincTest, unit


def tell(*arguments):
    return subprocess.run([CLIENT, *arguments], check=True, capture_output=True, text=True).stdout


class BrokenProcessor(BoincTest):
    @classmethod
    def setUpClass(cls):
        data = tempfile.TemporaryDirectory(prefix="axiom-boinc-data-")
        cls.addClassCleanup(data.cleanup)
        cls.record = pathlib.Path(data.name, "axiom-client", "benchmark.json")
        cls.record.parent.mkdir()
        with mock.patch.dict(os.environ, XDG_DATA_HOME=data.name):  # for the client and its tasks
            super().setUpClass()

    def test_the_next_one_is_taken(self):
        host = json.loads(tell("devices", "--json", "--data-dir", "/nowhere"))
        usable = [b["name"] for b in host["backends"] if b["available"] and not b["name"].startswith("cuda")]
        if len(usable) == 1:
            self.skipTest("SKIPPED: this host can run no backend but the reference")
        version, build = re.search(r"axiom-client (\S+) .*build ([^)\s]+)", tell("--version")).groups()
        self.record.write_text(json.dumps({
            "schema": 1, "date": "2026-01-31T12:00:00Z", "client_version": version, "build": build,
            "processor": host["processor"], "backends": [], "broken": [{"name": usable[0], "device": ""}],
            "fastest": ""}))
        work = unit(20, width=16)
        self.give("broken", work)
        log = self.assert_same("broken", work)["stderr"]
        self.assertIn(f"backend: {usable[1]} (", log)
        self.assertIn(f"not {usable[0]}: found broken by the benchmark of 2026-01-31", log)
        self.record.write_text("{")
        self.give("damaged", work)
        log = self.assert_same("damaged", work)["stderr"]
        self.assertIn(f"backend: {usable[0]} (", log)
        self.assertIn("warning: " + str(self.record), log)


if __name__ == "__main__":
    unittest.main()
