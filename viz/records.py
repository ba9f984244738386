"""The records of a picture: nodes, wires and boxes as plain data, which pictures, tables and pages show."""

from __future__ import annotations

from typing import NamedTuple

from .numbers import Shown


class DrawnNode(NamedTuple):
    """An input, gate, constant or output. ``id`` is the same however much of the graph is drawn.

    ``kind`` is "input", "gate", "constant" or "output"; ``label`` is its name. ``sign`` is the text in the gate,
    constants folded in; ``parts`` is the same in pieces, each with True where it is a constant. ``gradient`` is the
    node's ``.grad``: None while no backward pass has reached it. ``accumulated`` says that ``gradient`` holds more than
    the contributions on the wires that leave: an earlier pass's share. ``scope`` is the path of its scope, ``box`` the
    id of the box that it is drawn in. ``trouble`` is "first" where a nan or inf arises, "after" where one came in.
    ``hidden`` counts the gates inside a collapsed one. ``members`` are the numbers of the nodes that are drawn as this
    one, as in ``autograd.steps``.
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


class Wire(NamedTuple):
    """A value on its way from ``source`` into an argument of ``target``, and the gradient that comes back on it.

    ``contribution = upstream × local``; all are None while no backward pass has reached the wire. ``local`` of a wire
    into a collapsed gate is the gradient through all of it. ``formula`` is the local gradient as the picture writes it;
    ``note`` says where broadcasting expands and sums. ``edges`` are the edges that are drawn as this wire, each as the
    numbers of its operation (as in ``autograd.steps``) and of the argument; the wire of a result has none.
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
