"""Exercises of chapter 1: backpropagation as a circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Numbers

if TYPE_CHECKING:
    from autograd import Value


def _product_and_sum() -> Value:
    from autograd import Value
    x, y = Value(3.0, "x"), Value(-2.0, "y")
    return x * y + x


def _routed() -> Value:
    from autograd import Value, maximum
    a, b = Value(2.0, "a"), Value(1.0, "b")
    return maximum(a, b) * a


def _squared_error() -> Value:
    from autograd import Value
    w, x, b, t = Value(2.0, "w"), Value(3.0, "x"), Value(-1.0, "b"), Value(4.0, "t")
    p = w * x + b
    p.name = "p"
    e = p - t
    e.name = "e"
    return e * e


EXERCISES: tuple[Exercise, ...] = (
    Circuit(
        id="1.1", build=_product_and_sum, names=("x", "y"),
        wrong={"x": {-2.0: message("that is the path through the product alone: x goes into the sum too")},
               "y": {-2.0: message("that is the value of y: its gradient is the other input of the product")}},
        hints=(message("x goes into two gates: a gradient comes back from each."),
               message("The product sends y to x, and x to y; the sum sends 1 to x."),
               message("∂f/∂x = y + 1 and ∂f/∂y = x.")),
        way=message("The product gives x the other input, −2, the sum gives it 1: −2 + 1 = −1. y gets the other input, 3.")),
    Numbers(
        id="1.2", asked=(
            Asked(message("output"), 0.5, 2, wrong={
                0.0: message("σ(0) is not 0: e⁰ is 1, so look at 1 / (1 + 1)"),
                1.0: message("1 / (1 + e⁰) is not 1: e⁰ is 1, not 0"),
                0.73: message("that is the output with the weights of the lesson: here all weights are 0")}),
            Asked(message("gradient"), -0.5, 2, wrong={
                0.25: message("that is the local gradient of σ: multiply it by that of w₁·x₁, which is x₁"),
                -0.25: message("that is ¼ × (−1): x₁ is −2"),
                -2.0: message("that is the local gradient of the product, x₁: multiply it by that of σ, ¼"),
                -1.0: message("σ' is σ·(1 − σ), not σ: at 0 it is ¼"),
                0.0: message("a weight of 0 does not make its gradient 0: the local gradient towards w₁ is x₁"),
                -0.59: message("that is the gradient with the weights of the lesson: here all weights are 0")})),
        hints=(message("With all weights 0 the sum is 0, whatever the inputs."), message("σ(0) = ½, and σ' = (1 − σ)·σ = ¼."),
               message("The gradient of w₁ is σ' × x₁.")),
        way=message("The sum is 0, σ(0) = ½. The upstream gradient at the product is (1 − ½)·½ = ¼, the local one x₁ = −2: ¼ × (−2) = −½.")),
    Circuit(
        id="1.3", build=_routed, names=("a", "b"),
        wrong={"b": {2.0: message("max routes the gradient to the larger input alone: a is larger"),
                     1.0: message("max routes the gradient to the larger input alone: a is larger")}},
        hints=(message("Two paths lead from f to a: one through the maximum, one straight into the product."),
               message("max routes all of its upstream gradient to the larger input, and 0 to the other.")),
        way=message("The product sends a = 2 to the maximum, which routes it to a, and max(a, b) = 2 to a itself: 2 + 2 = 4. b gets 0.")),
    Circuit(
        id="1.4", build=_squared_error, names=("e", "p", "w", "x", "b"),
        wrong={"e": {1.0: message("e goes into the product twice: both contributions add up")}},
        hints=(message("Begin at the result, whose gradient is 1, and go back gate by gate."),
               message("e·e uses e twice: each use sends the other input, e = 1."),
               message("A sum passes its gradient on unchanged; a product swaps its inputs.")),
        way=message("e gets 1 + 1 = 2. The difference and the sum pass 2 on to p and b. The product gives w 2 × x = 6 and x 2 × w = 4.")),
    Bug(
        id="1.5", line=6, remedy="grads[node] = grads.get(node, 0.0) + upstream * local",
        source="""
            def backward(order, edges, result):
                grads = {result: 1.0}
                for gate in reversed(order):
                    upstream = grads[gate]
                    for node, local in edges[gate]:
                        grads[node] = upstream * local
                return grads
            """,
        lines={2: message("the gradient of the result with respect to itself is 1"),
               3: message("the way back begins at the last gate"),
               4: message("a gate's own gradient is the upstream gradient of its inputs"),
               5: message("every input of the gate gets its part")},
        hints=(message("Try it by hand with f = a·a: which gradient does a get, and which should it get?"),
               message("What happens to the first contribution when a second one arrives?")),
        way=message("= replaces the first contribution; gradients of several paths add up.")),
    Code(
        id="1.6", f=lambda x, y, z: (x + y) * z + x, points=((-2.0, 5.0, -4.0), (1.5, -0.5, 3.0), (0.7, 2.0, -1.3)),
        wanted=("x", "y", "z"), at=(0, 1, 2),
        source="""
            def backward(x, y, z):
                q = x + y                    # forward
                dq, dz = z, q                # f = q·z + x: the product swaps
                dx, dy = dq, dq              # q = x + y: the sum distributes
                dx = dx + 1                  # the second path to x
                return dx, dy, dz
            """,
        wrong=((lambda x, y, z: (z, z, x + y), message("x has a second path to the result: its contribution is missing")),
               (lambda x, y, z: (1, z, x + y), message("the second contribution to x replaced the first: they add up")),
               (lambda x, y, z: (x + y + 1, x + y, z), message("a product swaps its inputs: towards q it is z, towards z it is q"))),
        hints=(message("Call the sum q = x + y; then f = q·z + x."), message("Go back: first dq and dz, then dx and dy from dq."),
               message("x is used twice: its gradient has two contributions.")),
        way=message("q gets z, z gets q; the sum hands dq to x and to y; x gets 1 besides.")),
)
