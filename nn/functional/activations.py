"""Activations with PyTorch's names and arguments, of numbers, arrays and Tensors; loads no NumPy.

``inplace`` is accepted everywhere, and nothing is done in place: a graph needs its numbers unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import autograd
from autograd import sigmoid, tanh, where

if TYPE_CHECKING:
    from autograd import Tensor, Value
    from autograd.typing import Array, DTypeLike

    Entries = TypeVar("Entries", float, Value, Tensor, Array)
    Arrays = TypeVar("Arrays", Tensor, Array)

__all__ = ["elu", "gelu", "leaky_relu", "log_softmax", "logsigmoid", "relu", "sigmoid", "silu", "softmax", "softplus", "tanh"]


def relu(input: Entries, inplace: bool = False) -> Entries:
    """max(0, x); its gradient at 0 is 0.

    >>> from nn import functional as F
    >>> F.relu(-2.0), F.relu(3.0, inplace=True)
    (0.0, 3.0)
    """
    return autograd.relu(input)


def leaky_relu(input: Entries, negative_slope: float = 0.01, inplace: bool = False) -> Entries:
    """x where x > 0, else ``negative_slope`` · x.

    >>> from nn import functional as F
    >>> F.leaky_relu(-2.0, negative_slope=0.5)
    -1.0
    """
    return autograd.leaky_relu(input, negative_slope)


def elu(input: Entries, alpha: float = 1.0, inplace: bool = False) -> Entries:
    """x where x > 0, else ``alpha`` · (exp(x) − 1).

    >>> elu(-1000.0, alpha=2.0)
    -2.0
    """
    return autograd.elu(input, alpha)


def softplus(input: Entries, beta: float = 1.0, threshold: float = 20.0) -> Entries:
    """log(1 + exp(``beta`` · x)) / ``beta``, a smooth relu; x itself where ``beta`` · x is above ``threshold``, as in PyTorch.

    >>> from nn import functional as F
    >>> round(F.softplus(0.0), 4), F.softplus(3.0, threshold=2.0)  # log 2
    (0.6931, 3.0)
    """
    x: Any = input
    smooth: Any = autograd.softplus(x) if beta == 1 else autograd.softplus(x * beta) / beta
    beyond: Any = x > threshold / beta
    if beyond is False or hasattr(beyond, "any") and not hasattr(beyond, "priority") and not beyond.any():
        return smooth  # the usual case, without a choice in the graph
    return where(beyond, x, smooth)


def silu(input: Entries, inplace: bool = False) -> Entries:
    """x · sigmoid(x), also called swish (Elfwing et al., 2018).

    >>> silu(0.0), round(silu(1.0), 4)
    (0.0, 0.7311)
    """
    x: Any = input
    return x * sigmoid(x)


def gelu(input: Entries, approximate: str = "none") -> Entries:
    """x · Φ(x), with the normal distribution Φ (Hendrycks & Gimpel, 2016); ``approximate="tanh"`` is its usual approximation.

    >>> round(gelu(1.0), 4), round(gelu(1.0, approximate="tanh"), 4)
    (0.8413, 0.8412)
    """
    x: Any = input
    if approximate == "tanh":
        return 0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))  # √(2/π)
    if approximate != "none":
        raise ValueError(f"gelu: approximate={approximate!r}; it must be 'none' or 'tanh'")
    return 0.5 * x * autograd.erfc(x * -0.7071067811865476)


def logsigmoid(input: Entries) -> Entries:
    """log sigmoid(x), exact for large negative x.

    >>> logsigmoid(-1000.0)
    -1000.0
    """
    x: Any = input
    return -autograd.softplus(-x)


def softmax(input: Arrays, dim: int = -1, *, dtype: DTypeLike | None = None) -> Arrays:
    """exp(x) scaled to sum to 1 along the axis ``dim``.

    >>> from nn import functional as F
    >>> F.softmax(Tensor([[0.0, 0.0], [7.0, 7.0]]), dim=1).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    return autograd.softmax(input if dtype is None else autograd.astype(input, dtype), dim)


def log_softmax(input: Arrays, dim: int = -1, *, dtype: DTypeLike | None = None) -> Arrays:
    """The logarithm of softmax along the axis ``dim``, without forming it.

    >>> from nn import functional as F
    >>> F.log_softmax(Tensor([1000.0, 0.0]), dim=0).tolist()
    [0.0, -1000.0]
    """
    return autograd.log_softmax(input if dtype is None else autograd.astype(input, dtype), dim)
