"""Folding: repeated blocks drawn as one, ×N, and inputs of the same gates drawn as one.

Blocks repeat side by side (neurons of a layer) or in sequence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .collapsing import FEW_INPUTS
from .numbers import Shown, summary_of_numbers
from .records import DrawnNode, Wire

Records = tuple[list[DrawnNode], list[Wire]]


def fold_repeats(nodes: list[DrawnNode], wires: list[Wire]) -> Records:
    """Fold collapsed gates that repeat: equal in name (without number), size and kinds of wires.

    Side by side they have the same neighbours, their own parameters left out; in sequence each one is the only user of the one
    before. Their different numbers become an array, and gradients into a shared input are summed.
    """
    done: set[str] = set()
    for find, beside in ((_side_by_side, True), (_in_sequence, False)):
        groups = find([node for node in nodes if node.hidden and node.id not in done], _neighbours(nodes, wires))
        for group in reversed(groups):  # outputs first, so that gradients are summed before they become entries of an array
            nodes, wires = _merge(nodes, wires, group, beside)
            done.add(group[0].id)
    return nodes, wires


# ── blocks that repeat ───────────────────────────────────────────────────────────────────────────────────────────

class _Neighbours(NamedTuple):
    """The predecessors and successors of each node; ``before`` leaves out inputs that only this node uses."""

    before: dict[str, frozenset[str]]
    after: dict[str, frozenset[str]]


def _neighbours(nodes: list[DrawnNode], wires: list[Wire]) -> _Neighbours:
    after: dict[str, set[str]] = {node.id: set() for node in nodes}
    before: dict[str, set[str]] = {node.id: set() for node in nodes}
    for wire in wires:
        after[wire.source].add(wire.target)
        before[wire.target].add(wire.source)
    gates = {node.id for node in nodes if node.kind == "gate"}
    shared = {id: frozenset(x for x in sources if x in gates or after[x] != {id}) for id, sources in before.items()}
    return _Neighbours(shared, {id: frozenset(targets) for id, targets in after.items()})


def _likeness(node: DrawnNode) -> tuple[str, int, str]:
    """The properties that repeated blocks have in common."""
    return _without_number(node.sign), node.hidden, node.box


def _without_number(name: str) -> str:
    return re.sub(r"(?<=.)[ _-]?\d+$", "", name)


def _side_by_side(gates: list[DrawnNode], neighbours: _Neighbours) -> list[list[DrawnNode]]:
    """Groups of blocks with the same neighbours."""
    alike: dict[object, list[DrawnNode]] = {}
    for node in gates:
        alike.setdefault((_likeness(node), neighbours.before[node.id], neighbours.after[node.id]), []).append(node)
    return [group for group in alike.values() if len(group) > 1]


def _in_sequence(gates: list[DrawnNode], neighbours: _Neighbours) -> list[list[DrawnNode]]:
    """Groups of blocks in sequence."""
    by_id = {node.id: node for node in gates}
    follows: dict[str, DrawnNode] = {}  # the block after each
    for node in gates:
        for id in neighbours.before[node.id] & by_id.keys():
            if neighbours.after[id] == {node.id} and _likeness(by_id[id]) == _likeness(node):
                follows[id] = node
    starts = follows.keys() - {node.id for node in follows.values()}
    rows = []
    for node in gates:
        if node.id in starts:
            row = [node]
            while row[-1].id in follows:
                row.append(follows[row[-1].id])
            rows.append(row)
    return rows


# ── merging them ─────────────────────────────────────────────────────────────────────────────────────────────────

def _merge(nodes: list[DrawnNode], wires: list[Wire], blocks: list[DrawnNode], beside: bool) -> Records:
    """Return the records with these blocks merged into the first."""
    inside, first = {block.id for block in blocks}, blocks[0]
    joined: dict[tuple[str, str], list[Wire]] = {}
    rest = []
    for wire in wires:
        source, target = (first.id if id in inside else id for id in (wire.source, wire.target))
        if first.id not in (source, target):
            rest.append(wire)
        elif source != target:  # wires between merged blocks are not drawn
            joined.setdefault((source, target), []).append(wire)
    rest += (_merged_wire(parts, source, target, leaves=source == first.id) for (source, target), parts in joined.items())
    place = nodes.index(first)
    kept = [node for node in nodes if node.id not in inside]
    kept.insert(min(place, len(kept)), _merged_block(blocks, beside))
    return kept, rest


def _merged_wire(parts: list[Wire], source: str, target: str, leaves: bool) -> Wire:
    """Merge wires into one: outgoing ones become entries of an array, incoming gradients are summed."""
    by_block: dict[str, list[Wire]] = {}
    for wire in parts:
        by_block.setdefault(wire.source if leaves else source, []).append(wire)
    return parts[0]._replace(
        source=source, target=target, value=summary_of_numbers([wires[0].value for wires in by_block.values()]),
        contribution=summary_of_numbers([_sum(wire.contribution for wire in wires) for wires in by_block.values()]),
        local=None, formula=None, upstream=None, trouble=max(wire.trouble for wire in parts),
        edges=tuple(edge for wire in parts for edge in wire.edges))


def _merged_block(blocks: list[DrawnNode], beside: bool) -> DrawnNode:
    first, last = blocks[0], blocks[-1]
    sign = f"{first.sign if first.sign == last.sign else _without_number(first.sign)} ×{len(blocks)}"
    value, gradient = last.value, last.gradient
    if beside:
        value, gradient = (summary_of_numbers([pick(block) for block in blocks]) for pick in _NUMBERS)
    return first._replace(
        label="" if beside else last.label, called=sign if beside else last.called, sign=sign, parts=((sign, False),),
        value=value, gradient=gradient, trouble=max(block.trouble for block in blocks),
        hidden=sum(block.hidden for block in blocks), inside=sum(block.inside for block in blocks),
        members=tuple(i for block in blocks for i in block.members))


_NUMBERS: tuple[Callable[[DrawnNode], Shown], ...] = (lambda block: block.value, lambda block: block.gradient)


def _sum(numbers: Iterable[Shown]) -> float | None:
    """The sum of numbers; None where one is missing, or an array."""
    total = 0.0
    for x in numbers:
        if not isinstance(x, float):
            return None
        total += x
    return total


# ── inputs ───────────────────────────────────────────────────────────────────────────────────────────────────────

def fold_private_inputs(nodes: list[DrawnNode], wires: list[Wire]) -> Records:
    """Leave out inputs that only one collapsed gate uses, if it also has shared inputs; the gate shows their count.

    They are the gate's parameters. An input called x, x0 … is data and stays, and so do the inputs of a summary ("all").

    >>> from autograd import Value, scope
    >>> from viz import graph
    >>> with scope("neuron"):
    ...     y = (Value(2.0, "w") * Value(1.0, "x") + Value(0.5, "b")).tanh()
    >>> [(node.label, node.sign, node.inside) for node in graph(y, "neuron").nodes if node.kind != "output"]
    [('x', '', 0), ('', 'neuron', 2)]
    """
    by_id = {node.id: node for node in nodes}
    uses: dict[str, list[str]] = {}
    for wire in wires:
        uses.setdefault(wire.source, []).append(wire.target)
    private = {node.id for node in nodes if node.kind in ("input", "constant") and not _is_data(node)
               and len(uses.get(node.id, ())) == 1 and by_id[uses[node.id][0]].hidden and uses[node.id] != ["all"]}
    kept = {wire.target for wire in wires if wire.source not in private}
    gone = {id for id in private if uses[id][0] in kept}  # a gate keeps at least one incoming wire
    inside: dict[str, int] = {}
    for id in gone:
        gate = uses[id][0]
        inside[gate] = inside.get(gate, 0) + math.prod(getattr(by_id[id].value, "shape", ()))
    return ([node._replace(inside=inside[node.id]) if node.id in inside else node for node in nodes if node.id not in gone],
            [wire for wire in wires if wire.source not in gone])


def _is_data(node: DrawnNode) -> bool:
    """True for an input with the course's names for data: x, x0, x1 …"""
    return re.fullmatch(r"(.*/)?[xX][\d_]*", node.label) is not None


def bundle_inputs(nodes: list[DrawnNode], wires: list[Wire]) -> Records:
    """Merge more than a few inputs that have the same targets, one of them collapsed, into one."""
    targets: dict[str, set[str]] = {}
    for wire in wires:
        targets.setdefault(wire.source, set()).add(wire.target)
    collapsed = {node.id for node in nodes if node.hidden}
    groups: dict[frozenset[str], list[DrawnNode]] = {}
    for node in nodes:
        if node.kind in ("input", "constant") and targets[node.id] & collapsed:
            groups.setdefault(frozenset(targets[node.id]), []).append(node)
    gone: set[str] = set()
    more: list[DrawnNode] = []
    joined: list[Wire] = []
    for to, members in groups.items():
        rest = members[FEW_INPUTS - 1:] if len(members) > FEW_INPUTS else []
        if rest:
            gone.update(node.id for node in rest)
            id = f"{rest[0].id}-more"
            said = f"{len(rest):,} more inputs"
            more.append(DrawnNode(id, "input", said, "", "", (), None, None, box=rest[0].box, called=said,
                                  trouble=max(node.trouble for node in rest)))
            joined += (Wire(f"w-{id}-{target}", id, target, 0, None, None, None, None, None) for target in sorted(to))
    return ([*(node for node in nodes if node.id not in gone), *more],
            [*(wire for wire in wires if wire.source not in gone), *joined])
