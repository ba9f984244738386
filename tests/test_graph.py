"""Graphs: their order, and their copies and pickles."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from autograd import Value, gradient, ops, scope
from autograd.graph import topological


def diamond() -> tuple[Value, Value]:
    x = Value(2.0, "x")
    with scope("body"):
        h = x.exp()
        y = h * h + x * 3 - (1 / h).relu()
    return x, y


def test_inputs_come_before_outputs_and_every_node_once() -> None:
    _, y = diamond()
    order = topological(y)
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order) == 8
    assert order[-1] is y
    assert all(place[x] < place[node] for node in order for x in node.inputs)


def test_order_of_several_roots() -> None:
    x = Value(1.0)
    a, b = x * 2, x * 3
    assert [node.data for node in topological(a, b)] == [1.0, 2.0, 3.0]
    assert topological() == []
    assert topological(a, a) == [x, a]


def replicas() -> list[Any]:
    protocols = [lambda y, p=p: pickle.loads(pickle.dumps(y, p)) for p in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    return [copy.deepcopy, *protocols]


@pytest.mark.parametrize("replicate", replicas())
def test_a_copy_is_the_same_graph_of_other_nodes(replicate: Any) -> None:
    x, y = diamond()
    y.backward()
    twin = replicate(y)
    nodes, twins = topological(y), topological(twin)
    assert len(nodes) == len(twins)
    assert not set(nodes) & set(twins)
    for node, other in zip(nodes, twins):
        assert (other.data, other.grad, other.name, other.op, other.local_gradients) \
            == (node.data, node.grad, node.name, node.op, node.local_gradients)
        assert [twins.index(i) if isinstance(i, Value) else i for i in other.operands] \
            == [nodes.index(i) if isinstance(i, Value) else i for i in node.operands]
        assert (other.scope and other.scope.path) == (node.scope and node.scope.path)
    leaf = next(node for node in twins if node.name == "x")
    assert gradient(twin, leaf) == gradient(y, x)
    before = x.grad
    twin.backward()
    assert (leaf.grad, x.grad) == (2 * before, before)
    assert gradient(gradient(twin, leaf, create_graph=True), leaf) == gradient(gradient(y, x, create_graph=True), x)


@pytest.mark.parametrize("replicate", replicas())
def test_leaves_shared_within_a_copied_structure_stay_shared(replicate: Any) -> None:
    x = Value(2.0, "x")
    loss, (leaf,) = replicate((x * x, [x]))
    assert gradient(loss, leaf) == 4.0


def test_deepcopy_keeps_shared_interior_nodes() -> None:
    x = Value(2.0)
    h = x * x
    first, second, copied = copy.deepcopy([h * 2, h * 3, h])
    assert (gradient(first, copied), gradient(second, copied)) == (2.0, 3.0)


def test_copy_is_another_node_on_the_same_operands() -> None:
    x = Value(2.0)
    y = x * x
    twin = copy.copy(y)
    assert twin is not y
    assert twin.inputs == (x, x)
    assert gradient(twin, x) == 4.0


def test_leaf_round_trip() -> None:
    x = Value(2.0, "x")
    assert repr(pickle.loads(pickle.dumps(x))) == repr(copy.deepcopy(x)) == repr(copy.copy(x)) == repr(x)


def test_an_operation_is_copied_as_itself() -> None:
    for row in ops.rows.values():
        assert pickle.loads(pickle.dumps(row)) is copy.deepcopy(row) is copy.copy(row) is row


@pytest.mark.parametrize("replicate", replicas())
def test_wide_sharing_is_not_unrolled(replicate: Any) -> None:
    y = Value(1.0)
    for _ in range(200):  # 2²⁰⁰ paths
        y = y + y
    assert replicate(y).data == 2.0**200
