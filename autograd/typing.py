"""Type aliases for arguments and results: ``from autograd.typing import Number``.

Modules of this project import them under ``if TYPE_CHECKING:``, so that ``import autograd`` loads neither NumPy nor
``typing``. A program may import them as it runs: they are ordinary types.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from types import EllipsisType, ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .dual import Dual
from .graph import Node
from .tensor import Tensor
from .value import Value

__all__ = ["Array", "ArrayLike", "Axis", "DTypeLike", "Index", "NodeLike", "Number", "Operand", "PlainArrayLike", "RandomSource",
           "Real", "Rule", "Shape", "Tree"]

# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────

Real: TypeAlias = float | np.floating[Any] | np.integer[Any]
"""One plain number: Python's (an int goes for a float) or NumPy's."""

Number: TypeAlias = float | Value
"""One number, plain or recorded: the argument type of differentiable functions of numbers."""

# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────

Array: TypeAlias = NDArray[Any]
"""A NumPy array of any shape and dtype."""

PlainArrayLike: TypeAlias = Array | Real | Sequence["PlainArrayLike"]
"""Data that NumPy makes an array of, with no node in it: arrays, numbers, nested lists of numbers."""

ArrayLike: TypeAlias = PlainArrayLike | Tensor | Dual | Sequence["ArrayLike"]
"""An argument of an array function: arrays, numbers, tensors, and nested lists of them."""

Axis: TypeAlias = int | tuple[int, ...] | None
"""One axis, several, or None for all of them."""

Shape: TypeAlias = int | Sequence[int]
"""The lengths of an array's axes; a lone number for one axis."""

Index: TypeAlias = int | slice | EllipsisType | Array | Tensor | Sequence[Any] | None
"""The index in ``x[…]``, as for NumPy; several in a tuple."""

# ── both, and nested ─────────────────────────────────────────────────────────────────────────────────────────────

NodeLike: TypeAlias = Node | Dual
"""A participant of a derivative: a node of a graph (Value, Tensor), or a dual number around one."""

Operand: TypeAlias = Number | Real | Array | Tensor | Dual
"""An operand of an operation of the table: a number or an array, plain or recorded."""

Tree: TypeAlias = Operand | Sequence["Tree"] | Mapping[Any, "Tree"]
"""Operands in nested lists, tuples and dicts, which derivatives keep the form of."""

# ── further ──────────────────────────────────────────────────────────────────────────────────────────────────────

Rule: TypeAlias = Callable[..., Any] | float
"""A partial derivative of the table: a function of ``(out, x)`` or ``(out, x, y)``, or a number where it is constant."""

RandomSource: TypeAlias = int | np.integer[Any] | random.Random | np.random.Generator | ModuleType | None
"""Where random numbers come from: a seed, None for one from the system, a generator, or the module ``random`` itself."""


def __dir__() -> list[str]:
    return __all__
