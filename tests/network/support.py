"""What the network tests have in common. Everything runs on loopback, on free ports, in directories of its own.

The executable's path is taken from AXIOM_CLIENT; AXIOM_TEST_CLIENT trusts the throw-away authority and keys in
AXIOM_ANCHORS. Only Python's standard library is used, and the tools nginx, openssl and minisign.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from certificates import Authority
from documented import is_documented
from servers import Nginx

CLIENT = os.environ.get("AXIOM_CLIENT", "")
TEST_CLIENT = os.environ.get("AXIOM_TEST_CLIENT", "")
ANCHORS = pathlib.Path(os.environ.get("AXIOM_ANCHORS", "."))
# Of idle priority they would hardly get on beside other programs, and run into the tests' time-outs.
PROMPT = ["--threads", "1", "--priority", "normal"]
QUICK = ["--standalone", "--experiment", "neuronspec", "--seed", "7", "--set", "widths=[4,8]",
         "--set", "epochs=2", "--set", "trials=1", *PROMPT]


def environment(**changes):
    """Without proxies: all servers are on this machine."""
    kept = {name: value for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and name != "SSL_CERT_FILE"}
    return {**kept, **changes}


def client(*arguments, program=CLIENT, env=None, **options):
    options.setdefault("timeout", 600)
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                          env=environment(**(env or {})), **options)


def altered(record, **members):
    """An entry of the outbox with other members, and without the digest over them all: as earlier builds wrote it."""
    kept = {name: value for name, value in json.loads(record).items() if name != "entry_sha256"}
    return json.dumps({**kept, **members})


class NetworkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="axiom-network-"))
        os.chmod(cls.shared, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        cls.authority = Authority(cls.shared / "authority")
        cls.valid = cls.authority.issue("valid")
        cls.finished = cls.shared / "finished"  # results that tests copy
        done = client(*QUICK, "--out", cls.finished)
        assert done.returncode == 0, done.stderr

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-network-"))
        os.chmod(self.directory, 0o755)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.out = self.directory / "out"
        shutil.copytree(self.finished, self.out)
        self.outbox = self.out / "outbox"

    def upload(self, url, *arguments, ca=None, **options):
        """One attempt unless told otherwise."""
        if "--retry-for" not in arguments:
            arguments = (*arguments, "--retry-for", "0")
        return client("upload", self.out, "--upload-url", url, "--ca-file",
                      ca or self.authority.certificate, *arguments, **options)

    def program_for_anybody(self):
        """A copy that other users can run: the build may lie where only its owner may look."""
        return shutil.copy(CLIENT, self.shared / "axiom-client")

    def waiting(self):
        return sorted(p.name for p in self.outbox.glob("*.queued.json"))

    def receipts(self):
        return sorted(p.name for p in self.outbox.glob("*.sent.json"))

    def assert_error(self, done, code, fragment):
        """One line on standard error that says what is wrong."""
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertIn(fragment, errors[0])
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertLess(len(errors[0]), 600)
        if code >= 40:
            self.assertTrue(is_documented(code, errors[0]), f"no row of docs/ERRORS.md has {code} with: {errors[0]}")


class NginxTest(NetworkTest):
    """With a real nginx for the whole class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nginx = Nginx(cls.valid)
        cls.addClassCleanup(lambda: cls.nginx.close())

    def run_through_kills(self, command, seconds):
        """Starts `command` until a run ends before it is killed after `seconds(attempt)`. The number of kills."""
        for attempt in range(1000):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                       env=environment())
            try:
                errors = process.communicate(timeout=seconds(attempt))[1]
                self.assertEqual(process.returncode, 0, errors)
                return attempt
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        self.fail("no run came to its end")
