"""The conventions, line by line: edges of domains, kinks and ties, stable forms, misuse, and state after errors.

The name or comment of each test is the line that it tests. Numbers (``Value``) and arrays (``Tensor``) follow the same rules.
"""

import math
import re
import threading
import warnings
from itertools import product

import mpmath
import numpy as np
import pytest

import autograd as ag
import nn
import viz
from autograd import (GradientError, NoDerivativeWarning, Tensor, Value, abs, clip, detect_anomaly, div, elu, exp, floor, gradient,
                      jvp, leaky_relu, log, maximum, minimum, no_grad, pow, relu, scope, sigmoid, sign, softplus, sqrt, step, tanh)
from autograd.arrays import functions as L
from autograd.context import current
from autograd.operation import rows
from chainrule.expression import Expression, ExpressionError
from nn import optim

inf, nan = math.inf, math.nan
KINDS = pytest.mark.parametrize("kind", [Value, Tensor, lambda x, name=None: Tensor([x], name)], ids=["Value", "Tensor", "array"])


def slopes(f, kind, *xs):
    """The value of f at numbers, and its gradients, as floats."""
    nodes = [kind(x, f"x{i}") for i, x in enumerate(xs)]
    y = f(*nodes)
    y.backward()
    number = lambda x: None if x is None else float(np.asarray(x).item())
    return number(y.data), *(number(x.grad) for x in nodes)


def same(a, b):
    return a == b or a != a and b != b


# ── values at the edge of a domain ───────────────────────────────────────────────────────────────────────────────

@KINDS
@pytest.mark.parametrize(("f", "at", "result"), [
    (lambda x: 1 / x, 0.0, inf), (lambda x: -1 / x, 0.0, -inf), (lambda x: 1 / x, -0.0, -inf), (lambda x: x / 0, 0.0, nan),
    (log, 0.0, -inf), (log, -1.0, nan), (exp, 1000.0, inf), (lambda x: x**0.5, -2.0, nan), (sqrt, -2.0, nan), (lambda x: x**-1,
                                                                                                               0.0, inf),
    (lambda x: 10.0**x, 400.0, inf), (lambda x: x * 1e300 * 1e300, 1.0, inf),
])
def test_values_follow_ieee_results_not_pythons_exceptions(kind, f, at, result):
    with np.errstate(over="ignore"):  # of which NumPy warns where arrays are multiplied
        assert same(float(np.asarray(f(kind(at)).data).item()), result)


@KINDS
def test_integers_are_accepted_and_become_floats(kind):
    x = kind(3)
    assert isinstance(np.asarray(x.data).item(), float)
    assert slopes(lambda x: x * 2, kind, 3) == (6.0, 2.0)


@KINDS
@pytest.mark.parametrize("wrong", [1j, "3", None, object(), b"3", {}, [object()], np.array([1j]), np.array(["a"]),
                                   np.array([None])],
                         ids=lambda x: type(x).__name__)
def test_complex_strings_and_objects_are_refused_with_type_error(kind, wrong):
    with pytest.raises(TypeError):
        kind(wrong)
    with pytest.raises(TypeError):
        kind(1.0) * wrong
    with pytest.raises(TypeError):
        maximum(kind(1.0), wrong)


def test_bool_arrays_are_refused_as_data():
    with pytest.raises(TypeError, match=r"not bool as in.*where\(mask, x, y\) takes a mask"):
        Tensor([True, False])
    with pytest.raises(TypeError, match="use Tensor for arrays"):
        Value(np.array([True]))


def test_tensor_keeps_float32_and_python_scalars_never_widen_it_mixing_gives_float64():
    t = Tensor(np.ones(2, np.float32))
    for y in (t * 2, t + 1.5, 1 / t, t**2, exp(t), t.mean(), t @ np.ones(2, np.float32), L.softmax(t), maximum(t, 0.0)):
        assert y.dtype == np.float32
    assert (t * Tensor([1.0, 2.0])).dtype == np.float64
    y = (t * Tensor([1.0, 2.0])).sum()
    y.backward()
    assert t.grad.dtype == np.float32


def test_integer_arrays_become_float64_and_stay_integers_as_labels_and_indices():
    assert Tensor(np.array([1, 2])).dtype == np.float64
    assert Tensor(np.array([1, 2]), requires_grad=False).dtype == np.int64
    assert Tensor([[1.0, 2.0]])[:, Tensor(np.array([1]), requires_grad=False)].tolist() == [[2.0]]


# ── gradients at a kink, a tie, a boundary ───────────────────────────────────────────────────────────────────────

@KINDS
@pytest.mark.parametrize(("f", "xs", "gradients"), [
    (relu, [0.0], [0.0]), (abs, [0.0], [0.0]), (relu, [-0.0], [0.0]),  # 0 for relu and abs
    (lambda x: clip(x, -1, 1), [1.0], [1.0]), (lambda x: clip(x, -1, 1), [-1.0], [1.0]),  # clip passes on its closed interval
    (lambda x: clip(x, -1, 1), [1.0000001], [0.0]),
    (lambda x: leaky_relu(x, 0.1), [0.0], [0.1]), (lambda x: elu(x, 0.7), [0.0], [0.7]),  # from the left: slope, alpha
    (maximum, [2.0, 2.0], [0.5, 0.5]), (minimum, [2.0, 2.0], [0.5, 0.5]),  # ties: equal shares that sum to 1
    (lambda x: maximum(x, x), [3.0], [1.0]), (lambda x: x * x, [3.0], [6.0]), (lambda x: x + x, [3.0], [2.0]),
    (sqrt, [0.0], [inf]),  # as the formula says
    (lambda x: x**0, [0.0], [0.0]), (lambda x: x**1, [0.0], [1.0]), (lambda x: x**2, [0.0], [0.0]),  # n·0**(n−1), 0·anything = 0
    (lambda x: x**0.0, [0.0], [0.0]), (lambda x: x**-1, [0.0], [-inf]), (lambda x: x**0.5, [0.0], [inf]),
    (pow, [0.0, 2.0], [0.0, 0.0]),  # exponent's partial at base 0: 0 for positive exponent
    (lambda x: L.where(np.asarray(x.data) > 0, sqrt(x), 0.0) if isinstance(x, Tensor) else relu(x) ** 2, [0.0],
     [0.0]),  # masks first
    (lambda x: relu(x) / 1e-320, [-1.0], [0.0]), (lambda x: clip(log(x), -5.0, None), [0.0], [0.0]),  # 0 · inf in a chain
])
def test_gradients_at_kinks_ties_and_boundaries(kind, f, xs, gradients):
    assert list(slopes(f, kind, *xs)[1:]) == gradients


@KINDS
@pytest.mark.parametrize("f", [step, sign, floor])
def test_step_sign_and_floor_have_zero_gradient_and_training_through_one_warns(kind, f):
    with pytest.warns(NoDerivativeWarning, match=f"a gradient stops at {f.name}"):
        assert slopes(lambda x: f(x) + x * 2, kind, 0.5)[1] == 2.0
    assert f.partials == (False,)  # marked in the table


@KINDS
def test_comparisons_are_plain_and_argmax_too(kind):
    x = kind(0.5)
    assert not hasattr(x > 0, "backward")
    assert not hasattr(L.argmax(Tensor([1.0, 2.0])), "backward")


@pytest.mark.parametrize("f", [L.max, lambda t: -L.min(-t), lambda t: L.max(t, axis=0)])
def test_k_way_ties_share_a_kth(f):
    t = Tensor([2.0, 1.0, 2.0, 2.0])
    f(t).backward()
    np.testing.assert_allclose(t.grad, [1 / 3, 0, 1 / 3, 1 / 3], rtol=1e-15)


def test_max_pool_gives_a_tie_to_the_first_of_the_window_in_row_order():
    t = Tensor(np.ones((1, 1, 2, 2)))
    nn.functional.max_pool2d(t, 2).sum().backward()
    assert t.grad.tolist() == [[[[1.0, 0.0], [0.0, 0.0]]]]


@pytest.mark.parametrize("f", [L.norm, L.std])
def test_fused_norm_and_standard_deviation_at_0_have_gradient_0(f):
    t = Tensor([0.0, 0.0])
    f(t).backward()
    assert t.grad.tolist() == [0.0, 0.0]


# ── stable forms ─────────────────────────────────────────────────────────────────────────────────────────────────

# one by one: sigmoid and its derivative s(x)·s(−x), tanh' without cancellation, softplus, elu with expm1; out to |x| = 700
@KINDS
@pytest.mark.parametrize("x", [-700.0, -300.5, -40.0, -19.1, -3.0, -1e-8, 1e-300, 1e-8, 0.7, 19.1, 40.0, 300.5, 700.0])
@pytest.mark.parametrize(("f", "truth"), [
    (sigmoid, lambda x: 1 / (1 + mpmath.exp(-x))), (tanh, mpmath.tanh),
    (softplus, lambda x: mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x))),
    (elu, lambda x: x if x > 0 else mpmath.expm1(x))], ids=["sigmoid", "tanh", "softplus", "elu"])
def test_relative_error_against_50_digit_arithmetic(kind, f, truth, x):
    with mpmath.workdps(700):  # 1 − tanh² at 700 has 608 zeros
        y = mpmath.mpf(x)
        slope = {sigmoid: lambda: truth(y) * truth(-y), tanh: lambda: 1 - mpmath.tanh(y) ** 2,
                 softplus: lambda: 1 / (1 + mpmath.exp(-y)), elu: lambda: mpmath.mpf(1) if y > 0 else mpmath.exp(y)}[f]()
        value, slope = float(truth(y)), float(slope)
    assert slopes(f, kind, x) == (pytest.approx(value, rel=1e-12, abs=1e-320), pytest.approx(slope, rel=1e-12, abs=1e-320))


@pytest.mark.parametrize("scores", [[1000.0, 999.0, -1000.0], [-5000.0, -5001.0, -5000.5], [0.0, 1e-9, 700.0]])
def test_logsumexp_softmax_log_softmax_and_cross_entropy_are_shifted_by_the_maximum(scores):
    with mpmath.workdps(60):
        exps = [mpmath.exp(mpmath.mpf(s)) for s in scores]
        total = mpmath.log(sum(exps))
        shares, logs = [float(e / sum(exps)) for e in exps], [float(s - total) for s in scores]
    t = Tensor(scores)
    assert L.logsumexp(t).item() == pytest.approx(float(total), rel=1e-12)
    np.testing.assert_allclose(L.softmax(t).data, shares, rtol=1e-12)
    np.testing.assert_allclose(L.log_softmax(t).data, logs, rtol=1e-12, atol=1e-300)
    loss = nn.cross_entropy(t, 0)
    assert loss.item() == pytest.approx(-logs[0], rel=1e-12)
    assert (nn.cross_entropy([Value(s) for s in scores], 0)).item() == pytest.approx(-logs[0], rel=1e-12)
    loss.backward()
    np.testing.assert_allclose(t.grad, [shares[0] - 1, *shares[1:]], rtol=1e-9, atol=1e-15)


@KINDS
@pytest.mark.parametrize("x", [-700.0, -1.0, 0.0, 700.0])
def test_binary_cross_entropy_from_logits_is_fused(kind, x):
    # BCE from logits: log(1 + e^x) − x·y
    loss = nn.binary_cross_entropy_with_logits([kind(x)] if kind is Value else Tensor([x]), [1.0])
    with mpmath.workdps(60):
        assert loss.item() == pytest.approx(float(mpmath.log1p(mpmath.exp(-mpmath.mpf(x)))), rel=1e-12, abs=1e-320)


@KINDS
def test_divisions_second_partial_does_not_overflow(kind):
    assert slopes(div, kind, 1e200, 1e160)[2] == pytest.approx(-1e-120, rel=1e-14)  # y² would be inf: −(x/y)/y


def test_variance_by_two_passes():
    t = Tensor(1e9 + np.array([0.0, 1.0, 2.0]))
    assert L.var(t).item() == pytest.approx(2 / 3, rel=1e-12)


@KINDS
def test_power_by_small_integers_is_exact(kind):
    for n in range(1, 5):
        assert slopes(lambda x: x**n, kind, 3.0) == (3.0**n, n * 3.0 ** (n - 1))
    assert slopes(lambda x: x**3, kind, -2.0) == (-8.0, 12.0)


# ── misuse: what is refused, with what was asked, with what, and the remedy ──────────────────────────────────────

class Doubled(nn.Module):
    """A layer that multiplies by a matrix that does not fit."""

    def __init__(self):
        self.table = Tensor(np.ones((4, 2)), "table")

    def forward(self, x):
        return x @ self.table


def within_no_grad(kind):
    x = kind(1.0, "x")
    y = x * 2
    with no_grad():
        y.backward()


def detached(kind):
    (kind(1.0, "x").detach() * 2).backward()


def changed_later():
    x = Tensor([1.0, 2.0], "x")
    y = (x * x).sum()
    x.data[:] = 7.0
    gradient(y, x, create_graph=True)


def stepped(gradient_, kind=Value):
    x = kind(1.0, "w")
    x.grad = gradient_
    optim.SGD([x], 0.1).step()


def assigned_gradient(gradient_):
    x = x23()
    x.grad = gradient_
    try:
        (x * 2).sum().backward()
    finally:
        assert x.grad is gradient_  # nothing was half done


def loss(name, *args, **options):
    return lambda: getattr(nn, name)(*args, **options)


x23 = lambda name="x": Tensor(np.ones((2, 3)), name)
NUMBERS = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]

MISUSE = [  # the line of the policy; what is done; the kind of error; what the message must hold: names, shapes, values, remedy
    ("backward on a non-scalar without a seed", lambda: x23().backward(), GradientError, ["x", "(2, 3)", "sum()", "seed="]),
    ("seed of another shape", lambda: x23().backward(np.ones(3)), ValueError, ["x", "(3,)", "(2, 3)"]),
    ("seed of another shape, of a number", lambda: (Value(1.0) * 2).backward([1.0, 2.0]), TypeError, ["seed", "[1.0, 2.0]"]),
    ("a result that depends on nothing that requires a gradient", lambda: detached(Value), GradientError, ["none of its inputs",
                                                                                                           "detached"]),
    ("the same, of arrays", lambda: detached(Tensor), GradientError, ["none of its inputs", "detached"]),
    ("inside no_grad", lambda: within_no_grad(Value), GradientError, ["inside no_grad()", "outside"]),
    ("the same, of arrays", lambda: within_no_grad(Tensor), GradientError, ["inside no_grad()", "outside"]),
    ("shapes that do not broadcast", lambda: x23("a") + Tensor(np.ones(4), "b"), ValueError, [
        "add", "a (2, 3)", "b (4,)", "from the last axis backwards, sizes must be equal or 1"]),
    ("matmul of wrong inner size", lambda: x23("a") @ x23("b"), ValueError, [
        "matmul", "a (2, 3)", "b (2, 3)", "the inner sizes 3 and 2 differ", ".T"]),
    ("and the module they are in", lambda: Doubled()(x23("a")), ValueError, ["a (2, 3)", "table (4, 2)", "Doubled"]),
    ("labels out of range", loss("cross_entropy", x23(), [0, 3]), (ValueError, IndexError), ["cross_entropy", "3"]),
    ("labels out of range, below", loss("cross_entropy", x23(), [0, -1]), (ValueError, IndexError), ["cross_entropy", "-1"]),
    ("labels not integers", loss("cross_entropy", x23(), [0.5, 1.0]), (TypeError, ValueError), ["cross_entropy"]),
    ("labels of wrong length", loss("cross_entropy", x23(), [0]), ValueError, ["cross_entropy", "1", "2"]),
    ("the same of numbers: out of range", loss("cross_entropy", NUMBERS, [0, 5]), ValueError, ["label 5", "target[1]",
                                                                                               "labels go from 0 to 1"]),
    ("the same of numbers: not integers", loss("cross_entropy", NUMBERS, [0, 0.5]), TypeError, ["0.5", "integer"]),
    ("the same of numbers: wrong length", loss("cross_entropy", NUMBERS, [0]), ValueError, ["2 examples", "1 targets"]),
    ("empty batch", loss("cross_entropy", Tensor(np.ones((0, 3))), np.zeros(0, int)), ValueError, ["cross_entropy", "(0, 3)",
                                                                                                   "at least one"]),
    ("empty batch, of numbers", loss("mse_loss", [], []), ValueError, ["mse_loss", "empty"]),
    ("empty batch, of arrays", loss("mse_loss", Tensor(np.ones((0, 3))), np.ones((0, 3))), ValueError, ["mse_loss", "empty"]),
    ("batch of one to batch norm in training", lambda: nn.BatchNorm1d(3)(Tensor(np.ones((1, 3), np.float32))), ValueError,
     ["batch", "1"]),
    ("target of another shape than the prediction", loss("mse_loss", x23(), np.ones(3)), ValueError, ["mse_loss", "(2, 3)",
                                                                                                      "(3,)"]),
    ("no silent broadcasting in losses", loss("l1_loss", x23(), np.ones((2, 1))), ValueError, ["l1_loss", "(2, 3)", "(2, 1)"]),
    ("the same of numbers", loss("mse_loss", NUMBERS, [1.0, 2.0]), ValueError, ["mse_loss", "same structure"]),
    ("writing to an array that a graph still needs", lambda: (x23() * 2).data.__setitem__(0, 0), ValueError, ["read-only"]),
    ("the same, by assigning", lambda: setattr((x23() * 2).exp(), "data", np.ones((2, 3))), GradientError,
     [".data", "exp", "where(mask", "leaf"]),
    ("data assigned that are no real numbers", lambda: setattr(x23(), "data", np.ones((2, 3)) * 1j), TypeError, ["complex128"]),
    ("the same, text", lambda: setattr(x23(), "data", np.full((2, 3), "1")), TypeError, ["real numbers", "<U1"]),
    ("a seed that is no number", lambda: x23().backward(np.full((2, 3), None)), TypeError, ["seed of x", "real numbers"]),
    ("a gradient assigned that has another shape", lambda: assigned_gradient(np.ones((5, 3))), GradientError,
     ["x.grad", "(5, 3)", "(2, 3)", "None"]),
    ("the same, no array at all", lambda: assigned_gradient("text"), GradientError, ["x.grad", "text", "None"]),
    ("writing into a node", lambda: x23().__setitem__(0, 0.0), TypeError, ["x[…]", "where(mask", ".data"]),
    ("a gradient graph of data that changed", changed_later, GradientError, ["x", "changed", "compute it again"]),
    ("an optimiser given no parameters", lambda: optim.Adam([]), ValueError, ["Adam", "no parameters", "model.parameters()"]),
    ("the same parameter twice", lambda: optim.SGD([v := Value(1.0, "w"), v]), ValueError, ["SGD", "'w'", "twice"]),
    ("a negative learning rate", lambda: optim.SGD([Value(1.0)], lr=-0.1), ValueError, ["SGD", "lr", "-0.1"]),
    ("a NaN learning rate", lambda: optim.Adam([Tensor(1.0)], lr=nan), ValueError, ["Adam", "lr", "nan"]),
    ("a gradient that is None at step()", lambda: stepped(None), ValueError, ["SGD.step", "w", "backward()", "strict=False"]),
    ("a gradient that is NaN at step()", lambda: stepped(nan), ValueError, ["SGD.step", "w", "nan", "strict=False"]),
    ("a gradient that is inf at step()", lambda: stepped(np.array(inf), Tensor), ValueError, ["SGD.step", "w", "inf",
                                                                                              "strict=False"]),
    ("an expression beyond its caps: length", lambda: Expression("x" * 3000), ExpressionError, ["3,000", "2,000"]),
    ("an expression beyond its caps: depth", lambda: Expression("-" * 300 + "x"), ExpressionError, ["nested", "200"]),
    ("an expression beyond its caps: exponent", lambda: Expression("x**5000")(x=2.0), ExpressionError, ["5000", "1000"]),
    ("an expression beyond the allow-list", lambda: Expression("x.real"), ExpressionError, ["x.real", "nothing else"]),
]


@pytest.mark.parametrize(("line", "do", "error", "said"), MISUSE, ids=[line for line, *_ in MISUSE])
def test_misuse_is_refused_with_what_was_asked_with_what_and_the_remedy(line, do, error, said):
    with pytest.raises(error) as caught:
        do()
    message = str(caught.value)
    assert all(part in message for part in said), message
    assert 20 < len(message) < 600
    assert not isinstance(caught.value, AssertionError)


def test_the_optimiser_updates_the_others_where_told_otherwise():
    good, bad = Value(1.0, "good"), Value(1.0, "bad")
    good.grad, bad.grad = 1.0, nan
    optim.SGD([good, bad], 0.5, strict=False).step()
    assert (good.data, bad.data) == (0.5, 1.0)


@KINDS
def test_plus_equals_on_a_leaf_makes_a_new_node_as_for_pythons_numbers(kind):
    x = leaf = kind(1.0)
    x += 1
    assert x is not leaf and float(np.asarray(leaf.data).item()) == 1.0
    x.backward()
    assert float(np.asarray(leaf.grad).item()) == 1.0
    assert "new node" in Value.__doc__


def test_writing_into_a_leaf_never_changes_a_gradient_still_to_come():
    x = Tensor([1.0, 2.0])
    y = (x * x).sum()
    x.data[:] = 100.0
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]
    v = Value(3.0)
    z = v * v
    v.data = 100.0
    z.backward()
    assert v.grad == 6.0


def test_text_from_people_is_escaped_in_dot_svg_and_html():
    evil = '<script>alert("1")</script>&\\"\n'
    with scope(evil):
        y = Value(2.0, evil) * Value(3.0, "b")
    drawing = viz.draw(y, title=evil)
    page = viz.stepper(y, title=evil)
    for markup in (drawing.svg, page.frame()):
        assert "<script>alert" not in markup
    assert re.search(r"&lt;script&gt;|&amp;lt;script", drawing.svg)
    assert '<script>alert("1")' not in drawing.dot


# ── state that must survive ──────────────────────────────────────────────────────────────────────────────────────

@KINDS
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, MemoryError, SystemExit])
def test_switches_are_restored_and_no_gradients_half_accumulated_after_any_exception(kind, error):
    before, x = np.geterr(), kind(2.0)
    y = x * x
    with pytest.raises(error), no_grad(), scope("a"), detect_anomaly():
        raise error
    assert current() is None and np.geterr() == before and (x * 2).inputs
    with pytest.raises(GradientError), no_grad():
        y.backward()
    assert x.grad is None and y.grad is None


@KINDS
def test_an_error_in_the_middle_of_a_sweep_leaves_no_gradient(kind):
    x = kind(0.5)
    y = step(x) * x  # the sweep warns in its middle, and here a warning is an error
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NoDerivativeWarning):
            y.backward()
    assert x.grad is None and y.grad is None


@KINDS
@pytest.mark.parametrize("switch", [no_grad, lambda: scope("s"), detect_anomaly])
def test_switches_are_per_thread(kind, switch):
    seen = []
    with switch():
        thread = threading.Thread(target=lambda: seen.append((current(), bool((kind(1.0) * 2).inputs))))
        thread.start()
        thread.join()
        assert current() is not None
    assert seen == [(None, True)]
    assert current() is None


def test_a_switch_entered_twice_is_refused():
    switch = no_grad()
    with switch, pytest.raises(RuntimeError, match="active already; create a new one"), switch:
        pass
    with switch:  # and may be used again, one after another
        assert not (Value(1.0) * 2).inputs
    assert current() is None


EDGES = [0.0, -0.0, 1.0, -1.0, 1e300, 1e-320, 710.0, inf, -inf, nan]


@pytest.mark.parametrize("name", [name for name, row in rows.items() if row.arity])
def test_arrays_with_and_without_axes_have_the_gradients_of_numbers_at_every_edge(name):
    row = rows[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of operations without a derivative
        for point in product(EDGES, repeat=row.arity):
            numbers = [Value(x) for x in point]
            right = gradient(row(*numbers), numbers)
            for kind in (Tensor, lambda x: Tensor([x])):
                tensors = [kind(x) for x in point]
                y = row(*tensors)
                np.testing.assert_allclose(np.ravel(gradient(y, tensors, np.ones(y.shape))), right, 1e-12, err_msg=f"{name}{point}")
                gradient(y, tensors, np.ones(y.shape), create_graph=True)
                if row.arity == 2:  # beside a constant
                    y = row(tensors[0], point[1])
                    np.testing.assert_allclose(np.ravel(gradient(y, tensors[0], np.ones(y.shape))), right[:1], 1e-12)
            jvp(lambda *xs: row(*xs), [np.array(x) for x in point], [np.array(1.0)] * row.arity)


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.parametrize("size", [1e-308, 1e-200, 1.0, 1e200, 1e308])
def test_the_angles_gradient_is_right_where_squares_leave_the_range_of_floats(kind, size):
    x, y = kind(0.6 * size), kind(0.8 * size)
    ag.arctan2(x, y).backward()
    assert float(x.grad) == pytest.approx(0.8 / size, rel=1e-12)
    assert float(y.grad) == pytest.approx(-0.6 / size, rel=1e-12)


@pytest.mark.parametrize("kind", [Value, Tensor])
@pytest.mark.parametrize("f, at, expected", [  # PyTorch 2's results
    (ag.relu, (nan,), (nan, 1.0)), (ag.maximum, (nan, 1.0), (nan, 1.0, 1.0)), (ag.minimum, (1.0, nan), (nan, 1.0, 1.0)),
    (np.fmax, (nan, 1.0), (1.0, 0.0, 1.0)), (np.fmin, (1.0, nan), (1.0, 1.0, 0.0)), (np.fmax, (nan, nan), (nan, 1.0, 0.0)),
    (np.logaddexp, (inf, 0.0), (inf, 1.0, 0.0)), (np.logaddexp, (-inf, 2.0), (2.0, 0.0, 1.0)),
    (np.logaddexp, (inf, inf), (inf, nan, nan)), (ag.arctan2, (0.0, 0.0), (0.0, 0.0, 0.0)),
])
def test_nan_and_infinities_pass_as_in_numpy_and_pytorch(kind, f, at, expected):
    xs = [kind(x) for x in at]
    y = f(*xs)
    y.backward()
    np.testing.assert_array_equal([y.item(), *(0.0 if x.grad is None else float(x.grad) for x in xs)], expected)


def test_a_number_is_an_operand_of_einsum_and_a_list_of_nodes_of_std():
    t = Tensor([1.0, 2.0])
    ag.einsum("i,->i", t, 3.0).sum().backward()
    np.testing.assert_array_equal(t.grad, [3.0, 3.0])
    slope = ag.grad(lambda x: ag.std([x[0], 2.0 * x[1], 3.0]))(np.array([1.0, 2.0]))
    spread = np.array([1.0, 4.0, 3.0])
    np.testing.assert_allclose(slope, ((spread - spread.mean()) / (3 * spread.std()))[:2] * [1.0, 2.0], rtol=1e-12)
    assert not ag.hessian(lambda x: ag.std(x, 0).sum())(np.ones((1, 3))).any()  # the deviation of one entry is 0


def test_numbers_are_rounded_and_divided_with_rest_as_by_numpy():
    for x in (Value(-7.625), Tensor(-7.625)):
        assert (round(x).item(), round(x, 2).item(), round(x, -1).item()) == (-8.0, np.round(-7.625, 2), -10.0)
        assert [part.item() for part in divmod(x, 2.0)] == list(np.divmod(-7.625, 2.0))
        assert [part.item() for part in divmod(2.0, x)] == list(np.divmod(2.0, -7.625))
        with pytest.warns(ag.NoDerivativeWarning) as told:
            round(x, 1).backward()
        assert told[0].filename == __file__
    np.testing.assert_array_equal(np.round(Tensor([1.25, -0.35]), 1).data, np.round([1.25, -0.35], 1))
