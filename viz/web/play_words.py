"""The words of the playground: English here, other languages from the catalogue."""

from __future__ import annotations

from pathlib import Path

from autograd.languages import LANGUAGES, message, translated
from nn import babysitter

PACKAGE = Path(__file__).parents[1]
REFUSALS = {  # as the command line says them (chainrule/expression.py); a test holds the two equal
    "empty": message("the expression is empty; give one, as in 'w*x + b'"),
    "no names": message("the expression has no names, so it has no gradient; use one, as in 'w*2' w=3"),
    "long": message("the expression has {count} characters; the limit is {limit}: write it in Python"),
    "odd": message("{sign} is not allowed here: an expression holds real numbers, names, + - * / **, brackets and calls of "
                   "operations, nothing else"),
    "write power": message("{sign} is not allowed here: for a power write **"),
    "write multiply": message("{sign} is not allowed here: to multiply write *"),
    "write divide": message("{sign} is not allowed here: to divide write /"),
    "write minus": message("{sign} is not allowed here: for minus write -"),
    "write square": message("{sign} is not allowed here: for a square write **2"),
    "write cube": message("{sign} is not allowed here: for a cube write **3"),
    "write root": message("{sign} is not allowed here: for a square root write sqrt(…)"),
    "write round": message("{sign} is not allowed here: use round brackets"),
    "not allowed": message("this is not allowed here: an expression holds real numbers, names, + - * / **, brackets and calls "
                           "of operations, nothing else"),
    "deep": message("nested too deeply: the limit is {limit} levels; give a part of it a name and a value"),
    "brackets": message("brackets are nested too deeply: the limit is {limit} levels"),
    "open": message("'(' was never closed: balance the brackets"), "unmatched": message("unmatched ')': balance the brackets"),
    "equals": message("'=' is not allowed in an expression: leave out 'y =', and give values after the expression, as in x=2"),
    "no sign": message("a name follows a number directly: to multiply write *, as in 2*x"),
    "too early": message("the expression ends too early: an operand is missing"),
    "keyword": message("'{name}' is a Python keyword: give the value another name"),
    "unread": message("this cannot be read: an operator or an operand is missing here (to multiply write *)"),
    "large": message("the expression has more than {limit} parts: give a part of it a name and a value"),
    "nested": message("the expression is nested more than {limit} deep: give a part of it a name and a value"),
    "call": message("only operations can be called, by name; to multiply write *, as in 2*(x + 1)"),
    "too large": message("this number is too large for a float; the largest is 1.8e308"),
    "no operation": message("no operation is called '{name}'; there are {names}; to multiply write {name}*(…)"),
    "no operation, but": message("no operation is called '{name}'; did you mean {names}; to multiply write {name}*(…)"),
    "takes": message("{name} takes {operands}; here it is given {count} operands{keys}"),
    "takes, given one": message("{name} takes {operands}; here it is given {count} operand{keys}"), "and": message(" and {key}"),
    "or": message(" or "), "operation": message("'{name}' is an operation: write {name}(…)"),
    "exponent": message("an exponent of {power}: the limit is {limit}; give a smaller one, or take the exp of a product with a "
                        "log"),
}
PAGE = {
    "title": message("Playground"),
    "intro": message("Backpropagation to touch: everything here is computed on this page, by the rules of the library's own "
                     "table."),
    "tab expression": message("Expression"), "tab network": message("Network"), "tab quiz": message("Quiz"),
    "tabs": message("playground"), "language": message("Language"), "theme": message("Colours"),
    "theme auto": message("as the system"), "theme light": message("light"), "theme dark": message("dark"),
    "link": message("Copy link"), "copied": message("The link is copied: it opens this page as it is now."),
    "not copied": message("The link stands in the address bar: copy it from there."),
}
EXPRESSION = {
    "formula": message("Formula"), "examples": message("Examples"), "own": message("my own"),
    "how": message("Numbers, names, + - * / **, brackets and these operations: {names}. Every name becomes an input: drag its "
                   "number on the picture, or change it below."),
    "what": message("What can be written"), "wrong": message("The circuit below is that of the last formula that could be read."),
    "neuron": message("the sigmoid neuron"), "product": message("a sum, then a product"),
    "twice": message("one value used twice"), "dead": message("a dead relu"), "root": message("a hypotenuse"),
    "bell": message("a bell curve"), "loss": message("the loss of one example"),
}
NETWORK = {
    "presets": message("Try:"), "preset works": message("two spirals"), "preset zeros": message("all weights zero"),
    "preset fast": message("rate too high"), "preset linear": message("no activation"),
    "preset chain": message("a chain of sigmoids"),
    "about works": message("Two layers of eight neurons bend the boundary around the spirals. Press Train, then open a neuron."),
    "about zeros": message("All weights are 0, so every hidden neuron gives 0 and no gradient reaches their weights: only the "
                           "last bias can learn. Open a neuron and see the zeros. Remedy: another start."),
    "about fast": message("Every step goes far past the minimum: the loss jumps, relus die. Remedy: a rate a hundred times "
                          "lower."),
    "about linear": message("Without an activation, layers of sums are one sum: the boundary stays a straight line, however "
                            "long it trains. Remedy: choose tanh or relu."),
    "about chain": message("A sigmoid's slope is at most 1/4. Through six of them hardly any gradient is left at the first "
                           "layer: open a neuron there and compare. Remedy: tanh or relu, and Adam."),
    "training": message("training"), "play": message("Train"), "pause": message("Pause"), "step": message("One step"),
    "reset": message("From the start"), "pace": message("speed"), "pace slow": message("slow: 4 steps a second"),
    "pace one": message("one step a frame"), "pace fit": message("as fast as it goes"), "point": message("point"),
    "figures": message("step {step} · epoch {epoch} · loss {loss} · right {correct}"), "data": message("points"),
    "xor": message("XOR"), "circles": message("circles"), "spirals": message("spirals"), "moons": message("moons"),
    "clouds": message("two clouds"), "own": message("my own"), "count": message("how many"), "noise": message("noise"),
    "activation": message("activation"), "no activation": message("none (identity)"), "loss": message("loss"),
    "cross-entropy": message("cross-entropy"), "squares": message("squared error"), "hinge": message("hinge"),
    "optimiser": message("optimiser"), "momentum": message("SGD with momentum"), "rate": message("learning rate"),
    "penalty": message("regularisation"), "none": message("none"), "batch": message("batch size"), "all": message("all points"),
    "start": message("first weights"), "nn": message("uniform, ±1/√n"), "Xavier": message("Xavier"), "He": message("He"),
    "large": message("far too large"), "zeros": message("all 0"), "seed": message("seed"),
    "layers": message("hidden layers and their neurons"), "layer": message("layer"), "add layer": message("add a layer"),
    "remove layer": message("remove the last layer"), "fewer": message("one neuron less in hidden layer {k}"),
    "more": message("one neuron more in hidden layer {k}"), "hidden": message("hidden layer {k}"),
    "neuron": message("neuron {j} of hidden layer {k}"), "output": message("the output neuron"),
    "open": message("{name}: open it into its gates"), "close": message("Close"),
    "wires": message("the network: wires are weights, the wider the larger, dashed where negative"),
    "legend": message("Solid: positive weights; dashed: negative ones. Each square shows what its neuron gives over the plane: "
                      "click it, and it opens into its gates."),
    "no weights": message("Point at a wire or a neuron, or reach a neuron by keyboard: its weights stand here."),
    "plane": message("the plane: the points of both classes, and the class that the network gives to every place"),
    "loss curve": message("loss after each step"), "click": message("A click adds"), "class one": message("first class"),
    "class two": message("second class"), "choose": message("nothing: it chooses a point"), "add": message("Add"),
    "clear": message("Clear"),
    "no points": message("There are no points yet: click into the plane, or add them with the fields."),
    "sitter": message("Babysitter"), "remedy": message("remedy"), "healthy": message("healthy: no problems found"),
    "not yet": message("It watches the training, and says what goes wrong."),
    "about": message("Point {i} at ({x}, {y}), target {target}: the loss of this point is {loss}, and its gradient at {out} is "
                     "{arrived}. Step through the gates, forward and back."),
}
SITTER = {  # as nn.babysitter says them: its own catalogue has the translations, but for two texts
    "do nan or inf": message("lower the learning rate, and begin from the start"),
    "why broken": message("at step {step} the loss became {loss}, or a gradient did: training has ended"),
    **{text: text for text in ("nan or inf", "learning rate too low", "learning rate too high", "dead relus", "saturated units",
                               "vanishing gradients", "exploding gradients", "wrong initial loss", "update-to-weight ratio off",
                               "bad initialisation")},
    "why initial": "the first loss is {loss}, where guessing gives {chance}",
    "why shot to nan": "the loss went from {first} up to {peak}, and then nan or inf came up",
    "why shot up": "the loss shot up from {first} to {peak}, and is {now} now",
    "why slow": "after {n} batches the loss has only come from {first} to {now}, and an update changes the weights by {ratio} of "
                "them",
    "why flat start": "the loss stayed at {first} for {flat} of {n} batches, and only then fell, to {now}: at first the gradients "
                      "hardly reached the weights",
    "why off": "an update changes the weights by {ratio} of their length (median); about {good} is good",
    "why silent": "{silent} of {units} units of {layer} gave 0 for all of {seen} examples: no gradient reaches their weights, and "
                  "they stay dead",
    "why flat": "{share} of the outputs of {layer} ({kind}) lie where its slope is under a twentieth of its largest: they pass no "
                "gradient",
    "why vanishing": "the gradient at the first activation is {flow} times that at the last: the layers before it hardly learn",
    "why exploding": "the gradient at the first activation is {flow} times that at the last",
    "do initial high": "scale the inputs, or start from smaller weights, in the last layer above all",
    "do initial low": "if the weights are not trained ones, look for the labels among the inputs, or for a class that is nearly "
                      "all examples",
    "do divide": "divide the learning rate by about {factor}", "do multiply": "multiply the learning rate by about {factor}",
    **{f"do {problem}": remedy for problem, remedy in babysitter.REMEDIES.items()},
}
QUIZ = {
    "circuit": message("Circuit"), "mine": message("my expression"), "again": message("Start again"),
    "not finite": message("One of the circuit's numbers is nan or inf, so there is nothing to fill in: choose another circuit, "
                          "or other values in the tab Expression."),
    "unreadable": message("The formula in the tab Expression cannot be read: mend it there, or choose another circuit."),
}


def said(text: str | None, lang: str) -> str | None:
    """Return a text in a language, from this package's catalogue or the babysitter's; None stays None."""
    if text is None:
        return None
    found = translated(text, lang, PACKAGE)
    return found if found != text else translated(text, lang, Path(babysitter.__file__).parent)


def all_words(**groups: dict[str, str]) -> dict[str, dict[str, dict[str, str | None]]]:
    """Return groups of words in every language: first by language, then by group.

    >>> all_words(page={"link": "Copy link"})["en"]
    {'page': {'link': 'Copy link'}}
    """
    return {lang: {name: {key: said(text, lang) for key, text in words.items()} for name, words in groups.items()}
            for lang in LANGUAGES}
