"""Pictures that fit a page: scopes that look like an open one beside them are drawn as one gate each."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol, TypeVar

from .records import Box, Graph

TALL = 2_100.0  # units: in a taller picture, only one scope of each form stays open
SPARE = 58.0  # units by which a picture may be wider than the page
TRIES = 6


class Sized(Protocol):
    """A picture of known size."""

    graph: Graph
    width: float

    @property
    def size(self) -> tuple[float, float]: ...  # width and height


Shown = TypeVar("Shown", bound=Sized)


def fitted(whole: Shown, graph_with: Callable[[set[str]], Graph], drawn: Callable[[Graph], Shown]) -> Shown:
    """Return a picture that fits, or the last one that was tried; its notes say what was left out.

    ``graph_with`` makes the graph with the scopes of these paths collapsed, ``drawn`` makes its picture. Inner scopes collapse
    first: of neighbours with the same form, only the first stays open. If the picture is still too wide, its innermost scopes
    collapse.
    """
    picture, paths = whole, set[str]()
    for _ in range(TRIES):
        wide, high = picture.size
        too_wide = wide > picture.width + SPARE
        if not too_wide and high <= TALL:
            break
        more = alike(picture.graph) or (innermost(picture.graph) if too_wide else set())
        if not more:
            break
        paths |= more
        graph = graph_with(paths)
        picture = drawn(graph._replace(notes=(*whole.graph.notes, *_notes(graph, whole.size))))
    return picture


def _notes(graph: Graph, size: tuple[float, float]) -> list[str]:
    count = sum(bool(node.hidden) for node in graph.nodes)
    its = "its" if count == 1 else "their"
    drawn = "1 scope is drawn as one gate" if count == 1 else f"{count:,} scopes are drawn as one gate each"
    first = f"{drawn}, with {its} own parameters inside: all open, the picture would be {size[0]:,.0f} × {size[1]:,.0f} px."
    return [first, "To see them: collapse=False, or collapse=[names of scopes]."]


def alike(graph: Graph) -> set[str]:
    """Return the paths of the innermost boxes that look like an earlier one in the same box.

    >>> from autograd import Value, scope
    >>> from viz import graph
    >>> x, total = Value(2.0, "x"), Value(0.0, "y")
    >>> for i in range(3):
    ...     with scope(f"step {i}"):
    ...         total = (total * x).tanh()
    >>> sorted(alike(graph(total)))
    ['step 1', 'step 2']
    """
    parents = {box.id: box.parent for box in graph.boxes}
    depth = {box.id: len(_chain(box.id, parents)) for box in graph.boxes}
    forms = _forms(graph)
    once = [box.path for box in graph.boxes]
    first = {box.id: _first(graph, box.id, parents) for box in graph.boxes}
    for level in sorted(set(depth.values()), reverse=True):
        seen: dict[object, Box] = {}
        found = set()
        for box in sorted(graph.boxes, key=lambda box: first[box.id]):
            if depth[box.id] == level and once.count(box.path) == 1:
                open_one = seen.setdefault((box.parent, forms[box.id]), box)
                found.update([box.path] if open_one is not box else [])
        if found:
            return found
    return set()


def _first(graph: Graph, box: str, parents: dict[str, str]) -> int:
    """The number of the first gate in a box, in order of computation."""
    return min((min(node.members, default=0) for node in graph.nodes if node.kind == "gate" and box in _chain(node.box, parents)),
               default=0)


def innermost(graph: Graph) -> set[str]:
    """Return the paths of the most deeply nested boxes."""
    parents = {box.id: box.parent for box in graph.boxes}
    depth = {box.path: len(_chain(box.id, parents)) for box in graph.boxes}
    return {path for path, level in depth.items() if level == max(depth.values())}


def _chain(box: str, parents: dict[str, str]) -> list[str]:
    chain = [box]
    while parents.get(chain[-1]):
        chain.append(parents[chain[-1]])
    return chain


def _forms(graph: Graph) -> dict[str, object]:
    """The form of each box: its name without number, its gates, and the forms of the boxes inside; boxes of one form look alike."""
    signs: dict[str, list[str]] = {}
    for node in graph.nodes:
        if node.kind == "gate":
            signs.setdefault(node.box, []).append(_without_number(node.sign) if node.hidden else node.sign)
    inner: dict[str, list[Box]] = {}
    for box in graph.boxes:
        inner.setdefault(box.parent, []).append(box)

    def form(box: Box) -> object:
        children = tuple(form(child) for child in inner.get(box.id, ()))
        return _without_number(box.name), tuple(sorted(signs.get(box.id, ()))), children

    return {box.id: form(box) for box in graph.boxes}


def _without_number(name: str) -> str:
    return re.sub(r"(?<=.)[ _-]?\d+$", "", name)
