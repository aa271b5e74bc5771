"""Self-checks of the random streams, the data, and whole experiments."""

import contextlib
import io
import json
import math
import os
import unittest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import compgen
import data
import featcompv2
import microscalev2
import oracle
import parameters
import streams
from philox import philox4x32


class Philox(unittest.TestCase):
    def check(self, counter, key, expected):
        self.assertEqual([int(w) for w in philox4x32(counter, key)], expected)

    def test_known_answers(self):  # of the Random123 distribution
        self.check([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8])
        self.check([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD])
        self.check([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
                   [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1])


class Streams(unittest.TestCase):
    SEED = 0x123456789ABCDEF0

    def test_layout_of_counter_and_key(self):
        got = streams.words(self.SEED, streams.DROPOUT, 10, trial=3, network=[[5], [6]], epoch=[7, 8, 9])
        self.assertEqual(got.shape, (2, 3, 10))
        for i in range(10):
            block = philox4x32([i // 4, 8, 6, 3 * 256 + 7], [0x9ABCDEF0, 0x12345678])
            self.assertEqual(got[1, 1, i], block[i % 4])

    def test_long_streams_are_computed_in_pieces(self):
        count = 4 * 40000 + 3
        got = streams.words(self.SEED, streams.FEATURES, count)
        self.assertEqual(got[-1], philox4x32([40000, 0, 0, 4], [0x9ABCDEF0, 0x12345678])[2])

    def test_uniform_and_below(self):
        words = streams.words(1, streams.LABELS, 9)
        self.assertEqual(streams.uniforms(1, streams.LABELS, 9).tolist(), [(int(w) >> 8) / 2**24 for w in words])
        self.assertEqual(streams.below(1, streams.LABELS, 9, 12).tolist(), [int(w) * 12 >> 32 for w in words])

    def test_normals(self):
        words = [int(w) for w in streams.words(1, streams.FEATURES, 8)]
        got = streams.normals(1, streams.FEATURES, 7)
        for i in range(7):
            a, b = words[i - i % 2], words[i - i % 2 + 1]
            r = math.sqrt(-2 * math.log(((a >> 8) + 1) * 2.0**-24))
            angle = 2 * math.pi * (b >> 8) * 2.0**-24
            self.assertAlmostEqual(got[i], r * (math.sin(angle) if i % 2 else math.cos(angle)), places=14)
        many = streams.normals(2, streams.FEATURES, 400000)
        self.assertAlmostEqual(many.mean(), 0, delta=0.01)
        self.assertAlmostEqual(many.std(), 1, delta=0.01)
        self.assertAlmostEqual(np.mean(many**4), 3, delta=0.05)

    def test_permutations(self):
        got = streams.permutations(3, 37, trial=1, network=[0, 4], epoch=[[0], [1], [300]])
        self.assertEqual(got.shape, (3, 2, 37))
        words = streams.words(3, streams.PERMUTATION, 37, trial=1, network=4, epoch=300)
        p = list(range(37))
        for i in range(36, 0, -1):
            j = int(words[i]) * (i + 1) >> 32
            p[i], p[j] = p[j], p[i]
        self.assertEqual(got[2, 1].tolist(), p)

    def test_work_unit_seeds(self):
        seeds = streams.work_unit_seeds(42, 3)
        block = philox4x32([2, 0, 0, 0], [42, 0])
        self.assertEqual(seeds[0], 42)
        self.assertEqual(seeds[2], int(block[0]) + (int(block[1]) << 32))


class Data(unittest.TestCase):
    def test_held_out_pairs(self):
        seen_masks = set()
        for seed in range(40):
            codes = data.held_out_codes(seed, trial=seed % 3)
            seen_masks.add(tuple(codes))
            self.assertEqual(sorted(15 - code for code in codes), codes)
            self.assertEqual(sum(data.combination_label(code) for code in codes), 2)
        self.assertEqual(len(seen_masks), 4)

    def test_no_single_group_correlates_with_the_label_in_training(self):
        for seed in range(40):
            held_out = data.held_out_codes(seed, trial=0)
            seen = [code for code in range(16) if code not in held_out]
            labels = [data.combination_label(code) for code in seen]
            for group in range(4):
                bits = [data.group_bits(code)[group] for code in seen]
                self.assertEqual(np.cov(bits, labels)[0, 1], 0)

    def test_combinations(self):
        (train, test, ood), held_out = data.combinations(42, 1, np.float64)
        self.assertEqual([len(s.y) for s in (train, test, ood)], [1000, 500, 500])
        for split, inside in ((train, False), (test, False), (ood, True)):
            signs = split.x.reshape(-1, 4, 5).mean(axis=2) > 0.5
            codes = signs @ [8, 4, 2, 1]
            self.assertGreater(np.mean(np.isin(codes, held_out) == inside), 0.85)
        self.assertLess(np.abs(data.combinations(42, 1, np.float32)[0][0].x - train.x).max(), 1e-6)

    def test_neighbour_vote(self):
        for seed in range(10):
            held_out = data.held_out_codes(seed, 0)
            score = 0
            for code in held_out:
                near = [data.combination_label(c) for c in range(16)
                        if c not in held_out and bin(c ^ code).count("1") == 1]
                vote = int(2 * sum(near) > len(near))
                score += 0.5 if 2 * sum(near) == len(near) else vote == data.combination_label(code)
            self.assertEqual(compgen.neighbour_vote(held_out), score / 4)

    def test_competing_features(self):
        train, test = data.competing_features(42, np.float64)
        shift = (train.x * (2 * train.y - 1)[:, None]).mean(axis=0)
        np.testing.assert_allclose(shift, [1.5] * 5 + [0.5] * 5 + [0.15] * 10, atol=0.15)
        self.assertEqual((train.x.shape, test.x.shape), ((1000, 20), (300, 20)))

    def test_gaussian_mixture(self):
        (train, _), centres = data.gaussian_mixture(42, 10, 5000, 1000, np.float64)
        for label in range(5):
            np.testing.assert_allclose(train.x[train.y == label].mean(axis=0), centres[label], atol=0.15)


TINY = {
    "compgen": {"widths": [32, 64], "depths": [1, 2], "learning_rates": [0.05], "epochs": 2, "trials": 2,
                "dropout": 0.2, "weight_decay": 0.01},
    "featrank": {"widths": [8, 16], "epochs": 3, "trials": 2},
    "neuronspec": {"widths": [8, 16], "epochs": 2, "trials": 2},
    "featcompv2": {"widths": [8, 16], "learning_rates": [0.1], "epochs": 5, "measure_every": 2},
    "repalignv2": {"widths": [8, 64], "epochs": 5, "measure_every": 2, "networks": 3},
    "microscalev2": {"widths": [8, 16], "depths": [1, 2], "epochs": 2, "fractions": [0.05, 0.1, 0.2]},
}

# Names with {W} or {D} stand for one key per width or depth of the plan.
KEYS = {
    "compgen": " ".join(f"{name} {name}_init" for name in "id_acc_w{W} ood_acc_w{W} gap_w{W} train_acc_w{W}".split())
               + " gap_diff_w64_w32 monotone heldout_mask chance neighbour_vote",
    "featrank": "eff_rank_w{W} rank_ratio_w{W} rank_ratio_init_w{W} rank_ratio_change_w{W} stable_rank_w{W} "
                "part_ratio_w{W} top1_var_w{W} top5_var_w{W} top10_var_w{W} rank_ratio_l2_w{W} monotone_final "
                "monotone_init id_acc_w{W}",
    "neuronspec": " ".join(f"{name}_w{{W}} {name}_w{{W}}_init" for name in (
        "selectivity alignment redundancy redundancy_signed eff_dim eff_dim_ratio act_sel act_sel_mean test_acc"
    ).split()) + " bound_20_over_w{W}",
    "featcompv2": "ratio_mean ratio_w{W} ratio_sizecorr_mean ratio_sizecorr_w{W} ratio_w1grad_mean ratio_w1grad_w{W} "
                  "ratio_epoch0 ratio_final strong_first_count strong_first_count_epoch0 ratio_gt1_count n_configs",
    "repalignv2": "cka_w{W} cka_64x32 cka_64x32_l1 cka_64x32_l2 cka_std_w{W} cka_init_w{W} cka_init_64x32 "
                  "cka_change_w{W} weight_dist_w{W} weight_dist_64x32 test_acc_w{W} monotone deep_below_w64 "
                  "random_feature_c",
    "microscalev2": "param_exponent_d{D} param_r2_d{D} data_exponent_d{D} data_r2_d{D} param_r2_mean data_r2_mean "
                    "param_scaling_holds data_scaling_holds bayes_loss bayes_acc n_runs",
}


def expected_keys(experiment):
    result = {"seed", "detail", "n_diverged"}
    for name in KEYS[experiment].split():
        result |= {name.format(W=w, D=d) for w in TINY[experiment]["widths"]
                   for d in TINY[experiment].get("depths", [0])}
    return result


class Experiments(unittest.TestCase):
    def test_flat_keys_and_agreement_of_the_two_precisions(self):
        for experiment, overrides in TINY.items():
            exact = oracle.compute(experiment, 42, overrides=overrides)
            fast = oracle.compute(experiment, 42, overrides=overrides, dtype=np.float32)
            self.assertEqual(set(exact), expected_keys(experiment), experiment)
            for key in set(exact) - {"detail", "seed"}:
                # Accuracies may differ by a sample or two whose logits nearly tie.
                self.assertAlmostEqual(exact[key], fast[key], delta=5e-3 * max(1, abs(exact[key])),
                                       msg=f"{experiment} {key}")

    def test_diverged_networks_are_left_out(self):
        for experiment, overrides in (
                ("featcompv2", {"widths": [64], "learning_rates": [0.01, 1], "epochs": 400, "measure_every": 200}),
                ("microscalev2", {"widths": [8, 64], "depths": [3], "learning_rate": 1, "epochs": 10})):
            result = oracle.compute(experiment, 1, overrides=overrides, dtype=np.float32)
            self.assertGreater(result["n_diverged"], 0)
            self.assertEqual(result["n_diverged"], sum(n["diverged"] for n in result["detail"]["networks"]))
            json.dumps(result, allow_nan=False)  # nothing of a diverged network leaks into the result

    def test_non_finite_networks_are_excluded_from_means(self):
        members = [{"diverged": False, "history": [{"gap": 0.25}]}, {"diverged": True, "history": []}]
        self.assertEqual(compgen.average(members, "gap"), 0.25)
        self.assertIsNone(compgen.average(members[1:], "gap"))

    def test_regularized_preset(self):
        overrides = {"widths": [8], "epochs": 1, "trials": 1}
        result = oracle.compute("compgen", 5, "regularized", overrides)
        self.assertEqual(len(result["detail"]["regularizers"]), 5)
        first = result["detail"]["regularizers"][0]
        self.assertEqual((first["dropout"], first["gap_w8"]), (0, result["gap_w8"]))
        with self.assertRaises(ValueError):
            parameters.resolve("compgen", "regularized", {"dropout": 0.1})

    def test_fixed_steps(self):
        p, _ = parameters.resolve("microscalev2", "fixed-steps", {"epochs": 3})
        self.assertEqual({run["steps"] for run in microscalev2.plan(p)}, {3 * 79})
        self.assertEqual(len(microscalev2.plan(p)), 147)

    def test_learned_epoch(self):
        history = [{"probe_a_weak": a} for a in (0.5, 0.8, 0.7)]
        self.assertEqual(featcompv2.learned_at(history, [0, 20, 40], "weak"), 20)
        self.assertEqual(featcompv2.learned_at(history[:1], [0], "weak"), math.inf)

    def test_pareto_frontier(self):
        runs = [{"network": n, "diverged": False, "compute": c, "final": {"test_loss": loss}}
                for n, (c, loss) in enumerate([(1, 3.0), (2, 2.0), (2, 1.0), (3, 1.0), (4, 0.5)])]
        self.assertEqual(microscalev2.pareto_frontier(runs), [0, 2, 3, 4])

    def test_bounds(self):
        for bad in ({"widths": [32, 16]}, {"widths": []}, {"widths": [3]}, {"epochs": 0}, {"epochs": 1.5},
                    {"learning_rate": 0.1}, {"unknown": 1}):
            with self.assertRaises(ValueError):
                parameters.resolve("compgen", "default", bad)

    def test_command_line(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            oracle.main(["neuronspec", "--seed", "42", "--seeds", "2", "--set", "widths=[8]", "--set", "epochs=1"])
        result = json.loads(output.getvalue())
        self.assertEqual(result["parameters"]["epochs"], 1)
        self.assertEqual([s["seed"] for s in result["seeds"]], [str(s) for s in streams.work_unit_seeds(42, 2)])


if __name__ == "__main__":
    unittest.main()
