"""A program of numbers run by Python, instruction by instruction, by the rules of the one backward walk (``sweep``).

It serves where no native interpreter is there, and gives the exact gradients where a product of 0 and inf would spoil those that
are computed without a look at branches that were not taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from operator import itemgetter, mul
from typing import Any, NamedTuple

import numpy as np

from ..operation import partial
from .passes import Lowered, dot, evaluated
from .record import constant, flat, given, leaf


Array = np.ndarray[Any, Any]


class Gradients(NamedTuple):
    """The gradients of what is wanted: an array of those that do not vary by example, and one array for each that does."""

    fixed: Any
    varying: list[Any]

    def is_finite(self) -> bool:
        """True where no gradient is inf or nan."""
        if not self.varying and isfinite(np.vdot(self.fixed, self.fixed)):  # one pass; it may overflow
            return True
        return bool(np.isfinite(self.fixed).all()) and all(np.isfinite(x).all() for x in self.varying)


class Plain:
    """The instructions of the places that do not vary by example, for numbers in a list by place."""

    def __init__(self, lowered: Lowered, needed: bytearray):
        self.size = len(lowered)
        self.values: list[Any] = [lowered.values.get(i) for i in range(self.size)]
        self.code: list[tuple[int, Any, tuple[int, ...]]] = []
        self.edges: list[tuple[int, Any, tuple[int, ...], list[Any]]] = []
        for i, op in enumerate(lowered.ops):
            if lowered.lanes[i] or op is given or op is leaf or op is constant:
                continue
            operands = lowered.operands(i)
            self.code.append((i, op, operands))
            if needed[i]:
                rules = op.partials if op is not dot else ()
                self.edges.append((i, op, operands, [rule if needed[x] else flat for x, rule in zip(operands, rules)]))
        self.needed = needed

    def forward(self, v: list[Any]) -> None:
        """Fill in the numbers of all places, from those of inputs, leaves and constants."""
        for i, op, operands in self.code:
            if op is dot:
                v[i] = _sum_of_products(v, operands)
            elif len(operands) == 1:
                v[i] = evaluated(op, (v[operands[0]],))
            else:
                v[i] = evaluated(op, [v[x] for x in operands])

    def backward(self, v: list[Any], d: list[Any]) -> None:
        """Fill in the gradients of all places, None where none arrives, from those that are given."""
        for i, op, operands, rules in reversed(self.edges):
            upstream = d[i]
            if upstream is None:
                continue
            if op is dot:
                self._spread(upstream, operands, v, d)
                continue
            numbers = [v[x] for x in operands]
            for x, rule in zip(operands, rules):
                if rule is flat:
                    continue
                local = partial(rule, v[i], *numbers) if callable(rule) else rule
                if local is not False:
                    before = d[x]
                    d[x] = upstream * local if before is None else before + upstream * local

    def _spread(self, upstream: float, terms: tuple[int, ...], v: list[Any], d: list[Any]) -> None:
        needed = self.needed
        for x, y in zip(terms[::2], terms[1::2]):
            if needed[x]:
                d[x] = upstream * v[y] if d[x] is None else d[x] + upstream * v[y]
            if needed[y]:
                d[y] = upstream * v[x] if d[y] is None else d[y] + upstream * v[x]


def _sum_of_products(v: list[float], terms: tuple[int, ...]) -> float:
    if len(terms) == 2:
        return v[terms[0]] * v[terms[1]]
    return sum(map(mul, itemgetter(*terms[::2])(v), itemgetter(*terms[1::2])(v)))


class PlainNumbers:
    """A program without lanes: from the numbers of inputs and leaves to those of the outputs, and the gradient of one."""

    def __init__(self, lowered: Lowered, numbers: list[int], columns: list[int], wanted: list[int], needed: bytearray):
        self.plain, self.numbers, self.wanted, self.outputs = Plain(lowered, needed), numbers, wanted, lowered.outputs

    def run(self, numbers: Array, blocks: Sequence[Array] = (), lanes: int = 0, seed: float | None = None,
            exact: bool = True) -> tuple[list[float], Gradients]:
        """The outputs, and with a seed the gradients of the wanted places; 0 where nothing arrives."""
        v = self.plain.values.copy()
        for i, x in zip(self.numbers, numbers.tolist()):
            v[i] = x
        self.plain.forward(v)
        outputs = [v[i] for i in self.outputs]
        if seed is None:
            return outputs, Gradients(np.empty(0), [])
        d: list[Any] = [None] * self.plain.size
        d[self.outputs[0]] = seed
        self.plain.backward(v, d)
        return outputs, Gradients(np.array([0.0 if d[i] is None else d[i] for i in self.wanted]), [])


def indices(places: list[int]) -> Any:
    """Places as a slice where they follow one another, which NumPy takes without a copy."""
    run = bool(places) and places == list(range(places[0], places[0] + len(places)))
    return slice(places[0], places[0] + len(places)) if run else np.array(places, int)
