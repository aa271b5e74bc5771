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
    splits: list  # of the checked seeds, per data set: [train, test, ...]

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
    splits = [split for seed in streams.work_unit_seeds(cases.SEED, size.seeds)
              for split in _splits_of_seed(case, size, seed)]
    trains = [split[0] for split in splits]
    # In the order of the client's plan: seed, trial, rate.
    return Work(case, size, np.stack([t.x for t in trains]), np.stack([t.y for t in trains]),
                np.repeat(np.arange(len(trains)), len(case.rates)),
                np.tile(np.array(case.rates, np.float32), len(trains)), splits[:case.check_seeds(size) * size.trials])


class Check:
    """The first networks of a work, to be trained from the client's initial weights in the client's order of samples.

    layers: per layer (weights (m, in, out), biases (m, 1, out)); orders: (epochs, m, samples), None for full batch.
    """

    def __init__(self, work, at_most):
        case, size = work.case, work.size
        per_seed = case.networks_of_a_seed(size)
        self.work, self.epochs = work, size.check_epochs
        self.networks = min(at_most, per_seed * case.check_seeds(size))
        # Per seed: its number, and its networks' numbers within it.
        self._seeds = [(seed, np.arange(min(per_seed, self.networks - first)))
                       for first, seed in zip(range(0, self.networks, per_seed),
                                              streams.work_unit_seeds(cases.SEED, size.seeds))]
        self.theta = np.concatenate([initial_parameters(seed, case.layers, *self._place(numbers), np.float32)
                                     for seed, numbers in self._seeds])
        self.layers = [(block[:, :-1].copy(), block[:, -1:].copy()) for block in layer_views(self.theta, case.layers)]
        self.orders = None
        if case.batch:
            epochs = np.arange(self.epochs)[:, None]
            self.orders = np.concatenate([streams.permutations(seed, case.samples, *self._place(numbers), epochs)
                                          for seed, numbers in self._seeds], axis=1)

    def _place(self, numbers):
        """(trials, numbers within the trial) of a seed's networks."""
        return numbers // len(self.work.case.rates), numbers % len(self.work.case.rates)

    def _oracle(self):
        """Parameters (m, P) after the check's epochs, by the oracle in float32."""
        trials = self.work.size.trials
        return np.concatenate([self._oracle_of_seed(seed, numbers, self.work.splits[i * trials:(i + 1) * trials])
                               for i, (seed, numbers) in enumerate(self._seeds)])

    def _oracle_of_seed(self, seed, numbers, splits):
        case, trains = self.work.case, [split[0] for split in splits]
        trial, network = self._place(numbers)
        rates = [case.rates[n] for n in network]
        if not case.batch:
            training = FullBatchTraining(seed, case.layers, network, trains[0], rates, np.float32, sigmoid=case.sigmoid)
        else:
            members = [{"trial": int(t), "network": int(n), "dataset": int(t), "rate": rate}
                       for t, n, rate in zip(trial, network, rates)]
            training = MinibatchTraining(seed, case.layers, members, trains, case.batch, self.epochs, np.float32)
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
            own = [self.work.splits[number][split] for number in self.work.dataset[:self.networks]]
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
