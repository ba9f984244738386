"""Exercises of chapter 0: an engine from scratch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.languages import message

from ..kinds import Asked, Bug, Circuit, Code, Exercise, Numbers

if TYPE_CHECKING:
    from autograd import Value


def _used_twice() -> Value:
    from autograd import Value
    a, b = Value(2.0, "a"), Value(-1.0, "b")
    h = a * b
    h.name = "h"
    return h * h + 3.0 * h


def _tanh_gate(x: Any, upstream: Any) -> Any:
    from autograd import tanh
    return upstream * tanh(x)


EXERCISES: tuple[Exercise, ...] = (
    Numbers(
        id="0.1", asked=(
            Asked(message("change"), 6.1, wrong={
                0.61: message("that is the change itself: divide it by the nudge, 0.1"),
                6.0: message("that is the gradient, the limit for a nudge of 0: here the nudge is 0.1"),
                9.61: message("that is f at 3.1: take f at 3 away, and divide by the nudge"),
                61: message("divide by the nudge, 0.1, not by its square"),
                0.6: message("that is 2·x·h: h² is missing, and all of it is divided by the nudge"),
                0.1: message("that is the nudge itself: how much does f change for it, divided by it?"),
                6.01: message("that is for a nudge of 0.01: here it is 0.1")}),
            Asked(message("gradient"), 6, wrong={
                6.1: message("that is with the nudge of 0.1: what is left when the nudge gets smaller and smaller?"),
                9: message("that is f itself: its gradient is asked"), 3: message("that is x: the gradient of x² is 2·x"),
                2: message("that is the 2 of 2·x: at x = 3 it is more")})),
        hints=(message("Compute 3.1² − 3², and divide by 0.1."), message("(x + h)² = x² + 2·x·h + h²: which part is left, divided by h?")),
        way=message("(3.1² − 3²) / 0.1 = 0.61 / 0.1 = 6.1, which is 2·x + h; without the nudge it is 2·x = 6.")),
    Numbers(
        id="0.2", asked=(
            Asked(message("with ="), 5, wrong={
                6: message("that is the right gradient: with = the last contribution replaces the first"),
                1: message("that came first, from the sum: which contribution comes last?"),
                2: message("the product hands the other input, b, to a")}),
            Asked(message("right"), 6, wrong={
                5: message("that is what one path brings: several lead here, and their gradients add up"),
                1: message("that is what one path brings: several lead here, and their gradients add up")})),
        hints=(message("The sum hands 1 to the product and 1 to a."), message("Later the product hands b to a: = forgets what was there.")),
        way=message("The sum gives a 1, then the product gives it b = 5: with = there stands 5; added up it is 6.")),
    Numbers(
        id="0.3", asked=(Asked(message("gradient"), 12, wrong={
            4: message("that is with zero_grad: here nobody clears it"), 8: message("that is after two sweeps: there are three"),
            16: message("that is after four sweeps: there are three"), 7: message("each sweep adds 4: add it three times"),
            64: message("you multiplied where you add: contributions of paths add up")}),),
        hints=(message("Each sweep adds its gradient to what is there."), message("4, then 4 + 4, then …")),
        way=message("4 + 4 + 4 = 12: three times too large.")),
    Circuit(
        id="0.4", build=_used_twice, names=("h", "a", "b"),
        wrong={"h": {-4.0: message("that is from the square alone: 3·h leads here too"),
                     3.0: message("that is from 3·h alone: the square leads here too"),
                     7.0: message("look at the sign of a·b: h is −2, not 2"),
                     1.0: message("h goes into the square twice: both contributions add up")}},
        hints=(message("First h: from the square it gets 2·h, from 3·h it gets 3."), message("The product a·b swaps: a gets b times the gradient of h.")),
        way=message("h = −2 gets 2·(−2) + 3 = −1; a gets −1 × b = 1, b gets −1 × a = −2.")),
    Bug(
        id="0.5", line=4, remedy="for node in reversed(order):",
        source="""
            def sweep(order, edges, result):
                grads = dict.fromkeys(order, 0.0)
                grads[result] = 1.0
                for node in order:
                    for source, local in edges[node]:
                        grads[source] += grads[node] * local
                return grads
            """,
        lines={2: message("before the sweep nothing has arrived anywhere"), 3: message("the gradient of the result with respect to itself is 1"),
               5: message("every input of the gate gets its part"), 6: message("contributions add up: += is right")},
        hints=(message("In the order every number comes after its inputs: which one comes last?"),
               message("A gate may pass its gradient on only when all of it has arrived.")),
        way=message("The sweep must begin at the result, which is last in the order: reversed(order).")),
    Code(
        id="0.6", f=_tanh_gate, wanted=("x",), at=(0,), points=((0.5, 1.0), (-1.0, 3.0), (0.25, -2.0)),
        source="""
            def backward(x, upstream):
                from math import tanh
                out = tanh(x)                      # forward
                return upstream * (1 - out**2)     # downstream = upstream × local
            """,
        wrong=((lambda x, upstream: _tanh_gate(x, 1.0), message("that is the value of tanh: its derivative is 1 − tanh²")),
               (lambda x, upstream: 1 - _tanh_gate(x, 1.0) ** 2, message("that is the local gradient: multiply it by the upstream gradient")),
               (lambda x, upstream: upstream * (1 - x**2), message("the derivative is written in the output: 1 − tanh(x)², not 1 − x²")),
               (lambda x, upstream: upstream, message("that is the upstream gradient: multiply it by the local gradient"))),
        hints=(message("Compute the output first."), message("The derivative of tanh is 1 − tanh².")),
        way=message("The local gradient is 1 − out², and downstream is upstream × local.")),
)
