"""The order within columns: barycentre sweeps, then swaps of neighbours, so that few wires cross."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import pairwise

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


class Link:
    """A wire from the column on the left to the column on the right, ``rise`` the difference of its pins' offsets."""

    __slots__ = ("left", "left_part", "right", "right_part", "rise", "value", "weight")

    def __init__(self, value: int, left: Element, right: Element, pins: tuple[tuple[float, float], tuple[float, float]]):
        (self.left_part, out), (self.right_part, into) = pins
        self.value, self.left, self.right, self.rise, self.weight = value, left, right, out - into, 1.0

    @property
    def bend(self) -> float:
        """The height of its right end below its left end."""
        return self.right.y - self.left.y - self.rise


def links_between(left: list[Element], right: list[Element]) -> list[Link]:
    """The wires between two columns, in the order of the right one; of a forking value, the first wire has the largest weight."""
    source = {value: (element, (k + 1) / (len(element.right) + 1), offset)
              for element in left for k, (value, offset) in enumerate(element.right)}
    links = []
    for element in right:
        for k, (value, offset) in enumerate(element.left):
            if value in source:
                origin, part, out = source[value]
                links.append(Link(value, origin, element, ((part, out), ((k + 1) / (len(element.left) + 1), offset))))
    return links


def weigh(links: list[Link]) -> None:
    """Set the weights of wires: long lanes weigh most, and of a forking value only the uppermost wire has a large weight."""
    first: dict[int, Link] = {}
    for link in links:
        best = first.get(link.value)
        if best is None or (link.right.rank, link.right_part) < (best.right.rank, best.right_part):
            first[link.value] = link
    for link in links:
        lanes = (link.left.item < 0) + (link.right.item < 0)
        link.weight = (1.0, 2.0, 8.0)[lanes] if first[link.value] is link else 0.05


def crossings(links: list[Link]) -> int:
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
    _rank(columns)
    best, cost = [list(column) for column in columns], sum(map(crossings, links))
    stale, share = 0, 1 if sum(map(len, links)) <= MANY else 2
    for sweep in range(SWEEPS // share):
        if not cost or stale >= STALE // share:
            break
        forward = sweep % 2 == 0
        for k in (range(1, len(columns)) if forward else range(len(columns) - 2, -1, -1)):
            _sort(columns[k], links[k - 1] if forward else links[k], forward)
        if sum(map(len, links)) <= LARGE:
            _swap_all(columns, links)
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


def _sort(column: list[Element], links: list[Link], forward: bool) -> None:
    sums: dict[int, list[float]] = {}
    for link in links:
        own, place = ((link.right, link.left.rank + link.left_part) if forward else
                      (link.left, link.right.rank + link.right_part))
        sums.setdefault(id(own), []).append(place)
    moving = [element for element in column if id(element) in sums]
    slots = [k for k, element in enumerate(column) if id(element) in sums]
    keys = {key: sum(places) / len(places) for key, places in sums.items()}
    moving.sort(key=lambda element: keys[id(element)])
    for slot, element in zip(slots, moving):
        column[slot] = element
    _rank([column])


def _swap_all(columns: list[list[Element]], links: list[list[Link]]) -> None:
    """Swap neighbours where this reduces crossings."""
    before: dict[int, list[tuple[Element, float]]] = {}
    after: dict[int, list[tuple[Element, float]]] = {}
    for between in links:
        for link in between:
            before.setdefault(id(link.right), []).append((link.left, link.left_part))
            after.setdefault(id(link.left), []).append((link.right, link.right_part))
    for _ in range(3):
        swapped = False
        for column in columns:
            for k in range(len(column) - 1):
                a, b = column[k], column[k + 1]
                gain = 0
                for ends in (before, after):
                    here = [element.rank + part for element, part in ends.get(id(a), [])]
                    there = [element.rank + part for element, part in ends.get(id(b), [])]
                    gain += sum((x > y) - (x < y) for x in here for y in there)
                if gain > 0:
                    column[k], column[k + 1] = b, a
                    a.rank, b.rank = k + 1, k
                    swapped = True
        if not swapped:
            break
