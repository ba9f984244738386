"""Pictures of networks: units as circles in columns, weights as lines whose width and dashes show size and sign."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from .numbers import Digits, has_nonfinite, number, subscript
from .stages import DrawnLayer, DrawnModule, Stage, extent_of, stages_of
from .svg import MARGIN, Picture, clip, document, style, tag, width, written

if TYPE_CHECKING:
    from autograd.typing import ArrayLike
    from nn import Module

WIDE = 900.0  # a page of a notebook or of the site
RADIUS, ROW, LINE, SMALL = 21.0, 62.0, 12.0, 10.0  # radius of units; distance between them; font sizes
LABELLED = 3  # weights are written at the lines in layers of up to this many units
ARROW, BETWEEN = 46.0, 26.0  # lengths of arrows to the right, and down from block to block


def network(model: Module, x: ArrayLike | None = None, *, show: str = "weight", units: int = 10, digits: Digits = "auto",
            title: str | None = None) -> NetworkPicture:
    """Draw the layers of a network: units as circles, weights as lines, other modules as blocks.

    A line's width shows the size of its weight; it is solid for a positive weight and dashed for a negative one.
    ``show="gradient"`` draws the weights' gradients the same way. Names follow the course: x₁, w₂₁⁽³⁾; a single neuron keeps its
    own. A unit's bias stands below it. With ``x``, one example as the model takes it, circles show the units' outputs (in
    evaluation mode), and blocks the output shapes. Of a layer with more than ``units`` units, the first and the last ones are
    drawn. Takes the networks of numbers (``MLP``, ``Layer``, ``Neuron`` and its kinds, ``Madaline``, ``XOR``), and modules of
    arrays in the order of registration or, with ``x``, of calls; for everything else in a ``forward``, use ``viz.draw`` on a
    result. The model is not changed. Raises TypeError for a model that is not a network, ValueError for more than one example.

    >>> import nn
    >>> picture = network(nn.MLP(2, [3, 1], rng=0), [1.0, -1.0])
    >>> picture
    <NetworkPicture of 2 → 3 → 1 units, 13 parameters>
    >>> picture.svg.count("<circle") >= 6
    True
    """
    if show not in ("weight", "gradient"):
        raise ValueError(f"show={show!r}: it must be 'weight' or 'gradient'")
    if units < 2:
        raise ValueError(f"units={units}: give 2 or more; the first and the last unit of each layer are always drawn")
    stages, notes = stages_of(model, x, show)
    return NetworkPicture(stages, notes, show, units, digits, title)


# ── the picture ──────────────────────────────────────────────────────────────────────────────────────────────────

CSS = style(f"""\
.chainrule text {{ text-anchor: middle; font-size: {LINE:g}px; font-variant-numeric: tabular-nums }}
.chainrule .head, .chainrule .title {{ font-weight: bold }} .chainrule .title {{ font-size: 15px }}
.chainrule .small {{ font-size: {SMALL:g}px }} .chainrule .left {{ text-anchor: start }} .chainrule .right {{ text-anchor: end }}
.chainrule line {{ stroke-linecap: butt }} .chainrule .minus line {{ stroke-dasharray: 7 4 }}
.chainrule .solid line {{ stroke-dasharray: none }}
.chainrule .bad line {{ stroke-dasharray: 2 2 }} .chainrule .flow {{ fill: none; stroke-width: 1.4 }}
.chainrule .shape {{ stroke-width: 1.4 }} .chainrule .below {{ stroke-dasharray: 4 3 }}
.chainrule g:hover > line {{ stroke-width: 6px }}
""", """\
.chainrule .paper { fill: $paper }
.chainrule text { fill: $ink } .chainrule .faint { fill: $frame }
.chainrule .shape { fill: $gate; stroke: $frame }
.chainrule .plus line { stroke: $positive } .chainrule text.plus { fill: $positive }
.chainrule .minus line { stroke: $negative } .chainrule text.minus { fill: $negative }
.chainrule .zero line, .chainrule .flow { stroke: $wire } .chainrule .tip { fill: $wire }
.chainrule .bad line { stroke: $bad } .chainrule text.bad { fill: $bad; font-weight: bold }
.chainrule .level { fill: $value }
""")


class NetworkPicture(Picture):
    """A picture of a network's layers, shown in notebooks: ``svg`` is its text, ``save`` writes a file."""

    def __init__(self, stages: Sequence[Stage], notes: list[str], show: str, units: int, digits: Digits,
                 title: str | None):
        self.stages, self.notes, self.show, self.units, self.title = stages, notes, show, units, title
        self.digits: Digits = digits
        extents = [extent_of(part) for layer in stages if isinstance(layer, DrawnLayer) for part in (layer.weights, layer.biases)]
        self.known = any(extent.known for extent in extents)
        self.widest = max((extent.largest for extent in extents), default=0.0) or 1.0
        self.broken = sum(extent.broken for extent in extents)
        self.crowded = False
        self.layout = _laid_out(self)
        if self.layout.right > WIDE:
            self.crowded = True  # then no numbers are written at the lines
            self.layout = _laid_out(self)

    def __repr__(self) -> str:
        sizes = " → ".join(str(stage.size) if isinstance(stage, DrawnLayer) else stage.kind for stage in self.stages)
        return f"<NetworkPicture of {sizes} units, {sum(stage.parameters for stage in self.stages):,} parameters>"

    @cached_property
    def svg(self) -> str:
        """The picture as a self-contained SVG document, light and dark."""
        places, high = self.layout.places, self.layout.high
        rows = max(map(len, map(self.head, self.stages)))
        top = MARGIN + (26 if self.title else 0)
        begin = top + 16 * rows + 10 * (rows > 0)
        middle = begin + high / 2
        parts = [tag("text", written(self.title), kind="title left", x=MARGIN, y=MARGIN + 13)] if self.title else []
        parts += (self._flow(k, middle) for k in range(1, len(self.stages)) if not self.dense(k))
        parts += (line for k in range(1, len(self.stages)) if self.dense(k) for line in self._lines(k, middle))
        for k, (stage, (x, y)) in enumerate(zip(self.stages, places)):
            parts += (tag("text", written(line), kind="faint" if i else "head", x=x, y=top + 11 + 16 * i)
                      for i, line in enumerate(self.head(stage)))
            parts += self._units(k, stage, x, middle) if isinstance(stage, DrawnLayer) else (self._block(k, stage, x, middle + y),)
        keys, wide = self._legend(begin + high + 18)
        notes = [line for note in self._notes() for line in textwrap.wrap(note, 110)]
        parts += keys + [tag("text", written(note), kind="faint left", x=MARGIN, y=begin + high + 26 + 17 * (i + bool(keys)))
                         for i, note in enumerate(notes)]
        wide = max([self.layout.right, wide, width(self.title or "", 15, bold=True) + MARGIN,
                    *(width(note, LINE) + MARGIN for note in notes)])
        return document(parts, (wide + MARGIN, begin + high + 16 + 17 * (len(notes) + bool(keys)) + MARGIN), *self._describe(), CSS)

    # ── sizes ──

    def dense(self, k: int) -> bool:
        """Return True where every unit of stage ``k`` has a weight for every unit of the stage before."""
        return isinstance(stage := self.stages[k], DrawnLayer) and stage.weights is not None

    def labelled(self, k: int) -> bool:
        """Return True where the weights of stage ``k`` are written at its lines: they are few, and there is room."""
        stage, before = self.stages[k], self.stages[k - 1]
        few = isinstance(stage, DrawnLayer) and stage.size <= LABELLED
        return few and not self.crowded and isinstance(before, DrawnLayer) and before.size <= 2 * LABELLED

    def tall(self, stage: Stage) -> float:
        """Return the height of a layer's column or of a block, in pixels."""
        if isinstance(stage, DrawnLayer):
            return ROW * (min(stage.size, self.units) + (stage.size > self.units))
        return 22.0 + 14.0 * (1 + len(_about(stage)))

    def wide(self, stage: Stage) -> float:
        """Return the width of a circle or of a block, in pixels."""
        if isinstance(stage, DrawnLayer):
            return 2 * RADIUS
        return max(width(stage.kind, LINE, bold=True), *(width(line, SMALL) for line in _about(stage))) + 20

    def head(self, stage: Stage) -> list[str]:
        """Return the lines of text above a layer, the first one bold; none for a block, which has its name inside."""
        if isinstance(stage, DrawnModule):
            return []
        kinds, units = clip(" · ".join(stage.kinds), 40), f"{stage.size:,} unit{'s' * (stage.size != 1)}"
        if stage.path.isdigit() or not stage.path:
            return [kinds or "flat", f"{stage.path}: {units}" if stage.path else units]
        return [clip(stage.path), kinds, units]

    def beside(self, k: int) -> tuple[list[str], list[str]]:
        """Return the names on the left of a layer's circles (inputs, with numbers) and on their right (results)."""
        stage = self.stages[k]
        if not isinstance(stage, DrawnLayer):
            return [], []
        named = [clip(name, 16) for name in stage.names] if stage.weights is None and stage.values else []
        last = k == len(self.stages) - 1 and stage.weights is not None
        return named, [self._output(stage, i) for i in range(stage.size)] if last else []

    @staticmethod
    def _output(stage: DrawnLayer, i: int) -> str:
        return f"y{subscript(i + 1)}" if stage.size > 1 else "y"

    def _places(self, layer: DrawnLayer, middle: float) -> list[tuple[int, float]]:
        """The drawn units with their heights; omitted units leave a gap of one row."""
        count = layer.size
        if count <= self.units:
            kept = list(range(count))
            return [(i, middle + ROW * (i - (count - 1) / 2)) for i in kept]
        head = (self.units + 1) // 2
        kept = [*range(head), *range(count - self.units + head, count)]
        return [(i, middle + ROW * (at + (at >= head) - self.units / 2)) for at, i in enumerate(kept)]

    # ── what is drawn ──

    def _lines(self, k: int, middle: float) -> Iterator[str]:
        stage, before = self.stages[k], self.stages[k - 1]
        assert isinstance(stage, DrawnLayer)
        assert isinstance(before, DrawnLayer)
        assert stage.weights is not None  # dense says so
        start, end = (self.layout.places[at][0] + side for at, side in ((k - 1, RADIUS), (k, -RADIUS)))
        at = (1 / (stage.size + 1) if stage.size <= before.size else  # position of the number along its line: where the numbers are
              before.size / (before.size + 1))                        # evenly spaced
        labels, rows = [], stage.weights
        for i, y in self._places(stage, middle):
            for j, y0 in self._places(before, middle):
                n = rows[i][j]
                kind, thick = self._line_style(n)
                name, path = stage.weight_name(i, j), f" = {stage.path}.weight[{i}, {j}]" if "Linear" in stage.kinds else ""
                yield tag("g", tag("title", written(f"{name}{path.replace(' .', ' ')}, {self._number_text(n)}")),
                          tag("line", x1=start, y1=y0, x2=end, y2=y, stroke_width=thick), kind=kind, id=f"w{k}-{i}-{j}")
                if self.labelled(k) and n is not None:
                    text, x, middle_y = f"{name} = {number(float(n), self.digits)}", start + at * (end - start), y0 + at * (y - y0)
                    room = width(text, SMALL) - 2
                    labels.append(tag("rect", kind="paper", x=x - room / 2, y=middle_y - 6, width=room, height=12.0)
                                  + tag("text", written(text), kind=f"{kind} small", x=x, y=middle_y + 3.5))
        yield from labels

    def _line_style(self, n: float | None) -> tuple[str, float]:
        """The CSS class and the width of a line."""
        if n is None or has_nonfinite(n):
            return "zero" if n is None else "bad", 0.6 if n is None else 3.0
        return "plus" if n > 0 else "minus" if n < 0 else "zero", 0.6 + 3.9 * float(abs(n)) / self.widest

    def _number_text(self, n: float | None) -> str:
        return f"{self.show} {number(n if n is None else float(n), None) or 'not computed'}"

    def _name(self, k: int, i: int) -> str:
        stage = self.stages[k]
        assert isinstance(stage, DrawnLayer)
        return (stage.names[i] if i < len(stage.names) else "") or f"{stage.path or 'unit'} {i}".strip()

    def _units(self, k: int, layer: DrawnLayer, x: float, middle: float) -> Iterator[str]:
        for (i, y), above in zip(places := self._places(layer, middle), [None, *places]):
            if above and i > above[0] + 1:
                yield self._on_paper(_more(i - above[0] - 1), "faint", LINE, x, (y + above[1]) / 2 + 4)
            yield tag("g", *self._unit(k, layer, i, x, y), kind="unit", id=f"u{k}-{i}")

    def _unit(self, k: int, layer: DrawnLayer, i: int, x: float, y: float) -> Iterator[str]:
        """A unit's circle with its texts, filled in proportion to its value within the layer, dashed for a negative value."""
        bias = layer.biases[i] if layer.biases is not None else None
        value = layer.values[i] if layer.values else None
        lines = [self._name(k, i), *([f"value {number(value, None)}"] if value is not None else [])]
        lines += [f"{layer.bias_name(i)}: {self._number_text(bias)}"] if layer.biases is not None else []
        yield tag("title", written("\n".join(lines)))
        yield tag("circle", kind="shape below" if value is not None and value < 0 else "shape", cx=x, cy=y, r=RADIUS)
        left, right = self.beside(k)
        if value is not None:
            yield from self._value(layer, value, x, y)
        elif layer.weights is None and i < len(layer.names):
            yield self._within(clip(layer.names[i], 16), LINE, x, y)
        if left:
            yield tag("text", written(left[i]), kind="right", x=x - RADIUS - 6, y=y + 4)
        if right:
            yield tag("text", written(right[i]), kind="left", x=x + RADIUS + 6, y=y + 4)
        if bias is not None:
            kind, thick = self._line_style(bias)
            said = f"{layer.bias_name(i)} = {number(float(bias), self.digits)}"
            yield tag("g", tag("line", x1=x, x2=x, y1=y + RADIUS, y2=y + RADIUS + 6, stroke_width=thick),
                      self._on_paper(said, f"{kind} small", SMALL, x, y + RADIUS + 15),
                      kind=kind.replace("minus", "minus solid"), id=f"b{k}-{i}")

    def _value(self, layer: DrawnLayer, value: float, x: float, y: float) -> Iterator[str]:
        most = max((abs(other) for other in layer.values or () if math.isfinite(other)), default=0.0) or 1.0
        if math.isfinite(value):
            yield tag("circle", kind="level", cx=x, cy=y, r=RADIUS - 1, fill_opacity=f"{0.35 * abs(value) / most:.2f}")
        text = number(value, self.digits)
        if width(text, 9.0) > 2 * RADIUS - 4 and self.digits not in (1, 2, "auto"):  # two digits rather than a small font
            text = number(value, 2)
        yield self._within(text, 11.0, x, y, "" if math.isfinite(value) else "bad")

    @staticmethod
    def _within(text: str, size: float, x: float, y: float, kind: str = "") -> str:
        """A text in a circle, in a smaller font where necessary."""
        size = min(size, size * (2 * RADIUS - 4) / width(text, size))
        return tag("text", written(text), kind=kind, x=x, y=y + size / 3, style=f"font-size:{size:.1f}px")

    @staticmethod
    def _on_paper(text: str, kind: str, size: float, x: float, y: float) -> str:
        """A text that covers the lines behind it."""
        room = width(text, size) - 2
        return (tag("rect", kind="paper", x=x - room / 2, y=y - 0.85 * size, width=room, height=1.05 * size)
                + tag("text", written(text), kind=kind, x=x, y=y))

    def _block(self, k: int, part: DrawnModule, x: float, y: float) -> str:
        wide, high, lines = self.wide(part), self.tall(part), _about(part)
        top = y - high / 2
        texts = [tag("text", written(part.kind), kind="head", x=x, y=top + 21)]
        texts += (tag("text", written(line), kind="small faint", x=x, y=top + 21 + 14 * (i + 1)) for i, line in enumerate(lines))
        said = f"{part.path} {part.kind}({part.settings})\n{part.parameters:,} parameters"
        shape = tag("rect", kind="shape", x=x - wide / 2, y=top, width=wide, height=high, rx=8)
        return tag("g", tag("title", written(said.strip())), shape, *texts, kind="block", id=f"m{k}")

    def _flow(self, k: int, middle: float) -> str:
        """An arrow to the next stage, for stages not drawn weight by weight: down within a column, else to the right."""
        (x0, y0), (x, y) = self.layout.places[k - 1:k + 1]
        before, stage = self.stages[k - 1:k + 1]
        y0, y = y0 + middle, y + middle
        if x0 == x:
            start, end = y0 + self.tall(before) / 2 + 2, y - self.tall(stage) / 2 - 2
            return tag("g", tag("path", kind="flow", d=f"M{x:.1f} {start:.1f}V{end - 6:.1f}"), _tip(x, end, 0, 1))
        start, half = x0 + self.wide(before) / 2 + 3, self.wide(stage) / 2
        if isinstance(stage, DrawnLayer):  # ends before the text in the middle, or the circle there
            half = max([half, *(width(_more(stage.size - self.units), LINE) / 2 for _ in range(stage.size > self.units))])
        end = x - half - 3
        turn, round = end - ARROW / 2, math.copysign(8, y - y0)
        way = f"M{start:.1f} {y0:.1f}L{end - 6:.1f} {y:.1f}"
        if abs(y - y0) > 16:
            way = (f"M{start:.1f} {y0:.1f}H{turn - 8:.1f}Q{turn:.1f} {y0:.1f} {turn:.1f} {y0 + round:.1f}"
                   f"V{y - round:.1f}Q{turn:.1f} {y:.1f} {turn + 8:.1f} {y:.1f}H{end - 6:.1f}")
        return tag("g", tag("path", kind="flow", d=way), _tip(end, y, 1, 0))

    def _legend(self, y: float) -> tuple[list[str], float]:
        """The legend of the lines in one row, and its end."""
        if not self.known:
            return [], 0.0
        parts, x = [], MARGIN
        for kind, text in (("plus", f"positive {self.show}"), ("minus", f"negative {self.show}")):
            parts += [tag("g", tag("line", x1=x, x2=x + 34, y1=y + 4, y2=y + 4, stroke_width=2.5), kind=kind),
                      tag("text", text, kind="faint left", x=x + 40, y=y + 8)]
            x += 40 + width(text, LINE) + 16
        text = f"width: its size, up to {number(self.widest, self.digits)}"
        return [*parts, tag("text", text, kind="faint left", x=x, y=y + 8)], x + width(text, LINE)

    def _notes(self) -> list[str]:
        notes = list(self.notes)
        layers = [stage for stage in self.stages if isinstance(stage, DrawnLayer)]
        if self.known and not any(stage.own for stage in layers):
            notes.append("w₂₁⁽³⁾: of layer 3, to its unit 2 from unit 1 of the layer before; b₂⁽³⁾: the bias of that unit.")
        if self.show == "gradient":
            notes.append("Numbers at names are gradients, ∂L/∂w and ∂L/∂b." if self.known else
                         "Gradients are not computed yet: call backward() on a loss first.")
        if self.broken:
            notes.append(f"Dotted: what is nan or inf ({self.broken:,}).")
        if left := sum(max(stage.size - self.units, 0) for stage in layers):
            notes += [f"Left out, with their weights: {left:,} of the units.",
                      f"Of each layer {self.units} are drawn; to see more: units=…"]
        return notes

    def _describe(self) -> tuple[str, str]:
        """The title and the description for screen readers."""
        sizes = [f"{stage.size:,} {' '.join(stage.kinds)}".strip() if isinstance(stage, DrawnLayer) else stage.kind
                 for stage in self.stages]
        said = f"{sum(stage.parameters for stage in self.stages):,} parameters."
        for what, stage in (("Input", self.stages[0]), ("Output", self.stages[-1])):
            if isinstance(stage, DrawnLayer) and stage.values:
                shown = " ".join(number(value, self.digits) for value in stage.values[:self.units])
                said += f" {what}: {shown}{' …' if len(stage.values) > self.units else ''}."
        return self.title or f"Network: {' → '.join(sizes)}", " ".join([said, *self._notes()])


# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────

class _Layout(NamedTuple):
    """Places: the middle of each stage (heights from the picture's middle), the right end, and the total height."""

    places: list[tuple[float, float]]
    right: float
    high: float


def _laid_out(picture: NetworkPicture) -> _Layout:
    """Place layers as columns, and blocks in a row, or stacked in columns where the picture would be too wide or half empty."""
    stages = picture.stages
    layers = [picture.tall(stage) for stage in stages if isinstance(stage, DrawnLayer)]
    blocks = [picture.tall(stage) for stage in stages if isinstance(stage, DrawnModule)]
    limits = (max(layers), 300.0, 500.0, 800.0) if layers else (max(blocks), 300.0, 500.0, 800.0)
    for limit in sorted(limit for limit in limits if limit >= limits[0]):
        made = _in_columns(picture, _columns(picture, limit), 1.0)
        if made.right <= WIDE:
            return made
    if not picture.crowded:
        return made
    gaps = sum(_gap(picture, k) for k in range(1, len(stages)) if picture.dense(k))
    squeezed = max(0.4, 1 - (made.right - WIDE) / gaps) if gaps else 1.0
    return _in_columns(picture, _columns(picture, limit), squeezed)


def _columns(picture: NetworkPicture, limit: float) -> list[list[int]]:
    """Assign stages to columns: each layer has its own; blocks share one up to the height limit."""
    columns: list[list[int]] = []
    high = math.inf  # height of the last column
    for k, stage in enumerate(picture.stages):
        tall = picture.tall(stage)
        if isinstance(stage, DrawnModule) and high + BETWEEN + tall <= limit:
            columns[-1].append(k)
            high += BETWEEN + tall
        else:
            columns.append([k])
            high = tall if isinstance(stage, DrawnModule) else math.inf
    return columns


def _gap(picture: NetworkPicture, k: int) -> float:
    """The gap before a column that begins with stage k."""
    if not picture.dense(k):
        return ARROW
    if picture.labelled(k):
        return 170.0 + 30.0 * min(picture.tall(picture.stages[k]) / ROW, LABELLED)
    return 120.0 + 0.13 * max(picture.tall(picture.stages[k]), picture.tall(picture.stages[k - 1]))


def _in_columns(picture: NetworkPicture, columns: list[list[int]], squeezed: float) -> _Layout:
    """Place columns side by side, with space between headings and for lines."""
    stages = picture.stages
    places = [(0.0, 0.0)] * len(stages)
    right = over = 0.0  # right end of the column before, and overhang of its heading
    high = 0.0
    for column in columns:
        first = column[0]
        body = max(picture.wide(stages[k]) for k in column) / 2
        reach = max((width(line, LINE, bold=True) / 2 + 9 for line in picture.head(stages[first])), default=0.0)
        reach = max(reach, 38.0 if isinstance(stages[first], DrawnLayer) else 0.0)  # reach of the biases below the circles
        left, after = (max((width(name, LINE) for name in names), default=-8.0) + 8 for names in picture.beside(first))
        gap = _gap(picture, first) * (squeezed if picture.dense(first) else 1.0)
        centre = max(right + gap + body, over + reach) if first else MARGIN + max(body + left, reach)
        tall = sum(picture.tall(stages[k]) for k in column) + BETWEEN * (len(column) - 1)
        at = -tall / 2
        for k in column:
            places[k] = (centre, at + picture.tall(stages[k]) / 2)
            at += picture.tall(stages[k]) + BETWEEN
        right, over, high = centre + body, centre + max(reach, body + after), max(high, tall)
    return _Layout(places, max(right, over), high)


def _tip(x: float, y: float, along: int, down: int) -> str:
    """The head of an arrow that ends at (x, y), to the right or down."""
    back, side = 7.0, 3.5
    points = (x, y), (x - back * along - side * down, y - back * down - side * along), \
        (x - back * along + side * down, y - back * down + side * along)
    return tag("polygon", kind="tip", points=" ".join(f"{x:.1f} {y:.1f}" for x, y in points))


def _more(count: int) -> str:
    return f"… {count:,} more"


def _about(part: DrawnModule) -> list[str]:
    """The small texts in a block: the module's path and settings, and its output's shape."""
    settings = " ".join(filter(None, (part.path and f"({clip(part.path)})", clip(part.settings, 60))))
    kept = re.sub(r"\([^()]*\)", lambda pair: pair[0].replace(" ", "\0"), settings)  # a pair stays on one line
    return [*(line.replace("\0", " ") for line in textwrap.wrap(kept, 26)), *([f"→ {part.shape}"] if part.shape else [])] or [""]
