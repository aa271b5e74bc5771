"""A case's networks and data as the client defines them, by way of the NumPy oracle; and what a peer must come out
with. NumPy only."""

import pathlib
import sys
from dataclasses import dataclass

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "oracle"))

import cases
import data
import metrics
import streams
from network import evaluate, initial_parameters, layer_views
from training import FullBatchTraining, MinibatchTraining


@dataclass
class Work:
    """K networks: each on data set `dataset[k]` at learning rate `rate[k]`."""

    case: cases.Case
    size: cases.Size
    x: np.ndarray  # (data sets, samples, features) float32
    y: np.ndarray  # (data sets, samples) int64
    dataset: np.ndarray  # (K,) int64
    rate: np.ndarray  # (K,) float32
    splits: list  # of the first seed, per data set: [train, test, ...]

    def targets(self):
        """Labels (data sets, samples, outputs) in float32: indicators of the class, or y itself for the sigmoid."""
        if self.case.sigmoid:
            return self.y[..., None].astype(np.float32)
        return (self.y[..., None] == np.arange(self.case.layers[-1])).astype(np.float32)


def _splits_of_seed(case, size, seed):
    if case.experiment == "compgen":
        return [data.combinations(seed, trial, np.float32)[0] for trial in range(size.trials)]
    if case.experiment == "featcompv2":
        return [data.competing_features(seed, np.float32)]
    return [data.gaussian_mixture(seed, 10, 5000, 1000, np.float32)[0]]


def load(case, size):
    per_seed = [_splits_of_seed(case, size, seed) for seed in streams.work_unit_seeds(cases.SEED, size.seeds)]
    trains = [splits[0] for seed in per_seed for splits in seed]
    # In the order of the client's plan: seed, trial, rate.
    return Work(case, size, np.stack([t.x for t in trains]), np.stack([t.y for t in trains]),
                np.repeat(np.arange(len(trains)), len(case.rates)),
                np.tile(np.array(case.rates, np.float32), len(trains)), per_seed[0])


class Check:
    """The first networks of a work, to be trained from the client's initial weights in the client's order of samples.

    layers: per layer (weights (m, in, out), biases (m, 1, out)); orders: (epochs, m, samples), None for full batch.
    """

    def __init__(self, work, networks):
        case, size = work.case, work.size
        self.work, self.networks, self.epochs = work, networks, size.check_epochs
        numbers = np.arange(networks)
        self._trial, self._network = numbers // len(case.rates) % size.trials, numbers % len(case.rates)
        self.theta = initial_parameters(cases.SEED, case.layers, self._trial, self._network, np.float32)
        self.layers = [(block[:, :-1].copy(), block[:, -1:].copy()) for block in layer_views(self.theta, case.layers)]
        self.orders = None
        if case.batch:
            epochs = np.arange(self.epochs)[:, None]
            self.orders = streams.permutations(cases.SEED, case.samples, self._trial, self._network, epochs)

    def _oracle(self):
        """Parameters (m, P) after the check's epochs, by the oracle in float32."""
        case, work = self.work.case, self.work
        rates = [case.rates[n] for n in self._network]
        if not case.batch:
            training = FullBatchTraining(cases.SEED, case.layers, self._network, work.splits[0][0], rates, np.float32,
                                         sigmoid=case.sigmoid)
        else:
            members = [{"trial": int(t), "network": int(n), "dataset": int(t), "rate": rate}
                       for t, n, rate in zip(self._trial, self._network, rates)]
            training = MinibatchTraining(cases.SEED, case.layers, members, [s[0] for s in work.splits], case.batch,
                                         self.epochs, np.float32)
        training.advance_to_epoch(self.epochs)
        return training.theta

    def report(self, layers):
        """Of the trained layers, per network: the largest deviation of a parameter from the oracle's, as a share of
        the largest change that training makes; and the metrics that the client reports."""
        theta = np.empty_like(self.theta)
        for block, (weights, biases) in zip(layer_views(theta, self.work.case.layers), layers):
            block[:, :-1], block[:, -1:] = weights, biases
        expected = self._oracle()
        deviations = np.abs(theta - expected).max(axis=1) / np.abs(expected - self.theta).max(axis=1)
        return {"networks": self.networks, "epochs": self.epochs, "deviations": deviations.tolist(),
                "metrics": self._metrics(theta)}

    def _metrics(self, theta):
        case, names = self.work.case, {"compgen": ("train", "id", "ood")}
        values = {}
        for split, name in enumerate(names.get(case.experiment, ("train", "test"))):
            own = [self.work.splits[t][split] for t in self._trial]
            x, y = np.stack([s.x for s in own]), np.stack([s.y for s in own])
            logits = evaluate(theta, case.layers, x)[0].logits
            if case.sigmoid:
                loss, correct = metrics.binary_cross_entropy(logits[..., 0], y), np.mean((logits[..., 0] > 0) == y, 1)
            else:
                loss, correct = metrics.cross_entropy(logits, y), metrics.accuracy(logits, y)
            values[f"{name}_acc"] = correct.tolist()
            if case.experiment != "compgen":  # the client reports no losses there
                values[f"{name}_loss"] = loss.mean(axis=1).tolist()
        return values
