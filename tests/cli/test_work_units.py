"""Good and bad work units: one line, the right exit code."""

import hashlib
import json
import os
import shutil
import subprocess

from support import CLIENT, CliTest, client


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

    def test_a_pipe_is_read_but_not_waited_for(self):
        """As of <(command) in a shell; nobody may come to write to one that has a name."""
        pipe = self.directory / "pipe"
        os.mkfifo(pipe)
        for arguments in (("--standalone", "--work-unit", pipe, "--out", self.out), ("verify", pipe), ("plan", "--work-unit", pipe)):
            self.assert_error(client(*arguments, timeout=30), 7, "is a pipe that nobody writes to")
        text = json.dumps(self.GOOD)
        done = client("--standalone", "--work-unit", "/dev/stdin", "--out", self.out, input=text)
        self.assertEqual(done.returncode, 0, done.stderr)

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

    def test_seed_from_host_in_many_first_runs_at_once(self):
        """One drew the identifier, and the others were told that its directory was in use."""
        path = self.directory / "unit.json"
        path.write_text(json.dumps({**self.GOOD, "seed": {"from": "host"}}))
        for data in ("a", "b", "c"):
            runs = [subprocess.Popen([CLIENT, "--standalone", "--work-unit", str(path), "--quiet", "--json",
                                      "--data-dir", str(self.directory / data),
                                      "--out", str(self.directory / f"{data}{i}")],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for i in range(6)]
            results = set()
            for run in runs:
                stdout, stderr = run.communicate(timeout=60)
                self.assertEqual(run.returncode, 0, stderr)
                results.add(json.loads(stdout)["sha256"])
            self.assertEqual(len(results), 1)

    def test_host_with_too_little_memory_is_refused(self):
        done = self.run_unit({**self.GOOD, "minimum_ram_bytes": 1 << 50})
        self.assert_error(done, 4, "minimum_ram_bytes")
        self.assertFalse(os.path.exists(self.out + "/neuronspec.result.json"))

    def test_more_than_a_checkpoint_can_hold(self):
        work = ["--experiment", "featcompv2", "--seed", "1", "--seeds", "10000", "--set", "epochs=2000",
                "--set", "measure_every=1"]
        for command in (["--standalone", "--out", self.out], ["plan"]):
            self.assert_error(client(*command, *work), 3, "its checkpoint may take")

    def test_more_than_a_result_can_hold(self):
        """It could be neither verified nor uploaded."""
        most = ["--seed", "1", "--seeds", "10000"]
        long = ["--experiment", "featcompv2", *most, "--set", "measure_every=2"]
        for command in (["--standalone", "--out", self.out], ["plan"]):
            self.assert_error(client(*command, *long), 3, "its result may take 11.1 GiB, more than the possible 4.0 GiB")
        for experiment in ("compgen", "featrank", "neuronspec", "featcompv2", "repalignv2", "microscalev2"):
            self.assertEqual(client("plan", "--experiment", experiment, *most).returncode, 0, experiment)

    def test_minus_zero_is_an_integer(self):
        unit = self.directory / "unit.json"
        unit.write_text('{"schema": 1, "experiment": "neuronspec", "experiment_version": "2.0", "seed": -0}')
        done = client("plan", "--json", "--work-unit", str(unit))
        self.assertIn('"first_seed":"0"', done.stdout, done.stderr)
