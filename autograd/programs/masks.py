"""Edges of a recorded gradient with masks of what arrived, for sources: a branch that is not taken passes not even 0 · inf.

As ``arrays.pullback`` does for arrays of numbers, here each mask is a plain array of the recording.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.pullback import match_operand, unbroadcast
from ..arrays.table import getitem, where
from ..elementwise import Branches
from ..operation import Operation, partial


class RecordedBranches(Branches):
    """An operand inside a rule, and where the rule gives False, both recorded."""

    __slots__ = ()

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> RecordedBranches:
        return RecordedBranches(row(*map(inside, args)))

    @staticmethod
    def apply_where(condition: Any, x: object, y: object) -> RecordedBranches:
        condition, masks = inside(condition), [untaken(x), untaken(y)]
        made = where(*[float(z) if isinstance(z, bool) else inside(z) for z in (x, y)], condition=condition)
        return RecordedBranches(made, None if all(mask is False for mask in masks) else np.where(condition, *masks))

    def _mask(self, mask: Any) -> RecordedBranches:
        return RecordedBranches(mask, ~mask)


def may_repeat(index: object) -> bool:
    """True where an index may name an entry twice, or is not known yet."""
    parts = index if type(index) is tuple else (index,)
    return not all(isinstance(part, (int, slice, type(None), type(...))) for part in parts)


def inside(x: object) -> Any:
    """The node or plain array in a branch."""
    return x.array if isinstance(x, Branches) else x


def untaken(x: object) -> Any:
    """The mask of the entries whose branch is not taken; True or False where it is the same for all."""
    if isinstance(x, Branches):
        return False if x.untaken is None else x.untaken
    return isinstance(x, bool) and not x


def masked_edge(node: Any, i: int, upstream: Any, arrived: Any, operands: list[Any]) -> tuple[Any, Any]:
    """The downstream gradient of operand ``i``, and where it arrived: True, or a mask of the operand's shape."""
    x = node.operands[i]
    if node.params is None:
        downstream, reached = _row_edge(node, i, upstream, arrived, operands)
    else:
        op = node.op
        downstream, reached = op.pullback(i, upstream, node, operands, node.params), arrived
        if op.is_selection or arrived is not True and (op.is_linear or op.bilinear or op.reach is not None):
            reached = _reached(node, i, arrived, operands)
    if isinstance(reached, np.ndarray) and reached.all():
        reached = True
    if reached is not True:
        downstream = where(downstream, 0.0, condition=reached)
        if reached.shape != x.shape:
            reached = unbroadcast(reached.astype(float), x.shape) != 0
        node.tape.has_masks = True
    return match_operand(downstream, x), reached


def _reached(node: Any, i: int, arrived: Any, operands: list[Any]) -> Any:
    """The mask of operand ``i`` of an array operation."""
    op, params = node.op, node.params
    if op is getitem and not hasattr(arrived, "is_deferred") and not may_repeat(params["index"]):  # known from the shapes alone
        return op.reached(i, arrived, node.example, [np.empty(x.shape) for x in operands], params)
    if op.reach is not None and not op.is_linear and not op.bilinear and not op.is_selection:
        return op.reach(arrived, *operands, **params)
    if op.bilinear:
        operands = [x if x is None else np.ones(x.shape) for x in operands]
    given = np.ones(node.shape) if arrived is True else arrived * 1.0
    return op.pullback(i, type(node)(given), node, operands, params) != 0


def _row_edge(node: Any, i: int, upstream: Any, arrived: Any, operands: list[Any]) -> tuple[Any, Any]:
    rule = node.op.partials[i]
    if not callable(rule):
        return upstream if rule == 1.0 else upstream * rule, arrived
    local = partial(rule, *[RecordedBranches(x) if hasattr(x, "shape") else x for x in (node, *operands)])
    missing = untaken(local)
    if missing is not False:
        taken = ~missing if hasattr(missing, "shape") else np.zeros(node.shape, bool)
        arrived = taken if arrived is True else arrived & taken
        arrived = arrived if arrived.shape == node.shape else np.broadcast_to(arrived, node.shape)
    return upstream * inside(local), arrived
