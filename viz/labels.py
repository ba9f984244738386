"""The texts on the wires and gates of a circuit, with their sizes."""

from __future__ import annotations

import math
from typing import NamedTuple

from .circuits.shapes import LabelSize, LayoutBox, LayoutNode, LayoutWire
from .numbers import Digits, Shown, bracketed, has_nonfinite
from .records import DrawnNode, Graph, Wire
from .svg import clip, width
from .wording import Wording

VALUE, FORMULA, SIGN, NAME = 13.0, 10.5, 15.0, 15.0  # font sizes, in pixels
RADIUS, GAP, BETWEEN = 17.0, 5.0, 4.0  # radius of gates; gap around texts; gap between a gradient and its formula
ABOVE, BELOW, BARE = 18.0, 20.0, 12.0  # height of the numbers above and below a wire; height of a wire without numbers
HELD = 44.0  # height of a collapsed gate that lists its inputs
COMMUTE = ("add", "mul")  # operations whose operands may be swapped

# ── the texts: each node is a block with a line for every incoming wire ──────────────────────────────────────────

class TextLine(NamedTuple):
    """One text of a label: its CSS class, the text, and True for a nan or inf to highlight."""

    kind: str
    text: str
    size: float
    bad: bool = False


class Label(NamedTuple):
    """The texts on a wire, with their sizes: above it, below it, and the formula at its end.

    ``half`` is half of its height, for a wire through the middle; ``left`` and ``right`` are the widths beside a wire that runs
    down.
    """

    above: tuple[TextLine, ...]
    below: tuple[TextLine, ...]
    formula: TextLine | None
    width: float
    half: float
    left: float
    right: float

    @property
    def below_and_formula(self) -> tuple[TextLine, ...]:
        """The texts on one side of a wire that runs down."""
        return (*self.below, self.formula) if self.formula else self.below

    def room(self, down: bool) -> LabelSize:
        """The size of the label along the wire and on both sides of it."""
        if down:
            lines = self.below_and_formula
            long = max(24.0, 10.0 + sum(math.ceil(line.size) + 1 for line in lines))
            return LabelSize(long if self.above or lines else BARE, self.left, self.right)
        return LabelSize(math.ceil(self.width), ABOVE if self.above else BARE, math.ceil(self.half))


class LabelledNode(NamedTuple):
    """A node with the labels of its incoming wires, and the label of its gradient's sum where its own wire forks."""

    node: DrawnNode
    entering: tuple[tuple[Wire, Label], ...]
    sign: float  # width of the gate or the name
    tall: float  # its height
    stem: Label | None
    name: str = ""  # without the path of the box around it

    @property
    def held(self) -> str:
        """The text in a collapsed gate about the inputs that only it uses."""
        return held(self.node)

    @property
    def round(self) -> bool:
        """True where the gate is a circle."""
        return self.node.kind == "gate" and self.sign == self.tall

    def shape(self, down: bool) -> LayoutNode:
        """The node as a record for the layout."""
        node = self.node
        kind = node.kind if node.kind in ("gate", "output") else "input"
        along, across = (self.tall, self.sign) if down and not self.round else (self.sign, self.tall)
        return LayoutNode(node.id, kind, along, across, node.box, self.stem.room(down) if self.stem else None,
                           not node.hidden and node.operation not in COMMUTE)


def blocks(graph: Graph, digits: Digits = "auto", products: bool = False, room: str = "") -> dict[str, LabelledNode]:
    """Return the block of each node; ``room`` is a text whose width is reserved for every number."""
    words = Wording(graph, digits)
    entering: dict[str, list[Wire]] = {}
    leaving: dict[str, list[Wire]] = {}
    for wire in graph.wires:
        entering.setdefault(wire.target, []).append(wire)
        leaving.setdefault(wire.source, []).append(wire)
    nodes = {node.id: node for node in graph.nodes}
    forks = {id for id, wires in leaving.items()  # a collapsed gate with several results has several sums
             if nodes[id].value is not None and (nodes[id].accumulated or len(wires) > 1)}
    made = {}
    for id, node in nodes.items():
        wires = entering.get(id, [])
        if node.hidden:  # a collapsed gate's arguments have no order: inputs last, so that fewer wires cross
            wires.sort(key=lambda wire: nodes[wire.source].kind != "gate" and len(leaving[wire.source]) == 1)
        labels = []
        for wire in wires:
            source = nodes[wire.source]
            named = source.kind == "gate" and source.id not in forks and node.kind != "output"
            name = words.name(source, node.box) if named else ""
            labels.append((wire, _label(wire, name, words.value(wire.value, source), words, products, room)))
        stem = _stem(node, words, room) if id in forks else None
        name = words.name(node)
        made[id] = LabelledNode(node, tuple(labels), *_body(node, len(labels), name), stem, name)
    return made


def records(graph: Graph, made: dict[str, LabelledNode],
            down: bool) -> tuple[list[LayoutNode], list[LayoutWire], list[LayoutBox]]:
    """Return the records for the layout: nodes in the order in which they were computed, results last, wires and boxes."""
    order = sorted(made.values(), key=lambda block: (block.node.kind == "output", min(block.node.members, default=1 << 60)))
    wires = [LayoutWire(wire.id, wire.source, wire.target, label.room(down)) for block in order for wire, label in block.entering]
    boxes = [LayoutBox(box.id, box.parent, math.ceil(width(clip(box.name), 12.0)) + 20.0) for box in graph.boxes]
    return [block.shape(down) for block in order], wires, boxes


def _stem(node: DrawnNode, words: Wording, room: str) -> Label:
    """The numbers where a wire forks: the value, and the sum of the gradients."""
    total = words.total(node)
    total = total and f"{'grad' if node.accumulated else 'Σ'} {total}"
    name = words.name(node) if node.kind == "gate" else ""
    above, below = _lines(name, node.value, words.value(node.value, node), total, has_nonfinite(node.gradient))
    return _sized(above, below, room=room and f"Σ {room} (1/2)")


def _body(node: DrawnNode, wires: int, name: str) -> tuple[float, float]:
    """The width and height of a gate or a name; a gate is a circle where its sign and its wires allow it."""
    if node.kind != "gate":
        return (2.0 * math.ceil(width(clip(name), NAME, bold=True) / 2 + 3), 24.0) if name else (10.0, 10.0)
    sign = sum(width(text, SIGN * (0.87 if constant else 1)) for text, constant in pieces(node))
    if node.inside:
        return 2.0 * math.ceil(max(sign, width(held(node), FORMULA)) / 2 + 8), HELD
    radius = math.ceil(max(RADIUS, sign / 2 + 5))
    if radius <= 24 and wires <= 2:
        return 2.0 * radius, 2.0 * radius
    return 2.0 * math.ceil(max(sign / 2 + 8, RADIUS + 1)), 2 * RADIUS


def held(node: DrawnNode) -> str:
    """The text about the inputs folded into a collapsed gate; "" without any."""
    return f"{node.inside:,} parameter{'s' * (node.inside > 1)}" if node.inside else ""


def pieces(node: DrawnNode) -> tuple[tuple[str, bool], ...]:
    """The sign of a gate in pieces: each a text, and True for a constant."""
    return tuple((" " * text.startswith(" ") + clip(text), constant) for text, constant in node.parts)


def _lines(name: str, value: Shown, said: str, gradient: str, bad_gradient: bool) -> tuple[list[TextLine], list[TextLine]]:
    above = [TextLine("name", f"{clip(name)} = ", VALUE)] if name else []
    above += [TextLine("value", said, VALUE, has_nonfinite(value))] if value is not None else []
    return above, [TextLine("gradient", gradient, VALUE, bad_gradient)] if gradient else []


def _label(wire: Wire, name: str, value: str, words: Wording, products: bool, room: str) -> Label:
    gradient = words.gradient(wire)
    above, below = _lines(name, wire.value, value, gradient, has_nonfinite(wire.contribution))
    if products and (product := words.product(wire)):
        upstream, local, downstream = product
        below.append(TextLine("product", f"{upstream} × {bracketed(local)} = {downstream}", FORMULA))
    if wire.note:
        below.append(TextLine("note", wire.note, FORMULA))
    text = clip(words.formula(wire))
    return _sized(above, below, TextLine("formula", text, FORMULA) if text else None, room)


def _sized(above: list[TextLine], below: list[TextLine], formula: TextLine | None = None, room: str = "") -> Label:
    def across(line: TextLine) -> float:
        return max(width(line.text, line.size), width(room, line.size) if line.kind in ("value", "gradient") else 0.0)

    beside = width(formula.text, formula.size) + BETWEEN if formula else 0.0
    wide = sum(map(across, above)) + beside
    for line in below:
        wide = max(wide, across(line) + (beside if line.kind == "gradient" else 0.0))
    half = max(BELOW, 6.0 + sum(line.size + 2 for line in below))
    if not wide:
        return Label((), (), None, GAP, BARE, BARE, BARE)
    others = [*below, formula] if formula else below
    sides = sum(map(across, above)), max(map(across, others), default=0.0)
    left, right = (math.ceil(side + GAP) + 2.0 if side else BARE for side in sides)
    return Label(tuple(above), tuple(below), formula, wide + 2 * GAP, half, left, right)
