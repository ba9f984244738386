"""Circuits as SVG: gates are circles, wires carry the value above and the gradient below.

``layout`` computes the places, ``labels`` the texts; this module writes the SVG.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from .circuits.shapes import Layout, Position, Route, Spot
from .collapsing import Collapse
from .dot import laid_out, written_as_dot
from .fitting import fitted
from .graphs import graph_of
from .labels import BETWEEN, GAP, NAME, RADIUS, LabelledNode, Label, TextLine, blocks, pieces, records
from .layout import lay_out
from .numbers import BARS, ArraySummary, Digits, Shown, show
from .records import DrawnNode, Graph, Wire
from .snapshots import read
from .sums import with_sums
from .svg import MARGIN, Picture, clip, document, style, tag, width, written

if TYPE_CHECKING:
    from autograd.graph import Node

    from .snapshots import Names

NOTE = 11.0  # font size of notes, in pixels
WIDE = 1062.0  # at this width, numbers of 13 px appear with 11 px on a page of 900 px
ONE, TENTH, THIN, THICK = 5.6, 1.4, 2.2, 7.0  # gradients' strokes: width of 1, less per power of ten, least, most
TIP, GAPS = 6.0, 4.0  # length of an arrow's head; half of the gap in a wire that another one crosses


def draw(y: Node | Sequence[Node], *, collapse: Collapse = None, fold: bool | None = None, digits: Digits = "auto",
         products: bool = False, names: Names | None = None, title: str | None = None, width: float = WIDE,
         direction: str = "right", sums: bool | None = None, engine: str | None = None) -> Drawing:
    """Draw the circuit that computed ``y``, with every value and, after a backward pass, every gradient.

    ``collapse`` draws scopes as one gate each: True all, False none, names or paths those, None as many as the page requires;
    ``fold`` draws repeated collapsed scopes as one, ×N (None: where there are very many). ``names=locals()``
    names nodes after your variables and parameters after their modules; so does ``names=model``. ``digits`` is the number of
    significant digits (None: all, as in tooltips; "auto": two decimals, and more where fewer than two significant digits would be
    left, or where a sum or a product would not come out as shown). ``products`` writes ``upstream × local = gradient`` under each
    wire. The picture is at most ``width`` units wide where its parts allow it, and continues in rows; with ``direction="down"`` it
    runs down instead, as wide as necessary. ``sums`` draws chains of additions as one Σ gate: True all, False none, None chains of
    four terms or more, and of three inside a scope or made by Python's ``sum``. ``engine="dot"`` uses Graphviz's layout. The
    drawing shows the present state: a later backward pass does not change it. Raises TypeError for an argument that is not a node,
    LookupError for an unknown scope, ValueError for too many gates to draw.

    >>> from autograd import Value
    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> picture = draw((x + y) * z)
    >>> picture
    <Drawing of 2 gates, 5 wires>
    >>> picture.svg[:4], "−12.00" in picture.svg
    ('<svg', True)
    """
    if digits not in (None, "auto") and (not isinstance(digits, int) or digits < 1):
        raise ValueError(f"digits={digits!r}: digits must be 1 or more, or None for all digits; "
                         "leave it out for as many as needed")
    if engine not in (None, "dot"):
        raise ValueError(f"engine={engine!r}: leave it out for chainrule's own layout, or use 'dot' for Graphviz")
    if not width > 0:
        raise ValueError(f"width={width!r}: the width must be a number above 0; {WIDE:.0f} fits a page")
    snapshot = read(y, names)

    def drawing(graph: Graph) -> Drawing:
        return Drawing(graph, digits, products, title, engine, width=width, direction=direction, sums=sums)

    made = drawing(graph_of(snapshot, collapse, fold))
    if collapse is not None or engine:
        return made
    return fitted(made, lambda paths: graph_of(snapshot, paths, fold), drawing)


class Drawing(Picture):
    """A picture of a graph, shown in notebooks: ``svg`` and ``dot`` are its text, ``save`` writes a file.

    ``room`` is a text whose width is reserved for every number, for pages that change the numbers. ``graph`` is the drawn graph,
    with sums in place of additions.

    >>> drawing = draw(Value(2.0, "x") * 3)
    >>> drawing.svg.startswith("<svg"), drawing.dot.startswith("digraph")
    (True, True)
    """

    kinds: ClassVar = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".png": "png", ".pdf": "pdf"}

    def __init__(self, graph: Graph, digits: Digits = "auto", products: bool = False, title: str | None = None,
                 engine: str | None = None, room: str = "", *, width: float = WIDE, direction: str = "right",
                 sums: bool | None = None):
        self.graph, self.title, self.engine = with_sums(graph, sums), title, engine
        self.width, self.direction = width, direction
        self._blocks = blocks(self.graph, digits, products, room)
        self._digits: Digits = digits
        if direction not in ("right", "down"):
            raise ValueError(f"direction={direction!r}: the direction must be 'right' or 'down'")

    @cached_property
    def dot(self) -> str:
        """The picture in Graphviz's DOT language."""
        return written_as_dot(self.graph, self._blocks)

    @cached_property
    def svg(self) -> str:
        """The picture as a self-contained SVG document, light and dark."""
        return self._page.svg()

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        return self._page.size

    @cached_property
    def _page(self) -> _Page:
        down = self.direction == "down"
        if self.engine:
            places, down = laid_out(self.graph, self._blocks), False
        else:
            places = lay_out(*records(self.graph, self._blocks, down), width=self.width - 2 * MARGIN, direction=self.direction)
        return _Page(self.graph, self._blocks, places, self.title, self._digits, down)

    def __repr__(self) -> str:
        return f"<Drawing of {self.graph.gates:,} gates, {len(self.graph.wires):,} wires>"


# ── SVG ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_SHAPES = """\
.chainrule text { text-anchor: middle; font-size: 13px; font-variant-numeric: tabular-nums }
.chainrule .letter, .chainrule .title { font-weight: bold; font-size: 15px }
.chainrule .sign { font-size: 15px }
.chainrule .sign.alone { font-size: 21px }
.chainrule .sign .constant { font-size: 13px }
.chainrule .formula, .chainrule .product, .chainrule .note, .chainrule .sign-held { font-size: 10.5px }
.chainrule .formula, .chainrule .name, .chainrule .right { text-anchor: end }
.chainrule .name { white-space: pre }
.chainrule .bars { font-size: 9px }
.chainrule .left, .chainrule .scope text { text-anchor: start }
.chainrule .scope text, .chainrule .remark { font-size: 12px }
.chainrule .number, .chainrule .scope text { paint-order: stroke; stroke-width: 3px; stroke-linejoin: round }
.chainrule path { fill: none }
.chainrule .wire > path { stroke-width: 1.4 }
.chainrule .negative path { stroke-dasharray: 9 4 }
.chainrule .shape, .chainrule .scope rect { stroke-width: 1.4 }
.chainrule .scope rect { fill: none; stroke-dasharray: 5 4 }
.chainrule .collapsed .shape { stroke-dasharray: 5 4 }
.chainrule .first .shape { stroke-width: 3 }
.chainrule .bad { font-weight: bold }
"""
_INKS = """\
.chainrule .paper { fill: $paper }
.chainrule .letter, .chainrule .title, .chainrule .sign, .chainrule .name { fill: $ink }
@supports (paint-order: stroke) { .chainrule .number, .chainrule .scope text { stroke: $paper } }
.chainrule .value { fill: $value }
.chainrule .gradient, .chainrule .product { fill: $gradient }
.chainrule .formula { fill: $formula }
.chainrule .constant, .chainrule .sign-held, .chainrule .note, .chainrule .remark, .chainrule .scope text { fill: $frame }
.chainrule .wire path { stroke: $wire }
.chainrule .flow path { stroke: $flow }
.chainrule .tip, .chainrule .fork { fill: $wire }
.chainrule .shape { fill: $gate; stroke: $frame }
.chainrule .terminal { fill: $paper; stroke: $frame }
.chainrule .scope rect { stroke: $frame }
.chainrule .mark { fill: $mark; stroke: $bad }
.chainrule .bad { fill: $bad; stroke: none }
.chainrule .after .shape { stroke: $bad }
.chainrule .first .shape { stroke: $bad; fill: $mark }
"""
CSS = style(_SHAPES, _INKS)


class _Page:
    """Writer of the SVG text, from the blocks and their places in the layout."""

    def __init__(self, graph: Graph, blocks: dict[str, LabelledNode], places: Layout, title: str | None, digits: Digits,
                 down: bool):
        self.graph, self.blocks, self.title = graph, blocks, title
        self.digits: Digits = digits
        self.down = down
        self.titles = textwrap.wrap(title or "", 100)
        self.places = places
        self.top = MARGIN + (7 + 19 * len(self.titles) if title else 0)

    @cached_property
    def notes(self) -> list[str]:
        notes = self.graph.notes
        if self.places.names:
            notes = (*notes, "Inputs that many gates use stand in front with their total, and are written again at each use.")
        return [line for note in notes for line in textwrap.wrap(note, 116)]

    @property
    def size(self) -> tuple[float, float]:
        titles, notes = (width(line, NAME, bold=True) for line in self.titles), (width(line, NOTE) for line in self.notes)
        wide = max([self.places.wide, *titles, *notes])
        return 2 * MARGIN + wide, self.top + self.places.high + MARGIN + (8 + 17 * len(self.notes) if self.notes else 0)

    def svg(self) -> str:
        below = self.top + self.places.high
        title, description = describe(self.graph, self.title, self.digits)
        parts = [tag("text", written(line), kind="title left", x=MARGIN, y=MARGIN + 13 + 19 * i)
                 for i, line in enumerate(self.titles)]
        parts += (self.frame(box.id) for box in self.graph.boxes)
        parts += (self.wire(wire, label, block) for block in self.blocks.values() for wire, label in block.entering)
        parts += (tag("circle", kind="fork", cx=x + MARGIN, cy=y + self.top, r=3) for x, y, _ in self.places.forks)
        parts += map(self.node, self.blocks.values())
        parts += (self.frame(box.id, box.name) for box in self.graph.boxes)  # names cover passing wires
        parts += (tag("text", written(line), kind="remark left", x=MARGIN, y=below + 20 + 17 * i)
                  for i, line in enumerate(self.notes))
        return document(parts, self.size, title, description, CSS)

    def frame(self, id: str, name: str | None = None) -> str:
        if id not in self.places.boxes:  # a scope that was left and entered again has no frame
            return ""
        x, y, wide, high = self.places.boxes[id]
        x, y = x + MARGIN, y + self.top
        if name is not None:
            turned = {"transform": f"rotate(90 {x + 8:.1f} {y + 10:.1f})"} if self.down else {}
            x, y = (x + 8, y + 10) if self.down else (x + 10, y + 16)
            return tag("g", tag("text", written(clip(name)), x=x, y=y, **turned), kind="scope")
        return tag("g", tag("rect", x=x, y=y, width=wide, height=high, rx=9), kind="scope", id=id)

    # ── wires ──

    def path(self, route: Route, short: float = 0.0) -> str:
        """The path of a wire without its last ``short`` pixels, with rounded corners and gaps where others cross."""
        points = [(x + MARGIN, y + self.top, radius) for x, y, radius in route.points]
        gaps = [(x + MARGIN, y + self.top) for x, y in route.gaps]
        said = [f"M{_point(*points[0][:2])}"]
        for k, ((x, y, _), (x2, y2, radius)) in enumerate(pairwise(points)):
            long = math.hypot(x2 - x, y2 - y) or 1.0
            along, across = (x2 - x) / long, (y2 - y) / long
            on = sorted(abs(a - x) + abs(b - y) for a, b in gaps if _lies_on((a, b), (x, y), (x2, y2)))
            for at in on:
                said.append(f"L{_point(x + along * (at - GAPS), y + across * (at - GAPS))}")
                said.append(f"M{_point(x + along * (at + GAPS), y + across * (at + GAPS))}")
            if k == len(points) - 2:
                said.append(f"L{_point(x2 - along * short, y2 - across * short)}")
            elif not radius:
                said.append(f"L{_point(x2, y2)}")
            else:
                x3, y3, _ = points[k + 2]
                rest = math.hypot(x3 - x2, y3 - y2) or 1.0
                said.append(f"L{_point(x2 - along * radius, y2 - across * radius)}Q{_point(x2, y2)} "
                            f"{_point(x2 + (x3 - x2) / rest * radius, y2 + (y3 - y2) / rest * radius)}")
        return "".join(said)

    def tip(self, route: Route) -> str:
        """The arrow's head where a wire enters its gate."""
        (x, y, _), (x2, y2, _) = route.points[-2:]
        long = math.hypot(x2 - x, y2 - y) or 1.0
        along, across = (x2 - x) / long, (y2 - y) / long
        x, y = x2 + MARGIN, y2 + self.top
        back = x - (TIP + 1) * along, y - (TIP + 1) * across
        head = (x, y), (back[0] + 3.4 * across, back[1] - 3.4 * along), (back[0] - 3.4 * across, back[1] + 3.4 * along)
        return tag("polygon", kind="tip", points=" ".join(_point(*point) for point in head))

    def wire(self, wire: Wire, label: Label, block: LabelledNode) -> str:
        route, enters = self.places.wires[wire.id], block.node.kind == "gate"
        again = self.places.names.get(wire.id)
        way = self.path(route, TIP if enters else 0.0)
        return tag("g", tag("title", written(self.of_wire(wire))), flow(wire.contribution, way), tag("path", d=way),
                   self.tip(route) if enters else "", self.name(self.blocks[wire.source], again) if again else "",
                   self.label(label, self.places.labels[wire.id]), kind=f"wire {wire.trouble}".strip(), id=wire.id)

    # ── texts ──

    def label(self, label: Label, spot: Spot) -> str:
        x, y = spot.x + MARGIN, spot.y + self.top
        return self.beside(label, x, y) if self.down else self.around(label, x, y, spot.along)

    def around(self, label: Label, x: float, y: float, wide: float) -> str:
        """The numbers of a wire to the right from (x, y): the value above, the gradient below."""
        beside = width(label.formula.text, label.formula.size) + BETWEEN if label.formula else 0.0
        centre = x + (wide - beside) / 2
        out = []
        if len(label.above) == 2:  # a name ends where the value begins
            name, value = (width(line.text, line.size) for line in label.above)
            split = centre + (name - value) / 2
            out = [self.text(label.above[0], split, y - 5), self.text(label.above[1], split, y - 5, "left")]
        elif label.above:
            out = [self.text(label.above[0], centre, y - 5)]
        at = y + 2
        for line in label.below:
            at += line.size if line.kind == "gradient" else line.size + 2
            out.append(self.text(line, centre if line.kind == "gradient" else x + wide / 2, at))
        if label.formula:
            out.append(self.text(label.formula, x + wide - 2, y + 13))
        return "".join(out)

    def beside(self, label: Label, x: float, y: float) -> str:
        """The numbers of a wire down from (x, y): the value on its left, the gradient on its right."""
        at, out = x - GAP, []
        for line in label.above[::-1]:
            out.append(self.text(line, at, y + 18, "right"))
            at -= width(line.text, line.size)
        at = y + 18
        for line in label.below_and_formula:
            out.append(self.text(line, x + GAP, at, "left"))
            at += line.size + 1
        return "".join(out)

    def text(self, line: TextLine, x: float, y: float, more: str = "") -> str:
        kinds = "number", line.kind, more, "bad" if line.bad else ""
        said = tag("text", _with_small_bars(line.text), kind=" ".join(filter(None, kinds)), x=x, y=y)
        if not line.bad:
            return said
        room = width(line.text, line.size) + 8
        begin = x - {"left": 4, "right": room - 4}.get(more, room / 2)
        return tag("rect", kind="mark", x=begin, y=y - line.size + 0.5, width=room, height=line.size + 3, rx=4) + said

    # ── nodes ──

    def name(self, block: LabelledNode, place: Position) -> str:
        kind = "constant" if block.node.kind == "constant" else "letter"
        return tag("text", written(clip(block.name)), kind=kind, x=place.x + MARGIN, y=place.y + self.top + 5)

    def node(self, block: LabelledNode) -> str:
        node, place = block.node, self.places.nodes[block.node.id]
        x, y = place.x + MARGIN, place.y + self.top
        out = [tag("title", written(self.of_node(node)))]
        if node.kind == "gate":
            alone = len(node.sign) == 1 and not node.sign.isalpha()
            sign = "".join(tag("tspan", written(text), kind="constant") if constant else written(text)
                           for text, constant in pieces(node))
            shape = (tag("circle", kind="shape", cx=x, cy=y, r=place.wide / 2) if block.round else
                     tag("rect", kind="shape", x=x - place.wide / 2, y=y - place.high / 2, width=place.wide, height=place.high,
                         rx=RADIUS))
            up = 6 if block.held else 0
            out += shape, tag("text", sign, kind="sign alone" if alone else "sign", x=x, y=y - up + (7 if alone else 5))
            out += [tag("text", written(block.held), kind="sign-held", x=x, y=y + 13)] if block.held else []
        elif block.name:
            out.append(self.name(block, place))
        else:
            out.append(tag("circle", kind="terminal", cx=x, cy=y, r=4))
        if block.stem:
            way = self.path(self.places.stems[node.id])
            out.append(tag("g", flow(node.gradient, way), tag("path", d=way),
                           self.label(block.stem, self.places.stem_labels[node.id]), kind="wire", id=f"{node.id}-sum"))
        kinds = "node", node.kind, "collapsed" if node.hidden else "", node.trouble
        return tag("g", *out, kind=" ".join(filter(None, kinds)), id=node.id)

    def of_wire(self, wire: Wire) -> str:
        """The tooltip of a wire, with all digits."""
        source, target = self.blocks[wire.source].node, self.blocks[wire.target].node
        value, gradient, local = (show(x, None) for x in (wire.value, wire.contribution, wire.local))
        lines = [f"{source.called} → {'result' if target.kind == 'output' else target.called}"]
        lines += [f"value {value}"] if value else []
        lines += [f"local gradient {' = '.join(filter(None, (wire.formula, local)))}"] if wire.formula or local else []
        if gradient and local and wire.upstream is not None:
            gradient = f"{show(wire.upstream, None)} × {local} = {gradient}"
        lines.append(f"gradient {gradient or 'not computed'}")
        lines += [f"broadcast {wire.note}"] if wire.note else []
        lines += ["a nan or inf arises here: the gradient from above was finite"] if wire.trouble == "first" else []
        return "\n".join(lines)

    def of_node(self, node: DrawnNode) -> str:
        """The tooltip of a node, with all digits."""
        operation = f"scope {node.scope}" if node.hidden else node.operation
        lines = [" = ".join(filter(None, (node.called, operation if node.kind == "gate" else "")))]
        lines += [f"{node.hidden:,} gates{f' and {node.inside:,} parameters' if node.inside else ''} inside"] if node.hidden else []
        lines += [f"value {show(node.value, None)}"] if node.value is not None else []
        lines.append(f"gradient {show(node.gradient, None) or 'not computed'}")
        lines += ["accumulated over several backward passes"] if node.accumulated else []
        lines += {"first": ["a nan or inf arises here"], "after": ["a nan or inf came in"]}.get(node.trouble, [])
        return "\n".join(lines)


def _point(x: float, y: float) -> str:
    return f"{x:.1f} {y:.1f}".replace(".0", "")


def flow(gradient: Shown, way: str) -> str:
    """The stroke under a wire, of width by log |gradient|, dashed for a negative gradient; empty where no gradient arrives.

    An array counts by its largest entry in size, and as negative where no entry is above 0.

    >>> flow(-1.0, "M0 0L9 0")
    '<g class="flow negative"><path d="M0 0L9 0" stroke-width="5.6"/></g>'
    >>> flow(0.0, "M0 0L9 0"), flow(None, "M0 0L9 0")
    ('', '')
    """
    low, high = (gradient.minimum, gradient.maximum) if isinstance(gradient, ArraySummary) else (gradient, gradient)
    if low is None or high is None or not (size := max(abs(low), abs(high))):
        return ""
    thick = min(max(ONE + TENTH * math.log10(size), THIN), THICK) if math.isfinite(size) else THICK
    return tag("g", tag("path", d=way, stroke_width=thick), kind="flow negative" if high <= 0 else "flow")


def _with_small_bars(text: str) -> str:
    """The markup of a text, with the bars of histograms in a smaller size."""
    return re.sub(f"[{BARS}]+", lambda m: tag("tspan", m[0], kind="bars"), written(text))


def _lies_on(point: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> bool:
    """True where a point lies on a horizontal or vertical segment."""
    return any(a[i] == b[i] == point[i] and min(a[1 - i], b[1 - i]) < point[1 - i] < max(a[1 - i], b[1 - i]) for i in (0, 1))


def describe(graph: Graph, title: str | None, digits: Digits = "auto") -> tuple[str, str]:
    """The title and the description of a picture for screen readers."""
    def said(node: DrawnNode) -> str:
        if node.value is None:
            return node.called
        gradient = show(node.gradient, digits) or "not computed"
        return f"{node.called} = {show(node.value, digits)}, gradient {gradient}"

    results = "; ".join(said(node) for node in graph.nodes if node.kind == "output")
    inputs = [said(node) for node in graph.nodes if node.kind in ("input", "constant")]
    more = [f"and {len(inputs) - 12} more"] if len(inputs) > 12 else []
    described = f"{graph.gates:,} gates. Inputs: {'; '.join(inputs[:12] + more)}. Result: {results}."
    return title or f"Circuit of {results}", " ".join([described, *graph.notes])
