"""The cells of LSTM and GRU as fused operations: one step from the gates' scores, in place of a dozen operations.

On arrays the rules below use the intermediate results in ``cache``; with create_graph, and for Values (``viz.zoom`` opens a cell
into its gates), they are composed of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import jvp, sech, sigmoid, tanh, vjp
from autograd.arrays.functions import stack
from autograd.arrays.operation import ArrayOperation
from autograd.elementwise import silent

from .operands import all_plain


def _chunks(x: Any, n: int) -> list[Any]:
    """The parts of the gates, side by side on the last axis."""
    return [x[..., i:i + n] for i in range(0, x.shape[-1], n)]


def _derived(steps: Any, i: int, fast: Any) -> Any:
    """The gradient of operand ``i``: on arrays by ``fast``, else that of the steps composed of rows, as a graph."""
    def pullback(g: Any, out: Any, *operands: Any, cache: dict[str, Any]) -> Any:
        if all_plain(g, out, *operands):
            return fast(g, out, *operands, cache)
        return vjp(lambda x: steps(*operands[:i], x, *operands[i + 1:]), operands[i])[1](g)[0]
    return pullback


def _pushed(steps: Any) -> Any:
    """The pushforward of the steps composed of rows."""
    return lambda out, xs, ts, o: jvp(steps, xs, [np.zeros(x.shape) if t is None else t for x, t in zip(xs, ts)])[1]


# ── LSTM: all time steps of one layer, (2, L, N, hidden): its outputs, o·tanh(c), and its cells, f·c + i·g ─────────

def lstm_step(scores: Any, c: Any) -> tuple[Any, Any]:
    """The next output and cell from the gates' scores, in the order input, forget, cell, output."""
    i, f, new, o = _chunks(scores, c.shape[-1])
    c = sigmoid(f) * c + sigmoid(i) * tanh(new)
    return sigmoid(o) * tanh(c), c


def _lstm_parts(x: Any, weight: Any, h: Any, c: Any) -> Any:
    """All steps, each composed of rows."""
    states = []
    for moment in x:
        h, c = lstm_step(moment + h @ weight, c)
        states.append((h, c))
    return stack([stack(part) for part in zip(*states)])


def _lstm_forward(x: Any, weight: Any, h: Any, c: Any, cache: dict[str, Any]) -> Any:
    if x.dtype == object:  # the circuit of numbers that viz.zoom opens
        return _lstm_parts(x, weight, h, c)
    dtype, n = np.result_type(x, weight, h, c), c.shape[-1]
    sign = np.repeat(np.array([-1, -1, 1, -1], dtype), n)  # sigmoid is made of exp(−score)
    scores, by = x * sign, np.multiply(weight, sign, order="C")
    gates, out = np.empty_like(scores), np.empty((2, *x.shape[:-1], n), dtype)
    squashed = np.empty_like(out[0])
    cache.update(gates=gates, squashed=squashed, exps=scores, start=(h, c))
    moments = zip(scores, scores[..., 2 * n:3 * n], gates, *_chunks(gates, n), *out, squashed)
    for score, new, gate, i, f, update, o, output, cell, tanh_c in moments:
        score += h @ by
        new = np.tanh(new)
        np.add(np.exp(score, out=score), 1, out=gate)
        np.reciprocal(gate, out=gate)
        update[...] = new
        c = np.multiply(f, c, out=cell)
        c += np.multiply(i, new, out=new)
        h = np.multiply(o, np.tanh(c, out=tanh_c), out=output)
    return out


def _lstm_slopes(out: Any, cache: dict[str, Any]) -> tuple[Any, Any]:
    """The local gradients of the gates, σ·σ·exp(−score) and sech², and of tanh(c), without cancellation, for all steps."""
    n, gates = out.shape[-1], cache["gates"]
    slopes = np.minimum(cache["exps"], np.finfo(out.dtype).max)  # 0 · inf is nan
    new = slopes[..., 2 * n:3 * n]
    bend = 2 / (new + 1 / np.maximum(new, np.finfo(out.dtype).tiny))  # where new² would overflow too
    slopes *= gates
    slopes *= gates
    np.square(bend, out=new)
    return slopes, sech(out[1]) ** 2


def _lstm_down(g: Any, out: Any, weight: Any, cache: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The gradients of the scores of all time steps, and of the initial states."""
    if cache.get("of") is not g:  # one walk for all four operands
        n, gates, squashed = out.shape[-1], cache["gates"], cache["squashed"]
        (slopes, bend), down = _lstm_slopes(out, cache), np.empty_like(gates)
        bend *= gates[..., 3 * n:]
        dh, dc = np.zeros_like(out[0, 0]), np.zeros_like(out[0, 0])
        before = np.concatenate([cache["start"][1][None], out[1, :-1]])
        i, f, new, _ = _chunks(gates, n)
        moments = zip(*(part[::-1] for part in (*g, slopes, bend, squashed, before, i, f, new, down, *_chunks(down, n))))
        for g_h, g_c, slope, bent, tanh_c, c, i, f, new, d, d_i, d_f, d_new, d_o in moments:
            dh += g_h
            dc += g_c
            dc += dh * bent
            np.multiply(dc, new, out=d_i)
            np.multiply(dc, c, out=d_f)
            np.multiply(dc, i, out=d_new)
            np.multiply(dh, tanh_c, out=d_o)
            d *= slope
            dc *= f
            dh = d @ weight.T
        cache.update(of=g, down=(down, dh, dc))
    return cache["down"]


def _lstm_weight(g: Any, out: Any, x: Any, weight: Any, h: Any, c: Any, cache: dict[str, Any]) -> Any:
    down = _lstm_down(g, out, weight, cache)[0]
    before = np.concatenate([h[None], out[0, :-1]])
    return before.reshape(-1, before.shape[-1]).T @ down.reshape(-1, down.shape[-1])


lstm = ArrayOperation(
    "lstm", "o·tanh c", silent(_lstm_forward),
    _derived(_lstm_parts, 0, lambda g, out, x, weight, h, c, cache: _lstm_down(g, out, weight, cache)[0]),
    _derived(_lstm_parts, 1, _lstm_weight),
    _derived(_lstm_parts, 2, lambda g, out, x, weight, h, c, cache: _lstm_down(g, out, weight, cache)[1]),
    _derived(_lstm_parts, 3, lambda g, out, x, weight, h, c, cache: _lstm_down(g, out, weight, cache)[2]),
    pushforward=_pushed(_lstm_parts), shown=("σ′, tanh′", "σ′·h", "σ′·W", "f"))


# ── GRU: h + (1 − z)·(n − h), where n = tanh(x_n + r·h_n) ────────────────────────────────────────────────────────

def _gru_forward(x: Any, y: Any, h: Any, cache: dict[str, Any]) -> Any:
    n = h.shape[-1]
    scores = x[..., :2 * n] + y[..., :2 * n]
    r, z = _chunks(sigmoid(scores), n)
    new = np.tanh(x[..., 2 * n:] + r * y[..., 2 * n:])
    cache.update(scores=scores, r=r, z=z, new=new)
    return new + z * (h - new)


def _gru_step(x: Any, y: Any, h: Any) -> Any:
    """The next state, composed of rows."""
    (a, b, c), (u, v, w) = _chunks(x, h.shape[-1]), _chunks(y, h.shape[-1])
    new, z = tanh(c + sigmoid(a + u) * w), sigmoid(b + v)
    return new + z * (h - new)


def _gru_down(g: Any, out: Any, x: Any, y: Any, h: Any, cache: dict[str, Any]) -> Any:
    """The gradients of the scores of r, z and n, side by side."""
    if cache.get("of") is not g:  # computed once for both parts
        n, r, z, new = h.shape[-1], cache["r"], cache["z"], cache["new"]
        down, away = np.empty_like(x), sigmoid(-cache["scores"])
        last = np.multiply(g * away[..., n:], sech(x[..., 2 * n:] + r * y[..., 2 * n:]) ** 2, out=down[..., 2 * n:])
        np.multiply(last * y[..., 2 * n:], r * away[..., :n], out=down[..., :n])
        np.multiply(g * (h - new), z * away[..., n:], out=down[..., n:2 * n])
        cache.update(of=g, down=down)
    return cache["down"]


def _gru_state_share(g: Any, out: Any, x: Any, y: Any, h: Any, cache: dict[str, Any]) -> Any:
    down, n = _gru_down(g, out, x, y, h, cache), h.shape[-1]
    return np.concatenate([down[..., :2 * n], down[..., 2 * n:] * cache["r"]], -1)


gru_cell = ArrayOperation("gru_cell", "z·h + (1 − z)·n", _gru_forward, _derived(_gru_step, 0, _gru_down),
                          _derived(_gru_step, 1, _gru_state_share),
                          _derived(_gru_step, 2, lambda g, out, x, y, h, cache: g * cache["z"]), pushforward=_pushed(_gru_step),
                          shown=("σ′·h, tanh′", "σ′·h, r·tanh′", "z"))
