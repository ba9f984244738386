"""The slope of a function at a point, measured from its values alone, with an honest error bar.

Central and one-sided differences over geometric steps, Richardson's extrapolation over them, and an estimate of the
function's own noise. The error bar is truncation (how far neighbouring entries of the tableau disagree) plus
noise ÷ step; the entry with the smallest bar is taken, as long as it does not contradict a smaller step.

- Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot, inf, isfinite, nan
from sys import float_info

from .noise import Curve, grid_noise, noise_level

WINDOW = 14  # steps in the first table, each half of the one before, from a quarter of the scale down
MORE = 6  # steps by which a table is widened
SCOUTS = (3, 6, 9, 12, 15)  # further steps below the table, far apart. The derivative is the limit of small steps, so a
# table that settles at large ones (beyond a nearby kink, or over ripples) must not contradict them
BRIEF = (2, 8), (6, 13, 20)  # first and last rung, and the scouts, of the brief look that is enough for plain functions
COLUMNS = 6  # of the tableau: errors up to the sixth power of step² are removed
TRUNCATION = 10.0  # error bars per disagreement of neighbouring entries
NOISE = 4.0  # error bars per standard deviation of rounding: cautious, since usual bars are 1e-11 and errors above 1e-6
TINY = 5e-324


@dataclass(frozen=True)
class Estimate:
    """A slope from differences: its value, error bar, the noise's part of the bar, and the step it comes from."""

    value: float = nan
    bar: float = inf
    noise: float = inf
    step: float = nan

    def covers(self, slope: float) -> bool:
        """True if ``slope`` lies within the error bar."""
        return abs(slope - self.value) <= self.bar


@dataclass
class Slopes:
    """Measured slopes of a function at a point: central, left and right, and the kind of point.

    ``kind`` is "smooth", "kink" (left and right slopes differ), "jump" (the value itself does), "edge" (one side
    is not finite; the slope is that of the other) or "nowhere" (neither is). ``at`` is the value at the point, ``noise``
    the standard deviation of its rounding, ``quantum`` the smallest step that changes the point, ``natural`` the slope
    of a function that changes by all its size over a natural step. ``wide`` holds left and right slopes from long steps,
    of a function that is flat over natural ones: a kink may hide there. ``samples`` holds (step, central, left, right)
    for the picture.
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
                   floor: float = 0.0, patience: int = 3) -> Slopes:
    """Measure the slope of ``g`` at 0 by differences.

    ``scale`` is the size of a natural step (|x|, say), from which the length scale of the function is searched;
    ``quantum`` the smallest step that changes the point; ``blur(t)`` the error of g(t) from rounding the point itself;
    ``floor`` the least noise in g. The search ends when the bar is 1e-9 of the slope or of ``hint`` (the value it will
    be compared with), or when ``patience`` widenings in a row brought nothing. Where a few values already agree with
    ``hint`` so well, and nothing bends, there is no search.
    """
    tables = DifferenceTables(g, scale, quantum, blur, hint, floor)
    if (plain := tables.brief()) is not None:
        return plain
    tables.survey()
    best = tables.best(0)
    idle = {"up": 0, "down": 0}  # widenings in a row that brought nothing
    while not _settled(best, hint, tables.natural) and min(idle.values()) < patience:
        towards = "up" if best.noise > best.bar / 2 else "down"
        if idle[towards] >= patience:
            towards = "down" if towards == "up" else "up"
        if not tables.widen(towards):
            idle[towards] = patience
            continue
        found = tables.best(0)
        idle = {"up": 0, "down": 0} if found.bar < best.bar / 2 else idle | {towards: idle[towards] + 1}
        best = found
    return tables.conclude(best)


def _settled(best: Estimate, hint: float, natural: float) -> bool:
    return best.bar <= 1e-9 * abs(best.value) or (best.covers(hint) and best.bar <= 1e-9 * (abs(hint) or natural))


class DifferenceTables:
    """Tables of difference quotients of a function at 0, to each side and central, over a growing range of steps."""

    def __init__(self, g: Curve, scale: float, quantum: float, blur: Curve, hint: float, floor: float):
        self.g, self.blur, self.quantum, self.hint, self.floor = g, blur, max(quantum, TINY), hint, floor
        self.top_step, self.limit = scale / 4, min(2.0**20 * max(scale, 1.0), 2.0**1020)
        self.base = (g(0.0), g(0.0))  # the values from which left and right differences start
        self.grid = max(scale * 2.0**-48, 2 * self.quantum)
        self.relative = 0.0  # noise for each unit of value beyond the table
        self.scouts: tuple[int, ...] = ()
        self.tables: dict[int, list[tuple[float, float, float]]] = {}  # of each side: step, quotient, noise

    def around(self) -> list[float]:
        """All finite values at the steps of the table, to both sides."""
        return [v for h in self.steps() for side in (-1, 1) if isfinite(v := self.g(side * h))]

    def brief(self) -> Slopes | None:
        """The slopes where few values confirm the hint; None where they do not suffice."""
        (self.first, self.last), self.scouts = BRIEF
        around = self.around()
        self.flat = set(around) == {self.base[0]}
        self.natural = (max(map(abs, around), default=0.0) or 1.0) / self.top_step
        self.near = self.far = self.floor or (0.0 if self.flat else grid_noise([self.g(self.grid * j) for j in range(1, 9)]))
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
        coarse = 1e-3 * max(map(abs, around), default=0.0)  # smaller jumps are taken for rounding of the values
        self.near = self.far = self.floor  # noise at the point, and a step away
        if self.hint or not flat:
            single = 3e-8 * abs(self.base[0]) if flat else 0.0  # flat as far as can be seen: float32 inside, perhaps
            self.near = max(self.floor, single, *(noise_level(g, side * grid, coarse) for side in (-1, 1)))
            away = self.top_step / 2
            self.far = max(self.near, noise_level(lambda t: g(away + t), grid, coarse))
            if self.far and isfinite(size := abs(g(away))):
                self.relative = min(self.far / size, 1e-3) if size else 0.0

    def noise(self, t: float, value: float) -> float:
        """The standard deviation of the noise in a value: as at the point, as a step away, or in proportion beyond."""
        measured = self.near if abs(t) < self.top_step / 1024 else self.far
        beyond = self.relative * abs(value) if abs(t) > self.top_step else 0.0
        return max(measured, beyond, float_info.epsilon / 2 * abs(value), TINY) + self.blur(t)

    def step(self, rung: int) -> float:
        """The step that belongs to a rung of the ladder of halvings."""
        return self.top_step * 2.0**-rung

    def widen(self, towards: str) -> bool:
        """Add longer or shorter steps; False where further ones make no sense."""
        if towards == "up":
            self.first -= MORE
            return self.step(self.first + MORE - 1) <= self.limit
        self.last += MORE
        return self.step(self.last - MORE) >= 4 * self.quantum

    def steps(self) -> list[float]:
        """The steps of the table and its scouts, longest first."""
        rungs = [*range(self.first, self.last), *(self.last - 1 + more for more in self.scouts)]
        return [h for k in rungs if (h := self.step(k)) >= self.quantum]

    def difference(self, h: float, side: int) -> tuple[float, float]:
        """The difference quotient at step h, central (0) or to one side (±1), and the noise in it."""
        ends = (h, -h) if side == 0 else (side * h, 0.0)
        values = [self.g(t) if t else self.base[side > 0] for t in ends]
        rounding = hypot(*map(self.noise, ends, values))
        width = ends[0] - ends[1]
        if h > self.top_step and abs(values[0] - values[1]) <= 10 * NOISE * rounding:
            rounding *= h / self.top_step  # a change lost in noise far out tells nothing about the slope nearby
        return (values[0] - values[1]) / width, NOISE * rounding / abs(width)

    def best(self, side: int, natural: float = 0.0) -> Estimate:
        """The best estimate of the slope to one side (±1), or of the central one (0)."""
        self.tables[side] = table = [(h, *self.difference(h, side)) for h in self.steps()]
        return best_estimate(table, 1 if side else 2, natural or self.top_step)

    def jump(self, side: int) -> bool:
        """True if the value jumps on that side: it differs from g(0) as much at tiny steps as at larger ones."""
        steps = [h for h in self.steps() if isfinite(self.g(side * h))]
        if len(steps) < 10:
            return False
        small, large = (abs(self.g(side * h) - self.base[0]) for h in (steps[-1], steps[-9]))
        floor = self.noise(0.0, 2 * self.base[0])
        return small > 100 * floor and small > large / 2

    def conclude(self, central: Estimate) -> Slopes:
        """The kind of point and its slopes, once the central one has been searched for."""
        jumps = self.jumps()
        left, right = self.sides(moved=any(jumps))
        if any(jumps):
            kind = "jump"
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
            tip = self.steps()[-1]
            left_base, right_base = (self.g(t) if there else x for t, there, x in zip((-tip, tip), jumps, self.base))
            self.base = (left_base, right_base)
        return jumps

    def sides(self, moved: bool) -> tuple[Estimate, Estimate]:
        """The left and the right slope; a bend must remain at smaller steps to count as a kink."""
        left, right = self.best(-1), self.best(1)
        for _ in range(3):
            if not moved and _differ(left, right) and self.widen("down"):
                left, right = self.best(-1), self.best(1)
        return left, right

    def clearest(self, central: Estimate, left: Estimate, right: Estimate) -> Estimate:
        """The central slope, or that of one side where it is far more certain: next to a kink or a pole."""
        if central.bar <= 1e-9 * abs(central.value):
            return central
        clearer = right if right.bar < left.bar else left
        blind = clearer.covers(0.0) and central.covers(self.hint)  # a mean over a long step that rounding levels
        return clearer if clearer.bar < central.bar / 8 and clearer.step <= 4 * self.top_step and not blind else central

    def bends_nearby(self, left: Estimate, right: Estimate) -> bool:
        """True if left and right differ at natural steps too, in case they came from longer ones."""
        natural = 4 * self.top_step
        if max(left.step, right.step) <= natural:
            return True
        near = [best_estimate([entry for entry in self.tables[side] if entry[0] <= natural], 1, natural) for side in (-1, 1)]
        return _differ(*near)

    def found(self, central: Estimate, left: Estimate, right: Estimate, kind: str) -> Slopes:
        """The result, with the difference quotients it came from."""
        wide = [self.best(side, natural=inf) for side in (-1, 1)] if self.flat else []
        one_sided = [[quotient for _, quotient, _ in self.tables[side]] for side in (-1, 1)]
        central_ones = [(self.g(h) - self.g(-h)) / (2 * h) for h in self.steps()]
        samples = list(zip(self.steps(), central_ones, *one_sided))
        return Slopes(central, left, right, kind, self.near, self.g(0.0), self.quantum, self.natural, wide, samples)


def _differ(left: Estimate, right: Estimate) -> bool:
    return abs(left.value - right.value) > left.bar + right.bar


def best_estimate(table: list[tuple[float, float, float]], order: int, natural: float) -> Estimate:
    """The best entry of Richardson's tableau over (step, quotient, noise); ``order`` 2 where errors go with step².

    Steps longer than the ``natural`` one count only where they see a slope: mean slopes of what saturates vanish.
    """
    chosen: list[Estimate] = []  # the best of each row of the tableau
    above: list[tuple[float, float]] = []  # the row before: value, noise
    for i, (h, quotient, _) in enumerate(table):
        above, best = _tableau_row(table, i, order, above) if isfinite(quotient) else ([], Estimate())
        counts = h <= natural or best.bar < abs(best.value) / 10
        chosen.append(best if counts and best.bar < inf else Estimate())
    result = Estimate()
    for i, one in enumerate(chosen):  # smaller steps decide: a wide plateau must not contradict them
        smaller = (x for x in chosen[i + 1:] if x.bar < inf)
        if one.bar < result.bar and all(abs(one.value - x.value) <= one.bar + 5 * x.bar for x in smaller):
            result = one
    return result


def _tableau_row(table: list[tuple[float, float, float]], i: int, order: int,
                 above: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], Estimate]:
    """Row ``i`` of the tableau, made from the row above it, and its best entry."""
    h, quotient, noise = table[i]
    row = [(quotient, noise)]
    slow = _tail(table[max(i - 2, 0):i + 1])
    best = (inf, nan, inf)  # bar, value, noise
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
    bar, value, rounding = best
    return row, Estimate(value, bar, rounding, h)


def _tail(three: list[tuple[float, float, float]]) -> float:
    """How far quotients that converge slower than the step (|x|^1.1 at 0) still are from their limit; else 0."""
    if len(three) < 3 or not isfinite(sum(quotient for _, quotient, _ in three)):
        return 0.0
    (h0, q0, _), (h1, q1, _), (h2, q2, noise) = three
    last, before = q2 - q1, q1 - q0
    if abs(last) <= 2 * noise or last * before <= 0 or h0 / h1 != h1 / h2:
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
