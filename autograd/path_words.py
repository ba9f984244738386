"""Texts of ``explain`` for translation: each is looked up as it is shown, with its ``{holes}`` filled in."""

from __future__ import annotations

from .languages import message

WORDS = (
    message("path"), message("product of local gradients"), message("remarks"), message("… {n} more …"),
    # how large
    message("the gradient of {result} with respect to {input} is {gradient}: {why}"),
    message("an array of length {size}"), message("a constant of {number}"), message("a leaf of {number}"),
    message("a constant of shape {shape}"), message("a leaf of shape {shape}"),
    # why
    message("it is the result itself"), message("it has no entries"),
    message("{why}; what was detached or computed within no_grad(), {nodes}, passes none"),
    message("there is no path between them; some of it was detached or computed within no_grad(), {nodes}, where a path may have "
            "been cut"),
    message("there is no path between them; it left its graph as a plain number at {place}; use autograd's functions there"),
    message("there is no path between them; {input} was not used in computing it (was it changed to a plain number, or made "
            "anew?)"),
    message("on the way products grow beyond the largest number, and ∞ − ∞ or 0 · ∞ is nan"),
    message("{path} goes through {operation}, {remark}, and 0 · ∞ is nan"), message("{path} goes through {operation}, {remark}"),
    message("its {n} paths cancel each other"), message("its {n} paths nearly cancel each other"),
    message("its {n} paths add up, the strongest of them to no more than {number}"),
    message("{path} shrinks little by little, over {n} edges that multiply by {number} on average"),
    message("{path} grows little by little, over {n} edges that multiply by {number} on average"),
    message("{path} has the product {number}, and no edge of it is remarkable"),
    message("{path} is killed at {operation}, {remark}"), message("{path} is made small at {operation}, {remark}"),
    message("{path} is made large at {operation}, {remark}"),
    message("the only path"), message("the strongest of {n} paths"),
    # remarks about an edge
    message("which is not finite"), message("whose local gradient is nan at {number}"),
    message("which is steep: the local gradient is {slope} at {number}"),
    message("which has no derivative: it is flat wherever it is smooth"), message("which is closed: x = {number} ≤ 0"),
    message("which is saturated: at x = {number} the local gradient is {slope}"),
    message("which chose the other branch: {other}, not {number}"), message("whose other factor is {number}"),
    message("whose divisor is {number}"), message("which is flat there: the local gradient is {slope} at {number}"),
    # remarks about an edge between arrays
    message("the gradient is nan or inf behind it"), message("{n} of the gradient's entries are zero behind it"),
    message("{n} of the gradient's entries are zero behind it: {reason}"),
    message("it is closed there"), message("it is saturated there"), message("they lie below the bound"),
    message("they lie above the bound"), message("the other branch was chosen"), message("the other operand was chosen"),
    message("it shrinks the gradient to {number} of its length"),
    message("it shrinks the gradient to {number} of its length, where it is saturated"),
    message("it stretches the gradient {number} times"),
)
