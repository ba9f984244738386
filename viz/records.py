"""The records of a picture: nodes, wires and boxes as plain data, for pictures, tables and pages."""

from __future__ import annotations

from typing import NamedTuple

from autograd.notebook import table

from .numbers import Shown, show


class DrawnNode(NamedTuple):
    """An input, gate, constant or output. ``id`` is the same however much of the graph is drawn.

    ``kind`` is "input", "gate", "constant" or "output"; ``label`` is its unique name, prefixed with its scope's path where others
    share it. ``called`` is the same, or ``v`` and a number for a node without a name, as in ``autograd.steps``. ``sign`` is the
    text in the gate, with its constants; ``parts`` is the same in pieces, each with True for a constant. ``gradient`` is the node's
    ``.grad``: None before a backward pass reaches it. ``accumulated`` is True where ``gradient`` also holds contributions of
    earlier passes. ``scope`` is the path of its scope, ``box`` the id of its box in the picture. ``trouble`` is "first" where a nan
    or inf arises, "after" where one came in. ``hidden`` counts the gates inside a collapsed one, and ``inside`` the parameters that
    only they use. ``members`` are the numbers of the nodes drawn as this one, as in ``autograd.steps``.
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
    """A value in a formula: its name ("" without one), its name elsewhere, and its number."""

    label: str
    called: str
    value: Shown


class Wire(NamedTuple):
    """A wire from ``source`` to an argument of ``target``: the value forward, the gradient backward.

    ``contribution = upstream × local``; all are None before a backward pass reaches the wire. Into a collapsed gate, ``local`` is
    the gradient through the whole gate. ``formula`` is the local gradient in names of nodes; ``template`` is the same with
    placeholders ``{0}``, ``{1b}`` and ``{out}`` for its ``terms`` (the result last), so that a picture can write numbers for
    unnamed values. ``note`` describes broadcasting and the sum that undoes it. ``edges`` are the edges drawn as this wire, each as
    the numbers of its operation (as in ``autograd.steps``) and of the argument; a result's wire has none.
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
    """A scope drawn as an open frame; ``parent`` is the id of the box around it, or empty."""

    id: str
    name: str
    path: str
    parent: str


class Graph(NamedTuple):
    """The graph of a picture; ``gates`` counts the operations of the whole graph, drawn or not.

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
