"""What surrounds a computation: recording switched off, and named scopes; per thread and per asyncio task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Scope:
    """One stretch of a computation that belongs together: a name, and the scope around it.

    >>> with scope("neuron") as neuron:
    ...     y = Value(2.0) * 3
    >>> y.scope is neuron, neuron.path
    (True, 'neuron')
    """

    def __init__(self, name: str, parent: Scope | None = None):
        self.name, self.parent = name, parent

    @property
    def path(self) -> str:
        """The names from the outermost scope to this one, with slashes between."""
        return f"{self.parent.path}/{self.name}" if self.parent else self.name

    def __repr__(self) -> str:
        return f"Scope({self.path!r})"


class Context:
    """What the surrounding ``with`` statements say of the nodes made inside; None stands for nothing said."""

    __slots__ = ("recording", "scope", "watch", "about")

    def __init__(self, recording: bool = True, scope: Scope | None = None, watch: Any = None):
        self.recording, self.scope, self.watch, self.about = recording, scope, watch, (None, scope)

    def made(self, node: Any) -> None:
        """A node was just made in this context."""
        node.about = self.about
        if not self.recording:
            node._cut()
        if self.watch is not None:
            self.watch(node)


_context: ContextVar[Context | None] = ContextVar("autograd", default=None)
current = _context.get


@contextmanager
def inside(**said: Any) -> Iterator[None]:
    """A context that differs from the surrounding one in what is said here."""
    outer = current() or Context()
    kept = {"recording": outer.recording, "scope": outer.scope, "watch": outer.watch}
    token = _context.set(Context(**{**kept, **said}))
    try:
        yield
    finally:
        _context.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this, results are plain: no graph is recorded. A context manager and a decorator; per thread and task.

    >>> with no_grad():
    ...     y = Value(3.0) * 2
    >>> y.inputs
    ()
    """
    with inside(recording=False):
        yield


@contextmanager
def scope(name: str) -> Iterator[Scope]:
    """Group the nodes made inside under a name: a box in drawings, part of names in messages. Scopes nest.

    >>> with scope("layer"):
    ...     y = Value(2.0) * 3
    >>> y.scope
    Scope('layer')
    """
    outer = current()
    here = Scope(str(name), outer.scope if outer else None)
    with inside(scope=here):
        yield here
