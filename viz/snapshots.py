"""Snapshot of a graph at one time: the order of its nodes, their names, and the gradients of nodes and edges.

Pictures are made from a snapshot only, so that one walk serves several pictures and the graph is not changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from autograd.graph import Node, is_node, topological
from autograd.naming import labels, told_apart
from autograd.sweep import sweep_edges

if TYPE_CHECKING:
    import numpy as np

    from nn import Module

    Names: TypeAlias = Mapping[str, Any] | Module  # variables by name (``locals()``), or a module
    Gradient: TypeAlias = float | np.ndarray[Any, Any] | None


class Snapshot(NamedTuple):
    """The nodes of ``roots`` in topological order, with their names and gradients.

    ``names`` maps named nodes to unique names, ``labels`` lists the labels of all nodes in order. ``gradients`` maps a node to its
    gradient (None or absent: not computed), ``contributions`` maps a node and an argument to the node's contribution to that
    operand's gradient.
    """

    roots: list[Node]
    order: list[Node]
    names: dict[Node, str]
    gradients: dict[Node, Gradient]
    contributions: dict[tuple[Node, int], Gradient]
    labels: dict[Node, str]

    def name(self, node: Node) -> str:
        """The name of a node, or of a constant outside the order; "" without one."""
        return self.names.get(node, "")

    def label(self, node: Node) -> str:
        """The name of a node, or its number; "" for a constant without a name."""
        return self.labels.get(node) or self.names.get(node, "")


def read(y: Node | Iterable[Node], names: Names | None = None) -> Snapshot:
    """Return the snapshot of the graph of one node, or of several in a list.

    ``names`` names unnamed nodes after variables (``named_after``). Raises TypeError for an argument that is not a node.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> y.backward()
    >>> read(y).contributions == {(y, 0): 3.0, (y, 1): 3.0}
    True
    """
    roots = checked_roots(y)
    order = topological(*roots)
    called = named_nodes(order) if names is None else named_after(order, names)
    gradients = {node: node.grad for node in order}
    return Snapshot(roots, order, called, gradients, dict(shown_contributions(order)), labels(order, called))


def checked_roots(y: object) -> list[Node]:
    """Return the nodes to draw as a list; raises TypeError for anything else."""
    roots = list(y) if isinstance(y, (list, tuple)) else [y]
    for root in roots or [None]:
        if not is_node(root):
            raise TypeError(f"give a Value or Tensor, or a list of them, to draw a graph; got {root!r:.60} "
                            f"({type(root).__name__}). " + ("Draw its result, or its layers: viz.network(model)"
                            if hasattr(root, "named_parameters") else "Compute it from Values: Value(2.0, name='x')"))
    return roots  # type: ignore[return-value]  # all are nodes


def shown_contributions(order: list[Node]) -> Iterator[tuple[tuple[Node, int], Gradient]]:
    """Yield the node and argument of each edge that a backward pass has reached, with the contribution on it.

    Contributions are computed from the nodes' own ``.grad``, from whichever result it comes.
    """
    shown = {node: node.grad for node in order if node.grad is not None}
    keep = lambda gradient, _: gradient
    for edge in sweep_edges(reversed(order), dict(shown), accumulate=keep, arrivals=_reached_nodes(order, shown)):
        if edge.input in shown:
            yield (edge.node, edge.argument), edge.downstream


def _reached_nodes(order: list[Node], shown: Mapping[Node, Gradient]) -> dict[Node, Any]:
    """The nodes that a gradient has reached, judged by their gradients: results, and nodes whose gradient is not 0."""
    reached = {x for node in order if node in shown for x in node.inputs}
    return {node: node not in reached or _nonzero(gradient) for node, gradient in shown.items()}


def _nonzero(gradient: Any) -> Any:
    mask = gradient != 0
    if not getattr(mask, "ndim", 0):
        return bool(mask)
    return True if mask.all() else mask


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────

def named_nodes(order: Iterable[Node]) -> dict[Node, str]:
    """Return the named nodes, constants included, with unique names."""
    return told_apart(order)


def named_after(order: Iterable[Node], names: Names) -> dict[Node, str]:
    """Return the names of nodes, completed from variables where that is unambiguous.

    A node without a name gets the name of the only variable that holds it, or its place in a list (``hidden[0]``), unless another
    node has that name. Parameters of modules are named by their paths, not by their own names.

    >>> x = Value(2.0)
    >>> y = x * 3
    >>> [named_after([x, y], {"x": x, "a": y, "b": y}).get(node) for node in (x, y)]
    ['x', None]
    """
    variables = {"": names} if hasattr(names, "named_parameters") else names
    if not isinstance(variables, Mapping) or not all(isinstance(name, str) for name in variables):
        raise TypeError(f"names={names!r:.60} ({type(names).__name__}): give a mapping of names to variables, names=locals(), or "
                        "a module")
    paths, held = _parameter_paths(variables), _variable_names(variables)
    order = list(order)
    called = {x: x.name for node in order for x in (*node.operands, node) if is_node(x) and x.name}
    taken = set(called.values())
    for node in order:
        known = held.get(id(node), [])
        if id(node) in paths:
            called[node] = paths[id(node)]
        elif node not in called and len(known) == 1 and known[0] not in taken:
            called[node] = known[0]
    return told_apart(order, called)


def _parameter_paths(variables: Mapping[str, Any]) -> dict[int, str]:
    """The path of each parameter in the outermost module that contains it, by id."""
    modules = {name: x for name, x in variables.items() if hasattr(x, "named_parameters") and not name.startswith("_")}
    parts = {id(part) for x in modules.values() for part in x.modules() if part is not x}
    outermost = {id(x): (name, x) for name, x in modules.items() if id(x) not in parts}
    return {id(parameter): f"{name}.{path}" if len(outermost) > 1 else path
            for name, x in outermost.values() for path, parameter in x.named_parameters()}


def _variable_names(variables: Mapping[str, Any]) -> dict[int, list[str]]:
    """The names of the variables and of the places in lists that hold each node, by id."""
    held: dict[int, list[str]] = {}
    for name, x in variables.items():
        several = enumerate(x) if isinstance(x, (list, tuple)) else ()
        for text, node in [(name, x), *((f"{name}[{i}]", item) for i, item in several)]:
            if is_node(node) and not name.startswith("_"):
                held.setdefault(id(node), []).append(text)
    return held
