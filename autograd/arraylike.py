"""What tensors and dual numbers share: NumPy's methods, indexing, and its functions applied to them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from . import ops
from .row import rows


class ArrayLike:
    """NumPy's methods and protocols, for everything that an array function can be applied to."""

    __slots__ = ()

    @property
    def T(self) -> Any:
        """The transpose: all axes in reverse order."""
        return _functions().transpose(self)

    def __getitem__(self, index: Any) -> Any:
        return _functions().getitem(self, index)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))  # type: ignore[arg-type]

    def __matmul__(self, other: Any) -> Any:
        return _functions().matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _functions().matmul(other, self)

    def reshape(self, *shape: Any) -> Any:
        """The same entries in another shape, given as numbers or a tuple; one may be −1."""
        return _functions().reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order, given as numbers or a tuple; reversed without."""
        return _functions().transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def flatten(self) -> Any:
        """All entries along one axis."""
        return _functions().reshape(self, -1)

    ravel = flatten

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
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
            return ufunc(*(getattr(x, "_data", x) for x in args))
        if name == "matmul":
            return _functions().matmul(*args)
        if name in _composed:
            return _composed[name](*args)
        if name not in rows:
            raise TypeError(f"np.{ufunc.__name__} has no derivative in the table; use one of "
                            f"{', '.join(sorted(rows))}, or add it with autograd.op({ufunc.__name__!r}, …)")
        return rows[name](*args)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        name = _renamed.get(function.__name__, function.__name__)
        if name in _about:
            return function(*(x._data if hasattr(x, "_data") else x for x in args), **options)
        if name not in _functions().__all__:
            raise TypeError(f"np.{function.__name__} is not differentiable here; use one of "
                            f"{', '.join(_functions().__all__)}, or np.{function.__name__}(x.data) for numbers without "
                            "a gradient")
        return getattr(_functions(), name)(*args, **options)


def _method(name: str) -> Any:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        return getattr(_functions(), name)(self, *args, **options)
    method.__name__ = name
    return method


for _name in ("sum mean max min var std prod cumsum dot swapaxes squeeze take clip repeat argmax argmin astype "
              "logsumexp softmax log_softmax expand_dims broadcast_to flip norm trace diagonal").split():
    setattr(ArrayLike, _name, _method(_name))  # the function of the same name, with the array first

# NumPy's names where the table's differ, what is composed of rows, and what gives plain arrays
_ufuncs = {"subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "negative": "neg",
           "power": "pow", "absolute": "abs", "fabs": "abs", "positive": "identity", "float_power": "pow"}
_composed: dict[str, Callable[..., Any]] = {
    "square": lambda x: x * x, "reciprocal": lambda x: 1.0 / x, "exp2": lambda x: ops.pow(2.0, x),
    "log2": lambda x: ops.log(x) * 1.4426950408889634, "log10": lambda x: ops.log(x) * 0.4342944819032518,
    "logaddexp": lambda x, y: ops.maximum(x, y) + ops.softplus(-ops.abs(x - y)),
    "cbrt": lambda x: ops.sign(getattr(x, "_data", x)) * ops.abs(x) ** (1 / 3),
    "hypot": lambda x, y: ops.sqrt(x * x + y * y),
    "deg2rad": lambda x: x * 0.017453292519943295, "radians": lambda x: x * 0.017453292519943295,
    "rad2deg": lambda x: x * 57.29577951308232, "degrees": lambda x: x * 57.29577951308232,
    "fmax": lambda x, y: ops.maximum(x, y), "fmin": lambda x, y: ops.minimum(x, y),
}
_plain = {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isnan", "isinf", "isfinite",
          "logical_and", "logical_or", "logical_not", "signbit", "ceil", "rint", "trunc"}
_renamed = {"amax": "max", "amin": "min", "concat": "concatenate", "permute_dims": "transpose"}
_about = {"shape", "ndim", "size", "argmax", "argmin", "argsort", "allclose", "isclose", "array_equal", "array_equiv",
          "array2string", "array_repr", "array_str", "result_type", "can_cast", "iscomplexobj", "isrealobj",
          "count_nonzero", "nonzero", "any", "all", "searchsorted", "may_share_memory", "shares_memory",
          "zeros_like", "ones_like", "empty_like", "full_like", "min_scalar_type", "common_type", "save", "savetxt"}


functions: Any = None  # the module of array functions, once NumPy is loaded


def _functions() -> Any:
    return functions or import_module("autograd.linear")
