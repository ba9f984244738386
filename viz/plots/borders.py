"""Borders between classes on a grid of points, exact also where scores jump."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd.typing import Array

JUMPS = 16  # so few different scores on a whole grid come from step functions
HALVINGS = 12  # bisections between two points of the grid


def margins(scores: Callable[[Array], Array], x1: Array, x2: Array, threshold: float = 0.0) -> list[Array]:
    """Return for each class a field over the grid that is above 0 where the class wins, and 0 on its border.

    ``scores`` takes points (N, 2) and returns one score for each (class 1 above the ``threshold``), or one for each class (the
    largest wins). For smooth scores the field is the lead over the best other class. For scores that jump, such as those of a step
    unit, the border is found by bisection along the lines of the grid, and the field is the distance to it.

    >>> import numpy as np
    >>> x1, x2 = np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0])
    >>> [field[0].round(3).tolist() for field in margins(lambda points: np.sign(points[:, 0] - 1.25), x1, x2)]
    [[1.0, 0.25, -0.75], [-1.0, -0.25, 0.75]]
    """
    import numpy as np
    found = np.asarray(scores(np.stack([x1.ravel(), x2.ravel()], 1)))
    several = found.ndim == 2 and found.shape[1] > 1
    if len(np.unique(found)) <= JUMPS:
        def chosen(points: Array) -> Array:
            out = np.asarray(scores(points))
            return out.argmax(1) if several else (out.ravel() > threshold).astype(int)
        return [_distance(lambda points, k=k: chosen(points) == k, x1, x2)
                for k in range(found.shape[1] if several else 2)]
    if not several:
        lead = found.reshape(x1.shape) - threshold
        return [-lead, lead]
    top = np.sort(found, 1)
    others = np.where(found == top[:, -1:], top[:, -2:-1], top[:, -1:])
    return list((found - others).T.reshape(-1, *x1.shape))


def _distance(inside: Callable[[Array], Array], x1: Array, x2: Array) -> Array:
    """The distance to the border of a set, in steps of the grid, at most 1: above 0 inside, below 0 outside."""
    import numpy as np
    here = np.asarray(inside(np.stack([x1.ravel(), x2.ravel()], 1))).reshape(x1.shape)
    rows, columns = len(here), len(here[0])
    far = np.ones(here.shape)
    crossings: dict[tuple[tuple[int, int], int], tuple[float, float]] = {}
    for down, right in ((0, 1), (1, 0)):
        at = np.nonzero(here[:rows - down, :columns - right] != here[down:, right:])
        for key, t in zip(zip(*(part.tolist() for part in at)), _crossed(inside, here, x1, x2, at, (down, right)).tolist()):
            crossings[key, down] = (key[0] + t * down, key[1] + t * right)
    cells = {(i - di, j - dj) for (i, j), down in crossings for di, dj in ((0, 0), (1 - down, down))}
    corner: tuple[int, int]
    for i, j in cells:
        if not (0 <= i < rows - 1 and 0 <= j < columns - 1):
            continue
        ends = [crossings[side] for side in (((i, j), 0), ((i + 1, j), 0), ((i, j), 1), ((i, j + 1), 1)) if side in crossings]
        for corner in ((i, j), (i, j + 1), (i + 1, j), (i + 1, j + 1)):
            far[corner] = min(far[corner], _to_line(corner, ends))
    return np.where(here, far, -far)


def _crossed(inside: Callable[[Array], Array], here: Array, x1: Array, x2: Array, at: tuple[Array, ...],
             way_on: tuple[int, int]) -> Array:
    """The position of the border on each of these cell edges, from 0 to 1, by bisection."""
    import numpy as np
    (i, j), (down, right) = at, way_on
    start = np.stack([x1[i, j], x2[i, j]], 1)
    way = np.stack([x1[i + down, j + right], x2[i + down, j + right]], 1) - start
    low, high = np.zeros(len(i)), np.ones(len(i))
    for _ in range(HALVINGS if len(i) else 0):
        middle = (low + high) / 2
        same = np.asarray(inside(start + middle[:, None] * way)) == here[i, j]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return (low + high) / 2


def _to_line(point: tuple[int, int], ends: list[tuple[float, float]]) -> float:
    """The distance from a point to the line through two others; to the nearest point if there are more, or they are too close."""
    from math import dist
    if len(ends) == 2 and (long := dist(*ends)) > 1e-3:
        (a, b), (c, d) = ends
        return abs((c - a) * (b - point[1]) - (a - point[0]) * (d - b)) / long
    return min(dist(point, end) for end in ends)
