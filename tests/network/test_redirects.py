"""Redirects of uploads: which are followed, how far, and what goes along. Each has its message and exit code (docs/ERRORS.md)."""

import unittest

import certificates
from behaving import OK, Behaviour
from servers import Server, answer, closing


class Redirects(Behaviour):
    def redirecting(self, status, location):
        return answer(status, f"Location: {location}\r\n")

    def test_followed_with_the_same_method(self):
        for status in (301, 302, 307, 308):
            with self.subTest(status=status), Server(self.valid, OK) as target:
                with Server(self.valid, self.redirecting(status, target.url("/there"))) as server:
                    done = self.upload(server.url())
                    self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual({r.method for r in target.requests}, {"PUT"})
                self.assertTrue(all(r.body for r in target.requests))
            for receipt in self.outbox.glob("*.sent.json"):
                receipt.unlink()

    def test_see_other_is_no_place_for_a_put(self):
        with Server(self.valid, OK) as target:
            self.fails(self.redirecting(303, target.url()), 44, "303, which a PUT cannot follow")
            self.assertEqual(target.connections, 0)

    def test_to_http(self):
        self.fails(self.redirecting(307, "http://localhost:1/"), 44,
                   "does not begin with https://")

    def test_to_a_file(self):
        self.fails(self.redirecting(307, "file:///etc/passwd"), 44, "does not begin with https://")

    def test_to_an_address_with_a_password(self):
        for secret in ("user:secret", ":", ""):  # an empty one would be sent all the same
            with Server(self.valid, self.redirecting(307, f"https://{secret}@localhost:1/")) as server:
                self.assert_error(self.upload(server.url()), 44, "holds a user name or password")
        self.arrives()

    def test_to_a_loop(self):
        def loop(connection, server):
            while True:
                server.read_request(connection)
                connection.sendall(f"HTTP/1.1 307 X\r\nLocation: {server.url('/again')}\r\n"
                                   "Content-Length: 0\r\n\r\n".encode())
        self.fails(loop, 44, "redirected more than 3 times")

    def test_three_are_allowed(self):
        def thrice(connection, server):
            while True:
                request = server.read_request(connection)
                step = int(request.path[1:]) if request.path[1:].isdigit() else 0
                head = "HTTP/1.1 204 X\r\n" if step == 3 else \
                    f"HTTP/1.1 307 X\r\nLocation: /{step + 1}\r\n"
                connection.sendall((head + "Content-Length: 0\r\n\r\n").encode())
        with Server(self.valid, thrice) as server:
            self.assertEqual(self.upload(server.url()).returncode, 0)

    def test_messages_hold_ascii_alone(self):
        """Whatever a server has said: other bytes may mean anything to a terminal."""
        for location in ("https://localhost:1/\x9b31m", "ftp://\x9b31m/", "https://\xff:x/", "https://u@\xff/"):
            behaviour = closing(f"HTTP/1.1 307 X\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode("latin-1"))
            with self.subTest(location=location), Server(self.valid, behaviour) as server:
                self.assertTrue(self.upload(server.url()).stderr.isascii())
        with Server(self.valid, closing(b"HTTP/1.1\x9b31m 201 X\r\n\r\n")) as server:
            done = self.upload(server.url())
            self.assertNotEqual(done.returncode, 0)
            self.assertTrue(done.stderr.isascii())

    def test_without_a_location(self):
        with Server(self.valid, answer(307)) as server:
            done = self.upload(server.url())
            self.assert_error(done, 44, "the server redirects, but")

    def test_to_an_address_without_end(self):
        self.fails(self.redirecting(307, "/" + "x" * 20000), 44, "is longer than 16384 bytes")

    def test_credentials_stay_with_their_server(self):
        credentials = self.directory / "credentials"
        credentials.write_text("user:secret\n")
        with Server(self.valid, OK) as other:
            moved = self.redirecting(307, other.url("/x"))
            with Server(self.valid, moved) as server:
                done = self.upload(server.url(), "--upload-credentials", credentials)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(all("Authorization" in r.headers for r in server.requests))
            self.assertEqual(len(other.requests), 2)
            self.assertFalse(any("Authorization" in r.headers for r in other.requests))

    def test_the_other_host_is_verified_too(self):
        expired = self.authority.issue("expired-target", end="20210101000000Z")
        with Server(expired, OK) as target:
            self.fails(self.redirecting(307, target.url()), 41, "has expired")
            self.assertEqual(target.application_bytes, 0)

    def test_pins_hold_for_the_other_host_too(self):
        other = self.authority.issue("another-key")
        with Server(other, OK) as target, \
                Server(self.valid, self.redirecting(307, target.url())) as server:
            done = self.upload(server.url(), "--pin", certificates.pin(self.valid[1]))
            self.assert_error(done, 41, "none of the pinned ones")
            self.assertEqual(target.application_bytes, 0)


if __name__ == "__main__":
    unittest.main()
