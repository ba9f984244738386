"""Rows on plain NumPy arrays: the function that computes each, and which entries of a rule are branches not taken."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any

import numpy as np

from . import forwards
from .operation import Operation, Operators, partial

# glibc returns memory to the system above a limit that grows with freed blocks. At its first limit, 128 kB, every step asks
# the system for its arrays anew: 290 page faults in a step of a small network, a third of its time (measured). This block has
# the largest size that glibc takes for its limit.
np.empty((1 << 25) - (1 << 13), np.uint8)


class Silence:
    """Context in which NumPy does not warn; unlike ``numpy.errstate`` it ends with its object if an interrupt skips its end."""

    before: Any = None

    def __enter__(self) -> None:
        self.before = np.geterr()
        np.seterr(all="ignore")

    def __exit__(self, *_: object) -> None:
        np.seterr(**self.before)
        self.before = None

    def __del__(self) -> None:  # surrounding objects may have been deleted before it
        if self.before is not None and set(np.geterr().values()) == {"ignore"}:
            np.seterr(**self.before)


silent_context, trapping_context = Context(), Context()  # settings in a copy of these end with the copy, even after an interrupt
trap_invalid: ContextVar[bool] = ContextVar("0 · inf and a nan that arises raise", default=False)
silent_context.run(np.seterr, all="ignore")
trapping_context.run(np.seterr, all="ignore", invalid="raise")
trapping_context.run(trap_invalid.set, True)


def silent(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of arrays, run in a context of its own in which NumPy does not warn; where a nan is to raise it does."""
    def run(*args: Any, **options: Any) -> Any:
        return function(*args, **options) if trap_invalid.get() else silent_context.copy().run(function, *args, **options)
    return run


LARGE = 2**16  # entries, from which on a rule of several steps is computed block by block
BLOCK = 2**18  # bytes of each array that are computed at once: they and what is made of them stay in the processor's cache


def in_blocks(function: Callable[..., Any], dtype: Any, *xs: Any) -> Any:
    """A function of entries, of large arrays and numbers, block by block: up to half the time, as all steps stay in the cache.

    It takes first the array of that dtype that it may write its result into. None where the arrays differ in shape or in the order
    of their entries in memory; those that repeat one entry may.
    """
    first = next((x for x in xs if type(x) is np.ndarray and any(x.strides)), xs[0])
    flat = [_in_order(x, first) for x in xs]
    if any(x is None for x in flat):
        return None
    out = np.empty_like(first, dtype)
    entries, size = out.ravel("K"), min(LARGE, BLOCK // first.itemsize)  # a view
    for i in range(0, first.size, size):
        target = entries[i:i + size]
        made = function(target, *[x[i:i + size] if type(x) is np.ndarray else x for x in flat])
        if made is not target:
            target[...] = made
    return out


def blockwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of entries that takes several steps, computed block by block for large arrays."""
    def run(*xs: Any) -> Any:
        if getattr(xs[0], "size", 0) <= LARGE:
            return function(*xs)
        one = function(*[x[(slice(1),) * x.ndim] if type(x) is np.ndarray else x for x in xs])
        made = in_blocks(lambda into, *xs: function(*xs), one.dtype, *xs)
        return function(*xs) if made is None else made
    return run


def _in_order(x: Any, like: Any) -> Any:
    """The entries of an array as ``like`` has them in memory, without a copy; None where that cannot be."""
    if type(x) is not np.ndarray:
        return x
    if x.shape != like.shape or x.strides != like.strides and any(x.strides):
        return None
    entries = x.reshape(-1) if not any(x.strides) else x.ravel("K")
    return entries if np.may_share_memory(entries, x) else None


def masked(g: Any, mask: Any, out: Any = None) -> Any:
    """``g`` where the mask holds, else 0, also where ``g`` is inf or nan; written into ``out`` if it is given.

    The bits of floats are multiplied by 1 or 0, in an eighth of the time of ``numpy.where`` (measured).
    """
    if g.dtype.char not in "fd":
        return np.where(mask, g, 0.0)
    out = np.empty_like(mask, g.dtype) if out is None else out
    kind = np.int32 if g.dtype.char == "f" else np.int64
    bits = out.view(kind)
    bits[...] = mask
    bits *= g.view(kind)
    return out


array_functions: dict[str, Callable[..., Any]] = {
    "identity": np.positive, "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide,
    "neg": np.negative, "pow": forwards.power, "abs": np.abs,
    "sigmoid": blockwise(forwards.sigmoid), "softplus": blockwise(forwards.softplus), "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": blockwise(forwards.leaky_relu), "elu": blockwise(forwards.elu), "hypot": blockwise(forwards.hypot),
    "floor_divide": blockwise(forwards.floor_divide), "mod": blockwise(forwards.mod), "fmod": blockwise(forwards.fmod),
    "sin": blockwise(forwards.sin), "cos": blockwise(forwards.cos), "logit": blockwise(forwards.logit),
    "erf": blockwise(forwards.erf), "erfc": forwards.erfc,
    "logaddexp": blockwise(forwards.logaddexp),
    "clip_min": np.maximum, "clip_max": np.minimum,
    "step": forwards.step,
}
_NEVER_WARN = {"add", "sub", "mul", "neg", "identity", "relu", "maximum", "minimum", "abs", "clip_min", "clip_max"}
array_functions.update({name: silent(function) for name, function in array_functions.items() if name not in _NEVER_WARN})


def array_function(row: Operation) -> Callable[..., Any]:
    """A row's forward on arrays, without warnings at the edges of its domain, as on numbers."""
    function = array_functions.get(row.name)
    if function is None:
        function = getattr(np, row.name, None) if row.array is None else row.array
        if function is None:
            entries = np.vectorize(row.forward, otypes=[np.float64])
            function = lambda *xs: entries(*xs).astype(np.result_type(*xs, np.float32), copy=False)
        if row.name not in _NEVER_WARN:
            function = silent(function)
        array_functions[row.name] = function
    return function


def selected(condition: Any, x: Any, y: Any) -> Any:
    """``numpy.where``; for many floats by their bits, which takes a third of its time on a random mask.

    >>> mask = np.arange(2000) < 1
    >>> selected(mask, np.ones(2000), np.inf)[:2].tolist()
    [1.0, inf]
    """
    kind = np.result_type(x, y)
    if kind.char not in "fd" or type(condition) is not np.ndarray or condition.dtype.char != "?" or condition.size < 1000:
        return np.where(condition, x, y)
    bits = np.int32 if kind.char == "f" else np.int64
    x, y = (np.asarray(z, kind).view(bits) for z in (x, y))
    out = np.bitwise_and(np.negative(condition.view(np.int8), dtype=bits), x ^ y)
    return np.bitwise_xor(out, y, out=out).view(kind)


class Arrays:
    """The interpreter of plain NumPy arrays: a row or an array function is simply applied."""

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Any:
        if any(type(x) is np.ndarray and x.dtype.char == "O" for x in args):  # arrays of Values, entry by entry
            return silent(np.frompyfunc(row, row.arity, 1))(*args)  # it warns from NumPy 2.5 on
        return array_function(row)(*args)

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> Any:
        if isinstance(x, float) and isinstance(y, float) and type(condition) is np.ndarray and condition.dtype.char == "?":
            if x == 1.0 and 0 <= y <= 1:  # two thirds of the time of the next line
                factor = condition.astype(np.float64)
                return np.maximum(factor, y, out=factor)
            return np.array((y, x)).take(condition.view(np.int8))  # takes a fifth of numpy.where's time on a random mask
        return selected(condition, x, y)

    stack_nodes: Callable[[Any], Any]  # turns nested lists of nodes into one node; set by the module of array functions


# ── which entries of a local gradient are branches not taken ─────────────────────────────────────────────────────

class Branches(Operators):
    """An array inside a rule, with a mask of the entries at which a number's rule gives False (None: nowhere).

    >>> local, taken = local_and_taken(lambda out, x: where(x > 0, 2.0, False), None, np.array([1.0, -1.0]))
    >>> local.tolist(), taken.tolist()
    ([2.0, 0.0], [True, False])
    """

    __slots__ = ("array", "untaken")
    __array_ufunc__ = None
    priority = 6

    def __init__(self, array: Any, untaken: Any = None):
        self.array, self.untaken = array, untaken

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Branches:
        return Branches(array_function(row)(*map(_array, args)))

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> Branches:
        condition, untaken = _array(condition), [_untaken(z) for z in (x, y)]
        return Branches(np.where(condition, _array(x), _array(y)), np.where(condition, *untaken))

    def _mask(self, mask: Any) -> Branches:
        return Branches(mask, ~mask)

    def __eq__(self, other: object) -> Any: return self._mask(self.array == _array(other))
    def __ne__(self, other: object) -> Any: return self._mask(self.array != _array(other))
    def __lt__(self, other: Any) -> Branches: return self._mask(self.array < _array(other))
    def __le__(self, other: Any) -> Branches: return self._mask(self.array <= _array(other))
    def __gt__(self, other: Any) -> Branches: return self._mask(self.array > _array(other))
    def __ge__(self, other: Any) -> Branches: return self._mask(self.array >= _array(other))

    __hash__ = object.__hash__


def _array(x: Any) -> Any:
    return x.array if isinstance(x, Branches) else x


def _untaken(x: Any) -> Any:
    if isinstance(x, Branches):
        return False if x.untaken is None else x.untaken
    return not x if isinstance(x, (bool, np.bool_)) else False


def local_and_taken(rule: Any, out: Any, *operands: Any) -> tuple[Any, Any]:
    """The local gradient of a rule on arrays, and a mask of the entries whose branch was taken (True: all)."""
    if not callable(rule):
        return rule, rule is not False
    wrapped = [Branches(x) if isinstance(x, np.ndarray) else x for x in (out, *operands)]
    result = partial(rule, *wrapped)
    untaken = _untaken(result)
    return _array(result), ~untaken if isinstance(untaken, np.ndarray) else not untaken
