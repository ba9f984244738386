"""Blocks: a gate with its labels, a line for every incoming wire, and private inputs as text on their lines."""

from __future__ import annotations

import math
from itertools import pairwise

from .shapes import LabelSize, LayoutNode

ENTRY = 14.0  # from the labels to the gate
END = 2.0  # from a result's labels to the result
SIDE = 14.0  # at least, from the line of an operand that enters from above or below to the gate


class Block:
    """The measures of a node and its labels; across is measured from the middle of the gate, where its value leaves.

    ``names`` holds the length of the name on each line, -1 for an incoming wire; ``lines`` holds each line's distance from the
    middle.
    """

    __slots__ = ("after", "anchor", "before", "labels", "lines", "names", "node", "side", "stem")

    def __init__(self, node: LayoutNode, names: list[float], labels: list[LabelSize]):
        self.node, self.names, self.labels, self.stem = node, names, labels, node.stem
        wired = sum(name < 0 for name in names)
        self.side = -1  # the line that enters from above or below
        if node.kind == "gate" and len(names) == 2 and wired == 1:
            self.side = 0 if names[0] >= 0 else 1
        self.lines = self._lines()
        half = self.across / 2
        self.before = max([half, self.stem.before if self.stem else 0.0]
                          + [label.before - y for y, label in zip(self.lines, labels)])
        self.after = max([half, self.stem.after if self.stem else 0.0]
                         + [label.after + y for y, label in zip(self.lines, labels)])
        entry = (END if node.kind == "output" else ENTRY) if names else 0.0
        self.anchor = self.head + entry + node.along / 2

    def _lines(self) -> list[float]:
        labels = self.labels
        if len(labels) < 2:
            return [0.0] * len(labels)
        steps = [0.0]
        for above, below in pairwise(labels):
            steps.append(steps[-1] + math.ceil(above.after + below.before))
        if self.side >= 0:
            apart = max(steps[1], math.ceil(self.node.across / 2) + SIDE)
            return [-apart, 0.0] if self.side == 0 else [0.0, apart]
        middle = math.floor(steps[-1] / 2)
        return [step - middle for step in steps]

    @property
    def round(self) -> bool:
        """True where the gate is a circle."""
        return self.node.kind == "gate" and self.node.along == self.node.across and len(self.lines) < 3

    @property
    def across(self) -> float:
        """The length of the gate across the wires: long enough for all wire ends, unless it is a circle."""
        if self.round or self.side >= 0 or len(self.lines) < 2 or self.node.kind != "gate":
            return self.node.across
        return max(self.node.across, 2 * max(-self.lines[0], self.lines[-1]) + 26.0)

    @property
    def named(self) -> float:
        """The space for names in front of the labels."""
        return max(0.0, *self.names) if self.names else 0.0

    @property
    def head(self) -> float:
        """The space for names and labels in front of the gate."""
        return self.named + max((label.along for label in self.labels), default=0.0)

    @property
    def along(self) -> float:
        """The length of the whole block along the wires."""
        return self.anchor + self.node.along / 2 + (self.stem.along if self.stem else 0.0)

    def form(self) -> tuple[object, ...]:
        """The form of the block, equal for blocks that differ only in their texts."""
        node = self.node
        return (node.kind, node.ordered, node.along == node.across, node.stem is not None,
                tuple(name >= 0 for name in self.names))

    def entering(self, line: int, along: float, across: float) -> list[tuple[float, float]]:
        """The path of a wire from its label to a gate of this size, from the block's left edge and the gate's middle."""
        y, end = self.lines[line], self.head
        left = self.anchor - along / 2
        if line == self.side:
            return [(self.anchor, y), (self.anchor, math.copysign(across / 2, y))]
        if not self.round or abs(y) < 0.5:
            return [(left, y)]
        angle = math.radians(36)
        tip = (self.anchor - along / 2 * math.cos(angle), math.copysign(along / 2 * math.sin(angle), y))
        slope = (abs(y) - abs(tip[1])) / math.tan(angle)  # towards the middle of the gate
        if tip[0] - slope < end:
            return [(end, y), tip]
        return [(tip[0] - slope, y), tip]


def alike(blocks: list[Block]) -> Block:
    """One block with space for the texts of all these blocks, which have the same form."""
    first = blocks[0]
    node = first.node._replace(along=max(block.node.along for block in blocks), across=max(block.node.across for block in blocks),
                               stem=_widest([block.stem for block in blocks if block.stem]))
    names = [max(block.names[i] for block in blocks) for i in range(len(first.names))]
    labels = [_widest([block.labels[i] for block in blocks]) or first.labels[i] for i in range(len(first.labels))]
    return Block(node, names, labels)


def _widest(labels: list[LabelSize]) -> LabelSize | None:
    if not labels:
        return None
    return LabelSize(*(max(sizes) for sizes in zip(*labels)))
