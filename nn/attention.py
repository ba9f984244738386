"""Attention as layers, with PyTorch's names, parameters and results (Vaswani et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.arrays.axes import plain_array
from autograd.arrays.functions import mean, reshape, swapaxes, transpose
from autograd.arrays.pytorch import float_dtype
from autograd.tensor import Tensor

from . import init
from .activations import activation_function
from .arguments import whole_number
from .containers import ModuleList
from .functional.activations import gelu
from .functional.attention import added_mask, attend
from .functional.dense import linear
from .functional.operands import as_operand, with_batch, without_batch
from .init import Rng
from .layers import Dropout, LayerNorm, Linear
from .module import Module

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from autograd.typing import ArrayLike

__all__ = ["MultiheadAttention", "TransformerEncoder", "TransformerEncoderLayer"]
__dir__ = __all__.copy


class MultiheadAttention(Module):
    """Attention of ``num_heads`` heads over sequences (L, N, E), or (N, L, E) with ``batch_first``, or (L, E).

    It returns (output, weights). The weights are the heads' mean (N, L, S), or with ``average_attn_weights=False`` one for each
    head, or None with ``need_weights=False``. A True in ``attn_mask`` (L, S) and ``key_padding_mask`` (N, S) hides an entry, as in
    PyTorch.

    >>> x = np.zeros((5, 2, 4), np.float32)
    >>> output, weights = MultiheadAttention(4, num_heads=2, rng=0)(x, x, x)
    >>> output.shape, weights.shape, weights.data[0, 0].round(4)  # equal places get equal weights
    ((5, 2, 4), (2, 5, 5), array([0.2, 0.2, 0.2, 0.2, 0.2], dtype=float32))
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
                 add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False, *,
                 rng: Rng = None, dtype: DTypeLike | None = None, device: object = None):
        if add_bias_kv or add_zero_attn or not {kdim, vdim} <= {None, embed_dim}:
            raise ValueError(f"MultiheadAttention: {add_bias_kv=}, {add_zero_attn=}, {kdim=}, {vdim=} with {embed_dim=}: keys and "
                             "values have embed_dim entries here, and none are added; put a Linear before them for another size")
        self.embed_dim = whole_number(embed_dim, "MultiheadAttention: embed_dim")
        self.num_heads = whole_number(num_heads, "MultiheadAttention: num_heads")
        if embed_dim % num_heads:
            raise ValueError(f"MultiheadAttention: embed_dim={embed_dim} must be divisible by num_heads={num_heads}")
        self.dropout, self.batch_first, self.rng = dropout, batch_first, np.random.default_rng(rng)
        dtype = float_dtype(dtype, device)
        empty = np.empty((3 * embed_dim, embed_dim), dtype)
        self.in_proj_weight = init.xavier_uniform_(Tensor(empty, "in_proj_weight"), rng=self.rng)
        self.in_proj_bias = Tensor(np.zeros(3 * embed_dim, dtype), "in_proj_bias") if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=self.rng, dtype=dtype)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(self, query: ArrayLike, key: ArrayLike, value: ArrayLike, key_padding_mask: ArrayLike | None = None,
                need_weights: bool = True, attn_mask: ArrayLike | None = None, average_attn_weights: bool = True,
                is_causal: bool = False) -> tuple[Tensor, Any]:
        alone = len(as_operand(query).shape) == 2
        q, k, v = self._projected(query, key, value, alone)
        scores_mask = self._mask(attn_mask, key_padding_mask, q.shape[0])
        heads, weights = attend(q, k, v, scores_mask, self.dropout if self.training else 0.0, is_causal and attn_mask is None,
                                rng=self.rng)
        n, _, length, _ = heads.shape
        joined = self.out_proj(reshape(transpose(heads, (0, 2, 1, 3)), (n, length, self.embed_dim)))
        output = without_batch(joined, True) if alone else joined if self.batch_first else swapaxes(joined, 0, 1)
        if not need_weights:
            return output, None
        return output, without_batch(mean(weights, 1) if average_attn_weights else weights, alone)

    def _projected(self, query: Any, key: Any, value: Any, alone: bool) -> list[Any]:
        """Queries, keys and values as (N, heads, L, E/heads)."""
        parts = []
        for i, x in enumerate((query, key, value)):
            rows = slice(i * self.embed_dim, (i + 1) * self.embed_dim)
            x = linear(x, self.in_proj_weight[rows], None if self.in_proj_bias is None else self.in_proj_bias[rows])
            x, _ = with_batch(x, 3)
            x = x if alone or self.batch_first else swapaxes(x, 0, 1)
            parts.append(transpose(reshape(x, (*x.shape[:2], self.num_heads, -1)), (0, 2, 1, 3)))
        return parts

    def _mask(self, attn_mask: Any, key_padding_mask: Any, n: int) -> Any:
        """Both masks as numbers to add to scores (N, heads, L, S), or None."""
        total: Any = None
        if attn_mask is not None:
            mask = hidden(attn_mask)
            total = reshape(mask, (n, self.num_heads, *mask.shape[1:])) if len(mask.shape) == 3 else mask
        if key_padding_mask is not None:
            padding = hidden(key_padding_mask)
            padding = reshape(padding, (-1, 1, 1, padding.shape[-1]))
            total = padding if total is None else total + padding
        return total

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, num_heads={self.num_heads}{', batch_first=True' if self.batch_first else ''}"


def hidden(mask: ArrayLike) -> Any:
    """A mask as numbers to add: −∞ where it is True; numbers unchanged.

    >>> hidden([True, False]).tolist()
    [-inf, 0.0]
    """
    return added_mask(~plain_array(mask)) if plain_array(mask).dtype == bool else as_operand(mask)


class TransformerEncoderLayer(Module):
    """Self-attention and a network of two layers, each added to its input and normalised; sequences as in MultiheadAttention.

    ``norm_first`` normalises before each part; ``activation`` is "relu", "gelu", another operation's name, or a function.

    >>> layer = TransformerEncoderLayer(4, nhead=2, dim_feedforward=8, batch_first=True, rng=0)
    >>> layer(np.zeros((2, 5, 4), np.float32)).shape
    (2, 5, 4)
    """

    def __init__(self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
                 activation: str | Callable[[Any], Any] = "relu", layer_norm_eps: float = 1e-5, batch_first: bool = False,
                 norm_first: bool = False, bias: bool = True, *, rng: Rng = None, dtype: DTypeLike | None = None,
                 device: object = None):
        rng, dtype = np.random.default_rng(rng), float_dtype(dtype, device)
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng, dtype=dtype)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng, dtype=dtype)
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype) for _ in range(2))
        self.dropout, self.dropout1, self.dropout2 = (Dropout(dropout, rng=rng) for _ in range(3))
        self.activation = gelu if activation == "gelu" else activation_function(activation)
        self.norm_first = norm_first

    def forward(self, src: ArrayLike, src_mask: ArrayLike | None = None, src_key_padding_mask: ArrayLike | None = None,
                is_causal: bool = False) -> Tensor:
        def attended(x: Any) -> Any:
            found, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)
            return self.dropout1(found)

        def feed(x: Any) -> Any:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        x: Any = as_operand(src)
        if self.norm_first:
            x = x + attended(self.norm1(x))
            return x + feed(self.norm2(x))
        x = self.norm1(x + attended(x))
        return self.norm2(x + feed(x))


class TransformerEncoder(Module):
    """``num_layers`` copies of an encoder layer in sequence, and a last normalisation if one is given.

    >>> encoder = TransformerEncoder(TransformerEncoderLayer(4, 2, 8, rng=0), num_layers=2)
    >>> encoder(np.zeros((5, 2, 4), np.float32)).shape
    (5, 2, 4)
    """

    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None):
        shared = {id(rng): rng for _, rng in encoder_layer.named_generators()}  # copies would drop the same entries
        self.layers = ModuleList([deepcopy(encoder_layer, dict(shared)) for _ in range(num_layers)])
        self.norm = norm

    def forward(self, src: ArrayLike, mask: ArrayLike | None = None, src_key_padding_mask: ArrayLike | None = None,
                is_causal: bool = False) -> Tensor:
        x: Any = src
        for layer in self.layers:
            x = layer(x, mask, src_key_padding_mask, is_causal)
        return x if self.norm is None else self.norm(x)
