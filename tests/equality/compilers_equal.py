#!/usr/bin/env python3
"""The program as another compiler makes it: the same results, byte for byte, on every backend of this processor.

Usage: compilers_equal.py SOURCE_DIR CLIENT [COMPILER]     (default clang++; ten minutes; skipped if it is not there)
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from experiments_equal import PLANS

SKIPPED = 77
# Layers wide enough for the products that leave out zeros.
WIDE = {"compgen wide": ["--set", "widths=[64,128]", "--set", "epochs=2", "--set", "trials=1"],
        "featcompv2 wide": ["--set", "widths=[96]", "--set", "epochs=4", "--set", "learning_rates=[0.05]"],
        "featrank wide": ["--set", "widths=[72,128]", "--set", "epochs=3", "--set", "trials=1"]}


def build(source, compiler, folder):
    def run(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"FAILED: {' '.join(map(str, command))}\n{done.stdout[-4000:]}")
    run("cmake", "-S", source, "-B", folder, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={compiler}", "-DAXIOM_TESTS=OFF",
        "-DAXIOM_CUDA=off", "-DAXIOM_WARNINGS_ARE_ERRORS=ON")
    run("cmake", "--build", folder, "-j", str(os.cpu_count()))
    return folder / "axiom-client"


def result(client, plan, options, backend, out):
    experiment = plan.split()[0]
    done = subprocess.run([client, "--standalone", "--experiment", experiment, "--seed", "77", *options, "--backend", backend,
                           "--priority", "normal", "--quiet", "--out", out], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED: {client}: {plan} on {backend}: {done.stderr}")
    return (out / f"{experiment}.result.json").read_bytes()


def main():
    source, client = sys.argv[1:3]
    compiler = shutil.which(sys.argv[3] if len(sys.argv) > 3 else "clang++")
    if not compiler:
        print("SKIPPED: clang++ is not installed (sh scripts/install-packages.sh long)")
        sys.exit(SKIPPED)
    listed = json.loads(subprocess.run([client, "devices", "--json"], check=True, capture_output=True, text=True).stdout)
    backends = [backend["name"] for backend in listed["backends"]
                if backend["available"] and not backend["name"].startswith("cuda")]
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        other = build(source, compiler, folder / "build")
        for plan, options in {**PLANS, **WIDE}.items():
            expected = result(client, plan, options, backends[0], folder / "expected")
            # With fma in software wide networks take minutes.
            for backend in backends if plan in PLANS else [name for name in backends if name != "reference"]:
                if result(other, plan, options, backend, folder / "found") != expected:
                    sys.exit(f"FAILED: {plan}: what {compiler} made gives another result on {backend}")
            print(f"{plan}: equal", flush=True)


if __name__ == "__main__":
    main()
