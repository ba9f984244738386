"""Writing SVG: style sheets for light and dark, widths of texts, elements, and saving and display of pictures."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from autograd.files import replaced
from autograd.languages import reader_language
from autograd.notebook import bundle

from .colours import both
from .figure_words import in_language
from .saving import pdf_of, png_of

MARGIN = 14.0  # around a picture
# Inside @media, because programs that accept only lengths as a height would not draw the picture at all. Opened by itself on a
# narrow screen, a picture keeps its size and scrolls; inside a page it shrinks.
FONT = """\
.chainrule { font-family: "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif }
@media all { svg.chainrule { max-width: 100%; height: auto } }
@media (max-width: 700px) { svg.chainrule:root { max-width: none } }
"""


def style(shapes: str, inks: str) -> str:
    """Return a style sheet: rules for shapes, and rules for colours (``$value`` …) in light and in dark."""
    return f"{FONT}{shapes}{both(inks)}"


def document(parts: Iterable[str], size: tuple[float, float], title: str, description: str, sheet: str) -> str:
    """Return an SVG document of this size in pixels, with a title and a description for screen readers."""
    wide, high = size
    head = (tag("title", written(title)), tag("desc", written(description)), tag("style", sheet),
            tag("rect", kind="paper", width=wide, height=high, rx=6))
    return tag("svg", *(f"\n{part}" for part in (*head, *parts)), "\n", xmlns="http://www.w3.org/2000/svg", kind="chainrule",
               role="img", width=wide, height=high, viewBox=f"0 0 {wide:.1f} {high:.1f}") + "\n"


class Picture:
    """A picture as SVG: ``save`` writes a file, and a notebook shows it, with its notes in the reader's language."""

    kinds: ClassVar[dict[str, str]] = {".svg": "svg", ".png": "png", ".pdf": "pdf"}  # endings, and attributes
    svg: Any  # the text; each kind of picture computes it on access

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file in the format of its ending, ``.svg``, ``.png`` or ``.pdf`` (circuits also ``.dot``); return
        the path.

        Raises ValueError for other endings; for PNG and PDF, ImportError without their package (resvg-py, typst), RuntimeError
        without a font; ValueError for a PNG of over 50 million pixels.
        """
        path = Path(path)
        if path.suffix.lower() not in self.kinds:
            *others, last = self.kinds
            raise ValueError(f"save({str(path)!r}): this picture can be saved as {', '.join(others)} or {last}; end the name with "
                             "one "
                             "of them")
        content = getattr(self, self.kinds[path.suffix.lower()])
        with replaced(path) as temporary:
            temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @property
    def png(self) -> bytes:
        """The picture as PNG, in light colours; needs resvg-py."""
        return png_of(self.svg, repr(self))

    @property
    def pdf(self) -> bytes:
        """The picture as PDF, in light colours; needs typst."""
        return pdf_of(self.svg)

    def _repr_svg_(self) -> str:
        return in_language(self.svg, reader_language())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return bundle(self._repr_svg_(), repr(self))


def clip(text: str, letters: int = 24) -> str:
    """Shorten a name for a picture, to one line without characters that XML cannot hold.

    >>> from viz.svg import clip
    >>> clip("a name that is much too long for a gate")
    'a name that is much too…'
    """
    text = " ".join(clean(text).split())
    return text if len(text) <= letters else text[:letters - 1] + "…"


def clean(text: str) -> str:
    r"""Replace characters that XML cannot hold, and control characters that reverse the direction of text.

    >>> clean("a\x00b")
    'a\ufffdb'
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub("[\u202a-\u202e\u2066-\u2069]|[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a text in pixels: an upper bound for the usual sans-serif fonts (DejaVu is the widest).

    Bars of histograms count in their smaller size.

    >>> width("x = 2", 10.0) < width("x = 2", 10.0, bold=True)
    True
    """
    em = 0.0
    for c in text:
        if unicodedata.east_asian_width(c) in "WF" or c in "mwMW@%—…":
            em += 1.0
        elif c in " .,:;'|ijlI/":
            em += 0.34
        elif c in "!()[]ft¹²³⁰⁴⁵⁶⁷⁸⁹":
            em += 0.41
        else:
            em += 0.84 if c in "+−=×<>≥≤·→Σ#&" else 0.76 if c.isupper() else 0.55 if "▁" <= c <= "█" else 0.64
    return em * size * (1.12 if bold else 1.0)


def written(text: str) -> str:
    """Escape a text for SVG, with characters that XML cannot hold replaced.

    >>> written("a < b")
    'a &lt; b'
    """
    return escape(clean(text))


def tag(name: str, *inside: str, kind: str = "", **attributes: Any) -> str:
    """Return an element of SVG: ``kind`` is its class, ``inside`` is markup, attributes are escaped and numbers rounded.

    >>> tag("circle", kind="shape", r=2.0, stroke_width=1.25)
    '<circle class="shape" r="2" stroke-width="1.2"/>'
    """
    given = {"class": kind or None, **attributes}
    said = "".join([f' {key.replace("_", "-")}="{_attribute(x)}"' for key, x in given.items() if x is not None])
    return f"<{name}{said}>{''.join(inside)}</{name}>" if inside else f"<{name}{said}/>"


def _attribute(x: object) -> str:
    return f"{x:.1f}".removesuffix(".0") if isinstance(x, float) else written(str(x))
