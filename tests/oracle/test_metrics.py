"""Self-checks of the metrics against literal formulas and known properties."""

import math
import unittest

import numpy as np

import metrics


class Spectrum(unittest.TestCase):
    def test_orthonormal_columns_have_full_rank(self):
        q = np.linalg.qr(np.random.RandomState(0).standard_normal((50, 8)))[0]
        values = metrics.spectrum(q)
        for name in ("eff_rank", "stable_rank", "part_ratio"):
            self.assertAlmostEqual(values[name], 8)
        self.assertAlmostEqual(values["rank_ratio"], 1)
        self.assertAlmostEqual(values["top5_var"], 5 / 8)
        self.assertAlmostEqual(values["top10_var"], 1)

    def test_rank_one(self):
        values = metrics.spectrum(np.outer(np.arange(1, 9), np.ones(6)))
        for name in ("stable_rank", "part_ratio", "top1_var"):
            self.assertAlmostEqual(values[name], 1)
        self.assertAlmostEqual(values["eff_rank"], 1, places=5)

    def test_zero(self):
        self.assertFalse(any(metrics.spectrum(np.zeros((5, 4))).values()))

    def test_against_singular_values(self):
        h = np.random.RandomState(1).standard_normal((40, 7))
        sigma = np.linalg.svd(h, compute_uv=False)
        p = sigma / sigma.sum()
        self.assertAlmostEqual(metrics.spectrum(h)["eff_rank"], math.exp(-np.sum(p * np.log(p))))


class Neurons(unittest.TestCase):
    def test_against_loops(self):
        w = np.random.RandomState(2).standard_normal((20, 9))
        w[:, 4] = 0
        selective, alignment, cosines = 0, 0, []
        for n in range(9):
            column = w[:, n]
            rms = math.sqrt(np.mean(column**2))
            selective += np.mean([abs(v) > rms for v in column])
            total = np.abs(column).sum()
            alignment += max(np.abs(column[g:g + 5]).sum() for g in range(0, 20, 5)) / total if total else 0
            for m in range(n + 1, 9):
                norms = np.linalg.norm(column) * np.linalg.norm(w[:, m])
                cosines.append(column @ w[:, m] / norms if norms else 0)
        eigenvalues = np.linalg.eigvalsh(np.cov(w))
        values = metrics.neuron_specialization(w)
        self.assertAlmostEqual(values["selectivity"], 1 - selective / 9)
        self.assertAlmostEqual(values["alignment"], alignment / 9)
        self.assertAlmostEqual(values["redundancy"], np.mean(np.abs(cosines)))
        self.assertAlmostEqual(values["redundancy_signed"], np.mean(cosines))
        self.assertAlmostEqual(values["eff_dim"], eigenvalues.sum() ** 2 / np.sum(eigenvalues**2))

    def test_activation_selectivity(self):
        random = np.random.RandomState(3)
        h, x = random.standard_normal((60, 4)), random.standard_normal((60, 5))
        correlation = np.abs(np.corrcoef(h.T, x.T)[:4, 4:])
        best, overall = metrics.activation_selectivity(h, x)
        self.assertAlmostEqual(best, correlation.max(axis=1).mean())
        self.assertAlmostEqual(overall, correlation.mean())
        h[:, 0] = 7  # a dead unit counts as uncorrelated
        self.assertAlmostEqual(metrics.activation_selectivity(h, x)[1], correlation[1:].sum() / 20)


class Alignment(unittest.TestCase):
    def setUp(self):
        self.a = np.random.RandomState(4).standard_normal((30, 6))

    def test_invariances(self):
        rotation = np.linalg.qr(np.random.RandomState(5).standard_normal((6, 6)))[0]
        self.assertAlmostEqual(metrics.linear_cka([self.a, 3 * self.a @ rotation + 2])[0], 1)

    def test_against_formula(self):
        others = np.random.RandomState(6).standard_normal((3, 30, 6))
        got = metrics.linear_cka(others)
        centred = [b - b.mean(axis=0) for b in others]
        norm = np.linalg.norm
        expected = [norm(centred[i].T @ centred[j]) ** 2
                    / (norm(centred[i].T @ centred[i]) * norm(centred[j].T @ centred[j]))
                    for i in range(3) for j in range(i + 1, 3)]
        np.testing.assert_allclose(got, expected, rtol=1e-12)

    def test_constant_activations(self):
        self.assertEqual(metrics.linear_cka([self.a, np.ones((30, 6))]), [0.0])


class Fits(unittest.TestCase):
    def test_ridge_is_least_squares_of_the_augmented_system(self):
        random = np.random.RandomState(7)
        h, targets = random.standard_normal((40, 5)), random.standard_normal((40, 3))
        a = np.hstack([h, np.ones((40, 1))])
        penalty = 1e-3 * np.trace(h.T @ h) / 5 + 1e-9
        augmented = np.vstack([a, math.sqrt(penalty) * np.eye(6)])
        expected = np.linalg.lstsq(augmented, np.vstack([targets, np.zeros((6, 3))]), rcond=None)[0]
        np.testing.assert_allclose(metrics.ridge(a, targets), expected, rtol=1e-9)
        np.testing.assert_allclose(metrics.ridge(a, targets[:, 0]), expected[:, 0], rtol=1e-9)

    def test_ordinary_least_squares(self):
        x = np.array([1.0, 2, 4, 7])
        y = np.array([3.0, 2.5, 1, 0.2])
        slope, r2 = metrics.ordinary_least_squares(x, y)
        self.assertAlmostEqual(slope, np.polyfit(x, y, 1)[0])
        self.assertAlmostEqual(r2, np.corrcoef(x, y)[0, 1] ** 2)
        self.assertEqual(metrics.ordinary_least_squares([1], [2]), (None, None))
        self.assertEqual(metrics.ordinary_least_squares([1, 1], [2, 3]), (None, None))

    def test_bayes_classifier(self):
        random = np.random.RandomState(8)
        centres, y = random.standard_normal((3, 2)), random.randint(0, 3, 20)
        x = centres[y] + random.standard_normal((20, 2))
        loss = right = 0
        for sample, label in zip(x, y):
            density = [math.exp(-0.5 * np.sum((sample - c) ** 2)) for c in centres]
            loss -= math.log(density[label] / sum(density)) / 20
            right += (density.index(max(density)) == label) / 20
        got = metrics.bayes_classifier(x, y, centres)
        self.assertAlmostEqual(got[0], loss)
        self.assertAlmostEqual(got[1], right)


class Basics(unittest.TestCase):
    def test_cross_entropies(self):
        z = np.array([[1000.0, 0.0], [0.3, -0.4]])
        np.testing.assert_allclose(metrics.cross_entropy(z, np.array([1, 0])), [1000, math.log(1 + math.exp(-0.7))])
        z = np.array([-1000.0, 1000.0, 0.7])
        np.testing.assert_allclose(metrics.binary_cross_entropy(z, np.array([1, 1, 0])),
                                   [1000, 0, math.log(1 + math.exp(0.7))])

    def test_first_largest_logit_wins(self):
        self.assertEqual(metrics.accuracy(np.array([[1.0, 1.0], [0.0, 2.0]]), np.array([0, 1])), 1)

    def test_means_and_monotony(self):
        self.assertIsNone(metrics.mean([None]))
        self.assertEqual(metrics.mean([1, None, 3]), 2)
        self.assertAlmostEqual(metrics.sample_sd([1, 2, 3]), 1)
        self.assertEqual(metrics.strictly_increasing([1, None, 2]), 1)
        self.assertEqual(metrics.strictly_increasing([1, 1]), 0)
        self.assertIsNone(metrics.strictly_increasing([1, None]))
        self.assertEqual(metrics.strictly_decreasing([3, 2, 1]), 1)


if __name__ == "__main__":
    unittest.main()
