"""Conversion of SVG pictures to PNG and PDF, in the light colours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

PIXELS = 50_000_000  # limit for a PNG: this many take 10 s, and viewers do not open much larger ones


def light(svg: str) -> str:
    """Return a picture in light colours only, with the rules inside @supports made plain for programs that ignore it.

    >>> light("<svg><style>a {}@media (prefers-color-scheme: dark) {a {}}</style></svg>")
    '<svg><style>a {}</style></svg>'
    """
    before, dark, after = svg.partition("@media (prefers-color-scheme: dark)")
    text = f"{before}</style>{after.partition('</style>')[2]}" if dark else svg
    return re.sub(r"@supports \(paint-order: stroke\) \{ ([^}]*\}) \}", r"\1", text)


def size_of(svg: str) -> tuple[float, float]:
    """Return the width and height of a picture in pixels.

    >>> size_of('<svg viewBox="0 0 20.0 10.0"/>')
    (20.0, 10.0)
    """
    wide, high = map(float, svg.partition('viewBox="0 0 ')[2].partition('"')[0].split())
    return wide, high


def png_of(svg: str, called: str) -> bytes:
    """Return a picture as PNG, at twice its size unless that is too large; needs resvg-py.

    ``called`` is the picture's name in error messages. Raises ImportError without the package, RuntimeError without a font,
    ValueError for a picture of over 50 million pixels.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise ImportError("PNG needs the package resvg-py: pip install 'chainrule[png]'; SVG needs none") from None
    wide, high = size_of(svg)
    if wide * high > PIXELS:
        raise ValueError(f"{called:.60} is {wide:,.0f} × {high:,.0f} pixels, too many for a PNG (the limit is {PIXELS:,}): "
                         "save it as .svg, or draw less of it")
    fonts = [str(folder) for folder in _folder_of_fonts()]

    def drawn(svg: str, zoom: int = 2) -> bytes:
        return bytes(svg_to_bytes(svg_string=svg, zoom=zoom, font_dirs=fonts, font_family="DejaVu Sans",
                                  sans_serif_family="DejaVu Sans"))
    letter = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="15">{}</text></svg>'
    if drawn(letter.format("")) == drawn(letter.format("x")):
        raise RuntimeError("PNG needs a font, and this machine has none: apt-get install fonts-dejavu-core, or pip "
                           "install matplotlib, which brings one; SVG leaves the fonts to the program that shows it")
    return drawn(light(svg), 2 if 4 * wide * high <= PIXELS else 1)


def _folder_of_fonts() -> Iterator[Path]:
    """The folder of matplotlib's fonts, if it is installed."""
    import importlib.util
    found = importlib.util.find_spec("matplotlib")
    for place in (found and found.submodule_search_locations) or ():
        yield Path(place, "mpl-data", "fonts", "ttf")


# ── PDF ──────────────────────────────────────────────────────────────────────────────────────────────────────────

def pdf_of(svg: str) -> bytes:
    """Return a picture as PDF, with text in embedded fonts; needs typst, and raises ImportError without it."""
    try:
        from typst import compile as typeset_pages
    except ImportError:
        raise ImportError("PDF needs the package typst: pip install 'chainrule[pdf]'; SVG needs none") from None
    text = light(svg)
    said = {name: unescape(text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]) for name in ("title", "desc")}
    wide, high = (f"{side * 0.75:.3f}pt" for side in size_of(svg))
    # Named one by one: the folder also holds a placeholder font, which typst would use for a whole title with one unknown letter.
    fonts: list[Any] = [str(file) for folder in _folder_of_fonts() for file in folder.glob("DejaVuSans*.ttf")]
    return typeset_pages(_PAGE.encode(), format="pdf", font_paths=fonts,
                         sys_inputs={"svg": text, "wide": wide, "high": high, **said})


_PAGE = """\
#set document(title: sys.inputs.title, date: none)
#set page(width: eval(sys.inputs.wide), height: eval(sys.inputs.high), margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%, alt: sys.inputs.title + ". " + sys.inputs.desc)
"""
