"""Values of options and members that the scripts have in common; argparse shows what is wrong with them."""

import argparse
import datetime
import json
import re
import sys

LARGEST_PROGRAM = 256 << 20  # that a client downloads
LARGEST_DOCUMENT = 64 << 10
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def time(text):
    """As in 2026-01-31T12:00:00Z."""
    try:
        return datetime.datetime.strptime(text, FORMAT)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time as in 2026-01-31T12:00:00Z") from None


def days(text):
    try:
        count = float(text)
        if not abs(count) <= 3660:
            raise ValueError
        return datetime.timedelta(days=count)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days (of ten years at most)") from None


def number(text):
    """Of a document: clients take 0 to 10^15."""
    if not re.fullmatch(r"[0-9]{1,16}", text) or int(text) > 10**15:
        raise argparse.ArgumentTypeError(f"{text!r} is no integer from 0 to 10^15")
    return int(text)


def following(path, kind):
    """The number after that of the document in `path`; 1 if there is none."""
    try:
        return number(str(json.loads(path.read_text())["number"] + 1)) if path.exists() else 1
    except (OSError, ValueError, KeyError, TypeError, argparse.ArgumentTypeError):
        sys.exit(f"{path} is no {kind} whose number could be followed: give --number")


def version(text):
    if not re.fullmatch(r"(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){2}", text):
        raise argparse.ArgumentTypeError(f"{text} is no version as in 1.2.3")
    return text


def parts(text):
    """Of a version, to be compared."""
    return [int(part) for part in text.split(".")]


def pair(text):
    """NAME=VALUE, VALUE not empty; NAME becomes part of a file's name and of an address."""
    name, _, value = text.partition("=")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE (NAME of letters, digits and . _ -)")
    return name, value


def versions(text):
    """NAME=VERSION,...: clients compare them letter by letter, so that a space would make another one."""
    name, value = pair(text)
    accepted = value.split(",")
    for one in accepted:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", one):
            raise argparse.ArgumentTypeError(f"{text!r} has a version {one!r}: write NAME=VERSION,VERSION without spaces")
    return name, accepted


def run(main):
    """What the system refuses is told in one line, too."""
    try:
        main()
    except (OSError, OverflowError) as error:
        sys.exit(str(error))
