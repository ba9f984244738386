"""Max and average pooling of images and signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.arrays import windows
from autograd.arrays.axes import plain_array
from autograd.arrays.windows import span
from autograd.arrays.functions import expand_dims, pad, reshape

from .operands import Padding, Pair, as_operand, as_pair, as_sides, as_single, floating, with_batch, without_batch
from .signatures import of_array, of_windows

if TYPE_CHECKING:
    from autograd.typing import Array, ArrayLike


@of_windows
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
    options: dict[str, Any] = {"kernel": kernel, "stride": stride, "dilation": dilation}
    out = windows.max_pool2d(x, **options)
    if not return_indices:
        return without_batch(out, alone)
    return without_batch(out, alone), without_batch(_indices(plain_array(x), plain_array(out), sides, options), alone)


def _indices(x: Array, out: Array, sides: Any, options: dict[str, Any]) -> Array:
    """The index of each window's first maximum in its flattened image, without the padding."""
    inside = [n - before - after for n, (before, after) in zip(x.shape[2:], sides)]
    grid = np.pad(np.arange(inside[0] * inside[1]).reshape(inside), sides)
    indices = np.zeros(out.shape, int)
    for place, mask in windows.first_maxima(x, out, **options):
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
    total = windows.window_sum(x, kernel=kernel, stride=stride, shape=tuple(x.shape))
    counted = given if count_include_pad else ((0, 0), (0, 0))  # what ceil_mode adds never counts
    if divisor_override is not None or sides == counted:
        return without_batch(total / float(kernel[0] * kernel[1] if divisor_override is None else divisor_override), alone)
    inside = [n - sum(ends) + sum(own) for n, ends, own in zip(x.shape[2:], sides, counted)]
    outside = [(a - c, b - d) for (a, b), (c, d) in zip(sides, counted)]
    seen = np.pad(np.ones((1, 1, *inside), plain_array(x).dtype), ((0, 0), (0, 0), *outside))
    return without_batch(total / windows.window_sum(seen, kernel=kernel, stride=stride, shape=seen.shape), alone)


@of_windows
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
