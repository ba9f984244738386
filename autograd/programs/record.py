"""Recording: a function runs once on nodes that hold no number, and each operation is written into flat lists as it is applied.

A ``Recording`` is those lists. Its node, ``Recorded``, obeys the protocol of ``graph.Node``, so that derivatives taken within
the function are recorded too. A comparison is recorded as an operation, ``where`` as a choice; whatever would need the number
itself (a truth value, ``float()``, ``.data``) raises GraphError with the line, because it would be the same at every later call.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

from .. import ops
from ..context import ScopedContext, current, differentiating
from ..errors import GraphError
from ..graph import Node, check_name, topological
from ..operation import Operation, no_derivative, number, partial
from ..value import Value
from .refusals import NO_TRUTH, Unknown, refuse, user_line


def _operation(name: str, sign: str, forward: Callable[..., Any], *partials: Any) -> Operation:
    """An operation of programs alone: it is no row of the table, and no method of nodes."""
    return Operation(name, sign, forward, partials, partials, ((-1.0, 1.0),) * len(partials), {}, None, False)


flat = no_derivative
comparisons = {
    name: _operation(name, sign, lambda x, y, compare=getattr(operator, short): float(compare(x, y)), flat, flat)
    for name, sign, short in (("less", "<", "lt"), ("less_equal", "<=", "le"), ("greater", ">", "gt"),
                              ("greater_equal", ">=", "ge"), ("equal", "==", "eq"), ("not_equal", "!=", "ne"))}
either = _operation("either", "or", lambda x, y: float(x != 0 or y != 0), flat, flat)
select = _operation("select", "where", lambda condition, x, y: x if condition else y,
                    flat, lambda out, condition, x, y: condition != 0, lambda out, condition, x, y: condition == 0)
detach = _operation("detach", "▪", lambda x: x, flat)
given = _operation("input", "in", lambda: 0.0)  # an argument of the function, or a part of one
leaf = _operation("leaf", "leaf", lambda: 0.0)  # a Value that the function reaches by its closure
constant = _operation("number", "=", lambda: 0.0)
masks = {*comparisons.values(), either}  # operations whose results are 0 or 1
sources_of_numbers = {"input", "leaf", "number"}
internal = {row.name: row for row in (*comparisons.values(), either, select, detach, given, leaf, constant)}


class Recording:
    """A program: for each place its operation, and the places of its operands (−1 where it has fewer).

    ``ops``, ``a`` and ``b`` are lists of one length, ``c`` holds the third operand of choices, ``values`` the numbers of
    constants, ``inputs`` the places of the arguments' numbers in order, ``leaves`` the nodes reached by closure with their
    places, ``outputs`` the places of the results, and ``names`` the names of places that have one.
    """

    def __init__(self) -> None:
        self.ops: list[Operation] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.c: dict[int, int] = {}
        self.values: dict[int, float] = {}
        self.inputs: list[int] = []
        self.leaves: dict[Any, int] = {}
        self.outputs: list[int] = []
        self.names: dict[int, str] = {}
        self.constants: dict[Any, int] = {}  # the place of each constant, by its number

    def __len__(self) -> int:
        return len(self.ops)

    def add(self, op: Operation, a: int = -1, b: int = -1) -> int:
        """Write an operation; return its place."""
        place = len(self.ops)
        self.ops.append(op)
        self.a.append(a)
        self.b.append(b)
        return place

    def operands(self, place: int) -> tuple[int, ...]:
        """The places of the operands of a place."""
        a, b = self.a[place], self.b[place]
        if b < 0:
            return (a,) if a >= 0 else ()
        return (a, b, self.c[place]) if place in self.c else (a, b)

    def constant(self, x: float) -> int:
        """The place of a constant number."""
        key: Any = x if x and x == x else repr(x)  # −0.0 is another constant than 0.0
        place = self.constants.get(key)
        if place is None:
            place = self.constants[key] = self.add(constant)
            self.values[place] = x
        return place

    def input(self, name: str | None = None) -> int:
        """A place for one more number of the arguments."""
        place = self.add(given)
        self.inputs.append(place)
        if name:
            self.names[place] = name
        return place

    def leaf(self, node: Any) -> int:
        """The place of a Value that the function reaches by its closure; what it was computed from is recorded with it."""
        if node in self.leaves:
            return self.leaves[node]
        for x in topological(node):
            if x not in self.leaves:
                self.leaves[x] = self._imported(x)
        return self.leaves[node]

    def _imported(self, x: Any) -> int:
        if not x.inputs:
            place = self.add(leaf)
        else:
            places = [self.leaves[y] if y in self.leaves else self.constant(y) if isinstance(y, float) else self.leaf(y)
                      for y in x.operands]
            place = self.add(x.op, *places)
        if x.name:
            self.names[place] = x.name
        return place

    def place_of(self, x: Any) -> int:
        """The place of an operand: a node of this recording, a Value, or a number."""
        if type(x) is Recorded:
            if x.tape is not self:
                raise GraphError(f"{x.describe()} belongs to another recording: a node that was kept from an earlier call or an "
                                 "outer function cannot be used here. Pass it as an argument")
            return x.place
        if isinstance(x, Value):
            return self.leaf(x)
        if getattr(x, "priority", 0) > 1 or getattr(x, "shape", ()) != ():
            raise ArraysMet(f"an operand of a recorded number is {type(x).__name__} {x!r:.60}")
        return self.constant(number(x, "an operand of a recorded number"))


class ArraysMet(TypeError):
    """A recorded number met an array or a Tensor: the function is one of arrays."""


class Changed(Exception):
    """A guard of a program of arrays has another answer than when the function was recorded: it must be recorded anew."""


# ── the node ─────────────────────────────────────────────────────────────────────────────────────────────────────

new = object.__new__


def _unary(row: Operation) -> Any:
    """The method of ``Recorded`` that records a row of one argument."""
    def method(self: Recorded) -> Recorded:
        tape = self.tape
        return tape.made(row, self.place, -1) if current() is tape.context else tape.node(row, (self,))
    method.__name__, method.__doc__ = row.name, row.__doc__
    return method


def _binary(row: Operation, reflected: bool = False) -> Any:
    """The method of ``Recorded`` that records a row of two arguments; reflected, the other operand comes first."""
    def method(self: Recorded, other: Any) -> Recorded:
        tape = self.tape
        if type(other) is Recorded and other.tape is tape:
            place = other.place
        elif type(other) is float:
            place = tape.constant(other)
        else:
            if getattr(other, "priority", 0) > Recorded.priority:
                return NotImplemented
            if type(other) is list or type(other) is tuple:
                return row(other, self) if reflected else row(self, other)
            place = tape.place_of(other)
        if current() is not tape.context:
            return tape.node(row, (other, self) if reflected else (self, other))
        return tape.made(row, place, self.place) if reflected else tape.made(row, self.place, place)
    method.__name__, method.__doc__ = row.name, row.__doc__
    return method


def _maker(tape: Tape) -> Callable[[Operation, int, int], Recorded]:
    """A function that writes an operation into a tape and gives its node."""
    ops, push_op, push_a, push_b = tape.ops, tape.ops.append, tape.a.append, tape.b.append

    def made(op: Operation, a: int, b: int) -> Recorded:
        node: Recorded = new(Recorded)
        node.tape, node.metadata, node.place = tape, None, len(ops)
        push_op(op)
        push_a(a)
        push_b(b)
        return node
    return made


class Tape(Recording):
    """A recording in the making: the context in which the function runs, and what it is told of Values made there."""

    context: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.made = _maker(self)

    def node(self, op: Operation, operands: tuple[Any, ...]) -> Recorded:
        """The node of an operation in any context: within ``no_grad`` it takes no gradient, within ``scope`` it is named so."""
        places = [self.place_of(x) for x in operands]
        node = self.made(op, places[0], places[1] if len(places) > 1 else -1)
        if len(places) > 2:
            self.c[node.place] = places[2]
        here = current()
        if here is not None:
            node.metadata = here.metadata
            if not here.recording:
                node = self.made(detach, node.place, -1)
        return node

    def node_of(self, place: int) -> Any:
        """The node of a place; a number for a constant, a Value for a leaf."""
        op = self.ops[place]
        if op is constant:
            return self.values[place]
        if op is leaf:
            return next(x for x, at in self.leaves.items() if at == place)
        node: Recorded = new(Recorded)
        node.tape, node.place, node.metadata = self, place, None
        return node

    def __call__(self, node: Any) -> None:
        """A Value was computed while the function runs; it is recorded before it may be cut from its operands."""
        if not isinstance(node, Value):
            raise ArraysMet(f"{type(node).__name__} {node!r:.60} was computed in it")
        places = [self.place_of(x) for x in node.operands]
        place = self.add(node.op, *places)
        here = current()
        if here is not None and not here.recording:
            place = self.add(detach, place)
        self.leaves[node] = place

    def read(self, node: Any, call: str) -> Any:
        """A Tensor that the function reaches by its closure was read: it is one of arrays."""
        raise ArraysMet(f"{call} of {node.describe()} is read in it")

    def swept(self, *_: Any) -> None:
        """A backward pass ran within the function."""
        raise GraphError(f"backward() within a compiled function ({user_line()}): it would change .grad once, when the function is "
                         "recorded, and never again. Return the loss and call program.backward(…), or use autograd.grad within")

    def compared(self, node: Any) -> None:
        """A Value that the function reaches by its closure was compared or asked for its truth value."""
        refuse(node, "a comparison", "its result would be frozen. Pass the number as an argument and choose with "
               "autograd.where(condition, x, y), or compare node.data to mean the number as it is now")


    def argument(self, name: str | None = None) -> Recorded:
        """A node for one more number of the arguments."""
        node: Recorded = new(Recorded)
        node.tape, node.metadata = self, (name, None)
        node.place = self.input(name)
        return node


class Recorded(Unknown, Node):
    """A number that is not known yet: its place in a recording.

    Its operation and operands stand in the recording alone, so that nodes that nobody holds are freed at once. Two nodes of one
    place are the same key of a dict, and equal.
    """

    __slots__ = ("tape", "place", "metadata")
    tape: Tape
    place: int
    node_slots, priority, is_recorded = (), 3.5, True  # above Value and Tensor, below duals of it

    def __new__(cls, data: Any = None) -> Recorded:
        tape = recording_now()
        node: Recorded = new(cls)
        node.tape, node.metadata = tape, None
        node.place = tape.constant(number(data, "a recorded constant"))
        return node

    __add__, __radd__ = _binary(ops.add), _binary(ops.add, True)
    __sub__, __rsub__ = _binary(ops.sub), _binary(ops.sub, True)
    __mul__, __rmul__ = _binary(ops.mul), _binary(ops.mul, True)
    __truediv__, __rtruediv__ = _binary(ops.div), _binary(ops.div, True)
    __pow__, __rpow__ = _binary(ops.pow), _binary(ops.pow, True)
    __neg__, __abs__ = _unary(ops.neg), _unary(ops.abs)
    exp, log, sqrt, sin, cos = _unary(ops.exp), _unary(ops.log), _unary(ops.sqrt), _unary(ops.sin), _unary(ops.cos)
    tanh, sigmoid, relu = _unary(ops.tanh), _unary(ops.sigmoid), _unary(ops.relu)
    __ne__ = _binary(comparisons["not_equal"])
    __lt__, __le__ = _binary(comparisons["less"]), _binary(comparisons["less_equal"])
    __gt__, __ge__ = _binary(comparisons["greater"]), _binary(comparisons["greater_equal"])
    __or__ = __ror__ = _binary(either)
    __and__ = __rand__ = _binary(ops.mul)

    def __eq__(self, other: object) -> Any:
        if type(other) is Recorded and other.place == self.place and other.tape is self.tape:
            return True
        return _equal(self, other)

    def __hash__(self) -> int:
        return hash((id(self.tape), self.place))

    @property
    def op(self) -> Operation:
        """The operation that made it."""
        return self.tape.ops[self.place]

    @property
    def operands(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The arguments of the operation: nodes, Values and numbers."""
        return tuple([self.tape.node_of(place) for place in self.tape.operands(self.place)])

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Any:
        tape = next(x.tape for x in args if type(x) is Recorded)
        if any(getattr(x, "dtype", None) is not None and x.dtype.char == "O" for x in args):
            from ..elementwise import Arrays
            return Arrays.apply_operation(row, args)
        return tape.node(row, args)

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> Any:
        if type(condition) is not Recorded:
            return x if condition else y
        return condition.tape.node(select, (condition, x, y))

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        from ..arrays.protocol import apply_ufunc
        arrays = any(getattr(x, "shape", ()) != () for x in args)
        if ufunc.__name__ in comparisons and method == "__call__" and not options and not arrays:
            return self.tape.node(comparisons[ufunc.__name__], args)
        if arrays and method == "__call__":
            import numpy as np
            return np.frompyfunc(lambda *xs: ufunc(*xs), len(args), 1)(*args)
        return apply_ufunc(ufunc, method, args, options)

    @property
    def inputs(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The operands through which a gradient flows, one entry for each edge."""
        return tuple(x for x, rule in zip(self.operands, self.op.partials) if type(x) is Recorded and rule is not flat)

    @property
    def is_mask(self) -> bool:
        """True for the result of a comparison, which as a local gradient says whether a branch is taken."""
        return self.op in masks

    def contributions(self, upstream: Any, arrived: Any = True, *, create_graph: bool = False, needed: Any = None,
                      fit: bool = True) -> Iterator[tuple[int, Any, Any, Any, Any]]:
        for i, (x, rule) in enumerate(zip(self.operands, self.op.partials)):
            if type(x) is not Recorded or rule is flat or needed is not None and x not in needed:
                continue
            local = partial(rule, self, *self.operands)
            taken = _taken(local)
            passes = arrived if taken is True else taken if arrived is True else taken & arrived
            product = upstream if type(local) is float and local == 1.0 else local * upstream
            yield i, x, local, product if passes is True else Recorded.apply_where(passes, product, 0.0), passes

    def seed_gradient(self, seed: Any, create_graph: bool = False) -> Any:
        return 1.0 if seed is None else seed

    def plain_data(self) -> Any:
        """The node itself: an outer recording goes on with it."""
        return self

    def make_constant(self) -> None:
        self.place = self.tape.made(detach, self.place, -1).place

    def detach(self) -> Recorded:
        """The same number, through which no gradient flows."""
        return self.tape.node(detach, (self,))

    @property
    def data(self) -> Any:
        """Refused: there is no number yet."""
        return self.asked(".data")

    grad = None

    def __bool__(self) -> bool:
        return bool(refuse(self, "the truth value", NO_TRUTH))

    def __repr__(self) -> str:
        return f"Recorded({self.name or self.tape.names.get(self.place) or f'v{self.place}'}, op={self.op.name!r})"

    def describe(self) -> str:
        """The node in messages: its name, or the operation that makes it."""
        return self.name or self.tape.names.get(self.place) or f"the result of {self.op}"

    def name_it(self, name: str | None) -> None:
        """Give the place a name, which ``text()`` prints."""
        check_name(name)
        self.metadata = (name, self.scope)
        if name:
            self.tape.names[self.place] = name

    name: Any = property(lambda self: self.metadata[0] if self.metadata else None, name_it)  # pyright: ignore[reportIncompatibleMethodOverride]


_equal = _binary(comparisons["equal"])


def _taken(local: Any) -> Any:
    """Where a local gradient is not the False of a branch that was not taken: True, False, or a mask."""
    if isinstance(local, bool):
        return local
    if type(local) is not Recorded:
        return True
    if local.is_mask:
        return local
    if local.op is select and any(isinstance(x, bool) or getattr(x, "is_mask", False) for x in local.operands[1:]):
        condition, x, y = local.operands
        x, y = _taken(x), _taken(y)
        return Recorded.apply_where(condition, *(float(z) if isinstance(z, bool) else z for z in (x, y))) != 0.0
    return True


def recording_now() -> Tape:
    """The recording that the running function is written into."""
    here = current()
    if here is None or not isinstance(here.watch, Tape):
        raise GraphError("a recorded number is made within a recording alone; give compile a function")
    return here.watch


def record_function(function: Callable[..., Any], arguments: Callable[[Tape], tuple[Any, ...]],
           flatten: Callable[[Any], tuple[list[Any], Any]]) -> tuple[Recording, Any]:
    """Run a function on recorded arguments; return the recording, and what builds its result from the numbers of the outputs.

    ``arguments`` makes the arguments from the empty recording; ``flatten`` takes nested results apart.
    """
    tape = Tape()

    def run() -> Any:
        differentiating.set(True)
        with ScopedContext(watch=tape):
            tape.context = current()
            result = function(*arguments(tape))
            leaves, rebuild = flatten(result)
            tape.outputs = [tape.place_of(x) for x in leaves]
            tape.leaves = {x: place for x, place in tape.leaves.items() if tape.ops[place] is leaf}
        return rebuild
    return tape, copy_context().run(run)
