"""The walk through backpropagation as plain records: every operation forward, then every edge backward."""

from __future__ import annotations

from typing import Any, NamedTuple

from .formula import constant, formula, operand_names
from .graph import topological


class Edge(NamedTuple):
    """One wire, walked backward: ``downstream = upstream × local`` arrives at ``target`` and is added up there.

    ``local`` is the local gradient as a number, ``formula`` as text; ``total`` is the sum of what has arrived at
    the target so far, this contribution included; ``target`` and ``source`` are numbers of nodes.
    """

    source: int
    target: int
    argument: int
    target_label: str
    upstream: Any
    local: Any
    formula: str
    downstream: Any
    total: Any


class Step(NamedTuple):
    """One step: a node computed (``phase`` "forward") or its gradient passed on to its inputs ("backward").

    ``node`` is the node's number in topological order, ``label`` its name or ``v`` and the number (``vv`` where
    a name is like that); ``operation`` is the row's name, "input" for a leaf. ``inputs`` are the operands' labels,
    constants as numbers. ``value`` is the node's number, ``gradient`` the gradient of the result with respect to it
    (None in the forward phase), complete when its step comes; ``edges`` are its wires to its inputs (empty in the
    forward phase).
    """

    phase: str
    node: int
    label: str
    operation: str
    sign: str
    inputs: tuple[Any, ...]
    value: Any
    gradient: Any
    edges: tuple[Edge, ...]
    scope: str


def steps(y: Any, seed: Any = None) -> list[Step]:
    """The walk through the graph of ``y``: forward in topological order, then backward; nothing is changed.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> walk = steps(x * x)
    >>> [(s.phase, s.operation) for s in walk]
    [('forward', 'input'), ('forward', 'mul'), ('backward', 'mul')]
    >>> [(e.upstream, e.local, e.formula, e.downstream, e.total) for e in walk[-1].edges]
    [(1.0, 3.0, 'x', 3.0, 3.0), (1.0, 3.0, 'x', 3.0, 6.0)]
    """
    order = topological(y)
    place = {node: i for i, node in enumerate(order)}
    letter = "v"
    while not {f"{letter}{i}" for i in range(len(order))}.isdisjoint(node.name for node in order):  # somebody's own v2
        letter += "v"
    labels = [node.name or f"{letter}{i}" for i, node in enumerate(order)]
    walk: list[Step] = []

    def add(phase: str, node: Any, gradient: Any, edges: tuple[Edge, ...]) -> None:
        i = place[node]
        inputs = tuple(labels[place[x]] if x in place else constant(x) for x in node.operands)
        operation, sign = (node.op.name, node.op.sign) if node.op else ("input", "")
        walk.append(Step(phase, i, labels[i], operation, sign, inputs, node.data, gradient, edges,
                         node.scope.path if node.scope else ""))

    for node in order:
        add("forward", node, None, ())
    totals: dict[Any, Any] = {y: y._seed(seed, False)}
    unreached: set[Any] = set()  # nodes to which no branch was taken: 0 from there on, not 0·inf
    for node in reversed(order):
        if not node.inputs or node not in totals:
            continue
        edges = []
        names = operand_names(node.operands, [labels[place[x]] if x in place else None for x in node.operands])
        for argument, x, local, downstream in node._arrivals(totals[node]):
            if node in unreached:
                downstream = x._zero()
            if local is False or node in unreached:
                unreached |= {x} - totals.keys()
            else:
                unreached.discard(x)
            totals[x] = totals[x] + downstream if x in totals else downstream
            edges.append(Edge(place[node], place[x], argument, labels[place[x]], totals[node],
                              None if local is None else 1.0 * local, formula(node.op, argument, *names), downstream,
                              totals[x]))
        add("backward", node, totals[node], tuple(edges))
    return walk
