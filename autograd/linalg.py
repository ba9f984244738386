"""NumPy's linear algebra on tensors, duals and arrays: inverses, determinants, decompositions, norms.

Each operation is one row of the second table: its forward is NumPy's, and its differential in closed form, written with
operations of arrays, is its pushforward and, transposed, its pullback. So every order of derivative follows. The formulas
are those of Giles, "Collected matrix derivative results" (2008), Townsend, "Differentiating the singular value
decomposition" (2016), Golub & Pereyra (1973) for the pseudo-inverse, and Petersen & Pedersen, "The Matrix Cookbook"
(2012). A decomposition of several parts is one node, the parts below one another; they are slices of it.

``cholesky`` and ``eigh`` of a matrix that is symmetric are functions of both its triangles, ``(a + aᵀ) / 2``: the gradient is
symmetric, as in PyTorch and JAX. Of any other matrix they read one triangle, as NumPy does. Where a derivative does not
exist (equal eigenvalues, a singular matrix) asking for it raises NoDerivativeError, which is a GradientError and a
LinAlgError; the value is NumPy's.
"""

from __future__ import annotations

from collections import namedtuple
from functools import reduce
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from . import ops
from .arrays import functions, table
from .arrays.axes import all_axes, plain_array, shape_of
from .arrays.functions import cross, explained, matmul, matrix_transpose, outer, real_operand, tensordot  # noqa: F401
from .arrays.operation import ArrayOperation
from .errors import GradientError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from .typing import ArrayLike, Axis

EighResult = namedtuple("EighResult", "eigenvalues eigenvectors")
QRResult = namedtuple("QRResult", "Q R")
SlogdetResult = namedtuple("SlogdetResult", "sign logabsdet")
SVDResult = namedtuple("SVDResult", "U S Vh")

class NoDerivativeError(GradientError, np.linalg.LinAlgError):
    """A derivative that does not exist at this matrix, of a function that has a value there."""


# ── what the rules are written with ──────────────────────────────────────────────────────────────────────────────


def _numbers(a: Any) -> Any:
    """``a`` as floats; TypeError for an array of Values."""
    x = real_operand(a)
    if getattr(getattr(x, "dtype", None), "char", "") == "O":
        raise TypeError("it takes tensors and arrays of numbers, not arrays of Values; make a Tensor of the numbers")
    return x


def _t(x: Any) -> Any:
    """The last two axes exchanged."""
    return table.transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _rows(x: Any, start: int, stop: int | None = None) -> Any:
    return table.getitem(x, index=(..., slice(start, stop), slice(None)))


def _across(x: Any) -> Any:
    """Vectors as rows, to scale columns with."""
    return table.reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def _down(x: Any) -> Any:
    """Vectors as columns, to scale rows with; numbers as vectors of one entry."""
    return table.reshape(x, shape=(*x.shape, 1))


def _diagonal(x: Any) -> Any:
    return table.sum(x * _eye(x), axis=-1, keepdims=False)


def _eye(x: Any) -> Any:
    return np.eye(x.shape[-1], dtype=x.dtype)


def _triangle(x: Any, k: int, diagonal: float = 1.0) -> Any:
    """``x`` from its k-th diagonal down, with its main diagonal scaled."""
    return x * (np.tri(x.shape[-1], k=k) + (diagonal - 1) * np.eye(x.shape[-1])).astype(x.dtype)


def _symmetric(x: Any) -> Any:
    return (x + _t(x)) / 2.0


def _reads_one_triangle(x: Any) -> bool:
    """True for matrices that differ from their transposes by a hundredth or more: NumPy reads one triangle of them."""
    plain = plain_array(x)
    m, n = _matrix(plain)
    if m != n or not n:
        return False
    return bool((np.abs(plain - _t(plain)) > 0.01 * np.abs(plain).max(axis=(-2, -1), keepdims=True)).any())


def _symmetric_argument(x: Any, t: Any, lower: bool) -> Any:
    """``t`` (``x`` itself or its tangent) as a symmetric matrix: its symmetric part, or one triangle mirrored."""
    if not _reads_one_triangle(x):
        return _symmetric(t)
    t = t if lower else _t(t)
    return _triangle(t, 0) + _t(_triangle(t, -1))


def _of_symmetric_argument(x: Any, g: Any, lower: bool) -> Any:
    """The transpose of ``_symmetric_argument``: from the gradient of the symmetric matrix to that of ``x``."""
    g = _symmetric(g)
    if not _reads_one_triangle(x):
        return g
    g = _triangle(g, 0, 1.0) + _triangle(g, -1)
    return g if lower else _t(g)


def _near(values: Any) -> Any:
    """The distance within which eigenvalues or singular values are equal but for rounding."""
    return 32 * values.shape[-1] * np.finfo(values.dtype).eps * np.abs(values).max(-1, initial=0, keepdims=True)


def _apart(values: Any) -> tuple[Any, Any]:
    """The differences value[j] − value[i], with 1 in place of 0, and a mask: 1.0 where the two differ, else 0.0."""
    plain = plain_array(values)
    same = (np.abs(plain[..., None, :] - plain[..., :, None]) <= _near(plain)[..., None]).astype(plain.dtype)
    return _across(values) - _down(values) + same, 1 - same


def _check_distinct(what: str, values: Any, slopes: Any, used: Any) -> None:
    """Refuse the derivative of equal values, unless their own slopes are equal and their vectors are not ``used``."""
    plain, slopes = plain_array(values), plain_array(slopes)
    same = (np.abs(plain[..., None, :] - plain[..., :, None]) <= _near(plain)[..., None]) & ~np.eye(plain.shape[-1], dtype=bool)
    uneven = np.abs(slopes[..., None, :] - slopes[..., :, None]) > 1e-9 * np.abs(slopes).max(initial=0)
    wrong = same & (uneven | np.broadcast_to(used, plain.shape)[..., None, :])
    if wrong.any():
        value = plain[np.nonzero(wrong)[:-1]][0]
        raise NoDerivativeError(f"{what} {value:.6g} occurs more than once (to rounding): what is asked for has no derivative "
                                "there, as any small change of the matrix turns their vectors anywhere. A function that treats "
                                "them alike (their sum; trace, det, norm of the matrix) has one")


def _check_positive(what: str, values: Any, used: Any) -> None:
    plain = np.abs(plain_array(values))
    if (used & (plain <= _near(plain))).any():
        raise NoDerivativeError(f"{what}: the matrix is singular (to rounding), and there this has no derivative. Add a small "
                                "multiple of the identity matrix, or leave out what is 0")


def _used(*gradients: Any) -> Any:
    """True for the columns of vectors that received a gradient."""
    return np.any([plain_array(g).any(axis=-2) for g in gradients], axis=0)


# ── the operations ───────────────────────────────────────────────────────────────────────────────────────────────

_inv = ArrayOperation(  # d(A⁻¹) = −A⁻¹ dA A⁻¹
    "inv", "⁻¹", np.linalg.inv, lambda g, out, x: -(_t(out) @ g @ _t(out)),
    pushforward=lambda out, xs, ts, p: -(out @ ts[0] @ out), shown=("−out ᵀ· g ·outᵀ",))
_solve = ArrayOperation(
    "solve", "\\", np.linalg.solve,
    lambda g, out, a, b: -(_solve(_t(a), g) @ _t(out)), lambda g, out, a, b: _solve(_t(a), g),
    pushforward=lambda out, xs, ts, p: _push_solve(out, xs[0], *ts), shown=("−(aᵀ\\g) outᵀ", "aᵀ\\g"))
_det = ArrayOperation(  # Jacobi: d det = det · tr(A⁻¹ dA); where it is 0 or nearly so ``det`` goes another way
    "det", "det", np.linalg.det, lambda g, out, x: _down(_down(g * out)) * _t(_inv(x)),
    pushforward=lambda out, xs, ts, p: out * table.sum(_t(_inv(xs[0])) * ts[0], axis=(-2, -1), keepdims=False),
    shown=("out · x⁻ᵀ",))
_logdet = ArrayOperation(
    "logabsdet", "log|det|", lambda x: np.linalg.slogdet(x)[1], lambda g, out, x: _down(_down(g)) * _inverse_transpose(x),
    pushforward=lambda out, xs, ts, p: table.sum(_inverse_transpose(xs[0]) * ts[0], axis=(-2, -1), keepdims=False), shown=("x⁻ᵀ",))
_cholesky = ArrayOperation(  # dL = L Φ(L⁻¹ dA L⁻ᵀ), Φ the lower triangle with half its diagonal
    "cholesky", "cholesky", lambda x, lower: np.linalg.cholesky(_symmetric_argument(x, x, lower)),
    lambda g, out, x, lower: _of_symmetric_argument(x, _around(_t(_inv(out)), _triangle(_t(out) @ g, 0, 0.5)), lower),
    pushforward=lambda out, xs, ts, p: out @ _triangle(_around(_inv(out), _symmetric_argument(xs[0], ts[0], **p)), 0, 0.5),
    shown=("cholesky",))
_qr = ArrayOperation(  # Q over Rᵀ, of matrices at least as high as wide
    "qr", "QR", lambda x: _pack(*np.linalg.qr(x), transposed=1), lambda g, out, x: _pull_qr(g, out, x.shape[-2]),
    pushforward=lambda out, xs, ts, p: _push_qr(out, ts[0]), shown=("QR",))
_eigh = ArrayOperation(  # the eigenvalues over their eigenvectors, whose signs NumPy chooses by the triangle
    "eigh", "eigh", lambda x, lower: _pack(*np.linalg.eigh(_symmetric_argument(x, x, lower), "L" if lower else "U")),
    lambda g, out, x, lower: _of_symmetric_argument(x, _pull_eigh(g, out), lower),
    pushforward=lambda out, xs, ts, p: _push_eigh(out, _symmetric_argument(xs[0], ts[0], **p)), shown=("eigh",))
_svd = ArrayOperation(  # U over the singular values over V
    "svd", "SVD", lambda x: _pack(*np.linalg.svd(x, full_matrices=False), transposed=2),
    lambda g, out, x: _pull_svd(g, out, *x.shape[-2:]), pushforward=lambda out, xs, ts, p: _push_svd(out, ts[0]), shown=("SVD",))
_pinv = ArrayOperation(
    "pinv", "⁺", lambda x, rcond: np.linalg.pinv(x, rcond), lambda g, out, x, rcond: _pull_pinv(g, out, x),
    pushforward=lambda out, xs, ts, p: _push_pinv(out, xs[0], ts[0]), shown=("x⁺",))


def _pack(*parts: Any, transposed: int | None = None) -> Any:
    """Arrays below one another, vectors as rows, one of them transposed."""
    shaped = [_t(x) if i == transposed else x for i, x in enumerate(parts)]
    return np.concatenate([x if x.ndim == shaped[-1].ndim else x[..., None, :] for x in shaped], -2)


def _around(a: Any, x: Any) -> Any:
    """a x aᵀ."""
    return a @ x @ _t(a)


def _inverse_transpose(x: Any) -> Any:
    try:
        return _t(_inv(x))
    except np.linalg.LinAlgError:
        raise NoDerivativeError("slogdet of a singular matrix: log|det| is −∞ there, and has no derivative; det has one") from None


def _push_solve(out: Any, a: Any, da: Any, db: Any) -> Any:
    right = db if da is None else -(da @ out) if db is None else db - da @ out
    return _solve(a, right)


# A = QR: with X = dA R⁻¹ and S = QᵀX, dR = (S − Ω) R and dQ = X − Q (S − Ω), Ω antisymmetric so that dR is triangular

def _right_solve(x: Any, r: Any) -> Any:
    """x R⁻¹ for an upper triangle R."""
    _check_positive("qr", np.diagonal(plain_array(r), axis1=-2, axis2=-1), True)
    return _t(_solve(_t(r), _t(x)))


def _push_qr(out: Any, t: Any) -> Any:
    m = out.shape[-2] - out.shape[-1]
    q, r = _rows(out, 0, m), _t(_rows(out, m))
    x = _right_solve(t, r)
    s = _t(q) @ x
    low = _triangle(s, -1)
    upper = s - low + _t(low)
    return table.concatenate(x - q @ upper, _t(upper @ r), axis=-2)


def _pull_qr(g: Any, out: Any, m: int) -> Any:
    q, r, gq, gr = _rows(out, 0, m), _t(_rows(out, m)), _rows(g, 0, m), _t(_rows(g, m))
    both = gr @ _t(r) - _t(q) @ gq
    return _right_solve(gq + q @ (both - _triangle(both, -1) + _triangle(_t(both), -1)), _t(r))


# A = V diag(w) Vᵀ: with D = Vᵀ dA V, dw = diag D, and dV = V (D / (wⱼ − wᵢ)) off the diagonal

def _push_eigh(out: Any, t: Any) -> Any:
    w, v = table.getitem(out, index=(..., 0, slice(None))), _rows(out, 1)
    _check_distinct("the eigenvalue", w, np.zeros(w.shape), plain_array(t).any())
    gaps, different = _apart(w)
    d = _t(v) @ t @ v
    return table.concatenate(_across(_diagonal(d)), v @ (d * different / gaps), axis=-2)


def _pull_eigh(g: Any, out: Any) -> Any:
    w, v, gv = table.getitem(out, index=(..., 0, slice(None))), _rows(out, 1), _rows(g, 1)
    _check_distinct("the eigenvalue", w, table.getitem(g, index=(..., 0, slice(None))), _used(gv))
    gaps, different = _apart(w)
    return v @ (_eye(w) * _rows(g, 0, 1) + _t(v) @ gv * different / gaps) @ _t(v)


# A = U diag(s) Vᵀ: with P = Uᵀ dA V, ds = diag P, and U and V turn by what is left over (sⱼ² − sᵢ²), Townsend's F

def _squares_apart(s: Any) -> Any:
    gaps, different = _apart(s)
    return different / (gaps * (_across(s) + _down(s) + (1 - different)))


def _push_svd(out: Any, t: Any) -> Any:
    m = t.shape[-2]
    u, s, v = _rows(out, 0, m), table.getitem(out, index=(..., m, slice(None))), _rows(out, m + 1)
    moves = plain_array(t).any()
    _check_positive("svd", s, moves)
    _check_distinct("the singular value", s, np.zeros(s.shape), moves)
    f, p = _squares_apart(s), _t(u) @ t @ v
    du, dv = u @ (f * (p * _across(s) + _t(p) * _down(s))), v @ (f * (p * _down(s) + _t(p) * _across(s)))
    if u.shape[-2] > u.shape[-1]:
        du = du + (t @ v - u @ p) / _across(s)
    if v.shape[-2] > v.shape[-1]:
        dv = dv + (_t(t) @ u - v @ _t(p)) / _across(s)
    return table.concatenate(du, _across(_diagonal(p)), dv, axis=-2)


def _pull_svd(g: Any, out: Any, m: int, n: int) -> Any:
    u, s, v = _rows(out, 0, m), table.getitem(out, index=(..., m, slice(None))), _rows(out, m + 1)
    gu, gs, gv = _rows(g, 0, m), table.getitem(g, index=(..., m, slice(None))), _rows(g, m + 1)
    used = _used(gu, gv)
    _check_positive("svd", s, used | (plain_array(gs) != 0))
    _check_distinct("the singular value", s, gs, used)
    inside = _eye(s) * _across(gs)
    if not used.any() and not any(hasattr(x, "priority") for x in (g, out)):  # of the values alone, in one product
        return u @ inside @ _t(v)
    f, left, right = _squares_apart(s), _t(u) @ gu, _t(v) @ gv
    down = u @ (inside + f * (left - _t(left)) * _across(s) + f * (right - _t(right)) * _down(s)) @ _t(v)
    if m > s.shape[-1]:
        down = down + (gu - u @ left) / _across(s) @ _t(v)
    if n > s.shape[-1]:
        down = down + u @ _t((gv - v @ right) / _across(s))
    return down


# with P = A⁺ of full rank: dP = −P dA P + P Pᵀ dAᵀ (1 − A P) + (1 − P A) dAᵀ Pᵀ P

def _full_rank(x: Any) -> None:
    _check_positive("pinv", np.linalg.svd(plain_array(x), compute_uv=False), True)


def _push_pinv(out: Any, x: Any, t: Any) -> Any:
    _full_rank(x)
    left, right = _eye(out @ x) - out @ x, _eye(x @ out) - x @ out
    return -(out @ t @ out) + out @ _t(out) @ _t(t) @ right + left @ _t(t) @ _t(out) @ out


def _pull_pinv(g: Any, out: Any, x: Any) -> Any:
    _full_rank(x)
    left, right = _eye(out @ x) - out @ x, _eye(x @ out) - x @ out
    return -(_t(out) @ g @ _t(out)) + right @ _t(g) @ out @ _t(out) + _t(out) @ out @ _t(g) @ left


# ── NumPy's names and arguments ──────────────────────────────────────────────────────────────────────────────────

def inv(a: ArrayLike) -> Any:
    """The inverse of square matrices; LinAlgError (a ValueError) for a singular one.

    >>> inv(Tensor([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    return _inv(_numbers(a))


def pinv(a: ArrayLike, rcond: float | None = None, hermitian: bool = False, *, rtol: float | None = None) -> Any:
    """The pseudo-inverse; singular values below ``rcond`` × the largest count as 0 (``rtol`` is the same, and ``hermitian`` does
    nothing). A derivative needs full rank.

    >>> pinv(Tensor([[2.0], [0.0]])).tolist()
    [[0.5, 0.0]]
    """
    return _pinv(_numbers(a), rcond=rcond if rtol is None else rtol)


def solve(a: ArrayLike, b: ArrayLike) -> Any:
    """The x of ``a @ x = b``, of one right-hand side (a vector) or of several (the columns of matrices).

    >>> solve(Tensor([[2.0, 0.0], [0.0, 4.0]]), [1.0, 2.0]).tolist()
    [0.5, 0.5]
    """
    matrix, right = _numbers(a), _numbers(b)
    if len(shape_of(right)) != 1:
        return _solve(matrix, right)
    x = _solve(matrix, table.reshape(right, shape=(-1, 1)))
    return table.reshape(x, shape=x.shape[:-1])


def det(a: ArrayLike) -> Any:
    """The determinant; its derivatives exist at singular matrices too.

    >>> det(Tensor([[1.0, 2.0], [3.0, 4.0]])).item() + 2 < 1e-12
    True
    """
    x = _numbers(a)
    plain, n = plain_array(x), shape_of(x)[-1] if len(shape_of(x)) > 1 else 0
    if not hasattr(x, "priority") or plain.shape[-2:] != (n, n) or not n or not np.isfinite(plain).all():
        return _det(x)
    u, s, vh = np.linalg.svd(plain)
    rank = int((s > 1e-4 * s[..., :1]).sum(-1).min(initial=n))
    if rank == n:
        return _det(x)
    # where rows nearly depend on one another: turned so that the others stand in the upper left block, whose inverse is
    # good, it is the product of that block's determinant with the small one of Schur's complement, without division
    turned = _t(u) @ x @ _t(vh)
    first, rest = slice(None, rank), slice(rank, None)
    a11, a12, a21, a22 = (table.getitem(turned, index=(..., i, j)) for i in (first, rest) for j in (first, rest))
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return _det(a11) * _small_det(a22 - a21 @ _solve(a11, a12)) * np.sign(sign)


def _small_det(a: Any) -> Any:
    """The determinant by products and sums only (Bird, "A simple division-free algorithm", 2011)."""
    n, power = a.shape[-1], a
    for _ in range(n - 1):
        below = table.matmul(_diagonal(power), np.tri(n, k=-1, dtype=a.dtype))
        power = (power - _triangle(power, 0) - _eye(a) * _across(below)) @ a
    return table.getitem(power, index=(..., 0, 0)) * (-1.0) ** (n - 1)


def slogdet(a: ArrayLike) -> Any:
    """The sign of the determinant, a plain number, and the logarithm of its absolute value.

    >>> sign, logabsdet = slogdet(Tensor([[0.0, 2.0], [1.0, 0.0]]))
    >>> float(sign), round(logabsdet.item(), 4)  # log 2
    (-1.0, 0.6931)
    """
    x = _numbers(a)
    return SlogdetResult(np.linalg.slogdet(plain_array(x))[0], _logdet(x))


def cholesky(a: ArrayLike, *, upper: bool = False) -> Any:
    """The lower triangle L with ``L @ Lᵀ == a``, or its transpose; LinAlgError if ``a`` is not positive definite.

    >>> cholesky(Tensor([[4.0, 2.0], [2.0, 5.0]])).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    low = _cholesky(_numbers(a), lower=not upper)
    return _t(low) if upper else low


def qr(a: ArrayLike, mode: Literal["reduced", "complete", "r"] = "reduced") -> Any:
    """Q with orthonormal columns and the upper triangle R with ``Q @ R == a``; R alone in mode "r".

    >>> q, r = qr(Tensor([[0.0, 2.0], [3.0, 0.0]]))
    >>> (q @ r).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    x = _numbers(a)
    m, n = _matrix(x)
    if mode not in ("reduced", "complete", "r") or mode == "complete" and m > n and hasattr(x, "priority"):
        raise ValueError(f"qr of shape {tuple(shape_of(x))} with mode={mode!r}: " + (
            "the columns of Q beyond those of a are not unique and have no derivative; give mode='reduced'" if mode == "complete"
            else "give 'reduced', 'complete' or 'r'"))
    if not hasattr(x, "priority"):
        return np.linalg.qr(x, mode)
    packed = _qr(table.getitem(x, index=(..., slice(None, m))) if m < n else x)
    q, r = _rows(packed, 0, m), _t(_rows(packed, m))
    if m < n:
        r = table.concatenate(r, _t(q) @ table.getitem(x, index=(..., slice(m, None))), axis=-1)
    return r if mode == "r" else QRResult(q, r)


def _matrix(a: Any) -> tuple[int, int]:
    if len(shape_of(a)) < 2:
        raise ValueError(f"an array of shape {tuple(shape_of(a))} is no matrix; give one of two axes or more")
    m, n = shape_of(a)[-2:]
    return m, n


def eigh(a: ArrayLike, UPLO: Literal["L", "U"] = "L") -> Any:
    """The eigenvalues of a symmetric ``a``, ascending, and the eigenvectors as columns.

    ``UPLO`` names the triangle that is read where ``a`` is not symmetric.

    >>> eigh(Tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues.tolist()
    [1.0, 2.0]
    """
    if UPLO not in ("L", "U", "l", "u"):
        raise ValueError(f"eigh: UPLO is 'L' or 'U', not {UPLO!r}")
    packed = _eigh(_numbers(a), lower=UPLO in "Ll")
    return EighResult(table.getitem(packed, index=(..., 0, slice(None))), _rows(packed, 1))


def eigvalsh(a: ArrayLike, UPLO: Literal["L", "U"] = "L") -> Any:
    """The eigenvalues of a symmetric ``a``, ascending.

    >>> eigvalsh(Tensor([[2.0, 0.0], [0.0, 1.0]])).tolist()
    [1.0, 2.0]
    """
    return eigh(a, UPLO).eigenvalues


def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U, the singular values in descending order, and Vᵀ; the values alone with ``compute_uv=False``.

    >>> svd(Tensor([[3.0, 0.0], [0.0, 4.0]])).S.tolist()
    [4.0, 3.0]
    """
    x = _numbers(a)
    m, n = _matrix(x)
    if not hasattr(x, "priority"):
        return np.linalg.svd(x, full_matrices, compute_uv)  # type: ignore[call-overload]
    if full_matrices and compute_uv and m != n:
        raise ValueError(f"svd of shape {tuple(shape_of(x))}: the vectors beyond the first {min(m, n)} are not unique and have no "
                         "derivative; give full_matrices=False")
    packed = _svd(x)
    s = table.getitem(packed, index=(..., m, slice(None)))
    return SVDResult(_rows(packed, 0, m), s, _t(_rows(packed, m + 1))) if compute_uv else s


def svdvals(a: ArrayLike) -> Any:
    """The singular values in descending order.

    >>> svdvals(Tensor([[3.0, 0.0], [0.0, 4.0]])).tolist()
    [4.0, 3.0]
    """
    return svd(a, compute_uv=False)


def norm(x: ArrayLike, ord: float | Literal["fro", "nuc"] | None = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of vectors (any order, along one axis) or of matrices ("fro", "nuc", ±1, ±2, ±inf, over two axes).

    Without an order it is the Euclidean norm, of all entries by default. Where a norm is 0, so is its gradient.

    >>> norm(Tensor([3.0, 4.0])).tolist(), norm(Tensor([[3.0, 0.0], [0.0, 4.0]]), "nuc").tolist()
    (5.0, 7.0)
    """
    a = real_operand(x)
    ndim = len(shape_of(a))
    axes = all_axes(axis, ndim)
    if len(axes) == 1 and ord is not None and not isinstance(ord, str) and ord <= 0 and ord != -np.inf:
        if ord == 0:  # how many entries are not 0
            return functions.sum(ops.abs(ops.sign(a)), axes, keepdims)
        none = (plain_array(a) == 0).any(axes, keepdims=True)  # then the norm is 0, and its gradient
        size = functions.where(none, 1.0, ops.abs(a))
        out = functions.sum(size ** float(ord), axes, keepdims) ** (1.0 / float(ord))
        return functions.where(none if keepdims else none.squeeze(axes), 0.0, out)
    if ord is None or ord == "fro" or len(axes) != 2 and ord != "nuc":
        return functions.norm(a, ord, axes if axis is not None else None, keepdims)
    if len(axes) != 2 or ord not in ("nuc", 1, -1, 2, -2, np.inf, -np.inf):
        raise ValueError(f"norm of order {ord!r} over {len(axes)} axes: give 'fro', 'nuc', 1, -1, 2, -2, inf or -inf for matrices, "
                         "over two")
    matrices = functions.moveaxis(a, axes, (-2, -1))
    extreme = functions.min if ord in (-1, -2, -np.inf) else functions.max
    if ord in ("nuc", 2, -2):
        out = functions.sum(svdvals(matrices), -1) if ord == "nuc" else extreme(svdvals(matrices), -1)
    else:
        out = extreme(functions.sum(ops.abs(matrices), -2 if ord in (1, -1) else -1), -1)
    return functions.reshape(out, tuple(1 if i in axes else n for i, n in enumerate(shape_of(a)))) if keepdims else out


def matrix_norm(x: ArrayLike, ord: float | Literal["fro", "nuc"] = "fro", axis: Axis = (-2, -1), keepdims: bool = False) -> Any:
    """The norm of matrices, over two axes, the last by default.

    >>> matrix_norm(Tensor([[3.0, 0.0], [0.0, 4.0]])).tolist()
    5.0
    """
    return norm(x, ord, axis, keepdims)


def vector_norm(x: ArrayLike, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of vectors along an axis, or of all entries over several or all axes.

    >>> vector_norm(Tensor([[3.0, 0.0], [0.0, 4.0]]), ord=1).tolist()
    7.0
    """
    a = real_operand(x)
    axes = all_axes(axis, len(shape_of(a)))
    if len(axes) == 1:
        return norm(a, ord, axes, keepdims)
    rest = tuple(i for i in range(len(shape_of(a))) if i not in axes)
    flat = functions.reshape(functions.transpose(a, (*rest, *axes)), tuple(shape_of(a)[i] for i in rest) + (-1,))
    out = norm(flat, ord, -1)
    return functions.reshape(out, tuple(1 if i in axes else n for i, n in enumerate(shape_of(a)))) if keepdims else out


def cond(x: ArrayLike, p: float | Literal["fro", "nuc"] | None = None) -> Any:
    """The condition number: the largest singular value over the smallest, or ``norm(x, p) * norm(inv(x), p)``.

    >>> cond(Tensor([[3.0, 0.0], [0.0, 4.0]])).item() - 4 / 3 < 1e-12
    True
    """
    a = _numbers(x)
    if p in (None, 2, -2):
        s = svdvals(a)
        first, last = (table.getitem(s, index=(..., i)) for i in ((0, -1) if p != -2 else (-1, 0)))
        return first / last
    return norm(a, p, (-2, -1)) * norm(inv(a), p, (-2, -1))


def matrix_power(a: ArrayLike, n: int) -> Any:
    """The product of n factors ``a``; of its inverse where n is negative.

    >>> matrix_power(Tensor([[1.0, 1.0], [0.0, 1.0]]), 3).tolist()
    [[1.0, 3.0], [0.0, 1.0]]
    """
    x, n = _numbers(a) if n < 0 else functions.operand(a), index(n)
    if n == 0:
        return functions.broadcast_to(np.eye(_matrix(x)[0], dtype=x.dtype), shape_of(x))
    square, out, n = inv(x) if n < 0 else x, None, abs(n)
    while n:
        if n % 2:
            out = square if out is None else out @ square
        n //= 2
        square = square @ square if n else square
    return out


def multi_dot(arrays: Sequence[ArrayLike]) -> Any:
    """The product of several matrices; the first and the last may be vectors.

    >>> multi_dot([Tensor([1.0, 2.0]), np.eye(2), [3.0, 4.0]]).tolist()
    11.0
    """
    return reduce(matmul, arrays)


def diagonal(x: ArrayLike, /, *, offset: int = 0) -> Any:
    """The entries of a diagonal of the last two axes.

    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 4.0]
    """
    return functions.diagonal(x, offset, -2, -1)


def trace(x: ArrayLike, /, *, offset: int = 0) -> Any:
    """The sum of a diagonal of the last two axes.

    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    5.0
    """
    return functions.trace(x, offset, -2, -1)


__all__ = """cholesky cond cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_transpose multi_dot norm
outer pinv qr slogdet solve svd svdvals tensordot trace vector_norm""".split()

globals().update({_name: explained(globals()[_name]) for _name in __all__
                  if _name not in ("cross", "matmul", "matrix_transpose", "outer", "tensordot")})
