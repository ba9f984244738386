"""Programs of arrays against the function on Tensors: labels, masks, indices, draws and running statistics are inputs."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import (
    GraphError, Tensor, compile, exp, grad, hessian, jvp, log, maximum, no_grad, relu, sigmoid, sqrt, tanh, value_and_grad, where,
)
from autograd.arrays import functions as A

rng = np.random.default_rng(0)


def normal(*shape, dtype=np.float64):
    return rng.normal(size=shape).astype(dtype)


FUNCTIONS = {
    "sums": (lambda x, y: (A.sum(x, 0) * A.mean(y, 1)).sum(), [(3, 4), (4, 5)]),
    "rows": (lambda x, y: (tanh(x) * sigmoid(y) + exp(x - y) / (1 + y * y)).sum(), [(3, 4), (4,)]),
    "broadcast": (lambda x, y: ((x + y) ** 2 - x * 3 + (-y)).mean(), [(2, 1, 4), (3, 1)]),
    "matmul": (lambda x, y: A.logsumexp(x @ y), [(3, 4), (4, 2)]),
    "softmax": (lambda x, y: (A.softmax(x, 1) * A.log_softmax(y, 0)).sum(), [(3, 4), (3, 4)]),
    "shapes": (lambda x, y: (A.concatenate([x.T, y.reshape(4, 3)], 1)[1:, ::2] * A.stack([x[0], x[1]], 1)[1:, :1]).sum(),
               [(3, 4), (12,)]),
    "extremes": (lambda x, y: A.max(x, 1).sum() + A.min(maximum(x, y)), [(3, 4), (3, 4)]),
    "choice": (lambda x, y: where(x > 0.0, x * y, y / 3).sum(), [(3, 4), (3, 4)]),
    "relu": (lambda x, y: relu(x @ y).sum() + abs(x).sum(), [(3, 4), (4, 3)]),
    "einsum": (lambda x, y: A.einsum("ij,jk->ik", x, y).sum(), [(3, 4), (4, 2)]),
    "norms": (lambda x, y: A.norm(x) + A.std(y) + A.var(x, 0).sum(), [(3, 4), (5,)]),
    "numbers": (lambda x, y: (x * y).sum() / 7 + A.prod(y), [(3,), (3,)]),
    "cumulated": (lambda x, y: (A.cumsum(x, 0) * A.flip(y)).sum() + A.pad(x, 1).sum(), [(3, 4), (3, 4)]),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_gradient_are_those_of_the_function(name, dtype):
    f, shapes = FUNCTIONS[name]
    program = compile(f)
    for _ in range(2):
        xs = [normal(*shape, dtype=dtype) for shape in shapes]
        value, slopes = value_and_grad(f, (0, 1))(*xs)
        got, own = program.value_and_grad(*xs, argnums=(0, 1))
        tolerance = 1e-12 if dtype is np.float64 else 1e-5
        assert np.allclose(got, value, rtol=tolerance) and np.asarray(got).dtype == np.asarray(value).dtype
        assert np.allclose(program(*xs), value, rtol=tolerance)
        for mine, wanted in zip(own, slopes, strict=True):
            assert mine.dtype == wanted.dtype and mine.shape == wanted.shape and mine.flags.writeable
            np.testing.assert_allclose(mine, wanted, rtol=tolerance, atol=tolerance)
    assert program.recordings == 1 and program.backend in ("native", "numpy")


def test_forms_of_arguments_and_numbers_among_them():
    f = lambda w, scale: [(w["a"] @ w["b"][0] * scale).sum()][0]
    program = compile(f)
    w = {"a": normal(2, 3), "b": (normal(3), normal(2))}
    value, (down, by_scale) = program.value_and_grad(w, 2.0, argnums=(0, 1))
    wanted, (slopes, slope) = value_and_grad(f, (0, 1))(w, 2.0)
    assert value == pytest.approx(wanted) and type(by_scale) is float and by_scale == pytest.approx(slope)
    assert np.allclose(down["a"], slopes["a"]) and np.allclose(down["b"][1], 0) and type(down["b"]) is tuple
    half = {"a": normal(2, 3, dtype=np.float32), "b": (normal(3, dtype=np.float32),)}
    assert program.value_and_grad(half, 2.0)[1]["a"].dtype == np.float32 and program.recordings == 2


def test_another_shape_or_dtype_is_recorded_anew():
    program = compile(lambda x: (x * x).sum())
    for x in (normal(3), normal(4), normal(3), normal(3, dtype=np.float32), normal(1, 3)):
        assert program(x) == pytest.approx((x * x).sum(), rel=1e-6)
    assert program.recordings == 4


# ── what must not be frozen ──────────────────────────────────────────────────────────────────────────────────────

def test_labels_are_inputs_and_wrong_ones_are_refused_at_every_call():
    f = lambda scores, labels: F.cross_entropy(scores, labels)
    program = compile(f)
    scores = normal(6, 3)
    for _ in range(4):
        labels = rng.integers(0, 3, 6)
        assert program.value_and_grad(scores, labels)[0] == pytest.approx(value_and_grad(f)(scores, labels)[0], rel=1e-12)
    assert program.recordings == 1 and program.backend in ("native", "numpy")
    with pytest.raises(ValueError, match="label 3 at target"):
        program(scores, np.full(6, 3))
    assert program(scores, labels) == pytest.approx(f(scores, labels))
    with pytest.raises(TypeError, match="takes no gradient"):
        program.value_and_grad(scores, labels, argnums=1)


def test_masks_and_indices_are_inputs():
    f = lambda x, index, mask: (x[index] ** 2).sum() + where(mask, x, 0.5 * x).sum()
    program = compile(f)
    x = normal(5)
    for _ in range(4):
        index, mask = rng.integers(0, 5, 3), rng.random(5) > 0.5
        value, slopes = program.value_and_grad(x, index, mask)
        wanted, other = value_and_grad(f)(x, index, mask)
        assert value == pytest.approx(wanted) and np.allclose(slopes, other)
    assert program.recordings == 1


def test_a_condition_on_the_arrays_themselves_is_computed_anew():
    f = lambda x, y: where(x > y, x * x, sqrt(y - x)).sum()
    program = compile(f)
    for _ in range(3):
        x, y = normal(20), normal(20)
        value, slopes = program.value_and_grad(x, y)
        wanted, other = value_and_grad(f)(x, y)
        assert value == pytest.approx(wanted) and np.allclose(slopes, other)
    assert program.recordings == 1


@pytest.mark.parametrize("loss", [
    lambda x, y: F.mse_loss(x, y), lambda x, y: F.l1_loss(x, y), lambda x, y: F.smooth_l1_loss(x, y, beta=0.5),
    lambda x, y: F.binary_cross_entropy_with_logits(x, sigmoid(y)), lambda x, y: F.hinge_loss(x[:, 0], 2.0 * (y[:, 0] > 0) - 1.0),
])
def test_losses_with_targets_that_change(loss):
    program = compile(loss)
    for _ in range(3):
        x, y = normal(4, 3), normal(4, 3)
        got, wanted = program.value_and_grad(x, y), value_and_grad(loss)(x, y)
        assert got[0] == pytest.approx(wanted[0], rel=1e-12) and np.allclose(got[1], wanted[1], rtol=1e-12)


def test_dropout_draws_anew_from_its_own_generator():
    def build():
        return nn.Sequential(nn.Linear(4, 50, rng=0), nn.Dropout(0.5, rng=7), nn.Linear(50, 1, rng=1))
    mine, other = build(), build()
    program = compile(lambda x: mine(x).sum())
    x = normal(3, 4, dtype=np.float32)
    values = [program(x) for _ in range(4)]
    assert len({*map(float, values)}) == 4 and program.backend in ("native", "numpy") and program.recordings == 1
    assert values == pytest.approx([other(x).sum().item() for _ in range(4)], rel=1e-5)


def test_batch_norm_moves_its_running_statistics_at_each_call():
    def build():
        return nn.Sequential(nn.Linear(4, 5, rng=0), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 1, rng=1))
    mine, other = build(), build()
    program = compile(lambda x: (mine(x) ** 2).mean())
    for _ in range(3):
        x = normal(6, 4, dtype=np.float32)
        loss = (other(Tensor(x, requires_grad=False)) ** 2).mean()
        other.zero_grad()
        loss.backward()
        mine.zero_grad()
        assert program.backward(x) == pytest.approx(loss.item(), rel=1e-5)
        for a, b in zip(mine.parameters(), other.parameters(), strict=True):
            np.testing.assert_allclose(a.grad, b.grad, rtol=2e-4, atol=1e-5)
    for name, state in other.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[name], state, rtol=1e-5, err_msg=name)
    assert program.recordings == 1 and program.backend in ("native", "numpy")
    mine.eval()
    other.eval()
    fixed = compile(lambda x: mine(x).sum())
    assert fixed(x) == pytest.approx(other(x).sum().item(), rel=1e-5)
    mine.train()
    program(normal(6, 4, dtype=np.float32))  # moves what the evaluation reads
    mine.eval()
    assert fixed(x) == pytest.approx(mine(x).sum().item(), rel=1e-5)


# ── tensors reached by closure ───────────────────────────────────────────────────────────────────────────────────

def test_tensors_by_closure_are_read_anew_and_backward_fills_their_gradients():
    w, unused, b = Tensor(normal(4, 3), "w"), Tensor(normal(2)), Tensor(normal(3), requires_grad=False)
    f = lambda x: (tanh(x @ w + b) ** 2).sum() + 0.1 * (w * w).sum()
    program = compile(f)
    x = normal(5, 4)
    for _ in range(3):
        wanted = f(x)
        wanted.backward()
        slopes, w.grad = w.grad, None
        assert program.backward(x) == pytest.approx(wanted.item())
        np.testing.assert_allclose(w.grad, slopes, rtol=1e-12)
        before = w.grad.copy()
        program.backward(x)
        np.testing.assert_allclose(w.grad, 2 * before)
        w.data -= 0.1 * before
        w.grad = None
    assert unused.grad is None and program.recordings == 1
    with no_grad():
        assert program(x) == pytest.approx(f(x).item())


def test_no_grad_and_detach_within():
    w = Tensor(normal(3), "w")

    def f(x):
        with no_grad():
            still = w * x
        return (still * x).sum() + (w.detach() * x).sum() + (x.detach() * w).sum()
    program = compile(f)
    x = normal(3)
    value, slope = program.value_and_grad(x)
    wanted, other = value_and_grad(f)(x)
    assert value == pytest.approx(wanted) and np.allclose(slope, other)
    program.backward(x)
    assert np.allclose(w.grad, x)


# ── edges ────────────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("f", [
    lambda x: where(x > 0, sqrt(x), 0.0).sum(), lambda x: relu(sqrt(x)).sum(), lambda x: sqrt(x)[1:].sum(),
    lambda x: (sqrt(x) * 0.0).sum(), lambda x: A.max(log(x)), lambda x: (1.0 / x).sum(), lambda x: (sqrt(x) * np.arange(4.0)).sum(),
])
def test_branches_not_taken_and_infinities(f):
    program = compile(f)
    for x in (np.array([0.0, 1.0, 4.0, 9.0]), np.array([1.0, 0.0, -1.0, np.inf]), np.array([1.0, 2.0, 3.0, np.nan])):
        with np.errstate(all="ignore"):
            value, slopes = value_and_grad(f)(x)
        got, own = program.value_and_grad(x)
        np.testing.assert_allclose(got, value)
        np.testing.assert_allclose(own, slopes)


@pytest.mark.parametrize("f", [
    lambda x: x.sum() if x.sum() > 0 else -x.sum(), lambda x: float(x.sum()) * x, lambda x: x.data * 2, lambda x: x.sum().item(),
    lambda x: np.asarray(x).sum(), lambda x: x.tolist()[0], lambda x: x * 2 if (x > 0).any() else x,
])
def test_what_needs_the_numbers_is_refused_with_the_line(f):
    with pytest.raises(GraphError, match=r"test_compile_arrays\.py:\d+"):
        compile(f)(np.ones(3))


def test_what_the_library_cannot_record_runs_as_it_is_and_says_so():
    f = lambda scores, labels: (scores[np.nonzero(labels)] ** 2).sum()
    program = compile(f)
    scores = normal(6, 3)
    for _ in range(3):
        labels = rng.integers(0, 3, 6)
        got, wanted = program.value_and_grad(scores, labels), value_and_grad(f)(scores, labels)
        assert got[0] == pytest.approx(wanted[0]) and np.allclose(got[1], wanted[1])
        assert program(scores, labels) == pytest.approx(wanted[0])
    assert program.backend.startswith("eager (") and "several arrays" in program.backend


@pytest.mark.parametrize("options", [{}, {"ignore_index": 1}, {"label_smoothing": 0.1}, {"reduction": "sum"}])
def test_cross_entropy_with_weights_of_classes(options):
    f = lambda scores, labels: F.cross_entropy(scores, labels, weight=np.array([1.0, 2.0, 3.0]), **options)
    program = compile(f)
    scores = normal(6, 3)
    for _ in range(4):
        labels = rng.integers(0, 3, 6)
        got, wanted = program.value_and_grad(scores, labels), value_and_grad(f)(scores, labels)
        assert got[0] == pytest.approx(wanted[0], rel=1e-12)
        np.testing.assert_allclose(got[1], wanted[1], rtol=1e-12, atol=1e-14)
    assert program.recordings == 1 and not program.backend.startswith("eager")


def test_results_and_gradients_are_the_callers_own():
    program = compile(lambda x, y: [x + y, x, (x * y).T])
    x, y = normal(2, 3), normal(2, 3)
    first = program(x, y)
    kept = [a.copy() for a in first]
    program(y, y)
    assert all((a == b).all() for a, b in zip(first, kept))
    for a in first:
        a[:] = 7
    assert not (x == 7).any() and np.allclose(program(x, y)[0], x + y)
    loss = compile(lambda x, y: (x + y).sum() * 2)
    a, b = loss.value_and_grad(x, y, argnums=(0, 1))[1]
    a[:] = 0
    assert (b == 2).all()


def test_threads_take_turns():
    program = compile(lambda x: (tanh(x @ x.T) * exp(-x * x).sum()).sum())
    xs = [normal(20, 20) for _ in range(3)]
    wanted = [program.value_and_grad(x) for x in xs]
    wrong = []

    def work(i):
        for _ in range(30):
            value, slopes = program.value_and_grad(xs[i])
            if value != wanted[i][0] or not (slopes == wanted[i][1]).all():
                wrong.append(i)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_error_within_a_call_leaves_the_program_usable():
    calls = []

    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise KeyboardInterrupt
    program = compile(lambda x: (x * x).sum())
    x = normal(3)
    assert program(x) == pytest.approx((x * x).sum())
    with pytest.raises((KeyboardInterrupt, TypeError)):
        program(Broken())
    assert program(x) == pytest.approx((x * x).sum()) and not calls


@pytest.mark.parametrize("build", [
    lambda: nn.Sequential(nn.Linear(6, 8, rng=0), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 2, rng=1)),
    lambda: nn.Sequential(nn.Conv1d(2, 3, 2, rng=0), nn.ReLU(), nn.Flatten(), nn.Linear(6, 2, rng=1)),
    lambda: nn.Sequential(nn.Conv1d(2, 3, 2, rng=0), nn.BatchNorm1d(3), nn.ELU(), nn.Flatten(), nn.Linear(6, 2, rng=1)),
])
def test_networks_of_layers(build):
    mine, other = build(), build()
    convolves = any(isinstance(module, nn.Conv1d) for module in mine.modules())
    program = compile(lambda x, y: F.cross_entropy(mine(x), y))
    for _ in range(2):
        x = normal(5, 2, 3, dtype=np.float32) if convolves else normal(5, 6, dtype=np.float32)
        y = rng.integers(0, 2, 5)
        loss = F.cross_entropy(other(x), y)
        other.zero_grad()
        loss.backward()
        mine.zero_grad()
        assert program.backward(x, y) == pytest.approx(loss.item(), rel=1e-5)
        for a, b in zip(mine.parameters(), other.parameters(), strict=True):
            np.testing.assert_allclose(a.grad, b.grad, rtol=1e-4, atol=1e-5)
    assert program.backend in ("native", "numpy")


def test_derivatives_within():
    f = lambda x: (tanh(x) ** 2).sum()
    x = normal(4, dtype=np.float32)
    slope = compile(grad(f))
    assert np.allclose(slope(x), grad(f)(x)) and slope(x).dtype == np.float32 and slope.backend in ("native", "numpy")
    program = compile(f)
    assert np.allclose(program.hessian(x), hessian(f)(x)) and np.allclose(program.jacobian(x), grad(f)(x))
    assert program.jvp((x,), (x,)) == pytest.approx(jvp(f, (x,), (x,)))
