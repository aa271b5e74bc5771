#!/usr/bin/env python3
"""For the tests: NumPy with a learning rate 1 % too high; a variant meets a device's error, another crashes in one
case."""

import os

import peer
from numpy_peer import NumpyPeer, NumpyTrainer


class WrongRate(NumpyTrainer):
    def select(self, first):
        super().select(first)
        self._rate = self._rate * self._np.float32(1.01)


class WrongPeer(NumpyPeer):
    variants = ("wrong-rate", "device-error", "crash")

    def build(self, variant, work, networks):
        if variant == "device-error":
            raise RuntimeError("CUDA error: made up for a test")
        if variant == "crash" and work.case.name == "compgen-w64":
            print("the last words", flush=True)
            os._exit(3)
        return WrongRate(self._np, work, networks)


if __name__ == "__main__":
    peer.serve(WrongPeer)
