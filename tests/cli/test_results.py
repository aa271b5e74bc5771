"""The files and the table that a run leaves."""

import hashlib
import json
import os
import shutil
import subprocess
import time

from support import CLIENT, QUICK, CliTest, client


class Results(CliTest):
    def test_files(self):
        done = self.quick("--seeds", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = self.result()
        value = json.loads(text)
        self.assertEqual(list(value), sorted(value))
        self.assertEqual(value["status"], "complete")
        self.assertEqual(len(value["seeds"]), 2)
        self.assertEqual(value["seeds"][0]["seed"], "7")
        self.assertEqual(text[-2:], b"}\n")
        for host in [b"avx", b"reference", b"seconds", b"thread", b"processor"]:
            self.assertNotIn(host, text)  # science only
        check = subprocess.run(["sha256sum", "-c", "neuronspec.result.json.sha256"], cwd=self.out,
                               capture_output=True)
        self.assertEqual(check.returncode, 0, check)
        telemetry = json.loads((self.directory / "out/neuronspec.telemetry.json").read_text())
        self.assertEqual(telemetry["result_sha256"], hashlib.sha256(text).hexdigest())
        self.assertEqual(telemetry["seeds"], 2)
        self.assertGreater(telemetry["flops_session"], 0)
        spent = [telemetry["thread_seconds_" + what] for what in ("training", "evaluating", "metrics")]
        self.assertGreater(min(spent), 0)
        self.assertLessEqual(sum(spent), telemetry["seconds_session"] * telemetry["threads"])
        # Writing the result is not computing.
        self.assertEqual(telemetry["seconds_session"], telemetry["seconds_total"])
        self.assertGreater(telemetry["processor_seconds_session"], 0)
        self.assertEqual(telemetry["device_copied_bytes"], 0)
        self.assertGreater(telemetry["planned_bytes"], 0)
        self.assertGreater(telemetry["peak_bytes"], 0)
        self.assertEqual([name for name in os.listdir(self.out) if "checkpoint" in name], [])

    def test_same_bytes_for_threads_and_backends(self):
        self.assertEqual(self.quick("--threads", "1").returncode, 0)
        first = self.result()
        listed = json.loads(client("devices", "--json").stdout)["backends"]
        for backend in [entry["name"] for entry in listed if entry["available"]]:
            for threads in ["1", "3"]:
                done = self.quick("--backend", backend, "--threads", threads)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"backend: {backend} (asked for", done.stderr)
                self.assertEqual(self.result(), first)

    def test_an_earlier_result_is_kept(self):
        self.assertEqual(self.quick().returncode, 0)
        first = self.result()
        done = self.quick("--set", "learning_rate=0.1")
        self.assertEqual(done.returncode, 0)
        digest = hashlib.sha256(first).hexdigest()
        kept = self.directory / "out" / f"neuronspec.result.{digest[:12]}.json"
        self.assertEqual(kept.read_bytes(), first)
        self.assertNotEqual(self.result(), first)
        self.assertIn(kept.name, done.stderr)

    def test_json_summary(self):
        done = self.quick("--json")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count("\n"), 1)
        value = json.loads(done.stdout)
        self.assertEqual(value["status"], "complete")
        self.assertEqual(value["sha256"], hashlib.sha256(self.result()).hexdigest())
        seed = json.loads(self.result())["seeds"][0]
        self.assertEqual(value["means"]["selectivity_w4"], seed["selectivity_w4"])

    def test_json_of_a_directory_whose_name_is_not_utf8(self):
        """It was an internal error, after the work."""
        out = os.fsencode(self.directory) + b"/r\xe9sultats"
        for _ in range(2):
            done = client(*QUICK, "--json", "--quiet", "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("/r\ufffdsultats/", json.loads(done.stdout)["result"])
            with open(out + b"/neuronspec.result.json", "ab") as result:
                result.write(b" ")  # the second run keeps this one
        self.assertIn("/r\ufffdsultats/", json.loads(done.stdout)["kept"])

    def test_table_and_log(self):
        done = self.quick()
        self.assertIn("neuronspec 2.0, preset default but for epochs, trials, widths, 1 seed", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^  selectivity_w4 +[\d.]+")
        self.assertIn("published", done.stdout)
        self.assertRegex(done.stderr, r"(?m)^backend: \S+ \(.+\)$")
        self.assertRegex(done.stderr, r"(?m)^threads: \d+, memory: plan .+, host .+, available .+$")
        self.assertNotIn("\x1b", done.stderr + done.stdout)
        quiet = self.quick("--quiet")
        self.assertEqual((quiet.returncode, quiet.stdout, quiet.stderr), (0, "", ""))

    def test_unwritable_directory_exits_7_before_the_work(self):
        blocker = self.directory / "file"
        blocker.write_text("")
        done = client(*QUICK, "--out", str(blocker / "out"))
        self.assert_error(done, 7, f"'{blocker}': File exists; choose another name")
        self.assertEqual(blocker.read_text(), "")

    def test_what_lies_where_files_are_to_be_written_is_told_before_the_work(self):
        """Complete runs failed, hours later; for the reader of a pipe they waited for ever."""
        os.mkdir(self.out)
        names = ["result.json", "result.json.sha256", "telemetry.json"]
        for name in [*names, *(name + ".tmp" for name in names), "checkpoint.0.tmp", "checkpoint.1.tmp"]:
            obstacle = os.path.join(self.out, "neuronspec." + name)
            for lay, take in (os.mkdir, os.rmdir), (os.mkfifo, os.unlink):
                with self.subTest(name=name, obstacle=lay.__name__):
                    lay(obstacle)
                    done = self.quick(timeout=60)
                    self.assert_error(done, 7, f"'{obstacle}' is a directory, pipe or device")
                    self.assertEqual(set(os.listdir(self.out)) - {".lock"}, {os.path.basename(obstacle)})
                    take(obstacle)
            if name.endswith(".tmp"):
                for target in "elsewhere", os.path.join(self.out, ".lock"):
                    with self.subTest(name=name, obstacle=target):
                        os.symlink(target, obstacle)
                        self.assert_error(self.quick(timeout=60), 7, f"'{obstacle}' is a link where a file is to be written")
                        os.unlink(obstacle)

    def test_what_this_user_may_not_touch_is_told_before_the_work(self):
        """Of complete runs neither result nor checkpoint could be written."""
        program = shutil.copy(CLIENT, self.directory)

        def anybody():
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)

        def run(*arguments):
            return subprocess.run([program, *arguments], capture_output=True, text=True, preexec_fn=anybody, timeout=60)
        self.directory.chmod(0o755)
        out = self.directory / "out"
        out.mkdir()
        for name, mode, words in ((".", 0o555, f"cannot write to '{self.out}': "),
                                  ("neuronspec.telemetry.json.tmp", 0o444, "cannot write to "),
                                  ("neuronspec.checkpoint.1.tmp", 0o444, "cannot write to "),
                                  ("neuronspec.result.json", 0o000, "cannot read ")):
            with self.subTest(name=name):
                out.chmod(0o777)
                (out / ".lock").touch()
                (out / ".lock").chmod(0o666)
                path = out / name
                if path != out:
                    path.write_text("mine")
                path.chmod(mode)
                self.assert_error(run(*QUICK, "--out", self.out), 7, words)
                self.assertLessEqual(set(os.listdir(out)), {".lock", name})
                path.chmod(0o777)
                if path != out:
                    path.unlink()
        out.chmod(0o000)
        self.assert_error(run("report", self.out), 7, f"cannot open the directory '{self.out}'")
        out.chmod(0o755)

    def test_nothing_is_computed_twice_where_the_telemetry_cannot_be_written(self):
        """A directory that comes while the run is under way."""
        blocked = self.directory / "out/neuronspec.telemetry.json"
        with subprocess.Popen([CLIENT, *QUICK, "--seeds", "300", "--out", self.out,
                               "--checkpoint-interval", "0.01"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            while run.poll() is None and not list(self.directory.glob("out/*.checkpoint.?")):
                time.sleep(0.001)
            blocked.mkdir()
            out, err = run.communicate(timeout=300)
        self.assert_error(subprocess.CompletedProcess(run.args, run.returncode, out, err), 7, str(blocked))
        blocked.rmdir()
        done = self.quick("--seeds", "300")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(blocked.read_text())["flops_session"], 0)
