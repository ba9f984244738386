"""Forms of arguments and results: nested lists, tuples, dicts and arrays taken apart into numbers, and built again from others."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from ..operation import number

NUMBER = "number"  # the form of one number; others are tuples that begin with their type
Form = Any


def take_apart(tree: Any, chunks: list[Any], what: str) -> Form:
    """Append the numbers of a nested argument, lists and arrays of them; return its form, which can be compared and hashed.

    >>> chunks = []
    >>> take_apart([1, (2.0, 3.0)], chunks, "w") == take_apart([5, (6.0, 7.0)], [], "w"), joined(chunks).tolist()
    (True, [1.0, 2.0, 3.0])
    """
    kind = type(tree)
    if kind is float:
        chunks.append((tree,))
        return NUMBER
    if kind is np.ndarray and tree.ndim:
        if tree.dtype.kind not in "fiub":
            raise TypeError(f"{what}: an array of {tree.dtype}; compile takes real numbers. Convert it, or name it in "
                            "static_argnums")
        chunks.append(tree.ravel())
        return np.ndarray, tree.shape
    if kind is list or kind is tuple or isinstance(tree, (list, tuple)):
        if {*map(type, tree)} == {float}:
            chunks.append(tree)
            return kind, len(tree)
        return kind, tuple([take_apart(x, chunks, what) for x in tree])
    if isinstance(tree, dict):
        return dict, tuple(tree), tuple([take_apart(x, chunks, what) for x in tree.values()])
    chunks.append((number(tree, what),))
    return NUMBER


def joined(chunks: list[Any]) -> Any:
    """The numbers of all chunks in one array."""
    whole = np.empty(sum(map(len, chunks)))
    at = 0
    for chunk in chunks:
        end = at + len(chunk)
        if len(chunk) == 1:
            whole[at] = chunk[0]
        else:
            whole[at:end] = array("d", chunk) if type(chunk) is not np.ndarray else chunk
        at = end
    return whole


def result_form(tree: Any) -> tuple[list[Any], Form]:
    """The entries of a result, nodes and numbers, and its form."""
    leaves: list[Any] = []
    return leaves, _result_form(tree, leaves)


def _result_form(tree: Any, leaves: list[Any]) -> Form:
    if isinstance(tree, (list, tuple)):
        return type(tree), tuple([_result_form(x, leaves) for x in tree])
    if isinstance(tree, dict):
        return dict, tuple(tree), tuple([_result_form(x, leaves) for x in tree.values()])
    if isinstance(tree, np.ndarray) and tree.shape != ():
        leaves += tree.ravel().tolist()
        return np.ndarray, tree.shape
    leaves.append(tree.item() if isinstance(tree, np.ndarray) else tree)
    return NUMBER


def put_together(form: Form, parts: Iterator[Any], stacked: Callable[[list[Any], tuple[int, ...]], Any]) -> Any:
    """A nested argument of this form with these parts in place of its numbers; ``stacked`` makes an array of a flat list."""
    if form == NUMBER:
        return next(parts)
    kind, *inside = form
    if kind is np.ndarray:
        return stacked([next(parts) for _ in range(prod(inside[0]))], inside[0])
    if kind is dict:
        return {key: put_together(x, parts, stacked) for key, x in zip(*inside)}
    [children] = inside
    if isinstance(children, int):
        built = [next(parts) for _ in range(children)]
    else:
        built = [put_together(x, parts, stacked) for x in children]
    return kind(*built) if hasattr(kind, "_fields") else kind(built)


def builder(form: Form, at: int = 0) -> tuple[Callable[[Any], Any], int]:
    """A function that makes an argument of this form from an array, in which its numbers begin at ``at``; and where they end.

    >>> build, end = builder((list, (NUMBER, (tuple, 2))))
    >>> build(np.array([1.0, 2.0, 3.0])), end
    ([1.0, (2.0, 3.0)], 3)
    """
    if form == NUMBER:
        return lambda numbers: numbers.item(at), at + 1
    kind, *inside = form
    if kind is np.ndarray:
        part, shape = slice(at, at + prod(inside[0])), inside[0]
        return lambda numbers: numbers[part].reshape(shape), part.stop
    made = (lambda built: kind(*built)) if hasattr(kind, "_fields") else kind
    if isinstance(inside[0], int):
        part = slice(at, at + inside[0])
        return lambda numbers: made(numbers[part].tolist()), part.stop
    builders: list[Callable[[Any], Any]] = []
    for child in inside[-1]:
        build, at = builder(child, at)
        builders.append(build)
    if kind is dict:
        keys = inside[0]
        return lambda numbers: {key: build(numbers) for key, build in zip(keys, builders)}, at
    return lambda numbers: made([build(numbers) for build in builders]), at


def named_parts(form: Form, name: str) -> Iterator[str]:
    """The names of the numbers of an argument, in their order: ``w[0][1]``.

    >>> [*named_parts((list, (NUMBER, (tuple, 2))), "w")]
    ['w[0]', 'w[1][0]', 'w[1][1]']
    """
    if form == NUMBER:
        yield name
    elif form[0] is np.ndarray:
        for index in np.ndindex(*form[1]):
            yield f"{name}[{', '.join(map(str, index))}]"
    elif form[0] is dict:
        for key, child in zip(form[1], form[2]):
            yield from named_parts(child, f"{name}[{key!r}]")
    else:
        children = (NUMBER,) * form[1] if isinstance(form[1], int) else form[1]
        for i, child in enumerate(children):
            yield from named_parts(child, f"{name}[{i}]")


def size(form: Form) -> int:
    """How many numbers an argument of this form has."""
    if form == NUMBER:
        return 1
    if form[0] is np.ndarray:
        return prod(form[1])
    children = form[-1]
    return children if isinstance(children, int) else sum(map(size, children))


def object_array(parts: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of nodes."""
    array = np.empty(len(parts), object)
    array[:] = parts
    return array.reshape(shape)


def float_array(parts: list[Any], shape: tuple[int, ...]) -> Any:
    """An array of numbers."""
    return np.array(parts, dtype=float).reshape(shape)


# ── arguments with a batch axis ──────────────────────────────────────────────────────────────────────────────────

class Batched:
    """An argument with a batch axis: the form of one example, its numbers in blocks, and how gradients are built.

    A block is an array (examples, numbers) for each array of the argument.
    """

    def __init__(self, tree: Any, axis: int, what: str):
        self.axis, self.is_list = axis, type(tree) is not np.ndarray and not _has_arrays(tree)
        self.blocks: list[Any] = []
        self.form = self._example(np.asarray(tree, dtype=float) if self.is_list else tree, what)
        lengths = {len(block) for block in self.blocks}
        if len(lengths) != 1:
            raise ValueError(f"{what}: its arrays have {sorted(lengths)} examples along axis {axis}; give as many in each")
        self.length = lengths.pop()

    def _example(self, tree: Any, what: str) -> Form:
        if type(tree) is not np.ndarray:
            if isinstance(tree, (list, tuple)):
                return type(tree), tuple([self._example(x, what) for x in tree])
            if isinstance(tree, dict):
                return dict, tuple(tree), tuple([self._example(x, what) for x in tree.values()])
            tree = np.asarray(tree)
        axis = self.axis
        if tree.ndim <= axis or tree.ndim < -axis or tree.dtype.kind not in "fiub":
            raise TypeError(f"{what} has a batch axis {axis} (in_axes), and {tree!r:.60} is no array of numbers with one")
        if axis or tree.dtype.char != "d" or not tree.flags.c_contiguous:
            tree = np.ascontiguousarray(np.moveaxis(tree, axis, 0), dtype=float)
        shape = tree.shape
        if not shape[0]:
            raise ValueError(f"{what}: a batch of no examples; give at least one")
        self.blocks.append(tree.reshape(shape[0], -1))
        return (np.ndarray, shape[1:]) if len(shape) > 1 else NUMBER

    def gradient(self, columns: Iterator[Any]) -> Any:
        """The gradients of its columns in the form of the argument."""
        def stacked(parts: list[Any], shape: tuple[int, ...]) -> Any:
            together = np.stack(parts, 1).reshape(self.length, *shape) if parts else np.zeros((self.length, *shape))
            return np.moveaxis(together, 0, self.axis)
        built = put_together(self.form, columns, stacked)
        return built.tolist() if self.is_list else built


def _has_arrays(tree: Any) -> bool:
    if isinstance(tree, dict):
        return any(map(_has_arrays, tree.values()))
    return any(map(_has_arrays, tree)) if isinstance(tree, (list, tuple)) else hasattr(tree, "shape")


def has_arrays(tree: Any) -> bool:
    """True for an array or a Tensor with axes, and for nested lists, tuples and dicts that hold one."""
    if isinstance(tree, (list, tuple)):
        return {*map(type, tree)} != {float} and any(map(has_arrays, tree))
    if isinstance(tree, dict):
        return any(map(has_arrays, tree.values()))
    return bool(getattr(tree, "shape", ())) and (isinstance(tree, np.ndarray) or hasattr(tree, "priority"))
