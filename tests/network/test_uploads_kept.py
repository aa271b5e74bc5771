"""Uploads that do not get through: nothing is lost, whatever ends the program or fills the disk."""

import gzip
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest

from servers import Server, answer, in_turn
from support import CLIENT, QUICK, altered, client, environment
from uploading import RESULT, UploadTest


class NothingIsLost(UploadTest):
    def test_an_unreachable_server_keeps_the_result_for_later(self):
        out = self.directory / "fresh"
        self.nginx.stop()
        arguments = ["--ca-file", self.authority.certificate]
        done = client(*QUICK, "--out", out, "--upload-url", self.nginx.url(), "--retry-for", "0", *arguments)
        self.nginx.start(self.nginx.port)
        self.assertEqual(done.returncode, 40, done.stderr)
        self.assertIn("2 of 2 wait", done.stderr)
        self.assertTrue((out / RESULT).exists())
        self.assertFalse(list(out.glob("*.checkpoint.*")))
        # The address is remembered.
        done = client("upload", out, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.out = out
        self.assert_all_arrived()

    def test_killed_anywhere(self):
        """SIGKILL after random delays, again and again, until all has arrived."""
        chance = random.Random(5)
        kills = 0
        for trial in range(8):
            shutil.rmtree(self.outbox, ignore_errors=True)
            for name in self.arrived():
                (self.nginx.root / "upload" / name).unlink()
            kills += self.run_through_kills(
                [CLIENT, "upload", str(self.out), "--upload-url", self.nginx.url(), "--ca-file",
                 str(self.authority.certificate), "--retry-for", "60", "--retry-delay", "0.01"],
                lambda attempt: chance.uniform(0, 0.03 + attempt / 50))
            self.assert_all_arrived()
            self.assertEqual(self.waiting(), [])
            self.assertEqual(sorted(p.suffixes[-2] for p in self.outbox.iterdir()), [".sent", ".sent"])
        self.assertGreater(kills, 0)

    def test_a_run_killed_anywhere(self):
        """From computing to the receipt: in the end the result is there, once, and nothing waits."""
        chance = random.Random(8)
        out = self.directory / "fresh"
        command = [CLIENT, *QUICK, "--out", str(out), "--upload-url", self.nginx.url(), "--ca-file",
                   str(self.authority.certificate), "--checkpoint-interval", "0.01"]
        for trial in range(6):
            shutil.rmtree(out, ignore_errors=True)
            for path in (self.nginx.root / "upload").iterdir():
                path.unlink()
            self.run_through_kills(command, lambda attempt: chance.uniform(0, 0.04 + attempt / 50))
            results = [name for name in self.arrived() if ".result." in name]
            self.assertEqual(results, [f"neuronspec-{self.digest}.result.json.gz"])
            self.assertEqual(gzip.decompress(self.arrived()[results[0]]), self.text)
            self.assertEqual(list((out / "outbox").glob("*.queued.json")), [])

    def test_a_stop_keeps_what_waits(self):
        with Server(self.valid, answer(503)) as server:
            process = subprocess.Popen(
                [CLIENT, "upload", str(self.out), "--upload-url", server.url(), "--ca-file",
                 str(self.authority.certificate), "--retry-delay", "3600"], stderr=subprocess.PIPE,
                text=True, env=environment())
            self.assertIn("next attempt in", process.stderr.readline())
            process.send_signal(signal.SIGTERM)
            errors = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 143, errors)
        self.assertIn(f"nothing is lost: axiom-client upload {self.out} goes on", errors)
        self.assertEqual(len(self.waiting()), 2)
        self.assertEqual(self.upload(self.nginx.url()).returncode, 0)
        self.assert_all_arrived()

    def test_a_run_that_is_stopped_then_is_not_to_be_repeated(self):
        """It would compute all again."""
        process = subprocess.Popen(
            [CLIENT, *QUICK, "--out", str(self.out), "--upload-url", "https://localhost:1/", "--retry-delay", "3600"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment())
        while "next attempt in" not in (line := process.stderr.readline()) and line:
            pass
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn(f"nothing is lost: axiom-client upload {self.out} goes on", errors)

    def test_a_full_disk_in_the_outbox(self):
        # The limit on the size of files stands for the disk: the result fits, its packed copy does not.
        limit = 700
        self.assertLess(limit, len(gzip.compress(self.text, 9)))

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        done = self.upload(self.nginx.url(), preexec_fn=small_files)
        self.assert_error(done, 7, "File too large")
        self.assertEqual(self.waiting(), [])
        self.assertEqual(list(self.outbox.iterdir()), [])
        self.assertEqual(self.upload(self.nginx.url()).returncode, 0)
        self.assert_all_arrived()

    def test_damaged_entries_are_set_aside_and_queued_again(self):
        self.upload("https://localhost:1/")
        bodies = sorted(self.outbox.glob("*.gz"))
        bodies[0].write_bytes(bodies[0].read_bytes()[:-1])
        record = sorted(self.outbox.glob("*.queued.json"))[1]
        record.write_text(record.read_text()[:-10])
        done = self.upload(self.nginx.url())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("was set aside"), 2)
        self.assert_all_arrived()
        self.assertEqual(len(list(self.outbox.glob("*.queued.json.bad"))), 2)

    def test_what_is_damaged_is_an_error_unless_it_is_queued_again(self):
        """Whoever deletes what `upload` has sent must not lose this."""
        for arguments in ([], ["--upload-url", self.nginx.url()]):  # of a result that is nowhere else
            with self.subTest(arguments=arguments):
                shutil.rmtree(self.outbox, ignore_errors=True)
                self.upload("https://localhost:1/")
                next(self.outbox.glob("*.result.json.gz")).write_bytes(b"damaged")
                (self.out / RESULT).rename(self.out / "elsewhere")
                for entry in self.outbox.glob("*.telemetry.*queued.json"):
                    entry.write_text(altered(entry.read_text(), target=self.nginx.url()))
                done = client("upload", self.out, "--ca-file", self.authority.certificate, *arguments)
                self.assert_error(done, 7, f"{self.digest}.result.json.gz' is damaged and not sent: ")
                self.assertEqual(len(self.receipts()), 1)
                (self.out / "elsewhere").rename(self.out / RESULT)

    def test_one_that_is_removed_or_damaged_meanwhile_does_not_stop_the_others(self):
        self.assertEqual(client(*QUICK[:4], "8", *QUICK[5:], "--out", self.out).returncode, 0)
        for spoil, fragment in ((pathlib.Path.unlink, "is not there any more"),
                                (lambda path: path.write_bytes(b"damaged"), "is not what was put there")):
            with self.subTest(fragment=fragment):
                shutil.rmtree(self.outbox, ignore_errors=True)
                self.upload("https://localhost:1/")
                count = len(self.waiting())
                self.assertGreaterEqual(count, 3)
                spoilt = sorted(self.outbox.glob("*.result.json.gz"))[1]

                def behave(connection, server):
                    server.read_request(connection)
                    if len(server.requests) == 1:
                        spoil(spoilt)
                    connection.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                with Server(self.valid, behave) as server:
                    done = self.upload(server.url())
                    self.assert_error(done, 7, fragment)
                    self.assertIn(f"'{spoilt}' ", done.stderr)
                    self.assertEqual(len(server.requests), count - 1)
                self.assertEqual(len(self.receipts()), count - 1)
                with Server(self.valid, answer(201)) as server:  # its result is still there
                    done = self.upload(server.url())
                    self.assertEqual((done.returncode, len(server.requests)), (0, 1), done.stderr)

    def test_a_run_queues_its_result_again_if_the_entry_is_damaged(self):
        self.upload("https://localhost:1/")
        next(self.outbox.glob("*.result.json.gz")).write_bytes(b"damaged")
        done = client(*QUICK, "--out", self.out, "--upload-url", self.nginx.url(), "--ca-file", self.authority.certificate)
        self.assertEqual(done.returncode, 0, done.stderr)
        arrived = self.arrived()[f"neuronspec-{self.digest}.result.json.gz"]
        self.assertEqual(gzip.decompress(arrived), self.text)

    def test_a_pipe_in_the_place_of_an_own_file_is_not_waited_for(self):
        self.upload("https://localhost:1/")
        telemetry = next(self.outbox.glob("*.telemetry.json.gz"))
        for path in (telemetry, self.outbox / f"{telemetry.name}.queued.json", self.out / f"{RESULT}.sha256"):
            with self.subTest(path=path):
                whole = path.read_bytes()
                path.unlink()
                os.mkfifo(path)
                with Server(self.valid, answer(201)) as server:
                    for arguments in ([], ["--print-upload"]):
                        done = self.upload(server.url(), *arguments, timeout=30)
                        self.assertIn(f"'{path}' is a directory, pipe or device: move it", done.stderr)
                    self.assertEqual(self.upload(server.url(), timeout=30).returncode, 7)
                path.unlink()
                path.write_bytes(whole)

    def test_what_cannot_be_examined_keeps_nothing_else_back(self):
        """Links that lead to themselves stand for a disk that fails."""
        self.upload("https://localhost:1/")
        record = next(self.outbox.glob("*.result.json.gz.queued.json"))
        receipt = record.with_name(record.name.replace(".queued.", ".sent."))
        telemetry = self.out / "neuronspec.telemetry.json"
        for path in (record, receipt, telemetry):
            with self.subTest(path=path), Server(self.valid, answer(201)) as server:
                shutil.rmtree(self.outbox)
                if path != telemetry:
                    self.upload("https://localhost:1/")
                path.unlink(missing_ok=True)
                path.symlink_to(path.name)
                done = self.upload(server.url())
                self.assert_error(done, 7, "Too many levels of symbolic links")
                self.assertIn(f"'{path}'", done.stderr)
                self.assertEqual((len(server.requests), len(self.receipts()) - (path == receipt)), (1, 1))
                path.unlink()

    def test_a_directory_is_no_receipt(self):
        self.upload("https://localhost:1/")
        for entry in list(self.outbox.glob("*.gz")):
            (self.outbox / f"{entry.name}.sent.json").mkdir()
        with Server(self.valid, answer(201)) as server:
            self.assert_error(self.upload(server.url()), 7, ".sent.json': Is a directory")
            self.assertEqual(len(self.waiting()), 2)
            for receipt in self.outbox.glob("*.sent.json"):
                receipt.rmdir()
            self.assertEqual(self.upload(server.url()).returncode, 0)
        self.assertEqual((self.waiting(), len(self.receipts())), ([], 2))

    def test_an_answer_that_comes_twice(self):
        """The second one does not pass for that to the next request."""
        for pause in (0, 0.02):
            def twice(connection, server):
                server.read_request(connection)
                connection.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 0\r\n\r\n")
                time.sleep(pause)
                connection.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 0\r\n\r\n")
                answer(403)(connection, server)
            with Server(self.valid, in_turn(twice, answer(403))) as server:
                self.assert_error(self.upload(server.url()), 43, "the server answered 403")
            self.assertEqual((len(self.waiting()), len(self.receipts())), (1, 1))
            for receipt in self.outbox.glob("*.sent.json"):
                receipt.unlink()
        self.assertEqual(self.upload(self.nginx.url()).returncode, 0)
        self.assert_all_arrived()

    def test_a_damaged_result_is_not_sent(self):
        (self.out / RESULT).write_bytes(self.text.replace(b"0.1", b"0.2", 1))
        self.assert_error(self.upload(self.nginx.url()), 7, "is damaged and not uploaded")
        (self.out / (RESULT + ".sha256")).unlink()
        (self.out / RESULT).write_text("{}\n")
        self.assert_error(self.upload(self.nginx.url()), 3, RESULT)
        self.assertEqual(self.arrived(), {})

    def test_clock_jumps(self):
        """A server's wish that lies further ahead than it can was written under another clock."""
        self.upload("https://localhost:1/")
        for record in self.outbox.glob("*.queued.json"):
            record.write_text(altered(record.read_text(), not_before=time.time() + 10 * 365 * 86400,
                                      target=self.nginx.url()))
        done = client("upload", self.out, "--ca-file", self.authority.certificate, "--retry-for", "0")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_all_arrived()

    def test_two_at_once(self):
        with Server(self.valid, answer(503)) as server:
            process = subprocess.Popen(
                [CLIENT, "upload", str(self.out), "--upload-url", server.url(), "--ca-file",
                 str(self.authority.certificate)], stderr=subprocess.PIPE, text=True, env=environment())
            self.addCleanup(process.communicate)
            self.addCleanup(process.kill)
            process.stderr.readline()
            self.assert_error(self.upload(self.nginx.url()), 7, "is in use")


if __name__ == "__main__":
    unittest.main()
