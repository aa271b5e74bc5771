"""packaging/boinc/make-work: bad input of every kind is one clear line, and nothing is left half written."""

import errno
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from make_work_case import CLIENT, PACKAGING, MakeWork, run


class Refused(MakeWork):
    def test_bad_input_is_one_line_and_leaves_nothing(self):
        for arguments, fragment in (
                (("--seeds", "7-5"), "5 comes before 7"), (("--seeds", "-3"), "expected an integer"),
                (("--seeds", "1-"), "expected an integer"), (("--seeds", "x"), "expected an integer"),
                (("--seeds", "1.5"), "expected an integer"), (("--seeds", "1-18446744073709551616"), "18446744073709551615"),
                (("--seeds", "0-100000"), "at most 100000")):
            self.refused(run("make", "--experiment", "neuronspec", "--size", "cpu", "--out", self.out, "--program", CLIENT,
                             *(f"{arguments[0]}={arguments[1]}",)), fragment)
        for more, fragment in (
                (("--preset", "huge"), "huge"), (("--set", "epochs=0"), "epochs"), (("--set", "epochs"), "KEY=JSON"),
                (("--set", "epochs=["), "not JSON"), (("--set", "epochs=1", "--set", "epochs=2"), "each key once"),
                (("--set", "epochs=1,\"batch\":2"), "--set"), (("--set", "colour=1"), "colour"),
                (("--set", "learning_rate=1e400"), "1e400 is beyond binary64"),
                (("--minutes", "0"), "--minutes"), (("--minutes", "nan"), "--minutes"), (("--gflops", "-1"), "--gflops"),
                (("--gflops", "1e400"), "--gflops"), (("--delay-hours", "49"), "from 1 to 48"),
                (("--delay-hours", "47"), "<delay_bound> is 172800"), (("--seeds-per-unit", "0"), "--seeds-per-unit"),
                (("--seeds-per-unit", "9999"), "do not fit"), (("--app", "a/b"), "--app"),
                (("--templates", "/none"), "/none/axiom_in"), (("--program", "/none/axiom"), "cannot be run"),
                (("--program", "/bin/true"), "does not answer like axiom-client"),
                (("--gflops", "1", "--bench", "x"), "do not go together"), (("--next", "0"), "--next"),
                (("--bench", "/none.json"), "/none.json")):
            with self.subTest(more):
                self.refused(self.make(*more), fragment)
        self.refused(self.make(experiment="chess"), "chess")
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_bad_templates_of_work_units(self):
        unit = self.directory / "unit.json"
        good = {"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0"}
        for text, fragment in (("", "not JSON"), ("[]", "expected a JSON object"), ('{"a":1,"a":1}', "given twice"),
                               (json.dumps({**good, "seed": 3}), "'seed' is for make-work"),
                               (json.dumps({**good, "name": "n"}), "'name' is for make-work"),
                               (json.dumps({**good, "experiment_version": "1.0"}), "experiment_version"),
                               (json.dumps({**good, "colour": 1}), "colour"), ('{"schema": NaN}', "NaN")):
            unit.write_text(text)
            self.refused(self.make("--template", unit), fragment)
        unit.write_bytes(b"\xff")
        self.refused(self.make("--template", unit), "not UTF-8")
        self.refused(self.make("--template", self.directory), self.directory)
        self.refused(self.make("--template", "/dev/zero"), "/dev/zero: 67108864 bytes and more")
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        for option in ("--template", "--bench"):
            self.refused(self.make(option, pipe, timeout=60), f"{pipe}: a pipe that nobody writes to")
        self.assertFalse(self.out.exists())
        self.out.touch()
        self.refused(self.make(), f"{self.out}: not a folder")

    def test_a_work_unit_from_a_pipe(self):
        """Of a shell's <(...), whose writer may take his time."""
        good = json.dumps({"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0"})
        for wait in (0, 1.5):
            done = subprocess.run(["bash", "-c", 'exec "$0" "$@" --template <(sleep ' + f"{wait}; echo '{good}')", PACKAGING / "make-work",
                                   "make", "--next", "1", "--size", "cpu", "--out", self.out, "--program", CLIENT],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.jobs()), 2)

    def test_bad_templates_of_boinc(self):
        templates = self.directory / "templates"
        shutil.copytree(PACKAGING / "templates", templates)
        good_in, good_out = (templates / "axiom_in").read_text(), (templates / "axiom_out").read_text()
        for name, text, fragment in (("axiom_in", "<input_template>", "not XML"), ("axiom_in", "<a/>", "no <workunit>"),
                                     ("axiom_in", good_in.replace("4296015872", "500000000"), "create_work believes the template"),
                                     ("axiom_in", good_in.replace("4296015872", "lots"), "is no number"),
                                     ("axiom_in", good_in.replace("4296015872", "nan"), "is no number"),
                                     ("axiom_in", good_in.replace("172800", "-1"), "<delay_bound> is no number"),
                                     ("axiom_in", good_in.replace("4296015872", "4_296_015_872"), "is no number"),
                                     ("axiom_in", good_in.replace("172800", "48"), "<delay_bound> is 48 s, too few"),
                                     ("axiom_in", good_in.replace("172800", "1e5"), "<delay_bound> is no integer"),
                                     ("axiom_in", good_in.replace("172800", "172800.0"), "<delay_bound> is no integer"),
                                     ("axiom_in", good_in.replace("172800", "0100000"), "<delay_bound> is no integer"),
                                     ("axiom_in", good_in.replace("</workunit>", "<rsc_memory_bound>1</rsc_memory_bound></workunit>"),
                                      "<rsc_memory_bound> is there 2 times"),
                                     ("axiom_out", good_out.replace("<max_nbytes>", "<max_nbytes>1</max_nbytes><max_nbytes>"),
                                      "<max_nbytes> is there 2 times"),
                                     ("axiom_in", '<?xml version="1.0" encoding="none"?>' + good_in, "not XML"),
                                     ("axiom_out", good_out.replace("10000000", "nan"), "<max_nbytes> is no number"),
                                     ("axiom_out", good_out.replace("10000000", "inf"), "<max_nbytes> is no number"),
                                     ("axiom_out", "<a/>", "no <max_nbytes>"),
                                     ("axiom_out", good_out.replace("10000000", "1000"), "max_nbytes is 1000")):
            (templates / name).write_text(text)
            self.refused(self.make("--templates", templates), fragment)
            (templates / "axiom_in").write_text(good_in)
            (templates / "axiom_out").write_text(good_out)
        self.assertFalse(self.out.exists())

    def test_work_that_takes_longer_than_its_deadline(self):
        """BOINC would send it to nobody."""
        templates = self.directory / "templates"
        shutil.copytree(PACKAGING / "templates", templates)
        text = (templates / "axiom_in").read_text()
        slow = ("--templates", templates, "--minutes", "120", "--gflops", "6")
        for left in ("", "<delay_bound>3600</delay_bound>"):
            (templates / "axiom_in").write_text(text.replace("<delay_bound>172800</delay_bound>", left))
            self.refused(self.make(*slow, *([] if left else ["--delay-hours", "1"]), experiment="microscalev2"),
                         "a work unit takes 85.6 min at 6 GFLOP/s, and its deadline is after 60")
        (templates / "axiom_in").write_text(text)
        self.made(*slow, experiment="microscalev2")

    def test_bad_benchmarks(self):
        bench = self.directory / "bench.json"
        for name, speed, fragment in ((1, 5, "not what axiom-client bench"), ("avx2", "fast", "not what axiom-client bench"),
                                      ("avx2", 1e300, "GFLOP/s is the speed of no host"),
                                      ("avx2", 1e-300, "GFLOP/s is the speed of no host")):
            bench.write_text(json.dumps({"schema": 1, "backends": [{"name": name, "status": "equal", "experiments": [
                {"experiment": "neuronspec", "seeds_per_hour": speed}]}]}))
            self.refused(self.make("--bench", bench), fragment)
        self.assertFalse(self.out.exists())

    def test_the_bounds_that_are_shown_are_those_that_hold(self):
        unit = self.directory / "unit.json"
        unit.write_text(json.dumps({"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0", "minimum_ram_bytes": 0}))
        self.assertIn("rsc_memory_bound 4.296e+09", self.made("--template", unit))

    def test_an_interrupted_run_is_one_line_and_goes_on(self):
        self.out.mkdir()
        fifo = self.directory / "unit.json"
        os.mkfifo(fifo)
        process = subprocess.Popen(["/usr/bin/python3", PACKAGING / "make-work", "make", "--template", fifo, "--seeds", "1",
                                    "--size", "cpu", "--out", self.out, "--program", CLIENT], stderr=subprocess.PIPE, text=True)
        with open(fifo, "w"):  # it has begun: it reads, and is waited for
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            error = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 130)
        self.assertEqual(error, "error: stopped; the same command goes on\n")

    def test_a_full_disk_leaves_no_half_work_unit(self):
        self.out.symlink_to("/dev/full")  # no folder
        self.assertEqual(self.make().returncode, 1)
        self.out.unlink()
        # 8 KiB for all files: some of them do not fit.
        self.out.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", self.out], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no file system of a limited size can be mounted here")
        try:
            done = self.make(seeds="1-50")
            self.refused(done, f"error: {self.out}/", os.strerror(errno.ENOSPC))
            for path in self.out.iterdir():
                self.assertNotIn(".tmp", path.name)
            for job in self.jobs():
                self.assertEqual(json.loads(job.with_suffix(".json").read_text())["name"], job.stem)
                self.options(job)
        finally:
            subprocess.run(["umount", self.out], check=True)


if __name__ == "__main__":
    unittest.main()
