"""Exercises of chapter 3: layers and the forward pass."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Numbers

if TYPE_CHECKING:
    from autograd import Value


def _two_hidden() -> Value:
    from autograd import Value, relu
    x, w1, w2, v1, v2 = Value(3.0, "x"), Value(2.0, "w1"), Value(-1.0, "w2"), Value(-1.0, "v1"), Value(4.0, "v2")
    h1, h2 = relu(w1 * x), relu(w2 * x)
    h1.name, h2.name = "h1", "h2"
    return v1 * h1 + v2 * h2


def _points() -> tuple[tuple[Any, ...], ...]:
    import numpy as np
    rng = np.random.default_rng(0)
    return tuple((rng.normal(size=(n, 3)), rng.normal(size=(3, 2)), rng.normal(size=2), rng.normal(size=(n, 2))) for n in (4, 3))


_TOO_WIDE = message("that is 227 / 4: the filter must fit in")


class _Layer(Code):
    """The exercise on a linear layer: its points are arrays, made when they are first used."""

    def judge(self, answer: Any) -> tuple[bool, Any]:
        object.__setattr__(self, "points", _points())
        return super().judge(answer)


EXERCISES: tuple[Exercise, ...] = (
    Numbers(
        id="3.1", asked=(
            Asked(message("width"), 55, wrong={
                54: message("the first window counts too: (227 − 11) / 4 steps, and 1"),
                217: message("that is with stride 1: divide 227 − 11 by the stride"),
                56: message("227 − 11 is divided first, then 1 is added"), 57: _TOO_WIDE, Fraction(227, 4): _TOO_WIDE,
                3025: message("those are all places, 55 × 55: the width is asked")}),
            Asked(message("parameters"), 34_944, wrong={
                34_848: message("did you forget the biases? Each filter has one"),
                11_712: message("each filter looks at all three channels: 11·11·3 weights"),
                11_616: message("each filter looks at all three channels, and has a bias"),
                1_056: message("a filter of 11×11 has 11·11 weights for each of the three channels, not 11"),
                364: message("that is one filter: there are 96"),
                34_849: message("every filter has a bias of its own: 96 of them"),
                105_705_600: message("the same weights serve at every place: they are counted once")})),
        hints=(message("How often does a filter fit: (N − F) / S + 1."), message("Each filter has 11·11·3 weights and a bias."),
               message("(227 − 11) / 4 + 1, and 96 · (11·11·3 + 1).")),
        way=message("(227 − 11) / 4 + 1 = 55; each of the 96 filters has 11·11·3 = 363 weights and one bias: 96 · 364 = 34,944.")),
    Numbers(
        id="3.2", asked=(Asked(message("parameters"), 79_510, wrong={
            79_400: message("did you forget the biases? Each node has one: 100 and 10"),
            79_500: message("the output layer has biases too"), 79_410: message("the hidden layer has biases too"),
            **dict.fromkeys((79_401, 79_402), message("each node has a bias of its own, not each layer: 100 and 10")),
            78_510: message("the weights from the hidden to the output layer are missing: 100·10"),
            78_500: message("that is the first layer: add the second"), 78_400: message("that is the first layer without biases: two layers are asked"),
            784_000: message("you multiplied where you add: each layer has a matrix of its own"),
            80_294: message("the inputs have no biases: only 100 and 10 nodes have"),
            894: message("those are the nodes: the weights between them are asked")}),),
        hints=(message("A layer of m nodes on n inputs has n·m weights, and m biases."), message("784·100 + 100 and 100·10 + 10.")),
        way=message("784·100 + 100 + 100·10 + 10 = 79,510.")),
    Numbers(
        id="3.3", asked=(Asked(message("padding"), 2, wrong={
            4: message("that is what both sides get together: padding is counted for each side"),
            0: message("without padding the output is narrower, by F − 1"), 1: message("that is for a filter of 3"),
            5: message("that is the width of the filter: the output must be N again"),
            3: message("then the output is wider than the input: N − 5 + 2P + 1 must be N")}),),
        hints=(message("The output is N − F + 2P + 1 wide: when is that N?"), message("P = (F − 1) / 2.")),
        way=message("N − 5 + 2P + 1 = N gives P = (5 − 1) / 2 = 2.")),
    Circuit(
        id="3.4", build=_two_hidden, names=("v1", "v2", "h1", "w1", "w2", "x"),
        wrong={"v2": {-3.0: message("the ReLU of w₂·x is closed: h₂ is 0, not −3")},
               "w2": {12.0: message("the ReLU of w₂·x is closed: it passes nothing back")},
               "x": {-6.0: message("the ReLU of w₂·x is closed: only the path through h₁ counts")}},
        hints=(message("First forward: which of the two ReLUs is open?"), message("A closed ReLU (negative input) has the local gradient 0."),
               message("x is used by both neurons: what comes back adds up.")),
        way=message("h₁ = 6, h₂ = 0. v₁ gets 6, v₂ gets 0, h₁ gets −1; w₁ gets −1 × 3 = −3, x gets −1 × 2 = −2; w₂ gets 0, its ReLU is closed.")),
    Bug(
        id="3.5", line=3, remedy="places = (n - f + 2 * padding) // stride + 1",
        source="""
            def convolve(x, w, stride, padding):
                n, f = len(x), len(w)
                places = (n - f + padding) // stride + 1
                x = [0] * padding + x + [0] * padding
                out = []
                for i in range(places):
                    at = i * stride
                    out.append(sum(w[k] * x[at + k] for k in range(f)))
                return out
            """,
        lines={4: message("there are zeros on both sides, as it should be"), 7: message("the window moves by the stride"),
               8: message("one window times the filter, added up"), 6: message("one number for each place of the window")},
        hints=(message("Try x = [1, 2, 3], w = [1, 1, 1], stride 1, padding 1: how many numbers should come out?"),
               message("Compare line 3 with (N − F + 2P)/S + 1.")),
        way=message("Zeros stand on both sides, so the padding counts twice: (N − F + 2P)/S + 1.")),
    _Layer(
        id="3.6", f=lambda X, W, b, G: ((X @ W + b) * G).sum(), points=(), wanted=("X", "W", "b"), at=(0, 1, 2),
        source="""
            def backward(X, W, b, G):
                return G @ W.T, X.T @ G, G.sum(axis=0)
            """,
        wrong=((lambda X, W, b, G: (G @ W.T, X.T @ G, G.mean(axis=0)), message("b goes to every row: its contributions add up, so sum, not mean")),
               (lambda X, W, b, G: (G @ W.T, X.T @ G / len(X), G.sum(axis=0)),
                message("the upstream gradient G has the division by the batch already, if there is one: do not divide again")),
               (lambda X, W, b, G: (G @ W.T, X.T @ G, G[0]), message("b is used by every row: add up what all rows send back"))),
        hints=(message("Shapes decide much: dW has the shape of W, dX that of X."), message("dX = G·Wᵀ and dW = Xᵀ·G."),
               message("b is copied to every row of the batch: add its gradients up over the rows.")),
        way=message("dX = G·Wᵀ, dW = Xᵀ·G, db = the sum of G over the batch.")),
)
