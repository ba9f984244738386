"""The largest entry or the mean under each window of images and signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.arrays.axes import plain_array
from autograd.arrays.functions import expand_dims, pad, reshape
from autograd.arrays.operation import ArrayOperation
from autograd.elementwise import masked

from .convolution import output_size, window_slices
from .operands import Pair, as_operand, as_pair


def _first(x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Iterator[tuple[Any, Any]]:
    """For each place in the windows the mask of windows whose maximum it is, the first in row order where equal."""
    free = np.ones_like(out, bool)
    lost = np.isnan(out) if np.isnan(np.add.reduce(out, None)) else None
    for place in window_slices(kernel, stride, dilation, out.shape[2:]):
        mask = x[place] == out
        if lost is not None:
            mask |= lost & np.isnan(x[place])
        mask &= free
        free ^= mask
        yield place, mask


def _max_pool_forward(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    size = tuple(output_size(n, k, s, 0, d, floor=True) for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation))
    for axis in (2, 3):  # along the height, then along the width: the rows that this reads lie together in memory
        n, k, s, d = size[axis - 2], kernel[axis - 2], stride[axis - 2], dilation[axis - 2]
        parts = [x[(slice(None),) * axis + (slice(i * d, i * d + s * (n - 1) + 1, s),)] for i in range(k)]
        x = parts[0] if k == 1 else np.maximum(parts[0], parts[1])
        for part in parts[2:]:
            np.maximum(x, part, out=x)
    return x


def _unpool_forward(g: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    apart = kernel[0] <= stride[0] and kernel[1] <= stride[1] and dilation == (1, 1)  # no entry lies in two windows
    covered = apart and kernel == stride and x.shape[2:] == (out.shape[2] * stride[0], out.shape[3] * stride[1])
    down = np.empty_like(x, g.dtype) if covered else np.zeros_like(x, g.dtype)
    if g.strides != out.strides:  # as the masks lie
        g = np.add(g, 0, out=np.empty_like(out, g.dtype))
    for place, mask in _first(x, out, kernel, stride, dilation):
        if apart:
            down[place] = masked(g, mask)
        else:
            down[place] += masked(g, mask)
    return down


def _pick_forward(t: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    total = np.zeros_like(out, t.dtype)
    for place, mask in _first(x, out, kernel, stride, dilation):
        total += masked(t[place], mask)
    return total


_max_pool = ArrayOperation("max_pool2d", "max pool", _max_pool_forward,
                lambda g, out, x, **o: _unpool(g, x=plain_array(x), out=plain_array(out), **o),
                pushforward=lambda out, xs, ts, o: _pick(ts[0], x=plain_array(xs[0]), out=plain_array(out), **o),
                shown=("first maximum",), is_selection=True)
_unpool = ArrayOperation("max_unpool2d", "unpool", lambda g, **o: _unpool_forward(g, **o), lambda g, out_, y, **o: _pick(g, **o))
_pick = ArrayOperation("max_pick2d", "pick", lambda t, **o: _pick_forward(t, **o), lambda g, out_, y, **o: _unpool(g, **o))


def max_pool2d(input: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1) -> Any:
    """The largest entry under each window; where several are equal, the first in row order takes the gradient.

    >>> max_pool2d(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]]), 2).tolist()
    [[[[7.0]]]]
    """
    kernel, dilation = as_pair(kernel_size), as_pair(dilation)
    stride = kernel if stride is None else as_pair(stride)
    x = _images("max_pool2d", input, padding, kernel, float("-inf"))
    return _max_pool(x, kernel=kernel, stride=stride, dilation=dilation)


def _images(name: str, x: Any, padding: Any, kernel: Any, fill: float) -> Any:
    x = as_operand(x)
    if len(x.shape) != 4:
        raise ValueError(f"{name}: images must be (N, C, H, W), not shape {tuple(x.shape)}")
    top, left = as_pair(padding)
    if top * 2 > kernel[0] or left * 2 > kernel[1]:
        raise ValueError(f"{name}: padding {padding} is more than half the window {kernel}, so windows would hold nothing else")
    return pad(x, ((0, 0), (0, 0), (top, top), (left, left)), constant_values=fill) if top or left else x


def _window_sum_forward(x: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    size = tuple(output_size(n, k, s, floor=True) for n, k, s in zip(x.shape[2:], kernel, stride))
    total = np.zeros((*x.shape[:2], *size), x.dtype)
    for place in window_slices(kernel, stride, (1, 1), size):
        total += x[place]
    return total


def _window_spread_forward(g: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    out = np.zeros(shape, g.dtype)
    for place in window_slices(kernel, stride, (1, 1), g.shape[2:]):
        out[place] += g
    return out


_window_sum = ArrayOperation("window_sum", "avg pool", _window_sum_forward, lambda g, out, x, **o: _window_spread(g, **o),
                             shown=("spread",))
_window_spread = ArrayOperation("window_spread", "spread", _window_spread_forward, lambda g, out, x, **o: _window_sum(g, **o))


def avg_pool2d(input: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, *,
               count_include_pad: bool = True) -> Any:
    """The mean under each window; zeros of the padding count unless told otherwise.

    >>> avg_pool2d(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]]), 2).tolist()
    [[[[4.0]]]]
    """
    kernel = as_pair(kernel_size)
    stride = kernel if stride is None else as_pair(stride)
    x = _images("avg_pool2d", input, padding, kernel, 0.0)
    total = _window_sum(x, kernel=kernel, stride=stride, shape=tuple(x.shape))
    if count_include_pad or not any(as_pair(padding)):
        return total * (1.0 / (kernel[0] * kernel[1]))
    top, left = as_pair(padding)
    ones = np.pad(np.ones((1, 1, *input.shape[2:]), plain_array(x).dtype), ((0, 0), (0, 0), (top, top), (left, left)))
    return total / _window_sum(ones, kernel=kernel, stride=stride, shape=ones.shape)


def max_pool1d(input: Any, kernel_size: int, stride: int | None = None, padding: int = 0, dilation: int = 1) -> Any:
    """The largest entry under each window of signals (N, C, L)."""
    kernel, step, side, spread = (int(np.ravel(n)[0]) for n in (kernel_size, kernel_size if stride is None else stride, padding,
                                                               dilation))
    out = max_pool2d(expand_dims(input, 2), (1, kernel), (1, step), (0, side), (1, spread))
    return reshape(out, (out.shape[0], out.shape[1], out.shape[3]))
