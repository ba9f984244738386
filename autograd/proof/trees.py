"""Nested numbers and arrays as one flat list of floats, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import nan, prod
from typing import TYPE_CHECKING, Any

from ..functional import flatten, plain
from ..graph import is_node
from ..operation import number

if TYPE_CHECKING:
    from numpy import ndarray
    from numpy.typing import DTypeLike

__tracebackhide__ = True


class StructureError(ValueError):
    """A tree has another structure than it had before, or should have."""


class TreeSpec:
    """The structure of nested numbers and arrays: ``flat`` lists their entries, ``tree`` builds them from such a list.

    ``places`` holds the path to each entry ("[0][1, 2]", "" for a lone number), ``shapes`` and ``dtypes`` those of the
    leaves (the dtype of a number is None).

    >>> spec = TreeSpec({"w": [1.0, 2.0], "b": 3.0})
    >>> spec.places, spec.tree([4.0, 5.0, 6.0])
    (["['w'][0]", "['w'][1]", "['b']"], {'w': [4.0, 5.0], 'b': 6.0})
    """

    def __init__(self, tree: object):
        leaves, self.rebuild = flatten(tree)
        self.shapes: list[tuple[int, ...]] = [getattr(plain(x), "shape", ()) for x in leaves]
        self.dtypes: list[Any] = [plain(x).dtype if shape else None for x, shape in zip(leaves, self.shapes)]
        self.places = [place for path, shape in zip(_paths(tree), self.shapes) for place in _entries(path, shape)]

    def flat(self, tree: object) -> list[float]:
        """Every number in a tree of this structure, in order; StructureError for a tree of another."""
        numbers: list[float] = []
        for leaf in flatten(tree)[0]:
            leaf = plain(leaf) if is_node(leaf) else leaf.detach() if hasattr(leaf, "detach") else leaf
            if getattr(leaf, "shape", ()) != ():
                import numpy
                numbers += numpy.asarray(leaf, dtype=float).ravel().tolist()
            else:
                complex_power = isinstance(leaf, complex)  # (-1.0) ** 0.5 of plain floats
                numbers.append(nan if complex_power else number(leaf, "check_gradients: an entry"))
        if len(numbers) != len(self.places):
            raise StructureError(f"check_gradients: {len(numbers)} numbers where {len(self.places)} were expected, in "
                                 f"{tree!r:.80}; results must have the same structure at every point, and a gradient "
                                 "the structure of the arguments")
        return numbers

    def tree(self, numbers: Sequence[float], given_dtypes: bool = False) -> Any:
        """The tree that holds these numbers, in arrays of float64 or of the dtypes that were given."""
        leaves: list[object] = []
        start = 0
        for shape, dtype in zip(self.shapes, self.dtypes):
            size = prod(shape)
            kind = dtype if given_dtypes else float
            leaves.append(make_array(numbers[start:start + size], shape, kind) if shape else numbers[start])
            start += size
        return self.rebuild(leaves)

    @property
    def has_low_precision(self) -> bool:
        """True if an array has a precision lower than float64."""
        return any(dtype is not None and dtype.kind == "f" and dtype.itemsize < 8 for dtype in self.dtypes)


def make_array(numbers: Sequence[float], shape: tuple[int, ...], dtype: DTypeLike) -> ndarray:
    """A NumPy array of these numbers."""
    import numpy
    return numpy.array(numbers, dtype=dtype).reshape(shape)


def _paths(tree: object, path: str = "") -> Iterator[str]:
    if isinstance(tree, (dict, list, tuple)):
        for key, child in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _paths(child, f"{path}[{key!r}]")
    else:
        yield path


def _entries(path: str, shape: tuple[int, ...]) -> list[str]:
    indices = [""]
    for n in shape:
        indices = [f"{index}, {i}" if index else str(i) for index in indices for i in range(n)]
    return [f"{path}[{index}]" if index else path for index in indices]
