"""check_gradients: hold the gradients of a function against differences of its values, with an error bar.

The function is measured along lines through the point, one for every entry of small arguments, random signed directions
for large ones. Each measured slope is compared with the gradients of reverse and forward mode, within the error bar of
the measurement: there is no step size and no tolerance to choose. The parts are in ``autograd/proof``.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Sequence
from math import nan

from .proof.report import GradientReport, WrongGradient
from .proof.search import EntrySearch
from .proof.subject import CheckedFunction, GradientFunction, HiddenPart, argument_names
from .proof.verdict import RIGHT, EntryFinding, allow_nan_at_kinks

__all__ = ["RIGHT", "EntryFinding", "GradientReport", "WrongGradient", "check_gradients"]

__tracebackhide__ = True  # pytest shows the line of the test, not of the checker
MODES = ("reverse", "forward")


def check_gradients(f: Callable[..., object], *xs: object, order: int = 1, modes: Sequence[str] = MODES,
                    gradient: Callable[..., object] | None = None, raise_on_error: bool = False,
                    seed: int = 0, lang: str | None = None) -> GradientReport:
    """Check the gradients of ``f`` at ``xs`` against differences of its values, within their error bar.

    ``xs`` are numbers, arrays, Values, Tensors, nested lists, tuples and dicts of them; ``f`` returns the same kinds.
    ``modes`` says what is checked: "reverse" (vjp), "forward" (jvp), and with both also that they agree. ``order=2``
    checks the second derivatives too, where the first are right. ``gradient``, a function of the same arguments
    that returns the gradient in their form, is checked in place of both modes (another library's, or one written by
    hand); ``f`` is then only evaluated, and must return one number. float32 arrays are checked against the function in
    float64. Directions and cotangents are drawn from ``seed``. The report speaks ``lang``, "en" or "ko", by default the
    system's language.

    A number that leaves the graph inside ``f`` (``math.tanh(x)``) makes the verdict WRONG, with the place. Returns a
    ``GradientReport``, true where right. Raises WrongGradient (an AssertionError) with its table where wrong
    if ``raise_on_error``; TypeError and ValueError for arguments that cannot be checked.

    >>> report = check_gradients(lambda x, y: tanh(x * y), 0.5, 0.3)
    >>> bool(report), report.verdict
    (True, 'OK')
    >>> wrong = check_gradients(lambda x: x**3, 2.0, gradient=lambda x: -3 * x**2)
    >>> wrong.verdict, wrong.worst.analytic, round(wrong.worst.numeric, 9), wrong.worst.note
    ('WRONG', -12.0, 12.0, 'the sign is wrong')
    """
    _refuse_misuse(xs, order, modes, gradient)
    name = getattr(f, "__name__", repr(f))
    names = argument_names(f, len(xs))
    findings: list[EntryFinding] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # points outside the domain and rules without a derivative are expected here
        places = None
        for level in range(1, order + 1):
            try:
                subject = CheckedFunction(f, xs, names, modes, gradient, level, places)
                found = EntrySearch(subject, random.Random(seed)).findings()
                findings += allow_nan_at_kinks(found, findings)
            except HiddenPart as error:
                findings.append(EntryFinding("WRONG", 0, "", nan, order=level, name=names[0], note=str(error)))
            if not all(finding.is_right for finding in findings):
                break  # the derivative of a wrong gradient gives no more information
            f = GradientFunction(subject)
            places = f.places
    report = GradientReport(findings, "f" if name == "<lambda>" else name, lang)
    if raise_on_error and not report:
        raise WrongGradient(report)
    return report


def _refuse_misuse(xs: tuple[object, ...], order: int, modes: Sequence[str],
                   gradient: Callable[..., object] | None) -> None:
    if not xs:
        raise TypeError("check_gradients(f, *xs) needs at least one argument to differentiate with respect to; got none")
    if unknown := set(modes) - set(MODES) or not modes:
        raise ValueError(f"check_gradients: modes={modes!r}; choose from {MODES}, at least one ({unknown})")
    if order < 1 or (gradient is not None and order > 1):
        raise ValueError(f"check_gradients: order={order!r} with gradient={gradient!r}; the order must be 1, 2, …, and a "
                         "gradient= that returns numbers can be checked to order 1 only; leave it out for higher orders")
