"""Operands of the array functions: lists become arrays, and numbers that would be computed in too narrow a type become wider."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd.arrays.axes import plain_array
from autograd.arrays.functions import astype

Pair = int | tuple[int, int]

# glibc gives memory back above a limit that grows with what is freed. At its first limit, 128 kB, every training step asks
# the system for its arrays anew: 290 page faults in a step of a small network, a third of its time (measured).
np.empty(1 << 24, np.uint8)


def as_operand(x: Any) -> Any:
    """A node or array as it is; anything else, numbers and lists among them, as an array."""
    return x if hasattr(x, "priority") else np.asarray(x)


def floating(x: Any) -> Any:
    """The operand in numbers that formulas can be computed with: integers and masks as float64, float16 as float32.

    In their own width integers overflow (four pixels of 200 have the mean 8), and float16 does at 65,504; that float16
    is widened is said once.

    >>> floating(np.array([200, 200], np.uint8)).dtype
    dtype('float64')
    """
    x = as_operand(x)
    dtype = plain_array(x).dtype
    if dtype.kind == "f" and dtype.itemsize > 2:
        return x
    if dtype.kind in "iub":
        return astype(x, np.float64) if hasattr(x, "priority") else x.astype(np.float64)
    if dtype.kind == "f":
        _warn_of_half()
        return x.astype(np.float32)
    raise TypeError(f"an array of {dtype} has no numbers to compute with; convert it first, for example with .astype(float)")


def _warn_of_half(told: list[bool] = []) -> None:  # noqa: B006  (one list, which remembers across calls)
    if not told:
        told.append(True)
        warnings.warn("float16 is computed in float32, and results are float32; convert the input with .astype(np.float32) to say "
                      "so yourself", stacklevel=2)


def all_plain(*xs: Any) -> bool:
    """True where a pullback runs on numbers alone; where the gradient is to be a graph, an operand or g is a node."""
    return all(isinstance(x, np.ndarray) for x in xs)


def as_pair(x: Pair) -> tuple[int, int]:
    """One size for both axes, or one for each.

    >>> as_pair(3), as_pair((3, 5))
    ((3, 3), (3, 5))
    """
    return (x, x) if isinstance(x, int) else (int(x[0]), int(x[1]))
