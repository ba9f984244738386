"""Rounding noise of a function, estimated from differences of its values on small grids.

- Moré & Wild, "Estimating computational noise", SIAM Journal on Scientific Computing 33 (2011)
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf, isfinite, sqrt

__tracebackhide__ = True

GRIDS = (48, 41, 34, 27, 20, 14, 9, 6)  # powers of ½ of the scale: rounding may show on some grids only

Curve = Callable[[float], float]


def noise_level(g: Curve, step: float, coarse: float) -> float:
    """Estimate the standard deviation of the rounding noise in ``g`` next to 0, from values on a grid of this step.

    A smooth function's differences of high order vanish; the remainder is noise. Where most values are equal, the nearest
    change of value is taken for one step of rounding (as in a function that rounds to few digits) if it is less than
    ``coarse``; a larger one is a jump of the function.

    >>> 1e-17 < noise_level(lambda t: 1 / (3 + t), 1e-13, 1e-3) < 1e-15
    True
    >>> round(noise_level(lambda t: round(1 / (3 + t), 6), 1e-13, 1e-3), 9)
    3e-07
    """
    values = [g(step * j) for j in range(1, 9)]
    if not all(map(isfinite, values)):
        return 0.0
    if len(set(values)) > 4:
        return grid_noise(values)
    jump = _nearest_change(g, step, values[0])
    return 0.3 * jump if jump < coarse else 0.0


def _nearest_change(g: Curve, step: float, value: float) -> float:
    """The size of the change of ``g`` that is nearest to ``step`` on the way out; 0 if none is found."""
    inner = step
    outer = next((t for k in range(30) if g(t := step * 4.0**k) != value), None)
    if outer is None or not isfinite(g(outer)):
        return 0.0
    while abs(outer - inner) > max(abs(step) / 2, abs(outer) * 2.0**-50):
        middle = (inner + outer) / 2
        inner, outer = (middle, outer) if g(middle) == value else (inner, middle)
    return abs(g(outer) - value)


def grid_noise(values: list[float]) -> float:
    """The noise in values on an even grid; 0 where most are equal or some are not finite, which tells nothing."""
    if len(set(values)) <= 4 or not all(map(isfinite, values)):
        return 0.0
    size, levels, mixed = _difference_levels(values)
    agreed = _agreed_level(levels, mixed)
    return size * (min(levels[-2:]) if agreed is None else agreed)


def noise_at_any_grid(g: Curve, scale: float, most: float = 1e-3, reach: float = inf, either: bool = False) -> float:
    """The largest noise that values of ``g`` show on any of several grids, the widest a good part of the scale.

    (1 − cos x) ÷ x² is constant over many neighbouring floats, yet off by more than its last digit: only values further
    apart scatter. A function that waves faster than the grid scatters too, by nearly all its size, so scatter above
    ``most`` of the values does not count; nor does what shows only at steps beyond ``reach``, nor what shows on one
    side only, where a kink may lie. With ``either`` the noisier side counts.

    >>> import math
    >>> 1e-11 < noise_at_any_grid(lambda t: (1 - math.cos(1e-3 + t)) / (1e-3 + t) ** 2, 1e-3) < 1e-9
    True
    """
    noise = 0.0
    for rung in GRIDS:
        step = scale * 2.0**-rung
        if 8 * step > reach:
            break
        sides = []
        for signed in (step, -step):
            values = [g(signed * j) for j in range(1, 9)]
            if all(map(isfinite, values)) and len(set(values)) > 4:
                size, levels, mixed = _difference_levels(values)
                agreed = _agreed_level(levels, mixed)
                sides.append(size * agreed if agreed is not None and agreed < most else 0.0)
        noise = max(noise, (max if either else min)(sides, default=0.0))
    return noise


def _difference_levels(values: list[float]) -> tuple[float, list[float], list[bool]]:
    """The size of the values, the noise in each order of their differences, and True where these change sign."""
    size = max(map(abs, values)) or 1.0
    differences = [v / size for v in values]
    levels: list[float] = []
    mixed: list[bool] = []
    weight = 1.0  # (k!)² / (2k)!: the squared k-th differences of noise are larger than its variance by the inverse
    for k in range(1, 7):
        differences = [b - a for a, b in pairwise(differences)]
        weight *= k * k / (2 * k * (2 * k - 1))
        levels.append(sqrt(weight * sum(d * d for d in differences) / len(differences)))
        mixed.append(min(differences) < 0 < max(differences))
    return size, levels, mixed


def _agreed_level(levels: list[float], mixed: list[bool]) -> float | None:
    """The noise on which three successive orders of differences agree; None where they do not, as of a smooth function."""
    for three, changes in zip(zip(levels, levels[1:], levels[2:]), mixed):
        if changes and max(three) <= 4 * min(three):
            return three[0]
    return None
