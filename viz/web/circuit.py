"""The circuit's data for a page: every gate, wire and scope with its size, for any choice of open scopes.

The page lays out and draws the circuit (``circuit.js``); the texts and their sizes are computed here, by the same ``labels`` as for
drawings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from autograd.context import Scope
from autograd.graph import Node, is_node

from ..collapsing import Collapse, collapse_scopes, scope_chains
from ..labels import BETWEEN, LabelledNode, blocks, pieces
from ..numbers import Digits, brief
from ..records import DrawnNode, Graph, Wire
from ..snapshots import Snapshot
from ..sums import with_sums
from ..svg import clip, width

NUMBER = "−00.00"  # width reserved for every number of a page
FEW_WIRES, MANY_WIRES = 1, 3  # a gate that few wires enter is a circle, if its sign is short


def circuit_data(snapshot: Snapshot, graph: Graph, collapse: Collapse, digits: Digits) -> dict[str, Any]:
    """Return the circuit of a snapshot for a page: ``gates``, ``wires``, ``scopes``, and which scopes are ``closed``.

    ``graph`` has all of the snapshot's gates.
    ``closed`` are the scopes that ``draw`` would collapse; the summary of a large graph without scopes is a scope that stays closed
    (``fixed``). Raises LookupError for an unknown scope, ValueError for too many gates.

    >>> from autograd import Value, scope
    >>> from viz.graphs import graph_of
    >>> from viz.snapshots import read
    >>> with scope("double"):
    ...     y = Value(3.0, "x") * 2
    >>> data = circuit_data(read(y), graph_of(read(y), False), True, 3)
    >>> [gate[0] for gate in data["gates"]], data["closed"], data["scopes"][0][0]
    (['n0', 'n1', 'out0'], [0], 'double')
    """
    owner, chains, _ = collapse_scopes(snapshot.order, collapse)
    shut: dict[Scope | None, None] = dict.fromkeys(owner.values())
    fixed = bool(shut) and len(chains) == 1  # a summary: no scope of the graph is closed
    inside = owner if fixed else {}
    chains = {None: (), **{scope: (scope,) for scope in shut}} if fixed else scope_chains(snapshot.order)
    if collapse in (None, True):  # inner scopes stay closed when the outer one is opened
        shut.update(dict.fromkeys(scope for scope, chain in chains.items() if not shut.keys().isdisjoint(chain)))
    whole = with_sums(graph)
    scopes = [scope for scope in chains if scope is not None]
    place = {scope: i for i, scope in enumerate(scopes)}
    made = blocks(whole, digits, room=NUMBER)
    bare = blocks(_unnamed(whole), digits, room=NUMBER)
    sample = _sample(scopes, _private(snapshot, scopes, chains), digits)
    order = sorted(made, key=lambda id: (made[id].node.kind == "output", min(made[id].node.members, default=1 << 60)))
    index = {id: i for i, id in enumerate(order)}

    def scope_of(block: LabelledNode) -> int:
        node = snapshot.order[block.node.members[0]] if block.node.members and block.node.members[0] < len(snapshot.order) else None
        scope = None if node is None or not node.operands else inside.get(node, node.scope)
        return place.get(scope, -1) if scope is not None else -1

    stem = sample["x"].stem
    assert stem is not None
    return {
        "gates": [_gate(made[id], scope_of(made[id])) for id in order],
        "wires": [[wire.id, index[wire.source], index[wire.target], wire.edges, label.formula.text if label.formula else "",
                   _room(label), wire.note] for id in order for wire, label in bare[id].entering],
        "scopes": [[clip(scope.name), place.get(scope.parent, -1) if scope.parent else -1,
                    math.ceil(width(clip(scope.name), 12.0)) + 20.0, *_sizes(sample, i)] for i, scope in enumerate(scopes)],
        "merged": _room(sample["few 0" if scopes else "y"].entering[0][1]), "stem": _room(stem),
        "constants": {i: brief(block.node.value, digits) for block in made.values() for i in block.node.members
                      if i >= len(snapshot.order)},
        "closed": [place[scope] for scope in shut if scope in place], "fixed": fixed,
    }


def _gate(block: LabelledNode, scope: int) -> list[Any]:
    """A node's data: id, kind, name and its width, members, scope, length, height, order of arguments, sign, True with a value."""
    node = block.node
    shape = block.shape(False)
    called = f"{clip(block.name)} = " if block.name and node.kind == "gate" else ""
    return [node.id, node.kind, clip(block.name), width(called, 13.0), node.members, scope, shape.along, shape.across,
            shape.ordered, [[text, int(constant)] for text, constant in pieces(node)], int(node.value is not None)]


def _room(label: Any) -> list[float]:
    """The size of a label along its wire, above and below it, without the value's name; and the size of its formula."""
    room = label.room(False)
    beside = width(label.formula.text, label.formula.size) + BETWEEN if label.formula else 0.0
    return [round(label.width, 2), room.before, room.after, round(beside, 2)]


def _unnamed(graph: Graph) -> Graph:
    return graph._replace(nodes=tuple(node._replace(label="" if node.kind == "gate" else node.label) for node in graph.nodes))


def _private(snapshot: Snapshot, scopes: list[Scope], chains: Mapping[Scope | None, tuple[Scope, ...]]) -> dict[Scope, int]:
    """The number of inputs that only the gates of each scope use."""
    homes: dict[Node, set[Scope]] = {}
    for node in snapshot.order:
        for x in node.operands:
            if is_node(x) and not x.operands:
                around = set(chains.get(node.scope, ()))
                homes[x] = homes.get(x, around) & around
    return {scope: sum(scope in around for around in homes.values()) for scope in scopes}


def _sample(scopes: list[Scope], private: dict[Scope, int], digits: Digits) -> dict[str, LabelledNode]:
    """Blocks of a sample graph, for the sizes of closed scopes: with few wires, with many, with inputs inside."""
    nodes = [DrawnNode("x", "input", "", "", "", (), 0.0, 0.0), DrawnNode("y", "gate", "", "scope", "", (), 0.0, 0.0, hidden=1)]
    wires = [Wire(f"y{k}", "x", "y", k, 0.0, 0.0, -0.00912, None, 1.0) for k in range(2)]
    for i, scope in enumerate(scopes):
        for kind, count in (("few", FEW_WIRES), ("many", MANY_WIRES), ("held", FEW_WIRES)):
            id, inside = f"{kind} {i}", max(private[scope], 1) if kind == "held" else 0
            nodes.append(DrawnNode(id, "gate", "", "scope", scope.name, ((scope.name, False),), 0.0, 0.0, hidden=1, inside=inside))
            wires += (Wire(f"{id} {k}", "x", id, k, 0.0, 0.0, -0.00912, None, 1.0) for k in range(count))
    return blocks(Graph(tuple(nodes), tuple(wires), (), (), 0), digits, room=NUMBER)


def _sizes(sample: dict[str, LabelledNode], i: int) -> list[float]:
    """Length and height of a closed scope with few wires, with many, and with inputs inside."""
    return [x for kind in ("few", "many", "held") for x in (sample[f"{kind} {i}"].sign, sample[f"{kind} {i}"].tall)]
