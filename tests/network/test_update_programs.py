"""From a channel to a new program in place: what is offered, downloaded, checked bit by bit and applied."""

import fcntl
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

from releases import NEXT_CLIENT, PLATFORM, release
from servers import Server, files_in
from support import CLIENT, TEST_CLIENT, client, environment
from updating import UpdateTest


class Updating(UpdateTest):
    def test_check_then_apply(self):
        release(self.channel)
        done = self.update("--check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("version 99.0.0 of", done.stdout)
        self.assertIn("is available: axiom-client update --apply --channel", done.stdout)
        self.assert_unchanged()
        done = self.update("--apply")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("was replaced by 99.0.0", done.stdout)
        self.assertEqual(self.program.read_bytes(), NEXT_CLIENT.read_bytes())
        self.assertEqual((self.state / "previous").read_bytes(), self.original)
        self.assertEqual(stat.S_IMODE(self.program.stat().st_mode), stat.S_IMODE(os.stat(TEST_CLIENT).st_mode))
        done = self.run_science()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(json.loads((self.state / "state.json").read_text())["pending"])
        self.assertEqual(self.update("--apply").stdout, "axiom-client 99.0.0 is up to date\n")

    def test_up_to_date(self):
        release(self.channel, version="0.1.0", program=self.program)
        for action in ("--check", "--apply"):
            done = self.update(action)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout, "axiom-client 0.1.0 is up to date\n")
        done = self.update("--check", "--json")
        self.assertEqual(json.loads(done.stdout),
                         {"status": "current", "running": "0.1.0", "version": "0.1.0", "manifest": 1})

    def test_any_two_of_three_keys(self):
        for names in ("ab", "bc", "ca", "abc"):
            with self.subTest(names=names):
                release(self.channel, names=names)
                self.assertEqual(self.update("--check").returncode, 0)

    def test_by_link(self):
        link = self.directory / "link"
        link.symlink_to(self.program)
        release(self.channel)
        done = client("update", "--apply", "--channel", self.nginx.url(f"/files/{self.channel.name}/"), "--ca-file",
                      self.authority.certificate, program=str(link))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.version(), "99.0.0")

    def test_by_the_dynamic_loader(self):
        """`ld.so PROGRAM`: what is replaced is the program, not the loader of all programs."""
        loader = self.directory / "lib" / "ld.so"
        loader.parent.mkdir()
        shutil.copy2(os.path.realpath("/lib64/ld-linux-x86-64.so.2"), loader)
        before = loader.read_bytes()
        release(self.channel)
        done = client(self.program, "update", "--apply", "--channel", self.nginx.url(f"/files/{self.channel.name}/"),
                      "--ca-file", self.authority.certificate, "--retry-for", "0", program=str(loader))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.version(), "99.0.0")
        self.assertEqual([p.name for p in loader.parent.iterdir()], ["ld.so"])
        self.assertEqual(loader.read_bytes(), before)

    def test_options(self):
        for arguments, fragment in [(["update"], "either --check or --apply"),
                                    (["update", "--check", "--apply"], "either --check or --apply"),
                                    (["update", "--check"], "needs --channel"),
                                    (["update", "--check", "--channel", "http://h/"], "https://"),
                                    (["update", "--check", "--channel", "https://h/x"], "expected a folder"),
                                    (["update", "--check", "--channel", "https://h/?key=hunter2"], "without a query"),
                                    (["update", "--check", "--channel", "https://h/x?key=hunter2"], "expected a folder"),
                                    (["update", "--check", "--channel", "https://h/", "--seed", "1"],
                                     "do not go together"),
                                    (["update", "--check", "--channel", "https://h/", "--upload-url", "https://h/"],
                                     "do not go together")]:
            with self.subTest(arguments=arguments):
                done = client(*arguments)
                self.assert_error(done, 2, fragment)
                self.assertNotIn("hunter2", done.stderr)
        self.assertEqual(client("update", "--help").stdout, client("upload", "--help").stdout)

    def test_a_build_without_keys_says_so(self):
        release(self.channel)
        done = client("update", "--check", "--channel", self.nginx.url("/files/"), program=CLIENT)
        if done.returncode != 50:
            self.skipTest("this build holds project keys")
        self.assert_error(done, 50, "this build holds no project keys")

    def test_not_under_boinc(self):
        release(self.channel)
        (self.directory / "init_data.xml").write_text("<app_init_data/>\n")
        self.refused(70, "BOINC updates its applications itself")

    def test_a_directory_that_may_not_be_written(self):
        release(self.channel)
        blocked = self.home / "axiom-client.update"
        blocked.write_text("a file is in the way\n")
        done = self.update("--apply")
        self.assert_error(done, 7, "axiom-client.update")
        self.assertEqual(self.program.read_bytes(), self.original)
        blocked.unlink()
        (self.home / "axiom-client.update" / ".lock").mkdir(parents=True)
        done = self.update("--check")  # looking is possible all the same
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("what is seen is not remembered", done.stderr)

    def test_two_at_once(self):
        release(self.channel)
        self.state.mkdir()
        with open(self.state / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refused(7, "is under way, or its first start after one: try again in a minute")
            done = self.update("--check")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("what is seen is not remembered", done.stderr)
        self.assertEqual(self.update("--apply").returncode, 0)

    def test_another_file_system(self):
        if not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == os.stat(self.home).st_dev:
            self.skipTest("there is no other one")
        elsewhere = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm"))
        self.addCleanup(shutil.rmtree, elsewhere)
        self.state.symlink_to(elsewhere)
        release(self.channel)
        self.refused(7, "both have to lie on one file system")

    def test_a_full_disk(self):
        release(self.channel)
        limit = len(NEXT_CLIENT.read_bytes()) // 2  # of any one file: the state fits, the program does not

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.refused(7, "cannot write", preexec_fn=small_files)
        self.assertEqual(self.update().returncode, 0)
        self.assertEqual(self.version(), "99.0.0")


class Programs(UpdateTest):
    def compiled(self, text):
        program = self.directory / "compiled"
        subprocess.run(["cc", "-x", "c", "-o", str(program), "-"], input=text, text=True, check=True)
        return program

    def file(self):
        return self.channel / f"axiom-client-99.0.0-{PLATFORM}"

    def test_a_bit_flipped(self):
        release(self.channel)
        content = bytearray(self.file().read_bytes())
        chance = random.Random(3)
        for at in [0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(6))]:
            with self.subTest(at=at):
                content[at] ^= 1 << chance.randrange(8)
                self.file().write_bytes(content)
                self.refused(64, "as was signed")
                content = bytearray(NEXT_CLIENT.read_bytes())

    def test_truncated(self):
        release(self.channel)
        content = self.file().read_bytes()
        for length in (0, 1, len(content) // 2, len(content) - 1):
            with self.subTest(length=length):
                self.file().write_bytes(content[:length])
                self.refused(63, f"{length} bytes came")

    def test_longer(self):
        release(self.channel)
        self.file().write_bytes(self.file().read_bytes() + b"x")
        self.refused(45, "longer than the")

    def test_the_program_of_another_release(self):
        release(self.channel)
        self.file().write_bytes(self.original[:len(NEXT_CLIENT.read_bytes())])
        done = self.update()
        self.assertIn(done.returncode, (63, 64), done.stderr)
        self.assert_unchanged()

    def test_missing(self):
        release(self.channel)
        self.file().unlink()
        self.refused(63, "the channel has no")

    def test_one_that_fails_its_self_test(self):
        release(self.channel, program="/bin/false")
        self.refused(66, "fails its --version on this host and is not installed; 0.1.0 stays")
        self.refused(67, "failed here before")
        self.assert_error(self.update("--check"), 67, "99.0.0 failed here before and is not tried again")
        release(self.channel, version="99.0.1", program="/bin/true")  # another one is tried, of course
        self.refused(66, "99.0.1 fails its --version")

    def test_a_stop_is_no_fault_of_the_one_that_is_tried(self):
        """Ctrl-C reaches both: the new one ends, too, and is tried again at the next update."""
        waiting = self.directory / "waiting"
        slow = self.compiled('#include <fcntl.h>\n#include <unistd.h>\n'
                             f'int main(void) {{ open("{waiting}", O_CREAT | O_WRONLY, 0600); sleep(60); return 0; }}\n')
        release(self.channel, program=slow)
        process = subprocess.Popen(
            [str(self.program), "update", "--apply", "--channel", self.nginx.url(f"/files/{self.channel.name}/"),
             "--ca-file", str(self.authority.certificate)], stderr=subprocess.PIPE, text=True, env=environment(),
            start_new_session=True)
        deadline = time.monotonic() + 60
        while not waiting.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("stopped by a signal", errors)
        self.assert_unchanged()
        self.assertEqual(json.loads((self.state / "state.json").read_text())["failed"], [])
        release(self.channel, version="99.0.0")
        self.assertEqual(self.update().returncode, 0)
        self.assertEqual(self.version(), "99.0.0")

    def test_another_program_that_took_its_place_meanwhile_stays(self):
        release(self.channel)

        def replacing(connection, server, content):
            self.program.unlink()
            self.program.write_bytes(b"of the system's packages, say")
            connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        with Server(self.valid, files_in(self.channel, replacing)) as server:
            done = self.update(channel=server.url("/"))
        self.assert_error(done, 7, "the file of this program was replaced while it ran")
        self.assertEqual(self.program.read_bytes(), b"of the system's packages, say")

    def test_one_on_trial_is_nothing_to_go_back_to(self):
        release(self.channel)
        self.assertEqual(self.update().returncode, 0)
        following = self.compiled('#include <stdio.h>\nint main(void) { puts("axiom-client 99.0.1 "); return 0; }\n')
        release(self.channel, version="99.0.1", program=following)
        done = self.update()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.version(), "99.0.1")
        self.assertEqual((self.state / "previous").read_bytes(), self.original)

    def test_what_is_tried_inherits_no_connection(self):
        seen = self.directory / "seen"
        program = self.compiled(f'''#include <stdio.h>
#include <sys/stat.h>
int main(void) {{
  FILE *seen = fopen("{seen}", "a");
  struct stat status;
  for (int file = 3; file < 1024; ++file)
    if (file != fileno(seen) && fstat(file, &status) == 0 && S_ISSOCK(status.st_mode)) fprintf(seen, "%d\\n", file);
  fputs("done\\n", seen);
  puts("axiom-client 99.0.0 ");
  return fclose(seen);
}}''')
        release(self.channel, program=program)
        done = self.update()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(seen.read_text(), "done\ndone\n")  # --version, self-test

    def test_any_umask(self):
        release(self.channel)
        done = self.update(preexec_fn=lambda: os.umask(0o177))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.version(), "99.0.0")

    def test_nobody_else_can_change_what_will_run(self):
        release(self.channel)
        done = self.update(preexec_fn=lambda: os.umask(0))
        self.assertEqual(done.returncode, 0, done.stderr)
        for path in (self.program, self.state, *self.state.iterdir()):
            self.assertEqual(path.stat().st_mode & 0o022, 0, path)

    def test_one_of_another_version_than_signed(self):
        release(self.channel, version="98.0.0")
        self.refused(66, "98.0.0 fails its --version")

    def test_no_program_at_all(self):
        text = self.directory / "text"
        text.write_text("#!/bin/sh\necho axiom-client 99.0.0 \n")
        release(self.channel, program=text)
        self.refused(66, "fails its")


class Delivery(UpdateTest):
    """A server of ours in place of nginx: documents as they are, the program as `deliver(connection, server, bytes)` will."""

    def refused_from(self, deliver, code, fragment, *arguments):
        release(self.channel)
        with Server(self.valid, files_in(self.channel, deliver)) as server:
            self.refused(code, fragment, *arguments, channel=server.url("/"))
        self.assertEqual(self.update().returncode, 0)
        self.assertEqual(self.version(), "99.0.0")

    def test_endless_program(self):
        def endless(connection, server, content):
            connection.sendall(b"HTTP/1.1 200 X\r\n\r\n" + content)
            for _ in range(100000):
                connection.sendall(b"x" * 10000)
        self.refused_from(endless, 45, "longer than the")

    def test_slow_program(self):
        def slow(connection, server, content):
            connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(content))
            while not server.stopping:
                connection.sendall(b"x")
                time.sleep(1)
        self.refused_from(slow, 42, "less than 100 bytes a second", "--stall-timeout", "2")

    def test_silence_after_the_second_request_of_a_connection(self):
        """Named by its own time-out, too. (Each upload has a connection of its own.)"""
        def behave(connection, server):
            server.read_request(connection)
            connection.sendall(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")
            while not server.stopping and server.receive(connection):
                time.sleep(0.1)
        with Server(self.valid, behave) as server:
            done = self.update("--check", "--stall-timeout", "2", channel=server.url())
            self.assert_error(done, 42, "less than 100 bytes a second for 2 s (--stall-timeout)")
            self.assertEqual(server.connections, 1)

    def test_program_cut_off(self):
        def cut(connection, server, content):
            connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n" % len(content) + content[:100000])
        self.refused_from(cut, 40, "the connection broke before the answer was complete")

    def test_a_redirect_to_http(self):
        def elsewhere(connection, server, content):
            connection.sendall(b"HTTP/1.1 302 X\r\nLocation: http://localhost:1/x\r\nContent-Length: 0\r\n\r\n")
        self.refused_from(elsewhere, 44, "the server redirects, but")


if __name__ == "__main__":
    unittest.main()
