"""The graph of the checked function: its backward sweep, its rounding, the nodes at a kink or not finite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import hypot, isfinite
from sys import float_info
from typing import TYPE_CHECKING, Any

from ..functional import Reverse, flatten, plain
from ..graph import is_node, topological
from ..sweep import SweptEdge, sweep_nodes
from .subject import CheckedFunction

if TYPE_CHECKING:
    from ..graph import Node
    from ..typing import Rule

__tracebackhide__ = True


def recorded_nodes(subject: CheckedFunction) -> list[Node]:
    """The nodes of the graph at the point, inputs first."""
    return topological(*filter(is_node, flatten(subject.run.y)[0]))


def sweep_back(subject: CheckedFunction, cotangent: Sequence[float], run: Reverse | None = None) -> Iterator[list[SweptEdge]]:
    """The edges of each node that the gradient of ⟨cotangent, f⟩ reaches, results first."""
    adjoints: dict[Any, Any] = {}
    for y, seed in zip(flatten((run or subject.run).y)[0], flatten(subject.output.tree(cotangent))[0]):
        if is_node(y):
            seed = y.seed_gradient(seed)
            adjoints[y] = adjoints[y] + seed if y in adjoints else seed
    order = topological(*adjoints)
    yield from filter(None, sweep_nodes(reversed(order), adjoints))


def predicted_noise(subject: CheckedFunction, cotangent: Sequence[float], point: Sequence[float] | None = None) -> float:
    """Rounding in ⟨cotangent, f⟩, if each operation's result is off by a third of ε, independently; 0 without a graph."""
    if subject.gradient is not None:
        return 0.0
    noise = 0.0
    for edge, *_ in sweep_back(subject, cotangent, subject.record(point) if point else None):
        off = edge.upstream * plain(edge.node)
        noise = hypot(noise, float((off * off).sum()) ** 0.5 if getattr(off, "shape", ()) else float(off))
    return 0.3 * float_info.epsilon * noise if isfinite(noise) else 0.0


def first_nonfinite(subject: CheckedFunction, cotangent: Sequence[float] | None) -> str:
    """Describe the first node that is not finite, or with a cotangent the first that passes back a gradient that is not."""
    if subject.gradient is not None:
        return ""
    if cotangent is None:
        bad = next((node for node in recorded_nodes(subject) if not _is_finite(node.data)), None)
        return f", first at {_describe(bad)}" if bad is not None else ""
    for edges in sweep_back(subject, cotangent):
        if not all(_is_finite(edge.downstream) for edge in edges):
            return f", first behind {_describe(edges[0].node)}"
    return ""


def operations_at_kinks(subject: CheckedFunction) -> str:
    """The operations in a graph of numbers that stand at their kink, where a partial jumps; "" for arrays."""
    if subject.gradient is not None or any(subject.spec.shapes) or any(subject.output.shapes):
        return ""
    bent = [node for node in recorded_nodes(subject)
            if node.op and any(_partial_jumps(node, i) for i in range(len(node.operands)))]
    return ", ".join(list(dict.fromkeys(describe_call(node) for node in bent))[:4])


def _partial_jumps(node: Node, argument: int) -> bool:
    """True if a partial of a scalar operation jumps next to its operand: it differs as much close by as further away."""
    rule: Rule = node.op.partials[argument]
    xs = [float(x) for x in node.operands]
    if not callable(rule):
        return False
    x = xs[argument]
    jumps = []
    for away in (abs(x) * 1e-14 or 1e-300, abs(x) * 8e-14 or 8e-300):
        sides = []
        for moved in (x - away, x + away):
            xs[argument] = moved
            sides.append(float(rule(node.op(*xs), *xs)))
        jumps.append(abs(sides[0] - sides[1]))
    return 1e-3 * max(map(abs, sides)) < jumps[1] < 2 * jumps[0]


def _is_finite(x: Any) -> bool:
    x = plain(x)
    return isfinite(x) if not getattr(x, "shape", ()) else bool((x - x == 0).all())


def _describe(node: Node) -> str:
    name = f" ({node.name})" if node.name else ""
    return f"{describe_call(node)} = {_brief(node)}{name}"


def describe_call(node: Node) -> str:
    """The operation of a node with its operands, on one line."""
    return f"{node.op.name if node.op else 'an input'}({', '.join(map(_brief, node.operands))})"


def _brief(x: Any) -> str:
    """A number, or an array's shape and first entries, on one line."""
    x = plain(x)
    if not getattr(x, "shape", ()):
        return f"{x!s:.24}"
    first = ", ".join(f"{entry:.4g}" for entry in x.ravel()[:2].tolist())
    return f"{'×'.join(map(str, x.shape))} [{first}{', …' if x.size > 2 else ''}]"
