"""Metrics, all in float64. Arrays may carry leading dimensions where a docstring shows them as (...)."""

import numpy as np


def accuracy(logits, labels):
    """Share of samples whose first largest logit is the label: logits (..., n, classes), labels (..., n) -> (...)."""
    return np.mean(np.argmax(logits, axis=-1) == labels, axis=-1)


def cross_entropy(logits, labels):
    """Per-sample softmax cross-entropy: logits (..., n, classes), labels (..., n) -> (..., n)."""
    z = np.asarray(logits, np.float64)
    z = z - z.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(z, np.broadcast_to(labels[..., None], z.shape[:-1] + (1,)), axis=-1)[..., 0]
    return np.log(np.exp(z).sum(axis=-1)) - chosen


def binary_cross_entropy(z, labels):
    """Per-sample sigmoid cross-entropy, stable for large |z|: z, labels (..., n) -> (..., n)."""
    z = np.asarray(z, np.float64)
    return np.maximum(z, 0) - z * labels + np.log1p(np.exp(-np.abs(z)))


def mean(values):
    """Mean of the values that exist, or None."""
    present = [float(v) for v in values if v is not None]
    return sum(present) / len(present) if present else None


def sample_sd(values):
    """Standard deviation with n - 1, or None for fewer than two values."""
    present = [float(v) for v in values if v is not None]
    return float(np.std(present, ddof=1)) if len(present) > 1 else None


def difference(a, b):
    return None if a is None or b is None else a - b


def strictly_increasing(values):
    """1 or 0, None if fewer than two values exist."""
    present = [v for v in values if v is not None]
    return int(all(a < b for a, b in zip(present, present[1:]))) if len(present) > 1 else None


def strictly_decreasing(values):
    return strictly_increasing([None if v is None else -v for v in values])


def spectrum(h):
    """Rank measures of activations h (n, W), not centred, from the eigenvalues of h^T h."""
    h = np.asarray(h, np.float64)
    power = np.maximum(np.linalg.eigvalsh(h.T @ h)[::-1], 0)  # squared singular values, descending
    total = power.sum()
    names = ("eff_rank", "rank_ratio", "stable_rank", "part_ratio", "top1_var", "top5_var", "top10_var")
    if total == 0:
        return dict.fromkeys(names, 0.0)
    sigma = np.sqrt(power)
    p = sigma / sigma.sum()
    p = p[p >= 1e-12]
    rank = np.exp(-np.sum(p * np.log(p)))
    tops = [power[:k].sum() / total for k in (1, 5, 10)]
    values = [rank, rank / h.shape[1], total / power[0], total**2 / np.sum(power**2)] + tops
    return {name: float(value) for name, value in zip(names, values)}


def neuron_specialization(w, groups=4):
    """Measures on the columns of the first weight matrix w (inputs, W), inputs in equal consecutive groups."""
    w = np.asarray(w, np.float64)
    inputs, width = w.shape
    magnitude = np.abs(w)
    rms = np.sqrt(np.mean(w**2, axis=0))
    selectivity = 1 - np.mean(magnitude > rms)
    by_group = magnitude.reshape(groups, inputs // groups, width).sum(axis=1)
    alignment = np.mean(ratio(by_group.max(axis=0), magnitude.sum(axis=0)))
    norm = np.sqrt(np.sum(w**2, axis=0))
    cosine = ratio(w.T @ w, np.outer(norm, norm))[np.triu_indices(width, 1)]
    centred = w - w.mean(axis=1, keepdims=True)
    covariance = centred @ centred.T / width
    dimension = float(ratio(np.trace(covariance) ** 2, np.sum(covariance**2)))
    return {
        "selectivity": float(selectivity), "alignment": float(alignment),
        "redundancy": float(np.mean(np.abs(cosine))), "redundancy_signed": float(np.mean(cosine)),
        "eff_dim": dimension, "eff_dim_ratio": dimension / width,
    }


def ratio(numerator, denominator):
    """Element-wise quotient, 0 where the denominator is 0."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    return np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=denominator != 0)


def activation_selectivity(h, x):
    """|correlation| of activations h (n, W) with inputs x (n, inputs): (mean of maxima, overall mean)."""
    h, x = np.asarray(h, np.float64), np.asarray(x, np.float64)
    h, x = h - h.mean(axis=0), x - x.mean(axis=0)
    sd_h = np.maximum(np.sqrt(np.mean(h**2, axis=0)), 1e-9)
    sd_x = np.maximum(np.sqrt(np.mean(x**2, axis=0)), 1e-9)
    correlation = np.abs(h.T @ x / len(h) / np.outer(sd_h, sd_x))
    return float(np.mean(correlation.max(axis=1))), float(np.mean(correlation))


def linear_cka(activations):
    """Linear CKA of every pair among activations (K, n, W), columns centred: list in order (0,1), (0,2), ..."""
    a = np.asarray(activations, np.float64)
    count, n, width = a.shape
    a = a - a.mean(axis=1, keepdims=True)
    joint = a.swapaxes(0, 1).reshape(n, count * width)
    # One product gives every block A_i^T A_j; BLAS uses its symmetry.
    blocks = (joint.T @ joint).reshape(count, width, count, width)
    squares = np.einsum("iajb,iajb->ij", blocks, blocks)
    own = np.sqrt(np.diag(squares))
    cka = ratio(squares, np.outer(own, own))
    return [float(cka[i, j]) for i in range(count) for j in range(i + 1, count)]


def ridge(a, targets):
    """Ridge regression of targets (n,) or (n, t) on a = [h 1] (n, W + 1): coefficients (W + 1,) or (W + 1, t).

    The penalty is relative to the mean squared activation and applies to the bias, too.
    """
    a = np.asarray(a, np.float64)
    gram = a.T @ a
    width = a.shape[1] - 1
    penalty = 1e-3 * np.trace(gram[:width, :width]) / width + 1e-9
    gram[np.diag_indices(width + 1)] += penalty
    return np.linalg.solve(gram, a.T @ targets)


def predict(a, coefficients):
    """Values of a linear model on a = [h 1] (n, W + 1)."""
    return np.asarray(a, np.float64) @ coefficients


def ordinary_least_squares(x, y):
    """(slope, R^2) of y on x with an intercept; None where undefined."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(x) < 2:
        return None, None
    dx, dy = x - x.mean(), y - y.mean()
    sxx, syy = np.sum(dx * dx), np.sum(dy * dy)
    if sxx == 0:
        return None, None
    slope = np.sum(dx * dy) / sxx
    return float(slope), (float(1 - np.sum((dy - slope * dx) ** 2) / syy) if syy > 0 else None)


def bayes_classifier(x, labels, centres):
    """(loss, accuracy) of the exact posterior of a mixture with equal priors and unit covariance."""
    x = np.asarray(x, np.float64)
    log_density = -0.5 * np.sum((x[:, None, :] - centres[None]) ** 2, axis=-1)
    return float(np.mean(cross_entropy(log_density, labels))), float(accuracy(log_density, labels))
