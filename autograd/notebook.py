"""Forms in which objects show themselves at the end of a cell: a short text, a table, a picture.

A notebook that its reader has not yet trusted keeps tables and ``<img>`` with the picture in its address, and drops SVG, style
sheets, scripts and frames; so tables carry their own alignment, and pictures come as both.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PAGE_HEAD = """<!doctype html>
<html lang="{lang}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
"""  # how every page of ours begins
LINES = 19  # most lines of an object's text
ROWS = 24  # most rows of a table
_NUMBER = r"[-−+±]?(\d[\d,.]*([eE][-+−]?\d+)?( ?%)?|nan|inf)"


def shortened(text: str, most: int = LINES) -> str:
    r"""Return a text of at most ``most`` lines: where it has more, its first and last ones, and how many lie between.

    >>> print(shortened("\n".join("abcdefg"), most=5))
    a
    b
    … 3 more lines: print(…) shows them
    f
    g
    """
    lines = text.split("\n")
    if len(lines) <= most:
        return text
    first, last = most // 2, (most - 1) // 2
    between = len(lines) - first - last
    return "\n".join([*lines[:first], f"… {between:,} more lines: print(…) shows them", *lines[len(lines) - last:]])


def written(x: object) -> str:
    """Return a number or an array in a few letters: four significant digits; of an array of more than three entries its shape.

    >>> written(0.123456), written(None), written("x")
    ('0.1235', '–', 'x')
    """
    shape = getattr(x, "shape", ())
    if shape:
        entries = x.ravel().tolist()  # type: ignore[attr-defined]  # it is an array
        return f"[{', '.join(map(written, entries))}]" if len(shape) == 1 and len(entries) <= 3 else f"array {shape}"
    if x is None:
        return "–"
    try:
        return f"{x:.4g}"
    except (TypeError, ValueError):
        return str(x)


def aligned(cells: Sequence[Sequence[str]], left: Sequence[int] = ()) -> list[str]:
    """Return the lines of a table of text: each column as wide as its widest cell, to the right, and those of ``left`` to the left.

    A Korean letter is as wide as two others.

    >>> aligned([["epoch", "손실"], ["1", "0.25"]])
    ['epoch  손실', '    1  0.25']
    """
    from unicodedata import east_asian_width

    def wide(cell: str) -> int:
        return len(cell) + sum(east_asian_width(letter) in "WF" for letter in cell)

    widths = [max(map(wide, column)) for column in zip(*cells)]
    return ["  ".join((cell + " " * (width - wide(cell)) if i in left else " " * (width - wide(cell)) + cell)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in cells]


def table(head: Sequence[object], rows: Iterable[Sequence[object]], title: str = "", notes: Iterable[str] = (),
          bold: Iterable[int] = ()) -> str:
    """Return an HTML table: a title above it, notes below, numbers to the right; the rows numbered in ``bold`` stand out.

    Of more than 24 rows the first, the last and the bold ones are shown, and how many lie between. All text is escaped.

    >>> table(["x", "f(x)"], [[1, "<b>"]]).count("&lt;b&gt;")
    1
    """
    import re  # imported here, because it takes a third of the package's import time
    from html import escape
    lines = [[str(cell) for cell in row] for row in rows]
    strong = set(bold)
    right = [all(re.fullmatch(_NUMBER, row[i]) or row[i] in ("", "–") for row in lines) for i in range(len(head))]

    def line(cells: Sequence[object], kind: str, weight: str = "") -> str:
        return "<tr>" + "".join(f'<{kind} style="text-align:{"right" if right[i] else "left"}{weight}">{escape(str(cell))}</{kind}>'
                                for i, cell in enumerate(cells)) + "</tr>"

    shown = [i for i in range(len(lines)) if len(lines) <= ROWS or i < ROWS // 2 or i >= len(lines) - ROWS // 2 or i in strong]
    body = []
    for before, i in zip([-1, *shown], shown):
        if hidden := i - before - 1:
            said = f"… {hidden:,} more row{'s' * (hidden > 1)}"
            body.append(f'<tr><td colspan="{len(head)}" style="text-align:left">{said}</td></tr>')
        body.append(line(lines[i], "td", ";font-weight:bold" if i in strong else ""))
    above = f"<p><b>{escape(title)}</b></p>" if title else ""
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<div>{above}<table><thead>{line(head, 'th')}</thead><tbody>{''.join(body)}</tbody></table>{below}</div>"


def picture(svg: str, alt: str = "") -> str:
    """Return a picture as HTML that an untrusted notebook keeps, as wide as there is room, in the theme of the page around.

    ``alt`` is the text in its place, for screen readers; by default the picture's own title.

    >>> shown = picture("<svg><title>One gate</title></svg>")
    >>> 'src="data:image/svg+xml;base64,' in shown, 'alt="One gate"' in shown
    (True, True)
    """
    import re
    from base64 import b64encode
    from html import escape, unescape
    own = re.search("<title>([^<]*)</title>", svg)
    alt = alt or (unescape(own[1]) if own else "picture")
    head, end, rest = svg.partition("</title>")
    svg = head + end + re.sub("<title>[^<]*</title>", "", rest)  # texts for a pointer that rests, which reaches no image
    return (f'<img alt="{escape(alt)}" style="max-width:100%;height:auto" '
            f'src="data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"/>')


def bundle(svg: str, text: str, alt: str = "") -> dict[str, str]:
    """Return the forms of a picture by their types: SVG, the same as HTML, and a text for where no picture can be.

    ``alt`` is that of ``picture``.

    >>> sorted(bundle("<svg></svg>", "a picture"))
    ['image/svg+xml', 'text/html', 'text/plain']
    """
    return {"image/svg+xml": svg, "text/html": picture(svg, alt), "text/plain": text}
