"""scripts/install-packages.sh where it cannot install."""

import os
import pathlib
import subprocess

from support import CliTest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "install-packages.sh"


class Install(CliTest):
    def run_with(self, **programs):
        """Only with these programs, each a script of one line."""
        for name, line in programs.items():
            path = self.directory / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{line}\n")
            path.chmod(0o755)
        return subprocess.run(["/bin/sh", str(SCRIPT), "build"], capture_output=True, text=True,
                              env={**os.environ, "PATH": str(self.directory)})

    def test_a_user_without_sudo_is_told_what_to_do(self):
        done = self.run_with(id="echo 1000", dpkg_query="exit 1", grep="exit 1", apt_get="exit 0")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^needs the packages g\+\+ cmake .*no sudo: as root, sh .* build\n$")

    def test_another_system_is_told_which_packages(self):
        done = self.run_with(id="echo 0", dpkg_query="exit 1", grep="exit 1")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^needs the packages g\+\+ cmake .*apt-get not found")
