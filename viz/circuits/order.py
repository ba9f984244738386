"""The order within columns: barycentre sweeps, then swaps of neighbours, so that few wires cross."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import pairwise
from typing import TypeAlias

SWEEPS, STALE = 16, 4  # most sweeps, and most without improvement
MANY = 300  # links: larger pictures get half as many sweeps
LARGE = 1_500  # links: in larger pictures neighbours are not swapped


class Element:
    """An item in a column, or (``item`` −1) a passing wire; ``left`` and ``right`` are its pins.

    A pin is a value and its offset from the element's height ``y``.
    """

    __slots__ = ("after", "before", "item", "left", "rank", "right", "tile", "value", "y")

    def __init__(self, item: int, value: int, before: float, after: float, left: list[tuple[int, float]],
                 right: list[tuple[int, float]], tile: bool = False):
        self.item, self.value, self.before, self.after, self.left, self.right = item, value, before, after, left, right
        self.tile = item >= 0 and tile
        self.y, self.rank = 0.0, 0


class Segment:
    """A wire from the column on the left to the column on the right, ``rise`` the difference of its pins' offsets."""

    __slots__ = ("left", "left_part", "right", "right_part", "rise", "value", "weight")

    def __init__(self, value: int, left: Element, right: Element, pins: tuple[tuple[float, float], tuple[float, float]]):
        (self.left_part, out), (self.right_part, into) = pins
        self.value, self.left, self.right, self.rise, self.weight = value, left, right, out - into, 1.0

    @property
    def bend(self) -> float:
        """The height of its right end below its left end."""
        return self.right.y - self.left.y - self.rise


Pins: TypeAlias = list[tuple[Element, float]]  # the other ends of an element's links: each an element, and where its pin is
Ends: TypeAlias = dict[Element, tuple[Pins, Pins]]


def links_between(left: list[Element], right: list[Element]) -> list[Segment]:
    """The wires between two columns, in the order of the right one; of a forking value, the first wire has the largest weight."""
    source = {value: (element, (k + 1) / (len(element.right) + 1), offset)
              for element in left for k, (value, offset) in enumerate(element.right)}
    links = []
    for element in right:
        for k, (value, offset) in enumerate(element.left):
            if value in source:
                origin, part, out = source[value]
                links.append(Segment(value, origin, element, ((part, out), ((k + 1) / (len(element.left) + 1), offset))))
    return links


def weigh(links: list[Segment]) -> None:
    """Set the weights of wires: long lanes weigh most, and of a forking value only the uppermost wire has a large weight."""
    first: dict[int, Segment] = {}
    for link in links:
        best = first.get(link.value)
        if best is None or (link.right.rank, link.right_part) < (best.right.rank, best.right_part):
            first[link.value] = link
    for link in links:
        lanes = (link.left.item < 0) + (link.right.item < 0)
        link.weight = (1.0, 2.0, 8.0)[lanes] if first[link.value] is link else 0.05


def crossings(links: list[Segment]) -> int:
    """Count the pairs of links that cross, by the order alone."""
    ends = sorted((link.left.rank + link.left_part, link.right.rank + link.right_part) for link in links)
    seen: list[float] = []
    count = 0
    for _, end in ends:
        count += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return count


def arrange_columns(columns: list[list[Element]]) -> int:
    """Order every column so that few links cross, and return the number of crossings; equal elements keep their order."""
    links = [links_between(a, b) for a, b in pairwise(columns)]
    ends = _ends(columns, links)
    _rank(columns)
    best, cost = [list(column) for column in columns], sum(map(crossings, links))
    stale, share = 0, 1 if sum(map(len, links)) <= MANY else 2
    for sweep in range(SWEEPS // share):
        if not cost or stale >= STALE // share:
            break
        for k in (range(1, len(columns)) if sweep % 2 == 0 else range(len(columns) - 2, -1, -1)):
            _sort(columns[k], ends, sweep % 2)
        if sum(map(len, links)) <= LARGE:
            _swap_all(columns, ends)
        now = sum(map(crossings, links))
        stale += 1
        if now < cost:
            best, cost, stale = [list(column) for column in columns], now, 0
    columns[:] = best
    _rank(columns)
    return cost


def shuffle(columns: list[list[Element]], seed: int) -> None:
    """Shuffle the elements of every column, equally for a seed on every machine."""
    state = seed
    for column in columns:
        for k in range(len(column) - 1, 0, -1):
            state = (state * 1103515245 + 12345) % 2147483648
            other = state // 65536 % (k + 1)
            column[k], column[other] = column[other], column[k]


def _rank(columns: list[list[Element]]) -> None:
    for column in columns:
        for k, element in enumerate(column):
            element.rank = k


def _ends(columns: list[list[Element]], links: list[list[Segment]]) -> Ends:
    """The other ends of every element's links: those to the left, and those to the right."""
    ends: Ends = {element: ([], []) for column in columns for element in column}
    for between in links:
        for link in between:
            ends[link.right][0].append((link.left, link.left_part))
            ends[link.left][1].append((link.right, link.right_part))
    return ends


def _sort(column: list[Element], ends: Ends, side: int) -> None:
    keys: dict[Element, float] = {}
    slots = []
    for k, element in enumerate(column):
        if others := ends[element][side]:
            keys[element] = sum([other.rank + part for other, part in others]) / len(others)
            slots.append(k)
    for slot, element in zip(slots, sorted(keys, key=keys.__getitem__)):
        column[slot] = element
    _rank([column])


def _swap_all(columns: list[list[Element]], ends: Ends) -> None:
    """Swap neighbours where this reduces crossings."""
    changed = [True] * len(columns)  # since the last look: without a change nearby, there is no gain
    for _ in range(3):
        for k, column in enumerate(columns):
            if changed[k]:
                changed[k] = False
                if _swapped(column, ends):
                    for near in range(max(k - 1, 0), min(k + 2, len(columns))):
                        changed[near] = True
        if not any(changed):
            break


def _swapped(column: list[Element], ends: Ends) -> bool:
    """Swap neighbours in one column, from the first on; return True if any were swapped."""
    places = []
    for element in column:
        left, right = ends[element]
        places.append(([other.rank + part for other, part in left], [other.rank + part for other, part in right]))
    swapped = False
    for k in range(len(column) - 1):
        gain = 0
        for here, there in zip(places[k], places[k + 1]):
            if len(here) == 1 == len(there):  # as most are: the loops below take four times as long
                gain += (here[0] > there[0]) - (here[0] < there[0])
                continue
            for x in here:
                for y in there:
                    gain += (x > y) - (x < y)
        if gain > 0:
            column[k], column[k + 1] = b, a = column[k + 1], column[k]
            places[k], places[k + 1] = places[k + 1], places[k]
            a.rank, b.rank = k + 1, k
            swapped = True
    return swapped
