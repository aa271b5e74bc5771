#!/usr/bin/env python3
"""Writes a policy: which clients and experiments the project accepts. Sign it (sign.sh) and publish both files.

    make_policy.py --out policy.json --days 365 --minimum-client-version 0.1.0 \\
        --experiment compgen=2.0 --experiment featrank=2.0,2.1

The number is one higher than that of the policy that is there; --number overrides it. Clients that know a policy refuse
another one of the same number, be it only with other dates.
"""

import argparse
import json
import pathlib
import sys

import values

TYPE = "axiom-client policy"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--number", type=values.number)
    parser.add_argument("--days", type=values.days, required=True, help="until it expires")
    parser.add_argument("--date", type=values.time, help="instead of now, as 2026-01-31T12:00:00Z")
    parser.add_argument("--minimum-client-version", type=values.version, required=True)
    parser.add_argument("--experiment", type=values.versions, action="append", default=[], metavar="NAME=VERSION,...")
    options = parser.parse_args()
    date = options.date or values.now()
    versions = {}
    for name, accepted in options.experiment:
        if name in versions:
            sys.exit(f"{name} is given twice: all its versions belong into one --experiment {name}=VERSION,VERSION")
        versions[name] = accepted
    path = pathlib.Path(options.out)
    number = values.following(path, "policy") if options.number is None else options.number
    path.write_text(json.dumps(
        {"schema": 1, "type": TYPE, "number": number, "date": date.strftime(values.FORMAT),
         "expires": (date + options.days).strftime(values.FORMAT),
         "minimum_client_version": options.minimum_client_version,
         "experiment_versions": versions}, indent=2, sort_keys=True) + "\n")
    path.with_name(path.name + ".minisig").unlink(missing_ok=True)  # of the policy before
    print(f"{path}: number {number}; now sign it by the threshold of keys")


if __name__ == "__main__":
    values.run(main)
