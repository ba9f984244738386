"""The texts on pictures: one name for each value, correct products and sums of the shown numbers, formulas."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, Value, exp, no_grad, scope, steps
from autograd.graph import topological
from viz import draw, graph, text
from viz.numbers import brief, places_that_add_up, multiplied, number, show, summary
from viz.wording import Wording

from .programs import Program, programs
from .test_programs import quick
from .test_viz_drawing import SVG, classed, element
from .test_viz_records import neuron

POWER = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
HALF = Fraction(500_001, 1_000_000)
DIGITS = ("auto", 1, 2, 3, 5, None)
finite = st.floats(-1e300, 1e300, allow_subnormal=False)  # below, a float has fewer digits than are written
flat = pytest.mark.filterwarnings("ignore::autograd.NoDerivativeWarning")  # flat rows are part of the table
plain = st.floats(-1e4, 1e4, allow_subnormal=False) | st.floats(1e-9, 1e9).map(lambda x: -x) | finite


def read(text):
    """The number in a text, and the unit of its last digit; asserts that the text is a number."""
    digits, power = re.fullmatch(r"\(?(−?\d+(?:\.\d+)?)(?:·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?\)?", text).groups()
    exponent = int((power or "0").translate(POWER))
    digits = digits.replace("−", "-")
    return Fraction(digits) * Fraction(10) ** exponent, Fraction(10) ** (exponent - len(digits.partition(".")[2]))


def off(shown, x):
    """The difference of a text from a number, in units of the text's last digit."""
    value, unit = read(shown)
    return float(abs(value - Fraction(x)) / unit)


@pytest.mark.parametrize("digits", DIGITS)
@given(x=finite)
def test_a_number_is_true_to_half_a_unit_of_its_last_digit(digits, x):
    assert off(number(x, digits), x) <= 0.5 + 1e-6


@given(x=st.floats(1e-9, 1e12), digits=st.integers(1, 15))
def test_digits_are_significant_and_two_are_the_fewest_by_default(x, digits):
    def significant(shown):
        return len(shown.partition("·")[0].replace(".", "").lstrip("0"))

    assert significant(number(x, digits)) >= digits
    assert significant(number(x)) >= 2
    assert "." not in number(x) or len(number(x).partition("·")[0].partition(".")[2]) >= 1 + ("·" not in number(x))


@pytest.mark.parametrize("digits", DIGITS)
@given(upstream=plain, local=plain)
def test_what_is_shown_multiplies_out(digits, upstream, local):
    downstream = upstream * local
    if not 1e-290 < abs(downstream) < 1e290:
        return
    one, other, product = multiplied(upstream, local, downstream, digits)
    assert product == number(downstream, digits)
    assert max(off(one, upstream), off(other, local)) <= 0.5 + 1e-6
    value, unit = read(product)
    if digits is None:  # all the digits that a float has: Python multiplies so
        assert float(read(one)[0]) * float(read(other)[0]) == float(value)
    else:
        assert abs(read(one)[0] * read(other)[0] - value) <= unit * HALF


def test_factors_have_no_more_digits_than_it_takes():
    assert multiplied(1.0, 0.25, 0.25) == ("1.00", "0.25", "0.25")
    assert multiplied(2.0, 3.0, 6.0, 1) == ("2", "3", "6")
    assert multiplied(0.0, float("inf"), 0.0) == ("0.00", "inf", "0.00")  # a branch not taken passes nothing
    assert multiplied(1.0, 5.0, 0.0) == ("1.00", "5.00", "0.00")


@pytest.mark.parametrize("digits", DIGITS)
@given(parts=st.lists(st.floats(-100, 100).filter(lambda x: abs(x) > 1e-6), min_size=2, max_size=6))
def test_what_is_shown_adds_up(digits, parts):
    total = sum(parts)
    if abs(total) < 1e-6 * max(map(abs, parts)):
        return
    places = places_that_add_up(parts, total, digits)
    value, unit = read(number(total, digits))
    if digits is not None:
        assert abs(sum(read(number(part, digits, places))[0] for part in parts) - value) <= unit * HALF


def test_only_the_parts_that_are_too_coarse_have_more_decimals():
    parts = [0.0, 0.0123, 0.334, 0.334, 1e-5]
    places = places_that_add_up(parts, sum(parts))
    assert [number(part, places=places) for part in parts] == ["0.00", "0.012", "0.334", "0.334", "1.0·10⁻⁵"]


# ── on pictures ──────────────────────────────────────────────────────────────────────────────────────────────────

@flat
@quick
@given(programs(least=4, most=20), st.sampled_from(["auto", 2, 4]))
def test_every_product_and_sum_on_a_picture_comes_out_as_shown(program: Program, digits):
    y = program(*map(Value, program.point))
    if not isinstance(y, Value) or not y.inputs:
        return
    y.backward()
    drawing = draw(y, products=True, digits=digits)
    wires = {wire.id: wire for wire in drawing.graph.wires}
    nodes = {node.id: node for node in drawing.graph.nodes}
    shown = {}
    for drawn in ET.fromstring(drawing.svg).iter(f"{SVG}g"):
        wire = wires.get(drawn.get("id"))
        if wire is None:
            continue
        texts = {kind: "".join(t.itertext()) for t in drawn.iter(f"{SVG}text") for kind in t.get("class").split()}
        numbers = [texts.get("gradient", ""), *re.split(" [×=] ", texts.get("product", "0 × 0 = 0"))]
        if not all(re.search(r"\d", said) for said in numbers):  # nan and inf multiply as they do
            continue
        contribution, one, other, product = numbers
        shown[wire.id] = read(contribution)[0]
        assert off(contribution, wire.contribution) <= 0.5 + 1e-6
        if "product" in texts:
            assert product == contribution
            assert off(one, wire.upstream) <= 0.5 + 1e-6
            assert off(other, wire.local) <= 0.5 + 1e-6
            if wire.upstream * wire.local == wire.contribution:
                assert off(product, read(one)[0] * read(other)[0]) <= 0.5 + 1e-6, texts["product"]
    for id, node in nodes.items():
        leaving = [wire for wire in wires.values() if wire.source == id]
        exact = sum(wire.contribution for wire in leaving if wire.contribution is not None)
        if len(leaving) > 1 and all(wire.id in shown and wire.id[:5] != "w-out" for wire in leaving) and node.gradient == exact:
            total = classed(ET.tostring(element(drawing.svg, f"{id}-sum"), encoding="unicode"), "gradient")[0]
            value, unit = read(total.removeprefix("Σ "))
            assert abs(sum(shown[wire.id] for wire in leaving) - value) <= unit * HALF


def factors(drawing):
    """For every wire whose local gradient is one number or name: what is shown of upstream, local and downstream gradients."""
    svg, graph = drawing.svg, drawing.graph
    shown = {e.get("id"): {kind: t.text for t in e.iter(f"{SVG}text") for kind in t.get("class").split()}
             for e in ET.fromstring(svg).iter(f"{SVG}g") if "wire" in e.get("class", "").split()}
    leaving, values = {}, {}
    for wire in graph.wires:
        leaving.setdefault(wire.source, []).append(wire.id)
        values[wire.source] = shown.get(f"{wire.source}-sum", shown[wire.id])["value"]
    by_name = {node.label: values[node.id] for node in graph.nodes if node.label and node.id in values}
    for wire in graph.wires:
        texts, over = shown[wire.id], shown.get(f"{wire.target}-sum") or shown[next(iter(leaving.get(wire.target, [wire.id])))]
        local = by_name.get(texts.get("formula"), texts.get("formula", ""))
        numbers = over.get("gradient", "").removeprefix("Σ "), local, texts.get("gradient", "")
        if all(re.fullmatch(r"−?\d+(\.\d+)?(·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?", said) for said in numbers):
            yield wire, numbers


@flat
@quick
@given(programs(least=4, most=20), st.booleans())
def test_numbers_that_stand_apart_multiply_out_to_a_unit(program: Program, named):
    y = program(*(Value(x, f"x{i}") for i, x in enumerate(program.point)))
    if not isinstance(y, Value) or not y.inputs:
        return
    for i, node in enumerate(topological(y)):
        if named and node.inputs:
            node.name = f"n{i}"
    y.backward()
    for wire, (upstream, local, downstream) in factors(draw(y)):
        if not wire.local or abs(wire.upstream * wire.local - wire.contribution) > 1e-12 * abs(wire.contribution):
            continue
        usual, unit = read(number(wire.contribution))  # more decimals, where a sum needs them, are no factors' fault
        assert abs(read(upstream)[0] * read(local)[0] - usual) <= unit, (upstream, local, downstream)


def test_the_lecture_s_decimals_stay_and_others_get_what_it_takes():
    def shown(one, other):
        x, w = Value(one, "x"), Value(other, "w")
        y = x * w
        y.name = "y"
        z = y * 0.4856
        z.backward()
        return {(w.id, *numbers) for w, numbers in factors(draw(z)) if w.source == "n0"}

    [(_, upstream, local, downstream)] = shown(1.0, 0.1971)  # 0.49 × 0.20 = 0.098 stood beside 0.096
    assert (upstream, local, downstream) == ("0.49", "0.197", "0.096")
    assert {numbers for _, numbers in factors(draw(neuron()))} >= {("0.20", "2.00", "0.39"), ("0.20", "−3.00", "−0.59")}


NAMES = st.sampled_from(["x", "x", "w0", "w1", "v0", "v1", "out", "a-b", "w0#2", "y", None, None])


@flat
@quick
@given(programs(least=4, most=16), st.data())
def test_one_name_a_value_in_walks_graphs_tables_and_pictures(program: Program, data):
    xs = [Value(x, data.draw(NAMES)) for x in program.point]
    with scope("outer"):
        y = program(*xs)
    if not isinstance(y, Value) or not y.inputs:
        return
    order = topological(y)
    for node in order:
        if node.inputs:
            node.name = data.draw(NAMES)
    y.backward()
    labels = [step.label for step in steps(y) if step.phase == "forward"]
    assert max(Counter(labels).values()) == 1
    g = graph(y)
    called = {node.members[0]: node.called for node in g.nodes if node.kind != "output" and node.members[0] < len(order)}
    assert called == dict(enumerate(labels))
    assert max(Counter(node.called for node in g.nodes if node.kind != "output").values()) == 1
    for line in (line for line in text(y).splitlines() if not line.startswith(" ")):
        assert any(line.startswith(label) for label in labels)
    for step in steps(y):
        for edge in step.edges:  # no letters but those of labels: x, y and out stand for nothing
            left = edge.formula
            for label in sorted(labels, key=len, reverse=True):
                left = re.sub(f"(?<![a-z]){re.escape(label)}(?![a-z])", "", left)
            assert set(re.findall("[a-z_]+[0-9]*", left)) <= FUNCTIONS, edge.formula


FUNCTIONS = {"sin", "cos", "exp", "log", "sqrt", "cosh", "sinh", "sigmoid", "sign", "floor_divide", "where", "if", "else", "e",
             "expm1", "tanh", "hypot"}


@flat
@quick
@given(programs(least=4, most=16), st.data())
def test_what_a_formula_on_a_picture_speaks_of_stands_on_it(program: Program, data):
    y = program(*(Value(x, f"x{i}") for i, x in enumerate(program.point)))
    if not isinstance(y, Value) or not y.inputs:
        return
    for node in topological(y):
        if node.inputs and data.draw(st.booleans()):
            node.name = f"n{id(node) % 1000}"
    y.backward()
    drawing = draw(y)
    names = {said.removesuffix(" = ") for kind in ("letter", "name") for said in classed(drawing.svg, kind)}
    values = {*classed(drawing.svg, "value"), *(show(node.value) for node in drawing.graph.nodes if node.kind == "constant")}
    words = Wording(drawing.graph)
    for wire in drawing.graph.wires:
        for place, term in zip([*map(str, range(len(wire.terms) - 1)), "out"], wire.terms):
            if f"{{{place}" in wire.template:
                same = {said for said in values if said == show(term.value)
                        or re.search(r"\d", said) and off(said, term.value) <= 0.5 + 1e-6}
                assert term.label in names if term.label else any(said in words.formula(wire) for said in same)


def test_the_lecture_s_neuron_reads_as_in_the_lecture():
    svg = draw(neuron(), products=True).svg
    assert {"−0.53 × 0.37 = −0.20", "1.00 × (−0.53) = −0.53", "−0.20 × (−1.00) = 0.20"} <= set(classed(svg, "product"))
    assert {"0.37", "−1/1.37²", "x0", "w0", "−1"} <= set(classed(svg, "formula"))


def test_sigma_shows_its_slope_in_numbers_and_in_its_name():
    y = Value(1.0, "x").sigmoid()
    assert "(1 − 0.73)·0.73" in classed(draw(y).svg, "formula")
    y.name = "p"
    assert "(1 − p)·p" in classed(draw(y).svg, "formula")


def test_names_within_a_frame_drop_its_path_and_keep_it_elsewhere():
    x = [Value(1.0, "x0"), Value(-1.0, "x1")]
    with scope("left"):
        a = nn.Neuron(2, rng=0)(x)
    with scope("right"):
        b = nn.Neuron(2, rng=1)(x)
    y = a * b
    y.backward()
    labels = {node.label for node in graph(y).nodes if node.kind == "input"}
    assert labels == {"x0", "x1", *(f"{side}/Neuron/{name}" for side in ("left", "right") for name in ("w0", "w1", "b"))}
    svg = draw(y, collapse=False).svg
    assert Counter(classed(svg, "letter")) == Counter({"w0": 2, "w1": 2, "b": 2, "x0": 1, "x1": 1})
    assert set(classed(svg, "formula")) >= {"w0", "w1", "x0"}
    assert "left/Neuron/w1" in svg
    assert "right/Neuron/w1" in svg


def test_a_path_is_kept_where_the_short_name_is_another_value_s():
    outer = Value(3.0, "w")
    with scope("one"):
        a = Value(2.0, "w") * outer
    with scope("two"):
        b = Value(5.0, "w") * outer
    g = graph(a * b + outer)
    words = Wording(g)
    said = {words.name(node) for node in g.nodes if node.kind == "input"}
    assert said == {"w", "one/w", "two/w"}


def test_long_names_that_begin_alike_are_told_apart():
    x, y = (Value(2.0, f"the_weight_of_the_first_feature_{letter}") for letter in "ab")
    letters = classed(draw(x * y).svg, "letter")
    assert letters[0] != letters[1]
    assert {name[-1] for name in letters} == {"a", "b"}
    assert all(len(name) <= 24 for name in letters)


def test_screen_readers_and_tooltips_say_the_same_names():
    x = Value(2.0, "x")
    svg = draw(x * 3 + x).svg
    assert "Result: v2 = 8.00" in ET.fromstring(svg).find(f"{SVG}desc").text
    assert element(svg, "w2-0").find(f"{SVG}title").text.startswith("v1 → v2\n")
    assert element(svg, "w-out0").find(f"{SVG}title").text.startswith("v2 → result\n")


def test_constants_and_arrays_have_names_and_numbers_too():
    with no_grad():
        fixed = Value(3.0, "c")
    y = exp(Value(0.5, "c") * fixed)
    assert len({node.label for node in graph(y).nodes if node.kind in ("input", "constant")}) == 2
    z = (Tensor([[1.0, 2.0]] * 3, "t") * 2.0).tanh().sum()
    z.backward()
    svg = draw(z).svg
    assert "1 − v2²" in classed(svg, "formula")
    assert "v2 = " in classed(svg, "name")  # it stands on the picture, where it has to


def test_arrays_say_their_shape_and_how_their_entries_lie():
    np = pytest.importorskip("numpy")
    array = np.random.default_rng(0).normal(size=(30, 40))
    counts, _ = np.histogram(array, bins=8)
    assert summary(array).histogram == tuple(counts)
    shown = brief(summary(array))
    assert re.fullmatch("30×40 [▁▂▃▄▅▆▇█]{8}", shown)
    assert shown[6 + int(np.argmax(counts))] == "█"
    assert brief(summary(np.array([1.0, np.nan, np.inf, 2.0, 1.0, 3.0, 4.0]))).endswith(", 1 nan, 1 inf")
    t = Tensor(array, "t")
    svg = draw(t.sum()).svg
    assert any(said.startswith("30×40 ") for said in classed(svg, "value"))
    assert f"mean {number(array.mean(), None)}" in element(svg, "n0").find(f"{SVG}title").text
