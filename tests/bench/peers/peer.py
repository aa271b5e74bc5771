"""The process of one peer: answers the driver's requests, one JSON object a line, until standard input ends.

A framework supplies a Peer; this file holds what all of them do alike: fitting the batch of networks into memory,
warming up, timing, and checking that the training is the client's.
"""

import argparse
import gc
import json
import os
import pathlib
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import cases


class Peer:
    """What a framework supplies. device: "cuda" or "cpu"."""

    variants = ()  # names; each is a way to write the same training
    slow_to_compile = ()  # more of them, taken when asked for

    def __init__(self, device, threads, tf32):
        """Raises Unavailable where it cannot run."""
        self.device, self.threads, self.tf32 = device, threads, tf32

    def describe(self):
        """{"version", "device"}"""
        raise NotImplementedError

    def build(self, variant, work, networks):
        """A trainer of `networks` networks at once, compiled, if not by its first training:

        .note                  what is to be said of it, if anything
        .warm_up_epochs        to train before it is timed; None: as many as will be timed
        .select(first)         the work's networks from `first` on, with fresh random weights of the right variance
        .train(epochs)         trains them; mini-batches in orders drawn by the framework
        .set_layers(layers)    the first m networks' parameters, from NumPy
        .train_given(orders, epochs)  as train(); orders (epochs, m, samples) of the first m networks, or None
        .synchronize()         waits for all of it
        .layers(m)             the first m networks' parameters, as NumPy arrays
        """
        raise NotImplementedError

    def is_out_of_memory(self, error):
        return isinstance(error, MemoryError)

    def release(self):
        """Gives memory that no trainer holds any longer back to the device."""


class Unavailable(Exception):
    """The framework or the device is not here."""


def smaller(networks, total):
    """The next smaller size of a batch that divides the total, at most half of it; 0 if there is none."""
    return next((n for n in range(networks // 2, 0, -1) if total % n == 0), 0)


def fit(build, total, at_most, is_out_of_memory, release=lambda: None):
    """(build(n), n) for the largest n that fits, starting at the largest divisor of `total` that is <= at_most."""
    networks = next(n for n in range(min(total, at_most), 0, -1) if total % n == 0)
    while True:
        try:
            return build(networks), networks
        except Exception as error:
            if not is_out_of_memory(error) or networks == 1:
                raise
        networks = smaller(networks, total)
        gc.collect()
        release()


def one_line(error):
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


class Server:
    def __init__(self, peer):
        self.peer, self.work, self.trainers = peer, None, {}

    def prepare(self, request):
        """Builds the variants, and times each once."""
        import work  # NumPy comes with the peers

        case = cases.by_name(request["case"])
        size = case.sizes[request["size"]]
        self.work, self.trainers = work.load(case, size), {}
        total, result = len(self.work.rate), {}
        for variant in self._chosen(request["variants"], request["without"]):
            start = time.perf_counter()
            try:
                trainer, networks = fit(lambda n, v=variant: self._build_and_run(v, n), total,
                                        request["networks_at_once"] or total, self.peer.is_out_of_memory,
                                        self.peer.release)
            except Exception as error:
                traceback.print_exc()
                result[variant] = {"status": "failed", "reason": one_line(error)}
                continue
            self.trainers[variant] = (trainer, networks)
            preparation = time.perf_counter() - start
            result[variant] = {"status": "ready", "networks_at_once": networks, "note": trainer.note,
                               "preparation_seconds": preparation, "calibration_seconds": self._timed(variant)}
        return {"variants": result}

    def _chosen(self, names, without):
        known = self.peer.variants + (self.peer.slow_to_compile if names else ())
        return [v for v in known if v not in without and (not names or names == ["all"] or v in names)]

    def _build_and_run(self, variant, networks):
        """A first training belongs to the warm-up, and to finding out whether the memory suffices."""
        trainer = self.peer.build(variant, self.work, networks)
        trainer.select(0)
        trainer.train(trainer.warm_up_epochs or self.work.size.epochs)
        trainer.synchronize()
        return trainer

    def _timed(self, variant):
        """Seconds to train all networks, batch after batch; choosing them and drawing their weights is not timed."""
        trainer, networks = self.trainers[variant]
        seconds = 0.0
        for first in range(0, len(self.work.rate), networks):
            trainer.select(first)
            trainer.synchronize()
            start = time.perf_counter()
            trainer.train(self.work.size.epochs)
            trainer.synchronize()
            seconds += time.perf_counter() - start
        return seconds

    def keep(self, request):
        """Drops all other variants."""
        self.trainers = {v: t for v, t in self.trainers.items() if v in request["variants"]}
        gc.collect()
        self.peer.release()
        return {}

    def time(self, request):
        return {"seconds": self._timed(request["variant"])}

    def check(self, request):
        import work

        trainer, networks = self.trainers[request["variant"]]
        check = work.Check(self.work, at_most=networks)
        trainer.select(0)
        trainer.set_layers(check.layers)
        trainer.train_given(check.orders, check.epochs)
        trainer.synchronize()
        return check.report(trainer.layers(check.networks))

    def describe(self, _request):
        return self.peer.describe()


def serve(make_peer):
    """Runs the process. What the framework itself prints on standard output goes to standard error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", choices=["cuda", "cpu"], required=True)
    parser.add_argument("--threads", type=int, default=0, help="0: as many as the framework likes")
    parser.add_argument("--tf32", action="store_true")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    server = None

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    for line in sys.stdin:
        try:
            request = json.loads(line)
            if server is None:
                server = Server(make_peer(options.device, options.threads, options.tf32))
            answer(getattr(server, request["do"])(request))
        except Unavailable as error:
            answer({"unavailable": str(error)})
        except Exception as error:
            traceback.print_exc()
            answer({"error": one_line(error)})
