"""Repeated blocks of a picture drawn as one, ×N: beside one another (neurons of a layer), or one after another."""

from __future__ import annotations

import math
import re
from typing import Any

from .records import Array, Node, Wire


def folded(nodes: list[Node], wires: list[Wire]) -> tuple[list[Node], list[Wire]]:
    """Collapsed gates that repeat, as one each: those of one name (but for its number) and size, alike in their wires.

    Beside one another they have the same neighbours, their own parameters left out; one after another each is the
    only one to use the one before. Numbers that differ among them become an array, gradients that meet a sum.
    """
    done: set[str] = set()
    for find, beside in ((_beside, True), (_in_a_row, False)):
        groups = find([node for node in nodes if node.hidden and node.id not in done], _Neighbours(nodes, wires))
        for group in reversed(groups):  # outputs first: what comes back is summed before it is one of several
            nodes, wires = _merged(nodes, wires, group, beside)
            done.add(group[0].id)
    return nodes, wires


class _Neighbours:
    """Where the wires of each node come from and go to; the inputs of one node alone are its parameters, and left out."""

    def __init__(self, nodes: list[Node], wires: list[Wire]):
        goes: dict[str, set[str]] = {node.id: set() for node in nodes}
        comes: dict[str, set[str]] = {node.id: set() for node in nodes}
        for wire in wires:
            goes[wire.source].add(wire.target)
            comes[wire.target].add(wire.source)
        gates = {node.id for node in nodes if node.kind == "gate"}
        self.after = {id: frozenset(targets) for id, targets in goes.items()}
        self.before = {id: frozenset(x for x in sources if x in gates or goes[x] != {id}) for id, sources in comes.items()}


def _kind(node: Node) -> tuple[Any, ...]:
    return _without_number(node.sign), node.hidden, node.box


def _without_number(name: str) -> str:
    return re.sub(r"(?<=.)[ _-]?\d+$", "", name)


def _beside(gates: list[Node], neighbours: _Neighbours) -> list[list[Node]]:
    alike: dict[Any, list[Node]] = {}
    for node in gates:
        alike.setdefault((_kind(node), neighbours.before[node.id], neighbours.after[node.id]), []).append(node)
    return [group for group in alike.values() if len(group) > 1]


def _in_a_row(gates: list[Node], neighbours: _Neighbours) -> list[list[Node]]:
    by_id = {node.id: node for node in gates}
    follows: dict[str, Node] = {}  # the block after each
    for node in gates:
        for id in neighbours.before[node.id] & by_id.keys():
            if neighbours.after[id] == {node.id} and _kind(by_id[id]) == _kind(node):
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


def _merged(nodes: list[Node], wires: list[Wire], blocks: list[Node],
            beside: bool) -> tuple[list[Node], list[Wire]]:
    inside = {block.id for block in blocks}
    first, last = blocks[0], blocks[-1]
    joined: dict[tuple[str, str], list[Wire]] = {}
    rest = []
    for wire in wires:
        source, target = (first.id if id in inside else id for id in (wire.source, wire.target))
        if first.id not in (source, target):
            rest.append(wire)
        elif source != target:  # not from block to block
            joined.setdefault((source, target), []).append(wire)
    for (source, target), parts in joined.items():
        of: dict[str, list[Wire]] = {}  # by block on the way out, all in one on the way in
        for wire in parts:
            of.setdefault(wire.source if source == first.id else source, []).append(wire)
        value = _several([several[0].value for several in of.values()])
        contribution = _several([_sum([wire.contribution for wire in several]) for several in of.values()])
        rest.append(parts[0]._replace(source=source, target=target, value=value, contribution=contribution,
                                      local=None, formula=None, upstream=None, trouble=max(wire.trouble for wire in parts),
                                      edges=tuple(edge for wire in parts for edge in wire.edges)))
    name = first.sign if first.sign == last.sign else _without_number(first.sign)
    sign = f"{name} ×{len(blocks)}"
    value, gradient = (_several([getattr(block, what) for block in blocks]) if beside else getattr(last, what)
                       for what in ("value", "gradient"))
    one = first._replace(label="" if beside else last.label, sign=sign, parts=((sign, False),), value=value, gradient=gradient,
                         trouble=max(block.trouble for block in blocks), hidden=sum(block.hidden for block in blocks),
                         members=tuple(i for block in blocks for i in block.members))
    place = nodes.index(first)
    kept = [node for node in nodes if node.id not in inside]
    kept.insert(min(place, len(kept)), one)
    return kept, rest


def _sum(numbers: list[Any]) -> float | None:
    return sum(numbers) if all(isinstance(x, float) for x in numbers) else None


def _several(numbers: list[Any]) -> Any:
    """One number as it is; several as an array; None where one is missing."""
    if len(numbers) == 1:
        return numbers[0]
    if not all(isinstance(x, float) for x in numbers):
        return None
    finite = [x for x in numbers if math.isfinite(x)] or [math.nan]
    nans = sum(math.isnan(x) for x in numbers)
    return Array((len(numbers),), tuple(numbers) if len(numbers) <= 6 else None, min(finite), math.fsum(finite) / len(finite),
                 max(finite), nans, sum(map(math.isinf, numbers)), numbers.count(0.0))
