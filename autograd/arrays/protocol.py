"""Methods that tensors and dual numbers share: NumPy's methods, indexing, and its functions applied to them."""

from __future__ import annotations

from .. import ops
from ..operation import rounded, rows, where
from .pytorch import PyTorchMethods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Self

    import numpy as np


class ArrayMethods(PyTorchMethods):
    """NumPy's methods and protocols, for everything that an array function can be applied to."""

    __slots__ = ()

    @property
    def T(self) -> Self:
        """The transpose: all axes in reverse order."""
        return _functions().transpose(self)

    def __getitem__(self, index: Any) -> Self:
        return _functions().getitem(self, index)

    def __iter__(self) -> Iterator[Self]:
        return (self[i] for i in range(len(self)))  # type: ignore[arg-type]

    def __matmul__(self, other: Any) -> Self:
        return _functions().matmul(self, other)

    def __rmatmul__(self, other: Any) -> Self:
        return _functions().matmul(other, self)

    def reshape(self, *shape: Any) -> Self:
        """The same entries in another shape, given as numbers or a tuple; one may be −1."""
        return _functions().reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Self:
        """The axes in another order, given as numbers or a tuple; reversed without.

        Two of three or more axes, which mean nothing to NumPy, are exchanged, as by PyTorch.
        """
        if len(axes) == 2 < len(self.shape):
            return _functions().swapaxes(self, *axes)
        return _functions().transpose(self, axes[0] if len(axes) == 1 else axes or None)

    @property
    def mT(self) -> Self:
        """The last two axes exchanged."""
        return _functions().matrix_transpose(self)

    def copy(self) -> Self:
        """A node of the same entries, through which gradients pass."""
        return ops.identity(self)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        return apply_ufunc(ufunc, method, args, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return apply_function(function, args, options)


def apply_ufunc(ufunc: np.ufunc, method: str, args: Any, options: Any) -> Any:
    """Apply a NumPy ufunc to nodes: by the row of its name, or by a composition of rows."""
    name = _ufuncs.get(ufunc.__name__, ufunc.__name__)
    if method == "reduce" and (reduction := {"add": "sum", "multiply": "prod", "maximum": "max",
                                             "minimum": "min"}.get(ufunc.__name__)):
        options = {"axis": 0, **{k: v for k, v in options.items() if v is not None or k == "axis"}}
        return getattr(_functions(), reduction)(*args, **options)
    if method != "__call__" or options:
        called = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        raise TypeError(f"np.{called} with {sorted(options)} is not "
                        f"differentiable here; use the plain call np.{ufunc.__name__}(x), without out= or where=")
    if name in _plain:
        return ufunc(*map(_plain_array, args))
    if name == "matmul":
        return _functions().matmul(*args)
    if name in _composed:
        return _composed[name](*args)
    if name not in rows:
        raise TypeError(f"np.{ufunc.__name__} has no derivative in the table of operations{_near(name, rows)}, or add it with "
                        f"autograd.op({ufunc.__name__!r}, …)")
    return rows[name](*args)


def apply_function(function: Any, args: Any, options: Any) -> Any:
    """Apply a NumPy array function to nodes: by the function of the same name in ``functions``."""
    called: str = function.__name__
    name = _renamed.get(called, called)
    if name in plain_functions:
        return _functions().explained(function)(*map(_plain_array, args), **options)
    if name in ("round", "around"):
        return _rounded(*args, **options)
    if name in _composed or name in _rows_of_arrays:
        return (_composed.get(name) or rows[name])(*args, **options)
    home = {"numpy": _functions, "numpy.linalg": _linalg}.get(function.__module__, lambda: None)()
    if name not in getattr(home, "__all__", ()):
        called = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
        near = _near(name, getattr(home, "__all__", ()))
        raise TypeError(f"{called} is not differentiable here{near}, or {called}(x.data) for numbers without a gradient")
    ours = getattr(home, name)
    code = getattr(ours, "__wrapped__", ours).__code__
    options = {key: value for key, value in options.items() if key not in ("out", "dtype", "mean") or value is not None}
    if options.get("casting") == "same_kind":  # NumPy's default, passed on by np.row_stack
        del options["casting"]
    unknown = options.keys() - code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    if unknown or (name in _reductions and len(args) > 2):  # NumPy's third parameter is dtype or out
        raise TypeError(f"np.{function.__name__} with {', '.join(sorted(unknown)) or 'more than one positional argument'}: not "
                        f"supported where a gradient is recorded; give {', '.join(code.co_varnames[1:code.co_argcount])} by name")
    return ours(*args, **options)


def _near(name: str, known: Any) -> str:
    """At most three similar names, as the beginning of a remedy."""
    from difflib import get_close_matches
    near = get_close_matches(name, list(known), 3)
    return f"; did you mean {' or '.join(near)}? Compose it of other functions" if near else "; compose it of other functions"


def _plain_array(x: Any) -> Any:
    return _functions().plain_array(x) if hasattr(x, "priority") else [*map(_plain_array, x)] if isinstance(x, (list, tuple)) else x


def _rounded(a: Any, decimals: int = 0, out: None = None) -> Any:
    if out is not None:
        raise TypeError("np.round with out=: an array that is overwritten has no graph; use the result of np.round(x)")
    return rounded(a, decimals)


def _unless_nan(row: Any, x: Any, y: Any) -> Any:
    """``row(x, y)``, or the operand that is a number where the other one is nan; of two nan the first, as in PyTorch."""
    return where(y != y, x, where(x != x, y, row(x, y)))


def _unless_0(x: Any, row: Any, y: Any) -> Any:
    """``x * row(y)``, and 0 where ``x`` is 0, whatever ``y`` is."""
    return where(x == 0, x, x * row(where(x == 0, 1.0, y)))


def _method(name: str) -> Any:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        return getattr(_functions(), name)(self, *args, **options)
    method.__name__ = name
    return method


for _name in ("sum mean max min var std prod cumsum cumprod dot swapaxes squeeze take clip repeat argmax argmin astype "
              "logsumexp softmax log_softmax expand_dims broadcast_to flip trace diagonal").split():
    setattr(ArrayMethods, _name, _method(_name))  # the function of the same name, with the array first

# names that differ from NumPy's, functions composed of rows, and functions that return plain arrays
_ufuncs = {"subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "negative": "neg",
           "power": "pow", "remainder": "mod", "absolute": "abs", "fabs": "abs", "positive": "identity", "float_power": "pow",
           "conjugate": "identity", "expit": "sigmoid"}  # from expit on SciPy's
_composed: dict[str, Callable[..., Any]] = {
    "square": lambda x: x * x, "reciprocal": lambda x: 1.0 / x, "exp2": lambda x: ops.pow(2.0, x),
    "logaddexp2": lambda x, y: ops.logaddexp(x * 0.6931471805599453, y * 0.6931471805599453) * 1.4426950408889634,
    "ceil": lambda x: -ops.floor(-x),
    "deg2rad": lambda x: x * 0.017453292519943295, "radians": lambda x: x * 0.017453292519943295,
    "rad2deg": lambda x: x * 57.29577951308232, "degrees": lambda x: x * 57.29577951308232,
    "real": lambda val: val, "real_if_close": lambda a, tol=100: a, "fix": lambda x: ops.trunc(x),
    "vecdot": lambda x, y: _functions().sum(x * y, -1),
    "log_expit": lambda x: -ops.softplus(-x), "ndtr": lambda x: 0.5 * rows["erfc"](x * -0.7071067811865476),
    "xlogy": lambda x, y: _unless_0(x, ops.log, y), "xlog1py": lambda x, y: _unless_0(x, ops.log1p, y),
    "entr": lambda x: -_unless_0(x, ops.log, x), "rel_entr": lambda x, y: _unless_0(x, ops.log, x / y),
    "fmax": lambda x, y: _unless_nan(ops.maximum, x, y), "fmin": lambda x, y: _unless_nan(ops.minimum, x, y),
}
_plain = {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isnan", "isinf", "isfinite",
          "logical_and", "logical_or", "logical_not", "signbit"}
_rows_of_arrays = {"sinc"}  # which NumPy makes of other functions
_reductions = {"sum", "mean", "max", "min", "prod", "var", "std", "cumsum", "cumprod"}
_renamed = {"amax": "max", "amin": "min", "concat": "concatenate", "permute_dims": "transpose",
            "gradient": "numerical_gradient"}
plain_functions = {"shape", "ndim", "size", "argmax", "argmin", "argsort", "allclose", "isclose", "array_equal", "array_equiv",
          "array2string", "array_repr", "array_str", "result_type", "can_cast", "iscomplex", "isreal", "iscomplexobj", "isrealobj",
          "imag", "angle", "argpartition",
          "count_nonzero", "nonzero", "any", "all", "searchsorted", "may_share_memory", "shares_memory",
          "zeros_like", "ones_like", "empty_like", "full_like", "min_scalar_type", "common_type", "save", "savetxt"}


def _functions() -> Any:
    """The module of array functions, which loads NumPy when first used."""
    from . import functions
    return functions


def _linalg() -> Any:
    """The module of linear algebra."""
    from .. import linalg
    return linalg
