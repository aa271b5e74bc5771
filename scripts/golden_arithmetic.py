#!/usr/bin/env python3
"""Writes tests/golden/streams.txt and tests/golden/functions.txt.

Run:  python3 scripts/golden_arithmetic.py    (standard library only)

A second, independent implementation: Philox and the streams after docs/RANDOM_STREAMS.md, and the
float functions in exact rational arithmetic, every operation rounded once to binary32. The C++ code
has to give the same bits. The bounds of functions.txt are not computed here: they are measured by
functions_exhaustive_test over all inputs, and kept when the file is written anew.
"""
import math
import pathlib
import random
import struct
from fractions import Fraction

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
MASK32 = 0xFFFFFFFF


# ---- binary32 -----------------------------------------------------------------------------------


def bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def number(pattern):
    return struct.unpack("<f", struct.pack("<I", pattern & MASK32))[0]


def rounded(q, zero):
    """Fraction to binary32, nearest even. An exact zero becomes `zero`."""
    if q == 0:
        return zero
    sign, q = (-1.0 if q < 0 else 1.0), abs(q)
    exponent = q.numerator.bit_length() - q.denominator.bit_length()
    if Fraction(2) ** exponent > q:
        exponent -= 1
    last = max(exponent - 23, -149)
    significand = round(q / Fraction(2) ** last)  # Python rounds a half to even
    if significand * Fraction(2) ** last >= Fraction(2) ** 128:
        return sign * math.inf
    return sign * math.ldexp(significand, last)


def finite(*values):
    return all(math.isfinite(v) for v in values)


def add(a, b):
    return rounded(Fraction(a) + Fraction(b), a + b) if finite(a, b) else a + b


def sub(a, b):
    return add(a, -b)


def mul(a, b):
    return rounded(Fraction(a) * Fraction(b), a * b) if finite(a, b) else a * b


def div(a, b):
    return rounded(Fraction(a) / Fraction(b), a / b) if finite(a, b) else a / b


def fma(a, b, c):
    if not finite(a, b, c):
        return a * b + c
    return rounded(Fraction(a) * Fraction(b) + Fraction(c), a * b + c)


def sqrt(a):
    """Nearest binary32 by comparing squares: exact."""
    guess = number(bits(math.sqrt(a)))
    if a == 0.0 or not finite(a):
        return guess
    for pattern in (bits(guess) - 1, bits(guess), bits(guess) + 1):
        below, here, above = (Fraction(number(pattern + i)) for i in (-1, 0, 1))
        if ((below + here) / 2) ** 2 <= Fraction(a) <= ((here + above) / 2) ** 2:
            return number(pattern)
    raise ArithmeticError(a)


def signed(pattern):
    pattern &= MASK32
    return pattern - (1 << 32) if pattern >> 31 else pattern


def f32(text):
    """A hexadecimal constant, rounded to binary32."""
    return number(bits(float.fromhex(text)))


def horner(x, *coefficients):
    """Highest degree first."""
    value = f32(coefficients[0])
    for c in coefficients[1:]:
        value = fma(value, x, f32(c))
    return value


# ---- functions (client/arithmetic/functions.h) --------------------------------------------------

MAGIC = 1.5 * 2**23
MAGIC_BITS = bits(MAGIC)


def exp(x):
    x = -110.0 if x < -110.0 else 100.0 if x > 100.0 else x
    if x != x:
        return x
    t = fma(x, f32("0x1.715476p+0"), MAGIC)
    n = sub(t, MAGIC)
    r_high = fma(n, f32("-0x1.62e430p-1"), x)
    r_low = mul(n, f32("0x1.05c610p-29"))
    r = add(r_high, r_low)
    q = horner(r, "0x1.6abe02p-10", "0x1.123d86p-7", "0x1.555858p-5", "0x1.55548cp-3",
               "0x1.fffffcp-2")
    e = add(1.0, add(r_high, fma(mul(r, r), q, r_low)))
    n = int(n)
    return mul(mul(e, 2.0 ** (n >> 1)), 2.0 ** (n - (n >> 1)))


def log(x):
    if x != x or x < 0:
        return math.nan
    if x == 0:
        return -math.inf
    if x == math.inf:
        return x
    tiny = x < 2.0**-126
    offset = signed(bits(mul(x, 2.0**23) if tiny else x) - 0x3F2AAAAB)
    f = sub(number((offset & 0x7FFFFF) + 0x3F2AAAAB), 1.0)
    k = float((offset >> 23) - (23 if tiny else 0))
    p = horner(f, "-0x1.dd1580p-4", "0x1.f011c8p-4", "-0x1.8c25fep-4", "0x1.b78216p-4",
               "-0x1.000c8ep-3", "0x1.24ff6ap-3", "-0x1.555792p-3", "0x1.999708p-3",
               "-0x1.000004p-2", "0x1.555558p-2")
    f2 = mul(f, f)
    small = fma(mul(f2, f), p, mul(k, f32("0x1.7f7d1cp-20")))
    small = fma(f2, -0.5, small)
    k_ln2 = mul(k, f32("0x1.62e400p-1"))
    large = add(k_ln2, f)
    lost = sub(f, sub(large, k_ln2))
    return add(large, add(lost, small))


def sigmoid(x):
    e = exp(sub(0.0, abs(x)))
    return div(e if x < 0 else 1.0, add(1.0, e))


def sincos_turns(u):
    if not abs(u) <= 2.0**21:
        return math.nan, math.nan
    turn = sub(u, sub(add(u, MAGIC), MAGIC))
    t = fma(turn, 4.0, MAGIC)
    f = fma(sub(t, MAGIC), -0.25, turn)
    g = mul(f, f)
    s = horner(g, "0x1.443a1cp+5", "-0x1.32adaap+6", "0x1.466b78p+6", "-0x1.4abbcep+5",
               "-0x1.777a5cp-23")
    s = fma(f, f32("0x1.921fb6p+2"), mul(f, s))
    c = horner(g, "0x1.d4f7eap+5", "-0x1.55b2b6p+6", "0x1.03c1b0p+6", "-0x1.3bd3ccp+4", "0x1p0")
    quarter = (bits(t) - MAGIC_BITS) & 3
    return [(s, c), (c, -s), (-s, -c), (-c, s)][quarter]


def sine(u):
    return sincos_turns(u)[0]


def cosine(u):
    return sincos_turns(u)[1]


# ---- streams (docs/RANDOM_STREAMS.md) -----------------------------------------------------------


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK32, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK32]
        k = [(k[0] + 0x9E3779B9) & MASK32, (k[1] + 0xBB67AE85) & MASK32]
    return c


class Stream:
    def __init__(self, seed, trial, network, purpose, epoch):
        self.key = (seed & MASK32, seed >> 32)
        self.rest = (epoch, network, trial * 256 + purpose)

    def word(self, i):
        return philox((i // 4, *self.rest), self.key)[i % 4]

    def uniform(self, i):
        return (self.word(i) >> 8) / 2**24

    def below(self, i, n):
        return (self.word(i) * n) >> 32

    def normal(self, i):
        first = i - i % 2
        u1 = ((self.word(first) >> 8) + 1) / 2**24
        u2 = (self.word(first + 1) >> 8) / 2**24
        radius = sqrt(mul(-2.0, log(u1)))
        s, c = sincos_turns(u2)
        return mul(radius, s if i % 2 else c)

    def permutation(self, n):
        p = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.below(i, i + 1)
            p[i], p[j] = p[j], p[i]
        return p


# ---- files --------------------------------------------------------------------------------------


def write_streams():
    lines = ["# Random streams. Provenance: scripts/golden_arithmetic.py, an independent",
             "# implementation of docs/RANDOM_STREAMS.md. Floats are bit patterns in hexadecimal.",
             "# stream SEED TRIAL NETWORK PURPOSE EPOCH, then draws of that stream:",
             "# word|uniform|normal INDEX VALUE, below INDEX N VALUE, permutation N VALUES..."]
    streams = [(0, 0, 0, 4, 0), (42, 0, 0, 5, 1), (0xFFFFFFFFFFFFFFFF, 15, 146, 7, 1999),
               (0x0123456789ABCDEF, 2, 7, 3, 2), (20240229, 1, 3, 6, 17)]
    for parameters in streams:
        stream = Stream(*parameters)
        lines.append("stream " + " ".join(map(str, parameters)))
        for i in (0, 1, 2, 3, 4, 255, 256, 257, 1023, 65537, MASK32):
            lines.append(f"word {i} {stream.word(i):08x}")
        for i in (0, 1, 6, 1000):
            lines.append(f"uniform {i} {bits(stream.uniform(i)):08x}")
        for i in (*range(12), 254, 255, 256, 257, 258, 511, 512, 1021):
            lines.append(f"normal {i} {bits(stream.normal(i)):08x}")
        for i, n in ((0, 2), (1, 5), (5, 12), (255, 1000), (256, 4), (777, 2**31 - 1)):
            lines.append(f"below {i} {n} {stream.below(i, n)}")
        for n in (1, 2, 7, 40):
            lines.append(f"permutation {n} " + " ".join(map(str, stream.permutation(n))))
    lines.append("# mixed SEED I VALUE")
    for seed, i in ((42, 0), (42, 1), (42, 2), (0xFFFFFFFFFFFFFFFF, 1), (0, 1000)):
        words = philox((i, 0, 0, 0), (seed & MASK32, seed >> 32))
        lines.append(f"mixed {seed} {i} {seed if i == 0 else words[1] << 32 | words[0]}")
    (GOLDEN / "streams.txt").write_text("\n".join(lines) + "\n")


def inputs(name, generator):
    """Edge cases, then bit patterns over the whole range and values in the useful range."""
    infinity = 0x7F800000
    edges = [0, 1, 2, 0x007FFFFF, 0x00800000, 0x3F7FFFFF, 0x3F800000, 0x3F800001, 0x7F7FFFFF,
             infinity]
    patterns = edges + [p | 0x80000000 for p in edges] + [0x7FC00000]
    special = {
        "exp": [88.72283, 88.72284, -87.33654, -87.33655, -103.97207, -103.97208, 0.34657359,
                -0.34657359, 100.0, -110.0],
        "log": [2 / 3, 4 / 3, 0.6666666, 1.3333334, 2.0, 10.0, 1e-30, 1e30],
        "sigmoid": [16.635532, -16.635532, 88.8, -88.8, -103.9, -104.1, 1.0, -1.0],
        "sine": [i / 8 for i in range(-9, 10)] + [2.0**21, -(2.0**21), 2.0**21 + 0.25, 0.12499999],
    }
    special["cosine"] = special["sine"]
    patterns += [bits(v) for v in special[name]]
    span = {"exp": (-104, 89), "log": (0, 4), "sigmoid": (-30, 30), "sine": (-1, 1),
            "cosine": (-1, 1)}
    patterns += [bits(generator.uniform(*span[name])) for _ in range(50)]
    patterns += [generator.randrange(0x7F800000) | generator.choice((0, 0x80000000))
                 for _ in range(20)]
    return patterns


def write_functions():
    path = GOLDEN / "functions.txt"
    bounds = [line for line in path.read_text().splitlines() if line.startswith("bound ")] \
        if path.exists() else []
    lines = ["# Float functions. Provenance of the values: scripts/golden_arithmetic.py, an",
             "# independent implementation in exact rational arithmetic; of the bounds:",
             "# functions_exhaustive_test.",
             "# bound NAME ULP: maximal error over all 2^32 inputs, rounded up in the 4th decimal.",
             *bounds,
             "# NAME INPUT OUTPUT: bit patterns in hexadecimal; any NaN is written 7fc00000."]
    generator = random.Random(1)
    for function in (exp, log, sigmoid, sine, cosine):
        for pattern in inputs(function.__name__, generator):
            y = function(number(pattern))
            output = 0x7FC00000 if y != y else bits(y)
            lines.append(f"{function.__name__} {pattern:08x} {output:08x}")
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write_streams()
    write_functions()
