"""packaging/boinc/make-work issue: each work unit once, whatever fails in between.

The project's tools are small stand-ins here; prove_on_server.py uses the real ones.
"""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as xml
from unittest import mock

from make_work_case import CLIENT, PACKAGING, MakeWork, run

sys.path.insert(0, str(PACKAGING))
import work_files  # noqa: E402

# create_work as the real one behaves: a name that is there is an error of the database; a result template that is not there
# is none, and nothing is made.
CREATE_WORK = """#!/bin/sh
for name in "$@"; do
  case "$previous" in --wu_name) wu=$name;; --wu_template) input=$name;; --result_template) output=$name;; esac
  previous=$name
done
[ -e "$input" ] || { echo "create_work: can't open input template $input" >&2; exit 1; }
[ -e "$output" ] || { echo "create_work: result template file $output doesn't exist" >&2; exit 0; }
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


SERVER_PAGE = (PACKAGING.parents[1] / "docs" / "BOINC_SERVER.md").read_text()


def documented(heading):
    """The first commands below a heading of docs/BOINC_SERVER.md."""
    text = SERVER_PAGE.partition(f"## {heading}\n")[2]
    return re.sub("^    ", "", re.search("(^    .*\n)+", text, re.M).group(), flags=re.M)


class Documented(MakeWork):
    def lay_out_project(self):
        """What of make_project's directories the commands use; its logs are in log_HOST."""
        for folder in ("bin", "templates"):
            (self.directory / folder).mkdir()
        for name, text in (("create_work", CREATE_WORK), ("dir_hier_path", DIR_HIER_PATH), ("xadd", "#!/bin/sh\n")):
            (self.directory / "bin" / name).write_text(text)
            (self.directory / "bin" / name).chmod(0o755)

    def given(self, commands, shell="bash"):
        places = {"SRC": str(PACKAGING.parents[1]), "BUILD": str(pathlib.Path(CLIENT).parent)}
        done = subprocess.run([shell, "-ec", commands], cwd=self.directory, env={**os.environ, **places},
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), commands)
        return done

    def test_the_commands_as_a_scientist_copies_them(self):
        """In a project's directory, where nothing of the sources lies beside make-work."""
        self.lay_out_project()
        for heading, size in (("Once", ""), ("Daily work", "cpu"), ("Daily work", "gpu")):
            done = self.given(documented(heading).replace("--next 500", "--next 3").replace("--size cpu", f"--size {size}"))
        self.assertIn("3 work units issued", done.stdout)
        self.assertEqual(len((self.directory / "database").read_text().splitlines()), 6)
        # The templates are found, too, by who leaves them out.
        done = subprocess.run(["bin/make-work", "make", "--experiment", "compgen", "--next", "1", "--size", "cpu", "--out", "work",
                               "--program", "bin/axiom-client"], cwd=self.directory, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_cron_job(self):
        """cron gives it to sh."""
        self.lay_out_project()
        self.given(documented("Once"))
        line, = re.findall(r"^    15 3 \* \* \*  cd ~/projects/axiom && (.*)$", SERVER_PAGE, re.M)
        self.assertNotIn("%", line)  # which cron takes for the end of the command
        self.given(line.replace("--next 500", "--next 3"), shell="sh")
        self.assertIn("3 work units issued", (self.directory / "make-work.log").read_text())

    def test_bin_start_starts_all_daemons(self):
        """BOINC's start tells them apart by output and pid_file, by the program's name where there are none."""
        daemons = [(command.split()[0], command.partition("--app ")[2].partition(" ")[0], output, pid_file)
                   for command, output, pid_file in re.findall(
                       "<daemon><cmd>(.*?)</cmd>(?:<output>(.*?)</output>)?(?:<pid_file>(.*?)</pid_file>)?</daemon>", SERVER_PAGE)]
        apps = [app.text for app in xml.parse(PACKAGING / "project.xml").iterfind("app/name")]
        self.assertEqual([(program, app) for program, app, _, _ in daemons],
                         [("feeder", "")] + [(program, app) for program in ("sample_bitwise_validator", "script_assimilator")
                                             for app in apps])
        for of_program, suffix in ((lambda daemon: daemon[2], ".lock"), (lambda daemon: daemon[3], ".pid")):
            names = [of_program(daemon) or f"{daemon[0]}{suffix}" for daemon in daemons]
            self.assertEqual(len(set(names)), len(daemons), names)


class Issue(MakeWork):
    def setUp(self):
        super().setUp()
        self.project = self.directory / "project"
        (self.project / "bin").mkdir(parents=True)
        for name, text in (("create_work", CREATE_WORK), ("dir_hier_path", DIR_HIER_PATH)):
            (self.project / "bin" / name).write_text(text)
            (self.project / "bin" / name).chmod(0o755)
        shutil.copytree(PACKAGING / "templates", self.project / "templates")
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
            self.assertIn(job.read_text().splitlines()[0], self.calls())

    def test_staged_files_are_for_everybody_from_the_first_moment(self):
        """If it is killed then, the next call takes the file as it is, and no client may download it."""
        modes = []
        replace = os.replace

        def seen(draft, path):
            modes.append(os.stat(draft).st_mode & 0o777)
            replace(draft, path)
        self.addCleanup(os.umask, os.umask(0o077))
        with mock.patch.object(os, "replace", seen):
            work_files.issue(self.out, self.project, self.fail)
        self.assertEqual(modes, [0o644, 0o600] * 3)

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

    def test_a_database_that_speaks_another_language(self):
        name = "compgen_default_0123abcd_17"
        for said in (f"Duplicate entry '{name}' for key 'name'", f"Duplicate entry '{name}' for key 'workunit.name'",
                     f"Database error: Doppelter Eintrag '{name}' für Schlüssel 'name'; query=insert into workunit set name='{name}'",
                     f"Dupliceret værdi '{name}' for indeks 'name'"):
            self.assertTrue(work_files._is_duplicate(name, said), said)
        for said in (f"Table 'workunit' is full; query=insert into workunit set name='{name}', appid='1'",
                     f"Duplicate entry '{name}8' for key 'name'", "can't open database 'name'", ""):
            self.assertFalse(work_files._is_duplicate(name, said), said)

    def test_files_of_boinc_never_change(self):
        (self.project / "download" / "00").mkdir(parents=True)
        (self.project / "download" / "00" / f"{self.jobs()[0].stem}.json").write_text("other")
        mark = self.jobs()[0].with_suffix(".issued")
        self.refused(self.issue(), "there is another file of this name", f"touch {mark}")
        self.assertEqual(self.calls(), [])
        mark.touch()
        self.assertEqual(self.issue().stdout, "2 work units issued\n")

    def test_what_is_missing_is_said(self):
        self.refused(run("issue", "--out", self.directory / "none", "--project", self.project), "no such folder")
        self.refused(run("issue", "--out", self.out, "--project", self.directory / "none"), "no such folder")
        self.refused(run("issue", "--out", self.out, "--project", self.directory), "dir_hier_path: not there")
        self.jobs()[0].with_suffix(".json").unlink()
        self.refused(self.issue(), "is not issued")

    def test_without_its_templates_nothing_is_issued(self):
        """Else it would be marked as issued, and never computed."""
        for name in ("axiom_in", "axiom_out"):
            template = self.project / "templates" / name
            template.rename(self.directory / name)
            self.refused(self.issue(), f"{template}: not there")
            self.assertEqual(list(self.out.glob("*.issued")), [])
            (self.directory / name).rename(template)
        self.assertEqual(self.issue().stdout, "3 work units issued\n")

    def test_templates_that_were_changed_meanwhile_still_give_the_work_what_it_needs(self):
        """They beat the options of create_work: hosts of 4 GB would get it, or its result be too long to be uploaded."""
        result = re.search("max_nbytes=([0-9]+)", self.jobs()[0].read_text()).group(1)
        for name, before, after, fragment in (
                ("axiom_in", "4296015872", "4294967296", "<rsc_memory_bound> is 4294967296, the work needs 4296015872"),
                ("axiom_in", "<rsc_memory_bound>4296015872</rsc_memory_bound>", "", "no <rsc_memory_bound>, which it had"),
                ("axiom_in", "</workunit>", "<rsc_disk_bound>1e6</rsc_disk_bound></workunit>", "<rsc_disk_bound> is 1000000, the work"),
                ("axiom_in", "172800", "259200", "<delay_bound> is 259200 s, more than the 172800 s"),
                ("axiom_out", ">10000000<", f">{int(result) - 1}<", f"the result takes up to {result}"),
                ("axiom_out", "</output_template>", "", "not XML")):
            template = self.project / "templates" / name
            text = template.read_text()
            self.assertIn(before, text)
            template.write_text(text.replace(before, after))
            self.refused(self.issue(), template, fragment)
            self.assertEqual(self.calls(), [])
            template.write_text(text)
        template = self.project / "templates" / "axiom_in"
        template.write_text(template.read_text().replace("<target_nresults>2<", "<target_nresults>3<").replace("172800", "86400"))
        self.assertEqual(self.issue().stdout, "3 work units issued\n")

    def test_damaged_files_are_not_issued(self):
        """Each task of them would fail; made anew, all follow."""
        job = self.jobs()[0]
        unit = job.with_suffix(".json")
        for path, contents in ((job, (b"", b"it's\n", b"\xff", b"--appname axiom\n", b"'a\0' " + unit.name.encode(),
                                      job.read_bytes().splitlines()[0])),
                               (unit, (b"", b"\xff", b"[]", b'{"name": "other"}', unit.read_bytes()[:-9]))):
            for content in contents:
                with self.subTest(path.suffix, content=content):
                    path.write_bytes(content)
                    self.refused(self.issue(), path)
                    self.assertEqual(self.calls(), [])
            job.unlink()
            self.made(seeds="1-3")
        self.assertEqual(self.issue().stdout, "3 work units issued\n")

    def test_two_at_a_time_are_refused(self):
        with open(self.out / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refused(self.issue(), "another make-work")
            self.refused(self.make(seeds="9"), "another make-work")

    def test_what_is_no_file_is_named_and_not_waited_for(self):
        job = self.jobs()[0]
        staged = self.project / "download" / "00" / f"{job.stem}.json"
        staged.parent.mkdir(parents=True)
        for path in (job, job.with_suffix(".json"), staged, self.project / "templates" / "axiom_in"):
            kept = path.rename(self.directory / "kept") if path.exists() else None
            os.mkfifo(path)
            self.refused(run("issue", "--out", self.out, "--project", self.project, timeout=60), path)
            path.unlink()
            path.mkdir()
            self.refused(self.issue(), path)
            path.rmdir()
            if kept:
                kept.rename(path)
        (self.out / ".lock").unlink()
        os.mkfifo(self.out / ".lock")
        self.assertEqual(run("issue", "--out", self.out, "--project", self.project, timeout=60).stdout, "3 work units issued\n")


if __name__ == "__main__":
    unittest.main()
