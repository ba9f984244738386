"""Rows about single numbers: S1, a training step of micrograd's demo; a chain of a million nodes; import time."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from tempfile import mkdtemp
from typing import Any

from .measure import Row, Step

# ── S1 ───────────────────────────────────────────────────────────────────────────────────────────────────────────

S1 = Row("s1", "S1: training step of micrograd's demo (MLP 2-16-16-1, 100 points of moons, hinge + 1e-4 L2; 65,612 "
         "nodes), forward + backward", "ms", scale=1e3, rounds=9, nodes=65_612)
SIZES = (2, 16, 16, 1)
rng = random.Random(1337)
WEIGHTS = [[[rng.uniform(-1, 1) for _ in range(n)] for _ in range(m)] for n, m in pairwise(SIZES)]
LABELS = [1 if i < 50 else -1 for i in range(100)]
ANGLES = [math.pi * i / 49 for i in range(50)]
MOONS = [(math.cos(t), math.sin(t)) for t in ANGLES] + [(1 - math.cos(t), 0.5 - math.sin(t)) for t in ANGLES]
POINTS = [(x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)) for x, y in MOONS]


def total(terms: Sequence[Any]) -> Any:
    return sum(terms[1:], terms[0])


PARAMETERS = [w for layer in WEIGHTS for ws in layer for w in (*ws, 0.0)]


def whole(parameters: Sequence[Any], relu: Callable[[Any], Any], node: Callable[[float], Any] = float) -> Any:
    """The loss of all 100 points as a function of the weights and biases of every neuron, as in micrograd's notebook."""
    numbers = iter(parameters)
    layers = [[([next(numbers) for _ in ws], next(numbers)) for ws in layer] for layer in WEIGHTS]

    def score(x: Sequence[Any]) -> Any:
        for i, layer in enumerate(layers):
            sums = [sum((w * xi for w, xi in zip(ws, x)), b) for ws, b in layer]
            x = [relu(s) for s in sums] if i < 2 else sums
        return x[0]
    losses = [relu(1 + -y * score([node(x) for x in point])) for point, y in zip(POINTS, LABELS)]
    return total(losses) * (1 / len(losses)) + 1e-4 * total([p * p for p in parameters])


def s1(node: Callable[[float], Any], relu: Callable[[Any], Any], zero: Callable[[Any], Any] | None = None) -> Step:
    """The step for any library whose nodes are single numbers."""
    parameters = [node(p) for p in PARAMETERS]

    def step() -> tuple[float, object]:
        for p in parameters:
            if zero:
                zero(p)
            else:
                p.grad = None
        whole(parameters, relu, node).backward()
        # nothing is kept alive, because a training loop frees its graph too, or leaves it to the garbage collector
        return math.fsum(float(p.grad) for p in parameters), None
    return step


@S1.engine("chainrule")
def _() -> Step:
    from autograd import Value
    return s1(Value, Value.relu)


@S1.engine("micrograd")
def _() -> Step:
    from micrograd.engine import Value
    return s1(Value, Value.relu, lambda p: setattr(p, "grad", 0))


@S1.engine("PyTorch")
def _() -> Step:
    import torch
    torch.set_num_threads(1)
    return s1(lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), torch.relu)


@S1.engine("MyGrad")
def _() -> Step:
    import mygrad
    from mygrad.nnet import relu
    return s1(mygrad.tensor, relu, mygrad.Tensor.null_grad)


def by_jax(compiled: bool) -> Step:
    """The program rewritten for arrays in JAX."""
    import jax
    import jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    parameters = [(jnp.array(layer), jnp.zeros(len(layer))) for layer in WEIGHTS]
    x, y = jnp.array(POINTS), jnp.array(LABELS)

    def loss(parameters: Any) -> Any:
        h = x
        for i, (w, b) in enumerate(parameters):
            h = jax.nn.relu(h @ w.T + b) if i < 2 else h @ w.T + b
        penalty = sum((p * p).sum() for p in jax.tree.leaves(parameters))
        return jax.nn.relu(1 - y * h[:, 0]).mean() + 1e-4 * penalty
    gradient = jax.jit(jax.grad(loss)) if compiled else jax.grad(loss)
    return lambda: (math.fsum(float(g.sum()) for g in jax.tree.leaves(gradient(parameters))), None)


S1.engine("JAX, jit")(lambda: by_jax(True))
S1.engine("JAX, eager")(lambda: by_jax(False))


@S1.engine("CasADi")
def _() -> Step:
    import casadi
    symbols = [casadi.SX.sym(f"p{i}") for i in range(len(PARAMETERS))]
    y = whole(symbols, lambda x: casadi.fmax(x, 0))
    program = casadi.Function("s1", [casadi.vertcat(*symbols)], [y, casadi.gradient(y, casadi.vertcat(*symbols))])
    values = casadi.DM(PARAMETERS)
    return lambda: (float(casadi.sum1(program(values)[1])), None)


@S1.engine("NumPy by hand")
def _() -> Step:
    """Gradients on arrays."""
    import numpy as np
    (w1, w2, w3), (b1, b2, b3) = map(np.array, WEIGHTS), (np.zeros(16), np.zeros(16), np.zeros(1))
    x, y = np.array(POINTS), np.array(LABELS)

    def step() -> tuple[float, object]:
        h1 = np.maximum(x @ w1.T + b1, 0)
        h2 = np.maximum(h1 @ w2.T + b2, 0)
        margin = 1 - y * (h2 @ w3.T + b3)[:, 0]
        g3 = np.where(margin > 0, -y / 100, 0)[:, None]
        g2 = (g3 @ w3) * (h2 > 0)
        g1 = (g2 @ w2) * (h1 > 0)
        gradients = [g.T @ h + 2e-4 * w for g, h, w in ((g1, x, w1), (g2, h1, w2), (g3, h2, w3))]
        biases = [g.sum(0) + 2e-4 * b for g, b in ((g1, b1), (g2, b2), (g3, b3))]
        return math.fsum(float(g.sum()) for g in gradients + biases), None
    return step


# ── detection of the first nan ───────────────────────────────────────────────────────────────────────────────────

ANOMALY = Row("anomaly", "S1 within detect_anomaly(), which looks at every value and gradient", "ms", scale=1e3, rounds=9)
ANOMALY_T1 = Row("anomaly_t1", "T1 (MLP 784-128-10, batch 64) within detect_anomaly()", "µs", scale=1e6 / 20, rounds=9)


def watched(build: Callable[[], Step]) -> Callable[[], Step]:
    """The same step inside ``detect_anomaly``."""
    def built() -> Step:
        from autograd import detect_anomaly
        step = build()

        def within() -> tuple[float, object]:
            with detect_anomaly():
                return step()
        return within
    return built


def t1() -> Step:
    from .tensors import T1
    return T1.engines["chainrule"].build()


for _row, _build in ((ANOMALY, S1.engines["chainrule"].build), (ANOMALY_T1, t1)):
    _row.engine("within")(watched(_build))
    _row.engine("without")(_build)


# ── a chain ──────────────────────────────────────────────────────────────────────────────────────────────────────

NODES = 1_000_000  # after a tenth of them the gradients have converged: slow engines may stop there
CHAIN = Row("chain", f"Chain x ← a·x + b of {NODES:,} nodes, forward + backward", "µs/node", scale=1e6 / NODES,
            rounds=3, nodes=NODES)
A, B, X = 0.999, 0.5, 1.0


def chain(node: Callable[[float], Any], nodes: int = NODES) -> tuple[float, object]:
    a, b, x = start = node(A), node(B), node(X)
    for _ in range(nodes // 2):
        x = a * x + b
    x.backward()
    return math.fsum(float(leaf.grad) for leaf in start), x


@CHAIN.engine("chainrule")
def _() -> Step:
    from autograd import Value
    return lambda: chain(Value)


@CHAIN.engine("micrograd")
def _() -> Step:
    from micrograd.engine import Value
    chain(Value, 5_000)  # it recurses: fails here, and not only after a million nodes
    return lambda: chain(Value)


@CHAIN.engine("PyTorch", share=0.1)
def _() -> Step:
    import torch
    torch.set_num_threads(1)
    return lambda: chain(lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), NODES // 10)


@CHAIN.engine("MyGrad", share=0.1)
def _() -> Step:
    import mygrad
    chain(mygrad.tensor, 5_000)  # as for micrograd
    return lambda: chain(mygrad.tensor, NODES // 10)


@CHAIN.engine("JAX, jit")
def _() -> Step:
    import jax
    jax.config.update("jax_enable_x64", True)

    def loop(a: Any, b: Any, x: Any) -> Any:
        return jax.lax.scan(lambda x, _: (a * x + b, None), x, length=NODES // 2)[0]
    gradient = jax.jit(jax.grad(loop, argnums=(0, 1, 2)))
    return lambda: (math.fsum(map(float, gradient(A, B, X))), None)


# ── import time ──────────────────────────────────────────────────────────────────────────────────────────────────

IMPORT = Row("import", "Start Python and import", "ms", scale=1e3, rounds=5)


environment = {**os.environ, "PYTHONPYCACHEPREFIX": mkdtemp()}  # the first run compiles, with an empty cache
environment.pop("PYTHONDONTWRITEBYTECODE", None)


def imports(module: str) -> Callable[[], Step]:
    def build() -> Step:
        if find_spec(module) is None:
            raise ModuleNotFoundError(name=module)

        def step() -> tuple[float, object]:
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environment)
            return 0.0, None
        return step
    return build


for module in ("autograd", "micrograd.engine", "numpy", "torch", "mygrad", "jax"):
    IMPORT.engine(module)(imports(module))
IMPORT.engine("nothing (sys)")(imports("sys"))
