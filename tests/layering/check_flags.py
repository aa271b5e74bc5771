#!/usr/bin/env python3
"""Compiler flags that would change results, or leak instructions into code for all processors, stop the configuration.

Usage: check_flags.py SOURCE_DIR
"""

import os
import subprocess
import sys
import tempfile

REFUSED = [
    (["-DCMAKE_CXX_FLAGS=-O2 -ffast-math"], {}, "remove -ffast-math"),
    (["-DCMAKE_CXX_FLAGS=-ffinite-math-only"], {}, "remove -ffinite-math-only"),
    (["-DCMAKE_CXX_FLAGS_RELEASE=-Ofast"], {}, "remove -Ofast"),
    (["-DCMAKE_BUILD_TYPE=MinSizeRel", "-DCMAKE_CXX_FLAGS_MINSIZEREL=-Os -fno-signed-zeros"], {}, "remove -fno-signed-zeros"),
    ([], {"CXXFLAGS": "-O2 -march=native"}, "remove -march="),
    ([], {"CXX": "c++ -mavx2"}, "remove -mavx"),
    (["-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON"], {}, "CMAKE_INTERPROCEDURAL_OPTIMIZATION would leak"),
    (["-DCMAKE_INTERPROCEDURAL_OPTIMIZATION_RELEASE=ON"], {}, "CMAKE_INTERPROCEDURAL_OPTIMIZATION_RELEASE would leak"),
]


def main():
    failures = 0
    clean = {name: value for name, value in os.environ.items() if name not in ("CXX", "CXXFLAGS")}
    for options, environment, fragment in REFUSED:
        with tempfile.TemporaryDirectory() as build:
            # Debian's cmake brings no make, which is what it would look for by itself.
            done = subprocess.run(["cmake", "-G", "Ninja", "-S", sys.argv[1], "-B", build, "-DAXIOM_TESTS=OFF",
                                   "-DAXIOM_CUDA=off", *options],
                                  env={**clean, **environment}, capture_output=True, text=True)
        if done.returncode == 0 or fragment not in " ".join(done.stderr.split()):
            failures += 1
            print(f"FAILED: {options} {environment}: exit code {done.returncode}, without '{fragment}'\n{done.stderr}")
    print("flags:", f"{failures} are not refused" if failures else f"{len(REFUSED)} refused")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
