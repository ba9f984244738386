"""The playground's numbers in a real browser against Python's: expressions, refusals, circuits, training, verdicts."""

from __future__ import annotations

import itertools
import math
import random
import re
import warnings
from typing import Any

import numpy as np
import pytest

import nn
import viz
from autograd import Tensor, Value, gradient, scope, steps
from autograd.errors import NoDerivativeWarning
from autograd.operation import rows
from chainrule.expression import DEEPEST, LARGEST, LONGEST, Expression, ExpressionError
from nn.functional import binary_cross_entropy_with_logits, hinge_loss, mse_loss

NAMES, NUMBERS = ["x", "w0", "b", "θ", "y"], ["2", "0.5", "1e-3", "7.", "1_000", "0x10", ".5", "0b11", "00", "1.5e-2"]
GIVEN = dict(zip(NAMES, (1.5, -2.0, 0.25, 0.7, 3.0)))
ONE = [name for name, row in rows.items() if row.arity == 1]
TWO = [name for name, row in rows.items() if row.arity == 2 and not row.defaults] + ["max", "min"]
BITS = [*"()+-*/.,=xeEjJ_ 0912", "**", "exp(", " if ", " for x in ", "lambda ", "0x", "==", "((", "w0", " and ", "not ", " in ",
        "2 x", "exq(", "slope=", "²", "^", "min", "12a", "...", "[", "//", "True", "await ", "+=", "f(a=", "*x", "½", "1if",
        " is not "]
NONE = "the expression has no names, so it has no gradient; use one, as in 'w*2' w=3"


def expression(draw: random.Random, depth: int) -> str:
    kind = draw.random()
    part = lambda: expression(draw, depth - 1)
    if depth == 0 or kind < 0.12:
        return draw.choice(NAMES if draw.random() < 0.7 else NUMBERS)
    if kind < 0.5:
        return part() + draw.choice(["+", " - ", "*", "/", " * "]) + part()
    if kind < 0.6:
        return f"({part()})**{draw.choice(['2', '3', '0.5', '-1', '1', '0'])}"
    if kind < 0.72:
        return draw.choice(["({})", "-{}", "+{}", "1/(1+exp(-({})))"]).format(part())
    if kind < 0.9:
        return f"{draw.choice(ONE)}({part()})"
    if kind < 0.97:
        return f"{draw.choice(TWO)}({part()}, {part()})"
    return draw.choice(["leaky_relu({})", "leaky_relu({}, slope=0.2)", "elu({}, 0.7)"]).format(part())


def mutated(draw: random.Random, text: str) -> str:
    for _ in range(draw.randint(1, 3)):
        at = draw.randint(0, len(text))
        text = text[:at] + draw.choice(BITS) + text[at + draw.randint(0, 2):]
    return text


def python(text: str) -> list[float] | str:
    """The value and the gradients of an expression, or what the command line says against it."""
    try:
        found = Expression(text)
        if not found.names:
            return NONE
        given = {name: GIVEN.get(name, 0.5) for name in found.names if name not in rows and name not in ("max", "min")}
        found.check(given)
        leaves = [Value(x, name) for name, x in given.items()]
        y = found(**dict(zip(given, leaves)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoDerivativeWarning)
            return [y.data, *gradient(y, leaves)]
    except ExpressionError as error:
        return str(error)


IN_PAGE = """([texts, given]) => texts.map(text => {
    try {
        const parsed = parseExpression(text), { names } = parsed
        const order = parsed.on(Object.fromEntries(names.map(name => [name, given[name] ?? .5])))
        const { totals } = gradientsOf(order, 1), at = new Map(order.map((node, i) => [node.name, i]))
        const found = [order.at(-1).value, ...names.map(name => totals.get(at.get(name)) ?? 0)]
        return found.map(x => Number.isFinite(x) ? x : String(x))
    } catch (error) {
        if (!error.key) throw error
        return refusalText(error, sayIn('en'))
    }
})"""


@pytest.fixture(scope="module")
def page(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One page for all tests here: they ask its functions only."""
    opened, said = browser.new_page(), []
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(viz.playground(lang="en").save(tmp_path_factory.mktemp("play") / "play.html").as_uri())
    yield opened
    opened.close()
    assert said == []


def alike(here: float, there: Any) -> bool:
    there = float(there)
    return here == there or (math.isnan(here) and math.isnan(there)) or abs(here - there) <= 1e-12 * max(abs(here), abs(there))


def test_1500_random_expressions_have_pythons_values_and_gradients(page: Any) -> None:
    draw = random.Random(16)
    right: dict[str, list[float]] = {}
    while len(right) < 1_500:
        text = expression(draw, draw.randint(1, 5))
        if not isinstance(found := python(text), str):
            right[text] = found
    texts = list(right)
    wrong = [(text, right[text], there) for text, there in zip(texts, page.evaluate(IN_PAGE, [texts, GIVEN]))
             if isinstance(there, str) or len(there) != len(right[text]) or not all(map(alike, right[text], there))]
    assert wrong == []


def test_what_python_refuses_is_refused_with_its_words_and_its_mark(page: Any) -> None:
    draw = random.Random(61)
    texts = [mutated(draw, expression(draw, draw.randint(1, 4))) for _ in range(1_500)]
    pairs = [(text, python(text), there) for text, there in zip(texts, page.evaluate(IN_PAGE, [texts, GIVEN]))]
    assert [(text, here, there) for text, here, there in pairs if isinstance(here, str) != isinstance(there, str)] == []
    refused = [(text, here, there) for text, here, there in pairs if isinstance(here, str)]
    assert len(refused) > 700
    assert sum(here != there for _, here, there in refused) <= 0.01 * len(refused)  # of Python's own placing of a syntax error


CHOSEN = ["1_000*x", "0x10*x", "012*x", "x**1000", "x**1001", "2**x", "x**(500*3)", "pow(x, -2000)", "leaky_relu(x, slope=2)",
          "leaky_relu(x, alpha=1)", "leaky_relu(slope=1)", "x^2", "2×x", "x − 1", "x²", "exq(x)", "zzz(x)", "2*exp", "x + max",
          "maximum(x)", "2(x)", "x(b)", "2x", "x b", "y = x", "x + lambda", "(x + b", "x + b)", "x + ", "exp()", "x + 1e999",
          "9" * 400, "x + 2j", "True", "...", "3", "", "  ", "x // b", "x == b", "exp(*x)", "exp(**x)", "(x, b)", "x.real",
          "漢字*(y", "x\0", "x'", "\\x", "𝑥*2", "+".join(["x"] * DEEPEST), "+".join(["x"] * (DEEPEST + 1)),
          "(" * 200 + "x" + ")" * 200, "(" * 201 + "x" + ")" * 201, "-" * 199 + "x", "-" * 200 + "x", "x" * LONGEST,
          "x" * (LONGEST + 1), "+".join(["x"] * 99) + "+nope(x)+" + "+".join(["x"] * 90),
          "+".join("(" + "+".join(["x"] * 30) + ")" for _ in range(LARGEST // 31))]


def test_limits_and_refusals_are_those_of_the_command_line(page: Any) -> None:
    there = page.evaluate(IN_PAGE, [CHOSEN, GIVEN])
    for text, said in zip(CHOSEN, there):
        here = python(text)
        assert said == here if isinstance(here, str) else all(map(alike, here, said)), text


def differences(here: Any, there: Any, path: str = "") -> Any:
    if isinstance(here, dict):
        for key in here.keys() | there.keys():
            yield from differences(here.get(key), there.get(key), f"{path}.{key}")
    elif isinstance(here, (list, tuple)) and len(here) == len(there):
        for i, (a, b) in enumerate(zip(here, there)):
            yield from differences(a, b, f"{path}[{i}]")
    elif isinstance(here, float) and isinstance(there, (int, float)):
        if not math.isclose(here, there, rel_tol=1e-9, abs_tol=0.011 * ("circuit" in path)):
            yield path, here, there
    elif here != there:
        yield path, here, there


class Opened(viz.Stepper):
    """A stepper that tells the data of its page."""

    def told(self) -> dict[str, Any]:
        # without formulas and their room: their digits may differ
        wires = [wire[:4] + wire[6:] for wire in self._data["circuit"]["wires"]]
        return {**self._data, "circuit": {**self._data["circuit"], "wires": wires}}


def test_the_circuit_on_the_page_is_that_of_viz_stepper(page: Any) -> None:
    draw = random.Random(5)
    made = {}
    while len(made) < 60:
        text = expression(draw, draw.randint(2, 4))
        found = python(text)
        if isinstance(found, str) or not all(map(math.isfinite, found)):
            continue
        read = Expression(text)
        y = read(**{name: Value(GIVEN[name], name) for name in read.names})
        if y.operands and all(math.isfinite(step.value) for step in steps(y)):
            made[text] = Opened(y, False).told()
    there = page.evaluate("""([texts, given]) => texts.map(text => {
        const parsed = parseExpression(text), data = stepperData(parsed.on(given), SHARED)
        data.circuit.wires = data.circuit.wires.map(wire => [...wire.slice(0, 4), wire[6]])
        return JSON.parse(JSON.stringify(data))
    })""", [list(made), GIVEN])
    assert [(text, *found) for text, data in zip(made, there) for found in differences(made[text], data)] == []


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────────────

LOSSES = {"cross-entropy": (binary_cross_entropy_with_logits, (0.0, 1.0)), "squares": (mse_loss, (-1.0, 1.0)),
          "hinge": (hinge_loss, (-1.0, 1.0))}
OPTIMISERS = {"SGD": nn.optim.SGD, "momentum": lambda params, lr: nn.optim.SGD(params, lr, momentum=0.9),
              "Adagrad": nn.optim.Adagrad, "RMSprop": nn.optim.RMSprop, "Adam": nn.optim.Adam}
PENALTIES = {"none": None, "L2": nn.losses.l2_penalty, "L1": nn.losses.l1_penalty}
IN_RUN = """given => {
    const settings = { ...networkState.normal(), ...given }
    const run = new playTrain.Training({ ...settings, sizes: networkState.sizes(settings) }, networkState.points(settings))
    const first = [...run.W], say = (key, holes) => sayIn('en')('sitter', key, holes)
    for (let k = 0; k < given.steps && run.step(); k++);
    const layer = holes => 'layer' in holes ? { ...holes, layer: `layer ${holes.layer - 1}` } : holes
    const verdicts = run.sitter.report().map(([problem, why, holes, remedy, more]) =>
        [say(problem), say(`why ${why}`, layer(holes)), say(`do ${remedy ?? problem}`, more)])
    return { first, points: run.points, W: [...run.W], losses: run.sitter.losses, verdicts }
}"""


def in_python(settings: dict[str, Any], there: dict[str, Any]) -> tuple[list[float], list[float], nn.babysitter.Babysitter]:
    """The same run by ``nn``: the weights in the page's order, the losses, and its babysitter."""
    model = nn.MLP(2, [*settings["layers"], 1], settings["activation"])
    for parameter, x in zip(model.parameters(), there["first"], strict=True):
        parameter.data = x
    network, points = model.to_tensors(), np.array(there["points"])
    loss_function, targets = LOSSES[settings["loss"]]
    x, t = points[:, :2], np.where(points[:, 2] > 0, targets[1], targets[0])
    optimizer = OPTIMISERS[settings["optimiser"]](network.named_parameters(), lr=settings["rate"])
    sitter, losses = nn.babysitter.Babysitter(), []
    sitter.chance = {"cross-entropy": math.log(2), "hinge": 1.0}.get(settings["loss"])
    penalty, weights = PENALTIES[settings.get("penalty", "none")], [w for w in network.parameters() if w.ndim > 1]
    for _ in range(settings["steps"]):
        optimizer.zero_grad()
        hidden = Tensor(x, requires_grad=False)
        for k, module in enumerate(network):
            with scope(f"layer {k // 2}"):
                hidden = module(hidden)
        loss = loss_function(hidden.reshape(-1), t)
        losses.append(loss.item())
        (loss if penalty is None else loss + settings["lambda"] * penalty(weights)).backward()
        with sitter.watch(network, x, t, hidden, loss):
            optimizer.step()
        sitter.epoch(network)
    return [x.data for x in nn.MLP.from_tensors(network).parameters()], losses, sitter


RUNS = [{"activation": activation, "loss": loss, "optimiser": optimiser, "penalty": penalty, "lambda": 0.01, "rate": 0.05,
         "layers": layers, "data": data, "count": 50, "seed": seed, "steps": 20}
        for seed, (activation, loss, optimiser, penalty, layers, data) in enumerate(zip(
            ["tanh", "relu", "leaky_relu", "elu", "sigmoid", "softplus", "identity", "tanh", "relu"], itertools.cycle(LOSSES),
            itertools.cycle(OPTIMISERS), itertools.cycle(PENALTIES), [[4], [8, 8], [3, 2], [5], [2, 2, 2], [4], [], [1], [6, 5]],
            itertools.cycle(["xor", "circles", "spirals", "moons", "clouds"])))]


@pytest.mark.parametrize("settings", RUNS, ids=lambda given: f"{given['activation']}-{given['loss']}-{given['optimiser']}")
def test_twenty_steps_of_training_are_those_of_nn(page: Any, settings: dict[str, Any]) -> None:
    there = page.evaluate(IN_RUN, settings)
    weights, losses, _ = in_python(settings, there)
    assert there["losses"] == pytest.approx(losses, rel=1e-9)
    assert there["W"] == pytest.approx(weights, rel=1e-9, abs=1e-12)


JUDGED = {
    "healthy": {"layers": [4], "rate": 0.3, "optimiser": "SGD"},
    "too fast": {"layers": [8, 8], "activation": "relu", "optimiser": "SGD", "rate": 20.0, "data": "circles", "start": "He"},
    "too slow": {"layers": [4], "optimiser": "SGD", "rate": 1e-7},
    "zeros": {"layers": [4], "start": "zeros", "optimiser": "SGD", "rate": 0.5},
    "sigmoids": {"layers": [4] * 6, "activation": "sigmoid", "optimiser": "SGD", "rate": 0.5, "data": "circles"},
    "flat at first": {"layers": [8, 8, 8], "activation": "sigmoid", "optimiser": "Adam", "rate": 0.02, "data": "circles",
                      "noise": 0.0, "steps": 200},
    "far too large": {"layers": [4, 4], "start": "large", "optimiser": "SGD", "rate": 0.01},
}


@pytest.mark.parametrize("name", JUDGED)
def test_the_babysitter_says_what_pythons_says(page: Any, name: str) -> None:
    settings = {"activation": "tanh", "loss": "cross-entropy", "data": "xor", "count": 100, "steps": 40, **JUDGED[name]}
    there = page.evaluate(IN_RUN, settings)
    found = in_python(settings, there)[2].report().findings
    here = [[re.sub(r"(layer \d)/\w+ \d", r"\1", text) for text in finding] for finding in found
            if finding.problem != "labels shuffled"]
    assert there["verdicts"] == here
    assert (name == "healthy") == (not found)
    assert ("bad initialisation" in str(there["verdicts"])) == (name == "flat at first")


def test_an_opened_neuron_has_the_numbers_of_the_whole_networks_graph(page: Any) -> None:
    there = page.evaluate("""() => {
        const settings = { ...networkState.normal(), layers: [3, 2], sizes: [2, 3, 2, 1], count: 10 }
        const run = new playTrain.Training(settings, networkState.points(settings))
        const opened = [[0, 1], [1, 0], [2, 0]].map(([layer, neuron]) => {
            const { order, data } = neuronCircuit(run, layer, neuron, run.points[3]), { totals } = gradientsOf(order, data.seed)
            return Object.fromEntries(order.map((node, i) => [data.nodes[i].name, [node.value, totals.get(i)]]))
        })
        return { W: [...run.W], point: run.points[3], opened }
    }""")
    model = nn.MLP(2, [3, 2, 1])
    for parameter, x in zip(model.parameters(), there["W"], strict=True):
        parameter.data = x
    inputs = [Value(x, "x") for x in there["point"][:2]]
    hidden, outputs = inputs, []
    for layer in model.layers:
        hidden = layer(hidden)
        outputs.append(hidden)
    binary_cross_entropy_with_logits(hidden[0], float(there["point"][2])).backward()
    neuron = model.layers[1].neurons[0]
    told = there["opened"][1]
    assert told["h₁⁽²⁾"] == pytest.approx([outputs[1][0].data, outputs[1][0].grad], rel=1e-12)
    assert told["b₁⁽²⁾"] == pytest.approx([neuron.b.data, neuron.b.grad], rel=1e-12)
    for i, w in enumerate(neuron.w):
        assert told[f"w₁{'₁₂₃'[i]}⁽²⁾"] == pytest.approx([w.data, w.grad], rel=1e-12)
        assert told[f"h{'₁₂₃'[i]}⁽¹⁾"][0] == outputs[0][i].data
    first, last = model.layers[0].neurons[1], model.layers[2].neurons[0]
    assert there["opened"][0]["w₂₁⁽¹⁾"] == pytest.approx([first.w[0].data, first.w[0].grad], rel=1e-12)
    assert there["opened"][2]["s"] == pytest.approx([outputs[2][0].data, outputs[2][0].grad], rel=1e-12)
    assert there["opened"][2]["b₁⁽³⁾"] == pytest.approx([last.b.data, last.b.grad], rel=1e-12)
