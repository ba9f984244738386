"""Correlation of images with filters as one matrix product, which networks call a convolution, and its two transposes.

Images are (batch, channels, height, width), with any order in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from math import prod as product
from operator import add
from os import environ
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .functions import reshape, sum
from .operation import ArrayOperation
from .windows import places

if TYPE_CHECKING:
    from ..typing import Array


KEPT = 2**18  # numbers: windows that are kept for the gradient of the filters, not made again
WIDE = 128  # numbers: a row of the result from which on it is worth a matrix product of its own

# Images are stored as (C, H, W, N), independent of their axes: then a convolution is one matrix product, and everything that
# reads windows or channels runs along whole batches (measured: a step of a small network takes half the time).

def channels_first(x: Array) -> Array:
    """(N, C, …) as (C, …, N)."""
    return x.transpose(*range(1, x.ndim), 0)


def batch_first(x: Array) -> Array:
    """(C, …, N) as (N, C, …)."""
    return x.transpose(-1, *range(x.ndim - 1))


def _blocks(size: Any, each: int) -> Iterator[slice]:
    """The rows of the result, as many at once as leave a block's windows, ``each`` numbers a row, in the processor's cache."""
    rows = max(1, (KEPT if size[0] * each <= KEPT else 2**16) // max(1, each))
    return (slice(i, min(i + rows, size[0])) for i in range(0, size[0], rows))


def _windows(x: Any, kernel: Any, size: Any, stride: Any, dilation: Any, sides: Any, groups: int,
             cache: dict[str, Any], by_rows: bool) -> Iterator[tuple[slice, Any]]:
    """Blocks of rows of the result, each with its windows of (N, C, H, W), matrices (groups, parts, C/groups·KH·KW, columns).

    The matrices lie in one buffer, which the next block overwrites; where one block is all, ``cache`` keeps it. ``by_rows`` there
    is a part for each row of the result, and KH comes first.
    """
    if cache.get("of") is x:
        yield cache["block"]
        return
    parted = channels_first(x).reshape(groups, x.shape[1] // groups, *x.shape[2:], len(x))
    for block, columns in (_windows_by_rows if by_rows else _whole_windows)(parted, kernel, size, stride, dilation, sides):
        if block.stop - block.start == size[0] and x.shape[1] * product((*kernel, *size, len(x))) <= KEPT:
            cache.update(of=x, block=(block, columns))
        yield block, columns


def _by_rows(n: int, kernel: Any, size: Any, stride: Any, dilation: Any) -> bool:
    """True where windows above each other share rows of the images, of enough numbers for a matrix product for each row."""
    return dilation[0] == 1 and stride[0] < kernel[0] and size[1] * n >= WIDE


def _whole_windows(x: Any, kernel: Any, size: Any, stride: Any, dilation: Any, sides: Any) -> Iterator[tuple[slice, Any]]:
    """Blocks of windows of (groups, C, H, W, N), in one part for all rows of the block."""
    groups, c, *_, n = x.shape
    framed = np.ascontiguousarray(_framed(x, sides))
    group, channel, high, wide, entry = framed.strides
    windows = as_strided(framed, (groups, c, *kernel, *size, n),
                         (group, channel, high * dilation[0], wide * dilation[1], high * stride[0], wide * stride[1], entry),
                         writeable=False)
    buffer = None
    for block in _blocks(size, groups * c * kernel[0] * kernel[1] * size[1] * n):
        part = windows[:, :, :, :, block]
        if buffer is None or buffer.shape != part.shape:
            buffer = np.empty(part.shape, x.dtype)
        buffer[...] = part
        yield block, buffer.reshape(groups, 1, kernel[0] * c * kernel[1], -1)


def _windows_by_rows(x: Any, kernel: Any, size: Any, stride: Any, dilation: Any, sides: Any) -> Iterator[tuple[slice, Any]]:
    """Blocks of windows of (groups, C, H, W, N), in a part for each row of the result, and in the order (KH, C, KW).

    An image's row is copied once for each of its KW places in a window; windows above each other share their rows in memory, since
    the KH rows under a row of the result lie behind each other. (KW copies in place of KH · KW: 2/3 of the time, measured.)
    """
    groups, c, high, wide, n = x.shape
    each = groups * c * kernel[1] * size[1] * n
    rows = max(1, min(size[0], KEPT // max(1, each * stride[0])))
    buffer = np.zeros((groups, (rows - 1) * stride[0] + kernel[0], c, kernel[1], size[1], n), x.dtype)
    group, row, _, place, *_, entry = buffer.strides
    for start in range(0, size[0], rows):
        block = slice(start, min(start + rows, size[0]))
        under, seen = inside(range(buffer.shape[1]), start * stride[0] - sides[0][0], high)
        buffer[:, :under.start] = 0
        buffer[:, under.stop:] = 0
        for j in range(kernel[1]):
            under_row, seen_row = inside(range(size[1]), j * dilation[1] - sides[1][0], wide, stride[1])
            buffer[:, under, :, j, under_row] = x[:, :, seen, seen_row].swapaxes(1, 2)
        yield block, np.ndarray((groups, block.stop - start, kernel[0] * c * kernel[1], size[1] * n), x.dtype, buffer, 0,
                                (group, row * stride[0], place, entry))


def inside(windows: range, first: int, n: int, stride: int = 1) -> tuple[slice, slice]:
    """The windows whose entry lies within the data, and these entries, ``first`` being that of window 0.

    >>> inside(range(4), -1, 3), inside(range(4), -1, 6, 2)  # zeros before, and where they fit after
    ((slice(1, 4, None), slice(0, 3, 1)), (slice(1, 4, None), slice(1, 7, 2)))
    """
    start = max(windows.start, -(first // stride))
    stop = max(start, min(windows.stop, (n - 1 - first) // stride + 1))
    entry = first + start * stride
    return slice(start - windows.start, stop - windows.start), slice(entry, entry + stride * (stop - start), stride)


def window_places(shapes: Sequence[tuple[int, ...]], stride: tuple[int, ...], dilation: tuple[int, ...],
                  sides: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The numbers of windows along height and width."""
    return tuple([places(n, k, s, before, after, d)
                  for n, k, s, d, (before, after) in zip(shapes[0][2:], shapes[1][2:], stride, dilation, sides)])


def _framed(x: Any, sides: Any) -> Any:
    """Images (groups, C, H, W, N), zero-padded."""
    (top, bottom), (left, right) = sides
    if not (top or bottom or left or right):
        return x
    high, wide = x.shape[2:4]
    framed = np.zeros((*x.shape[:2], top + high + bottom, left + wide + right, x.shape[4]), x.dtype)
    framed[:, :, top:top + high, left:left + wide] = x
    return framed


ONE_THREAD = "1" in (environ.get("OPENBLAS_NUM_THREADS"), environ.get("OMP_NUM_THREADS"))


def _pieces(each: int, columns: int) -> int:
    """The best number of equal pieces for a product of ``columns`` columns with ``each`` multiplications per column.

    OpenBLAS uses threads for products of more than 2¹⁸ multiplications, and on busy cores a step of a small network waits for
    them: 60 ms in place of 3 (measured). Smaller pieces avoid this, and long thin matrices take a third of the time.
    """
    width = 2**18 // each
    if width < (512 if ONE_THREAD else 32) or columns <= width:  # large enough to profit from threads, or small enough already
        return 1
    pieces = next(n for n in range(-(-columns // width), columns + 1) if columns % n == 0)
    return pieces if columns // pieces >= 16 else 1


def _cut(x: Any, pieces: int) -> Any:
    """(…, m, columns) as (…, pieces, m, columns/pieces)."""
    return x.reshape(*x.shape[:-1], pieces, -1).swapaxes(-2, -3)


def _product(x: Any, y: Any, out: Any = None) -> Any:
    """(groups, m, k) @ (groups, parts, k, columns)."""
    pieces, x = _pieces(x.shape[1] * x.shape[2], y.shape[3]), x[:, None]
    if pieces == 1:
        return np.matmul(x, y, out=out)
    out = np.empty((*y.shape[:2], x.shape[2], y.shape[3]), np.result_type(x, y)) if out is None else out
    np.matmul(x[:, :, None], _cut(y, pieces), out=_cut(out, pieces))
    return out


def _product_of_rows(x: Any, y: Any) -> Any:
    """Σ over parts of (groups, parts, m, columns) @ (groups, parts, k, columns)ᵀ."""
    if x.shape[2] < y.shape[2] and x.shape[1] * x.shape[3] >= 2**11:  # two thirds of the time, more than turning the result takes
        return _product_of_rows(y, x).swapaxes(1, 2)
    pieces = _pieces(x.shape[2] * y.shape[2], x.shape[3])
    products = np.matmul(_cut(x, pieces), _cut(y, pieces).swapaxes(-1, -2))
    return products[:, 0, 0] if products.shape[1:3] == (1, 1) else np.add.reduce(products, (1, 2))


# block by block, so that one pass finds the data of the last in the processor's cache: two thirds of the time (measured)

def _conv_forward(x: Any, w: Any, b: Any = None, *, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any,
                  cache: dict[str, Any]) -> Any:
    size, kernel = window_places(shapes, stride, dilation, sides), w.shape[2:]
    by_rows = _by_rows(len(x), kernel, size, stride, dilation)
    out = np.empty((len(w), *size, len(x)), np.result_type(*[y for y in (x, w, b) if y is not None]))
    filters = (w.swapaxes(1, 2) if by_rows else w).reshape(groups, len(w) // groups, -1)
    for block, columns in _windows(x, kernel, size, stride, dilation, sides, groups, cache, by_rows):
        part = _product(filters, columns, _parts(out[:, block], groups, columns.shape[1]))
        if b is not None:
            part += b.reshape(groups, 1, -1, 1)
    return batch_first(out)


def _parts(x: Any, groups: int, parts: int) -> Any:
    """Rows of images (C, rows, W, N) as (groups, parts, C/groups, columns), a view where their order in memory allows it."""
    return x.reshape(groups, len(x) // groups, parts, -1).swapaxes(1, 2)


def _conv_input_forward(g: Any, w: Any, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any, cache: Any) -> Any:
    (n, c, high, wide), columns = shapes[0], g.shape[3]
    out: Any = np.zeros((groups, c // groups, high, wide, n), np.result_type(g, w))
    filters, parted = w.reshape(groups, -1, *w.shape[1:]), channels_first(g).reshape(groups, len(w) // groups, g.shape[2], -1)
    shared = stride[0] == dilation[0] == 1 < w.shape[2] and columns * n >= WIDE
    shared = shared and np.isfinite(w).all()  # zeros above and below meet all filters
    beside = [inside(range(columns), j * dilation[1] - sides[1][0], wide, stride[1]) for j in range(w.shape[3])]
    for rows, patches in (_patches_by_rows if shared else _patches)(parted, filters, high, stride[0], dilation[0], sides[0][0]):
        patches = patches.reshape(*patches.shape[:4], columns, n)
        for j, (under, along) in enumerate(beside):
            out[:, :, rows, along] += patches[:, :, j, :, under]
    return batch_first(out.reshape(c, high, wide, n))


def _patches(g: Any, w: Any, high: int, stride: int, dilation: int, top: int) -> Iterator[tuple[slice, Any]]:
    """Rows of images, each with what to add there, (groups, C, KW, rows, columns), for g (groups, O, rows, columns)."""
    groups, o, rows, columns = g.shape
    (c, kh, kw) = w.shape[2:]
    filters = w.reshape(groups, o, -1).swapaxes(1, 2)
    for block in _blocks((rows,), groups * c * kh * kw * columns):
        patches = _product(filters, g[:, None, :, block].reshape(groups, 1, o, -1)).reshape(groups, c, kh, kw, -1, columns)
        for i in range(kh):
            under, seen = inside(range(block.start, block.stop), i * dilation - top, high, stride)
            yield seen, patches[:, :, i, :, under]


def _patches_by_rows(g: Any, w: Any, high: int, stride: int, dilation: int, top: int) -> Iterator[tuple[slice, Any]]:
    """As ``_patches`` for stride and dilation 1, with the sum over the rows of filters within the matrix product."""
    groups, o, rows, columns = g.shape
    (c, kh, kw) = w.shape[2:]
    filters = w[:, :, :, ::-1].transpose(0, 2, 4, 3, 1).reshape(groups, c * kw, kh * o)
    each = max(1, min(high, KEPT // max(1, groups * max(o, c * kw) * columns)))
    buffer = np.zeros((groups, each + kh - 1, o, columns), g.dtype)
    group, row, *place = buffer.strides
    for start in range(0, high, each):
        seen = slice(start, min(start + each, high))
        under, source = inside(range(buffer.shape[1]), start + top - kh + 1, rows)
        buffer[:, :under.start] = 0
        buffer[:, under] = g[:, :, source].swapaxes(1, 2)
        buffer[:, under.stop:] = 0
        slabs = np.ndarray((groups, seen.stop - start, kh * o, columns), g.dtype, buffer, 0, (group, row, *place))
        yield seen, _product(filters, slabs).reshape(groups, -1, c, kw, columns).transpose(0, 2, 3, 1, 4)


def _conv_weight_forward(x: Any, g: Any, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any, cache: Any) -> Any:
    (o, c, kh, kw), size, g = shapes[1], g.shape[2:], channels_first(g)
    by_rows = _by_rows(len(x), (kh, kw), size, stride, dilation)
    total = reduce(add, [_product_of_rows(_parts(g[:, block], groups, columns.shape[1]), columns) for block, columns in
                         _windows(x, (kh, kw), size, stride, dilation, sides, groups, cache, by_rows)])
    return np.ascontiguousarray(total.reshape(o, kh, c, kw).swapaxes(1, 2) if by_rows else total.reshape(shapes[1]))


# three operations, each bilinear, and each the transpose of the others with respect to one operand
conv2d = ArrayOperation("conv2d", "∗", _conv_forward,
              lambda g, out, x, w, *b, **o: conv2d_input(g, w, **o),
              lambda g, out, x, w, *b, **o: conv2d_weight(x, g, **o),
              lambda g, out, x, w, b, **o: _sum_of_images(g),
              bilinear=True, pushforward=lambda out, xs, ts, o: _conv_pushforward(conv2d, xs, ts, o), shown=("∗ᵀ w", "x ∗", "Σ"))
conv2d_input = ArrayOperation("conv2d_input", "∗ᵀ", _conv_input_forward,
                  lambda g, out, y, w, **o: conv2d(g, w, **o), lambda g, out, y, w, **o: conv2d_weight(g, y, **o),
                  pushforward=lambda out, xs, ts, o: _conv_pushforward(conv2d_input, xs, ts, o))
conv2d_weight = ArrayOperation("conv2d_weight", "∗", _conv_weight_forward,
                   lambda g, out, x, y, **o: conv2d_input(y, g, **o), lambda g, out, x, y, **o: conv2d(x, g, **o),
                   pushforward=lambda out, xs, ts, o: _conv_pushforward(conv2d_weight, xs, ts, o))


def _sum_of_images(g: Any) -> Any:
    """The sum of each channel; a product with ones takes half the time of NumPy's sum (measured)."""
    if type(g) is not np.ndarray:
        return sum(g, (0, 2, 3))
    rows = channels_first(g).reshape(g.shape[1], -1)
    return rows @ np.ones(rows.shape[1], g.dtype)


def _conv_pushforward(op: ArrayOperation, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    x, y = xs[:2]
    parts = [op(*pair, **o) for pair, t in (((ts[0], y), ts[0]), ((x, ts[1]), ts[1])) if t is not None]
    parts += [reshape(t, (1, -1, 1, 1)) for t in ts[2:] if t is not None]
    return reduce(add, parts)
