"""Uploads to a real nginx: what arrives, and what never leaves."""

import getpass
import gzip
import json
import os
import random
import shutil
import socket
import subprocess
import unittest

from certificates import CONFIG, Authority
from servers import Server, answer
from support import ANCHORS, CLIENT, QUICK, TEST_CLIENT, client, environment
from uploading import RESULT, UploadTest


class Arriving(UploadTest):
    def test_a_run_uploads_its_result(self):
        out = self.directory / "fresh"
        done = client(*QUICK, "--out", out, "--upload-url", self.nginx.url(), "--ca-file",
                      self.authority.certificate)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.out = out
        self.assertEqual((out / RESULT).read_bytes(), self.text)
        self.assert_all_arrived()
        left = sorted(p.suffixes[-2] for p in (out / "outbox").iterdir())
        self.assertEqual(left, [".sent", ".sent"])

    def test_what_arrives(self):
        done = self.upload(self.nginx.url("/upload/deeper/"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_all_arrived()

    def test_again_is_harmless_and_sends_nothing(self):
        self.upload(self.nginx.url())
        log = self.nginx.directory / "access.log"
        before = log.read_text()
        done = self.upload(self.nginx.url())
        self.assertEqual(done.returncode, 0)
        self.assertIn("nothing waits", done.stderr)
        self.assertEqual(log.read_text(), before)
        shutil.rmtree(self.outbox)  # forgotten: the same object again, in the same place
        self.assertEqual(self.upload(self.nginx.url()).returncode, 0)
        self.assert_all_arrived()

    def test_a_name_within_the_address(self):
        done = self.upload(self.nginx.url("/upload/x/{name}?y=1"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_all_arrived()

    def test_a_result_that_was_kept_is_sent_too(self):
        done = client(*QUICK[:4], "8", *QUICK[5:], "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.upload(self.nginx.url()).returncode, 0)
        results = [n for n in self.arrived() if ".result." in n]
        self.assertEqual(len(results), 2)
        self.assertEqual(len(self.arrived()), 3)  # the first one's telemetry was replaced
        told = json.loads(client("report", self.nginx.root / "upload", "--json").stdout)
        self.assertEqual((told["files"], [study["seeds"] for study in told["studies"]]), (2, [2]))

    def test_a_copy_of_a_result_is_no_other_one(self):
        shutil.copy(self.out / RESULT, self.out / "neuronspec.result.000000000000.json")
        shutil.copy(self.out / RESULT, self.out / "mine.result.json")
        for url in (self.nginx.url(), "https://localhost:1/one"):
            shown = client("upload", self.out, "--upload-url", url, "--print-upload")
            self.assertEqual((shown.returncode, shown.stdout.count("PUT ")), (0, 1 + url.endswith("/")), shown.stderr)
        self.assertEqual(self.upload(self.nginx.url()).returncode, 0)
        self.assert_all_arrived()

    def test_a_log_of_the_metadata(self):
        """As docs/UPLOADS.md says how nginx keeps it."""
        self.assertEqual(self.upload(self.nginx.url("/upload/logged/")).returncode, 0)
        plan = json.loads((self.out / "neuronspec.telemetry.json").read_text())["work_digest"]
        lines = [line.split() for line in (self.nginx.directory / "metadata.log").read_text().splitlines()
                 if line.startswith("/upload/logged/")]
        self.assertEqual([line[1:] for line in lines], 2 * [["201", "0.1.0", plan, self.digest]])

    def test_credentials(self):
        file = self.directory / "credentials"
        file.write_text("user:wrong\n")
        done = self.upload(self.nginx.url("/private/"), "--upload-credentials", file)
        self.assert_error(done, 43, "answered 401: no permission; check --upload-credentials")
        file.write_text("user:secret\n")
        done = self.upload(self.nginx.url("/private/"), "--upload-credentials", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.arrived("private")), 2)

    def test_files_that_can_be_read_only_once(self):
        """As of <(command) in a shell: a run reads them before it computes, and needs them after."""
        out = self.directory / "run"
        with Server(self.valid, answer(201)) as server:
            ends = [os.pipe(), os.pipe()]
            for (_, end), text in zip(ends, (b"user:secret\n", self.authority.certificate.read_bytes())):
                os.write(end, text)
                os.close(end)
            (credentials, _), (store, _) = ends
            done = client(*QUICK, "--out", out, "--upload-url", server.url(), "--retry-for", "0", "--upload-credentials",
                          f"/dev/fd/{credentials}", "--ca-file", f"/dev/fd/{store}", pass_fds=(credentials, store))
            for end in (credentials, store):
                os.close(end)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([request.headers["Authorization"] for request in server.requests],
                             ["Basic dXNlcjpzZWNyZXQ="] * 2)

    def test_too_large_for_the_server(self):
        self.assert_error(self.upload(self.nginx.url("/tiny/")), 43, "answered 413: too large")

    def test_redirected(self):
        self.assertEqual(self.upload(self.nginx.url("/moved/")).returncode, 0)
        self.assert_all_arrived()

    def test_one_object_signed_in_advance(self):
        seen = answer(200)
        query = "X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-meta-axiom-result-digest&X-Amz-Signature=5ec3e7"
        with Server(self.valid, seen) as server:
            done = self.upload(server.url(f"/bucket/key?{query}"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(server.requests), 1)  # telemetry has no place there
            request = server.requests[0]
        self.assertEqual(request.path, f"/bucket/key?{query}")
        amazon = [name for name in request.headers if name.startswith("x-amz")]
        self.assertEqual(amazon, ["x-amz-meta-axiom-result-digest"])
        self.assertEqual(request.headers["Axiom-Client-Version"], "0.1.0")
        for text in [done.stderr, *(p.read_text() for p in self.outbox.glob("*.sent.json"))]:
            self.assertNotIn("5ec3e7", text)

    def test_two_results_for_one_address(self):
        client(*QUICK[:4], "8", *QUICK[5:], "--out", self.out)
        done = self.upload("https://localhost:1/object")
        self.assert_error(done, 2, "2 results wait")
        shutil.rmtree(self.outbox)
        shown = client("upload", self.out, "--upload-url", "https://localhost:1/object", "--print-upload")
        self.assert_error(shown, 2, "2 results wait")
        self.assertEqual(shown.stdout, "")  # nothing would leave

    def test_versions_pin_every_upload(self):
        with Server(self.valid, answer(201)) as server:
            self.upload(server.url())
            requests = server.requests
        telemetry = json.loads((self.out / "neuronspec.telemetry.json").read_text())
        self.assertEqual(len(requests), 2)
        for request in requests:
            expected = {"Client-Version": "0.1.0", "Build": telemetry["build"],
                        "Experiment": "neuronspec", "Experiment-Version": "2.0",
                        "Arithmetic-Version": "1", "Plan-Digest": telemetry["work_digest"],
                        "Result-Digest": self.digest}
            for name, value in expected.items():
                self.assertEqual(request.headers[f"Axiom-{name}"], value)
                self.assertEqual(request.headers[f"x-amz-meta-axiom-{name.lower()}"], value)

    def test_only_what_print_upload_shows_leaves(self):
        shown = client("upload", self.out, "--print-upload", "--upload-url", "https://localhost:4/")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertFalse(self.outbox.exists())
        with Server(self.valid, answer(201)) as server:
            self.upload(server.url())
            sent = ""
            for request in server.requests:
                headers = "".join(f"{n}: {v}\n" for n, v in request.headers.items())
                headers = headers.replace(str(server.port), "4")
                sent += (f"PUT https://localhost:4{request.path}\n{headers}\n"
                         f"{gzip.decompress(request.body).decode()}\n")
                header = request.body[:10]  # gzip: no flags (name, comment), no time
                self.assertEqual((header[3:8], header[9]), (b"\0\0\0\0\0", 255))  # nor a system
        order = lambda text: sorted(text.splitlines())
        self.assertEqual(order(shown.stdout), order(sent))
        for secret in (socket.gethostname(), getpass.getuser(), os.path.expanduser("~"), str(self.directory)):
            if len(secret) > 3:
                self.assertNotIn(secret.lower(), sent.lower())
        # Nothing more would.
        self.assertEqual(client("upload", self.out, "--print-upload").stdout, "")

    def test_print_upload_without_an_address(self):
        shown = client("upload", self.out, "--print-upload")
        self.assertEqual(shown.stdout.count("PUT https://UPLOAD-URL/neuronspec-"), 2)
        self.upload("https://localhost:1/folder/")  # now it waits for that address
        shown = client("upload", self.out, "--print-upload")
        self.assertEqual(shown.stdout.count("PUT https://localhost:1/folder/neuronspec-"), 2)

    def test_without_the_option_nothing_connects(self):
        out = self.directory / "traced"
        log = self.directory / "trace"
        if not shutil.which("strace"):
            self.skipTest("strace is missing")
        done = subprocess.run(["strace", "-f", "-e", "trace=network", "-o", log, CLIENT, *QUICK, "--out",
                               out], capture_output=True, text=True, timeout=300)
        if "ptrace" in done.stderr:
            self.skipTest("strace is not allowed here")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("socket(", log.read_text())


class ManyResults(UploadTest):
    """A directory that many work units have left their results in."""

    def add(self, count):
        result = json.loads(self.text)
        chance = random.Random(1)
        for number in range(count):
            result["padding"] = chance.randbytes(800000).hex()
            (self.out / f"neuronspec.result.{number:012x}.json").write_text(json.dumps(result))

    def measured(self, *arguments):
        """Processor time in seconds and the peak of memory in MB."""
        process = subprocess.Popen([CLIENT, "upload", self.out, *arguments, "--upload-url", self.nginx.url(), "--ca-file",
                                    self.authority.certificate], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=environment())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000

    def test_are_packed_one_at_a_time_and_once(self):
        self.add(1)
        _, of_one = self.measured("--print-upload")
        shutil.rmtree(self.outbox, ignore_errors=True)
        self.add(24)
        _, of_all = self.measured("--print-upload")
        self.assertLess(of_all, of_one + 12)  # 22 MB packed
        first, of_all = self.measured()
        self.assertLess(of_all, of_one + 12)
        self.assertEqual(len(self.arrived()), 26)
        again, _ = self.measured()
        self.assertLess(again, first / 4)


class Options(UploadTest):
    def test_what_is_refused(self):
        base = ["upload", self.out]
        cases = [(["upload"], "needs the directory"),
                 ([*base, "--upload-url", "http://localhost/"], "does not begin with https://"),
                 ([*base, "--upload-url", "ftp://localhost/"], "does not begin with https://"),
                 ([*base, "--upload-url", "nothing"], "is no address"),
                 ([*base, "--upload-url", "https://u:p@localhost/"], "user name or password"),
                 ([*base, "--upload-url", ""], "is no address"),
                 ([*base, "--upload-url", "https:/localhost/x"], "is no address"),
                 ([*base, "--upload-url", "https:///localhost/x"], "is no address"),
                 ([*base, "--upload-url", "https://localhost/\xe9/"], "has characters beyond ASCII"),
                 ([*base, "--upload-url", "https://b\xfccher.example/"], "xn--"),
                 ([*base, "--upload-url", "https://localhost/" + 16384 * "a"], "is longer than 16384 bytes"),
                 ([*QUICK, "--upload-url", "https://localhost/" + 16300 * "a" + "{name}"], "is longer than 16384 bytes"),
                 ([*base, "--upload-url", "https://localhost:0/"], "has port 0"),
                 ([*base, "--upload-url", "https://localhost/a/?key=1"], "is a folder, but has a query"),
                 ([*base, "--upload-url", "https://localhost/a#{name}"], "{name} is neither in the path nor in the query"),
                 ([*base, "--upload-url", "https://localhost/{NAME}"], "holds a '{', but not {name}"),
                 ([*QUICK, "--upload-url", "https://localhost/a?k={name"], "holds a '{', but not {name}"),
                 ([*base, "--pin", "sha256//short"], "--pin"),
                 ([*base, "--stall-timeout", "0"], "--stall-timeout"),
                 ([*base, "--connect-timeout", "x"], "--connect-timeout"),
                 ([*base, "--retry-for", "-1"], "--retry-for"),
                 ([*base, "--ca-file", ""], "empty path"),
                 ([*base, "--seed", "1"], "do not go together"),
                 ([*QUICK, "--pin", "sha256//x"], "needs --upload-url"),
                 ([*QUICK, "--upload-credentials", "x"], "needs --upload-url"),
                 (["devices", "--upload-url", "https://localhost/"], "do not go together"),
                 (["self-test", "--ca-file", "x"], "do not go together")]
        for arguments, fragment in cases:
            with self.subTest(arguments=arguments):
                self.assert_error(client(*arguments, cwd=self.directory), 2, fragment)
        self.assertFalse((self.directory / "axiom-results").exists())  # before anything is computed
        secret = client(*base, "--upload-url", "https://user:hunter2@localhost/")
        self.assertNotIn("hunter2", secret.stderr)
        file = self.directory / "odd"
        file.write_text("neither\n")
        done = self.upload("https://localhost:1/", "--upload-credentials", file)
        self.assert_error(done, 2, "USER:PASSWORD or Bearer TOKEN")
        self.assert_error(client("upload", self.directory / "missing"), 7, "there is no directory")

    def test_help(self):
        done = client("upload", "--help")
        self.assertEqual(done.returncode, 0)
        lines = done.stdout.splitlines()
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)
        for option in ["--upload-url", "--print-upload", "--upload-credentials", "--ca-file", "--pin",
                       "--connect-timeout", "--stall-timeout", "--total-timeout", "--retry-for",
                       "--retry-delay", "--upload-intermediate", "--outbox-limit"]:
            self.assertIn(option, done.stdout)


class Fallback(UploadTest):
    def test_a_host_without_ca_certificates_works(self):
        """The throw-away authority is in the bundle within the test client."""
        own = self.directory / "anchors"  # the tool that issues does not bear company
        shutil.copytree(ANCHORS, own)
        (own / "ca.cnf").write_text(CONFIG.format(directory=own))
        embedded = Authority(own).issue("server")
        with Server(embedded, answer(201)) as server:
            done = client("upload", self.out, "--upload-url", server.url(), "--retry-for", "0",
                          program=TEST_CLIENT, env={"SSL_CERT_FILE": "/dev/null"})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(server.requests), 2)


if __name__ == "__main__":
    unittest.main()
