"""The text of local gradients: correct as Python, and readable (test_ops compares every row with its rule)."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from autograd import Tensor, Value, formula, formulas, op, ops, where
from autograd.symbolic import Symbol
from autograd.operation import rows


@pytest.mark.parametrize("row, argument, names, text", [
    (ops.add, 0, "xy", "1"), (ops.sub, 1, "xy", "-1"), (ops.mul, 0, "xy", "y"), (ops.mul, 1, "xy", "x"),
    (ops.div, 0, "xy", "1/y"), (ops.div, 1, "xy", "-x/y**2"), (ops.pow, 0, "xy", "y*x**(y - 1)"),
        (ops.pow, 1, "xy", "out*log(x)"),
    (ops.exp, 0, "x", "out"), (ops.log, 0, "x", "1/x"), (ops.sqrt, 0, "x", "0.5/out"), (ops.sin, 0, "x", "cos(x)"),
    (ops.cos, 0, "x", "-sin(x)"), (ops.tanh, 0, "x", "1 - out**2"), (ops.sigmoid, 0, "x", "(1 - out)*out"),
        (ops.relu, 0, "x", "x > 0"), (ops.maximum, 0, "xy", "x > y"), (ops.minimum, 1, "xy", "x > y"),
        (ops.leaky_relu, 0, "xy", "1 if x > 0 else y"), (ops.clip_min, 0, "xy", "x >= y"),
    (ops.abs, 0, "x", "sign(x)"), (ops.step, 0, "x", "0"), (ops.neg, 0, "x", "-1"), (ops.tan, 0, "x", "1 + out**2"),
])
def test_as_a_textbook_has_it(row: Any, argument: int, names: str, text: str) -> None:
    assert formula(row, argument, *names) == text


def test_constants_and_names_stand_in_the_formula() -> None:
    w, x = Value(2.0, "w"), Value(3.0)
    assert formulas(w * x) == ("3", "w")  # what has no name is its number
    assert formulas(x * Value(4.0)) == ("4", "3")
    assert formulas(x * x) == ("3", "3")
    assert formulas(w**3) == ("3*w**2", None)
    assert formulas(w**2) == ("2*w", None)
    assert formulas(1 / w) == (None, "-1/w**2")
    assert formulas(1 / Value(-1.5)) == (None, "-1/(-1.5)**2")
    assert formulas(w * -2) == ("-2", None)
    assert formulas(w**1) == ("1", None)
    assert formulas(2**w) == (None, "4*log(2)")
    assert formulas(x) == ()
    y = (w - 2).sigmoid()
    assert formulas(y) == ("(1 - 0.5)*0.5",)
    y.name = "y"
    assert formulas(y) == ("(1 - y)*y",)


def test_arrays_without_a_name_are_letters_that_nothing_else_is_called() -> None:
    taken, other = Tensor([1.0, 2.0], "x"), Tensor([3.0, 4.0])
    assert formulas(taken * other) == ("y", "x")
    assert formulas(taken.exp()) == ("out",)


@pytest.mark.parametrize("row", [row for row in rows.values() if row.arity])
def test_a_formula_with_numbers_for_names_is_the_local_gradient(row: Any) -> None:
    """Python reads the text back: brackets stand where negative numbers need them."""
    draw = random.Random(5)
    for _ in range(20):
        domain = row.domain if isinstance(row.domain[0], tuple) else [row.domain] * row.arity
        xs = [draw.uniform(*interval) for interval in domain]
        xs = [x if abs(x) > 1e-3 else 0.5 for x in xs]
        node = row(*map(Value, xs))
        for text, local in zip(formulas(node), node.local_gradients):
            if text is not None and isinstance(local, float) and local != 0.5:
                assert eval(text, dict(vars(ops))) == pytest.approx(local, rel=1e-9, abs=1e-12), text


OPERATIONS: list[tuple[int, Callable[..., Any]]] = [
    (2, lambda x, y: x + y), (2, lambda x, y: x - y), (2, lambda x, y: x * y), (2, lambda x, y: x / y),
    (1, lambda x: -x),
    (1, lambda x: x**2), (1, lambda x: 2 ** (x / 8)), (1, ops.exp), (2, ops.maximum),
    (2, lambda x, y: where(x > y, x, y)), (2, lambda x, y: where(x > y, where(y > 1, 2 * x, y), where(x > 1, y, x)) - x),
    (2, lambda x, y: (x <= y) * 1.0), (1, lambda x: 1 * x + 0), (1, lambda x: x * -1), (1, lambda x: x - 3),
    (1, lambda x: -3 * x),
]


def test_brackets_stand_where_python_needs_them() -> None:
    """Random expressions, run on symbols and evaluated by Python, keep their value."""
    draw = random.Random(3)
    for _ in range(400):
        numbers: list[float] = [1.25, 0.75]
        symbols: list[Any] = [Symbol("x"), Symbol("y")]
        for _ in range(7):
            arity, apply = draw.choice(OPERATIONS)
            picked = [draw.randrange(len(numbers)) for _ in range(arity)]
            try:
                result = float(apply(*(numbers[i] for i in picked)))
            except (ArithmeticError, ValueError):
                continue
            if abs(result) < 30:
                numbers.append(result)
                symbols.append(apply(*(symbols[i] for i in picked)))
        got = eval(str(symbols[-1]), dict(vars(ops)) | {"x": 1.25, "y": 0.75})
        assert got == pytest.approx(numbers[-1], rel=1e-9, abs=1e-9), symbols[-1]


def test_precedence_in_all_pairs() -> None:
    x, y, z = Symbol("x"), Symbol("y"), Symbol("z")
    binary = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: a**b]
    names = {"x": 1.7, "y": 0.6, "z": 2.3}
    for first, second in itertools.product(binary, repeat=2):
        for build in (lambda a, b, c: first(second(a, b), c), lambda a, b, c: first(a, second(b, c)),
                      lambda a, b, c: first(-second(a, b), -c)):
            expected = build(*names.values())
            if isinstance(expected, float):
                assert eval(repr(build(x, y, z)), dict(names)) == pytest.approx(expected, rel=1e-12)


def test_a_users_row_has_its_formula() -> None:
    swish = op("swish", "sw", lambda x: x / (1 + math.exp(-x)),
               lambda out, x: ops.sigmoid(x) * (1 + x * ops.sigmoid(-x)))
    try:
        assert formulas(swish(Value(1.0, "x"))) == ("sigmoid(x)*(1 + x*sigmoid(-x))",)
    finally:
        del rows["swish"]


def test_numbers_and_comparisons_within_a_formula() -> None:
    x, y = Symbol("x"), Symbol("y")
    assert repr((x > 0) > y) == "(x > 0) > y"  # Python would read x > 0 > y as a chain
    assert repr((x + 1 > y) * 2) == "(x + 1 > y)*2"
    assert [repr(x * number) for number in (-2, 0.5, 2.0**40, 1e20, 1e15)] \
        == ["x*(-2)", "x*0.5", "x*1099511627776", "x*1e+20", "x*1000000000000000"]
    assert [repr(y - -2 * x), repr(x + -2), repr(x**-2), repr((-2) ** x)] == ["y - -2*x", "x + -2", "x**(-2)", "(-2)**x"]
