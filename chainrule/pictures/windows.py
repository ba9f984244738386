"""The moving window of a convolution: a page that goes from entry to entry, by itself, by button or by key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from autograd.files import write_whole
from autograd.languages import message, reader_language
from autograd.notebook import PAGE_HEAD, picture
from viz.colours import DARK, LIGHT, both, variables
from viz.svg import document, tag

from ..exercises.words import Message

CELL, GAP, TOP = 44.0, 70.0, 34.0
WORDS = {
    "title": message("A filter moves over an image"), "input": message("image"), "output": message("activation map"),
    "step": message("entry {k} of {n}"), "first": message("first entry"), "back": message("entry before"), "play": message("Play"),
    "pause": message("Pause"), "next": message("next entry"), "last": message("last entry"),
    "run": message("Run this cell to see the window move."),
    "said": message("N = {N}, F = {F}, stride S = {S}, padding P = {P}: (N − F + 2P)/S + 1 = {size}"),
    "unseen": message("the last {n} of the rows and columns are never seen"),
}
_RULES = """\
.chainrule .cell { stroke-width: 1 } .chainrule .pad { stroke-dasharray: 3 3 }
.chainrule text { font-size: 15px; text-anchor: middle } .chainrule .weight { font-size: 11px; text-anchor: end }
.chainrule .head { font-size: 14px } .chainrule .window { fill: none; stroke-width: 3 }
"""
_INKS = """\
.chainrule .paper { fill: $paper } .chainrule text { fill: $ink } .chainrule .cell { fill: $gate; stroke: $wire }
.chainrule .pad { fill: $paper } .chainrule .weight { fill: $formula } .chainrule .window { stroke: $gradient }
.chainrule .made { fill: $value; font-weight: bold } .chainrule .now { fill: $now; stroke: $gradient; stroke-width: 2 }
.chainrule .faint { fill: $frame }
"""


def convolution(image: Sequence[Sequence[float]], weights: Sequence[Sequence[float]], stride: int = 1, padding: int = 0, *,
                lang: str | None = None) -> Window:
    """Return the page of a square image under a square filter: the window, the products in it, and the entry that is computed.

    Arrow keys, Home and End go from entry to entry. The window moves by itself once, unless the reader's system asks for less
    motion. Raises ValueError where the filter does not fit.

    >>> convolution([[1, 2], [3, 4]], [[1, 0], [0, -1]], padding=1, lang="en")
    <Window of 9 entries>
    """
    return Window([list(map(float, row)) for row in image], [list(map(float, row)) for row in weights], stride, padding,
                  reader_language(lang))


class Window:
    """The page of a moving window, shown in notebooks: ``entries`` are the numbers that it computes, ``html`` is its text."""

    def __init__(self, image: list[list[float]], weights: list[list[float]], stride: int, padding: int, lang: str):
        n, f = len(image), len(weights)
        if stride < 1 or padding < 0 or f > n + 2 * padding:
            raise ValueError(f"a filter of {f} with stride {stride} and padding {padding} does not fit an image of {n}")
        self.image, self.weights, self.stride, self.padding, self.lang = image, weights, stride, padding, lang
        self.size = (n - f + 2 * padding) // stride + 1
        wide = n + 2 * padding
        self.padded = [[image[i - padding][j - padding] if padding <= i < n + padding and padding <= j < n + padding else 0.0
                        for j in range(wide)] for i in range(wide)]
        self.entries = [[sum(self.padded[i * stride + k][j * stride + m] * weights[k][m] for k in range(f) for m in range(f))
                         for j in range(self.size)] for i in range(self.size)]

    def said(self, key: str, **values: object) -> str:
        """A text of the page, in its language."""
        return Message(WORDS[key], dict(values)).said(self.lang)

    @property
    def caption(self) -> str:
        """The sizes, and what is not seen."""
        n, f, s, p = len(self.image), len(self.weights), self.stride, self.padding
        exact = (n - f + 2 * p) / s + 1
        size = f"{exact:g}" if exact.is_integer() else f"{exact:.2f} → {self.size}"
        lost = (n + 2 * p - f) % s
        return self.said("said", N=n, F=f, S=s, P=p, size=size) + (f"; {self.said('unseen', n=lost)}" if lost else "")

    def picture(self, entry: int = 0) -> str:
        """The picture at one entry, as SVG."""
        parts, (wide, high) = self._grids(entry)
        return document(parts, (wide, high), self.said("title"), self.caption, f"{_RULES}{both(_INKS)}")

    def _grids(self, entry: int) -> tuple[list[str], tuple[float, float]]:
        n, p, f = len(self.padded), self.padding, len(self.weights)
        left = n * CELL + GAP
        parts = [tag("text", self.said("input"), kind="head", x=n * CELL / 2 + 8, y=20.0),
                 tag("text", self.said("output"), kind="head", x=left + self.size * CELL / 2 + 8, y=20.0)]
        for i in range(n):
            for j in range(n):
                inside = p <= i < n - p and p <= j < n - p
                parts += [tag("rect", kind="cell" if inside else "cell pad", x=8 + j * CELL, y=TOP + i * CELL, width=CELL,
                              height=CELL),
                          tag("text", f"{self.padded[i][j]:g}".replace("-", "−"), kind="" if inside else "faint",
                              x=8 + (j + 0.5) * CELL, y=TOP + (i + 0.5) * CELL + 2)]
        row, column = divmod(entry, self.size)
        for i in range(self.size):
            for j in range(self.size):
                made = i * self.size + j <= entry
                parts += [tag("rect", kind="cell now" if (i, j) == (row, column) else "cell", x=left + 8 + j * CELL,
                              y=TOP + i * CELL, width=CELL, height=CELL, id=f"o{i * self.size + j}"),
                          tag("text", f"{self.entries[i][j]:g}".replace("-", "−") if made else "", kind="made",
                              x=left + 8 + (j + 0.5) * CELL, y=TOP + (i + 0.5) * CELL + 5, id=f"t{i * self.size + j}")]
        inner = [tag("rect", kind="window", x=0.0, y=0.0, width=f * CELL, height=f * CELL)]
        inner += [tag("text", f"×{w:g}".replace("-", "−"), kind="weight", x=(j + 1) * CELL - 4, y=(i + 1) * CELL - 5)
                  for i, line in enumerate(self.weights) for j, w in enumerate(line)]
        move = f"translate({8 + column * self.stride * CELL:g} {TOP + row * self.stride * CELL:g})"
        parts.append(tag("g", *inner, id="window", transform=move))
        return parts, (left + self.size * CELL + 16, TOP + max(n, self.size) * CELL + 10)

    @property
    def html(self) -> str:
        """The self-contained page as text."""
        parts, (wide, high) = self._grids(0)
        data = {"padded": self.padded, "weights": self.weights, "entries": self.entries, "stride": self.stride, "cell": CELL,
                "top": TOP, "step": self.said("step", k="{k}", n="{n}"), "play": self.said("play"), "pause": self.said("pause")}
        drawn = tag("svg", *parts, kind="chainrule", viewBox=f"0 0 {wide:g} {high:g}", width=wide, height=high, role="img",
                    aria_label=self.caption)
        light, dark = both(_INKS).split("@media", 1)
        dark = dark[dark.index("{") + 1:dark.rindex("}")]
        inks = (f"{light}@media (prefers-color-scheme: dark) {{ :root:not(.light) {{ {variables(DARK)} }} {dark} }}")
        words = {key: escape(self.said(key)) for key in ("title", "first", "back", "play", "next", "last")}
        text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
        return _PAGE.format(lang=self.lang, drawn=drawn, caption=escape(self.caption), colours=variables(LIGHT),
                            style=_RULES + inks, data=text, script=_SCRIPT, **words)

    def save(self, path: str | Path) -> Path:
        """Write the page to a file for a browser, and return its path."""
        return write_whole(path, self.html)

    def _repr_html_(self) -> str:
        still = picture(self.picture(self.size * self.size // 2))
        high = int(TOP + len(self.padded) * CELL + 210)
        frame = (f'<iframe srcdoc="{escape(self.html)}" title="{escape(self.said("title"))}" '
                 f'style="width:100%;height:{high}px;border:0"></iframe>')
        return f'<div class="chainrule-still"><p>{escape(self.said("run"))}</p>{still}</div>{frame}'

    def __repr__(self) -> str:
        return f"<Window of {self.size * self.size} entries>"


_PAGE = PAGE_HEAD + """<style>
:root {{ color-scheme: light dark; {colours} }}
{style}
body {{ margin: 8px; font: 15px/1.5 "Helvetica Neue", Helvetica, Arial, sans-serif; color: var(--ink); background: var(--paper) }}
svg {{ max-width: 100%; height: auto }} h1 {{ font-size: 17px; margin: 4px 0 }} p {{ margin: 4px 0; min-height: 1.5em }}
button {{ font: inherit; min-width: 44px; min-height: 34px }} #sum {{ font-variant-numeric: tabular-nums }}
@media (prefers-reduced-motion: no-preference) {{ #window {{ transition: transform .35s ease }} }}
</style>
<main>
<h1>{title}</h1>
<div role="group" aria-label="{title}">
<button id="first" title="{first} (Home)" aria-label="{first}">|◀</button>
<button id="back" title="{back} (←)" aria-label="{back}">◀</button>
<button id="play">{play}</button>
<button id="next" title="{next} (→)" aria-label="{next}">▶</button>
<button id="last" title="{last} (End)" aria-label="{last}">▶|</button>
<output id="where"></output>
</div>
{drawn}
<p id="sum" role="status"></p>
<p>{caption}</p>
</main>
<script>const DATA = {data};
{script}</script>
</html>
"""
_SCRIPT = """(() => {
  'use strict'
  const size = DATA.entries.length, count = size * size, byId = id => document.getElementById(id)
  const written = x => String(Math.round(x * 1000) / 1000).replace('-', '\\u2212')
  const bracketed = x => x < 0 ? `(${written(x)})` : written(x)
  let at = 0, timer = 0
  function show(entry) {
    at = Math.min(Math.max(entry, 0), count - 1)
    const row = Math.floor(at / size), column = at % size
    const x = 8 + column * DATA.stride * DATA.cell, y = DATA.top + row * DATA.stride * DATA.cell
    byId('window').style.transform = `translate(${x}px, ${y}px)`
    byId('window').removeAttribute('transform')
    for (let i = 0; i < count; i++) {
      byId(`o${i}`).setAttribute('class', i === at ? 'cell now' : 'cell')
      byId(`t${i}`).textContent = i <= at ? written(DATA.entries[Math.floor(i / size)][i % size]) : ''
    }
    const terms = DATA.weights.flatMap((line, k) => line.map((w, m) =>
      `${bracketed(DATA.padded[row * DATA.stride + k][column * DATA.stride + m])}\\u00b7${bracketed(w)}`))
    byId('sum').textContent = `${terms.join(' + ')} = ${written(DATA.entries[row][column])}`
    byId('where').textContent = DATA.step.replace('{k}', at + 1).replace('{n}', count)
  }
  function stop() { clearInterval(timer); timer = 0; byId('play').textContent = DATA.play }
  function play() {
    if (timer) return stop()
    if (at === count - 1) show(0)
    byId('play').textContent = DATA.pause
    timer = setInterval(() => { if (at >= count - 1) stop(); else show(at + 1) }, 900)
  }
  const moves = { first: () => show(0), back: () => show(at - 1), next: () => show(at + 1), last: () => show(count - 1) }
  for (const [id, move] of Object.entries(moves)) byId(id).onclick = () => { stop(); move() }
  byId('play').onclick = play
  const keys = { Home: 'first', ArrowLeft: 'back', ArrowRight: 'next', End: 'last' }
  addEventListener('keydown', event => {
    if (keys[event.key]) { event.preventDefault(); stop(); moves[keys[event.key]]() }
  })
  show(0)
  if (matchMedia('(prefers-reduced-motion: no-preference)').matches) play()
  const still = window.frameElement?.previousElementSibling
  if (still?.matches('.chainrule-still')) still.hidden = true
})()
"""
