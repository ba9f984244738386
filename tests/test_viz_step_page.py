"""The stepper's page as text; its behaviour is tested in a browser."""

import json
import re
import sys
import warnings
from base64 import b64decode
from collections import Counter

import pytest

import autograd.graph
import autograd.sweep
import viz
from autograd import GradientError, NoDerivativeWarning, Tensor, Value, detect_anomaly, no_grad, ops, scope
from viz.numbers import applied

from .display import shown
from .test_viz_records import mlp, neuron


def data(page):
    return json.loads(re.search(r"const DATA = (.*)\n", page.html)[1])


def test_the_page_asks_nobody_for_anything():
    html = viz.stepper(neuron(backward=False)).html
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|src=|@import|url\(|fetch|XMLHttp", html)
    assert len(html.encode()) <= 70_000


def test_looking_changes_nothing():
    y = neuron(backward=False)
    viz.stepper(y)
    assert y.grad is None
    assert all(x.grad is None and x.name for x in y.inputs[0].inputs if not x.inputs)
    y.backward()
    viz.stepper(y)
    assert y.grad == 1.0


@pytest.mark.parametrize("names", [None, {"result": 1}])
def test_the_graph_is_put_in_order_once_and_walked_once_for_each_way_to_walk_it(monkeypatch, names):
    calls = Counter()

    def counted(name, function):
        def call(*args, **options):
            calls[name] += 1
            return function(*args, **options)
        return call

    for name, function in (("topological", autograd.graph.topological), ("sweep_nodes", autograd.sweep.sweep_nodes)):
        for module in list(sys.modules.values()):
            if vars(module).get(name) is function:
                monkeypatch.setattr(module, name, counted(name, function))
    y = neuron(backward=False)
    calls.clear()
    page = viz.stepper(y, names=names)
    assert set(data(page)["mistakes"]) == {"overwrite", "order", "zero_grad"}
    assert calls["topological"] <= 2  # one is that of the JavaScript
    assert calls["sweep_nodes"] == 1 + 1 + 1 + 2  # right, overwriting, in no order, and the two passes without zero_grad


def test_nodes_go_by_the_names_of_the_walk_on_page_and_picture():
    page = viz.stepper(neuron(backward=False))
    assert [node["name"] for node in data(page)["nodes"]] == \
        ["w0", "x0", "v2", "w1", "x1", "v5", "v6", "w2", "v8", "v9", "v10", "v11", "y"]
    assert [gate[2] for gate in data(page)["circuit"]["gates"]] == [
        "w0", "x0", "v2", "w1", "x1", "v5", "v6", "w2", "v8", "v9", "v10", "v11", "y", "y"]


def test_text_cannot_leave_the_script():
    y = Value(1.0, "</script><script>alert(1)//") * 2
    html = viz.stepper(y, title="</title></script>").html
    assert html.count("<script") == html.count("</script>") == 2  # its own two


def test_the_line_that_made_a_node_is_known_within_detect_anomaly():
    with detect_anomaly():
        y = Value(2.0, "x") * 3
    assert re.fullmatch(r"test_viz_step_page\.py:\d+  y = Value\(2\.0, \"x\"\) \* 3", data(viz.stepper(y))["nodes"][1]["made"])


def test_parameters_are_leaves_by_name_or_themselves():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    assert data(viz.stepper(w * x))["moved"] == [0, 1]
    assert data(viz.stepper(w * x, parameters=["w"]))["moved"] == [0]
    assert data(viz.stepper(w * x, parameters=[x]))["moved"] == [1]
    with pytest.raises(LookupError, match="the leaves are w, x"):
        viz.stepper(w * x, parameters=["b"])


def test_a_result_that_is_no_single_number_needs_a_seed():
    y = Tensor([1.0, 2.0], "x") * 3.0
    with pytest.raises(GradientError, match="give seed="):
        viz.stepper(y)
    assert data(viz.stepper(y, seed=[1.0, 10.0]))["seed"] == [1.0, 10.0]
    assert data(viz.stepper(Value(2.0, "x") * 3, seed=5.0))["seed"] == 5.0


def test_scopes_are_open_unless_there_are_too_many_gates():
    assert data(viz.stepper(neuron(backward=False)))["circuit"]["closed"] == []
    assert data(viz.stepper(neuron(backward=False), collapse="sigmoid"))["circuit"]["closed"] == [0]
    large = data(viz.stepper(mlp([8, 12, 12, 1])))["circuit"]  # over 300 gates
    assert {large["scopes"][i][0] for i in large["closed"]} >= {"layer0", "layer1", "layer2"}
    ids = re.findall(r' id="([^"]+)"', viz.stepper(mlp([2, 3, 1])).html)
    assert len(ids) == len(set(ids))


def test_a_graph_without_scopes_that_is_too_large_is_one_gate():
    made = [Value(1.0, "x")]
    for i in range(1, 400):
        made.append(made[-1] * made[i // 3])
    circuit = data(viz.stepper(made[-1]))["circuit"]
    assert (circuit["fixed"], circuit["closed"]) == (True, [0])
    assert circuit["scopes"][0][0].endswith("gates")


def test_what_cannot_be_stepped_through_is_refused():
    with pytest.raises(TypeError, match="give a Value or Tensor, or a list of them, to draw a graph"):
        viz.stepper(3.0)
    with pytest.raises(LookupError, match="no scope is called"):
        viz.stepper(neuron(), collapse="nowhere")
    y = Value(1.0)
    for _ in range(6_000):
        y = y * 1.001
    with pytest.raises(ValueError, match=r"6,001 nodes are too many to step through \(the limit is 5,000\)"):
        viz.stepper(y)


@pytest.mark.parametrize("digits", [0, None, 200])
def test_a_page_shows_as_many_digits_as_its_language_can(digits):
    with pytest.raises(ValueError, match="digits must be from 1 to 17"):
        viz.stepper(Value(1 / 3) * 2, digits=digits)


def test_results_without_a_gradient_have_a_page():
    with no_grad():
        constant = Value(2.0) * 3
    with warnings.catch_warnings():
        warnings.simplefilter("error", NoDerivativeWarning)
        for y in (Value(2.0), constant, ops.step(Value(2.0)), Value(0.0).log(), Tensor([1.0, 2.0]).sum()):
            assert "<svg" in viz.stepper(y).html


def test_a_notebook_shows_it_in_a_frame_of_its_own():
    with scope("s"):
        y = Value(2.0, 'a"b') * 3
    page = viz.stepper(y)
    still, _, frame = shown(page)["text/html"].partition("<iframe")
    assert f"<iframe{frame}" == page.frame()
    assert re.match(r' srcdoc="&lt;!doctype html&gt;[^"]*" title="Stepper: [^"]*" style="[^"]*"></iframe>$', frame)
    picture = b64decode(re.search('src="data:image/svg\\+xml;base64,([^"]*)"', still)[1]).decode()
    assert "6.00" in picture  # where frames are removed, as from a notebook that is not trusted


@pytest.mark.parametrize(("operation", "operands", "text"), [
    ("add", ["a", "−1.00"], "a + (−1.00)"), ("mul", ["−1.00", "−2.00"], "−1.00 × (−2.00)"),
    ("sub", ["−1.00", "−2.00"], "−1.00 − (−2.00)"), ("pow", ["−1.00", "2"], "(−1.00) ^ 2"),
    ("neg", ["x"], "x × (−1)"), ("maximum", ["a", "b"], "maximum(a, b)"), ("exp", ["{0}"], "exp({0})"),
])
def test_operations_written_out(operation, operands, text):
    assert applied(operation, operands) == text
