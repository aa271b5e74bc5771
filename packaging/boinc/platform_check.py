"""Whether a file runs on every host that its platform and plan class promise, as binutils' readelf and the program itself see it."""

import json
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree as xml

from code_signing import SigningError

PLATFORM = "x86_64-pc-linux-gnu"
INTERPRETER = "/lib64/ld-linux-x86-64.so.2"
PLAN_CLASSES = pathlib.Path(__file__).resolve().parent / "plan_class_spec.xml"
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
    if "Error:" in done.stderr:  # of a file that ends too early readelf shows what there is, with exit code 0
        raise PlatformError(f"{path}: damaged or cut off: {done.stderr.strip().splitlines()[0].removeprefix('readelf: Error: ')}")
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


def _kernels(program):
    """What the program itself says: [{capability: 86, portable: False, cuda_version: 13000}, ...]"""
    try:
        done = subprocess.run([program.resolve(), "devices", "--json", "--data-dir", os.devnull], capture_output=True, text=True,
                              cwd="/")
        return json.loads(done.stdout)["kernels"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlatformError(f"{program}: cannot be asked which GPUs it has kernels for ({error}): lay out on a host of "
                            f"{PLATFORM} that can run it") from None


def plan_classes():
    """The names of those that come with this tool."""
    return {spec.findtext("name") for spec in xml.parse(PLAN_CLASSES).iter("plan_class")}


def require_kernels(program, plan_class):
    """PlatformError if the program has none for the oldest device and driver that a plan class of CUDA admits."""
    for spec in xml.parse(PLAN_CLASSES).iter("plan_class"):
        if spec.findtext("name") != plan_class or spec.find("cuda") is None:
            continue
        major, minor = divmod(int(spec.findtext("min_nvidia_compcap")), 100)
        oldest, driver = 10 * major + minor, int(spec.findtext("min_cuda_version"))
        if not any(entry["cuda_version"] <= driver and entry["capability"] <= oldest and
                   (entry["portable"] or entry["capability"] // 10 == major) for entry in _kernels(program)):
            raise PlatformError(f"{program}: has no kernels for compute capability {major}.{minor} and CUDA {driver // 1000}."
                                f"{driver % 1000 // 10}, which the plan class {plan_class} admits: build it where nvcc is "
                                "(docs/GPU.md; `axiom-client devices` says what it has)")


def require_library(path, name):
    """PlatformError unless `path` is the shared library `name`."""
    examined = _examined(path)
    if f"Library soname: [{name}]" not in examined:
        raise PlatformError(f"{path}: not the library {name}")
    _require_old_glibc(path, examined)
