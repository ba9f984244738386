"""Tensors that a compiled function reaches by its closure: nothing of them is frozen, and derivatives by them are recorded."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import GraphError, Tensor, compile, grad, gradient, relu, tanh, where
from autograd.arrays import functions as A

from .backends import BACKENDS

X = np.array([1.0, -2.0, 3.0])


def changing(f, w, program, times=3):
    """Hold the program against the function while the Tensor changes."""
    for k in range(times):
        np.testing.assert_allclose(program(X), np.asarray(f(X).data if isinstance(f(X), Tensor) else f(X)), rtol=1e-12)
        w.data[:] = w.data * -1.5 + k
    assert program.recordings == 1 and not program.backend.startswith("eager")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [
    lambda w, x: (x * w.data).sum(), lambda w, x: (x * w.detach()).sum(), lambda w, x: (x * w.numpy()[::-1].copy()).sum(),
    lambda w, x: x * w.data.sum(), lambda w, x: where(w.data > 0, x, 2 * x).sum(), lambda w, x: x * (w * 2.0).data,
    lambda w, x: x * np.maximum(w.data, 0.0),
])
def test_arrays_of_tensors_are_read_anew(backend, f):
    w = Tensor(np.array([1.0, 2.0, -3.0]), "w")
    of_x = lambda x: f(w, x)
    changing(of_x, w, compile(of_x, backend=backend))


def test_no_gradient_flows_through_the_array_of_a_tensor():
    w = Tensor(np.array([1.0, 2.0, -3.0]), "w")
    program = compile(lambda x: (w.data * w * x).sum() + (w.detach() * x).sum())
    program.backward(X)
    np.testing.assert_allclose(w.grad, w.data * X)
    np.testing.assert_allclose(program.grad(X), w.data ** 2 + w.data)


def test_a_number_that_meets_the_array_of_a_tensor():
    w = Tensor(np.array([1.0, 2.0]), "w")
    program = compile(lambda x: (w.data * x).sum())
    assert program(2.0) == 6.0
    w.data[:] = 5.0
    assert program(2.0) == 20.0 and program.value_and_grad(2.0)[1] == 10.0


@pytest.mark.parametrize(("call", "f"), [
    (".item()", lambda w, x: x * w.sum().item()), (".tolist()", lambda w, x: x * w.tolist()[0]),
    ("np.asarray()", lambda w, x: x * np.asarray(w)), ("float()", lambda w, x: x * float(w.sum())),
    ("a comparison", lambda w, x: where(w > 0, x, 0.0)), ("the truth value", lambda w, x: x if w.data[0] > 0 else -x),
    ("a change in place", lambda w, x: x * np.add(w.data, 1.0, out=w.data)), (".data = …", lambda w, x: setattr(w, "data", X) or x),
])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_numbers_of_tensors_are_refused_with_line_and_remedy(call, f, requires_grad):
    w = Tensor(np.array([1.0, 2.0, -3.0]), "w", requires_grad=requires_grad)
    before = w.data.copy()
    with pytest.raises(GraphError, match=r"test_compile_closures\.py:\d+") as refused:
        compile(lambda x: f(w, x))(X)
    assert call.rstrip("()") in str(refused.value) and (w.data == before).all()


def test_assignment_in_place_within_a_program_is_refused():
    w = Tensor(np.array([1.0, 2.0, -3.0]), "w")

    def f(x):
        w.data -= 1.0
        return w * x
    with pytest.raises(GraphError, match=r"test_compile_closures\.py:\d+"):
        compile(f)(X)
    assert w.data.tolist() == [1.0, 2.0, -3.0]
    labels = np.array([1, 2, 0])

    def shifted(x, labels):
        labels -= 1
        return x[labels].sum()
    with pytest.raises(GraphError, match="x = x - 1"):
        compile(shifted)(X, labels)
    assert labels.tolist() == [1, 2, 0]


# ── derivatives by what was computed of closures ─────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("f", [
    lambda w, x: grad(lambda a: (a * x * a).sum())(w), lambda w, x: grad(lambda a: (tanh(a) * x).sum())(w * 2.0),
    lambda w, x: grad(lambda a: (a * x * (w * 2.0)).sum())(x), lambda w, x: grad(lambda a: relu(a).sum())(w) * x,
    lambda w, x: grad(lambda a: (a ** 3).sum())(tanh(w)) * x,
    lambda w, x: grad(lambda a: (grad(lambda b: (b ** 3 * a).sum())(w) ** 2).sum())(w * 0.5) * x,
    lambda w, x: gradient((tanh(w * x) ** 2).sum(), w, create_graph=True) * x,
    lambda w, x: A.max(w * 2.0) * grad(lambda a: A.max(a * x))(w * x),
])
def test_derivatives_by_tensors_reached_by_closure_are_recorded(backend, f):
    w = Tensor(np.array([0.5, 0.25, -0.75]), "w")
    of_x = lambda x: f(w, x)
    changing(of_x, w, compile(of_x, backend=backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_derivative_by_a_computed_node(backend):
    w = Tensor(np.array([0.5, 0.25, -0.75]), "w")

    def f(x):
        h = w * x
        v = tanh(w)
        return gradient((h * v * v).sum(), v, create_graph=True)
    changing(f, w, compile(f, backend=backend))


def test_gradients_of_derivatives_by_closure():
    w = Tensor(np.array([0.5, 0.25, -0.75]), "w")
    f = lambda x: (grad(lambda a: (tanh(a) * x).sum())(w * 2.0) ** 2).sum()
    program = compile(f)
    program.backward(X)
    mine, w.grad = w.grad, None
    f(X).backward()
    np.testing.assert_allclose(mine, w.grad, rtol=1e-12)
    np.testing.assert_allclose(program.grad(X), grad(f)(X), rtol=1e-12)
