"""Losses: how wrong a prediction is, as one node to minimise; and penalties on weights. PyTorch's names and arguments.

Each takes what networks give: lists of Values, or Tensors and arrays, which go to ``nn.functional``. ``reduction`` is
"mean" (over all entries or examples), "sum" or "none" (what would be added up, in the form of the input).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any

from autograd import exp, log, log1p, relu, scope, softplus, sqrt

from .module import Module


def mse_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The mean of (input − target)² over all entries; both are numbers, nested sequences of one form, or arrays of one shape.

    Raises ValueError where the forms differ (nothing is broadcast) or there is no entry.

    >>> round(mse_loss([3.0, 4.0, 5.0], [2.7, 4.2, 5.5]), 4)
    0.1267
    """
    with scope("mse_loss"):
        if _is_array(input):
            return _functional().mse_loss(input, target, reduction=reduction)
        return _entrywise("mse_loss", lambda x, y: (x - y) ** 2, input, target, reduction)


def sse_loss(input: Any, target: Any) -> Any:
    """The sum of (input − target)² over all entries.

    >>> round(sse_loss(0.7, 0.5), 12)
    0.04
    """
    return mse_loss(input, target, reduction="sum")


def rmse_loss(input: Any, target: Any) -> Any:
    """The root of the mean of (input − target)²; where that is 0, so is its gradient.

    >>> rmse_loss([1.0, 5.0], [1.0, 1.0])  # √((0 + 16) / 2)
    2.8284271247461903
    """
    with scope("rmse_loss"):
        mean = mse_loss(input, target)
        return mean if float(mean) == 0 else sqrt(mean)


def l1_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The mean of |input − target| over all entries.

    >>> round(l1_loss([3.0, 4.0, 5.0], [2.7, 4.2, 5.5]), 4)
    0.3333
    """
    with scope("l1_loss"):
        if _is_array(input):
            return _functional().l1_loss(input, target, reduction=reduction)
        return _entrywise("l1_loss", lambda x, y: abs(x - y), input, target, reduction)


def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Quadratic where input and target differ by less than ``beta``, linear beyond (Huber's loss over beta).

    >>> smooth_l1_loss([0.5], [0.0]), smooth_l1_loss([3.0], [0.0])  # ½ · 0.5², and 3 − ½
    (0.125, 2.5)
    """
    def term(x: Any, y: Any) -> Any:
        d = abs(x - y)
        return d * d * (0.5 / beta) if float(d) < beta else d - 0.5 * beta

    with scope("smooth_l1_loss"):
        if _is_array(input):
            return _functional().smooth_l1_loss(input, target, reduction=reduction, beta=beta)
        return _entrywise("smooth_l1_loss", term, input, target, reduction)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean") -> Any:
    """The mean of −y·log p − (1 − y)·log(1 − p), of probabilities p; a log is held at −100 or more, as in PyTorch.

    Raises ValueError for probabilities outside [0, 1].

    >>> round(binary_cross_entropy([0.3], [1.0]), 4)
    1.204
    """
    def term(p: Any, y: float) -> Any:
        if not 0 <= float(p) <= 1:
            raise ValueError(f"binary_cross_entropy: probabilities must lie in [0, 1]; got {float(p):g}. Use "
                             "binary_cross_entropy_with_logits for logits")
        return -(y * _held_log(p) + (1.0 - y) * _held_log(1.0 - p))

    with scope("binary_cross_entropy"):
        if _is_array(input):
            return _functional().binary_cross_entropy(input, target, weight, reduction=reduction)
        _only_arrays("binary_cross_entropy", weight=weight)
        return _entrywise("binary_cross_entropy", term, input, target, reduction)


def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean",
                                     pos_weight: Any = None) -> Any:
    """The cross-entropy of sigmoid(input) with targets from 0 to 1, exact for logits of any size.

    >>> round(binary_cross_entropy_with_logits([0.0], [1.0]), 4), binary_cross_entropy_with_logits([-800.0], [1.0])  # log 2; 800
    (0.6931, 800.0)
    """
    with scope("binary_cross_entropy_with_logits"):
        if _is_array(input):
            return _functional().binary_cross_entropy_with_logits(input, target, weight, reduction=reduction,
                                                                  pos_weight=pos_weight)
        _only_arrays("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
        term = lambda x, y: (1.0 - y) * softplus(x) + y * softplus(-x)  # neither takes from the other what matters
        return _entrywise("binary_cross_entropy_with_logits", term, input, target, reduction)


def cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", **options: Any) -> Any:
    """The mean of −log softmax(scores)[label]: of one example (scores, label), or of a batch (of both).

    Scores are raw, not probabilities; a label is an integer from 0 to the number of classes − 1. Exact for scores
    of any size: the largest is taken out before ``exp``. ``weight`` weighs classes, and the mean divides by the
    weights' sum. On arrays also ``ignore_index`` and ``label_smoothing``, and targets that are probabilities.
    Raises ValueError or TypeError for labels that do not fit.

    >>> round(cross_entropy([0.0, 0.0, 0.0], 1), 4)
    1.0986
    >>> cross_entropy([[1000.0, 0.0], [0.0, 1000.0]], [0, 1])
    0.0
    """
    with scope("cross_entropy"):
        if _is_array(input):
            return _functional().cross_entropy(input, target, weight, reduction=reduction, **options)
        _only_arrays("cross_entropy", **options)
        return _labelwise("cross_entropy", _cross_entropy, input, target, weight, reduction)


def nll_loss(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", **options: Any) -> Any:
    """The mean of −x[label], of log-probabilities by class: cross-entropy after log-softmax.

    >>> nll_loss([[-0.5, -1.0], [-2.0, -0.25]], [0, 1])  # (0.5 + 0.25) / 2
    0.375
    """
    with scope("nll_loss"):
        if _is_array(input):
            return _functional().nll_loss(input, target, weight, reduction=reduction, **options)
        _only_arrays("nll_loss", **options)
        return _labelwise("nll_loss", lambda scores, label: -scores[label], input, target, weight, reduction)


def hinge_loss(input: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean") -> Any:
    """The margin loss of support vector machines; 0 where every margin is at least ``margin``.

    Of scores by class, with a label (or a batch of both): the mean of Σ max(0, s_j − s_label + margin) over j ≠ label.
    Of one score per example, with targets of −1 and 1: the mean of max(0, margin − target · score).

    >>> round(hinge_loss([3.2, 5.1, -1.7], 0), 12)
    2.9
    >>> hinge_loss([0.5, -2.0], [1, -1])
    0.25
    """
    def term(scores: Any, label: int) -> Any:
        return reduce(add, [relu(s - scores[label] + margin) for j, s in enumerate(scores) if j != label], 0.0)

    with scope("hinge_loss"):
        two_sided = _is_sequence(target) and len(_shape(input)) == 1
        if two_sided:
            for y in target:
                if float(y) not in (-1, 1):
                    raise ValueError(f"hinge_loss of one score per example needs targets of -1 and 1; got {y!r}")
        if not _is_array(input):
            if two_sided:
                _together("hinge_loss", input, target)
                return _entrywise("hinge_loss", lambda s, y: relu(margin - y * s), list(input), list(target), reduction)
            return _labelwise("hinge_loss", term, input, target, None, reduction)
        if two_sided:
            scores, signs = _functional()._pair("hinge_loss", input, target)
            return _functional()._reduce(relu(margin - scores * signs), reduction)
        return _functional().hinge_loss(*_batched(input, target), margin=margin, reduction=reduction)


# ── penalties on weights: R(W) in data loss + λ·R(W) ─────────────────────────────────────────────────────────────

def l2_penalty(parameters: Iterable[Any]) -> Any:
    """Σ w² over all entries of all parameters (or pairs of a name and one); its gradient is 2w.

    >>> l2_penalty([Value(0.25)] * 4).data, l2_penalty([Value(1.0), Value(0.0)]).data
    (0.25, 1.0)
    """
    return _penalty("l2_penalty", lambda w: w * w, parameters)


def l1_penalty(parameters: Iterable[Any]) -> Any:
    """Σ |w| over all entries of all parameters: drives small ones to 0.

    >>> l1_penalty([Value(3.0), Value(-4.0)]).data
    7.0
    """
    return _penalty("l1_penalty", abs, parameters)


def elastic_penalty(parameters: Iterable[Any], beta: float = 1.0) -> Any:
    """Σ (beta · w² + |w|): both together.

    >>> elastic_penalty([Value(3.0), Value(-4.0)], beta=0.5).data  # 25 / 2 + 7
    19.5
    """
    return _penalty("elastic_penalty", lambda w: beta * (w * w) + abs(w), parameters)


def _penalty(name: str, term: Callable[[Any], Any], parameters: Iterable[Any]) -> Any:
    with scope(name):
        terms = [term(w) for w in (x[1] if isinstance(x, tuple) else x for x in parameters)]
        if not terms:
            raise ValueError(f"{name} of no parameters; give model.parameters(), and mind that an iterator can be used up "
                             "only once")
        return reduce(add, [t.sum() if getattr(t, "shape", ()) else t for t in terms])


# ── the same as modules ──────────────────────────────────────────────────────────────────────────────────────────

class _Loss(Module):
    """A loss function with its options, as a module of (input, target)."""

    _function: Callable[..., Any]

    def __init__(self, reduction: str = "mean"):
        self.options: dict[str, Any] = {"reduction": reduction}

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.forward(*args, **options)  # the function opens the scope

    def forward(self, input: Any, target: Any) -> Any:
        return type(self)._function(input, target, **self.options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.options.items() if value not in ("mean", None))


class MSELoss(_Loss):
    """``mse_loss`` as a module.

    >>> MSELoss()([1.0, 3.0], [1.0, 1.0])
    2.0
    """

    _function = mse_loss


class L1Loss(_Loss):
    """``l1_loss`` as a module.

    >>> L1Loss(reduction="sum")([1.0, 3.0], [1.0, 1.0])
    2.0
    """

    _function = l1_loss


class SmoothL1Loss(_Loss):
    """``smooth_l1_loss`` as a module.

    >>> SmoothL1Loss()([0.5], [0.0])
    0.125
    """

    _function = smooth_l1_loss

    def __init__(self, reduction: str = "mean", beta: float = 1.0):
        self.options = {"reduction": reduction, "beta": beta}


class BCELoss(_Loss):
    """``binary_cross_entropy`` as a module.

    >>> round(BCELoss()([0.5], [1.0]), 4)
    0.6931
    """

    _function = binary_cross_entropy

    def __init__(self, weight: Any = None, reduction: str = "mean"):
        self.options = {"weight": weight, "reduction": reduction}


class BCEWithLogitsLoss(_Loss):
    """``binary_cross_entropy_with_logits`` as a module.

    >>> round(BCEWithLogitsLoss()([0.0], [1.0]), 4)
    0.6931
    """

    _function = binary_cross_entropy_with_logits

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None):
        self.options = {"weight": weight, "reduction": reduction, "pos_weight": pos_weight}


class CrossEntropyLoss(_Loss):
    """``cross_entropy`` as a module.

    >>> CrossEntropyLoss()([[0.0, 0.0]], [1]) == cross_entropy([[0.0, 0.0]], [1])
    True
    """

    _function = cross_entropy

    def __init__(self, weight: Any = None, *, reduction: str = "mean", **options: Any):
        self.options = {"weight": weight, "reduction": reduction, **options}


class NLLLoss(CrossEntropyLoss):
    """``nll_loss`` as a module.

    >>> NLLLoss()([[-0.5, -1.0], [-2.0, -0.25]], [0, 1])
    0.375
    """

    _function = nll_loss


class HingeLoss(_Loss):
    """``hinge_loss`` as a module.

    >>> HingeLoss()([3.0, 1.0, 2.5], 0)  # max(0, 1 − 3 + 1) + max(0, 2.5 − 3 + 1)
    0.5
    """

    _function = hinge_loss

    def __init__(self, margin: float = 1.0, reduction: str = "mean"):
        self.options = {"margin": margin, "reduction": reduction}


# ── numbers in lists ─────────────────────────────────────────────────────────────────────────────────────────────

def _functional() -> Any:
    from . import functional  # loads NumPy, which numbers do without
    return functional


def _is_array(x: Any) -> bool:
    return hasattr(x, "shape")


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__len__") and not isinstance(x, (str, bytes)) and getattr(x, "shape", None) != ()


def _shape(x: Any) -> tuple[Any, ...]:
    """The shape of an array; of lists, as much of it as tells one score per example from scores by class."""
    if _is_array(x):
        return tuple(x.shape)
    return (len(x), ...) if _is_sequence(x) and any(map(_is_sequence, x)) else (len(x),) if _is_sequence(x) else ()


def _batched(input: Any, target: Any) -> tuple[Any, Any]:
    """One example of an array, with its label, as a batch of one."""
    if len(input.shape) == 1 and not _is_sequence(target):
        return input.reshape(1, -1), [getattr(target, "array", target)]
    return input, target


def _only_arrays(loss: str, **options: Any) -> None:
    if given := [name for name, value in options.items() if value is not None]:
        raise TypeError(f"{loss} of numbers in lists takes no {', '.join(given)}; make Tensors of them")


def _held_log(p: Any) -> Any:
    return log(p) if float(p) > 3.720075976020836e-44 else -100.0  # exp(−100)


def _cross_entropy(scores: Sequence[Any], label: int) -> Any:
    top = max(range(len(scores)), key=lambda j: float(scores[j]))
    rest = [exp(s - scores[top]) for j, s in enumerate(scores) if j != top]
    loss = log1p(reduce(add, rest)) if rest else 0.0 * scores[top]
    return loss if label == top else loss + (scores[top] - scores[label])


def _entrywise(loss: str, term: Callable[[Any, Any], Any], input: Any, target: Any, reduction: str) -> Any:
    """The reduction of a term for every entry of input and target, which have one form."""
    flat: list[Any] = []
    nested = _terms(loss, term, input, target, flat)
    if not flat:
        raise ValueError(f"{loss} of an empty batch: there is nothing to take the mean of")
    return _reduced(loss, nested, flat, len(flat), reduction)


def _terms(loss: str, term: Callable[[Any, Any], Any], x: Any, y: Any, flat: list[Any]) -> Any:
    """Nested as input and target are; a closure that calls itself would keep the graph until the collector comes."""
    if _is_sequence(x) != _is_sequence(y) or _is_sequence(x) and len(x) != len(y):
        raise ValueError(f"{loss}: input {x!r:.60} and target {y!r:.60} must have the same form; nothing is broadcast")
    if _is_sequence(x):
        return [_terms(loss, term, *pair, flat) for pair in zip(x, y)]
    flat.append(term(x, y))
    return flat[-1]


def _labelwise(loss: str, term: Callable[[Any, int], Any], input: Any, target: Any, weight: Any, reduction: str) -> Any:
    """The reduction of a term for every example, of scores by class and a label that was checked."""
    pairs = _together(loss, input, target) if _is_sequence(target) else [(input, target)]
    for scores, label in pairs:
        if isinstance(label, bool) or not hasattr(label, "__index__"):
            raise TypeError(f"{loss}: a label must be an integer, the index of a class; got {label!r:.60}")
        if not _is_sequence(scores) or not 0 <= label < len(scores):
            raise ValueError(f"{loss}: label {label!r} is out of range for {scores!r:.60}: labels count from "
                             "0 to the number of classes - 1")
    terms = [term(scores, label) for scores, label in pairs]
    total: float = len(terms)
    if weight is not None:
        weights = [weight[label] for _, label in pairs]
        terms, total = [t * w for t, w in zip(terms, weights)], sum(weights)
    return _reduced(loss, terms if _is_sequence(target) else terms[0], terms, total, reduction)


def _reduced(loss: str, nested: Any, terms: list[Any], total: float, reduction: str) -> Any:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{loss}: reduction={reduction!r}; it is 'mean', 'sum' or 'none'")
    if reduction == "none":
        return nested
    added = reduce(add, terms)
    return added if reduction == "sum" or total == 1 else added / total


def _together(loss: str, input: Sequence[Any], target: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Examples with their targets, as many of one as of the other."""
    if len(input) != len(target):
        raise ValueError(f"{loss}: {len(input)} examples but {len(target)} targets; give one target for each example")
    if not len(input):
        raise ValueError(f"{loss} of an empty batch: there is nothing to take the mean of")
    return list(zip(input, target))
