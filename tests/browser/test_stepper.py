"""The stepper in a real browser: its numbers against Python's, its keys and texts, mistakes, and accessibility."""

import importlib.util
import math
import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from autograd import Tensor, Value, gradient, maximum, op, ops, scope, sqrt, steps
from autograd.programs.javascript import functions
from viz import stepper, zoom
from viz.svg import clip
from viz.numbers import multiplied, number, places_that_add_up

from ..display import shown
from ..programs import programs
from ..test_ops import quietly
from ..test_viz_drawing import EVIL
from ..test_viz_records import INPUTS, mlp, neuron
from .test_drawing import BOXES, SHAPES, overlaps

TITLE = "The sigmoid neuron"


def shared():
    """A value used three times: every mistake of a walk over numbers shows in it."""
    a, b = Value(2.0, "a"), Value(-1.0, "b")
    c = a * b
    c.name = "c"
    return (c.tanh() + c**2) * c


@pytest.fixture
def opened(visit, tmp_path):
    """Open the page of a result, from a file."""
    def opened(y, given=None, **options):
        page = visit(stepper(y, **(given or {})).save(tmp_path / "page.html"), **options)
        page.emulate_media(reduced_motion="reduce")
        return page
    return opened


def panel(page):
    return " ".join(page.locator("#panel").inner_text().split())


def typed(text):
    """A number as the page writes it."""
    digits, _, power = text.replace("−", "-").partition("·10")
    return float(digits) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)


def visible(page, kind, within="#stage"):
    return page.evaluate("""([within, kind]) => [...document.querySelectorAll(`${within} text.${kind}`)]
        .filter(t => t.checkVisibility({visibilityProperty: true})).map(t => t.textContent)""", [within, kind])


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────

EDGES = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -3.0, 1e-300, 1e300, 710.0, -750.0, math.inf, -math.inf, math.nan]


def test_every_row_computes_in_a_page_what_it_computes_here(visit):
    page = visit(markup="<!doctype html>")
    source = functions | {row.name: row.javascript for row in ops.rows.values() if row.javascript}
    rows = [row for row in ops.rows.values() if row.arity and row.name in source]
    derived = {"add", "sub", "mul", "div", "sech"}  # operators, and what is composed of other rows
    assert {row.name for row in ops.rows.values() if row.arity} - {row.name for row in rows} == derived
    for row in rows:
        points = [(x,) for x in EDGES] if row.arity == 1 else [(x, y) for x in EDGES for y in EDGES]
        got = page.evaluate("([f, points]) => points.map(point => (0, eval)(f)(...point.map(Number)))",
                            [source[row.name], [[repr(x).replace("inf", "Infinity") for x in p] for p in points]])
        for point, there in zip(points, got):
            here = row(*point)
            assert there == pytest.approx(here, rel=1e-14, abs=1e-300, nan_ok=True), (row.name, point)


def nodes_of(program, point):
    xs = [Value(x, f"x{i}") for i, x in enumerate(point)]
    return xs, quietly(lambda: program(*xs))


def table(page):
    """Every number of the page's own table: name → value, gradient, state."""
    page.evaluate("document.querySelector('#all').open = true")
    rows = page.locator("#all tbody tr").all()
    return {cells[0]: cells[2:] for cells in (row.locator("td").all_inner_texts() for row in rows)}


def test_the_pages_numbers_are_pythons_for_changed_inputs_of_20_random_graphs(opened):
    graphs = []

    @settings(max_examples=40, database=None, derandomize=True, phases=[Phase.generate], deadline=None,
              suppress_health_check=list(HealthCheck))
    @given(programs(least=5, most=15))
    def collect(program):
        if isinstance(nodes_of(program, program.point)[1], Value):
            graphs.append(program)

    collect()
    assert len(graphs) >= 20
    draw, compared = random.Random(7), 0
    for program in graphs[:20]:
        page = opened(nodes_of(program, program.point)[1], given={"digits": 17})
        page.keyboard.press("End")
        leaves = [box.get_attribute("aria-label") for box in page.locator("#inputs tbody input[type=number]").all()]
        for _ in range(2):
            moved = [x * (1 + draw.uniform(-1e-3, 1e-3)) for x in program.point]
            for name in leaves:
                page.fill(f"input[aria-label={name}]", repr(moved[int(name[1:])]))
            there = {name: [typed(x) for x in row[:2]] for name, row in table(page).items()}
            walk = steps(nodes_of(program, moved)[1])
            values = {step.label: step.value for step in walk if step.phase == "forward"}
            assert {name: row[0] for name, row in there.items()} == pytest.approx(values, rel=1e-12, abs=1e-12)
            size = max([1.0, *(abs(e.downstream) for step in walk for e in step.edges)])  # of what may cancel
            totals = {e.target_label: e.total for step in walk for e in step.edges}
            assert {name: there[name][1] for name in totals} == pytest.approx(totals, rel=1e-12, abs=1e-13 * size)
            compared += len(values) + len(totals)
    assert compared > 1000


@pytest.mark.parametrize("mistake", [None, "overwrite", "order", "zero_grad"])
def test_inputs_that_are_typed_move_every_number_right_or_wrong_as_in_python(opened, mistake):
    page = opened(shared())
    page.fill("input[aria-label=a]", "1.5")
    page.fill("input[aria-label=b]", "0.25")
    if mistake:
        page.evaluate("document.querySelector('#mistakes').open = true")
        page.check(f"input[value={mistake}]")
    page.keyboard.press("Escape")
    page.click("#last")
    a, b = Value(1.5, "a"), Value(0.25, "b")
    c = a * b
    c.name = "c"
    walk = steps((c.tanh() + c**2) * c, mistake=mistake)
    totals = {edge.target_label: edge.total for step in walk for edge in step.edges}
    there = table(page)
    assert {name: row[0] for name, row in there.items()} == {s.label: number(s.value) for s in walk if s.phase == "forward"}
    assert {name: there[name][1] for name in totals} == {name: number(x) for name, x in totals.items()}
    wrong = [i for i, step in enumerate(walk) if step.right is not None or any(e.right is not None for e in step.edges)]
    assert bool(wrong) == bool(mistake)
    if mistake:
        page.get_by_role("button", name="Show where it goes wrong").click()
        assert panel(page).startswith(f"backward · step {wrong[0] + 1} of {len(walk)}")
        assert "Wrong:" in panel(page)


def test_numbers_are_rounded_as_python_rounds_them(opened):
    page = opened(Value(1.0, "x") * 1.0)
    draw = random.Random(1)
    numbers = [0.125, 0.375, 2.5, -0.0625, 1125000.0, 1135000.0, 0.15, 1e-7, -1e22, 99999.5, 0.9999, 0.0,
               *(draw.choice((-1, 1)) * 10 ** draw.uniform(-9, 9) for _ in range(200)),
               *(draw.randrange(-4000, 4000) / 16 for _ in range(200))]
    page.click("#last")
    for x in numbers:
        page.fill("input[aria-label=x]", repr(x))
        assert page.locator("#all tbody td.v").first.text_content() == number(x), x


def test_products_and_sums_on_the_page_come_out_as_in_python(opened):
    a, b, c, x = (Value(1.0, name) for name in "abcx")
    page = opened(c * (x * a + x * b))
    draw = random.Random(3)
    for _ in range(60):
        given = {name: draw.choice((-1, 1)) * 10 ** draw.uniform(-3, 3) for name in "abc"}
        for name, value in given.items():
            page.fill(f"input[aria-label={name}]", repr(value))
        parts = [given["c"] * given[name] for name in "ab"]
        places = places_that_add_up(parts, sum(parts))
        [there] = page.locator("#panel .edge").filter(has_text="to x:").locator("p.sum").all_inner_texts()
        name = "a" if f"{multiplied(given['c'], given['a'], parts[0], 'auto', places)[2]}" in there else "b"
        upstream, local, downstream = multiplied(given["c"], given[name], given["c"] * given[name], "auto", places)
        assert there.replace("(", "").replace(")", "").endswith(f"{upstream} × {local} = {downstream}")
        on = [page.locator(f"#c-w{i}-0 .gradient").text_content() for i in (3, 5)]
        assert on == [number(part, "auto", places) for part in parts]


# ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_every_step_of_the_courses_neuron_says_its_arithmetic(opened):
    page = opened(neuron(backward=False))
    page.keyboard.press("Home")
    assert "How to read this" in panel(page)
    assert visible(page, "value") == visible(page, "gradient") == []
    seen = []
    for _ in range(21):
        page.keyboard.press("ArrowRight")
        seen.append(panel(page))
    assert "v10 = exp(v9) = exp(−1.00) = 0.37" in seen[10]
    assert "y = 1 / v11 = 1 / 1.37 = 0.73" in seen[12]
    assert "downstream = upstream × local: −0.53 × 0.37 = −0.20" in seen[15]
    assert "local gradient ∂y/∂v11 = −1/v11² = −0.53" in seen[13]
    assert "w0 collects −0.20: its gradient is complete" in seen[20] or "w0 collects −0.20" in seen[19]
    collected = dict(re.findall(r"(\w\d) collects (\S+?):", " ".join(seen)))
    assert {name: collected[name] for name in INPUTS} == {"w0": "−0.20", "x0": "0.39", "w1": "−0.39", "x1": "−0.59", "w2": "0.20"}
    assert sorted(visible(page, "gradient")) == sorted(
        ["1.00", "−0.53", "−0.53", "−0.20", "0.20", "0.20", "0.20", "0.20", "−0.20", "0.39", "−0.39", "−0.59", "0.20"])


def test_numbers_appear_as_they_are_computed_and_sums_as_they_arrive(opened):
    page = opened(shared())
    page.click("#first")
    page.click("#next")
    assert visible(page, "value") == ["2.00"]
    states = []
    for _ in range(11):
        page.keyboard.press("ArrowRight")
        states.append(table(page)["c"][2])
    assert states[:2] == ["not computed yet", "gradient not computed yet"]
    assert [s for i, s in enumerate(states) if i == 0 or s != states[i - 1]] == [
        "not computed yet", "gradient not computed yet", "1 of 3 contributions", "2 of 3 contributions", "complete"]


def test_keys_buttons_slider_and_clicks_lead_to_the_same_steps(opened):
    page = opened(shared())
    where = page.locator("#where")
    for key, at in (("End", "12"), ("Home", "0"), ("ArrowRight", "1"), ("ArrowRight", "2"), ("ArrowLeft", "1")):
        page.keyboard.press(key)
        assert where.inner_text().split()[0] == at
    for button, at in (("#last", "12"), ("#previous", "11"), ("#first", "0"), ("#next", "1")):
        page.click(button)
        assert where.inner_text().split()[0] == at
    page.locator("#slider").fill("7")
    assert where.inner_text().split()[0] == "7"
    page.click("#c-n2 .sign")
    assert "c = a × b" in panel(page)
    page.locator("#first").click()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="play").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="pause").count() == 1
    page.keyboard.press("Enter")
    assert page.get_by_role("button", name="play").count() == 1


def test_an_update_is_a_step_down_the_gradient(opened):
    w, x = Value(2.0, "w"), Value(3.0, "x")
    page = opened((w * x - 1) ** 2, given={"parameters": ["w"]})
    for _ in range(3):
        page.get_by_role("button", name="Update").click()
        [slope] = gradient((w * x - 1) ** 2, [w])
        w = Value(w.data - 0.1 * slope, "w")
    page.click("#last")
    assert table(page)["w"][0] == number(w.data)
    assert table(page)["x"][0] == "3.00"
    page.get_by_role("button", name="Reset").click()
    assert table(page)["w"][0] == "2.00"


def test_a_branch_not_taken_passes_0_and_no_nan(opened):
    x = Value(0.0, "x")
    page = opened(ops.relu(ops.log(x) * 2) + ops.relu(-ops.sqrt(x)))
    page.keyboard.press("End")
    assert [row[1] for row in table(page).values()] == ["0.00", "0.00", "0.00", "1.00", "0.00", "0.00", "1.00", "1.00"]


def test_the_gate_where_a_nan_arises_stands_out_and_only_that(opened):
    page = opened(ops.log(Value(1.0, "x") - 2) * 3)
    page.keyboard.press("End")
    assert page.locator("#stage .first .sign").all_text_contents() == ["log"]
    page.fill("input[aria-label=x]", "5")
    assert page.locator("#stage .first").count() == 0
    page.fill("input[aria-label=x]", "-5")
    page.click("#c-n2 .sign")
    assert "Here nan arises" in panel(page)


def test_recursion_visits_the_two_operands_of_a_square_once(opened):
    a = Value(2.0, "a")
    b = a * 3
    y = b * b + b
    page = opened(y)
    page.evaluate("document.querySelector('#mistakes').open = true")
    page.check("input[value=order]")
    page.click("#last")
    walk = steps(y, mistake="order")
    assert page.locator("#where").inner_text().split()[2] == str(len(walk))
    assert table(page)["a"][1] == number(walk[-1].edges[-1].total)


def test_a_seed_starts_the_gradient(opened):
    page = opened(Value(2.0, "x") * 3, given={"seed": 5.0})
    page.keyboard.press("End")
    assert table(page)["x"][1] == "15.00"


def test_a_collapsed_scope_is_one_step_with_the_gradient_through_it(opened):
    page = opened(neuron(backward=False))
    page.check("#collapse")
    page.keyboard.press("End")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert page.locator("#stage .now .sign").inner_html() == "+"
    page.keyboard.press("ArrowLeft")
    assert "to v8, through all of sigmoid: downstream = upstream × local: 1.00 × 0.20 = 0.20" in panel(page)
    assert visible(page, "formula")[-1] == "0.20"
    page.uncheck("#collapse")
    assert visible(page, "gradient") == ["0.20", "−0.20", "−0.53", "−0.53", "1.00"]


def test_inputs_between_the_gates_of_a_collapsed_scope_do_not_cut_its_step(opened):
    with scope("neuron"):
        y = Value(2.0, "w0") * Value(-1.0, "x0") + Value(-3.0, "w1") * Value(-2.0, "x1")
    page = opened(y * 2)
    page.check("#collapse")
    page.keyboard.press("Home")
    said = []
    for key in 4 * ["ArrowRight"] + 3 * ["ArrowLeft"]:
        page.keyboard.press(key)
        said.append(panel(page).split(" · ")[1])
    assert [text.split(" of ")[0] for text in said] == [f"step {i}" for i in (1, 2, 7, 8, 7, 2, 1)]
    assert "v6 = neuron(…) = 4.00" in said[2]
    page.locator("#slider").fill("3")  # in the midst of it
    assert "neuron(…)" not in panel(page)


def test_a_collapsed_scope_with_several_results_has_no_one_local_gradient(opened):
    x = Value(2.0, "x")
    with scope("pair"):
        square, cube = x**2, x**3
    page = opened(square * cube)
    page.check("#collapse")
    page.keyboard.press("End")
    said = panel(page)
    assert "arrived at v1: 8.00" in said
    assert "arrived at v2: 4.00" in said
    assert "to x, through all of pair: downstream: 80.0" in said  # (x⁵)′ = 5·2⁴
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    assert "v1 = pair(…) = 4.00 v2 = pair(…) = 8.00" in panel(page)


def test_a_tie_and_the_edge_where_infinity_arises_are_called_by_name(opened):
    page = opened(maximum(Value(1.0, "x"), Value(1.0, "y")))
    page.click("#last")
    assert "local gradient ∂v2/∂x = ½ (x = y) = 0.50" in panel(page)
    page = opened(sqrt(Value(0.0, "x")) * 2)
    page.click("#last")
    assert "Here inf arises: what came from above was finite." in panel(page)
    assert "would change by" not in panel(page)


def test_an_update_along_no_number_is_refused(opened):
    page = opened(sqrt(Value(0.0, "x")) * Value(2.0, "w"))
    page.get_by_role("button", name="Update").click()
    assert panel(page).startswith("Nothing is updated: the gradient of x is inf")
    assert page.get_by_label("w", exact=True).input_value() == "2"


def test_what_has_no_javascript_is_shown_and_says_so(opened):
    cube = op("cube", "x³", lambda x: math.pow(x, 3.0), lambda out, x: 3 * x**2)  # no row computes it
    try:
        page = opened(cube(Value(2.0, "x")))
    finally:
        del ops.rows["cube"]
    assert "the operation 'cube' has no JavaScript" in page.locator("#inputs").inner_text()
    page.keyboard.press("End")
    assert "3·x² = 12.0" in panel(page)
    assert page.locator("#inputs input").count() == 0


def test_tensors_are_stepped_through_and_a_forgotten_sum_over_a_broadcast_is_shown(opened):
    x, w = Tensor([[1.0, 2.0], [3.0, 4.0]], "x"), Tensor([1.0, -1.0], "w")
    page = opened((x * w).sum())
    page.keyboard.press("End")
    assert table(page)["w"][1] == "[4.00 6.00]"
    page.evaluate("document.querySelector('#mistakes').open = true")
    page.check("input[value=unbroadcast]")
    page.get_by_role("button", name="Show where it goes wrong").click()
    assert "Wrong: w now has 2×2: [1.00 2.00 3.00 4.00]; right would be [4.00 6.00]." in panel(page)


def test_it_opens_with_all_numbers_which_follow_at_once(opened):
    page = opened(neuron(backward=False))
    assert page.locator("#where").inner_text().split()[:3] == ["21", "/", "21"]
    assert len(visible(page, "gradient")) == 13
    assert visible(page, "value")[-1] == "0.73"
    page.fill("input[aria-label=w2]", "0")
    assert visible(page, "value")[-1] == "0.98"  # the sigmoid of 4
    assert table(page)["w2"][1] == "0.018"  # its slope there


def test_a_value_used_twice_says_what_both_uses_change_together(opened):
    x = Value(3.0, "x")
    page = opened(x * x)
    said = panel(page)
    assert "x collects 3.00, in all 3.00 (used 2 times: more to come)" in said
    assert "x collects 3.00, in all 6.00 (used 2 times: that is all)" in said
    assert re.findall(r"would change by about (\S+)\.", said) == ["0.060"]  # (x²)′ = 6


@pytest.mark.parametrize(("y", "said"), [
    (lambda: ops.log(Value(-1.0, "x")) * 3, "nan or inf"), (lambda: ops.relu(Value(-1.0, "x")), "Those of the inputs are 0"),
    (lambda: Value(2.0, "x") * 3, "with small steps, v1 falls")])
def test_only_a_result_that_can_fall_is_said_to_fall(opened, y, said):
    page = opened(y())
    assert said in panel(page)
    assert ("falls" in page.locator("main").inner_text()) == ("falls" in said)


# ── on the circuit itself ────────────────────────────────────────────────────────────────────────────────────────

def test_gates_are_reached_by_tab_and_run_to_by_enter(opened):
    page = opened(neuron(backward=False))
    page.focus("#stage")
    reached = []
    for _ in range(13):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert sorted(reached[:13]) == sorted([f"{name}: run to it" for name in INPUTS] + [
        f"{label}: run to it" for label in ("v2 = w0 × x0", "v5 = w1 × x1", "v6 = v2 + v5", "v8 = v6 + w2", "v9 = v8 × (−1)",
                                            "v10 = exp(v9)", "v11 = v10 + 1", "y = 1 / v11")])
    page.locator("#c-n10").focus()
    page.keyboard.press("Enter")
    assert "v10 = exp(v9)" in panel(page)


def test_what_is_pointed_at_lights_all_that_it_comes_from_and_shows_its_product(opened):
    page = opened(neuron(backward=False))
    page.hover("#c-n6 .sign")
    lit = page.evaluate("[...document.querySelectorAll('#stage .node.lit')].map(g => g.id)")
    assert sorted(lit) == sorted(f"c-n{i}" for i in (0, 1, 2, 3, 4, 5, 6))  # w0 x0 their product, w1 x1 theirs, the sum
    assert page.locator("#hover").inner_text().splitlines() == ["v6 = v2 + v5 = 4.00", "gradient 0.20"]
    page.hover("#c-w10-0 .gradient")
    assert page.locator("#hover").inner_text().splitlines() == ["v9 = −1.00", "gradient −0.53 × 0.37 = −0.20"]
    assert "c-n11" not in page.evaluate("[...document.querySelectorAll('#stage .node.lit')].map(g => g.id)")
    page.hover("h1")
    assert page.locator("#hover").is_hidden()
    assert page.locator("#stage .lit").count() == 0


@pytest.mark.parametrize("way", ["pointer", "keys"])
def test_scopes_open_and_close_on_the_circuit(opened, way):
    page = opened(neuron(backward=False))

    def press(place):
        if way == "pointer":
            place.click()
        else:
            place.focus()
            page.keyboard.press("Enter")

    page.keyboard.press("ArrowLeft")
    press(page.locator("#stage .scope text[role=button]"))
    assert page.locator("#stage .node.collapsed .sign").all_text_contents() == ["sigmoid"]
    assert page.locator("#stage .node.gate").count() == 5
    assert page.locator("#collapse").is_checked()
    assert page.evaluate("document.activeElement.id") == "c-s0"  # who came by keys goes on from there
    assert page.locator("#where").inner_text().split()[0] == "20"  # the step stays
    press(page.locator("#stage .collapsed"))
    assert page.locator("#stage .node.gate").count() == 8
    assert page.evaluate("document.activeElement.textContent") == "sigmoid"
    assert not page.locator("#collapse").is_checked()


def test_scopes_open_one_at_a_time_and_stay_so_while_stepping(opened):
    page = opened(mlp([2, 3, 1]), given={"collapse": True})
    closed = page.locator("#stage .collapsed")
    signs = lambda: sorted(closed.locator(".sign").all_text_contents())
    second = lambda name: page.get_by_role("button", name=f"{name}:").nth(1 if name == "layer0" else 0).click()
    assert signs() == ["layer0", "layer0", "layer0", "layer1"]
    second("layer0")
    assert signs() == ["layer0", "layer0", "layer1", "neuron1"]
    second("neuron1")
    assert page.locator("#stage .scope text").all_text_contents() == ["layer0", "neuron1"]
    assert page.locator("#collapse").evaluate("box => box.indeterminate")
    page.keyboard.press("ArrowLeft")
    page.fill("input[aria-label=x1]", "2")
    assert signs() == ["layer0", "layer0", "layer1"]
    page.check("#collapse")
    assert signs() == ["layer0", "layer0", "layer0", "layer1"]


def test_a_closed_scope_says_what_it_holds(opened):
    page = opened(mlp([2, 3, 1]), given={"collapse": True})
    notes = page.locator("#stage .collapsed .sign-held").all_text_contents()
    assert sorted(notes) == 3 * ["3 parameters"] + ["4 parameters"]  # a weight for each input, and a bias
    first = page.locator("#stage .collapsed").first
    first.hover()
    assert page.locator("#hover").inner_text().startswith("layer0: ")
    assert "of its own" in first.get_attribute("aria-label")


def test_a_stroke_under_a_wire_tells_how_much_flows_and_which_way(opened):
    page = opened(Value(3.0, "a") * Value(-0.003, "b") + Value(0.0, "c") * Value(5.0, "d"))
    stroke = """id => { const style = document.querySelector(`${id} .flow`).style
        return [parseFloat(style.strokeWidth), style.strokeDasharray] }"""
    small, large, none, big = (page.evaluate(stroke, id) for id in ("#c-w2-0", "#c-w2-1", "#c-w5-1", "#c-w5-0"))
    assert 0 == none[0] < small[0] < large[0] < big[0]
    assert (small[1] != "", large[1], big[1]) == (True, "", "")
    page.click("#first")
    assert page.evaluate(stroke, "#c-w2-1")[0] == 0


def test_a_number_of_an_input_is_dragged(opened):
    page = opened(neuron(backward=False))
    place = page.locator("#c-w2-0 .value").bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y, steps=5)
    page.mouse.up()
    w0 = 2.0 + 50 * max(5, 2 * 2.0) / 250
    assert float(page.locator("input[aria-label=w0]").input_value()) == pytest.approx(w0)
    y = 1 / (1 + math.exp(-(w0 * -1 + 6 - 3)))
    assert visible(page, "value")[-1] == number(y)
    page.mouse.move(x, place["y"] + 300)
    assert float(page.locator("input[aria-label=w0]").input_value()) == pytest.approx(w0)  # it was let go


def test_on_wide_screens_the_panel_stands_beside_the_circuit_with_every_product_in_sight(opened):
    page = opened(neuron(backward=False), viewport={"width": 1280, "height": 800})
    stage, beside = page.locator("#stage").bounding_box(), page.locator("#panel").bounding_box()
    assert beside["x"] >= stage["x"] + stage["width"]
    for _ in range(21):
        boxes = [sum.bounding_box() for sum in page.locator("#panel .sum").all()]
        assert boxes
        assert all(box["y"] + box["height"] <= 800 for box in boxes)
        page.keyboard.press("ArrowLeft")
    page = opened(neuron(backward=False), viewport={"width": 390, "height": 800})
    box = page.locator("#panel .edge .sum").first.bounding_box()
    assert box["y"] + box["height"] <= 800


@pytest.mark.parametrize("wide", [390, 1280])
@pytest.mark.parametrize("name", ["neuron", "network"])
def test_no_letter_is_smaller_than_11_pixels(opened, name, wide):
    page = opened(PAGES[name](), viewport={"width": wide, "height": 800})
    sizes = page.evaluate("""[...document.querySelectorAll('main *')].filter(x => x.checkVisibility() && [...x.childNodes].some(
        node => node.nodeType === 3 && node.data.trim())).map(x => parseFloat(getComputedStyle(x).fontSize)
            * (x.ownerSVGElement ? x.ownerSVGElement.getScreenCTM().a : 1))""")
    assert len(sizes) > 50
    assert min(sizes) >= 11


def test_fast_steps_keep_the_gate_in_view(visit, tmp_path):
    page = visit(stepper(mlp([2, 3, 1])).save(tmp_path / "page.html"), viewport={"width": 900, "height": 700})  # with motion
    page.keyboard.press("Home")
    for _ in range(45):
        page.keyboard.press("ArrowRight")
    gate, stage = page.locator("#stage .node.now").bounding_box(), page.locator("#stage").bounding_box()
    assert stage["x"] <= gate["x"] and gate["x"] + gate["width"] <= stage["x"] + stage["width"]
    assert stage["y"] <= gate["y"] and gate["y"] + gate["height"] <= stage["y"] + stage["height"]


def test_play_lets_the_gradient_travel_back_and_stops_where_it_is_told(visit, tmp_path):
    page = visit(stepper(neuron(backward=False)).save(tmp_path / "page.html"))  # with motion
    page.keyboard.press(" ")
    page.wait_for_selector("#stage .pulse")
    at = int(page.locator("#where").inner_text().split()[0])
    assert at > 13  # all values are there
    frames = page.evaluate("""document.querySelector('#stage .pulse').getAnimations()[0].effect.getKeyframes()
        .map(k => k.strokeDashoffset)""")
    assert [float(x.removesuffix("px")) for x in frames] == [-100, 16]  # from the wire's end to its beginning
    page.keyboard.press(" ")
    assert page.get_by_role("button", name="play").count() == 1
    assert page.evaluate("document.querySelector('#stage .pulse').getAnimations()[0].playState") == "paused"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("document.querySelector('#stage .pulse').getAnimations().length") == 0


@pytest.mark.parametrize(("around", "scheme", "paper"), [
    ('<body data-jp-theme-light="false" style="background: #111">', "light", "rgb(13, 17, 23)"),
    ('<body data-jp-theme-light="true" style="background: #fff">', "dark", "rgb(255, 255, 255)"),
    ('<body style="background: #202124">', "light", "rgb(13, 17, 23)"),
    ("<body>", "dark", "rgb(13, 17, 23)"), ("<body>", "light", "rgb(255, 255, 255)")])
def test_it_takes_its_colours_from_the_page_around_it(visit, around, scheme, paper):
    page = visit(markup=f"<!doctype html>{around}{stepper(Value(2.0, 'x') * 3).frame()}", color_scheme=scheme)
    frame = page.frames[1]
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == paper
    assert frame.evaluate("getComputedStyle(document.querySelector('#stage .paper, #stage .letter')).fill") != paper
    if "jp" in around:  # the reader turns the theme
        page.evaluate("document.body.dataset.jpThemeLight = document.body.dataset.jpThemeLight === 'false'")
        frame.wait_for_function(f"getComputedStyle(document.body).backgroundColor !== '{paper}'")


def test_in_a_frame_the_page_stands_in_place_of_the_still_picture(visit):
    page = visit(markup=f"<!doctype html><body>{shown(stepper(neuron(backward=False)))['text/html']}</body>")
    page.frames[1].wait_for_selector("#stage .gate")
    assert page.locator(".chainrule-still").is_hidden()


def test_an_opened_operation_of_tensors_is_stepped_through(opened):
    x, w = Tensor([[1.0, 2.0]], "x"), Tensor([[3.0, 1.0], [4.0, -1.0]], "w")
    circuit = zoom(x @ w, seed=[[1.0, 10.0]])
    page = opened(circuit)
    assert page.locator("h1").inner_text() == "matmul"
    for name, (tensor, _) in circuit.gradients.items():
        for (i, j), slope in np.ndenumerate(tensor):
            assert table(page)[f"{name}[{i},{j}]"][1] == number(slope)
    page.fill("input[aria-label='x[0,0]']", "3")
    assert table(page)["w[0,1]"][1] == "30.00"  # 10 · x
    [only] = zoom((x @ w).sum())
    assert stepper([only], seed=[2.0]).steps == stepper(only, seed=2.0).steps


@pytest.mark.parametrize("wide", [390, 768, 1280])
def test_the_circuit_is_as_wide_as_there_is_room(opened, wide):
    page = opened(neuron(backward=False), viewport={"width": wide, "height": 800})
    stage = page.locator("#stage")
    assert stage.evaluate("x => x.scrollWidth <= 1.1 * x.clientWidth")  # one gate and its labels need so much
    page.set_viewport_size({"width": 640, "height": 400})  # as 1,280 px at 200 %
    page.wait_for_function("document.querySelector('#stage').scrollWidth <= document.querySelector('#stage').clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


# ── who can use it, and what cannot happen ───────────────────────────────────────────────────────────────────────

PAGES = {"neuron": lambda: neuron(backward=False), "shared": shared, "network": lambda: mlp([2, 3, 1]),
         "tensor": lambda: (Tensor([[1.0, 2.0], [3.0, 4.0]], "x") * Tensor([1.0, -1.0], "w")).sum()}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(opened, name, scheme):
    page = opened(PAGES[name](), color_scheme=scheme)
    where = importlib.util.find_spec("axe_playwright_python").submodule_search_locations[0]
    page.evaluate(Path(where, "axe.min.js").read_text(encoding="utf-8"))
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.wait_for_function("document.getAnimations().length === 0")
    for key in ("Home", "End", "ArrowLeft", "close"):
        if key != "close":
            page.keyboard.press(key)
        elif page.locator("#collapse").is_visible():
            page.check("#collapse")
        found = page.evaluate("axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)]))")
        assert found == []


@pytest.mark.parametrize("wide", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_no_label_lies_on_another_at_any_width(opened, name, wide):
    page = opened(PAGES[name](), viewport={"width": wide, "height": 740})
    page.keyboard.press("End")
    shown = [t for t in page.evaluate(BOXES) if t["text"] and t["right"] > t["x"]]
    assert [(a["text"], b["text"]) for i, a in enumerate(shown) for b in shown[:i] if overlaps(a, b)] == []
    gates = [g for g in page.evaluate(SHAPES) if g["right"] > g["x"]]
    assert [t["text"] for t in shown if not t["kind"].startswith("sign") for g in gates if overlaps(t, g)] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= wide


def test_a_constant_that_is_a_node_takes_no_part(opened):
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], "x", requires_grad=False)
    page = opened((x @ Tensor([[1.0], [-1.0]], "w")).sum())
    assert page.evaluate("[...document.querySelectorAll('#stage [role=button]')].map(g => g.ariaLabel)") == [
        "w: run to it", "v1 = matmul(x, w): run to it", "v2 = sum(v1): run to it"]
    page.hover("#stage .constant")
    assert page.locator("#hover").is_hidden()


def test_an_array_where_a_number_should_be_shows_its_shape(opened):
    page = opened((Tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], "x") * Tensor(2.0, "s")).sum())
    page.click("#mistakes summary")
    page.check("input[value=unbroadcast]")
    page.get_by_role("button", name="Show where").click()
    assert [text[:3] for text in page.locator(".wrong").all_text_contents()] == ["2×3"]


def test_numbers_that_grow_stay_within_their_places(opened):
    page = opened(shared())
    page.keyboard.press("End")
    page.evaluate("document.querySelector('#mistakes').open = true")
    page.check("input[value=overwrite]")  # what the parts do not add up to
    for value in ("-1234.5", "0.0001234", "-3e12", "-1.5e-300", "3e-160"):
        page.fill("input[aria-label=a]", value)
        shown = [t for t in page.evaluate(BOXES) if t["text"]]
        assert [(a["text"], b["text"]) for i, a in enumerate(shown) for b in shown[:i] if overlaps(a, b)] == []


@pytest.mark.parametrize("name", EVIL)
def test_names_are_shown_and_not_run(opened, name):
    with scope(name):
        y = Value(2.0, name) * 3
    page = opened(y, given={"title": name})
    page.keyboard.press("End")
    assert page.evaluate("document.querySelectorAll('script, img, iframe').length") == 3  # its own: two, and what they unpack
    assert page.locator("#inputs b").first.text_content() == clip(name)


def test_who_wants_no_motion_gets_none(visit, tmp_path):
    path = stepper(shared()).save(tmp_path / "page.html")
    for wish, duration in (("no-preference", "0.2s, 0.2s"), ("reduce", "0s")):
        page = visit(path, reduced_motion=wish)
        assert page.evaluate("getComputedStyle(document.querySelector('.shape')).transitionDuration") == duration


def test_several_live_in_one_notebook(visit):
    markup = stepper(shared()).frame() + stepper(neuron(backward=False)).frame()
    page = visit(markup=f"<!doctype html><body>{markup}</body>")
    first, second = page.frames[1:]
    for frame, count in ((first, 12), (second, 21)):
        frame.locator("#last").click()
        assert frame.locator("#where").inner_text().split()[0] == str(count)
    tall = page.evaluate("[...document.querySelectorAll('iframe')].map(f => f.clientHeight - f.contentDocument.body.scrollHeight)")
    assert all(0 <= more < 40 for more in tall)


def test_size():
    assert len(stepper(neuron(backward=False), title=TITLE).html.encode()) <= 70_000
