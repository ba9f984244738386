"""Texts of a check's report for translation: each is looked up as it is shown, with its ``{holes}`` filled in."""

from __future__ import annotations

from pathlib import Path

from ..languages import message, spoken

WORDS = (
    message("verdict"),
    message("of"),
    message("at"),
    message("gradient"),
    message("measured"),
    message("digits"),
    message("mode"),
    message("what was found"),
    message("both"),
    message("reverse"),
    message("forward"),
    message("gradient right"),
    message("gradient WRONG"),
    message("not the same value each time"),
    message("value or gradient not finite"),
    message("… and {n} more, no worse than {verdict}"),
    message("agrees, but the function is too noisy or too ill-conditioned there for more digits"),
    message("left and right slopes differ, and the gradient is a valid choice"),
    message("the rule is wrong, or part of the function is hidden from it (detached, rounded, branched)"),
    message("the gradient is none of the slopes there, nor between: choose a side in the rule, or move the point"),
    message("move the point into the domain, or mask the branch with where() before it is computed"),
    message("two evaluations at one point differ: fix the seed, or switch dropout and noise off"),
    message("no gradient arrives: detached, rounded, or a term is missing"),
    message("off by a relative {ratio}"),
    message("the sign is wrong"),
    message("twice too large"),
    message("half of what it should be"),
    message("a factor {path} is missing"),
    message("a factor {path} is too much"),
    message("{ratio} of what it should be"),
    message("{ratio} times too large"),
    message("{ratio} times what it should be"),
    message("it changes faster than floats can follow: the value at the next ones is another"),
    message("right in float64, but not in float32: an unstable formula, or a cast"),
    message("the function is finite at the point and nowhere next to it"),
    message("the slope is infinite here"),
    message("the value jumps here; {rest}"),
    message("slopes {left} left, {right} right; the gradient is {which}"),
    message("slopes {left} left, {right} right"),
    message("left"),
    message("right"),
    message("between"),
    message("rounding puts {slack} into the gradient itself"),
    message("measured from one side: the other is not finite"),
    message("a kink nearer than rounding lets one see: the gradient is that of one side"),
    message("the slope jumps here: nan says that there is no further derivative"),
    message("spread over {n} entries, in none of which alone it can be seen"),
)


def said(text: str, lang: str) -> str:
    """Return a text of a report in a language.

    >>> said("the sign is wrong", "ko")
    '부호가 틀렸습니다'
    """
    return spoken(text, lang, Path(__file__).parents[1])
