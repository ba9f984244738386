# ruff: noqa
# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false, reportIncompatibleMethodOverride=false

"""Losses of numbers, Values, arrays and Tensors, as type checkers see them. Generated from the tables by `make docs`: do not edit."""

from collections.abc import Sequence
from typing import Any, Literal, overload

from autograd import Tensor, Value
from autograd.typing import PlainArrayLike

Values = Value | Sequence[Value] | Sequence[Sequence[Value]]
Reduction = Literal["mean", "sum"]

@overload
def mse_loss(input: PlainArrayLike, target: PlainArrayLike, *, reduction: Reduction = 'mean') -> float:
    """The mean of (input − target)² over all entries; both are numbers, nested lists of one form, or arrays of one shape."""
@overload
def mse_loss(input: Values, target: Any, *, reduction: Reduction = 'mean') -> Value: ...
@overload
def mse_loss(input: Tensor, target: PlainArrayLike | Tensor, *, reduction: str = 'mean') -> Tensor: ...
@overload
def mse_loss(input: Any, target: Any, *, reduction: str = 'mean') -> Any: ...

@overload
def l1_loss(input: PlainArrayLike, target: PlainArrayLike, *, reduction: Reduction = 'mean') -> float:
    """The mean of |input − target| over all entries."""
@overload
def l1_loss(input: Values, target: Any, *, reduction: Reduction = 'mean') -> Value: ...
@overload
def l1_loss(input: Tensor, target: PlainArrayLike | Tensor, *, reduction: str = 'mean') -> Tensor: ...
@overload
def l1_loss(input: Any, target: Any, *, reduction: str = 'mean') -> Any: ...

@overload
def smooth_l1_loss(input: PlainArrayLike, target: PlainArrayLike, *, reduction: Reduction = 'mean', beta: float = 1.0) -> float:
    """Quadratic where input and target differ by less than ``beta``, linear beyond (Huber's loss over beta)."""
@overload
def smooth_l1_loss(input: Values, target: Any, *, reduction: Reduction = 'mean', beta: float = 1.0) -> Value: ...
@overload
def smooth_l1_loss(input: Tensor, target: PlainArrayLike | Tensor, *, reduction: str = 'mean', beta: float = 1.0) -> Tensor: ...
@overload
def smooth_l1_loss(input: Any, target: Any, *, reduction: str = 'mean', beta: float = 1.0) -> Any: ...

@overload
def binary_cross_entropy(input: PlainArrayLike, target: PlainArrayLike, weight: Any = None, *, reduction: Reduction = 'mean') -> float:
    """The mean of −y·log p − (1 − y)·log(1 − p), of probabilities p and targets y, both from 0 to 1."""
@overload
def binary_cross_entropy(input: Values, target: Any, weight: Any = None, *, reduction: Reduction = 'mean') -> Value: ...
@overload
def binary_cross_entropy(input: Tensor, target: PlainArrayLike | Tensor, weight: Any = None, *, reduction: str = 'mean') -> Tensor: ...
@overload
def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: str = 'mean') -> Any: ...

@overload
def binary_cross_entropy_with_logits(input: PlainArrayLike, target: PlainArrayLike, weight: Any = None, *, reduction: Reduction = 'mean', pos_weight: Any = None) -> float:
    """The cross-entropy of sigmoid(input) with targets from 0 to 1, exact for logits of any size."""
@overload
def binary_cross_entropy_with_logits(input: Values, target: Any, weight: Any = None, *, reduction: Reduction = 'mean', pos_weight: Any = None) -> Value: ...
@overload
def binary_cross_entropy_with_logits(input: Tensor, target: PlainArrayLike | Tensor, weight: Any = None, *, reduction: str = 'mean', pos_weight: Any = None) -> Tensor: ...
@overload
def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, *, reduction: str = 'mean', pos_weight: Any = None) -> Any: ...

@overload
def cross_entropy(input: PlainArrayLike, target: PlainArrayLike, weight: Any = None, *, ignore_index: int = -100, reduction: Reduction = 'mean', label_smoothing: float = 0.0) -> float:
    """The mean of −log softmax(scores)[label]: of one example (scores, label), or of a batch (of both)."""
@overload
def cross_entropy(input: Values, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: Reduction = 'mean', label_smoothing: float = 0.0) -> Value: ...
@overload
def cross_entropy(input: Tensor, target: PlainArrayLike | Tensor, weight: Any = None, *, ignore_index: int = -100, reduction: str = 'mean', label_smoothing: float = 0.0) -> Tensor: ...
@overload
def cross_entropy(input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = 'mean', label_smoothing: float = 0.0) -> Any: ...

@overload
def nll_loss(input: PlainArrayLike, target: PlainArrayLike, weight: Any = None, *, ignore_index: int = -100, reduction: Reduction = 'mean') -> float:
    """The mean of −x[label], of log-probabilities by class: cross-entropy after log-softmax."""
@overload
def nll_loss(input: Values, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: Reduction = 'mean') -> Value: ...
@overload
def nll_loss(input: Tensor, target: PlainArrayLike | Tensor, weight: Any = None, *, ignore_index: int = -100, reduction: str = 'mean') -> Tensor: ...
@overload
def nll_loss(input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = 'mean') -> Any: ...

@overload
def hinge_loss(input: PlainArrayLike, target: PlainArrayLike, *, margin: float = 1.0, reduction: Reduction = 'mean') -> float:
    """The margin loss of support vector machines; 0 where every margin is at least ``margin``."""
@overload
def hinge_loss(input: Values, target: Any, *, margin: float = 1.0, reduction: Reduction = 'mean') -> Value: ...
@overload
def hinge_loss(input: Tensor, target: PlainArrayLike | Tensor, *, margin: float = 1.0, reduction: str = 'mean') -> Tensor: ...
@overload
def hinge_loss(input: Any, target: Any, *, margin: float = 1.0, reduction: str = 'mean') -> Any: ...
