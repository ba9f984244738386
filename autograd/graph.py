"""Graphs as such, of any kind of node: their order, and copies and pickles of them, all without recursion."""

from __future__ import annotations

from itertools import islice, repeat
from operator import attrgetter

from . import ops
from .context import Scope, current
from .errors import GradientError
from .escapes import escape, escape_by_copy, warn_of_rebinding, watch_growth
from .operation import Operators

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from typing import Any


def topological(*roots: Any) -> list[Any]:
    """All nodes above ``roots``, each once, inputs before outputs; works on any nodes, and changes nothing."""
    seen: set[Any] = set()
    order: list[Any] = []
    stack: list[Any] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:  # all inputs of the next node are in the order now
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            inputs = node.inputs
            if inputs:
                stack += (node, None)
                stack += inputs[::-1]
            else:
                order.append(node)
    return order


def is_node(x: Any) -> bool:
    """True for a Value, a Tensor and every further kind of node that records its graph.

    >>> is_node(Value(2.0)), is_node(2.0)
    (True, False)
    """
    return isinstance(x, Node)


def check_name(name: Any) -> None:
    """Refuse a name that is no text: tables, pictures and files of the graph are sorted and written by names."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"the name of a node must be a string, not {type(name).__name__} {name!r:.40}; write "
                        f"name={str(name)[:40]!r}")


def check_node(x: Any, what: str) -> None:
    """Raise TypeError for an object that is not a node, for example a result that is a plain number."""
    if not isinstance(x, Node):
        raise TypeError(f"{what}({x!r:.60}): that is a {type(x).__name__}; give Values or Tensors")


def check_recording(y: Any, what: str = "backward") -> None:
    """Raise GradientError where gradients are switched off."""
    context = current()
    if context is not None and not context.recording:
        raise GradientError(f"{what} of {y!r} inside no_grad(): gradients are switched off here; call it outside that block")


def check_leaves(y: Any, leaves: Iterable[Any], order: list[Any]) -> None:
    """Refuse a backward pass that would reach nothing; ``order`` holds the computed nodes that it goes over."""
    for leaf in leaves:
        if leaf.op is not ops.constant:
            if order:
                watch_growth(order[0], order)
            return
    raise GradientError(f"backward of {y!r}: none of its inputs takes a gradient; it was computed "
                        "inside no_grad(), or from detached nodes. Compute it outside no_grad(), from nodes that take one; "
                        "update a parameter in place with w.data -= …, because w -= … inside no_grad() makes w a constant")


def assign(nodes: Iterable[Any], attribute: str, contents: Iterable[Any]) -> None:
    """Set an attribute of all nodes, or, where an interrupt or refused memory comes between, of none."""
    nodes, contents = list(nodes), list(contents)
    undo = map(setattr, nodes, repeat(attribute), [*map(attrgetter(attribute), nodes)])  # now: memory may be short later
    done = False
    try:
        any(map(setattr, nodes, repeat(attribute), contents))  # all of them: setattr returns None
        done = True
    finally:
        if not done:
            any(undo)


class Node(Operators):
    """The protocol of a node: everything that Value, Tensor and further kinds share, and that walks over a graph use.

    **What it holds.** ``data`` (its number or array), ``grad`` (None until a gradient arrives), ``op`` (the operation;
    None for a leaf), ``operands`` (the arguments of the operation, constants included), ``inputs`` (the operands
    that take a gradient, one entry for each edge), ``local_gradients`` (one for each operand; None for a constant),
    ``metadata`` (None, or its name, its scope and, inside ``detect_anomaly``, its source line).

    **What a walk calls.** ``contributions``, ``seed_gradient``, ``zero_gradient``, ``plain_data``, ``sweep_context``.

    **What the engine calls.** ``priority`` (among the kinds of its operands the highest carries out an operation),
    ``apply_operation``, ``apply_where`` and, on arrays, ``apply_array_operation``; ``make_constant``;
    ``node_slots`` (the slots that hold other nodes, alone or in tuples; copies and pickles keep all other slots as
    they are). Copies and pickles keep the graph, at any depth.
    """

    __slots__: tuple[str, ...] = ()
    node_slots: tuple[str, ...]
    priority: float
    metadata: tuple[Any, ...] | None
    op: Any
    inputs: tuple[Any, ...]
    operands: tuple[Any, ...]
    local_gradients: tuple[Any, ...]
    item: Callable[[], Any]
    data: Any
    grad: Any

    def contributions(self, upstream: Any, arrived: Any = True, *, create_graph: bool = False,
                      needed: Container[Any] | None = None, fit: bool = True) -> Iterable[tuple[int, Any, Any, Any, Any]]:
        """For each edge: its argument, the input, the local gradient, the downstream gradient, and where it arrived.

        ``arrived`` says where something arrived at this node (``sweep``). With ``create_graph`` the gradients are
        nodes; ``needed`` leaves out other inputs; without ``fit`` the sum that undoes broadcasting is left out.
        """
        raise NotImplementedError

    def seed_gradient(self, seed: Any, create_graph: bool = False) -> Any:
        """The gradient that a sweep from here begins with: ``seed``, checked; 1 for None."""
        raise NotImplementedError

    def zero_gradient(self) -> Any:
        """The gradient of a result that does not depend on this node."""
        return 0.0

    def plain_data(self) -> Any:
        """The number or array in it, read only."""
        return self.data

    def make_constant(self) -> None:
        """Cut the node out of its graph: it takes no gradient any more."""
        raise NotImplementedError

    @staticmethod
    def sweep_context() -> Any:
        """The context manager for the computations of a walk."""
        from contextlib import nullcontext
        return nullcontext()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __float__(self) -> float:
        escape(self, "float()")
        return float(self.item())

    def __int__(self) -> int:
        escape(self, "int()")
        return int(self.item())

    # in-place operators make a new node, as for Python's numbers
    def __iadd__(self, other: Any) -> Any:
        made = self + other
        warn_of_rebinding(self, "+=", made)
        return made

    def __isub__(self, other: Any) -> Any:
        made = self - other
        warn_of_rebinding(self, "-=", made)
        return made

    def __imul__(self, other: Any) -> Any:
        made = self * other
        warn_of_rebinding(self, "*=", made)
        return made

    def leaves(self) -> list[Any]:
        """The leaves that the node depends on."""
        return [node for node in topological(self) if not node.inputs]

    def describe(self) -> str:
        """The node in messages: its name and scope."""
        where = f" in {self.scope.path}" if self.scope else ""
        return f"{self.name or f'a {type(self).__name__}'}{where}"

    def __bool__(self) -> bool:
        _watched(self)
        return bool(self.data)

    # comparisons compare data and give plain results without gradients; hashing is by identity
    def __eq__(self, other: object) -> Any:
        return NotImplemented if _watched(self, other) else self.data == _data(other)

    def __ne__(self, other: object) -> Any:
        return NotImplemented if _watched(self, other) else self.data != _data(other)

    def __lt__(self, other: Any) -> Any:
        return NotImplemented if _watched(self, other) else self.data < _data(other)

    def __le__(self, other: Any) -> Any:
        return NotImplemented if _watched(self, other) else self.data <= _data(other)

    def __gt__(self, other: Any) -> Any:
        return NotImplemented if _watched(self, other) else self.data > _data(other)

    def __ge__(self, other: Any) -> Any:
        return NotImplemented if _watched(self, other) else self.data >= _data(other)

    __hash__ = object.__hash__

    @property
    def name(self) -> str | None:
        """The name given to this node; assign to it to name the node."""
        return self.metadata[0] if self.metadata else None

    @name.setter
    def name(self, name: str | None) -> None:
        check_name(name)
        self.metadata = (name, self.scope, *(self.metadata or ())[2:])

    @property
    def scope(self) -> Scope | None:
        """The innermost ``scope`` in which this node was made."""
        return self.metadata[1] if self.metadata else None

    def slot_contents(self) -> list[Any]:
        return [getattr(self, slot) for slot in self.__slots__]

    def __copy__(self) -> Any:
        escape_by_copy(self, "copy.copy()")
        return _restore(type(self), self.slot_contents())

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        escape_by_copy(self, "copy.deepcopy()")
        for node in topological(self):  # inputs first, so that no copy recurses
            if id(node) not in memo:
                copied = memo[id(node)] = node.__copy__()
                for slot in node.node_slots:
                    setattr(copied, slot, _relink(getattr(node, slot), Node,
                                                  lambda x: memo[id(x)] if id(x) in memo else x.__deepcopy__(memo)))
        return memo[id(self)]

    def __reduce__(self) -> Any:
        escape_by_copy(self, "pickle.dumps()")
        if not self.inputs:
            return _restore, (type(self), self.slot_contents())
        place: dict[Any, int] = {}
        flat: list[Any] = []  # leaves, and for every other node its slots, with nodes replaced by their index
        for node in topological(self):
            for x in node.operands:
                if isinstance(x, Node) and x not in place:  # a constant: no input, so not in the order
                    place[x] = len(place)
                    flat.append(x)
            place[node] = len(place)
            if node.inputs:
                flat += (_relink(content, Node, place.__getitem__) if slot in self.node_slots else content
                         for slot, content in zip(self.__slots__, node.slot_contents()))
            else:
                flat.append(node)
        return _assemble, (type(self), flat)


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Node) else x


def _watched(node: Node, other: Any = None) -> bool:
    """True where the other node knows no number yet, and compares itself; a recording refuses a comparison of what it records."""
    if (context := current()) is not None and context.watch is not None:
        if getattr(other, "is_recorded", False):
            return True
        getattr(context.watch, "compared", bool)(node)
    return False


def _relink(content: Any, kind: type, replace: Callable[[Any], Any]) -> Any:
    if isinstance(content, tuple):
        return tuple([_relink(x, kind, replace) for x in content])
    return replace(content) if isinstance(content, kind) else content


def _restore(kind: Any, contents: list[Any]) -> Any:
    node = object.__new__(kind)
    for slot, content in zip(kind.__slots__, contents, strict=True):
        setattr(node, slot, content)
    return node


def _assemble(kind: Any, flat: list[Any]) -> Any:
    nodes: list[Any] = []
    rest = iter(flat)
    for item in rest:
        if not isinstance(item, Node):
            contents = [item, *islice(rest, len(kind.__slots__) - 1)]
            item = _restore(kind, [_relink(content, int, nodes.__getitem__) if slot in kind.node_slots else content
                                   for slot, content in zip(kind.__slots__, contents)])
        nodes.append(item)
    return nodes[-1]
