"""Numbers that leave their graph, and with it the gradient: errors and warnings that name the place."""

from __future__ import annotations

import sys
import warnings

from . import ops
from .context import current, differentiating
from .errors import LOOKING, GraphError, GraphWarning, package_of, place_text, users_frame, warn_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .dual import Dual
    from .graph import Node


def escape(node: Node | Dual, call: str) -> None:
    """Refuse, or outside a derivative warn of, a number that leaves its graph by ``call``; nodes without gradient may.

    Inside a derivative (``grad``, ``jvp``, ``check_gradients``, a recording) raises GraphError, because the result would
    be wrong; elsewhere warns once for each line of the user's. Within ``no_grad`` and in plots and logs it is silent.
    """
    context = current()
    if context is not None and not context.recording or not _takes_gradient(node):
        return
    frame = users_frame()
    if package_of(frame) in LOOKING:
        return
    place = (frame.f_code.co_filename, frame.f_lineno)
    if differentiating.get():
        raise GraphError(_message(node, call, place))
    if not _compares(frame):
        _warn(node, call, place, frame.f_globals)


def escape_by_copy(node: Node, call: str) -> None:
    """Refuse a copy of a node inside a derivative, because no gradient flows from the copy to the node; allow it elsewhere."""
    if differentiating.get():
        escape(node, call)


def warn_of_rebinding(node: Node, sign: str, made: Any) -> None:
    """Warn, once for each line, that ``w -= …`` does not change a leaf with a gradient, but only rebinds the name."""
    if node.op is None and node.grad is not None:
        name = node.name if node.name and node.name.isidentifier() else "w"
        warn_user(f"{node.describe()} {sign} …: this makes a new node with the old name; the leaf does not "
                  f"change, and the graph grows with each such step. To update the leaf write {name}.data {sign} …", GraphWarning)
        made.metadata = _noted(made)
        made.metadata.times = TOLD  # its growing graph is the same mistake


class Noted(tuple[Any, ...] if TYPE_CHECKING else tuple):
    """Metadata of a node about which more is known: the place where it left its graph, or how passes over it grew."""

    left: str | None = None
    increment = times = sums = 0


def _noted(node: Node) -> Noted:
    known = node.metadata
    return known if isinstance(known, Noted) else Noted(known or (None, None))


# ── a graph that grows with every backward pass ──────────────────────────────────────────────────────────────────

TOLD = 5  # passes over a growing graph, from which on nothing more is said
_last = [0, 0]  # id of the last pass's first node, and the pass's number of nodes: only a hint, because ids are reused


def watch_growth(first: Node, order: list[Any]) -> None:
    """Warn once where each backward pass goes over the nodes of the ones before and more: ``w = w - …`` in a loop.

    ``first`` is the node computed first among those of the pass. The third pass over it warns if the passes grow by the same
    number of nodes, the fifth if by any, and only if each has a longer chain of sums with constants. So a retained loss,
    several losses of one trunk and the rows of a Jacobian by hand are silent; an ordinary pass costs the comparison of two
    integers.
    """
    count = len(order)
    if id(first) != _last[0]:
        _last[:] = id(first), count
    elif count > _last[1]:
        increment, _last[1] = count - _last[1], count
        note = first.metadata = _noted(first)
        if note.times >= TOLD:
            return
        sums = _chained_sums(order)
        note.times = note.times + 1 if sums > note.sums else 0
        note.increment, steady, note.sums = increment, increment == note.increment, sums
        if note.times == (2 if steady else 4):
            note.times = TOLD
            warn_user(f"this backward pass walks {count:,} nodes, including those of earlier passes, and each pass is longer: "
                      "the graph grows without end where a parameter is replaced by w = w - …, because it then depends on all "
                      "earlier steps. Update the leaf itself, w.data -= …; if the chain is intended, one backward pass from "
                      "its end is enough", GraphWarning)


def _chained_sums(order: list[Any]) -> int:
    """The largest number of sums in a chain of nodes that starts at a leaf and has only constants as further operands."""
    sums: dict[Any, int] = {}
    for node in order:
        taking = [x for x in node.inputs if _takes_gradient(x)]
        if len(taking) == 1 and (not taking[0].inputs or taking[0] in sums):
            sums[node] = sums.get(taking[0], 0) + (node.op.name in ("add", "sub"))
    return max(sums.values(), default=0)


# ── the message, and how often ───────────────────────────────────────────────────────────────────────────────────

def _takes_gradient(node: Any) -> bool:
    return getattr(node, "op", None) is not ops.constant and getattr(node, "requires_grad", True)


def _compares(outer: Any) -> bool:
    """True inside NumPy's comparisons for tests, which only read."""
    frame = sys._getframe(2)
    while frame is not None and frame is not outer:
        if frame.f_globals.get("__name__", "").startswith("numpy.testing"):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _message(node: Any, call: str, place: tuple[str, int]) -> str:
    return (f"{call} of {node.describe()} ({place_text(*place)}): the number leaves its graph here, and no gradient follows it. To "
            "keep the gradient use autograd's own functions and operators (autograd.tanh(x) for math.tanh(x), "
            "autograd.stack([x, y]) for np.array([x, y])); for the number alone write .item(), for the array .data, for a "
            "constant .detach()")


def _warn(node: Any, call: str, place: tuple[str, int], scope: dict[str, Any]) -> None:
    registry = scope.setdefault("__warningregistry__", {})
    key = "left its graph", place[1]
    told, filters, count = registry.get(key, (None, None, 0))
    if told is None or filters is not warnings.filters or count != len(warnings.filters):
        told = _message(node, call, place)
        for leaf in node.leaves():  # explain() names the place where a path from a leaf ended
            leaf.metadata = _noted(leaf)
            leaf.metadata.left = f"{place[0]}:{place[1]}"
    warnings.warn_explicit(told, GraphWarning, *place, registry=registry)  # Python shows an equal text once for each line
    registry[key] = told, warnings.filters, len(warnings.filters)
