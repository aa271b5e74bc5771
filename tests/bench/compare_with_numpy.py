#!/usr/bin/env python3
"""Whole experiments, metrics included, on one thread: axiom-client against the NumPy oracle in float32, at equal
work, in turn and in one run; and axiom-client on two threads against one. Prints ratios.

Usage: compare_with_numpy.py CLIENT [--repeat N] [--full]

NumPy runs with one OpenBLAS thread, twice: one network after the other, as a straightforward script would, and
with networks of equal shape stacked into batched products, the fastest plain NumPy there is (the full-batch
experiments always stack the networks of a configuration). Needs OpenBLAS (Debian: libopenblas0-pthread); with the
plain BLAS that python3-numpy alone brings, NumPy would be some twenty times slower. Without --full, compgen and
microscalev2 train a tenth and a twentieth of their epochs, on both sides.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

REDUCED = {"compgen": {"epochs": 15}, "microscalev2": {"epochs": 15}}
EXPERIMENTS = ["compgen", "featrank", "neuronspec", "featcompv2", "repalignv2", "microscalev2"]
ORACLE = pathlib.Path(__file__).resolve().parents[1] / "oracle" / "oracle.py"


def overrides(settings):
    return [part for key, value in settings.items() for part in ("--set", f"{key}={json.dumps(value)}")]


def timed(command, environment=None):
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{command}: ended with {done.returncode}: {done.stderr}")
    return time.monotonic() - start


def client_seconds(client, experiment, settings, threads):
    with tempfile.TemporaryDirectory() as out:
        return timed([client, "--standalone", "--experiment", experiment, "--seed", "42",
                      *overrides(settings), "--threads", str(threads), "--priority", "normal",
                      "--quiet", "--out", out])


def numpy_seconds(experiment, settings, *how):
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    return timed(["/usr/bin/python3", str(ORACLE), experiment, "--seed", "42", "--dtype", "float32",
                  *overrides(settings), *how], environment)


def require_openblas():
    probe = "import numpy; numpy.ones((2, 2)) @ numpy.ones((2, 2)); print(open('/proc/self/maps').read())"
    if "openblas" not in subprocess.run(["/usr/bin/python3", "-c", probe], capture_output=True, text=True).stdout:
        sys.exit("NumPy does not use OpenBLAS here: install the package libopenblas0-pthread")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("client")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default=",".join(EXPERIMENTS))
    options = parser.parse_args()
    require_openblas()
    plain_ratios, stacked_ratios = [], []
    print(f"{'experiment':14} {'client s':>9} {'NumPy s':>9} {'ratio':>6} {'stacked s':>10} {'ratio':>6}   "
          f"{'2 threads s':>11} {'ratio':>6}")
    for experiment in options.only.split(","):
        settings = {} if options.full else REDUCED.get(experiment, {})
        one, two, plain, stacked = [], [], [], []
        for _ in range(options.repeat):
            one.append(client_seconds(options.client, experiment, settings, 1))
            plain.append(numpy_seconds(experiment, settings, "--one-by-one"))
            stacked.append(numpy_seconds(experiment, settings))
            two.append(client_seconds(options.client, experiment, settings, 2))
        median = statistics.median
        ratio = lambda numerator, denominator: median(a / b for a, b in zip(numerator, denominator))
        plain_ratios.append(ratio(plain, one))
        stacked_ratios.append(ratio(stacked, one))
        print(f"{experiment:14} {median(one):9.2f} {median(plain):9.2f} {plain_ratios[-1]:6.2f} "
              f"{median(stacked):10.2f} {stacked_ratios[-1]:6.2f}   {median(two):11.2f} "
              f"{ratio(one, two):6.2f}", flush=True)
    for name, ratios in (("one by one", plain_ratios), ("stacked", stacked_ratios)):
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"against NumPy, {name}: geometric mean {mean:.2f}, lowest {min(ratios):.2f}")


if __name__ == "__main__":
    main()
