"""Programs of arrays in C and in NumPy against the function on Tensors: random programs over all rows, at the edges too."""

from __future__ import annotations

import numpy as np
import pytest

import nn.functional as F
from autograd import compile, exp, grad, hessian, ops, relu, softmax, sqrt, tanh, value_and_grad, where
from autograd.arrays import functions as A
from autograd.operation import rows

from .backends import BACKENDS

SHAPES = [(3, 4), (4,), (3, 1), (1, 4), (), (3, 4), (3, 4)]
ROWS = [row for name, row in rows.items() if row.arity and vars(ops).get(name) is row]


def random_program(seed: int):
    """A function of four arrays that applies rows, masks, sums, products and softmax at random, and returns a number."""
    def f(*xs):
        rng = np.random.default_rng(seed)
        known = [*xs]

        def pick():
            return known[-1] if rng.random() < 0.5 else known[rng.integers(len(known))]
        for _ in range(rng.integers(4, 12)):
            kind = rng.random()
            if kind < 0.55:
                row = ROWS[rng.integers(len(ROWS))]
                made = row(*[pick() if i == 0 or rng.random() < 0.8 else round(rng.uniform(0.1, 2.0), 2) for i in range(row.arity)])
            elif kind < 0.65:
                made = where(pick() > pick(), pick(), pick() * 0.5)
            elif kind < 0.75:
                x = pick()
                made = A.sum(x, int(rng.integers(x.ndim)), keepdims=bool(rng.integers(2))) if x.ndim else A.sum(x)
            elif kind < 0.85:
                x, y = pick(), pick()
                made = x @ y.T if x.ndim == y.ndim == 2 and x.shape[1] == y.shape[1] else x - y
            elif kind < 0.92:
                x = pick()
                made = softmax(x, -1) if x.ndim else tanh(x)
            else:
                x = pick()
                made = A.reshape(x, (-1,)) if x.size % 4 else A.reshape(x, (-1, 4))
            if not broadcasts(made.shape):
                continue
            known.append(made)
        total = known[-1].sum()
        for x in known[4:-1]:
            total = total + 0.1 * x.sum()
        return total
    return f


def broadcasts(shape):
    return all(shape[-1 - i] in (1, n) for i, n in enumerate((4, 3)) if i < len(shape)) and len(shape) <= 2


def arrays(seed: int, edges: bool):
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=SHAPES[rng.integers(len(SHAPES))]) for _ in range(4)]
    if edges:
        for x in xs:
            for _ in range(2):
                x[tuple(int(rng.integers(n)) for n in x.shape)] = rng.choice([0.0, -0.0, np.inf, -np.inf, 1.0, -1.0, np.nan, 800.0])
    return xs


def close(got, wanted, scale):
    """Equal to rounding, relative to the largest number around, with equal infinities and nan."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape and got.dtype == wanted.dtype
    finite = np.isfinite(wanted)
    np.testing.assert_array_equal(got[~finite], wanted[~finite])
    np.testing.assert_allclose(got[finite], wanted[finite], rtol=1e-11, atol=1e-11 * scale)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("edges", [False, True])
def test_random_programs(backend, edges):
    for seed in range(60):
        f, xs = random_program(seed), arrays(seed, edges)
        with np.errstate(all="ignore"):
            value, slopes = value_and_grad(f, (0, 1, 2, 3))(*xs)
        program = compile(f, backend=backend)
        for _ in range(2):
            got, own = program.value_and_grad(*xs, argnums=(0, 1, 2, 3))
            finite = [np.abs(x[np.isfinite(x)]).max(initial=1.0) for x in map(np.asarray, slopes)]
            close(got, value, max(1.0, abs(value) if np.isfinite(value) else 1.0))
            for mine, wanted in zip(own, slopes, strict=True):
                close(mine, wanted, max(finite))
        close(program(*xs), value, 1.0)
        assert not program.backend.startswith("eager"), seed


# ── sizes, orders in memory, and whose the arrays are ────────────────────────────────────────────────────────────

@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(3, 1000), (300, 7), (65, 64), (1, 129), (50, 40, 3)])
def test_many_blocks_rows_and_columns(backend, dtype, shape):
    rng = np.random.default_rng(1)
    f = lambda x, row, column, one: ((relu(x * row - column) + x / (1 + x * x)) * one).sum() + ((x - row) ** 2 * column).sum()
    x = rng.normal(size=shape).astype(dtype)
    others = [rng.normal(size=s).astype(dtype) for s in (shape[1:], (shape[0],) + (1,) * (len(shape) - 1), (1,))]
    wanted = value_and_grad(f, (0, 1, 2, 3))(x, *others)
    program = compile(f, backend=backend)
    for given in (x, np.asfortranarray(x), np.repeat(x, 2, 0)[::2]):
        value, slopes = program.value_and_grad(given, *others, argnums=(0, 1, 2, 3))
        tolerance = 1e-12 if dtype is np.float64 else 2e-5
        assert value == pytest.approx(wanted[0], rel=tolerance)
        for mine, theirs in zip(slopes, wanted[1], strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * np.abs(theirs).max())
    assert program.backend == backend


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [4, 5000])
def test_results_and_gradients_are_new_arrays_at_each_call(backend, size):
    program = compile(lambda x, y: (x * y).sum() + (y * y).sum(), backend=backend)
    double = compile(lambda x: [x * 2.0 + 1.0, x - 1.0], backend=backend)
    x, y = np.ones(size), np.full(size, 2.0)
    first = program.value_and_grad(x, y, argnums=(0, 1))[1]
    results = double(x)
    kept = [a.copy() for a in (*first, *results)]
    program.value_and_grad(y, x, argnums=(0, 1))
    double(y)
    for a, b in zip((*first, *results), kept, strict=True):
        assert (a == b).all() and a.flags.writeable
        a[:] = 7
    assert (x == 1).all() and (program.value_and_grad(x, y)[1] == 2).all() and (double(x)[0] == 3).all()


# ── derivatives within ───────────────────────────────────────────────────────────────────────────────────────────

def loss(parameters, x, labels):
    w, b, v = parameters
    return F.cross_entropy(relu(x @ w + b) @ v, labels)


def step(parameters, x, labels):
    value, slopes = value_and_grad(loss)(parameters, x, labels)
    return value, [p - 0.1 * slope for p, slope in zip(parameters, slopes)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_training_step_with_its_update(backend):
    rng = np.random.default_rng(2)
    mine = other = [rng.normal(size=shape) for shape in ((4, 8), (8,), (8, 3))]
    program = compile(step, backend=backend)
    for _ in range(5):
        x, labels = rng.normal(size=(16, 4)), rng.integers(0, 3, 16)
        value, mine = program(mine, x, labels)
        wanted, slopes = value_and_grad(loss)(other, x, labels)
        other = [p - 0.1 * slope for p, slope in zip(other, slopes)]
        assert value == pytest.approx(wanted, rel=1e-12)
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    assert program.recordings == 1 and program.backend == backend
    with pytest.raises(ValueError, match="label 3 at target"):
        program(mine, x, np.full(16, 3))


@pytest.mark.parametrize("backend", BACKENDS)
def test_higher_orders_within(backend):
    f = lambda x, a: (tanh(x) * exp(-a * x) + relu(x) * x).sum()
    inner = lambda x, a: (grad(f)(x, a) ** 2).sum()
    x, a = np.random.default_rng(3).normal(size=(2, 5))
    for function in (inner, lambda x, a: (grad(inner)(x, a) * x).sum()):
        program = compile(function, backend=backend)
        value, slopes = program.value_and_grad(x, a, argnums=(0, 1))
        wanted, theirs = value_and_grad(function, (0, 1))(x, a)
        assert value == pytest.approx(wanted, rel=1e-11) and program.backend == backend
        for mine, other in zip(slopes, theirs, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(compile(f, backend=backend).hessian(x, a), hessian(f)(x, a), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_derivative_within_that_meets_a_branch_not_taken_is_that_of_the_function(backend):
    slope = lambda x: grad(lambda x: relu(sqrt(x)).sum() + (x * x).sum())(x) + 0.0
    program = compile(slope, backend=backend)
    for x in (np.array([4.0, 1.0]), np.array([0.0, 1.0]), np.array([9.0, 4.0])):  # at 0, a slope of 0 times one of infinity
        np.testing.assert_allclose(program(x), slope(x), rtol=1e-12)
    assert program.backend == backend


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_products_with_transposed_matrices(backend, order):
    """A transposed factor has its gradient in the order in which it lies in memory."""
    rng = np.random.default_rng(4)
    for m, k, n in ((3, 4, 2), (1, 4, 2), (3, 1, 2), (3, 4, 1), (4, 4, 4)):
        for left in (False, True):
            for right in (False, True):
                product = lambda x, y, left=left, right=right: (x.T if left else x) @ (y.T if right else y)
                f = lambda x, y, product=product: (product(x, y) ** 2).sum() + (x ** 3).sum()
                x = np.asarray(rng.normal(size=(k, m) if left else (m, k)), order=order)
                y = np.asarray(rng.normal(size=(n, k) if right else (k, n)), order=order)
                for mine, wanted in zip(compile(f, backend=backend).value_and_grad(x, y, argnums=(0, 1))[1],
                                        value_and_grad(f, (0, 1))(x, y)[1], strict=True):
                    np.testing.assert_allclose(mine, wanted, rtol=1e-12, atol=1e-12)
