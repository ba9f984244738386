"""Rows themselves: calls, comparison, rows added by a user, and errors."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import autograd
import numpy as np
import pytest
from autograd import Tensor, Value, formulas, grad, gradient, jvp, op, ops, steps, where
from autograd.operation import rows


@pytest.fixture(autouse=True)
def _table_as_before() -> Iterator[None]:
    before = dict(rows)
    yield
    rows.clear()
    rows.update(before)


# ── calling ──────────────────────────────────────────────────────────────────────────────────────────────────────

def test_a_row_is_its_name_and_a_function_of_numbers() -> None:
    assert (ops.mul == "mul", ops.mul != "add", str(ops.mul), repr(ops.mul), ops.mul.__name__) \
        == (True, True, "mul", "<operation mul>", "mul")
    assert ops.mul(3, 4) == 12.0
    assert type(ops.exp(0)) is float
    assert {"mul": 1}[ops.mul] == 1


def test_defaults_by_place_and_by_name() -> None:
    assert ops.leaky_relu(-2.0) == -0.02
    assert ops.leaky_relu(-2.0, 0.5) == ops.leaky_relu(-2.0, slope=0.5) == -1.0
    assert Value(-2.0).leaky_relu(0.5).data == Value(-2.0).leaky_relu(slope=0.5).data == -1.0
    assert ops.elu(-1.0, alpha=2.0) == 2 * math.expm1(-1.0)
    slope = Value(0.25, "slope")
    assert gradient(ops.leaky_relu(-2.0, slope), slope) == -2.0  # a learned slope: PReLU


@pytest.mark.parametrize("call, message", [
    (lambda: ops.tanh(), r"tanh takes 1 operand\(s\); got 0 and \[\]"),
    (lambda: ops.mul(1.0), r"mul takes 2 operand\(s\); got 1"),
    (lambda: ops.mul(1.0, 2.0, 3.0), r"mul takes 2 operand\(s\); got 3"),
    (lambda: ops.leaky_relu(), r"leaky_relu takes 1 operand\(s\) and slope=0.01; got 0"),
    (lambda: ops.leaky_relu(1.0, 2.0, 3.0), r"leaky_relu takes 1 operand\(s\) and slope=0.01; got 3"),
    (lambda: ops.leaky_relu(1.0, alpha=2.0), r"leaky_relu takes 1 operand\(s\) and slope=0.01; got 1 and \['alpha'\]"),
    (lambda: ops.leaky_relu(1.0, 0.1, slope=0.2), r"leaky_relu takes .* got 2 and \['slope'\]"),
    (lambda: ops.exp("a"), "exp: an operand must be a real number, not str 'a'; convert it first"),
    (lambda: ops.exp(1j), "exp: an operand must be a real number, not complex 1j"),
    (lambda: ops.add(1.0, None), "add: an operand must be a real number, not NoneType None"),
    (lambda: ops.add([1.0], 2.0), r"add: an operand must be a real number, not list \[1.0\]; use Tensor for arrays"),
])
def test_wrong_calls(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


def test_where_selects() -> None:
    x = Value(2.0)
    assert where(x > 1, x * 3, 0.0).data == 6.0
    assert where(x > 5, x, -1.0) == -1.0
    assert gradient(where(x > 1, x * 3, x * 5), x) == 3.0


# ── a user's row ─────────────────────────────────────────────────────────────────────────────────────────────────

def cube() -> Any:
    return op("cube", "x³", lambda x: x * x * x, lambda out, x: 3 * x**2)


def test_a_users_row_goes_everywhere() -> None:
    f = cube()
    assert rows["cube"] is f is autograd.cube
    assert f(2) == 8.0
    x = Value(2.0, "x")
    y = f(x)
    assert (y.data, y.op, y.op.sign, y.inputs, x.cube().data) == (8.0, "cube", "x³", (x,), 8.0)
    assert gradient(y, x) == grad(f)(2.0) == jvp(f, 2.0, 1.0)[1] == 12.0
    assert grad(grad(f))(2.0) == grad(lambda x: jvp(f, x, 1.0)[1])(2.0) == jvp(grad(f), 2.0, 1.0)[1] == 12.0
    assert grad(grad(grad(f)))(2.0) == 6.0
    assert formulas(y) == ("3*x**2",)
    assert steps(y)[-1].edges[0].formula == "3*x**2"
    y.backward()
    assert x.grad == 12.0


def test_a_users_row_of_two_arguments_with_a_default_and_a_kink() -> None:
    f = op("deadband", "db", lambda x, width: 0.0 if abs(x) <= width else x - math.copysign(width, x),
           lambda out, x, width: abs(x) > width,
           lambda out, x, width: where(abs(x) > width, -1.0 * ops.sign(x), False), width=0.5)
    assert (f(2.0), f(-2.0, 1.0), f(0.3), f(2.0, width=1.5)) == (1.5, -1.0, 0.0, 0.5)
    assert grad(f)(2.0) == 1.0
    assert grad(f, (0, 1))(-2.0, 1.0) == (1.0, 1.0)
    assert grad(f)(0.1) == 0.0


def test_a_users_forward_may_return_an_integer_and_raise_at_an_edge() -> None:
    square = op("square_of", "²", lambda x: int(x) ** 2, lambda out, x: 2 * x)
    assert type(square(Value(3.0)).data) is float
    inverse = op("inverse", "1/x", lambda x: 1 / x, lambda out, x: -1 / x**2)
    assert inverse(0.0) == inverse(Value(0.0)).data == math.inf
    assert grad(inverse)(0.0) == jvp(inverse, 0.0, 1.0)[1] == -math.inf
    power = op("huge", "e^x", lambda x: math.exp(x), lambda out, x: out)
    assert math.isnan(power(1000.0))  # math's functions say no more than that they cannot
    ratio = op("ratio", "r", lambda x, y: x / y, lambda out, x, y: 1 / y, lambda out, x, y: 1 / y * -out)
    assert ratio(1.0, 0.0) == math.inf
    assert gradient(ratio(x := Value(1.0), 0.0), x, create_graph=True).data == math.inf


def test_a_users_row_is_pickled_by_name() -> None:
    x = Value(2.0, "x")
    y = cube()(x) * 2
    stored = pickle.dumps(y)
    assert copy.deepcopy(y).inputs[0].op is rows["cube"]
    loaded = pickle.loads(stored)
    assert loaded.inputs[0].op is rows["cube"]
    loaded.backward()
    assert loaded.inputs[0].inputs[0].grad == 24.0
    del rows["cube"]
    with pytest.raises(LookupError, match=r"no operation 'cube' in the table; add it with autograd.op\('cube', …\)"):
        pickle.loads(stored)


def test_a_row_made_again_runs_its_new_rule() -> None:
    first = cube()
    assert grad(first)(2.0) == 12.0
    del rows["cube"]
    second = op("cube", "3x", lambda x: 3 * x, 3.0)
    assert (second(Value(2.0)).data, grad(second)(2.0), Value(2.0).cube().data) == (6.0, 3.0, 6.0)
    assert grad(first)(2.0) == 12.0
    assert first != second


@pytest.mark.parametrize("name", [
    "tanh", "add", "", "two words", "1st", "_private", "lambda", "class", "data", "grad", "backward", "item", "inputs",
])
def test_names_that_cannot_be_added(name: str) -> None:
    with pytest.raises(ValueError, match=r"op\(.*\): the name must be a new public identifier.*; choose another"):
        op(name, "?", lambda x: x, 1.0)
    assert name in ("tanh", "add") or name not in rows


def test_a_name_in_the_table_is_said_to_be_there() -> None:
    with pytest.raises(ValueError, match="this one is in the table already"):
        op("tanh", "t", math.tanh, lambda out, x: 1 - out**2)


@pytest.mark.parametrize("rule, complaint", [
    (lambda out, x: np.ones(3), r"partial 0 of the operation 'broken' has shape \(3,\) for operands of shapes \[\(\)\]"),
    (lambda out, x: 2j, "partial 0 of the operation 'broken' returned 2j; it must return a real number"),
    (lambda out, x: None, "partial 0 of the operation 'broken' returned None"),
])
def test_a_partial_that_gives_something_else_than_a_slope_is_named(rule: Any, complaint: str) -> None:
    broken = op("broken", "?", lambda x: x * x, rule)
    with pytest.raises((TypeError, ValueError), match=complaint):
        grad(broken)(1.0)


def test_a_partial_that_takes_other_arguments_is_refused_when_it_is_added() -> None:
    with pytest.raises(TypeError, match=r"its partial 1\(out, x\) does not take 3 argument"):
        op("broken", "?", lambda x, y: x * y, lambda out, x, y: y, lambda out, x: x)


@pytest.mark.parametrize("partials", [(), (1.0, 1.0, 1.0), ("x",), (None,), (1.0, [2.0]), (1j,)])
def test_partials_that_cannot_be_added(partials: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="needs one partial derivative per argument, one or two, each a number or a"):
        op("broken", "?", lambda *x: 0.0, *partials)
    assert "broken" not in rows


def test_a_forward_that_cannot_be_called() -> None:
    with pytest.raises(TypeError, match=r"op\('broken'\): forward must be a function of floats; got 3.0"):
        op("broken", "?", 3.0, 1.0)


def test_a_forward_that_returns_no_number() -> None:
    broken = op("broken", "?", lambda x: "text", 1.0)
    with pytest.raises(TypeError, match="broken: the result of forward must be a real number, not str 'text'"):
        broken(1.0)
    with pytest.raises(TypeError, match="broken: the result of forward must be a real number, not str 'text'"):
        broken(Value(1.0))


# ── large arrays ─────────────────────────────────────────────────────────────────────────────────────────────────

EDGES = [0.0, -0.0, 1.0, -1.0, 4.0, 0.25, math.inf, -math.inf, math.nan, 5e-324, 1e-160, -1e160, 1e308, 710.0, -745.5, 16777217.0]


def value_and_slopes(row: Any, parts: list[np.ndarray], seed: np.ndarray) -> list[np.ndarray]:
    leaves = [Tensor(x) for x in parts]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows without a derivative, and of overflow
        y = row(*leaves)
        y.backward(seed)
    return [y.data, *[leaf.grad for leaf in leaves]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", [name for name, row in rows.items() if row.arity])
def test_large_arrays_have_the_numbers_of_small_ones(name: str, dtype: Any) -> None:
    """Large arrays are computed in blocks, in part by other formulas: each entry, far from edges and next to them."""
    row = rows[name]
    rng, count = np.random.default_rng(0), row.arity - len(row.defaults)
    with np.errstate(all="ignore"):
        edges = np.array(list(itertools.product(EDGES, repeat=count))).astype(dtype).T
        whole = [np.concatenate([rng.uniform(*domain, 2**16 + 5), np.rint(rng.uniform(*domain, 3))]).astype(dtype)
                 for domain in row.domain[:count]]
    for xs in (whole, [np.concatenate([x, edge]) for x, edge in zip(whole, edges)]):
        seed = rng.uniform(0.5, 1.5, xs[0].size).astype(dtype)
        together = value_and_slopes(row, xs, seed)
        parts = [slice(i, i + 900) for i in (0, 2**15 - 450, seed.size - 900)]  # within a block, around its end, and all edges
        apart = [value_and_slopes(row, [x[part] for x in xs], seed[part]) for part in parts]
        for got, wanted in zip(together, map(np.concatenate, zip(*apart))):
            got = np.concatenate([got[part] for part in parts])
            assert got.dtype == wanted.dtype == dtype
            # a maximum and a logarithm around 0, a cosine and a sine
            cancels = 4 * np.finfo(dtype).eps if name in ("logaddexp", "sinc") else 0.0
            np.testing.assert_allclose(got, wanted, 16 * np.finfo(dtype).eps, max(cancels, 4 * np.finfo(dtype).tiny))
