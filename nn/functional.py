"""Losses, convolution, pooling and normalisation on tensors: PyTorch's names, arguments and results.

Each is one operation of the array table (``autograd.linear``) where fusing pays, else a composition. Shapes are
PyTorch's: images are (batch, channels, height, width), a linear weight is (out, in), logits are (batch, classes).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd import abs as _abs
from autograd import log, softplus
from autograd.arrays.axes import plain_array
from autograd.arrays.operation import ArrayOperation
from autograd.elementwise import masked
from autograd.arrays.functions import (
    broadcast_to, expand_dims, getitem, log_softmax, mean, pad, reshape, softmax, sum, transpose, var, where,
)
from autograd.tensor import remedies
from autograd.ops import elu, leaky_relu, relu, sigmoid, tanh  # noqa: F401  (PyTorch has them here too)

# glibc gives memory back above a limit that grows with what is freed. At its first limit, 128 kB, every training step asks
# the system for its arrays anew: 290 page faults in a step of a small network, a third of its time (measured).
np.empty(1 << 24, np.uint8)


# ── losses ───────────────────────────────────────────────────────────────────────────────────────────────────────

def _cross_entropy_forward(x: Any, target: Any, weights: Any, total: bool, cache: dict[str, Any]) -> Any:
    top = np.maximum.reduce(x, axis=1, keepdims=True)
    e = np.exp(x - top)
    z = np.add.reduce(e, axis=1, keepdims=True)
    losses = (np.log(z) + top)[:, 0] - x[cache["rows"], target]
    e /= z
    cache["softmax"] = e
    return np.add.reduce(losses * weights) if total else losses * weights


def _cross_entropy_pullback(g: Any, out: Any, x: Any, target: Any, weights: Any, total: bool, cache: dict[str, Any]) -> Any:
    scale = g * weights
    if _all_plain(g, x):
        down = cache["softmax"].copy()
        down[cache["rows"], target] -= 1
        down *= scale[:, None] if scale.ndim else scale
        return down
    return (softmax(x, 1) - _one_hot(target, x.shape[1], x.dtype)) * (expand_dims(scale, 1) if scale.ndim else scale)


def _all_plain(*xs: Any) -> bool:
    """Whether a pullback runs on numbers alone: where the gradient is to be a graph, an operand is a node, or g is."""
    return all(isinstance(x, np.ndarray) for x in xs)


def _cross_entropy_push(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    slope = sum((softmax(xs[0], 1) - _one_hot(o["target"], xs[0].shape[1], out.dtype)) * ts[0], 1) * o["weights"]
    return sum(slope) if o["total"] else slope


_cross_entropy = ArrayOperation("cross_entropy", "cross entropy", _cross_entropy_forward, _cross_entropy_pullback,
                     pushforward=_cross_entropy_push, shown=("softmax(x) − one-hot",))


def _one_hot(target: Any, classes: int, dtype: Any) -> Any:
    return (target[:, None] == np.arange(classes)).astype(dtype)


def cross_entropy(input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean",
                  label_smoothing: float = 0.0) -> Any:
    """Cross-entropy of logits (N, C) or (N, C, d1, …) with class indices (N, …), or probabilities of the input's shape.

    ``weight`` (C,) weighs classes, and the mean then divides by the weights' sum; entries of ``ignore_index`` do
    not count. One example, (C,) with its label, will do too. Raises ValueError for labels of another length, out of
    range, not integers, or where none counts.

    >>> from autograd import Tensor
    >>> round(cross_entropy(Tensor([[2.0, 0.0]]), np.array([0])).item(), 6)
    0.126928
    """
    _check_reduction("cross_entropy", reduction)
    labels = plain_array(target)
    if labels.ndim and labels.shape == np.shape(plain_array(input)) and labels.dtype.kind == "f":
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    x, flat = _by_rows("cross_entropy", input, labels)
    classes, dtype = x.shape[1], plain_array(x).dtype
    flat, weights = _weighted("cross_entropy", flat, classes, weight, ignore_index, dtype)
    if label_smoothing:
        smooth = _one_hot(flat, classes, dtype) * (1 - label_smoothing) + label_smoothing / classes
        smooth *= 1 if weight is None else np.asarray(weight, dtype)
        counted = (labels.reshape(-1) != ignore_index).astype(dtype)
        losses = -sum(log_softmax(x, 1) * smooth, 1) * counted
        losses = sum(losses) * _share("cross_entropy", flat, weights) if reduction == "mean" else _reduce(losses, reduction)
    else:
        if reduction == "mean":
            weights = weights * _share("cross_entropy", flat, weights)
        losses = _cross_entropy(x, target=flat, weights=weights, total=reduction != "none", cache={"rows": np.arange(len(flat))})
    return reshape(losses, labels.shape) if reduction == "none" and labels.ndim != 1 else losses


def _by_rows(name: str, input: Any, labels: Any) -> tuple[Any, Any]:
    """Scores (N, C), (N, C, d1, …) or (C,) as (examples, C), and their labels in a row; ValueError where they do not fit."""
    x = input if hasattr(input, "shape") else np.asarray(input)
    shape = tuple(x.shape)
    if not shape or 0 in shape:
        raise ValueError(f"{name}: the input has shape {shape}; it must be (batch, classes), with at least one of each")
    if len(shape) == 1:
        shape, x = (1, *shape), reshape(x, (1, -1))
        labels = labels.reshape(1) if labels.shape == () else labels
    if labels.shape != (shape[0], *shape[2:]):
        raise ValueError(f"{name}: {shape[0]} rows of scores of shape {shape} need labels of shape "
                         f"{(shape[0], *shape[2:])}, one class index each; got shape {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name}: labels must be integers from 0 to {shape[1] - 1}, not {labels.dtype}; for "
                         "probabilities give one per class, of the input's shape")
    if len(shape) > 2:
        x = reshape(transpose(x, (0, *range(2, len(shape)), 1)), (-1, shape[1]))
    return x, labels.reshape(-1)


def _weighted(name: str, flat: Any, classes: int, weight: Any, ignore_index: int, dtype: Any) -> tuple[Any, Any]:
    """Labels with 0 for those that do not count, and the weight of each: one number where all are equal."""
    weights: Any = 1.0
    if np.maximum.reduce(flat.astype(np.uint64)) >= classes:  # as unsigned numbers, negative ones are the largest
        counted = flat != ignore_index
        wrong = flat[counted & ((flat < 0) | (flat >= classes))]
        if wrong.size:
            raise ValueError(f"{name}: label {wrong[0]} is out of range for {classes} classes; labels go from 0 to {classes - 1}")
        flat = np.where(counted, flat, 0)
        weights = counted.astype(dtype)
    elif 0 <= ignore_index < classes:
        weights = (flat != ignore_index).astype(dtype)
    if weight is not None:
        if np.shape(weight) != (classes,):
            raise ValueError(f"{name}: weight has shape {np.shape(weight)}; it needs one entry for each of {classes} classes")
        weights = weights * np.asarray(weight, dtype)[flat]
    return flat, weights


def _share(name: str, flat: Any, weights: Any) -> float:
    """What a mean multiplies the sum by."""
    total = float(weights.sum()) if isinstance(weights, np.ndarray) else len(flat)
    if not total:
        raise ValueError(f"{name}: none of {len(flat)} labels counts (ignore_index, weight), so there is no mean; give others")
    return 1.0 / total


def _soft_cross_entropy(input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float) -> Any:
    classes = input.shape[1]
    target = target * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else target
    scores = log_softmax(input, 1) * target
    if weight is not None:
        scores = scores * np.asarray(weight).reshape((1, -1) + (1,) * (len(input.shape) - 2))
    losses = -sum(scores, 1)
    return _reduce(losses, reduction)


def nll_loss(input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """Negative log-likelihood of log-probabilities (N, C) or (N, C, d1, …) at class indices (N, …)."""
    _check_reduction("nll_loss", reduction)
    labels = plain_array(target)
    x, flat = _by_rows("nll_loss", input, labels)
    flat, weights = _weighted("nll_loss", flat, x.shape[1], weight, ignore_index, plain_array(x).dtype)
    losses = -getitem(x, (np.arange(len(flat)), flat)) * weights
    if reduction == "none":
        return reshape(losses, labels.shape)
    return sum(losses) * (_share("nll_loss", flat, weights) if reduction == "mean" else 1.0)


def mse_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean squared error; ``reduction`` "mean", "sum" or "none".

    >>> from autograd import Tensor
    >>> round(mse_loss(Tensor([3.0, 4.0, 5.0]), np.array([2.7, 4.2, 5.5])).item(), 6)
    0.126667
    """
    input, target = _pair("mse_loss", input, target)
    difference = input - target
    return _reduce(difference * difference, reduction)


def l1_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Mean absolute error."""
    input, target = _pair("l1_loss", input, target)
    return _reduce(_abs(input - target), reduction)


def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Quadratic below ``beta``, linear above (Huber's loss over beta)."""
    input, target = _pair("smooth_l1_loss", input, target)
    d = _abs(input - target)
    return _reduce(where(plain_array(d) < beta, d * d * (0.5 / beta if beta else 0.0), d - 0.5 * beta), reduction)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean") -> Any:
    """Cross-entropy of probabilities with targets in [0, 1]; a log is held at −100 or more, as in PyTorch.

    Where it is held its gradient is 0, as that of any bound (PyTorch divides by 1e-12 there).
    """
    input, target = _pair("binary_cross_entropy", input, target)
    p = plain_array(input)
    if ((p < 0) | (p > 1)).any():
        raise ValueError(f"binary_cross_entropy: probabilities must lie in [0, 1]; got {p.min():g} to {p.max():g}. Use "
                         "binary_cross_entropy_with_logits for logits")
    losses = -(target * _held_log(input) + (1.0 - target) * _held_log(1.0 - input))
    return _reduce(losses if weight is None else losses * weight, reduction)


def _held_log(p: Any) -> Any:
    inside = plain_array(p) > np.exp(-100.0)
    return where(inside, log(where(inside, p, 1.0)), -100.0)


def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean",
                                     pos_weight: Any = None) -> Any:
    """Cross-entropy of sigmoid(input) with targets in [0, 1], without forming the sigmoid."""
    input, target = _pair("binary_cross_entropy_with_logits", input, target)
    positive = target * softplus(-input)  # two softplus, of which none takes away from the other what matters
    losses = (1.0 - target) * softplus(input) + (positive if pos_weight is None else pos_weight * positive)
    return _reduce(losses if weight is None else losses * weight, reduction)


def hinge_loss(input: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean") -> Any:
    """The multiclass SVM loss Σ_{j≠y} max(0, s_j − s_y + margin) of scores (N, C), averaged over the batch."""
    _check_reduction("hinge_loss", reduction)
    labels = plain_array(target)
    if len(input.shape) != 2 or labels.shape != input.shape[:1] or labels.dtype.kind not in "iu" or not labels.size:
        raise ValueError(f"hinge_loss: scores of shape {input.shape} need integer labels of shape {input.shape[:1]}, at least "
                         f"one; got {labels.dtype} of shape {labels.shape}")
    if labels.min() < 0 or labels.max() >= input.shape[1]:
        raise ValueError(f"hinge_loss: labels {labels.min()} to {labels.max()} are out of range for {input.shape[1]} classes")
    own = getitem(input, (np.arange(len(labels)), labels))
    others = _one_hot(labels, input.shape[1], bool) == 0
    return _reduce(sum(relu(input - expand_dims(own, 1) + margin) * others, 1), reduction)


def _pair(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Prediction and target, which must have one shape: broadcasting here is nearly always a mistake."""
    input, target = (x if hasattr(x, "shape") else np.asarray(x) for x in (input, target))
    if input.shape != target.shape:
        raise ValueError(f"{name}: the prediction has shape {input.shape} and the target {target.shape}; a loss compares equal "
                         "shapes. Reshape one of them, for example target.reshape(-1, 1)")
    if 0 in input.shape:
        raise ValueError(f"{name}: an empty batch, shape {input.shape}, has no loss; give at least one example")
    if plain_array(target).dtype.kind in "iub" and not hasattr(target, "priority"):
        target = target.astype(plain_array(input).dtype)
    return input, target


def _check_reduction(name: str, reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction={reduction!r}; it is 'mean', 'sum' or 'none'")


def _reduce(losses: Any, reduction: str) -> Any:
    _check_reduction("a loss", reduction)
    return losses if reduction == "none" else mean(losses) if reduction == "mean" else sum(losses)


# ── linear ───────────────────────────────────────────────────────────────────────────────────────────────────────

def _linear_forward(x: Any, w: Any, b: Any = None) -> Any:
    out = x @ w.T
    return out if b is None else np.add(out, b, out=out if out.ndim and b.dtype == out.dtype else None)


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else reshape(x, (-1, x.shape[-1]))


def _push_linear(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    parts = [_linear(*pair) for pair, t in (((ts[0], xs[1]), ts[0]), ((xs[0], ts[1]), ts[1])) if t is not None]
    parts += [broadcast_to(t, out.shape) for t in ts[2:] if t is not None]
    return reduce(add, parts)


# one operation where transpose, product and sum are three: a third less of a small network's step (measured)
_linear = ArrayOperation("linear", "x·wᵀ + b", _linear_forward, lambda g, out, x, w, *b: g @ w,
              lambda g, out, x, w, *b: _rows(g).T @ _rows(x), lambda g, out, x, w, b: g, pushforward=_push_linear,
              shown=("· w", "ᵀ · x", "Σ"))
remedies["linear"] = "; the last axis of the input and of the weight must be equal: (…, in) and (out, in)"


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight.T + bias``, the weight of shape (out, in) as PyTorch has it.

    >>> linear(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]), Tensor([0.5])).tolist()  # 1 · 3 + 2 · 4 + 0.5
    [[11.5]]
    """
    return _linear(input, weight) if bias is None else _linear(input, weight, bias)


def embedding(input: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """Rows of ``weight`` (num, dim) at integer indices; repeated indices accumulate gradients, ``padding_idx`` takes none.

    >>> embedding(np.array([2, 0]), Tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    index = plain_array(input)
    rows = getitem(weight, index)
    return rows if padding_idx is None else where((index != padding_idx % weight.shape[0])[..., None], rows, plain_array(rows))


def dropout(input: Any, p: float = 0.5, training: bool = True, *, rng: Any = None) -> Any:
    """Inverted dropout: in training each entry is 0 with probability p, else divided by 1 − p; else as it is.

    ``rng`` is a ``numpy.random.Generator`` or a seed. Raises ValueError for p outside [0, 1].

    >>> dropout(Tensor([1.0, 1.0, 1.0, 1.0]), 0.5, rng=0).tolist()  # kept ones are doubled
    [2.0, 0.0, 0.0, 0.0]
    >>> dropout(Tensor([1.0]), 0.5, training=False).tolist()
    [1.0]
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p={p} is no probability; it lies from 0 to 1")
    if not training or p == 0:
        return input
    kept = np.random.default_rng(rng).random(input.shape) >= p
    dtype = plain_array(input).dtype
    return input * (kept / (1 - p)).astype(dtype) if p < 1 else input * np.zeros((), dtype)


# ── windows: convolution and pooling ─────────────────────────────────────────────────────────────────────────────

Pair = int | tuple[int, int]


def _two(x: Pair) -> tuple[int, int]:
    return (x, x) if isinstance(x, int) else (int(x[0]), int(x[1]))


def output_size(n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, *, floor: bool = False) -> int:
    """How many places a window takes along an axis: (N − F + 2P)/S + 1 with F = dilation·(kernel − 1) + 1.

    Raises ValueError where that is no whole number, which means that windows do not tile the axis and its last entries
    would go unseen; with ``floor`` it is rounded down, as pooling does. Source: CS231n, "Convolutional networks".

    >>> output_size(32, 5), output_size(7, 3, stride=2), output_size(7, 2, stride=2, floor=True)
    (28, 3, 3)
    """
    span = dilation * (kernel - 1) + 1
    if stride < 1 or padding < 0 or kernel < 1 or dilation < 1 or n + 2 * padding < span:
        raise ValueError(f"a window of {kernel} (spanning {span}) does not fit: N={n}, padding P={padding}, stride S={stride}; "
                         "(N − F + 2P)/S + 1 must be at least 1")
    size, over = divmod(n + 2 * padding - span, stride)
    if over and not floor:
        ways = [f"padding={p}" for p in range(padding, padding + stride) if (n - span + 2 * p) % stride == 0][:1]
        ways += [f"crop the input to {n - over}"] if n > over else []
        raise ValueError(f"(N − F + 2P)/S + 1 = ({n} − {span} + 2·{padding})/{stride} + 1 = {size + 1 + over / stride:.4g} is no "
                         f"whole number of places, and the last {over} of N={n} would go unseen. Remedy: "
                         f"{', '.join(ways)}, pad it at one end to {n + stride - over}, or take another stride")
    return size + 1


def _slices(kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...], size: tuple[int, ...]) -> Iterator[Any]:
    """For each place in a window, in row order, the entries of the image that come to lie under it."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield (..., slice(top, top + stride[0] * (size[0] - 1) + 1, stride[0]),
                   slice(left, left + stride[1] * (size[1] - 1) + 1, stride[1]))


# In memory images lie as (C, H, W, N), whatever axes they show: a convolution is then one product, and everything that
# reads windows or channels runs along whole batches (measured: a step of a small network takes half the time).

def _channelwise(x: Any) -> Any:
    """(N, C, …) as (C, …, N)."""
    return x.transpose(*range(1, x.ndim), 0)


def _batchwise(x: Any) -> Any:
    """(C, …, N) as (N, C, …)."""
    return x.transpose(-1, *range(x.ndim - 1))


def _columns(x: Any, kernel: Any, size: Any, stride: Any, dilation: Any, sides: Any, groups: int) -> Any:
    """All windows of (N, C, H, W) within its frame of zeros, as the columns of matrices (groups, C/groups·KH·KW, OH·OW·N)."""
    n, c = x.shape[:2]
    framed = np.ascontiguousarray(_framed(x, sides))
    a, high, wide, b = framed.strides
    windows = as_strided(framed, (c, *kernel, *size, n), (a, high * dilation[0], wide * dilation[1], high * stride[0],
                                                          wide * stride[1], b), writeable=False)
    return windows.reshape(groups, c // groups * kernel[0] * kernel[1], size[0] * size[1] * n)


def _places(shapes: Any, stride: Any, dilation: Any, sides: Any) -> tuple[int, ...]:
    """How many windows there are, down and along."""
    return tuple([output_size(n + a + b, k, s, 0, d)
                  for n, k, s, d, (a, b) in zip(shapes[0][2:], shapes[1][2:], stride, dilation, sides)])


def _framed(x: Any, sides: Any) -> Any:
    """(C, H, W, N) of images (N, C, H, W), with zeros at their sides."""
    x = _channelwise(x)
    (top, bottom), (left, right) = sides
    if not (top or bottom or left or right):
        return x
    c, high, wide, n = x.shape
    framed = np.zeros((c, top + high + bottom, left + wide + right, n), x.dtype)
    framed[:, top:top + high, left:left + wide] = x
    return framed


def _pieces(each: int, columns: int) -> int:
    """In how many equal pieces a product of so many columns, with ``each`` multiplications for each, is best taken.

    OpenBLAS gives what has more than 2¹⁸ of them to its threads, and where cores are busy a step of a small network waits
    for those: 60 ms, not 3 (measured). In pieces nothing waits, and long thin matrices take a third of the time.
    """
    width = 2**18 // each
    if width < 32 or columns <= width:  # large enough for threads to pay, or small enough as it is
        return 1
    pieces = next(n for n in range(-(-columns // width), columns + 1) if columns % n == 0)
    return pieces if columns // pieces >= 16 else 1


def _cut(x: Any, pieces: int) -> Any:
    """(groups, m, columns) as (groups, pieces, m, columns/pieces)."""
    return x.reshape(*x.shape[:2], pieces, -1).transpose(0, 2, 1, 3)


def _product(x: Any, y: Any) -> Any:
    """(groups, m, k) @ (groups, k, columns)."""
    pieces = _pieces(x.shape[1] * x.shape[2], y.shape[2])
    if pieces == 1:
        return np.matmul(x, y)
    out = np.empty((*x.shape[:2], y.shape[2]), np.result_type(x, y))
    np.matmul(x[:, None], _cut(y, pieces), out=_cut(out, pieces))
    return out


def _conv_forward(x: Any, w: Any, b: Any = None, *, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any,
                  cache: dict[str, Any]) -> Any:
    size = _places(shapes, stride, dilation, sides)
    columns = cache["columns"] = _columns(x, w.shape[2:], size, stride, dilation, sides, groups)
    out = _product(w.reshape(groups, w.shape[0] // groups, -1), columns).reshape(w.shape[0], *size, len(x))
    if b is not None:
        out = np.add(out, b[:, None, None, None], out=out if b.dtype == out.dtype else None)
    return _batchwise(out)


def _conv_input_forward(g: Any, w: Any, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any, cache: Any) -> Any:
    (n, c, high, wide), (o, _, kh, kw) = shapes
    size = g.shape[2:]
    (top, bottom), (left, right) = sides
    filters = w.reshape(groups, o // groups, -1).transpose(0, 2, 1)
    patches = _product(filters, _channelwise(g).reshape(groups, o // groups, -1)).reshape(c, kh * kw, *size, n)
    out = _batchwise(np.zeros((c, top + high + bottom, left + wide + right, n), patches.dtype))
    for k, place in enumerate(_slices((kh, kw), stride, dilation, size)):
        out[place] += _batchwise(patches[:, k])
    return out[:, :, top:top + high, left:left + wide]


def _conv_weight_forward(x: Any, g: Any, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any,
                         cache: dict[str, Any]) -> Any:
    (o, _, *kernel) = shapes[1]
    columns = cache.get("columns")
    if columns is None:
        columns = _columns(x, kernel, g.shape[2:], stride, dilation, sides, groups)
    rows = _channelwise(g).reshape(groups, o // groups, -1)
    pieces = _pieces(rows.shape[1] * columns.shape[1], rows.shape[2])
    if pieces == 1:
        return np.matmul(rows, columns.transpose(0, 2, 1)).reshape(shapes[1])
    return np.add.reduce(np.matmul(_cut(rows, pieces), _cut(columns, pieces).transpose(0, 1, 3, 2)), 1).reshape(shapes[1])


def _fresh(o: dict[str, Any]) -> dict[str, Any]:
    return {**o, "cache": {}}


# three operations, each bilinear, and each the transpose of the others with respect to one operand
_conv2d = ArrayOperation("conv2d", "∗", _conv_forward,
              lambda g, out, x, w, *b, **o: _conv_input(g, w, **_fresh(o)),
              lambda g, out, x, w, *b, **o: _conv_weight(x, g, **(o if isinstance(x, np.ndarray) else _fresh(o))),
              lambda g, out, x, w, b, **o: sum(g, (0, 2, 3)),
              pushforward=lambda out, xs, ts, o: _push_conv(_conv2d, xs, ts, o), shown=("∗ᵀ w", "x ∗", "Σ"))
_conv_input = ArrayOperation("conv2d_input", "∗ᵀ", _conv_input_forward,
                  lambda g, out, y, w, **o: _conv2d(g, w, **_fresh(o)), lambda g, out, y, w, **o: _conv_weight(g, y, **_fresh(o)),
                  pushforward=lambda out, xs, ts, o: _push_conv(_conv_input, xs, ts, o))
_conv_weight = ArrayOperation("conv2d_weight", "∗", _conv_weight_forward,
                   lambda g, out, x, y, **o: _conv_input(y, g, **_fresh(o)), lambda g, out, x, y, **o: _conv2d(x, g, **_fresh(o)),
                   pushforward=lambda out, xs, ts, o: _push_conv(_conv_weight, xs, ts, o))


def _push_conv(op: ArrayOperation, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    x, y = xs[:2]
    parts = [op(*pair, **_fresh(o)) for pair, t in (((ts[0], y), ts[0]), ((x, ts[1]), ts[1])) if t is not None]
    parts += [reshape(t, (1, -1, 1, 1)) for t in ts[2:] if t is not None]
    return reduce(add, parts)


def conv2d(input: Any, weight: Any, bias: Any = None, stride: Pair = 1, padding: Pair | str = 0, dilation: Pair = 1,
           groups: int = 1) -> Any:
    """Cross-correlation of images (N, C, H, W) with filters (O, C/groups, KH, KW), plus a bias (O,).

    The result is (N, O, OH, OW) with OH = (H − F + 2·padding)/stride + 1, where F = dilation·(KH − 1) + 1. ``padding`` is
    a number of zeros on each side, or "valid", or "same" (stride 1). Raises ValueError where shapes do not fit, and
    where OH or OW is no whole number (PyTorch leaves the last rows out and says nothing).

    >>> conv2d(Tensor(np.ones((1, 3, 32, 32))), Tensor(np.ones((6, 3, 5, 5)))).shape  # (32 − 5) / 1 + 1 = 28
    (1, 6, 28, 28)
    """
    return _convolved("conv2d", input, weight, bias, _two(stride), padding, _two(dilation), groups)


def _convolved(name: str, x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    x, w = (a if hasattr(a, "shape") else np.asarray(a) for a in (x, w))
    if len(x.shape) != 4 or len(w.shape) != 4 or x.shape[1] != w.shape[1] * groups or w.shape[0] % groups:
        raise ValueError(f"{name}: images {tuple(x.shape)} and filters {tuple(w.shape)} with groups={groups} do not fit; they must "
                         "be (N, C, H, W) and (O, C/groups, KH, KW), with O divisible by groups")
    if bias is not None and np.shape(plain_array(bias)) != (w.shape[0],):
        raise ValueError(f"{name}: the bias has shape {np.shape(plain_array(bias))}; it needs one entry per filter, ({w.shape[0]},)")
    sides = _padding(name, padding, w.shape[2:], stride, dilation)
    try:
        for n, k, s, (a, b), d in zip(x.shape[2:], w.shape[2:], stride, sides, dilation):
            output_size(n + a - b, k, s, b, d)
    except ValueError as error:
        shapes = [tuple(a.shape) if name == "conv2d" else (*a.shape[:2], a.shape[3]) for a in (x, w)]
        raise ValueError(f"{name} of input {shapes[0]} with filters {shapes[1]}: {error}") from None
    operands = (x, w) if bias is None else (x, w, bias)
    return _conv2d(*operands, stride=stride, dilation=dilation, sides=sides, groups=groups,
                   shapes=(tuple(x.shape), tuple(w.shape)), cache={})


def _padding(name: str, padding: Any, kernel: Any, stride: Any, dilation: Any) -> list[tuple[int, int]]:
    if padding == "same":
        if tuple(stride) != (1,) * len(stride):
            raise ValueError(f"{name}: padding='same' needs stride 1, not {stride}")
        spans = [d * (k - 1) for k, d in zip(kernel, dilation)]
        return [(s // 2, s - s // 2) for s in spans]
    if padding == "valid":
        padding = 0
    if isinstance(padding, str):
        raise ValueError(f"{name}: padding={padding!r}; it is a number, 'same' or 'valid'")
    return [(p, p) for p in _two(padding)]


def conv1d(input: Any, weight: Any, bias: Any = None, stride: int = 1, padding: int | str = 0, dilation: int = 1,
           groups: int = 1) -> Any:
    """Cross-correlation of signals (N, C, L) with filters (O, C/groups, K), plus a bias (O,).

    >>> conv1d(Tensor([[[1.0, 2.0, 4.0]]]), Tensor([[[-1.0, 1.0]]])).tolist()  # differences
    [[[1.0, 2.0]]]
    """
    x, w = (a if hasattr(a, "shape") else np.asarray(a) for a in (input, weight))
    if len(x.shape) != 3 or len(w.shape) != 3:
        raise ValueError(f"conv1d: signals {tuple(x.shape)} and filters {tuple(w.shape)}; they must be (N, C, L) "
                         "and (O, C/groups, K)")
    stride, dilation = (int(np.ravel(s)[0]) for s in (stride, dilation))
    side = padding if isinstance(padding, str) else (0, int(np.ravel(padding)[0]))
    out = _convolved("conv1d", expand_dims(x, 2), expand_dims(w, 2), bias, (1, stride), side, (1, dilation), groups)
    return reshape(out, (out.shape[0], out.shape[1], out.shape[3]))


def _first(x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Iterator[tuple[Any, Any]]:
    """For each place in the windows the mask of windows whose maximum it is, the first in row order where equal."""
    free = np.ones_like(out, bool)
    lost = np.isnan(out) if np.isnan(np.add.reduce(out, None)) else None
    for place in _slices(kernel, stride, dilation, out.shape[2:]):
        mask = x[place] == out
        if lost is not None:
            mask |= lost & np.isnan(x[place])
        mask &= free
        free ^= mask
        yield place, mask


def _max_pool_forward(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    size = tuple(output_size(n, k, s, 0, d, floor=True) for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation))
    for axis in (2, 3):  # along the height, then along the width: the rows that this reads lie together in memory
        n, k, s, d = size[axis - 2], kernel[axis - 2], stride[axis - 2], dilation[axis - 2]
        parts = [x[(slice(None),) * axis + (slice(i * d, i * d + s * (n - 1) + 1, s),)] for i in range(k)]
        x = parts[0] if k == 1 else np.maximum(parts[0], parts[1])
        for part in parts[2:]:
            np.maximum(x, part, out=x)
    return x


def _unpool_forward(g: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    apart = kernel[0] <= stride[0] and kernel[1] <= stride[1] and dilation == (1, 1)  # no entry lies in two windows
    covered = apart and kernel == stride and x.shape[2:] == (out.shape[2] * stride[0], out.shape[3] * stride[1])
    down = np.empty_like(x, g.dtype) if covered else np.zeros_like(x, g.dtype)
    if g.strides != out.strides:  # as the masks lie
        g = np.add(g, 0, out=np.empty_like(out, g.dtype))
    for place, mask in _first(x, out, kernel, stride, dilation):
        if apart:
            down[place] = masked(g, mask)
        else:
            down[place] += masked(g, mask)
    return down


def _pick_forward(t: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    total = np.zeros_like(out, t.dtype)
    for place, mask in _first(x, out, kernel, stride, dilation):
        total += masked(t[place], mask)
    return total


_max_pool = ArrayOperation("max_pool2d", "max pool", _max_pool_forward,
                lambda g, out, x, **o: _unpool(g, x=plain_array(x), out=plain_array(out), **o),
                pushforward=lambda out, xs, ts, o: _pick(ts[0], x=plain_array(xs[0]), out=plain_array(out), **o), shown=("first maximum",))
_unpool = ArrayOperation("max_unpool2d", "unpool", lambda g, **o: _unpool_forward(g, **o), lambda g, out_, y, **o: _pick(g, **o))
_pick = ArrayOperation("max_pick2d", "pick", lambda t, **o: _pick_forward(t, **o), lambda g, out_, y, **o: _unpool(g, **o))


def max_pool2d(input: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1) -> Any:
    """The largest entry under each window; where several are equal, the first in row order takes the gradient.

    >>> max_pool2d(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]]), 2).tolist()
    [[[[7.0]]]]
    """
    kernel, dilation = _two(kernel_size), _two(dilation)
    stride = kernel if stride is None else _two(stride)
    x = _images("max_pool2d", input, padding, kernel, float("-inf"))
    return _max_pool(x, kernel=kernel, stride=stride, dilation=dilation)


def _images(name: str, x: Any, padding: Any, kernel: Any, fill: float) -> Any:
    x = x if hasattr(x, "shape") else np.asarray(x)
    if len(x.shape) != 4:
        raise ValueError(f"{name}: images must be (N, C, H, W), not shape {tuple(x.shape)}")
    top, left = _two(padding)
    if top * 2 > kernel[0] or left * 2 > kernel[1]:
        raise ValueError(f"{name}: padding {padding} is more than half the window {kernel}, so windows would hold nothing else")
    return pad(x, ((0, 0), (0, 0), (top, top), (left, left)), constant_values=fill) if top or left else x


def _window_sum_forward(x: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    size = tuple(output_size(n, k, s, floor=True) for n, k, s in zip(x.shape[2:], kernel, stride))
    total = np.zeros((*x.shape[:2], *size), x.dtype)
    for place in _slices(kernel, stride, (1, 1), size):
        total += x[place]
    return total


def _window_spread_forward(g: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    out = np.zeros(shape, g.dtype)
    for place in _slices(kernel, stride, (1, 1), g.shape[2:]):
        out[place] += g
    return out


_window_sum = ArrayOperation("window_sum", "avg pool", _window_sum_forward, lambda g, out, x, **o: _window_spread(g, **o), shown=("spread",))
_window_spread = ArrayOperation("window_spread", "spread", _window_spread_forward, lambda g, out, x, **o: _window_sum(g, **o))


def avg_pool2d(input: Any, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, *,
               count_include_pad: bool = True) -> Any:
    """The mean under each window; zeros of the padding count unless told otherwise.

    >>> avg_pool2d(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]]), 2).tolist()
    [[[[4.0]]]]
    """
    kernel = _two(kernel_size)
    stride = kernel if stride is None else _two(stride)
    x = _images("avg_pool2d", input, padding, kernel, 0.0)
    total = _window_sum(x, kernel=kernel, stride=stride, shape=tuple(x.shape))
    if count_include_pad or not any(_two(padding)):
        return total * (1.0 / (kernel[0] * kernel[1]))
    top, left = _two(padding)
    ones = np.pad(np.ones((1, 1, *input.shape[2:]), plain_array(x).dtype), ((0, 0), (0, 0), (top, top), (left, left)))
    return total / _window_sum(ones, kernel=kernel, stride=stride, shape=ones.shape)


def max_pool1d(input: Any, kernel_size: int, stride: int | None = None, padding: int = 0, dilation: int = 1) -> Any:
    """The largest entry under each window of signals (N, C, L)."""
    kernel, step, side, spread = (int(np.ravel(n)[0]) for n in (kernel_size, kernel_size if stride is None else stride, padding,
                                                               dilation))
    out = max_pool2d(expand_dims(input, 2), (1, kernel), (1, step), (0, side), (1, spread))
    return reshape(out, (out.shape[0], out.shape[1], out.shape[3]))


# ── normalisation ────────────────────────────────────────────────────────────────────────────────────────────────

def _normalise_forward(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    centred = x - x.mean(axis=axes, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)


def _projected(t: Any, out: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """The derivative of normalisation, a symmetric map: less its mean, and less its part along the result."""
    return (t - mean(t, axes, True) - out * mean(t * out, axes, True)) / (var(x, axes, True) + eps) ** 0.5


_normalise = ArrayOperation("normalise", "normalise", _normalise_forward,
                 lambda g, out, x, axes, eps: _projected(g, out, x, axes, eps),
                 pushforward=lambda out, xs, ts, o: _projected(ts[0], out, xs[0], **o), shown=("(δ − mean − out·mean)/σ",))


def _batch_norm_forward(x: Any, w: Any, b: Any, eps: float, cache: dict[str, Any]) -> Any:
    rows = _rows_of_channels(x)
    mean = np.add.reduce(rows, 1, keepdims=True) / rows.shape[1]
    normal = rows - mean
    variance = np.add.reduce(normal * normal, 1, keepdims=True) / rows.shape[1]
    normal /= (deviation := np.sqrt(variance + eps))
    cache.update(mean=mean[:, 0], variance=variance[:, 0], deviation=deviation, normal=normal)
    return _batchwise((normal * w[:, None] + b[:, None]).reshape(x.shape[1], *x.shape[2:], x.shape[0]))


def _rows_of_channels(x: Any) -> Any:
    """(N, C, …) as (C, everything else)."""
    return _channelwise(x).reshape(x.shape[1], -1)


def _batch_norm_input(g: Any, out: Any, x: Any, w: Any, b: Any, eps: float, cache: dict[str, Any]) -> Any:
    if not _all_plain(g, x, w):
        axes, shape = _around(x)
        return _projected(g * reshape(w, shape), _normalise(x, axes=axes, eps=eps), x, axes, eps)
    rows, normal = _rows_of_channels(g), cache["normal"]
    down = normal * (np.add.reduce(rows * normal, 1, keepdims=True) / -rows.shape[1])
    down += rows
    down -= np.add.reduce(rows, 1, keepdims=True) / rows.shape[1]
    down *= w[:, None] / cache["deviation"]
    return _batchwise(down.reshape(x.shape[1], *x.shape[2:], x.shape[0]))


def _batch_norm_weight(g: Any, out: Any, x: Any, w: Any, b: Any, eps: float, cache: dict[str, Any]) -> Any:
    if _all_plain(g, x):
        return np.add.reduce(_rows_of_channels(g) * cache["normal"], 1)
    axes, _ = _around(x)
    return sum(g * _normalise(x, axes=axes, eps=eps), axes)


def _batch_norm_push(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    x, w, _ = xs
    axes, shape = _around(x)
    normal = _normalise(x, axes=axes, eps=o["eps"])
    parts = [_projected(ts[0], normal, x, axes, o["eps"]) * reshape(w, shape)] if ts[0] is not None else []
    parts += [reshape(ts[1], shape) * normal] if ts[1] is not None else []
    return reduce(add, parts + ([broadcast_to(reshape(ts[2], shape), out.shape)] if ts[2] is not None else []))


def _around(x: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """All axes but the channels', and the shape of one number per channel."""
    return (0, *range(2, len(x.shape))), (1, -1) + (1,) * (len(x.shape) - 2)


# one operation where normalise, × and + are three, and mean and variance are needed again (measured: half the time)
_batch_norm = ArrayOperation("batch_norm", "batch norm", _batch_norm_forward, _batch_norm_input, _batch_norm_weight,
                  lambda g, out, x, w, b, **o: sum(g, _around(x)[0]), pushforward=_batch_norm_push,
                  shown=("w·(δ − mean − x̂·mean)/σ", "x̂", "Σ"))


def batch_norm(input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
               training: bool = False, momentum: float = 0.1, eps: float = 1e-5) -> Any:
    """Each channel (axis 1) normalised over all other axes, then scaled and shifted (Ioffe & Szegedy, 2015).

    In training with the batch's own mean and variance, and the running arrays move towards them in place by
    ``momentum`` (the variance divided by n − 1, as PyTorch does); otherwise with the running ones.
    Raises ValueError for a batch that has one value per channel in training.

    >>> batch_norm(Tensor([[1.0], [3.0]]), None, None, training=True, eps=0.0).tolist()  # mean 2, deviation 1
    [[-1.0], [1.0]]
    """
    x = input
    _, shape = _around(x)
    plain = [np.full(x.shape[1], fill, plain_array(x).dtype) if given is None else given for given, fill in ((weight, 1), (bias, 0))]
    if not training and running_mean is not None:
        deviation = np.sqrt(np.asarray(running_var) + eps).reshape(shape).astype(plain_array(x).dtype)
        out = (x - np.asarray(running_mean, plain_array(x).dtype).reshape(shape)) / deviation
        return out * reshape(plain[0], shape) + reshape(plain[1], shape)
    count = plain_array(x).size // x.shape[1]
    if count < 2:
        raise ValueError(f"batch_norm: shape {tuple(x.shape)} has one value per channel, so its variance is 0; training needs a "
                         "batch of two or more, or use eval mode")
    cache: dict[str, Any] = {}
    out = _batch_norm(x, *plain, eps=float(eps), cache=cache)
    if training and running_mean is not None:
        running_mean += momentum * (cache["mean"] - running_mean)
        running_var += momentum * (cache["variance"] * (count / (count - 1)) - running_var)
    return out


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Each example normalised over its last axes, of the given shape, then scaled and shifted (Ba et al., 2016).

    >>> layer_norm(Tensor([[1.0, 3.0]]), (2,), eps=0.0).tolist()
    [[-1.0, 1.0]]
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if tuple(input.shape[-len(shape):]) != shape:
        raise ValueError(f"layer_norm: normalized_shape {shape} must be the last axes of the input, whose "
                         f"shape is {tuple(input.shape)}")
    out = _normalise(input, axes=tuple(range(-len(shape), 0)), eps=float(eps))
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


__all__ = """cross_entropy nll_loss mse_loss l1_loss smooth_l1_loss binary_cross_entropy binary_cross_entropy_with_logits
hinge_loss linear embedding dropout output_size conv2d conv1d max_pool2d max_pool1d avg_pool2d batch_norm layer_norm
softmax log_softmax relu leaky_relu elu sigmoid tanh softplus""".split()
