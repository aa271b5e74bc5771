"""Plain SGD on stacks of networks: mini-batch with shuffling, dropout and weight decay, or full batch.

Gradients come out of the backward pass already multiplied by the learning rate and 1/B, because both are folded into
the per-sample scale of the output delta. A step is then one subtraction over all parameters of the stack.
"""

import numpy as np

import streams
from data import float32_constant
from network import Workspace, initial_parameters, layer_views, one_hot, with_constant
from stopwatch import stopwatch

_STEPS_AT_ONCE = 64  # mini-batches gathered by one indexing operation


def decay_factor(rate, decay):
    """keep = 1 - rate * decay in float32, as a client in float32 holds it."""
    return float(np.float32(1) - np.float32(rate) * np.float32(decay))


def _decay_factors(sizes, rates, decays, dtype):
    """Multipliers (K, P) of a step: keep for weights, 1 for biases; None if nothing decays."""
    if not any(decays):
        return None
    theta = np.ones((len(rates), sum((a + 1) * b for a, b in zip(sizes, sizes[1:]))), dtype)
    for block in layer_views(theta, sizes):
        for k, (rate, decay) in enumerate(zip(rates, decays)):
            block[k, :-1] = decay_factor(rate, decay)
    return theta


class MinibatchTraining:
    """K networks of one shape, each on its own data set (or the first samples of it) in its own order.

    members: one dict per network with trial, network, dataset (index into `datasets`), rate; optional samples,
    steps, dropout and decay. Networks with fewer steps must come later: finished ones leave the stack from its end.
    Mini-batches shorter than `batch` are padded with samples of scale 0, which add nothing to any gradient.
    """

    def __init__(self, seed, sizes, members, datasets, batch, epochs, dtype):
        self.seed, self.sizes, self.batch, self.dtype, self.members = seed, sizes, batch, dtype, members
        with stopwatch("training"):
            self.theta = initial_parameters(seed, sizes, [m["trial"] for m in members],
                                            [m["network"] for m in members], dtype)
            self._x = with_constant(np.concatenate([d.x for d in datasets]))
            self._y = np.concatenate([d.y for d in datasets])
            first_rows = np.cumsum([0] + [len(d.y) for d in datasets])
            self.samples = [m.get("samples", len(datasets[m["dataset"]].y)) for m in members]
            self.steps_per_epoch = [-(-n // batch) for n in self.samples]
            self.steps = [m.get("steps", epochs * s) for m, s in zip(members, self.steps_per_epoch)]
            assert self.steps == sorted(self.steps, reverse=True)
            rates = [float32_constant(m["rate"]) for m in members]
            self._rates = np.array(rates)
            self._decay = _decay_factors(sizes, [m["rate"] for m in members], [m.get("decay", 0) for m in members],
                                         dtype)
            self._dropout = [float32_constant(m.get("dropout", 0)) for m in members]
            self._schedule(first_rows)
            self._step = 0

    def _schedule(self, first_rows):
        """Fills _rows and _weight (steps, K, batch): the sample in each place, and 1/B or 0 for padding."""
        longest = self.steps[0] if self.steps else 0
        shape = (longest, len(self.members), self.batch)
        self._rows, self._weight = np.zeros(shape, np.int32), np.zeros(shape, self.dtype)
        for k, member in enumerate(self.members):
            n, per_epoch, steps = self.samples[k], self.steps_per_epoch[k], self.steps[k]
            epochs = -(-steps // per_epoch)
            order = streams.permutations(self.seed, n, member["trial"], member["network"], np.arange(epochs))
            padding = per_epoch * self.batch - n
            rows = np.pad(order, ((0, 0), (0, padding))).reshape(-1, self.batch)[:steps]
            sizes = np.full(per_epoch, self.batch)
            sizes[-1] -= padding
            weight = (np.arange(self.batch) < sizes[:, None]) / sizes[:, None]
            self._rows[:steps, k] = rows + first_rows[member["dataset"]]
            self._weight[:steps, k] = np.tile(weight, (epochs, 1))[:steps]

    def samples_seen(self, k):
        return int(np.count_nonzero(self._weight[:, k]))

    def _dropout_masks(self, epoch):
        """Multipliers for one epoch, per hidden layer: (steps per epoch, K, batch, width + 1), last column 1."""
        n, per_epoch, hidden = self.samples[0], self.steps_per_epoch[0], self.sizes[1:-1]
        shape = (per_epoch, len(self.members), self.batch, sum(hidden))
        masks = np.ones(shape, self.dtype)
        for k, (member, p) in enumerate(zip(self.members, self._dropout)):
            if p > 0:
                word = streams.words(self.seed, streams.DROPOUT, n * sum(hidden), trial=member["trial"],
                                     network=member["network"], epoch=epoch)
                kept = np.where(word >= int(p * 2**32), self.dtype(1) / (self.dtype(1) - self.dtype(p)), 0)
                padded = np.ones((per_epoch * self.batch, sum(hidden)), self.dtype)
                padded[:n] = kept.reshape(n, -1)
                masks[:, k] = padded.reshape(per_epoch, self.batch, -1)
        ends = np.cumsum(hidden)
        return [with_constant(masks[..., end - width:end]) for width, end in zip(hidden, ends)]

    def set_state(self, theta, step):
        """Goes on from parameters theta (K, P) as they are after the given number of steps."""
        self.theta[:], self._step = theta, step

    def advance_to_epoch(self, epoch):
        """Trains on to the end of the given number of epochs (all networks with equally many samples)."""
        self.advance_to_step(epoch * self.steps_per_epoch[0])

    def advance_to_step(self, stop):
        """Trains every network on to step `stop`, or to its own last step if that comes first."""
        with stopwatch("training"):
            for boundary in sorted({min(steps, stop) for steps in self.steps}):
                active = sum(steps >= boundary for steps in self.steps)
                self._train(active, boundary)

    def _train(self, active, stop):
        """Trains the first `active` networks from the current step to step `stop`."""
        if self._step >= stop:
            return
        theta = self.theta[:active]
        weights = layer_views(theta, self.sizes)
        decay = None if self._decay is None else self._decay[:active]
        work = Workspace(self.sizes, active, self.batch, self.dtype)
        dropout = any(self._dropout)
        chunk = self.steps_per_epoch[0] if dropout else _STEPS_AT_ONCE
        rates = self._rates[:active, None].astype(self.dtype)
        while self._step < stop:
            # With dropout a chunk ends with its epoch, because the masks are drawn per epoch.
            end = min(stop, (self._step // chunk + 1) * chunk)
            rows = self._rows[self._step:end, :active]
            x = self._x[rows]
            scale = (rates * self._weight[self._step:end, :active])[:, :, None, :]
            targets = one_hot(self._y[rows], self.sizes[-1], self.dtype) * scale
            masks = self._dropout_masks(self._step // chunk) if dropout else None
            offset = self._step % chunk
            for t in range(end - self._step):
                keep = [mask[offset + t] for mask in masks] if dropout else None
                work.forward(weights, x[t], keep)
                work.softmax_delta(scale[t], targets[t])
                gradient = work.backward(weights, x[t], keep)
                if decay is not None:
                    theta *= decay
                theta -= gradient
            self._step = end


class FullBatchTraining:
    """K networks of one shape on one data set: one step per epoch over all samples in data order."""

    def __init__(self, seed, sizes, networks, dataset, rates, dtype, sigmoid=False):
        with stopwatch("training"):
            self.sizes, self.dtype = sizes, dtype
            self.theta = initial_parameters(seed, sizes, [0] * len(networks), networks, dtype)
            self.weights = layer_views(self.theta, sizes)
            self.x, y = with_constant(dataset.x)[None], dataset.y
            rates = np.array([float32_constant(rate) for rate in rates], dtype)
            self.targets = (y[None, :].astype(dtype) if sigmoid else one_hot(y, sizes[-1], dtype))[None]
            self._scale = np.broadcast_to(rates[:, None, None] * dtype(1 / len(y)), (len(rates), 1, len(y)))
            self._scaled_targets = self.targets * self._scale
            self.work = Workspace(sizes, len(networks), len(y), dtype)
            self._delta = self.work.sigmoid_delta if sigmoid else self.work.softmax_delta
            self._epoch = 0

    def set_state(self, theta, epoch):
        """Goes on from parameters theta (K, P) as they are after the given number of epochs."""
        self.theta[:], self._epoch = theta, epoch

    def advance_to_epoch(self, epoch):
        with stopwatch("training"):
            for _ in range(self._epoch, epoch):
                self.work.forward(self.weights, self.x)
                self._delta(self._scale, self._scaled_targets)
                self.theta -= self.work.backward(self.weights, self.x)
            self._epoch = epoch
