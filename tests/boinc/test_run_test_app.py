"""`boinc --run_test_app`: the client suspends and resumes a task several times a second."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from support import CLIENT, lasting, undisturbed


class RunTestApp(unittest.TestCase):
    def test_suspended_several_times_a_second(self):
        work = lasting(3)
        directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-test-app-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        shutil.copy(CLIENT, directory / "test_app")
        directory.joinpath("work_unit").write_bytes(work)
        self.addCleanup(self.remove_shared_memory, directory)
        done = subprocess.run(["boinc", "--run_test_app"], cwd=directory, capture_output=True, text=True, timeout=600)
        log = directory.joinpath("stderr.txt").read_text()
        self.assertEqual(done.returncode, 0, done.stdout + log)
        self.assertIn("test app finished", done.stdout)
        self.assertEqual(directory.joinpath("boinc_finish_called").read_text().split()[0], "0", log)
        self.assertEqual(directory.joinpath("result").read_bytes(), undisturbed(work))

    @staticmethod
    def remove_shared_memory(directory):
        """This mode uses System V's, which outlives the processes."""
        path = directory / "init_data.xml"
        key = re.search(r"<shm_key>(\d+)", path.read_text()) if path.exists() else None
        if key:
            subprocess.run(["ipcrm", "-M", key.group(1)], capture_output=True)


if __name__ == "__main__":
    unittest.main()
