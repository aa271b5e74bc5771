#!/usr/bin/env python3
"""Writes a policy: which clients and experiments the project accepts. Sign it (sign.sh) and publish both files.

    make_policy.py --out policy.json --number 3 --days 365 --minimum-client-version 0.1.0 \\
        --experiment compgen=2.0 --experiment featrank=2.0,2.1
"""

import argparse
import datetime
import json
import pathlib

TYPE = "axiom-client policy"
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--days", type=float, required=True, help="until it expires")
    parser.add_argument("--date", help="instead of now, as 2026-01-31T12:00:00Z")
    parser.add_argument("--minimum-client-version", required=True)
    parser.add_argument("--experiment", action="append", default=[], metavar="NAME=VERSION,...")
    options = parser.parse_args()
    date = datetime.datetime.utcnow()
    if options.date:
        date = datetime.datetime.strptime(options.date, FORMAT)
    versions = {}
    for entry in options.experiment:
        name, accepted = entry.split("=", 1)
        versions[name] = accepted.split(",")
    pathlib.Path(options.out).write_text(json.dumps(
        {"schema": 1, "type": TYPE, "number": options.number, "date": date.strftime(FORMAT),
         "expires": (date + datetime.timedelta(days=options.days)).strftime(FORMAT),
         "minimum_client_version": options.minimum_client_version,
         "experiment_versions": versions}, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
