# ruff: noqa
# mypy: disable-error-code="overload-overlap"
# pyright: reportOverlappingOverload=false, reportIncompatibleMethodOverride=false

"""Automatic differentiation in a glass box, as type checkers see it. Generated from the tables by `make docs`: do not edit."""

from collections.abc import Sequence
from typing import Any, Literal, overload

from . import linalg as linalg, ops as ops, special as special
from .arrays.functions import Picked
from .operation import Operation
from .signatures import Binary, Unary
from .typing import Array, ArrayLike, Axis, DTypeLike, Number, PlainArrayLike, Real, Shape

from .anomaly import AnomalyError as AnomalyError
from .anomaly import detect_anomaly as detect_anomaly
from .anomaly import find_anomaly as find_anomaly
from .arrays.functions import c_ as c_
from .arrays.functions import r_ as r_
from .check import check_gradients as check_gradients
from .context import no_grad as no_grad
from .context import scope as scope
from .errors import GradientError as GradientError
from .errors import GraphError as GraphError
from .errors import GraphWarning as GraphWarning
from .errors import NoDerivativeWarning as NoDerivativeWarning
from .paths import explain as explain
from .programs.program import compile as compile
from .stepping import steps as steps
from .symbolic import formula as formula
from .symbolic import formulas as formulas
from .tensor import Tensor as Tensor
from .value import Value as Value

from .signatures import (
    clip as clip,
    grad as grad,
    gradient as gradient,
    hessian as hessian,
    hvp as hvp,
    jacobian as jacobian,
    jvp as jvp,
    op as op,
    value_and_grad as value_and_grad,
    vjp as vjp,
    where as where,
)

identity: Unary
"""Drawn as id. ∂/∂x = 1."""

add: Binary
"""Drawn as +. ∂/∂x = 1; ∂/∂y = 1."""

sub: Binary
"""Drawn as −. ∂/∂x = 1; ∂/∂y = −1."""

mul: Binary
"""Drawn as ×. ∂/∂x = y; ∂/∂y = x."""

div: Binary
"""Drawn as /. ∂/∂x = 1/y; ∂/∂y = −x/y²."""

neg: Unary
"""Drawn as ×(−1). ∂/∂x = −1."""

pow: Binary
"""Drawn as ^. ∂/∂x = y·x^(y − 1); ∂/∂y = out·log(x)."""

exp: Unary
"""Drawn as exp. ∂/∂x = out."""

expm1: Unary
"""Drawn as expm1. ∂/∂x = exp(x)."""

log: Unary
"""Drawn as log. ∂/∂x = 1/x."""

log2: Unary
"""Drawn as log2. ∂/∂x = 1/(x·0.69)."""

log10: Unary
"""Drawn as log10. ∂/∂x = 1/(x·2.30)."""

log1p: Unary
"""Drawn as log1p. ∂/∂x = 1/(1 + x)."""

sqrt: Unary
"""Drawn as √. ∂/∂x = 0.5/out."""

sin: Unary
"""Drawn as sin. ∂/∂x = cos(x)."""

cos: Unary
"""Drawn as cos. ∂/∂x = −sin(x)."""

tan: Unary
"""Drawn as tan. ∂/∂x = 1 + out²."""

arctan: Unary
"""Drawn as arctan. ∂/∂x = 1/(1 + x²)."""

arctan2: Binary
"""Drawn as arctan2. ∂/∂x = y/(x² + y²); ∂/∂y = −x/(x² + y²)."""

arcsin: Unary
"""Drawn as arcsin. ∂/∂x = 1/sqrt((1 − x)·(1 + x))."""

arccos: Unary
"""Drawn as arccos. ∂/∂x = −1/sqrt((1 − x)·(1 + x))."""

arcsinh: Unary
"""Drawn as arcsinh. ∂/∂x = 1/sqrt(1 + x²)."""

arccosh: Unary
"""Drawn as arccosh. ∂/∂x = 1/(sqrt(x − 1)·sqrt(x + 1))."""

arctanh: Unary
"""Drawn as arctanh. ∂/∂x = 1/((1 − x)·(1 + x))."""

cbrt: Unary
"""Drawn as ∛. ∂/∂x = 1/(3·out²)."""

hypot: Binary
"""Drawn as hypot. ∂/∂x = x/out; ∂/∂y = y/out."""

sinh: Unary
"""Drawn as sinh. ∂/∂x = cosh(x)."""

cosh: Unary
"""Drawn as cosh. ∂/∂x = sinh(x)."""

sech: Unary
"""Drawn as sech. ∂/∂x = −out·tanh(x)."""

tanh: Unary
"""Drawn as tanh. ∂/∂x = 1 − out²."""

sigmoid: Unary
"""Drawn as σ. ∂/∂x = (1 − out)·out."""

softplus: Unary
"""Drawn as softplus. ∂/∂x = sigmoid(x)."""

logaddexp: Binary
"""Drawn as logaddexp. ∂/∂x = sigmoid(x − y); ∂/∂y = sigmoid(y − x)."""

relu: Unary
"""Drawn as relu. ∂/∂x = x > 0."""

class _leaky_relu(Operation):
    @overload  # type: ignore[override]
    def __call__(self, x: float, slope: float = 0.01) -> float: ...
    @overload
    def __call__(self, x: Value, slope: Number | Real = 0.01) -> Value: ...
    @overload
    def __call__(self, x: Tensor, slope: PlainArrayLike | Tensor = 0.01) -> Tensor: ...
    @overload
    def __call__(self, x: Array, slope: Array | Real = 0.01) -> Array: ...

leaky_relu: _leaky_relu
"""Drawn as lrelu. ∂/∂x = 1 if x > 0 else slope; ∂/∂slope = 0 if x > 0 else x."""

class _elu(Operation):
    @overload  # type: ignore[override]
    def __call__(self, x: float, alpha: float = 1.0) -> float: ...
    @overload
    def __call__(self, x: Value, alpha: Number | Real = 1.0) -> Value: ...
    @overload
    def __call__(self, x: Tensor, alpha: PlainArrayLike | Tensor = 1.0) -> Tensor: ...
    @overload
    def __call__(self, x: Array, alpha: Array | Real = 1.0) -> Array: ...

elu: _elu
"""Drawn as elu. ∂/∂x = 1 if x > 0 else alpha·exp(x); ∂/∂alpha = 0 if x > 0 else expm1(x)."""

abs: Unary
"""Drawn as |x|. ∂/∂x = sign(x)."""

maximum: Binary
"""Drawn as max. ∂/∂x = x > y; ∂/∂y = x < y."""

minimum: Binary
"""Drawn as min. ∂/∂x = x < y; ∂/∂y = x > y."""

clip_min: Binary
"""Drawn as ≥. ∂/∂x = x ≥ y; ∂/∂y = x < y."""

clip_max: Binary
"""Drawn as ≤. ∂/∂x = x ≤ y; ∂/∂y = x > y."""

step: Unary
"""Drawn as step. It passes no gradient on."""

sign: Unary
"""Drawn as sign. It passes no gradient on."""

trunc: Unary
"""Drawn as trunc. It passes no gradient on."""

rint: Unary
"""Drawn as rint. It passes no gradient on."""

floor_divide: Binary
"""Drawn as //. It passes no gradient on."""

mod: Binary
"""Drawn as %. ∂/∂x = 1; ∂/∂y = −floor_divide(x, y)."""

floor: Unary
"""Drawn as ⌊x⌋. It passes no gradient on."""

erf: Unary
"""Drawn as erf. ∂/∂x = 1.13·exp(−(x·x))."""

erfc: Unary
"""Drawn as erfc. ∂/∂x = −1.13·exp(−(x·x))."""

logit: Unary
"""Drawn as logit. ∂/∂x = 1/(x·(1 − x))."""

sinc: Unary
"""Drawn as sinc. ∂/∂x = (cos(3.14·x) − out)/x."""

fmod: Binary
"""Drawn as fmod. ∂/∂x = 1; ∂/∂y = (out − x)/y."""

@overload
def sum(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, out: None = None) -> Array:
    """The sum of entries over one axis, a tuple of axes, or all."""
@overload
def sum(x: Tensor, axis: Axis = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, out: None = None) -> Tensor: ...
@overload
def sum(x: PlainArrayLike, dim: Axis = None, keepdim: bool = False) -> Array: ...
@overload
def sum(x: Tensor, dim: Axis = None, keepdim: bool = False) -> Tensor: ...

@overload
def mean(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean over one axis, a tuple of axes, or all."""
@overload
def mean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
@overload
def mean(x: PlainArrayLike, dim: Axis = None, keepdim: bool = False) -> Array: ...
@overload
def mean(x: Tensor, dim: Axis = None, keepdim: bool = False) -> Tensor: ...

@overload
def average(x: PlainArrayLike, axis: Axis = None, weights: PlainArrayLike | None = None) -> Array:
    """The mean over axes; with ``weights`` of the array's shape, or one for each entry of an axis, the weighted one."""
@overload
def average(x: Tensor, axis: Axis = None, weights: PlainArrayLike | Tensor | None = None) -> Tensor: ...

@overload
def median(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The middle entry over axes, or the mean of the two middle ones."""
@overload
def median(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor: ...

@overload
def max(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest entry over axes; equal ones share the gradient equally."""
@overload
def max(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
@overload
def max(x: PlainArrayLike, dim: int, keepdim: bool = False) -> Picked: ...
@overload
def max(x: Tensor, dim: int, keepdim: bool = False) -> Picked: ...

@overload
def min(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest entry over axes; equal ones share the gradient equally."""
@overload
def min(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
@overload
def min(x: PlainArrayLike, dim: int, keepdim: bool = False) -> Picked: ...
@overload
def min(x: Tensor, dim: int, keepdim: bool = False) -> Picked: ...

@overload
def ptp(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The range of entries over axes, the largest minus the smallest."""
@overload
def ptp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor: ...

@overload
def var(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0) -> Array:
    """The variance over axes, by two passes; ``ddof=1`` divides by one less (Bessel's correction)."""
@overload
def var(x: Tensor, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0) -> Tensor: ...
@overload
def var(x: PlainArrayLike, dim: Axis = None, unbiased: bool = True, keepdim: bool = False, *, correction: int = 1) -> Array: ...
@overload
def var(x: Tensor, dim: Axis = None, unbiased: bool = True, keepdim: bool = False, *, correction: int = 1) -> Tensor: ...

@overload
def std(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0) -> Array:
    """The standard deviation over axes; where it is 0, so is its gradient."""
@overload
def std(x: Tensor, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0) -> Tensor: ...
@overload
def std(x: PlainArrayLike, dim: Axis = None, unbiased: bool = True, keepdim: bool = False, *, correction: int = 1) -> Array: ...
@overload
def std(x: Tensor, dim: Axis = None, unbiased: bool = True, keepdim: bool = False, *, correction: int = 1) -> Tensor: ...

@overload
def norm(x: PlainArrayLike, ord: float | Literal['fro'] | None = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """The Euclidean norm over axes, all by default; of vectors along one axis, any other order p > 0, and ±inf, too."""
@overload
def norm(x: Tensor, ord: float | Literal['fro'] | None = None, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
@overload
def norm(x: PlainArrayLike, p: float = 2.0, dim: Axis = None, keepdim: bool = False) -> Array: ...
@overload
def norm(x: Tensor, p: float = 2.0, dim: Axis = None, keepdim: bool = False) -> Tensor: ...

@overload
def prod(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product over axes; by pairs where one is 0, tiny or huge, so that zeros are no exception at any order of derivative."""
@overload
def prod(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
@overload
def prod(x: PlainArrayLike, dim: Axis = None, keepdim: bool = False) -> Array: ...
@overload
def prod(x: Tensor, dim: Axis = None, keepdim: bool = False) -> Tensor: ...

@overload
def cumsum(x: PlainArrayLike, axis: int | None = None) -> Array:
    """The running sum along an axis; of all entries in order without one."""
@overload
def cumsum(x: Tensor, axis: int | None = None) -> Tensor: ...
@overload
def cumsum(x: PlainArrayLike, dim: int) -> Array: ...
@overload
def cumsum(x: Tensor, dim: int) -> Tensor: ...

@overload
def cumprod(x: PlainArrayLike, axis: int | None = None) -> Array:
    """The running product along an axis, of all entries in order without one; by doubling, so that zeros are no exception."""
@overload
def cumprod(x: Tensor, axis: int | None = None) -> Tensor: ...
@overload
def cumprod(x: PlainArrayLike, dim: int) -> Array: ...
@overload
def cumprod(x: Tensor, dim: int) -> Tensor: ...

@overload
def logsumexp(x: PlainArrayLike, axis: Axis = None, keepdims: bool = False, *, b: PlainArrayLike | None = None) -> Array:
    """log Σ b·exp over axes, shifted by the maximum so that nothing overflows; ``b`` is 1 by default."""
@overload
def logsumexp(x: Tensor, axis: Axis = None, keepdims: bool = False, *, b: PlainArrayLike | Tensor | None = None) -> Tensor: ...
@overload
def logsumexp(x: PlainArrayLike, dim: Axis = None, keepdim: bool = False) -> Array: ...
@overload
def logsumexp(x: Tensor, dim: Axis = None, keepdim: bool = False) -> Tensor: ...

@overload
def softmax(x: PlainArrayLike, axis: Axis = -1) -> Array:
    """exp(x) scaled to sum to 1 along an axis."""
@overload
def softmax(x: Tensor, axis: Axis = -1) -> Tensor: ...
@overload
def softmax(x: PlainArrayLike, dim: int) -> Array: ...
@overload
def softmax(x: Tensor, dim: int) -> Tensor: ...

@overload
def log_softmax(x: PlainArrayLike, axis: Axis = -1) -> Array:
    """log of softmax, without forming it."""
@overload
def log_softmax(x: Tensor, axis: Axis = -1) -> Tensor: ...
@overload
def log_softmax(x: PlainArrayLike, dim: int) -> Array: ...
@overload
def log_softmax(x: Tensor, dim: int) -> Tensor: ...

@overload
def matmul(x: PlainArrayLike, y: PlainArrayLike) -> Array:
    """The matrix product ``x @ y``, for vectors, matrices and stacks of matrices that broadcast."""
@overload
def matmul(x: Tensor, y: PlainArrayLike | Tensor) -> Tensor: ...
@overload
def matmul(x: PlainArrayLike, y: Tensor) -> Tensor: ...

@overload
def dot(x: PlainArrayLike, y: PlainArrayLike) -> Array:
    """NumPy's dot: inner product of vectors, matrix product, and over the last axis of x and the second last of y."""
@overload
def dot(x: Tensor, y: PlainArrayLike | Tensor) -> Tensor: ...
@overload
def dot(x: PlainArrayLike, y: Tensor) -> Tensor: ...

@overload
def vdot(x: PlainArrayLike, y: PlainArrayLike) -> Array:
    """The sum of products of all entries in order."""
@overload
def vdot(x: Tensor, y: PlainArrayLike | Tensor) -> Tensor: ...
@overload
def vdot(x: PlainArrayLike, y: Tensor) -> Tensor: ...

@overload
def inner(x: PlainArrayLike, y: PlainArrayLike) -> Array:
    """The sum of products over the last axes."""
@overload
def inner(x: Tensor, y: PlainArrayLike | Tensor) -> Tensor: ...
@overload
def inner(x: PlainArrayLike, y: Tensor) -> Tensor: ...

@overload
def outer(x: PlainArrayLike, y: PlainArrayLike) -> Array:
    """All products of an entry of ``x`` with one of ``y``, as a matrix."""
@overload
def outer(x: Tensor, y: PlainArrayLike | Tensor) -> Tensor: ...
@overload
def outer(x: PlainArrayLike, y: Tensor) -> Tensor: ...

@overload
def cross(x: PlainArrayLike, y: PlainArrayLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """The vector product of vectors of three entries along an axis."""
@overload
def cross(x: Tensor, y: PlainArrayLike | Tensor, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor: ...
@overload
def cross(x: PlainArrayLike, y: Tensor, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor: ...
@overload
def cross(x: PlainArrayLike, y: PlainArrayLike | Tensor, dim: int) -> Array: ...
@overload
def cross(x: Tensor, y: PlainArrayLike | Tensor, dim: int) -> Tensor: ...

@overload
def kron(x: PlainArrayLike, y: PlainArrayLike) -> Array:
    """The Kronecker product: ``y`` scaled by every entry of ``x``, in blocks."""
@overload
def kron(x: Tensor, y: PlainArrayLike | Tensor) -> Tensor: ...
@overload
def kron(x: PlainArrayLike, y: Tensor) -> Tensor: ...

@overload
def tensordot(x: PlainArrayLike, y: PlainArrayLike, axes: int | Sequence[Shape] = 2) -> Array:
    """The sum of products over given axes of both."""
@overload
def tensordot(x: Tensor, y: PlainArrayLike | Tensor, axes: int | Sequence[Shape] = 2) -> Tensor: ...
@overload
def tensordot(x: PlainArrayLike, y: Tensor, axes: int | Sequence[Shape] = 2) -> Tensor: ...

@overload
def einsum(spec: str, *xs: PlainArrayLike, optimize: object = None) -> Array:
    """Einstein's summation, with NumPy's notation; ``...`` and repeated letters included, ``optimize`` without effect."""
@overload
def einsum(spec: str, *xs: PlainArrayLike | Tensor, optimize: object = None) -> Tensor: ...

@overload
def reshape(x: PlainArrayLike, shape: Shape) -> Array:
    """The same entries in another shape; one length may be −1."""
@overload
def reshape(x: Tensor, shape: Shape) -> Tensor: ...

@overload
def ravel(x: PlainArrayLike) -> Array:
    """All entries along one axis."""
@overload
def ravel(x: Tensor) -> Tensor: ...

@overload
def transpose(x: PlainArrayLike, axes: Shape | None = None) -> Array:
    """The axes in another order, reversed by default."""
@overload
def transpose(x: Tensor, axes: Shape | None = None) -> Tensor: ...

@overload
def matrix_transpose(x: PlainArrayLike) -> Array:
    """The last two axes exchanged."""
@overload
def matrix_transpose(x: Tensor) -> Tensor: ...

@overload
def swapaxes(x: PlainArrayLike, axis1: int, axis2: int) -> Array:
    """Two axes exchanged."""
@overload
def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor: ...

@overload
def moveaxis(x: PlainArrayLike, source: Shape, destination: Shape) -> Array:
    """Axes moved to other places, the rest in order."""
@overload
def moveaxis(x: Tensor, source: Shape, destination: Shape) -> Tensor: ...

@overload
def rollaxis(x: PlainArrayLike, axis: int, start: int = 0) -> Array:
    """An axis moved to where it lies before axis ``start``; ``moveaxis`` says it more plainly."""
@overload
def rollaxis(x: Tensor, axis: int, start: int = 0) -> Tensor: ...

@overload
def broadcast_to(x: PlainArrayLike, shape: Shape) -> Array:
    """The entries repeated to a larger shape by NumPy's rules."""
@overload
def broadcast_to(x: Tensor, shape: Shape) -> Tensor: ...

@overload
def broadcast_arrays(*xs: PlainArrayLike) -> tuple[Array, ...]:
    """All arrays in the shape that they broadcast to together."""
@overload
def broadcast_arrays(*xs: PlainArrayLike | Tensor) -> tuple[Tensor, ...]: ...

@overload
def expand_dims(x: PlainArrayLike, axis: Axis) -> Array:
    """New axes of length 1 at the given places of the result."""
@overload
def expand_dims(x: Tensor, axis: Axis) -> Tensor: ...

@overload
def squeeze(x: PlainArrayLike, axis: Axis = None) -> Array:
    """Without the axes of length 1, all of them or those given."""
@overload
def squeeze(x: Tensor, axis: Axis = None) -> Tensor: ...
@overload
def squeeze(x: PlainArrayLike, dim: Axis) -> Array: ...
@overload
def squeeze(x: Tensor, dim: Axis) -> Tensor: ...

@overload
def atleast_1d(*xs: PlainArrayLike) -> Array:
    """Arrays of shape () as vectors, others as they are; a tuple where several are given."""
@overload
def atleast_1d(*xs: PlainArrayLike | Tensor) -> Tensor: ...

@overload
def atleast_2d(*xs: PlainArrayLike) -> Array:
    """Vectors as matrices of one row, others of two axes or more as they are."""
@overload
def atleast_2d(*xs: PlainArrayLike | Tensor) -> Tensor: ...

@overload
def atleast_3d(*xs: PlainArrayLike) -> Array:
    """Matrices with a new last axis, vectors with one on each side."""
@overload
def atleast_3d(*xs: PlainArrayLike | Tensor) -> Tensor: ...

@overload
def flip(x: PlainArrayLike, axis: Axis = None) -> Array:
    """The order of entries reversed along axes, all by default."""
@overload
def flip(x: Tensor, axis: Axis = None) -> Tensor: ...
@overload
def flip(x: PlainArrayLike, dims: Axis) -> Array: ...
@overload
def flip(x: Tensor, dims: Axis) -> Tensor: ...

@overload
def flipud(x: PlainArrayLike) -> Array:
    """The order of rows reversed."""
@overload
def flipud(x: Tensor) -> Tensor: ...

@overload
def fliplr(x: PlainArrayLike) -> Array:
    """The order of columns reversed."""
@overload
def fliplr(x: Tensor) -> Tensor: ...

@overload
def rot90(x: PlainArrayLike, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    """The plane of two axes turned k times by 90°, from the first axis to the second."""
@overload
def rot90(x: Tensor, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor: ...

@overload
def pad(x: PlainArrayLike, pad_width: Shape | Sequence[Sequence[int]] | Array, mode: str = 'constant', *, constant_values: Any = (), end_values: Any = (), stat_length: Any = (), reflect_type: str = 'even') -> Array:
    """Entries added before and after along each axis: constant ones (0 by default), or as ``mode`` and the options say in NumPy."""
@overload
def pad(x: Tensor, pad_width: Shape | Sequence[Sequence[int]] | Array, mode: str = 'constant', *, constant_values: Any = (), end_values: Any = (), stat_length: Any = (), reflect_type: str = 'even') -> Tensor: ...

@overload
def concatenate(xs: Sequence[PlainArrayLike], axis: int | None = 0) -> Array:
    """Arrays joined along an existing axis; flattened first where the axis is None."""
@overload
def concatenate(xs: Sequence[PlainArrayLike | Tensor], axis: int | None = 0) -> Tensor: ...
@overload
def concatenate(xs: Sequence[PlainArrayLike], dim: int = 0) -> Array: ...
@overload
def concatenate(xs: Sequence[PlainArrayLike | Tensor], dim: int = 0) -> Tensor: ...

@overload
def append(x: PlainArrayLike, values: PlainArrayLike, axis: int | None = None) -> Array:
    """``values`` after ``x`` along an axis; both flattened first without one."""
@overload
def append(x: Tensor, values: PlainArrayLike | Tensor, axis: int | None = None) -> Tensor: ...
@overload
def append(x: PlainArrayLike, values: Tensor, axis: int | None = None) -> Tensor: ...

@overload
def stack(xs: Sequence[PlainArrayLike], axis: int = 0) -> Array:
    """Arrays of one shape joined along a new axis."""
@overload
def stack(xs: Sequence[PlainArrayLike | Tensor], axis: int = 0) -> Tensor: ...
@overload
def stack(xs: Sequence[PlainArrayLike], dim: int = 0) -> Array: ...
@overload
def stack(xs: Sequence[PlainArrayLike | Tensor], dim: int = 0) -> Tensor: ...

@overload
def vstack(xs: Sequence[PlainArrayLike]) -> Array:
    """Arrays on top of each other; vectors become rows."""
@overload
def vstack(xs: Sequence[PlainArrayLike | Tensor]) -> Tensor: ...

@overload
def hstack(xs: Sequence[PlainArrayLike]) -> Array:
    """Arrays side by side."""
@overload
def hstack(xs: Sequence[PlainArrayLike | Tensor]) -> Tensor: ...

@overload
def dstack(xs: Sequence[PlainArrayLike]) -> Array:
    """Arrays behind each other, along the third axis."""
@overload
def dstack(xs: Sequence[PlainArrayLike | Tensor]) -> Tensor: ...

@overload
def column_stack(xs: Sequence[PlainArrayLike]) -> Array:
    """Vectors as the columns of a matrix, and matrices side by side."""
@overload
def column_stack(xs: Sequence[PlainArrayLike | Tensor]) -> Tensor: ...

@overload
def split(x: PlainArrayLike, sections: Shape | Array, axis: int = 0) -> list[Array]:
    """A list of pieces along an axis: a number of equal ones, or cut before the given places."""
@overload
def split(x: Tensor, sections: Shape | Array, axis: int = 0) -> list[Tensor]: ...

@overload
def array_split(x: PlainArrayLike, sections: Shape | Array, axis: int = 0) -> list[Array]:
    """A list of pieces as by ``split``, with lengths that may differ by one."""
@overload
def array_split(x: Tensor, sections: Shape | Array, axis: int = 0) -> list[Tensor]: ...

@overload
def vsplit(x: PlainArrayLike, sections: Shape | Array) -> list[Array]:
    """The pieces of ``split`` along the first axis."""
@overload
def vsplit(x: Tensor, sections: Shape | Array) -> list[Tensor]: ...

@overload
def hsplit(x: PlainArrayLike, sections: Shape | Array) -> list[Array]:
    """The pieces of ``split`` along the second axis; of a vector along its only one."""
@overload
def hsplit(x: Tensor, sections: Shape | Array) -> list[Tensor]: ...

@overload
def dsplit(x: PlainArrayLike, sections: Shape | Array) -> list[Array]:
    """The pieces of ``split`` along the third axis."""
@overload
def dsplit(x: Tensor, sections: Shape | Array) -> list[Tensor]: ...

@overload
def take(x: PlainArrayLike, indices: PlainArrayLike | Tensor, axis: int | None = None) -> Array:
    """Entries at ``indices`` along an axis, of all entries in order without one."""
@overload
def take(x: Tensor, indices: PlainArrayLike | Tensor, axis: int | None = None) -> Tensor: ...

@overload
def take_along_axis(x: PlainArrayLike, indices: PlainArrayLike | Tensor, axis: int) -> Array:
    """Entries picked along an axis, with indices of its own at every other place."""
@overload
def take_along_axis(x: Tensor, indices: PlainArrayLike | Tensor, axis: int) -> Tensor: ...
@overload
def take_along_axis(x: PlainArrayLike, indices: PlainArrayLike | Tensor, dim: int) -> Array: ...
@overload
def take_along_axis(x: Tensor, indices: PlainArrayLike | Tensor, dim: int) -> Tensor: ...

@overload
def repeat(x: PlainArrayLike, repeats: Shape | Array, axis: int | None = None) -> Array:
    """Each entry repeated along an axis, of all entries in order without one."""
@overload
def repeat(x: Tensor, repeats: Shape | Array, axis: int | None = None) -> Tensor: ...

@overload
def tile(x: PlainArrayLike, reps: Shape) -> Array:
    """The whole array repeated along each axis."""
@overload
def tile(x: Tensor, reps: Shape) -> Tensor: ...

@overload
def roll(x: PlainArrayLike, shift: int | tuple[int, ...], axis: Axis = None) -> Array:
    """Entries shifted along an axis, or several in turn; entries that leave at one end enter at the other."""
@overload
def roll(x: Tensor, shift: int | tuple[int, ...], axis: Axis = None) -> Tensor: ...
@overload
def roll(x: PlainArrayLike, shifts: int | tuple[int, ...], dims: Axis = None) -> Array: ...
@overload
def roll(x: Tensor, shifts: int | tuple[int, ...], dims: Axis = None) -> Tensor: ...

@overload
def sort(x: PlainArrayLike, axis: int | None = -1) -> Array:
    """Entries in ascending order along an axis; gradients go back to where the entries came from."""
@overload
def sort(x: Tensor, axis: int | None = -1) -> Tensor: ...
@overload
def sort(x: PlainArrayLike, dim: int = -1, descending: bool = False) -> Picked: ...
@overload
def sort(x: Tensor, dim: int = -1, descending: bool = False) -> Picked: ...

@overload
def partition(x: PlainArrayLike, kth: Shape, axis: int | None = -1) -> Array:
    """Entries in an order in which those at the places ``kth`` are where sorting puts them, smaller ones before them."""
@overload
def partition(x: Tensor, kth: Shape, axis: int | None = -1) -> Tensor: ...

@overload
def linspace(start: PlainArrayLike, stop: PlainArrayLike, num: int = 50, endpoint: bool = True, *, dtype: DTypeLike | None = None, axis: int = 0, device: str | None = None) -> Array:
    """``num`` numbers in equal steps from ``start`` to ``stop``, both of which may be nodes, along a new axis."""
@overload
def linspace(start: Tensor, stop: PlainArrayLike | Tensor, num: int = 50, endpoint: bool = True, *, dtype: DTypeLike | None = None, axis: int = 0, device: str | None = None) -> Tensor: ...
@overload
def linspace(start: PlainArrayLike, stop: Tensor, num: int = 50, endpoint: bool = True, *, dtype: DTypeLike | None = None, axis: int = 0, device: str | None = None) -> Tensor: ...

@overload
def diff(x: PlainArrayLike, n: int = 1, axis: int = -1, prepend: PlainArrayLike | None = None, append: PlainArrayLike | None = None) -> Array:
    """Differences of neighbours along an axis, n times over, of the entries with others before and after them."""
@overload
def diff(x: Tensor, n: int = 1, axis: int = -1, prepend: PlainArrayLike | Tensor | None = None, append: PlainArrayLike | Tensor | None = None) -> Tensor: ...
@overload
def diff(x: PlainArrayLike, n: int = 1, dim: int = -1) -> Array: ...
@overload
def diff(x: Tensor, n: int = 1, dim: int = -1) -> Tensor: ...

@overload
def numerical_gradient(x: PlainArrayLike, *spacing: PlainArrayLike, axis: Axis = None, edge_order: int = 1) -> Array:
    """NumPy's ``gradient``: the slopes of equally or unequally spaced samples along each axis; a tuple where there are several."""
@overload
def numerical_gradient(x: Tensor, *spacing: PlainArrayLike | Tensor, axis: Axis = None, edge_order: int = 1) -> Tensor: ...
@overload
def numerical_gradient(x: PlainArrayLike, *spacing: PlainArrayLike | Tensor, axis: Axis = None, edge_order: int = 1) -> Tensor: ...

@overload
def diagonal(x: PlainArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The entries of a diagonal, along a new last axis."""
@overload
def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
@overload
def diagonal(x: PlainArrayLike, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array: ...
@overload
def diagonal(x: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor: ...

@overload
def diag(x: PlainArrayLike, k: int = 0) -> Array:
    """A vector as a diagonal matrix, or the diagonal of a matrix."""
@overload
def diag(x: Tensor, k: int = 0) -> Tensor: ...

@overload
def trace(x: PlainArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The sum of a diagonal."""
@overload
def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...

@overload
def tril(x: PlainArrayLike, k: int = 0) -> Array:
    """The lower triangle, zero above it."""
@overload
def tril(x: Tensor, k: int = 0) -> Tensor: ...

@overload
def triu(x: PlainArrayLike, k: int = 0) -> Array:
    """The upper triangle, zero below it."""
@overload
def triu(x: Tensor, k: int = 0) -> Tensor: ...

@overload
def select(condlist: Sequence[PlainArrayLike], choicelist: Sequence[PlainArrayLike], default: PlainArrayLike = 0.0) -> Array:
    """The entries of the first choice whose condition holds, else the default."""
@overload
def select(condlist: Sequence[PlainArrayLike | Tensor], choicelist: Sequence[PlainArrayLike | Tensor], default: PlainArrayLike | Tensor = 0.0) -> Tensor: ...
@overload
def select(condlist: Sequence[PlainArrayLike], choicelist: Sequence[PlainArrayLike | Tensor], default: PlainArrayLike | Tensor = 0.0) -> Tensor: ...

@overload
def nan_to_num(x: PlainArrayLike) -> Array:
    """nan as 0 and ±inf as the largest numbers; a gradient passes where the entry was finite."""
@overload
def nan_to_num(x: Tensor) -> Tensor: ...

@overload
def astype(x: PlainArrayLike, dtype: DTypeLike) -> Array:
    """The entries as float32 or float64."""
@overload
def astype(x: Tensor, dtype: DTypeLike) -> Tensor: ...

@overload
def argmax(x: ArrayLike, axis: int | None = None) -> Array:
    """The index of the largest entry, as plain integers without a gradient."""
@overload
def argmax(x: PlainArrayLike, dim: int, keepdim: bool = False) -> Array: ...
@overload
def argmax(x: Tensor, dim: int, keepdim: bool = False) -> Array: ...

@overload
def argmin(x: ArrayLike, axis: int | None = None) -> Array:
    """The index of the smallest entry, as plain integers without a gradient."""
@overload
def argmin(x: PlainArrayLike, dim: int, keepdim: bool = False) -> Array: ...
@overload
def argmin(x: Tensor, dim: int, keepdim: bool = False) -> Array: ...

__all__ = [
    "AnomalyError", "GradientError", "GraphError", "GraphWarning", "NoDerivativeWarning", "Tensor", "Value", "c_",
    "check_gradients", "clip", "compile", "detect_anomaly", "explain", "find_anomaly", "formula", "formulas", "grad",
    "gradient", "hessian", "hvp", "jacobian", "jvp", "no_grad", "op", "r_", "scope", "steps", "value_and_grad", "vjp", "where",
    "identity", "add", "sub", "mul", "div", "neg", "pow", "exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "sin", "cos",
    "tan", "arctan", "arctan2", "arcsin", "arccos", "arcsinh", "arccosh", "arctanh", "cbrt", "hypot", "sinh", "cosh", "sech",
    "tanh", "sigmoid", "softplus", "logaddexp", "relu", "leaky_relu", "elu", "abs", "maximum", "minimum", "clip_min",
    "clip_max", "step", "sign", "trunc", "rint", "floor_divide", "mod", "floor", "erf", "erfc", "logit", "sinc", "fmod", "sum",
    "mean", "average", "median", "max", "min", "ptp", "var", "std", "norm", "prod", "cumsum", "cumprod", "logsumexp", "softmax",
    "log_softmax", "matmul", "dot", "vdot", "inner", "outer", "cross", "kron", "tensordot", "einsum", "reshape", "ravel",
    "transpose", "matrix_transpose", "swapaxes", "moveaxis", "rollaxis", "broadcast_to", "broadcast_arrays", "expand_dims",
    "squeeze", "atleast_1d", "atleast_2d", "atleast_3d", "flip", "flipud", "fliplr", "rot90", "pad", "concatenate", "append",
    "stack", "vstack", "hstack", "dstack", "column_stack", "split", "array_split", "vsplit", "hsplit", "dsplit", "take",
    "take_along_axis", "repeat", "tile", "roll", "sort", "partition", "linspace", "diff", "numerical_gradient", "diagonal",
    "diag", "trace", "tril", "triu", "select", "nan_to_num", "astype", "argmax", "argmin",
]
