"""Value: one number in a graph of operations, with its local gradients; and the backward walk over the graph.

A node is flat: its operands are ``a`` and ``b``, the local gradients towards them ``da`` and ``db`` (None where
there is nothing to differentiate: no operand, or a constant), computed when the node is made. Methods are made
from the table's rows by two small factories. There are no closures or cycles, so reference counts free a graph.
"""

from __future__ import annotations

from itertools import repeat

from . import ops
from .context import current, no_grad
from .errors import GradientError, warn_no_derivative
from .graph import Node, check_leaves, check_name, check_recording
from .operation import Operators, Operation, ieee, number, partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from typing import Any

    from .methods import ValueMethods
    from .typing import Number, Real
else:
    ValueMethods = Node  # every row is a method of it, made as the table is read; its stub, methods.pyi, is made from the table

new = object.__new__
nothing: Any = None  # stands for a leaf's operands and slopes; Any for type checkers, like these


# ── the factories: a row becomes a method ────────────────────────────────────────────────────────────────────────

def unary(row: Operation) -> Callable[[Value], Value]:
    """The method of ``Value`` that applies a row of one argument."""
    forward, dx = row.forward, row.partials[0]
    fixed = not callable(dx)

    def method(self: Value) -> Value:
        x = self.data
        try:
            out = forward(x)
            da = dx if fixed else dx(out, x)
        except ArithmeticError:
            out = ieee(forward, x)
            da = dx if fixed else ieee(dx, out, x)
        node: Any = new(Value)
        node.data, node.op, node.a, node.da = out, row, self, da
        node.grad = node.b = node.db = node.metadata = None
        context = current()
        if context is not None:
            context.on_node_created(node)
        return node
    method.__name__, method.__doc__ = row.name, row.__doc__
    return method


def binary(row: Operation, reflected: bool = False) -> Callable[[Value, Number | Real], Value]:
    """The method of ``Value`` that applies a row of two arguments; reflected, the other operand comes first."""
    forward, (dx, dy) = row.forward, row.partials
    fixed_x, fixed_y = not callable(dx), not callable(dy)

    def method(self: Value, other: Any) -> Value:
        a: Any = self
        b = other
        if isinstance(other, Value):
            given_x = given_y = False
            x, y = self.data, other.data
        else:  # a constant is kept for drawing, without a partial and without a node
            b = other if type(other) is float else plain_operand(other, row)
            if b is NotImplemented:
                return NotImplemented
            x, y, given_x, given_y = self.data, b, reflected, not reflected
            if reflected:
                x, y, a, b = y, x, b, a
        try:
            out = forward(x, y)
            da = None if given_x else dx if fixed_x else dx(out, x, y)
            db = None if given_y else dy if fixed_y else dy(out, x, y)
        except ArithmeticError:
            out = ieee(forward, x, y)
            da = None if given_x else dx if fixed_x else ieee(dx, out, x, y)
            db = None if given_y else dy if fixed_y else ieee(dy, out, x, y)
        node: Any = new(Value)
        node.data, node.op, node.a, node.b, node.da, node.db = out, row, a, b, da, db
        node.grad = node.metadata = None
        context = current()
        if context is not None:
            context.on_node_created(node)
        return node
    method.__name__, method.__doc__ = row.name, row.__doc__
    return method


def plain_operand(x: Any, row: Operation) -> Any:
    """A constant operand as a float; NotImplemented for nodes of another kind; TypeError otherwise."""
    if getattr(x, "priority", 0) > 1:
        return NotImplemented
    return number(x, f"{row.name}: an operand of Value")


class Value(ValueMethods):
    """A number that remembers how it was computed, so that gradients can flow back through it.

    ``data`` is the number, copied when the node is made, so that changing a leaf later cannot corrupt a pending
    ``backward``. ``grad`` is None until a backward pass reaches the node: absent is not zero. ``op`` is the row
    that made it (None for a leaf), ``inputs`` the nodes that went in, constants left out. Numbers become floats;
    complex, text, arrays and objects raise TypeError. ``x += 1`` makes a new node, as for Python's numbers.

    >>> x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    >>> f
    Value(-12.0, op='mul', grad=1.0)
    """

    __slots__ = ("data", "grad", "op", "a", "b", "da", "db", "metadata")
    node_slots, priority = ("a", "b"), 2

    def __init__(self, data: float, name: str | None = None):
        if type(data) is not float and isinstance(data, Operators):
            raise TypeError(f"Value({data!r:.60}): that is a node already, and a copy would lose its graph; "
                            "use it as it is, or .detach()")
        self.data: float = data if type(data) is float else number(data, "the data of a Value")
        self.grad: float | None = None
        self.op: Any = None  # an Operation; None for a leaf
        self.a = self.b = self.da = self.db = nothing
        check_name(name)
        context = current()
        self.metadata = None if name is None and context is None else (name, context and context.scope)

    __add__ = __radd__ = binary(ops.add)
    __mul__ = __rmul__ = binary(ops.mul)
    __sub__, __rsub__ = binary(ops.sub), binary(ops.sub, reflected=True)
    __truediv__, __rtruediv__ = binary(ops.div), binary(ops.div, reflected=True)
    __pow__, __rpow__ = binary(ops.pow), binary(ops.pow, reflected=True)
    __neg__, __abs__ = unary(ops.neg), unary(ops.abs)
    exp, log, sqrt, sin, cos = unary(ops.exp), unary(ops.log), unary(ops.sqrt), unary(ops.sin), unary(ops.cos)
    tanh, sigmoid, relu = unary(ops.tanh), unary(ops.sigmoid), unary(ops.relu)  # further rows: from Operators

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Value:
        method = _methods.get(row)
        if method is None:
            made = (unary(row), None) if row.arity == 1 else (binary(row), binary(row, reflected=True))
            method = _methods.setdefault(row, made)
        if row.arity == 1:
            return method[0](args[0])
        first = isinstance(args[0], Value)
        result = method[0](args[0], args[1]) if first else method[1](args[1], args[0])
        if result is NotImplemented:
            raise TypeError(f"{row.name} of {type(args[0]).__name__} and {type(args[1]).__name__}: a Value can be combined with "
                            "numbers and Values only; use a Tensor for arrays")
        return result

    @property
    def inputs(self) -> tuple[Value, ...]:  # type: ignore[override]
        """The nodes that this one was computed from, one entry per edge (``x * x`` has two); no constants."""
        return tuple(x for x, d in ((self.a, self.da), (self.b, self.db)) if d is not None)

    @property
    def operands(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The operands in order, constants included; () for a leaf."""
        return (self.a, self.b)[:self.op.arity] if self.op and self.a is not None else ()

    @property
    def local_gradients(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The local gradient towards each operand; None for a constant, False where a branch was not taken."""
        return (self.da, self.db)[:len(self.operands)]

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        from .arrays.protocol import apply_ufunc
        return apply_ufunc(ufunc, method, args, options)

    def item(self) -> float:
        """The number itself."""
        return self.data

    def detach(self) -> Value:
        """The same number as a constant node: no gradient flows through it.

        >>> x = Value(3.0)
        >>> gradient(x * x.detach(), x)
        3.0
        """
        with no_grad():
            return self + 0.0

    def backward(self, seed: float | None = None, retain_graph: bool = True) -> None:
        """Back-propagate from here: leaves add this pass's gradient to ``.grad``, interior nodes show it.

        ``seed`` is the gradient of this node itself, 1 by default; graphs are always kept. Raises GradientError inside
        ``no_grad`` and where nothing here depends on a leaf; an interrupted pass leaves the leaves as they were.

        >>> x = Value(3.0)
        >>> y = x * x
        >>> y.backward(); y.backward()
        >>> x.grad, y.grad
        (12.0, 1.0)
        """
        seed = 1.0 if seed is None else number(seed, "the seed of backward")
        check_recording(self)
        state: tuple[list[Any], list[Any], list[Any], list[Any]] = ([], [], [], [self])
        order, leaves, before, stack = state
        done = False
        try:  # around a call: in Python 3.11 to 3.13 an interrupt at a loop's jump may leave a try around the loop
            self._propagate(seed, *state)
            done = True
        finally:
            if not done:
                touched = order + [node for node in stack if node is not None and node.inputs]
                any(map(setattr, touched, repeat("grad"), repeat(None)))  # setattr returns None: all are set, in one call
                any(map(setattr, leaves, repeat("grad"), before))

    def _propagate(self, seed: float, order: list[Any], leaves: list[Any], before: list[Any], stack: list[Any]) -> None:
        """Set the gradients of all nodes; the lists record all changes, so that they can be undone."""
        zero = float("0")  # unique sentinel that marks visited nodes without a gradient so far
        pop, push, emit = stack.pop, stack.append, order.append
        while stack:
            node = pop()
            if node is None:  # all inputs of the next node are in the order now
                emit(stack[-1])
                pop()
            elif node.grad is not zero:
                da, db = node.da, node.db
                if da is None and db is None:
                    before.append(node.grad)
                    leaves.append(node)
                    node.grad = zero
                    continue
                push(node)
                push(None)
                node.grad = zero
                if db is not None and node.b.grad is not zero:
                    push(node.b)
                if da is not None and node.a.grad is not zero:
                    push(node.a)
        check_leaves(self, leaves, order)
        self.grad = seed
        for node in reversed(order):
            upstream = node.grad
            if upstream is zero:  # no gradient arrived: avoids 0 · inf
                continue
            local = node.da
            if local is not None:
                if local is not False:  # False marks a branch not taken, which passes no gradient
                    node.a.grad += upstream * local
                elif node.op.partials[0] is False:
                    warn_no_derivative(node.op.name)
            local = node.db
            if local is not None and local is not False:
                node.b.grad += upstream * local
        if (context := current()) is not None and context.watch is not None:
            context.watch.swept(self, seed, order + leaves)
        after = [None if leaf.op is ops.constant else leaf.grad if old is None else old + leaf.grad
                 for leaf, old in zip(leaves, before)]
        any(map(setattr, leaves, repeat("grad"), after))

    def make_constant(self) -> None:
        self.op, self.a, self.b, self.da, self.db = ops.constant, nothing, nothing, nothing, nothing

    def contributions(self, upstream: Any, arrived: Any = True, *, create_graph: bool = False,
                      needed: Container[Any] | None = None, fit: bool = True) -> Iterator[tuple[int, Value, Any, Any, Any]]:
        for i, (x, local) in enumerate(zip(self.operands, self.local_gradients)):
            if local is None or needed is not None and x not in needed:
                continue
            passes = bool(arrived) and local is not False
            local = self._local_node(i, local) if passes and create_graph else local
            whole = create_graph and type(upstream) is float and upstream == 1.0
            yield i, x, local, 0.0 if not passes else local if whole else upstream * local, passes

    def _local_node(self, argument: int, then: float) -> Any:
        """A local gradient as a node: the rule, run again on the operands, which must be unchanged."""
        rule = self.op.partials[argument] if self.op else then
        if not callable(rule):
            return rule
        local = partial(rule, self, *self.operands)
        if (now := getattr(local, "data", local)) == now and not abs(now - then) <= 1e-9 * abs(then) and now != then:
            raise GradientError(f"{self!r} was computed with a local gradient of {then:.6g}, which would now be "
                                f"{now:.6g}: the data of {self.operands} changed in between. Compute it again")
        return local

    def seed_gradient(self, seed: Any, create_graph: bool = False) -> Any:
        if isinstance(seed, Node):
            return seed if create_graph else seed.item()
        return 1.0 if seed is None else number(seed, "the seed")

    def __repr__(self) -> str:
        parts = [repr(self.data)]
        parts += [f"name={self.name!r}"] if self.name is not None else []
        parts += [f"op={self.op.name!r}"] if self.op else []
        return f"Value({', '.join(parts)}, grad={self.grad})"


_methods: dict[Operation, Any] = {}
