"""The stepper: a self-contained page that walks through backpropagation, forward and backward.

The pictures are those of ``draw``. The page computes every number with the JavaScript that ``autograd.programs.javascript`` makes
from the rows' rules, so inputs can be changed; for a graph without JavaScript (large tensors, operations that users added) it shows
Python's numbers.
"""

from __future__ import annotations

import json
import linecache
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property, reduce
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from zlib import DEFLATED, compressobj

from autograd.context import scope
from autograd.files import write_whole
from autograd.graph import Node, is_node, topological
from autograd.languages import reader_language, translated
from autograd.notebook import PAGE_HEAD, picture
from autograd.programs.javascript import to_javascript
from autograd.stepping import MISTAKES, Step, walks

from ..collapsing import TOO_MANY, Collapse
from ..colours import DARK, LIGHT, variables
from ..drawing import CSS, Drawing
from ..graphs import graph_of
from ..numbers import Digits, applied_template, show, summary, superscript, typeset
from ..records import Graph
from ..snapshots import Snapshot, checked_roots, named_after, named_nodes
from ..svg import clean, clip
from .circuit import circuit_data
from .step_words import FRAME, PACKAGE, RUN, TITLE, reason, words

_INKS = {colour: name for name, colour in LIGHT.items()}
if TYPE_CHECKING:
    from autograd.typing import ArrayLike

    from ..snapshots import Gradient, Names

    ShownNumber = float | str | None  # a number for computation, or a short description of an array


def stepper(y: Node | Sequence[Node], *, collapse: Collapse = None, digits: Digits = "auto", title: str | None = None,
            parameters: Iterable[Node | str] | None = None, names: Names | None = None, seed: ArrayLike | None = None,
            lang: str | None = None) -> Stepper:
    """Return a page that steps through the computation of ``y`` and its gradient, and recomputes both when inputs change.

    ``collapse``, ``digits``, ``names`` and ``title`` are as for ``draw``; the page can open and collapse scopes. ``parameters``
    (leaves or their names; all leaves by default) are the inputs that its button "Update" moves against the gradient; ``seed`` is
    the gradient of ``y`` itself, needed if ``y`` is not one number. For several Values, as from ``viz.zoom``, the page steps
    through their sum, weighted by the seeds: one for each, by default its own gradient. The graph is not changed. Values are live
    inputs, and so are Tensors of up to 64 entries if all nodes together have up to 2,000; operations without JavaScript (some on
    arrays, those that users added, float32) are shown with Python's numbers and steps, and the page says why. Only recorded
    operations are recomputed, not Python's ``if``. ``lang`` is "en" or "ko", by default the system's language. Raises TypeError for
    an argument that is not a node, LookupError for an unknown scope or parameter, ValueError for a graph that is too large.

    >>> from autograd import Value
    >>> w, x = Value(2.0, "w"), Value(-1.0, "x")
    >>> page = stepper((w * x).tanh())
    >>> page
    <Stepper of 6 steps, live inputs w, x>
    >>> "<svg" in page.html, "https://" in page.html
    (True, False)
    """
    if isinstance(y, (list, tuple)):
        y, seed, title = total_of(y, seed, title)
    speaks = reader_language(lang)
    return Stepper(y, collapse, digits, title, parameters, names, seed, speaks)  # type: ignore[arg-type]  # checked there


SCRIPTS = ("layout.js", "circuit.js", "step_page.js")


class Stepper:
    """A page that steps through a computation, shown in notebooks: ``html`` is its text, ``save`` writes it.

    The graph is walked once: its order, its steps and its records are computed here and passed on.

    >>> "<script>" in stepper(Value(2.0, "x") * 3).html
    True
    """

    kind = ""  # a kind of page has rules of its own in the style sheet
    scripts: ClassVar[tuple[str, ...]] = SCRIPTS

    def __init__(self, y: Node, collapse: Collapse = None, digits: Digits = "auto", title: str | None = None,
                 parameters: Iterable[Node | str] | None = None, names: Names | None = None, seed: ArrayLike | None = None,
                 lang: str = "en"):
        if digits != "auto" and digits not in range(1, 18):
            raise ValueError(f"digits={digits!r}: digits must be from 1 to 17; leave it out for as many as "
                             "needed")
        order = checked_order(y)
        called = named_nodes(order) if names is None else named_after(order, names)
        found = walks(y, seed, order, called)
        walk = found[""]
        self.digits: Digits = digits
        self.lang = lang
        self.title, self.steps = title, len(walk)
        snapshot = snapshot_after(y, order, called, walk)
        graph = graph_of(snapshot, False)
        self._graph = graph_of(snapshot, collapse)
        self._code, why = _program(y)
        leaves = [i for i, node in enumerate(order) if not node.inputs and node.op is None]
        self.live = [] if why else [walk[i].label for i in leaves]
        place = {node: i for i, node in enumerate(order)}
        said = _shown if why else _entries
        self._data: dict[str, Any] = {
            "digits": digits, "leaves": leaves, "moved": _moved(parameters, leaves, place, walk), "root": len(order) - 1,
            "seed": said(y.seed_gradient(seed, False)),
            "nodes": [_node(node, step, place) for node, step in zip(order, walk)],
            "edges": _edges(walk, len(order), graph),
            "circuit": circuit_data(snapshot, graph, collapse, digits),
            "values": [said(step.value) for step in walk[:len(order)]],
            "walks": {name: _frames(wrong) if why else None for name, wrong in found.items()},
            "mistakes": {name: MISTAKES[name] for name in found if name}, "why": reason(why, self.lang),
            **({"words": words(lang)} if lang != "en" else {}),
        }

    @cached_property
    def html(self) -> str:
        """The self-contained page as text."""
        title = self.title or self._said(TITLE).format(name=clip(self._data["nodes"][-1]["name"]))
        return page_around(self.program, clean(title), self.lang, self.kind, self.scripts)

    @property
    def program(self) -> str:
        """The page's own JavaScript, its data and what computes them; the rest of a page is ``page_around`` it."""
        # inside a script element, < could begin its end tag or a comment
        data = json.dumps(self._data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        return f"const DATA = {data}\nconst COMPUTE = {self._code};\n"

    def save(self, path: str | Path) -> Path:
        """Write the page to a file for a browser, and return its path."""
        return write_whole(path, self.html)

    def frame(self) -> str:
        """Return the page as an HTML frame, for a notebook or another page."""
        title = self._said(FRAME).format(title=clean(self.title or "backpropagation"))
        return (f'<iframe srcdoc="{escape(self.html)}" title="{escape(title)}" '
                'style="width:100%;height:900px;border:0"></iframe>')

    def _repr_html_(self) -> str:
        """A still picture and the frame; in an untrusted notebook, which removes frames, the picture remains."""
        still = picture(Drawing(self._graph, self.digits, title=self.title).svg)
        return f'<div class="chainrule-still"><p>{escape(self._said(RUN))}</p>{still}</div>{self.frame()}'

    def _said(self, text: str) -> str:
        return translated(text, self.lang, PACKAGE)

    def __repr__(self) -> str:
        live = ", ".join(map(clip, self.live[:8])) + (f" and {len(self.live) - 8:,} more" if len(self.live) > 8 else "")
        return f"<Stepper of {self.steps:,} steps, {f'live inputs {live}' if live else 'no live inputs'}>"


_PAGE = PAGE_HEAD + """<script>{unpack}{style}</script>
<main class="{kind}">
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
<div id="stage" tabindex="0" role="region" aria-label="circuit">
<svg class="chainrule" xmlns="http://www.w3.org/2000/svg" role="group" aria-label="circuit"></svg></div>
<section id="panel" tabindex="0" aria-live="polite" aria-label="this step"></section>
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


def page_around(program: str, title: str, lang: str = "en", kind: str = "", scripts: tuple[str, ...] = SCRIPTS) -> str:
    """Return a page from its own program, with what all pages share: style sheet, layout, drawing, stepping."""
    return _PAGE.format(title=escape(title), lang=lang, kind=kind, unpack=source("unpack.js"), style=_style(),
                        script=f"{program}{_script(scripts)}")


def source(name: str) -> str:
    """Return a script or style sheet of this folder, without comments and indentation."""
    source = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return re.sub(r"\n\s+", "\n", re.sub(r"(?m)(^|\s+)// .*$", "", source))


@cache
def _script(names: tuple[str, ...]) -> str:
    """The script of a page (layout, drawing, stepping), packed."""
    return packed("script", ";".join(map(source, names)))


@cache
def _style() -> str:
    """The style sheet of a page, packed: it is there before anything is shown."""
    return packed("style", style_sheet())


def style_sheet() -> str:
    """Return the style sheet of the stepper, with its colours for light and dark."""
    return f"{_colours()}{CSS_IN_COLOURS}{source('step_page.css')}"


def packed(tag: str, text: str) -> str:
    """Return JavaScript that unpacks a text, a third as long, into an element at the end of what has been read."""
    packer = compressobj(9, DEFLATED, -15)
    packed = b64encode(packer.compress(text.encode()) + packer.flush()).decode()
    return f"document.currentScript.after(Object.assign(document.createElement('{tag}'), {{ textContent: unpack('{packed}') }}));"


def _colours() -> str:
    """The colours as CSS variables: light, and dark where the reader or the surrounding page is in dark mode."""
    light, dark = variables(LIGHT), variables(DARK)
    return (f":root{{color-scheme:light;{light}}}:root.dark{{color-scheme:dark;{dark}}}"
            f"@media (prefers-color-scheme:dark){{:root:not(.light){{color-scheme:dark;{dark}}}}}\n")


_LIGHT_CSS = CSS.partition("@media (prefers-color-scheme: dark)")[0]
CSS_IN_COLOURS = re.sub("|".join(LIGHT.values()), lambda colour: f"var(--{_INKS[colour[0]]})", _LIGHT_CSS)


# ── one walk ─────────────────────────────────────────────────────────────────────────────────────────────────────

def checked_order(y: Node) -> list[Node]:
    """The nodes of a graph in order; raises ValueError if they are too many to step through."""
    checked_roots(y)
    order = topological(y)
    if len(order) > TOO_MANY:
        raise ValueError(f"{len(order):,} nodes are too many to step through (the limit is {TOO_MANY:,}): step through "
                         "an earlier node, or a smaller batch")
    return order


def total_of(results: Sequence[Any], seed: Any, title: str | None) -> tuple[Any, Any, str | None]:
    """One node for all results, the only one or their sum weighted by the seeds, with the seed and the title of the page."""
    checked_roots(results)
    if not results or any(hasattr(y, "shape") for y in results):
        raise TypeError(f"stepper of a list of {len(results)}: give one Tensor, or a list of Values; add several Tensors up first")
    seeds = [1.0 if y.grad is None else y.grad for y in results] if seed is None else [float(x) for x in seed]
    title = title or getattr(results, "title", None)
    if len(results) == 1:
        return results[0], seeds[0], title
    if len(seeds) != len(results):
        raise ValueError(f"seed has {len(seeds)} numbers for {len(results)} results; give one for each")
    with scope("total"):
        terms = [y if x == 1.0 else y * x for y, x in zip(results, seeds)]
        return reduce(lambda a, b: a + b, terms), None, title


def snapshot_after(y: Node, order: list[Node], names: Mapping[Node, str], walk: list[Step]) -> Snapshot:
    """The snapshot after the walk: names and labels, with the walk's gradients in place of the nodes' own."""
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
    """The JavaScript that computes the graph, or "null" with the reason."""
    try:
        if hasattr(y, "shape"):
            from autograd.programs.arrays import tensors_to_javascript
            return tensors_to_javascript(y), ""
        return to_javascript(y), ""
    except LookupError as error:
        return "null", str(error)


def _moved(parameters: Iterable[Node | str] | None, leaves: list[int], place: Mapping[Node, int], walk: list[Step]) -> list[int]:
    """The numbers of the leaves moved by Update."""
    if parameters is None:
        return leaves
    by_name = {walk[i].label: i for i in leaves}
    parameters = list(parameters)
    wanted = [place.get(x, -1) if isinstance(x, Node) else by_name.get(x, -1) for x in parameters]
    if not set(wanted) <= set(leaves):
        raise LookupError(f"parameters={parameters!r:.80}: not all of these are leaves that y depends on; the leaves are "
                          f"{', '.join(by_name)}")
    return wanted


# ── the data of the page ─────────────────────────────────────────────────────────────────────────────────────────

def _node(node: Node, step: Step, place: Mapping[Node, int]) -> dict[str, Any]:
    """A node's data for the page: its name, its operation as text, its operands, and the source line that made it."""
    data: dict[str, Any] = {"name": clip(step.label), "op": step.operation,
                            "text": applied_template(step.operation, len(step.inputs)),
                            "operands": [place[x] if is_node(x) and x in place else _constant(given)
                                         for x, given in zip(node.operands, step.inputs)]}
    shape: tuple[int, ...] | None = getattr(node, "shape", None)
    if shape is not None:
        data["shape"] = list(shape)
    if step.operation == "pow" and isinstance(power := step.inputs[1], float) and power.is_integer():
        data["text"] = f"{{0b}}{superscript(f'{power:g}')}"
    for file, line, *_ in (node.metadata or ())[2:]:
        data["made"] = f"{Path(file).name}:{line}  {linecache.getline(file, line).strip()}"
    return data


def _constant(x: Any) -> str:
    """A constant operand as text: its name, a number, or a short description of an array."""
    if isinstance(x, str):
        return clip(x)
    if isinstance(x, (int, float)):
        return f"{x:g}".replace("-", "−")
    return show(summary(x.plain_data() if is_node(x) else x))


def _edges(walk: list[Step], count: int, graph: Graph) -> list[list[Any]]:
    """The edges of each node: argument, target, and formula."""
    edges: list[list[Any]] = [[] for _ in range(count)]
    drawn = {edge: wire.formula for wire in graph.wires for edge in wire.edges}
    for step in walk:
        for edge in step.edges:
            names = [x for x in step.inputs if isinstance(x, str)]
            formula = drawn.get((step.node, edge.argument)) or typeset(edge.formula, names)
            edges[step.node].append([edge.argument, edge.target, clip(formula, 60)])
    return edges


def _shown(x: Any) -> ShownNumber:
    """A number unchanged, or a short description of an array."""
    x = summary(x)
    return x if x is None or isinstance(x, float) else show(x)


def _entries(x: Any) -> Any:
    """A number unchanged, or the list of an array's entries in row order."""
    return x.ravel().tolist() if hasattr(x, "ravel") else x


def _frames(walk: list[Step]) -> list[Any]:
    """The frames of a walk that the page cannot compute."""
    return [[step.phase, step.node, _shown(step.gradient), _shown(step.right),
             [[e.argument, e.target, *map(_shown, (e.upstream, e.local, e.downstream, e.total, e.right))]
              for e in step.edges]] for step in walk]
