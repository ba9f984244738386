"""The stages of a network for its picture: layers of units with their numbers, and other modules as blocks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from autograd import no_grad
from autograd.graph import Node, is_node
from autograd.operation import Operation

from .numbers import has_nonfinite, subscript, superscript

if TYPE_CHECKING:
    from autograd.typing import Array, ArrayLike
    from nn import Module

    Weights: TypeAlias = list[list[float | None]] | Array  # of a layer; None: unknown
    Biases: TypeAlias = list[float | None] | Array

ELEMENTWISE = ("Activation ReLU Sigmoid Tanh Step LeakyReLU PReLU ELU Softplus Softmax LogSoftmax Identity Dropout BatchNorm1d "
               "LayerNorm").split()  # modules that keep the number of a layer's units


class DrawnLayer(NamedTuple):
    """Units of a layer. ``weights`` has a row for each unit, with a number for each unit of the layer before.

    Weights and biases are lists or arrays. Unknown numbers are None: gradients before a backward pass, values without
    an example.
    """

    path: str
    kinds: tuple[str, ...]
    size: int
    values: list[float] | None = None
    weights: Weights | None = None
    biases: Biases | None = None
    names: tuple[str, ...] = ()
    parameters: int = 0
    level: int = 0  # number of the layer, from 1; 0 without weights
    own: tuple[str, ...] = ()  # names of a single neuron's weights, its bias last

    def weight_name(self, i: int, j: int) -> str:
        """The course's name of the weight from unit j of the layer before to unit i: w₂₁⁽³⁾."""
        comma = "," if max(self.size, len(self.weights[0])) > 9 else ""  # type: ignore[index]
        return self.own[j] if self.own else f"w{subscript(i + 1)}{comma}{subscript(j + 1)}{_raised(self.level)}"

    def bias_name(self, i: int) -> str:
        """The name of the bias of unit i: b₂⁽³⁾."""
        return self.own[-1] if self.own else f"b{subscript(i + 1)}{_raised(self.level)}"


def _raised(level: int) -> str:
    return f"⁽{superscript(str(level))}⁾"


class DrawnModule(NamedTuple):
    """A module drawn as a block: its class, its settings, and the shape of its output."""

    path: str
    kind: str
    settings: str
    shape: str
    parameters: int


Stage = DrawnLayer | DrawnModule


def stages_of(model: Module, x: ArrayLike | None, show: str) -> tuple[list[Stage], list[str]]:
    """Return the stages of a network, and notes for the reader; ``show`` is "weight" or "gradient"."""
    stages, notes = _of_numbers(model, x, show) if _layers(model) else _of_arrays(model, x, show)
    level = 0
    for k, stage in enumerate(stages):
        if isinstance(stage, DrawnLayer) and stage.weights is not None:
            level += 1
            stages[k] = stage._replace(level=level)
    return stages, notes


def _layers(model: Module) -> list[tuple[str, list[Any]]]:
    """The neurons of a network of numbers, layer by layer, each with its path; empty for other modules."""
    from nn import MLP, Layer, Madaline, Neuron
    from nn.perceptron import XOR
    if isinstance(model, Neuron):
        return [("", [model])]
    if isinstance(model, Layer):
        return [("", model.neurons)]
    if isinstance(model, MLP):
        return [(f"layers.{i}", layer.neurons) for i, layer in enumerate(model.layers)]
    if isinstance(model, Madaline):
        return [("units", model.units)]
    return [("nand, either", [model.nand, model.either]), ("both", [model.both])] if isinstance(model, XOR) else []


def _of_numbers(model: Module, x: Any, show: str) -> tuple[list[Stage], list[str]]:
    """The stages of a network of numbers, and notes for the reader."""
    from nn import Madaline, Neuron
    layers, outputs = _layers(model), dict[int, Any]()
    if x is not None:
        x = list(x)
        with no_grad(), model.watch(lambda path, module, inputs, output: outputs.__setitem__(id(module), output)):
            result = model(x)
    inputs = [None] * len(layers[0][1][0].w) if x is None else x
    lone = isinstance(model, Neuron)  # the course counts from 0 in a neuron, and from 1 in layers
    names = tuple(getattr(value, "name", None) or _input_name(i, lone) for i, value in enumerate(inputs))
    given = None if x is None else [float(getattr(value, "data", value)) for value in x]
    stages: list[Stage] = [DrawnLayer("", ("input",), len(names), given, names=names)]
    for path, neurons in layers:
        kinds = dict.fromkeys(type(neuron).__name__ for neuron in neurons)
        kinds |= dict.fromkeys(getattr(neuron.activation, "__name__", str(neuron.activation)) for neuron in neurons)
        stages.append(DrawnLayer(
            path, tuple(kinds), len(neurons), [outputs[id(neuron)].data for neuron in neurons] if outputs else None,
            [[_shown(w, show) for w in neuron.w] for neuron in neurons], [_shown(neuron.b, show) for neuron in neurons],
            tuple(neuron.name or "" for neuron in neurons), sum(len(neuron.w) + 1 for neuron in neurons),
            own=tuple(parameter.name or "" for parameter in (*neurons[0].w, neurons[0].b)) if lone else ()))
    notes = []
    if isinstance(model, Madaline):
        fixed = None if show == "gradient" else 1.0
        stages.append(DrawnLayer("", ("fixed unit", model.logic), 1, [result.data] if outputs else None,
                            [[fixed] * len(model.units)], None))
        notes = ["The fixed unit combines the signs of the units' sums; its weights are not trained."]
    return stages, notes


def _input_name(i: int, lone: bool = False) -> str:
    return f"x{i}" if lone else f"x{subscript(i + 1)}"


def _shown(parameter: Node, show: str) -> float | None:
    number = parameter.data if show == "weight" else parameter.grad
    return None if number is None else float(number)


class _Call(NamedTuple):
    """One call of a module without submodules: its input and output; None where it was not called."""

    path: str
    module: Module
    input: Node | None = None
    output: Any = None


def _of_arrays(model: Module, x: ArrayLike | None, show: str) -> tuple[list[Stage], list[str]]:
    """The stages of a network of arrays, and notes for the reader."""
    from nn import Linear, Module, Sequential
    if not isinstance(model, Module):
        raise TypeError(f"give an nn.Module to draw a network; got {model!r:.60} ({type(model).__name__}). The result of a "
                        "computation is drawn by viz.draw")
    leaves = [_Call(path, module) for path, module in model.named_modules() if not any(module.children())]
    stages: list[Stage] = []
    before: Any = None  # output of the module before
    for call in leaves if x is None else _calls(model, x):
        last = stages[-1] if stages else None
        if isinstance(call.module, Linear):
            _add_linear(stages, call, before, show)
        elif isinstance(last, DrawnLayer) and last.weights is not None and type(call.module).__name__ in ELEMENTWISE:
            stages[-1] = _followed(last, call)
        else:
            kind = type(call.module).__name__
            stages.append(DrawnModule(call.path, kind, call.module.extra_repr(), _shape(call.output), _size(call.module)))
        before = call.output
    if not stages:
        raise TypeError(f"{type(model).__name__} has no modules to draw: viz.draw(model(x)) draws what it computes")
    plainly = all(type(part) is Sequential for part in model.modules() if any(part.children()))
    order = "held" if x is None else "called"
    note = f"Modules in the order in which they are {order}; viz.draw shows everything else in forward."
    return stages, [] if plainly else [note]


def _add_linear(stages: list[Stage], call: _Call, before: Any, show: str) -> None:
    """Add the units of a linear layer, after its input's units where the last stage does not show them."""
    module: Any = call.module
    last = stages[-1] if stages else None
    inputs, outputs = module.in_features, module.out_features
    if not isinstance(last, DrawnLayer) or last.size != inputs:
        names = () if last else tuple(map(_input_name, range(inputs)))
        stages.append(DrawnLayer("", ("input",) if last is None else (), inputs, _entries(call.input, inputs), names=names))
    elif call.input is not None:  # the last layer's output may have been changed by plain functions
        done = (call.input.op.name,) if call.input is not before and isinstance(call.input.op, Operation) else ()
        stages[-1] = last._replace(values=_entries(call.input, last.size), kinds=last.kinds + done)
    rows = _array(module.weight, show, [[None] * inputs] * outputs)
    bias = None if module.bias is None else _array(module.bias, show, [None] * outputs)
    stages.append(DrawnLayer(call.path, ("Linear",), outputs, _entries(call.output, outputs), rows, bias, parameters=_size(module)))


def _followed(layer: DrawnLayer, call: _Call) -> DrawnLayer:
    """A layer merged with the activation, normalisation or dropout that follows it."""
    kind = type(call.module).__name__
    if kind in ("Activation", "Dropout"):
        kind = repr(call.module).removesuffix("()")
    return layer._replace(kinds=(*layer.kinds, kind), values=_entries(call.output, layer.size) or layer.values,
                          parameters=layer.parameters + _size(call.module))


def _calls(model: Module, x: ArrayLike) -> list[_Call]:
    """All calls of modules without submodules, on one example."""
    import numpy as np

    from autograd import Tensor
    from nn.module import evaluation_mode
    calls: list[_Call] = []

    def seen(path: str, module: Module, inputs: tuple[Any, ...], output: Any) -> None:
        if not any(module.children()):
            calls.append(_Call(path, module, inputs[0], output))

    if isinstance(x, (list, tuple)):
        x = np.asarray(x, next(model.parameters()).dtype)
    with evaluation_mode(model), model.watch(seen):
        model(x if is_node(x) else Tensor(x, requires_grad=False))
    return calls


def _entries(x: Any, count: int) -> list[float] | None:
    """The numbers of a tensor that holds one example; ValueError where it holds more."""
    if x is None:
        return None
    if x.size != count:
        raise ValueError(f"a picture of a network shows one example; a layer of {count} units has an output of shape "
                         f"{tuple(x.shape)}. "
                         "Give one: x[:1]")
    return [float(entry) for entry in x.plain_data().ravel()]


def _array(parameter: Node, show: str, unknown: Any) -> Any:
    array = parameter.data if show == "weight" else parameter.grad
    return unknown if array is None else array


class Extent(NamedTuple):
    """Properties of numbers: True if any is known, the largest finite absolute value, and the count of nan and inf."""

    known: bool
    largest: float
    broken: int


def extent_of(numbers: Any) -> Extent:
    """Return the properties of nested lists or arrays of numbers; unknown ones are None.

    >>> extent_of([[1.0, -2.0], [None, math.inf]])
    Extent(known=True, largest=2.0, broken=1)
    """
    if hasattr(numbers, "ravel"):
        import numpy as np
        finite = np.isfinite(numbers)
        largest = np.abs(numbers, where=finite, out=np.zeros(numbers.shape)).max()
        return Extent(True, float(largest), int(numbers.size - finite.sum()))
    flat = [n for row in numbers or () for n in (row if isinstance(row, list) else [row]) if n is not None]
    return Extent(bool(flat), max((abs(n) for n in flat if math.isfinite(n)), default=0.0), sum(map(has_nonfinite, flat)))


def _shape(out: Any) -> str:
    """The shape of one example in a module's output."""
    out = out[0] if isinstance(out, tuple) else out
    return "" if out is None else "×".join(map(str, out.shape[1:] if len(out.shape) > 1 else out.shape))


def _size(module: Module) -> int:
    return sum(math.prod(getattr(parameter, "shape", ())) for parameter in module.parameters())
