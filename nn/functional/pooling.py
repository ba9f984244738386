"""Max and average pooling of images and signals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from autograd.arrays.axes import plain_array
from autograd.arrays.functions import expand_dims, pad, reshape
from autograd.arrays.operation import ArrayOperation
from autograd.elementwise import masked

from .convolution import places, span
from .operands import Padding, Pair, as_operand, as_pair, as_sides, as_single, floating, with_batch, without_batch
from .signatures import of_array

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.typing import Array, ArrayLike, PlainArrayLike


def window_slices(kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...],
                  size: tuple[int, ...]) -> Iterator[Any]:
    """Yield for each position in a window, in row order, the slices of the image's entries at that position."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield (..., slice(top, top + stride[0] * (size[0] - 1) + 1, stride[0]),
                   slice(left, left + stride[1] * (size[1] - 1) + 1, stride[1]))


def _first(x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Iterator[tuple[Any, Any]]:
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
        for place, mask in _first(x[part], out[part], kernel, stride, dilation):
            if apart:
                down[part][place] = masked(g[part], mask)
            else:
                down[part][place] += masked(g[part], mask)
    return down


def _pick_forward(t: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    total = np.zeros_like(out, t.dtype)
    for place, mask in _first(x, out, kernel, stride, dilation):
        total += masked(t[place], mask)
    return total


_max_pool = ArrayOperation("max_pool2d", "max pool", _max_pool_forward,
                lambda g, out, x, **o: _unpool(g, x=plain_array(x), out=plain_array(out), **o),
                pushforward=lambda out, xs, ts, o: _pick(ts[0], x=plain_array(xs[0]), out=plain_array(out), **o),
                shown=("first maximum",), is_selection=True, shows_nan=lambda x, **o: _covered(x.shape, **o))
_unpool = ArrayOperation("max_unpool2d", "unpool", lambda g, **o: _unpool_forward(g, **o), lambda g, out_, y, **o: _pick(g, **o))
_pick = ArrayOperation("max_pick2d", "pick", lambda t, **o: _pick_forward(t, **o), lambda g, out_, y, **o: _unpool(g, **o))


@overload
def max_pool2d(input: Tensor, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, dilation: Pair = 1,
               ceil_mode: bool = False, return_indices: Literal[False] = False) -> Tensor: ...
@overload
def max_pool2d(input: PlainArrayLike, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, dilation: Pair = 1,
               ceil_mode: bool = False, return_indices: Literal[False] = False) -> Array: ...
@overload
def max_pool2d(input: ArrayLike, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, dilation: Pair = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any: ...
def max_pool2d(input: ArrayLike, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, dilation: Pair = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """Maximum of each window of images (N, C, H, W); of several equal entries, the first in row order takes the gradient.

    Windows that do not fit completely are left out (``output_size``), or cut with ``ceil_mode``; padding is never the maximum.
    ``return_indices`` also gives the maxima's indices in each flattened image.

    >>> max_pool2d(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]]), 2).tolist()
    [[[[7.0]]]]
    """
    kernel, dilation = as_pair("max_pool2d: kernel_size", kernel_size), as_pair("max_pool2d: dilation", dilation)
    stride = kernel if stride is None else as_pair("max_pool2d: stride", stride)
    x, alone = with_batch(floating(input), 4)
    x, sides, _ = _framed("max_pool2d", x, padding, kernel, stride, dilation, float("-inf"), ceil_mode)
    windows: dict[str, Any] = {"kernel": kernel, "stride": stride, "dilation": dilation}
    out = _max_pool(x, **windows)
    if not return_indices:
        return without_batch(out, alone)
    return without_batch(out, alone), without_batch(_indices(plain_array(x), plain_array(out), sides, windows), alone)


def _indices(x: Array, out: Array, sides: Any, windows: dict[str, Any]) -> Array:
    """The index of each window's first maximum in its flattened image, without the padding."""
    inside = [n - before - after for n, (before, after) in zip(x.shape[2:], sides)]
    grid = np.pad(np.arange(inside[0] * inside[1]).reshape(inside), sides)
    indices = np.zeros(out.shape, int)
    for place, mask in _first(x, out, **windows):
        np.copyto(indices, grid[place], where=mask)
    return indices


def _framed(name: str, x: Any, padding: Padding, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int],
            fill: float, ceil_mode: bool) -> tuple[Any, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Images (N, C, H, W) padded with ``fill``, their padding with what ``ceil_mode`` adds, and the padding as given."""
    if len(x.shape) != 4:
        raise ValueError(f"{name}: images must be (N, C, H, W) or (C, H, W), not shape {tuple(x.shape)}")
    given = sides = as_sides(name, padding, kernel, stride, dilation)
    if any(2 * zeros > k for ends, k in zip(sides, kernel) for zeros in ends):
        raise ValueError(f"{name}: padding {padding} is more than half the window {kernel}, so some windows would hold padding "
                         "only; use less padding")
    if ceil_mode:
        sides = tuple((before, after + _missing(n, k, s, before, after, d))
                      for n, k, s, (before, after), d in zip(x.shape[2:], kernel, stride, sides, dilation))
    return pad(x, ((0, 0), (0, 0), *sides), constant_values=fill) if any(map(any, sides)) else x, sides, given


def _missing(n: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> int:
    """The number of entries that the last window lacks, if it begins within the data or the padding before it."""
    room = n + before + after - span(kernel, dilation)
    last = -(-room // stride) * stride  # where the last window begins
    last -= stride if last >= n + before else 0
    return max(last - room, 0)


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


_window_sum = ArrayOperation("window_sum", "avg pool", _window_sum_forward, lambda g, out, x, **o: _window_spread(g, **o),
                             shown=("spread",))
_window_spread = ArrayOperation("window_spread", "spread", _window_spread_forward, lambda g, out, x, **o: _window_sum(g, **o))


@of_array
def avg_pool2d(input: ArrayLike, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, ceil_mode: bool = False,
               count_include_pad: bool = True, divisor_override: float | None = None) -> Any:
    """Mean of each window of images (N, C, H, W); zeros of the padding count unless ``count_include_pad=False``.

    Windows that do not fit completely are left out (``output_size``), or cut with ``ceil_mode``. ``divisor_override`` divides the
    sums in place of the number of entries.

    >>> avg_pool2d(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]]), 2).tolist(), avg_pool2d(np.full((1, 1, 2, 2), 200, np.uint8), 2).tolist()
    ([[[[4.0]]]], [[[[200.0]]]])
    """
    kernel = as_pair("avg_pool2d: kernel_size", kernel_size)
    stride = kernel if stride is None else as_pair("avg_pool2d: stride", stride)
    x, alone = with_batch(floating(input), 4)
    x, sides, given = _framed("avg_pool2d", x, padding, kernel, stride, (1, 1), 0.0, ceil_mode)
    total = _window_sum(x, kernel=kernel, stride=stride, shape=tuple(x.shape))
    counted = given if count_include_pad else ((0, 0), (0, 0))  # what ceil_mode adds never counts
    if divisor_override is not None or sides == counted:
        return without_batch(total / float(kernel[0] * kernel[1] if divisor_override is None else divisor_override), alone)
    inside = [n - sum(ends) + sum(own) for n, ends, own in zip(x.shape[2:], sides, counted)]
    outside = [(a - c, b - d) for (a, b), (c, d) in zip(sides, counted)]
    seen = np.pad(np.ones((1, 1, *inside), plain_array(x).dtype), ((0, 0), (0, 0), *outside))
    return without_batch(total / _window_sum(seen, kernel=kernel, stride=stride, shape=seen.shape), alone)


@overload
def max_pool1d(input: Tensor, kernel_size: int, stride: int | None = None, padding: Padding = 0, dilation: int = 1,
               ceil_mode: bool = False, return_indices: Literal[False] = False) -> Tensor: ...
@overload
def max_pool1d(input: PlainArrayLike, kernel_size: int, stride: int | None = None, padding: Padding = 0, dilation: int = 1,
               ceil_mode: bool = False, return_indices: Literal[False] = False) -> Array: ...
@overload
def max_pool1d(input: ArrayLike, kernel_size: int, stride: int | None = None, padding: Padding = 0, dilation: int = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any: ...
def max_pool1d(input: ArrayLike, kernel_size: int, stride: int | None = None, padding: Padding = 0, dilation: int = 1,
               ceil_mode: bool = False, return_indices: bool = False) -> Any:
    """Maximum of each window of signals (N, C, L); the options are those of ``max_pool2d``.

    >>> max_pool1d(Tensor([[[1.0, 3.0, 7.0, 5.0]]]), 2).tolist()
    [[[3.0, 7.0]]]
    """
    x, alone = with_batch(as_operand(input), 3)
    if len(x.shape) != 3:
        raise ValueError(f"max_pool1d: signals must be (N, C, L) or (C, L), not shape {tuple(x.shape)}")
    kernel, spread = as_single("max_pool1d: kernel_size", kernel_size), as_single("max_pool1d: dilation", dilation)
    step = kernel if stride is None else as_single("max_pool1d: stride", stride)
    sides = ((0, 0), *as_sides("max_pool1d", padding, (kernel,), (step,), (spread,)))
    found = max_pool2d(expand_dims(x, 2), (1, kernel), (1, step), sides, (1, spread), ceil_mode, return_indices)
    parts = [without_batch(reshape(part, (*part.shape[:2], part.shape[3])), alone)
             for part in (found if return_indices else (found,))]
    return tuple(parts) if return_indices else parts[0]
