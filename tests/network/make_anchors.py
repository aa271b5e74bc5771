#!/usr/bin/env python3
"""Throw-away trust for the test client: a certificate authority and minisign keys. Usage: make_anchors.py DIRECTORY"""

import json
import pathlib
import subprocess
import sys

from certificates import Authority


def minisign_key(directory, name):
    public, secret = directory / f"{name}.pub", directory / f"{name}.key"
    if not secret.exists():
        subprocess.run(["minisign", "-G", "-W", "-p", str(public), "-s", str(secret)], check=True,
                       capture_output=True)
    return public.read_text().splitlines()[1]


def main():
    directory = pathlib.Path(sys.argv[1])
    Authority(directory, "Embedded Test Authority")
    keys = {name: minisign_key(directory, name) for name in ("a", "b", "c", "x", "y", "z")}
    listed = {"schema": 1, "type": "axiom-client keys", "number": 1, "threshold": 2,
              "keys": [keys[name] for name in "abc"], "next": [keys[name] for name in "xyz"]}
    text = json.dumps(listed, indent=2) + "\n"
    path = directory / "keys.json"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


if __name__ == "__main__":
    main()
