"""Circuits in Graphviz's DOT language, and their layout by Graphviz."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import Any

from .circuits.shapes import Layout, Position, Route, Spot
from .colours import LIGHT
from .labels import LabelledNode, Label, TextLine
from .records import Graph
from .svg import clip

ENTRY = 20.0  # from the numbers to the gate

Point = tuple[float, float]


class _Table:
    """The measures of a block as a Graphviz table: labels on the left, the gate, and the sum on the right."""

    def __init__(self, block: LabelledNode):
        self.block = block
        self.labels = max((label.width for _, label in block.entering), default=0.0)
        self.entry = ENTRY if block.entering else 0.0
        rows = sum(2 * label.half for _, label in block.entering)
        self.tall = block.tall if block.round or len(block.entering) < 2 else max(block.tall, rows - 16)
        self.stem = block.stem.width if block.stem else 0.0
        self.wide = self.labels + self.entry + block.sign + self.stem
        self.high = max(rows, self.tall, 2 * block.stem.half if block.stem else 0.0)
        top = (self.high - rows) / 2
        self.rows = []  # distance of each wire's middle from the top
        for _, label in block.entering:
            self.rows.append(top + label.half)
            top += 2 * label.half

    def markup(self) -> str:
        """The table in Graphviz's HTML-like markup: a cell for each incoming wire, the gate, and the sum."""
        block, node = self.block, self.block.node
        rows = max(len(block.entering), 1)
        text = escape(clip(node.sign or block.name))
        look = f' border="1" style="rounded" bgcolor="{LIGHT["gate"]}"' if node.kind == "gate" else ""
        body = _cell("gate" if block.stem else "out", self.entry + block.sign, self.high,
                     f"<b>{text}</b>" if text and node.kind != "gate" else text, rows, look)
        if block.stem:
            body += _cell("out", self.stem, self.high, _content(block.stem), rows)
        first, *rest = [_cell(f"in{i}", self.labels, 2 * label.half, _content(label))
                        for i, (_, label) in enumerate(block.entering)] or [""]
        return ('<<table border="0" cellborder="0" cellspacing="0" cellpadding="0">'
                + "".join(f"<tr>{row}</tr>" for row in (first + body, *rest)) + "</table>>")


def _cell(port: str, wide: float, high: float, content: str, rows: int = 1, more: str = "") -> str:
    return (f'<td port="{port}" rowspan="{rows}" fixedsize="true" width="{wide:.0f}" height="{high:.0f}"{more}>'
            f"{content}</td>")


def _content(label: Label) -> str:
    lines = ["".join(map(_font, label.above)), *map(_font, label.below)]
    return "<br/>".join(filter(None, [*lines, _font(label.formula) if label.formula else ""]))


def _font(line: TextLine) -> str:
    ink = LIGHT.get(line.kind, LIGHT["frame"])
    return f'<font color="{ink}" point-size="{line.size:g}">{escape(line.text)}</font>'


def written_as_dot(graph: Graph, blocks: dict[str, LabelledNode]) -> str:
    """Return a circuit in the DOT language: each block is a table with a port for every wire."""
    import graphviz
    circuit = graphviz.Digraph(
        "circuit", graph_attr={"rankdir": "LR", "ranksep": "0.3" if len(blocks) < 20 else "0.5", "nodesep": "0.12",
                               "nslimit": "2", "nslimit1": "2", "mclimit": "0.3", "fontname": "Helvetica",
                               "splines": "line" if len(blocks) > 300 else "spline"},
        node_attr={"shape": "plain", "fontname": "Helvetica", "fontsize": "13"}, edge_attr={"dir": "none"})
    clusters = {box.id: graphviz.Digraph(f"cluster_{box.id}", graph_attr={
        "label": graphviz.escape(clip(box.name)), "style": "rounded,dashed", "color": LIGHT["frame"], "labeljust": "l",
        "fontsize": "12", "margin": "10"}) for box in graph.boxes}
    for id, block in blocks.items():
        clusters.get(block.node.box, circuit).node(id, _Table(block).markup(), id=id)
    for box in reversed(graph.boxes):  # a box comes after the one around it, so it is complete when it is inserted
        clusters.get(box.parent, circuit).subgraph(clusters[box.id])
    for id, block in blocks.items():
        for i, (wire, _) in enumerate(block.entering):
            circuit.edge(f"{wire.source}:out:e", f"{id}:in{i}:w", id=wire.id)
    return str(circuit.source)


def laid_out(graph: Graph, blocks: dict[str, LabelledNode]) -> Layout:
    """Return Graphviz's layout of a circuit; raises RuntimeError where Graphviz is not installed."""
    answer = run(written_as_dot(graph, blocks))
    wide, high = map(float, answer["bb"].split(",")[2:])

    def point(text: str) -> Point:
        x, y = map(float, text.split(","))
        return x, high - y

    corners: dict[str, Point] = {}
    boxes = {}
    tables = {id: _Table(block) for id, block in blocks.items()}
    for item in answer.get("objects", ()):
        if "pos" in item:
            x, y = point(item["pos"])
            corners[item["name"]] = x - tables[item["name"]].wide / 2, y - tables[item["name"]].high / 2
        elif "bb" in item:
            left, low, right, top = map(float, item["bb"].split(","))
            boxes[item["name"].removeprefix("cluster_")] = (left, high - top, right - left, top - low)
    ways = {edge["id"]: [point(p) for p in edge["pos"].split()] for edge in answer.get("edges", ()) if "pos" in edge}
    nodes, labels, wires = {}, {}, {}
    stems, stem_labels, forks = {}, {}, []
    for id, table in tables.items():
        (left, top), block = corners[id], table.block
        begin, middle = left + table.labels + table.entry, top + table.high / 2
        nodes[id] = Position(begin + block.sign / 2, middle, block.sign, table.tall)
        for (wire, _), row in zip(block.entering, table.rows):
            source, (x, y) = tables[wire.source], corners[wire.source]
            way = _curve(ways.get(wire.id, []), (x + source.wide, y + source.high / 2), (left, top + row))
            wires[wire.id] = _route([*way, (begin - table.entry, top + row), _tip(block, begin, middle, top + row)])
            labels[wire.id] = Spot(left, top + row, table.labels)
        if block.stem:
            right = begin + block.sign
            stems[id] = _route([(right, middle), (right + table.stem, middle)])
            stem_labels[id] = Spot(right, middle, table.stem)
            forks.append((right + table.stem, middle, id))
    return Layout(wide, high, nodes, boxes, wires, labels, stems, stem_labels, {}, tuple(forks), 0)


def _route(points: list[Point]) -> Route:
    return Route(tuple((x, y, 0.0) for x, y in points))


def _tip(block: LabelledNode, left: float, middle: float, y: float) -> Point:
    """Return the point where a wire that enters at this height meets the gate."""
    if not block.round or abs(y - middle) < 0.5:
        return left, y
    radius, angle = block.sign / 2, math.copysign(math.radians(36), middle - y)
    return left + radius * (1 - math.cos(angle)), middle - radius * math.sin(angle)


def _curve(spline: list[Point], start: Point, end: Point) -> list[Point]:
    """Return points on Graphviz's curve, or on an S-curve where nothing is in the way."""
    bends = spline[1:-1]
    if len(bends) < 4:
        middle = (start[0] + end[0]) / 2
        bends = [(middle, start[1]), (middle, end[1])]
    knots, points = [start, *bends, end], [start]
    for k in range(0, len(knots) - 3, 3):
        for step in range(1, 9):
            t = step / 8
            parts = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
            points.append((sum(p * x for p, (x, _) in zip(parts, knots[k:])), sum(p * y for p, (_, y) in zip(parts, knots[k:]))))
    return points


def run(dot: str, seconds: float = 60.0) -> dict[str, Any]:
    """Return Graphviz's layout as its JSON, from the system's program or the package graphviz-pure.

    Raises RuntimeError where no program is found, or where it fails or takes longer than ``seconds``.
    """
    import json
    import shutil
    import subprocess
    program = shutil.which("dot") or bundled_program()
    if program is None:
        raise RuntimeError("no layout program was found: install Graphviz, or pip install 'chainrule[graphviz]', or "
                           "leave out engine='dot'")
    try:
        done = subprocess.run([program, "-Tjson0"], input=dot.encode(), capture_output=True, timeout=seconds,
                              check=True)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the layout took over {seconds:g} s: draw less, with collapse=True or from an earlier node") \
            from None
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        raise RuntimeError(f"{program} could not lay out the picture: {said.decode(errors='replace')[:300]}; "
                           "leave out engine='dot'") from error
    return json.loads(done.stdout)


def bundled_program() -> str | None:
    from importlib.metadata import PackageNotFoundError, files
    try:
        listed = files("graphviz-pure") or ()
    except PackageNotFoundError:
        return None
    programs = (Path(str(file.locate())) for file in listed if file.name in ("graphviz-pure", "graphviz-pure.exe"))
    return next((str(program) for program in programs if program.is_file()), None)
