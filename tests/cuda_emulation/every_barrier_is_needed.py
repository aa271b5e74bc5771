#!/usr/bin/env python3
"""Leaves out each barrier of the kernels in turn: the equality test must notice, or the emulation would not show
a missing barrier, either. A barrier in the source has several places in the code, one for each function that it is
inlined into; it counts as noticed if one of them is.

Usage: every_barrier_is_needed.py CUDA_EQUALITY_TEST EMULATED_DRIVER   (with that in LD_LIBRARY_PATH)
"""

import os
import pathlib
import re
import subprocess
import sys
import time

# Quick, and through every kernel.
FILTER = ("--gtest_filter=*PausedAtEveryStep:*TrainingAndEvaluation:*Spectra:*InnerProducts:*LinearProbes:*Correlations"
          ":*ScoresAndSums")
# In order of threads; backwards by chance; shuffled. One noticing is enough.
ORDERS = [{}, {"AXIOM_EMULATED_SHUFFLE": "1"}, {"AXIOM_EMULATED_SHUFFLE": "2"},
          {"AXIOM_EMULATED_SHARED": "20480", "AXIOM_EMULATED_SHUFFLE": "3"}]


def run(test, limit_s, **settings):
    environment = dict(os.environ, **settings)
    try:
        return subprocess.run([test, FILTER, "--gtest_fail_fast"], env=environment, capture_output=True, text=True,
                              timeout=limit_s)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess([], 1, "", "timeout")


def source_lines(library, site):
    """The barrier's own line, and the line that asks for it where that is the team's barrier."""
    # The return address belongs to the next instruction: one byte back is the call.
    command = ["addr2line", "-i", "-e", library, hex(int(site) - 1)]
    frames = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    lines = [re.sub(r"^.*/cuda/kernels/", "", frame.split(" ")[0]) for frame in frames if "/cuda/kernels/" in frame]
    if not lines:
        sys.exit(f"FAILED: no source line for barrier {site}: is {library} built with debug information?")
    callers = [line for line in lines if not line.startswith("team.h")]
    # TeamEngine::synchronize() only passes the call on.
    asking = [line for line in callers if "synchronize" in source(line) and "void synchronize" not in source(line)]
    return {lines[0], *asking[:1]}


def source(line):
    name, number = line.split(":")
    kernels = pathlib.Path(__file__).resolve().parents[2] / "cuda" / "kernels"
    return (kernels / name).read_text().split("\n")[int(number) - 1]


def main():
    test, library = sys.argv[1:]
    sites = set()
    limit_s = 60  # a test that hangs has noticed; one that is slow since the host is busy has not
    for order in ORDERS:
        began = time.monotonic()
        listing = run(test, 1800, AXIOM_EMULATED_LIST_BARRIERS="1", **order)
        limit_s = max(limit_s, 20 * (time.monotonic() - began))
        if listing.returncode != 0:
            sys.exit("FAILED: not equal even with every barrier\n" + listing.stdout)
        sites |= set(re.findall(r"^barrier (\d+)$", listing.stderr, re.MULTILINE))
    noticed = {}
    for site in sorted(sites, key=int):
        lines = source_lines(library, site)
        if all(noticed.get(line) for line in lines):
            continue
        seen = any(run(test, limit_s, AXIOM_EMULATED_SKIP_BARRIER=site, **order).returncode != 0 for order in ORDERS)
        for line in lines:
            noticed[line] = noticed.get(line, False) or seen
    unnoticed = sorted(line for line, seen in noticed.items() if not seen)
    for line in unnoticed:
        print(f"not noticed: {line}: {source(line).strip()}")
    print(f"{len(noticed)} barriers at {len(sites)} places, {len(unnoticed)} can be left out without a test noticing")
    if len(noticed) < 40:
        sys.exit("FAILED: too few barriers were seen")
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
