"""check_gradients: are the gradients of a function right? Against differences of its values, with an error bar.

The function is measured along lines through the point (``differences.py``), every entry for small arguments,
random signed directions for large ones, and each measured slope is held against what reverse and forward mode say
of it, within the error bar of the measurement: no step size and no tolerance to choose.
"""

from __future__ import annotations

import inspect
import random
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from html import escape
from math import frexp, hypot, inf, isfinite, isnan, log10, nan, prod, ulp
from operator import add
from sys import float_info
from textwrap import wrap
from typing import Any

from .context import no_grad
from .proof.differences import Curve, Slopes, noise_beyond, richardson, slopes
from .functional import Reverse, flatten, fresh, jvp, plain, vjp
from .graph import topological
from .operation import number

EACH = 64  # entries of one argument that are checked one by one; more are checked along random directions
ENTRIES = 80  # of all arguments together: beyond, the largest go along random directions too
DIRECTIONS = 3
CERTAIN = 2  # errors that rounding in the gradient was looked for in, which takes long; further ones are taken as they seem
EACH_OPERATION = 8  # uses of one operation that are checked by themselves
OUTPUTS = 8  # entries of a result that are checked one by one; more are mixed by random signed cotangents, as are
PAIRS = 256  # fewer of them by so many entries or more
MODES = ("reverse", "forward")

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


@dataclass
class Finding:
    """One comparison: the verdict, where, both numbers, the error bar, and what to do.

    ``argument`` is the number of the argument, ``name`` what the function calls it, ``entry`` the path to the entry in
    it ("[2][1]", "" for a number, " along 300 entries"), ``point`` its value; ``output`` the path in the result.
    ``analytic`` is the gradient that was checked, ``numeric`` ± ``bar`` the measured slope, ``left`` and ``right`` the
    one-sided ones. ``digits`` is how many digits agree within the bar, ``order`` the order of the derivative. ``of`` is
    "f", or the operation whose rule is wrong by itself.
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
    def digits(self) -> float:
        """How many digits of the gradient are confirmed: −log10 of (difference + bar) ÷ size."""
        size = max(abs(self.analytic), abs(self.numeric))
        apart = abs(self.analytic - self.numeric) + self.bar
        if not isfinite(apart) or not size:
            return 16.0 if apart == 0 else nan
        return min(16.0, max(0.0, -log10(apart / size))) if apart else 16.0

    @property
    def what(self) -> str:
        """In words: the derivative of what with respect to what."""
        d = "d" if self.order == 1 else f"d{self.order} "
        return f"{d}{self.of}{self.output}/d{self.name or f'x{self.argument}'}{self.entry}"


class Report:
    """What ``check_gradients`` found; true when every gradient is right, printed as a table, drawn in notebooks.

    ``findings`` holds every comparison, ``worst`` the most serious, ``verdict`` its verdict: one of OK, OK_NOISY,
    KINK (these are true) and WRONG, WRONG_AT_KINK, NONFINITE, NONDETERMINISTIC.
    """

    def __init__(self, findings: list[Finding], name: str = "f"):
        self.findings, self.name = findings, name

    def __bool__(self) -> bool:
        return all(finding.verdict in RIGHT for finding in self.findings)

    @property
    def worst(self) -> Finding:
        """The finding with the most serious verdict, and among those the fewest digits."""
        return max(self.findings, key=lambda x: (SEVERITY.index(x.verdict), -x.digits if x.digits == x.digits else -99))

    @property
    def verdict(self) -> str:
        """The most serious verdict."""
        return self.worst.verdict if self.findings else "OK"

    def rows(self, limit: int = 20) -> list[tuple[str, ...]]:
        """The table as text: a row a finding, serious ones first."""
        ranked = sorted(self.findings, key=lambda x: -SEVERITY.index(x.verdict))[:limit]
        return [(x.verdict, x.what, f"{x.point:.6g}", f"{x.analytic + 0.0:.10g}", f"{x.numeric + 0.0:.10g}",
                 f"{x.bar:.1e}", "" if isnan(x.digits) else f"{x.digits:.0f}",
                 "both" if x.mode == ", ".join(MODES) else x.mode, x.note) for x in ranked]

    def __str__(self) -> str:
        rows = [HEADER, *self.rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER) - 1)]
        lines = []
        for *cells, note in rows:
            start = "".join(cell.ljust(width + 2) for cell, width in zip(cells, widths))
            for part in wrap(note, max(WIDE - len(start), NARROW)) or [""]:
                lines.append((start + part).rstrip())
                start = " " * len(start)
        return "\n".join([self.summary, *lines, *self._more()])

    __repr__ = __str__

    @property
    def summary(self) -> str:
        """One line: the verdict, and how many comparisons came to it."""
        counts = {verdict: sum(x.verdict == verdict for x in self.findings) for verdict in SEVERITY}
        counted = ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)
        said = ("gradient right" if self else "gradient WRONG" if counts["WRONG"] or counts["WRONG_AT_KINK"] else
                "not the same value each time" if counts["NONDETERMINISTIC"] else "value or gradient not finite")
        return f"{self.name}: {said} ({counted})"

    def _more(self) -> list[str]:
        hidden = len(self.findings) - len(self.rows())
        met = {x.verdict for x in self.findings}
        advice = [f"{verdict}: {ADVICE[verdict]}" for verdict in reversed(SEVERITY) if verdict in met and ADVICE[verdict]]
        return ([f"… and {hidden} more, no worse than {self.rows()[-1][0]}"] if hidden else []) + advice

    def _repr_html_(self) -> str:
        cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows())
        heads = "".join(f"<th>{head}</th>" for head in HEADER)
        more = "".join(f"<p>{escape(line)}</p>" for line in self._more())
        return f"<p><b>{escape(self.summary)}</b></p><table><tr>{heads}</tr>{cells}</table>{more}{self._repr_svg_()}"

    def _repr_svg_(self) -> str:
        return picture(self.worst) if self.findings else ""


HEADER = ("verdict", "of", "at", "gradient", "measured", "±", "digits", "mode", "what was found")
WIDE, NARROW = 120, 36  # characters of a line of the table, if its last cell has so many then



class WrongGradient(AssertionError):
    """A gradient check failed; the message is the report's table, ``report`` the report."""

    def __init__(self, report: Report):
        super().__init__(str(report))
        self.report = report


def check_gradients(f: Callable[..., Any], *xs: Any, order: int = 1, modes: Sequence[str] = MODES,
                    gradient: Callable[..., Any] | None = None, raise_on_error: bool = False, seed: int = 0) -> Report:
    """Check the gradients of ``f`` at ``xs`` against differences of its values, within their error bar.

    ``xs`` are numbers, arrays, Values, Tensors, nested lists, tuples and dicts of them; ``f`` returns the same kinds.
    ``modes`` says what is checked: "reverse" (vjp), "forward" (jvp), and with both also that they agree. ``order=2``
    checks the gradient of the gradient too, where the gradient is right. ``gradient``, a function of the same arguments
    that returns the gradient in their form, is checked in place of both modes (another library's, or one written by
    hand); ``f`` is then only evaluated, and must return one number. float32 arrays are checked against the function in
    float64.
    Directions and cotangents are drawn from ``seed``.

    Returns a ``Report``, true where right. Raises WrongGradient (an AssertionError) with its table where wrong if
    ``raise_on_error``; TypeError and ValueError for what cannot be checked.

    >>> report = check_gradients(lambda x, y: tanh(x * y), 0.5, 0.3)
    >>> bool(report), report.verdict
    (True, 'OK')
    >>> wrong = check_gradients(lambda x: x**3, 2.0, gradient=lambda x: -3 * x**2)
    >>> wrong.verdict, wrong.worst.analytic, round(wrong.worst.numeric, 9), wrong.worst.note
    ('WRONG', -12.0, 12.0, 'the sign is wrong')
    """
    if not xs:
        raise TypeError("check_gradients(f, *xs) needs at least one argument to differentiate by; got none")
    if unknown := set(modes) - set(MODES) or not modes:
        raise ValueError(f"check_gradients: modes={modes!r}; choose from {MODES}, at least one ({unknown})")
    if order < 1 or (gradient is not None and order > 1):
        raise ValueError(f"check_gradients: order={order!r} with gradient={gradient!r}; the order is 1, 2, …, and a "
                         "gradient= that returns numbers is checked to the first: check it as a function for more")
    name = getattr(f, "__name__", repr(f))
    names = argument_names(f, len(xs))
    findings: list[Finding] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # points outside the domain are met on purpose, and rules without a derivative
        for level in range(1, order + 1):
            check = Check(f, xs, modes, gradient, random.Random(seed), level, names)
            findings += check.findings()
            f = check.cotangent_gradient
            if any(x.verdict not in RIGHT for x in findings):
                break  # the derivative of a wrong gradient says nothing more
    report = Report(findings, "f" if name == "<lambda>" else name)
    if raise_on_error and not report:
        raise WrongGradient(report)
    return report


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """What a function calls its first arguments; x0, x1, … where that is not certain.

    >>> argument_names(lambda w, b: w + b, 2), argument_names(max, 2)
    (['w', 'b'], ['x0', 'x1'])
    """
    try:
        parameters = list(inspect.signature(f).parameters.values())[:count]
    except (TypeError, ValueError):  # a builtin may have none
        parameters = []
    positional = [x.name for x in parameters if x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD)]
    return positional if len(positional) == count else [f"x{i}" for i in range(count)]


# ── points and results as flat lists of floats ───────────────────────────────────────────────────────────────────

class TreeSpec:
    """The form of nested numbers and arrays, and the way between it and one flat list of floats."""

    def __init__(self, tree: Any):
        leaves, self.rebuild = flatten(tree)
        self.shapes = [getattr(plain(x), "shape", ()) for x in leaves]
        self.dtypes = [plain(x).dtype if shape else None for x, shape in zip(leaves, self.shapes)]
        self.places = [place for path, shape in zip(_paths(tree), self.shapes) for place in _entries(path, shape)]

    def flat(self, tree: Any) -> list[float]:
        """Every number in a tree of this form, in order; ValueError where its form is another."""
        numbers: list[float] = []
        for leaf in flatten(tree)[0]:
            leaf = plain(leaf) if hasattr(leaf, "pullback") else leaf.detach() if hasattr(leaf, "detach") else leaf
            if getattr(leaf, "shape", ()) != ():
                import numpy
                numbers += numpy.asarray(leaf, dtype=float).ravel().tolist()
            else:
                complex_power = isinstance(leaf, complex)  # (-1.0) ** 0.5 of plain floats
                numbers.append(nan if complex_power else number(leaf, "check_gradients: an entry"))
        if len(numbers) != len(self.places):
            raise ValueError(f"check_gradients: {len(numbers)} numbers where {len(self.places)} were expected, in "
                             f"{tree!r:.80}; results keep their form from point to point, and a gradient has the "
                             "form of the arguments")
        return numbers

    def tree(self, numbers: Sequence[float], given_dtypes: bool = False) -> Any:
        """The tree that holds these numbers: arrays of float64, or of the dtypes that were given."""
        leaves: list[Any] = []
        start = 0
        for shape, dtype in zip(self.shapes, self.dtypes):
            size = prod(shape)
            kind = dtype if given_dtypes else float
            leaves.append(_array(numbers[start:start + size], shape, kind) if shape else numbers[start])
            start += size
        return self.rebuild(leaves)

    @property
    def single(self) -> bool:
        """Whether an array is of a precision lower than float64."""
        return any(dtype is not None and dtype.kind == "f" and dtype.itemsize < 8 for dtype in self.dtypes)


def _array(numbers: Sequence[float], shape: tuple[int, ...], dtype: Any) -> Any:
    import numpy
    return numpy.array(numbers, dtype=dtype).reshape(shape)


def _paths(tree: Any, path: str = "") -> Iterator[str]:
    if isinstance(tree, (dict, list, tuple)):
        for key, child in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _paths(child, f"{path}[{key!r}]")
    else:
        yield path


def _entries(path: str, shape: tuple[int, ...]) -> list[str]:
    indices = [""]
    for n in shape:
        indices = [f"{index}, {i}" if index else str(i) for index in indices for i in range(n)]
    return [f"{path}[{index}]" if index else path for index in indices]


# ── the check ────────────────────────────────────────────────────────────────────────────────────────────────────

Direction = dict[int, float]  # entries of the flat point, and how far each moves


@dataclass
class Cotangent:
    """What is differentiated: one result, or a mixture of all, with what reverse mode says of it.

    ``unit`` is what the numbers are divided by; ``reverse`` the gradient, ``coarse`` that of float32, flat; ``noise``
    what rounding alone puts into the value.
    """

    place: str
    weights: list[float]
    unit: float = 1.0
    reverse: list[float] | None = None
    coarse: list[float] | None = None
    noise: float = 0.0

    def of(self, values: Sequence[float]) -> float:
        """⟨cotangent, values⟩, in units."""
        return sum(u * v for u, v in zip(self.weights, values) if u) / self.unit


class Line:
    """The function along a direction through the point: one evaluation at each place, for all cotangents."""

    def __init__(self, check: Check, argument: int, direction: Direction):
        self.check, self.argument, self.direction = check, argument, direction
        self.lone = next(iter(direction)) if len(direction) == 1 else None
        self.largest = max(abs(check.point[i]) for i in direction)
        self.scale = _power_of_two(self.largest) if self.largest else 1.0  # a natural step
        self.quantum = ulp(self.largest)
        self.blur = cache(self._blur)
        self._memo: dict[float, list[float]] = {0.0: [c.of(check.values) for c in check.cotangents]}
        self._tangents: list[float] | None = None

    def point(self, t: float) -> list[float]:
        point = list(self.check.point)
        for i, d in self.direction.items():
            point[i] += t * d
        return point

    def curve(self, cotangent: Cotangent) -> Curve:
        """⟨cotangent, f⟩ along the line."""
        number, memo = self.check.cotangents.index(cotangent), self._memo

        def g(t: float) -> float:
            if t not in memo:
                values = self.check.evaluate(self.point(t))
                memo[t] = [c.of(values) for c in self.check.cotangents]
            return memo[t][number]
        return g

    def _blur(self, t: float) -> float:
        """By how much rounding moves the point t away, in units of the direction."""
        point = self.check.point
        return max(abs((point[i] + t * d) - point[i] - t * d) / abs(d) for i, d in self.direction.items())

    def tangent(self, cotangent: Cotangent) -> float:
        """⟨cotangent, J direction⟩ in forward mode."""
        if self._tangents is None:
            self._tangents = self.check.tangents(self.direction)
        return cotangent.of(self._tangents)


class Check:
    """One order's check of one function at one point."""

    def __init__(self, f: Callable[..., Any], xs: tuple[Any, ...], modes: Sequence[str],
                 gradient: Callable[..., Any] | None, rng: random.Random, order: int, names: list[str]):
        self.names = names
        self.f, self.gradient, self.modes, self.rng, self.order = f, gradient, tuple(modes), rng, order
        self.form = TreeSpec(xs)
        self.point = self.form.flat(xs)
        self.spans: list[range] = []  # the entries of each argument
        for x in xs:
            start = self.spans[-1].stop if self.spans else 0
            self.spans.append(range(start, start + len(TreeSpec(x).places)))
        self.singles: set[int] = set()  # the entries that are checked one by one: those of the smallest arguments
        for span in sorted(self.spans, key=len):
            if len(span) <= EACH and len(self.singles) + len(span) <= ENTRIES:
                self.singles.update(span)
        self.nodes = False  # whether f must be given nodes: it uses their methods
        result = self.call(self.point)
        self.result = TreeSpec(result)
        self.values = self.result.flat(result)
        self.wrong: set[int] = set()  # entries that were found to be, among many
        self.certain = 0  # errors that were looked at from all sides
        self.cotangents = [Cotangent(place, weights, unit) for place, weights, unit in self._cotangents()]

    # ── evaluation ──

    def call(self, point: list[float]) -> Any:
        args = self.form.tree(point)
        if not self.nodes:
            try:
                return self.f(*args)
            except (AttributeError, TypeError, ArithmeticError):  # nodes have methods, and inf where floats raise
                if self.gradient is not None:
                    raise
                self.nodes = True
        leaves, rebuild = flatten(args)
        with no_grad():
            return self.f(*rebuild(fresh(leaves)))

    def evaluate(self, point: list[float]) -> list[float]:
        """The result at a point as flat numbers: nan where the function refuses it."""
        try:
            return self.result.flat(self.call(point))
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, ValueError) and "check_gradients" in str(error):
                raise
            return [nan] * len(self.values)

    def _cotangents(self) -> list[tuple[str, list[float], float]]:
        """What is differentiated, each with its unit: each of few results, or random signed mixtures of many."""
        count = len(self.values)
        if self.gradient is not None and count != 1:
            raise TypeError(f"check_gradients: gradient= needs a function that returns one number; not {count}. "
                            "Check a fixed weighted sum of them")
        if self.gradient is not None:
            return [("", [1.0], 1.0)]
        if count <= OUTPUTS and count * len(self.singles) < PAIRS:  # never 1, and exact to divide by
            sizes = [self.rng.choice((-2.0, -0.5, 0.5, 2.0) if abs(v) < 1e300 else (-0.5, 0.5)) for v in self.values]
            return [(place, [size if i == j else 0.0 for j in range(count)], size)
                    for i, (place, size) in enumerate(zip(self.result.places, sizes))]
        return [(" mixed", [self._signed() for _ in range(count)], 1.0) for _ in range(2)]

    def _signed(self) -> float:
        """A number of random sign and of size ½ to 1½: two that are swapped cancel under half of all bare signs."""
        return self.rng.choice((-1, 1)) * self.rng.randrange(512, 1537) / 1024

    # ── the gradients that are checked ──

    def gradients(self, weights: list[float], point: list[float] | None = None, single: bool = False) -> list[float]:
        """The gradient of ⟨cotangent, f⟩ at a point, flat, in reverse mode or as the caller's ``gradient``."""
        args = self.form.tree(point or self.point, given_dtypes=single)
        if self.gradient is not None:
            found = self.gradient(*args)
            wrapped = isinstance(found, tuple) and len(found) == 1 and not isinstance(args[0], tuple)
            return self.form.flat((found,) if len(args) == 1 and not wrapped else found)
        pullback = vjp(self.f, *args)[1]
        return self.form.flat(pullback(self.result.tree(weights)))

    def cotangent_gradient(self, *args: Any) -> Any:
        """The gradient of a fixed mixture of the results, as a function: what the next order checks."""
        weights = [self.rng_weight(i) for i in range(len(self.values))]
        return vjp(self.f, *args)[1](self.result.tree(weights))

    def rng_weight(self, i: int) -> float:
        return (0.75, -1.25, 1.5, -0.5, 1.0)[i % 5]

    def tangents(self, direction: Direction, point: list[float] | None = None) -> list[float]:
        """J direction in forward mode, flat."""
        moves = [direction.get(i, 0.0) for i in range(len(self.point))]
        return self.result.flat(jvp(self.f, self.form.tree(point or self.point), self.form.tree(moves))[1])

    # ── the comparisons ──

    def findings(self) -> list[Finding]:
        first = self.spans[0][0] if self.spans[0] else 0
        blank: dict[str, Any] = {"argument": 0, "entry": "", "order": self.order, "name": self.names[0],
                                 "point": self.point[first] if self.point else nan}
        if any(not _same(self.values, self.evaluate(self.point)) for _ in range(2)):
            return [Finding("NONDETERMINISTIC", **blank)]
        if not all(map(isfinite, self.values)):
            note = f"the value is {next(v for v in self.values if not isfinite(v))}" + self.culprit(None)
            return [Finding("NONFINITE", note=note, **blank)]
        for c in self.cotangents:
            if "reverse" in self.modes or self.gradient is not None:
                c.reverse = self.gradients(c.weights)
                c.coarse = self.gradients(c.weights, single=True) if self.form.single else None
            c.noise = self.rounding(c.weights) / abs(c.unit)
        of_each: list[list[Finding]] = [[] for _ in self.cotangents]
        for argument, span in enumerate(self.spans):
            for direction in self.directions(span):
                line = Line(self, argument, {i: d for i, d in direction.items() if i not in self.wrong} or direction)
                for c, found in zip(self.cotangents, of_each):
                    found += self.along(line, c)
        for c, found in zip(self.cotangents, of_each):
            self.together(found, c)
        found = [finding for findings in of_each for finding in findings]
        if self.gradient is None and self.order == 1:
            found += self.operations()
        if not _same(self.values, self.evaluate(self.point)):
            found.append(Finding("NONDETERMINISTIC", **blank))
        return found

    def together(self, found: list[Finding], cotangent: Cotangent) -> None:
        """At a kink of two entries, whether their choices fit: (0, ½) is no gradient of max(x, y), though each may be.

        A gradient there is a mixture of those close by (Clarke, "Generalized gradients and applications", 1975), so
        along any direction it lies between the slopes that are met close by.
        """
        bent = [i for i, _ in enumerate(self.point) if any(
            x.verdict == "KINK" and self.form.places[i] == f"[{x.argument}]{x.entry}" for x in found)]
        if cotangent.reverse is None or len(bent) != 2:
            return
        radius = 1e-5 * (max(abs(self.point[i]) for i in bent) or 1.0)
        for signs in ((1, 1), (1, -1)):
            near = []
            for _ in range(40):
                centre, step = list(self.point), 1e-3 * radius
                for i in bent:
                    centre[i] += radius * self.rng.uniform(-1, 1)
                values = []
                for side in (step, -step):
                    end = list(centre)
                    for i, sign in zip(bent, signs):
                        end[i] += side * sign
                    values.append(cotangent.of(self.evaluate(end)))
                near.append((values[0] - values[1]) / (2 * step))
            along = sum(cotangent.reverse[i] * sign for i, sign in zip(bent, signs)) / cotangent.unit
            room = 0.01 * max(map(abs, near))
            if isfinite(room) and not min(near) - room <= along <= max(near) + room:
                wrong = next(x for x in found if x.verdict == "KINK")
                wrong.verdict, wrong.note = "WRONG_AT_KINK", (
                    f"{wrong.note}; but with the other entry's choice the slope along both is {along:.6g}, "
                    f"and close by it is {min(near):.6g} to {max(near):.6g}")
                return

    def directions(self, span: range) -> list[Direction]:
        if not self.singles.isdisjoint(span):
            return [{i: 1.0} for i in span]
        largest = max((abs(self.point[i]) for i in span), default=0.0) or 1.0
        sizes = [max(2.0 ** (frexp(abs(self.point[i]))[1] - frexp(largest)[1]), 1e-6) if self.point[i] else 1.0 for i in span]
        return [{i: self._signed() * (size if n else 1.0) for i, size in zip(span, sizes)}
                for n in range(DIRECTIONS if span else 0)]

    def along(self, line: Line, cotangent: Cotangent, known: Finding | None = None) -> list[Finding]:
        """The findings along a line; where a whole direction is wrong, of the entries that make it so."""
        finding, direction = known or self.compare(line, cotangent), line.direction
        if finding.verdict == "KINK" and len(direction) > 1 and cotangent.reverse is not None:
            bent = self.bent(line, cotangent)
            if 0 < len(bent) < len(direction):  # what is smooth is held to its slope, not to an interval
                straight = {i: d for i, d in direction.items() if i not in bent}
                some = [{i: direction[i]} for i in self.rng.sample(bent, min(len(bent), OUTPUTS))]
                return [x for part in (straight, *some) for x in self.along(Line(self, line.argument, part), cotangent)]
        if finding.verdict in RIGHT or len(direction) == 1:
            return [finding]
        entries = list(direction)
        middle = len(entries) // 2
        halves = [Line(self, line.argument, {i: direction[i] for i in part}) for part in (entries[:middle], entries[middle:])]
        parts = []
        for half in halves:
            parts.append(self.compare(half, cotangent, slack=0.0))
            if parts[-1].verdict not in RIGHT:
                if half.lone is None:
                    return self.along(half, cotangent, parts[-1])
                self.wrong.add(half.lone)  # further directions look for others
                return self.along(Line(self, line.argument, {half.lone: 1.0}), cotangent)
        if any(part.verdict == "KINK" for part in parts):
            return parts  # kinks that open to different sides: right one by one
        finding.note = f"spread over {len(entries)} entries, in none of which alone it can be seen"
        return [finding]

    def bent(self, line: Line, cotangent: Cotangent) -> list[int]:
        """The entries at a kink: those whose gradient jumps between the two sides, or if it is constant, the value's slope."""
        step = 1e-9 * line.largest or 1e-9
        one, other = (self.gradients(cotangent.weights, line.point(side)) for side in (step, -step))
        bent = [i for i in line.direction if abs(one[i] - other[i]) > 1e-4 * (abs(one[i]) + abs(other[i]))]
        if self.gradient is None or one != other:
            return bent
        return [i for i in line.direction if self.bends(i, cotangent)]

    def bends(self, i: int, cotangent: Cotangent) -> bool:
        """Whether the slope of the value jumps at an entry: the second difference falls like the step, not its square."""
        g = Line(self, 0, {i: 1.0}).curve(cotangent)
        step = 1e-4 * (abs(self.point[i]) or 1.0)
        near, far = (abs(g(h) - 2 * g(0.0) + g(-h)) for h in (step, 4 * step))
        return near > 1e-12 * abs(g(0.0)) and far < 8 * near

    def compare(self, line: Line, cotangent: Cotangent, slack: float | None = None) -> Finding:
        unit, reverse, direction, lone = cotangent.unit, cotangent.reverse, line.direction, line.lone
        given: dict[str, float] = {}
        if reverse is not None:
            name = "reverse" if self.gradient is None else "gradient"
            given[name] = sum(reverse[i] * d for i, d in direction.items()) / unit
        if "forward" in self.modes and self.gradient is None:
            given["forward"] = line.tangent(cotangent)
        analytic = next(iter(given.values()))
        place: dict[str, Any] = {"argument": line.argument, "output": cotangent.place,
                 "point": self.point[lone] if lone is not None else nan,
                 "entry": self.entry(line.argument, lone) if lone is not None else f" along {len(direction)} entries",
                 "order": self.order, "mode": ", ".join(given), "name": self.names[line.argument]}
        if not all(map(isfinite, given.values())):
            mode, value = next((m, v) for m, v in given.items() if not isfinite(v))
            note = f"the gradient is {value}" + (self.culprit(cotangent.weights) if mode == "reverse" else "")
            return Finding("NONFINITE", analytic=value, note=note, **place | {"mode": mode})
        size = sum(abs((reverse[i] if reverse else analytic * unit) * d) for i, d in direction.items()) / abs(unit)
        g = line.curve(cotangent)

        def look(noise: float = cotangent.noise, stretch: float = 1.0, patience: int = 3, scale: float = line.scale) -> Slopes:
            return slopes(g, scale * stretch, line.quantum, lambda t: line.blur(t) * size, analytic, noise, patience)
        measured = look()
        finding = judge(measured, analytic, place)
        smooth = measured.kind == "smooth" and measured.slope.bar <= 1e-8 * size

        def excused(again: Finding) -> bool:  # a kink that is seen from afar is none here
            return again.verdict in RIGHT and not (again.verdict == "KINK" and smooth)
        for mode, value in given.items():
            if value != analytic and finding.verdict in RIGHT:
                other = judge(measured, value, place | {"mode": mode})
                finding = other if other.verdict not in RIGHT else finding
        unsettled = finding.verdict == "OK_NOISY" and measured.slope.noise < measured.slope.bar / 2
        if finding.verdict in ("WRONG", "WRONG_AT_KINK") or unsettled:  # a second, longer look, with other steps
            again = judge(look(stretch=1.375, patience=10), finding.analytic, place | {"mode": finding.mode})
            if again.bar < finding.bar and "KINK" not in again.verdict if unsettled else excused(again):
                finding = again
        apart = max(given.values()) - min(given.values())
        disagree = finding.verdict in RIGHT and measured.kind == "smooth" and apart > finding.bar + 1e-8 * size
        if slack is None and self.certain < CERTAIN and (finding.verdict in ("WRONG", "WRONG_AT_KINK") or disagree):
            longer = look(stretch=1.375, patience=10, noise=max(noise_beyond(g, line.scale), cotangent.noise))
            followed = abs(finding.analytic) * 4 * line.quantum <= abs(longer.at)  # else floats cannot follow the function
            slack = 6 * self.gradient_noise(line, cotangent, longer.slope.step if followed else inf)
            if finding.verdict in ("WRONG", "WRONG_AT_KINK"):
                doubted = place | {"mode": finding.mode}
                again = judge(longer, finding.analytic, doubted, slack)
                unheard = longer.noise > 4 * measured.noise  # in which the kink's slopes were measured too sharply
                if excused(again) and (again.verdict != "KINK" or finding.verdict == "WRONG" or unheard):
                    finding = again
                elif finding.verdict == "WRONG" or measured.kind == "jump" or not followed:
                    finding = self.closer(g, look, finding, measured, line.scale, doubted, slack)
        if disagree and finding.verdict in RIGHT and apart > (slack or 0.0) + 1e-8 * size:
            finding.verdict = "WRONG"
            finding.note = ", ".join(f"{mode} mode says {value:.10g}" for mode, value in given.items())
        if finding.verdict == "WRONG" and (kinks := self.kinks()):
            loud = look(stretch=1.375, patience=10, noise=noise_beyond(g, line.scale, either=True))
            again = judge(loud, finding.analytic, place | {"mode": finding.mode})
            if again.verdict == "KINK":
                return again
            finding.verdict = "WRONG_AT_KINK"
            finding.note = f"at the kink of {kinks}, whose choices do not add up to a slope"
        self.certain += slack is not None and finding.verdict == "WRONG"
        if finding.verdict == "WRONG" and not finding.note:
            finding.note = self.recognise(finding, lone)
        if cotangent.coarse is not None and finding.verdict in RIGHT:
            value = sum(cotangent.coarse[i] * d for i, d in direction.items()) / unit
            room = 1e-5 * (size + max(map(abs, cotangent.coarse)) / abs(unit)) + 1e-6 * measured.natural
            if not abs(value - analytic) <= room:
                finding = Finding("WRONG", analytic=value, numeric=analytic, bar=room,
                                  note="right in float64, but not in float32: an unstable formula, or a cast", **place)
        return finding

    def closer(self, g: Curve, look: Callable[..., Slopes], finding: Finding, measured: Slopes, scale: float,
               place: dict[str, Any], slack: float) -> Finding:
        """The finding at the length over which this gradient would change all of the value, where that is far from |x|."""
        length = abs(measured.at / finding.analytic) if finding.analytic else 0.0
        if not (isfinite(length) and length):
            return finding
        rows = [[g(side * k * measured.quantum) for k in range(5)] for side in (-1, 1)]
        bends = [max(abs(a - 2 * b + c) for a, b, c in zip(row, row[1:], row[2:])) for row in rows]
        if length < 4 * measured.quantum and (min(bends) > abs(measured.at) / 16 or slack > abs(finding.analytic)):
            finding.verdict, finding.bar = "OK_NOISY", inf
            finding.note = "it changes faster than floats can follow: the value at the next ones is another"
        elif not 1e-2 < length / scale < 1e2:
            size = 4 * 2.0 ** frexp(length)[1]
            far = not 1e-9 < length / scale < 1e9
            longer = look(patience=10, noise=noise_beyond(g, size), scale=size)
            again = judge(longer, finding.analytic, place, 0.0 if far else slack)
            if again.verdict == "OK" or (again.verdict in RIGHT and far and again.bar < 1e-2 * abs(finding.analytic)):
                return again
        return finding

    def gradient_noise(self, line: Line, cotangent: Cotangent, reach: float) -> float:
        """The rounding in the gradient itself along a line, from its values up to ``reach`` away."""
        def g(t: float) -> float:
            try:
                if self.gradient is None and "reverse" not in self.modes:
                    return cotangent.of(self.tangents(line.direction, line.point(t)))
                gradient = self.gradients(cotangent.weights, line.point(t))
            except (ArithmeticError, ValueError):
                return nan
            return sum(gradient[i] * d for i, d in line.direction.items()) / cotangent.unit
        return noise_beyond(g, line.scale, inf, reach)

    def kinks(self) -> str:
        """The operations in the graph that are met at their kink: a partial jumps next to its operand."""
        if self.gradient is not None or any(self.form.shapes) or any(self.result.shapes):
            return ""
        run = Reverse(self.f, self.form.tree(self.point), {}, tuple(range(len(self.spans))))
        nodes = topological(*(y for y in flatten(run.y)[0] if hasattr(y, "pullback")))
        bent = [node for node in nodes if node.op and any(_bends(node, i) for i in range(len(node.operands)))]
        return ", ".join(list(dict.fromkeys(_call(node) for node in bent))[:4])

    def backward(self, cotangent: list[float]) -> Iterator[tuple[Any, Any, list[tuple[Any, Any]]]]:
        """A sweep over the graph of f: each node with its adjoint, and what it sends back to its inputs."""
        run = Reverse(self.f, self.form.tree(self.point), {}, tuple(range(len(self.spans))))
        adjoints: dict[Any, Any] = {}
        ys = flatten(run.y)[0]
        for y, seed in zip(ys, flatten(self.result.tree(cotangent))[0]):
            if hasattr(y, "pullback"):
                seed = y.seed_gradient(seed, False)
                adjoints[y] = adjoints[y] + seed if y in adjoints else seed
        order = topological(*adjoints)
        needed = set(order)
        for node in reversed(order):
            if node in adjoints:  # else it is behind a branch that was not taken
                with node.sweep_context():
                    sent = list(node.pullback(adjoints[node], False, needed)) if node.inputs else []
                    yield node, adjoints[node], sent
                    for x, downstream in sent:
                        adjoints[x] = adjoints[x] + downstream if x in adjoints else downstream

    def rounding(self, cotangent: list[float]) -> float:
        """How much rounding alone puts into ⟨cotangent, f⟩: each operation's result is off by a third of ε, independently.

        0 where there is no graph to look at.
        """
        if self.gradient is not None:
            return 0.0
        noise = 0.0
        for node, adjoint, _ in self.backward(cotangent):
            if node.op:
                off = adjoint * plain(node)
                noise = hypot(noise, float((off * off).sum()) ** 0.5 if getattr(off, "shape", ()) else float(off))
        return 0.3 * float_info.epsilon * noise if isfinite(noise) else 0.0

    def operations(self) -> list[Finding]:
        """What is wrong with operations of the graph by themselves, each held against differences of its own values.

        An error that fades on its way to the gradient, or is cancelled by another, is seen here. Only what is certain
        counts: at a kink, a pole, or within rounding nothing is said.
        """
        uses: dict[Any, list[Any]] = defaultdict(list)
        for node, _, _ in self.backward([1.0] * len(self.values)):
            if node.op is not None and node.inputs:
                uses[node.op].append(node)
        found = []
        for nodes in uses.values():
            samples = self.rng.sample(nodes, min(len(nodes), EACH_OPERATION))
            found += next(filter(None, map(self.operation, samples)), [])  # one example of a wrong rule
        return found

    def operation(self, node: Any) -> list[Finding]:
        """The findings on one operation: a wrong rule towards one of its inputs, backward or forward."""
        options = getattr(node, "params", None) or {}
        operands = [_whole(x) for x in node.operands]
        seed = self._like(_whole(node))
        with node.sweep_context():
            sent = list(node.pullback(seed, False, set(node.inputs)))
        found: list[Finding] = []
        for x in dict.fromkeys(node.inputs):
            backward = [downstream for to, downstream in sent if to is x]
            if not backward:
                continue  # no derivative, or a branch that was not taken
            move, size = self._like(_whole(x)), abs(_whole(x))
            given = {"reverse": _dot(reduce(add, backward), move)}

            def moved(t: float, x: Any = x, move: Any = move) -> Any:
                return [value + t * move if to is x else value for to, value in zip(node.operands, operands)]

            def g(t: float) -> float:
                try:
                    with node.sweep_context():
                        return _dot(node.op(*moved(t), **options), seed)
                except (ArithmeticError, ValueError):
                    return nan
            if "forward" in self.modes:
                tangents = tuple(move if to is x else value * 0.0 for to, value in zip(node.operands, operands))
                with node.sweep_context():
                    given["forward"] = _dot(jvp(lambda *xs: node.op(*xs, **options), tuple(operands), tangents)[1], seed)
            largest = float(size.max(initial=0.0) if hasattr(size, "max") else size)
            scale = _power_of_two(largest) if largest and isfinite(largest) else 1.0
            wrong: dict[float, Finding] = {}  # both modes at once, where they say the same
            for mode, analytic in given.items():
                if analytic in wrong:
                    wrong[analytic].mode += f", {mode}"
                elif isfinite(analytic) and not richardson(g, scale, analytic):
                    finding = self._operation_is_wrong(g, scale, largest, analytic, mode)
                    if finding is not None:
                        finding.of, finding.name = node.op.name, f"operand {[to is x for to in node.operands].index(True)}"
                        finding.note = f"the rule at {_call(node)}" + (f": {finding.note}" if finding.note else "")
                        wrong[analytic] = finding
            found += wrong.values()
        return found

    def _operation_is_wrong(self, g: Curve, scale: float, largest: float, analytic: float,
                            mode: str) -> Finding | None:
        noise = 0.0
        for stretch in (1.0, 1.375):
            measured = slopes(g, scale * stretch, ulp(largest), hint=analytic, floor=noise, patience=10)
            finding = judge(measured, analytic, {"argument": 0, "entry": "", "point": largest, "mode": mode})
            sides = [abs(x.value - finding.numeric) + x.bar for x in (measured.left, measured.right)]
            if finding.verdict != "WRONG" or not finding.bar + max(sides) <= 1e-7 * abs(finding.numeric):
                return None
            noise = noise_beyond(g, scale)
        finding.note = self.recognise(finding, None)
        return finding

    def _like(self, x: Any) -> Any:
        """Random signed numbers in the form of x; 1 for a number."""
        return _array([self._signed() for _ in range(x.size)], x.shape, x.dtype) if hasattr(x, "shape") else 1.0

    def entry(self, argument: int, i: int) -> str:
        """The path to an entry within its argument."""
        return self.form.places[i].removeprefix(f"[{argument}]")

    def recognise(self, finding: Finding, entry: int | None) -> str:
        """What kind of mistake the ratio of the two numbers looks like."""
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
        for i in ([entry] if entry is not None else []) + [i for i in range(len(self.point[:EACH])) if i != entry]:
            argument = next(n for n, span in enumerate(self.spans) if i in span)
            x, path = self.point[i], self.names[argument] + self.entry(argument, i)
            for power, text in ((-1, "is missing"), (1, "is too much")):
                if x not in (0, 1, -1) and abs(ratio / x**power - 1) <= close:
                    return f"a factor {path} = {x:.6g} {text}"
        for q in range(1, 13):
            p = round(ratio * q)
            if p and abs(ratio * q / p - 1) <= close:
                return f"{p}/{q} of what it should be" if q > 1 else f"{p} times too large"
        return f"{ratio:.6g} times what it should be"

    def culprit(self, cotangent: list[float] | None) -> str:
        """The first node that is not finite, or with a cotangent the first that sends back a gradient that is not."""
        if self.gradient is not None:
            return ""
        if cotangent is None:
            run = Reverse(self.f, self.form.tree(self.point), {}, tuple(range(len(self.spans))))
            order = topological(*(y for y in flatten(run.y)[0] if hasattr(y, "pullback")))
            bad = next((node for node in order if not _finite(node.data)), None)
            return f", first at {_described(bad)}" if bad is not None else ""
        for node, _, sent in self.backward(cotangent):
            if not all(_finite(downstream) for _, downstream in sent):
                return f", first behind {_described(node)}"
        return ""


def judge(measured: Slopes, analytic: float, place: dict[str, Any], slack: float = 0.0) -> Finding:
    """The verdict on one slope, given what differences say; ``slack`` is the rounding of the analytic value itself."""
    slope, left, right = measured.slope, measured.left, measured.right
    finding = Finding("WRONG", analytic=analytic, numeric=slope.value, bar=slope.bar, left=left.value,
                      right=right.value, samples=measured.samples, **place)
    rounding = 1e-13 * abs(analytic)
    if measured.kind == "nowhere":
        finding.verdict, finding.note = "NONFINITE", "the function is finite at the point and nowhere next to it"
        return finding
    if measured.kind in ("kink", "jump"):
        sides = sorted((x for x in (left, right) if isfinite(x.bar)), key=lambda x: x.value) or [left]
        low, high = sides[0], sides[-1]
        inside = low.value - low.bar - rounding <= analytic <= high.value + high.bar + rounding
        if not place["entry"].startswith(" along"):
            for usual in (low.value, high.value, (low.value + high.value) / 2):  # next to a usual choice is a slip
                off = abs(analytic - usual)
                inside &= not low.bar + high.bar + rounding < off < 1e-4 * (high.value - low.value)
        finding.verdict = "KINK" if inside else "WRONG_AT_KINK"
        finding.bar = max(low.bar, high.bar)
        finding.numeric = min((low.value, high.value), key=lambda x: abs(x - analytic))
        which = next((side for side, x in (("left", left), ("right", right)) if x.covers(analytic)), "between")
        finding.note = f"slopes {left.value + 0.0:.6g} left, {right.value + 0.0:.6g} right"
        finding.note += f"; the gradient is {which}" if inside else ""
        if measured.kind == "jump":
            finding.note = "the value jumps here; " + finding.note
        return finding
    size = max(abs(analytic), abs(slope.value))
    least = min(left.value - left.bar, right.value - right.bar)
    most = max(left.value + left.bar, right.value + right.bar)
    if least <= analytic <= most and most - least <= 1e-8 * size:  # a kink too faint to be told from rounding
        finding.bar = max(slope.bar, abs(analytic - slope.value))
    if slack > slope.bar:
        finding.bar += slack
        finding.note = f"rounding puts ±{slack:.1e} into the gradient itself"
    if abs(analytic - slope.value) <= finding.bar + rounding:
        finding.verdict = "OK_NOISY" if finding.bar > 1e-6 * (size if analytic else measured.natural) else "OK"
        finding.note = "measured from one side: the other is not finite" if measured.kind == "edge" else finding.note
    elif len(measured.wide) == 2 and any(isfinite(x.bar) and x.covers(analytic) for x in measured.wide):
        finding.verdict, finding.bar = "OK_NOISY", abs(analytic - slope.value) + slope.bar
        finding.note = "a kink nearer than rounding lets one see: the gradient is that of one side"
    return finding


def _power_of_two(x: float) -> float:
    return 2.0 ** min(max(frexp(x)[1], -963), 1000)  # within which steps neither vanish nor overflow


def _bends(node: Any, argument: int) -> bool:
    rule, xs = node.op.partials[argument], [float(x) for x in node.operands]
    if not callable(rule):
        return False
    x = xs[argument]
    jumps = []
    for away in (abs(x) * 1e-14 or 1e-300, abs(x) * 8e-14 or 8e-300):
        sides = []
        for moved in (x - away, x + away):
            xs[argument] = moved
            sides.append(float(rule(node.op(*xs), *xs)))
        jumps.append(abs(sides[0] - sides[1]))
    return 1e-3 * max(map(abs, sides)) < jumps[1] < 2 * jumps[0]


def _same(one: list[float], other: list[float]) -> bool:
    return all(x == y or (x != x and y != y) for x, y in zip(one, other))


def _whole(x: Any) -> Any:
    """What a node holds, an array of shape () included; a constant operand as it is."""
    return _array(x.numpy(), x.shape, x.dtype) if hasattr(x, "numpy") else plain(x)


def _dot(x: Any, y: Any) -> float:
    return float((x * y).sum() if getattr(x, "shape", ()) else x * y)


def _finite(x: Any) -> bool:
    x = plain(x)
    return isfinite(x) if not getattr(x, "shape", ()) else bool((x - x == 0).all())


def _described(node: Any) -> str:
    name = f" ({node.name})" if node.name else ""
    return f"{_call(node)} = {_brief(node)}{name}"


def _call(node: Any) -> str:
    return f"{node.op.name if node.op else 'an input'}({', '.join(map(_brief, node.operands))})"


def _brief(x: Any) -> str:
    """A number as it is, an array by its shape and first entries, on one line."""
    x = plain(x)
    if not getattr(x, "shape", ()):
        return f"{x!s:.24}"
    first = ", ".join(f"{entry:.4g}" for entry in x.ravel()[:2].tolist())
    return f"{'×'.join(map(str, x.shape))} [{first}{', …' if x.size > 2 else ''}]"


# ── the picture ──────────────────────────────────────────────────────────────────────────────────────────────────

WIDTH, HEIGHT, MARGIN = 520, 300, 56
SERIES = (("central", "#1f77b4"), ("left", "#2ca02c"), ("right", "#d62728"))


def picture(finding: Finding) -> str:
    """The distance of each difference quotient from the gradient, against its step, as a self-contained SVG.

    Both axes are logarithmic. A right gradient shows a V: truncation falls with the step, noise rises; a wrong one
    shows a level line, at the size of its error; at a kink left and right stay level. The shaded band is the error bar.
    """
    points = [[(log10(h), log10(max(abs(row[i] - finding.analytic), 1e-300))) for h, *row in finding.samples
               if isfinite(row[i] - finding.analytic)] for i in range(3)]
    xs = [x for series in points for x, _ in series]
    if not xs:
        return ""
    size = max(abs(finding.analytic), abs(finding.numeric)) if isfinite(finding.numeric) else abs(finding.analytic)
    unwrap = log10(size or 1.0) - 17
    ys = [max(y, unwrap) for series in points for _, y in series]
    left, right, bottom, top = min(xs), max(xs) + 1e-9, min([*ys, unwrap + 2]), max(ys) + 0.5

    def at(x: float, y: float) -> tuple[float, float]:
        return (MARGIN + (x - left) / (right - left) * (WIDTH - MARGIN - 16),
                HEIGHT - 40 - (max(y, bottom) - bottom) / (top - bottom) * (HEIGHT - 76))

    marks: list[str] = []
    if 0 < finding.bar < inf:
        edge = min(at(left, log10(finding.bar))[1], HEIGHT - 40)
        marks.append(f'<rect x="{MARGIN}" y="{edge:.1f}" width="{WIDTH - MARGIN - 16}" '
                     f'height="{HEIGHT - 40 - edge:.1f}" fill="#8884"/>')
    for i in range(int(left) - 1, int(right) + 1, 2):
        if left <= i <= right:
            marks.append(f'<text x="{at(i, bottom)[0]:.0f}" y="{HEIGHT - 24}" text-anchor="middle">1e{i}</text>')
    for i in range(int(bottom), int(top) + 1, max(1, round((top - bottom) / 6))):
        if i >= bottom:
            marks.append(f'<text x="{MARGIN - 4}" y="{at(left, i)[1] + 4:.0f}" text-anchor="end">1e{i}</text>')
    for (name, colour), series, row in zip(SERIES, points, range(3)):
        places = [at(x, y) for x, y in series]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        marks.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        marks += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places]
        marks.append(f'<text x="{MARGIN + 8 + 64 * row}" y="36" fill="{colour}">{name}</text>')
    title = escape(f"{finding.verdict}: |difference quotient − gradient| of {finding.what}, against the step")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
            f'<text x="8" y="18" font-weight="bold">{title}</text>'
            f'<path d="M{MARGIN} 44V{HEIGHT - 40}H{WIDTH - 16}" fill="none" stroke="#888"/>{"".join(marks)}'
            f'<text x="{WIDTH // 2}" y="{HEIGHT - 6}" text-anchor="middle">step</text></svg>')
