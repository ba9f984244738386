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
from autograd.arrays.table import concatenate
from autograd.elementwise import silent

from .operands import all_plain


def _chunks(x: Any, n: int) -> list[Any]:
    """The parts of the gates, side by side on the last axis."""
    return [x[..., i:i + n] for i in range(0, x.shape[-1], n)]


def _slope(x: Any) -> Any:
    return sigmoid(x) * sigmoid(-x)


def _joined(*parts: Any) -> Any:
    return concatenate(*parts, axis=-1)


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
    bend = new * 2 / (new * new + 1)
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


def _lstm_pullback(i: int, fast: Any) -> Any:
    """The gradient of operand ``i``: on arrays by one backward walk, else by the composed rows, as a graph."""
    def pullback(g: Any, out: Any, *operands: Any, cache: dict[str, Any]) -> Any:
        if all_plain(g, out, *operands):
            return fast(g, out, *operands, cache)
        return vjp(lambda x: _lstm_parts(*[x if k == i else y for k, y in enumerate(operands)]), operands[i])[1](g)[0]
    return pullback


def _lstm_pushforward(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    return jvp(_lstm_parts, xs, [np.zeros(x.shape) if t is None else t for x, t in zip(xs, ts)])[1]


lstm = ArrayOperation(
    "lstm", "o·tanh c", silent(_lstm_forward),
    _lstm_pullback(0, lambda g, out, x, weight, h, c, cache: _lstm_down(g, out, weight, cache)[0]),
    _lstm_pullback(1, _lstm_weight),
    _lstm_pullback(2, lambda g, out, x, weight, h, c, cache: _lstm_down(g, out, weight, cache)[1]),
    _lstm_pullback(3, lambda g, out, x, weight, h, c, cache: _lstm_down(g, out, weight, cache)[2]),
    pushforward=_lstm_pushforward, shown=("σ′, tanh′", "σ′·h", "σ′·W", "f"))


# ── GRU: h + (1 − z)·(n − h), where n = tanh(x_n + r·h_n) ────────────────────────────────────────────────────────

def _gru_forward(x: Any, y: Any, h: Any, cache: dict[str, Any]) -> Any:
    n = h.shape[-1]
    scores = x[..., :2 * n] + y[..., :2 * n]
    r, z = _chunks(sigmoid(scores), n)
    new = np.tanh(x[..., 2 * n:] + r * y[..., 2 * n:])
    cache.update(scores=scores, r=r, z=z, new=new)
    return new + z * (h - new)


def _gru_parts(x: Any, y: Any, h: Any) -> tuple[Any, ...]:
    """The scores of r and z, r, z, the score of n, n, and the state's part of that score."""
    n = h.shape[-1]
    (a, b, c), (u, v, w) = _chunks(x, n), _chunks(y, n)
    r, z = sigmoid(a + u), sigmoid(b + v)
    return a + u, b + v, r, z, c + r * w, tanh(c + r * w), w


def _gru_down(g: Any, x: Any, y: Any, h: Any, cache: dict[str, Any]) -> tuple[Any, Any]:
    """The gradients of the scores of r, z and n, side by side; and r, the factor of the state's part of n."""
    if all_plain(g, x, y, h):
        if cache.get("of") is not g:  # computed once for both parts
            n, r, z, new = h.shape[-1], cache["r"], cache["z"], cache["new"]
            down, away = np.empty_like(x), sigmoid(-cache["scores"])
            last = np.multiply(g * away[..., n:], sech(x[..., 2 * n:] + r * y[..., 2 * n:]) ** 2, out=down[..., 2 * n:])
            np.multiply(last * y[..., 2 * n:], r * away[..., :n], out=down[..., :n])
            np.multiply(g * (h - new), z * away[..., n:], out=down[..., n:2 * n])
            cache.update(of=g, down=down)
        return cache["down"], cache["r"]
    a, b, r, z, c, new, w = _gru_parts(x, y, h)
    last = g * sigmoid(-b) * sech(c) ** 2
    return _joined(last * w * _slope(a), g * (h - new) * _slope(b), last), r


def _gru_state_share(g: Any, out: Any, x: Any, y: Any, h: Any, cache: dict[str, Any]) -> Any:
    down, r = _gru_down(g, x, y, h, cache)
    n = h.shape[-1]
    return _joined(down[..., :2 * n], down[..., 2 * n:] * r)


def _gru_pushforward(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    x, y, h = xs
    a, b, r, z, c, new, w = _gru_parts(x, y, h)
    total = 0.0 if ts[2] is None else z * ts[2]
    for t, factor in ((ts[0], 1.0), (ts[1], r)):
        if t is not None:
            t_r, t_z, t_n = _chunks(t, h.shape[-1])
            total = total + (h - new) * _slope(b) * t_z + sigmoid(-b) * sech(c) ** 2 * (w * _slope(a) * t_r + factor * t_n)
    return total


gru_cell = ArrayOperation("gru_cell", "z·h + (1 − z)·n", _gru_forward,
                          lambda g, out, x, y, h, cache: _gru_down(g, x, y, h, cache)[0], _gru_state_share,
                          lambda g, out, x, y, h, cache: g * (cache["z"] if all_plain(g, x) else _gru_parts(x, y, h)[3]),
                          pushforward=_gru_pushforward, shown=("σ′·h, tanh′", "σ′·h, r·tanh′", "z"))
