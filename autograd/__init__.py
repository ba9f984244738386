"""Automatic differentiation in a glass box: numbers and arrays that record their graph, and every walk over it.

Importing this loads no NumPy: ``Tensor`` and the array functions load it when first used.
"""

import os as _os

if _os.path.exists(_os.path.join(_os.path.dirname(__file__), "tracer.py")):
    raise ImportError("chainrule and HIPS autograd are both called 'autograd' and are installed in one folder, "
                      f"{_os.path.dirname(__file__)}. Each needs an environment of its own: python -m venv .venv, then "
                      "pip install chainrule there; or pip uninstall autograd, then pip install --force-reinstall "
                      "chainrule")

from . import operation as _operation, ops
from .context import no_grad, scope
from .errors import GradientError, GraphError, GraphWarning, NoDerivativeWarning
from .symbolic import formula, formulas
from .functional import grad, gradient, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .ops import (
    abs, add, arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cbrt, clip, clip_max, clip_min, cos, cosh,
    div, elu, exp, expm1, floor, floor_divide, hypot, identity, leaky_relu, log, log1p, log2, log10, maximum, minimum, mod, mul, neg, pow,
    relu, rint, sigmoid, sign, sin, sinh, softplus, sqrt, step, sub, tan, tanh, trunc,
)
from .operation import op, where
from .stepping import steps
from .value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .anomaly import AnomalyError, detect_anomaly, find_anomaly
    from .check import check_gradients
    from .arrays.functions import (
        sum, mean, average, max, min, ptp, var, std, norm, prod, cumsum, cumprod, logsumexp, softmax,
        log_softmax, matmul, dot, vdot, inner, outer, kron, tensordot, einsum, reshape, ravel, transpose,
        matrix_transpose, swapaxes, moveaxis, broadcast_to, broadcast_arrays, expand_dims, squeeze, atleast_1d,
        atleast_2d, atleast_3d, flip, flipud, fliplr, rot90, pad, concatenate, append, stack, vstack, hstack,
        dstack, column_stack, split, array_split, take, take_along_axis, repeat, tile, roll, sort, diff,
        diagonal, diag, trace, tril, triu, nan_to_num, astype, argmax, argmin,
    )
    from .paths import explain
    from .tensor import Tensor

_array_functions = """
    sum mean average max min ptp var std norm prod cumsum cumprod logsumexp softmax log_softmax matmul dot vdot inner
    outer kron tensordot einsum reshape ravel transpose matrix_transpose swapaxes moveaxis broadcast_to broadcast_arrays
    expand_dims squeeze atleast_1d atleast_2d atleast_3d flip flipud fliplr rot90 pad concatenate append stack vstack
    hstack dstack column_stack split array_split take take_along_axis repeat tile roll sort diff diagonal diag trace
    tril triu nan_to_num astype argmax argmin
""".split()
_elsewhere = {  # names that load their module when first used
    "detect_anomaly": "anomaly", "find_anomaly": "anomaly", "AnomalyError": "anomaly", "explain": "paths",
    "check_gradients": "check", "Tensor": "tensor", **dict.fromkeys(_array_functions, "arrays.functions"),
}


def _load_arrays() -> object:
    """Load the interpreter of plain arrays, and NumPy with it, when the first array is met."""
    from .elementwise import Arrays
    return Arrays


_operation.load_arrays = _load_arrays


def __getattr__(name: str) -> object:
    from importlib import import_module
    if name in _operation.rows:
        return _operation.rows[name]
    if name not in _elsewhere:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{_elsewhere[name]}", __name__), name)
    return found


# written out: type checkers and editors read which names are public from here
__all__ = [
    "AnomalyError", "GradientError", "NoDerivativeWarning", "Value", "abs", "add", "arccos", "arccosh", "arcsin",
    "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "check_gradients", "clip", "clip_max", "clip_min", "cos", "cosh",
    "GraphError", "GraphWarning", "div", "elu", "exp", "expm1", "floor", "floor_divide", "formula", "formulas", "grad", "gradient", "hessian", "hvp", "hypot",
    "identity", "jacobian", "jvp", "leaky_relu", "log", "log1p", "log2", "log10", "maximum", "minimum", "mod", "mul", "neg", "no_grad",
    "op", "pow", "relu", "rint", "scope", "sigmoid", "sign", "sin", "sinh", "softplus", "sqrt", "step", "steps", "sub",
    "tan", "tanh", "trunc", "value_and_grad", "vjp", "where",
    "Tensor", "sum", "mean", "average", "max", "min", "ptp", "var", "std", "norm", "prod", "cumsum", "cumprod",
    "logsumexp", "softmax", "log_softmax", "matmul", "dot", "vdot", "inner", "outer", "kron", "tensordot", "einsum",
    "reshape", "ravel", "transpose", "matrix_transpose", "swapaxes", "moveaxis", "broadcast_to", "broadcast_arrays",
    "expand_dims", "squeeze", "atleast_1d", "atleast_2d", "atleast_3d", "flip", "flipud", "fliplr", "rot90", "pad",
    "concatenate", "append", "stack", "vstack", "hstack", "dstack", "column_stack", "split", "array_split", "take",
    "take_along_axis", "repeat", "tile", "roll", "sort", "diff", "diagonal", "diag", "trace", "tril", "triu",
    "nan_to_num", "astype", "argmax", "argmin", "detect_anomaly", "find_anomaly", "explain",
]
