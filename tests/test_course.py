"""The numbers of the course, chapters on backpropagation as a circuit and on gradient descent."""

from __future__ import annotations

import math
from typing import Any

import pytest
from autograd import Value, exp, grad, gradient, maximum, scope, sigmoid, steps


def test_circuit() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3.0, -12.0)
    assert (x.grad, y.grad, z.grad, q.grad, f.grad) == (-4.0, -4.0, 3.0, -4.0, 1.0)


def test_downstream_is_upstream_times_local_and_the_next_gates_upstream() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    backward = [step for step in steps((x + y) * z) if step.phase == "backward"]
    edges = [edge for step in backward for edge in step.edges]
    assert [(e.target_label, e.upstream, e.local, e.formula, e.downstream) for e in edges] == [
        ("v2", 1.0, -4.0, "z", -4.0), ("z", 1.0, 3.0, "v2", 3.0),
        ("x", -4.0, 1.0, "1", -4.0), ("y", -4.0, 1.0, "1", -4.0)]
    for step in backward:
        for edge in step.edges:
            assert edge.downstream == edge.upstream * edge.local
            assert edge.upstream == step.gradient


class Neuron:
    """1 / (1 + exp(−(w0·x0 + w1·x1 + w2))), every wire of it, as on the drawing."""

    def __init__(self) -> None:
        self.w0, self.x0, self.w1, self.x1, self.w2 = (
            Value(2.0, "w0"), Value(-1.0, "x0"), Value(-3.0, "w1"), Value(-2.0, "x1"), Value(-3.0, "w2"))
        self.a = self.w0 * self.x0
        self.b = self.w1 * self.x1
        self.c = self.a + self.b
        self.dot = self.c + self.w2
        with scope("sigmoid"):
            self.negative = -self.dot
            self.power = exp(self.negative)
            self.plus = self.power + 1
            self.out = 1 / self.plus

    @property
    def inputs(self) -> list[Value]:
        return [self.w0, self.x0, self.w1, self.x1, self.w2]


def test_sigmoid_neuron_to_the_drawings_two_decimals() -> None:
    n = Neuron()
    wires = [n.a, n.b, n.c, n.dot, n.negative, n.power, n.plus, n.out]
    assert [f"{wire.data:.2f}" for wire in wires] == ["-2.00", "6.00", "4.00", "1.00", "-1.00", "0.37", "1.37", "0.73"]
    n.out.backward()
    assert [f"{wire.grad:.2f}" for wire in wires] == ["0.20", "0.20", "0.20", "0.20", "-0.20", "-0.53", "-0.53", "1.00"]
    assert [f"{wire.grad:.2f}" for wire in n.inputs] == ["-0.20", "0.39", "-0.39", "-0.59", "0.20"]


def test_sigmoid_neuron_exactly() -> None:
    n = Neuron()
    n.out.backward()
    s = 1 / (1 + math.exp(-1))
    slope = math.exp(-1) / (1 + math.exp(-1)) ** 2
    assert n.out.data == pytest.approx(s, rel=1e-15)
    assert [x.grad for x in n.inputs] == pytest.approx([-slope, 2 * slope, -2 * slope, -3 * slope, slope], rel=1e-14)
    assert n.plus.grad == pytest.approx(-(s**2), rel=1e-15)


def test_four_gates_collapse_to_one_sigmoid_gate_with_the_same_gradient() -> None:
    n, dot = Neuron(), Value(1.0)
    n.out.backward()
    one = sigmoid(dot)
    one.backward()
    assert one.data == pytest.approx(n.out.data, rel=1e-15)
    assert dot.grad == pytest.approx(n.dot.grad, rel=1e-14)
    assert f"{dot.grad:.2f}" == "0.20"
    assert dot.grad == pytest.approx((1 - one.data) * one.data, rel=1e-15)  # the gate's own formula
    gates = [n.negative, n.power, n.plus, n.out]
    assert [node.scope and node.scope.path for node in [n.dot, *gates]] == [None] + ["sigmoid"] * 4


def test_patterns_of_gradient_flow() -> None:
    x, y = Value(3.0), Value(-4.0)
    assert gradient(x + y, [x, y], seed=2.0) == [2.0, 2.0]  # add distributes
    assert gradient(x * y, [x, y], seed=2.0) == [-8.0, 6.0]  # multiply swaps
    assert gradient(maximum(x, y), [x, y], seed=2.0) == [2.0, 0.0]  # max routes
    copied = x * 1
    assert gradient(copied * 5 + copied * 7, copied) == 12.0  # a copy adds up


def test_gradient_of_a_sum_of_squares() -> None:
    def f(x: list[Any]) -> Any:
        return x[0] ** 2 + x[1] ** 2
    assert grad(f)([3.0, 4.0]) == [6.0, 8.0]
    assert [-g for g in grad(f)([1.0, -1.0])] == [-2.0, 2.0]
    assert grad(f)([0.0, 0.0]) == [0.0, 0.0]  # the minimum


def test_difference_quotient_approaches_the_derivative() -> None:
    def f(x: Any) -> Any:
        return x**2

    quotients = [(f(3.0 + h) - f(3.0)) / h for h in (1.0, 0.1, 0.01, 0.001)]
    assert quotients == pytest.approx([7.0, 6.1, 6.01, 6.001], rel=1e-9)  # 2x + h
    assert grad(f)(3.0) == 6.0
    tangent = [f(3.0) + grad(f)(3.0) * (x - 3.0) for x in (2.0, 3.0, 4.0)]
    assert tangent == [3.0, 9.0, 15.0]


def descend(rate: float, point: list[float], limit: int = 1000) -> tuple[list[float], int, list[float]]:
    """The four steps: a start, the gradient, a step against it, again until the gradient is (almost) 0."""
    x = [Value(start) for start in point]
    losses = []
    for taken in range(limit):
        loss = x[0] ** 2 + x[1] ** 2
        losses.append(loss.data)
        slope = gradient(loss, x)
        if math.hypot(*slope) < 1e-8:
            return [v.data for v in x], taken, losses
        for v, g in zip(x, slope):
            v.data -= rate * g
        if losses[-1] > 1e6:
            break
    return [v.data for v in x], limit, losses


def test_gradient_descent_stops_at_the_minimum() -> None:
    point, taken, losses = descend(0.1, [3.0, 4.0])
    assert point == pytest.approx([0.0, 0.0], abs=1e-8)
    # every step multiplies x by 1 − 2·0.1: the first with 2·5·0.8ⁿ < 1e-8
    assert taken == math.ceil(math.log(1e-9) / math.log(0.8))
    assert losses[:3] == pytest.approx([25.0, 16.0, 10.24], rel=1e-14)
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("rate, arrives, overshoots, diverges", [
    (0.001, False, False, False), (0.1, True, False, False), (0.9, True, True, False), (1.1, False, True, True),
])
def test_learning_rates(rate: float, arrives: bool, overshoots: bool, diverges: bool) -> None:
    _, taken, losses = descend(rate, [3.0, 4.0], limit=200)
    assert (taken < 200, losses[-1] > losses[0]) == (arrives, diverges)
    after, _, _ = descend(rate, [3.0, 4.0], limit=1)
    assert after == pytest.approx([3.0 * (1 - 2 * rate), 4.0 * (1 - 2 * rate)], rel=1e-14)
    assert (after[0] < 0) is overshoots  # a step lands on the other side of the minimum


def test_updating_the_weights_lowers_the_loss() -> None:
    n = Neuron()
    loss = -n.out.log()
    loss.backward()
    w = [x.data - 0.1 * x.grad for x in (n.w0, n.w1, n.w2)]
    assert -math.log(1 / (1 + math.exp(-(w[0] * -1.0 + w[1] * -2.0 + w[2])))) < loss.data
