"""Figures of recorded samples: quartiles, ratios of turns, exponents, and their texts."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from statistics import geometric_mean, quantiles
from typing import Any


def quartiles(samples: Sequence[float]) -> list[float]:
    """The lower quartile, the median and the upper quartile, to four digits.

    >>> quartiles([1.0, 2.0, 3.0, 4.0, 5.0]), quartiles([2.5])
    ([2.0, 3.0, 4.0], [2.5, 2.5, 2.5])
    """
    found = quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else [samples[0]] * 3
    return [float(f"{x:.4g}") for x in found]


def ratio(own: Sequence[float], other: Sequence[float]) -> list[float]:
    """The quartiles of own / other, each of a turn and the other's turn beside it.

    >>> ratio([1.0, 2.0, 30.0], [2.0, 4.0, 6.0])
    [0.5, 0.5, 2.75]
    """
    return quartiles([a / b for a, b in zip(own, other)])


def exponent(sizes: Sequence[float], seconds: Sequence[float], largest: int = 3) -> float:
    """The power of size that fits the seconds of the largest sizes best, by least squares of their logarithms; 1 is linear.

    >>> round(exponent([10, 100, 1000, 10000], [5.0, 6.0, 60.0, 600.0]), 9)
    1.0
    """
    xs, ys = [log(n) for n in sizes[-largest:]], [log(t) for t in seconds[-largest:]]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def means(column: dict[str, Any]) -> float:
    """The geometric mean of a column of operations.

    >>> means({"exp": {"ratio": [0.9, 1.0, 1.1]}, "sin": {"ratio": [3.9, 4.0, 4.1]}, "x": {"failure": "the gradients differ"}})
    2.0
    """
    return round(geometric_mean(x["ratio"][1] for x in column.values() if "ratio" in x), 9)


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────

def short(x: float) -> str:
    """A number with three digits, thousands apart.

    >>> short(0.06543), short(1.2), short(71.26), short(1166.4), short(0.5)
    ('0.0654', '1.20', '71.3', '1,166', '0.500')
    """
    if abs(x) >= 100:
        return f"{x:,.0f}"
    return f"{x:.{2 if x >= 1 else 3}f}" if 0.1 <= abs(x) < 10 else f"{x:.1f}" if abs(x) >= 10 else f"{x:#.3g}"


def spread(found: Sequence[float]) -> str:
    """A median with its quartiles, unless all are the same, as those of a single sample are.

    >>> spread([0.98, 1.02, 1.1]), spread([14.2, 14.2, 14.2])
    ('1.02 (0.980–1.10)', '14.2')
    """
    low, middle, high = map(short, found)
    return middle if low == high else f"{middle} ({low}–{high})"
