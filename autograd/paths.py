"""Why a gradient is zero, small or huge: the paths from a result to an input, and the edge that decides each."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from itertools import islice
from math import exp, inf, isfinite, log
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from .symbolic import formula, operand_names
from .graph import check_node, topological
from .languages import reader_language, spoken
from .notebook import shortened, table
from .operation import Operation
from .path_words import WORDS
from .sweep import sweep_edges

SMALL, LARGE = 1e-3, 1e3  # a local gradient beyond these is named as the cause of a small or large path


class Link(NamedTuple):
    """One edge of a path, from ``node`` to its operand ``input``, with its local gradient and a remark about it.

    For arrays ``local`` is the gain: how much longer the gradient that arrives is than the one that came.
    """

    node: Any
    input: Any
    operation: str
    formula: str
    local: float
    remark: str

    def __repr__(self) -> str:
        return f"<Link to {_label(self.input)}: {self.operation}, {_number(self.local)}>"


class Path(NamedTuple):
    """A way from the result to the input: its edges, and the product of their local gradients."""

    links: tuple[Link, ...]
    product: float

    @property
    def decisive(self) -> Link | None:
        """The edge that kills the path, or shrinks or stretches it most; None where no edge is remarkable."""
        return max((link for link in self.links if link.remark), key=lambda link: abs(_log(link.local)), default=None)

    def __repr__(self) -> str:
        return f"<Path of {len(self.links):,} edges, product {_number(self.product)}>"


class Explanation(NamedTuple):
    """Result of ``explain``; printed, it says in words why the gradient is so. ``ways`` is the number of all paths, exactly.

    It is shown in the language ``lang``, "en" or "ko", by default the system's; ``summary`` and remarks stay English.
    """

    result: str
    input: str
    gradient: Any
    ways: int
    paths: tuple[Path, ...]
    summary: str
    lang: str | None = None

    def said(self, text: str) -> str:
        """Return one of its texts, such as ``summary``, in its language."""
        return spoken(text, reader_language(self.lang), FilePath(__file__).parent, WORDS)

    def _describe(self, path: Path) -> tuple[str, str, list[str]]:
        """A path in words: its nodes, its factors with their product, and remarks."""
        way = _shortened([self.result, *(_label(link.input) for link in path.links)])
        factors = _shortened([_number(link.local) for link in path.links] or ["1"])
        remarks = _shortened([f"{link.operation}: {self.said(link.remark)}" for link in path.links if link.remark])
        way, factors, remarks = (list(map(self.said, parts)) for parts in (way, factors, remarks))
        return " → ".join(way), f"{' · '.join(factors)} = {_number(path.product)}", remarks

    def __str__(self) -> str:
        lines = [self.said(self.summary)]
        for way, product, remarks in map(self._describe, self.paths):
            lines += [f"  {way}:  {product}", *(f"      {remark}" for remark in remarks)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return shortened(str(self))

    def _repr_html_(self) -> str:
        rows = [(way, product, "; ".join(remarks)) for way, product, remarks in map(self._describe, self.paths)]
        return table(list(map(self.said, ("path", "product of local gradients", "remarks"))), rows, self.said(self.summary))


def explain(y: Any, x: Any, most: int = 3, lang: str | None = None) -> Explanation:
    """Explain the gradient of ``y`` with respect to ``x``: the strongest paths, and the decisive edges.

    ``most`` is the number of paths described, those with the largest products first; all paths are counted.
    ``lang``, "en" or "ko", is the language of the printed text, by default the system's. Works on Values and Tensors. The graph is
    not changed. Raises TypeError for an argument that is not a node, ValueError for ``most`` below 1 and for another language.

    >>> from autograd import Value, relu
    >>> x = Value(-2.0, "x")
    >>> print(explain(relu(3 * x), x))
    the gradient of relu with respect to x is 0: the only path is killed at relu, which is closed: x = -6 ≤ 0
      relu → mul → x:  0 · 3 = 0
          relu: which is closed: x = -6 ≤ 0
    """
    for node in (y, x):
        check_node(node, "explain")
    if most < 1:
        raise ValueError(f"explain(most={most}): the number of paths to describe must be 1 or more")
    lang, order = reader_language(lang), topological(y)
    if x not in set(order):
        return Explanation(_label(y), _label(x), 0.0, 0, (), _unreached(y, x, order), lang)
    adjoints: dict[Any, Any] = {y: y.seed_gradient(None if getattr(y, "size", 1) == 1 else _ones(y), False)}
    counts: dict[Any, int] = {y: 1}
    best: dict[Any, list[_PartialPath]] = {y: [_PartialPath(1.0, 0, None, None)]}
    above = _between(order, x)
    for edge in sweep_edges(reversed(order), adjoints, needed=above):
        node, i, child, upstream, local, downstream, _, _ = edge
        with y.sweep_context():
            gain = _gain(local, upstream, downstream)
        counts[child] = counts.get(child, 0) + counts[node]
        grown = [_PartialPath(way.product * gain, way.killed + (gain == 0), (node, i, child, gain, upstream, downstream), way)
                 for way in best[node]]
        best[child] = nlargest(most, best.get(child, []) + grown, _strength)
    gradient = _plain(adjoints[x] if x in adjoints else x.zero_gradient())
    paths = tuple(way.path() for way in best[x])
    summary = _summary(y, x, gradient, counts[x], paths) + _uncounted(x, order)
    return Explanation(_label(y), _label(x), gradient, counts[x], paths, summary, lang)


class _PartialPath(NamedTuple):
    """A partial path: its last edge and the path before it, so that extending it copies nothing."""

    product: float
    killed: int
    edge: tuple[Any, ...] | None
    before: _PartialPath | None

    def path(self) -> Path:
        links = []
        way: _PartialPath | None = self
        while way is not None and way.edge is not None:
            links.append(_link(*way.edge))
            way = way.before
        return Path(tuple(reversed(links)), self.product)


def _strength(way: _PartialPath) -> tuple[float, int]:
    """Larger products first, nan before all; of those that are dead, the one with fewer killed edges."""
    return abs(way.product) if way.product == way.product else inf, -way.killed


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
    if local is not None and not any(getattr(x, "shape", ()) for x in (local, upstream, downstream)):
        return float(local) if isfinite(local) or not isfinite(downstream) else 0.0
    long = _length(upstream)
    return _length(downstream) / long if long else 0.0


def _link(node: Any, argument: int, child: Any, gain: float, upstream: Any, downstream: Any) -> Link:
    text = formula(node.op, argument, *operand_names(node.operands))
    if gain == 0 and not _length(upstream):  # already 0
        return Link(node, child, str(node.op), text, gain, "")
    if not any(getattr(x, "shape", ()) for x in (upstream, downstream)) and isinstance(node.op, Operation):
        remark = _remark(node.op, [_plain(getattr(z, "data", z)) for z in node.operands], argument, gain)
    else:
        remark = _array_remark(str(node.op), gain, upstream, downstream)
    return Link(node, child, str(node.op), text, gain, remark)


_DEAD = {"relu": "it is closed there", "sigmoid": "it is saturated there", "tanh": "it is saturated there",
         "clip_min": "they lie below the bound", "clip_max": "they lie above the bound", "where": "the other branch was chosen",
         "maximum": "the other operand was chosen", "minimum": "the other operand was chosen"}


def _array_remark(op: str, gain: float, upstream: Any, downstream: Any) -> str:
    """Describe a remarkable effect of an edge between arrays on the gradient; empty where no gradient arrives."""
    if not getattr(downstream, "size", 1):
        return ""
    if not isfinite(gain):
        return "the gradient is nan or inf behind it" if isfinite(_length(upstream)) else ""
    zeros = getattr(downstream == 0, "mean", lambda: float(downstream == 0))() - getattr(upstream == 0, "mean", lambda: 0.0)()
    dead = f"{getattr(downstream == 0, 'mean', lambda: 1.0)():.0%} of the gradient's entries are zero behind it"
    dead += f": {_DEAD[op]}" if op in _DEAD else ""
    if gain == 0 or zeros > 0.5 and op in _DEAD:
        return dead
    if gain < SMALL:
        why = ", where it is saturated" if op in ("sigmoid", "tanh") else ""
        return f"it shrinks the gradient to {gain:.2g} of its length{why}"
    return f"it stretches the gradient {gain:.2g} times" if gain > LARGE else ""


def _remark(op: Operation, operands: list[float], argument: int, local: float) -> str:
    """Describe a remarkable local gradient of a number's operation; empty for others."""
    x = operands[argument]
    if local != 0 and SMALL <= abs(local) <= LARGE:
        return ""
    if local != local:
        return f"whose local gradient is nan at {x:.4g}"
    if abs(local) > LARGE:
        return f"which is steep: the local gradient is {local:.4g} at {x:.4g}"
    if op.partials[argument] is False:
        return "which has no derivative: it is flat wherever it is smooth"
    if op in ("relu", "leaky_relu"):
        return f"which is closed: x = {x:.4g} ≤ 0"
    if op in ("sigmoid", "tanh", "softplus", "elu", "exp", "expm1", "arctan"):
        return f"which is saturated: at x = {x:.4g} the local gradient is {local:.2g}"
    if op in ("clip_min", "clip_max", "maximum", "minimum"):
        return f"which chose the other branch: {operands[1 - argument]:.4g}, not {x:.4g}"
    if op == "mul":
        return f"whose other factor is {operands[1 - argument]:.4g}"
    if op == "div" and argument == 0:
        return f"whose divisor is {operands[1]:.4g}"
    return f"which is flat there: the local gradient is {_number(local, 2)} at {x:.4g}"


def _summary(y: Any, x: Any, gradient: Any, count: int, paths: tuple[Path, ...]) -> str:
    size = abs(gradient) if isinstance(gradient, float) else _length(gradient)
    shown = _number(gradient) if isinstance(gradient, float) else f"an array of length {size:.4g}"
    head = f"the gradient of {_label(y)} with respect to {_label(x)} is {shown}"
    many = "the only path" if count == 1 else f"the strongest of {count:,} paths"
    best = paths[0]
    if y is x:
        return f"{head}: it is the result itself"
    if getattr(gradient, "size", 1) == 0:
        return f"{head}: it has no entries"
    bad = next((link for path in paths for link in path.links if not isfinite(link.local)), None)
    if size != size or bad is not None:
        if bad is None:
            return f"{head}: on the way products grow beyond the largest number, and ∞ − ∞ or 0 · ∞ is nan"
        also = ", and 0 · ∞ is nan" if size != size and any(link.local == 0 for path in paths for link in path.links) else ""
        return f"{head}: {many} goes through {bad.operation}, {bad.remark or 'which is not finite'}{also}"
    if count > 1 and best.product and size < SMALL * abs(best.product):
        return f"{head}: its {count:,} paths {'nearly ' if size else ''}cancel each other"
    if count > 1 and best.product and size > LARGE * abs(best.product):
        return f"{head}: its {count:,} paths add up, the strongest of them to no more than {_number(best.product)}"
    decisive = best.decisive
    total = sum(_log(link.local) for link in best.links)
    if abs(total) > log(LARGE) and (decisive is None or abs(_log(decisive.local)) < abs(total) / 2):
        verb = "shrinks" if total < 0 else "grows"
        each = exp(total / len(best.links))
        return f"{head}: {many} {verb} little by little, over {len(best.links):,} edges that multiply by {each:.3g} on average"
    if decisive is None:
        return f"{head}: {many} has the product {_number(best.product)}, and no edge of it is remarkable"
    verb = "killed" if decisive.local == 0 else "made small" if abs(decisive.local) < 1 else "made large"
    return f"{head}: {many} is {verb} at {decisive.operation}, {decisive.remark}"


def _unreached(y: Any, x: Any, order: list[Any]) -> str:
    head = f"the gradient of {_label(y)} with respect to {_label(x)} is 0: there is no path between them"
    if cut := _labels(z for z in _constants(order) if z.op is not None or z.name):
        return f"{head}; some of it was detached or computed within no_grad(), {cut}, where a path may have been cut"
    if left := getattr(x.metadata, "left", None):
        return f"{head}; it left its graph as a plain number at {left}; use autograd's functions there"
    return f"{head}; {_label(x)} was not used in computing it (was it changed to a plain number, or made anew?)"


def _uncounted(x: Any, order: list[Any]) -> str:
    """Name the constants that may have cut a path: any among numbers; among arrays, which are data, those of the same name."""
    arrays = hasattr(x, "shape")
    cut = _labels(z for z in _constants(order) if (z.name is not None and z.name == x.name if arrays else z.op is not None))
    return f"; what was detached or computed within no_grad(), {cut}, passes none" if cut else ""


def _constants(order: list[Any]) -> Iterator[Any]:
    """The nodes without gradient among the nodes and their operands."""
    return (z for node in order for z in (node, *node.operands)
            if hasattr(z, "inputs") and (str(z.op or "") == "constant" or not getattr(z, "requires_grad", True)))


def _labels(nodes: Iterator[Any]) -> str:
    return ", ".join(islice(dict.fromkeys(map(_label, nodes)), 3))


def _label(node: Any) -> str:
    if node.name or node.op and str(node.op) != "constant":
        return str(node.name or node.op)
    shape = getattr(node, "shape", ())
    return f"a {'constant' if node.op else 'leaf'} {f'of shape {shape}' if shape else f'of {node.item():.4g}'}"


def _number(x: float, digits: int = 4) -> str:
    return f"{x + 0.0:.{digits}g}"  # no minus before 0


def _plain(x: Any) -> Any:
    """An array without axes as a number."""
    return x if getattr(x, "shape", ()) else float(x)


def _log(x: float) -> float:
    """The logarithm of the size, for comparing edges; 0 and values that are not finite are beyond all others."""
    return -inf if x == 0 else log(abs(x)) if isfinite(x) else inf


def _length(x: Any) -> float:
    if not getattr(x, "size", 0):
        return 0.0 if hasattr(x, "shape") else abs(x)
    largest = float(abs(x).max())  # divided out first, because squares could leave the range of floats
    return largest * float(((x / largest) ** 2).sum()) ** 0.5 if 0 < largest < inf else largest


def _ones(y: Any) -> Any:
    return 1.0 + 0.0 * y.array
