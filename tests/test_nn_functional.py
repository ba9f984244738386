"""Losses, convolution, pooling and normalisation: PyTorch's recorded numbers, float32, and errors."""

from __future__ import annotations

import math
import os
import pickle
import platform
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import nn.functional as F
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import Tensor, grad, gradient, hvp
from autograd.arrays import correlation, functions
from autograd.graph import topological

from .data.make_torch_numbers import CASES, NUMBERS, X, wave
from .test_arrays_functions import check_derivatives

inf, nan = float("inf"), float("nan")


@pytest.fixture(scope="module")
def numbers() -> dict[str, np.ndarray]:
    with np.load(NUMBERS) as recorded:
        return dict(recorded)


def close(got: Any, wanted: np.ndarray, tolerance: float = 1e-12) -> None:
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * max(1.0, np.abs(wanted).max(initial=0)))


def test_all_cases_are_recorded(numbers: dict[str, np.ndarray]) -> None:
    recorded = {name for name in numbers if " / " not in name} - {"running mean", "running variance"}
    assert recorded == set(CASES), "run python tests/data/make_torch_numbers.py again"


@pytest.mark.parametrize("name", CASES)
def test_pytorchs_values_and_gradients(name: str, numbers: dict[str, np.ndarray]) -> None:
    call, xs = CASES[name]
    leaves = [Tensor(x) for x in xs]
    y = call(F, np.asarray, *leaves)
    close(y.data, numbers[name])
    close(call(F, np.asarray, *xs), numbers[name])  # on plain arrays
    if name == "bce held logs":  # PyTorch's gradient divides by at least 1e-12 there; ours is that of the value
        return
    y.backward(wave(*y.shape, seed=9))
    for i, leaf in enumerate(leaves):
        close(leaf.grad, numbers[f"{name} / gradient {i}"])
    recorded = gradient(call(F, np.asarray, *leaves), leaves, seed=wave(*y.shape, seed=9), create_graph=True)
    for i, g in enumerate(recorded):
        close(g.data, numbers[f"{name} / gradient {i}"])


FAR = {"cross_entropy far out", "bce logits far out", "bce held logs", "log_softmax"}


@pytest.mark.parametrize("name", [name for name in CASES if name not in FAR])
def test_float32_stays_float32(name: str, numbers: dict[str, np.ndarray]) -> None:
    def narrow(x: np.ndarray) -> np.ndarray:
        return x.astype(np.float32) if x.dtype == np.float64 else x

    call, xs = CASES[name]
    leaves = [Tensor(narrow(x)) for x in xs]
    y = call(F, narrow, *leaves)
    y.backward(wave(*y.shape, seed=9))
    close(y.data, numbers[name], 1e-4)
    for node in topological(y):
        assert node.dtype == np.float32, node
        assert node.grad.dtype == np.float32, node
    for i, leaf in enumerate(leaves):
        close(leaf.grad, numbers[f"{name} / gradient {i}"], 1e-3)


@pytest.mark.parametrize("name",
    [name for name in CASES if name not in FAR and "ties" not in name and "equal" not in name])
def test_second_order_by_every_way(name: str) -> None:
    call, xs = CASES[name]
    xs = tuple(x[:2] if x.shape[0] == 2 and x.ndim == 4 else x for x in xs)

    def f(*xs: Any) -> Any:
        return functions.sum(y * y) if (y := call(F, np.asarray, *xs)).shape else y * y
    vs = tuple(wave(*x.shape, seed=4) for x in xs)
    places = tuple(range(len(xs)))
    forward_over_reverse = hvp(f, xs, vs)
    reverse_over_reverse = grad(lambda *xs: sum(functions.sum(g * v) for g, v in zip(grad(f, places)(*xs), vs)),
        places)(*xs)
    for a, b in zip(forward_over_reverse, reverse_over_reverse):
        close(a, b, 1e-11)


@pytest.mark.parametrize("name",
    ["conv2d pairs", "conv2d groups", "max_pool2d overlap padding", "avg_pool2d without padding", "batch_norm training",
                                  "layer_norm two axes", "cross_entropy weight, mean", "bce_with_logits weights, none",
                                      "conv1d all"])
def test_derivatives_against_differences(name: str) -> None:
    call, xs = CASES[name]
    check_derivatives(lambda *xs: call(F, np.asarray, *xs), *xs, tolerance=1e-7)


def test_running_arrays_move_in_place_as_pytorchs(numbers: dict[str, np.ndarray]) -> None:
    mean, variance = np.zeros(4), np.ones(4)
    for x in (X, 2 * X + 1):
        F.batch_norm(Tensor(x), mean, variance, training=True, momentum=0.3)
    close(mean, numbers["running mean"])
    close(variance, numbers["running variance"])
    before = mean.copy()
    F.batch_norm(Tensor(X), mean, variance)
    assert np.array_equal(mean, before)


def test_running_arrays_are_not_part_of_the_graph() -> None:
    mean, variance, x = np.zeros(4), np.ones(4), Tensor(X)
    y = F.batch_norm(x, mean, variance)
    mean += 100.0
    variance *= 100.0
    y.backward(np.ones(y.shape))
    np.testing.assert_allclose(x.grad, 1 / np.sqrt(1 + 1e-5))


def test_hinge_loss_of_the_course() -> None:
    """The three images of CS231n's lecture: losses 2.9, 0 and 12.9, whose mean is 5.27."""
    scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    labels = np.array([0, 1, 2])
    assert F.hinge_loss(Tensor(scores), labels, reduction="none").data == pytest.approx([2.9, 0.0, 12.9])
    x = Tensor(scores)
    F.hinge_loss(x, labels, reduction="sum").backward()
    assert x.grad.tolist() == [[-1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, -2.0]]


def test_cross_entropy_of_zeros_is_log_of_the_classes() -> None:
    assert F.cross_entropy(Tensor(np.zeros((3, 10))), np.array([1, 2, 3])).item() == pytest.approx(np.log(10),
        rel=1e-15)


def test_dropout() -> None:
    x = Tensor(np.ones(10_000))
    y = F.dropout(x, 0.3, rng=0)
    assert set(np.unique(y.data)) == {0.0, 1 / 0.7}
    assert y.data.mean() == pytest.approx(1.0, abs=0.03)
    y.sum().backward()
    assert np.array_equal(x.grad, y.data)
    assert F.dropout(x, 0.3, training=False) is x
    assert F.dropout(x, 0.0) is x
    assert F.dropout(x, 1.0).data.sum() == 0.0
    assert F.dropout(Tensor(np.ones(3, np.float32)), 0.5, rng=1).dtype == np.float32


def test_max_pool_of_nan_and_of_minus_infinity() -> None:
    x = Tensor(np.array([[[[nan, 1.0], [2.0, 3.0]], [[-inf, -inf], [-inf, -inf]]]]))
    y = F.max_pool2d(x, 2)
    assert np.isnan(y.data[0, 0, 0, 0])
    assert y.data[0, 1, 0, 0] == -inf
    y.backward(np.ones(y.shape))
    assert x.grad.tolist() == [[[[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]]]


def test_max_pool_passes_infinite_gradients_to_its_maxima_only() -> None:
    x = Tensor(np.array([[[[0.0, -1.0], [-2.0, -3.0]]]]))
    F.max_pool2d(x, 2).sqrt().sum().backward()
    assert x.grad.tolist() == [[[[inf, 0.0], [0.0, 0.0]]]]


def test_the_gradient_of_a_fused_operation_is_itself_a_graph() -> None:
    """The Hessian of cross-entropy is diag(p) − p pᵀ, also if no operation follows."""
    x = Tensor([[0.3, -1.2, 0.7]])
    slope = gradient(F.cross_entropy(x, np.array([1])), x, create_graph=True)
    p = np.exp(x.data[0]) / np.exp(x.data).sum()
    rows = [gradient(slope[0, i], x)[0] for i in range(3)]
    close(np.array(rows), np.diag(p) - np.outer(p, p))
    w, b = Tensor([1.5, 0.5]), Tensor([0.2, 0.1])
    x = Tensor(wave(4, 2))
    down = gradient((F.batch_norm(x, None, None, w, b, True) ** 2).sum(), x, create_graph=True)
    close(gradient((down * wave(4, 2, seed=2)).sum(), w), differences(x, w, b))


def differences(x: Tensor, w: Tensor, b: Tensor) -> np.ndarray:
    """The same by central differences in w, of gradients of the graph."""
    def along(i: int, by: float) -> float:
        moved = Tensor(w.data + by * np.eye(2)[i])
        return float((gradient((F.batch_norm(x, None, None, moved, b, True) ** 2).sum(), x) * wave(4, 2, seed=2)).sum())
    return np.array([(along(i, 0.5) - along(i, -0.5)) for i in (0, 1)])  # a quadratic in w: exact


def test_a_relu_behind_a_pole_keeps_its_zeros() -> None:
    x = Tensor(np.array([[[[-1.0, 0.0], [0.0, 0.0]]]]))
    (F.max_pool2d(F.relu(x), 2).sqrt()).sum().backward()
    assert x.grad.tolist() == [[[[0.0] * 2] * 2]]


@pytest.mark.parametrize("n, kernel, stride, padding, dilation, size", [
    (32, 5, 1, 2, 1, 32), (7, 3, 1, 0, 1, 5), (7, 3, 2, 0, 1, 3), (7, 3, 2, 1, 1, 4), (5, 3, 1, 0, 2, 1),
    (227, 11, 4, 0, 1, 55)])
def test_output_size(n: int, kernel: int, stride: int, padding: int, dilation: int, size: int) -> None:
    assert F.output_size(n, kernel, stride, padding, dilation) == size


def naive_convolution(x: np.ndarray, w: np.ndarray, stride: int, sides: Any, dilation: int) -> np.ndarray:
    """Convolution by a loop over all complete windows."""
    x = np.pad(x, ((0, 0), (0, 0), *sides))
    height, width = (dilation * (k - 1) + 1 for k in w.shape[2:])
    tops, lefts = (range(0, n - k + 1, stride) for n, k in zip(x.shape[2:], (height, width)))
    return np.array([[[[np.sum(image[:, i:i + height:dilation, j:j + width:dilation] * f) for j in lefts] for i in tops] for f in w]
                     for image in x])


sizes = st.integers(1, 9)


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2),
       st.tuples(*[st.integers(0, 2)] * 4))
def test_windows_that_are_not_wholly_there_are_left_out(high: int, wide: int, kh: int, kw: int, stride: int, dilation: int,
                                                         zeros: tuple[int, ...]) -> None:
    """As PyTorch floors: convolution and its gradients against a loop over windows, with any padding at any side."""
    sides = (zeros[:2], zeros[2:])
    assume(all(n + sum(ends) >= dilation * (k - 1) + 1 for n, k, ends in zip((high, wide), (kh, kw), sides)))
    x, w = Tensor(wave(2, 2, high, wide)), Tensor(wave(3, 2, kh, kw, seed=1))
    y = F.conv2d(x, w, stride=stride, padding=sides, dilation=dilation)
    close(y.data, naive_convolution(x.data, w.data, stride, sides, dilation))
    assert y.shape[2:] == tuple(F.output_size(n, k, stride, ends, dilation) for n, k, ends in zip((high, wide), (kh, kw), sides))
    seed = wave(*y.shape, seed=2)
    down = gradient(y, [x, w], seed=seed)
    for leaf, slope in zip((x, w), down):  # convolution is linear in each: a difference of 1 is exact
        place = tuple(n // 2 for n in leaf.shape)
        moved = leaf.data.copy()
        moved[place] += 1.0
        operands = (moved if leaf is each else each.data for each in (x, w))
        other = F.conv2d(*operands, stride=stride, padding=sides, dilation=dilation)
        assert ((other - y.data) * seed).sum() == pytest.approx(slope[place], abs=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_the_exact_size_and_what_no_window_reaches(n: int, kernel: int, stride: int, dilation: int, ends: tuple[int, int]) -> None:
    """An entry is covered if the convolution's output depends on it."""
    span = dilation * (kernel - 1) + 1
    assume(n + sum(ends) >= span)
    size = F.output_size(n, kernel, stride, ends, dilation)
    assert size.exact == pytest.approx((n - span + sum(ends)) / stride + 1, rel=1e-15) and size == math.floor(size.exact)
    x = Tensor(np.zeros((1, 1, n)))
    seen = gradient(F.conv1d(x, np.ones((1, 1, kernel)), stride=stride, padding=(ends,), dilation=dilation).sum(), x)[0, 0]
    assert size.unseen == tuple(np.flatnonzero(seen == 0))
    assert bool(size.note) == (size != size.exact)
    if size.note:
        more = stride * math.ceil(size.exact) - stride - (n - span + sum(ends))
        assert F.output_size(n, kernel, stride, (ends[0], ends[1] + more), dilation).note == ""
        assert f"padding=(({ends[0]}, {ends[1] + more}), …)" in size.note


def test_a_size_that_is_no_whole_number_says_so() -> None:
    """CS231n's own example, N = 10, F = 3, S = 2, gives 4.5; ResNet's first layer on 224 pixels gives 112."""
    size = F.output_size(10, 3, 2)
    assert (size, size.exact, size.unseen, size.unseen_padding) == (4, 4.5, (9,), 0)
    assert "(10 − 3 + 2·0)/2 + 1 = 4.5 is not whole, so 4 windows fit, and entry 9 of the data is not seen" in size.note
    assert repr(size).startswith("4  # ") and str(size) == f"{size}" == "4" and repr(F.output_size(32, 5)) == "28"
    stem = F.output_size(224, 7, 2, 3)
    assert (stem, stem.exact, stem.unseen, stem.unseen_padding) == (112, 112.5, (), 1)
    assert "and 1 zero of the padding is not seen" in stem.note
    assert F.conv2d(images(1, 3, 224, 224), images(4, 3, 7, 7), stride=2, padding=3).shape == (1, 4, 112, 112)
    assert F.max_pool2d(images(1, 1, 112, 112), 3, 2, 1).shape == (1, 1, 56, 56)
    assert F.max_pool2d(images(1, 1, 7, 7), 2).shape == F.avg_pool2d(images(1, 1, 7, 7), 2).shape == (1, 1, 3, 3)
    copied = pickle.loads(pickle.dumps(size))
    assert copied == size and copied.note == size.note


@pytest.mark.parametrize("sides", [((1, 0), (0, 1)), ((0, 1), (1, 1))])
def test_pooling_takes_padding_of_each_side(sides: Any) -> None:
    x = wave(2, 3, 5, 6)
    close(F.max_pool2d(x, 2, 2, sides), F.max_pool2d(np.pad(x, ((0, 0), (0, 0), *sides), constant_values=-inf), 2, 2))
    zeros, ones = (np.pad(a, ((0, 0), (0, 0), *sides)) for a in (x, np.ones_like(x)))
    close(F.avg_pool2d(x, 2, 2, sides), F.avg_pool2d(zeros, 2, 2))
    close(F.avg_pool2d(x, 2, 2, sides, count_include_pad=False), F.avg_pool2d(zeros, 2, 2) / F.avg_pool2d(ones, 2, 2))
    signals = wave(2, 3, 7)
    longer = np.pad(signals, ((0, 0), (0, 0), (1, 0)), constant_values=-inf)
    close(F.max_pool1d(signals, 3, 2, ((1, 0),)), F.max_pool1d(longer, 3, 2))


@pytest.mark.parametrize("padding", [-1, (1, 2, 3), ((1, 2),), ((1, 2), (3,)), "full", None, 1.5, ((0, -1), (0, 0))])
def test_a_padding_that_is_none_is_refused(padding: Any) -> None:
    with pytest.raises(ValueError, match=r"conv2d: padding=.*; it must be a number of zeros, 0 or more, one for each axis, \(\("):
        F.conv2d(images(1, 1, 5, 5), images(1, 1, 3, 3), padding=padding)


# ── a branch not taken ───────────────────────────────────────────────────────────────────────────────────────────

ROWS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: F.linear(x, wave(2, 3, seed=1), wave(2)), "linear, no bias": lambda x: F.linear(x, wave(2, 3, seed=1)),
    "layer_norm": lambda x: F.layer_norm(x, (3,)), "cross_entropy": lambda x: F.cross_entropy(x, [0, 2], reduction="none"),
    "nll_loss": lambda x: F.nll_loss(x, [0, 2], reduction="none"),
    "hinge_loss": lambda x: F.hinge_loss(x, [0, 2], reduction="none"),
    "conv1d": lambda x: F.conv1d(x.reshape(2, 1, 3), wave(2, 1, 2, seed=1), wave(2)),
    "mse_loss": lambda x: F.mse_loss(x, wave(2, 3), reduction="none"),
    "max_pool1d": lambda x: F.max_pool1d(x.reshape(2, 1, 3), 2),
    "avg_pool2d": lambda x: F.avg_pool2d(x.reshape(2, 1, 1, 3), (1, 2)),
    "embedding": lambda x: F.embedding([0, 1], x),
}


@pytest.mark.parametrize("name", ROWS)
def test_an_example_that_does_not_count_passes_no_gradient_not_even_0_times_infinity(name: str) -> None:
    """√ has an infinite slope at 0, where the second example lies; only the first goes into the result."""
    x = Tensor([[1.0, 4.0, 9.0], [0.0, 0.0, 0.0]])
    y = ROWS[name](x.sqrt())[0]
    y.backward(wave(*y.shape) if y.shape else None)
    assert (x.grad[1] == 0).all()
    inner = Tensor(np.sqrt(x.data))  # the first example has the gradient that it has where nothing is infinite
    ROWS[name](inner)[0].backward(wave(*y.shape) if y.shape else None)
    np.testing.assert_allclose(x.grad[0], inner.grad[0] / (2 * np.sqrt(x.data[0])), rtol=1e-12, atol=1e-15)


# ── integers and half precision ──────────────────────────────────────────────────────────────────────────────────

HUGE = {np.uint8: 200, np.int8: 100, np.int32: 2_000_000_000, np.int64: 2**40, np.bool_: True}
ON_IMAGES: dict[str, Callable[[Any], Any]] = {
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2), "avg_pool2d padded": lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
    "max_pool2d": lambda x: F.max_pool2d(x, 2), "max_pool2d padded": lambda x: F.max_pool2d(x, 3, 1, 1),
    "conv2d": lambda x: F.conv2d(x, np.ones((2, 3, 3, 3), plain(x).dtype)), "conv1d": lambda x: F.conv1d(x[0], plain(x)[0]),
    "max_pool1d": lambda x: F.max_pool1d(x[0], 2, padding=1), "linear": lambda x: F.linear(x, plain(x)[0, 0], plain(x)[0, 0, 0]),
    "batch_norm": lambda x: F.batch_norm(x, training=True), "layer_norm": lambda x: F.layer_norm(x, (4, 4)),
    "batch_norm, running": lambda x: F.batch_norm(x, np.zeros(3), np.ones(3)),
    "dropout": lambda x: F.dropout(x, 0.5, rng=0),
}


def plain(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


@pytest.mark.parametrize("make", [np.asarray, lambda x: Tensor(x, requires_grad=False)], ids=["array", "tensor"])
@pytest.mark.parametrize("kind", HUGE)
@pytest.mark.parametrize("name", ON_IMAGES)
def test_integers_are_computed_in_float64(name: str, kind: Any, make: Callable[[Any], Any]) -> None:
    """Every result is that of the same numbers as floats: nothing overflows, wraps, or is divided as a whole number."""
    x = np.full((2, 3, 4, 4), HUGE[kind], kind)
    x[:, :, 1, 2], x[0, 1] = 1, 0
    got = ON_IMAGES[name](x if kind is np.bool_ else make(x))  # a Tensor refuses masks
    wanted = ON_IMAGES[name](x.astype(np.float64))
    assert got.dtype == np.float64
    np.testing.assert_allclose(plain(got), wanted, rtol=1e-12)


def test_pixels_of_eight_bits() -> None:
    assert (F.avg_pool2d(np.full((1, 1, 2, 2), 200, np.uint8), 2) == 200).all()
    assert set(F.dropout(np.full(100, 200, np.uint8), 0.5, rng=0)) == {0.0, 400.0}


@pytest.mark.parametrize("compute", [lambda x: F.conv2d(x, np.ones((1, 1, 2, 2), np.float32)),
                                     lambda x: F.linear(x, np.ones((2, 4), np.float32))])
def test_pixels_meet_float32_weights_in_float32(compute: Callable[[Any], Any]) -> None:
    x = np.full((1, 1, 4, 4), 200, np.uint8)
    y = compute(x)
    assert y.dtype == np.float32 and (y == 800).all()


HALF = """
import warnings
import numpy as np
import nn.functional as F
x = np.full((1, 1, 200, 200), 8.0, np.float16)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    y = F.avg_pool2d(x, 200)
    z = F.layer_norm(x, (200, 200))
    loss = F.mse_loss(x * 100, x)
print(y.dtype, float(y[0, 0, 0, 0]), z.dtype, float(loss), len(told), told[0].message)
"""


def test_half_precision_is_computed_in_float32_and_said_once() -> None:
    """In float16 the sum of 40,000 eights is inf, and so is 792²."""
    said = subprocess.run([sys.executable, "-c", HALF], capture_output=True, text=True, check=True).stdout
    assert said.startswith("float32 8.0 float32 627264.0 1 float16 is computed in float32")


@pytest.mark.parametrize("values", [np.full(3, "1"), np.full(3, None), np.ones(3, complex)])
def test_what_holds_no_numbers_is_refused(values: np.ndarray) -> None:
    with pytest.raises(TypeError, match="cannot be computed with"):
        F.dropout(values)


@pytest.mark.parametrize("wide", [1, 7, 49, 1000])
def test_a_mean_of_ones_is_one(wide: int) -> None:
    """The mean divides, because 49 times the rounded 1/49 is not 1."""
    assert F.avg_pool2d(np.ones((1, 1, wide, 7)), (wide, 7)).item() == 1.0
    scores = np.zeros((wide, 2))
    scores[:, 1] = -inf
    assert F.nll_loss(np.full((wide, 2), -1.0), np.zeros(wide, int)) == 1.0
    assert F.cross_entropy(np.tile([0.0, math.log(math.e - 1)], (wide, 1)), np.zeros(wide, int)) == pytest.approx(1.0, abs=2e-16)


def test_linear_with_no_features_is_its_bias() -> None:
    x, w, b = Tensor(np.ones((2, 3, 0))), Tensor(np.ones((4, 0))), Tensor(np.arange(4.0))
    y = F.linear(x, w, b)
    assert np.array_equal(y.data, np.broadcast_to(np.arange(4.0), (2, 3, 4)))
    y.sum().backward()
    assert x.grad.shape == (2, 3, 0) and w.grad.shape == (4, 0) and b.grad.tolist() == [6.0] * 4


@pytest.mark.parametrize("index, error, message", [
    ([[0, 3]], ValueError, r"embedding: index\[0, 1\] is 3, out of range for 3 rows; indices go from 0 to 2"),
    ([-1], ValueError, r"index\[0\] is -1"), ([True, False, True], TypeError, "indices must be integers, not bool"),
    ([0.0], TypeError, "not float64"),
])
def test_an_index_that_names_no_row_is_refused(index: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        F.embedding(np.array(index), Tensor(np.zeros((3, 2))))


def images(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape), "x")


@pytest.mark.parametrize("compute, message", [
    (lambda: F.cross_entropy(images(2, 3), np.array([0, 3])),
     r"cross_entropy: label 3 at target\[1\] is out of range for 3 classes; labels go from 0 to 2"),
    (lambda: F.cross_entropy(images(2, 3), np.array([0, -1])), r"label -1 at target\[1\] is out of range for 3 classes"),
    (lambda: F.cross_entropy(images(2, 3), np.array([0.0, 1.0])), "labels must be integers from 0 to 2, not float64"),
    (lambda: F.cross_entropy(images(2, 3), np.array([0, 1, 2])),
     r"2 rows of scores of shape \(2, 3\) need labels of shape \(2,\).*got shape \(3,\)"),
    (lambda: F.cross_entropy(images(2, 3), np.array([[0], [1]])), r"need labels of shape \(2,\).*got shape \(2, 1\)"),
    (lambda: F.cross_entropy(images(0, 3), np.zeros(0, int)),
     r"the input has shape \(0, 3\); it must be \(batch, classes\), with at least one"),
    (lambda: F.cross_entropy(Tensor(1.0), np.array(0)), r"the input has shape \(\)"),
    (lambda: F.cross_entropy(images(2, 3), np.array([-100, -100])), "all 2 labels are ignored .* so there is no mean"),
    (lambda: F.cross_entropy(images(2, 3), np.array([0, 1]), np.ones(2)), r"weight has shape \(2,\).* each of 3 classes"),
    (lambda: F.cross_entropy(images(2, 3), np.array([0, 1]), reduction="average"),
     "reduction='average'; it must be 'mean', 'sum' or 'none'"),
    (lambda: F.nll_loss(images(2, 3), np.array([0, 3])), r"nll_loss: label 3 at target\[1\] is out of range for 3 classes"),
    (lambda: F.nll_loss(images(2, 3), np.array([0])), r"nll_loss: 2 rows of scores of shape \(2, 3\) need labels of shape \(2,\)"),
    (lambda: F.hinge_loss(images(2, 3), np.array([0, 3])), r"hinge_loss: label 3 at target\[1\] is out of range for 3 classes"),
    (lambda: F.hinge_loss(images(2, 3), np.array([0.0, 1.0])),
     r"hinge_loss: labels must be integers from 0 to 2, not float64; convert them with \.astype\(int\)"),
    (lambda: F.hinge_loss(images(0, 3), np.zeros(0, int)), r"hinge_loss: the input has shape \(0, 3\)"),
    (lambda: F.mse_loss(images(3, 1), np.zeros(3)),
     r"mse_loss: the prediction has shape \(3, 1\) and the target \(3,\); .*target.reshape\(-1, 1\)"),
    (lambda: F.l1_loss(images(3), np.zeros((3, 1))),
     r"l1_loss: the prediction has shape \(3,\) and the target \(3, 1\)"),
    (lambda: F.smooth_l1_loss(images(3), 0.0), "smooth_l1_loss: the prediction has shape"),
    (lambda: F.binary_cross_entropy_with_logits(images(3, 1), np.zeros(3)),
     "binary_cross_entropy_with_logits: the prediction has shape"),
    (lambda: F.binary_cross_entropy(Tensor([1.5]), np.array([1.0])),
     r"probabilities must lie in \[0, 1\]; input\[0\] is 1.5. Use binary_cross_entropy_with_logits"),
    (lambda: F.mse_loss(images(0), np.zeros(0)),
     r"mse_loss: an empty batch, of shape \(0,\), has no loss; give at least one"),
    (lambda: F.mse_loss(images(1), np.zeros(1), reduction="no"), "reduction='no'"),
    (lambda: F.batch_norm(images(1, 3), np.zeros(3), np.ones(3), training=True),
     r"shape \(1, 3\) has one value per channel.*two or more\. .*drop_last=True.* or use eval mode"),
    (lambda: F.batch_norm(images(1, 3, 1, 1), training=True), "has one value per channel"),
    (lambda: F.layer_norm(images(2, 3), (4,)),
     r"normalized_shape \(4,\) must be the last axes of the input, whose shape is \(2, 3\)"),
    (lambda: F.conv2d(images(1, 3, 4, 4), images(2, 2, 3, 3)),
     r"images \(1, 3, 4, 4\) and filters \(2, 2, 3, 3\) with groups=1 do not fit"),
    (lambda: F.conv2d(images(4, 4), images(2, 3, 3, 3)), r"they must be \(N, C, H, W\) and \(O, C/groups, KH, KW\)"),
    (lambda: F.conv2d(images(1, 4, 4, 4), images(3, 2, 3, 3), groups=2), "with O divisible by groups"),
    (lambda: F.conv2d(images(1, 1, 2, 2), images(1, 1, 3, 3)),
     r"a window of 3 \(spanning 3\) does not fit: N=2, padding P=0, stride S=1"),
    (lambda: F.conv2d(images(1, 1, 4, 4), images(1, 1, 3, 3), dilation=2),
     r"a window of 3 \(spanning 5\) does not fit: N=4"),
    (lambda: F.conv2d(images(1, 1, 4, 4), images(1, 1, 3, 3), stride=0), "stride S=0"),
    (lambda: F.conv2d(images(1, 1, 4, 4), images(1, 1, 3, 3), images(2)),
     r"the bias has shape \(2,\); it needs one entry per filter, \(1,\)"),
    (lambda: F.conv2d(images(1, 1, 4, 4), images(1, 1, 3, 3), stride=2, padding="same"),
     r"padding='same' needs stride 1, not \(2, 2\)"),
    (lambda: F.conv2d(images(1, 1, 4, 4), images(1, 1, 3, 3), padding="full"),
     "padding='full'; it must be a number of zeros"),
    (lambda: F.conv1d(images(1, 1, 4, 4), images(1, 1, 3)), r"conv1d: signals \(1, 1, 4, 4\) and filters \(1, 1, 3\)"),
    (lambda: F.max_pool2d(images(4, 4), 2), r"max_pool2d: images must be \(N, C, H, W\) or \(C, H, W\), not shape \(4, 4\)"),
    (lambda: F.max_pool2d(images(1, 1, 2, 2), 3), "a window of 3 .* does not fit: N=2"),
    (lambda: F.avg_pool2d(images(1, 1, 2, 2), 3), "a window of 3 .* does not fit: N=2"),
    (lambda: F.max_pool2d(images(1, 1, 4, 4), 2, padding=2), r"padding 2 is more than half the window \(2, 2\)"),
    (lambda: F.dropout(images(3), 1.5), "p=1.5 must be a probability, from 0 to 1"),
])
def test_what_is_refused_and_how(compute: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compute()


@pytest.mark.parametrize("channels, filters, batch, groups", [(16, 32, 32, 1), (1, 8, 40, 1), (32, 64, 24, 2), (3, 5, 31, 1),
                                                                (64, 64, 32, 1)])
def test_a_batch_gives_what_its_images_give_one_by_one(channels: int, filters: int, batch: int, groups: int) -> None:
    """Products of many columns are computed in pieces, and those of few columns are not."""
    x, w, b = (Tensor(wave(*shape, seed=i)) for i, shape in enumerate([(batch, channels, 9, 8), (filters, channels // groups, 3, 3),
                                                                    (filters,)]))
    g = wave(batch, filters, 9, 8, seed=4)
    y = F.conv2d(x, w, b, padding=1, groups=groups)
    down = gradient(y, [x, w, b], seed=g)
    alone = [F.conv2d(x[i:i + 1], w, b, padding=1, groups=groups) for i in range(batch)]
    close(y.data, np.concatenate([one.data for one in alone]))
    parts = [gradient(one, [x, w, b], seed=g[i:i + 1]) for i, one in enumerate(alone)]
    for whole, each in zip(down, zip(*parts)):
        close(whole, np.add.reduce(each), 1e-11)


def one_by_one(x: Tensor, w: Tensor, g: Any, **options: Any) -> tuple[np.ndarray, list[np.ndarray]]:
    """The convolution of each image alone, the gradients of the images, and the sum of those of the filters."""
    ys = [F.conv2d(x[i:i + 1], w, **options) for i in range(len(x))]
    downs = [gradient(y, [x, w], seed=g[i:i + 1]) for i, y in enumerate(ys)]
    return np.concatenate([y.data for y in ys]), [np.add.reduce(parts) for parts in zip(*downs)]


steps = st.integers(1, 3)


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 9), st.integers(3, 7), st.tuples(steps, steps), st.tuples(steps, steps), st.tuples(steps, st.integers(1, 2)),
       st.tuples(*[st.integers(0, 2)] * 4), st.sampled_from([1, 2]), st.sampled_from([2**18, 2**11, 1]))
def test_windows_that_share_rows_are_those_of_images_alone(high: int, wide: int, kernel: Any, stride: Any, dilation: Any,
                                                           zeros: Any, groups: int, kept: int) -> None:
    """A batch of enough images has rows of its own in the product, in blocks of one row or more; few images have not."""
    sides = (zeros[:2], zeros[2:])
    assume(all(n + sum(ends) >= d * (k - 1) + 1 for n, k, d, ends in zip((high, wide), kernel, dilation, sides)))
    x, w = Tensor(wave(130, 4, high, wide)), Tensor(wave(6, 4 // groups, *kernel, seed=1))
    options: dict[str, Any] = {"stride": stride, "dilation": dilation, "padding": sides, "groups": groups}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(correlation, "KEPT", kept)
        y = F.conv2d(x, w, **options)
        g = wave(*y.shape, seed=2)
        down = gradient(y, [x, w], seed=g)
    several = slice(0, None, 32)
    alone, parts = one_by_one(Tensor(x.data[several]), w, g[several], **options)
    close(y.data[several], alone)
    close(down[0][several], parts[0])
    tens = [slice(i, i + 10) for i in range(0, 130, 10)]
    close(down[1], reduce(add, [gradient(F.conv2d(x.data[ten], w, **options), w, seed=g[ten]) for ten in tens]), 1e-11)


def test_an_infinite_weight_reaches_only_the_entries_under_it() -> None:
    """Rows beyond the result count as zeros in a sum over the rows of filters, and 0 · inf would be nan."""
    x, w = Tensor(wave(40, 2, 6, 6)), Tensor(wave(3, 2, 3, 3, seed=1))
    w.data[0, 0, 2, 0] = np.inf
    g = wave(40, 3, 4, 4, seed=2)
    down = gradient(F.conv2d(x, w), x, seed=g)
    assert np.isfinite(down[:, 1]).all()
    assert np.isfinite(down[:, 0, :2]).all()  # the weight of the lowest row does not meet the uppermost entries
    assert not np.isfinite(down[:, 0, 2:, :4]).any()


@pytest.mark.parametrize("shape", [(3, 2, 70, 41), (5000, 3), (2, 1)])
def test_batch_norm_of_long_rows_and_of_a_large_mean(shape: tuple[int, ...]) -> None:
    """Sums of many products are added in pieces; the variance is that about the mean, not a difference of squares."""
    x = wave(*shape) + 1e6
    y = F.batch_norm(x, training=True, eps=0.0)
    axes = tuple(i for i in range(x.ndim) if i != 1)
    centred = x.astype(np.longdouble) - x.astype(np.longdouble).mean(axes, keepdims=True)
    close(y, (centred / np.sqrt((centred**2).mean(axes, keepdims=True))).astype(float), 1e-8)  # the mean is rounded to 1e-10


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that gives memory back and asks for it again")
def test_a_training_step_asks_the_system_for_no_memory_that_it_has_had() -> None:
    program = """
        import resource
        import numpy as np
        import nn
        from examples.main_job import digits_network
        model = digits_network(np.random.default_rng(0))
        x, y = np.random.default_rng(1).random((32, 1, 8, 8), np.float32), np.arange(32) % 10
        optimizer = nn.optim.Adam(model.parameters())
        for i in range(60):
            if i == 30:
                before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            optimizer.zero_grad()
            nn.cross_entropy(model(x), y).backward()
            optimizer.step()
        print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 30)
        """
    # Dask, in another test of this process, leaves MALLOC_TRIM_THRESHOLD_ behind, which gives memory back at once
    given = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    found = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True,
                           cwd=Path(__file__).parent.parent, env={**given, "OPENBLAS_NUM_THREADS": "1"})
    assert float(found.stdout) < 20  # page faults a step; 150 to 290 before


def test_batch_norm_moves_running_tensors_as_it_moves_arrays() -> None:
    arrays = [np.zeros(2), np.ones(2)]
    tensors = [Tensor(x, requires_grad=False) for x in arrays]
    x = wave(4, 2, 3)
    for training in (True, False):
        wanted = F.batch_norm(x, *arrays, training=training)
        close(F.batch_norm(Tensor(x), *tensors, training=training).data, wanted)
    for tensor, array in zip(tensors, arrays):
        assert array.all() and np.array_equal(tensor.data, array)
