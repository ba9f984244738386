"""Exercises of chapter 2: perceptrons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Free, Numbers
from ..words import Message

if TYPE_CHECKING:
    from autograd import Value


def _nor(w1: float, w2: float, b: float) -> Message | None:
    """The first corner at which these weights are no NOR gate, as a message."""
    if (w1, w2, b) in ((-0.5, -0.5, 0.3), (-1.0, -1.0, 0.5)):
        return Message(message("these weights are those of the lesson: find others"))
    for x1, x2, wanted in ((0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 0)):
        total = b + w1 * x1 + w2 * x2
        if (total > 0) != bool(wanted):
            return Message(message("for ({x1}, {x2}) the sum is {total:.4g}, so your neuron says {said}, and NOR says {wanted}"),
                           {"x1": x1, "x2": x2, "total": total, "said": int(total > 0), "wanted": wanted})
    return None


def _adaline() -> Value:
    from autograd import Value
    w1, w2, b = Value(1.0, "w1"), Value(2.0, "w2"), Value(-1.0, "b")
    s = w1 * 3.0 + w2 * -1.0 + b
    s.name = "s"
    return (s - 1.0) ** 2


EXERCISES: tuple[Exercise, ...] = (
    Free(
        id="2.1", names=("w1", "w2", "b"), fault=_nor, example=(-2.0, -2.0, 1.0),
        hints=(message("For (0, 0) only b counts: it must be above 0."),
               message("For (0, 1) and (1, 0) the sum must not be above 0: each weight is negative, and larger than b.")),
        way=message("b is positive, and each weight is −b or below.")),
    Numbers(
        id="2.2", asked=(
            Asked(message("low"), -2, wrong={-3: message("with two inputs at 1 the sum is 2 + b, not 3 + b: when is it above 0?"),
                                    **dict.fromkeys((0, 1, 2, 3), message(
                                        "b must be negative: with one input at 1 the sum, 1 + b, must not be above 0"))}),
            Asked(message("high"), -1, wrong={0: message("with one input at 1 the sum is 1 + b: it must not be above 0")})),
        hints=(message("Two inputs at 1 must be enough: 2 + b > 0."), message("One must not be enough: 1 + b ≤ 0.")),
        way=message("2 + b > 0 and 1 + b ≤ 0: b lies above −2, and is −1 at most.")),
    Numbers(
        id="2.3", asked=(Asked(message("functions"), 14, wrong={
            16: message("those are all functions: two of them no line can separate"),
            15: message("XOR is not the only one: what about its opposite?"),
            13: message("that is one too few: two functions are impossible, XOR and its opposite"),
            12: message("that is too few: only two functions are impossible, XOR and its opposite"),
            2: message("those are the impossible ones: how many of the 16 are left?"),
            **dict.fromkeys((6, 8), message("a line also puts all corners on one side, or one, or two beside each other: count them all")),
            4: message("4 is the number of corners: the functions give each corner 0 or 1")}),),
        hints=(message("Each function colours the four corners of a square in two colours."),
               message("A line cannot separate the two diagonals: how many of the 16 are such?")),
        way=message("All but XOR and its opposite, XNOR: 16 − 2 = 14.")),
    Circuit(
        id="2.4", build=_adaline, names=("s", "w1", "w2", "b"),
        wrong={"s": {-1.0: message("that is the error s − t: the derivative of its square is twice that"),
                     1.0: message("that is the squared error itself: its derivative is 2·(s − t)")}},
        hints=(message("s is 0 and t is 1, so the error s − t is −1."), message("The derivative of (s − t)² towards s is 2·(s − t)."),
               message("Each weight gets the gradient of s times its input; b gets it unchanged.")),
        way=message("s gets 2·(0 − 1) = −2; w₁ gets −2 × 3 = −6, w₂ gets −2 × (−1) = 2, b gets −2.")),
    Bug(
        id="2.5", line=5, remedy="w[i] += (t - y) * x[i]",
        source="""
            def learn(w, b, x, t):
                s = b + sum(wi * xi for wi, xi in zip(w, x))
                y = 1 if s > 0 else 0
                for i in range(len(w)):
                    w[i] += (y - t) * x[i]
                b += t - y
                return w, b
            """,
        lines={2: message("it is the weighted sum of the inputs and the bias"), 3: message("the step: 1 above 0, else 0"),
               4: message("every weight has its turn"), 6: message("the bias is the weight of an input that is always 1: it moves by t − y")},
        hints=(message("Let the neuron say 0 where 1 is right: should the weights of positive inputs grow or shrink?"),
               message("Compare the update of the weights with that of the bias.")),
        way=message("Where the answer is too small, the weights must grow: the update is (t − y)·x, not (y − t)·x.")),
    Code(
        id="2.6", f=lambda w1, w2, b, x1, x2, t: 0.5 * (t - (w1 * x1 + w2 * x2 + b)) ** 2,
        points=((1.0, 2.0, -1.0, 3.0, -1.0, 1.0), (0.5, -0.5, 0.2, -1.0, 2.0, -1.0)), wanted=("w1", "w2", "b"), at=(0, 1, 2),
        source="""
            def backward(w1, w2, b, x1, x2, t):
                s = w1 * x1 + w2 * x2 + b    # forward
                ds = s - t                   # of ½(t − s)²
                return ds * x1, ds * x2, ds
            """,
        wrong=((lambda w1, w2, b, x1, x2, t: ((t - w1 * x1 - w2 * x2 - b) * x1, (t - w1 * x1 - w2 * x2 - b) * x2,
                                              t - w1 * x1 - w2 * x2 - b),
                message("look at the sign: that is the step of the delta rule, which goes against the gradient")),
               (lambda w1, w2, b, x1, x2, t: (2 * (w1 * x1 + w2 * x2 + b - t) * x1, 2 * (w1 * x1 + w2 * x2 + b - t) * x2,
                                              2 * (w1 * x1 + w2 * x2 + b - t)),
                message("did you forget the ½? It cancels the 2 of the square")),
               (lambda w1, w2, b, x1, x2, t: (w1 * x1 + w2 * x2 + b - t,) * 3,
                message("that is the upstream gradient: multiply it by the input of each weight")),
               (lambda w1, w2, b, x1, x2, t: ((w1 * x1 + w2 * x2 + b - t) * w1, (w1 * x1 + w2 * x2 + b - t) * w2,
                                              w1 * x1 + w2 * x2 + b - t),
                message("a product swaps its inputs: towards w₁ it is x₁, not w₁"))),
        hints=(message("First the sum s, then the gradient of the loss towards s."), message("That of ½(t − s)² towards s is s − t."),
               message("Each weight's local gradient is its input.")),
        way=message("ds = s − t; w₁ gets ds·x₁, w₂ gets ds·x₂, b gets ds.")),
)
