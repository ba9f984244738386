"""Programs of arrays in C and in NumPy against the function on Tensors: random programs over all rows, at the edges too."""

from __future__ import annotations

import numpy as np
import pytest

import nn.functional as F
from autograd import Tensor, compile, grad, ops, relu, softmax, tanh, value_and_grad, where
from autograd.arrays import functions as A
from autograd.operation import rows
from autograd.programs import native

SHAPES = [(3, 4), (4,), (3, 1), (1, 4), (), (3, 4), (3, 4)]
ROWS = [row for name, row in rows.items() if row.arity and vars(ops).get(name) is row]


def has_compiler() -> bool:
    try:
        native.load(native.table())
    except native.Unavailable:
        return False
    return True


BACKENDS = ["numpy", *(["native"] if has_compiler() else [])]


def random_program(seed: int):
    """A function of four arrays that applies rows, masks, sums, products of matrices and softmax to them at random, and returns a number."""
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
