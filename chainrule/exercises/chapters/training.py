"""Exercises of chapter 7: training in practice."""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Numbers

if TYPE_CHECKING:
    from autograd import Value


def _dropped_and_decayed() -> Value:
    from autograd import Value, relu
    w, x, v = Value(1.0, "w"), Value(3.0, "x"), Value(-2.0, "v")
    h = relu(w * x)
    h.name = "h"
    return v * (h * 2.0) + 0.5 * (w * w)


_SPREAD = sqrt(1.5)  # 2 over the root of the variance 8/3

EXERCISES: tuple[Exercise, ...] = (
    Numbers(
        id="7.1", asked=(Asked(message("loss"), log(100), 2, wrong={
            log(10): message("that is for ten classes: here are 100"), 100: message("the loss is the logarithm: −log(1/100)"),
            0.01: message("that is the probability by chance: the loss is its negative logarithm"),
            2.0: message("the natural logarithm is asked, not that to base 10"), 99.0: message("that is for the hinge loss, C − 1: softmax has log C"),
            6.644: message("the natural logarithm is asked, not that to base 2"),
            0.0: message("a loss of 0 would mean that all is known already")}),),
        hints=(message("At the start each of the 100 classes has the same probability."), message("−log(1/100) = log 100.")),
        way=message("Chance gives each class 1/100: −log(1/100) = log 100 ≈ 4.61.")),
    Numbers(
        id="7.2", asked=(Asked(message("deviation"), 0.125, 3, wrong={
            1 / 64: message("that is the variance: the standard deviation is its root"),
            sqrt(1 / 128): message("that is Xavier's: He's factor is 2, for what the ReLU takes away"),
            8.0: message("turn the fraction over: 2 is divided by n"), 1 / 128: message("2 is divided by n, and the root is taken"),
            sqrt(2) / 128: message("the root is taken of 2/n, not of 2 alone")}),),
        hints=(message("He: √(2/n)."), message("2/128 = 1/64: what is its root?")),
        way=message("√(2/128) = √(1/64) = 1/8 = 0.125.")),
    Numbers(
        id="7.3", asked=(
            Asked(message("first"), -_SPREAD, 2, wrong={
                -2.0: message("that is centred only: divide by the spread as well"),
                -1.0: message("batch norm divides by N, not by N − 1: the variance is 8/3"),
                -0.75: message("you divided by the variance: divide by its root"), 0.0: message("take the mean, 4, away from 2")}),
            Asked(message("second"), 0, wrong={4: message("take the mean, 4, away")}),
            Asked(message("third"), _SPREAD, 2, wrong={2.0: message("that is centred only: divide by the spread as well"),
                                              1.0: message("batch norm divides by N, not by N − 1: the variance is 8/3"),
                                              0.75: message("you divided by the variance: divide by its root")})),
        hints=(message("The mean is 4."), message("The variance is (4 + 0 + 4) / 3 = 8/3."), message("(x − mean) / √variance.")),
        way=message("(2 − 4, 4 − 4, 6 − 4) / √(8/3) = (−1.22, 0, 1.22).")),
    Circuit(
        id="7.4", build=_dropped_and_decayed, names=("v", "h", "w", "x"),
        wrong={"v": {3.0: message("inverted dropout doubled h before it came to v: 2·h")},
               "h": {-2.0: message("that is before dropout's factor 2: it scales the gradient too")},
               "w": {-12.0: message("that is from the data: the penalty pulls on w too"), 1.0: message("that is from the penalty: the data pull on w too"),
                     -13.0: message("look at the sign of the penalty: it is added, so its gradient is +w"),
                     -10.0: message("the factor ½ of the penalty cancels the 2 of the square"), -6.0: message("dropout's factor 2 scales the gradient too")},
               "x": {-2.0: message("dropout's factor 2 scales the gradient too")}},
        hints=(message("Inverted dropout with p = ½ keeps this unit, and doubles it: ×2, forward and back."), message("w has two paths: the data, and ½·w²."),
               message("h gets v × 2.")),
        way=message("v gets 2·h = 6; h gets −2 × 2 = −4; x gets −4 × w = −4; w gets −4 × x = −12, and w = 1 from the penalty: −11.")),
    Bug(
        id="7.5", line=5, remedy="return (train - mean) / std, (held - mean) / std",
        source="""
            def standardised(train, held):
                mean = train.mean(axis=0)
                std = train.std(axis=0)
                # both parts, in the same way
                return (train - mean) / std, (held - held.mean(axis=0)) / std
            """,
        lines={2: message("the mean of each column of the training data"), 3: message("the spread of each column of the training data"),
               4: message("a comment does nothing")},
        hints=(message("What may be known of the held-out data while fitting?"), message("The network has learned from numbers shifted by the mean of the training data.")),
        way=message("Held-out data are shifted by the mean of the training data, not by their own.")),
    Code(
        id="7.6", f=lambda x1, x2, x3, g1, g2, g3: g1 * (x1 - (x1 + x2 + x3) / 3) + g2 * (x2 - (x1 + x2 + x3) / 3) + g3 * (x3 - (x1 + x2 + x3) / 3),
        wanted=("x1", "x2", "x3"), at=(0, 1, 2), points=((2.0, 4.0, 6.0, 1.0, 0.0, -2.0), (1.0, -1.0, 0.5, 3.0, 1.0, 0.5)),
        source="""
            def backward(x1, x2, x3, g1, g2, g3):
                mean = (g1 + g2 + g3) / 3      # what goes back through the mean
                return g1 - mean, g2 - mean, g3 - mean
            """,
        wrong=((lambda x1, x2, x3, g1, g2, g3: (g1, g2, g3), message("that is the upstream gradient: every x reaches the result through the mean too")),
               (lambda x1, x2, x3, g1, g2, g3: tuple(g - (g1 + g2 + g3) for g in (g1, g2, g3)), message("the mean has the local gradient 1/3 towards each x: divide by N")),
               (lambda x1, x2, x3, g1, g2, g3: tuple(g + (g1 + g2 + g3) / 3 for g in (g1, g2, g3)), message("look at the sign: the mean is taken away")),
               (lambda x1, x2, x3, g1, g2, g3: tuple(g * 2 / 3 for g in (g1, g2, g3)), message("the mean goes into all three results: what comes back through it is the sum of all g, not only its own"))),
        hints=(message("Each x has two paths: its own result, and the mean."), message("The mean gets −(g₁ + g₂ + g₃), and passes a third of it to each x.")),
        way=message("Each x gets its own g, less the mean of all three.")),
)
