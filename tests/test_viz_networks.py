"""The layered picture: numbers in circles, widths and dashes of lines, and notes about omitted units."""

import re
import xml.etree.ElementTree as ET
from random import Random

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, relu
from nn.perceptron import gate, truth_table
from viz import network, numbers
from viz.svg import clip

from .display import shown
from .test_viz_drawing import EVIL, SVG, classed, element, tooltip


def sigmoid_neuron():
    neuron = nn.Neuron(2, "sigmoid")
    for parameter, number in zip(neuron.parameters(), (2.0, -3.0, -3.0)):
        parameter.data = number
    return neuron


def in_circles(svg, layer):
    """The numbers in the circles of a layer, from top to bottom."""
    root, said = ET.fromstring(svg), []
    for unit in root.iter(f"{SVG}g"):
        if re.fullmatch(rf"u{layer}-\d+", unit.get("id", "")):
            said += [text.text for text in unit.findall(f"{SVG}text") if "font-size" in text.get("style", "")]
    return said


def line(svg, id):
    group = element(svg, id)
    return group.get("class"), float(group.find(f"{SVG}line").get("stroke-width"))


def test_the_sigmoid_neuron_s_numbers_are_on_it():
    svg = network(sigmoid_neuron(), [Value(-1.0, "x0"), Value(-2.0, "x1")]).svg
    assert in_circles(svg, 0) == ["−1.00", "−2.00"]
    assert in_circles(svg, 1) == ["0.73"]
    assert [text.text for text in element(svg, "b1-0").iter(f"{SVG}text")] == ["b = −3.00"]
    assert {"w0 = 2.00", "w1 = −3.00"} <= {text for kind in ("plus", "minus") for text in classed(svg, kind)}
    assert "Neuron · sigmoid" in classed(svg, "head")
    assert "value 0.7310585786300049" in tooltip(svg, "u1-0")


def test_a_line_is_as_wide_as_its_weight_is_large_and_dashed_where_it_is_negative():
    neuron = nn.Neuron(4, "identity")
    for parameter, number in zip(neuron.parameters(), (2.0, -2.0, 1.0, 0.0, 0.5)):
        parameter.data = number
    svg = network(neuron).svg
    (plus, wide), (minus, same), (_, half), (zero, hair) = (line(svg, f"w1-0-{i}") for i in range(4))
    assert (plus, minus, zero) == ("plus", "minus", "zero")
    assert wide == same
    assert half - hair == pytest.approx((wide - hair) / 2, abs=0.1)
    assert ".minus line { stroke-dasharray" in svg
    assert in_circles(svg, 0) == ["x0", "x1", "x2", "x3"]  # names, where there are no numbers


def test_two_layers_do_what_one_cannot_on_the_picture_of_xor():
    for x, y in truth_table(gate("XOR")).items():
        svg = network(gate("XOR"), x).svg
        assert in_circles(svg, 2) == [f"{y:.2f}"]
        assert in_circles(svg, 1) == [f"{1 - (x[0] and x[1]):.2f}", f"{x[0] or x[1]:.2f}"]


def test_single_numbers_and_arrays_of_one_network_have_one_picture():
    model = nn.MLP(3, [5, 4, 2], rng=0)
    one, other = network(model, [0.5, -1.0, 2.0]).svg, network(model.to_tensors(), [0.5, -1.0, 2.0]).svg
    for layer in range(4):
        assert in_circles(one, layer) == in_circles(other, layer)
    assert in_circles(one, 3) == [numbers.number(y.data) for y in model([0.5, -1.0, 2.0])]
    for id in re.findall(r'id="(w[^"]+)"', one):
        assert line(one, id) == line(other, id)


def test_gradients_are_drawn_on_request_and_absent_before_a_backward_pass():
    neuron = sigmoid_neuron()
    before = network(neuron, show="gradient").svg
    assert line(before, "w1-0-0")[0] == "zero"
    assert "not computed" in tooltip(before, "w1-0-0")
    assert any("call backward()" in said for said in classed(before, "faint"))
    neuron([-1.0, -2.0]).backward()
    svg = network(neuron, show="gradient").svg
    assert {"w0 = −0.20", "w1 = −0.39"} <= set(classed(svg, "minus"))
    assert [text.text for text in element(svg, "b1-0").iter(f"{SVG}text")] == ["b = 0.20"]


def test_of_large_layers_the_first_and_last_are_drawn_and_the_rest_is_said():
    model = nn.Sequential(nn.Linear(64, 128, rng=0), nn.ReLU(), nn.Linear(128, 3, rng=1))
    svg = network(model).svg
    assert {"… 54 more", "… 118 more"} <= set(classed(svg, "faint"))
    assert all(any(part in said for said in classed(svg, "faint")) for part in ("172 of the units", "units="))
    drawn = {int(i) for i in re.findall(r'id="u1-(\d+)"', svg)}
    assert drawn == {0, 1, 2, 3, 4, 123, 124, 125, 126, 127}
    heights = [float(element(svg, f"u1-{i}").find(f"{SVG}circle").get("cy")) for i in (3, 4, 123, 124)]
    assert heights[2] - heights[1] == 2 * (heights[1] - heights[0]) == 2 * (heights[3] - heights[2])  # room for the words
    assert tooltip(svg, "w2-2-127").endswith(repr(float(model[2].weight.data[2, 127])).replace("-", "−"))
    assert len(re.findall(r'id="u1-', network(model, units=128).svg)) == 128


def test_other_modules_are_blocks_with_the_shape_that_they_put_out():
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, rng=0), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Linear(64, 2, rng=0), nn.Softmax())
    x = Tensor(np.random.default_rng(0).normal(size=(1, 1, 8, 8)).astype(np.float32), requires_grad=False)
    modes = [module.training for module in model.modules()]
    svg = network(model, x).svg
    shapes = [[text.text for text in element(svg, f"m{k}").iter(f"{SVG}text")] for k in range(5)]
    assert [(lines[0], lines[-1]) for lines in shapes] == [
        ("Conv2d", "→ 4×8×8"), ("BatchNorm2d", "→ 4×8×8"), ("ReLU", "→ 4×8×8"), ("MaxPool2d", "→ 4×4×4"), ("Flatten", "→ 64")]
    assert "Linear · Softmax" in classed(svg, "head")
    assert sum(float(text) for text in in_circles(svg, 6)) == pytest.approx(1.0, abs=0.02)
    assert [module.training for module in model.modules()] == modes
    assert all("forward" not in vars(module) for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_units_put_out_is_that_of_evaluation():
    model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.BatchNorm1d(4), nn.Dropout(0.5, rng=0), nn.Linear(4, 1, rng=0))
    svg = network(model, [[1.0, 2.0]]).svg  # batch norm refuses a batch of one in training
    assert "0.00" not in in_circles(svg, 1)
    assert model.training
    said = in_circles(svg, 2)
    assert said == [f"{model.eval()(Tensor(np.ones((1, 2), np.float32) * [1, 2])).item():.2f}".replace("-", "−")]


def test_what_forward_does_without_a_module_is_seen_in_what_the_next_one_gets():
    class Mine(nn.Module):
        def __init__(self):
            self.second, self.first = nn.Linear(3, 1, rng=0), nn.Linear(2, 3, rng=1)

        def forward(self, x):
            return self.second(relu(self.first(x)))

    model = Mine()
    svg = network(model, [1.0, -2.0]).svg
    assert "Linear · relu" in classed(svg, "faint")  # in the order of the calls, not of the attributes
    assert min(float(text.replace("−", "-")) for text in in_circles(svg, 1)) == 0.0
    assert any("order in which they are called" in said for said in classed(svg, "faint"))


@pytest.mark.parametrize("logic", ["or", "and", "majority"])
def test_a_madaline_has_a_fixed_unit_behind_its_units(logic):
    model = nn.Madaline(2, 3, logic, rng=Random(0))
    svg = network(model, [1.0, -1.0]).svg
    assert f"fixed unit · {logic}" in classed(svg, "head")
    assert in_circles(svg, 2) == [f"{model([1.0, -1.0]).data:.2f}".replace("-", "−")]


def test_nan_and_infinity_stand_out():
    model = sigmoid_neuron()
    model.w[0].data = float("nan")
    svg = network(model, [1.0, 2.0]).svg
    assert line(svg, "w1-0-0")[0] == "bad"
    assert "nan" in classed(svg, "bad")
    assert any("nan or inf (1)" in said for said in classed(svg, "faint"))
    layer = nn.Linear(2, 2, rng=0)
    layer.load_state_dict({"weight": [[np.inf, 2.0], [-4.0, np.nan]], "bias": [0.0, 0.0]})
    svg = network(layer).svg
    assert [line(svg, f"w1-{i}-{j}")[0] for i in (0, 1) for j in (0, 1)] == ["bad", "plus", "minus", "bad"]
    assert any("up to 4.00" in said for said in classed(svg, "faint"))
    assert any("nan or inf (2)" in said for said in classed(svg, "faint"))


@pytest.mark.parametrize("name", EVIL)
def test_names_do_no_harm(name):
    model = nn.MLP(1, [2, 1], rng=0)
    model.name = model.layers[0].neurons[0].name = name
    drawing = network(model, [Value(1e300, name)], title=name)
    root = ET.fromstring(drawing.svg)
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "g", "text", "circle", "line"}
    assert clip(name, 16) in classed(drawing.svg, "right")
    assert not [key for e in root.iter() for key in e.attrib if key.startswith("on") or "href" in key]
    ids = re.findall(r' id="([^"]+)"', drawing.svg)
    assert len(ids) == len(set(ids)) > 8


def test_what_is_no_network_or_more_than_one_example_is_refused_with_the_remedy():
    with pytest.raises(TypeError, match=r"drawn by viz\.draw"):
        network(Value(1.0) * 2)
    with pytest.raises(ValueError, match=r"one example.*x\[:1\]"):
        network(nn.Linear(2, 3), [[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match="show='bias'"):
        network(nn.Linear(2, 3), show="bias")
    with pytest.raises(ValueError, match="units=1"):
        network(nn.Linear(2, 3), units=1)


def test_it_is_saved_and_shown_as_other_pictures_are(tmp_path):
    drawing = network(sigmoid_neuron())
    assert drawing.save(tmp_path / "a.svg").read_text(encoding="utf-8") == drawing.svg
    forms = shown(drawing)
    assert forms["image/svg+xml"] == drawing.svg and forms["text/plain"] == "<NetworkPicture of 2 → 1 units, 3 parameters>"
    with pytest.raises(ValueError, match=r"saved as \.svg, \.png or \.pdf"):
        drawing.save(tmp_path / "a.dot")
    root = ET.fromstring(drawing.svg)
    assert root[0].text == "Network: 2 input → 1 Neuron sigmoid"
    assert root[1].text.startswith("3 parameters")


# ── where things stand ───────────────────────────────────────────────────────────────────────────────────────────

def convolutional():
    layers = nn.Conv2d(1, 8, 3, padding=1, rng=0), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1, rng=0), nn.ReLU()
    rest = nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=0)
    return nn.Sequential(*layers, *rest)


PICTURES = {
    "neuron": lambda: network(sigmoid_neuron(), [-1.0, -2.0]), "xor": lambda: network(gate("XOR"), (1, 0)),
    "mlp": lambda: network(nn.MLP(3, [5, 4, 2], rng=0), [0.5, -1.0, 2.0], title="An MLP"),
    "three": lambda: network(nn.MLP(2, [3, 1], rng=0)), "madaline": lambda: network(nn.Madaline(2, 3, rng=Random(0)), [1.0, -1.0]),
    "convolutional": lambda: network(convolutional(), Tensor(np.ones((1, 1, 8, 8), np.float32), requires_grad=False)),
    "deep": lambda: network(nn.Sequential(*(nn.Linear(3, 3, rng=0) for _ in range(7)))),
    "blocks": lambda: network(nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, rng=0) for _ in range(12))))}


@pytest.mark.parametrize("name", PICTURES)
def test_headings_stand_in_one_line_and_no_text_lies_on_another(visit, name):
    page = visit(markup=f"<body style='margin:0'>{PICTURES[name]().svg}</body>", viewport={"width": 1200, "height": 900})
    tops = page.eval_on_selector_all("svg > .head", "all => all.map(text => text.getBoundingClientRect().top)")
    assert len({round(top) for top in tops}) <= 1
    shown = page.evaluate(BOXES)
    assert [(a["text"], b["text"]) for i, a in enumerate(shown) for b in shown[:i] if overlaps(a, b)] == []
    assert page.locator("svg").bounding_box()["width"] <= 1120


BOXES = """[...document.querySelectorAll('svg text')].map(text => {
    const box = text.getBoundingClientRect()
    return { text: text.textContent, x: box.x, y: box.y + 2, right: box.right, bottom: box.bottom - 2 } })"""


def overlaps(a, b):
    return min(a["right"], b["right"]) - max(a["x"], b["x"]) > 1 and min(a["bottom"], b["bottom"]) - max(a["y"], b["y"]) > 1


def test_blocks_are_stacked_beside_tall_layers_so_that_the_picture_is_not_empty(visit):
    page = visit(markup=f"<body style='margin:0'>{PICTURES['convolutional']().svg}</body>",
                 viewport={"width": 1200, "height": 900})
    whole = page.locator("svg").bounding_box()
    columns = {}
    for box in page.eval_on_selector_all(".block, .unit", "all => all.map(g => g.getBoundingClientRect().toJSON())"):
        columns.setdefault(round(box["x"] + box["width"] / 2) // 60, []).append(box)
    spans = [max(b["bottom"] for b in column) - min(b["top"] for b in column) for column in columns.values()]
    assert sum(span >= whole["height"] / 2 for span in spans) >= len(spans) - 1  # each but one fills more than half the height
    arrows = page.locator("path.flow").count()
    assert arrows == 7  # six from block to block, and one to the units


def test_names_are_those_of_the_course():
    svg = PICTURES["mlp"]().svg
    assert {"x₁", "x₂", "x₃"} <= set(classed(svg, "right"))
    assert {"y₁", "y₂"} <= set(classed(svg, "left"))
    assert tooltip(svg, "w1-4-2").startswith("w₅₃⁽¹⁾, weight ")
    assert tooltip(svg, "w3-1-3").startswith("w₂₄⁽³⁾, weight ")
    model = nn.Sequential(nn.Linear(12, 10, rng=0))
    assert tooltip(network(model).svg, "w1-9-11").startswith("w₁₀,₁₂⁽¹⁾ = 0.weight[9, 11], weight ")
    lone = PICTURES["neuron"]().svg
    assert {"x0", "x1"} == set(classed(lone, "right"))
    assert {"w0 = 2.00", "w1 = −3.00", "b = −3.00"} <= {text for kind in ("plus", "minus") for text in classed(lone, kind)}
    named = network(nn.MLP(1, [1]), [Value(2.0, "age")])
    assert "age" in classed(named.svg, "right")


def test_numbers_in_circles_are_true_to_half_a_unit_of_their_last_digit():
    inputs = [-0.0842196, 0.0112345, -12345.678, 1.2345e-7, 0.5]
    svg = network(nn.Neuron(5, "identity", rng=0), inputs).svg
    for x, text in zip(inputs, in_circles(svg, 0)):
        plain = text.replace("−", "-").replace("·10", "e").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        digits, _, power = plain.partition("e")
        unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
        assert abs(float(digits) * 10.0 ** int(power or 0) - x) <= unit / 2 * (1 + 1e-9)
        assert len(digits.lstrip("-0.").replace(".", "")) >= 2


def test_a_pair_of_settings_is_not_parted():
    model = nn.Sequential(nn.Conv2d(1, 4, (3, 5), padding=1, rng=0), nn.MaxPool2d((2, 2)), nn.Flatten())
    lines = classed(network(model, np.zeros((1, 1, 8, 8))).svg, "small")
    assert any("kernel_size=(3, 5)" in line for line in lines), lines
    assert all(line.count("(") == line.count(")") for line in lines)
