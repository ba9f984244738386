"""Dual numbers: levels, comparisons, and wrapped operands."""

from __future__ import annotations

import math
from typing import Any

import pytest
from autograd import Value, gradient, jvp, no_grad, ops, where
from autograd.dual import Dual, unwrap, next_level, primal, tangent_of


def dual(x: Any, dx: Any, level: int | None = None) -> Dual:
    return Dual(x, dx, next_level() if level is None else level)


def test_levels_rise() -> None:
    first, second = next_level(), next_level()
    assert second > first > 0


def test_arithmetic_is_the_rule_of_dual_numbers() -> None:
    level = next_level()
    x, y = Dual(3.0, 1.0, level), Dual(4.0, 10.0, level)
    for result, value, slope in (
            (x + y, 7.0, 11.0), (x - y, -1.0, -9.0), (x * y, 12.0, 34.0), (x / y, 0.75, (4 - 30) / 16),
            (x**2, 9.0, 6.0), (2 * x, 6.0, 2.0), (1 - x, -2.0, -1.0), (-x, -3.0, -1.0), (abs(-x), 3.0, 1.0),
            (+x, 3.0, 1.0), (ops.relu(-y), 0.0, 0.0)):
        assert (result.primal, result.tangent, result.level) == pytest.approx((value, slope, level), rel=1e-15)


def test_every_row_pushes_its_stored_local_gradient() -> None:
    for row in ops.rows.values():
        if row.arity == 1 and False not in row.partials:
            at = 0.7 if row.domain[0][0] < 0.7 else row.domain[0][0]
            (local,) = row(Value(at)).local_gradients
            result = row(dual(at, 2.0))
            assert result.tangent == 2.0 * local, row.name
            assert getattr(dual(at, 2.0), row.name)().tangent == result.tangent


def test_lower_levels_are_constants_to_higher_ones() -> None:
    low, high = next_level(), next_level()
    x, y = Dual(3.0, 1.0, low), Dual(4.0, 1.0, high)
    for z in (x * y, y * x):
        assert z.level == high
        assert (z.primal.level, z.primal.primal, z.primal.tangent) == (low, 12.0, 4.0)
        assert (z.tangent.level, z.tangent.primal, z.tangent.tangent) == (low, 3.0, 1.0)
    assert primal(z, low) is z
    assert tangent_of(z, low) is None
    assert unwrap(z) == 12.0


def test_comparisons_look_at_the_number() -> None:
    x, deep = dual(3.0, 1.0), dual(dual(3.0, 1.0), 5.0)
    for d in (x, deep):
        assert d == 3 and d < 4 and d <= 3 and d > 2 and d >= 3 and not d < 3 and d != 4
        assert bool(d)
        assert not bool(d - 3)
    assert x == deep
    assert {x: 1}[x] == 1
    assert where(x > 1, x, 0.0) is x
    assert where(x > 5, x, 0.0) == 0.0


def test_duals_and_values_mix_both_ways_round() -> None:
    v, d = Value(4.0), dual(3.0, 1.0)
    for product in (v * d, d * v):
        assert type(product) is Dual
        assert (product.primal.data, product.tangent.data) == (12.0, 4.0)
        assert gradient(product.tangent, v) == 1.0
    assert (v - d).primal.data == 1.0
    assert (d - v).primal.data == -1.0
    assert (v > d, v < d, v == d) == (True, False, False)


def test_item_detach_and_repr() -> None:
    d = dual(3.0, 1.0, 10**9)
    assert (d.item(), d.detach(), repr(d)) == (3.0, 3.0, "Dual(3.0, tangent=1.0, level=1000000000)")
    assert dual(Value(3.0), 1.0).item() == 3.0
    assert not hasattr(d, "__dict__")


def test_no_grad_drops_the_tangent() -> None:
    with no_grad():
        assert dual(3.0, 1.0) * 2 == 6.0
        assert type(dual(3.0, 1.0) * 2) is float


def test_edges_follow_ieee() -> None:
    assert jvp(lambda x: 1 / x, 0.0, 1.0) == (math.inf, -math.inf)
    assert jvp(ops.log, 0.0, 1.0) == (-math.inf, math.inf)
    assert jvp(ops.sqrt, 0.0, 1.0) == (0.0, math.inf)
    assert jvp(ops.exp, 1000.0, 1.0) == (math.inf, math.inf)
    assert jvp(lambda x: x**2, 1e200, 1.0) == (math.inf, 2e200)
    assert jvp(lambda x: ops.relu(-ops.sqrt(x)), 0.0, 1.0) == (0.0, 0.0)  # the branch not taken has slope −inf
    assert [type(number) for number in jvp(lambda x: 1 / x, 0.0, 1.0)] == [float, float]
    value, slope = jvp(lambda x: (x - 2) ** 0.5, 0.0, 1.0)
    assert math.isnan(value) and math.isnan(slope)


@pytest.mark.parametrize("other", ["a", None, 1j, [1.0]])
def test_what_is_no_number_is_refused(other: Any) -> None:
    for operate in (lambda: dual(3.0, 1.0) * other, lambda: other + dual(3.0, 1.0)):
        with pytest.raises(TypeError, match="an operand must be a real number, not "):
            operate()


def test_what_does_not_move_takes_no_part_even_where_its_slope_is_nan() -> None:
    assert jvp(lambda x, y: x**y, (-2.0, 3.0), (1.0, 0.0)) == (-8.0, 12.0)  # log(−2) is the exponent's slope
    value, slope = jvp(lambda x, y: x**y, (Value(-2.0), Value(3.0)), (1.0, 0.0))
    assert (value.data, slope.data) == (-8.0, 12.0)
    assert jvp(lambda x: ops.sqrt(x), 0.0, 0.0) == (0.0, 0.0)


def test_the_number_in_a_dual() -> None:
    x = dual(dual(3.0, 1.0), 5.0)
    assert (x.item(), x.data, x.tolist(), x.size) == (3.0, 3.0, 3.0, 1)
