"""What leaves the machine: of updates and policies nothing but what is asked for, of uploads what --print-upload shows;
nowhere a trace of the user, the host, or where things lie."""

import gzip
import json
import os
import re
import shutil
import socket
import unittest

from releases import release, script, sign
from servers import Server, answer, files_in
from support import PROMPT, QUICK, client
from updating import UpdateTest

SECRETS = {"HOME": "/home/ada-lovelace", "USER": "ada-lovelace", "LOGNAME": "ada-lovelace", "HOSTNAME": "analytical-engine",
           "MAIL": "ada@analytical-engine"}

PARTED = ["--standalone", "--experiment", "neuronspec", "--seed", "7", "--seeds", "12", "--set", "widths=[64]", "--set",
          "epochs=800", "--set", "trials=1", *PROMPT]


class Privacy(UpdateTest):
    def setUp(self):
        super().setUp()
        # The working directory, the results and the program lie where the name tells something, too.
        self.home = self.directory / "ada-lovelace"
        shutil.copytree(self.program.parent, self.home)
        self.program = self.home / "axiom-client"

    def run_program(self, *arguments, **changes):
        done = client(*arguments, "--ca-file", self.authority.certificate, program=str(self.program), cwd=self.home,
                      env={**SECRETS, **changes})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def assert_private(self, server):
        """Also within what is compressed."""
        captured = server.captured + b"".join(gzip.decompress(r.body) for r in server.requests if r.body)
        words = {"ada-lovelace", "analytical-engine", "/home", "/tmp", self.directory.name, socket.gethostname()}
        for word in words:
            if len(word) > 3:
                self.assertNotIn(word.lower().encode(), captured.lower())

    def assert_bare(self, server, method="GET"):
        """Nothing but the address and the program's name and version."""
        for request in server.requests:
            self.assertEqual(request.method, method)
            self.assertEqual(request.headers, {"Host": f"localhost:{server.port}", "User-Agent": "axiom-client/0.1.0"})
            self.assertEqual(request.body, b"")
        heads = server.captured.split(b"\r\n\r\n")
        self.assertEqual(heads.pop(), b"")
        self.assertEqual({head.count(b"\r\n") for head in heads}, {2})  # no header twice

    def test_updates(self):
        release(self.channel)
        with Server(self.valid, files_in(self.channel)) as server:
            for action in ("--check", "--apply"):
                self.run_program("update", action, "--channel", server.url("/stable/"))
            paths = [request.path for request in server.requests]
            self.assert_bare(server)
            self.assert_private(server)
        check = [f"/stable/{name}" for name in ("keys.2.json", "manifest.json", "manifest.json.minisig")]
        self.assertEqual(paths, [*check, *check, "/stable/axiom-client-99.0.0-x86_64-pc-linux-gnu"])

    def test_policies(self):
        script("make_policy.py", "--out", self.channel / "policy.json", "--number", 5, "--days", 30,
               "--minimum-client-version", "0.1.0", "--experiment", "neuronspec=2.0")
        sign(self.channel / "policy.json")
        with Server(self.valid, files_in(self.channel)) as server:
            self.run_program(*QUICK, "--out", self.home / "out", "--policy-url", server.url("/policy.json"))
            self.assert_bare(server)
            self.assert_private(server)
            self.assertEqual([request.path for request in server.requests], ["/policy.json", "/policy.json.minisig"])

    def test_results_and_parts(self):
        """With a driver that does not load, of which the loader tells the path."""
        out = self.home / "out"
        drivers = self.home / os.fsdecode(b"caf\xe9")
        drivers.mkdir()
        (drivers / "libcuda.so.1").write_text("no library")
        with Server(self.valid, answer(201)) as server:
            self.run_program(*PARTED, "--out", out, "--upload-url", server.url(), "--upload-intermediate", "0", "--quiet",
                             LD_LIBRARY_PATH=str(drivers))
            self.assert_private(server)
            reason = json.loads((out / "neuronspec.telemetry.json").read_text())["backend_reason"]
            self.assertIn("cannot be loaded (libcuda.so.1: ", reason)
            kinds = {request.path.rsplit(".", 3)[1] for request in server.requests}
            self.assertEqual(kinds, {"part", "result", "telemetry"})
            names = {"Host", "User-Agent", "Content-Length", "Content-Type", "Content-Digest"}
            for request in server.requests:
                own = [name for name in request.headers if name not in names]
                self.assertTrue(all(re.match(r"(x-amz-meta-)?axiom-", name, re.I) for name in own), own)
                self.assertLessEqual(names, set(request.headers))
                self.assertEqual(len(own), 16 if ".part." in request.path else 14)

    def test_parts_are_as_print_upload_shows_them(self):
        out = self.home / "out"
        client(*PARTED, "--out", out, "--upload-url", "https://localhost:1/",
               "--upload-intermediate", "0", "--retry-for", "0")
        with Server(self.valid, answer(201)) as server:
            shown = client("upload", out, "--print-upload", "--upload-url", server.url()).stdout
            self.run_program("upload", out, "--upload-url", server.url())
            sent = "".join(f"PUT {server.url(request.path)}\n" + "".join(f"{n}: {v}\n" for n, v in request.headers.items()) +
                           f"\n{gzip.decompress(request.body).decode()}\n" for request in server.requests)
        self.assertGreater(shown.count("Axiom-Part: "), 0)
        self.assertEqual(sorted(shown.splitlines()), sorted(sent.splitlines()))

    def test_a_proxy_learns_the_host_alone(self):
        """TLS ends at the server: the proxy sees no header of ours, no credentials, no path."""
        credentials = self.directory / "credentials"
        credentials.write_text("user:secret\n")
        seen = []

        def proxy(connection, server):
            seen.append(server.read_head(connection))
            with socket.create_connection(("127.0.0.1", target.port)) as onward:
                connection.sendall(b"HTTP/1.1 200 X\r\n\r\n")
                for end in (connection, onward):
                    end.settimeout(0.05)
                while not server.stopping:
                    for source, sink in ((connection, onward), (onward, connection)):
                        try:
                            data = source.recv(65536)
                        except TimeoutError:
                            continue
                        if not data:
                            return
                        sink.sendall(data)
        with Server(self.valid, answer(201)) as target, Server(None, proxy, raw=True) as server:
            done = self.upload(target.url("/secret-folder/"), "--upload-credentials", credentials,
                               env={"https_proxy": f"http://127.0.0.1:{server.port}", "no_proxy": ""})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(target.requests), 2)
            self.assertTrue(all("Authorization" in request.headers for request in target.requests))
            for request in seen:
                self.assertEqual((request.method, request.path), ("CONNECT", f"localhost:{target.port}"))
                self.assertLessEqual(set(request.headers), {"Host", "User-Agent", "Proxy-Connection"})

    def test_passwords_of_other_programs_stay_at_home(self):
        home = self.directory / "home"
        home.mkdir()
        (home / ".netrc").write_text("machine localhost login ada password hunter2\ndefault login ada password hunter2\n")
        (home / ".netrc").chmod(0o600)
        with Server(self.valid, answer(201)) as server:
            self.assertEqual(self.upload(server.url(), env={"HOME": str(home), "NETRC": str(home / ".netrc")}).returncode, 0)
            self.assertFalse(any("Authorization" in request.headers for request in server.requests))


if __name__ == "__main__":
    unittest.main()
