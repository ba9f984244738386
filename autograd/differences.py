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
from math import inf, isfinite, nan, sqrt
from sys import float_info

RATIO = 4.0  # of one step to the next
WINDOW = 12  # steps in a table, centred on ε^(1/3) × scale
COLUMNS = 6  # of the tableau: errors up to the sixth power of step² are removed
TRUNCATION = 10.0  # bars per disagreement of neighbours, and
NOISE = 4.0  # bars per standard deviation of rounding: on the safe side, since 1e-11 is the usual bar, and errors are above 1e-6
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
    left, right) for the picture.
    """

    slope: Estimate
    left: Estimate
    right: Estimate
    kind: str
    noise: float
    samples: list[tuple[float, float, float, float]] = field(default_factory=list)


def slopes(g: Curve, scale: float, quantum: float = 0.0, blur: Curve = lambda t: 0.0, hint: float = 0.0) -> Slopes:
    """Measure the slope of ``g`` at 0 by differences.

    ``scale`` is the size of a natural step (|x|, say), from which the length scale of the function is searched;
    ``quantum`` the smallest step that can be told from none; ``blur(t)`` the error of g(t) because the point itself
    was rounded. The search ends when the bar is 1e-9 of the slope, or of ``hint``, the value it will be held against.
    """
    line = _Line(g, scale, quantum, blur)
    best = line.best(0)
    idle = {"up": 0, "down": 0}  # rounds in a row that brought nothing
    while not _settled(best, hint) and min(idle.values()) < 3:
        towards = "up" if best.noise > best.bar / 2 else "down"
        if idle[towards] >= 3 or not line.widen(towards):
            idle[towards] = 3
            towards = "down" if towards == "up" else "up"
            if idle[towards] >= 3 or not line.widen(towards):
                idle[towards] = 3
                continue
        found = line.best(0)
        if found.bar < best.bar / 2:
            idle = {"up": 0, "down": 0}
        else:
            idle[towards] += 1
        best = found
    return line.verdict(best)


def _settled(best: Estimate, hint: float) -> bool:
    return best.bar <= 1e-9 * max(abs(best.value), abs(hint)) or (hint == 0 and best.covers(0.0))


class _Line:
    """The function along a line, its noise, and tables of differences over a growing range of steps."""

    def __init__(self, g: Curve, scale: float, quantum: float, blur: Curve):
        self.g, self.blur, self.quantum = g, blur, max(quantum, TINY)
        self.top_step, self.limit = scale / 64, 2.0**20 * max(scale, 1.0)
        self.first, self.last = 0, WINDOW
        self.base = (g(0.0), g(0.0))  # the values that left and right differences start from
        start = max(scale * 2.0**-48, 2 * self.quantum)
        self.noise = max(noise_level(g, start, self.top_step), noise_level(g, -start, -self.top_step))

    def step(self, rung: int) -> float:
        return self.top_step * RATIO**-rung

    def widen(self, towards: str) -> bool:
        """Four more steps above or below; False at the end of what makes sense."""
        if towards == "up":
            self.first -= 4
            return self.step(self.first + 3) <= self.limit
        self.last += 4
        return self.step(self.last - 4) >= 4 * self.quantum

    def steps(self) -> list[float]:
        return [h for k in range(self.first, self.last) if (h := self.step(k)) >= self.quantum]

    def difference(self, h: float, side: int) -> tuple[float, float]:
        """The difference quotient at step h, central (0) or to one side (±1), and the noise in it."""
        ends = (h, -h) if side == 0 else (side * h, 0.0)
        values = [self.g(t) if t else self.base[side > 0] for t in ends]
        rounding = sum(max(self.noise, float_info.epsilon / 2 * abs(v), TINY) + self.blur(t) for v, t in zip(values, ends))
        width = ends[0] - ends[1]
        return (values[0] - values[1]) / width, NOISE * rounding / abs(width)

    def best(self, side: int) -> Estimate:
        steps = self.steps()
        return _best([(h, *self.difference(h, side)) for h in steps], 1 if side else 2)

    def jump(self, side: int) -> bool:
        """Whether the value jumps on that side: it differs from g(0) as much at tiny steps as at larger ones."""
        steps = [h for h in self.steps() if isfinite(self.g(side * h))]
        if len(steps) < 6:
            return False
        small, large = (abs(self.g(side * h) - self.base[0]) for h in (steps[-1], steps[-5]))
        floor = max(self.noise, float_info.epsilon * abs(self.base[0]), TINY)
        return small > 100 * floor and small > large / 2

    def verdict(self, central: Estimate) -> Slopes:
        jumps = [self.jump(-1), self.jump(1)]
        if any(jumps):  # each branch starts from its own value next to the point
            tip = self.steps()[-1]
            self.base = tuple(self.g(t) if there else x for t, there, x in zip((-tip, tip), jumps, self.base))
        left, right = self.best(-1), self.best(1)
        for _ in range(3):  # a bend is a kink when it stays one at smaller steps
            if not any(jumps) and _differ(left, right) and self.widen("down"):
                left, right = self.best(-1), self.best(1)
        samples = [(h, *(self.difference(h, side)[0] for side in (0, -1, 1))) for h in self.steps()]
        if any(jumps):
            kind = "jump"
        elif isfinite(left.bar) and isfinite(right.bar):
            kind = "kink" if _differ(left, right) else "smooth"
        else:
            kind = "edge" if isfinite(left.bar) or isfinite(right.bar) else "nowhere"
        if kind == "edge" and not isfinite(central.bar):
            central = left if isfinite(left.bar) else right
        elif kind == "edge":
            kind = "smooth"
        return Slopes(central, left, right, kind, self.noise, samples)


def _differ(left: Estimate, right: Estimate) -> bool:
    return abs(left.value - right.value) > 3 * (left.bar + right.bar)


def _best(table: list[tuple[float, float, float]], order: int) -> Estimate:
    """The best entry of Richardson's tableau over (step, quotient, noise); ``order`` 2 where errors go with step²."""
    chosen: list[Estimate] = []  # of each row
    above: list[tuple[float, float, float]] = []  # the row before: step, value, noise
    for h, quotient, noise in table:
        row: list[tuple[float, float, float]] = []
        best = Estimate()
        if isfinite(quotient):
            row = [(h, quotient, noise)]
            for j, (_, old, old_noise) in enumerate(above[:COLUMNS]):
                _, value, rounding = row[j]
                factor = RATIO ** (order * (j + 1))
                better = value + (value - old) / (factor - 1)
                far = max(abs(better - value), abs(better - old)) if j else abs(value - old)
                if j == 0:
                    best = _smaller(best, Estimate(value, TRUNCATION * far + rounding, rounding, h))
                rounding = (factor * rounding + old_noise) / (factor - 1)
                row.append((h, better, rounding))
                best = _smaller(best, Estimate(better, TRUNCATION * far + rounding, rounding, h))
        above = row
        chosen.append(best)
    result = Estimate()
    for i, one in enumerate(chosen):  # the derivative is what small steps say: a wide plateau must not contradict them
        if one.bar < result.bar and all(abs(one.value - x.value) <= one.bar + x.bar for x in chosen[i + 1:] if x.bar < inf):
            result = one
    return result


def _smaller(one: Estimate, other: Estimate) -> Estimate:
    return other if other.bar < one.bar else one


def noise_level(g: Curve, step: float, largest: float) -> float:
    """The standard deviation of the rounding noise in g next to 0, from differences of values on a tiny grid.

    A smooth function's differences of high order vanish; what stays is noise. The grid is widened until its values
    differ at all. 0 where the function is exactly linear there, or not finite.

    >>> 1e-17 < noise_level(lambda t: 1 / (3 + t), 1e-13, 0.1) < 1e-15
    True
    """
    if len({g(largest * x) for x in (0.0, 1.0, 0.3, 0.01, 1e-4, 1e-7)}) == 1:
        return 0.0  # a constant
    coarse = 0.0
    while True:
        values = [g(step * j) for j in range(1, 9)]
        if not all(map(isfinite, values)):
            return coarse
        jumps = [abs(b - a) for a, b in zip(values, values[1:])]
        if any(jumps) and 0.0 in jumps[next(i for i, jump in enumerate(jumps) if jump):]:
            coarse = max(coarse, min(filter(None, jumps)) * 0.3)  # flat stretches with jumps between: a rounded value
        if len(set(values)) > 4 or abs(step) * 4 > abs(largest):
            break
        step *= 4
    size = max(map(abs, values)) or 1.0
    differences = [v / size for v in values]
    levels: list[float] = []
    mixed: list[bool] = []
    weight = 1.0  # (k!)² / (2k)!, by which the k-th differences of noise exceed it
    for k in range(1, 7):
        differences = [b - a for a, b in zip(differences, differences[1:])]
        weight *= k * k / (2 * k * (2 * k - 1))
        levels.append(sqrt(weight * sum(d * d for d in differences) / len(differences)))
        mixed.append(min(differences) < 0 < max(differences))
    for three, changes in zip(zip(levels, levels[1:], levels[2:]), mixed):
        if changes and max(three) <= 4 * min(three):
            return max(coarse, size * three[0])
    return max(coarse, size * min(levels[-2:]))
