"""Texts of an anomaly for translation: each is looked up as it is shown, with its ``{holes}`` filled in."""

from __future__ import annotations

from .languages import message

WORDS = (
    message("{head}\n  why: {reason}\n  made at {place}\n  remedy: {remedy}"),
    message("{head}\n  why: {reason}\n  remedy: {remedy}"),
    message("the first value that is {result}: {made}"), message("the first value that is {result}: {made}, in {scope}"),
    message("the first gradient that is {result}: {made}"), message("the first gradient that is {result}: {made}, in {scope}"),
    message("input {name}"), message("input without a name"), message("{before}array of shape {after}"),
    message("{before} up to ±{after}"),
    message("{before} with nan at {after}"), message("{before} with inf at {after}"), message("{before} with -inf at {after}"),
    # reasons
    message("the seed, its own gradient, was given as {result}"), message("it was {result} when it came in"),
    message("{result} went in as a constant"), message("{result} went in with {operand}"),
    message("{what}, and ∞ − ∞, 0 · ∞ and ∞/∞ have no result"),
    message("{what}: a mask that hides all entries, or the requested one"),
    message("log of 0 is {result}"), message("log of a negative number is not real"), message("a logarithm of 0 is {result}"),
    message("the logarithm of a negative number is not real"), message("log1p of −1, the log of 0, is {result}"),
    message("log1p below −1 is not real"), message("a division by 0 is {result}"),
    message("the root of a negative number is not real"), message("exp overflows"), message("expm1 overflows"),
    message("sinh overflows"), message("cosh overflows"), message("arcsin beyond ±1 is not real"),
    message("arccos beyond ±1 is not real"), message("arccosh below 1 is not real"), message("arctanh at ±1 is {result}"),
    message("arctanh beyond ±1 is not real"), message("0 to a negative power is {result}"),
    message("a negative base to a fractional power is not real"), message("the power overflows"),
    message("the result is beyond the largest number, {largest}"),
    message("these operands have no result, or a step on the way is beyond the largest number, {largest}"),
    message("the contributions that meet here add up beyond the largest number, {largest}"),
    message("the product upstream × local is beyond the largest number, {largest}"),
    message("the local gradient {formula} is {slope}"),
    message("the local gradient {formula} is {slope} where {operand} = {number}"),
    message("the local gradient {formula} is {slope}, and 0 · inf is nan"),
    message("the local gradient {formula} is {slope} where {operand} = {number}, and 0 · inf is nan"),
    message("{operation} has no gradient towards {operand} at these operands (0/0, ∞ − ∞ or 0 · ∞ within it)"),
    message("{n} in float32"),
    # remedies
    message("give a finite seed"), message("keep it above 0: log(x + 1e-12), or log_softmax of scores for probabilities"),
    message("keep it above 0, with exp, softplus or a clip"), message("keep it above 0, by a small number added inside"),
    message("keep it above −1"), message("keep it at 0 or above, or find out why it is negative"),
    message("keep the divisor from 0: x/(y + 1e-12), or choose the operand with where before the operation, so that the bad branch "
            "is never computed"),
    message("subtract the largest before exp, as logsumexp, softmax, log_softmax, sigmoid and softplus do"),
    message("keep it within ±710, or work with logarithms"), message("keep it within ±1, with clip or tanh"),
    message("keep it at 1 or above"), message("keep it within ±1, with a clip a little inside"),
    message("keep the base from 0: (x + 1e-12)**y"), message("use abs(x)**y, or a whole exponent"),
    message("scale the base down, or work with logarithms"),
    message("scale down the inputs (the data, the learning rate, the initial weights), or clip them"),
    message("scale down the inputs (the data, the learning rate, the initial weights), or clip them; clip gradients by their norm"),
    message("find the source of this number: the data (missing entries?), or an update with a gradient of nan or inf"),
    message("leave that entry, and one in each row, unmasked"),
    message("keep {operation} away from there: add a small number inside, or choose the operand with where before the operation, "
            "so that the bad branch is never computed"),
    message("keep {operation} away from there, or choose the operand with where before the operation, so that the bad branch is "
            "never computed"),
)
