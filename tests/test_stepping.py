"""The walk through backpropagation as plain records, compared with the gradients."""

from __future__ import annotations

import math
from typing import Any

import pytest
from autograd import Tensor, Value, gradient, no_grad, ops, scope, steps
from hypothesis import given

from .programs import Program, programs
from .test_ops import quietly
from .test_programs import quick


def phases(walk: list[Any], phase: str) -> list[Any]:
    return [step for step in walk if step.phase == phase]


@quick
@given(programs(most=20))
def test_the_walk_adds_up_to_the_gradient(program: Program) -> None:
    xs = [Value(x, f"x{i}") for i, x in enumerate(program.point)]
    y = program(*xs)
    if not isinstance(y, Value):
        return
    walk = steps(y)
    forward, backward = phases(walk, "forward"), phases(walk, "backward")
    assert walk == forward + backward
    assert [step.node for step in forward] == list(range(len(forward)))
    assert forward[-1].value == y.data
    assert all(step.gradient is None and step.edges == () for step in forward)
    arrived: dict[int, float] = {forward[-1].node: 1.0}
    for step in backward:
        assert step.gradient == arrived[step.node]  # complete when its turn comes
        for edge in step.edges:
            assert edge.source == step.node
            assert edge.upstream == step.gradient
            assert edge.downstream == edge.upstream * edge.local
            arrived[edge.target] = arrived.get(edge.target, 0.0) + edge.downstream
            assert edge.total == arrived[edge.target]
            assert edge.target_label == forward[edge.target].label
    place = {step.label: step.node for step in forward}
    assert [arrived.get(place[x.name], 0.0) if x.name in place else 0.0 for x in xs] \
        == pytest.approx(quietly(lambda: gradient(y, xs)), rel=1e-12, abs=1e-15)
    assert all(x.grad is None for x in xs)


def test_records() -> None:
    x, w = Value(3.0, "x"), Value(-2.0, "w")
    with scope("layer"), scope("inner"):
        y = (w * x + 1).tanh()
    first, _, product, total, last = phases(steps(y), "forward")
    assert first == ("forward", 0, "w", "input", "", (), -2.0, None, (), "", None)
    assert product == ("forward", 2, "v2", "mul", "×", ("w", "x"), -6.0, None, (), "layer/inner", None)
    assert (total.inputs, total.value) == (("v2", 1.0), -5.0)
    assert [step.label for step in phases(steps(y), "backward")] == ["v4", "v3", "v2"]
    assert last.edges == ()
    tanh, add, mul = phases(steps(y, seed=2.0), "backward")
    assert tanh.gradient == 2.0
    assert [(e.argument, e.formula) for e in mul.edges] == [(0, "x"), (1, "w")]
    assert [e.formula for e in add.edges] == ["1"]  # none for the constant
    assert tanh.edges[0].formula == "1 - v4**2"  # the result goes by its label, too


def test_formulas_speak_in_the_walks_own_labels() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    last = phases(steps((x + y) * z), "backward")[0]
    assert [(e.formula, e.local) for e in last.edges] == [("z", -4.0), ("v2", 3.0)]  # 3 is x + y; x is −2


def test_one_name_a_value_whatever_the_nodes_are_called() -> None:
    """A perceptron of two neurons that call their weights alike, inputs called v0 and like a weight."""
    x, also = Value(1.0, "v0"), Value(0.5, "w0")
    made = []
    for i in range(2):
        with scope("net"), scope(f"neuron {i}"):
            made.append((Value(2.0, "w0") * x + Value(3.0, "w1") * also + Value(0.0, "b")).tanh())
    walk = phases(steps(made[0] * made[1]), "forward")
    labels = [step.label for step in walk]
    assert len(set(labels)) == len(labels)
    assert {"v0", "net/w0", *(f"net/neuron {i}/{w}" for i in range(2) for w in ("w0", "w1", "b"))} <= set(labels)
    assert all(x in labels for step in walk for x in step.inputs)


def test_names_that_no_scope_tells_apart_are_numbered() -> None:
    xs = [Value(float(i), "x") for i in range(3)] + [Value(7.0, "x#2")]
    walk = phases(steps(xs[0] * xs[1] + xs[2] * xs[3]), "forward")
    labels = [step.label for step in walk if step.operation == "input"]
    assert (labels[0], labels[3], len(set(labels))) == ("x", "x#2", 4)
    assert all(label.startswith("x#") for label in labels[1:])


def test_a_name_is_the_same_with_constants_and_in_a_second_call() -> None:
    w = Value(2.0, "w")
    with no_grad():
        fixed = Value(3.0) * 1
    fixed.name = "w"
    for _ in range(2):  # the same weight in two scopes of one path
        with scope("layer"):
            y = w * fixed
    walk = steps(y)
    assert walk[-1].edges[0].formula != walk[-1].edges[0].target_label
    assert len({*walk[-1].inputs}) == 2


def test_where_paths_meet_the_sum_runs() -> None:
    x = Value(3.0, "x")
    (edges,) = [step.edges for step in phases(steps(x * x), "backward")]
    assert [(e.downstream, e.total) for e in edges] == [(3.0, 3.0), (3.0, 6.0)]


def test_a_branch_not_taken_passes_0_and_no_nan() -> None:
    x = Value(0.0, "x")
    walk = phases(steps(ops.relu(-ops.sqrt(x))), "backward")
    assert [step.operation for step in walk] == ["relu", "neg", "sqrt"]
    assert [step.edges[0].downstream for step in walk] == [0.0, 0.0, 0.0]
    infinite = phases(steps(ops.relu(ops.log(x) * 2)), "backward")
    assert [step.edges[0].downstream for step in infinite] == [0.0, 0.0, 0.0]  # where a value is −inf, too
    both = phases(steps(ops.relu(-ops.sqrt(x)) + ops.sqrt(x)), "backward")
    assert both[-1].edges[0].total == math.inf or both[-2].edges[0].total == math.inf
    assert not any(math.isnan(step.edges[0].total) for step in both)


def test_a_lone_leaf_and_a_constant() -> None:
    assert [(s.phase, s.operation) for s in steps(Value(3.0))] == [("forward", "input")]
    with no_grad():
        y = Value(3.0) * 2
    assert [(s.phase, s.operation, s.value) for s in steps(y)] == [("forward", "constant", 6.0)]


def test_the_walk_changes_nothing() -> None:
    x = Value(3.0)
    y = x.exp() * x
    steps(y)
    assert (x.grad, y.grad) == (None, None)
    y.backward()
    before = x.grad
    steps(y, seed=5.0)
    assert (x.grad, y.grad) == (before, 1.0)


def marks(walk: list[Any]) -> list[tuple[str, float, float]]:
    """The wrong numbers in the order of the walk, each with the right one."""
    found = []
    for step in walk:
        found += [(step.label, step.gradient, step.right)] if step.right is not None else []
        found += [(edge.target_label, edge.total, edge.right) for edge in step.edges if edge.right is not None]
    return found


def test_overwriting_keeps_the_last_contribution_only() -> None:
    x = Value(3.0, "x")
    assert marks(steps(x * x + x)) == []
    assert marks(steps(x * x + x, mistake="overwrite")) == [("x", 3.0, 4.0), ("x", 3.0, 7.0)]


def test_recursion_without_an_order_counts_twice_what_is_shared() -> None:
    """As in micrograd's issue 64, where the error only appears once an interior value is used twice."""
    a = Value(-2.0, "a")
    b = a + a
    b.name = "b"
    c = b * b + b
    walk = steps(c, mistake="order")
    assert [step.label for step in phases(walk, "backward")].count("b") == 2
    assert gradient(c, a) == -14.0
    assert [(total, right) for label, total, right in marks(walk) if label == "a"][-1] == (-28.0, -14.0)
    x = Value(3.0, "x")  # a leaf that is shared comes to no harm
    assert marks(steps(x * x + x, mistake="order")) == []


def test_a_forgotten_zero_grad_doubles_the_leaves_and_nothing_else() -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    walk = steps((w * x).tanh() * w, mistake="zero_grad")
    assert {label for label, _, _ in marks(walk)} == {"w", "x"}
    [slope] = gradient((w * x).tanh() * w, [x])
    assert [(total, right) for label, total, right in marks(walk) if label == "x"] == [(2 * slope, slope)]
    assert marks(steps(x * x, mistake="zero_grad")) == [("x", 9.0, 3.0), ("x", 12.0, 6.0)]  # each pass sums anew


def test_a_forgotten_sum_over_a_broadcast_leaves_another_shape() -> None:
    x, w = Tensor([[1.0, 2.0], [3.0, 4.0]], "x"), Tensor([1.0, -1.0], "w")
    [(label, total, right)] = marks(steps((x * w).sum(), mistake="unbroadcast"))
    assert (label, total.tolist(), right.tolist()) == ("w", [[1.0, 2.0], [3.0, 4.0]], [4.0, 6.0])
    assert marks(steps((x * x).sum(), mistake="unbroadcast")) == []
    v = (w * 2.0).sum() * w  # where shapes no longer fit, the walk ends, and what came before is told
    assert marks(steps((x @ Tensor([[1.0], [2.0]], "m") + v).sum(), mistake="unbroadcast"))


@quick
@given(programs(most=12))
def test_every_mistake_is_found_by_its_last_number_or_does_no_harm(program: Program) -> None:
    xs = [Value(x, f"x{i}") for i, x in enumerate(program.point)]
    y = program(*xs)
    if not isinstance(y, Value):
        return
    right = {e.target: e.total for step in steps(y) for e in step.edges}
    for mistake in ("overwrite", "order", "zero_grad"):
        try:
            walk = steps(y, mistake=mistake)
        except ValueError:  # in no order, it may take all paths
            continue
        got = {e.target: e.total for step in walk for e in step.edges}
        wrong = {node for node, total in got.items() if not math.isclose(total, right[node], rel_tol=1e-8, abs_tol=1e-300)
                 and not (math.isnan(total) and math.isnan(right[node]))}
        told = {e.target: e.right for step in walk for e in step.edges}
        assert wrong <= {node for node, number in told.items() if number is not None}
        assert all(number == pytest.approx(right[node], rel=1e-9) for node, number in told.items() if number is not None)


def test_mistakes_are_refused_that_there_are_not() -> None:
    x = Value(3.0, "x")
    with pytest.raises(ValueError, match="mistake='typo': choose one of overwrite, order"):
        steps(x * x, mistake="typo")
    with pytest.raises(ValueError, match="needs Tensors: numbers are not broadcast"):
        steps(x * x, mistake="unbroadcast")
    y = x
    for _ in range(20):
        y = y + y * y
    with pytest.raises(ValueError, match="every path is walked, which takes over 10,000 steps"):
        steps(y, mistake="order")


def test_what_is_no_node_is_refused():
    with pytest.raises(TypeError, match=r"steps\(3\.0\): that is a float; give Values or Tensors"):
        steps(3.0)
