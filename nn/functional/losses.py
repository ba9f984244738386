"""Losses with PyTorch's names, arguments and results.

Each takes numbers, nested lists of numbers or Values, arrays and Tensors. Lists need no NumPy: they go to
``scalar_losses``; arrays and Tensors go to ``array_losses``, which loads it. ``reduction`` is "mean" (over all entries
or examples), "sum" or "none" (the terms, in the structure of the input).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from autograd import scope
from autograd.context import Scope, current
from autograd.graph import is_node
from autograd.operation import holds_node

from . import scalar_losses
from .signatures import of_prediction

if TYPE_CHECKING:
    from autograd.typing import ArrayLike, Tree


@of_prediction
def mse_loss(input: Tree, target: Tree, *, reduction: str = "mean") -> Any:
    """The mean of (input − target)² over all entries; both are numbers, nested lists of one structure, or arrays of one shape.

    Raises ValueError where the structures differ (nothing is broadcast), there are no entries, or a target is missing.

    >>> round(mse_loss([3.0, 4.0, 5.0], [2.7, 4.2, 5.5]), 4)
    0.1267
    """
    return _computed("mse_loss", input, target, reduction=reduction)


@of_prediction
def l1_loss(input: Tree, target: Tree, *, reduction: str = "mean") -> Any:
    """The mean of |input − target| over all entries.

    >>> round(l1_loss([3.0, 4.0, 5.0], [2.7, 4.2, 5.5]), 4)
    0.3333
    """
    return _computed("l1_loss", input, target, reduction=reduction)


@of_prediction
def smooth_l1_loss(input: Tree, target: Tree, *, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Quadratic where input and target differ by less than ``beta``, linear beyond (Huber's loss over beta).

    >>> smooth_l1_loss([0.5], [0.0]), smooth_l1_loss([3.0], [0.0])  # ½ · 0.5², and 3 − ½
    (0.125, 2.5)
    """
    return _computed("smooth_l1_loss", input, target, reduction=reduction, beta=beta)


@of_prediction
def huber_loss(input: Tree, target: Tree, reduction: str = "mean", delta: float = 1.0) -> Any:
    """½ · d² where input and target differ by d < ``delta``, delta · (d − delta/2) beyond (Huber, 1964).

    >>> huber_loss([0.5], [0.0]), huber_loss([3.0], [0.0], delta=2.0)
    (0.125, 4.0)
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta={delta!r}; it must be a number above 0")
    with scope("huber_loss"):
        loss = _kind(input, target).smooth_l1_loss(input, target, reduction=reduction, beta=delta)
        return _scaled(loss, delta)


def _scaled(loss: Any, factor: float) -> Any:
    return [_scaled(part, factor) for part in loss] if isinstance(loss, list) else loss if factor == 1 else loss * factor


@of_prediction
def kl_div(input: Tree, target: Tree, *, reduction: str = "mean", log_target: bool = False) -> Any:
    """The divergence Σ target · (log target − input) of log-probabilities ``input`` from probabilities ``target``.

    With ``log_target`` the target holds logarithms too. ``reduction="batchmean"`` divides the sum by the number of examples, which
    is the divergence; "mean" divides by that of entries.

    >>> kl_div([[0.0, 0.0]], [[1.0, 0.0]], reduction="sum"), round(kl_div([[-0.7, -0.7]], [[0.5, 0.5]], reduction="batchmean"), 4)
    (0.0, 0.0069)
    """
    with scope("kl_div"):
        kind = _kind(input, target)
        if reduction != "batchmean":
            return kind.kl_div(input, target, reduction=reduction, log_target=log_target)
        count: Any = input
        return kind.kl_div(input, target, reduction="sum", log_target=log_target) / float(len(count))


@of_prediction
def binary_cross_entropy(input: Tree, target: Tree, weight: ArrayLike | None = None, *, reduction: str = "mean") -> Any:
    """The mean of −y·log p − (1 − y)·log(1 − p), of probabilities p and targets y, both from 0 to 1.

    Logarithms are clipped at −100, as in PyTorch; where clipped, the gradient is 0 (PyTorch divides by 1e-12 there). ``weight``
    multiplies the terms. Raises ValueError for p or y outside [0, 1].

    >>> round(binary_cross_entropy([0.3], [1.0]), 4)
    1.204
    """
    return _computed("binary_cross_entropy", input, target, weight, reduction=reduction)


@of_prediction
def binary_cross_entropy_with_logits(input: Tree, target: Tree, weight: ArrayLike | None = None, *, reduction: str = "mean",
                                     pos_weight: ArrayLike | None = None) -> Any:
    """The cross-entropy of sigmoid(input) with targets from 0 to 1, exact for logits of any size.

    ``weight`` multiplies the terms, ``pos_weight`` the terms of the positive class.

    >>> round(binary_cross_entropy_with_logits([0.0], [1.0]), 4), binary_cross_entropy_with_logits([-800.0], [1.0])  # log 2; 800
    (0.6931, 800.0)
    """
    return _computed("binary_cross_entropy_with_logits", input, target, weight, reduction=reduction, pos_weight=pos_weight)


@of_prediction
def cross_entropy(input: Tree, target: Tree, weight: ArrayLike | None = None, *, ignore_index: int = -100, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Any:
    """The mean of −log softmax(scores)[label]: of one example (scores, label), or of a batch (of both).

    Scores are raw (logits), of shape (N, C), (N, C, d1, …) or (C,); the result is accurate for scores of any size. A target is the
    index of a class for each example, or of the input's own shape: one-hot rows or probabilities. ``weight`` weighs classes, and
    the mean divides by the weights' sum; labels equal to ``ignore_index`` are ignored. Raises ValueError or TypeError for targets
    that do not fit, and warns where every row of scores is a distribution: for probabilities p use ``nll_loss(log(p), target)``.

    >>> round(cross_entropy([0.0, 0.0, 0.0], 1), 4)
    1.0986
    >>> cross_entropy([[1000.0, 0.0], [0.0, 1000.0]], [0, 1]), cross_entropy([[1000.0, 0.0]], [[1, 0]])
    (0.0, 0.0)
    """
    kind, options = _kind(input, target), {"ignore_index": ignore_index, "reduction": reduction, "label_smoothing": label_smoothing}
    if kind is scalar_losses:
        return _computed("cross_entropy", input, target, weight, **options)
    loss = kind.cross_entropy(input, target, weight, **options)
    if is_node(loss):  # one operation: setting its scope directly is 4 µs faster than a context (measured)
        around, (name, _, *made) = current(), loss.metadata or (None, None)
        loss.metadata = (name, Scope("cross_entropy", around.scope if around else None), *made)
    return loss


@of_prediction
def nll_loss(input: Tree, target: Tree, weight: ArrayLike | None = None, *, ignore_index: int = -100,
             reduction: str = "mean") -> Any:
    """The mean of −x[label] for log-probabilities x by class: cross-entropy after log-softmax.

    >>> nll_loss([[-0.5, -1.0], [-2.0, -0.25]], [0, 1])  # (0.5 + 0.25) / 2
    0.375
    """
    return _computed("nll_loss", input, target, weight, ignore_index=ignore_index, reduction=reduction)


@of_prediction
def hinge_loss(input: Tree, target: Tree, *, margin: float = 1.0, reduction: str = "mean") -> Any:
    """The margin loss of support vector machines; 0 where every margin is at least ``margin``.

    For scores by class with a label (or a batch of both): the mean of Σ max(0, s_j − s_label + margin) over j ≠ label. For one
    score per example with targets of −1 and 1: the mean of max(0, margin − target · score).

    >>> round(hinge_loss([3.2, 5.1, -1.7], 0), 12)
    2.9
    >>> hinge_loss([0.5, -2.0], [1, -1])
    0.25
    """
    return _computed("hinge_loss", input, target, margin=margin, reduction=reduction)


def _computed(name: str, input: Tree, target: Tree, *weight: Any, **options: Any) -> Any:
    """The loss of this name, of lists or of arrays, in a scope."""
    with scope(name):
        return getattr(_kind(input, target), name)(input, target, *weight, **options)


def _kind(input: Tree, target: Tree) -> Any:
    """The module that computes losses of these operands; only arrays need NumPy."""
    if hasattr(input, "shape") or hasattr(target, "shape") and not holds_node(input):
        return _array_losses()
    return scalar_losses


@cache
def _array_losses() -> Any:
    from . import array_losses
    return array_losses
