"""Activations as modules, for numbers, arrays and Tensors; loads NumPy only where needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import autograd
from autograd import elu, identity, leaky_relu, relu, sigmoid, step, tanh
from autograd.arrays.pytorch import float_dtype
from autograd.operation import rows

from .arguments import whole_number
from .functional.activations import gelu, silu, softplus
from .module import Module

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from autograd import Tensor, Value
    from autograd.typing import Array

    Entries = TypeVar("Entries", float, Value, Tensor, Array)
    Arrays = TypeVar("Arrays", Tensor, Array)
    Same = TypeVar("Same")

__all__ = ["ELU", "GELU", "Activation", "Elementwise", "Identity", "LeakyReLU", "LogSoftmax", "PReLU", "ReLU", "SiLU", "Sigmoid",
           "Softmax", "Softplus", "Step", "Tanh"]
__dir__ = __all__.copy


class Elementwise(Module):
    """Base of elementwise activations: a node gives a node, an array an array, a number a number."""

    if TYPE_CHECKING:
        def __call__(self, input: Entries) -> Entries: ...  # pyright: ignore[reportIncompatibleMethodOverride]

ActivationLike = str | Callable[[Any], Any]


def activation_function(activation: ActivationLike) -> Callable[[Any], Any]:
    """Return the function for an activation's name (any operation of one operand); return a function unchanged.

    Raises ValueError for an unknown name.

    >>> activation_function("relu")(-2.0)
    0.0
    """
    if callable(activation):
        return activation
    found = rows.get(activation)
    if found is None or found.arity - len(found.defaults) != 1:
        usual = "identity, step, sigmoid, tanh, relu, leaky_relu, elu, softplus"
        raise ValueError(f"no activation {activation!r}; choose from {usual}, and any operation of one operand "
                         "added with autograd.op, or give a function")
    return found


class Identity(Module):
    """The input unchanged; ignores its arguments, so that it can replace any layer.

    >>> Identity(54, unused=True)(3.0)
    3.0
    """

    if TYPE_CHECKING:
        def __call__(self, input: Same) -> Same: ...  # type: ignore[override]

    def __init__(self, *args: object, **options: object):
        pass

    def forward(self, input: Same) -> Same:
        return input


class Activation(Elementwise):
    """Module of any function of one argument, given as an operation's name or as a function.

    >>> Activation("sin")(0.0)
    0.0
    """

    def __init__(self, function: ActivationLike):
        self.function = activation_function(function)

    def forward(self, input: Entries) -> Entries:
        return self.function(input)

    def extra_repr(self) -> str:
        return getattr(self.function, "__name__", str(self.function))


class ReLU(Elementwise):
    """max(0, x); its gradient at 0 is 0. ``inplace`` is accepted, and nothing is done in place, as everywhere.

    >>> ReLU(inplace=True)(Tensor([-2.0, 0.0, 3.0])).tolist()
    [0.0, 0.0, 3.0]
    """

    def __init__(self, inplace: bool = False):
        self.inplace = inplace

    def forward(self, input: Entries) -> Entries: return relu(input)


class Sigmoid(Elementwise):
    """1 / (1 + exp(−x)).

    >>> Sigmoid()(Tensor([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    def forward(self, input: Entries) -> Entries: return sigmoid(input)


class Tanh(Elementwise):
    """The hyperbolic tangent.

    >>> Tanh()(Tensor([-1000.0, 0.0, 1000.0])).tolist()
    [-1.0, 0.0, 1.0]
    """

    def forward(self, input: Entries) -> Entries: return tanh(input)


class Step(Elementwise):
    """1 where x > 0, else 0, as in the perceptron; training through it warns, because its derivative is 0.

    >>> Step()(Tensor([-2.0, 0.0, 3.0])).tolist()
    [0.0, 0.0, 1.0]
    """

    def forward(self, input: Entries) -> Entries: return step(input)


class LeakyReLU(Elementwise):
    """x where x > 0, else ``negative_slope`` · x.

    >>> LeakyReLU(0.5)(Tensor([-2.0, 0.0, 3.0])).tolist()
    [-1.0, 0.0, 3.0]
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False):
        self.negative_slope, self.inplace = float(negative_slope), inplace

    def forward(self, input: Entries) -> Entries: return leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str: return f"negative_slope={self.negative_slope}"


class PReLU(Module):
    """Leaky relu with a learned slope (He et al., 2015): one in all, or one for each channel on axis 1.

    >>> PReLU()(Tensor([-2.0, 0.0, 3.0])).tolist(), PReLU(8).weight.shape
    ([-0.5, 0.0, 3.0], (8,))
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike | None = None, device: object = None):
        from numpy import full
        count = whole_number(num_parameters, "PReLU: num_parameters")
        self.weight = autograd.Tensor(full(count, init, float_dtype(dtype, device)), "weight")

    def forward(self, input: Tensor | Array) -> Tensor:
        x: Any = input
        slope = self.weight if getattr(x, "shape", ()) else self.weight[0]
        if slope.shape not in ((), (1,)):
            if x.ndim < 2 or x.shape[1] != slope.shape[0]:
                raise ValueError(f"PReLU({slope.shape[0]}): the input has shape {tuple(x.shape)}; it needs as many channels "
                                 "on axis 1")
            slope = autograd.reshape(slope, (-1,) + (1,) * (x.ndim - 2))
        return leaky_relu(x, slope)

    def extra_repr(self) -> str: return f"num_parameters={self.weight.size}"


class ELU(Elementwise):
    """x where x > 0, else ``alpha`` · (exp(x) − 1).

    >>> ELU(2.0)(Tensor([-1000.0, 0.0, 3.0])).tolist()
    [-2.0, 0.0, 3.0]
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        self.alpha, self.inplace = float(alpha), inplace

    def forward(self, input: Entries) -> Entries: return elu(input, self.alpha)

    def extra_repr(self) -> str: return f"alpha={self.alpha}"


class Softplus(Elementwise):
    """log(1 + exp(``beta`` · x)) / ``beta``: a smooth relu; x itself where ``beta`` · x is above ``threshold``.

    >>> Softplus()(Tensor([-1000.0, 1000.0])).tolist(), round(Softplus()(0.0), 4)  # log 2
    ([0.0, 1000.0], 0.6931)
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        self.beta, self.threshold = float(beta), float(threshold)

    def forward(self, input: Entries) -> Entries: return softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str: return f"beta={self.beta}"


class SiLU(Elementwise):
    """x · sigmoid(x), also called swish.

    >>> round(SiLU()(1.0), 4)
    0.7311
    """

    def __init__(self, inplace: bool = False):
        self.inplace = inplace

    def forward(self, input: Entries) -> Entries: return silu(input)


class GELU(Elementwise):
    """x · Φ(x), with the normal distribution Φ; ``approximate="tanh"`` is its usual approximation.

    >>> round(GELU("tanh")(1.0), 4)
    0.8412
    """

    def __init__(self, approximate: str = "none"):
        self.approximate = approximate

    def forward(self, input: Entries) -> Entries: return gelu(input, self.approximate)

    def extra_repr(self) -> str: return f"approximate={self.approximate!r}"


class Softmax(Module):
    """exp(x) / Σ exp(x) over the axis ``dim``: positive, and sums to 1.

    >>> Softmax()(Tensor([[7.0, 7.0, 7.0, 7.0]])).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, dim: int = -1):
        self.dim = dim

    if TYPE_CHECKING:
        def __call__(self, input: Arrays) -> Arrays: ...  # type: ignore[override]

    def forward(self, input: Arrays) -> Arrays: return autograd.softmax(input, self.dim)

    def extra_repr(self) -> str: return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of softmax over the axis ``dim``, without forming it.

    >>> LogSoftmax()(Tensor([[1000.0, 0.0]])).tolist()  # the logarithm of softmax's 0.0 would be −∞
    [[0.0, -1000.0]]
    """

    def forward(self, input: Arrays) -> Arrays: return autograd.log_softmax(input, self.dim)


# ── the module of a function, and the function of a module ────────────────────────────────────────────────────────

_modules: dict[str, type[Module]] = {"relu": ReLU, "sigmoid": Sigmoid, "tanh": Tanh, "step": Step, "leaky_relu": LeakyReLU,
                                     "elu": ELU, "softplus": Softplus}


def activation_module(function: ActivationLike) -> Module:
    """The module of an activation: its name, an operation, or a function.

    >>> activation_module("relu"), activation_module("sin")
    (ReLU(), Activation(sin))
    """
    if isinstance(owner := getattr(function, "__self__", None), Module):
        return owner  # the forward pass of one
    function = activation_function(function)
    return _modules[str(function)]() if str(function) in _modules else Activation(function)


def activation_of(module: Module) -> Callable[[Any], Any]:
    """Return the function of one number that an activation module applies; raise TypeError for other modules."""
    if isinstance(module, Identity):
        return identity
    if isinstance(module, Activation):
        return module.function
    for name, kind in _modules.items():
        if type(module) is kind:
            plain = repr(module) == repr(kind())  # with the operation's own defaults
            return activation_function(name) if plain else module.forward
    usual = ", ".join(kind.__name__ for kind in _modules.values())
    raise TypeError(f"{module!r:.60} is not an activation of single numbers; choose from {usual}, Identity and Activation")
