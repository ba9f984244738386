"""Circuits as SVG: gates are circles, wires carry the value above and the gradient below.

Graphviz decides where things go, and nothing else: every gate is given to it as a box in which each wire that
enters has a place for its numbers, so no label can lie on another one. The SVG is written here.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from .collapsing import MANY, Collapse
from .graphs import graph
from .numbers import Shown, bracketed, has_nonfinite, number, show
from .records import DrawnNode, Graph, Wire
from .svg import LIGHT, MARGIN, Picture, clip, document, style, tag, width, written

if TYPE_CHECKING:
    from autograd.graph import Node

    from .snapshots import Names

VALUE, FORMULA, SIGN, NAME, NOTE = 13.0, 10.5, 15.0, 15.0, 11.0  # sizes of letters, in pixels
RADIUS, ENTRY, GAP = 17.0, 20.0, 6.0  # of gates; the way from the numbers to the gate; between


def draw(y: Node | Sequence[Node], *, collapse: Collapse = None, fold: bool | None = None, digits: int | None = 3,
         products: bool = False, names: Names | None = None, title: str | None = None, engine: str | None = None) -> Drawing:
    """Draw the circuit that computed ``y``, with every value and, where a backward pass has been, every gradient.

    ``collapse`` draws scopes as one gate: True all, False none, names or paths those; None decides by size;
    ``fold`` draws collapsed scopes that repeat as one, ×N (None: where there are very many). ``names=locals()``
    names nodes after your variables and parameters after their modules; so does ``names=model``. ``digits`` are shown of
    each number (None: all; tooltips have all). ``products`` writes ``upstream × local = gradient`` under each wire.
    ``engine="dot"`` lays out with the system's Graphviz. The drawing shows the graph as it is now: a later backward pass
    does not change it. Raises TypeError for what is not a node, LookupError for a scope that is not there, ValueError
    for a picture of more gates than can be seen.

    >>> from autograd import Value
    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> picture = draw((x + y) * z)
    >>> picture
    <Drawing of 2 gates, 5 wires>
    >>> picture.svg[:4], "−12.0" in picture.svg
    ('<svg', True)
    """
    if digits is not None and digits < 1:
        raise ValueError(f"digits={digits}: a number is shown with 1 digit or more, or all of them: digits=None")
    if engine not in (None, "dot"):
        raise ValueError(f"engine={engine!r}: leave it out for the layout program that comes with chainrule, or say "
                         "'dot' for the system's Graphviz")
    return Drawing(graph(y, collapse, fold=fold, names=names), digits, products, title, engine)


class Drawing(Picture):
    """A picture of a graph: ``svg`` and ``dot`` are its texts, ``save`` writes a file, a notebook shows it.

    ``room`` is a text for which every number gets room: of a page that changes the numbers.

    >>> drawing = draw(Value(2.0, "x") * 3)
    >>> drawing.svg.startswith("<svg"), drawing.dot.startswith("digraph")
    (True, True)
    """

    kinds: ClassVar = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".png": "png"}

    def __init__(self, graph: Graph, digits: int | None = 3, products: bool = False, title: str | None = None,
                 engine: str | None = None, room: str = ""):
        self.graph, self.title, self.engine = graph, title, engine
        self._blocks = _blocks(graph, digits, products, room)
        self._digits = digits

    @cached_property
    def dot(self) -> str:
        """The picture in Graphviz's language, for other programs."""
        return _dot(self.graph, self._blocks)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document: light and dark, without any reference to the outside."""
        return self._page.svg()

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        return self._page.size

    @cached_property
    def _page(self) -> _Page:
        def laid_out(dot: str) -> _Page:
            return _Page(self.graph, self._blocks, graphviz_places(dot, self.engine), self.title, self._digits)

        page = laid_out(self.dot)
        if page.backwards:  # Graphviz places boxes without a look at wires between them, unless told to; pictures are larger then
            page = laid_out(self.dot.replace("rankdir=LR", "rankdir=LR newrank=true", 1))
        return page

    def __repr__(self) -> str:
        return f"<Drawing of {self.graph.gates:,} gates, {len(self.graph.wires):,} wires>"


# ── labels: each node is a block with a place for every wire that enters ─────────────────────────────────────────

class TextLine(NamedTuple):
    """One text of a label: its kind (a CSS class), the text, its size, and True where a nan or inf is to stand out."""

    kind: str
    text: str
    size: float
    bad: bool = False


class Label(NamedTuple):
    """The numbers on a wire: above it, below it, and the formula at its end; with the room they take."""

    above: tuple[TextLine, ...]
    below: tuple[TextLine, ...]
    formula: TextLine | None
    width: float
    half: float  # of the height: the wire runs through the middle


class Block(NamedTuple):
    """A node with its incoming wires' labels on the left, itself, and on the right its sum, where its wire forks."""

    node: DrawnNode
    entering: tuple[tuple[Wire, Label], ...]
    sign: float  # width of the gate or the name
    tall: float  # its height
    stem: Label | None

    @property
    def label_width(self) -> float:
        return max((label.width for _, label in self.entering), default=0.0)

    @property
    def entry(self) -> float:
        return ENTRY if self.entering else 0.0

    @property
    def width(self) -> float:
        return self.label_width + self.entry + self.sign + (self.stem.width if self.stem else 0.0)

    @property
    def height(self) -> float:
        entries = sum(2 * label.half for _, label in self.entering)
        return max(entries, self.tall, 2 * self.stem.half if self.stem else 0.0)

    @property
    def round(self) -> bool:
        return self.node.kind == "gate" and self.sign == self.tall

    def rows(self) -> Iterator[tuple[Wire, Label, float]]:
        """Every wire that enters, its label, and how far its middle lies below the top of the block."""
        at = (self.height - sum(2 * label.half for _, label in self.entering)) / 2
        for wire, label in self.entering:
            yield wire, label, at + label.half
            at += 2 * label.half


def _blocks(graph: Graph, digits: int | None, products: bool, room: str = "") -> dict[str, Block]:
    entering: dict[str, list[Wire]] = {}
    leaving: dict[str, list[Wire]] = {}
    for wire in graph.wires:
        entering.setdefault(wire.target, []).append(wire)
        leaving.setdefault(wire.source, []).append(wire)
    nodes = {node.id: node for node in graph.nodes}
    forks = {id for id, wires in leaving.items()  # a collapsed gate with several results has no one sum
             if nodes[id].value is not None and (nodes[id].accumulated or len(wires) > 1)}
    blocks = {}
    for id, node in nodes.items():
        wires = entering.get(id, [])
        if node.hidden:  # the arguments of a collapsed gate have no order: inputs last, so that fewer wires cross
            wires.sort(key=lambda wire: nodes[wire.source].kind != "gate" and len(leaving[wire.source]) == 1)
        labels = []
        for wire in wires:
            source = nodes[wire.source]
            named = source.kind == "gate" and source.id not in forks and node.kind != "output"
            labels.append((wire, _label(wire, source.label if named else "", digits, products, room)))
        stem = None
        if id in forks:
            total = show(node.gradient, digits)
            total = total and f"{'grad' if node.accumulated else 'Σ'} {total}"
            name = node.label if node.kind == "gate" else ""
            stem = _sized(*_lines(name, node.value, total, has_nonfinite(node.gradient), digits), room=room and f"Σ {room} (1/2)")
        blocks[id] = Block(node, tuple(labels), *_body(node, [label for _, label in labels]), stem)
    return blocks


def _body(node: DrawnNode, labels: list[Label]) -> tuple[float, float]:
    """The width and height of a gate or a name; gates are circles as long as the sign and the wires allow it."""
    if node.kind != "gate":
        return max(width(clip(node.label), NAME, bold=True), 10.0) + 6, 24.0
    sign = sum(width(text, SIGN * (0.87 if constant else 1)) for text, constant in _pieces(node))
    radius = max(RADIUS, sign / 2 + 5)
    if radius <= 24 and len(labels) <= 2:
        return 2 * radius, 2 * radius
    entries = sum(2 * label.half for label in labels) if len(labels) > 1 else 0.0
    return sign + 22, max(2 * RADIUS, entries - 16)


def _pieces(node: DrawnNode) -> tuple[tuple[str, bool], ...]:
    return tuple((" " * text.startswith(" ") + clip(text), constant) for text, constant in node.parts)


def _lines(name: str, value: Shown, gradient: str, bad_gradient: bool,
           digits: int | None) -> tuple[list[TextLine], list[TextLine]]:
    above = [TextLine("name", f"{clip(name)} = ", VALUE)] if name else []
    above += [TextLine("value", show(value, digits), VALUE, has_nonfinite(value))] if value is not None else []
    return above, [TextLine("gradient", gradient, VALUE, bad_gradient)] if gradient else []


def _label(wire: Wire, name: str, digits: int | None, products: bool, room: str) -> Label:
    gradient = show(wire.contribution, digits)
    above, below = _lines(name, wire.value, gradient, has_nonfinite(wire.contribution), digits)
    if products and gradient and isinstance(wire.local, float) and isinstance(wire.upstream, float):
        local = number(wire.local, digits)
        product = f"{show(wire.upstream, digits)} × {bracketed(local)} = {gradient}"
        below.append(TextLine("product", product, FORMULA))
    if wire.note:
        below.append(TextLine("note", wire.note, FORMULA))
    text = clip(wire.formula or "") or (number(wire.local, digits) if isinstance(wire.local, float) else "")
    return _sized(above, below, TextLine("formula", text, FORMULA) if text else None, room)


def _sized(above: list[TextLine], below: list[TextLine], formula: TextLine | None = None, room: str = "") -> Label:
    def across(line: TextLine) -> float:
        return max(width(line.text, line.size), width(room, line.size) if line.kind in ("value", "gradient") else 0.0)

    beside = width(formula.text, formula.size) + GAP if formula else 0.0
    wide = sum(map(across, above)) + beside
    for line in below:
        wide = max(wide, across(line) + (beside if line.kind == "gradient" else 0.0))
    half = max(20.0, 6.0 + sum(line.size + 2 for line in below))
    return Label(tuple(above), tuple(below), formula, wide + 2 * GAP, half) if wide else Label((), (), None, GAP, 12.0)


# ── Graphviz: text in, places out ────────────────────────────────────────────────────────────────────────────────

def _dot(graph: Graph, blocks: dict[str, Block]) -> str:
    import graphviz
    big = sum(node.kind == "gate" for node in graph.nodes) > MANY  # to route round every label takes most of the time
    circuit = graphviz.Digraph(
        "circuit", graph_attr={"rankdir": "LR", "ranksep": "0.3" if len(blocks) < 20 else "0.5", "nodesep": "0.12",
                               "nslimit": "2", "nslimit1": "2", "mclimit": "0.3", "fontname": "Helvetica",
                               "splines": "line" if big else "spline"},
        node_attr={"shape": "plain", "fontname": "Helvetica", "fontsize": "13"}, edge_attr={"dir": "none"})
    clusters = {box.id: graphviz.Digraph(f"cluster_{box.id}", graph_attr={
        "label": graphviz.escape(clip(box.name)), "style": "rounded,dashed", "color": LIGHT["frame"], "labeljust": "l",
        "fontsize": "12", "margin": "10"}) for box in graph.boxes}
    for id, block in blocks.items():
        clusters.get(block.node.box, circuit).node(id, _table(block), id=id)
    for box in reversed(graph.boxes):  # a box comes after the one around it, so it is complete when it is put in
        clusters.get(box.parent, circuit).subgraph(clusters[box.id])
    around: dict[str, tuple[str, ...]] = {}  # of each box, itself and those that it is in
    for box in graph.boxes:
        around[box.id] = (box.id, *around.get(box.parent, ()))
    fed = {box for node in graph.nodes if node.kind != "gate" for box in around.get(node.box, ())}
    for id, block in blocks.items():
        for i, (wire, _) in enumerate(block.entering):
            entered = set(around.get(block.node.box, ())) - set(around.get(blocks[wire.source].node.box, ()))
            # a box with inputs of its own begins after its wires from outside: so boxes can stand side by side
            apart = {"minlen": "2"} if entered & fed else {}
            circuit.edge(f"{wire.source}:out:e", f"{id}:in{i}:w", id=wire.id, **apart)
    return str(circuit.source)


def _table(block: Block) -> str:
    """A block as one of Graphviz's tables: a cell for each wire that enters, the gate, and the sum on its way out."""
    node, rows = block.node, max(len(block.entering), 1)

    def cell(port: str, wide: float, high: float, content: str, rows: int = 1, more: str = "") -> str:
        return (f'<td port="{port}" rowspan="{rows}" fixedsize="true" width="{wide:.0f}" height="{high:.0f}"{more}>'
                f"{content}</td>")

    def content(label: Label) -> str:
        lines = ["".join(map(_font, label.above)), *map(_font, label.below)]
        return "<br/>".join(filter(None, [*lines, _font(label.formula) if label.formula else ""]))

    text = escape(clip(node.sign or node.label))
    look = f' border="1" style="rounded" bgcolor="{LIGHT["gate"]}"' if node.kind == "gate" else ""
    body = cell("gate" if block.stem else "out", block.entry + block.sign, block.height,
                f"<b>{text}</b>" if text and node.kind != "gate" else text, rows, look)
    if block.stem:
        body += cell("out", block.stem.width, block.height, content(block.stem), rows)
    first, *rest = [cell(f"in{i}", block.label_width, 2 * label.half, content(label))
                    for i, (_, label) in enumerate(block.entering)] or [""]
    return ('<<table border="0" cellborder="0" cellspacing="0" cellpadding="0">'
            + "".join(f"<tr>{row}</tr>" for row in (first + body, *rest)) + "</table>>")


def _font(line: TextLine) -> str:
    ink = LIGHT.get(line.kind, LIGHT["frame"])
    return f'<font color="{ink}" point-size="{line.size:g}">{escape(line.text)}</font>'


def graphviz_places(dot: str, engine: str | None = None, seconds: float = 60.0) -> dict[str, Any]:
    """Return the places that Graphviz finds, as its JSON; by the program that comes with the package graphviz-pure.

    Raises RuntimeError where the program is missing, fails, or takes longer than ``seconds``.
    """
    import json
    import shutil
    import subprocess
    if engine == "dot":
        program, remedy = shutil.which("dot"), "install Graphviz, or leave out engine='dot'"
    else:
        program = _bundled_program()
        remedy = "pip install graphviz-pure==0.2.2, or install Graphviz and say engine='dot'"
    if program is None:
        raise RuntimeError(f"no program to lay out the picture: {remedy}")
    try:
        done = subprocess.run([program, "-Tjson0"], input=dot.encode(), capture_output=True, timeout=seconds,
                              check=True)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the layout took over {seconds:g} s: draw less, with collapse=True or an earlier node") \
            from None
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        raise RuntimeError(f"{program} could not lay out the picture: {said.decode(errors='replace')[:300]}; "
                           f"{remedy}") from error
    return json.loads(done.stdout)


def _bundled_program() -> str | None:
    from importlib.metadata import PackageNotFoundError, files
    try:
        listed = files("graphviz-pure") or ()
    except PackageNotFoundError:
        return None
    programs = (Path(str(file.locate())) for file in listed if file.name in ("graphviz-pure", "graphviz-pure.exe"))
    return next((str(program) for program in programs if program.is_file()), None)


# ── SVG ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_SHAPES = """\
.chainrule text { text-anchor: middle; font-size: 13px; font-variant-numeric: tabular-nums }
.chainrule .letter, .chainrule .title { font-weight: bold; font-size: 15px }
.chainrule .sign { font-size: 15px }
.chainrule .sign.alone { font-size: 21px }
.chainrule .sign .constant { font-size: 13px }
.chainrule .formula, .chainrule .product, .chainrule .note { font-size: 10.5px }
.chainrule .formula, .chainrule .name { text-anchor: end }
.chainrule .name { white-space: pre }
.chainrule .left, .chainrule .scope text { text-anchor: start }
.chainrule .scope text, .chainrule .remark { font-size: 12px }
.chainrule .number, .chainrule .scope text { paint-order: stroke; stroke-width: 3px; stroke-linejoin: round }
.chainrule path { fill: none; stroke-width: 1.4 }
.chainrule .shape, .chainrule .scope rect { stroke-width: 1.4 }
.chainrule .scope rect { fill: none; stroke-dasharray: 5 4 }
.chainrule .collapsed .shape { stroke-dasharray: 5 4 }
.chainrule .first .shape { stroke-width: 3 }
.chainrule .bad { font-weight: bold }
"""
_INKS = """\
.chainrule .paper { fill: $paper }
.chainrule .letter, .chainrule .title, .chainrule .sign, .chainrule .name { fill: $ink }
.chainrule .number, .chainrule .scope text { stroke: $paper }
.chainrule .value { fill: $value }
.chainrule .gradient, .chainrule .product { fill: $gradient }
.chainrule .formula { fill: $formula }
.chainrule .constant, .chainrule .note, .chainrule .remark, .chainrule .scope text { fill: $frame }
.chainrule .wire path { stroke: $wire }
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
    """The SVG text, from the blocks and Graphviz's places for them."""

    def __init__(self, graph: Graph, blocks: dict[str, Block], places: dict[str, Any], title: str | None,
                 digits: int | None):
        self.graph, self.blocks, self.title, self.digits = graph, blocks, title, digits
        self.wide, self.high = map(float, places["bb"].split(",")[2:])
        self.titles = textwrap.wrap(title or "", 100)
        self.top = MARGIN + (7 + 19 * len(self.titles) if title else 0)
        self.centre: dict[str, tuple[float, float]] = {}
        self.frames: dict[str, tuple[float, float, float, float]] = {}
        for item in places.get("objects", ()):
            if "pos" in item:
                self.centre[item["name"]] = self.point(item["pos"])
            elif "bb" in item:
                left, low, right, high = map(float, item["bb"].split(","))
                self.frames[item["name"]] = (*self.point(f"{left},{high}"), right - left, high - low)
        self.routes = {edge["id"]: [self.point(p) for p in edge["pos"].split()]
                       for edge in places.get("edges", ()) if "pos" in edge}

    def point(self, text: str) -> tuple[float, float]:
        x, y = map(float, text.split(","))
        return x + MARGIN, self.high - y + self.top

    @cached_property
    def notes(self) -> list[str]:
        return [line for note in self.graph.notes for line in textwrap.wrap(note, 116)]

    @property
    def size(self) -> tuple[float, float]:
        titles, notes = (width(line, NAME, bold=True) for line in self.titles), (width(line, NOTE) for line in self.notes)
        wide = max([self.wide, *titles, *notes])
        return 2 * MARGIN + wide, self.top + self.high + MARGIN + (8 + 17 * len(self.notes) if self.notes else 0)

    def svg(self) -> str:
        below = self.top + self.high
        title, description = describe(self.graph, self.title, self.digits)
        parts = [tag("text", written(line), kind="title left", x=MARGIN, y=MARGIN + 13 + 19 * i)
                 for i, line in enumerate(self.titles)]
        parts += (self.frame(box.id) for box in self.graph.boxes)
        parts += (self.wire(*row, block) for block in self.blocks.values() for row in block.rows())
        parts += map(self.node, self.blocks.values())
        parts += (self.frame(box.id, box.name) for box in self.graph.boxes)  # names lie above the wires that pass
        parts += (tag("text", written(line), kind="remark left", x=MARGIN, y=below + 20 + 17 * i)
                  for i, line in enumerate(self.notes))
        return document(parts, self.size, title, description, CSS)

    @property
    def backwards(self) -> bool:
        """True where a wire runs from right to left."""
        return any(self.corner(self.blocks[wire.source])[0] + self.blocks[wire.source].width > self.corner(block)[0]
                   for block in self.blocks.values() for wire, _ in block.entering)

    def frame(self, id: str, name: str | None = None) -> str:
        x, y, wide, high = self.frames[f"cluster_{id}"]
        if name is not None:
            return tag("g", tag("text", written(clip(name)), x=x + 10, y=y + 16), kind="scope")
        return tag("g", tag("rect", x=x, y=y, width=wide, height=high, rx=9), kind="scope", id=id)

    def corner(self, block: Block) -> tuple[float, float]:
        x, y = self.centre[block.node.id]
        return x - block.width / 2, y - block.height / 2

    def wire(self, wire: Wire, label: Label, row: float, block: Block) -> str:
        left, top = self.corner(block)
        y, end = top + row, left + block.label_width
        source = self.blocks[wire.source]
        start = self.corner(source)[0] + source.width, self.centre[wire.source][1]
        bends = self.routes.get(wire.id, [])[1:-1]
        if len(bends) < 4:  # nothing in the way: an S
            middle = (start[0] + left) / 2
            bends = [(middle, start[1]), (middle, y)]
        tip, angle = self.tip(block, y)
        cos, sin = math.cos(angle), math.sin(angle)
        back = tip[0] - 7 * cos, tip[1] - 7 * sin
        last = (end + 8, y), (back[0] - 6 * cos, back[1] - 6 * sin), back
        path = f"M{_points(start)}C{_points(*bends, (left, y))}H{end:.1f}"
        path += f"C{_points(*last)}" if angle else f"H{back[0]:.1f}"
        head = tip, (back[0] + 3.4 * sin, back[1] - 3.4 * cos), (back[0] - 3.4 * sin, back[1] + 3.4 * cos)
        return tag("g", tag("title", written(self.of_wire(wire))), tag("path", d=path),
                   tag("polygon", kind="tip", points=_points(*head)), self.label(label, left, y, block.label_width),
                   kind=f"wire {wire.trouble}".strip(), id=wire.id)

    def tip(self, block: Block, y: float) -> tuple[tuple[float, float], float]:
        """The point at which a wire that comes in at this height meets the gate, and its angle there."""
        left = self.corner(block)[0] + block.label_width + block.entry
        middle = self.centre[block.node.id][1]
        if not block.round or abs(y - middle) < 0.5:
            return (left, y), 0.0
        radius, angle = block.sign / 2, math.copysign(math.radians(36), middle - y)
        return (left + radius * (1 - math.cos(angle)), middle - radius * math.sin(angle)), angle

    def label(self, label: Label, x: float, y: float, wide: float) -> str:
        """The numbers of a wire that runs from x at the height y."""
        beside = width(label.formula.text, label.formula.size) + GAP if label.formula else 0.0
        centre = x + (wide - beside) / 2
        out = []
        if len(label.above) == 2:  # a name, which ends where the value begins
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

    def text(self, line: TextLine, x: float, y: float, more: str = "") -> str:
        kinds = "number", line.kind, more, "bad" if line.bad else ""
        said = tag("text", written(line.text), kind=" ".join(filter(None, kinds)), x=x, y=y)
        if not line.bad:
            return said
        room = width(line.text, line.size) + 8
        return tag("rect", kind="mark", x=x - (4 if more else room / 2), y=y - line.size + 0.5, width=room,
                   height=line.size + 3, rx=4) + said

    def node(self, block: Block) -> str:
        node = block.node
        left, y = self.corner(block)[0] + block.label_width + block.entry, self.centre[node.id][1]
        right, middle = left + block.sign, left + block.sign / 2
        out = [tag("title", written(self.of_node(node)))]
        if node.kind == "gate":
            alone = len(node.sign) == 1 and not node.sign.isalpha()
            sign = "".join(tag("tspan", written(text), kind="constant") if constant else written(text)
                           for text, constant in _pieces(node))
            shape = (tag("circle", kind="shape", cx=middle, cy=y, r=block.sign / 2) if block.round else
                     tag("rect", kind="shape", x=left, y=y - block.tall / 2, width=block.sign, height=block.tall,
                         rx=RADIUS))
            out += shape, tag("text", sign, kind="sign alone" if alone else "sign", x=middle, y=y + (7 if alone else 5))
        elif node.label:
            out.append(tag("text", written(clip(node.label)), kind="constant" if node.kind == "constant" else "letter",
                           x=middle, y=y + 5))
        else:
            out.append(tag("circle", kind="terminal", cx=left + 5 if node.kind == "output" else right - 5, cy=y, r=4))
        if block.stem:
            end = right + block.stem.width
            out.append(tag("g", tag("path", d=f"M{_points((right, y))}H{end:.1f}"),
                           tag("circle", kind="fork", cx=end, cy=y, r=3),
                           self.label(block.stem, right, y, block.stem.width), kind="wire", id=f"{node.id}-sum"))
        kinds = "node", node.kind, "collapsed" if node.hidden else "", node.trouble
        return tag("g", *out, kind=" ".join(filter(None, kinds)), id=node.id)

    def of_wire(self, wire: Wire) -> str:
        """The text of a wire while the pointer rests on it, with all digits."""
        source, target = self.blocks[wire.source].node, self.blocks[wire.target].node
        value, gradient, local = (show(x, None) for x in (wire.value, wire.contribution, wire.local))
        lines = [f"{source.label or source.sign or 'input'} → {target.sign or target.label or 'result'}"]
        lines += [f"value {value}"] if value else []
        lines += [f"local gradient {' = '.join(filter(None, (wire.formula, local)))}"] if wire.formula or local else []
        if gradient and local and wire.upstream is not None:
            gradient = f"{show(wire.upstream, None)} × {local} = {gradient}"
        lines.append(f"gradient {gradient or 'not computed'}")
        lines += [f"broadcast {wire.note}"] if wire.note else []
        lines += ["a nan or inf arises here: the gradient from above was finite"] if wire.trouble == "first" else []
        return "\n".join(lines)

    def of_node(self, node: DrawnNode) -> str:
        """The text of a node while the pointer rests on it, with all digits."""
        operation = f"scope {node.scope}" if node.hidden else node.operation
        lines = [" ".join(filter(None, (node.label, operation))) or node.kind]
        lines += [f"{node.hidden:,} gates inside"] if node.hidden else []
        lines += [f"value {show(node.value, None)}"] if node.value is not None else []
        lines.append(f"gradient {show(node.gradient, None) or 'not computed'}")
        lines += ["accumulated over several backward passes"] if node.accumulated else []
        lines += {"first": ["a nan or inf arises here"], "after": ["a nan or inf came in"]}.get(node.trouble, [])
        return "\n".join(lines)


def _points(*points: tuple[float, float]) -> str:
    return " ".join(f"{x:.1f} {y:.1f}" for x, y in points)


def describe(graph: Graph, title: str | None, digits: int | None = 3) -> tuple[str, str]:
    """The title and the description that a screen reader says of a picture."""
    def said(node: DrawnNode) -> str:
        if node.value is None:
            return node.label
        gradient = show(node.gradient, digits) or "not computed"
        return f"{node.label or 'unnamed'} = {show(node.value, digits)}, gradient {gradient}"

    results = "; ".join(said(node) for node in graph.nodes if node.kind == "output")
    inputs = [said(node) for node in graph.nodes if node.kind in ("input", "constant")]
    more = [f"and {len(inputs) - 12} more"] if len(inputs) > 12 else []
    described = f"{graph.gates:,} gates. Inputs: {'; '.join(inputs[:12] + more)}. Result: {results}."
    return title or f"Circuit of {results}", " ".join([described, *graph.notes])
