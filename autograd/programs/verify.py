"""A program held against the function that it was recorded from, at random points, with the checker's error bars."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..check import check_gradients
from ..proof.report import GradientReport
from ..proof.verdict import EntryFinding
from ..functional import plain
from ..tensor import Tensor
from .calls import is_repeatable, names_of
from .forms import float_array, object_array, put_together, result_form

if TYPE_CHECKING:
    from .array_program import ArrayCompiled
    from .compiled import Compiled

EXAMPLES = 2  # of a batch
NEXT = 1 + 2.0**-52  # times a number, the next one
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
        near = total([x * NEXT for x in point])
        findings += _value_finding(value, wanted, near, point[0] if point else 0.0)
        if point:
            findings += check_gradients(total, point, gradient=slopes, seed=rng.randrange(1 << 30)).findings
    return GradientReport(findings, compiled.title)


def _value_finding(value: float, wanted: float, near: float, at: float) -> list[EntryFinding]:
    """A finding of a value that is not the function's, or none; ``near`` is the function's at the next numbers."""
    bar = 1e-11 * max(abs(wanted), 1.0) + 8 * abs(near - wanted)
    if abs(value - wanted) <= bar or value == wanted or value != value and wanted != wanted:
        return []
    return [EntryFinding("WRONG", 0, "", at, analytic=value, numeric=wanted, bar=bar, name="the value",
                         note="the program gives another value than the function")]


# ── programs of arrays ───────────────────────────────────────────────────────────────────────────────────────────

class ArrayInputs:
    """The arrays of floats that a program of arrays takes, arguments and then Tensors reached by closure, as one list."""

    def __init__(self, program: Any, compiled: ArrayCompiled):
        self.compiled, self.leaves, self.function = compiled, compiled.leaves, program.function
        tape = compiled.tape
        self.given = [np.asarray(tape.examples[i]) for i in tape.inputs]
        self.floats = [k for k, i in enumerate(tape.inputs) if tape.takes[i]]
        names = names_of(tape)
        self.names = [names[i] for i in (*[tape.inputs[k] for k in self.floats], *tape.leaves_read)]
        self.checked = type(program)(self.weighted, backend=program.backend_asked, static_argnums=program.static)

    def weighted(self, *args: object) -> Any:
        """One number of all results that are floats, each with a weight of its own."""
        total: Any = 0.0
        for n, x in enumerate(result_form(self.function(*args))[0]):
            shape = tuple(getattr(x, "shape", ()))
            if isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "") == "f":
                total = total + (x * (1.0 + 0.25 * ((n + np.arange(prod(shape))) % 7)).reshape(shape)).sum()
        return total

    def point(self, rng: random.Random) -> list[Any]:
        """Random arrays around those of the recording, in double precision."""
        start = [self.given[k] for k in self.floats] + [x.array for x in self.leaves]
        return [np.asarray(x * (1 + np.reshape([rng.gauss(0, SPREAD) for _ in range(x.size)], x.shape)), float) for x in start]

    def arguments(self, arrays: list[Any], kind: Callable[[Any], Any]) -> list[Any]:
        """The arguments with these arrays, each as ``kind`` makes it; labels and masks as they were recorded."""
        entries: list[Any] = [*self.given]
        for k, x in zip(self.floats, arrays):
            entries[k] = kind(x)
        parts = iter(entries)
        return [self.compiled.statics[n] if form is None else put_together(form, parts, object_array)
                for n, form in enumerate(self.compiled.forms)]

    def total(self, arrays: list[Any]) -> float:
        """The number by the function itself."""
        with Moved(self.leaves, arrays[len(self.floats):]):
            return float(plain(self.weighted(*self.arguments(arrays, Tensor))))

    def value_and_slopes(self, arrays: list[Any]) -> tuple[float, list[Any]]:
        """The number and its gradients by the program."""
        args = self.arguments(arrays, lambda x: x if np.ndim(x) else float(x))
        with Moved(self.leaves, arrays[len(self.floats):]):
            found: tuple[float, list[Any]] = self.checked.recorded(*args).value_and_gradients(tuple(args), self.leaves)
            return found


class Moved:
    """Within it Tensors have other arrays; their own come back at its end, whatever happens."""

    def __init__(self, tensors: list[Any], arrays: list[Any]):
        self.tensors, self.arrays = tensors, arrays

    def __enter__(self) -> None:
        self.own = [(x, x.array, x.data_is_shared) for x in self.tensors]
        for x, array in zip(self.tensors, self.arrays):
            x.array, x.data_is_shared = np.array(array, float), False

    def __exit__(self, *_: object) -> None:
        for x, array, is_shared in self.own:
            x.array, x.data_is_shared = array, is_shared


def check_array_program(program: Any, compiled: ArrayCompiled, n: int, seed: int) -> GradientReport:
    """Check value and gradient of all results, each with a weight, by all arrays, against the function at ``n`` random points."""
    if not is_repeatable(compiled.tape):
        raise TypeError(f"check of {compiled.title}: it draws at random or moves running statistics, so that two calls differ. "
                        "Check it as it predicts: model.eval()")
    inputs, rng, findings = ArrayInputs(program, compiled), random.Random(seed), list[EntryFinding]()
    for _ in range(n):
        point = inputs.point(rng)
        value, _ = inputs.value_and_slopes(point)
        findings += _value_finding(value, inputs.total(point), inputs.total([x * NEXT for x in point]), 0.0)
        if point:
            findings += check_gradients(
                lambda of: inputs.total([*of.values()]), dict(zip(inputs.names, point)),
                gradient=lambda of: dict(zip(inputs.names, inputs.value_and_slopes([*of.values()])[1])),
                seed=rng.randrange(1 << 30)).findings
    return GradientReport(findings, compiled.title)
