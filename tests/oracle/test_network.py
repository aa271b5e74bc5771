"""Self-checks of the networks and of training: finite differences, and a literal step-by-step reference."""

import math
import unittest

import numpy as np

import streams
from data import Split
from metrics import binary_cross_entropy, cross_entropy
from network import (Workspace, evaluate, initial_parameters, layer_views, one_hot, parameter_count, with_constant)
from training import FullBatchTraining, MinibatchTraining, decay_factor

F64 = np.float64


def random_stack(sizes, count, rows, seed=3):
    """theta with non-zero biases, inputs and labels."""
    random = np.random.RandomState(seed)
    theta = initial_parameters(seed, sizes, [0] * count, range(count), F64)
    theta += 0.1 * random.standard_normal(theta.shape)
    classes = max(2, sizes[-1])
    return theta, random.standard_normal((count, rows, sizes[0])), random.randint(0, classes, (count, rows))


def losses(theta, sizes, x, y, scale, keep):
    """Sum over samples of scale * loss, per network: (K,)."""
    work = Workspace(sizes, len(theta), x.shape[1], F64, backward=False)
    logits = work.forward(layer_views(theta, sizes), with_constant(x), keep)
    loss = cross_entropy(logits, y) if sizes[-1] > 1 else binary_cross_entropy(logits[..., 0], y)
    return (scale * loss).sum(axis=1)


class FiniteDifferences(unittest.TestCase):
    """Every gradient against central differences of the loss."""

    def check(self, sizes, dropout=False):
        count, rows, step = 2, 5, 1e-6
        theta, x, y = random_stack(sizes, count, rows)
        scale = np.linspace(0.1, 1, count * rows).reshape(count, rows)
        keep = None
        if dropout:
            random = np.random.RandomState(1)
            keep = [with_constant(random.randint(0, 2, (count, rows, width)) / 0.75) for width in sizes[1:-1]]
        work, weights = Workspace(sizes, count, rows, F64), layer_views(theta, sizes)
        work.forward(weights, with_constant(x), keep)
        if sizes[-1] > 1:
            work.softmax_delta(scale[:, None, :], one_hot(y, sizes[-1], F64) * scale[:, None, :])
        else:
            work.sigmoid_delta(scale[:, None, :], (y * scale)[:, None, :])
        by_parameter = work.backward(weights, with_constant(x), keep).copy()
        by_input = work.input_gradient(weights)

        for i in range(theta.shape[1]):
            ends = []
            for sign in (1, -1):
                moved = theta.copy()
                moved[:, i] += sign * step
                ends.append(losses(moved, sizes, x, y, scale, keep))
            np.testing.assert_allclose(by_parameter[:, i], (ends[0] - ends[1]) / (2 * step), atol=1e-7)
        for row in range(rows):
            for i in range(sizes[0]):
                ends = []
                for sign in (1, -1):
                    moved = x.copy()
                    moved[:, row, i] += sign * step
                    ends.append(losses(theta, sizes, moved, y, scale, keep))
                np.testing.assert_allclose(by_input[:, row, i], (ends[0] - ends[1]) / (2 * step), atol=1e-7)

    def test_two_classes(self):
        self.check((4, 6, 2))

    def test_five_classes_three_hidden_layers(self):
        self.check((3, 6, 5, 4, 5))

    def test_sigmoid(self):
        self.check((4, 6, 5, 4, 1))

    def test_dropout(self):
        self.check((4, 8, 7, 2), dropout=True)


class ReferenceNetwork:
    """One network trained literally as defined, with separate weights and biases."""

    def __init__(self, seed, trial, network, sizes, rate, dropout=0, decay=0):
        self.seed, self.trial, self.network, self.sizes = seed, trial, network, sizes
        self.rate, self.dropout = float(np.float32(rate)), float(np.float32(dropout))
        self.keep = decay_factor(rate, decay)
        self.w, self.b = [], [np.zeros(n) for n in sizes[1:]]
        for layer, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
            normal = streams.normals(seed, streams.INITIAL_WEIGHTS, fan_in * fan_out, trial=trial, network=network,
                                     epoch=layer)
            self.w.append(normal.reshape(fan_in, fan_out) * math.sqrt(2 / fan_in))

    def step(self, x, y, masks):
        h = [x]
        for layer, (w, b) in enumerate(zip(self.w, self.b)):
            z = h[-1] @ w + b
            h.append(np.maximum(z, 0) * masks[layer] if layer < len(self.w) - 1 else z)
        p = np.exp(h.pop())
        d = p / p.sum(axis=1, keepdims=True)
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        for layer in range(len(self.w) - 1, -1, -1):
            gradient_w, gradient_b = h[layer].T @ d, d.sum(axis=0)
            if layer:
                d = (d @ self.w[layer].T) * masks[layer - 1] * (h[layer] > 0)
            self.w[layer] = self.w[layer] * self.keep - self.rate * gradient_w
            self.b[layer] = self.b[layer] - self.rate * gradient_b

    def epoch(self, number, x, y, batch):
        n, units = len(y), sum(self.sizes[1:-1])
        order = streams.permutations(self.seed, n, self.trial, self.network, number)
        words = streams.words(self.seed, streams.DROPOUT, n * units, trial=self.trial, network=self.network,
                              epoch=number).reshape(n, units)
        masks = np.where(words >= math.floor(self.dropout * 2**32), 1 / (1 - self.dropout), 0)
        ends = np.cumsum(self.sizes[1:-1])
        for start in range(0, n, batch):
            some = slice(start, start + batch)
            layers = [masks[some, end - width:end] for width, end in zip(self.sizes[1:-1], ends)]
            self.step(x[order[some]], y[order[some]], layers)

    def theta(self):
        return np.concatenate([np.vstack([w, b]).ravel() for w, b in zip(self.w, self.b)])


class Training(unittest.TestCase):
    def setUp(self):
        random = np.random.RandomState(5)
        self.sets = [Split(random.standard_normal((n, 4)), random.randint(0, 3, n)) for n in (50, 50)]

    def test_stack_of_dropout_and_decay_matches_reference(self):
        sizes = (4, 6, 5, 3)
        members = [{"trial": t, "network": n, "dataset": t, "rate": r, "dropout": d, "decay": w}
                   for t, n, r, d, w in ((0, 0, 0.1, 0.4, 0), (0, 3, 0.3, 0.2, 0.1), (1, 1, 0.2, 0, 0.05))]
        training = MinibatchTraining(11, sizes, members, self.sets, 16, 3, F64)
        training.advance_to_epoch(1)
        training.advance_to_epoch(3)
        for k, m in enumerate(members):
            reference = ReferenceNetwork(11, m["trial"], m["network"], sizes, m["rate"], m["dropout"], m["decay"])
            for epoch in range(3):
                reference.epoch(epoch, self.sets[m["dataset"]].x, self.sets[m["dataset"]].y, 16)
            np.testing.assert_allclose(training.theta[k], reference.theta(), rtol=1e-10, atol=1e-12)

    def test_different_sample_counts_and_steps(self):
        sizes, epochs = (4, 5, 3), 4
        members = [{"trial": 0, "network": n, "dataset": 0, "rate": 0.1, "samples": s}
                   for n, s in ((2, 50), (1, 20), (0, 7))]
        training = MinibatchTraining(9, sizes, members, self.sets[:1], 8, epochs, F64)
        training.advance_to_step(10**9)
        for k, m in enumerate(members):
            reference = ReferenceNetwork(9, 0, m["network"], sizes, 0.1)
            for epoch in range(epochs):
                reference.epoch(epoch, self.sets[0].x[:m["samples"]], self.sets[0].y[:m["samples"]], 8)
            np.testing.assert_allclose(training.theta[k], reference.theta(), rtol=1e-10, atol=1e-12)
            self.assertEqual(training.samples_seen(k), m["samples"] * epochs)

    def test_full_batch_matches_reference(self):
        sizes = (4, 6, 3)
        training = FullBatchTraining(2, sizes, [4, 7], self.sets[0], [0.1, 0.3], F64)
        training.advance_to_epoch(5)
        for k, (network, rate) in enumerate(((4, 0.1), (7, 0.3))):
            reference = ReferenceNetwork(2, 0, network, sizes, rate)
            for _ in range(5):
                reference.step(self.sets[0].x, self.sets[0].y, [1.0])
            np.testing.assert_allclose(training.theta[k], reference.theta(), rtol=1e-10, atol=1e-12)

    def test_initial_weights(self):
        sizes = (20, 256, 2)
        theta = initial_parameters(1, sizes, [0], [0], np.float32)
        blocks = layer_views(theta, sizes)
        self.assertEqual(theta.shape, (1, parameter_count(sizes)))
        self.assertEqual(theta.dtype, np.float32)
        self.assertFalse(blocks[0][0, -1].any())
        self.assertAlmostEqual(float(blocks[0][0, :-1].var()), 2 / 20, delta=0.01)
        first = streams.normals(1, streams.INITIAL_WEIGHTS, 300, np.float32)
        # Input 1 to output 3 is element 1 * fan_out + 3.
        self.assertEqual(blocks[0][0, 1, 3], first[256 + 3] * np.sqrt(np.float32(2) / np.float32(20)))

    def test_evaluate_flags_diverged_networks(self):
        sizes = (4, 6, 3)
        theta, x, _ = random_stack(sizes, 3, 5)
        theta[1, 0] = np.nan
        theta[2, -1] = np.inf
        with np.errstate(all="ignore"):
            _, finite = evaluate(theta, sizes, x)
        self.assertEqual(finite.tolist(), [True, False, False])


if __name__ == "__main__":
    unittest.main()
