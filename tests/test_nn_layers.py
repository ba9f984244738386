"""Layers on tensors: PyTorch's numbers with the same parameters, and facts of the course."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
import viz
from autograd import NoDerivativeWarning, Value, check_gradients, gradient
from autograd.graph import topological
from autograd.tensor import Tensor
from nn import layers
from nn.functional.recurrent import lstm
from tests.data.pytorch import FILE, LAYERS

recorded = np.load(FILE)


def of(name, what):
    prefix = f"{name}/{what}/"
    return {key.removeprefix(prefix): recorded[key] for key in recorded.files if key.startswith(prefix)}


def flat(output):
    return [part for item in output for part in flat(item)] if isinstance(output, tuple) else [output]


def make(name):
    kind, args, options, _ = LAYERS[name]
    drawn = {"dtype": np.float64} if of(name, "before") else {}
    return getattr(nn, kind)(*args, **options, **drawn)


# ── PyTorch 2.13, float64 ────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("name", LAYERS)
def test_values_and_gradients_are_pytorch_s(name):
    layer = make(name)
    before = of(name, "before")
    assert {key: value.shape for key, value in layer.state_dict().items()} == {key: v.shape for key, v in before.items()}
    assert list(layer.state_dict()) == list(before)
    layer.load_state_dict(before)
    x = Tensor(recorded[f"{name}/x"])
    outputs = flat(layer(x))
    expected = of(name, "out")
    assert len(outputs) == len(expected)
    for y, array in zip(outputs, expected.values(), strict=True):
        np.testing.assert_allclose(y.data, array, rtol=1e-12, atol=1e-13)
    parameters = dict(layer.named_parameters())
    seeds = of(name, "seed")
    total = sum(((y * seed).sum() for y, seed in zip(outputs, seeds.values(), strict=True)), 0.0)
    slopes = gradient(total, [x, *parameters.values()])
    assert set(of(name, "slope")) == {"x", *parameters}
    for key, found in zip(["x", *parameters], slopes, strict=True):
        np.testing.assert_allclose(found, of(name, "slope")[key], rtol=1e-12, atol=1e-12, err_msg=key)
    buffers = {key: buffer.data for key, buffer in layer.named_buffers()}
    assert buffers.keys() == of(name, "after").keys()
    for key, array in of(name, "after").items():
        np.testing.assert_allclose(buffers[key], array, rtol=1e-13)
    if f"{name}/evaluated" in recorded:
        np.testing.assert_allclose(layer.eval()(x).data, recorded[f"{name}/evaluated"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("make_layer, shape", [
    (lambda: nn.Maxout(3, 2, 3, rng=0, dtype=np.float64), (4, 3)),
    (lambda: nn.GRU(2, 3, rng=0, dtype=np.float64), (3, 2, 2)),
    (lambda: nn.Sequential(nn.Linear(3, 2, rng=0, dtype=np.float64), nn.BatchNorm1d(2, dtype=np.float64)), (4, 3)),
])
def test_gradients_are_those_of_differences_too(make_layer, shape):
    layer = make_layer()
    output = layer(np.zeros(shape))
    y = (lambda x: layer(x)[0]) if isinstance(output, tuple) else layer
    assert check_gradients(lambda x: y(x).sum(), np.random.default_rng(1).normal(size=shape))


# ── what layers compute ──────────────────────────────────────────────────────────────────────────────────────────

def test_layers_without_activation_collapse_into_one():
    first, second = (nn.Linear(*sizes, rng=0, dtype=np.float64) for sizes in ((3, 5), (5, 2)))
    weight, bias = second.weight.data @ first.weight.data, second.weight.data @ first.bias.data + second.bias.data
    x = np.random.default_rng(0).normal(size=(7, 3))
    np.testing.assert_allclose(nn.Sequential(first, second)(x).data, x @ weight.T + bias, rtol=1e-12)


def test_the_worked_2_3_2_2_example_in_matrices():
    model = nn.Sequential(*(nn.Linear(*sizes, dtype=np.float64) for sizes in ((2, 3), (3, 2), (2, 2))))
    state = {"0.weight": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], "0.bias": [0.1, 0.2, 0.3],
             "1.weight": [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], "1.bias": [0.1, 0.2],
             "2.weight": [[0.1, 0.3], [0.2, 0.4]], "2.bias": [0.1, 0.2]}
    model.load_state_dict({key: np.transpose(value) for key, value in state.items()})
    network = nn.Sequential(model[0], nn.Sigmoid(), model[1], nn.Sigmoid(), model[2], nn.Identity())
    np.testing.assert_allclose(network(np.array([[1.0, 0.5]])).data, [[0.31682708, 0.69627909]], atol=5e-9)


@pytest.mark.parametrize("options, size", [({}, 28), ({"padding": 2}, 32), ({"stride": 3}, 10), ({"padding": "same"}, 32)])
def test_the_size_of_a_convolution_s_result_is_the_course_s_formula(options, size):
    layer = nn.Conv2d(3, 10, 5, rng=0, **options)
    assert layer(np.zeros((1, 3, 32, 32), np.float32)).shape == (1, 10, size, size)
    assert sum(p.size for p in layer.parameters()) == 10 * (5 * 5 * 3 + 1)  # 760, the course's count


def test_maxout_of_two_pieces_can_be_relu_and_the_absolute_value():
    layer = nn.Maxout(1, 2, 2, dtype=np.float64)
    layer.linear.load_state_dict({"weight": [[1.0], [0.0], [1.0], [-1.0]], "bias": [0.0] * 4})
    x = np.linspace(-2, 2, 9)
    np.testing.assert_array_equal(layer(x[:, None]).data, np.stack([np.maximum(x, 0), np.abs(x)], 1))


def test_embedding_gives_rows_and_adds_gradients_of_repeated_ones():
    layer = nn.Embedding(4, 2, rng=0)
    out = layer([[1, 1], [3, 1]])
    np.testing.assert_array_equal(out.data, layer.weight.data[[[1, 1], [3, 1]]])
    np.testing.assert_array_equal(gradient(out.sum(), layer.weight), [[0, 0], [3, 3], [0, 0], [1, 1]])


def test_batch_norm_makes_mean_0_and_variance_1_and_may_undo_itself():
    x = np.random.default_rng(0).normal(3.0, 5.0, size=(64, 3))
    layer = nn.BatchNorm1d(3, eps=0.0, dtype=np.float64)
    y = layer(Tensor(x)).data
    np.testing.assert_allclose([y.mean(0), y.var(0)], [[0] * 3, [1] * 3], atol=1e-12)
    np.testing.assert_allclose(layer.running_mean.data, 0.1 * x.mean(0))
    np.testing.assert_allclose(layer.running_var.data, 0.9 + 0.1 * x.var(0, ddof=1))
    layer.weight.data, layer.bias.data = x.std(0), x.mean(0)  # γ and β may undo it
    np.testing.assert_allclose(layer(Tensor(x)).data, x, rtol=1e-12)


def test_batch_norm_in_evaluation_is_of_each_example_alone_and_learns_nothing():
    layer = nn.BatchNorm2d(2, rng=None) if False else nn.BatchNorm2d(2, dtype=np.float64)
    x = np.random.default_rng(0).normal(2.0, 3.0, size=(5, 2, 4, 4))
    for _ in range(200):
        layer(x)
    state = layer.eval().state_dict()
    np.testing.assert_allclose(layer(x[:1]).data, layer(x).data[:1])
    assert abs(layer(x).data.mean()) < 1e-6  # the running statistics have arrived
    assert all(np.array_equal(state[key], value) for key, value in layer.state_dict().items())


def test_dropout_is_inverted_and_in_training_only():
    layer = nn.Dropout(0.25, rng=0)
    x = Tensor(np.ones(100_000))
    y = layer(x)
    assert set(np.unique(y.data)) == {0.0, 1 / 0.75}
    assert y.data.mean() == pytest.approx(1.0, abs=4 * np.sqrt(0.25 / 0.75 / 1e5))  # what is expected stays the same
    np.testing.assert_array_equal(gradient(y.sum(), x), y.data)  # the gradient passes where the value did
    assert layer.eval()(x) is x


def test_prelu_learns_the_slope():
    layer = nn.PReLU(dtype=np.float64)
    np.testing.assert_array_equal(layer(np.array([-2.0, 4.0])).data, [-0.5, 4.0])
    assert gradient(layer(np.array([-2.0, 4.0])).sum(), layer.weight).tolist() == [-2.0]


def test_softmax_is_positive_and_sums_to_1():
    y = nn.Softmax()(Tensor(np.random.default_rng(0).normal(0, 50, size=(20, 10)))).data
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(1), 1.0, rtol=1e-14)


def test_training_through_a_step_warns_that_it_stops_there():
    x = Tensor([1.0, -1.0])
    with pytest.warns(NoDerivativeWarning, match="a gradient stops at step"):
        nn.Step()(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


# ── recurrent layers ─────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("kind, factor", [(nn.RNN, 0.5), (nn.RNN, 1.5)])
def test_a_gradient_through_time_vanishes_or_explodes_with_the_weight(kind, factor):
    layer = kind(1, 1, nonlinearity="relu", bias=False, dtype=np.float64)
    layer.load_state_dict({"weight_ih_l0": [[1.0]], "weight_hh_l0": [[factor]]})
    x = Tensor(np.ones((20, 1)))
    output, _ = layer(x)
    slopes = gradient(output[19].sum(), x)[:, 0]
    np.testing.assert_allclose(slopes, factor ** np.arange(19, -1, -1), rtol=1e-12)


def test_an_open_lstm_carries_its_cell_for_ever():
    layer = nn.LSTM(1, 1, dtype=np.float64)
    layer.load_state_dict({"weight_ih_l0": np.zeros((4, 1)), "weight_hh_l0": np.zeros((4, 1)),
                           "bias_ih_l0": [-50.0, 50.0, 0.0, 50.0], "bias_hh_l0": np.zeros(4)})  # nothing in, nothing forgotten
    c = Tensor(np.full((1, 1, 1), 0.7))
    _, (_, last) = layer(np.zeros((100, 1, 1)), (np.zeros((1, 1, 1)), c))
    assert last.item() == pytest.approx(0.7, rel=1e-12)
    assert gradient(last.sum(), c).item() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("size", [1.0, 300.0])
def test_the_walk_of_an_lstm_as_one_operation_is_its_steps(size):
    layer = nn.LSTM(3, 4, num_layers=2, bidirectional=True, rng=0, dtype=np.float64)
    rng = np.random.default_rng(1)
    x, h, c = (Tensor(rng.normal(size=shape) * size) for shape in ((6, 2, 3), (4, 2, 4), (4, 2, 4)))
    seed = rng.normal(size=(6, 2, 8))
    found = []
    for layer.stepwise in (False, True):
        output, (last, cells) = layer(x, (h, c))
        loss = (output * seed).sum() + (last * cells).sum()
        found.append([output.data, last.data, cells.data, *gradient(loss, [x, h, c, *layer.parameters()])])
    for whole, steps in zip(*found, strict=True):
        assert np.isfinite(whole).all()
        np.testing.assert_allclose(whole, steps, rtol=1e-12, atol=1e-12 * size)


def test_zoom_opens_the_walk_of_an_lstm_into_its_gates():
    layer = nn.LSTM(1, 1, rng=0, dtype=np.float64)
    moments, weight, h, c = (Tensor(a) for a in (np.ones((2, 1, 4)), np.ones((1, 4)), np.full((1, 1), 0.5), np.full((1, 1), -0.5)))
    walk = lstm(moments, weight, h, c, cache={})
    opened = viz.zoom(walk, seed=np.arange(1.0, 5.0).reshape(walk.shape))
    assert opened.difference < 1e-14 and sum(node.op == "tanh" for node in topological(*opened)) == 4
    output, _ = layer(np.ones((3, 1, 1)))
    assert viz.zoom(output, [layer.weight_hh_l0]).difference < 1e-14


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_sequence_in_two_halves_with_the_state_handed_on_is_the_sequence(kind):
    layer = getattr(nn, kind)(3, 4, num_layers=2, rng=0, dtype=np.float64)
    x = np.random.default_rng(0).normal(size=(6, 2, 3))
    whole, last = layer(x)
    first, state = layer(x[:4])
    second, end = layer(x[4:], state)
    np.testing.assert_allclose(np.concatenate([first.data, second.data]), whole.data, rtol=1e-13)
    for a, b in zip(flat(last), flat(end), strict=True):
        np.testing.assert_allclose(a.data, b.data, rtol=1e-13)


def test_dropout_between_recurrent_layers_is_in_training_only():
    layer = nn.RNN(2, 50, num_layers=2, dropout=0.5, rng=0)
    x = np.ones((3, 2), np.float32)
    assert not np.array_equal(layer(x)[0].data, layer(x)[0].data)
    layer.eval()
    assert np.array_equal(layer(x)[0].data, layer(x)[0].data)


# ── how layers start ─────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("make_layer, bound", [
    (lambda rng: nn.Linear(100, 50, rng=rng), 0.1),
    (lambda rng: nn.Conv2d(4, 50, 5, rng=rng), 0.1),
    (lambda rng: nn.Conv1d(8, 50, 25, groups=2, rng=rng), 0.1),
    (lambda rng: nn.GRU(7, 100, rng=rng), 0.1),
    (lambda rng: nn.Maxout(100, 20, 3, rng=rng), 0.1),
])
def test_weights_start_uniform_within_one_over_root_fan_in_as_pytorch_s_do(make_layer, bound):
    for parameter in make_layer(0).parameters():
        assert parameter.dtype == np.float32
        assert 0.9 * bound < np.abs(parameter.data).max() <= bound * (1 + 1e-6)
        assert parameter.data.std() == pytest.approx(bound / np.sqrt(3), rel=0.25)


def test_one_seed_gives_the_same_bits_and_one_generator_different_layers():
    def model(seed):
        rng = np.random.default_rng(seed)
        return nn.Sequential(nn.Conv2d(1, 2, 3, rng=rng), nn.Flatten(), nn.Linear(8, 8, rng=rng), nn.Dropout(rng=rng),
                             nn.Linear(8, 8, rng=rng))
    x = np.ones((3, 1, 4, 4), np.float32)
    first, again, other = model(7), model(7), model(8)
    assert first(x).data.tobytes() == again(x).data.tobytes() != other(x).data.tobytes()
    assert not np.array_equal(first[2].weight.data, first[4].weight.data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_computes_in_the_dtype_it_was_made_with(dtype):
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0, dtype=dtype), nn.BatchNorm2d(2, dtype=dtype), nn.PReLU(dtype=dtype),
                          nn.MaxPool2d(2), nn.Dropout(0.5, rng=0), nn.Flatten(), nn.LayerNorm(8, dtype=dtype),
                          nn.Linear(8, 3, rng=0, dtype=dtype))
    loss = nn.cross_entropy(model(np.zeros((4, 1, 6, 6), dtype)), np.array([0, 1, 2, 0]))
    loss.backward()
    assert loss.dtype == dtype
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(dtype)}
    assert {p.dtype for p in model.parameters()} == {np.dtype(dtype)}


# ── numbers and arrays: one description ──────────────────────────────────────────────────────────────────────────

activations = st.sampled_from(["tanh", "relu", "sigmoid", "identity", "leaky_relu", "elu", "softplus", "sin", "step"])


@settings(max_examples=30)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), activations, activations, st.integers(0, 2**32 - 1))
def test_a_network_of_numbers_and_its_twin_of_arrays_agree_there_and_back(sizes, activation, output, seed):
    numbers = nn.MLP(sizes[0], sizes[1:], activation, output, rng=seed)
    arrays = numbers.to_tensors()
    x = np.random.default_rng(seed).normal(size=sizes[0])
    y = numbers(x.tolist())
    np.testing.assert_allclose(arrays(x[None]).data[0], [v.data for v in y], rtol=1e-12, atol=1e-14)
    if "step" not in (activation, output):
        slopes = gradient(sum(v * v for v in y), list(numbers.parameters()))
        z = arrays(x[None])
        found = iter(gradient((z * z).sum(), list(arrays.parameters())))
        twin = []
        for weight, bias in zip(found, found, strict=True):
            for row, offset in zip(weight, bias, strict=True):
                twin += [*row, offset]
        np.testing.assert_allclose(twin, slopes, rtol=1e-11, atol=1e-13)
    back = nn.MLP.from_tensors(arrays)
    assert repr(back) == repr(numbers)
    assert [p.data for p in back.parameters()] == [p.data for p in numbers.parameters()]


def test_an_activation_with_an_option_of_its_own_keeps_it_on_the_way_to_numbers_and_back():
    arrays = nn.Sequential(nn.Linear(2, 3, rng=0, dtype=np.float64), nn.LeakyReLU(0.3), nn.Linear(3, 1, rng=1, dtype=np.float64))
    numbers = nn.MLP.from_tensors(arrays)
    x = [-1.0, 2.0]
    assert numbers(x)[0].data == pytest.approx(arrays(np.array([x])).item(), rel=1e-14)
    assert repr(numbers.to_tensors()) == repr(arrays)


@pytest.mark.parametrize("model, error, message", [
    (nn.Sequential(nn.Linear(2, 2, bias=False)), ValueError, "has no bias; a neuron has one"),
    (nn.Sequential(nn.Linear(2, 2), nn.Softmax()), TypeError, "Softmax.* is not an activation of single numbers"),
    (nn.Sequential(nn.Flatten(), nn.Linear(2, 2)), TypeError, "layer 0 is Flatten"),
    (nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Tanh()), TypeError, "layer 2 is Tanh.*at most one activation"),
    (nn.Sequential(), ValueError, "the model has no layers"),
])
def test_what_cannot_go_through_single_numbers_is_refused(model, error, message):
    with pytest.raises(error, match=message):
        nn.MLP.from_tensors(model)


def test_activations_work_on_numbers_too():
    for module in (nn.ReLU(), nn.Tanh(), nn.LeakyReLU(), nn.ELU(), nn.Softplus(2.0), nn.Activation(lambda x: x * 3)):
        assert module(Value(0.7)).data == pytest.approx(module(Tensor([0.7])).item(), rel=1e-15)


# ── containers, scopes, errors ───────────────────────────────────────────────────────────────────────────────────

def test_sequential_numbers_names_slices_and_iterates():
    model = nn.Sequential({"first": nn.Linear(2, 3), "squash": nn.Tanh()})
    assert [name for name, _ in model.named_parameters()] == ["first.weight", "first.bias"]
    assert model[0] is model.first and model[-1] is model.squash and len(model) == 2 and list(model) == [model[0], model[1]]
    assert repr(model[:1]) == "Sequential(\n  (first): Linear(2, 3)\n)"
    with pytest.raises(TypeError, match=r"Sequential takes modules; got Operation .*Activation\(function\)"):
        nn.Sequential(nn.Linear(2, 3), __import__("autograd").tanh)
    with pytest.raises(ValueError, match="cannot name a module 'forward'"):
        nn.Sequential({"forward": nn.Tanh()})


def test_every_layer_and_loss_is_a_scope():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 2, rng=0))
    loss = nn.cross_entropy(model(np.ones((1, 2), np.float32)), [1])
    paths = [node.scope.path for node in topological(loss) if node.inputs]
    assert list(dict.fromkeys(paths)) == ["Sequential/Linear 0", "Sequential/Tanh 1", "Sequential/Linear 2", "cross_entropy"]


def test_an_error_names_the_layer():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(2, 1))
    with pytest.raises(ValueError, match=r"linear\(.*\(5, 3\), weight \(1, 2\).* in Sequential/Linear 2.*\(out, in\)"):
        model(np.ones((5, 4)))


@pytest.mark.parametrize("wrong, error, message", [
    (lambda: nn.Linear(0, 3), ValueError, "Linear: in_features=0; it must be a whole number, 1 or more"),
    (lambda: nn.Linear(2.5, 3), ValueError, "in_features=2.5; it must be a whole number"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "in_channels=3 and out_channels=4 must be divisible by groups=2"),
    (lambda: nn.Conv2d(1, 1, 5)(np.zeros((1, 1, 3, 3))), ValueError, r"a window of 5 .* does not fit: N=3"),
    (lambda: nn.Conv2d(1, 1, 3)(np.zeros((1, 2, 5, 5))), ValueError, r"images \(1, 2, 5, 5\) and filters \(1, 1, 3, 3\)"),
    (lambda: nn.BatchNorm1d(3)(np.zeros((1, 3))), ValueError, "one value per channel.*drop_last=True.* eval mode"),
    (lambda: nn.BatchNorm1d(3)(np.zeros((2, 4))), ValueError, r"BatchNorm1d\(3\): the input has shape \(2, 4\); it needs 3"),
    (lambda: nn.BatchNorm2d(3)(np.zeros((2, 3))), ValueError, "and 4 axes"),
    (lambda: nn.LayerNorm(3)(np.zeros((2, 4))), ValueError, r"normalized_shape \(3,\) must be the last axes"),
    (lambda: nn.Dropout(1.5), ValueError, "p=1.5 must be a probability"),
    (lambda: nn.Embedding(3, 2)([3]), ValueError, r"index\[0\] is 3, out of range for 3 rows; indices go from 0 to 2"),
    (lambda: nn.Embedding(3, 2)([-1]), ValueError, r"index\[0\] is -1, out of range for 3 rows"),
    (lambda: nn.Embedding(3, 2)([1.0]), TypeError, "indices must be integers, not float64"),
    (lambda: nn.PReLU(3)(np.zeros((2, 4))), ValueError, r"PReLU\(3\): the input has shape \(2, 4\)"),
    (lambda: nn.RNN(3, 2)(np.zeros((5, 4))), ValueError, r"RNN: the input has shape \(5, 4\).*in = 3"),
    (lambda: nn.RNN(3, 2)(np.zeros((5, 1, 3)), np.zeros((1, 2, 2))), ValueError, r"shape \(1, 2, 2\).*must be \(1, 1, 2\)"),
    (lambda: nn.LSTM(3, 2, dropout=1.5), ValueError, "LSTM: dropout=1.5 must be a probability"),
    (lambda: nn.RNN(3, 2, nonlinearity="sin"), ValueError, "nonlinearity='sin'; it must be 'tanh' or 'relu'"),
])
def test_what_does_not_fit_is_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


def test_every_layer_is_copied_and_pickled_with_its_name_in_nn():
    assert dir(nn) == nn.__all__
    for name in nn.__all__:
        kind = getattr(nn, name)
        if isinstance(kind, type) and kind.__module__ in ("nn.layers", "nn.activations"):
            assert issubclass(kind, nn.Module) and kind.__doc__ and getattr(layers, name) is kind
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2, rng=0))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        x = np.random.default_rng(0).normal(size=(3, 1, 4, 4)).astype(np.float32)
        assert np.array_equal(twin.eval()(x).data, model.eval()(x).data)
        twin[3].weight.data[:] = 0.0
        assert model[3].weight.data.any()
        assert [name for name, _ in twin.named_buffers()] == [name for name, _ in model.named_buffers()]


def test_the_row_for_padding_starts_at_zero_and_stays_there():
    layer = nn.Embedding(4, 3, -3, rng=0)
    assert not layer.weight.data[1].any() and layer.weight.data[[0, 2, 3]].all()
    assert repr(layer) == "Embedding(4, 3, padding_idx=-3)"
    layer.weight.data[1] = 5.0
    out = layer(np.array([[0, 1], [1, 3]]))
    assert (out.data[0, 1] == 5.0).all()
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[1.0] * 3, [0.0] * 3, [0.0] * 3, [1.0] * 3]
    with pytest.raises(ValueError, match="padding_idx=4 is out of range for 4 rows"):
        nn.Embedding(4, 3, 4)


def test_a_window_of_one_that_is_spread_has_no_gradient_from_nowhere():
    """Once, contributions were added to gradient entries that were never initialised."""
    x = Tensor(np.arange(8.0).reshape(1, 1, 2, 4))
    junk = [np.full(x.shape, 1e30) for _ in range(50)]
    del junk
    nn.MaxPool2d(1, dilation=2)(x).sum().backward()
    assert (x.grad == 1).all()


def test_signals_take_windows_given_as_tuples_of_one():
    x = np.arange(9.0).reshape(1, 1, 9)
    assert np.array_equal(nn.MaxPool1d((3,), (2,), (1,))(Tensor(x)).data, nn.MaxPool1d(3, 2, 1)(Tensor(x)).data)


def test_same_padding_with_a_stride_is_refused_when_the_layer_is_made():
    with pytest.raises(ValueError, match=r"Conv2d: padding='same' needs stride 1, not \(2, 2\)"):
        nn.Conv2d(1, 1, 3, 2, "same")


INTEGERS = [
    (lambda n: nn.Linear(n(3), n(2), rng=0), (5, 3)), (lambda n: nn.Maxout(n(3), n(2), n(2), rng=0), (5, 3)),
    (lambda n: nn.Conv2d(n(1), n(2), n(3), n(2), n(1), n(1), n(1), rng=0), (2, 1, 7, 7)),
    (lambda n: nn.Conv2d(1, 2, (n(3), n(2)), padding=((n(1), n(0)), (n(2), n(1))), rng=0), (2, 1, 7, 7)),
    (lambda n: nn.Conv1d(n(1), n(2), n(3), n(2), n(1), rng=0), (2, 1, 7)),
    (lambda n: nn.MaxPool2d(n(2), n(2), n(1), n(1)), (2, 1, 7, 7)), (lambda n: nn.MaxPool1d(n(2), n(2), n(1), n(1)), (2, 1, 7)),
    (lambda n: nn.AvgPool2d((n(2), n(3)), n(2), n(1)), (2, 1, 7, 7)), (lambda n: nn.LayerNorm(n(3)), (2, 3)),
    (lambda n: nn.LayerNorm((n(2), n(3))), (4, 2, 3)), (lambda n: nn.BatchNorm1d(n(3)), (4, 3)),
    (lambda n: nn.PReLU(n(3)), (4, 3)), (lambda n: nn.Flatten(n(1), n(-1)), (2, 3, 4)), (lambda n: nn.Softmax(n(-1)), (2, 3)),
    (lambda n: nn.LSTM(n(3), n(2), n(2), rng=0), (4, 2, 3)),
]


@pytest.mark.parametrize("build, shape", INTEGERS)
def test_numpys_integers_are_integers(build, shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected, layer = build(int), build(np.int64)
    assert repr(layer) == repr(expected) and layer.state_dict().keys() == expected.state_dict().keys()
    for y, wanted in zip(flat(layer(x)), flat(expected(x)), strict=True):
        np.testing.assert_array_equal(plain(y), plain(wanted))


def plain(y):
    return y.data if isinstance(y, Tensor) else y


def test_numpys_integers_are_integers_in_networks_of_numbers_and_tables():
    n = np.int64
    assert repr(nn.MLP(n(2), [n(3), n(1)], rng=0)) == repr(nn.MLP(2, [3, 1], rng=0))
    layer = nn.Embedding(n(4), n(3), n(1), rng=0)
    assert repr(layer) == "Embedding(4, 3, padding_idx=1)" and layer(np.array([0, 1], np.uint8)).shape == (2, 3)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "3", None, True + 0.5])
@pytest.mark.parametrize("build", [lambda n: nn.Linear(n, 2), lambda n: nn.Conv2d(1, n, 3), lambda n: nn.Conv2d(1, 2, n),
                                   lambda n: nn.LayerNorm((n,)), lambda n: nn.BatchNorm1d(n), lambda n: nn.RNN(2, n), nn.PReLU])
def test_sizes_that_are_none_are_refused(build, wrong):
    with pytest.raises(ValueError, match=r"whole number"):
        build(wrong)


def test_flatten_takes_axes_that_are_there():
    """As in PyTorch, a single number has one axis to flatten."""
    assert nn.Flatten(0)(Tensor(3.0)).tolist() == nn.Flatten(0)(3.0).tolist() == [3.0]
    with pytest.raises(IndexError, match=r"Flatten: start_dim=1 is out of range for an input of shape \(\); a number"):
        nn.Flatten()(Tensor(3.0))
    with pytest.raises(IndexError, match=r"Flatten: end_dim=3 is out of range for an input of shape \(2, 3\)"):
        nn.Flatten(0, 3)(np.ones((2, 3)))
    with pytest.raises(ValueError, match="Flatten: start_dim=2 comes after end_dim=1"):
        nn.Flatten(2, 1)(np.ones((2, 3, 4)))


def test_a_last_batch_of_one_names_the_remedy():
    with pytest.raises(ValueError, match="Drop such a last batch, with drop_last=True of DataLoader or fit"):
        nn.BatchNorm1d(3)(np.ones((1, 3)))


def test_a_layer_of_whole_numbers_computes_in_floats():
    pixels = np.full((2, 1, 4, 4), 200, np.uint8)
    model = nn.Sequential(nn.AvgPool2d(2), nn.BatchNorm2d(1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1, 2, rng=0))
    assert np.array_equal(model(pixels).data, model(pixels.astype(float)).data)
    assert nn.Conv2d(1, 1, 2, rng=0)(pixels).dtype == np.float32
