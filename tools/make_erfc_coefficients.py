#!/usr/bin/env python3
"""Prints the polynomial that kernels/cpu/isa/math.h uses for the complementary error function.

With t = 2 / (2 + z), erfc(z) = t * exp(-z * z) * P(2 t - 1) for z in [0, 10]; P is the Chebyshev
interpolant of degree 11, written as powers. Needs the Python standard library only.
"""
import math

DEGREE = 11
Z_MAX = 10.0  # exp(-100) is below the smallest f32
T_MIN = 2.0 / (2.0 + Z_MAX)


def target(x: float) -> float:
    t = (x + 1.0) / 2.0
    z = max(0.0, 2.0 / t - 2.0)
    return math.erfc(z) * math.exp(z * z) / t


def chebyshev_fit(low: float, high: float, count: int):
    """Coefficients c_k of sum c_k T_k(u), u in [-1, 1] mapped onto [low, high]."""
    nodes = [math.cos(math.pi * (i + 0.5) / count) for i in range(count)]
    values = [target((high - low) / 2 * u + (high + low) / 2) for u in nodes]
    fit = [2 / count * sum(v * math.cos(math.pi * k * (i + 0.5) / count) for i, v in enumerate(values))
           for k in range(count)]
    fit[0] /= 2
    return fit


def powers_of(fit, scale: float, shift: float):
    """Expands sum c_k T_k(scale * x + shift) into powers of x."""
    def times_u(p):
        out = [0.0] * (len(p) + 1)
        for i, c in enumerate(p):
            out[i] += shift * c
            out[i + 1] += scale * c
        return out

    previous, current, total = [1.0], [shift, scale], [0.0] * len(fit)
    for k, c in enumerate(fit):
        basis = previous if k == 0 else current
        for i, b in enumerate(basis):
            total[i] += c * b
        if k >= 1:
            following = [2 * v for v in times_u(current)]
            for i, v in enumerate(previous):
                following[i] -= v
            previous, current = current, following
    return total


def main() -> None:
    low, high = 2 * T_MIN - 1, 1.0
    fit = chebyshev_fit(low, high, DEGREE + 1)
    poly = powers_of(fit, 2 / (high - low), -(high + low) / (high - low))
    worst = 0.0
    for i in range(20001):
        x = low + (high - low) * i / 20000
        value = sum(c * x**k for k, c in enumerate(poly))
        worst = max(worst, abs(value / target(x) - 1))
    for k, c in enumerate(poly):
        print(f"x^{k}: {c:.9e}")
    print(f"largest relative error {worst:.2e}")


if __name__ == "__main__":
    main()
