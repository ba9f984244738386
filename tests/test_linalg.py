"""Linear algebra: values against NumPy, derivatives against 50 digits, differences and identities, and what has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import mpmath
import numpy as np
import pytest
from autograd import GradientError, Tensor, Value, check_gradients, grad, hessian, jvp, linalg, vjp
from autograd.arrays.axes import plain_array
from hypothesis import given
from hypothesis import strategies as st

from .test_arrays_functions import check_derivatives, check_float32, quick, separated

mp = mpmath.mp.clone()
mp.dps = 50


def regular(*shape: int, seed: int = 0) -> np.ndarray:
    """Square matrices far from singular ones, with distinct eigenvalues."""
    return separated(*shape, seed=seed) + np.diag(np.arange(2.0, 2.0 + shape[-1]))


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    a = regular(*shape, seed=seed)
    return a @ a.mT


def mirrored(x: Any) -> Any:
    return (x + autograd.matrix_transpose(x)) / 2.0


def parts(y: Any) -> list[Any]:
    return [*y] if isinstance(y, tuple) else [y]


# a call of each function, and what it is called with: shapes of square, of any, and of positive matrices
SQUARE: dict[str, Callable[..., Any]] = {
    "inv": lambda m, a: m.inv(a), "det": lambda m, a: m.det(a), "logabsdet": lambda m, a: m.slogdet(a)[1],
    "cube": lambda m, a: m.matrix_power(a, 3), "tenth": lambda m, a: m.matrix_power(a, 10) / 1e6,
    "inverse square": lambda m, a: m.matrix_power(a, -2),
    "condition": lambda m, a: m.cond(a), "condition 1": lambda m, a: m.cond(a, 1), "condition −2": lambda m, a: m.cond(a, -2),
    "trace": lambda m, a: m.trace(a, offset=1), "diagonal": lambda m, a: m.diagonal(a, offset=-1),
}
ANY: dict[str, Callable[..., Any]] = {
    "svd": lambda m, a: m.svd(a, full_matrices=False), "svdvals": lambda m, a: m.svdvals(a), "pinv": lambda m, a: m.pinv(a),
    "qr": lambda m, a: m.qr(a), "r": lambda m, a: m.qr(a, mode="r"),
    "spectral": lambda m, a: m.matrix_norm(a, ord=2), "nuclear": lambda m, a: m.matrix_norm(a, ord="nuc", keepdims=True),
    "vector": lambda m, a: m.vector_norm(a, ord=3), "vector −1": lambda m, a: m.vector_norm(a, ord=-1, axis=-1, keepdims=True),
}
SYMMETRIC: dict[str, Callable[..., Any]] = {
    "cholesky": lambda m, a: m.cholesky(a), "upper": lambda m, a: m.cholesky(a, upper=True), "eigh": lambda m, a: m.eigh(a),
    "eigvalsh": lambda m, a: m.eigvalsh(a), "eigh U": lambda m, a: m.eigh(a, UPLO="U"),
}
BATCHES = [(), (2,), (2, 1)]
CASES = [pytest.param(call, (*batch, *shape), make, id=f"{name}-{(*batch, *shape)}")
         for calls, shapes, make in ((SQUARE, [(1, 1), (3, 3)], regular), (ANY, [(3, 3), (4, 2), (2, 3)], separated),
                                     (SYMMETRIC, [(1, 1), (3, 3)], positive))
         for name, call in calls.items() for batch in BATCHES for shape in shapes]


@pytest.mark.parametrize("call, shape, make", CASES)
def test_values_are_numpys_and_derivatives_of_both_orders_right(call: Any, shape: tuple[int, ...], make: Any) -> None:
    a = make(*shape)
    wanted = parts(call(np.linalg, a))
    for got in (call(linalg, Tensor(a)), call(np.linalg, Tensor(a))):
        for part, number in zip(parts(got), wanted, strict=True):
            assert isinstance(part, Tensor)
            assert part.shape == np.shape(number)
            np.testing.assert_allclose(part.data, number, rtol=1e-11, atol=1e-12)
    for part, number in zip(parts(call(linalg, a)), wanted, strict=True):
        assert isinstance(part, (np.ndarray, np.generic))
        np.testing.assert_allclose(part, number, rtol=1e-11, atol=1e-12)
    check_derivatives(lambda x: call(linalg, mirrored(x) if make is positive else x), a, tolerance=1e-6)
    check_float32(lambda x: call(linalg, x), a + (10 * np.eye(*shape[-2:]) if make is separated else 0))


@given(st.data())
@quick
def test_solve_in_random_shapes(data: st.DataObject) -> None:
    n, k = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    batch = data.draw(st.sampled_from([(), (2,), (3, 1), (1,)]))
    right = data.draw(st.sampled_from([(n,), (n, k), (2, n, k)]))
    a, b = regular(*batch, n, n), separated(*right, seed=3)
    try:
        wanted = np.linalg.solve(a, b)
    except ValueError:  # batches that do not broadcast
        return
    for got in (linalg.solve(Tensor(a), b), np.linalg.solve(Tensor(a), Tensor(b)), np.linalg.solve(a, Tensor(b)),
                linalg.solve(a, b)):
        np.testing.assert_allclose(plain_array(got), wanted, rtol=1e-12)
    check_derivatives(linalg.solve, a, b, tolerance=1e-6)


# ── 50 digits ────────────────────────────────────────────────────────────────────────────────────────────────────

def exactly(function: Callable[[Any], Any], a: np.ndarray, v: np.ndarray) -> float:
    """The derivative along ``v``, by mpmath's own linear algebra."""
    return float(mp.diff(lambda t: function(mp.matrix(a.tolist()) + t * mp.matrix(v.tolist())), 0))


def weighted(x: Any) -> Any:
    """One number of a matrix that depends on all its entries."""
    rows, columns = x.rows, x.cols
    return sum((i + 1) * (j + 2) * x[i, j] for i in range(rows) for j in range(columns))


def ours(x: Any) -> Any:
    return autograd.sum(x * np.outer(np.arange(x.shape[0]) + 1.0, np.arange(x.shape[1]) + 2.0))


def column(x: Any) -> Any:
    return autograd.reshape(x, (-1, 1))


HILBERT = np.array([[1 / (i + j + 1) for j in range(4)] for i in range(4)])


@pytest.mark.parametrize("a", [regular(4, 4), HILBERT], ids=["regular", "Hilbert"])
@pytest.mark.parametrize("name, f, twin", [
    ("inv", linalg.inv, lambda x: x**-1), ("det", lambda x: column(linalg.det(x)), lambda x: mp.matrix([[mp.det(x)]])),
    ("logabsdet", lambda x: column(linalg.slogdet(x)[1]), lambda x: mp.matrix([[mp.log(abs(mp.det(x)))]])),
    ("cholesky", lambda x: linalg.cholesky(x @ autograd.matrix_transpose(x)), lambda x: mp.cholesky(x * x.T)),
    ("eigvalsh", lambda x: column(linalg.eigvalsh(mirrored(x))), lambda x: mp.eigsy((x + x.T) / 2, eigvals_only=True)),
    ("svdvals", lambda x: column(linalg.svdvals(x)), lambda x: mp.svd_r(x, compute_uv=False)),
    ("projections", lambda x: linalg.eigh(mirrored(x))[1] ** 2, lambda x: mp.eigsy((x + x.T) / 2)[1].apply(lambda z: z**2)),
    ("left vectors", lambda x: linalg.svd(x)[0] ** 2, lambda x: mp.svd_r(x)[0].apply(lambda z: z**2)),
    ("qr", lambda x: linalg.qr(x)[0] ** 2, lambda x: mp.qr(x)[0].apply(lambda z: z**2)),
], ids=lambda x: x if isinstance(x, str) else "")
def test_a_derivative_is_that_of_50_digits(name: str, f: Any, twin: Any, a: np.ndarray) -> None:
    v = separated(4, 4, seed=9)
    exact = exactly(lambda x: weighted(twin(x)), a, v)
    size = np.linalg.cond(a) ** (2 if name in ("inv", "cholesky") else 1)  # as inexact as the value of the function itself
    for got in (np.sum(grad(lambda x: ours(f(x)))(a) * v), jvp(lambda x: ours(f(x)), (a,), (v,))[1]):
        assert float(got) == pytest.approx(exact, rel=1e-14 * max(size, 100)), name


def test_third_derivatives_of_a_cubic_polynomial() -> None:
    a, b = regular(3, 3), separated(3, 3, seed=4)  # det(a + t b) has the third derivative 6 det(b)

    def along(t: Any) -> Any:
        return linalg.det(a + t * b)
    third = grad(grad(grad(along)))
    for t in (0.0, 0.3):
        assert float(third(np.array(t))) == pytest.approx(6 * np.linalg.det(b), rel=1e-9)


# ── identities ───────────────────────────────────────────────────────────────────────────────────────────────────

def test_formulas_of_the_matrix_cookbook() -> None:
    x, b = regular(4, 4), separated(4, 4, seed=2)
    inverse = np.linalg.inv(x)
    trace = lambda y: autograd.trace(y)
    np.testing.assert_allclose(grad(lambda x: linalg.slogdet(x)[1])(x), inverse.T, rtol=1e-12)  # (57)
    np.testing.assert_allclose(grad(linalg.det)(x), np.linalg.det(x) * inverse.T, rtol=1e-12)  # (49)
    np.testing.assert_allclose(grad(lambda x: trace(linalg.inv(x) @ b))(x), -(inverse @ b @ inverse).T, rtol=1e-11)  # (124)
    np.testing.assert_allclose(grad(lambda x: trace(linalg.matrix_power(x, 3)))(x), 3 * (x @ x).T, rtol=1e-12)  # (121)
    s = positive(4, 4)
    v = np.linalg.eigh(s)[1]
    for i in range(4):  # (67)
        np.testing.assert_allclose(grad(lambda s: linalg.eigvalsh(s)[i])(s), np.outer(v[:, i], v[:, i]), atol=1e-13)
    curvature = hessian(lambda x: linalg.slogdet(x)[1])(x)  # −x⁻¹ₗᵢ x⁻¹ⱼₖ
    np.testing.assert_allclose(curvature, -np.einsum("li,jk->ijkl", inverse, inverse), rtol=1e-11)


def test_what_is_constant_has_no_gradient() -> None:
    a, s = regular(3, 3), positive(3, 3)
    flat = {"a a⁻¹": lambda a: a @ linalg.inv(a), "qᵀq": lambda a: (q := linalg.qr(a)[0]).mT @ q,
            "uᵀu": lambda a: (u := linalg.svd(a)[0]).T @ u,
            "det(a) det(a⁻¹)": lambda a: linalg.det(a) * linalg.det(linalg.inv(a))}
    for name, f in flat.items():
        y, back = vjp(f, a)
        np.testing.assert_allclose(back(separated(*np.shape(y), seed=5))[0], np.zeros((3, 3)), atol=1e-12, err_msg=name)
    same = {"llᵀ": lambda a: (low := linalg.cholesky(a)) @ low.T,
            "v diag(w) vᵀ": lambda a: (e := linalg.eigh(a))[1] * e[0] @ e[1].T}
    g = separated(3, 3, seed=5)
    for name, f in same.items():  # back where it came from: the gradient is what is symmetric of the cotangent
        np.testing.assert_allclose(vjp(f, s)[1](g)[0], (g + g.T) / 2, atol=1e-12, err_msg=name)
    back = {"qr": lambda a: (p := linalg.qr(a)).Q @ p.R, "usv": lambda a: (p := linalg.svd(a, False)).U * p.S @ p.Vh,
            "a⁺⁺": lambda a: linalg.pinv(linalg.pinv(a))}
    for shape in ((3, 3), (4, 2), (2, 4)):
        x, g = separated(*shape), separated(*shape, seed=6)
        for name, f in back.items():
            np.testing.assert_allclose(vjp(f, x)[1](g)[0], g, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("a", [
    np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]), np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]), np.zeros((3, 3)), np.zeros((1, 1)),
    np.stack([np.diag([1.0, 1e-9, 2.0]), np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]), regular(3, 3)]),
])
def test_a_determinant_of_0_has_its_cofactors_for_a_gradient(a: np.ndarray) -> None:
    def cofactors(m: np.ndarray) -> np.ndarray:
        n = len(m)
        minor = [[np.linalg.det(np.delete(np.delete(m, i, 0), j, 1)) for j in range(n)] for i in range(n)]
        return np.array(minor) * (-1.0) ** np.add.outer(range(n), range(n))
    wanted = np.stack([cofactors(m) for m in a]) if a.ndim == 3 else cofactors(a)
    np.testing.assert_allclose(vjp(linalg.det, a)[1](np.ones(a.shape[:-2]))[0], wanted, atol=1e-13, rtol=1e-12)
    check_derivatives(linalg.det, a, tolerance=1e-7)


# ── norms ────────────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("order", [None, 0.5, 1, 2, 3, np.inf, -np.inf, -1, -2.5])
@pytest.mark.parametrize("axis, keepdims", [(1, False), (-1, True), ((0,), True)])
def test_norms_of_vectors(order: Any, axis: Any, keepdims: bool) -> None:
    agrees(lambda m, x: m.norm(x, order, axis, keepdims), separated(3, 4, 2))


@pytest.mark.parametrize("order", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
@pytest.mark.parametrize("shape, axis, keepdims", [((3, 4), None, False), ((3, 4), (1, 0), True), ((3, 2, 4), (0, -1), True),
                                                   ((2, 3, 3), (1, 2), False)])
def test_norms_of_matrices(order: Any, shape: Any, axis: Any, keepdims: bool) -> None:
    agrees(lambda m, x: m.norm(x, order, axis, keepdims), separated(*shape))


@pytest.mark.parametrize("call", [
    lambda m, x: m.norm(x), lambda m, x: m.vector_norm(x), lambda m, x: m.vector_norm(x, ord=1, axis=(0, 2), keepdims=True),
    lambda m, x: m.matrix_norm(x), lambda m, x: m.multi_dot([x[0], x[1].T, x[2]]),
    lambda m, x: m.multi_dot([x[0, 0], x[1].T, x[2, :, 0]]),
    lambda m, x: m.cross(x[..., :3], x[..., 1:]), lambda m, x: m.outer(x[0, 0], x[1, 1]),
    lambda m, x: m.tensordot(x, x, axes=((1, 2), (1, 2))),
    lambda m, x: m.matmul(x[0], x[1].T), lambda m, x: m.matrix_transpose(x), lambda m, x: m.matrix_power(x[0, :, :3], 1),
])
def test_further_functions(call: Any) -> None:
    agrees(call, separated(3, 3, 4))


def agrees(call: Any, x: np.ndarray) -> None:
    wanted = call(np.linalg, x)
    for got in (call(linalg, Tensor(x)), call(np.linalg, Tensor(x)), call(linalg, x)):
        assert np.shape(plain_array(got)) == np.shape(wanted)
        np.testing.assert_allclose(plain_array(got), wanted, rtol=1e-12)
    check_derivatives(lambda x: call(linalg, x), x, tolerance=1e-6)


def test_the_number_of_entries_that_are_not_0_has_no_derivative() -> None:
    x = Tensor([3.0, 0.0, -2.0])
    assert linalg.norm(x, 0).item() == np.linalg.norm([3.0, 0.0, -2.0], 0) == 2.0
    with pytest.warns(autograd.NoDerivativeWarning):
        assert grad(lambda x: linalg.norm(x, 0))(np.array([3.0, 0.0])).tolist() == [0.0, 0.0]


def test_powers_of_order_0_and_of_integers() -> None:
    assert linalg.matrix_power(Tensor(regular(2, 3, 3)), 0).tolist() == [np.eye(3).tolist()] * 2
    whole = np.array([[2, 1], [1, 1]])
    assert np.array_equal(linalg.matrix_power(whole, 5), np.linalg.matrix_power(whole, 5))
    assert linalg.inv(whole).dtype == np.float64


# ── what NumPy and the checker say ───────────────────────────────────────────────────────────────────────────────

def test_parts_have_numpys_names() -> None:
    a = positive(3, 3)
    for name in ("eigh", "svd", "qr", "slogdet"):
        assert getattr(linalg, name)(Tensor(a))._fields == getattr(np.linalg, name)(a)._fields
    assert linalg.qr(separated(4, 2), mode="complete")[0].shape == (4, 4)  # of plain arrays
    assert linalg.svd(separated(4, 2))[0].shape == (4, 4)


def test_a_compiled_function_reads_the_triangle_that_the_matrix_at_hand_has() -> None:
    s = positive(3, 3)
    for f in (linalg.cholesky, linalg.eigvalsh, linalg.inv, linalg.det, lambda a: linalg.slogdet(a)[0]):
        compiled = autograd.compile(lambda a: f(a).sum())
        for a in (s, np.tril(s), s[::-1, ::-1].copy()):
            assert float(compiled(a)) == pytest.approx(float(np.sum(f(a))), rel=1e-13)


def test_lists_that_hold_nodes_are_matrices() -> None:
    assert grad(lambda x: linalg.det([[x, 1.0], [2.0, x * x]]))(np.array(3.0)) == pytest.approx(27.0, rel=1e-14)


@pytest.mark.parametrize("f", [
    linalg.inv, linalg.det, lambda a: linalg.solve(a, a[0]), lambda a: linalg.cholesky(a @ a.T), lambda a: linalg.qr(a)[1],
    linalg.svdvals, lambda a: linalg.pinv(a[:, :2]), lambda a: linalg.norm(a, "nuc"), lambda a: np.linalg.inv(a) @ a[0],
])
@pytest.mark.parametrize("n", [2, 3])
def test_the_checker_finds_them_right(f: Any, n: int) -> None:
    assert check_gradients(f, regular(n, n), order=2)


@pytest.mark.parametrize("f", [linalg.cholesky, linalg.eigvalsh, lambda a: linalg.eigh(a)[1] ** 2])
def test_the_checker_finds_functions_of_symmetric_matrices_right(f: Any) -> None:
    for seed in range(3):
        assert check_gradients(f, positive(3, 3, seed=seed), order=2)
    a = separated(3, 3)  # of which one triangle is read
    assert check_gradients(lambda a: linalg.eigvalsh(a), a)
    assert check_gradients(lambda a: np.linalg.eigvalsh(a, "U"), a)
    assert np.array_equal(np.triu(grad(lambda a: linalg.eigvalsh(a)[0])(a), 1), np.zeros((3, 3)))


def test_a_gradient_by_a_symmetric_matrix_is_symmetric_and_one_triangle_is_read_as_numpy_reads_it() -> None:
    s, a = positive(3, 3), separated(3, 3)
    for f in (lambda s: linalg.cholesky(s)[2, 0], lambda s: linalg.eigh(s)[1][0, 0] ** 2):
        g = grad(f)(s)
        np.testing.assert_allclose(g, g.T, atol=1e-14)
    for got, wanted in ((linalg.eigh(Tensor(a)), np.linalg.eigh(a)), (linalg.eigh(Tensor(a), "U"), np.linalg.eigh(a, "U"))):
        np.testing.assert_allclose(got[0].data, wanted[0], atol=1e-14)
        np.testing.assert_allclose(got[1].data, wanted[1], atol=1e-14)
    low = np.tril(s)
    np.testing.assert_allclose(linalg.cholesky(Tensor(low)).data, np.linalg.cholesky(s), atol=1e-14)
    np.testing.assert_allclose(linalg.cholesky(Tensor(low.T), upper=True).data, np.linalg.cholesky(s).T, atol=1e-14)


# ── where there is no derivative ─────────────────────────────────────────────────────────────────────────────────

SINGULAR = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])


@pytest.mark.parametrize("f, a, message", [
    (lambda a: linalg.eigvalsh(a)[0], np.eye(3), "the eigenvalue 1 occurs more than once .* no derivative there"),
    (lambda a: (linalg.eigh(a)[1] ** 2)[0, 0], np.eye(3), "the eigenvalue 1 occurs more than once"),
    (lambda a: linalg.eigh(a)[1][0, 0], np.diag([1.0, 2.0, 2.0]) + 1e-17, None),  # the simple one's vector has a derivative
    (lambda a: linalg.eigh(a)[1][1, 1], np.diag([1.0, 2.0, 2.0]), "the eigenvalue 2 occurs more than once"),
    (lambda a: linalg.svdvals(a)[0], np.eye(2), "the singular value 1 occurs more than once"),
    (lambda a: linalg.svd(a)[0][0, 0], np.eye(2), "the singular value 1 occurs more than once"),
    (lambda a: linalg.norm(a, "nuc"), SINGULAR, "the matrix is singular"),
    (lambda a: linalg.norm(a, "nuc"), np.zeros((2, 2)), "the matrix is singular"),
    (lambda a: linalg.slogdet(a)[1], np.zeros((2, 2)), "slogdet of a singular matrix: .* det has one"),
    (lambda a: linalg.pinv(a).sum(), SINGULAR, "pinv: the matrix is singular"),
    (lambda a: linalg.qr(a)[0].sum(), SINGULAR, "qr: the matrix is singular"),
])
def test_a_derivative_that_does_not_exist_is_refused(f: Any, a: np.ndarray, message: str | None) -> None:
    if message is None:
        grad(f)(a)
        return
    f(a)
    f(Tensor(a))  # the value is NumPy's
    with pytest.raises(GradientError, match=message):
        grad(f)(a)
    with pytest.raises(GradientError, match=message):
        jvp(f, (a,), (separated(*a.shape),))


@pytest.mark.parametrize("f, wanted", [
    (lambda a: linalg.eigvalsh(a).sum(), np.eye(3)), (lambda a: autograd.log(linalg.eigvalsh(a)).sum(), np.eye(3) / 2),
    (lambda a: linalg.norm(a, "nuc"), np.eye(3)), (lambda a: (linalg.svdvals(a) ** 2).sum(), 4 * np.eye(3)),
])
def test_what_treats_equal_values_alike_has_a_gradient_there_and_no_second_one_by_this_way(f: Any, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(grad(f)(2 * np.eye(3)), wanted, atol=1e-14)
    with pytest.raises(GradientError, match="occurs more than once"):
        hessian(f)(2 * np.eye(3))


@pytest.mark.parametrize("call, error, message", [
    (lambda: linalg.inv(Tensor(np.zeros((2, 2)), "w")), np.linalg.LinAlgError, r"inv\(w \(2, 2\)\): Singular matrix$"),
    (lambda: linalg.inv(Tensor(np.ones((2, 3)), "w")), np.linalg.LinAlgError, r"inv\(w \(2, 3\)\): Last 2 dimensions .* square"),
    (lambda: linalg.cholesky(Tensor(-np.eye(2))), np.linalg.LinAlgError, "cholesky.*not positive definite"),
    (lambda: linalg.solve(Tensor(np.eye(2)), np.ones(3)), ValueError, "solve"),
    (lambda: linalg.svd(Tensor(np.ones((2, 3)))), ValueError, "svd of shape .* beyond the first 2 .* full_matrices=False"),
    (lambda: linalg.qr(Tensor(np.ones((3, 2))), "complete"), ValueError, "qr of shape .* mode='reduced'"),
    (lambda: linalg.qr(Tensor(np.ones((3, 2))), "raw"), ValueError, "give 'reduced', 'complete' or 'r'"),
    (lambda: linalg.qr(Tensor(np.ones(3))), ValueError, r"qr.*an array of shape \(3,\) is no matrix"),
    (lambda: linalg.eigh(Tensor(np.ones(3))), ValueError, r"eigh.*an array of shape \(3,\) is no matrix"),
    (lambda: linalg.eigh(Tensor(np.eye(2)), "X"), ValueError, "UPLO is 'L' or 'U', not 'X'"),
    (lambda: linalg.norm(Tensor(np.eye(2)), 3), ValueError, "norm of order 3 over 2 axes: give 'fro', 'nuc'"),
    (lambda: linalg.norm(Tensor(np.ones((2, 2, 2))), 2), ValueError, "norm of order 2 over 3 axes"),
    (lambda: linalg.matrix_power(Tensor(np.eye(2)), 0.5), TypeError, "matrix_power"),
    (lambda: linalg.inv(np.array([[Value(1.0), Value(0.0)], [Value(0.0), Value(1.0)]])), TypeError, "inv.*not arrays of Values"),
    (lambda: np.linalg.eig(Tensor(np.eye(2))), TypeError, r"np.linalg.eig is not differentiable here; did you mean eigh\?"),
    (lambda: np.linalg.eigvals(Tensor(np.eye(2))), TypeError, "did you mean eigvalsh"),
])
def test_what_is_refused_and_how(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_the_module_is_loaded_when_it_is_first_used() -> None:
    import subprocess
    import sys
    code = ("import sys, autograd; assert 'numpy' not in sys.modules and 'autograd.linalg' not in sys.modules; "
            "assert autograd.linalg.det([[1.0, 2.0], [3.0, 4.0]]).round(12) == -2.0")
    subprocess.run([sys.executable, "-c", code], check=True)
