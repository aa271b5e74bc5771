#!/usr/bin/env python3
"""JAX as a peer: vmap over networks, lax.scan over steps and epochs, one jit for a whole training, buffers donated.

| variant  | the step |
| autodiff | grad of one network's loss, under vmap |
| manual   | hand-written backward pass of one network, under vmap |
| autodiff-unrolled, manual-unrolled | eight steps per iteration of the scan |

The learning rate and 1/B are folded into the output's delta (or the loss), so an update is one subtraction.
"""

import functools
import os

import peer

UNROLLED = 8


def import_jax(device, threads):
    """Settings that JAX reads when it is imported."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # others use the device in turn
    os.environ["JAX_PLATFORMS"] = device
    if device == "cpu" and threads == 1:
        os.environ["XLA_FLAGS"] = (os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false "
                                   "intra_op_parallelism_threads=1").strip()
    try:
        import jax
    except (ImportError, OSError) as error:
        raise peer.Unavailable(f"JAX is not installed ({error})") from None
    try:
        found = jax.devices()[0]
    except Exception as error:  # of several types, one of them AssertionError
        raise peer.Unavailable(f"JAX {jax.__version__} sees no {device} device ({type(error).__name__}: {error})"[:300])
    return jax, found


def make_training(jax, case, variant):
    """(train(layers, x, y, dataset, rate, key, epochs), train_given(layers, ..., orders)); layers are donated."""
    jnp, lax = jax.numpy, jax.lax
    unroll = UNROLLED if variant.endswith("-unrolled") else 1

    def loss_of(layers, x, targets, scale):
        h = x
        for w, b in layers[:-1]:
            h = jax.nn.relu(h @ w + b)
        z = h @ layers[-1][0] + layers[-1][1]
        log_sum = jax.nn.softplus(z).sum(-1) if case.sigmoid else jax.nn.logsumexp(z, axis=-1)
        return ((log_sum - (z * targets).sum(-1)) * scale).sum()

    def gradients_of(layers, x, targets, scale):
        hidden = [x]
        for w, b in layers[:-1]:
            hidden.append(jax.nn.relu(hidden[-1] @ w + b))
        z = hidden[-1] @ layers[-1][0] + layers[-1][1]
        delta = ((jax.nn.sigmoid(z) if case.sigmoid else jax.nn.softmax(z)) - targets) * scale
        gradients = []
        for (w, _), h in zip(reversed(layers), reversed(hidden)):
            gradients.append((h.T @ delta, delta.sum(axis=0, keepdims=True)))
            if h is not x:
                delta = jnp.where(h > 0, delta @ w.T, 0)
        return gradients[::-1]

    one = jax.grad(loss_of) if variant.startswith("autodiff") else gradients_of

    @jax.vmap
    def step(layers, x, targets, rate):
        gradients = one(layers, x, targets, rate / x.shape[0])
        return jax.tree_util.tree_map(jnp.subtract, layers, [tuple(g) for g in gradients])

    def steps(layers, x, y, rate):
        """One epoch over x, y (K, samples, ...) as they lie."""
        k, whole = x.shape[0], case.samples // case.rows
        split = lambda a: jnp.swapaxes(a[:, :whole * case.rows].reshape(k, whole, case.rows, -1), 0, 1)
        layers, _ = lax.scan(lambda now, xy: (step(now, *xy, rate), None), layers, (split(x), split(y)),
                             unroll=min(unroll, whole))
        if whole * case.rows < case.samples:
            layers = step(layers, x[:, whole * case.rows:], y[:, whole * case.rows:], rate)
        return layers

    def epoch(layers, x, y, dataset, rate, order):
        return steps(layers, x[dataset[:, None], order], y[dataset[:, None], order], rate)

    def full_batch(layers, x, y, dataset, rate, epochs):
        x, y = x[dataset], y[dataset]
        return lax.scan(lambda now, _: (step(now, x, y, rate), None), layers, length=epochs,
                        unroll=min(unroll, epochs))[0]

    @functools.partial(jax.jit, static_argnames="epochs", donate_argnums=0)
    def train(layers, x, y, dataset, rate, key, epochs):
        if not case.batch:
            return full_batch(layers, x, y, dataset, rate, epochs)
        places = lax.broadcasted_iota(jnp.int32, (dataset.shape[0], case.samples), 1)

        def shuffled(now, key):
            _, order = lax.sort_key_val(jax.random.bits(key, places.shape, jnp.uint32), places)
            return epoch(now, x, y, dataset, rate, order), None
        return lax.scan(shuffled, layers, jax.random.split(key, epochs))[0]

    @functools.partial(jax.jit, donate_argnums=0)
    def train_given(layers, x, y, dataset, rate, orders):
        return lax.scan(lambda now, order: (epoch(now, x, y, dataset, rate, order), None), layers, orders)[0]

    return train, train_given


class Trainer:
    note = ""
    warm_up_epochs = None  # all of them: their number is compiled in

    def __init__(self, jax, device, work, networks, variant):
        import numpy
        self._jax, self._np, self._device, self._work, self.networks = jax, numpy, device, work, networks
        self._x, self._y = (jax.device_put(a) for a in (work.x, work.targets()))
        self._train, self._train_given = make_training(jax, work.case, variant)
        self._random = numpy.random.default_rng(1)
        self._key = jax.random.key(1)
        self._layers = None

    def _next_key(self):
        self._key, key = self._jax.random.split(self._key)
        return key

    def select(self, first):
        jax, case, some = self._jax, self._work.case, slice(first, first + self.networks)
        self._dataset = jax.device_put(self._work.dataset[some].astype(self._np.int32))
        self._rate = jax.device_put(self._work.rate[some])
        self._layers = None  # before the next ones take memory
        self._layers = [(jax.random.normal(self._next_key(), (self.networks, a, b)) * (2 / a) ** 0.5,
                         jax.numpy.zeros((self.networks, 1, b))) for a, b in zip(case.layers, case.layers[1:])]

    def set_layers(self, layers):
        self._layers = [tuple(own.at[:len(given)].set(given) for own, given in zip(pair, given_pair))
                        for pair, given_pair in zip(self._layers, layers)]

    def layers(self, count):
        return [(self._np.asarray(w[:count]), self._np.asarray(b[:count])) for w, b in self._layers]

    def _arguments(self):
        return self._layers, self._x, self._y, self._dataset, self._rate

    def train(self, epochs):
        if self._device == "cpu" and self._work.case.batch:  # XLA's sort is slow on a processor
            self._layers = self._train_given(*self._arguments(), self._orders(epochs))
        else:
            self._layers = self._train(*self._arguments(), self._next_key(), epochs)

    def _orders(self, epochs):
        places = self._np.arange(self._work.case.samples, dtype=self._np.int32)
        return self._random.permuted(self._np.tile(places, (epochs, self.networks, 1)), axis=2)

    def train_given(self, orders, epochs):
        if orders is None:
            self._layers = self._train(*self._arguments(), self._next_key(), epochs)
            return
        all_orders = self._orders(epochs)
        all_orders[:, :orders.shape[1]] = orders
        self._layers = self._train_given(*self._arguments(), all_orders)

    def synchronize(self):
        self._jax.block_until_ready(self._layers)


class JaxPeer(peer.Peer):
    variants = ("autodiff", "manual", "autodiff-unrolled", "manual-unrolled")

    def __init__(self, device, threads, tf32):
        super().__init__(device, threads, tf32)
        self._jax, self._found = import_jax(device, threads)
        self._jax.config.update("jax_default_matmul_precision", "tensorfloat32" if tf32 else "highest")

    def describe(self):
        return {"version": f"JAX {self._jax.__version__}",
                "device": self._found.device_kind if self.device == "cuda" else "processor"}

    def build(self, variant, work, networks):
        return Trainer(self._jax, self.device, work, networks, variant)

    def is_out_of_memory(self, error):
        return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)


if __name__ == "__main__":
    peer.serve(JaxPeer)
