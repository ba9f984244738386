"""Names for what the steps of an array program call; and the steps once more, on operands of any kind.

A step is an operation of a table, ``tanh`` or ``matmul``; or a function of plain arrays, ``np.less``, ``np.maximum.reduce`` or
``.astype``. The name is what a listing prints, a file keeps and a source is written from.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, count
from typing import Any, NamedTuple

import numpy as np

from ..arrays.axes import plain_array
from ..arrays.operation import ArrayOperation
from ..operation import Operation
from ..symbolic import operand_text
from .lines import filled
from .record import Changed
from .tensors import ArrayTape, TapeStep, is_finite, item_of, method_of, same, unwatched


class NamedCall(NamedTuple):
    """A step by name, with its arguments (slots and constants) and options."""

    name: str
    args: tuple[Any, ...]
    options: dict[str, Any]


def call_of(step: TapeStep) -> NamedCall:
    """Return what a step calls; the name of a function of the library's own, such as one that draws, begins with "<".

    >>> call_of(TapeStep("plain", np.less.__call__, (1.0, 2.0), {}, 0)).name
    'np.less'
    """
    what, args = step.what, step.args
    options = {key: x for key, x in step.options.items() if key != "cache"}
    if isinstance(what, (Operation, ArrayOperation)):
        return NamedCall(what.name, args, options)
    if what is method_of:
        return NamedCall(f".{args[0]}", args[1:], options)
    owner = getattr(what, "__self__", None)
    if isinstance(owner, np.ufunc):
        return NamedCall(f"np.{owner.__name__}" + ("" if what.__name__ == "__call__" else f".{what.__name__}"), args, options)
    if what in _OWN:
        return NamedCall(_OWN[what], args, options)
    name = getattr(what, "__name__", "")
    return NamedCall(f"np.{name}" if getattr(np, name, None) is what else f"<{getattr(what, '__qualname__', name)}>", args, options)


_OWN: dict[Any, str] = {item_of: "[ ]", is_finite: "is_finite", same: "same"}


_UFUNCS = """add subtract multiply divide floor_divide remainder power negative positive absolute sign square sqrt exp log maximum
    minimum less less_equal greater greater_equal equal not_equal logical_and logical_or logical_not logical_xor bitwise_and
    bitwise_or bitwise_xor invert isfinite isnan isinf rint floor ceil trunc""".split()
FUNCTIONS: dict[str, Callable[..., Any]] = {  # functions of plain arrays that a file may name
    **{f"np.{name}": getattr(np, name).__call__ for name in _UFUNCS},
    **{f"np.{name}.reduce": getattr(np, name).reduce for name in "add multiply maximum minimum logical_and logical_or".split()},
    **{f"np.{name}": getattr(np, name) for name in "where sum max min any all".split()},
    **{name: what for what, name in _OWN.items()},
}
METHODS = {".astype", ".view", ".reshape", ".transpose", ".ravel", ".copy", ".sum", ".max", ".min", ".any", ".all", ".mean"}


def names_of(tape: ArrayTape) -> dict[int, str]:
    """A name of its own for every slot: that of the argument or Tensor, a number or the shape of a constant, or its place."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for i in [*tape.inputs, *tape.leaves_read, *range(len(tape.examples))]:
        if i not in names:
            wanted = tape.names.get(i, f"v{i}")
            name = next(x for x in chain([wanted], (f"{wanted}#{n}" for n in count(2))) if x not in taken)
            names[i] = operand_text(tape.constants[i]) if i in tape.constants else name
            taken.add(name)
    return names


def is_repeatable(tape: ArrayTape) -> bool:
    """True for a recording whose result depends on its arguments and Tensors alone: nothing is drawn, and no state is moved."""
    return not tape.draws and not any(step.kind == "effect" for step in tape.steps)


def replay(tape: ArrayTape, outputs: list[int], sources: list[Any],
           instead: dict[str, Callable[..., Any]] | None = None) -> list[Any]:
    """The results of the steps on other operands: arrays, Tensors, or nodes of another recording.

    ``sources`` are in the order of ``tape.inputs`` and ``tape.leaves_read``. State that calls move, such as running statistics,
    stays as it is. ``instead`` has functions that stand for operations. Raises Changed where a guard has another answer.
    """
    values: dict[int, Any] = {**tape.constants, **dict(zip([*tape.inputs, *tape.leaves_read], sources, strict=True))}
    for step in tape.steps:
        if step.kind == "effect":
            continue
        args = [filled(x, values) for x in step.args]
        options = {key: {} if any(x is cache for cache in tape.caches) else filled(x, values) for key, x in step.options.items()}
        if step.kind == "node":
            other = (instead or {}).get(step.what.name)
            made = step.what(*args, **options) if other is None else other(*args, **options)
            is_cut = not tape.takes[step.out] and getattr(made, "requires_grad", False)  # within no_grad
            values[step.out] = made.detach() if is_cut else made
        elif step.kind == "guard":
            if bool(plain(args[0])) is not step.what:
                raise Changed
        elif args:
            values[step.out] = step.what(*map(plain, args), **{key: plain(x) for key, x in options.items()})
        else:
            values[step.out] = unwatched(step.what)
    return [values[i] for i in outputs]


def plain(x: object) -> Any:
    """The plain array under a node, within tuples and lists too."""
    if isinstance(x, (tuple, list)):
        return type(x)(map(plain, x))
    return plain_array(x) if hasattr(x, "plain_data") else x
