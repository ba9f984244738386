"""Chapters in Korean: their prose, comments and texts by a gettext catalogue, ``locale/ko/LC_MESSAGES/notebooks.po``.

A message is a heading, a paragraph, an item of a list, a row of a table; a comment or a text in the code. The same text has one
translation everywhere, so code that looks a text up still finds it; a text that must stay (a name of the library) is its own
translation.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autograd.languages import catalogue

HERE = Path(__file__).parent
PREFIX = re.compile(r"(#+ |> |\d+\. |- )?(.*)", re.DOTALL)
NOQA = re.compile(r"noqa|type: ignore|tags=")


def korean() -> dict[str, str]:
    """Return the catalogue: from each message to its translation."""
    return catalogue(HERE / "locale" / "ko" / "LC_MESSAGES" / "notebooks.po")


def translate(notebook: Any, words: dict[str, str]) -> Any:
    """Translate a notebook in place, and return it; what has no translation stays."""
    for cell in notebook.cells:
        change = prose if cell["cell_type"] == "markdown" else code
        cell["source"] = change(cell["source"], lambda text: words.get(text, text))
    return notebook


def messages(notebook: Any) -> dict[str, bool]:
    """Return the messages of a notebook, in order; True for those that must be translated: single words of code may be names."""
    found: dict[str, bool] = {}

    def keep(message: str) -> str:
        found.setdefault(message, True)
        return message

    for cell in notebook.cells:
        text = cell["source"]
        (prose if cell["cell_type"] == "markdown" else code)(text, keep)
        if cell["cell_type"] == "code":
            for *_, message in _texts(text):
                found[message] = " " in message.strip()
    found.pop("", None)
    return found


def prose(source: str, change: Callable[[str], str]) -> str:
    r"""Return Markdown with every message changed: headings, paragraphs, items and rows, without their marks and line breaks.

    >>> prose("## A b\n\nOne\ntwo.", str.upper)
    '## A B\n\nONE TWO.'
    """
    blocks = []
    for block in re.split(r"\n\s*\n", source):
        lines = block.split("\n")
        if block.startswith("|"):
            blocks.append("\n".join(line if re.fullmatch(r"[|\-: ]+", line) else change(line) for line in lines))
            continue
        parts: list[str] = []
        for line in lines:
            quoted = line.startswith(">") and parts and parts[-1].startswith(">")
            if not parts or not quoted and re.match(r"(#+|>|\d+\.|-) ", line):
                parts.append(line)
            else:
                parts[-1] += f" {line.lstrip('> ').strip()}"
        blocks.append("\n".join(f"{found[1] or ''}{change(found[2])}" for found in map(PREFIX.fullmatch, parts) if found))
    return "\n\n".join(blocks)


def code(source: str, change: Callable[[str], str]) -> str:
    """Return Python with every comment and every text changed.

    >>> print(code('print("a b")  # why', str.upper))
    print("A B")  # WHY
    """
    edits = sorted([*_comments(source), *_texts(source)], reverse=True)
    lines = source.split("\n")
    for first, start, last, end, text in edits:
        new = change(text)
        if new != text:
            piece = lines[first - 1][:start] + new + lines[last - 1][end:]
            lines[first - 1:last] = piece.split("\n")
    return "\n".join(lines)


Place = tuple[int, int, int, int, str]  # first line, column, last line, column, text


def _comments(source: str) -> Iterator[Place]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not NOQA.search(token.string) and re.search("[A-Za-z]{2}", token.string):
            line, column = token.start
            text = token.string.lstrip("# ")
            yield line, column + len(token.string) - len(text), line, token.end[1], text


def _texts(source: str) -> Iterator[Place]:
    """Texts with a word in them: constants without their quotes; those with values in them as they are written."""
    lines = source.split("\n")
    todo: list[ast.AST] = [ast.parse(source)]
    for node in todo:
        inside = isinstance(node, ast.JoinedStr)
        if not inside and not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            todo += ast.iter_child_nodes(node)
            continue
        place: Any = node
        start = len(lines[place.lineno - 1].encode()[:place.col_offset].decode())
        end = len(lines[place.end_lineno - 1].encode()[:place.end_col_offset].decode())
        whole = _between(lines, place.lineno, start, place.end_lineno, end)
        quotes = re.match(r'[fr]*("""|"|\')', whole)
        if quotes is None or not whole.endswith(quotes[1]):
            continue
        text = whole[len(quotes[0]):-len(quotes[1])]
        words = re.sub(r"\{[^{}]*\}|\\n", " ", text) if inside else text
        if re.search("[A-Za-z]{3}", words):
            yield place.lineno, start + len(quotes[0]), place.end_lineno, end - len(quotes[1]), text


def _between(lines: list[str], first: int, start: int, last: int, end: int) -> str:
    if first == last:
        return lines[first - 1][start:end]
    return "\n".join([lines[first - 1][start:], *lines[first:last - 1], lines[last - 1][:end]])
