"""Messages in the reader's language, from gettext catalogues: ``locale/ko/LC_MESSAGES/*.po`` in the package that speaks.

English is the language of the source. A text for translation is marked with ``message("…")``; its translation is looked up when
it is shown, so one object can speak both languages. The catalogues are read as they are: nothing has to be compiled.
"""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "ko")
PACKAGE = Path(__file__).parent


def message(text: str) -> str:
    """Return a text as it is: the mark by which tools find it for translation (``xgettext --keyword=message``).

    >>> message("not answered yet")
    'not answered yet'
    """
    return text


def reader_language(lang: str | None = None) -> str:
    """Return the language to speak: ``lang``, or that of the environment (as gettext reads it), English where there is neither.

    Raises ValueError for a language that there is no catalogue for.

    >>> reader_language("ko")
    'ko'
    """
    if lang is not None:
        if lang not in LANGUAGES:
            known = " and ".join(map(repr, LANGUAGES))
            raise ValueError(f"lang={lang!r}: the languages are {known}; leave it out for your system's")
        return lang
    said = next(filter(None, map(os.environ.get, ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return said[:2] if said[:2] in LANGUAGES else "en"


@cache
def catalogue(path: Path) -> dict[str, str]:
    r"""Read a ``.po`` file: from each text to its translation, untranslated and fuzzy ones left out.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder) / "x.po"
    ...     _ = place.write_text('msgid "loss"\nmsgstr "손실"\n', encoding="utf-8")
    ...     catalogue(place)
    {'loss': '손실'}
    """
    found: dict[str, str] = {}
    for entry in path.read_text(encoding="utf-8").split("\n\n"):
        texts = {"msgid": "", "msgstr": ""}
        part, fuzzy = "", False
        for line in entry.splitlines():
            fuzzy |= line.startswith("#,") and "fuzzy" in line
            word, _, rest = line.partition(" ")
            if word in texts:
                part, line = word, rest
            if part and line.startswith('"'):
                texts[part] += ast.literal_eval(line)
        if texts["msgid"] and texts["msgstr"] and not fuzzy:
            found[texts["msgid"]] = texts["msgstr"]
    return found


def translated(text: str, lang: str, package: Path) -> str:
    """Return a text in a language, from the catalogue of the package in this folder; untranslated texts stay English.

    >>> translated("not a text of any catalogue", "ko", Path(__file__).parent)
    'not a text of any catalogue'
    """
    path = package / "locale" / lang / "LC_MESSAGES" / f"{package.name}.po"
    return text if lang == "en" or not path.exists() else catalogue(path).get(text, text)


def spoken(text: str, lang: str, package: Path, among: tuple[str, ...] = ()) -> str:
    """Return a text with numbers in it in a language: by the entry whose ``{holes}`` fit it; what fills them is spoken too.

    A hole ``{n}`` takes numbers only. With ``among``, only these entries are looked up; without it those of this package too.

    >>> spoken("no such text of 3 words", "ko", Path(__file__).parent)
    'no such text of 3 words'
    """
    path = package / "locale" / lang / "LC_MESSAGES" / f"{package.name}.po"
    if lang == "en" or not path.exists():
        return text
    known = catalogue(path)
    if text in (among or known):
        return known.get(text, text)
    for pattern, to in _patterns(path, among):
        if found := pattern.fullmatch(text):
            return to.format(**{hole: spoken(x, lang, package, among) for hole, x in found.groupdict().items()})
    return text if among or package == PACKAGE else spoken(text, lang, PACKAGE)


@cache
def _patterns(path: Path, among: tuple[str, ...]) -> list[tuple[re.Pattern[str], str]]:
    """The entries with holes, as patterns; those with more words of their own first."""
    def hole(found: re.Match[str]) -> str:
        return f"(?P<{found[1]}>{'[−+-]?[0-9][^ ]*?' if found[1] == 'n' else '.+?'})"

    return [(re.compile(re.sub(r"\\{(\w+)\\}", hole, re.escape(text)), re.DOTALL), to)
            for text, to in sorted(catalogue(path).items(), key=lambda pair: -len(re.sub(r"\{\w+\}", "", pair[0])))
            if "{" in text and (not among or text in among)]
