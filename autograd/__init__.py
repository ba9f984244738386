"""Automatic differentiation in a glass box: numbers and arrays that record their graph, and every walk over it.

Importing this loads no NumPy: ``Tensor`` and the array functions load it when first used.
"""

import os as _os

if _os.path.exists(_os.path.join(_os.path.dirname(__file__), "tracer.py")):
    raise ImportError("chainrule and HIPS autograd are both called 'autograd' and are installed in one folder, "
                      f"{_os.path.dirname(__file__)}. Each needs an environment of its own: python -m venv .venv, then "
                      "pip install chainrule there; or pip uninstall autograd, then pip install --force-reinstall "
                      "chainrule")

from . import operation as _operation, ops, special
from .arrays.names import array_functions as _array_functions
from .context import no_grad, scope
from .errors import GradientError, GraphError, GraphWarning, NoDerivativeWarning
from .functional import grad, gradient, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .operation import op, where
from .ops import clip
from .value import Value

_elsewhere = {  # names that load their module on first use
    "AnomalyError": "anomaly", "detect_anomaly": "anomaly", "find_anomaly": "anomaly", "check_gradients": "check",
    "explain": "paths", "formula": "symbolic", "formulas": "symbolic", "steps": "stepping", "Tensor": "tensor",
    "compile": "programs.program", **dict.fromkeys(["r_", "c_", *_array_functions], "arrays.functions"),
}
_rows = {name: row for name, row in _operation.rows.items() if row.arity}
globals().update(_rows)


def _load_arrays() -> object:
    """Load the interpreter of plain arrays, and NumPy with it, when the first array is met."""
    from .arrays.functions import stack_nodes
    from .elementwise import Arrays
    Arrays.stack_nodes = staticmethod(stack_nodes)
    return Arrays


_operation.load_arrays = _load_arrays


def __getattr__(name: str) -> object:
    from importlib import import_module
    if name in _operation.rows:  # a row added at run time
        return _operation.rows[name]
    if name == "linalg":
        return import_module(".linalg", __name__)
    if name not in _elsewhere:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{_elsewhere[name]}", __name__), name)
    return found


# type checkers and editors read __init__.pyi, which `make docs` writes
__all__ = list(dict.fromkeys([
    "AnomalyError", "GradientError", "GraphError", "GraphWarning", "NoDerivativeWarning", "Tensor", "Value",
    "c_", "check_gradients", "clip", "compile", "detect_anomaly",
    "explain", "find_anomaly", "formula", "formulas", "grad", "gradient", "hessian", "hvp", "jacobian", "jvp", "no_grad", "op",
    "r_", "scope", "steps", "value_and_grad", "vjp", "where", *_rows, *_array_functions,
]))


def __dir__() -> list[str]:
    return [*__all__, *(name for name in _operation.rows if name not in _rows and _operation.rows[name].arity)]
