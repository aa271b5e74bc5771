"""A file system of a megabyte, to be full when it matters: mounted here, or, without the privilege to mount, in a user
namespace of its own, into which /proc leads."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

MOUNT = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs"]
PAGE = 4096  # of which it keeps its files


class SmallDisk:
    """`path`: its root. unittest.SkipTest where the system allows neither way."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="axiom-disk-"))
        self.holder = None
        self.mounted = subprocess.run([*MOUNT, self.directory], capture_output=True).returncode == 0
        self.path = self.directory if self.mounted else self._within_namespace()

    def _within_namespace(self):
        """The file system lives as long as the process in whose namespace it is."""
        self.holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", '"$@" && echo mounted && exec cat', "sh", *MOUNT,
             str(self.directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "mounted\n":
            said = self.holder.communicate()[1]
            self.close()
            raise unittest.SkipTest(f"a file system can be mounted here neither way: {said}")
        return pathlib.Path(f"/proc/{self.holder.pid}/root{self.directory}")

    def fill(self, pages=0):
        """Leaves room for so many pages."""
        self.free()
        with open(self.path / "filler", "wb", buffering=0) as file:
            for size in (65536, PAGE):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass
            file.truncate(os.fstat(file.fileno()).st_size - pages * PAGE)

    def free(self):
        (self.path / "filler").unlink(missing_ok=True)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.directory], check=True)
        if self.holder is not None:
            self.holder.communicate()  # the end of its input
        shutil.rmtree(self.directory, ignore_errors=True)
