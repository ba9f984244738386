"""The texts of one picture: names without the path of their frame, numbers whose products and sums agree, formulas."""

from __future__ import annotations

import math
import re
from collections import Counter

from autograd.symbolic import filled

from .numbers import Digits, Shown, brief, multiplied, number, places_that_add_up, places_that_multiply_out
from .records import DrawnNode, Graph, Term, Wire
from .svg import clip

ROUNDS = 4


class Wording:
    """Texts for a graph's records, with ``digits`` for each number, and more where a sum or product needs them.

    >>> from autograd import Value
    >>> from viz import graph
    >>> x = Value(0.3334, "x")
    >>> y = x.exp() + x
    >>> y.backward()
    >>> g = graph(y)
    >>> words = Wording(g)
    >>> [words.gradient(wire) for wire in g.wires[:2]], words.formula(g.wires[0])
    (['1.40', '1.00'], '1.40')
    """

    def __init__(self, graph: Graph, digits: Digits = "auto"):
        self.digits: Digits = digits
        self.paths = {box.id: f"{box.path}/" for box in graph.boxes}
        self.labels = {node.called for node in graph.nodes}
        self.clipped = Counter(map(clip, self.labels))
        self.boxes = {node.id: node.box for node in graph.nodes}
        self.spoken = {term.called for wire in graph.wires for term in _spoken(wire) if not _is_written(term)}
        self.places: dict[str, int] = {}  # decimals of contributions by wire, where more than usual are needed
        self.totals: dict[str, int] = {}  # the same for gradients, by node
        self.values: dict[str, int] = {}  # for values, by name
        self.locals: dict[str, int] = {}  # for local gradients that are no value, by wire
        leaving: dict[str, list[Wire]] = {}
        entering: dict[str, list[Wire]] = {}
        for wire in graph.wires:
            leaving.setdefault(wire.source, []).append(wire)
            entering.setdefault(wire.target, []).append(wire)
        for _ in range(ROUNDS):  # more digits of a value can spoil another product of it
            if not sum(self._multiply_out(node, entering.get(node.id, [])) for node in graph.nodes):
                break
        for node in graph.nodes:
            self._add_up(node, leaving.get(node.id, []))

    def _multiply_out(self, node: DrawnNode, wires: list[Wire]) -> bool:
        """Add the decimals with which a gate's gradient and single-number local gradients give the shown products."""
        factors = [(wire.local, *self._factor(wire)) for wire in wires
                   if isinstance(wire.local, float) and _is_product(wire) and not _is_long(wire)]
        if not isinstance(node.gradient, float) or node.kind != "gate" or not factors:
            return False
        known = [(self.totals, node.id), *((kind, key) for _, kind, key in factors)]
        before = [kind.get(key, 0) for kind, key in known]
        needed = places_that_multiply_out(node.gradient, [local for local, _, _ in factors], self.digits, before)
        for (kind, key), places in zip(known, needed):
            if places:
                kind[key] = places
        return needed != before

    def _factor(self, wire: Wire) -> tuple[dict[str, int], str]:
        """The mapping and the key for the decimals of a local gradient: those of its value, if it is one."""
        spoken = _spoken(wire)
        return (self.values, spoken[0].called) if spoken else (self.locals, wire.id)

    def _add_up(self, node: DrawnNode, wires: list[Wire]) -> None:
        parts = [wire.contribution for wire in wires if isinstance(wire.contribution, float)]
        places = self.totals.get(node.id, 0)
        if len(wires) > 1 and len(parts) == len(wires) and isinstance(node.gradient, float) and not node.accumulated:
            places = places_that_add_up(parts, node.gradient, self.digits, places)
        self.places.update((wire.id, places) for wire in wires if places)

    def name(self, node: DrawnNode, box: str | None = None) -> str:
        """The name of a node inside a box (None: its own box); an unnamed array in formulas gets its number."""
        label = node.label or (node.called if node.called in self.spoken else "")
        return self.within(label, node.box if box is None else box)

    def within(self, label: str, box: str) -> str:
        """A name without the path of its box, unless another name would be equal."""
        path = self.paths.get(box, "")
        short = label[len(path):] if path and label.startswith(path) else label
        short = label if short in self.labels else short
        return short if self.clipped[clip(short)] < 2 else f"…{short[-23:]}"  # their ends tell equal beginnings apart

    def value(self, value: Shown, node: DrawnNode) -> str:
        """The text of a node's value, or of one of its results."""
        return brief(value, self.digits, self.values.get(node.called, 0))

    def total(self, node: DrawnNode) -> str:
        """The text of a node's gradient."""
        return brief(node.gradient, self.digits, self.totals.get(node.id, 0))

    def gradient(self, wire: Wire) -> str:
        """The gradient on a wire."""
        return brief(wire.contribution, self.digits, self.places.get(wire.id, 0))

    def product(self, wire: Wire) -> tuple[str, str, str] | None:
        """Upstream, local and downstream gradient, rounded consistently; None where one of them is missing or not a number."""
        numbers = wire.upstream, wire.local, wire.contribution
        if not (isinstance(numbers[0], float) and isinstance(numbers[1], float) and isinstance(numbers[2], float)):
            return None
        return multiplied(numbers[0], numbers[1], numbers[2], self.digits, self.places.get(wire.id, 0))

    def formula(self, wire: Wire) -> str:
        """The local gradient as text: names where there are names, else numbers."""
        if not wire.terms:
            if wire.formula and wire.id not in self.locals:
                return wire.formula
            return number(wire.local, self.digits, self.locals.get(wire.id, 0)) if isinstance(wire.local, float) else ""
        said = [self._term(term, self.boxes[wire.target]) for term in wire.terms]
        return filled(wire.template, said, said[-1])

    def _term(self, term: Term, box: str) -> str:
        if _is_written(term):
            return brief(term.value, self.digits, self.values.get(term.called, 0))
        return self.within(term.label or term.called, box)


def _is_product(wire: Wire) -> bool:
    """True where upstream × local gives the contribution; not for branches not taken."""
    return (isinstance(wire.upstream, float) and isinstance(wire.local, float) and isinstance(wire.contribution, float)
            and math.isclose(wire.upstream * wire.local, wire.contribution))


def _is_long(wire: Wire) -> bool:
    """True for a local gradient that is a formula, not one number or name."""
    short, text = (r"\{(\d+|out)b?\}", wire.template) if wire.terms else (r"(−?\d+(\.\d+)?)?", wire.formula or "")
    return not re.fullmatch(short, text)


def _spoken(wire: Wire) -> list[Term]:
    """The values that appear in a wire's formula."""
    places = [*map(str, range(len(wire.terms) - 1)), "out"]
    return [term for place, term in zip(places, wire.terms) if f"{{{place}}}" in wire.template or f"{{{place}b}}" in wire.template]


def _is_written(term: Term) -> bool:
    """True for a number without a name."""
    return not term.label and isinstance(term.value, float)
