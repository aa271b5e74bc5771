"""The data sets of the experiments.

Arithmetic is float64 on normals of `dtype`; results are rounded once to `dtype`. So float32 data are what a
float32 client with single roundings computes, and float64 data are the same numbers without rounding.
"""

from dataclasses import dataclass

import numpy as np

import streams
from streams import OOD_TEST, TEST, TRAIN

GROUPS = 4
GROUP_SIZE = 5
GROUPED_FEATURES = GROUPS * GROUP_SIZE

# Bitwise-complement pairs of codes s0s1s2s3 that may be held out: [class][choice].
HELD_OUT_PAIRS = (((0b0001, 0b1110), (0b0010, 0b1101)), ((0b0101, 0b1010), (0b0110, 0b1001)))

COMPETITION_GROUPS = {"strong": slice(0, 5), "medium": slice(5, 10), "weak": slice(10, 20)}
_COMPETITION_SHIFTS = {"strong": 1.5, "medium": 0.5, "weak": 0.15}  # half of the signal-to-noise ratios 3, 1, 0.3


@dataclass
class Split:
    """Samples x (n, features) with integer labels y (n,)."""

    x: np.ndarray
    y: np.ndarray


def float32_constant(value):
    """The float64 value of a constant that the client holds in float32."""
    return float(np.float32(value))


def group_bits(code):
    """(s0, s1, s2, s3) of a combination's code 8 s0 + 4 s1 + 2 s2 + s3."""
    return tuple(code >> shift & 1 for shift in (3, 2, 1, 0))


def combination_label(code):
    s0, s1, s2, s3 = group_bits(code)
    return s0 ^ s1 ^ (s2 & s3)


def held_out_codes(seed, trial):
    """The four held-out combinations of a trial, ascending."""
    choice = streams.below(seed, streams.HELD_OUT_PAIRS, 2, 2, trial=trial)
    return sorted(HELD_OUT_PAIRS[0][choice[0]] + HELD_OUT_PAIRS[1][choice[1]])


def _combination_split(seed, trial, split, samples, codes, dtype):
    codes = np.array(codes)[streams.below(seed, streams.LABELS, samples, len(codes), trial=trial, epoch=split)]
    signs = np.array([group_bits(code) for code in range(16)], np.float64)[codes]  # (samples, 4)
    noise = streams.normals(seed, streams.FEATURES, samples * GROUPED_FEATURES, dtype, trial=trial, epoch=split)
    noise = noise.reshape(samples, GROUPED_FEATURES).astype(np.float64)
    x = 0.5 * noise + np.repeat(signs, GROUP_SIZE, axis=1)
    return Split(x.astype(dtype), np.array([combination_label(code) for code in range(16)])[codes])


def combinations(seed, trial, dtype):
    """compgen and featrank: ([train, ID test, OOD test], held-out codes)."""
    held_out = held_out_codes(seed, trial)
    seen = [code for code in range(16) if code not in held_out]
    plan = ((TRAIN, 1000, seen), (TEST, 500, seen), (OOD_TEST, 500, held_out))
    return [_combination_split(seed, trial, split, n, codes, dtype) for split, n, codes in plan], held_out


def left_to_right_sum(columns):
    """Row sums of (n, k) added from left to right in the dtype of `columns`: (n,)."""
    total = columns[:, 0].copy()
    for j in range(1, columns.shape[1]):
        total += columns[:, j]
    return total


def sign_xor(seed, trial, dtype):
    """neuronspec: [train, test], label = XOR of the signs of the first two group sums."""
    result = []
    for split, samples in ((TRAIN, 1000), (TEST, 500)):
        x = streams.normals(seed, streams.FEATURES, samples * GROUPED_FEATURES, dtype, trial=trial, epoch=split)
        x = np.ascontiguousarray(x.reshape(samples, GROUPED_FEATURES))
        y = (left_to_right_sum(x[:, 0:5]) > 0) ^ (left_to_right_sum(x[:, 5:10]) > 0)
        result.append(Split(x, y.astype(np.int64)))
    return result


def competing_features(seed, dtype):
    """featcompv2: [train, test], three groups of features that carry the label with different strength."""
    shift = np.empty(20)
    for group, features in COMPETITION_GROUPS.items():
        shift[features] = float32_constant(_COMPETITION_SHIFTS[group])
    result = []
    for split, samples in ((TRAIN, 1000), (TEST, 300)):
        y = streams.below(seed, streams.LABELS, samples, 2, epoch=split)
        noise = streams.normals(seed, streams.FEATURES, samples * 20, dtype, epoch=split).reshape(samples, 20)
        x = shift * (2 * y - 1)[:, None] + noise.astype(np.float64)
        result.append(Split(x.astype(dtype), y))
    return result


def gaussian_mixture(seed, features, train, test, dtype, classes=5):
    """repalignv2 and microscalev2: ([train, test], centres (classes, features) as float64)."""
    centres = streams.normals(seed, streams.CLASS_CENTRES, classes * features, dtype)
    centres = 2.0 * centres.reshape(classes, features).astype(np.float64)
    result = []
    for split, samples in ((TRAIN, train), (TEST, test)):
        y = streams.below(seed, streams.LABELS, samples, classes, epoch=split)
        noise = streams.normals(seed, streams.FEATURES, samples * features, dtype, epoch=split)
        x = centres[y] + noise.reshape(samples, features).astype(np.float64)
        result.append(Split(x.astype(dtype), y))
    return result, centres
