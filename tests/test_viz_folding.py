"""Repeated blocks as one, ×N: the same computation, without loss of numbers."""

import pytest

from autograd import Value, scope, tanh
from viz import draw, graph, text

from .test_viz_records import mlp


def backward(y):
    y.backward()
    return y


def gates(g):
    return [(node.sign, node.hidden) for node in g.nodes if node.kind == "gate"]


def chain(count, name="block{}"):
    h = x = Value(0.5, "x")
    for i in range(count):
        with scope(name.format(i)):
            h = tanh(h * Value(1.1, f"w{i}")) + h
    return x, backward(h)


def test_neurons_of_a_layer_are_one_gate_with_all_their_numbers():
    y = backward(mlp([2, 3, 3, 1]))
    before, after = graph(y, collapse=True), graph(y, collapse=True, fold=True)
    assert gates(after) == [("layer0 ×3", 15), ("layer1 ×3", 21), ("layer2", 7)]
    assert sum(hidden for _, hidden in gates(after)) == sum(hidden for _, hidden in gates(before)) == before.gates
    first, second, _ = [node for node in after.nodes if node.kind == "gate"]
    neurons = [node for node in before.nodes if node.sign == "layer0"]
    assert first.value.entries == tuple(node.value for node in neurons)
    assert first.gradient.entries == pytest.approx([node.gradient for node in neurons])
    [between] = [wire for wire in after.wires if (wire.source, wire.target) == (first.id, second.id)]
    assert between.contribution.entries == pytest.approx([node.gradient for node in neurons])  # summed over the second layer
    assert set(first.members) == {i for node in neurons for i in node.members}


def test_what_comes_back_to_a_shared_input_is_the_sum():
    y = backward(mlp([1, 4, 1]))
    g = graph(y, collapse=True, fold=True)
    [x0] = [node for node in g.nodes if node.label == "x0"]
    [wire] = [wire for wire in g.wires if wire.source == x0.id]
    assert wire.contribution == pytest.approx(x0.gradient)
    assert len(wire.edges) == 4


def test_blocks_one_after_another_are_one():
    x, h = chain(4)
    g = graph(h, collapse=True, fold=True)
    assert gates(g) == [("block ×4", 12)]
    [block] = [node for node in g.nodes if node.hidden]
    assert (block.value, block.gradient) == (h.data, 1.0)
    [entering] = [wire for wire in g.wires if wire.value == x.data and wire.target == block.id]
    assert entering.contribution == pytest.approx(x.grad)


def test_only_what_repeats_is_folded():
    x = Value(0.5, "x")
    with scope("first"):
        a = tanh(x)
    with scope("second"):
        b = tanh(x)
    with scope("wide0"):
        c = tanh(x) * 2
    with scope("wide1"):
        d = tanh(x)
    g = graph(a + b + c + d, collapse=True, fold=True)
    assert [sign for sign, hidden in gates(g) if hidden] == ["first", "second", "wide0", "wide1"]
    _, end = chain(2)
    between = end.inputs[1]
    g = graph(end * between, collapse=True, fold=True)
    assert [sign for sign, hidden in gates(g) if hidden] == ["block0", "block1"]  # what lies between is used elsewhere


def test_names_without_numbers_and_all_of_digits_stay():
    assert gates(graph(chain(3, "same")[1], collapse=True, fold=True)) == [("same ×3", 9)]
    assert [sign for sign, _ in gates(graph(chain(3, "{}")[1], collapse=True, fold=True))] == ["0", "1", "2"]


def test_a_folded_picture_is_drawn():
    svg = draw(backward(mlp([2, 8, 8, 1])), collapse=True, fold=True).svg
    assert "layer0 ×8" in svg
    assert "parameters" in svg
    assert text(chain(2)[1], names={}).startswith("x ")
