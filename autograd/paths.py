"""Why a gradient is zero, small or huge: the paths from a result to an input, and the edge that decides each."""

from __future__ import annotations

from heapq import nlargest
from math import inf, log
from typing import Any, NamedTuple

from .formula import formula, operand_names
from .graph import topological
from .row import Row

SMALL, LARGE = 1e-3, 1e3  # a local gradient beyond these is named as what makes a path small or large


class Link(NamedTuple):
    """One edge of a path, from ``node`` to its operand ``input``: its local gradient and what that means.

    For arrays ``local`` is the gain: how much longer the gradient that arrives is than the one that came.
    """

    node: Any
    input: Any
    operation: str
    formula: str
    local: float
    remark: str


class Path(NamedTuple):
    """A way from the result to the input: its edges, and the product of their local gradients."""

    links: tuple[Link, ...]
    product: float

    @property
    def decisive(self) -> Link | None:
        """The edge that kills the path, or shrinks or stretches it most; None where no edge is remarkable."""
        remarkable = [link for link in self.links if link.remark]
        return max(remarkable, key=lambda link: inf if not link.local else abs(log(abs(link.local))), default=None)


class Explanation(NamedTuple):
    """What ``explain`` found; printed, it says it in words. ``ways`` is the number of all paths, exactly."""

    result: str
    input: str
    gradient: Any
    ways: int
    paths: tuple[Path, ...]
    summary: str

    def __str__(self) -> str:
        lines = [self.summary]
        for path in self.paths:
            way = _shortened([self.result, *(_label(link.input) for link in path.links)])
            factors = _shortened([f"{link.local:.4g}" for link in path.links])
            lines.append(f"  {' → '.join(way)}:  {' · '.join(factors)} = {path.product:.4g}")
            lines += _shortened([f"      {link.operation}: {link.remark}" for link in path.links if link.remark])
        return "\n".join(lines)


def explain(y: Any, x: Any, most: int = 3) -> Explanation:
    """Why the gradient of ``y`` with respect to ``x`` is what it is: the strongest paths, and the edges that decide.

    ``most`` is how many paths are told, those with the largest products first; all are counted, however many.
    Works on Values and Tensors. Nothing is changed. Raises TypeError for what is not a node.

    >>> from autograd import Value, relu
    >>> x = Value(-2.0, "x")
    >>> print(explain(relu(3 * x), x))
    the gradient of relu with respect to x is 0: the only path is killed at relu, which is closed: x = -6 ≤ 0
      relu → mul → x:  0 · 3 = 0
          relu: which is closed: x = -6 ≤ 0
    """
    for node in (y, x):
        if not hasattr(node, "_arrivals"):
            raise TypeError(f"explain({node!r:.60}): that is a {type(node).__name__}; give the result and an "
                            "input as nodes")
    order = topological(y)
    if x not in set(order):
        return Explanation(_label(y), _label(x), 0.0, 0, (), _unreached(y, x, order))
    totals: dict[Any, Any] = {y: y._seed(None if getattr(y, "size", 1) == 1 else _ones(y), False)}
    counts: dict[Any, int] = {y: 1}
    best: dict[Any, list[_Way]] = {y: [_Way(1.0, 0, None, None)]}
    above = _between(order, x)
    with y._silence():
        for node in reversed(order):
            if node not in totals or node not in above:
                continue
            for i, child, local, downstream in node._arrivals(totals[node]):
                if child not in above:
                    continue
                gain = _gain(local, totals[node], downstream)
                totals[child] = totals[child] + downstream if child in totals else downstream
                counts[child] = counts.get(child, 0) + counts[node]
                edge = (node, i, child, gain, downstream)
                grown = [_Way(way.product * gain, way.killed + (gain == 0), edge, way) for way in best[node]]
                best[child] = nlargest(most, best.get(child, []) + grown, _strength)
    gradient = totals[x]
    paths = tuple(way.path() for way in best[x])
    return Explanation(_label(y), _label(x), gradient, counts[x], paths, _summary(y, x, gradient, counts[x], paths))


class _Way(NamedTuple):
    """A path under way: its last edge and what came before, so that growing it copies nothing."""

    product: float
    killed: int
    edge: tuple[Any, ...] | None
    before: _Way | None

    def path(self) -> Path:
        links = []
        way: _Way | None = self
        while way is not None and way.edge is not None:
            links.append(_link(*way.edge))
            way = way.before
        return Path(tuple(reversed(links)), self.product)


def _strength(way: _Way) -> tuple[float, int]:
    """Larger products first; of those that are dead, the one with fewer killed edges."""
    return abs(way.product), -way.killed


def _shortened(parts: list[str], ends: int = 8) -> list[str]:
    more = len(parts) - 2 * ends
    return parts if more < 2 else [*parts[:ends], f"… {more:,} more …", *parts[-ends:]]


def _between(order: list[Any], x: Any) -> set[Any]:
    """The nodes that depend on ``x``, and ``x``."""
    above = {x}
    for node in order:
        if not above.isdisjoint(node.inputs):
            above.add(node)
    return above


def _gain(local: Any, upstream: Any, downstream: Any) -> float:
    """The local gradient of a number; of an array, how much longer the gradient becomes."""
    if isinstance(downstream, float):
        return float(local)
    long = _length(upstream)
    return _length(downstream) / long if long else 0.0


def _link(node: Any, argument: int, child: Any, gain: float, downstream: Any) -> Link:
    text = formula(node.op, argument, *operand_names(node.operands))
    if isinstance(downstream, float):
        remark = _remark(node.op, [getattr(z, "data", z) for z in node.operands], argument, gain)
    else:
        dead = float((downstream == 0).mean()) if downstream.size else 0.0
        remark = ""
        chooses = str(node.op) in ("relu", "sigmoid", "tanh", "clip_min", "clip_max", "where")
        if gain < SMALL or (dead > 0.5 and chooses):
            remark = f"it shrinks the gradient to {gain:.2g}"
            if dead:
                remark = f"{dead:.0%} of the gradient's entries are zero behind it"
        elif gain > LARGE:
            remark = f"it stretches the gradient {gain:.2g} times"
    return Link(node, child, str(node.op), text, gain, remark)


def _remark(op: Row, operands: list[float], argument: int, local: float) -> str:
    """What a remarkable local gradient of a number's operation means, in words; empty for others."""
    x = operands[argument]
    if local != 0 and SMALL <= abs(local) <= LARGE:
        return ""
    if abs(local) > LARGE:
        return f"which is steep: the local gradient is {local:.4g} at {x:.4g}"
    if op.partials[argument] is False:
        return "which has no derivative: it is flat wherever it is smooth"
    if op in ("relu", "leaky_relu"):
        return f"which is closed: x = {x:.4g} ≤ 0"
    if op in ("sigmoid", "tanh", "softplus", "elu", "exp", "expm1", "arctan"):
        return f"which is saturated: at x = {x:.4g} the local gradient is {local:.2g}"
    if op in ("clip_min", "clip_max", "maximum", "minimum"):
        return f"which chose the other branch: {x:.4g} was not taken"
    if op == "mul":
        return f"whose other factor is {operands[1 - argument]:.4g}"
    return f"the local gradient is {local:.2g} at {x:.4g}"


def _summary(y: Any, x: Any, gradient: Any, count: int, paths: tuple[Path, ...]) -> str:
    size = abs(gradient) if isinstance(gradient, float) else _length(gradient)
    shown = f"{gradient:.4g}" if isinstance(gradient, float) else f"an array of length {size:.4g}"
    head = f"the gradient of {_label(y)} with respect to {_label(x)} is {shown}"
    many = "the only path" if count == 1 else f"the strongest of {count:,} paths"
    decisive = paths[0].decisive
    if size == 0 and paths[0].product != 0:
        return f"{head}: its {count:,} paths cancel each other"
    if decisive is None:
        return f"{head}: {many} has the product {paths[0].product:.4g}, and no edge of it is remarkable"
    verb = "killed" if decisive.local == 0 else "made small" if abs(decisive.local) < 1 else "made large"
    return f"{head}: {many} is {verb} at {decisive.operation}, {decisive.remark}"


def _unreached(y: Any, x: Any, order: list[Any]) -> str:
    cut = [node for node in order if str(node.op or "") == "constant"]
    operands = [z for node in order for z in node.operands if getattr(z, "requires_grad", True) is False]
    why = f"{_label(x)} was not used in computing it (was it changed to a plain number, or made anew?)"
    if cut or operands:
        named = ", ".join(map(_label, [*cut, *operands][:3]))
        why = f"some of it was detached or computed within no_grad(), {named}, where a path may have been cut"
    return f"the gradient of {_label(y)} with respect to {_label(x)} is 0: there is no path between them; {why}"


def _label(node: Any) -> str:
    return node.name or (str(node.op) if node.op else "a leaf")


def _length(x: Any) -> float:
    return float((abs(x) ** 2).sum()) ** 0.5


def _ones(y: Any) -> Any:
    return 1.0 + 0.0 * y._data
