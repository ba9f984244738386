"""The edge of the graph: a number that leaves it takes no gradient along, and the place where it leaves is told."""

from __future__ import annotations

import sys

from . import ops
from .context import current, differentiating, internal_packages
from .errors import GraphError, GraphWarning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .dual import Dual
    from .graph import Node

THROUGH = {"numpy", "pandas", "scipy"}  # packages that only pass a call on: the user's line is behind them
LOOKING = ("matplotlib", "logging")  # packages that show numbers; numpy.testing compares them


def escape(node: Node | Dual, call: str) -> None:
    """Refuse, or outside a derivative warn of, a number that leaves its graph by ``call``; nodes without gradient may.

    Inside a derivative (``grad``, ``jvp``, ``check_gradients``, a recording) raises GraphError, because the result would
    be wrong; elsewhere warns once for each line of the user's. Within ``no_grad`` and in plots and logs it is silent.
    """
    context = current()
    if context is not None and not context.recording or not _takes_gradient(node):
        return
    frame: Any = sys._getframe(2)
    compares = False
    while frame.f_back is not None and _package(frame) in internal_packages | THROUGH:
        compares = compares or frame.f_globals.get("__name__", "").startswith("numpy.testing")
        frame = frame.f_back
    if _package(frame) in LOOKING:
        return
    place = (frame.f_code.co_filename, frame.f_lineno)
    if differentiating.get():
        raise GraphError(_message(node, call, place))
    if not compares:
        _warn(node, call, place, frame.f_globals)


def warn_of_rebinding(node: Node, sign: str) -> None:
    """Warn, once for each line, that ``w -= …`` leaves a leaf that has a gradient as it was, and rebinds the name."""
    if node.op is not None or node.grad is None:
        return
    frame: Any = sys._getframe(2)
    while frame.f_back is not None and _package(frame) in internal_packages:
        frame = frame.f_back
    from warnings import warn_explicit
    warn_explicit(f"{node.describe()} {sign} …: this makes a new node, to which the name refers from here on; the leaf is as "
                  f"before, and the graph grows with each such step. To update it write x.data {sign} …", GraphWarning,
                  frame.f_code.co_filename, frame.f_lineno, registry=frame.f_globals.setdefault("__warningregistry__", {}))


def _takes_gradient(node: Any) -> bool:
    return getattr(node, "op", None) is not ops.constant and getattr(node, "requires_grad", True)


def _package(frame: Any) -> str:
    name: str = frame.f_globals.get("__name__") or ""
    return name.partition(".")[0]


def _message(node: Any, call: str, place: tuple[str, int]) -> str:
    from linecache import getline
    code = getline(*place).strip()
    where = f"{place[0]}:{place[1]}" + (f", {code}" if code else "")
    return (f"{call} of {node.describe()} ({where}): the number leaves its graph here, and no gradient follows it. To keep the "
            "gradient use autograd's own functions and operators (autograd.tanh(x) for math.tanh(x), autograd.stack([x, y]) for "
            "np.array([x, y])); for the number alone write .item(), for the array .data, for a constant .detach()")


def _warn(node: Any, call: str, place: tuple[str, int], scope: dict[str, Any]) -> None:
    from warnings import warn_explicit
    registry = scope.setdefault("__warningregistry__", {})
    if not any(key[1] is GraphWarning and key[2] == place[1] for key in registry if isinstance(key, tuple)):
        for leaf in node.leaves():  # explain() names the place at which a way out of a leaf ended
            name, scope_, site = (*(leaf.metadata or ()), None, None, None)[:3]
            leaf.metadata = (name, scope_, site, f"{place[0]}:{place[1]}")
    warn_explicit(_message(node, call, place), GraphWarning, *place, registry=registry)
