"""Choice of the scopes that a picture draws as one gate each: those that the caller names, or as many as its size requires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from autograd.context import Scope
from autograd.graph import Node

MANY, TOO_MANY = 300, 5_000  # gates: above the first, scopes collapse by default; above the second, everything is one gate
LONG = 40_000  # sum over all wires of the gates passed: above, the layout takes over 5 s and no wire can be followed
MANY_WIRES = 150  # between gates and collapsed scopes: above, the scopes around them collapse
FEW_INPUTS = 6  # more inputs than this with the same targets, one of them collapsed, are drawn as one

Collapse = bool | str | Iterable[str] | None  # all, none, names or paths of scopes; None: as the size requires
Chain = tuple[Scope, ...]  # scopes from the outermost inwards


class Collapsing(NamedTuple):
    """The scope that replaces each collapsed gate (``owner``), the chain of each scope, and notes for the reader."""

    owner: dict[Node, Scope]
    chains: dict[Scope | None, Chain]
    notes: list[str]


def collapse_scopes(order: list[Node], collapse: Collapse) -> Collapsing:
    """Choose the scopes of a graph to draw as one gate each.

    Raises LookupError for an unknown scope, TypeError for a ``collapse`` of another type, ValueError where too many gates are left.
    """
    gates = [node for node in order if node.operands]
    if len(gates) > TOO_MANY and collapse is None:
        return _all_as_one(order, gates, f"there are over {TOO_MANY:,} gates")
    chains = scope_chains(order)
    chosen = _chosen_scopes(collapse, gates, chains)
    owner = {node: scope for node in gates if (scope := next((s for s in chains[node.scope] if s in chosen), None))}
    if collapse is None and len(gates) > MANY and not owner and (passed := gates_passed_by(order)) > LONG:
        return _all_as_one(order, gates, f"the wires of {len(gates):,} gates would pass by {passed:,} others")
    shut = len(set(owner.values()))
    if (drawn := len(gates) - len(owner) + shut) > TOO_MANY:
        raise ValueError(f"{drawn:,} gates are too many for a picture (the limit is {TOO_MANY:,}): leave out collapse "
                         "for a summary, group with autograd.scope(name) and collapse, or draw an earlier node")
    return Collapsing(owner, chains, _notes(len(gates), len(owner), shut) if collapse is None else [])


def _notes(gates: int, collapsed: int, scopes: int) -> list[str]:
    """Notes that say how much was collapsed because of the size, and how to show it."""
    if scopes:
        into = f"{scopes:,} scope{'s' * (scopes > 1)}"
        return [f"{collapsed:,} of {gates:,} gates are collapsed into {into}: over {MANY:,} are a lot.",
                "To see them: collapse=False, or collapse=[names of scopes]."]
    if gates > MANY:
        return [f"All {gates:,} gates are drawn, because none is in a scope.",
                "To see less, group them: with autograd.scope(name)."]
    return []


def _all_as_one(order: list[Node], gates: list[Node], why: str) -> Collapsing:
    """Collapse all gates into one, with notes that count the gates of each kind."""
    most = Counter(node.op.name for node in gates).most_common(5)
    counts = ", ".join(f"{count:,} {name}" for name, count in most)
    longest = max(_depths(order).values())
    return Collapsing(dict.fromkeys(gates, Scope(f"{len(gates):,} gates")), {None: ()}, [
        f"A summary, because {why}: {counts}; longest path {longest:,}.",
        "To see gates: draw a node nearer to the inputs, or group with autograd.scope(name) and collapse=True."])


def scope_chains(order: Iterable[Node]) -> dict[Scope | None, Chain]:
    """Return for every scope in the graph its chain: the scopes from the outermost one to itself.

    >>> with scope("outer"), scope("inner"):
    ...     y = Value(2.0) * 3
    >>> [[s.name for s in chain] for chain in scope_chains([y]).values()]
    [[], ['outer'], ['outer', 'inner']]
    """
    chains: dict[Scope | None, Chain] = {None: ()}
    for node in order:
        missing, scope = [], node.scope
        while scope is not None and scope not in chains:
            missing.append(scope)
            scope = scope.parent
        for inner in reversed(missing):
            chains[inner] = (*chains[inner.parent], inner)
    return chains


def _chosen_scopes(collapse: Collapse, gates: list[Node], chains: Mapping[Scope | None, Chain]) -> set[Scope]:
    """Return the scopes that ``collapse`` names."""
    scopes = [scope for scope in chains if scope is not None]
    if collapse is None:
        return _scopes_of_one_depth(gates, chains) if len(gates) > MANY else set()
    if isinstance(collapse, bool):
        return set(scopes if collapse else ())
    if not isinstance(collapse, Iterable):
        raise TypeError(f"collapse={collapse!r}: give True, False, or the names of scopes")
    wanted = {collapse} if isinstance(collapse, str) else set(collapse)
    unknown = sorted(wanted - {scope.name for scope in scopes} - {scope.path for scope in scopes})
    if unknown:
        there = sorted({scope.path for scope in scopes})[:9] or "none"
        raise LookupError(f"collapse={collapse!r}: no scope is called {unknown[0]!r} here; the scopes are {there}. "
                          "To make one, write with autograd.scope(name): …")
    return {scope for scope in scopes if scope.name in wanted or scope.path in wanted}


def _scopes_of_one_depth(gates: list[Node], chains: Mapping[Scope | None, Chain]) -> set[Scope]:
    """Return the scopes of the greatest depth that leaves few enough gates and wires."""
    for depth in range(max(map(len, chains.values())), 0, -1):
        place = {node: chain[depth - 1] if len(chain := chains[node.scope]) >= depth else node for node in gates}
        if len(set(place.values())) <= MANY and _wires_between(gates, place) <= MANY_WIRES or depth == 1:
            return {scope for scope, chain in chains.items() if scope is not None and len(chain) == depth}
    return set()


def _wires_between(gates: Iterable[Node], place: Mapping[Node, Node | Scope]) -> int:
    """Count the wires between these places, with inputs of the same targets counted once."""
    crossing = {(x, place[node]) for node in gates for x in node.inputs if place.get(x) is not place[node]}
    targets: dict[Node, set[Node | Scope]] = {}
    for x, target in crossing:
        if not x.operands:
            targets.setdefault(x, set()).add(target)
    alike = Counter(map(frozenset, targets.values()))
    return sum(bool(x.operands) for x, _ in crossing) + sum(len(to) * min(count, FEW_INPUTS) for to, count in alike.items())


def _depths(order: Iterable[Node]) -> dict[Node, int]:
    depth: dict[Node, int] = {}
    for node in order:
        depth[node] = max([depth[x] for x in node.inputs], default=-1) + 1
    return depth


def gates_passed_by(order: list[Node]) -> int:
    """Count the gates that wires pass, summed over all wires; an input stands beside the first gate that uses it.

    >>> x = Value(2.0)
    >>> y = x * 3
    >>> gates_passed_by([x, y, z := y * 3, z * y])
    1
    """
    depth = _depths(order)
    begins: dict[Node, int] = {}
    for node in sorted(order, key=depth.__getitem__):
        for x in node.inputs:
            begins.setdefault(x, depth[x] + 1 if x.operands else depth[node])
    return sum(depth[node] - begins[x] for node in order for x in node.inputs)
