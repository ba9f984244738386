"""Networks of single numbers: every weight is a ``Value``, so each operation can be drawn and stepped through."""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autograd import Value, identity

from .activations import ActivationLike, activation_function, activation_module, activation_of
from .containers import Sequential
from .module import Module

if TYPE_CHECKING:
    from autograd.typing import DTypeLike, Number

    from .typing import Seed


def source_of(rng: Seed) -> Any:
    """Return ``rng`` if it is a generator, else a ``random.Random`` with that seed: numbers need no NumPy.

    >>> source_of(0).random() == random.Random(0).random()
    True
    """
    if rng is None:
        return random.Random()
    seed: Any = rng
    return random.Random(operator.index(seed)) if hasattr(seed, "__index__") else rng


def subscript(n: int) -> str:
    """Return a whole number in subscripts.

    >>> subscript(12)
    '₁₂'
    """
    return str(n).translate(_LOWERED)


def superscript(n: int) -> str:
    """Return the number of a layer in superscripts.

    >>> superscript(3)
    '⁽³⁾'
    """
    return f"⁽{str(n).translate(_RAISED)}⁾"


_LOWERED, _RAISED = (str.maketrans("0123456789", digits) for digits in ("₀₁₂₃₄₅₆₇₈₉", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


class Neuron(Module):
    """``activation(w0·x0 + w1·x1 + … + b)``: takes a sequence of ``nin`` numbers or Values, returns a Value.

    Weights and bias start uniform in ±1/√nin, drawn from ``rng`` (``random``, a ``random.Random``, NumPy's
    ``Generator``, or a seed). Raises ValueError for another number of inputs.

    >>> neuron = Neuron(2, "sigmoid")
    >>> for parameter, number in zip(neuron.parameters(), (2.0, -3.0, -3.0)):
    ...     parameter.data = number
    >>> round(neuron([-1.0, -2.0]).data, 2)
    0.73
    """

    def __init__(self, nin: int, activation: ActivationLike = "tanh", rng: Seed = random):
        if nin < 1:
            raise ValueError(f"a neuron needs at least one input; asked for {nin}")
        limit = nin**-0.5
        source: Any = source_of(rng)
        self.w = [Value(source.uniform(-limit, limit), f"w{i}") for i in range(nin)]
        self.b = Value(source.uniform(-limit, limit), "b")
        self.activation = activation_function(activation)

    def forward(self, x: Sequence[Number]) -> Value:
        if len(x) != len(self.w):
            raise ValueError(f"{self.name or 'this neuron'} takes {len(self.w)} inputs; got {len(x)}: {x!r:.60}")
        total = reduce(operator.add, (w * x for w, x in zip(self.w, x))) + self.b
        return total if self.activation is identity else self.activation(total)

    def extra_repr(self) -> str:
        return f"{len(self.w)}, {getattr(self.activation, '__name__', self.activation)}"


class Layer(Module):
    """Layer of ``nout`` neurons on the same ``nin`` inputs; returns a list of ``nout`` Values.

    >>> len(Layer(3, 2, rng=0)([1.0, 0.0, -1.0])), len(list(Layer(3, 2).parameters()))  # 2 · (3 + 1)
    (2, 8)
    """

    def __init__(self, nin: int, nout: int, activation: ActivationLike = "tanh", rng: Seed = random):
        if nout < 1:
            raise ValueError(f"a layer needs at least one neuron; asked for {nout}")
        rng = source_of(rng)
        self.neurons = [Neuron(nin, activation, rng) for _ in range(nout)]
        for i, neuron in enumerate(self.neurons):
            neuron.name = f"neuron {i}"

    def forward(self, x: Sequence[Number]) -> list[Value]:
        return [neuron(x) for neuron in self.neurons]

    def __repr__(self) -> str:
        return f"Layer({len(self.neurons)} × {self.neurons[0]!r})"


class MLP(Module):
    """Multi-layer perceptron: layers of ``nouts`` neurons, each on the outputs of the layer before; returns a list of Values.

    Hidden layers use ``activation``, the last one ``output`` (by default none, so that it returns scores). Weights are named as in
    the course: w₂₁⁽³⁾ is of layer 3, to its neuron 2 from output 1 of the layer before.

    >>> MLP(2, [16, 16, 1], "relu")
    MLP(
      (layers.0): Layer(16 × Neuron(2, relu))
      (layers.1): Layer(16 × Neuron(16, relu))
      (layers.2): Layer(1 × Neuron(16, identity))
    )
    >>> len(list(MLP(2, [16, 16, 1]).parameters()))
    337
    """

    def __init__(self, nin: int, nouts: Sequence[int], activation: ActivationLike = "tanh",
                 output: ActivationLike = "identity", rng: Seed = random):
        sizes = [nin, *nouts]
        if len(sizes) < 2:
            raise ValueError("an MLP needs at least one layer; nouts is empty")
        rng = source_of(rng)
        self.layers = [Layer(n, m, activation if i < len(sizes) - 2 else output, rng) for i, (n, m) in enumerate(pairwise(sizes))]
        for i, layer in enumerate(self.layers):
            layer.name = f"layer {i}"
            for j, neuron in enumerate(layer.neurons, 1):
                row = subscript(j) + ("," if max(sizes) > 9 else "")
                for k, w in enumerate(neuron.w, 1):
                    w.name = f"w{row}{subscript(k)}{superscript(i + 1)}"
                neuron.b.name = f"b{subscript(j)}{superscript(i + 1)}"

    def forward(self, x: Sequence[Number]) -> list[Value]:
        outputs: Any = x
        for layer in self.layers:
            outputs = layer(outputs)
        return list(outputs)

    def to_tensors(self, dtype: DTypeLike = "float64") -> Sequential:
        """Return the network for arrays: a ``Sequential`` of ``Linear`` and activations with the same parameters.

        >>> model = MLP(2, [3, 1], rng=0)
        >>> model.to_tensors()
        Sequential(
          (0): Linear(2, 3)
          (1): Tanh()
          (2): Linear(3, 1)
        )
        """
        from . import layers
        modules: list[Module] = []
        for layer in self.layers:
            neurons = layer.neurons
            linear = layers.Linear(len(neurons[0].w), len(neurons), dtype=dtype)
            linear.load_state_dict({"weight": [[w.data for w in neuron.w] for neuron in neurons],
                                    "bias": [neuron.b.data for neuron in neurons]})
            activation = neurons[0].activation
            modules += [linear] if activation is identity else [linear, activation_module(activation)]
        return Sequential(*modules)

    @classmethod
    def from_tensors(cls, model: Iterable[Module]) -> MLP:
        """Build the network of single numbers with the parameters of a ``Sequential`` of ``Linear`` and activations.

        Raises TypeError for other layers, ValueError for a ``Linear`` without bias.
        """
        from . import layers
        pairs: list[tuple[Any, Any]] = []
        for i, module in enumerate(model):
            if isinstance(module, layers.Linear):
                if module.bias is None:
                    raise ValueError(f"from_tensors: layer {i}, {module!r}, has no bias; a neuron has one")
                pairs.append((module, identity))
            elif pairs and pairs[-1][1] is identity:
                pairs[-1] = (pairs[-1][0], activation_of(module))
            else:
                raise TypeError(f"from_tensors: layer {i} is {module!r:.60}; only Linear layers can be converted, each with at "
                                "most one activation after it")
        if not pairs:
            raise ValueError("from_tensors: the model has no layers")
        found = cls(pairs[0][0].in_features, [linear.out_features for linear, _ in pairs])
        for layer, (linear, activation) in zip(found.layers, pairs):
            for neuron, row, offset in zip(layer.neurons, linear.weight.tolist(), linear.bias.tolist()):
                neuron.activation, neuron.b.data = activation, offset
                for w, number in zip(neuron.w, row):
                    w.data = number
        return found
