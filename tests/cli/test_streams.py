"""Closed, broken and full streams; terminals."""

import errno
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

from support import CLIENT, LONG, QUICK, CliTest


class Streams(CliTest):
    def test_closed_standard_output_does_not_corrupt_results(self):
        self.assertEqual(self.quick().returncode, 0)
        first = self.result()
        for closed in ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"]:
            shutil.rmtree(self.out)
            command = f'"$0" "$@" {closed}'
            done = subprocess.run(["sh", "-c", command, CLIENT, *QUICK, "--out", self.out])
            self.assertEqual(done.returncode, 0, closed)
            self.assertEqual(self.result(), first, closed)
            for name in os.listdir(self.out):
                content = (pathlib.Path(self.out) / name).read_bytes()
                self.assertNotIn(b"preset default", content, f"{closed}: {name}")

    def run_with_gone_reader(self, *arguments):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([CLIENT, *arguments], stdout=writer, stderr=subprocess.PIPE,
                              text=True)
        os.close(writer)
        return done

    def test_reader_that_went_away(self):
        done = self.run_with_gone_reader(*QUICK, "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: standard output", done.stderr)
        self.assertEqual(json.loads(self.result())["status"], "complete")
        done = self.run_with_gone_reader(*QUICK, "--out", self.out, "--json")
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(self.run_with_gone_reader("devices").returncode, 7)

    def test_full_standard_output(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "w") as full:
            done = subprocess.run([CLIENT, "--version"], stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        self.assertEqual(done.returncode, 7)
        self.assertIn(os.strerror(errno.ENOSPC), done.stderr)

    def on_terminal(self, environment, columns=80, awaited=b" left"):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([CLIENT, *LONG, "--out", self.out], stdin=slave,
                                   stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        shown = b""
        deadline = time.monotonic() + 60
        while shown.count(awaited) < 5 and time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                shown += os.read(master, 65536)
        process.send_signal(signal.SIGINT)
        process.wait(60)
        while select.select([master], [], [], 0.2)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:  # the other side is closed
                break
        os.close(master)
        return shown.decode()

    def test_progress_line_is_rewritten_on_a_terminal(self):
        shown = self.on_terminal({**os.environ, "TERM": "xterm", "NO_COLOR": "1"})
        self.assertGreater(len(re.findall(r"\rcompgen +[\d.]+ %  [\d.]+ GFLOP/s", shown)), 3,
                           shown)
        self.assertIn(" left", shown)
        self.assertNotIn("\x1b", shown)

    def test_progress_line_fits_a_narrow_terminal(self):
        """A line that is wrapped cannot be rewritten: it would fill the screen."""
        shown = self.on_terminal(dict(os.environ), columns=25, awaited=b" %  ")
        lines = re.findall(r"\r(compgen [^\r\n]*)", shown)
        self.assertGreater(len(lines), 3, shown)
        self.assertEqual({len(line) for line in lines}, {24}, shown)

    def test_a_terminal_that_was_stopped_is_not_waited_for(self):
        """As by Ctrl-S, or by a connection that froze: no checkpoint was saved from there on, nor at a signal."""
        master, slave = pty.openpty()
        process = subprocess.Popen([CLIENT, *LONG, "--out", self.out, "--checkpoint-interval", "0.2"],
                                   stdin=slave, stdout=slave, stderr=slave)
        self.addCleanup(lambda: (process.kill(), process.wait(), os.close(master), os.close(slave)))

        def newest():
            return max((path.stat().st_mtime_ns for path in pathlib.Path(self.out).glob("*.checkpoint.?")), default=0)

        def wait_for_a_later_one():
            before = newest()
            deadline = time.monotonic() + 60
            while newest() == before:
                self.assertLess(time.monotonic(), deadline, "no checkpoint")
                time.sleep(0.05)

        wait_for_a_later_one()
        termios.tcflow(slave, termios.TCOOFF)
        for _ in range(5):
            wait_for_a_later_one()
        process.send_signal(signal.SIGTERM)
        wait_for_a_later_one()
        termios.tcflow(slave, termios.TCOON)
        self.assertEqual(process.wait(60), 143)

    def test_plain_lines_elsewhere(self):
        done = self.quick("--set", "batch=1")
        lines = [line for line in done.stderr.splitlines() if "GFLOP/s" in line and "%" in line]
        self.assertLessEqual(len(lines), 10)
        self.assertNotIn("\r", done.stderr)
