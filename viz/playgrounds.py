"""The playground: one page, without Python, in which formulas and networks are computed, drawn, trained and stepped through."""

from __future__ import annotations

from functools import cached_property
from html import escape
from pathlib import Path

from autograd import Value, exp
from autograd.files import write_whole
from autograd.languages import LANGUAGES, message, reader_language, translated
from autograd.notebook import picture

from .drawing import draw

PACKAGE = Path(__file__).parent


class Playground:
    """The playground's page, shown in notebooks: ``html`` is its text, ``save`` writes it.

    >>> page = Playground("en")
    >>> page, "https://" in page.html
    (<Playground in English, Korean>, False)
    """

    def __init__(self, lang: str | None = None):
        self.lang = lang if lang is None else reader_language(lang)

    @cached_property
    def html(self) -> str:
        """The self-contained page as text."""
        from .web.play_page import page  # with all of nn: loaded when it is needed
        return page(self.lang)

    def save(self, path: str | Path) -> Path:
        """Write the page to a file for a browser, and return its path."""
        return write_whole(path, self.html)

    def _repr_html_(self) -> str:
        """A still picture and the page in a frame; in an untrusted notebook, which removes frames, the picture remains."""
        said = translated(message("Run this cell to open the playground. It begins with this circuit:"), reader_language(self.lang),
                          PACKAGE)
        return f'<div class="chainrule-still"><p>{escape(said)}</p>{picture(_first_circuit())}</div>{self._frame()}'

    def _frame(self) -> str:
        return f'<iframe srcdoc="{escape(self.html)}" title="Playground" style="width:100%;height:1000px;border:0"></iframe>'

    def __repr__(self) -> str:
        names = {"en": "English", "ko": "Korean"}
        return f"<Playground in {', '.join(names[lang] for lang in LANGUAGES)}>"


def _first_circuit() -> str:
    """The circuit that the page opens with, as SVG: the sigmoid neuron of the lecture."""
    w0, x0, w1, x1, w2 = (Value(x, name) for x, name in zip((2.0, -1.0, -3.0, -2.0, -3.0), ("w0", "x0", "w1", "x1", "w2")))
    y = 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))
    y.backward()
    return draw(y).svg


def playground(path: str | Path | None = None, lang: str | None = None) -> Playground:
    """Return the playground, a page of three tabs: Expression, Network and Quiz; with ``path``, write it to that file too.

    Expression draws the circuit of a formula as it is typed, and steps through it; Network trains a small network on points of
    the plane, and opens each neuron into its gates; Quiz asks for the gradients. The page needs no Python and asks nothing of other
    hosts: it computes with the rows of the table, those that you added included. ``lang`` is the language that it opens in, "en" or
    "ko"; by default the reader's own. Raises ValueError for another language, LookupError for an added row without JavaScript.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = playground(Path(folder) / "play.html")
    ...     (Path(folder) / "play.html").stat().st_size < 200_000
    True
    """
    made = Playground(lang)
    if path is not None:
        made.save(path)
    _ = made.html  # made now, so that a row without JavaScript is refused here
    return made
