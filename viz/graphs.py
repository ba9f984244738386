"""The graph of a result as records: the nodes, wires and boxes of a picture, with their names and numbers.

A picture may leave things out: a scope collapses into one gate, and a very large graph becomes a summary. ``Graph.notes`` then says
what was left out and how to show it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from itertools import takewhile
from operator import add
from typing import TYPE_CHECKING, Any

from autograd.context import Scope
from autograd.graph import Node, is_node
from autograd.operation import Operation
from autograd.symbolic import constant, filled, template

from .collapsing import MANY_WIRES, Chain, Collapse, collapse_scopes
from .folding import bundle_inputs, fold_private_inputs, fold_repeats
from .numbers import constant_text, gate_sign, has_nonfinite, local_gradient_text, shape_text, summary
from .records import Box, DrawnNode, Graph, Term, Wire
from .snapshots import Snapshot, read

if TYPE_CHECKING:
    from autograd.typing import Array

    from .snapshots import Gradient, Names


def graph(y: Node | Sequence[Node], collapse: Collapse = None, *, fold: bool | None = False,
          names: Names | None = None) -> Graph:
    """Return the graph of ``y`` (one node, or several in a list) as plain data, without references to nodes.

    ``collapse`` draws scopes as one gate each: True all of them, False none, a name or path (or several) those. None decides by
    size: over 300 gates, as many scopes as needed collapse; over 5,000, or where wires pass too many gates to be followed, the
    whole graph becomes one gate. ``fold`` merges repeated collapsed gates, ×N (None: where over 150 wires are left). ``names``
    (``locals()``, or another mapping) names unnamed nodes after the only variable or list that holds them, and a module's
    parameters by their paths (``layers.0.weight``); it may be the module itself. Raises LookupError for an unknown scope, TypeError
    for an argument that is not a node.

    >>> from autograd import Value
    >>> x, y = Value(3.0, "x"), Value(4.0, "y")
    >>> g = graph(x * y + 1)
    >>> [(n.id, n.kind, n.label, n.sign, n.value) for n in g.nodes]  # doctest: +NORMALIZE_WHITESPACE
    [('n0', 'input', 'x', '', 3.0), ('n1', 'input', 'y', '', 4.0), ('n2', 'gate', '', '×', 12.0),
     ('n3', 'gate', '', '+1', 13.0), ('out0', 'output', '', '', 13.0)]
    >>> [(w.id, w.source, w.target, w.formula) for w in g.wires]  # doctest: +NORMALIZE_WHITESPACE
    [('w2-0', 'n0', 'n2', 'y'), ('w2-1', 'n1', 'n2', 'x'), ('w3-0', 'n2', 'n3', '1'), ('w-out0', 'n3', 'out0', None)]
    """
    return graph_of(read(y, names), collapse, fold)


def graph_of(snapshot: Snapshot, collapse: Collapse = None, fold: bool | None = False) -> Graph:
    """Return the graph of a snapshot, collapsed and folded as by ``graph``."""
    owner, chains, notes = collapse_scopes(snapshot.order, collapse)
    records = _Records(snapshot, owner, chains)
    records.add_wires()
    nodes, boxes = records.nodes()
    nodes, wires = fold_private_inputs(nodes, records.finished_wires(nodes))
    if fold or fold is None and len(wires) > MANY_WIRES:
        before = len(nodes)
        nodes, wires = fold_repeats(nodes, wires)
        if notes and len(nodes) < before:
            notes = [*notes, "Those that repeat are drawn as one, ×N; fold=False draws each."]
    nodes, wires = bundle_inputs(nodes, wires)
    gates = sum(bool(node.operands) for node in snapshot.order)
    return Graph(tuple(nodes), tuple(wires), boxes, tuple(notes), gates)


@dataclass
class _Merged:
    """The edges from one node into a collapsed gate, drawn as one wire; their contributions are summed at the end."""

    source: Node
    target: Scope
    edges: list[tuple[int, int]] = field(default_factory=list)
    contributions: list[float | Array] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


class _Records:
    """Builder of a picture's records; ``owner`` is the scope that a gate is collapsed into.

    ``wires`` are in the order in which they are found; a wire into a collapsed gate holds its parts. ``seen`` are the nodes drawn
    one by one; ``leaving`` holds the contributions to each input's gradient, ``results`` the nodes of each collapsed scope that are
    used outside it.
    """

    def __init__(self, snapshot: Snapshot, owner: dict[Node, Scope], chains: dict[Scope | None, Chain]):
        self.snapshot, self.owner, self.chains = snapshot, owner, chains
        self.index = {node: i for i, node in enumerate(snapshot.order)}
        self.collapsed: dict[Scope, list[int]] = {}  # the numbers of the gates inside
        for node, scope in owner.items():
            self.collapsed.setdefault(scope, []).append(self.index[node])
        self.scope_ids = {scope: f"s{i}" for i, scope in enumerate(scope for scope in chains if scope)}
        self.scope_ids.update({scope: "all" for scope in self.collapsed if scope not in self.scope_ids})
        self.seen = [node for node in snapshot.order if node not in owner]
        self.wires: dict[str, Wire | _Merged] = {}
        self.leaving: dict[Node, list[Gradient]] = {}
        self.results: dict[Scope, dict[Node, None]] = {scope: {} for scope in self.collapsed}

    def place(self, node: Node) -> str:
        """The id of a node in the picture."""
        return self.scope_ids[self.owner[node]] if node in self.owner else f"n{self.index[node]}"

    def gradient(self, node: Node) -> Gradient:
        return self.snapshot.gradients.get(node)

    # ── wires ──

    def add_wires(self) -> None:
        """Add a wire for each edge that is not inside a collapsed scope, and one for each result."""
        for node in self.snapshot.order:
            scope = self.owner.get(node)
            crossing = [(i, x) for i, x in enumerate(node.operands)
                        if is_node(x) and (scope is None or self.owner.get(x) is not scope)]
            for _, x in crossing:
                self._record_input(x)
            if crossing and scope is None:
                self._add_open_wires(node, crossing)
            elif scope is not None:
                self._add_merged_wires(node, scope, crossing)
        for i, root in enumerate(self.snapshot.roots):
            self._record_input(root)
            self.wires[f"w-out{i}"] = Wire(f"w-out{i}", self.place(root), f"out{i}", 0, summary(root.plain_data()),
                                           summary(self.gradient(root)), None, None, None)

    def _record_input(self, x: Node) -> None:
        """Record a node where a wire starts."""
        if x not in self.index:  # a constant node, which no walk reaches
            self.index[x] = len(self.index)
            self.seen.append(x)
        if x in self.owner:
            self.results[self.owner[x]][x] = None

    def _contribution(self, node: Node, argument: int, x: Node) -> Gradient:
        """The contribution on an edge; also recorded for the input that it reaches."""
        gain = self.snapshot.contributions.get((node, argument))
        if gain is not None and not x.operands:
            self.leaving.setdefault(x, []).append(gain)
        return gain

    def _add_open_wires(self, node: Node, crossing: list[tuple[int, Node]]) -> None:
        texts, locals = self._templates(node), node.local_gradients
        terms = tuple(map(self._term, (*node.operands, node))) if any(texts) else ()
        names = [term.called for term in terms]
        for i, x in crossing:
            contribution = summary(self._contribution(node, i, x))
            local = None if locals[i] is None else summary(1.0 * locals[i])
            id = f"w{self.index[node]}-{i}"
            self.wires[id] = Wire(id, self.place(x), self.place(node), i, summary(x.plain_data()), contribution, local,
                                  None if (text := texts[i]) is None else filled(text, names, names[-1]),
                                  summary(self.gradient(node)),
                                  self._wire_trouble(node, contribution), _broadcasting(x, node), ((self.index[node], i),),
                                  texts[i] or "", terms if "{" in (texts[i] or "") else ())

    def _add_merged_wires(self, node: Node, scope: Scope, crossing: list[tuple[int, Node]]) -> None:
        for i, x in crossing:
            id = f"w-{self.place(x)}-{self.scope_ids[scope]}-{self.index[x]}"
            merged = self.wires.setdefault(id, _Merged(x, scope))
            assert isinstance(merged, _Merged)
            gain = self._contribution(node, i, x)
            merged.edges.append((self.index[node], i))
            if gain is not None:
                merged.contributions.append(gain)
                merged.troubles.append(self._wire_trouble(node, summary(gain)))

    def finished_wires(self, nodes: list[DrawnNode]) -> list[Wire]:
        """The wires as records: parts summed, with the gradient through a collapsed gate that has one result."""
        gates = {node.id: node for node in nodes if node.hidden}
        return [wire if isinstance(wire, Wire) else self._merged_wire(id, wire, gates[self.scope_ids[wire.target]])
                for id, wire in self.wires.items()]

    def _merged_wire(self, id: str, merged: _Merged, gate: DrawnNode) -> Wire:
        contribution = summary(reduce(lambda a, b: a + b, merged.contributions)) if merged.contributions else None
        trouble = next(filter(None, merged.troubles), "first") if has_nonfinite(contribution) else ""
        local, upstream = None, gate.gradient
        if isinstance(upstream, float) and upstream and math.isfinite(upstream) and isinstance(contribution, float):
            local = contribution / upstream
        return Wire(id, self.place(merged.source), gate.id, 0, summary(merged.source.plain_data()), contribution, local, None,
                    None if local is None else upstream, trouble, edges=tuple(merged.edges))

    def _templates(self, node: Node) -> list[str | None]:
        """The local gradient of each argument as a template; None for a constant, and for operations on arrays."""
        if not isinstance(node.op, Operation):
            return [None] * len(node.operands)
        known = tuple(x if isinstance(x := constant(given), (int, float)) else None for given in node.operands)
        edges = {id(x) for x in node.inputs}
        return [local_gradient_text(_template(node.op, i, known), (), local) if id(x) in edges else None
                for i, (x, local) in enumerate(zip(node.operands, node.local_gradients))]

    def _term(self, x: Any) -> Term:
        """An operand or the result as a term of a formula."""
        if not is_node(x):
            return Term("", constant_text(x), summary(x))
        value = summary(x.plain_data())
        name = self.snapshot.name(x)
        return Term(name, name or self.snapshot.label(x) or constant_text(x.plain_data()), value)

    def _wire_trouble(self, node: Node, contribution: Any) -> str:
        """"first" for a wire whose gradient becomes nan or inf, "after" where the upstream gradient was so already, else ""."""
        if not has_nonfinite(contribution):
            return ""
        return "after" if has_nonfinite(summary(self.gradient(node))) else "first"

    # ── nodes and boxes ──

    def nodes(self) -> tuple[list[DrawnNode], tuple[Box, ...]]:
        """The nodes as records, collapsed scopes and results last, and the boxes of the open scopes around them."""
        around = [tuple(takewhile(lambda scope: scope not in self.collapsed, chain)) for chain in self._chains_of_seen()]
        opened = {scope for chain in around for scope in chain}
        opened.update(*(self.chains.get(scope.parent, ()) for scope in self.collapsed))
        nodes = [self._node(node, self.scope_ids[chain[-1]] if chain else "") for node, chain in zip(self.seen, around)]
        nodes += (self._collapsed_gate(scope, members) for scope, members in self.collapsed.items())
        for i, root in enumerate(self.snapshot.roots):
            nodes.append(DrawnNode(f"out{i}", "output", self.snapshot.name(root), "", "", (), summary(root.plain_data()),
                                   summary(self.gradient(root)), called=self.snapshot.label(root)))
        boxes = (Box(self.scope_ids[scope], scope.name, scope.path, self._box(scope)) for scope in self.chains if scope in opened)
        return nodes, tuple(boxes)

    def _box(self, scope: Scope) -> str:
        """The id of the box around a scope."""
        return self.scope_ids.get(scope.parent, "") if scope.parent is not None else ""

    def _chains_of_seen(self) -> Iterator[Chain]:
        """The scopes that each node is drawn in: its own; for an input, the common ones of all gates that use it."""
        used_in: dict[Node, list[Chain]] = {}
        for node in self.snapshot.order:
            scope = self.owner[node].parent if node in self.owner else node.scope
            for x in node.operands:
                if is_node(x) and not x.operands:
                    used_in.setdefault(x, []).append(self.chains.get(scope, ()))
        for node in self.seen:
            yield _common(used_in[node]) if node in used_in else self.chains.get(node.scope, ())

    def _node(self, node: Node, box: str) -> DrawnNode:
        parts = gate_sign(node.op, node.operands) if node.operands else ()
        fixed = node.op is not None or getattr(node, "requires_grad", True) is False  # detached, or a leaf without gradient
        kind = "gate" if node.operands else "constant" if fixed else "input"
        return DrawnNode(f"n{self.index[node]}", kind, self.snapshot.name(node), node.op.name if node.op else "",
                         "".join(text for text, _ in parts), parts, summary(node.plain_data()), summary(self.gradient(node)),
                         self._accumulated(node), node.scope.path if node.scope else "", box, _trouble(node),
                         members=(self.index[node],), called=self.snapshot.label(node) or f"constant {self.index[node]}")

    def _accumulated(self, node: Node) -> bool:
        """True for an input whose gradient is more than the sum of this pass's contributions, in any order of summation."""
        gradient, brought = self.gradient(node), self.leaving.get(node)
        if node.operands or gradient is None:
            return False
        return brought is None or not _sums_to(brought, gradient)

    def _collapsed_gate(self, scope: Scope, members: list[int]) -> DrawnNode:
        """A scope as one gate, with the value and gradient of its result; both absent where it has several results."""
        results = list(self.results[scope])
        only = results[0] if len(results) == 1 else None
        value, gradient = (summary(only.plain_data()), summary(self.gradient(only))) if only is not None else (None, None)
        label = self.snapshot.name(only) if only is not None else ""
        inside = (self.snapshot.order[i] for i in members)
        return DrawnNode(self.scope_ids[scope], "gate", label, "scope", scope.name, ((scope.name, False),), value, gradient, False,
                         scope.path, self._box(scope), next(filter(None, map(_trouble, inside)), ""),
                         len(members), tuple(members), self.snapshot.label(only) if only is not None else scope.path)


@lru_cache(2_000)
def _template(op: Operation, argument: int, known: tuple[float | None, ...]) -> str:
    """The formula of an operation; cached, because a picture has many with the same constants."""
    return template(op, argument, known)


def _common(chains: list[Chain]) -> Chain:
    """The common prefix of these chains."""
    return tuple(scopes[0] for scopes in takewhile(lambda scopes: len(set(scopes)) == 1, zip(*chains)))


def _sums_to(parts: Iterable[Any], total: Any) -> bool:
    """True where the parts add up to the total, up to rounding in any order of summation."""
    parts = list(parts)
    difference, size = abs(reduce(add, parts) - total), reduce(add, map(abs, parts))
    tolerance = 1e-4 if getattr(total, "itemsize", 8) < 8 else 1e-9  # float32 has 7 digits
    apart = difference > tolerance * size
    return not bool(apart.any() if hasattr(apart, "any") else apart)


def _trouble(node: Node) -> str:
    """"first" for a node where a nan or inf arises, "after" where one came in, else ""."""
    if not has_nonfinite(summary(node.plain_data())):
        return ""
    return "after" if any(has_nonfinite(summary(x.plain_data())) for x in node.operands if is_node(x)) else "first"


def _broadcasting(x: Node, node: Node) -> str:
    """A note with both shapes, where an elementwise operation broadcasts an operand; else ""."""
    before, after = getattr(x.data, "shape", ()), getattr(node.data, "shape", ())
    if before == after or not isinstance(node.op, Operation):
        return ""
    return f"{shape_text(before)} → {shape_text(after)}, gradient summed"
