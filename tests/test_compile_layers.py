"""Layers that are one instruction of the native interpreter, in single precision, against the same layers as they are."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, compile

from .backends import BACKENDS


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def agree(layer, function, *xs, backend, calls=2):
    """Values and all gradients of a program are those of the function: to the rounding of single precision."""
    program = compile(function, backend=backend)
    leaves = [*layer.parameters()]
    for _ in range(calls):
        kept = {name: np.array(x) for name, x in layer.state_dict().items()}
        for leaf in leaves:
            leaf.grad = None
        got = program.backward(*xs)
        slopes, states = [leaf.grad for leaf in leaves], {name: np.array(x) for name, x in layer.state_dict().items()}
        layer.load_state_dict(kept)
        for leaf in leaves:
            leaf.grad = None
        wanted = function(*[Tensor(x, requires_grad=False) for x in xs])
        wanted.backward()
        assert got == pytest.approx(wanted.item(), rel=2e-5)
        largest = max(np.abs(leaf.grad).max() for leaf in leaves)  # some gradients are 0 but for rounding
        for mine, leaf in zip(slopes, leaves, strict=True):
            assert mine.shape == leaf.shape and mine.dtype == leaf.grad.dtype
            np.testing.assert_allclose(mine, leaf.grad, rtol=2e-4, atol=2e-5 * largest)
        for name, x in layer.state_dict().items():  # running statistics move alike
            np.testing.assert_allclose(states[name], np.array(x), rtol=2e-5, atol=2e-6)
    assert program.backend == backend


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("steps, rows, inputs, units", [(1, 1, 3, 2), (5, 3, 4, 7), (6, 4, 8, 16), (9, 5, 8, 33)])
def test_lstm(backend, steps, rows, inputs, units):
    layer = nn.LSTM(inputs, units, rng=0)
    agree(layer, lambda x: (layer(x)[0] ** 2).sum(), draw(1, steps, rows, inputs), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_lstm_whose_states_and_inputs_take_gradients(backend):
    layer = nn.LSTM(3, 6, num_layers=2, bidirectional=True, rng=0)

    def f(x, h, c):
        out, (hn, cn) = layer(x, (h, c))
        return (out * out).sum() + (hn * cn).sum() + (x * x).sum() + (h * c).sum()
    xs = draw(1, 5, 4, 3), draw(2, 4, 4, 6), draw(3, 4, 4, 6)
    program = compile(f, backend=backend)
    from autograd import value_and_grad
    got, wanted = program.value_and_grad(*xs, argnums=(0, 1, 2)), value_and_grad(f, (0, 1, 2))(*xs)
    assert got[0] == pytest.approx(float(wanted[0]), rel=2e-5)
    for mine, theirs in zip(got[1], wanted[1], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=2e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scale", [30.0, 300.0])
def test_lstm_whose_gates_are_open_or_closed(backend, scale):
    layer = nn.LSTM(4, 5, rng=0)
    agree(layer, lambda x: layer(x)[0].sum(), scale * draw(1, 4, 3, 4), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batch, channels, size", [(2, 3, 4), (7, 2, 6), (70, 2, 4)])
def test_convolutions_with_batch_norm_and_max_pooling(backend, batch, channels, size):
    layer = nn.Sequential(nn.Conv2d(channels, 4, 3, padding=1, rng=0), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(4, 3, 3, padding=1, rng=1), nn.BatchNorm2d(3))
    agree(layer, lambda x: (layer(x) ** 3).sum(), draw(1, batch, channels, size, size), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kernel, stride", [(2, 2), ((1, 2), (1, 2)), (3, 3), (3, 1), (2, 1)])
def test_max_pooling_with_equal_entries(backend, kernel, stride):
    layer = nn.Conv2d(2, 3, 1, rng=0)
    x = np.random.default_rng(0).integers(0, 3, (5, 2, 6, 6)).astype(np.float32)  # many are equal: the first takes the gradient

    def f(x):
        pooled = F.max_pool2d(layer(x), kernel, stride)
        return (pooled * pooled + pooled).sum()
    agree(layer, f, x, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pooled_image_that_is_used_twice(backend):
    layer = nn.Conv2d(2, 3, 1, rng=0)

    def f(x):
        image = layer(x)
        return (F.max_pool2d(image, 2) ** 2).sum() + (image ** 3).sum()
    agree(layer, f, draw(0, 4, 2, 4, 4), backend=backend)
