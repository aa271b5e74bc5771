"""Whether a file runs on every host that its platform and plan classes promise, as binutils' readelf sees it."""

import os
import re
import subprocess

from code_signing import SigningError

PLATFORM = "x86_64-pc-linux-gnu"
INTERPRETER = "/lib64/ld-linux-x86-64.so.2"
NEWEST_GLIBC = (2, 34)  # min_libc_version in plan_class_spec.xml
_GLIBC = re.compile(r"(libc|libm|libdl|libpthread|librt|ld-linux-x86-64)\.so\.[0-9]+")


class PlatformError(SigningError):
    """A file for other hosts than those that would get it."""


def _examined(path):
    try:
        done = subprocess.run(["readelf", "-hldVW", path], capture_output=True, text=True, errors="replace",
                              env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        raise PlatformError("readelf is not there: apt-get install binutils") from None
    if done.returncode != 0 or not re.search(r"Class: +ELF64\n.*Machine: +Advanced Micro Devices X86-64\n", done.stdout, re.S):
        raise PlatformError(f"{path}: not an ELF file for {PLATFORM}")
    return done.stdout


def _require_old_glibc(path, examined):
    newest = max((tuple(map(int, version.split("."))) for version in re.findall(r"Name: GLIBC_([0-9.]+)", examined)),
                 default=(0,))
    if newest > NEWEST_GLIBC:
        raise PlatformError(f"{path}: needs glibc {'.'.join(map(str, newest))}, the plan classes promise no more than "
                            f"{'.'.join(map(str, NEWEST_GLIBC))}: take one that was built on Debian 12, Ubuntu 22.04 or RHEL 9")


def require_program(path):
    """PlatformError unless `path` is a program that needs glibc alone."""
    examined = _examined(path)
    if f"program interpreter: {INTERPRETER}]" not in examined:
        raise PlatformError(f"{path}: not a program for {PLATFORM} (its loader would be {INTERPRETER})")
    others = [name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", examined) if not _GLIBC.fullmatch(name)]
    if others:
        raise PlatformError(f"{path}: needs {', '.join(others)}, which not every host has: build it with "
                            "-DAXIOM_STATIC_LIBRARIES=ON")
    _require_old_glibc(path, examined)


def require_library(path, name):
    """PlatformError unless `path` is the shared library `name`."""
    examined = _examined(path)
    if f"Library soname: [{name}]" not in examined:
        raise PlatformError(f"{path}: not the library {name}")
    _require_old_glibc(path, examined)
