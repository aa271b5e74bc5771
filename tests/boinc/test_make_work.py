"""packaging/boinc/make-work: sizes and bounds from the plan; names, ranges and what is there already."""

import json
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as xml

from make_work_case import CLIENT, PACKAGING, MakeWork

EXPERIMENTS = ("compgen", "featrank", "neuronspec", "featcompv2", "repalignv2", "microscalev2")
GATE = (4 << 30) + (1 << 20)


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
                    self.assertEqual(int(options["--rsc_fpops_bound"]),
                                     {"cpu": 100, "gpu": 1000}[size] * int(options["--rsc_fpops_est"]))
                    self.assertGreaterEqual(int(options["--rsc_disk_bound"]), plan["disk_bytes"])
                    # 200 for a day at 1 GFLOP/s, as BOINC counts.
                    self.assertAlmostEqual(float(options["--credit"]) / (operations / 1e9 / 86400 * 200), 1, places=5)
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

    def test_work_that_takes_more_memory_than_clients_are_told_is_made_with_a_warning(self):
        for element in xml.parse(PACKAGING / "plan_class_spec.xml").iter("plan_class"):
            if element.find("cuda") is None:
                self.assertEqual(float(element.findtext("mem_usage_base_mb")) + float(element.findtext("mem_usage_per_cpu_mb")), 128)
        self.assertEqual(self.make(experiment="featcompv2", seeds="3").stderr, "")
        classes = self.directory / "classes.xml"
        classes.write_text((PACKAGING / "plan_class_spec.xml").read_text().replace("_mb>64<", "_mb>8<"))
        self.assertRegex(self.make("--plan-classes", classes, experiment="featcompv2", seeds="4").stderr,
                         r"\Awarning: a task takes [23][0-9] MB, and classes.xml as it is has clients told 17 MB: raise mem_usage_base_mb .*\n\Z")
        for text, fragment in (("<plan_classes>", "no plan_class_spec.xml that can be read"),
                               ("<a><plan_class><mem_usage_base_mb>x</mem_usage_base_mb></plan_class></a>", "could not convert"),
                               (None, "--plan-classes names plan_class_spec.xml")):
            classes.unlink()
            if text is not None:
                classes.write_text(text)
            self.refused(self.make("--plan-classes", classes, experiment="featcompv2", seeds="5"), fragment)
            classes.touch()
        classes.write_text("<plan_classes/>")  # clients are told what the work unit says
        self.assertEqual(self.make("--plan-classes", classes, experiment="featcompv2", seeds="6").stderr, "")

    def test_a_seed_that_takes_more_disk_than_most_hosts_give_is_made_with_a_warning(self):
        networks = ["--set", "widths=[1017,1018,1019,1020,1021,1022,1023,1024]", "--set", "trials=16", "--minutes", "60"]
        self.assertRegex(self.make(*networks, experiment="compgen", size="gpu").stderr,
                         r"\Awarning: one seed may take [0-9]{2}\.[0-9] GB of disk: hosts that give BOINC less .*\n\Z")

    def test_work_of_a_processors_size_has_the_disk_for_a_device_where_one_may_take_it(self):
        disk = {}
        for size, app in (("cpu", "axiom"), ("cpu", "axiom_gpu"), ("gpu", "axiom"), ("gpu", "axiom_gpu")):
            self.out = self.directory / f"{size}-{app}"
            self.made("--app", app, "--seeds-per-unit", "50", experiment="neuronspec", size=size)
            disk[size, app] = int(self.options(self.jobs()[0])["--rsc_disk_bound"])
        processors = disk.pop(("cpu", "axiom"))
        self.assertEqual(len(set(disk.values())), 1, disk)
        self.assertGreater(disk["gpu", "axiom"] - processors, 5_000_000)  # parameters of all networks at once, five times

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


if __name__ == "__main__":
    unittest.main()
