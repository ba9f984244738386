"""Texts of the stepper's page for translation: the page looks each up as it is written, with its ``{holes}`` filled in."""

from __future__ import annotations

from pathlib import Path

from autograd.languages import message, spoken, translated

PACKAGE = Path(__file__).parents[1]

WORDS = (
    # the bar
    message("Steps"), message("first (Home)"), message("first step"), message("previous (←)"), message("previous step"),
    message("play or pause (space)"), message("play"), message("pause"), message("Play"), message("Pause"), message("next (→)"),
    message("next step"), message("Next ▶"), message("last (End)"), message("last step"), message("step"),
    message("scopes as one gate"), message("circuit"), message("this step"), message("inputs"), message("above"),
    message("a wire: its value"), message("below"), message(": its gradient, once it is computed"), message("blue"),
    message(": the local gradient"), message("gate: dashed red = some of its gradient has arrived, bold red = all of it"),
    message("Wrong on purpose"), message("Every number"), message("forward"), message("backward"), message("before the first step"),
    message("step {at} of {n}: {phase}, {name}"), message("{phase} · step {at} of {n}"),
    # the panel
    message("How to read this"),
    message("This circuit computes {root} from {inputs}. Read it from left to right: each circle is a gate that does one "
            "operation, "
            "and the number above a wire is the value on it."),
    message("{names} and {n} more"),
    message("Then gradients travel back, from right to left, below the wires. A gradient says how much {root} would change if that "
            "number grew a little. Every gate does only one thing: it multiplies the gradient that comes from its right "
            "(upstream) by "
            "its own slope (local) and hands the product on to its left (downstream)."),
    message("Press Next, or the → key. Click a gate to run to it."),
    message("Here {number} arises: all that is computed from it is in danger."), message("An input: its value is given."),
    message("The gate {sign} has all its inputs, and computes its value."),
    message("The gate {sign} has all its inputs, and computes its value. This is the result. Next, the gradients run back."),
    message("upstream gradient, arrived at"), message("— the result itself: it changes exactly as it changes"),
    message("Wrong: {given} is passed on, but {right} is right."), message("All gradients are known."),
    message("All gradients are known. Some of them are nan or inf: go back to the first gate that is marked."),
    message("All gradients are known. Those of the inputs are 0: no small change of them changes {root}."),
    message("All gradients are known. Update moves each input against its gradient; with small steps, {root} falls."),
    message("{n} gates inside: click it to open it."),
    message("{some} of the {n} gates inside are computed; the others wait for inputs."), message("{scope}, as one gate of {n}"),
    message("to {name}, through all of {scope}:"), message("downstream = upstream × local:"), message("downstream:"),
    message("and {n} more inputs: their numbers are on the picture and in the table."),
    message("to {name}: local gradient {derivative} ="), message("collects"), message(", in all"),
    message("(used {n} times: more to come)"), message("(used {n} times: that is all)"), message(": its gradient is complete"),
    message("Wrong: {name} now has {given}; right would be {right}."),
    message("Here {number} arises: what came from above was finite."),
    message("If {name} grew by 0.01, {root} would change by about {number}."),
    # the inputs
    message("Inputs: change them, and every number follows"), message("Inputs"), message("Here they cannot be changed: {why}"),
    message("name"), message("slide"), message("value"), message("gradient"), message("moves"), message("{name}, by sliding"),
    message("Update moves {name}"), message("values of the inputs"), message("Update"), message("Reset"), message("learning rate"),
    message("Update: each input that moves ← input − learning rate × gradient."),
    message("Nothing is updated: the gradient of {name} is {number}, and a step along it leads nowhere. Reset begins anew."),
    message("Update {n}: {root} was {before}, now {now}. {steps}"), message("{root} after each update: {values}"),
    message("no update yet"),
    # classic mistakes
    message("Make a classic mistake, and see the first number that goes wrong"), message("Show where it goes wrong"),
    message("none: the right way"), message("= for +=: what arrives at a node replaces what was there"),
    message("no topological order: each node passes its gradient on as soon as some of it has arrived"),
    message("zero_grad forgotten: a second pass adds to what the first one left at the leaves"),
    message("the sum over what was broadcast is forgotten: a gradient has another shape than its value"),
    message("The first wrong number comes at step {where} of {n}."),
    message("In this circuit it makes no difference, which is why it is so easily overlooked: it does where a value is used "
            "more than "
            "once."),
    # every number, and the circuit itself
    message("run to"), message("operation"), message("state"), message("input"), message("wrong: right is {right}"),
    message("{some} of {n} contributions"), message("not computed yet"), message("gradient not computed yet"), message("complete"),
    message("gradient {number}"), message("{scope}: {n} gates"), message("{scope}: {n} gate"),
    message("{scope}: {n} gates, {m} inputs of its own"), message("{scope}: {n} gates, {m} input of its own"),
    message("{scope}: {n} gate, {m} inputs of its own"), message("{scope}: {n} gate, {m} input of its own"),
    message("{what}: run to it"), message("{what}: open it"), message("{what}: close it"),
)
TITLE, FRAME = message("Backpropagation through {name}"), message("Stepper: {title}")
RUN = message("Run this cell to step through it.")

REASONS = (  # why a page stays still, as autograd.programs says it
    message("{name} has {n} entries, and the page can change inputs of up to {m}; viz.zoom opens a part of an operation"),
    message("the nodes have {n} entries in all, and the page computes up to {m}"),
    message("some nodes are float32, and the page computes in float64"),
    message("the operation {name} has no JavaScript: it is not linear in its operands, and no JavaScript is written for it"),
    message("the operation {name} has over {n} terms, too many for a page"),
    message("the operation {name} has no JavaScript, as its forward is not composed of operators and rows alone: compose it of "
            "them, or give its source, {source}"),
)


def reason(why: str, lang: str) -> str:
    """Return why a page stays still, in a language.

    >>> reason("some nodes are float32, and the page computes in float64", "ko")
    'float32인 노드가 있는데, 이 페이지는 float64로 계산합니다'
    """
    return spoken(why, lang, PACKAGE, REASONS)


def words(lang: str) -> list[tuple[str, str]]:
    """Return the texts with their translations; none in English.

    >>> dict(words("ko"))["Update"]
    '갱신'
    """
    return [] if lang == "en" else [(text, translated(text, lang, PACKAGE)) for text in WORDS]
