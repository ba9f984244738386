"""Type aliases for arguments and results of training: ``from nn.typing import Data``.

Modules of this project import them under ``if TYPE_CHECKING:``, so that ``import nn`` loads no NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

from autograd import Tensor, Value
from autograd.typing import Array, PlainArrayLike, RandomSource

from .sources import Dataset

__all__ = ["Bunch", "Column", "Data", "Frame", "Params", "Prediction", "Seed", "State"]
__dir__ = __all__.copy


class Frame(Protocol):
    """Protocol of pandas columns: data with a conversion to an array."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def to_numpy(self) -> Array: ...


class Bunch(Protocol):
    """A data set of scikit-learn."""

    data: Any
    target: Any


Seed: TypeAlias = RandomSource
"""Source of random numbers: a seed, None for a seed from the system, a generator, or the module ``random``."""

Column: TypeAlias = Array | Sequence[PlainArrayLike] | Sequence[str] | Frame
"""Inputs or labels: an array, a list, a pandas frame or series."""

Data: TypeAlias = tuple[Column, Column] | Sequence[Column] | Dataset | Bunch
"""Inputs and labels: a pair of columns, or an object that has both."""

Prediction: TypeAlias = Tensor | Array | Sequence[Value] | Sequence[Sequence[Value]]
"""The result of a model for a batch."""

Params: TypeAlias = dict[str, Any]
"""Hyper-parameters by name, chosen by a search."""

State: TypeAlias = dict[str, Any]
"""The state of one part in a checkpoint: numbers, text and arrays, in lists and dicts."""
