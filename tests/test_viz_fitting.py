"""Pictures that fit a page: their size, the open scopes, and the notes about the collapsed ones."""

from random import Random

import pytest

from autograd import Value, scope, tanh
from viz import draw, graph
from viz.fitting import SPARE, TALL, alike

nn = pytest.importorskip("nn")


def network(sizes, inputs=2):
    y = nn.MLP(inputs, sizes, rng=0)([Value(1.0 - i, f"x{i}") for i in range(inputs)])[0]
    y.backward()
    return y


def unrolled(steps):
    w, h = Value(0.5, "w"), Value(0.1, "h")
    for i in range(steps):
        with scope(f"step {i}"):
            h = tanh(w * h + Value(float(i), f"x{i}"))
    h.backward()
    return h


def test_the_first_of_scopes_that_look_alike_stays_open_where_all_would_be_too_tall():
    whole, picture = draw(network([4, 4, 1]), collapse=False), draw(network([4, 4, 1]))
    assert whole.size[1] > TALL >= picture.size[1]
    assert picture.size[0] <= 1062 + SPARE
    shut = [node.scope for node in picture.graph.nodes if node.hidden]
    assert shut == [f"MLP/layer {layer}/neuron {i}" for layer in (0, 1) for i in (1, 2, 3)]
    assert {box.path for box in picture.graph.boxes} == {
        "MLP", "MLP/layer 0", "MLP/layer 0/neuron 0", "MLP/layer 1", "MLP/layer 1/neuron 0", "MLP/layer 2", "MLP/layer 2/neuron 0"}
    assert "6 scopes are drawn as one gate each" in picture.graph.notes[0]
    assert "collapse=False" in picture.graph.notes[1]
    assert whole.graph.notes == ()


def test_inputs_of_a_collapsed_scope_alone_are_inside_it():
    picture = draw(network([4, 4, 1]))
    shut = {node.id for node in picture.graph.nodes if node.hidden}
    entering = {wire.source for wire in picture.graph.wires if wire.target in shut}
    assert all(sum(wire.source == source for wire in picture.graph.wires) > 1 for source in entering)


def test_the_first_step_in_time_stays_open():
    picture = draw(unrolled(14))
    assert picture.size[1] <= TALL
    assert [box.name for box in picture.graph.boxes] == ["step 0"]


def test_a_small_picture_is_left_as_it_is_and_so_is_one_that_says_what_to_collapse():
    assert not any(node.hidden for node in draw(unrolled(3)).graph.nodes)
    assert [node.sign for node in draw(unrolled(14), collapse="step 3").graph.nodes if node.hidden] == ["step 3"]


def test_only_scopes_of_one_form_look_alike():
    y = Value(2.0, "x")
    for name, last in (("block 0", 3.0), ("block 1", 4.0), ("other 2", 3.0), ("block 3", 3.0)):
        with scope(name):
            y = tanh(y) * last
    assert alike(graph(y)) == {"block 3"}  # block 1 multiplies by another constant


@pytest.mark.parametrize("seed", range(3))
def test_attention_of_numbers_fits_a_page_without_scopes(seed):
    draw_number = Random(seed)
    x = [[Value(draw_number.uniform(-1, 1), f"x{i}{j}") for j in range(3)] for i in range(3)]
    y = Value(0.0, "y")
    for row in x:
        scores = [sum(a * b for a, b in zip(row, other)).exp() for other in x]
        total = sum(scores)
        for k in range(3):
            y = y + sum(score / total * other[k] for score, other in zip(scores, x))
    y.backward()
    assert draw(y).size[0] <= 1120
