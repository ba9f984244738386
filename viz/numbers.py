"""Text for pictures, tables and pages: numbers, arrays, formulas, signs of gates, operations on operands."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from autograd.graph import is_node

if TYPE_CHECKING:
    import numpy as np

    from autograd.operation import Operation

FEW_ENTRIES, SHORT = 6, 30  # arrays of up to this many entries are written out; on wires, in up to this many characters
BINS, BARS = 8, "▁▂▃▄▅▆▇█"  # of histograms: intervals, and bars by height
Digits: TypeAlias = int | Literal["auto"] | None  # significant digits; None: all; "auto": as many as needed
MORE, FAR = 3, 99  # most extra decimals of a factor; the cost of a product that no factor makes right
_HALF = 0.5 + 1e-9  # half a unit, with a tolerance for binary rounding
_INFIX = {"add": "+", "sub": "−", "mul": "×", "div": "/", "pow": "^"}


class ArraySummary(NamedTuple):
    """Summary of an array for a picture: statistics, and all entries in row order where they are few.

    ``histogram`` counts the finite entries in intervals of equal length from the least to the greatest one.
    """

    shape: tuple[int, ...]
    entries: tuple[float, ...] | None
    minimum: float
    mean: float
    maximum: float
    nans: int
    infs: int
    zeros: int
    histogram: tuple[int, ...] = ()


Shown = float | ArraySummary | None  # a number or an array in a picture; None: not computed


def summary(data: float | np.ndarray[Any, Any] | np.generic | None) -> Shown:
    """Return a number as a float, an array as its summary, and None as None.

    >>> summary(2)
    2.0
    """
    if data is None or type(data) is float:
        return data
    if not getattr(data, "shape", ()):
        return float(data)
    import numpy as np
    array = np.asarray(data)
    finite = np.isfinite(array)
    kept = np.asarray(array, dtype=float)[finite]
    low, mean, high = (kept.min(), kept.mean(), kept.max()) if kept.size else (math.nan,) * 3
    nans = int(np.isnan(array).sum())
    entries = tuple(map(float, np.ravel(array))) if array.size <= FEW_ENTRIES else None
    return ArraySummary(tuple(array.shape), entries, float(low), float(mean), float(high), nans,
                        int(array.size - finite.sum()) - nans, int(array.size - np.count_nonzero(array)),
                        _histogram(kept, low, high))


def _histogram(kept: np.ndarray[Any, Any], low: float, high: float) -> tuple[int, ...]:
    """Count the numbers in each interval; empty where all are equal or none is given."""
    span = float(high) - float(low)
    if not 0 < span < math.inf:
        return ()
    import numpy as np
    places = ((kept - low) * (BINS / span)).astype(int).ravel()
    return tuple(map(int, np.bincount(places.clip(0, BINS - 1), minlength=BINS)))


def summary_of_numbers(numbers: Sequence[Shown]) -> Shown:
    """Return one number unchanged, and several as the summary of their array; None where one is not a number.

    >>> summary_of_numbers([1.0, 3.0]).mean
    2.0
    """
    if len(numbers) == 1:
        return numbers[0]
    known = [x for x in numbers if isinstance(x, float)]
    if len(known) < len(numbers):
        return None
    finite = [x for x in known if math.isfinite(x)] or [math.nan]
    entries = tuple(known) if len(known) <= FEW_ENTRIES else None
    return ArraySummary((len(known),), entries, min(finite), math.fsum(finite) / len(finite), max(finite),
                        sum(map(math.isnan, known)), sum(map(math.isinf, known)), known.count(0.0))


def has_nonfinite(x: Shown) -> bool:
    """Return True for a nan or infinite number, or an array with such an entry.

    >>> has_nonfinite(math.inf), has_nonfinite(None)
    (True, False)
    """
    return x is not None and (bool(x.nans or x.infs) if isinstance(x, ArraySummary) else not math.isfinite(x))


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────

def number(x: float | None, digits: Digits = "auto", places: int = 0) -> str:
    """Write a number, rounded to its last digit; "" for None.

    ``digits`` counts significant digits; None shows all. "auto" is two decimals as in the lecture, and more where fewer than two
    significant digits would remain. Very small and large numbers get powers of ten. ``places`` is the least number of decimals, as
    far as the number has them.

    >>> [number(x) for x in (2.0, -0.19661, 12.0, 0.0123, 1234.5, 1.25e-7, -0.0, None)]
    ['2.00', '−0.20', '12.00', '0.012', '1234.50', '1.2·10⁻⁷', '0.00', '']
    >>> [number(x, 3) for x in (2.0, -0.19661, 12.0, 0.0123)], [number(x, places=3) for x in (2 / 3, 0.0123, 0.5)]
    (['2.00', '−0.197', '12.0', '0.0123'], ['0.667', '0.012', '0.50'])
    """
    if x is None:
        return ""
    if not math.isfinite(x):
        return repr(float(x)).replace("-", "−")
    return _typed(*_rounded(x, digits, places=places))


def _rounded(x: float, digits: Digits, more: int = 0, places: int = 0) -> tuple[str, int]:
    """A number as decimal text and its power of ten; with ``more`` digits, or up to ``places`` decimals."""
    if digits is None:
        text, _, exponent = repr(float(x)).partition("e")
        return text, int(exponent or 0)
    significant = 2 if digits == "auto" else digits
    power = int(f"{x:.{significant - 1}e}".partition("e")[2])  # after rounding: 0.9999 is 1.00
    if x == 0 or -4 < power < 6:
        decimals = max(significant - 1 - power, 2 if digits == "auto" else 0) + more
        text = f"{abs(x) if x == 0 else x:.{decimals}f}"
        return (f"{x:.{places}f}" if places > decimals and float(text) != x else text), 0
    decimals = max(significant - 1 + (digits == "auto" and power > 0) + more, places + power if places and power < 0 else 0)
    text, _, exponent = f"{x:.{decimals}e}".partition("e")
    return text, int(exponent)


def _typed(text: str, power: int) -> str:
    return (f"{text}·10{superscript(str(power))}" if power else text).replace("-", "−")


class _Candidate(NamedTuple):
    """A number as it may be shown: the text, the number that the text stands for, and the unit of its last digit."""

    text: str
    value: float
    unit: float


def _candidate(text: str, power: int) -> _Candidate:
    return _Candidate(_typed(text, power), float(f"{text}e{power}"), 10.0 ** (power - len(text.partition(".")[2])))


def _candidates(x: float, digits: Digits) -> Iterator[_Candidate]:
    """Yield a number with more and more digits, up to all of them."""
    for more in range(18):
        candidate = _candidate(*_rounded(x, digits, more))
        yield candidate
        if candidate.value == x or digits is None:
            return


def multiplied(upstream: float, local: float, downstream: float, digits: Digits = "auto", places: int = 0) -> tuple[str, str, str]:
    """Write ``upstream × local = downstream`` so that the shown numbers multiply correctly, to half a unit.

    The product has its usual digits (and at least ``places`` decimals); the factors get as few more as necessary.

    >>> multiplied(-0.5344, 0.3679, -0.1966), multiplied(0.19661, 2.0, 0.39322)
    (('−0.53', '0.37', '−0.20'), ('0.197', '2.00', '0.39'))
    """
    if not all(map(math.isfinite, (upstream, local, downstream))):
        return number(upstream, digits), number(local, digits), number(downstream, digits, places)
    product = _candidate(*_rounded(downstream, digits, places=places))
    ups, locals = list(_candidates(upstream, digits)), list(_candidates(local, digits))
    for count in range(len(ups) + len(locals) - 1):
        ways = range(max(0, count - len(locals) + 1), min(count, len(ups) - 1) + 1)
        for i in sorted(ways, key=lambda i: abs(2 * i - count)):  # equally many digits first
            one, other = ups[i], locals[count - i]
            if abs(one.value * other.value - product.value) <= product.unit * _HALF:
                return one.text, other.text, product.text
    return ups[0].text, locals[0].text, product.text  # a branch not taken: 0 for any factors


def places_that_multiply_out(upstream: float, locals: Sequence[float], digits: Digits = "auto",
                             shown: Sequence[int] = ()) -> list[int]:
    """Return the decimals that a gate's gradient and its local gradients need, so that the shown factors give the shown products.

    A product may be off by one unit of its last digit: the lecture's 0.20 × 2.00 beside 0.39 stays. ``shown`` are the current
    decimals, the gate's first; 0 means the usual number. As few decimals as possible are added, to the gate's gradient first.

    >>> places_that_multiply_out(0.4856, [0.1971]), places_that_multiply_out(0.19661, [2.0, -1.0])
    ([0, 3], [0, 0, 0])
    """
    up, *places = shown or [0] * (len(locals) + 1)
    if digits is None or not all(map(math.isfinite, (upstream, *locals))):
        return [up, *places]
    products = [_candidate(*_rounded(upstream * local, digits)) for local in locals]
    best, cost = [up, *places], FAR * (len(locals) + 1)
    for more in range(MORE + 1):
        begin = _decimals(upstream, digits, up) + more if more else up
        one = _read(upstream, digits, begin)
        found = [_places_of_factor(local, one, product, digits, now) for local, product, now in zip(locals, products, places)]
        now = more + sum(extra for _, extra in found)
        if now <= cost:
            best, cost = [begin, *(several for several, _ in found)], now
        if cost <= more:
            break
    return best


def _places_of_factor(x: float, other: float, product: _Candidate, digits: Digits, places: int) -> tuple[int, int]:
    """The decimals with which a number times ``other`` gives the product to one unit, and how many were added."""
    for extra in range(MORE + 1):
        several = _decimals(x, digits, places) + extra if extra else places
        if abs(other * _read(x, digits, several) - product.value) <= product.unit * (1 + 1e-9):
            return several, extra
    return places, FAR


def _decimals(x: float, digits: Digits, places: int = 0) -> int:
    """The number of decimals that a number is shown with."""
    unit = _candidate(*_rounded(x, digits, places=places)).unit
    return max(round(-math.log10(unit)), 0) if unit else 0


def _read(x: float, digits: Digits, places: int) -> float:
    """The number as shown, read back."""
    return _candidate(*_rounded(x, digits, places=places)).value


def places_that_add_up(parts: Sequence[float], total: float, digits: Digits = "auto", places: int = 0) -> int:
    """Return the decimals that the parts of a sum need, so that the shown parts add up to the total, to half a unit.

    The total is shown with at least so many ``places``.

    >>> places_that_add_up([0.334, 0.334], 0.668), places_that_add_up([0.5, 0.25], 0.75)
    (3, 0)
    """
    if digits is None or not all(map(math.isfinite, (*parts, total))):
        return 0
    shown = _candidate(*_rounded(total, digits, places=places))
    finest = max(round(-math.log10(shown.unit)), 0) if shown.unit else 0
    for several in (0, *range(finest + 1, finest + 17)):
        if abs(math.fsum([_read(part, digits, several) for part in parts]) - shown.value) <= shown.unit * _HALF:
            return several
    return 0  # the total is not their sum


def show(x: Shown, digits: Digits = "auto", places: int = 0) -> str:
    """Write a number, or an array in a few words.

    >>> show(summary_of_numbers([1.0, 2.0]))
    '[1.00 2.00]'
    """
    if not isinstance(x, ArraySummary):
        return number(x, digits, places)
    shape = shape_text(x.shape)
    if x.entries is not None:
        entries = " ".join(number(entry, digits) for entry in x.entries)
        return (f"{shape}: " if len(x.shape) > 1 else "") + f"[{entries}]"
    text = f"{shape}: {number(x.minimum, digits)} … {number(x.maximum, digits)}, mean {number(x.mean, digits)}"
    counts = ((x.nans, "nan"), (x.infs, "inf"), (x.zeros if digits is None else 0, "zeros"))
    return text + "".join(f", {count:,} {kind}" for count, kind in counts if count)


def brief(x: Shown, digits: Digits = "auto", places: int = 0) -> str:
    """Write a number, or an array briefly enough for a wire: its shape and a histogram of its entries.

    A few entries are written out; equal entries are written once.

    >>> import numpy as np
    >>> brief(summary(np.arange(12.0).reshape(4, 3) ** 3)), brief(summary(np.ones(9))), brief(summary(np.ones(2)))
    ('4×3 █▃▃▃▃▁▃▃', '9: all 1.00', '[1.00 1.00]')
    """
    if not isinstance(x, ArraySummary) or x.entries is not None and len(show(x, digits)) <= SHORT:
        return show(x, digits, places)
    most = max(x.histogram, default=0)
    bars = "".join(BARS[-(-count * (len(BARS) - 1) // most)] for count in x.histogram)
    same = f": all {number(x.minimum, digits)}" if x.minimum == x.maximum else ""
    return f"{shape_text(x.shape)}{bars and ' ' + bars}{same}" + "".join(
        f", {count:,} {kind}" for count, kind in ((x.nans, "nan"), (x.infs, "inf")) if count)


def bracketed(text: str) -> str:
    """Put brackets around a negative number, so that it can follow an operator.

    >>> bracketed("−2.00"), bracketed("2.00")
    ('(−2.00)', '2.00')
    """
    return f"({text})" if text.startswith("−") else text


def superscript(text: str) -> str:
    """Write digits and signs as superscripts: ``superscript("-1")`` is ⁻¹."""
    return text.translate(str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def subscript(n: int) -> str:
    """Write a whole number as subscripts: ``subscript(12)`` is ₁₂."""
    return str(n).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def shape_text(shape: Iterable[int]) -> str:
    """Write the shape of an array: ``shape_text((2, 3))`` is 2×3, ``shape_text(())`` is 1."""
    return "×".join(map(str, shape)) or "1"


# ── formulas and gates ───────────────────────────────────────────────────────────────────────────────────────────

def typeset(formula: str, names: Iterable[object] = ()) -> str:
    """Write a Python expression in mathematical notation, long numbers shortened; ``names`` that are not plain words stay
    unchanged.

    >>> typeset("-1/x**2"), typeset("x >= 0"), typeset("out*0.6931471805599453")
    ('−1/x²', 'x ≥ 0', 'out·0.69')
    """
    kept = [re.escape(name) for name in names if isinstance(name, str) and name and not name.isidentifier()]
    pieces = re.split(f"({'|'.join(sorted(kept, key=len, reverse=True))})", formula) if kept else [formula]
    for i in range(0, len(pieces), 2):
        text = re.sub(r"\*\*(?:(\d+)|\((-?\d+)\))(?![\d.])", lambda m: superscript(m[1] or m[2]), pieces[i])
        text = re.sub(r"(?<![\w.])\d+(\.\d{4,}(e[-+]?\d+)?|(\.\d+)?e[-+]?\d+)", lambda m: number(float(m[0])), text)
        for plain, written in (("**", "^"), ("*", "·"), ("-", "−"), (">=", "≥"), ("<=", "≤"), ("==", "=")):
            text = text.replace(plain, written)
        pieces[i] = text
    return "".join(pieces)


def local_gradient_text(formula: str, names: Iterable[object], local: object) -> str:
    """Write a local gradient for its wire; where two operands are equal each gets half, not the value of ``x > y``.

    >>> local_gradient_text("x > y", (), 0.5), local_gradient_text("x > y", (), True)
    ('½ (x = y)', 'x > y')
    """
    text = typeset(formula, names)
    return re.sub("^(.*) [<>] (.*)$", r"½ (\1 = \2)", text) if type(local) is float and local == 0.5 else text


def gate_sign(operation: Operation, operands: Sequence[object]) -> tuple[tuple[str, bool], ...]:
    """Return the sign of a gate with its constants, in pieces: each a text, and True for a constant.

    >>> from autograd import Value
    >>> y = 1 / Value(2.0)
    >>> gate_sign(y.op, y.operands)
    (('1', True), ('/x', False))
    """
    at = [i for i, x in enumerate(operands) if not is_node(x)]
    text = operation.sign
    if not at:
        return ((text, False),)
    if len(operands) != 2 or len(at) != 1:
        return (text, False), *((f" {constant_text(operands[i])}", True) for i in at)
    constant, last = constant_text(operands[at[0]]), at[0] == 1
    if operation.name in ("add", "mul"):
        return (text, False), (bracketed(constant), True)
    if operation.name == "pow":
        whole = re.fullmatch(r"−?\d+", constant)
        return ((("x", False), (superscript(constant) if whole else f"^{bracketed(constant)}", True)) if last
                else ((bracketed(constant), True), ("ˣ", False)))
    if operation.name in ("sub", "div"):
        return ((text, False), (bracketed(constant), True)) if last else ((constant, True), (f"{text}x", False))
    return ((text, False), (f" {constant}", True)) if last else ((text, False), (f"({constant}, x)", True))


def constant_text(x: object) -> str:
    """Write a constant operand short enough for a gate: a number, the shape of an array, or the beginning of its text.

    >>> constant_text(2.0), constant_text(1 / 3)
    ('2', '0.33')
    """
    if isinstance(x, (float, int)) and not isinstance(x, bool):
        return number(float(x), None).removesuffix(".0") if len(repr(float(x))) < 8 else number(float(x))
    shape = getattr(x, "shape", ())
    return shape_text(shape) if shape else str(x)[:12]


def applied_template(operation: str, count: int) -> str:
    """Write an operation with a place for each operand: ``{0} × {1b}``; a ``b`` puts a negative number in brackets.

    >>> applied_template("sub", 2), applied_template("exp", 1)
    ('{0} − {1b}', 'exp({0})')
    """
    if operation == "neg":
        return "{0} × (−1)"
    if sign := _INFIX.get(operation):
        return f"{{0{'b' * (sign == '^')}}} {sign} {{1b}}"
    return f"{operation}({', '.join(f'{{{i}}}' for i in range(count))})"


def applied(operation: str, operands: Sequence[str]) -> str:
    """Write an operation on its operands, names or numbers.

    >>> applied("mul", ["w", "−1.00"]), applied("exp", ["v8"])
    ('w × (−1.00)', 'exp(v8)')
    """
    def operand(place: re.Match[str]) -> str:
        text = operands[int(place[1])]
        return bracketed(text) if place[2] else text
    return re.sub(r"\{(\d+)(b?)\}", operand, applied_template(operation, len(operands)))
