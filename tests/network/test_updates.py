"""Signed updates: every document or program that is not as the project signed it is refused, and whatever happens, a
working client is left. The cases follow the client workflow and the attacks of The Update Framework's specification."""

import json
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import time
import unittest

import releases
from releases import BROKEN_CLIENT, NEXT_CLIENT, PLATFORM, release, script, sign, utc
from servers import Nginx, Server, answer
from support import ANCHORS, CLIENT, QUICK, TEST_CLIENT, NetworkTest, client, environment


class UpdateTest(NetworkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nginx = Nginx(cls.valid)
        cls.addClassCleanup(lambda: cls.nginx.close())

    def setUp(self):
        super().setUp()
        self.home = self.directory / "installed"
        self.home.mkdir()
        self.program = self.home / "axiom-client"
        shutil.copy2(TEST_CLIENT, self.program)
        self.original = self.program.read_bytes()
        self.state = self.home / "axiom-client.update"
        self.channel = self.nginx.root / "files" / self.directory.name
        self.channel.mkdir()
        self.addCleanup(shutil.rmtree, self.channel, ignore_errors=True)

    def update(self, action="--apply", *arguments, channel=None, **options):
        options.setdefault("cwd", self.directory)
        return client("update", action, "--channel", channel or self.nginx.url(f"/files/{self.channel.name}/"),
                      "--ca-file", self.authority.certificate, "--retry-for", "0", *arguments,
                      program=str(self.program), **options)

    def version(self):
        return client("--version", program=str(self.program)).stdout.split()[1]

    def run_science(self, **options):
        out = self.directory / "science"
        shutil.rmtree(out, ignore_errors=True)
        return client(*QUICK, "--out", out, program=str(self.program), **options)

    def assert_unchanged(self):
        self.assertEqual(self.program.read_bytes(), self.original)
        self.assertEqual(self.version(), "0.1.0")
        if self.state.exists():
            self.assertEqual([p.name for p in self.state.iterdir() if p.name.startswith("new-")], [])

    def refused(self, code, fragment, *arguments, **options):
        done = self.update("--apply", *arguments, **options)
        self.assert_error(done, code, fragment)
        self.assertEqual(done.stdout, "")
        self.assert_unchanged()
        return done


class Updating(UpdateTest):
    def test_check_then_apply(self):
        release(self.channel)
        done = self.update("--check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("version 99.0.0 of", done.stdout)
        self.assertIn("is available: axiom-client update --apply --channel", done.stdout)
        self.assert_unchanged()
        done = self.update("--apply")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("was replaced by 99.0.0", done.stdout)
        self.assertEqual(self.program.read_bytes(), NEXT_CLIENT.read_bytes())
        self.assertEqual((self.state / "previous").read_bytes(), self.original)
        self.assertEqual(stat.S_IMODE(self.program.stat().st_mode), stat.S_IMODE(os.stat(TEST_CLIENT).st_mode))
        done = self.run_science()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(json.loads((self.state / "state.json").read_text())["pending"])
        self.assertEqual(self.update("--apply").stdout, "axiom-client 99.0.0 is up to date\n")

    def test_up_to_date(self):
        release(self.channel, version="0.1.0", program=self.program)
        for action in ("--check", "--apply"):
            done = self.update(action)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout, "axiom-client 0.1.0 is up to date\n")
        done = self.update("--check", "--json")
        self.assertEqual(json.loads(done.stdout),
                         {"status": "current", "running": "0.1.0", "version": "0.1.0", "manifest": 1})

    def test_any_two_of_three_keys(self):
        for names in ("ab", "bc", "ca", "abc"):
            with self.subTest(names=names):
                release(self.channel, names=names)
                self.assertEqual(self.update("--check").returncode, 0)

    def test_by_link(self):
        link = self.directory / "link"
        link.symlink_to(self.program)
        release(self.channel)
        done = client("update", "--apply", "--channel", self.nginx.url(f"/files/{self.channel.name}/"), "--ca-file",
                      self.authority.certificate, program=str(link))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.version(), "99.0.0")

    def test_options(self):
        for arguments, fragment in [(["update"], "either --check or --apply"),
                                    (["update", "--check", "--apply"], "either --check or --apply"),
                                    (["update", "--check"], "needs --channel"),
                                    (["update", "--check", "--channel", "http://h/"], "https://"),
                                    (["update", "--check", "--channel", "https://h/x"], "expected a folder"),
                                    (["update", "--check", "--channel", "https://h/", "--seed", "1"],
                                     "do not go together"),
                                    (["update", "--check", "--channel", "https://h/", "--upload-url", "https://h/"],
                                     "do not go together")]:
            with self.subTest(arguments=arguments):
                self.assert_error(client(*arguments), 2, fragment)
        self.assertEqual(client("update", "--help").stdout, client("upload", "--help").stdout)

    def test_a_build_without_keys_says_so(self):
        release(self.channel)
        done = client("update", "--check", "--channel", self.nginx.url("/files/"), program=CLIENT)
        if done.returncode != 50:
            self.skipTest("this build holds project keys")
        self.assert_error(done, 50, "this build holds no project keys")

    def test_not_under_boinc(self):
        release(self.channel)
        (self.directory / "init_data.xml").write_text("<app_init_data/>\n")
        self.refused(70, "BOINC updates its applications itself")

    def test_a_directory_that_may_not_be_written(self):
        release(self.channel)
        blocked = self.home / "axiom-client.update"
        blocked.write_text("a file is in the way\n")
        done = self.update("--apply")
        self.assert_error(done, 7, "axiom-client.update")
        self.assertEqual(self.program.read_bytes(), self.original)
        blocked.unlink()
        (self.home / "axiom-client.update" / ".lock").mkdir(parents=True)
        done = self.update("--check")  # looking is possible all the same
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("what is seen is not remembered", done.stderr)


    def test_a_full_disk(self):
        release(self.channel)
        limit = len(NEXT_CLIENT.read_bytes()) // 2  # of any one file: the state fits, the program does not

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.refused(7, "cannot write", preexec_fn=small_files)
        self.assertEqual(self.update().returncode, 0)
        self.assertEqual(self.version(), "99.0.0")


class Signatures(UpdateTest):
    def test_none(self):
        release(self.channel)
        (self.channel / "manifest.json.minisig").unlink()
        self.refused(57, "the channel has no 'manifest.json.minisig'")

    def test_malformed(self):
        release(self.channel)
        (self.channel / "manifest.json.minisig").write_text("nonsense\n")
        self.refused(51, "does not begin with")

    def test_wrong(self):
        path = release(self.channel)
        path.write_text(path.read_text().replace('"99.0.0"', '"98.0.0"', 1))
        self.refused(52, "is not over these bytes")

    def test_one_is_too_few(self):
        release(self.channel, names="a")
        self.refused(53, "signed by 1 of the known keys, 2 are needed")

    def test_unknown_keys_do_not_count(self):
        release(self.channel, names="axyz")
        self.refused(53, "signed by 1 of the known keys")

    def test_the_same_key_twice(self):
        release(self.channel, names="aa")
        self.refused(54, "has signed twice")

    def test_trusted_comment_altered(self):
        release(self.channel)
        path = self.channel / "manifest.json.minisig"
        path.write_text(path.read_text().replace("manifest 1", "manifest 2"))
        self.refused(55, "the trusted comment is not the one that key")

    def test_signatures_that_do_not_belong_together(self):
        path = release(self.channel)
        sign(path, "a", "axiom-client manifest 1")
        first = (self.channel / "manifest.json.minisig").read_text()
        sign(path, "b", "axiom-client manifest 2")
        second = (self.channel / "manifest.json.minisig").read_text()
        (self.channel / "manifest.json.minisig").write_text(first + second)
        self.refused(56, "do not belong together")

    def test_a_signature_made_for_something_else(self):
        path = release(self.channel)
        for comment in ("axiom-client policy 1", "axiom-client manifest 2", "timestamp:1 file:manifest.json"):
            sign(path, "ab", comment)
            self.refused(56, "signed as")

    def test_a_policy_is_no_manifest(self):
        script("make_policy.py", "--out", self.channel / "manifest.json", "--number", 1, "--days", 9,
               "--minimum-client-version", "0.1.0")
        sign(self.channel / "manifest.json", "ab")
        self.refused(56, "signed as")

    def test_manifest_and_signature_of_different_releases(self):
        release(self.channel, number=1)
        old = (self.channel / "manifest.json.minisig").read_text()
        release(self.channel, number=2)
        (self.channel / "manifest.json.minisig").write_text(old)
        self.refused(52, "not over these bytes")

    def test_a_legacy_signature(self):
        path = release(self.channel)
        for name in "ab":
            subprocess.run(["minisign", "-S", "-l", "-s", str(releases.key(name)), "-t", "axiom-client manifest 1", "-x",
                            str(self.channel / name), "-m", str(path)], check=True, capture_output=True)
        (self.channel / "manifest.json.minisig").write_text(
            "".join((self.channel / name).read_text() for name in "ab"))
        self.refused(51, "legacy")


class Documents(UpdateTest):
    def test_malformed(self):
        for changes in ({"schema": 2}, {"version": "99"}, {"version": "99.0.00"}, {"minimum_version": 1},
                        {"date": "today"}, {"expires": "2099-02-30T00:00:00Z"}, {"platforms": []},
                        {"platforms": {PLATFORM: {"url": "x", "size": 0, "sha256": "0" * 64}}},
                        {"platforms": {PLATFORM: {"url": "x", "size": 1e18, "sha256": "0" * 64}}},
                        {"platforms": {PLATFORM: {"url": "x", "size": 5, "sha256": "A" * 64}}}):
            with self.subTest(changes=changes):
                release(self.channel, replaced=changes)
                self.refused(57, "this program does not understand it")

    def test_an_address_that_is_not_https(self):
        path = release(self.channel)
        manifest = json.loads(path.read_text())
        manifest["platforms"][PLATFORM]["url"] = "http://localhost/axiom-client"
        path.write_text(json.dumps(manifest))
        sign(path, "ab")
        self.refused(57, "does not begin with https://")

    def test_not_json(self):
        path = release(self.channel)
        path.write_text("{")
        sign(path, "ab", "axiom-client manifest 1")
        self.refused(57, "not JSON")

    def test_expired(self):
        release(self.channel, date=utc(-10), expires=utc(-1))
        self.refused(58, "expired at")

    def test_from_the_future(self):
        release(self.channel, date=utc(2), expires=utc(9))
        self.refused(59, "is from the future")

    def test_half_a_day_ahead_is_a_clock_that_is_a_bit_slow(self):
        release(self.channel, date=utc(0.5), expires=utc(9))
        self.assertEqual(self.update("--check").returncode, 0)

    def test_an_older_version(self):
        release(self.channel, version="0.0.9")
        self.refused(60, "does not go back to an older version")
        self.assert_error(self.update("--check"), 60, "the channel offers 0.0.9, this is 0.1.0")

    def test_an_older_manifest_than_seen(self):
        release(self.channel, number=7)
        self.assertEqual(self.update("--check").returncode, 0)
        release(self.channel, number=6)
        self.refused(61, "manifest 6 is older than number 7")

    def test_a_freeze_ends_with_the_expiry(self):
        expiry = time.time() + 10
        release(self.channel, number=7, days=10 / 86400)
        self.assertEqual(self.update("--check").returncode, 0)
        time.sleep(expiry + 1 - time.time())
        self.refused(58, "someone keeps newer ones from you")

    def test_two_manifests_with_one_number(self):
        release(self.channel, number=7)
        self.assertEqual(self.update("--check").returncode, 0)
        release(self.channel, number=7, days=31)
        self.refused(56, "two different manifests with number 7")

    def test_what_was_refused_is_not_remembered(self):
        release(self.channel, number=9, date=utc(5), expires=utc(9))
        self.refused(59, "future")
        release(self.channel, number=8)
        self.assertEqual(self.update("--check").returncode, 0)

    def test_another_platform(self):
        path = release(self.channel)
        manifest = json.loads(path.read_text())
        manifest["platforms"] = {"windows_x86_64": manifest["platforms"][PLATFORM]}
        path.write_text(json.dumps(manifest))
        sign(path, "ab")
        self.refused(62, f"99.0.0 is not there for {PLATFORM} (only for: windows_x86_64)")

    def test_too_old_for_one_step(self):
        release(self.channel, minimum_version="0.5.0")
        self.refused(65, "99.0.0 cannot follow 0.1.0 in one step")

    def test_endless(self):
        path = release(self.channel)
        path.write_bytes(path.read_bytes() + b" " * 70000)
        self.refused(45, "longer than the 65536 bytes")
        release(self.channel)
        signature = self.channel / "manifest.json.minisig"
        signature.write_text(signature.read_text() * 400)
        self.refused(45, "longer than the 65536 bytes")

    def test_no_channel(self):
        self.refused(57, "the channel has no 'manifest.json'")

    def test_no_server(self):
        self.refused(40, "no connection", channel="https://localhost:1/")


class Programs(UpdateTest):
    def file(self):
        return self.channel / f"axiom-client-99.0.0-{PLATFORM}"

    def test_a_bit_flipped(self):
        release(self.channel)
        content = bytearray(self.file().read_bytes())
        chance = random.Random(3)
        for at in [0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(6))]:
            with self.subTest(at=at):
                content[at] ^= 1 << chance.randrange(8)
                self.file().write_bytes(content)
                self.refused(64, "SHA-256 is")
                content = bytearray(NEXT_CLIENT.read_bytes())

    def test_truncated(self):
        release(self.channel)
        content = self.file().read_bytes()
        for length in (0, 1, len(content) // 2, len(content) - 1):
            with self.subTest(length=length):
                self.file().write_bytes(content[:length])
                self.refused(63, f"{length} bytes came")

    def test_longer(self):
        release(self.channel)
        self.file().write_bytes(self.file().read_bytes() + b"x")
        self.refused(45, "longer than the")

    def test_the_program_of_another_release(self):
        release(self.channel)
        self.file().write_bytes(self.original[:len(NEXT_CLIENT.read_bytes())])
        done = self.update()
        self.assertIn(done.returncode, (63, 64), done.stderr)
        self.assert_unchanged()

    def test_missing(self):
        release(self.channel)
        self.file().unlink()
        self.refused(63, "the channel has no")

    def test_one_that_fails_its_self_test(self):
        release(self.channel, program="/bin/false")
        self.refused(66, "fails its --version on this host and is not installed; 0.1.0 stays")
        self.refused(67, "failed here before")
        release(self.channel, version="99.0.1", program="/bin/true")  # another one is tried, of course
        self.refused(66, "99.0.1 fails its --version")

    def test_one_of_another_version_than_signed(self):
        release(self.channel, version="98.0.0")
        self.refused(66, "98.0.0 fails its --version")

    def test_no_program_at_all(self):
        text = self.directory / "text"
        text.write_text("#!/bin/sh\necho axiom-client 99.0.0 \n")
        release(self.channel, program=text)
        self.refused(66, "fails its")


class Starts(UpdateTest):
    def install_broken(self):
        release(self.channel, program=BROKEN_CLIENT)
        done = self.update()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.version(), "99.0.0")

    def test_two_failed_starts_bring_the_old_one_back(self):
        self.install_broken()
        for _ in range(2):
            self.assertEqual(self.run_science().returncode, -signal.SIGABRT)
            self.assertEqual(self.version(), "99.0.0")
        done = self.run_science()  # the third start is the old program's
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: axiom-client 99.0.0 did not start properly twice: the program before is back",
                      done.stderr)
        self.assert_unchanged()
        telemetry = json.loads((self.directory / "science" / "neuronspec.telemetry.json").read_text())
        self.assertEqual(telemetry["client_version"], "0.1.0")
        self.refused(67, "99.0.0 failed here before")
        release(self.channel, version="99.0.0")  # the same version, however good it is now
        self.refused(67, "99.0.0 failed here before")

    def test_a_good_start_is_confirmed(self):
        release(self.channel)
        self.update()
        for _ in range(4):
            self.assertEqual(self.run_science().returncode, 0)
        self.assertEqual(self.version(), "99.0.0")

    def test_a_wrong_option_is_not_the_programs_fault(self):
        release(self.channel)
        self.update()
        self.assertEqual(client("--bogus", program=str(self.program)).returncode, 2)
        self.assertIsNone(json.loads((self.state / "state.json").read_text())["pending"])

    def test_questions_do_not_count(self):
        self.install_broken()
        for _ in range(4):
            self.version()
            client("self-test", program=str(self.program))
        self.assertEqual(json.loads((self.state / "state.json").read_text())["pending"]["starts"], 0)

    def test_a_long_run_that_is_killed_counts_as_good(self):
        release(self.channel)
        self.update()
        long = [*QUICK[:4], "7", "--set", "widths=[256]", "--set", "epochs=2000", "--threads", "1"]
        for _ in range(3):
            process = subprocess.Popen([str(self.program), *long, "--out", str(self.directory / "long")],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if json.loads((self.state / "state.json").read_text())["pending"] is None:
                    break
                time.sleep(0.02)
            process.kill()
            process.wait()
        self.assertEqual(self.version(), "99.0.0")

    def test_a_damaged_state_does_not_stop_the_science(self):
        release(self.channel)
        self.update()
        (self.state / "state.json").write_text("{")
        done = self.run_science()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is damaged: delete it" if "is damaged:" in done.stderr else "is damaged (", done.stderr)
        self.assert_error(self.update(), 7, "is damaged")


class Kills(UpdateTest):
    def test_killed_anywhere_leaves_a_working_client(self):
        release(self.channel)
        chance = random.Random(11)
        rounds = int(os.environ.get("AXIOM_KILLS", "15"))
        outcomes = set()
        for trial in range(rounds):
            shutil.rmtree(self.state, ignore_errors=True)
            shutil.copy2(TEST_CLIENT, self.program)
            process = subprocess.Popen(
                [str(self.program), "update", "--apply", "--channel",
                 self.nginx.url(f"/files/{self.channel.name}/"), "--ca-file", str(self.authority.certificate)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
            try:
                process.communicate(timeout=chance.uniform(0.01, 0.5))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            content = self.program.read_bytes()
            self.assertIn(content, (self.original, NEXT_CLIENT.read_bytes()))
            outcomes.add(self.version())
            done = self.run_science()
            self.assertEqual(done.returncode, 0, done.stderr)
            done = self.update()  # the next one completes it
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.version(), "99.0.0")
            left = {p.name for p in self.state.iterdir()}
            self.assertLessEqual(left, {"state.json", "previous", ".lock", "state.json.tmp"})

    def kill_at(self, call, when):
        """Whether the update went through all the same: there were fewer such calls."""
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copy2(TEST_CLIENT, self.program)
        done = subprocess.run(
            ["strace", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={when}",
             str(self.program), "update", "--apply", "--channel",
             self.nginx.url(f"/files/{self.channel.name}/"), "--ca-file", str(self.authority.certificate)],
            capture_output=True, text=True, env=environment())
        if "ptrace" in done.stderr:
            self.skipTest("strace is not allowed here")
        self.assertIn(self.program.read_bytes(), (self.original, NEXT_CLIENT.read_bytes()))
        self.assertEqual(self.run_science().returncode, 0)
        return done.returncode == 0

    def test_killed_at_every_system_call_that_changes_files(self):
        if not shutil.which("strace"):
            self.skipTest("strace is missing")
        release(self.channel)
        killed = 0
        for call in ("write", "fsync", "rename", "fchmod", "unlink", "mkdir", "clone", "close"):
            step = 1 if call != "close" or "AXIOM_KILLS" in os.environ else 9
            for when in range(1, 1000, step):
                if self.kill_at(call, when):
                    break
                killed += 1
        self.assertGreater(killed, 20)


class KeyRotation(UpdateTest):
    def key_list(self, listed, names, later, signers, **changes):
        public = lambda name: (ANCHORS / f"{name}.pub").read_text().splitlines()[1]
        path = self.channel / f"keys.{listed}.json"
        text = {"schema": 1, "type": "axiom-client keys", "number": listed, "threshold": 2,
                "keys": [public(name) for name in names], "next": [public(name) for name in later]}
        path.write_text(json.dumps({**text, **changes}))
        sign(path, signers)

    def test_rotation(self):
        self.key_list(2, "axy", "bcz", "abxy")
        release(self.channel, names="xy")
        done = self.update()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.version(), "99.0.0")
        # The new list holds, also without the file in the channel.
        (self.channel / "keys.2.json").unlink()
        release(self.channel, version="99.0.0", names="bc")
        self.assert_error(self.update(), 53, "signed by 0 of the known keys")

    def test_a_chain_of_rotations(self):
        self.key_list(2, "axy", "bcz", "abxy")
        self.key_list(3, "xyz", "abc", "xyz")
        release(self.channel, names="yz")
        self.assertEqual(self.update("--check").returncode, 0)

    def test_a_rotation_is_kept_at_once(self):
        self.key_list(2, "xyz", "abc", "abxy")
        self.refused(57, "the channel has no 'manifest.json'")
        (self.channel / "keys.2.json").unlink()  # withheld from now on
        release(self.channel, names="ab")
        self.refused(53, "signed by 0 of the known keys")

    def test_old_keys_alone_do_not_sign_releases_any_more(self):
        self.key_list(2, "xyz", "abc", "abxy")
        release(self.channel, names="ab")
        self.refused(53, "signed by 0 of the known keys")

    def test_not_by_the_old_keys(self):
        self.key_list(2, "axy", "bcz", "axy")
        release(self.channel, names="xy")
        self.refused(53, "signed by 1 of the known keys")

    def test_not_by_the_new_keys(self):
        self.key_list(2, "xyz", "abc", "ab")
        self.refused(68, "not signed by enough of its own keys")

    def test_a_number_left_out(self):
        self.key_list(2, "axy", "bcz", "abxy", number=3)
        self.refused(68, "number 3 does not follow 1")

    def test_a_key_that_was_not_announced(self):
        stranger = self.directory / "s"
        script("make_keys.sh", "--no-password", stranger, "s")
        for suffix in (".pub", ".key"):
            shutil.copy(stranger / f"s{suffix}", ANCHORS / f"stranger{os.getpid()}{suffix}")
            self.addCleanup((ANCHORS / f"stranger{os.getpid()}{suffix}").unlink)
        name = f"stranger{os.getpid()}"
        self.key_list(2, ["a", "b", name], "xyz", ["a", "b"])
        self.refused(68, "was not announced by the list before")

    def test_malformed_lists(self):
        for changes in ({"threshold": 0}, {"threshold": 4}, {"keys": []}, {"next": 5}, {"keys": ["RW"]},
                        {"keys": ["x"] * 9}):
            with self.subTest(changes=changes):
                self.key_list(2, "axy", "bcz", "abxy", **changes)
                self.refused(57, "axiom-client keys")

    def test_fast_forward_is_undone_by_a_rotation(self):
        release(self.channel, number=10**15)
        self.assertEqual(self.update("--check").returncode, 0)
        release(self.channel, number=8)
        self.refused(61, "older than number 1000000000000000")
        self.key_list(2, "axy", "bcz", "abxy")
        release(self.channel, number=9, names="xy")
        self.assertEqual(self.update("--check").returncode, 0)


if __name__ == "__main__":
    unittest.main()
