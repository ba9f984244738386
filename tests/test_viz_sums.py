"""Sums as one gate: the same wires, numbers and results as without it."""

import pytest

from autograd import Value, scope
from viz import graph
from viz.sums import with_sums


def signs(drawn):
    return [node.sign for node in drawn.nodes if node.kind == "gate"]


def values(n):
    return [Value(float(i + 1), f"x{i}") for i in range(n)]


def chain(xs):
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


def balanced(xs):
    half = len(xs) // 2
    return xs[0] if len(xs) == 1 else balanced(xs[:half]) + balanced(xs[half:])


@pytest.mark.parametrize("add", [chain, balanced, sum], ids=["chain", "balanced", "sum"])
@pytest.mark.parametrize("n", [4, 5, 9])
def test_every_term_keeps_its_wire_and_its_numbers(add, n):
    y = add(values(n))
    y.backward()
    whole, drawn = graph(y), with_sums(graph(y))
    assert signs(drawn) == ["Σ"]
    was = {wire.id: wire for wire in whole.wires}
    terms = [wire for wire in drawn.wires if wire.id != "w-out0"]
    assert [wire.value for wire in terms] == [float(i + 1) for i in range(n)]  # in the order in which they are added
    assert [wire.argument for wire in terms] == list(range(n))
    for wire in terms:
        assert (wire.source, wire.value, wire.contribution, wire.local) == (was[wire.id].source, was[wire.id].value, 1.0, 1.0)
    gate = next(node for node in drawn.nodes if node.kind == "gate")
    assert gate.value == y.data == sum(wire.value for wire in terms)
    assert sorted(i for node in drawn.nodes for i in node.members) == sorted(i for node in whole.nodes for i in node.members)


def test_three_terms_are_a_sum_in_a_scope_or_where_sum_made_them():
    assert signs(with_sums(graph(chain(values(3))))) == ["+", "+"]
    assert signs(with_sums(graph(chain(values(3))), sums=True)) == ["Σ"]
    assert signs(with_sums(graph(sum(values(3))))) == ["Σ"]
    with scope("neuron"):
        y = chain(values(3))
    assert signs(with_sums(graph(y))) == ["Σ"]


def test_the_zero_that_sum_begins_with_is_not_drawn():
    assert signs(graph(sum(values(2)))) == ["+0", "+"]
    whole = graph(sum(values(2)))
    drawn = with_sums(whole)
    assert signs(drawn) == ["+"]
    assert {edge for wire in drawn.wires for edge in wire.edges} == {edge for wire in whole.wires for edge in wire.edges}


def test_what_is_used_again_has_a_name_or_lies_in_another_scope_stays_a_gate():
    a, b, c, d = values(4)
    once = a + b
    assert signs(with_sums(graph([once * a, once + c + d]))) == ["+", "×", "+", "+"]
    named = a + b
    named.name = "q"
    assert signs(with_sums(graph(named + c + d), sums=True)) == ["+", "Σ"]
    with scope("inner"):
        inside = a + b
    assert signs(with_sums(graph(inside + c + d), sums=True)) == ["+", "Σ"]


def test_on_request_nothing_is_changed():
    drawn = graph(chain(values(5)))
    assert with_sums(drawn, sums=False) is drawn


@pytest.mark.parametrize("sums", [None, True, False])
def test_the_zero_of_a_sum_of_one_is_drawn_nowhere(sums):
    x = Value(3.0, "x")
    y = (sum([x * x]) * 2).tanh() + x
    y.backward()
    whole, drawn = graph(y), with_sums(graph(y), sums)
    assert "+0" in signs(whole)
    assert signs(drawn) == ["×", "×2", "tanh", "+"]
    assert {edge for wire in drawn.wires for edge in wire.edges} == {edge for wire in whole.wires for edge in wire.edges}
    assert {wire.source for wire in drawn.wires} | {wire.target for wire in drawn.wires} == {node.id for node in drawn.nodes}


def test_with_every_addition_asked_for_the_zero_is_drawn_no_more():
    assert signs(with_sums(graph(sum(values(5))), sums=False)) == ["+"] * 4


def test_a_sum_of_thousands_is_found_without_recursion():
    assert signs(with_sums(graph(chain(values(3000)), collapse=False))) == ["Σ"]
