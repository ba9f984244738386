"""Curves of an operation and its derivative, small enough for a table; the same bytes on every machine."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from autograd import Value
from autograd.operation import Operation
from viz.svg import document, style, tag, written

WIDE, HIGH, UNIT = 4, 3, 20  # the frame shows −4 … 4 and −3 … 3, with twenty pixels per unit on both axes, so that slopes are true
FINE = 40  # samples per unit
SECOND = 2.0  # the second operand, if it has no default
CSS = style("""\
.chainrule path { fill: none; stroke-width: 1.8; stroke-linejoin: round } .chainrule .axis { stroke-width: 1 }
.chainrule .slope { stroke-dasharray: 5 3 } .chainrule text { font-size: 10px; paint-order: stroke; stroke-width: 3px }
""", """\
.chainrule .paper { fill: $paper } .chainrule text { fill: $frame; stroke: $paper } .chainrule .axis { stroke: $wire }
.chainrule .function { stroke: $value } .chainrule .slope { stroke: $gradient }
""")

Point = tuple[int, int]  # in tenths of a pixel: whole numbers, so that the last bit of the platform's math does not matter


def curve(row: Operation) -> str:
    """The operation over x in green and solid, its derivative with respect to x in red and dashed, as SVG."""
    operands = tuple(row.defaults.values()) if row.defaults else (SECOND,) * (row.arity - 1)
    called = f"{row.name}({', '.join(['x', *(f'{y:g}' for y in operands)])})"
    low, high = row.domain[0]
    xs = sorted({i / FINE for i in range(-WIDE * FINE, WIDE * FINE + 1) if low <= i / FINE <= high}
                | {x for x in (low, high) if abs(x) < WIDE})
    nodes = [row(Value(x), *operands) for x in xs]
    slopes = [(x, float(node.local_gradients[0])) for x, node in zip(xs, nodes)] if row.partials[0] is not False else []
    paths = [("function", path([(x, node.data) for x, node in zip(xs, nodes)])), ("slope", path(slopes))]
    ticks = "".join(f"M{20 * x + 80} 58v4" for x in range(-3, 4) if x) + "".join(f"M78 {60 - 20 * y}h4" for y in (-2, -1, 1, 2))
    parts = [tag("path", kind="axis", d=f"M0 60H160M80 0V120{ticks}")]
    parts += (tag("path", kind=kind, d=d) for kind, d in paths if d)
    parts += tag("text", "1", x=97, y=74), tag("text", "1", x=69, y=44)
    parts += [tag("text", f"y = {operands[0]:g}" if not row.defaults else written(f"{next(iter(row.defaults))} = {operands[0]:g}"),
                  x=4, y=11)] if operands else []
    slope = "and its derivative with respect to x" if slopes else "which has no derivative"
    return document(parts, (2.0 * WIDE * UNIT, 2.0 * HIGH * UNIT), f"{called}, {slope}",
                    "Solid: the function. Dashed: the derivative. Ticks are one apart.", CSS)


def path(samples: list[tuple[float, float]]) -> str:
    """An SVG path through the samples in the frame, interrupted where the function jumps."""
    return "".join("M" + "L".join(f"{x / 10:g} {y / 10:g}" for x, y in simplified(piece)) for piece in pieces(samples))


def pieces(samples: list[tuple[float, float]]) -> Iterator[list[Point]]:
    """The pieces between jumps; a jump is a steep step whose neighbours are not steep."""
    piece: list[Point] = []
    rises = [abs(after - before) for (_, before), (_, after) in pairwise(samples)]
    for i, (x, y) in enumerate(samples):
        around = [rises[k] for k in (i - 2, i) if 0 <= k < len(rises)]
        if piece and (not math.isfinite(y) or rises[i - 1] > 0.3 and min(around) < 0.01):
            if len(piece) > 1:
                yield piece
            piece = []
        if abs(y) <= 2 * HIGH:  # half a frame further on each side, so that lines leave the frame straight
            piece.append((round(10 * UNIT * (x + WIDE)), round(10 * UNIT * (HIGH - y))))
    if len(piece) > 1:
        yield piece


def simplified(points: list[Point], within: int = 2) -> list[Point]:
    """The points needed to keep the line within ``within`` tenths of a pixel (Douglas & Peucker, 1973)."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    dx, dy = x1 - x0, y1 - y0
    off = [abs(dx * (y - y0) - dy * (x - x0)) for x, y in points]
    far = off.index(max(off))
    if off[far] ** 2 <= within**2 * (dx * dx + dy * dy) or len(points) < 3:
        return [points[0], points[-1]]
    return simplified(points[:far + 1], within)[:-1] + simplified(points[far:], within)
