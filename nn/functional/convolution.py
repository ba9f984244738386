"""Convolution of images and signals, and the size of its result.

Images are (batch, channels, height, width), as in PyTorch, with any order in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.arrays import correlation
from autograd.arrays.axes import plain_array
from autograd.arrays.functions import expand_dims, reshape
from autograd.arrays.windows import output_size as output_size
from autograd.arrays.windows import span

from ..arguments import whole_number
from .operands import Padding, Pair, as_pair, as_sides, as_single, floating_together, with_batch, without_batch
from .signatures import of_weight

if TYPE_CHECKING:
    from autograd.typing import ArrayLike


@of_weight
def conv2d(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, stride: Pair = 1, padding: Padding = 0,
           dilation: Pair = 1, groups: int = 1) -> Any:
    """Cross-correlation of images (N, C, H, W), or one (C, H, W), with filters (O, C/groups, KH, KW), plus a bias (O,).

    The result is (N, O, OH, OW) with OH = (H − F + 2·padding)/stride + 1, rounded down, where F = dilation·(KH − 1) + 1;
    ``output_size`` reports the entries lost to rounding. ``padding`` is a number of zeros on each side, one number for each axis,
    ((top, bottom), (left, right)), "valid" for none, or "same" (stride 1). Raises ValueError where shapes do not fit.

    >>> conv2d(Tensor(np.ones((1, 3, 32, 32))), Tensor(np.ones((6, 3, 5, 5)))).shape  # (32 − 5) / 1 + 1 = 28
    (1, 6, 28, 28)
    """
    stride, dilation = as_pair("conv2d: stride", stride), as_pair("conv2d: dilation", dilation)
    x, w = floating_together(input, weight)
    x, alone = with_batch(x, 4)
    return without_batch(_convolved("conv2d", x, w, bias, stride, padding, dilation, groups), alone)


def _convolved(name: str, x: Any, w: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    groups = whole_number(groups, f"{name}: groups")
    if len(x.shape) != 4 or len(w.shape) != 4 or x.shape[1] != w.shape[1] * groups or w.shape[0] % groups:
        raise ValueError(f"{name}: images {tuple(x.shape)} and filters {tuple(w.shape)} with groups={groups} do not fit; they must "
                         "be (N, C, H, W) and (O, C/groups, KH, KW), with O divisible by groups")
    if bias is not None and np.shape(plain_array(bias)) != (w.shape[0],):
        raise ValueError(f"{name}: the bias has shape {np.shape(plain_array(bias))}; it needs one entry per filter, "
                         f"({w.shape[0]},)")
    sides = as_sides(name, padding, w.shape[2:], stride, dilation)
    shapes = tuple(x.shape), tuple(w.shape)
    try:
        correlation.window_places(shapes, stride, dilation, sides)
    except ValueError as error:
        seen = [shape if name == "conv2d" else (*shape[:2], shape[3]) for shape in shapes]
        raise ValueError(f"{name} of input {seen[0]} with filters {seen[1]}: {error}") from None
    operands = (x, w) if bias is None else (x, w, bias)
    return correlation.conv2d(*operands, stride=stride, dilation=dilation, sides=sides, groups=groups, shapes=shapes, cache={})


@of_weight
def conv1d(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, stride: int = 1, padding: Padding = 0,
           dilation: int = 1, groups: int = 1) -> Any:
    """Cross-correlation of signals (N, C, L), or one (C, L), with filters (O, C/groups, K), plus a bias (O,).

    ``padding`` is a number of zeros at each end, ((before, after),), "valid" or "same".

    >>> conv1d(Tensor([[[1.0, 2.0, 4.0]]]), Tensor([[[-1.0, 1.0]]])).tolist()  # differences
    [[[1.0, 2.0]]]
    """
    x, w = floating_together(input, weight)
    x, alone = with_batch(x, 3)
    if len(x.shape) != 3 or len(w.shape) != 3:
        raise ValueError(f"conv1d: signals {tuple(x.shape)} and filters {tuple(w.shape)}; they must be (N, C, L) "
                         "and (O, C/groups, K)")
    step, spread = as_single("conv1d: stride", stride), as_single("conv1d: dilation", dilation)
    sides = ((0, 0), *as_sides("conv1d", padding, w.shape[2:], (step,), (spread,)))
    out = _convolved("conv1d", expand_dims(x, 2), expand_dims(w, 2), bias, (1, step), sides, (1, spread), groups)
    return without_batch(reshape(out, (out.shape[0], out.shape[1], out.shape[3])), alone)


@of_weight
def conv_transpose2d(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None, stride: Pair = 1, padding: Pair = 0,
                     output_padding: Pair = 0, groups: int = 1, dilation: Pair = 1) -> Any:
    """The transpose of ``conv2d``, which enlarges images: (N, I, H, W) with filters (I, O/groups, KH, KW), plus a bias (O,).

    The result is (N, O, OH, OW) with OH = (H − 1)·stride − 2·padding + F + output_padding, F = dilation·(KH − 1) + 1. Raises
    ValueError where shapes do not fit, or ``output_padding`` is not below the stride.

    >>> conv_transpose2d(Tensor([[[[1.0, 2.0]]]]), np.ones((1, 1, 1, 2)), stride=2).tolist()
    [[[[1.0, 1.0, 2.0, 2.0]]]]
    """
    name = "conv_transpose2d"
    steps, ends, more, spread = (as_pair(f"{name}: {kind}", pair) for kind, pair in (
        ("stride", stride), ("padding", padding), ("output_padding", output_padding), ("dilation", dilation)))
    x, w = floating_together(input, weight)
    x, alone = with_batch(x, 4)
    if len(x.shape) != 4 or len(w.shape) != 4 or x.shape[1] != w.shape[0] or w.shape[0] % whole_number(groups, f"{name}: groups"):
        raise ValueError(f"{name}: images {tuple(x.shape)} and filters {tuple(w.shape)} with groups={groups} do not fit; they must "
                         "be (N, I, H, W) and (I, O/groups, KH, KW), with I divisible by groups")
    size = [(n - 1) * s - 2 * p + span(k, d) + m for n, s, p, k, d, m in zip(x.shape[2:], steps, ends, w.shape[2:], spread, more)]
    if min(size) < 1 or any(not 0 <= m < s for m, s in zip(more, steps)):
        raise ValueError(f"{name}: the result would have the size {tuple(size)}, and output_padding={output_padding} with stride="
                         f"{stride}; output_padding must be below the stride, and padding leave a result")
    shapes = (x.shape[0], w.shape[1] * groups, *size), tuple(w.shape)
    sides = tuple((zeros, zeros) for zeros in ends)
    out = correlation.conv2d_input(x, w, stride=steps, dilation=spread, sides=sides, groups=groups, shapes=shapes, cache={})
    return without_batch(out if bias is None else out + reshape(bias, (-1, 1, 1)), alone)
