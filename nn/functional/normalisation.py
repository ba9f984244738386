"""Batch and layer normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.arrays.axes import plain_array
from autograd.arrays.correlation import batch_first, channels_first
from autograd.arrays.functions import broadcast_to, mean, reshape, sum, var
from autograd.arrays.operation import ArrayOperation
from autograd.elementwise import silent

from .operands import INTEGERS, all_plain, as_operand, floating
from .signatures import of_array

if TYPE_CHECKING:
    from autograd import Tensor
    from autograd.typing import Array, ArrayLike


def _normalise_forward(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    centred = x - x.mean(axis=axes, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)


def _projected(t: Any, out: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """The derivative of normalisation, a symmetric map: it subtracts the mean, and the projection on the result."""
    return (t - mean(t, axes, True) - out * mean(t * out, axes, True)) / (var(x, axes, True) + eps) ** 0.5


_normalise = ArrayOperation("normalise", "normalise", _normalise_forward,
                 lambda g, out, x, axes, eps: _projected(g, out, x, axes, eps),
                 pushforward=lambda out, xs, ts, o: _projected(ts[0], out, xs[0], **o), shown=("(δ − mean − out·mean)/σ",),
                 reach=lambda arrived, x, axes, eps: np.broadcast_to(arrived.any(axis=axes, keepdims=True), x.shape))


@silent
def _batch_norm_forward(x: Any, w: Any, b: Any, eps: float, cache: dict[str, Any]) -> Any:
    rows = _rows_of_channels(x)
    out = np.empty_like(rows, np.result_type(x, w, b))
    mean, variance = (np.empty((len(rows), 1), rows.dtype) for _ in range(2))
    for c in _blocks(rows):
        np.add.reduce(rows[c], 1, out=mean[c], keepdims=True)
        mean[c] /= rows.shape[1]
        centred = np.subtract(rows[c], mean[c], out=out[c])
        variance[c] = _inner(centred, centred) / rows.shape[1]
        centred *= w[c, None] / np.sqrt(variance[c] + eps)
        centred += b[c, None]
    cache.update(mean=mean[:, 0], variance=variance[:, 0], deviation=np.sqrt(variance + eps))
    return batch_first(out.reshape(x.shape[1], *x.shape[2:], x.shape[0]))


def _inner(x: Any, y: Any) -> Any:
    """Σ x·y along rows, as a column: by BLAS in pieces, which are then added by pairs, because BLAS adds one after the other."""
    whole = x.shape[1] - x.shape[1] % 2**12
    rest = np.vecdot(x[:, whole:], y[:, whole:])
    pieces = [z[:, :whole].reshape(len(z), -1, 2**12) for z in (x, y)]
    return (np.add.reduce(np.vecdot(*pieces), 1) + rest)[:, None] if whole else rest[:, None]


def _rows_of_channels(x: Any) -> Any:
    """(N, C, …) as (C, everything else)."""
    return channels_first(x).reshape(x.shape[1], -1)


def _blocks(rows: Any) -> Iterator[slice]:
    """Rows of half a megabyte together, over which all passes find them in the processor's cache: a third faster (measured)."""
    size = max(1, 2**19 // max(1, rows.itemsize * rows.shape[1]))
    return (slice(i, i + size) for i in range(0, len(rows), size))


def _batch_norm_sums(g: Any, x: Any, w: Any, cache: dict[str, Any]) -> Any:
    """For each channel the gradient of the rows before normalisation, and the sums of g and of g · x̂, in one walk."""
    if cache.get("of") is not g:
        rows, own, n = _rows_of_channels(g), _rows_of_channels(x), x.size // x.shape[1]
        down = np.empty_like(rows, np.result_type(g, x))
        total, along = (np.empty((len(rows), 1), down.dtype) for _ in range(2))
        for c in _blocks(rows):
            deviation = cache["deviation"][c]
            centred = np.subtract(own[c], cache["mean"][c, None], out=down[c])
            along[c] = _inner(rows[c], centred) / deviation
            np.add.reduce(rows[c], 1, out=total[c], keepdims=True)
            centred *= along[c] / (-n * deviation)
            centred += rows[c]
            centred -= total[c] / n
            centred *= w[c, None] / deviation
        cache.update(of=g, sums=(down, total[:, 0], along[:, 0]))
    return cache["sums"]


def _batch_norm_input(g: Any, out: Any, x: Any, w: Any, b: Any, eps: float, cache: dict[str, Any]) -> Any:
    if not all_plain(g, x, w):
        axes, shape = _around(x)
        return _projected(g * reshape(w, shape), _normalise(x, axes=axes, eps=eps), x, axes, eps)
    return batch_first(_batch_norm_sums(g, x, w, cache)[0].reshape(x.shape[1], *x.shape[2:], x.shape[0]))


def _batch_norm_weight(g: Any, out: Any, x: Any, w: Any, b: Any, eps: float, cache: dict[str, Any]) -> Any:
    if all_plain(g, x, w):
        return _batch_norm_sums(g, x, w, cache)[2]
    axes, _ = _around(x)
    return sum(g * _normalise(x, axes=axes, eps=eps), axes)


def _batch_norm_bias(g: Any, out: Any, x: Any, w: Any, b: Any, eps: float, cache: dict[str, Any]) -> Any:
    return _batch_norm_sums(g, x, w, cache)[1] if all_plain(g, x, w) else sum(g, _around(x)[0])


def _batch_norm_pushforward(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    x, w, _ = xs
    axes, shape = _around(x)
    normal = _normalise(x, axes=axes, eps=o["eps"])
    parts = [_projected(ts[0], normal, x, axes, o["eps"]) * reshape(w, shape)] if ts[0] is not None else []
    parts += [reshape(ts[1], shape) * normal] if ts[1] is not None else []
    return reduce(add, parts + ([broadcast_to(reshape(ts[2], shape), out.shape)] if ts[2] is not None else []))


def _around(x: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """All axes but the channels', and the shape of one number per channel."""
    return (0, *range(2, len(x.shape))), (1, -1) + (1,) * (len(x.shape) - 2)


# one operation in place of normalise, × and +, because mean and variance are needed again (measured: half the time)
_batch_norm = ArrayOperation("batch_norm", "batch norm", _batch_norm_forward, _batch_norm_input, _batch_norm_weight,
                  _batch_norm_bias, pushforward=_batch_norm_pushforward, shown=("w·(δ − mean − x̂·mean)/σ", "x̂", "Σ"))


@of_array
def batch_norm(input: ArrayLike, running_mean: Array | Tensor | None = None, running_var: Array | Tensor | None = None,
               weight: ArrayLike | None = None, bias: ArrayLike | None = None, training: bool = False, momentum: float = 0.1,
               eps: float = 1e-5) -> Any:
    """Each channel (axis 1) normalised over all other axes, then scaled and shifted (Ioffe & Szegedy, 2015).

    Training uses the batch's mean and variance, and moves the running arrays towards them in place by ``momentum`` (the variance
    with divisor n − 1, as in PyTorch), or constant Tensors; evaluation uses the running ones. Raises ValueError for a training
    batch with one value per channel.

    >>> batch_norm(Tensor([[1.0], [3.0]]), None, None, training=True, eps=0.0).tolist()  # mean 2, deviation 1
    [[-1.0], [1.0]]
    """
    x = floating(input)
    if len(x.shape) < 2 or not x.shape[1]:
        raise ValueError(f"batch_norm: the input has shape {tuple(x.shape)}; it must be (N, C, …), with the channels on axis 1")
    _, shape = _around(x)
    dtype = plain_array(x).dtype
    plain = [np.full(x.shape[1], fill, dtype) if given is None else given for given, fill in ((weight, 1), (bias, 0))]
    if not training and running_mean is not None:
        read = getattr(x, "deferred_call", lambda function: function())  # a recording reads them at each call
        mean = read(lambda: np.asarray(running_mean, dtype).reshape(shape))
        deviation = read(lambda: np.sqrt(np.asarray(running_var) + eps).reshape(shape).astype(dtype))
        return (x - mean) / deviation * reshape(plain[0], shape) + reshape(plain[1], shape)
    count = plain_array(x).size // x.shape[1]
    if count < 2:
        raise ValueError(f"batch_norm: shape {tuple(x.shape)} has {'one' if count else 'no'} value per channel, and the variance "
                         "of a batch needs two or more. Drop such a last batch, with drop_last=True of DataLoader or fit, or "
                         "use eval mode")
    cache: dict[str, Any] = {}
    out = _batch_norm(x, *plain, eps=float(eps), cache=cache)

    def move() -> None:
        if running_mean is not None and running_var is not None:
            mean, variance = (getattr(running, "array", running) for running in (running_mean, running_var))
            mean[...] += momentum * (cache["mean"] - mean)
            variance[...] += momentum * (cache["variance"] * (count / (count - 1)) - variance)
    if training and hasattr(out, "deferred_effect"):  # a recording moves them at each call
        out.deferred_effect(move)
    elif training:
        move()
    return out


@of_array
def layer_norm(input: ArrayLike, normalized_shape: int | tuple[int, ...], weight: ArrayLike | None = None,
               bias: ArrayLike | None = None, eps: float = 1e-5) -> Any:
    """Each example normalised over its last axes, of the given shape, then scaled and shifted (Ba et al., 2016).

    >>> layer_norm(Tensor([[1.0, 3.0]]), (2,), eps=0.0).tolist()
    [[-1.0, 1.0]]
    """
    x = floating(input)
    shape = (int(normalized_shape),) if isinstance(normalized_shape, INTEGERS) else tuple(normalized_shape)
    if not shape or tuple(x.shape[-len(shape):]) != shape:
        raise ValueError(f"layer_norm: normalized_shape {shape} must be the last axes of the input, whose "
                         f"shape is {tuple(x.shape)}")
    out = _normalise(x, axes=tuple(range(-len(shape), 0)), eps=float(eps))
    out = out if weight is None else out * as_operand(weight)
    return out if bias is None else out + as_operand(bias)


def group_norm(input: ArrayLike, num_groups: int, weight: ArrayLike | None = None, bias: ArrayLike | None = None,
               eps: float = 1e-5) -> Any:
    """Each example (N, C, …) normalised over groups of neighbouring channels, then scaled and shifted (Wu & He, 2018).

    >>> group_norm(Tensor([[1.0, 3.0, 10.0, 50.0]]), 2, eps=0.0).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    x = floating(input)
    if len(x.shape) < 2 or x.shape[1] % num_groups:
        raise ValueError(f"group_norm: an input of shape {tuple(x.shape)} in {num_groups} groups; it must be (N, C, …), with C "
                         f"divisible by {num_groups}")
    out = reshape(_normalise(reshape(x, (x.shape[0], num_groups, -1)), axes=(-1,), eps=float(eps)), x.shape)
    _, shape = _around(x)
    out = out if weight is None else out * reshape(as_operand(weight), shape)
    return out if bias is None else out + reshape(as_operand(bias), shape)
