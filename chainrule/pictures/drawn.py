"""Drawn pictures: a neuron of the brain beside one of a network, an image as a column of scores, and the zoo of networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from autograd.languages import message, reader_language
from viz.svg import Picture, document, style, tag

from ..exercises.words import Message

_RULES = """\
.chainrule text { font-size: 14px; text-anchor: middle } .chainrule .name { font-size: 13px; font-weight: bold }
.chainrule .note { font-size: 12px } .chainrule .left { text-anchor: start } .chainrule path, .chainrule line { fill: none }
.chainrule .cell { stroke-width: 1.2 } .chainrule .thin { stroke-width: 1 } .chainrule .thick { stroke-width: 4 }
.chainrule .flow { stroke-width: 2 } .chainrule .ring { fill: none; stroke-width: 1.4 }
"""
_INKS = """\
.chainrule .paper { fill: $paper } .chainrule text { fill: $ink } .chainrule .note { fill: $frame }
.chainrule .cell { fill: $gate; stroke: $frame } .chainrule .thin { stroke: $wire } .chainrule .flow { stroke: $frame }
.chainrule .thick, .chainrule .soma { stroke: $negative } .chainrule .soma { fill: $now } .chainrule .ring { stroke: $ink }
.chainrule .nucleus { fill: $negative } .chainrule .weight { fill: $positive } .chainrule .made { fill: $value }
.chainrule .input { fill: $negative } .chainrule .hidden { fill: $value } .chainrule .output { fill: $gradient }
.chainrule .memory { fill: $formula } .chainrule .kernel { fill: $positive }
"""


class Drawn(Picture):
    """A drawn picture with its title and its description, shown in notebooks."""

    def __init__(self, parts: Iterable[str], size: tuple[float, float], title: str, description: str):
        self.title = title
        self.svg = document(parts, size, title, description, style(_RULES, _INKS))

    def __repr__(self) -> str:
        return f"<Picture: {self.title}>"


def _text(text: str, x: float, y: float, kind: str = "") -> str:
    return tag("text", text.replace("&", "&amp;").replace("<", "&lt;"), x=x, y=y, kind=kind)


# ── two neurons ──────────────────────────────────────────────────────────────────────────────────────────────────

def neurons(*, lang: str | None = None) -> Drawn:
    """Return a neuron of the brain and one of a network beside each other, with the parts that stand for one another.

    >>> neurons(lang="en")
    <Picture: A neuron of the brain, and one of a network>
    """
    spoken = reader_language(lang)

    def said(text: str) -> str:
        return Message(text).said(spoken)

    dendrites = ((30, 60, 110, 110), (14, 120, 108, 128), (24, 190, 112, 148), (70, 220, 124, 164), (80, 34, 128, 100))
    parts = [tag("path", d=f"M{a} {b} Q{(a + c) / 2} {b} {c} {d}", kind="thick") for a, b, c, d in dendrites]
    parts += [tag("path", d="M170 130 C230 122 250 140 330 130", kind="thick")]
    parts += [tag("path", d=f"M330 130 Q352 130 372 {y}", kind="thick") for y in (88, 130, 172)]
    parts += [tag("circle", cx=138.0, cy=130.0, r=36.0, kind="soma"), tag("circle", cx=140.0, cy=130.0, r=11.0, kind="nucleus")]
    for text, x, y in ((message("dendrites: signals come in"), 96, 24), (message("cell body: adds them up"), 212, 184),
                       (message("axon: passes the answer on"), 262, 112), (message("synapses: strong or weak"), 330, 214)):
        parts.append(_text(said(text), x, y, "note"))
    for i, height in enumerate((60.0, 130.0, 200.0)):
        parts += [tag("line", x1=478.0, y1=height, x2=594.0, y2=118.0 + 12 * i, kind="flow"),
                  _text(f"x{'₁₂₃'[i]}", 464, height + 5),
                  _text(f"w{'₁₂₃'[i]}", 522, (74.0, 123.0, 166.0)[i], "weight")]
    parts += [tag("circle", cx=630.0, cy=130.0, r=36.0, kind="cell"), _text("Σ + b", 630, 135),
              tag("line", x1=666.0, y1=130.0, x2=712.0, y2=130.0, kind="flow"),
              tag("rect", x=712.0, y=106.0, width=56.0, height=48.0, rx=8.0, kind="cell"), _text("f", 740, 135),
              tag("line", x1=768.0, y1=130.0, x2=818.0, y2=130.0, kind="flow"), _text("y", 830, 135)]
    for text, x, y in ((message("inputs"), 464, 30), (message("weights"), 536, 214), (message("sum and bias"), 630, 190),
                       (message("activation"), 740, 190), (message("output"), 826, 112)):
        parts.append(_text(said(text), x, y, "note"))
    return Drawn(parts, (860.0, 236.0), said(message("A neuron of the brain, and one of a network")), said(message(
        "On the left dendrites bring signals through synapses to the cell body, and the axon passes its answer on. On the right "
        "inputs times weights are added up with a bias, and an activation function makes the output.")))


# ── an image as a column ─────────────────────────────────────────────────────────────────────────────────────────

def image_scores(image: Sequence[Sequence[float]], weights: Sequence[Sequence[float]], bias: Sequence[float],
                 classes: Sequence[str], *, lang: str | None = None) -> Drawn:
    """Return an image of a few pixels stretched into a column, and the scores W·x + b of its classes, with every number.

    >>> image_scores([[56, 231], [24, 2]], [[1, 0, 0, 0]], [0.5], ["cat"], lang="en")
    <Picture: Scores of an image: W·x + b>
    """
    spoken = reader_language(lang)
    pixels = [x for row in image for x in row]
    scores = [sum(w * x for w, x in zip(row, pixels)) + b for row, b in zip(weights, bias)]
    high = 38.0 * max(len(pixels), len(weights)) + 70

    def grid(rows: Sequence[Sequence[float]], left: float, kind: str = "") -> list[str]:
        top, found = 44 + (high - 70 - 38 * len(rows)) / 2, []
        for i, row in enumerate(rows):
            for j, x in enumerate(row):
                found += [tag("rect", x=left + 58 * j, y=top + 38 * i, width=58.0, height=38.0, kind="cell"),
                          _text(f"{x:.5g}".replace("-", "−"), left + 58 * j + 29, top + 38 * i + 24, kind)]
        return found

    places = [10.0, 10 + 58 * len(image[0]) + 50]
    for count in (len(pixels), 1, 1):
        places.append(places[-1] + 58 * count + 46)
    picture, matrix, column, offset, result = places
    parts = [*grid(image, picture), *grid(weights, matrix, "weight"), *grid([[x] for x in pixels], column),
             *grid([[b] for b in bias], offset, "weight"), *grid([[s] for s in scores], result, "made")]
    middle = 44 + (high - 70) / 2 + 6
    signs = (("→", matrix - 25), ("·", column - 23), ("+", offset - 23), ("=", result - 23))
    parts += [_text(sign, x, middle) for sign, x in signs]
    for text, x in ((message("image"), picture + 29 * len(image[0])), ("W", matrix + 29 * len(pixels)),
                    (message("x: the pixels"), column + 29), ("b", offset + 29), (message("scores"), result + 29)):
        parts.append(_text(Message(text).said(spoken), x, 26, "note"))
    top = 44 + (high - 70 - 38 * len(weights)) / 2
    parts += [_text(name, result + 68, top + 38 * i + 24, "left note") for i, name in enumerate(classes)]
    said = ", ".join(f"{name} {score:.5g}" for name, score in zip(classes, scores))
    return Drawn(parts, (result + 68 + 70, high), Message(message("Scores of an image: W·x + b")).said(spoken), said)


# ── the zoo ──────────────────────────────────────────────────────────────────────────────────────────────────────

class Kind(NamedTuple):
    """A network of the zoo: its short name, its name, its columns (a letter for the kind of each cell), and its links."""

    short: str
    name: str
    columns: tuple[str, ...]
    links: str = "next"  # "next": each column to the next; "all": every cell to every other


_CELLS = {"i": "input", "h": "hidden", "o": "output", "m": "memory", "k": "kernel", "n": "input", "p": "hidden", "b": "output"}
ZOO = (
    Kind("P", message("perceptron"), ("ii", "o")),
    Kind("FF", message("feed-forward"), ("ii", "hh", "o")),
    Kind("RBF", message("radial basis"), ("ii", "pp", "o")),
    Kind("DFF", message("deep feed-forward"), ("iii", "hhhh", "hhhh", "oo")),
    Kind("CNN", message("convolutional"), ("iiii", "kkk", "kk", "hh", "oo")),
    Kind("RNN", message("recurrent"), ("iii", "mmm", "ooo")),
    Kind("LSTM", message("long short-term memory"), ("iii", "MMM", "ooo")),
    Kind("GRU", message("gated recurrent unit"), ("iii", "MMM", "ooo")),
    Kind("AE", message("auto-encoder"), ("iiii", "hh", "bbbb")),
    Kind("DAE", message("denoising auto-encoder"), ("nnnn", "hh", "bbbb")),
    Kind("SAE", message("sparse auto-encoder"), ("ii", "hhhh", "bb")),
    Kind("VAE", message("variational auto-encoder"), ("iiii", "pp", "bbbb")),
    Kind("HN", message("Hopfield network"), ("iii", "iii", "iii"), "all"),
    Kind("BM", message("Boltzmann machine"), ("iip", "ppi", "pip"), "all"),
    Kind("RBM", message("restricted Boltzmann machine"), ("iii", "pppp")),
    Kind("DBN", message("deep belief network"), ("iiii", "ppp", "pppp", "oo")),
)
_LEGEND = (
    ("i", message("input")), ("n", message("input with noise")), ("h", message("hidden")),
    ("p", message("hidden, of chance or distance")), ("m", message("with a memory")), ("M", message("with gates to its memory")),
    ("k", message("filter")), ("o", message("output")), ("b", message("output that should equal the input")),
)


def zoo(*, lang: str | None = None) -> Drawn:
    """Return the zoo of networks as one picture: sixteen kinds, each with its cells and links.

    >>> zoo(lang="en")
    <Picture: The network zoo>
    """
    spoken = reader_language(lang)
    parts: list[str] = []
    for place, kind in enumerate(ZOO):
        parts += _animal(kind, place % 4 * 215.0 + 6, place // 4 * 158.0 + 8, Message(kind.name).said(spoken))
    for i, (letter, text) in enumerate(_LEGEND):
        x, y = 24 + i % 3 * 285.0, 652 + i // 3 * 26.0
        parts += [*_cell(letter, x, y), _text(Message(text).said(spoken), x + 18, y + 5, "left note")]
    names = ", ".join(f"{kind.short}: {Message(kind.name).said(spoken)}" for kind in ZOO)
    return Drawn(parts, (872.0, 722.0), Message(message("The network zoo")).said(spoken), names)


def _animal(kind: Kind, x: float, y: float, name: str) -> list[str]:
    """The small picture of one network in a place of 210 × 150."""
    count = len(kind.columns)
    places = [[(x + 105 + (i - (count - 1) / 2) * 44, y + 84 + (j - (len(column) - 1) / 2) * 27) for j in range(len(column))]
              for i, column in enumerate(kind.columns)]
    if kind.links == "all":
        flat = [place for column in places for place in column]
        pairs = [(a, b) for i, a in enumerate(flat) for b in flat[i + 1:]]
    else:
        pairs = [(a, b) for left, right in pairwise(places) for a in left for b in right]
    lines = [tag("line", x1=a, y1=b, x2=c, y2=d, kind="thin") for (a, b), (c, d) in pairs]
    cells = [part for column, spots in zip(kind.columns, places) for letter, spot in zip(column, spots)
             for part in _cell(letter, *spot)]
    return [_text(kind.short, x + 105, y + 12, "name"), _text(name, x + 105, y + 28, "note"), *lines, *cells]


def _cell(letter: str, x: float, y: float) -> list[str]:
    """One cell; a ring inside for chance, two for gates, a loop for a memory, a hole for noise or for a copy."""
    found = [tag("circle", cx=x, cy=y, r=9.0, kind=_CELLS[letter.lower()])]
    if letter in "mM":
        loop = f"M{x - 5:g} {y - 8:g} C{x - 14:g} {y - 18:g} {x + 14:g} {y - 18:g} {x + 5:g} {y - 8:g}"
        found.append(tag("path", d=loop, kind="ring"))
    if letter in "pM":
        found.append(tag("circle", cx=x, cy=y, r=4.5, kind="ring"))
    if letter in "nb":
        found.append(tag("circle", cx=x, cy=y, r=3.5, kind="paper"))
    return found
