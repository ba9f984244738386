"""Worksheets: a circuit with an empty box for every gradient, for paper, and its key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from autograd.graph import Node, topological
from autograd.languages import message, reader_language, translated
from autograd.notebook import PAGE_HEAD
from autograd.stepping import Step, walks

from .colours import LIGHT
from .drawing import Drawing
from .graphs import graph_of
from .numbers import Digits, bracketed, multiplied, typeset
from .saving import light
from .snapshots import named_after, named_nodes
from .svg import Picture, clean
from .web.circuit import NUMBER
from .web.step_page import checked_order, snapshot_after, total_of

if TYPE_CHECKING:
    from .records import Graph
    from .snapshots import Names

PACKAGE = Path(__file__).parent
WIDE, HIGH = 44.0, 18.0  # an empty box, in pixels
_TEXT = r'<text class="number {kind}[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>.*?</text>'


def worksheet(y: Node | Sequence[Node], *, title: str | None = None, names: Names | None = None, digits: Digits = "auto",
              lang: str | None = None) -> Worksheet:
    """Return a worksheet: the circuit of ``y`` with an empty box for every gradient; ``.key`` has them filled in.

    ``save`` writes ``.html`` to print, with a table of upstream × local = downstream for every wire, or the picture alone
    (``.svg``, ``.png``, ``.pdf``). ``title``, ``names`` and ``digits`` are as for ``draw``; ``lang`` is "en" or "ko". The
    graph is not changed. Raises TypeError for arrays: zoom into them first.

    >>> from autograd import Value
    >>> sheet = worksheet(Value(2.0, "w") * Value(3.0, "x"), lang="en")
    >>> sheet, sheet.key
    (<Worksheet with 2 gradients to fill in>, <Worksheet with 2 gradients filled in>)
    >>> "local" in sheet.html, sheet.svg.count('class="hole"')
    (True, 2)
    """
    speaks = reader_language(lang)
    if isinstance(y, (list, tuple)):
        y, _, title = total_of(y, None, title)
    if hasattr(y, "shape"):
        raise TypeError("worksheet asks for single numbers, and this is a Tensor: open it with viz.zoom(y) first")
    order = checked_order(y)  # type: ignore[arg-type]  # a node, or checked there
    called = named_nodes(order) if names is None else named_after(order, names)
    walk = walks(y, None, order, called)[""]
    title = title or translated(message("Fill in the gradients"), speaks, PACKAGE)
    graph = graph_of(snapshot_after(y, order, called, walk), False)  # type: ignore[arg-type]
    return Worksheet(graph, walk, title, digits, speaks)


def blank(svg: str) -> str:
    """Return a picture with an empty box in place of every gradient but the result's, and nothing that tells one.

    >>> from autograd import Value
    >>> from viz import draw
    >>> y = Value(2.0, "w") * Value(3.0, "x")
    >>> y.backward()
    >>> blank(draw(y).svg).count('class="hole"')
    2
    """
    head, style, body = svg.partition("</style>")
    head = re.sub(r"<desc>.*?</desc>", "", head, flags=re.DOTALL)
    body = re.sub(r"<title>.*?</title>|" + _TEXT.format(kind="formula"), "", body, flags=re.DOTALL)
    body = re.sub(r'<g class="flow[^"]*">.*?</g>', "", body)

    def hole(found: re.Match[str]) -> str:
        x, y = float(found[1]), float(found[2])
        return (f'<rect class="hole" x="{x - WIDE / 2:.1f}" y="{y - 13:.1f}" width="{WIDE:g}" height="{HIGH:g}" rx="3" '
                f'fill="none" stroke="{LIGHT["frame"]}" stroke-width="1"/>')

    lines = body.split("\n")
    lines = [line if 'class="node output' in line or 'id="w-out' in line else
             re.sub(_TEXT.format(kind="gradient"), hole, line) for line in lines]
    return f"{head}{style}" + "\n".join(lines)


class Worksheet(Picture):
    """A worksheet: ``svg`` is its picture, ``html`` the page to print, ``key`` the same with all gradients.

    >>> from autograd import Value
    >>> sheet = worksheet(Value(2.0, "x") * Value(3.0, "w"))
    >>> sheet.svg != sheet.key.svg  # the key has the gradients
    True
    """

    kinds: ClassVar = {**Picture.kinds, ".html": "html", ".htm": "html"}

    def __init__(self, graph: Graph, walk: list[Step], title: str, digits: Digits, lang: str, filled: bool = False):
        self._digits: Digits = digits
        self._graph, self._walk, self.title, self.lang, self.filled = graph, walk, title, lang, filled

    @property
    def key(self) -> Worksheet:
        """The instructor's key: the same sheet with every gradient."""
        return Worksheet(self._graph, self._walk, self.title, self._digits, self.lang, True)

    @property
    def svg(self) -> str:
        """The picture, in light colours: it is for paper."""
        return self._drawn(self.title)

    def _drawn(self, title: str | None) -> str:
        drawn = Drawing(self._graph, self._digits, title=title, room=NUMBER).svg
        return light(drawn if self.filled else blank(drawn))

    @property
    def edges(self) -> list[list[str]]:
        """A row for every wire, backward: gate, input, and upstream, local and downstream where they are filled in."""
        rows = []
        for step in self._walk:
            for edge in step.edges:
                sums = self._numbers(edge) if self.filled else ["", "", ""]
                rows.append([step.label, edge.target_label, *sums])
        return rows

    def _numbers(self, edge: Any) -> list[str]:
        up, local, down = multiplied(edge.upstream, edge.local, edge.downstream, self._digits)
        formula = typeset(edge.formula)
        plain = formula.lstrip("−").replace(".", "").isdecimal()
        return [up, bracketed(local) if plain else f"{formula} = {local}", down]

    @property
    def html(self) -> str:
        """The page to print."""
        said = {key: escape(translated(text, self.lang, PACKAGE)) for key, text in _TEXTS.items()}
        rows = "\n".join("<tr>" + "".join(f"<td>{escape(clean(x))}</td>" for x in row) + "</tr>" for row in self.edges)
        heads = "".join(f'<th scope="col">{said[key]}</th>' for key in ("gate", "input", "upstream", "local", "downstream"))
        title = escape(clean(self.title))
        top = f"<p>{said['key']}</p>" if self.filled else f"<p>{said['name']} ______________________ </p><p>{said['how']}</p>"
        return _PAGE.format(lang=self.lang, title=title, top=top, picture=self._drawn(None), heads=heads, rows=rows)

    def __repr__(self) -> str:
        return f"<Worksheet with {len(self.edges):,} gradients {'filled in' if self.filled else 'to fill in'}>"


_TEXTS = {
    "name": message("Name:"), "key": message("Key, for the instructor"),
    "how": message("The values stand above the wires. Begin at the right, where the gradient is 1, and go back gate by gate: write "
                   "each gradient into its box, and its arithmetic into the table. Where a value is used more than once, add up."),
    "gate": message("gate"), "input": message("its input"), "upstream": message("upstream"), "local": message("× local"),
    "downstream": message("= downstream"),
}
_PAGE = PAGE_HEAD + """<style>
body {{ margin: 24px auto; max-width: 980px; padding: 0 16px; color: #1f2328; background: #fff;
  font: 15px/1.5 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "Noto Sans CJK KR", sans-serif }}
figure {{ margin: 16px 0; overflow-x: auto }} figure svg {{ max-width: 100%; height: auto }}
table {{ border-collapse: collapse; width: 100% }} tr {{ break-inside: avoid }}
h1 {{ font-size: 20px }}
th, td {{ border: 1px solid #57606a; padding: 6px 10px; height: 1.6em; text-align: left }} th {{ font-weight: normal }}
td:nth-child(n+3) {{ min-width: 6em }}
@page {{ margin: 14mm }}
</style>
<main>
<h1>{title}</h1>
{top}
<figure>{picture}</figure>
<table><thead><tr>{heads}</tr></thead><tbody>
{rows}
</tbody></table>
</main>
</html>
"""


def gates(y: Node) -> int:
    """Return how many gates a circuit has.

    >>> from autograd import Value
    >>> gates(Value(2.0) * 3.0 + 1.0)
    2
    """
    return sum(bool(node.operands) for node in topological(y))
