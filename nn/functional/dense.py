"""Linear maps, embeddings and dropout, with PyTorch's names, arguments and results."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import prod
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.arrays.axes import plain_array
from autograd.arrays.contraction import matmul as product
from autograd.arrays.functions import broadcast_arrays, broadcast_to, getitem, matmul, norm, reshape, sum, where
from autograd.arrays.operation import ArrayOperation
from autograd import maximum
from autograd.tensor import Tensor, remedies

from .checks import place
from .operands import as_operand, floating, floating_together
from .signatures import of_array, of_weight

if TYPE_CHECKING:
    from autograd.typing import Array, ArrayLike


def _linear_forward(x: Any, w: Any, b: Any = None) -> Any:
    out = product(x, w.T)
    return out if b is None else np.add(out, b, out=out if out.ndim and b.dtype == out.dtype else None)


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else reshape(x, (prod(x.shape[:-1]), x.shape[-1]))


def _linear_input(g: Any, x: Any, w: Any) -> Any:
    """g · w in the input's order in memory, which for flattened images is the batch last; pooling takes it without a copy."""
    if g.ndim != 2:
        return matmul(g, w)
    return (w.T @ g.T).T if type(x) is np.ndarray and x.strides[0] < x.strides[1] else g @ w


def _linear_pushforward(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    parts = [_linear(*pair) for pair, t in (((ts[0], xs[1]), ts[0]), ((xs[0], ts[1]), ts[1])) if t is not None]
    parts += [broadcast_to(t, out.shape) for t in ts[2:] if t is not None]
    return reduce(add, parts)


# one operation in place of transpose, product and sum saves a third of a small network's step (measured)
_linear = ArrayOperation("linear", "x·wᵀ + b", _linear_forward, lambda g, out, x, w, *b: _linear_input(g, x, w),
              lambda g, out, x, w, *b: _rows(g).T @ _rows(x), lambda g, out, x, w, b: g, bilinear=True,
              pushforward=_linear_pushforward, shown=("· w", "ᵀ · x", "Σ"))
remedies["linear"] = "; the last axis of the input and of the weight must be equal: (…, in) and (out, in)"


@of_weight
def linear(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Any:
    """``input @ weight.T + bias``, (…, in) to (…, out), with a weight of shape (out, in) as in PyTorch.

    >>> linear(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]), Tensor([0.5])).tolist()  # 1 · 3 + 2 · 4 + 0.5
    [[11.5]]
    """
    operands: Any = (input, weight) if bias is None else (input, weight, bias)
    if type(weight) is not Tensor or not weight.requires_grad:  # a tensor that takes a gradient is float32 or float64
        operands = floating_together(*operands)
    return _linear(*operands)


@of_weight
def embedding(input: ArrayLike, weight: ArrayLike, padding_idx: int | None = None) -> Any:
    """Rows of ``weight`` (num, dim) at integer indices; repeated indices accumulate gradients, ``padding_idx`` takes none.

    Raises TypeError for indices that are not integers, ValueError for indices out of range.

    >>> embedding(np.array([2, 0]), Tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])).tolist()
    [[4.0, 5.0], [0.0, 1.0]]
    """
    index, table = plain_array(input), as_operand(weight)
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"embedding: indices must be integers, not {index.dtype}; convert them with .astype(int)")
    count = table.shape[0]
    wrong = np.argwhere((index < 0) | (index >= count))
    if wrong.size:
        at = tuple(wrong[0].tolist())
        raise ValueError(f"embedding: {place('index', at)} is {index[at]}, out of range for {count} rows; indices go from 0 to "
                         f"{count - 1}")
    rows = getitem(table, index.astype(np.intp))
    if padding_idx is None:
        return rows
    if not -count <= padding_idx < count:
        raise ValueError(f"embedding: padding_idx={padding_idx} is out of range for {count} rows")
    return where((index != padding_idx % count)[..., None], rows, plain_array(rows))


@of_array
def dropout(input: ArrayLike, p: float = 0.5, training: bool = True, inplace: bool = False, *,
            rng: np.random.Generator | int | None = None) -> Any:
    """Inverted dropout: in training each entry is 0 with probability p, else divided by 1 − p; in evaluation unchanged.

    ``rng`` is a ``numpy.random.Generator`` or a seed. Raises ValueError for p outside [0, 1].

    >>> dropout(Tensor([1.0, 1.0, 1.0, 1.0]), 0.5, rng=0).tolist()  # kept ones are doubled
    [2.0, 0.0, 0.0, 0.0]
    >>> dropout(Tensor([1.0]), 0.5, training=False).tolist()
    [1.0]
    """
    return _dropped("dropout", input, p, training, rng, lambda shape: shape)


@of_array
def dropout2d(input: ArrayLike, p: float = 0.5, training: bool = True, inplace: bool = False, *,
              rng: np.random.Generator | int | None = None) -> Any:
    """Dropout of whole channels of images (N, C, H, W) or (C, H, W), because neighbouring pixels are alike (Tompson et al., 2015).

    >>> dropout2d(np.ones((1, 4, 1, 2)), 0.5, rng=0).tolist()
    [[[[2.0, 2.0]], [[0.0, 0.0]], [[0.0, 0.0]], [[0.0, 0.0]]]]
    """
    return _dropped("dropout2d", input, p, training, rng, lambda shape: (*shape[:-2], 1, 1))


def _dropped(name: str, input: Any, p: float, training: bool, rng: Any, shaped: Callable[[Any], Any]) -> Any:
    """Dropout with a draw for each entry of a shape, which broadcasts to the input's."""
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p={p} must be a probability, from 0 to 1")
    if not training or p == 0:
        return input
    x = floating(input)

    def draw() -> Any:
        return np.random.default_rng(rng).random(shaped(tuple(x.shape))) >= p
    kept = x.deferred_call(draw, rng) if hasattr(x, "deferred_call") else draw()  # a recording draws anew at each call
    dtype = plain_array(x).dtype
    return x * (kept / (1 - p)).astype(dtype) if p < 1 else x * np.zeros((), dtype)


# ── vectors and labels ───────────────────────────────────────────────────────────────────────────────────────────

def one_hot(tensor: ArrayLike, num_classes: int = -1) -> Array:
    """Rows of 0 with a 1 at each label, as plain integers; as many classes as the largest label needs by default.

    >>> one_hot([0, 2]).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    labels = plain_array(tensor)
    classes = int(labels.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if labels.dtype.kind not in "iu" or labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"one_hot: labels must be integers from 0 to {classes - 1}; got {labels.ravel()[:5].tolist()} …")
    return np.equal(labels[..., None], np.arange(classes)).astype(int)


def normalize(input: ArrayLike, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """Vectors along the axis ``dim`` divided by their norms (by ``eps`` where that is larger).

    >>> normalize(Tensor([[3.0, 4.0]])).tolist()
    [[0.6, 0.8]]
    """
    from autograd.linalg import vector_norm
    x = floating(input)
    return x / maximum(vector_norm(x, p, dim, True), eps)


def cosine_similarity(x1: ArrayLike, x2: ArrayLike, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors along the axis ``dim``.

    >>> cosine_similarity(Tensor([[1.0, 0.0]]), Tensor([[1.0, 1.0]])).tolist()  # 45°
    [0.7071067811865475]
    """
    x, y = broadcast_arrays(floating(x1), floating(x2))
    return sum(x / maximum(norm(x, 2, dim, True), eps) * (y / maximum(norm(y, 2, dim, True), eps)), dim)
