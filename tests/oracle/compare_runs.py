#!/usr/bin/env python3
"""Compares single training runs of the client's reference backend with the oracle in float64: data, initial
parameters, every gradient of single steps, a whole training, and all that evaluations give.

Usage: compare_runs.py AXIOM_DUMP_RUN [CASE-NAME-PART]

The oracle starts from the client's own numbers wherever a float32 number is an input: single steps from the client's
parameters and samples, evaluation sets likewise. So rounding does not build up, and the tolerances below are a few roundings.
Data, initial parameters and one whole training are compared with what the oracle makes from the seed alone.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # has to precede the import of NumPy

import numpy as np

import network
import parameters as parameter_tables
from data import Split, float32_constant
from deviations import Deviations, Tolerance
from run_definitions import DEFINITIONS
from training import FullBatchTraining, MinibatchTraining, decay_factor

HALF_ULP = 2.0**-24  # relative error of one float32 rounding

# Tolerances, with the largest deviations measured over the cases below.
NORMAL = 6 * HALF_ULP  # a normal is a product of root, logarithm and cosine; then shift or scale. Measured: 3.5
GRADIENT = 2e-6  # of the largest in its layer, beside the parameters' rounding. Measured: 5.2e-7
# Of the largest change in its layer. Where a pre-activation is 0 but for rounding, the programs may differ in the
# side of the ReLU that one sample takes, which changes the training from there on. Measured: 5.3e-5, mostly 2e-5
TRAINING = 2e-4
PROBE = {  # of the largest in its array
    "outputs": 1e-6,  # measured: 3.1e-7
    "activations": 1e-6,  # measured: 3.1e-7
    "input": 2e-6,  # input gradients; measured: 5.1e-7
    "first-layer": 4e-6,  # its gradient, summed over up to 5000 samples; measured: 1.3e-6
}
KINKS = 3  # activations of one array that are on the other side of the ReLU. Measured: 1


@dataclass
class Case:
    name: str
    experiment: str
    seed: int
    overrides: dict
    group: int
    steps: int
    member: int = 0


def _compgen(name, group, steps, **overrides):
    return Case(f"compgen, {name}", "compgen", 42, {"widths": [17, 40], "epochs": 3, "trials": 2, **overrides}, group,
                steps)


def _scaling(name, group, steps, **overrides):
    return Case(f"microscalev2, {name}", "microscalev2", 46,
                {"widths": [8, 21], "epochs": 2, "fractions": [0.01, 0.1, 1], **overrides}, group, steps)


CASES = [
    # 32 steps per epoch, the last on 8 samples; groups: trial, width, depth, rate.
    _compgen("depth 1", 0, 64, depths=[1], learning_rates=[0.05]),
    _compgen("depth 2, second trial, last step short", 3, 64, depths=[2], learning_rates=[0.05]),
    _compgen("depth 3, rate 1", 3, 2, depths=[3], learning_rates=[1]),
    _compgen("depth 1, dropout", 2, 64, depths=[1], learning_rates=[0.1], dropout=0.25),
    _compgen("depth 3, dropout", 0, 70, depths=[3], learning_rates=[0.1], dropout=0.4),
    _compgen("depth 2, decay", 1, 40, depths=[2], learning_rates=[0.1], weight_decay=0.05),
    _compgen("depth 3, dropout, decay, odd batch", 3, 25, depths=[3], learning_rates=[0.5], dropout=0.2,
             weight_decay=0.05, batch=77),
    _compgen("depth 2, all samples in one batch", 2, 3, depths=[2], learning_rates=[0.1], batch=1000, dropout=0.1),
    Case("featrank", "featrank", 43, {"widths": [33, 50], "epochs": 2, "trials": 2}, 3, 33),
    Case("neuronspec", "neuronspec", 44, {"widths": [40], "epochs": 2, "trials": 3, "batch": 7}, 2, 200),
    Case("featcompv2", "featcompv2", 45, {"widths": [16, 24], "learning_rates": [0.01, 0.1], "epochs": 20}, 3, 20),
    Case("featcompv2, rate 1", "featcompv2", 45, {"widths": [16, 24], "learning_rates": [0.1, 1], "epochs": 2}, 1, 2),
    Case("repalignv2, depth 1", "repalignv2", 46, {"widths": [16, 33], "epochs": 12, "networks": 3}, 1, 12, member=2),
    Case("repalignv2, depth 2", "repalignv2", 46, {"widths": [16], "epochs": 12, "networks": 3}, 1, 12, member=1),
    # 79 steps per epoch on all samples, 8 on a tenth; groups: depth, width, fraction.
    _scaling("depth 1, all samples", 2, 79, depths=[1]),
    _scaling("depth 2, fewer samples than a batch", 3, 2, depths=[2]),
    _scaling("depth 3, fixed steps", 4, 158, depths=[3], fixed_steps=1),
]


def client_run(program, case):
    """(description, arrays by name) of the client's run."""
    command = [program, case.experiment, str(case.seed), json.dumps(case.overrides), str(case.group),
               str(case.member), str(case.steps)]
    done = subprocess.run(command, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"FAILED {case.name}: exit code {done.returncode} of {' '.join(command)}\n{done.stderr.decode()}")
    line, _, rest = done.stdout.partition(b"\n")
    header, arrays, offset = json.loads(line), {}, 0
    for array in header["arrays"]:
        arrays[array["name"]] = np.frombuffer(rest, array["type"], array["count"], offset)
        offset += arrays[array["name"]].nbytes
    if offset != len(rest):
        sys.exit(f"FAILED {case.name}: {len(rest)} bytes of arrays, {offset} were announced")
    return header, arrays


def check_description(deviations, header, run):
    """What is to be computed: network, numbers of the streams, rates, and what is measured."""
    described = {"sizes": list(run.sizes), "loss": run.loss, "trial": run.trial, "network": run.network,
                 "samples": run.samples, "batch": run.batch, "learning_rate": float32_constant(run.rate),
                 "dropout": float32_constant(run.dropout), "weight_decay": float32_constant(run.decay),
                 "steps": run.steps,
                 "evaluation_sets": [{"samples": samples, "hidden_layers": layers, "input_gradients": gradients,
                             "first_layer_gradient": gradients} for _, samples, layers, gradients in run.evaluation_sets]}
    for key, expected in described.items():
        deviations.check_equal(key, header[key], expected)


def split_of(arrays, prefix, features):
    """The client's samples as the oracle holds them: the same numbers in float64."""
    return Split(arrays[prefix + "inputs"].reshape(-1, features).astype(np.float64), arrays[prefix + "labels"])


def check_data(deviations, name, client, oracle, shift):
    """Labels equal, inputs up to rounding; inputs that are 0 are set so, and exact."""
    deviations.check_array(f"{name} labels", client.y, oracle.y, 0.0, "equal")
    allowed = NORMAL * (np.abs(oracle.x) + shift * (oracle.x != 0))
    deviations.check_array(f"{name} inputs", client.x, oracle.x, allowed, "6 half ulps of value and shift")


def check_initial_parameters(deviations, client, run, seed):
    oracle = network.initial_parameters(seed, run.sizes, [run.trial], [run.network], np.float64)[0]
    deviations.check_array("initial parameters", client, oracle, NORMAL * np.abs(oracle),
                           "6 half ulps, and biases 0")


def oracle_training(run, train, seed):
    """The run's training on the given samples, at its start."""
    if run.batch == 0:
        return FullBatchTraining(seed, run.sizes, [run.network], train, [run.rate], np.float64, run.loss == "sigmoid")
    member = {"trial": run.trial, "network": run.network, "dataset": 0, "rate": run.rate, "samples": run.samples,
              "steps": run.steps, "dropout": run.dropout, "decay": run.decay}
    return MinibatchTraining(seed, run.sizes, [member], [train], run.batch, 0, np.float64)


def advance(training, step):
    """With full batches a step is an epoch."""
    (training.advance_to_epoch if isinstance(training, FullBatchTraining) else training.advance_to_step)(step)


def layers(theta, sizes):
    """(name, weights with biases as last row, ones where a weight is) of each layer of one network's theta (P,)."""
    for number, block in enumerate(network.layer_views(theta[None], sizes), start=1):
        is_weight = np.ones(block[0].shape, bool)
        is_weight[-1] = False
        yield f"layer {number}", block[0], is_weight


def check_gradient(deviations, run, training, before, after, step):
    """The gradient of one step of the client, (keep * W - W') / rate, against the oracle's at the client's W."""
    before, after = before.astype(np.float64), after.astype(np.float64)
    training.set_state(before, step)
    advance(training, step + 1)
    rate, factor = float32_constant(run.rate), decay_factor(run.rate, run.decay)
    for (name, old, is_weight), (_, new, _), (_, expected, _) in zip(
            layers(before, run.sizes), layers(after, run.sizes), layers(training.theta[0], run.sizes)):
        kept = np.where(is_weight, factor, 1.0) * old
        gradient, oracle = (kept - new) / rate, (kept - expected) / rate
        rounding = HALF_ULP * (np.abs(new) + np.abs(kept) * (kept != old)) / rate
        deviations.check_array(f"step {step} gradient of {name}", gradient, oracle,
                               GRADIENT * np.abs(oracle).max() + 1.01 * rounding,
                               f"{GRADIENT:g} of the largest, and the rounding of the parameters")


def check_training(deviations, run, training, client, seed, steps):
    """Parameters after many steps of each program on its own."""
    start = network.initial_parameters(seed, run.sizes, [run.trial], [run.network], np.float64)
    training.set_state(start, 0)
    advance(training, steps)
    for (name, got, _), (_, oracle, _), (_, first, _) in zip(
            layers(client, run.sizes), layers(training.theta[0], run.sizes), layers(start[0], run.sizes)):
        deviations.check_array(f"{name} after {steps} steps", got, oracle,
                               TRAINING * np.abs(oracle - first).max() + NORMAL * np.abs(oracle),
                               f"{TRAINING:g} of the largest change, and 6 half ulps")


def take_sides(deviations, name, units, client):
    """Where a pre-activation is 0 but for rounding, either side of the ReLU gives a correct gradient: takes the
    client's. That the activations themselves agree is checked elsewhere."""
    sides = (units > 0) != (client > 0)
    deviations.check(f"{name} on the other side of the ReLU", np.count_nonzero(sides), 0, Tolerance(absolute=KINKS))
    units[sides] = np.where(client[sides] > 0, np.finfo(np.float64).tiny, 0)


def check_evaluation(deviations, name, run, arrays, samples, theta):
    """Logits, activations and gradients of the client's parameters on the client's samples."""
    split = split_of(arrays, name + " ", run.sizes[0])
    x, y = network.with_constant(split.x[:samples])[None], split.y[:samples]
    weights = network.layer_views(theta[None].astype(np.float64), run.sizes)
    work = network.Workspace(run.sizes, 1, samples, np.float64)
    expected = {"outputs": work.forward(weights, x).copy()}
    for layer, units in enumerate(work.units):
        key = f"activations {layer + 1}"
        expected[key] = units.copy()
        take_sides(deviations, f"{name} {key}", units[0], arrays[f"{name} {key}"].reshape(units[0].shape))
    one = np.ones((1, 1, samples))
    if run.loss == "sigmoid":
        work.sigmoid_delta(one, y[None, None, :].astype(np.float64))
    else:
        work.softmax_delta(one, network.one_hot(y, run.sizes[-1], np.float64)[None])
    work.backward(weights, x)
    expected["input gradients"] = work.input_gradient(weights)
    expected["first-layer gradient"] = work.layer_gradients[0][:, :-1] / samples
    for quantity, oracle in expected.items():
        client = arrays[f"{name} {quantity}"]
        deviations.check_equal(f"{name} number of {quantity}", client.size, oracle.size)
        if client.size == oracle.size:
            share = PROBE[quantity.split()[0]]
            deviations.check_array(f"{name} {quantity}", client.reshape(oracle.shape[1:]), oracle[0],
                                   share * np.abs(oracle).max(), f"{share:g} of the largest")


def compare(program, case):
    deviations = Deviations()
    header, arrays = client_run(program, case)
    parameters, _ = parameter_tables.resolve(case.experiment, "default", case.overrides)
    run = DEFINITIONS[case.experiment](case.seed, parameters, case.group, case.member)
    check_description(deviations, header, run)
    if deviations.failures:
        return deviations  # another run: comparing its numbers says nothing
    train = split_of(arrays, "train ", run.sizes[0])
    check_data(deviations, "train", train, run.train, run.shift)
    for number, (split, _, _, _) in enumerate(run.evaluation_sets):
        check_data(deviations, f"evaluation {number}", split_of(arrays, f"evaluation {number} ", run.sizes[0]), split, run.shift)

    check_initial_parameters(deviations, arrays["parameters at 0"], run, case.seed)
    training = oracle_training(run, train, case.seed)
    check_gradient(deviations, run, training, arrays["parameters at 0"], arrays["parameters at 1"], 0)
    after = arrays["parameters after"]
    check_gradient(deviations, run, training, arrays["parameters before"], after, case.steps - 1)
    check_training(deviations, run, oracle_training(run, run.train, case.seed), after, case.seed, case.steps)
    for number, (_, samples, _, _) in enumerate(run.evaluation_sets):
        check_evaluation(deviations, f"evaluation {number}", run, arrays, samples, after)
    return deviations


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    cases = [case for case in CASES if len(sys.argv) == 2 or sys.argv[2] in case.name]
    failed = not cases
    for case in cases:
        start = time.monotonic()
        deviations = compare(sys.argv[1], case)
        print(f"{case.name}: {deviations.summary()} ({time.monotonic() - start:.1f} s)", flush=True)
        for failure in deviations.failures[:20]:
            print(f"FAILED {case.name}: {failure}")
        failed |= bool(deviations.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
