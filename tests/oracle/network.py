"""Stacks of multilayer perceptrons: K networks of one shape, evaluated and differentiated in lock-step.

All parameters of a stack are one array `theta` of shape (K, P). Layer l occupies a (fan_in + 1, fan_out) block
per network: the weight matrix, stored fan_in x fan_out, with the bias as its last row. Activations carry a constant
1 as their last column, so that one matrix product computes xW + b and another one both gradients.
"""

import numpy as np

import streams


def parameter_count(sizes):
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in zip(sizes, sizes[1:]))


def layer_views(theta, sizes):
    """Views (K, fan_in + 1, fan_out) of each layer's block in theta (K, P)."""
    views, offset = [], 0
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        end = offset + (fan_in + 1) * fan_out
        views.append(theta[:, offset:end].reshape(len(theta), fan_in + 1, fan_out))
        assert np.may_share_memory(views[-1], theta)
        offset = end
    return views


def initial_parameters(seed, sizes, trials, networks, dtype):
    """theta (K, P) of the networks with the given trials (K,) and numbers (K,): W ~ N(0, 2/fan_in), b = 0."""
    theta = np.zeros((len(networks), parameter_count(sizes)), dtype)
    for layer, block in enumerate(layer_views(theta, sizes)):
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        normal = streams.normals(seed, streams.INITIAL_WEIGHTS, fan_in * fan_out, dtype, trial=np.asarray(trials),
                                 network=np.asarray(networks), epoch=layer)
        scale = np.sqrt(dtype(2) / dtype(fan_in))
        block[:, :-1] = (normal * scale).reshape(-1, fan_in, fan_out)
    return theta


def with_constant(x):
    """x (..., n, features) with a last column of ones: (..., n, features + 1)."""
    return np.concatenate([x, np.ones(x.shape[:-1] + (1,), x.dtype)], axis=-1)


class Workspace:
    """Buffers for forward and backward passes of K networks over `rows` samples each.

    Element-wise operations run on whole contiguous buffers, constant column included: the constant 1 survives the
    ReLU, and the unused last column of each `delta` stays 0. Output units come before samples in memory, so that
    reductions over classes run along contiguous rows.
    """

    def __init__(self, sizes, count, rows, dtype, backward=True):
        self.sizes, self.count, self.rows, self.dtype = tuple(sizes), count, rows, dtype
        hidden_sizes, outputs = sizes[1:-1], sizes[-1]
        self.hidden = [np.ones((count, rows, width + 1), dtype) for width in hidden_sizes]
        self.units = [h[..., :-1] for h in self.hidden]
        self._z = np.empty((count, outputs, rows), dtype)
        self.logits = self._z.swapaxes(1, 2)  # (K, rows, outputs)
        if backward:
            self._reduced = np.empty((count, 1, rows), dtype)
            self._delta = [np.zeros((count, rows, width + 1), dtype) for width in hidden_sizes]
            self.delta = [d[..., :-1] for d in self._delta] + [self.logits]  # loss gradients w.r.t. z of each layer
            self._active = [np.empty((count, rows, width + 1), bool) for width in hidden_sizes]
            self.gradient = np.empty((count, parameter_count(sizes)), dtype)
            self.layer_gradients = layer_views(self.gradient, sizes)

    def forward(self, weights, x, keep=None):
        """Logits (K, rows, outputs) for inputs x (K or 1, rows, features + 1).

        `keep`: inverted-dropout multipliers per hidden layer, (K, rows, width + 1) with a last column of ones.
        """
        activation = x
        for layer, (h, units) in enumerate(zip(self.hidden, self.units)):
            np.matmul(activation, weights[layer], out=units)
            np.maximum(h, 0, out=h)
            if keep is not None:
                np.multiply(h, keep[layer], out=h)
            activation = h
        np.matmul(activation, weights[-1], out=self.logits)
        return self.logits

    def softmax_delta(self, scale, scaled_targets):
        """Replaces the logits by scale * (softmax - target), the gradient of scale * cross-entropy.

        scale (K or 1, 1, rows); scaled_targets = scale * one-hot labels, (K or 1, classes, rows).
        """
        z, reduced = self._z, self._reduced
        if z.shape[1] == 2:  # two classes: a logistic function of the difference, without reductions
            np.subtract(z[:, 0:1], z[:, 1:2], out=reduced)
            self._logistic_delta(reduced, scale, scaled_targets[:, 1:2], z[:, 1:2])
            np.negative(z[:, 1:2], out=z[:, 0:1])
            return
        np.maximum.reduce(z, axis=1, keepdims=True, out=reduced)
        np.subtract(z, reduced, out=z)
        np.exp(z, out=z)
        np.add.reduce(z, axis=1, keepdims=True, out=reduced)
        np.divide(scale, reduced, out=reduced)
        np.multiply(z, reduced, out=z)
        np.subtract(z, scaled_targets, out=z)

    def sigmoid_delta(self, scale, scaled_targets):
        """Replaces the logits by scale * (sigmoid - target): scale and scaled_targets (K or 1, 1, rows)."""
        np.negative(self._z, out=self._reduced)
        self._logistic_delta(self._reduced, scale, scaled_targets, self._z)

    @staticmethod
    def _logistic_delta(negated, scale, scaled_targets, out):
        """out = scale / (1 + exp(negated)) - scaled_targets; an overflow to infinity gives the correct limit 0."""
        np.exp(negated, out=negated)
        np.add(negated, 1, out=negated)
        np.divide(scale, negated, out=negated)
        np.subtract(negated, scaled_targets, out=out)

    def backward(self, weights, x, keep=None):
        """Parameter gradient (K, P) after forward() and one of the *_delta() methods on the same inputs."""
        last = len(weights) - 1
        for layer in range(last, -1, -1):
            delta = self.delta[layer]
            activation = self.hidden[layer - 1] if layer else x
            np.matmul(activation.swapaxes(1, 2), delta, out=self.layer_gradients[layer])
            if layer == 0:
                break
            np.matmul(delta, weights[layer][:, :-1].swapaxes(1, 2), out=self.delta[layer - 1])
            whole, active = self._delta[layer - 1], self._active[layer - 1]
            if keep is not None:
                np.multiply(whole, keep[layer - 1], out=whole)
            np.greater(self.hidden[layer - 1], 0, out=active)
            np.multiply(whole, active, out=whole)
        return self.gradient

    def input_gradient(self, weights):
        """Gradient with respect to each sample's inputs, after backward(): (K, rows, features)."""
        return np.matmul(self.delta[0], weights[0][:, :-1].swapaxes(1, 2))


def one_hot(labels, classes, dtype):
    """Labels (..., rows) as indicators (..., classes, rows)."""
    return (labels[..., None, :] == np.arange(classes)[:, None]).astype(dtype)


def evaluate(theta, sizes, x):
    """Forward pass of theta (K, P) on x (n, features) or (K, n, features).

    Returns (work, finite (K,)): work.logits (K, n, outputs), work.units and work.hidden (hidden activations without
    and with the constant column, per layer), and which networks have only finite parameters and outputs.
    """
    x = with_constant(x if x.ndim == 3 else x[None])
    work = Workspace(sizes, len(theta), x.shape[1], theta.dtype.type, backward=False)
    logits = work.forward(layer_views(theta, sizes), x)
    return work, finite_networks(theta, logits)


def finite_networks(theta, logits):
    """Which networks have only finite parameters theta (K, P) and logits (K, n, outputs): (K,)."""
    return np.isfinite(theta).all(axis=1) & np.isfinite(logits).all(axis=(1, 2))
