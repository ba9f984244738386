"""Random programs over the table of operations, each drawn with a point inside the domain of everything it does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import isfinite
from typing import Any, NamedTuple

from ..operation import Operation, find, ieee, no_derivative, rows

BENT = ("relu", "abs", "leaky_relu", "elu", "maximum", "minimum", "clip_min", "clip_max")

Operand = int | float  # the number of an earlier result, or a constant


class RandomProgram(NamedTuple):
    """A random program with the ``point`` at which every operation is inside its domain: call it, print it.

    ``lines`` are (operation's name, operands); an operand is the number of an earlier result, the inputs being the
    first ones, or a float constant. ``outputs`` are the numbers of the results that it returns, alone or as a list.
    """

    point: tuple[float, ...]
    lines: tuple[tuple[str, tuple[Operand, ...]], ...]
    outputs: tuple[int, ...]

    def __call__(self, *inputs: Any) -> Any:
        results = list(inputs)
        for name, operands in self.lines:
            results.append(find(name)(*(results[x] if isinstance(x, int) else x for x in operands)))
        return results[self.outputs[0]] if len(self.outputs) == 1 else [results[i] for i in self.outputs]

    def __str__(self) -> str:
        count = len(self.point)
        called = lambda x: repr(x) if isinstance(x, float) else f"x{x}" if x < count else f"v{x - count}"
        lines = [f"v{i} = {name}({', '.join(map(called, operands))})" for i, (name, operands) in enumerate(self.lines)]
        return "\n".join([*lines, f"return {', '.join(map(called, self.outputs))}   # at {self.point}"])


def random_program(rng: random.Random, inputs: int = 2, size: int = 8, outputs: int = 1,
                   using: Sequence[str] | None = None, decades: float = 0.0, kink: bool = False) -> RandomProgram:
    """Draw a program of about ``size`` operations of the table, together with its point.

    ``using`` names the operations to draw from (all of one or two operands by default). Inputs are of size about 1,
    or spread over ``decades`` powers of ten to either side, with factors in the program that bring them back.
    With ``kink`` one piecewise operation stands exactly at its kink.

    >>> program = random_program(random.Random(1), size=3, using=["mul", "sin"])
    >>> print(program)
    v0 = sin(x0)
    v1 = mul(x1, x0)
    v2 = sin(x1)
    return v2   # at (1.583, -2.292)
    """
    scale = [10.0 ** round(rng.uniform(-decades, decades)) for _ in range(inputs)]
    point = tuple(round(rng.uniform(-3, 3), rng.choice((1, 3, 9))) * s for s in scale)
    builder = ProgramBuilder(rng, point, clear_of_kinks=kink)
    for i, s in enumerate(scale):
        if s != 1.0 and rng.random() < 0.8:
            builder.emit("mul", i, 1 / s)
    names = using or [name for name, row in rows.items() if row.arity in (1, 2) and set(row.partials) != {no_derivative}]
    bent = rng.randrange(size) if kink else -1
    for n in range(size):
        if n == bent:
            builder.add_kink()
        else:
            builder.add(find(rng.choice(names)))
    last = len(builder.values) - 1
    return RandomProgram(point, tuple(builder.lines), tuple(range(max(last - outputs + 1, 0), last + 1)))


class ProgramBuilder:
    """A program in the making: its lines, and the value of every result at the point."""

    def __init__(self, rng: random.Random, point: tuple[float, ...], clear_of_kinks: bool):
        self.rng, self.values, self.clear_of_kinks = rng, list(point), clear_of_kinks
        self.lines: list[tuple[str, tuple[Operand, ...]]] = []

    def value(self, operand: Operand) -> float:
        """The number that an operand stands for."""
        return self.values[operand] if isinstance(operand, int) else operand

    def emit(self, name: str, *operands: Operand) -> int:
        """Write a line, and return the number of its result."""
        self.values.append(rows[name](*map(self.value, operands)))
        self.lines.append((name, operands))
        return len(self.values) - 1

    def operand(self, low: float, high: float) -> int:
        """An earlier result inside a domain, or one that is squashed into it."""
        room = 0.02 * (high - low)
        fitting = [i for i, x in enumerate(self.values) if low + room <= x <= high - room]
        if fitting and self.rng.random() < 0.85:
            return self.rng.choice(fitting[-4:])
        squashed = self.emit("sigmoid", self.rng.randrange(len(self.values)))
        return self.emit("add", self.emit("mul", squashed, 0.9 * (high - low)), low + 0.05 * (high - low))

    def add_kink(self) -> None:
        """Write a piecewise operation at its kink, and use its result."""
        chosen = self.rng.randrange(len(self.values))
        self.emit(self.rng.choice(("relu", "abs")), self.emit("sub", chosen, self.values[chosen]))
        self.emit("add", len(self.values) - 1, self.rng.randrange(len(self.values) - 1))

    def add(self, row: Operation) -> None:
        """Write an operation on operands from its domain; nothing where its derivative would not be right there."""
        rng = self.rng
        operands: list[Operand] = [self.operand(*domain) for domain in row.domain]
        if row.arity == 2 and rng.random() < 0.25:
            side = rng.randrange(2)
            low, high = row.domain[side]
            operands[side] = round(rng.uniform(low + 0.02 * (high - low), high - 0.02 * (high - low)), 3)
        if self.is_singular(row, [self.value(x) for x in operands]):
            return
        result = self.emit(row.name, *operands)
        if not isfinite(self.values[result]) or abs(self.values[result]) > 1e6:
            self.emit("tanh", result)

    def is_singular(self, row: Operation, numbers: list[float]) -> bool:
        """True at a second kink, where the value jumps (arctan2 at its cut), and at a pole (the cube root's at 0, say)."""
        x, y = [*numbers, 0.0][:2]
        if self.clear_of_kinks and row.name in BENT and 0 in (x, x - y):
            return True  # the rules' choices at two kinks need not add up to a slope
        if (row.name == "arctan2" and x == 0 > y) or (row.name == "mod" and x % y == 0):
            return True
        out = row(*numbers)
        return not all(isfinite(ieee(rule, out, *numbers)) for rule in row.partials if callable(rule))
