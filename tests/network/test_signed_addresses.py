"""Addresses signed in advance: the request is what was signed, to the last header, or nothing is sent."""

import gzip
import hashlib
import json
import unittest

import s3
from servers import Server, answer
from support import QUICK, NetworkTest, client

RESULT = "neuronspec.result.json"


class SignedAddresses(NetworkTest):
    def setUp(self):
        super().setUp()
        self.text = (self.out / RESULT).read_bytes()
        self.digest = hashlib.sha256(self.text).hexdigest()

    def put(self, path="/results/one.json.gz", *arguments, busy=0, **options):
        with s3.Bucket(self.valid, busy) as bucket:
            done = self.upload(s3.signed_address(bucket.base(), path, **options), *arguments)
            for text in [done.stderr, *(p.read_text() for p in self.outbox.glob("*.sent.json"))]:
                self.assertNotIn("X-Amz-Signature", text)
            return done, bucket

    def arrives(self, path="/results/one.json.gz", *arguments, key=None, **options):
        done, bucket = self.put(path, *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(bucket.objects), [key or path])
        body, metadata = bucket.objects[key or path]
        self.assertEqual(gzip.decompress(body), self.text)
        return metadata

    def test_the_published_example(self):
        """That of Amazon's documentation, "Authenticating Requests: Using Query Parameters"."""
        query = [("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
                 ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
                 ("X-Amz-Date", "20130524T000000Z"), ("X-Amz-Expires", "86400"), ("X-Amz-SignedHeaders", "host")]
        found = s3.signature("GET", "/test.txt", query, {"host": "examplebucket.s3.amazonaws.com"}, ["host"])
        self.assertEqual(found, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")

    def test_a_run_looks_before_it_computes(self):
        credentials = self.directory / "credentials"
        credentials.write_text("user:secret\n")
        out = self.directory / "fresh"
        for headers, arguments, fragment in (("host%3Bx-amz-acl", [], "is signed for a request with the header 'x-amz-acl'"),
                                             ("host", ["--upload-credentials", credentials], "is signed in advance: it takes")):
            with self.subTest(headers=headers):
                done = client(*QUICK, "--out", out, "--upload-url",
                              f"https://localhost:1/x?X-Amz-SignedHeaders={headers}&X-Amz-Signature=5e", *arguments)
                self.assert_error(done, 2, fragment)
                self.assertEqual(list(out.glob("*.result.json")), [])

    def test_host_alone(self):
        self.assertEqual(self.arrives(), {})

    def test_type_and_metadata(self):
        work_digest = json.loads((self.out / "neuronspec.telemetry.json").read_text())["work_digest"]
        metadata = {"x-amz-meta-axiom-experiment": "neuronspec", "x-amz-meta-axiom-plan-digest": work_digest,
                    "x-amz-meta-axiom-result-digest": self.digest}
        self.assertEqual(self.arrives(headers={"content-type": "application/gzip", **metadata}), metadata)

    def test_other_headers_of_ours(self):
        body = hashlib.sha256(self.text).hexdigest()
        self.arrives(headers={"axiom-experiment": "neuronspec", "axiom-result-digest": body,
                              "user-agent": "axiom-client/0.1.0"})

    def test_odd_names(self):
        for path, key in (("/b/a%20b.gz", "/b/a b.gz"), ("/b/a+b~c.gz", "/b/a+b~c.gz"), ("/b/%C3%BC.gz", "/b/ü.gz"),
                          ("/b/x%2Fy%3Fz.gz", "/b/x/y?z.gz"), ("/b/a=b&c;d.gz", "/b/a=b&c;d.gz")):
            with self.subTest(path=path):
                self.arrives(path, key=key)
                for receipt in self.outbox.glob("*.sent.json"):
                    receipt.unlink()

    def test_a_session_token(self):
        self.arrives(token="FwoGZXIvYXdz+EXAMPLE//token==%2B")

    def test_a_busy_bucket(self):
        self.arrives("/b/busy.gz", "--retry-for", "60", "--retry-delay", "0.01", busy=2)

    def test_metadata_of_another_result(self):
        done, bucket = self.put(headers={"x-amz-meta-axiom-result-digest": "0" * 64})
        self.assert_error(done, 43, "answered 403: no permission")
        self.assertEqual(bucket.refusals, ["SignatureDoesNotMatch"])
        self.assertEqual(len(self.waiting()), 1)

    def test_expired(self):
        done, bucket = self.put(lifetime=60, age=120)
        self.assert_error(done, 43, "whether a signed address has expired")
        self.assertEqual(bucket.refusals, ["AccessDenied"])

    def test_signed_for_something_else(self):
        done, bucket = self.put(method="GET")
        self.assert_error(done, 43, "answered 403")
        self.assertEqual(bucket.refusals, ["SignatureDoesNotMatch"])
        with s3.Bucket(self.valid) as bucket:
            other = s3.signed_address(bucket.base(), "/b/other").replace("/b/other", "/b/mine")
            self.assert_error(self.upload(other), 43, "answered 403")
            self.assertEqual(bucket.objects, {})

    def test_headers_that_are_never_sent(self):
        for name in ("x-amz-acl", "content-md5", "x-amz-server-side-encryption", "x-amz-meta-owner"):
            with self.subTest(name=name):
                done, bucket = self.put(headers={name: "x"})
                self.assert_error(done, 2, f"signed for a request with the header '{name}', which is not sent")
                self.assertEqual(bucket.connections, 0)

    def test_credentials_beside_a_signature(self):
        credentials = self.directory / "credentials"
        credentials.write_text("user:secret\n")
        done, bucket = self.put("/b/x", "--upload-credentials", credentials)
        self.assert_error(done, 2, "is signed in advance: it takes no --upload-credentials")
        self.assertEqual(bucket.connections, 0)

    def test_what_is_shown_is_what_is_sent(self):
        with s3.Bucket(self.valid) as bucket:
            address = s3.signed_address(bucket.base(), "/b/x", {"x-amz-meta-axiom-build": "b"})
        shown = client("upload", self.out, "--print-upload", "--upload-url", address).stdout
        self.assertIn(f"PUT {address}\n", shown)
        amazon = [line for line in shown.splitlines() if line.startswith("x-amz")]
        self.assertEqual(len(amazon), 1)
        self.assertTrue(amazon[0].startswith("x-amz-meta-axiom-build: "))

    def test_signatures_of_other_services_get_no_metadata_either(self):
        for query in ("X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-SignedHeaders=host&X-Goog-Signature=5e",
                      "AWSAccessKeyId=A&Expires=9999999999&Signature=c2lnbmVk"):
            with self.subTest(query=query), Server(self.valid, answer(200)) as server:
                done = self.upload(server.url(f"/b/x?{query}"))
                self.assertEqual(done.returncode, 0, done.stderr)
                request, = server.requests
                self.assertEqual([name for name in request.headers if name.startswith("x-amz")], [])
                self.assertEqual(request.path, f"/b/x?{query}")
            for receipt in self.outbox.glob("*.sent.json"):
                receipt.unlink()


if __name__ == "__main__":
    unittest.main()
