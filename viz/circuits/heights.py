"""Heights of the elements in columns, in a given order: wires are straight where possible, and else short."""

from __future__ import annotations

from typing import TypeAlias

from .order import Element, Segment

GAP = 8.0  # between blocks, and from them to wires
LANES = 9.0  # from wire to wire
TILES = 14.0  # between two frames
SLACK = 3.0  # part of the distances above that may be given up to make a wire straight
SWEEPS = 4
WORK = 60_000  # most links examined to straighten wires: in large pictures not all are tried
MANY = 1_000  # links: larger pictures get fewer sweeps

End: TypeAlias = tuple[Element, float, float]  # of a wire: what is there, how much lower it wants to be, and the weight


def apart(a: Element, b: Element) -> float:
    """The least distance between the heights of two elements, ``a`` above ``b``."""
    return a.after + b.before + (LANES if a.item < 0 and b.item < 0 else TILES if a.tile and b.tile else GAP)


def settle(columns: list[list[Element]], links: list[list[Segment]]) -> None:
    """Assign a height to every element; ``links[k]`` are the links between columns k and k + 1.

    Column by column, each element moves to the weighted median of its wires' other ends, as near as its neighbours allow.
    """
    shifts = [_shifts(column) for column in columns]
    for column, least in zip(columns, shifts):
        for element, y in zip(column, least):
            element.y = y
    before, after = _ends(columns, links)
    nothing: list[list[End]] = [[] for _ in range(max(map(len, columns), default=0))]
    n = len(columns)
    for sweep in range(SWEEPS if sum(map(len, links)) < MANY else SWEEPS // 2):
        for k in range(n):
            _settle(columns[k], shifts[k], before[k], after[k] if sweep else nothing)
        for k in range(n - 1, -1, -1):
            _settle(columns[k], shifts[k], before[k] if sweep else nothing, after[k])
    _straighten(columns, links)


def _shifts(column: list[Element]) -> list[float]:
    """The heights of the elements of a column where they stand as near to one another as they may."""
    y, shifts = 0.0, []
    for k, element in enumerate(column):
        y = y + apart(column[k - 1], element) if k else 0.0
        shifts.append(y)
    return shifts


def _ends(columns: list[list[Element]], links: list[list[Segment]]) -> tuple[list[list[list[End]]], list[list[list[End]]]]:
    """The other ends of the wires of every element, by column: those to the left, and those to the right."""
    left: dict[int, list[End]] = {}
    right: dict[int, list[End]] = {}
    for between in links:
        for link in between:
            left.setdefault(id(link.right), []).append((link.left, link.rise, link.weight))
            right.setdefault(id(link.left), []).append((link.right, -link.rise, link.weight))
    before, after = ([[ends.get(id(element), []) for element in column] for column in columns] for ends in (left, right))
    return before, after


def _settle(column: list[Element], shifts: list[float], before: list[list[End]], after: list[list[End]]) -> None:
    wanted = []
    for element, shift, left, right in zip(column, shifts, before, after):
        wishes = [(other.y + rise - shift, weight) for other, rise, weight in left]
        if right:
            wishes += [(other.y + rise - shift, weight) for other, rise, weight in right]
        wanted.append(wishes or [(element.y - shift, 0.01)])
    for element, place, shift in zip(column, isotonic(wanted), shifts):
        element.y = place + shift


def isotonic(wanted: list[list[tuple[float, float]]]) -> list[float]:
    """Isotonic regression: the non-decreasing numbers nearest to the weighted wishes (value, weight) for each.

    >>> isotonic([[(3.0, 1.0)], [(1.0, 2.0)], [(5.0, 1.0)]])
    [1.0, 1.0, 5.0]
    """
    groups: list[tuple[float, list[tuple[float, float]], int]] = []
    for wishes in wanted:
        group = sorted(wishes) if len(wishes) > 1 else wishes
        place, count = median(group), 1
        while groups and groups[-1][0] > place:
            _, others, more = groups.pop()
            group = sorted(others + group)
            place, count = median(group), count + more
        groups.append((place, group, count))
    return [place for place, _, count in groups for _ in range(count)]


def median(wishes: list[tuple[float, float]]) -> float:
    """The weighted median of sorted wishes (value, weight), the lower one of two."""
    if len(wishes) == 1:
        return wishes[0][0]
    half = sum([weight for _, weight in wishes]) / 2
    for value, weight in wishes:
        half -= weight
        if half <= 1e-9:
            return value
    return wishes[-1][0]


def _straighten(columns: list[list[Element]], links: list[list[Segment]]) -> None:
    """Move groups connected by straight wires, where that makes one more wire straight and bends none."""
    place = {id(element): (k, i) for k, column in enumerate(columns) for i, element in enumerate(column)}
    held: dict[int, list[Segment]] = {}
    every = [link for between in links for link in between]
    for link in every:
        held.setdefault(id(link.left), []).append(link)
        held.setdefault(id(link.right), []).append(link)
    work = WORK
    for _ in range(3):
        moved = False
        for link in sorted(every, key=lambda link: (-link.weight, abs(link.bend))):
            for start, by in ((link.right, -link.bend), (link.left, link.bend)):
                if link.bend and work > 0:
                    group = _held(start, held)
                    work -= len(group) + sum(len(held.get(key, ())) for key in group)
                    moved = _moved(group, by, columns, place, held) or moved
        if not moved:
            break


def _held(start: Element, held: dict[int, list[Segment]]) -> set[int]:
    """The elements connected to this one by straight wires, by id."""
    group, todo = {id(start)}, [start]
    while todo:
        element = todo.pop()
        for link in held.get(id(element), ()):
            if link.right.y - link.left.y == link.rise:
                other = link.right if link.left is element else link.left
                if id(other) not in group:
                    group.add(id(other))
                    todo.append(other)
    return group


def _moved(group: set[int], by: float, columns: list[list[Element]], place: dict[int, tuple[int, int]],
           held: dict[int, list[Segment]]) -> bool:
    """Move a group if there is room and the wires get straighter; return True if it moved."""
    better = 0.0
    for key in group:
        k, i = place[key]
        column, beside = columns[k], i + (1 if by > 0 else -1)
        if 0 <= beside < len(column) and id(column[beside]) not in group:
            above, below = (column[i], column[beside]) if by > 0 else (column[beside], column[i])
            if below.y - above.y - apart(above, below) + (SLACK if abs(by) <= SLACK else 0.0) < abs(by):
                return False
    for key in group:
        for link in held.get(key, ()):
            inside = id(link.left) in group, id(link.right) in group
            if inside[0] != inside[1]:
                now = link.bend
                after = now + (by if inside[1] else -by)
                better += link.weight * (abs(now) - abs(after) + 8.0 * ((after == 0) - (now == 0)))
    if better <= 0:
        return False
    for key in group:
        k, i = place[key]
        columns[k][i].y += by
    return True
