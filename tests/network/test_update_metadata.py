"""Signatures, documents and key rotations: each that is not as the project signed it is refused, and the old client
stays. The cases follow the client workflow and the attacks of The Update Framework's specification."""

import json
import os
import shutil
import subprocess
import time
import unittest

import releases
from releases import PLATFORM, release, script, sign, utc
from servers import Server, files_in
from support import ANCHORS, client
from updating import UpdateTest


class Signatures(UpdateTest):
    def test_none(self):
        release(self.channel)
        (self.channel / "manifest.json.minisig").unlink()
        self.refused(57, "the channel has no 'manifest.json.minisig'")

    def test_malformed(self):
        release(self.channel)
        signature = self.channel / "manifest.json.minisig"
        good = signature.read_text()
        signature.write_text("nonsense\n")
        self.refused(51, "the signature does not begin with")
        signature.write_text(good[:-10])
        self.refused(51, "the signature ends in the middle of a line")
        signature.write_text("")
        self.refused(51, "the signature ends in the middle of a line")

    def test_lines_as_windows_ends_them(self):
        """The minisign tool takes such a file, too."""
        path = release(self.channel).with_name("manifest.json.minisig")
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        self.assertEqual(self.update("--check").returncode, 0)

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
        sign(self.channel / "manifest.json", "ab", "axiom-client manifest 1")
        self.refused(56, 'signed as "axiom-client manifest 1", of type "axiom-client policy", but it should be')

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
        self.refused(51, "the signature is of minisign's legacy kind")


class Documents(UpdateTest):
    def test_malformed(self):
        for changes in ({"schema": 2}, {"version": "99"}, {"version": "99.0.00"}, {"minimum_version": 1},
                        {"date": "today"}, {"expires": "2099-02-30T00:00:00Z"}, {"platforms": []},
                        {"platforms": {PLATFORM: {"url": "x", "size": 0, "sha256": "0" * 64}}},
                        {"platforms": {PLATFORM: {"url": "x", "size": 1e18, "sha256": "0" * 64}}},
                        {"platforms": {PLATFORM: {"url": "x", "size": 5, "sha256": "A" * 64}}}):
            with self.subTest(changes=changes):
                release(self.channel, replaced=changes)
                done = self.refused(57, "this program does not understand it")
                self.assertIn("error: axiom-client manifest", done.stderr)

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
        for number, seconds in enumerate((5, 20, 80, 320)):  # on a busy host all of it takes longer
            path = release(self.channel, number=7 + number, days=seconds / 86400)
            if self.update("--check").returncode == 0:
                break
        expires = json.loads(path.read_text())["expires"]
        while utc() <= expires:
            time.sleep(0.2)
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
        self.assert_error(self.update("--check"), 65, "get it from the project")  # --apply would not do

    def test_endless(self):
        path = release(self.channel)
        path.write_bytes(path.read_bytes() + b" " * 70000)
        self.refused(45, "longer than the 65536 bytes")
        release(self.channel)
        signature = self.channel / "manifest.json.minisig"
        signature.write_text(signature.read_text() * 400)
        self.refused(45, "longer than the 65536 bytes")

    def test_a_store_that_answers_403_for_what_is_not_there(self):
        release(self.channel)
        with Server(self.valid, files_in(self.channel, missing=403)) as server:
            self.assertEqual(self.update("--check", channel=server.url("/")).returncode, 0)
            (self.channel / "manifest.json").unlink()
            self.refused(43, "answered 403: no permission", channel=server.url("/"))

    def test_no_channel(self):
        self.refused(57, "the channel has no 'manifest.json'")

    def test_no_server(self):
        self.refused(40, "no connection", channel="https://localhost:1/")


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
