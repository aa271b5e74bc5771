"""Addresses signed in advance: the request is what was signed, to the last header, or nothing is sent."""

import gzip
import hashlib
import json
import pathlib
import shutil
import unittest
import urllib.parse

import s3
from servers import Server, answer
from support import QUICK, NetworkTest, client

RESULT = "neuronspec.result.json"


def known_answers():
    """(method, address, headers beside host) of signed_addresses.txt."""
    answers = []
    for line in pathlib.Path(__file__).with_name("signed_addresses.txt").read_text().splitlines():
        if line.startswith("    "):
            answers[-1][2].append(tuple(line.strip().split(": ", 1)))
        elif line and not line.startswith("#"):
            answers.append((*line.split(" "), []))
    return answers


class KnownAnswers(NetworkTest):
    """By signers that are not ours."""

    def signature(self, method, address, headers):
        parts = urllib.parse.urlsplit(address)
        query = urllib.parse.parse_qsl(parts.query)
        names = dict(query)["X-Amz-SignedHeaders"].split(";")
        unsigned = [pair for pair in query if pair[0] != "X-Amz-Signature"]
        return s3.signature(method, parts.path, unsigned, headers, names), dict(query)["X-Amz-Signature"]

    def test_the_bucket_of_the_tests_agrees(self):
        answers = known_answers()
        self.assertEqual(len(answers), 7)
        for method, address, headers in answers:
            with self.subTest(address=address):
                host = urllib.parse.urlsplit(address).netloc
                found, expected = self.signature(method, address, {"host": host, **dict(headers)})
                self.assertEqual(found, expected)

    def test_what_would_be_sent_is_what_was_signed(self):
        for method, address, headers in known_answers():
            if method != "PUT":
                continue
            with self.subTest(address=address):
                shown = client("upload", self.out, "--print-upload", "--upload-url", address)
                if "x-amz-acl" in dict(headers):
                    self.assert_error(shown, 2, "signed for a request with the header 'x-amz-acl', which is not sent")
                    continue
                head = shown.stdout.split("\n\n")[0].splitlines()
                self.assertEqual(head[0], f"PUT {address}")
                sent = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:])}
                found, expected = self.signature(method, address, sent)
                self.assertEqual(found, expected)
                self.assertEqual({name for name in sent if name.startswith("x-amz-")},
                                 {name for name, _ in headers if name.startswith("x-amz-")})


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

    def test_redirected_to_one(self):
        """By a server of the project's that signs for each object: the headers are those for where it redirects to."""
        def sign(connection, server):
            while True:
                name = server.read_request(connection).path
                address = s3.signed_address(bucket.base(), name, {"x-amz-meta-axiom-experiment": "neuronspec", **more})
                connection.sendall(f"HTTP/1.1 307 X\r\nContent-Length: 0\r\nLocation: {address}\r\n\r\n".encode())
        more = {"x-amz-acl": "private"}
        with s3.Bucket(self.valid) as bucket, Server(self.valid, sign) as broker:
            self.assert_error(self.upload(broker.url()), 2, "is signed for a request with the header 'x-amz-acl', which is not sent")
            more = {}
            done = self.upload(broker.url())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(all("x-amz-meta-axiom-build" in request.headers for request in broker.requests))
        metadata = [kept for _, kept in bucket.objects.values()]
        self.assertEqual(metadata, [{"x-amz-meta-axiom-experiment": "neuronspec"}] * 2)

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
        shown = client("upload", self.out, "--upload-url", "https://localhost:1/x?X-Amz-Signature=1", "--upload-credentials",
                       credentials, "--print-upload")
        self.assert_error(shown, 2, "is signed in advance: it takes no --upload-credentials")
        self.assertEqual(bucket.connections, 0)

    def test_what_is_shown_is_what_is_sent(self):
        with s3.Bucket(self.valid) as bucket:
            address = s3.signed_address(bucket.base(), "/b/x", {"x-amz-meta-axiom-build": "b"})
        shown = client("upload", self.out, "--print-upload", "--upload-url", address).stdout
        self.assertIn(f"PUT {address}\n", shown)
        amazon = [line for line in shown.splitlines() if line.startswith("x-amz")]
        self.assertEqual(len(amazon), 1)
        self.assertTrue(amazon[0].startswith("x-amz-meta-axiom-build: "))

    def test_version_2_has_what_was_signed_in_its_query(self):
        """As botocore writes it; a server that does not look there needs the headers."""
        query = ("AWSAccessKeyId=A&Signature=c2lnbmVk&content-type=application%2Fgzip&x-amz-meta-axiom-experiment=neuronspec"
                 "&x-amz-security-token=t&Expires=9999999999")
        with Server(self.valid, answer(200)) as server:
            done = self.upload(server.url(f"/b/x?{query}"))
            self.assertEqual(done.returncode, 0, done.stderr)
            request, = server.requests
        self.assertEqual({name: value for name, value in request.headers.items() if name.lower().startswith("x-amz")},
                         {"x-amz-meta-axiom-experiment": "neuronspec"})
        self.assertEqual(request.headers["Content-Type"], "application/gzip")
        shutil.rmtree(self.outbox)
        done = self.upload(f"https://localhost:1/b/y?{query}&x-amz-meta-owner=me")
        self.assert_error(done, 2, "signed for a request with the header 'x-amz-meta-owner', which is not sent")

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

    def test_azure(self):
        """A container's shared access signature; its service wants the blob's type, and metadata named as in C#."""
        def service(connection, server):
            while True:
                headers = {name.lower(): value for name, value in server.read_request(connection).headers.items()}
                metadata = [name.removeprefix("x-ms-meta-") for name in headers if name.startswith("x-ms-meta-")]
                taken = (headers.get("x-ms-blob-type") == "BlockBlob" and "authorization" not in headers
                         and metadata and all(name.isidentifier() for name in metadata))
                status = "201 Created" if taken else "400 Bad Request"
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

        query = "sv=2024-11-04&sr=c&sp=cw&se=2027-01-01T00%3A00%3A00Z&sig=c2ln%2BbmF0%3D"
        with Server(self.valid, service) as server:
            shown = client("upload", self.out, "--print-upload", "--upload-url", server.url(f"/results/{{name}}?{query}"))
            done = self.upload(server.url(f"/results/{{name}}?{query}"))
            self.assertEqual(done.returncode, 0, done.stderr)
            result, telemetry = server.requests
        self.assertEqual(result.path, f"/results/neuronspec-{self.digest}.result.json.gz?{query}")
        self.assertTrue(telemetry.path.endswith(f".telemetry.json.gz?{query}"))
        for request in (result, telemetry):
            self.assertEqual(request.headers["x-ms-meta-axiom_result_digest"], self.digest)
            self.assertEqual([name for name in request.headers if name.startswith("x-amz")], [])
            for name, value in request.headers.items():
                self.assertIn(f"\n{name}: {value}\n", shown.stdout)
        for receipt in self.outbox.glob("*.sent.json"):
            self.assertNotIn("sig=", receipt.read_text())
        shutil.rmtree(self.outbox)
        credentials = self.directory / "credentials"
        credentials.write_text("user:secret\n")
        refused = self.upload(f"https://localhost:1/r/{{name}}?{query}", "--upload-credentials", credentials)
        self.assert_error(refused, 2, "is signed in advance: it takes no --upload-credentials")


if __name__ == "__main__":
    unittest.main()
