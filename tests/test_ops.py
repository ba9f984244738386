"""Every row of the table, against 50-digit arithmetic, NumPy's IEEE results and itself under every interpreter.

The tests loop over all rows. A row whose forward is composed of operators and other rows needs nothing here, because it also runs
in 50 digits. A row that calls ``math`` has a twin in ``TWINS``, an independent definition in mpmath.
"""

from __future__ import annotations

import itertools
import math
import random
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import autograd
import mpmath
import numpy as np
import pytest
from autograd import NoDerivativeWarning, Value, grad, gradient, jvp, ops
from autograd.symbolic import formula
from autograd.operation import Operation, Operators
from scipy import special

nan, inf = math.nan, math.inf
mp = mpmath.mp.clone()
mp.dps = 50


def _cbrt(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


TWINS: dict[str, Callable[..., Any]] = {
    "identity": lambda x: x, "neg": lambda x: -x,
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y, "exp": mp.exp, "expm1": mp.expm1, "log": mp.log, "log1p": mp.log1p, "sqrt": mp.sqrt,
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "arctan": mp.atan, "arctan2": mp.atan2,
    "arcsin": mp.asin, "arccos": mp.acos, "arcsinh": mp.asinh, "arccosh": mp.acosh, "arctanh": mp.atanh, "cbrt": _cbrt,
    "hypot": mp.hypot, "logaddexp": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "log2": lambda x: mp.log(x) / mp.log(2), "log10": lambda x: mp.log(x) / mp.log(10),
    "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)), "softplus": lambda x: mp.log1p(mp.exp(x)),
    "relu": lambda x: max(x, mp.zero), "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * mp.expm1(x), "abs": lambda x: abs(x),
    "maximum": max, "minimum": min, "clip_min": max, "clip_max": min,
    "step": lambda x: mp.mpf(x > 0), "sign": mp.sign, "floor": mp.floor,
    "trunc": lambda x: mp.sign(x) * mp.floor(abs(x)), "rint": mp.nint, "floor_divide": lambda x, y: mp.floor(x / y),
    "mod": lambda x, y: x - y * mp.floor(x / y),
    "erf": mp.erf, "erfc": mp.erfc, "logit": lambda x: mp.log(x / (1 - x)), "sinc": mp.sincpi,
    "fmod": lambda x, y: x - y * mp.sign(x / y) * mp.floor(abs(x / y)),
}

# NumPy's function of the same meaning, or SciPy's, as said in its terms where it has none of that name
NUMPY: dict[str, Callable[..., Any]] = {
    "identity": np.positive, "neg": np.negative, "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "div": np.divide, "pow": lambda x, y: np.power([x], [y])[0], "exp": np.exp, "expm1": np.expm1, "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "arctan": np.arctan, "sinh": np.sinh,
    "arctan2": np.arctan2, "arcsin": np.arcsin, "arccos": np.arccos, "arcsinh": np.arcsinh, "arccosh": np.arccosh,
    "arctanh": np.arctanh, "cbrt": np.cbrt, "hypot": np.hypot, "logaddexp": np.logaddexp, "log2": np.log2, "log10": np.log10,
    "cosh": np.cosh, "tanh": np.tanh, "sigmoid": lambda x: np.exp(-np.logaddexp(0.0, -x)),
    "softplus": lambda x: np.logaddexp(0.0, x), "relu": lambda x: np.maximum(x, 0.0),
    "leaky_relu": lambda x, slope: np.where(x > 0, x, slope * x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(x)), "abs": np.abs,
    "maximum": np.maximum, "minimum": np.minimum, "clip_min": lambda x, low: np.clip(x, low, None),
    "clip_max": lambda x, high: np.clip(x, None, high), "step": lambda x: np.heaviside(x, 0.0), "sign": np.sign,
    "floor": np.floor, "trunc": np.trunc, "rint": np.rint, "floor_divide": np.floor_divide, "mod": np.mod,
    "erf": special.erf, "erfc": special.erfc, "logit": special.logit, "sinc": np.sinc, "fmod": np.fmod,
}

# where a formula might break that is right in the middle of its domain: far out, near 0, negative bases and divisors
BEYOND: dict[str, list[tuple[float, ...]]] = {
    "sigmoid": [(s * x,) for s in (1, -1) for x in (1e-9, 20.0, 36.5, 50.0, 100.0, 350.0, 700.0)],
    "tanh": [(s * x,) for s in (1, -1) for x in (1e-9, 15.0, 19.5, 50.0, 100.0, 350.0, 700.0)],
    "softplus": [(s * x,) for s in (1, -1) for x in (1e-9, 36.5, 100.0, 700.0)],
    "exp": [(-700.0,), (700.0,), (1e-9,)], "expm1": [(-700.0,), (700.0,), (1e-9,), (-1e-12,)],
    "log": [(1e-300,), (1e300,), (1.0000001,)], "log1p": [(1e-12,), (-1e-12,), (1e300,)],
    "sqrt": [(1e-300,), (1e300,)], "sin": [(1e5,), (1e-9,)], "cos": [(1e5,)], "arctan": [(1e8,), (-1e8,), (1e200,)],
    "sinh": [(1e-9,), (700.0,), (-700.0,)], "cosh": [(700.0,), (-700.0,)],
    "elu": [(-1e-9, 1.0), (-700.0, 2.0), (700.0, 0.5)],
    "div": [(3.0, -7.0), (1e-200, 1e100), (1e200, 1e100), (-1e150, -1e-50)],
    "logaddexp": [(700.0, -700.0), (-700.0, -699.0), (1000.0, 1000.5), (0.0, -40.0)],
    "pow": [(1e-100, 3.0), (1e100, -3.0), (1.0000001, 1e6), (0.5, 1000.0), (2.0, 0.0), (7.0, 0.0), (3.0, 1.0)],
    "erf": [(1e-9,), (-1e-300,), (26.0,), (-8.0,)], "erfc": [(26.0,), (-26.0,), (1e-9,)],
    "logit": [(1e-300,), (1e-9,), (0.5000001,), (0.4999999,), (1 - 1e-9,)],
    "sinc": [(1e-9,), (-1e-4,), (0.01,), (0.3,), (0.4999,), (-0.5,), (0.5001,), (100.25,)],
}

def plain(x: Any) -> float:
    """The number in a node, or the number itself."""
    return x.item() if hasattr(x, "item") else float(x)


ROWS = [row for row in ops.rows.values() if row.arity >= 1]
every_row = pytest.mark.parametrize("row", ROWS, ids=str)


class Digits(Operators):
    """A number of 50 digits, on which rows compute by their twins."""

    priority = 6

    def __init__(self, number: Any):
        self.number = number

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Digits:
        return Digits(twin(row)(*(x.number if isinstance(x, Digits) else mp.mpf(x) for x in args)))


def composed(row: Operation) -> bool:
    """True for a row whose forward keeps 50 digits, because it is made of operators and rows only."""
    try:
        result = row.definition(*(Digits(mp.mpf(low) + mp.mpf(high - low) / 3) for low, high in row.domain))
    except TypeError:
        return False
    return isinstance(result, Digits)


def twin(row: Operation) -> Callable[..., Any]:
    if row.name not in TWINS and composed(row):
        return lambda *xs: row.definition(*map(Digits, xs)).number
    if row.name not in TWINS:
        pytest.fail(f"the row {row.name!r} has no twin to be measured against: add \"{row.name}\": <the same function "
                    f"in mpmath, of {row.arity} argument(s)> to TWINS in {__file__}")
    return TWINS[row.name]


def points(row: Operation, count: int = 40) -> list[tuple[float, ...]]:
    """The test points of a row: its domain's corners, random points inside (the same in every run), and points outside."""
    draw = random.Random(row.name)
    corners = [tuple(float(x) for x in corner) for corner in itertools.product(*row.domain)]
    inside = [tuple(draw.uniform(low, high) for low, high in row.domain) for _ in range(count)]
    return [point for point in corners + inside + BEYOND.get(row.name, []) if not on_kink(row, point)]


def on_kink(row: Operation, point: tuple[float, ...]) -> bool:
    tie = row.name in ("maximum", "minimum", "clip_min", "clip_max") and point[0] == point[1]
    jump = {"floor": 1.0, "trunc": 1.0, "floor_divide": point[-1], "mod": point[-1], "fmod": point[-1]}.get(row.name)
    return tie or jump is not None and (point[0] / jump).is_integer() or row.name == "rint" and (point[0] - 0.5).is_integer()


def close(got: float, exact: Any, relative: float = 1e-12, absolute: float = 2.3e-308) -> bool:
    """True where a float equals the exact number to 12 digits, or to the smallest normal number."""
    return bool(abs(mp.mpf(float(got)) - exact) <= max(relative * abs(exact), absolute))


def exactly(function: Callable[..., Any], point: Iterable[float], orders: tuple[int, ...] | None = None) -> Any:
    """A function of mpmath numbers at the point, or its partial derivative there, to 50 digits."""
    x = tuple(mp.mpf(coordinate) for coordinate in point)
    # far out a sigmoid is 1 − exp(−700): differences there want the 304 digits of that, and 50 more; so do steps near 0
    digits = 50 if all(1e-3 < abs(coordinate) < 15 for coordinate in x) else 800
    with mp.workdps(digits):
        if not orders:
            return function(*x)
        return mp.diff(function, x, orders) if len(x) > 1 else mp.diff(function, *x, *orders)


def unit(length: int, *indices: int) -> tuple[int, ...]:
    return tuple(indices.count(i) for i in range(length))


def quietly(f: Callable[[], Any]) -> Any:
    """The result of ``f``, with the warnings of rows without a derivative allowed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDerivativeWarning)
        return f()


# ── the checks, as functions of a row, so that they can be tried on wrong rows too ───────────────────────────────

def check_value(row: Operation) -> None:
    for point in points(row):
        exact = exactly(twin(row), point)
        for got in (row(*point), row(*map(Value, point)).data):
            assert close(got, exact), f"{row.name}{point} = {got!r}, exactly {mp.nstr(exact, 20)}"


def check_first(row: Operation) -> None:
    for point in points(row):
        node = row(*map(Value, point))
        for i, local in enumerate(node.local_gradients):
            exact = exactly(twin(row), point, unit(row.arity, i))
            assert close(local, exact), f"partial {i} of {row.name}{point} = {local!r}, exactly {mp.nstr(exact, 20)}"


def check_modes(row: Operation) -> None:
    """Reverse mode, recorded reverse mode, forward mode and backward() give the stored gradients; constant operands change
    nothing."""
    for point in points(row, 10):
        xs = [Value(x) for x in point]
        y = row(*xs)
        stored = [float(local) for local in y.local_gradients]
        assert quietly(lambda: gradient(y, xs)) == stored
        recorded = quietly(lambda: gradient(y, xs, create_graph=True))
        assert [x.data for x in recorded] == pytest.approx(stored, rel=1e-15, abs=0)
        forward = [quietly(lambda: jvp(row, point, unit(row.arity, i)))[1] for i in range(row.arity)]
        assert forward == pytest.approx(stored, rel=1e-15, abs=0)
        quietly(y.backward)
        assert [x.grad for x in xs] == stored
        for i in range(row.arity):
            mixed = row(*(Value(x) if j == i else x for j, x in enumerate(point)))
            assert mixed.local_gradients == tuple(d if j == i else None for j, d in enumerate(y.local_gradients))
            assert (mixed.data, len(mixed.inputs), tuple(map(plain, mixed.operands))) == (y.data, 1, point)


def nestings(row: Operation, point: tuple[float, ...], i: int, j: int) -> dict[str, float]:
    def first(*xs: Any) -> Any:
        return grad(row, i)(*xs)

    def pushed(*xs: Any) -> Any:
        return jvp(row, xs, unit(row.arity, i))[1]
    return {"reverse over reverse": grad(first, j)(*point),
            "forward over reverse": jvp(first, point, unit(row.arity, j))[1],
            "reverse over forward": grad(pushed, j)(*point),
            "forward over forward": jvp(pushed, point, unit(row.arity, j))[1]}


def check_second(row: Operation) -> None:
    for point in points(row, 8):
        for i, j in itertools.product(range(row.arity), repeat=2):
            exact = exactly(twin(row), point, unit(row.arity, i, j))
            # a second derivative is a sum of terms: where they cancel, their size and not the sum's sets the error;
            # and a product of terms, of which one may be too small for a float before the product is
            scale = abs(exactly(twin(row), point, unit(row.arity, i)))
            if abs(exact) > 1e300:  # the second derivative of log at 1e-300 is no float
                continue
            for name, got in quietly(lambda: nestings(row, point, i, j)).items():
                assert close(got, exact, absolute=max(1e-300, 1e-15 * float(scale))), \
                    f"{name}: derivative {i}, {j} of {row.name}{point} = {got!r}, exactly {mp.nstr(exact, 20)}"


def check_formula(row: Operation) -> None:
    """The formula is the rule that ran: in exact arithmetic it gives the stored number, and in floats up to rounding."""
    names = ("x", "y")[:row.arity]
    exact_names = TWINS | {"where": lambda condition, x, y: x if condition else y}
    for argument in range(row.arity):
        text = formula(row, argument, *names)
        for point in points(row):
            local = row(*map(Value, point)).local_gradients[argument]
            x = [mp.mpf(coordinate) for coordinate in point]
            with mp.workdps(800):
                shown = eval(text, exact_names | dict(zip(names, x)) | {"out": twin(row)(*x)})
            assert close(local, shown), f"{row.name}{point}: {text} is {mp.nstr(shown, 20)}, the rule gave {local!r}"
        for point in points(row):
            if all(low <= x <= high for x, (low, high) in zip(point, row.domain)):
                local = row(*map(Value, point)).local_gradients[argument]
                shown = eval(text, vars(autograd) | dict(zip(names, point)) | {"out": row(*point)})
                assert shown == pytest.approx(float(local), rel=1e-12, abs=1e-12), (row.name, text, point)


# the gradient at a kink, a tie, a boundary: one line per line of the conventions
KINKS: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = [
    ("relu", (0.0,), (0.0,)), ("relu", (-0.0,), (0.0,)), ("relu", (5e-324,), (1.0,)), ("relu", (-5e-324,), (0.0,)),
    ("abs", (0.0,), (0.0,)), ("abs", (5e-324,), (1.0,)), ("abs", (-5e-324,), (-1.0,)),
    ("leaky_relu", (0.0, 0.01), (0.01, 0.0)), ("leaky_relu", (0.0, 0.2), (0.2, 0.0)),
    ("leaky_relu", (1e-9, 0.2), (1.0, 0.0)),
    ("elu", (0.0, 1.0), (1.0, 0.0)), ("elu", (0.0, 2.5), (2.5, 0.0)), ("elu", (1e-9, 2.5), (1.0, 0.0)),
    ("step", (0.0,), (0.0,)), ("step", (1.0,), (0.0,)), ("sign", (0.0,), (0.0,)), ("floor", (2.0,), (0.0,)),
    ("maximum", (2.0, 2.0), (0.5, 0.5)), ("maximum", (2.0, 3.0), (0.0, 1.0)), ("maximum", (3.0, 2.0), (1.0, 0.0)),
    ("minimum", (2.0, 2.0), (0.5, 0.5)), ("minimum", (2.0, 3.0), (1.0, 0.0)), ("minimum", (3.0, 2.0), (0.0, 1.0)),
    ("maximum", (0.0, -0.0), (0.5, 0.5)), ("maximum", (inf, inf), (0.5, 0.5)),
    ("relu", (nan,), (1.0,)), ("maximum", (nan, 1.0), (1.0, 1.0)), ("minimum", (1.0, nan), (1.0, 1.0)),  # as in PyTorch
    ("arctan2", (0.0, 0.0), (0.0, 0.0)), ("hypot", (0.0, 0.0), (0.0, 0.0)),
    ("logaddexp", (inf, 0.0), (1.0, 0.0)), ("logaddexp", (0.0, inf), (0.0, 1.0)), ("logaddexp", (0.0, -inf), (1.0, 0.0)),
    ("logaddexp", (inf, -inf), (1.0, 0.0)), ("logaddexp", (inf, inf), (nan, nan)),
    ("clip_min", (1.0, 1.0), (1.0, 0.0)), ("clip_min", (0.9, 1.0), (0.0, 1.0)), ("clip_min", (1.1, 1.0), (1.0, 0.0)),
    ("clip_max", (1.0, 1.0), (1.0, 0.0)), ("clip_max", (1.1, 1.0), (0.0, 1.0)), ("clip_max", (0.9, 1.0), (1.0, 0.0)),
    ("sqrt", (0.0,), (inf,)),
    ("pow", (0.0, 0.0), (0.0, 0.0)), ("pow", (0.0, 1.0), (1.0, 0.0)), ("pow", (0.0, 2.0), (0.0, 0.0)),
    ("pow", (0.0, 3.0), (0.0, 0.0)), ("pow", (0.0, 0.5), (inf, 0.0)), ("pow", (0.0, -1.0), (-inf, -inf)),
    ("pow", (-3.0, 2.0), (-6.0, nan)), ("pow", (-2.0, 3.0), (12.0, nan)), ("pow", (-2.0, 0.0), (0.0, nan)),
]


def check_kinks(row: Operation) -> None:
    for name, point, expected in KINKS:
        if name == row.name:
            stored = row(*map(Value, point)).local_gradients
            assert [float(local) for local in stored] == pytest.approx(expected, abs=0, rel=1e-12, nan_ok=True), (name, point)


@every_row
def test_value(row: Operation) -> None:
    check_value(row)


@every_row
def test_first_derivative(row: Operation) -> None:
    check_first(row)


@every_row
def test_modes_agree(row: Operation) -> None:
    check_modes(row)


@every_row
def test_second_derivative(row: Operation) -> None:
    check_second(row)


@every_row
def test_formula_is_the_rule(row: Operation) -> None:
    check_formula(row)


@every_row
def test_kinks(row: Operation) -> None:
    check_kinks(row)


def test_a_row_without_twin_is_told_what_to_add() -> None:
    with pytest.raises(pytest.fail.Exception, match='add "new": <the same function in mpmath, of 1 argument'):
        check_value(changed(ops.exp, name="new"))


# ── kinks in a chain ─────────────────────────────────────────────────────────────────────────────────────────────

def slopes(f: Callable[[Any], Any], x: float) -> list[float]:
    """The derivative of f in all modes."""
    node = Value(x)
    y = f(node)
    y.backward()
    return [node.grad, gradient(y, node), gradient(y, node, create_graph=True).data, jvp(f, x, 1.0)[1], grad(f)(x)]


@pytest.mark.parametrize("f, x, slope", [
    (lambda x: ops.maximum(x, x), 2.0, 1.0), (lambda x: ops.minimum(x, x), 2.0, 1.0),
    (lambda x: x * x, 2.0, 4.0), (lambda x: x + x, 2.0, 2.0), (lambda x: x - x, 2.0, 0.0), (lambda x: x / x, 2.0, 0.0),
    (lambda x: ops.clip(x, -1.0, 1.0), 1.0, 1.0), (lambda x: ops.clip(x, -1.0, 1.0), -1.0, 1.0),
    (lambda x: ops.clip(x, -1.0, 1.0), 1.5, 0.0), (lambda x: ops.clip(x, -1.0, 1.0), -1.5, 0.0),
    (lambda x: ops.clip(x, 0.0), -1.0, 0.0), (lambda x: ops.clip(x, None, 0.0), -1.0, 1.0), (ops.clip, 9.0, 1.0),
    (ops.relu, 0.0, 0.0), (abs, 0.0, 0.0), (ops.leaky_relu, 0.0, 0.01), (lambda x: x.elu(alpha=3.0), 0.0, 3.0),
    (lambda x: x.leaky_relu(0.5), 0.0, 0.5), (lambda x: ops.leaky_relu(x, slope=0.5), -2.0, 0.5),
    (ops.sqrt, 0.0, inf), (lambda x: x**0, 0.0, 0.0), (lambda x: x**1, 0.0, 1.0), (lambda x: x**2, 0.0, 0.0),
    (lambda x: x**2, -3.0, -6.0), (lambda x: x**0, -3.0, 0.0), (lambda x: 0.0**x, 2.0, 0.0),
    (lambda x: x**-1, 0.0, -inf),
])
def test_slope_at_a_kink_in_every_mode(f: Callable[[Any], Any], x: float, slope: float) -> None:
    assert slopes(f, x) == [slope] * 5


@pytest.mark.parametrize("f, slope", [
    (lambda x: ops.relu(-ops.sqrt(x)), 0.0), (lambda x: ops.clip(ops.log(x), -1.0) + 3 * x, 3.0),
    (lambda x: ops.maximum(1.0, -ops.sqrt(x)), 0.0), (lambda x: ops.minimum(ops.sqrt(x), x - 1) * 2, 2.0),
    (lambda x: ops.where(x > 0, ops.log(x), x), 1.0), (lambda x: ops.relu(ops.relu(-ops.sqrt(x)) - 1), 0.0),
    (lambda x: ops.leaky_relu(1.0, 1 / x), 0.0), (lambda x: ops.elu(2.0, ops.sqrt(x)), 0.0),
])
def test_a_branch_not_taken_sends_no_zero_times_infinity(f: Callable[[Any], Any], slope: float) -> None:
    assert slopes(f, 0.0) == [slope] * 5  # each has an infinite local gradient at 0 behind the branch not taken


@pytest.mark.parametrize("row", [row for row in ROWS if False in row.partials], ids=str)
def test_training_through_a_flat_row_warns(row: Operation) -> None:
    message = f"a gradient stops at {row.name}, .* Use a smooth operation"
    x = Value(1.5)
    flat = lambda x: row(x, *[0.5] * (row.arity - 1))
    for way in (flat(x).backward, lambda: gradient(flat(x), x), lambda: gradient(flat(x), x, create_graph=True),
                lambda: jvp(flat, 1.5, 1.0), lambda: grad(flat)(1.5)):
        with pytest.warns(NoDerivativeWarning, match=message):
            way()
    assert formula(row, 0, *"xy"[:row.arity]) == "0"


def test_piecewise_higher_order() -> None:
    assert grad(grad(lambda x: ops.relu(x) ** 3))(2.0) == 12.0
    assert grad(grad(lambda x: ops.relu(x) ** 3))(-2.0) == 0.0
    assert grad(grad(lambda x: ops.maximum(x**2, x**3)))(2.0) == 12.0
    assert grad(grad(lambda x: abs(x) ** 3))(-2.0) == 12.0


@pytest.mark.parametrize("x, n, derivatives", [
    (0.0, 0, (1, 0, 0)), (0.0, 1, (0, 1, 0)), (0.0, 2, (0, 0, 2)), (0.0, 3, (0, 0, 0)), (-2.0, 3, (-8, 12, -12)),
    (5.0, 0, (1, 0, 0)), (5.0, 1, (5, 1, 0)), (-2.0, -1, (-0.5, -0.25, -0.25)),
])
def test_constant_powers(x: float, n: int, derivatives: tuple[float, ...]) -> None:
    def power(x: Any) -> Any:
        return x**n
    assert (power(Value(x)).data, grad(power)(x), grad(grad(power))(x)) == derivatives
    assert jvp(grad(power), x, 1.0)[1] == jvp(lambda x: jvp(power, x, 1.0)[1], x, 1.0)[1] == derivatives[2]


@pytest.mark.parametrize("x", [0.5, 2.0, 7.0])
def test_mixed_second_derivative_of_a_power_whose_exponent_is_0(x: float) -> None:
    # d²(x^y)/dx dy = x^(y−1) (1 + y log x), which is 1/x at y = 0
    assert grad(grad(ops.pow, 0), 1)(x, 0.0) == pytest.approx(1 / x, rel=1e-15)
    assert grad(grad(ops.pow, 1), 0)(x, 0.0) == pytest.approx(1 / x, rel=1e-15)


# ── IEEE edges ───────────────────────────────────────────────────────────────────────────────────────────────────

SPECIAL = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 30.0, -30.0, 720.0, -720.0, 1000.0, -1000.0, 1e200,
           -1e200, 1e308, -1e308, 1e-300, -1e-300, 5e-324, -5e-324, inf, -inf, nan]


@every_row
def test_numpys_results_at_the_edges(row: Operation) -> None:
    if row.name not in NUMPY and not composed(row):
        pytest.fail(f"the row {row.name!r}: add NumPy's function of the same meaning to NUMPY in {__file__}")
    cases = list(itertools.product(SPECIAL, repeat=row.arity))
    with np.errstate(all="ignore"):
        expected = [float(NUMPY.get(row.name, row.forward)(*map(np.float64, case))) for case in cases]
    for case, number in zip(cases, expected):
        for got in (row(*case), row(*map(Value, case)).data):
            assert type(got) is float
            assert got == pytest.approx(number, rel=1e-13, abs=5e-324, nan_ok=True), (row.name, case)


@every_row
def test_rules_never_raise(row: Operation) -> None:
    for case in itertools.product(SPECIAL, repeat=row.arity):
        y = row(*map(Value, case))
        assert all(type(local) in (float, bool) for local in y.local_gradients), (row.name, case, y.local_gradients)
        for level in range(row.arity):  # as graph, and as dual numbers
            quietly(lambda: gradient(y, y.inputs[level], create_graph=True))
            quietly(lambda: jvp(row, case, unit(row.arity, level)))


@pytest.mark.parametrize("compute, number", [
    (lambda v: v(1) / v(0), inf), (lambda v: v(-1) / v(0), -inf), (lambda v: v(1) / v(-0.0), -inf),
    (lambda v: v(0) / v(0), nan),
    (lambda v: v(0).log(), -inf), (lambda v: v(-1).log(), nan), (lambda v: v(1000).exp(), inf),
    (lambda v: v(-2) ** 0.5, nan),
    (lambda v: v(0) ** -1, inf), (lambda v: v(-0.0) ** -1, -inf), (lambda v: v(0) ** -2, inf),
    (lambda v: v(-1).sqrt(), nan),
    (lambda v: v(1e300) * v(1e300), inf), (lambda v: v(1e200) ** 2, inf), (lambda v: v(-1e200) ** 3, -inf),
    (lambda v: 1 / v(0), inf), (lambda v: v(1) / 0, inf), (lambda v: 2 ** v(5000), inf),
    (lambda v: (-2) ** v(0.5), nan),
    (lambda v: 0 ** v(-1), inf), (lambda v: v(inf).sin(), nan), (lambda v: v(-inf).cos(), nan),
])
def test_ieee_results_of_the_conventions(compute: Callable[[Any], Value], number: float) -> None:
    assert compute(Value).data == pytest.approx(number, abs=0, nan_ok=True)


@pytest.mark.parametrize("row", [ops.tanh, ops.sigmoid, ops.softplus, ops.arctan, ops.elu, ops.relu], ids=str)
@pytest.mark.parametrize("x", [400.0, 800.0, -400.0, -800.0])
def test_saturated_derivatives_of_every_order_are_finite(row: Operation, x: float) -> None:
    rest = (1.0,) * (row.arity - 1)
    for got in [*nestings(row, (x, *rest), 0, 0).values(), grad(grad(grad(row)))(x, *rest)]:
        assert abs(got) < 1e-6


def test_overflow_within_a_rule() -> None:
    assert grad(ops.arctan)(1e200) == 0.0  # x**2 overflows inside 1 / (1 + x**2)
    assert grad(ops.tanh)(800.0) == 0.0
    assert grad(ops.exp)(1000.0) == inf
    assert gradient(1 / (x := Value(0.0)), x) == -inf


# ── a check that cannot fail is worthless ────────────────────────────────────────────────────────────────────────

def changed(row: Operation, **fields: Any) -> Operation:
    """A copy of the row outside the table, with changed fields."""
    copied = object.__new__(Operation)
    vars(copied).update(vars(row), **fields)
    return copied


def mutants(row: Operation) -> Iterable[tuple[str, Operation]]:
    def scaled(rule: Any, factor: float) -> Any:
        return (lambda *xs: factor * rule(*xs)) if callable(rule) else factor * rule

    def swapped(rule: Any) -> Any:
        return lambda out, x, y: rule(out, y, x)

    def moved(rule: Any, kink: tuple[float, ...]) -> Any:
        def other(out: Any, *xs: Any) -> Any:
            return 0.25 + rule(out, *xs) if xs == kink else rule(out, *xs)
        return other

    def replaced(i: int, rule: Any) -> Operation:
        return changed(row, partials=(*row.partials[:i], rule, *row.partials[i + 1:]))

    for i, rule in enumerate(row.partials):
        if rule is not False:
            yield f"sign of partial {i}", replaced(i, scaled(rule, -1.0))
            yield f"partial {i} × (1 + 1e-6)", replaced(i, scaled(rule, 1 + 1e-6))
            yield f"partial {i} × (1 + 1e-11)", replaced(i, scaled(rule, 1 + 1e-11))
            yield f"partial {i} dropped", replaced(i, 0.0)
        if callable(rule) and row.arity == 2:
            yield f"partial {i} with arguments swapped", replaced(i, swapped(rule))
        for name, kink, expected in KINKS:
            if name == row.name and callable(rule) and math.isfinite(expected[i]):
                yield f"partial {i} on the wrong side at {kink}", replaced(i, moved(rule, kink))
    if row.arity == 2 and row.partials[0] != row.partials[1]:
        yield "partials swapped", changed(row, partials=row.partials[::-1])
    if row.name not in ("step", "sign", "floor", "trunc", "rint", "floor_divide"):
        yield "forward × (1 + 1e-11)", changed(row, forward=lambda *xs: row.forward(*xs) * (1 + 1e-11))
    yield "forward + 1", changed(row, forward=lambda *xs: row.forward(*xs) + 1.0)


def caught(row: Operation) -> bool:
    try:
        for check in (check_value, check_first, check_kinks):
            check(row)
    except AssertionError:
        return True
    return False


@every_row
def test_the_checks_catch_wrong_rules(row: Operation) -> None:
    assert not caught(row)
    assert [name for name, mutant in mutants(row) if not caught(mutant)] == []


@pytest.mark.parametrize("name", ["rint", "trunc", "floor", "sign"])
def test_rounding_keeps_the_sign_of_zero_on_numbers_as_on_arrays(name: str) -> None:
    numbers = [-0.3, -0.5, -0.0, 0.0, 0.3, -1.5, 2.5, -1e300, inf, -inf, nan]
    wanted = getattr(np, name)(np.array(numbers))
    for row in (getattr(ops, name), lambda x: getattr(ops, name)(Value(x)).data):
        found = np.array([row(x) for x in numbers])
        assert np.array_equal(found, wanted, equal_nan=True) and (np.signbit(found) == np.signbit(wanted))[:-1].all()
