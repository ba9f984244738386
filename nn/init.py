"""Initial weights, with PyTorch's names, arguments and distributions.

Every function changes the tensor and returns it; ``rng`` is a ``numpy.random.Generator`` or a seed (without one, every run is
different). A tensor's shape is (out, in, …) as in PyTorch: its fan-in is the number of inputs of one output, its fan-out the number
of outputs of one input.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import no_grad
from autograd.tensor import Tensor

from .module import Module

if TYPE_CHECKING:
    from autograd.typing import ArrayLike

__all__ = ["calculate_gain", "constant_", "fans", "kaiming_normal_", "kaiming_uniform_", "lsuv", "normal_", "ones_",
           "orthogonal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_"]
__dir__ = __all__.copy

Rng = np.random.Generator | int | None


def zeros_(tensor: Tensor) -> Tensor:
    """Set every entry to 0: right for biases, but equal weights stay equal in training."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Set every entry to 1."""
    return constant_(tensor, 1.0)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Set every entry to ``val``."""
    return _set(tensor, np.full(tensor.shape, val))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, rng: Rng = None) -> Tensor:
    """Draw entries uniformly from [a, b).

    >>> uniform_(Tensor([0.0, 0.0]), -1.0, 1.0, rng=0).tolist()
    [0.2739233746429086, -0.4604265724722594]
    """
    return _set(tensor, np.random.default_rng(rng).uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, rng: Rng = None) -> Tensor:
    """Draw entries from a normal distribution."""
    return _set(tensor, np.random.default_rng(rng).normal(mean, std, tensor.shape))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, rng: Rng = None) -> Tensor:
    """Draw uniformly with variance gain² · 2/(fan-in + fan-out), which keeps the variance through layers of tanh.

    Source: Glorot & Bengio, 2010.
    """
    bound = gain * sqrt(6.0 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, rng)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, rng: Rng = None) -> Tensor:
    """Draw from a normal distribution with variance gain² · 2/(fan-in + fan-out)."""
    return normal_(tensor, 0.0, gain * sqrt(2.0 / sum(fans(tensor))), rng)


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                     rng: Rng = None) -> Tensor:
    """Draw uniformly with variance gain²/fan, which keeps the variance through layers of relu (He et al., 2015).

    ``a`` is the slope of a leaky relu; ``mode`` is "fan_in" (keeps the forward pass) or "fan_out" (the backward pass).
    """
    bound = sqrt(3.0) * _he(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, rng)


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
                    rng: Rng = None) -> Tensor:
    """Draw from a normal distribution with variance gain²/fan."""
    return normal_(tensor, 0.0, _he(tensor, a, mode, nonlinearity), rng)


def orthogonal_(tensor: Tensor, gain: float = 1.0, rng: Rng = None) -> Tensor:
    """Set rows (or columns, if those are fewer) to orthogonal vectors of length ``gain`` (Saxe et al., 2013)."""
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: a tensor of shape {tensor.shape} has no rows and columns; give one with two axes or more")
    rows, columns = tensor.shape[0], prod(tensor.shape[1:])
    q, r = np.linalg.qr(np.random.default_rng(rng).normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return _set(tensor, gain * (q.T if rows < columns else q).reshape(tensor.shape))


def lsuv(model: Module, inputs: ArrayLike, tol: float = 0.05, max_iter: int = 10, rng: Rng = None) -> Module:
    """Initialise a model by layer-sequential unit variance: orthogonal weights, scaled until each layer's outputs have variance 1.

    It takes every module with a ``weight`` of two axes or more, with or without bias, in the order of the forward pass on
    ``inputs``, a batch of real examples. Raises ValueError where an output does not vary. Source: Mishkin & Matas, 2016.
    """
    rng = np.random.default_rng(rng)
    outputs: dict[str, Any] = {}  # in the order of the forward pass

    def forward() -> None:
        outputs.clear()
        with no_grad(), model.watch(lambda path, module, args, output: outputs.setdefault(path, (module, output))):
            model(inputs)

    forward()
    for path, (module, _) in list(outputs.items()):
        weight = getattr(module, "weight", None)
        if not isinstance(weight, Tensor) or weight.ndim < 2 or any(module.children()):
            continue
        orthogonal_(weight, rng=rng)
        for _ in range(max_iter):
            forward()
            variance = float(outputs[path][1].array.var())
            if not variance > 0:
                raise ValueError(f"lsuv: the outputs of {path or 'the module'} do not vary over these inputs; give a batch "
                                 "of different examples")
            if abs(variance - 1) < tol:
                break
            _set(weight, weight.array / sqrt(variance))
    return model


_gains = {"linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2.0), "selu": 0.75}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the gain that compensates for the activation's shrinkage; values are PyTorch's.

    >>> calculate_gain("tanh"), calculate_gain("leaky_relu", 0.0) == calculate_gain("relu")
    (1.6666666666666667, True)
    """
    if nonlinearity == "leaky_relu":
        return sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _gains:
        raise ValueError(f"no gain is known for {nonlinearity!r}; choose from {', '.join([*_gains, 'leaky_relu'])}")
    return _gains[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """Return fan-in and fan-out of a weight (out, in, …).

    >>> fans(Tensor(np.zeros((8, 3, 5, 5))))
    (75, 200)
    """
    if tensor.ndim < 2:
        raise ValueError(f"a tensor of shape {tensor.shape} has no fan-in and fan-out, which need two axes or more. Set a "
                         "bias with zeros_, constant_ or uniform_")
    window = prod(tensor.shape[2:])
    return tensor.shape[1] * window, tensor.shape[0] * window


def _he(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode={mode!r}; it must be 'fan_in' or 'fan_out'")
    return calculate_gain(nonlinearity, a) / sqrt(fans(tensor)[mode == "fan_out"])


def _set(tensor: Tensor, array: Any) -> Tensor:
    data = array.astype(tensor.dtype)
    if data.dtype.kind != "f" and not np.array_equal(data, array):
        raise TypeError(f"{tensor.describe()} holds {tensor.dtype}, which would round the initial numbers; make it a tensor of "
                        "floats")
    tensor.data = data
    return tensor
