"""From tiles to the picture: every value's lane as a tree, cut into a piece for each wire, with forks and gaps."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from .blocks import Block
from .heights import GAP
from .scopes import LayoutScope, Tiles
from .shapes import Layout, LayoutNode, Position, Route, Spot

RADIUS = 7.0  # of rounded corners
APART = 16.0  # between the inputs of a legend
BESIDE = 0.5  # distance of a branch's beginning from the middle of its lane

Point = tuple[float, float]


class Lanes:
    """Places of everything, collected from the tiles; ``routed`` makes the lanes."""

    def __init__(self, tiles: Tiles):
        nest = tiles.nest
        self.nest, self.tiles = nest, tiles
        self.nodes: dict[str, Position] = {}
        self.boxes: dict[str, tuple[float, float, float, float]] = {}
        self.labels: dict[str, Spot] = {}
        self.stem_labels: dict[str, Spot] = {}
        self.stems: dict[str, Route] = {}
        self.ends: dict[str, dict[Point, tuple[str, list[Point]]]] = {}  # by value: the wire at a point, and its remaining path
        self.starts: dict[str, Point] = {}
        self.near: dict[str, dict[Point, list[Point]]] = {}  # by value: points connected by its lane
        self.wires: dict[str, Route] = {}
        self.names: dict[str, Position] = {}
        self.forks: list[tuple[float, float, str]] = []
        tile = tiles.tiles[nest.scopes[""].form]
        wide, high = self._legend(tile.along)
        todo = [(nest.scopes[""], 0.0, high)]
        for scope, x, y in todo:  # grows while it is walked
            todo += self._scope(scope, x, y)
        self.size = max(wide, tile.along), high + tile.across

    def _legend(self, along: float) -> tuple[float, float]:
        """Place the legend in front: the repeated inputs, each once with its total; return its length."""
        x = y = wide = high = 0.0
        for id in self.nest.repeated:
            block = Block(self.nest.nodes[id], [], [])
            if x and x + block.along > along:
                x, y = 0.0, high
            self._place(block.node, block, x, y + block.before)
            x += block.along + APART
            wide, high = max(wide, x - APART), max(high, y + block.before + block.after + GAP)
        return wide, high + APART if high else 0.0

    def _scope(self, scope: LayoutScope, x: float, y: float) -> list[tuple[LayoutScope, float, float]]:
        tile = self.tiles.tiles[scope.form]
        if scope.id:
            self.boxes[scope.id] = (x, y, tile.along, tile.across)
        inner = []
        for k, (id, (left, line)) in enumerate(zip(scope.items, tile.places)):
            if id in self.nest.blocks:
                self._block(id, scope.form, k, x + left, y + line)
            else:
                inner.append((self.nest.scopes[id], x + left, y + line))
        values = list(scope.values)
        for value, *ends in tile.pieces:
            self._join(values[value], (x + ends[0], y + ends[1]), (x + ends[2], y + ends[3]))
        return inner

    def _join(self, value: str, a: Point, b: Point) -> None:
        if a != b:
            near = self.near.setdefault(value, {})
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)

    def _block(self, id: str, form: int, k: int, x: float, y: float) -> None:
        """Place a node, its labels, and the ends of the wires into it."""
        block, node = self.tiles.blocks[form][k], self.nest.nodes[id]
        assert block is not None
        across = node.across if block.round else max(node.across, block.across)
        flip = self.tiles.tiles[form].flips[k]
        for line, wire in enumerate(self.nest.into[id]):
            at = len(block.lines) - 1 - line if flip else line
            height = y + block.lines[at]
            on = [(x + a, y + b) for a, b in block.entering(at, node.along, across)]
            begin = (x + block.named, height)
            self.labels[wire.id] = Spot(*begin, block.head - block.named)
            if wire.source in self.nest.private:
                source = self.nest.nodes[wire.source]
                name = Position(begin[0] - source.along / 2, height, source.along, source.across)
                if wire.source in self.nest.repeated:
                    self.names[wire.id] = name
                else:
                    self.nodes[wire.source] = name
                self.wires[wire.id] = _route([begin, *on], set())
            else:
                self.ends.setdefault(wire.source, {})[x, height] = wire.id, on
        self._place(node, block, x, y)

    def _place(self, node: LayoutNode, block: Block, x: float, y: float) -> None:
        """Place a node in its block, and the beginning of its value's lane; the gate may be smaller than others of its form."""
        middle = x + block.anchor
        self.nodes[node.id] = Position(middle, y, node.along, node.across if block.round else max(node.across, block.across))
        right, end = middle + node.along / 2, x + block.along
        if node.stem:
            along = (block.stem or node.stem).along
            self.stem_labels[node.id] = Spot(end - along, y, along)
            self.stems[node.id] = Route(((right, y, 0.0), (end, y, 0.0)))
            self.starts[node.id] = end, y
        else:
            self.starts[node.id] = right, y
            self._join(node.id, (right, y), (end, y))

    def routed(self) -> Layout:
        """Return the layout, with a piece of lane for every wire."""
        for value, ends in self.ends.items():
            self._lane(value, ends)
        gaps, crossings = _gaps(self.wires, {id: wire.source for id, wire in self.nest.wires.items()})
        wires = {id: self.wires[id]._replace(gaps=tuple(gaps.get(id, ()))) for id in self.nest.wires}
        return Layout(*self.size, self.nodes, self.boxes, wires, self.labels, self.stems, self.stem_labels, self.names,
                      tuple(self.forks), crossings)

    def _lane(self, value: str, ends: dict[Point, tuple[str, list[Point]]]) -> None:
        """Walk the tree of a value from its start; at a fork the straight branch continues, and the others begin there."""
        near, start = self.near.get(value, {}), self.starts[value]
        seen, forks = {start}, set()
        todo: list[tuple[list[Point], int]] = [([start], -1)]  # beginnings of pieces, and the piece that each one leaves
        found: list[str] = []
        for way, owner in todo:  # grows while it is walked
            while way[-1] not in ends:
                here = way[-1]
                ahead = [p for p in near[here] if p not in seen]
                seen.update(ahead)
                on = next((p for p in ahead if len(way) > 1 and _in_line(way[-2], here, p)), ahead[0])
                if len(ahead) > 1:
                    forks.add(here)
                    todo += [([here, p], len(found)) for p in ahead if p is not on]
                way.append(on)
            wire, onward = ends[way[-1]]
            if owner >= 0:  # begins beside the lane, not on it, so that it does not look like a crossing
                (x, y), (x2, y2) = way[:2]
                way[0] = x + BESIDE * ((x2 > x) - (x2 < x)), y + BESIDE * ((y2 > y) - (y2 < y))
            self.wires[wire] = _route([*way, *onward], forks, found[owner] if owner >= 0 else "")
            found.append(wire)
        self.forks += [(x, y, value) for x, y in sorted(forks)]


def _in_line(a: Point, b: Point, c: Point) -> bool:
    return a[0] == b[0] == c[0] or a[1] == b[1] == c[1]


def _route(points: list[Point], forks: set[Point], after: str = "") -> Route:
    """A piece through these points, without those on a straight line; corners are rounded except at forks."""
    corners = [points[0]]
    for here, then in pairwise(points[1:]):
        if here != corners[-1] and not _in_line(corners[-1], here, then):
            corners.append(here)
    corners.append(points[-1])

    def length(k: int) -> float:
        return abs(corners[k][0] - corners[k + 1][0]) + abs(corners[k][1] - corners[k + 1][1])

    last = len(corners) - 1
    radii = [min(RADIUS, length(k - 1) / (1 if k == 1 else 2), length(k) / (1 if k == last - 1 else 2))
             if 0 < k < last and corners[k] not in forks else 0.0 for k in range(last + 1)]
    return Route(tuple((x, y, radius) for (x, y), radius in zip(corners, radii)), (), after)


def _gaps(wires: dict[str, Route], source: dict[str, str]) -> tuple[dict[str, list[Point]], int]:
    """The points where wires of two values cross, by the wire with the gap, and their number."""
    level: list[tuple[float, float, float, str]] = []
    steep: list[tuple[float, float, float, str]] = []
    for id, route in wires.items():
        for (x, y, _), (x2, y2, _) in zip(route.points, route.points[1:]):
            if y == y2:
                level.append((y, min(x, x2), max(x, x2), id))
            elif x == x2:
                steep.append((x, min(y, y2), max(y, y2), id))
    level.sort()
    gaps: dict[str, list[Point]] = {}
    points: set[Point] = set()
    for x, low, high, id in steep:
        for k in range(bisect_left(level, (low, 0.0, 0.0, "")), len(level)):
            y, left, right, other = level[k]
            if y >= high:
                break
            if left < x < right and low < y and source[id] != source[other]:
                gaps.setdefault(id, []).append((x, y))
                points.add((x, y))
    return gaps, len(points)
