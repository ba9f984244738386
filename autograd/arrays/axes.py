"""Shapes and axes as NumPy counts them, and the plain array under a node."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index


def plain_array(x: Any) -> Any:
    """The array under tensors and duals, and of plain numbers and lists."""
    while not isinstance(x, np.ndarray) and not getattr(x, "is_deferred", False):
        x = x.plain_data() if hasattr(x, "plain_data") else np.asarray(x)
    return x


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a node, an array, a number or nested lists."""
    return x.shape if hasattr(x, "shape") else np.shape(x)


def one_axis(axis: Any, ndim: int) -> int:
    """One axis, counted from the first."""
    if isinstance(axis, bool):
        raise TypeError(f"an axis must be an integer, not {axis}")
    return normalize_axis_index(index(axis), ndim)


def all_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """One axis, a tuple of several, or for None all, counted from the first."""
    if axis is None or not ndim and isinstance(axis, (int, np.integer)) and axis in (0, -1):  # as by NumPy
        return tuple(range(ndim))
    axes = tuple([one_axis(one, ndim) for one in axis]) if isinstance(axis, tuple) else (one_axis(axis, ndim),)
    if len(set(axes)) < len(axes):
        raise ValueError(f"an axis may be given only once; got {axis}")
    return axes


def several_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """As ``all_axes``, for functions that take a list too, and no None."""
    return all_axes(tuple(axis) if isinstance(axis, (list, tuple)) else (axis,), ndim)


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape after a reduction with keepdims."""
    axes = all_axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))
