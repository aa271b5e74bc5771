"""The parts of the comparison that need neither the client nor a peer."""

import math
import unittest

import cases
import peer
import report
from client_side import disagreements


class Cases(unittest.TestCase):
    def test_operations(self):
        # By hand: 1000 samples; forward and gradient of 20·64 + 64·64 + 64·2, delta of 64·64 + 64·2; two each.
        case = cases.by_name("compgen-w64")
        per_sample = 2 * (2 * (1280 + 4096 + 128) + 4096 + 128)
        self.assertEqual(case.flops(3, 10), per_sample * 1000 * 10 * 3)
        self.assertEqual(case.steps(10), 320)  # 31 mini-batches of 32 and one of 8

    def test_networks(self):
        case = cases.by_name("compgen-w64")
        self.assertEqual(case.networks(case.sizes["gpu"]), 32 * 16 * 3)
        self.assertEqual(cases.by_name("featcompv2-w256").steps(60), 60)

    def test_checked_seeds(self):
        case = cases.by_name("microscalev2-w64")
        self.assertEqual([case.check_seeds(case.sizes[size]) for size in ("gpu", "cpu", "tiny")], [3, 3, 3])
        self.assertEqual(cases.by_name("compgen-w64").check_seeds(case.sizes["gpu"]), 1)

    def test_names_are_unique_and_sizes_complete(self):
        self.assertEqual(len({case.name for case in cases.CASES}), len(cases.CASES))
        for case in cases.CASES:
            self.assertEqual(set(case.sizes), {"gpu", "cpu", "tiny"})


class OutOfMemory(unittest.TestCase):
    """The batch of networks shrinks to divisors of their number until it fits."""

    def fit(self, total, capacity, at_most=10**6):
        tried = []

        def build(networks):
            tried.append(networks)
            if networks > capacity:
                raise MemoryError
            return "built"
        built, networks = peer.fit(build, total, at_most, lambda error: isinstance(error, MemoryError))
        self.assertEqual(built, "built")
        return networks, tried

    def test_halves(self):
        self.assertEqual(self.fit(1536, 400), (384, [1536, 768, 384]))

    def test_odd_numbers(self):
        self.assertEqual(self.fit(132, 100), (66, [132, 66]))
        self.assertEqual(self.fit(15, 4), (1, [15, 5, 1]))
        self.assertEqual(self.fit(7, 6), (1, [7, 1]))

    def test_asked_for_less(self):
        self.assertEqual(self.fit(48, 48, at_most=20), (16, [16]))

    def test_not_even_one(self):
        with self.assertRaises(MemoryError):
            self.fit(8, 0)

    def test_other_errors_pass(self):
        with self.assertRaises(ValueError):
            peer.fit(lambda networks: int("x"), 8, 8, lambda error: isinstance(error, MemoryError))


class Agreement(unittest.TestCase):
    CLIENT = {"train_loss": [0.5, 0.001, 2.0], "train_acc": [0.9, 1.0, 0.5]}

    def found(self, deviations=(1e-6, 1e-6, 1e-6), losses=(0.5, 0.001, 2.0), accuracies=(0.9, 1.0, 0.5), tf32=False):
        metrics = {"train_loss": list(losses), "train_acc": list(accuracies)}
        return disagreements({"networks": 3, "deviations": list(deviations), "metrics": metrics}, self.CLIENT, tf32)

    def test_agrees(self):
        self.assertEqual(self.found(), [])
        self.assertEqual(self.found(losses=(0.5004, 0.001, 2.0), accuracies=(0.898, 1.0, 0.5)), [])

    def test_one_network_may_meet_a_rounded_zero(self):
        self.assertEqual(self.found(deviations=(1e-6, 0.06, 1e-6), accuracies=(0.9, 0.99, 0.5)), [])

    def test_each_difference_is_seen(self):
        for found, message in (
                (self.found(deviations=(0.01, 0.01, 0.01)), "deviation: median is off by 0.01 of the largest change"),
                (self.found(deviations=(1e-6, 1e-6, 0.4)), "deviation: network 2 is off by 0.4"),
                (self.found(losses=(0.505, 0.00101, 2.02)), "train_loss: median is off by 0.01 of the loss"),
                (self.found(losses=(0.5, 0.0012, 2.0)), "train_loss: network 1 is off by 0.2"),
                (self.found(accuracies=(0.9, 0.96, 0.5)), "train_acc: network 1 is off by 0.04 (limit 0.03)")):
            self.assertEqual(len(found), 1, found)
            self.assertIn(message, found[0])

    def test_not_a_number(self):
        self.assertNotEqual(self.found(deviations=(1e-6, math.nan, 1e-6)), [])
        self.assertNotEqual(self.found(losses=(0.5, math.nan, 2.0)), [])

    def test_fewer_networks_than_the_client(self):
        with self.assertRaises(ValueError):
            self.found(losses=(0.5, 0.001))

    def test_tf32_has_wider_limits(self):
        self.assertEqual(self.found(deviations=(0.1, 0.1, 0.1), losses=(0.51, 0.001, 2.0), tf32=True), [])
        self.assertNotEqual(self.found(deviations=(0.5, 0.5, 0.5), tf32=True), [])


class Report(unittest.TestCase):
    def test_ratio_is_of_rounds(self):
        self.assertEqual(report.ratio([10, 40, 30], [1, 2, 3]), 10)

    def test_statistic(self):
        self.assertEqual(report.statistic([1.0, 3.0, 2.0]), {"median": 2.0, "least": 1.0, "runs": 3, "spread": 1.0})

    def test_batches_that_did_not_fit_are_said(self):
        peer_entry = {"peer": "torch", "variant": "manual", "networks_at_once": 24, "seconds": report.statistic([2.0]),
                      "ratio": 2.0, "ratio_of_least": 2.0, "ratio_to_whole_client": 1.0, "disagreements": [],
                      "variants": {"manual": {"status": "ready", "preparation_seconds": 2.5,
                                              "note": "without a CUDA graph: reason"},
                                   "vmap": {"status": "failed", "reason": "no compiler"}}}
        case = {"name": "case", "flops": 1e9, "networks": 48, "limited": False, "peers": [peer_entry],
                "client": {"backend": "cuda:0", "networks_at_once": 48, "training_seconds": report.statistic([1.0])}}
        text = "\n".join(report.rows(case))
        self.assertIn("the 48 networks in batches of 24: more do not fit into the device's memory", text)
        self.assertIn("manual: without a CUDA graph: reason", text)
        self.assertIn("vmap: no compiler", text)

    def test_summary(self):
        cases_ = [{"peers": [{"peer": "torch", "variant": "manual", "ratio": r}]} for r in (4.0, 16.0)]
        self.assertEqual(report.summary(cases_, "cuda", "gpu"),
                         ["against torch: geometric mean 8.00, lowest 4.00, highest 16.00 (2 of 2 cases); "
                          "aim on a GPU: 10"])
        self.assertNotIn("aim", report.summary(cases_, "cpu", "cpu")[0])


if __name__ == "__main__":
    unittest.main()
