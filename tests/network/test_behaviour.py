"""What servers do: answers, stalls, cuts, lies. Each has its message and exit code (docs/ERRORS.md)."""

import gzip
import hashlib
import random
import shutil
import socket
import struct
import time
import unittest

from behaving import OK, Behaviour
from servers import Server, answer, closing, free_port, in_turn
from support import altered


def trickle(head, byte):
    """Sends `head`, then `byte` once a second without end."""
    def behave(connection, server):
        server.read_request(connection)
        connection.sendall(head)
        while not server.stopping:
            connection.sendall(byte)
            time.sleep(1)
    return behave


def stall_after(head):
    def behave(connection, server):
        server.read_request(connection)
        connection.sendall(head)
        while not server.stopping and server.receive(connection):
            pass
    return behave


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Of the socket below TLS: no orderly end.
    socket.socket(fileno=connection.detach()).close()


def endless(head, chunk):
    def behave(connection, server):
        server.read_request(connection)
        connection.sendall(head)
        for _ in range(100000):
            connection.sendall(chunk)
    return behave


class Answers(Behaviour):
    def test_acknowledgements(self):
        for status in (200, 201, 204):
            with self.subTest(status=status):
                with Server(self.valid, answer(status)) as server:
                    self.assertEqual(self.upload(server.url()).returncode, 0)
                for receipt in self.outbox.glob("*.sent.json"):
                    receipt.unlink()

    def test_what_is_no_acknowledgement(self):
        for status in (202, 206, 299, 300, 304, 400, 401, 403, 404, 405, 409, 410, 411, 412, 413,
                       414, 415, 422, 501, 600, 999):
            with self.subTest(status=status):
                with Server(self.valid, answer(status)) as server:
                    # Tried once per object, however long one would wait.
                    done = self.upload(server.url(), "--retry-for", "30", "--retry-delay", "0.01")
                    # 401 is of all, and too many of them get an address banned.
                    self.assertEqual(len(server.requests), 1 if status == 401 else 2)
                    self.assert_error(done, 43, f"the server answered {status}")
                self.assertEqual(len(self.waiting()), 2)
        self.arrives()

    def test_advice(self):
        for status, advice in [(401, "--upload-credentials"), (403, "has expired"),
                               (404, "no such place"), (405, "takes no PUT"),
                               (413, "too large for the server"), (503, "the server cannot take it at the moment")]:
            with self.subTest(status=status):
                with Server(self.valid, answer(status)) as server:
                    self.assert_error(self.upload(server.url()), 43, advice)

    def test_what_may_pass_is_tried_again(self):
        for status in (408, 425, 429, 500, 502, 503, 504, 507, 599):
            with self.subTest(status=status):
                behaviour = in_turn(closing(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n"
                                            "Connection: close\r\n\r\n".encode()), OK)
                with Server(self.valid, behaviour) as server:
                    done = self.upload(server.url(), "--retry-for", "60", "--retry-delay", "0.01")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(f"the server answered {status}", done.stderr)
                    self.assertIn("next attempt in", done.stderr)
                    self.assertEqual(len(server.requests), 3)
                for receipt in self.outbox.glob("*.sent.json"):
                    receipt.unlink()

    def test_patience_ends(self):
        with Server(self.valid, answer(503)) as server:
            done = self.upload(server.url(), "--retry-for", "2", "--retry-delay", "0.2")
            self.assert_error(done, 43, "answered 503")
            self.assertGreater(len(server.requests), 2)
        self.arrives()

    def test_retry_after_is_honoured(self):
        times = []

        def busy(connection, server):
            times.append(time.monotonic())
            closing(b"HTTP/1.1 429 X\r\nContent-Length: 0\r\nRetry-After: 2\r\n"
                    b"Connection: close\r\n\r\n")(connection, server)

        def free(connection, server):
            times.append(time.monotonic())
            OK(connection, server)
        with Server(self.valid, in_turn(busy, free)) as server:
            done = self.upload(server.url(), "--retry-for", "60", "--retry-delay", "0.01")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(times[1] - times[0], 2)

    def test_retry_after_as_a_date(self):
        asked = int(time.time()) + 6
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(asked)).encode()
        times = []

        def free(connection, server):
            times.append(time.time())
            OK(connection, server)

        def busy(connection, server):
            closing(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nRetry-After: " + date +
                    b"\r\nConnection: close\r\n\r\n")(connection, server)
        with Server(self.valid, in_turn(busy, free)) as server:
            done = self.upload(server.url(), "--retry-for", "60", "--retry-delay", "0.01")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(times[0], asked - 0.1)

    def test_a_date_is_by_the_servers_clock(self):
        """That of this host may be off by an hour, as where two systems share it."""
        for ahead in (3600, -3600):
            date = lambda seconds: time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + ahead + seconds))
            busy = (f"HTTP/1.1 503 X\r\nContent-Length: 0\r\nDate: {date(0)}\r\nRetry-After: {date(3)}\r\n"
                    "Connection: close\r\n\r\n")
            times = []

            def timed(behaviour):
                def behave(connection, server):
                    times.append(time.monotonic())
                    behaviour(connection, server)
                return behave
            with self.subTest(ahead=ahead), Server(self.valid, in_turn(timed(closing(busy.encode())), timed(OK))) as server:
                done = self.upload(server.url(), "--retry-for", "60", "--retry-delay", "0.01")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertGreaterEqual(times[1] - times[0], 2)
            shutil.rmtree(self.outbox)

    def test_retry_after_beyond_patience_is_remembered(self):
        with Server(self.valid, answer(503, "Retry-After: 3600\r\n")) as server:
            done = self.upload(server.url(), "--retry-for", "60")
            self.assert_error(done, 43, "answered 503")
            self.assertEqual(len(server.requests), 1)
            # Another process, soon after: it does not even ask.
            done = self.upload(server.url(), "--retry-for", "60")
            self.assert_error(done, 43, "asked not to come back within the next")
            self.assertEqual(len(server.requests), 1)

    def test_a_retry_after_that_makes_no_sense(self):
        for value in ("-5", "soon", "9" * 30, "0", ""):
            with self.subTest(value=value):
                with Server(self.valid, answer(503, f"Retry-After: {value}\r\n")) as server:
                    self.assert_error(self.upload(server.url()), 43, "answered 503")

    def test_a_limit_that_is_not_for_good(self):
        """413 with Retry-After, as RFC 9110 has it."""
        busy = closing(b"HTTP/1.1 413 X\r\nContent-Length: 0\r\nRetry-After: 0\r\nConnection: close\r\n\r\n")
        with Server(self.valid, in_turn(busy, OK)) as server:
            done = self.upload(server.url(), "--retry-for", "60", "--retry-delay", "0.01")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(server.requests), 3)

    def test_trailers_after_the_last_chunk(self):
        chunked = closing(b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                          b"3\r\nabc\r\n0\r\nX-Checked: yes\r\nX-More: 1\r\n\r\n")
        with Server(self.valid, chunked) as server:
            done = self.upload(server.url())
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_one_object_that_is_refused_does_not_stop_the_other(self):
        def choosy(connection, server):
            while True:
                request = server.read_request(connection)
                status = b"413" if ".result." in request.path else b"204"
                connection.sendall(b"HTTP/1.1 " + status + b" X\r\nContent-Length: 0\r\n\r\n")
        with Server(self.valid, choosy) as server:
            self.assert_error(self.upload(server.url()), 43, "1 of 2 wait")
        self.assertEqual(len(self.receipts()), 1)

    def test_an_answer_before_the_body_was_read(self):
        def hasty(connection, server):
            server.read_head(connection)
            connection.sendall(b"HTTP/1.1 413 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            while server.receive(connection):  # a close at once would be a reset: see Cuts
                pass
        self.fails(hasty, 43, "answered 413")


    def test_an_acknowledgement_before_the_body_was_read(self):
        self.upload("https://localhost:1/")
        entry = next(self.outbox.glob("*.result.json.gz.queued.json"))
        body = random.Random(1).randbytes(20_000_000)  # more than connections hold
        entry.with_name(entry.name.removesuffix(".queued.json")).write_bytes(body)
        entry.write_text(altered(entry.read_text(), bytes=len(body), sha256=hashlib.sha256(body).hexdigest()))

        def hasty(connection, server):
            server.read_head(connection)
            connection.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            time.sleep(2)
        with Server(self.valid, hasty) as server:
            self.assert_error(self.upload(server.url()), 43, "of 20000000 bytes were not yet sent; 2 of 2 wait")
        self.assertEqual(self.receipts(), [])


class Cuts(Behaviour):
    def test_refused(self):
        self.assert_error(self.upload(f"https://localhost:{free_port()}/"), 40, "no connection")
        self.arrives()

    def test_no_such_name(self):
        self.assert_error(self.upload("https://no-such-host.invalid/"), 40,
                          "the name cannot be resolved")
        self.arrives()

    def test_closed_before_the_answer(self):
        self.fails(closing(b""), 40, "the connection broke")

    def test_closed_within_the_headers(self):
        self.fails(closing(b"HTTP/1.1 201 X\r\nContent-Le"), 40, "the connection broke")

    def test_closed_within_the_body(self):
        self.fails(closing(b"HTTP/1.1 201 X\r\nContent-Length: 100\r\n\r\nhalf"), 40,
                   "the connection broke")

    def test_closed_within_a_chunk(self):
        self.fails(closing(b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhalf"), 40,
                   "the connection broke")

    def test_closed_at_once(self):
        self.fails(lambda connection, server: None, 40, "the connection broke")

    def test_reset_at_once(self):
        self.fails(lambda connection, server: reset(connection), 40, "broke")

    def test_reset_within_the_request(self):
        def behave(connection, server):
            server.receive(connection, 20)
            reset(connection)
        self.fails(behave, 40, "the connection broke")

    def test_reset_after_the_request(self):
        def behave(connection, server):
            server.read_request(connection)
            reset(connection)
        self.fails(behave, 40, "the connection broke")

    def test_reset_within_the_answer(self):
        def behave(connection, server):
            server.read_request(connection)
            connection.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 10\r\n\r\n")
            reset(connection)
        self.fails(behave, 40, "the connection broke")

    def test_a_cut_is_tried_again(self):
        with Server(self.valid, in_turn(closing(b""), closing(b"HTTP/1.1 2"), OK)) as server:
            done = self.upload(server.url(), "--retry-for", "60", "--retry-delay", "0.01")
            self.assertEqual(done.returncode, 0, done.stderr)


class Slowness(Behaviour):
    def test_a_byte_a_second_of_headers(self):
        self.fails(trickle(b"HTTP/1.1 201 X\r\nA: ", b"x"), 42,
                   "less than 100 bytes a second for 2 s (--stall-timeout)", "--stall-timeout", "2")

    def test_a_byte_a_second_of_body(self):
        self.fails(trickle(b"HTTP/1.1 201 X\r\nContent-Length: 9999\r\n\r\n", b"x"), 42,
                   "less than 100 bytes a second", "--stall-timeout", "2")

    def test_silence_after_the_request(self):
        self.fails(stall_after(b""), 42, "less than 100 bytes a second", "--stall-timeout", "2")

    def test_silence_within_the_headers(self):
        self.fails(stall_after(b"HTTP/1.1 2"), 42, "less than 100", "--stall-timeout", "2")

    def test_silence_within_the_body(self):
        self.fails(stall_after(b"HTTP/1.1 201 X\r\nContent-Length: 5\r\n\r\nab"), 42,
                   "less than 100", "--stall-timeout", "2")

    def test_total(self):
        def steady(connection, server):  # fast enough never to stall
            server.read_request(connection)
            connection.sendall(b"HTTP/1.1 201 X\r\nContent-Length: 60000\r\n\r\n")
            while not server.stopping:
                connection.sendall(b"x" * 100)
                time.sleep(0.1)
        self.fails(steady, 42, "longer than 2 s (--total-timeout)", "--total-timeout", "2",
                   "--stall-timeout", "60")

    def test_a_stall_is_tried_again(self):
        with Server(self.valid, in_turn(stall_after(b""), OK)) as server:
            done = self.upload(server.url(), "--stall-timeout", "1", "--retry-for", "60",
                               "--retry-delay", "0.01")
            self.assertEqual(done.returncode, 0, done.stderr)


class Lies(Behaviour):
    def test_endless_headers(self):
        self.fails(endless(b"HTTP/1.1 201 X\r\n", b"X-More: " + b"y" * 1000 + b"\r\n"), 45,
                   "longer than the 65536 bytes")

    def test_one_endless_header(self):
        self.fails(endless(b"HTTP/1.1 201 X\r\nX: ", b"y" * 1000), 45, "longer than the 65536 bytes")

    def test_endless_body(self):
        self.fails(endless(b"HTTP/1.1 201 X\r\n\r\n", b"z" * 10000), 45, "longer than the 65536")

    def test_endless_chunks(self):
        self.fails(endless(b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n",
                           b"3e8\r\n" + b"z" * 1000 + b"\r\n"), 45, "longer than the 65536")

    def test_endless_framing(self):
        """Of chunks whose content never comes, and of packed nothing."""
        head = b"HTTP/1.1 201 X\r\nTransfer-Encoding: "
        nothing = b"\0\0\0\xff\xff" * 2000  # empty blocks of deflate
        with Server(self.valid, endless(head + b"chunked\r\n\r\n1;extension=", b"z" * 10000)) as server:
            self.assert_error(self.upload(server.url()), 45, "longer than the 65536")
        with Server(self.valid, endless(head + b"gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff", nothing)) as server:
            # libcurl 8 unpacks nothing that was not asked for.
            self.assertRegex(self.upload(server.url()).stderr, "longer than the 65536|no HTTP: Unsolicited Transfer-Encoding")

    def test_chunks_of_a_byte_each(self):
        chunks = b"1\r\nz\r\n" * 65536 + b"0\r\n\r\n"
        with Server(self.valid, closing(b"HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)) as server:
            self.assertEqual(self.upload(server.url()).returncode, 0)

    def test_a_content_length_without_end(self):
        self.fails(endless(b"HTTP/1.1 201 X\r\nContent-Length: 99999999999999\r\n\r\n",
                           b"z" * 10000), 45, "longer than the 65536")

    def test_a_content_length_beyond_all_numbers(self):
        self.fails(closing(b"HTTP/1.1 201 X\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\nabc"), 45,
                   "longer than the 65536")

    def test_a_gzip_bomb_stays_packed(self):
        bomb = gzip.compress(b"\0" * 50_000_000)  # 48 kB
        self.assertLess(len(bomb), 65536)
        with Server(self.valid, answer(200, "Content-Encoding: gzip\r\n",
                                       bomb)) as server:
            self.assertEqual(self.upload(server.url()).returncode, 0)

    def test_a_content_length_too_long(self):
        self.fails(closing(b"HTTP/1.1 201 X\r\nContent-Length: 10\r\n\r\nfour"), 40, "broke")

    def test_no_http(self):
        for text in (b"220 mail.example.org ESMTP\r\n", b"\0\1\2\3\4\5\6\7\r\n\r\n",
                     b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP//1.1 503 X\r\n\r\n", b"HTTP/x.1 307 X\r\n\r\n"):
            with self.subTest(text=text):
                with Server(self.valid, closing(text)) as server:
                    self.assert_error(self.upload(server.url()), 43, "the answer is no HTTP")
        with Server(self.valid, closing(b"http/1.1 500 X\r\n\r\n")) as server:
            self.assertIn(self.upload(server.url()).returncode, (40, 43))  # no answer at all, to libcurl 8
        with Server(self.valid, closing(b"HTTP/1.1 201 X\r\na\rb: c\r\nContent-Length: 0\r\n\r\n")) as server:
            done = self.upload(server.url())
            if done.returncode != 0:  # later versions of libcurl 8 take it
                self.assert_error(done, 43, "the answer is no HTTP: ")

    def test_many_continues(self):
        self.fails(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), 45, "longer than the 65536")


if __name__ == "__main__":
    unittest.main()
