"""Exercises of chapter 5: losses and regularisation."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Numbers

if TYPE_CHECKING:
    from autograd import Value


def _hinge_and_penalty() -> Value:
    from autograd import Value, maximum
    w, x, s = Value(2.0, "w"), Value(3.0, "x"), Value(4.0, "s")
    m = w * x - s + 1.0
    m.name = "m"
    return maximum(m, 0.0) + 0.5 * (w * w)


def _cross_entropy(s1: Any, s2: Any, s3: Any) -> Any:
    """The cross-entropy of three scores where the second class is right."""
    from autograd import exp, log
    return log(exp(s1) + exp(s2) + exp(s3)) - s2


def _softmax(*scores: float) -> list[float]:
    from math import exp
    total = sum(map(exp, scores))
    return [exp(s) / total for s in scores]


EXERCISES: tuple[Exercise, ...] = (
    Numbers(
        id="5.1", asked=(
            Asked("MSE", Fraction(4, 3), 2, wrong={
                4.0: message("that is the SSE: the mean divides by N = 3"), 2.0: message("is that the sum of distances? MSE squares them, and divides by 3"),
                Fraction(4, 9): message("that is the square of the mean: square each distance first, then take the mean"),
                1.155: message("that is the RMSE: MSE has no root"), Fraction(2, 3): message("that is the MAE: MSE squares the distances")}),
            Asked("MAE", Fraction(2, 3), 2, wrong={
                1.0: message("the mean divides by N = 3, the right predictions included"),
                2.0: message("that is the sum: the mean divides by N = 3"), 1.155: message("that is the RMSE: MAE adds distances, not squares"),
                Fraction(4, 3): message("that is the MSE: MAE does not square")})),
        hints=(message("Two of the three predictions are right."), message("The third is off by 2: its square is 4."), message("Both are means over 3.")),
        way=message("(0 + 4 + 0) / 3 = 4/3, and (0 + 2 + 0) / 3 = 2/3.")),
    Numbers(
        id="5.2", asked=(Asked(message("loss"), 2, wrong={
            3: message("the right class itself is left out of the sum"), 1: message("did you forget the margin of 1?"),
            0: message("class 1 has the higher score: the margin is broken"),
            5: message("the scores are compared with that of the right class, 3"), 4: message("4 − 3 + 1 is 2, and 2 − 3 + 1 is 0: add them"),
            Fraction(2, 3): message("that is divided by the classes: the hinge loss adds up")}),),
        hints=(message("For each wrong class: max(0, s_j − s_y + 1)."), message("max(0, 2 − 3 + 1) + max(0, 4 − 3 + 1).")),
        way=message("max(0, 2 − 3 + 1) + max(0, 4 − 3 + 1) = 0 + 2 = 2.")),
    Numbers(
        id="5.3", asked=(
            Asked("s1", Fraction(-2, 3), 2, wrong={
                Fraction(1, 3): message("that is p: for the right class 1 is taken away, p − y"),
                -1.0: message("that is −y: the gradient is p − y"), 1.0: message("that is y: the gradient is p − y"),
                0.0: message("the scores are equal, but class 0 is the right one: its score should grow")}),
            Asked("s2", Fraction(1, 3), 2, wrong={0.0: message("that is y: the gradient is p − y, and p is ⅓"),
                                                  -Fraction(1, 3): message("look at the sign: this score should fall, so its gradient is positive")}),
            Asked("s3", Fraction(1, 3), 2)),
        hints=(message("Softmax of three equal scores is ⅓ each."), message("The gradient of cross-entropy towards the scores is p − y."),
               message("y is (1, 0, 0).")),
        way=message("p − y = (⅓ − 1, ⅓ − 0, ⅓ − 0).")),
    Circuit(
        id="5.4", build=_hinge_and_penalty, names=("m", "w", "x", "s"),
        wrong={"w": {3.0: message("that is from the data loss: the penalty pulls on w too"),
                     2.0: message("that is from the penalty: the data loss pulls on w too"),
                     7.0: message("the factor ½ of the penalty cancels the 2 of the square")},
               "s": {1.0: message("look at the sign: s is taken away")}},
        hints=(message("m = 3 is above 0, so the maximum passes its gradient on."), message("w has two paths: through m, and through ½·w²."),
               message("∂(½·w²)/∂w = w.")),
        way=message("m gets 1; s gets −1; x gets w = 2; w gets x = 3 from the data and w = 2 from the penalty: 5.")),
    Bug(
        id="5.5", line=4, remedy="total -= t * log(p)",
        source="""
            def cross_entropy(probabilities, targets):
                total = 0.0
                for p, t in zip(probabilities, targets):
                    total -= p * log(t)
                return total
            """,
        lines={2: message("a sum begins at 0"), 3: message("each class has a probability and a target"), 5: message("the sum over all classes")},
        hints=(message("Targets are 0 or 1: which logarithm must not be taken?"), message("−Σ y·log p: which of them is y?")),
        way=message("Target and probability are swapped: −Σ y·log p takes the logarithm of the probability.")),
    Code(
        id="5.6", f=_cross_entropy, wanted=("s1", "s2", "s3"), at=(0, 1, 2), points=((2.0, 1.0, 0.1), (0.0, 0.0, 0.0), (-1.0, 3.0, 0.5)),
        source="""
            from math import exp

            def backward(s1, s2, s3):
                powers = exp(s1), exp(s2), exp(s3)
                p1, p2, p3 = (x / sum(powers) for x in powers)
                return p1, p2 - 1, p3          # p − y, with y = (0, 1, 0)
            """,
        wrong=((lambda *s: _softmax(*s), message("that is p: take the target y away, which is 1 for the second class")),
               (lambda *s: [-p + y for p, y in zip(_softmax(*s), (0, 1, 0))], message("look at the sign: it is p − y, not y − p")),
               (lambda *s: [p - y for p, y in zip(_softmax(*s), (1, 0, 0))], message("the second class is the right one: y is (0, 1, 0)")),
               (lambda *s: [p * (1 - p) for p in _softmax(*s)], message("that is the slope of softmax: go on through −log p as well"))),
        hints=(message("First the probabilities: exp of each score, divided by their sum."), message("The gradient is p − y."),
               message("The second class is the right one, so y = (0, 1, 0).")),
        way=message("p − y: softmax of the scores, less 1 for the right class.")),
)
