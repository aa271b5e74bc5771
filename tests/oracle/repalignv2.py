"""repalignv2: alignment of representations between networks that differ only in their initial weights."""

import numpy as np

import data
import metrics
from featcompv2 import measured_epochs
from network import evaluate, layer_views
from stopwatch import stopwatch
from training import FullBatchTraining

DEEP = (64, 32)


def weight_distances(theta, initial, sizes):
    """Relative distance of all weight matrices together from their initial values: (K,)."""
    moved, start = np.zeros(len(theta)), np.zeros(len(theta))
    for now, then in zip(layer_views(theta, sizes), layer_views(initial, sizes)):
        now, then = now[:, :-1].astype(np.float64), then[:, :-1].astype(np.float64)
        moved += np.sum((now - then) ** 2, axis=(1, 2))
        start += np.sum(then**2, axis=(1, 2))
    return np.sqrt(moved) / np.sqrt(start)


def _measure(theta, initial, sizes, test, alive):
    """One epoch's values; clears the flags in `alive` (K,) of networks that turn out to be diverged."""
    work, finite = evaluate(theta, sizes, test.x)
    alive &= finite
    correct = metrics.accuracy(work.logits, test.y)
    distances = weight_distances(theta, initial, sizes)
    members = np.flatnonzero(alive)
    pairs = [metrics.linear_cka(h[members]) if len(members) > 1 else [] for h in work.units]
    return {
        "members": members, "cka": [metrics.mean(layer) for layer in pairs],
        "cka_std": [float(np.std(layer)) if layer else None for layer in pairs],
        "weight_dist": distances, "test_acc": correct,
    }


def _run_configuration(seed, shape, first_network, p, train, test, dtype):
    """Trains one configuration's networks and returns its values by epoch and per network."""
    networks = range(first_network, first_network + p["networks"])
    sizes = (20, *shape, 5)
    training = FullBatchTraining(seed, sizes, networks, train, [p["learning_rate"]] * p["networks"], dtype)
    initial = training.theta.copy()
    alive, points = np.ones(p["networks"], bool), []
    for epoch in measured_epochs(p["epochs"], p["measure_every"]):
        training.advance_to_epoch(epoch)
        with stopwatch("metrics"):
            points.append(_measure(training.theta, initial, sizes, test, alive))
    # Means leave out networks that diverged at any epoch; the untrained pairs are those of the survivors, too.
    if not alive.all():
        points[0] = _measure(initial, initial, sizes, test, alive.copy())
    first, last = points[0], points[-1]
    return {
        "widths": list(shape), "epochs": measured_epochs(p["epochs"], p["measure_every"]),
        "cka_init": first["cka"], "cka": last["cka"], "cka_std": last["cka_std"],
        "weight_dist": metrics.mean(last["weight_dist"][alive]), "test_acc": metrics.mean(last["test_acc"][alive]),
        "cka_by_epoch": [point["cka"] for point in points], "n_diverged": int(np.sum(~alive)),
        "networks": [{"network": n, "diverged": not alive[k],
                      **({"weight_dist": float(last["weight_dist"][k]), "test_acc": float(last["test_acc"][k])}
                         if alive[k] else {})} for k, n in enumerate(networks)],
    }


def random_feature_constant(ckas):
    """c of 1/(1 + c/W) fitted to {W: CKA}: least squares of 1/CKA - 1 on 1/W through the origin."""
    points = [(width, cka) for width, cka in ckas.items() if cka]
    if not points:
        return None
    return sum((1 / cka - 1) / width for width, cka in points) / sum(1 / width**2 for width, _ in points)


def run(seed, p, _regularizers, dtype):
    with stopwatch("data"):
        (train, test), _ = data.gaussian_mixture(seed, 20, 1000, 300, dtype)
    shapes = [(width,) for width in p["widths"]] + [DEEP]
    results = [_run_configuration(seed, shape, i * p["networks"], p, train, test, dtype)
               for i, shape in enumerate(shapes)]
    flat = {}
    for width, result in zip(p["widths"], results):
        flat[f"cka_w{width}"], flat[f"cka_init_w{width}"] = result["cka"][0], result["cka_init"][0]
        flat[f"cka_std_w{width}"] = result["cka_std"][0]
        flat[f"cka_change_w{width}"] = metrics.difference(result["cka"][0], result["cka_init"][0])
        flat[f"weight_dist_w{width}"], flat[f"test_acc_w{width}"] = result["weight_dist"], result["test_acc"]
    deep = results[-1]
    flat["cka_64x32_l1"], flat["cka_64x32_l2"] = deep["cka"]
    flat["cka_64x32"], flat["cka_init_64x32"] = metrics.mean(deep["cka"]), metrics.mean(deep["cka_init"])
    flat["weight_dist_64x32"] = deep["weight_dist"]
    flat["monotone"] = metrics.strictly_increasing([flat[f"cka_w{w}"] for w in p["widths"]])
    if 64 in p["widths"]:
        flat["deep_below_w64"] = metrics.strictly_increasing([flat["cka_64x32"], flat["cka_w64"]])
    flat["random_feature_c"] = random_feature_constant({w: flat[f"cka_init_w{w}"] for w in p["widths"]})
    flat["n_diverged"] = sum(result["n_diverged"] for result in results)
    networks = [{"widths": r["widths"], **n} for r in results for n in r.pop("networks")]
    return {**flat, "detail": {"configurations": results, "networks": networks}}
