"""Losses as functions and as modules, and penalties on weights, with PyTorch's names and arguments.

The functions are those of ``nn.functional`` (``nn.mse_loss is nn.functional.mse_loss``): each takes numbers, nested lists
of Values, arrays and Tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, overload

from autograd import scope, sqrt

from .functional.losses import (
    binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, hinge_loss, huber_loss, kl_div, l1_loss, mse_loss,
    nll_loss, smooth_l1_loss,
)
from .module import Module

if TYPE_CHECKING:
    from autograd import Tensor, Value
    from autograd.typing import ArrayLike, Tree

    Parameter = Value | Tensor | tuple[str, Value | Tensor]


def sse_loss(input: Tree, target: Tree) -> Any:
    """The sum of (input − target)² over all entries.

    >>> round(sse_loss(0.7, 0.5), 12)
    0.04
    """
    return mse_loss(input, target, reduction="sum")


def rmse_loss(input: Tree, target: Tree) -> Any:
    """The root of the mean of (input − target)²; its gradient is 0 where the loss is 0.

    >>> rmse_loss([1.0, 5.0], [1.0, 1.0])  # √((0 + 16) / 2)
    2.8284271247461903
    """
    with scope("rmse_loss"):
        mean = mse_loss(input, target)
        return mean if mean == 0 else sqrt(mean)


# ── penalties on weights: R(W) in data loss + λ·R(W) ─────────────────────────────────────────────────────────────

def l2_penalty(parameters: Iterable[Parameter]) -> Any:
    """Σ w² over all entries of all parameters (or pairs of a name and one); its gradient is 2w.

    >>> l2_penalty([Value(0.25)] * 4).data, l2_penalty([Value(1.0), Value(0.0)]).data
    (0.25, 1.0)
    """
    return _penalty("l2_penalty", lambda w: w * w, parameters)


def l1_penalty(parameters: Iterable[Parameter]) -> Any:
    """Σ |w| over all entries of all parameters, which drives small ones to 0.

    >>> l1_penalty([Value(3.0), Value(-4.0)]).data
    7.0
    """
    return _penalty("l1_penalty", abs, parameters)


def elastic_penalty(parameters: Iterable[Parameter], beta: float = 1.0) -> Any:
    """Σ (beta · w² + |w|) over all entries of all parameters: both penalties together.

    >>> elastic_penalty([Value(3.0), Value(-4.0)], beta=0.5).data  # 25 / 2 + 7
    19.5
    """
    return _penalty("elastic_penalty", lambda w: beta * (w * w) + abs(w), parameters)


def _penalty(name: str, term: Callable[[Any], Any], parameters: Iterable[Parameter]) -> Any:
    with scope(name):
        terms = [term(w) for w in (x[1] if isinstance(x, tuple) else x for x in parameters)]
        if not terms:
            raise ValueError(f"{name} of no parameters; give model.parameters(); an iterator can be used once")
        return reduce(add, [t.sum() if getattr(t, "shape", ()) else t for t in terms])


# ── losses as modules ────────────────────────────────────────────────────────────────────────────────────────────

class Loss(Module):
    """Module of (input, target) that applies a loss function with its options."""

    _function: Callable[..., Any]

    def __init__(self, reduction: str = "mean"):
        self._take(reduction=reduction)

    def _take(self, **options: Any) -> None:
        """Set the options as attributes: a weight that is a constant Tensor is then a buffer of that name, as in PyTorch."""
        self._names = tuple(options)
        for name, option in options.items():
            setattr(self, name, option)

    @property
    def options(self) -> dict[str, Any]:
        """The options of the function, by name."""
        return {name: getattr(self, name) for name in self._names}

    @overload
    def __call__(self, input: Tensor, target: ArrayLike) -> Tensor: ...
    @overload
    def __call__(self, input: Tree, target: Tree) -> Any: ...
    def __call__(self, input: Tree, target: Tree) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.forward(input, target)  # the function opens the scope

    def forward(self, input: Tree, target: Tree) -> Any:
        return type(self)._function(input, target, **self.options)

    def extra_repr(self) -> str:
        from inspect import signature  # takes longer to import than the whole package
        usual = signature(type(self)._function).parameters
        default = {name: parameter.default for name, parameter in usual.items()}
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items()
                         if type(value) is not type(default[name]) or value != default[name])


class MSELoss(Loss):
    """``mse_loss`` as a module.

    >>> MSELoss()([1.0, 3.0], [1.0, 1.0])
    2.0
    """

    _function = mse_loss


class L1Loss(Loss):
    """``l1_loss`` as a module.

    >>> L1Loss(reduction="sum")([1.0, 3.0], [1.0, 1.0])
    2.0
    """

    _function = l1_loss


class SmoothL1Loss(Loss):
    """``smooth_l1_loss`` as a module.

    >>> SmoothL1Loss()([0.5], [0.0])
    0.125
    """

    _function = smooth_l1_loss

    def __init__(self, reduction: str = "mean", beta: float = 1.0):
        self._take(reduction=reduction, beta=beta)


class HuberLoss(Loss):
    """``huber_loss`` as a module.

    >>> HuberLoss(delta=2.0)([3.0], [0.0])
    4.0
    """

    _function = huber_loss

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        self._take(reduction=reduction, delta=delta)


class KLDivLoss(Loss):
    """``kl_div`` as a module.

    >>> KLDivLoss(reduction="batchmean")([[0.0, 0.0]], [[1.0, 0.0]])
    0.0
    """

    _function = kl_div

    def __init__(self, reduction: str = "mean", log_target: bool = False):
        self._take(reduction=reduction, log_target=log_target)


class BCELoss(Loss):
    """``binary_cross_entropy`` as a module.

    >>> round(BCELoss()([0.5], [1.0]), 4)
    0.6931
    """

    _function = binary_cross_entropy

    def __init__(self, weight: ArrayLike | None = None, reduction: str = "mean"):
        self._take(weight=weight, reduction=reduction)


class BCEWithLogitsLoss(Loss):
    """``binary_cross_entropy_with_logits`` as a module.

    >>> round(BCEWithLogitsLoss()([0.0], [1.0]), 4)
    0.6931
    """

    _function = binary_cross_entropy_with_logits

    def __init__(self, weight: ArrayLike | None = None, reduction: str = "mean", pos_weight: ArrayLike | None = None):
        self._take(weight=weight, reduction=reduction, pos_weight=pos_weight)


class CrossEntropyLoss(Loss):
    """``cross_entropy`` as a module.

    >>> CrossEntropyLoss()([[0.0, 0.0]], [1]) == cross_entropy([[0.0, 0.0]], [1])
    True
    """

    _function = cross_entropy

    def __init__(self, weight: ArrayLike | None = None, *, ignore_index: int = -100, reduction: str = "mean",
                 label_smoothing: float = 0.0):
        self._take(weight=weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing)


class NLLLoss(Loss):
    """``nll_loss`` as a module.

    >>> NLLLoss()([[-0.5, -1.0], [-2.0, -0.25]], [0, 1])
    0.375
    """

    _function = nll_loss

    def __init__(self, weight: ArrayLike | None = None, *, reduction: str = "mean", ignore_index: int = -100):
        self._take(weight=weight, reduction=reduction, ignore_index=ignore_index)


class HingeLoss(Loss):
    """``hinge_loss`` as a module.

    >>> HingeLoss()([3.0, 1.0, 2.5], 0)  # max(0, 1 − 3 + 1) + max(0, 2.5 − 3 + 1)
    0.5
    """

    _function = hinge_loss

    def __init__(self, margin: float = 1.0, reduction: str = "mean"):
        self._take(margin=margin, reduction=reduction)


# written out, because type checkers read the public names from here
__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "HingeLoss", "HuberLoss", "KLDivLoss", "L1Loss", "Loss", "MSELoss",
    "NLLLoss", "SmoothL1Loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "elastic_penalty",
    "hinge_loss", "huber_loss", "kl_div", "l1_loss", "l1_penalty", "l2_penalty", "mse_loss", "nll_loss", "rmse_loss",
    "smooth_l1_loss", "sse_loss",
]
__dir__ = __all__.copy
