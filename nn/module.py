"""Module: what every layer and network is, a tree of parameters with a forward pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autograd import scope


class Module:
    """A part of a network: its parameters and sub-modules are what its attributes hold, lists and dicts included.

    A parameter is a leaf of the graph (a ``Value`` or ``Tensor`` that nothing was computed into). Subclasses write
    ``forward``; calling a module runs it in a ``scope`` named ``name`` (the class's name, where there is none), so
    that drawings collapse to modules and messages name them.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0)
    Value(7.0, op='add', grad=None)
    >>> [name for name, _ in line.named_parameters()]
    ['slope', 'offset']
    """

    name: str | None = None

    def forward(self, *args: Any) -> Any:
        """What the module computes; written by each subclass."""
        raise NotImplementedError(f"{type(self).__name__} has no forward: write def forward(self, x): … in the class")

    def __call__(self, *args: Any) -> Any:
        with scope(self.name or type(self).__name__):
            return self.forward(*args)

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Every parameter of the tree once, with its path (``layers.0.neurons.2.b``), in the order of definition."""
        seen: set[int] = set()
        for path, part in _walk("", self, seen):
            if not isinstance(part, Module):
                yield path, part

    def parameters(self) -> Iterator[Any]:
        """Every parameter of the tree, once."""
        return (parameter for _, parameter in self.named_parameters())

    def zero_grad(self) -> None:
        """Forget every parameter's gradient: it is None again until a backward pass reaches it."""
        for parameter in self.parameters():
            parameter.grad = None

    def extra_repr(self) -> str:
        """What stands between the parentheses of the module's ``repr``; subclasses say what they are made of."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({path}): {part!r}" for path, part in _children("", vars(self)) if isinstance(part, Module)]
        inner = "".join("\n  " + line.replace("\n", "\n  ") for line in lines)
        return f"{type(self).__name__}({self.extra_repr()}{inner}{chr(10) if lines else ''})"


def _children(path: str, content: Any) -> Iterator[tuple[str, Any]]:
    """The modules and parameters directly in an object's attributes, looking into lists, tuples and dicts."""
    if isinstance(content, Module) or getattr(content, "op", 0) is None:  # a leaf: no operation made it
        yield path, content
    elif isinstance(content, (dict, list, tuple)):
        for key, part in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _children(f"{path}.{key}" if path else str(key), part)


def _walk(path: str, part: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """A module or parameter and all below it, each once however often it is shared."""
    if id(part) in seen:
        return
    seen.add(id(part))
    yield path, part
    if isinstance(part, Module):
        for name, child in _children(path, vars(part)):
            yield from _walk(name, child, seen)
