"""The table of operations: one row is one operation, and everything else loops over these rows.

A row reads

    name = row("name", "sign it is drawn with", forward, partial, ..., domain=(low, high))

``forward`` maps floats to a float, IEEE style: it returns inf or nan where Python would raise. There is one
partial derivative per argument: a number where it is constant, else a function of ``(out, x)`` or
``(out, x, y)``. A partial uses ordinary operators, comparisons (which multiply like 0 and 1), ``where`` and
the rows themselves, and nothing else; so the same rule runs on floats, arrays, graph nodes, dual numbers and
symbols. ``shown`` is the textbook formula, where the one that runs is written differently to be stable.
``no_derivative`` marks an argument through which no gradient flows, and ``is_selection`` a rule that is a branch not
taken where it is 0: arrays mask there, as numbers do where a rule is False. ``domain`` is where tests may sample, one
interval per argument. Edge cases follow PyTorch's ``derivatives.yaml`` unless a comment says otherwise.
"""

from __future__ import annotations

import math
import operator
from math import inf, nan

from . import floats
from .operation import both, corner, no_derivative, row, rows, where  # noqa: F401  (rows: the table itself)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────

constant = row("constant", "▪", lambda: nan)  # no operation: a detached node, which takes no gradient
identity = row("identity", "id", lambda x: x, 1.0)
add = row("add", "+", operator.add, 1.0, 1.0)
sub = row("sub", "−", operator.sub, 1.0, -1.0)
mul = row("mul", "×", operator.mul, lambda out, x, y: y, lambda out, x, y: x)
div = row("div", "/", floats.divide, lambda out, x, y: 1 / y, lambda out, x, y: -(x / y) / y,
          shown=(None, lambda out, x, y: -x / y**2), domain=((-10.0, 10.0), (0.1, 10.0)))
neg = row("neg", "×(−1)", operator.neg, -1.0)
# x**0 has slope 0 even at x = 0; at base 0 the exponent's slope is 0 for every exponent >= 0, as in PyTorch
pow = row("pow", "^", floats.power, lambda out, x, y: y * pow(x, y - 1 + both(y == 0, x == 0)),
          lambda out, x, y: out * log(x + both(y >= 0, x == 0)),
          shown=(lambda out, x, y: y * x ** (y - 1), lambda out, x, y: out * log(x)), domain=((0.1, 10.0), (-3.0, 3.0)))
exp = row("exp", "exp", lambda x: inf if x > 709.782712893384 else math.exp(x), lambda out, x: out, domain=(-20.0, 20.0))
expm1 = row("expm1", "expm1", lambda x: inf if x > 709.782712893384 else math.expm1(x), lambda out, x: exp(x), domain=(-20.0, 20.0))
log = row("log", "log", lambda x: math.log(x) if x > 0 else -inf if x == 0 else nan, lambda out, x: 1 / x, domain=(0.01, 100.0))
log2 = row("log2", "log2", lambda x: math.log2(x) if x > 0 else -inf if x == 0 else nan, lambda out, x: 1 / (x * 0.6931471805599453), domain=(0.01, 100.0))
log10 = row("log10", "log10", lambda x: math.log10(x) if x > 0 else -inf if x == 0 else nan, lambda out, x: 1 / (x * 2.302585092994046), domain=(0.01, 100.0))
log1p = row("log1p", "log1p", lambda x: math.log1p(x) if x > -1 else -inf if x == -1 else nan, lambda out, x: 1 / (1 + x), domain=(-0.99, 100.0))
sqrt = row("sqrt", "√", lambda x: math.sqrt(x) if x >= 0 else nan, lambda out, x: 0.5 / out, domain=(0.01, 100.0))  # at 0: inf
sin = row("sin", "sin", lambda x: math.sin(x) if math.isfinite(x) else nan, lambda out, x: cos(x))
cos = row("cos", "cos", lambda x: math.cos(x) if math.isfinite(x) else nan, lambda out, x: -sin(x))
tan = row("tan", "tan", lambda x: math.tan(x) if math.isfinite(x) else nan, lambda out, x: 1 + out**2, domain=(-1.5, 1.5))
arctan = row("arctan", "arctan", math.atan, lambda out, x: 1 / (1 + x**2))
arctan2 = row("arctan2", "arctan2", math.atan2, lambda out, x, y: y / (hypot(x, y) + (x == 0) * (y == 0)) / (hypot(x, y) + (x == 0) * (y == 0)), lambda out, x, y: -x / (hypot(x, y) + (x == 0) * (y == 0)) / (hypot(x, y) + (x == 0) * (y == 0)), shown=(lambda out, x, y: y / (x**2 + y**2), lambda out, x, y: -x / (x**2 + y**2)))  # at (0, 0): 0, as in PyTorch
arcsin = row("arcsin", "arcsin", lambda x: math.asin(x) if -1 <= x <= 1 else nan, lambda out, x: 1 / sqrt((1 - x) * (1 + x)), domain=(-0.99, 0.99))
arccos = row("arccos", "arccos", lambda x: math.acos(x) if -1 <= x <= 1 else nan, lambda out, x: -1 / sqrt((1 - x) * (1 + x)), domain=(-0.99, 0.99))
arcsinh = row("arcsinh", "arcsinh", math.asinh, lambda out, x: 1 / hypot(x, 1.0), shown=lambda out, x: 1 / sqrt(1 + x**2))
arccosh = row("arccosh", "arccosh", lambda x: math.acosh(x) if x >= 1 else nan, lambda out, x: 1 / (sqrt(x - 1) * sqrt(x + 1)), domain=(1.01, 100.0))
arctanh = row("arctanh", "arctanh", lambda x: math.atanh(x) if -1 < x < 1 else x * inf if -1 <= x <= 1 else nan, lambda out, x: 1 / ((1 - x) * (1 + x)), domain=(-0.99, 0.99))
cbrt = row("cbrt", "∛", math.cbrt, lambda out, x: 1 / (3 * out**2))  # at 0: inf
hypot = row("hypot", "hypot", math.hypot, lambda out, x, y: corner(x / (out + (out == 0)), out), lambda out, x, y: corner(y / (out + (out == 0)), out), shown=(lambda out, x, y: x / out, lambda out, x, y: y / out))  # at 0: 0
sinh = row("sinh", "sinh", lambda x: math.sinh(x) if math.fabs(x) < 710.475860073943 else x * inf, lambda out, x: cosh(x))
cosh = row("cosh", "cosh", lambda x: math.cosh(x) if math.fabs(x) < 710.475860073943 else x * x * inf, lambda out, x: sinh(x))
sech = row("sech", "sech", lambda x: 1 / cosh(x), lambda out, x: -out * tanh(x), array=lambda x: 1 / cosh(x))
tanh = row("tanh", "tanh", math.tanh, lambda out, x: sech(x) ** 2, shown=lambda out, x: 1 - out**2)
sigmoid = row("sigmoid", "σ", floats.sigmoid, lambda out, x: out * sigmoid(-x), shown=lambda out, x: (1 - out) * out)
softplus = row("softplus", "softplus", lambda x: (x if x > 0 else 0.0) + math.log1p(math.exp(-math.fabs(x))), lambda out, x: sigmoid(x))
logaddexp = row("logaddexp", "logaddexp", floats.logaddexp, lambda out, x, y: sigmoid(x - y), lambda out, x, y: sigmoid(y - x))  # at two equal infinities nan, as in PyTorch
relu = row("relu", "relu", lambda x: 0.0 if x <= 0 else x, lambda out, x: out != 0, shown=lambda out, x: x > 0)  # at 0: the smaller slope; at nan: 1, as in PyTorch
leaky_relu = row("leaky_relu", "lrelu", lambda x, slope: x if x > 0 else slope * x,  # at 0: from the left
                 lambda out, x, slope: where(x > 0, 1.0, slope), lambda out, x, slope: where(x > 0, False, x), is_selection=True, slope=0.01)
elu = row("elu", "elu", lambda x, alpha: x if x > 0 else alpha * math.expm1(x),  # at 0: from the left
          lambda out, x, alpha: where(x > 0, 1.0, alpha * exp(x)), lambda out, x, alpha: where(x > 0, False, expm1(x)), is_selection=True, alpha=1.0)
abs = row("abs", "|x|", math.fabs, lambda out, x: corner((x > 0) - 1.0 * (x < 0), x), shown=lambda out, x: sign(x))  # at 0: 0
# a tie shares equally; a nan passes the gradient to both, as in PyTorch
maximum = row("maximum", "max", lambda x, y: x if x > y or x != x else y, lambda out, x, y: where(x == y, 0.5, out != y), lambda out, x, y: where(x == y, 0.5, out != x), is_selection=True, shown=(lambda out, x, y: x > y, lambda out, x, y: x < y))
minimum = row("minimum", "min", lambda x, y: x if x < y or x != x else y, lambda out, x, y: where(x == y, 0.5, out != y), lambda out, x, y: where(x == y, 0.5, out != x), is_selection=True, shown=(lambda out, x, y: x < y, lambda out, x, y: x > y))
clip_min = row("clip_min", "≥", lambda x, low: low if x < low or low != low else x,  # a bound belongs to the interval
               lambda out, x, low: x >= low, lambda out, x, low: x < low)
clip_max = row("clip_max", "≤", lambda x, high: high if x > high or high != high else x,
               lambda out, x, high: x <= high, lambda out, x, high: x > high)
step = row("step", "step", lambda x: 1.0 if x > 0 else x if x != x else 0.0, no_derivative)
sign = row("sign", "sign", lambda x: 1.0 if x > 0 else -1.0 if x < 0 else x * 0.0 + 0.0, no_derivative)
trunc = row("trunc", "trunc", lambda x: math.copysign(math.trunc(x), x) if math.isfinite(x) else x, no_derivative)
rint = row("rint", "rint", lambda x: math.copysign(round(x), x) if math.isfinite(x) else x, no_derivative)
floor_divide = row("floor_divide", "//", floats.floor_divide, no_derivative, no_derivative, domain=((-10.0, 10.0), (0.5, 10.0)))
mod = row("mod", "%", floats.mod, 1.0, lambda out, x, y: -floor_divide(x, y), domain=((-10.0, 10.0), (0.5, 10.0)))
floor = row("floor", "⌊x⌋", lambda x: math.copysign(math.floor(x), x) if math.isfinite(x) else x, no_derivative)


def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """``x`` clipped to [a_min, a_max] (None is no bound); the gradient passes on the closed interval.

    >>> clip(3.0, -1.0, 1.0)
    1.0
    """
    low, high = min if a_min is None else a_min, max if a_max is None else a_max
    x = x if low is None else clip_min(x, low)
    return x if high is None else clip_max(x, high)
