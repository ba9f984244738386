"""Forwards on large arrays, which go other ways than small ones: against 50-digit arithmetic, and against Python's numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

from autograd import Tensor, forwards, grad, ops, special
from autograd.arrays.reductions import add_along, extreme_along
from autograd.elementwise import LARGE, array_function
from autograd.operation import no_derivative, rows

COUNT = 3000
RNG = np.random.default_rng(7)
ZEROS_OF_COS = (RNG.integers(-200, 200, COUNT) + 0.5) * np.pi
NEAR_ZEROS = ZEROS_OF_COS * (1 + 10.0 ** RNG.uniform(-16, -3, COUNT))
FAR = RNG.uniform(-1e12, 1e12, COUNT)


def exactly(function: Callable[[Any], Any], xs: Any, digits: int = 60) -> Any:
    with mpmath.workdps(digits):
        return np.array([float(function(mpmath.mpf(float(x)))) for x in xs])


def units(got: Any, wanted: Any) -> float:
    """The largest difference in units of the last digit of what is wanted."""
    assert got.dtype in (np.float64, np.float32)
    return float(np.max(np.abs(got.astype(np.float64) - wanted) / np.spacing(np.abs(wanted).astype(got.dtype))))


@pytest.mark.parametrize("xs", [RNG.uniform(-1, 1, COUNT), RNG.uniform(-700, 700, COUNT), NEAR_ZEROS, FAR,
                                10.0 ** RNG.uniform(-300, -1, COUNT)], ids=["small", "700", "zeros of cos", "far", "tiny"])
@pytest.mark.parametrize("vectors", [True, False])
def test_sine_and_cosine_to_units_of_the_last_digit(xs: Any, vectors: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwards, "_tan_is_fast", lambda: vectors)
    assert units(forwards.sin(xs), exactly(mpmath.sin, xs)) <= 3
    assert units(forwards.cos(xs), exactly(mpmath.cos, xs)) <= (2**12 if xs is NEAR_ZEROS else 4)  # 1e-12 at the nearest of all


def test_sine_and_cosine_at_their_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwards, "_tan_is_fast", lambda: True)
    xs = np.zeros(COUNT)
    xs[:6] = [np.inf, -np.inf, np.nan, -0.0, 1e300, 1001.0]
    for row, function in ((ops.sin, math.sin), (ops.cos, math.cos)):
        out = array_function(row)(xs)
        assert np.isnan(out[:3]).all()
        assert out[4:6].tolist() == pytest.approx([function(x) for x in xs[4:6]], rel=1e-15)
    assert math.copysign(1.0, array_function(ops.sin)(xs)[3]) == -1.0


@pytest.mark.parametrize("middle, width", [(0.5, 0.5), (0.5, 1e-3), (0.5, 1e-9), (1e-6, 1e-6), (0.9999, 1e-4)])
def test_logit_keeps_its_digits(middle: float, width: float) -> None:
    xs = np.clip(RNG.uniform(middle - width, middle + width, COUNT), 1e-300, np.nextafter(1, 0))
    assert units(forwards.logit(xs), exactly(lambda x: mpmath.log(x / (1 - x)), xs)) <= 4


def test_logit_at_its_edges() -> None:
    xs = np.full(COUNT, 0.25)
    xs[:6] = [0.0, 1.0, 0.5, -1.0, 2.0, np.nan]
    np.testing.assert_array_equal(array_function(special.logit)(xs)[:6], [-np.inf, np.inf, 0.0, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("y", [0.5, np.array(0.5), np.broadcast_to(0.5, 3), np.full(3, 0.5), np.array([[0.5], [3.0]])], ids=str)
def test_roots_as_powers_are_those_of_numbers(y: Any) -> None:
    xs = np.array([-0.0, 4.0, -np.inf])
    got = array_function(ops.pow)(xs, y)
    wanted = [ops.pow.forward(float(x), float(e)) for x, e in zip(*(z.ravel() for z in np.broadcast_arrays(xs, y)))]
    assert [*map(str, got.ravel().tolist())] == [*map(str, wanted)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("spread", [0.0, 3.0, 30.0])
def test_remainders_are_exact(dtype: Any, spread: float) -> None:
    xs, ys = ((RNG.normal(size=20_000) * 10.0 ** RNG.uniform(-spread, spread, 20_000)).astype(dtype) for _ in range(2))
    with np.errstate(over="ignore"):
        xs[:4000] = np.rint(xs[:4000]) * ys[:4000]  # multiples, and what rounding made of them
    xs[:6], ys[:6] = [np.inf, np.nan, 1.0, 1.0, -1.0, 5.0], [1.0, 1.0, np.inf, 0.0, np.inf, np.nan]
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(array_function(special.fmod)(xs, ys), np.fmod(xs, ys))
        np.testing.assert_array_equal(array_function(ops.mod)(xs, ys), np.mod(xs, ys))
        assert (np.signbit(array_function(special.fmod)(xs, ys)) == np.signbit(np.fmod(xs, ys)))[~np.isnan(np.fmod(xs, ys))].all()
        np.testing.assert_array_equal(array_function(ops.mod)(xs, 0.75), np.mod(xs, dtype(0.75)))


def test_erf_of_single_precision() -> None:
    some, tiny, edges = RNG.uniform(-6, 6, COUNT), 10.0 ** RNG.uniform(-30, 0, COUNT), [np.inf, -np.inf, 0.0, -0.0]
    xs = np.concatenate([some, tiny, edges]).astype(np.float32)
    out = forwards.erf(xs)
    assert units(out[:-4], exactly(mpmath.erf, xs[:-4])) <= 8 and np.abs(out).max() == 1
    assert np.max(np.abs(out[:-4] / exactly(mpmath.erf, xs[:-4]) - 1)) < 5e-7
    assert out[-4:].tolist() == [1.0, -1.0, 0.0, -0.0] and math.copysign(1.0, out[-1]) == -1.0
    assert np.isnan(forwards.erf(np.full(COUNT, np.nan, np.float32))).all()


SMOOTH = [row for row in rows.values() if row.arity == 1 and row.partials[0] is not no_derivative]


@pytest.mark.parametrize("row", SMOOTH, ids=str)
def test_large_arrays_give_what_numbers_give(row: Any) -> None:
    low, high = row.domain[0]
    xs = np.random.default_rng(3).uniform(low, high, LARGE + 5)
    some = slice(None, None, 997)
    slopes = grad(lambda x: row(x).sum())(xs)[some]
    np.testing.assert_allclose(array_function(row)(xs)[some], [row.forward(x) for x in xs[some]], rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(slopes, [grad(row)(float(x)) for x in xs[some]], rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("shape", [(300, 2), (40, 10, 3), (500, 8), (500, 9), (2, 200, 32), (300, 33), (300, 128), (300, 129)],
                         ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_reductions_of_short_rows_are_numpys(shape: tuple[int, ...], dtype: Any) -> None:
    x = RNG.normal(size=shape).astype(dtype)
    x.reshape(-1)[RNG.integers(0, x.size, 9)] = [np.nan, np.inf, -np.inf] * 3
    for axis in (-1, len(shape) - 1, (len(shape) - 1,), 0, None):
        for kept in (True, False):
            for ufunc in (np.maximum, np.minimum):
                np.testing.assert_array_equal(extreme_along(ufunc, x, axis, kept), ufunc.reduce(x, axis, keepdims=kept))
            with np.errstate(invalid="ignore"):
                wanted = np.add.reduce(x.astype(np.longdouble), axis, keepdims=kept)
                got, size = add_along(x, axis, kept), np.add.reduce(np.abs(x), axis, keepdims=kept)
                assert got.dtype == dtype and got.shape == wanted.shape
                fine = np.isfinite(wanted)
                np.testing.assert_array_equal(got[~fine], wanted[~fine])
                assert (np.abs(got - wanted)[fine] <= 16 * np.finfo(dtype).eps * size[fine]).all()
    with pytest.raises(np.exceptions.AxisError):
        add_along(x, len(shape))


def test_a_gradient_that_repeats_one_entry_is_searched_for_nan_once() -> None:
    x = Tensor(np.linspace(-1, 1, 9))
    ops.relu(x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0.0] * 5 + [1.0] * 4
    y = Tensor([0.0, 1.0])
    (ops.relu(ops.sqrt(y)) * np.nan).sum().backward()  # not 0 · nan at the branch that is not taken
    assert y.grad is not None and y.grad[0] == 0 and np.isnan(y.grad[1])
