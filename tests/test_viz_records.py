"""The graph as plain data: the course's numbers, gradients, collapsed scopes, summaries, and an unchanged graph."""

import math
import subprocess
import sys

import numpy as np
import pytest

from autograd import Tensor, Value, exp, log, maximum, no_grad, relu, scope, tanh
from viz import graph
from viz.numbers import ArraySummary, number, typeset

# CS231n, "Backpropagation, Intuitions": the sigmoid neuron, forward and backward, to the two decimals of the course
FORWARD = {"w0·x0": -2.0, "w1·x1": 6.0, "sum of both": 4.0, "+ w2": 1.0, "·(−1)": -1.0, "exp": 0.37, "+1": 1.37,
           "1/x": 0.73}
INPUTS = {"w0": (2.0, -0.20), "x0": (-1.0, 0.39), "w1": (-3.0, -0.39), "x1": (-2.0, -0.59), "w2": (-3.0, 0.20)}


def neuron(backward=True):
    w0, x0, w1, x1, w2 = (Value(x, name) for name, (x, _) in INPUTS.items())
    s = w0 * x0 + w1 * x1 + w2
    with scope("sigmoid"):
        y = 1 / (1 + exp(-s))
    y.name = "y"
    if backward:
        y.backward()
    return y


def mlp(sizes, name="neuron"):
    layer = [Value(math.sin(i), f"x{i}") for i in range(sizes[0])]
    for depth, wide in enumerate(sizes[1:]):
        made = []
        for j in range(wide):
            with scope(f"layer{depth}"), scope(f"{name}{j}"):
                weights = [Value(math.cos(i + j), f"w{depth}{j}{i}") for i in range(len(layer))]
                made.append(tanh(sum((w * x for w, x in zip(weights, layer)), Value(0.1))))
        layer = made
    return layer[0]


def by_id(items):
    return {item.id: item for item in items}


def test_every_number_of_the_courses_sigmoid_neuron():
    g = graph(neuron())
    gates = [node for node in g.nodes if node.kind == "gate"]
    assert [round(node.value, 2) for node in gates] == list(FORWARD.values())
    assert [node.sign for node in gates] == ["×", "×", "+", "+", "×(−1)", "exp", "+1", "1/x"]
    assert [round(node.gradient, 2) for node in gates] == [0.20, 0.20, 0.20, 0.20, -0.20, -0.53, -0.53, 1.00]
    inputs = {node.label: (node.value, round(node.gradient, 2)) for node in g.nodes if node.kind == "input"}
    assert inputs == INPUTS
    entering = {by_id(g.nodes)[wire.target].sign: wire for wire in g.wires if by_id(g.nodes)[wire.target].box}
    assert {sign: wire.formula for sign, wire in entering.items()} == {
        "×(−1)": "−1", "exp": "v10", "+1": "1", "1/x": "−1/v11²"}
    assert [(box.name, box.path) for box in g.boxes] == [("sigmoid", "sigmoid")]


def test_downstream_is_upstream_times_local_on_every_wire_and_adds_up_at_its_source():
    y = mlp([3, 4, 2])
    y.backward()
    g = graph(y)
    arrived = {}
    for wire in g.wires:
        if wire.upstream is not None:
            assert wire.contribution == wire.upstream * wire.local
            assert wire.upstream == by_id(g.nodes)[wire.target].gradient
            arrived[wire.source] = arrived.get(wire.source, 0.0) + wire.contribution
    assert len(arrived) > 20
    for id, total in arrived.items():
        assert by_id(g.nodes)[id].gradient == pytest.approx(total, rel=1e-12)


def test_collapsed_sigmoid_is_one_gate_with_the_same_gradient_and_expands_again():
    y = neuron()
    whole, shut = graph(y), graph(y, collapse=True)
    assert shut == graph(y, "sigmoid") == graph(y, ["sigmoid"])
    [gate] = [node for node in shut.nodes if node.hidden]
    assert (gate.sign, gate.hidden, round(gate.value, 2), gate.gradient) == ("sigmoid", 4, 0.73, 1.0)
    [wire] = [wire for wire in shut.wires if wire.target == gate.id]
    sigmoid = 1 / (1 + math.exp(-1))
    assert wire.contribution == pytest.approx(sigmoid * (1 - sigmoid), rel=1e-12)
    assert (wire.value, wire.local, wire.upstream) == (1.0, wire.contribution, 1.0)
    assert sum(node.kind == "gate" for node in whole.nodes) == 8
    assert sum(node.kind == "gate" for node in shut.nodes) == 5
    kept = set(by_id(shut.nodes)) & set(by_id(whole.nodes))
    assert len(kept) == 10  # five inputs, four gates, the output: under the same ids
    assert all(by_id(shut.nodes)[id] == by_id(whole.nodes)[id] for id in kept)
    assert graph(y) == whole


def test_not_computed_is_absent_and_zero_is_zero():
    y = neuron(backward=False)
    g = graph(y)
    assert all(node.gradient is None for node in g.nodes)
    assert all(wire.contribution is None for wire in g.wires)
    x = Value(-1.0, "x")
    z = relu(x)
    z.backward()
    [into, _] = graph(z).wires
    assert into.contribution == 0.0
    assert graph(z).nodes[0].gradient == 0.0


def test_a_leaf_whose_gradient_was_taken_away_shows_none_on_its_wire():
    x = Value(3.0, "x")
    y = x * 2
    y.backward()
    x.grad = None
    assert graph(y).wires[0].contribution is None


def test_a_value_used_twice_has_two_wires_and_two_contributions():
    x = Value(3.0, "x")
    y = x * x
    y.backward()
    g = graph(y)
    assert [(wire.id, wire.contribution, wire.formula) for wire in g.wires[:2]] == [
        ("w1-0", 3.0, "x"), ("w1-1", 3.0, "x")]
    assert g.nodes[0].gradient == 6.0
    assert not g.nodes[0].accumulated
    y.backward()
    assert graph(y).nodes[0].gradient == 12.0
    assert graph(y).nodes[0].accumulated  # more than the wires of this pass bring


def test_looking_changes_nothing():
    y = neuron()
    before = [(node.data, node.grad, node.name) for node in (y, *y.inputs)]
    graph(y, collapse=True)
    assert [(node.data, node.grad, node.name) for node in (y, *y.inputs)] == before


@pytest.mark.parametrize(("made", "sign"), [
    (lambda x: x + 1, "+1"), (lambda x: x + -2, "+(−2)"), (lambda x: 3 - x, "3−x"), (lambda x: x - 3, "−3"),
    (lambda x: x * -1, "×(−1)"), (lambda x: x / 2, "/2"), (lambda x: 1 / x, "1/x"), (lambda x: x**2, "x²"),
    (lambda x: x**-1, "x⁻¹"), (lambda x: x**0.5, "x^0.5"), (lambda x: 2**x, "2ˣ"), (lambda x: -x, "×(−1)"),
    (lambda x: maximum(x, 0), "max 0"), (lambda x: maximum(0, x), "max(0, x)"), (lambda x: x * (1 / 3), "×0.33")])
def test_constants_are_folded_into_the_gate(made, sign):
    y = made(Value(4.0, "x"))
    g = graph(y)
    assert g.nodes[1].sign == sign
    assert "".join(text for text, constant in g.nodes[1].parts) == sign
    assert len(g.wires) == 2  # one in, one out: a constant has no wire


@pytest.mark.parametrize(("formula", "names", "written"), [
    ("-1/x**2", (), "−1/x²"), ("1 - out**2", (), "1 − out²"), ("2*x", (), "2·x"), ("y*x**(y - 1)", (), "y·x^(y − 1)"),
    ("x**(-3)", (), "x⁻³"), ("x**2.5", (), "x^2.5"), ("x >= 0", (), "x ≥ 0"),
    ("out*0.6931471805599453", (), "out·0.69"), ("x1.23456", ("x1.23456",), "x1.23456"),
    ("x12345 - 2", (), "x12345 − 2"), ("1e-05*x", (), "1.0·10⁻⁵·x"), ("e-1", (), "e−1"),
    ("a-b*2", ("a-b",), "a-b·2")])
def test_formulas_are_written_by_hand_and_names_stay_as_given(formula, names, written):
    assert typeset(formula, names) == written


def test_what_has_no_name_is_not_called_as_something_else_in_the_picture_is():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    written = {wire.formula for wire in graph((x + y) * z).wires if wire.formula}
    assert written == {"1", "z", "v2"}  # the sum is neither x nor y


@pytest.mark.parametrize(("x", "digits", "text"), [
    (0.36788, "auto", "0.37"), (-12.0, "auto", "−12.00"), (0.0996, "auto", "0.10"), (0.0123, "auto", "0.012"),
    (0.00944, "auto", "0.0094"), (9.68e-4, "auto", "9.7·10⁻⁴"), (-1234.5, "auto", "−1234.50"), (1.5e9, "auto", "1.50·10⁹"),
    (0.0, "auto", "0.00"), (-0.0, "auto", "0.00"), (0.19661, 3, "0.197"), (-12.0, 3, "−12.0"), (9.999, 3, "10.0"),
    (123456.0, 3, "123456"), (-2.5e-7, 3, "−2.50·10⁻⁷"), (2 / 3, 5, "0.66667"), (1e-5, None, "1·10⁻⁵"), (1e300, None, "1·10³⁰⁰"),
    (-0.0, None, "−0.0"), (2 / 3, None, "0.6666666666666666"), (math.nan, 3, "nan"), (-math.inf, "auto", "−inf"), (7.0, 1, "7"),
    (None, 3, "")])
def test_numbers_have_as_many_digits_as_needed(x, digits, text):
    assert number(x, digits) == text


def test_the_first_nan_and_what_it_poisons():
    x = Value(-1.0, "x")
    y = log(x) * 2 + x
    y.backward()
    g = graph(y)
    assert {node.sign: node.trouble for node in g.nodes if node.kind == "gate"} == {
        "log": "first", "×2": "after", "+": "after"}
    zero = Value(0.0, "x")
    z = (zero ** 0.5) * 3
    z.backward()
    wire = graph(z).wires[0]
    assert (wire.contribution, wire.trouble) == (math.inf, "first")
    assert {node.trouble for node in graph(z).nodes} == {""}


def test_scopes_nest_and_are_collapsed_by_name_or_path():
    y = mlp([2, 2, 1])
    g = graph(y)
    assert sorted(box.path for box in g.boxes) == [
        "layer0", "layer0", "layer0/neuron0", "layer0/neuron1", "layer1", "layer1/neuron0"]
    parents = {box.id: box.parent for box in g.boxes}
    assert all(parents[box.id] == "" if "/" not in box.path else parents[box.parent] == "" for box in g.boxes)
    named = graph(y, "neuron0")
    assert sorted(node.scope for node in named.nodes if node.hidden) == ["layer0/neuron0", "layer1/neuron0"]
    one = graph(y, ["layer1/neuron0"])
    assert [(node.scope, node.box) for node in one.nodes if node.hidden] == [
        ("layer1/neuron0", next(box.id for box in g.boxes if box.path == "layer1"))]
    assert graph(y, collapse=True).boxes == ()
    with pytest.raises(LookupError, match=r"no scope is called 'layer9'.*layer0/neuron1"):
        graph(y, "layer9")


def test_a_collapsed_scope_stays_in_the_boxes_around_it():
    x = Value(2.0, "x")
    with scope("outer"):
        y = x * 3
        with scope("middle"), scope("inner"):
            z = (y + x).tanh()
        w = z * y
    g = graph(w, "inner")
    parents = {box.path: box.parent for box in g.boxes}
    ids = {box.path: box.id for box in g.boxes}
    assert parents == {"outer": "", "outer/middle": ids["outer"]}
    [shut] = [node for node in g.nodes if node.hidden]
    assert shut.box == ids["outer/middle"]


def test_over_300_gates_collapse_by_default_as_much_as_needed_and_say_so():
    y = mlp([6, 10, 10, 1])
    assert 300 < graph(y).gates < 5000
    g = graph(y)
    drawn = [node for node in g.nodes if node.kind == "gate"]
    assert len(drawn) == sum(bool(node.hidden) for node in drawn) == 21  # the neurons: no need to collapse the layers
    assert sum(node.hidden for node in drawn) == g.gates
    assert "collapse=False" in " ".join(g.notes)
    assert f"{g.gates:,}" in " ".join(g.notes)
    assert sum(node.kind == "gate" for node in graph(y, collapse=False).nodes) == g.gates
    assert graph(y, collapse=False).notes == ()


def in_layers(sizes):
    """A network of nn with over 300 gates: a scope for each layer, with a scope for each neuron inside."""
    nn = pytest.importorskip("nn")
    y = nn.MLP(sizes[0], sizes[1:], rng=0)([0.1] * sizes[0])[0]
    y.backward()
    return y


def test_where_neurons_would_have_too_many_wires_their_layers_collapse_by_default():
    y = in_layers([6, 10, 10, 1])
    assert len(graph(y, [f"neuron {i}" for i in range(10)]).wires) > 150
    g = graph(y)
    assert [node.sign for node in g.nodes if node.hidden] == ["layer 0", "layer 1", "layer 2"]
    assert len(g.wires) <= 150


def test_what_still_has_too_many_wires_is_folded_where_the_size_decides():
    y = mlp([6, 10, 10, 1])
    assert len(graph(y).wires) > 150  # a scope for each neuron and none around them
    g = graph(y, fold=None)
    assert [node.sign for node in g.nodes if node.hidden] == ["layer0 ×10", "layer1 ×10", "layer2"]
    assert "fold=False" in " ".join(g.notes)
    assert graph(y, fold=None).gates == graph(y).gates > 300
    few = mlp([2, 3, 1])
    assert graph(few, True, fold=None) == graph(few, True)


def test_an_input_is_drawn_in_the_box_where_it_is_used():
    w, x, b = Value(2.0, "w"), Value(3.0, "x"), Value(1.0, "b")
    with scope("outer"):
        with scope("inner"):
            y = w * x
        z = y + x
    g = graph(z + b)
    where = {node.label: next((box.path for box in g.boxes if box.id == node.box), "") for node in g.nodes if node.kind == "input"}
    assert where == {"w": "outer/inner", "x": "outer", "b": ""}


def test_a_gradient_that_another_result_left_is_no_sum_of_contributions():
    x = Value(3.0, "x")
    (x * x).backward()
    assert graph(x * 2).nodes[0].accumulated


def test_over_5000_gates_become_one_and_the_notes_say_what_and_how_to_see_more():
    x, y = Value(0.5, "x"), Value(0.0)
    for _ in range(20_000):
        y = y * 0.5 + x
    y.backward()
    g = graph(y)
    [gate] = [node for node in g.nodes if node.kind == "gate"]
    assert (gate.hidden, g.gates, gate.sign) == (40_000, 40_000, "40,000 gates")
    assert gate.value == y.data
    assert by_id(g.nodes)["n0"].gradient is not None
    assert "20,000 mul" in g.notes[0]
    assert "20,000 add" in g.notes[0]
    assert "longest path 40,000" in g.notes[0]
    assert "autograd.scope" in g.notes[1]
    [share] = [wire.contribution for wire in g.wires if wire.target == gate.id and wire.value == 0.5]
    assert share == pytest.approx(2.0)  # the geometric series 1 + 1/2 + 1/4 …
    with pytest.raises(ValueError, match=r"40,000 gates are too many.*5,000.*scope"):
        graph(y, collapse=False)


def test_wires_that_pass_by_very_many_gates_are_summarised_by_default():
    x, y = Value(0.5, "x"), 0.0
    for i in range(1000):
        y = y + x * float(i)
    g = graph(y)
    assert [(node.hidden, node.sign) for node in g.nodes if node.kind == "gate"] == [(2000, "2,000 gates")]
    assert "499,500" in g.notes[0]  # the product that is added at i stands beside the first, and passes by i - 1: 0 + 1 + … + 999
    assert "autograd.scope" in g.notes[1]
    assert sum(node.kind == "gate" for node in graph(y, collapse=False).nodes) == 2000
    chain = x
    for _ in range(2000):
        chain = chain + x.detach()
    assert sum(node.kind == "gate" for node in graph(chain).nodes) == 2000  # each wire to its neighbour


def test_many_inputs_of_a_collapsed_gate_become_one():
    with scope("neuron"):
        y = sum((Value(1.0) * Value(float(i)) for i in range(10)), Value(0.0))
    shut = graph(y, collapse=True)
    inputs = [node for node in shut.nodes if node.kind == "input"]
    assert [node.label for node in inputs[-1:]] == ["16 more inputs"]
    assert len(inputs) == 6
    assert inputs[-1].value is None


def test_a_detached_value_is_a_constant_and_gets_no_gradient():
    x = Value(2.0, "x")
    with no_grad():
        c = x * 5
    y = x * c
    y.backward()
    g = graph(y)
    assert [(node.kind, node.gradient) for node in g.nodes[:2]] == [("input", 10.0), ("constant", None)]
    assert [wire.contribution for wire in g.wires] == [10.0, None, 1.0]


def test_several_results_in_one_picture():
    x = Value(2.0, "x")
    a, b = x * 3, x + 1
    g = graph([a, b])
    assert [node.value for node in g.nodes if node.kind == "output"] == [6.0, 3.0]
    assert sum(node.kind == "input" for node in g.nodes) == 1


def test_tensors_are_summarised_and_broadcasting_is_said():
    data = np.arange(12.0).reshape(4, 3)
    x, w, b = Tensor(data, "X", requires_grad=False), Tensor(np.ones((3, 2)), "W"), Tensor(np.zeros(2), "b")
    loss = (x @ w + b).sum()
    loss.backward()
    g = graph(loss)
    nodes = {node.label: node for node in g.nodes if node.label}
    assert nodes["X"].kind == "constant"
    assert nodes["X"].value == ArraySummary((4, 3), None, 0.0, 5.5, 11.0, 0, 0, 1, (2, 1, 2, 1, 1, 2, 1, 2))
    assert nodes["b"].gradient.entries == (4.0, 4.0)
    [bias] = [wire for wire in g.wires if wire.source == nodes["b"].id]
    assert bias.note == "2 → 4×2, gradient summed"
    [weights] = [wire for wire in g.wires if wire.source == nodes["W"].id]
    assert weights.contribution.entries == tuple(np.repeat(data.sum(0), 2))
    total = g.wires[-1]
    assert (total.value, total.contribution, total.note) == (66.0 * 2, 1.0, "")
    assert all(wire.note == "" for wire in g.wires if wire is not bias)


def test_a_tie_is_written_as_one():
    x, y = Value(1.0, "x"), Value(1.0, "y")
    assert [wire.formula for wire in graph(maximum(x, y)).wires[:2]] == ["½ (x = y)", "½ (x = y)"]
    assert [wire.formula for wire in graph(maximum(x, y + 1)).wires[1:3]] == ["x > v2", "x < v2"]


def test_nans_in_arrays_are_found():
    x = Tensor(np.array([1.0, -1.0, 0.0]), "x")
    y = log(x) + 1
    node = graph(y).nodes[1]
    assert (node.value.nans, node.value.infs, node.trouble) == (1, 1, "first")


@pytest.mark.parametrize("thing", [3.0, "x", None, [], [Value(1.0), 2.0]])
def test_what_is_no_node_is_refused_with_the_remedy(thing):
    with pytest.raises(TypeError, match=r"give a Value or Tensor.*Value\(2.0, name='x'\)"):
        graph(thing)


@pytest.mark.parametrize(("given", "said"), [({"collapse": 3}, "names of scopes"), ({"names": [1, 2]}, "locals"),
                                             ({"names": {5: Value(1.0)}}, "locals")])
def test_what_cannot_choose_or_name_is_refused_with_the_remedy(given, said):
    with pytest.raises(TypeError, match=said):
        graph(Value(1.0, "x") * 2, **given)


def test_importing_viz_loads_neither_numpy_nor_graphviz():
    code = "import sys, viz; print([m for m in ('numpy', 'graphviz', 'matplotlib', 'rich', 'nn') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout == "[]\n"


def test_collapsed_neurons_keep_the_frames_of_the_layers_around_them_and_no_box_is_missing():
    nn = pytest.importorskip("nn")
    y = nn.MLP(2, [2, 2, 1], rng=0)([1.0, -1.0])[0]
    paths = [f"MLP/layer {i}/neuron {j}" for i, wide in enumerate((2, 2, 1)) for j in range(wide)]
    g = graph(y, paths)
    assert {box.path for box in g.boxes} == {"MLP", "MLP/layer 0", "MLP/layer 1", "MLP/layer 2"}
    box_of = {box.id: box.path for box in g.boxes}
    assert {node.scope: box_of[node.box] for node in g.nodes if node.hidden} == {path: path.rpartition("/")[0] for path in paths}
    weights = [node for node in g.nodes if node.label.rpartition("/")[2].startswith("w")]
    assert {box_of[node.box] for node in weights} == {"MLP/layer 0"}  # whose neurons have no other wires: the data are constants
    assert {node.scope: node.inside for node in g.nodes if node.hidden} == {
        path: 0 if "layer 0" in path else 3 for path in paths}


def test_a_collapsed_gate_says_how_many_numbers_it_alone_uses_and_keeps_its_data():
    shared = Value(0.5, "h")
    with scope("step"):
        y = tanh(Value(2.0, "w") * shared + Value(1.0, "x3") * Value(0.1) + Value(0.0, "b"))
    g = graph(y * shared, "step")
    [gate] = [node for node in g.nodes if node.hidden]
    assert gate.inside == 3  # w, b, and the one without a name
    assert [node.label for node in g.nodes if node.kind == "input"] == ["h", "x3"]
    with scope("layer"):
        z = tanh(Tensor(np.ones((4, 3)), "W") @ Tensor(np.ones(3), "x") + Tensor(np.ones(4), "b"))
    [gate] = [node for node in graph(z, True).nodes if node.hidden]
    assert gate.inside == 16


@pytest.mark.parametrize("collapse", [None, True, False, "neuron0", ["layer0"], ["layer0/neuron1", "layer1"]])
def test_every_node_and_box_is_in_a_box_that_is_drawn_or_in_none(collapse):
    g = graph(mlp([2, 3, 2]), collapse)
    boxes = {box.id for box in g.boxes} | {""}
    assert {node.box for node in g.nodes} <= boxes
    assert {box.parent for box in g.boxes} <= boxes


def test_a_sum_of_rounded_numbers_is_no_earlier_pass():
    w = Tensor(np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3), "w")
    h = Tensor(np.ones((3, 1), np.float32), requires_grad=False)
    for _ in range(20):
        h = (w.T @ (w @ h)).tanh()
    y = h.sum()
    y.backward()
    assert not any(node.accumulated for node in graph(y).nodes)
    y.backward()
    assert [node.label for node in graph(y).nodes if node.accumulated] == ["w"]


def test_a_branch_not_taken_brings_0_whatever_lies_behind_it():
    x = Value(0.0, "x")
    y = relu(x**0.5)
    y.backward()
    assert x.grad == 0.0
    assert [wire.contribution for wire in graph(y).wires] == [0.0, 0.0, 1.0]
    t = Tensor(np.array([0.0, 4.0]), "t")
    z = relu(t**0.5 - 1).sum()
    z.backward()
    assert graph(z).wires[0].contribution.entries == (0.0, 0.25) == tuple(t.grad)


def test_gradients_that_came_from_elsewhere_are_multiplied_on_in_a_part_of_their_graph():
    x, w = Value(3.0, "x"), Value(2.0, "w")
    h = x * w
    undrawn, drawn = relu(h) * 5, relu(-h)
    (undrawn + drawn).backward()
    wires = graph([drawn, h * 7]).wires
    assert [wire.contribution for wire in wires if wire.source in ("n0", "n1")] == [10.0, 15.0]  # h.grad is 5, from undrawn gates
