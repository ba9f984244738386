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

A layer or network of ``nn`` is checked towards its input and every parameter; so is one of yours, made from ``nn.Module``:

>>> import nn
>>> assert_gradients(nn.Sequential(nn.Linear(3, 2, dtype=float), nn.Tanh()), [[0.5, -1.0, 2.0]])
>>> class Gate(nn.Module):
...     def __init__(self):
...         self.steepness = Value(2.0)
...     def forward(self, x):
...         return x * sigmoid(self.steepness * x.detach())
>>> try:
...     assert_gradients(Gate(), 0.5)
... except AssertionError as error:
...     print(error.report.verdict)
WRONG

In pytest, ``from autograd.testing import gradients`` in a test file or conftest.py gives a fixture, with no plugin to
install: ``assert_gradients`` for one test. Operations that the test adds are gone after it, and it fails if it checked
nothing.

    def test_cube(gradients):
        gradients(op("cube", "x³", lambda x: x**3, lambda out, x: 3 * x**2), 2.0)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Any, NamedTuple

from .check import check_gradients
from .operation import Operation, find, ieee, rows


def assert_gradients(f: Callable[..., Any], *xs: Any, **options: Any) -> None:
    """Raise WrongGradient, an AssertionError with the table, unless the gradients of ``f`` at ``xs`` are right.

    A module is checked towards its parameters too. Options are those of ``check_gradients``.

    >>> assert_gradients(lambda x, y: x * sin(y), 2.0, 0.5, order=2)
    """
    __tracebackhide__ = True
    if hasattr(f, "named_parameters"):
        f = Network(f, xs)
        xs = f.point
    check_gradients(f, *xs, raise_on_error=True, **options)


def _fixture() -> Any:
    """The fixture ``gradients``, made when first asked for: pytest is needed only where tests are run."""
    import pytest

    @pytest.fixture(name="gradients")
    def gradients() -> Iterator[Callable[..., None]]:
        """``assert_gradients`` for one test, whose operations are gone after it, and which fails if it checked nothing."""
        before, checked = dict(rows), []

        def checking(f: Callable[..., Any], *xs: Any, **options: Any) -> None:
            __tracebackhide__ = True
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


def __getattr__(name: str) -> Any:
    if name != "gradients":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = _fixture()
    return globals()[name]


class Program(NamedTuple):
    """A program that was drawn, with the ``point`` at which every operation is inside its domain: call it, print it.

    ``lines`` are (operation's name, operands); an operand is the number of an earlier result, the inputs being the
    first ones, or a float constant. ``outputs`` are the numbers of the results that it returns, alone or as a list.
    """

    point: tuple[float, ...]
    lines: tuple[tuple[str, tuple[int | float, ...]], ...]
    outputs: tuple[int, ...]

    def __call__(self, *inputs: Any) -> Any:
        results = list(inputs)
        for name, operands in self.lines:
            results.append(find(name)(*(results[x] if isinstance(x, int) else x for x in operands)))
        return results[self.outputs[0]] if len(self.outputs) == 1 else [results[i] for i in self.outputs]

    def __str__(self) -> str:
        count = len(self.point)
        called = lambda x: repr(x) if isinstance(x, float) else f"x{x}" if x < count else f"v{x - count}"
        lines = [f"v{i} = {name}({', '.join(map(called, operands))})" for i, (name, operands) in enumerate(self.lines)]
        return "\n".join([*lines, f"return {', '.join(map(called, self.outputs))}   # at {self.point}"])


def random_program(rng: random.Random, inputs: int = 2, size: int = 8, outputs: int = 1,
                   using: Sequence[str] | None = None, decades: float = 0.0, kink: bool = False) -> Program:
    """A program of about ``size`` operations of the table, drawn together with its point.

    ``using`` names the operations to draw from (all of one or two operands by default). Inputs are of size about 1,
    or spread over ``decades`` powers of ten to either side, with factors in the program that bring them back.
    With ``kink`` one piecewise operation is met exactly at its kink.

    >>> program = random_program(random.Random(1), size=3, using=["mul", "sin"])
    >>> print(program)
    v0 = sin(x0)
    v1 = mul(x1, x0)
    v2 = sin(x1)
    return v2   # at (1.583, -2.292)
    """
    scale = [10.0 ** round(rng.uniform(-decades, decades)) for _ in range(inputs)]
    point = tuple(round(rng.uniform(-3, 3), rng.choice((1, 3, 9))) * s for s in scale)
    values: list[float] = list(point)
    lines: list[tuple[str, tuple[int | float, ...]]] = []

    def emit(name: str, *operands: int | float) -> int:
        values.append(rows[name](*(values[x] if isinstance(x, int) else x for x in operands)))
        lines.append((name, operands))
        return len(values) - 1

    def operand(low: float, high: float) -> int:
        room = 0.02 * (high - low)
        fitting = [i for i, x in enumerate(values) if low + room <= x <= high - room]
        if fitting and rng.random() < 0.85:
            return rng.choice(fitting[-4:])
        squashed = emit("sigmoid", rng.randrange(len(values)))
        return emit("add", emit("mul", squashed, 0.9 * (high - low)), low + 0.05 * (high - low))

    for i, s in enumerate(scale):
        if s != 1.0 and rng.random() < 0.8:
            emit("mul", i, 1 / s)
    names = using or [name for name, row in rows.items() if row.arity in (1, 2) and name not in FLAT]
    bent = rng.randrange(size) if kink else -1
    for n in range(size):
        if n == bent:
            chosen = rng.randrange(len(values))
            emit(rng.choice(("relu", "abs")), emit("sub", chosen, values[chosen]))
            emit("add", len(values) - 1, rng.randrange(len(values) - 1))
            continue
        row = find(rng.choice(names))
        operands: list[int | float] = [operand(*domain) for domain in row.domain]
        if row.arity == 2 and rng.random() < 0.25:
            side = rng.randrange(2)
            low, high = row.domain[side]
            operands[side] = round(rng.uniform(low + 0.02 * (high - low), high - 0.02 * (high - low)), 3)
        x, y = ([values[i] if isinstance(i, int) else i for i in operands] + [0.0])[:2]
        if kink and row.name in BENT and 0 in (x, x - y):
            continue  # at two kinks at once the rules' choices need not add up to a slope
        if row.name == "arctan2" and x == 0 > y:
            continue  # on its cut, where the value jumps
        numbers = [values[i] if isinstance(i, int) else i for i in operands]
        out = row(*numbers)
        if not all(isfinite(ieee(rule, out, *numbers)) for rule in row.partials if callable(rule)):
            continue  # at a pole of its own: the cube root at 0, say
        made = emit(row.name, *operands)
        if not isfinite(values[made]) or abs(values[made]) > 1e6:
            emit("tanh", made)
    last = len(values) - 1
    return Program(point, tuple(lines), tuple(range(max(last - outputs + 1, 0), last + 1)))


class Network:
    """A module as a function of its inputs and its parameters, with the ``point`` at which they now are.

    ``point`` is the inputs ``xs``, then every parameter's array or number: ``network(*network.point)`` is
    ``module(*xs)``, and ``assert_gradients(network, *network.point)`` checks all of them.

    >>> import nn
    >>> network = Network(nn.Neuron(2, "sigmoid", rng=0), ([1.0, -1.0],))
    >>> network
    Network(Neuron(2, sigmoid); x, w_0, w_1, b)
    >>> network(*network.point) == network.module([1.0, -1.0])
    True
    """

    def __init__(self, module: Any, xs: Sequence[Any]):
        from inspect import Parameter, Signature
        trained = {path: leaf.data for path, leaf in module.named_parameters() if getattr(leaf, "requires_grad", True)}
        if any(hasattr(data, "dtype") for data in trained.values()):
            from numpy import asarray
            xs = [asarray(x) if isinstance(x, (list, tuple)) else x for x in xs]
        from nn.module import functional
        self.module, self.inputs, self.paths, self.point = module, len(xs), tuple(trained), (*xs, *trained.values())
        self._call = functional(module, self.paths)
        names = ["x"] if len(xs) == 1 else [f"x{i}" for i in range(len(xs))]
        self.__signature__ = Signature([Parameter(name, Parameter.POSITIONAL_ONLY)
                                        for name in (*names, *map(_identifier, self.paths))])

    def __call__(self, *point: Any) -> Any:
        return self._call(point[self.inputs:], *point[:self.inputs])

    def __repr__(self) -> str:
        return f"Network({self.module!r}; {', '.join(self.__signature__.parameters)})"


def _identifier(path: str) -> str:
    name = path.replace(".", "_")
    return name if name.isidentifier() else f"_{name}"


BENT = ("relu", "abs", "leaky_relu", "elu", "maximum", "minimum", "clip_min", "clip_max")
FLAT = ("step", "sign", "floor", "constant")  # no gradient: they would cut programs short


# ── strategies ───────────────────────────────────────────────────────────────────────────────────────────────────

def _strategies() -> Any:
    try:
        from hypothesis import strategies
    except ImportError:
        raise ImportError("autograd.testing: the strategies need Hypothesis; pip install hypothesis") from None
    return strategies


def values(operation: Operation | str) -> Any:
    """A strategy for tuples of operands within an operation's test domain, one float per argument.

    >>> values("log").example()  # doctest: +SKIP
    (17.25,)
    """
    row = find(operation) if isinstance(operation, str) else operation
    return _strategies().tuples(*(_strategies().floats(low, high) for low, high in row.domain))


def arrays(shape: Any = None, dtype: Any = float, low: float = -10.0, high: float = 10.0) -> Any:
    """A strategy for NumPy arrays of floats between ``low`` and ``high``.

    ``shape`` is a tuple, or a strategy for one; up to three axes of up to four entries by default.

    >>> arrays((2, 3)).example().shape  # doctest: +SKIP
    (2, 3)
    """
    st = _strategies()
    import numpy
    from hypothesis.extra import numpy as extra
    shape = extra.array_shapes(max_dims=3, max_side=4) if shape is None else shape
    width = 32 if numpy.dtype(dtype).itemsize == 4 else 64
    return extra.arrays(dtype, shape, elements=st.floats(low, high, width=width))


def programs(inputs: int = 2, size: int = 8, outputs: int = 1, using: Sequence[str] | None = None) -> Any:
    """A strategy for programs of up to ``inputs`` inputs and ``size`` operations; see ``random_program``.

    >>> print(programs(using=["add", "sin"]).example())  # doctest: +SKIP
    v0 = add(x0, x0)
    return v0   # at (0.0,)
    """
    st = _strategies()
    return st.builds(random_program, st.randoms(use_true_random=False), inputs=st.integers(1, inputs),
                     size=st.integers(1, size), outputs=st.integers(1, outputs), using=st.just(using))


def networks(layers: int = 2, width: int = 3, kinds: Sequence[str] = ("vector", "image", "sequence")) -> Any:
    """A strategy for small networks of ``nn`` in float64, each a ``Network`` with its input and parameters.

    Up to ``layers`` layers, each with an activation behind it, of up to ``width`` units or channels, on a batch of
    vectors, of images, or of sequences, of the ``kinds`` asked for. Raises ValueError for other kinds.

    >>> networks(layers=1, kinds=["vector"]).example()  # doctest: +SKIP
    Network(Sequential(
      (0): Linear(3, 2)
      (1): Tanh()
    ); x, _0_weight, _0_bias)
    """
    st = _strategies()
    import nn
    import numpy
    if set(kinds) - {"vector", "image", "sequence"} or not kinds:
        raise ValueError(f"networks: kinds={kinds!r}; take some of 'vector', 'image', 'sequence'")

    def network(draw: Callable[[Any], Any]) -> Network:
        own: dict[str, Any] = {"rng": numpy.random.default_rng(draw(st.integers(0, 2**32 - 1))), "dtype": float}
        pick: Callable[..., Any] = lambda *choices: draw(st.sampled_from(choices))
        size: Callable[[], int] = lambda: draw(st.integers(1, width))
        bend: Callable[[], Any] = lambda: pick(nn.Tanh, nn.Sigmoid, nn.Softplus, nn.ELU, nn.LeakyReLU, nn.ReLU, nn.Identity)()
        kind, channels, made = pick(*kinds), size(), list[Any]()
        shape: tuple[int, ...]
        if kind == "sequence":
            shape = (draw(st.integers(1, 3)), draw(st.integers(1, 2)), channels)
            module = pick(nn.RNN, nn.LSTM, nn.GRU)(channels, size(), draw(st.integers(1, 2)), **own)
        else:
            shape = (3, channels) + ((4, 4) if kind == "image" else ())
            for _ in range(draw(st.integers(1, layers))):
                after = size()
                if kind == "image":
                    made += [nn.Conv2d(channels, after, 3, padding=1, **own), pick(nn.BatchNorm2d(after, dtype=float), bend())]
                else:
                    norms = nn.LayerNorm(after, dtype=float), nn.BatchNorm1d(after, dtype=float)
                    made += [pick(nn.Linear, nn.Maxout)(channels, after, **own), pick(*norms, nn.PReLU(dtype=float), bend())]
                channels = after
            if kind == "image":
                made += [pick(nn.MaxPool2d, nn.AvgPool2d)(2), nn.Flatten(), nn.Linear(4 * channels, size(), **own)]
            module = nn.Sequential(*made)
        return Network(module, (own["rng"].normal(size=shape),))
    return st.composite(network)()
