"""The walk through backpropagation as plain records: every operation forward, then every edge backward."""

from __future__ import annotations

from collections import namedtuple
from functools import reduce
from operator import add

from .symbolic import constant, filled, operand_text, template
from .graph import check_node, topological
from .naming import labels, told_apart
from .notebook import shortened, table, written
from .sweep import sweep_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, NamedTuple

MISTAKES = {
    "overwrite": "= for +=: what arrives at a node replaces what was there",
    "order": "no topological order: each node passes its gradient on as soon as some of it has arrived",
    "zero_grad": "zero_grad forgotten: a second pass adds to what the first one left at the leaves",
    "unbroadcast": "the sum over what was broadcast is forgotten: a gradient has another shape than its value",
}
PATIENCE = 10_000  # limit of steps for a walk without order, which takes every path


if TYPE_CHECKING:  # the same fields with types; amounts are numbers or arrays
    class EdgeFields(NamedTuple):
        source: int
        target: int
        argument: int
        target_label: str
        upstream: Any
        local: Any
        formula: str
        downstream: Any
        total: Any
        right: Any = None

    class StepFields(NamedTuple):
        phase: str
        node: int
        label: str
        operation: str
        sign: str
        inputs: tuple[Any, ...]
        value: Any
        gradient: Any
        edges: tuple[Edge, ...]
        scope: str
        right: Any = None
else:
    EdgeFields = namedtuple("Edge", "source target argument target_label upstream local formula downstream total right",
                            defaults=[None])
    StepFields = namedtuple("Step", "phase node label operation sign inputs value gradient edges scope right", defaults=[None])


class Edge(EdgeFields):
    """One wire, walked backward: ``downstream = upstream × local`` arrives at ``target`` and is added up there.

    ``local`` is the local gradient as a number, ``formula`` as text; ``total`` is the sum of the target's contributions so far,
    including this one; ``target`` and ``source`` are numbers of nodes. ``right`` is what ``total`` should be, where a mistake made
    it something else.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Edge to {self.target_label}: {self.product}>"

    @property
    def product(self) -> str:
        """The edge's arithmetic in short numbers: upstream × local = downstream."""
        return " = ".join([f"{written(self.upstream)} × {written(self.local)}" if self.local is not None else self.formula,
                           written(self.downstream)])


class Step(StepFields):
    """One step: a node computed (``phase`` "forward") or its gradient passed on to its inputs ("backward").

    ``node`` is the node's number in topological order, ``label`` the one name that it has everywhere: its own, behind the
    path of its scope where others are called so, or ``v`` and the number (``vv`` where a name is like that); ``operation``
    is the row's name, "input" for a leaf. ``inputs`` are the operands' labels, constants as numbers. ``value`` is the
    node's number, ``gradient`` the gradient of the result with respect to it (None in the forward phase), complete when its
    step comes; ``edges`` are its wires to its inputs (empty in the forward phase). ``right`` is what ``gradient`` should be,
    where a mistake made it something else.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        passed = f", gradient {written(self.gradient)}" if self.phase == "backward" else ""
        return f"<Step {self.phase}: {self.computed} = {written(self.value)}{passed}>"

    @property
    def computed(self) -> str:
        """The node and how it was computed, say ``v2 = mul(x, w)``; of an input its name alone."""
        return self.label if self.operation == "input" else \
            f"{self.label} = {self.operation}({', '.join(x if isinstance(x, str) else written(x) for x in self.inputs)})"


class Steps(list[Step]):
    """The steps of a walk: a list, which shows itself as a table.

    >>> from autograd import Value
    >>> steps(Value(3.0, "x") * 2)
    forward   x               3
    forward   v1 = mul(x, 2)  6
    backward  v1 = mul(x, 2)  6  gradient 1
                → x              1 × 2 = 2
    """

    def _cells(self) -> list[tuple[str, str, str, str]]:
        """Phase, node, value, and gradient or product: a row for each step, and one for each edge of it."""
        cells = []
        for step in self:
            gradient = f"gradient {written(step.gradient)}" if step.phase == "backward" else ""
            cells.append((step.phase, step.computed, written(step.value), gradient))
            cells += [("", f"  → {edge.target_label}", "", edge.product) for edge in step.edges]
        return cells

    def __str__(self) -> str:
        cells = self._cells()
        wide = [max((len(row[i]) for row in cells), default=0) for i in range(3)]
        return "\n".join(f"{a:{wide[0]}}  {b:{wide[1]}}  {c:{wide[2]}}  {d}".rstrip() for a, b, c, d in cells)

    def __repr__(self) -> str:
        return shortened(str(self))

    def _repr_html_(self) -> str:
        rows = [(*row[:3], row[3].removeprefix("gradient ")) for row in self._cells()]
        return table(["phase", "node", "value", "gradient, and what is passed on"], rows, f"{len(self):,} steps")


def steps(y: Any, seed: Any = None, mistake: str | None = None) -> Steps:
    """The walk through the graph of ``y``: forward in topological order, then backward; nothing is changed.

    ``mistake`` makes a classic error on purpose, with the correct numbers beside the wrong ones: "overwrite" (= for +=),
    "order" (no topological order), "zero_grad" (forgotten: a second pass on top of the first) or "unbroadcast"
    (forgotten; of Tensors; the walk ends where shapes no longer go together). Raises ValueError for another name, and
    where a walk in no order would not come to an end.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> walk = steps(x * x)
    >>> [(s.phase, s.operation) for s in walk]
    [('forward', 'input'), ('forward', 'mul'), ('backward', 'mul')]
    >>> [(e.upstream, e.local, e.formula, e.downstream, e.total) for e in walk[-1].edges]
    [(1.0, 3.0, 'x', 3.0, 3.0), (1.0, 3.0, 'x', 3.0, 6.0)]
    >>> [(e.total, e.right) for e in steps(x * x, mistake="overwrite")[-1].edges]
    [(3.0, None), (3.0, 6.0)]
    """
    check_node(y, "steps")
    if mistake is not None and mistake not in MISTAKES:
        raise ValueError(f"mistake={mistake!r}: choose one of {', '.join(MISTAKES)}")
    walker = _Walker(y, topological(y), seed)
    return Steps(walker.right() if mistake is None else walker.wrong(mistake, walker.right()))


def walks(y: Any, seed: Any = None, order: list[Any] | None = None,
          names: Mapping[Any, str] | None = None) -> dict[str, list[Step]]:
    """Return the right walk, under "", and every wrong one that this graph has, under its mistake; in one order of the nodes.

    ``order`` is ``topological(y)``, for a caller who has it; ``names`` are the names of nodes in place of their own.

    >>> from autograd import Value
    >>> x = Value(3.0, "x")
    >>> {mistake: walk[-1].edges[-1].total for mistake, walk in walks(x * x).items()}
    {'': 6.0, 'overwrite': 3.0, 'order': 6.0, 'zero_grad': 12.0}
    """
    check_node(y, "walks")
    walker = _Walker(y, topological(y) if order is None else order, seed, names)
    found = {"": walker.right()}
    for mistake in MISTAKES:
        try:
            found[mistake] = walker.wrong(mistake, found[""])
        except ValueError:  # numbers do not broadcast, and a walk without order may be too long
            continue
    return found


class _Walker:
    """Walks through one graph: the numbers and labels of its nodes are found once, and its forward steps made once."""

    def __init__(self, y: Any, order: list[Any], seed: Any, names: Mapping[Any, str] | None = None):
        self.y, self.order, self.seed = y, order, seed
        self.place = {node: i for i, node in enumerate(order)}
        self.named = told_apart(order, names)
        self.labels = list(labels(order, self.named).values())
        self.forward = [self.step("forward", node, None, ()) for node in order]

    def right(self) -> list[Step]:
        """The walk as backpropagation takes it."""
        with self.y.sweep_context():
            return [*self.forward, *self.backward(reversed(self.order), {self.y: self.y.seed_gradient(self.seed)})]

    def wrong(self, mistake: str, right: list[Step]) -> list[Step]:
        """The walk with a mistake, with the correct numbers beside the wrong ones."""
        if mistake == "unbroadcast" and not any(hasattr(node, "shape") for node in self.order):
            raise ValueError("mistake='unbroadcast' needs Tensors: numbers are not broadcast; compute y from Tensors")
        walk = list(self.forward)
        adjoints = {self.y: self.y.seed_gradient(self.seed)}
        options: dict[str, Any] = {"accumulate": lambda old, new: new} if mistake == "overwrite" else {}
        with self.y.sweep_context():
            try:
                visited = _recursion(self.y) if mistake == "order" else reversed(self.order)
                walk.extend(self.backward(visited, adjoints, fit=mistake != "unbroadcast", **options))  # up to an error
                if mistake == "zero_grad":
                    left = {node: total for node, total in adjoints.items() if not node.inputs}
                    walk += self.backward(reversed(self.order), {self.y: self.y.seed_gradient(self.seed), **left})
            except ValueError:
                if mistake != "unbroadcast":
                    raise
            return _compared(walk, right)

    def backward(self, visited: Iterable[Any], adjoints: dict[Any, Any], **options: Any) -> Iterator[Step]:
        """The steps of one pass over these nodes; ``adjoints`` maps each node to its gradient so far, initially the seed."""
        place, labels = self.place, self.labels
        for edges in sweep_nodes(visited, adjoints, **options):
            node = edges[0].node
            called = [self.called(x) for x in node.operands]
            names = list(map(operand_text, called))
            yield self.step("backward", node, edges[0].upstream, tuple(
                Edge(place[node], place[e.input], e.argument, labels[place[e.input]], e.upstream,
                     None if e.local is None else 1.0 * e.local,
                     filled(template(node.op, e.argument, called), names, labels[place[node]]), e.downstream, e.total)
                for e in edges))

    def called(self, x: Any) -> Any:
        """The label of an operand; of a constant its name, else its number or array."""
        return self.labels[self.place[x]] if x in self.place else self.named.get(x) or constant(x)

    def step(self, phase: str, node: Any, gradient: Any, edges: tuple[Edge, ...]) -> Step:
        """The record of one step."""
        i = self.place[node]
        inputs = tuple(map(self.called, node.operands))
        operation, sign = (node.op.name, node.op.sign) if node.op else ("input", "")
        return Step(phase, i, self.labels[i], operation, sign, inputs, node.data, gradient, edges,
                    node.scope.path if node.scope else "")


def _recursion(y: Any) -> Iterator[Any]:
    """Nodes as plain recursion meets them: each hands on, then its inputs do, however much is still to arrive."""
    stack = [y]
    for _ in range(PATIENCE):
        if not stack:
            return
        node = stack.pop()
        yield node
        stack += reversed(dict.fromkeys(node.inputs))
    raise ValueError(f"mistake='order': without an order every path is walked, which takes over {PATIENCE:,} "
                     "steps here; use a smaller graph")


def _compared(walk: list[Step], right: list[Step]) -> list[Step]:
    """A walk with the correct number beside each wrong gradient of a node and wrong sum at a target."""
    gradients = {step.node: step.gradient for step in right}
    arriving = {(e.source, e.argument): e.downstream for step in right for e in step.edges}
    arrived: dict[int, dict[Any, Any]] = {}  # at each target, by edge
    first = next((step for step in walk if step.phase == "backward"), None)
    for i, step in enumerate(walk):
        if step.phase == "forward":
            continue
        if first is not None and step.node == first.node:  # a pass begins
            arrived = {}
        edges = []
        for edge in step.edges:
            parts = arrived.setdefault(edge.target, {})
            parts[edge.source, edge.argument] = arriving[edge.source, edge.argument]
            edges.append(edge._replace(right=_unless_same(edge.total, reduce(add, parts.values()))))
        walk[i] = step._replace(edges=tuple(edges), right=_unless_same(step.gradient, gradients[step.node]))
    return walk


def _unless_same(x: Any, right: Any) -> Any:
    """The right number, where ``x`` is not it; None where it is, to the rounding of sums in another order."""
    if getattr(x, "shape", ()) != getattr(right, "shape", ()):
        return right
    same = (x == right) | (abs(x - right) <= 1e-9 * abs(right)) | ((x != x) & (right != right))
    return None if getattr(same, "all", lambda: same)() else right
