"""Columns of a table in the terminal: aligned by display width, and folded where the terminal is narrow."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterator, Sequence

Row = tuple[str, ...]  # a note alone; or a name, a value, and the pieces of the gradient
FEW = 8  # characters, the fewest for a column of names


def room() -> int:
    """Return the characters per line of the terminal, from ``COLUMNS`` or the terminal itself; 0 where there is no terminal."""
    return shutil.get_terminal_size((0, 0)).columns


def cells(text: str) -> int:
    """Return the display width of a text: Korean, Chinese and Japanese characters take two cells.

    >>> cells("w0"), cells("가중치")
    (2, 6)
    """
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, places: int) -> str:
    """Return a text padded with spaces to this many cells."""
    return text + " " * (places - cells(text))


def in_columns(rows: Sequence[Row], limit: int = 0) -> list[Row]:
    """Return rows with their cells padded to columns; lines longer than the limit are folded.

    A name too long for its column takes a line of its own, with its numbers below; a product too long to follow a name stands under
    it.

    >>> for row in in_columns([("x", "3.00", "gradient 4.00"), ("a long name = x × y", "12.0", "gradient 1.00")], 32):
    ...     print("".join(row).rstrip())
    x           3.00   gradient 4.00
    a long name = x × y
                12.0   gradient 1.00
    """
    full = [row for row in rows if len(row) > 1]
    wide, values = (max((cells(row[i]) for row in full), default=0) for i in (0, 1))
    longest = max((cells("".join(row[2:])) for row in full), default=0)
    if not limit or max([wide + values + 6 + longest, *(cells(row[0]) for row in rows if len(row) == 1)]) <= limit:
        return [(padded(row[0], wide + 3), padded(row[1], values + 3), *row[2:]) if len(row) > 1 else row for row in rows]
    gradients = [length for row in full if row[1] and (length := cells("".join(row[2:]))) <= limit / 2]
    values = max((length for row in full if (length := cells(row[1])) <= limit / 3), default=0)
    wide = max(min(wide, limit - 6 - values - max(gradients, default=0)), FEW)
    behind = max((length for row in full if not row[1] and (length := cells(row[0])) <= limit / 3), default=0)
    return [line for row in rows for line in (_wrapped(row[0], limit) if len(row) == 1 else
                                              _folded(row, wide, values, limit) if row[1] else _product(row, behind, limit))]


def _wrapped(text: str, limit: int, indent: str = "") -> Iterator[Row]:
    """Break a text into as many lines as it needs."""
    line = ""
    for word in re.findall(r"\s*\S+", text):
        if line and cells(indent + line + word) > limit:
            yield (indent + line,)
            line, word = "", word.lstrip()
        for c in word:
            if cells(indent + line + c) > limit:
                yield (indent + line,)
                line = ""
            line += c
    yield (indent + line,)


def _folded(row: Row, wide: int, values: int, limit: int) -> Iterator[Row]:
    """Break one row into lines within the limit."""
    name, value, *rest = row
    length = cells("".join(rest))
    if cells(name) > wide:
        yield from ((line, "", "") for (line,) in _wrapped(name, limit))
        name = ""
    if cells(value) <= values and wide + 6 + values + length <= limit:
        yield (padded(name, wide + 3), padded(value, values + 3), *rest)
        return
    if name:
        yield (name, "", "")
    for (line,) in _wrapped(value, limit - 4):
        yield ("    ", line, "")
    if length:
        yield from _pieces(rest, limit)


def _product(row: Row, behind: int, limit: int) -> Iterator[Row]:
    """Place a product after the name of its target where there is room, else under it."""
    name, _, *rest = row
    if cells(name) <= behind and behind + 3 + cells("".join(rest)) <= limit:
        yield (padded(name, behind + 3), "", *rest)
        return
    yield (*_cut(name, limit), "", "")
    yield from _pieces(rest, limit)


def _cut(name: str, limit: int) -> Row:
    while cells(name) > limit:
        name = name.removesuffix("…")[:-1] + "…"
    return (name,)


def _pieces(rest: Sequence[str], limit: int) -> Iterator[Row]:
    """Place the pieces of a product under their name: in one line where they fit, else one line each, in their colours."""
    indent = "    "
    if len(indent) + cells("".join(rest)) <= limit:
        yield (indent, "", *rest)
        return
    for i, piece in enumerate(rest):
        for (line,) in _wrapped(piece.strip(), limit - len(indent)):
            yield (indent, "", *("" for _ in range(i)), line)
