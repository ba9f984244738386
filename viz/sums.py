"""Sums: chains of additions drawn as one tall Σ gate with a wire for each term.

The numbers on the wires stay correct: the local gradient of a sum is 1 for each term, in any order of additions.
"""

from __future__ import annotations

from collections import Counter

from .records import DrawnNode, Graph, Wire

FEW = 4  # terms that always become a sum; three do in a scope (a neuron's), or if Python's sum made them


def with_sums(graph: Graph, sums: bool | None = None) -> Graph:
    """Merge chains of additions into one Σ gate each: True all of three terms or more, False none, None by default rules.

    None takes chains of four terms or more, and of three inside a scope or made by ``sum``. The wires of the terms keep their ids;
    the gate takes the id of the last addition. The initial 0 of Python's ``sum`` is not drawn.

    >>> from autograd import Value
    >>> from viz import graph
    >>> summed = with_sums(graph(sum(Value(float(i), f"x{i}") for i in range(3))))
    >>> [node.sign for node in summed.nodes if node.kind == "gate"], [wire.id for wire in summed.wires]
    (['Σ'], ['w1-0', 'w3-1', 'w5-1', 'w-out0'])
    """
    if sums is not False:
        chains = _Chains(graph)
        for node in reversed(graph.nodes):
            chains.take(node, sums)
        graph = chains.graph()
    return _without_zeros(graph)


class _Chains:
    """Builder of a graph's sums; ``merged`` are the gates that became part of another one's sum."""

    def __init__(self, graph: Graph):
        self.given = graph
        self.nodes = {node.id: node for node in graph.nodes}
        self.wires = {wire.id: wire for wire in graph.wires}
        self.into: dict[str, list[Wire]] = {}
        self.outof: dict[str, list[Wire]] = {}
        for wire in graph.wires:
            self.into.setdefault(wire.target, []).append(wire)
            self.outof.setdefault(wire.source, []).append(wire)
        self.merged: set[str] = set()
        self.terms: dict[str, list[Wire]] = {}

    def take(self, last: DrawnNode, sums: bool | None) -> None:
        """Make a sum of the chain that ends in this gate, if it is long enough."""
        if last.id in self.merged or not self._adds(last):
            return
        terms, inner, todo = [], [], self.into[last.id][::-1]
        begun = False  # with the 0 of Python's sum
        while todo:
            wire = todo.pop()
            source = self.nodes[wire.source]
            if not self._joins(source, last):
                terms.append(wire)
                continue
            inner.append(source.id)
            if _from_zero(source):
                begun = True
                [first] = self.into[source.id]
                terms.append(first._replace(edges=(*first.edges, *wire.edges)))
            else:
                todo += self.into[source.id][::-1]
        few = 3 if sums or begun or last.box else FEW
        if len(terms) >= few or begun and len(terms) == 2:
            self.merged.update(inner)
            self.terms[last.id] = [wire._replace(target=last.id, argument=i) for i, wire in enumerate(terms)]
            sign = "Σ" if len(terms) > 2 else "+"
            members = sorted({i for id in (*inner, last.id) for i in self.nodes[id].members})
            self.nodes[last.id] = last._replace(sign=sign, parts=((sign, False),), members=tuple(members))

    def _adds(self, node: DrawnNode) -> bool:
        """True for an addition of two wires without broadcasting, and not a collapsed gate."""
        wires = self.into.get(node.id, ())
        return node.operation == "add" and not node.hidden and len(wires) == 2 and not any(wire.note for wire in wires)

    def _joins(self, node: DrawnNode, last: DrawnNode) -> bool:
        """True where a gate is an intermediate sum: without a name, used once, in the same box."""
        return (node.kind == "gate" and node.box == last.box and not node.label and len(self.outof[node.id]) == 1
                and (self._adds(node) or _from_zero(node)))

    def graph(self) -> Graph:
        """The records with each sum in place of its gates and wires."""
        inner = {wire.id for id in self.merged for wire in (*self.into[id], *self.outof[id])}
        wires: dict[str, Wire] = {}
        for wire in self.given.wires:
            for one in self.terms.get(wire.target, [wire] if wire.id not in inner else []):
                wires.setdefault(one.id, one)
        nodes = (self.nodes[node.id] for node in self.given.nodes if node.id not in self.merged)
        return self.given._replace(nodes=tuple(nodes), wires=tuple(wires.values()))


def _without_zeros(graph: Graph) -> Graph:
    """The records without the additions of 0 left by Python's ``sum``; their users take the other operand.

    An addition of 0 by hand disappears too: the graph does not distinguish 0 + x from x + 0.
    """
    into: dict[str, list[Wire]] = {}
    for wire in graph.wires:
        into.setdefault(wire.target, []).append(wire)
    zeros = {node.id: into[node.id][0] for node in graph.nodes
             if _from_zero(node) and not node.label and len(into.get(node.id, ())) == 1}
    if not zeros:
        return graph
    uses = Counter(wire.source for wire in graph.wires)

    def moved(wire: Wire) -> Wire:
        while wire.source in zeros:
            first = zeros[wire.source]
            id = first.id if uses[wire.source] == 1 and wire.edges else wire.id  # as in a Σ gate; a result's wire keeps its own
            wire = wire._replace(id=id, source=first.source, edges=(*first.edges, *wire.edges))
        return wire

    return graph._replace(nodes=tuple(node for node in graph.nodes if node.id not in zeros),
                          wires=tuple(moved(wire) for wire in graph.wires if wire.target not in zeros))


def _from_zero(node: DrawnNode) -> bool:
    """True for the first addition of Python's sum: a value and the constant 0."""
    return node.operation == "add" and node.sign in ("+0", "+(−0)") and not node.hidden
