"""The cells of LSTM and GRU: what a step makes of its gates' scores, as one operation where parts would be a dozen.

On arrays the rules below compute with what the forward left in ``cache``; where the gradient is to be a graph, and of
Values (``viz.zoom`` opens a cell into its gates), they are composed of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import sech, sigmoid, tanh
from autograd.arrays.operation import ArrayOperation
from autograd.arrays.table import concatenate

from .operands import all_plain


def _chunks(x: Any, n: int) -> list[Any]:
    """The shares of the gates, side by side on the last axis."""
    return [x[..., i:i + n] for i in range(0, x.shape[-1], n)]


def _slope(x: Any) -> Any:
    return sigmoid(x) * sigmoid(-x)


def _joined(*parts: Any) -> Any:
    return concatenate(*parts, axis=-1)


# ── LSTM: the next cell, f·c + i·g, and the next output, o·tanh(c) ───────────────────────────────────────────────

def _cell_forward(scores: Any, c: Any, cache: dict[str, Any]) -> Any:
    n = c.shape[-1]
    gates, new = cache["open"], cache["new"] = sigmoid(scores[..., :2 * n]), np.tanh(scores[..., 2 * n:3 * n])
    return gates[..., n:] * c + gates[..., :n] * new


def _cell_scores(g: Any, out: Any, scores: Any, c: Any, cache: dict[str, Any]) -> Any:
    n = c.shape[-1]
    if all_plain(g, scores, c):
        down = np.zeros_like(scores)
        gates, new = down[..., :2 * n], scores[..., 2 * n:3 * n]
        np.multiply(g, cache["new"], out=down[..., :n])
        np.multiply(g, c, out=down[..., n:2 * n])
        gates *= cache["open"]
        gates *= sigmoid(-scores[..., :2 * n])
        down[..., 2 * n:3 * n] = sech(new) ** 2 * cache["open"][..., :n] * g
        return down
    i, f, new, o = _chunks(scores, n)
    return _joined(g * tanh(new) * _slope(i), g * c * _slope(f), g * sigmoid(i) * sech(new) ** 2, o * 0.0)


def _cell_cell(g: Any, out: Any, scores: Any, c: Any, cache: dict[str, Any]) -> Any:
    n = c.shape[-1]
    return g * (cache["open"][..., n:] if all_plain(g, scores) else sigmoid(scores[..., n:2 * n]))


def _cell_pushforward(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    (scores, c), (along, t) = xs, ts
    i, f, new, _ = _chunks(scores, c.shape[-1])
    total = 0.0 if t is None else sigmoid(f) * t
    if along is not None:
        t_i, t_f, t_new, _ = _chunks(along, c.shape[-1])
        total = total + c * _slope(f) * t_f + tanh(new) * _slope(i) * t_i + sigmoid(i) * sech(new) ** 2 * t_new
    return total


lstm_cell = ArrayOperation("lstm_cell", "f·c + i·g", _cell_forward, _cell_scores, _cell_cell, pushforward=_cell_pushforward,
                           shown=("σ′·(g, c), tanh′·i", "f"))


def _output_forward(scores: Any, c: Any, cache: dict[str, Any]) -> Any:
    o, squashed = cache["open"], cache["squashed"] = sigmoid(scores[..., -c.shape[-1]:]), np.tanh(c)
    return o * squashed


def _output_scores(g: Any, out: Any, scores: Any, c: Any, cache: dict[str, Any]) -> Any:
    n = c.shape[-1]
    if all_plain(g, scores, c):
        down = np.zeros_like(scores)
        gate = down[..., -n:]
        np.multiply(g, cache["squashed"], out=gate)
        gate *= cache["open"]
        gate *= sigmoid(-scores[..., -n:])
        return down
    return _joined(scores[..., :-n] * 0.0, g * tanh(c) * _slope(scores[..., -n:]))


def _output_cell(g: Any, out: Any, scores: Any, c: Any, cache: dict[str, Any]) -> Any:
    o = cache["open"] if all_plain(g, scores, c) else sigmoid(scores[..., -c.shape[-1]:])
    return g * o * sech(c) ** 2


def _output_pushforward(out: Any, xs: Any, ts: Any, o: dict[str, Any]) -> Any:
    (scores, c), (along, t) = xs, ts
    n = c.shape[-1]
    total = 0.0 if t is None else sigmoid(scores[..., -n:]) * sech(c) ** 2 * t
    return total if along is None else total + tanh(c) * _slope(scores[..., -n:]) * along[..., -n:]


lstm_output = ArrayOperation("lstm_output", "o·tanh c", _output_forward, _output_scores, _output_cell,
                             pushforward=_output_pushforward, shown=("σ′·tanh c", "o·tanh′"))


# ── GRU: h + (1 − z)·(n − h), where n = tanh(x_n + r·h_n) ────────────────────────────────────────────────────────

def _gru_forward(x: Any, y: Any, h: Any, cache: dict[str, Any]) -> Any:
    n = h.shape[-1]
    scores = x[..., :2 * n] + y[..., :2 * n]
    r, z = _chunks(sigmoid(scores), n)
    new = np.tanh(x[..., 2 * n:] + r * y[..., 2 * n:])
    cache.update(scores=scores, r=r, z=z, new=new)
    return new + z * (h - new)


def _gru_parts(x: Any, y: Any, h: Any) -> tuple[Any, ...]:
    """The scores of r and z, r, z, the score of n, n, and the share of the state in it."""
    n = h.shape[-1]
    (a, b, c), (u, v, w) = _chunks(x, n), _chunks(y, n)
    r, z = sigmoid(a + u), sigmoid(b + v)
    return a + u, b + v, r, z, c + r * w, tanh(c + r * w), w


def _gru_down(g: Any, x: Any, y: Any, h: Any, cache: dict[str, Any]) -> tuple[Any, Any]:
    """The gradient of the scores of r, z and n, side by side; and r, by which the state's share of n is multiplied."""
    if all_plain(g, x, y, h):
        if cache.get("of") is not g:  # one for both shares
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
