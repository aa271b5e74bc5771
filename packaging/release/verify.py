#!/usr/bin/env python3
"""Checks a channel folder before it is published, with minisign itself: signatures, threshold, dates, files, and whether
clients would understand what is signed; and a policy.

    verify.py --keys keys.json CHANNEL [--policy policy.json]

A policy is for clients with any of the key lists, from that of --keys to the newest in CHANNEL.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import values


def fail(message):
    sys.exit(f"REFUSED: {message}")


def without_repetition(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a member is there twice")
    return dict(pairs)


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def understood(path, kind):
    """A document, if clients take it for one of this kind."""
    text = path.read_bytes()
    if len(text) > values.LARGEST_DOCUMENT:
        fail(f"{path} has {len(text)} bytes: clients take {values.LARGEST_DOCUMENT}")
    document = json.loads(text, object_pairs_hook=without_repetition)
    if document["schema"] != 1 or document["type"] != f"axiom-client {kind}":
        fail(f"{path} is no {kind} of schema 1 for clients, but {document['type']!r} of schema {document['schema']}")
    if depth(document) > 8:
        fail(f"{path} is nested deeper than the 8 levels that clients take")
    return document


def check_keys(path, keys):
    everyone = keys["keys"] + keys["next"]
    if max(len(keys["keys"]), len(keys["next"])) > 8 or len({identifier(key) for key in everyone}) < len(everyone):
        fail(f"{path}: more than 8 keys, or one twice")
    if not 1 <= keys["threshold"] <= len(keys["keys"]):
        fail(f"{path}: a threshold of {keys['threshold']} of {len(keys['keys'])} keys")


def check_manifest(path, manifest):
    version, minimum = (values.parts(values.version(manifest[name])) for name in ("version", "minimum_version"))
    if minimum > version:
        fail(f"{path}: minimum_version is above version: nobody could update to it")
    if not manifest["platforms"]:
        fail(f"{path} is for no platform")
    for platform, entry in manifest["platforms"].items():
        content = (path.parent / entry["url"]).read_bytes()
        if not 0 < len(content) <= values.LARGEST_PROGRAM:
            fail(f"{entry['url']} has {len(content)} bytes: clients take 1 to {values.LARGEST_PROGRAM}")
        if len(content) != entry["size"] or hashlib.sha256(content).hexdigest() != entry["sha256"]:
            fail(f"{entry['url']} is not what the manifest says")
        print(f"{entry['url']}: {platform}, {len(content)} bytes")


def identifier(text):
    """Of the key, in it and in what it signs."""
    return base64.b64decode(text)[2:10]


def signers(document, keys):
    """The keys that have signed, each by the tool's own word."""
    text = pathlib.Path(f"{document}.minisig").read_text().splitlines(keepends=True)
    if len(text) % 4 != 0 or not text:
        fail(f"{document}.minisig is not made of whole signatures")
    json_text = json.loads(document.read_text())
    expected = f"{json_text['type']} {values.number(str(json_text['number']))}"
    found = []
    for start in range(0, len(text), 4):
        signer = identifier(text[start + 1])
        with tempfile.NamedTemporaryFile("w", suffix=".minisig") as one:
            one.writelines(text[start:start + 4])
            one.flush()
            for key in keys:
                done = subprocess.run(["minisign", "-V", "-H", "-Q", "-P", key, "-x", one.name, "-m", str(document)],
                                      capture_output=True, text=True)
                if done.returncode == 0:
                    if done.stdout.strip() != expected:
                        fail(f"{document}: signed as {done.stdout.strip()!r}, not {expected!r}")
                    if key in found:
                        fail(f"{document}: a key has signed twice")
                    found.append(key)
                elif identifier(key) == signer:
                    fail(f"{document}: a signature by {key} is not over these bytes; clients would refuse all")
    return found


def require_threshold(document, key_list):
    count = len(signers(document, key_list["keys"]))
    if count < key_list["threshold"]:
        fail(f"{document}: signed by {count} keys of list {key_list['number']}, {key_list['threshold']} are needed")
    print(f"{document}: signed by {count} keys of list {key_list['number']}")


def require_current(document, text):
    """How long it still holds."""
    left = values.time(text["expires"]) - values.now()
    if left.total_seconds() <= 0:
        fail(f"{document} has expired")
    if (values.time(text["date"]) - values.now()).total_seconds() > 86400:
        fail(f"{document} is from the future: {text['date']}")
    return left


def check_policy(lists, path):
    policy = understood(path, "policy")
    values.version(policy["minimum_client_version"])
    for experiment, versions in policy["experiment_versions"].items():
        if not isinstance(versions, list) or not all(isinstance(version, str) for version in versions):
            fail(f"{path}: the versions of {experiment} are no list of strings")
    for keys in lists:
        require_threshold(path, keys)
    left = require_current(path, policy)
    print(f"policy {policy['number']}, client {policy['minimum_client_version']} or later, expires in {left.days} days")


def check(keys, channel, policy):
    lists = [keys]
    while (channel / f"keys.{keys['number'] + 1}.json").exists():
        rotation = channel / f"keys.{keys['number'] + 1}.json"
        following = understood(rotation, "keys")
        check_keys(rotation, following)
        if following["number"] != keys["number"] + 1:
            fail(f"{rotation} is list {following['number']}, which clients refuse there: make it with --follows the list "
                 "before")
        require_threshold(rotation, keys)
        require_threshold(rotation, following)
        if set(following["keys"]) - set(keys["keys"] + keys["next"]):
            fail(f"{rotation}: a key that list {keys['number']} does not announce")
        keys = following
        lists.append(keys)
    document = channel / "manifest.json"
    manifest = understood(document, "manifest")
    require_threshold(document, keys)
    left = require_current(document, manifest)
    check_manifest(document, manifest)
    print(f"manifest {manifest['number']}, version {manifest['version']}, expires in {left.days} days")
    if policy:
        check_policy(lists, policy)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", required=True, help="the list that the oldest supported clients hold")
    parser.add_argument("channel", type=pathlib.Path)
    parser.add_argument("--policy", type=pathlib.Path)
    options = parser.parse_args()
    try:
        check(json.loads(pathlib.Path(options.keys).read_text()), options.channel, options.policy)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, argparse.ArgumentTypeError) as error:
        fail(f"{type(error).__name__}: {error}")  # a file is missing, or not what it should be


if __name__ == "__main__":
    main()
