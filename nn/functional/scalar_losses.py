"""Losses of nested lists of Values, floats or both, without NumPy; called by ``losses``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import count, repeat
from operator import add, index
from typing import TYPE_CHECKING, Any

from autograd import Value, exp, log, log1p, logaddexp, relu, softplus

from .checks import (
    SUM_TOLERANCE, check_reduction, is_missing, missing_entry, negative_share, place, warn_of_probabilities, wrong_label,
    wrong_probability, wrong_share, wrong_sign, wrong_sum,
)

if TYPE_CHECKING:
    from autograd.typing import Tree

    Check = Callable[[Any, Any, tuple[int, ...]], None]  # input, target, their index

_LOWEST_LOG, _LOWEST_PROBABILITY = -100.0, 3.720075976020836e-44  # the second is exp of the first


# ── entry by entry ───────────────────────────────────────────────────────────────────────────────────────────────

def mse_loss(input: Tree, target: Tree, *, reduction: str) -> Any:
    """The mean of (input − target)²."""
    return _entrywise("mse_loss", lambda x, y: (x - y) ** 2, input, target, reduction)


def l1_loss(input: Tree, target: Tree, *, reduction: str) -> Any:
    """The mean of |input − target|."""
    return _entrywise("l1_loss", lambda x, y: abs(x - y), input, target, reduction)


def smooth_l1_loss(input: Tree, target: Tree, *, reduction: str, beta: float) -> Any:
    """Quadratic below ``beta``, linear beyond."""
    def term(x: Any, y: Any) -> Any:
        d = abs(x - y)
        return d * d * (0.5 / beta) if d < beta else d - 0.5 * beta

    return _entrywise("smooth_l1_loss", term, input, target, reduction)


def kl_div(input: Tree, target: Tree, *, reduction: str, log_target: bool) -> Any:
    """target · (log target − input), of log-probabilities."""
    def check(x: Any, y: Any, path: tuple[int, ...]) -> None:
        if not log_target and y < 0:
            raise negative_share("kl_div", getattr(y, "data", y), path)

    def term(x: Any, y: Any) -> Any:
        if log_target:
            return exp(y) * (y - x)
        return y * (log(y) - x) if y > 0 else 0.0 * x

    return _entrywise("kl_div", term, input, target, reduction, (), check)


def binary_cross_entropy(input: Tree, target: Tree, weight: Tree | None, *, reduction: str) -> Any:
    """Cross-entropy of probabilities with targets from 0 to 1."""
    def check(p: Any, y: Any, path: tuple[int, ...]) -> None:
        if not 0 <= p <= 1:
            raise wrong_probability("binary_cross_entropy", getattr(p, "data", p), path)
        _check_share("binary_cross_entropy", y, path)

    def term(p: Any, y: Any, w: Any) -> Any:
        loss = -(y * _held_log(p) + (1.0 - y) * _held_log(1.0 - p))
        return loss if w is None else loss * w

    return _entrywise("binary_cross_entropy", term, input, target, reduction, (weight,), check)


def binary_cross_entropy_with_logits(input: Tree, target: Tree, weight: Tree | None, *, reduction: str,
                                     pos_weight: Tree | None) -> Any:
    """Cross-entropy of sigmoid(input) with targets from 0 to 1."""
    name = "binary_cross_entropy_with_logits"

    def term(x: Any, y: Any, w: Any, positive: Any) -> Any:
        own = y * softplus(-x)  # two softplus terms, so that neither loses digits by cancellation
        loss = (1.0 - y) * softplus(x) + (own if positive is None else own * positive)
        return loss if w is None else loss * w

    return _entrywise(name, term, input, target, reduction, (weight, pos_weight), lambda x, y, path: _check_share(name, y, path))


def _held_log(p: Any) -> Any:
    return log(p) if p > _LOWEST_PROBABILITY else _LOWEST_LOG


def _check_share(name: str, y: Any, path: tuple[int, ...]) -> None:
    if not getattr(y, "is_recorded", False) and not 0 <= y <= 1:
        raise wrong_share(name, getattr(y, "data", y), path)


def _entrywise(name: str, term: Callable[..., Any], input: Any, target: Any, reduction: str, extras: tuple[Any, ...] = (),
               check: Check | None = None) -> Any:
    """The reduction of a term for every entry of input and target, which have the same structure.

    Each of ``extras`` is None, a number, or has the structure of the input or of its innermost lists.
    """
    check_reduction(name, reduction)
    walk = _PairWalk(name, term, check)
    nested = walk.visit(input, _listed(target), extras, ())
    if not walk.terms:
        raise ValueError(f"{name}: an empty batch has no loss; give at least one example")
    return _reduced(nested, walk.terms, len(walk.terms), reduction)


class _PairWalk:
    """A walk through nested lists of inputs and targets that collects a term for each pair of entries.

    It is a class, because a recursive closure is a reference cycle and would keep the graph until garbage collection.
    """

    def __init__(self, name: str, term: Callable[..., Any], check: Check | None):
        self.name, self.term, self.check = name, term, check
        self.terms: list[Any] = []

    def visit(self, x: Any, y: Any, extras: tuple[Any, ...], path: tuple[int, ...]) -> Any:
        """The terms below an index, nested like input and target."""
        if _is_sequence(x) != _is_sequence(y) or _is_sequence(x) and len(x) != len(y):
            raise ValueError(f"{self.name}: input {x!r:.60} and target {y!r:.60} must have the same structure; nothing is "
                             "broadcast")
        if _is_sequence(x):
            rows = zip(*[_spread(self.name, extra, x) for extra in extras]) if extras else repeat(())
            return [self.visit(a, b, more, path + (i,)) for i, a, b, more in zip(count(), x, y, rows)]
        if y != y if type(y) is float else is_missing(y):
            raise missing_entry(self.name, y, path)
        if self.check is not None:
            self.check(x, y, path)
        self.terms.append(self.term(x, y, *extras))
        return self.terms[-1]


def _spread(name: str, extra: Any, x: Any) -> Any:
    """One weight for each part of ``x``: its own, or the same for all where the weights are less deeply nested."""
    if not _is_sequence(extra) or _depth(extra) < _depth(x):
        return repeat(extra)
    if len(extra) != len(x):
        raise ValueError(f"{name}: a weight has {len(extra)} entries, and the input {len(x)}; give one for each: {extra!r:.60}")
    return extra


# ── example by example ───────────────────────────────────────────────────────────────────────────────────────────

def cross_entropy(input: Tree, target: Tree, weight: Sequence[float] | None, *, ignore_index: int, reduction: str,
                  label_smoothing: float) -> Any:
    """Cross-entropy of scores with labels, one-hot rows or probabilities."""
    examples, single = _examples("cross_entropy", input, target)
    _warn_of_distributions("cross_entropy", examples)

    def term(scores: Sequence[Any], y: Any) -> Any:
        if not _is_sequence(y) and not label_smoothing:
            return _label_loss(scores, y) if weight is None else _label_loss(scores, y) * weight[y]
        classes = len(scores)
        shares = y if _is_sequence(y) else [float(j == y) for j in range(classes)]
        shares = [q * (1 - label_smoothing) + label_smoothing / classes for q in shares] if label_smoothing else shares
        return _share_loss(scores, shares if weight is None else [q * w for q, w in zip(shares, weight)])

    return _examplewise("cross_entropy", term, examples, single, weight, ignore_index, reduction)


def nll_loss(input: Tree, target: Tree, weight: Sequence[float] | None, *, ignore_index: int, reduction: str) -> Any:
    """Negative log-likelihood of log-probabilities at labels."""
    examples, single = _examples("nll_loss", input, target, shares=False)
    _warn_of_distributions("nll_loss", examples)
    term = lambda scores, label: -scores[label] if weight is None else -scores[label] * weight[label]
    return _examplewise("nll_loss", term, examples, single, weight, ignore_index, reduction)


def hinge_loss(input: Tree, target: Tree, *, margin: float, reduction: str) -> Any:
    """The multiclass margin loss, or the two-class one for one score per example."""
    if _is_row(input) and _is_sequence(target):
        return _entrywise("hinge_loss", lambda s, y: relu(margin - y * s), input, target, reduction, check=_check_sign)

    def term(scores: Any, label: int) -> Any:
        return reduce(add, [relu(s - scores[label] + margin) for j, s in enumerate(scores) if j != label], 0.0)

    examples, single = _examples("hinge_loss", input, target, shares=False)
    return _examplewise("hinge_loss", term, examples, single, None, None, reduction)


def _check_sign(score: Any, sign: Any, path: tuple[int, ...]) -> None:
    if sign != 1 and sign != -1:
        raise wrong_sign("hinge_loss", getattr(sign, "data", sign), path)


def _label_loss(scores: Sequence[Any], label: int) -> Any:
    """log Σ exp(scores) − scores[label], accurate for scores of any size, because the largest is subtracted before ``exp``."""
    if _is_recorded(scores):  # for compile: which score is the largest is not known yet
        return softplus(reduce(logaddexp, [s - scores[label] for j, s in enumerate(scores) if j != label]))
    top, rest = _log_sum(scores)
    return rest if label == top else rest + (scores[top] - scores[label])


def _share_loss(scores: Sequence[Any], shares: Sequence[Any]) -> Any:
    """Σ share · (log Σ exp(scores) − score)."""
    if _is_recorded(scores):
        return reduce(add, [q * _label_loss(scores, j) for j, q in enumerate(shares) if hasattr(q, "priority") or q != 0], 0.0)
    top, rest = _log_sum(scores)
    return reduce(add, [q * (rest if j == top else rest + (scores[top] - scores[j])) for j, q in enumerate(shares)
                        if hasattr(q, "priority") or q != 0], 0.0)


def _log_sum(scores: Sequence[Any]) -> tuple[int, Any]:
    """The index of the largest score, and the logarithm of the sum of exp(score − largest)."""
    top = _largest(scores)
    others = [exp(s - scores[top]) for j, s in enumerate(scores) if j != top]
    return top, log1p(reduce(add, others)) if others else 0.0 * scores[top]


def _largest(scores: Sequence[Any]) -> int:
    return max(range(len(scores)), key=_numbers(scores).__getitem__)


def _examples(name: str, input: Any, target: Any, shares: bool = True) -> tuple[list[tuple[Any, Any]], bool]:
    """Checked pairs of scores and a label (or, with ``shares``, a row of the same length); and True for a single example."""
    target = _listed(target)
    if _is_sequence(input) and not len(input):
        raise ValueError(f"{name}: an empty batch has no loss; give at least one example")
    single = not _is_sequence(target) or shares and _is_row(input)
    if not single and len(input) != len(target):
        raise ValueError(f"{name}: {len(input)} examples but {len(target)} targets; give one target for each example")
    pairs = [(input, target)] if single else list(zip(input, target))
    return [(scores, _checked_target(name, scores, y, () if single else (i,), shares))
            for i, (scores, y) in enumerate(pairs)], single


def _checked_target(name: str, scores: Any, y: Any, path: tuple[int, ...], shares: bool) -> Any:
    if not _is_sequence(scores) or not len(scores):
        raise ValueError(f"{name}: {place('input', path)} is {scores!r:.60}; it must be a list of scores, one for each class")
    if shares and _is_sequence(y) and len(y) == len(scores):
        for j, q in enumerate(y):
            if is_missing(q):
                raise missing_entry(name, q, (*path, j))
            if not 0 <= q <= 1:
                raise wrong_share(name, getattr(q, "data", q), (*path, j))
        total = reduce(add, y)
        if not abs(total - 1) <= SUM_TOLERANCE:
            raise wrong_sum(name, getattr(total, "data", total), path)
        return [int(q) if isinstance(q, bool) else q for q in y]
    if type(y) is int:
        return y
    if not _is_sequence(y) and is_missing(y):
        raise missing_entry(name, y, path)
    if isinstance(y, bool) or not hasattr(y, "__index__"):
        raise TypeError(f"{name}: a label must be an integer, the index of a class; {place('target', path)} is {y!r:.60}")
    return index(y)


def _warn_of_distributions(name: str, examples: list[tuple[Any, Any]]) -> None:
    for scores, _ in examples:
        if _is_recorded(scores):
            return
        numbers = _numbers(scores)
        if len(numbers) < 2 or not abs(sum(numbers) - 1) <= 1e-6 or not all(number >= 0 for number in numbers):
            return
    warn_of_probabilities(name)


def _examplewise(name: str, term: Callable[[Any, Any], Any], examples: list[tuple[Any, Any]], single: bool, weight: Any,
                 ignore_index: int | None, reduction: str) -> Any:
    """The reduction of a term for every example; the mean divides by the sum of the weights of labels that are not ignored."""
    check_reduction(name, reduction)
    if weight is not None and len(weight) != (classes := len(examples[0][0])):
        raise ValueError(f"{name}: weight has {len(weight)} entries; it needs one for each of {classes} classes")
    terms: list[Any] = []
    total = 0.0
    for i, (scores, y) in enumerate(examples):
        if y == ignore_index:
            terms.append(0.0)
            continue
        if not _is_sequence(y) and not 0 <= y < len(scores):
            raise wrong_label(name, y, () if single else (i,), len(scores))
        terms.append(term(scores, y))
        total += 1.0 if weight is None or _is_sequence(y) else weight[y]
    if reduction == "mean" and not total:
        raise ValueError(f"{name}: all {len(examples)} labels are ignored (ignore_index) or have weight 0, so there is no mean; "
                         "give other labels")
    return _reduced(terms[0] if single else terms, terms, total, reduction)


def _reduced(nested: Any, terms: list[Any], total: float, reduction: str) -> Any:
    if reduction == "none":
        return nested
    added = reduce(add, terms)
    return added if reduction == "sum" or total == 1 else added / total


# ── contents of lists ────────────────────────────────────────────────────────────────────────────────────────────

def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__len__") and not isinstance(x, (str, bytes)) and getattr(x, "shape", None) != ()


def _is_row(x: Any) -> bool:
    return _is_sequence(x) and not any(map(_is_sequence, x))


def _listed(target: Any) -> Any:
    """Targets in an array as nested lists, because Values cannot be combined with a Tensor."""
    return target.tolist() if hasattr(target, "shape") and not getattr(target, "requires_grad", False) else target


def _depth(x: Any) -> int:
    """The depth of nested lists; 0 for a number."""
    depth = 0
    while _is_sequence(x) and len(x):
        depth, x = depth + 1, x[0]
    return depth


def _is_recorded(scores: Sequence[Any]) -> bool:
    """True for numbers that are not known yet, in a recording for ``compile``."""
    return len(scores) > 1 and any(getattr(score, "is_recorded", False) for score in scores)


def _numbers(scores: Sequence[Any]) -> list[Any]:
    """The numbers of Values, without their graph; other operands are returned unchanged."""
    return [score.data if type(score) is Value else score for score in scores]
