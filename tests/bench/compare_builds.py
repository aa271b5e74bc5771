#!/usr/bin/env python3
"""Two builds' training step, in turns of milliseconds (an epoch, if that is longer) on one core: on a machine whose
speed changes by a third from minute to minute, both meet the same changes.

Usage: compare_builds.py OLD_BUILD NEW_BUILD [--backend avx2] [--pairs 200] [CASE ...]

A case is SIZES/BATCH/SAMPLES, such as 20,64,64,2/32/1000; batch 0 is the full batch. Prints the median GFLOP/s of
both, and of the pairs' ratios (new to old) the median and both quartiles. The same build twice shows the noise.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys

CASES = [f"20,{w},2/32/1000" for w in (32, 64, 128, 256)] + [
    "10,64,5/64/5000", "20,256,5/0/1000", "20,64,64,2/32/1000", "20,128,128,2/32/1000", "20,256,256,2/32/1000",
    "20,256,256,256,1/0/1000", "10,512,512,5/64/5000"]


class Build:
    """One build's training_rate, ready for pieces."""

    def __init__(self, directory, backend, case, core):
        parts = case.split("/")
        if len(parts) != 3:
            sys.exit(f"{case}: a case is SIZES/BATCH/SAMPLES")
        program = pathlib.Path(directory) / "tests" / "bench" / "training_rate"
        try:
            self.process = subprocess.Popen([str(program), backend, *parts], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True,
                                            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        except OSError as error:
            sys.exit(f"{program}: {error.strerror}: build it with -DAXIOM_BENCHMARKS=ON")

    def rate(self):
        """GFLOP/s of a piece; one before it fills the caches."""
        try:
            self.process.stdin.write("2\n")
            self.process.stdin.flush()
            self.process.stdout.readline()
            return float(self.process.stdout.readline())
        except (BrokenPipeError, ValueError):
            sys.exit(self.process.wait() or 1)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--backend", default="avx2")
    parser.add_argument("--pairs", type=int, default=200)
    options = parser.parse_intermixed_args()
    if options.pairs < 2:
        parser.error("--pairs: at least 2")
    core = max(os.sched_getaffinity(0))
    print(f"{'case':28} {'old':>7} {'new':>7} GFLOP/s   new / old (quartiles)")
    for case in options.cases or CASES:
        builds = [Build(directory, options.backend, case, core) for directory in (options.old, options.new)]
        rates = ([], [])
        for pair in range(options.pairs):
            for which in ((0, 1), (1, 0))[pair % 2]:
                rates[which].append(builds[which].rate())
        for build in builds:
            build.end()
        ratios = [new / old for old, new in zip(*rates)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"{case:28} {statistics.median(rates[0]):7.1f} {statistics.median(rates[1]):7.1f}           "
              f"{middle:.3f} ({low:.3f} to {high:.3f})", flush=True)


if __name__ == "__main__":
    main()
