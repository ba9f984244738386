"""Windows that slide over an axis: their number, and the maxima and sums of those of images, which networks call pooling.

Images are (batch, channels, height, width).
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..elementwise import masked
from ..languages import message, reader_language, spoken
from .axes import plain_array
from .operation import ArrayOperation

if TYPE_CHECKING:
    from ..typing import Array


_NOTES = (
    message("(N − F + 2P)/S + 1 = {formula} is not whole, so {n} windows fit, and {lost} is not seen. To see all, pad the end by "
            "{more} more: padding={padding}"),
    message("(N − F + 2P)/S + 1 = {formula} is not whole, so {n} windows fit, and {lost} are not seen. To see all, pad the end by "
            "{more} more: padding={padding}"),
    message("entry {entries} of the data"), message("entries {entries} of the data"), message("{n} zero of the padding"),
    message("{n} zeros of the padding"), message("entry {entries} of the data and {zeros}"),
    message("entries {entries} of the data and {zeros}"),
)


class OutputSize(int):
    """The number of window positions along an axis, as an int with the exact value of the formula.

    A position where the window does not fit completely is left out, as in every library; then ``exact`` is not a whole number, and
    ``note`` names the entries that no window covers: ``unseen`` lists indices of the data, ``unseen_padding`` counts zeros of the
    padding. It is shown in the language ``lang``, "en" or "ko", None for the system's; ``note`` stays English.
    """

    window: tuple[int, int, int, int, int, int]
    lang: str | None = None

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

    def said(self, text: str) -> str:
        """Return the note in its language."""
        return spoken(text, reader_language(self.lang), Path(__file__).parents[1], _NOTES)

    def __str__(self) -> str:
        return int.__repr__(self)

    def __repr__(self) -> str:
        return f"{self}  # {self.said(self.note)}" if self.note else str(self)

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
    before, after = (padding, padding) if isinstance(padding, (int, np.integer)) else padding
    return OutputSize(*map(index, (n, kernel, stride, before, after, dilation)))


def span(kernel: int, dilation: int) -> int:
    """The number of entries from a window's first to its last, including those that dilation skips."""
    return dilation * (kernel - 1) + 1


def places(n: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> int:
    """The number of windows that fit completely; raises ValueError where none does."""
    room = n + before + after - span(kernel, dilation)
    if room < 0 or stride < 1 or before < 0 or after < 0 or kernel < 1 or dilation < 1:
        padding = before if before == after else (before, after)
        raise ValueError(f"a window of {kernel} (spanning {span(kernel, dilation)}) does not fit: N={n}, padding P={padding}, "
                         f"stride S={stride}; (N − F + 2P)/S + 1 must be at least 1")
    return room // stride + 1


# ── maxima and sums, and their transposes ────────────────────────────────────────────────────────────────────────

def window_slices(kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...],
                  size: tuple[int, ...]) -> Iterator[Any]:
    """Yield for each position in a window, in row order, the slices of the image's entries at that position."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield (..., slice(top, top + stride[0] * (size[0] - 1) + 1, stride[0]),
                   slice(left, left + stride[1] * (size[1] - 1) + 1, stride[1]))


def first_maxima(x: Array, out: Array, kernel: tuple[int, ...], stride: tuple[int, ...],
                 dilation: tuple[int, ...]) -> Iterator[tuple[Any, Array]]:
    """Yield each position in a window with the mask of windows whose maximum is there; of equal ones the first in row order."""
    free = np.ones_like(out, bool)
    lost = np.isnan(out) if np.isnan(np.add.reduce(out, None)) else None
    *others, last = window_slices(kernel, stride, dilation, out.shape[2:])
    for place in others:
        mask = x[place] == out
        if lost is not None:
            mask |= lost & np.isnan(x[place])
        mask &= free
        free ^= mask
        yield place, mask
    yield last, free


def _covered(shape: tuple[int, ...], kernel: Any, stride: Any, dilation: Any) -> bool:
    """True where every entry lies in exactly one window."""
    return kernel == stride and dilation == (1, 1) and not (shape[2] % stride[0] or shape[3] % stride[1])


def _channels(x: Any) -> Iterator[Any]:
    """Parts of the channels that the processor's cache holds: two thirds of the time (measured)."""
    each = max(1, 2**17 // max(1, x[:, :1].size))
    return ((slice(None), slice(c, c + each)) for c in range(0, x.shape[1], each))


def _max_pool_forward(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    size = [places(n, k, s, 0, 0, d) for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    for axis in (2, 3):  # along the height, then along the width, because these rows are contiguous in memory
        n, k, s, d = size[axis - 2], kernel[axis - 2], stride[axis - 2], dilation[axis - 2]
        parts = [x[(slice(None),) * axis + (slice(i * d, i * d + s * (n - 1) + 1, s),)] for i in range(k)]
        x = parts[0] if k == 1 else np.maximum(parts[0], parts[1])
        for part in parts[2:]:
            np.maximum(x, part, out=x)
    return x


def _unpool_forward(g: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    apart = kernel[0] <= stride[0] and kernel[1] <= stride[1] and dilation == (1, 1)  # no entry is in two windows
    down = np.empty_like(x, g.dtype) if _covered(x.shape, kernel, stride, dilation) else np.zeros_like(x, g.dtype)
    if g.strides != out.strides:  # the layout of the masks
        g = np.add(g, 0, out=np.empty_like(out, g.dtype))
    for part in _channels(x):
        for place, mask in first_maxima(x[part], out[part], kernel, stride, dilation):
            if apart:
                down[part][place] = masked(g[part], mask)
            else:
                down[part][place] += masked(g[part], mask)
    return down


def _pick_forward(t: Any, x: Any, out: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    total = np.zeros_like(out, t.dtype)
    for place, mask in first_maxima(x, out, kernel, stride, dilation):
        total += masked(t[place], mask)
    return total


max_pool2d = ArrayOperation("max_pool2d", "max pool", _max_pool_forward,
                lambda g, out, x, **o: _unpool(g, x=plain_array(x), out=plain_array(out), **o),
                pushforward=lambda out, xs, ts, o: _pick(ts[0], x=plain_array(xs[0]), out=plain_array(out), **o),
                shown=("first maximum",), is_selection=True, shows_nan=lambda x, **o: _covered(x.shape, **o))
_unpool = ArrayOperation("max_unpool2d", "unpool", lambda g, **o: _unpool_forward(g, **o), lambda g, out_, y, **o: _pick(g, **o))
_pick = ArrayOperation("max_pick2d", "pick", lambda t, **o: _pick_forward(t, **o), lambda g, out_, y, **o: _unpool(g, **o))


def _window_sum_forward(x: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    size = tuple([places(n, k, s, 0, 0, 1) for n, k, s in zip(x.shape[2:], kernel, stride)])
    total = np.zeros((*x.shape[:2], *size), x.dtype)
    for place in window_slices(kernel, stride, (1, 1), size):
        total += x[place]
    return total


def _window_spread_forward(g: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    out = np.zeros(shape, g.dtype)
    for place in window_slices(kernel, stride, (1, 1), g.shape[2:]):
        out[place] += g
    return out


window_sum = ArrayOperation("window_sum", "avg pool", _window_sum_forward, lambda g, out, x, **o: window_spread(g, **o),
                             shown=("spread",))
window_spread = ArrayOperation("window_spread", "spread", _window_spread_forward, lambda g, out, x, **o: window_sum(g, **o))
