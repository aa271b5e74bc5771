"""Whatever a new program does at its start, a file system makes of the swap, and wherever an update is killed: a working
client is left."""

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from releases import BROKEN_CLIENT, NEXT_CLIENT, release
from support import PROMPT, QUICK, TEST_CLIENT, client, environment
from updating import UpdateTest


class Starts(UpdateTest):
    def install_broken(self):
        release(self.channel, program=BROKEN_CLIENT)
        done = self.update()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.version(), "99.0.0")

    def test_two_failed_starts_bring_the_old_one_back(self):
        self.install_broken()
        for _ in range(2):
            self.assertEqual(self.run_science().returncode, -signal.SIGABRT)
            self.assertEqual(self.version(), "99.0.0")
        done = self.run_science()  # the third start is the old program's
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: axiom-client 99.0.0 did not start properly twice: the program before is back",
                      done.stderr)
        self.assert_unchanged()
        telemetry = json.loads((self.directory / "science" / "neuronspec.telemetry.json").read_text())
        self.assertEqual(telemetry["client_version"], "0.1.0")
        self.refused(67, "99.0.0 failed here before")
        release(self.channel, version="99.0.0")  # the same version, however good it is now
        self.refused(67, "99.0.0 failed here before")

    def test_what_another_user_left_there_is_not_heeded(self):
        """Beside a program in /tmp anyone may put a directory: it must not make the program run another."""
        if os.getuid() != 0:
            self.skipTest("only root can stand for two users")
        self.state.mkdir()
        shutil.copy2(BROKEN_CLIENT, self.state / "previous")
        (self.state / "state.json").write_text(json.dumps({
            "schema": 1, "manifest": None, "key_list": "", "pending": {"version": "0.1.0", "starts": 2}, "failed": []}))
        release(self.channel)
        for owner, mode in ((65534, 0o755), (0, 0o777), (0, 0o775)):
            with self.subTest(owner=owner, mode=mode):
                os.chown(self.state, owner, owner)
                self.state.chmod(mode)
                done = self.run_science()
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"'{self.state}' belongs to another user, or others may write there", done.stderr)
                for action in ("--check", "--apply"):
                    self.assert_error(self.update(action), 7, "belongs to another user, or others may write there")
                self.assert_unchanged()
        self.state.chmod(0o755)  # of the owner's own
        self.assertIn("the program before is back", self.run_science().stderr)

    def as_nobody(self):
        self.home.chmod(0o755)
        self.directory.chmod(0o777)
        return {"preexec_fn": lambda: (os.setgid(65534), os.setuid(65534))}

    def test_root_leaves_a_program_to_its_owner(self):
        if os.getuid() != 0:
            self.skipTest("only root can stand for two users")
        nobody = self.as_nobody()
        for path in (self.home, self.program):
            os.chown(path, 65534, 65534)
        self.program.chmod(0o700)
        self.assertEqual(self.update().returncode, 57)  # no release yet: what is there by then is the owner's, too
        for path in (self.state, *self.state.iterdir()):
            self.assertEqual(path.stat().st_uid, 65534, path)
        release(self.channel)
        self.assertEqual(self.update().returncode, 0)
        for path in (self.program, self.state, *self.state.iterdir()):
            self.assertEqual((path.stat().st_uid, path.stat().st_gid), (65534, 65534), path)
        done = self.run_science(**nobody)
        self.assertEqual((done.returncode, "the update on trial" in done.stderr), (0, False), done.stderr)
        self.assertIsNone(json.loads((self.state / "state.json").read_text())["pending"])

    def test_starts_of_those_who_may_not_count_them(self):
        """Of a program that root has installed for all: they go on, and do not nag."""
        if os.getuid() != 0:
            self.skipTest("only root can stand for two users")
        nobody = self.as_nobody()
        release(self.channel)
        self.assertEqual(self.update().returncode, 0)
        done = self.run_science(**nobody)
        self.assertEqual((done.returncode, "the update on trial" in done.stderr), (0, False), done.stderr)
        self.assertEqual(json.loads((self.state / "state.json").read_text())["pending"]["starts"], 0)

    def test_a_link_of_another_user_is_not_followed(self):
        if os.getuid() != 0:
            self.skipTest("only root can stand for two users")
        elsewhere = self.directory / "elsewhere"
        elsewhere.mkdir()
        self.state.symlink_to(elsewhere)
        os.chown(self.state, 65534, 65534, follow_symlinks=False)
        release(self.channel)
        self.assert_error(self.update("--apply"), 7, "belongs to another user")
        self.assertEqual(list(elsewhere.iterdir()), [])

    def test_a_good_start_is_confirmed(self):
        release(self.channel)
        self.update()
        for _ in range(4):
            self.assertEqual(self.run_science().returncode, 0)
        self.assertEqual(self.version(), "99.0.0")

    def test_of_starts_at_the_same_time_one_counts(self):
        release(self.channel)
        self.assertEqual(self.update().returncode, 0)
        with open(self.state / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.run_science()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("on trial", done.stderr)
        self.assertEqual(json.loads((self.state / "state.json").read_text())["pending"]["starts"], 0)

    def test_a_wrong_option_is_not_the_programs_fault(self):
        release(self.channel)
        self.update()
        self.assertEqual(client("--bogus", program=str(self.program)).returncode, 2)
        self.assertIsNone(json.loads((self.state / "state.json").read_text())["pending"])

    def test_questions_do_not_count(self):
        self.install_broken()
        for _ in range(4):
            self.version()
            client("self-test", program=str(self.program))
        self.assertEqual(json.loads((self.state / "state.json").read_text())["pending"]["starts"], 0)

    def test_values_of_options_are_no_questions(self):
        self.install_broken()
        out = self.directory / "devices"
        for word in ("devices", "update"):
            done = client(*QUICK, "--out", word, program=str(self.program), cwd=self.directory)
            self.assertEqual(done.returncode, -signal.SIGABRT)
        self.assertEqual(json.loads((self.state / "state.json").read_text())["pending"]["starts"], 2)
        done = client(*QUICK, "--out", out.name, program=str(self.program), cwd=self.directory)
        self.assertIn("the program before is back", done.stderr)
        self.assertTrue((out / "neuronspec.result.json").exists())
        self.assert_unchanged()

    def test_a_long_run_that_is_killed_counts_as_good(self):
        release(self.channel)
        self.update()
        long = [*QUICK[:4], "7", "--set", "widths=[256]", "--set", "epochs=2000", *PROMPT]
        for _ in range(3):
            process = subprocess.Popen([str(self.program), *long, "--out", str(self.directory / "long")],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if json.loads((self.state / "state.json").read_text())["pending"] is None:
                    break
                time.sleep(0.02)
            process.kill()
            process.wait()
        self.assertEqual(self.version(), "99.0.0")

    def test_waiting_for_a_server_counts_as_good(self):
        release(self.channel)
        self.update()
        for _ in range(3):
            process = subprocess.Popen([str(self.program), "upload", str(self.out), "--upload-url", "https://localhost:1/",
                                        "--retry-delay", "3600"], stderr=subprocess.PIPE, text=True, env=environment())
            while "next attempt in" not in (line := process.stderr.readline()) and line:
                self.assertNotIn("is back", line)
            process.kill()
            process.communicate()
        self.assertEqual(self.version(), "99.0.0")

    def test_a_good_start_is_confirmed_once_the_disk_has_room(self):
        release(self.channel)
        self.update()
        work = self.directory / "work"
        os.mkfifo(work)
        process = subprocess.Popen(
            [str(self.program), "--standalone", "--work-unit", str(work), *PROMPT, "--out", str(self.directory / "out")],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment())
        with open(work, "w") as unit:  # once it is opened for reading, the start has been counted
            blocked = self.state / "state.json.tmp"  # as a full disk would
            blocked.mkdir()
            json.dump({"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0", "seed": 7, "seeds": 4,
                       "parameters": {"widths": [64], "epochs": 1000, "trials": 1}}, unit)
        line = ""
        while "the update on trial" not in line:
            line = process.stderr.readline()
            self.assertNotEqual(line, "")
        blocked.rmdir()
        errors = process.communicate(timeout=600)[1]
        self.assertEqual((process.returncode, "the update on trial" in errors), (0, False), errors)
        self.assertIsNone(json.loads((self.state / "state.json").read_text())["pending"])

    def test_a_pipe_is_not_waited_for(self):
        self.state.mkdir(mode=0o755)
        os.mkfifo(self.state / "state.json")
        release(self.channel)
        self.assert_error(self.update(timeout=30), 7, "state.json' is a directory, pipe or device: move it")
        done = self.run_science(timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: the update on trial: ", done.stderr)

    def test_a_damaged_state_does_not_stop_the_science(self):
        release(self.channel)
        self.update()
        (self.state / "state.json").write_text("{")
        done = self.run_science()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is damaged: delete it" if "is damaged:" in done.stderr else "is damaged (", done.stderr)
        self.assert_error(self.update(), 7, "is damaged")
        state = {"schema": 1, "manifest": None, "key_list": "cut o", "pending": None, "failed": []}
        (self.state / "state.json").write_text(json.dumps(state))
        self.assert_error(self.update(), 7, "the key list in 'state.json' beside this program is damaged")

    def test_a_damaged_program_is_not_put_back(self):
        self.install_broken()
        previous = self.state / "previous"
        previous.write_bytes(previous.read_bytes()[:100000])
        for _ in range(3):
            done = self.run_science()
            self.assertEqual(done.returncode, -signal.SIGABRT)
        self.assertIn("previous' does not run and is not put back; get a program from the project", done.stderr)
        self.assertEqual(self.version(), "99.0.0")
        previous.unlink()
        done = self.run_science()
        self.assertIn("99.0.0 did not start properly twice, and the program before cannot be put back: ", done.stderr)
        self.assertEqual(self.version(), "99.0.0")


class RunningPrograms(UpdateTest):
    """A swap that the file system refuses or does not confirm, by strace's doing; where a program that runs cannot be
    replaced, as under Windows, rename() over it fails once."""

    def traced(self, *options):
        """An update, and its calls of rename() and fsync()."""
        if not shutil.which("strace"):
            self.skipTest("strace is missing")
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copy2(TEST_CLIENT, self.program)
        log = self.directory / "trace"
        command = [str(self.program), "update", "--apply", "--channel", self.nginx.url(f"/files/{self.channel.name}/"),
                   "--ca-file", str(self.authority.certificate)]
        done = subprocess.run(["strace", "-o", str(log), "-e", "trace=rename,fsync", *options, *command],
                              capture_output=True, text=True, env=environment(), timeout=300)
        if "ptrace" in done.stderr:
            self.skipTest("strace is not allowed here")
        return done, [line for line in log.read_text().splitlines() if line.startswith(("rename(", "fsync("))]

    def swap(self, calls):
        return next(i for i, line in enumerate(calls) if f', "{self.program}")' in line)

    def update_without_replacing(self, *options):
        calls = self.traced()[1]
        when = sum(line.startswith("rename(") for line in calls[:self.swap(calls) + 1])
        done, calls = self.traced("-e", f"inject=rename:error=EBUSY:when={when}", *options)
        self.assertIn("EBUSY", calls[self.swap(calls)])
        return done, calls

    def test_the_one_that_runs_is_put_aside(self):
        theirs = self.home / "axiom-client.new"  # as people call what they have downloaded
        theirs.write_text("precious")
        release(self.channel)
        done, _ = self.update_without_replacing()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.program.read_bytes(), NEXT_CLIENT.read_bytes())
        aside = self.home / "axiom-client.old"
        self.assertEqual(aside.read_bytes(), self.original)
        self.assertEqual(theirs.read_text(), "precious")
        done = self.run_science()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(aside.exists())  # it does not run any more
        self.assertEqual(self.version(), "99.0.0")

    def test_a_directory_that_cannot_be_synced(self):
        """When the new program has its name already: that is said, and it is no failed update."""
        release(self.channel)
        for update in (self.traced, self.update_without_replacing):
            calls = update()[1]
            names = [i for i, line in enumerate(calls) if line.startswith("rename(") and f', "{self.program}")' in line]
            synced = sum(line.startswith("fsync(") for line in calls[:names[-1]])
            (self.home / "axiom-client.old").unlink(missing_ok=True)
            done, calls = update("-e", f"inject=fsync:error=EIO:when={synced + 1}+")
            self.assertTrue(any("EIO" in line for line in calls[names[-1]:]), calls)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("warning: 99.0.0 is in place, but the disk may not keep that: cannot write to the disk the "
                          f"directory '{self.home}': Input/output error; check the disk", done.stderr)
            self.assertEqual(self.program.read_bytes(), NEXT_CLIENT.read_bytes())
            self.assertEqual(self.run_science().returncode, 0)

    def test_killed_between_the_two_renames(self):
        aside = self.home / "axiom-client.old"
        self.program.rename(aside)
        self.state.mkdir()
        (self.state / "aside").touch()
        done = client(*QUICK, "--out", self.directory / "science", program=str(aside))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(aside.exists())
        self.assert_unchanged()

    def test_what_people_call_old_is_theirs(self):
        theirs = self.home / "axiom-client.old"
        shutil.copy2(self.program, theirs)
        self.assertEqual(self.run_science().returncode, 0)
        self.assertTrue(theirs.exists())
        release(self.channel)
        self.assert_error(self.update_without_replacing()[0], 7, "is in the way, and not of an update")
        self.assert_unchanged()
        self.program.unlink()
        done = client(*QUICK, "--out", self.directory / "science", program=str(theirs))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((theirs.exists(), self.program.exists()), (True, False))

    def test_an_old_one_that_cannot_be_removed(self):
        (self.home / "axiom-client.old").mkdir()  # stands for a file that is in use
        (self.home / "axiom-client.old" / "x").touch()
        self.state.mkdir()
        (self.state / "aside").touch()
        self.assertEqual(self.run_science().returncode, 0)
        release(self.channel)
        done, _ = self.update_without_replacing()
        self.assert_error(done, 7, "axiom-client.old")
        self.assert_unchanged()


class Kills(UpdateTest):
    def test_killed_anywhere_leaves_a_working_client(self):
        release(self.channel)
        chance = random.Random(11)
        rounds = int(os.environ.get("AXIOM_KILLS", "15"))
        outcomes = set()
        for trial in range(rounds):
            shutil.rmtree(self.state, ignore_errors=True)
            shutil.copy2(TEST_CLIENT, self.program)
            process = subprocess.Popen(
                [str(self.program), "update", "--apply", "--channel",
                 self.nginx.url(f"/files/{self.channel.name}/"), "--ca-file", str(self.authority.certificate)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
            try:
                process.communicate(timeout=chance.uniform(0.01, 0.5))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            content = self.program.read_bytes()
            self.assertIn(content, (self.original, NEXT_CLIENT.read_bytes()))
            outcomes.add(self.version())
            done = self.run_science()
            self.assertEqual(done.returncode, 0, done.stderr)
            done = self.update()  # the next one completes it
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.version(), "99.0.0")
            left = {p.name for p in self.state.iterdir()}
            self.assertLessEqual(left, {"state.json", "previous", ".lock", "state.json.tmp"})

    def kill_at(self, call, when):
        """Whether the update went through all the same: there were fewer such calls."""
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copy2(TEST_CLIENT, self.program)
        done = subprocess.run(
            ["strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}",
             str(self.program), "update", "--apply", "--channel",
             self.nginx.url(f"/files/{self.channel.name}/"), "--ca-file", str(self.authority.certificate)],
            capture_output=True, text=True, env=environment())
        if "ptrace" in done.stderr:
            self.skipTest("strace is not allowed here")
        self.assertIn(self.program.read_bytes(), (self.original, NEXT_CLIENT.read_bytes()))
        self.assertEqual(self.run_science().returncode, 0)
        return done.returncode == 0

    def test_killed_at_every_system_call_that_changes_files(self):
        if not shutil.which("strace"):
            self.skipTest("strace is missing")
        release(self.channel)
        killed = 0
        for call in ("write", "fsync", "rename", "fchmod", "unlink", "mkdir", "clone", "close"):
            step = 1 if call != "close" or "AXIOM_KILLS" in os.environ else 9
            for when in range(1, 1000, step):
                if self.kill_at(call, when):
                    break
                killed += 1
        self.assertGreater(killed, 20)


if __name__ == "__main__":
    unittest.main()
