"""Export of networks as ONNX files, which onnxruntime and other programs run, for batches of any size.

The network runs on two example batches of different sizes, in evaluation mode. Its graph becomes the graph in the file, operation
by operation, so that a ``forward`` written by hand is exported too. Everything that does not depend on the inputs is computed once
and stored. Sizes that differ between the two batches follow the batch in the file; a constant that differs otherwise depends on the
numbers in the input, outside the graph, and is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Tensor, Value
from autograd.files import replaced
from autograd.functional import flatten
from autograd.graph import topological

from ..evaluation import in_model_precision
from ..layers import Linear, Recurrent
from ..module import Module

try:
    import onnx
    from onnx import helper, numpy_helper
except ImportError as error:
    raise ImportError("nn.interop.onnx needs the package onnx: pip install 'chainrule[files]'") from error

__all__ = ["ExportError", "export"]
__dir__ = __all__.copy
OPSET = 18  # since 2022; reductions take their axes as an input

SAME: dict[str, str] = {  # rows of the table, by ONNX's names
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "neg": "Neg", "pow": "Pow", "exp": "Exp", "log": "Log", "sqrt": "Sqrt",
    "sin": "Sin", "cos": "Cos", "tan": "Tan", "arctan": "Atan", "arcsin": "Asin", "arccos": "Acos", "sinh": "Sinh", "cosh": "Cosh",
    "arcsinh": "Asinh", "arccosh": "Acosh", "arctanh": "Atanh", "tanh": "Tanh", "sigmoid": "Sigmoid", "softplus": "Softplus",
    "relu": "Relu", "abs": "Abs", "maximum": "Max", "minimum": "Min", "clip_min": "Max", "clip_max": "Min", "sign": "Sign",
    "floor": "Floor", "rint": "Round", "erf": "Erf", "identity": "Identity", "matmul": "MatMul",
    "leaky_relu": "PRelu"}
REDUCTIONS = {"sum": "ReduceSum", "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd", "logsumexp": "ReduceLogSumExp"}


class ExportError(ValueError):
    """Error for a network that ONNX cannot express, or whose graph depends on the numbers in its input; no file was written."""


def export(model: Module, path: str | Path, example: Any = None, batch_axis: int = 0) -> None:
    """Write the network, as it is in evaluation mode, as an ONNX file whose inputs and outputs have any size along the batch axis.

    ``example`` is one batch of inputs, as array, or a tuple of arrays for a network of several inputs; integers for an embedding. A
    network that begins with ``Linear`` needs none. Inputs are named ``input_0 …``, outputs ``output_0 …``. ``onnx.checker`` checks
    the file. Raises ExportError, with the name of the operation, for what ONNX has no operation for.

    >>> import nn, onnx
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     export(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), f"{folder}/model.onnx")
    ...     [node.op_type for node in onnx.load(f"{folder}/model.onnx").graph.node]
    ['Gemm', 'Relu']
    """
    first = _examples(model, example, batch_axis)
    rng = np.random.default_rng(0)
    second = [_longer(x, batch_axis, rng) for x in first]
    model = copy.deepcopy(model).eval()
    for part in model.modules():
        if isinstance(part, Recurrent):
            part.stepwise = True  # written step by step, as operations that ONNX has
    traces = [_Trace(model, batch) for batch in (first, second)]
    names = {id(part): name for name, part in [*model.named_parameters(), *model.named_buffers()]}
    made = _Writer(traces[0], traces[1], names, batch_axis).model()
    onnx.checker.check_model(made, full_check=True)
    with replaced(path) as temporary:
        temporary.write_bytes(made.SerializeToString())


def _examples(model: Module, example: Any, batch_axis: int) -> list[Any]:
    if any(isinstance(x, Value) for x in model.parameters()):
        raise ExportError(f"export: {type(model).__name__} is a network of single numbers; build it from nn.Linear")
    if example is None:
        layer = next((part for part in model.modules() if next(part.named_children(), None) is None), None)
        if not isinstance(layer, Linear):
            raise ExportError(f"export: give example=, a batch of inputs, because {type(model).__name__} does not begin "
                              "with Linear, whose input has a known size")
        example = np.zeros((2, layer.in_features))
    found = [np.asarray(getattr(x, "array", x)) for x in (example if isinstance(example, tuple) else (example,))]
    if next(model.parameters(), None) is not None:
        found = [in_model_precision(x, model) for x in found]
    if any(x.ndim <= batch_axis or not x.size for x in found):
        raise ExportError(f"export: the example has the shape {[x.shape for x in found]}; it needs the axis "
                          f"{batch_axis} and an entry")
    return found


def _longer(x: Any, axis: int, rng: Any) -> Any:
    """Another example with one entry more along the batch axis: random floats, or its own integers in another order."""
    shape = tuple(n + (i == axis) for i, n in enumerate(x.shape))
    return rng.normal(size=shape).astype(x.dtype) if x.dtype.kind == "f" else rng.choice(x.ravel(), shape)


class _Trace:
    """One run of a network: its inputs, its outputs, and the nodes between them in the order of their computation."""

    def __init__(self, model: Module, inputs: Sequence[Any]):
        self.inputs = [Tensor(x) if x.dtype.kind == "f" else Tensor(x, requires_grad=False) for x in inputs]
        found = model(*[x if x.requires_grad else x.array for x in self.inputs])
        self.outputs, _ = flatten(found)
        self.depends = {id(x) for x in self.inputs}
        self.nodes = [node for node in topological(*self.outputs) if self._is_computed(node)]

    def _is_computed(self, node: Any) -> bool:
        """True for a node that depends on the inputs; nodes are asked in the order of their computation."""
        if id(node) in self.depends or not any(id(x) in self.depends for x in node.operands) and self.looked_up(node) is None:
            return False
        self.depends.add(id(node))
        return True

    def looked_up(self, node: Any) -> int | None:
        """The number of the input that is the index of this node, an embedding's."""
        if node.op != "getitem":
            return None
        index = node.params["index"]
        index = index[0] if isinstance(index, tuple) and len(index) == 1 else index
        for i, x in enumerate(self.inputs):
            if x.array.dtype.kind in "iu" and isinstance(index, np.ndarray) and np.array_equal(index, x.array):
                return i
        return None


class _Writer:
    """The graph of a file in the making: nodes, stored arrays, and the name of each node of the first trace."""

    def __init__(self, first: _Trace, second: _Trace, names: dict[int, str], batch_axis: int):
        self.first, self.second, self.names, self.batch_axis = first, second, names, batch_axis
        self.nodes: list[Any] = []
        self.stored: dict[str, Any] = {}
        self.results: dict[int, str] = {id(x): f"input_{i}" for i, x in enumerate(first.inputs)}
        self.size = first.inputs[0].shape[batch_axis]
        if [str(node.op) for node in first.nodes] != [str(node.op) for node in second.nodes]:
            raise ExportError("export: the network computes other operations for another batch; ONNX needs the same for all")

    def model(self) -> Any:
        """Write every node, then the graph with its inputs and outputs."""
        for node, other in zip(self.first.nodes, self.second.nodes):
            self.results[id(node)] = self._written(node, other)
        outputs = []
        for i, (node, other) in enumerate(zip(self.first.outputs, self.second.outputs)):
            self.nodes.append(helper.make_node("Identity", [self.operand(node, other)], [f"output_{i}"]))
            outputs.append(self._described(f"output_{i}", node, other))
        self._without_identities()
        inputs = [self._described(f"input_{i}", *pair) for i, pair in enumerate(zip(self.first.inputs, self.second.inputs))]
        graph = helper.make_graph(self.nodes, "network", inputs, outputs,
                                  [numpy_helper.from_array(array, name) for name, array in self.stored.items()])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10, producer_name="chainrule")

    def _without_identities(self) -> None:
        """Give each output's name to the node that computes it, where no other node or output needs that node's own name."""
        made = {node.output[0]: node for node in self.nodes}
        for last in [node for node in self.nodes if node.output[0].startswith("output_")]:
            name = last.input[0]
            if name in made and sum(name in node.input for node in self.nodes) == 1:
                made[name].output[0] = last.output[0]
                self.nodes.remove(last)

    @staticmethod
    def _described(name: str, node: Any, other: Any) -> Any:
        shape = [a if a == b else "batch" if a + 1 == b else None for a, b in zip(node.shape, other.shape)]
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(node.dtype), shape)

    # ── what the rules of the operations use ──

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its result."""
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def store(self, array: Any, name: str | None = None) -> str:
        """Store an array and return its name."""
        name = name or f"constant_{len(self.stored)}"
        self.stored[name] = np.ascontiguousarray(array).reshape(np.shape(array))
        return name

    def ints(self, *numbers: int) -> str:
        """Store integers (a shape, axes) and return their name."""
        return self.store(np.array(numbers, np.int64))

    def operand(self, x: Any, other: Any, dtype: Any = None) -> str:
        """The name of an operand: computed, or stored; a constant of the batch's size is repeated along it."""
        if id(x) in self.results:
            differs = dtype is not None and x.dtype.kind == "f" and x.dtype != dtype
            name = self.results[id(x)]
            return self.add("Cast", name, to=helper.np_dtype_to_tensor_dtype(dtype)) if differs else name
        array, second = (np.asarray(getattr(y, "array", y)) for y in (x, other))
        own = dtype is None or array.dtype.kind != "f" or array.dtype == dtype
        array = array if own else array.astype(dtype)
        if array.shape == second.shape:
            if not np.array_equal(array, second.astype(array.dtype), equal_nan=array.dtype.kind == "f"):
                raise ExportError("export: a constant of the network depends on the numbers of the input outside the graph")
            name = self.store(array, self.names.get(id(x)) if own else None)
        else:
            one = array[tuple(slice(None) if a == b else slice(0, 1) for a, b in zip(array.shape, second.shape))]
            if not (array == one).all():
                raise ExportError("export: a constant of the network differs between the examples of a batch")
            name = self.add("Expand", self.store(one), self.shape(array.shape, second.shape))
        if own and isinstance(x, Tensor):
            self.results[id(x)] = name
        return name

    def shape(self, first: Sequence[int], second: Sequence[int]) -> str:
        """The name of a shape, in which what differs is a multiple of the batch's size in the file."""
        if tuple(first) == tuple(second):
            return self.ints(*first)
        batch = self.add("Gather", self.add("Shape", "input_0"), self.ints(self.batch_axis))
        parts = []
        for a, b in zip(first, second):
            if a != b and (a % self.size or (a // self.size) * (self.size + 1) != b):
                raise ExportError(f"export: a size of {a} becomes {b} for a batch of one example more; sizes must be multiples "
                                  "of the batch's")
            parts.append(self.ints(a) if a == b else self.add("Mul", batch, self.ints(a // self.size)))
        return self.add("Concat", *parts, axis=0)

    def _written(self, node: Any, other: Any) -> str:
        """Write one node, by the rule of its operation."""
        name = str(getattr(node.op, "name", node.op))
        if (number := self.first.looked_up(node)) is not None:
            return self.add("Gather", self.operand(node.operands[0], other.operands[0]), f"input_{number}", axis=0)
        if name == "where" and all(_chooses_between_equals(x) for x in (node, other)):
            return self.operand(node.operands[0], other.operands[0])
        dtype = None if name == "astype" else node.dtype
        inputs = [self.operand(x, y, dtype) for x, y in zip(node.operands, other.operands)]
        if name in SAME:
            return self.add(SAME[name], *inputs)
        if name in REDUCTIONS:
            axis = node.params["axis"]
            axes = range(node.operands[0].ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
            return self.add(REDUCTIONS[name], inputs[0], self.ints(*axes), keepdims=int(node.params["keepdims"]))
        if name not in RULES:
            raise ExportError(f"export: ONNX has no operation for {name} (in {_place(node)}); compute it outside of the network")
        written: str = RULES[name](self, node, other, *inputs)
        return written


def _chooses_between_equals(node: Any) -> bool:
    """True where both choices are the same numbers, as in an embedding, whose padding only stops gradients."""
    x, y = (np.asarray(getattr(part, "array", part)) for part in node.operands)
    return x.shape == y.shape and bool((x == y).all())


def _place(node: Any) -> str:
    return str(node.metadata[1]) if node.metadata and node.metadata[1] else "the network"


# ── the rules of operations that ONNX composes or spells differently ─────────────────────────────────────────────

def _linear(w: _Writer, node: Any, other: Any, x: str, weight: str, *bias: str) -> str:
    if node.operands[0].ndim == 2:
        return w.add("Gemm", x, weight, *bias, transB=1)
    product = w.add("MatMul", x, w.add("Transpose", weight, perm=[1, 0]))
    return w.add("Add", product, *bias) if bias else product


def _windows(node: Any) -> dict[str, Any]:
    (top, bottom), (left, right) = node.params["sides"]
    return {"strides": node.params["stride"], "dilations": node.params["dilation"], "pads": [top, left, bottom, right],
            "group": node.params["groups"]}


def _conv_transpose(w: _Writer, node: Any, other: Any, x: str, weight: str) -> str:
    o, kernel, sides = node.params, node.operands[1].shape[2:], node.params["sides"]
    sizes = zip(node.shape[2:], node.operands[0].shape[2:], o["stride"], sides, o["dilation"], kernel)
    further = [n - ((m - 1) * s - sum(side) + d * (k - 1) + 1) for n, m, s, side, d, k in sizes]
    return w.add("ConvTranspose", x, weight, output_padding=further, **_windows(node))


def _average(w: _Writer, node: Any, other: Any, x: str) -> str:
    kernel = node.params["kernel"]
    mean = w.add("AveragePool", x, kernel_shape=kernel, strides=node.params["stride"])
    return w.add("Mul", mean, w.store(np.array(kernel[0] * kernel[1], node.dtype)))


def _normalise(w: _Writer, node: Any, other: Any, x: str) -> str:
    axes = w.ints(*node.params["axes"])
    centred = w.add("Sub", x, w.add("ReduceMean", x, axes, keepdims=1))
    variance = w.add("ReduceMean", w.add("Mul", centred, centred), axes, keepdims=1)
    return w.add("Div", centred, w.add("Sqrt", w.add("Add", variance, w.store(np.array(node.params["eps"], node.dtype)))))


def _getitem(w: _Writer, node: Any, other: Any, x: str) -> str:
    index, second = (y.params["index"] if isinstance(y.params["index"], tuple) else (y.params["index"],) for y in (node, other))
    ndim = node.operands[0].ndim
    if any(part is Ellipsis for part in index):
        at = next(i for i, part in enumerate(index) if part is Ellipsis)
        rest = ndim - sum(part is not None and part is not Ellipsis for part in index)
        index, second = (y[:at] + (slice(None),) * rest + y[at + 1:] for y in (index, second))
    arrays = [part for part in index if isinstance(part, (np.ndarray, list))]
    if len(arrays) > 1 or any(np.asarray(part).dtype.kind not in "iu" for part in arrays) or repr(index) != repr(second):
        raise ExportError(f"export: the index {index!r:.80} (in {_place(node)}) has no form in ONNX; use slices, integers, or "
                          "one array of integers, which do not depend on the batch")
    axis = 0  # in the result so far
    for part in index:
        if part is None:
            x, axis = w.add("Unsqueeze", x, w.ints(axis)), axis + 1
        elif isinstance(part, slice):
            x, axis = _slice(w, x, axis, part), axis + 1
        else:
            x = w.add("Gather", x, w.store(np.asarray(part, np.int64)), axis=axis)
            axis += np.ndim(part)
    return x


def _slice(w: _Writer, x: str, axis: int, part: slice) -> str:
    if part == slice(None):
        return x
    step = part.step or 1
    start, stop = (0, 2**31 - 1) if step > 0 else (-1, -2**31)
    ends = [start if part.start is None else part.start, stop if part.stop is None else part.stop, axis, step]
    return w.add("Slice", x, *[w.ints(int(end)) for end in ends])


def _stacked(w: _Writer, parts: Sequence[str], axis: int) -> str:
    return w.add("Concat", *[w.add("Unsqueeze", part, w.ints(axis)) for part in parts], axis=axis)


def _gru(w: _Writer, node: Any, other: Any, x: str, y: str, h: str) -> str:
    n = node.shape[-1]
    (xr, xz, xn), (yr, yz, yn) = ([_slice(w, part, -1, slice(i * n, (i + 1) * n)) for i in range(3)] for part in (x, y))
    r, z = w.add("Sigmoid", w.add("Add", xr, yr)), w.add("Sigmoid", w.add("Add", xz, yz))
    new = w.add("Tanh", w.add("Add", xn, w.add("Mul", r, yn)))
    return w.add("Add", new, w.add("Mul", z, w.add("Sub", h, new)))


def _elu(w: _Writer, node: Any, other: Any, x: str, alpha: str) -> str:
    zero = w.store(np.zeros((), node.dtype))
    below = w.add("Mul", alpha, w.add("Sub", w.add("Exp", w.add("Min", x, zero)), w.store(np.ones((), node.dtype))))
    return w.add("Where", w.add("Greater", x, zero), x, below)


def _one_axis(axis: Any) -> int:
    return int(axis[0] if isinstance(axis, tuple) else axis)


RULES: dict[str, Callable[..., str]] = {
    "linear": _linear, "conv2d_input": _conv_transpose, "window_sum": _average, "normalise": _normalise, "getitem": _getitem,
    "gru_cell": _gru, "elu": _elu,
    "pad": lambda w, node, other, x: w.add("Pad", x, w.ints(*np.transpose(node.params["width"]).ravel().tolist())),
    "where": lambda w, node, other, x, y: w.add("Where", w.operand(node.params["condition"], other.params["condition"]), x, y),
    "conv2d": lambda w, node, other, *xs: w.add("Conv", *xs, **_windows(node)),
    "max_pool2d": lambda w, node, other, x: w.add("MaxPool", x, kernel_shape=node.params["kernel"], strides=node.params["stride"],
                                                  dilations=node.params["dilation"]),
    "reshape": lambda w, node, other, x: w.add("Reshape", x, w.shape(node.shape, other.shape)),
    "broadcast_to": lambda w, node, other, x: w.add("Expand", x, w.shape(node.shape, other.shape)),
    "transpose": lambda w, node, other, x: w.add("Transpose", x, perm=[
        a % node.ndim for a in node.params["axes"] or reversed(range(node.ndim))]),
    "concatenate": lambda w, node, other, *xs: w.add("Concat", *xs, axis=_one_axis(node.params["axis"])),
    "stack": lambda w, node, other, *xs: _stacked(w, xs, _one_axis(node.params["axis"]) % node.ndim),
    "flip": lambda w, node, other, x: _slice(w, x, _one_axis(node.params["axis"]), slice(None, None, -1)),
    "cumsum": lambda w, node, other, x: w.add("CumSum", x, w.store(np.array(_one_axis(node.params["axis"]), np.int64))),
    "astype": lambda w, node, other, x: w.add("Cast", x, to=helper.np_dtype_to_tensor_dtype(node.dtype)),
    "softmax": lambda w, node, other, x: w.add("Softmax", x, axis=_one_axis(node.params["axis"])),
    "log_softmax": lambda w, node, other, x: w.add("LogSoftmax", x, axis=_one_axis(node.params["axis"])),
    "einsum": lambda w, node, other, *xs: w.add("Einsum", *xs, equation=node.params["spec"]),
    "erfc": lambda w, node, other, x: w.add("Sub", w.store(np.ones((), node.dtype)), w.add("Erf", x)),
    "step": lambda w, node, other, x: w.add("Cast", w.add("Greater", x, w.store(np.zeros((), node.dtype))),
                                            to=helper.np_dtype_to_tensor_dtype(node.dtype)),
}
