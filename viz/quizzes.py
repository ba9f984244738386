"""The quiz: the stepper with its gradients hidden; the learner fills in upstream × local, gate by gate."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from autograd.graph import Node
from autograd.languages import message, reader_language, translated
from autograd.notebook import picture
from autograd.stepping import steps

from .drawing import Drawing
from .numbers import Digits
from .web.circuit import NUMBER
from .web.step_page import Stepper, total_of
from .worksheets import blank, gates

if TYPE_CHECKING:
    from .snapshots import Names

PACKAGE = Path(__file__).parent
WORDS = {
    "how": message("The values are there. Now the gradients run back, from right to left: fill them in, gate by gate. "
                   "Every gate multiplies the upstream gradient by its local gradient."),
    "gate": message("backward · gate {k} of {n}"),
    "result": message("the result itself: it changes exactly as it changes"),
    "product": message("upstream × local"),
    "check": message("Check"), "show": message("Show this gate"),
    "label upstream": message("upstream gradient, arrived at {from}"),
    "label local": message("local gradient ∂{from}/∂{to}"),
    "label downstream": message("downstream gradient from {from} to {to}"),
    "label total": message("gradient of {to} in all"),
    "score": message("{first} of {all} at the first try · {left} left"),
    "right": message("Right. Go on with Next."),
    "done": message("This gate is filled in."),
    "end": message("All gradients are filled in: {first} of {all} at the first try."),
    "shown": message("These are the numbers of this gate; they do not count. Go on with Next."),
    "and next": message("Right. And the next one?"),
    "empty": message("Write a number into each field first."),
    "no number": message("That is no number: write it in digits, as in −0.5 or 1/3."),
    "sign": message("Look at the sign."),
    "one path": message("That is what one path brings. {to} is used more than once: add up what comes back."),
    "multiplied": message("You multiplied where you add: contributions to {to} add up."),
    "add up": message("Add up all that has arrived at {to}, this contribution too."),
    "value": message("That is the value of {to}: its gradient is asked."),
    "look right": message("It has arrived already: look below the wire that leaves {to}."),
    "upstream instead": message("That is the upstream gradient: multiply it by the local gradient."),
    "upstream instead of local": message("That is the upstream gradient. The local one is the gate's own slope."),
    "local instead": message("That is the local gradient: multiply it by the upstream gradient."),
    "downstream instead": message("That is the downstream gradient already. The local one is the gate's own slope."),
    "added": message("You added where you multiply: upstream × local."),
    "multiply": message("Multiply the upstream gradient by the local gradient."),
    "swap": message("A product swaps its inputs: towards {to} its slope is the other input."),
    "nudge": message("Nudge it: if {to} grew by a little, how many times that would {from} grow?"),
}
_ABOVE, _BELOW = message("above a wire: its value"), message("below: its gradient, once it is filled in")
LABELS = {  # selector: text, and name for screen readers
    "#next": (message("Next ▶"), message("next step")), "#previous": (None, message("previous step")),
    "#first": (None, message("first step")), "#last": (None, message("as far as it is filled in")),
    "#slider": (None, message("step")), "#stage, #stage > svg": (None, message("circuit")), "#panel": (None, message("this step")),
    ".bar": (None, message("steps")), ".legend > :nth-child(1)": (_ABOVE, None), ".legend > :nth-child(2)": (_BELOW, None),
    ".legend > :nth-child(n+3)": (" ", None),
}


def quiz(y: Node | Sequence[Node], *, digits: Digits = "auto", title: str | None = None, names: Names | None = None,
         lang: str | None = None) -> Quiz:
    """Return a page that asks for every gradient of ``y``: upstream, local and downstream, gate by gate, with feedback and a score.

    Values are shown, gradients hidden until they are filled in; numbers are right to the digits shown, fractions too. ``digits``,
    ``title`` and ``names`` are as for ``draw``; ``lang`` is "en" or "ko", by default the system's language. For several Values, as
    from ``viz.zoom``, see ``stepper``. Raises TypeError for arrays (zoom into them first), ValueError where a number is not finite.

    >>> from autograd import Value
    >>> w, x = Value(2.0, "w"), Value(-1.0, "x")
    >>> quiz(w * x + 1.0, lang="en")
    <Quiz of 2 gates>
    """
    speaks = reader_language(lang)
    if isinstance(y, (list, tuple)):
        y, _, title = total_of(y, None, title)
    if hasattr(y, "shape"):
        raise TypeError("quiz asks for single numbers, and this is a Tensor: open it with viz.zoom(y) first")
    return Quiz(y, digits, title, names, speaks)  # type: ignore[arg-type]  # a node, or checked by Stepper


class Quiz(Stepper):
    """The page of a quiz, shown in notebooks: ``html`` is its text, ``save`` writes it.

    >>> from autograd import Value
    >>> 'lang="ko"' in quiz(Value(2.0, "x") * 3.0, lang="ko").html
    True
    """

    kind = "quiz"
    scripts: ClassVar = ("layout.js", "circuit.js", "quiz_page.js", "step_page.js")

    def __init__(self, y: Node, digits: Digits = "auto", title: str | None = None, names: Names | None = None, lang: str = "en"):
        super().__init__(y, False, digits, title, names=names, lang=lang)
        walk = steps(y)
        numbers = [x for step in walk for x in (step.value, *(z for edge in step.edges for z in (edge.local, edge.downstream)))]
        if not all(isfinite(x) for x in numbers):
            raise ValueError("quiz: one of the circuit's numbers is nan or inf; viz.stepper(y) shows where it arises")

        def said(text: str | None) -> str | None:
            return text and translated(text, lang, PACKAGE)

        self.gates = gates(y)
        self.title = title or said(message("Fill in the gradients"))
        self._picture = blank(Drawing(self._graph, digits, title=self.title, room=NUMBER).svg)
        self._data["quiz"] = {"words": {key: said(text) for key, text in WORDS.items()},
                              "labels": {key: [said(text), said(label)] for key, (text, label) in LABELS.items()}}
        self._data["circuit"]["fixed"] = True

    def _repr_html_(self) -> str:
        """A still picture without gradients and the frame; in an untrusted notebook, which removes frames, the picture remains."""
        run = translated(message("Run this cell to fill it in."), self.lang, PACKAGE)
        return f'<div class="chainrule-still"><p>{escape(run)}</p>{picture(self._picture)}</div>{self.frame()}'

    def __repr__(self) -> str:
        return f"<Quiz of {self.gates:,} gates>"

