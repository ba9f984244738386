"""Recording of functions of arrays: every operation on tensors, and every computation on plain arrays beside them, as a step.

``TracedTensor`` is the node; the arrays that the first call computes with are kept in it as examples, for shapes and dtypes, and
nobody is given them. ``Deferred`` stands for a plain array, such as labels, a mask or an index: what NumPy computes of it is a
step too, so that nothing is frozen. Where the library itself asks for a truth value (are all labels in range?), a guard is
recorded: if its answer is another one at a later call, the function is recorded anew. Where the user's code asks, GraphError.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .. import ops
from ..arrays import functions
from ..arrays.protocol import ArrayMethods
from ..arrays.pullback import match_operand

from ..context import Context, ScopedContext, current, differentiating, internal_packages, set_current
from ..elementwise import array_function, silent_context
from ..errors import GradientError, GraphError, package_of
from ..graph import Node, topological
from ..operation import no_derivative, partial

from ..tensor import Tensor
from .masks import masked_edge
from .refusals import NO_TRUTH, Unknown, refuse, user_line

if TYPE_CHECKING:
    from ..typing import ArrayLike

Array = np.ndarray[Any, Any]


class Unrecordable(Exception):
    """The library computes something here that cannot be recorded; the function then runs as it is, and says so."""


class Slot(NamedTuple):
    """The place of a value of the program within arguments and params of a step."""

    number: int


class TapeStep(NamedTuple):
    """One step: ``kind`` is "node" (an operation on tensors), "plain" (a function of plain arrays), "guard" or "effect".

    ``what`` is the operation or function, ``args`` and ``options`` hold slots where values of the program stand.
    """

    kind: str
    what: Any
    args: tuple[Any, ...]
    options: dict[str, Any]
    out: int


class ArrayTape:
    """The recording: the steps, the example of every slot, and which slots are inputs and leaves."""

    def __init__(self) -> None:
        self.steps: list[TapeStep] = []
        self.examples: list[Any] = []
        self.takes: list[bool] = []  # which slots take a gradient
        self.inputs: list[int] = []
        self.leaves: dict[Any, int] = {}
        self.leaves_read: list[int] = []  # the slots of leaves that are read at each call
        self.constants: dict[int, Any] = {}
        self.names: dict[int, str] = {}
        self.caches: list[dict[str, Any]] = []
        self.draws: set[int] = set()  # the slots of random draws
        self.twins: dict[Tensor, TracedTensor] = {}  # the nodes for Tensors that were computed of Tensors reached by closure
        self.derivatives = "guarded"  # those taken within it must be finite; or "products", as they are; or with "masks"
        self.has_masks = False

    def slot(self, example: object, takes: bool = False) -> int:
        """A new slot."""
        self.examples.append(example)
        self.takes.append(takes)
        return len(self.examples) - 1

    def input(self, example: Array | float, name: str) -> Any:
        """The node or plain array for one array or number of the arguments."""
        is_plain = isinstance(example, np.ndarray) and example.dtype.kind != "f"
        slot = self.slot(example, not is_plain)
        self.inputs.append(slot)
        self.names[slot] = name
        return Deferred(self, slot) if is_plain else traced(self, slot, name=name)

    def operand(self, x: object) -> int:
        """The slot of an operand; a Tensor reached by closure is a leaf, anything plain a constant."""
        if isinstance(x, (TracedTensor, Deferred)):
            if x.tape is not self:
                raise GraphError(f"{x!r:.60} belongs to another recording: pass it as an argument")
            is_plain = isinstance(x, Deferred) and self.takes[x.slot]  # the array under a node: a constant
            return int(same(x).slot) if is_plain else x.slot
        if type(x) is Tensor:
            return self.leaf(x)
        if isinstance(x, Node):
            raise Unrecordable(f"an operand is {type(x).__name__}")
        if type(x) is float or type(x) is int:
            x = float(x)  # it widens no array
        else:
            x = np.asarray(x)
            x = x.astype(np.int8) if x.dtype.kind == "b" else x.copy()  # a mask widens nothing
        slot = self.slot(x)
        self.constants[slot] = x
        return slot

    def leaf(self, node: Tensor) -> int:
        """The slot of a Tensor reached by closure, with what it was computed from."""
        for x in topological(node) if node not in self.leaves else ():
            if x not in self.leaves:
                if x.inputs:
                    self._computed(x)
                else:
                    self.leaves[x] = self.slot(x.array, x.requires_grad)
                    if x.name:
                        self.names[self.leaves[x]] = x.name
        return self.leaves[node]

    def __call__(self, node: object) -> None:
        """A Tensor was computed while the function runs, of tensors reached by its closure."""
        if type(node) is not Tensor:
            raise Unrecordable(f"{type(node).__name__}s and arrays meet in it")
        self._computed(node)

    def _computed(self, node: Tensor) -> None:
        if any(isinstance(x, np.ndarray) for x in (node.params or {}).values()):
            raise Unrecordable(f"{node.op} of tensors reached by closure has an array among its options, which would be frozen")
        here = current()
        takes = node.requires_grad and (here is None or here.recording)
        args = tuple([Slot(self.operand(x)) for x in node.operands])
        self.leaves[node] = self.slot(node.array, takes)
        self.steps.append(TapeStep("node", node.op, args, dict(node.params or {}), self.leaves[node]))

    def twin(self, x: object) -> Any:
        """The node of this recording for a Tensor that was computed of Tensors reached by closure; anything else itself."""
        if type(x) is not Tensor or not x.inputs:
            return x
        for node in topological(x) if x not in self.twins else ():
            if node.inputs and node not in self.twins:
                operands = tuple([self.twins.get(y, y) if type(y) is Tensor else y for y in node.operands])
                self.twins[node] = traced(self, self.operand(node), node.op, operands, node.params)
        return self.twins[x]

    def read(self, node: Tensor, call: str) -> Any:
        """The array of a Tensor reached by closure, read anew at each call; its numbers, which would be frozen, are refused."""
        if call == ".detach()":
            return traced(self, self.leaf(node)).detach()
        if call == ".data":
            return same(Deferred(self, self.leaf(node)))
        if package_of(sys._getframe(3)) in internal_packages:
            raise Unrecordable(f"{call} of {node.describe()} within the library")
        return refuse(node, call, "it would be that of the recording at every later call. Use its array, .data, which is read "
                      "anew at each call, compute with autograd's functions, or pass it as an argument")

    def swept(self, *_: object) -> None:
        """A backward pass ran within the function."""
        raise GraphError(f"backward() within a compiled function ({user_line()}): return the loss and call program.backward(…), "
                         "or use autograd.grad within")

    def compared(self, node: Tensor) -> None:
        """A Tensor reached by closure was compared."""
        refuse(node, "a comparison", "its result would be frozen. Pass the array as an argument, or compare its array, .data, "
               "which is read anew at each call, and choose with autograd.where(condition, x, y)")

    def node(self, op: Any, operands: tuple[Any, ...], params: dict[str, Any] | None) -> TracedTensor:
        """Record an operation on tensors, and compute its example."""
        operands = tuple([self.twin(x) for x in operands])
        args = tuple([Slot(self.operand(x)) for x in operands])
        examples = [self.examples[x.number] for x in args]
        options = {} if params is None else slots_in(params)
        self.caches += [x for x in options.values() if type(x) is dict and not x]  # which the forward fills for the pullback
        if params is None:
            made = array_function(op)(*examples)
        else:
            made = op.forward(*examples, **self.plain(params))
        here = current()
        takes = any(self.takes[x.number] for x in args) and (here is None or here.recording)
        if all(x.number in self.constants for x in args) and not any(_tapes(params)) and "cache" not in options:
            return traced(self, self.operand(np.asarray(made)))  # a constant of constants
        slot = self.slot(made if isinstance(made, np.ndarray) else np.asarray(made), takes)
        self.steps.append(TapeStep("node", op, args, options, slot))
        node = traced(self, slot, op, operands, params)
        node.metadata = here.metadata if here is not None else None
        return node

    def plain(self, tree: Any) -> Any:
        """Examples in place of what stands for plain arrays, within tuples, lists and dicts."""
        if isinstance(tree, (Deferred, TracedTensor)):
            return self.examples[tree.slot]
        if type(tree) in (tuple, list):
            return type(tree)(map(self.plain, tree))
        return {key: self.plain(x) for key, x in tree.items()} if type(tree) is dict and tree else tree

    def step(self, function: Callable[..., Any], args: tuple[object, ...], options: dict[str, object]) -> Any:
        """Record a function of plain arrays; its result is deferred too."""
        made = function(*self.plain(args), **self.plain(options)) if args else unwatched(function)
        if function in (np.shape, np.ndim, np.size):
            return made
        if isinstance(made, (tuple, list)):
            raise Unrecordable(f"{getattr(function, '__name__', function)} gives several arrays")
        slot = self.slot(made)
        self.steps.append(TapeStep("plain", function, slots_in(args), slots_in(options), slot))
        return Deferred(self, slot)


def unwatched(function: Callable[[], Any]) -> Any:
    """The result of a function of the library that reads what is kept, such as running statistics, outside of any recording."""
    def run() -> Any:
        set_current(Context())
        return function()
    return copy_context().run(run)


def _called_by_library() -> bool:
    """True where a function of NumPy's was called by the library, not by the user."""
    frame = sys._getframe(2)
    while package_of(frame) == "numpy" and frame.f_back is not None:
        frame = frame.f_back
    return package_of(frame) in internal_packages


def slots_in(tree: Any) -> Any:
    """Slots in place of what stands for plain arrays, within tuples, lists and dicts."""
    if isinstance(tree, (Deferred, TracedTensor)):
        return Slot(tree.slot)
    if type(tree) in (tuple, list):
        return type(tree)(map(slots_in, tree))
    return {key: slots_in(x) for key, x in tree.items()} if type(tree) is dict and tree else tree


# ── plain arrays ─────────────────────────────────────────────────────────────────────────────────────────────────

class Deferred(Unknown, NDArrayOperatorsMixin):
    """A plain array, or a number of one, that is computed anew at each call; NumPy's functions and methods of it are recorded."""

    priority, is_deferred = 3.5, True
    __slots__ = ("slot", "tape")

    def __init__(self, tape: ArrayTape, slot: int):
        self.tape, self.slot = tape, slot

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.tape.examples[self.slot])

    @property
    def dtype(self) -> Any:
        return np.asarray(self.tape.examples[self.slot]).dtype

    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: int(np.prod(self.shape)))
    itemsize = property(lambda self: self.dtype.itemsize)
    T = property(lambda self: self.transpose())

    def __len__(self) -> int:
        return len(self.tape.examples[self.slot])

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("data", "grad", "op", "inputs", "plain_data", "apply_array", "flags", "base"):
            raise AttributeError(name)
        if name == "tobytes":
            return self.asked(".tobytes()")
        if not callable(getattr(np.ndarray, name, None)):
            raise AttributeError(name)
        return lambda *args, **options: self.tape.step(method_of, (name, self, *args), options)

    def __getitem__(self, index: object) -> Any:
        return self.tape.step(item_of, (self, index), {})

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: object, **options: object) -> Any:
        if any(isinstance(x, Node) for x in args):
            return NotImplemented
        if options.pop("out", None) is not None and not _called_by_library():  # whose own arrays are new ones in any case
            refuse(self, "a change in place", "it would change the array once, when the function is recorded. Compute a new one, "
                   "x = x - 1 for x -= 1")
        return self.tape.step(getattr(ufunc, method), args, options)

    def __array_function__(self, function: Callable[..., Any], types: object, args: tuple[object, ...],
                           options: dict[str, object]) -> Any:
        return self.tape.step(function, args, options)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Any:
        return self.asked("np.asarray()")

    def asked(self, call: str) -> Any:
        return asked(self, call)

    def __bool__(self) -> bool:
        return guarded(self)

    def describe(self) -> str:
        """The array in messages."""
        return self.tape.names.get(self.slot) or f"an array of shape {self.shape}"

    def __repr__(self) -> str:
        return f"Deferred({self.describe()})"

    __hash__: Any = object.__hash__

    @staticmethod
    def apply_operation(op: Any, args: tuple[Any, ...]) -> Any:
        return TracedTensor.apply_operation(op, args)

    @staticmethod
    def apply_array_operation(op: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return TracedTensor.apply_array_operation(op, operands, params)

    @staticmethod
    def apply_where(condition: ArrayLike, x: ArrayLike, y: ArrayLike) -> Any:
        return functions.where(condition, x, y)


def asked(x: Deferred | TracedTensor, call: str) -> Any:
    """Refuse, to the user, the numbers of an array; where the library needs them the function runs without a recording."""
    if package_of(sys._getframe(3)) in internal_packages:
        raise Unrecordable(f"{call} of {x.describe()} within the library")
    return refuse(x, call)


def guarded(x: Deferred) -> bool:
    """A truth value: a guard where the library asks, an error where the user does."""
    if package_of(sys._getframe(2)) not in internal_packages:
        refuse(x, "the truth value", NO_TRUTH)
    answer = bool(x.tape.examples[x.slot])
    x.tape.steps.append(TapeStep("guard", answer, (Slot(x.slot),), {}, -1))
    return answer


def method_of(name: str, array: Array, *args: object, **options: object) -> Any:
    return getattr(array, name)(*args, **options)


def item_of(array: Array, index: Any) -> Any:
    return array[index]


# ── tensors ──────────────────────────────────────────────────────────────────────────────────────────────────────

class TracedTensor(Unknown, ArrayMethods, Node):
    """A tensor of a recording: its slot, and how it was computed."""

    __slots__ = ("tape", "slot", "op", "operands", "params", "metadata")
    node_slots, priority, is_recorded = ("operands",), 3.6, True
    tape: ArrayTape
    slot: int
    op: Any
    operands: tuple[Any, ...]
    params: dict[str, Any] | None
    metadata: Any
    grad = None

    def __new__(cls, data: object) -> TracedTensor:
        here = current()
        tape = None if here is None else here.watch
        if not isinstance(tape, ArrayTape):
            raise GraphError("a tensor of a recording is made where nothing is recorded")
        return traced(tape, tape.operand(data))

    @staticmethod
    def apply_operation(op: Any, args: tuple[Any, ...], params: dict[str, Any] | None = None) -> TracedTensor:
        tape = next((x.tape for x in args if isinstance(x, (TracedTensor, Deferred))), None) or next(_tapes(params))
        return tape.node(op, args, params)

    apply_array_operation = apply_operation

    @staticmethod
    def apply_where(condition: ArrayLike, x: ArrayLike, y: ArrayLike) -> Any:
        return functions.where(condition, x, y)

    @property
    def requires_grad(self) -> bool:
        """True where a gradient flows to it."""
        return self.tape.takes[self.slot]

    @property
    def inputs(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The operands that take a gradient."""
        return tuple(x for x in self.operands if type(x) in (TracedTensor, Tensor) and x.requires_grad)

    @property
    def example(self) -> Any:
        """The array of the first call; it stands for shape and dtype."""
        return self.tape.examples[self.slot]

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.example)

    @property
    def dtype(self) -> Any:
        return np.asarray(self.example).dtype

    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: int(np.prod(self.shape)))

    def __len__(self) -> int:
        return self.shape[0]

    def plain_data(self) -> Any:
        """The plain array, deferred."""
        return Deferred(self.tape, self.slot)

    def detach(self) -> TracedTensor:
        """The same array, through which no gradient flows."""
        slot = self.tape.slot(self.example)
        self.tape.steps.append(TapeStep("plain", same, (Slot(self.slot),), {}, slot))
        return traced(self.tape, slot)

    def make_constant(self) -> None:
        cut = self.detach()
        self.slot, self.op, self.operands, self.params = cut.slot, ops.constant, (), None

    def contributions(self, upstream: Any, arrived: Any = True, *, create_graph: bool = False, needed: Any = None,
                      fit: bool = True) -> Iterator[tuple[int, Any, Any, Any, Any]]:
        """The gradient of each operand, recorded as ordinary products; a guard holds that what comes out is finite.

        Where it is not, branches that were not taken may have met an infinity: the function then runs as it is.
        """
        dtype = self.dtype
        operands = [functions.astype(x, dtype) if type(x) in (TracedTensor, Tensor) and x.dtype != dtype else x
                    for x in self.operands]
        for i, x in enumerate(self.operands):
            if type(x) not in (TracedTensor, Tensor) or not x.requires_grad or needed is not None and x not in needed:
                continue
            rule: Any = None if self.params is not None else self.op.partials[i]
            if rule is no_derivative:
                continue
            if self.tape.derivatives == "masks":
                downstream, reached = masked_edge(self, i, upstream, arrived, operands)
                yield i, x, None, downstream, reached
                continue
            if self.params is not None:
                downstream = self.op.pullback(i, upstream, self, operands, self.params)
            else:
                downstream = upstream if not callable(rule) and rule == 1.0 else upstream * partial(rule, self, *operands)
            if fit:
                downstream = match_operand(downstream, x)
            if self.tape.derivatives == "guarded" and (x.op is None or x.op is ops.identity):  # what the derivative is taken by
                finite = self.tape.step(is_finite, (downstream,), {})
                if not guarded(finite):
                    raise Unrecordable("a derivative that is taken within it is not finite")
            yield i, x, None, downstream, True

    def seed_gradient(self, seed: Any, create_graph: bool = False) -> Any:
        if seed is None and self.size != 1:
            raise GradientError(f"a derivative of {self.describe()}, which has shape {self.shape}: reduce it to one number first")
        given = np.ones(self.shape, self.dtype) if seed is None else seed
        return given if isinstance(given, Node) else traced(self.tape, self.tape.operand(np.asarray(given, self.dtype)))

    def zero_gradient(self) -> Any:
        return np.zeros(self.shape, self.dtype)

    def deferred_call(self, function: Callable[[], Any], generator: object = None) -> Any:
        """A plain array that ``function`` makes anew at each call, such as random draws from ``generator``."""
        state = getattr(getattr(generator, "bit_generator", None), "state", None)
        made = self.tape.step(function, (), {})
        if state is not None:  # the first call draws again, as it runs the steps
            self.tape.draws.add(made.slot)
            generator.bit_generator.state = state  # type: ignore[attr-defined]
        return made

    def deferred_effect(self, function: Callable[[], Any]) -> None:
        """Call ``function`` at this place of each call, as for running statistics."""
        self.tape.steps.append(TapeStep("effect", function, (), {}, -1))

    def asked(self, call: str) -> Any:
        return asked(self, call)

    @property
    def data(self) -> Any:
        """Refused, as everything that would give the array of one call."""
        return self.asked(".data")

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Any:
        return self.asked("np.asarray()")

    def __bool__(self) -> bool:
        return guarded(self.plain_data())

    def __eq__(self, other: object) -> Any: return self.plain_data() == _plain(other)
    def __ne__(self, other: object) -> Any: return self.plain_data() != _plain(other)
    def __lt__(self, other: object) -> Any: return self.plain_data() < _plain(other)
    def __le__(self, other: object) -> Any: return self.plain_data() <= _plain(other)
    def __gt__(self, other: object) -> Any: return self.plain_data() > _plain(other)
    def __ge__(self, other: object) -> Any: return self.plain_data() >= _plain(other)

    __hash__ = object.__hash__

    def describe(self) -> str:
        """The tensor in messages."""
        return self.tape.names.get(self.slot) or f"the result of {self.op}"

    def __repr__(self) -> str:
        return f"TracedTensor({self.describe()}, shape={self.shape})"


def traced(tape: ArrayTape, slot: int, op: Any = None, operands: tuple[Any, ...] = (), params: dict[str, Any] | None = None,
           name: str | None = None) -> TracedTensor:
    """The tensor of a slot, and how it was computed."""
    node: TracedTensor = object.__new__(TracedTensor)
    node.tape, node.slot, node.op, node.operands, node.params = tape, slot, op, operands, params
    node.metadata = None if name is None else (name, None)
    return node


def is_finite(x: Array | Deferred) -> Any:
    """True for an array without nan and infinities."""
    if isinstance(x, Deferred):
        return x.tape.step(is_finite, (x,), {})
    return bool(np.isfinite(x).all())


def _tapes(tree: Any) -> Iterator[ArrayTape]:
    if isinstance(tree, (Deferred, TracedTensor)):
        yield tree.tape
    elif isinstance(tree, dict):
        for x in tree.values():
            yield from _tapes(x)
    elif isinstance(tree, (tuple, list)):
        for x in tree:
            yield from _tapes(x)


def _plain(x: Any) -> Any:
    return x.plain_data() if isinstance(x, TracedTensor) else x.array if type(x) is Tensor else x


def same(x: object) -> Any:
    """The array itself, through which no gradient flows."""
    return x.tape.step(same, (x,), {}) if isinstance(x, Deferred) else x


def record_arrays(function: Callable[..., Any], arguments: Callable[[ArrayTape], tuple[Any, ...]],
                  flatten: Callable[[Any], tuple[list[Any], Any]],
                  derivatives: str = "guarded") -> tuple[ArrayTape, list[int], Any]:
    """Run a function on recorded arrays; return the recording, the slots of its results, and the form of these.

    Raises Unrecordable where the library computes what cannot be recorded.
    """
    tape = ArrayTape()
    tape.derivatives = derivatives

    def run() -> tuple[list[int], Any]:
        differentiating.set(True)
        np.seterr(all="ignore")
        with ScopedContext(watch=tape):
            leaves, form = flatten(function(*arguments(tape)))
            return [tape.operand(x) for x in leaves], form
    outputs, form = silent_context.copy().run(copy_context().run, run)
    return tape, outputs, form


