"""The report of a check: a table of its findings in text and HTML, and the picture of the worst."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from math import inf, isfinite, isnan, log10
from textwrap import wrap

from ..languages import reader_language
from ..notebook import picture, shortened, table
from .report_words import said
from .verdict import ADVICE, SEVERITY, EntryFinding

HEADER = ("verdict", "of", "at", "gradient", "measured", "±", "digits", "mode", "what was found")
WIDE, NARROW = 120, 36  # characters of a line of the table, and the fewest for its last cell
WIDTH, HEIGHT, MARGIN = 520, 300, 56  # of the picture
FLOOR, CEILING = HEIGHT - 40, 36  # of the curves in it
SERIES = (("central", "#1f77b4"), ("left", "#2ca02c"), ("right", "#d62728"))


class GradientReport:
    """The result of ``check_gradients``: true when every gradient is right, printed as a table, drawn in notebooks.

    ``findings`` holds every comparison, ``worst`` the most serious, ``verdict`` its verdict: one of OK, OK_NOISY,
    KINK (these are true) and WRONG, WRONG_AT_KINK, NONFINITE, NONDETERMINISTIC. It is shown in the language ``lang``, "en" or "ko",
    by default the system's; verdicts and notes of findings stay English.
    """

    def __init__(self, findings: list[EntryFinding], name: str = "f", lang: str | None = None):
        self.findings, self.name, self.lang = findings, name, reader_language(lang)

    def said(self, text: str) -> str:
        """Return one of its texts, such as the note of ``worst``, in its language."""
        return said(text, self.lang)

    def __bool__(self) -> bool:
        return all(finding.is_right for finding in self.findings)

    @property
    def worst(self) -> EntryFinding:
        """The finding with the most serious verdict, and among those with the fewest digits."""
        return max(self.findings, key=lambda x: (SEVERITY.index(x.verdict), -x.digits if x.digits == x.digits else -99))

    @property
    def verdict(self) -> str:
        """The most serious verdict."""
        return self.worst.verdict if self.findings else "OK"

    def rows(self, limit: int = 20) -> list[tuple[str, ...]]:
        """The table as text: one row for each finding, serious ones first."""
        ranked = sorted(self.findings, key=lambda x: -SEVERITY.index(x.verdict))[:limit]
        return [(x.verdict, x.what, "" if x.what.endswith(" entries") else f"{x.point:.6g}",
                 f"{x.analytic + 0.0:.10g}", f"{x.numeric + 0.0:.10g}", f"{x.bar:.1e}",
                 "" if isnan(x.digits) else f"{x.digits:.0f}",
                 self.said("both" if x.mode == "reverse, forward" else x.mode), self.said(x.note)) for x in ranked]

    def __str__(self) -> str:
        return self.table()

    def table(self, width: int = WIDE) -> str:
        """Return the report as text: a table, or in fewer characters than it takes, the findings one under another."""
        rows = [self._header(), *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER) - 1)]
        ends = [sum(widths) + 2 * len(widths) + min(len(note), NARROW) for *_, note in rows[1:] if note]
        if max([sum(widths) + 2 * len(widths) - 2, *ends]) > width:
            lines = [line for row in rows[1:] for line in _stacked(row, width)]
            return "\n".join([*wrap(self.summary, width), *lines,
                              *(part for line in self._closing_lines() for part in wrap(line, width))])
        lines = []
        for *cells, note in rows:
            start = "".join(cell.ljust(width_of + 2) for cell, width_of in zip(cells, widths))
            for part in wrap(note, max(width - len(start), NARROW)) or [""]:
                lines.append((start + part).rstrip())
                start = " " * len(start)
        return "\n".join([self.summary, *lines, *self._closing_lines()])

    def _header(self) -> tuple[str, ...]:
        return tuple(map(self.said, HEADER))

    def __repr__(self) -> str:
        return shortened(str(self))

    @property
    def summary(self) -> str:
        """One line: the verdict, and how many comparisons came to it."""
        counts = {verdict: sum(x.verdict == verdict for x in self.findings) for verdict in SEVERITY}
        counted = ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)
        conclusion = ("gradient right" if self else
                      "gradient WRONG" if counts["WRONG"] or counts["WRONG_AT_KINK"] else
                      "not the same value each time" if counts["NONDETERMINISTIC"] else "value or gradient not finite")
        return f"{self.name}: {self.said(conclusion)} ({counted})"

    def _closing_lines(self) -> list[str]:
        hidden = len(self.findings) - len(self.rows())
        met = {x.verdict for x in self.findings}
        advice = [f"{verdict}: {self.said(ADVICE[verdict])}"
                  for verdict in reversed(SEVERITY) if verdict in met and ADVICE[verdict]]
        more = [self.said(f"… and {hidden} more, no worse than {self.rows()[-1][0]}")] if hidden else []
        return more + advice

    def _repr_html_(self) -> str:
        drawn = self._repr_svg_()
        shown = table(self._header(), self.rows(), self.summary, self._closing_lines())
        return shown + (picture(drawn, "The worst") if drawn else "")

    def _repr_svg_(self) -> str:
        return step_picture(self.worst) if self.findings else ""


def _stacked(row: tuple[str, ...], width: int) -> list[str]:
    """One finding in a few columns: the verdict and the place, under them a number in each line, all in one column."""
    verdict, what, at, gradient, measured, bar, digits, mode, note = row
    numbers = {"gradient": gradient, "measured": measured, "±": bar, "digits": digits, "mode": mode}
    lines = [f"  {name:9}{number}" for name, number in numbers.items() if number]
    return [*wrap(f"{verdict}  {what} at {at}", width), *lines, *(f"  {part}" for part in wrap(note, width - 2))]


class WrongGradient(AssertionError):
    """A gradient check failed; the message is the report's table, ``report`` the report."""

    def __init__(self, report: GradientReport):
        super().__init__(str(report))
        self.report = report


def step_picture(finding: EntryFinding) -> str:
    """The distance of each difference quotient from the gradient, against its step, as a self-contained SVG.

    Both axes are logarithmic. A right gradient shows a V: truncation falls with the step, noise rises; a wrong one
    shows a level line, at the size of its error; at a kink left and right stay level. The shaded band is the error bar.
    """
    curves = [[(log10(h), log10(max(abs(quotients[i] - finding.analytic), 1e-300)))
               for h, *quotients in finding.samples if isfinite(quotients[i] - finding.analytic)] for i in range(3)]
    xs = [x for curve in curves for x, _ in curve]
    if not xs:
        return ""
    size = max(abs(finding.analytic), abs(finding.numeric)) if isfinite(finding.numeric) else abs(finding.analytic)
    least = log10(size or 1.0) - 17  # where a distance of 0 is drawn
    ys = [max(y, least) for curve in curves for _, y in curve]
    left, right, bottom, top = min(xs), max(xs) + 1e-9, min([*ys, least + 2]), max(ys) + 0.5

    def place(x: float, y: float) -> tuple[float, float]:
        return (MARGIN + (x - left) / (right - left) * (WIDTH - MARGIN - 16),
                FLOOR - (max(y, bottom) - bottom) / (top - bottom) * (FLOOR - CEILING))

    marks = _bar_marks(finding.bar, place(left, log10(finding.bar))[1]) if 0 < finding.bar < inf else []
    marks += _tick_marks((left, right), (bottom, top), place)
    for number, curve in enumerate(curves):
        marks += _curve_marks(number, [place(x, y) for x, y in curve])
    title = escape(f"{finding.verdict}: |difference quotient − gradient| of {finding.what}, against the step")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
            f'<text x="8" y="18" font-weight="bold">{title}</text>'
            f'<path d="M{MARGIN} 44V{FLOOR}H{WIDTH - 16}" fill="none" stroke="#888"/>{"".join(marks)}'
            f'<text x="{WIDTH // 2}" y="{HEIGHT - 6}" text-anchor="middle">step</text></svg>')


def _bar_marks(bar: float, edge: float) -> list[str]:
    """The error bar as a shaded band up to its height."""
    edge = min(edge, FLOOR)
    return [f'<rect x="{MARGIN}" y="{edge:.1f}" width="{WIDTH - MARGIN - 16}" height="{FLOOR - edge:.1f}" fill="#8884"/>']


def _tick_marks(across: tuple[float, float], up: tuple[float, float],
                place: Callable[[float, float], tuple[float, float]]) -> list[str]:
    """The powers of ten along both axes."""
    (left, right), (bottom, top) = across, up
    marks = [f'<text x="{place(i, bottom)[0]:.0f}" y="{HEIGHT - 24}" text-anchor="middle">1e{i}</text>'
             for i in range(int(left) - 1, int(right) + 1, 2) if left <= i <= right]
    return marks + [f'<text x="{MARGIN - 4}" y="{place(left, i)[1] + 4:.0f}" text-anchor="end">1e{i}</text>'
                    for i in range(int(bottom), int(top) + 1, max(1, round((top - bottom) / 6))) if i >= bottom]


def _curve_marks(number: int, places: list[tuple[float, float]]) -> list[str]:
    """One series of quotients: its line, its points, its name."""
    name, colour = SERIES[number]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
            *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places),
            f'<text x="{MARGIN + 8 + 64 * number}" y="36" fill="{colour}">{name}</text>']
