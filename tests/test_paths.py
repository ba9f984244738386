"""The explanation of a gradient: paths, products of local gradients, and the decisive edge."""

import math
import random

import numpy as np
import pytest

import nn
from autograd import (
    Tensor,
    Value,
    broadcast_to,
    clip,
    cos,
    exp,
    explain,
    gradient,
    maximum,
    no_grad,
    relu,
    sigmoid,
    softmax,
    sqrt,
    stack,
    step,
    tanh,
)


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
    (lambda x: maximum(x, 5.0), 3.0, "maximum", "the other branch: 5, not 3"),
    (lambda x: cos(x), 0.0, "cos", "flat there: the local gradient is 0 at 0"),
    (lambda x: x / 1e6, 2.0, "div", "divisor is 1e+06"),
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
    for wrong in ((3.0, Value(1.0)), (Value(1.0), [Value(1.0)])):
        with pytest.raises(TypeError, match=r"explain\(.*give Values or Tensors"):
            explain(*wrong)
    with pytest.raises(ValueError, match="most=0.*must be 1 or more"):
        explain(Value(1.0) * 2, Value(1.0), most=0)


def test_products_of_random_programs_sum_to_the_gradient():
    choose = random.Random(1)
    for _ in range(100):
        leaves = [Value(choose.uniform(0.5, 1.5), f"x{i}") for i in range(3)]
        nodes = list(leaves)
        for _ in range(8):
            a, b = choose.choice(nodes), choose.choice(nodes)
            nodes.append(choose.choice([lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a / (b * b + 1.0),
                                        lambda a, b: tanh(a), lambda a, b: exp(-a * a), lambda a, b: cos(a)])(a, b))
        for x in leaves:
            told = explain(nodes[-1], x, most=10**6)
            assert len(told.paths) == told.ways
            assert math.fsum(path.product for path in told.paths) == pytest.approx(gradient(nodes[-1], x), rel=1e-12, abs=1e-12)
            for path in told.paths:
                assert path.product == pytest.approx(math.prod(link.local for link in path.links), rel=1e-12)


@pytest.mark.parametrize("f", [
    lambda x: (x * np.array([1.0, 2.0])).sum(), lambda x: broadcast_to(x, (3, 2)).sum(), lambda x: stack([x, x * 2]).sum(),
    lambda x: x.reshape(1).sum() * 2.0, lambda x: x[None].sum(), lambda x: (Tensor([3.0, 4.0]) ** 2 * x).sum(),
])
def test_a_tensor_without_axes_is_a_number(f):
    x = Tensor(2.0, "x")
    told = explain(f(x), x)
    assert type(told.gradient) is float
    assert told.gradient == pytest.approx(gradient(f(x), x))
    assert "an array" not in told.summary
    assert relu(x * -1.0).op == "relu"
    assert "is 0: the only path is killed at relu, which is closed: x = -2 ≤ 0" in explain(relu(x * -1.0), x).summary


def test_what_shrinks_or_grows_little_by_little_is_said_to():
    x = y = z = Value(1.0, "x")
    for _ in range(400):
        y, z = y * 0.5, z * 10
    assert "shrinks little by little, over 400 edges that multiply by 0.5 on average" in explain(y, x).summary
    assert "grows little by little, over 400 edges that multiply by 10 on average" in explain(z, x).summary  # to inf
    w, h = Tensor(np.eye(2) * 0.5, "w"), Tensor([1.0, 1.0], "h")
    state = h
    for _ in range(100):
        state = tanh(state @ w)
    assert "shrinks little by little" in explain(state.sum(), h).summary


def test_many_paths_add_up_and_paths_nearly_cancel():
    x = y = Value(1.0, "x")
    for _ in range(60):
        y = y + y
    assert f"its {2**60:,} paths add up" in explain(y, x).summary
    assert "nearly cancel" in explain(x * 0.1 + x * 0.2 - x * 0.3, x).summary


def test_zero_times_infinity_and_other_gradients_that_are_no_numbers():
    x = Value(0.0, "x")
    assert "goes through sqrt, which is steep: the local gradient is inf at 0, and 0 · ∞ is nan" in explain(sqrt(x) * 0, x).summary
    t = Tensor([1.0, -1.0], "t")
    assert "goes through sqrt, the gradient is nan or inf behind it" in explain(sqrt(t).sum(), t).summary


def test_what_was_cut_beside_a_path_is_told():
    x = Value(3.0, "x")
    assert "detached or computed within no_grad(), a constant of 3, passes none" in explain(x.detach() * x, x).summary
    with no_grad():
        z = x * 2
    assert "a constant of 6" in explain(z * 3, x).summary
    t = Tensor([1.0, 2.0], "t")
    assert "no_grad(), t, passes none" in explain((t.detach() * t).sum(), t).summary
    assert "passes none" not in explain((t * np.array([1.0, 2.0])).sum(), t).summary  # data are constants, and no cut


def test_a_dead_layer_is_found_and_what_lies_behind_is_not_blamed():
    net = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
    net[0].bias.data[:] = -100.0
    told = explain(nn.functional.cross_entropy(net(np.ones((5, 3))), np.array([0, 1, 0, 1, 1])), net[0].weight)
    assert "killed at relu, 100% of the gradient's entries are zero behind it: it is closed there" in told.summary
    assert [bool(link.remark) for link in told.paths[0].links].count(True) == 1


def test_lengths_of_tiny_and_huge_gradients_do_not_leave_the_range():
    for kind, tiny in ((np.float32, 1e-30), (np.float64, 1e-200), (np.float64, 1e200)):
        t = Tensor(np.array([1.0, 2.0], kind), "t")
        told = explain((t * tiny).sum(), t)
        assert told.paths[0].product == pytest.approx(tiny * math.sqrt(2), rel=1e-6)
        assert "zero" not in told.summary


def test_the_result_itself_and_gradients_without_entries():
    x, none = Value(2.0, "x"), Tensor(np.zeros((0, 3)), "none")
    assert "it is the result itself" in explain(x, x).summary
    assert str(explain(x, x)).endswith("x:  1 = 1")
    assert "it has no entries" in explain(none.sum(), none).summary
    t = Tensor([1.0, 2.0], "t")
    assert "100% of the gradient's entries are zero" in explain(softmax(t).sum(), t).summary
