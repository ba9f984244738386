"""The gradient that an edge between arrays passes back: upstream × local in the operand's shape, and where it arrived."""

from __future__ import annotations

import sys
from math import prod as product
from typing import Any

import numpy as np

from ..elementwise import LARGE, in_blocks, local_and_taken, masked
from ..errors import warn_no_derivative
from ..operation import Operation, no_derivative, partial
from . import table
from .axes import plain_array
from .reductions import add_along


BOOL = np.dtype(bool)


def _count() -> int:
    factor = np.empty(0)
    return sys.getrefcount(factor)


_UNSHARED = _count()  # reference count of an array held by one variable


def row_pullback(row: Operation, i: int, upstream: Any, out: Any, operands: Any, into: Any = None) -> Any:
    """Upstream × local for a row on arrays, an ordinary product, written ``into`` an array if given; None for no gradient.

    A rule that is a number is the walk's: it sums first where the operand was repeated.

    A nan among the operands of a selecting row (``relu``) is also in its result, so the sweep looks for it there;
    a nan parameter (the slope of ``leaky_relu``) is looked for here.
    """
    rule = row.partials[i]
    if rule is no_derivative:
        warn_no_derivative(row.name)
        return None
    if upstream.size > LARGE and getattr(getattr(rule, "__code__", None), "co_stacksize", 2) > 1:  # else it is an operand or out
        made = in_blocks(lambda into, g, out, *xs: row_pullback(row, i, g, out, xs, into), upstream.dtype, upstream, out, *operands)
        if made is not None:
            return made
    factor = partial(rule, out, *operands)
    if type(factor) is np.ndarray and factor.dtype is BOOL and factor.shape == upstream.shape:
        return masked(upstream, factor, into)
    if row.is_selection or getattr(factor, "dtype", None) == np.bool_:
        refuse_nan(upstream)
        if row.defaults:  # a slope or alpha of nan does not appear in the result where its branch is not taken
            refuse_nan(operands[1])
    if type(factor) is not np.ndarray or factor.shape != upstream.shape:
        return upstream * factor
    if factor.dtype is not upstream.dtype:  # takes less time than to convert within the product
        factor = factor.astype(upstream.dtype)
    # written into the array that the rule made, if nothing else refers to it: new memory takes longer than a product (measured)
    if into is None and sys.getrefcount(factor) == _UNSHARED and factor.base is None and factor.dtype is upstream.dtype:
        into = factor
    return np.multiply(upstream, factor, out=into, dtype=upstream.dtype)


def refuse_nan(x: Any) -> None:
    """Raise FloatingPointError for an array with a nan, which 0 · nan would carry through a branch not taken."""
    if type(x) is np.ndarray and x.dtype.char in "fd":
        if x.ndim:
            if not x.flags.c_contiguous:
                if not all(x.strides):  # an entry that stands for many, as after a sum, is searched once
                    x = x[tuple([slice(None) if step else slice(1) for step in x.strides])]
                x = x.ravel("K")  # no copy, whatever the order of axes
            x = np.vdot(x, x)  # one pass without a mask
        if x != x:
            raise FloatingPointError


def row_edge(row: Operation, i: int, upstream: Any, arrived: Any, out: Any, operands: Any, graph: bool) -> tuple[Any, Any, Any]:
    """The local gradient of a row, the downstream gradient, and where it arrived; as nodes where a graph is made."""
    rule = row.partials[i]
    if rule is no_derivative or arrived is False:
        local = rule if not callable(rule) else partial(rule, plain_array(out), *map(_plain, operands))
        return local, np.zeros(out.shape, out.dtype), False
    local, taken = local_and_taken(rule, plain_array(out), *map(_plain, operands))
    if taken is not True:
        arrived = np.broadcast_to(arrived & taken, out.shape)
        if arrived.all():
            arrived = True
    factor = partial(rule, out, *operands) if graph and callable(rule) else local
    downstream = upstream if not callable(rule) and rule == 1.0 else upstream * factor
    return local, downstream if arrived is True else table.where(downstream, 0.0, condition=arrived), arrived


def array_edge(node: Any, i: int, upstream: Any, arrived: Any, graph: bool) -> tuple[Any, Any]:
    """The downstream gradient of an array operation for its operand ``i``, and where something arrived."""
    op, params, residuals = node.op, node.params, node.residuals
    reached = op.reached(i, arrived, node.array, residuals, params)
    if reached is False:
        return np.zeros(node.operands[i].shape, node.dtype), False
    out, operands = (node, node.operands) if graph else (node.array, residuals)
    if op.bilinear and arrived is not True and not graph:  # the sum of its parts is plain; a graph keeps the product, even nan
        downstream = _bilinear_from_arrived(op, i, upstream, arrived, out, operands, params)
    else:
        downstream = op.pullback(i, upstream, out, operands, params)
    if reached is not True and not reached.all():
        downstream = table.where(downstream, 0.0, condition=np.broadcast_to(reached, downstream.shape))
    return downstream, reached


def _bilinear_from_arrived(op: Any, i: int, upstream: Any, arrived: Any, out: Any, operands: Any, params: Any) -> Any:
    """The pullback of a product in which entries that did not arrive meet no infinite factor: one such factor at a time."""
    others = [(j, plain_array(x)) for j, x in enumerate(operands) if j != i and x is not None]
    bad = [(j, place) for j, x in others for place in np.argwhere(~np.isfinite(x))]
    if not bad or len(others) > 1:
        return op.pullback(i, upstream, out, operands, params)
    [(j, other)] = others
    finite = np.where(np.isfinite(other), other, 0.0).astype(other.dtype)

    def put(x: Any) -> list[Any]:
        return [x if k == j else y for k, y in enumerate(operands)]

    total = op.pullback(i, plain_array(upstream), out, put(finite), params)
    for _, place in bad:
        one = np.zeros_like(other)
        one[tuple(place)] = 1.0
        meets = op.pullback(i, arrived.astype(other.dtype), out, put(one), params) != 0
        total = total + np.where(meets, op.pullback(i, plain_array(upstream), out, put(one), params) * other[tuple(place)], 0.0)
    return total


def _plain(x: Any) -> Any:
    return x if isinstance(x, float) else plain_array(x)


def match_operand(downstream: Any, data: Any) -> Any:
    """A downstream gradient in the shape and dtype of the operand that it belongs to."""
    if downstream.shape != data.shape:
        downstream = unbroadcast(downstream, data.shape)
    return downstream if downstream.dtype == data.dtype else downstream.astype(data.dtype)


def match_mask(arrived: Any, shape: tuple[int, ...]) -> Any:
    """A mask of the result's entries as one of the operand's: an entry that was repeated is reached by any of its copies."""
    if isinstance(arrived, np.ndarray) and arrived.shape != shape:
        arrived = unbroadcast(arrived.astype(float), shape) != 0
    return arrived


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """The transpose of broadcasting, for every operation: sum over the axes along which ``shape`` was repeated."""
    extra = g.ndim - len(shape)
    if extra == 1 and g.shape[1:] == shape and type(g) is np.ndarray:  # a bias over a batch
        return np.add.reduce(g, 0)
    if extra >= 0:
        axes = tuple([i for i, n in enumerate(g.shape) if i < extra or (shape[i - extra] == 1 and n != 1)])
        if axes:
            g = add_along(g, axes) if type(g) is np.ndarray else table.sum(g, axis=axes, keepdims=False)
        if g.shape != shape and g.size == product(shape):
            g = table.reshape(g, shape=shape)
    return g if g.shape == shape else table.broadcast_to(g, shape=shape)
