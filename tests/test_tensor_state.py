"""The state of array graphs: owned arrays, freed memory, state after exceptions; copies, pickles, other libraries."""

from __future__ import annotations

import copy
import gc
import pickle
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import nn.functional as F
import numpy as np
import pytest
from autograd import GradientError, Tensor, grad, gradient, no_grad, relu, scope, tanh, value_and_grad
from autograd.arrays import functions
from autograd.arrays.operation import array_operations

# ── a graph owns its arrays ──────────────────────────────────────────────────────────────────────────────────────


def scribble(array: np.ndarray) -> None:
    array[...] = 1e6


WRITERS: dict[str, Callable[[Tensor, np.ndarray, np.ndarray, np.ndarray], None]] = {
    "the array given to Tensor()": lambda p, given, held, raw: scribble(given),
    "leaf.data": lambda p, given, held, raw: scribble(p.data),
    "leaf.data[…]": lambda p, given, held, raw: p.data.__setitem__(0, 1e6),
    "leaf.data -=": lambda p, given, held, raw: setattr(p, "data", p.data - 5.0),
    "in-place arithmetic on leaf.data": lambda p, given, held,
        raw: p.data.__isub__(5.0) and None if p.size == 1 else scribble(p.data),
    "an array assigned to leaf.data, and then written to": lambda p, given, held,
        raw: (setattr(p, "data", held), scribble(held))[1],
    "leaf.numpy()": lambda p, given, held, raw: scribble(p.numpy()),
    "an array operand": lambda p, given, held, raw: scribble(raw),
}


@pytest.mark.parametrize("program", [
    lambda p, raw: (p * p).sum(), lambda p, raw: (p * raw).sum(), lambda p, raw: tanh(p * raw).sum(), lambda p,
        raw: (p @ raw) ** 2,
    lambda p, raw: (raw / p).sum(), lambda p, raw: functions.logsumexp(p * raw), lambda p, raw: functions.max(p * raw),
        lambda p, raw: (p**3).sum(),
    lambda p, raw: functions.concatenate([p, raw]).prod(), lambda p, raw: functions.einsum("i,i->", p, raw), lambda p,
        raw: functions.softmax(p)[0],
    lambda p, raw: F.mse_loss(p, raw), lambda p, raw: (p.reshape(2, 1) * raw.reshape(1, 2)).sum(), lambda p,
        raw: (p[::-1] * p).sum(),
], ids=lambda x: x if isinstance(x, str) else None)
@pytest.mark.parametrize("writer", WRITERS)
def test_writing_between_forward_and_backward_never_changes_a_gradient(program: Any, writer: str) -> None:
    raw, given = np.array([3.0, -0.5]), np.array([0.4, 0.7])
    expected = Tensor(given)
    program(expected, raw.copy()).backward()
    p = Tensor(given)
    p.data  # somebody looked at it before
    y = program(p, raw)
    WRITERS[writer](p, given, np.zeros(2), raw)
    y.backward()
    assert p.grad.tolist() == expected.grad.tolist()


def test_a_view_held_from_before_the_forward_pass_changes_nothing() -> None:
    p = Tensor([1.0, 2.0])
    view = p.data[:1]
    y = (p * p).sum()
    view[0] = 100.0
    y.backward()
    assert p.grad.tolist() == [2.0, 4.0]


def test_updates_in_place_reach_the_next_forward_pass() -> None:
    p = Tensor([1.0, 2.0])
    for _ in range(3):
        (p * p).sum().backward()
        p.data -= 0.25 * p.grad
        p.grad = None
    assert p.tolist() == [0.125, 0.25]
    p.data[0] = 7.0
    assert (p * 1.0).tolist() == [7.0, 0.25]
    p.data = np.array([3.0, 4.0])
    assert (p * 1.0).tolist() == [3.0, 4.0]


@pytest.mark.parametrize("make",
    [lambda x: x * 2, lambda x: x.sum(), lambda x: x.reshape(2, 1), lambda x: x[0], lambda x: x.T, lambda x: x[::-1]])
def test_arrays_of_computed_nodes_are_read_only(make: Any) -> None:
    y = make(Tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="read-only"):
        y.data[...] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        y.numpy()[...] = 0.0


def test_a_recorded_gradient_of_changed_data_is_refused() -> None:
    x = Tensor([1.0, 2.0], "x")
    y = (x * x).sum()
    x.data[0] = 5.0
    with pytest.raises(GradientError, match="the data of x changed after .* was computed from it; compute it again"):
        gradient(y, x, create_graph=True)
    assert gradient(y, x).tolist() == [2.0, 4.0]


# ── gradients: accumulation and aliasing ─────────────────────────────────────────────────────────────────────────


def test_backward_twice_adds_up_in_leaves_and_shows_the_pass_in_nodes() -> None:
    x = Tensor([1.0, 2.0])
    h = x * x
    y = h.sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]
    assert h.grad.tolist() == [1.0, 1.0]
    x.grad = None
    y.backward(3.0)
    assert x.grad.tolist() == [6.0, 12.0]
    assert y.grad.tolist() == 3.0


@pytest.mark.parametrize("program", [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: (a + b).reshape(-1), lambda a, b: functions.concatenate([a, b]),
        lambda a, b: functions.stack([a, b]),
    lambda a, b: a + b.T.T, lambda a, b: (a + 0.0) + (b + 0.0), lambda a, b: a + a + b, lambda a,
        b: functions.broadcast_to(a, (3, 2)) + b,
])
def test_gradients_share_no_memory_and_may_be_written_into(program: Any) -> None:
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    y = program(a, b)
    seed = np.ones(y.shape)
    y.backward(seed)
    for x, other in ((a, b), (b, a)):
        assert x.grad.flags.writeable
        for array in (other.grad, y.grad, seed, x.data, other.data):
            assert not np.shares_memory(x.grad, array)
    ga, gb = gradient(y, [a, b], seed=seed)
    assert ga.flags.writeable
    assert gb.flags.writeable
    assert not np.shares_memory(ga, gb)
    assert not np.shares_memory(ga, seed)
    before = b.grad.copy()
    a.grad *= 100.0
    assert np.array_equal(b.grad, before)


def test_the_gradient_of_a_leaf_by_itself_is_not_the_seed() -> None:
    x, seed = Tensor([1.0, 2.0]), np.ones(2)
    x.backward(seed)
    seed[0] = 9.0
    assert x.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("shape", [(), (1,), (2, 0), (2, 3)])
def test_a_gradient_is_an_array_of_its_leafs_shape(shape: tuple[int, ...]) -> None:
    x = Tensor(np.full(shape, 2.0))
    for _ in range(2):
        (x * x * 3.0).sum().backward()
        assert type(x.grad) is np.ndarray
        assert x.grad.shape == shape
    assert x.grad.tolist() == np.full(shape, 24.0).tolist()


def test_a_leaf_that_is_not_reached_has_gradient_zero_and_one_never_swept_none() -> None:
    x, unused = Tensor([1.0]), Tensor([1.0])
    (x.sum() + 0.0 * x.sum()).backward()
    assert unused.grad is None
    assert gradient(x.sum(), unused).tolist() == [0.0]


def test_tensors_without_gradient_stay_out_of_the_graph() -> None:
    w, data = Tensor([2.0]), Tensor([3.0], requires_grad=False)
    y = w * data
    assert y.inputs == (w,)
    y.backward()
    assert data.grad is None
    with no_grad():
        assert (w * data).inputs == ()
    z = w.detach() * 2
    assert not z.requires_grad


# ── exceptions leave everything as it was ────────────────────────────────────────────────────────────────────────


def interrupted(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    calls = iter(range(at))

    def interruptible(pullback: Any) -> Any:
        def pull(*args: Any, **options: Any) -> Any:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return pullback(*args, **options)
        return pull
    for op in array_operations.values():
        monkeypatch.setattr(op, "pullbacks", tuple(map(interruptible, op.pullbacks)))


@pytest.mark.parametrize("at", range(4))
def test_an_interrupted_sweep_leaves_no_half_gradients(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    x, w = Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])
    x.grad = np.array([[7.0, 7.0]])
    y = functions.sum(functions.sum(x @ w, 0) @ np.ones((1, 1)))
    with monkeypatch.context() as patch:
        interrupted(patch, at)
        with pytest.raises(KeyboardInterrupt):
            y.backward()
    assert x.grad.tolist() == [[7.0, 7.0]]
    assert w.grad is None
    assert np.geterr()["invalid"] == "warn"
    y.backward()
    assert x.grad.tolist() == [[10.0, 11.0]]


def test_numpys_error_settings_are_as_before() -> None:
    before = np.geterr()
    x = Tensor([0.0, -1.0])
    relu(-functions.where(x >= 0, x.sqrt(), x)).sum().backward()
    with pytest.raises(ValueError, match="Check the shapes"):
        x @ Tensor([1.0])
    assert np.geterr() == before


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def cycles() -> list[object]:
    """What only the collector finds of the library's objects and NumPy's; threads of other tests have cycles of their own."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return [x for x in gc.garbage if type(x).__module__.partition(".")[0] in ("autograd", "nn", "numpy")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def network(W: Tensor, v: Tensor, x: np.ndarray, y: np.ndarray) -> Tensor:
    with scope("net"):
        h = F.max_pool2d(F.conv2d(x, W, padding=1), 2)
        scores = relu(h).reshape(2, -1) * 2 @ v
        return F.cross_entropy(scores, y) + functions.std(v) + functions.einsum("ij,ij->", v, v) * 1e-3 + functions.where(v > 0,
            v, 0.0).max()


def parts() -> tuple[Tensor, Tensor, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    return Tensor(draw.normal(size=(2, 1, 3, 3)), "W"), Tensor(draw.normal(size=(8, 3)),
        "v"), draw.normal(size=(2, 1, 4, 4)), np.array([0, 2])


@pytest.mark.usefixtures("no_collector")
def test_a_graph_is_freed_by_reference_counting_alone() -> None:
    W, v, x, y = parts()
    loss = network(W, v, x, y)
    loss.backward()
    slopes = gradient(loss, [W, v], create_graph=True)
    watched = [weakref.finalize(node.array.base if node.array.base is not None else node.array,
        int) for node in loss.inputs]
    del loss, slopes
    assert not any(alive.alive for alive in watched)
    assert cycles() == []


@pytest.mark.usefixtures("no_collector")
def test_no_leak_over_six_thousand_small_steps() -> None:
    w, b, x = Tensor([[0.5], [0.25]]), Tensor([0.0]), np.ones((4, 2))

    def steps(count: int) -> None:
        for _ in range(count):
            w.grad = b.grad = None
            F.mse_loss(tanh(x @ w + b), np.zeros((4, 1))).backward()
            w.data -= 0.01 * w.grad
            b.data = b.data - 0.01 * b.grad

    steps(200)
    tracemalloc.start()
    try:
        steps(100)
        before, _ = tracemalloc.get_traced_memory()
        steps(6_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 140_000  # one object of 24 bytes a step would be more; Python's free lists are less
    assert cycles() == []


def test_a_chain_of_a_hundred_thousand_nodes() -> None:
    x = Tensor([1.0, 2.0])
    y = x
    for _ in range(100_000):
        y = y * 1.0
    total = y.sum()
    total.backward()
    assert x.grad.tolist() == [1.0, 1.0]
    assert repr(y).startswith("Tensor([1., 2.]")


def test_a_chain_of_ten_thousand_nodes_is_copied_and_pickled() -> None:
    x = Tensor([1.0, 2.0])
    y = x
    for _ in range(10_000):
        y = y * 1.0
    total = y.sum()
    twin, again = copy.deepcopy(total), pickle.loads(pickle.dumps(total))
    assert twin.item() == again.item() == 3.0


# ── copies, pickles, other libraries ─────────────────────────────────────────────────────────────────────────────


def same_graph(a: Tensor, b: Tensor) -> None:
    from autograd.graph import topological
    one, two = topological(a), topological(b)
    assert [(n.name, str(n.op), n.shape, n.dtype, n.requires_grad, n.scope and n.scope.path) for n in one] == \
        [(n.name, str(n.op), n.shape, n.dtype, n.requires_grad, n.scope and n.scope.path) for n in two]
    assert not set(one) & set(two)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_copies_and_pickles_keep_names_and_graph(again: Any) -> None:
    W, v, x, y = parts()
    loss = network(W, v, x, y)
    loss.name = "loss"
    twin = again(loss)
    same_graph(loss, twin)
    loss.backward()
    twin.backward()
    from autograd.graph import topological
    for a, b in zip(topological(loss), topological(twin)):
        assert np.array_equal(a.grad, b.grad)
        assert a.op or not np.shares_memory(a.grad, b.grad)
        assert a.op or not np.shares_memory(a.array, b.array)  # the arrays of computed nodes are read-only


def test_every_operation_is_pickled_by_name() -> None:
    for op in array_operations.values():
        assert pickle.loads(pickle.dumps(op)) is op
        assert copy.deepcopy(op) is op
        assert repr(op) == f"<array operation {op.name}>"


def test_a_shallow_copy_of_a_leaf_is_of_its_own() -> None:
    x = Tensor([1.0, 2.0], "x")
    twin = copy.copy(x)
    twin.data[0] = 9.0
    (twin * twin).sum().backward()
    assert x.tolist() == [1.0, 2.0]
    assert x.grad is None
    assert twin.name == "x"


def test_numpy_reads_a_tensor_as_an_array() -> None:
    x = Tensor([[1.0, 2.0]], requires_grad=False)
    assert np.asarray(x).tolist() == [[1.0, 2.0]]
    assert np.array(x, dtype=np.float32).dtype == np.float32
    mine = np.array(x)
    mine[0, 0] = 5.0
    assert x.tolist() == [[1.0, 2.0]]
    assert x.numpy() is x.data


def test_dlpack_both_ways() -> None:
    x = Tensor(np.array([[1.0, 2.0]], np.float32))
    received = np.from_dlpack(x)
    assert received.tolist() == [[1.0, 2.0]]
    assert received.dtype == np.float32
    given = np.array([3.0, 4.0])
    y = Tensor.from_dlpack(given)
    given[0] = 0.0
    assert y.tolist() == [3.0, 4.0]
    assert y.requires_grad


def test_repr() -> None:
    x = Tensor([1.0, 2.0], "x")
    assert repr(x) == "Tensor([1., 2.], shape=(2,), name='x', grad=None)"
    (x * 2).sum().backward()
    assert repr(x) == "Tensor([1., 2.], shape=(2,), name='x', grad=[2., 2.])"
    assert repr(Tensor(np.float32(1.5), requires_grad=False)) == "Tensor(1.5, dtype=float32)"
    assert len(repr(Tensor(np.zeros((1000, 1000))))) < 400
    assert f"{Tensor(1.23456):.2f}" == "1.23"


def test_scipys_optimiser_takes_value_and_grad() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="scipy is not installed")

    def rosenbrock(x: Any) -> Any:
        return functions.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = optimize.minimize(value_and_grad(rosenbrock), np.full(5, -1.0), jac=True, method="BFGS")
    assert found.x == pytest.approx(np.ones(5), abs=1e-5)
    exact = optimize.rosen_der(np.arange(5.0))
    assert grad(rosenbrock)(np.arange(5.0)) == pytest.approx(exact, rel=1e-13)
