"""One policy for a branch not taken: every walk over a graph gives the same numbers, at kinks and infinities too."""

from __future__ import annotations

import math
import random
import warnings

import numpy as np
import pytest
import viz
from autograd import (
    NoDerivativeWarning, Tensor, Value, elu, grad, gradient, leaky_relu, log, log1p, maximum, ops, relu, sqrt, steps, where,
)
from autograd.graph import topological
from autograd.sweep import either, sweep_edges
from hypothesis import given, settings
from hypothesis import strategies as st

POINTS = [0.0, -0.5, 1.0, 2.0, -3.0, math.inf, -math.inf, 1e200, 0.25]
UNARY = ["relu", "sqrt", "log", "abs", "exp", "neg", "sigmoid", "tanh", "softplus", "cbrt", "log1p", "sign", "step", "floor"]
BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "pow", "leaky_relu", "elu", "clip_min", "clip_max", "hypot"]


def program(seed: int):
    """A random program of 3 to 12 operations, ignoring their domains, and a point of three numbers."""
    draw = random.Random(seed)
    point = [draw.choice(POINTS) for _ in range(3)]
    lines = [(draw.choice(UNARY) if draw.random() < 0.5 else draw.choice([*BINARY, "where"]),
              [draw.randrange(-4, 3 + i) for _ in range(2)], draw.randrange(3)) for i in range(draw.randint(3, 12))]

    def run(*xs):
        values = list(xs)
        for name, (a, b), condition in lines:
            x = values[a % len(values)]
            y = values[b % len(values)] if b >= 0 else [0.0, 1.0, -2.0, 0.5][b]
            if name == "where":
                values.append(where(values[condition] > 0, x, y))
            else:
                values.append(ops.rows[name](x) if name in UNARY else ops.rows[name](x, y))
        return values[-1]
    return run, point


def same(a, b):
    return np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True)


def quietly(function, *args, **options):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", NoDerivativeWarning)
        return function(*args, **options)


def swept(y, xs):
    adjoints = {y: y.seed_gradient(None)}
    for _ in sweep_edges(reversed(topological(y)), adjoints):
        pass
    return [adjoints.get(x, x.zero_gradient()) for x in xs]


def shown(y, xs):
    """The sums of the contributions on the wires of the picture."""
    drawn = viz.graph(y, collapse=False)
    sums = {}
    for wire in drawn.wires:
        if wire.contribution is not None and not wire.id.startswith("w-out"):
            sums[wire.source] = sums.get(wire.source, 0.0) + wire.contribution
    labels = {node.label: sums.get(node.id, 0.0) for node in drawn.nodes if node.kind == "input"}
    return [labels.get(x.name, 0.0) for x in xs]


@settings(deadline=None, max_examples=400, database=None)
@given(st.integers(0, 2**32))
def test_all_walks_over_numbers_agree(seed):
    run, point = program(seed)
    xs = [Value(x, name) for x, name in zip(point, "abc")]
    y = run(*xs)
    if not isinstance(y, Value) or not y.inputs:
        return
    quietly(y.backward)
    reached = set(topological(y))
    expected = [x.grad if x in reached else 0.0 for x in xs]
    assert same(swept(y, xs), expected)
    assert same(quietly(gradient, y, xs), expected)
    arriving = {}
    for step in steps(y):
        for edge in step.edges:
            arriving[edge.target_label] = edge.total
    assert same([arriving.get(x.name, 0.0) for x in xs], expected)
    np.testing.assert_allclose(shown(y, xs), expected, rtol=1e-12, equal_nan=True)  # summed in another order
    for node in reached:
        if node.inputs:
            assert same(node.grad, {n: s.gradient for n, s in zip(
                [n for n in reversed(topological(y)) if n.inputs], [s for s in steps(y) if s.phase == "backward"])}[node])


@settings(deadline=None, max_examples=400, database=None)
@given(st.integers(0, 2**32))
def test_gradients_that_are_graphs_are_the_same_numbers(seed):
    run, point = program(seed)
    for xs in ([Value(x) for x in point], [Tensor([x, 0.5]) for x in point]):
        y = quietly(run, *xs)
        if not hasattr(y, "inputs") or not y.inputs:
            continue
        seed = None if isinstance(y, Value) else np.ones(y.shape)
        plain = quietly(gradient, y, xs, seed)
        nodes = quietly(gradient, y, xs, seed, create_graph=True)
        for a, b in zip(plain, nodes):
            np.testing.assert_allclose(np.asarray(b.data, float), np.asarray(a, float), rtol=1e-9, equal_nan=True)


@settings(deadline=None, max_examples=400, database=None)
@given(st.integers(0, 2**32))
def test_arrays_follow_the_policy_of_numbers_entry_by_entry(seed):
    run, point = program(seed)
    others = [random.Random(seed + 1).sample(POINTS, 3) for _ in range(2)]
    columns = list(zip(point, *others))
    numbers = [[Value(x) for x in entry] for entry in zip(*columns)]
    results = [run(*entry) for entry in numbers]
    arrays = [Tensor(column) for column in columns]
    y = quietly(run, *arrays)
    if not isinstance(y, Tensor) or not y.inputs:
        return
    gradients = quietly(gradient, y, arrays, np.ones(3))
    walked = {y: np.ones(3)}
    for _ in sweep_edges(reversed(topological(y)), walked):
        pass
    quietly(y.backward, np.ones(3))
    for i, (entry, result) in enumerate(zip(numbers, results)):
        expected = quietly(gradient, result, entry) if isinstance(result, Value) else [0.0] * 3
        if not same(y.data[i], getattr(result, "data", result)):  # another last bit decides another branch
            continue
        for got in (gradients, [walked.get(x, np.zeros(3)) for x in arrays], [x.grad for x in arrays]):
            for a, b in zip(got, expected):
                if a is not None:
                    np.testing.assert_allclose(a[i], b, rtol=1e-9, equal_nan=True)


@pytest.mark.parametrize("f, expected", [
    (lambda x: sqrt(x) * 0.0, math.nan), (lambda x: relu(sqrt(x)), 0.0), (lambda x: where(x > 0, sqrt(x), 0.0), 0.0),
    (lambda x: maximum(sqrt(x), 1.0), 0.0), (lambda x: relu(sqrt(x - 0.5)), math.nan), (lambda x: sqrt(x), math.inf),
    (lambda x: elu(x + 1.0, log1p(log(x - 0.5))), 1.0), (lambda x: leaky_relu(x + 1.0, log1p(log(x - 0.5))), 1.0),
])
def test_the_policy_holds_for_numbers_and_arrays(f, expected):
    x = Value(0.0)
    assert same(grad(f)(0.0), expected)
    if isinstance(y := f(x), Value):
        y.backward()
        assert same(x.grad, expected)
    assert same(grad(lambda x: f(x).sum())(np.array([0.0])), [expected])
    t = Tensor([0.0, 4.0])
    f(t).sum().backward()
    assert same(t.grad[0], expected)


def test_products_of_arrays_are_ordinary_and_indices_are_selections():
    t = Tensor([0.0, 1.0])
    (sqrt(t) @ [0.0, 1.0]).backward()
    assert same(t.grad, [math.nan, 0.5])
    t = Tensor([0.0, 1.0])
    sqrt(t)[1:].sum().backward()
    assert same(t.grad, [0.0, 0.5])
    t = Tensor([[0.0, 1.0]])
    sqrt(t).reshape(2)[1].backward()
    assert same(t.grad, [[0.0, 0.5]])


def test_an_entry_that_nothing_reached_meets_no_infinite_factor_of_a_product():
    x = Tensor([[0.0, 2.0], [1.0, 3.0]])
    first_column_is_infinite = np.array([[math.inf, 1.0], [1.0, 1.0]])
    y = quietly(lambda: x @ first_column_is_infinite)[:, 1].sum()
    y.backward()
    assert same(x.grad, [[1.0, 1.0], [1.0, 1.0]])


def test_the_picture_shows_no_trouble_where_there_is_none():
    x = Value(0.0, "x")
    y = relu(sqrt(x))
    y.backward()
    assert [wire.contribution for wire in viz.graph(y).wires] == [0.0, 0.0, 1.0]


def test_the_union_of_two_arrivals():
    mask = np.array([True, False])
    assert either(False, mask) is mask
    assert either(mask, True) is True
    assert either(mask, ~mask).all()
