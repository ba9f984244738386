"""The stepper: one page, without any request, that walks through backpropagation forward, backward and again.

The pictures are those of ``draw``. The page computes every number itself, by the JavaScript that
``autograd.programs.javascript`` makes from the rows' own rules, so inputs can be changed in it; of a graph that has no
JavaScript (tensors, operations that users added) it shows the numbers that Python has.
"""

from __future__ import annotations

import json
import linecache
import re
from collections.abc import Iterable
from copy import deepcopy
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from autograd.graph import topological
from autograd.programs.javascript import javascript
from autograd.stepping import MISTAKES, Step, steps

from ..drawing import Drawing, show
from ..records import MANY, TOO_MANY, graph, named, plain, superscript, typeset
from ..svg import clean, clip

_INFIX = {"add": "+", "sub": "−", "mul": "×", "div": "/", "pow": "^"}


def stepper(y: Any, *, collapse: bool | str | Iterable[str] | None = None, digits: int = 3, title: str | None = None,
            parameters: Iterable[Any] | None = None, names: Any = None, seed: Any = None) -> Stepper:
    """A page that steps through the computation of ``y`` and its gradient, and computes anew as inputs are changed.

    ``collapse``, ``digits``, ``names`` and ``title`` are those of ``draw``; with scopes, the page switches between
    open and collapsed. ``parameters`` (leaves or their names; all leaves by default) are what its button "Update"
    moves against the gradient; ``seed`` is the gradient of ``y`` itself, needed where that is not one number.
    Nothing is changed by looking. Of Tensors, and of operations that users added, the page shows the numbers and the
    steps, and has no live inputs; and Python's ``if`` is not run again as inputs change, only what was recorded.
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

    >>> "<script>" in stepper(Value(2.0, "x") * 3).html
    True
    """

    def __init__(self, y: Any, collapse: bool | str | Iterable[str] | None = None, digits: int = 3,
                 title: str | None = None, parameters: Iterable[Any] | None = None,
                 names: Any = None, seed: Any = None):
        if digits not in range(1, 18):
            raise ValueError(f"digits={digits!r}: the page shows 1 to 17 digits of each number")
        graph(y, collapse)  # what cannot be drawn is refused here, in its words
        self.digits, self.title = digits, title
        given = {id(node): i for i, node in enumerate(topological(y))}
        if names is not None:
            [y] = named([y], names)
        nodes = topological(y)
        if len(nodes) > TOO_MANY:
            raise ValueError(f"{len(nodes):,} nodes are too many to step through (the limit is {TOO_MANY:,}): step through "
                             "an earlier node, or a smaller batch")
        place = {node: i for i, node in enumerate(nodes)}
        walks = _walks(y, seed)
        walk = walks[""]
        self._twin = _with_gradients(y, walk)
        self._drawings = _drawings(self._twin, collapse, digits)
        self.height = max(drawing.size[1] for drawing in self._drawings)
        leaves = [i for i, node in enumerate(nodes) if not node.inputs and node.op is None]
        by_name = {walk[i].label: i for i in leaves}
        wanted = leaves if parameters is None else [given.get(id(x)) if hasattr(x, "inputs") else by_name.get(x)
                                                    for x in parameters]
        if not set(wanted) <= set(leaves):
            raise LookupError(f"parameters={parameters!r:.80}: not all of these are leaves that y depends on; there are "
                              f"{', '.join(by_name)}")
        try:
            code, why = javascript(y), ""
        except LookupError as error:
            code, why = "null", str(error)
        except TypeError:
            code, why = "null", "they are arrays, and the page computes with single numbers. viz.zoom opens small arrays."
        self.live = [walk[i].label for i in leaves] if not why else []
        self._steps = len(walk)
        self._code = code
        self._data: dict[str, Any] = {
            "digits": digits, "leaves": leaves, "moved": wanted, "root": len(nodes) - 1, "seed": _said(y.seed_gradient(seed, False)),
            "nodes": [_node(node, step, place) for node, step in zip(nodes, walk)],
            "edges": _edges(walk, len(nodes)),
            "pictures": [_places(drawing) for drawing in self._drawings],
            "values": [_said(step.value) for step in walk[:len(nodes)]],
            "walks": {name: _frames(walk) if why else None for name, walk in walks.items()},
            "mistakes": {name: MISTAKES[name] for name in walks if name}, "why": why,
        }

    @cached_property
    def html(self) -> str:
        """The page as text: everything is in it, and it asks nobody for anything."""
        here = Path(__file__)
        style, script = (here.with_suffix(kind).read_text(encoding="utf-8") for kind in (".css", ".js"))
        # within a script element, < may begin its end tag or a comment
        data = json.dumps(self._data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        said = self.title or f"Backpropagation through {clip(self._data['nodes'][-1]['name'])}"
        pictures = "".join(f'<div class="picture" data-picture="{i}">{_markup(drawing, i)}</div>'
                           for i, drawing in enumerate(self._drawings))
        return _PAGE.format(title=escape(clean(said)), style=style, pictures=pictures,
                            script=f"const DATA = {data}\nconst COMPUTE = {self._code};\n{script}")

    def save(self, path: str | Path) -> Path:
        """Write the page to a file that a browser opens, and return its path."""
        path = Path(path)
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return (f'<iframe srcdoc="{escape(self.html)}" title="Stepper: {escape(clean(self.title or "backpropagation"))}" '
                f'style="width:100%;height:{self.height + 560:.0f}px;border:0"></iframe>')

    def __repr__(self) -> str:
        live = ", ".join(map(clip, self.live[:8])) + (f" and {len(self.live) - 8:,} more" if len(self.live) > 8 else "")
        return f"<Stepper of {self._steps:,} steps, {f'live inputs {live}' if live else 'no live inputs'}>"


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
<div id="stage" tabindex="0" role="region" aria-label="circuit">{pictures}</div>
<p class="legend"><span><b class="v">above</b> a wire: its value</span>
<span><b class="g">below</b>: its gradient, once it is computed</span>
<span><b class="f">blue</b>: the local gradient</span>
<span>gate: dashed red = some of its gradient has arrived, bold red = all of it</span></p>
<div class="columns">
<section id="panel" aria-live="polite" aria-label="this step"></section>
<section id="inputs" aria-label="inputs"></section>
</div>
<details id="mistakes"><summary>Wrong on purpose</summary><div></div></details>
<details id="all"><summary>Every number</summary><div class="wide"></div></details>
</main>
<script>{script}</script>
</html>
"""


# ── what the page knows ──────────────────────────────────────────────────────────────────────────────────────────

def _with_gradients(y: Any, walk: list[Step]) -> Any:
    """A copy of the graph, its nodes named as in the walk, with the gradients of the walk: what is drawn."""
    twin = deepcopy(y)
    gradients = {edge.target: edge.total for step in walk for edge in step.edges}
    gradients.update({step.node: step.gradient for step in walk if step.phase == "backward"})
    for i, (node, step) in enumerate(zip(topological(twin), walk)):
        node.name, node.grad = node.name or step.label, gradients.get(i)
    return twin


def _drawings(twin: Any, collapse: Any, digits: int) -> list[Drawing]:
    """The picture that was asked for, and where there are scopes the other one."""
    first = graph(twin, collapse)
    shut = any(node.hidden for node in first.nodes)
    graphs = [first]
    if shut and first.gates <= MANY or not shut and first.boxes:
        graphs.append(graph(twin, not shut))
    return [Drawing(g, digits, room="−00.00") for g in graphs]


def _markup(drawing: Drawing, picture: int) -> str:
    """The SVG of a picture, with ids of its own, and without what was only true of the first numbers."""
    svg = re.sub(r"<title>.*?</title>", "", drawing.svg, flags=re.DOTALL)
    svg = re.sub(r"<desc>.*?</desc>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL) if picture else svg
    return re.sub(r' id="', f' id="p{picture}-', svg).replace('role="img"', 'role="img" aria-label="circuit"')


def _node(node: Any, step: Step, place: dict[Any, int]) -> dict[str, Any]:
    about: dict[str, Any] = {"name": clip(step.label), "op": step.operation,
                             "text": applied_template(step.operation, len(step.inputs)),
                             "operands": [place[x] if x in place else _constant(given)
                                          for x, given in zip(node.operands, step.inputs)]}
    if step.operation == "pow" and isinstance(power := step.inputs[1], float) and power.is_integer():
        about["text"] = f"{{0b}}{superscript(f'{power:g}')}"
    for file, line, *_ in (node.metadata or ())[2:]:
        about["made"] = f"{Path(file).name}:{line}  {linecache.getline(file, line).strip()}"
    return about


def _constant(x: Any) -> str:
    return clip(x) if isinstance(x, str) else f"{x:g}".replace("-", "−") if isinstance(x, (int, float)) else show(plain(x))


def _edges(walk: list[Step], count: int) -> list[list[Any]]:
    """For each node its edges: argument, target, and the formula as it is typeset."""
    edges: list[list[Any]] = [[] for _ in range(count)]
    for step in walk:
        for edge in step.edges:
            names = [x for x in step.inputs if isinstance(x, str)]
            edges[step.node].append([edge.argument, edge.target, clip(typeset(edge.formula, names), 60)])
    return edges


def _places(drawing: Drawing) -> dict[str, Any]:
    """Which edges each wire of a picture stands for, and which nodes each gate."""
    return {"wires": {wire.id: wire.edges for wire in drawing.graph.wires},
            "nodes": {node.id: node.members for node in drawing.graph.nodes if node.members},
            "single": [node.id for node in drawing.graph.nodes if node.value is not None],
            "scopes": {node.id: clip(node.sign) for node in drawing.graph.nodes if node.hidden}}


def _said(x: Any) -> Any:
    """A number as it is, an array in a few words."""
    x = plain(x)
    return x if x is None or isinstance(x, float) else show(x)


def _frames(walk: list[Step]) -> list[Any]:
    """A walk that the page cannot compute, as it shows it."""
    return [[step.phase, step.node, _said(step.gradient), _said(step.right),
             [[e.argument, e.target, *map(_said, (e.upstream, e.local, e.downstream, e.total, e.right))]
              for e in step.edges]] for step in walk]


def _walks(y: Any, seed: Any) -> dict[str, list[Step]]:
    """The right walk, and every wrong one that there is of this graph."""
    walks = {"": steps(y, seed)}
    for mistake in MISTAKES:
        try:
            walks[mistake] = steps(y, seed, mistake)
        except ValueError:  # of numbers, which do not broadcast, or without an end
            continue
    return walks


def applied_template(operation: str, count: int) -> str:
    """The operation written out, with a place for each operand: ``{0} × {1}``; ``{1b}`` takes a negative in brackets.

    >>> applied_template("sub", 2), applied_template("exp", 1)
    ('{0} − {1b}', 'exp({0})')
    """
    if operation == "neg":
        return "{0} × (−1)"
    if sign := _INFIX.get(operation):
        return f"{{0{'b' * (sign == '^')}}} {sign} {{1b}}"
    return f"{operation}({', '.join(f'{{{i}}}' for i in range(count))})"


def applied(operation: str, operands: list[str]) -> str:
    """The operation written out on operands, names or numbers: ``w × x``, ``exp(v8)``."""
    def put(place: re.Match[str]) -> str:
        text = operands[int(place[1])]
        return f"({text})" if place[2] and text.startswith("−") else text
    return re.sub(r"\{(\d+)(b?)\}", put, applied_template(operation, len(operands)))
