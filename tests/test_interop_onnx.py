"""nn.interop.onnx: onnxruntime computes what the network computes, for batches of other sizes than the example's."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor, concatenate, stack, where
from nn.interop.onnx import ExportError, export

from .data.known_networks import FILE, NETWORKS, weights

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)
VECTORS, IMAGES, SERIES = (8,), (4, 8, 8), (5, 8)  # the shape of one example
ROWS = [nn.Linear(8, 3), nn.Linear(8, 3, bias=False), nn.Maxout(8, 3), nn.BatchNorm1d(8), nn.LayerNorm(8), nn.Dropout(0.5),
        nn.Identity(), nn.Unflatten(1, (2, 4)), nn.GroupNorm(2, 8)]
ACTIVATIONS = [nn.ReLU(), nn.Sigmoid(), nn.Tanh(), nn.Step(), nn.LeakyReLU(0.1), nn.PReLU(), nn.ELU(0.7), nn.Softplus(),
               nn.Softplus(2.0), nn.SiLU(), nn.GELU(), nn.GELU("tanh"), nn.Softmax(-1), nn.LogSoftmax(-1)]
PICTURES = [
    nn.Conv2d(4, 6, 3), nn.Conv2d(4, 6, (3, 2), stride=2, padding=(1, 2), dilation=(1, 2), groups=2, bias=False),
    nn.Conv2d(4, 4, 3, padding="same"), nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1),
    nn.ConvTranspose2d(4, 6, 2, groups=2, bias=False), nn.MaxPool2d(2), nn.MaxPool2d(3, 2, padding=1), nn.AvgPool2d(2),
    nn.AvgPool2d(3, 2, padding=1), nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), nn.MaxPool2d(3, 2, ceil_mode=True),
    nn.AdaptiveAvgPool2d(1), nn.AdaptiveAvgPool2d((2, 4)), nn.AdaptiveAvgPool2d(3), nn.BatchNorm2d(4), nn.GroupNorm(2, 4),
    nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Flatten(), nn.Dropout2d(),
    nn.LayerNorm((4, 8, 8))]
SEQUENCES = [
    nn.Conv1d(5, 3, 3, padding=1), nn.MaxPool1d(2), nn.RNN(8, 3, batch_first=True), nn.LSTM(8, 3, num_layers=2, batch_first=True),
    nn.GRU(8, 3, bidirectional=True, batch_first=True), nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)]


def settled(model):
    """The network with random buffers, as after training, in evaluation mode."""
    for part in model.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            part.running_mean.data = RNG.normal(size=part.running_mean.shape).astype(np.float32)
            part.running_var.data = RNG.uniform(0.5, 2, part.running_var.shape).astype(np.float32)
    return model.eval()


def outputs(found):
    if isinstance(found, (tuple, list)):
        return [array for part in found for array in outputs(part)]
    return [found.array]


def agree(model, path, *examples, batch_axis=0, tolerance=1e-6):
    """Export with these examples, and compare on batches of 1 and of 7."""
    export(model, path, examples if len(examples) > 1 else examples[0], batch_axis)
    for n in (1, 7):
        batch = [np.take(x, RNG.integers(0, x.shape[batch_axis], n), batch_axis) for x in examples]
        batch = [x + RNG.normal(size=x.shape).astype(x.dtype) if x.dtype.kind == "f" else x for x in batch]
        found = run(path, *batch)
        wanted = outputs(model(*[Tensor(x) if x.dtype.kind == "f" else x for x in batch]))
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, abs(b).max()))


@pytest.mark.parametrize("layer, shape", [
    *((layer, VECTORS) for layer in ROWS + ACTIVATIONS), *((layer, IMAGES) for layer in PICTURES),
    *((layer, SERIES) for layer in SEQUENCES)], ids=str)
def test_onnxruntime_agrees_on_every_layer(tmp_path, layer, shape):
    agree(settled(layer), tmp_path / "a.onnx", RNG.normal(size=(3, *shape)).astype(np.float32))


# ── whole networks ───────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("name", NETWORKS)
def test_onnxruntime_agrees_on_known_networks_and_with_pytorchs_recorded_output(tmp_path, name):
    make, x = NETWORKS[name]
    model = make(nn, concatenate)
    state = model.state_dict()
    model.load_state_dict(state | weights({key: part.shape for key, part in state.items() if part.dtype.kind == "f"}))
    x = x.astype(np.float32 if x.dtype.kind == "f" else x.dtype)
    export(model, tmp_path / "a.onnx", x)
    batch = np.concatenate([x] * 3)
    found = run(tmp_path / "a.onnx", batch)[0]
    ours = model.eval()(Tensor(batch) if x.dtype.kind == "f" else batch).array
    np.testing.assert_allclose(found, ours, rtol=0, atol=2e-6 * abs(ours).max())  # both are up to 1.4e-6 from float64
    if not any(isinstance(part, (nn.BatchNorm2d, nn.Dropout)) for part in model.modules()):  # recorded in training mode
        wanted = np.concatenate([np.load(FILE)[f"{name} / output"]] * 3)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6 * abs(wanted).max())


@pytest.mark.parametrize("name", NETWORKS)
def test_onnxs_own_program_agrees_in_float64_on_batches_with_noise(tmp_path, name):
    from onnx.reference import ReferenceEvaluator
    make, x = NETWORKS[name]
    model = make(nn, concatenate).double()
    state = model.state_dict()
    model.load_state_dict(state | weights({key: part.shape for key, part in state.items() if part.dtype.kind == "f"}))
    export(model.eval(), tmp_path / "a.onnx", x)
    batch = np.concatenate([x] * 3)
    batch = batch + RNG.normal(size=batch.shape) if x.dtype.kind == "f" else RNG.permuted(batch, axis=1)
    found = ReferenceEvaluator(str(tmp_path / "a.onnx")).run(None, {"input_0": batch})[0]
    ours = model(Tensor(batch) if x.dtype.kind == "f" else batch).array
    rounding = 1e-8 if name == "transformer" else 1e-13  # its erf is computed in float32
    np.testing.assert_allclose(found, ours, rtol=0, atol=rounding * abs(ours).max())


@pytest.mark.parametrize("name", ["LSTM tagger"])  # onnxruntime has no convolution and no erf in float64
def test_onnxruntime_agrees_with_pytorchs_recorded_output_in_float64(tmp_path, name):
    make, x = NETWORKS[name]
    model = make(nn, concatenate).double()
    state = model.state_dict()
    model.load_state_dict(state | weights({key: part.shape for key, part in state.items() if part.dtype.kind == "f"}))
    export(model.train(), tmp_path / "a.onnx", x)
    assert model.training
    wanted = np.load(FILE)[f"{name} / output"]
    np.testing.assert_allclose(run(tmp_path / "a.onnx", np.concatenate([x] * 3))[0], np.concatenate([wanted] * 3), atol=1e-12)


def run(path, *batch):
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return session.run(None, {f"input_{i}": x for i, x in enumerate(batch)})


class Function(nn.Module):
    """A network that is one function."""

    def __init__(self, function):
        self.function = function

    def forward(self, *inputs):
        return self.function(*inputs)


CONSTANT = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize("function", [
    lambda x: x[:, 1:, ::-1] * 2 + 1, lambda x: x[:, -1], lambda x: x[..., None, 2], lambda x: x[:, [2, 0]], lambda x: x[:, 2:0:-1],
    lambda x: x.sum(axis=(1, 2)), lambda x: x.max(axis=-1), lambda x: x.mean(axis=1, keepdims=True), lambda x: x.reshape(-1, 4),
    lambda x: x.reshape(-1), lambda x: x.transpose(2, 0, 1), lambda x: x.T, lambda x: stack([x, x * x], axis=-1),
    lambda x: concatenate([x, x], axis=1), lambda x: ag.pad(x, ((0, 0), (1, 2), (0, 1))), lambda x: ag.flip(x, 2),
    lambda x: ag.cumsum(x, 1),
    lambda x: x @ x.swapaxes(1, 2), lambda x: ag.einsum("nij,nkj->nik", x, x), lambda x: where(CONSTANT > 0, x, -x),
    lambda x: ag.exp(x) / (1 + abs(x)) - CONSTANT, lambda x: ag.maximum(x, 0.5) ** 2, lambda x: ag.clip(x, -0.5, 0.5),
    lambda x: ag.logsumexp(x, axis=2), lambda x: ag.broadcast_to(x[:, :1], (len(x), 3, 4)), lambda x: ag.softmax(x, axis=1),
    lambda x: (x, [x[:, 0], x + 1]), lambda x: ag.sqrt(x * x + 1), lambda x: ag.squeeze(x[:, :1], 1)])
def test_onnxruntime_agrees_on_a_forward_written_by_hand(tmp_path, function):
    agree(Function(function), tmp_path / "a.onnx", RNG.normal(size=(2, 3, 4)).astype(np.float32))


def test_several_inputs(tmp_path):
    x, y = RNG.normal(size=(2, 3, 4)).astype(np.float32), RNG.normal(size=(2, 4)).astype(np.float32)
    agree(Function(lambda x, y: (x @ y[:, :, None])[..., 0]), tmp_path / "a.onnx", x, y)


@pytest.mark.parametrize("cell", [nn.RNNCell(4, 3), nn.GRUCell(4, 3), lambda x, h: nn.LSTMCell(4, 3, rng=0)(x, (h, h))])
def test_cells(tmp_path, cell):
    x, h = RNG.normal(size=(2, 4)).astype(np.float32), RNG.normal(size=(2, 3)).astype(np.float32)
    agree(Function(cell), tmp_path / "a.onnx", x, h)


def test_attention_of_one_sequence_to_another(tmp_path):
    query, key = RNG.normal(size=(2, 3, 8)).astype(np.float32), RNG.normal(size=(2, 5, 8)).astype(np.float32)
    attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    agree(Function(lambda q, k: attention(q, k, k)), tmp_path / "a.onnx", query, key)


def test_dtypes_that_a_network_mixes(tmp_path):
    wide = Tensor(np.array(1 / 3))
    agree(Function(lambda x: (x * wide, (x * wide).astype(np.float32) + x)), tmp_path / "a.onnx", CONSTANT)


@pytest.mark.parametrize("layer", [nn.LSTM(8, 3, bidirectional=True), nn.GRU(8, 3), nn.RNN(8, 3)], ids=str)
def test_a_batch_on_the_second_axis(tmp_path, layer):
    agree(layer, tmp_path / "a.onnx", RNG.normal(size=(5, 2, 8)).astype(np.float32), batch_axis=1)


def test_names_of_weights_and_the_batch_are_in_the_file(tmp_path):
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    export(model, tmp_path / "a.onnx")
    graph = onnx.load(tmp_path / "a.onnx").graph
    stored = {part.name: onnx.numpy_helper.to_array(part) for part in graph.initializer}
    assert stored.keys() == model.state_dict().keys()
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(stored[name], array)
    assert [node.op_type for node in graph.node] == ["Gemm", "Relu", "Gemm"]
    assert [axis.dim_param or axis.dim_value for axis in graph.input[0].type.tensor_type.shape.dim] == ["batch", 4]
    assert [axis.dim_param or axis.dim_value for axis in graph.output[0].type.tensor_type.shape.dim] == ["batch", 2]


# ── what cannot be exported ──────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("function, message", [
    (lambda x: x * x.array.max(), "depends on the numbers of the input"),
    (lambda x: x - x.mean(), "depends on the numbers of the input"),  # the number of examples is outside of the graph
    (lambda x: where(x.array > 0, x, -x), "differs between the examples"),
    (lambda x: x[x.array[:, 0] > 0], "no form in ONNX"),
    (lambda x: ag.roll(x, 1), "no operation for roll"),
    (lambda x: ag.exp(x) if len(x) == 2 else x, "other operations for another batch"),
    (lambda x: x.sum(axis=1) + np.arange(len(x)).astype(np.float32), "differs between the examples")])
def test_a_network_outside_of_onnx_is_refused_and_no_file_is_written(tmp_path, function, message):
    with pytest.raises(ExportError, match=message):
        export(Function(function), tmp_path / "a.onnx", RNG.normal(size=(2, 4)).astype(np.float32))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_example_is_asked_for(tmp_path):
    with pytest.raises(ExportError, match="give example="):
        export(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), tmp_path / "a.onnx")
    with pytest.raises(ExportError, match="axis 0"):
        export(nn.ReLU(), tmp_path / "a.onnx", 3.0)
    with pytest.raises(ExportError, match="single numbers"):
        export(nn.MLP(2, [3, 1]), tmp_path / "a.onnx", np.zeros((2, 2)))


def test_a_missing_package_is_named_with_its_pip_line():
    code = ("import sys, nn; sys.modules['onnx'] = None\ntry: nn.interop.onnx\nexcept ImportError as error: print(error)")
    assert "pip install 'chainrule[files]'" in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                                                               check=True).stdout
