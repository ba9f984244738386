"""The slope of a function at a point from its values alone, with an honest error bar.

Central and one-sided differences over geometric steps, Richardson's extrapolation over them, and an estimate of
the function's own noise. The bar is truncation (how far neighbouring entries of the table disagree) plus
noise ÷ step; the entry with the smallest bar is taken, as long as it does not contradict a smaller step.

- Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982)
- Moré & Wild, "Estimating computational noise", SIAM Journal on Scientific Computing 33 (2011)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot, inf, isfinite, nan, sqrt
from sys import float_info

WINDOW = 14  # steps in the first table, each half of the one before, from a quarter of the scale down
MORE = 6  # steps by which a table is widened
SCOUTS = (3, 6, 9, 12, 15)  # steps below the table, far apart: the derivative is what small steps say, so a table that
# settles at large ones (beyond a kink nearby, or over ripples) must not contradict them
BRIEF = (2, 8), (6, 13, 20)  # the first and last rung, and the scouts, of a look that suffices where all is plain
COLUMNS = 6  # of the tableau: errors up to the sixth power of step² are removed
TRUNCATION = 10.0  # bars per disagreement of neighbours, and
GRIDS = (48, 41, 34, 27, 20, 14, 9, 6)  # powers of ½ of the scale at which noise is looked for: rounding may show at some only
NOISE = 4.0  # bars per standard deviation of rounding: on the safe side: usual bars are 1e-11, errors above 1e-6
TINY = 5e-324

Curve = Callable[[float], float]


@dataclass(frozen=True)
class Estimate:
    """A slope from differences: its value, error bar, the noise's part of the bar, and the step it comes from."""

    value: float = nan
    bar: float = inf
    noise: float = inf
    step: float = nan

    def covers(self, slope: float) -> bool:
        """Whether ``slope`` is within the error bar."""
        return abs(slope - self.value) <= self.bar


@dataclass
class Slopes:
    """What differences say of a function at a point: the slope, those to the left and to the right, and its kind.

    ``kind`` is "smooth", "kink" (left and right slopes differ), "jump" (the value itself does), "edge" (one side
    is not finite; the slope is that of the other) or "nowhere" (neither is). ``samples`` holds (step, central,
    left, right) for the picture; ``noise`` is the standard deviation of the rounding in the values.
    """

    slope: Estimate
    left: Estimate
    right: Estimate
    kind: str
    noise: float
    at: float  # the value at the point
    quantum: float  # the smallest step that can be told from none
    natural: float  # the slope of a function that changed by all its size over a natural step
    wide: list[Estimate]  # left and right from afar, of a function that is flat at natural steps: a kink may hide there
    samples: list[tuple[float, float, float, float]] = field(default_factory=list)


def slopes(g: Curve, scale: float, quantum: float = 0.0, blur: Curve = lambda t: 0.0, hint: float = 0.0,
           floor: float = 0.0, patience: int = 3) -> Slopes:
    """Measure the slope of ``g`` at 0 by differences.

    ``scale`` is the size of a natural step (|x|, say), from which the length scale of the function is searched;
    ``quantum`` the smallest step that can be told from none; ``blur(t)`` the error of g(t) because the point itself
    was rounded; ``floor`` the least noise in g. The search ends when the bar is 1e-9 of the slope, or of ``hint``,
    the value it will be held against, or when ``patience`` widenings in a row have brought nothing. Where a few values
    agree with ``hint`` to that already, and nothing bends, there is no search.
    """
    line = _Line(g, scale, quantum, blur, hint, floor)
    if (plain := line.brief()) is not None:
        return plain
    line.survey()
    best = line.best(0)
    idle = {"up": 0, "down": 0}  # rounds in a row that brought nothing
    while not _settled(best, hint, line.natural) and min(idle.values()) < patience:
        towards = "up" if best.noise > best.bar / 2 else "down"
        if idle[towards] >= patience:
            towards = "down" if towards == "up" else "up"
        if not line.widen(towards):
            idle[towards] = patience
            continue
        found = line.best(0)
        idle = {"up": 0, "down": 0} if found.bar < best.bar / 2 else idle | {towards: idle[towards] + 1}
        best = found
    return line.verdict(best)


def _settled(best: Estimate, hint: float, natural: float) -> bool:
    return best.bar <= 1e-9 * abs(best.value) or (best.covers(hint) and best.bar <= 1e-9 * (abs(hint) or natural))


class _Line:
    """The function along a line, its noise, and tables of differences over a growing range of steps."""

    def __init__(self, g: Curve, scale: float, quantum: float, blur: Curve, hint: float, floor: float):
        self.g, self.blur, self.quantum, self.hint, self.floor = g, blur, max(quantum, TINY), hint, floor
        self.top_step, self.limit = scale / 4, min(2.0**20 * max(scale, 1.0), 2.0**1020)
        self.base = (g(0.0), g(0.0))  # the values that left and right differences start from
        self.grid = max(scale * 2.0**-48, 2 * self.quantum)
        self.relative = 0.0  # noise for each unit of value beyond the table
        self.scouts: tuple[int, ...] = ()
        self.tables: dict[int, list[tuple[float, float, float]]] = {}  # of each side: step, quotient, noise

    def around(self) -> list[float]:
        return [v for h in self.steps() for side in (-1, 1) if isfinite(v := self.g(side * h))]

    def brief(self) -> Slopes | None:
        """The slopes where few values confirm the hint; None says nothing."""
        (self.first, self.last), self.scouts = BRIEF
        around = self.around()
        self.flat = set(around) == {self.base[0]}
        self.natural = (max(map(abs, around), default=0.0) or 1.0) / self.top_step
        self.near = self.far = self.floor or (0.0 if self.flat else scattered([self.g(self.grid * j) for j in range(1, 9)]))
        best = self.best(0)
        if not (best.covers(self.hint) and _settled(best, self.hint, self.natural)):
            return None
        left, right = self.best(-1), self.best(1)
        if _differ(left, right) or max(left.bar, right.bar) > 1e-6 * max(abs(self.hint), self.natural):
            return None
        return self.found(best, left, right, "smooth")

    def survey(self) -> None:
        """Look at the function over the whole table: its size, and its noise."""
        g, grid = self.g, self.grid
        self.first, self.last, self.scouts = 0, WINDOW, SCOUTS
        around = self.around()
        self.flat = flat = set(around) == {self.base[0]}
        if flat and self.hint:
            around += [v for side in (-4, 4, -16, 16) if isfinite(v := g(side * self.top_step))]
        self.natural = (max(map(abs, around), default=0.0) or 1.0) / self.top_step
        coarse = 1e-3 * max(map(abs, around), default=0.0)  # jumps below this are taken for rounding of the values
        self.near = self.far = self.floor  # noise at the point, a step away
        if self.hint or not flat:
            single = 3e-8 * abs(self.base[0]) if flat else 0.0  # flat as far as can be seen: it may have been float32
            self.near = max(self.floor, single, *(noise_level(g, side * grid, coarse) for side in (-1, 1)))
            away = self.top_step / 2
            self.far = max(self.near, noise_level(lambda t: g(away + t), grid, coarse))
            if self.far and isfinite(size := abs(g(away))):
                self.relative = min(self.far / size, 1e-3) if size else 0.0

    def noise(self, t: float, value: float) -> float:
        """The standard deviation of the noise in a value: as at the point, as a step away, in proportion beyond."""
        measured = self.near if abs(t) < self.top_step / 1024 else self.far
        beyond = self.relative * abs(value) if abs(t) > self.top_step else 0.0
        return max(measured, beyond, float_info.epsilon / 2 * abs(value), TINY) + self.blur(t)

    def step(self, rung: int) -> float:
        return self.top_step * 2.0**-rung

    def widen(self, towards: str) -> bool:
        """More steps above or below; False at the end of what makes sense."""
        if towards == "up":
            self.first -= MORE
            return self.step(self.first + MORE - 1) <= self.limit
        self.last += MORE
        return self.step(self.last - MORE) >= 4 * self.quantum

    def steps(self) -> list[float]:
        rungs = [*range(self.first, self.last), *(self.last - 1 + more for more in self.scouts)]
        return [h for k in rungs if (h := self.step(k)) >= self.quantum]

    def difference(self, h: float, side: int) -> tuple[float, float]:
        """The difference quotient at step h, central (0) or to one side (±1), and the noise in it."""
        ends = (h, -h) if side == 0 else (side * h, 0.0)
        values = [self.g(t) if t else self.base[side > 0] for t in ends]
        rounding = hypot(*map(self.noise, ends, values))
        width = ends[0] - ends[1]
        if h > self.top_step and abs(values[0] - values[1]) <= 10 * NOISE * rounding:
            rounding *= h / self.top_step  # a change that is lost in noise far out says nothing of the slope near by
        return (values[0] - values[1]) / width, NOISE * rounding / abs(width)

    def best(self, side: int, natural: float = 0.0) -> Estimate:
        self.tables[side] = table = [(h, *self.difference(h, side)) for h in self.steps()]
        return _best(table, 1 if side else 2, natural or self.top_step)

    def jump(self, side: int) -> bool:
        """Whether the value jumps on that side: it differs from g(0) as much at tiny steps as at larger ones."""
        steps = [h for h in self.steps() if isfinite(self.g(side * h))]
        if len(steps) < 10:
            return False
        small, large = (abs(self.g(side * h) - self.base[0]) for h in (steps[-1], steps[-9]))
        floor = self.noise(0.0, 2 * self.base[0])
        return small > 100 * floor and small > large / 2

    def verdict(self, central: Estimate) -> Slopes:
        jumps = [self.jump(-1), self.jump(1)]
        for _ in range(2):
            if any(jumps) and self.widen("down"):
                jumps = [self.jump(-1), self.jump(1)]
        if any(jumps):  # each branch starts from its own value next to the point
            tip = self.steps()[-1]
            left_base, right_base = (self.g(t) if there else x for t, there, x in zip((-tip, tip), jumps, self.base))
            self.base = (left_base, right_base)
        left, right = self.best(-1), self.best(1)
        for _ in range(3):  # a bend is a kink when it stays one at smaller steps
            if not any(jumps) and _differ(left, right) and self.widen("down"):
                left, right = self.best(-1), self.best(1)
        if any(jumps):
            kind = "jump"
        elif isfinite(left.bar) and isfinite(right.bar):
            kind = "kink" if _differ(left, right) and self.bends_near_by(left, right) else "smooth"
        else:
            kind = "edge" if isfinite(left.bar) or isfinite(right.bar) else "nowhere"
        if kind == "edge" and not isfinite(central.bar):
            central = left if isfinite(left.bar) else right
        elif kind == "edge":
            kind = "smooth"
        elif kind == "smooth" and central.bar > 1e-9 * abs(central.value):  # next to a kink or a pole one side sees further
            clearer = _smaller(left, right)
            blind = clearer.covers(0.0) and central.covers(self.hint)  # the mean over a long step that rounding levels
            central = clearer if clearer.bar < central.bar / 8 and clearer.step <= 4 * self.top_step and not blind else central
        return self.found(central, left, right, kind)

    def bends_near_by(self, left: Estimate, right: Estimate) -> bool:
        """Whether left and right differ at natural steps too, should they have been taken from longer ones."""
        natural = 4 * self.top_step
        if max(left.step, right.step) <= natural:
            return True
        near = [_best([row for row in self.tables[side] if row[0] <= natural], 1, natural) for side in (-1, 1)]
        return _differ(*near)

    def found(self, central: Estimate, left: Estimate, right: Estimate, kind: str) -> Slopes:
        wide = [self.best(side, natural=inf) for side in (-1, 1)] if self.flat else []
        one_sided = [[quotient for _, quotient, _ in self.tables[side]] for side in (-1, 1)]
        central_ones = [(self.g(h) - self.g(-h)) / (2 * h) for h in self.steps()]
        samples = list(zip(self.steps(), central_ones, *one_sided))
        return Slopes(central, left, right, kind, self.near, self.g(0.0), self.quantum, self.natural, wide, samples)


def _differ(left: Estimate, right: Estimate) -> bool:
    return abs(left.value - right.value) > left.bar + right.bar


def _best(table: list[tuple[float, float, float]], order: int, natural: float) -> Estimate:
    """The best entry of Richardson's tableau over (step, quotient, noise); ``order`` 2 where errors go with step².

    Steps longer than the ``natural`` one are heard where they see a slope: mean slopes of what saturates vanish.
    """
    chosen: list[Estimate] = []  # of each row
    above: list[tuple[float, float]] = []  # the row before: value, noise
    for i, (h, quotient, noise) in enumerate(table):
        row: list[tuple[float, float]] = []
        best = (inf, nan, inf)  # bar, value, noise
        if isfinite(quotient):
            row = [(quotient, noise)]
            slow = _tail(table[max(i - 2, 0):i + 1])
            for j, (old, old_noise) in enumerate(above[:COLUMNS]):
                value, rounding = row[j]
                factor = (table[i - 1 - j][0] / h) ** order
                better = value + (value - old) / (factor - 1)
                far = max(abs(better - value), abs(better - old)) if j else abs(value - old)
                tried = [(value, rounding)] if j == 0 else []
                rounding = hypot(factor * rounding, old_noise) / (factor - 1)
                row.append((better, rounding))
                for value, rounding in (*tried, row[-1]):
                    if (bar := TRUNCATION * far + slow + rounding) < best[0]:
                        best = (bar, value, rounding)
        above = row
        bar, value, noise = best
        heard = h <= natural or bar < abs(value) / 10
        chosen.append(Estimate(value, bar, noise, h) if heard and bar < inf else Estimate())
    result = Estimate()
    for i, one in enumerate(chosen):  # the derivative is what small steps say: a wide plateau must not contradict them
        smaller = (x for x in chosen[i + 1:] if x.bar < inf)
        if one.bar < result.bar and all(abs(one.value - x.value) <= one.bar + 5 * x.bar for x in smaller):
            result = one
    return result


def _tail(three: list[tuple[float, float, float]]) -> float:
    """What quotients that converge slower than the step (|x|^1.1 at 0) are still away from their limit; else 0."""
    if len(three) < 3 or not isfinite(sum(quotient for _, quotient, _ in three)):
        return 0.0
    (h0, q0, _), (h1, q1, _), (h2, q2, noise) = three
    last, before = q2 - q1, q1 - q0
    if abs(last) <= 2 * noise or last * before <= 0 or h0 / h1 != h1 / h2:
        return 0.0
    ratio = last / before
    return 0.0 if ratio < (h2 / h1) ** 0.7 else 2 * abs(last) * ratio / (1 - ratio) if ratio < 1 else inf


def _smaller(one: Estimate, other: Estimate) -> Estimate:
    return other if other.bar < one.bar else one


def richardson(g: Curve, scale: float, slope: float) -> bool:
    """Whether a few values suffice to confirm a slope at 0 to eight digits; False says nothing.

    >>> import math
    >>> richardson(lambda t: math.sin(1 + t), 1.0, math.cos(1)), richardson(lambda t: math.sin(1 + t), 1.0, 0.5403)
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


def noise_level(g: Curve, step: float, coarse: float) -> float:
    """The standard deviation of the rounding noise in g next to 0, from differences of values on a tiny grid.

    A smooth function's differences of high order vanish; what stays is noise. Where most values are equal, the nearest
    change is searched and narrowed down: a function that rounds its values to few digits jumps there, by less than
    ``coarse``, and others do not.

    >>> 1e-17 < noise_level(lambda t: 1 / (3 + t), 1e-13, 1e-3) < 1e-15
    True
    >>> round(noise_level(lambda t: round(1 / (3 + t), 6), 1e-13, 1e-3), 9)
    3e-07
    """
    values = [g(step * j) for j in range(1, 9)]
    if not all(map(isfinite, values)):
        return 0.0
    if len(set(values)) <= 4:
        inner = step
        outer = next((t for k in range(30) if g(t := step * 4.0**k) != values[0]), None)
        if outer is None or not isfinite(g(outer)):
            return 0.0
        while abs(outer - inner) > max(abs(step) / 2, abs(outer) * 2.0**-50):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if g(middle) == values[0] else (inner, middle)
        jump = abs(g(outer) - values[0])
        return 0.3 * jump if jump < coarse else 0.0
    return scattered(values)


def scattered(values: list[float]) -> float:
    """The noise that differences of eight neighbouring values show; 0 where most are equal, which says nothing."""
    if len(set(values)) <= 4 or not all(map(isfinite, values)):
        return 0.0
    size, levels, mixed = _levels(values)
    agreed = _agreed(levels, mixed)
    return size * (min(levels[-2:]) if agreed is None else agreed)


def noise_beyond(g: Curve, scale: float, most: float = 1e-3, reach: float = inf, either: bool = False) -> float:
    """The most noise in g that differences of values show on any of several grids, the last a good part of the scale.

    (1 − cos x) ÷ x² is constant over many neighbouring floats, and off by more than its last digit: only further apart
    do its values scatter. A function that waves faster than the grid scatters too, but by nearly all its size;
    what is more than ``most`` of the values is no noise, nor what shows at steps beyond ``reach`` only, nor what one
    side alone shows: there may be a kink. If there is one, ``either`` side is heard.

    >>> import math
    >>> 1e-11 < noise_beyond(lambda t: (1 - math.cos(1e-3 + t)) / (1e-3 + t) ** 2, 1e-3) < 1e-9
    True
    """
    noise = 0.0
    for rung in GRIDS:
        if 8 * scale * 2.0**-rung > reach:
            break
        sides = []
        for step in (scale * 2.0**-rung, -scale * 2.0**-rung):
            values = [g(step * j) for j in range(1, 9)]
            if all(map(isfinite, values)) and len(set(values)) > 4:
                size, levels, mixed = _levels(values)
                agreed = _agreed(levels, mixed)
                sides.append(size * agreed if agreed is not None and agreed < most else 0.0)
        noise = max(noise, (max if either else min)(sides, default=0.0))
    return noise


def _levels(values: list[float]) -> tuple[float, list[float], list[bool]]:
    """The size of the values, the noise that each order of their differences shows, and whether those change sign."""
    size = max(map(abs, values)) or 1.0
    differences = [v / size for v in values]
    levels: list[float] = []
    mixed: list[bool] = []
    weight = 1.0  # (k!)² / (2k)!, by which the squares of the k-th differences of noise exceed its own
    for k in range(1, 7):
        differences = [b - a for a, b in pairwise(differences)]
        weight *= k * k / (2 * k * (2 * k - 1))
        levels.append(sqrt(weight * sum(d * d for d in differences) / len(differences)))
        mixed.append(min(differences) < 0 < max(differences))
    return size, levels, mixed


def _agreed(levels: list[float], mixed: list[bool]) -> float | None:
    """The noise that three orders of differences agree on; None where they do not, as of a smooth function."""
    for three, changes in zip(zip(levels, levels[1:], levels[2:]), mixed):
        if changes and max(three) <= 4 * min(three):
            return three[0]
    return None
