"""The second page of the table: rows of statistics and signals, in the form that ``ops`` describes."""

from __future__ import annotations

import math

from . import floats
from .operation import row, where
from .ops import cos, exp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _sinc_slope(out: Any, x: Any) -> Any:
    """(cos πx − sinc x) / x; where the two are nearly equal, its series, which has every derivative of it at 0 too."""
    far = abs(x) > 0.5
    near, series = where(far, 0.0, x), 0.0
    for k in range(14, 0, -1):  # π² x Σ (−1)ᵏ 2k (πx)²ᵏ⁻² / (2k + 1)!, by Horner's scheme
        series = series * (math.pi * near) ** 2 + (-1.0) ** k * 2 * k / math.factorial(2 * k + 1)
    return where(far, (cos(math.pi * x) - out) / (x + (x == 0)), math.pi**2 * near * series)


# erf by its series, and far out by the continued fraction of erfc (Abramowitz & Stegun, 7.1.6 and 7.1.14)
_ERF = """x => { const a = Math.abs(x), e = Math.exp(-a * a) / Math.sqrt(Math.PI); let t = 2 * a, s = t, f = 0;
for (let n = 1; n < 60; n++) s += t *= 2 * a * a / (2 * n + 1); for (let n = 120; n > 0; n--) f = n / 2 / (a + f); """

erf = row("erf", "erf", math.erf, lambda out, x: 1.1283791670955126 * exp(-(x * x)), domain=(-5.0, 5.0),
          javascript=_ERF + "return x !== x ? x : Math.sign(x) * (a < 2 ? e * s : 1 - e / (a + f)) }")
erfc = row("erfc", "erfc", math.erfc, lambda out, x: -1.1283791670955126 * exp(-(x * x)), domain=(-5.0, 20.0),
           javascript=_ERF + "return x !== x ? x : a < 2 ? 1 - Math.sign(x) * e * s : x > 0 ? e / (a + f) : 2 - e / (a + f) }")
logit = row("logit", "logit", floats.logit, lambda out, x: 1 / (x * (1 - x)), domain=(0.01, 0.99),
            javascript="x => Math.abs(x - 0.5) < 0.25 ? Math.log1p(2 * x - 1) - Math.log1p(1 - 2 * x) : Math.log(x / (1 - x))")
# near its zeros as exact as NumPy's, which multiplies by a rounded π
sinc = row("sinc", "sinc", floats.sinc, lambda out, x: _sinc_slope(out, x), shown=lambda out, x: (cos(math.pi * x) - out) / x, domain=(0.3, 2.7),
           javascript="x => x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)")
fmod = row("fmod", "fmod", floats.fmod, 1.0, lambda out, x, y: (out - x) / y, domain=((-10.0, 10.0), (0.5, 10.0)), javascript="(x, y) => x % y")
