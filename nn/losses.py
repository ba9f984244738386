"""Losses of scores in lists: how wrong a prediction is, as one Value to minimise. Names as in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import add
from typing import Any

from autograd import exp, log1p, relu, scope


def mse_loss(input: Any, target: Any) -> Any:
    """The mean of (input − target)² over all entries; both are numbers, or nested sequences of the same form.

    Raises ValueError where the forms differ (nothing is broadcast) or there is no entry.

    >>> round(mse_loss([3.0, 4.0, 5.0], [2.7, 4.2, 5.5]), 4)
    0.1267
    """
    pairs = list(_paired(input, target))
    if not pairs:
        raise ValueError("mse_loss of an empty batch: there is nothing to take the mean of")
    with scope("mse_loss"):
        return _mean([(x - y) ** 2 for x, y in pairs])


def cross_entropy(input: Sequence[Any], target: Any) -> Any:
    """The mean of −log softmax(scores)[label]: of one example (scores, label), or of a batch (lists of them).

    Scores are raw, not probabilities; a label is an integer from 0 to the number of classes − 1. Exact for scores
    of any size: the largest is taken out before ``exp``. Raises ValueError or TypeError for labels that do not fit.

    >>> round(cross_entropy([0.0, 0.0, 0.0], 1), 4)
    1.0986
    >>> cross_entropy([[1000.0, 0.0], [0.0, 1000.0]], [0, 1])
    0.0
    """
    with scope("cross_entropy"):
        return _mean([_cross_entropy(scores, label) for scores, label in _labelled("cross_entropy", input, target)])


def hinge_loss(input: Sequence[Any], target: Any) -> Any:
    """The margin loss of support vector machines; 0 where every margin is at least 1.

    Of scores by class, with a label (or a batch of both): the mean of Σ max(0, s_j − s_label + 1) over j ≠ label.
    Of one score per example, with targets of −1 and 1: the mean of max(0, 1 − target · score).

    >>> round(hinge_loss([3.2, 5.1, -1.7], 0), 12)
    2.9
    >>> hinge_loss([0.5, -2.0], [1, -1])
    0.25
    """
    with scope("hinge_loss"):
        if _is_sequence(target) and not any(map(_is_sequence, input)):
            for y in target:
                if y not in (-1, 1):
                    raise ValueError(f"hinge_loss of one score per example needs targets of -1 and 1; got {y!r}")
            return _mean([relu(1 - y * s) for s, y in _together("hinge_loss", input, target)])
        return _mean([reduce(add, [relu(s - scores[label] + 1) for j, s in enumerate(scores) if j != label], 0.0)
                      for scores, label in _labelled("hinge_loss", input, target)])


def _cross_entropy(scores: Sequence[Any], label: int) -> Any:
    top = max(range(len(scores)), key=lambda j: float(scores[j]))
    rest = [exp(s - scores[top]) for j, s in enumerate(scores) if j != top]
    loss = log1p(reduce(add, rest)) if rest else 0.0 * scores[top]
    return loss if label == top else loss + (scores[top] - scores[label])


def _mean(terms: list[Any]) -> Any:
    return terms[0] if len(terms) == 1 else reduce(add, terms) / len(terms)


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__len__") and not isinstance(x, (str, bytes))


def _paired(input: Any, target: Any) -> Iterator[tuple[Any, Any]]:
    if _is_sequence(input) != _is_sequence(target) or _is_sequence(input) and len(input) != len(target):
        raise ValueError(f"mse_loss: input {input!r:.60} and target {target!r:.60} must have the same form; nothing is "
                         "broadcast")
    if not _is_sequence(input):
        yield input, target
    else:
        for x, y in zip(input, target):
            yield from _paired(x, y)


def _together(loss: str, input: Sequence[Any], target: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Examples with their targets, as many of one as of the other."""
    if len(input) != len(target):
        raise ValueError(f"{loss}: {len(input)} examples but {len(target)} targets; give one target for each example")
    if not len(input):
        raise ValueError(f"{loss} of an empty batch: there is nothing to take the mean of")
    return list(zip(input, target))


def _labelled(loss: str, input: Sequence[Any], target: Any) -> list[tuple[Sequence[Any], int]]:
    """The batch as pairs of class scores and a label that was checked."""
    pairs = _together(loss, input, target) if _is_sequence(target) else [(input, target)]
    for scores, label in pairs:
        if isinstance(label, bool) or not hasattr(label, "__index__"):
            raise TypeError(f"{loss}: a label must be an integer, the index of a class; got {label!r:.60}")
        if not _is_sequence(scores) or not 0 <= label < len(scores):
            raise ValueError(f"{loss}: label {label!r} is out of range for {scores!r:.60}: labels count from "
                             "0 to the number of classes - 1")
    return pairs
