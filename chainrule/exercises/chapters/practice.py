"""Exercises of chapter 8: babysitting, search and the gradient check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Numbers

if TYPE_CHECKING:
    from autograd import Value


def _gated() -> Value:
    from autograd import Value, relu
    x, w, b = Value(2.0, "x"), Value(3.0, "w"), Value(-4.0, "b")
    g = relu(w * x + b)
    g.name = "g"
    return x * g


def _swish_gate(x: Any, w: Any, b: Any) -> Any:
    from autograd import sigmoid
    return x * sigmoid(w * x + b)


EXERCISES: tuple[Exercise, ...] = (
    Numbers(
        id="8.1", asked=(Asked(message("share"), 0.25, 2, wrong={
            0.09: message("that is the share of the distance: drawn log-uniformly, every factor of ten is as likely as another"),
            25: message("give the share, between 0 and 1: 25 % is 0.25"),
            0.2: message("from 1e-5 to 1e-1 there are four factors of ten, not five"),
            0.5: message("from 1e-3 to 1e-2 is one factor of ten, not two")}),),
        hints=(message("Count the factors of ten from 1e-5 to 1e-1."), message("One of them lies between 1e-3 and 1e-2.")),
        way=message("Four factors of ten, one of them between 1e-3 and 1e-2: 1/4 = 0.25.")),
    Numbers(
        id="8.2", asked=(Asked(message("trainings"), 60, wrong={
            12: message("that is one training for each setting: with 5 folds each setting is trained 5 times"),
            5: message("that is for one setting: there are 12"), 17: message("you added where you multiply: 12 settings, each in 5 folds"),
            48: message("every fold is the held-out one once: that is 5 trainings, not 4"),
            120: message("that is 12 settings times 10 epochs: trainings are asked, 12 settings in 5 folds"),
            600: message("trainings are asked, not epochs")}),),
        hints=(message("How many trainings does one setting need?"), message("Every fold is held out once: 5 trainings a setting.")),
        way=message("12 · 5 = 60 trainings.")),
    Numbers(
        id="8.3", asked=(Asked(message("factor"), 20, wrong={
            0.02: message("that is the ratio itself: how many times 0.001 is it?"), 0.05: message("turn the fraction over"),
            400: message("that is 0.4 ÷ 0.001: divide the update's length by that of the weights first"),
            8: message("that is the product: the ratio is 0.4 / 20"),
            50: message("0.4 / 20 is 0.02: how many times 0.001 is that?")}),),
        hints=(message("The ratio is the update's length over the weights' length."), message("0.4 / 20 = 0.02.")),
        way=message("0.4 / 20 = 0.02, which is 20 times 0.001: the rate is too high.")),
    Circuit(
        id="8.4", build=_gated, names=("g", "w", "b", "x"),
        wrong={"x": {2.0: message("that is the path past the gate alone: x goes into it too"),
                     6.0: message("that is the path through the gate alone: x is multiplied by it too")}},
        hints=(message("w·x + b = 2, and the ReLU is open: g = 2."), message("The product x·g swaps: g gets x, and x gets g."),
               message("x has a second path, through w·x.")),
        way=message("g gets x = 2; w gets 2 × x = 4, b gets 2; x gets g = 2, and 2 × w = 6 through the gate: 8.")),
    Bug(
        id="8.5", line=3, remedy="return (f(x + h) - f(x - h)) / (2 * h)",
        source="""
            def slope(f, x, h=1e-5):
                # the difference quotient of both sides
                return (f(x + h) - f(x)) / (2 * h)
            """,
        lines={1: message("a nudge of 1e-5 is neither too long for the curve nor too short for the digits"), 2: message("a comment does nothing")},
        hints=(message("Try it by hand with f(x) = x: the slope must be 1."), message("How far are x + h and x apart, and by what is divided?")),
        way=message("Both sides: f(x + h) − f(x − h) belongs to 2·h.")),
    Code(
        id="8.6", f=_swish_gate, wanted=("x", "w", "b"), at=(0, 1, 2), points=((2.0, 0.5, -1.0), (-1.0, 1.5, 0.25), (0.5, -2.0, 1.0)),
        source="""
            def backward(x, w, b):
                from math import exp
                s = 1 / (1 + exp(-(w * x + b)))    # forward
                da = x * (1 - s) * s               # what arrives at w·x + b
                return s + da * w, da * x, da
            """,
        wrong=((lambda x, w, b: (_swish_gate(x, w, b) / x, *_later(x, w, b)), message("x has a second path, through the gate: its contribution is missing")),
               (lambda x, w, b: (_later(x, w, b)[1] * w, *_later(x, w, b)), message("x has a second path, past the gate: its contribution is missing"))),
        hints=(message("Call s = σ(w·x + b); the result is x·s."), message("s gets x; what arrives at w·x + b is x·(1 − s)·s."),
               message("x has two paths: s directly, and w times what arrives.")),
        way=message("b gets x·(1 − s)·s; w gets that times x; x gets that times w, and s besides.")),
)


def _later(x: float, w: float, b: float) -> tuple[float, float]:
    """The gradients of w and b of exercise 8.6."""
    s = _swish_gate(x, w, b) / x
    return x * (1 - s) * s * x, x * (1 - s) * s
