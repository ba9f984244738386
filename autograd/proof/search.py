"""The check of one order: the lines that are compared, and the search for the entries that make a line wrong."""

from __future__ import annotations

import random
from math import inf, isfinite, nan

from .compare import Comparer
from .graphs import first_nonfinite, predicted_noise
from .lines import Cotangent, SampledLine, draw_cotangents, draw_directions, listed_entries
from .rules import wrong_operations
from .subject import OUTPUTS, CheckedFunction, Direction
from .verdict import EntryFinding

__tracebackhide__ = True

NEIGHBOURS = 40  # points near a kink of two entries at which the slope along both is measured


class EntrySearch:
    """The check of one function at one point: ``findings()`` compares every line, and finds the entries that are wrong."""

    def __init__(self, subject: CheckedFunction, rng: random.Random):
        self.subject, self.rng = subject, rng
        self.listed = listed_entries(subject.spans)
        self.cotangents = draw_cotangents(subject, self.listed, rng)
        self.comparer = Comparer(subject, rng)
        self.wrong: set[int] = set()  # entries already found wrong: later directions leave them out

    def findings(self) -> list[EntryFinding]:
        """Every comparison; one finding alone where the value itself cannot be differentiated."""
        if (useless := self.value_problem()) is not None:
            return [useless]
        self.differentiate()
        of_each = self.compare_lines()
        for cotangent, found in zip(self.cotangents, of_each):
            self.hold_kinks_together(found, cotangent)
        found = [finding for findings in of_each for finding in findings]
        if self.subject.gradient is None and self.subject.order == 1:
            found += wrong_operations(self.subject, self.rng)
        if not self.subject.repeats():
            found.append(self.blank("NONDETERMINISTIC"))
        return found

    def blank(self, verdict: str, note: str = "") -> EntryFinding:
        """A finding about the whole function, at its first entry."""
        subject = self.subject
        first = subject.spans[0][0] if subject.spans[0] else 0
        point = subject.point[first] if subject.point else nan
        return EntryFinding(verdict, 0, "", point, note=note, order=subject.order, name=subject.names[0])

    def value_problem(self) -> EntryFinding | None:
        """The finding on a value that changes from call to call, or is not finite."""
        values = self.subject.values
        if not (self.subject.repeats() and self.subject.repeats()):
            return self.blank("NONDETERMINISTIC")
        bad = next((v for v in values if not isfinite(v)), None)
        if bad is None:
            return None
        return self.blank("NONFINITE", f"the value is {bad}" + first_nonfinite(self.subject, None))

    def differentiate(self) -> None:
        """Compute the gradient of every cotangent, and the noise that the graph predicts."""
        subject = self.subject
        for c in self.cotangents:
            if "reverse" in subject.modes or subject.gradient is not None:
                c.reverse = subject.gradients(c.weights)
                c.coarse = subject.gradients(c.weights, given_dtypes=True) if subject.spec.has_low_precision else None
            c.noise = predicted_noise(subject, c.weights) / abs(c.unit)

    def compare_lines(self) -> list[list[EntryFinding]]:
        """The findings of each cotangent, along every entry or direction of every argument."""
        of_each: list[list[EntryFinding]] = [[] for _ in self.cotangents]
        for argument, span in enumerate(self.subject.spans):
            for direction in draw_directions(self.subject, span, self.listed, self.rng):
                remaining = {i: d for i, d in direction.items() if i not in self.wrong} or direction
                line = SampledLine(self.subject, self.cotangents, argument, remaining)
                for cotangent, found in zip(self.cotangents, of_each):
                    found += self.along(line, cotangent)
        return of_each

    # ── from a line to its entries ──

    def along(self, line: SampledLine, cotangent: Cotangent, known: EntryFinding | None = None) -> list[EntryFinding]:
        """The findings along a line; where a whole direction is wrong, those on the entries that make it so."""
        finding = known or self.comparer.compare(line, cotangent)
        if finding.verdict == "KINK" and len(line.direction) > 1 and cotangent.reverse is not None:
            bent = self.entries_at_kink(line, cotangent)
            if 0 < len(bent) < len(line.direction):
                return self.apart(line, cotangent, bent)
        if finding.is_right or len(line.direction) == 1:
            return [finding]
        return self.halve(line, cotangent, finding)

    def apart(self, line: SampledLine, cotangent: Cotangent, bent: list[int]) -> list[EntryFinding]:
        """The smooth entries together, held to their slope instead of an interval, and some of those at a kink."""
        smooth = {i: d for i, d in line.direction.items() if i not in bent}
        some = [{i: line.direction[i]} for i in self.rng.sample(bent, min(len(bent), OUTPUTS))]
        return [finding for part in (smooth, *some) for finding in self.along(line.part(part), cotangent)]

    def halve(self, line: SampledLine, cotangent: Cotangent, finding: EntryFinding) -> list[EntryFinding]:
        """The findings on the half of a wrong direction that is wrong, down to an entry."""
        entries = list(line.direction)
        middle = len(entries) // 2
        parts = []
        for half in (entries[:middle], entries[middle:]):
            part = line.part({i: line.direction[i] for i in half})
            parts.append(self.comparer.compare(part, cotangent, brief=True))
            if not parts[-1].is_right:
                if part.lone is None:
                    return self.along(part, cotangent, parts[-1])
                self.wrong.add(part.lone)
                return self.along(line.part({part.lone: 1.0}), cotangent)
        if any(part.verdict == "KINK" for part in parts):
            return parts  # kinks in different directions: each entry is correct by itself
        finding.note = f"spread over {len(entries)} entries, in none of which alone it can be seen"
        return [finding]

    # ── kinks ──

    def entries_at_kink(self, line: SampledLine, cotangent: Cotangent) -> list[int]:
        """The entries whose gradient jumps between the two sides of the point, or if it is constant, the value's slope."""
        step = 1e-9 * line.largest or 1e-9
        one, other = (self.subject.gradients(cotangent.weights, line.point(side)) for side in (step, -step))
        bent = [i for i in line.direction if abs(one[i] - other[i]) > 1e-4 * (abs(one[i]) + abs(other[i]))]
        if self.subject.gradient is None or one != other:
            return bent
        return [i for i in line.direction if self.slope_jumps(line.part({i: 1.0}), cotangent)]

    def slope_jumps(self, line: SampledLine, cotangent: Cotangent) -> bool:
        """True if the slope of the value jumps: its second difference falls like the step, not like the step's square."""
        g = line.curve(cotangent)
        step = 1e-4 * (line.largest or 1.0)
        near, far = (abs(g(h) - 2 * g(0.0) + g(-h)) for h in (step, 4 * step))
        return near > 1e-12 * abs(g(0.0)) and far < 8 * near

    def hold_kinks_together(self, found: list[EntryFinding], cotangent: Cotangent) -> None:
        """At a kink of two entries, their choices must fit: (0, ½) is no gradient of max(x, y), though each entry may be.

        A gradient there is a mixture of those nearby (Clarke, "Generalized gradients and applications", 1975), so along
        any direction it lies between the slopes found nearby.
        """
        places = self.subject.spec.places
        bent = [i for i, place in enumerate(places) if any(
            x.verdict == "KINK" and place == f"[{x.argument}]{x.entry}" for x in found)]
        if cotangent.reverse is None or len(bent) != 2:
            return
        for signs in ((1, 1), (1, -1)):
            direction = {i: float(sign) for i, sign in zip(bent, signs)}
            along = cotangent.along(cotangent.reverse, direction)
            low, high = self.slopes_nearby(direction, cotangent, along)
            if isfinite(high - low) and not low <= along <= high:
                wrong = next(x for x in found if x.verdict == "KINK")
                wrong.verdict, wrong.note = "WRONG_AT_KINK", (
                    f"{wrong.note}; but with the other entry's choice the slope along both is {along:.6g}, "
                    f"and close by it is {low:.6g} to {high:.6g}")
                return

    def slopes_nearby(self, direction: Direction, cotangent: Cotangent, claimed: float) -> tuple[float, float]:
        """The range of slopes in a direction of ±1 at random points around the point; it ends when it holds ``claimed``."""
        low, high = inf, -inf
        for _ in range(NEIGHBOURS):
            slope = self.slope_nearby(direction, cotangent)
            low, high = min(low, slope), max(high, slope)
            room = 0.01 * max(abs(low), abs(high))
            if not isfinite(room) or low - room <= claimed <= high + room:
                break
        return low - room, high + room

    def slope_nearby(self, direction: Direction, cotangent: Cotangent) -> float:
        """The slope in a direction at a random point close to the point, by one central difference."""
        centre = list(self.subject.point)
        radius = max(1e-5 * (max(abs(centre[i]) for i in direction) or 1.0), 1e-290)
        step = 1e-3 * radius
        for i in direction:
            centre[i] += radius * self.rng.uniform(-1, 1)
        ends = [[x + side * direction.get(i, 0.0) for i, x in enumerate(centre)] for side in (step, -step)]
        right, left = (cotangent.of(self.subject.evaluate(end)) for end in ends)
        return (right - left) / (2 * step)
