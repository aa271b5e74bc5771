"""Command line: computes an experiment and prints its seeds' results as canonical JSON."""

import argparse
import importlib
import json
import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # has to precede the import of NumPy

import numpy as np

import parameters as parameter_tables
import streams
import trials
from stopwatch import seconds

DTYPES = {"float32": np.float32, "float64": np.float64}


def compute(experiment, seed, preset="default", overrides=None, dtype=np.float64):
    """The seed object of one experiment: flat values, `detail` and `seed`."""
    parameters, regularizers = parameter_tables.resolve(experiment, preset, overrides)
    module = importlib.import_module(experiment)
    with np.errstate(all="ignore"):  # diverging networks overflow; they are reported as diverged
        return {"seed": str(seed), **module.run(seed, parameters, regularizers, dtype)}


def _override(text):
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError("expected key=JSON")
    return name, json.loads(value)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("experiment", choices=sorted(parameter_tables.DEFAULTS))
    parser.add_argument("--seed", type=int, required=True, help="64-bit seed, the 0-th of the work unit")
    parser.add_argument("--seeds", type=int, default=1, metavar="K", help="number of seeds of the work unit")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--set", type=_override, action="append", default=[], metavar="KEY=JSON", dest="overrides")
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="float64")
    parser.add_argument("--one-by-one", action="store_true",
                        help="train mini-batch networks one after the other instead of stacked by shape")
    parser.add_argument("--time", action="store_true", help="report seconds per activity on standard error")
    options = parser.parse_args(arguments)
    trials.stack_networks = not options.one_by_one
    presets = {"default", *parameter_tables.PRESETS[options.experiment]}
    if options.preset not in presets:
        parser.error(f"{options.experiment} has the presets {', '.join(sorted(presets))}")
    if not 0 <= options.seed < 1 << 64:
        parser.error("the seed has 64 bits")
    try:
        parameters, _ = parameter_tables.resolve(options.experiment, options.preset, dict(options.overrides))
    except ValueError as error:
        parser.error(str(error))
    results = [compute(options.experiment, seed, options.preset, dict(options.overrides), DTYPES[options.dtype])
               for seed in streams.work_unit_seeds(options.seed, options.seeds)]
    json.dump({"experiment": options.experiment, "experiment_version": parameter_tables.VERSION,
               "preset": options.preset, "parameters": parameters, "seeds": results},
              sys.stdout, sort_keys=True, separators=(",", ":"), allow_nan=False)
    print()
    if options.time:
        print(" ".join(f"{activity} {spent:.3f} s" for activity, spent in seconds.items()), file=sys.stderr)


if __name__ == "__main__":
    main()
