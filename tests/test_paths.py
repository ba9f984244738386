"""Why a gradient is what it is: paths, products of local gradients, and the edge that decides."""

import pytest

from autograd import Tensor, Value, clip, exp, explain, gradient, relu, sigmoid, step, tanh


def test_the_products_of_all_paths_sum_to_the_gradient():
    x = Value(0.7, "x")
    y = tanh(x) * x + sigmoid(x * x)
    told = explain(y, x, most=99)
    assert told.ways == len(told.paths) == 4
    assert sum(path.product for path in told.paths) == pytest.approx(gradient(y, x), rel=1e-14)
    assert told.gradient == pytest.approx(gradient(y, x), rel=1e-14)


def test_paths_come_strongest_first_with_their_edges():
    x = Value(2.0, "x")
    y = 3 * x + 100 * x
    first, second = explain(y, x).paths
    assert (first.product, second.product) == (100.0, 3.0)
    assert [(link.operation, link.local) for link in first.links] == [("add", 1.0), ("mul", 100.0)]


@pytest.mark.parametrize(("f", "at", "operation", "words"), [
    (lambda x: relu(3 * x), -2.0, "relu", "closed"),
    (lambda x: sigmoid(x), 40.0, "sigmoid", "saturated"),
    (lambda x: tanh(x) * 5, -30.0, "tanh", "saturated"),
    (lambda x: clip(x, -1.0, 1.0) + 1, 3.0, "clip_max", "other branch"),
    (lambda x: x * 0.0, 3.0, "mul", "other factor is 0"),
    (lambda x: step(x), 3.0, "step", "no derivative"),
    (lambda x: exp(x), 20.0, "exp", "steep"),
])
def test_the_edge_that_decides_is_named_in_words(f, at, operation, words):
    x = Value(at, "x")
    told = explain(f(x), x)
    assert told.paths[0].decisive.operation == operation
    assert words in told.paths[0].decisive.remark
    assert operation in told.summary
    assert words in str(told)


def test_paths_that_cancel_are_said_to():
    x = Value(3.0, "x")
    assert "cancel" in explain(x * 2 - x * 2, x).summary


def test_no_path_is_told_with_what_cut_it():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    assert "was not used" in explain(w * 2, x).summary
    assert "detached" in explain(x.detach() * w, x).summary
    assert explain(w * 2, x).ways == 0


def test_2_to_the_60_paths_are_counted_exactly():
    x = y = Value(1.0, "x")
    for _ in range(60):
        y = y * 0.5 + y * 0.5
    told = explain(y, x)
    assert told.ways == 2**60
    assert told.gradient == 1.0
    assert told.paths[0].product == 0.5**60


def test_a_chain_of_100_000_is_explained_and_printed_short():
    x = y = Value(1.0, "x")
    for _ in range(50_000):
        y = y * 1.0 + 0.0
    told = explain(y, x, most=1)
    assert len(told.paths[0].links) == 100_000
    assert len(str(told)) < 1000


def test_tensors_are_explained_by_gain_and_share_of_zeros():
    t = Tensor([[1.0, -2.0], [-3.0, -4.0]], "t")
    told = explain(relu(t).sum(), t)
    assert [link.operation for link in told.paths[0].links] == ["sum", "relu"]
    assert "75%" in told.summary


def test_nothing_is_changed():
    x = Value(2.0)
    y = x * x
    explain(y, x)
    assert x.grad is None
    assert y.grad is None


def test_what_is_no_node_is_refused():
    with pytest.raises(TypeError, match="give the result and an input as nodes"):
        explain(3.0, Value(1.0))
