"""The records of a picture: nodes, wires and boxes as plain data, which pictures, tables and pages show."""

from __future__ import annotations

from typing import NamedTuple

from autograd.notebook import table

from .numbers import Shown, show


class DrawnNode(NamedTuple):
    """An input, gate, constant or output. ``id`` is the same however much of the graph is drawn.

    ``kind`` is "input", "gate", "constant" or "output"; ``label`` is its name, which no other node has: behind the path of its
    scope where others are called so. ``called`` is the same, or for a node without a name ``v`` and its number, as in
    ``autograd.steps``. ``sign`` is the text in the gate, constants folded in; ``parts`` is the same in pieces, each with True
    where it is a constant. ``gradient`` is the node's ``.grad``: None while no backward pass has reached it. ``accumulated``
    says that ``gradient`` holds more than the contributions on the wires that leave: an earlier pass's share. ``scope`` is the
    path of its scope, ``box`` the id of the box that it is drawn in. ``trouble`` is "first" where a nan or inf arises, "after"
    where one came in. ``hidden`` counts the gates inside a collapsed one, ``inside`` the numbers of the inputs that only they
    use. ``members`` are the numbers of the nodes that are drawn as this one, as in ``autograd.steps``.
    """

    id: str
    kind: str
    label: str
    operation: str
    sign: str
    parts: tuple[tuple[str, bool], ...]
    value: Shown
    gradient: Shown
    accumulated: bool = False
    scope: str = ""
    box: str = ""
    trouble: str = ""
    hidden: int = 0
    members: tuple[int, ...] = ()
    called: str = ""
    inside: int = 0


class Term(NamedTuple):
    """A value that a formula speaks of: its name ("" without one), the name that it goes by otherwise, and its number."""

    label: str
    called: str
    value: Shown


class Wire(NamedTuple):
    """A value on its way from ``source`` into an argument of ``target``, and the gradient that comes back on it.

    ``contribution = upstream × local``; all are None while no backward pass has reached the wire. ``local`` of a wire into a
    collapsed gate is the gradient through all of it. ``formula`` is the local gradient in names of nodes; ``template`` is the
    same with places ``{0}``, ``{1b}`` and ``{out}`` for its ``terms``, of which the last is the result, so that a picture can
    write numbers for what has no name. ``note`` says where broadcasting expands and sums. ``edges`` are the edges that are drawn
    as this wire, each as the numbers of its operation (as in ``autograd.steps``) and of the argument; the wire of a result has
    none.
    """

    id: str
    source: str
    target: str
    argument: int
    value: Shown
    contribution: Shown
    local: Shown
    formula: str | None
    upstream: Shown
    trouble: str = ""
    note: str = ""
    edges: tuple[tuple[int, int], ...] = ()
    template: str = ""
    terms: tuple[Term, ...] = ()


class Box(NamedTuple):
    """A scope that is drawn open; ``parent`` is the id of the box around it, or empty."""

    id: str
    name: str
    path: str
    parent: str


class Graph(NamedTuple):
    """Everything that is drawn; ``gates`` counts the operations of the whole graph, drawn or not.

    >>> from viz import graph
    >>> drawn = graph(Value(2.0, "x") * 3)
    >>> drawn.gates, [wire.value for wire in drawn.wires]
    (1, [2.0, 6.0])
    """

    nodes: tuple[DrawnNode, ...]
    wires: tuple[Wire, ...]
    boxes: tuple[Box, ...]
    notes: tuple[str, ...]
    gates: int

    def __repr__(self) -> str:
        return f"<Graph of {self.gates:,} gates: {len(self.nodes):,} nodes and {len(self.wires):,} wires are drawn>"

    def _repr_html_(self) -> str:
        rows = [(node.id, node.kind, node.label, node.sign, show(node.value), show(node.gradient)) for node in self.nodes]
        return table(["id", "kind", "label", "sign", "value", "gradient"], rows, repr(self)[1:-1], self.notes)
