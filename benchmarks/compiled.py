"""Engines and rows of compiled programs: S1 as a whole, over lanes, its recording, and starts; T1 to T8 as programs."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from tempfile import mkdtemp
from typing import Any

from . import layers
from .measure import Row, Step, CannotRun
from .scalar import LABELS, PARAMETERS, POINTS, S1, WEIGHTS, environment, total, whole
from .tensors import RATE, T1, T2, T3, data

BACKENDS = {"compiled, native": "native", "compiled, NumPy": "numpy"}


def on(program: Any, backend: str) -> None:
    """Raise CannotRun for a program that does not run on its backend."""
    if not program.backend.startswith(backend):
        raise CannotRun(f"its backend is {program.backend}")


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
            np.array(POINTS)[places], np.array(LABELS, dtype=float)[places])


def over_lanes(lanes: int, backend: str) -> Step:
    """Loss and gradient over so many examples by a program."""
    from autograd import compile
    program, args = compile(loss_of_one, in_axes=(None, None, 0, 0), reduce="mean", backend=backend), batch(lanes)

    def gradients() -> list[Any]:
        down, offsets = program.value_and_grad(*args, argnums=(0, 1))[1]
        return [*down, *offsets]
    gradients()
    on(program, backend)
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


def casadi_map(lanes: int) -> Step:
    """The same by CasADi: the expression of one example, mapped over all, or over the first thousand."""
    import casadi
    flat = casadi.SX.sym("p", len(PARAMETERS))
    x, y = casadi.SX.sym("x", 2), casadi.SX.sym("y")
    numbers, values = iter(casadi.vertsplit(flat)), [casadi.vertsplit(x)]
    for i, layer in enumerate(WEIGHTS):
        units = [([next(numbers) for _ in ws], next(numbers)) for ws in layer]
        sums = [sum((w * xk for w, xk in zip(ws, values[-1])), b) for ws, b in units]
        values.append([casadi.fmax(s, 0) for s in sums] if i < 2 else sums)
    loss = casadi.fmax(1 - y * values[-1][0], 0) + 1e-4 * casadi.sumsqr(flat)
    one = casadi.Function("one", [flat, x, y], [loss, casadi.gradient(loss, flat)])
    count = min(lanes, ENOUGH)
    program, inputs = one.map(count), batch(count)[2:]
    points, labels, parameters = casadi.DM(inputs[0].T), casadi.DM(inputs[1]).T, casadi.DM(PARAMETERS)
    return repeated(lanes, lambda: [casadi.sum2(program(parameters, points, labels)[1]).full() / count])


ENOUGH = 1000  # lanes of CasADi, whose time is proportional to them
TIMES = {1: 500, 100: 300, 10_000: 10, 100_000: 1}
for _lanes, _times in TIMES.items():
    _many = f"{_lanes:,} lanes" if _lanes > 1 else "1 lane"
    _row = Row(f"lanes{_lanes}", f"S1's network over {_many}: loss and gradient", "µs", 1e6 / _times, rounds=7)
    for _name, _backend in BACKENDS.items():
        _row.engine(_name)(partial(over_lanes, _lanes, _backend))
    _row.engine("NumPy by hand")(partial(numpy_by_hand, _lanes))
    _row.engine("JAX, jit")(partial(jax_jit, _lanes))
    _row.engine("CasADi", share=min(1.0, ENOUGH / _lanes))(partial(casadi_map, _lanes))


def program_of_s1(backend: str) -> Step:
    """S1's whole expression as one program."""
    from autograd import compile, relu
    program = compile(lambda parameters: whole(parameters, relu), backend=backend)

    def step() -> tuple[float, object]:
        slopes = program.value_and_grad(PARAMETERS)[1]
        on(program, backend)
        return math.fsum(slopes), None
    return step


for _name, _backend in BACKENDS.items():
    S1.engine(_name)(partial(program_of_s1, _backend))

RECORDING = Row("recording", "S1 of 65,596 operations: recording and lowering beside an eager forward pass", "ms", 1e3, rounds=7,
                agree=math.inf)


@RECORDING.engine("record and lower")
def _() -> Step:
    from autograd import relu
    from autograd.programs.program import Program

    def step() -> tuple[float, object]:
        program = Program(lambda parameters: whole(parameters, relu))
        compiled = program.compiled(program.arrange((PARAMETERS,)), (PARAMETERS,))
        compiled.engine((0,))
        return 0.0, program
    return step


@RECORDING.engine("eager forward")
def _() -> Step:
    from autograd import Value, relu
    return lambda: (0.0, whole([Value(x) for x in PARAMETERS], relu))


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

def arrays(row: Row, backend: str) -> Step:
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
    program = compile(loss, backend=backend)

    def step() -> tuple[float, object]:
        for _ in range(round(1e6 / row.scale)):
            value, slopes = program.value_and_grad(parameters, x, labels)
            for p, slope in zip(parameters, slopes):
                slope *= rate
                p -= slope
        on(program, backend)
        return float(value), None
    return step


def updating(row: Row) -> Step:
    """The training step of T1 or T2 with its update in the program, as in JAX: parameters go in and come out."""
    import numpy as np

    import nn.functional as F
    from autograd import compile, relu, value_and_grad
    x, labels, parameters = data(row)
    rate = np.float32(RATE)

    def loss(parameters: Any, x: Any, labels: Any) -> Any:
        w1, b1, w2, b2 = parameters
        return F.cross_entropy(relu(x @ w1 + b1) @ w2 + b2, labels)

    def updated(parameters: Any, x: Any, labels: Any) -> Any:
        value, slopes = value_and_grad(loss)(parameters, x, labels)
        return value, [p - rate * slope for p, slope in zip(parameters, slopes)]
    program = compile(updated, backend="native")

    def step() -> tuple[float, object]:
        nonlocal parameters
        for _ in range(round(1e6 / row.scale)):
            value, parameters = program(parameters, x, labels)
        on(program, "native")
        return float(value), None
    return step


def layered(kind: str, backend: str) -> Step:
    """Value and gradient of T4 to T8 as a program."""
    from autograd import compile
    loss, leaves, x = layers.of_chainrule(kind)
    program = compile(loss, backend=backend)

    def step() -> tuple[float, object]:
        for leaf in leaves:
            leaf.grad = None
        value = program.backward(*x)
        on(program, backend)
        return float(value), None
    return step


for _row in (T1, T2):
    _row.engine("compiled step, native")(partial(updating, _row))
for _name, _backend in BACKENDS.items():
    for _row in (T1, T2, T3):
        _row.engine(_name)(partial(arrays, _row, _backend))
    for _key, (_kind, _) in layers.LAYERS.items():
        layers.ROWS[_key].engine(_name)(partial(layered, _kind, _backend))
