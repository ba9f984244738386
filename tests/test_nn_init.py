"""Initial weights: the variances of Xavier and He, and the course's demonstrations over 10 layers of 500."""

import math
from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd import no_grad
from autograd.tensor import Tensor
from nn import init

SHAPE = (400, 300)


def blank(shape=SHAPE):
    return Tensor(np.full(shape, np.nan, np.float32), "w")


@pytest.mark.parametrize("start, variance", [
    (lambda w: init.normal_(w, std=0.01, rng=0), 1e-4), (lambda w: init.normal_(w, rng=0), 1.0),
    (lambda w: init.uniform_(w, rng=0), 1 / 12), (lambda w: init.uniform_(w, -3.0, 1.0, rng=0), 16 / 12),
    (lambda w: init.xavier_uniform_(w, rng=0), 2 / 700), (lambda w: init.xavier_normal_(w, gain=2.0, rng=0), 8 / 700),
    (lambda w: init.kaiming_uniform_(w, rng=0), 2 / 300), (lambda w: init.kaiming_normal_(w, rng=0), 2 / 300),
    (lambda w: init.kaiming_normal_(w, mode="fan_out", rng=0), 2 / 400),
    (lambda w: init.kaiming_normal_(w, a=0.5, rng=0), 2 / 1.25 / 300),
    (lambda w: init.kaiming_normal_(w, nonlinearity="tanh", rng=0), 25 / 9 / 300),
    (lambda w: init.kaiming_uniform_(w, nonlinearity="linear", rng=0), 1 / 300),
])
def test_the_variance_is_what_the_law_says(start, variance):
    w = blank()
    assert start(w) is w
    assert w.dtype == np.float32 and w.shape == SHAPE
    # the variance of n draws of at most normal tails is known to √(2/n): four of those
    assert w.data.var() == pytest.approx(variance, rel=4 * math.sqrt(2 / w.size))


def test_uniform_laws_stay_within_their_bounds():
    for start, bound in ((init.xavier_uniform_, math.sqrt(6 / 700)), (init.kaiming_uniform_, math.sqrt(6 / 300))):
        w = np.abs(start(blank(), rng=0).data)
        assert 0.999 * bound < w.max() <= bound * (1 + 1e-6)


def test_pytorch_s_layers_start_as_kaiming_uniform_with_root_5():
    a, b = nn.Linear(300, 400, bias=False, rng=3).weight, init.kaiming_uniform_(blank(), a=math.sqrt(5), rng=3)
    np.testing.assert_allclose(a.data, b.data, rtol=1e-6)


def test_constants_and_orthogonal_rows():
    assert init.zeros_(blank((2, 2))).tolist() == [[0, 0], [0, 0]] and init.ones_(blank((2,))).tolist() == [1, 1]
    assert init.constant_(blank((2,)), 0.5).tolist() == [0.5, 0.5]
    for shape in ((3, 5), (5, 3), (4, 2, 2)):
        w = init.orthogonal_(Tensor(np.zeros(shape)), gain=2.0, rng=0).data.reshape(shape[0], -1)
        small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
        np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_one_seed_gives_the_same_bits_and_a_generator_goes_on():
    first, again = (init.normal_(blank(), rng=5).data for _ in range(2))
    assert np.array_equal(first, again)
    rng = np.random.default_rng(5)
    assert np.array_equal(init.normal_(blank(), rng=rng).data, first)
    assert not np.array_equal(init.normal_(blank(), rng=rng).data, first)


@pytest.mark.parametrize("wrong, message", [
    (lambda: init.xavier_normal_(blank((3,))), r"shape \(3,\) has no fan-in and fan-out.*Set a bias"),
    (lambda: init.kaiming_normal_(blank(), mode="fan"), "mode='fan'; it must be 'fan_in' or 'fan_out'"),
    (lambda: init.kaiming_normal_(blank(), nonlinearity="swoosh"), "no gain is known for 'swoosh'"),
    (lambda: init.orthogonal_(blank((3,))), "has no rows and columns"),
    (lambda: init.lsuv(nn.Linear(2, 3, bias=False), np.zeros((4, 2))), "the outputs of the module do not vary"),
])
def test_what_has_no_meaning_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


# ── the course: ten layers of 500 ────────────────────────────────────────────────────────────────────────────────

def deep(start, activation, seed=0):
    """Activations and gradients of weights, layer by layer, of a batch of 200 normal examples."""
    rng = np.random.default_rng(seed)
    model = nn.Sequential(*(module for _ in range(10) for module in (nn.Linear(500, 500, rng=rng), activation())))
    for linear in model[::2]:
        start(linear.weight, rng)
        init.zeros_(linear.bias)
    seen = []
    with model.watch(lambda path, module, inputs, output: seen.append(output.data) if isinstance(module, activation) else None):
        out = model(rng.normal(size=(200, 500)).astype(np.float32))
    out.backward(rng.normal(size=out.shape))
    return seen, [linear.weight.grad for linear in model[::2]]


def test_zeros_make_all_neurons_alike_for_ever():
    model = nn.Sequential(nn.Linear(3, 5), nn.Sigmoid(), nn.Linear(5, 2))
    for parameter in model.parameters():
        init.zeros_(parameter)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.5)
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(20, 3)).astype(np.float32), rng.integers(0, 2, 20)
    for _ in range(30):
        optimizer.zero_grad()
        nn.cross_entropy(model(x), labels).backward()
        optimizer.step()
    w = model[0].weight.data
    assert np.abs(w).max() > 1e-3  # it does learn something
    np.testing.assert_allclose(w, np.broadcast_to(w[0], w.shape), rtol=1e-5)  # the same in every neuron


def test_small_weights_shrink_activations_and_gradients_to_nothing():
    seen, slopes = deep(lambda w, rng: init.normal_(w, std=0.01, rng=rng), nn.Tanh)
    spread = [a.std() for a in seen]
    # each layer multiplies the spread by 0.01·√500 = 0.22 where tanh is straight
    ratios = [after / before for before, after in pairwise(spread[1:])]
    assert ratios == pytest.approx([0.01 * math.sqrt(500)] * len(ratios), rel=0.05)
    assert spread[-1] < 1e-5
    assert np.abs(slopes[-1]).mean() < 1e-3 * np.abs(slopes[0]).mean() or np.abs(slopes[0]).mean() < 1e-4


def test_large_weights_saturate_tanh_and_kill_gradients():
    seen, _ = deep(lambda w, rng: init.normal_(w, std=1.0, rng=rng), nn.Tanh)
    for a in seen:
        assert (np.abs(a) > 0.99).mean() > 0.85
        assert (1 - a.astype(np.float64) ** 2).mean() < 0.12  # what is left of a gradient at each layer


def test_xavier_is_right_for_tanh_and_breaks_under_relu_where_he_is_right():
    def last(law, activation):
        seen, slopes = deep(law, activation)
        return seen[-1].std(), np.std(slopes[0]) / np.std(slopes[-1])

    spread, balance = last(lambda w, rng: init.xavier_normal_(w, rng=rng), nn.Tanh)
    assert 0.2 < spread < 0.5 and 0.3 < balance < 3.0
    broken, _ = last(lambda w, rng: init.xavier_normal_(w, rng=rng), nn.ReLU)
    right, balance = last(lambda w, rng: init.kaiming_normal_(w, rng=rng), nn.ReLU)
    assert broken == pytest.approx(right * 2**-5, rel=0.05)  # half the variance is lost ten times
    assert 0.5 < right < 1.2 and 0.3 < balance < 3.0


def test_lsuv_makes_every_layer_vary_by_1():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Conv2d(1, 6, 3, rng=rng), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 50, rng=rng), nn.Tanh(),
                          nn.Linear(50, 10, rng=rng))
    x = rng.normal(3.0, 7.0, size=(64, 1, 8, 8)).astype(np.float32)
    assert init.lsuv(model, x, tol=0.02, rng=rng) is model
    spread = {}
    with no_grad(), model.watch(lambda path, module, inputs, output: spread.update({path: output.data.var()})):
        model(x)
    assert [spread[path] for path in ("0", "3", "5")] == pytest.approx([1.0] * 3, abs=0.02)


def test_whole_numbers_are_not_rounded_to_in_silence():
    labels = Tensor(np.arange(4), requires_grad=False)
    assert init.ones_(labels).tolist() == [1, 1, 1, 1]
    with pytest.raises(TypeError, match="holds int64, which would round the initial numbers; make it a tensor of floats"):
        init.normal_(labels, rng=0)
    assert labels.tolist() == [1, 1, 1, 1]
