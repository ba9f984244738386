"""The function whose gradient is checked, at its point: its values there and nearby, and the derivatives it claims."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, wraps
from linecache import getline
from math import nan
from traceback import walk_tb
from typing import Any

from ..context import no_grad
from ..errors import ArrayNeededError, GraphError, is_passing
from ..functional import Reverse, flatten, fresh, jvp, map_tree, vjp
from .trees import StructureError, TreeSpec

__tracebackhide__ = True

OUTPUTS = 8  # results checked one by one; more are combined
SEED = -2.0  # seed of a gradient that is checked at the next order: not 1, and a power of two
MIXTURE = (0.75, -1.25, 1.5, -0.5, 1.0)  # weights of many results whose gradient is checked at the next order

Direction = dict[int, float]  # entries of the flat point with their displacements


class HiddenPart(Exception):
    """The function gives a value at its point, and cannot be followed there on nodes or dual numbers."""


class CheckedFunction:
    """A function at the point where it is checked, with everything it is asked for as flat lists of floats.

    ``spec`` is the structure of the arguments, ``point`` their entries, ``spans`` the range of entries of each argument,
    ``names`` their names. ``output`` is the structure of the result, ``values`` its entries, ``places`` the paths to
    them. ``gradient`` is the caller's own gradient, or None where the gradients of ``modes`` are checked; ``order`` the
    order of the derivative.
    """

    def __init__(self, f: Callable[..., object], xs: tuple[object, ...], names: Sequence[str], modes: Sequence[str],
                 gradient: Callable[..., object] | None = None, order: int = 1, places: Sequence[str] | None = None):
        self.followed = follow(f)
        self.f, self.names, self.modes, self.gradient, self.order = f, names, tuple(modes), gradient, order
        self.spec = TreeSpec(xs)
        self.point = self.spec.flat(xs)
        self.spans: list[range] = []
        for x in xs:
            start = self.spans[-1].stop if self.spans else 0
            self.spans.append(range(start, start + len(TreeSpec(x).places)))
        self.needs_nodes = False  # true for a function that uses methods of nodes
        result = self.call(self.point)
        self.output = TreeSpec(result)
        self.values = self.output.flat(result)
        self.places = self.output.places if places is None else places

    def call(self, point: Sequence[float]) -> object:
        """The result at a point: on plain numbers and arrays, or on nodes where the function needs their methods."""
        args = self.spec.tree(point)
        if not self.needs_nodes:
            try:
                return self.f(*args)
            except (AttributeError, TypeError, ArithmeticError):  # nodes have methods, and give inf where floats raise
                if self.gradient is not None:
                    raise
                self.needs_nodes = True
        leaves, rebuild = flatten(args)
        with no_grad():
            return self.f(*rebuild(fresh(leaves)))

    def evaluate(self, point: Sequence[float]) -> list[float]:
        """The entries of the result at a point; nan where the function refuses it."""
        try:
            return self.output.flat(self.call(point))
        except StructureError:
            raise
        except (ArithmeticError, ValueError):
            return [nan] * len(self.values)

    def repeats(self) -> bool:
        """True if another evaluation at the point gives the same values."""
        return all(x == y or (x != x and y != y) for x, y in zip(self.values, self.evaluate(self.point)))

    def gradients(self, weights: Sequence[float], point: Sequence[float] | None = None,
                  given_dtypes: bool = False) -> list[float]:
        """The gradient of ⟨weights, f⟩ at a point, in reverse mode or as the caller's ``gradient`` gives it."""
        if self.gradient is None and point is None and not given_dtypes:
            return self.spec.flat(self._pullback(self.output.tree(weights)))
        args = self.spec.tree(point or self.point, given_dtypes)
        if self.gradient is not None:
            found = self.gradient(*args)
            wrapped = isinstance(found, tuple) and len(found) == 1 and not isinstance(args[0], tuple)
            return self.spec.flat((found,) if len(args) == 1 and not wrapped else found)
        return self.spec.flat(vjp(self.followed, *args)[1](self.output.tree(weights)))

    @cached_property
    def _pullback(self) -> Callable[[object], object]:
        return vjp(self.followed, *self.spec.tree(self.point))[1]

    @cached_property
    def run(self) -> Reverse:
        """One recorded run at the point."""
        return self.record(self.point)

    def record(self, point: Sequence[float]) -> Reverse:
        """A recorded run at a point."""
        return Reverse(self.followed, self.spec.tree(point), {}, tuple(range(len(self.spans))))

    def tangents(self, direction: Direction, point: Sequence[float] | None = None) -> list[float]:
        """J · direction at a point, in forward mode."""
        moves = [direction.get(i, 0.0) for i in range(len(self.point))]
        return self.output.flat(jvp(self.followed, self.spec.tree(point or self.point), self.spec.tree(moves))[1])

    def argument_of(self, entry: int) -> int:
        """The number of the argument that holds an entry of the flat point."""
        return next(n for n, span in enumerate(self.spans) if entry in span)

    def path(self, entry: int) -> str:
        """The path to an entry within its argument."""
        return self.spec.places[entry].removeprefix(f"[{self.argument_of(entry)}]")

    def factors(self, entry: int | None, most: int) -> Iterator[tuple[str, float]]:
        """The path and the number of entries that a wrong gradient may have lost as a factor, ``entry`` first."""
        first = [entry] if entry is not None else []
        for i in first + [i for i in range(len(self.point[:most])) if i != entry]:
            yield self.names[self.argument_of(i)] + self.path(i), self.point[i]


def follow(f: Callable[..., object]) -> Callable[..., object]:
    """The function on nodes or dual numbers; HiddenPart where a number leaves the graph or an operation is refused."""
    @wraps(f)
    def followed(*args: object) -> object:
        try:
            return f(*args)
        except ArrayNeededError:  # a derivative runs the function again, with arrays
            raise
        except (GraphError, TypeError, AttributeError, ValueError) as error:
            raise HiddenPart(f"part of the function is hidden from it: {_reason(error)}") from error
    return followed


def _reason(error: Exception) -> str:
    """The error in words, with the user's line that led to it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, GraphError):
        cause = cause.__cause__  # NumPy raises its own error from it when an entry is assigned
    if cause is not None:
        return str(cause).partition(": the number leaves")[0]
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)
              if not is_passing(frame)]
    where = f" ({places[-1][0]}:{places[-1][1]}, {getline(*places[-1]).strip()})" if places else ""
    return f"{type(error).__name__}: {error}{where}"


class GradientFunction:
    """The gradient of each result of a checked function, as a function of its arguments, for the check of the next order.

    Where these are many, it is the gradient of one mixture of the results. ``places`` says which derivative is where.
    """

    def __init__(self, subject: CheckedFunction):
        self.f, self.output = subject.f, subject.output
        count = len(subject.values)
        if few := count == 1 or count * len(subject.point) <= OUTPUTS:
            self.cotangents = [[SEED if i == j else 0.0 for j in range(count)] for i in range(count)]
        else:
            self.cotangents = [[SEED * MIXTURE[i % len(MIXTURE)] for i in range(count)]]
        by = [f"/d{subject.names[subject.argument_of(i)]}{subject.path(i)}" for i in range(len(subject.point))]
        self.places = [place + entry for place in (subject.places if few else [" mixed"]) for entry in by]

    def __call__(self, *args: object) -> list[Any]:
        pullback = vjp(self.f, *args)[1]
        return [map_tree(lambda x: x / SEED, pullback(self.output.tree(weights))) for weights in self.cotangents]


def argument_names(f: Callable[..., object], count: int) -> list[str]:
    """The names that a function gives its first arguments; x0, x1, … where that is not certain.

    >>> argument_names(lambda w, b: w + b, 2), argument_names(max, 2)
    (['w', 'b'], ['x0', 'x1'])
    """
    try:
        parameters = list(inspect.signature(f).parameters.values())[:count]
    except (TypeError, ValueError):  # a builtin may have no signature
        parameters = []
    positional = [x.name for x in parameters if x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD)]
    return positional if len(positional) == count else [f"x{i}" for i in range(count)]
