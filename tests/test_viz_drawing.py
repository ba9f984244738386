"""The drawing as text: every number of the course, colours, ids, harmless names; never coordinates."""

import re
import shutil
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

import viz.dot
from autograd import Tensor, Value, log, relu, scope, tanh
from viz import draw, stepper
from viz.colours import DARK, LIGHT
from viz.svg import clip

from .display import shown
from .test_viz_records import INPUTS, mlp, neuron

SVG = "{http://www.w3.org/2000/svg}"


def classed(svg, kind):
    """The texts of a class, in the order of the document."""
    return ["".join(e.itertext()) for e in ET.fromstring(svg).iter(f"{SVG}text") if kind in e.get("class", "").split()]


def element(svg, id):
    [found] = [e for e in ET.fromstring(svg).iter() if e.get("id") == id]
    return found


def tooltip(svg, id):
    return element(svg, id).find(f"{SVG}title").text


def test_every_number_of_the_courses_sigmoid_neuron_is_on_the_picture():
    svg = draw(neuron()).svg
    assert sorted(classed(svg, "value")) == sorted([
        "2.00", "−1.00", "−3.00", "−2.00", "−3.00", "−2.00", "6.00", "4.00", "1.00", "−1.00", "0.37", "1.37", "0.73"])
    assert sorted(classed(svg, "gradient")) == sorted([
        "1.00", "−0.53", "−0.53", "−0.20", "0.20", "0.20", "0.20", "0.20", "−0.20", "0.39", "−0.39", "−0.59", "0.20"])
    assert sorted(classed(svg, "formula")) == sorted(
        ["x0", "w0", "x1", "w1", "1", "1", "1", "1", "−1", "0.37", "1", "−1/1.37²"])
    assert sorted(classed(svg, "sign")) == sorted(["×", "×", "+", "+", "×(−1)", "exp", "+1", "1/x"])
    assert sorted(classed(svg, "letter")) == sorted([*INPUTS, "y"])


def test_the_sigmoid_is_drawn_as_four_gates_or_as_one_with_the_same_gradient():
    y = neuron()
    open_, shut, again = draw(y), draw(y, collapse=True), draw(y)
    assert classed(shut.svg, "sign") == ["×", "×", "+", "+", "sigmoid"]
    assert len(classed(open_.svg, "sign")) == 8
    arrives = [wire.id for wire in shut.graph.wires if wire.target == "s0"]
    assert [t.text for t in element(shut.svg, arrives[0]).iter(f"{SVG}text")] == ["1.00", "0.20", "0.20"]
    assert [t.text for t in element(open_.svg, "w9-0").iter(f"{SVG}text")] == ["1.00", "0.20", "−1"]
    assert again.svg == open_.svg
    assert "sigmoid" in "".join(ET.fromstring(open_.svg).itertext())


def test_before_a_backward_pass_there_is_no_gradient_anywhere():
    svg = draw(neuron(backward=False)).svg
    assert classed(svg, "gradient") == []
    assert len(classed(svg, "value")) == 13
    assert "gradient not computed" in tooltip(svg, "w2-0")


def test_contributions_stand_on_the_wires_and_their_sum_at_the_source():
    x = Value(3.0, "x")
    y = x * x
    y.backward()
    svg = draw(y).svg
    assert classed(svg, "gradient") == ["3.00", "3.00", "1.00", "Σ 6.00"]
    assert [t.text for t in element(svg, "n0-sum").iter(f"{SVG}text")] == ["3.00", "Σ 6.00"]
    y.backward()
    assert "grad 12.00" in classed(draw(y).svg, "gradient")


def test_an_input_used_once_shows_what_an_earlier_pass_left_in_front_of_its_wire():
    x = Value(3.0, "x")
    (x * x).backward()
    assert classed(draw(x * 2).svg, "gradient") == ["grad 6.00"]
    y = x * 2
    x.grad = None
    for _ in range(2):
        y.backward()
    assert "grad 4.00" in classed(draw(y).svg, "gradient")


def flows(svg):
    """The width of the gradient's stroke under each wire that has one, and True where it is dashed."""
    return {wire.get("id"): (float(flow[0].get("stroke-width")), "negative" in flow.get("class"))
            for wire in ET.fromstring(svg).iter(f"{SVG}g") for flow in wire if flow.get("class", "").startswith("flow")}


def test_the_stroke_under_a_wire_follows_the_size_of_its_gradient_and_its_sign():
    x, y = Value(0.5, "x"), Value(1.0, "y")
    z = -(x * 3).tanh() * 0.1 + relu(-y)
    z.backward()
    drawing = draw(z)
    shown = flows(drawing.svg)
    gradients = {wire.id: wire.contribution for wire in drawing.graph.wires}
    assert shown.keys() == {id for id, gradient in gradients.items() if gradient}  # none where 0 arrives
    assert len(shown) < len(gradients)
    assert all(negative == (gradients[id] < 0) for id, (_, negative) in shown.items())
    wide = [shown[id][0] for id in sorted(shown, key=lambda id: abs(gradients[id]))]
    assert wide == sorted(wide)
    assert wide[0] < wide[-1]
    assert flows(draw(neuron(backward=False)).svg) == {}


def test_the_stroke_of_an_array_is_that_of_its_largest_entry():
    t = Tensor([1.0, 2.0, 3.0, 4.0], "t")
    y = (t * Tensor([-1e-3, -1.0, -0.5, 0.0], "c")).sum()
    y.backward()
    found = flows(draw(y).svg)
    one = Value(1.0, "a")
    z = one * -1.0
    z.backward()
    assert found["w2-0"] == flows(draw(z).svg)["w1-0"]


def test_a_collapsed_gate_with_two_results_shows_each_on_its_wire_and_no_sum():
    x = Value(2.0, "x")
    with scope("both"):
        a, b = x * 3, x + 5
    y = a * b
    y.backward()
    svg = draw(y, collapse=True).svg
    assert "Σ" not in svg
    assert sorted(classed(svg, "value")) == sorted(["2.00", "6.00", "7.00", "42.00"])
    assert sorted(classed(svg, "gradient")) == sorted(["27.00", "7.00", "6.00", "1.00"])  # 3·7 + 6


def test_names_of_values_inside_the_graph_are_shown():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    q.name = "q"
    f = q * z
    f.name = "f"
    f.backward()
    svg = draw(f).svg
    assert [t.text for t in element(svg, "w4-0").iter(f"{SVG}text")] == ["q = ", "3.00", "−4.00", "z"]
    assert classed(svg, "letter") == ["x", "y", "z", "f"]
    assert sorted(classed(svg, "value")) == sorted(["−2.00", "5.00", "3.00", "−4.00", "−12.00"])
    assert sorted(classed(svg, "gradient")) == sorted(["−4.00", "−4.00", "−4.00", "3.00", "1.00"])


def test_products_are_written_on_request():
    svg = draw(neuron(), products=True).svg
    assert "−0.53 × 0.37 = −0.20" in classed(svg, "product")
    assert len(classed(svg, "product")) == 12
    assert classed(draw(neuron(backward=False), products=True).svg, "product") == []


def test_digits_and_full_precision_in_the_tooltip():
    y = neuron()
    assert "0.36788" in classed(draw(y, digits=5).svg, "value")
    assert "0.36787944117144233" in classed(draw(y, digits=None).svg, "value")
    said = tooltip(draw(y).svg, "w11-0")
    assert "value 0.36787944117144233" in said
    assert "gradient −0.534446645388523 × 1.0 = −0.534446645388523" in said
    with pytest.raises(ValueError, match="digits must be 1 or more"):
        draw(y, digits=0)


def test_nan_stands_out_where_it_arises_and_where_it_goes():
    x = Value(-1.0, "x")
    svg = draw(log(x) * 2).svg
    root = ET.fromstring(svg)
    assert element(svg, "n1").get("class") == "node gate first"
    assert element(svg, "n2").get("class") == "node gate after"
    assert [t.text for t in root.iter(f"{SVG}text") if "bad" in t.get("class", "").split()] == ["nan", "nan"]
    assert sum(e.get("class") == "mark" for e in root.iter(f"{SVG}rect")) == 2


def test_the_picture_says_what_was_left_out_and_how_to_see_it():
    x = Value(1.0, "x")
    y = x
    for _ in range(6000):
        y = y + 0.5
    svg = draw(y).svg
    assert classed(svg, "sign") == ["6,000 gates"]
    said = " ".join(classed(svg, "remark"))
    assert "6,000 add" in said
    assert "autograd.scope" in said
    said = " ".join(classed(draw(mlp([6, 10, 10, 1])).svg, "remark"))
    assert "collapse=False" in said


def test_screen_readers_get_a_title_and_a_description():
    y = neuron()
    root = ET.fromstring(draw(y).svg)
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "Circuit of y = 0.73, gradient 1.00"
    assert "w0 = 2.00, gradient −0.20" in root[1].text
    assert ET.fromstring(draw(y, title="A neuron").svg)[0].text == "A neuron"
    assert classed(draw(y, title="A neuron").svg, "title") == ["A neuron"]


def test_ids_are_unique_and_stable():
    y = mlp([2, 3, 2])
    first, second = draw(y).svg, draw(y).svg
    ids = re.findall(r' id="([^"]+)"', first)
    assert len(ids) == len(set(ids)) > 50
    assert first == second


EVIL = ["<script>alert(1)</script>", "</svg>", '"><img src=x onerror=alert(1)>', "<b>bold</b>", "\\N \\G", "]]>",
        "&amp;", "a\x00b\x1b[31m", "\ud800", "<>", "한국어 이름", "l" * 500, "two\nlines", "{rec|ord}",
        "]; evil [label=x"]


@pytest.mark.parametrize("name", EVIL)
def test_names_do_no_harm(name):
    with scope(name):
        x = Value(2.0, name)
        y = x * x + Value(1.0, "y")
    y.name = f"y, {name}"
    y.backward()
    for drawing in (draw(y, title=name, products=True), draw(y, collapse=True)):
        root = ET.fromstring(drawing.svg)
        assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
            "svg", "title", "desc", "style", "rect", "g", "text", "tspan", "path", "polygon", "circle"}
        shown = clip(name)
        assert shown in classed(drawing.svg, "letter")
        assert drawing.svg.encode()
        assert len(drawing.graph.nodes) == len({e.get("id") for e in root.iter(f"{SVG}g") if "node" in e.get("class")})


def test_nothing_refers_to_the_outside():
    svg = draw(neuron()).svg
    assert svg.count("http") == svg.count("http://www.w3.org/2000/svg") == 1
    assert not re.search(r"url\(|href|@import|<script|\son\w+=", svg)


def test_colours_are_the_agreed_ones_in_light_and_dark():
    light, dark = draw(neuron()).svg.split("@media (prefers-color-scheme: dark)")
    for name in ("value", "gradient", "formula", "frame", "gate"):
        assert LIGHT[name] in light
        assert LIGHT[name] not in dark
        assert DARK[name] in dark


def test_save_writes_what_the_ending_says(tmp_path):
    drawing = draw(neuron())
    assert drawing.save(tmp_path / "a.svg").read_text(encoding="utf-8") == drawing.svg
    assert drawing.save(str(tmp_path / "a.dot")).read_text(encoding="utf-8") == drawing.dot
    with pytest.raises(ValueError, match=r"saved as \.svg, \.dot, \.gv, \.png or \.pdf"):
        drawing.save(tmp_path / "a.jpg")


def test_dot_is_a_picture_of_its_own():
    dot = draw(neuron()).dot
    assert all(f">{number}<" in dot for number in ("0.73", "−0.53", "−1/1.37²", "x0"))
    assert LIGHT["value"] in dot
    assert dot.count("cluster_") == 1


def test_notebooks_get_svg_and_text():
    drawing = draw(neuron())
    forms = shown(drawing)
    assert forms["image/svg+xml"] == drawing.svg and forms["text/plain"] == "<Drawing of 8 gates, 13 wires>"


def test_a_drawing_is_of_its_moment():
    y = neuron(backward=False)
    drawing = draw(y)
    y.backward()
    assert classed(drawing.svg, "gradient") == []
    assert len(classed(draw(y).svg, "gradient")) == 13


def test_a_missing_failing_or_slow_graphviz_is_said_with_the_remedy(monkeypatch):
    pytest.importorskip("graphviz")
    with pytest.raises(ValueError, match="engine='neato'"):
        draw(neuron(), engine="neato")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        patch.setattr("viz.dot.bundled_program", lambda: None)
        assert draw(neuron()).svg  # needs no program
        with pytest.raises(RuntimeError, match=r"no layout program was found: install Graphviz.*chainrule\[graphviz\]"):
            _ = draw(neuron(), engine="dot").svg
    if shutil.which("dot") is None and viz.dot.bundled_program() is None:
        pytest.skip("there is no Graphviz here: pip install 'chainrule[graphviz]'")
    with pytest.raises(RuntimeError, match=r"could not lay out.*syntax error"):
        viz.dot.run("this is not DOT {")
    with pytest.raises(RuntimeError, match=r"took over 0\.001 s.*collapse=True"):
        viz.dot.run(draw(neuron()).dot, seconds=0.001)


def test_graphviz_draws_the_same_circuit_when_asked():
    if shutil.which("dot") is None and viz.dot.bundled_program() is None:
        pytest.skip("there is no Graphviz here: pip install 'chainrule[graphviz]'")
    own, theirs = draw(neuron()).svg, draw(neuron(), engine="dot").svg
    assert sorted(re.findall(r'id="([^"]+)"', own)) == sorted(re.findall(r'id="([^"]+)"', theirs))
    for kind in ("value", "gradient", "formula", "sign", "letter"):
        assert sorted(classed(own, kind)) == sorted(classed(theirs, kind))


def test_a_long_chain_is_drawn_without_recursion():
    x = Value(0.1, "x")
    y = x
    for i in range(4):
        with scope(f"part{i}"):
            for _ in range(500):
                y = tanh(y)
    y.backward()
    assert classed(draw(y).svg, "sign") == [f"part{i}" for i in range(4)]


def test_a_png_has_the_pictures_size_at_two_dots_to_the_pixel_and_its_colours(tmp_path):
    np = pytest.importorskip("numpy")
    image = pytest.importorskip("matplotlib.image")
    drawing = draw(neuron())
    pixels = image.imread(drawing.save(tmp_path / "a.png"))
    assert pixels.shape[1::-1] == pytest.approx([2 * x for x in drawing.size], abs=2)
    seen = {tuple(colour) for colour in np.unique((pixels[..., :3].reshape(-1, 3) * 255).round().astype(int), axis=0)}
    for colour in ("#1a7f37", "#cf222e", "#0969da", "#57606a", "#ffffff"):
        assert any(max(abs(a - b) for a, b in zip(colour_of(colour), other)) < 40 for other in seen), colour


def colour_of(text):
    return tuple(int(text[i:i + 2], 16) for i in (1, 3, 5))


def test_a_png_of_more_than_can_be_opened_is_refused_before_it_is_painted():
    x = Value(0.5)
    for _ in range(4900):
        x = x.tanh()
    with pytest.raises(ValueError, match=r"Drawing of 4,900 gates.*pixels, too many for a PNG.*\.svg"):
        draw(x).png


def test_a_long_title_is_written_in_lines():
    picture = draw(Value(1.0, "x") * 2, title="word " * 200)
    assert len(classed(picture.svg, "title")) == 10
    assert picture.size[0] < 1200


def test_no_text_turns_round_what_comes_after_it():
    turned = "\u202egnp.exe"
    picture = draw(Value(1.0, turned) * 2, title=turned)
    assert "\u202e" not in picture.svg
    assert "\u202e" not in stepper(Value(1.0, turned) * 2, title=turned).html


def test_names_come_from_variables_where_that_is_certain():
    a, b, hidden = Value(2.0), Value(3.0, "given"), Value(4.0)
    also = hidden
    weights = [Value(5.0), a * b]
    y = weights[0] * weights[1] + hidden
    svg = draw(y, names=locals()).svg
    assert set(classed(svg, "letter")) == {"a", "given", "weights[0]", "y"}  # hidden has two names: none is certain
    assert "weights[1] = " in classed(svg, "name")
    assert y.name is a.name is None
    assert also is hidden
    assert classed(draw(y, names={"given": y}).svg, "letter") == ["given"]  # b has it already: y goes without


def test_parameters_go_by_their_path_where_the_module_is_known():
    nn = pytest.importorskip("nn")
    model = nn.MLP(2, [2, 1], rng=0)
    (y,) = model([1.0, -1.0])
    assert {name for name in classed(draw(y).svg, "letter") if name[0] == "b"} == {"b₁⁽¹⁾", "b₂⁽¹⁾", "b₁⁽²⁾"}
    paths = [path for path, _ in model.named_parameters()]
    assert set(classed(draw(y, names=model).svg, "letter")) == set(paths) == set(classed(draw(y, names={"m": model}).svg, "letter"))
    layer = model.layers[0]
    assert "layers.1.neurons.0.b" in classed(draw(y, names=locals()).svg, "letter")  # a part goes by its place in the whole
    other = nn.Neuron(1, rng=0)
    both = classed(draw(y * other([2.0]), names={"model": model, "other": other}).svg, "letter")
    assert {"other.w.0", "other.b", "….layers.0.neurons.0.w.0"} <= set(both)  # the ends of names that begin alike
    assert layer.neurons[0].b.name == "b₁⁽¹⁾"  # nothing was changed by looking


def frames(picture):
    """The frames of a picture by the paths of their scopes: left, top, right, bottom."""
    rects = {g.get("id"): [float(g[0].get(key)) for key in ("x", "y", "width", "height")]
             for g in ET.fromstring(picture.svg).iter(f"{SVG}g") if g.get("class") == "scope" and g.get("id")}
    return {box.path: (x, y, x + w, y + h) for box in picture.graph.boxes for x, y, w, h in [rects[box.id]]}


def test_layers_stand_in_reading_order_each_around_its_neurons():
    nn = pytest.importorskip("nn")
    (y,) = nn.MLP(2, [2, 2, 1], rng=0)([1.0, -1.0])
    around = frames(draw(y))
    for a, b in pairwise(around[f"MLP/layer {i}"] for i in range(3)):
        assert a[3] < b[1] or a[2] < b[0]  # below, or to the right
    left, top, right, bottom = around["MLP/layer 0"]
    for inner in (around["MLP/layer 0/neuron 0"], around["MLP/layer 0/neuron 1"]):
        assert left < inner[0]
        assert top < inner[1]
        assert inner[2] < right
        assert inner[3] < bottom
    shut = draw(y, collapse=["neuron 0", "neuron 1"])
    assert sorted(classed(shut.svg, "sign")) == ["neuron 0"] * 3 + ["neuron 1"] * 2


def test_moments_of_a_recurrent_layer_are_boxes_in_their_order():
    np, nn = pytest.importorskip("numpy"), pytest.importorskip("nn")
    output, _ = nn.RNN(3, 4, rng=0)(np.ones((4, 2, 3), np.float32))
    around = frames(draw((output**2).sum(), collapse=False))
    tops = [around[f"RNN/step {i}"][1] for i in range(4)]
    assert tops == sorted(tops)
    down = frames(draw((output**2).sum(), collapse=False, direction="down"))
    for a, b in pairwise(down[f"RNN/step {i}"] for i in range(4)):
        assert a[3] < b[1]


def starts_and_ends(picture):
    """Where each wire begins and ends."""
    paths = {g.get("id"): next(e.get("d") for e in g if e.tag == f"{SVG}path") for g in ET.fromstring(picture.svg).iter(f"{SVG}g")
             if "wire" in g.get("class", "").split()}
    points = {id: [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", d)] for id, d in paths.items()}
    return {id: (each[0], each[-1]) for id, each in points.items()}


def test_wires_run_to_the_right_or_down_as_asked():
    for start, end in starts_and_ends(draw(neuron(), width=5000)).values():
        assert start[0] < end[0]
    down = draw(neuron(), direction="down")
    for start, end in starts_and_ends(down).values():
        assert start[1] < end[1]
    assert down.size[0] < down.size[1]
    assert sorted(classed(down.svg, "value")) == sorted(classed(draw(neuron()).svg, "value"))
    with pytest.raises(ValueError, match="direction='up'"):
        draw(neuron(), direction="up")


def test_a_picture_is_as_wide_as_it_may_be_and_goes_on_in_rows():
    wide, page, narrow = (draw(neuron(), width=width).size for width in (5000, 1062, 600))
    assert 600 < page[0] <= 1062
    assert narrow[0] <= 600
    assert wide[1] <= page[1] < narrow[1]
    with pytest.raises(ValueError, match="width=0"):
        draw(neuron(), width=0)


def test_sums_are_one_tall_gate_with_a_wire_for_each_term_and_bracketed_when_asked():
    values = [Value(float(i), f"x{i}") for i in range(5)]
    y = sum(values)
    y.backward()
    picture = draw(y)
    assert classed(picture.svg, "sign") == ["Σ"]
    assert len(picture.graph.wires) == 6
    assert classed(picture.svg, "gradient") == ["1.00"] * 6
    bracketed = draw(y, sums=False)
    assert classed(bracketed.svg, "sign") == ["+", "+", "+", "+"]
    assert {wire.id for wire in picture.graph.wires} < {wire.id for wire in bracketed.graph.wires}


def test_a_model_is_not_a_result():
    nn = pytest.importorskip("nn")
    with pytest.raises(TypeError, match=r"viz\.network\(model\)"):
        draw(nn.MLP(2, [1]))
