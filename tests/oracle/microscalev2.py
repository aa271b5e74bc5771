"""microscalev2: scaling of the test loss with parameters and with data."""

import math

import numpy as np

import data
import metrics
import trials
from network import evaluate, parameter_count
from stopwatch import stopwatch
from training import MinibatchTraining

FEATURES, CLASSES, TRAIN_SAMPLES, TEST_SAMPLES = 10, 5, 5000, 1000


def _sizes(width, depth):
    return (FEATURES, *[width] * depth, CLASSES)


def plan(p):
    """One dict per run, in network order: depth outermost, then width, then fraction."""
    runs = []
    for depth in p["depths"]:
        for width in p["widths"]:
            for fraction in p["fractions"]:
                samples = math.floor(TRAIN_SAMPLES * fraction + 0.5)
                runs.append({"trial": 0, "network": len(runs), "dataset": 0, "depth": depth, "width": width,
                             "fraction": fraction, "samples": samples, "rate": p["learning_rate"],
                             "parameters": parameter_count(_sizes(width, depth)), "diverged": False})
    largest = max(run["samples"] for run in runs)
    for run in runs:
        epoch_of = largest if p["fixed_steps"] else run["samples"]
        run["steps"] = p["epochs"] * -(-epoch_of // p["batch"])
    return runs


def _measure(theta, sizes, run, train, test):
    """Losses and accuracies of one run, theta (1, P), on its own training samples and on the test set.

    Returns (dict, finite flag).
    """
    values, all_finite = {}, True
    for name, split, samples in (("train", train, run["samples"]), ("test", test, TEST_SAMPLES)):
        work, finite = evaluate(theta, sizes, split.x[:samples])
        values[f"{name}_loss"] = float(np.mean(metrics.cross_entropy(work.logits[0], split.y[:samples])))
        values[f"{name}_acc"] = float(metrics.accuracy(work.logits[0], split.y[:samples]))
        all_finite &= bool(finite[0])
    return values, all_finite


def _train(seed, group, p, train, test, dtype):
    """Trains the runs of one shape as a stack (more steps first) and adds their metrics."""
    sizes = _sizes(group[0]["width"], group[0]["depth"])
    group = sorted(group, key=lambda run: -run["steps"])
    training = MinibatchTraining(seed, sizes, group, [train], p["batch"], p["epochs"], dtype)
    for point, steps in (("init", 0), ("final", group[0]["steps"])):
        training.advance_to_step(steps)
        with stopwatch("metrics"):
            for k, run in enumerate(group):
                run[point], finite = _measure(training.theta[k:k + 1], sizes, run, train, test)
                run["diverged"] |= not finite
    for k, run in enumerate(group):
        run["compute"] = 6 * run["parameters"] * training.samples_seen(k)


def power_law(points):
    """{exponent, r2} of ln(max(loss, 1e-10)) on ln(size), for (size, loss or None) points."""
    points = [(size, loss) for size, loss in points if loss is not None]
    exponent, r2 = metrics.ordinary_least_squares([math.log(size) for size, _ in points],
                                                  [math.log(max(loss, 1e-10)) for _, loss in points])
    return {"exponent": exponent, "r2": r2}


def _loss(run):
    return None if run["diverged"] else run["final"]["test_loss"]


def fits(runs, p, depth):
    """Parameter fit, data fit and per-width data fits of one depth."""
    own = [run for run in runs if run["depth"] == depth]
    by_fraction = [[run for run in own if run["fraction"] == fraction] for fraction in p["fractions"]]
    return {
        "param": power_law([(run["parameters"], _loss(run)) for run in by_fraction[-1]]),
        "data": power_law([(some[0]["samples"], metrics.mean(map(_loss, some))) for some in by_fraction]),
        "data_by_width": {width: power_law([(run["samples"], _loss(run)) for run in own if run["width"] == width])
                          for width in p["widths"]},
    }


def pareto_frontier(runs):
    """Network numbers of runs that no other run beats: less or equal compute and lower test loss."""
    present = [run for run in runs if not run["diverged"]]
    return [run["network"] for run in present
            if not any(other["compute"] <= run["compute"] and _loss(other) < _loss(run) for other in present)]


def run(seed, p, _regularizers, dtype):
    with stopwatch("data"):
        (train, test), centres = data.gaussian_mixture(seed, FEATURES, TRAIN_SAMPLES, TEST_SAMPLES, dtype)
    runs = plan(p)
    for depth in p["depths"]:
        for width in p["widths"]:
            stack = [r for r in runs if (r["depth"], r["width"]) == (depth, width)]
            for group in [stack] if trials.stack_networks else [[r] for r in stack]:
                _train(seed, group, p, train, test, dtype)
    flat, by_depth = {}, {depth: fits(runs, p, depth) for depth in p["depths"]}
    for kind in ("param", "data"):
        for depth in p["depths"]:
            flat[f"{kind}_exponent_d{depth}"] = by_depth[depth][kind]["exponent"]
            flat[f"{kind}_r2_d{depth}"] = by_depth[depth][kind]["r2"]
        r2 = metrics.mean(by_depth[depth][kind]["r2"] for depth in p["depths"])
        exponent = metrics.mean(by_depth[depth][kind]["exponent"] for depth in p["depths"])
        flat[f"{kind}_r2_mean"] = r2
        flat[f"{kind}_scaling_holds"] = None if r2 is None or exponent is None else int(r2 > 0.8 and exponent < 0)
    flat["bayes_loss"], flat["bayes_acc"] = metrics.bayes_classifier(test.x, test.y, centres)
    flat["n_diverged"] = sum(r["diverged"] for r in runs)
    flat["n_runs"] = len(runs) - flat["n_diverged"]
    networks = [{**{name: r[name] for name in ("network", "depth", "width", "fraction", "samples", "parameters",
                                               "compute", "diverged")},
                 **({} if r["diverged"] else {"init": r["init"], **r["final"]})} for r in runs]
    detail = {"data_by_width": {f"d{d}": {f"w{w}": fit for w, fit in by_depth[d]["data_by_width"].items()}
                                for d in p["depths"]},
              "pareto": pareto_frontier(runs), "networks": networks}
    return {**flat, "detail": detail}
