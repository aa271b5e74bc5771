#!/usr/bin/env python3
"""Leaves out each barrier of the kernels in turn: the equality test must notice, or the emulation would not show
a missing barrier, either.

Usage: every_barrier_is_needed.py CUDA_EQUALITY_TEST   (with the emulated driver in LD_LIBRARY_PATH)
"""

import os
import re
import subprocess
import sys

# Quick, and through every kernel.
FILTER = "--gtest_filter=*PausedAtEveryStep:*TrainingAndProbes"
# In order of threads; backwards by chance; shuffled. One noticing is enough.
ORDERS = [{}, {"AXIOM_EMULATED_SHUFFLE": "1"}, {"AXIOM_EMULATED_SHUFFLE": "2"},
          {"AXIOM_EMULATED_SHARED": "20480", "AXIOM_EMULATED_SHUFFLE": "3"}]


def run(test, **settings):
    environment = dict(os.environ, **settings)
    try:
        return subprocess.run([test, FILTER, "--gtest_fail_fast"], env=environment, capture_output=True, text=True,
                              timeout=60)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess([], 1, "", "timeout")


def main():
    test = sys.argv[1]
    sites = set()
    for order in ORDERS:
        listing = run(test, AXIOM_EMULATED_LIST_BARRIERS="1", **order)
        if listing.returncode != 0:
            sys.exit("FAILED: not equal even with every barrier\n" + listing.stdout)
        sites |= set(re.findall(r"^barrier (\d+)$", listing.stderr, re.MULTILINE))
    if len(sites) < 10:
        sys.exit(f"FAILED: only {len(sites)} barriers were seen")
    unnoticed = [site for site in sorted(sites, key=int)
                 if all(run(test, AXIOM_EMULATED_SKIP_BARRIER=site, **order).returncode == 0 for order in ORDERS)]
    print(f"{len(sites)} barriers, {len(unnoticed)} of them can be left out: {unnoticed}")
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
