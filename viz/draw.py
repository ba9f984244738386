"""Circuits as SVG: gates are circles, wires carry the value above and the gradient below.

Graphviz decides where things go, and nothing else: every gate is given to it as a box in which each wire that
enters has a place for its numbers, so no label can lie on another one. The SVG is written here.
"""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from .graph import MANY, Array, Graph, Node, Wire, bad, graph, number

SECONDS = 60.0  # that a layout may take
VALUE, FORMULA, SIGN, NAME, NOTE = 13.0, 10.5, 15.0, 15.0, 11.0  # sizes of letters, in pixels
RADIUS, ENTRY, GAP, MARGIN = 17.0, 20.0, 6.0, 14.0  # of gates; the way from the numbers to the gate; between; around

_LIGHT = {"paper": "#ffffff", "ink": "#1f2328", "value": "#1a7f37", "gradient": "#cf222e", "formula": "#0969da",
          "frame": "#57606a", "wire": "#8c959f", "gate": "#f6f8fa", "bad": "#953800", "mark": "#fff1e5"}
_DARK = {"paper": "#0d1117", "ink": "#e6edf3", "value": "#3fb950", "gradient": "#ff7b72", "formula": "#58a6ff",
         "frame": "#8b949e", "wire": "#6e7681", "gate": "#21262d", "bad": "#ffa657", "mark": "#3d2300"}


def draw(y: Any, *, collapse: bool | str | Iterable[str] | None = None, digits: int | None = 3, products: bool = False,
         title: str | None = None, engine: str | None = None) -> Drawing:
    """The circuit that computed ``y``, with every value and, where a backward pass has been, every gradient.

    ``collapse`` draws scopes as one gate: True all, False none, names or paths those; None decides by size.
    ``digits`` are shown of each number (None: all; tooltips have all). ``products`` writes ``upstream × local =
    gradient`` under each wire. ``engine="dot"`` lays out with the system's Graphviz. What is drawn is the state of
    now: a later backward pass does not change the drawing. Raises TypeError for what is not a node, LookupError
    for a scope that is not there, ValueError for a picture of more gates than can be seen.

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
        raise ValueError(f"engine={engine!r}: leave it out for the layout program that comes with chainrule, or say 'dot' "
                         "for the system's Graphviz")
    return Drawing(graph(y, collapse), digits, products, title, engine)


class Drawing:
    """A picture of a graph: ``svg`` and ``dot`` are its texts, ``save`` writes a file, a notebook shows it."""

    def __init__(self, graph: Graph, digits: int | None = 3, products: bool = False, title: str | None = None,
                 engine: str | None = None):
        self.graph, self.title, self.engine = graph, title, engine
        self._blocks = _blocks(graph, digits, products)
        self._digits = digits

    @cached_property
    def dot(self) -> str:
        """The picture in Graphviz's language, for other programs."""
        return _dot(self.graph, self._blocks)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document: light and dark, without any reference to the outside."""
        return _Page(self.graph, self._blocks, layout(self.dot, self.engine), self.title, self._digits).svg

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file, as its name ends: ``.svg`` or ``.dot``. Returns the path.

        Raises ValueError for other endings.
        """
        path = Path(path)
        kinds = {".svg": "svg", ".dot": "dot", ".gv": "dot"}
        if path.suffix.lower() not in kinds:
            raise ValueError(f"save({str(path)!r}): a drawing is saved as .svg or .dot; end the name with one of them")
        path.write_text(getattr(self, kinds[path.suffix.lower()]), encoding="utf-8")
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Drawing of {self.graph.gates:,} gates, {len(self.graph.wires):,} wires>"


# ── what is written where: each node is a block with a place for every wire that enters ──────────────────────────

class Line(NamedTuple):
    """One text of a label: what it is (a CSS class), the text, and whether a nan or inf is to stand out."""

    kind: str
    text: str
    size: float
    bad: bool = False


class Label(NamedTuple):
    """The numbers on a wire: above it, below it, and the formula at its end; with the room they take."""

    above: tuple[Line, ...]
    below: tuple[Line, ...]
    formula: Line | None
    width: float
    half: float  # of the height: the wire runs through the middle


class Block(NamedTuple):
    """A node with its incoming wires' labels on the left, itself, and on the right its sum, where its wire forks."""

    node: Node
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
        return max(sum(2 * label.half for _, label in self.entering), self.tall, 2 * self.stem.half if self.stem else 0.0)

    def rows(self) -> Iterator[tuple[Wire, Label, float]]:
        """Every wire that enters, its label, and how far its middle lies below the top of the block."""
        at = (self.height - sum(2 * label.half for _, label in self.entering)) / 2
        for wire, label in self.entering:
            yield wire, label, at + label.half
            at += 2 * label.half


def _blocks(graph: Graph, digits: int | None, products: bool) -> dict[str, Block]:
    entering: dict[str, list[Wire]] = {}
    leaving: dict[str, list[Wire]] = {}
    for wire in graph.wires:
        entering.setdefault(wire.target, []).append(wire)
        leaving.setdefault(wire.source, []).append(wire)
    nodes = {node.id: node for node in graph.nodes}
    for node in graph.nodes:
        if node.hidden:  # the arguments of a collapsed gate have no order: inputs last, so that fewer wires cross
            entering.get(node.id, []).sort(key=lambda wire: nodes[wire.source].kind != "gate" and len(leaving[wire.source]) == 1)
    forks = {id for id, wires in leaving.items() if nodes[id].accumulated or len(wires) > 1}
    blocks = {}
    for id, node in nodes.items():
        labels = []
        for wire in entering.get(id, ()):
            source = nodes[wire.source]
            named = source.label if source.kind == "gate" and source.id not in forks and node.kind != "output" else ""
            labels.append((wire, _label(wire, named, digits, products)))
        stem = None
        if id in forks:
            total = "" if node.gradient is None else ("Σ " if not node.accumulated else "grad ") + show(node.gradient, digits)
            stem = _sized(*_lines(node.label if node.kind == "gate" else "", node.value, total, bad(node.gradient), digits))
        if node.kind == "gate":
            written = sum(width(text, SIGN * (0.87 if constant else 1)) for text, constant in _pieces(node))
            radius = max(RADIUS, written / 2 + 5)
            round = radius <= 24 and len(labels) <= 2
            inside, tall = (2 * radius, 2 * radius) if round else (written + 22, 2 * RADIUS)
            if len(labels) > 1 and not round:
                tall = max(tall, sum(2 * label.half for _, label in labels) - 16)
        else:
            inside, tall = max(width(clip(node.label), NAME, bold=True), 10.0) + 6, 24.0
        blocks[id] = Block(node, tuple(labels), inside, tall, stem)
    return blocks


def _pieces(node: Node) -> tuple[tuple[str, bool], ...]:
    return tuple((clip(text), constant) for text, constant in node.parts)


def _lines(name: str, value: Any, gradient: str, bad_gradient: bool, digits: int | None
           ) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    above = (Line("name", f"{clip(name)} = ", VALUE),) if name else ()
    above += (Line("value", show(value, digits), VALUE, bad(value)),) if value is not None else ()
    return above, (Line("gradient", gradient, VALUE, bad_gradient),) if gradient else ()


def _label(wire: Wire, name: str, digits: int | None, products: bool) -> Label:
    above, below = _lines(name, wire.value, show(wire.contribution, digits), bad(wire.contribution), digits)
    if products and isinstance(wire.contribution, float) and isinstance(wire.local, float) and isinstance(wire.upstream, float):
        below += (Line("product", " ".join((show(wire.upstream, digits), "×", show(wire.local, digits), "=",
                                            show(wire.contribution, digits))), FORMULA),)
    if wire.note:
        below += (Line("note", wire.note, FORMULA),)
    text = clip(wire.formula) if wire.formula else number(wire.local, digits) if isinstance(wire.local, float) else ""
    return _sized(above, below, Line("formula", text, FORMULA) if text else None)


def _sized(above: tuple[Line, ...], below: tuple[Line, ...], formula: Line | None = None) -> Label:
    first = max(sum(width(line.text, line.size) for line in above),
                width(below[0].text, below[0].size) if below and below[0].kind == "gradient" else 0.0)
    beside = width(formula.text, formula.size) + GAP if formula else 0.0
    wide = max([first + beside, *(width(line.text, line.size) for line in below if line.kind != "gradient")])
    half = max(20.0, 6.0 + sum(line.size + 2 for line in below))
    return Label(above, below, formula, wide + 2 * GAP if wide else GAP, half if wide else 12.0)


def show(x: float | Array | None, digits: int | None = 3) -> str:
    """A number, or an array in a few words, as pictures show it."""
    if not isinstance(x, Array):
        return number(x, digits)
    shape = "×".join(map(str, x.shape))
    if x.entries is not None:
        return (f"{shape}: " if len(x.shape) > 1 else "") + f"[{' '.join(number(entry, digits) for entry in x.entries)}]"
    text = f"{shape}: {number(x.minimum, digits)} … {number(x.maximum, digits)}, mean {number(x.mean, digits)}"
    counts = ((x.nans, "nan"), (x.infs, "inf"), (x.zeros if digits is None else 0, "zeros"))
    return text + "".join(f", {count:,} {what}" for count, what in counts if count)


def clip(text: str, letters: int = 24) -> str:
    """A name short enough for a picture, on one line, and without what XML cannot hold."""
    text = " ".join(clean(text).split())
    return text if len(text) <= letters else text[:letters - 1] + "…"


def clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def width(text: str, size: float, bold: bool = False) -> float:
    """The room that a text takes in pixels; an upper bound for the usual sans-serif fonts, DejaVu's being the widest."""
    em = 0.0
    for c in text:
        em += (1.0 if unicodedata.east_asian_width(c) in "WF" or c in "mwMW@%—…" else 0.36 if c in " ilj.,:;'|!()[]ftI/"
               else 0.84 if c in "+−=×<>≥≤·→Σ" else 0.72 if c.isupper() else 0.64)
    return em * size * (1.1 if bold else 1.0)


# ── Graphviz: text in, places out ────────────────────────────────────────────────────────────────────────────────

def _dot(graph: Graph, blocks: dict[str, Block]) -> str:
    import graphviz
    big = sum(node.kind == "gate" for node in graph.nodes) > MANY  # routing round every label would take most of the time
    inks = {kind: _LIGHT[kind] for kind in ("value", "gradient", "formula")}

    def cell(port: str, label: Label, rows: int = 1, height: float = 0.0) -> str:
        lines = ["".join(_font(line, inks) for line in label.above), *(_font(line, inks) for line in label.below)]
        lines += [_font(label.formula, inks)] if label.formula else []
        return (f'<td port="{port}" rowspan="{rows}" fixedsize="true" width="{label.width:.0f}" '
                f'height="{height or 2 * label.half:.0f}">{"<br/>".join(filter(None, lines))}</td>')

    def table(block: Block) -> str:
        rows = max(len(block.entering), 1)
        node, tall = block.node, block.height
        gate = ' border="1" style="rounded" bgcolor="#f6f8fa"' if node.kind == "gate" else ""
        text = escape(clip(node.sign or node.label))
        middle = (f'<td port="{"" if block.stem else "o"}" rowspan="{rows}" fixedsize="true" '
                  f'width="{block.entry + block.sign:.0f}" height="{tall:.0f}"{gate}>'
                  f'{text if node.kind == "gate" or not text else f"<b>{text}</b>"}</td>').replace(' port=""', "")
        cells = [cell(f"i{i}", label._replace(width=block.label_width)) for i, (_, label) in enumerate(block.entering)] or [""]
        end = cell("o", block.stem, rows, tall) if block.stem else ""
        return ('<<table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>' + cells[0] + middle + end + "</tr>"
                + "".join(f"<tr>{c}</tr>" for c in cells[1:]) + "</table>>")

    digraph = graphviz.Digraph(
        "circuit", graph_attr={"rankdir": "LR", "ranksep": "0.3" if len(blocks) < 20 else "0.5", "nodesep": "0.12", "nslimit": "2", "nslimit1": "2",
                               "mclimit": "0.3", "fontname": "Helvetica", "splines": "line" if big else "spline"},
        node_attr={"shape": "plain", "fontname": "Helvetica", "fontsize": "13"}, edge_attr={"dir": "none"})
    clusters = {box.id: graphviz.Digraph(f"cluster_{box.id}", graph_attr={
        "label": graphviz.escape(clip(box.name)), "style": "rounded,dashed", "color": _LIGHT["frame"], "labeljust": "l",
        "fontsize": "12", "margin": "10"}) for box in graph.boxes}
    for block in blocks.values():
        inside = clusters.get(block.node.box, digraph)
        inside.node(block.node.id, table(block), id=block.node.id)
    for box in reversed(graph.boxes):  # a box comes after the one around it, so it is complete when it is put in
        clusters.get(box.parent, digraph).subgraph(clusters[box.id])
    for block in blocks.values():
        for i, (wire, _) in enumerate(block.entering):
            digraph.edge(f"{wire.source}:o:e", f"{wire.target}:i{i}:w", id=wire.id)
    return digraph.source


def _font(line: Line, inks: dict[str, str]) -> str:
    return f'<font color="{inks.get(line.kind, _LIGHT["frame"])}" point-size="{line.size:g}">{escape(line.text)}</font>'


def layout(dot: str, engine: str | None = None) -> dict[str, Any]:
    """Graphviz's answer to where things go, as its JSON; by the program that comes with the package graphviz-pure.

    Raises RuntimeError where the program is missing, fails, or takes over a minute.
    """
    import json
    import shutil
    import subprocess
    if engine == "dot":
        program, remedy = shutil.which("dot"), "install Graphviz, or leave out engine='dot'"
    else:
        program, remedy = _bundled_program(), "pip install graphviz-pure==0.2.2, or with Graphviz on this machine engine='dot'"
    if program is None:
        raise RuntimeError(f"no program to lay out the picture: {remedy}")
    try:
        done = subprocess.run([program, "-Tjson0"], input=dot.encode(), capture_output=True, timeout=SECONDS, check=True)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the layout took over {SECONDS:.0f} s: draw less, with collapse=True or an earlier node") from None
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        raise RuntimeError(f"{program} could not lay out the picture: {said.decode(errors='replace')[:300]}; {remedy}") from error
    return json.loads(done.stdout)


def _bundled_program() -> str | None:
    from importlib.metadata import PackageNotFoundError, files
    try:
        listed = files("graphviz-pure") or ()
    except PackageNotFoundError:
        return None
    return next((str(path) for file in listed if file.stem == "graphviz-pure" and (path := Path(str(file.locate()))).is_file()
                 and file.suffix in ("", ".exe")), None)


# ── SVG ──────────────────────────────────────────────────────────────────────────────────────────────────────────

def _style(inks: dict[str, str]) -> str:
    return (".paper{{fill:{paper}}}.ink,.name,.letter{{fill:{ink}}}.value{{fill:{value}}}.gradient,.product{{fill:{gradient}}}"
            ".formula{{fill:{formula}}}.gate .shape{{fill:{gate};stroke:{frame}}}.sign{{fill:{ink}}}.constant,.note,.scope text{{fill:{frame}}}.wire path{{stroke:{wire}}}.tip,.fork{{fill:{wire}}}.scope rect{{stroke:{frame}}}"
            ".terminal{{stroke:{frame};fill:{paper}}}.mark{{fill:{mark};stroke:{bad}}}.bad{{fill:{bad}}}"
            ".first .shape{{stroke:{bad};fill:{mark}}}.after .shape{{stroke:{bad}}}.value,.gradient,.name,.formula,.product,.note,.scope text{{stroke:{paper}}}").format(**inks).replace(
                "}.", "}\n.").replace(",.", ",\n.").replace("\n.", "\n.chainrule .").replace(".paper", ".chainrule .paper", 1)


CSS = ("""\
.chainrule { font-family: "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif }
.chainrule text { text-anchor: middle; font-size: 13px; font-variant-numeric: tabular-nums }
.chainrule .letter, .chainrule .title { font-weight: bold; font-size: 15px }
.chainrule .sign { font-size: 15px } .chainrule .sign.alone { font-size: 21px } .chainrule .sign .constant { font-size: 13px }
.chainrule .formula, .chainrule .product, .chainrule text.note { font-size: 10.5px; font-weight: normal }
.chainrule .value, .chainrule .gradient, .chainrule .name, .chainrule .formula, .chainrule .product, .chainrule .note,
.chainrule .scope text { paint-order: stroke; stroke-width: 3px; stroke-linejoin: round }
.chainrule .bad { stroke: none !important }
.chainrule .formula { text-anchor: end } .chainrule .name { text-anchor: end }
.chainrule .left { text-anchor: start } .chainrule .scope text { font-size: 12px; text-anchor: start }
.chainrule path { fill: none; stroke-width: 1.4 } .chainrule .shape { stroke-width: 1.4 }
.chainrule .scope rect { fill: none; stroke-dasharray: 5 4 } .chainrule .collapsed .shape { stroke-dasharray: 5 4 }
.chainrule .first .shape { stroke-width: 3 } .chainrule .bad { font-weight: bold }
""" + _style(_LIGHT) + "\n@media (prefers-color-scheme: dark) {\n" + _style(_DARK) + "\n}\n")


class _Page:
    """The SVG text, from the blocks and Graphviz's places for them."""

    def __init__(self, graph: Graph, blocks: dict[str, Block], places: dict[str, Any], title: str | None, digits: int | None):
        self.graph, self.blocks, self.digits = graph, blocks, digits
        wide, high = (float(x) for x in places["bb"].split(",")[2:])
        self.left, self.top = MARGIN, MARGIN + (26 if title else 0)
        self.high = high
        self.centre: dict[str, tuple[float, float]] = {}
        self.frames: dict[str, tuple[float, float, float, float]] = {}
        for item in places.get("objects", ()):
            if "pos" in item:
                self.centre[item["name"]] = self.point(item["pos"])
            elif "bb" in item:
                a, b, c, d = map(float, item["bb"].split(","))
                self.frames[item["name"]] = (*self.point(f"{a},{d}"), c - a, d - b)
        routes = {edge["id"]: [self.point(p) for p in edge["pos"].split() if p[0] not in "es"]
                  for edge in places.get("edges", ()) if "pos" in edge}
        notes = [line for note in graph.notes for line in textwrap.wrap(note, 116)]
        wide = max([wide, *(width(line, NOTE) for line in notes), width(clean(title or ""), NAME, True)]) + 2 * MARGIN
        bottom = self.top + high + (8 + 16 * len(notes) if notes else 0) + MARGIN
        said, described = describe(graph, title, digits)
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" class="chainrule" role="img" width="{wide:.0f}" height="{bottom:.0f}" '
                 f'viewBox="0 0 {wide:.0f} {bottom:.0f}" style="max-width:100%;height:auto">',
                 f"<title>{written(said)}</title>", f"<desc>{written(described)}</desc>", f"<style>{CSS}</style>",
                 f'<rect class="paper" width="{wide:.0f}" height="{bottom:.0f}" rx="6"/>']
        if title:
            parts.append(f'<text class="title ink left" x="{MARGIN:.1f}" y="{MARGIN + 13:.1f}">{written(title)}</text>')
        parts += (self.scope(box.id) for box in graph.boxes)
        parts += (self.wire(wire, label, row, block, routes.get(wire.id, [])) for block in blocks.values()
                  for wire, label, row in block.rows())
        parts += map(self.node, blocks.values())
        parts += (self.scope_name(box.id, box.name) for box in graph.boxes)  # above the wires that pass behind it
        parts += (f'<text class="note left" x="{MARGIN:.1f}" y="{self.top + high + 20 + 16 * i:.1f}">{written(line)}</text>'
                  for i, line in enumerate(notes))
        self.svg = "\n".join([*parts, "</svg>"])

    def point(self, text: str) -> tuple[float, float]:
        x, y = map(float, text.split(","))
        return x + self.left, self.high - y + self.top

    def corner(self, block: Block) -> tuple[float, float]:
        x, y = self.centre[block.node.id]
        return x - block.width / 2, y - block.height / 2

    def scope(self, id: str) -> str:
        x, y, w, h = self.frames[f"cluster_{id}"]
        return f'<g class="scope" id="{id}"><rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="9"/></g>'

    def scope_name(self, id: str, name: str) -> str:
        x, y, _, _ = self.frames[f"cluster_{id}"]
        return f'<g class="scope"><text x="{x + 10:.1f}" y="{y + 16:.1f}">{written(clip(name))}</text></g>'

    def wire(self, wire: Wire, label: Label, row: float, block: Block, route: list[tuple[float, float]]) -> str:
        x, top = self.corner(block)
        y, end = top + row, x + block.label_width
        source = self.blocks[wire.source]
        start = (self.corner(source)[0] + source.width, self.centre[wire.source][1])
        if len(route) == 4 or len(route) < 4 or len(route) % 3 != 1:
            middle = (start[0] + x) / 2
            route = [start, (middle, start[1]), (middle, y), (x, y)]
        path = f"M{start[0]:.1f} {start[1]:.1f}C" + " ".join(f"{a:.1f} {b:.1f}" for a, b in route[1:-1]) + f" {x:.1f} {y:.1f}H{end:.1f}"
        tip, angle = self.tip(block, y)
        back = (tip[0] - 7 * math.cos(angle), tip[1] - 7 * math.sin(angle))
        if abs(tip[1] - y) > 0.5:
            path += f"C{end + 8:.1f} {y:.1f} {back[0] - 6 * math.cos(angle):.1f} {back[1] - 6 * math.sin(angle):.1f} {back[0]:.1f} {back[1]:.1f}"
        else:
            path += f"H{back[0]:.1f}"
        side = (3.4 * math.sin(angle), -3.4 * math.cos(angle))
        head = " ".join(f"{a:.1f},{b:.1f}" for a, b in (tip, (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1])))
        return (f'<g class="wire{" " + wire.trouble if wire.trouble else ""}" id="{wire.id}"><title>{written(self.tooltip(wire))}</title>'
                f'<path d="{path}"/><polygon class="tip" points="{head}"/>{self.label(label, x, y, block.label_width)}</g>')

    def tip(self, block: Block, y: float) -> tuple[tuple[float, float], float]:
        """Where a wire that comes in at this height meets the gate, and in which direction it goes there."""
        left = self.corner(block)[0] + block.label_width + block.entry
        middle = self.centre[block.node.id][1]
        if block.node.kind != "gate" or block.tall != block.sign or abs(y - middle) < 0.5:
            return (left, y), 0.0
        angle = math.copysign(math.radians(36), middle - y)
        radius = block.sign / 2
        return (left + radius - radius * math.cos(angle), middle - radius * math.sin(angle)), angle

    def label(self, label: Label, x: float, y: float, wide: float) -> str:
        """The numbers of a wire that runs from x at the height y."""
        beside = width(label.formula.text, label.formula.size) + GAP if label.formula else 0.0
        centre = x + (wide - beside) / 2
        out = []
        if label.above:
            value = label.above[-1]
            if len(label.above) == 2 or label.above[0].kind == "name":
                sizes = [width(line.text, line.size) for line in label.above]
                split = centre - sum(sizes) / 2 + sizes[0]
                out.append(f'<text class="name" x="{split:.1f}" y="{y - 5:.1f}" xml:space="preserve">{written(label.above[0].text)}</text>')
                if value.kind == "value":
                    out.append(self.text(value, split, y - 5, "left"))
            else:
                out.append(self.text(value, centre, y - 5))
        at = y + 3
        for line in label.below:
            at += line.size - 1 if line.kind == "gradient" else line.size + 1.5
            out.append(self.text(line, centre if line.kind == "gradient" else x + wide / 2, at))
        if label.formula:
            out.append(self.text(label.formula, x + wide - 2, y + 13))
        return "".join(out)

    def text(self, line: Line, x: float, y: float, more: str = "") -> str:
        kinds = " ".join(filter(None, (line.kind, more, "bad" if line.bad else "")))
        mark = ""
        if line.bad:
            w = width(line.text, line.size) + 8
            mark = (f'<rect class="mark" x="{x - (4 if more == "left" else w / 2):.1f}" y="{y - line.size + 0.5:.1f}" width="{w:.1f}" '
                    f'height="{line.size + 3:.1f}" rx="4"/>')
        return f'{mark}<text class="{kinds}" x="{x:.1f}" y="{y:.1f}">{written(line.text)}</text>'

    def node(self, block: Block) -> str:
        node = block.node
        x, top = self.corner(block)
        y = self.centre[node.id][1]
        left = x + block.label_width + block.entry
        right = left + block.sign
        kinds = " ".join(filter(None, ("node", node.kind, "collapsed" if node.hidden else "", node.trouble)))
        out = [f'<g class="{kinds}" id="{node.id}"><title>{written(self.tooltip_node(node))}</title>']
        if node.kind == "gate":
            out.append(f'<rect class="shape" x="{left:.1f}" y="{y - block.tall / 2:.1f}" width="{block.sign:.1f}" height="{block.tall:.1f}" '
                       f'rx="{min(block.tall / 2, RADIUS if block.sign != block.tall else block.tall):.1f}"/>' if block.sign != block.tall else
                       f'<circle class="shape" cx="{(left + right) / 2:.1f}" cy="{y:.1f}" r="{block.sign / 2:.1f}"/>')
            sign = "".join(f'<tspan class="constant">{written(text)}</tspan>' if constant else written(text) for text, constant in _pieces(node))
            alone = len(node.sign) == 1 and not node.sign.isalpha()
            out.append(f'<text class="sign{" alone" if alone else ""}" x="{(left + right) / 2:.1f}" y="{y + (7 if alone else 5):.1f}">{sign}</text>')
        elif node.label:
            kind = "constant" if node.kind == "constant" else "letter"
            out.append(f'<text class="{kind}" x="{(left + right) / 2:.1f}" y="{y + 5:.1f}">{written(clip(node.label))}</text>')
        else:
            out.append(f'<circle class="terminal" cx="{(left + 5 if node.kind == "output" else right - 5):.1f}" cy="{y:.1f}" r="4"/>')
        if block.stem:
            end = right + block.stem.width
            out.append(f'<g class="wire" id="{node.id}-sum"><path d="M{right:.1f} {y:.1f}H{end:.1f}"/>'
                       f'<circle class="fork" cx="{end:.1f}" cy="{y:.1f}" r="3"/>{self.label(block.stem, right, y, block.stem.width)}</g>')
        return "".join([*out, "</g>"])

    def tooltip(self, wire: Wire) -> str:
        source, target = self.blocks[wire.source].node, self.blocks[wire.target].node
        lines = [f"{source.label or source.sign or 'input'} → {target.sign or target.label or 'result'}"]
        lines += [f"value {show(wire.value, None)}"] if wire.value is not None else []
        if wire.formula or isinstance(wire.local, float):
            lines.append("local gradient " + " = ".join(filter(None, (wire.formula, show(wire.local, None)))))
        if wire.contribution is None:
            lines.append("gradient not computed")
        elif isinstance(wire.local, float) and isinstance(wire.upstream, float):
            lines.append(f"gradient {show(wire.upstream, None)} × {show(wire.local, None)} = {show(wire.contribution, None)}")
        else:
            lines.append(f"gradient {show(wire.contribution, None)}")
        lines += [f"broadcast {wire.note}"] if wire.note else []
        lines += ["a nan or inf arises here: upstream is finite"] if wire.trouble == "first" else []
        return "\n".join(lines)

    def tooltip_node(self, node: Node) -> str:
        lines = [" ".join(filter(None, (node.label, node.operation if node.operation != "scope" else f"scope {node.scope}"))) or node.kind]
        lines += [f"{node.hidden:,} gates inside"] if node.hidden else []
        lines += [f"value {show(node.value, None)}"] if node.value is not None else []
        lines.append(f"gradient {show(node.gradient, None)}" if node.gradient is not None else "gradient not computed")
        lines += ["accumulated over several backward passes"] if node.accumulated else []
        lines += {"first": ["a nan or inf arises here"], "after": ["a nan or inf came in"]}.get(node.trouble, [])
        return "\n".join(lines)


def written(text: str) -> str:
    """Text as it may stand in SVG, whatever is in it."""
    return escape(clean(text))


def describe(graph: Graph, title: str | None, digits: int | None = 3) -> tuple[str, str]:
    """The title and the description that a screen reader says of a picture."""
    def said(node: Node) -> str:
        gradient = f"gradient {show(node.gradient, digits)}" if node.gradient is not None else "gradient not computed"
        return f"{node.label or 'unnamed'} = {show(node.value, digits)}, {gradient}" if node.value is not None else node.label

    results = [said(node) for node in graph.nodes if node.kind == "output"]
    inputs = [said(node) for node in graph.nodes if node.kind in ("input", "constant")]
    shown = "; ".join(inputs[:12]) + (f"; and {len(inputs) - 12} more" if len(inputs) > 12 else "")
    return (title or f"Circuit of {'; '.join(results)}",
            f"{graph.gates:,} gates. Inputs: {shown}. Result: {'; '.join(results)}. {' '.join(graph.notes)}".strip())
