"""One level of a picture as a tile: rows with heights, tracks and lengths, and the pieces of wire between the items."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from .channels import CLASH, EDGE, NEAR, Net, clash, pitch, room, routed
from .heights import apart, settle
from .layers import layerings
from .order import Element, links_between, weigh
from .rows import BESIDE, Level, Rows

PAD, TITLE = 12.0, 24.0  # padding of a frame: on three sides, and on the side of its name
CROSSING = 60.0  # the cost of a crossing, in pixels of height
OVER, OUTSIDE = 30.0, 300.0  # cost of a pixel over the limit, and of the first one
SPARE, FAR = 58.0, 20_000.0  # pixels over the limit that still fit a page; cost of more
TRIES = 4  # attempts with ever shorter rows, where channels need more space than estimated
SEEDS, WORK = 8, 200  # most orders tried where wires cross, and most orders times items
SMALL = 90  # items: larger levels are laid out in one way only


class Tile(NamedTuple):
    """A level laid out: the corner of each item, the pieces of wire (value, from, to), and the places where values cross its
    border.

    ``places`` are left sides and own lines of items; ``flips`` is True for items with reversed wires. ``columns`` and ``budget``
    are the columns of items, and the length to which rows were cut.
    """

    along: float
    across: float
    ins: list[float]
    outs: list[tuple[int, float]]
    places: list[tuple[float, float]]
    flips: list[bool]
    pieces: list[tuple[int, float, float, float, float]]
    crossings: int
    score: float
    columns: list[int]
    budget: float


def best_tile(level: Level, limit: float) -> Tile:
    """Return the best layout found, at most ``limit`` long where its parts allow it."""
    edges = [(level.maker[value], i) for value, users in level.users.items() if value in level.maker for i in users]
    sources = {i for i, item in enumerate(level.items) if item.kind == "name"}
    found = layerings(len(level.items), edges, sources)
    small = len(level.items) <= SMALL
    best: Tile | None = None
    for columns in found if small else found[:1]:
        budget = limit
        for _ in range(TRIES):
            tile = Placement(Rows(level, columns, budget)).tile(limit)
            if best is None or tile.score < best.score:
                best = tile
            if tile.along <= limit or tile.score - _overflow(tile.along, limit) > best.score:
                break
            budget -= max(tile.along - limit, limit / 20)
    assert best is not None
    return best


def _overflow(along: float, limit: float) -> float:
    """The cost of being longer than the limit."""
    return OUTSIDE + OVER * (along - limit) + FAR * (along > limit + SPARE) if along > limit else 0.0


def orders_to_try(tile: Tile) -> int:
    """Return the number of further orders to try: several where wires cross and the level is not large."""
    return min(SEEDS, WORK // len(tile.places)) if tile.crossings else 0


def refined_tile(level: Level, limit: float, tile: Tile, same: bool) -> Tile:
    """Return the best layout with the same columns and rows, after trying several orders.

    ``same`` is True where the tiles inside have not changed since.
    """
    if same and not orders_to_try(tile):
        return tile
    rows = Rows(level, tile.columns, tile.budget)
    best = tile if same else Placement(rows).tile(limit)
    for seed in range(1, 1 + orders_to_try(best)):
        best = min(best, Placement(rows, seed).tile(limit), key=lambda tile: tile.score)
    return best


class Placement:
    """Builder of a tile: rows with heights, tracks and lengths, and the pieces of wire."""

    def __init__(self, rows: Rows, seed: int = 0):
        self.rows, self.level, self.items = rows, rows.level, rows.items
        self.columns = rows.ordered(seed)
        self.pieces: list[tuple[int, float, float, float, float]] = []
        self.places = [(0.0, 0.0)] * len(self.items)
        self.crossings = 0
        self.pad = PAD if self.level.name is not None else 0.0

    def tile(self, limit: float) -> Tile:
        """Return the tile, with its frame."""
        level = self.level
        lines = self._stack()
        left = self._left(lines)
        ends, nets = [], []
        for r, row in enumerate(self.columns):
            inner, end, net = self._row(r, row, left, lines)
            ends.append((inner, end))
            nets.append(net)
        along = max([*(end for _, end in ends), (level.name or 0.0) - self.pad]) + self.pad
        for row, net, (inner, _) in zip(self.columns, nets, ends):
            self._right(row, net, inner, along)
        self._returns(lines, nets)
        low = min([element.y - element.before for element in self._all()], default=0.0)
        high = max([element.y + element.after for element in self._all()] + [y for ys in lines for y in ys.values()], default=0.0)
        top = (TITLE if self.pad else 0.0) - low
        across = high + top + self.pad
        outs = [(e.value, e.y + top) for row in self.columns for e in row[-1] if e.value in level.leaves]
        ins = [0.0] * level.enters
        for element in self.bus if self.rows.several else self.columns[0][0] if self.columns else []:
            if 0 <= element.value < level.enters:
                ins[element.value] = element.y + top
        pieces = [(value, x, y + top, x2, y2 + top) for value, x, y, x2, y2 in self.pieces if (x, y) != (x2, y2)]
        score = CROSSING * self.crossings + across + 0.2 * along + _overflow(along, limit)
        score += 0.02 * sum(abs(x2 - x) + abs(y2 - y) for _, x, y, x2, y2 in pieces)
        return Tile(along, across, ins, outs, [(x, y + top) for x, y in self.places], self.rows.flips, pieces,
                    self.crossings, score, self.rows.given, self.rows.limit)

    def _all(self) -> list[Element]:
        return [element for row in self.columns for column in row for element in column] + self.bus

    def _stack(self) -> list[dict[int, float]]:
        """Assign heights in the rows, stack them, and return for each the heights of the lines below it."""
        self.bus: list[Element] = []
        lines: list[dict[int, float]] = []
        top = 0.0
        for r, row in enumerate(self.columns):
            links = [links_between(a, b) for a, b in pairwise(row)]
            for between in links:
                weigh(between)
            settle(row, links)
            self._part(row)
            elements = [element for column in row for element in column]
            down = top - min(element.y - element.before for element in elements)
            for element in elements:
                element.y += down
            bottom = max(element.y + element.after for element in elements)
            back = [e.value for e in reversed(row[-1]) if self._returned(e.value, r)]
            lines.append({value: bottom + EDGE + pitch(len(back)) * k for k, value in enumerate(back)})
            top = bottom + room(len(back), 2 * EDGE)
        return lines

    def _returned(self, value: int, r: int) -> bool:
        return any(self.rows.place[user][0] > r for user in self.level.users.get(value, []))

    def _nets(self, left: list[Element], right: list[Element]) -> list[Net]:
        into: dict[int, list[float]] = {}
        for element in right:
            for value, offset in element.left:
                into.setdefault(value, []).append(element.y + offset)
        return [Net(value, [element.y + offset], into[value]) for element in left for value, offset in element.right
                if value in into]

    def _part(self, row: list[list[Element]]) -> None:
        """Move elements down where two wires would overlap in any order of their tracks."""
        for left, right in pairwise(row):
            for _ in range(12):
                nets = self._nets(left, right)
                if not clash(nets) or routed(nets)[1] < CLASH:
                    break
                at = next(y for a in nets for b in nets if a is not b and a.track < b.track and not a.straight
                          for y in a.right for z in b.left if abs(y - z) < NEAR)
                lowered = False
                for k, element in enumerate(right):
                    lowered = lowered or any(element.y + offset == at for _, offset in element.left)
                    if lowered:
                        floor = right[k - 1].y + apart(right[k - 1], element) if k else element.y
                        element.y = max(element.y + 6.0, floor)

    # ── channels ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _left(self, lines: list[dict[int, float]]) -> float:
        """Place the column of shared inputs, and its channel to the rows; return the beginning of the rows."""
        if not self.rows.several:
            for element in self.columns[0][0] if self.columns else []:
                self.pieces.append((element.value, 0.0, element.y, self.pad, element.y))
            return self.pad
        entries: dict[int, list[float]] = {}
        for row in self.columns:
            for element in row[0]:
                entries.setdefault(element.value, []).append(element.y)
        self.bus = self._bus(entries)
        wide = max([self.items[e.item].along for e in self.bus if e.item >= 0], default=0.0)
        sources = {value: (e.y + offset) for e in self.bus for value, offset in e.right}
        nets = []
        for value, right in entries.items():
            gaps = [ys[value] for ys in lines if value in ys]
            nets.append(Net(value, [sources[value]] if value in sources else [], right + gaps))
        count, crossings = routed(nets)
        self.crossings += crossings
        begin = self.pad + wide
        x = {net.value: begin + EDGE + pitch(count) * net.track for net in nets}
        end = begin + room(count, BESIDE)
        for element in self.bus:
            if element.item >= 0:
                self.places[element.item] = (begin - self.items[element.item].along, element.y)
            else:
                self.pieces.append((element.value, 0.0, element.y, begin, element.y))
        self.tracks = x
        for net in nets:
            self._comb(net, x[net.value], begin, dict.fromkeys(entries[net.value], end))
        return end

    def _bus(self, entries: dict[int, list[float]]) -> list[Element]:
        """Place shared inputs and entering values, each near the height of the first row that uses it."""
        bus = [Element(i, -1, item.before, item.after, [], item.outs)
               for i, item in enumerate(self.items) if i in self.rows.bus]
        bus += [Element(-1, value, 0.0, 0.0, [], [(value, 0.0)]) for value in entries if value < self.level.enters]
        def wish(element: Element) -> float:
            return min(entries[value][0] - offset for value, offset in element.right)
        bus.sort(key=wish)
        y = -1e9
        for k, element in enumerate(bus):
            element.y = max(wish(element), y + apart(bus[k - 1], element) if k else -1e9)
            y = element.y
        return bus

    def _row(self, r: int, row: list[list[Element]], x: float, lines: list[dict[int, float]]
             ) -> tuple[float, float, dict[int, float]]:
        """Place the columns of a row and its channels; return the ends of columns and row, and the returning tracks."""
        for k, column in enumerate(row):
            items = [self.items[e.item] for e in column if e.item >= 0]
            anchor = max((item.anchor for item in items), default=0.0)
            end = x + max((item.along if item.kind == "tile" else anchor + item.along - item.anchor for item in items), default=0.0)
            for element in column:
                if element.item >= 0:
                    item = self.items[element.item]
                    left = x if item.kind == "tile" else x + anchor - item.anchor
                    self.places[element.item] = (left, element.y)
                    self._level(element, x, left, left + item.along, end)
                else:
                    self.pieces.append((element.value, x, element.y, end, element.y))
            if k + 1 < len(row):
                nets = self._nets(column, row[k + 1])
                count, crossings = routed(nets)
                self.crossings += crossings
                inner = 0 < k < len(row) - 2
                begin, x = end, end + room(count, BESIDE if inner else 0.0)
                for net in nets:
                    self._comb(net, begin + EDGE + pitch(count) * net.track, begin, dict.fromkeys(net.right, x))
        back = [Net(e.value, [e.y, lines[r][e.value]], [e.y] if e.value in self.level.leaves else [])
                for e in row[-1] if e.value in lines[r]]
        straight = [Net(e.value, [e.y], [e.y]) for e in row[-1] if e.value not in lines[r]]
        count, crossings = routed(back + straight)
        self.crossings += crossings
        tracks = {net.value: x + EDGE + pitch(count) * net.track for net in back}
        return x, x + room(count), tracks

    def _level(self, element: Element, x: float, left: float, right: float, end: float) -> None:
        """Add the wires between the sides of a column and an item in it."""
        for value, offset in element.left:
            self.pieces.append((value, x, element.y + offset, left, element.y + offset))
        for value, offset in element.right:
            self.pieces.append((value, right, element.y + offset, end, element.y + offset))

    def _comb(self, net: Net, x: float, begin: float, ends: dict[float, float]) -> None:
        """Add a net's track with its wires to the left and to the right."""
        value = net.value
        if net.straight:
            for y, end in ends.items():
                self.pieces.append((value, begin, y, end, y))
            return
        self.pieces += [(value, begin, y, x, y) for y in net.left]
        self.pieces += [(value, x, y, end, y) for y, end in ends.items()]
        heights = sorted({*net.left, *net.right})
        self.pieces += [(value, x, y, x, z) for y, z in pairwise(heights)]

    def _right(self, row: list[list[Element]], tracks: dict[int, float], start: float, along: float) -> None:
        """Add the wires from the exits of a row to their tracks, and to the frame."""
        for element in row[-1]:
            value, y = element.value, element.y
            track = tracks.get(value, start)
            self.pieces.append((value, start, y, track, y))
            if value in self.level.leaves:
                self.pieces.append((value, track, y, along, y))

    def _returns(self, lines: list[dict[int, float]], nets: list[dict[int, float]]) -> None:
        for row, ys, tracks in zip(self.columns, lines, nets):
            heights = {element.value: element.y for element in row[-1]}
            for value, y in ys.items():
                self.pieces.append((value, tracks[value], heights[value], tracks[value], y))
                self.pieces.append((value, tracks[value], y, self.tracks[value], y))
