"""The texts of one picture: names without the path of their frame, numbers whose products and sums agree, formulas."""

from __future__ import annotations

from collections import Counter

from autograd.symbolic import filled

from .numbers import Digits, brief, places_that_add_up, multiplied
from .records import DrawnNode, Graph, Term, Wire
from .svg import clip


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
        self.places: dict[str, int] = {}  # decimals of contributions that a reader can add up
        leaving: dict[str, list[Wire]] = {}
        for wire in graph.wires:
            leaving.setdefault(wire.source, []).append(wire)
        for node in graph.nodes:
            self._add_up(node, leaving.get(node.id, []))

    def _add_up(self, node: DrawnNode, wires: list[Wire]) -> None:
        parts = [wire.contribution for wire in wires if isinstance(wire.contribution, float)]
        if len(wires) > 1 and len(parts) == len(wires) and isinstance(node.gradient, float) and not node.accumulated:
            places = places_that_add_up(parts, node.gradient, self.digits)
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
            return wire.formula or ""
        said = [self._term(term, self.boxes[wire.target]) for term in wire.terms]
        return filled(wire.template, said, said[-1])

    def _term(self, term: Term, box: str) -> str:
        return brief(term.value, self.digits) if _is_written(term) else self.within(term.label or term.called, box)


def _spoken(wire: Wire) -> list[Term]:
    """The values that appear in a wire's formula."""
    places = [*map(str, range(len(wire.terms) - 1)), "out"]
    return [term for place, term in zip(places, wire.terms) if f"{{{place}}}" in wire.template or f"{{{place}b}}" in wire.template]


def _is_written(term: Term) -> bool:
    """True for a number without a name."""
    return not term.label and isinstance(term.value, float)
