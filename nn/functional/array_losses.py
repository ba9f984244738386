"""Losses of arrays and Tensors, called by ``losses``. Cross-entropy of labels is one fused operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import abs as _abs
from autograd import exp, log, relu, softplus
from autograd.arrays.axes import plain_array
from autograd.arrays.functions import expand_dims, getitem, log_softmax, mean, reshape, softmax, sum, transpose, where
from autograd.arrays.operation import ArrayOperation
from autograd.arrays.reductions import add_along, extreme_along
from autograd.elementwise import silent

from .checks import (
    SUM_TOLERANCE, check_reduction, is_missing, missing_entry, negative_share, warn_of_probabilities, wrong_label,
    wrong_probability, wrong_share, wrong_sign, wrong_sum,
)
from .operands import as_operand, floating

if TYPE_CHECKING:
    from autograd.typing import ArrayLike

_LOWEST_LOG = -100.0


# ── entry by entry ───────────────────────────────────────────────────────────────────────────────────────────────

def mse_loss(input: ArrayLike, target: ArrayLike, *, reduction: str) -> Any:
    """The mean of (input − target)²."""
    x, y = _pair("mse_loss", input, target)
    difference = x - y
    return _reduced("mse_loss", difference * difference, reduction)


def l1_loss(input: ArrayLike, target: ArrayLike, *, reduction: str) -> Any:
    """The mean of |input − target|."""
    x, y = _pair("l1_loss", input, target)
    return _reduced("l1_loss", _abs(x - y), reduction)


def smooth_l1_loss(input: ArrayLike, target: ArrayLike, *, reduction: str, beta: float) -> Any:
    """Quadratic below ``beta``, linear beyond."""
    x, y = _pair("smooth_l1_loss", input, target)
    d = _abs(x - y)
    losses = where(plain_array(d) < beta, d * d * (0.5 / beta if beta else 0.0), d - 0.5 * beta)
    return _reduced("smooth_l1_loss", losses, reduction)


def kl_div(input: ArrayLike, target: ArrayLike, *, reduction: str, log_target: bool) -> Any:
    """target · (log target − input), of log-probabilities."""
    x, y = _pair("kl_div", input, target)
    if log_target:
        return _reduced("kl_div", exp(y) * (y - x), reduction)
    if index := _first_outside(plain_array(y), 0, np.inf):
        raise negative_share("kl_div", plain_array(y)[index[0]], index[0])
    some = plain_array(y) > 0
    return _reduced("kl_div", where(some, y * log(where(some, y, 1.0)), 0.0) - y * x, reduction)


def binary_cross_entropy(input: ArrayLike, target: ArrayLike, weight: ArrayLike | None, *, reduction: str) -> Any:
    """Cross-entropy of probabilities with targets from 0 to 1."""
    p, y = _pair("binary_cross_entropy", input, target)
    if index := _first_outside(plain_array(p), 0, 1):
        raise wrong_probability("binary_cross_entropy", plain_array(p)[index[0]], index[0])
    _check_shares("binary_cross_entropy", y)
    losses = -(y * _held_log(p) + (1.0 - y) * _held_log(1.0 - p))
    return _reduced("binary_cross_entropy", losses if weight is None else losses * as_operand(weight), reduction)


def _held_log(p: Any) -> Any:
    inside = plain_array(p) > np.exp(_LOWEST_LOG)
    return where(inside, log(where(inside, p, 1.0)), _LOWEST_LOG)


def binary_cross_entropy_with_logits(input: ArrayLike, target: ArrayLike, weight: ArrayLike | None, *, reduction: str,
                                     pos_weight: ArrayLike | None) -> Any:
    """Cross-entropy of sigmoid(input) with targets from 0 to 1, without forming the sigmoid."""
    name = "binary_cross_entropy_with_logits"
    x, y = _pair(name, input, target)
    _check_shares(name, y)
    positive = y * softplus(-x)  # two softplus terms, so that neither loses digits by cancellation
    losses = (1.0 - y) * softplus(x) + (positive if pos_weight is None else as_operand(pos_weight) * positive)
    return _reduced(name, losses if weight is None else losses * as_operand(weight), reduction)


def _pair(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Prediction and target, which must have equal shapes, because broadcasting here is nearly always a mistake."""
    input = floating(input)
    numbers = plain_array(target)
    if input.shape != numbers.shape:
        raise ValueError(f"{name}: the prediction has shape {input.shape} and the target {numbers.shape}; a loss compares equal "
                         "shapes. Reshape one of them, for example target.reshape(-1, 1)")
    if 0 in input.shape:
        raise ValueError(f"{name}: an empty batch, of shape {input.shape}, has no loss; give at least one example")
    _check_present(name, numbers)
    if numbers.dtype.kind in "iub":
        return input, numbers.astype(plain_array(input).dtype)
    return input, floating(target)


# ── example by example ───────────────────────────────────────────────────────────────────────────────────────────

def cross_entropy(input: ArrayLike, target: ArrayLike, weight: ArrayLike | None, *, ignore_index: int, reduction: str,
                  label_smoothing: float) -> Any:
    """Cross-entropy of scores with labels, one-hot rows or probabilities."""
    check_reduction("cross_entropy", reduction)
    scores, labels = floating(input), plain_array(target)
    rows = plain_array(scores)
    if labels.ndim and labels.shape == rows.shape:
        return _soft_cross_entropy(scores, target, weight, reduction, label_smoothing)
    x, flat = _by_rows("cross_entropy", scores, labels)
    rows = rows if x is scores else plain_array(x)
    _warn_of_distributions("cross_entropy", rows)
    classes, dtype, given = rows.shape[1], rows.dtype, flat
    flat, weights = _weighted("cross_entropy", flat, labels.shape, classes, weight, ignore_index, dtype)
    if label_smoothing:
        smooth = _one_hot(flat, classes, dtype) * (1 - label_smoothing) + label_smoothing / classes
        smooth *= 1 if weight is None else np.asarray(weight, dtype)
        losses = -sum(log_softmax(x, 1) * smooth, 1) * (given != ignore_index).astype(dtype)
        if reduction == "mean":
            return sum(losses) / _counted("cross_entropy", flat, weights)
        losses = _reduced("cross_entropy", losses, reduction)
    else:
        divisor = _counted("cross_entropy", flat, weights) if reduction == "mean" else 1.0 if reduction == "sum" else None
        losses = _cross_entropy(x, target=flat, weights=weights, divisor=divisor, cache={})
    return reshape(losses, labels.shape) if reduction == "none" and labels.ndim != 1 else losses


def _soft_cross_entropy(input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float) -> Any:
    """Cross-entropy with a probability for each class, along axis 1 (or the only one)."""
    axis = min(1, len(input.shape) - 1)
    numbers, classes = plain_array(target), input.shape[axis]
    if 0 in input.shape:
        raise ValueError(f"cross_entropy: an empty batch, of shape {input.shape}, has no loss; give at least one example")
    _check_present("cross_entropy", numbers)
    _check_shares("cross_entropy", numbers)
    totals = np.add.reduce(numbers, axis, dtype=np.float64)
    if index := _first_outside(totals, 1 - SUM_TOLERANCE, 1 + SUM_TOLERANCE):
        raise wrong_sum("cross_entropy", totals[index[0]], index[0])
    dtype = plain_array(input).dtype
    target = numbers.astype(dtype) if numbers.dtype.kind in "iub" else floating(target)
    target = target * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else target
    scores = log_softmax(input, axis) * target
    if weight is not None:
        weights = _class_weights("cross_entropy", weight, classes, dtype)
        scores = scores * weights.reshape((-1,) + (1,) * (len(input.shape) - axis - 1))
    return _reduced("cross_entropy", -sum(scores, axis), reduction)


def nll_loss(input: ArrayLike, target: ArrayLike, weight: ArrayLike | None, *, ignore_index: int, reduction: str) -> Any:
    """Negative log-likelihood of log-probabilities (N, C) or (N, C, d1, …) at class indices (N, …)."""
    check_reduction("nll_loss", reduction)
    labels = plain_array(target)
    x, flat = _by_rows("nll_loss", floating(input), labels)
    _warn_of_distributions("nll_loss", plain_array(x))
    flat, weights = _weighted("nll_loss", flat, labels.shape, x.shape[1], weight, ignore_index, plain_array(x).dtype)
    losses = -getitem(x, (np.arange(len(flat)), flat)) * weights
    if reduction == "none":
        return reshape(losses, labels.shape)
    return sum(losses) / _counted("nll_loss", flat, weights) if reduction == "mean" else sum(losses)


def hinge_loss(input: ArrayLike, target: ArrayLike, *, margin: float, reduction: str) -> Any:
    """The multiclass margin loss of scores (N, C) or (C,), or the two-class one of scores (N,) with signs (N,)."""
    labels = plain_array(target)
    if len(np.shape(plain_array(input))) == 1 and labels.ndim:
        scores, signs = _pair("hinge_loss", input, target)
        numbers = plain_array(signs)
        wrong = np.flatnonzero(np.abs(numbers) != 1)
        if wrong.size:
            raise wrong_sign("hinge_loss", numbers[wrong[0]], wrong[:1].tolist())
        return _reduced("hinge_loss", relu(margin - scores * signs), reduction)
    x, flat = _by_rows("hinge_loss", floating(input), labels)
    _weighted("hinge_loss", flat, labels.shape, x.shape[1], None, None, bool)
    own = getitem(x, (np.arange(len(flat)), flat))
    others = _one_hot(flat, x.shape[1], bool) == 0
    losses = sum(relu(x - expand_dims(own, 1) + margin) * others, 1)
    return reshape(losses, labels.shape) if reduction == "none" else _reduced("hinge_loss", losses, reduction)


ALL_ALIKE = 1.0  # the weight of every example by default


def _by_rows(name: str, x: Any, labels: Any) -> tuple[Any, Any]:
    """Scores (N, C), (N, C, d1, …) or (C,) as (examples, C), and their labels in a row; an error where they do not fit."""
    shape = tuple(x.shape)
    if len(shape) == 2 and labels.shape == shape[:1] and 0 not in shape and labels.dtype.kind in "iu":
        return x, labels
    if not shape or 0 in shape:
        raise ValueError(f"{name}: the input has shape {shape}; it must be (batch, classes), with at least one of each")
    if len(shape) == 1:
        shape, x = (1, *shape), reshape(x, (1, -1))
        labels = labels.reshape(1) if labels.shape == () else labels
    if labels.shape != (shape[0], *shape[2:]):
        raise ValueError(f"{name}: {shape[0]} rows of scores of shape {shape} need labels of shape "
                         f"{(shape[0], *shape[2:])}, one class index each; got shape {labels.shape}")
    if labels.dtype.kind not in "iu":
        _check_present(name, labels)
        raise ValueError(f"{name}: labels must be integers from 0 to {shape[1] - 1}, not {labels.dtype}; convert them with "
                         ".astype(int)" + (", or give probabilities of the input's shape" if name == "cross_entropy" else ""))
    if len(shape) > 2:
        x = reshape(transpose(x, (0, *range(2, len(shape)), 1)), (-1, shape[1]))
    return x, labels.reshape(-1)


def _weighted(name: str, flat: Any, shape: tuple[int, ...], classes: int, weight: Any, ignore_index: int | None,
              dtype: Any) -> tuple[Any, Any]:
    """Labels, with 0 for ignored ones, and the weight of each: one number where all are equal."""
    weights: Any = ALL_ALIKE
    unsigned = flat.view(np.uint64) if flat.itemsize == 8 else flat.astype(np.uint64)
    if np.maximum.reduce(unsigned) >= classes:  # as unsigned numbers, negative labels are the largest
        counted = flat != ignore_index
        wrong = np.flatnonzero(counted & ((flat < 0) | (flat >= classes)))
        if wrong.size:
            raise wrong_label(name, flat[wrong[0]], [int(i) for i in np.unravel_index(wrong[0], shape)], classes)
        flat = np.where(counted, flat, 0)
        weights = counted.astype(dtype)
    elif ignore_index is not None and 0 <= ignore_index < classes:
        weights = (flat != ignore_index).astype(dtype)
    if weight is not None:
        each = _class_weights(name, weight, classes, dtype)
        # labels of a recording are not known yet, and cannot be an index of an array
        weights = weights * (_one_hot(flat, classes, dtype) @ each if hasattr(flat, "is_deferred") else each[flat])
    return flat, weights


def _class_weights(name: str, weight: Any, classes: int, dtype: Any) -> Any:
    if np.shape(weight) != (classes,):
        raise ValueError(f"{name}: weight has shape {np.shape(weight)}; it needs one entry for each of {classes} classes")
    return np.asarray(weight, dtype)


def _counted(name: str, flat: Any, weights: Any) -> float:
    """The divisor of a mean over labels: the number of labels that are not ignored, or the sum of their weights."""
    total = weights.sum() if hasattr(weights, "sum") else len(flat)
    total = total if hasattr(total, "is_deferred") else float(total)  # of a recording it is computed anew at each call
    if not total:
        raise ValueError(f"{name}: all {len(flat)} labels are ignored (ignore_index) or have weight 0, so there is no mean; give "
                         "other labels")
    return total


def _one_hot(target: Any, classes: int, dtype: Any) -> Any:
    return np.equal(target[:, None], np.arange(classes)).astype(dtype)


def _reduced(name: str, losses: Any, reduction: str) -> Any:
    check_reduction(name, reduction)
    return losses if reduction == "none" else mean(losses) if reduction == "mean" else sum(losses)


# ── checks of targets ────────────────────────────────────────────────────────────────────────────────────────────

def _check_present(name: str, numbers: Any) -> None:
    """Raise ValueError at the first None or nan, TypeError for targets that are not numbers."""
    kind = numbers.dtype.kind
    if kind in "iub" or kind == "f" and not (numbers.size and np.isnan(np.minimum.reduce(numbers, None))):
        return  # the minimum is nan if any entry is: one pass without allocation
    if kind in "fO":
        missing = np.reshape([is_missing(x) for x in numbers.ravel()], numbers.shape)  # frompyfunc warns of nan (NumPy 2.5)
        if missing.any():
            index = tuple(np.argwhere(missing)[0].tolist())
            raise missing_entry(name, numbers[index], index)
    raise TypeError(f"{name}: targets must be numbers, not {numbers.dtype} as in {numbers.ravel()[0]!r:.40}")


def _check_shares(name: str, target: Any) -> None:
    numbers = plain_array(target)
    if index := _first_outside(numbers, 0, 1):
        raise wrong_share(name, numbers[index[0]], index[0])


def _first_outside(numbers: Any, low: float, high: float) -> list[tuple[int, ...]]:
    """The index of the first entry outside ``low`` to ``high`` (nan included); empty if there is none."""
    if not numbers.size or np.minimum.reduce(numbers, None) >= low and np.maximum.reduce(numbers, None) <= high:
        return []
    return [tuple(np.argwhere(~((numbers >= low) & (numbers <= high)))[0].tolist())]


def _warn_of_distributions(name: str, rows: Any) -> None:
    """Warn where every row is a distribution; the first row nearly always rules this out."""
    if getattr(rows, "is_deferred", False):  # of a recording, whose numbers change from call to call
        return
    if rows.shape[1] < 2 or not (0 <= rows.item(0) <= 1 and 0 <= rows.item(1) <= 1):  # ten times faster than a reduction
        return
    if not 0.9999 < float(np.add.reduce(rows[0])) < 1.0001:  # NumPy's own number crashes without memory
        return
    rounding = 1e-6 if rows.dtype == np.float64 else 1e-5
    if np.minimum.reduce(rows, None) >= 0 and np.abs(np.add.reduce(rows, 1) - 1).max() < rounding:
        warn_of_probabilities(name)


# ── cross-entropy of labels as one operation ─────────────────────────────────────────────────────────────────────

def _cross_entropy_forward(x: Any, target: Any, weights: Any, divisor: float | None, cache: dict[str, Any]) -> Any:
    """The loss of each row, or their sum over the divisor."""
    shifted = x - extreme_along(np.maximum, x, 1, True)
    own = cache["own"] = np.arange(0, x.size, x.shape[1]) + target  # the labels' indices in the flat array
    picked = shifted.take(own)
    e = cache["e"] = np.exp(shifted, out=shifted)
    z = cache["z"] = add_along(e, 1, True)
    losses = np.log(z).reshape(-1) - picked
    if weights is not ALL_ALIKE:
        losses = losses * weights
    return losses if divisor is None else np.add.reduce(losses) / losses.dtype.type(divisor)


def _cross_entropy_pullback(g: Any, out: Any, x: Any, target: Any, weights: Any, divisor: float | None,
                            cache: dict[str, Any]) -> Any:
    scale = g * (weights if divisor is None else weights / divisor)
    if type(g) is np.ndarray and type(x) is np.ndarray:
        down = cache["e"] * ((scale[:, None] if scale.ndim else scale) / cache["z"])
        down.reshape(-1)[cache["own"]] -= scale
        return down
    return (softmax(x, 1) - _one_hot(target, x.shape[1], x.dtype)) * (expand_dims(scale, 1) if scale.ndim else scale)


def _cross_entropy_pushforward(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    slope = sum((softmax(xs[0], 1) - _one_hot(o["target"], xs[0].shape[1], out.dtype)) * ts[0], 1) * o["weights"]
    return slope if o["divisor"] is None else sum(slope) / o["divisor"]


_cross_entropy = ArrayOperation("cross_entropy", "cross entropy", silent(_cross_entropy_forward), _cross_entropy_pullback,
                                pushforward=_cross_entropy_pushforward, shown=("softmax(x) − one-hot",),
                                reach=lambda arrived, x, **params: np.broadcast_to(arrived.reshape(-1, 1), x.shape))
