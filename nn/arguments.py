"""Checks of arguments that several modules take."""

from __future__ import annotations

from operator import index
from typing import SupportsIndex


def whole_number(value: SupportsIndex, name: str, least: int = 1) -> int:
    """Return an integer argument (NumPy's too) as an int; raise ValueError for any other value, or one below ``least``.

    >>> import numpy as np
    >>> whole_number(np.int64(3), "fit: epochs", 0)
    3
    >>> whole_number(2.5, "fit: epochs", 0)
    Traceback (most recent call last):
    ValueError: fit: epochs=2.5; it must be a whole number, 0 or more
    """
    try:
        number = index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"{name}={value!r}; it must be a whole number, {least} or more")
    return number
