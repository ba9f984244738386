"""Networks of single numbers: modules, neurons, losses, SGD."""

import math
import random
import re
import subprocess
import sys
from pathlib import Path

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, gradient, sin, tanh
from autograd.graph import topological


def set_weights(layer, weights, biases):
    """Weights as textbooks write them: a row for each input, a column for each neuron."""
    for j, neuron in enumerate(layer.neurons):
        neuron.b.data = biases[j]
        for i, w in enumerate(neuron.w):
            w.data = weights[i][j]


# ── modules and neurons ──────────────────────────────────────────────────────────────────────────────────────────

def test_the_course_s_sigmoid_neuron():
    neuron = nn.Neuron(2, "sigmoid")
    for parameter, number in zip(neuron.parameters(), (2.0, -3.0, -3.0), strict=True):
        parameter.data = number
    x0, x1 = Value(-1.0), Value(-2.0)
    y = neuron([x0, x1])
    y.backward()
    assert round(y.data, 2) == 0.73
    assert [round(v.grad, 2) for v in (*neuron.w, neuron.b, x0, x1)] == [-0.20, -0.39, 0.20, 0.39, -0.59]


def test_the_worked_2_3_2_2_example_with_identity_output():
    model = nn.MLP(2, [3, 2, 2], "sigmoid")
    set_weights(model.layers[0], [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], [0.1, 0.2, 0.3])
    set_weights(model.layers[1], [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], [0.1, 0.2])
    set_weights(model.layers[2], [[0.1, 0.3], [0.2, 0.4]], [0.1, 0.2])
    hidden = model.layers[0]([1.0, 0.5])
    assert [round(z.data, 8) for z in hidden] == [0.57444252, 0.66818777, 0.75026011]
    assert [round(y.data, 8) for y in model([1.0, 0.5])] == [0.31682708, 0.69627909]


def test_a_network_of_micrograd_s_size_has_337_parameters_each_named_once():
    model = nn.MLP(2, [16, 16, 1], "relu")
    names = [name for name, _ in model.named_parameters()]
    assert len(names) == len(set(names)) == 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1 == 337
    assert names[:4] == ["layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b",
                         "layers.0.neurons.1.w.0"]


def test_parameters_are_leaves_only_shared_ones_once_and_rings_end():
    class Odd(nn.Module):
        def __init__(self):
            self.shared = Value(1.0)
            self.again = {"key": (self.shared, Value(2.0))}
            self.result = self.shared * 3
            self.number = 4.0
            self.me = self

    assert [name for name, _ in Odd().named_parameters()] == ["shared", "again.key.1"]


def test_zero_grad_makes_gradients_absent():
    model = nn.MLP(1, [1])
    model([1.0])[0].backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_every_neuron_is_a_scope_inside_its_layer():
    y = nn.MLP(2, [2, 1])([0.5, -0.5])[0]
    paths = {node.scope.path for node in topological(y) if node.inputs}
    assert paths == {"MLP/layer 0/neuron 0", "MLP/layer 0/neuron 1", "MLP/layer 1/neuron 0"}


@pytest.mark.parametrize("make", [lambda: random.Random(7), lambda: __import__("numpy").random.default_rng(7)])
def test_weights_come_from_the_generator_and_lie_within_one_over_root_n(make):
    first, second = (list(nn.MLP(9, [5, 2], rng=make()).parameters()) for _ in range(2))
    assert [p.data for p in first] == [p.data for p in second]
    assert all(type(p.data) is float for p in first)
    weights = [p.data for p in first[:50]]
    assert max(map(abs, weights)) <= 1 / 3
    assert max(map(abs, weights)) > 0.9 / 3
    assert len(set(weights)) == 50


def test_an_activation_is_a_name_or_a_function():
    for activation in ("tanh", tanh, lambda x: x.tanh()):
        neuron = nn.Neuron(1, activation)
        assert neuron([2.0]).data == math.tanh(neuron.w[0].data * 2 + neuron.b.data)
    assert nn.Neuron(1, "leaky_relu", random.Random(0))([-100.0]).op == "leaky_relu"
    assert nn.Neuron(1, "identity")([1.0]).op == "add"  # no gate that does nothing


def test_repr_shows_the_tree():
    assert repr(nn.MLP(2, [3, 1], "relu")) == ("MLP(\n  (layers.0): Layer(3 × Neuron(2, relu))\n"
                                               "  (layers.1): Layer(1 × Neuron(3, identity))\n)")


@pytest.mark.parametrize(("wrong", "message"), [
    (lambda: nn.Neuron(0), "at least one input"),
    (lambda: nn.Layer(2, 0), "at least one neuron"),
    (lambda: nn.MLP(2, []), "at least one layer"),
    (lambda: nn.Neuron(1, "swoosh"), "no activation 'swoosh'; choose from identity, step"),
    (lambda: nn.Neuron(1, "add"), "no activation 'add'"),
    (lambda: nn.MLP(2, [3])([1.0]), re.escape("neuron 0 takes 2 inputs; got 1: [1.0]")),
])
def test_a_network_that_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Module has no forward: define def forward"):
        nn.Module()()


# ── losses ───────────────────────────────────────────────────────────────────────────────────────────────────────

def test_mean_squared_error_of_the_course():
    assert nn.mse_loss([3.0, 4.0, 5.0], [2.7, 4.2, 5.5]) == pytest.approx(0.38 / 3, rel=1e-14)
    assert nn.mse_loss(0.7, 0.5) == pytest.approx(0.04, rel=1e-14)
    x = Value(3.0)
    assert gradient(nn.mse_loss([[x, 1.0]], [[1.0, 1.0]]), x) == 2.0  # 2 (3 − 1) / 2 entries


def test_cross_entropy_of_a_probability_is_its_negative_logarithm():
    assert nn.cross_entropy([math.log(0.7), math.log(0.3)], 1) == pytest.approx(-math.log(0.3), rel=1e-14)


def test_the_first_loss_of_ten_classes_is_what_chance_gives():
    assert nn.cross_entropy([[0.0] * 10] * 4, [0, 3, 5, 9]) == pytest.approx(math.log(10), rel=1e-15)


scores_and_label = st.lists(st.floats(-700, 700), min_size=1, max_size=6).flatmap(
    lambda scores: st.tuples(st.just(scores), st.integers(0, len(scores) - 1)))


@given(scores_and_label)
def test_cross_entropy_and_its_gradient_to_50_digits(drawn):
    scores, label = drawn
    nodes = [Value(s) for s in scores]
    loss = nn.cross_entropy(nodes, label)
    with mpmath.workdps(50):
        exps = [mpmath.exp(s) for s in scores]
        # the loss as −log p through the sum of what is not p: exact where p is nearly 1
        others = mpmath.fsum(e for j, e in enumerate(exps) if j != label)
        expected = mpmath.log1p(others / exps[label])
        softmax = [e / mpmath.fsum(exps) for e in exps]
        assert mpmath.almosteq(loss.data, expected, 1e-13, 1e-300)
        for j, (slope, p) in enumerate(zip(gradient(loss, nodes), softmax, strict=True)):
            assert abs(slope - (p - (j == label))) <= 1e-14


def test_cross_entropy_of_a_batch_is_the_mean():
    batch = [[1.0, -2.0, 0.5], [0.0, 3.0, 3.0]]
    single = [nn.cross_entropy(scores, label) for scores, label in zip(batch, (2, 1), strict=True)]
    assert nn.cross_entropy(batch, (2, 1)) == pytest.approx(sum(single) / 2, rel=1e-15)


def test_hinge_loss_of_the_cat_the_car_and_the_frog():
    scores, labels = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]], [0, 1, 2]
    losses = [nn.hinge_loss(s, label) for s, label in zip(scores, labels, strict=True)]
    assert losses == pytest.approx([2.9, 0.0, 12.9])
    assert nn.hinge_loss(scores, labels) == pytest.approx(15.8 / 3)


def test_hinge_loss_of_one_score_per_example():
    s = Value(0.25)
    loss = nn.hinge_loss([s, 3.0, -0.5], [1, 1, -1])
    assert loss.data == pytest.approx((0.75 + 0.0 + 0.5) / 3)
    assert gradient(loss, s) == pytest.approx(-1 / 3)


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.hinge_loss])
@pytest.mark.parametrize(("scores", "labels", "error", "message"), [
    ([[1.0, 2.0]], [2], ValueError, re.escape("label 2 at target[0] is out of range for 2 classes; labels go from 0 to 1")),
    ([[1.0, 2.0]], [-1], ValueError, re.escape("label -1 at target[0] is out of range")),
    ([[1.0, 2.0]], [0.0], TypeError, re.escape("a label must be an integer, the index of a class; target[0] is 0.0")),
    ([[1.0, 2.0]], [True], TypeError, re.escape("target[0] is True")),
    ([[1.0, 2.0]], [[0, 1, 0]], TypeError, "a label must be an integer"),
    ([[1.0, 2.0]], [0, 1], ValueError, "1 examples but 2 targets"),
    ([], [], ValueError, "empty batch"),
])
def test_labels_that_do_not_fit_are_refused(loss, scores, labels, error, message):
    with pytest.raises(error, match=message):
        loss(scores, labels)


@pytest.mark.parametrize(("wrong", "message"), [
    (lambda: nn.mse_loss([1.0, 2.0], [1.0]), "must have the same structure; nothing is broadcast"),
    (lambda: nn.mse_loss([[1.0], [2.0]], [1.0, 2.0]), "must have the same structure"),
    (lambda: nn.mse_loss([1.0], 1.0), "must have the same structure"),
    (lambda: nn.mse_loss([], []), "empty batch"),
    (lambda: nn.hinge_loss([0.5], [0]), re.escape("targets of -1 and 1; target[0] is 0")),
])
def test_losses_of_what_does_not_fit_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


# ── SGD ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# PyTorch 2.13 in float64: four steps from (3, −2) on sin(x[0]) · x[1]², by torch.optim.SGD
TORCH_RUNS = [
    ({}, (4.398876007915004, -2.6516952907374134)),
    ({"momentum": 0.9}, (5.621364811059098, -3.152156971304782)),
    ({"momentum": 0.9, "weight_decay": 0.05}, (5.524353902762921, -3.006863111812918)),
]


@pytest.mark.parametrize(("options", "expected"), TORCH_RUNS)
def test_sgd_goes_where_pytorch_s_goes(options, expected):
    x = [Value(3.0), Value(-2.0)]
    optimizer = nn.optim.SGD(x, lr=0.1, **options)
    for _ in range(4):
        optimizer.zero_grad()
        (sin(x[0]) * x[1] ** 2).backward()
        optimizer.step()
    assert [v.data for v in x] == pytest.approx(expected, rel=1e-13)


def test_training_learns_xor():
    rng = random.Random(2)
    model = nn.MLP(2, [4, 1], "tanh", rng=rng)
    optimizer = nn.optim.SGD(model.named_parameters(), lr=0.3, momentum=0.9)
    corners = [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)]
    for _ in range(200):
        loss = nn.mse_loss([model(x)[0] for x in corners], [-1.0, 1.0, 1.0, -1.0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.data < 1e-3
    assert [model(x)[0].data > 0 for x in corners] == [False, True, True, False]


@pytest.mark.parametrize(("wrong", "message"), [
    (lambda x: nn.optim.SGD([], lr=0.1), "SGD was given no parameters; give model.parameters()"),
    (lambda x: nn.optim.SGD([x, x], lr=0.1), "the same parameter twice, as 'x' and 'x'"),
    (lambda x: nn.optim.SGD([("a", x), ("b", x)], lr=0.1), "as 'a' and 'b'"),
    (lambda x: nn.optim.SGD([x], lr=-0.1), "lr must be a finite number, 0 or more; got -0.1"),
    (lambda x: nn.optim.SGD([x], lr=math.nan), "lr must be a finite number, 0 or more; got nan"),
    (lambda x: nn.optim.SGD([x], lr=math.inf), "got inf"),
    (lambda x: nn.optim.SGD([x], lr=0.1, momentum=-1), "momentum must be"),
    (lambda x: nn.optim.SGD([x], lr=0.1, weight_decay=-1), "weight_decay must be"),
])
def test_an_optimiser_that_cannot_be_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong(Value(1.0, "x"))


@pytest.mark.parametrize(("grad", "message"), [
    (None, "SGD.step: layer.w was not updated, and no other parameter either: no backward pass has reached it"),
    (math.nan, "SGD.step: layer.w was not updated, and no other parameter either: its gradient is nan"),
    (-math.inf, "its gradient is -inf: lower the learning rate"),
])
def test_a_step_on_a_bad_gradient_names_the_parameter_and_changes_nothing(grad, message):
    good, bad = Value(1.0), Value(2.0)
    optimizer = nn.optim.SGD([("layer.b", good), ("layer.w", bad)], lr=0.5, momentum=0.5)
    good.grad, bad.grad = 1.0, grad
    with pytest.raises(ValueError, match=message):
        optimizer.step()
    assert (good.data, bad.data) == (1.0, 2.0)
    bad.grad = 4.0
    optimizer.step()
    assert (good.data, bad.data) == (0.5, 0.0)  # no velocity is left of the step that was refused
    good.data, bad.data, bad.grad = 1.0, 2.0, grad
    lenient = nn.optim.SGD([good, bad], lr=0.5, strict=False)
    lenient.step()
    assert (good.data, bad.data) == (0.5, 2.0)


def test_a_seed_needs_no_numpy_and_gives_the_same_network_with_it() -> None:
    """Where NumPy is missing, as in a browser's Python, rng=0 draws from random.Random(0), as everywhere."""
    code = ("import sys\nsys.modules['numpy'] = None\nimport nn\n"
            "print([p.data for p in nn.MLP(2, [3, 1], rng=0).parameters()], nn.Madaline(2, 2, rng=1)([1.0, -1.0]).data)")
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str([p.data for p in nn.MLP(2, [3, 1], rng=0).parameters()]))
    draw = random.Random(0)
    assert nn.Neuron(1, rng=0).w[0].data == draw.uniform(-1.0, 1.0)
