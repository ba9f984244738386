"""Layers on tensors, with the names, arguments, parameters, initial weights and results of PyTorch.

A layer takes a batch, in float32 by default (``dtype``). Random numbers come from ``rng``, a ``numpy.random.Generator`` or a seed:
give one generator to all layers of a network, because two layers with the same seed start equal. The same seed gives bit for bit
the same network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod, sqrt
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from autograd import relu, scope, tanh
from autograd.graph import assign
from autograd.arrays.axes import plain_array
from autograd.tensor import Tensor
from autograd.arrays.functions import concatenate, max, reshape, stack, swapaxes
from autograd.arrays.pytorch import float_dtype

from . import init
from .activations import *  # noqa: F403  (their names from before they had a module of their own)
from .arguments import whole_number
from .containers import Sequential  # noqa: F401  (as the activations)
from .functional.convolution import conv1d, conv2d, conv_transpose2d
from .functional.dense import dropout, dropout2d, embedding, linear
from .functional.normalisation import batch_norm, group_norm, layer_norm
from .functional.operands import INTEGERS, Padding, Pair, as_ints, as_operand, as_pair, as_sides, as_single
from .functional.pooling import avg_pool2d, max_pool1d, max_pool2d
from .functional.recurrent import gru_cell, lstm, lstm_step
from .functional.resizing import MODES, adaptive_avg_pool2d, interpolate, pad
from .init import Rng
from .module import Module

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from autograd.typing import ArrayLike

__all__ = ["AdaptiveAvgPool2d", "AvgPool2d", "BatchNorm", "BatchNorm1d", "BatchNorm2d", "Cell", "Conv1d", "Conv2d",
           "ConvTranspose2d", "Convolution", "Dropout", "Dropout2d", "Embedding", "Flatten", "GRU", "GRUCell", "GroupNorm", "LSTM",
           "LSTMCell", "LayerNorm", "Linear", "MaxPool1d", "MaxPool2d", "Maxout", "Parameter", "Pooling", "RNN", "RNNCell",
           "Recurrent", "Unflatten", "Upsample"]
__dir__ = __all__.copy


Final = TypeVar("Final")  # the last state of a recurrent layer: h, or (h, c)


def _uniform(shape: tuple[int, ...], fan_in: int, rng: Rng, dtype: DTypeLike | None, name: str) -> Tensor:
    """A parameter drawn uniformly from ±1/√fan-in, as in PyTorch's layers."""
    return init.uniform_(Tensor(np.empty(shape, dtype), name), -1 / sqrt(fan_in), 1 / sqrt(fan_in), rng)


def _sizes(layer: str, **sizes: int) -> list[int]:
    """Sizes (NumPy's integers too) as ints; raises ValueError for a size that is not a whole number of 1 or more."""
    return [whole_number(size, f"{layer}: {name}") for name, size in sizes.items()]


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────

def Parameter(data: ArrayLike | None, requires_grad: bool = True) -> Tensor:
    """A leaf Tensor with a copy of the data, to be trained as attribute of a module.

    >>> Parameter(np.zeros((2, 3), np.float32)).dtype, Parameter([1.0, 2.0], requires_grad=False).requires_grad
    (dtype('float32'), False)
    """
    return Tensor(plain_array([] if data is None else data), requires_grad=requires_grad)


class Flatten(Module):
    """Merge the axes from ``start_dim`` to ``end_dim`` into one: (N, C, H, W) becomes (N, C·H·W).

    >>> images = np.zeros((2, 3, 4, 4), np.float32)
    >>> Flatten()(images).shape, Flatten(0, 1)(images).shape
    ((2, 48), (6, 4, 4))
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: ArrayLike) -> Tensor:
        x = as_operand(input)
        shape = tuple(x.shape) or (1,)  # a single number becomes one axis, as in PyTorch
        for name, axis in (("start_dim", self.start_dim), ("end_dim", self.end_dim)):
            if not -len(shape) <= axis < len(shape):
                remedy = "count from 0, or from -1 backwards" if x.shape else "a number goes through Flatten(0) only"
                raise IndexError(f"Flatten: {name}={axis} is out of range for an input of shape {tuple(x.shape)}; {remedy}")
        start, end = self.start_dim % len(shape), self.end_dim % len(shape)
        if start > end:
            raise ValueError(f"Flatten: start_dim={self.start_dim} comes after end_dim={self.end_dim} of an input of shape "
                             f"{tuple(x.shape)}")
        return reshape(x, (*shape[:start], prod(shape[start:end + 1]), *shape[end + 1:]))


class Unflatten(Module):
    """Split the axis ``dim`` into axes of the lengths ``unflattened_size``; one may be −1.

    >>> Unflatten(1, (3, 4, 4))(np.zeros((2, 48), np.float32)).shape
    (2, 3, 4, 4)
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]):
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, input: ArrayLike) -> Tensor:
        x = as_operand(input)
        dim = self.dim % len(x.shape)
        return reshape(x, (*x.shape[:dim], *self.unflattened_size, *x.shape[dim + 1:]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


# ── fully connected ──────────────────────────────────────────────────────────────────────────────────────────────

class Linear(Module):
    """``input @ weight.T + bias``: (…, in) to (…, out); weight (out, in), bias (out,).

    >>> layer = Linear(3, 2, rng=0)
    >>> layer(np.ones((4, 3), np.float32)).shape, layer.weight.shape, layer.bias.shape
    ((4, 2), (2, 3), (2,))
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, rng: Rng = None,
                 dtype: DTypeLike | None = None, device: object = None):
        self.in_features, self.out_features = _sizes("Linear", in_features=in_features, out_features=out_features)
        rng, dtype = np.random.default_rng(rng), float_dtype(dtype, device)
        self.weight = _uniform((out_features, in_features), in_features, rng, dtype, "weight")
        self.bias = _uniform((out_features,), in_features, rng, dtype, "bias") if bias else None

    def forward(self, input: ArrayLike) -> Tensor:
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.in_features}, {self.out_features}{'' if self.bias is not None else ', bias=False'}"


class Maxout(Module):
    """Maximum of ``pieces`` linear functions for each output (Goodfellow et al., 2013): (…, in) to (…, out).

    >>> layer = Maxout(3, 2, pieces=4, rng=0)
    >>> layer(np.zeros((5, 3), np.float32)).shape, layer.linear.weight.shape
    ((5, 2), (8, 3))
    """

    def __init__(self, in_features: int, out_features: int, pieces: int = 2, bias: bool = True, *, rng: Rng = None,
                 dtype: DTypeLike | None = None, device: object = None):
        self.out_features, self.pieces = _sizes("Maxout", out_features=out_features, pieces=pieces)
        self.linear = Linear(in_features, out_features * pieces, bias, rng=rng, dtype=dtype, device=device)

    def forward(self, input: ArrayLike) -> Tensor:
        scores = self.linear(input)
        return max(reshape(scores, (*scores.shape[:-1], self.out_features, self.pieces)), -1)

    def extra_repr(self) -> str:
        return f"{self.linear.in_features}, {self.out_features}, pieces={self.pieces}"


class Embedding(Module):
    """A row of ``weight`` (num_embeddings, embedding_dim) for each index: (…) integers to (…, embedding_dim).

    The row at ``padding_idx`` starts at zeros and is not trained.

    >>> layer = Embedding(10, 4, padding_idx=0, rng=0)
    >>> layer([[1, 2, 3], [3, 2, 0]]).shape, layer([0]).tolist()
    ((2, 3, 4), [[0.0, 0.0, 0.0, 0.0]])
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, *, rng: Rng = None,
                 dtype: DTypeLike | None = None, device: object = None):
        self.num_embeddings, self.embedding_dim = _sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx={padding_idx} is out of range for {num_embeddings} rows")
        self.padding_idx = None if padding_idx is None else int(padding_idx)
        empty = np.empty((num_embeddings, embedding_dim), float_dtype(dtype, device))
        self.weight = init.normal_(Tensor(empty, "weight"), rng=rng)
        if padding_idx is not None:
            self.weight.data[padding_idx] = 0.0

    def forward(self, input: ArrayLike) -> Tensor:
        return embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}{f', padding_idx={p}' if (p := self.padding_idx) is not None else ''}"


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────

class Convolution(Module):
    """Base of convolutions; subclasses give the number of axes and the function that computes them."""

    _axes: int
    _convolve: Callable[..., Any]

    def _window(self, name: str, sizes: Any) -> tuple[int, ...]:
        return as_pair(name, sizes) if self._axes == 2 else (as_single(name, sizes),)

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Pair, stride: Pair = 1, padding: Padding = 0,
                 dilation: Pair = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", *, rng: Rng = None,
                 dtype: DTypeLike | None = None, device: object = None):
        kind = type(self).__name__
        sizes = _sizes(kind, in_channels=in_channels, out_channels=out_channels, groups=groups)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups = sizes
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{kind}: in_channels={in_channels} and out_channels={out_channels} must be divisible by "
                             f"groups={groups}")
        if padding_mode != "zeros" and padding_mode not in MODES:
            raise ValueError(f"{kind}: padding_mode={padding_mode!r}; it must be 'zeros', {', '.join(map(repr, MODES))}")
        rng, dtype, self.padding_mode = np.random.default_rng(rng), float_dtype(dtype, device), padding_mode
        kernel = self._window(f"{kind}: kernel_size", kernel_size)
        _sizes(kind, **{f"kernel_size[{i}]": k for i, k in enumerate(kernel)})
        self.kernel_size, self.stride, self.padding, self.dilation = kernel, as_ints(stride), as_ints(padding), as_ints(dilation)
        as_sides(kind, padding, kernel, self._window(f"{kind}: stride", stride), self._window(f"{kind}: dilation", dilation))
        shape = self._weight_shape()
        fan_in = prod(shape[1:])
        self.weight = _uniform(shape, fan_in, rng, dtype, "weight")
        self.bias = _uniform((out_channels,), fan_in, rng, dtype, "bias") if bias else None

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def forward(self, input: ArrayLike) -> Tensor:
        padding, x = self.padding, input
        if self.padding_mode != "zeros":
            windows = (self._window("stride", self.stride), self._window("dilation", self.dilation))
            sides = as_sides(type(self).__name__, padding, self.kernel_size, *windows)
            padding, x = 0, pad(x, [zeros for ends in reversed(sides) for zeros in ends], self.padding_mode)
        return type(self)._convolve(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        said = "".join(f", {name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value)
        return (f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}{said}"
                f"{'' if self.bias is not None else ', bias=False'}")


class Conv1d(Convolution):
    """Cross-correlation of signals (N, C, L) with ``out_channels`` filters; weight (out, in/groups, K), bias (out,).

    >>> signals = np.zeros((4, 3, 10), np.float32)
    >>> Conv1d(3, 8, 5, rng=0)(signals).shape, Conv1d(3, 8, 5, padding="same", rng=0)(signals).shape
    ((4, 8, 6), (4, 8, 10))
    """

    _axes, _convolve = 1, conv1d


class Conv2d(Convolution):
    """Cross-correlation of images (N, C, H, W) with ``out_channels`` filters; weight (out, in/groups, KH, KW), bias (out,).

    The result is (N, out, OH, OW) with OH = (H − F + 2·padding)/stride + 1, rounded down, F = dilation·(KH − 1) + 1;
    ``nn.functional.output_size`` reports the entries lost to rounding. ``padding`` is a number of zeros on each side, one number
    for each axis, ((top, bottom), (left, right)), "valid" or "same".

    >>> Conv2d(3, 10, 5, stride=1, padding=2, rng=0)(np.zeros((1, 3, 32, 32), np.float32)).shape
    (1, 10, 32, 32)
    """

    _axes, _convolve = 2, conv2d


class ConvTranspose2d(Convolution):
    """The transpose of Conv2d, which enlarges images (N, in, H, W); weight (in, out/groups, KH, KW), bias (out,).

    The result is (N, out, OH, OW) with OH = (H − 1)·stride − 2·padding + dilation·(KH − 1) + 1 + output_padding.

    >>> ConvTranspose2d(3, 8, 2, stride=2, rng=0)(np.zeros((1, 3, 16, 16), np.float32)).shape
    (1, 8, 32, 32)
    """

    _axes = 2

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Pair, stride: Pair = 1, padding: Pair = 0,
                 output_padding: Pair = 0, groups: int = 1, bias: bool = True, dilation: Pair = 1, *, rng: Rng = None,
                 dtype: DTypeLike | None = None, device: object = None):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, rng=rng, dtype=dtype,
                         device=device)
        self.output_padding = as_ints(output_padding)

    def _weight_shape(self) -> tuple[int, ...]:
        return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)

    def forward(self, input: ArrayLike) -> Tensor:
        padding: Any = self.padding
        return conv_transpose2d(input, self.weight, self.bias, self.stride, padding, self.output_padding, self.groups,
                                self.dilation)


class Pooling(Module):
    """Base of poolings: a window, and the function that computes them."""

    _pool: Callable[..., Any]

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, **options: Pair | bool | None):
        self.kernel_size, self.padding = as_ints(kernel_size), as_ints(padding)
        self.stride = self.kernel_size if stride is None else as_ints(stride)
        self.options = {name: as_ints(option) for name, option in options.items()}

    def forward(self, input: ArrayLike) -> Tensor:
        return type(self)._pool(input, self.kernel_size, self.stride, self.padding, **self.options)

    def extra_repr(self) -> str:
        said = "".join(f", {name}={value}" for name, value in self.options.items() if value is not False and value is not None)
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}{said}"


class MaxPooling(Pooling):
    """Base of poolings to maxima."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, dilation: Pair = 1,
                 return_indices: bool = False, ceil_mode: bool = False):
        super().__init__(kernel_size, stride, padding, dilation=dilation, return_indices=return_indices, ceil_mode=ceil_mode)


class MaxPool1d(MaxPooling):
    """Maximum of each window of signals (N, C, L); the options are those of ``nn.functional.max_pool2d``.

    >>> MaxPool1d(2)(Tensor([[[1.0, 3.0, 7.0, 5.0]]])).tolist()
    [[[3.0, 7.0]]]
    """

    _pool = max_pool1d


class MaxPool2d(MaxPooling):
    """Maximum of each window of images (N, C, H, W); the options are those of ``nn.functional.max_pool2d``.

    >>> MaxPool2d(2)(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]])).item()
    7.0
    """

    _pool = max_pool2d


class AvgPool2d(Pooling):
    """Mean of each window of images (N, C, H, W); the options are those of ``nn.functional.avg_pool2d``.

    >>> AvgPool2d(2)(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]])).item()
    4.0
    """

    _pool = avg_pool2d

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, ceil_mode: bool = False,
                 count_include_pad: bool = True, divisor_override: int | None = None):
        super().__init__(kernel_size, stride, padding, ceil_mode=ceil_mode, count_include_pad=count_include_pad,
                         divisor_override=divisor_override)


class AdaptiveAvgPool2d(Module):
    """Means of windows that divide images (N, C, H, W) into ``output_size`` parts; None keeps a size.

    >>> AdaptiveAvgPool2d(1)(Tensor([[[[1.0, 3.0], [5.0, 7.0]]]])).item()
    4.0
    """

    def __init__(self, output_size: int | Sequence[int | None]):
        self.output_size = as_ints(output_size)

    def forward(self, input: ArrayLike) -> Tensor:
        return adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class Upsample(Module):
    """Images (N, C, H, W) or signals (N, C, L) resized as by ``nn.functional.interpolate``.

    >>> Upsample(scale_factor=2)(Tensor([[[1.0, 3.0]]])).tolist()
    [[[1.0, 1.0, 3.0, 3.0]]]
    """

    def __init__(self, size: int | Sequence[int] | None = None, scale_factor: float | Sequence[float] | None = None,
                 mode: str = "nearest", align_corners: bool | None = None):
        self.size, self.scale_factor, self.mode, self.align_corners = size, scale_factor, mode, align_corners

    def forward(self, input: ArrayLike) -> Tensor:
        return interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        size = f"scale_factor={self.scale_factor}" if self.size is None else f"size={self.size}"
        return f"{size}, mode={self.mode!r}"


# ── normalisation and dropout ────────────────────────────────────────────────────────────────────────────────────

class BatchNorm(Module):
    """Base of batch norms; subclasses give the number of axes of an input."""

    _ndims: tuple[int, ...]

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, *, bias: bool = True, dtype: DTypeLike | None = None, device: object = None):
        [num_features] = _sizes(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum, dtype = num_features, eps, momentum, float_dtype(dtype, device)
        self.weight = Tensor(np.ones(num_features, dtype), "weight") if affine else None
        self.bias = Tensor(np.zeros(num_features, dtype), "bias") if affine and bias else None
        self.running_mean: Any = None
        self.running_var: Any = None
        self.num_batches_tracked: Any = None
        if track_running_stats:
            self.running_mean = Tensor(np.zeros(num_features, dtype), "running_mean", requires_grad=False)
            self.running_var = Tensor(np.ones(num_features, dtype), "running_var", requires_grad=False)
            self.num_batches_tracked = Tensor(np.zeros((), np.int64), "num_batches_tracked", requires_grad=False)

    def forward(self, input: ArrayLike) -> Tensor:
        x = as_operand(input)
        if x.ndim not in self._ndims or x.shape[1] != self.num_features:
            raise ValueError(f"{type(self).__name__}({self.num_features}): the input has shape {tuple(x.shape)}; it needs "
                             f"{self.num_features} channels on axis 1 and {' or '.join(map(str, self._ndims))} axes")
        if self.running_mean is None:
            return batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)
        if not self.training:
            running = (self.running_mean, self.running_var)
            mean, var = running if hasattr(x, "deferred_call") else (tensor.array for tensor in running)
            return batch_norm(x, mean, var, self.weight, self.bias, False, 0.0, self.eps)
        mean, var = self.running_mean.array.copy(), self.running_var.array.copy()
        if hasattr(x, "deferred_effect"):
            return self._recorded(x, mean, var)
        seen = int(self.num_batches_tracked.array) + 1
        output = batch_norm(x, mean, var, self.weight, self.bias, True,
                              1.0 / seen if self.momentum is None else self.momentum, self.eps)
        assign((self.running_mean, self.running_var, self.num_batches_tracked), "array", (mean, var, np.array(seen)))
        return output

    def _recorded(self, x: Any, mean: Any, var: Any) -> Tensor:
        """The output of a recording, at each call of which the running arrays are read, moved and kept."""
        rate: Any = np.zeros(())

        def begin() -> None:
            mean[...], var[...] = self.running_mean.array, self.running_var.array
            rate[...] = 1.0 / (int(self.num_batches_tracked.array) + 1) if self.momentum is None else self.momentum

        def finish() -> None:
            seen = np.array(int(self.num_batches_tracked.array) + 1)
            assign((self.running_mean, self.running_var, self.num_batches_tracked), "array", (mean.copy(), var.copy(), seen))
        x.deferred_effect(begin)
        output: Any = batch_norm(x, mean, var, self.weight, self.bias, True, rate, self.eps)
        output.deferred_effect(finish)
        return output

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}{'' if self.weight is not None else ', affine=False'}"


class BatchNorm1d(BatchNorm):
    """Batch normalisation of each feature of (N, C) or channel of (N, C, L), then scale and shift (Ioffe & Szegedy, 2015).

    Training uses the batch's mean and variance, and moves ``running_mean`` and ``running_var`` towards them by ``momentum`` (None:
    the plain average so far); evaluation uses the running ones. Raises ValueError for a batch of one in training.

    >>> layer = BatchNorm1d(2, eps=0, momentum=0.5)
    >>> layer(Tensor([[1.0, 10.0], [3.0, 50.0]])).tolist(), layer.running_mean.tolist()  # from 0, half way to 2 and 30
    ([[-1.0, -1.0], [1.0, 1.0]], [1.0, 15.0])
    """

    _ndims = (2, 3)


class BatchNorm2d(BatchNorm):
    """Batch normalisation of each channel of images (N, C, H, W), as in BatchNorm1d.

    >>> BatchNorm2d(1, eps=0)(Tensor([[[[1.0, 3.0], [3.0, 1.0]]]])).tolist()  # over the pixels, too
    [[[[-1.0, 1.0], [1.0, -1.0]]]]
    """

    _ndims = (4,)


class LayerNorm(Module):
    """Normalisation of each example over its last axes, of shape ``normalized_shape``, then scale and shift (Ba et al., 2016).

    >>> LayerNorm(2, eps=0)(Tensor([[1.0, 3.0], [50.0, 10.0]])).tolist()
    [[-1.0, 1.0], [1.0, -1.0]]
    """

    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, *, dtype: DTypeLike | None = None, device: object = None):
        lengths = (normalized_shape,) if isinstance(normalized_shape, INTEGERS) else tuple(normalized_shape)
        self.normalized_shape = tuple(_sizes("LayerNorm", **{f"normalized_shape[{i}]": n for i, n in enumerate(lengths)}))
        self.eps, dtype = eps, float_dtype(dtype, device)
        self.weight = Tensor(np.ones(self.normalized_shape, dtype), "weight") if elementwise_affine else None
        self.bias = Tensor(np.zeros(self.normalized_shape, dtype), "bias") if elementwise_affine and bias else None

    def forward(self, input: ArrayLike) -> Tensor:
        return layer_norm(as_operand(input), self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}"


class GroupNorm(Module):
    """Normalisation of each example (N, C, …) over groups of channels, then scale and shift of each channel (Wu & He, 2018).

    >>> GroupNorm(2, 4, eps=0)(Tensor([[1.0, 3.0, 10.0, 50.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, bias: bool = True,
                 dtype: DTypeLike | None = None, device: object = None):
        self.num_groups, self.num_channels = _sizes("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_channels={num_channels} must be divisible by num_groups={num_groups}")
        self.eps, dtype = eps, float_dtype(dtype, device)
        self.weight = Tensor(np.ones(num_channels, dtype), "weight") if affine else None
        self.bias = Tensor(np.zeros(num_channels, dtype), "bias") if affine and bias else None

    def forward(self, input: ArrayLike) -> Tensor:
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}"


class Dropout(Module):
    """Inverted dropout: in training each entry is 0 with probability ``p``, else divided by 1 − p (Srivastava et al., 2014).

    >>> layer, ones = Dropout(0.5, rng=0), Tensor(np.ones(100))
    >>> sorted(set(layer(ones).tolist())), set(layer.eval()(ones).tolist())
    ([0.0, 2.0], {1.0})
    """

    _drop: Callable[..., Any] = dropout

    def __init__(self, p: float = 0.5, inplace: bool = False, *, rng: Rng = None):
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p={p} must be a probability, from 0 to 1")
        self.p, self.inplace, self.rng = p, inplace, np.random.default_rng(rng)

    def forward(self, input: ArrayLike) -> Tensor:
        return type(self)._drop(as_operand(input), self.p, self.training, rng=self.rng)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout2d(Dropout):
    """Dropout of whole channels of images (N, C, H, W).

    >>> kept = Dropout2d(0.5, rng=0)(Tensor(np.ones((4, 3, 2, 2)))).data
    >>> sorted(set(kept.sum((2, 3)).ravel().tolist()))
    [0.0, 8.0]
    """

    _drop = dropout2d


# ── recurrent ────────────────────────────────────────────────────────────────────────────────────────────────────

class Recurrent(Module, Generic[Final]):
    """Base of recurrent layers: layers, directions and the walk through time; subclasses write one step."""

    _gates: int
    _states = 1
    _bias_within = False  # True where a gate multiplies the state's bias, so that the bias must be added in each step
    stepwise = True  # True: the graph has a scope for every time step

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
                 dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, *, rng: Rng = None,
                 dtype: DTypeLike | None = None, device: object = None):
        if proj_size:
            raise ValueError(f"{type(self).__name__}: proj_size={proj_size!r} is not offered; put a Linear after the layer")
        sizes = _sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers = sizes
        if not 0 <= dropout <= 1:
            raise ValueError(f"{type(self).__name__}: dropout={dropout} must be a probability, from 0 to 1")
        self.rng, dtype = np.random.default_rng(rng), float_dtype(dtype, device)
        self.batch_first, self.dropout, self._ends = batch_first, dropout, ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            width = input_size if layer == 0 else hidden_size * len(self._ends)
            for end in self._ends:
                _set_weights(self, f"_l{layer}{end}", self._gates * hidden_size, width, hidden_size, bias, self.rng, dtype)

    def step(self, x: Tensor, state: tuple[Tensor, ...], weight_hh: Tensor, bias_hh: Tensor | None) -> tuple[Tensor, ...]:
        """Compute the next state (its first part is the output) from the input's part ``x`` (N, gates · hidden) and the state."""
        raise NotImplementedError

    def forward(self, input: ArrayLike, hx: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None) -> tuple[Tensor, Final]:
        x: Any = input if hasattr(input, "priority") else Tensor(input, requires_grad=False)
        alone = x.ndim == 2
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size or 0 in x.shape:
            raise ValueError(f"{type(self).__name__}: the input has shape {tuple(x.shape)}; it must be "
                             f"{'(N, L, in)' if self.batch_first else '(L, N, in)'} or (L, in), with in = {self.input_size}")
        x = reshape(x, (x.shape[0], 1, x.shape[1])) if alone else swapaxes(x, 0, 1) if self.batch_first else x
        before = self._start(hx, x, alone)
        last: list[tuple[Any, ...]] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = dropout(x, self.dropout, self.training, rng=self.rng)
            outputs = []
            for end in self._ends:
                state = tuple(part[len(last)] for part in before)
                steps, state = self.walk(x, state, f"_l{layer}{end}", backwards=end != "")
                outputs.append(steps)
                last.append(state)
            x = outputs[0] if len(outputs) == 1 else concatenate(outputs, -1)
        after = tuple(stack(parts) for parts in zip(*last))
        if alone:
            return x[:, 0], _single(tuple(part[:, 0] for part in after))
        return swapaxes(x, 0, 1) if self.batch_first else x, _single(after)

    def _start(self, hx: Any, x: Any, alone: bool) -> tuple[Any, ...]:
        shape = (self.num_layers * len(self._ends), x.shape[1], self.hidden_size)
        if hx is None:
            return (Tensor(np.zeros(shape, vars(self)["weight_hh_l0"].dtype), requires_grad=False),) * self._states
        parts = []
        for part in (hx,) if self._states == 1 else hx:
            part = part if hasattr(part, "priority") else Tensor(part, requires_grad=False)
            part = reshape(part, (part.shape[0], 1, -1)) if alone and part.ndim == 2 else part
            if part.shape != shape:
                raise ValueError(f"{type(self).__name__}: the state has shape {part.shape}; for this input it must be {shape}")
            parts.append(part)
        return tuple(parts)

    def walk(self, x: Tensor, state: tuple[Tensor, ...], at: str, backwards: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run one layer in one direction; return the outputs of all time steps, in order of time, and the last state."""
        moments, weight_hh, bias_hh = self._shares(x, at)
        outputs = []
        for t in range(x.shape[0])[::-1 if backwards else 1]:
            moment = moments[t]
            with scope(f"step {t}"):
                state = self.step(moment, state, weight_hh, bias_hh)
            outputs.append(state[0])
        return stack(outputs[::-1] if backwards else outputs), state

    def _shares(self, x: Tensor, at: str) -> tuple[Tensor, Tensor, Tensor | None]:
        """The input's part of the scores for all time steps at once, and the weight and bias for the state's part."""
        bias_ih, bias_hh = getattr(self, f"bias_ih{at}"), getattr(self, f"bias_hh{at}")
        if bias_hh is not None and not self._bias_within:  # both biases are added to the input's part
            bias_ih, bias_hh = bias_ih + bias_hh, None
        return linear(x, getattr(self, f"weight_ih{at}"), bias_ih), getattr(self, f"weight_hh{at}").T, bias_hh

    def extra_repr(self) -> str:
        said = {"num_layers": (self.num_layers, 1), "batch_first": (self.batch_first, False),
                "dropout": (self.dropout, 0.0), "bidirectional": (len(self._ends) == 2, False)}
        return f"{self.input_size}, {self.hidden_size}" + "".join(f", {k}={v}" for k, (v, usual) in said.items() if v != usual)


def _set_weights(layer: Module, end: str, rows: int, width: int, hidden: int, bias: bool, rng: Rng, dtype: Any) -> None:
    """Set the weights and biases of all gates as attributes whose names end with ``end``; without ``bias``, None for biases."""
    shapes = {"weight_ih": (rows, width), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
    for kind, shape in shapes.items():
        name = f"{kind}{end}"
        setattr(layer, name, _uniform(shape, hidden, rng, dtype, name) if bias or "weight" in kind else None)


def _single(parts: tuple[Any, ...]) -> Any:
    return parts[0] if len(parts) == 1 else parts


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    return x @ weight if bias is None else x @ weight + bias


class RNN(Recurrent[Tensor]):
    """The plain recurrent layer: h′ = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu; returns (output, h).

    ``input`` is (L, N, in), or (N, L, in) with ``batch_first``, or (L, in) without a batch; the initial state ``hx`` is of shape
    (layers · directions, N, hidden), zeros by default. ``output`` holds the last layer's h of every time step, h the final state of
    every layer. Weights are ``weight_ih_l0`` (gates · hidden, in), ``weight_hh_l0``, ``bias_ih_l0``, ``bias_hh_l0``, ``…_l1`` …;
    with ``bidirectional`` a second set, ``…_reverse``, runs backwards in time, and the outputs are concatenated. ``dropout``
    applies between layers, in training.

    >>> output, h = RNN(3, 4, rng=0)(np.zeros((7, 5, 3), np.float32))
    >>> output.shape, h.shape, (output[-1].data == h[0].data).all().item()
    ((7, 5, 4), (1, 5, 4), True)
    """

    _gates = 1

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, *, rng: Rng = None,
                 dtype: DTypeLike | None = None, device: object = None):
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: nonlinearity={nonlinearity!r}; it must be 'tanh' or 'relu'")
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng=rng, dtype=dtype,
                         device=device)

    def step(self, x: Tensor, state: tuple[Tensor, ...], weight_hh: Tensor, bias_hh: Tensor | None) -> tuple[Tensor, ...]:
        return ((tanh if self.nonlinearity == "tanh" else relu)(x + _affine(state[0], weight_hh, bias_hh)),)


class LSTM(Recurrent[tuple[Tensor, Tensor]]):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997), gates in the order input, forget, cell, output.

    i, f, o = σ(…), g = tanh(…); c′ = f·c + i·g; h′ = o·tanh(c′); returns (output, (h, c)). Else as RNN. The walk of a
    layer is one operation, which takes a third of the time; with ``layer.stepwise = True`` its graph has a scope for every
    time step, to be drawn and stepped through.

    >>> output, (h, c) = LSTM(3, 4, num_layers=2, rng=0)(np.zeros((7, 5, 3), np.float32))
    >>> output.shape, h.shape, c.shape
    ((7, 5, 4), (2, 5, 4), (2, 5, 4))
    """

    _gates, _states = 4, 2
    stepwise = False

    def step(self, x: Tensor, state: tuple[Tensor, ...], weight_hh: Tensor, bias_hh: Tensor | None) -> tuple[Tensor, ...]:
        return lstm_step(x + _affine(state[0], weight_hh, bias_hh), state[1])

    def walk(self, x: Tensor, state: tuple[Tensor, ...], at: str, backwards: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
        if self.stepwise:
            return super().walk(x, state, at, backwards)
        moments, weight_hh, _ = self._shares(x, at)
        outputs, cells = lstm(moments[::-1] if backwards else moments, weight_hh, *state, cache={})
        return outputs[::-1] if backwards else outputs, (outputs[-1], cells[-1])


class GRU(Recurrent[Tensor]):
    """The gated recurrent unit (Cho et al., 2014), gates in the order reset, update, new.

    r, z = σ(…); n = tanh(W_in x + b_in + r·(W_hn h + b_hn)); h′ = (1 − z)·n + z·h; returns (output, h). Else as
    RNN.

    >>> output, h = GRU(3, 4, bidirectional=True, rng=0)(np.zeros((7, 5, 3), np.float32))
    >>> output.shape, h.shape
    ((7, 5, 8), (2, 5, 4))
    """

    _gates, _bias_within = 3, True

    def step(self, x: Tensor, state: tuple[Tensor, ...], weight_hh: Tensor, bias_hh: Tensor | None) -> tuple[Tensor, ...]:
        (h,) = state
        return (gru_cell(x, _affine(h, weight_hh, bias_hh), h, cache={}),)


# ── one step of a recurrent layer ────────────────────────────────────────────────────────────────────────────────

class Cell(Module):
    """Base of recurrent cells: one time step of a layer, with its own weights."""

    _gates: int
    _states = 1
    _step: Callable[..., Any]

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, *, rng: Rng = None, dtype: DTypeLike | None = None,
                 device: object = None):
        self.input_size, self.hidden_size = _sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        rng, dtype = np.random.default_rng(rng), float_dtype(dtype, device)
        _set_weights(self, "", self._gates * hidden_size, input_size, hidden_size, bias, rng, dtype)

    def forward(self, input: ArrayLike, hx: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None) -> Any:
        x, own = as_operand(input), vars(self)
        if len(x.shape) not in (1, 2) or x.shape[-1] != self.input_size:
            raise ValueError(f"{type(self).__name__}: the input has shape {tuple(x.shape)}; it must be (N, {self.input_size}) or "
                             f"({self.input_size},)")
        zeros = np.zeros((*x.shape[:-1], self.hidden_size), own["weight_hh"].dtype)
        state = (zeros,) * self._states if hx is None else (hx,) if self._states == 1 else tuple(hx)  # type: ignore[arg-type]
        state = tuple(part if hasattr(part, "priority") else Tensor(part, requires_grad=False) for part in state)
        moment = linear(x, own["weight_ih"], own["bias_ih"])
        return _single(type(self)._step(self, moment, state, own["weight_hh"].T, own["bias_hh"]))

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"


class RNNCell(Cell):
    """One time step of RNN: from the input (N, in) or (in,) and the state h, zeros by default, to the next state.

    >>> RNNCell(3, 4, rng=0)(np.zeros((5, 3), np.float32)).shape
    (5, 4)
    """

    _gates, _step = 1, RNN.step

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", *, rng: Rng = None,
                 dtype: DTypeLike | None = None, device: object = None):
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNNCell: nonlinearity={nonlinearity!r}; it must be 'tanh' or 'relu'")
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, bias, rng=rng, dtype=dtype, device=device)


class LSTMCell(Cell):
    """One time step of LSTM: from the input (N, in) or (in,) and the state (h, c), zeros by default, to the next (h, c).

    >>> h, c = LSTMCell(3, 4, rng=0)(np.zeros((5, 3), np.float32))
    >>> h.shape, c.shape
    ((5, 4), (5, 4))
    """

    _gates, _states, _step = 4, 2, LSTM.step


class GRUCell(Cell):
    """One time step of GRU: from the input (N, in) or (in,) and the state h, zeros by default, to the next state.

    >>> GRUCell(3, 4, rng=0)(np.zeros((5, 3), np.float32)).shape
    (5, 4)
    """

    _gates, _step = 3, GRU.step
