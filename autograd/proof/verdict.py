"""Verdicts: one number that was claimed for a gradient, judged by the slopes that were measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf, isfinite, isnan, log10, nan
from sys import float_info

from .differences import Estimate, Slopes

__tracebackhide__ = True

ADVICE = {
    "OK": "",
    "OK_NOISY": "agrees, but the function is too noisy or too ill-conditioned there for more digits",
    "KINK": "left and right slopes differ, and the gradient is a valid choice",
    "WRONG": "the rule is wrong, or part of the function is hidden from it (detached, rounded, branched)",
    "WRONG_AT_KINK": "the gradient is none of the slopes there, nor between: choose a side in the rule, or move the point",
    "NONFINITE": "move the point into the domain, or mask the branch with where() before it is computed",
    "NONDETERMINISTIC": "two evaluations at one point differ: fix the seed, or switch dropout and noise off",
}
SEVERITY = ["OK", "OK_NOISY", "KINK", "WRONG_AT_KINK", "WRONG", "NONFINITE", "NONDETERMINISTIC"]
RIGHT = SEVERITY[:3]
DOUBTED = ("WRONG", "WRONG_AT_KINK")  # verdicts of a first measurement that longer ones may revoke


@dataclass
class EntryFinding:
    """One comparison: the verdict, the place, both numbers, the error bar, and a note.

    ``argument`` is the number of the argument, ``name`` its name in the function, ``entry`` the path to the entry in
    it ("[2][1]", "" for a number, " along 300 entries"), ``point`` its value; ``output`` the path in the result.
    ``analytic`` is the gradient that was checked, ``numeric`` ± ``bar`` the measured slope, ``left`` and ``right`` the
    one-sided ones. ``order`` is the order of the derivative. ``of`` is "f", or the operation whose rule is wrong by
    itself.
    """

    verdict: str
    argument: int
    entry: str
    point: float
    analytic: float = nan
    numeric: float = nan
    bar: float = inf
    left: float = nan
    right: float = nan
    mode: str = ""
    output: str = ""
    order: int = 1
    note: str = ""
    name: str = ""
    of: str = "f"
    samples: list[tuple[float, float, float, float]] = field(default_factory=list, repr=False)

    @property
    def is_right(self) -> bool:
        """True for the verdicts OK, OK_NOISY and KINK."""
        return self.verdict in RIGHT

    @property
    def digits(self) -> float:
        """How many digits of the gradient are confirmed: −log10 of (difference + bar) ÷ size."""
        size = max(abs(self.analytic), abs(self.numeric))
        apart = abs(self.analytic - self.numeric) + self.bar
        if not isfinite(apart) or not size:
            return 16.0 if apart == 0 else nan
        return min(16.0, max(0.0, -log10(apart / size))) if apart else 16.0

    @property
    def what(self) -> str:
        """The derivative in words: of what, with respect to what."""
        d = "d" if self.order == 1 else f"d{self.order} "
        return f"{d}{self.of}{self.output}/d{self.name or f'x{self.argument}'}{self.entry}"

    @property
    def is_direction(self) -> bool:
        """True if several entries move at once."""
        return self.entry.startswith(" along")


def judge(measured: Slopes, analytic: float, blank: EntryFinding, slack: float = 0.0) -> EntryFinding:
    """The finding on one claimed slope, at the place of ``blank``; ``slack`` is the rounding in the claimed value itself."""
    finding = replace(blank, verdict="WRONG", analytic=analytic, numeric=measured.slope.value, bar=measured.slope.bar,
                      left=measured.left.value, right=measured.right.value, samples=measured.samples)
    if measured.kind == "nowhere":
        finding.verdict, finding.note = "NONFINITE", "the function is finite at the point and nowhere next to it"
    elif measured.kind == "steep":
        finding.note = "the slope is infinite here"
    elif measured.kind in ("kink", "jump"):
        _judge_at_kink(finding, measured)
    else:
        _judge_slope(finding, measured, slack)
    return finding


def _rounding(analytic: float) -> float:
    return 1e-13 * abs(analytic) + float_info.min  # smaller numbers have lost digits


def _judge_at_kink(finding: EntryFinding, measured: Slopes) -> None:
    left, right, analytic = measured.left, measured.right, finding.analytic
    sides = sorted((x for x in (left, right) if isfinite(x.bar)), key=lambda x: x.value) or [left]
    low, high = sides[0], sides[-1]
    inside = _lies_between(analytic, low, high) and (finding.is_direction or not _is_slip(analytic, low, high))
    finding.verdict = "KINK" if inside else "WRONG_AT_KINK"
    finding.bar = max(low.bar, high.bar)
    finding.numeric = min((low.value, high.value), key=lambda x: abs(x - analytic))
    which = next((side for side, x in (("left", left), ("right", right)) if x.covers(analytic)), "between")
    finding.note = f"slopes {left.value + 0.0:.6g} left, {right.value + 0.0:.6g} right"
    finding.note += f"; the gradient is {which}" if inside else ""
    if measured.kind == "jump":
        finding.note = "the value jumps here; " + finding.note


def _lies_between(analytic: float, low: Estimate, high: Estimate) -> bool:
    rounding = _rounding(analytic)
    return low.value - low.bar - rounding <= analytic <= high.value + high.bar + rounding


def _is_slip(analytic: float, low: Estimate, high: Estimate) -> bool:
    """True if the gradient is close to a usual choice (low, high, their mean) but not equal to it: an error, no choice."""
    noise = low.bar + high.bar + _rounding(analytic)
    usual = (low.value, high.value, (low.value + high.value) / 2)
    return any(noise < abs(analytic - x) < 1e-4 * (high.value - low.value) for x in usual)


def _judge_slope(finding: EntryFinding, measured: Slopes, slack: float) -> None:
    slope, left, right, analytic = measured.slope, measured.left, measured.right, finding.analytic
    size = max(abs(analytic), abs(slope.value))
    least = min(left.value - left.bar, right.value - right.bar)
    most = max(left.value + left.bar, right.value + right.bar)
    if least <= analytic <= most and most - least <= 1e-8 * size:  # a kink too small to distinguish from rounding
        finding.bar = max(slope.bar, abs(analytic - slope.value))
    if slack > slope.bar:
        finding.bar += slack
        finding.note = f"rounding puts ±{slack:.1e} into the gradient itself"
    if abs(analytic - slope.value) <= finding.bar + _rounding(analytic):
        finding.verdict = "OK_NOISY" if finding.bar > 1e-6 * (size if analytic else measured.natural) else "OK"
        finding.note = "measured from one side: the other is not finite" if measured.kind == "edge" else finding.note
    elif len(measured.wide) == 2 and any(isfinite(x.bar) and x.covers(analytic) for x in measured.wide):
        finding.verdict, finding.bar = "OK_NOISY", abs(analytic - slope.value) + slope.bar
        finding.note = "a kink nearer than rounding lets one see: the gradient is that of one side"


def allow_nan_at_kinks(found: list[EntryFinding], lower: list[EntryFinding]) -> list[EntryFinding]:
    """The findings on a higher order, where nan by an entry at which ``lower`` ones saw a kink is right: none exists there."""
    kinks = [x for x in lower if x.verdict == "KINK"]
    for finding in found:
        by = [kink for kink in kinks if (kink.argument, kink.entry) == (finding.argument, finding.entry)
              or f"/d{kink.name}{kink.entry}" in finding.output or " mixed" in finding.output]
        if by and finding.verdict == "NONFINITE" and isnan(finding.analytic):
            finding.verdict, finding.note = "KINK", "the slope jumps here: nan says that there is no further derivative"
    return found


def name_mistake(finding: EntryFinding, factors: Iterable[tuple[str, float]]) -> str:
    """The kind of mistake that the ratio of both numbers looks like; ``factors`` (path, number) may have been lost."""
    a, n = finding.analytic, finding.numeric
    close = max(1e-6, 2 * finding.bar / abs(n)) if n else inf
    if a == 0:
        return "no gradient arrives: detached, rounded, or a term is missing"
    if close > 0.01:
        return ""
    ratio = a / n
    if abs(ratio - 1) < 0.01:
        return f"off by a relative {ratio - 1:.2g}"
    named = {-1.0: "the sign is wrong", 2.0: "twice too large", 0.5: "half of what it should be"}
    for known, text in named.items():
        if abs(ratio / known - 1) <= close:
            return text
    for path, x in factors:
        for power, text in ((-1, "is missing"), (1, "is too much")):
            if x not in (0, 1, -1) and abs(ratio / x**power - 1) <= close:
                return f"a factor {path} = {x:.6g} {text}"
    for q in range(1, 13):
        p = round(ratio * q)
        if p and abs(ratio * q / p - 1) <= close:
            return f"{p}/{q} of what it should be" if q > 1 else f"{p} times too large"
    return f"{ratio:.6g} times what it should be"
