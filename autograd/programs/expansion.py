"""Operations of arrays in terms of simpler ones, for sources, which are written from few of them; and the steps of a gradient.

The gradient is recorded as the function is: its steps are operations too, so that a language needs no rule for any pullback.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from ..arrays.axes import all_axes, plain_array
from ..arrays.table import einsum, getitem, matmul, max, pad, reshape, sum, transpose, where
from ..functional import pull
from ..ops import abs, exp, log, sqrt
from .calls import replay
from .tensors import ArrayTape, TapeStep, record_arrays


def _top(x: Any, axis: Any) -> Any:
    return plain_array(max(x, axis=axis, keepdims=True))


def _softmax(x: Any, axis: Any) -> Any:
    e = exp(x - _top(x, axis))
    return e / sum(e, axis=axis, keepdims=True)


def _logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    top = _top(x, axis)
    top = plain_array(where(top, 0.0, condition=abs(top) < np.inf))
    out = log(sum(exp(x - top), axis=axis, keepdims=True)) + top
    kept = [n for i, n in enumerate(x.shape) if keepdims or i not in all_axes(axis, x.ndim)]
    return reshape(out, shape=tuple([1 if keepdims and i in all_axes(axis, x.ndim) else n for i, n in enumerate(kept)]))


def _cross_entropy(x: Any, target: Any, weights: Any, divisor: Any, cache: Any) -> Any:
    own = np.equal(target[:, None], np.arange(x.shape[1]))
    losses = (_logsumexp(x, 1, False) - sum(where(x, 0.0, condition=own), axis=1, keepdims=False)) * weights
    return losses if divisor is None else sum(losses, axis=None, keepdims=False) / divisor


def _linear(x: Any, w: Any, *b: Any) -> Any:
    return reduce(lambda x, y: x + y, b, matmul(x, transpose(w, axes=None)))


def _normalise(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    n = np.prod([x.shape[axis] for axis in axes])
    centred = x - sum(x, axis=axes, keepdims=True) / float(n)
    return centred / sqrt(sum(centred * centred, axis=axes, keepdims=True) / float(n) + eps)


def _batch_norm(x: Any, w: Any, b: Any, eps: float, cache: Any) -> Any:
    shape = (1, -1) + (1,) * (x.ndim - 2)
    return _normalise(x, (0, *range(2, x.ndim)), eps) * reshape(w, shape=shape) + reshape(b, shape=shape)


def _windows(x: Any, kernel: Any, stride: Any, dilation: Any) -> list[Any]:
    """For each place of a kernel the entries of (N, C, H, W) that it meets, first place first."""
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]

    def met(place: tuple[int, ...]) -> Any:
        parts = [slice(i * d, i * d + s * (n - 1) + 1, s) for i, d, s, n in zip(place, dilation, stride, counts)]
        return getitem(x, index=(slice(None), slice(None), *parts))
    return [*map(met, product(*map(range, kernel)))]


def _conv2d(x: Any, w: Any, b: Any = None, *, stride: Any, dilation: Any, sides: Any, groups: int, shapes: Any, cache: Any) -> Any:
    x = pad(x, width=((0, 0), (0, 0), *sides)) if np.any(sides) else x
    x = reshape(x, shape=(x.shape[0], groups, -1, *x.shape[2:]))
    o, kernel = w.shape[0], w.shape[2:]
    flat = reshape(x, shape=(x.shape[0], -1, *x.shape[3:]))
    w = reshape(w, shape=(groups, o // groups, *w.shape[1:]))
    parts = []
    for part, (i, j) in zip(_windows(flat, kernel, stride, dilation), product(*map(range, kernel))):
        part = reshape(part, shape=(part.shape[0], groups, -1, *part.shape[2:]))
        parts.append(einsum(part, getitem(w, index=(..., i, j)), spec="ngcij,goc->ngoij"))
    total = reduce(lambda x, y: x + y, parts)
    total = reshape(total, shape=(total.shape[0], o, *total.shape[3:]))
    return total if b is None else total + reshape(b, shape=(1, -1, 1, 1))


def _max_pool2d(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    return reduce(lambda best, part: where(part, best, condition=plain_array(part) > plain_array(best)),
                  _windows(x, kernel, stride, dilation))  # of equal ones the first takes the gradient


def _window_sum(x: Any, kernel: Any, stride: Any, shape: Any) -> Any:
    return reduce(lambda x, y: x + y, _windows(x, kernel, stride, (1, 1)))


def _cumsum(x: Any, axis: int) -> Any:
    n, last = x.shape[axis], x.ndim - 1
    order = [i for i in range(x.ndim) if i != axis % x.ndim] + [axis % x.ndim]
    made = matmul(transpose(x, axes=tuple(order)), np.triu(np.ones((n, n))))
    return transpose(made, axes=tuple(np.argsort(order).tolist())) if last else made


EXPANSIONS: dict[str, Callable[..., Any]] = {
    "softmax": _softmax, "logsumexp": _logsumexp, "cross_entropy": _cross_entropy, "linear": _linear, "normalise": _normalise,
    "log_softmax": lambda x, axis: x - _logsumexp(x, axis, True), "batch_norm": _batch_norm, "conv2d": _conv2d,
    "max_pool2d": _max_pool2d, "window_sum": _window_sum, "cumsum": _cumsum,
}


# ── recordings for sources ───────────────────────────────────────────────────────────────────────────────────────

def simple_tape(tape: ArrayTape, outputs: list[int]) -> tuple[ArrayTape, list[int]]:
    """The same program of simpler operations; Tensors reached by closure are inputs, behind the arguments."""
    return _recorded(lambda *xs: replay(tape, outputs, [*xs], EXPANSIONS), _sources(tape))


def gradient_tape(tape: ArrayTape, outputs: list[int], derivatives: str) -> tuple[ArrayTape, list[int]]:
    """The gradients by all inputs that take one, of the results times seeds, which come behind the inputs.

    They are ordinary "products", which are nan where 0 meets an infinity at a branch that was not taken; or with "masks".
    """
    sources = _sources(tape)
    seeded = [n for n, i in enumerate(outputs) if _is_float(tape.examples[i])]
    seeds = [(np.ones_like(np.asarray(tape.examples[outputs[n]], float)), f"seed {n}") for n in seeded]

    def gradients(*xs: Any) -> list[Any]:
        given = [*xs[:len(sources)]]
        results = replay(tape, outputs, given, EXPANSIONS)
        parts = [sum(results[n] * seed, axis=None, keepdims=False) for n, seed in zip(seeded, xs[len(sources):])
                 if hasattr(results[n], "requires_grad")]
        wanted = [x for x in given if getattr(x, "requires_grad", False)]
        total: Any = reduce(lambda x, y: x + y, parts) if parts else 0.0
        if not getattr(total, "requires_grad", False):
            return [np.zeros(x.shape) for x in wanted]
        return pull(total, wanted, None, True)
    return _recorded(gradients, [*sources, *seeds], derivatives)


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or np.asarray(x).dtype.kind == "f"


def _sources(tape: ArrayTape) -> list[tuple[Any, str]]:
    return [(tape.examples[i], tape.names.get(i, "a Tensor")) for i in [*tape.inputs, *tape.leaves_read]]


def _recorded(function: Callable[..., list[Any]], sources: list[tuple[Any, str]],
              derivatives: str = "products") -> tuple[ArrayTape, list[int]]:
    made, outputs, _ = record_arrays(function, lambda tape: tuple([tape.input(x, name) for x, name in sources]),
                                     lambda results: (results, None), derivatives=derivatives)
    return made, outputs


def live_steps(tape: ArrayTape, outputs: list[int], guards: bool) -> list[TapeStep]:
    """The steps that the outputs, and with ``guards`` the guards, depend on."""
    from .lines import slots_of
    needed, kept = set(outputs), []
    for step in reversed(tape.steps):
        if step.out in needed or guards and step.kind == "guard":
            needed.update(slots_of((step.args, step.options)))
            kept.append(step)
    return kept[::-1]
