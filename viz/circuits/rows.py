"""The columns of a level, cut into rows and ordered; a value passes through every column on its way.

Items and values are numbered here (items in declared order, entering values first), so that scopes of one form share one layout.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from .channels import EDGE, room
from .heights import GAP
from .layers import cut
from .order import Element, arrange_columns, shuffle

BESIDE = 3.0  # between columns without a track
ROW, RETURN = 30.0, 25.0  # the cost of a row, and of a wire from row to row, in pixels of height
RAGGED, ALONE = 60.0, 150.0  # the cost of an empty row, and of one that holds nothing but results


class Item:
    """A block or a tile in its level: its measures, across from its own line, and its pins, each (value, offset).

    ``anchor`` is the distance from its left side to the line on which the items of a column stand.
    """

    __slots__ = ("after", "along", "anchor", "before", "ins", "kind", "outs", "swap")

    def __init__(self, kind: str, along: float, anchor: float, before: float, after: float,
                 ins: list[tuple[int, float]], outs: list[tuple[int, float]], swap: bool = False):
        self.kind, self.along, self.anchor, self.before, self.after = kind, along, anchor, before, after
        self.ins, self.outs, self.swap = ins, outs, swap


class Level:
    """Items to lay out, the number of entering values, the leaving values, and the length of the frame's name."""

    def __init__(self, items: list[Item], enters: int, leaves: list[int], name: float | None = None):
        self.items, self.enters, self.leaves, self.name = items, enters, leaves, name
        self.maker = {value: i for i, item in enumerate(items) for value, _ in item.outs}
        self.users: dict[int, list[int]] = {}
        for i, item in enumerate(items):
            for value, _ in item.ins:
                self.users.setdefault(value, []).append(i)


class Rows:
    """Columns cut into rows, with a column of entries at the left of each and one of exits at the right."""

    def __init__(self, level: Level, columns: list[int], limit: float):
        self.level, self.items = level, level.items
        self.given, self.limit = columns, limit
        starts = self._cut(columns, limit)
        self.bus = self._shared(columns, starts)
        if self.bus:  # they take space in front of all rows
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
        self.flips: list[bool] = []  # items whose wires are reversed

    def _shared(self, columns: list[int], starts: list[int]) -> set[int]:
        """The inputs that are used in other rows than their own."""
        row = [bisect_right(starts, column) for column in columns]
        return {i for i, item in enumerate(self.items) if item.kind == "name"
                and any(row[user] != row[i] for value, _ in item.outs for user in self.level.users.get(value, []))}

    # ── rows and columns ─────────────────────────────────────────────────────────────────────────────────────────

    def _cut(self, columns: list[int], limit: float) -> list[int]:
        """Return the first column of each row; lengths of channels are estimated from the number of values that pass."""
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
            short = max(0.0, 1 - along(i, j) / limit) if limit > 0 else 0.0  # shared inputs may take all of a narrow page
            cost += (RAGGED if j < count else RAGGED / 2) * short * short
            return cost + RETURN * (returning[j] + shared[j]) if j < count else cost

        return cut(count, along, price, limit)

    def columns(self) -> list[list[list[Element]]]:
        """Return the columns of each row: entries, items and passing wires, exits."""
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
        """Add a passing wire for a value in the columns between its gate, or the row's entry, and its last use in the row."""
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

    # ── order ────────────────────────────────────────────────────────────────────────────────────────────────────

    def ordered(self, seed: int = 0) -> list[list[list[Element]]]:
        """Return the columns of each row, ordered so that few wires cross; for seed 0 the search starts from the declared order."""
        rows = self.columns()
        flat = [column for row in rows for column in row]
        if seed:
            shuffle(flat, seed)
        arrange_columns(flat)
        self._flip(flat)
        columns = iter(flat)
        return [[next(columns) for _ in row] for row in rows]

    def _flip(self, columns: list[list[Element]]) -> None:
        """Reverse crossing wires into gates whose arguments have no order."""
        self.flips = [False] * len(self.items)
        for left, right in pairwise(columns):
            height = {value: (e.rank, k) for e in left for k, (value, _) in enumerate(e.right)}
            for element in right:
                if element.item >= 0 and self.items[element.item].swap:
                    (a, y), (b, z) = element.left
                    if a in height and b in height and height[a] > height[b]:
                        element.left = [(b, y), (a, z)]
                        self.flips[element.item] = True
