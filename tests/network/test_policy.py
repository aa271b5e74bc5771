"""The signed policy: what it refuses stops before computing; one that cannot be had never stops work under way."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import releases
from releases import script, sign, utc
from servers import Server, answer
from support import ANCHORS, CLIENT, PROMPT, QUICK, TEST_CLIENT, NginxTest, client, environment

LONG = ["--standalone", "--experiment", "compgen", "--seed", "7", "--set", "widths=[256]", "--set", "depths=[3]",
        "--set", "epochs=2000", *PROMPT]


class PolicyTest(NginxTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.nginx.root / "files" / "policy.json"

    def setUp(self):
        super().setUp()
        self.out = self.directory / "work"
        self.kept = self.out / "policy.kept"
        self.program = self.directory / "axiom-client"
        shutil.copy2(TEST_CLIENT, self.program)
        self.publish()

    def publish(self, number=5, minimum="0.1.0", names="ab", comment=None, experiments=("neuronspec=1.9,2.0",
                                                                                        "compgen=2.0"), **changes):
        arguments = [part for text in experiments for part in ("--experiment", text)]
        script("make_policy.py", "--out", self.policy, "--number", number, "--days", 30, "--minimum-client-version",
               minimum, *arguments)
        if changes:
            self.policy.write_text(json.dumps({**json.loads(self.policy.read_text()), **changes}))
        sign(self.policy, names, comment)

    def kept_form(self):
        """Of what is published."""
        text = self.policy.read_bytes()
        return f"axiom-client kept policy, bytes: {len(text)}\n".encode() + text + self.policy.with_name("policy.json.minisig").read_bytes()

    def run_work(self, *arguments, url=None, program=TEST_CLIENT, work=QUICK):
        return client(*work, "--out", self.out, "--policy-url", url or self.nginx.url("/files/policy.json"),
                      "--ca-file", self.authority.certificate, *arguments, program=program)

    def stopped_before_computing(self, code, fragment, **options):
        done = self.run_work(**options)
        self.assert_error(done, code, fragment)
        self.assertNotIn("memory: plan", done.stderr)
        self.assertEqual(list(self.out.glob("*.result.json")), [])

    def goes_on(self, fragment, **options):
        done = self.run_work(**options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(fragment, done.stderr)


class Accepting(PolicyTest):
    def test_accepted(self):
        done = self.run_work()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("warning", done.stderr)
        self.assertEqual(self.kept.read_bytes(), self.kept_form())

    def test_a_client_too_old(self):
        self.publish(minimum="0.2.0")
        self.stopped_before_computing(46, "axiom-client 0.2.0 or later, this is 0.1.0 (policy 5): axiom-client update")

    def test_an_experiment_version_not_accepted(self):
        self.publish(experiments=["neuronspec=2.1,2.2"])
        self.stopped_before_computing(46, "the project accepts neuronspec in version 2.1, 2.2 only, this program computes 2.0")

    def test_an_experiment_not_accepted(self):
        self.publish(experiments=["compgen=2.0"])
        self.stopped_before_computing(46, "does not accept results of neuronspec at present")

    def test_signatures(self):
        self.publish(names="a")
        self.stopped_before_computing(53, "signed by 1 of the known keys")
        self.publish(names="aa")
        self.stopped_before_computing(54, "has signed twice")
        self.publish(comment="axiom-client manifest 5")
        self.stopped_before_computing(56, "signed as")
        self.publish()
        self.policy.write_text(self.policy.read_text().replace("0.1.0", "0.0.0"))
        self.stopped_before_computing(52, "is not over these bytes")

    def test_times(self):
        self.publish(date=utc(-9), expires=utc(-1))
        self.stopped_before_computing(58, "expired at")
        self.publish(date=utc(3), expires=utc(9))
        self.stopped_before_computing(59, "from the future")

    def test_an_older_one_than_seen(self):
        self.assertEqual(self.run_work().returncode, 0)
        self.publish(number=4)
        self.assert_error(self.run_work(), 61, "policy 4 is older than number 5")

    def test_two_of_one_number(self):
        self.assertEqual(self.run_work().returncode, 0)
        first = self.kept.read_bytes()
        self.publish(experiments=["neuronspec=2.0", "compgen=2.0"])
        self.assert_error(self.run_work(), 56, "there are two different policies with number 5, this one and '")
        self.assertEqual(self.kept.read_bytes(), first)  # the one that counts
        self.publish(number=6, experiments=["neuronspec=2.0"])
        self.assertEqual(self.run_work().returncode, 0)

    def test_signed_anew_it_is_the_same(self):
        self.assertEqual(self.run_work().returncode, 0)
        sign(self.policy, "bc")
        done = self.run_work()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("warning", done.stderr)
        self.assertEqual(self.kept.read_bytes(), self.kept_form())

    def test_an_older_one_than_one_that_has_expired(self):
        """Written under an earlier clock, say: it allows nothing any more, but there was one."""
        self.assertEqual(self.run_work().returncode, 0)
        self.publish(date=utc(-9), expires=utc(-1))
        self.kept.write_bytes(self.kept_form())
        self.publish(number=4)
        self.assert_error(self.run_work(), 61, "policy 4 is older than number 5")

    def test_an_experiment_without_versions(self):
        self.publish(experiment_versions={"neuronspec": []})
        self.stopped_before_computing(46, "does not accept results of neuronspec at present")

    def test_a_build_without_keys_says_so(self):
        done = self.run_work(program=CLIENT)
        if done.returncode != 50:
            self.skipTest("this build holds project keys")
        self.assert_error(done, 50, "this build holds no project keys")


class Rotated(PolicyTest):
    def test_after_a_rotation_of_keys(self):
        """Signed by both it is for all, as packaging/release/CHECKLIST.md has it."""
        keys = self.nginx.root / "files" / "keys.2.json"
        self.addCleanup(lambda: [path.unlink() for path in keys.parent.glob("keys.2.json*")])
        public = [part for name in "cxy" for part in ("--key", ANCHORS / f"{name}.pub")]
        script("make_key_list.py", "--out", keys, "--follows", ANCHORS / "keys.json", *public)
        sign(keys, "acx")
        looking = client("update", "--check", "--channel", self.nginx.url("/files/"), "--ca-file", self.authority.certificate,
                         program=str(self.program), cwd=self.directory)
        self.assert_error(looking, 57, "the channel has no 'manifest.json'")  # the keys are what counts here
        self.stopped_before_computing(53, "axiom-client update --check --channel URL learns the new ones", program=self.program)
        self.publish(names="abxy")
        for program in (self.program, TEST_CLIENT):
            done = self.run_work(program=program)
            self.assertEqual((done.returncode, "warning" in done.stderr), (0, False), done.stderr)


class Unavailable(PolicyTest):
    def test_it_is_a_warning(self):
        self.goes_on("the policy cannot be fetched: https://localhost:1/", url="https://localhost:1/policy.json")
        self.goes_on("there is no policy, or no signature", url=self.nginx.url("/files/none.json"))
        with Server(self.valid, answer(503)) as server:
            self.goes_on("cannot be fetched", url=server.url("/policy.json"))
        with Server(self.authority.issue("expired", end="20210101000000Z"), answer(200)) as server:
            self.goes_on("has expired", url=server.url("/policy.json"))

    def test_the_one_that_was_kept_serves(self):
        self.publish(minimum="0.2.0")
        self.assert_error(self.run_work(), 46, "policy 5")
        self.assert_error(self.run_work(url="https://localhost:1/policy.json"), 46, "policy 5")

    def test_a_kept_one_that_was_altered_does_not(self):
        self.publish(minimum="0.2.0")
        self.run_work()
        whole = self.kept.read_bytes()
        heading, rest = whole.split(b"\n", 1)
        digits = heading.split(b": ")[1]
        for altered in (whole.replace(b"0.2.0", b"0.3.0"), whole[:-9], whole[:len(heading)], heading + b"0\n" + rest, b"",
                        heading.replace(digits, b"") + b"\n" + rest, heading.replace(digits, b"-1") + b"\n" + rest,
                        heading.replace(digits, b"9" * 30) + b"\n" + rest, rest, b"\0" * 200_000):
            with self.subTest(altered=altered[:60]):
                self.kept.write_bytes(altered)
                self.goes_on("cannot be fetched", url="https://localhost:1/policy.json")

    def test_a_kept_one_that_cannot_be_read(self):
        self.kept.mkdir(parents=True)
        self.goes_on("warning: the policy is not kept for later: ")
        self.kept.rmdir()
        os.mkfifo(self.kept)
        done = self.run_work()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.kept.read_bytes(), self.kept_form())


class UnderWay(PolicyTest):
    def interrupt(self):
        log = self.directory / "log"
        with open(log, "w") as errors:
            process = subprocess.Popen([TEST_CLIENT, *LONG, "--out", str(self.out), "--checkpoint-interval", "0.1"],
                                       stdout=subprocess.DEVNULL, stderr=errors, env=environment())
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 300
        while not list(self.out.glob("*.checkpoint.?")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(300), 130)

    def resumes(self, fragment, url=None, **changes):
        """Until it is seen to go on, that is."""
        log = self.directory / "resumed"
        with open(log, "w") as errors:
            process = subprocess.Popen(
                [str(self.program), *LONG, "--out", str(self.out), "--policy-url",
                 url or self.nginx.url("/files/policy.json"), "--ca-file", str(self.authority.certificate)],
                stdout=subprocess.DEVNULL, stderr=errors, env=environment(**changes))
        deadline = time.monotonic() + 300
        while "resuming at" not in log.read_text() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        text = log.read_text()
        process.kill()
        process.wait()
        self.assertIn("resuming at", text)
        self.assertIn(fragment, text)

    def test_work_under_way_goes_on_without_a_valid_policy(self):
        self.interrupt()
        self.resumes("the policy cannot be fetched", url="https://localhost:1/policy.json")
        self.publish(names="a")
        self.resumes("the work under way goes on")
        broken = self.directory / "libraries" / "libcurl.so.4"
        broken.parent.mkdir()
        broken.touch()
        without = {"LD_LIBRARY_PATH": str(broken.parent)}
        self.resumes("libcurl cannot be loaded (", **without)
        new = self.directory / "new"
        self.assert_error(client(*QUICK, "--out", new, "--policy-url", self.nginx.url("/files/policy.json"),
                                 program=TEST_CLIENT, env=without), 47, "libcurl cannot be loaded (")
        self.assertEqual(list(new.glob("*.json")), [], "before anything is computed")
        state = pathlib.Path(f"{self.program}.update") / "state.json"
        state.parent.mkdir()
        state.write_text("{")
        self.resumes("warning: the policy cannot be checked: ")
        self.assert_error(self.run_work(program=self.program), 7, "is damaged")  # other work, not under way
        state.unlink()
        self.publish(minimum="0.2.0")  # a valid one that refuses: the result would not be accepted
        self.assert_error(self.run_work(work=LONG), 46, "0.2.0 or later")
        self.assertTrue(list(self.out.glob("*.checkpoint.?")))


if __name__ == "__main__":
    unittest.main()
