"""One level of a picture as a tile: its items in columns, the columns in rows, and the wires between them.

Everything here goes by number: items in their declared order, values counted from those that enter the tile. So tiles of
one form are laid out once.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import NamedTuple

from .channels import CLASH, EDGE, NEAR, Net, pitch, room, routed
from .heights import GAP, apart, settle
from .layers import cut, layerings
from .order import Element, arrange_columns, links_between, weigh

BESIDE = 4.0  # between columns without a track
PAD = 12.0  # of a frame, on the sides without its name
ROW, RETURN = 30.0, 25.0  # what a row costs, and a wire from row to row, in pixels of height
RAGGED, ALONE = 60.0, 150.0  # what an empty row would cost, and one that holds nothing but results
CROSSING = 60.0  # what a crossing costs
OVER = 30.0  # what a pixel over the limit costs
TRIES = 4  # with ever shorter rows, where channels take more room than was estimated
SMALL = 90  # items: levels of more are laid out in one way only


class Item:
    """A block or a tile, as its level sees it: measures across from its own line, and its pins, each (value, offset).

    ``anchor`` is the distance from its left side to the line on which the items of a column stand.
    """

    __slots__ = ("after", "along", "anchor", "before", "ins", "kind", "outs", "swap")

    def __init__(self, kind: str, along: float, anchor: float, before: float, after: float,
                 ins: list[tuple[int, float]], outs: list[tuple[int, float]], swap: bool = False):
        self.kind, self.along, self.anchor, self.before, self.after = kind, along, anchor, before, after
        self.ins, self.outs, self.swap = ins, outs, swap


class Tile(NamedTuple):
    """A level laid out: the corner of each item, the pieces of wire (value, from, to), and where values pass its border.

    ``places`` are left sides and own lines of items; ``flips`` says which had the wires into them turned round.
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


class Frame(NamedTuple):
    """The room of a frame at its begin along and across the wires, on the other sides, and how long it must be at least."""

    along: float = 0.0
    across: float = 0.0
    others: float = 0.0
    least_along: float = 0.0
    least_across: float = 0.0


class Level:
    """What is to be laid out: items, how many values enter, which leave, and the frame's room."""

    def __init__(self, items: list[Item], enters: int, leaves: list[int], frame: Frame):
        self.items, self.enters, self.leaves, self.frame = items, enters, leaves, frame
        self.maker = {value: i for i, item in enumerate(items) for value, _ in item.outs}
        self.users: dict[int, list[int]] = {}
        for i, item in enumerate(items):
            for value, _ in item.ins:
                self.users.setdefault(value, []).append(i)

    def tile(self, limit: float) -> Tile:
        """The best layout that is found, at most ``limit`` long where that can be."""
        edges = [(self.maker[value], i) for value, users in self.users.items() if value in self.maker for i in users]
        sources = {i for i, item in enumerate(self.items) if item.kind == "name"}
        found = layerings(len(self.items), edges, sources)
        best: Tile | None = None
        for columns in found if len(self.items) <= SMALL else found[:1]:
            budget = limit
            for _ in range(TRIES if len(self.items) <= SMALL else 2):
                tile = Rows(self, columns, budget).tile(limit)
                if best is None or tile.score < best.score:
                    best = tile
                if tile.along <= limit:
                    break
                budget -= max(tile.along - limit, limit / 20)
        assert best is not None
        return best


class Rows:
    """Columns cut into rows, with a column of entries at the left of each and one of exits at the right."""

    def __init__(self, level: Level, columns: list[int], limit: float):
        self.level = level
        self.items = level.items
        starts = self._cut(columns, limit)
        self.bus = self._shared(columns, starts)
        if self.bus:  # they take room in front of all rows
            wide = max(self.items[i].along for i in self.bus)
            starts = self._cut(columns, limit - wide - room(len(self.bus)))
            self.bus = self._shared(columns, starts)
        kept = sorted({columns[i] for i in range(len(self.items)) if i not in self.bus})
        grouped: dict[int, list[int]] = {}
        for column in kept:
            grouped.setdefault(bisect_right(starts, column), []).append(column)
        at = {column: (r, k) for r, several in enumerate(grouped.values()) for k, column in enumerate(several)}
        self.place = {i: at[columns[i]] for i in range(len(self.items)) if i not in self.bus}
        self.lengths = [len(several) for several in grouped.values()]
        self.several = len(self.lengths) > 1 or bool(self.bus)
        self.flips = [False] * len(self.items)

    def _shared(self, columns: list[int], starts: list[int]) -> set[int]:
        """The inputs that feed a row that they do not stand in."""
        row = [bisect_right(starts, column) for column in columns]
        return {i for i, item in enumerate(self.items) if item.kind == "name"
                and any(row[user] != row[i] for value, _ in item.outs for user in self.level.users.get(value, []))}

    # ── rows and columns ─────────────────────────────────────────────────────────────────────────────────────────

    def _cut(self, columns: list[int], limit: float) -> list[int]:
        """Where rows begin; lengths of channels are estimated from the number of values that pass."""
        count = max(columns, default=-1) + 1
        long, high = [0.0] * count, [0.0] * count
        for item, k in zip(self.items, columns):
            long[k] = max(long[k], item.along)
            high[k] += item.before + item.after + GAP
        results = [True] * count
        for item, k in zip(self.items, columns):
            results[k] = results[k] and item.kind == "result"
        passing, returning, shared = [0] * (count + 1), [0] * (count + 1), [0] * (count + 1)
        for value, users in self.level.users.items():
            maker = self.level.maker.get(value)
            first = columns[maker] if maker is not None else -1
            for k in range(first + 1, max(columns[i] for i in users) + 1):
                passing[k] += 1
                returning[k] += maker is not None and self.items[maker].kind != "name"
                shared[k] += maker is not None and self.items[maker].kind == "name"
        sums = [0.0]
        for k in range(count):
            sums.append(sums[-1] + long[k] + (2 * EDGE if passing[k] > 1 else BESIDE))

        def along(i: int, j: int) -> float:
            channels = (returning[i] if i else 0) + (returning[j] if j < count else 0)
            return sums[j] - sums[i] + room(channels)

        def price(i: int, j: int) -> float:
            cost = ROW + max(high[i:j])
            if i and all(results[i:j]):
                cost += ALONE
            if j < count:
                short = max(0.0, 1 - along(i, j) / limit)
                cost += RETURN * (returning[j] + shared[j]) + RAGGED * short * short
            return cost

        return cut(count, along, price, limit)

    def columns(self) -> list[list[list[Element]]]:
        """For each row its columns: entries, items and wires that pass, exits."""
        rows: list[list[list[Element]]] = [[[] for _ in range(length + 2)] for length in self.lengths]
        for i, (r, k) in self.place.items():
            item = self.items[i]
            rows[r][k + 1].append(Element(i, -1, item.before, item.after, item.ins, item.outs, item.kind == "tile"))
        for value in sorted({*self.level.users, *self.level.leaves}):
            self._lane(value, rows)
        first = {value: min(users) for value, users in self.level.users.items()}
        for row in rows:
            for column in row:
                column.sort(key=lambda e: e.item if e.item >= 0 else first.get(e.value, len(self.items)) - 0.5)
        return rows

    def _lane(self, value: int, rows: list[list[list[Element]]]) -> None:
        """Where a value passes: through the columns between its gate, or the row's entry, and the last use in the row."""
        maker = self.level.maker.get(value)
        home, start = self.place.get(maker, (-1, -1)) if maker is not None else (-1, -1)
        last: dict[int, int] = {}
        for user in self.level.users.get(value, []):
            r, k = self.place[user]
            last[r] = max(last.get(r, 0), k)
        away = value in self.level.leaves or any(r != home for r in last)
        if home >= 0 and away:
            last[home] = self.lengths[home] + 1
        for r, k in last.items():
            for column in range(start + 1 if r == home else -1, k):
                rows[r][column + 1].append(Element(-1, value, 0.0, 0.0, [(value, 0.0)], [(value, 0.0)]))

    # ── heights and lengths ──────────────────────────────────────────────────────────────────────────────────────

    def tile(self, limit: float) -> Tile:
        """The rows laid out."""
        rows = self.columns()
        flat = [column for row in rows for column in row]
        arrange_columns(flat)
        self._flip(flat)
        at = 0
        for r, row in enumerate(rows):
            rows[r] = flat[at:at + len(row)]
            at += len(row)
        return Drawn(self, rows).tile(limit)

    def _flip(self, columns: list[list[Element]]) -> None:
        """Turn round the wires into gates whose arguments have no order, where they cross."""
        for left, right in pairwise(columns):
            height = {value: (e.rank, k) for e in left for k, (value, _) in enumerate(e.right)}
            for element in right:
                if element.item >= 0 and self.items[element.item].swap:
                    (a, y), (b, z) = element.left
                    if a in height and b in height and height[a] > height[b]:
                        element.left = [(b, y), (a, z)]
                        self.flips[element.item] = True


class Drawn:
    """Rows with heights, tracks and lengths: the pieces of wire are collected here."""

    def __init__(self, rows: Rows, columns: list[list[list[Element]]]):
        self.rows, self.level, self.items = rows, rows.level, rows.items
        self.columns = columns
        self.pieces: list[tuple[int, float, float, float, float]] = []
        self.places = [(0.0, 0.0)] * len(self.items)
        self.crossings = 0
        self.pad = self.level.frame.along

    def tile(self, limit: float) -> Tile:
        """The tile, with its frame's room."""
        level = self.level
        lines = self._stack()
        left = self._left(lines)
        ends, nets = [], []
        for r, row in enumerate(self.columns):
            inner, end, net = self._row(r, row, left, lines)
            ends.append((inner, end))
            nets.append(net)
        frame = level.frame
        along = max([*(end + frame.others for _, end in ends), frame.least_along])
        for row, net, (inner, _) in zip(self.columns, nets, ends):
            self._right(row, net, inner, along)
        self._returns(lines, nets)
        low = min([element.y - element.before for element in self._all()], default=0.0)
        high = max([element.y + element.after for element in self._all()] + [y for ys in lines for y in ys.values()], default=0.0)
        top = frame.across - low
        across = max(high + top + frame.others, frame.least_across)
        outs = [(e.value, e.y + top) for row in self.columns for e in row[-1] if e.value in level.leaves]
        ins = [0.0] * level.enters
        for element in self.bus if self.rows.several else self.columns[0][0] if self.columns else []:
            if 0 <= element.value < level.enters:
                ins[element.value] = element.y + top
        pieces = [(value, x, y + top, x2, y2 + top) for value, x, y, x2, y2 in self.pieces if (x, y) != (x2, y2)]
        score = CROSSING * self.crossings + across + 0.2 * along + OVER * max(0.0, along - limit) \
            + 0.02 * sum(abs(x2 - x) + abs(y2 - y) for _, x, y, x2, y2 in pieces)
        return Tile(along, across, ins, outs, [(x, y + top) for x, y in self.places], self.rows.flips, pieces,
                    self.crossings, score)

    def _all(self) -> list[Element]:
        return [element for row in self.columns for column in row for element in column] + self.bus

    def _stack(self) -> list[dict[int, float]]:
        """Settle the rows, put them under one another, and return for each the heights of the lines below it."""
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
        """Move elements down where two wires would lie on one another whatever the order of their tracks."""
        for left, right in pairwise(row):
            for _ in range(12):
                nets = self._nets(left, right)
                if routed(nets)[1] < CLASH:
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
        """The column of what feeds several rows, and the channel from it to them; returns where the rows begin."""
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
        """Shared inputs, and values that enter: each at the height of the first row that it feeds, or near by."""
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
        """Place the columns of a row and draw its channels; returns where they end, where the row ends, and returns' tracks."""
        for k, column in enumerate(row):
            items = [self.items[e.item] for e in column if e.item >= 0]
            anchor = max((item.anchor for item in items), default=0.0)
            end = x + anchor + max((item.along - item.anchor for item in items), default=0.0)
            for element in column:
                if element.item >= 0:
                    item = self.items[element.item]
                    left = x + anchor - item.anchor
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
        """The wires between the sides of a column and an item in it."""
        for value, offset in element.left:
            self.pieces.append((value, x, element.y + offset, left, element.y + offset))
        for value, offset in element.right:
            self.pieces.append((value, right, element.y + offset, end, element.y + offset))

    def _comb(self, net: Net, x: float, begin: float, ends: dict[float, float]) -> None:
        """A net's track with its wires to the left and to the right."""
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
        """From the exits of a row to their tracks, and to the frame."""
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
