"""Scopes as nested tiles, innermost first; scopes of one form are laid out once, with space for the texts of all."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from .blocks import Block, alike
from .rows import Item, Level
from .shapes import LayoutBox, LabelSize, LayoutNode, LayoutWire
from .tiles import PAD, Tile, best_tile, refined_tile

AROUND = 20.0  # space for channels beside a tile, when its length is chosen


class LayoutScope:
    """A box with its content: ``items`` are ids of nodes and boxes in declared order.

    ``enters`` and ``leaves`` are the incoming and outgoing values (ids of nodes); ``values`` are all values of this level, incoming
    ones first; ``form`` is a number shared by scopes of one form.
    """

    def __init__(self, id: str, depth: int):
        self.id, self.depth = id, depth
        self.items: list[str] = []
        self.enters: dict[str, None] = {}
        self.leaves: dict[str, None] = {}
        self.values: dict[str, int] = {}
        self.form = -1


class Nest:
    """A graph as nested scopes, with the block of every node that is placed on its own.

    An input that only one gate uses, without a label of its own, is part of that gate's block: ``private`` are its wires. Inputs in
    ``repeated`` are part of the block of every gate that uses them.
    """

    def __init__(self, nodes: Iterable[LayoutNode], wires: Iterable[LayoutWire], boxes: Iterable[LayoutBox],
                 repeated: Iterable[str] = ()):
        self.nodes = {node.id: node for node in nodes}
        self.boxes = {box.id: box for box in boxes}
        self.wires = {wire.id: wire for wire in wires}
        self.into: dict[str, list[LayoutWire]] = {id: [] for id in self.nodes}
        outof: dict[str, list[LayoutWire]] = {id: [] for id in self.nodes}
        for wire in self.wires.values():
            self.into[wire.target].append(wire)
            outof[wire.source].append(wire)
        self.repeated = tuple(repeated)
        self.private = {id for id, node in self.nodes.items() if node.kind == "input" and len(outof[id]) == 1 and not node.stem
                        and self.nodes[outof[id][0].target].kind == "gate"}.union(self.repeated)
        self.shared = [id for id, node in self.nodes.items() if node.kind == "input" and id not in self.private
                       and len({wire.target for wire in outof[id]}) > 1]
        self.used = {id for id, wires in outof.items() if wires and id not in self.private}
        self.blocks = {id: self._block(node) for id, node in self.nodes.items() if id not in self.private}
        self.parent = {box.id: box.parent if box.parent in self.boxes else "" for box in self.boxes.values()}
        self.box = {id: node.box if node.box in self.boxes else "" for id, node in self.nodes.items()}
        while (tangled := self._tangled()) is not None:
            self._dissolve(tangled)
        self.scopes = self._scopes()

    def _block(self, node: LayoutNode) -> Block:
        wires = self.into[node.id]
        names = [self.nodes[wire.source].along if wire.source in self.private else -1.0 for wire in wires]
        return Block(node, names, [self._label(wire) for wire in wires])

    def _label(self, wire: LayoutWire) -> LabelSize:
        """The space of a wire's label and of the name before it, whose length is across the wire in a picture that runs down."""
        half = self.nodes[wire.source].across / 2 if wire.source in self.private else 0.0
        return wire.label._replace(before=max(wire.label.before, half), after=max(wire.label.after, half))

    def chain(self, box: str) -> list[str]:
        """The ids of the boxes from the outermost, which is empty, to this one."""
        chain = [box]
        while chain[-1]:
            chain.append(self.parent[chain[-1]])
        return chain[::-1]

    def _tangled(self) -> str | None:
        """A box on a cycle of boxes, if there is one."""
        after: dict[str, set[str]] = {}
        for wire in self.wires.values():
            if wire.source in self.private:
                continue
            a, b = self.chain(self.box[wire.source]) + [wire.source], self.chain(self.box[wire.target]) + [wire.target]
            k = next(k for k in range(len(a)) if a[k] != b[k])
            after.setdefault(a[k] if k < len(a) - 1 else f" {a[k]}", set()).add(b[k] if k < len(b) - 1 else f" {b[k]}")
        left = {*after, *(b for several in after.values() for b in several)}
        while True:  # items without predecessors or successors are on no cycle
            targets = {b for a in left for b in after.get(a, ())}
            fewer = {a for a in left if a in targets and not left.isdisjoint(after.get(a, ()))}
            if fewer == left:
                break
            left = fewer
        return next((id for id in reversed(self.boxes) if id in left), None)

    def _dissolve(self, box: str) -> None:
        outer = self.parent.pop(box)
        del self.boxes[box]
        self.parent = {id: outer if parent == box else parent for id, parent in self.parent.items()}
        self.box = {id: outer if at == box else at for id, at in self.box.items()}

    def _scopes(self) -> dict[str, LayoutScope]:
        scopes = {"": LayoutScope("", 0)}
        for id in self.blocks:
            chain = [*self.chain(self.box[id]), id]
            for depth, (outer, inner) in enumerate(pairwise(chain)):
                if outer not in scopes:
                    scopes[outer] = LayoutScope(outer, depth)
                if inner not in scopes[outer].items and (inner == id or inner not in scopes):
                    scopes[outer].items.append(inner)
        for id in self.blocks:
            for wire in self.into[id]:
                if wire.source not in self.private:
                    a, b = self.chain(self.box[wire.source]), self.chain(self.box[wire.target])
                    k = next((k for k in range(min(len(a), len(b))) if a[k] != b[k]), min(len(a), len(b)))
                    for outer in a[k:]:
                        scopes[outer].leaves[wire.source] = None
                    for inner in b[k:]:
                        scopes[inner].enters[wire.source] = None
        for scope in scopes.values():
            made = (value for id in scope.items for value in self.made(id, scopes))
            scope.values = {value: k for k, value in enumerate([*scope.enters, *made])}
        return scopes

    def made(self, id: str, scopes: dict[str, LayoutScope]) -> list[str]:
        """The values that leave an item: a node's own, or those of a box."""
        return [id] * (id in self.used) if id in self.blocks else list(scopes[id].leaves)


class Tiles:
    """The tile and the blocks of every form; the whole is at most ``limit`` long, tiles in it ``inner``.

    ``before`` are tiles of the same nest: longer ones, kept where they are short enough, or those to refine (``thorough``).
    """

    def __init__(self, nest: Nest, limit: float, inner: float, before: Tiles | None = None, thorough: bool = False):
        self.nest, self.thorough = nest, thorough
        self.before = before.tiles if before else []
        self.same: list[bool] = []
        self.tiles: list[Tile] = []
        self.blocks: list[list[Block | None]] = []
        self.limit, self.inner = limit, inner
        scopes = sorted(nest.scopes.values(), key=lambda scope: -scope.depth)
        for depth in sorted({scope.depth for scope in scopes}, reverse=True):
            forms: dict[object, list[LayoutScope]] = {}
            for scope in scopes:
                if scope.depth == depth:
                    forms.setdefault(self._form(scope), []).append(scope)
            for several in forms.values():
                self._lay_out(several)

    @property
    def crossings(self) -> int:
        """The crossings in all tiles together."""
        return sum(self.tiles[scope.form].crossings for scope in self.nest.scopes.values())

    def _wires(self, id: str) -> list[str]:
        """The values that enter an item, in the order of its lines."""
        nest = self.nest
        if id not in nest.blocks:
            return list(nest.scopes[id].enters)
        return [wire.source for wire in nest.into[id] if wire.source not in nest.private]

    def _form(self, scope: LayoutScope) -> object:
        nest, number = self.nest, scope.values
        items = tuple((nest.blocks[id].form() if id in nest.blocks else nest.scopes[id].form,
                       tuple(number[value] for value in self._wires(id)),
                       tuple(number[value] for value in nest.made(id, nest.scopes))) for id in scope.items)
        return len(scope.enters), tuple(number[value] for value in scope.leaves), items

    def _lay_out(self, scopes: list[LayoutScope]) -> None:
        first, nest = scopes[0], self.nest
        number = first.values
        items, blocks = [], []
        for k, id in enumerate(first.items):
            block = alike([nest.blocks[scope.items[k]] for scope in scopes]) if id in nest.blocks else None
            blocks.append(block)
            ins, outs = ([number[value] for value in values] for values in (self._wires(id), nest.made(id, nest.scopes)))
            items.append(_item(block, ins, outs) if block else self._tile_item(nest.scopes[id], ins, outs))
        name = max(nest.boxes[scope.id].along for scope in scopes) if first.id else None
        level = Level(items, len(first.enters), [number[value] for value in first.leaves], name)
        limit = self.limit if not first.id else self.inner - (first.depth - 1) * (2 * PAD + AROUND)
        k = len(self.tiles)
        same = bool(self.before) and self.before[k].along <= limit and all(
            self.same[nest.scopes[id].form] for id in first.items if id in nest.scopes)
        self.same.append(same)
        if self.thorough:
            inner = {nest.scopes[id].form for id in first.items if id in nest.scopes}
            self.tiles.append(refined_tile(level, limit, self.before[k], all(self.tiles[i] is self.before[i] for i in inner)))
        else:
            self.tiles.append(self.before[k] if same else best_tile(level, limit))
        self.blocks.append(blocks)
        for scope in scopes:
            scope.form = len(self.tiles) - 1

    def _tile_item(self, scope: LayoutScope, ins: list[int], outs: list[int]) -> Item:
        tile = self.tiles[scope.form]
        heights = dict(tile.outs)
        leaving = [(out, heights[scope.values[value]]) for out, value in zip(outs, scope.leaves)]
        return Item("tile", tile.along, 0.0, 0.0, tile.across, sorted(zip(ins, tile.ins), key=lambda pin: pin[1]),
                    sorted(leaving, key=lambda pin: pin[1]))


def _item(block: Block, ins: list[int], outs: list[int]) -> Item:
    wired = [y for y, name in zip(block.lines, block.names) if name < 0]
    kind = {"input": "name", "output": "result"}.get(block.node.kind, "block")
    anchor = block.along if kind == "name" else block.anchor
    same = len({(label.before, label.after) for label in block.labels}) == 1
    swap = not block.node.ordered and len(wired) == len(block.lines) == 2 and ins[0] != ins[1] and same
    return Item(kind, block.along, anchor, block.before, block.after, list(zip(ins, wired)), [(value, 0.0) for value in outs], swap)

