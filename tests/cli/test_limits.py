"""Limits that a system sets for a process: each met with one line, never a crash or a wait without end."""

import resource
import unittest

from support import CliTest, client

GIB = 1 << 30


def limited(*limits):
    def set_limits():
        for which, value in limits:
            resource.setrlimit(which, (value, value))
    return {"preexec_fn": set_limits}


# A thread's stack is as large as the limit of the first thread's: two fit, eight do not.
FEW_THREADS = limited((resource.RLIMIT_STACK, GIB), (resource.RLIMIT_AS, 5 * GIB // 2))


class LimitsTest(CliTest):
    def test_more_threads_than_the_system_starts(self):
        done = client("--standalone", "--experiment", "neuronspec", "--seed", "7", "--threads", "8",
                      "--out", self.out, **FEW_THREADS)
        self.assert_error(done, 4, "use fewer --threads, or raise the limits")
        self.assertEqual(self.quick("--threads", "1", **FEW_THREADS).returncode, 0)

    def test_bench_with_more_threads_than_the_system_starts(self):
        done = client("bench", "--seconds", "5", "--threads", "8", "--data-dir", self.out, **FEW_THREADS)
        self.assert_error(done, 4, "use fewer --threads, or raise the limits")

    def test_bench_without_memory_for_its_arrays(self):
        done = client("bench", "--seconds", "5", "--threads", "2", "--data-dir", self.out,
                      **limited((resource.RLIMIT_AS, 200 << 20)))
        self.assert_error(done, 4, "out of memory")

    def test_a_file_larger_than_the_system_allows(self):
        done = self.quick(**limited((resource.RLIMIT_FSIZE, 100)))
        self.assert_error(done, 7, "File too large; raise the limit")
        self.assertEqual(self.quick().returncode, 0)

    def test_fewer_open_files_than_it_takes(self):
        done = self.quick(**limited((resource.RLIMIT_NOFILE, 6)))
        self.assert_error(done, 7, "Too many open files; raise the limit")


if __name__ == "__main__":
    unittest.main()
