"""Attention, composed of products, masks and softmax, so that pictures and the stepper show each part (Vaswani et al., 2017)."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import scope
from autograd.arrays.axes import plain_array
from autograd.arrays.functions import matmul, softmax, swapaxes

from .dense import dropout
from .operands import floating

if TYPE_CHECKING:
    from autograd.typing import ArrayLike


def scaled_dot_product_attention(query: ArrayLike, key: ArrayLike, value: ArrayLike, attn_mask: ArrayLike | None = None,
                                 dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None, *,
                                 rng: np.random.Generator | int | None = None) -> Any:
    """softmax(query · keyᵀ · scale + mask) · value: (…, L, E), (…, S, E) and (…, S, V) to (…, L, V).

    ``scale`` is 1/√E by default. A mask of truth values has True where an entry takes part, any other is added to the scores;
    ``is_causal`` lets each of the L places see only those up to itself. ``dropout_p`` always applies, as in PyTorch.

    >>> scaled_dot_product_attention(np.zeros((1, 2)), np.zeros((3, 2)), Tensor([[1.0], [2.0], [6.0]])).tolist()  # the mean
    [[3.0]]
    """
    return attend(query, key, value, added_mask(attn_mask), dropout_p, is_causal, scale, rng=rng)[0]


def attend(query: ArrayLike, key: ArrayLike, value: ArrayLike, mask: ArrayLike | None = None, dropout_p: float = 0.0,
           is_causal: bool = False, scale: float | None = None, *, rng: np.random.Generator | int | None = None) -> tuple[Any, Any]:
    """Return the result of attention, and its weights (…, L, S); ``mask`` is added to the scores."""
    q, k, v = floating(query), floating(key), floating(value)
    if q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(f"attention: query {tuple(q.shape)}, key {tuple(k.shape)} and value {tuple(v.shape)} do not fit; they "
                         "must be (…, L, E), (…, S, E) and (…, S, V)")
    with scope("attention"):
        scores = matmul(q, swapaxes(k, -1, -2)) * (1 / sqrt(q.shape[-1]) if scale is None else scale)
        if is_causal:
            scores = scores + added_mask(np.tri(q.shape[-2], k.shape[-2], dtype=bool)).astype(plain_array(scores).dtype)
        if mask is not None:
            scores = scores + mask
        weights = softmax(scores, -1)
        return matmul(dropout(weights, dropout_p, rng=rng), v), weights


def added_mask(mask: Any) -> Any:
    """Return a mask as numbers to add to scores: 0 where it is True, −∞ where it is False; numbers and None unchanged."""
    if mask is None or plain_array(mask).dtype != bool:
        return mask
    return np.where(plain_array(mask), 0.0, -np.inf).astype(np.float32)  # which widens no scores
