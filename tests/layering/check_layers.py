#!/usr/bin/env python3
"""Holds the layers of docs/ARCHITECTURE.md: forbidden includes, libm symbols, leaked vector code.

Usage: check_layers.py SOURCE_DIR BUILD_DIR

Which folder may include which is read from the table of docs/ARCHITECTURE.md, so that page and code cannot differ.
"""

import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(sys.argv[1])
BUILD = pathlib.Path(sys.argv[2])

SOURCES = (".h", ".cpp", ".inl", ".cu", ".in")
# Headers whose functions have unspecified last bits, in code whose numbers reach a result.
NO_LIBM_HEADERS = {"client/arithmetic", "client/plan", "cpu", "cpu/reference", "cpu/avx2", "cpu/avx512",
                   "cuda", "cuda/kernels", "cuda/nvidia"}
# Elsewhere <cmath> may give the exact functions only (isnan, isfinite, fabs, …).
LIBM_CALL = re.compile(r"\bstd::(exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|tanh|sinh|cosh|"
                       r"atan|atan2|asin|acos|cbrt|hypot|erf|erfc|fma|lgamma|tgamma)\(")
LIBM = re.compile(r"\b(exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|sincos|tan|tanh|sinh|cosh|"
                  r"atan|atan2|asin|acos|cbrt|hypot|erf|erfc|fma|lgamma|tgamma|rint|round)f?l?$")
# Built with vector flags: folder, CMake target, and the namespace of all that it may define.
VECTOR_OBJECTS = (("cpu", "axiom_kernels_avx2", "axiom::cpu::avx2::"),
                  ("cpu", "axiom_kernels_avx512", "axiom::cpu::avx512::"),
                  ("client/arithmetic", "axiom_arithmetic_avx2", "axiom::arithmetic::avx2::"),
                  ("client/arithmetic", "axiom_arithmetic_avx512", "axiom::arithmetic::avx512::"))
# Translation units built with vector flags may not include these.
STANDARD_CONTAINERS = re.compile(r"#include <(vector|string|map|memory|functional|algorithm|span|"
                                 r"iostream|sstream|optional)>")

failures = []


def fail(message):
    failures.append(message)
    print("FAILED:", message)


def folder_of(path):
    return str(pathlib.PurePosixPath(path).parent)


def sources():
    for top in ("client", "cpu", "cuda", "checkpoint"):
        for path in sorted((SOURCE / top).rglob("*")):
            if path.suffix in SOURCES:
                yield path.relative_to(SOURCE).as_posix(), path.read_text()


def layers():
    """Folder -> the folders that it may include besides itself, None for all of them."""
    text = (SOURCE / "docs/ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| (`[^|]*) \| [^|]* \| ([^|]*) \|$", text, re.M)
    names = [folder for first, _ in rows for folder in re.findall(r"`([^`]+)`", first)]

    def resolved(word):
        found = [name for name in (word, "client/" + word) if name in names]
        if not found:
            fail(f"docs/ARCHITECTURE.md: '{word}' is no folder of the table of layers")
        return found[0] if found else word

    table = {}
    for first, last in rows:
        if last == "–":
            continue  # no code of the program
        allowed = {"all": None, "nothing": set()}.get(last, False)
        if allowed is False:
            allowed = {resolved(word.strip()) for word in last.split(",")}
        for folder in re.findall(r"`([^`]+)`", first):
            table[folder] = allowed
    return table


def check_includes():
    seen = 0
    allowed = layers()
    used = {folder: set() for folder in allowed}
    for name, text in sources():
        folder = folder_of(name)
        if folder not in allowed:
            fail(f"{name}: folder {folder} is not in the table of layers")
            continue
        for include in re.findall(r'#include "([^"]+)"', text):
            seen += 1
            target = folder_of(include)
            used[folder].add(target)
            if target != folder and allowed[folder] is not None and target not in allowed[folder]:
                fail(f"{name} includes {include}: {folder} may not depend on {target}")
        if folder != "client/boinc" and re.search(r'#include [<"](boinc_|app_ipc|graphics2)', text):
            fail(f"{name} includes a BOINC header")
        if folder in NO_LIBM_HEADERS and re.search(r"#include <(c?math(\.h)?|complex)>", text):
            fail(f"{name} includes libm")
        if folder == "client/experiments" and LIBM_CALL.search(text):
            fail(f"{name} calls libm: {LIBM_CALL.search(text).group(0)}")
    for folder, targets in allowed.items():
        for target in sorted((targets or set()) - used[folder]):
            fail(f"docs/ARCHITECTURE.md: nothing in {folder} includes {target}, which it is allowed to")
    if seen < 100:
        fail(f"only {seen} includes were seen: is {SOURCE} the source tree?")


def nm(path, *options):
    command = ["nm", "-C", *options, str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def objects(pattern):
    found = sorted(BUILD.glob(pattern))
    if not found:
        fail(f"no objects {pattern} under {BUILD}: build first")
    return found


def check_libm_symbols():
    for pattern in ("client/arithmetic/CMakeFiles/**/*.o", "client/plan/CMakeFiles/**/*.o",
                    "client/experiments/CMakeFiles/**/*.o", "cpu/CMakeFiles/**/*.o",
                    "cuda/CMakeFiles/**/*.o"):
        for path in objects(pattern):
            for line in nm(path, "-u"):
                symbol = line.split()[-1]
                if LIBM.match(symbol):
                    fail(f"{path.name} calls libm's {symbol}")


def check_vector_code():
    """Everything that a vector translation unit defines must name its instruction set."""
    for folder, target, own in VECTOR_OBJECTS:
        for path in objects(f"{folder}/CMakeFiles/{target}.dir/**/*.o"):
            defined = [line for line in nm(path, "--defined-only")
                       if line.split()[-2:-1] and not re.search(r" [rRdDnN] \.LC", line)]
            for line in defined:
                kind, symbol = re.match(r"\S+ (\S) (.*)", line).groups()
                if kind in "tTwWvVuiBbDd" and own not in symbol:
                    fail(f"{path.name} defines {symbol} ({kind}): vector code that others could link")
    for name, text in sources():
        if name.endswith(".inl") or name.endswith(("_kernels.cpp", "_avx2.cpp", "_avx512.cpp")) or name.endswith("lanes.h"):
            match = STANDARD_CONTAINERS.search(text)
            if match:
                fail(f"{name}: {match.group(0)} in code built with vector flags")


def check_executable():
    """The program itself must start on any x86-64 processor: no vector code outside the kernels."""
    for pattern in ("client/CMakeFiles/axiom-client.dir/**/*.o", "client/*/CMakeFiles/**/*.o",
                    "checkpoint/CMakeFiles/**/*.o", "cpu/CMakeFiles/axiom_cpu.dir/**/*.o",
                    "cuda/CMakeFiles/**/*.cpp.o"):
        for path in objects(pattern):
            if any(f"/{target}.dir/" in str(path) for _, target, _ in VECTOR_OBJECTS):
                continue
            text = subprocess.run(["objdump", "-d", str(path)], check=True, capture_output=True,
                                  text=True).stdout
            if re.search(r"%[yz]mm\d", text):
                fail(f"{path} holds vector instructions beyond the x86-64 baseline")


if __name__ == "__main__":
    check_includes()
    check_libm_symbols()
    check_vector_code()
    check_executable()
    print("layers:", f"{len(failures)} violations" if failures else "all hold")
    sys.exit(1 if failures else 0)
