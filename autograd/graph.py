"""Graphs as such, of any kind of node: their order, and copies and pickles of them, all without recursion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import ops
from .context import current
from .errors import GradientError
from .row import Operators


def topological(*roots: Any) -> list[Any]:
    """All nodes above ``roots``, each once, inputs before outputs; works on any nodes, and changes nothing."""
    seen: set[Any] = set()
    order: list[Any] = []
    stack: list[Any] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += (node, None, *reversed(node.inputs))
    return order


def check_backward(y: Any, leaves: Iterable[Any]) -> None:
    """Refuse a backward pass that would be silently useless."""
    context = current()
    if context is not None and not context.recording:
        raise GradientError(f"backward of {y!r} inside no_grad(): gradients are switched off here; call it outside")
    if all(leaf.op is ops.constant for leaf in leaves):
        raise GradientError(f"backward of {y!r}: it depends on nothing that takes a gradient; it was computed inside "
                            "no_grad(), or from detached nodes. Compute it outside, from Value(...)s")


class Node(Operators):
    """What every kind of node shares: copies and pickles that keep the graph, whatever its depth.

    A class names its slots that hold other nodes, alone or in tuples, in ``_links``; all other slots are copied.
    """

    __slots__ = ()
    _links: tuple[str, ...]
    inputs: Any
    data: Any

    def __float__(self) -> float:
        return float(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    # comparisons are of the data, and plain: no gradient flows through them. As keys, nodes are themselves
    def __eq__(self, other: object) -> Any:
        return self.data == _data(other)

    def __ne__(self, other: object) -> Any:
        return self.data != _data(other)

    def __lt__(self, other: Any) -> Any:
        return self.data < _data(other)

    def __le__(self, other: Any) -> Any:
        return self.data <= _data(other)

    def __gt__(self, other: Any) -> Any:
        return self.data > _data(other)

    def __ge__(self, other: Any) -> Any:
        return self.data >= _data(other)

    __hash__ = object.__hash__

    def _contents(self) -> list[Any]:
        return [None if slot == "mark" else getattr(self, slot) for slot in self.__slots__]

    def __copy__(self) -> Any:
        return _restore(type(self), self._contents())

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        for node in topological(self):  # inputs first, so that no copy recurses
            if id(node) not in memo:
                copied = memo[id(node)] = node.__copy__()
                for slot in node._links:
                    setattr(copied, slot, _relink(getattr(node, slot), lambda x: memo[id(x)]))
        return memo[id(self)]

    def __reduce__(self) -> Any:
        if not self.inputs:
            return _restore, (type(self), self._contents())
        place: dict[Any, int] = {}
        records: list[Any] = []
        for node in topological(self):  # one flat list: leaves themselves, and for other nodes what is in their slots
            place[node] = len(place)
            contents = [_relink(content, lambda x: _Place(place[x])) for content in node._contents()]
            records.append((type(node), contents) if node.inputs else node)
        return _assemble, (records,)


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Node) else x


class _Place(int):
    """Where in the flat list of a pickle a node stands."""


def _relink(content: Any, replace: Any) -> Any:
    if isinstance(content, (Node, _Place)):
        return replace(content)
    return tuple(_relink(x, replace) for x in content) if isinstance(content, tuple) else content


def _restore(kind: Any, contents: list[Any]) -> Any:
    node = object.__new__(kind)
    for slot, content in zip(kind.__slots__, contents, strict=True):
        setattr(node, slot, content)
    return node


def _assemble(records: list[Any]) -> Any:
    nodes: list[Any] = []
    for record in records:
        if not isinstance(record, Node):
            kind, contents = record
            record = _restore(kind, [_relink(content, nodes.__getitem__) for content in contents])
        nodes.append(record)
    return nodes[-1]
