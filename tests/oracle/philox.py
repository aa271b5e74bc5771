"""Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC'11), vectorised over blocks."""

import numpy as np

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = 0x9E3779B9
_WEYL_1 = 0xBB67AE85
_LOW_HALF = np.uint64(0xFFFFFFFF)
_HALF_BITS = np.uint64(32)
_ROUNDS = 10


def philox4x32(counter, key):
    """Encrypts counters: four integer arrays of broadcastable shapes S, and a key of two 32-bit integers.

    Returns a uint32 array of shape S + (4,), the four output words last.
    """
    shape = np.broadcast_shapes(*(np.shape(word) for word in counter))
    # 64-bit lanes hold the full 32x32-bit products; every lane stays below 2^32 between rounds.
    c0, c1, c2, c3 = (np.array(np.broadcast_to(word, shape), dtype=np.uint64) for word in counter)
    product_0, product_1 = np.empty(shape, np.uint64), np.empty(shape, np.uint64)
    k0, k1 = int(key[0]), int(key[1])
    for _ in range(_ROUNDS):
        np.multiply(c0, _MULTIPLIER_0, out=product_0)
        np.multiply(c2, _MULTIPLIER_1, out=product_1)
        np.right_shift(product_1, _HALF_BITS, out=c0)
        np.bitwise_xor(c0, c1, out=c0)
        np.bitwise_xor(c0, np.uint64(k0), out=c0)
        np.bitwise_and(product_1, _LOW_HALF, out=c1)
        np.right_shift(product_0, _HALF_BITS, out=c2)
        np.bitwise_xor(c2, c3, out=c2)
        np.bitwise_xor(c2, np.uint64(k1), out=c2)
        np.bitwise_and(product_0, _LOW_HALF, out=c3)
        k0 = (k0 + _WEYL_0) & 0xFFFFFFFF
        k1 = (k1 + _WEYL_1) & 0xFFFFFFFF
    words = np.empty(shape + (4,), np.uint32)
    for position, word in enumerate((c0, c1, c2, c3)):
        words[..., position] = word
    return words
