"""The release scripts, from keys to an updated client, with throw-away keys and the ordinary minisign tool."""

import json
import shutil
import subprocess
import unittest

from releases import NEXT_CLIENT, PLATFORM, key, script
from servers import Nginx
from support import ANCHORS, TEST_CLIENT, NetworkTest, client


class Release(NetworkTest):
    def setUp(self):
        super().setUp()
        self.nginx = Nginx(self.valid)
        self.addCleanup(self.nginx.close)
        self.channel = self.nginx.root / "files"
        self.program = self.directory / "axiom-client"
        shutil.copy2(TEST_CLIENT, self.program)

    def update(self, action):
        return client("update", action, "--channel", self.nginx.url("/files/"), "--ca-file",
                      self.authority.certificate, program=str(self.program), cwd=self.directory)

    def make_manifest(self, program, version="99.0.0", check=True):
        return script("make_manifest.py", "--channel", self.channel, "--version", version, "--minimum-version", "0.1.0",
                      "--days", "90", "--platform", f"{PLATFORM}={program}", check=check)

    def sign(self, document, names):
        for name in names:
            script("sign.sh", document, key(name))

    def verify(self, check=True):
        return script("verify.py", "--keys", ANCHORS / "keys.json", self.channel, check=check)

    def signed_program(self):
        program = self.directory / "signed"
        shutil.copy2(NEXT_CLIENT, program)
        for name in "ab":
            subprocess.run(["minisign", "-S", "-s", str(key(name)), "-t", "axiom-client executable 99.0.0", "-x",
                            str(self.directory / f"{name}.minisig"), "-m", str(program)], check=True,
                           capture_output=True)
        script("attach_signature.py", program, self.directory / "a.minisig", self.directory / "b.minisig")
        return program

    def test_from_signing_to_an_updated_client_and_through_a_rotation(self):
        program = self.signed_program()
        self.make_manifest(program)
        manifest = self.channel / "manifest.json"
        self.sign(manifest, "a")
        self.assertIn("2 are needed", self.verify(check=False).stderr)
        self.assertEqual(self.update("--check").returncode, 53)
        self.sign(manifest, "c")
        self.assertIn("manifest 1, version 99.0.0, expires in 8", self.verify().stdout)
        done = self.update("--check")
        self.assertIn("99.0.0", done.stdout, done.stderr)

        # Keys a and b leave; x, y and z were announced.
        rotation = self.channel / "keys.2.json"
        script("make_key_list.py", "--out", rotation, "--follows", ANCHORS / "keys.json", "--key", ANCHORS / "c.pub",
               "--key", ANCHORS / "x.pub", "--key", ANCHORS / "y.pub", "--next", ANCHORS / "z.pub")
        self.sign(rotation, "acx")
        self.assertIn("signed by 1 keys of list 2", self.verify(check=False).stderr)  # the manifest, by c
        self.make_manifest(program)
        self.assertEqual(json.loads(manifest.read_text())["number"], 2)
        self.sign(manifest, "xy")
        self.assertIn("signed by 2 keys of list 2", self.verify().stdout)
        done = self.update("--apply")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = client("--version", program=str(self.program))
        self.assertTrue(done.stdout.startswith("axiom-client 99.0.0 "), done.stdout)

    def test_a_program_checks_its_own_signature(self):
        program = self.signed_program()
        done = client("--version", program=str(program))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[1], "signed: axiom-client executable 99.0.0")
        out = self.directory / "signed-run"
        from support import QUICK
        done = client(*QUICK, "--out", out, program=str(program))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("signed: axiom-client executable 99.0.0", done.stderr)
        # One bit, in a text that nothing executes; in the record's last word; a record that is cut off.
        content = program.read_bytes()

        def flipped(at):
            return content[:at] + bytes([content[at] ^ 1]) + content[at + 1:]
        for damaged in (flipped(content.index(b"a set of parameters: small is short")), flipped(len(content) - 3),
                        content[:-100], content + b"\n"):
            program.write_bytes(damaged)
            for arguments in (["--version"], [*QUICK, "--out", self.directory / "damaged"]):
                done = client(*arguments, program=str(program))
                self.assert_error(done, 69, "is not as the project signed it")
                self.assertEqual(done.stdout, "")
            self.assertFalse((self.directory / "damaged").exists())

    def test_what_the_scripts_refuse(self):
        keys = self.directory / "keys"
        script("make_keys.sh", "--no-password", keys, "p", "q")
        self.assertEqual((keys / "p.key").stat().st_mode & 0o077, 0)
        again = script("make_keys.sh", "--no-password", keys, "p", check=False)
        self.assertIn("not replaced", again.stderr)
        twice = script("make_key_list.py", "--out", keys / "list", "--key", keys / "p.pub", "--key", keys / "p.pub",
                       check=False)
        self.assertIn("given twice", twice.stderr)
        stranger = script("make_key_list.py", "--out", keys / "list", "--follows", ANCHORS / "keys.json", "--key",
                          keys / "p.pub", "--key", keys / "q.pub", check=False)
        self.assertIn("clients would refuse", stranger.stderr)
        self.make_manifest(NEXT_CLIENT)
        self.sign(self.channel / "manifest.json", "a")
        repeated = script("sign.sh", self.channel / "manifest.json", key("a"), check=False)
        self.assertIn("has signed already", repeated.stderr)
        other = self.make_manifest(TEST_CLIENT, check=False)
        self.assertIn("published already, with other bytes", other.stderr)
        self.sign(self.channel / "manifest.json", "b")
        self.verify()
        program = self.channel / f"axiom-client-99.0.0-{PLATFORM}"
        program.write_bytes(program.read_bytes()[:-1])
        self.assertIn("is not what the manifest says", self.verify(check=False).stderr)

    def assert_refused(self, done, fragment):
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(fragment, done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_odd_values(self):
        empty = self.directory / "empty"
        empty.touch()
        good = {"--version": "1.0.0", "--minimum-version": "0.1.0", "--days": "90", "--platform": f"{PLATFORM}={TEST_CLIENT}"}
        for option, value, fragment in (("--version", "1.0", "is no version"), ("--version", "\u0661.0.0", "is no version"),
                                        ("--minimum-version", "x", "is no version"), ("--minimum-version", "1.0.1", "nobody could"), ("--days", "nan", "is no number of days"),
                                        ("--days", "1e9", "is no number of days"), ("--number", "-5", "--number"),
                                        ("--number", "1000000000000001", "is no integer"), ("--date", "2026", "is no time"),
                                        ("--platform", PLATFORM, "is not NAME=VALUE"), ("--platform", "../x=/bin/true", "is not NAME"),
                                        ("--platform", "x#1=/bin/true", "is not NAME"), ("--platform", "x y=/bin/true", "is not NAME"),
                                        ("--platform", f"{PLATFORM}={empty}", "has 0 bytes"),
                                        ("--platform", f"{PLATFORM}={self.directory}/none", "No such file")):
            with self.subTest(option=option, value=value):
                options = [part for pair in {**good, option: value}.items() for part in pair]
                self.assert_refused(script("make_manifest.py", "--channel", self.channel, *options, check=False), fragment)
        self.assertFalse((self.channel / "manifest.json").exists())
        policy = ["make_policy.py", "--out", self.directory / "policy.json", "--number", "1", "--days", "9"]
        self.assert_refused(script(*policy, "--minimum-client-version", "1", check=False), "is no version")
        self.assert_refused(script(*policy, "--minimum-client-version", "0.1.0", "--experiment", "compgen=", check=False),
                            "is not NAME=VALUE")
        policy += ["--minimum-client-version", "0.1.0"]
        for versions in ("2.0, 2.1", "2.0,", ",2.0", " 2.0"):
            self.assert_refused(script(*policy, "--experiment", f"compgen={versions}", check=False), "without spaces")
        self.assert_refused(script(*policy, "--experiment", "compgen=2.0", "--experiment", "compgen=2.1", check=False),
                            "compgen is given twice")
        self.assert_refused(script(*policy, "--date", "9999-12-31T00:00:00Z", check=False), "out of range")
        self.assert_refused(script(*policy, "--out", self.directory / "none" / "policy.json", check=False), "No such file")
        self.assertFalse((self.directory / "policy.json").exists())
        self.assert_refused(script("make_key_list.py", "--out", empty, "--key", self.directory / "none.pub", check=False),
                            "cannot be read")
        mistyped = self.directory / "mistyped.pub"
        mistyped.write_text((ANCHORS / "a.pub").read_text().replace("\nRW", "\nRW!"))
        self.assert_refused(script("make_key_list.py", "--out", empty, "--key", mistyped, "--key", ANCHORS / "b.pub",
                                   check=False), "is no public key")
        self.assert_refused(script("make_key_list.py", "--out", empty, "--key", ANCHORS / "a.pub", "--key", ANCHORS / "b.pub",
                                   "--follows", ANCHORS / "a.pub", check=False), "is no key list")

    def test_a_policy_is_verified_for_all_key_lists(self):
        self.make_manifest(NEXT_CLIENT)
        self.sign(self.channel / "manifest.json", "ac")
        policy = self.directory / "policy.json"
        script("make_policy.py", "--out", policy, "--days", 9, "--minimum-client-version", "0.1.0")

        def verified(check=False):
            return script("verify.py", "--keys", ANCHORS / "keys.json", self.channel, "--policy", policy, check=check)
        self.assert_refused(verified(), "REFUSED: FileNotFoundError")
        self.sign(policy, "a")
        self.assert_refused(verified(), "policy.json: signed by 1 keys of list 1, 2 are needed")
        self.sign(policy, "c")
        self.assertIn("policy 1, client 0.1.0 or later, expires in 8 days", verified(check=True).stdout)
        rotation = self.channel / "keys.2.json"
        script("make_key_list.py", "--out", rotation, "--follows", ANCHORS / "keys.json", "--key", ANCHORS / "c.pub",
               "--key", ANCHORS / "x.pub", "--key", ANCHORS / "y.pub")
        self.sign(rotation, "acx")
        self.sign(self.channel / "manifest.json", "x")
        self.assert_refused(verified(), "policy.json: signed by 1 keys of list 2, 2 are needed")
        self.sign(policy, "y")
        verified(check=True)
        script("make_policy.py", "--out", policy, "--days", -1, "--minimum-client-version", "0.1.0")
        self.sign(policy, "acx")
        self.assert_refused(verified(), "policy.json has expired")
        policy.write_text(policy.read_text().replace("axiom-client policy", "axiom-client manifest"))
        self.assert_refused(verified(), "policy.json is no policy")

    def test_what_is_no_document_is_not_signed(self):
        path = self.directory / "document.json"
        for text in (None, "", "{", "[]", '{"number": 1}'):
            if text is not None:
                path.write_text(text)
            self.assert_refused(script("sign.sh", path, key("a"), check=False), "is no document to be signed")
            self.assertFalse(path.with_name("document.json.minisig").exists())

    def test_a_signature_that_came_by_message(self):
        """Its last line has no end; and its lines end as those of Windows."""
        self.make_manifest(NEXT_CLIENT)
        manifest = self.channel / "manifest.json"
        signature = manifest.with_name("manifest.json.minisig")
        for change in (lambda text: text.removesuffix(b"\n"), lambda text: text.replace(b"\n", b"\r\n")):
            signature.unlink(missing_ok=True)
            self.sign(manifest, "a")
            signature.write_bytes(change(signature.read_bytes()))
            self.assert_refused(script("sign.sh", manifest, key("a"), check=False), "this key has signed already")
            self.assertEqual(script("sign.sh", manifest, key("b")).stderr, "")
            self.verify()
            self.assertEqual(self.update("--check").returncode, 0)

    def test_each_document_has_a_number_of_its_own(self):
        policy = ["make_policy.py", "--out", self.directory / "policy.json", "--days", 9, "--minimum-client-version", "0.1.0"]
        manifest = ["make_manifest.py", "--channel", self.directory, "--version", "1.0.0", "--minimum-version", "0.1.0",
                    "--days", 9, "--platform", f"{PLATFORM}={TEST_CLIENT}"]
        for command, name in ((policy, "policy.json"), (manifest, "manifest.json")):
            path = self.directory / name
            signature = path.with_name(name + ".minisig")
            for number in (1, 2, 3):
                script(*command)
                self.assertEqual(json.loads(path.read_text())["number"], number)
                self.assertFalse(signature.exists())
                signature.write_text("of this one\n")
            for text in ("", "{}", '{"number": "3"}', "[]", '{"number": 1000000000000000}'):
                path.write_text(text)
                self.assert_refused(script(*command, check=False), "give --number")
                self.assertEqual((path.read_text(), signature.exists()), (text, True))

    def test_a_key_list_made_again_has_to_be_signed_again(self):
        rotation = self.channel / "keys.2.json"
        command = ["make_key_list.py", "--out", rotation, "--follows", ANCHORS / "keys.json", "--key", ANCHORS / "c.pub",
                   "--key", ANCHORS / "x.pub", "--key", ANCHORS / "y.pub"]
        script(*command)
        self.sign(rotation, "ac")
        script(*command, "--next", ANCHORS / "z.pub")
        self.assertFalse(rotation.with_name("keys.2.json.minisig").exists())
        self.sign(rotation, "acx")
        self.make_manifest(NEXT_CLIENT)
        self.sign(self.channel / "manifest.json", "cx")
        self.verify()
        # Made from the first list once more instead of the second.
        third = self.channel / "keys.3.json"
        shutil.copy2(rotation, third)
        shutil.copy2(f"{rotation}.minisig", f"{third}.minisig")
        self.assert_refused(self.verify(check=False), "keys.3.json is list 2, which clients refuse there")
        (self.directory / "half.json").write_text('{"number": 1, "keys": []}')
        half = script(*command, "--follows", self.directory / "half.json", check=False)
        self.assert_refused(half, "is no key list")

    def test_what_is_missing_or_wrong_in_a_channel(self):
        self.assert_refused(self.verify(check=False), "REFUSED: FileNotFoundError")
        self.make_manifest(NEXT_CLIENT)
        self.assert_refused(self.verify(check=False), "REFUSED: FileNotFoundError")
        # Two that are right, and one over the bytes before: clients refuse all of it.
        manifest = self.channel / "manifest.json"
        self.sign(manifest, "c")
        manifest.write_text(manifest.read_text() + "\n")
        self.sign(manifest, "ab")
        self.assert_refused(self.verify(check=False), "is not over these bytes; clients would refuse all")
        self.assertEqual(self.update("--check").returncode, 52)

    def test_what_clients_would_not_understand(self):
        """Signed all the same: verify.py says so before clients do."""
        self.make_manifest(NEXT_CLIENT)
        path = self.channel / "manifest.json"
        whole = path.read_text()
        manifest = json.loads(whole)
        cases = [({"schema": 2}, "is no manifest of schema 1"), ({"type": "axiom-client policy"}, "is no manifest of schema 1"),
                 ({"version": "99.0"}, "is no version"), ({"minimum_version": "100.0.0"}, "nobody could update"),
                 ({"platforms": {}}, "is for no platform"), ({"later": [[[[[[[[0]]]]]]]]}, "nested deeper"),
                 ({"later": "x" * 70000}, "clients take 65536")]
        texts = [(json.dumps({**manifest, **changes}), why) for changes, why in cases]
        texts.append((whole.replace('"schema": 1', '"schema": 1, "schema": 1'), "a member is there twice"))
        for text, why in texts:
            with self.subTest(why=why):
                path.write_text(text)
                path.with_name("manifest.json.minisig").unlink(missing_ok=True)
                self.sign(path, "ab")
                self.assert_refused(self.verify(check=False), why)
                self.assertNotEqual(self.update("--check").returncode, 0)
        path.write_text(whole)
        path.with_name("manifest.json.minisig").unlink()
        self.sign(path, "ab")
        policy = self.directory / "policy.json"
        script("make_policy.py", "--out", policy, "--days", 30, "--minimum-client-version", "0.1.0", "--experiment", "compgen=2.0")
        policy.write_text(policy.read_text().replace('[\n      "2.0"\n    ]', '"2.0"'))
        self.sign(policy, "ab")
        done = script("verify.py", "--keys", ANCHORS / "keys.json", self.channel, "--policy", policy, check=False)
        self.assert_refused(done, "the versions of compgen are no list of strings")

    def test_only_signatures_of_executables_are_attached(self):
        program = self.directory / "unsigned"
        shutil.copy2(NEXT_CLIENT, program)
        self.make_manifest(NEXT_CLIENT)
        self.sign(self.channel / "manifest.json", "a")
        before = program.read_bytes()
        for file in (self.channel / "manifest.json.minisig", ANCHORS / "a.pub", self.directory / "none"):
            done = script("attach_signature.py", program, file, check=False)
            self.assert_refused(done, "No such file" if file.name == "none" else "is no signature of an executable")
        lines = b"untrusted comment: a\nRUS=\ntrusted comment: axiom-client executable 0.2.0\nRUS="
        cut, whole = self.directory / "cut.minisig", self.directory / "whole.minisig"
        cut.write_bytes(lines)  # the next one would follow on its last line
        whole.write_bytes(lines + b"\n")
        self.assert_refused(script("attach_signature.py", program, cut, check=False), "four whole lines")
        self.assertEqual(program.read_bytes(), before)
        script("attach_signature.py", program, whole, whole)
        self.assertTrue(program.read_bytes().startswith(before))
        self.assertEqual(program.stat().st_mode, NEXT_CLIENT.stat().st_mode)


if __name__ == "__main__":
    unittest.main()
