"""An operation that mixes the entries of arrays: its forward, a pullback for each operand, and its pushforward."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from operator import add
from typing import Any

import numpy as np

from ..elementwise import Arrays
from ..errors import ArrayNeededError
from ..operation import interpreter
from .axes import plain_array

array_operations: dict[str, ArrayOperation] = {}


class ArrayOperation:
    """One row of the second table, for example ``sum``, ``matmul``, ``getitem``.

    ``pullbacks`` has one function for each operand, which maps ``(g, out, *operands, **params)`` to the downstream
    gradient of its operand; an operation of any number of operands (``variadic``) has a single one, with the operand's number as
    ``i=``. ``pushforward`` maps ``(out, operands, tangents, params)`` to the tangent of the result, a tangent being None where the
    operand has none; left out, the operation is linear in all operands together, with ``bilinear=True`` in each of them. ``shown``
    are the texts on the edges of drawings.

    ``is_selection`` marks an operation whose result may not depend on some entries (``x[1:]``): no gradient arrives there.
    ``shows_nan`` maps its operand and the params to True where a nan in any entry is one in the result (``max``), so that none is
    hidden. ``reach`` maps a mask of the entries at which a gradient arrived, and the operands, to the mask for the operand, where
    the general rule (all entries, for an operation that is neither linear nor a selection) is too coarse. ``of_number`` returns
    the Value that the operation of Values is (the sum of one is itself), or None where there is none.
    """

    saves = True  # True if a backward sweep needs the operands

    def __init__(self, name: str, sign: str, forward: Callable[..., Any], *pullbacks: Callable[..., Any],
                 pushforward: Callable[..., Any] | None = None, bilinear: bool = False, variadic: bool = False,
                 shown: tuple[str, ...] = (), is_selection: bool = False,
                 shows_nan: Callable[..., bool] = lambda x, **params: False, reach: Callable[..., Any] | None = None,
                 of_number: Callable[..., Any] = lambda *xs, **params: None):
        self.name, self.sign, self.forward, self.pullbacks = name, sign, forward, pullbacks
        self.variadic, self.bilinear, self.shown = variadic, bilinear, shown or (f"{name}ᵀ",)
        self.is_selection, self.shows_nan, self.reach, self.of_number = is_selection, shows_nan, reach, of_number
        self.is_linear = pushforward is None and not bilinear
        self.pushforward = pushforward or (self._push_bilinear if bilinear else self._push_linear)
        self.module = sys._getframe(1).f_globals["__name__"]
        array_operations[name] = self

    def __call__(self, *operands: Any, **params: Any) -> Any:
        kind = interpreter(operands)
        if kind is Arrays or kind is None:
            return self.forward(*[np.asarray(x) for x in operands], **params)
        if not hasattr(kind, "apply_array_operation"):
            if (number := self.of_number(*operands, **params)) is not None:
                return number
            raise ArrayNeededError(f"{self.name} of {', '.join(type(x).__name__ for x in operands)}: it takes tensors and "
                                   "arrays; make a Tensor of the numbers")
        return kind.apply_array_operation(self, operands, params)

    def pullback(self, i: int, g: Any, out: Any, operands: Any, params: dict[str, Any]) -> Any:
        """The downstream gradient of operand ``i``, of the shape that the operation used it in."""
        if self.variadic:
            return self.pullbacks[0](g, out, *operands, i=i, **params)
        return self.pullbacks[i](g, out, *operands, **params)

    def reached(self, i: int, arrived: Any, out: Any, operands: Any, params: dict[str, Any]) -> Any:
        """The mask of the entries of operand ``i`` that receive a gradient from the entries ``arrived`` of the result."""
        if arrived is False or arrived is True and not self.is_selection:
            return arrived
        ones = np.ones(out.shape) if arrived is True else arrived.astype(float)
        if self.is_linear or self.is_selection or self.bilinear:
            if self.bilinear:
                operands = [None if x is None else np.ones(plain_array(x).shape) for x in operands]
            return self.pullback(i, ones, out, operands, params) != 0
        if self.reach is not None:
            return self.reach(arrived, *operands, **params)
        return bool(np.any(arrived))

    def _push_linear(self, out: Any, operands: Any, tangents: Any, params: dict[str, Any]) -> Any:
        return self(*[np.zeros_like(plain_array(x)) if t is None else t for x, t in zip(operands, tangents)], **params)

    def _push_bilinear(self, out: Any, operands: Any, tangents: Any, params: dict[str, Any]) -> Any:
        parts = [self(*operands[:i], t, *operands[i + 1:], **params) for i, t in enumerate(tangents) if t is not None]
        return reduce(add, parts)

    def __repr__(self) -> str:
        return f"<array operation {self.name}>"

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return self is other or self.name == other

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> Any:
        return find, (self.name, self.module)


def find(name: str, module: str = "autograd.arrays.table") -> ArrayOperation:
    """The array operation of that name, for pickles, which name the module that defines it; LookupError without one."""
    if name not in array_operations:
        try:
            import_module(module)
        except ImportError:
            pass
    if name not in array_operations:
        raise LookupError(f"no array operation {name!r}: the module {module!r} does not define it. It was saved by a program "
                          "that defined it; import that module before loading")
    return array_operations[name]
