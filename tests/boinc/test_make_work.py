"""packaging/boinc/make-work: sizes and bounds from the plan, names, ranges, what it refuses; issuing to a project's tools.

The tools of the project are small stand-ins here; prove_on_server.py uses the real ones.
"""

import errno
import fcntl
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

CLIENT = os.environ.get("AXIOM_CLIENT", "")
PACKAGING = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "boinc"
EXPERIMENTS = ("compgen", "featrank", "neuronspec", "featcompv2", "repalignv2", "microscalev2")
GATE = (4 << 30) + (1 << 20)

# create_work as the real one behaves: a name that is there is an error of the database.
CREATE_WORK = """#!/bin/sh
for name in "$@"; do if [ "$previous" = --wu_name ]; then wu=$name; fi; previous=$name; done
[ -e fail ] && { echo "create_work: can't open database" >&2; exit 1; }
[ -e download/00/$name ] || { echo "no file $name" >&2; exit 1; }
grep -qx "$wu" database 2>/dev/null && { echo "create_work: workunit.insert() Duplicate entry '$wu' for key 'name'" >&2; exit 1; }
echo "$wu" >> database
echo "$@" >> calls
"""
DIR_HIER_PATH = """#!/bin/sh
mkdir -p download/00
echo "$PWD/download/00/$1"
"""


def run(*arguments, **options):
    return subprocess.run(["/usr/bin/python3", PACKAGING / "make-work", *map(str, arguments)], capture_output=True, text=True,
                          **options)


class MakeWork(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-work-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = self.directory / "work"

    def make(self, *arguments, experiment="neuronspec", size="cpu", seeds="1-2", **options):
        work = [] if "--template" in arguments else ["--experiment", experiment]
        seeds = [] if "--next" in arguments else ["--seeds", seeds]
        return run("make", *work, *seeds, "--size", size, "--out", self.out, "--program", CLIENT, *arguments, **options)

    def made(self, *arguments, **options):
        done = self.make(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, done, *fragments):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stderr, r"\Aerror: [^\n]+\n\Z")
        for fragment in fragments:
            self.assertIn(str(fragment), done.stderr)
        self.assertEqual(done.stdout, "")

    def jobs(self):
        return sorted(self.out.glob("*.job"), key=lambda path: int(path.stem.rpartition("_")[2]))

    def options(self, job):
        words = shlex.split(job.read_text())
        self.assertEqual(words[-1], f"{job.stem}.json")
        return dict(zip(words[:-1:2], words[1:-1:2]))


class Sizes(MakeWork):
    def plan(self, unit):
        done = subprocess.run([CLIENT, "plan", "--work-unit", unit, "--json"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)  # the program takes what was made
        return json.loads(done.stdout)

    def test_all_experiments_in_both_sizes_keep_their_limits(self):
        limits = {"cpu": (15 * 60, 40e9, 10_000_000), "gpu": (30 * 60, 500e9, 40_000_000)}
        for experiment in EXPERIMENTS:
            for size, (seconds, speed, result) in limits.items():
                with self.subTest(experiment=experiment, size=size):
                    self.out = self.directory / f"{experiment}-{size}"
                    self.made(experiment=experiment, size=size, seeds="7")
                    job, = self.jobs()
                    plan = self.plan(job.with_suffix(".json"))
                    options = self.options(job)
                    operations = plan["training_flops"] + plan["evaluation_flops"]
                    self.assertAlmostEqual(float(options["--rsc_fpops_est"]), operations, delta=1)
                    self.assertGreaterEqual(float(options["--rsc_fpops_bound"]), 10 * operations)
                    self.assertGreaterEqual(int(options["--rsc_disk_bound"]), plan["disk_bytes"])
                    self.assertLess(int(options["--rsc_disk_bound"]), 1.1e10)
                    self.assertLessEqual(operations / speed, seconds)
                    self.assertLessEqual(plan["result_bytes"], result)
                    # As full as one of the limits allows.
                    one_more = 1 + 1 / plan["seeds"]
                    full = (one_more * operations / speed > seconds or one_more * plan["result_bytes"] > result or
                            int(options["--rsc_disk_bound"]) > 7.5e9 or plan["seeds"] == 10000)
                    self.assertTrue(full, plan)

    def test_every_bound_is_in_the_template_or_the_job(self):
        """BOINC's own defaults would send the work to any host."""
        self.made()
        template = xml.parse(PACKAGING / "templates" / "axiom_in").find("workunit")
        options = self.options(self.jobs()[0])
        for key in ("rsc_fpops_est", "rsc_fpops_bound", "rsc_memory_bound", "rsc_disk_bound", "delay_bound"):
            found = [template.findtext(key), options.get(f"--{key}")]
            self.assertEqual(found.count(None), 1, (key, found))
        self.assertEqual(int(template.findtext("rsc_memory_bound")), GATE)
        self.assertLessEqual(int(template.findtext("delay_bound")), 48 * 3600)
        self.assertEqual(template.findtext("min_quorum"), "2")

    def test_a_template_without_bounds_gets_them_as_options(self):
        templates = self.directory / "templates"
        shutil.copytree(PACKAGING / "templates", templates)
        text = (templates / "axiom_in").read_text()
        (templates / "axiom_in").write_text(re.sub("<(rsc_memory_bound|delay_bound)>.*\n", "", text))
        self.made("--templates", templates, "--delay-hours", "24")
        options = self.options(self.jobs()[0])
        self.assertEqual(int(options["--rsc_memory_bound"]), GATE)
        self.assertEqual(int(options["--delay_bound"]), 24 * 3600)

    def test_work_that_needs_more_memory_raises_the_gate_or_is_refused(self):
        unit = self.directory / "unit.json"
        unit.write_text(json.dumps({"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0",
                                    "minimum_ram_bytes": 8 << 30}))
        self.refused(self.make("--template", unit), "<rsc_memory_bound> is 4296015872", (8 << 30) + (1 << 20))
        self.assertFalse(self.out.exists())

    def test_speed_from_a_benchmark(self):
        plan = json.loads(subprocess.run([CLIENT, "plan", "--experiment", "featrank", "--seed", "1", "--json"],
                                         capture_output=True, check=True).stdout)
        operations = plan["training_flops"] + plan["evaluation_flops"]
        entry = {"experiment": "featrank", "seeds_per_hour": 36.0, "seeds_per_hour_all_threads": 3600.0}
        backend = {"name": "avx2", "status": "equal", "experiments": [entry]}
        other = {**backend, "name": "avx512", "experiments": [{**entry, "seeds_per_hour": 3600.0}]}
        bench = self.directory / "bench.json"
        bench.write_text(json.dumps({"schema": 1, "backends": [other, backend, {**backend, "name": "cuda:0"}]}))
        self.assertIn("work units of 9 seeds", self.made("--bench", bench, experiment="featrank"))  # 100 s each, 15 min
        self.out = self.directory / "gpu"
        self.assertIn("work units of 946 seeds", self.made("--bench", bench, experiment="featrank", size="gpu"))
        self.out = self.directory / "slow"
        self.assertIn("work units of 3 seeds", self.made("--gflops", operations * 3.5 / 900 / 1e9, experiment="featrank"))
        self.assertIn("11.7 min", self.made("--gflops", operations * 3.5 / 820 / 1e9, "--next", "1", "--seeds-per-unit", "3",
                                            experiment="featrank"))
        for text, fragment in (("{}", "not what axiom-client bench"), ("[", "not JSON"), ('{"a":1,"a":2}', "given twice"),
                               (json.dumps({"schema": 2, "backends": [backend]}), "not what axiom-client bench"),
                               (json.dumps({"schema": 1, "backends": [{**backend, "status": "broken"}]}), "no usable processor")):
            bench.write_text(text)
            self.refused(self.make("--bench", bench, experiment="featrank"), fragment)

    def test_a_seed_that_takes_too_long_is_refused(self):
        self.refused(self.make("--gflops", "20", experiment="microscalev2"), "one seed takes 25.7 min", "--minutes")
        self.assertIn("of 1 seed ", self.made("--gflops", "20", "--minutes", "30", experiment="microscalev2"))


class Names(MakeWork):
    def test_a_range_is_made_once(self):
        self.assertIn("3 work units", self.made(seeds="5-7"))
        before = {path.name: path.read_bytes() for path in self.out.iterdir()}
        self.assertIn("0 work units", self.made(seeds="5-7"))
        self.assertIn("3 were there already", self.made(seeds="5-7", size="gpu"))  # the same seeds in another size
        self.assertEqual({path.name: path.read_bytes() for path in self.out.iterdir()}, before)
        self.assertIn("1 work unit of", self.made(seeds="7-8"))
        names = [job.stem for job in self.jobs()]
        self.assertEqual([name.rpartition("_")[2] for name in names], ["5", "6", "7", "8"])
        for job in self.jobs():
            unit = json.loads(job.with_suffix(".json").read_text())
            self.assertEqual((unit["name"], unit["seed"]), (job.stem, int(job.stem.rpartition("_")[2])))
            self.assertEqual(self.options(job)["--wu_name"], job.stem)

    def test_next_goes_on_after_the_highest(self):
        self.made("--next", "2")
        self.made(seeds="9")
        self.made("--next", "2")
        self.assertEqual([int(job.stem.rpartition("_")[2]) for job in self.jobs()], [1, 2, 9, 10, 11])
        # Other parameters are another family, which starts anew.
        self.made("--next", "1", "--set", "epochs=5")
        self.assertEqual(len({job.stem.rpartition("_")[0] for job in self.jobs()}), 2)

    def test_names_do_not_depend_on_how_the_work_is_said(self):
        unit = self.directory / "unit.json"
        unit.write_text(json.dumps({"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0", "preset": "default",
                                    "parameters": {"epochs": 50}}))
        self.made(seeds="1")
        self.assertIn("1 were there already", self.made("--template", unit, seeds="1"))

    def test_work_units_without_a_job_are_made_again(self):
        self.made(seeds="1-2")
        lost = self.jobs()[0]
        text = lost.read_text()
        lost.unlink()
        self.made(seeds="1-2")
        self.assertEqual(lost.read_text(), text)


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
                (("--minutes", "0"), "--minutes"), (("--minutes", "nan"), "--minutes"), (("--gflops", "-1"), "--gflops"),
                (("--gflops", "1e400"), "--gflops"), (("--delay-hours", "49"), "from 1 to 48"),
                (("--delay-hours", "47"), "<delay_bound> is 172800"), (("--seeds-per-unit", "0"), "--seeds-per-unit"),
                (("--seeds-per-unit", "9999"), "do not fit"), (("--app", "a/b"), "--app"),
                (("--templates", "/none"), "/none/axiom_in"), (("--program", "/none/axiom"), "cannot be run"),
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
        self.assertFalse(self.out.exists())

    def test_bad_templates_of_boinc(self):
        templates = self.directory / "templates"
        shutil.copytree(PACKAGING / "templates", templates)
        good_in, good_out = (templates / "axiom_in").read_text(), (templates / "axiom_out").read_text()
        for name, text, fragment in (("axiom_in", "<input_template>", "not XML"), ("axiom_in", "<a/>", "no <workunit>"),
                                     ("axiom_in", good_in.replace("4296015872", "500000000"), "create_work believes the template"),
                                     ("axiom_in", good_in.replace("4296015872", "lots"), "is no number"),
                                     ("axiom_out", "<a/>", "no <max_nbytes>"),
                                     ("axiom_out", good_out.replace("10000000", "1000"), "max_nbytes is 1000")):
            (templates / name).write_text(text)
            self.refused(self.make("--templates", templates), fragment)
            (templates / "axiom_in").write_text(good_in)
            (templates / "axiom_out").write_text(good_out)
        self.assertFalse(self.out.exists())

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
            self.refused(done, os.strerror(errno.ENOSPC))
            for path in self.out.iterdir():
                self.assertNotIn(".tmp", path.name)
            for job in self.jobs():
                self.assertEqual(json.loads(job.with_suffix(".json").read_text())["name"], job.stem)
                self.options(job)
        finally:
            subprocess.run(["umount", self.out], check=True)


class Issue(MakeWork):
    def setUp(self):
        super().setUp()
        self.project = self.directory / "project"
        (self.project / "bin").mkdir(parents=True)
        for name, text in (("create_work", CREATE_WORK), ("dir_hier_path", DIR_HIER_PATH)):
            (self.project / "bin" / name).write_text(text)
            (self.project / "bin" / name).chmod(0o755)
        self.made(seeds="1-3")

    def issue(self):
        return run("issue", "--out", self.out, "--project", self.project)

    def calls(self):
        path = self.project / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def test_each_work_unit_is_issued_once(self):
        self.assertEqual(self.issue().stdout, "3 work units issued\n")
        self.assertEqual(self.issue().stdout, "0 work units issued\n")
        self.made("--next", "1")
        self.assertEqual(self.issue().stdout, "1 work unit issued\n")
        self.assertEqual(len(self.calls()), 4)
        for job in self.jobs():
            staged = self.project / "download" / "00" / f"{job.stem}.json"
            self.assertEqual(staged.read_bytes(), job.with_suffix(".json").read_bytes())
            self.assertEqual(os.stat(staged).st_mode & 0o777, 0o644)
            self.assertIn(job.read_text().strip(), self.calls())

    def test_after_a_failure_the_rest_follows(self):
        (self.project / "fail").touch()
        self.refused(self.issue(), "can't open database")
        self.assertEqual(self.calls(), [])
        (self.project / "fail").unlink()
        self.assertEqual(self.issue().returncode, 0)
        self.assertEqual(len(self.calls()), 3)

    def test_ended_between_create_work_and_the_mark(self):
        self.issue()
        next(self.out.glob("*.issued")).unlink()
        done = self.issue()
        self.assertEqual(done.returncode, 0)
        self.assertIn("has it already", done.stderr)
        self.assertEqual(len(self.calls()), 3)

    def test_files_of_boinc_never_change(self):
        (self.project / "download" / "00").mkdir(parents=True)
        (self.project / "download" / "00" / f"{self.jobs()[0].stem}.json").write_text("other")
        self.refused(self.issue(), "there is another file of this name")
        self.assertEqual(self.calls(), [])

    def test_what_is_missing_is_said(self):
        self.refused(run("issue", "--out", self.directory / "none", "--project", self.project), "no such folder")
        self.refused(run("issue", "--out", self.out, "--project", self.directory / "none"), "no such folder")
        self.refused(run("issue", "--out", self.out, "--project", self.directory), "dir_hier_path: not there")
        self.jobs()[0].with_suffix(".json").unlink()
        self.refused(self.issue(), "is not issued")

    def test_two_at_a_time_are_refused(self):
        with open(self.out / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refused(self.issue(), "another make-work")
            self.refused(self.make(seeds="9"), "another make-work")


if __name__ == "__main__":
    unittest.main()
