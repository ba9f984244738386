"""Forwards of rows on plain NumPy arrays that are NumPy's in fewer passes or exact where NumPy's are not, and those that it lacks.

Each takes arrays of any size; ``elementwise`` runs them block by block, so that what they make on the way stays in the
processor's cache, and without warnings. ``numpy.where`` takes ten times as long as arithmetic on a random mask (measured), so
none of these uses it on large arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .typing import Array


def _real(x: Array) -> Array:
    """Integers as float64, which formulas of ours compute in; NumPy's own functions choose for themselves."""
    return x if getattr(x, "dtype", None) is None or x.dtype.kind == "f" else x.astype(np.float64)


def _large_floats(x: Array, y: Array | float = 0.0) -> bool:
    """True for arrays of many floats of one kind, or one and a number."""
    if np.size(x) <= 1000 or x.dtype.char not in "fd":
        return False
    return not isinstance(y, np.ndarray) or not y.ndim or x.shape == y.shape and x.dtype == y.dtype


def _entries(y: Array | float, mask: Array) -> Array | float:
    """The entries of an array where a mask holds; a number as it is."""
    return y[mask] if isinstance(y, np.ndarray) and y.ndim else y


@cache
def _tan_is_fast() -> bool:
    """True where NumPy has tan of float64 in vector instructions, as with AVX-512; it never has sin and cos in them."""
    try:
        targets = np.lib.introspect.opt_func_info(func_name="^tan$", signature="float64")
    except AttributeError:  # NumPy 2.1
        return False
    return not all(kind["current"].startswith("baseline") for kinds in targets.values() for kind in kinds.values())


def _by_tangent(x: Array) -> bool:
    """True for many numbers of double precision, where tan is the faster way; NumPy's sines of single precision are fast."""
    return _large_floats(x) and x.dtype.char == "d" and _tan_is_fast()


def sin(x: Array) -> Array:
    """2t / (1 + t²) of t = tan(x/2), in a third of the time of NumPy's sin where tan is fast; to 2 units of the last digit."""
    if not _by_tangent(x):
        return np.sin(x)
    tangent = 0.5 * x
    below = np.square(np.tan(tangent, out=tangent))
    below += 1
    tangent += tangent
    return np.divide(tangent, below, out=tangent)


_RIGHT_ANGLE, _REST_OF_IT = math.pi / 2, 6.123233995736766e-17  # π/2 to twice the digits of a float


def cos(x: Array) -> Array:
    """sin(x + π/2) as ``sin`` has it; what x + π/2 loses in rounding is added to first order, so that zeros keep their digits."""
    if not _by_tangent(x):
        return np.cos(x)
    angle = x + _RIGHT_ANGLE
    lost = angle - x
    np.subtract(_RIGHT_ANGLE, lost, out=lost)
    lost += _REST_OF_IT
    angle *= 0.5
    tangent = np.tan(angle, out=angle)
    square = np.square(tangent)
    lost *= 1 - square
    square += 1
    tangent += tangent
    tangent += lost
    np.divide(tangent, square, out=tangent)
    near = np.abs(x) <= 1000  # farther out the rounding is too large for one order
    if not near.all():
        tangent[~near] = np.cos(x[~near])
    return tangent


def sigmoid(x: Array) -> Array:
    x = _real(np.asarray(x))
    e = np.asarray(np.negative(x))
    np.exp(e, out=e)
    far = None if e.max(initial=0) < np.inf else e == np.inf
    e += 1
    np.divide(1, e, out=e)
    if far is not None:  # below −709 (float32: −88) it equals exp(x), also for denormal numbers
        e[far] = np.exp(x[far])
    return e


def logit(x: Array) -> Array:
    """log r of r = x / (1 − x), times (2x − 1) / (1 − x) / (r − 1), which is 1 but for the rounding of r.

    So it keeps all digits near 1/2, as log1p does in twice the time (Goldberg, What Every Computer Scientist …, 1991, theorem 4).
    """
    x = _real(np.asarray(x))
    rest = np.asarray(1 - x)
    odds = np.asarray(x / rest)
    out = np.asarray(np.log(odds))
    odds -= 1
    odds *= rest
    exact = np.asarray(x + x)
    exact -= 1
    exact /= odds
    out *= exact
    if not np.isfinite(np.add.reduce(out, None)):  # 0 / 0 at 1/2, and at 1
        irregular = ~np.isfinite(out)
        out[irregular] = np.log(x[irregular] / (1 - x[irregular]))
    return out


def fmod(x: Array, y: Array | float) -> Array:
    if not _large_floats(x, y):
        return np.fmod(x, y)
    out = _remainder(np.abs(x), np.abs(y), np.fmod)
    return np.copysign(out, x, out=out)


def mod(x: Array, y: Array | float) -> Array:
    if not _large_floats(x, y):
        return np.mod(x, y)
    sign = np.copysign(x.dtype.type(1), y)
    out = _remainder(x * sign, np.abs(y), np.mod)
    return np.multiply(out, sign, out=out)


def _remainder(x: Array, y: Array | float, function: Callable[..., Array]) -> Array:
    """x − ny without a rounding for the whole number n nearest to x / y, and y more where that is negative.

    Numbers of single precision are computed in double, where a product with n is exact. In double y is split into two halves,
    whose products with n are (Veltkamp's splitting; Muller et al., Handbook of Floating-Point Arithmetic, section 4.4). So n may
    have 24 binary digits; what is left is computed by NumPy's ``function``, which takes five times as long.
    """
    n = np.rint(x / y)
    n[np.abs(n) > 2**24] = np.nan
    if x.dtype.char == "f":
        n = n.astype(np.float64)
        n *= y
        np.subtract(x, n, out=n)
    else:
        high = (2.0**27 + 1) * y
        high -= high - y
        low = (y - high) * n
        n *= high
        np.subtract(x, n, out=n)
        n -= low
    more = (n < 0).astype(n.dtype)
    more *= y
    n += more
    out = n.astype(x.dtype, copy=False)
    left = ~np.isfinite(out)
    if left.any():
        out[left] = function(x[left], _entries(y, left))
    return out


# erf(x) / x on [−3.95, 3.95] as a ratio of polynomials in x², fitted to 2.1e-8 of its value
_ERF_ABOVE = (1.1283791065216064, 0.19154922664165497, 0.05287530645728111, 0.0038081153761595488,
              0.00028468677191995084, 2.0259178654669086e-06)
_ERF_BELOW = (1.0, 0.5030887722969055, 0.11455917358398438, 0.015054997988045216, 0.0011707146186381578,
              3.783185456995852e-05)


def erf(x: Array) -> Array:
    """SciPy's, and Python's entry by entry where SciPy is not installed; many of single precision to 4e-7 of the value."""
    if not _large_floats(x) or x.dtype.char != "f":
        return _of_scipy("erf", math.erf, x)
    near = np.clip(x, -3.95, 3.95)
    square = np.square(near)
    near *= _polynomial(_ERF_ABOVE, square)
    near /= _polynomial(_ERF_BELOW, square)
    far = np.abs(x) > 3.95  # where it is 1 to single precision
    np.copysign(1, x, out=near, where=far)
    return np.clip(near, -1, 1, out=near)


def erfc(x: Array) -> Array:
    """SciPy's, and Python's entry by entry where SciPy is not installed."""
    return _of_scipy("erfc", math.erfc, x)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """The sum of cᵢxⁱ, by Horner's scheme."""
    out = coefficients[-1] * x
    for c in coefficients[-2:0:-1]:
        out += c
        out *= x
    out += coefficients[0]
    return out


def _of_scipy(name: str, forward: Callable[[float], float], x: Array) -> Array:
    try:
        from scipy import special  # type: ignore[import-untyped]
    except ImportError:
        return np.asarray(np.vectorize(forward, otypes=[np.float64])(x)).astype(np.result_type(x, np.float32), copy=False)
    return getattr(special, name)(x)


def softplus(x: Array) -> Array:
    x = _real(x)
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def hypot(x: Array, y: Array | float) -> Array:
    if _large_floats(x, y):  # NumPy's takes ten times as long, and is needed where a square is too small or too large
        square, limits = x * x + y * y, np.finfo(x.dtype)
        if square.min() > limits.tiny / limits.eps and square.max() < limits.max:
            return np.sqrt(square, out=square)
    return np.hypot(x, y)


def floor_divide(x: Array, y: Array | float) -> Array:
    if not _large_floats(x, y):
        return np.floor_divide(x, y)
    quotient = x / y
    whole = np.floor(quotient)
    unsure = whole == quotient  # rounded to a whole number, perhaps from below; NumPy's exact function takes five times as long
    if unsure.any():
        whole[unsure] = np.floor_divide(x[unsure], _entries(y, unsure))
    return whole


def logaddexp(x: Array, y: Array | float) -> Array:
    if not _large_floats(x, y):
        return np.logaddexp(x, y)
    apart = np.abs(np.subtract(x, y))
    out = np.log1p(np.exp(np.negative(apart, out=apart), out=apart), out=apart)
    out += np.maximum(x, y)
    return out if np.isfinite(out).all() else np.logaddexp(x, y)


def leaky_relu(x: Array, slope: Array | float) -> Array:
    x = _real(x)
    if isinstance(slope, float) and 0 < slope <= 1:
        below = np.asarray(slope * x)
        return np.maximum(x, below, out=below)
    return np.where(x > 0, x, slope * x)


def elu(x: Array, alpha: Array | float) -> Array:
    x = _real(x)
    if isinstance(alpha, float) and 0 < alpha <= 1:
        return np.maximum(np.expm1(np.minimum(x, 0)) * alpha, x)  # exp(x) − 1 ≥ x; of equal zeros, maximum returns the second
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def power(x: Array, y: Array | float) -> Array:
    if isinstance(y, float) and y in (3.0, 4.0) and isinstance(x, np.ndarray):  # NumPy's power takes 70 times as long
        return x * x * x if y == 3.0 else np.square(np.square(x))
    out = np.sqrt(x) if isinstance(y, float) and y == 0.5 else x ** y
    roots = np.asarray(y) == 0.5  # NumPy takes roots where an exponent is repeated: nan of −∞ and −0 of −0, as numbers have not
    if roots.any() and not np.min(x, initial=1) > 0:
        out = np.where(roots & ((x == -np.inf) | (x == 0)), np.abs(x), out)
    return out


def step(x: Array) -> Array:
    out = np.where(np.isnan(x), x, x > 0)
    return out.astype(np.result_type(x, np.float32) if np.ndim(x) == 0 else x.dtype)
