# ruff: noqa

"""The operators, rows and array functions as methods, as type checkers see them. Generated from the tables by `make docs`: do not edit."""

from collections.abc import Sequence
from typing import Any, Literal, overload

from .typing import Array, Axis, DTypeLike, Number, PlainArrayLike, Real, Shape
from .arrays.functions import Picked
from .arrays.protocol import ArrayMethods
from .graph import Node
from .tensor import Tensor
from .value import Value

class ValueMethods(Node):
    """The base of Value."""

    def __add__(self, other: Number | Real, /) -> Value: ...
    def __radd__(self, other: Number | Real, /) -> Value: ...
    def __sub__(self, other: Number | Real, /) -> Value: ...
    def __rsub__(self, other: Number | Real, /) -> Value: ...
    def __mul__(self, other: Number | Real, /) -> Value: ...
    def __rmul__(self, other: Number | Real, /) -> Value: ...
    def __truediv__(self, other: Number | Real, /) -> Value: ...
    def __rtruediv__(self, other: Number | Real, /) -> Value: ...
    def __floordiv__(self, other: Number | Real, /) -> Value: ...
    def __rfloordiv__(self, other: Number | Real, /) -> Value: ...
    def __mod__(self, other: Number | Real, /) -> Value: ...
    def __rmod__(self, other: Number | Real, /) -> Value: ...
    def __pow__(self, other: Number | Real, /) -> Value: ...
    def __rpow__(self, other: Number | Real, /) -> Value: ...
    def __neg__(self, /) -> Value: ...
    def __abs__(self, /) -> Value: ...
    def __pos__(self, /) -> Value: ...
    def __lt__(self, other: Number | Real) -> bool: ...
    def __le__(self, other: Number | Real) -> bool: ...
    def __gt__(self, other: Number | Real) -> bool: ...
    def __ge__(self, other: Number | Real) -> bool: ...
    def identity(self, /) -> Value:
        """Drawn as id. ∂/∂x = 1."""
    def add(self, y: Number | Real, /) -> Value:
        """Drawn as +. ∂/∂x = 1; ∂/∂y = 1."""
    def sub(self, y: Number | Real, /) -> Value:
        """Drawn as −. ∂/∂x = 1; ∂/∂y = −1."""
    def mul(self, y: Number | Real, /) -> Value:
        """Drawn as ×. ∂/∂x = y; ∂/∂y = x."""
    def div(self, y: Number | Real, /) -> Value:
        """Drawn as /. ∂/∂x = 1/y; ∂/∂y = −x/y²."""
    def neg(self, /) -> Value:
        """Drawn as ×(−1). ∂/∂x = −1."""
    def pow(self, y: Number | Real, /) -> Value:
        """Drawn as ^. ∂/∂x = y·x^(y − 1); ∂/∂y = out·log(x)."""
    def exp(self, /) -> Value:
        """Drawn as exp. ∂/∂x = out."""
    def expm1(self, /) -> Value:
        """Drawn as expm1. ∂/∂x = exp(x)."""
    def log(self, /) -> Value:
        """Drawn as log. ∂/∂x = 1/x."""
    def log2(self, /) -> Value:
        """Drawn as log2. ∂/∂x = 1/(x·0.69)."""
    def log10(self, /) -> Value:
        """Drawn as log10. ∂/∂x = 1/(x·2.30)."""
    def log1p(self, /) -> Value:
        """Drawn as log1p. ∂/∂x = 1/(1 + x)."""
    def sqrt(self, /) -> Value:
        """Drawn as √. ∂/∂x = 0.5/out."""
    def sin(self, /) -> Value:
        """Drawn as sin. ∂/∂x = cos(x)."""
    def cos(self, /) -> Value:
        """Drawn as cos. ∂/∂x = −sin(x)."""
    def tan(self, /) -> Value:
        """Drawn as tan. ∂/∂x = 1 + out²."""
    def arctan(self, /) -> Value:
        """Drawn as arctan. ∂/∂x = 1/(1 + x²)."""
    def arctan2(self, y: Number | Real, /) -> Value:
        """Drawn as arctan2. ∂/∂x = y/(x² + y²); ∂/∂y = −x/(x² + y²)."""
    def arcsin(self, /) -> Value:
        """Drawn as arcsin. ∂/∂x = 1/sqrt((1 − x)·(1 + x))."""
    def arccos(self, /) -> Value:
        """Drawn as arccos. ∂/∂x = −1/sqrt((1 − x)·(1 + x))."""
    def arcsinh(self, /) -> Value:
        """Drawn as arcsinh. ∂/∂x = 1/sqrt(1 + x²)."""
    def arccosh(self, /) -> Value:
        """Drawn as arccosh. ∂/∂x = 1/(sqrt(x − 1)·sqrt(x + 1))."""
    def arctanh(self, /) -> Value:
        """Drawn as arctanh. ∂/∂x = 1/((1 − x)·(1 + x))."""
    def cbrt(self, /) -> Value:
        """Drawn as ∛. ∂/∂x = 1/(3·out²)."""
    def hypot(self, y: Number | Real, /) -> Value:
        """Drawn as hypot. ∂/∂x = x/out; ∂/∂y = y/out."""
    def sinh(self, /) -> Value:
        """Drawn as sinh. ∂/∂x = cosh(x)."""
    def cosh(self, /) -> Value:
        """Drawn as cosh. ∂/∂x = sinh(x)."""
    def sech(self, /) -> Value:
        """Drawn as sech. ∂/∂x = −out·tanh(x)."""
    def tanh(self, /) -> Value:
        """Drawn as tanh. ∂/∂x = 1 − out²."""
    def sigmoid(self, /) -> Value:
        """Drawn as σ. ∂/∂x = (1 − out)·out."""
    def softplus(self, /) -> Value:
        """Drawn as softplus. ∂/∂x = sigmoid(x)."""
    def logaddexp(self, y: Number | Real, /) -> Value:
        """Drawn as logaddexp. ∂/∂x = sigmoid(x − y); ∂/∂y = sigmoid(y − x)."""
    def relu(self, /) -> Value:
        """Drawn as relu. ∂/∂x = x > 0."""
    def leaky_relu(self, /, slope: Number | Real = 0.01) -> Value:
        """Drawn as lrelu. ∂/∂x = 1 if x > 0 else slope; ∂/∂slope = 0 if x > 0 else x."""
    def elu(self, /, alpha: Number | Real = 1.0) -> Value:
        """Drawn as elu. ∂/∂x = 1 if x > 0 else alpha·exp(x); ∂/∂alpha = 0 if x > 0 else expm1(x)."""
    def abs(self, /) -> Value:
        """Drawn as |x|. ∂/∂x = sign(x)."""
    def maximum(self, y: Number | Real, /) -> Value:
        """Drawn as max. ∂/∂x = x > y; ∂/∂y = x < y."""
    def minimum(self, y: Number | Real, /) -> Value:
        """Drawn as min. ∂/∂x = x < y; ∂/∂y = x > y."""
    def clip_min(self, y: Number | Real, /) -> Value:
        """Drawn as ≥. ∂/∂x = x ≥ y; ∂/∂y = x < y."""
    def clip_max(self, y: Number | Real, /) -> Value:
        """Drawn as ≤. ∂/∂x = x ≤ y; ∂/∂y = x > y."""
    def step(self, /) -> Value:
        """Drawn as step. It passes no gradient on."""
    def sign(self, /) -> Value:
        """Drawn as sign. It passes no gradient on."""
    def trunc(self, /) -> Value:
        """Drawn as trunc. It passes no gradient on."""
    def rint(self, /) -> Value:
        """Drawn as rint. It passes no gradient on."""
    def floor_divide(self, y: Number | Real, /) -> Value:
        """Drawn as //. It passes no gradient on."""
    def mod(self, y: Number | Real, /) -> Value:
        """Drawn as %. ∂/∂x = 1; ∂/∂y = −floor_divide(x, y)."""
    def floor(self, /) -> Value:
        """Drawn as ⌊x⌋. It passes no gradient on."""
    def erf(self, /) -> Value:
        """Drawn as erf. ∂/∂x = 1.13·exp(−(x·x))."""
    def erfc(self, /) -> Value:
        """Drawn as erfc. ∂/∂x = −1.13·exp(−(x·x))."""
    def logit(self, /) -> Value:
        """Drawn as logit. ∂/∂x = 1/(x·(1 − x))."""
    def sinc(self, /) -> Value:
        """Drawn as sinc. ∂/∂x = (cos(3.14·x) − out)/x."""
    def fmod(self, y: Number | Real, /) -> Value:
        """Drawn as fmod. ∂/∂x = 1; ∂/∂y = (out − x)/y."""

class TensorMethods(ArrayMethods):
    """The base of Tensor."""

    def __add__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __radd__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __sub__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __rsub__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __mul__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __rmul__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __truediv__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __rtruediv__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __floordiv__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __rfloordiv__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __mod__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __rmod__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __pow__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __rpow__(self, other: PlainArrayLike | Tensor, /) -> Tensor: ...
    def __neg__(self, /) -> Tensor: ...
    def __abs__(self, /) -> Tensor: ...
    def __pos__(self, /) -> Tensor: ...
    def __lt__(self, other: PlainArrayLike | Tensor) -> Array: ...
    def __le__(self, other: PlainArrayLike | Tensor) -> Array: ...
    def __gt__(self, other: PlainArrayLike | Tensor) -> Array: ...
    def __ge__(self, other: PlainArrayLike | Tensor) -> Array: ...
    def identity(self, /) -> Tensor:
        """Drawn as id. ∂/∂x = 1."""
    def mul(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as ×. ∂/∂x = y; ∂/∂y = x."""
    def neg(self, /) -> Tensor:
        """Drawn as ×(−1). ∂/∂x = −1."""
    def pow(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as ^. ∂/∂x = y·x^(y − 1); ∂/∂y = out·log(x)."""
    def exp(self, /) -> Tensor:
        """Drawn as exp. ∂/∂x = out."""
    def expm1(self, /) -> Tensor:
        """Drawn as expm1. ∂/∂x = exp(x)."""
    def log(self, /) -> Tensor:
        """Drawn as log. ∂/∂x = 1/x."""
    def log2(self, /) -> Tensor:
        """Drawn as log2. ∂/∂x = 1/(x·0.69)."""
    def log10(self, /) -> Tensor:
        """Drawn as log10. ∂/∂x = 1/(x·2.30)."""
    def log1p(self, /) -> Tensor:
        """Drawn as log1p. ∂/∂x = 1/(1 + x)."""
    def sqrt(self, /) -> Tensor:
        """Drawn as √. ∂/∂x = 0.5/out."""
    def sin(self, /) -> Tensor:
        """Drawn as sin. ∂/∂x = cos(x)."""
    def cos(self, /) -> Tensor:
        """Drawn as cos. ∂/∂x = −sin(x)."""
    def tan(self, /) -> Tensor:
        """Drawn as tan. ∂/∂x = 1 + out²."""
    def arctan(self, /) -> Tensor:
        """Drawn as arctan. ∂/∂x = 1/(1 + x²)."""
    def arctan2(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as arctan2. ∂/∂x = y/(x² + y²); ∂/∂y = −x/(x² + y²)."""
    def arcsin(self, /) -> Tensor:
        """Drawn as arcsin. ∂/∂x = 1/sqrt((1 − x)·(1 + x))."""
    def arccos(self, /) -> Tensor:
        """Drawn as arccos. ∂/∂x = −1/sqrt((1 − x)·(1 + x))."""
    def arcsinh(self, /) -> Tensor:
        """Drawn as arcsinh. ∂/∂x = 1/sqrt(1 + x²)."""
    def arccosh(self, /) -> Tensor:
        """Drawn as arccosh. ∂/∂x = 1/(sqrt(x − 1)·sqrt(x + 1))."""
    def arctanh(self, /) -> Tensor:
        """Drawn as arctanh. ∂/∂x = 1/((1 − x)·(1 + x))."""
    def cbrt(self, /) -> Tensor:
        """Drawn as ∛. ∂/∂x = 1/(3·out²)."""
    def hypot(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as hypot. ∂/∂x = x/out; ∂/∂y = y/out."""
    def sinh(self, /) -> Tensor:
        """Drawn as sinh. ∂/∂x = cosh(x)."""
    def cosh(self, /) -> Tensor:
        """Drawn as cosh. ∂/∂x = sinh(x)."""
    def sech(self, /) -> Tensor:
        """Drawn as sech. ∂/∂x = −out·tanh(x)."""
    def tanh(self, /) -> Tensor:
        """Drawn as tanh. ∂/∂x = 1 − out²."""
    def sigmoid(self, /) -> Tensor:
        """Drawn as σ. ∂/∂x = (1 − out)·out."""
    def softplus(self, /) -> Tensor:
        """Drawn as softplus. ∂/∂x = sigmoid(x)."""
    def logaddexp(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as logaddexp. ∂/∂x = sigmoid(x − y); ∂/∂y = sigmoid(y − x)."""
    def relu(self, /) -> Tensor:
        """Drawn as relu. ∂/∂x = x > 0."""
    def leaky_relu(self, /, slope: PlainArrayLike | Tensor = 0.01) -> Tensor:
        """Drawn as lrelu. ∂/∂x = 1 if x > 0 else slope; ∂/∂slope = 0 if x > 0 else x."""
    def elu(self, /, alpha: PlainArrayLike | Tensor = 1.0) -> Tensor:
        """Drawn as elu. ∂/∂x = 1 if x > 0 else alpha·exp(x); ∂/∂alpha = 0 if x > 0 else expm1(x)."""
    def abs(self, /) -> Tensor:
        """Drawn as |x|. ∂/∂x = sign(x)."""
    def maximum(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as max. ∂/∂x = x > y; ∂/∂y = x < y."""
    def minimum(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as min. ∂/∂x = x < y; ∂/∂y = x > y."""
    def clip_min(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as ≥. ∂/∂x = x ≥ y; ∂/∂y = x < y."""
    def clip_max(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as ≤. ∂/∂x = x ≤ y; ∂/∂y = x > y."""
    def step(self, /) -> Tensor:
        """Drawn as step. It passes no gradient on."""
    def sign(self, /) -> Tensor:
        """Drawn as sign. It passes no gradient on."""
    def trunc(self, /) -> Tensor:
        """Drawn as trunc. It passes no gradient on."""
    def rint(self, /) -> Tensor:
        """Drawn as rint. It passes no gradient on."""
    def floor_divide(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as //. It passes no gradient on."""
    def mod(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as %. ∂/∂x = 1; ∂/∂y = −floor_divide(x, y)."""
    def floor(self, /) -> Tensor:
        """Drawn as ⌊x⌋. It passes no gradient on."""
    def erf(self, /) -> Tensor:
        """Drawn as erf. ∂/∂x = 1.13·exp(−(x·x))."""
    def erfc(self, /) -> Tensor:
        """Drawn as erfc. ∂/∂x = −1.13·exp(−(x·x))."""
    def logit(self, /) -> Tensor:
        """Drawn as logit. ∂/∂x = 1/(x·(1 − x))."""
    def sinc(self, /) -> Tensor:
        """Drawn as sinc. ∂/∂x = (cos(3.14·x) − out)/x."""
    def fmod(self, y: PlainArrayLike | Tensor, /) -> Tensor:
        """Drawn as fmod. ∂/∂x = 1; ∂/∂y = (out − x)/y."""
    @overload
    def sum(self, axis: Axis = None, keepdims: bool = False, *, dtype: DTypeLike | None = None, out: None = None) -> Tensor:
        """The sum of entries over one axis, a tuple of axes, or all."""
    @overload
    def sum(self, dim: Axis = None, keepdim: bool = False) -> Tensor: ...
    @overload
    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The mean over one axis, a tuple of axes, or all."""
    @overload
    def mean(self, dim: Axis = None, keepdim: bool = False) -> Tensor: ...
    @overload
    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The largest entry over axes; equal ones share the gradient equally."""
    @overload
    def max(self, dim: int, keepdim: bool = False) -> Picked: ...
    @overload
    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The smallest entry over axes; equal ones share the gradient equally."""
    @overload
    def min(self, dim: int, keepdim: bool = False) -> Picked: ...
    @overload
    def var(self, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0) -> Tensor:
        """The variance over axes, by two passes; ``ddof=1`` divides by one less (Bessel's correction)."""
    @overload
    def var(self, dim: Axis = None, unbiased: bool = True, keepdim: bool = False, *, correction: int = 1) -> Tensor: ...
    @overload
    def std(self, axis: Axis = None, keepdims: bool = False, *, ddof: float = 0) -> Tensor:
        """The standard deviation over axes; where it is 0, so is its gradient."""
    @overload
    def std(self, dim: Axis = None, unbiased: bool = True, keepdim: bool = False, *, correction: int = 1) -> Tensor: ...
    @overload
    def prod(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The product over axes; by pairs where one is 0, tiny or huge, so that zeros are no exception at any order of derivative."""
    @overload
    def prod(self, dim: Axis = None, keepdim: bool = False) -> Tensor: ...
    @overload
    def cumsum(self, axis: int | None = None) -> Tensor:
        """The running sum along an axis; of all entries in order without one."""
    @overload
    def cumsum(self, dim: int) -> Tensor: ...
    @overload
    def cumprod(self, axis: int | None = None) -> Tensor:
        """The running product along an axis, of all entries in order without one; by doubling, so that zeros are no exception."""
    @overload
    def cumprod(self, dim: int) -> Tensor: ...
    @overload
    def logsumexp(self, axis: Axis = None, keepdims: bool = False, *, b: PlainArrayLike | Tensor | None = None) -> Tensor:
        """log Σ b·exp over axes, shifted by the maximum so that nothing overflows; ``b`` is 1 by default."""
    @overload
    def logsumexp(self, dim: Axis = None, keepdim: bool = False) -> Tensor: ...
    @overload
    def softmax(self, axis: Axis = -1) -> Tensor:
        """exp(x) scaled to sum to 1 along an axis."""
    @overload
    def softmax(self, dim: int) -> Tensor: ...
    @overload
    def log_softmax(self, axis: Axis = -1) -> Tensor:
        """log of softmax, without forming it."""
    @overload
    def log_softmax(self, dim: int) -> Tensor: ...
    def dot(self, y: PlainArrayLike | Tensor) -> Tensor:
        """NumPy's dot: inner product of vectors, matrix product, and over the last axis of x and the second last of y."""
    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Two axes exchanged."""
    def broadcast_to(self, shape: Shape) -> Tensor:
        """The entries repeated to a larger shape by NumPy's rules."""
    def expand_dims(self, axis: Axis) -> Tensor:
        """New axes of length 1 at the given places of the result."""
    @overload
    def squeeze(self, axis: Axis = None) -> Tensor:
        """Without the axes of length 1, all of them or those given."""
    @overload
    def squeeze(self, dim: Axis) -> Tensor: ...
    @overload
    def flip(self, axis: Axis = None) -> Tensor:
        """The order of entries reversed along axes, all by default."""
    @overload
    def flip(self, dims: Axis) -> Tensor: ...
    def take(self, indices: PlainArrayLike | Tensor, axis: int | None = None) -> Tensor:
        """Entries at ``indices`` along an axis, of all entries in order without one."""
    def repeat(self, repeats: Shape | Array, axis: int | None = None) -> Tensor:
        """Each entry repeated along an axis, of all entries in order without one."""
    @overload
    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The entries of a diagonal, along a new last axis."""
    @overload
    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor: ...
    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The sum of a diagonal."""
    def clip(self, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Tensor:
        """``x`` clipped to [a_min, a_max] (None is no bound); the gradient passes on the closed interval."""
    def astype(self, dtype: DTypeLike) -> Tensor:
        """The entries as float32 or float64."""
    @overload
    def argmax(self, axis: int | None = None) -> Array:
        """The index of the largest entry, as plain integers without a gradient."""
    @overload
    def argmax(self, dim: int, keepdim: bool = False) -> Array: ...
    @overload
    def argmin(self, axis: int | None = None) -> Array:
        """The index of the smallest entry, as plain integers without a gradient."""
    @overload
    def argmin(self, dim: int, keepdim: bool = False) -> Array: ...
