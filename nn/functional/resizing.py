"""Padding, interpolation and adaptive pooling, with PyTorch's names, arguments and results.

Interpolation and averages are products with a small matrix along each axis, so that their gradients are its transpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.arrays import functions
from autograd.arrays.axes import plain_array
from autograd.arrays.functions import getitem, matmul, mean, swapaxes, take

from .operands import INTEGERS, floating, with_batch, without_batch

if TYPE_CHECKING:
    from autograd.typing import Array, ArrayLike

MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # PyTorch's names, and NumPy's


def pad(input: ArrayLike, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """Add entries around the last axes: ``pad`` has (before, after) of the last axis, then of the one before it, and so on.

    ``mode`` is "constant" (``value``, 0 by default; a negative number removes entries), "reflect", "replicate" or "circular".
    ``autograd.pad`` follows NumPy, which counts axes from the first.

    >>> pad(np.ones((2, 3)), (1, 1)).shape, pad(Tensor([1.0, 2.0]), (0, 1), value=7.0).tolist()
    ((2, 5), [1.0, 2.0, 7.0])
    """
    x: Any = floating(input)
    ndim = len(x.shape)
    if len(pad) % 2 or len(pad) > 2 * ndim:
        raise ValueError(f"pad: {tuple(pad)} for an input of shape {tuple(x.shape)}; give (before, after) for each axis, "
                         "the last first")
    sides = [(0, 0)] * (ndim - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    if mode == "constant":
        cut = getitem(x, tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(x.shape, sides)))
        return functions.pad(cut, [(max(a, 0), max(b, 0)) for a, b in sides], constant_values=value or 0.0)
    if mode not in MODES:
        raise ValueError(f"pad: mode={mode!r}; it must be 'constant', {', '.join(map(repr, MODES))}")
    for axis, (n, ends) in enumerate(zip(x.shape, sides)):
        if ends != (0, 0):
            cut = [max(-end, 0) for end in ends]  # negative ones remove entries: of the result, or first where it wraps
            kept = np.arange(n)[cut[0]:n - cut[1]] if mode == "circular" else np.arange(n)
            places: Any = np.pad(kept, [max(end, 0) for end in ends], mode=MODES[mode])  # type: ignore[call-overload]
            x = take(x, places if mode == "circular" else places[cut[0]:len(places) - cut[1]], axis)
    return x


def interpolate(input: ArrayLike, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None,
                mode: str = "nearest", align_corners: bool | None = None, recompute_scale_factor: bool | None = None) -> Any:
    """Resize images (N, C, H, W) or signals (N, C, L) to ``size``, or by ``scale_factor``.

    ``mode`` is "nearest", "nearest-exact", "linear" (signals), "bilinear" or "bicubic" (images), or "area"; ``align_corners`` and
    ``recompute_scale_factor`` are PyTorch's.

    >>> interpolate(Tensor([[[1.0, 3.0]]]), scale_factor=2).tolist(), interpolate(Tensor([[[1.0, 3.0]]]), 3, mode="linear").tolist()
    ([[[1.0, 1.0, 3.0, 3.0]]], [[[1.0, 2.0, 3.0]]])
    """
    x: Any = floating(input)
    inner = tuple(x.shape[2:])
    if (size is None) == (scale_factor is None) or not inner:
        raise ValueError(f"interpolate of shape {tuple(x.shape)}: give an input (N, C, …), and size or scale_factor, one of them")
    factors = _each(scale_factor, inner) if scale_factor is not None else [None] * len(inner)
    sizes = _each(size, inner) if size is not None else [int(n * f) for n, f in zip(inner, factors)]
    steps = [n / m if f is None or recompute_scale_factor else 1 / f for n, m, f in zip(inner, sizes, factors)]
    if mode == "area":
        return _averaged(x, sizes)
    linear = {3: "linear", 4: "bilinear", 5: "trilinear"}.get(len(x.shape))
    if mode not in ("nearest", "nearest-exact", linear) and (mode, len(inner)) != ("bicubic", 2):
        raise ValueError(f"interpolate: mode={mode!r} for an input of {len(x.shape)} axes; it must be 'nearest', 'nearest-exact', "
                         f"{linear!r} or 'area'")
    for axis, (n, m, step) in enumerate(zip(inner, sizes, steps), 2):
        if n == m and mode != "bicubic":  # a copy, as in PyTorch, whatever the scale_factor
            continue
        if mode in (linear, "bicubic"):
            x = _along(x, axis, _between(n, m, step, bool(align_corners), mode == "bicubic"))
        else:
            half = 0.5 if mode == "nearest-exact" else 0.0
            step = 0.5 if mode == "nearest" and m == 2 * n else step
            x = take(x, np.minimum(np.floor((np.arange(m) + half) * step).astype(int), n - 1), axis)
    return x


def adaptive_avg_pool2d(input: ArrayLike, output_size: int | Sequence[int | None]) -> Any:
    """Means of windows that divide images (N, C, H, W) into ``output_size`` parts, which may overlap by an entry.

    >>> adaptive_avg_pool2d(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]]), 1).tolist()
    [[[[4.0]]]]
    """
    x, alone = with_batch(floating(input), 4)
    sizes = [n if m is None else m for n, m in zip(x.shape[2:], _each(output_size, x.shape[2:]))]
    return without_batch(mean(x, (2, 3), True) if sizes == [1, 1] else _averaged(x, sizes), alone)


def _each(given: Any, inner: tuple[int, ...]) -> list[Any]:
    """One number for each axis inside an image."""
    numbers = [given] * len(inner) if isinstance(given, (*INTEGERS, float)) else list(given)
    if len(numbers) != len(inner):
        raise ValueError(f"{given!r} has {len(numbers)} numbers for the {len(inner)} axes of {inner}; give one, or one for each")
    return numbers


def _averaged(x: Any, sizes: Sequence[int]) -> Any:
    for axis, (n, m) in enumerate(zip(x.shape[2:], sizes), 2):
        start, end = np.arange(m) * n // m, -(-(np.arange(m) + 1) * n // m)
        within = (np.arange(n) >= start[:, None]) & (np.arange(n) < end[:, None])
        x = _along(x, axis, within / (end - start)[:, None])
    return x


def _between(n: int, m: int, step: float, align_corners: bool, cubic: bool) -> Array:
    """The matrix (m, n) that interpolates n entries at m places: linear, or cubic (Keys, 1981, with a = −3/4 as in PyTorch)."""
    places = np.arange(m) * ((n - 1) / (m - 1) if m > 1 else 0.0) if align_corners else (np.arange(m) + 0.5) * step - 0.5
    places, matrix, a = places if cubic else np.clip(places, 0, n - 1), np.zeros((m, n)), -0.75
    low = np.floor(places).astype(int)
    for neighbour in range(-1, 3) if cubic else range(2):
        d = np.abs(places - low - neighbour)
        near, far = ((a + 2) * d - (a + 3)) * d * d + 1, ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        share = np.where(d <= 1, near, far) if cubic else 1 - d
        np.add.at(matrix, (np.arange(m), np.clip(low + neighbour, 0, n - 1)), share)  # entries outside repeat the border
    return matrix


def _along(x: Any, axis: int, matrix: Array) -> Any:
    """The product of a matrix with every line along an axis."""
    matrix = matrix.astype(plain_array(x).dtype)
    last = len(x.shape) - 1
    if axis == last - 1:
        return matmul(matrix, x)
    return swapaxes(matmul(swapaxes(x, axis, last), matrix.T), axis, last) if axis < last else matmul(x, matrix.T)
