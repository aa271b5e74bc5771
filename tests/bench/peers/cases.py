"""The cases of the comparison: networks, work and sizes. Standard library only; the driver and the peers share it.

A case is a work unit of the client whose networks all have one shape, so that a peer can train them as one batch.
"""

from dataclasses import dataclass

SEED = 42


@dataclass(frozen=True)
class Size:
    """How much of a case is run: `trials` counts for compgen only."""

    seeds: int
    epochs: int
    check_epochs: int
    trials: int = 1


@dataclass(frozen=True)
class Case:
    name: str
    experiment: str
    width: int
    depth: int
    rates: tuple
    batch: int  # 0: full batch
    sizes: dict  # scale: Size

    @property
    def samples(self):
        return 5000 if self.experiment == "microscalev2" else 1000

    @property
    def layers(self):
        inputs, outputs = {"compgen": (20, 2), "featcompv2": (20, 1), "microscalev2": (10, 5)}[self.experiment]
        return (inputs, *[self.width] * self.depth, outputs)

    @property
    def sigmoid(self):
        return self.experiment == "featcompv2"

    @property
    def rows(self):
        """Samples of one step."""
        return self.batch or self.samples

    def settings(self, size, epochs):
        """The client's --set options."""
        common = {"widths": [self.width], "epochs": epochs}
        if self.experiment == "compgen":
            return {**common, "depths": [self.depth], "learning_rates": list(self.rates), "batch": self.batch,
                    "trials": size.trials}
        if self.experiment == "featcompv2":
            return {**common, "learning_rates": list(self.rates), "measure_every": epochs}
        return {**common, "depths": [self.depth], "learning_rate": self.rates[0], "batch": self.batch,
                "fractions": [1]}

    def networks_of_a_seed(self, size):
        return size.trials * len(self.rates)

    def check_seeds(self, size):
        """Seeds whose networks are checked: enough for three networks, if there are so many."""
        return min(size.seeds, -(-3 // self.networks_of_a_seed(size)))

    def networks(self, size):
        return size.seeds * self.networks_of_a_seed(size)

    def steps(self, epochs):
        """Training steps of one network; the last mini-batch of an epoch may be shorter."""
        return epochs * -(-self.samples // self.rows)

    def flops(self, networks, epochs):
        """Multiply-adds of the matrix products, counted as two, as the client counts them: forward, weight gradient,
        and input gradient of every layer but the first."""
        shapes = list(zip(self.layers, self.layers[1:]))
        multiply_adds = sum(a * b * (2 if layer == 0 else 3) for layer, (a, b) in enumerate(shapes))
        return 2 * multiply_adds * self.samples * epochs * networks


_RATES = (0.01, 0.05, 0.1)


def _compgen(width, gpu, cpu):
    return Case(f"compgen-w{width}", "compgen", width, 2, _RATES, 32,
                {"gpu": Size(*gpu, 3, trials=16), "cpu": Size(*cpu, 3, trials=3), "tiny": Size(1, 2, 2, trials=2)})


# compgen's networks with two hidden layers are featrank's. A work unit of the client that measures little is taken:
# the peers measure nothing.
CASES = (
    _compgen(32, gpu=(64, 60), cpu=(4, 30)),
    _compgen(64, gpu=(32, 50), cpu=(2, 30)),
    _compgen(128, gpu=(16, 40), cpu=(2, 10)),
    _compgen(256, gpu=(16, 20), cpu=(1, 6)),
    Case("featcompv2-w256", "featcompv2", 256, 3, _RATES, 0,
         {"gpu": Size(22, 80, 20), "cpu": Size(1, 20, 10), "tiny": Size(1, 3, 3)}),
    Case("microscalev2-w64", "microscalev2", 64, 1, (0.01,), 64,
         {"gpu": Size(792, 50, 2), "cpu": Size(6, 10, 2), "tiny": Size(4, 1, 1)}),
    Case("microscalev2-w256", "microscalev2", 256, 2, (0.01,), 64,
         {"gpu": Size(264, 8, 1), "cpu": Size(2, 5, 1), "tiny": Size(1, 1, 1)}),
    Case("microscalev2-w512", "microscalev2", 512, 3, (0.01,), 64,
         {"gpu": Size(132, 3, 1), "cpu": Size(1, 3, 1), "tiny": Size(1, 1, 1)}),
)


def by_name(name):
    for case in CASES:
        if case.name == name:
            return case
    raise ValueError(f"unknown case {name!r} (known: {', '.join(case.name for case in CASES)})")
