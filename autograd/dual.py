"""Forward mode: a dual number carries a value and its tangent through the same rows.

Each ``jvp`` makes duals of a level of its own, higher than those that exist, so that nested derivatives cannot
be confused: an operation treats duals of a lower level as constants (Siskind & Pearlmutter, "Perturbation
Confusion and Referential Transparency", 2005). A dual wraps the operand of the level below: a float, an
array, a Value or Tensor (reverse under forward), or a dual of a lower level.
"""

from __future__ import annotations

from itertools import count
from math import prod

from .arrays.protocol import ArrayMethods
from .context import current
from .errors import warn_no_derivative
from .escapes import escape
from .operation import Operators, Operation, partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

next_level = count(1).__next__


class Dual(ArrayMethods, Operators):
    """A primal value with its tangent, at the level of one ``jvp``."""

    __slots__ = ("primal", "tangent", "level")
    priority = 4

    def __init__(self, primal: Any, tangent: Any, level: int):
        self.primal, self.tangent, self.level = primal, tangent, level

    @staticmethod
    def apply_operation(row: Operation, args: tuple[Any, ...]) -> Any:
        level = max(x.level for x in args if isinstance(x, Dual))
        primals = tuple(primal(x, level) for x in args)
        out = row(*primals)
        dtype = getattr(out, "dtype", None)
        if dtype is None:  # rules on numbers use Python's floats, also for NumPy's numbers
            primals = tuple(float(x) if hasattr(x, "dtype") and not hasattr(x, "priority") else x for x in primals)
        else:  # rules compute in the wider of two dtypes
            primals = tuple(x.astype(dtype) if getattr(x, "dtype", dtype) != dtype else x for x in primals)
        tangent: Any = 0.0
        for x, rule in zip(args, row.partials):
            dx = tangent_of(x, level)
            if rule is False:
                warn_no_derivative(row.name)
            if dx is None or (isinstance(dx, float) and dx == 0):  # no tangent: 0·∞ must not arise
                continue
            with _silence(out):
                local = partial(rule, out, *primals)
                if local is False:  # a branch not taken
                    continue
                if dtype is None:
                    tangent = tangent + local * dx
                else:
                    tangent = tangent + _masked_product(rule, local, dx, out, primals)
        return make_dual(out, tangent, level)

    @staticmethod
    def apply_array_operation(op: Any, operands: tuple[Any, ...], options: dict[str, Any]) -> Any:
        level = max(x.level for x in operands if isinstance(x, Dual))
        primals = [primal(x, level) for x in operands]
        out = op(*primals, **options)
        with _silence(out):
            return make_dual(out, op.pushforward(out, primals, [tangent_of(x, level) for x in operands], options), level)

    @staticmethod
    def apply_where(condition: Any, x: Any, y: Any) -> Any:
        if any(shape(z) for z in (condition, x, y)):
            from .arrays.functions import where
            return where(condition, x, y)
        return x if condition else y

    @property
    def shape(self) -> tuple[int, ...]:
        return shape(self)

    @property
    def ndim(self) -> int:
        return len(shape(self))

    @property
    def dtype(self) -> Any:
        return unwrap(self).dtype

    def __len__(self) -> int:
        return shape(self)[0]

    def plain_data(self) -> Any:
        """The primal, which may be a node or a dual itself."""
        return self.primal

    def item(self) -> Any:
        """The primal number, as ``item`` of a Value."""
        return self.primal.item() if hasattr(self.primal, "item") else self.primal

    def detach(self) -> Any:
        """The primal alone: no derivative flows through it."""
        return self.primal

    @property
    def size(self) -> int:
        return prod(shape(self))

    @property
    def data(self) -> Any:
        """The plain number or array under all levels, as ``data`` of a Value."""
        plain = unwrap(self)
        return plain.data if hasattr(plain, "describe") else plain

    def numpy(self) -> Any:
        """The plain array, as ``data`` gives it."""
        return self.data

    def tolist(self) -> Any:
        """The plain numbers as nested Python lists."""
        return self.data.tolist() if shape(self) else self.item()

    def leaves(self) -> tuple[Any, ...]:
        """No leaves: a dual number holds no graph."""
        return ()

    def describe(self) -> str:
        """The dual in messages."""
        return f"a dual number of {self.data!r:.40}"

    def __float__(self) -> float:
        escape(self, "float()")
        return float(self.item())

    def __int__(self) -> int:
        escape(self, "int()")
        return int(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        escape(self, "np.asarray()")
        from .arrays.axes import plain_array
        return plain_array(self).astype(dtype)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, tangent={self.tangent!r}, level={self.level})"

    def __bool__(self) -> bool:
        return bool(self.primal)

    def __eq__(self, other: object) -> Any:
        return unwrap(self) == unwrap(other)

    def __ne__(self, other: object) -> Any:
        return unwrap(self) != unwrap(other)

    def __lt__(self, other: Any) -> Any:
        return unwrap(self) < unwrap(other)

    def __le__(self, other: Any) -> Any:
        return unwrap(self) <= unwrap(other)

    def __gt__(self, other: Any) -> Any:
        return unwrap(self) > unwrap(other)

    def __ge__(self, other: Any) -> Any:
        return unwrap(self) >= unwrap(other)

    __hash__ = object.__hash__


def _silence(out: Any) -> Any:
    """Context in which a rule runs: on arrays it silences NumPy's warnings at the edge of a domain."""
    if getattr(out, "dtype", None) is None:
        from contextlib import nullcontext
        return nullcontext()
    from .elementwise import Silence
    return Silence()


def _masked_product(rule: Any, local: Any, tangent: Any, out: Any, primals: Any) -> Any:
    """Local × tangent on arrays; 0 where a branch was not taken or nothing moves, instead of 0 · inf or 0 · nan."""
    from .arrays.axes import plain_array
    from .arrays.functions import where
    from .elementwise import local_and_taken
    product = local * tangent
    plain = plain_array(product)
    if (plain == plain).all():
        return product
    _, taken = local_and_taken(rule, *(x if isinstance(x, float) else plain_array(x) for x in (out, *primals)))
    return where(taken & (plain_array(tangent) != 0), product, 0.0)


def unwrap(x: Any) -> Any:
    """The number, array or node under all levels of dual numbers."""
    while isinstance(x, Dual):
        x = x.primal
    return x


def shape(x: Any) -> tuple[int, ...]:
    """The shape of the array under all levels; () for numbers."""
    return getattr(unwrap(x), "shape", ())


def make_dual(out: Any, tangent: Any, level: int) -> Any:
    """The dual of a result and its tangent, broadcast to the result's shape; inside no_grad only the result."""
    context = current()
    if context is not None and not context.recording:
        return out
    if shape(tangent) != shape(out):
        from .arrays.functions import broadcast_to
        tangent = broadcast_to(tangent, shape(out))
    return Dual(out, tangent, level)


def primal(x: Any, level: int) -> Any:
    """``x`` without its tangent at this level."""
    return x.primal if isinstance(x, Dual) and x.level == level else x


def tangent_of(x: Any, level: int) -> Any:
    """The tangent of ``x`` at this level; None where it is a constant there."""
    return x.tangent if isinstance(x, Dual) and x.level == level else None
