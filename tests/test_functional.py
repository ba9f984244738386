"""Derivatives of functions: every form of argument, any nesting, and errors."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from autograd import (
    GradientError, Value, check_gradients, exp, grad, gradient, hessian, hvp, jacobian, jvp, no_grad, sin, tanh, value_and_grad,
    vjp,
)

# ── forms of arguments ───────────────────────────────────────────────────────────────────────────────────────────

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize("argument, expected", [
    ([3.0, 4.0], [4.0, 3.0]), ((3.0, 4.0), (4.0, 3.0)), ([3, 4], [4.0, 3.0]), (Point(3.0, 4.0), Point(4.0, 3.0)),
])
def test_the_gradient_has_the_form_of_the_argument(argument: Any, expected: Any) -> None:
    got = grad(lambda p: p[0] * p[1])(argument)
    assert got == expected
    assert got is not argument
    assert type(got) is type(expected)


def test_nested_arguments() -> None:
    tree = {"w": [[1.0, 2.0], [3.0, 4.0]], "b": (5.0, {"c": 6.0}), "none": []}

    def f(t: Any) -> Any:
        return t["w"][0][0] * t["w"][1][1] + t["b"][0] * t["b"][1]["c"] ** 2
    assert grad(f)(tree) == {"w": [[4.0, 0.0], [0.0, 1.0]], "b": (36.0, {"c": 60.0}), "none": []}
    value, slopes = value_and_grad(f)(tree)
    assert (value, slopes["b"]) == (184.0, (36.0, {"c": 60.0}))
    assert jvp(f, (tree,), ({"w": [[0.0, 0.0], [0.0, 0.0]], "b": (0.0, {"c": 1.0}), "none": []},)) == (184.0, 60.0)
    assert tree["w"] == [[1.0, 2.0], [3.0, 4.0]]


def test_argnums_and_keywords() -> None:
    def f(x: Any, y: Any, scale: float = 1.0) -> Any:
        return scale * x * y**2
    assert grad(f)(2.0, 3.0) == 9.0
    assert grad(f, 1)(2.0, 3.0) == 12.0
    assert grad(f, (0, 1))(2.0, 3.0) == (9.0, 12.0)
    assert grad(f, (1, 0))(2.0, 3.0) == (12.0, 9.0)
    assert grad(f, argnums=-1)(2.0, 3.0) == 12.0
    assert grad(f, (0, -1))(2.0, 3.0) == (9.0, 12.0)
    assert grad(f, 0)(2.0, 3.0, scale=10.0) == 90.0
    assert hessian(f, (0, 1))(2.0, 3.0) == ((0.0, 6.0), (6.0, 4.0))
    assert jacobian(f, 1)(2.0, 3.0) == 12.0


@pytest.mark.parametrize("argnums", [2, -3, (0, 5), (0, 0), (1, -1)])
def test_an_argument_that_is_not_there(argnums: Any) -> None:
    with pytest.raises(TypeError, match=r"argnums=.* of a call with 2 positional argument\(s\)"):
        grad(lambda x, y: x * y, argnums)(1.0, 2.0)


def test_gradient_of_nodes_has_the_form_asked_for() -> None:
    x, y, other = Value(3.0), Value(4.0), Value(1.0)
    z = x * y
    assert gradient(z, [x, (y, other)]) == [4.0, (3.0, 0.0)]
    assert gradient(z, {"x": x, "z": z}) == {"x": 4.0, "z": 1.0}
    assert gradient(z, x, seed=2) == 8.0
    assert gradient(z, []) == []
    seed = Value(2.0)
    assert type(gradient(z, x, seed)) is float
    assert gradient(gradient(z, x, seed, create_graph=True), [seed, y]) == [4.0, 2.0]
    recorded = gradient(z, [x, other], create_graph=True)
    assert [type(g) for g in recorded] == [Value, Value]
    assert [g.data for g in recorded] == [4.0, 0.0]


def test_gradient_is_pure() -> None:
    x = Value(3.0)
    h = x * x
    y = h.tanh()
    gradient(y, [x, h])
    gradient(y, x, create_graph=True)
    assert (x.grad, h.grad, y.grad) == (None, None, None)
    y.backward()
    before = (x.grad, h.grad)
    gradient(y, [x, h], seed=7.0)
    assert (x.grad, h.grad) == before


def test_jacobian_vjp_jvp_agree_on_a_map() -> None:
    def f(v: Any) -> Any:
        return {"a": v[0] * v[1], "b": [sin(v[0]), v[1] ** 3]}
    x = [0.5, 2.0]
    expected = {"a": [2.0, 0.5], "b": [[math.cos(0.5), 0.0], [0.0, 12.0]]}
    assert jacobian(f)(x) == expected
    value, tangent = jvp(f, (x,), ([1.0, 10.0],))
    assert value == {"a": 1.0, "b": [math.sin(0.5), 8.0]}
    assert tangent == {"a": 7.0, "b": [math.cos(0.5), 120.0]}
    value, pullback = vjp(f, x)
    assert value == {"a": 1.0, "b": [math.sin(0.5), 8.0]}
    assert pullback({"a": 1.0, "b": [10.0, 100.0]}) == ([2.0 + 10 * math.cos(0.5), 1200.5],)
    assert pullback({"a": 0.0, "b": [0.0, 1.0]}) == ([0.0, 12.0],)  # once more, from the same run


def test_hvp_has_the_form_of_the_arguments() -> None:
    def f(x: Any, y: Any) -> Any:
        return x**2 * y**3
    assert hvp(f, (2.0, 3.0), (1.0, 0.0)) == (54.0, 108.0)
    assert hvp(f, [2.0, 3.0], [0.0, 1.0]) == [108.0, 72.0]
    assert hvp(lambda x: x**3, 2.0, 10.0) == 120.0
    assert hvp(lambda v: v[0] ** 2 * v[1], ([3.0, 4.0],), ([1.0, 0.0],)) == ([8.0, 6.0],)


def test_numbers_in_numbers_out() -> None:
    for got in (grad(sin)(1.0), value_and_grad(sin)(1.0)[0], jacobian(sin)(1.0), hessian(sin)(1.0), *jvp(sin, 1.0, 1.0),
                hvp(sin, 1.0, 1.0), vjp(sin, 1.0)[0], vjp(sin, 1.0)[1](1.0)[0], grad(lambda x: 3.0)(1.0),
                jvp(lambda x: 3.0, 1.0, 1.0)[1],
                grad(grad(sin))(1), grad(lambda x: jvp(sin, x, 1.0)[1])(1), grad(lambda x: x)(1)):
        assert type(got) is float


def test_nodes_in_nodes_out() -> None:
    x = Value(2.0)
    slope = grad(lambda x: x**3)(x)
    assert type(slope) is Value
    assert gradient(slope, x) == 12.0
    primal, tangent = jvp(lambda x: x**3, x, 1.0)
    assert (gradient(primal, x), gradient(tangent, x)) == (12.0, 12.0)


# ── nesting ──────────────────────────────────────────────────────────────────────────────────────────────────────

def forward(f: Any) -> Any:
    return lambda x: jvp(f, (x,), (1.0,))[1]


MODES = [grad, forward]


@pytest.mark.parametrize("outer", MODES)
@pytest.mark.parametrize("inner", MODES)
class TestPerturbationConfusion:
    """Siskind and Pearlmutter's examples: an inner derivative must not see the outer variable as its own."""

    def test_sum(self, outer: Any, inner: Any) -> None:
        # d/dx [x · d/dy (x + y)] = 1 (confusion answers 2)
        assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0

    def test_product(self, outer: Any, inner: Any) -> None:
        # d/dx [x · d/dy (x · y)] = d/dx x² = 2x
        assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0

    def test_at_the_outer_variable_itself(self, outer: Any, inner: Any) -> None:
        # d/dx [d/dy (x · y²) at y = x] = d/dx 2x² = 4x
        assert outer(lambda x: inner(lambda y: x * y * y)(x))(3.0) == 12.0

    def test_inner_result_does_not_depend_on_the_inner_variable(self, outer: Any, inner: Any) -> None:
        assert outer(lambda x: x + inner(lambda y: x**2)(1.0))(3.0) == 1.0
        assert outer(lambda x: inner(lambda y: y**2)(1.0))(3.0) == 0.0

    def test_three_deep(self, outer: Any, inner: Any) -> None:
        # d/dx d/dy d/dz (x² y² z²) at x = 2, y = x, z = y: g(x, y) = 2x²y³, h(x) = 6x⁴, h' = 24x³
        for innermost in MODES:
            assert outer(lambda x: inner(lambda y: innermost(lambda z: x**2 * y**2 * z**2)(y))(x))(2.0) == 192.0

    def test_a_closure_that_escapes(self, outer: Any, inner: Any) -> None:
        # amazing bug: a derivative operator that returns a function of its own
        def shifted(u: Any) -> Any:
            return lambda f: lambda x: f(x + u)
        second = inner(lambda u: shifted(u)(lambda z: z**3)(2.0))(0.0)
        assert second == 12.0
        assert outer(lambda u: shifted(u)(outer(lambda z: z**3))(2.0))(0.0) == 12.0


@pytest.mark.parametrize("order", range(1, 7))
@pytest.mark.parametrize("modes", [(grad,), (forward,), (grad, forward), (forward, grad)])
def test_any_order(order: int, modes: Any) -> None:
    f: Any = lambda x: x**6 * 1.0
    for i in range(order):
        f = modes[i % len(modes)](f)
    assert f(2.0) == math.factorial(6) / math.factorial(6 - order) * 2.0 ** (6 - order)
    g: Any = exp
    for i in range(order):
        g = modes[i % len(modes)](g)
    assert g(0.5) == pytest.approx(math.exp(0.5), rel=1e-14)


def test_gradient_of_a_pullback_by_its_cotangent() -> None:
    def f(c: Any) -> Any:
        return vjp(lambda x: x**3, 2.0)[1](c)[0]  # 12 c
    assert grad(f)(5.0) == 12.0
    assert jvp(f, 5.0, 1.0) == (60.0, 12.0)
    assert jvp(lambda x: vjp(lambda z: z**3, x)[1](x)[0], 2.0, 1.0) == (24.0, 36.0)  # 3x³


def test_derivatives_of_a_gradient_step() -> None:
    # x − r f'(x) for f = x³: by x: 1 − 6 r x, by r: −3x²
    def step(x: Any, rate: Any) -> Any:
        return x - rate * grad(lambda z: z**3)(x)
    assert grad(step, (0, 1))(2.0, 0.1) == pytest.approx((1 - 1.2, -12.0), rel=1e-15)
    assert jvp(step, (2.0, 0.1), (1.0, 0.0))[1] == pytest.approx(-0.2, rel=1e-14)


def test_control_flow() -> None:
    def root(a: Any) -> Any:  # Newton's iteration, as long as it takes
        x = a
        while abs(x * x - a) > 1e-12:
            x = 0.5 * (x + a / x)
        return x
    assert root(2.0) == pytest.approx(math.sqrt(2.0))
    assert grad(root)(2.0) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-10)
    assert jvp(root, 2.0, 1.0)[1] == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-10)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────

def pair(x: Any) -> Any:
    return [x, x]


@pytest.mark.parametrize("derivative", [grad, value_and_grad, hessian])
def test_grad_of_what_returns_no_single_number(derivative: Any) -> None:
    with pytest.raises(TypeError, match=r"function that returns one number; pair returned \[.* Use jacobian, or vjp"):
        derivative(pair)(1.0)
    for result in (None, "text", object()):
        with pytest.raises(TypeError, match="grad needs a function that returns one number"):
            derivative(lambda x, result=result: result)(1.0)


@pytest.mark.parametrize("argument", ["1", None, 1j, [None], {"a": "b"}])
def test_grad_by_what_is_no_number(argument: Any) -> None:
    with pytest.raises(TypeError, match="an argument to differentiate by must be a real number, not "):
        grad(lambda x: 1.0)(argument)


def test_gradient_by_what_is_no_node() -> None:
    with pytest.raises(TypeError, match=r"gradient: with respect to 3.0, which is a float; give the nodes"):
        gradient(Value(1.0) * 2, 3.0)


@pytest.mark.parametrize("xs, vs", [((1.0, 2.0), (1.0,)), (1.0, (1.0, 2.0)), (([1.0, 2.0],), ([1.0],))])
def test_tangents_of_another_form(xs: Any, vs: Any) -> None:
    with pytest.raises(ValueError, match="jvp: the tangents .* must have the structure of the arguments"):
        jvp(lambda *a: 1.0, xs, vs)


def test_jvp_of_what_is_no_number() -> None:
    with pytest.raises(TypeError, match="jvp: an argument must be a real number, not str"):
        jvp(lambda x: x, ("a",), (1.0,))


def test_a_cotangent_of_another_form() -> None:
    with pytest.raises(ValueError, match=r"vjp: the cotangent \[1.0\] must have the structure of the result"):
        vjp(lambda x: [x, x], 2.0)[1]([1.0])


def test_derivatives_inside_no_grad_are_refused() -> None:
    x = Value(2.0)
    y = x**2
    with no_grad():
        for derivative in (lambda: grad(tanh)(1.0), lambda: jvp(tanh, 1.0, 1.0), lambda: vjp(tanh, 1.0),
                           lambda: hessian(tanh)(1.0),
                           lambda: hvp(tanh, 1.0, 1.0), lambda: jacobian(tanh)(1.0)):
            with pytest.raises(GradientError, match=r"a derivative of .* inside no_grad\(\): .* call it outside"):
                derivative()
        with pytest.raises(GradientError, match="a recorded gradient of Value"):
            gradient(y, x, create_graph=True)
        assert gradient(y, x) == 4.0  # only reads what was recorded before


def test_no_grad_within_a_function_cuts() -> None:
    def f(x: Any) -> Any:
        with no_grad():
            constant = x * 2
        return constant * x
    assert grad(f)(3.0) == 6.0
    assert jvp(f, 3.0, 1.0)[1] == 6.0
    assert grad(lambda x: x.detach() * x)(3.0) == jvp(lambda x: x.detach() * x, 3.0, 1.0)[1] == 3.0


def test_an_exception_in_the_function_leaves_no_trace() -> None:
    def fails(x: Any) -> Any:
        raise KeyboardInterrupt
    for derivative in (grad(fails), hessian(fails), jacobian(fails), forward(fails), grad(grad(fails))):
        with pytest.raises(KeyboardInterrupt):
            derivative(1.0)
        assert type(grad(sin)(1.0)) is float  # and not a node, as inside of another derivative


# ── numbers beside arrays ────────────────────────────────────────────────────────────────────────────────────────

def test_numbers_and_arrays_are_arguments_of_one_function():
    f = lambda x, a: (x * a).sum() + a * a  # ∂x = a, ∂a = Σx + 2a
    x, a = np.array([1.0, 2.0]), 2.0
    for gx, ga in (grad(f, argnums=(0, 1))(x, a), jacobian(f, argnums=(0, 1))(x, a), vjp(f, x, a)[1](1.0)):
        assert gx.tolist() == [2.0, 2.0]
        assert ga == 7.0 and type(ga) is float
    assert grad(f, argnums=1)(x, 2) == 7.0
    assert grad(lambda p: f(p["x"], p["a"]))({"x": x, "a": a})["a"] == 7.0
    (xx, xa), (ax, aa) = hessian(f, argnums=(0, 1))(x, a)
    assert (xx.tolist(), xa.tolist(), ax.tolist(), aa) == ([[0, 0], [0, 0]], [1, 1], [1, 1], 2.0)
    assert [np.asarray(part).tolist() for part in hvp(f, (x, a), (x, 1.0))] == [[1.0, 1.0], 5.0]
    assert check_gradients(f, x, a, order=2).verdict == "OK"


# ── NumPy's arrays of nodes ──────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("f, slope", [
    (lambda x: np.atleast_1d(x * x), 6.0), (lambda x: np.real(x * x), 6.0), (lambda x: np.where(x > 0, x * x, 0.0), 6.0),
    (lambda x: np.dot(np.array([x, 1.0]), [x, 2.0]), 6.0), (lambda x: np.sum([x, x * x]), 7.0), (lambda x: np.sum(x * x), 6.0),
    (lambda x: np.max(x) * np.mean(x) * np.prod(x), 27.0),
])
def test_a_number_in_an_array_of_numpys_keeps_its_gradient(f, slope):
    assert grad(f)(3.0) == slope
    assert jacobian(f)(3.0) == slope


def test_an_array_of_nodes_is_a_result_like_a_list_of_them():
    def f(x):
        return np.array([x * x, 2.0 * x, 1.0])
    assert jacobian(f)(3.0) == [6.0, 2.0, 0.0]
    y, pullback = vjp(f, 3.0)
    assert y == [9.0, 6.0, 1.0]
    assert pullback([1.0, 10.0, 100.0]) == pullback(np.array([1.0, 10.0, 100.0])) == (26.0,)
    with pytest.raises(TypeError, match="grad needs a function that returns one number"):
        grad(f)(3.0)


def test_a_number_reduced_over_no_axis_is_itself():
    import autograd as ag
    x = Value(-3.0)
    assert all(f(x) is x for f in (ag.sum, ag.max, ag.min, ag.prod))
    assert (ag.mean(x).data, ag.var(x).data, ag.std(x).data, ag.norm(x).data) == (-3.0, 0.0, 0.0, 3.0)
    assert grad(lambda x: ag.norm(x) + ag.mean(x) * ag.sum(x))(-3.0) == -7.0
    assert jvp(lambda x: ag.mean(x) * ag.prod(x), -3.0, 1.0)[1] == -6.0
    with pytest.raises(IndexError, match="axis 1 is out of bounds"):
        ag.sum(x, axis=1)


# ── numbers that meet arrays ─────────────────────────────────────────────────────────────────────────────────────

ARRAY = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@pytest.mark.parametrize("f", [
    lambda x: np.sum(x**3 * ARRAY), lambda x: (ARRAY @ np.array([1.0, 2.0, 3.0]) * x**3).sum(),
    lambda x: np.mean(x**3 - ARRAY) * 126,
])
def test_a_function_of_a_number_may_use_arrays(f):
    scale = float(np.sum(f(2.0) - f(0.0))) / 8
    assert grad(f)(2.0) == pytest.approx(12 * scale)
    assert type(grad(f)(2.0)) is float
    assert grad(grad(f))(2.0) == hvp(f, 2.0, 1.0) == pytest.approx(12 * scale)
    assert hessian(f)(2.0) == pytest.approx(12 * scale)
    assert grad(grad(grad(f)))(2.0) == pytest.approx(6 * scale)
    assert jvp(f, 2.0, 1.0)[1] == pytest.approx(12 * scale)
    assert check_gradients(f, 2.0)


def test_results_and_arguments_keep_their_structure_where_numbers_meet_arrays():
    assert jacobian(lambda x: x * ARRAY[0])(2.0).tolist() == [1.0, 2.0, 3.0]
    assert grad(lambda xs: np.sum(xs["a"] * ARRAY) * xs["b"])({"a": 2.0, "b": 3.0}) == {"a": 63.0, "b": 42.0}
    assert grad(lambda x, y: np.sum(x * ARRAY) * y, (0, 1))(2.0, 3.0) == (63.0, 42.0)
    y, pullback = vjp(lambda x: x * ARRAY, 2.0)
    assert y.tolist() == (2 * ARRAY).tolist()
    assert pullback(ARRAY) == (91.0,)
    with pytest.raises(TypeError, match="use Tensor for arrays"):  # outside of a derivative a Value stays one
        Value(2.0) * ARRAY
