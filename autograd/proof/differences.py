"""The slope of a function at a point, measured from its values alone, with an honest error bar.

Central and one-sided differences over geometric steps, Richardson's extrapolation over them, and an estimate of the
function's own noise. The error bar is truncation (how far neighbouring entries of the tableau disagree) plus
noise ÷ step; the entry with the smallest bar is taken, as long as it does not contradict a smaller step.

- Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from math import copysign, frexp, hypot, inf, isfinite, nan
from sys import float_info
from typing import NamedTuple

from .noise import Curve, grid_noise, noise_level

__tracebackhide__ = True

WINDOW = 14  # steps in the first table, each half of the one before, from a quarter of the scale down
MORE = 6  # number of steps added when a table is widened
SCOUTS = (3, 6, 9, 12, 15)  # further steps below the table, far apart. The derivative is the limit of small steps, so a
# table that settles at large ones (beyond a nearby kink, or over ripples) must not contradict them
BRIEF = (2, 8), (6, 13, 20)  # first and last rung, and the scouts, of the short measurement that is enough for simple functions
SHORTER = 2.0**-7  # factor of the steps of a second short measurement, if the first was too coarse
DEEP = (27, 34, 41)  # further scouts of a short measurement at a kink: a function that is smooth at 1e-15 of the scale has none
PLAIN = 1e-9  # relative error bar that is enough for a short measurement
FAINT = 1e-12  # slopes this small, relative to a natural one, are not searched for where rounding hides them
COLUMNS = 6  # of the tableau: errors up to the sixth power of step² are removed
TRUNCATION = 10.0  # error bars per disagreement of neighbouring entries
NOISE = 4.0  # error bars per standard deviation of rounding: cautious, since usual bars are 1e-11 and errors above 1e-6
TINY = 5e-324
DEEPEST = 1e-300  # quantum at the point 0, where steps can be arbitrarily short
EXACT = 2.0**-1000  # above it, the ratios of steps are exact powers of two

Factors = list[list[tuple[float, float]]]


class Estimate(NamedTuple):
    """A slope from differences: its value, error bar, the noise's part of the bar, and the step it comes from."""

    value: float = nan
    bar: float = inf
    noise: float = inf
    step: float = nan

    def covers(self, slope: float) -> bool:
        """True if ``slope`` lies within the error bar."""
        return abs(slope - self.value) <= self.bar


NOTHING = Estimate()


class Sample(NamedTuple):
    """The values to both sides of the point at one step, and the standard deviations of their noise."""

    step: float
    low: float
    high: float
    low_noise: float
    high_noise: float


class Difference(NamedTuple):
    """A difference quotient, the step it is taken over, and the noise in it."""

    step: float
    quotient: float
    noise: float


@dataclass
class Slopes:
    """Measured slopes of a function at a point: central, left and right, and the kind of point.

    ``kind`` is "smooth", "kink" (left and right slopes differ), "jump" (the value itself does), "steep" (the slope is
    infinite), "edge" (one side is not finite; the slope is the other side's) or "nowhere" (neither is). ``at`` is the
    value at the point, ``noise`` the standard deviation of its rounding, ``quantum`` the smallest step that changes the
    point, ``natural`` the slope of a function that changes by all its size over a natural step. ``wide`` holds left and
    right slopes from long steps, of a function that is flat over natural ones: a kink may hide there. ``samples`` holds
    (step, central, left, right) for the picture.
    """

    slope: Estimate
    left: Estimate
    right: Estimate
    kind: str
    noise: float
    at: float
    quantum: float
    natural: float
    wide: list[Estimate]
    samples: list[tuple[float, float, float, float]] = field(default_factory=list)


def measure_slopes(g: Curve, scale: float, quantum: float = 0.0, blur: Curve = lambda t: 0.0, hint: float = 0.0,
                   floor: float = 0.0, patience: int = 3, far_noise: Curve = lambda t: 0.0) -> Slopes:
    """Measure the slope of ``g`` at 0 by differences.

    ``scale`` is the size of a natural step (|x|, say), from which the length scale of the function is searched;
    ``quantum`` the smallest step that changes the point; ``blur(t)`` the error of g(t) from rounding the point itself;
    ``floor`` the least noise in g, ``far_noise(t)`` the least at a distance. The search ends when the bar is 1e-9 of
    the slope or of ``hint`` (the value it will be compared with), or when ``patience`` widenings in a row brought
    nothing. Where a few values already agree with ``hint`` so well, or show a plain kink, there is no search.
    """
    sizes = [scale]
    while sizes[-1] and len(sizes) <= 3:
        tables = DifferenceTables(g, sizes[-1], quantum, blur, hint, floor)
        plain = tables.brief()
        if plain is not None and sizes[-1] <= scale:
            return plain
        if plain is not None and plain.kind == "smooth":  # from far away: differences above the noise count
            plain = DifferenceTables(g, sizes[-1], quantum, blur, hint, floor, far_noise).brief()
            if plain is not None and plain.kind == "smooth":
                return plain
        sizes.append(tables.other_scale())
    tables = DifferenceTables(g, scale, quantum, blur, hint, floor, far_noise)
    if (faint := tables.brief(FAINT)) is not None:
        return faint
    tables.survey()
    best = tables.best(0)
    idle = {"up": 0, "down": 0}  # consecutive widenings without improvement
    while not _settled(best, hint, tables.natural) and min(idle.values()) < patience:
        towards = "up" if best.noise > best.bar / 2 else "down"
        if idle[towards] >= patience:
            towards = "down" if towards == "up" else "up"
        if not tables.promises(towards, best) or not tables.widen(towards):
            idle[towards] = patience
            continue
        found = tables.best(0)
        idle = {"up": 0, "down": 0} if found.bar < best.bar / 2 else idle | {towards: idle[towards] + 1}
        best = found
    return tables.conclude(best)


def own_length(value: float, slope: float) -> float:
    """The length over which a function of this slope changes by its whole value; 0 where there is none.

    >>> own_length(6.0, 3.0)
    16.0
    """
    length = abs(value / slope) if slope else 0.0
    return 4 * 2.0 ** frexp(length)[1] if 0 < length < 2.0**1000 else 0.0


def _settled(best: Estimate, hint: float, natural: float) -> bool:
    return best.bar <= 1e-9 * abs(best.value) or (best.covers(hint) and best.bar <= 1e-9 * (abs(hint) or natural))


class DifferenceTables:
    """Tables of difference quotients of a function at 0, to each side and central, over a growing range of steps."""

    def __init__(self, g: Curve, scale: float, quantum: float, blur: Curve, hint: float, floor: float,
                 far_noise: Curve = lambda t: 0.0):
        self.g, self.blur, self.far_noise = g, blur, far_noise
        self.quantum, self.hint, self.floor = max(quantum, TINY), hint, floor
        self.top_step, self.limit = scale / 4, min(2.0**20 * max(scale, 1.0), 2.0**1020)
        self.base = (g(0.0), g(0.0))  # the base values of left and right differences
        self.grid = max(scale * 2.0**-48, 2 * self.quantum)
        self.near = self.far = 0.0  # noise at the point, and a step away
        self.relative = 0.0  # noise per unit of value beyond the table
        self.noisy = self.coarse = False  # True where noise or too long steps made a short measurement inconclusive
        self.scouts: tuple[int, ...] = ()
        self.sampled: dict[int, Sample] = {}  # by rung

    # ── steps ──

    def step(self, rung: int) -> float:
        """The step that belongs to a rung of the ladder of halvings."""
        return self.top_step * 2.0**-rung

    def rungs(self) -> tuple[int, ...]:
        """The rungs of the table and its scouts, longest step first."""
        rungs = [*range(self.first, self.last), *[self.last - 1 + more for more in self.scouts]]
        steps = {self.step(k): k for k in reversed(rungs)}  # the smallest halves are equal
        return tuple(sorted(k for h, k in steps.items() if h >= self.quantum))

    def widen(self, towards: str) -> bool:
        """Add longer or shorter steps; False where further ones make no sense."""
        if towards == "up":
            self.first -= MORE
            return self.step(self.first + MORE - 1) <= self.limit
        self.last += MORE
        return self.step(self.last - MORE) >= 4 * self.quantum

    def promises(self, towards: str, best: Estimate) -> bool:
        """False where steps longer or shorter than those of the table can bring no better estimate than ``best``.

        Longer ones cannot if the longest of the table are left unused; shorter ones, if noise alone makes a wider bar.
        """
        if towards == "up":
            return best.step > self.step(self.first + MORE) or not isfinite(best.bar)
        return 2 * self.near <= best.bar * self.step(self.last - 1)

    # ── values, differences, estimates ──

    def samples(self) -> list[Sample]:
        """The values at all steps of the table."""
        return [self.sample(k) for k in self.rungs()]

    def sample(self, rung: int) -> Sample:
        """The values at one step to both sides."""
        if rung not in self.sampled:
            h = self.step(rung)
            low, high = self.g(-h), self.g(h)
            self.sampled[rung] = Sample(h, low, high, self.noise(-h, low), self.noise(h, high))
        return self.sampled[rung]

    def around(self) -> list[float]:
        """All finite values at the steps of the table, to both sides."""
        return [v for h in map(self.step, self.rungs()) for side in (-1, 1) if isfinite(v := self.g(side * h))]

    def noise(self, t: float, value: float) -> float:
        """The standard deviation of the noise in a value: as at the point, as a step away, or in proportion beyond."""
        measured = self.near if abs(t) < self.top_step / 1024 else self.far
        beyond = self.relative * abs(value) if abs(t) > self.top_step else 0.0
        return max(measured, beyond, self.far_noise(t), float_info.epsilon / 2 * abs(value), TINY) + self.blur(t)

    def differences(self, side: int) -> list[Difference]:
        """The difference quotients of all steps, central (0) or to one side (±1), with the noise in them."""
        start, far = self.base[side > 0], self.top_step
        start_noise = self.noise(0.0, start) if side else 0.0
        found = []
        for h, low, high, low_noise, high_noise in self.samples():
            if side == 0:
                change, rounding, width = high - low, hypot(high_noise, low_noise), 2 * h
            elif side > 0:
                change, rounding, width = high - start, hypot(high_noise, start_noise), h
            else:
                change, rounding, width = start - low, hypot(low_noise, start_noise), h
            if h > far and abs(change) <= 10 * NOISE * rounding:
                rounding *= h / far  # a change below the noise far out gives no information about the slope nearby
            found.append(Difference(h, change / width, NOISE * rounding / width))
        return found

    def best(self, side: int, natural: float = 0.0) -> Estimate:
        """The best estimate of the slope to one side (±1), or of the central one (0)."""
        order = 1 if side else 2
        return best_estimate(self.differences(side), order, natural or self.top_step, ladder_factors(self.rungs(), order))

    def other_scale(self) -> float:
        """The scale at which another brief look may tell more, after one that did not suffice; 0 where none may."""
        scale = 4 * self.top_step
        longer = own_length(self.base[0], self.hint)
        if self.noisy and longer > 4 * scale:
            return longer
        return scale * SHORTER if self.coarse else 0.0

    # ── looks ──

    def brief(self, faint: float = 0.0) -> Slopes | None:
        """The slopes where few values confirm the hint, or show a plain kink; None where they do not suffice.

        ``faint`` is how small hint and error bar may be, relative to a natural slope, to be confirmed as good as 0.
        """
        (self.first, self.last), self.scouts = BRIEF
        around = self.around()
        self.flat = set(around) == {self.base[0]}
        self.natural = (max(map(abs, around), default=0.0) or 1.0) / self.top_step
        self.near = self.far = self.floor or (0.0 if self.flat else grid_noise([self.g(self.grid * j) for j in range(1, 9)]))
        self.noisy, self.coarse = True, False
        if self.flat and not self.hint:
            return self.constant()
        best, left, right = self.best(0), self.best(-1), self.best(1)
        self.noisy = best.noise > best.bar / 2
        self.coarse = not self.noisy or best.step < self.step(self.last - 1)
        if _differ(left, right):
            return self.plain_kink(best, left, right)
        size = abs(self.hint) or self.natural
        enough = max(PLAIN * size, faint * self.natural if size < faint * self.natural else 0.0)
        if not best.covers(self.hint) or best.bar > enough or max(left.bar, right.bar) > 1e-5 * max(size, self.natural):
            return None
        return self.found(best, left, right, "smooth")

    def constant(self) -> Slopes | None:
        """The slope 0 of a constant function; None where rounding may hide a change."""
        zero = min((Estimate(0.0, noise, noise, h) for h, _, noise in self.differences(0)), key=lambda x: x.bar)
        return self.found(zero, zero, zero, "smooth") if zero.bar <= 1e-9 * self.natural else None

    def plain_kink(self, best: Estimate, left: Estimate, right: Estimate) -> Slopes | None:
        """The slopes at a kink that keeps both of them, to nine digits, down to the smallest steps."""
        for _ in range(2):
            size = max(abs(left.value), abs(right.value))
            if not (max(left.bar, right.bar) <= 1e-9 * size < 1e-6 * abs(left.value - right.value)):
                return None
            self.scouts = BRIEF[1] + DEEP
            left, right = self.best(-1), self.best(1)
        return self.found(best, left, right, "kink")

    def survey(self) -> None:
        """Look at the function over the whole table: its size, and its noise."""
        g, grid = self.g, self.grid
        self.first, self.last, self.scouts = 0, WINDOW, SCOUTS
        self.sampled.clear()
        around = self.around()
        self.flat = flat = set(around) == {self.base[0]}
        if flat and self.hint:
            around += [v for side in (-4, 4, -16, 16) if isfinite(v := g(side * self.top_step))]
        self.natural = (max(map(abs, around), default=0.0) or 1.0) / self.top_step
        coarse = 1e-3 * max(map(abs, around), default=0.0)  # smaller jumps count as rounding of the values
        self.near = self.far = self.floor
        if self.hint or not flat:
            single = 3e-8 * abs(self.base[0]) if flat else 0.0  # flat within the resolution: possibly float32 inside
            self.near = max(self.floor, single, *(noise_level(g, side * grid, coarse) for side in (-1, 1)))
            away = self.top_step / 2
            self.far = max(self.near, noise_level(lambda t: g(away + t), grid, coarse))
            if self.far and isfinite(size := abs(g(away))):
                self.relative = min(self.far / size, 1e-3) if size else 0.0

    def conclude(self, central: Estimate) -> Slopes:
        """The kind of point and its slopes, once the central one has been searched for."""
        shortest = self.last
        jumps = self.jumps()
        left, right = self.sides(moved=any(jumps))
        if self.last > shortest and not any(jumps):
            central = self.best(0)  # a kink nearby that only shorter steps can distinguish from one at the point
        if any(jumps):
            kind = "jump"
        elif (steep := self.steep_sides(left, right)) is not None:
            left, right = steep
            kind = "steep" if left.value == right.value else "kink"
            central = left if kind == "steep" else central
        elif isfinite(left.bar) and isfinite(right.bar):
            kind = "kink" if _differ(left, right) and self.bends_nearby(left, right) else "smooth"
        else:
            kind = "edge" if isfinite(left.bar) or isfinite(right.bar) else "nowhere"
        if kind == "edge" and not isfinite(central.bar):
            central = left if isfinite(left.bar) else right
        elif kind == "edge":
            kind = "smooth"
        elif kind == "smooth":
            central = self.clearest(central, left, right)
        return self.found(central, left, right, kind)

    def jumps(self) -> list[bool]:
        """For the left and the right side, True if the value jumps there; each branch then starts from its own value."""
        jumps = [self.jump(-1), self.jump(1)]
        for _ in range(2):
            if any(jumps) and self.widen("down"):
                jumps = [self.jump(-1), self.jump(1)]
        if any(jumps):
            tip = self.samples()[-1]
            left_base, right_base = (v if there else x for v, there, x in zip((tip.low, tip.high), jumps, self.base))
            self.base = (left_base, right_base)
        return jumps

    def jump(self, side: int) -> bool:
        """True if the value jumps on that side: it differs from g(0) as much at tiny steps as at larger ones."""
        values = [v for x in self.samples() if isfinite(v := x.high if side > 0 else x.low)]
        if len(values) < 10:
            return False
        small, large = (abs(v - self.base[0]) for v in (values[-1], values[-9]))
        floor = self.noise(0.0, 2 * self.base[0])
        return small > 100 * floor and small > large / 2

    def sides(self, moved: bool) -> tuple[Estimate, Estimate]:
        """The left and the right slope; a bend must remain at smaller steps to count as a kink."""
        left, right = self.best(-1), self.best(1)
        for _ in range(3):
            if not moved and _differ(left, right) and self.widen("down"):
                left, right = self.best(-1), self.best(1)
        return left, right

    def steep_sides(self, left: Estimate, right: Estimate) -> tuple[Estimate, Estimate] | None:
        """Left and right slopes where some are infinite: at a cusp (√|x| at 0) or a vertical tangent (∛x); None elsewhere."""
        grows = [self.growth(-1), self.growth(1)]
        cusp = grows[0] * grows[1] < 0
        if not any(grows) or (self.quantum > DEEPEST and not cusp):
            return None  # a pole nearer than the next float looks like a vertical tangent
        steep = [Estimate(grow * inf, 0.0, 0.0, 0.0) if grow else side for grow, side in zip(grows, (left, right))]
        if not all(isfinite(side.bar) for side in steep):  # the edge of a domain: the slope of the other side counts
            steep = [side for side, grow in zip(steep, grows) if grow] * 2
        return steep[0], steep[1]

    def growth(self, side: int) -> int:
        """The sign of the difference quotients to one side, if they grow without end as steps shrink; else 0."""
        natural = [one for one in self.differences(side) if one.step <= self.top_step]
        last = [one for one in natural if one.noise < abs(one.quotient) / 8 < inf][-8:]
        if len(last) < 8 or last[-1].step > 2.0**-18 * self.top_step:
            return 0
        sign = int(copysign(1, last[-1].quotient))
        quotients = [(one.step, sign * one.quotient) for one in last]
        if self.quantum <= DEEPEST:
            steps = (last[-1].step * 2.0**-fall for fall in (30, 90, 210, 450))
            quotients += [(h, sign * side * (self.g(side * h) - self.base[side > 0]) / h) for h in steps if h > DEEPEST]
        grows = all(0 < q * (h / shorter) ** 0.05 <= larger for (h, q), (shorter, larger) in pairwise(quotients))
        return sign if grows else 0

    def clearest(self, central: Estimate, left: Estimate, right: Estimate) -> Estimate:
        """The central slope, or a one-sided slope that is far more certain, next to a kink or a pole."""
        if central.bar <= 1e-9 * abs(central.value):
            return central
        clearer = right if right.bar < left.bar else left
        blind = clearer.covers(0.0) and central.covers(self.hint)  # a mean over a long step, flattened by rounding
        return clearer if clearer.bar < central.bar / 8 and clearer.step <= 4 * self.top_step and not blind else central

    def bends_nearby(self, left: Estimate, right: Estimate) -> bool:
        """True if left and right differ at natural steps too, in case they came from longer ones."""
        natural = 4 * self.top_step
        if max(left.step, right.step) <= natural:
            return True
        factors = ladder_factors(tuple(k for k in self.rungs() if self.step(k) <= natural), 1)
        near = [best_estimate([x for x in self.differences(side) if x.step <= natural], 1, natural, factors) for side in (-1, 1)]
        return _differ(*near)

    def found(self, central: Estimate, left: Estimate, right: Estimate, kind: str) -> Slopes:
        """The result, with the difference quotients it came from."""
        wide = [self.best(side, natural=inf) for side in (-1, 1)] if self.flat and self.hint else []
        start, end = self.base
        quotients = [(h, (high - low) / (2 * h), (start - low) / h, (high - end) / h) for h, low, high, *_ in self.samples()]
        return Slopes(central, left, right, kind, self.near, self.g(0.0), self.quantum, self.natural, wide, quotients)


def _differ(left: Estimate, right: Estimate) -> bool:
    return abs(left.value - right.value) > left.bar + right.bar


@lru_cache(maxsize=64)
def ladder_factors(rungs: tuple[int, ...], order: int) -> Factors:
    """For each row of the tableau and each column, the ratio of the steps to the power ``order``, and 1 ÷ (ratio − 1)."""
    ratios = [[2.0 ** (order * (rung - old)) for old in rungs[max(i - COLUMNS, 0):i][::-1]] for i, rung in enumerate(rungs)]
    return [[(ratio, 1 / (ratio - 1)) for ratio in row] for row in ratios]


def best_estimate(table: Sequence[Difference], order: int, natural: float, factors: Factors) -> Estimate:
    """The best entry of Richardson's tableau over the difference quotients; ``order`` 2 where errors go with step².

    Steps longer than the ``natural`` one count only where they see a slope, because mean slopes of a saturating function vanish.
    """
    if table and table[-1].step < EXACT:
        factors = _rounded_factors(table, order)
    chosen: list[Estimate] = []  # the best of each row of the tableau
    above: list[tuple[float, float]] = []  # the row before: value, noise
    for i, one in enumerate(table):
        if not isfinite(one.quotient):
            above = []
            continue
        above, best = _tableau_row(one, factors[i], above, _tail(table, i))
        if best.bar < inf and (one.step <= natural or best.bar < abs(best.value) / 10):
            chosen.append(best)
    result = NOTHING
    for i, estimate in enumerate(chosen):  # smaller steps decide: a wide plateau must not contradict them
        if estimate.bar < result.bar and all(abs(estimate.value - x.value) <= estimate.bar + 5 * x.bar for x in chosen[i + 1:]):
            result = estimate
    return result


def _rounded_factors(table: Sequence[Difference], order: int) -> Factors:
    """The factors of steps so small that they are rounded: their ratios are no powers of two."""
    ratios = [[(old.step / one.step) ** order for old in table[max(i - COLUMNS, 0):i][::-1]] for i, one in enumerate(table)]
    return [[(ratio, 1 / (ratio - 1)) for ratio in row] for row in ratios]


def _tableau_row(one: Difference, factors: list[tuple[float, float]], above: list[tuple[float, float]],
                 slow: float) -> tuple[list[tuple[float, float]], Estimate]:
    """A row of the tableau, made from the row above it, and its best entry; ``slow`` is added to every error bar."""
    h, value, noise = one
    row = [(value, noise)]
    best_bar, best_value, best_noise = inf, nan, inf
    for (old, old_noise), (factor, share) in zip(above, factors):
        better = value + (value - old) * share
        far = abs(value - old)
        if len(row) > 1:
            far = max(abs(better - value), abs(better - old))
        elif (bar := TRUNCATION * far + slow + noise) < best_bar:  # the bar of the quotient itself
            best_bar, best_value, best_noise = bar, value, noise
        noise = hypot(factor * noise, old_noise) * share
        value = better
        row.append((value, noise))
        if (bar := TRUNCATION * far + slow + noise) < best_bar:
            best_bar, best_value, best_noise = bar, value, noise
    return row, Estimate(best_value, best_bar, best_noise, h)


def _tail(table: Sequence[Difference], i: int) -> float:
    """How far quotients that converge slower than the step (|x|^1.1 at 0) still are from their limit; else 0."""
    if i < 2:
        return 0.0
    (h0, q0, _), (h1, q1, _), (h2, q2, noise) = table[i - 2:i + 1]
    last, before = q2 - q1, q1 - q0
    if not abs(last) > 2 * noise or not last * before > 0 or h0 / h1 != h1 / h2:
        return 0.0
    if not isfinite(q0 + q1 + q2):
        return 0.0
    ratio = last / before
    return 0.0 if ratio < (h2 / h1) ** 0.7 else 2 * abs(last) * ratio / (1 - ratio) if ratio < 1 else inf


def confirms_slope(g: Curve, scale: float, slope: float) -> bool:
    """True if a few values confirm a slope at 0 to eight digits; False tells nothing.

    >>> import math
    >>> confirms_slope(lambda t: math.sin(1 + t), 1.0, math.cos(1)), confirms_slope(lambda t: math.sin(1 + t), 1.0, 0.5403)
    (True, False)
    """
    above: list[float] = []
    for rung in range(3, 9):
        h = scale * 2.0**-rung
        row = [(g(h) - g(-h)) / (2 * h)]
        for j, old in enumerate(above):
            row.append(row[j] + (row[j] - old) / (4.0 ** (j + 1) - 1))
        if abs(row[-1] - slope) <= 1e-8 * abs(slope):
            return True
        above = row
    return False
