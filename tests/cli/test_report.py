"""`report`: many results together, against the same numbers computed here by Python's own means."""

import csv
import gzip
import json
import math
import pathlib
import shutil
import statistics
import xml.etree.ElementTree as xml

from support import CliTest, client

# Small, but with all that the figures show.
TINY = {
    "compgen": ["widths=[4,8]", "depths=[1]", "epochs=1", "trials=1"],
    "featrank": ["widths=[4,8]", "epochs=5", "trials=1"],
    "neuronspec": ["widths=[4,8]", "epochs=1", "trials=1"],
    "featcompv2": ["widths=[4,8]", "epochs=3", "measure_every=1"],
    "repalignv2": ["widths=[4,8]", "epochs=3", "measure_every=1", "networks=2"],
    "microscalev2": ["widths=[4,8]", "epochs=1", "depths=[1,2]", "fractions=[0.05,0.1]"],
}
FIGURES = {"compgen": 2, "featrank": 3, "neuronspec": 5, "featcompv2": 3, "repalignv2": 3, "microscalev2": 4}
MARK = "{http://www.w3.org/2000/svg}"


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


class Report(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.results = pathlib.Path(cls.enterClassContext(TemporaryResults()))

    def report(self, *arguments, **options):
        return client("report", *map(str, arguments), **options)

    def studies(self, *paths):
        done = self.report(*paths, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def copy(self, experiment, name=None, change=None):
        result = json.loads((self.results / f"{experiment}.result.json").read_text())
        if change:
            change(result)
        path = self.directory / (name or f"{experiment}.result.json")
        path.write_text(canonical(result))
        return path

    def test_means_and_deviations_of_every_key(self):
        for study in self.studies(self.results)["studies"]:
            seeds = json.loads((self.results / f"{study['experiment']}.result.json").read_text())["seeds"]
            flat = {key for key, value in seeds[0].items() if not isinstance(value, (str, dict))}
            self.assertEqual(set(study["keys"]), flat)
            for key, found in study["keys"].items():
                with self.subTest(experiment=study["experiment"], key=key):
                    values = [seed[key] for seed in seeds if seed[key] is not None and not key.endswith("_mask")]
                    self.assertEqual(found["seeds"], len(values))
                    if values:
                        self.assertTrue(math.isclose(found["mean"], statistics.fmean(values), rel_tol=1e-12, abs_tol=1e-15))
                    if len(values) > 1:
                        self.assertTrue(math.isclose(found["sd"], statistics.stdev(values), rel_tol=1e-9, abs_tol=1e-12))
                    else:
                        self.assertIsNone(found["sd"])

    def test_table_names_every_experiment_and_what_was_published(self):
        done = self.report(self.results)
        self.assertEqual(done.returncode, 0, done.stderr)
        for experiment in TINY:
            self.assertIn(f"{experiment} 2.0, preset default but for ", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^ +ratio_mean .* ≈ 1\.45 \(18 seeds\)$")
        self.assertRegex(done.stdout, r'(?m)^study 4: \{"batch":64,"depths":\[1,2\],.*\}\nmicroscalev2 2\.0, ')
        self.assertIn("files: 6, seeds: 18, seen again with the same bytes: 0\n", done.stdout)
        self.assertEqual(self.report(self.results, "--quiet").stdout, "")

    def test_csv_holds_the_numbers_of_the_files(self):
        path = self.directory / "all.csv"
        self.assertEqual(self.report(self.results, "--csv", path).returncode, 0)
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 18)
        for row in rows:
            seeds = json.loads((self.results / f"{row['experiment']}.result.json").read_text())["seeds"]
            seed = next(seed for seed in seeds if seed["seed"] == row["seed"])
            known = {"study", "experiment", "experiment_version", "preset", "seed"}
            for key in row.keys() - known:
                value = seed.get(key)
                if value is None:
                    self.assertEqual(row[key], "", key)
                else:
                    self.assertEqual(float(row[key]), value, key)
        self.assertEqual(len({row["study"] for row in rows}), 6)

    def test_page_is_whole_and_shows_every_figure(self):
        page = self.directory / "report.html"
        self.assertEqual(self.report(self.results, "--html", page).returncode, 0)
        text = page.read_text()
        self.assertNotRegex(text, r"<script|<link|<img|src=|url\(|@import|NaN|nan|inf\b")
        root = xml.fromstring(text.replace("<!doctype html>", "").replace('<meta charset="utf-8">', ""))
        sections = root.findall("body/section")
        self.assertEqual(len(sections), 6)
        for section in sections:
            experiment = section.find("h2").text.split()[1]
            charts = section.findall(f"div/{MARK}svg")
            self.assertEqual(len(charts), FIGURES[experiment], experiment)
            for chart in charts:
                _, _, width, height = map(float, chart.get("viewBox").split())
                marks = chart.findall(f"{MARK}circle")
                self.assertGreaterEqual(len(marks), 2, chart.get("aria-label"))
                for mark in marks:
                    self.assertTrue(0 < float(mark.get("cx")) < width and 0 < float(mark.get("cy")) < height)

    def test_neither_order_nor_files_change_what_comes_out(self):
        whole = json.loads((self.results / "repalignv2.result.json").read_text())
        parts = []
        for index, seed in enumerate(whole["seeds"]):
            part = self.directory / f"repalignv2-{index}.part.json.gz"
            part.write_bytes(gzip.compress(canonical({**whole, "seeds": [seed]}).encode()))
            parts.append(part)
        outputs = []
        for number, paths in enumerate(([self.results / "repalignv2.result.json"], parts, parts[::-1], [self.directory])):
            page, table = self.directory / f"{number}.html", self.directory / f"{number}.csv"
            done = self.report(*paths, "--html", page, "--csv", table)
            self.assertEqual(done.returncode, 0, done.stderr)
            outputs.append((page.read_bytes(), table.read_bytes()))
        self.assertEqual(len(set(outputs)), 1)

    def test_a_seed_that_is_there_twice_counts_once(self):
        shutil.copy(self.results / "neuronspec.result.json", self.directory / "neuronspec.result.0123456789ab.json")
        (self.directory / "neuronspec.result.notes.json").write_text("mine, and no result")
        both = self.studies(self.results / "neuronspec.result.json", self.directory)
        self.assertEqual((both["files"], both["repeated"], both["studies"][0]["seeds"]), (2, 3, 3))

    def test_results_in_subdirectories(self):
        for index, experiment in enumerate(TINY):
            place = self.directory / f"host {index}" / "2026"
            place.mkdir(parents=True)
            shutil.copy(self.results / f"{experiment}.result.json", place)
        (place / "up").symlink_to(self.directory)
        (place / "linked.result.json").symlink_to(place / f"{experiment}.result.json")
        (place / "none.result.json").mkdir()
        found = self.studies(self.directory)
        self.assertEqual((found["files"], found["repeated"], len(found["studies"])), (7, 3, 6))

    def test_other_parameters_are_another_study(self):
        done = client("--standalone", "--experiment", "neuronspec", "--seed", "5", "--set", "widths=[4]", "--set", "epochs=1",
                      "--set", "trials=1", "--quiet", "--out", str(self.directory))
        self.assertEqual(done.returncode, 0, done.stderr)
        both = self.studies(self.results / "neuronspec.result.json", self.directory)
        self.assertEqual(sorted(study["seeds"] for study in both["studies"]), [1, 3])

    def test_two_files_that_contradict_each_other(self):
        def flip(result):
            result["seeds"][1]["selectivity_w4"] += 2 ** -50
        wrong = self.copy("neuronspec", change=flip)
        done = self.report(self.results, self.directory, "--html", self.directory / "report.html")
        self.assert_error(done, 8, "differ, so one of them was computed wrongly")
        self.assertIn(str(wrong), done.stderr)
        self.assertIn(str(self.results / "neuronspec.result.json"), done.stderr)
        self.assertFalse((self.directory / "report.html").exists())

    def test_what_is_no_result_is_named_or_left_out(self):
        cases = {
            "empty": b"", "truncated": (self.results / "compgen.result.json").read_bytes()[:-40],
            "other version": canonical({"schema": 1, "experiment_version": "1.0"}).encode(), "list": b"[]\n",
            "cut gzip": gzip.compress(b"{}" * 100)[:-9],
        }
        for name, data in cases.items():
            with self.subTest(name):
                bad = self.directory / "bad.result.json"
                bad.write_bytes(data)
                self.assert_error(self.report(self.results, bad), 3, str(bad))
                done = self.report(self.results, bad, "--skip-damaged", "--csv", self.directory / "rest.csv")
                self.assertEqual(done.returncode, 3)
                self.assertIn(f"warning: left out: {bad}: ", done.stderr)
                self.assertIn("files left out: 1", done.stdout)
                self.assertEqual(len((self.directory / "rest.csv").read_text().splitlines()), 19)
        self.assert_error(self.report(bad, "--skip-damaged"), 3, "no result is left")

    def test_odd_seeds(self):
        def lose_key(result):
            del result["seeds"][2]["alignment_w8"]

        def lose_detail(result):
            del result["seeds"][0]["detail"]["configurations"]

        def text_for_number(result):
            result["seeds"][0]["detail"]["networks"]["width"][0] = "wide"

        def all_lose_key(result):
            for seed in result["seeds"]:
                del seed["alignment_w8"]

        def foreign_key(result):
            """Uploads come from anyone: on a terminal it cleared the screen, in a spreadsheet it was a formula."""
            for seed in result["seeds"]:
                seed["=1+\x1b[2J,\n"] = 1

        def huge(result):
            result["seeds"][0]["alignment_w4"] = 1e308

        def huge_detail(result):
            result["seeds"][0]["detail"]["networks"]["ratio"][0][0] = -1e308

        def unfinished(result):
            result["status"] = "running"
        for experiment, change, words in (("neuronspec", unfinished, 'a result is "complete"'),
                                          ("neuronspec", lose_key, 'has no number "alignment_w8"'),
                                          ("neuronspec", all_lose_key, 'has no number "alignment_w8"'),
                                          ("neuronspec", foreign_key, 'has "=1+?[2J,?", which neuronspec does not write'),
                                          ("neuronspec", huge, "has a number beyond 1e150"),
                                          ("featcompv2", huge_detail, "has a number beyond 1e150"),
                                          ("repalignv2", lose_detail, '"detail" of seed'),
                                          ("featcompv2", text_for_number, '"detail" of seed')):
            with self.subTest(words):
                odd = self.copy(experiment, change=change)
                self.assert_error(self.report(odd), 3, words)
                done = self.report(self.results, odd, "--skip-damaged")
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn("files: 6, seeds: 18, seen again with the same bytes: 0, files left out: 1\n", done.stdout)

    def test_paths_that_cannot_be_used(self):
        result = self.results / "compgen.result.json"
        (self.directory / "empty").mkdir()
        self.assert_error(self.report(), 2, "report needs result files or directories")
        self.assert_error(self.report(self.directory / "empty"), 3, "no results in")
        self.assert_error(self.report(self.directory / "missing.json"), 7, "missing.json")
        self.assert_error(self.report(result, "--html", self.directory), 7, "is a directory")
        self.assert_error(self.report(result, "--csv", self.directory / "no" / "x.csv"), 7, "x.csv")
        before = result.read_bytes()
        (self.directory / "link.csv").symlink_to(result)
        for same in (result, f"{self.results}/./{result.name}", self.directory / "link.csv"):
            self.assert_error(self.report(self.results, "--csv", same), 2, "is a result and cannot be written to")
        self.assertEqual(result.read_bytes(), before)
        self.assert_error(self.report(result, "--csv", f"{'x' * 300}/x", "--html", self.directory / "x"), 7, "File name too long")
        (self.directory / "here").symlink_to(self.directory)
        for page in ("x", "./x", "here/x"):
            self.assert_error(self.report(result, "--csv", self.directory / "x", "--html", f"{self.directory}/{page}"), 2, "cannot be both")
        # What is written first, under another name.
        self.assert_error(self.report(result, "--csv", self.directory / "y.tmp", "--html", self.directory / "y"), 2, "cannot be both")
        other = shutil.copy(result, self.directory / "y.tmp")
        self.assert_error(self.report(other, "--csv", self.directory / "y"), 2, "is a result and cannot be written to")
        self.assertEqual(pathlib.Path(other).read_bytes(), before)
        self.assert_error(self.report(result, "--html", ""), 2, "--html: empty path")
        self.assertFalse((self.directory / "x").exists())
        self.assert_error(self.report(result, "--threads", "2"), 2, "--threads and report do not go together")


class TemporaryResults:
    """A directory with a small result of each experiment, three seeds each."""

    def __enter__(self):
        import tempfile
        self.directory = tempfile.TemporaryDirectory(prefix="axiom-report-")
        for experiment, settings in TINY.items():
            done = client("--standalone", "--experiment", experiment, "--seed", "11", "--seeds", "3", "--quiet",
                          *[part for setting in settings for part in ("--set", setting)], "--out", self.directory.name)
            assert done.returncode == 0, done.stderr
        return self.directory.name

    def __exit__(self, *_):
        self.directory.cleanup()
