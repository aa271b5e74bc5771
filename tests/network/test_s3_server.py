"""Signed addresses at a server of Amazon's protocol that is not ours: it takes what was signed, and nothing else."""

import gzip
import shutil
import unittest
import urllib.error
import urllib.request
import ssl

import s3
from support import NetworkTest
from swift_server import Swift, available


@unittest.skipUnless(available(), "python3-swift is not installed (sh scripts/install-packages.sh long)")
class S3Server(NetworkTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.swift = Swift(cls.valid, s3.REGION, s3.SECRET_KEY)
        cls.addClassCleanup(cls.swift.close)
        cls.trust = ssl.create_default_context(cafile=str(cls.authority.certificate))
        cls.request("PUT", "/results")  # the bucket

    @classmethod
    def address(cls, path, **options):
        return s3.signed_address(cls.swift.base(), path, access_key="test:tester", **options)

    @classmethod
    def request(cls, method, path):
        asked = urllib.request.Request(cls.address(path, method=method), method=method)
        with urllib.request.urlopen(asked, context=cls.trust, timeout=60) as answered:
            return answered.headers, answered.read()

    def test_arrives_with_its_metadata(self):
        text = (self.out / "neuronspec.result.json").read_bytes()
        metadata = {"x-amz-meta-axiom-experiment": "neuronspec", "x-amz-meta-axiom-experiment-version": "2.0"}
        for path, headers in (("/results/plain.gz", {}), ("/results/a%20b/%C3%BC%2B~.gz", {}),
                              ("/results/typed.gz", {"content-type": "application/gzip", **metadata})):
            with self.subTest(path=path):
                shutil.rmtree(self.outbox, ignore_errors=True)
                done = self.upload(self.address(path, headers=headers))
                self.assertEqual(done.returncode, 0, done.stderr)
                found, body = self.request("GET", path)
                self.assertEqual(gzip.decompress(body), text)
                self.assertEqual(found["Content-Type"], "application/gzip")
                self.assertEqual({name.lower(): value for name, value in found.items() if name.lower().startswith("x-amz-meta-")},
                                 {name: value for name, value in headers.items() if name.startswith("x-amz-meta-")})

    def test_what_was_not_signed_is_refused(self):
        good = self.address("/results/one.gz")
        wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
        other = good.replace("/one.gz", "/two.gz")
        for address in (wrong, other, self.address("/results/one.gz", method="GET"),
                        self.address("/results/one.gz", lifetime=60, age=3600),
                        self.address("/results/one.gz", headers={"x-amz-meta-axiom-experiment": "compgen"})):
            with self.subTest(address=address):
                self.assert_error(self.upload(address), 43, "the server answered 403: no permission")
                self.assertEqual(len(self.waiting()), 1)
                with self.assertRaises(urllib.error.HTTPError):
                    self.request("GET", "/results/one.gz")


if __name__ == "__main__":
    unittest.main()
