"""Rows about compiled programs: S1 recorded, over lanes, and as a whole; recording; training steps of arrays; growth."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from math import log
from time import process_time
from tempfile import mkdtemp
from typing import Any

from .measure import Row, Step, rows
from .scalar import LABELS, MOONS, WEIGHTS, environment, total
from .tensors import RATE, T1, T2, T3, by_hand, data

BACKENDS = ("native", "numpy")


# ── S1 as a program ──────────────────────────────────────────────────────────────────────────────────────────────

def loss_of_one(weights: Any, biases: Any, x: Any, y: Any) -> Any:
    """The hinge loss of one example, with the penalty."""
    from autograd import relu
    for i, (w, b) in enumerate(zip(weights, biases)):
        sums = [sum((wk * xk for wk, xk in zip(row, x)), offset) for row, offset in zip(w, b)]
        x = [relu(s) for s in sums] if i < 2 else sums
    return relu(1 - y * x[0]) + 1e-4 * total([p * p for a in (*weights, *biases) for p in a.ravel()])


def batch(lanes: int) -> tuple[Any, Any, Any, Any]:
    """Weights, biases, points and labels; the points again and again where there are more lanes."""
    import numpy as np
    places = np.arange(lanes) % 100
    return ([np.array(layer) for layer in WEIGHTS], [np.zeros(len(layer)) for layer in WEIGHTS],
            np.array(MOONS)[places], np.array(LABELS, dtype=float)[places])


def over_lanes(lanes: int, backend: str) -> Step:
    """Loss and gradient over so many examples by a program."""
    from autograd import compile
    program, args = compile(loss_of_one, in_axes=(None, None, 0, 0), reduce="mean", backend=backend), batch(lanes)

    def gradients() -> list[Any]:
        down, offsets = program.value_and_grad(*args, argnums=(0, 1))[1]
        return [*down, *offsets]
    return repeated(lanes, gradients)


def repeated(lanes: int, gradients: Callable[[], list[Any]]) -> Step:
    """The same several times for few lanes, so that a turn is long enough to be timed."""
    def step() -> tuple[float, object]:
        for _ in range(TIMES[lanes]):
            found = gradients()
        return math.fsum(float(g.sum()) for g in found), None
    return step


def numpy_by_hand(lanes: int) -> Step:
    """The same in NumPy, written by hand, loss included."""
    import numpy as np
    (w1, w2, w3), (b1, b2, b3), x, y = batch(lanes)

    def gradients() -> list[Any]:
        h1 = np.maximum(x @ w1.T + b1, 0)
        h2 = np.maximum(h1 @ w2.T + b2, 0)
        margin = 1 - y * (h2 @ w3.T + b3)[:, 0]
        np.maximum(margin, 0).mean() + 1e-4 * sum([np.vdot(p, p) for p in (w1, w2, w3, b1, b2, b3)])
        g3 = np.where(margin > 0, -y / lanes, 0)[:, None]
        g2 = (g3 @ w3) * (h2 > 0)
        g1 = (g2 @ w2) * (h1 > 0)
        return [g.T @ h + 2e-4 * w for g, h, w in ((g1, x, w1), (g2, h1, w2), (g3, h2, w3))] + \
            [g.sum(0) + 2e-4 * b for g, b in ((g1, b1), (g2, b2), (g3, b3))]
    return repeated(lanes, gradients)


def jax_jit(lanes: int) -> Step:
    """The same by JAX's jit, on arrays."""
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    weights, biases, x, y = batch(lanes)
    x, y = jnp.array(x), jnp.array(y)

    def loss(parameters: Any) -> Any:
        h = x
        for i, (w, b) in enumerate(zip(*parameters)):
            h = jax.nn.relu(h @ w.T + b) if i < 2 else h @ w.T + b
        return jax.nn.relu(1 - y * h[:, 0]).mean() + 1e-4 * sum((p * p).sum() for p in jax.tree.leaves(parameters))
    gradient, parameters = jax.jit(jax.value_and_grad(loss)), (weights, biases)
    return repeated(lanes, lambda: jax.block_until_ready(jax.tree.leaves(gradient(parameters)[1])))


TIMES = {1: 500, 100: 300, 10_000: 10, 100_000: 1}
for _lanes, _times in TIMES.items():
    _row = Row(f"lanes{_lanes}", f"S1's network over {_lanes:,} lanes: loss and gradient", "µs", 1e6 / _times, rounds=7)
    for _backend in BACKENDS:
        _row.engine(f"compiled, {_backend}")(lambda lanes=_lanes, backend=_backend: over_lanes(lanes, backend))
    _row.engine("NumPy by hand")(lambda lanes=_lanes: numpy_by_hand(lanes))
    _row.engine("jax, jit")(lambda lanes=_lanes: jax_jit(lanes))


def whole(parameters: Any) -> Any:
    """S1 as it stands in the demo: all 100 points in one expression."""
    from autograd import relu
    numbers = iter(parameters)
    layers = [[([next(numbers) for _ in ws], next(numbers)) for ws in layer] for layer in WEIGHTS]

    def score(x: Any) -> Any:
        for i, layer in enumerate(layers):
            sums = [sum((w * xi for w, xi in zip(ws, x)), b) for ws, b in layer]
            x = [relu(s) for s in sums] if i < 2 else sums
        return x[0]
    losses = [relu(1 + -y * score(point)) for point, y in zip(MOONS, LABELS)]
    return total(losses) * (1 / len(losses)) + 1e-4 * total([p * p for p in parameters])


PARAMETERS = [w for layer in WEIGHTS for ws in layer for w in (*ws, 0.0)]
WHOLE = Row("s1_compiled", "S1 as one program of 65,596 operations: value and gradient", "ns/node", 1e9 / 65_596 / 20, rounds=7)
for _backend in BACKENDS:
    @WHOLE.engine(f"compiled, {_backend}")
    def _(backend: str = _backend) -> Step:
        from autograd import compile
        program = compile(whole, backend=backend)

        def step() -> tuple[float, object]:
            for _ in range(20):
                slopes = program.value_and_grad(PARAMETERS)[1]
            return math.fsum(slopes), None
        return step

RECORDING = Row("recording", "S1 of 65,596 operations: recording and lowering beside an eager forward pass", "ms", 1e3, rounds=5)


@RECORDING.engine("record and lower")
def _() -> Step:
    from autograd.programs.program import Program

    def step() -> tuple[float, object]:
        program = Program(whole, backend="native")
        compiled = program.compiled(program.arrange((PARAMETERS,)), (PARAMETERS,))
        compiled.engine((0,))
        return 0.0, program
    return step


@RECORDING.engine("eager forward")
def _() -> Step:
    from autograd import Value
    return lambda: (0.0, whole([Value(x) for x in PARAMETERS]))


# ── starts ───────────────────────────────────────────────────────────────────────────────────────────────────────

STARTS = Row("native_start", "Start Python, compile x·x + exp(x) and run it: the library built, or found in its folder", "ms", 1e3,
             rounds=5)
PROGRAM = "import autograd; print(autograd.compile(lambda x: x * x + autograd.exp(x))(1.0))"


def started(cold: bool) -> Callable[[], Step]:
    def build() -> Step:
        folder = mkdtemp()

        def step() -> tuple[float, object]:
            place = mkdtemp() if cold else folder
            subprocess.run([sys.executable, "-c", PROGRAM], check=True, env={**environment, "XDG_CACHE_HOME": place},
                           capture_output=True)
            return 0.0, None
        if not cold:
            step()  # a run of over ten seconds would be the only one
        return step
    return build


STARTS.engine("cached")(started(False))
STARTS.engine("cold")(started(True))


@STARTS.engine("import NumPy alone")
def _() -> Step:
    def step() -> tuple[float, object]:
        subprocess.run([sys.executable, "-c", "import numpy"], check=True, env=environment)
        return 0.0, None
    return step


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────

def arrays(row: Row) -> Step:
    """The training step of T1, T2 or T3 as a program."""
    import numpy as np

    import nn.functional as F
    from autograd import compile, relu
    x, labels, parameters = data(row)
    rate = np.float32(RATE)

    def loss(parameters: Any, x: Any, labels: Any) -> Any:
        w1, b1, w2, b2 = parameters
        if row is T3:
            hidden = F.max_pool2d(relu(F.conv2d(x, w1, b1)), 2).reshape(len(labels), -1)
        else:
            hidden = relu(x @ w1 + b1)
        return F.cross_entropy(hidden @ w2 + b2, labels)
    program = compile(loss)

    def step() -> tuple[float, object]:
        for _ in range(round(1e6 / row.scale)):
            value, slopes = program.value_and_grad(parameters, x, labels)
            for p, slope in zip(parameters, slopes):
                slope *= rate
                p -= slope
        return float(value), None
    return step


for _row in (T1, T2, T3):
    _compiled = Row(f"{_row.key}_compiled", f"{_row.title}, as a program", "µs", _row.scale, rounds=7, agree=1e-3)
    _compiled.engine("compiled")(lambda row=_row: arrays(row))
    _compiled.engine("NumPy by hand")(lambda row=_row: by_hand(row))
    _compiled.engine("eager")(_row.engines["chainrule"])
    _compiled.engine("torch, 1 thread")(_row.engines["torch, 1 thread"])


# ── growth ───────────────────────────────────────────────────────────────────────────────────────────────────────

class Growth:
    """How the time of a chain x ← a·x + b grows with its nodes, and that of S1's network with its lanes."""

    def __init__(self) -> None:
        rows["growth_compiled"] = self

    def measure(self) -> str:
        """The table of sizes, times and exponents."""
        lines = ["\nGrowth of compiled programs (CPU time; exponents between neighbouring sizes)"]
        nodes, lanes = (100, 1_000, 10_000, 100_000), (1, 100, 10_000, 100_000)
        for title, unit, sizes, measured in (("chain, recorded and lowered", "nodes", nodes, recorded),
                                             ("chain, value and gradient", "nodes", nodes, chained),
                                             ("S1's network", "lanes", lanes, laned)):
            times = [measured(n) for n in sizes]
            pairs = zip(pairwise(times), pairwise(sizes))
            exponents = [f"{log(b / a) / log(m / n):.2f}" for (a, b), (n, m) in pairs]
            told = ", ".join(f"{n:,}: {1e6 * t:,.0f} µs" for n, t in zip(sizes, times))
            lines.append(f"  {title}, {unit}: {told}; exponents {', '.join(exponents)}")
        return "\n".join(lines)


def chain(nodes: int) -> Callable[..., Any]:
    def run(a: Any, b: Any, x: Any) -> Any:
        for _ in range(nodes // 2):
            x = a * x + b
        return x
    return run


def timed(work: Callable[[], object]) -> float:
    """The median CPU time of three runs."""
    times = []
    for _ in range(3):
        start = process_time()
        work()
        times.append(process_time() - start)
    return sorted(times)[1]


def recorded(nodes: int) -> float:
    from autograd.programs.program import Program

    def work() -> None:
        program = Program(chain(nodes))
        program.compiled(program.arrange((0.999, 0.5, 1.0)), (0.999, 0.5, 1.0)).engine((0, 1, 2))
    return timed(work)


def chained(nodes: int) -> float:
    from autograd import compile
    program = compile(chain(nodes))
    program.value_and_grad(0.999, 0.5, 1.0, argnums=(0, 1, 2))
    return timed(lambda: program.value_and_grad(0.999, 0.5, 1.0, argnums=(0, 1, 2)))


def laned(lanes: int) -> float:
    step = over_lanes(lanes, "native")
    step()
    return timed(step) / TIMES[lanes]


Growth()
