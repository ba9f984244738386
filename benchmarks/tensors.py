"""Rows about arrays: a training step, update included, of two dense networks and a convolutional one, in float32."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from .measure import Record, Row, Step, rounded

T1 = Row("t1", "T1  MLP 784-128-10, batch 64: a training step", "µs", 1e6 / 20, rounds=9, agree=1e-3)
T2 = Row("t2", "T2  MLP 4-16-3, batch 32: a training step", "µs", 1e6 / 100, rounds=9, agree=1e-3)
T3 = Row("t3", "T3  conv 8×3×3 on 28×28, relu, 2×2 max-pool, linear, batch 32: a training step", "µs", 1e6 / 5,
         rounds=9, agree=1e-3)
RATE = 0.01


def data(row: Row) -> tuple[Any, Any, list[Any]]:
    """Inputs, labels and parameters, the same for every engine."""
    import numpy as np
    rng = np.random.default_rng(0)

    def normal(*shape: int, spread: float = 1.0) -> Any:
        return (spread * rng.normal(size=shape)).astype(np.float32)
    if row is T3:
        return (normal(32, 1, 28, 28), rng.integers(0, 10, 32),
                [normal(8, 1, 3, 3, spread=0.3), normal(8), normal(1352, 10, spread=0.03), normal(10)])
    batch, inputs, hidden, outputs = (64, 784, 128, 10) if row is T1 else (32, 4, 16, 3)
    return (normal(batch, inputs), rng.integers(0, outputs, batch),
            [normal(inputs, hidden, spread=inputs**-0.5), normal(hidden), normal(hidden, outputs, spread=hidden**-0.5),
             normal(outputs)])


def repeated(row: Row, train: Callable[[], Any]) -> Step:
    """Run the row's number of training steps; return the last loss."""
    def step() -> tuple[float, object]:
        for _ in range(round(1e6 / row.scale)):
            loss = train()
        return float(loss), None
    return step


def chainrule(row: Row) -> Step:
    import nn.functional as F
    from autograd import Tensor, relu
    x, labels, arrays = data(row)
    params = [Tensor(array) for array in arrays]
    x = Tensor(x, requires_grad=False)
    w1, b1, w2, b2 = params

    def train() -> Any:
        if row is T3:
            hidden = F.max_pool2d(relu(F.conv2d(x, w1, b1)), 2).reshape(len(labels), -1)
        else:
            hidden = relu(x @ w1 + b1)
        loss = F.cross_entropy(hidden @ w2 + b2, labels)
        for p in params:
            p.grad = None
        loss.backward()
        for p in params:
            p.data -= RATE * p.grad
        return loss.item()
    return repeated(row, train)


def by_hand(row: Row) -> Step:
    import numpy as np
    x, labels, params = data(row)
    w1, b1, w2, b2 = params
    n, rows = len(x), np.arange(len(x))
    rate = np.float32(RATE)

    def top(hidden: Any) -> tuple[Any, Any, Any, Any]:
        """The last layer and the loss, forward and backward; the softmax is computed in place."""
        scores = hidden @ w2
        scores += b2
        scores -= scores.max(1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(1, keepdims=True)
        loss = -np.log(scores[rows, labels]).mean()
        scores[rows, labels] -= 1
        scores /= n
        return loss, scores @ w2.T, hidden.T @ scores, scores.sum(0)

    def update(*grads: Any) -> None:
        for p, grad in zip(params, grads):
            grad *= rate
            p -= grad

    def dense() -> Any:
        hidden = x @ w1
        hidden += b1
        np.maximum(hidden, 0, out=hidden)
        loss, down, dw2, db2 = top(hidden)
        down *= hidden > 0
        update(x.T @ down, down.sum(0), dw2, db2)
        return loss

    return repeated(row, partial(convolutional, x, params, top, update) if row is T3 else dense)


def convolutional(x: Any, params: list[Any], top: Callable[..., Any], update: Callable[..., None]) -> Any:
    """T3 by hand, with the functions of the last layer and of the update."""
    import numpy as np
    from numpy.lib.stride_tricks import as_strided
    n, (w1, b1, _, _) = len(x), params
    a, b, high, wide = x.strides
    windows = as_strided(x, (n, 1, 3, 3, 26, 26), (a, b, high, wide, high, wide))
    columns = np.ascontiguousarray(windows).reshape(n, 9, 676)
    hidden = w1.reshape(8, 9) @ columns
    hidden += b1[:, None]
    np.maximum(hidden, 0, out=hidden)
    image = hidden.reshape(n, 8, 26, 26)
    rowwise = np.maximum(image[:, :, 0::2], image[:, :, 1::2])
    pooled = np.maximum(rowwise[..., 0::2], rowwise[..., 1::2])
    loss, down, dw2, db2 = top(pooled.reshape(n, -1))
    down = down.reshape(pooled.shape)
    down *= pooled > 0  # relu's mask, of the entries that pooling lets through
    back, free = np.empty_like(image), np.ones(pooled.shape, bool)
    for i in (0, 1):
        for j in (0, 1):
            first = image[:, :, i::2, j::2] == pooled
            first &= free
            free ^= first
            np.multiply(down, first, out=back[:, :, i::2, j::2])
    back = back.reshape(n, 8, 676)
    update(np.matmul(back, columns.transpose(0, 2, 1)).sum(0).reshape(w1.shape), back.sum((0, 2)), dw2, db2)
    return loss


def torch(row: Row) -> Step:
    import torch as th
    import torch.nn.functional as F
    th.set_num_threads(1)
    x, labels, arrays = data(row)
    x, labels = th.tensor(x), th.tensor(labels)
    params = [th.tensor(array, requires_grad=True) for array in arrays]
    w1, b1, w2, b2 = params

    def train() -> Any:
        if row is T3:
            hidden = F.max_pool2d(th.relu(F.conv2d(x, w1, b1)), 2).reshape(len(labels), -1)
        else:
            hidden = th.relu(x @ w1 + b1)
        loss = F.cross_entropy(hidden @ w2 + b2, labels)
        for p in params:
            p.grad = None
        loss.backward()
        with th.no_grad():
            for p in params:
                p -= RATE * p.grad
        return loss.item()
    return repeated(row, train)


def mygrad(row: Row) -> Step:
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.layers import conv_nd, max_pool
    from mygrad.nnet.losses import softmax_crossentropy
    x, labels, arrays = data(row)
    params = [mg.tensor(array) for array in arrays]
    w1, b1, w2, b2 = params

    def train() -> Any:
        if row is T3:
            image = relu(conv_nd(x, w1, stride=1) + b1.reshape(1, 8, 1, 1))
            hidden = max_pool(image, (2, 2), 2).reshape(len(labels), -1)
        else:
            hidden = relu(x @ w1 + b1)
        loss = softmax_crossentropy(hidden @ w2 + b2, labels)
        loss.backward()
        for p in params:
            p.data -= RATE * p.grad
            p.null_grad()
        return loss.item()
    return repeated(row, train)


def dense_loss(library: Any, params: Any, x: Any, labels: Any) -> Any:
    """The loss of T1 and T2 in NumPy's names: JAX and HIPS autograd take them."""
    w1, b1, w2, b2 = params
    return cross_entropy(library, library.maximum(x @ w1 + b1, 0) @ w2 + b2, labels)


def cross_entropy(library: Any, scores: Any, labels: Any) -> Any:
    scores = scores - scores.max(1, keepdims=True)
    return (library.log(library.exp(scores).sum(1)) - scores[library.arange(len(labels)), labels]).mean()


def jax(row: Row, compiled: bool) -> Step:
    import jax as jx
    import jax.numpy as jnp
    x, labels, params = data(row)

    def conv_loss(params: Any, x: Any, labels: Any) -> Any:
        w1, b1, w2, b2 = params
        image = jx.nn.relu(jx.lax.conv_general_dilated(x, w1, (1, 1), "VALID") + b1[:, None, None])
        pooled = jx.lax.reduce_window(image, -jnp.inf, jx.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        return cross_entropy(jnp, pooled.reshape(len(labels), -1) @ w2 + b2, labels)
    gradient = jx.value_and_grad(conv_loss if row is T3 else lambda *arguments: dense_loss(jnp, *arguments))

    def update(params: Any, x: Any, labels: Any) -> Any:
        loss, slopes = gradient(params, x, labels)
        return loss, [p - RATE * slope for p, slope in zip(params, slopes)]
    update = jx.jit(update) if compiled else update
    x, labels, params = jnp.array(x), jnp.array(labels), [jnp.array(p) for p in params]

    def train() -> Any:
        nonlocal params
        loss, params = update(params, x, labels)
        return loss.item()
    return repeated(row, train)


for _row in (T1, T2, T3):
    for _name, _build in (("chainrule", chainrule), ("NumPy by hand", by_hand), ("PyTorch", torch), ("MyGrad", mygrad)):
        _row.engine(_name)(partial(_build, _row))
    _row.engine("JAX, jit")(partial(jax, _row, True))
    _row.engine("JAX, eager")(partial(jax, _row, False))


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────

class Memory(Row):
    """A row whose engines return the peak bytes of all arrays in a step, in place of times."""

    def value(self, name: str, turn: Record) -> float:
        """The sample of a turn: its result."""
        return rounded(turn["result"] * self.scale)

    def begun(self, name: str, turn: Record) -> Record:
        """The record of an engine, whose only turn is the first."""
        engine = super().begun(name, turn)
        return engine if "failure" in engine else {"times": [engine["first"]], "result": engine["result"]}


MEMORY = Memory("memory", "T1, memory: the most that parameters, inputs and all else take within a training step", "MB", 1e-6,
                rounds=0, agree=math.inf)


def traced(build: Callable[[Row], Step]) -> Step:
    """The peak of NumPy's allocations, from tracemalloc."""
    import tracemalloc
    build(T1)()  # loads all lazy imports first, because code does not count
    tracemalloc.start()
    train = build(T1)

    def step() -> tuple[float, object]:
        train()
        tracemalloc.reset_peak()
        train()
        return float(tracemalloc.get_traced_memory()[1]), None
    return step


@MEMORY.engine("chainrule")
def _() -> Step:
    return traced(chainrule)


@MEMORY.engine("NumPy by hand")
def _() -> Step:
    return traced(by_hand)


@MEMORY.engine("PyTorch")
def _() -> Step:
    import torch as th
    from torch.profiler import ProfilerActivity, profile
    x, labels, arrays = data(T1)
    x, labels = th.tensor(x), th.tensor(labels)
    params = [th.tensor(array, requires_grad=True) for array in arrays]
    w1, b1, w2, b2 = params

    def train() -> None:
        loss = th.nn.functional.cross_entropy(th.relu(x @ w1 + b1) @ w2 + b2, labels)
        loss.backward()
        with th.no_grad():
            for p in params:
                p -= RATE * p.grad

    def step() -> tuple[float, object]:
        train()
        for p in params:
            p.grad = None  # frees of memory allocated before profiling are not reported
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            train()
        now = peak = float(sum(t.nbytes for t in (x, labels, *params)))
        changes = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
        for change in sorted(changes, key=lambda e: e.start_ns()):
            now += change.nbytes()
            peak = max(peak, now)
        return peak, None
    return step
