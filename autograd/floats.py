"""Arithmetic of floats with IEEE's results, inf and nan, where Python raises: the longer forwards of the table."""

from __future__ import annotations

import math
from math import inf, nan


def divide(x: float, y: float) -> float:
    """x / y; a division by 0 gives inf or nan."""
    try:
        return x / y
    except ZeroDivisionError:
        return nan if x == 0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)


def power(x: float, y: float) -> float:
    """x to the power y, never complex: nan for a negative base with a fractional exponent."""
    if y == 2.0:
        return x * x
    try:
        return math.pow(x, y)
    except OverflowError:  # only an odd integer power of a negative base is negative
        return -inf if x < 0 and y % 2 == 1 else inf
    except ValueError:  # 0 to a negative power, or a negative base to a fractional one
        return (math.copysign(inf, x) if y % 2 == 1 else inf) if x == 0 else nan


def floor_divide(x: float, y: float) -> float:
    """The largest whole number below x / y."""
    try:
        return x // y if math.isfinite(x) or y == 0 else nan  # as in NumPy
    except ZeroDivisionError:
        return divide(x, y)


def mod(x: float, y: float) -> float:
    """The remainder of floor_divide, with the sign of y."""
    try:
        return x % y
    except (ZeroDivisionError, ValueError):
        return nan


def logaddexp(x: float, y: float) -> float:
    """log(exp(x) + exp(y)), with the larger one taken out."""
    if x == y:  # also for infinities, whose difference is nan
        return x + 0.6931471805599453
    return (x if x > y else y) + math.log1p(math.exp(-math.fabs(x - y)))


def sigmoid(x: float) -> float:
    """1 / (1 + exp(−x)), by the sign of x, so that exp never overflows."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def fmod(x: float, y: float) -> float:
    """The remainder of x / y cut to a whole number, with the sign of x."""
    try:
        return math.fmod(x, y)
    except ValueError:
        return nan


def logit(x: float) -> float:
    """log(x / (1 − x)), without the cancellation of that near 1/2."""
    if math.fabs(x - 0.5) < 0.25:
        return 2.0 * math.atanh(2.0 * x - 1.0)
    return math.log(x / (1.0 - x)) if 0 < x < 1 else -inf if x == 0 else inf if x == 1 else nan


def sinc(x: float) -> float:
    """sin(πx) / πx, 1 at 0."""
    angle = math.pi * x
    return 1.0 if x == 0 else math.sin(angle) / angle if math.isfinite(angle) else nan
