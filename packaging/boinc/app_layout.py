"""The folder of an application version, as BOINC's update_versions reads it: apps/APP/VERSION/PLATFORM[__PLANCLASS]/."""

import os
import pathlib
import re
import shutil
import tempfile
import xml.etree.ElementTree as xml

import platform_check
from code_signing import SigningError
from platform_check import PLATFORM

API_VERSION = "7.20.5"
LIBRARIES = ("libboinc_api.so.7", "libboinc.so.7")
_NAME = "[a-z][a-z0-9]*(_[a-z0-9]+)*"
# BOINC reads 1.5 and 1.05 as the same number, and 0.00 as none; it counts in hundredths, in 32 bits.
_VERSION = r"(?!0\.00)(0|[1-9][0-9]{0,6})\.[0-9]{2}"


class LayoutError(SigningError):
    """A folder that is not a complete application version, or could not become one."""


def _version_xml(program, libraries):
    copies = "".join(f"  <file>\n    <physical_name>{physical}</physical_name>\n    <logical_name>{logical}</logical_name>\n"
                     "    <copy_file/>\n  </file>\n" for physical, logical in libraries)
    return (f"<version>\n  <file>\n    <physical_name>{program}</physical_name>\n    <main_program/>\n  </file>\n"
            f"{copies}  <api_version>{API_VERSION}</api_version>\n</version>\n")


def _check_names(app, version, plan_class):
    if not re.fullmatch(_NAME, app):
        raise LayoutError(f"--app: expected lower-case letters, digits and single _, got {app!r}")
    if not re.fullmatch(_VERSION, version):
        raise LayoutError("--version: expected MAJOR.MINOR from 0.01 with two digits after the point, as in 1.05, got "
                          f"{version!r}")
    if plan_class and not re.fullmatch(_NAME, plan_class):
        raise LayoutError(f"--plan-class: expected lower-case letters, digits and single _, got {plan_class!r}")


def _write_to_the_disk(path):
    """Else a power cut may leave a whole folder of files that are cut off, to be signed."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def create(program, libraries, app, version, plan_class, out):
    """Returns the folder. It appears complete or not at all; one that is there is never changed: BOINC's files live for ever."""
    _check_names(app, version, plan_class)
    suffix = f"__{plan_class}" if plan_class else ""
    folder = out / app / version / (PLATFORM + suffix)
    if folder.exists():
        raise LayoutError(f"{folder} exists: a version is never changed, take the next number")
    for path in (program, *(libraries / name for name in LIBRARIES)):
        if not path.is_file():
            raise LayoutError(f"{path}: {'not a' if path.exists() else 'no such'} file" +
                              ("" if path == program else " (apt-get install libboinc-app-dev)"))
    platform_check.require_program(program)
    platform_check.require_kernels(program, plan_class)
    for name in LIBRARIES:
        platform_check.require_library(libraries / name, name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = pathlib.Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))  # update_versions passes over dots
    try:
        # One flat directory on the server holds the files of all versions.
        tag = f"{version}_{PLATFORM}{suffix}"
        names = []
        shutil.copyfile(program, draft / f"{app}_{tag}")
        (draft / f"{app}_{tag}").chmod(0o755)
        for logical in LIBRARIES:
            physical = f"{app}_{logical.partition('.so')[0]}_{tag}.so"
            shutil.copyfile(libraries / logical, draft / physical)
            (draft / physical).chmod(0o644)
            names.append((physical, logical))
        (draft / "version.xml").write_text(_version_xml(f"{app}_{tag}", names))
        draft.chmod(0o755)
        for path in (*draft.iterdir(), draft):
            _write_to_the_disk(path)
        draft.rename(folder)
        _write_to_the_disk(folder.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


def place(folder):
    """APP/VERSION/PLATFORM[__PLANCLASS] of a folder, as its path says it: update_versions follows a link, too, and takes the
    version from the link's name. LayoutError if it is no such folder."""
    names = pathlib.Path(os.path.abspath(folder)).parts[-3:]
    expected = (_NAME, _VERSION, f"[A-Za-z0-9_.-]+?(__{_NAME})?")
    if len(names) < 3 or not all(re.fullmatch(pattern, name) for pattern, name in zip(expected, names)):
        raise LayoutError(f"{folder}: not a folder APP/VERSION/PLATFORM, as in axiom/1.05/{PLATFORM}: what is signed says "
                          "where the files belong")
    return "/".join(names)


def files(folder):
    """The files of a complete version, without version.xml. LayoutError says what is missing or too much."""
    if not folder.is_dir():
        raise LayoutError(f"{folder}: no such folder")
    present = {path.name for path in folder.iterdir() if not path.name.endswith(".sig")}
    for name in sorted(present):
        if not (folder / name).is_file():  # opening a pipe may never end
            raise LayoutError(f"{folder}/{name}: a directory, pipe or device, or a link that leads nowhere")
    if "version.xml" not in present:
        raise LayoutError(f"{folder}: no version.xml, so not an application version")
    try:
        root = xml.parse(folder / "version.xml").getroot()
    except (xml.ParseError, LookupError) as error:  # LookupError: an encoding that is unknown
        raise LayoutError(f"{folder}/version.xml: not XML: {error}") from None
    listed = [(file.findtext("physical_name", "").strip(), file.find("main_program") is not None)
              for file in root.findall("file")]
    names = {name for name, _ in listed}
    if sum(main for _, main in listed) != 1:
        raise LayoutError(f"{folder}/version.xml: expected one main program")
    for name in sorted(names - present):
        raise LayoutError(f"{folder}: incomplete, {name or 'a file without a name'} of version.xml is missing")
    for name in sorted(present - names - {"version.xml"}):
        raise LayoutError(f"{folder}: {name} is not in version.xml; update_versions would publish it, too")
    for name in sorted(names):
        if os.path.getsize(folder / name) == 0:
            raise LayoutError(f"{folder}/{name}: empty")
    return [folder / name for name in sorted(names)]
