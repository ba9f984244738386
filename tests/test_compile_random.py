"""Random programs over the rows of both tables, on both backends, against the function on Tensors: at the edges too."""

from __future__ import annotations

import numpy as np
import pytest

import nn.functional as F
from autograd import arctan, arctan2, compile, floor, no_grad, rint, tanh, trunc, value_and_grad, where
from autograd.arrays import functions as A

from .backends import BACKENDS
from .test_compile_native_arrays import ROWS, close

EDGES = [0.0, -0.0, np.inf, -np.inf, 1.0, -1.0, np.nan, 800.0, 0.5]
SHAPES = [(3, 4), (4,), (3, 1), (2, 3, 4), (), (4, 4), (4, 3), (3, 4)]


class Draws:
    """The choices of one random program, the same at each run."""

    def __init__(self, seed: int, known: list):
        self.rng, self.known = np.random.default_rng(seed), known

    def pick(self, fits=lambda x: True):
        """An array known so far, the latest with preference; None where none fits."""
        fitting = [x for x in self.known if fits(x)]
        if not fitting:
            return None
        return fitting[-1] if self.rng.random() < 0.5 else fitting[self.rng.integers(len(fitting))]

    def axis(self, x):
        return int(self.rng.integers(-x.ndim, x.ndim))

    def partner(self, x):
        """An array that broadcasts with ``x``."""
        def fits(y):
            try:
                return np.prod(np.broadcast_shapes(x.shape, y.shape)) <= 100
            except ValueError:
                return False
        return self.pick(fits)


def row(d, x):
    op = ROWS[d.rng.integers(len(ROWS))]
    if op.arity == 1:
        return op(x)
    other = d.partner(x) if d.rng.random() < 0.8 else round(d.rng.uniform(0.1, 2.0), 2)
    return op(other, x) if d.rng.random() < 0.3 else op(x, other)


def index(d, x):
    parts = []
    for n in x.shape[:int(d.rng.integers(1, x.ndim + 1))]:
        kind = d.rng.random()
        low, high = sorted(d.rng.integers(0, n + 1, 2).tolist())
        parts.append(int(d.rng.integers(-n, n)) if kind < 0.2 else slice(None, None, -1) if kind < 0.4 else slice(low, high) if
                     low < high and kind < 0.7 else slice(None, None, 2))
    if d.rng.random() < 0.2:
        return x[[0, x.shape[0] - 1, 0]]
    return x[(None, *parts) if d.rng.random() < 0.2 else tuple(parts)]


def product(d, x):
    y = d.pick(lambda y: y.ndim and x.ndim and x.shape[-1] == y.shape[-2 if y.ndim > 1 else 0] and y.ndim < 3)
    return x @ y if y is not None else x @ x.T if x.ndim == 2 else A.einsum("i,i->", x, x) if x.ndim == 1 else x * 2.0


def summed(d, x):
    reduction = [A.sum, A.mean, A.max, A.min, A.logsumexp, A.prod][d.rng.integers(6)]
    return reduction(x, d.axis(x), keepdims=bool(d.rng.integers(2))) if d.rng.random() < 0.8 else reduction(x)


def mixed(d, x):
    kinds = [lambda: A.softmax(x, d.axis(x)), lambda: A.log_softmax(x, d.axis(x)), lambda: A.cumsum(x, d.axis(x)),
             lambda: A.flip(x, d.axis(x)), lambda: A.roll(x, 1, d.axis(x)), lambda: A.pad(x, 1), lambda: x.T,
             lambda: A.concatenate([x, tanh(x), x], d.axis(x)), lambda: A.stack([x, 2.0 * x], d.axis(x)), lambda: x.reshape(-1),
             lambda: A.broadcast_to(x, (2, *x.shape)), lambda: A.repeat(x, 2, d.axis(x)), lambda: A.std(x, d.axis(x)),
             lambda: F.layer_norm(x, x.shape[-1:]), lambda: A.expand_dims(x, 0), lambda: A.moveaxis(x, 0, -1)]
    return kinds[d.rng.integers(len(kinds))]()


def scores(d, x):
    if x.ndim != 2 or 0 in x.shape or x.shape[1] < 2:
        return A.einsum("...i->...", x) if x.ndim else x
    if d.rng.random() < 0.5:
        return F.cross_entropy(x, d.rng.integers(0, x.shape[1], len(x)))
    return F.linear(x, tanh(A.einsum("ij,kj->kj", x, x)))


def choice(d, x):
    y = d.partner(x)
    if d.rng.random() < 0.5:
        return where(x > y, x, y * 0.5)
    return where(x <= 0.0, 0.0, 1.0 / x) if d.rng.random() < 0.5 else where(x.detach() != 0.5, x * x, y)


def still(d, x):
    with no_grad():
        y = tanh(x)
    return x * y


def random_function(seed: int):
    """A function of four arrays that returns a number made of all that it computes."""
    def f(*xs):
        d = Draws(seed, [*xs])
        for _ in range(int(d.rng.integers(4, 10))):
            kinds = [row, row, row, choice, still]
            x = d.pick()
            if x.ndim:
                kinds += [index, product, summed, summed, mixed, mixed, scores]
            made = kinds[d.rng.integers(len(kinds))](d, x)
            if made.size <= 100 and made.ndim <= 3 and made.size:
                d.known.append(arctan(made) * 3.0 if d.rng.random() < 0.3 else made)
        total = d.known[-1].sum()
        for x in d.known[4:-1]:
            total = total + 0.1 * x.sum()
        return total
    return f


def points(seed: int, edges: bool):
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=SHAPES[rng.integers(len(SHAPES))]) for _ in range(4)]
    for x in xs if edges else []:
        for _ in range(2):
            x[tuple(int(rng.integers(n)) for n in x.shape)] = EDGES[rng.integers(len(EDGES))]
    return xs


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("edges", [False, True])
def test_random_programs_over_both_tables(backend, edges):
    eager = 0
    for seed in range(100):
        f, xs = random_function(seed), points(seed, edges)
        with np.errstate(all="ignore"):
            value, slopes = value_and_grad(f, (0, 1, 2, 3))(*xs)
        program = compile(f, backend=backend)
        size = max(np.abs(x[np.isfinite(x)]).max(initial=1.0) for x in (np.asarray(value), *slopes))
        for _ in range(2):
            got, own = program.value_and_grad(*xs, argnums=(0, 1, 2, 3))
            close(got, value, size)
            for mine, wanted in zip(own, slopes, strict=True):
                close(mine, wanted, size)
        close(program(*xs), value, size)
        eager += program.backend.startswith("eager")
    assert eager < 10


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rounds", [trunc, rint, floor])
def test_a_negative_zero_stays_one(backend, rounds):
    """Found by a random program: the angle of (−1, −0) is −π, and that of (−1, 0) is π."""
    f = lambda x: arctan2(rounds(x), -1.0 - x * x).sum()
    x = np.array([-0.3, 0.3, -0.0, 1.7])
    assert compile(f, backend=backend)(x) == pytest.approx(f(x), rel=1e-14)
