"""Channels of signed documents for the update tests, made with the release scripts and throw-away keys."""

import datetime
import json
import os
import pathlib
import subprocess
import sys

from support import ANCHORS

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "release"
PLATFORM = "x86_64-pc-linux-gnu"
NEXT_CLIENT = pathlib.Path(os.environ.get("AXIOM_TEST_CLIENT", "")).with_name("axiom-client-next")
BROKEN_CLIENT = NEXT_CLIENT.with_name("axiom-client-broken")


def script(name, *arguments, check=True):
    """Runs one of packaging/release."""
    program = ["sh"] if name.endswith(".sh") else [sys.executable, "-B"]
    done = subprocess.run([*program, str(SCRIPTS / name), *map(str, arguments)], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{name}: {done.stdout}{done.stderr}")
    return done


def key(name):
    return ANCHORS / f"{name}.key"


def sign(path, names="ab", comment=None):
    """Each name is a key; DOCUMENT.minisig is made anew."""
    path = pathlib.Path(path)
    signature = path.with_name(path.name + ".minisig")
    text = ""
    for name in names:
        if comment is None:
            document = json.loads(path.read_text())
            comment = f"{document['type']} {document['number']}"
        one = path.with_name(path.name + ".one")
        subprocess.run(["minisign", "-S", "-s", str(key(name)), "-t", comment, "-x", str(one), "-m", str(path)],
                       check=True, capture_output=True)
        text += one.read_text()
        one.unlink()
    signature.write_text(text)


def utc(days=0):
    return (datetime.datetime.utcnow() + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def release(channel, version="99.0.0", program=None, names="ab", days=30, number=None, replaced=None,
            **changes):
    """A signed release of the program in the channel; `changes` and `replaced` take the place of members."""
    changes = {**changes, **(replaced or {})}
    channel = pathlib.Path(channel)
    for old in channel.glob("axiom-client-*"):
        old.unlink()
    numbered = [] if number is None else ["--number", number]
    script("make_manifest.py", "--channel", channel, "--version", version, "--minimum-version", "0.0.1",
           "--days", days, *numbered, "--platform", f"{PLATFORM}={program or NEXT_CLIENT}")
    path = channel / "manifest.json"
    if changes:
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}, indent=2) + "\n")
    sign(path, names)
    return path
