"""Convolution of images and signals as one matrix product, and how many places a window takes.

Images are (batch, channels, height, width), as PyTorch has them, whatever their order in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd.arrays.axes import plain_array
from autograd.arrays.functions import expand_dims, reshape, sum
from autograd.arrays.operation import ArrayOperation

from .operands import Pair, as_operand, as_pair


def output_size(n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, *, floor: bool = False) -> int:
    """How many places a window takes along an axis: (N − F + 2P)/S + 1 with F = dilation·(kernel − 1) + 1.

    Raises ValueError where that is no whole number, which means that windows do not tile the axis and its last entries
    would go unseen; with ``floor`` it is rounded down, as pooling does. Source: CS231n, "Convolutional networks".

    >>> output_size(32, 5), output_size(7, 3, stride=2), output_size(7, 2, stride=2, floor=True)
    (28, 3, 3)
    """
    span = dilation * (kernel - 1) + 1
    if stride < 1 or padding < 0 or kernel < 1 or dilation < 1 or n + 2 * padding < span:
        raise ValueError(f"a window of {kernel} (spanning {span}) does not fit: N={n}, padding P={padding}, stride S={stride}; "
                         "(N − F + 2P)/S + 1 must be at least 1")
    size, over = divmod(n + 2 * padding - span, stride)
    if over and not floor:
        ways = [f"padding={p}" for p in range(padding, padding + stride) if (n - span + 2 * p) % stride == 0][:1]
        ways += [f"crop the input to {n - over}"] if n > over else []
        raise ValueError(f"(N − F + 2P)/S + 1 = ({n} − {span} + 2·{padding})/{stride} + 1 = {size + 1 + over / stride:.4g} is no "
                         f"whole number of places, and the last {over} of N={n} would go unseen. Remedy: "
                         f"{', '.join(ways)}, pad it at one end to {n + stride - over}, or take another stride")
    return size + 1


def window_slices(kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...],
                  size: tuple[int, ...]) -> Iterator[Any]:
    """For each place in a window, in row order, the entries of the image that come to lie under it."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield (..., slice(top, top + stride[0] * (size[0] - 1) + 1, stride[0]),
                   slice(left, left + stride[1] * (size[1] - 1) + 1, stride[1]))


# In memory images lie as (C, H, W, N), whatever axes they show: a convolution is then one product, and everything that
# reads windows or channels runs along whole batches (measured: a step of a small network takes half the time).

def channels_first(x: Any) -> Any:
    """(N, C, …) as (C, …, N)."""
    return x.transpose(*range(1, x.ndim), 0)


def batch_first(x: Any) -> Any:
    """(C, …, N) as (N, C, …)."""
    return x.transpose(-1, *range(x.ndim - 1))


def _columns(x: Any, kernel: Any, size: Any, stride: Any, dilation: Any, sides: Any, groups: int) -> Any:
    """All windows of (N, C, H, W) within its frame of zeros, as the columns of matrices (groups, C/groups·KH·KW, OH·OW·N)."""
    n, c = x.shape[:2]
    framed = np.ascontiguousarray(_framed(x, sides))
    a, high, wide, b = framed.strides
    windows = as_strided(framed, (c, *kernel, *size, n), (a, high * dilation[0], wide * dilation[1], high * stride[0],
                                                          wide * stride[1], b), writeable=False)
    return windows.reshape(groups, c // groups * kernel[0] * kernel[1], size[0] * size[1] * n)


def _places(shapes: Any, stride: Any, dilation: Any, sides: Any) -> tuple[int, ...]:
    """How many windows there are, down and along."""
    return tuple([output_size(n + a + b, k, s, 0, d)
                  for n, k, s, d, (a, b) in zip(shapes[0][2:], shapes[1][2:], stride, dilation, sides)])


def _framed(x: Any, sides: Any) -> Any:
    """(C, H, W, N) of images (N, C, H, W), with zeros at their sides."""
    x = channels_first(x)
    (top, bottom), (left, right) = sides
    if not (top or bottom or left or right):
        return x
    c, high, wide, n = x.shape
    framed = np.zeros((c, top + high + bottom, left + wide + right, n), x.dtype)
    framed[:, top:top + high, left:left + wide] = x
    return framed


def _pieces(each: int, columns: int) -> int:
    """In how many equal pieces a product of so many columns, with ``each`` multiplications for each, is best taken.

    OpenBLAS gives what has more than 2¹⁸ of them to its threads, and where cores are busy a step of a small network waits
    for those: 60 ms, not 3 (measured). In pieces nothing waits, and long thin matrices take a third of the time.
    """
    width = 2**18 // each
    if width < 32 or columns <= width:  # large enough for threads to pay, or small enough as it is
        return 1
    pieces = next(n for n in range(-(-columns // width), columns + 1) if columns % n == 0)
    return pieces if columns // pieces >= 16 else 1


def _cut(x: Any, pieces: int) -> Any:
    """(groups, m, columns) as (groups, pieces, m, columns/pieces)."""
    return x.reshape(*x.shape[:2], pieces, -1).transpose(0, 2, 1, 3)


def _product(x: Any, y: Any) -> Any:
    """(groups, m, k) @ (groups, k, columns)."""
    pieces = _pieces(x.shape[1] * x.shape[2], y.shape[2])
    if pieces == 1:
        return np.matmul(x, y)
    out = np.empty((*x.shape[:2], y.shape[2]), np.result_type(x, y))
    np.matmul(x[:, None], _cut(y, pieces), out=_cut(out, pieces))
    return out


def _conv_forward(x: Any, w: Any, b: Any = None, *, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any,
                  cache: dict[str, Any]) -> Any:
    size = _places(shapes, stride, dilation, sides)
    columns = cache["columns"] = _columns(x, w.shape[2:], size, stride, dilation, sides, groups)
    out = _product(w.reshape(groups, w.shape[0] // groups, -1), columns).reshape(w.shape[0], *size, len(x))
    if b is not None:
        out = np.add(out, b[:, None, None, None], out=out if b.dtype == out.dtype else None)
    return batch_first(out)


def _conv_input_forward(g: Any, w: Any, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any, cache: Any) -> Any:
    (n, c, high, wide), (o, _, kh, kw) = shapes
    size = g.shape[2:]
    (top, bottom), (left, right) = sides
    filters = w.reshape(groups, o // groups, -1).transpose(0, 2, 1)
    patches = _product(filters, channels_first(g).reshape(groups, o // groups, -1)).reshape(c, kh * kw, *size, n)
    out = batch_first(np.zeros((c, top + high + bottom, left + wide + right, n), patches.dtype))
    for k, place in enumerate(window_slices((kh, kw), stride, dilation, size)):
        out[place] += batch_first(patches[:, k])
    return out[:, :, top:top + high, left:left + wide]


def _conv_weight_forward(x: Any, g: Any, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any,
                         cache: dict[str, Any]) -> Any:
    (o, _, *kernel) = shapes[1]
    columns = cache.get("columns")
    if columns is None:
        columns = _columns(x, kernel, g.shape[2:], stride, dilation, sides, groups)
    rows = channels_first(g).reshape(groups, o // groups, -1)
    pieces = _pieces(rows.shape[1] * columns.shape[1], rows.shape[2])
    if pieces == 1:
        return np.matmul(rows, columns.transpose(0, 2, 1)).reshape(shapes[1])
    return np.add.reduce(np.matmul(_cut(rows, pieces), _cut(columns, pieces).transpose(0, 1, 3, 2)), 1).reshape(shapes[1])


def _fresh(o: dict[str, Any]) -> dict[str, Any]:
    return {**o, "cache": {}}


# three operations, each bilinear, and each the transpose of the others with respect to one operand
_conv2d = ArrayOperation("conv2d", "∗", _conv_forward,
              lambda g, out, x, w, *b, **o: _conv_input(g, w, **_fresh(o)),
              lambda g, out, x, w, *b, **o: _conv_weight(x, g, **(o if isinstance(x, np.ndarray) else _fresh(o))),
              lambda g, out, x, w, b, **o: sum(g, (0, 2, 3)),
              pushforward=lambda out, xs, ts, o: _conv_pushforward(_conv2d, xs, ts, o), shown=("∗ᵀ w", "x ∗", "Σ"))
_conv_input = ArrayOperation("conv2d_input", "∗ᵀ", _conv_input_forward,
                  lambda g, out, y, w, **o: _conv2d(g, w, **_fresh(o)), lambda g, out, y, w, **o: _conv_weight(g, y, **_fresh(o)),
                  pushforward=lambda out, xs, ts, o: _conv_pushforward(_conv_input, xs, ts, o))
_conv_weight = ArrayOperation("conv2d_weight", "∗", _conv_weight_forward,
                   lambda g, out, x, y, **o: _conv_input(y, g, **_fresh(o)), lambda g, out, x, y, **o: _conv2d(x, g, **_fresh(o)),
                   pushforward=lambda out, xs, ts, o: _conv_pushforward(_conv_weight, xs, ts, o))


def _conv_pushforward(op: ArrayOperation, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    x, y = xs[:2]
    parts = [op(*pair, **_fresh(o)) for pair, t in (((ts[0], y), ts[0]), ((x, ts[1]), ts[1])) if t is not None]
    parts += [reshape(t, (1, -1, 1, 1)) for t in ts[2:] if t is not None]
    return reduce(add, parts)


def conv2d(input: Any, weight: Any, bias: Any = None, stride: Pair = 1, padding: Pair | str = 0, dilation: Pair = 1,
           groups: int = 1) -> Any:
    """Cross-correlation of images (N, C, H, W) with filters (O, C/groups, KH, KW), plus a bias (O,).

    The result is (N, O, OH, OW) with OH = (H − F + 2·padding)/stride + 1, where F = dilation·(KH − 1) + 1. ``padding`` is
    a number of zeros on each side, or "valid", or "same" (stride 1). Raises ValueError where shapes do not fit, and
    where OH or OW is no whole number (PyTorch leaves the last rows out and says nothing).

    >>> conv2d(Tensor(np.ones((1, 3, 32, 32))), Tensor(np.ones((6, 3, 5, 5)))).shape  # (32 − 5) / 1 + 1 = 28
    (1, 6, 28, 28)
    """
    return _convolved("conv2d", input, weight, bias, as_pair(stride), padding, as_pair(dilation), groups)


def _convolved(name: str, x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    x, w = (as_operand(a) for a in (x, w))
    if len(x.shape) != 4 or len(w.shape) != 4 or x.shape[1] != w.shape[1] * groups or w.shape[0] % groups:
        raise ValueError(f"{name}: images {tuple(x.shape)} and filters {tuple(w.shape)} with groups={groups} do not fit; they must "
                         "be (N, C, H, W) and (O, C/groups, KH, KW), with O divisible by groups")
    if bias is not None and np.shape(plain_array(bias)) != (w.shape[0],):
        raise ValueError(f"{name}: the bias has shape {np.shape(plain_array(bias))}; it needs one entry per filter, "
                         f"({w.shape[0]},)")
    sides = _padding(name, padding, w.shape[2:], stride, dilation)
    try:
        for n, k, s, (a, b), d in zip(x.shape[2:], w.shape[2:], stride, sides, dilation):
            output_size(n + a - b, k, s, b, d)
    except ValueError as error:
        shapes = [tuple(a.shape) if name == "conv2d" else (*a.shape[:2], a.shape[3]) for a in (x, w)]
        raise ValueError(f"{name} of input {shapes[0]} with filters {shapes[1]}: {error}") from None
    operands = (x, w) if bias is None else (x, w, bias)
    return _conv2d(*operands, stride=stride, dilation=dilation, sides=sides, groups=groups,
                   shapes=(tuple(x.shape), tuple(w.shape)), cache={})


def _padding(name: str, padding: Any, kernel: Any, stride: Any, dilation: Any) -> list[tuple[int, int]]:
    if padding == "same":
        if tuple(stride) != (1,) * len(stride):
            raise ValueError(f"{name}: padding='same' needs stride 1, not {stride}")
        spans = [d * (k - 1) for k, d in zip(kernel, dilation)]
        return [(s // 2, s - s // 2) for s in spans]
    if padding == "valid":
        padding = 0
    if isinstance(padding, str):
        raise ValueError(f"{name}: padding={padding!r}; it is a number, 'same' or 'valid'")
    return [(p, p) for p in as_pair(padding)]


def conv1d(input: Any, weight: Any, bias: Any = None, stride: int = 1, padding: int | str = 0, dilation: int = 1,
           groups: int = 1) -> Any:
    """Cross-correlation of signals (N, C, L) with filters (O, C/groups, K), plus a bias (O,).

    >>> conv1d(Tensor([[[1.0, 2.0, 4.0]]]), Tensor([[[-1.0, 1.0]]])).tolist()  # differences
    [[[1.0, 2.0]]]
    """
    x, w = (as_operand(a) for a in (input, weight))
    if len(x.shape) != 3 or len(w.shape) != 3:
        raise ValueError(f"conv1d: signals {tuple(x.shape)} and filters {tuple(w.shape)}; they must be (N, C, L) "
                         "and (O, C/groups, K)")
    stride, dilation = (int(np.ravel(s)[0]) for s in (stride, dilation))
    side = padding if isinstance(padding, str) else (0, int(np.ravel(padding)[0]))
    out = _convolved("conv1d", expand_dims(x, 2), expand_dims(w, 2), bias, (1, stride), side, (1, dilation), groups)
    return reshape(out, (out.shape[0], out.shape[1], out.shape[3]))
