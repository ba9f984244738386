"""What feeds and watches ``fit``: streams of batches, PyTorch's loaders and data sets, weights of examples, TensorBoard."""

from __future__ import annotations

import struct
import sys

import numpy as np
import pytest

import nn
from nn.data import DataLoader
from nn.train import TensorBoard, evaluate, fit

SOURCE = np.random.default_rng(0)
X, Y = SOURCE.normal(size=(60, 4)), SOURCE.integers(0, 3, 60)


def run(data, loss=nn.cross_entropy, model=None, epochs=2, **options):
    model = model or nn.Sequential(nn.Linear(4, 3, rng=0), nn.Tanh(), nn.Linear(3, 3, rng=1)).double()
    optimizer = nn.optim.Adam(model.named_parameters(), lr=0.05)
    history = fit(model, data, loss, optimizer, epochs=epochs, progress=False, **options)
    return history, np.concatenate([np.ravel(part) for part in model.state_dict().values()])


def pairs(size=16):
    return [(X[i:i + size], Y[i:i + size]) for i in range(0, 60, size)]


class Foreign:
    """An array of another library, as PyTorch's tensors are: NumPy can read it."""

    def __init__(self, array):
        self.array = array

    def __len__(self):
        return len(self.array)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)


class PyTorchLoader:
    """The form of PyTorch's loaders: a length, batches in lists, and a data set, but no places."""

    batch_size = 16

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return ([Foreign(part) for part in batch] for batch in self.batches)


class PyTorchDataset:
    """The form of PyTorch's data sets."""

    def __len__(self):
        return 60

    def __getitem__(self, i):
        return Foreign(X[i]), int(Y[i])

    def __add__(self, other):
        raise NotImplementedError


WHOLE = run(DataLoader((X, Y), 16))


@pytest.mark.parametrize(("stream", "steps"), [
    (PyTorchLoader(pairs()), None), (PyTorchLoader(pairs()), 4), (lambda: iter(pairs()), 4), (lambda: pairs(), 4),
    (iter(2 * pairs()), 4), (DataLoader(PyTorchDataset(), 16), None),
], ids=["loader", "loader and steps", "function", "list", "iterator", "data set"])
def test_a_stream_trains_as_its_batches(stream, steps):
    history, weights = run(stream, steps_per_epoch=steps)
    assert history.batches == WHOLE[0].batches
    np.testing.assert_array_equal(weights, WHOLE[1])


def test_a_stream_goes_on_where_an_epoch_ended():
    history, _ = run(PyTorchLoader(pairs()), epochs=4, steps_per_epoch=2)
    assert history.batches == WHOLE[0].batches
    assert len(history) == 4


def test_a_stream_in_another_precision_does_not_widen_the_network():
    model = nn.Linear(4, 3, rng=0)
    fit(model, PyTorchLoader(pairs()), nn.cross_entropy, nn.optim.SGD(model.parameters()), epochs=1, progress=False)
    assert model.weight.dtype == np.float32


def test_a_run_on_a_stream_resumes_the_same_to_the_bit(tmp_path):
    class Stop(nn.train.Callback):
        def on_step(self, run):
            if run.step == 6:
                raise KeyboardInterrupt

    for stream in PyTorchLoader(pairs()), lambda: iter(pairs()):
        path = tmp_path / str(callable(stream))
        with pytest.raises(KeyboardInterrupt):
            run(stream, epochs=3, steps_per_epoch=4, checkpoint=path, checkpoint_every=1, callbacks=[Stop()])
        rest = run(stream, epochs=3, steps_per_epoch=4, checkpoint=path, callbacks=[nn.train.Callback()], resume=True)
        assert rest[0].batches == run(stream, epochs=3, steps_per_epoch=4)[0].batches


def test_validation_data_may_be_a_loader_or_a_data_set_of_pytorchs_form():
    model = nn.Linear(4, 3, rng=0).double()
    wanted = evaluate(model, (X, Y), nn.cross_entropy)
    assert evaluate(model, PyTorchLoader(pairs()), nn.cross_entropy) == wanted
    assert evaluate(model, PyTorchDataset(), nn.cross_entropy) == wanted
    assert run((X, Y), validation=PyTorchLoader(pairs()), seed=0)[0].rows == run((X, Y), validation=(X, Y), seed=0)[0].rows


@pytest.mark.parametrize(("data", "options", "error", "message"), [
    (lambda: iter(pairs()), {}, ValueError, "has no length; give steps_per_epoch="),
    (iter(pairs()), {"steps_per_epoch": 3}, ValueError, "ended after 4 batches; give fewer epochs or steps_per_epoch"),
    (iter([X]), {"steps_per_epoch": 1}, TypeError, r"give pairs \(inputs, labels\)"),
    ((X, Y), {"steps_per_epoch": 3}, ValueError, "steps_per_epoch= is for streams"),
    (PyTorchLoader(pairs()), {"sample_weight": np.ones(60)}, ValueError, r"use DataLoader\(…, sample_weight=…\)"),
    ((X, Y), {"sample_weight": np.ones(59)}, ValueError, r"shape \(59,\) for 60 examples"),
    ((X, Y), {"sample_weight": -np.ones(60)}, ValueError, "0 or more"),
    ((X, Y), {"sample_weight": np.zeros(60)}, ValueError, "not all of them 0"),
    ((X, Y), {"sample_weight": np.ones(60), "loss": lambda scores, target: scores.mean()}, TypeError, "reduction"),
    (7, {}, TypeError, "data must be a pair"),
    (np.zeros((3, 2)), {}, TypeError, "data must be a pair"),
])
def test_what_cannot_feed_fit_is_refused_in_words(data, options, error, message):
    with pytest.raises(error, match=message):
        run(data, **options)


WEIGHT = SOURCE.integers(1, 4, 60)
REPEATED = np.repeat(X, WEIGHT, axis=0), np.repeat(Y, WEIGHT)


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.CrossEntropyLoss(label_smoothing=0.1)], ids=["function", "module"])
def test_an_example_of_weight_2_counts_as_two(loss):
    weighted, repeated = run((X, Y), loss, batch_size=60, sample_weight=WEIGHT), run(REPEATED, loss, batch_size=1000)
    assert weighted[0].batches == pytest.approx(repeated[0].batches, rel=1e-12)
    np.testing.assert_allclose(weighted[1], repeated[1], rtol=1e-9)
    model = nn.Linear(4, 3, rng=0).double()
    loader = DataLoader((X, Y), sample_weight=WEIGHT)
    assert evaluate(model, loader, loss) == pytest.approx(evaluate(model, REPEATED, loss), rel=1e-12)


def test_weights_of_a_network_of_single_numbers():
    losses = [run(data, nn.mse_loss, nn.MLP(4, [3, 1], rng=0), batch_size=1000, **options)[0].batches for data, options in (
        ((X, Y[:, None] * 1.0), {"sample_weight": WEIGHT}), ((REPEATED[0], REPEATED[1][:, None] * 1.0), {}))]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


def test_weights_come_with_the_batches_of_a_stream():
    weight = WEIGHT / WEIGHT.mean()
    found = run(iter([(X, Y, weight)] * 2), steps_per_epoch=1)
    np.testing.assert_array_equal(found[1], run(DataLoader((X, Y), 60, sample_weight=WEIGHT))[1])


def events(folder):
    """The records of TensorBoard's files: a length, a checksum, the content, a checksum."""
    from tensorboardX.proto.event_pb2 import Event
    for path in sorted(folder.iterdir()):
        content, place = path.read_bytes(), 0
        while place < len(content):
            size = struct.unpack("<Q", content[place:place + 8])[0]
            yield Event.FromString(content[place + 12:place + 12 + size])
            place += size + 16


def test_tensorboard_shows_the_history(tmp_path):
    pytest.importorskip("tensorboardX")
    history, _ = run((X, Y), batch_size=16, validation=(X, Y), seed=0, callbacks=[TensorBoard(tmp_path)])
    scalars, histograms = {}, set()
    for event in events(tmp_path):
        for value in event.summary.value:
            if value.HasField("histo"):
                histograms.add(value.tag)
            else:
                scalars.setdefault(value.tag, []).append((event.step, value.simple_value))
    assert scalars["loss/batch"] == [(i, pytest.approx(loss, rel=1e-6)) for i, loss in enumerate(history.batches, 1)]
    for tag, column in ("loss/training", "loss"), ("loss/validation", "validation loss"), ("lr", "lr"):
        assert scalars[tag] == [(i, pytest.approx(value, rel=1e-6)) for i, value in enumerate(history[column], 1)]
    assert histograms == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_a_missing_writer_is_named_with_its_pip_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'chainrule\[tensorboard\]'"):
        TensorBoard(tmp_path)
