"""Compiled programs against the function itself: values, gradients, lanes, higher orders, refusals; with both backends."""

from __future__ import annotations

import gc
import math
import random
import threading
import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    GradientError, GraphError, GraphWarning, NoDerivativeWarning, Tensor, Value, compile, exp, grad, gradient, hessian, jacobian,
    jvp, log, maximum, no_grad, op, ops, relu, scope, sigmoid, sqrt, tanh, where,
)
from autograd.operation import find, rows
from autograd.programs.program import Program

from .backends import BACKENDS
from .programs import programs

backends = pytest.mark.parametrize("backend", BACKENDS)
quick = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
                 phases=(Phase.explicit, Phase.generate))  # a program is one seed: there is nothing to shrink
EDGES = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 0.5, 2.0, -2.0, 3.0]
NAMES = [name for name, row in rows.items() if row.arity]


def eager(f, xs):
    """The value and the gradient of the function on Values."""
    nodes = [Value(x) for x in xs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDerivativeWarning)
        y = f(*nodes)
        return y.data, gradient(y, nodes)


def agree(got, wanted, tolerance):
    size = max([1.0, *(abs(x) for x in wanted if math.isfinite(x))])
    for x, y in zip(got, wanted, strict=True):
        assert x == y or abs(x - y) <= tolerance * size or x != x and y != y, (list(got), list(wanted))


def agree_as_conditioned(f, xs, got, wanted, tolerance):
    """As ``agree``; where the program loses digits, to what it loses when each result is off by a unit in the last place."""
    try:
        agree(got, wanted, tolerance)
    except AssertionError:
        others = [eager(lambda *nodes, seed=seed: f(*nodes, off=random.Random(seed)), xs) for seed in range(8)]
        others = [[value, *slopes] for value, slopes in others]
        for i, (x, y) in enumerate(zip(got, wanted, strict=True)):
            lost = max(abs(other[i] - y) for other in others)
            assert x == y or x != x and y != y or abs(x - y) <= 8 * lost < math.inf, (x, y, lost)


def wild_program(draw, inputs=3):
    """A function of random operations on whatever comes, infinities, edges and choices among them."""
    lines, count = [], inputs
    for _ in range(draw.randrange(2, 14)):
        row = find(draw.choice(NAMES))
        operands = [draw.randrange(count) if draw.random() < 0.85 else draw.choice(EDGES) for _ in range(row.arity)]
        operands[0] = draw.randrange(count)
        lines.append((row, operands))
        if draw.random() < 0.2:
            lines.append((where, [draw.randrange(count) for _ in range(3)]))
        if draw.random() < 0.3:
            lines.append((draw.choice([ops.add, ops.mul, ops.sub]), [draw.randrange(count) for _ in range(2)]))
        count = inputs + len(lines)

    def f(*xs, off=None):
        results = list(xs)
        for row, operands in lines:
            x, *rest = [results[x] if isinstance(x, int) else x for x in operands]
            made = where(x > 0.3, *rest) if row is where else row(x, *rest)
            results.append(made if off is None else made * (1 + off.choice((-1, 1)) * 2.0**-52))
        used = {x for _, operands in lines for x in operands if isinstance(x, int)}
        return sum((results[i] for i in range(inputs, count) if i not in used), 0.0)
    return f


@backends
@quick
@given(programs())
def test_value_and_gradient_are_those_of_the_function(backend, program):
    value, slopes = eager(program, program.point)
    compiled = compile(program, backend=backend)
    got, gradients = compiled.value_and_grad(*program.point, argnums=tuple(range(len(slopes))))
    agree([got], [value], 1e-12)
    agree(gradients, slopes, 1e-12)
    columns = [np.array([x, x + 0.01, x]) for x in program.point]
    lanes = compile(program, in_axes=(0,) * len(slopes), backend=backend)
    values, gradients = lanes.value_and_grad(*columns, argnums=tuple(range(len(slopes))))
    agree([values[0], values[2]], [value, value], 1e-11)
    agree([g[2] for g in gradients], slopes, 1e-11)


@backends
@quick
@given(st.integers(0, 2**32))
def test_infinities_and_branches_not_taken_are_those_of_the_function(backend, seed):
    draw = random.Random(seed)
    f = wild_program(draw)
    points = [[draw.choice(EDGES) if draw.random() < 0.4 else draw.uniform(-3, 3) for _ in range(3)] for _ in range(6)]
    compiled = compile(f, backend=backend)
    values, gradients = compile(f, in_axes=(0, 0, 0), backend=backend).value_and_grad(*np.array(points).T, argnums=(0, 1, 2))
    for i, xs in enumerate(points):
        value, slopes = eager(f, xs)
        got, own = compiled.value_and_grad(*xs, argnums=(0, 1, 2))
        agree_as_conditioned(f, xs, [got, *own], [value, *slopes], 1e-12)
        agree_as_conditioned(f, xs, [values[i], *(g[i] for g in gradients)], [value, *slopes], 1e-11)


@pytest.mark.slow
@settings(quick, max_examples=1500, derandomize=False)
@given(st.integers(0, 2**32))
def test_infinities_in_many_programs(seed):
    for backend in BACKENDS:
        test_infinities_and_branches_not_taken_are_those_of_the_function.hypothesis.inner_test(backend, seed)


@backends
@settings(quick, max_examples=20)
@given(programs(inputs=2, most=15))
def test_derivatives_of_higher_order(backend, program):
    x = program.point
    compiled = compile(program, backend=backend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoDerivativeWarning)
        along = tuple(0.5 + i for i in range(len(x)))
        agree(compiled.jvp(x, along), jvp(program, x, along), 1e-11)
        numbers = tuple(range(len(x)))
        agree(compiled.jacobian(*x, argnums=numbers), jacobian(program, numbers)(*x), 1e-11)
        wanted = [entry for row in hessian(program, numbers)(*x) for entry in row]
        agree([entry for row in compiled.hessian(*x, argnums=numbers) for entry in row], wanted, 1e-10)
        agree([compile(grad(program), backend=backend)(*x)], [grad(program)(*x)], 1e-11)


# ── a network over a batch ───────────────────────────────────────────────────────────────────────────────────────

def network(weights, biases, x, y):
    for i, (w, b) in enumerate(zip(weights, biases)):
        sums = [sum((wk * xk for wk, xk in zip(row, x)), offset) for row, offset in zip(w, b)]
        x = [relu(s) for s in sums] if i < 2 else sums
    return relu(1 - y * x[0]) + 1e-4 * sum(p * p for a in (*weights, *biases) for p in np.ravel(np.array(a, dtype=object)))


def by_hand(weights, biases, x, y):
    """The mean loss of the batch and its gradient, in NumPy."""
    (w1, w2, w3), (b1, b2, b3), n = weights, biases, len(y)
    h1 = np.maximum(x @ w1.T + b1, 0)
    h2 = np.maximum(h1 @ w2.T + b2, 0)
    margin = 1 - y * (h2 @ w3.T + b3)[:, 0]
    g3 = np.where(margin > 0, -y / n, 0)[:, None]
    g2 = (g3 @ w3) * (h2 > 0)
    g1 = (g2 @ w2) * (h1 > 0)
    loss = np.maximum(margin, 0).mean() + 1e-4 * sum((p * p).sum() for p in (*weights, *biases))
    return loss, [g.T @ h + 2e-4 * w for g, h, w in ((g1, x, w1), (g2, h1, w2), (g3, h2, w3))], \
        [g.sum(0) + 2e-4 * b for g, b in ((g1, b1), (g2, b2), (g3, b3))]


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    sizes = (2, 7, 5, 1)
    weights = [rng.normal(size=(m, n)) for n, m in pairwise(sizes)]
    return weights, [rng.normal(size=m) for m in sizes[1:]], rng.normal(size=(9000, 2)), np.sign(rng.normal(size=9000))


@backends
@pytest.mark.parametrize("count", [1, 7, 64, 65, 100, 9000])
def test_a_network_over_a_batch_is_numpy_by_hand(backend, count, batch):
    weights, biases, x, y = batch
    program = compile(network, in_axes=(None, None, 0, 0), reduce="mean", backend=backend)
    for n in (count, 3):  # another size needs no other recording
        loss, slopes, offsets = by_hand(weights, biases, x[:n], y[:n])
        got, (down, down_offsets) = program.value_and_grad(weights, biases, x[:n], y[:n], argnums=(0, 1))
        assert got == pytest.approx(loss, rel=1e-12)
        for mine, wanted in zip(down + down_offsets, slopes + offsets):
            np.testing.assert_allclose(mine, wanted, rtol=1e-11, atol=1e-13)
    assert program.recordings == 1
    listed = [[row.tolist() for row in w] for w in weights], [b.tolist() for b in biases]
    got, down = program.value_and_grad(*listed, x[:3].tolist(), y[:3].tolist(), argnums=0)
    assert got == pytest.approx(loss, rel=1e-12)
    assert np.allclose(down[1], slopes[1], rtol=1e-11) and type(down[1][0]) is list


@backends
def test_gradients_for_each_example_and_by_the_batch_itself(backend, batch):
    weights, biases, x, y = batch
    each = compile(network, in_axes=(None, None, 0, 0), backend=backend)
    values, (down, _, dx) = each.value_and_grad(weights, biases, x[:70], y[:70], argnums=(0, 1, 2))
    assert values.shape == (70,) and down[0].shape == (70, 7, 2) and dx.shape == (70, 2)
    total = compile(network, in_axes=(None, None, 0, 0), reduce="sum", backend=backend)
    value, (summed, dx_of_sum) = total.value_and_grad(weights, biases, x[:70], y[:70], argnums=(0, 2))
    assert value == pytest.approx(values.sum(), rel=1e-12)
    np.testing.assert_allclose(down[0].sum(0), summed[0], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(dx, dx_of_sum, rtol=1e-12)


@backends
def test_axes_and_forms_of_batches(backend):
    f = compile(lambda w, p: (w["a"] * p[0][0] + p[0][1], p[1]), in_axes=(None, 1), backend=backend)
    first, second = f({"a": 2.0}, (np.arange(6.0).reshape(2, 3), np.ones((1, 3))))
    assert first.tolist() == [3.0, 6.0, 9.0] and second.shape == (3, 1)
    g = compile(lambda w, p: w * p[0], in_axes=(None, -1), reduce="sum", backend=backend)
    assert g.value_and_grad(2.0, np.arange(6.0).reshape(2, 3), argnums=1) == (6.0, pytest.approx(np.array([[2.0] * 3, [0.0] * 3])))


@backends
def test_the_hessian_of_a_mean_is_the_mean_of_hessians(backend):
    def loss(w, x):
        return tanh(w[0] * x + w[1]) ** 2
    x = np.linspace(-1, 1, 11)
    program = compile(loss, in_axes=(None, 0), reduce="mean", backend=backend)
    wanted = hessian(lambda w: sum(loss(w, float(number)) for number in x) / 11)([0.5, -0.25])
    assert np.allclose(program.hessian([0.5, -0.25], x), wanted, rtol=1e-11)


# ── Values reached by closure ────────────────────────────────────────────────────────────────────────────────────

@backends
def test_values_by_closure_are_read_anew_and_backward_fills_their_gradients(backend):
    w, unused = Value(2.0, "w"), Value(1.0)
    program = compile(lambda x: w * x + w**3 + 0.0 * unused.detach(), backend=backend)
    assert program(3.0) == 14.0
    assert program.backward(3.0) == 14.0
    program.backward(3.0)
    assert (w.grad, unused.grad) == (30.0, None)
    w.data = 5.0
    assert program(3.0) == 140.0
    batch = compile(lambda x: tanh(w * x), in_axes=0, reduce="mean", backend=backend)
    w.grad, w.data = None, 0.0
    batch.backward([1.0, 2.0, 6.0])
    assert w.grad == 3.0


@backends
def test_what_a_closure_computed_before_is_recorded_with_it(backend):
    w = Value(2.0)
    square = w * w
    program = compile(lambda x: square * x, backend=backend)
    assert program(1.0) == 4.0
    w.data = 3.0
    assert program(1.0) == 9.0
    program.backward(2.0)
    assert w.grad == 12.0


@backends
def test_detach_and_no_grad_pass_no_gradient_and_freeze_nothing(backend):
    w = Value(2.0)

    def f(x):
        with no_grad():
            still = w * x
        return still * x + w.detach() * x + x.detach()
    program = compile(f, backend=backend)
    assert program.value_and_grad(3.0) == (27.0, 8.0)
    w.data = 1.0
    assert program.value_and_grad(3.0) == (15.0, 4.0)
    with pytest.raises(GradientError, match="reaches no Value"):
        program.backward(3.0)


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────

def frozen(x):
    return x.item()


@pytest.mark.parametrize("f", [
    lambda x: x if x > 0 else -x, lambda x: math.sin(x), lambda x: float(x), lambda x: int(x), lambda x: x.data, frozen,
    lambda x: [1, 2][x], lambda x: f"{x:.2f}" and x, lambda x: x * 2 in (1, 2), lambda x: max(x, 1.0), lambda x: range(x),
    lambda x: np.asarray(x).astype(float)[()] * x,
])
def test_what_needs_the_number_itself_is_refused_with_the_line(f):
    with pytest.raises(GraphError, match=r"test_compile\.py:\d+"):
        compile(f)(2.0)


def test_the_refusal_names_the_remedy():
    with pytest.raises(GraphError, match=r"truth value of the result of greater .*x if x > 0.*autograd.where.*static_argnums"):
        compile(lambda x: x if x > 0 else -x)(2.0)
    w = Value(1.0, "w")
    with pytest.raises(GraphError, match=r"comparison of w.*w > 0"):
        compile(lambda x: x if w > 0 else -x)(2.0)
    with pytest.raises(GraphError, match="program.backward"):
        compile(lambda x: (x, (w * w).backward())[0])(2.0)


def test_static_arguments_are_constants_and_recorded_once_each():
    program = compile(lambda x, times, kind: x * times if kind == "up" else x / times, static_argnums=(1, 2))
    assert program(3.0, 2, "up") == 6.0 and program(3.0, 2, "down") == 1.5 and program(5.0, 2, "up") == 10.0
    assert program.recordings == 2
    with pytest.raises(TypeError, match="hashable"):
        program(3.0, [2], "up")
    with pytest.raises(TypeError, match="not static"):
        program.grad(3.0, 2, "up", argnums=1)


def test_the_number_of_recordings_is_bounded_and_told():
    program = compile(lambda *xs: sum(xs), backend="numpy")
    for n in range(1, 17):
        assert program(*[1.0] * n) == n
    with pytest.warns(GraphWarning, match="recorded 17 times"):
        program(*[1.0] * 17)


def test_a_node_kept_from_another_recording_is_refused():
    kept = []
    compile(lambda x: kept.append(x) or x)(1.0)
    with pytest.raises(GraphError, match="another recording"):
        compile(lambda x: x + kept[0])(1.0)


@pytest.mark.parametrize(("options", "why"), [
    ({"reduce": "max"}, "reduce='max'"), ({"backend": "gpu"}, "backend='gpu'"), ({"reduce": "mean"}, "needs in_axes"),
    ({"in_axes": "x"}, "in_axes"),
])
def test_options_that_do_not_fit_say_why(options, why):
    with pytest.raises((TypeError, ValueError), match=why):
        compile(lambda x: x, **options)


@pytest.mark.parametrize(("args", "why"), [
    ((1.0,), "2 argument"), ((1.0, 2.0), "no array of numbers"), ((1.0, []), "no examples"), ((1.0, ["a"]), "a"),
    ((1j, [1.0]), "real number"), ((np.array(["a"]), [1.0]), "array of <U1"),
])
def test_arguments_that_do_not_fit_say_why(args, why):
    program = compile(lambda w, x: w * x, in_axes=(None, 0))
    with pytest.raises((TypeError, ValueError), match=why):
        program(*args)


def test_results_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="NoneType"):
        compile(lambda x: None)(1.0)
    with pytest.raises(TypeError, match="returns 2"):
        compile(lambda x: [x, x]).grad(1.0)


# ── the rest of the world ────────────────────────────────────────────────────────────────────────────────────────

def test_as_a_decorator_with_and_without_options():
    @compile
    def cube(x):
        """Three times the same."""
        return x**3

    @compile(in_axes=0)
    def twice(x):
        return 2 * x
    assert cube(2.0) == 8.0 and cube.grad(2.0) == 12.0 and cube.__doc__ == "Three times the same."
    assert twice([1.0, 2.0]).tolist() == [2.0, 4.0] and cube(x=2.0) == 8.0


def test_within_another_derivative_the_function_itself_is_followed():
    program = compile(lambda x: x**3)
    x = Value(2.0)
    program(x).backward()
    assert x.grad == 12.0 and grad(program)(2.0) == 12.0 and grad(grad(program))(2.0) == 12.0
    outer = compile(lambda x: program(x) * 2)
    assert outer.grad(2.0) == 24.0


def test_a_gradient_within_the_function_is_recorded():
    def newton(x):
        slope = grad(lambda z: exp(z) - 2.0)(x)
        return x - (exp(x) - 2.0) / slope
    program = compile(newton)
    x = 1.0
    for _ in range(6):
        x = program(x)
    assert x == pytest.approx(math.log(2), rel=1e-15)


@backends
def test_operations_of_the_users_own(backend):
    twice_plus = op("twice_plus", "2x+", lambda x, y: ops.exp(x) * 2 + y, lambda out, x, y: 2 * exp(x), 1.0)
    opaque = op("opaque", "?", lambda x: math.gamma(x), lambda out, x: out)
    try:
        program = compile(lambda x: twice_plus(x, x * 3), backend=backend)
        assert program.value_and_grad(0.5) == pytest.approx((2 * math.exp(0.5) + 1.5, 2 * math.exp(0.5) + 3))
        assert program.backend == backend
        program = compile(lambda x: opaque(x) * 2)
        assert program.value_and_grad(4.0) == (12.0, 12.0)
        assert program.backend.startswith("numpy (the operation 'opaque' has no C")
    finally:
        del rows["twice_plus"], rows["opaque"]


@backends
def test_results_and_gradients_are_the_callers_own(backend, batch):
    weights, biases, x, y = batch
    program = compile(network, in_axes=(None, None, 0, 0), backend=backend)
    value, down = program.value_and_grad(weights, biases, x[:5], y[:5], argnums=2)
    kept = value.copy(), down.copy()
    again, other = program.value_and_grad(weights, biases, x[5:10], y[5:10], argnums=2)
    assert (value == kept[0]).all() and (down == kept[1]).all() and not (value == again).all()
    down[:] = 7.0
    value[:] = 7.0
    assert not (other == 7).any() and not (again == 7).any()
    reduced = compile(network, in_axes=(None, None, 0, 0), reduce="mean", backend=backend)
    before = [w.copy() for w in weights]
    slopes = reduced.grad(weights, biases, x[:5], y[:5])
    slopes[0][:] = 0.0
    assert reduced.grad(weights, biases, x[:5], y[:5])[0].any()
    assert all((w == kept).all() for w, kept in zip(weights, before))


@backends
def test_threads_do_not_meet(backend):
    program = compile(lambda w, x: sigmoid(w * x) * exp(-x * x), in_axes=(None, 0), reduce="sum", backend=backend)
    x = np.linspace(-1, 1, 5000)
    wanted = {w: program.value_and_grad(w, x) for w in (0.5, 1.5, 2.5)}
    wrong = []

    def work(w):
        for _ in range(30):
            if program.value_and_grad(w, x) != wanted[w]:
                wrong.append(w)
    threads = [threading.Thread(target=work, args=(w,)) for w in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@backends
def test_a_long_chain_is_linear_and_leaves_no_cycle(backend):
    def chain(a, b, x):
        for _ in range(20_000):
            x = a * x + b
        return x
    program = compile(chain, backend=backend)
    gc.collect()
    gc.disable()
    try:
        value, slopes = program.value_and_grad(0.999, 0.5, 1.0, argnums=(0, 1, 2))
        assert value == pytest.approx(chain(0.999, 0.5, 1.0), rel=1e-12)
        assert slopes[2] == pytest.approx(0.999**20_000, rel=1e-9)
    finally:
        gc.enable()


def test_numbers_where_nothing_depends_on_the_argument():
    program = compile(lambda x, y: [2.0, x, y * 0 + 1])
    assert program(5.0, 1.0) == [2.0, 5.0, 1.0]
    assert compile(lambda x: 3.0).value_and_grad(1.0) == (3.0, 0.0)
    lanes = compile(lambda x, y: [2.0, x * y], in_axes=(None, 0))
    assert [x.tolist() for x in lanes(5.0, [1.0, 2.0])] == [[2.0, 2.0], [5.0, 10.0]]
    assert compile(lambda x, y: x * x, in_axes=(None, 0), reduce="mean").value_and_grad(5.0, [1.0, 2.0]) == (25.0, 10.0)


def test_networks_of_values_go_through_their_scopes():
    import nn
    model = nn.MLP(2, [4, 1], "relu", rng=0)
    program = compile(lambda x: model(x)[0], in_axes=0, reduce="sum")
    x = np.random.default_rng(0).normal(size=(5, 2))
    total = sum(model(row.tolist())[0] for row in x)
    total.backward()
    wanted = [p.grad for p in model.parameters()]
    model.zero_grad()
    assert program.backward(x) == pytest.approx(total.item(), rel=1e-12)
    assert [p.grad for p in model.parameters()] == pytest.approx(wanted, rel=1e-11)


def test_nothing_is_loaded_before_it_is_used():
    import subprocess
    import sys
    code = ("import sys, autograd; print(*(x in sys.modules for x in ('autograd.programs.program', 'numpy')), "
            "'compile' in dir(autograd))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == \
        ["False", "False", "True"]


def test_where_and_maximum_choose_by_recorded_conditions():
    f = compile(lambda x: where(x > 1.0, sqrt(x - 1.0), maximum(log(x), -5.0)))
    assert f.value_and_grad(5.0) == (2.0, 0.25)
    assert f.value_and_grad(0.5) == (math.log(0.5), 2.0)
    assert f.value_and_grad(0.0) == (-5.0, 0.0)
    assert grad(f.function)(1.0) == f.grad(1.0)


def test_tensors_are_met_with_a_remedy():
    assert autograd.compile is compile
    assert compile(lambda x: x * Tensor([1.0, 2.0]).sum()).value_and_grad(2.0) == (6.0, 3.0)  # then it is a program of arrays
    with pytest.raises(TypeError, match="Tensor.*leave them out for arrays"):
        compile(lambda x: x * Tensor([1.0, 2.0]).sum(), in_axes=0)([1.0])
    with scope("here"):
        assert compile(lambda x: x * 2)(1.0) == 2.0


@backends
def test_a_check_at_random_points(backend, batch):
    weights, biases, x, y = batch
    program = compile(lambda w, b, x, y, kind: network(w, b, x, y) if kind else None, in_axes=(None, None, 0, 0, None),
                      reduce="mean", backend=backend, static_argnums=4)
    program([w.tolist() for w in weights], [b.tolist() for b in biases], x[:9], y[:9], True)
    report = program.check(3)
    assert report and len(report.findings) > 3
    several = compile(lambda w: [exp(w["a"]), w["a"] * w["b"]], backend=backend)
    several({"a": 1.0, "b": 2.0})
    assert several.check(4)


def test_a_check_finds_a_wrong_pass():
    def drops_a_term(lowered):
        from autograd.programs.passes import fuse_dots
        fused = fuse_dots(lowered)
        fused.terms = {place: terms[:-2] for place, terms in fused.terms.items()}
        return fused
    program = Program(lambda x, y: x * y + x * 2.0 + y * 3.0, passes=(drops_a_term,))
    program(1.0, 2.0)
    report = program.check(2)
    assert not report and "another value" in str(report)


@backends
def test_a_product_of_0_and_inf_is_not_hidden_by_merging(backend):
    def f(x, y):
        return x * y + 0.0 * (x * y)  # the two products are one instruction; that of 0 has its own gradient, 0 · inf
    value, slopes = eager(f, [2.0, math.inf])
    got, own = compile(f, backend=backend).value_and_grad(2.0, math.inf, argnums=(0, 1))
    agree([got, *own], [value, *slopes], 0.0)


@backends
@pytest.mark.parametrize("row", [ops.sign, ops.rint, ops.floor, ops.trunc], ids=str)
def test_the_sign_of_a_rounded_zero_is_that_of_the_function(backend, row):
    xs = [-0.0, 0.0, -0.3, 0.3, -0.5, -2.5, math.inf, -math.inf, 7.5]
    wanted = [row(x) for x in xs]
    alone, lanes = compile(row, backend=backend), compile(row, in_axes=0, backend=backend)
    for got in ([alone(x) for x in xs], lanes(np.array(xs))):
        assert [(x, math.copysign(1, x)) for x in got] == [(x, math.copysign(1, x)) for x in wanted]
