#!/usr/bin/env python3
"""Runs small plans of all six experiments on every backend and several thread counts; the result files must be
equal byte for byte, and `verify` must say so.

Usage: experiments_equal.py CLIENT [NAME]   with NAME: the backends of that name and the reference
"""

import json
import pathlib
import subprocess
import sys
import tempfile

PLANS = {
    "compgen": ["--set", "epochs=2", "--set", "trials=2", "--set", "widths=[16,33]",
                "--set", "depths=[1,3]", "--set", "learning_rates=[0.05]"],
    "compgen regularized": ["--preset", "regularized", "--set", "epochs=2", "--set", "trials=1",
                            "--set", "widths=[16,40]"],
    "featrank": ["--set", "epochs=3", "--set", "trials=1", "--set", "widths=[8,33,64]"],
    "neuronspec": ["--set", "epochs=3", "--set", "trials=2", "--set", "widths=[16,50]"],
    "featcompv2": ["--set", "epochs=4", "--set", "measure_every=3", "--set", "widths=[8,40]",
                   "--set", "learning_rates=[0.05]"],
    "repalignv2": ["--set", "epochs=6", "--set", "measure_every=4", "--set", "widths=[32,80]",
                   "--seeds", "2"],
    "microscalev2": ["--set", "epochs=1", "--set", "widths=[8,17]", "--set", "depths=[1,2]",
                     "--set", "fractions=[0.05,0.1]"],
    "microscalev2 fixed-steps": ["--preset", "fixed-steps", "--set", "epochs=1",
                                 "--set", "widths=[8]", "--set", "depths=[2]",
                                 "--set", "fractions=[0.03,0.05]"],
}


def run(*args):
    return subprocess.run(args, capture_output=True, text=True)


def main():
    client = sys.argv[1]
    devices = json.loads(run(client, "devices", "--json").stdout)
    backends = [b["name"] for b in devices["backends"] if b["available"]]
    if len(sys.argv) > 2:
        backends = [name for name in backends if name.startswith(sys.argv[2]) or name == "reference"]
    for b in devices["backends"]:
        if not b["available"]:
            print(f"SKIPPED {b['name']}: {b['reason']}")
    with tempfile.TemporaryDirectory() as directory:
        for plan, options in PLANS.items():
            experiment = plan.split()[0]
            seen = {}
            for backend in backends:
                for threads in (1, 2, 5):
                    out = pathlib.Path(directory) / f"{plan}-{backend}-{threads}".replace(" ", "-")
                    done = run(client, "--standalone", "--experiment", experiment, "--seed",
                               "18446744073709551615", *options, "--backend", backend, "--threads",
                               str(threads), "--priority", "normal", "--out", str(out))
                    if done.returncode != 0:
                        sys.exit(f"FAILED {plan} on {backend}: {done.stderr}")
                    telemetry = json.loads((out / f"{experiment}.telemetry.json").read_text())
                    if telemetry["backend"] != backend:
                        sys.exit(f"FAILED: asked for {backend}, {telemetry['backend']} ran")
                    seen[f"{backend}, {threads} threads"] = out / f"{experiment}.result.json"
            contents = {path.read_bytes() for path in seen.values()}
            if len(contents) != 1:
                sys.exit(f"FAILED {plan}: {len(contents)} different results from {list(seen)}")
            verified = run(client, "verify", str(next(iter(seen.values()))), "--backend", backends[0])
            if verified.returncode != 0 or "equal" not in verified.stdout + verified.stderr:
                sys.exit(f"FAILED {plan}: verify says {verified.stdout} {verified.stderr}")
            print(f"{plan}: {len(seen)} results equal")


if __name__ == "__main__":
    main()
