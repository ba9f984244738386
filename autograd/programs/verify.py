"""A program held against the function that it was recorded from, at random points, with the checker's error bars."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import check_gradients
from ..proof.report import GradientReport
from ..proof.verdict import EntryFinding
from .forms import float_array, put_together, result_form

if TYPE_CHECKING:
    from .compiled import Compiled

EXAMPLES = 2  # of a batch
SPREAD = 0.1  # of the points around the numbers that the program was recorded with, relative to them


class Inputs:
    """The arguments of a program as one list of numbers: those that are the same for all, then those of each example."""

    def __init__(self, compiled: Compiled):
        self.compiled = compiled
        self.fixed = [n for n, form in enumerate(compiled.forms) if form is not None and not compiled.is_batched[n]]
        self.batched = [n for n, batched in enumerate(compiled.is_batched) if batched]
        self.examples = EXAMPLES if self.batched else 1

    def point(self, rng: random.Random) -> list[float]:
        """A random point around the numbers of the recording."""
        numbers, columns = self.compiled.example
        start = [*numbers, *(row[rng.randrange(len(row))] for _ in range(self.examples) for row in columns)]
        return [x * (1 + rng.gauss(0, SPREAD)) for x in start]

    def arguments(self, numbers: list[float], example: int) -> list[Any]:
        """The arguments of one example."""
        args: list[Any] = [self.compiled.statics.get(n) for n in range(len(self.compiled.forms))]
        parts = iter(numbers)
        for n in self.fixed:
            args[n] = put_together(self.compiled.forms[n], parts, float_array)
        rest = [*parts]
        wide = len(rest) // self.examples
        parts = iter(rest[example * wide:(example + 1) * wide])
        for n in self.batched:
            args[n] = put_together(self.compiled.forms[n], parts, float_array)
        return args

    def batch(self, numbers: list[float]) -> list[Any]:
        """The arguments of a call, the examples along first axes."""
        each = [self.arguments(numbers, example) for example in range(self.examples)]
        args = each[0]
        for n in self.batched:
            args[n] = _stacked([example[n] for example in each])
        return args

    def flat(self, gradients: tuple[Any, ...]) -> list[float]:
        """The gradients by all arguments that are not static, in the order of the numbers."""
        by_place = dict(zip(sorted([*self.fixed, *self.batched]), gradients))
        flat = [float(x) for n in self.fixed for x in result_form(by_place[n])[0]]
        columns = [np.reshape(x, (self.examples, -1)) for n in self.batched for x in _arrays(by_place[n])]
        return flat + [float(x) for example in range(self.examples) for block in columns for x in block[example]]


def _stacked(trees: list[Any]) -> Any:
    first = trees[0]
    if isinstance(first, dict):
        return {key: _stacked([tree[key] for tree in trees]) for key in first}
    if isinstance(first, (list, tuple)):
        parts = [_stacked([tree[i] for tree in trees]) for i in range(len(first))]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return np.stack([np.asarray(tree, dtype=float) for tree in trees])


def _arrays(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [x for child in tree.values() for x in _arrays(child)]
    return [x for child in tree for x in _arrays(child)] if isinstance(tree, (list, tuple)) else [tree]


def check_program(run: Callable[..., tuple[float, tuple[Any, ...]]], function: Callable[..., float], compiled: Compiled, n: int,
                  seed: int) -> GradientReport:
    """Check value and gradient of ``run``, the sum over two examples, against the function itself at ``n`` random points."""
    sample, rng, findings = Inputs(compiled), random.Random(seed), list[EntryFinding]()
    places = tuple(sorted([*sample.fixed, *sample.batched]))

    def total(numbers: list[float]) -> float:
        return sum(function(*sample.arguments(numbers, example)) for example in range(sample.examples))

    def slopes(numbers: list[float]) -> list[float]:
        return sample.flat(run(*sample.batch(numbers), argnums=places)[1])

    for _ in range(n):
        point = sample.point(rng)
        value, wanted = run(*sample.batch(point), argnums=places)[0], total(point)
        bar = 1e-11 * max(abs(wanted), 1.0) + 8 * abs(total([x * (1 + 2.0**-52) for x in point]) - wanted)
        if not abs(value - wanted) <= bar and not (value != value and wanted != wanted) and value != wanted:
            findings.append(EntryFinding("WRONG", 0, "", point[0], analytic=value, numeric=wanted, bar=bar, name="the value",
                                         note="the program gives another value than the function"))
        if point:
            findings += check_gradients(total, point, gradient=slopes, seed=rng.randrange(1 << 30)).findings
    return GradientReport(findings, compiled.title)
