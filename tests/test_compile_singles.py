"""Rows over arrays in the native interpreter: exponentials as vectors, single precision, and blocks of all lengths."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import clip, compile, exp, relu, sigmoid, softmax, sqrt, tanh, value_and_grad, where
from autograd.arrays import functions as A
from autograd.programs import native

try:
    native.load(native.table())
except native.Unavailable as why:
    pytest.skip(f"there is no native interpreter: {why}", allow_module_level=True)

EXACT = {  # in the widest floats that there are, without cancellation
    exp: (np.exp, np.exp),
    tanh: (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    sigmoid: (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / ((1 + np.exp(-x)) * (1 + np.exp(x)))),
}
EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 700.0, -700.0, 720.0, -720.0, 760.0, -760.0, 1e30, -1e30]


@pytest.mark.parametrize("function", EXACT, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponentials_and_their_slopes_have_few_units_of_error(function, dtype):
    reach = 87.0 if dtype is np.float32 else 700.0
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-reach, reach, 20_000), rng.normal(size=20_000), 1e-4 * rng.normal(size=5_000)]).astype(dtype)
    program = compile(lambda x: (function(x).sum(), function(x)), has_aux=True, backend="native")
    (_, value), slope = program.value_and_grad(x)
    wide = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        for got, wanted, units in ((value, EXACT[function][0](wide), 3), (slope, EXACT[function][1](wide), 8)):
            wanted = np.asarray(wanted)
            normal = np.abs(wanted) > np.finfo(dtype).tiny
            assert got.dtype == dtype
            assert (np.abs(got - wanted)[normal] <= units * np.spacing(np.abs(wanted[normal]).astype(dtype))).all()
            assert (np.abs(got[~normal]) <= 4 * np.finfo(dtype).tiny).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", EXACT, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponentials_at_the_edges(function, dtype):
    x = np.array(EDGES, dtype)
    with np.errstate(all="ignore"):
        wanted = function(x)
    got = compile(function, backend="native")(x)
    np.testing.assert_allclose(got, wanted, rtol=1e-6 if dtype is np.float32 else 1e-14, atol=2 * np.finfo(dtype).tiny)
    assert (np.signbit(got) == np.signbit(wanted))[~np.isnan(wanted)].all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7, 10), (40, 16), (3, 257), (5, 129), (2, 1000), (1, 64), (300, 1), (11, 3, 26), (600,)])
def test_blocks_of_all_lengths(dtype, shape):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, *shape)).astype(dtype)
    row, column = rng.normal(size=shape[-1:]).astype(dtype), rng.normal(size=(*shape[:-1], 1)).astype(dtype)

    def f(x, y, row, column):
        mask = x > y
        made = where(mask, relu(x * row + column), tanh(y - row) * 0.5) * mask + clip(x, -1.0, 1.0)
        return (made * made).sum() + (A.sum(made, -1) ** 2).sum() + A.sum(made, 0).sum() * 0.25
    program = compile(f, backend="native")
    for _ in range(2):
        value, slopes = program.value_and_grad(x, y, row, column, argnums=(0, 1, 2, 3))
    wanted, theirs = value_and_grad(f, (0, 1, 2, 3))(*[a.astype(np.float64) for a in (x, y, row, column)])
    tolerance = 2e-5 if dtype is np.float32 else 1e-12
    assert program.backend == "native" and value == pytest.approx(wanted, rel=tolerance)
    for mine, other in zip(slopes, theirs, strict=True):
        assert mine.dtype == dtype
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance * np.abs(other).max())


@pytest.mark.parametrize("shape", [(3, 5), (50, 10), (8, 64, 64), (2, 1000)])
def test_softmax_of_many_rows_in_single_precision(shape):
    x, v = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    x[0] += 80  # its exponentials would overflow
    f = lambda x: (softmax(x, -1) * v).sum()
    value, slope = compile(f, backend="native").value_and_grad(x)
    wanted, theirs = value_and_grad(f)(x.astype(np.float64))
    assert value == pytest.approx(wanted, rel=1e-5, abs=1e-5)
    np.testing.assert_allclose(slope, theirs, atol=1e-6)


def test_a_type_is_converted_within():
    x = np.linspace(-2, 2, 300)
    f = lambda x: (A.astype(A.astype(x, np.float32) * 3, np.float64) * x).sum()
    value, slope = compile(f, backend="native").value_and_grad(x)
    assert value == pytest.approx(3 * (x * x).sum(), rel=1e-6)
    np.testing.assert_allclose(slope, 6 * x, rtol=1e-6, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_update_by_an_infinite_slope_is_that_of_the_function(dtype):
    def step(p, x):
        value, slope = value_and_grad(lambda p: (sqrt(p) * x).sum())(p)
        return value, p - 0.5 * slope
    program = compile(step, backend="native")
    x = np.arange(1.0, 301.0).astype(dtype)
    for p in (np.ones(300, dtype), np.concatenate([np.zeros(1, dtype), np.ones(299, dtype)]), np.full(300, 4.0, dtype)):
        with np.errstate(all="ignore"):
            (value, made), (wanted, theirs) = program(p, x), step(p, x)
        assert value == pytest.approx(float(wanted), rel=1e-6)
        np.testing.assert_allclose(made, theirs, rtol=1e-6)
