#!/usr/bin/env python3
"""Every experiment under valgrind, which sees reads and writes beyond a block of memory, values that nobody set and
memory that is lost. Its processor has no AVX-512, whose loops are the same source, and it does not see one part of a
workspace written over another. Results must be those of a run without it.

Usage: memory_errors.py CLIENT       (long: three minutes; skipped without valgrind or AVX2)
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
FOUND = 99  # exit code of a run in which valgrind found something

# Layers wide enough for the products that leave out zeros, and widths that fill no vector.
PLANS = {
    "compgen": ["widths=[64,70]", "depths=[3]", "learning_rates=[0.1]", "trials=1", "epochs=1", "batch=70",
                "dropout=0.3", "weight_decay=0.01"],
    "featrank": ["widths=[64,72]", "trials=2", "epochs=1"],
    "neuronspec": ["widths=[67]", "trials=2", "epochs=1"],
    "featcompv2": ["widths=[64,77]", "learning_rates=[0.05]", "epochs=1"],
    "repalignv2": ["widths=[64,65]", "networks=2", "epochs=1"],
    "microscalev2": ["widths=[64,65,128]", "depths=[1,2]", "fractions=[0.05]", "epochs=1"],
}


def run(client, experiment, overrides, out, *before):
    settings = [part for override in overrides for part in ("--set", override)]
    done = subprocess.run([*before, client, "--standalone", "--experiment", experiment, "--seed", "5", *settings,
                           "--backend", "avx2", "--threads", "2", "--quiet", "--out", str(out)],
                          capture_output=True, text=True)
    if done.returncode == FOUND:
        sys.exit(f"FAILED: valgrind found errors in {experiment}:\n{done.stderr}")
    if done.returncode != 0:
        sys.exit(f"FAILED: {experiment} ended with {done.returncode}: {done.stderr}")
    return (out / f"{experiment}.result.json").read_bytes()


def main():
    client = sys.argv[1]
    valgrind = shutil.which("valgrind")
    devices = subprocess.run([client, "devices"], capture_output=True, text=True).stdout
    if not valgrind or "avx2       available" not in devices:
        print("SKIPPED: no valgrind" if not valgrind else "SKIPPED: no AVX2")
        sys.exit(SKIPPED)
    watched = (valgrind, "--quiet", f"--error-exitcode={FOUND}", "--leak-check=full", "--show-leak-kinds=definite",
               "--errors-for-leak-kinds=definite")
    with tempfile.TemporaryDirectory() as directory:
        for experiment, overrides in PLANS.items():
            alone = run(client, experiment, overrides, pathlib.Path(directory) / "alone")
            if run(client, experiment, overrides, pathlib.Path(directory) / "watched", *watched) != alone:
                sys.exit(f"FAILED: {experiment} gives another result under valgrind")
            print(f"{experiment}: no errors, same result", flush=True)


if __name__ == "__main__":
    main()
