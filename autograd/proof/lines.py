"""A function sampled along directions through its point, for every cotangent at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import frexp, ulp

from .noise import Curve
from .subject import OUTPUTS, CheckedFunction, Direction

__tracebackhide__ = True

EACH = 64  # entries of one argument that are checked one by one; more are checked along random directions
ENTRIES = 80  # the same for all arguments together: above, the largest arguments are checked along random directions too
DIRECTIONS = 3
PAIRS = 256  # from this number of pairs of entry and result on, results are combined by random signed cotangents


@dataclass
class Cotangent:
    """A mixture of the results (or one of them) whose gradient is checked, and that gradient in reverse mode.

    ``place`` is the path in the result. Numbers are divided by ``unit``. ``single`` is the number of the only result that
    counts, whose weight is the unit; None for a mixture. ``reverse`` is the gradient, flat, ``coarse`` the one in
    float32; ``noise`` the rounding of the value that its graph predicts. ``shaken`` holds gradients at points next to
    this one; it is empty as long as nobody asked.
    """

    place: str
    weights: list[float]
    unit: float = 1.0
    single: int | None = None
    reverse: list[float] | None = None
    coarse: list[float] | None = None
    noise: float = 0.0
    shaken: list[list[float]] = field(default_factory=list)

    def of(self, values: Sequence[float]) -> float:
        """⟨cotangent, values⟩, in units."""
        if self.single is not None:
            return values[self.single]
        return sum(u * v for u, v in zip(self.weights, values)) / self.unit

    def along(self, gradient: Sequence[float], direction: Direction) -> float:
        """⟨gradient, direction⟩, in units."""
        return sum(gradient[i] * d for i, d in direction.items()) / self.unit


class SampledLine:
    """The function along a direction through the point: one evaluation at each place serves all cotangents.

    ``lone`` is the only entry that moves, or None; ``largest`` the size of the largest entry that moves, ``scale`` a
    natural step, ``quantum`` the smallest step that changes the point.
    """

    def __init__(self, subject: CheckedFunction, cotangents: list[Cotangent], argument: int, direction: Direction):
        self.subject, self.cotangents, self.argument, self.direction = subject, cotangents, argument, direction
        self.lone = next(iter(direction)) if len(direction) == 1 else None
        self.largest = max(abs(subject.point[i]) for i in direction)
        self.scale = power_of_two(self.largest) if self.largest else 1.0
        self.quantum = ulp(self.largest)
        self.blur = cache(self._blur)
        self._memo: dict[float, list[float]] = {0.0: [c.of(subject.values) for c in cotangents]}
        self._tangents: list[float] | None = None

    def part(self, direction: Direction) -> SampledLine:
        """The line along another direction in the same argument."""
        return SampledLine(self.subject, self.cotangents, self.argument, direction)

    def point(self, t: float) -> list[float]:
        """The point at distance t."""
        point = list(self.subject.point)
        for i, d in self.direction.items():
            point[i] += t * d
        return point

    def curve(self, cotangent: Cotangent) -> Curve:
        """⟨cotangent, f⟩ as a function of the distance."""
        number, memo = self.cotangents.index(cotangent), self._memo

        def g(t: float) -> float:
            if t not in memo:
                values = self.subject.evaluate(self.point(t))
                memo[t] = [c.of(values) for c in self.cotangents]
            return memo[t][number]
        return g

    def _blur(self, t: float) -> float:
        """The error in the distance t from rounding the point, in units of the direction."""
        point = self.subject.point
        return max(abs((point[i] + t * d) - point[i] - t * d) / abs(d) for i, d in self.direction.items())

    def tangent(self, cotangent: Cotangent) -> float:
        """⟨cotangent, J · direction⟩ in forward mode."""
        if self._tangents is None:
            self._tangents = self.subject.tangents(self.direction)
        return cotangent.of(self._tangents)


def draw_cotangents(subject: CheckedFunction, listed: set[int], rng: random.Random) -> list[Cotangent]:
    """The cotangents to check: one for each of few results, or two random signed mixtures of many.

    ``listed`` are the entries that are checked one by one. Raises TypeError for a caller's gradient of several results.
    """
    values = subject.values
    count = len(values)
    if subject.gradient is not None and count != 1:
        raise TypeError(f"check_gradients: gradient= needs a function that returns one number; not {count}. "
                        "Check a fixed weighted sum of them")
    if subject.gradient is not None:
        return [Cotangent("", [1.0], single=0)]
    if count <= OUTPUTS and count * len(listed) < PAIRS:  # units are never 1, and powers of two, so that division is exact
        sizes = [rng.choice((-2.0, -0.5, 0.5, 2.0) if abs(v) < 1e300 else (-0.5, 0.5)) for v in values]
        return [Cotangent(place, [size if i == j else 0.0 for j in range(count)], size, i)
                for i, (place, size) in enumerate(zip(subject.places, sizes))]
    return [Cotangent(" mixed", [draw_signed(rng) for _ in range(count)]) for _ in range(2)]


def listed_entries(spans: list[range]) -> set[int]:
    """The entries that are checked one by one: those of the smallest arguments."""
    listed: set[int] = set()
    for span in sorted(spans, key=len):
        if len(span) <= EACH and len(listed) + len(span) <= ENTRIES:
            listed.update(span)
    return listed


def draw_directions(subject: CheckedFunction, span: range, listed: set[int], rng: random.Random) -> list[Direction]:
    """The directions in which an argument is checked: each of its entries, or a few random ones through all of them."""
    if not listed.isdisjoint(span):
        return [{i: 1.0} for i in span]
    point = subject.point
    largest = max((abs(point[i]) for i in span), default=0.0) or 1.0
    sizes = [max(2.0 ** (frexp(abs(point[i]))[1] - frexp(largest)[1]), 1e-6) if point[i] else 1.0 for i in span]
    return [{i: draw_signed(rng) * (size if n else 1.0) for i, size in zip(span, sizes)}
            for n in range(DIRECTIONS if span else 0)]


def draw_signed(rng: random.Random) -> float:
    """A number of random sign and of size ½ to 1½: of bare signs, half of all pairs that were swapped would cancel."""
    return rng.choice((-1, 1)) * rng.randrange(512, 1537) / 1024


def power_of_two(x: float) -> float:
    """A power of two near ``x``, with limits so that steps neither vanish nor overflow."""
    return 2.0 ** min(max(frexp(x)[1], -1030), 1000)
