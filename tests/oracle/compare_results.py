#!/usr/bin/env python3
"""Runs short plans of all experiments with the client and with the oracle in float64, and compares every flat value
of every seed, and the final values of every network.

Usage: compare_results.py CLIENT [PLAN-NAME-PART]

How the tolerances were chosen. Both programs are deterministic and the plans and seeds are fixed, so the measured
deviations come again. They are those of a float32 training over few epochs: up to 5e-7 of the value, and up to 2e-8
absolute where numbers near 1 are subtracted (`_change`, signed means). The tolerances leave a factor of 2 at least; a
wrong sample, stream or formula, or a learning rate off by 1e-4 of itself, exceeds them. In detail:

- flags, counts, masks: equal;
- accuracies, gaps and selectivity, which are counts divided by constants: 0 samples, as none of a thousand values
  differs; what is left is the rounding of means;
- exponents and R^2: fits through two to four points enlarge the error of the losses;
- the Bayes loss: the data's rounding to float32 shifts log-densities by about 1e-6, and the small loss by that share
  of itself.

In other plans, deviations of 1e-5 to 1e-3 do occur without a fault: where a pre-activation is 0 but for rounding, one
sample takes the other side of a ReLU in one of the programs, and high rates enlarge that. The single steps of
compare_runs.py are hardly subject to this. After a change of the client's arithmetic, look there first, and choose
another seed here if need be.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # has to precede the import of NumPy

import numpy as np

import oracle
import parameters as parameter_tables
import streams
from deviations import Deviations, Tolerance


@dataclass
class Plan:
    name: str
    experiment: str
    seed: int
    seeds: int
    overrides: dict
    preset: str = "default"
    expect: dict = field(default_factory=dict)  # of the first seed: that the plan tests what it is meant to
    dtype: type = np.float64  # of the oracle
    only: str = ""  # pattern of the flat keys to compare


PLANS = [
    Plan("compgen", "compgen", 7, 2,
         {"widths": [9, 32, 64, 128], "depths": [1, 3], "learning_rates": [0.05], "epochs": 4, "trials": 2}),
    Plan("compgen, dropout and decay", "compgen", 2**64 - 1, 1,
         {"widths": [9, 32], "depths": [2], "learning_rates": [0.05, 0.1], "epochs": 3, "trials": 1,
          "dropout": 0.25, "weight_decay": 0.02, "batch": 48}),
    Plan("compgen, regularized", "compgen", 9, 1, {"widths": [20], "epochs": 3, "trials": 2}, "regularized"),
    Plan("compgen, learnt", "compgen", 10, 1,
         {"widths": [32, 64], "depths": [2], "learning_rates": [0.1], "epochs": 25, "trials": 2}),
    Plan("featrank", "featrank", 10, 2, {"widths": [9, 32, 50], "epochs": 6, "trials": 2}),
    Plan("neuronspec", "neuronspec", 11, 2, {"widths": [8, 33, 64], "epochs": 5, "trials": 2}),
    Plan("featcompv2", "featcompv2", 12, 2, {"widths": [8, 21, 32], "epochs": 20, "measure_every": 8}),
    Plan("repalignv2", "repalignv2", 13, 2, {"widths": [9, 32, 64], "epochs": 12, "measure_every": 5, "networks": 3}),
    # More units than test samples: other ways to the same numbers.
    Plan("featrank, 520 units", "featrank", 20, 1, {"widths": [520], "epochs": 1, "trials": 1, "batch": 1000}),
    Plan("repalignv2, 128 units", "repalignv2", 21, 1,
         {"widths": [64, 128], "epochs": 3, "measure_every": 2, "networks": 4}),
    Plan("microscalev2", "microscalev2", 14, 2,
         {"widths": [8, 13, 16], "depths": [1, 2, 3], "epochs": 2, "fractions": [0.0103, 0.1, 0.2, 0.33]}),
    Plan("microscalev2, fixed steps", "microscalev2", 15, 1,
         {"widths": [8, 13], "depths": [2], "epochs": 2, "fractions": [0.05, 0.1, 0.2], "batch": 50}, "fixed-steps"),
    # Too little for some statistics: nulls.
    Plan("compgen, one width", "compgen", 16, 1, {"widths": [9], "depths": [1], "epochs": 1, "trials": 1},
         expect={"monotone": None}),
    Plan("featrank, one width", "featrank", 17, 1, {"widths": [7], "epochs": 1, "trials": 1, "batch": 999},
         expect={"monotone_final": None, "monotone_init": None}),
    Plan("repalignv2, one width, one pair", "repalignv2", 18, 1,
         {"widths": [12], "epochs": 3, "measure_every": 1, "networks": 2}, expect={"monotone": None, "cka_std_w12": 0}),
    Plan("microscalev2, one run", "microscalev2", 19, 1,
         {"widths": [8], "depths": [2], "epochs": 1, "fractions": [0.1]},
         expect={"param_r2_d2": None, "data_exponent_d2": None, "data_scaling_holds": None}),
    # Some networks diverge, in both precisions.
    Plan("compgen, diverged", "compgen", 0, 1,
         {"widths": [9, 64], "depths": [1, 3], "learning_rates": [1], "epochs": 5, "trials": 2},
         expect={"n_diverged": 1}),
    Plan("featcompv2, diverged", "featcompv2", 6, 1,
         {"widths": [9, 64], "learning_rates": [0.1, 1], "epochs": 30, "measure_every": 10}, expect={"n_configs": 3}),
    Plan("microscalev2, diverged", "microscalev2", 7, 1,
         {"widths": [8, 64], "depths": [1, 3], "learning_rate": 1, "epochs": 2, "fractions": [0.05, 0.1, 0.2]},
         expect={"n_diverged": 3, "param_exponent_d3": None}),
    # Here only float32 overflows. At this rate the final values are chaotic; the initial ones show who is left out.
    Plan("repalignv2, diverged", "repalignv2", 14, 1,
         {"widths": [9, 64], "learning_rate": 1, "epochs": 12, "measure_every": 2, "networks": 4},
         expect={"n_diverged": 2}, dtype=np.float32, only="_init_|^random_feature_c|^n_diverged"),
]

# Final values of each network that both programs list in `detail`, and what says which network it is.
NETWORK_VALUES = {
    "compgen": "trial network width depth dropout train_acc id_acc ood_acc",
    "featrank": "trial network width id_acc " + " ".join(
        f"{name} {name}_l2" for name in "eff_rank stable_rank part_ratio top1_var top5_var top10_var".split()),
    "neuronspec": "trial network width selectivity alignment redundancy redundancy_signed eff_dim eff_dim_ratio "
                  "act_sel act_sel_mean test_acc",
    "featcompv2": "width ratio ratio_sizecorr ratio_w1grad train_loss test_loss train_acc test_acc "
                  "probe_a_strong probe_a_medium probe_a_weak probe_b_strong probe_b_medium probe_b_weak",
    "repalignv2": "network weight_dist test_acc",
    "microscalev2": "network width depth samples parameters compute train_loss test_loss train_acc test_acc",
}

EXACT = Tolerance()
COUNTED = Tolerance(absolute=1e-12)
# The first pattern found in the key counts.
TOLERANCES = [(re.compile(pattern), tolerance) for pattern, tolerance in (
    (r"^(monotone|deep_below|heldout_mask|chance$|n_)|_count|_holds", EXACT),
    (r"^(trial|network|width|depth|dropout|weight_decay|samples|parameters|compute)$", EXACT),
    (r"_acc(_|$)|^gap_|^selectivity|^neighbour_vote|^bound_|^probe_", COUNTED),
    (r"_exponent_|_r2_", Tolerance(absolute=5e-6, relative=1e-6)),
    (r"^bayes_loss$", Tolerance(relative=1e-5)),
    (r"", Tolerance(absolute=1e-7, relative=1e-6)),
)]


def tolerance_of(key):
    return next(tolerance for pattern, tolerance in TOLERANCES if pattern.search(key))


def client_result(client, plan, directory):
    """The client's result file as an object."""
    command = [client, "--standalone", "--experiment", plan.experiment, "--preset", plan.preset,
               "--seed", str(plan.seed), "--seeds", str(plan.seeds), "--out", directory,
               "--priority", "normal", "--quiet"]
    for name, value in plan.overrides.items():
        command += ["--set", f"{name}={json.dumps(value)}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAILED {plan.name}: exit code {done.returncode} of {' '.join(command)}\n{done.stderr}")
    return json.loads((pathlib.Path(directory) / f"{plan.experiment}.result.json").read_text())


def final_value(measured):
    return measured[-1] if isinstance(measured, list) else measured


def compare_networks(deviations, plan, where, client, oracle_networks):
    """client: columns with one entry per network; oracle_networks: one object per network."""
    deviations.check_equal(f"{where} diverged", [bool(d) for d in client["diverged"]],
                           [n["diverged"] for n in oracle_networks])
    for number, network in enumerate(oracle_networks):
        values = {**network, **network.get("final", {})}
        for name in NETWORK_VALUES[plan.experiment].split():
            # The oracle leaves out the values of diverged networks.
            expected = None if network["diverged"] and name not in values else values[name]
            deviations.check(f"{where} network {number} {name}", final_value(client[name][number]), expected,
                             tolerance_of(name))


def compare_flat(deviations, plan, where, client, expected):
    deviations.check_equal(f"{where} keys", sorted(client), sorted(expected))
    for key in sorted(set(client) & set(expected)):
        if re.search(plan.only, key):
            deviations.check(f"{where} {key}", client[key], expected[key], tolerance_of(key))


def flat_values(values):
    return {key: value for key, value in values.items() if key not in ("seed", "detail")}


def compare(client, plan):
    deviations = Deviations()
    with tempfile.TemporaryDirectory() as directory:
        result = client_result(client, plan, directory)
    resolved, _ = parameter_tables.resolve(plan.experiment, plan.preset, plan.overrides)
    for key, expected in (("experiment", plan.experiment), ("preset", plan.preset),
                          ("experiment_version", parameter_tables.VERSION)):
        deviations.check_equal(key, result[key], expected)
    deviations.check_equal("parameters", result["parameters"], resolved)
    seeds = streams.work_unit_seeds(plan.seed, plan.seeds)
    deviations.check_equal("seeds", [s["seed"] for s in result["seeds"]], [str(seed) for seed in seeds])
    for seed, got in zip(seeds, result["seeds"]):
        expected = oracle.compute(plan.experiment, seed, plan.preset, plan.overrides, plan.dtype)
        where = f"seed {seed}"
        compare_flat(deviations, plan, where, flat_values(got), flat_values(expected))
        if plan.only:
            continue
        compare_networks(deviations, plan, where, got["detail"]["networks"], expected["detail"]["networks"])
        for number, values in enumerate(expected["detail"].get("regularizers", [])):
            summary = got["detail"]["regularizers"][number]
            # The oracle's first object also holds the values that are not of one regularizer.
            for key in sorted(set(expected["detail"]["regularizers"][-1]) - {"n_diverged"}):
                deviations.check(f"{where} regularizer {number} {key}", summary.get(key), values[key],
                                 tolerance_of(key))
        if "pareto" in expected["detail"]:
            deviations.check_equal(f"{where} pareto frontier", sorted(got["detail"]["pareto_networks"]),
                                   sorted(expected["detail"]["pareto"]))
    for key, value in plan.expect.items():
        deviations.check_equal(f"expected of this plan: {key}", result["seeds"][0][key], value)
    return deviations


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    plans = [plan for plan in PLANS if len(sys.argv) == 2 or sys.argv[2] in plan.name]
    failed = not plans
    for plan in plans:
        start = time.monotonic()
        deviations = compare(sys.argv[1], plan)
        print(f"{plan.name}: {deviations.summary()} ({time.monotonic() - start:.1f} s)", flush=True)
        for failure in deviations.failures[:20]:
            print(f"FAILED {plan.name}: {failure}")
        failed |= bool(deviations.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
