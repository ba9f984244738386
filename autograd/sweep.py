"""The one backward walk: every edge from a result back to its inputs, with its gradients.

Gradients, steps, pictures, paths and the tracer of nan loop over ``sweep_edges``; the two hot loops (``Value.backward``, the
one over arrays in ``tensor``) do the same work written out, and tests hold them equal to it.

**A branch not taken.** An edge passes nothing where nothing arrived at its node, or where its local gradient is the
False of a selection: neither 0 · inf nor 0 · nan. Everything else is an ordinary product, so ``sqrt(x) * 0.0`` has
the gradient nan at 0, and ``relu(sqrt(x))`` has 0. For arrays this holds entry by entry: ``arrived`` is a mask.
"""

from __future__ import annotations

from collections import namedtuple
from operator import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .graph import Node


class SweptEdge(namedtuple("SweptEdge", "node argument input upstream local downstream total arrived")):
    """One edge, walked backward: from ``node`` to ``input``, which is its operand number ``argument``.

    ``downstream = upstream × local`` where a gradient arrived, else 0; ``total`` is the sum of the contributions to the
    input so far, this contribution included. ``local`` is None for an operation that mixes the entries of arrays.
    ``arrived`` is True, False, or a mask of the entries of the input.
    """

    __slots__ = ()


def sweep_edges(order: Iterable[Node], adjoints: dict[Any, Any], **options: Any) -> Iterator[SweptEdge]:
    """Yield every edge of the nodes in ``order`` (results first), and fill ``adjoints``, which holds the seeds.

    The options are those of ``sweep_nodes``.

    >>> x = Value(3.0, "x")
    >>> y = x * x
    >>> adjoints = {y: 1.0}
    >>> [(edge.downstream, edge.total) for edge in sweep_edges([y, x], adjoints)], adjoints[x]
    ([(3.0, 3.0), (3.0, 6.0)], 6.0)
    """
    for edges in sweep_nodes(order, adjoints, **options):
        yield from edges


def sweep_nodes(order: Iterable[Node], adjoints: dict[Any, Any], *, accumulate: Callable[[Any, Any], Any] = add,
                arrivals: dict[Any, Any] | None = None, **options: Any) -> Iterator[list[SweptEdge]]:
    """As ``sweep_edges``, with the edges of one node at a time.

    ``accumulate`` joins two contributions at a node. ``arrivals`` says where something has arrived (by default at
    the seeds), and is kept up to date. ``options`` go to ``Node.contributions``: ``create_graph``, ``needed``, ``fit``.
    """
    arrivals = dict.fromkeys(adjoints, True) if arrivals is None else arrivals
    for node in order:
        if not node.inputs or node not in adjoints:
            continue
        upstream, edges = adjoints[node], []
        with node.sweep_context():
            for argument, x, local, downstream, arrived in node.contributions(upstream, arrivals.get(node, False), **options):
                total = adjoints[x] = accumulate(adjoints[x], downstream) if x in adjoints else downstream
                arrivals[x] = either(arrivals.get(x, False), arrived)
                edges.append(SweptEdge(node, argument, x, upstream, local, downstream, total, arrived))
        yield edges


def either(a: Any, b: Any) -> Any:
    """The union of two answers to where something arrived: each True, False or a mask.

    >>> either(False, True)
    True
    """
    if a is True or b is True:
        return True
    return b if a is False else a if b is False else a | b
