"""Operands of the array functions: lists become arrays; integers and float16 become wider floats."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autograd.arrays.axes import plain_array
from autograd.arrays.functions import astype, reshape
from autograd.errors import warn_user
from autograd.tensor import Tensor

if TYPE_CHECKING:
    from autograd.typing import ArrayLike

INTEGERS = (int, np.integer)
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
Pair = int | tuple[int, int]
Sizes = TypeVar("Sizes")
Padding = str | int | tuple[int, ...] | tuple[tuple[int, int], ...]


def as_operand(x: ArrayLike) -> Any:
    """Return a node or an array unchanged, and anything else (numbers, lists) as an array."""
    return x if hasattr(x, "priority") else np.asarray(x)


def floating(x: ArrayLike) -> Any:
    """Return the operand as floats: integers and masks as float64, float16 as float32, all others unchanged.

    Integers of few bits would overflow (four pixels of 200 would have the mean 8), and float16 above 65,504; a warning about
    float16 is given once.

    >>> floating(np.array([200, 200], np.uint8)).dtype
    dtype('float64')
    """
    known = x.array.dtype if type(x) is Tensor else x.dtype if type(x) is np.ndarray else None  # 1 µs faster than below
    if known is FLOAT32 or known is FLOAT64:
        return x
    operand = as_operand(x)
    dtype = plain_array(operand).dtype
    if dtype.kind == "f" and dtype.itemsize > 2:
        return operand
    if dtype.kind in "iub":
        return astype(operand, np.float64)
    if dtype.kind == "f":
        _warn_of_half()
        return astype(operand, np.float32)
    raise TypeError(f"an array of {dtype} cannot be computed with; convert it first, for example with .astype(float)")


def floating_together(*xs: ArrayLike) -> list[Any]:
    """Operands of one formula: converted as by NumPy if one of them is float32 or wider, else as by ``floating``.

    >>> [x.dtype.name for x in floating_together(np.ones(2, np.uint8), np.ones(2, np.float32))]  # their product is float32
    ['uint8', 'float32']
    """
    if (type(xs[1]) is Tensor or type(xs[1]) is np.ndarray) and (xs[1].dtype is FLOAT32 or xs[1].dtype is FLOAT64):  # a weight
        return [x if type(x) is Tensor else as_operand(x) for x in xs]
    operands = [as_operand(x) for x in xs]
    dtype = np.result_type(*[plain_array(x).dtype for x in operands])
    return operands if dtype.kind == "f" and dtype.itemsize > 2 else [floating(x) for x in operands]


def _warn_of_half(told: list[bool] = []) -> None:  # noqa: B006  (one list, which remembers across calls)
    if not told:
        told.append(True)
        warn_user("float16 is computed in float32, and results are float32; convert the input with .astype(np.float32) to say "
                  "so yourself", UserWarning)


def all_plain(*xs: object) -> bool:
    """True where a pullback runs on plain numbers; with create_graph an operand or g is a node."""
    return all(isinstance(x, np.ndarray) for x in xs)


def with_batch(x: Any, ndim: int) -> tuple[Any, bool]:
    """The operand with a batch axis if it is a single example, of one axis less than ``ndim``; and True for a single one."""
    alone = len(x.shape) == ndim - 1
    return (reshape(x, (1, *x.shape)) if alone else x), alone


def without_batch(x: Any, alone: bool) -> Any:
    """The single example again, without its batch axis."""
    return reshape(x, x.shape[1:]) if alone else x


def as_pair(name: str, x: Pair) -> tuple[int, int]:
    """A size for both axes, or one for each, as ints (NumPy's integers too).

    >>> as_pair("kernel_size", 3), as_pair("kernel_size", (3, np.int64(5)))
    ((3, 3), (3, 5))
    """
    sizes = _sizes(name, x, 2)
    return sizes[0], sizes[-1]


def as_single(name: str, x: int | tuple[int]) -> int:
    """The size for the single axis of signals, which may be given in a tuple."""
    return _sizes(name, x, 1)[0]


def _sizes(name: str, x: Any, axes: int) -> tuple[int, ...]:
    try:
        if isinstance(x, INTEGERS):
            return (index(x),) * axes
        sizes = tuple([index(size) for size in x])
    except TypeError:
        sizes = ()
    if len(sizes) != axes:
        raise ValueError(f"{name}={x!r}; it must be a whole number{'' if axes == 1 else f', or {axes} of them'}")
    return sizes


def as_ints(sizes: Sizes) -> Sizes:
    """Sizes, also nested, with NumPy's integers converted to Python's; anything else unchanged.

    >>> as_ints(((np.int64(1), 0), (2, 2))), as_ints("same")
    (((1, 0), (2, 2)), 'same')
    """
    if isinstance(sizes, (tuple, list)):
        return tuple(map(as_ints, sizes))  # type: ignore[return-value]
    return int(sizes) if isinstance(sizes, INTEGERS) and not isinstance(sizes, bool) else sizes  # type: ignore[return-value]


def as_sides(name: str, padding: Padding, kernel: tuple[int, ...], stride: tuple[int, ...],
             dilation: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The numbers of padding zeros before and after each axis of a window.

    >>> as_sides("conv2d", 1, (3, 3), (1, 1), (1, 1)), as_sides("conv2d", ((1, 2), (0, 3)), (3, 3), (1, 1), (1, 1))
    (((1, 1), (1, 1)), ((1, 2), (0, 3)))
    """
    if padding == "same":
        if tuple(stride) != (1,) * len(stride):
            raise ValueError(f"{name}: padding='same' needs stride 1, not {stride}")
        spans = [d * (k - 1) for k, d in zip(kernel, dilation)]
        return tuple([(s // 2, s - s // 2) for s in spans])
    if padding == "valid":
        padding = 0
    axes = len(kernel)
    try:
        sides = tuple([_ends(p) for p in ((padding,) * axes if isinstance(padding, INTEGERS) else padding)])
    except (TypeError, ValueError):
        sides = ()
    if len(sides) != axes or min(map(min, sides)) < 0:
        each = "((before, after),)" if axes == 1 else "((top, bottom), (left, right))"
        raise ValueError(f"{name}: padding={padding!r}; it must be a number of zeros, 0 or more, one for each axis, {each}, "
                         "'same' or 'valid'")
    return sides


def _ends(zeros: Any) -> tuple[int, int]:
    before, after = (zeros, zeros) if isinstance(zeros, INTEGERS) else zeros
    return index(before), index(after)
