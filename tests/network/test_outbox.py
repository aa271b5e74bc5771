"""What lies beside a result or in its outbox, by other runs, other versions and other hands: it neither stops what can be
sent, nor gets lost."""

import fcntl
import json
import os
import shutil
import time
import unittest

from certificates import self_signed
from servers import Server, answer
from support import QUICK, NetworkTest, altered, client


class OutboxTest(NetworkTest):
    def change(self, path, **members):
        path.write_text(altered(path.read_text(), **members))

    def run_again(self, seed, url, *arguments):
        """Another run into the same directory."""
        return client(*QUICK[:4], seed, *QUICK[5:], "--out", self.out, "--upload-url", url, "--ca-file",
                      self.authority.certificate, "--retry-for", "0", *arguments)

    def targets(self):
        return {path.name: json.loads(path.read_text())["target"] for path in self.outbox.glob("*.queued.json")}


class Neighbours(OutboxTest):
    def put_strangers(self):
        """Sorted by name: the first one's error ends `upload`."""
        (self.out / "notes.result.json").write_text("by hand\n")
        text = (self.out / "neuronspec.result.json").read_text()
        (self.out / "featrank.result.json").write_text(
            text.replace('"experiment_version":"2.0"', '"experiment_version":"1.0"'))

    def test_files_that_are_no_results_do_not_stop_an_upload(self):
        self.put_strangers()
        with Server(self.valid, answer(201)) as server:
            done = self.upload(server.url())
            self.assert_error(done, 3, "this program verifies \"2.0\", the file has \"1.0\"")
            self.assertIn("warning: ", done.stderr)
            self.assertIn("notes.result.json: not JSON", done.stderr)
            self.assertEqual(len(server.requests), 2)
        (self.out / "featrank.result.json").unlink()
        shown = client("upload", self.out, "--print-upload")
        self.assert_error(shown, 3, "notes.result.json: not JSON: unexpected text")
        self.assertEqual(shown.stdout, "")
        shutil.rmtree(self.outbox)
        shown = client("upload", self.out, "--print-upload")
        self.assertEqual(shown.stdout.count("PUT "), 2)

    def test_nor_a_run(self):
        self.put_strangers()
        with Server(self.valid, answer(201)) as server:
            done = self.run_again("8", server.url())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr.count("warning: "), 2)
            self.assertEqual(len(server.requests), 3)  # that of the run before, too

    def test_telemetry_of_another_form_stays_here(self):
        telemetry = self.out / "neuronspec.telemetry.json"
        original = telemetry.read_text()
        for members in ({"client_version": 5}, {"build": None}, {"build": ""}, {"build": " "},
                        {"client_version": "1\r\nInjected: 1"}, {"client_version": "\u00e9"}, {"build": 10000 * "x"}):
            with self.subTest(members=members), Server(self.valid, answer(201)) as server:
                telemetry.write_text(original)
                self.change(telemetry, **members)
                shutil.rmtree(self.outbox, ignore_errors=True)
                done = self.upload(server.url())
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(server.requests), 1)
                self.assertNotIn("Injected", server.requests[0].headers)


    def test_telemetry_that_is_none(self):
        telemetry = self.out / "neuronspec.telemetry.json"
        telemetry.unlink()
        for make in (telemetry.mkdir, lambda: telemetry.write_bytes(b" " * 1100000), lambda: os.mkfifo(telemetry)):
            make()
            with Server(self.valid, answer(201)) as server:
                done = self.upload(server.url(), timeout=30)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(server.requests), 1)
            shutil.rmtree(self.outbox)
            telemetry.rmdir() if telemetry.is_dir() else telemetry.unlink()

    def test_a_pipe_is_not_waited_for(self):
        os.mkfifo(self.out / "compgen.result.json")
        with Server(self.valid, answer(201)) as server:
            done = self.upload(server.url(), timeout=30)
            self.assert_error(done, 7, "compgen.result.json' is a directory, pipe or device: move it")
            self.assertEqual(len(server.requests), 2)


class OneObject(OutboxTest):
    def test_a_run_sends_its_own_result_there_and_none_else(self):
        """The earlier one waits for a place of its own, and the latest did not take its address."""
        self.upload("https://localhost:1/first")
        before = self.targets()
        self.assertEqual(len(before), 1)
        with Server(self.valid, answer(201)) as server:
            done = self.run_again("8", server.url("/second"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("uploaded: ", done.stderr)
            self.assertIn("warning: not all that waited before is sent: https://localhost:1/first: no connection", done.stderr)
            self.assertIn(f"1 of 1 wait in '{self.outbox}': axiom-client upload sends them", done.stderr)
            self.assertEqual([request.path for request in server.requests], ["/second"])
        self.assertEqual(self.targets(), before)

    def test_a_run_that_fails_counts_what_waits_beside_its_own(self):
        self.upload("https://localhost:1/first")
        self.assert_error(self.run_again("8", "https://localhost:1/second"), 40, "2 of 2 wait in")

    def test_an_earlier_one_that_is_refused_is_a_warning_to_a_run(self):
        """Its signed address has expired, say."""
        with Server(self.valid, answer(403)) as server:
            self.upload(server.url("/first"))
        with Server(self.valid, answer(201)) as server:
            entry, = self.outbox.glob("*.queued.json")
            self.change(entry, target=server.url("/first?X-Amz-SignedHeaders=host%3Bx-amz-acl&X-Amz-Signature=5e"))
            done = self.run_again("8", server.url("/second"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("warning: not all that waited before is sent: ", done.stderr)
            self.assertIn("x-amz-acl", done.stderr)
            self.assertEqual([request.path for request in server.requests], ["/second"])

    def test_two_that_share_an_address_do_not_stop_others(self):
        self.upload("https://localhost:1/folder/")
        self.run_again("8", "https://localhost:1/folder/")
        with Server(self.valid, answer(201)) as server:
            for entry in self.outbox.glob("*.queued.json"):
                shared = ".result." in entry.name
                self.change(entry, target=server.url("/shared" if shared else "/folder/"))
            done = client("upload", self.out, "--ca-file", self.authority.certificate)
            self.assert_error(done, 2, "/shared is the address of one object, but 2 results wait")
            self.assertEqual([request.path.rsplit("/", 1)[0] for request in server.requests], ["/folder"] * 2)
        self.assertEqual(len(self.waiting()), 2)

    def test_nor_one_that_was_not_queued(self):
        with Server(self.valid, answer(201)) as server:
            done = self.run_again("8", server.url("/second"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(server.requests), 1)

    def test_a_refusal_leaves_the_addresses(self):
        self.upload("https://localhost:1/folder/")
        self.run_again("8", "https://localhost:1/folder/")
        before = self.targets()
        self.assert_error(self.upload("https://localhost:1/object"), 2, "2 results wait")
        self.assertEqual(self.targets(), before)


class SeveralServers(OutboxTest):
    """The result waits for one server, the telemetry for another."""

    def spread(self, first, second):
        self.upload("https://localhost:1/")
        for entry in self.outbox.glob("*.queued.json"):
            self.change(entry, target=first if ".result." in entry.name else second)

    def send(self, *arguments):
        return client("upload", self.out, "--ca-file", self.authority.certificate, *arguments)

    def test_one_that_is_down_keeps_no_other_waiting(self):
        with Server(self.valid, answer(201)) as server:
            self.spread("https://localhost:1/", server.url())
            done = self.send("--retry-for", "2", "--retry-delay", "0.5")
            self.assert_error(done, 40, "https://localhost:1/")
            self.assertIn("1 of 2 wait", done.stderr)
            self.assertEqual(len(server.requests), 1)
            told = done.stderr.splitlines()
            self.assertIn("uploaded: ", told[0])  # before the first is waited for
            self.assertIn("next attempt in", told[1])
        self.assertEqual([".result." in name for name in self.waiting()], [True])

    def test_nor_one_that_is_refused(self):
        with Server(self_signed(self.directory), answer(201)) as stranger, Server(self.valid, answer(201)) as server:
            self.spread(stranger.url(), server.url())
            self.assert_error(self.send(), 41, "is self-signed")
            self.assertEqual((len(stranger.requests), len(server.requests)), (0, 1))

    def test_nor_one_that_asked_to_wait(self):
        with Server(self.valid, answer(429, "Retry-After: 3000\r\n")) as busy, Server(self.valid, answer(201)) as server:
            self.spread(busy.url(), server.url())
            self.assert_error(self.send("--retry-for", "5"), 43, "not to come back within the next")
            self.assertEqual((len(busy.requests), len(server.requests)), (1, 1))

    def test_one_that_asked_to_wait_means_all_that_is_for_it(self):
        """Of the next run, too: its own result would go first."""
        with Server(self.valid, answer(503, "Retry-After: 3000\r\n")) as busy, Server(self.valid, answer(201)) as server:
            self.assert_error(self.upload(busy.url()), 43, "answered 503")
            self.assertEqual(len(busy.requests), 1)
            done = self.run_again("8", busy.url())
            self.assert_error(done, 43, "not to come back within the next")
            self.assertIn("4 of 4 wait", done.stderr)
            for entry in self.outbox.glob("*.queued.json"):  # by a clock that was set back meanwhile
                self.change(entry, not_before=time.time() + 1e7)
            self.assert_error(self.upload(busy.url()), 43, "answered 503")
            self.assertEqual(len(busy.requests), 2)
            done = self.upload(server.url())
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_without_patience_each_is_asked_once(self):
        with Server(self.valid, answer(503)) as first, Server(self.valid, answer(503)) as second:
            self.spread(first.url(), second.url())
            done = self.send("--retry-for", "0")
            self.assert_error(done, 43, "2 of 2 wait")
            self.assertIn(second.url(), done.stderr)
            self.assertEqual((len(first.requests), len(second.requests)), (1, 1))


class Credentials(OutboxTest):
    """They are for one server, and no other hears of them."""

    def setUp(self):
        super().setUp()
        self.credentials = self.directory / "credentials"
        self.credentials.write_text("user:secret\n")

    def test_a_run_tells_them_its_own_server_alone(self):
        self.upload("https://localhost:1/first")
        with Server(self.valid, answer(201)) as other, Server(self.valid, answer(201)) as own:
            entry, = self.outbox.glob("*.queued.json")
            self.change(entry, target=other.url("/first"))
            done = self.run_again("8", own.url("/second"), "--upload-credentials", self.credentials)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(["Authorization" in server.requests[0].headers for server in (own, other)], [True, False])
            self.assertNotIn("Authorization", str([request.headers for request in other.requests]))

    def test_several_servers_are_not_to_share_them(self):
        self.upload("https://localhost:1/")
        with Server(self.valid, answer(201)) as server:
            self.change(next(self.outbox.glob("*.result.*queued.json")), target=server.url())
            for arguments in ([], ["--print-upload"]):
                done = client("upload", self.out, "--ca-file", self.authority.certificate, "--upload-credentials",
                              self.credentials, *arguments)
                self.assert_error(done, 2, f"objects wait for localhost:{server.port} and localhost:1: name the server")
            self.assertEqual(server.connections, 0)
            done = self.upload(server.url(), "--upload-credentials", self.credentials)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual([request.headers["Authorization"] for request in server.requests],
                             ["Basic dXNlcjpzZWNyZXQ="] * 2)


class Entries(OutboxTest):
    def test_results_that_were_never_queued_are_told(self):
        done = client("upload", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("nothing waits to be uploaded in", done.stderr)
        self.assertIn("results that were never queued: 1 (--upload-url URL)", done.stderr)
        with Server(self.valid, answer(201)) as server:
            self.upload(server.url())
        self.assertTrue(client("upload", self.out).stderr.endswith(f"nothing waits to be uploaded in '{self.out}'\n"))

    def test_one_that_is_removed_while_its_server_is_down_stays_removed(self):
        self.upload("https://localhost:1/")

        def removing(connection, server):
            server.read_request(connection)
            shutil.rmtree(self.outbox)
            self.outbox.mkdir()
            connection.sendall(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        with Server(self.valid, removing) as server:
            self.assert_error(self.upload(server.url()), 43, "answered 503")
        self.assertEqual(list(self.outbox.iterdir()), [])

    def test_print_upload_changes_nothing(self):
        """It needs no right to write, and no lock: what a run under way has is shown, too."""
        self.upload("https://localhost:1/")
        entry = next(self.outbox.glob("*.result.json.gz"))
        (self.outbox / (entry.name + ".tmp")).write_text("left behind\n")
        shutil.copy2(self.out / "neuronspec.result.json", self.out / "neuronspec.result.0123456789ab.json")
        (self.out / "neuronspec.result.0123456789ab.json").write_text(
            (self.out / "neuronspec.result.json").read_text().replace('"experiment_version":"2.0"', '"experiment_version":"1.0"'))
        for entry in self.outbox.glob("*.queued.json"):
            entry.chmod(0o644)
        for path in (self.outbox, self.out):
            path.chmod(0o555)
        (self.out / ".lock").chmod(0o400)
        before = {path: (path.stat().st_mtime_ns, path.is_dir() or path.read_bytes()) for path in self.out.rglob("*")}

        def nobody():
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
        with open(self.out / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            shown = client("upload", self.out, "--print-upload", preexec_fn=nobody, program=self.program_for_anybody())
        self.assert_error(shown, 3, "the file has \"1.0\"")
        self.assertEqual(shown.stdout.count("PUT https://localhost:1/"), 2)
        self.assertEqual(before, {path: (path.stat().st_mtime_ns, path.is_dir() or path.read_bytes())
                                  for path in self.out.rglob("*")})
        self.out.chmod(0o755)
        shutil.rmtree(self.outbox)
        self.out.chmod(0o555)
        shown = client("upload", self.out, "--print-upload", preexec_fn=nobody, program=self.program_for_anybody())
        self.assertEqual(shown.stdout.count("PUT https://UPLOAD-URL/"), 2)
        self.assertFalse(self.outbox.exists())

    def test_a_target_that_is_no_place_is_damage(self):
        for target in ("http://localhost/", "", "https://user:secret@localhost/", "https://localhost/one"):
            with self.subTest(target=target):
                shutil.rmtree(self.outbox, ignore_errors=True)
                self.upload("https://localhost:1/")
                self.change(next(self.outbox.glob("*.telemetry.json.gz.queued.json")), target=target)
                with Server(self.valid, answer(201)) as server:
                    self.change(next(self.outbox.glob("*.result.json.gz.queued.json")), target=server.url())
                    done = client("upload", self.out, "--ca-file", self.authority.certificate)
                    self.assert_error(done, 7, ".telemetry.json.gz' is damaged and not sent: ")
                    self.assertIn("warning: an entry of the outbox was set aside", done.stderr)
                    self.assertNotIn("secret", done.stderr)
                    self.assertEqual(len(server.requests), 1)

    def test_print_upload_tells_of_a_damaged_entry(self):
        self.upload("https://localhost:1/")
        next(self.outbox.glob("*.result.json.gz")).write_bytes(b"damaged")
        shown = client("upload", self.out, "--print-upload")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("warning: an entry of the outbox is damaged", shown.stderr)
        self.assertIn(".result.json.gz", shown.stdout)  # by --upload-url it is queued again
        self.assertEqual(list(self.outbox.glob("*.bad")), [])

    def test_addresses_are_not_for_others_to_read(self):
        done = self.upload("https://localhost:1/", preexec_fn=lambda: os.umask(0))
        self.assertEqual(done.returncode, 40, done.stderr)
        modes = {path.name.endswith(".queued.json"): path.stat().st_mode & 0o777 for path in self.outbox.iterdir()}
        self.assertEqual(modes, {True: 0o600, False: 0o666})

    def test_another_users_entries_are_not_damaged(self):
        self.upload("https://localhost:1/")
        for path in (self.out, self.outbox):
            path.chmod(0o777)
        (self.out / ".lock").chmod(0o666)
        for entry in self.outbox.glob("*.queued.json"):
            entry.chmod(0)
        before = sorted(path.name for path in self.outbox.iterdir())

        def nobody():
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
        done = client("upload", self.out, preexec_fn=nobody, program=self.program_for_anybody())
        self.assert_error(done, 7, "Permission denied; check its owner and permissions")
        self.assertEqual(sorted(path.name for path in self.outbox.iterdir()), before)

    def test_what_cannot_be_read_is_an_error_in_the_end(self):
        """A directory stands for a disk that fails. Whoever deletes what `upload` has sent must not lose this."""
        self.upload("https://localhost:1/")
        body = next(self.outbox.glob("*.result.json.gz"))
        kept = body.read_bytes()
        body.unlink()
        body.mkdir()
        with Server(self.valid, answer(201)) as server:
            for expected in (1, 1):  # the other object, then nothing more
                self.assert_error(self.upload(server.url()), 7, "it stays in the outbox: axiom-client upload")
                self.assertEqual(len(server.requests), expected)
            # A run answers for its own result.
            again = self.run_again("8", server.url())
            self.assertEqual(again.returncode, 0, again.stderr)
            self.assertIn("warning: an entry of the outbox stays there for later", again.stderr)
            body.rmdir()
            body.write_bytes(kept)
            self.assertEqual(self.upload(server.url()).returncode, 0)
        self.assertEqual(self.waiting(), [])

    def test_a_later_version_gets_its_entries_back(self):
        self.upload("https://localhost:1/")
        for entry in self.outbox.glob("*.queued.json"):
            self.change(entry, schema=2)
        before = {path.name: path.read_bytes() for path in self.outbox.iterdir()}
        with Server(self.valid, answer(201)) as server:
            done = self.upload(server.url())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr.count("of a later version of this program"), 4)
            self.assertEqual(server.requests, [])
        self.assertEqual({path.name: path.read_bytes() for path in self.outbox.iterdir()}, before)


if __name__ == "__main__":
    unittest.main()
