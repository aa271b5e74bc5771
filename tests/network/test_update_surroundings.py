"""Updates and their trials in surroundings that no shell gives a program, but a service manager, cron job or wrapper may."""

import json
import os
import resource
import shutil
import signal
import subprocess
import unittest

from releases import BROKEN_CLIENT, NEXT_CLIENT, release
from support import QUICK, TEST_CLIENT, environment
from updating import UpdateTest


def ignore_children():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


class Surroundings(UpdateTest):
    def state_of(self, member):
        return json.loads((self.state / "state.json").read_text())[member]

    def assert_updates(self, prepare=lambda: None, **options):
        release(self.channel)
        prepare()
        done = self.update(**options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.program.read_bytes(), NEXT_CLIENT.read_bytes())
        self.assertEqual(self.state_of("failed"), [])
        prepare()
        self.assertEqual(self.run_science(**options).returncode, 0)
        self.assertIsNone(self.state_of("pending"))

    def as_nobody(self, also=lambda: None):
        if os.getuid() != 0:
            self.skipTest("only root can stand for two users")
        self.directory.chmod(0o777)
        for path in (self.home, self.program):
            os.chown(path, 65534, 65534)
        return {"preexec_fn": lambda: (os.setgid(65534), os.setuid(65534), also())}

    def test_ends_of_children_that_are_ignored(self):
        """With SIGCHLD ignored the system tells nobody how a child ended: a good version was taken for a bad one."""
        self.assert_updates(preexec_fn=ignore_children)

    def test_a_bad_version_is_found_all_the_same(self):
        release(self.channel, program="/bin/false")
        self.refused(66, "fails its --version", preexec_fn=ignore_children)

    def test_the_program_before_comes_back_all_the_same(self):
        release(self.channel, program=BROKEN_CLIENT)
        self.assertEqual(self.update().returncode, 0)
        for _ in range(2):
            self.assertEqual(self.run_science().returncode, -signal.SIGABRT)
        done = self.run_science(preexec_fn=ignore_children)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the program before is back", done.stderr)
        self.assert_unchanged()

    def test_a_host_that_fails_each_self_test(self):
        """A GPU that computes wrong numbers, say: the version that is there fails, too, and the new one is not to blame."""
        library = self.directory / "failing.so"
        subprocess.run(["cc", "-x", "c", "-shared", "-fPIC", "-o", str(library), "-"], check=True, text=True, input="""
#include <string.h>
#include <unistd.h>
__attribute__((constructor)) static void fail(int count, char** arguments) {
  if (count == 2 && strcmp(arguments[1], "self-test") == 0) _exit(9);
}""")
        release(self.channel)
        failing = {"env": {"LD_PRELOAD": str(library)}}
        self.refused(9, "99.0.0 fails its self-test on this host, and so does 0.1.0: the host is at fault, and nothing was "
                        "changed; axiom-client self-test says what is wrong", **failing)
        self.assertEqual(self.state_of("failed"), [])
        release(self.channel, version="98.0.0")  # but what is another version than signed is no fault of the host
        self.refused(66, "98.0.0 fails its --version", **failing)
        release(self.channel)
        self.assertEqual(self.update().returncode, 0)
        self.assertEqual(self.version(), "99.0.0")

    def test_signals_that_are_held_back(self):
        self.assert_updates(preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()))

    def test_a_umask_that_leaves_the_owner_nothing(self):
        """What the program writes itself it can read at its next start: else a bad version would stay for good."""
        self.assert_updates(**self.as_nobody(lambda: os.umask(0o777)))

    def test_a_directory_that_is_gone(self):
        gone = self.directory / "gone"
        self.assert_updates(gone.mkdir, cwd=gone, preexec_fn=gone.rmdir)

    def test_odd_names(self):
        """Of the program: " (deleted)" is how the kernel speaks of files that are gone."""
        release(self.channel)
        for name in ("axiom client", "axiom\nclient", "client (deleted)", "update", "\u00fc", "-x"):
            with self.subTest(name=name):
                self.program = self.home / name
                self.state = self.home / f"{name}.update"
                shutil.copy2(TEST_CLIENT, self.program)
                self.assertEqual(self.run_science().returncode, 0)
                done = self.update()
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(self.version(), "99.0.0")
                self.assertNotIn("on trial", self.run_science().stderr)
                self.assertIsNone(self.state_of("pending"))
        self.program = self.home / ("x" * 255)  # no room for what updates leave beside it
        shutil.copy2(TEST_CLIENT, self.program)
        self.assertNotIn("on trial", self.run_science().stderr)
        self.assert_error(self.update(), 7, "File name too long")

    def test_no_environment_at_all(self):
        release(self.channel)
        command = [str(self.program), "update", "--apply", "--channel", self.nginx.url(f"/files/{self.channel.name}/"),
                   "--ca-file", str(self.authority.certificate), "--retry-for", "0"]
        done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.version(), "99.0.0")
        done = subprocess.run([str(self.program), *QUICK, "--out", str(self.directory / "science")], env={},
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_closed_streams(self):
        release(self.channel)
        command = f'"{self.program}" update --apply --channel {self.nginx.url(f"/files/{self.channel.name}/")} ' \
                  f'--ca-file "{self.authority.certificate}" <&- >&- 2>&-'
        self.assertEqual(subprocess.run(["sh", "-c", command], env=environment(), timeout=300).returncode, 0)
        self.assertEqual(self.program.read_bytes(), NEXT_CLIENT.read_bytes())

    def test_hardly_any_files(self):
        """What fails for want of descriptors is the host's fault, not the version's."""
        release(self.channel)
        for most in range(4, 24):
            done = self.update(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
            if done.returncode == 0:
                break
            self.assertNotIn(done.returncode, (1, 66, 67), done.stderr)
            self.assert_unchanged()
        self.assertEqual(self.program.read_bytes(), NEXT_CLIENT.read_bytes())


if __name__ == "__main__":
    unittest.main()
