"""Exercises of chapter 6: derivatives and gradient descent."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Numbers

if TYPE_CHECKING:
    from autograd import Value


def _square_and_product() -> Value:
    from autograd import Value
    x1, x2 = Value(2.0, "x1"), Value(3.0, "x2")
    q = x1 * x1
    q.name = "q"
    return q * x2 + x2


EXERCISES: tuple[Exercise, ...] = (
    Numbers(
        id="6.1", asked=(
            Asked("x1", 12, wrong={4: message("that is 2·x₁: x₂ stands still, but it is a factor"), 6: message("the square has the derivative 2·x₁, not x₁"),
                                   3: message("that is x₂: multiply it by 2·x₁"), 7: message("you added where you multiply: 2·x₁·x₂")}),
            Asked("x2", 4, wrong={12: message("that is the value of the function: x₁² is what multiplies x₂"), 2: message("x₁ is squared"),
                                  6: message("towards x₂ only the factor x₁² remains"), 0: message("x₁ stands still, but it is a factor")})),
        hints=(message("Towards x₁: x₂ is a constant factor."), message("(2·x₁·x₂, x₁²).")),
        way=message("2·x₁·x₂ = 2·2·3 = 12, and x₁² = 4.")),
    Numbers(
        id="6.2", asked=(Asked("x", 1, wrong={
            2: message("that is after one step: two are asked"), 0: message("each step halves x: it never arrives at 0"),
            Fraction(9, 4): message("the derivative of x² is 2x, not x"), 3: message("the derivative of x² is 2x, not x; and two steps are asked"),
            9: message("look at the sign: the step goes against the gradient"), 0.5: message("that is after three steps"),
            3.5: message("the step is rate × gradient, and the gradient is 2x: you took the rate alone"),
            -4: message("the step is rate × gradient = 0.25 · 2x, not 2x")}),),
        hints=(message("The derivative of x² is 2x."), message("x ← x − 0.25·2x halves x.")),
        way=message("Each step halves x: 4 → 2 → 1.")),
    Numbers(
        id="6.3", asked=(Asked(message("updates"), 290, wrong={
            280: message("the last batch of each epoch is smaller, but it counts: round up"),
            289: message("one epoch has a whole number of batches, and so have ten: 29 · 10"),
            281: message("the last batch of every epoch counts, not only that of the last one"),
            29: message("that is one epoch: there are ten"), 28: message("that is one epoch, rounded down: round up, and take ten"),
            17_970: message("that is one update for each example: a batch has 64")}),),
        hints=(message("1797 / 64 = 28.08: how many batches has an epoch?"), message("Round up, and multiply by the epochs.")),
        way=message("⌈1797 / 64⌉ = 29 in each epoch, 290 in ten.")),
    Numbers(
        id="6.4", asked=(Asked(message("rate"), Fraction(1, 3), 2, wrong={
            Fraction(1, 6): message("that is the best rate, 1 ÷ f'': it arrives in one step; it diverges from twice that on"),
            Fraction(2, 3): message("f'' is 6, not 3: the derivative of 3x² is 6x"), 6: message("that is f'': the limit is 2 ÷ f''"),
            3: message("the limit is 2 ÷ f'', not f'' ÷ 2"), 1: message("that is the limit for x²: here the curve is three times as steep")}),),
        hints=(message("Each step multiplies x by 1 − rate·6."), message("It grows where |1 − 6·rate| is above 1."), message("2 ÷ f''.")),
        way=message("x ← x − rate·6x = (1 − 6·rate)·x grows where 6·rate is above 2: from 1/3 on.")),
    Circuit(
        id="6.5", build=_square_and_product, names=("q", "x1", "x2"),
        wrong={"x1": {6.0: message("x₁ goes into its product twice: both contributions add up")},
               "x2": {4.0: message("that is the path through the product: x₂ goes into the sum too"), 1.0: message("that is the path into the sum: x₂ goes into the product too")}},
        hints=(message("x₁·x₁ uses x₁ twice."), message("x₂ is used twice too: in the product, and in the sum.")),
        way=message("q gets x₂ = 3; x₁ gets 3·2 + 3·2 = 12; x₂ gets q + 1 = 5.")),
    Bug(
        id="6.6", line=5, remedy="y = y - rate * gradient_y(*old)",
        source="""
            def descend(x, y, rate, steps):
                for _ in range(steps):
                    old = x, y
                    x = x - rate * gradient_x(x, y)
                    y = y - rate * gradient_y(x, y)
                return x, y
            """,
        lines={3: message("the point before the step is kept"), 4: message("x moves against its gradient"), 2: message("it repeats as often as asked"), 1: message("it takes the start, the rate and the number of steps")},
        hints=(message("Which x does the gradient of y see?"), message("Both gradients belong to the same point: the one before the step.")),
        way=message("The gradient of y is taken at the new x: it belongs to the point before the step.")),
    Code(
        id="6.7", f=lambda x1, x2: (1 - x1) ** 2 + 10 * (x2 - x1**2) ** 2, wanted=("x1", "x2"), at=(0, 1),
        points=((-1.0, 2.0), (0.5, 0.5), (1.5, -1.0)),
        source="""
            def backward(x1, x2):
                d = x2 - x1 ** 2               # forward
                dd = 20 * d                    # of 10·d²
                return -2 * (1 - x1) + dd * (-2 * x1), dd
            """,
        wrong=((lambda x1, x2: (2 * (1 - x1) - 40 * x1 * (x2 - x1**2), 20 * (x2 - x1**2)), message("look at the sign of the first part: the inner derivative of 1 − x₁ is −1")),
               (lambda x1, x2: (-2 * (1 - x1) + 20 * (x2 - x1**2), 20 * (x2 - x1**2)), message("the inner derivative is missing: that of x₂ − x₁² towards x₁ is −2·x₁")),
               (lambda x1, x2: (-2 * (1 - x1), 20 * (x2 - x1**2)), message("x₁ has a second path to the result: its contribution is missing")),
               (lambda x1, x2: (-40 * x1 * (x2 - x1**2), 20 * (x2 - x1**2)), message("x₁ has a second path to the result: its contribution is missing")),
               (lambda x1, x2: (-2 * (1 - x1) + 40 * x1 * (x2 - x1**2), 20 * (x2 - x1**2)), message("look at the sign: x₁² is taken away, so its part is negative"))),
        hints=(message("Call d = x₂ − x₁²; then f = (1 − x₁)² + 10·d²."), message("x₁ has two paths to the result."), message("∂d/∂x₁ = −2·x₁, ∂d/∂x₂ = 1.")),
        way=message("∂f/∂x₁ = −2·(1 − x₁) + 20·d·(−2·x₁), ∂f/∂x₂ = 20·d.")),
)
