"""For tests of your own operations and layers: values, arrays and programs to try them on, and assert_gradients.

The strategies are Hypothesis's (``pip install hypothesis``); ``assert_gradients`` and ``random_program`` need nothing.
A test of an operation of your own, at values from its domain, to the second order and inside other programs:

>>> from autograd.testing import assert_gradients, values, programs
>>> from hypothesis import given, settings
>>> cube = op("cube", "x³", lambda x: x * x * x, lambda out, x: 3 * x**2, domain=(-2.0, 2.0))
>>> @given(values(cube))
... @settings(max_examples=10, database=None)
... def test_cube(xs):
...     assert_gradients(cube, *xs, order=2)
>>> test_cube()
>>> @given(programs(using=["cube", "add", "mul", "sin"]))
... @settings(max_examples=5, database=None)
... def test_cube_among_others(program):
...     assert_gradients(program, *program.point)
>>> test_cube_among_others()
>>> wrong = op("wrong", "w", lambda x: x * x, lambda out, x: x)
>>> try:
...     assert_gradients(wrong, 3.0)
... except AssertionError as error:
...     print(error.report.worst.note)
half of what it should be
>>> del rows["cube"], rows["wrong"]

In pytest, ``from autograd.testing import gradients`` in a test file or conftest.py gives a fixture, with no plugin to
install: ``assert_gradients`` for one test. Operations that the test adds are gone after it, and it fails if it checked
nothing.

    def test_cube(gradients):
        gradients(op("cube", "x³", lambda x: x**3, lambda out, x: 3 * x**2), 2.0)

Modules of a network, and strategies that draw whole networks, are in ``nn.testing``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .check import WrongGradient, check_gradients
from .operation import Operation, find, rows
from .proof.random_programs import RandomProgram, random_program

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from numpy import ndarray
    from numpy.typing import DTypeLike

__all__ = ["Network", "RandomProgram", "arrays", "assert_gradients", "programs", "random_program", "values"]

__tracebackhide__ = True  # pytest shows the line of the test, not of the checker
LONG = 0.1  # seconds: half of Hypothesis's usual deadline


def assert_gradients(f: Callable[..., object], *xs: object, **options: Any) -> None:
    """Raise WrongGradient, an AssertionError with the table, unless the gradients of ``f`` at ``xs`` are right.

    A module is checked with respect to its parameters too. Options are those of ``check_gradients``.

    >>> assert_gradients(lambda x, y: x * sin(y), 2.0, 0.5, order=2)
    """
    if hasattr(f, "named_parameters"):
        f = Network(f, xs)
        xs = f.point
    start = perf_counter()
    report = check_gradients(f, *xs, **options)
    if (elapsed := perf_counter() - start) > LONG:
        _excuse_from_deadline(elapsed)
    if not report:
        raise WrongGradient(report)


def _excuse_from_deadline(elapsed: float) -> None:
    """Exclude the time of a long check from Hypothesis's deadline, because it depends on the machine, not on the tested code.

    Hypothesis does not count the time that it spends on drawing. Short checks stay in it, since it also limits drawing.
    """
    if (control := sys.modules.get("hypothesis.control")) is not None and control.currently_in_test_context():
        times = getattr(control.current_build_context().data, "draw_times", {})
        times["assert_gradients"] = times.get("assert_gradients", 0.0) + elapsed


class Network:
    """A module as a function of its inputs and its parameters, with the ``point`` at which they now are.

    ``point`` is the inputs ``xs``, then every parameter's array or number: ``network(*network.point)`` is
    ``module(*xs)``, and ``assert_gradients(network, *network.point)`` checks all of them. A module is anything with
    ``named_parameters()`` and ``as_function(paths)``, as ``nn.Module`` has them.
    """

    def __init__(self, module: Any, xs: Sequence[object]):
        from inspect import Parameter, Signature
        trained = {path: leaf.data for path, leaf in module.named_parameters() if getattr(leaf, "requires_grad", True)}
        if any(hasattr(data, "dtype") for data in trained.values()):
            from numpy import asarray
            xs = [asarray(x) if isinstance(x, (list, tuple)) else x for x in xs]
        self.module, self.inputs, self.paths = module, len(xs), tuple(trained)
        self.point: tuple[object, ...] = (*xs, *trained.values())
        self._call = module.as_function(self.paths)
        names = ["x"] if len(xs) == 1 else [f"x{i}" for i in range(len(xs))]
        self.__signature__ = Signature([Parameter(name, Parameter.POSITIONAL_ONLY)
                                        for name in (*names, *map(_identifier, self.paths))])

    def __call__(self, *point: object) -> Any:
        return self._call(point[self.inputs:], *point[:self.inputs])

    def __repr__(self) -> str:
        return f"Network({self.module!r}; {', '.join(self.__signature__.parameters)})"


def _identifier(path: str) -> str:
    name = path.replace(".", "_")
    return name if name.isidentifier() else f"_{name}"


# ── the fixture ──────────────────────────────────────────────────────────────────────────────────────────────────

def _make_fixture() -> Any:
    """The fixture ``gradients``, made when first asked for: pytest is needed only where tests are run."""
    import pytest

    @pytest.fixture(name="gradients")
    def gradients() -> Iterator[Callable[..., None]]:
        """``assert_gradients`` for one test; its operations are gone afterwards, and it fails if it checked nothing."""
        before, checked = dict(rows), []

        def checking(f: Callable[..., object], *xs: object, **options: Any) -> None:
            checked.append(f)
            assert_gradients(f, *xs, **options)
        try:
            yield checking
        finally:
            rows.clear()
            rows.update(before)
        if not checked:
            pytest.fail("this test asked for the fixture gradients and checked none: call gradients(f, *xs)")
    return gradients


def __getattr__(name: str) -> object:
    if name != "gradients":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = _make_fixture()
    return globals()[name]


# ── strategies ───────────────────────────────────────────────────────────────────────────────────────────────────

def hypothesis_strategies() -> Any:
    """Return the module ``hypothesis.strategies``; raise ImportError with the pip command where it is missing."""
    try:
        from hypothesis import strategies
    except ImportError:
        raise ImportError("autograd.testing: the strategies need Hypothesis; pip install hypothesis") from None
    return strategies


def values(operation: Operation | str) -> SearchStrategy[tuple[float, ...]]:
    """Return a strategy for tuples of operands inside an operation's test domain, one float per argument.

    >>> values("log").example()  # doctest: +SKIP
    (17.25,)
    """
    st = hypothesis_strategies()
    row = find(operation) if isinstance(operation, str) else operation
    return st.tuples(*(st.floats(low, high) for low, high in row.domain))


def arrays(shape: tuple[int, ...] | SearchStrategy[tuple[int, ...]] | None = None, dtype: DTypeLike = float,
           low: float = -10.0, high: float = 10.0) -> SearchStrategy[ndarray]:
    """A strategy for NumPy arrays of floats between ``low`` and ``high``.

    ``shape`` is a tuple, or a strategy for one; up to three axes of up to four entries by default.

    >>> arrays((2, 3)).example().shape  # doctest: +SKIP
    (2, 3)
    """
    st = hypothesis_strategies()
    import numpy
    from hypothesis.extra import numpy as extra
    drawn: Any = extra.array_shapes(max_dims=3, max_side=4) if shape is None else shape
    width: Any = 32 if numpy.dtype(dtype).itemsize == 4 else 64
    return extra.arrays(numpy.dtype(dtype), drawn, elements=st.floats(low, high, width=width))


def programs(inputs: int = 2, size: int = 8, outputs: int = 1,
             using: Sequence[str] | None = None) -> SearchStrategy[RandomProgram]:
    """A strategy for programs of up to ``inputs`` inputs and ``size`` operations; see ``random_program``.

    >>> print(programs(using=["add", "sin"]).example())  # doctest: +SKIP
    v0 = add(x0, x0)
    return v0   # at (0.0,)
    """
    st = hypothesis_strategies()
    return st.builds(random_program, st.randoms(use_true_random=False), inputs=st.integers(1, inputs),
                     size=st.integers(1, size), outputs=st.integers(1, outputs), using=st.just(using))


def __dir__() -> list[str]:
    return __all__
