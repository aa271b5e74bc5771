#!/usr/bin/env python3
"""Writes a key list: who may sign, and how many must (docs/UPDATES.md, "Keys").

    make_key_list.py --out keys.json --key a.pub --key b.pub --key c.pub --next d.pub --next e.pub --next f.pub
    make_key_list.py --out channel/keys.2.json --follows keys.json --key ... --next ...     (a rotation)

Sign a rotation by the threshold of the old keys and by that of the new ones (sign.sh).
"""

import argparse
import base64
import json
import pathlib
import sys

import values

TYPE = "axiom-client keys"


def public_key(path):
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except (OSError, ValueError) as error:
        sys.exit(f"{path} cannot be read: {error}")
    try:
        key = base64.b64decode(lines[1], validate=True) if len(lines) == 2 else b""
    except ValueError:
        key = b""
    if len(key) != 42 or not key.startswith(b"Ed"):
        sys.exit(f"{path} is no public key of minisign")
    return lines[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--follows", help="the key list before")
    parser.add_argument("--threshold", type=int, default=2)
    parser.add_argument("--key", action="append", required=True, help="a .pub file; repeatable")
    parser.add_argument("--next", action="append", default=[], help="a key that the next list may have")
    options = parser.parse_args()
    keys = [public_key(path) for path in options.key]
    later = [public_key(path) for path in options.next]
    if max(len(keys), len(later)) > 8:
        sys.exit("clients take at most 8 keys and 8 next keys")
    if len(set(keys + later)) != len(keys + later):
        sys.exit("a key is given twice")
    if not 1 <= options.threshold <= len(keys):
        sys.exit(f"a threshold of {options.threshold} of {len(keys)} keys makes no sense")
    number = 1
    if options.follows:
        try:
            old = json.loads(pathlib.Path(options.follows).read_text())
            number = old["number"] + 1
            strangers = set(keys) - set(old["keys"] + old["next"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            sys.exit(f"{options.follows} is no key list: {error}")
        if strangers:
            sys.exit(f"the list before announces no such key, so clients would refuse: {sorted(strangers)}")
    path = pathlib.Path(options.out)
    path.write_text(json.dumps(
        {"schema": 1, "type": TYPE, "number": number, "threshold": options.threshold, "keys": keys,
         "next": later}, indent=2) + "\n")
    path.with_name(path.name + ".minisig").unlink(missing_ok=True)  # of the list before


if __name__ == "__main__":
    values.run(main)
