"""Convolution of images and signals, and the size of its result.

Images are (batch, channels, height, width), as in PyTorch, with any order in memory.
"""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.arrays import correlation
from autograd.arrays.axes import plain_array
from autograd.arrays.correlation import places, span
from autograd.arrays.functions import expand_dims, reshape

from ..arguments import whole_number
from .operands import INTEGERS, Padding, Pair, as_pair, as_sides, as_single, floating_together, with_batch, without_batch
from .signatures import of_weight

if TYPE_CHECKING:
    from autograd.typing import ArrayLike


class OutputSize(int):
    """The number of window positions along an axis, as an int with the exact value of the formula.

    A position where the window does not fit completely is left out, as in every library; then ``exact`` is not a whole number, and
    ``note`` names the entries that no window covers: ``unseen`` lists indices of the data, ``unseen_padding`` counts zeros of the
    padding.
    """

    window: tuple[int, int, int, int, int, int]

    def __new__(cls, n: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> OutputSize:
        size = super().__new__(cls, places(n, kernel, stride, before, after, dilation))
        size.window = (n, kernel, stride, before, after, dilation)
        return size

    @property
    def exact(self) -> float:
        """(N − F + 2P)/S + 1."""
        n, kernel, stride, before, after, dilation = self.window
        return (n + before + after - span(kernel, dilation) + stride) / stride  # one division: correctly rounded

    @property
    def unseen(self) -> tuple[int, ...]:
        """The indices of the data's entries that no window covers."""
        n, _, _, before, *_ = self.window
        return tuple([i - before for i in self._uncovered() if before <= i < before + n])

    @property
    def unseen_padding(self) -> int:
        """The number of padding zeros that no window covers."""
        return len(self._uncovered()) - len(self.unseen)

    def _uncovered(self) -> list[int]:
        n, kernel, stride, before, after, dilation = self.window
        covered = {i * stride + k * dilation for i in range(self) for k in range(kernel)}
        return [i for i in range(n + before + after) if i not in covered]

    @property
    def note(self) -> str:
        """A sentence about the uncovered entries and the remedy where the exact size is not whole; else ""."""
        n, kernel, stride, before, after, dilation = self.window
        if self.exact == self:
            return ""
        formula = f"({n} − {span(kernel, dilation)} + {f'2·{before}' if before == after else f'{before} + {after}'})/{stride} + 1"
        more = stride - (n + before + after - span(kernel, dilation)) % stride
        return (f"(N − F + 2P)/S + 1 = {formula} = {self.exact:.4g} is not whole, so {int(self)} windows fit, and {self._lost()} "
                f"not seen. To see all, pad the end by {more} more: padding=(({before}, {after + more}), …)")

    def _lost(self) -> str:
        data, zeros = self.unseen, self.unseen_padding
        parts = [f"{'entry' if len(data) == 1 else 'entries'} {', '.join(map(str, data))} of the data"] if data else []
        parts += [f"{zeros} {'zero' if zeros == 1 else 'zeros'} of the padding"] if zeros else []
        return " and ".join(parts) + (" is" if len(data) + zeros == 1 else " are")

    def __str__(self) -> str:
        return int.__repr__(self)

    def __repr__(self) -> str:
        return f"{self}  # {self.note}" if self.note else str(self)

    def __reduce__(self) -> tuple[type[OutputSize], tuple[int, ...]]:
        return OutputSize, self.window


def output_size(n: int, kernel: int, stride: int = 1, padding: int | tuple[int, int] = 0, dilation: int = 1) -> OutputSize:
    """Return the number of window positions along an axis: (N − F + 2P)/S + 1, rounded down.

    F = dilation·(kernel − 1) + 1 is the window's span; ``padding`` is a number of zeros at each end, or a pair of them. The result
    is an int with the ``exact`` value and a ``note`` about uncovered entries where that is not whole. Raises ValueError where no
    window fits. Source: CS231n, "Convolutional networks".

    >>> output_size(32, 5), output_size(7, 3, stride=2), output_size(32, 5, padding=2)
    (28, 3, 32)
    >>> size = output_size(10, 3, stride=2)
    >>> size == 4, size.exact, size.unseen
    (True, 4.5, (9,))
    """
    before, after = (padding, padding) if isinstance(padding, INTEGERS) else padding
    return OutputSize(*map(index, (n, kernel, stride, before, after, dilation)))


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
