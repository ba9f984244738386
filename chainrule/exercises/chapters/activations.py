"""Exercises of chapter 4: activation functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Numbers

if TYPE_CHECKING:
    from autograd import Value


def _three_zeros() -> Value:
    from autograd import Value, relu, tanh
    w, x, v, u = Value(0.0, "w"), Value(2.0, "x"), Value(3.0, "v"), Value(-1.0, "u")
    h = tanh(w * x)
    h.name = "h"
    return v * h + relu(u)


EXERCISES: tuple[Exercise, ...] = (
    Numbers(
        id="4.1", asked=(
            Asked("tanh", 1, wrong={0: message("that is the value of tanh at 0, or its slope far out: its slope at 0 is asked"),
                                    0.5: message("tanh rises twice as steeply as that: its slope at 0 is 1 − 0²"),
                                    2: message("2 is the distance between its bounds, −1 and 1: the slope is asked")}),
            Asked("sigmoid", 0.25, 2, wrong={
                0.5: message("that is the value of σ at 0: its slope is σ·(1 − σ)"),
                1: message("σ·(1 − σ) is largest at σ = ½: what is ½ × ½?"), 0: message("that is the slope far out: it is largest at 0")})),
        hints=(message("Both are steepest at 0."), message("tanh' = 1 − tanh², σ' = (1 − σ)·σ.")),
        way=message("At 0: 1 − 0² = 1, and (1 − ½)·½ = ¼.")),
    Numbers(
        id="4.2", asked=(Asked(message("gradient"), 0.25**5, significant=2, wrong={
            1.25: message("you added where you multiply: gradients along one path multiply"),
            0.25: message("that is after one sigmoid: there are five"), 0.25**4: message("that is after four: there are five"),
            0.5**5: message("σ(0) is ½, but its slope is ¼"), 0.25**6: message("that is after six: there are five"),
            0.05: message("you divided ¼ by five: multiply ¼ by itself"), 1.0: message("every sigmoid makes it smaller, by ¼"),
            0.0: message("it is small, not 0: give two significant digits, or a fraction")}),),
        hints=(message("At x = 0 the slope of σ is ¼."), message("Upstream × local, five times: ¼·¼·¼·¼·¼.")),
        way=message("¼ each time: (¼)⁵ = 1/1024 ≈ 0.00098.")),
    Numbers(
        id="4.3", asked=(Asked(message("gradient"), 0.25, 2, wrong={
            0.5: message("that is p itself: its derivative is p·(1 − p)"),
            -0.25: message("that is towards the other score, −p₁·p₂: asked is its own"),
            0.0: message("only a shift of all scores changes nothing: here one score moves"),
            1.0: message("that would be without the division by the sum")}),),
        hints=(message("With equal scores both probabilities are ½."), message("∂p₁/∂s₁ = p₁·(1 − p₁).")),
        way=message("p = ½, and p·(1 − p) = ¼.")),
    Circuit(
        id="4.4", build=_three_zeros, names=("v", "h", "w", "x", "u"),
        wrong={"w": {0.0: message("tanh has the slope 1 at 0: something arrives at w"),
                     3.0: message("that is the upstream gradient: multiply it by the other input, x")},
               "u": {1.0: message("the ReLU is closed: its input is negative, and it passes nothing back")},
               "x": {3.0: message("that is the upstream gradient: multiply it by the other input, w")}},
        hints=(message("tanh(0) = 0, and its slope there is 1 − 0² = 1."), message("A product swaps: what is the other input of each product?"),
               message("Three of the gradients are 0, each for another reason.")),
        way=message("v gets h = 0; h gets v = 3; w gets 3 × 1 × x = 6; x gets 3 × 1 × w = 0; u gets 0, as the ReLU is closed.")),
    Bug(
        id="4.5", line=6, remedy="slope = out * (1 - out)",
        source="""
            def sigmoid_gate(x):
                out = 1 / (1 + exp(-x))

                def backward(upstream):
                    # the derivative of σ
                    slope = x * (1 - x)
                    return upstream * slope

                return out, backward
            """,
        lines={2: message("that is the sigmoid"), 7: message("downstream = upstream × local"),
               5: message("a comment does nothing"), 9: message("the value, and the way back")},
        hints=(message("Put in x = 0: the slope must be ¼."), message("σ' = (1 − σ)·σ: of the output, not of the input.")),
        way=message("The rule is written in the output: out·(1 − out), not x·(1 − x).")),
    Code(
        id="4.6", f=lambda x, upstream: upstream * x / (1 + (x**2) ** 0.5), wanted=("x",), at=(0,),
        points=((2.0, 1.0), (-0.5, 3.0), (0.25, -2.0)),
        source="""
            def backward(x, upstream):
                return upstream / (1 + abs(x)) ** 2
            """,
        wrong=((lambda x, upstream: 1 / (1 + abs(x)) ** 2, message("that is the local gradient: multiply it by the upstream gradient")),
               (lambda x, upstream: upstream / (1 + abs(x)), message("that is upstream times a part of the quotient rule: the second part is missing")),
               (lambda x, upstream: upstream / (1 + x) ** 2, message("for negative x the sign inside |x| counts: 1 + |x|, not 1 + x")),
               (lambda x, upstream: upstream, message("that is the upstream gradient: multiply it by the local gradient"))),
        hints=(message("The quotient rule: (u/v)' = (u'v − uv')/v²."), message("|x|' is the sign of x, and x·sign(x) is |x|."),
               message("The local gradient is 1 / (1 + |x|)².")),
        way=message("(1 + |x| − x·sign(x)) / (1 + |x|)² = 1 / (1 + |x|)²; times upstream.")),
)
