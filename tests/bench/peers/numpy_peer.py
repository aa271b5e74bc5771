#!/usr/bin/env python3
"""NumPy as a peer: stacked products on the processor. Slow, but it runs wherever the tests do, and so it proves the
driver, the protocol and the checks where neither PyTorch nor JAX is installed."""

import peer


class NumpyTrainer:
    note = ""
    warm_up_epochs = 1

    def __init__(self, numpy, work, networks):
        self._np, self._work, self.networks = numpy, work, networks
        self._random = numpy.random.default_rng(1)
        self._targets = work.targets()

    def select(self, first):
        np, some = self._np, slice(first, first + self.networks)
        self._dataset = self._work.dataset[some]
        self._rate = self._work.rate[some].reshape(-1, 1, 1)
        shapes = zip(self._work.case.layers, self._work.case.layers[1:])
        self._layers = [(self._random.standard_normal((self.networks, a, b), np.float32) * np.float32((2 / a) ** 0.5),
                         np.zeros((self.networks, 1, b), np.float32)) for a, b in shapes]

    def set_layers(self, layers):
        for own, given in zip(self._layers, layers):
            for mine, theirs in zip(own, given):
                mine[:len(theirs)] = theirs

    def layers(self, count):
        return [(weights[:count], biases[:count]) for weights, biases in self._layers]

    def train(self, epochs):
        self.train_given(None, epochs)

    def train_given(self, orders, epochs):
        np, case = self._np, self._work.case
        for epoch in range(epochs):
            order = np.tile(np.arange(case.samples), (self.networks, 1))
            if case.batch:
                order = self._random.permuted(order, axis=1)
            if orders is not None:
                order[:orders.shape[1]] = orders[epoch]
            x = self._work.x[self._dataset[:, None], order]
            targets = self._targets[self._dataset[:, None], order]
            for start in range(0, case.samples, case.rows):
                rows = slice(start, start + case.rows)
                self._step(x[:, rows], targets[:, rows])

    def _step(self, x, targets):
        np, h = self._np, [x]
        for weights, biases in self._layers[:-1]:
            h.append(np.maximum(h[-1] @ weights + biases, 0))
        z = h[-1] @ self._layers[-1][0] + self._layers[-1][1]
        if self._work.case.sigmoid:
            p = 1 / (1 + np.exp(-z))
        else:
            p = np.exp(z - z.max(axis=-1, keepdims=True))
            p /= p.sum(axis=-1, keepdims=True)
        delta = (p - targets) * (self._rate / np.float32(x.shape[1]))
        for (weights, biases), below in zip(reversed(self._layers), reversed(h)):
            following = delta @ weights.swapaxes(1, 2) * (below > 0) if below is not x else None
            weights -= below.swapaxes(1, 2) @ delta
            biases -= delta.sum(axis=1, keepdims=True)
            delta = following

    def synchronize(self):
        pass


class NumpyPeer(peer.Peer):
    variants = ("stacked",)

    def __init__(self, device, threads, tf32):
        super().__init__(device, threads, tf32)
        if device != "cpu" or tf32:
            raise peer.Unavailable("NumPy computes on the processor only")
        try:
            import numpy
        except ImportError as error:
            raise peer.Unavailable(f"NumPy is not installed ({error})") from None
        self._np = numpy

    def describe(self):
        return {"version": f"NumPy {self._np.__version__}", "device": "processor"}

    def build(self, _variant, work, networks):
        return NumpyTrainer(self._np, work, networks)


if __name__ == "__main__":
    peer.serve(NumpyPeer)
