"""What lies beside a result or in its outbox, by other runs, other versions and other hands: it neither stops what can be
sent, nor gets lost."""

import json
import os
import shutil
import unittest

from servers import Server, answer
from support import QUICK, NetworkTest, client


class OutboxTest(NetworkTest):
    def change(self, path, **members):
        path.write_text(json.dumps({**json.loads(path.read_text()), **members}))

    def run_again(self, seed, url):
        """Another run into the same directory."""
        return client(*QUICK[:4], seed, *QUICK[5:], "--out", self.out, "--upload-url", url, "--ca-file",
                      self.authority.certificate, "--retry-for", "0")

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
        for members in ({"client_version": 5}, {"build": None}, {"build": ""},
                        {"client_version": "1\r\nInjected: 1"}, {"client_version": "\u00e9"}):
            with self.subTest(members=members), Server(self.valid, answer(201)) as server:
                telemetry.write_text(original)
                self.change(telemetry, **members)
                shutil.rmtree(self.outbox, ignore_errors=True)
                done = self.upload(server.url())
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(server.requests), 1)
                self.assertNotIn("Injected", server.requests[0].headers)


class OneObject(OutboxTest):
    def test_a_run_sends_its_own_result_there_and_none_else(self):
        """The earlier one waits for a place of its own, and the latest did not take its address."""
        self.upload("https://localhost:1/first")
        before = self.targets()
        self.assertEqual(len(before), 1)
        with Server(self.valid, answer(201)) as server:
            done = self.run_again("8", server.url("/second"))
            self.assert_error(done, 40, "https://localhost:1/first: no connection")
            self.assertIn("uploaded: ", done.stderr)
            self.assertEqual([request.path for request in server.requests], ["/second"])
        self.assertEqual(self.targets(), before)

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


class Entries(OutboxTest):
    def test_print_upload_tells_of_a_damaged_entry(self):
        self.upload("https://localhost:1/")
        next(self.outbox.glob("*.result.json.gz")).write_bytes(b"damaged")
        shown = client("upload", self.out, "--print-upload")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("warning: an entry of the outbox was set aside", shown.stderr)

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
        done = client("upload", self.out, preexec_fn=nobody)
        self.assert_error(done, 7, "Permission denied; check its owner and permissions")
        self.assertEqual(sorted(path.name for path in self.outbox.iterdir()), before)

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
