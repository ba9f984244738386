"""The playground's page: its scripts, packed, and what they need from Python: the table, the stepper's page, and the words."""

from __future__ import annotations

import json
import re
from typing import Any

from autograd import Value
from autograd.languages import LANGUAGES
from autograd.notebook import PAGE_HEAD

from ..quizzes import LABELS as QUIZ_LABELS
from ..quizzes import WORDS as QUIZ_WORDS
from . import play_words, step_words
from .play_rules import printed_rules
from .play_table import printed_table
from .step_page import Stepper, packed, source, style_sheet

BEFORE = ("layout.js", "circuit.js")
STEPPER = ("quiz_page.js", "step_page.js")  # run anew for every circuit
PARTS = "texts graph tokens grammar parse data train sitter state view neuron stepper expression network quiz".split()
OWN = *(f"play_{name}.js" for name in PARTS), "play.js"


class TinyStepper(Stepper):
    """The stepper of a tiny circuit: all that its page has for every circuit.

    >>> sorted(TinyStepper().shared["circuit"])
    ['merged', 'stem']
    """

    def __init__(self) -> None:
        super().__init__(Value(2.0, "x") * 3.0)

    @property
    def shared(self) -> dict[str, Any]:
        """The data that is the same for every circuit."""
        own = ("leaves", "moved", "root", "seed", "nodes", "edges", "values", "circuit")
        kept = {key: value for key, value in self._data.items() if key not in own}
        return {**kept, "circuit": {key: self._data["circuit"][key] for key in ("merged", "stem")}}

    @property
    def markup(self) -> str:
        """The inside of its page, without the heading."""
        found = re.search(r"<main[^>]*>\s*<h1>.*?</h1>(.*)</main>", self.html, re.DOTALL)
        assert found is not None
        return found[1]


def page(lang: str | None) -> str:
    """Return the whole page as text; ``lang`` is the language that it opens in, None for the reader's own."""
    sample = TinyStepper()
    style = packed("style", f"{style_sheet()}\n{source('play.css')}")
    script = packed("script", f"{_data(sample, lang)}\n{_scripts()}")
    title = play_words.said(play_words.PAGE["title"], lang or "en")
    return _PAGE.format(lang=lang or "en", unpack=source("unpack.js"), style=style, script=script, title=title)


def _data(sample: TinyStepper, lang: str | None) -> str:
    """The constants that the scripts read, as JavaScript."""
    words = play_words.all_words(page=play_words.PAGE, refusals=play_words.REFUSALS, expression=play_words.EXPRESSION,
                                 network=play_words.NETWORK, sitter=play_words.SITTER, quiz=play_words.QUIZ, asked=QUIZ_WORDS)
    labels = {lang: {selector: [play_words.said(text, lang) for text in pair] for selector, pair in QUIZ_LABELS.items()}
              for lang in LANGUAGES}
    data = {"table": printed_table(), "RULES": printed_rules(), "WORDS": words, "QUIZ_LABELS": labels,
            "STEP_WORDS": {lang: step_words.words(lang) for lang in LANGUAGES}, "SHARED": sample.shared,
            "MARKUP": sample.markup, "OPENS_IN": lang}
    return "\n".join(f"const {name} = {json.dumps(x, ensure_ascii=False, separators=(',', ':'))}" for name, x in data.items())


def _scripts() -> str:
    """All scripts in order; the stepper's are a function, run for every circuit on names that stand for the whole page's."""
    own = "DATA, COMPUTE, document, window, matchMedia, ResizeObserver"
    inside = ";".join(map(source, STEPPER))
    return ";\n".join([*map(source, BEFORE), f"function stepPage({own}) {{ {inside} }}", *map(source, OWN)])


_PAGE = PAGE_HEAD + """<script>{unpack}{style}</script>
<body>
<noscript>This page computes in your browser: allow scripts for it.</noscript>
<script>{script}</script>
</body>
</html>
"""
