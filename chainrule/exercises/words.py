"""Texts of the exercises: a message with its numbers, spoken when shown, and the objects that a check, hint and solution return."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from autograd.languages import message, reader_language, translated

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Message:
    """A text for translation and the values of its ``{names}``, which may be messages too, or lists of texts.

    >>> Message("{n} numbers", {"n": 2}).said("en")
    '2 numbers'
    """

    text: str
    values: dict[str, Any] = field(default_factory=dict)

    def said(self, lang: str) -> str:
        """The text in a language."""
        def spoken(x: Any) -> Any:
            if isinstance(x, list):
                return ", ".join(translated(part, lang, PACKAGE) for part in x)
            return x.said(lang) if isinstance(x, Message) else x

        values = {name: spoken(x) for name, x in self.values.items()}
        text = translated(self.text, lang, PACKAGE)
        return text.format(**values) if values else text


class Spoken:
    """An object that shows a sentence: ``repr`` as plain text, in a notebook as a paragraph with a colour of its own."""

    colour = "#57606a"

    def __str__(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        lines = "<br>".join(escape(line) for line in str(self).split("\n"))
        return f'<p style="border-left:4px solid {self.colour};padding:4px 10px;margin:4px 0">{lines}</p>'


class Verdict(Spoken):
    """The verdict on an answer: ``right`` (None where there is no answer yet) and ``reason``, a sentence.

    >>> Verdict(False, Message("look at the sign"), "en")
    ✗ not yet: look at the sign
    """

    def __init__(self, right: bool | None, reason: Message, lang: str):
        self.right, self.lang, self._reason = right, lang, reason
        self.colour = {True: "#1a7f37", False: "#cf222e", None: "#57606a"}[right]

    @property
    def reason(self) -> str:
        """The reason in one sentence."""
        return self._reason.said(self.lang)

    def __bool__(self) -> bool:
        return self.right is True

    def __str__(self) -> str:
        if self.right is None:
            return f"✎ {self.reason}"
        head = Message(message("right")) if self.right else Message(message("not yet"))
        return f"{'✓' if self.right else '✗'} {head.said(self.lang)}: {self.reason}"


class Hint(Spoken):
    """One hint: ``number`` of ``of``, and its ``text``."""

    def __init__(self, text: Message, number: int, of: int, lang: str):
        self.text, self.number, self.of, self._lang = text.said(lang), number, of, lang

    def __str__(self) -> str:
        head = Message(message("hint {number} of {of}"), {"number": self.number, "of": self.of}).said(self._lang)
        return f"💡 {head}: {self.text}"


class Solution(Spoken):
    """The solution of an exercise: ``answer``, and ``way``, how to find it."""

    colour = "#0969da"

    def __init__(self, answer: Any, shown: str, way: Message, lang: str):
        self.answer, self._shown, self.way = answer, shown, way.said(lang)

    def __str__(self) -> str:
        return f"{self._shown}\n{self.way}"

    def _repr_html_(self) -> str:
        if "\n" not in self._shown:
            return super()._repr_html_()
        return (f'<div style="border-left:4px solid {self.colour};padding:4px 10px"><pre>{escape(self._shown)}</pre>'
                f"<p>{escape(self.way)}</p></div>")


class Listing(str):
    """A program as text, shown with numbered lines."""

    __slots__ = ()

    def __repr__(self) -> str:
        lines = self.split("\n")
        return "\n".join(f"{i:{len(str(len(lines)))}}  {line}".rstrip() for i, line in enumerate(lines, 1))

    def _repr_html_(self) -> str:
        return f'<pre style="border-left:4px solid #57606a;padding:4px 10px">{escape(repr(self))}</pre>'


def language(lang: str | None) -> str:
    """The language to speak, checked."""
    return reader_language(lang)
