#!/usr/bin/env python3
"""Fits the polynomials of client/arithmetic/functions.h and functions64.h.

Run:  pip install mpmath && python3 scripts/fit_polynomials.py [NAME...]

Prints each polynomial's coefficients as hexadecimal floating-point constants, lowest degree first,
with the maximal weighted error of the polynomial itself (as a power of two). Method: the Remez
exchange in 60-digit arithmetic. The coefficients are then rounded to the target format one by one,
lowest degree first, and the free ones are fitted again each time, so that the later coefficients
absorb the rounding of the earlier ones.
"""
import sys

import mpmath as mp

mp.mp.dps = 60


def round_to(x, precision):
    """x rounded to nearest with `precision` significant bits."""
    if x == 0:
        return mp.mpf(0)
    with mp.workprec(precision):
        return +mp.mpf(x)


def hex_constant(x, suffix):
    value = float(x)
    assert mp.mpf(value) == x, "constant does not fit binary64"
    digits, exponent = value.hex().split("p")
    return f"{digits.rstrip('0').rstrip('.')}p{exponent}{suffix}"


def extrema(error, lo, hi, count):
    """Points of largest |error| between its sign changes, refined on a grid of Chebyshev points."""
    grid = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / count) for i in range(count + 1)]
    values = [error(x) for x in grid]
    points = []
    for x, e in zip(grid, values):
        if e == 0:  # where the weight vanishes
            continue
        if points and mp.sign(points[-1][1]) == mp.sign(e):
            if abs(e) > abs(points[-1][1]):
                points[-1] = (x, e)
        else:
            points.append((x, e))
    return points


def remez(target, weight, powers, lo, hi):
    """Coefficients c minimising max |weight(x)·(target(x) − Σ c_i x^powers_i)| on [lo, hi]."""
    n = len(powers)
    points = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * (n + 1)))
              for i in range(n + 1)]
    coefficients = None
    for _ in range(12):
        matrix = mp.matrix(n + 1, n + 1)
        right = mp.matrix(n + 1, 1)
        for i, x in enumerate(points):
            w = weight(x)
            for j, p in enumerate(powers):
                matrix[i, j] = w * x**p
            matrix[i, n] = (-1) ** i
            right[i] = w * target(x)
        solution = mp.lu_solve(matrix, right)
        coefficients = [solution[j] for j in range(n)]

        def error(x):
            return weight(x) * (target(x) - sum(c * x**p for c, p in zip(coefficients, powers)))

        found = extrema(error, lo, hi, 40 * (n + 1))
        while len(found) > n + 1:  # drop the smaller end
            found.pop(0 if abs(found[0][1]) < abs(found[-1][1]) else -1)
        if len(found) < n + 1:
            raise ArithmeticError("the error has too few extrema: lower the degree")
        points = [x for x, _ in found]
        sizes = [abs(e) for _, e in found]
        if max(sizes) < min(sizes) * mp.mpf("1.0001"):
            break
    return coefficients


def fit(target, weight, powers, lo, hi, precisions):
    """As remez(), with coefficient i rounded to precisions[i] bits. Returns (c, maximal error)."""
    lo, hi = mp.mpf(lo), mp.mpf(hi)
    fixed = []
    for i, precision in enumerate(precisions):
        known = list(zip(fixed, powers))

        def rest(x):
            return target(x) - sum(c * x**p for c, p in known)

        free = remez(rest, weight, powers[i:], lo, hi)
        fixed.append(round_to(free[0], precision))

    def error(x):
        return weight(x) * (target(x) - sum(c * x**p for c, p in zip(fixed, powers)))

    grid = [lo + (hi - lo) * i / 4000 for i in range(4001)]
    return fixed, max(abs(error(x)) for x in grid)


def series(function, center_terms):
    """function(x), with its Taylor series near 0 where the direct formula cancels."""
    def evaluate(x):
        if abs(x) < mp.mpf("1e-12"):
            return sum(c * x**i for i, c in enumerate(center_terms))
        return function(x)
    return evaluate


LN2 = mp.log(2)
TWO_PI = 2 * mp.pi


def exp_task(degree, precision):
    """(e^r − 1 − r)/r² on |r| ≤ ln2/2, error relative to e^r."""
    target = series(lambda r: (mp.exp(r) - 1 - r) / r**2,
                    [1 / mp.factorial(i + 2) for i in range(6)])
    bound = LN2 / 2 + mp.mpf(2) ** -20
    return (target, lambda r: r**2 / mp.exp(r), list(range(degree - 1)), -bound, bound,
            [precision] * (degree - 1))


def log_task(degree, precision):
    """(log(1+f) − f + f²/2)/f³ on −1/3 ≤ f ≤ 1/3, error relative to log(1+f)."""
    target = series(lambda f: (mp.log(1 + f) - f + f**2 / 2) / f**3,
                    [mp.mpf((-1) ** i) / (i + 3) for i in range(6)])
    weight = lambda f: f**3 / mp.log(1 + f) if abs(f) > 1e-40 else mp.mpf(0)
    bound = mp.mpf(1) / 3
    return (target, weight, list(range(degree - 2)), -bound, bound, [precision] * (degree - 2))


def sin_task(terms, precision):
    """(sin(2πf)/f − c)/g in g = f² ≤ 1/64, c = 2π to twice the precision; relative to sin."""
    target = series(lambda g: (mp.sin(TWO_PI * mp.sqrt(g)) / mp.sqrt(g) - TWO_PI) / g,
                    [(-1) ** (i + 1) * TWO_PI ** (2 * i + 3) / mp.factorial(2 * i + 3)
                     for i in range(6)])
    def weight(g):
        root = mp.sqrt(g)
        return g * root / mp.sin(TWO_PI * root) if g > 0 else mp.mpf(0)
    return (target, weight, list(range(terms)), mp.mpf(0), mp.mpf(1) / 64, [precision] * terms)


def cos_task(terms, precision):
    """(cos(2πf) − 1)/g in g = f² ≤ 1/64; relative to cos."""
    target = series(lambda g: (mp.cos(TWO_PI * mp.sqrt(g)) - 1) / g,
                    [(-1) ** (i + 1) * TWO_PI ** (2 * i + 2) / mp.factorial(2 * i + 2)
                     for i in range(6)])
    return (target, lambda g: g / mp.cos(TWO_PI * mp.sqrt(g)), list(range(terms)), mp.mpf(0),
            mp.mpf(1) / 64, [precision] * terms)


def log_quotient_task(terms, precision):
    """(log(1+f)/s − 2)/z in z = s², s = f/(2+f), for 2/3 ≤ 1+f ≤ 4/3; relative to log(1+f)."""
    target = series(lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z,
                    [mp.mpf(2) / (2 * i + 3) for i in range(6)])
    def weight(z):
        root = mp.sqrt(z)
        return z * root / (2 * mp.atanh(root)) if z > 0 else mp.mpf(0)
    return (target, weight, list(range(terms)), mp.mpf(0), mp.mpf(1) / 25, [precision] * terms)


TASKS = {  # name: fit, suffix of the constants
    "exp": (lambda: exp_task(6, 24), "f"),
    "log": (lambda: log_task(12, 24), "f"),
    "sin": (lambda: sin_task(4, 24), "f"),
    "cos": (lambda: cos_task(4, 24), "f"),
    "exp64": (lambda: exp_task(13, 53), ""),
    "log64": (lambda: log_quotient_task(8, 53), ""),
}


def print_split(name, value, high_precision, precision, suffix):
    """A constant as the sum of two: its first bits and the rest."""
    high = round_to(value, high_precision)
    low = round_to(value - high, precision)
    print(f"{name}: high {hex_constant(high, suffix)}, low {hex_constant(low, suffix)}")


def main():
    names = sys.argv[1:] or list(TASKS)
    unknown = [name for name in names if name not in TASKS]
    if unknown:
        sys.exit(f"unknown polynomial {unknown[0]}: choose from {', '.join(TASKS)}")
    print_split("log2 e", 1 / LN2, 24, 24, "f")
    print_split("ln 2 for exp", LN2, 24, 24, "f")
    print_split("ln 2 for log", LN2, 15, 24, "f")
    print_split("2 pi", TWO_PI, 24, 24, "f")
    print_split("log2 e, binary64", 1 / LN2, 53, 53, "")
    print_split("ln 2 for exp64 and log64", LN2, 36, 53, "")
    for name in names:
        task, suffix = TASKS[name]
        coefficients, error = fit(*task())
        print(f"{name}: error 2^{mp.nstr(mp.log(error, 2), 5)}")
        for c in coefficients:
            print("   ", hex_constant(c, suffix))


if __name__ == "__main__":
    main()
