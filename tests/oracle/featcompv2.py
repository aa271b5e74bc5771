"""featcompv2: competition between strong, medium and weak features (gradient starvation)."""

import numpy as np

import data
import metrics
from data import COMPETITION_GROUPS
from network import evaluate, finite_networks, layer_views
from stopwatch import stopwatch
from training import FullBatchTraining

LEARNED = 0.8
RATIOS = ("ratio", "ratio_sizecorr", "ratio_w1grad")


def measured_epochs(epochs, every):
    return sorted(set(range(0, epochs + 1, every)) | {epochs})


def gradient_ratios(training):
    """Strong-to-weak ratios of gradients on the training set: (one dict per network, finite flags)."""
    work, weights, samples = training.work, training.weights, training.x.shape[1]
    z = work.forward(weights, training.x)
    finite = finite_networks(training.theta, z)
    one = np.ones((1, 1, 1), training.dtype)
    work.sigmoid_delta(one, training.targets)  # scale 1: gradients of each sample's own loss
    work.backward(weights, training.x)
    by_input = work.input_gradient(weights).astype(np.float64)
    by_weight = work.layer_gradients[0][:, :-1].astype(np.float64) / samples
    strong, weak = COMPETITION_GROUPS["strong"], COMPETITION_GROUPS["weak"]
    values = []
    for delta, gradient in zip(by_input, by_weight):
        size = lambda group: np.sqrt(np.sum(delta[:, group] ** 2))
        magnitude = lambda group: np.mean(np.abs(delta[:, group]))
        row_magnitude = lambda group: np.mean(np.abs(gradient[group]))
        values.append({name: float(measure(strong) / (measure(weak) + 1e-10))
                       for name, measure in zip(RATIOS, (size, magnitude, row_magnitude))})
    return values, finite


def only_group(x, features):
    """A copy of x (n, 20) with all inputs outside the group set to 0."""
    masked = np.zeros_like(x)
    masked[:, features] = x[:, features]
    return masked


def group_signs(x, features):
    """Whether the group's inputs sum to more than 0: (n,) bool."""
    return data.left_to_right_sum(x[:, features]) > 0


def probe_a(theta, sizes, train, test):
    """Per group, accuracies (K,) of a linear read-out of the label when only the group's inputs are given."""
    result = {}
    for group, features in COMPETITION_GROUPS.items():
        fitted, _ = evaluate(theta, sizes, only_group(train.x, features))
        tested, _ = evaluate(theta, sizes, only_group(test.x, features))
        result[group] = [np.mean((metrics.predict(b, metrics.ridge(a, 2.0 * train.y - 1)) > 0) == test.y)
                         for a, b in zip(fitted.hidden[-1], tested.hidden[-1])]
    return result


def probe_b(fitted, tested, train, test):
    """Per group, accuracies (K,) of a linear read-out of the sign of the group's sum, given all inputs."""
    signs, expected = (np.stack([group_signs(split.x, features) for features in COMPETITION_GROUPS.values()], axis=1)
                       for split in (train, test))
    targets = np.where(signs, 1.0, -1.0)
    correct = np.array([np.mean((metrics.predict(b, metrics.ridge(a, targets)) > 0) == expected, axis=0)
                        for a, b in zip(fitted.hidden[-1], tested.hidden[-1])])
    return dict(zip(COMPETITION_GROUPS, correct.T))


def state_metrics(theta, sizes, train, test):
    """Probes, losses, accuracies and weight norms: one dict per network."""
    by_name = {}
    (fitted, _), (tested, _) = (evaluate(theta, sizes, split.x) for split in (train, test))
    for probe, result in (("probe_a", probe_a(theta, sizes, train, test)),
                          ("probe_b", probe_b(fitted, tested, train, test))):
        by_name.update({f"{probe}_{group}": correct for group, correct in result.items()})
    for name, work, split in (("train", fitted, train), ("test", tested, test)):
        z = work.logits[..., 0]
        by_name[f"{name}_loss"] = np.mean(metrics.binary_cross_entropy(z, split.y), axis=1)
        by_name[f"{name}_acc"] = np.mean((z > 0) == split.y, axis=1)
    values = [{name: float(value[k]) for name, value in by_name.items()} for k in range(len(theta))]
    for k, value in enumerate(values):
        value["weight_norms"] = [float(np.linalg.norm(block[k, :-1].astype(np.float64)))
                                 for block in layer_views(theta, sizes)]
    return values


def learned_at(history, epochs, group):
    """First measured epoch at which probe A reaches the threshold, or infinity."""
    reached = [e for e, point in zip(epochs, history) if point[f"probe_a_{group}"] >= LEARNED]
    return reached[0] if reached else float("inf")


def _measure(training, train, test, configurations):
    ratios, finite = gradient_ratios(training)
    for k, configuration in enumerate(configurations):
        configuration["diverged"] |= not finite[k]
    alive = [k for k, configuration in enumerate(configurations) if not configuration["diverged"]]
    if not alive:
        return
    theta = training.theta[alive]
    for k, values in zip(alive, state_metrics(theta, training.sizes, train, test)):
        configurations[k]["history"].append({**ratios[k], **values})


def _describe(configuration, epochs):
    """Values of one configuration over its measured points."""
    result = {"width": configuration["width"], "rate": configuration["rate"], "diverged": configuration["diverged"]}
    if configuration["diverged"]:
        return result
    history = configuration["history"]
    for name in RATIOS:
        result[name] = metrics.mean(point[name] for point in history)
    result["ratio_first"], result["ratio_last"] = history[0]["ratio"], history[-1]["ratio"]
    learned = {group: learned_at(history, epochs, group) for group in COMPETITION_GROUPS}
    strong = learned["strong"]
    result["strong_first"] = bool(strong < float("inf") and strong <= learned["medium"] and strong <= learned["weak"])
    result["learned_at"] = {group: None if e == float("inf") else e for group, e in learned.items()}
    result["ratio_by_epoch"] = [point["ratio"] for point in history]
    result["final"] = history[-1]
    return result


def run(seed, p, _regularizers, dtype):
    with stopwatch("data"):
        train, test = data.competing_features(seed, dtype)
    epochs = measured_epochs(p["epochs"], p["measure_every"])
    rates, described = p["learning_rates"], []
    for position, width in enumerate(p["widths"]):
        configurations = [{"width": width, "rate": rate, "history": [], "diverged": False} for rate in rates]
        networks = range(position * len(rates), (position + 1) * len(rates))
        training = FullBatchTraining(seed, (20, width, width, width, 1), networks, train, rates, dtype, sigmoid=True)
        for epoch in epochs:
            training.advance_to_epoch(epoch)
            with stopwatch("metrics"):
                _measure(training, train, test, configurations)
        described += [_describe(configuration, epochs) for configuration in configurations]
    present = [c for c in described if not c["diverged"]]
    flat = {}
    for name in RATIOS:
        flat[f"{name}_mean"] = metrics.mean(c[name] for c in present)
        for width in p["widths"]:
            flat[f"{name}_w{width}"] = metrics.mean(c[name] for c in present if c["width"] == width)
    flat["ratio_epoch0"] = metrics.mean(c["ratio_first"] for c in present)
    flat["ratio_final"] = metrics.mean(c["ratio_last"] for c in present)
    flat["strong_first_count"] = sum(c["strong_first"] for c in present)
    flat["strong_first_count_epoch0"] = sum(c["learned_at"]["strong"] == 0 for c in present)
    flat["ratio_gt1_count"] = sum(c["ratio"] > 1 for c in present)
    flat["n_configs"] = len(present)
    flat["n_diverged"] = len(described) - len(present)
    return {**flat, "detail": {"epochs": epochs, "networks": described}}
