"""A tensor's operation opened into single numbers: the same values, and the same gradients by another computation."""

from __future__ import annotations

import warnings
from typing import Any

import nn.functional as F
import math

import numpy as np
import pytest
import viz
from autograd import NoDerivativeWarning, Tensor, Value, logsumexp, relu, sigmoid, softmax, softplus, tanh
from autograd.graph import topological
from autograd.arrays import functions
from autograd import max as largest
from autograd.operation import Operation, rows
from viz.zooming import zoom

from .display import shown
from .test_arrays_functions import applied, examples


def upstream(y: Tensor) -> np.ndarray:
    return np.random.default_rng(5).uniform(-1, 1, y.shape)


def agree(y: Tensor, opened: Any) -> None:
    numbers = np.array([node.data for node in opened])
    assert np.allclose(numbers, y.data.ravel(), rtol=1e-12, atol=1e-13)
    for of_tensors, of_numbers in opened.gradients.values():
        assert np.allclose(of_tensors, of_numbers, rtol=1e-11, atol=1e-12)
    assert opened.difference < 1e-12


@pytest.mark.parametrize("op, operands, options", [
    e for e in examples() if any(x.size for x in e.values[1]) and applied(e.values[0], e.values[2])(*e.values[1]).size])
def test_every_array_operation_is_a_circuit_of_numbers_with_the_same_gradients(op: Any, operands: Any,
                                                                               options: Any) -> None:
    y = applied(op, options)(*map(Tensor, operands))
    seed = upstream(y)
    if op.module == "autograd.linalg":
        with pytest.raises(ValueError, match=f"zoom of {op.name}: LAPACK computes it"):
            zoom(y, seed=seed)
        return
    opened = zoom(y, seed=seed)
    assert opened.shape == y.shape
    if len(opened) == y.size:  # of a padding the zeros are no circuit
        agree(y, opened)
    assert opened.difference < 1e-12


@pytest.mark.parametrize("row", [row for row in rows.values() if row.arity], ids=str)
def test_every_row_on_arrays_is_itself_on_numbers(row: Operation) -> None:
    random = np.random.default_rng(3)
    operands = [random.uniform(*domain, (2, 1) if i else (2, 3)) for i, domain in enumerate(row.domain)]
    y = row(*map(Tensor, operands))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDerivativeWarning)
        opened = zoom(y, seed=upstream(y))
    agree(y, opened)
    assert opened.gates == 6


def test_a_matrix_product_is_products_and_sums_and_a_used_number_adds_its_gradients_up() -> None:
    x, w = Tensor([[1.0, 2.0], [3.0, -1.0]], "x"), Tensor([[0.5], [2.0]], "w")
    opened = zoom(x @ w, seed=[[1.0], [-2.0]])
    assert [node.op for node in opened] == ["add", "add"] and opened.gates == 6
    numbers = {name: [v.data for v in array.ravel()] for name, array in opened.inputs.items()}
    assert numbers == {"x": [1, 2, 3, -1], "w": [0.5, 2]}
    assert [v.grad for v in opened.inputs["w"].ravel()] == [1 - 6, 2 + 2]
    drawn = viz.graph(opened)
    assert sum(node.kind == "gate" for node in drawn.nodes) == 6
    labels = {node.label for node in drawn.nodes if node.kind == "input"}
    assert labels == {"x[0,0]", "x[0,1]", "x[1,0]", "x[1,1]", "w[0,0]", "w[1,0]"}
    assert viz.draw(opened, title="matmul").svg == opened.drawing().svg == shown(opened)["image/svg+xml"]


def test_one_window_of_a_convolution_has_as_many_products_as_the_filter_has_weights() -> None:
    image = Tensor(np.arange(16.0).reshape(1, 1, 4, 4), "image")
    filters = Tensor(np.array([[[[1.0, 0.0], [-1.0, 2.0]]]]), "w")
    [corner] = opened = zoom(F.conv2d(image, filters), entry=(0, 0, 1, 2))
    assert corner.data == 6 - 10 + 2 * 11
    assert sum(node.op == "mul" for node in gates(opened)) == 4 and opened.gates == 7
    of_tensors, of_numbers = opened.gradients["image"]
    assert np.array_equal(of_tensors, of_numbers)
    assert np.flatnonzero(of_numbers).tolist() == [6, 10, 11]  # the weight 0 passes 0


def gates(opened: Any) -> list[Any]:
    from autograd.graph import topological
    return [node for node in topological(*opened) if node.operands]


def test_softmax_is_exponentials_over_their_sum_and_stays_finite_where_they_would_not() -> None:
    assert [node.op for node in gates(zoom(softmax(Tensor([1.0, 2.0])), entry=0))] == ["exp", "exp", "add", "div"]
    large = zoom(softmax(Tensor([1000.0, 1001.0])), entry=0)
    assert large[0].data == pytest.approx(1 / (1 + np.e)) and large.difference < 1e-12
    [total] = opened = zoom(logsumexp(Tensor([1000.0, 1001.0])))
    assert total.data == pytest.approx(1001 + np.log1p(1 / np.e), rel=1e-14) and opened.difference < 1e-12


def test_everything_between_inputs_and_a_result_in_a_scope_for_each_operation() -> None:
    x, gain, shift = Tensor([[1.0], [2.0], [6.0]], "x"), Tensor([2.0], "γ"), Tensor([0.5], "β")
    y = F.batch_norm(x, weight=gain, bias=shift, training=True)
    opened = zoom(y, [x, gain, shift])
    agree(y, opened)
    assert [v.grad for v in opened.inputs["β"].ravel()] == [3.0]
    assert np.allclose([v.grad for v in opened.inputs["x"].ravel()], 0, atol=1e-12)  # a shift of all changes nothing
    closed = viz.graph(opened, collapse=True)
    assert {node.sign for node in closed.nodes if node.hidden} == {"batch_norm"}
    assert zoom(y).title == "batch_norm" and zoom(2.0 * y + 1.0, [x]).title == "batch_norm → mul → add"


def test_batch_norm_closes_to_its_four_steps() -> None:
    y = F.batch_norm(Tensor([[1.0], [3.0], [8.0]], "x"), training=True)
    opened = zoom(y, entry=(0, 0), seed=1.0)
    assert opened.difference < 1e-12
    closed = viz.draw(opened, collapse=["mean", "deviation"])
    assert [node.sign for node in closed.graph.nodes if node.hidden] == ["mean", "deviation"]
    assert [node.sign for node in closed.graph.nodes if node.kind == "gate" and not node.hidden] == ["−", "−", "−", "/"]
    assert math.prod(closed.size) < 0.7 * math.prod(viz.draw(opened).size)


def test_the_gradient_from_above_is_the_one_that_was_there() -> None:
    x = Tensor([1.0, -2.0, 3.0], "x")
    y = relu(x)
    (y * [10.0, 20.0, 30.0]).sum().backward()
    opened = zoom(y)
    assert [node.grad for node in opened] == [10, 20, 30]
    assert [v.grad for v in opened.inputs["x"]] == [10, 0, 30]
    assert x.grad.tolist() == [10, 0, 30]  # looking changed nothing


def test_k_equal_maxima_share_and_the_circuit_shows_it() -> None:
    opened = zoom(largest(Tensor([2.0, 5.0, 5.0, 5.0], "x")), seed=3.0)
    assert np.allclose([v.grad or 0 for v in opened.inputs["x"]], [0, 1, 1, 1])
    assert opened.difference < 1e-15


def test_what_cannot_be_opened_is_refused_with_the_remedy() -> None:
    x = Tensor([1.0, 2.0], "x")
    with pytest.raises(TypeError, match=r"no operation computed. Give it a result: y = x @ w; zoom\(y\)"):
        zoom(x)
    with pytest.raises(ValueError, match="not an ancestor of exp, shape"):
        zoom(x.exp(), [Tensor([1.0])])
    big = Tensor(np.ones((30, 30)), "big")
    with pytest.raises(ValueError, match="2,700 entries are too many to draw .the limit is 600.; select smaller"):
        zoom(big @ Tensor(np.ones((30, 30))))
    with pytest.raises(ValueError, match="no number in it takes a gradient"):
        zoom(functions.sum(Tensor(np.ones((0, 3))), 0))


def test_a_softmax_is_opened_with_a_seed_that_shows_something() -> None:
    z = Tensor([1.0, 2.0, 0.5], "z")
    p = softmax(z)
    opened = zoom(p)
    assert opened.seed.tolist() == [1, 0, 0]
    wanted = p.data[0] * (np.array([1.0, 0, 0]) - p.data)  # ∂p₀/∂zⱼ
    assert np.allclose(opened.gradients["z"][1], wanted) and np.allclose(opened.gradients["z"][0], wanted)
    assert "gradient from above: [1., 0., 0.]" in repr(opened)
    assert zoom(p, entry=1).seed.tolist() == 1
    assert zoom(relu(z)).seed.tolist() == [1, 1, 1] and "above" not in repr(zoom(relu(z)))
    (p * [1.0, 2.0, 3.0]).sum().backward()
    assert zoom(p).seed.tolist() == [1, 2, 3]
    flat = zoom(F.batch_norm(Tensor([[1.0], [2.0], [4.0]], "x"), training=True))
    assert flat.seed.ravel().tolist() == [1, 0, 0] and np.abs(flat.gradients["x"][1]).max() > 0.1


def test_a_sigmoid_gate_of_numbers_opens_into_its_four() -> None:
    x = Value(1.0, "x")
    y = sigmoid(x)
    opened = zoom(y)
    gates = [node.op.name for node in topological(*opened) if node.operands]
    assert gates == ["mul", "exp", "add", "div"] and opened.gates == 4
    assert opened[0].data == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-15)
    assert float(opened.gradients["x"][1]) == pytest.approx(y.data * (1 - y.data), rel=1e-14)
    drawn = opened.drawing().svg
    assert "0.73" in drawn and "exp" in drawn
    w = Value(2.0, "w")
    between = zoom(sigmoid(w * x), [w, x])
    assert between.gates == 5 and between.difference < 1e-14 and set(between.gradients) == {"w", "x"}


@pytest.mark.parametrize("f", [sigmoid, tanh, softplus])
@pytest.mark.parametrize("x", [-1000.0, -3.0, 0.0, 0.7, 20.0, 1000.0])
def test_gates_that_are_opened_give_the_same_numbers_everywhere(f: Any, x: float) -> None:
    y = f(Value(x, "x"))
    opened = zoom(y)
    assert opened[0].data == pytest.approx(y.data, rel=1e-12, abs=1e-15)
    mine, numbers = (float(g) for g in opened.gradients["x"])
    assert numbers == pytest.approx(mine, rel=1e-9, abs=1e-15)


def test_one_gate_is_not_opened_and_says_which_are() -> None:
    with pytest.raises(ValueError, match="one gate already; the operations on numbers that can be opened are sigmoid, tanh, "
                                         "softplus"):
        zoom(Value(2.0, "x") * 3)
    with pytest.raises(TypeError, match="no operation computed"):
        zoom(Value(2.0, "x"))


@pytest.mark.parametrize("x", [math.nan, math.inf, 0.0, -1.0])
@pytest.mark.parametrize("f", [lambda t: t.log(), lambda t: t / t, lambda t: t * t, softmax,
                               lambda t: F.cross_entropy(t, [1])])
def test_nan_and_inf_are_shown_without_a_word(f: Any, x: float) -> None:
    with np.errstate(all="ignore"):
        y = f(Tensor([[1.0, x, 2.0]], "t"))
    opened = zoom(y)  # warnings are errors
    assert np.array_equal([math.isfinite(node.data) for node in opened], np.isfinite(y.data).ravel())
    assert shown(opened)["image/svg+xml"].startswith("<svg")
