"""The stepper: one page, without any request, that walks through backpropagation forward, backward and again.

The pictures are those of ``draw``. The page computes every number itself, by the JavaScript that
``autograd.programs.javascript`` makes from the rows' own rules, so inputs can be changed in it; of a graph that has no
JavaScript (tensors, operations that users added) it shows the numbers that Python has.
"""

from __future__ import annotations

import json
import linecache
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import replaced
from autograd.graph import Node, is_node, topological
from autograd.programs.javascript import to_javascript
from autograd.stepping import MISTAKES, Step, walks

from ..collapsing import MANY, TOO_MANY, Collapse
from ..drawing import Drawing
from ..graphs import graph_of
from ..numbers import Digits, applied_template, brief, summary, superscript, typeset
from ..snapshots import Snapshot, checked_roots, named_after, named_nodes
from ..svg import clean, clip

BESIDE = 800.0  # the width of a circuit that the panel stands beside, on a screen of 1,280 px

if TYPE_CHECKING:
    from autograd.typing import ArrayLike

    from ..snapshots import Gradient, Names

    Said = float | str | None  # a number for the page to compute with, an array in a few words


def stepper(y: Node, *, collapse: Collapse = None, digits: Digits = "auto", title: str | None = None,
            parameters: Iterable[Node | str] | None = None, names: Names | None = None, seed: ArrayLike | None = None) -> Stepper:
    """Return a page that steps through the computation of ``y`` and its gradient, and computes anew as inputs are changed.

    ``collapse``, ``digits``, ``names`` and ``title`` are those of ``draw``; with scopes, the page switches between
    open and collapsed. ``parameters`` (leaves or their names; all leaves by default) are the inputs that its button
    "Update" moves against the gradient; ``seed`` is the gradient of ``y`` itself, needed where that is not one number.
    Nothing is changed by looking. Of Tensors, and of operations that users added, the page shows the numbers and the
    steps, and has no live inputs; and Python's ``if`` is not run again as inputs change, only the recorded operations.
    Raises TypeError for what is not a node, LookupError for a scope or parameter that is not there, ValueError for a
    graph that is too large.

    >>> from autograd import Value
    >>> w, x = Value(2.0, "w"), Value(-1.0, "x")
    >>> page = stepper((w * x).tanh())
    >>> page
    <Stepper of 6 steps, live inputs w, x>
    >>> "<svg" in page.html, "https://" in page.html
    (True, False)
    """
    return Stepper(y, collapse, digits, title, parameters, names, seed)


class Stepper:
    """A page that steps through a computation: ``html`` is its text, ``save`` writes it, a notebook shows it.

    The graph is walked once: its order, its walk and what is drawn of it are made here, and handed down.

    >>> "<script>" in stepper(Value(2.0, "x") * 3).html
    True
    """

    def __init__(self, y: Node, collapse: Collapse = None, digits: Digits = "auto", title: str | None = None,
                 parameters: Iterable[Node | str] | None = None, names: Names | None = None, seed: ArrayLike | None = None):
        if digits != "auto" and digits not in range(1, 18):
            raise ValueError(f"digits={digits!r}: the page shows 1 to 17 digits of each number")
        order = _checked_order(y)
        called = named_nodes(order) if names is None else named_after(order, names)
        found = walks(y, seed, order, called)
        walk = found[""]
        self.digits, self.title, self.steps = digits, title, len(walk)
        self._drawings = _drawings(_snapshot(y, order, called, walk), collapse, digits)
        self.height = max(drawing.size[1] for drawing in self._drawings)
        self._code, why = _program(y)
        leaves = [i for i, node in enumerate(order) if not node.inputs and node.op is None]
        self.live = [] if why else [walk[i].label for i in leaves]
        place = {node: i for i, node in enumerate(order)}
        self._data: dict[str, Any] = {
            "digits": digits, "leaves": leaves, "moved": _moved(parameters, leaves, place, walk), "root": len(order) - 1,
            "seed": _said(y.seed_gradient(seed, False)),
            "nodes": [_node(node, step, place) for node, step in zip(order, walk)],
            "edges": _edges(walk, len(order)),
            "pictures": [_places(drawing, len(order)) for drawing in self._drawings],
            "values": [_said(step.value) for step in walk[:len(order)]],
            "walks": {name: _frames(wrong) if why else None for name, wrong in found.items()},
            "mistakes": {name: MISTAKES[name] for name in found if name}, "why": why,
        }

    @cached_property
    def html(self) -> str:
        """The page as text: everything is in it, and it makes no request."""
        here = Path(__file__)
        style, script = (re.sub(r"\n\s+", "\n", here.with_suffix(kind).read_text(encoding="utf-8")) for kind in (".css", ".js"))
        # within a script element, < may begin its end tag or a comment
        data = json.dumps(self._data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        title = self.title or f"Backpropagation through {clip(self._data['nodes'][-1]['name'])}"
        pictures = "".join(f'<div class="picture" data-picture="{i}">{_markup(drawing, i)}</div>'
                           for i, drawing in enumerate(self._drawings))
        return _PAGE.format(title=escape(clean(title)), style=style, pictures=pictures,
                            script=f"const DATA = {data}\nconst COMPUTE = {self._code};\n{script}")

    def save(self, path: str | Path) -> Path:
        """Write the page to a file that a browser opens, and return its path."""
        path = Path(path)
        with replaced(path) as temporary:
            temporary.write_text(self.html, encoding="utf-8")
        return path

    def frame(self) -> str:
        """Return the page as an HTML frame, for a notebook or another page."""
        return (f'<iframe srcdoc="{escape(self.html)}" title="Stepper: {escape(clean(self.title or "backpropagation"))}" '
                f'style="width:100%;height:{self.height + 560:.0f}px;border:0"></iframe>')

    def _repr_html_(self) -> str:
        return self.frame()

    def __repr__(self) -> str:
        live = ", ".join(map(clip, self.live[:8])) + (f" and {len(self.live) - 8:,} more" if len(self.live) > 8 else "")
        return f"<Stepper of {self.steps:,} steps, {f'live inputs {live}' if live else 'no live inputs'}>"


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
<main>
<h1>{title}</h1>
<div class="bar" role="group" aria-label="Steps">
<button id="first" title="first (Home)" aria-label="first step">|◀</button>
<button id="previous" title="previous (←)" aria-label="previous step">◀</button>
<button id="play" title="play or pause (space)" aria-label="play">Play</button>
<button id="next" class="main" title="next (→)" aria-label="next step">Next ▶</button>
<button id="last" title="last (End)" aria-label="last step">▶|</button>
<input id="slider" type="range" min="0" value="0" aria-label="step">
<output id="where"></output>
<span class="grow"></span>
<label id="collapsing"><input type="checkbox" id="collapse"> scopes as one gate</label>
</div>
<div class="work">
<div id="stage" tabindex="0" role="region" aria-label="circuit">{pictures}</div>
<section id="panel" aria-live="polite" aria-label="this step"></section>
<p class="legend"><span><b class="v">above</b> a wire: its value</span>
<span><b class="g">below</b>: its gradient, once it is computed</span>
<span><b class="f">blue</b>: the local gradient</span>
<span>gate: dashed red = some of its gradient has arrived, bold red = all of it</span></p>
<section id="inputs" aria-label="inputs"></section>
</div>
<div id="hover" hidden></div>
<details id="mistakes"><summary>Wrong on purpose</summary><div></div></details>
<details id="all"><summary>Every number</summary><div class="wide"></div></details>
</main>
<script>{script}</script>
</html>
"""


# ── one walk ─────────────────────────────────────────────────────────────────────────────────────────────────────

def _checked_order(y: Node) -> list[Node]:
    """The nodes of a graph in order; raises ValueError where they are too many to step through."""
    checked_roots(y)
    order = topological(y)
    if len(order) > TOO_MANY:
        raise ValueError(f"{len(order):,} nodes are too many to step through (the limit is {TOO_MANY:,}): step through "
                         "an earlier node, or a smaller batch")
    return order


def _snapshot(y: Node, order: list[Node], names: Mapping[Node, str], walk: list[Step]) -> Snapshot:
    """The graph as the walk leaves it: its names and labels, and the walk's gradients in place of the nodes' own."""
    gradients: dict[Node, Gradient] = {}
    contributions: dict[tuple[Node, int], Gradient] = {}
    for step in walk:
        if step.phase == "backward":
            gradients[order[step.node]] = step.gradient
        for edge in step.edges:
            gradients[order[edge.target]] = edge.total
            contributions[order[edge.source], edge.argument] = edge.downstream
    labels = {**names, **{node: step.label for node, step in zip(order, walk)}}
    return Snapshot([y], order, labels, gradients, contributions, labels)


def _program(y: Node) -> tuple[str, str]:
    """The JavaScript that computes the graph; "null", and the reason, where there is none."""
    try:
        return to_javascript(y), ""
    except LookupError as error:
        return "null", str(error)
    except TypeError:
        return "null", "they are arrays, and the page computes with single numbers. viz.zoom opens small arrays."


def _moved(parameters: Iterable[Node | str] | None, leaves: list[int], place: Mapping[Node, int], walk: list[Step]) -> list[int]:
    """The numbers of the leaves that Update moves."""
    if parameters is None:
        return leaves
    by_name = {walk[i].label: i for i in leaves}
    parameters = list(parameters)
    wanted = [place.get(x, -1) if isinstance(x, Node) else by_name.get(x, -1) for x in parameters]
    if not set(wanted) <= set(leaves):
        raise LookupError(f"parameters={parameters!r:.80}: not all of these are leaves that y depends on; there are "
                          f"{', '.join(by_name)}")
    return wanted


def _drawings(snapshot: Snapshot, collapse: Collapse, digits: Digits) -> list[Drawing]:
    """The picture that was asked for, and where there are scopes the other one."""
    first = graph_of(snapshot, collapse)
    shut = any(node.hidden for node in first.nodes)
    graphs = [first]
    if shut and first.gates <= MANY or not shut and first.boxes:
        graphs.append(graph_of(snapshot, not shut))
    return [Drawing(g, digits, room="−00.00", width=BESIDE) for g in graphs]


# ── the data of the page ─────────────────────────────────────────────────────────────────────────────────────────

def _markup(drawing: Drawing, picture: int) -> str:
    """The SVG of a picture with ids of its own, and without the texts that hold for the first numbers alone."""
    svg = re.sub(r"<title>.*?</title>", "", drawing.svg, flags=re.DOTALL)
    svg = re.sub(r"<desc>.*?</desc>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL) if picture else svg
    svg = re.sub(r'<g class="flow.*?</g>', "", svg)
    return re.sub(r' id="', f' id="p{picture}-', svg).replace('role="img"', 'role="group" aria-label="circuit"')


def _node(node: Node, step: Step, place: Mapping[Node, int]) -> dict[str, Any]:
    """A node as the page knows it: its name, its operation as text, its operands, and the line that made it."""
    data: dict[str, Any] = {"name": clip(step.label), "op": step.operation,
                            "text": applied_template(step.operation, len(step.inputs)),
                            "operands": [place[x] if is_node(x) and x in place else _constant(given)
                                         for x, given in zip(node.operands, step.inputs)]}
    if step.operation == "pow" and isinstance(power := step.inputs[1], float) and power.is_integer():
        data["text"] = f"{{0b}}{superscript(f'{power:g}')}"
    for file, line, *_ in (node.metadata or ())[2:]:
        data["made"] = f"{Path(file).name}:{line}  {linecache.getline(file, line).strip()}"
    return data


def _constant(x: Any) -> str:
    """A constant operand as text: its name, a number, an array in a few words."""
    if isinstance(x, str):
        return clip(x)
    if isinstance(x, (int, float)):
        return f"{x:g}".replace("-", "−")
    return brief(summary(x.plain_data() if is_node(x) else x))


def _edges(walk: list[Step], count: int) -> list[list[Any]]:
    """The edges of each node: argument, target, and the formula as it is typeset."""
    edges: list[list[Any]] = [[] for _ in range(count)]
    for step in walk:
        for edge in step.edges:
            names = [x for x in step.inputs if isinstance(x, str)]
            edges[step.node].append([edge.argument, edge.target, clip(typeset(edge.formula, names), 60)])
    return edges


def _places(drawing: Drawing, count: int) -> dict[str, Any]:
    """The edges that each wire of a picture stands for, and the nodes that each gate stands for."""
    return {"wires": {wire.id: wire.edges for wire in drawing.graph.wires},
            "nodes": {node.id: node.members for node in drawing.graph.nodes  # without constants, which the walk does not reach
                      if node.members and node.members[0] < count},
            "single": [node.id for node in drawing.graph.nodes if node.value is not None],
            "scopes": {node.id: clip(node.sign) for node in drawing.graph.nodes if node.hidden}}


def _said(x: Any) -> Said:
    """A number as it is, an array in a few words."""
    x = summary(x)
    return x if x is None or isinstance(x, float) else brief(x)


def _frames(walk: list[Step]) -> list[Any]:
    """A walk that the page cannot compute, as it shows it."""
    return [[step.phase, step.node, _said(step.gradient), _said(step.right),
             [[e.argument, e.target, *map(_said, (e.upstream, e.local, e.downstream, e.total, e.right))]
              for e in step.edges]] for step in walk]
