"""Comparing numbers with a tolerance each, and remembering the worst."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass
class Tolerance:
    """|client - oracle| <= absolute + relative * |oracle|."""

    absolute: float = 0.0
    relative: float = 0.0

    def __str__(self):
        parts = [f"{self.absolute:g}"] if self.absolute or not self.relative else []
        return " + ".join(parts + ([f"{self.relative:g} x value"] if self.relative else []))


class Deviations:
    """Collects the comparisons of one case. `failures` are lines to print; `share` is the worst deviation of a
    number as a share of its tolerance, found at `where`."""

    def __init__(self):
        self.compared, self.share, self.where, self.failures = 0, 0.0, "nothing", []

    def _note(self, share, where):
        self.compared += 1
        if share > self.share:
            self.share, self.where = share, where

    def fail(self, message):
        self.failures.append(message)

    def check_equal(self, name, client, oracle):
        self.compared += 1
        if client != oracle:
            self.fail(f"{name}: client {client}, oracle {oracle}, must be equal")

    def check(self, name, client, oracle, tolerance):
        """Two numbers, or null in both."""
        if client is None or oracle is None or not math.isfinite(client) or not math.isfinite(oracle):
            self.check_equal(name, client, oracle)
            return
        allowed, difference = tolerance.absolute + tolerance.relative * abs(oracle), abs(client - oracle)
        share = difference / allowed if allowed else math.inf if difference else 0.0
        self._note(share, name)
        if share > 1:
            self.fail(f"{name}: client {client!r}, oracle {oracle!r}, differ by {difference:.3g}, "
                      f"allowed {allowed:.3g} = {tolerance}")

    def check_array(self, name, client, oracle, allowed, rule):
        """Two arrays of one shape; `allowed` is a number or an array, and `rule` says in words where it is from."""
        client, oracle = np.asarray(client, np.float64), np.asarray(oracle, np.float64)
        if client.shape != oracle.shape:
            self.fail(f"{name}: client has shape {client.shape}, oracle {oracle.shape}")
            return
        if not (np.isfinite(client).all() and np.isfinite(oracle).all()):
            self.fail(f"{name}: not finite in the client or the oracle")
            return
        difference = np.abs(client - oracle)
        allowed = np.broadcast_to(allowed, difference.shape)
        share = np.divide(difference, allowed, out=np.where(difference > 0, np.inf, 0.0), where=allowed > 0)
        worst = np.unravel_index(np.argmax(share), share.shape)
        self._note(float(share[worst]), name)
        if share[worst] > 1:
            place = ", ".join(map(str, worst))
            self.fail(f"{name}[{place}]: client {client[worst]:.9g}, oracle {oracle[worst]:.9g}, differ by "
                      f"{difference[worst]:.3g}, allowed {allowed[worst]:.3g} = {rule}; "
                      f"{np.count_nonzero(share > 1)} of {share.size} entries are too far off")

    def summary(self):
        if self.share == 0 and not self.failures:
            return f"{self.compared} comparisons, all equal"
        return f"{self.compared} comparisons, worst at {100 * self.share:.2g} % of its tolerance: {self.where}"
