"""A number that leaves its graph is reported: as an error inside a derivative, as a warning elsewhere; display is silent."""

from __future__ import annotations

import array
import copy
import decimal
import itertools
import json
import logging
import math
import pickle
import re
import statistics
import struct
import warnings

import autograd as ag
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.special
import scipy.stats
from autograd import GraphError, GraphWarning, Tensor, Value, check_gradients, explain, grad, hessian, jacobian, jvp, no_grad

X, ONE = np.array([1.0, 2.0]), np.ones(2)


@pytest.mark.parametrize("f, slope", [
    (lambda x: (x * [x[0], x[1]]).sum(), [2.0, 4.0]),
    (lambda x: ([x[0], x[1]] * x).sum(), [2.0, 4.0]),
    (lambda x: x @ [x[0], x[1]], [2.0, 4.0]),
    (lambda x: [x[0], x[1]] @ x, [2.0, 4.0]),
    (lambda x: ag.maximum(x, [2 * x[0], 2 * x[1]]).sum(), [2.0, 2.0]),
    (lambda x: (x * Tensor([x[0], x[1]])).sum(), [2.0, 4.0]),
    (lambda x: Tensor([[x[0], 1.0], [x[1], x[0]]]).sum(), [2.0, 1.0]),
    (lambda x: np.concatenate([[x[0] * 2], x]).sum(), [3.0, 1.0]),
    (lambda x: ag.where([True, False], [x[1], x[0]], x).sum(), [0.0, 2.0]),
    (lambda x: (x ** (x[0], 2.0)).sum(), [1.0, 4.0]),
    (lambda x: np.dot(x, [x[1], x[0]]), [4.0, 2.0]),
])
def test_lists_of_nodes_are_operands_with_their_graph(f, slope):
    np.testing.assert_allclose(grad(f)(X), slope)
    np.testing.assert_allclose(jvp(f, X, ONE)[1], sum(slope))


CUTS = {
    "np.mean of a list": lambda x: np.mean([x[0], x[1]]),
    "np.sum of a list": lambda x: np.sum([x[0], x[1]]),
    "np.max of a list": lambda x: np.max([x[0], x[1]]),
    "np.exp of a list": lambda x: np.exp([x[0], x[1]]).sum(),
    "np.linalg.norm of a list": lambda x: np.linalg.norm([x[0], x[1]]),
    "np.r_": lambda x: np.r_[x, x].sum(),
    "np.array": lambda x: np.array([x[0] ** 2 - x[1] ** 2]).sum(),
    "scipy": lambda x: scipy.special.logsumexp(x),
    "pandas": lambda w: ((pd.Series([1.0, 2.0]) - np.eye(2) @ w) ** 2).mean(),
    "float": lambda x: x.sum() * float(x[0]),
    "int": lambda x: x.sum() * int(x[0]),
    "math": lambda x: math.tanh(x[0]) * x.sum(),
    "setitem": lambda x: _filled(x).sum(),
    "round": lambda x: x.sum() * round(float(x[0]), 2),
    "statistics": lambda x: statistics.fmean([x[0], x[1]]),
    "math.fsum": lambda x: math.fsum([x[0], x[1]]),
    "math.floor": lambda x: x[1] * math.floor(x[0]),
    "range": lambda x: sum(x[1] for _ in range(int(x[0]))),
    "array.array": lambda x: x[0] * array.array("d", [x[0], x[1]])[0],
    "np.fromiter": lambda x: np.fromiter((2 * v for v in x), float).sum(),
    "np.full": lambda x: np.full(2, x[0]).sum(),
    "np.float64": lambda x: np.float64(x[0]) * 2,
    "np.array of objects": lambda x: np.array([x[0], x[1]], dtype=object).sum(),
    "np.interp": lambda x: np.interp(0.5, [0, 1], [x[0], x[1]]),
    "np.polynomial": lambda x: np.polynomial.Polynomial([x[0], x[1]])(2.0),
    "np.vectorize": lambda x: np.vectorize(lambda v: 2 * v)(x).sum(),
    "scipy.stats": lambda x: scipy.stats.norm.pdf(x).sum(),
    "scipy.sparse": lambda x: scipy.sparse.csr_matrix(x).sum(),
    "a frame's column": lambda x: pd.DataFrame({"a": x}).a.sum(),
    "random": lambda x: np.random.default_rng(0).normal(x, 0.0).sum(),
}
COPIES = {"copy.copy": copy.copy, "copy.deepcopy": copy.deepcopy, "pickle": lambda x: pickle.loads(pickle.dumps(x))}
REFUSED = {  # no number comes out of these: what they call says no
    "np.add(out=)": lambda x: np.add(x, 1.0, out=np.zeros(2)).sum(),
    "np.put": lambda x: np.put(np.zeros(2), [0, 1], x),
    "np.copyto": lambda x: np.copyto(np.zeros(2), x),
    "np.add.at": lambda x: np.add.at(np.zeros(2), [0, 1], x),
    "np.histogram": lambda x: np.histogram([0, 1], weights=x)[0].sum(),
    "np.fft": lambda x: np.abs(np.fft.fft(x)).sum(),
    "json": lambda x: json.loads(json.dumps(x[0])),
    "struct": lambda x: struct.unpack("d", struct.pack("d", x[0]))[0],
    "memoryview": lambda x: memoryview(x)[0],
    "decimal": lambda x: decimal.Decimal(x[0]),
    "scipy.special.gamma": lambda x: scipy.special.gamma(x).sum(),
}


def _filled(x):
    out = np.zeros(2)
    for i in range(2):
        out[i] = x[i] * 2
    return out


@pytest.mark.parametrize("f", CUTS.values(), ids=CUTS)
def test_a_way_out_inside_a_derivative_raises_with_the_place_and_the_remedy(f):
    for derivative in (lambda: grad(f)(X), lambda: jvp(f, X, ONE), lambda: hessian(f)(X)):
        with pytest.raises(GraphError, match=r"test_escapes\.py:\d+, .*autograd\.stack.*\.item\(\)"):
            derivative()


@pytest.mark.parametrize("f", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_followed_is_refused(f):
    for derivative in (lambda: grad(f)(X), lambda: jvp(f, X, ONE)):
        with pytest.raises((TypeError, struct.error)):
            derivative()


@pytest.mark.parametrize("f", CUTS.values(), ids=CUTS)
def test_the_checker_calls_every_cut_wrong_with_its_place(f):
    report = check_gradients(f, X)
    assert not report
    assert re.search(r"part of the function is hidden from\s+it.*test_escapes\.py:\d+", str(report), re.DOTALL)


@pytest.mark.parametrize("f", CUTS.values(), ids=CUTS)
def test_every_cut_outside_a_derivative_warns_once_at_the_users_line(f):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(3):
            f(Tensor(X, "x"))
    assert {(warning.category, warning.filename) for warning in said} == {(GraphWarning, __file__)}
    assert len(said) == 1 or f is CUTS["a frame's column"]  # pandas changes filters, and Python forgets what it has shown


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_of_a_node_within_a_derivative_is_refused_as_no_gradient_leads_back_from_it(copied):
    for derivative in (grad, hessian, jacobian):
        with pytest.raises(GraphError, match=r"test_escapes\.py:\d+"):
            derivative(lambda x: (copied(x) ** 2).sum())(X)
    assert jvp(lambda x: (copied(x) ** 2).sum(), X, ONE)[1] == 6.0  # a dual number takes its tangent along
    assert copied(Tensor(X)).tolist() == X.tolist()


def test_numbers_raise_too():
    for f in (lambda w: w * math.tanh(w), lambda w: w * float(w), lambda w: w + int(w)):
        for derivative in (lambda f=f: grad(f)(0.5), lambda f=f: jvp(f, 0.5, 1.0)):
            with pytest.raises(GraphError, match=r"autograd\.tanh\(x\) for math\.tanh"):
                derivative()
    with pytest.raises(GraphError):
        jacobian(lambda x: np.array([x[0] ** 2 - x[1] ** 2]))(X)


def test_the_checker_calls_it_wrong_and_names_the_place():
    report = check_gradients(lambda x: x.sum() * float(x[0]), X)
    assert not report
    assert "part of the function is hidden from it" in str(report)
    assert "test_escapes.py" in str(report)


def test_outside_a_derivative_it_warns_once_for_each_line_and_explain_names_the_place():
    w, t, out = Tensor(2.0, "w"), Tensor([1.0, 2.0, 3.0], "t"), np.zeros(3)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for i in range(3):
            out[i] = t[i] * 2
    assert [warning.category for warning in said] == [GraphWarning]
    assert "t" in str(said[0].message)
    loss = (w * out).sum()
    loss.backward()
    assert t.grad is None
    assert "test_escapes.py" in str(explain(loss, t))


def test_numpys_functions_work_on_values():
    x = Value(0.5, "x")
    for ufunc in (np.sin, np.exp, np.tanh, np.sqrt, np.square, np.rint, np.trunc, np.log1p, np.positive):
        assert isinstance(ufunc(x), Value)
        assert ufunc(x).data == pytest.approx(float(ufunc(0.5)), rel=1e-15)
    assert grad(np.sin)(1.0) == math.cos(1.0)
    assert isinstance(np.add(x, 1.0), Value)
    assert isinstance(np.float64(2.0) * x, Value)
    assert np.greater(x, 0.25)
    with pytest.raises(TypeError, match=r"np\.spacing.*add it with autograd\.op"):
        np.spacing(x)
    with pytest.raises(TypeError, match="use Tensor for arrays") as told:
        np.add(np.ones(2), x)
    with pytest.raises(TypeError, match="np.fft.fft") as told:
        np.fft.fft(Tensor([1.0, 2.0]))
    assert len(str(told.value)) < 250


def test_flat_functions_return_nodes_without_derivative():
    t = Tensor([1.5, -2.5])
    for result, same in ((np.trunc(t), np.trunc(t.data)), (np.rint(t), np.rint(t.data)), (np.floor_divide(t, 2), t.data // 2)):
        assert isinstance(result, Tensor)
        np.testing.assert_array_equal(result.data, same)
        with pytest.warns(ag.NoDerivativeWarning):
            result.sum().backward()


@pytest.mark.parametrize("x, y", [(5.0, math.inf), (-5.0, math.inf), (2.0**60 + 512, 7.0), (7.5, -2.0), (1.0, 0.0),
                                  (math.inf, 2.0)])
def test_the_remainder_is_numpys(x, y):
    with np.errstate(all="ignore"):
        for got in ((Value(x) % y).data, (x % Value(y)).data, (Tensor(x) % y).item(), np.remainder(Tensor(x), y).item()):
            np.testing.assert_equal(got, np.remainder(x, y))


INNOCENT = {
    "print": lambda x: print(x),
    "f-string": lambda x: f"{x} {x:.2f}" if x.size == 1 else f"{x}",
    "format": lambda x: format(x.sum(), ".3f"),
    "compare": lambda x: (x > 1).any() and (x == x).all(),
    "item": lambda x: x.sum().item(),
    "detach": lambda x: np.asarray(x.detach()),
    "data": lambda x: np.array(x.data),
    "numpy": lambda x: np.array(x.numpy()),
    "tolist": lambda x: x.tolist(),
    "len": lambda x: len(x),
    "bool": lambda x: bool(x.sum()),
    "logging": lambda x: logging.getLogger("test").warning("%s %f", x, x.sum()),
    "no_grad": lambda x: _within_no_grad(x),
    "shape": lambda x: np.zeros(np.shape(x)),
    "allclose": lambda x: np.allclose(x, x.data),
    "testing": lambda x: np.testing.assert_allclose(x, x.data),
}


def _within_no_grad(x):
    with no_grad():
        return float(x.sum()) + np.asarray(x).sum()


@pytest.mark.parametrize("look", INNOCENT.values(), ids=INNOCENT)
def test_looking_is_silent(look, caplog):
    look(Tensor([1.0, 2.0], "x"))


def test_plotting_is_silent():
    plt = pytest.importorskip("matplotlib.pyplot", reason="plots need matplotlib")
    figure, axes = plt.subplots()
    axes.plot(Tensor([1.0, 2.0]) * 2)
    axes.bar([0, 1], Tensor([1.0, 2.0]))
    plt.close(figure)


def test_integers_and_constants_may_leave():
    assert int(Tensor(3, requires_grad=False)) == 3
    assert np.asarray(Tensor([1, 2], requires_grad=False)).tolist() == [1, 2]
    assert float(Value(3.0).detach()) == 3.0


def test_a_derivative_of_a_function_that_can_be_pickled_can_be():
    for made in (grad(ag.sin), ag.value_and_grad(ag.sin), jacobian(ag.sin), hessian(ag.sin)):
        assert pickle.loads(pickle.dumps(made))(0.5) == made(0.5)


def test_auxiliary_results_pass_beside_the_gradient():
    f = lambda x: (x**2, {"twice": 2 * x})
    assert grad(f, has_aux=True)(3.0) == (6.0, {"twice": 6.0})
    assert ag.value_and_grad(f, has_aux=True)(3.0) == ((9.0, {"twice": 6.0}), 6.0)


def test_one_number_in_any_shape_is_one_number():
    np.testing.assert_allclose(grad(lambda x: (x @ x).reshape(1, 1))(X), 2 * X)
    np.testing.assert_allclose(grad(lambda x: (x @ x).reshape(1))(X), 2 * X)


@pytest.mark.parametrize("make", [lambda: Value(2.0, "w"), lambda: Tensor([2.0, 1.0], "w")])
def test_an_update_that_changes_nothing_is_told_with_the_remedy(make):
    w = make()
    total = w * 0.0
    total += w * w  # a sum under way: silent
    (total if isinstance(w, Value) else total.sum()).backward()
    before = np.array(w.data)
    for parameter in [w]:
        with pytest.warns(GraphWarning, match=r"w -= …: this makes a new node.*w\.data -= …"):
            parameter -= 0.1 * w.grad
    assert np.array_equal(w.data, before)
    w.data -= 0.1 * w.grad
    assert not np.array_equal(w.data, before)


def test_a_parameter_that_became_a_constant_is_told_how_to_be_updated():
    w = Value(2.0, "w").detach()
    with pytest.raises(ag.GradientError, match=r"update a parameter in place with w\.data -= …"):
        (w * 2).backward()


# ── training by hand ─────────────────────────────────────────────────────────────────────────────────────────────

def _replaced_numbers(steps):
    w, b = Value(1.0, "w"), Value(0.0, "b")
    for _ in range(steps):
        loss = sum((w * x + b - y) ** 2 for x, y in [(1.0, 2.0), (2.0, 3.0)])
        loss.backward()
        w, b = w - 0.01 * w.grad, b - 0.01 * b.grad


def _replaced_arrays(steps):
    w = Tensor(ONE, "w")
    for _ in range(steps):
        ((np.eye(2) @ w - 2.0) ** 2).mean().backward()
        w = w * (1 - 1e-3) - 0.1 * w.grad


def _replaced_with_batches_of_any_size(steps):
    w, sizes = Value(1.0), itertools.cycle([3, 1, 4, 1, 5, 9, 2, 6])
    for _, size in zip(range(3 * steps), sizes):
        sum((w * i - 1.0) ** 2 for i in range(size)).backward()
        w = w - 0.001 * w.grad


@pytest.mark.parametrize("train", [_replaced_numbers, _replaced_arrays, _replaced_with_batches_of_any_size])
def test_a_parameter_replaced_in_a_loop_is_told_once_with_the_remedy(train):
    with pytest.warns(GraphWarning, match=r"replaced by w = w - ….*w\.data -= …") as told:
        train(12)
    assert [warning.filename for warning in told] == [__file__]


@pytest.mark.parametrize("kind", [Value, Tensor])
def test_a_parameter_that_is_subtracted_from_is_told_once_with_its_name(kind):
    def train(speed):
        for _ in range(8):
            loss = (speed * 3.0 - 1.0) ** 2
            gradient = ag.gradient(loss, speed)
            loss.backward()
            speed -= 0.01 * gradient

    with pytest.warns(GraphWarning) as told:
        train(kind(1.0, "speed"))
    assert len(told) == 1 and "To update the leaf write speed.data -= …" in str(told[0].message)


def _retained():
    loss = (Value(1.0) * 3.0 - 2.0) ** 2
    for _ in range(5):
        loss.backward()


def _chain(kind):
    x = kind(1.0)
    for _ in range(300):
        x = x * 1.001
    x.backward()
    x.backward()


def _rows_of_a_jacobian(kind):
    x = [kind(1.0), kind(2.0)]
    hidden = [ag.tanh(a * b) for a in x for b in x]
    for i in range(1, 8):
        sum(h * i for h in hidden).backward()


def _losses_of_one_trunk(kind):
    trunk = ag.tanh(kind(1.0) * 2.0)
    for loss in (trunk * 2, (trunk * 2 - 1) ** 2, (trunk * 2 - 1) ** 2 * 3 + trunk**4):
        loss.backward()


def _a_loss_of_every_layer(kind):
    h, weights = kind(1.0), [kind(0.5) for _ in range(7)]
    for w in weights:
        h = ag.tanh(w * h)
        ((h - 1.0) - 2.0).backward()


def _equally_longer_losses_of_one_trunk(kind):
    trunk = ag.tanh(kind(1.0) * 2.0) - 1.0
    for factors in range(2, 9):
        loss = trunk
        for _ in range(factors):
            loss = loss * 1.5
        loss.backward()


def _longer_sequences(kind):
    w = kind(0.9, "w")
    for length in range(1, 12):
        state = w * 1.0
        for _ in range(length):
            state = state * w
        state.backward()
        w.data -= 0.001 * w.grad
        w.grad = None


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.parametrize("program", [_chain, _rows_of_a_jacobian, _losses_of_one_trunk, _a_loss_of_every_layer,
                                     _equally_longer_losses_of_one_trunk, _longer_sequences])
def test_graphs_that_do_not_grow_are_silent(program, kind):
    program(kind)
    _retained()
