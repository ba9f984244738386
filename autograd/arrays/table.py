"""The second table: operations that mix the entries of arrays, each with its pullback.

A row reads ``name = ArrayOperation("name", "sign", forward, pullback, …)``. A pullback takes ``(g, out, *operands,
**params)`` and returns the downstream gradient for its operand; it is written with the operations of this module and
the rows of ``ops``, so it runs on arrays in a plain backward sweep, and on tensors where the gradient is to be a
graph: higher orders come for free. ``forward`` of a linear operation is its own pushforward; the others carry one.
Broadcasting is undone in ``pullback``, never here. Params are constants: axes, shapes, indices.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from math import prod as product
from typing import Any

import numpy as np

from .. import ops
from ..elementwise import silent
from .axes import all_axes, kept_shape, one_axis, plain_array
from . import contraction
from .operation import ArrayOperation
from .reductions import add_along, extreme_along


def _itself(x: Any, axis: Any, keepdims: bool) -> Any:
    """A number reduced over no axis; AxisError for an axis, which a number has not."""
    return None if all_axes(axis, 0) else x


# ── linear operations and their transposes ───────────────────────────────────────────────────────────────────────

sum = ArrayOperation(
    "sum", "Σ", lambda x, axis, keepdims: add_along(x, axis, keepdims),
    lambda g, out, x, axis, keepdims: broadcast_to(reshape(g, shape=kept_shape(x.shape, axis)), shape=x.shape), shown=("1",),
    of_number=_itself)
broadcast_to = ArrayOperation(
    "broadcast_to", "⇉", lambda x, shape: np.broadcast_to(x, shape), lambda g, out, x, shape: g, shown=("Σ",))
reshape = ArrayOperation(
    "reshape", "reshape", lambda x, shape: np.reshape(x, shape),
    lambda g, out, x, shape: reshape(g, shape=x.shape), shown=("reshape",), of_number=lambda x, shape: x if shape == () else None)
transpose = ArrayOperation(
    "transpose", "ᵀ", lambda x, axes: np.transpose(x, axes),
    lambda g, out, x, axes: transpose(g, axes=None if axes is None else tuple(np.argsort([a % x.ndim for a in axes]))),
    shown=("ᵀ",))
getitem = ArrayOperation(
    "getitem", "[ ]", lambda x, index: x[index],
    lambda g, out, x, index: scatter(g, shape=x.shape, index=index), shown=("scatter",), is_selection=True)
scatter = ArrayOperation(
    "scatter", "scatter", lambda g, shape, index: _scattered(g, shape, index),
    lambda g, out, x, shape, index: getitem(g, index=index), shown=("[ ]",))
concatenate = ArrayOperation(
    "concatenate", "⊕", lambda *xs, axis: np.concatenate(xs, axis),
    lambda g, out, *xs, i, axis: _piece(g, xs, i, axis), variadic=True, shown=("slice",))
stack = ArrayOperation(
    "stack", "stack", lambda *xs, axis: np.stack(xs, axis),
    lambda g, out, *xs, i, axis: getitem(g, index=(slice(None),) * one_axis(axis, g.ndim) + (i,)),
    variadic=True, shown=("slice",))
pad = ArrayOperation(
    "pad", "pad", lambda x, width: np.pad(x, width),
    lambda g, out, x, width: getitem(g, index=tuple(slice(a, a + n) for (a, _), n in zip(width, x.shape))),
    shown=("slice",))
flip = ArrayOperation(
    "flip", "flip", lambda x, axis: np.flip(x, axis), lambda g, out, x, axis: flip(g, axis=axis), shown=("flip",))
roll = ArrayOperation(
    "roll", "roll", lambda x, shift, axis: np.roll(x, shift, axis),
    lambda g, out, x, shift, axis: roll(g, shift=tuple([-by for by in shift]), axis=axis), shown=("rolled back",))
cumsum = ArrayOperation(
    "cumsum", "cumsum", lambda x, axis: np.cumsum(x, axis),
    lambda g, out, x, axis: flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis), shown=("reversed cumsum",))
astype = ArrayOperation(
    "astype", "dtype", lambda x, dtype: x.astype(dtype), lambda g, out, x, dtype: astype(g, dtype=x.dtype), shown=("1",))
where = ArrayOperation(
    "where", "where", lambda x, y, condition: np.where(condition, x, y),
    lambda g, out, x, y, condition: where(g, 0.0, condition=condition),
    lambda g, out, x, y, condition: where(0.0, g, condition=condition),
    shown=("condition", "not condition"), is_selection=True,
    of_number=lambda x, y, condition: None if np.ndim(condition) else x if condition else y)
matmul = ArrayOperation(
    "matmul", "@", contraction.matmul,
    lambda g, out, x, y: _matmul_left(g, x, y), lambda g, out, x, y: _matmul_right(g, x, y),
    bilinear=True, shown=("· yᵀ", "xᵀ ·"))
einsum = ArrayOperation(
    "einsum", "einsum", lambda *xs, spec: contraction.contract(spec, *xs),
    lambda g, out, *xs, i, spec: _einsum_pullback(g, xs, i, spec), bilinear=True, variadic=True, shown=("einsum",))

# ── operations that are not linear, with pushforwards ────────────────────────────────────────────────────────────

max = ArrayOperation(
    "max", "max", lambda x, axis, keepdims: extreme_along(np.maximum, x, axis, keepdims),
    lambda g, out, x, axis, keepdims: reshape(g, shape=kept_shape(x.shape, axis)) * _shares(out, x, axis),
    pushforward=lambda out, xs, ts, params: _push_extreme(out, xs, ts, **params),
    shown=("equal shares of max",), is_selection=True, shows_nan=lambda x, **params: True, of_number=_itself)
min = ArrayOperation(
    "min", "min", lambda x, axis, keepdims: extreme_along(np.minimum, x, axis, keepdims),
    lambda g, out, x, axis, keepdims: reshape(g, shape=kept_shape(x.shape, axis)) * _shares(out, x, axis),
    pushforward=lambda out, xs, ts, params: _push_extreme(out, xs, ts, **params),
    shown=("equal shares of min",), is_selection=True, shows_nan=lambda x, **params: True, of_number=_itself)
prod = ArrayOperation(  # for products away from 0 and overflow; elsewhere ``functions.prod`` multiplies pairs
    "prod", "Π", silent(np.prod),
    lambda g, out, x, axis, keepdims: reshape(g * out, shape=kept_shape(x.shape, axis)) / x,
    pushforward=lambda out, xs, ts, p: out * sum(ts[0] / xs[0], axis=p["axis"], keepdims=p["keepdims"]), shown=("out/x",),
    of_number=_itself,
    reach=lambda arrived, x, axis, keepdims: _along(arrived.reshape(kept_shape(x.shape, axis)), x, axis))
logsumexp = ArrayOperation(
    "logsumexp", "log Σ exp", lambda x, axis, keepdims: _logsumexp_forward(x, axis, keepdims),
    lambda g, out, x, axis, keepdims: reshape(g, shape=kept_shape(x.shape, axis)) * softmax(x, axis=axis),
    pushforward=lambda out, xs, ts, p: sum(softmax(xs[0], axis=p["axis"]) * ts[0], axis=p["axis"], keepdims=p["keepdims"]),
    shown=("softmax(x)",), reach=lambda arrived, x, axis, keepdims: _along(arrived.reshape(kept_shape(x.shape, axis)), x, axis))
softmax = ArrayOperation(
    "softmax", "softmax", lambda x, axis: _softmax_forward(x, axis),
    lambda g, out, x, axis: out * (g - sum(g * out, axis=axis, keepdims=True)),
    pushforward=lambda out, xs, ts, p: out * (ts[0] - sum(ts[0] * out, axis=p["axis"], keepdims=True)),
    shown=("out·(δ − out)",), reach=lambda arrived, x, axis: _along(arrived, x, axis))
log_softmax = ArrayOperation(
    "log_softmax", "log softmax", silent(lambda x, axis: x - _logsumexp_forward(x, axis, True)),
    lambda g, out, x, axis: g - ops.exp(out) * sum(g, axis=axis, keepdims=True),
    pushforward=lambda out, xs, ts, p: ts[0] - sum(ops.exp(out) * ts[0], axis=p["axis"], keepdims=True),
    shown=("δ − softmax(x)",), reach=lambda arrived, x, axis: _along(arrived, x, axis))


# ── what the rows are written with ───────────────────────────────────────────────────────────────────────────────

def _scattered(g: Any, shape: tuple[int, ...], index: Any) -> Any:
    if not _may_repeat(index):
        out = np.zeros(shape, g.dtype)
        out[index] = g
        return out
    if g.dtype.char == "O":  # Values, as zoom opens them
        out = np.zeros(shape, object)
        add_at(out, g, index)
        return out
    if g.size * 64 < product(shape):
        out = np.zeros(shape, g.dtype)
        add_at(out, g, index)
        return out
    places = np.arange(product(shape)).reshape(shape)[index].reshape(-1)  # add.at takes four times as long (measured)
    total = np.bincount(places, np.broadcast_to(g, g.shape).reshape(-1), product(shape))
    return total.astype(g.dtype, copy=False).reshape(shape)


_MASK = np.dtype(bool)


def add_at(total: Any, g: Any, index: Any) -> None:
    """Add the gradient of ``x[index]`` to that of ``x`` in place."""
    if _may_repeat(index):
        np.add.at(total, index, g)
    else:
        total[index] += g


def _may_repeat(index: Any) -> bool:
    """True where an index may name an entry more than once: it holds a list or an array of integers."""
    parts = index if isinstance(index, tuple) else (index,)
    return not all(isinstance(part, (int, slice, type(None), type(...))) or getattr(part, "dtype", None) is _MASK for part in parts)


def _piece(g: Any, xs: Sequence[Any], i: int, axis: Any) -> Any:
    if axis is None:
        start = builtins.sum(product(x.shape) for x in xs[:i])
        return reshape(getitem(g, index=slice(start, start + product(xs[i].shape))), shape=xs[i].shape)
    axis = one_axis(axis, g.ndim)
    start = builtins.sum(x.shape[axis] for x in xs[:i])
    return getitem(g, index=(slice(None),) * axis + (slice(start, start + xs[i].shape[axis]),))


def _swap(x: Any) -> Any:
    """The last two axes exchanged."""
    return transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _column(x: Any) -> Any:
    """A new last axis of length 1."""
    return reshape(x, shape=(*x.shape, 1))


def _matmul_left(g: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return (_column(g) if g.ndim else g) * y
    if g.ndim == y.ndim - 1:  # x is a vector
        left = matmul(y, _column(g))
        return reshape(left, shape=left.shape[:-1])
    if y.ndim > 2:
        return g @ _swap(y)
    return g @ y.T if g.ndim == 2 else matmul(g, y.T)


def _matmul_right(g: Any, x: Any, y: Any) -> Any:
    y_is_vector = g.ndim == x.ndim - 1
    if x.ndim == 1 and y_is_vector:
        return g * x
    if x.ndim == 1:
        return reshape(g, shape=(*g.shape[:-1], 1, g.shape[-1])) * _column(x)
    if y_is_vector:
        right = matmul(_swap(x), _column(g))
        return reshape(right, shape=right.shape[:-1])
    return (x.T if x.ndim == 2 else _swap(x)) @ g


def _einsum_pullback(g: Any, xs: Sequence[Any], i: int, spec: str) -> Any:
    terms, result = spec.split("->")
    inputs = terms.split(",")
    operands, names, target = [g, *xs[:i], *xs[i + 1:]], [result, *inputs[:i], *inputs[i + 1:]], ""
    shape = xs[i].shape if xs[i] is not None else ()
    free = iter(c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in spec)
    for position, letter in enumerate(inputs[i]):  # a diagonal is written back through an identity matrix
        if letter in target:
            fresh = next(free)
            operands.append(np.eye(shape[position], dtype=g.dtype))
            names.append(letter + fresh)
            letter = fresh
        target += letter
    known = set("".join(names))
    sizes = dict(zip(inputs[i], shape))
    for letter in target:  # summed over in the forward pass: the gradient is repeated along it
        if letter not in known:
            operands.append(np.ones(sizes[letter], dtype=g.dtype))
            names.append(letter)
    # an axis of length 1 that was broadcast against a longer one is summed by the walker
    return einsum(*operands, spec=f"{','.join(names)}->{target}")


def _shares(out: Any, x: Any, axis: Any) -> Any:
    """1/k at each of k equal extremes: plain numbers, since they are constant wherever the extreme is smooth."""
    x, out = plain_array(x), plain_array(out)
    hit = x == out.reshape(kept_shape(x.shape, axis))
    count = hit.sum(axis=all_axes(axis, x.ndim), keepdims=True)
    return (hit / np.maximum(count, 1)).astype(x.dtype)


def _push_extreme(out: Any, xs: Any, ts: Any, axis: Any, keepdims: bool) -> Any:
    shares = _shares(out, xs[0], axis)
    return sum(where(ts[0] * shares, 0.0, condition=shares != 0), axis=axis, keepdims=keepdims)


def _along(arrived: Any, x: Any, axis: Any) -> Any:
    """The entries of ``x`` that share a line along ``axis`` with one at which something arrived."""
    return np.broadcast_to(arrived.any(axis=all_axes(axis, x.ndim), keepdims=True), x.shape)


@silent
def _logsumexp_forward(x: Any, axis: Any, keepdims: bool) -> Any:
    top = extreme_along(np.maximum, x, axis, True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    out = np.log(add_along(np.exp(x - top), axis, True)) + top
    return out if keepdims else out.reshape([n for i, n in enumerate(x.shape) if i not in all_axes(axis, x.ndim)])


@silent
def _softmax_forward(x: Any, axis: Any) -> Any:
    e = np.exp(x - extreme_along(np.maximum, x, axis, True, initial=-np.inf))
    e /= add_along(e, axis, True)
    return e
