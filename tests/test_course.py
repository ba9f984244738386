"""The numbers of the course, one test for each statement, in the order of its seven chapters.

Statements that hold for all inputs are tested with their modules.
"""

from __future__ import annotations

import math
import random
import warnings
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import nn
import viz
from autograd import (
    NoDerivativeWarning, Tensor, Value, check_gradients, elu, exp, grad, gradient, identity, leaky_relu, maximum, relu, scope,
    sigmoid, softmax, softplus, step, steps, tanh,
)
from nn import functional as F
from nn import optim, schedule
from nn.babysitter import Babysitter, check_initial_loss, check_overfit
from nn.perceptron import Adaline, Madaline, Perceptron, gate, truth_table

CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]
TABLES = {"AND": [0, 0, 0, 1], "NAND": [1, 1, 1, 0], "OR": [0, 1, 1, 1], "NOR": [1, 0, 0, 0], "XOR": [0, 1, 1, 0]}


# ── 1. backpropagation as a circuit ──────────────────────────────────────────────────────────────────────────────

def test_the_circuit_of_x_plus_y_times_z() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3.0, -12.0)
    assert (x.grad, y.grad, z.grad, q.grad, f.grad) == (-4.0, -4.0, 3.0, -4.0, 1.0)


def test_downstream_is_upstream_times_local_and_the_next_gates_upstream() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    backward = [one for one in steps((x + y) * z) if one.phase == "backward"]
    edges = [edge for one in backward for edge in one.edges]
    assert [(e.target_label, e.upstream, e.local, e.formula, e.downstream) for e in edges] == [
        ("v2", 1.0, -4.0, "z", -4.0), ("z", 1.0, 3.0, "v2", 3.0),
        ("x", -4.0, 1.0, "1", -4.0), ("y", -4.0, 1.0, "1", -4.0)]
    for one in backward:
        for edge in one.edges:
            assert edge.downstream == edge.upstream * edge.local
            assert edge.upstream == one.gradient


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


def test_the_sigmoid_neuron_to_the_drawings_two_decimals() -> None:
    n = Neuron()
    wires = [n.a, n.b, n.c, n.dot, n.negative, n.power, n.plus, n.out]
    assert [f"{wire.data:.2f}" for wire in wires] == ["-2.00", "6.00", "4.00", "1.00", "-1.00", "0.37", "1.37", "0.73"]
    n.out.backward()
    assert [f"{wire.grad:.2f}" for wire in wires] == ["0.20", "0.20", "0.20", "0.20", "-0.20", "-0.53", "-0.53", "1.00"]
    assert [f"{wire.grad:.2f}" for wire in n.inputs] == ["-0.20", "0.39", "-0.39", "-0.59", "0.20"]


def test_the_sigmoid_neuron_exactly() -> None:
    n = Neuron()
    n.out.backward()
    s = 1 / (1 + math.exp(-1))
    slope = math.exp(-1) / (1 + math.exp(-1)) ** 2
    assert n.out.data == pytest.approx(s, rel=1e-15)
    assert [x.grad for x in n.inputs] == pytest.approx([-slope, 2 * slope, -2 * slope, -3 * slope, slope], rel=1e-14)
    assert n.plus.grad == pytest.approx(-(s**2), rel=1e-15)


def test_four_gates_collapse_to_one_sigmoid_gate_with_the_same_gradient_and_expand_again() -> None:
    n, dot = Neuron(), Value(1.0)
    n.out.backward()
    one = sigmoid(dot)
    one.backward()
    assert one.data == pytest.approx(n.out.data, rel=1e-15)
    assert dot.grad == pytest.approx(n.dot.grad, rel=1e-14)
    assert f"{dot.grad:.2f}" == "0.20"
    assert dot.grad == pytest.approx((1 - one.data) * one.data, rel=1e-15)  # the gate's own formula
    signs = [{node.sign for node in viz.graph(n.out, collapse).nodes if node.sign} for collapse in (True, False)]
    assert signs[0] == {"×", "+", "sigmoid"} and {"exp", "×(−1)", "+1", "1/x"} < signs[1]


def test_patterns_of_gradient_flow() -> None:
    x, y = Value(3.0), Value(-4.0)
    assert gradient(x + y, [x, y], seed=2.0) == [2.0, 2.0]  # add distributes
    assert gradient(x * y, [x, y], seed=2.0) == [-8.0, 6.0]  # multiply swaps
    assert gradient(maximum(x, y), [x, y], seed=2.0) == [2.0, 0.0]  # max routes
    copied = x * 1
    assert gradient(copied * 5 + copied * 7, copied) == 12.0  # a copy adds up


def test_updating_the_weights_lowers_the_loss() -> None:
    n = Neuron()
    loss = -n.out.log()
    loss.backward()
    w = [x.data - 0.1 * x.grad for x in (n.w0, n.w1, n.w2)]
    assert -math.log(1 / (1 + math.exp(-(w[0] * -1.0 + w[1] * -2.0 + w[2])))) < loss.data


# ── 2. perceptrons ───────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("name, w1, w2, b", [
    ("AND", 0.5, 0.5, -0.7), ("AND", 1, 1, -1.1), ("NAND", -0.5, -0.5, 0.7), ("NAND", -1, -1, 1.1), ("OR", 0.5, 0.5, -0.3),
    ("OR", 1, 1, -0.9), ("NOR", -0.5, -0.5, 0.3), ("NOR", -1, -1, 0.5),
])
def test_gates_with_given_weights_and_the_line_that_each_draws(name: str, w1: float, w2: float, b: float) -> None:
    assert list(truth_table(Perceptron(2, (w1, w2), b)).values()) == TABLES[name]
    axes = viz.plots.decision_boundary(lambda points: points @ [w1, w2] + b, CORNERS, TABLES[name])
    [line] = [path.vertices for drawn in axes.collections if not len(drawn.get_facecolor()) for path in drawn.get_paths()]
    assert len(line) > 1 and abs(line @ [w1, w2] + b).max() < 1e-9


def test_not() -> None:
    assert truth_table(gate("NOT")) == {(0,): 1, (1,): 0}


def test_the_neuron_says_one_above_zero_and_not_at_it() -> None:
    assert [Perceptron(1, [1.0], 0.0)([x]).data for x in (-0.1, 0.0, 0.1)] == [0.0, 0.0, 1.0]


def test_one_layer_cannot_do_xor_and_the_rule_says_that_it_cycles() -> None:
    learned = Perceptron(2).fit(CORNERS, TABLES["XOR"])
    assert not learned.success and learned.cycle == 1
    assert "the rule cycles for ever; no line separates the two classes" in str(learned)
    lines = [(w1, w2, b) for w1 in range(-8, 9) for w2 in range(-8, 9) for b in range(-8, 9)]
    assert max(sum((b + w1 * x + w2 * y > 0) == t for (x, y), t in zip(CORNERS, TABLES["XOR"])) for w1, w2, b in lines) == 3


def test_nand_and_or_into_and_is_xor() -> None:
    def xor(x: Any) -> float:
        return gate("AND")([gate("NAND")(x), gate("OR")(x)]).data
    assert [xor(corner) for corner in CORNERS] == TABLES["XOR"] == list(truth_table(gate("XOR")).values())


def test_a_trained_network_of_two_layers_learns_xor() -> None:
    model = nn.MLP(2, [3, 1], "tanh", rng=random.Random(3))
    optimizer = optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    for _ in range(150):
        loss = nn.mse_loss([model(x)[0] for x in CORNERS], [2.0 * t - 1 for t in TABLES["XOR"]])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert [int(model(x)[0].data > 0) for x in CORNERS] == TABLES["XOR"]


def test_rosenblatts_rule_moves_the_weights_by_the_mistake_times_the_input() -> None:
    perceptron = Perceptron(2, (0.5, -0.5), 0.25)
    assert perceptron.learn((2.0, 1.0), 0, lr=0.1) == -1.0
    assert [p.data for p in perceptron.parameters()] == pytest.approx([0.5 - 0.2, -0.5 - 0.1, 0.25 - 0.1])


def test_adaline_learns_and_by_the_delta_rule_and_madaline_xor() -> None:
    adaline = Adaline(2, (0.5, -0.5), 0.25)
    assert adaline.learn((2.0, 1.0), 1.0, lr=0.1) == 1.0 - 0.75  # of the sum, before the step
    assert [p.data for p in adaline.parameters()] == pytest.approx([0.5 + 0.05, -0.5 + 0.025, 0.25 + 0.025])
    adaline.fit(CORNERS, [-1, -1, -1, 1])
    assert [adaline.classify(x) for x in CORNERS] == [-1, -1, -1, 1]
    corners = [(2 * x - 1, 2 * y - 1) for x, y in CORNERS]
    madaline = Madaline(2, 2, "or", random.Random(0))
    assert madaline.fit(corners, [-1, 1, 1, -1]).success
    assert [madaline(x).data for x in corners] == [-1, 1, 1, -1]


def test_a_step_gives_backpropagation_nothing_and_warns() -> None:
    w = Value(0.5)
    with pytest.warns(NoDerivativeWarning, match="a gradient stops at step"):
        assert gradient((step(w * 1.0 - 0.3) - 0.0) ** 2, w) == 0.0


# ── 3. layers and the forward pass ───────────────────────────────────────────────────────────────────────────────

def test_layers_without_activation_collapse_into_one() -> None:
    rng = np.random.default_rng(0)
    x, w1, w2 = rng.normal(size=4), rng.normal(size=(5, 4)), rng.normal(size=(3, 5))
    first, second = nn.Linear(4, 5, bias=False, dtype=float), nn.Linear(5, 3, bias=False, dtype=float)
    first.weight.data, second.weight.data = w1, w2
    assert nn.Sequential(first, second)(x).data == pytest.approx((w2 @ w1) @ x)
    assert nn.Sequential(first, nn.ReLU(), second)(x).data != pytest.approx((w2 @ w1) @ x)


def worked_example() -> Any:
    model = nn.Sequential(nn.Linear(2, 3, dtype=float), nn.Sigmoid(), nn.Linear(3, 2, dtype=float), nn.Sigmoid(),
                          nn.Linear(2, 2, dtype=float))
    numbers = [([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], [0.1, 0.2, 0.3]), ([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], [0.1, 0.2]),
               ([[0.1, 0.3], [0.2, 0.4]], [0.1, 0.2])]
    for layer, (weight, bias) in zip((model[0], model[2], model[4]), numbers):
        layer.weight.data, layer.bias.data = np.array(weight).T, np.array(bias)
    return model


def test_the_worked_example_of_2_3_2_2_with_identity_output() -> None:
    model, x = worked_example(), np.array([[1.0, 0.5]])
    passed = [x := module(x) for module in model]
    assert passed[0].data[0] == pytest.approx([0.3, 0.7, 1.1])
    assert passed[1].data[0] == pytest.approx([0.57444252, 0.66818777, 0.75026011], abs=5e-9)
    assert passed[2].data[0] == pytest.approx([0.51615984, 1.21402696], abs=5e-9)
    assert passed[3].data[0] == pytest.approx([0.62624937, 0.7710107], abs=5e-9)
    assert passed[4].data[0] == pytest.approx([0.31682708, 0.69627909], abs=5e-9)


def test_its_nodes_weights_and_biases_are_counted() -> None:
    model = worked_example()
    sizes = {name: parameter.size for name, parameter in model.named_parameters()}
    weights, biases = (sum(n for name, n in sizes.items() if name.endswith(kind)) for kind in ("weight", "bias"))
    assert (weights, biases, model.summary((1, 2)).parameters) == (6 + 6 + 4, 3 + 2 + 2, 23)  # a bias for each node


def test_a_partially_connected_layer_learns_only_the_weights_that_it_has() -> None:
    mask = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    w = Tensor(np.ones((2, 3)))
    assert gradient((np.array([1.0, 0.5]) @ (w * mask)).sum(), w).tolist() == [[1.0, 0.0, 1.0], [0.0, 0.5, 0.5]]


@pytest.mark.parametrize("w, b", [(0.5, 0.0), (3.0, 0.0), (3.0, 6.0), (1.0, -3.0)])
def test_the_bias_shifts_and_the_weight_steepens(w: float, b: float) -> None:
    x = Value(-b / w)
    assert sigmoid(w * x + b).data == 0.5 and gradient(sigmoid(w * x + b), x) == w / 4


@pytest.mark.parametrize("n, f, stride, padding, size", [
    (7, 3, 1, 0, 5), (7, 3, 2, 0, 3), (7, 3, 1, 1, 7), (32, 5, 1, 0, 28), (32, 5, 1, 2, 32), (227, 11, 4, 0, 55),
])
def test_the_size_of_an_activation_map(n: int, f: int, stride: int, padding: int, size: int) -> None:
    maps = F.conv2d(np.zeros((1, 1, n, n)), np.zeros((1, 1, f, f)), stride=stride, padding=padding)
    assert maps.shape == (1, 1, size, size) and F.output_size(n, f, stride, padding) == size == (n - f + 2 * padding) / stride + 1


def test_a_size_that_is_no_whole_number_is_said_with_the_formula() -> None:
    size = F.output_size(7, 3, stride=3)
    assert "(N − F + 2P)/S + 1 = (7 − 3 + 2·0)/3 + 1 = 2.333 is not whole" in size.note and size.unseen == (6,)
    assert nn.Conv2d(1, 1, 3, stride=3)(np.zeros((1, 1, 7, 7), np.float32)).shape == (1, 1, size, size)


def test_ten_filters_of_5_5_3_on_an_image_of_32_32_3() -> None:
    layer = nn.Conv2d(3, 10, 5, padding=2, rng=0)
    assert layer(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 10, 32, 32)
    assert sum(p.size for p in layer.parameters()) == 10 * (5 * 5 * 3 + 1) == 760


@pytest.mark.parametrize("depth, seen", [(1, 3), (2, 5), (3, 7)])
def test_the_receptive_field_grows_by_two_with_each_layer_of_3_3(depth: int, seen: int) -> None:
    picture = Tensor(np.zeros((1, 1, 9, 9)))
    out: Any = picture
    for _ in range(depth):
        out = F.conv2d(out, np.ones((1, 1, 3, 3)), padding=1)
    touched = gradient(out[0, 0, 4, 4], picture)[0, 0] != 0
    low, high = 4 - seen // 2, 5 + seen // 2
    assert touched[low:high, low:high].all() and touched.sum() == seen**2  # local: nothing outside it


def test_every_window_uses_the_same_weights() -> None:
    image, w = np.arange(16.0).reshape(1, 1, 4, 4), Tensor(np.array([[[[1.0, 0.0], [-1.0, 2.0]]]]))
    maps = F.conv2d(image, w)
    assert maps.data[0, 0, 1, 2] == 6 * 1 + 7 * 0 + 10 * -1 + 11 * 2
    assert gradient(maps.sum(), w)[0, 0].tolist() == [[45.0, 54.0], [81.0, 90.0]]  # a sum over all nine windows


def test_max_and_average_pooling() -> None:
    x = Tensor(np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4.0]]).reshape(1, 1, 4, 4))
    assert F.max_pool2d(x, 2).data.tolist() == [[[[6, 8], [3, 4]]]]
    assert F.avg_pool2d(x, 2).data.tolist() == [[[[3.25, 5.25], [2.0, 2.0]]]]
    assert gradient(F.max_pool2d(x, 2).sum(), x)[0, 0].tolist() == [[0, 0, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1]]
    assert (gradient(F.avg_pool2d(x, 2).sum(), x) == 0.25).all()


def test_a_conv_relu_pool_fc_network_learns_digits() -> None:
    inputs, labels = nn.data.load("digits").arrays(1, 8, 8)
    x, held, y, y_held = nn.data.train_test_split(inputs / 16, labels, rng=0)
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 10, rng=1))
    nn.train.fit(net, (x, y), F.cross_entropy, optim.Adam(net.parameters(), lr=5e-3), epochs=8, batch_size=64, seed=0,
                 progress=False)
    assert nn.train.accuracy(nn.train.predict(net, held), y_held) > 0.9


def test_a_recurrent_network_is_its_unrolled_self_and_each_weight_adds_up_over_time() -> None:
    layer = nn.RNN(1, 1, bias=False, dtype=float, rng=0)
    layer.weight_ih_l0.data, layer.weight_hh_l0.data = np.array([[0.5]]), np.array([[0.8]])
    out, _ = layer(np.array([[1.0], [-0.5], [2.0]]))
    wx, wh, h = Value(0.5), Value(0.8), Value(0.0)
    for x in (1.0, -0.5, 2.0):
        h = tanh(wx * x + wh * h)
    assert out.data[-1, 0] == pytest.approx(h.data, rel=1e-14)
    through_time = gradient(out[-1, 0], [layer.weight_ih_l0, layer.weight_hh_l0])
    assert [g.item() for g in through_time] == pytest.approx(gradient(h, [wx, wh]), rel=1e-13)


@pytest.mark.parametrize("wh", [0.5, 1.0, 1.5])
def test_through_time_the_gradient_is_multiplied_by_the_weight_at_every_step(wh: float) -> None:
    start = h = Value(1.0)
    for _ in range(30):
        h = h * wh
    assert gradient(h, start) == pytest.approx(wh**30, rel=1e-13)  # 1e-9, 1, 2e5


def test_open_gates_carry_the_gradient_where_a_plain_recurrent_network_loses_it() -> None:
    sequence = np.random.default_rng(2).normal(size=(30, 1, 1))
    shares = {}
    for kind in (nn.RNN, nn.LSTM, nn.GRU):
        layer = kind(1, 8, dtype=float, rng=0)
        if kind is not nn.RNN:
            layer.bias_ih_l0.data[8:16] = 6.0  # LSTM's forget gate, GRU's update gate
        x = Tensor(sequence)
        sizes = abs(gradient(layer(x)[0][-1].sum(), x)[:, 0, 0])
        shares[kind] = sizes[0] / sizes[-1]
    assert shares[nn.RNN] < 1e-4 and shares[nn.LSTM] > 0.1 and shares[nn.GRU] > 0.1


def test_one_step_of_an_lstm_and_of_a_gru_by_their_formulas() -> None:
    def s(x: float) -> float:
        return 1 / (1 + math.exp(-x))
    lstm, gru = nn.LSTM(1, 1, dtype=float), nn.GRU(1, 1, dtype=float)
    for layer in (lstm, gru):
        for parameter in layer.parameters():
            parameter.data = np.zeros(parameter.shape)
    lstm.weight_ih_l0.data = np.array([[1.0], [2.0], [3.0], [4.0]])  # input, forget, cell, output
    _, (h, c) = lstm(np.array([[0.5]]), (np.array([[0.1]]), np.array([[0.2]])))
    cell = s(1.0) * 0.2 + s(0.5) * math.tanh(1.5)
    assert (c.item(), h.item()) == pytest.approx((cell, s(2.0) * math.tanh(cell)), rel=1e-14)
    gru.weight_ih_l0.data = np.array([[1.0], [2.0], [3.0]])  # reset, update, new
    _, h = gru(np.array([[0.5]]), np.array([[0.1]]))
    assert h.item() == pytest.approx((1 - s(1.0)) * math.tanh(1.5) + s(1.0) * 0.1, rel=1e-14)


def test_an_auto_encoder_keeps_more_than_the_mean_picture_does() -> None:
    pictures = nn.data.load("digits").arrays()[0][:600] / 16
    coder = nn.Sequential(nn.Linear(64, 12, rng=0), nn.Tanh(), nn.Linear(12, 64, rng=1))
    told = nn.train.fit(coder, (pictures, pictures), F.mse_loss, optim.Adam(coder.parameters(), lr=0.01), epochs=25, seed=0,
                        progress=False)
    assert told["loss"][-1] < 0.5 * pictures.var(0).mean()


# ── 4. activations ───────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("f, formula, derivative, low, high, flat_left, flat_right, centred", [
    (identity, lambda x: x, lambda x: 1.0, -math.inf, math.inf, False, False, True),
    (sigmoid, lambda x: 1 / (1 + math.exp(-x)), lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2, 0, 1, True, True, False),
    (tanh, math.tanh, lambda x: 1 / math.cosh(x) ** 2, -1, 1, True, True, True),
    (relu, lambda x: max(0.0, x), lambda x: float(x > 0), 0, math.inf, True, False, False),
    (leaky_relu, lambda x: max(0.01 * x, x), lambda x: 1.0 if x > 0 else 0.01, -math.inf, math.inf, False, False, False),
    (elu, lambda x: x if x > 0 else math.exp(x) - 1, lambda x: 1.0 if x > 0 else math.exp(x), -1, math.inf, True, False, False),
    (softplus, lambda x: math.log(1 + math.exp(x)), lambda x: 1 / (1 + math.exp(-x)), 0, math.inf, True, False, False),
], ids=lambda f: getattr(f, "name", ""))
def test_activations_derivatives_ranges_and_where_they_saturate(f: Any, formula: Any, derivative: Any, low: float, high: float,
                                                               flat_left: bool, flat_right: bool, centred: bool) -> None:
    def slope(at: float) -> float:
        x = Value(at)
        return gradient(f(x), x)
    for x in (-5.0, -1.0, -0.1, 0.1, 1.0, 5.0):
        assert f(x) == pytest.approx(formula(x), rel=1e-12) and slope(x) == pytest.approx(derivative(x), rel=1e-12)
    for end, bound in ((-700.0, low), (700.0, high)):
        assert abs(f(end)) >= 7.0 if math.isinf(bound) else f(end) == pytest.approx(bound, abs=1e-12)
    assert (slope(-50.0) < 1e-12, slope(50.0) < 1e-12) == (flat_left, flat_right)
    assert (f(-2.0) == -f(2.0)) is centred


def test_only_the_relu_dies() -> None:
    def slopes(f: Any) -> list[float]:
        return [gradient(f(x := Value(at)), x) for at in (-30.0, -1.0, -0.01)]
    assert slopes(relu) == [0.0, 0.0, 0.0]
    assert all(min(slopes(f)) > 0 for f in (sigmoid, tanh, leaky_relu, elu, softplus, identity))


def test_the_two_leaky_slopes_and_the_kinks() -> None:
    assert (leaky_relu(-10.0), leaky_relu(-10.0, 0.1)) == (-0.1, -1.0)
    assert gradient(relu(x := Value(0.0)), x) == 0.0
    assert (step(-0.1), step(0.0), step(0.1)) == (0.0, 0.0, 1.0)


def test_prelu_learns_its_slope() -> None:
    layer = nn.PReLU()
    layer(Tensor(np.array([-2.0, 3.0], np.float32))).sum().backward()
    assert layer.weight.data.tolist() == [0.25] and layer.weight.grad.tolist() == [-2.0]


def test_maxout_is_the_largest_of_its_pieces() -> None:
    layer = nn.Maxout(1, 1, pieces=3, dtype=float)
    layer.linear.weight.data, layer.linear.bias.data = np.array([[-0.5], [0.2], [1.5]]), np.array([-1.0, 0.0, -2.0])
    assert layer(np.array([[-4.0], [0.0], [4.0]])).data.ravel().tolist() == [1.0, 0.0, 4.0]


def test_softmax_is_positive_sums_to_1_and_forgets_a_constant() -> None:
    p = softmax(Tensor([2.0, 1.0, 0.1])).data
    assert p.round(3).tolist() == [0.659, 0.242, 0.099] and p.sum() == pytest.approx(1.0, rel=1e-15) and (p > 0).all()
    assert softmax(Tensor([1002.0, 1001.0, 1000.1])).data == pytest.approx(p)


def test_saturation_kills_a_gradient() -> None:
    assert gradient(sigmoid(x := Value(10.0)), x) == pytest.approx(4.54e-5, rel=1e-3)
    deep = x = Value(0.0)
    for n in range(1, 11):
        deep = sigmoid(deep)
        assert gradient(deep, x) <= 0.25**n  # a quarter at most of what came


def test_positive_inputs_make_all_weights_go_up_together_or_down_together() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        w = Tensor(rng.normal(size=5))
        slopes = gradient(((w * rng.uniform(0, 1, 5)).sum() - rng.normal()) ** 2, w)
        assert (slopes > 0).all() or (slopes < 0).all()
    centred = gradient((w * np.array([1.0, -1.0, 1.0, -1.0, 1.0])).sum() ** 2, w)
    assert (centred > 0).any() and (centred < 0).any()


def test_too_large_a_rate_kills_relus_of_a_running_network_and_the_babysitter_counts_them() -> None:
    inputs, labels = nn.data.load("iris").arrays()
    inputs = (inputs - inputs.mean(0)) / inputs.std(0)

    def problems(activation: Any, lr: float) -> list[str]:
        model, sitter = nn.Sequential(nn.Linear(4, 32, rng=0), activation, nn.Linear(32, 3, rng=1)), Babysitter(every=1)
        nn.train.fit(model, (inputs, labels), F.cross_entropy, optim.SGD(model.parameters(), lr=lr), epochs=20, batch_size=150,
                     seed=0, callbacks=[sitter], progress=False)
        return sitter.report().problems
    assert "dead relus" in problems(nn.ReLU(), 5.0)
    assert "dead relus" not in problems(nn.ReLU(), 0.1) + problems(nn.LeakyReLU(), 5.0)


# ── 5. losses and regularisation ─────────────────────────────────────────────────────────────────────────────────

def test_squared_and_absolute_errors() -> None:
    said, truth = [3.0, 4.0, 5.0], [2.7, 4.2, 5.5]
    assert nn.sse_loss([0.7], [0.5]) == pytest.approx(0.04) and nn.sse_loss(said, truth) == pytest.approx(0.38)
    assert nn.mse_loss(said, truth) == pytest.approx(0.38 / 3)
    assert nn.rmse_loss(said, truth) == pytest.approx(math.sqrt(0.38 / 3))
    assert nn.l1_loss(said, truth) == pytest.approx((0.3 + 0.2 + 0.5) / 3)


def test_cross_entropy_of_a_one_hot_row_and_of_an_index() -> None:
    scores = Tensor(np.log([[0.7, 0.3]]))
    by_index, by_row = F.cross_entropy(scores, np.array([1])), F.cross_entropy(scores, nn.data.one_hot([1], 2))
    assert by_index.item() == pytest.approx(-math.log(0.3)) and by_row.item() == pytest.approx(-math.log(0.3))
    assert gradient(by_index, scores)[0] == pytest.approx([0.7 - 0, 0.3 - 1])  # p − y


def test_binary_cross_entropy() -> None:
    assert nn.binary_cross_entropy([0.3], [1.0]) == pytest.approx(-math.log(0.3))
    assert nn.binary_cross_entropy([0.3], [0.0]) == pytest.approx(-math.log(0.7))


def test_hinge_and_softmax_loss_of_the_cat_the_car_and_the_frog() -> None:
    scores, labels = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]], [0, 1, 2]
    assert [nn.hinge_loss(s, y) for s, y in zip(scores, labels)] == pytest.approx([2.9, 0.0, 12.9])
    assert nn.hinge_loss(scores, labels) == pytest.approx(15.8 / 3)
    assert softmax(Tensor(scores[0])).data.round(2).tolist() == [0.13, 0.87, 0.0]
    assert nn.cross_entropy(scores[0], 0) == pytest.approx(2.04, abs=0.005)


def test_l2_prefers_weights_that_listen_to_all_inputs_and_l1_does_not_mind() -> None:
    w1, w2 = Tensor([1.0, 0.0, 0.0, 0.0]), Tensor([0.25] * 4)
    assert (w1.data @ np.ones(4), w2.data @ np.ones(4)) == (1.0, 1.0)
    for penalty, of_w1, of_w2 in ((nn.l2_penalty, 1.0, 0.25), (nn.l1_penalty, 1.0, 1.0), (nn.elastic_penalty, 2.0, 1.25)):
        assert (penalty([w1]).item(), penalty([w2]).item()) == (of_w1, of_w2)


def test_with_loss_0_twice_the_weights_are_as_good_until_the_penalty_chooses() -> None:
    w, x = np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[1.0, 0.5]])
    once, twice = (F.hinge_loss(Tensor(x @ (k * w).T), np.array([1])).item() for k in (1, 2))
    assert once == twice == 0.0
    with_penalty = [loss + 0.001 * nn.l2_penalty([Tensor(k * w)]).item() for k, loss in ((1, once), (2, twice))]
    assert with_penalty == pytest.approx([0.009, 0.036])


def test_the_simple_fit_misses_the_points_and_is_nearer_to_the_truth_between_them() -> None:
    rng = np.random.default_rng(0)
    at, between = np.linspace(-1, 1, 12), np.linspace(-1, 1, 201)
    noisy = np.sin(3 * at) + 0.25 * rng.normal(size=12)

    def match_operand(lam: float) -> tuple[float, float]:
        powers = at[:, None] ** np.arange(12)
        w = np.linalg.solve(powers.T @ powers + lam * np.eye(12), powers.T @ noisy)
        slope = gradient(((powers @ (x := Tensor(w)) - noisy) ** 2).sum() + lam * nn.l2_penalty([x]), x)
        assert abs(slope).max() < 1e-3  # the minimum of data loss + λ·R
        from_truth = between[:, None] ** np.arange(12) @ w - np.sin(3 * between)
        return float(((powers @ w - noisy) ** 2).mean()), float((from_truth**2).mean())
    wiggly, simple = match_operand(1e-12), match_operand(1e-2)
    assert wiggly[0] < simple[0] and wiggly[1] > simple[1]


# ── 6. derivatives and gradient descent ──────────────────────────────────────────────────────────────────────────

def test_difference_quotient_approaches_the_derivative() -> None:
    def f(x: Any) -> Any:
        return x**2

    quotients = [(f(3.0 + h) - f(3.0)) / h for h in (1.0, 0.1, 0.01, 0.001)]
    assert quotients == pytest.approx([7.0, 6.1, 6.01, 6.001], rel=1e-9)  # 2x + h
    assert grad(f)(3.0) == 6.0
    tangent = [f(3.0) + grad(f)(3.0) * (x - 3.0) for x in (2.0, 3.0, 4.0)]
    assert tangent == [3.0, 9.0, 15.0]


def test_at_a_minimum_the_derivative_is_0_and_not_only_there() -> None:
    assert grad(lambda x: (x - 2) ** 2 + 1)(2.0) == 0.0 and grad(lambda x: x**3)(0.0) == 0.0


def test_gradient_of_a_sum_of_squares() -> None:
    def f(x: list[Any]) -> Any:
        return x[0] ** 2 + x[1] ** 2
    assert grad(f)([3.0, 4.0]) == [6.0, 8.0]
    assert [-g for g in grad(f)([1.0, -1.0])] == [-2.0, 2.0]
    assert grad(f)([0.0, 0.0]) == [0.0, 0.0]  # the minimum


def test_the_quiver_at_1_minus_1_points_to_minus_2_2() -> None:
    arrows = viz.plots.gradient_field(lambda x1, x2: x1**2 + x2**2).collections[-1]
    at = arrows.get_offsets().tolist().index([1.0, -1.0])
    assert (arrows.U[at], arrows.V[at]) == (-2.0, 2.0)


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


@pytest.mark.parametrize("n, size, sizes", [(128, 128, [128]), (128, 32, [32] * 4), (100, 32, [32, 32, 32, 4]), (3, 1, [1, 1, 1])])
def test_an_epoch_has_ceil_n_over_size_iterations_and_keeps_the_last_partial_batch(n: int, size: int, sizes: list[int]) -> None:
    loader = nn.data.DataLoader((np.zeros((n, 1)), np.zeros(n)), size, shuffle=True, generator=0)
    assert [len(y) for _, y in loader] == sizes and len(loader) == math.ceil(n / size)


def test_the_gradient_of_a_batch_is_the_mean_of_the_examples() -> None:
    rng = np.random.default_rng(0)
    x, t, w = rng.normal(size=(96, 3)), rng.normal(size=96), Tensor(rng.normal(size=3))

    def slope(chosen: slice) -> Any:
        return gradient(F.mse_loss(Tensor(x[chosen]) @ w, t[chosen]), w)
    parts = [slope(slice(i, i + 32)) for i in (0, 32, 64)]
    assert np.mean(parts, 0) == pytest.approx(slope(slice(0, 96)))
    assert np.std([slope(slice(i, i + 1)) for i in range(96)], 0).min() > np.std(parts, 0).max()  # one example is noisier


POLICIES = [  # at the times 0, 5 and 20, from a rate of 0.1
    (lambda o: schedule.ConstantLR(o, factor=1.0), 0.1, 0.1, 0.1),
    (lambda o: schedule.StepLR(o, step_size=10, gamma=0.5), 0.1, 0.1, 0.025),
    (lambda o: schedule.ExponentialLR(o, gamma=0.9), 0.1, 0.1 * 0.9**5, 0.1 * 0.9**20),
    (lambda o: schedule.CosineAnnealingLR(o, T_max=20), 0.1, 0.05 * (1 + math.cos(math.pi / 4)), 0.0),
    (lambda o: schedule.InverseTimeLR(o, gamma=0.2), 0.1, 0.05, 0.02),
    (lambda o: schedule.LinearWarmup(o, 10), 0.01, 0.06, 0.1),
]


@pytest.mark.parametrize("make, first, fifth, twentieth", POLICIES,
                         ids=["constant", "step", "exponential", "cosine", "1/t", "warm-up"])
def test_learning_rate_policies(make: Any, first: float, fifth: float, twentieth: float) -> None:
    optimizer = optim.SGD([Value(0.0)], lr=0.1)
    policy, rates = make(optimizer), []
    for _ in range(21):
        rates.append(optimizer.param_groups[0]["lr"])
        policy.step()
    assert (rates[0], rates[5], rates[20]) == pytest.approx((first, fifth, twentieth), abs=1e-15)


def test_on_a_plateau_the_rate_falls() -> None:
    optimizer = optim.SGD([Value(0.0)], lr=0.1)
    policy, rates = schedule.ReduceLROnPlateau(optimizer, factor=0.5, patience=2), []
    for loss in (3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0):
        policy.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == [0.1] * 5 + [0.05] * 2


FAMILY = {  # an optimiser, and its first two steps from 0 along a gradient that is 1
    "SGD": (lambda p: optim.SGD(p, lr=0.1), [-0.1, -0.2]),
    "momentum": (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), [-0.1, -0.1 - 0.19]),
    "Nesterov": (lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True), [-0.19, -0.19 - 0.271]),
    "AdaGrad": (lambda p: optim.Adagrad(p, lr=0.1), [-0.1, -0.1 - 0.1 / math.sqrt(2)]),
    "AdaDelta": (lambda p: optim.Adadelta(p, lr=1.0, rho=0.9, eps=1e-6), [
        -(first := math.sqrt(1e-6 / (0.1 + 1e-6))), -first - math.sqrt((0.1 * first**2 + 1e-6) / (0.19 + 1e-6))]),
    "RMSprop": (lambda p: optim.RMSprop(p, lr=0.1, alpha=0.9), [
        -0.1 / math.sqrt(0.1), -0.1 / math.sqrt(0.1) - 0.1 / math.sqrt(0.19)]),
    "Adam": (lambda p: optim.Adam(p, lr=0.1), [-0.1, -0.2]),
    "AdamW": (lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.5), [-0.1, -0.1 * (1 - 0.1 * 0.5) - 0.1]),
}


@pytest.mark.parametrize("name", FAMILY)
def test_two_steps_of_each_optimiser_by_hand(name: str) -> None:
    make, expected = FAMILY[name]
    x, places = Value(0.0), []
    optimizer = make([x])
    for _ in range(2):
        x.grad = 1.0
        optimizer.step()
        places.append(x.data)
    assert places == pytest.approx(expected, rel=1e-6)


def test_nine_optimisers_come_down_the_same_surface() -> None:
    def narrow(x1: Any, x2: Any) -> Any:
        return x1**2 / 20 + x2**2
    rates = {"SGD": 0.5, "momentum": 0.1, "Nesterov": 0.1, "AdaGrad": 1.0, "AdaDelta": 20.0, "RMSprop": 0.2, "Adam": 0.4,
             "AdamW": 0.4}
    ways = {name: lambda p, kind=make, lr=rates[name]: _with_rate(kind(p), lr) for name, (make, _) in FAMILY.items()}
    ways["NAdam"] = lambda p: optim.NAdam(p, lr=0.4)
    paths = viz.plots.descent(narrow, (-7.0, 2.0), ways, 150, ax=Figure().subplots()).paths
    assert len(paths) == 9 and max(narrow(*path[-1]) for path in paths.values()) < 0.1 < narrow(-7.0, 2.0)


def _with_rate(optimizer: Any, lr: float) -> Any:
    optimizer.param_groups[0]["lr"] = lr
    return optimizer


def test_the_loop_ends_at_its_stop_criterion_and_shows_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.Tanh(), nn.Linear(16, 3, rng=1))
    history = nn.train.fit(model, nn.data.load("iris"), F.cross_entropy, optim.Adam(model.parameters(), lr=0.02), epochs=100,
                           metrics="accuracy", seed=0, stop=lambda run: run.history.rows[-1]["accuracy"] >= 0.95)
    assert len(history) < 100 and history["accuracy"][-1] >= 0.95 > history["accuracy"][-2]
    assert len(history.batches) == len(history) * math.ceil(150 / 32)
    assert f"epoch {len(history)}/100" in capsys.readouterr().err


# ── 7. training in practice ──────────────────────────────────────────────────────────────────────────────────────

def test_preprocessing_is_fitted_on_the_training_data_only() -> None:
    rng = np.random.default_rng(0)
    train, held = rng.uniform(size=(40, 3, 4, 4)), rng.uniform(size=(10, 3, 4, 4)) + 1.0
    image = nn.data.StandardScaler(train, with_std=False)  # AlexNet
    channel = nn.data.StandardScaler(train, axis=(0, 2, 3), with_std=False)  # VGG
    standard = nn.data.StandardScaler(train, axis=(0, 2, 3))
    assert image(held) == pytest.approx(held - train.mean(0))
    assert channel(held) == pytest.approx(held - train.mean((0, 2, 3), keepdims=True))
    assert standard(held) == pytest.approx((held - train.mean((0, 2, 3), keepdims=True)) / train.std((0, 2, 3), keepdims=True))
    assert standard(train).mean((0, 2, 3)) == pytest.approx(0.0) and standard(train).std((0, 2, 3)) == pytest.approx(1.0)


def test_pca_decorrelates_and_whitening_makes_all_variances_1() -> None:
    cloud = np.random.default_rng(1).normal(size=(200, 2)) @ [[2.0, 1.2], [0.0, 0.4]] + [3.0, 1.0]
    turned = np.cov(nn.data.PCA(cloud)(cloud).T)
    assert abs(turned[0, 1]) < 1e-12 < turned[1, 1] < turned[0, 0]
    assert np.cov(nn.data.PCA(cloud, whiten=True)(cloud).T) == pytest.approx(np.eye(2))


def test_zeros_leave_all_neurons_alike() -> None:
    inputs, labels = nn.data.load("iris").arrays()
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 3, rng=1))
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    before = model[0].weight.data.copy()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    after = model[0].weight.data
    assert (after == after[0]).all() and (after != before).all()


def test_the_figure_of_initialisations_through_ten_layers_of_500() -> None:
    measured = viz.plots.initialisations(width=500).measured
    forward, backward = ({scheme: both[side] for scheme, both in measured.items()} for side in (0, 1))
    assert all(len(spreads) == 10 for spreads in forward.values())
    assert set(forward["zeros"]) == {0.0}
    assert forward["0.01·randn"][-1] < 1e-6 and backward["0.01·randn"][0] < 1e-5  # shrink to 0
    assert min(forward["1.0·randn"]) > 0.97  # all at −1 or 1
    assert min(forward["Xavier"]) > 0.2 < min(backward["Xavier"])
    under_relu = viz.plots.initialisations(["Xavier", "He"], "relu").measured
    assert under_relu["Xavier"][0][-1] < 0.05 < 0.5 < under_relu["He"][0][-1]


def test_a_saturated_tanh_has_local_gradients_of_0() -> None:
    rng = np.random.default_rng(0)
    h = tanh(Tensor(rng.normal(size=(200, 500))) @ rng.normal(size=(500, 500)))
    assert (1 - h.data**2 < 0.01).mean() > 0.85


def test_xavier_and_he_have_their_variances() -> None:
    w = Tensor(np.zeros((500, 500)))
    assert nn.init.xavier_normal_(w, rng=0).data.var() == pytest.approx(1 / 500, rel=0.01)
    assert nn.init.kaiming_normal_(w, rng=0).data.var() == pytest.approx(2 / 500, rel=0.01)


def test_batch_norm_by_hand() -> None:
    batch = Tensor([[2.0], [4.0], [6.0]])
    out = F.batch_norm(batch, training=True, eps=0.0)
    assert out.data[:, 0] == pytest.approx([-math.sqrt(1.5), 0.0, math.sqrt(1.5)])  # mean 4, variance 8/3
    with_eps = F.batch_norm(batch, weight=Tensor([3.0]), bias=Tensor([1.0]), training=True, eps=1 / 3)
    assert with_eps.data[:, 0] == pytest.approx([1 - 6 / math.sqrt(3), 1.0, 1 + 6 / math.sqrt(3)])
    assert gradient(out.sum(), batch) == pytest.approx(0.0, abs=1e-15)  # a shift of all changes nothing
    undone = F.batch_norm(batch, weight=Tensor(batch.data.std(0)), bias=Tensor(batch.data.mean(0)), training=True, eps=0.0)
    assert undone.data == pytest.approx(batch.data)
    assert check_gradients(lambda x: F.batch_norm(x, training=True) ** 3, batch.data)


def test_batch_norm_keeps_running_averages_and_uses_them_in_test_mode() -> None:
    layer = nn.BatchNorm1d(1, dtype=float)
    layer(Tensor([[2.0], [4.0], [6.0]]))
    assert (layer.running_mean.item(), layer.running_var.item()) == pytest.approx((0.4, 0.9 + 0.1 * 4.0))  # over n − 1
    assert layer.eval()(Tensor([[2.0]])).item() == pytest.approx((2.0 - 0.4) / math.sqrt(1.3 + 1e-5))


def test_dropout_is_inverted() -> None:
    ones = Tensor(np.ones(20_000))
    dropped = F.dropout(ones, 0.3, rng=0).data
    assert set(dropped) == {0.0, 1 / 0.7} and (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert F.dropout(ones, 0.3, training=False) is ones


def test_augmentation_moves_images_a_little() -> None:
    images = nn.data.load("digits").arrays(1, 8, 8)[0][:50]
    moved = nn.data.Augment(shift=1, rotate=15)(images, np.random.default_rng(0))
    assert moved.shape == images.shape and (moved != images).any((1, 2, 3)).all()
    own, others = (np.corrcoef(moved.ravel(), x.ravel())[0, 1] for x in (images, np.roll(images, 1, 0)))
    assert own > 0.6 > others + 0.1


def network(seed: int) -> Any:
    return nn.Sequential(nn.Linear(64, 64, rng=seed), nn.ReLU(), nn.Linear(64, 10, rng=seed + 100))


@pytest.fixture(scope="module")
def digits() -> Any:
    inputs, labels = nn.data.load("digits").arrays()
    x, held, y, y_held = nn.data.train_test_split(inputs / 16, labels, test_size=0.3, rng=0)
    return (x, y), (held, y_held)


def test_early_stopping_goes_back_to_the_best_epoch_and_an_ensemble_beats_its_members(digits: Any) -> None:
    (x, y), held = digits
    scores = []
    for seed in range(5):
        model = network(seed)
        history = nn.train.fit(model, (x[:150], y[:150]), F.cross_entropy, optim.Adam(model.parameters(), lr=0.01), epochs=60,
                               patience=8, validation=held, seed=seed, progress=False)
        assert len(history) == history.best["epoch"] + 8 < 60
        restored = nn.train.evaluate(model, held, F.cross_entropy)["loss"]
        assert restored == pytest.approx(min(history["validation loss"]), rel=1e-6)
        scores.append(nn.train.predict(model, held[0]))
    alone = [nn.train.accuracy(s, held[1]) for s in scores]
    together = nn.train.accuracy(sum(softmax(s, -1) for s in scores), held[1])
    assert together > np.mean(alone)


def test_the_first_loss_is_what_chance_gives_and_rises_with_regularisation(digits: Any) -> None:
    (x, y), _ = digits
    model = network(0)
    first = F.cross_entropy(model(x), y).item()
    assert first == pytest.approx(math.log(10), abs=0.05) and f"{math.log(10):.1f}" == "2.3"
    assert F.hinge_loss(Tensor(np.zeros((4, 10))), np.arange(4)).item() == 9.0
    told = check_initial_loss(model, (x, y), F.cross_entropy, penalty=lambda m: 0.001 * nn.l2_penalty(m.parameters()))
    assert told.healthy and "regularisation" in str(told)


def test_twenty_examples_are_learned_by_heart(digits: Any) -> None:
    (x, y), _ = digits
    assert check_overfit(network(0), (x, y), F.cross_entropy).healthy


@pytest.mark.parametrize("lr, problem", [(1e-5, "learning rate too low"), (0.01, ""), (1e6, "learning rate too high")])
def test_a_rate_too_low_a_good_one_and_one_too_high(lr: float, problem: str, digits: Any) -> None:
    train, _ = digits
    model, sitter = network(1), Babysitter(every=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that run away
        history = nn.train.fit(model, train, F.cross_entropy, optim.SGD(model.named_parameters(), lr=lr), epochs=4, seed=0,
                               callbacks=[sitter], progress=False)
    found = sitter.report()
    assert problem in found.problems if problem else found.healthy
    if lr == 0.01:
        assert np.median(sitter.ratios) == pytest.approx(1e-3, rel=0.5)  # updates ÷ weights
    if lr == 1e6:  # the loop was left, with the reason and the operation
        assert len(history) == 0 and "the first value that is inf: linear(" in history.stopped and "Linear 2" in history.stopped


def test_the_gap_between_training_and_validation_is_called_overfitting(digits: Any) -> None:
    (x, y), held = digits
    model, sitter = network(0), Babysitter(every=5)
    nn.train.fit(model, (x[:60], y[:60]), F.cross_entropy, optim.Adam(model.parameters(), lr=0.01), epochs=60, seed=0,
                 validation=held, metrics="accuracy", callbacks=[sitter], progress=False)
    assert "overfitting" in sitter.report().problems


def well(params: dict[str, float], *epochs: int) -> float:
    """A made-up accuracy: best at a rate of 1e-2, and hardly better with a decay of 1e-3 than with another."""
    return 1 - abs(math.log10(params["lr"]) + 2) / 10 - abs(math.log10(params.get("decay", 1e-3)) + 3) / 1000


def test_random_search_tries_a_value_of_each_parameter_in_every_trial_and_a_grid_does_not() -> None:
    space = {"lr": nn.search.log_uniform(1e-5, 1.0), "decay": nn.search.log_uniform(1e-6, 1e-1)}
    tried = {}
    for sampler in ("grid", "random"):
        results = nn.search.optimize(well, space, 9, sampler=sampler, points=3, direction="maximize", workers=0, progress=False)
        tried[sampler] = len({row["lr"] for row in results.rows})
    assert tried == {"grid": 3, "random": 9}


def test_a_log_uniform_range_gives_each_factor_of_ten_the_same_room() -> None:
    part = nn.search.log_uniform(1e-4, 1e-1)
    assert [part.at(place) for place in (0, 1 / 3, 2 / 3, 1)] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])


def test_from_coarse_to_fine_and_few_epochs_first() -> None:
    how = {"sampler": "random", "direction": "maximize", "seed": 0, "workers": 0, "progress": False}
    coarse = nn.search.optimize(well, {"lr": nn.search.log_uniform(1e-5, 1.0)}, 12, **how)
    narrowed = coarse.narrowed()["lr"]
    assert 1e-5 < narrowed.low < 1e-2 < narrowed.high < 1.0
    fine = nn.search.optimize(well, coarse.narrowed(), 12, **how)
    assert fine.best["value"] > coarse.best["value"]
    longer = nn.search.optimize(well, {"lr": nn.search.log_uniform(1e-5, 1.0)}, 8, budgets=(2, 6, 18), **how)
    assert {row["budget"] for row in longer.rows} == {2, 6, 18} and longer.best["budget"] == 18


def test_the_best_at_the_edge_of_its_range_is_a_warning() -> None:
    with pytest.warns(nn.search.EdgeWarning, match="the best lr, 0.001, is at the high edge"):
        nn.search.optimize(well, {"lr": nn.search.log_uniform(1e-5, 1e-3)}, None, sampler="grid", points=3, direction="maximize",
                           workers=0, progress=False)


def test_results_are_a_table_and_a_scatter_plot() -> None:
    results = nn.search.optimize(well, {"lr": nn.search.log_uniform(1e-5, 1.0), "decay": (1e-5, 1e-4)}, 6, sampler="random",
                                 direction="maximize", workers=0, progress=False)
    assert str(results).splitlines()[0].split() == ["trial", "value", "lr", "decay", "seconds", "state"]
    assert len(viz.plots.search_scatter(results, "lr", "decay").collections[0].get_offsets()) == 6


def test_in_cross_validation_every_example_is_held_out_once() -> None:
    labels = np.array([0, 1] * 10)
    folds = list(nn.data.k_fold(labels, 5, 0))
    assert sorted(i for _, held in folds for i in held) == list(range(20))
    assert all(not set(train) & set(held) and len(train) == 16 for train, held in folds)


def test_a_numeric_gradient_tells_a_right_analytic_one_from_a_wrong_one() -> None:
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(4, 3)), np.array([0, 2, 1, 0])

    def loss(weights: Any) -> Any:
        return F.cross_entropy(Tensor(points) @ weights, labels)

    def by_hand(weights: Any) -> Any:
        p = softmax(points @ weights, -1)
        return points.T @ (p - nn.data.one_hot(labels, 3)) / 4
    w = rng.normal(size=(3, 3))
    assert check_gradients(loss, w, gradient=by_hand)
    wrong = check_gradients(loss, w, gradient=lambda w: 4 * by_hand(w))  # the division by N forgotten
    assert not wrong and wrong.worst.note == "4 times too large"
