"""PyTorch's methods of tensors and duals, where NumPy's arrays have none of that name, and its words ``dtype`` and ``device``.

A method that both libraries have follows NumPy, and PyTorch where the call is written with PyTorch's words, ``dim=`` and
``keepdim=``. Indices and masks are plain arrays. docs/from_pytorch.md has both side by side.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from numpy.typing import DTypeLike

    from ..tensor import Tensor
    from ..typing import Array, PlainArrayLike
    from .functions import Picked


class PyTorchMethods:
    """The methods that PyTorch's users type."""

    __slots__ = ()

    if TYPE_CHECKING:
        shape: Any

    # ── shapes ──

    def dim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def numel(self) -> int:
        """The number of entries."""
        from math import prod
        return prod(self.shape)

    def view(self, *shape: Any) -> Self:
        """The same entries in another shape, given as numbers or a tuple; one may be −1."""
        return _functions().reshape(self, shape[0] if len(shape) == 1 else shape)

    def view_as(self, other: Tensor | Array) -> Self:
        """The same entries in the shape of another array."""
        return _functions().reshape(self, other.shape)

    def permute(self, *dims: Any) -> Self:
        """The axes in another order, given as numbers or a tuple."""
        return _functions().transpose(self, dims[0] if len(dims) == 1 else dims)

    def t(self) -> Self:
        """The transpose of a matrix; a vector as it is."""
        if len(self.shape) > 2:
            raise ValueError(f"t() of shape {tuple(self.shape)}: it is for matrices; use swapaxes, or mT for the last two axes")
        return _functions().transpose(self)

    def unsqueeze(self, dim: int) -> Self:
        """A new axis of length 1."""
        return _functions().expand_dims(self, dim)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Self:
        """The axes from ``start_dim`` to ``end_dim`` as one; all by default."""
        if (start_dim, end_dim) == (0, -1):
            return _functions().reshape(self, -1)
        start, end = (_functions().one_axis(dim, len(self.shape)) for dim in (start_dim, end_dim))
        if start > end:
            raise ValueError(f"flatten of shape {tuple(self.shape)}: start_dim={start_dim} comes after end_dim={end_dim}")
        return _functions().reshape(self, (*self.shape[:start], -1, *self.shape[end + 1:]))

    def ravel(self) -> Self:
        """All entries along one axis."""
        return _functions().reshape(self, -1)

    def expand(self, *sizes: Any) -> Self:
        """The entries repeated to a larger shape; −1 leaves an axis as it is."""
        shape = tuple(sizes[0]) if len(sizes) == 1 and not hasattr(sizes[0], "__index__") else sizes
        own = (1,) * (len(shape) - len(self.shape)) + tuple(self.shape)
        return _functions().broadcast_to(self, tuple(n if size == -1 else size for n, size in zip(own, shape)))

    def expand_as(self, other: Tensor | Array) -> Self:
        """The entries repeated to the shape of another array."""
        return _functions().broadcast_to(self, other.shape)

    def tile(self, *reps: Any) -> Self:
        """The whole array repeated along each axis: PyTorch's ``repeat``, which in NumPy repeats entries."""
        return _functions().tile(self, reps[0] if len(reps) == 1 else reps)

    def repeat_interleave(self, repeats: int | Sequence[int], dim: int | None = None, *, output_size: int | None = None) -> Self:
        """Each entry repeated along an axis, of all entries in order without one: NumPy's ``repeat`` (it counts by itself)."""
        return _functions().repeat(self, repeats, dim)

    # ── parts ──

    def chunk(self, chunks: int, dim: int = 0) -> list[Self]:
        """At most ``chunks`` pieces along an axis, all of one length but the last."""
        return self.split(max(1, -(-self.shape[dim] // chunks)), dim)

    def split(self, split_size: int | Sequence[int], dim: int = 0) -> list[Self]:
        """Pieces of ``split_size`` along an axis (the last may be shorter), or of these sizes; NumPy's ``split`` counts pieces."""
        n = self.shape[dim]
        if not isinstance(split_size, (list, tuple)) and not (isinstance(split_size, int) and split_size > 0):
            raise TypeError(f"split({split_size!r:.60}): give the length of the pieces, a number above 0, or a list of lengths")
        sizes = [min(split_size, n - i) for i in range(0, n, split_size)] if isinstance(split_size, int) else list(split_size)
        if sum(sizes) != n:
            raise ValueError(f"split of axis {dim}, of length {n}, into sizes {sizes}: they must sum to {n}")
        return _functions().split(self, [sum(sizes[:i]) for i in range(1, len(sizes))], dim)

    def unbind(self, dim: int = 0) -> tuple[Self, ...]:
        """The parts along an axis, without it."""
        return tuple(_functions().take(self, i, dim) for i in range(self.shape[dim]))

    def narrow(self, dim: int, start: int, length: int) -> Self:
        """``length`` entries along an axis from ``start`` on."""
        return _functions().take(self, range(start, start + length), dim)

    def index_select(self, dim: int, index: PlainArrayLike | Tensor) -> Self:
        """The entries at ``index`` along an axis."""
        functions = _functions()
        return functions.take(self, index, dim) if self.shape else functions.take(self.ravel(), index, dim).sum()

    def gather(self, dim: int, index: PlainArrayLike | Tensor) -> Self:
        """Entries picked along an axis, one for each entry of ``index``, which has as many axes."""
        functions = _functions()
        if not self.shape:  # a number, as a vector of one
            at = functions.plain_array(index)
            return functions.reshape(self.ravel().gather(dim, at.reshape(-1)), at.shape)
        return functions.getitem(self, functions.grid_index("gather", self.shape, dim, index))

    def scatter_add(self, dim: int, index: PlainArrayLike | Tensor, src: PlainArrayLike | Tensor) -> Self:
        """The entries with those of ``src`` added at ``index`` along an axis: the transpose of ``gather``."""
        functions = _functions()
        places = functions.grid_index("scatter_add", self.shape, dim, index)
        part = functions.getitem(src, tuple(slice(n) for n in functions.plain_array(index).shape))
        return self + functions.table.scatter(part, shape=tuple(self.shape), index=places)

    def masked_fill(self, mask: PlainArrayLike | Tensor, value: float) -> Self:
        """``value`` where the mask holds, else the entry."""
        return _functions().where(mask, value, self)

    def select(self, dim: int, index: int) -> Self:
        """The part at ``index`` along an axis, without it."""
        return _functions().take(self, index, dim)

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Picked:
        """The k largest (or smallest) entries along an axis in order, and their indices."""
        return _functions().ordered(self, dim, largest, k)

    def sort(self, dim: int = -1, descending: bool = False, stable: bool = True) -> Picked:
        """The entries in order along an axis, and their indices; ``autograd.sort`` returns the entries only."""
        return _functions().ordered(self, dim, descending)

    def argsort(self, dim: int = -1, descending: bool = False, stable: bool = True) -> Array:
        """The indices that sort along an axis, as plain integers."""
        return _functions().ordered(self, dim, descending).indices

    def amax(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Self:
        """The largest entry over axes; equal ones share the gradient."""
        return _functions().max(self, dim, keepdim)

    def amin(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Self:
        """The smallest entry over axes; equal ones share the gradient."""
        return _functions().min(self, dim, keepdim)

    def any(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Any:
        """True where any entry over the axes is not 0, as plain truth values."""
        return _functions().plain_array(self).any(axis=dim, keepdims=keepdim)

    def all(self, dim: int | tuple[int, ...] | None = None, keepdim: bool = False) -> Any:
        """True where all entries over the axes are not 0, as plain truth values."""
        return _functions().plain_array(self).all(axis=dim, keepdims=keepdim)

    def norm(self, p: Any = None, dim: Any = None, keepdim: bool = False, *, ord: Any = None, axis: Any = None,
             keepdims: bool = False, dtype: DTypeLike | None = None) -> Self:
        """The norm of vectors along axes, of all entries by default; "nuc" of matrices.

        With NumPy's words, ``ord`` and ``axis``, it is ``linalg.norm``, which takes two axes as those of matrices.
        """
        from ..linalg import norm, vector_norm
        x: Any = self if dtype is None else _functions().astype(self, dtype)
        along = tuple(dim) if isinstance(dim, list) else dim
        if ord is not None or axis is not None:
            return norm(x, ord if p is None else p, axis if dim is None else along, keepdim or keepdims)
        if p == "nuc":
            return norm(x, p, along, keepdim or keepdims)
        return vector_norm(x, 2 if p in (None, "fro") else p, along, keepdim or keepdims)

    # ── arithmetic ──

    def add(self, other: PlainArrayLike | Tensor, *, alpha: float = 1) -> Self:
        """x + ``alpha`` · other."""
        x: Any = self
        return x + (other if alpha == 1 else alpha * _functions().operand(other))

    def sub(self, other: PlainArrayLike | Tensor, *, alpha: float = 1) -> Self:
        """x − ``alpha`` · other."""
        x: Any = self
        return x - (other if alpha == 1 else alpha * _functions().operand(other))

    def div(self, other: PlainArrayLike | Tensor, *, rounding_mode: str | None = None) -> Self:
        """x / other, rounded towards 0 ("trunc") or down ("floor"), where no gradient passes, or not (None)."""
        if rounding_mode not in (None, "trunc", "floor"):
            raise ValueError(f"div: rounding_mode={rounding_mode!r}; it must be None, 'trunc' or 'floor'")
        x: Any = self
        quotient = x / other
        return quotient if rounding_mode is None else getattr(quotient, rounding_mode)()

    def matmul(self, other: PlainArrayLike | Tensor) -> Self:
        """The matrix product."""
        return _functions().matmul(self, other)

    mm = bmm = mv = matmul

    def clamp(self, min: PlainArrayLike | Tensor | None = None, max: PlainArrayLike | Tensor | None = None) -> Self:
        """The entries clipped to [min, max]."""
        return _functions().clip(self, min, max)

    def square(self) -> Self:
        """x²."""
        return self * self  # type: ignore[operator]

    def reciprocal(self) -> Self:
        """1/x."""
        return 1.0 / self  # type: ignore[operator,return-value]

    def rsqrt(self) -> Self:
        """1/√x."""
        return self ** -0.5  # type: ignore[operator]

    def tril(self, diagonal: int = 0) -> Self:
        """The lower triangle, zero above it."""
        return _functions().tril(self, diagonal)

    def triu(self, diagonal: int = 0) -> Self:
        """The upper triangle, zero below it."""
        return _functions().triu(self, diagonal)

    def roll(self, shifts: int | tuple[int, ...], dims: int | tuple[int, ...] | None = None) -> Self:
        """Entries shifted along axes; those that leave at one end enter at the other."""
        return _functions().roll(self, shifts, dims)

    # ── comparisons, with plain truth values ──

    def eq(self, other: PlainArrayLike | Tensor) -> Any:
        """True where the entries are equal."""
        return self == other

    def ne(self, other: PlainArrayLike | Tensor) -> Any:
        """True where the entries differ."""
        return self != other

    def gt(self, other: PlainArrayLike | Tensor) -> Any:
        """True where the entry is larger than the other."""
        return self > other  # type: ignore[operator]

    def ge(self, other: PlainArrayLike | Tensor) -> Any:
        """True where the entry is at least the other."""
        return self >= other  # type: ignore[operator]

    def lt(self, other: PlainArrayLike | Tensor) -> Any:
        """True where the entry is smaller than the other."""
        return self < other  # type: ignore[operator]

    def le(self, other: PlainArrayLike | Tensor) -> Any:
        """True where the entry is at most the other."""
        return self <= other  # type: ignore[operator]

    def isnan(self) -> Any:
        """True where the entry is nan."""
        plain = _functions().plain_array(self)
        return plain != plain

    # ── copies, types and places ──

    def clone(self) -> Self:
        """A node of the same entries, through which gradients pass."""
        return self.copy()  # type: ignore[attr-defined]

    def contiguous(self) -> Self:
        """The tensor itself: the order of entries in memory makes no difference here."""
        return self

    def cpu(self) -> Self:
        """The tensor itself: all arrays are in this computer's memory."""
        return self

    @property
    def device(self) -> str:
        """Always "cpu"."""
        return "cpu"

    def float(self, memory_format: object = None) -> Self:
        """The entries as float32."""
        return _functions().astype(self, "float32")

    def double(self, memory_format: object = None) -> Self:
        """The entries as float64."""
        return _functions().astype(self, "float64")

    def type_as(self, other: Tensor | Array) -> Self:
        """The entries in the dtype of another array."""
        return _functions().astype(self, other.dtype)

    def long(self, memory_format: object = None) -> Self:
        """The entries cut to whole numbers, as a constant of int64: labels, indices."""
        detached = self.detach()  # type: ignore[attr-defined]
        return type(self)(detached.array.astype("int64"), requires_grad=False)  # type: ignore[call-arg]

    def to(self, *places: Any, dtype: DTypeLike | None = None, device: object = None, non_blocking: bool = False,
           copy: bool = False, memory_format: object = None) -> Self:
        """The entries in another dtype (a dtype or an array that has it); the device can only be "cpu", the rest does nothing."""
        for place in places:
            if isinstance(place, bool):  # non_blocking, copy
                continue
            if hasattr(place, "shape") and hasattr(place, "dtype"):
                dtype = place.dtype
            elif is_device(place):
                check_device(place)
            else:
                dtype = place
        check_device(device)
        return self if dtype is None else _functions().astype(self, float_dtype(dtype))


class Count(int):
    """The number of entries, NumPy's ``x.size``, as an int; called, as PyTorch's ``x.size()``, it raises with the remedy."""

    def __call__(self, *dims: int) -> None:
        here = f"x.shape[{dims[0]}]" if dims else "x.shape"
        raise TypeError(f"x.size({', '.join(map(str, dims))}) is PyTorch's: here x.size is NumPy's, the number of entries, "
                        f"{self!r}. Write {here}")

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        """Apply NumPy to the plain number, because other integers than Python's own would widen float32."""
        return getattr(ufunc, method)(*[int(x) if isinstance(x, Count) else x for x in args], **options)


def is_device(place: object) -> bool:
    """True for a device: PyTorch's own, or a string like "cpu" and "cuda:0".

    >>> is_device("cuda:0"), is_device("float64")
    (True, False)
    """
    return str(place).partition(":")[0] in ("cpu", "cuda", "mps", "xpu", "meta", "hip", "xla")


def check_device(device: object) -> None:
    """Raise ValueError for any device but the CPU (None is the CPU too)."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise ValueError(f"device={str(device)!r}: arrays are NumPy's and live in this computer's memory; leave the device out, "
                         "or give 'cpu'")


def float_dtype(dtype: DTypeLike | None, device: object = None) -> Any:
    """Return a dtype for weights, PyTorch's ``torch.float64`` too: float32 by default. Raise for integers and other devices.

    >>> float_dtype(None), float_dtype("float64", device="cpu")
    (dtype('float32'), dtype('float64'))
    """
    import numpy as np
    check_device(device)
    name: Any = str(dtype).removeprefix("torch.") if str(dtype).startswith("torch.") else dtype
    found = np.dtype(np.float32 if dtype is None else name)
    if found not in (np.float32, np.float64):
        raise TypeError(f"dtype={dtype}: weights and gradients are float32 or float64; use x.data.astype({found}), or x.long(), "
                        "for numbers without a gradient")
    return found


def _functions() -> Any:
    """The module of array functions, which loads NumPy when first used."""
    from . import functions
    return functions
