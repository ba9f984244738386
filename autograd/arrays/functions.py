"""NumPy's functions on tensors, duals and arrays: NumPy's names and arguments, made of the operations of ``table``."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Sequence
from functools import wraps
from math import prod as product
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import ops
from ..operation import holds_node
from ..ops import clip  # noqa: F401  (of arrays as of numbers)
from . import table
from .axes import all_axes, kept_shape, one_axis, plain_array, several_axes, shape_of

if TYPE_CHECKING:
    from typing import Literal

    from ..tensor import Tensor
    from ..typing import Array, ArrayLike, Axis, DTypeLike, Index, PlainArrayLike, Shape

# ── NumPy's names and arguments ──────────────────────────────────────────────────────────────────────────────────

_SAFE = float(np.finfo(np.float32).eps)  # distance from the smallest and largest numbers within which a product keeps its digits


def operand(x: Any) -> Any:
    """Lists of numbers as an array, and lists with nodes in them stacked; anything else as it is."""
    if hasattr(x, "__next__"):
        x = list(x)
    if isinstance(x, (list, tuple)):
        return stack_nodes(x) if holds_node(x) else np.asarray(x)
    return x


def real_operand(x: Any) -> Any:
    """As ``operand``, with integers as float64 for computed formulas."""
    x = operand(x)
    return x.astype(np.float64) if _has_integers(x) else x


def _wide(x: Any) -> Any:
    """As ``operand``, with small integers in the width in which NumPy multiplies and adds them."""
    x = operand(x)
    return x.astype(np.prod(np.empty(0, x.dtype)).dtype) if _has_integers(x) else x


def _has_integers(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "iub"


def stack_nodes(x: Sequence[ArrayLike]) -> Any:
    """Nested lists and tuples that hold nodes as one node, with the graphs of all."""
    return stack([stack_nodes(item) if isinstance(item, (list, tuple)) else item for item in x])


def _flag(keepdims: Any) -> bool:
    if keepdims not in (True, False):
        raise TypeError(f"keepdims must be True or False, not {keepdims!r:.40}")
    return bool(keepdims)


def _refuse(name: str, **options: Any) -> None:
    given = {key: value for key, value in options.items() if value is not None}
    if given:
        raise TypeError(f"{name} with {', '.join(given)}: not supported where a gradient is recorded; leave it out")


def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, out: None = None) -> Any:
    """The sum of entries over one axis, a tuple of axes, or all.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [4.0, 6.0]
    """
    _refuse("sum", out=out)
    a = operand(x)
    return table.sum(a if dtype is None else astype(a, dtype), axis=axis, keepdims=_flag(keepdims))


def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean over one axis, a tuple of axes, or all.

    >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [2.0, 3.0]
    """
    a = real_operand(x)
    shape = shape_of(a)
    return sum(a, axis, keepdims) / float(product(shape[i] for i in all_axes(axis, len(shape))))


def var(x: ArrayLike, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0) -> Any:
    """The variance over axes, by two passes; ``ddof=1`` divides by one less (Bessel's correction).

    >>> var(Tensor([1.0, 3.0])).tolist(), var(Tensor([1.0, 3.0]), ddof=1).tolist()
    (1.0, 2.0)
    """
    a = real_operand(x)
    shape = shape_of(a)
    freedom = product(shape[i] for i in all_axes(axis, len(shape))) - ddof
    centred = a - mean(a, axis, True)
    return sum(centred ** 2.0, axis, keepdims) / float(builtins.max(freedom, 0))


def std(x: ArrayLike, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0) -> Any:
    """The standard deviation over axes; where it is 0, so is its gradient.

    >>> std(Tensor([1.0, 5.0])).tolist()
    2.0
    """
    a = real_operand(x)
    variance, count = var(a, axis, keepdims, ddof=ddof), product(shape_of(a)[i] for i in all_axes(axis, len(shape_of(a))))
    return variance if count == 1 and ddof == 0 else _safe_root(variance)  # of one entry: 0, with all derivatives 0


def norm(x: ArrayLike, ord: float | Literal["fro"] | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The Euclidean norm over axes, all by default; of vectors along one axis, any other order p > 0, and ±inf, too.

    Where the norm is 0, so is its gradient. Raises ValueError for orders of matrices other than "fro".

    >>> norm(Tensor([3.0, 4.0])).tolist(), norm(Tensor([3.0, 4.0]), 1, axis=0).tolist()
    (5.0, 7.0)
    """
    a = real_operand(x)
    along = len(all_axes(axis, len(shape_of(a))))
    if ord is None and axis != () or (ord == 2 and along == 1) or (ord == "fro" and along == 2):
        return _safe_root(sum(a * a, axis, keepdims))
    if along != 1 or axis == () or ord is None or isinstance(ord, str) or ord != ord or -np.inf < ord <= 0:
        raise ValueError(f"norm of order {ord!r} over {along} axes of shape {tuple(shape_of(a))}: give one axis= and an order "
                         "above 0 or ±inf, or leave out the order for the Euclidean norm; autograd.linalg.norm takes every order")
    if np.isinf(ord):
        return (max if ord > 0 else min)(ops.abs(a), axis, keepdims)
    size = ops.abs(a)
    if ord < 1:  # the slope at an entry of 0 is infinite, and chosen to be 0
        size = where(plain_array(a) == 0, plain_array(size), size)
    return _safe_root(sum(size ** float(ord), axis, keepdims), 1.0 / float(ord))


def _safe_root(total: Any, power: float = 0.5) -> Any:
    positive = plain_array(total) != 0  # nan stays nan
    inside = where(positive, total, 1.0)
    # at 0 the root's slope is chosen to be 0; t^1.5 has the value and the slope 0 there too, and no second derivative, so
    # that a second derivative which the choice would make wrong (2 for norm(x)²) is nan
    return where(positive, ops.sqrt(inside) if power == 0.5 else inside**power, total**1.5)


def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest entry over axes; equal ones share the gradient equally.

    >>> max(Tensor([[1.0, 4.0], [3.0, 2.0]]), axis=0).tolist()
    [3.0, 4.0]
    """
    return table.max(operand(x), axis=axis, keepdims=_flag(keepdims))


def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest entry over axes; equal ones share the gradient equally.

    >>> min(Tensor([[1.0, 4.0], [3.0, 2.0]]), axis=0).tolist()
    [1.0, 2.0]
    """
    return table.min(operand(x), axis=axis, keepdims=_flag(keepdims))


def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over axes; by pairs where one is 0, tiny or huge, so that zeros are no exception at any order of derivative.

    >>> prod(Tensor([2.0, 3.0, 4.0])).tolist()
    24.0
    """
    a = _wide(x)
    shape = shape_of(a)
    axes = all_axes(axis, len(shape))
    if product(shape):
        out = table.prod(a, axis=axes, keepdims=_flag(keepdims))
        size = np.abs(plain_array(out))
        if size.dtype.kind != "f":
            return out
        tiny = np.finfo(size.dtype).tiny
        if size.min() > tiny / _SAFE and size.max() < _SAFE / tiny:
            return out
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    a = reshape(transpose(a, rest + axes), tuple(shape[i] for i in rest) + (product(shape[i] for i in axes),))
    while a.shape[-1] > 1:
        half = a.shape[-1] // 2
        pairs = a[..., :half] * a[..., half:2 * half]
        a = concatenate([pairs, a[..., 2 * half:]], -1) if a.shape[-1] % 2 else pairs
    a = sum(a, -1) if a.shape[-1] else sum(a, -1) + 1.0
    return reshape(a, kept_shape(shape, axes)) if _flag(keepdims) else a


def cumsum(x: ArrayLike, axis: int | None = None) -> Any:
    """The running sum along an axis; of all entries in order without one.

    >>> cumsum(Tensor([1.0, 2.0, 3.0])).tolist()
    [1.0, 3.0, 6.0]
    """
    a = operand(x)
    return table.cumsum(reshape(a, -1), axis=0) if axis is None else table.cumsum(a, axis=axis)


def cumprod(x: ArrayLike, axis: int | None = None) -> Any:
    """The running product along an axis, of all entries in order without one; by doubling, so that zeros are no exception.

    >>> cumprod(Tensor([2.0, 3.0, 4.0])).tolist()
    [2.0, 6.0, 24.0]
    """
    a = _wide(x)
    if axis is None:
        a, axis = reshape(a, -1), 0
    axis = one_axis(axis, len(shape_of(a)))
    before = (slice(None),) * axis
    step = 1
    while step < shape_of(a)[axis]:
        a = concatenate([getitem(a, (*before, slice(None, step))),
                         getitem(a, (*before, slice(step, None))) * getitem(a, (*before, slice(None, -step)))], axis)
        step *= 2
    return a


def logsumexp(x: ArrayLike, axis: Axis = None, keepdims: bool = False, *, b: ArrayLike | None = None) -> Any:
    """log Σ b·exp over axes, shifted by the maximum so that nothing overflows; ``b`` is 1 by default.

    >>> logsumexp(Tensor([1000.0, 0.0])).tolist(), round(logsumexp(Tensor([0.0, 5.0]), b=[3.0, 0.0]).item(), 4)  # log 3
    (1000.0, 1.0986)
    """
    a = real_operand(x)
    if b is None:
        return table.logsumexp(a, axis=axis, keepdims=_flag(keepdims))
    a, b = broadcast_arrays(a, real_operand(b))
    counts = plain_array(b) != 0
    top = np.max(plain_array(a), axis=None if axis is None else all_axes(axis, len(shape_of(a))), keepdims=True,
                 initial=-np.inf, where=counts)
    top = np.where(np.isfinite(top), top, 0).astype(top.dtype)
    total = ops.log(sum(b * ops.exp(where(counts, a, top) - top), axis, True)) + top
    return total if _flag(keepdims) else squeeze(total, all_axes(axis, len(shape_of(a))))


def softmax(x: ArrayLike, axis: Axis = -1) -> Any:
    """exp(x) scaled to sum to 1 along an axis.

    >>> softmax(Tensor([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    return table.softmax(real_operand(x), axis=axis)


def log_softmax(x: ArrayLike, axis: Axis = -1) -> Any:
    """log of softmax, without forming it.

    >>> log_softmax(Tensor([1000.0, 0.0])).tolist()
    [0.0, -1000.0]
    """
    return table.log_softmax(real_operand(x), axis=axis)


def matmul(x: ArrayLike, y: ArrayLike) -> Any:
    """The matrix product ``x @ y``, for vectors, matrices and stacks of matrices that broadcast.

    >>> matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[0.0, 1.0], [1.0, 0.0]])).tolist()
    [[2.0, 1.0], [4.0, 3.0]]
    """
    return table.matmul(operand(x), operand(y))


def dot(x: ArrayLike, y: ArrayLike) -> Any:
    """NumPy's dot: inner product of vectors, matrix product, and over the last axis of x and the second last of y.

    >>> dot(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).tolist()
    11.0
    """
    a, b = operand(x), operand(y)
    nx, ny = len(shape_of(a)), len(shape_of(b))
    if not nx or not ny:
        return a * b
    return matmul(a, b) if nx <= 2 and ny <= 2 else tensordot(a, b, ((nx - 1,), (builtins.max(ny - 2, 0),)))


def inner(x: ArrayLike, y: ArrayLike) -> Any:
    """The sum of products over the last axes.

    >>> inner(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 10.0])).tolist()
    [21.0, 43.0]
    """
    a, b = operand(x), operand(y)
    if not shape_of(a) or not shape_of(b):
        return a * b
    return tensordot(a, b, ((len(shape_of(a)) - 1,), (len(shape_of(b)) - 1,)))


def outer(x: ArrayLike, y: ArrayLike) -> Any:
    """All products of an entry of ``x`` with one of ``y``, as a matrix.

    >>> outer(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    return reshape(operand(x), (-1, 1)) * reshape(operand(y), (1, -1))


def vdot(x: ArrayLike, y: ArrayLike) -> Any:
    """The sum of products of all entries in order.

    >>> vdot(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[1.0, 0.0], [0.0, 1.0]])).tolist()
    5.0
    """
    return dot(reshape(operand(x), -1), reshape(operand(y), -1))


def cross(x: ArrayLike, y: ArrayLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The vector product of vectors of three entries along an axis.

    >>> cross(Tensor([1.0, 0.0, 0.0]), Tensor([0.0, 1.0, 0.0])).tolist()
    [0.0, 0.0, 1.0]
    """
    places = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = (moveaxis(operand(z), place, -1) for z, place in zip((x, y), places))
    if shape_of(a)[-1:] != (3,) or shape_of(b)[-1:] != (3,):
        raise ValueError(f"cross of shapes {tuple(shape_of(operand(x)))} and {tuple(shape_of(operand(y)))}: it is of vectors of "
                         "three entries; give those of two a third one, 0")
    turn, back = [1, 2, 0], [2, 0, 1]
    return moveaxis(a[..., turn] * b[..., back] - a[..., back] * b[..., turn], -1, places[2])


def kron(x: ArrayLike, y: ArrayLike) -> Any:
    """The Kronecker product: ``y`` scaled by every entry of ``x``, in blocks.

    >>> kron(Tensor([1.0, 10.0]), Tensor([1.0, 2.0])).tolist()
    [1.0, 2.0, 10.0, 20.0]
    """
    a, b = operand(x), operand(y)
    ndim = builtins.max(len(shape_of(a)), len(shape_of(b)))
    outside, inside = ((1,) * (ndim - len(shape_of(z))) + tuple(shape_of(z)) for z in (a, b))
    blocks = reshape(a, tuple(m for n in outside for m in (n, 1))) * reshape(b, tuple(m for n in inside for m in (1, n)))
    return reshape(blocks, tuple(m * n for m, n in zip(outside, inside)))


def tensordot(x: ArrayLike, y: ArrayLike, axes: int | Sequence[Shape] = 2) -> Any:
    """The sum of products over given axes of both.

    >>> tensordot(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 10.0]), axes=1).tolist()
    [21.0, 43.0]
    """
    a, b = operand(x), operand(y)
    nx, ny = len(shape_of(a)), len(shape_of(b))
    if isinstance(axes, int):
        axes = (tuple(range(nx - axes, nx)), tuple(range(axes)))
    left, right = (several_axes(along, n) for along, n in zip(axes, (nx, ny), strict=True))
    sizes = [shape_of(a)[i] for i in left], [shape_of(b)[i] for i in right]
    if sizes[0] != sizes[1]:
        raise ValueError(f"tensordot of shapes {tuple(shape_of(a))} and {tuple(shape_of(b))}: the axes to sum over "
                         f"have lengths {sizes[0]} and {sizes[1]}, which must be equal")
    names = [chr(97 + i) for i in range(nx + ny)]
    spec_y = [names[left[right.index(i)]] if i in right else names[nx + i] for i in range(ny)]
    result = [names[i] for i in range(nx) if i not in left] + [spec_y[i] for i in range(ny) if i not in right]
    return einsum(f"{''.join(names[:nx])},{''.join(spec_y)}->{''.join(result)}", a, b)


def einsum(spec: str, *xs: ArrayLike, optimize: object = None) -> Any:
    """Einstein's summation, with NumPy's notation; ``...`` and repeated letters included, ``optimize`` without effect.

    Lists of integers after each operand, and one for the result, stand for the letters, as in NumPy.

    >>> einsum("ij,j->i", Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 1.0])).tolist()
    [3.0, 7.0]
    """
    if not isinstance(spec, str):
        spec, *xs = _with_letters(spec, *xs)
    xs = tuple(operand(x) for x in xs)
    spec = _explicit(spec, [len(shape_of(x)) for x in xs])
    for term, x in zip(spec.split(","), xs):  # NumPy takes 'ii->i' of shape (0, 3) for three numbers, whatever memory holds
        lengths = dict(zip(term, shape_of(x)))
        if tuple(lengths[c] for c in term[:len(shape_of(x))]) != shape_of(x):
            raise ValueError(f"einsum({spec!r}): a letter stands for axes of different length in an operand of shape {shape_of(x)}")
    return table.einsum(*xs, spec=spec)


def _with_letters(*given: Any) -> list[Any]:
    """The notation as letters, and the operands, from operands that each have a list of integers behind them."""
    places = [*given[1::2], *(given[-1:] if len(given) % 2 else ())]
    if len(given) < 2 or not builtins.all(isinstance(p, (list, tuple, range)) for p in places):
        raise TypeError("einsum: the notation comes first, as a string like 'ij,jk->ik', or a list of integers follows each "
                        f"operand; got {', '.join(map(_shown, given))}")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    terms = ["".join("..." if i is ... else letters[index(i)] for i in p) for p in places]
    count = len(given) // 2
    return [",".join(terms[:count]) + "".join(f"->{term}" for term in terms[count:]), *given[:2 * count:2]]


def _explicit(spec: str, ndims: list[int]) -> str:
    """The notation with the result spelled out and letters for every axis under ``...``."""
    spec = spec.replace(" ", "")
    terms, arrow, result = spec.partition("->")
    inputs = terms.split(",")
    if len(inputs) != len(ndims):
        raise ValueError(f"einsum({spec!r}) names {len(inputs)} operands; got {len(ndims)}")
    free = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in spec]
    longest = builtins.max((n - len(t.replace("...", "")) for t, n in zip(inputs, ndims) if "..." in t), default=0)
    dots = "".join(reversed(free[:longest]))
    full = []
    for term, n in zip(inputs, ndims):
        here = n - len(term.replace("...", ""))
        full.append(term.replace("...", dots[longest - here:] if here else ""))
    if not arrow:
        letters = "".join(t.replace("...", "") for t in inputs)
        result = ("..." if "..." in terms else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    return f"{','.join(full)}->{result.replace('...', dots)}"


def reshape(x: ArrayLike, shape: Shape) -> Any:
    """The same entries in another shape; one length may be −1.

    >>> reshape(Tensor([1.0, 2.0, 3.0, 4.0]), (2, -1)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return table.reshape(operand(x), shape=shape if isinstance(shape, int) else tuple(shape))


def transpose(x: ArrayLike, axes: Shape | None = None) -> Any:
    """The axes in another order, reversed by default.

    >>> transpose(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    return table.transpose(operand(x), axes=None if axes is None else _places(axes))


def _places(axes: Any) -> tuple[int, ...]:
    return tuple(axes) if np.ndim(axes) else (index(axes),)


def swapaxes(x: ArrayLike, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    >>> swapaxes(Tensor([[1.0, 2.0, 3.0]]), 0, 1).tolist()
    [[1.0], [2.0], [3.0]]
    """
    a = operand(x)
    axes = list(range(len(shape_of(a))))
    i, j = one_axis(axis1, len(axes)), one_axis(axis2, len(axes))
    axes[i], axes[j] = axes[j], axes[i]
    return transpose(a, axes)


def moveaxis(x: ArrayLike, source: Shape, destination: Shape) -> Any:
    """Axes moved to other places, the rest in order.

    >>> moveaxis(Tensor(np.zeros((2, 3, 4))), 0, -1).shape
    (3, 4, 2)
    """
    a = operand(x)
    n = len(shape_of(a))
    source, destination = several_axes(source, n), several_axes(destination, n)
    if len(source) != len(destination):
        raise ValueError(f"moveaxis: {len(source)} axes to {len(destination)} positions; give one position for each axis")
    axes = [i for i in range(n) if i not in source]
    for to, frm in sorted(zip(destination, source)):
        axes.insert(to, frm)
    return transpose(a, axes)


def rollaxis(x: ArrayLike, axis: int, start: int = 0) -> Any:
    """An axis moved to where it lies before axis ``start``; ``moveaxis`` says it more plainly.

    >>> rollaxis(Tensor(np.zeros((2, 3, 4))), 2).shape
    (4, 2, 3)
    """
    n = len(shape_of(operand(x)))
    axis, start = one_axis(axis, n), start + n if start < 0 else start
    return moveaxis(x, axis, start - (axis < start))


def broadcast_to(x: ArrayLike, shape: Shape) -> Any:
    """The entries repeated to a larger shape by NumPy's rules.

    >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    return table.broadcast_to(operand(x), shape=(shape,) if isinstance(shape, int) else tuple(shape))


def expand_dims(x: ArrayLike, axis: Axis) -> Any:
    """New axes of length 1 at the given places of the result.

    >>> expand_dims(Tensor([1.0, 2.0]), 1).tolist()
    [[1.0], [2.0]]
    """
    a = operand(x)
    axes = several_axes(axis, len(shape_of(a)) + (len(axis) if isinstance(axis, (tuple, list)) else 1))
    lengths = iter(shape_of(a))
    return reshape(a, tuple(1 if i in axes else next(lengths) for i in range(len(shape_of(a)) + len(axes))))


def squeeze(x: ArrayLike, axis: Axis = None) -> Any:
    """Without the axes of length 1, all of them or those given.

    >>> squeeze(Tensor([[1.0], [2.0]])).tolist()
    [1.0, 2.0]
    """
    a = operand(x)
    shape = shape_of(a)
    axes = tuple(i for i, n in enumerate(shape) if n == 1) if axis is None else all_axes(axis, len(shape))
    if builtins.any(shape[i] != 1 for i in axes):
        raise ValueError(f"squeeze: axis {axis} of shape {shape} is not of length 1; leave it out, or use reshape")
    return reshape(a, tuple(n for i, n in enumerate(shape) if i not in axes))


def atleast_1d(*xs: ArrayLike) -> Any:
    """Arrays of shape () as vectors, others as they are; a tuple where several are given.

    >>> atleast_1d(Tensor(3.0)).tolist()
    [3.0]
    """
    return _atleast(lambda shape: shape or (1,), xs)


def atleast_2d(*xs: ArrayLike) -> Any:
    """Vectors as matrices of one row, others of two axes or more as they are.

    >>> atleast_2d(Tensor([1.0, 2.0])).tolist()
    [[1.0, 2.0]]
    """
    return _atleast(lambda shape: (1,) * (2 - len(shape)) + shape, xs)


def atleast_3d(*xs: ArrayLike) -> Any:
    """Matrices with a new last axis, vectors with one on each side.

    >>> atleast_3d(Tensor([1.0, 2.0])).tolist()
    [[[1.0], [2.0]]]
    """
    return _atleast(lambda shape: ((1, *shape, 1) if len(shape) == 1 else shape + (1,) * (3 - len(shape))), xs)


def _atleast(shaped: Callable[[tuple[int, ...]], tuple[int, ...]], xs: Any) -> Any:
    parts = tuple(x if (shape := shaped(tuple(shape_of(x)))) == tuple(shape_of(x)) else reshape(x, shape) for x in map(operand, xs))
    return parts[0] if len(parts) == 1 else parts


def broadcast_arrays(*xs: ArrayLike) -> tuple[Any, ...]:
    """All arrays in the shape that they broadcast to together.

    >>> [x.tolist() for x in broadcast_arrays(Tensor([1.0, 2.0]), Tensor(3.0))]
    [[1.0, 2.0], [3.0, 3.0]]
    """
    parts = [operand(x) for x in xs]
    shape = np.broadcast_shapes(*map(shape_of, parts))
    return tuple(broadcast_to(x, shape) for x in parts)


def matrix_transpose(x: ArrayLike) -> Any:
    """The last two axes exchanged.

    >>> matrix_transpose(Tensor([[[1.0, 2.0], [3.0, 4.0]]])).tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    """
    return swapaxes(x, -1, -2)


def flip(x: ArrayLike, axis: Axis = None) -> Any:
    """The order of entries reversed along axes, all by default.

    >>> flip(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[4.0, 3.0], [2.0, 1.0]]
    """
    return table.flip(operand(x), axis=axis)


def flipud(x: ArrayLike) -> Any:
    """The order of rows reversed.

    >>> flipud(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    return flip(x, 0)


def fliplr(x: ArrayLike) -> Any:
    """The order of columns reversed.

    >>> fliplr(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 1.0], [4.0, 3.0]]
    """
    return flip(x, 1)


def rot90(x: ArrayLike, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """The plane of two axes turned k times by 90°, from the first axis to the second.

    >>> rot90(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """
    a = operand(x)
    start, end = several_axes(axes, len(shape_of(a)))
    if k % 4 == 0:
        return ops.identity(a)
    if k % 4 == 2:
        return flip(a, (start, end))
    return swapaxes(flip(a, end), start, end) if k % 4 == 1 else flip(swapaxes(a, start, end), end)


_PAD_MODES = ("constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "minimum", "mean", "median", "empty")
_PAD_OPTIONS = {"constant": "constant_values", "linear_ramp": "end_values",
                **dict.fromkeys(("maximum", "minimum", "mean", "median"), "stat_length")}


def pad(x: ArrayLike, pad_width: Shape | Sequence[Sequence[int]] | Array, mode: str = "constant", *,
        constant_values: Any = (), end_values: Any = (), stat_length: Any = (),
        reflect_type: str = "even") -> Any:
    """Entries added before and after along each axis: constant ones (0 by default), or as ``mode`` and the options say in NumPy.

    >>> pad(Tensor([1.0, 2.0]), (1, 2)).tolist(), pad(Tensor([1.0, 2.0]), 1, "edge").tolist()
    ([0.0, 1.0, 2.0, 0.0, 0.0], [1.0, 1.0, 2.0, 2.0])
    """
    a = operand(x)
    width = tuple((index(before), index(after)) for before, after in np.broadcast_to(pad_width, (len(shape_of(a)), 2)))
    if mode not in _PAD_MODES or reflect_type not in ("even", "odd"):
        raise ValueError(f"pad with mode={mode!r}, reflect_type={reflect_type!r}: give 'even' or 'odd', and a mode of "
                         f"{', '.join(map(repr, _PAD_MODES))}")
    if np.min(pad_width, initial=0) < 0:
        raise ValueError(f"pad by {pad_width!r:.60}: a width is 0 or more; leave entries out by indexing")
    options = {"constant_values": constant_values, "end_values": end_values, "stat_length": stat_length}
    taken = _PAD_OPTIONS.get(mode, "")
    given: dict[str, Any] = {name: value for name, value in options.items() if not isinstance(value, tuple) or value}
    if others := sorted(given.keys() - {taken}):
        raise ValueError(f"pad with mode={mode!r} takes no {', '.join(others)}; leave it out" + f", or give {taken}" * bool(taken))
    constant, end = given.get("constant_values", 0.0), given.get("end_values", 0.0)
    if mode == "constant" and np.ndim(constant) == 0:
        padded = table.pad(a, width=width)
        return padded if constant == 0 else where(np.pad(np.ones(shape_of(a), bool), width), padded, float(constant))
    pairs = {name: np.broadcast_to(np.array(value, kind), (len(width), 2)) for name, value, kind in (
        ("constant_values", constant, float), ("end_values", end, float), ("stat_length", given.get("stat_length"), object))}
    for axis, sides in enumerate(width):
        if builtins.any(sides):
            a = _pad_axis(a, axis, sides, mode, {name: pair[axis] for name, pair in pairs.items()}, reflect_type)
    return a


def _pad_axis(a: Any, axis: int, sides: tuple[int, int], mode: str, pairs: dict[str, Any], reflect_type: str) -> Any:
    """One axis padded, the others as they are."""
    shape, before = shape_of(a), (slice(None),) * axis
    n, statistic = shape[axis], {"maximum": max, "minimum": min, "mean": mean, "median": median}.get(mode)
    if statistic:
        lengths = [n if length is None else builtins.min(index(length), n) for length in pairs["stat_length"]]
        ends = [statistic(getitem(a, (*before, part)), axis, True) for part in (slice(lengths[0]), slice(n - lengths[1], n))]
        parts = [broadcast_to(end, (*shape[:axis], count, *shape[axis + 1:])) for end, count in zip(ends, sides)]
        return concatenate([parts[0], a, parts[1]], axis)
    if mode in ("edge", "wrap", "symmetric", "reflect") and reflect_type == "even":
        return take(a, np.pad(np.arange(n), sides, mode), axis)  # type: ignore[call-overload]
    # what is left is linear in the entries along the axis, plus what is added to zeros
    options = {name: tuple(pairs[name]) for name in {"constant": ["constant_values"], "linear_ramp": ["end_values"]}.get(mode, [])}
    mirrored = {"reflect_type": reflect_type} if mode in ("symmetric", "reflect") else {}
    linear = np.pad(np.eye(n), (sides, (0, 0)), "constant" if mode == "empty" else mode, **mirrored)  # type: ignore[call-overload]
    offset = np.pad(np.zeros(n), sides, mode, **options) if options else 0.0  # type: ignore[call-overload]
    dtype = getattr(a, "dtype", float)
    return moveaxis(tensordot(a, linear.T.astype(dtype), ((axis,), (0,))) + np.asarray(offset, dtype), -1, axis)


def concatenate(xs: Sequence[ArrayLike], axis: int | None = 0) -> Any:
    """Arrays joined along an existing axis; flattened first where the axis is None.

    >>> concatenate([Tensor([1.0, 2.0]), Tensor([3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """
    return table.concatenate(*_sequence("concatenate", xs), axis=axis)


def stack(xs: Sequence[ArrayLike], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return table.stack(*_sequence("stack", xs), axis=index(axis))


def _sequence(name: str, xs: Any) -> list[Any]:
    parts = [operand(x) for x in xs]
    if not parts:
        raise ValueError(f"{name} of an empty list: give at least one array")
    return parts


def vstack(xs: Sequence[ArrayLike]) -> Any:
    """Arrays on top of each other; vectors become rows.

    >>> vstack([Tensor([1.0, 2.0]), Tensor([[3.0, 4.0]])]).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return concatenate([x if len(shape_of(x)) > 1 else reshape(x, (1, -1)) for x in _sequence("vstack", xs)])


def append(x: ArrayLike, values: ArrayLike, axis: int | None = None) -> Any:
    """``values`` after ``x`` along an axis; both flattened first without one.

    >>> append(Tensor([[1.0, 2.0], [3.0, 4.0]]), [5.0]).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0]
    """
    return concatenate([x, values], axis)


def dstack(xs: Sequence[ArrayLike]) -> Any:
    """Arrays behind each other, along the third axis.

    >>> dstack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    """
    return concatenate([atleast_3d(atleast_2d(x)) for x in _sequence("dstack", xs)], 2)


def column_stack(xs: Sequence[ArrayLike]) -> Any:
    """Vectors as the columns of a matrix, and matrices side by side.

    >>> column_stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    return concatenate([x if len(shape_of(x)) > 1 else reshape(x, (-1, 1)) for x in _sequence("column_stack", xs)], 1)


def hstack(xs: Sequence[ArrayLike]) -> Any:
    """Arrays side by side.

    >>> hstack([Tensor([[1.0], [2.0]]), Tensor([[3.0], [4.0]])]).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    parts = [x if len(shape_of(x)) else reshape(x, (1,)) for x in _sequence("hstack", xs)]
    return concatenate(parts, 0 if len(shape_of(parts[0])) == 1 else 1)


def split(x: ArrayLike, sections: Shape | Array, axis: int = 0) -> list[Any]:
    """A list of pieces along an axis: a number of equal ones, or cut before the given places.

    >>> [x.tolist() for x in split(Tensor([1.0, 2.0, 3.0, 4.0]), 2)]
    [[1.0, 2.0], [3.0, 4.0]]
    """
    a = operand(x)
    shape = shape_of(a)
    axis = one_axis(axis, len(shape))
    count = _count("split", sections)
    if count and shape[axis] % count:
        raise ValueError(f"split: axis {axis} of length {shape[axis]} does not divide into {sections} equal parts; give "
                         "the indices to cut at, or use array_split")
    return _cut_at(a, [shape[axis] // count * i for i in range(1, count)] if count else sections, axis)


def array_split(x: ArrayLike, sections: Shape | Array, axis: int = 0) -> list[Any]:
    """A list of pieces as by ``split``, with lengths that may differ by one.

    >>> [x.tolist() for x in array_split(Tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    a = operand(x)
    axis = one_axis(axis, len(shape_of(a)))
    count = _count("array_split", sections)
    if not count:
        return _cut_at(a, sections, axis)
    each, more = divmod(shape_of(a)[axis], count)
    return _cut_at(a, np.cumsum([each + (i < more) for i in range(count - 1)]), axis)


def vsplit(x: ArrayLike, sections: Shape | Array) -> list[Any]:
    """The pieces of ``split`` along the first axis.

    >>> [x.tolist() for x in vsplit(Tensor([[1.0], [2.0]]), 2)]
    [[[1.0]], [[2.0]]]
    """
    return split(x, sections, 0)


def hsplit(x: ArrayLike, sections: Shape | Array) -> list[Any]:
    """The pieces of ``split`` along the second axis; of a vector along its only one.

    >>> [x.tolist() for x in hsplit(Tensor([[1.0, 2.0]]), 2)]
    [[[1.0]], [[2.0]]]
    """
    return split(x, sections, 1 if len(shape_of(operand(x))) > 1 else 0)


def dsplit(x: ArrayLike, sections: Shape | Array) -> list[Any]:
    """The pieces of ``split`` along the third axis.

    >>> [x.tolist() for x in dsplit(Tensor([[[1.0, 2.0]]]), 2)]
    [[[[1.0]]], [[[2.0]]]]
    """
    return split(x, sections, 2)


def _count(name: str, sections: Any) -> int:
    """The requested number of pieces; 0 where indices to cut at are given."""
    if np.ndim(sections):
        return 0
    if index(sections) < 1:
        raise ValueError(f"{name} into {sections} parts: give 1 or more, or the indices to cut at")
    return index(sections)


def _cut_at(x: Any, places: Any, axis: int) -> list[Any]:
    places = [index(i) for i in places]
    return [getitem(x, (slice(None),) * axis + (slice(a, b),)) for a, b in zip([0, *places], [*places, None])]


def getitem(x: ArrayLike, index: Index | tuple[Index, ...]) -> Any:
    """``x[index]``: basic, fancy, boolean, None and ``...`` indexing; repeated indices accumulate gradients."""
    return table.getitem(operand(x), index=_plain_index(index))


def _plain_index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(_plain_index(part) for part in index)
    if isinstance(index, (int, slice, type(None), type(...))) or hasattr(index, "__index__") and not hasattr(index, "shape"):
        return index
    index = plain_array(index) if not isinstance(index, list) else np.asarray(index)
    if index.size == 0 and index.dtype.kind == "f":
        index = index.astype(int)
    if index.dtype.kind not in "iub":
        raise IndexError(f"an index must be integers or a mask, not {index.dtype}: {index!r:.60}")
    return index.copy() if index.ndim else index[()]


def take(x: ArrayLike, indices: PlainArrayLike | Tensor, axis: int | None = None) -> Any:
    """Entries at ``indices`` along an axis, of all entries in order without one.

    >>> take(Tensor([1.0, 2.0, 3.0]), [2, 0, 0]).tolist()
    [3.0, 1.0, 1.0]
    """
    a = operand(x)
    at = np.asarray(plain_array(indices))
    at = _plain_index(at.astype(int) if at.dtype == bool else at)  # integers here, as in NumPy, not a mask
    if axis is None:
        return getitem(reshape(a, -1), at)
    return getitem(a, (slice(None),) * one_axis(axis, len(shape_of(a))) + (at,))


def take_along_axis(x: ArrayLike, indices: PlainArrayLike | Tensor, axis: int) -> Any:
    """Entries picked along an axis, with indices of its own at every other place.

    >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), axis=1).tolist()
    [[2.0], [3.0]]
    """
    a, at = operand(x), plain_array(indices)
    axis = one_axis(axis, len(shape_of(a)))
    _check_indices("take_along_axis", shape_of(a), at)
    grid = np.ogrid[tuple(slice(n) for n in shape_of(a))]
    return getitem(a, tuple(at if i == axis else g for i, g in enumerate(grid)))


def _check_indices(name: str, shape: tuple[int, ...], at: Array) -> None:
    if at.ndim != len(shape) or at.dtype.kind not in "iu":
        raise IndexError(f"{name}: an array of shape {tuple(shape)} and indices of shape {at.shape}, {at.dtype}; give integers for "
                         "every axis")


def grid_index(name: str, shape: tuple[int, ...], axis: int, indices: PlainArrayLike | Tensor) -> tuple[Array, ...]:
    """The index of the entries at ``indices`` along an axis, and at the indices' own places along the others, as in PyTorch."""
    at = plain_array(indices)
    axis = one_axis(axis, len(shape))
    _check_indices(name, shape, at)
    if builtins.any(n > limit for i, (n, limit) in enumerate(zip(at.shape, shape)) if i != axis):
        raise IndexError(f"{name}: indices of shape {at.shape} are larger than shape {tuple(shape)} beside axis {axis}")
    return tuple(at if i == axis else g for i, g in enumerate(np.ogrid[tuple(slice(n) for n in at.shape)]))


def repeat(x: ArrayLike, repeats: Shape | Array, axis: int | None = None) -> Any:
    """Each entry repeated along an axis, of all entries in order without one.

    >>> repeat(Tensor([1.0, 2.0]), 2).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    a = operand(x)
    if axis is None:
        a, axis = reshape(a, -1), 0
    shape, axis = shape_of(a), one_axis(axis, len(shape_of(a)))
    if isinstance(repeats, (int, np.integer)) and repeats > 0:
        beside = broadcast_to(expand_dims(a, axis + 1), (*shape[:axis + 1], int(repeats), *shape[axis + 1:]))
        return reshape(beside, (*shape[:axis], shape[axis] * int(repeats), *shape[axis + 1:]))
    return take(a, np.repeat(np.arange(shape[axis]), repeats), axis)


def tile(x: ArrayLike, reps: Shape) -> Any:
    """The whole array repeated along each axis.

    >>> tile(Tensor([1.0, 2.0]), 2).tolist()
    [1.0, 2.0, 1.0, 2.0]
    """
    a = operand(x)
    reps = tuple(np.atleast_1d(reps).tolist())
    shape = (1,) * (len(reps) - len(shape_of(a))) + tuple(shape_of(a))
    reps = (1,) * (len(shape) - len(reps)) + reps
    doubled = broadcast_to(reshape(a, tuple(m for n in shape for m in (1, n))),
                           tuple(m for r, n in zip(reps, shape) for m in (r, n)))
    return reshape(doubled, tuple(r * n for r, n in zip(reps, shape)))


def roll(x: ArrayLike, shift: int | tuple[int, ...], axis: Axis = None) -> Any:
    """Entries shifted along an axis, or several in turn; entries that leave at one end enter at the other.

    >>> roll(Tensor([1.0, 2.0, 3.0]), 1).tolist()
    [3.0, 1.0, 2.0]
    """
    a = operand(x)
    if axis is None:
        return reshape(roll(reshape(a, -1), shift, 0), shape_of(a))
    pairs = [(index(by), one_axis(index(along), len(shape_of(a)))) for by, along in np.broadcast(shift, axis)]
    shifts = tuple([by % builtins.max(shape_of(a)[along], 1) for by, along in pairs])  # also for shifts of more than 64 bits
    return table.roll(a, shift=shifts, axis=tuple([along for _, along in pairs]))


def sort(x: ArrayLike, axis: int | None = -1) -> Any:
    """Entries in ascending order along an axis; gradients go back to where the entries came from.

    >>> sort(Tensor([3.0, 1.0, 2.0])).tolist()
    [1.0, 2.0, 3.0]
    """
    a = operand(x)
    if axis is None:
        a, axis = reshape(a, -1), 0
    return take_along_axis(a, np.argsort(plain_array(a), axis=axis, kind="stable"), axis)


def partition(x: ArrayLike, kth: Shape, axis: int | None = -1) -> Any:
    """Entries in an order in which those at the places ``kth`` are where sorting puts them, smaller ones before them.

    >>> partition(Tensor([3.0, 1.0, 2.0]), 0).tolist()[0]
    1.0
    """
    a = operand(x)
    if axis is None:
        a, axis = reshape(a, -1), 0
    return take_along_axis(a, np.argpartition(plain_array(a), kth, axis), axis)


def median(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    """The middle entry over axes, or the mean of the two middle ones.

    >>> median(Tensor([4.0, 1.0, 2.0, 9.0])).tolist()
    3.0
    """
    a = real_operand(x)
    shape, axes = shape_of(a), all_axes(axis, len(shape_of(a)))
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    n = product(shape[i] for i in axes)
    ordered = sort(reshape(transpose(a, rest + axes), (*(shape[i] for i in rest), n)))
    middle = mean(ordered[..., (n - 1) // 2:n // 2 + 1], -1)
    holes = np.isnan(plain_array(ordered)[..., -1:]).any(-1) if n else False  # sorted to the end; a median of nan is nan
    middle = where(holes, np.nan, middle) if np.any(holes) else middle
    return reshape(middle, kept_shape(shape, axes)) if _flag(keepdims) else middle


def linspace(start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, *, dtype: DTypeLike | None = None,
             axis: int = 0, device: str | None = None) -> Any:
    """``num`` numbers in equal steps from ``start`` to ``stop``, both of which may be nodes, along a new axis.

    >>> linspace(Tensor(0.0), Tensor(1.0), 3).tolist()
    [0.0, 0.5, 1.0]
    """
    if device not in (None, "cpu"):
        raise ValueError(f"linspace: device={device!r}; arrays are NumPy's, so leave it out, or give 'cpu'")
    first, last = broadcast_arrays(real_operand(start), real_operand(stop))
    places = np.arange(index(num)).reshape(-1, *(1,) * len(shape_of(first))) / builtins.max(index(num) - bool(endpoint), 1)
    common = np.result_type(first.dtype, last.dtype)
    places = places.astype(common if common.kind == "f" else float)
    numbers = moveaxis(where(places < 0.5, first + (last - first) * places, last - (last - first) * (1 - places)), 0, axis)
    return numbers if dtype is None else astype(numbers, dtype)


def diff(x: ArrayLike, n: int = 1, axis: int = -1, prepend: ArrayLike | None = None, append: ArrayLike | None = None) -> Any:
    """Differences of neighbours along an axis, n times over, of the entries with others before and after them.

    >>> diff(Tensor([1.0, 4.0, 9.0])).tolist(), diff(Tensor([1.0, 4.0, 9.0]), n=2, prepend=0.0).tolist()
    ([3.0, 5.0], [2.0, 2.0])
    """
    a = operand(x)
    axis = one_axis(axis, len(shape_of(a)))
    if n < 0:
        raise ValueError(f"diff of order {n}: the order must be 0 or more")
    if n and (prepend is not None or append is not None):
        one = tuple(1 if i == axis else length for i, length in enumerate(shape_of(a)))
        ends = [np.asarray(y, a.dtype) if isinstance(y, (int, float)) else operand(y) for y in (prepend, append)]
        ends = [y if y is None or shape_of(y) else broadcast_to(y, one) for y in ends]
        a = concatenate([y for y in (ends[0], a, ends[1]) if y is not None], axis)
    for _ in range(n):
        a = getitem(a, (slice(None),) * axis + (slice(1, None),)) - getitem(a, (slice(None),) * axis + (slice(None, -1),))
    return a


def numerical_gradient(x: ArrayLike, *spacing: ArrayLike, axis: Axis = None, edge_order: int = 1) -> Any:
    """NumPy's ``gradient``: the slopes of equally or unequally spaced samples along each axis; a tuple where there are several.

    ``spacing`` is one number for all axes, or a number or coordinates for each. (``autograd.gradient`` is another thing.)

    >>> numerical_gradient(Tensor([1.0, 4.0, 9.0])).tolist()
    [3.0, 4.0, 5.0]
    """
    a = real_operand(x)
    axes = all_axes(axis, len(shape_of(a)))
    each = [real_operand(s) for s in (spacing or (1.0,))] * (len(axes) if len(spacing) < 2 else 1)
    if len(each) != len(axes) or edge_order not in (1, 2):
        raise ValueError(f"gradient over {len(axes)} axes with {len(spacing)} spacings and edge_order={edge_order!r}: give one "
                         "spacing or one for each axis, and an order of 1 or 2")
    slopes = tuple(moveaxis(_slopes(moveaxis(a, along, -1), s, edge_order), -1, along) for along, s in zip(axes, each))
    return slopes[0] if len(axes) == 1 else slopes


def _slopes(a: Any, spacing: Any, edge_order: int) -> Any:
    """Slopes along the last axis: of a parabola through three neighbours, at the ends of one through two or three."""
    n = shape_of(a)[-1]
    if n < edge_order + 1:
        raise ValueError(f"gradient of {n} samples: it takes {edge_order + 1} or more for edge_order={edge_order}")
    spacing = spacing if hasattr(spacing, "priority") else np.asarray(spacing, a.dtype)
    steps = diff(spacing) if len(shape_of(spacing)) else spacing * np.ones(n - 1, a.dtype)
    if shape_of(steps)[-1] != n - 1:
        raise ValueError(f"gradient of {n} samples with {shape_of(spacing)[-1]} coordinates: give one for each")
    h, k = steps[:-1], steps[1:]
    left, middle, right = a[..., :-2], a[..., 1:-1], a[..., 2:]
    inside = (right - middle) * (h / (k * (h + k))) + (middle - left) * (k / (h * (h + k)))
    first, last = (a[..., 1:2] - a[..., :1]) / steps[:1], (a[..., -1:] - a[..., -2:-1]) / steps[-1:]
    if edge_order == 2:  # the parabola's slope at its ends
        first, last = first * 2.0 - inside[..., :1], last * 2.0 - inside[..., -1:]
    return concatenate([first, inside, last], -1)


def diagonal(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The entries of a diagonal, along a new last axis.

    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 4.0]
    """
    a = operand(x)
    n, offset = len(shape_of(a)), index(offset)
    if all_axes((axis1, axis2), n) != (n - 2, n - 1):
        a = moveaxis(a, (axis1, axis2), (n - 2, n - 1))
    high, wide = a.shape[-2:]
    where_to = np.arange(builtins.max(0, builtins.min(high + builtins.min(offset, 0), wide - builtins.max(offset, 0))))
    return getitem(a, (..., where_to - builtins.min(offset, 0), where_to + builtins.max(offset, 0)))


def diag(x: ArrayLike, k: int = 0) -> Any:
    """A vector as a diagonal matrix, or the diagonal of a matrix.

    >>> diag(Tensor([1.0, 2.0])).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    a = operand(x)
    if len(shape_of(a)) == 2:
        return diagonal(a, k)
    n = shape_of(a)[0] + abs(index(k))
    at = np.arange(shape_of(a)[0])
    return table.scatter(a, shape=(n, n), index=(at + builtins.max(-k, 0), at + builtins.max(k, 0)))


def trace(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal.

    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    5.0
    """
    return sum(diagonal(x, offset, axis1, axis2), -1)


def tril(x: ArrayLike, k: int = 0) -> Any:
    """The lower triangle, zero above it.

    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 0.0], [3.0, 4.0]]
    """
    a = operand(x)
    rows, columns = (shape_of(a) * 2)[-2:]  # a vector is repeated to a square, as by NumPy
    return where(np.tri(rows, columns, k, dtype=bool), a, 0.0)


def triu(x: ArrayLike, k: int = 0) -> Any:
    """The upper triangle, zero below it.

    >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [0.0, 4.0]]
    """
    a = operand(x)
    rows, columns = (shape_of(a) * 2)[-2:]
    return where(~np.tri(rows, columns, k - 1, dtype=bool), a, 0.0)


def where(condition: ArrayLike, x: ArrayLike, y: ArrayLike) -> Any:
    """``x`` where the condition holds, else ``y``; a branch not taken passes no gradient, not even 0·inf."""
    mask = plain_array(condition)
    if mask.dtype.kind not in "biuf":
        raise TypeError(f"where: the condition must be a mask or numbers, not {mask.dtype}")
    return table.where(operand(x), operand(y), condition=mask != 0)


def select(condlist: Sequence[ArrayLike], choicelist: Sequence[ArrayLike], default: ArrayLike = 0.0) -> Any:
    """The entries of the first choice whose condition holds, else the default.

    >>> select([[True, False]], [Tensor([1.0, 2.0])], 9.0).tolist()
    [1.0, 9.0]
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(f"select with {len(condlist)} conditions and {len(choicelist)} choices: give one choice for each, and "
                         "at least one")
    out = default
    for condition, choice in reversed([*zip(condlist, choicelist)]):
        out = where(condition, choice, out)
    return out


def nan_to_num(x: ArrayLike) -> Any:
    """nan as 0 and ±inf as the largest numbers; a gradient passes where the entry was finite.

    >>> nan_to_num(Tensor([1.0, float("nan")])).tolist()
    [1.0, 0.0]
    """
    a = operand(x)
    plain = plain_array(a)
    return where(np.isfinite(plain), a, np.nan_to_num(plain))


def average(x: ArrayLike, axis: Axis = None, weights: ArrayLike | None = None) -> Any:
    """The mean over axes; with ``weights`` of the array's shape, or one for each entry of an axis, the weighted one.

    >>> average(Tensor([1.0, 5.0]), weights=[3.0, 1.0]).tolist()
    2.0
    """
    a = real_operand(x)
    if weights is None:
        return mean(a, axis)
    w = real_operand(weights)
    if shape_of(w) != shape_of(a):
        if axis is None or tuple(shape_of(w)) != tuple(shape_of(a)[i] for i in all_axes(axis, len(shape_of(a)))):
            raise ValueError(f"average of shape {tuple(shape_of(a))} with weights of shape {tuple(shape_of(w))}: give axis=, "
                            "the axis that the weights belong to, or one weight for each entry")
        w = reshape(w, tuple(n if i in all_axes(axis, len(shape_of(a))) else 1 for i, n in enumerate(shape_of(a))))
        w = broadcast_to(w, shape_of(a))
    return sum(a * w, axis) / sum(w, axis)


def ptp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Any:
    """The range of entries over axes, the largest minus the smallest.

    >>> ptp(Tensor([4.0, 1.0, 6.0])).tolist()
    5.0
    """
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def ravel(x: ArrayLike) -> Any:
    """All entries along one axis.

    >>> ravel(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    return reshape(x, -1)


def astype(x: ArrayLike, dtype: DTypeLike) -> Any:
    """The entries as float32 or float64.

    >>> str(astype(Tensor([1.0, 2.0]), "float32").dtype)
    'float32'
    """
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"astype({np.dtype(dtype)}): a gradient needs float32 or float64; use x.data.astype({np.dtype(dtype)}) "
                        "for numbers without one")
    return table.astype(operand(x), dtype=np.dtype(dtype))


def argmax(x: ArrayLike, axis: int | None = None) -> Array:
    """The index of the largest entry, as plain integers without a gradient.

    >>> argmax(Tensor([[1.0, 4.0], [3.0, 2.0]]), axis=1).tolist()
    [1, 0]
    """
    return plain_array(x).argmax(axis)


def argmin(x: ArrayLike, axis: int | None = None) -> Array:
    """The index of the smallest entry, as plain integers without a gradient.

    >>> argmin(Tensor([3.0, 1.0, 2.0])).tolist()
    1
    """
    return plain_array(x).argmin(axis)


class _Joined:
    """``np.r_`` or ``np.c_`` for nodes: NumPy places the numbers of the entries, and the entries follow.

    >>> from autograd import c_, r_
    >>> r_[Tensor([1.0, 2.0]), 3.0].tolist(), c_[Tensor([1.0, 2.0]), Tensor([3.0, 4.0])].tolist()
    ([1.0, 2.0, 3.0], [[1.0, 3.0], [2.0, 4.0]])
    """

    def __init__(self, numpys: Any):
        self._numpys = numpys

    def __getitem__(self, key: Any) -> Any:
        parts, numbers, count = [], [], 0
        for item in key if isinstance(key, tuple) else (key,):
            if not isinstance(item, str):
                part = np.r_[item] if isinstance(item, slice) else operand(item)
                parts.append(reshape(part, -1))
                item = np.arange(count, count + product(shape_of(part))).reshape(shape_of(part))
                count += item.size
            numbers.append(item)
        return take(concatenate(parts), np.asarray(self._numpys[tuple(numbers)]))


r_, c_ = _Joined(np.r_), _Joined(np.c_)

__all__ = """sum mean average median max min ptp var std norm prod cumsum cumprod logsumexp softmax log_softmax matmul dot vdot
inner outer cross kron tensordot einsum reshape ravel transpose matrix_transpose swapaxes moveaxis rollaxis broadcast_to
broadcast_arrays expand_dims squeeze atleast_1d atleast_2d atleast_3d flip flipud fliplr rot90 pad concatenate append stack
vstack hstack dstack column_stack split array_split vsplit hsplit dsplit take take_along_axis repeat tile roll sort partition
linspace diff numerical_gradient diagonal diag trace tril triu where select clip nan_to_num astype argmax argmin""".split()


# ── PyTorch's words ──────────────────────────────────────────────────────────────────────────────────────────────

class Picked(NamedTuple):
    """Entries that were picked along an axis, and their indices there: PyTorch's result of ``max(dim=)``, ``sort`` and ``topk``."""

    values: Any
    indices: Array


def ordered(x: ArrayLike, axis: int = -1, descending: bool = False, count: int | None = None) -> Picked:
    """Entries in order along an axis, the first ``count`` of them, with their indices; equal ones keep their order."""
    a = operand(x)
    if shape_of(a) == () and count != 0:  # a number, as a vector of one
        values, at = ordered(reshape(a, 1), axis, descending, count)
        return Picked(reshape(values, ()), at.reshape(()))
    axis, plain = one_axis(axis, len(shape_of(a))), plain_array(a)
    if count is not None and not 0 <= count <= plain.shape[axis]:
        raise ValueError(f"topk: k={count} of {plain.shape[axis]} entries along axis {axis}; give 0 to {plain.shape[axis]}")
    back = np.flip(np.argsort(np.flip(plain, axis), axis, kind="stable"), axis)
    at = plain.shape[axis] - 1 - back if descending else np.argsort(plain, axis, kind="stable")
    at = at if count is None else at.take(np.arange(count), axis)
    return Picked(getitem(a, grid_index("sort", shape_of(a), axis, at)), at)


_words = {"dim": "axis", "dims": "axis", "keepdim": "keepdims", "p": "ord", "unbiased": "ddof", "correction": "ddof",
          "descending": "descending", "stable": "stable", "dim1": "axis1", "dim2": "axis2", "dtype": "dtype"}
WITH_DIM = set("""sum mean max min var std norm prod cumsum cumprod logsumexp softmax log_softmax squeeze flip concatenate stack
take_along_axis roll sort diff argmax argmin diagonal cross vector_norm matrix_norm""".split())


def _as_pytorch(function: Callable[..., Any], x: Any, *args: Any, **options: Any) -> Any:
    """A call with PyTorch's words, in PyTorch's meaning."""
    name = function.__name__
    if (dtype := options.pop("dtype", None)) is not None:
        x = astype(x, dtype)
    named: dict[str, Any] = {_words.get(key, key): tuple(value) if isinstance(value, list) else value
                             for key, value in options.items()}
    if len(named) < len(options):
        raise TypeError(f"{name} with {', '.join(options)}: two of them mean the same; give one")
    axis = named.get("axis", args[0] if args else None)
    if name in ("var", "std"):
        named["ddof"] = 1 if named.get("ddof") is None else named["ddof"] * 1
    elif name == "sort":
        return ordered(x, -1 if axis is None else axis, named.get("descending", False))
    elif name in ("max", "min", "argmax", "argmin"):
        return _extreme(name, x, axis, named.get("keepdims", False))
    elif name in ("cumsum", "cumprod") and shape_of(operand(x)) == ():
        return reshape(function(reshape(x, 1), axis), ())
    elif name == "squeeze":
        shape = shape_of(operand(x))
        named["axis"] = tuple(i for i in all_axes(axis, len(shape)) if shape[i] == 1)
    return function(x, *args, **named)


def _extreme(name: str, x: Any, axis: Any, keepdims: bool) -> Any:
    """The extreme along one axis with its index, which takes the whole gradient; or the index only."""
    a = operand(x)
    if axis is None:
        raise TypeError(f"{name}: give dim=, one axis; without it leave out keepdim too")
    at = (np.argmax if name.endswith("max") else np.argmin)(plain_array(a), axis, keepdims=True)
    if name.startswith("arg"):
        return at if keepdims else at.squeeze(axis)
    values = take_along_axis(a, at, axis)
    return Picked(values, at) if keepdims else Picked(squeeze(values, axis), at.squeeze(axis))


def explained(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its name and arguments added to the messages of its errors."""
    name = function.__name__

    @wraps(function)
    def called(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (ValueError, TypeError, IndexError) as error:
            if len(args) == 2 and name in ("var", "std") and isinstance(args[1], bool):  # PyTorch's unbiased
                return _as_pytorch(function, args[0], unbiased=args[1], **options)
            if len(args) == 2 and name in ("max", "min") and getattr(args[1], "dtype", np.dtype(int)).kind == "f":
                return (ops.maximum if name == "max" else ops.minimum)(*args)  # PyTorch's of two arrays
            if name not in WITH_DIM or _words.keys().isdisjoint(options):  # asked here, where NumPy's words cost no time
                if re.search(rf"\b{name}\b", str(error)):
                    raise
                shown = [*map(_shown, args), *(f"{key}={_shown(value)}" for key, value in options.items())]
                raise type(error)(f"{name}({', '.join(shown)}): {error}") from None
        return _as_pytorch(function, *args, **options)
    return called


def _shown(x: Any) -> str:
    if hasattr(x, "shape"):
        return f"{getattr(x, 'name', None) or type(x).__name__} of shape {tuple(x.shape)}"
    return f"[{', '.join(map(_shown, x[:4]))}{', …' * (len(x) > 4)}]" if isinstance(x, list) else f"{x!r:.60}"


globals().update({_name: explained(globals()[_name]) for _name in ("getitem", *__all__) if _name != "clip"})
