"""The types of functions of networks for type checkers: which kinds of operands give which kind of result, once for each family.

The decorators return the function as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Protocol, overload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import Tensor, Value
    from autograd.typing import Array, ArrayLike, PlainArrayLike, Tree

    from .operands import Padding, Pair

    Values = Value | Sequence[Value] | Sequence[Sequence[Value]]

P = ParamSpec("P")


class OfPrediction(Protocol[P]):
    """A loss: of a Tensor it is a Tensor, of Values a Value."""

    @overload
    def __call__(self, input: Tensor, target: Tree, *args: P.args, **options: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, input: Values, target: Tree, *args: P.args, **options: P.kwargs) -> Value: ...
    @overload
    def __call__(self, input: Tree, target: Tree, *args: P.args, **options: P.kwargs) -> Any: ...


class OfArray(Protocol[P]):
    """A function of an array: of a Tensor it is a Tensor, of plain numbers an array."""

    @overload
    def __call__(self, input: Tensor, *args: P.args, **options: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, input: PlainArrayLike, *args: P.args, **options: P.kwargs) -> Array: ...
    @overload
    def __call__(self, input: ArrayLike, *args: P.args, **options: P.kwargs) -> Any: ...


class OfWeight(Protocol[P]):
    """A function of an array and a weight: where one of them is a Tensor it is a Tensor, else an array."""

    @overload
    def __call__(self, input: Tensor, weight: ArrayLike, *args: P.args, **options: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, input: ArrayLike, weight: Tensor, *args: P.args, **options: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, input: PlainArrayLike, weight: PlainArrayLike, *args: P.args, **options: P.kwargs) -> Array: ...


class OfWindows(Protocol):
    """The maxima of windows; a pair with their places where ``return_indices`` may be True."""

    @overload
    def __call__(self, input: Tensor, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, dilation: Pair = 1,
                 ceil_mode: bool = False, return_indices: Literal[False] = False) -> Tensor: ...
    @overload
    def __call__(self, input: PlainArrayLike, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0,
                 dilation: Pair = 1, ceil_mode: bool = False, return_indices: Literal[False] = False) -> Array: ...
    @overload
    def __call__(self, input: ArrayLike, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, dilation: Pair = 1,
                 ceil_mode: bool = False, return_indices: bool = False) -> Any: ...


if TYPE_CHECKING:
    def of_prediction(function: Callable[Concatenate[Tree, Tree, P], Any]) -> OfPrediction[P]: ...
    def of_array(function: Callable[Concatenate[ArrayLike, P], Any]) -> OfArray[P]: ...
    def of_weight(function: Callable[Concatenate[ArrayLike, ArrayLike, P], Any]) -> OfWeight[P]: ...
    def of_windows(function: Callable[..., Any]) -> OfWindows: ...
else:
    def typed(function: Callable[..., Any]) -> Any:
        """Return the function as it is; type checkers read the types above."""
        return function
    of_prediction = of_array = of_weight = of_windows = typed
