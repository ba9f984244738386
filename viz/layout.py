"""Layout of circuits: takes plain records of nodes, wires and boxes, and returns their places; draws nothing.

Scopes are tiles, laid out innermost first; those of one form are laid out once. In a tile, items stand in columns
(``circuits.layers``), ordered so that few wires cross (``circuits.order``), at heights that keep wires straight
(``circuits.heights``); a level too long for the page continues in a further row (``circuits.tiles``). All wires of one value share
one lane: it runs between the columns in channels, with one track for each value (``circuits.channels``), and forks where the value
is used (``circuits.lanes``). Labels belong to the block of the gate that their wire enters (``circuits.blocks``), so no wire
crosses a text.
"""

from __future__ import annotations

from collections.abc import Iterable

from .circuits.lanes import Lanes
from .circuits.rows import BESIDE
from .circuits.scopes import Nest, Tiles
from .circuits.shapes import LabelSize, Layout, LayoutBox, LayoutNode, LayoutWire, Position, Route, Spot
from .circuits.tiles import orders_to_try

__all__ = ["LabelSize", "Layout", "LayoutBox", "LayoutNode", "LayoutWire", "Position", "Route", "Spot", "lay_out", "turned"]

WIDTH = 1034.0  # width of a picture that fits a page, without margins
TRIES, SHORTER = 6, 0.92  # attempts with ever shorter tiles, where the whole is too long
MANY = 24  # crossings: above, or where the whole is too long, shared inputs are repeated at each use if that helps


def lay_out(nodes: Iterable[LayoutNode], wires: Iterable[LayoutWire], boxes: Iterable[LayoutBox] = (), width: float = WIDTH,
           direction: str = "right", repeat: bool | None = None) -> Layout:
    """Return the places of a circuit's nodes, wires and boxes: bit for bit the same for the same records, on every machine.

    The picture keeps the order of nodes and boxes where possible. A picture to the right is at most ``width``
    wide where its parts allow it; one that runs down is as high as necessary. ``repeat`` draws shared inputs again at every use,
    with their totals in a legend (None: where many wires cross, or the picture is too wide). Raises ValueError for another
    direction.

    >>> x, gate, out = LayoutNode("x", "input", 20, 20), LayoutNode("g", "gate", 34, 34), LayoutNode("out", "output", 16, 16)
    >>> label = LabelSize(50, 18, 20)
    >>> ends = [("x", "g"), ("x", "g"), ("g", "out")]
    >>> places = lay_out([x, gate, out], [LayoutWire(f"w{i}", *pair, label) for i, pair in enumerate(ends)])
    >>> [round(place.x) for place in places.nodes.values()], places.crossings, len(places.forks)
    ([10, 121, 201], 0, 1)
    """
    if direction not in ("right", "down"):
        raise ValueError(f"direction={direction!r}: the direction must be 'right' or 'down'")
    down = direction == "down"
    limit = float("inf") if down else width
    nodes, wires, boxes = tuple(nodes), tuple(wires), tuple(boxes)
    tiles = _first(Nest(nodes, wires, boxes), limit)
    shared, tile = tiles.nest.shared, tiles.tiles[-1]
    if shared and (repeat or repeat is None and (tiles.crossings >= MANY or tile.along > limit)):
        again = _first(Nest(nodes, wires, boxes, shared), limit)
        if repeat or again.crossings <= tiles.crossings / 2 or again.tiles[-1].along <= limit < tile.along:
            tiles = again
    done = Lanes(_refined(_shortened(tiles))).routed()
    return turned(done) if down else done


def _first(nest: Nest, limit: float) -> Tiles:
    """Lay out the tiles of a picture along x, with space for the results beside each."""
    result = max((block.along for block in nest.blocks.values() if block.node.kind == "output"), default=0.0)
    return Tiles(nest, limit, limit - result - BESIDE)


def _shortened(tiles: Tiles) -> Tiles:
    """Return the tiles, made shorter where the whole is too long."""
    best = tiles
    for _ in range(TRIES):
        if tiles.tiles[-1].along <= tiles.limit or len(tiles.tiles) == 1:
            break
        tiles = Tiles(tiles.nest, tiles.limit, tiles.inner * SHORTER, tiles)
        if tiles.tiles[-1].along < best.tiles[-1].along:
            best = tiles
    return best


def _refined(tiles: Tiles) -> Tiles:
    """Refine the tiles: search longer where wires cross, unless the result is too long."""
    if not any(map(orders_to_try, tiles.tiles)):
        return tiles
    better = Tiles(tiles.nest, tiles.limit, tiles.inner, tiles, thorough=True)
    fits = better.tiles[-1].along <= max(tiles.limit, tiles.tiles[-1].along)
    return better if fits and better.crossings < tiles.crossings else tiles


def turned(done: Layout) -> Layout:
    """Return the same layout with x and y exchanged."""
    def exchanged(route: Route) -> Route:
        return Route(tuple((y, x, r) for x, y, r in route.points), tuple((y, x) for x, y in route.gaps), route.after)

    return Layout(done.high, done.wide,
                  {id: Position(p.y, p.x, p.high, p.wide) for id, p in done.nodes.items()},
                  {id: (y, x, high, wide) for id, (x, y, wide, high) in done.boxes.items()},
                  {id: exchanged(route) for id, route in done.wires.items()},
                  {id: Spot(p.y, p.x, p.along) for id, p in done.labels.items()},
                  {id: exchanged(route) for id, route in done.stems.items()},
                  {id: Spot(p.y, p.x, p.along) for id, p in done.stem_labels.items()},
                  {id: Position(p.y, p.x, p.high, p.wide) for id, p in done.names.items()},
                  tuple((y, x, value) for x, y, value in done.forks), done.crossings)
