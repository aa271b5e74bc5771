"""Finished parts of a long run on their way before its end: what they are, and that nothing stops or delays the run."""

import gzip
import hashlib
import json
import random
import re
import shutil
import signal
import subprocess
import time

from servers import Server, answer
from support import CLIENT, PROMPT, NginxTest, altered, client, environment

RESULT = "neuronspec.result.json"
SEEDS = 8
OK = answer(201)


def run_arguments(seeds=SEEDS, epochs=1000, width=64):
    return ["--standalone", "--experiment", "neuronspec", "--seed", "7", "--seeds", str(seeds), "--set",
            f"widths=[{width}]", "--set", f"epochs={epochs}", "--set", "trials=1", *PROMPT]


LONG = run_arguments(width=64, epochs=2000)  # some seconds


class IntermediateTest(NginxTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reference = cls.shared / "reference"
        done = client(*run_arguments(), "--out", cls.reference)
        assert done.returncode == 0, done.stderr
        cls.text = (cls.reference / RESULT).read_bytes()
        cls.seeds = [entry["seed"] for entry in json.loads(cls.text)["seeds"]]

    def setUp(self):
        super().setUp()
        self.out = self.directory / "run"
        self.outbox = self.out / "outbox"
        self.folder = self.nginx.root / "upload" / self.directory.name
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def url(self):
        return self.nginx.url(f"/upload/{self.directory.name}/")

    def command(self, url, *arguments, intermediate="0", run=None):
        return [*(run or run_arguments()), "--out", str(self.out), "--upload-url", url, "--upload-intermediate",
                intermediate, "--ca-file", str(self.authority.certificate), *map(str, arguments)]

    def start(self, *arguments, **options):
        process = subprocess.Popen([CLIENT, *self.command(*arguments, **options)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, env=environment())

        def end():
            process.kill()
            process.wait()
            process.stderr.close()
        self.addCleanup(end)
        return process

    def parts(self, folder=None):
        """Texts by name."""
        found = (folder or self.folder).glob("*.part.json.gz")
        return {path.name: gzip.decompress(path.read_bytes()) for path in found}

    def assert_parts(self, parts, seeds=None):
        """Each holds a seed of its own, as the result does, under a name that tells its digest."""
        result = {entry["seed"]: entry for entry in json.loads(self.text)["seeds"]}
        held = []
        for name, text in parts.items():
            self.assertEqual(name, f"neuronspec-{hashlib.sha256(text).hexdigest()}.part.json.gz")
            part = json.loads(text)
            held += [entry["seed"] for entry in part["seeds"]]
            for entry in part["seeds"]:
                self.assertEqual(entry, result[entry["seed"]])
        self.assertEqual(len(set(held)), len(held), "a seed came twice, under two names")
        if seeds:
            self.assertEqual(sorted(held), sorted(seeds))

    def wait_for(self, condition, process=None, patience=300):
        until = time.monotonic() + patience
        while not condition():
            self.assertLess(time.monotonic(), until)
            if process is not None:
                self.assertIsNone(process.poll(), process.stderr.read() if process.poll() is not None else "")
            time.sleep(0.01)


class Parts(IntermediateTest):
    def test_they_come_before_the_end_and_change_nothing(self):
        process = self.start(self.url(), run=LONG)
        self.wait_for(lambda: self.parts(), process)  # while it runs
        process.kill()
        process.communicate()
        shutil.rmtree(self.out)
        shutil.rmtree(self.folder)
        done = client(*self.command(self.url()))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.out / RESULT).read_bytes(), self.text)
        parts = self.parts()
        self.assertGreater(len(parts), 0)
        self.assert_parts(parts)
        self.assertEqual(self.waiting(), [])
        digest = hashlib.sha256(self.text).hexdigest()
        arrived = gzip.decompress((self.folder / f"neuronspec-{digest}.result.json.gz").read_bytes())
        self.assertEqual(arrived, self.text)
        # A part is the whole result of a work unit of its seeds: it can be verified like any other.
        text = next(iter(parts.values()))
        (self.directory / "part.json").write_bytes(text)
        done = client("verify", self.directory / "part.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        alone = self.directory / "alone"
        arguments = run_arguments(seeds=1)
        arguments[arguments.index("--seed") + 1] = json.loads(text)["seeds"][0]["seed"]
        self.assertEqual(client(*arguments, "--out", alone).returncode, 0)
        self.assertEqual((alone / RESULT).read_bytes(), text)

    def test_headers(self):
        with Server(self.valid, OK) as server:
            done = client(*self.command(server.url()))
            self.assertEqual(done.returncode, 0, done.stderr)
            parts = [r for r in server.requests if ".part." in r.path]
        telemetry = json.loads((self.out / "neuronspec.telemetry.json").read_text())
        self.assertGreater(len(parts), 0)
        for request in parts:
            seed = json.loads(gzip.decompress(request.body))["seeds"][0]["seed"]
            expected = {"Part": f"{self.seeds.index(seed) + 1}/{SEEDS}", "Plan-Digest": telemetry["work_digest"],
                        "Result-Digest": hashlib.sha256(gzip.decompress(request.body)).hexdigest(),
                        "Experiment": "neuronspec", "Experiment-Version": "2.0", "Arithmetic-Version": "1",
                        "Client-Version": "0.1.0", "Build": telemetry["build"]}
            for name, value in expected.items():
                self.assertEqual(request.headers[f"Axiom-{name}"], value)
                self.assertEqual(request.headers[f"x-amz-meta-axiom-{name.lower()}"], value)
        for request in server.requests:
            if ".part." not in request.path:
                self.assertNotIn("Axiom-Part", request.headers)

    def test_many_seeds_share_parts(self):
        """At most a hundred, cut by the work unit alone."""
        run = run_arguments(seeds=205, epochs=200, width=16)
        with Server(self.valid, OK) as server:
            done = client(*self.command(server.url(), run=run))
            self.assertEqual(done.returncode, 0, done.stderr)
            parts = [r for r in server.requests if ".part." in r.path]
        seeds = [entry["seed"] for entry in json.loads((self.out / RESULT).read_text())["seeds"]]
        self.assertGreater(len(parts), 0)
        for request in parts:
            number, count = map(int, request.headers["Axiom-Part"].split("/"))
            self.assertEqual(count, 69)
            held = [entry["seed"] for entry in json.loads(gzip.decompress(request.body))["seeds"]]
            self.assertEqual(held, seeds[3 * (number - 1):3 * number])

    def test_one_seed_has_no_parts(self):
        with Server(self.valid, OK) as server:
            done = client(*self.command(server.url(), run=run_arguments(seeds=1)))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(server.requests), 2)

    def test_print_upload_shows_them(self):
        client(*self.command("https://localhost:1/", "--retry-for", "0"))
        waiting = [name for name in self.waiting() if ".part." in name]
        self.assertGreater(len(waiting), 0)
        shown = client("upload", self.out, "--print-upload").stdout
        self.assertEqual(shown.count(".part.json.gz\n"), len(waiting))
        self.assertEqual(len(re.findall(rf"^Axiom-Part: \d+/{SEEDS}$", shown, re.M)), len(waiting))
        for path in self.outbox.glob("*.part.json.gz"):
            self.assertIn(gzip.decompress(path.read_bytes()).decode(), shown)


class NothingIsLost(IntermediateTest):
    def test_a_server_that_is_down_for_the_whole_run(self):
        done = client(*self.command("https://localhost:1/", "--retry-for", "0"))
        self.assert_error(done, 40, "wait in")
        self.assertEqual((self.out / RESULT).read_bytes(), self.text)
        self.assertEqual(done.stderr.count("warning: finished parts are not uploaded yet, the run goes on"), 1)
        waiting = [name for name in self.waiting() if ".part." in name]
        self.assertGreater(len(waiting), 0)
        done = client("upload", self.out, "--upload-url", self.url(), "--ca-file", self.authority.certificate)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.waiting(), [])
        self.assertEqual(len(self.parts()), len(waiting))
        self.assert_parts(self.parts())
        names = sorted(path.name for path in self.folder.iterdir())
        # Duplicates: all is forgotten here, and computed and sent once more.
        shutil.rmtree(self.out)
        done = client(*self.command(self.url()))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_parts(self.parts())
        again = {path.name for path in self.folder.iterdir() if ".telemetry." not in path.name}
        self.assertLessEqual({name for name in names if ".result." in name}, again)
        self.assertEqual(len([name for name in again if ".result." in name]), 1)

    def test_killed_anywhere(self):
        """SIGKILL after random delays: in the end all is there, and each seed came under one name only."""
        chance = random.Random(21)
        kills = 0
        for trial in range(3):
            shutil.rmtree(self.out, ignore_errors=True)
            shutil.rmtree(self.folder, ignore_errors=True)
            kills += self.run_through_kills(
                [CLIENT, *self.command(self.url(), "--checkpoint-interval", "0.05", "--quiet")],
                lambda attempt: chance.uniform(0.05, 0.3 + attempt / 10))
            self.assertEqual((self.out / RESULT).read_bytes(), self.text)
            self.assertEqual(self.waiting(), [])
            self.assert_parts(self.parts())
            results = [path.name for path in self.folder.glob("*.result.json.gz")]
            self.assertEqual(results, [f"neuronspec-{hashlib.sha256(self.text).hexdigest()}.result.json.gz"])
        self.assertGreater(kills, 0)

    def test_a_stopped_run_sends_what_is_finished(self):
        process = self.start("https://localhost:1/", run=LONG)
        self.wait_for(lambda: self.waiting(), process)
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=120)[1]
        self.assertEqual(process.returncode, 143, errors)
        self.assertIn("checkpoint saved", errors)
        waiting = self.waiting()
        done = client("upload", self.out, "--upload-url", self.url(), "--ca-file", self.authority.certificate)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.parts()), len(waiting))

    def test_parts_that_were_sent_before_a_resume_are_not_sent_again(self):
        with Server(self.valid, OK) as server:
            process = self.start(server.url(), run=LONG)
            self.wait_for(lambda: self.receipts(), process)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
            self.assertEqual(process.returncode, 143)
            done = client(*self.command(server.url(), run=LONG))
            self.assertEqual(done.returncode, 0, done.stderr)
            paths = [request.path for request in server.requests]
        self.assertEqual(len(paths), len(set(paths)))


class NothingIsDelayed(IntermediateTest):
    def test_a_server_that_never_answers(self):
        def silent(connection, server):
            while not server.stopping and server.receive(connection):
                pass
        with Server(self.valid, silent) as server:
            process = self.start(server.url(), "--retry-for", "0", run=LONG)
            self.wait_for(lambda: server.application_bytes > 0, process)  # a part hangs there now
            time.sleep(1)
            asked = time.monotonic()
            process.send_signal(signal.SIGTERM)
            errors = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, 143, errors)
            self.assertLess(time.monotonic() - asked, 20)  # not the 60 s of --stall-timeout
            # To the end: the result is there although a part hangs all the time.
            process = self.start(server.url(), "--retry-for", "0", run=LONG)
            self.wait_for(lambda: (self.out / RESULT).exists())
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)

    def test_what_goes_wrong_is_a_warning(self):
        for behaviour, fragment in ((answer(403), "answered 403"), (answer(500), "answered 500"),
                                    (answer(307, "Location: http://localhost:1/\r\n"), "does not begin with https"),
                                    (lambda connection, server: None, "the connection broke")):
            with self.subTest(fragment=fragment), Server(self.valid, behaviour) as server:
                shutil.rmtree(self.out, ignore_errors=True)
                done = client(*self.command(server.url(), "--retry-for", "0"))
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("warning: finished parts are not uploaded yet, the run goes on: ", done.stderr)
                self.assertIn(fragment, done.stderr)
                self.assertEqual((self.out / RESULT).read_bytes(), self.text)

    def test_an_outbox_that_cannot_be(self):
        self.out.mkdir()
        self.outbox.write_text("a file is in the way\n")
        done = client(*self.command(self.url()))
        self.assertIn("warning: no parts are uploaded from here on: ", done.stderr)
        self.assert_error(done, 7, "the result is safe in")
        self.assertEqual((self.out / RESULT).read_bytes(), self.text)

    def test_the_outbox_is_bounded(self):
        client(*self.command("https://localhost:1/", "--retry-for", "0"))
        entry = next(path for path in self.outbox.glob("*.queued.json") if ".result." in path.name)
        body = random.Random(1).randbytes(1_000_001)
        record = altered(entry.read_text(), bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
        for path in self.outbox.iterdir():
            path.unlink()
        (self.outbox / f"other-{64 * '0'}.result.json.gz").write_bytes(body)
        (self.outbox / f"other-{64 * '0'}.result.json.gz.queued.json").write_text(record)
        for limit, parts in ((1, 0), (2, 1)):
            done = client(*self.command("https://localhost:1/", "--retry-for", "0", "--outbox-limit", limit))
            self.assertEqual((self.out / RESULT).read_bytes(), self.text)
            self.assertEqual("no further parts are queued" in done.stderr, parts == 0, done.stderr)
            self.assertEqual(bool([name for name in self.waiting() if ".part." in name]), bool(parts))
            self.assertTrue([name for name in self.waiting() if name.startswith("neuronspec") and ".result." in name])


class Options(IntermediateTest):
    def test_what_is_refused(self):
        base = [*run_arguments(), "--out", self.out]
        there = ["--upload-url", "https://localhost:1/"]
        for arguments, fragment in (
                (["--upload-intermediate"], "needs --upload-url"),
                ([*there, "--outbox-limit", "5"], "needs --upload-intermediate"),
                ([*there, "--upload-intermediate", "-1"], "--upload-intermediate"),
                ([*there, "--upload-intermediate", "1441"], "expected minutes from 0 to 1440"),
                ([*there, "--upload-intermediate", "soon"], "expected minutes"),
                ([*there, "--upload-intermediate", "--outbox-limit", "x"], "--outbox-limit"),
                (["--upload-url", "https://localhost:1/object", "--upload-intermediate"], "is the address of one object, which the result will need")):
            with self.subTest(arguments=arguments):
                self.assert_error(client(*base, *arguments), 2, fragment)
                self.assertFalse(self.out.exists())
        for command in (["upload", self.finished], ["devices"],
                        ["update", "--check", "--channel", "https://localhost:1/"]):
            self.assert_error(client(*command, "--upload-intermediate"), 2, "do not go together")

    def test_without_a_number(self):
        with Server(self.valid, OK) as server:
            command = self.command(server.url())
            command.remove("0")
            done = client(*command)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_files_of_options_are_looked_at_before_computing(self):
        for option in ("--upload-credentials", "--ca-file"):
            done = client(*run_arguments(), "--out", self.out, "--upload-url", "https://localhost:1/", option,
                          self.directory / "missing")
            self.assert_error(done, 7, "missing")
            self.assertFalse((self.out / RESULT).exists())

    def test_at_the_address_of_one_object(self):
        client(*self.command("https://localhost:1/", "--retry-for", "0"))
        before = self.waiting()
        with Server(self.valid, OK) as server:
            done = client("upload", self.out, "--upload-url", server.url("/object"), "--ca-file",
                          self.authority.certificate)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([request.path for request in server.requests], ["/object"])
        self.assertIn(f"{len(before) - 1} of {len(before)} objects stay in", done.stderr)
        self.assertEqual(len(self.waiting()), len(before) - 1)


if __name__ == "__main__":
    import unittest
    unittest.main()
