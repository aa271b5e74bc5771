#!/usr/bin/env python3
"""Writes a policy: which clients and experiments the project accepts. Sign it (sign.sh) and publish both files.

    make_policy.py --out policy.json --number 3 --days 365 --minimum-client-version 0.1.0 \\
        --experiment compgen=2.0 --experiment featrank=2.0,2.1
"""

import argparse
import json
import pathlib

import values

TYPE = "axiom-client policy"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--number", type=values.number, required=True)
    parser.add_argument("--days", type=values.days, required=True, help="until it expires")
    parser.add_argument("--date", type=values.time, help="instead of now, as 2026-01-31T12:00:00Z")
    parser.add_argument("--minimum-client-version", type=values.version, required=True)
    parser.add_argument("--experiment", type=values.pair, action="append", default=[], metavar="NAME=VERSION,...")
    options = parser.parse_args()
    date = options.date or values.now()
    versions = {name: accepted.split(",") for name, accepted in options.experiment}
    pathlib.Path(options.out).write_text(json.dumps(
        {"schema": 1, "type": TYPE, "number": options.number, "date": date.strftime(values.FORMAT),
         "expires": (date + options.days).strftime(values.FORMAT),
         "minimum_client_version": options.minimum_client_version,
         "experiment_versions": versions}, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
