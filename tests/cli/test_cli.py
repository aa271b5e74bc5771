#!/usr/bin/env python3
"""The program as a user and a script meet it: options, exit codes, one-line errors, files.

The executable's path is taken from AXIOM_CLIENT. Only Python's standard library is used.
"""

import errno
import hashlib
import json
import os
import pathlib
import pty
import random
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

CLIENT = os.environ.get("AXIOM_CLIENT", "")

# Small but real: a second or less on any backend.
TINY = ["--set", "widths=[4,8]", "--set", "epochs=2", "--set", "trials=1"]
QUICK = ["--standalone", "--experiment", "neuronspec", "--seed", "7", *TINY]
# Long enough to be stopped: minutes on one thread.
LONG = ["--standalone", "--experiment", "compgen", "--seed", "7", "--set", "widths=[256]",
        "--set", "depths=[3]", "--set", "epochs=2000", "--threads", "1"]


def client(*arguments, **options):
    options.setdefault("timeout", 300)
    return subprocess.run([CLIENT, *arguments], capture_output=True, text=True, **options)


class CliTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-cli-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = str(self.directory / "out")

    def quick(self, *arguments, **options):
        return client(*QUICK, "--out", self.out, *arguments, **options)

    def result(self, experiment="neuronspec"):
        return (self.directory / "out" / f"{experiment}.result.json").read_bytes()

    def assert_error(self, done, code, fragment):
        """One line on standard error that says what is wrong, nothing on standard output."""
        self.assertEqual(done.returncode, code, done.stderr)
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertIn(fragment, errors[0])
        self.assertLess(len(errors[0]), 600)
        self.assertEqual(done.stdout, "")


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
            (["verify"], "path of a result file"),
            (["verify", "a", "b"], "b"),
            ([*QUICK, "--seed", "8"], "--seed"),
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
                              ("--checkpoint-interval", "-1"), ("--checkpoint-interval", "nan"),
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
                     "--set", "--out", "--data-dir", "--checkpoint-interval", "--priority",
                     "--backend", "--threads", "--json", "--quiet", "--version", "--help",
                     "devices", "verify", "self-test", "compgen", "featrank", "neuronspec",
                     "featcompv2", "repalignv2", "microscalev2"]:
            self.assertIn(word, done.stdout)
        self.assertEqual(client("-h").stdout, done.stdout)
        self.assertEqual(client("devices", "--help").stdout, done.stdout)

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
        missing = [entry for entry in listed if not entry["available"]]
        if not missing:
            self.skipTest("this processor can run every backend")
        self.assert_error(self.quick("--backend", missing[0]["name"]), 5, "cannot run")


class Devices(CliTest):
    def test_text_and_json_agree(self):
        text = client("devices")
        self.assertEqual(text.returncode, 0)
        done = client("devices", "--json")
        value = json.loads(done.stdout)
        self.assertEqual([entry["name"] for entry in value["backends"]],
                         ["avx512", "avx2", "reference"])
        self.assertTrue(value["backends"][2]["available"])
        self.assertGreater(value["memory_bytes"], value["available_bytes"])
        for entry in value["backends"]:
            line = next(x for x in text.stdout.splitlines() if x.startswith(entry["name"]))
            self.assertIn("available" if entry["available"] else entry["reason"], line)
            self.assertEqual(value["backend"] == entry["name"], "chosen" in line)
        self.assertIn(value["processor"], text.stdout)

    def test_self_test_passes_within_a_second(self):
        start = time.monotonic()
        done = client("self-test")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotEqual(done.stdout, "")
        self.assertLess(time.monotonic() - start, 5)  # 1 s on a machine that is not busy


class WorkUnits(CliTest):
    GOOD = {"schema": 1, "name": "wu-1", "experiment": "neuronspec", "experiment_version": "2.0",
            "seed": 7, "parameters": {"widths": [4, 8], "epochs": 2, "trials": 1}}

    def run_unit(self, content, *arguments):
        path = self.directory / "unit.json"
        if isinstance(content, dict):
            content = json.dumps(content).encode()
        path.write_bytes(content)
        return client("--standalone", "--work-unit", str(path), "--out", self.out, *arguments)

    def test_options_and_file_give_the_same_bytes(self):
        self.assertEqual(self.run_unit(self.GOOD).returncode, 0)
        from_file = self.result()
        shutil.rmtree(self.out)
        self.assertEqual(self.quick().returncode, 0)
        self.assertEqual(self.result(), from_file)

    def test_bad_work_units_are_one_line_and_exit_3(self):
        good = json.dumps(self.GOOD).encode()
        cases = [
            (b"", "empty"),
            (b"\n\n", "empty"),
            (good[:-1], "ends too early"),
            (good[:40], "ends too early"),
            (b"experiment: neuronspec", "not JSON"),
            (good + b"\0", "NUL byte"),
            (good.replace(b"wu-1", b"wu\xff"), "not JSON"),
            (b"[" * 100000, "nested deeper"),
            (b'{"a":' * 100000, "nested deeper"),
            (good.replace(b'"seed": 7', b'"seed": 7, "seed": 8'), 'duplicate key "seed"'),
            (good.replace(b'"epochs": 2', b'"epochs": 2, "epochs": 2'), 'duplicate key "epochs"'),
            (good.replace(b'"seed": 7', b'"seed": 1e400'), "number out of range"),
            (good.replace(b'"seed": 7', b'"seed": -7'), '"seed": expected an integer'),
            (good.replace(b'"seed": 7', b'"seed": 1.5'), '"seed": expected an integer'),
            (good.replace(b'"seed": 7, ', b""), "there is no default"),
            ({**self.GOOD, "extra": 1}, 'unknown key "extra"'),
            ({**self.GOOD, "\x1b[2J": 1}, 'unknown key "\\u001b[2J"'),
            ({**self.GOOD, "schema": 2}, '"schema": expected 1'),
            ({**self.GOOD, "experiment_version": "1.9"}, '"experiment_version": expected "2.0"'),
            ({**self.GOOD, "experiment": "../x"}, '"experiment": expected one of'),
            ({**self.GOOD, "seeds": 10001}, '"seeds": expected an integer from 1 to 10000'),
            ({**self.GOOD, "preset": "none"}, "none"),
            ({**self.GOOD, "parameters": {"widths": [3]}}, "widths"),
            ({**self.GOOD, "parameters": {"widths": []}}, "widths"),
            ({**self.GOOD, "parameters": {"a\nb": 1}}, "a"),
        ]
        for content, fragment in cases:
            with self.subTest(fragment=fragment, content=content[:80] if isinstance(
                    content, bytes) else content):
                self.assert_error(self.run_unit(content), 3, fragment)
        self.assertFalse(os.path.exists(self.out))

    def test_unreadable_work_units_exit_7(self):
        for path in ["missing.json", ".", "/dev/null/x"]:
            done = client("--standalone", "--work-unit", path, cwd=self.directory)
            self.assert_error(done, 7, path)
        self.assert_error(self.run_unit(b" " * (1 << 20) + b"{}"), 7, "unit.json")

    def test_bad_overrides_exit_3(self):
        base = ["--standalone", "--seed", "7", "--experiment"]
        for arguments, fragment in [
                (["compgen2"], '"experiment": expected one of'),
                (["neuronspec", "--set", "epochs=0"], "epochs"),
                (["neuronspec", "--set", "dropout=0.1"], "dropout"),
                (["compgen", "--preset", "regularized", "--set", "dropout=0.1"], "dropout"),
                (["neuronspec", "--preset", "huge"], "huge")]:
            with self.subTest(arguments=arguments):
                self.assert_error(client(*base, *arguments, cwd=self.directory), 3, fragment)

    def test_seed_from_name(self):
        self.assertEqual(self.run_unit({**self.GOOD, "seed": {"from": "name"}}).returncode, 0)
        expected = int(hashlib.md5(b"wu-1").hexdigest()[:8], 16) % 2**31
        self.assertEqual(json.loads(self.result())["seeds"][0]["seed"], str(expected))

    def test_seed_from_host(self):
        unit = {**self.GOOD, "seed": {"from": "host"}}
        data = self.directory / "data"
        self.assertEqual(self.run_unit(unit, "--data-dir", str(data)).returncode, 0)
        identifier = (data / "host_id").read_text().strip()
        digest = hashlib.sha256(f"{identifier}\nwu-1".encode()).digest()
        seed = json.loads(self.result())["seeds"][0]["seed"]
        self.assertEqual(seed, str(int.from_bytes(digest[:8], "big")))
        # The identifier stays: the second run resolves the same seed.
        first = self.result()
        self.assertEqual(self.run_unit(unit, "--data-dir", str(data)).returncode, 0)
        self.assertEqual(self.result(), first)

    def test_host_with_too_little_memory_is_refused(self):
        done = self.run_unit({**self.GOOD, "minimum_ram_bytes": 1 << 50})
        self.assert_error(done, 4, "minimum_ram_bytes")
        self.assertFalse(os.path.exists(self.out + "/neuronspec.result.json"))


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

    def test_table_and_log(self):
        done = self.quick()
        self.assertIn("neuronspec 2.0, preset default, 1 seed", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^  selectivity_w4 +[\d.]+")
        self.assertIn("published", done.stdout)
        self.assertRegex(done.stderr, r"(?m)^backend: \w+ \(.+\), threads: \d+$")
        self.assertRegex(done.stderr, r"(?m)^memory: plan .+, host .+, available .+$")
        self.assertNotIn("\x1b", done.stderr + done.stdout)
        quiet = self.quick("--quiet")
        self.assertEqual((quiet.returncode, quiet.stdout, quiet.stderr), (0, "", ""))

    def test_unwritable_directory_exits_7_before_the_work(self):
        blocker = self.directory / "file"
        blocker.write_text("")
        done = client(*QUICK, "--out", str(blocker / "out"))
        self.assert_error(done, 7, str(blocker))
        self.assertEqual(blocker.read_text(), "")


class Streams(CliTest):
    def test_closed_standard_output_does_not_corrupt_results(self):
        self.assertEqual(self.quick().returncode, 0)
        first = self.result()
        for closed in ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"]:
            shutil.rmtree(self.out)
            command = f'"$0" "$@" {closed}'
            done = subprocess.run(["sh", "-c", command, CLIENT, *QUICK, "--out", self.out])
            self.assertEqual(done.returncode, 0, closed)
            self.assertEqual(self.result(), first, closed)
            for name in os.listdir(self.out):
                content = (pathlib.Path(self.out) / name).read_bytes()
                self.assertNotIn(b"preset default", content, f"{closed}: {name}")

    def run_with_gone_reader(self, *arguments):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([CLIENT, *arguments], stdout=writer, stderr=subprocess.PIPE,
                              text=True)
        os.close(writer)
        return done

    def test_reader_that_went_away(self):
        done = self.run_with_gone_reader(*QUICK, "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: standard output", done.stderr)
        self.assertEqual(json.loads(self.result())["status"], "complete")
        done = self.run_with_gone_reader(*QUICK, "--out", self.out, "--json")
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(self.run_with_gone_reader("devices").returncode, 7)

    def test_full_standard_output(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "w") as full:
            done = subprocess.run([CLIENT, "--version"], stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        self.assertEqual(done.returncode, 7)
        self.assertIn(os.strerror(errno.ENOSPC), done.stderr)

    def on_terminal(self, environment):
        master, slave = pty.openpty()
        process = subprocess.Popen([CLIENT, *LONG, "--out", self.out], stdin=slave,
                                   stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        shown = b""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                shown += os.read(master, 65536)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        while select.select([master], [], [], 0.2)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:  # the other side is closed
                break
        os.close(master)
        return shown.decode()

    def test_progress_line_is_rewritten_on_a_terminal(self):
        shown = self.on_terminal({**os.environ, "TERM": "xterm", "NO_COLOR": "1"})
        self.assertGreater(len(re.findall(r"\rcompgen +[\d.]+ %  [\d.]+ GFLOP/s", shown)), 3,
                           shown)
        self.assertIn(" left", shown)
        self.assertNotIn("\x1b", shown)

    def test_plain_lines_elsewhere(self):
        done = self.quick("--set", "batch=1")
        lines = [line for line in done.stderr.splitlines() if "GFLOP/s" in line and "%" in line]
        self.assertLessEqual(len(lines), 10)
        self.assertNotIn("\r", done.stderr)


class Interruptions(CliTest):
    def start(self, *arguments):
        process = subprocess.Popen([CLIENT, *LONG, "--out", self.out, *arguments],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def end():
            if process.poll() is None:
                process.kill()
                process.communicate()

        self.addCleanup(end)
        return process

    def checkpoints(self):
        if not os.path.isdir(self.out):
            return []
        return sorted(name for name in os.listdir(self.out) if ".checkpoint." in name)

    def wait_for_checkpoint(self, process):
        for _ in range(600):
            if self.checkpoints():
                return
            self.assertIsNone(process.poll(), "ended too early")
            time.sleep(0.05)
        self.fail("no checkpoint within 30 s")

    def test_signals_save_and_say_how_to_resume(self):
        for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            process = self.start("--json")
            time.sleep(1)
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=60)
            self.assertEqual(process.returncode, code, stderr)
            self.assertIn("the same command resumes", stderr)
            self.assertEqual(json.loads(stdout)["status"], "interrupted")
            self.assertTrue(self.checkpoints())
        # The second session took up what the first had saved.
        self.assertRegex(stderr, r"(?m)^resuming at [\d.]+ %$")

    def test_a_checkpoint_of_other_work_is_refused_and_kept(self):
        process = self.start("--checkpoint-interval", "0.1")
        self.wait_for_checkpoint(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        before = {name: (pathlib.Path(self.out) / name).read_bytes()
                  for name in os.listdir(self.out)}
        other = [*LONG[:3], "--seed", "8", *LONG[5:]]
        self.assertNotEqual(other, LONG)
        self.assert_error(client(*other, "--out", self.out), 6, "checkpoint")
        after = {name: (pathlib.Path(self.out) / name).read_bytes()
                 for name in os.listdir(self.out)}
        self.assertEqual(after, before)

    def test_two_processes_in_one_directory(self):
        process = self.start("--checkpoint-interval", "0.2")
        self.wait_for_checkpoint(process)
        self.assert_error(self.quick(), 7, self.out)

    def test_second_signal_ends_at_once(self):
        process = self.start()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        # Whether the second signal came while the first was being served is up to the machine.
        self.assertIn(process.returncode, [130, 143])

    def test_same_bytes_after_kills(self):
        """Kills at random times, again and again, until AXIOM_KILLS (default 5) have hit."""
        work = ["--standalone", "--experiment", "neuronspec", "--seed", "7", "--seeds", "2",
                "--set", "widths=[32]", "--set", "epochs=100", "--out", self.out]
        self.assertEqual(client(*work).returncode, 0)
        unbroken = self.result()
        chance = random.Random(1)
        wanted = int(os.environ.get("AXIOM_KILLS", "5"))
        killed = resumed = 0
        while killed < wanted:
            shutil.rmtree(self.out)
            for attempt in range(1000):
                process = subprocess.Popen(
                    [CLIENT, *work, "--checkpoint-interval", "0.01", "--backend",
                     chance.choice(["auto", "reference"]), "--threads", str(chance.randint(1, 3))],
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                try:
                    # Longer with each attempt, so that a busy machine gets there, too.
                    stderr = process.communicate(timeout=chance.uniform(0, 0.15 + attempt / 50))[1]
                    self.assertEqual(process.returncode, 0, stderr)
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    stderr = process.communicate()[1]
                    killed += 1
                self.assertNotIn("error:", stderr)
                resumed += "resuming at" in stderr
            self.assertEqual(self.result(), unbroken)
        self.assertGreater(resumed, 0, "no session took up a checkpoint")


class Verify(CliTest):
    def verify(self, *arguments):
        return client("verify", self.out + "/neuronspec.result.json", *arguments)

    def damage(self, change):
        path = self.directory / "out/neuronspec.result.json"
        path.write_bytes(change(path.read_bytes()))

    def test_equal(self):
        self.quick()
        done = self.verify("--backend", "reference", "--threads", "2")
        self.assertEqual((done.returncode, done.stdout), (0, "equal\n"), done.stderr)
        done = self.verify("--json")
        self.assertEqual(json.loads(done.stdout), {"status": "equal"})

    def test_preset_with_fixed_parameters(self):
        done = client("--standalone", "--experiment", "compgen", "--preset", "regularized", "--seed",
                      "3", "--set", "widths=[4]", "--set", "epochs=1", "--set", "trials=1", "--out",
                      self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = client("verify", self.out + "/compgen.result.json")
        self.assertEqual((done.returncode, done.stdout), (0, "equal\n"), done.stderr)

    def test_differs(self):
        self.quick()
        value = json.loads(self.result())["seeds"][0]["alignment_w4"]
        self.damage(lambda text: text.replace(f'"alignment_w4":{value!r}'.encode(),
                                              b'"alignment_w4":0.5'))
        done = self.verify()
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertEqual(done.stdout, f"differs at $.seeds[0].alignment_w4: recomputed {value!r}, "
                                      "the file has 0.5\n")
        difference = json.loads(self.verify("--json").stdout)
        self.assertEqual(difference["path"], "$.seeds[0].alignment_w4")

    def test_not_canonical(self):
        self.quick()
        self.damage(lambda text: text.replace(b",", b", ", 1))
        done = self.verify()
        self.assertEqual(done.returncode, 8)
        self.assertIn("not in canonical form", done.stdout)

    def test_damaged_and_foreign_files(self):
        self.quick()
        good = self.result()
        for change, fragment in [
                (lambda text: b"", "empty"),
                (lambda text: text[:100], "not JSON"),
                (lambda text: b"{}", "not a result file"),
                (lambda text: b"[]", "not a result file"),
                (lambda text: text.replace(b'"schema":1', b'"schema":2'), '"schema"'),
                (lambda text: text.replace(b'"2.0"', b'"1.0"'), "experiment_version"),
                (lambda text: text.replace(b"neuronspec", b"nothing"), "unknown experiment"),
                (lambda text: text.replace(b'"epochs":2', b'"epochs":2000000'), "epochs"),
                (lambda text: text.replace(b'"seed":"7"', b'"seed":7'), '"seed"')]:
            with self.subTest(fragment=fragment):
                self.damage(lambda text, change=change: change(good))
                self.assert_error(self.verify(), 3, fragment)
        self.assert_error(client("verify", self.out + "/none.json"), 7, "none.json")
        self.assert_error(client("verify", self.out), 7, self.out)


if __name__ == "__main__":
    if not CLIENT:
        raise SystemExit("set AXIOM_CLIENT to the path of the executable")
    unittest.main()
