"""What docs/EXPERIMENTS.md says of one training run: network, data, and what is measured on it."""

from dataclasses import dataclass

import numpy as np

import data
import featcompv2
import microscalev2
from data import Split
from repalignv2 import DEEP
from trials import enumerate_networks


@dataclass
class Run:
    sizes: tuple
    loss: str
    trial: int
    network: int
    batch: int  # 0 = full batch
    samples: int
    rate: float
    dropout: float
    decay: float
    steps: int
    train: Split
    evaluation_sets: list  # of (Split, samples, hidden layers, gradients wanted?)
    shift: float  # the largest number to which noise was added in the data


def _by_trial(sizes, member, p, splits, sets, shift):
    return Run(sizes, "softmax", member["trial"], member["network"], p["batch"], len(splits[0].y), member["rate"],
               member.get("dropout", 0), member.get("decay", 0), p["epochs"] * -(-len(splits[0].y) // p["batch"]),
               splits[0], sets, shift)


def _compgen(seed, p, group, _member):
    member = enumerate_networks(p["trials"], width=p["widths"], depth=p["depths"], rate=p["learning_rates"])[group]
    member.update(dropout=p["dropout"], decay=p["weight_decay"])
    splits, _ = data.combinations(seed, member["trial"], np.float64)
    sets = [(split, len(split.y), [], False) for split in splits]
    return _by_trial((20, *[member["width"]] * member["depth"], 2), member, p, splits, sets, 1)


def _featrank(seed, p, group, _member):
    member = enumerate_networks(p["trials"], width=p["widths"], rate=[p["learning_rate"]])[group]
    splits, _ = data.combinations(seed, member["trial"], np.float64)
    return _by_trial((20, member["width"], member["width"], 2), member, p, splits, [(splits[1], 500, [1, 2], False)], 1)


def _neuronspec(seed, p, group, _member):
    member = enumerate_networks(p["trials"], width=p["widths"], rate=[p["learning_rate"]])[group]
    splits = data.sign_xor(seed, member["trial"], np.float64)
    return _by_trial((20, member["width"], 2), member, p, splits, [(splits[1], 500, [1], False)], 0)


def _featcompv2(seed, p, group, _member):
    width, rate = [(width, rate) for width in p["widths"] for rate in p["learning_rates"]][group]
    train, test = data.competing_features(seed, np.float64)
    splits = [train, test] + [Split(featcompv2.only_group(split.x, features), split.y)
                              for features in data.COMPETITION_GROUPS.values() for split in (train, test)]
    sets = [(split, len(split.y), [3], number == 0) for number, split in enumerate(splits)]
    return Run((20, width, width, width, 1), "sigmoid", 0, group, 0, 1000, rate, 0, 0, p["epochs"], train, sets, 1.5)


def _repalignv2(seed, p, group, member):
    shape = ([(width,) for width in p["widths"]] + [DEEP])[group]
    (train, test), centres = data.gaussian_mixture(seed, 20, 1000, 300, np.float64)
    return Run((20, *shape, 5), "softmax", 0, group * p["networks"] + member, 0, 1000, p["learning_rate"], 0, 0,
               p["epochs"], train, [(test, 300, list(range(1, len(shape) + 1)), False)], np.abs(centres).max())


def _microscalev2(seed, p, group, _member):
    run = microscalev2.plan(p)[group]
    (train, test), centres = data.gaussian_mixture(seed, 10, 5000, 1000, np.float64)
    sets = [(train, run["samples"], [], False), (test, 1000, [], False)]
    return Run((10, *[run["width"]] * run["depth"], 5), "softmax", 0, run["network"], p["batch"], run["samples"],
               run["rate"], 0, 0, run["steps"], train, sets, np.abs(centres).max())


DEFINITIONS = {"compgen": _compgen, "featrank": _featrank, "neuronspec": _neuronspec, "featcompv2": _featcompv2,
               "repalignv2": _repalignv2, "microscalev2": _microscalev2}
