"""Random programs over the whole table: value, gradient, Hessian and higher orders against 50-digit arithmetic.

The exact derivatives are mpmath's, of the same program run in its numbers, by differences at a precision that makes
them exact to 50 digits; no rule of the table is used for them. The error of a correct computation in floats depends on the program,
and is measured: the exact derivatives of the program with every line disturbed by half a unit in its last place, several times
over.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from autograd import Value, grad, gradient, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from .programs import Program, programs
from .test_ops import mp, quietly, unit

quick = settings(max_examples=60, deadline=None, derandomize=True, database=None,
                 suppress_health_check=list(HealthCheck),
                 phases=(Phase.explicit, Phase.generate))  # a program is one seed: there is nothing to shrink
long = settings(quick, max_examples=600, derandomize=False)
TOLERANCE = 1e-11


def derivatives(f: Callable[..., Any], point: tuple[Any, ...], order: int) -> list[Any]:
    """All exact partial derivatives of one order, in the order of ``itertools.product``."""
    x = tuple(map(mp.mpf, point))
    if order == 0:
        return [f(*x)]
    known: dict[tuple[int, ...], Any] = {}
    for indices in itertools.product(range(len(x)), repeat=order):
        key = unit(len(x), *indices)
        if key not in known:
            known[key] = mp.diff(f, x if len(x) > 1 else x[0], key if len(x) > 1 else key[0])
    return [known[unit(len(x), *indices)] for indices in itertools.product(range(len(x)), repeat=order)]


def agree(got: list[Any], program: Program, order: int) -> None:
    exact = derivatives(program.exactly, program.point, order)
    noise = [derivatives(program.disturbed(seed), program.point, order) for seed in (1, 2, 3)]
    size = max(map(abs, exact))
    for number, entry, *others in zip(got, exact, *noise, strict=True):
        spread = max(abs(other - entry) for other in others)
        assume(spread <= TOLERANCE * max(size, 1))  # else this program's derivative is not to be had in floats
        # terms of 1 that cancel, as in the derivative of x / x, leave their rounding
        bar = TOLERANCE * abs(entry) + 20 * spread + 1e-14 * max(size, 1)
        assert abs(mp.mpf(float(number)) - entry) <= bar, (number, mpmath.nstr(entry, 20), float(spread), program)


def check_first_order(program: Program) -> None:
    x, many = program.point, range(len(program.point))
    nodes = [Value(number) for number in x]
    y = program(*nodes)
    agree([y.data], program, 0)
    agree([program(*x)], program, 0)
    slopes = quietly(lambda: gradient(y, nodes))
    assert all(type(slope) is float for slope in slopes)
    agree(slopes, program, 1)
    quietly(y.backward)
    reached = [node.grad if node.grad is not None else 0.0 for node in nodes]
    assert reached == pytest.approx(slopes, rel=1e-12, abs=1e-300)
    value, tuple_of_slopes = quietly(lambda: value_and_grad(program, tuple(many))(*x))
    assert (value, list(tuple_of_slopes)) == (y.data, slopes)
    assert quietly(lambda: list(jacobian(program, tuple(many))(*x))) == slopes
    agree([quietly(lambda: jvp(program, x, unit(len(x), i)))[1] for i in many], program, 1)
    v = [0.5, -1.25, 2.0][:len(x)]
    along = quietly(lambda: jvp(program, x, tuple(v)))[1]
    pulled = quietly(lambda: vjp(program, *x)[1](3.0))
    assert sum(p * d for p, d in zip(pulled, v)) == pytest.approx(
        3.0 * along, rel=1e-11, abs=1e-12 * sum(abs(p * d) for p, d in zip(pulled, v)) + 1e-300)


def check_second_order(program: Program) -> None:
    x, many = program.point, range(len(program.point))
    rows = quietly(lambda: hessian(program, tuple(many))(*x))
    agree([entry for row in rows for entry in row], program, 2)
    columns = [quietly(lambda: hvp(program, x, unit(len(x), j))) for j in many]  # forward over reverse
    agree([columns[j][i] for i in many for j in many], program, 2)
    assert type(columns[0]) is tuple
    pushed = [quietly(lambda: jvp(lambda *z: jvp(program, z, unit(len(x), i))[1], x, unit(len(x), j)))[1]
              for i in many for j in many]
    agree(pushed, program, 2)
    pulled = [quietly(lambda: grad(lambda *z: jvp(program, z, unit(len(x), i))[1], tuple(many))(*x)) for i in many]
    agree([entry for row in pulled for entry in row], program, 2)


def check_higher_order(program: Program, ways: list[str]) -> None:
    """The nth derivative of a program of one number, with the mode of each order from ``ways``."""
    def once(f: Callable[[Any], Any], way: str) -> Callable[[Any], Any]:
        return grad(f) if way == "reverse" else lambda x: jvp(f, (x,), (1.0,))[1]
    f: Callable[[Any], Any] = program
    for way in ways:
        f = once(f, way)
    agree([quietly(lambda: f(*program.point))], program, len(ways))


modes = st.lists(st.sampled_from(["forward", "reverse"]), min_size=3, max_size=4)


@quick
@given(programs())
def test_value_and_gradient(program: Program) -> None:
    check_first_order(program)


@settings(quick, max_examples=25)
@given(programs(most=25))
def test_hessian(program: Program) -> None:
    check_second_order(program)


@settings(quick, max_examples=25)
@given(programs(inputs=1, least=4, most=12), modes)
def test_third_and_fourth_derivative(program: Program, ways: list[str]) -> None:
    check_higher_order(program, ways)


@pytest.mark.slow
@long
@given(programs())
def test_value_and_gradient_of_many(program: Program) -> None:
    check_first_order(program)


@pytest.mark.slow
@settings(long, max_examples=100)
@given(programs(most=40))
def test_hessian_of_many(program: Program) -> None:
    check_second_order(program)


@pytest.mark.slow
@settings(long, max_examples=100)
@given(programs(inputs=1, least=6, most=20), modes)
def test_higher_derivatives_of_many(program: Program, ways: list[str]) -> None:
    check_higher_order(program, ways)
