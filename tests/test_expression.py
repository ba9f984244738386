"""Expressions from the command line: Python's own arithmetic as the oracle, and refused texts with the marked place."""

import inspect
import math
import random
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import Value, gradient
from autograd.graph import topological
from autograd.operation import rows
from chainrule.expression import DEEPEST, LARGEST, LONGEST, Expression, ExpressionError, values

from .test_ops import plain

NAMES = {"x": 1.5, "w0": -2.0, "b": 0.25}
PYTHON = {"exp": math.exp, "sin": math.sin, "tanh": math.tanh, "maximum": max, "max": max, "min": min, "abs": abs}
expressions = st.recursive(
    st.sampled_from([*NAMES, "2", "0.5", "1e-3", "7."]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", " - ", "*", "/", " * "]), part).map("".join),
        st.tuples(part, st.integers(0, 3)).map(lambda p: f"({p[0]})**{p[1]}"),
        part.map("({})".format), part.map("-{}".format), part.map("+{}".format),
        st.tuples(st.sampled_from(["exp", "sin", "tanh", "abs"]), part).map("{0[0]}({0[1]})".format),
        st.tuples(st.sampled_from(["maximum", "max", "min"]), part, part).map("{0[0]}({0[1]}, {0[2]})".format)),
    max_leaves=20)


def refused(text: str, given: object = None) -> tuple[str, str]:
    """The problem reported for an expression, and the marked part of it."""
    with pytest.raises(ExpressionError) as caught:
        Expression(text)(**(NAMES if given is None else given))
    problem, shown, carets = str(caught.value).split("\n")
    assert set(carets.strip()) == {"^"}
    return problem, "".join(c for c, mark in zip(shown, carets) if mark == "^")


# ── what is read means what Python means by it ───────────────────────────────────────────────────────────────────

@given(expressions)
def test_an_expression_means_what_python_means_by_it(text: str) -> None:
    try:
        expected = float(eval(text, {**PYTHON, **NAMES}))
    except ArithmeticError:  # Python raises where NumPy, and this, give inf or nan
        return
    assert Expression(text)(**NAMES) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@given(expressions)
def test_on_values_it_is_the_same_number_with_a_graph(text: str) -> None:
    leaves = {name: Value(x, name) for name, x in NAMES.items()}
    expression = Expression(text)
    y = expression(**leaves)
    assert plain(y) == pytest.approx(expression(**NAMES), rel=0, abs=0, nan_ok=True)
    if expression.names:
        assert {node.name for node in topological(y) if node.op is None} <= set(expression.names)


def test_signs_and_powers_bind_as_in_python() -> None:
    assert Expression("-2**2")() == -4
    assert Expression("2**3**2")() == 512
    assert Expression("2**-1")() == 0.5
    assert Expression("8/4/2")() == 1
    assert Expression("1-2-3")() == -4
    assert Expression("--3 - +3")() == 0


def test_every_operation_of_the_table_can_be_called() -> None:
    for name, row in rows.items():
        if row.arity:
            operands = [str(sum(interval) / 2) for interval in row.domain[:row.arity - len(row.defaults)]]
            assert Expression(f"{name}({', '.join(operands)})")() == row(*map(float, operands))


def test_defaults_may_be_given_by_place_and_by_name() -> None:
    assert Expression("leaky_relu(-2)")() == -0.02
    assert Expression("leaky_relu(-2, 0.5)")() == Expression("leaky_relu(-2, slope=0.5)")() == -1


def test_names_stand_in_the_order_of_their_use_and_may_be_of_any_alphabet() -> None:
    assert list(Expression("θ*x + θ/w0").names) == ["θ", "x", "w0"]
    assert Expression("self + θ")(self=1.0, θ=2.0) == 3


def test_constants_are_floats_and_get_no_node() -> None:
    y = Expression("(2 + 3)*x")(x=Value(2.0, "x"))
    assert y.operands[0] == 5.0
    assert type(y.operands[0]) is float


@pytest.mark.parametrize("text", ["1/(1+exp(-(w*x)))", "1.0/(exp(-(w*x)) + 1)"])
def test_a_sigmoid_written_out_is_a_scope_of_its_four_gates(text: str) -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    y = Expression(text)(w=w, x=x)
    assert [node.op.name for node in topological(y) if node.scope] == ["neg", "exp", "add", "div"]
    assert len({node.scope for node in topological(y) if node.scope}) == 1
    assert gradient(y, w) == pytest.approx(gradient((w * x).sigmoid(), w), rel=1e-12)


@pytest.mark.parametrize("text", ["1/(1+exp(x))", "2/(1+exp(-x))", "1/(1-exp(-x))", "1/(1+exp(-x*x))", "1/(1+sin(-x))"])
def test_what_is_no_sigmoid_has_no_scope(text: str) -> None:
    assert not any(node.scope for node in topological(Expression(text)(x=Value(2.0))))


def test_two_sigmoids_are_two_scopes() -> None:
    y = Expression("1/(1+exp(-(1/(1+exp(-x)))))")(x=Value(2.0))
    scopes = [node.scope for node in topological(y) if node.scope]
    assert len(scopes) == 8
    assert len(set(scopes)) == 2


# ── what is refused, the place that is marked, and the remedy ────────────────────────────────────────────────────

@pytest.mark.parametrize(("text", "problem", "place"), [
    ("x^2", "for a power write **", "^"),
    ("2×x", "to multiply write *", "×"),
    ("x − 1", "for minus write -", "−"),
    ("x²", "for a square write **2", "²"),
    ("exq(x)", "did you mean exp; to", "exq"),
    ("1 + sigmiod(x)", "did you mean sigmoid", "sigmiod"),
    ("zzz(x)", "there are abs, add, ", "zzz"),
    ("constant()", "no operation is called 'constant'", "constant"),
    ("x + y", "'y' has no value: give y=… (given: x, w0, b)", "y"),
    ("2*w1", "did you mean w0?", "w1"),
    ("2*exp", "'exp' is an operation: write exp(…)", "exp"),
    ("x + max", "'max' is an operation: write max(…)", "max"),
    ("exp(x, b)", "exp takes x; here it is given 2 operands", "exp(x, b)"),
    ("maximum(x)", "maximum takes x, y; here it is given 1 operand", "maximum(x)"),
    ("leaky_relu(x, alpha=1)", "leaky_relu takes x, slope=0.01; here it is given 1 operand and alpha",
     "leaky_relu(x, alpha=1)"),
    ("leaky_relu(x, 1, slope=1)", "leaky_relu takes x, slope=0.01", "leaky_relu(x, 1, slope=1)"),
    ("leaky_relu(slope=1)", "here it is given 0 operands and slope", "leaky_relu(slope=1)"),
    ("exp(**x)", "exp takes x; here it is given 0 operands and **", "exp(**x)"),
    ("2(x)", "to multiply write *", "2(x)"),
    ("x(b)", "to multiply write x*(…)", "x"),
    ("2x", "to multiply write *, as in 2*x", "2x"),
    ("x bias", "to multiply write *", "bias"),
    ("y = x", "leave out 'y ='", "="),
    ("x + lambda", "a Python keyword", "lambda"),
    ("(x + b", "'(' was never closed: balance the brackets", "("),
    ("x + b)", "unmatched ')': balance the brackets", ")"),
    ("x + ", "ends too early: an operand is missing", ""),
    ("exp()", "exp takes x; here it is given 0 operands", "exp()"),
    ("x**1e9", "an exponent of 1e+09: the limit is 1000", "x**1e9"),
    ("pow(x, -2000)", "an exponent of -2000", "pow(x, -2000)"),
    ("x**(500*3)", "an exponent of 1500", "x**(500*3)"),
    ("x + 1e999", "too large for a float", "1e999"),
    ("9" * 400, "too large for a float", "9" * 90),
    ("x + 2j", "real numbers", "2j"),
    ("True", "nothing else", "True"),
    ("...", "nothing else", "..."),
    ("θθ + 1 + αβ", "'θθ' has no value", "θθ"),
])
def test_an_error_names_the_problem_marks_its_place_and_tells_the_remedy(text: str, problem: str, place: str) -> None:
    told, marked = refused(text)
    assert problem in told
    assert marked == place


@pytest.mark.parametrize("text", [
    "x.real", "x.__class__", "(1).__class__", "x[0]", "[x]", "{x}", "'x'", "f'{x}'", "lambda: x", "x if x else b",
    "(x for x in b)", "[x for x in b]", "(yield)", "(x, b)", "x, b", "exp(*x)", "x // b", "x % b", "x @ b", "x < b",
    "x == b", "x and b", "not x", "~x", "x << b", "x & b", "(x := 2)", "None", "b''", "x; b", "x\\", "#", "`x`", "x\0",
    "__import__('os')", "__import__(os)", "eval(x)", "open(x)", "exec", "await x", "x is b", "x in b", "\ud800",
    "print(x)",
])
def test_nothing_but_arithmetic_is_read(text: str) -> None:
    refused(text)


def test_blanks_and_line_ends_are_blanks() -> None:
    assert Expression("  (x +\n\t2)\r\n * 2 ")(x=1.0) == 6
    with pytest.raises(ExpressionError, match="empty; give one"):
        Expression(" \n ")


def test_the_mark_stands_under_its_place_in_a_long_expression_and_after_wide_letters() -> None:
    problem, marked = refused("+".join(["x"] * 99) + "+nope+" + "+".join(["x"] * 90))
    assert "'nope' has no value" in problem
    assert marked == "nope"
    with pytest.raises(ExpressionError) as caught:
        Expression("漢字*y")(漢字=1.0)
    assert str(caught.value).endswith("\n  漢字*y\n       ^")  # two columns for each of those letters


# ── caps: length, depth, size; and no text whatever does anything else ───────────────────────────────────────────

def test_depth_and_size_and_length_are_bounded_and_up_to_there_it_works() -> None:
    assert Expression("+".join(["1"] * DEEPEST))() == DEEPEST
    assert Expression("-" * (DEEPEST - 1) + "1")() == -1
    assert "nested more than 200 deep" in refused("+".join(["1"] * (DEEPEST + 1)))[0]
    balanced = "x"
    while len(balanced) * 2 + 3 <= LONGEST:
        balanced = f"({balanced}+{balanced})"
    assert Expression(balanced)(x=1.0) == balanced.count("x")
    many = "+".join("(" + "+".join(["1"] * 30) + ")" for _ in range(LONGEST // 62))
    assert many.count("1") * 2 > LARGEST
    assert "more than 1,000 parts" in refused(many)[0]
    assert f"has {LONGEST + 1:,} characters; the limit is {LONGEST:,}" in refused("1" * (LONGEST + 1))[0]


@pytest.mark.parametrize("piece", [
    "(", "-", "+", "~", "not ", "exp(", "((", "-(", "x+(", "x**", "**", "1/(", "lambda:", "[", "{", "x(", "f(x,",
    "x if ", "yield ", "await ", "*", "x=", "0x", "1_", "\\", "\n", "(x)"])
@pytest.mark.parametrize("length", [90, 199, 400, LONGEST, 10**6])
def test_deep_text_is_refused_and_never_exhausts_the_stack(piece: str, length: int) -> None:
    with pytest.raises(ExpressionError):
        Expression((piece * length)[:length - 1] + "(")


def test_where_little_stack_is_left_it_is_refused_all_the_same() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 60)
    try:
        assert "nested" in refused("-" * (LONGEST - 1) + "1")[0]
    finally:
        sys.setrecursionlimit(before)


@given(st.text(max_size=80))
@example("(" * 201 + "1" + ")" * 201)
def test_any_text_is_a_number_or_the_documented_error(text: str) -> None:
    try:
        Expression(text)(**NAMES)
    except ExpressionError:
        return  # the documented error


@given(expressions, st.randoms(use_true_random=False),
       st.lists(st.sampled_from([*"()+-*/.,=xeEjJ_ 0", "**", "exp(", " if ", " for x in ", "lambda ", "\0", "é", "1e",
                                 "0x", "\ud800", "=", "((((((((((((((((((((", "w0", "----------------"]), max_size=6))
def test_a_mutated_expression_is_a_number_or_the_documented_error(
        text: str, where: random.Random, bits: list[str]) -> None:
    for bit in bits:
        at = where.randint(0, len(text))
        text = text[:at] + bit + text[at + where.randint(0, 2):]
    try:
        result = Expression(text)(**NAMES)
    except ExpressionError:
        return  # the documented error
    assert isinstance(result, float)


def test_an_exponent_is_bounded_where_it_is_a_constant_and_nowhere_else() -> None:
    assert Expression("1.0001**x")(x=1e4) == pytest.approx(math.exp(1e4 * math.log1p(1e-4)), rel=1e-9)
    assert Expression("x**(2*0 + 1000)")(x=1.0) == 1
    assert "an exponent of 1001" in refused("2**(1e3 + 1)")[0]
    assert "an exponent of inf" in refused("x**(1/0)")[0]


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

def test_values_are_numbers_as_python_writes_them_and_as_people_do() -> None:
    assert values(["x=-1", " w = 2.5e-3 ", "θ=−3", "n=1_000"]) == {"x": -1, "w": 0.0025, "θ": -3, "n": 1000}


@pytest.mark.parametrize(("pairs", "problem"), [
    (["w0"], "'w0' is not a value: give name=value, as in w0=2"),
    (["w0=two"], "'w0=two': what follows = must be a number, as in w0=2.5"),
    (["w0="], "must be a number"),
    (["w0==1"], "must be a number"),
    (["w0=1+1"], "must be a number"),
    (["w0=nan"], "the value must be finite"),
    (["w0=1e999"], "the value must be finite"),
    (["x=1", "x=2"], "'x=2': x is given already, as 1; give each name once"),
    (["2x=1"], "a name begins with a letter"),
    (["=1"], "a name begins with a letter"),
    (["for=1"], "not a Python keyword"),
    (["x[0]=1"], "a name begins with a letter"),
    (["\x1b[31m=1"], "'\N{REPLACEMENT CHARACTER}[31m=1'"),
])
def test_what_is_no_value_is_refused_with_the_remedy(pairs: list[str], problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        values(pairs)
    assert problem in str(caught.value)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pair_is_a_number_or_the_documented_error(name: str, value: str) -> None:
    try:
        (number,) = values([f"{name}={value}"]).values()
        assert math.isfinite(number)
    except ExpressionError:
        return  # the documented error
