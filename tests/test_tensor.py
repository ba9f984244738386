"""Tensor: every row equals the scalar engine entry by entry, in every shape, dtype, mode and order; kinks; errors."""

from __future__ import annotations

import itertools
import random
import warnings
from collections.abc import Callable
from typing import Any

import autograd
import numpy as np
import pytest
from autograd import (
    GradientError, NoDerivativeWarning, Tensor, Value, grad, gradient, hvp, jvp, no_grad, ops, scope, vjp,
)
from autograd.arrays import functions
from autograd.graph import topological
from autograd.operation import Operation

from .test_ops import KINKS, points

nan, inf = float("nan"), float("inf")
ROWS = [row for row in ops.rows.values() if row.arity]
every_row = pytest.mark.parametrize("row", ROWS, ids=str)

# ── every row on arrays, against the scalar engine entry by entry ────────────────────────────────────────────────

SHAPES = [(), (0,), (1,), (3,), (2, 3), (0, 3), (2, 1, 3)]
PAIRS = [(a, b) for a, b in itertools.product(SHAPES, repeat=2)
         if all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1]))]


def operands(row: Operation, shapes: tuple[tuple[int, ...], ...], dtype: Any) -> list[np.ndarray]:
    """Points inside the row's domain, the same in every run."""
    draw = random.Random(f"{row.name} {shapes}")
    return [np.array([draw.uniform(low, high) for _ in range(int(np.prod(shape)))], dtype).reshape(shape)
            for shape, (low, high) in zip(shapes, row.domain)]


def entries(xs: list[np.ndarray]) -> tuple[tuple[int, ...], list[Any]]:
    """The result's shape, and for each entry its index and the indices of its operands."""
    shape = np.broadcast_shapes(*(x.shape for x in xs))
    places = [np.broadcast_to(np.arange(x.size).reshape(x.shape), shape).ravel() for x in xs]
    return shape, list(zip(np.ndindex(*shape), *places))


def entry_by_entry(row: Operation, xs: list[np.ndarray], u: np.ndarray, vs: list[np.ndarray]) -> Any:
    """Value, gradient of Σ u·row, and its second derivative times vs: number by number in the scalar engine."""
    shape, places = entries(xs)
    value, first, second = np.zeros(shape), [np.zeros(x.size) for x in xs], [np.zeros(x.size) for x in xs]
    for at, *where in places:
        point = tuple(float(x.flat[i]) for x, i in zip(xs, where))
        value[at] = row(*point)
        slopes = grad(row, tuple(range(row.arity)))(*point)
        bends = hvp(row, point, tuple(float(v.flat[i]) for v, i in zip(vs, where)))
        for i, place in enumerate(where):
            first[i][place] += u[at] * slopes[i]
            second[i][place] += u[at] * bends[i]
    return value, *([g.reshape(x.shape) for g, x in zip(gs, xs)] for gs in (first, second))


def check_row(row: Operation, shapes: tuple[tuple[int, ...], ...], dtype: Any) -> None:
    xs = operands(row, shapes, dtype)
    shape, _ = entries(xs)
    noise = np.random.default_rng(len(row.name))
    u = noise.uniform(-1, 1, shape).astype(dtype)
    vs = [noise.uniform(-1, 1, x.shape).astype(dtype) for x in xs]
    value, first, second = entry_by_entry(row, xs, u, vs)
    tolerance = 1e-13 if dtype == np.float64 else 2e-5

    def same(got: Any, wanted: Any) -> None:
        got = np.asarray(got)
        assert got.dtype == dtype
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * (1 + np.abs(wanted).max(initial=0)))

    leaves = [Tensor(x) for x in xs]
    y = row(*leaves)
    same(y.data, value)
    same(row(*xs), value)
    y.backward(u)
    for leaf, wanted in zip(leaves, first):
        assert type(leaf.grad) is np.ndarray
        same(leaf.grad, wanted)
    for got, wanted in zip(vjp(row, *xs)[1](u), first):
        same(got, wanted)
    for got, wanted in zip(gradient(row(*leaves), leaves, seed=u, create_graph=True), first):
        same(got.data, wanted)
    assert np.sum(u * jvp(row, tuple(xs), tuple(vs))[1]) == pytest.approx(
        sum(np.sum(g * v) for g, v in zip(first, vs)), rel=tolerance, abs=10 * tolerance)

    def total(*xs: Any) -> Any:
        return functions.sum(row(*xs) * u)

    def slope(*xs: Any) -> Any:
        return sum(functions.sum(g * v) for g, v in zip(grad(total, places)(*xs), vs))

    places = tuple(range(row.arity))
    for got, wanted in zip(hvp(total, tuple(xs), tuple(vs)), second):
        same(got, wanted)
    for got, wanted in zip(grad(slope, places)(*xs), second):
        same(got, wanted)
    for node in topological(y):
        assert node.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_row
@pytest.mark.filterwarnings("ignore::autograd.NoDerivativeWarning")
def test_row_in_every_shape(row: Operation, dtype: Any) -> None:
    for shapes in [(shape,) for shape in SHAPES] if row.arity == 1 else PAIRS:
        check_row(row, shapes, dtype)


@every_row
@pytest.mark.filterwarnings("ignore::autograd.NoDerivativeWarning")
def test_row_with_constants_of_every_kind(row: Operation) -> None:
    """A number, NumPy's number, a list, an array, or a tensor without a gradient, in either place."""
    if row.arity == 1:
        return
    xs = operands(row, ((3,), (3,)), np.float64)
    xs[0][:], xs[1][:] = xs[0][0], xs[1][0]
    first = gradient(row(*(leaves := [Tensor(x) for x in xs])), leaves, seed=np.ones(3))
    for i in (0, 1):
        number = float(xs[1 - i][0])
        for constant in (number, np.float64(number), np.array(number), [number] * 3, np.full(3, number),
                         Tensor(number, requires_grad=False)):
            leaf = Tensor(xs[i])
            y = row(leaf, constant) if i == 0 else row(constant, leaf)
            assert y.inputs == (leaf,)
            y.backward(np.ones(3))
            np.testing.assert_allclose(leaf.grad, first[i], rtol=1e-15)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 1000.0, -1000.0, 1e200, -1e200, 1e-300, 5e-324, inf, -inf, nan]


@every_row
@pytest.mark.filterwarnings("ignore::autograd.NoDerivativeWarning")
def test_edge_values_are_as_in_the_scalar_engine_and_silent(row: Operation) -> None:
    cases = np.array(list(itertools.product(SPECIAL, repeat=row.arity))).T
    wanted = [row(*map(float, case)) for case in cases.T]
    leaves = [Tensor(case) for case in cases]
    with np.errstate(all="ignore" if row.name in ("add", "sub", "mul") else None):  # there NumPy's own warnings stay
        y = row(*leaves)
    np.testing.assert_allclose(y.data, wanted, rtol=1e-13, atol=5e-324)
    y.backward(np.ones(y.shape))
    slopes = [grad(row, tuple(range(row.arity)))(*map(float, case)) for case in cases.T]
    for leaf, wanted in zip(leaves, zip(*slopes)):
        np.testing.assert_allclose(leaf.grad, wanted, rtol=1e-12, atol=1e-300)


def test_rules_reckon_in_the_wider_of_two_dtypes() -> None:
    x, y = np.array([0.3, 0.7]), np.array([3.0, 7.0], np.float32)
    a, b = Tensor(x), Tensor(y)
    (a / b).backward([1.0, 1.0])
    assert a.grad.tolist() == [1 / 3, 1 / 7]
    assert b.grad.dtype == np.float32
    assert jvp(lambda x: x / np.float32(3), (x,), (np.ones(2),))[1].tolist() == [1 / 3, 1 / 3]
    assert jvp(lambda x: x / y, (x,), (np.ones(2),))[1].tolist() == [1 / 3, 1 / 7]


# ── dtypes ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("data, requires_grad, dtype", [
    ([1, 2], True, "float64"), ([1, 2], False, "int64"), (3, True, "float64"), (True + 1, False, "int64"),
    (np.float32([1]), True, "float32"), (np.float64(1), True, "float64"), (np.uint8([1]), False, "uint8"),
    (np.uint8([1]), True, "float64"), (np.float16([1]), True, "float32"), (np.longdouble([1]), True, "float64"),
    ([[1.0, 2], [3, 4]], True, "float64"), (np.zeros((0, 3), np.float32), True, "float32"), (range(3), True, "float64"),
])
def test_dtype_of_a_leaf(data: Any, requires_grad: bool, dtype: str) -> None:
    x = Tensor(data, requires_grad=requires_grad)
    assert x.dtype == x.data.dtype == dtype
    assert x.shape == np.shape(data)


@pytest.mark.parametrize("compute, dtype", [
    (lambda x: x * 2, "float32"), (lambda x: 2.5 * x, "float32"), (lambda x: x**2, "float32"),
     (lambda x: 1 - x, "float32"),
    (lambda x: x / 3, "float32"), (lambda x: x + np.float32(1), "float32"),
     (lambda x: x * np.array([True, False]), "float32"),
    (lambda x: x + np.float64(1), "float64"), (lambda x: x + np.ones(2), "float64"),
     (lambda x: x + Tensor([1.0, 1.0]), "float64"),
    (lambda x: x.mean(), "float32"), (lambda x: x.var(ddof=1), "float32"), (lambda x: x.std(), "float32"),
     (lambda x: x.norm(), "float32"),
    (lambda x: x.maximum(0), "float32"), (lambda x: x.clip(0, 1), "float32"),
     (lambda x: functions.where([True, False], x, 0.0), "float32"),
    (lambda x: functions.pad(x, 1, constant_values=2.0), "float32"), (lambda x: x[x > 1], "float32"),
     (lambda x: x.prod(), "float32"),
    (lambda x: x.astype(np.float64), "float64"), (lambda x: x @ np.float32([1, 2]), "float32"),
     (lambda x: x.leaky_relu(), "float32"),
    (lambda x: np.mean(x), "float32"), (lambda x: np.float32([1, 2]) * x, "float32"),
     (lambda x: x.cumprod(), "float32"),
])
def test_dtype_of_a_result_is_numpys_and_the_gradients_is_the_leafs(compute: Callable[[Any], Any], dtype: str) -> None:
    x = Tensor(np.float32([1, 2]))
    y = compute(x)
    assert y.dtype == dtype
    y.backward(np.ones(y.shape))
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("data",
    [[True], "text", b"x", [1j], None, [None], ["a"], [[1, 2], [3]], {}, object(), np.array([True])])
def test_what_is_no_array_of_real_numbers_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match=r"^Tensor"):
        Tensor(data)


def test_nodes_are_refused_as_data() -> None:
    for node in (Tensor([1.0]), Value(1.0)):
        with pytest.raises(TypeError, match="is a node already; use it as it is, or .detach()"):
            Tensor(node)


# ── kinks, ties, boundaries: the conventions' table on arrays ────────────────────────────────────────────────────


@pytest.mark.parametrize("row", sorted({name for name, _, _ in KINKS}))
@pytest.mark.filterwarnings("ignore::autograd.NoDerivativeWarning")
def test_kinks_on_arrays(row: str) -> None:
    table = [(point, slopes) for name, point, slopes in KINKS if name == row]
    leaves = [Tensor(column) for column in zip(*(point for point, _ in table))]
    ops.rows[row](*leaves).backward(np.ones(len(table)))
    for leaf, wanted in zip(leaves, zip(*(slopes for _, slopes in table))):
        np.testing.assert_array_equal(leaf.grad, wanted)


def slopes(f: Callable[[Any], Any], x: Any) -> list[Any]:
    """The gradient of Σ f in all modes: both sweeps, recorded, functional, and forward."""
    x = np.asarray(x, float)
    leaf = Tensor(x)
    y = functions.sum(f(leaf))
    y.backward()
    forward = np.array([jvp(lambda x: functions.sum(f(x)), (x,), (unit.reshape(x.shape),))[1] for unit in np.eye(x.size)])
    return [leaf.grad.tolist(), gradient(y, leaf).tolist(), gradient(y, leaf, create_graph=True).tolist(),
            grad(lambda x: functions.sum(f(x)))(x).tolist(), forward.reshape(x.shape).tolist()]


@pytest.mark.parametrize("f, x, slope", [
    (ops.relu, [-1, 0, 2], [0, 0, 1]), (abs, [-1, 0, 2], [-1, 0, 1]), (ops.leaky_relu, [-1, 0, 2], [0.01, 0.01, 1]),
    (lambda x: ops.elu(x, 2.0), [0, 2], [2, 1]), (lambda x: x.clip(-1, 1), [-2, -1, 0, 1, 2], [0, 1, 1, 1, 0]),
    (lambda x: functions.max(x), [3, 1, 3, 3], [1 / 3, 0, 1 / 3, 1 / 3]),
     (lambda x: functions.min(x), [1, 1, 2], [0.5, 0.5, 0]),
    (lambda x: functions.max(x, 1), [[1, 1], [1, 2]], [[0.5, 0.5], [0, 1]]),
     (lambda x: functions.max(x, (0, 1)), [[5, 5], [5, 5]], [[0.25] * 2] * 2),
    (lambda x: ops.maximum(x, x), [2, 3], [1, 1]), (lambda x: x * x, [2, 3], [4, 6]), (lambda x: x + x, [2, 3], [2, 2]),
    (lambda x: ops.maximum(x, 0.0), [-1, 0, 1], [0, 0.5, 1]), (lambda x: ops.minimum(x, x[::-1]), [2, 2, 1], [0, 1, 2]),
    (ops.sqrt, [0, 4], [inf, 0.25]), (lambda x: functions.norm(x), [0, 0], [0, 0]),
     (lambda x: functions.std(x), [7, 7, 7], [0, 0, 0]),
    (lambda x: functions.norm(x, axis=1), [[0, 0], [3, 4]], [[0, 0], [0.6, 0.8]]),
     (lambda x: np.hypot(x, x), [0.0, 1.0], [0, 2**0.5]),
    (lambda x: functions.norm(x, 3), [0, 0], [0, 0]), (lambda x: functions.norm(x, np.inf), [3, -3], [0.5, -0.5]),
    (lambda x: x**0, [0, 3], [0, 0]), (lambda x: x**2, [0, -3], [0, -6]), (lambda x: x**-1, [0, 1], [-inf, -1]),
     (lambda x: 0.0**x, [0, 2], [0, 0]),
    (lambda x: functions.prod(x), [0, 2, 3], [6, 0, 0]), (lambda x: functions.prod(x), [0, 0, 3], [0, 0, 0]),
     (lambda x: functions.cumprod(x), [2, 0, 3], [1, 8, 0]),
    (lambda x: functions.sort(x), [1, 1, 0], [1, 1, 1]),
     (lambda x: functions.sort(x) * np.array([1.0, 2, 4]), [1, 0, 1], [2, 1, 4]),
    (lambda x: np.cbrt(x), [0.0, 8.0], [inf, 1 / 12]), (lambda x: np.logaddexp(x, x), [1.0], [1.0]),
     (lambda x: functions.softmax(x), [1, 1], [0, 0]),
])
def test_slope_at_a_kink_in_every_mode(f: Callable[[Any], Any], x: Any, slope: Any) -> None:
    for got in slopes(f, x):
        np.testing.assert_allclose(got, slope, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("f, slope", [
    (lambda x: ops.relu(-ops.sqrt(x)), 0.0), (lambda x: ops.clip(ops.log(x), -1.0) + 3 * x, 3.0),
    (lambda x: ops.maximum(1.0, -ops.sqrt(x)), 0.0), (lambda x: ops.minimum(ops.sqrt(x), x - 1) * 2, 2.0),
    (lambda x: functions.where(x > 0, ops.log(x), x), 1.0), (lambda x: ops.relu(ops.relu(-ops.sqrt(x)) - 1), 0.0),
    (lambda x: functions.where(x > 0, 1 / x, 0.0), 0.0), (lambda x: functions.where(x.detach() == 0, 0.0, x / x), 0.0),
    (lambda x: functions.where(x > 0, x, 1.0).log(), 0.0), (lambda x: ops.clip(1 / x, None, 5.0), 0.0),
])
def test_a_branch_not_taken_sends_no_zero_times_infinity(f: Callable[[Any], Any], slope: float) -> None:
    """Each has an infinite local gradient at 0 behind a branch not taken; at 2 the first sweep suffices."""
    assert slopes(f, 0.0) == [slope] * 5
    assert slopes(f, [0.0]) == [[slope]] * 5
    at_2 = slopes(f, [2.0])
    for got in slopes(f, [0.0, 2.0]):
        np.testing.assert_allclose(got, [slope, at_2[0][0]], rtol=1e-15)


def test_a_choice_among_huge_numbers_is_silent() -> None:
    x = Tensor([1e308, 1e308, -1.0])
    functions.where(x > 0, x, 0.0)[:1].sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 0.0]


def test_nan_that_a_choice_hides_sends_nothing() -> None:
    x = Tensor([-1.0, 4.0])
    functions.where(x > 0, x.sqrt(), 0.0).sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]
    x.grad = None
    x.sqrt()[x > 0].sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]


def test_infinite_seeds_meet_masks_with_care() -> None:
    x = Tensor([-1.0, 2.0])
    ops.relu(x).backward([inf, inf])
    assert x.grad.tolist() == [0.0, inf]


@pytest.mark.parametrize("row", [row for row in ROWS if False in row.partials], ids=str)
def test_training_through_a_flat_row_warns(row: Operation) -> None:
    x = Tensor([1.5, -0.5])
    flat = lambda x: row(x, *[0.5] * (row.arity - 1))
    for way in (lambda: flat(x).sum().backward(), lambda: gradient(flat(x).sum(), x),
                lambda: jvp(flat, (np.ones(2),), (np.ones(2),)),
                lambda: gradient(flat(x).sum(), x, create_graph=True)):
        with pytest.warns(NoDerivativeWarning, match=f"a gradient stops at {row.name}, .* Use a smooth operation"):
            way()
    assert x.grad.tolist() == [0.0, 0.0]


def test_comparisons_and_arg_functions_are_plain() -> None:
    x = Tensor([1.0, 3.0, 2.0])
    for result in (x > 1, x >= 2, x < 2, x <= 2, x == 3, x != 3, x.argmax(), np.argsort(x), np.isnan(x),
        np.array([1, 2, 3]) > x):
        assert not isinstance(result, Tensor)
    assert (x > 1).tolist() == [False, True, True]
    assert x.argmax() == 1


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("compute, error, message", [
    (lambda: Tensor([1.0, 2.0], "y").backward(), GradientError,
     r"backward of y, which has shape \(2,\): .* y.sum\(\) or y.mean\(\), or give seed="),
    (lambda: Tensor([1.0, 2.0], "y").backward([1.0]), ValueError,
     r"the seed of y has shape \(1,\); give it the tensor's shape \(2,\)"),
    (lambda: (Tensor([1.0], requires_grad=False) * 2).backward(), GradientError,
     "none of its inputs takes a gradient"),
    (lambda: Tensor([1.0]).detach().sum().backward(), GradientError, "none of its inputs takes a gradient"),
    (lambda: no_grad()(Tensor(1.0).backward)(), GradientError,
     r"inside no_grad\(\): gradients are switched off here; call it outside"),
    (lambda: Tensor([1.0, 2.0], "a") + Tensor([1.0, 2.0, 3.0], "b"), ValueError,
     r"add\(a \(2,\), b \(3,\)\): .*could not be broadcast"),
    (lambda: Tensor(np.ones((2, 3)), "a") @ Tensor(np.ones((2, 3)), "b"), ValueError,
     r"matmul\(a \(2, 3\), b \(2, 3\)\): .*the inner sizes must be equal: \(n, k\) @ \(k, m\); transpose one with .T"),
    (lambda: Tensor(1.0, "a") @ Tensor([1.0], "b"), ValueError, r"matmul\(a \(\), b \(1,\)\)"),
    (lambda: Tensor(np.ones((2, 3)), "a").reshape(4), ValueError,
     r"reshape\(a \(2, 3\), shape=4\): .*the number of entries must stay the same"),
    (lambda: Tensor([1.0], "a").sum(axis=1), IndexError, r"sum\(a \(1,\), axis=1, .*axis 1 is out of bounds"),
    (lambda: Tensor([1.0], "a")[3], IndexError, r"getitem\(a \(1,\), index=3\): index 3 is out of bounds"),
    (lambda: Tensor([1.0])[1.5], IndexError, "an index must be integers or a mask, not float64"),
    (lambda: Tensor(np.zeros((0, 3)), "a").max(), ValueError, r"max\(a \(0, 3\), .*zero-size array"),
    (lambda: Tensor([1.0]) + Value(1.0), TypeError,
     "numbers and arrays live in separate graphs; make it a Tensor too, or use its number"),
    (lambda: Value(1.0) * Tensor([1.0]), TypeError, "numbers and arrays live in separate graphs"),
    (lambda: Tensor([1.0]) + "a", TypeError, "add: an operand of Tensor must be numbers, not str 'a'"),
    (lambda: Tensor([1.0]) * None, TypeError, "mul: an operand of Tensor must be numbers, not NoneType"),
    (lambda: Tensor([1.0]) * 1j, TypeError, "mul: an operand of Tensor must be numbers, not complex"),
    (lambda: Tensor([1.0]) * 10**400, ValueError, "beyond a float's range"),
    (lambda: Tensor([1.0], "w").__setitem__(0, 2.0), TypeError,
     r"w\[…\] = …: a Tensor cannot be changed in place.* use where\(mask, new, x\)"),
    (lambda: setattr(Tensor([1.0], "w"), "data", [1.0, 2.0]), ValueError,
     r"w.data has shape \(1,\); it cannot be replaced by an array of shape \(2,\)"),
    (lambda: functions.astype(Tensor([1.0]), int), TypeError,
     r"astype\(int64\): a gradient needs float32 or float64; use x.data.astype"),
    (lambda: functions.split(Tensor([1.0, 2.0, 3.0]), 2), ValueError,
     "axis 0 of length 3 does not divide into 2 equal parts; .*array_split"),
    (lambda: functions.squeeze(Tensor([1.0, 2.0]), 0), ValueError, "squeeze: axis 0 of shape .* is not of length 1"),
    (lambda: functions.concatenate([]), ValueError, "concatenate of an empty list: give at least one array"),
    (lambda: functions.einsum("ij,jk", Tensor([[1.0]])), ValueError, "names 2 operands; got 1"),
    (lambda: functions.pad(Tensor([1.0]), 1, "egde"), ValueError, "pad with mode='egde', .* a mode of 'constant', 'edge'"),
    (lambda: functions.pad(Tensor(1.0), -1), ValueError, "pad by -1: a width is 0 or more"),
    (lambda: functions.cumsum(Value(1.0)), TypeError,
     "reshape of Value: it takes tensors and arrays; make a Tensor of the numbers"),
    (lambda: functions.norm(Tensor([[1.0]]), 1), ValueError, "norm of order 1 over 2 axes .*give one axis="),
    (lambda: bool(Tensor([1.0, 2.0])), ValueError, "truth value of an array with more than one element is ambiguous"),
    (lambda: Tensor([1.0, 2.0]).item(), ValueError, "array of size 1"),
    (lambda: autograd.jacobian(lambda x: x)(np.zeros(0)), ValueError, "jacobian of an empty result"),
])
def test_what_is_refused_and_how(compute: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compute()


def test_errors_name_the_scope() -> None:
    with scope("net"), scope("first"), pytest.raises(ValueError,
        match=r"matmul\(x \(1, 2\), W \(3, 1\)\) in net/first: "):
        Tensor([[1.0, 2.0]], "x") @ Tensor([[1.0], [2.0], [3.0]], "W")


def test_rows_of_ones_own_run_on_arrays_entry_by_entry() -> None:
    cube = autograd.op("cubed", "x³", lambda x: x * x * x, lambda out, x: 3 * x**2)
    try:
        x = Tensor([[1.0, 2.0], [0.0, -3.0]])
        y = cube(x)
        y.backward(np.ones((2, 2)))
        assert y.tolist() == [[1.0, 8.0], [0.0, -27.0]]
        assert x.grad.tolist() == [[3.0, 12.0], [0.0, 27.0]]
        assert Tensor(np.float32([2.0])).cubed().dtype == np.float32
    finally:
        del ops.rows["cubed"]


def test_points_of_the_scalar_tests_on_arrays() -> None:
    """The scalar engine's own points, far out ones included, in one array."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDerivativeWarning)
        for row in ROWS:
            columns = list(zip(*points(row)))
            leaves = [Tensor(column) for column in columns]
            y = row(*leaves)
            np.testing.assert_allclose(y.data, [row(*point) for point in zip(*columns)], rtol=1e-13, err_msg=row.name)
            y.backward(np.ones(y.shape))
            wanted = [grad(row, tuple(range(row.arity)))(*point) for point in zip(*columns)]
            for leaf, column in zip(leaves, zip(*wanted)):
                np.testing.assert_allclose(leaf.grad, column, rtol=1e-12, atol=1e-305, err_msg=row.name)
