"""Assignment of items to columns, and of columns to rows."""

from __future__ import annotations

from collections.abc import Callable


def layerings(items: int, edges: list[tuple[int, int]], sources: set[int]) -> list[list[int]]:
    """Return different assignments of the items to columns: as tight, as early and as late as possible.

    ``sources`` are inputs, which always stand just before their first user.
    """
    before: list[list[int]] = [[] for _ in range(items)]
    after: list[list[int]] = [[] for _ in range(items)]
    for a, b in sorted(set(edges)):
        before[b].append(a)
        after[a].append(b)
    order = _sorted(before, after)
    soon = [0] * items
    for i in order:
        soon[i] = max((soon[j] + 1 for j in before[i]), default=0)
    last = max(soon, default=0)
    late = [last] * items
    for i in reversed(order):
        late[i] = min((late[j] - 1 for j in after[i]), default=last if before[i] else soon[i])
    tight = _tight(list(late), order, before, after)
    found = []
    for columns in (tight, soon, late):
        placed = [min((columns[j] - 1 for j in after[i]), default=columns[i]) if i in sources else columns[i]
                  for i in range(items)]
        least = min(placed, default=0)
        used = {column: k for k, column in enumerate(sorted({column - least for column in placed}))}
        placed = [used[column - least] for column in placed]
        if placed not in found:
            found.append(placed)
    return found


def _sorted(before: list[list[int]], after: list[list[int]]) -> list[int]:
    missing = [len(items) for items in before]
    ready = [i for i, count in enumerate(missing) if not count]
    for i in ready:
        for j in after[i]:
            missing[j] -= 1
            if not missing[j]:
                ready.append(j)
    return ready


def _tight(columns: list[int], order: list[int], before: list[list[int]], after: list[list[int]]) -> list[int]:
    """Move items to minimise the total length of lanes: one lane to the last user, one from each source."""
    for _ in range(8):
        moved = False
        for i in order:
            if not before[i]:
                continue
            low = max(columns[j] + 1 for j in before[i])
            high = min((columns[j] - 1 for j in after[i]), default=columns[i])
            # a lane from a source gets shorter only if no other user of the source is in so late a column
            pulls = sum(max((columns[u] for u in after[j] if u != i), default=-1) < columns[i] for j in before[i])
            target = low if pulls > bool(after[i]) else high if pulls < bool(after[i]) else columns[i]
            if target != columns[i] and low <= target <= high:
                columns[i], moved = target, True
        if not moved:
            break
    return columns


def cut(count: int, along: Callable[[int, int], float], price: Callable[[int, int], float], limit: float) -> list[int]:
    """Cut columns into rows; return the first column of each. Rows are at most ``limit`` long where columns allow it.

    ``along(i, j)`` is the length of a row of columns i to j − 1, ``price(i, j)`` its cost, including wires across its end.

    >>> cut(4, lambda i, j: 10.0 * (j - i), lambda i, j: 1.0, 20.0)
    [0, 2]
    """
    best = [0.0] + [float("inf")] * count
    start = [0] * (count + 1)
    for j in range(1, count + 1):
        for i in range(j - 1, -1, -1):
            over = along(i, j) - limit
            if over > 0 and i < j - 1:
                break
            cost = best[i] + price(i, j) + max(over, 0.0)
            if cost < best[j] - 1e-9:
                best[j], start[j] = cost, i
    rows, j = [], count
    while j > 0:
        j = start[j]
        rows.append(j)
    return rows[::-1]
