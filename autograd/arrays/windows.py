"""The maxima and sums of the windows of images (N, C, H, W), which networks call pooling, and their transposes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..elementwise import masked
from .axes import plain_array
from .correlation import places
from .operation import ArrayOperation


def window_slices(kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...],
                  size: tuple[int, ...]) -> Iterator[Any]:
    """Yield for each position in a window, in row order, the slices of the image's entries at that position."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield (..., slice(top, top + stride[0] * (size[0] - 1) + 1, stride[0]),
                   slice(left, left + stride[1] * (size[1] - 1) + 1, stride[1]))


def first_maxima(x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each position in a window with the mask of windows whose maximum is there; of equal ones the first in row order."""
    free = np.ones_like(out, bool)
    lost = np.isnan(out) if np.isnan(np.add.reduce(out, None)) else None
    *others, last = window_slices(kernel, stride, dilation, out.shape[2:])
    for place in others:
        mask = x[place] == out
        if lost is not None:
            mask |= lost & np.isnan(x[place])
        mask &= free
        free ^= mask
        yield place, mask
    yield last, free


def _covered(shape: tuple[int, ...], kernel: Any, stride: Any, dilation: Any) -> bool:
    """True where every entry lies in exactly one window."""
    return kernel == stride and dilation == (1, 1) and not (shape[2] % stride[0] or shape[3] % stride[1])


def _channels(x: Any) -> Iterator[Any]:
    """Parts of the channels that the processor's cache holds: two thirds of the time (measured)."""
    each = max(1, 2**17 // max(1, x[:, :1].size))
    return ((slice(None), slice(c, c + each)) for c in range(0, x.shape[1], each))


def _max_pool_forward(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    size = [places(n, k, s, 0, 0, d) for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    for axis in (2, 3):  # along the height, then along the width, because these rows are contiguous in memory
        n, k, s, d = size[axis - 2], kernel[axis - 2], stride[axis - 2], dilation[axis - 2]
        parts = [x[(slice(None),) * axis + (slice(i * d, i * d + s * (n - 1) + 1, s),)] for i in range(k)]
        x = parts[0] if k == 1 else np.maximum(parts[0], parts[1])
        for part in parts[2:]:
            np.maximum(x, part, out=x)
    return x


def _unpool_forward(g: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    apart = kernel[0] <= stride[0] and kernel[1] <= stride[1] and dilation == (1, 1)  # no entry is in two windows
    down = np.empty_like(x, g.dtype) if _covered(x.shape, kernel, stride, dilation) else np.zeros_like(x, g.dtype)
    if g.strides != out.strides:  # the layout of the masks
        g = np.add(g, 0, out=np.empty_like(out, g.dtype))
    for part in _channels(x):
        for place, mask in first_maxima(x[part], out[part], kernel, stride, dilation):
            if apart:
                down[part][place] = masked(g[part], mask)
            else:
                down[part][place] += masked(g[part], mask)
    return down


def _pick_forward(t: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    total = np.zeros_like(out, t.dtype)
    for place, mask in first_maxima(x, out, kernel, stride, dilation):
        total += masked(t[place], mask)
    return total


max_pool2d = ArrayOperation("max_pool2d", "max pool", _max_pool_forward,
                lambda g, out, x, **o: _unpool(g, x=plain_array(x), out=plain_array(out), **o),
                pushforward=lambda out, xs, ts, o: _pick(ts[0], x=plain_array(xs[0]), out=plain_array(out), **o),
                shown=("first maximum",), is_selection=True, shows_nan=lambda x, **o: _covered(x.shape, **o))
_unpool = ArrayOperation("max_unpool2d", "unpool", lambda g, **o: _unpool_forward(g, **o), lambda g, out_, y, **o: _pick(g, **o))
_pick = ArrayOperation("max_pick2d", "pick", lambda t, **o: _pick_forward(t, **o), lambda g, out_, y, **o: _unpool(g, **o))


def _window_sum_forward(x: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    size = tuple([places(n, k, s, 0, 0, 1) for n, k, s in zip(x.shape[2:], kernel, stride)])
    total = np.zeros((*x.shape[:2], *size), x.dtype)
    for place in window_slices(kernel, stride, (1, 1), size):
        total += x[place]
    return total


def _window_spread_forward(g: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    out = np.zeros(shape, g.dtype)
    for place in window_slices(kernel, stride, (1, 1), g.shape[2:]):
        out[place] += g
    return out


window_sum = ArrayOperation("window_sum", "avg pool", _window_sum_forward, lambda g, out, x, **o: window_spread(g, **o),
                             shown=("spread",))
window_spread = ArrayOperation("window_spread", "spread", _window_spread_forward, lambda g, out, x, **o: window_sum(g, **o))
