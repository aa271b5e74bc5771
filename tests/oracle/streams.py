"""Random streams by purpose: every draw is a pure function of (seed, trial, network, purpose, epoch, index).

`trial`, `network` and `epoch` may be integers or arrays that broadcast to a shape S; every draw then has
shape S + (count,), one stream per element of S.
"""

import numpy as np

from philox import philox4x32

SEED_MIXING = 0
HELD_OUT_PAIRS = 1
CLASS_CENTRES = 2
LABELS = 3
FEATURES = 4
INITIAL_WEIGHTS = 5
PERMUTATION = 6
DROPOUT = 7

TRAIN, TEST, OOD_TEST = 0, 1, 2  # splits, in the epoch word of LABELS and FEATURES

_BLOCKS_AT_ONCE = 1 << 14  # keeps the working arrays of one Philox call in the cache
_STREAMS_AT_ONCE = 256  # likewise for the Fisher-Yates shuffles


def words(seed, purpose, count, trial=0, network=0, epoch=0):
    """The first `count` 32-bit words of each stream: uint32 array of shape S + (count,)."""
    trial, network, epoch = np.broadcast_arrays(trial, network, epoch)
    shape = trial.shape
    key = (seed & 0xFFFFFFFF, seed >> 32)
    counter_1 = epoch.reshape(-1, 1)
    counter_2 = network.reshape(-1, 1)
    counter_3 = trial.reshape(-1, 1) * 256 + purpose
    streams, blocks = counter_1.shape[0], -(-count // 4)
    result = np.empty((streams, blocks, 4), np.uint32)
    block_step = min(blocks, _BLOCKS_AT_ONCE)
    stream_step = max(1, _BLOCKS_AT_ONCE // max(1, block_step))
    for s in range(0, streams, stream_step):
        some = slice(s, s + stream_step)
        for b in range(0, blocks, max(1, block_step)):
            block = np.arange(b, min(b + block_step, blocks)).reshape(1, -1)
            counter = (block, counter_1[some], counter_2[some], counter_3[some])
            result[some, b:b + block_step] = philox4x32(counter, key)
    return result.reshape(streams, blocks * 4)[:, :count].reshape(shape + (count,))


def uniforms(seed, purpose, count, **stream):
    """Uniform numbers in [0, 1): float64 array of shape S + (count,), exact multiples of 2^-24."""
    return (words(seed, purpose, count, **stream) >> 8) * 2.0**-24


def below(seed, purpose, count, bound, **stream):
    """Integers in [0, bound): int64 array of shape S + (count,); `bound` may be an array of shape (count,)."""
    product = words(seed, purpose, count, **stream).astype(np.uint64) * np.asarray(bound, np.uint64)
    return (product >> np.uint64(32)).astype(np.int64)


def normals(seed, purpose, count, dtype=np.float64, **stream):
    """Standard normals by Box-Muller in float64, rounded to `dtype` at the end: shape S + (count,)."""
    even = count + count % 2  # whole (cosine, sine) pairs
    word = words(seed, purpose, even, **stream)
    radius = np.sqrt(-2.0 * np.log(((word[..., 0::2] >> 8) + 1.0) * 2.0**-24))
    angle = (2.0 * np.pi * 2.0**-24) * (word[..., 1::2] >> 8)
    result = np.empty(word.shape, dtype)
    result[..., 0::2] = radius * np.cos(angle)
    result[..., 1::2] = radius * np.sin(angle)
    return result[..., :count]


def permutations(seed, samples, trial=0, network=0, epoch=0):
    """Fisher-Yates permutations of 0 .. samples-1: int32 array of shape S + (samples,).

    The swaps of one permutation depend on each other, so the loop runs over positions and each swap is made in
    many permutations at once.
    """
    trial, network, epoch = np.broadcast_arrays(trial, network, epoch)
    shape = trial.shape
    trial, network, epoch = trial.ravel(), network.ravel(), epoch.ravel()
    result = np.empty((trial.size, samples), np.int32)
    for s in range(0, trial.size, _STREAMS_AT_ONCE):
        some = slice(s, s + _STREAMS_AT_ONCE)
        partner = below(seed, PERMUTATION, samples, np.arange(1, samples + 1),
                        trial=trial[some], network=network[some], epoch=epoch[some])
        columns = partner.shape[0]
        # Position-major layout: row i holds element i of every permutation.
        partner = np.ascontiguousarray(partner.T) * columns + np.arange(columns)
        order = np.repeat(np.arange(samples, dtype=np.int32)[:, None], columns, axis=1)
        flat = order.reshape(-1)
        for i in range(samples - 1, 0, -1):
            swapped = flat[partner[i]]
            flat[partner[i]] = order[i]
            order[i] = swapped
        result[some] = order.T
    return result.reshape(shape + (samples,))


def work_unit_seeds(seed, count):
    """The `count` 64-bit seeds of a work unit whose 0-th seed is `seed`."""
    word = words(seed, SEED_MIXING, 4 * count).reshape(count, 4)
    return [seed] + [int(word[i, 0]) | int(word[i, 1]) << 32 for i in range(1, count)]
