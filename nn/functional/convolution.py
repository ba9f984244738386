"""Convolution of images and signals as one matrix product, and the size of its result.

Images are (batch, channels, height, width), as in PyTorch, with any order in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from math import prod as product
from operator import add, index
from os import environ
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd.arrays.axes import plain_array
from autograd.arrays.functions import expand_dims, reshape, sum
from autograd.arrays.operation import ArrayOperation

from ..arguments import whole_number
from .operands import INTEGERS, Padding, Pair, as_pair, as_sides, as_single, floating_together, with_batch, without_batch
from .signatures import of_weight

if TYPE_CHECKING:
    from autograd.typing import Array, ArrayLike


class OutputSize(int):
    """The number of window positions along an axis, as an int with the exact value of the formula.

    A position where the window does not fit completely is left out, as in every library; then ``exact`` is not a whole number, and
    ``note`` names the entries that no window covers: ``unseen`` lists indices of the data, ``unseen_padding`` counts zeros of the
    padding.
    """

    window: tuple[int, int, int, int, int, int]

    def __new__(cls, n: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> OutputSize:
        size = super().__new__(cls, places(n, kernel, stride, before, after, dilation))
        size.window = (n, kernel, stride, before, after, dilation)
        return size

    @property
    def exact(self) -> float:
        """(N − F + 2P)/S + 1."""
        n, kernel, stride, before, after, dilation = self.window
        return (n + before + after - span(kernel, dilation) + stride) / stride  # one division: correctly rounded

    @property
    def unseen(self) -> tuple[int, ...]:
        """The indices of the data's entries that no window covers."""
        n, _, _, before, *_ = self.window
        return tuple([i - before for i in self._uncovered() if before <= i < before + n])

    @property
    def unseen_padding(self) -> int:
        """The number of padding zeros that no window covers."""
        return len(self._uncovered()) - len(self.unseen)

    def _uncovered(self) -> list[int]:
        n, kernel, stride, before, after, dilation = self.window
        covered = {i * stride + k * dilation for i in range(self) for k in range(kernel)}
        return [i for i in range(n + before + after) if i not in covered]

    @property
    def note(self) -> str:
        """A sentence about the uncovered entries and the remedy where the exact size is not whole; else ""."""
        n, kernel, stride, before, after, dilation = self.window
        if self.exact == self:
            return ""
        formula = f"({n} − {span(kernel, dilation)} + {f'2·{before}' if before == after else f'{before} + {after}'})/{stride} + 1"
        more = stride - (n + before + after - span(kernel, dilation)) % stride
        return (f"(N − F + 2P)/S + 1 = {formula} = {self.exact:.4g} is not whole, so {int(self)} windows fit, and {self._lost()} "
                f"not seen. To see all, pad the end by {more} more: padding=(({before}, {after + more}), …)")

    def _lost(self) -> str:
        data, zeros = self.unseen, self.unseen_padding
        parts = [f"{'entry' if len(data) == 1 else 'entries'} {', '.join(map(str, data))} of the data"] if data else []
        parts += [f"{zeros} {'zero' if zeros == 1 else 'zeros'} of the padding"] if zeros else []
        return " and ".join(parts) + (" is" if len(data) + zeros == 1 else " are")

    def __str__(self) -> str:
        return int.__repr__(self)

    def __repr__(self) -> str:
        return f"{self}  # {self.note}" if self.note else str(self)

    def __reduce__(self) -> tuple[type[OutputSize], tuple[int, ...]]:
        return OutputSize, self.window


def output_size(n: int, kernel: int, stride: int = 1, padding: int | tuple[int, int] = 0, dilation: int = 1) -> OutputSize:
    """Return the number of window positions along an axis: (N − F + 2P)/S + 1, rounded down.

    F = dilation·(kernel − 1) + 1 is the window's span; ``padding`` is a number of zeros at each end, or a pair of them. The result
    is an int with the ``exact`` value and a ``note`` about uncovered entries where that is not whole. Raises ValueError where no
    window fits. Source: CS231n, "Convolutional networks".

    >>> output_size(32, 5), output_size(7, 3, stride=2), output_size(32, 5, padding=2)
    (28, 3, 32)
    >>> size = output_size(10, 3, stride=2)
    >>> size == 4, size.exact, size.unseen
    (True, 4.5, (9,))
    """
    before, after = (padding, padding) if isinstance(padding, INTEGERS) else padding
    return OutputSize(*map(index, (n, kernel, stride, before, after, dilation)))


def span(kernel: int, dilation: int) -> int:
    """The number of entries from a window's first to its last, including those that dilation skips."""
    return dilation * (kernel - 1) + 1


def places(n: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> int:
    """The number of windows that fit completely; raises ValueError where none does."""
    room = n + before + after - span(kernel, dilation)
    if room < 0 or stride < 1 or before < 0 or after < 0 or kernel < 1 or dilation < 1:
        padding = before if before == after else (before, after)
        raise ValueError(f"a window of {kernel} (spanning {span(kernel, dilation)}) does not fit: N={n}, padding P={padding}, "
                         f"stride S={stride}; (N − F + 2P)/S + 1 must be at least 1")
    return room // stride + 1


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


def _places(shapes: Any, stride: Any, dilation: Any, sides: Any) -> tuple[int, ...]:
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
    size, kernel = _places(shapes, stride, dilation, sides), w.shape[2:]
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
_conv2d = ArrayOperation("conv2d", "∗", _conv_forward,
              lambda g, out, x, w, *b, **o: _conv_input(g, w, **o),
              lambda g, out, x, w, *b, **o: _conv_weight(x, g, **o),
              lambda g, out, x, w, b, **o: _sum_of_images(g),
              bilinear=True, pushforward=lambda out, xs, ts, o: _conv_pushforward(_conv2d, xs, ts, o), shown=("∗ᵀ w", "x ∗", "Σ"))
_conv_input = ArrayOperation("conv2d_input", "∗ᵀ", _conv_input_forward,
                  lambda g, out, y, w, **o: _conv2d(g, w, **o), lambda g, out, y, w, **o: _conv_weight(g, y, **o),
                  pushforward=lambda out, xs, ts, o: _conv_pushforward(_conv_input, xs, ts, o))
_conv_weight = ArrayOperation("conv2d_weight", "∗", _conv_weight_forward,
                   lambda g, out, x, y, **o: _conv_input(y, g, **o), lambda g, out, x, y, **o: _conv2d(x, g, **o),
                   pushforward=lambda out, xs, ts, o: _conv_pushforward(_conv_weight, xs, ts, o))


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


@of_weight
def conv2d(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, stride: Pair = 1, padding: Padding = 0,
           dilation: Pair = 1, groups: int = 1) -> Any:
    """Cross-correlation of images (N, C, H, W), or one (C, H, W), with filters (O, C/groups, KH, KW), plus a bias (O,).

    The result is (N, O, OH, OW) with OH = (H − F + 2·padding)/stride + 1, rounded down, where F = dilation·(KH − 1) + 1;
    ``output_size`` reports the entries lost to rounding. ``padding`` is a number of zeros on each side, one number for each axis,
    ((top, bottom), (left, right)), "valid" for none, or "same" (stride 1). Raises ValueError where shapes do not fit.

    >>> conv2d(Tensor(np.ones((1, 3, 32, 32))), Tensor(np.ones((6, 3, 5, 5)))).shape  # (32 − 5) / 1 + 1 = 28
    (1, 6, 28, 28)
    """
    stride, dilation = as_pair("conv2d: stride", stride), as_pair("conv2d: dilation", dilation)
    x, w = floating_together(input, weight)
    x, alone = with_batch(x, 4)
    return without_batch(_convolved("conv2d", x, w, bias, stride, padding, dilation, groups), alone)


def _convolved(name: str, x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    groups = whole_number(groups, f"{name}: groups")
    if len(x.shape) != 4 or len(w.shape) != 4 or x.shape[1] != w.shape[1] * groups or w.shape[0] % groups:
        raise ValueError(f"{name}: images {tuple(x.shape)} and filters {tuple(w.shape)} with groups={groups} do not fit; they must "
                         "be (N, C, H, W) and (O, C/groups, KH, KW), with O divisible by groups")
    if bias is not None and np.shape(plain_array(bias)) != (w.shape[0],):
        raise ValueError(f"{name}: the bias has shape {np.shape(plain_array(bias))}; it needs one entry per filter, "
                         f"({w.shape[0]},)")
    sides = as_sides(name, padding, w.shape[2:], stride, dilation)
    shapes = tuple(x.shape), tuple(w.shape)
    try:
        _places(shapes, stride, dilation, sides)
    except ValueError as error:
        seen = [shape if name == "conv2d" else (*shape[:2], shape[3]) for shape in shapes]
        raise ValueError(f"{name} of input {seen[0]} with filters {seen[1]}: {error}") from None
    operands = (x, w) if bias is None else (x, w, bias)
    return _conv2d(*operands, stride=stride, dilation=dilation, sides=sides, groups=groups, shapes=shapes, cache={})


@of_weight
def conv1d(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, stride: int = 1, padding: Padding = 0,
           dilation: int = 1, groups: int = 1) -> Any:
    """Cross-correlation of signals (N, C, L), or one (C, L), with filters (O, C/groups, K), plus a bias (O,).

    ``padding`` is a number of zeros at each end, ((before, after),), "valid" or "same".

    >>> conv1d(Tensor([[[1.0, 2.0, 4.0]]]), Tensor([[[-1.0, 1.0]]])).tolist()  # differences
    [[[1.0, 2.0]]]
    """
    x, w = floating_together(input, weight)
    x, alone = with_batch(x, 3)
    if len(x.shape) != 3 or len(w.shape) != 3:
        raise ValueError(f"conv1d: signals {tuple(x.shape)} and filters {tuple(w.shape)}; they must be (N, C, L) "
                         "and (O, C/groups, K)")
    step, spread = as_single("conv1d: stride", stride), as_single("conv1d: dilation", dilation)
    sides = ((0, 0), *as_sides("conv1d", padding, w.shape[2:], (step,), (spread,)))
    out = _convolved("conv1d", expand_dims(x, 2), expand_dims(w, 2), bias, (1, step), sides, (1, spread), groups)
    return without_batch(reshape(out, (out.shape[0], out.shape[1], out.shape[3])), alone)


@of_weight
def conv_transpose2d(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, stride: Pair = 1, padding: Pair = 0,
                     output_padding: Pair = 0, groups: int = 1, dilation: Pair = 1) -> Any:
    """The transpose of ``conv2d``, which enlarges images: (N, I, H, W) with filters (I, O/groups, KH, KW), plus a bias (O,).

    The result is (N, O, OH, OW) with OH = (H − 1)·stride − 2·padding + F + output_padding, F = dilation·(KH − 1) + 1. Raises
    ValueError where shapes do not fit, or ``output_padding`` is not below the stride.

    >>> conv_transpose2d(Tensor([[[[1.0, 2.0]]]]), np.ones((1, 1, 1, 2)), stride=2).tolist()
    [[[[1.0, 1.0, 2.0, 2.0]]]]
    """
    name = "conv_transpose2d"
    steps, ends, more, spread = (as_pair(f"{name}: {kind}", pair) for kind, pair in (
        ("stride", stride), ("padding", padding), ("output_padding", output_padding), ("dilation", dilation)))
    x, w = floating_together(input, weight)
    x, alone = with_batch(x, 4)
    if len(x.shape) != 4 or len(w.shape) != 4 or x.shape[1] != w.shape[0] or w.shape[0] % whole_number(groups, f"{name}: groups"):
        raise ValueError(f"{name}: images {tuple(x.shape)} and filters {tuple(w.shape)} with groups={groups} do not fit; they must "
                         "be (N, I, H, W) and (I, O/groups, KH, KW), with I divisible by groups")
    size = [(n - 1) * s - 2 * p + span(k, d) + m for n, s, p, k, d, m in zip(x.shape[2:], steps, ends, w.shape[2:], spread, more)]
    if min(size) < 1 or any(not 0 <= m < s for m, s in zip(more, steps)):
        raise ValueError(f"{name}: the result would have the size {tuple(size)}, and output_padding={output_padding} with stride="
                         f"{stride}; output_padding must be below the stride, and padding leave a result")
    shapes = (x.shape[0], w.shape[1] * groups, *size), tuple(w.shape)
    sides = tuple((zeros, zeros) for zeros in ends)
    out = _conv_input(x, w, stride=steps, dilation=spread, sides=sides, groups=groups, shapes=shapes, cache={})
    return without_batch(out if bias is None else out + reshape(bias, (-1, 1, 1)), alone)
