"""Texts of plots, network pictures and the report of a run for translation: each is looked up as it is shown."""

from __future__ import annotations

from html import escape, unescape
from pathlib import Path
from re import Match, compile as compiled

from autograd.languages import message, spoken

PACKAGE = Path(__file__).parent

PLOTS = (
    # training
    message("epoch"), message("batch"), message("loss"), message("accuracy"), message("learning rate"), message("score"),
    message("value"),
    message("validation {name}"), message("best {name}: {number}"), message("best {name}"), message("look"),
    message("about right: {number}"), message("update ÷ weight"), message("‖update‖ ÷ ‖weight‖"), message("smoothed"),
    message("steepest: {number}"), message("taken for"), message("is"), message("{right} of {n} right, {share}"),
    # functions and surfaces
    message("derivative"), message("no derivative: 0"), message("start"), message("gradient"), message("−gradient"),
    # distributions and images
    message("activations"), message("gradients"), message("activations, by layer; below: standard deviation"),
    message("gradients, by layer; below: standard deviation"), message("{scheme}: activations"), message("{scheme}: gradients"),
    message("zeros, {function}"), message("{filters} filters {size}: {low} (black) to {high} (white)"),
    message("{maps} maps {size}, {low} to {high}"),
    # checks and searches
    message("central"), message("left"), message("right"), message("all together: {number}"), message("its error bar: {number}"),
    message("size of the step"), message("|quotient − gradient|"), message("{name} (log)"),
)
PICTURES = (
    message("input"), message("{n} unit"), message("{n} units"), message("{name}: {n} units"),
    message("{n} parameter"), message("{n} parameters"),
    message("positive weight"), message("negative weight"), message("positive gradient"), message("negative gradient"),
    message("width: its size, up to {number}"),
    message("w₂₁⁽³⁾: of layer 3, to its unit 2 from unit 1 of the layer before; b₂⁽³⁾: the bias of that unit."),
    message("Numbers at names are gradients, ∂L/∂w and ∂L/∂b."),
    message("Gradients are not computed yet: call backward() on a loss first."), message("Dotted: what is nan or inf ({n})."),
    message("Left out, with their weights: {n} of the units."), message("Of each layer {n} are drawn; to see more: units=…"),
    message("Red bars: |∂L/∂h|, the length of the gradient that reaches each state."),
    message("Red bars: |∂L/∂h|, the length of the gradient that reaches each state (dashed: |∂L/∂c|)."),
    message("Red bars: |∂L/∂h|, the length of the gradient that reaches each state, on a logarithmic scale."),
    message("Red bars: |∂L/∂h|, the length of the gradient that reaches each state (dashed: |∂L/∂c|), on a logarithmic scale."),
    message("{n} moments are left out. To see more: moments=…"), message("1 moment is left out. To see more: moments=…"),
    message("{name}, backwards in time"), message("backwards in time"), message("cell"), message("… {n} more"),
)
FIGURES = PLOTS + PICTURES
REPORT = (
    # headings and the state
    message("Training report: {name}"), message("Curves"), message("Babysitter"), message("Layers"), message("Updates"),
    message("One example, step by step"), message("Run and environment"), message("Weights"), message("Ended: {reason}."),
    message("Running; this page follows."), message("Interrupted: {reason}."),
    message("Stopped before its end; fit(…, resume=True) goes on."), message("{n} epoch"), message("{n} epochs"),
    message("{n} batch"), message("{n} batches"),
    # reasons of an end
    message("its one epoch is done"), message("all {n} epochs are done"),
    message("{name} has not improved for {n} epochs; it was best, {number}, in epoch {epoch}"),
    message("the stop criterion held after epoch {epoch}"), message("epoch {epoch}, batch {batch}: {what}"),
    message("stopped after batch {batch}"), message("stopped after batch {batch}; {how} goes on from here"),
    message("the loss is {number}, or a gradient of it is not finite"),
    # curves and layers
    message("last epoch"), message("best epoch"), message("No epoch has ended yet."), message("loss of every batch"),
    message("{name} over the epochs"), message("{name} and validation {same} over the epochs"),
    message("activations of each layer in the latest batch looked at; below each its standard deviation"),
    message("gradients of each layer in the latest batch looked at; below each its standard deviation"),
    message("weights of each layer; below each its standard deviation"),
    message("length of an update over that of the weights, every {n} batches"),
    message("No batch has been looked at yet."), message("No update has been measured yet."),
    message("healthy: no problems found."), message("Remedy: {remedy}"),
    # the example
    message("No batch was trained on."), message("After {epochs}"), message("Shown once the first epoch has ended."),
    message("The network has {n} gates for one example, too many to step through (the limit is {limit})."),
    message("The first example that was trained on, with label {label}."), message("The network has learned more since."),
    message("Show it as it is now"), message("Stepper: one example"), message("Stepping needs JavaScript."),
    message("the next state of this report"),
    # facts
    message("model"), message("parameters"), message("optimiser"), message("data"), message("seed"), message("order of examples"),
    message("random generator: {name}"), message("{kind}, state {sum}"), message("worker {address}"), message("{n} examples"),
    message("written"), message("python"), message("machine"), message("{system}, {n} processors"),
    message("run from its source"), message("checkpoint"),
)


def said(text: str, lang: str, among: tuple[str, ...] = FIGURES + REPORT) -> str:
    """Return a text of a figure or a report in a language; one that is not ``among`` these stays as it is.

    >>> said("best loss", "ko"), said("mine", "ko")
    ('가장 좋은 손실', 'mine')
    """
    return spoken(text, lang, PACKAGE, among)


_WRITTEN = compiled(r"(<(text|title|desc)\b[^>]*>)([^<]*[A-Za-z][^<]*)(</\2>)")


def in_language(svg: str, lang: str) -> str:
    """Return a picture with its own texts in a language; those that its reader gave stay.

    >>> in_language("<text>input</text><text>mine</text>", "ko")
    '<text>입력</text><text>mine</text>'
    """
    def change(found: Match[str]) -> str:
        text = unescape(found[3])
        told = said(text, lang, FIGURES)
        return found[0] if told == text else f"{found[1]}{escape(told, quote=False)}{found[4]}"

    return svg if lang == "en" else _WRITTEN.sub(change, svg)
