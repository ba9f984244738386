"""The rows of statistics and signals: identities, SciPy's ufuncs on every kind of operand, and arrays without SciPy."""

from __future__ import annotations

import math
import sys
from typing import Any

import autograd as ag
import numpy as np
import pytest
from autograd import Tensor, Value, elementwise, grad, hessian, jvp, special
from autograd.operation import Operation
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipys

from .test_arrays_functions import quick

numbers = st.floats(-6, 6)


@given(numbers)
@quick
def test_identities(x: float) -> None:
    assert ag.erf(x) == -ag.erf(-x)
    assert ag.erf(x) + ag.erfc(x) == pytest.approx(1.0, abs=1e-15)
    assert ag.sigmoid(ag.logit(p := ag.sigmoid(x))) == pytest.approx(p, rel=1e-14)
    assert ag.sinc(x) * math.pi * x == pytest.approx(math.sin(math.pi * x), abs=1e-15)
    assert grad(ag.erf)(x) == pytest.approx(2 * math.exp(-x * x) / math.sqrt(math.pi), rel=1e-13)
    assert ag.fmod(x, 0.7) == math.fmod(x, 0.7)


def test_known_values() -> None:
    assert ag.erf(1.0) == pytest.approx(0.842700792949714869, rel=1e-15)  # Abramowitz & Stegun, table 7.1
    assert ag.erfc(2.0) == pytest.approx(0.004677734981047266, rel=1e-14)
    assert (ag.logit(0.5), ag.logit(0.0), ag.logit(1.0), ag.sinc(0.0)) == (0.0, -math.inf, math.inf, 1.0)
    assert all(math.isnan(ag.logit(x)) for x in (-0.1, 1.1, math.nan))
    assert grad(ag.sinc)(0.0) == 0.0
    assert grad(grad(ag.sinc))(0.0) == pytest.approx(-math.pi**2 / 3, rel=1e-14)  # 1 − (πx)²/6 + (πx)⁴/120 − …
    assert hessian(lambda x: ag.sinc(x).sum())(np.zeros(1))[0, 0] == pytest.approx(-math.pi**2 / 3, rel=1e-14)
    assert grad(grad(grad(grad(ag.sinc))))(0.0) == pytest.approx(math.pi**4 / 5, rel=1e-13)


@pytest.mark.parametrize("name, x", [("erf", 0.7), ("erfc", 0.7), ("expit", 0.7), ("logit", 0.7), ("ndtr", -0.4),
                                     ("log_expit", 3.0), ("entr", 0.3)])
def test_scipys_functions_of_every_kind_of_operand(name: str, x: float) -> None:
    f = getattr(scipys, name)
    wanted = float(f(x))
    for got in (f(Value(x)).data, f(Tensor(x)).item(), f(Tensor([x])).item(), jvp(f, x, 1.0)[0]):
        assert got == pytest.approx(wanted, rel=1e-14)
    slope = (float(f(x + 1e-6)) - float(f(x - 1e-6))) / 2e-6
    for got in (grad(f)(x), grad(f)(np.array(x)), jvp(f, x, 1.0)[1], jvp(f, np.array([x]), np.array([1.0]))[1][0]):
        assert float(got) == pytest.approx(slope, rel=1e-8)


def test_a_product_with_a_logarithm_is_0_where_its_factor_is_and_passes_no_nan() -> None:
    x, y = np.array([0.0, 0.0, 2.0]), np.array([0.0, 3.0, 5.0])
    assert np.array_equal(scipys.xlogy(Tensor(x), y).data, scipys.xlogy(x, y))
    assert grad(lambda y: scipys.xlogy(x, y).sum())(y).tolist() == [0.0, 0.0, 0.4]
    assert scipys.rel_entr(Tensor([0.0, 0.5]), [0.5, 0.5]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("row", [special.erf, special.erfc, special.logit], ids=str)
def test_arrays_without_scipy_are_those_with_it(row: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    x, function = np.linspace(0.05, 0.95, 7).reshape(7, 1), elementwise.array_function(row)
    with_scipy = [function(x), function(x.astype(np.float32)), function(np.array(0.3))]
    monkeypatch.setitem(sys.modules, "scipy", None)
    without = [function(x), function(x.astype(np.float32)), function(np.array(0.3))]
    for one, other in zip(with_scipy, without):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        np.testing.assert_allclose(one, other, rtol=1e-6 if one.dtype == np.float32 else 1e-14)
    assert row.name not in dir(np)  # which has none of its own


def test_gelu_is_composed_of_them() -> None:
    def gelu(x: Any) -> Any:
        return x * 0.5 * ag.erfc(x * -math.sqrt(0.5))
    x = np.array([-3.0, -0.5, 0.0, 2.0])
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    np.testing.assert_allclose(grad(lambda x: gelu(x).sum())(x), scipys.ndtr(x) + x * density, rtol=1e-14)
    np.testing.assert_allclose(np.diag(hessian(lambda x: gelu(x).sum())(x)), (2 - x * x) * density, rtol=1e-12)
