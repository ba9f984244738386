"""The JavaScript of a graph as text; that it computes the same numbers is tested in a browser."""

import math
import re

import pytest

from autograd import Tensor, Value, gradient, maximum, op, ops, relu
from autograd.programs.javascript import functions, to_javascript


def lines(y):
    return [line for line in to_javascript(y).splitlines() if line.startswith("v[")]


def test_a_line_for_each_operation_and_no_loop():
    x, y = Value(-2.0, "x"), Value(5.0, "y")
    assert lines((x + y) * -4) == ["v[2] = (v[0] + v[1]); l[2] = [1.0, 1.0]", "v[3] = (v[2] * (-4.0)); l[3] = [(-4.0), null]"]
    assert not re.search(r"for|while|eval", to_javascript((x + y) * -4))


def test_a_branch_not_taken_is_false_and_not_0():
    x = Value(1.0)
    assert lines(relu(x)) == ["v[1] = relu(v[0]); l[1] = [(v[1] !== 0.0)]"]
    assert lines(maximum(x, 2.0)) == ["v[1] = maximum(v[0], 2.0); l[1] = [((v[0] === 2.0) ? 0.5 : (v[1] !== 2.0)), null]"]


def test_only_the_functions_that_are_needed_are_there():
    x = Value(1.0)
    assert re.findall(r"const (\w+) =", to_javascript(x.sin() * x.exp())) == ["cos", "exp", "sin", "l"]


def test_every_row_of_the_table_has_its_javascript():
    for row in ops.rows.values():
        if row.arity:
            xs = [Value(0.5), Value(0.75)][:row.arity]
            code = to_javascript(row(*xs))
            assert f"{row.name}(" in code or row.name in ("add", "sub", "mul", "div"), row
            assert set(re.findall(r"\b([a-z]\w+)\(", code)) - {"abs"} <= {*functions, *ops.rows}


def test_numbers_at_the_edges():
    x = Value(1.0)
    assert "Infinity" in lines(x * float("inf"))[0]
    assert "NaN" in lines(x * float("nan"))[0]


def test_a_composed_forward_is_derived_and_one_of_its_own_says_its_source():
    made = [op("cube", "x³", lambda x: x * x * x, lambda out, x: 3 * x**2),
            op("gauss", "gauss", lambda x: ops.exp(-x * x), lambda out, x: -2 * x * out),
            op("gamma", "Γ", math.gamma, lambda out, x: out),
            op("branchy", "b", lambda x: x if x > 0 else -x, lambda out, x: 1.0),
            op("fraction", "frac", lambda x: x - math.floor(x), 1.0, javascript="x => x - Math.floor(x)")]
    cube, gauss, gamma, branchy, fraction = made
    try:
        assert "const cube = (x) => ((x * x) * x)" in to_javascript(cube(Value(2.0)))
        text = to_javascript(gauss(Value(2.0)))
        assert "const gauss = (x) => exp((neg(x) * x))" in text
        assert "const exp = Math.exp" in text and "const neg = x => -x" in text
        assert "const fraction = x => x - Math.floor(x)" in to_javascript(fraction(Value(2.5)))
        for opaque in (gamma, branchy):
            with pytest.raises(LookupError, match=rf"operation '{opaque.name}' has no JavaScript.*javascript='x => …'"):
                to_javascript(opaque(Value(2.0)))
    finally:
        for row in made:
            del ops.rows[row.name]
    with pytest.raises(TypeError, match="only graphs of Values become JavaScript"):
        to_javascript(Tensor([1.0, 2.0]).sum())


def test_the_graph_is_not_changed():
    x = Value(3.0)
    y = x * x
    to_javascript(y)
    assert (x.grad, y.grad, gradient(y, x)) == (None, None, 6.0)
