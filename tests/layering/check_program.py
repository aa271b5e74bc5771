#!/usr/bin/env python3
"""What the program asks of a host: glibc's libraries, of a version that is not too new, and nothing else; and what it
shows to the libraries that it loads: none of those within it.

Usage: check_program.py PROGRAM static|shared
"""

import re
import subprocess
import sys

PROGRAM, LINKING = sys.argv[1:3]
GLIBC = re.compile(r"^(libc|libm|libdl|libpthread|librt|ld-linux[-\w]*)\.so\.\d+$")
NEWEST_GLIBC = (2, 34)  # docs/BOINC.md: Debian 12, Ubuntu 22.04, RHEL 9

failures = []


def fail(message):
    failures.append(message)
    print("FAILED:", message)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-dW", PROGRAM))
    if "libc.so.6" not in needed:
        fail(f"{PROGRAM}: no dynamic section was read")
    others = [name for name in needed if not GLIBC.match(name)]
    loaded = [name for name in others if re.match(r"lib(curl|ssl|boinc|cuda)", name)]
    if loaded:
        fail(f"{PROGRAM} links {', '.join(loaded)}, which are to be loaded at run time")
    if LINKING == "static":
        if others:
            fail(f"{PROGRAM} needs {', '.join(others)}")
        versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_([\d.]+)", output("objdump", "-T", PROGRAM))}
        if max(versions) > NEWEST_GLIBC:
            fail(f"{PROGRAM} needs glibc {'.'.join(map(str, max(versions)))}")
        shown = [line.split()[-1] for line in output("nm", "-D", "--defined-only", PROGRAM).splitlines()]
        own = [name for name in shown if "@" not in name]  # with a version: glibc's variables, copied here
        if own:
            fail(f"{PROGRAM} shows {len(own)} symbols, {own[0]} among them: they would stand before those of loaded libraries")
    print("program:", f"{len(failures)} violations" if failures else f"needs {', '.join(needed)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
