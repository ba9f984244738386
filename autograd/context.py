"""Settings around a computation: recording switched off, and named scopes; per thread and per asyncio task."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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
    """The settings of the surrounding ``with`` statements for new nodes; each is None if it is not set."""

    __slots__ = ("recording", "scope", "watch", "metadata", "outer", "over")

    def __init__(self, recording: bool = True, scope: Scope | None = None, watch: Any = None, outer: Context | None = None):
        self.recording, self.scope, self.watch, self.metadata = recording, scope, watch, (None, scope)
        self.outer, self.over = outer, False

    def on_node_created(self, node: Any) -> None:
        """A node was just made in this context."""
        node.metadata = self.metadata
        if self.watch is not None:
            self.watch(node)
        if not self.recording:
            node.make_constant()


internal_packages = {"autograd"}  # their frames are not the user's; nn, viz and chainrule add themselves
differentiating: ContextVar[bool] = ContextVar("a derivative or a recording runs the user's function", default=False)
_context: ContextVar[Context | None] = ContextVar("autograd", default=None)
current: Callable[[], Context | None] = _context.get
set_current: Callable[[Context], object] = _context.set  # for code in a copied context, where the setting ends with the context


class ScopedContext:
    """A context that differs from the surrounding one in its settings; as a decorator, around every call.

    Not contextlib's, whose import takes as long as this package's. Coroutine functions are decorated too; generators
    are refused, whose caller would be inside between two values.
    """

    here: Context | None = None

    def __init__(self, **settings: Any):
        self.settings = settings

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: write with … around what it is for>"

    def __enter__(self) -> Any:
        if self.here is not None:
            raise RuntimeError(f"this {type(self).__name__} is active already; create a new one for each with statement")
        around = current()
        outer = around or _PLAIN
        kept = {"recording": outer.recording, "scope": outer.scope, "watch": outer.watch}
        self.here = Context(**{**kept, **self.settings}, outer=around)
        _context.set(self.here)

    def __exit__(self, *_: object) -> None:
        here = self.here
        if here is not None and current() is here:
            outer = here.outer
            while outer is not None and outer.over:
                outer = outer.outer
            _context.set(outer)
        elif here is not None:  # for example entered in a generator that was closed inside a later with, which continues
            here.over = True
        self.here = None

    def __del__(self) -> None:  # an interrupt just before or inside __exit__ prevents its call
        self.__exit__()

    def copy(self) -> ScopedContext:
        """The same once more: each entry has one of its own."""
        return ScopedContext(**self.settings)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        from functools import wraps
        from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
        if isgeneratorfunction(function) or isasyncgenfunction(function):
            raise TypeError(f"{function.__name__} is a generator: its caller would run inside the context between two yields. "
                            "Use `with` inside the generator, around the computation")
        if iscoroutinefunction(function):
            @wraps(function)
            async def later(*args: Any, **named: Any) -> Any:
                with self.copy():
                    return await function(*args, **named)
            return later

        @wraps(function)
        def wrapped(*args: Any, **named: Any) -> Any:
            with self.copy():
                return function(*args, **named)
        return wrapped


_PLAIN = Context()


def no_grad() -> ScopedContext:
    """Within this, results are plain: no graph is recorded. A context manager and a decorator; per thread and task.

    >>> with no_grad():
    ...     y = Value(3.0) * 2
    >>> y.inputs
    ()
    """
    return ScopedContext(recording=False)


class scope(ScopedContext):
    """Group the nodes made inside under a name: a box in drawings, part of names in messages. Scopes nest.

    >>> with scope("layer"):
    ...     y = Value(2.0) * 3
    >>> y.scope
    Scope('layer')
    """

    def __init__(self, name: str):
        self.name = str(name)

    def __enter__(self) -> Scope:
        outer = current()
        here = Scope(self.name, outer.scope if outer else None)
        self.settings = {"scope": here}
        super().__enter__()
        return here

    def copy(self) -> scope:
        return scope(self.name)
