"""Signatures in BOINC's format, judged by openssl and by what must not pass."""

import hashlib
import pathlib
import subprocess
import tempfile
import unittest

import project  # sets the path
import code_signing

assert project


class Signatures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.private, cls.public = code_signing.generate_key()

    def test_key_files_have_boincs_layout(self):
        self.assertEqual(len(self.public), 527)
        self.assertEqual(len(self.private), 1437)

    def test_openssl_recovers_the_digest(self):
        data = b"application"
        signature = code_signing.sign(data, self.private)
        n, e = code_signing._numbers(self.public, (128, 128))
        structure = f"asn1=SEQUENCE:key\n[key]\nn=INTEGER:0x{n:x}\ne=INTEGER:0x{e:x}\n"
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory)
            (path / "key.txt").write_text(structure)
            (path / "sig").write_bytes(code_signing._bytes(signature))
            subprocess.run(["openssl", "asn1parse", "-genconf", path / "key.txt", "-noout", "-out", path / "key.der"],
                           check=True, capture_output=True)
            subprocess.run(["openssl", "rsa", "-RSAPublicKey_in", "-inform", "DER", "-in", path / "key.der", "-pubout",
                            "-out", path / "key.pem"], check=True, capture_output=True)
            recovered = subprocess.run(["openssl", "pkeyutl", "-verifyrecover", "-pubin", "-inkey", path / "key.pem",
                                        "-in", path / "sig"], check=True, capture_output=True).stdout
        self.assertEqual(recovered.decode(), hashlib.md5(data).hexdigest())

    def test_only_the_signed_bytes_pass(self):
        signature = code_signing.sign(b"application", self.private)
        self.assertTrue(code_signing.verify(b"application", signature, self.public))
        self.assertFalse(code_signing.verify(b"application.", signature, self.public))
        digit = "0" if signature[70] != "0" else "1"
        self.assertFalse(code_signing.verify(b"application", signature[:70] + digit + signature[71:], self.public))
        _, other = code_signing.generate_key()
        self.assertFalse(code_signing.verify(b"application", signature, other))

    def test_files_that_are_none_are_refused(self):
        for text in ("", "512\n00\n.\n", "1024\nxyz\n.\n", self.private):
            with self.assertRaises(code_signing.SigningError):
                code_signing.verify(b"", code_signing.sign(b"", self.private), text)

    def test_a_damaged_private_key_signs_nothing(self):
        """Modulus, public and private exponent; the client would refuse what it signs."""
        lines = self.private.splitlines()
        for number in (1, 2, 8, 9, 12):
            digit = "0" if lines[number][-1] != "0" else "1"
            damaged = [*lines[:number], lines[number][:-1] + digit, *lines[number + 1:]]
            self.assertRaisesRegex(code_signing.SigningError, "the key is damaged: .*; take your copy",
                                   code_signing.sign, b"application", "\n".join(damaged) + "\n")
        empty = "1024\n" + ("0" * 64 + "\n") * 22 + ".\n"
        self.assertRaisesRegex(code_signing.SigningError, "the key is damaged", code_signing.sign, b"", empty)


if __name__ == "__main__":
    unittest.main()
