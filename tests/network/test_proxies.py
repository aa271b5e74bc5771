"""Proxies that do not do as asked: the message names them, not the server. Each has its exit code (docs/ERRORS.md)."""

import contextlib
import select
import socket
import time
import unittest

from behaving import Behaviour
from certificates import self_signed
from servers import Server, answer


def answering(head):
    def behave(connection, server):
        server.read_head(connection)
        connection.sendall(head)
    return behave


class Proxies(Behaviour):
    def through(self, address, code, fragment, *arguments):
        with Server(self.valid, answer(201)) as server:
            done = self.upload(server.url(), *arguments, env={"https_proxy": address, "no_proxy": ""})
            self.assert_error(done, code, fragment)
            self.assertEqual(server.connections, 0)
        self.assertNotIn("hunter2", done.stderr)
        self.assertEqual(len(self.waiting()), 2)
        return done

    def refusing(self, status, fragment, *arguments):
        head = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        with Server(None, answering(head), raw=True) as proxy:
            self.through(f"http://user:hunter2@127.0.0.1:{proxy.port}", 40, fragment, *arguments)
            return proxy.connections

    def test_one_that_refuses(self):
        self.assertEqual(self.refusing(407, "the proxy answered 407: check https_proxy and no_proxy; it wants a user",
                                       "--retry-for", "30", "--retry-delay", "0.01"), 1)
        self.assertEqual(self.refusing(403, "the proxy answered 403", "--retry-for", "30", "--retry-delay", "0.01"), 1)
        self.assertEqual(self.refusing(302, "the proxy answered 302"), 1)

    def test_one_that_cannot_at_the_moment_is_asked_again(self):
        self.assertGreater(self.refusing(503, "the proxy answered 503", "--retry-for", "2", "--retry-delay", "0.1"), 1)

    def test_one_without_a_name(self):
        for name in ("no-such-proxy.invalid", "no such proxy", "\u00fc"):
            self.through(f"http://user:hunter2@{name}:1", 40, "the name of the proxy cannot be resolved")

    def test_one_that_is_down(self):
        self.through("http://127.0.0.1:1", 40, "no connection: the server is down, or a firewall is in between "
                     "(or the proxy that https_proxy names is down)")

    def test_one_that_no_proxy_excludes_is_not_named(self):
        """Nor is it asked, which a proxy that answers shows; libcurl alone does not know IPv6 networks."""
        def asked(proxy, host, excluded, fragment):
            done = self.upload(f"https://{host}:1/", env={"https_proxy": proxy, "no_proxy": excluded})
            self.assertEqual(done.returncode, 40, done.stderr)
            return fragment in done.stderr
        head = b"HTTP/1.1 403 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with Server(None, answering(head), raw=True) as proxy:
            for host, excluded, is_used in (
                    ("localhost", "", True), ("localhost", "localhost", False), ("localhost", "*", False),
                    ("localhost", "example.org LOCALHOST", False), ("localhost", "example.org,.localhost", False),
                    ("localhost", "host", True), ("localhost", "a.localhost", True), ("a.localhost", "localhost", False),
                    ("localhost.", "localhost", False), ("localhost", "127.0.0.1", True), ("127.0.0.1", "127.0.0.1", False),
                    ("127.0.0.1", "127.0.0.0/8", False), ("127.0.0.1", "128.0.0.0/1", True),
                    ("127.0.0.1", "127.0.0.0/31,10.0.0.0/8", False), ("127.0.0.1", "0.0.1", True),
                    ("127.0.0.1", "127.0.0.1/33", True), ("127.0.0.1", "0.0.0.0/0", False), ("[::1]", "::1", False),
                    ("[::1]", "[::1]", False), ("[::1]", "8000::/1", True), ("[::1]", "::/64", False),
                    ("[::1]", "fe80::/10, [0:0::1]/128", False), ("[fd00::1]", "fd00::/8", False),
                    ("[fd00::1]", "fe80::/10", True), ("[fd00::1]", "FD00:0::1", False), ("[fd00::1]", "fd00::/129", True)):
                with self.subTest(host=host, excluded=excluded):
                    used = asked(f"http://127.0.0.1:{proxy.port}", host, excluded, "the proxy answered 403")
                    named = asked("http://127.0.0.1:1", host, excluded, "(or the proxy that https_proxy names is down)")
                    self.assertEqual((used, named), (is_used, is_used))

    def test_one_that_is_spoken_to_by_tls(self):
        """It has to prove who it is like a server, and is named where it does not."""
        def tunnel(connection, server):
            """In one thread: a TLS connection must not be read and written at the same time by two."""
            host, port = server.read_head(connection).path.split(":")
            with socket.create_connection((host, int(port))) as onward, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                sinks = {connection: onward, onward: connection}
                while True:
                    # What the library has decrypted already, no select() shows.
                    ready = [connection] if connection.pending() else select.select(list(sinks), [], [], 60)[0]
                    data = ready[0].recv(65536) if ready else b""
                    if not data:
                        return
                    sinks[ready[0]].sendall(data)

        for certificate, fragment in ((self_signed(self.directory), "its certificate is self-signed"),
                                      (self.authority.issue("other", hosts=["DNS:example.org"]), "is for another host name")):
            with self.subTest(fragment=fragment), Server(certificate, tunnel) as proxy:
                self.through(f"https://localhost:{proxy.port}", 41, "the proxy that https_proxy names: its certificate")
                done = self.through(f"HTTPS://localhost:{proxy.port}", 41, fragment)
                self.assertNotIn("than 'localhost'", done.stderr)

        def plain(connection, server):
            server.receive(connection)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        with Server(None, plain, raw=True) as proxy:
            self.through(f"https://localhost:{proxy.port}", 41, "the proxy that https_proxy names: it does not speak TLS")
        with Server(self.valid, tunnel) as proxy:
            environment = {"https_proxy": f"https://localhost:{proxy.port}", "no_proxy": ""}
            with Server(self.authority.issue("server", hosts=["DNS:example.org"]), answer(201)) as server:
                self.assert_error(self.upload(server.url(), env=environment), 41, "json.gz: its certificate is for another")
            with Server(self.valid, answer(201)) as server:
                done = self.upload(server.url(), env=environment)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(server.requests), 2)
            self.assertGreater(proxy.connections, 1)

    def test_a_silent_one(self):
        def silent(connection, server):
            while not server.stopping:
                time.sleep(0.05)
        with Server(None, silent, raw=True) as proxy:
            self.through(f"http://127.0.0.1:{proxy.port}", 42, "(or the proxy that https_proxy names is down)",
                         "--connect-timeout", "1")

    def test_one_that_speaks_no_socks(self):
        with Server(None, lambda connection, server: connection.sendall(b"z" * 20), raw=True) as proxy:
            self.through(f"socks5h://127.0.0.1:{proxy.port}", 40, "the proxy refused: ")

    def test_without_end(self):
        def endless(connection, server):
            server.read_head(connection)
            connection.sendall(b"HTTP/1.1 200 X\r\n")
            for _ in range(100000):
                connection.sendall(b"X: " + b"y" * 1000 + b"\r\n")
        with Server(None, endless, raw=True) as proxy:
            self.through(f"http://127.0.0.1:{proxy.port}", 45, "longer than the 65536 bytes")


if __name__ == "__main__":
    unittest.main()
