"""The keys that packaging/boinc/make-app-version makes and signs with: whose they are, and that they are never lost."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from app_version_case import TOOL, tool


class Keys(unittest.TestCase):
    def setUp(self):
        self.keys = pathlib.Path(tempfile.mkdtemp(prefix="axiom-keys-"))
        self.addCleanup(shutil.rmtree, self.keys, ignore_errors=True)

    def test_private_keys_are_for_their_owner_only(self):
        self.assertEqual(tool("keys", self.keys).returncode, 0)
        for path in self.keys.iterdir():
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600 if "private" in path.name else 0o644, path)
        os.chmod(self.keys / "ed25519_private.pem", 0o640)
        done = tool("sign", self.keys, "--keys", self.keys)
        self.assertEqual(done.returncode, 1)
        self.assertIn("others may read it (mode 0640)", done.stderr)

    def test_keys_are_never_overwritten(self):
        self.assertEqual(tool("keys", self.keys).returncode, 0)
        before = {path.name: path.read_bytes() for path in self.keys.iterdir()}
        self.assertEqual(len(before), 4)
        self.assertIn("never overwritten", tool("keys", self.keys).stderr)
        # A project that has BOINC's keys only gets the other pair.
        for name in ("ed25519_private.pem", "ed25519_public.pem"):
            (self.keys / name).unlink()
        self.assertEqual(tool("keys", self.keys).returncode, 0)
        for name in ("code_sign_private", "code_sign_public"):
            self.assertEqual((self.keys / name).read_bytes(), before[name])
        (self.keys / "ed25519_public.pem").unlink()
        self.assertIn("without its other half", tool("keys", self.keys).stderr)
        self.assertEqual(tool("keys", self.keys / "code_sign_public").stderr, f"error: {self.keys}/code_sign_public: not a folder\n")


    def test_an_openssl_that_refuses_leaves_nothing(self):
        """RSA of 1024 bits is what some systems forbid."""
        openssl = self.keys / "bin" / "openssl"
        openssl.parent.mkdir()
        openssl.write_text("#!/bin/sh\necho 'genrsa: key size too small' >&2\nexit 1\n")
        openssl.chmod(0o755)
        for path, fragment in ((f"{openssl.parent}:/usr/bin:/bin", "key size too small"), ("/none", "apt-get install openssl")):
            done = subprocess.run(["/usr/bin/python3", TOOL, "keys", self.keys / "new"], capture_output=True, text=True,
                                  env={"PATH": path})
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"\Aerror: [^\n]+\n\Z")
            self.assertIn(fragment, done.stderr)
        self.assertFalse((self.keys / "new").exists())


if __name__ == "__main__":
    unittest.main()
