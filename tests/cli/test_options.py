"""Options, help, version, devices and self-test."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

from support import CLIENT, QUICK, CliTest, client


class Options(CliTest):
    def test_bad_options_are_one_line_and_exit_2(self):
        cases = [
            ([], "nothing to do"),
            (["--bogus"], "--bogus"),
            (["frobnicate"], "frobnicate"),
            (["--standalone"], "--work-unit FILE or --experiment"),
            (["--standalone", "--experiment", "compgen"], "no default seed"),
            (["--experiment", "compgen", "--seed", "1"], "needs --standalone"),
            (["--standalone", "--work-unit", "x.json", "--seed", "1"], "do not go together"),
            (["--standalone", "--work-unit", ""], "empty path"),
            (["--standalone", "--work-unit"], "--work-unit"),
            (["devices", "--seed", "1"], "do not go together"),
            (["devices", "--standalone"], "do not go together"),
            (["devices", "self-test"], "self-test"),
            (["bench", "--backend", "avx2"], "do not go together"),
            (["bench", "--seed", "1"], "do not go together"),
            (["bench", "--seconds", "4"], "from 5 to 600"),
            (["bench", "--seconds", "inf"], "--seconds"),
            (["devices", "--seconds", "9"], "--seconds"),
            (["plan"], "plan needs --work-unit FILE or --experiment"),
            (["plan", "--experiment", "compgen"], "no default seed"),
            (["plan", "--work-unit", "x.json", "--preset", "small"], "do not go together"),
            (["plan", "--experiment", "compgen", "--seed", "1", "--out", "x"], "do not go together"),
            (["plan", "--experiment", "compgen", "--seed", "1", "--standalone"], "do not go together"),
            (["verify"], "path of a result file"),
            (["verify", "a", "b"], "b"),
            ([*QUICK, "--seed", "8"], "--seed is given 2 times: give it once"),
            ([*QUICK, "--json", "--json", "--out", "a", "--out", "b", "--out", "c"], "--out is given 3 times"),
            (["bench", "--seconds", "9", "--seconds", "9"], "--seconds is given 2 times"),
            ([*QUICK, "--out"], "--out: 1 required"),
            ([*QUICK, "--set", "epochs"], "expected KEY=JSON"),
            ([*QUICK, "--set", "=3"], "expected KEY=JSON"),
            ([*QUICK, "--set", "epochs=2"], "given twice"),
            ([*QUICK, "--set", "batch=[1"], "not JSON"),
            ([*QUICK, "--set", "batch="], "empty"),
        ]
        for option, value in [("--seed", "-1"), ("--seed", "1.5"), ("--seed", "1e3"),
                              ("--seed", "0x10"), ("--seed", " 1"), ("--seed", ""),
                              ("--seed", "18446744073709551616"), ("--seeds", "0"),
                              ("--seeds", "10001"), ("--threads", "0"), ("--threads", "1025"),
                              ("--threads", "two"), ("--checkpoint-interval", "0"),
                              ("--checkpoint-interval", "-1"), ("--step-limit", "0"), ("--checkpoint-interval", "nan"),
                              ("--checkpoint-interval", "inf"), ("--checkpoint-interval", "1s"),
                              ("--priority", "high")]:
            base = ["--standalone", "--experiment", "neuronspec"]
            if option != "--seed":
                base += ["--seed", "7"]
            cases.append(([*base, f"{option}={value}"], option))
        for arguments, fragment in cases:
            with self.subTest(arguments=arguments):
                self.assert_error(client(*arguments, cwd=self.directory), 2, fragment)
        self.assertEqual(os.listdir(self.directory), [])  # nothing was begun

    def test_help_fits_a_screen_and_names_every_option(self):
        done = client("--help")
        self.assertEqual(done.returncode, 0)
        lines = done.stdout.splitlines()
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        for word in ["--standalone", "--work-unit", "--experiment", "--seed", "--seeds", "--preset",
                     "--set", "--out", "--data-dir", "--checkpoint-interval", "--step-limit", "--priority",
                     "--backend", "--threads", "--json", "--quiet", "--version", "--help",
                     "bench", "devices", "plan", "verify", "report", "self-test", "upload", "update", "compgen", "featrank", "neuronspec",
                     "featcompv2", "repalignv2", "microscalev2"]:
            self.assertIn(word, done.stdout)
        self.assertEqual(client("-h").stdout, done.stdout)
        self.assertIn("--threads N         default: all processors; with a GPU 2\n", done.stdout)
        self.assertEqual(client("devices", "--help").stdout, done.stdout)

    def test_each_option_is_in_one_of_the_two_helps(self):
        client_folder = pathlib.Path(__file__).parents[2] / "client"
        for source, command in (("command_line.cpp", []), ("network_options.cpp", ["upload"])):
            declared = re.findall(r'add_(?:option|flag)\("(?:-\w,)?(--[\w-]+)"', (client_folder / source).read_text())
            self.assertGreater(len(declared), 15)
            text = client(*command, "--help").stdout
            for option in declared:
                self.assertRegex(text, rf"{option}\b(?!-)")

    def test_version(self):
        done = client("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout,
                         r"^axiom-client \d+\.\d+\.\d+ \(experiments 2\.0, build \S+\)\n$")

    def test_unknown_backend_is_an_error(self):
        self.assert_error(self.quick("--backend", "gpu"), 5, 'unknown backend "gpu"')
        self.assert_error(client("devices", "--backend", "AVX2"), 5, 'unknown backend "AVX2"')

    def test_unavailable_backend_is_an_error(self):
        listed = json.loads(client("devices", "--json").stdout)["backends"]
        missing = [entry for entry in listed
                   if not entry["available"] and not entry["name"].startswith("cuda")]
        if not missing:
            self.skipTest("this processor can run every backend")
        self.assert_error(self.quick("--backend", missing[0]["name"]), 5, "cannot run")

    def test_a_current_directory_that_may_not_be_looked_into(self):
        """As after `su` from another user's home: it is no slot, and that is no reason to end."""
        program = self.directory / "axiom-client"
        shutil.copy(CLIENT, program)
        self.directory.chmod(0o755)
        home = self.directory / "home"
        home.mkdir()

        def enter():
            os.chdir(home)
            home.chmod(0)
            if os.geteuid() == 0:
                os.setuid(65534)
        done = subprocess.run([program, "--version"], capture_output=True, text=True, preexec_fn=enter)
        home.chmod(0o700)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("axiom-client ", done.stdout)


class Devices(CliTest):
    def test_text_and_json_agree(self):
        text = client("devices")
        self.assertEqual(text.returncode, 0)
        done = client("devices", "--json")
        value = json.loads(done.stdout)
        names = [entry["name"] for entry in value["backends"]]
        self.assertEqual(names[-3:], ["avx512", "avx2", "reference"])
        self.assertEqual(names[:-3], [f"cuda:{i}" for i in range(len(names) - 3)])
        self.assertTrue(value["backends"][-1]["available"])
        self.assertGreater(value["memory_bytes"], value["available_bytes"])
        for entry in value["backends"]:
            line = next(x for x in text.stdout.splitlines() if x.startswith(entry["name"]))
            self.assertIn("available" if entry["available"] else entry["reason"], line)
            self.assertEqual(value["backend"] == entry["name"], "chosen" in line)
        self.assertIn(value["processor"], text.stdout)
        kernels = re.search("^kernels    (.*)$", text.stdout, re.M).group(1)
        for entry in value["kernels"]:
            self.assertIn(f" {entry['capability'] // 10}.{entry['capability'] % 10}", kernels)
        self.assertEqual(not value["kernels"], kernels == "none: built without a CUDA compiler")

    def test_self_test_passes_within_a_second(self):
        start = time.monotonic()
        done = client("self-test")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotEqual(done.stdout, "")
        self.assertLess(time.monotonic() - start, 5)  # 1 s on a machine that is not busy

    def test_subcommands_refuse_what_they_would_not_heed(self):
        options = (["--json"], ["--backend", "avx2"], ["--threads", "1"], ["--replay", "1"], ["--data-dir", "/tmp"])
        for command in (["self-test"], ["upload", "/"], ["update", "--check", "--channel", "https://localhost/"]):
            for option in options:
                if option == ["--json"] and command[0] == "update":
                    continue
                self.assert_error(client(*command, *option), 2, option[0] + f" and {command[0]} do not go together")
