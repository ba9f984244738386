"""Records of the layout, input and output: plain numbers and names, lengths in pixels.

Lengths run *along* the wires or *across* them, so that one layout serves both directions: in a picture that runs to the
right, along is x and across is y; in one that runs down, along is y and across is x.
"""

from __future__ import annotations

from typing import NamedTuple


class LabelSize(NamedTuple):
    """The size of the texts on a wire: along the wire, and across it on both sides (above and below)."""

    along: float
    before: float
    after: float


class LayoutNode(NamedTuple):
    """A gate, an input or a result to place: ``kind`` is "gate", "input" or "output", ``box`` the id of its box or empty.

    ``along`` and ``across`` measure the gate or the name itself; a gate of equal sides is a circle. ``stem`` is the
    label where its value leaves it. The wires into a gate that is not ``ordered`` may change places.
    """

    id: str
    kind: str
    along: float
    across: float
    box: str = ""
    stem: LabelSize | None = None
    ordered: bool = True


class LayoutWire(NamedTuple):
    """A wire from ``source`` into ``target``; wires into one node are listed in the order of its arguments."""

    id: str
    source: str
    target: str
    label: LabelSize


class LayoutBox(NamedTuple):
    """A frame around nodes and other boxes, with its name at the beginning; ``parent`` is the id of the box around it.

    ``along`` is the length of the name, which runs along the wires: in a picture that runs down it is written downwards.
    """

    id: str
    parent: str = ""
    along: float = 0.0


class Route(NamedTuple):
    """A piece of a lane: its corners as (x, y, radius), and the points with gaps for crossing wires.

    The piece branches off the wire ``after`` of the same value, or begins at the node if that is empty.
    """

    points: tuple[tuple[float, float, float], ...]
    gaps: tuple[tuple[float, float], ...] = ()
    after: str = ""


class Position(NamedTuple):
    """A node's middle, and the lengths of the gate along x and y: a gate is as long as its wires need."""

    x: float
    y: float
    wide: float
    high: float


class Spot(NamedTuple):
    """The place of a label: its beginning on its wire, and its length along the wire."""

    x: float
    y: float
    along: float


class Layout(NamedTuple):
    """The places of everything, from (0, 0) to ``wide`` and ``high``.

    ``boxes`` are (x, y, width, height). ``stems`` and ``stem_labels`` belong to nodes, ``wires`` and ``labels`` to wires.
    ``names`` has, by wire, the place of a repeated input's name; the input itself stands in a legend, with its stem.
    ``forks`` are the points where lanes branch, each with its value's node. ``crossings`` counts the crossings of wires.
    """

    wide: float
    high: float
    nodes: dict[str, Position]
    boxes: dict[str, tuple[float, float, float, float]]
    wires: dict[str, Route]
    labels: dict[str, Spot]
    stems: dict[str, Route]
    stem_labels: dict[str, Spot]
    names: dict[str, Position]
    forks: tuple[tuple[float, float, str], ...]
    crossings: int
