"""The gradient along one line, held against the slope measured there: a brief look first, longer ones where it is doubted."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache, cached_property
from math import ceil, copysign, hypot, inf, isfinite, log2, nan
from sys import float_info

from .differences import Slopes, measure_slopes, own_length
from .graphs import first_nonfinite, operations_at_kinks, predicted_noise
from .lines import EACH, Cotangent, SampledLine, draw_signed
from .noise import Curve, noise_at_any_grid
from .subject import CheckedFunction, HiddenPart
from .verdict import DOUBTED, EntryFinding, judge, name_mistake

__tracebackhide__ = True

ANALYSES = 2  # number of errors that get the slow rounding analysis; further ones get none
STRETCH = 1.375  # factor of the steps of a second measurement, which uses other points
SHAKES = 4  # pairs of points used to measure the scatter of the gradient
SHAKE = 2.0**-30  # relative displacement of entries there, larger than the rounding of neighbouring numbers
LONG = 10  # unsuccessful widenings after which a longer measurement ends


class Comparer:
    """Comparisons of the gradient of one function along lines; remembers how many errors were analysed."""

    def __init__(self, subject: CheckedFunction, rng: random.Random):
        self.subject, self.rng, self.analysed = subject, rng, 0

    def compare(self, line: SampledLine, cotangent: Cotangent, brief: bool = False) -> EntryFinding:
        """The finding along a line. ``brief`` leaves out the slow analysis of rounding."""
        comparison = LineComparison(self.subject, line, cotangent, self.rng)
        if (bad := comparison.nonfinite()) is not None:
            return bad
        comparison.look_briefly()
        comparison.look_again()
        if not brief and self.analysed < ANALYSES and comparison.in_doubt():
            comparison.analyse_rounding()
        comparison.hold_modes_together()
        if comparison.finding.verdict == "WRONG" and (kinks := operations_at_kinks(self.subject)):
            comparison.look_past_noise(kinks)
            if comparison.finding.verdict == "KINK":
                return comparison.finding
        self.analysed += (brief or comparison.slack is not None) and comparison.finding.verdict == "WRONG"
        comparison.name_mistake()
        comparison.hold_precisions_together()
        return comparison.finding


class LineComparison:
    """One comparison: the slopes of the modes along a line, the measured slopes, and the finding so far.

    ``given`` holds the claimed slope of each mode, ``size`` the sum of the sizes of the terms in it. ``disagree`` says
    that the modes differ by more than they may. ``scatter`` is the rounding in the gradient that neighbouring points show,
    ``slack`` that which it shows along the line, None as long as nobody looked for it.
    """

    def __init__(self, subject: CheckedFunction, line: SampledLine, cotangent: Cotangent, rng: random.Random):
        self.subject, self.line, self.cotangent, self.rng = subject, line, cotangent, rng
        self.given = self._claims()
        self.analytic = next(iter(self.given.values()))
        self.blank = self._blank()
        self.g: Curve = line.curve(cotangent)
        self.noise_at = cache(self._noise_at)
        self.slack: float | None = None
        self.size = nan
        self.disagree = self.smooth = False

    def _claims(self) -> dict[str, float]:
        subject, line, cotangent = self.subject, self.line, self.cotangent
        given: dict[str, float] = {}
        if cotangent.reverse is not None:
            name = "reverse" if subject.gradient is None else "gradient"
            given[name] = cotangent.along(cotangent.reverse, line.direction)
        if "forward" in subject.modes and subject.gradient is None:
            given["forward"] = line.tangent(cotangent)
        return given

    def _blank(self) -> EntryFinding:
        subject, line, lone = self.subject, self.line, self.line.lone
        return EntryFinding(
            "WRONG", line.argument, subject.path(lone) if lone is not None else f" along {len(line.direction)} entries",
            subject.point[lone] if lone is not None else nan, mode=", ".join(self.given), output=self.cotangent.place,
            order=subject.order, name=subject.names[line.argument])

    def nonfinite(self) -> EntryFinding | None:
        """The finding NONFINITE, if the slope of some mode is not finite."""
        for mode, value in self.given.items():
            if not isfinite(value):
                cause = first_nonfinite(self.subject, self.cotangent.weights) if mode == "reverse" else ""
                return replace(self.blank, verdict="NONFINITE", analytic=value, mode=mode,
                               note=f"the gradient is {value}{cause}")
        return None

    # ── looks: each measures the slope again, with other steps ──

    def measure(self, noise: float | None = None, stretch: float = 1.0, patience: int = 3,
                scale: float | None = None) -> Slopes:
        """The slopes along the line; the least noise is that of the graph unless given."""
        line = self.line
        return measure_slopes(self.g, (line.scale if scale is None else scale) * stretch, line.quantum,
                              lambda t: line.blur(t) * self.size, self.analytic,
                              self.cotangent.noise if noise is None else noise, patience, self.far_noise)

    def far_noise(self, t: float) -> float:
        """The rounding that the graph predicts far from the point, where numbers may lose digits against larger ones."""
        if not 4 * self.line.scale < abs(t) < inf:
            return 0.0
        beyond = 2.0 ** min(6 * ceil(log2(abs(t)) / 6), 1020)  # evaluated at few places, and interpolated between them
        return self.noise_at(copysign(beyond, t)) * (abs(t) / beyond)

    def _noise_at(self, t: float) -> float:
        try:
            return predicted_noise(self.subject, self.cotangent.weights, self.line.point(t)) / abs(self.cotangent.unit)
        except (HiddenPart, ArithmeticError):
            return 0.0  # outside the domain

    def judge(self, measured: Slopes, slack: float = 0.0, claim: tuple[str, float] | None = None) -> EntryFinding:
        """The finding on a claim (mode, value), or on the one in question; ``slack`` is known rounding in it.

        Before a claim is called wrong, it may be off by as much as it scatters between neighbouring points.
        """
        mode, value = claim or (self.finding.mode, self.finding.analytic)
        blank = replace(self.blank, mode=mode)
        found = judge(measured, value, blank, slack)
        if found.verdict in DOUBTED and self.scatter > slack:
            forgiven = judge(measured, value, blank, self.scatter)
            return forgiven if forgiven.is_right else found
        return found

    def look_briefly(self) -> None:
        """Measure once, and judge every mode by it."""
        reverse, direction, unit = self.cotangent.reverse, self.line.direction, self.cotangent.unit
        self.size = sum(abs((reverse[i] if reverse else self.analytic * unit) * d) for i, d in direction.items()) / abs(unit)
        self.measured = self.measure()
        self.finding = self.judge(self.measured, claim=(self.blank.mode, self.analytic))
        self.smooth = self.measured.kind == "smooth" and self.measured.slope.bar <= 1e-8 * self.size
        for mode, value in self.given.items():
            if value != self.analytic and self.finding.is_right:
                other = self.judge(self.measured, claim=(mode, value))
                self.finding = other if not other.is_right else self.finding

    @cached_property
    def scatter(self) -> float:
        """The rounding in the gradient itself, six times: how much it scatters between points next to each other.

        Where terms cancel (the gradient of a bias before a normalisation), rounding is all of it. 0 where a kink or a jump
        lies between those points.
        """
        claims = self.claims_nearby()
        bends = [one + other - 2 * self.analytic for one, other in zip(claims[::2], claims[1::2])]  # the slopes cancel
        scatter = hypot(*bends) / (6 * len(bends)) ** 0.5
        return 6 * scatter if scatter <= 1e-9 * self.measured.natural else 0.0

    def claims_nearby(self) -> list[float]:
        """The claims of one mode along the line at pairs of points, all of whose entries are moved a little, to and fro."""
        subject, cotangent, line = self.subject, self.cotangent, self.line
        points = []
        for _ in range(SHAKES):
            moves = [x * SHAKE * draw_signed(self.rng) for x in subject.point]
            points += [[x + side * move for x, move in zip(subject.point, moves)] for side in (1, -1)]
        try:
            if cotangent.reverse is None:
                return [cotangent.of(subject.tangents(line.direction, point)) for point in points]
            if not cotangent.shaken:
                cotangent.shaken = [subject.gradients(cotangent.weights, point) for point in points]
        except (HiddenPart, ArithmeticError, ValueError):
            return [nan, nan]
        return [cotangent.along(gradient, line.direction) for gradient in cotangent.shaken]

    def look_again(self) -> None:
        """Measure longer, with other steps, where the claim is doubted or the bar wide for no reason of noise."""
        unsettled = (self.finding.verdict == "OK_NOISY"
                     and self.measured.slope.noise < self.measured.slope.bar / 2)
        if self.finding.verdict in DOUBTED or unsettled:
            again = self.judge(self.measure(stretch=STRETCH, patience=LONG))
            narrower = again.bar < self.finding.bar and "KINK" not in again.verdict
            if narrower if unsettled else self.excuses(again):
                self.finding = again
        self.disagree = (self.finding.is_right and self.measured.kind == "smooth"
                         and self.apart > self.finding.bar + 1e-8 * self.size and self.apart > self.finding.bar + self.rounding)

    def excuses(self, again: EntryFinding) -> bool:
        """True if a longer measurement found the gradient correct; a kink that only a long measurement sees does not count."""
        return again.is_right and not (again.verdict == "KINK" and self.smooth)

    def in_doubt(self) -> bool:
        """True if the claim seems wrong, or the modes disagree."""
        return self.finding.verdict in DOUBTED or self.disagree

    @property
    def rounding(self) -> float:
        """How far apart two right modes may be."""
        return 1e-8 * self.size + self.scatter + float_info.min

    @property
    def apart(self) -> float:
        """The distance between the slopes of the modes."""
        return max(self.given.values()) - min(self.given.values())

    def analyse_rounding(self) -> None:
        """Measure with all the noise that can be found, and allow for rounding in the gradient itself."""
        line, finding = self.line, self.finding
        noise = max(noise_at_any_grid(self.g, line.scale), self.cotangent.noise)
        longer = self.measure(noise, STRETCH, LONG)
        followed = abs(finding.analytic) * 4 * line.quantum <= abs(longer.at)  # else floats are too coarse for the function
        self.slack = 6 * self.gradient_noise(longer.slope.step if followed else inf)
        if finding.verdict in DOUBTED:
            again = self.judge(longer, self.slack)
            unheard = longer.noise > 4 * self.measured.noise  # so the error bars of the kink's slopes were too small
            if self.excuses(again) and (again.verdict != "KINK" or finding.verdict == "WRONG" or unheard):
                self.finding = again
            elif finding.verdict == "WRONG" or self.measured.kind == "jump" or not followed:
                self.finding = self.at_own_length()

    def gradient_noise(self, reach: float) -> float:
        """The rounding in the gradient itself along the line, from its values up to ``reach`` away."""
        subject, line, cotangent = self.subject, self.line, self.cotangent

        def claimed(t: float) -> float:
            try:
                if subject.gradient is None and "reverse" not in subject.modes:
                    return cotangent.of(subject.tangents(line.direction, line.point(t)))
                return cotangent.along(subject.gradients(cotangent.weights, line.point(t)), line.direction)
            except (ArithmeticError, ValueError):
                return nan
        return noise_at_any_grid(claimed, line.scale, inf, reach)

    def at_own_length(self) -> EntryFinding:
        """The finding at the length over which this gradient would change all of the value, where that is far from |x|."""
        finding, measured, slack = self.finding, self.measured, self.slack or 0.0
        length = abs(measured.at / finding.analytic) if finding.analytic else 0.0
        if not (isfinite(length) and length):
            return finding
        if length < 4 * measured.quantum and (
                self.scatters_between_floats() > abs(measured.at) / 16 or slack > abs(finding.analytic)):
            note = "it changes faster than floats can follow: the value at the next ones is another"
            return replace(finding, verdict="OK_NOISY", bar=inf, note=note)
        ratio = length / self.line.scale
        if not 1e-2 < ratio < 1e2:
            size = own_length(measured.at, finding.analytic)
            far = not 1e-9 < ratio < 1e9
            longer = self.measure(noise_at_any_grid(self.g, size), patience=LONG, scale=size)
            again = self.judge(longer, 0.0 if far else slack)
            if again.verdict == "OK" or (again.is_right and far and again.bar < 1e-2 * abs(finding.analytic)):
                return again
        return finding

    def scatters_between_floats(self) -> float:
        """The curvature of the value between neighbouring floats, the smaller one of both sides."""
        bends = []
        for side in (-1, 1):
            values = [self.g(side * k * self.measured.quantum) for k in range(5)]
            bends.append(max(abs(a - 2 * b + c) for a, b, c in zip(values, values[1:], values[2:])))
        return min(bends)

    # ── further checks ──

    def hold_modes_together(self) -> None:
        """Check that reverse and forward mode agree up to rounding."""
        if self.disagree and self.finding.is_right and self.apart > (self.slack or 0.0) + self.rounding:
            self.finding.verdict = "WRONG"
            self.finding.note = ", ".join(f"{mode} mode says {value:.10g}" for mode, value in self.given.items())

    def look_past_noise(self, kinks: str) -> None:
        """With operations at their kink, hear the noise of either side; a slope that still fits no side is wrong there."""
        noise = noise_at_any_grid(self.g, self.line.scale, either=True)
        again = self.judge(self.measure(noise, STRETCH, LONG))
        if again.verdict == "KINK":
            self.finding = again
            return
        self.finding.verdict = "WRONG_AT_KINK"
        self.finding.note = f"at the kink of {kinks}, whose choices do not add up to a slope"

    def name_mistake(self) -> None:
        """Describe the error of a wrong gradient in the note."""
        if self.finding.verdict == "WRONG" and not self.finding.note:
            self.finding.note = name_mistake(self.finding, self.subject.factors(self.line.lone, EACH))

    def hold_precisions_together(self) -> None:
        """Check that the gradient in float32 equals that in float64 to float32's digits."""
        coarse, unit = self.cotangent.coarse, self.cotangent.unit
        if coarse is None or not self.finding.is_right:
            return
        value = self.cotangent.along(coarse, self.line.direction)
        room = 1e-5 * (self.size + max(map(abs, coarse)) / abs(unit)) + 1e-6 * self.measured.natural
        if not abs(value - self.analytic) <= room:
            self.finding = replace(self.blank, verdict="WRONG", analytic=value, numeric=self.analytic, bar=room,
                                   note="right in float64, but not in float32: an unstable formula, or a cast")
