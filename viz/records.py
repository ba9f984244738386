"""The graph of a result as plain data: what pictures, tables and pages show of it. Nothing in it is alive.

A picture may leave things out: a scope collapses into one gate, and a very big graph becomes a summary of itself.
``Graph.notes`` then says what was left out and how to see it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from itertools import takewhile
from typing import Any, NamedTuple

from autograd.context import Scope
from autograd.symbolic import formulas, operand_names
from autograd.graph import topological
from autograd.operation import Operation

MANY, TOO_MANY = 300, 5_000  # gates: above the first, scopes collapse by default; above the second, all is one gate
LONG = 40_000  # gates that all wires pass by, together: above, the layout takes over 5 s and no wire can be followed
MANY_WIRES = 150  # between gates and collapsed scopes: above, the scopes around them collapse
FEW_INPUTS = 6  # more inputs than these that go to the same gates, one of them collapsed, are drawn as one


class Array(NamedTuple):
    """What a picture says of an array: all entries where they are few (in row order), else what they are like."""

    shape: tuple[int, ...]
    entries: tuple[float, ...] | None
    minimum: float
    mean: float
    maximum: float
    nans: int
    infs: int
    zeros: int


class Node(NamedTuple):
    """An input, gate, constant or output. ``id`` is the same however much of the graph is drawn.

    ``sign`` is what is written in the gate, constants folded in; ``parts`` is the same in pieces, each with whether
    it is a constant. ``gradient`` is the node's ``.grad``: None while no backward pass has reached it.
    ``accumulated`` says that ``gradient`` holds more than the contributions on the wires that leave: an earlier
    pass's share. ``scope`` is the path of its scope, ``box`` the id of the box that it is drawn in. ``trouble`` is
    "first" where a nan or inf arises, "after" where one came in. ``hidden`` counts the gates inside a collapsed one.
    ``members`` are the numbers of what is drawn as this node, as in ``autograd.steps``.
    """

    id: str
    kind: str
    label: str
    operation: str
    sign: str
    parts: tuple[tuple[str, bool], ...]
    value: float | Array | None
    gradient: float | Array | None
    accumulated: bool = False
    scope: str = ""
    box: str = ""
    trouble: str = ""
    hidden: int = 0
    members: tuple[int, ...] = ()


class Wire(NamedTuple):
    """A value on its way from ``source`` into an argument of ``target``, and the gradient that comes back on it.

    ``contribution = upstream × local``; all are None while no backward pass has reached the wire. ``local`` of a wire
    into a collapsed gate is the gradient through all of it. ``formula`` is the local gradient as written on the
    picture; ``note`` says where broadcasting expands and sums. ``edges`` are what is drawn as this wire, each as the
    numbers of its operation (as in ``autograd.steps``) and of the argument; none for the wire of a result.
    """

    id: str
    source: str
    target: str
    argument: int
    value: float | Array | None
    contribution: float | Array | None
    local: float | Array | None
    formula: str | None
    upstream: float | Array | None
    trouble: str = ""
    note: str = ""
    edges: tuple[tuple[int, int], ...] = ()


class Box(NamedTuple):
    """A scope that is drawn open; ``parent`` is the id of the box around it, or empty."""

    id: str
    name: str
    path: str
    parent: str


class Graph(NamedTuple):
    """Everything that is drawn; ``gates`` counts the operations of the whole graph, drawn or not.

    >>> plain = graph(Value(2.0, "x") * 3)
    >>> plain.gates, [wire.value for wire in plain.wires]
    (1, [2.0, 6.0])
    """

    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]
    boxes: tuple[Box, ...]
    notes: tuple[str, ...]
    gates: int


def graph(y: Any, collapse: bool | str | Iterable[str] | None = None, *, fold: bool | None = False,
          names: Any = None) -> Graph:
    """The graph of ``y`` (one node, or several in a list) as plain data; nothing is changed by looking.

    ``collapse`` draws scopes as one gate each: True all of them, False none, a name or path (or several) those;
    None decides by size: over 300 gates as much is collapsed as needed; over 5,000, or where wires pass by so many gates
    that none can be followed, all is summarised as one gate.
    ``fold`` makes one of collapsed gates that repeat, ×N (None: where there are still over 150 wires). ``names``
    (``locals()``, or a dictionary) names nodes that have no name after the one variable that is the node, or the list
    that it is in, and a module's parameters by their paths (``layers.0.weight``); it may be the module itself.
    Raises LookupError for a scope that is not there, TypeError for what is not a node.

    >>> from autograd import Value
    >>> x, y = Value(3.0, "x"), Value(4.0, "y")
    >>> g = graph(x * y + 1)
    >>> [(n.id, n.kind, n.label, n.sign, n.value) for n in g.nodes]  # doctest: +NORMALIZE_WHITESPACE
    [('n0', 'input', 'x', '', 3.0), ('n1', 'input', 'y', '', 4.0), ('n2', 'gate', '', '×', 12.0),
     ('n3', 'gate', '', '+1', 13.0), ('out0', 'output', '', '', 13.0)]
    >>> [(w.id, w.source, w.target, w.formula) for w in g.wires]  # doctest: +NORMALIZE_WHITESPACE
    [('w2-0', 'n0', 'n2', 'y'), ('w2-1', 'n1', 'n2', 'x'), ('w3-0', 'n2', 'n3', '1'), ('w-out0', 'n3', 'out0', None)]
    """
    roots = list(y) if isinstance(y, (list, tuple)) else [y]
    for root in roots or [None]:
        if not hasattr(root, "inputs") or not hasattr(root, "operands"):
            raise TypeError(f"a graph is drawn of a Value or Tensor, or of a list of them; got {root!r:.60} "
                            f"({type(root).__name__}). " + ("Draw what it returns, or its layers: viz.network(model)"
                            if hasattr(root, "named_parameters") else "Compute it from Values: Value(2.0, name='x')"))
    if names is not None:
        roots = named(roots, names)
    order = topological(*roots)
    gates = [node for node in order if node.operands]
    if len(gates) > TOO_MANY and collapse is None:
        return _summary(order, roots, gates, f"there are over {TOO_MANY:,} gates")
    chains = _chains(order)
    chosen = _chosen(collapse, gates, chains)
    owner = {node: scope for node in gates if (scope := next((s for s in chains[node.scope] if s in chosen), None))}
    if collapse is None and len(gates) > MANY and not owner and (passed := _passed(order)) > LONG:
        return _summary(order, roots, gates, f"the wires of {len(gates):,} gates would pass by {passed:,} others")
    shut = len(set(owner.values()))
    if (drawn := len(gates) - len(owner) + shut) > TOO_MANY:
        raise ValueError(f"{drawn:,} gates are too many for a picture (the limit is {TOO_MANY:,}): leave collapse out "
                         "for a summary, group with autograd.scope(name) and collapse, or draw an earlier node")
    notes = []
    if shut and collapse is None:
        scopes = f"{shut:,} scope{'s' * (shut > 1)}"
        notes = [f"{len(owner):,} of {len(gates):,} gates are collapsed into {scopes}: over {MANY:,} are a lot.",
                 "To see them: collapse=False, or collapse=[names of scopes]."]
    elif len(gates) > MANY and collapse is None:
        notes = [f"All {len(gates):,} gates are drawn, because none is in a scope.",
                 "To see less, group them: with autograd.scope(name)."]
    return _picture(order, roots, owner, chains, notes, fold)


def named(roots: list[Any], names: Any) -> list[Any]:
    """A copy of the graph with names from variables, where that is certain: one variable, and no other node's name.

    Parameters of modules go by their path, whatever name they have of their own.
    """
    held = {"": names} if hasattr(names, "named_parameters") else names
    if not isinstance(held, Mapping) or not all(isinstance(name, str) for name in held):
        raise TypeError(f"names={names!r:.60} ({type(names).__name__}): give variables by name, names=locals(), or a module")
    modules = {name: x for name, x in held.items() if hasattr(x, "named_parameters") and not name.startswith("_")}
    parts = {id(part) for x in modules.values() for part in x.modules() if part is not x}
    outermost = {id(x): (name, x) for name, x in modules.items() if id(x) not in parts}
    paths = {id(parameter): f"{name}.{path}" if len(outermost) > 1 else path
             for name, x in outermost.values() for path, parameter in x.named_parameters()}
    called: dict[int, list[str]] = {}
    for name, x in held.items():
        several = enumerate(x) if isinstance(x, (list, tuple)) else ()
        for text, node in [(name, x), *((f"{name}[{i}]", item) for i, item in several)]:
            if hasattr(node, "operands") and not name.startswith("_"):
                called.setdefault(id(node), []).append(text)
    copies = deepcopy(roots)
    nodes = topological(*roots)
    taken = {node.name for node in nodes}
    for node, copied in zip(nodes, topological(*copies)):
        known = called.get(id(node), [])
        if id(node) in paths:
            copied.name = paths[id(node)]
        elif not node.name and len(known) == 1 and known[0] not in taken:
            copied.name = known[0]
    return copies


# ── how things are written ───────────────────────────────────────────────────────────────────────────────────────

def number(x: float | None, digits: int | None = 3) -> str:
    """A number as pictures show it: as many digits as needed; all of them with ``digits=None``; nothing for None.

    >>> [number(x) for x in (2.0, -0.19661, 12.0, 0.0123, 1234.5, 1e-7, -0.0, None)]
    ['2.00', '−0.20', '12.0', '0.0123', '1234', '1.00e−7', '0.00', '']
    """
    if x is None:
        return ""
    if digits is None or not math.isfinite(x):
        return repr(x).replace("e-0", "e-").replace("e+", "e").replace("-", "−")
    text, exponent = f"{x:.{digits - 1}e}".split("e")  # the exponent after rounding: 0.9999 is 1.00
    power = int(exponent)
    if x == 0:
        text = f"{0:.{digits - 1}f}"
    elif -4 < power < 6:
        text = f"{x:.{max(digits - 1 - (power if power != -1 else 0), 0)}f}"
    else:
        text += f"e{power}"
    return text.replace("-", "−")


def typeset(formula: str, names: Iterable[Any] = ()) -> str:
    """Python text as it is written by hand, long numbers shortened; names that are not plain words stay as they are.

    >>> typeset("-1/x**2"), typeset("x >= 0"), typeset("out*0.6931471805599453")
    ('−1/x²', 'x ≥ 0', 'out·0.69')
    """
    kept = [re.escape(name) for name in names if isinstance(name, str) and name and not name.isidentifier()]
    pieces = re.split(f"({'|'.join(sorted(kept, key=len, reverse=True))})", formula) if kept else [formula]
    for i in range(0, len(pieces), 2):
        text = re.sub(r"\*\*(?:(\d+)|\((-?\d+)\))(?![\d.])", lambda m: superscript(m[1] or m[2]), pieces[i])
        text = re.sub(r"(?<![\w.])\d+(\.\d{4,}(e[-+]?\d+)?|(\.\d+)?e[-+]?\d+)", lambda m: number(float(m[0])), text)
        for plain, written in (("**", "^"), ("*", "·"), ("-", "−"), (">=", "≥"), ("<=", "≤"), ("==", "=")):
            text = text.replace(plain, written)
        pieces[i] = text
    return "".join(pieces)


def _formula(text: str, names: Iterable[Any], local: Any) -> str:
    """A local gradient as it is written on the wire: of two that are equal each gets half, whatever ``x > y`` says."""
    said = typeset(text, names)
    return re.sub("^(.*) [<>] (.*)$", r"½ (\1 = \2)", said) if type(local) is float and local == 0.5 else said


def superscript(text: str) -> str:
    """Digits and signs raised: ``superscript("-1")`` is ⁻¹."""
    return text.translate(str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def gate_sign(row: Any, operands: tuple[Any, ...]) -> tuple[tuple[str, bool], ...]:
    """What is written in a gate: the row's sign with its constants folded in, in pieces (text, is it a constant).

    >>> from autograd import Value
    >>> y = 1 / Value(2.0)
    >>> gate_sign(y.op, y.operands)
    (('1', True), ('/x', False))
    """
    at = [i for i, x in enumerate(operands) if not hasattr(x, "inputs")]
    text = row.sign
    if not at:
        return ((text, False),)
    if len(operands) != 2 or len(at) != 1:
        return (text, False), *((f" {_constant(operands[i])}", True) for i in at)
    c, last = _constant(operands[at[0]]), at[0] == 1
    bracketed = f"({c})" if c.startswith("−") else c
    if row.name in ("add", "mul"):
        return (text, False), (bracketed, True)
    if row.name == "pow":
        whole = re.fullmatch(r"−?\d+", c)
        return ((("x", False), (superscript(c) if whole else f"^{bracketed}", True)) if last
                else ((bracketed, True), ("ˣ", False)))
    if row.name in ("sub", "div"):
        return ((text, False), (bracketed, True)) if last else ((c, True), (f"{text}x", False))
    return ((text, False), (f" {c}", True)) if last else ((text, False), (f"({c}, x)", True))


def _constant(x: Any) -> str:
    if isinstance(x, (float, int)) and not isinstance(x, bool):
        return number(float(x), None).removesuffix(".0") if len(repr(float(x))) < 8 else number(float(x))
    shape = getattr(x, "shape", ())
    return _shape(shape) if shape else str(x)[:12]


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "1"


# ── numbers and arrays ───────────────────────────────────────────────────────────────────────────────────────────

def plain(data: Any) -> Any:
    """A node's data as a float, or an array's summary; None stays None."""
    if data is None:
        return None
    if not getattr(data, "shape", ()):
        return float(data)
    import numpy as np
    finite = np.isfinite(data)
    kept = np.asarray(data, dtype=float)[finite]
    low, mean, high = (kept.min(), kept.mean(), kept.max()) if kept.size else (math.nan,) * 3
    nans = int(np.isnan(data).sum())
    entries = tuple(map(float, np.ravel(data))) if data.size <= 6 else None
    return Array(tuple(data.shape), entries, float(low), float(mean), float(high), nans,
                 int(data.size - finite.sum()) - nans, int(data.size - np.count_nonzero(data)))


def bad(x: float | Array | None) -> bool:
    """Whether there is a nan or an infinity in it."""
    return x is not None and (bool(x.nans or x.infs) if isinstance(x, Array) else not math.isfinite(x))


def _differs(a: Any, b: Any) -> bool:
    difference = abs(a - b) > 1e-9 * abs(b)
    return bool(difference.any() if hasattr(difference, "any") else difference)


# ── what is left out ─────────────────────────────────────────────────────────────────────────────────────────────

def _chains(order: list[Any]) -> dict[Any, tuple[Any, ...]]:
    """For every scope that occurs, the scopes from the outermost to itself."""
    chains: dict[Any, tuple[Any, ...]] = {None: ()}
    for node in order:
        missing, scope = [], node.scope
        while scope not in chains:
            missing.append(scope)
            scope = scope.parent
        for inner in reversed(missing):
            chains[inner] = (*chains[inner.parent], inner)
    return chains


def _chosen(collapse: Any, gates: list[Any], chains: dict[Any, tuple[Any, ...]]) -> set[Any]:
    """The scopes to collapse."""
    scopes = [scope for scope in chains if scope is not None]
    if collapse is None:
        for depth in range(max(map(len, chains.values())), 0, -1) if len(gates) > MANY else ():
            place = {node: chain[depth - 1] if len(chain := chains[node.scope]) >= depth else node for node in gates}
            if len(set(place.values())) <= MANY and _wires(gates, place) <= MANY_WIRES or depth == 1:
                return {scope for scope in scopes if len(chains[scope]) == depth}
        return set()
    if isinstance(collapse, bool):
        return set(scopes if collapse else ())
    if not isinstance(collapse, Iterable):
        raise TypeError(f"collapse={collapse!r}: say True, False, or the names of scopes")
    wanted = {collapse} if isinstance(collapse, str) else set(collapse)
    unknown = sorted(wanted - {scope.name for scope in scopes} - {scope.path for scope in scopes})
    if unknown:
        there = sorted({scope.path for scope in scopes})[:9] or "none"
        raise LookupError(f"collapse={collapse!r}: no scope is called {unknown[0]!r} here; there are {there}. "
                          "Make one: with autograd.scope(name): …")
    return {scope for scope in scopes if scope.name in wanted or scope.path in wanted}


def _wires(gates: list[Any], place: dict[Any, Any]) -> int:
    """How many wires there are between these places, inputs that go the same ways bundled."""
    crossing = {(x, place[node]) for node in gates for x in node.inputs if place.get(x) is not place[node]}
    goes: dict[Any, set[Any]] = {}
    for x, target in crossing:
        if not x.operands:
            goes.setdefault(x, set()).add(target)
    alike = Counter(map(frozenset, goes.values()))
    return sum(bool(x.operands) for x, _ in crossing) + sum(len(to) * min(count, FEW_INPUTS) for to, count in alike.items())


def _depths(order: list[Any]) -> dict[Any, int]:
    depth: dict[Any, int] = {}
    for node in order:
        depth[node] = max([depth[x] for x in node.inputs], default=-1) + 1
    return depth


def _passed(order: list[Any]) -> int:
    """How many gates all wires pass by on their way, inputs standing beside the first gate that uses them."""
    depth = _depths(order)
    begins: dict[Any, int] = {}
    for node in sorted(order, key=depth.__getitem__):
        for x in node.inputs:
            begins.setdefault(x, depth[x] + 1 if x.operands else depth[node])
    return sum(depth[node] - begins[x] for node in order for x in node.inputs)


def _summary(order: list[Any], roots: list[Any], gates: list[Any], why: str) -> Graph:
    most = Counter(node.op.name for node in gates).most_common(5)
    counts = ", ".join(f"{count:,} {name}" for name, count in most)
    return _picture(order, roots, dict.fromkeys(gates, Scope(f"{len(gates):,} gates")), {None: ()}, [
        f"A summary, because {why}: {counts}; longest path {max(_depths(order).values()):,}.",
        "To see gates: draw a node nearer to the inputs, or group with autograd.scope(name) and collapse=True."])


# ── from nodes to data ───────────────────────────────────────────────────────────────────────────────────────────

def _picture(order: list[Any], roots: list[Any], owner: dict[Any, Any], chains: dict[Any, tuple[Any, ...]],
             notes: list[str], fold: bool | None = False) -> Graph:
    """The data of what is drawn; ``owner`` is the scope that a gate has collapsed into."""
    index = {node: i for i, node in enumerate(order)}
    scope_ids = {scope: f"s{i}" for i, scope in enumerate(scope for scope in chains if scope)}
    shut = dict.fromkeys(owner.values())
    scope_ids.update({scope: "all" for scope in shut if scope not in scope_ids})

    def place(node: Any) -> str:
        return scope_ids[owner[node]] if node in owner else f"n{index[node]}"

    wires: dict[str, Wire] = {}
    brought: dict[Any, Any] = {}  # what the wires of each node bring back to it, in all
    used: dict[Any, dict[Any, None]] = {scope: {} for scope in shut}  # the nodes inside that are used outside
    trouble_at = dict.fromkeys(shut, "")
    visible = [node for node in order if node not in owner]
    taken = {node.name for node in order}
    for node in order:
        scope = owner.get(node)
        if scope and not trouble_at[scope] and bad(node.data if isinstance(node.data, float) else plain(node.data)):
            trouble_at[scope] = _trouble(node)
        crossing = [(i, x) for i, x in enumerate(node.operands)
                    if hasattr(x, "inputs") and (scope is None or owner.get(x) is not scope)]
        if not crossing:
            continue
        locals, gains = _backward(node)
        written = formulas(node, taken) if isinstance(node.op, Operation) and scope is None else (None,) * len(gains)
        names = operand_names(node.operands, taken=taken) if scope is None else ()
        for i, x in crossing:
            if x not in index:  # a constant that is a node, which no walk reaches
                index[x] = len(index)
                visible.append(x)
            if x in owner:
                used[owner[x]][x] = None
            gain = gains[i]
            if gain is not None:
                brought[x] = brought[x] + gain if x in brought else gain
            value, contribution = plain(x.data), plain(gain)
            if scope is None:
                text, local = written[i], locals[i]
                wire = Wire(f"w{index[node]}-{i}", place(x), place(node), i, value, contribution,
                            None if local is None else plain(1.0 * local), _formula(text, names, local) if text else None,
                            plain(node.grad), _wire_trouble(node, contribution), _broadcast(x, node), ((index[node], i),))
            else:
                name = f"w-{place(x)}-{place(node)}-{index[x]}"
                before = wires[name].contribution if name in wires else None
                if isinstance(before, float) and isinstance(contribution, float):
                    contribution += before
                edges = (*(wires[name].edges if name in wires else ()), (index[node], i))
                wire = Wire(name, place(x), place(node), 0, value, contribution, None, None, None,
                            _wire_trouble(node, contribution), edges=edges)
            wires[wire.id] = wire
    for i, root in enumerate(roots):
        if root in owner:
            used[owner[root]][root] = None
        value, gradient = plain(root.data), plain(root.grad)
        wires[f"w-out{i}"] = Wire(f"w-out{i}", place(root), f"out{i}", 0, value, gradient, None, None, None)
    used_in: dict[Any, list[tuple[Any, ...]]] = {}
    for node in order:
        for x in node.operands:
            if hasattr(x, "inputs") and not x.operands:
                used_in.setdefault(x, []).append(chains[node.scope] if node not in owner else ())
    within = [_common(used_in[node]) if node in used_in else chains.get(node.scope, ()) for node in visible]
    around = [tuple(takewhile(lambda scope: scope not in shut, scopes)) for scopes in within]
    nodes = [_node(node, place(node), scope_ids[scopes[-1]] if scopes else "", brought.get(node), index[node])
             for node, scopes in zip(visible, around)]
    opened = dict.fromkeys(scope for scopes in around for scope in scopes)
    for scope in shut:  # what stands between an open scope and a collapsed one
        chain = chains.get(scope.parent, ())
        opened.update(dict.fromkeys(chain if not opened.keys().isdisjoint(chain) else ()))
    boxes = tuple(Box(scope_ids[scope], scope.name, scope.path, scope_ids.get(scope.parent, "")) for scope in opened)
    members: dict[Any, list[int]] = {scope: [] for scope in shut}
    for node, scope in owner.items():
        members[scope].append(index[node])
    into: dict[str, list[Wire]] = {}
    for wire in wires.values():
        into.setdefault(wire.target, []).append(wire)
    for scope in shut:
        made = list(used[scope])
        only = made[0] if len(made) == 1 else None
        id = scope_ids[scope]
        value, gradient = (plain(only.data), plain(only.grad)) if only is not None else (None, None)
        if isinstance(gradient, float) and gradient and math.isfinite(gradient):
            for wire in into.get(id, ()):
                if isinstance(wire.contribution, float):
                    wires[wire.id] = wire._replace(local=wire.contribution / gradient, upstream=gradient)
        name = (only.name or "") if only is not None else ""
        nodes.append(Node(id, "gate", name, "scope", scope.name, ((scope.name, False),), value, gradient, False,
                          scope.path, scope_ids.get(scope.parent, ""), trouble_at[scope],
                          len(members[scope]), tuple(members[scope])))
    for i, root in enumerate(roots):
        nodes.append(Node(f"out{i}", "output", root.name or "", "", "", (), plain(root.data), plain(root.grad)))
    kept, joined = nodes, list(wires.values())
    if fold or fold is None and len(joined) > MANY_WIRES:
        from .folding import folded
        kept, joined = folded(kept, joined)
        if notes and len(kept) < len(nodes):
            notes = [*notes, "Those that repeat are drawn as one, ×N; fold=False draws each."]
    kept, joined = _bundled(kept, joined)
    gates = sum(bool(node.operands) for node in order)
    return Graph(tuple(kept), tuple(joined), boxes, tuple(notes), gates)


def _common(chains: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The scopes that all of these are in: an input is drawn in the box where gates use it, beside a collapsed one."""
    return tuple(scopes[0] for scopes in takewhile(lambda scopes: len(set(scopes)) == 1, zip(*chains)))


def _node(node: Any, id: str, box: str, brought: Any, number: int) -> Node:
    parts = gate_sign(node.op, node.operands) if node.operands else ()
    fixed = node.op is not None or getattr(node, "requires_grad", True) is False  # cut from its graph, or never in one
    kind = "gate" if node.operands else "constant" if fixed else "input"
    more = not node.operands and node.grad is not None and (brought is None or _differs(node.grad, brought))
    return Node(id, kind, node.name or "", node.op.name if node.op else "", "".join(text for text, _ in parts), parts,
                plain(node.data), plain(node.grad), more, node.scope.path if node.scope else "",
                box, _trouble(node), members=(number,))


def _backward(node: Any) -> tuple[Any, list[Any]]:
    """For each operand the local gradient, and what goes back to it: None where nothing is to come, or has come yet."""
    locals = node.local_gradients
    gains: list[Any] = [None] * len(node.operands)
    for i, _, _, downstream, _ in node.contributions(node.grad) if node.grad is not None else ():
        gains[i] = downstream
    return locals, [None if getattr(x, "grad", None) is None else gain for x, gain in zip(node.operands, gains)]


def _trouble(node: Any) -> str:
    """Where a nan or inf arises ("first"), and where it only came in ("after")."""
    if not bad(plain(node.data)):
        return ""
    return "after" if any(bad(plain(x.data)) for x in node.operands if hasattr(x, "inputs")) else "first"


def _wire_trouble(node: Any, contribution: Any) -> str:
    return "" if not bad(contribution) else "after" if bad(plain(node.grad)) else "first"


def _broadcast(x: Any, node: Any) -> str:
    """What broadcasting does on a wire: only operations that work entry by entry broadcast."""
    before, after = getattr(x.data, "shape", ()), getattr(node.data, "shape", ())
    if before == after or not isinstance(node.op, Operation):
        return ""
    return f"{_shape(before)} → {_shape(after)}, gradient summed"


def _bundled(nodes: list[Node], wires: list[Wire]) -> tuple[list[Node], list[Wire]]:
    """Inputs that all go to the same collapsed gates become one, where they are more than a few."""
    goes: dict[str, set[str]] = {}
    for wire in wires:
        goes.setdefault(wire.source, set()).add(wire.target)
    collapsed = {node.id for node in nodes if node.hidden}
    groups: dict[frozenset[str], list[Node]] = {}
    for node in nodes:
        if node.kind in ("input", "constant") and goes[node.id] & collapsed:
            groups.setdefault(frozenset(goes[node.id]), []).append(node)
    for targets, members in groups.items():
        rest = members[FEW_INPUTS - 1:] if len(members) > FEW_INPUTS else []
        if rest:
            gone = {node.id for node in rest}
            wires = [wire for wire in wires if wire.source not in gone]
            first = rest[0].id
            nodes = [node for node in nodes if node.id not in gone]
            nodes.append(Node(f"{first}-more", "input", f"{len(rest):,} more inputs", "", "", (), None, None,
                              box=rest[0].box, trouble=max(node.trouble for node in rest)))
            wires += [Wire(f"w-{first}-more-{target}", f"{first}-more", target, 0, None, None, None, None, None)
                      for target in sorted(targets)]
    return nodes, wires
