#!/usr/bin/env python3
"""Puts a release into a channel folder: its executables, and manifest.json, which is then to be signed (sign.sh).

    make_manifest.py --channel DIR --version 0.2.0 --minimum-version 0.1.0 --days 90 \\
        --platform x86_64-pc-linux-gnu=build/axiom-client

The number is one higher than that of the manifest that is there; --number overrides it. To extend the life of a
release, run it again with the same version and new --days, and sign again.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import sys

import values

TYPE = "axiom-client manifest"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channel", required=True)
    parser.add_argument("--version", type=values.version, required=True)
    parser.add_argument("--minimum-version", type=values.version, required=True, help="that can be updated in one step")
    parser.add_argument("--days", type=values.days, required=True, help="until the manifest expires")
    parser.add_argument("--number", type=values.number)
    parser.add_argument("--date", type=values.time, help="instead of now, as 2026-01-31T12:00:00Z")
    parser.add_argument("--platform", type=values.pair, action="append", required=True, metavar="NAME=FILE")
    options = parser.parse_args()
    if values.parts(options.minimum_version) > values.parts(options.version):
        parser.error(f"--minimum-version {options.minimum_version} is above {options.version}: nobody could update to it")
    channel = pathlib.Path(options.channel)
    channel.mkdir(parents=True, exist_ok=True)
    path = channel / "manifest.json"
    number = values.following(path, "manifest") if options.number is None else options.number
    date = options.date or values.now()
    platforms = {}
    for name, file in options.platform:
        if name in platforms:
            sys.exit(f"{name} is given twice")
        target = channel / f"axiom-client-{options.version}-{name}"
        try:
            content = pathlib.Path(file).read_bytes()
        except OSError as error:
            sys.exit(str(error))
        if not 0 < len(content) <= values.LARGEST_PROGRAM:
            sys.exit(f"{file} has {len(content)} bytes: clients take 1 to {values.LARGEST_PROGRAM}")
        if target.exists() and target.read_bytes() != content:
            sys.exit(f"{target} is published already, with other bytes: give the release another version")
        if not target.exists():
            shutil.copyfile(file, target)
        platforms[name] = {"url": target.name, "size": len(content),
                           "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {"schema": 1, "type": TYPE, "number": number, "version": options.version,
                "minimum_version": options.minimum_version, "date": date.strftime(values.FORMAT),
                "expires": (date + options.days).strftime(values.FORMAT),
                "platforms": platforms}
    path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    (channel / "manifest.json.minisig").unlink(missing_ok=True)  # of the manifest before
    print(f"{path}: number {number}, version {options.version}; now sign it by the threshold of keys")


if __name__ == "__main__":
    values.run(main)
