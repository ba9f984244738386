"""Tensor: a NumPy array in a graph of operations; reads the same rows as Value, and the table of ``arrays``.

The partials of a row are evaluated in the backward sweep, on the arrays that the operands had at forward time:
a graph owns its arrays. A leaf that hands out its array for writing (``.data``) parts from the graphs that hold
it first, so writing never changes a gradient that is still to come; the arrays of other nodes are read-only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import ops
from .arrays import functions, table
from .arrays.protocol import ArrayMethods
from .arrays.pytorch import Count, check_device, float_dtype
from .arrays.pullback import array_edge, match_mask, match_operand, refuse_nan, row_edge, row_pullback
from .context import current
from .elementwise import Silence, array_function, array_functions, silent_context, trapping_context
from .errors import GradientError
from .escapes import escape, watch_growth
from .graph import Node, assign, check_leaves, check_name, check_recording, topological
from .operation import Operation, holds_node, no_derivative, number, partial
from .sweep import sweep_edges

if TYPE_CHECKING:
    from .methods import TensorMethods
    from .typing import DTypeLike, PlainArrayLike
else:
    TensorMethods = ArrayMethods  # with every row and array function as a method; its stub, methods.pyi, is made from the tables

new, getitem = object.__new__, table.getitem
Array = np.ndarray[Any, Any]


def binary(row: Operation, reflected: bool = False) -> Callable[[Tensor, PlainArrayLike | Tensor], Tensor]:
    """The operator of ``Tensor`` for a row of two arguments: straight to ``apply_operation``, unless the other one goes first."""
    def method(self: Tensor, other: Any) -> Any:
        if getattr(other, "priority", 0) > Tensor.priority:
            return NotImplemented
        return Tensor.apply_operation(row, (other, self) if reflected else (self, other))
    return method


# ── the node ─────────────────────────────────────────────────────────────────────────────────────────────────────

class Tensor(TensorMethods, Node):
    """A NumPy array that remembers how it was computed, so that gradients can flow back through it.

    ``data`` (anything that NumPy makes an array of) is copied; float32 and float64 are kept (``dtype`` chooses one), integers
    become float64 unless ``requires_grad=False`` (labels, indices). Text, objects, bool and complex raise TypeError.
    Arithmetic follows NumPy: broadcasting, dtypes (float32 stays float32), names and arguments of functions,
    and NumPy's own functions accept tensors. ``grad`` is an array of the shape and dtype of ``data``, or None.
    To update a parameter assign to ``data`` or write into it: a graph that still needs it keeps its own.

    >>> w = Tensor([[1.0, 2.0], [3.0, 4.0]], "w")
    >>> loss = (w @ [1.0, -1.0]).sum() ** 2
    >>> loss.backward()
    >>> loss.item(), w.grad.tolist()
    (4.0, [[-4.0, 4.0], [-4.0, 4.0]])
    """

    __slots__ = ("array", "grad", "op", "operands", "inputs", "residuals", "params", "metadata", "requires_grad", "data_is_shared")
    node_slots, priority = ("operands", "inputs"), 3

    __add__, __radd__ = binary(ops.add), binary(ops.add, True)
    __sub__, __rsub__ = binary(ops.sub), binary(ops.sub, True)
    __mul__, __rmul__ = binary(ops.mul), binary(ops.mul, True)
    __truediv__, __rtruediv__ = binary(ops.div), binary(ops.div, True)
    __pow__, __rpow__ = binary(ops.pow), binary(ops.pow, True)

    def __new__(cls, data: Any = None, name: str | None = None, requires_grad: bool = True, *, dtype: DTypeLike | None = None,
                device: object = None) -> Tensor:
        return functions.stack_nodes(data) if isinstance(data, (list, tuple)) and holds_node(data) else new(cls)

    def __init__(self, data: Any, name: str | None = None, requires_grad: bool = True, *, dtype: DTypeLike | None = None,
                 device: object = None):
        if isinstance(data, (list, tuple)) and holds_node(data):  # the result is the node that stacks them
            self.name = name or self.name
            return
        self.array = as_array(data, requires_grad)
        if dtype is not None or device is not None:
            check_device(device)
            self.array = self.array.astype(float_dtype(dtype) if requires_grad else dtype or self.array.dtype)
        self.grad: Array | None = None
        self.op: Any = None
        self.operands: tuple[Any, ...] = ()
        self.inputs: tuple[Tensor, ...] = ()  # the operands that take a gradient, one entry per edge
        self.residuals: Any = None  # the operands' arrays at forward time; None where no rule needs them
        self.params: dict[str, Any] | None = None  # the options of an array operation; None for a row
        self.requires_grad, self.data_is_shared = requires_grad, False
        if name is not None:
            check_name(name)
        context = current()
        self.metadata = None if name is None and context is None else (name, context and context.scope)

    def __matmul__(self, other: PlainArrayLike | Tensor) -> Tensor:
        return NotImplemented if getattr(other, "priority", 0) > 3 else Tensor.apply_operation(table.matmul, (self, other), {})

    @staticmethod
    def apply_operation(op: Any, args: tuple[Any, ...], params: dict[str, Any] | None = None) -> Tensor:
        """The node of an operation: a row, or with its options (``params``) one of the second table."""
        residuals: list[Any] = []
        inputs: list[Tensor] = []
        operands: Any = args
        for x in args:
            if type(x) is Tensor:
                residuals.append(x.array_for_graph() if x.data_is_shared else x.array)
                if x.requires_grad:
                    inputs.append(x)
            elif type(x) is float:
                residuals.append(x)
            elif type(x) is int or type(x) is Count:
                residuals.append(x := number(x, "an operand"))
                operands = (*operands[:len(residuals) - 1], x, *operands[len(residuals):])
            elif isinstance(x, (list, tuple)) and holds_node(x):
                return op(*(functions.stack_nodes(x) if isinstance(x, (list, tuple)) and holds_node(x) else x for x in args),
                          **(params or {}))
            else:
                x = _constant(x, op)
                operands = (*operands[:len(residuals)], x, *operands[len(residuals) + 1:])
                residuals.append(x.array)
        try:
            if params is None:
                data = (array_functions.get(op.name) or array_function(op))(*residuals)
            else:
                data = op.forward(*residuals, **params)
        except (ValueError, IndexError) as error:  # AxisError is both
            raise _explained(error, op, operands, params) from None
        node: Tensor = new(Tensor)
        node.array = data if type(data) is np.ndarray else np.asarray(data)
        node.grad = node.metadata = None
        node.data_is_shared = False
        context = current()
        if inputs or context is not None and context.watch is not None:  # an observer also gets constants, which are then detached
            node.op, node.operands, node.inputs, node.params, node.requires_grad = op, operands, tuple(inputs), params, True
            if len(residuals) == 2 and params is None and type(residuals[0]) is type(residuals[1]) and \
                    residuals[0].dtype is not residuals[1].dtype:
                residuals = [x.astype(node.array.dtype) for x in residuals]  # rules compute in the wider of two dtypes
            node.residuals = residuals if op.saves else None
            if params is not None and len(inputs) == 1 and len(args) == 2 and op.bilinear and not op.variadic:
                residuals[args[1] is inputs[0]] = None  # its gradient needs only the other operand
        else:
            node.make_constant()
        if context is not None:
            context.on_node_created(node)
            if not inputs:
                node.make_constant()
        return node

    apply_array_operation = apply_operation

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> Any:
        return functions.where(condition, x, y)

    def make_constant(self) -> None:
        self.op, self.residuals, self.params, self.requires_grad = ops.constant, None, None, False
        self.operands = self.inputs = ()

    # ── the array, and write access to it ──

    @property
    def data(self) -> Array:
        """The array itself: writable for a leaf, read-only for a computed node.

        NumPy says "read-only" where a computed one is written into: its graph needs it. Write into a copy,
        ``y.data.copy()``, or compute the changed array with ``where``.
        """
        if (recording := recorder()) is not None:
            return recording.read(self, ".data")
        if self.op is not None:
            self.array.flags.writeable = False
        elif not self.data_is_shared:
            if refcount(self) > _ALONE:  # a graph refers to the array: the leaf continues with a copy
                self.array = self.array.copy()
            self.data_is_shared = True
        return self.array

    @data.setter
    def data(self, array: Any) -> None:
        if array is self.array:  # x.data -= … has already changed it in place
            return
        if (recording := recorder()) is not None:
            recording.read(self, ".data = …")
        if self.inputs:
            raise GradientError(f"{self.describe()}.data = …: it was computed by {self.op}, and its gradient needs that array "
                                "unchanged. Compute a new one with where(mask, new, y), or assign to a leaf")
        array = np.asarray(array)
        if array.dtype.kind not in "fiu":
            as_array(array, True)  # raises
        if array.shape != self.array.shape:
            raise ValueError(f"{self.describe()}.data has shape {self.array.shape}; it cannot be replaced by "
                             f"an array of shape {array.shape}. Make a new Tensor of that shape")
        if array.dtype != self.array.dtype or not array.flags.writeable or not array.flags.owndata:
            array = array.astype(self.array.dtype)
        self.array, self.data_is_shared = array, True

    def array_for_graph(self) -> Array:
        """The array for a graph to keep: a copy where somebody outside may still write into this one."""
        if refcount(self) > _ALONE:
            return self.array.copy()
        self.data_is_shared = False
        return self.array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def size(self) -> int:
        return Count(self.array.size)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    def item(self) -> float:
        """The one number in it; ValueError if there are more."""
        if (recording := recorder()) is not None:
            recording.read(self, ".item()")
        return self.array.item()

    def numpy(self) -> Array:
        """The array, as ``data`` gives it."""
        return self.data

    def tolist(self) -> Any:
        """The numbers as nested Python lists."""
        if (recording := recorder()) is not None:
            recording.read(self, ".tolist()")
        return self.array.tolist()

    def detach(self) -> Tensor:
        """The same array as a constant: no gradient flows through it."""
        if (recording := recorder()) is not None:
            return recording.read(self, ".detach()")
        return Tensor(self.array, self.name, requires_grad=False)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Freeze (False) or unfreeze a leaf, and return it; GradientError for a computed node."""
        if self.inputs and not requires_grad:
            raise GradientError(f"{self.describe()}.requires_grad_(False): it was computed by {self.op}; use .detach()")
        self.requires_grad = bool(requires_grad)
        return self

    @property
    def is_leaf(self) -> bool:
        """True where no operation computed it."""
        return not self.inputs

    def retain_grad(self) -> None:
        """Do nothing, because every node that a pass reaches shows its gradient."""

    # ── backward ──

    def backward(self, seed: Any = None, *, gradient: Any = None, retain_graph: bool = True) -> None:
        """Back-propagate from here: leaves add this pass's gradient to ``.grad``, interior nodes show it.

        ``seed`` (PyTorch's ``gradient``) is the gradient of this tensor, of its shape; it may be left out where there is one entry
        only. ``retain_graph`` is accepted; a graph lives as long as something refers to it.
        Raises GradientError inside ``no_grad``, without a seed where one is needed, and where nothing here takes
        a gradient; ValueError for a seed of another shape. An interrupted pass leaves every leaf unchanged.
        """
        check_recording(self)
        seed = gradient if seed is None else seed
        if not self.requires_grad:
            check_leaves(self, (), [])
        order = topological(self)
        for first in order:
            if first.inputs:
                watch_growth(first, order)
                break
        adjoints = self.adjoints(order, self.seed_gradient(seed))
        if (context := current()) is not None and context.watch is not None:
            context.watch.swept(self, seed, adjoints)
        for node in order:
            gradient = adjoints.get(node)
            if node.inputs:
                if gradient is not None and type(gradient) is not np.ndarray:
                    adjoints[node] = np.asarray(gradient)
            elif gradient is None:
                adjoints[node] = np.zeros_like(node.array) if node.grad is None else node.grad
            elif node.grad is not None:  # a leaf accumulates
                if np.shape(node.grad) != gradient.shape:
                    raise GradientError(f"{node.describe()}.grad was given as {node.grad!r:.60}, of shape {np.shape(node.grad)}; "
                                        f"its gradient of shape {gradient.shape} cannot be added. Set it to None first")
                adjoints[node] = np.asarray(node.grad + gradient)
            elif sys.getrefcount(gradient) > _FRESH or gradient.base is not None or not gradient.ndim:
                adjoints[node] = np.array(gradient)  # another node shows this array: the leaf's gradient must not share memory
        assign(order, "grad", map(adjoints.get, order))

    def adjoints(self, order: list[Tensor], seed: Any, needed: Container[Any] | None = None,
                 wanted: Container[Any] | None = None) -> dict[Tensor, Any]:
        """The gradients of all nodes in the order, on arrays; or of those wanted, through those needed for them.

        The sweep first runs with ordinary products, which is eight times as fast as with masks (measured), and is right
        unless 0 meets inf or nan at a branch that was not taken. Then NumPy raises, or a nan is met in the result, in a
        gradient that reaches a selection, or among the entries that one leaves out, and the sweep runs anew.
        """
        try:
            return trapping_context.copy().run(self._products, order, seed, needed, wanted)
        except FloatingPointError:
            pass
        adjoints: dict[Tensor, Any] = {self: seed} if needed is None or self in needed else {}
        for _ in sweep_edges(reversed(order), adjoints, needed=needed):
            pass
        return adjoints

    def _products(self, order: list[Tensor], seed: Any, needed: Container[Any] | None,
                  wanted: Container[Any] | None) -> dict[Tensor, Any]:
        adjoints: dict[Tensor, Any] = {self: seed} if needed is None or self in needed else {}
        refuse_nan(self.array)
        owned: set[Tensor] = set()  # nodes whose sum is an array of this sweep, which can be changed in place
        searched: set[int] = set()  # arrays already found free of nan
        for node in reversed(order):
            upstream = adjoints.get(node) if node.inputs else None
            if upstream is None:
                continue
            if wanted is not None and node not in wanted:
                del adjoints[node]
            op, out, residuals, params = node.op, node.array, node.residuals, node.params
            if params is not None and op.is_selection:
                refuse_nan(upstream)
                for array in () if op.shows_nan(residuals[0], **params) else residuals:
                    if id(array) not in searched:
                        refuse_nan(array)
                        searched.add(id(array))
            for i, x in enumerate(node.operands):
                if type(x) is not Tensor or not x.requires_grad or needed is not None and x not in needed:
                    continue
                data = x.array
                rule = op.partials[i] if params is None else None
                if rule is not None and rule is not no_derivative and not callable(rule):  # summed first where it was repeated
                    downstream = upstream if upstream.shape == data.shape else match_operand(upstream, data)
                    downstream = downstream if rule == 1.0 else downstream * rule
                elif params is None:
                    downstream = row_pullback(op, i, upstream, out, residuals)
                    if downstream is None:
                        continue
                elif op is getitem and x in owned:  # avoids an array of zeros for each entry
                    table.add_at(adjoints[x], upstream, **params)
                    continue
                else:
                    # same as op.pullback, without a call for each edge
                    downstream = op.pullbacks[0](upstream, out, *residuals, i=i, **params) if op.variadic else \
                        op.pullbacks[i](upstream, out, *residuals, **params)
                if downstream.shape != data.shape or downstream.dtype != data.dtype:
                    downstream = match_operand(downstream, data)
                if x not in adjoints:
                    adjoints[x] = downstream
                elif x in owned:
                    adjoints[x] += downstream
                else:
                    adjoints[x] = adjoints[x] + downstream
                    owned.add(x)
        return adjoints

    def contributions(self, upstream: Any, arrived: Any = True, *, create_graph: bool = False,
                      needed: Container[Any] | None = None, fit: bool = True) -> Iterable[tuple[int, Tensor, Any, Any, Any]]:
        return silent_context.copy().run(list, self._contributions(upstream, arrived, create_graph, needed, fit))

    def _contributions(self, upstream: Any, arrived: Any, create_graph: bool, needed: Container[Any] | None,
                       fit: bool) -> Iterator[tuple[int, Tensor, Any, Any, Any]]:
        op, operands = self.op, self.residuals or ()
        if create_graph:
            self._check_unchanged()
            operands = [functions.astype(x, self.dtype) if type(x) is Tensor and x.dtype != self.dtype else x
                        for x in self.operands]
        for i, x in enumerate(self.operands):
            if type(x) is not Tensor or not x.requires_grad or needed is not None and x not in needed:
                continue
            if self.params is None:
                out = self if create_graph else self.array
                local, downstream, reached = row_edge(op, i, upstream, arrived, out, operands, create_graph)
            else:
                local = None
                downstream, reached = array_edge(self, i, upstream, arrived, create_graph)
            if fit:
                downstream, reached = match_operand(downstream, x.array), match_mask(reached, x.shape)
            if reached is not False or not create_graph:
                yield i, x, local, downstream, reached

    def _check_unchanged(self) -> None:
        """Raise GradientError if operands changed, because a gradient with a graph runs the rules on the operands again."""
        for x, then in zip(self.operands, self.residuals or []):
            if type(x) is Tensor and then is not None and x.array is not then and not np.array_equal(x.array, then, equal_nan=True):
                raise GradientError(f"the data of {x.describe()} changed after {self.describe()} was computed from it; "
                                    "compute it again before its gradient")

    def seed_gradient(self, seed: Any, create_graph: bool = False) -> Any:
        if seed is None:
            if self.array.size != 1:
                raise GradientError(f"backward of {self.describe()}, which has shape {self.shape}: backward starts from one "
                                    "number. Reduce it first, with y.sum() or y.mean(), or give seed=, an array of its shape")
            return _ONE[self.array.dtype] if not self.array.ndim else np.ones(self.array.shape, self.array.dtype)
        if create_graph and isinstance(seed, Node):
            return seed
        array = np.asarray(seed.data if isinstance(seed, Node) else seed)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"the seed of {self.describe()} must be real numbers, not {seed!r:.60}; convert it first")
        array = np.array(array, dtype=self.dtype)
        if array.shape != self.shape:
            raise ValueError(f"the seed of {self.describe()} has shape {array.shape}; give it the tensor's shape {self.shape}")
        return array

    @staticmethod
    def sweep_context() -> Any:
        return Silence()

    def plain_data(self) -> Any:
        array = self.array
        return array if array.ndim else array[()]

    def zero_gradient(self) -> Array:
        return np.zeros_like(self.array)

    @property
    def local_gradients(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The local gradient towards each operand, an array; None for a constant, and for an array operation."""
        with self.sweep_context():
            return tuple(partial(self.op.partials[i], self.array, *(self.residuals or ()))
                         if self.params is None and type(x) is Tensor and x.requires_grad
                         else None for i, x in enumerate(self.operands))

    # ── Python's protocols ──

    def __repr__(self) -> str:
        text = np.array2string(self.array, separator=", ", prefix="Tensor(", threshold=60, edgeitems=3)
        if text.count("\n") > 14:  # for three axes or more, the range is more informative than many lines
            text = f"{self.size:,} numbers from {self.array.min()} to {self.array.max()}"
        parts = [text, f"shape={self.shape}"] if self.ndim else [text]
        parts += [f"dtype={self.dtype}"] if self.dtype != np.float64 else []
        parts += [f"name={self.name!r}"] if self.name is not None else []
        parts += [f"op={self.op.name!r}"] if self.op is not None else []
        grad = "None" if self.grad is None else np.array2string(self.grad, separator=", ", threshold=6, edgeitems=1)
        return f"Tensor({', '.join(parts)}, grad={grad})" if self.requires_grad else f"Tensor({', '.join(parts)})"

    def __copy__(self) -> Tensor:
        copied: Tensor = super().__copy__()
        if self.op is None:  # only a leaf hands out a writable array
            copied.array, copied.data_is_shared = self.array.copy(order="K"), False
            copied.grad = None if self.grad is None else self.grad.copy(order="K")
        return copied

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError(f"{self.describe()} is a single number, of shape (), and has no length; use .item()")
        return len(self.array)

    def __index__(self) -> int:
        return self.array.__index__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        escape(self, "np.asarray()")
        if (recording := recorder()) is not None:
            recording.read(self, "np.asarray()")
        if copy or (dtype is not None and dtype != self.dtype):
            return np.array(self.array, dtype=dtype)
        view = self.array.view()
        view.flags.writeable = False
        return view

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.copy().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()

    @staticmethod
    def from_dlpack(x: Any) -> Tensor:
        """A tensor with a copy of any array that speaks DLPack."""
        return Tensor(np.from_dlpack(x))

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(f"{self.describe()}[…] = …: a Tensor cannot be changed in place, because its gradient would be lost; use "
                        "where(mask, new, x) to compute a changed copy, or assign to a leaf's x.data[…]")


def recorder() -> Any:
    """The recording of arrays that a function is being written into, or None."""
    context = current()
    return None if context is None or not hasattr(context.watch, "read") else context.watch


def refcount(leaf: Tensor) -> int:
    return sys.getrefcount(leaf.array)


def as_array(data: Any, requires_grad: bool) -> Array:
    """Return a new array of real numbers from ``data``; raise TypeError for other data."""
    if isinstance(data, Node):
        raise TypeError(f"Tensor({data!r:.60}): that is a node already; use it as it is, or .detach() for its numbers only")
    try:
        array = np.array(data)
    except ValueError as error:
        raise TypeError(f"Tensor: {data!r:.60} is not an array of numbers ({error}); give rows of equal length") from None
    kind = array.dtype.kind
    if kind not in "fiu":
        raise TypeError(f"Tensor holds real numbers, not {array.dtype} as in {data!r:.60}; convert it first, for example "
                        "with .astype(float)" + ("; where(mask, x, y) takes a mask as it is" if kind == "b" else ""))
    if kind != "f":
        return array.astype(np.float64) if requires_grad else array
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32 if array.itemsize < 4 else np.float64)


def _constant(x: Any, op: Any) -> Tensor:
    """An operand that takes no gradient."""
    if isinstance(x, Node):
        raise TypeError(f"{op.name} of a Tensor and {type(x).__name__} {x!r:.40}: numbers and arrays live in separate "
                        "graphs; make it a Tensor too, or use its number, .item()")
    if isinstance(x, (bool, np.bool_)) or getattr(x, "dtype", None) == np.bool_:
        x = np.asarray(x, dtype=np.int8)  # a mask multiplies like 0 and 1 without widening dtypes
    if isinstance(x, (str, bytes, complex)) or x is None:
        raise TypeError(f"{op.name}: an operand of Tensor must be numbers, not {type(x).__name__} {x!r:.40}; convert it first")
    try:
        array = x.copy() if type(x) is np.ndarray and x.dtype.char in "fd" else as_array(x, False)
    except TypeError as error:
        raise TypeError(f"{op.name}: {error}") from None
    node: Tensor = new(Tensor)  # skips __new__ and __init__, which check the type of data
    node.array, node.requires_grad, node.data_is_shared, node.operands, node.inputs = array, False, False, (), ()
    node.grad = node.op = node.residuals = node.params = None
    context = current()
    node.metadata = None if context is None else (None, context.scope)
    return node


def _explained(error: Exception, op: Any, operands: list[Any], params: dict[str, Any] | None) -> Exception:
    """NumPy's complaint with the operation, shapes and names that it is about."""
    shapes = ", ".join(f"{x.name or 'tensor'} {x.shape}" if isinstance(x, Tensor) else repr(x) for x in operands)
    options = "".join(f", {key}={value!r:.60}" for key, value in (params or {}).items())
    scope = current()
    place = f" in {scope.scope.path}" if scope and scope.scope else ""
    kind = next((kind for kind in (IndexError, np.linalg.LinAlgError) if isinstance(error, kind)), ValueError)
    problem = re.sub(r"^matmul: Input operand \d has a mismatch .*\(size (\d+) is different from (\d+)\)$",
                     r"the inner sizes \2 and \1 differ", str(error)).strip()
    shared = "could not be broadcast" in problem and (params is None or op.name in ("where", "broadcast_to"))
    remedy = remedies.get("broadcast" if shared else op.name, "")
    hint = "" if kind is np.linalg.LinAlgError else f". Check the shapes{remedy}"
    return kind(f"{op.name}({shapes}{options}){place}: {problem}{hint}")


remedies = {"matmul": "; the inner sizes must be equal: (n, k) @ (k, m); transpose one with .T",
            "reshape": "; the number of entries must stay the same",
            "broadcast": "; from the last axis backwards, sizes must be equal or 1"}


def jacobian_rows(y: Any, adjoints: Callable[[Any, Any], list[Any]]) -> list[Any]:
    """For each variable the derivatives of all entries of ``y``, stacked to shape y.shape + x.shape."""
    per_entry = []
    for index in np.ndindex(*y.shape):
        seed = np.zeros(y.shape)
        seed[index] = 1.0
        per_entry.append(adjoints(y, seed))
    if not per_entry:
        raise ValueError(f"jacobian of an empty result, shape {y.shape}: it has no entries to differentiate")
    return [functions.reshape(functions.stack(parts), y.shape + parts[0].shape) if hasattr(parts[0], "shape") else parts
            for parts in zip(*per_entry)]


_ONE = {np.dtype(kind): np.ones((), kind) for kind in (np.float32, np.float64)}
for _one in _ONE.values():
    _one.flags.writeable = False
_ALONE = refcount(Tensor(0.0))  # the count when only the leaf refers to the array
_FRESH = 3  # of an array: its name in the loop, its place among the adjoints, the argument of getrefcount
