"""Two programs side by side: the engine of chapter 0, and the lines of ``autograd/value.py`` that do the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from html import escape
from textwrap import dedent
from typing import Any

from autograd import ops, value
from autograd.languages import message, reader_language

from ..exercises.words import Message

_PARTS = (
    (message("A gate: its value, and the local gradient towards each input"), "__mul__", (
        (ops, "mul = row(", "mul = row("), (value.binary, "out = forward(x, y)", "db = None if given_y else dy if"),
        (value.binary, "node: Any = new(Value)", "node.data, node.op"))),
    (message("The order: every number after its inputs"), "order", ((value.Value, "while stack:", "push(node.a)"),)),
    (message("The sweep from the end: += upstream × local"), "backward", (
        (value.Value, "self.grad = seed", "node.a.grad +="),
        (value.Value, "local = node.db", "node.b.grad +="))),
    (message("What the sweep before has left: numbers in the middle begin at 0, leaves add this sweep to the last"), "backward", (
        (value.Value, "elif node.grad is not zero", "continue"),
        (value.Value, "after = [", "any(map(setattr, leaves"))),
)


class Listings:
    """Programs in two columns, shown in notebooks; on a narrow page one below the other."""

    def __init__(self, rows: list[tuple[str, str, str]], heads: tuple[str, str]):
        self.rows, self.heads = rows, heads

    def _repr_html_(self) -> str:
        box = '<pre tabindex="0" style="margin:2px 0;padding:6px 8px;overflow-x:auto;font-size:12px;line-height:1.4">'
        half = '<div style="flex:1 1 360px;min-width:0">'
        parts = []
        for title, *sides in self.rows:
            both = "".join(f"{half}<small>{escape(head)}</small>{box}{escape(side)}</pre></div>"
                           for head, side in zip(self.heads, sides))
            parts.append(f'<p style="margin:10px 0 2px"><b>{escape(title)}</b></p>'
                         f'<div style="display:flex;flex-wrap:wrap;gap:4px 16px;max-width:880px">{both}</div>')
        return f"<div>{''.join(parts)}</div>"

    def __repr__(self) -> str:
        return "\n\n".join(f"{title}\n── {self.heads[0]}\n{left}\n── {self.heads[1]}\n{right}" for title, left, right in self.rows)


def side_by_side(engine: type, *, lang: str | None = None) -> Listings:
    """Return the parts of an engine, a class with ``__mul__``, ``order`` and ``backward``, beside those of ``autograd.Value``.

    >>> class Engine:
    ...     def __mul__(self, other): return other
    ...     order = backward = __mul__
    >>> len(side_by_side(Engine, lang="en").rows)
    4
    """
    spoken = reader_language(lang)
    rows = []
    for title, name, places in _PARTS:
        theirs = "\n…\n".join(_lines(*place) for place in places)
        rows.append((Message(title).said(spoken), _source(getattr(engine, name)), theirs))
    return Listings(rows, (Message(message("yours")).said(spoken), "autograd/value.py"))


def _source(function: Callable[..., Any]) -> str:
    try:
        return dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):  # typed where no file keeps it
        return f"def {function.__name__}(…): …"


def _lines(place: Any, first: str, last: str) -> str:
    """The lines of a source from the one that contains ``first`` to the next that contains ``last``."""
    lines = inspect.getsource(place).split("\n")
    begin = next(i for i, line in enumerate(lines) if first in line)
    end = next(i for i, line in enumerate(lines[begin:], begin) if last in line)
    return dedent("\n".join(lines[begin:end + 1]))
