"""Several things drawn as one: blocks that repeat, ×N, and inputs that all go to the same gates.

Blocks repeat beside one another (neurons of a layer), or one after another.
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
    """Draw collapsed gates that repeat as one each: those of one name (but for its number) and size, with alike wires.

    Beside one another they have the same neighbours, their own parameters left out; one after another each is the
    only one to use the one before. Numbers that differ among them become an array, gradients that meet a sum.
    """
    done: set[str] = set()
    for find, beside in ((_beside, True), (_in_a_row, False)):
        groups = find([node for node in nodes if node.hidden and node.id not in done], _neighbours(nodes, wires))
        for group in reversed(groups):  # outputs first: gradients are summed before they become entries of an array
            nodes, wires = _merge(nodes, wires, group, beside)
            done.add(group[0].id)
    return nodes, wires


# ── which blocks repeat ──────────────────────────────────────────────────────────────────────────────────────────

class _Neighbours(NamedTuple):
    """The nodes that the wires of each node come from and go to; ``before`` leaves out inputs of this node alone."""

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
    """The properties that blocks which repeat have in common."""
    return _without_number(node.sign), node.hidden, node.box


def _without_number(name: str) -> str:
    return re.sub(r"(?<=.)[ _-]?\d+$", "", name)


def _beside(gates: list[DrawnNode], neighbours: _Neighbours) -> list[list[DrawnNode]]:
    """Groups of blocks with the same neighbours."""
    alike: dict[object, list[DrawnNode]] = {}
    for node in gates:
        alike.setdefault((_likeness(node), neighbours.before[node.id], neighbours.after[node.id]), []).append(node)
    return [group for group in alike.values() if len(group) > 1]


def _in_a_row(gates: list[DrawnNode], neighbours: _Neighbours) -> list[list[DrawnNode]]:
    """Groups of blocks one after another."""
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
    """The records with these blocks as one, under the id and in the place of the first."""
    inside, first = {block.id for block in blocks}, blocks[0]
    joined: dict[tuple[str, str], list[Wire]] = {}
    rest = []
    for wire in wires:
        source, target = (first.id if id in inside else id for id in (wire.source, wire.target))
        if first.id not in (source, target):
            rest.append(wire)
        elif source != target:  # a wire from block to block is not drawn
            joined.setdefault((source, target), []).append(wire)
    rest += (_merged_wire(parts, source, target, leaves=source == first.id) for (source, target), parts in joined.items())
    place = nodes.index(first)
    kept = [node for node in nodes if node.id not in inside]
    kept.insert(min(place, len(kept)), _merged_block(blocks, beside))
    return kept, rest


def _merged_wire(parts: list[Wire], source: str, target: str, leaves: bool) -> Wire:
    """Several wires as one: on the way out an entry for each block, on the way in one sum."""
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
    """Leave out the inputs that one collapsed gate alone uses, beside others that it shares; the gate says how many numbers.

    They are the gate's parameters; an input that is called x, x0 … is data, and stays, and so do all of a summary ("all").

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
    gone = {id for id in private if uses[id][0] in kept}  # a gate keeps a wire that enters
    inside: dict[str, int] = {}
    for id in gone:
        gate = uses[id][0]
        inside[gate] = inside.get(gate, 0) + math.prod(getattr(by_id[id].value, "shape", ()))
    return ([node._replace(inside=inside[node.id]) if node.id in inside else node for node in nodes if node.id not in gone],
            [wire for wire in wires if wire.source not in gone])


def _is_data(node: DrawnNode) -> bool:
    """True for an input that is called as the course calls data: x, x0, x1 …"""
    return re.fullmatch(r"(.*/)?[xX][\d_]*", node.label) is not None


def bundle_inputs(nodes: list[DrawnNode], wires: list[Wire]) -> Records:
    """Draw inputs that all go to the same gates, one of them collapsed, as one, where they are more than a few."""
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
