"""Plots of arrays as images: filters of a convolution, activation maps."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

from .axes import axes_or_new, short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd.typing import Array, ArrayLike


def filters(weight: ArrayLike, *, columns: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the filters of a convolution, (O, C, KH, KW), as images on one scale: in colour for C = 3, else C images in a row.

    >>> filters([[[[0.0, 1.0]]], [[[2.0, 3.0]]]]).get_title()
    '2 filters 1×1×2: 0 (black) to 3 (white)'
    """
    w = _plain(weight)
    if w.ndim != 4 or not w.size:
        raise ValueError(f"filters: a weight has shape (O, C, KH, KW), not {w.shape}; give layer.weight of a Conv2d")
    low, high = float(w.min()), float(w.max())
    w = (w - low) / ((high - low) or 1.0)
    pictures = w.transpose(0, 2, 3, 1) if w.shape[1] == 3 else w.reshape(-1, *w.shape[2:])
    wide = columns or (w.shape[1] if 1 < w.shape[1] != 3 else ceil(sqrt(len(pictures))))
    ax = _tiles(pictures, wide, "gray", ax)
    ax.set_title(f"{len(w)} filters {w.shape[1]}×{w.shape[2]}×{w.shape[3]}: {short_number(low)} (black) to {short_number(high)} "
                 "(white)", fontsize="small")
    return ax


def activation_maps(maps: ArrayLike, *, columns: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the activation maps of one image, (C, H, W), as small images on one scale.

    >>> activation_maps([[[0.0, 1.0]], [[2.0, 3.0]]]).get_title()
    '2 maps 1×2, 0 to 3'
    """
    pictures = _plain(maps)
    if pictures.ndim != 3 or not pictures.size:
        raise ValueError(f"activation_maps: maps have shape (C, H, W), not {pictures.shape}; give those of one "
                         "image: maps[0]")
    ax = _tiles(pictures, columns or ceil(sqrt(len(pictures))), "viridis", ax)
    ax.set_title(f"{len(pictures)} maps {pictures.shape[1]}×{pictures.shape[2]}, {short_number(float(pictures.min()))} to "
                 f"{short_number(float(pictures.max()))}", fontsize="small")
    return ax


def _plain(array: ArrayLike) -> Array:
    from autograd.arrays.axes import plain_array
    return plain_array(array).astype(float)


def _tiles(pictures: Array, columns: int, cmap: str, ax: Axes | None) -> Axes:
    """Pictures (n, H, W) or (n, H, W, 3) as tiles of one image with gaps of one pixel."""
    import numpy as np
    count, high, wide = pictures.shape[:3]
    lines = ceil(count / columns)
    if pictures.ndim == 4:  # with an alpha channel, so that gaps are transparent
        pictures = np.concatenate([pictures, np.ones((*pictures.shape[:3], 1))], 3)
    sheet = np.full((lines * (high + 1) - 1, columns * (wide + 1) - 1, *pictures.shape[3:]), np.nan if pictures.ndim == 3 else 0.0)
    for k, picture in enumerate(pictures):
        top, left = k // columns * (high + 1), k % columns * (wide + 1)
        sheet[top:top + high, left:left + wide] = picture
    ax = axes_or_new(ax, max(3.4, 0.5 * columns), min(6.0, 0.8 + 0.5 * lines))
    ax.imshow(sheet, cmap=cmap, interpolation="nearest")
    ax.set_axis_off()
    return ax
