"""Drawings in a real browser: labels apart, colours in light and dark, no request, no message, harmless names."""

import numpy as np
import pytest

from autograd import Tensor, Value, log, maximum, scope
import nn
from viz import draw, network, unrolled
from viz.colours import LIGHT
from viz.saving import size_of

from ..test_viz_drawing import EVIL
from ..test_viz_records import mlp, neuron


def backward(y):
    y.backward()
    return y


def square():
    x = Value(3.0, "x")
    return backward(x * x)


def not_a_number():
    a, b = Value(0.0, "a"), Value(2.0, "b")
    return backward(log(a - 1) * b + maximum(b, a) ** 2)


def long_names():
    weights = [Value(0.1 * i, f"weight_of_feature_number_{i}") for i in range(5)]
    return backward(sum((w * w for w in weights), Value(0.0, "bias")))


def recurrent_numbers(steps=5):
    w, u, h = Value(0.5, "w"), Value(1.2, "u"), Value(0.1, "h")
    for i in range(steps):
        with scope(f"step {i}"):
            h = (w * h + u * Value(float(i), f"x{i}")).tanh()
    return backward(h)


def every_pair(n=5):
    a, b = [[Value(i + 1.0, f"{name}{i}") for i in range(n)] for name in "ab"]
    return backward(sum(x * y for x in a for y in b))


PICTURES = {
    "sigmoid neuron": lambda: draw(neuron()),
    "with products": lambda: draw(neuron(), products=True, title="The sigmoid neuron"),
    "collapsed": lambda: draw(neuron(), collapse=True),
    "before backward": lambda: draw(neuron(backward=False)),
    "all digits": lambda: draw(neuron(), digits=None),
    "one value twice": lambda: draw(square()),
    "nan": lambda: draw(not_a_number()),
    "network": lambda: draw(backward(mlp([3, 4, 3, 1]))),
    "network collapsed": lambda: draw(backward(mlp([3, 4, 3, 1])), collapse=True),
    "over 300 gates": lambda: draw(backward(mlp([6, 10, 10, 1])), collapse=False),
    "long names": lambda: draw(long_names()),
    "in rows": lambda: draw(recurrent_numbers()),
    "in short rows": lambda: draw(recurrent_numbers(), width=500, products=True),
    "down": lambda: draw(recurrent_numbers(), direction="down", title="An unrolled network"),
    "down, with products and nan": lambda: draw(not_a_number(), direction="down", products=True),
    "one scope of each form open": lambda: draw(backward(mlp([2, 4, 4, 1]))),
    "inputs written again": lambda: draw(every_pair()),
}

# what can be seen of texts and gates: each text's box, and each gate's with the texts that are its own sign
BOXES = """() => [...document.querySelectorAll('text')].filter(t => !t.closest('.scope')).map(t => {
    const b = t.getBoundingClientRect()
    return {text: t.textContent, kind: t.getAttribute('class'), x: b.x, y: b.y, right: b.right, bottom: b.bottom}
})"""
SHAPES = """() => [...document.querySelectorAll('.shape')].map(t => {
    const b = t.getBoundingClientRect()
    return {text: 'gate', kind: 'gate', x: b.x, y: b.y, right: b.right, bottom: b.bottom}
})"""


def overlaps(one, other):
    # fonts leave room above and below their letters: 3 px of it may be shared
    return (min(one["right"], other["right"]) - max(one["x"], other["x"]) > 0.5
            and min(one["bottom"], other["bottom"]) - max(one["y"], other["y"]) > 3)


def clashes(boxes):
    """Return the overlapping texts, found in one sweep from left to right."""
    found, open_ = [], []
    for box in sorted(boxes, key=lambda box: box["x"]):
        open_ = [other for other in open_ if other["right"] > box["x"]]
        found += [(other["text"], box["text"]) for other in open_ if overlaps(other, box)]
        open_.append(box)
    return found


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("font", ["sans-serif", "DejaVu Sans", "Liberation Sans"])
def test_no_label_lies_on_another_or_on_a_gate(visit, tmp_path, name, font):
    drawing = PICTURES[name]()
    page = visit(drawing.save(tmp_path / "picture.svg"))
    page.evaluate("font => document.querySelectorAll('text').forEach(t => t.style.fontFamily = font)", font)
    texts, gates = page.evaluate(BOXES), page.evaluate(SHAPES)
    assert len(texts) >= len(drawing.graph.wires)
    assert clashes(texts) == []
    outside = [t for t in texts if not t["kind"].startswith("sign")]
    assert [pair for pair in clashes([*outside, *gates]) if pair != ("gate", "gate")] == []
    paper = page.evaluate(SHAPES.replace(".shape", ".paper"))[0]
    assert min(min(t["x"], t["y"]) for t in texts) >= 0
    assert all(t["right"] <= paper["right"] and t["bottom"] <= paper["bottom"] for t in texts)


def convolutional():
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, rng=0), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Linear(64, 12, rng=0), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 3, rng=0), nn.Softmax())
    return network(model, Tensor(np.ones((1, 1, 8, 8), np.float32), requires_grad=False), title="A convolutional network")


def recurrent(kind, length=6, **options):
    x = Tensor(np.random.default_rng(0).normal(size=(length, 1, 2)), requires_grad=False)
    return unrolled(kind(2, 3, rng=0, dtype=np.float64, **options), x, loss=lambda result: (result[0][-1] ** 2).sum())


LAYERED = {
    "neuron": lambda: network(nn.Neuron(2, "sigmoid", rng=0), [-1.0, -2.0]),
    "small": lambda: network(nn.MLP(2, [3, 3, 1], rng=0), [0.5, 1e-9]),
    "without numbers": lambda: network(nn.MLP(4, [5, 4])),
    "large": lambda: network(nn.MLP(40, [30, 20, 2], "relu", rng=0), [0.1] * 40),
    "long names": lambda: network(nn.MLP(2, [1], rng=0), [Value(-1e300, "weight_of_the_feature"), Value(1e-300, "한국어 이름")]),
    "convolutional": convolutional,
    "RNN": lambda: recurrent(nn.RNN),
    "LSTM, long": lambda: recurrent(nn.LSTM, 40),
    "GRU of two layers and directions": lambda: recurrent(nn.GRU, 3, num_layers=2, bidirectional=True),
}


@pytest.mark.parametrize("name", LAYERED)
def test_no_label_of_a_network_lies_on_another_or_outside(visit, tmp_path, name):
    page = visit(LAYERED[name]().save(tmp_path / "picture.svg"))
    for font in ("sans-serif", "DejaVu Sans", "Liberation Sans"):
        page.evaluate("font => document.querySelectorAll('text').forEach(t => t.style.fontFamily = font)", font)
        texts = page.evaluate(BOXES)
        assert clashes(texts) == []
        paper = page.evaluate(SHAPES.replace(".shape", ".paper"))[0]
        assert all(t["x"] >= 0 and t["y"] >= 0 and t["right"] <= paper["right"] and t["bottom"] <= paper["bottom"] for t in texts)


CONTRASTS = """() => {
    const channels = colour => colour.match(/[\\d.]+/g).map(Number)
    const luminance = colour => colour.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0)
    const all = [...document.querySelectorAll('rect, circle, text')]
    return all.filter(text => text.tagName === 'text').map(text => {
        const at = text.getBoundingClientRect(), x = at.x + at.width / 2, y = at.y + at.height / 2
        let behind = [255, 255, 255]
        for (const shape of all.slice(0, all.indexOf(text))) {
            const box = shape.getBoundingClientRect(), style = getComputedStyle(shape)
            const beside = x < box.x || x > box.right || y < box.y || y > box.bottom
            if (beside || shape.tagName === 'text' || style.fill === 'none') continue
            behind = behind.map((v, i) => v + Number(style.fillOpacity) * (channels(style.fill)[i] - v))
        }
        const [low, high] = [luminance(behind), luminance(channels(getComputedStyle(text).fill))].sort((a, b) => a - b)
        return [text.textContent, (high + .05) / (low + .05)]
    })
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["small", "LSTM, long", "convolutional", "with products", "nan", "network collapsed"])
def test_every_text_can_be_read_on_what_lies_behind_it(visit, tmp_path, name, scheme):
    """WCAG's contrast of 4.5 for small texts (https://www.w3.org/TR/WCAG22/#contrast-minimum)."""
    page = visit({**PICTURES, **LAYERED}[name]().save(tmp_path / "picture.svg"), color_scheme=scheme)
    found = page.evaluate(CONTRASTS)
    assert len(found) > 20
    assert [(text, ratio) for text, ratio in found if ratio < 4.5] == []


def test_signs_fit_into_their_gates(visit, tmp_path):
    page = visit(draw(backward(mlp([2, 2, 1]) ** 2 * -1.5 / 7)).save(tmp_path / "picture.svg"))
    gaps = page.evaluate("""() => [...document.querySelectorAll('.gate')].map(gate => {
        const shape = gate.querySelector('.shape').getBoundingClientRect()
        const sign = gate.querySelector('.sign').getBoundingClientRect()
        return Math.min(sign.x - shape.x, shape.right - sign.right)
    })""")
    assert len(gaps) > 10
    assert min(gaps) > 0


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[i:i + 2], 16)) for i in (1, 3, 5))})"


def ink(page, selector, property="fill"):
    return page.evaluate("([s, p]) => getComputedStyle(document.querySelector(s))[p]", [selector, property])


def luminance(colour):
    """Relative luminance by WCAG 2, of rgb(…)."""
    parts = [int(x) / 255 for x in colour[4:-1].split(",")]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(share * x for share, x in zip((0.2126, 0.7152, 0.0722), linear))


MEANT = "value", "gradient", "formula"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_the_agreed_ones_and_can_be_read(visit, tmp_path, scheme):
    page = visit(draw(neuron()).save(tmp_path / "picture.svg"), color_scheme=scheme)
    paper = ink(page, ".paper")
    seen = {kind: ink(page, f"text.{kind}") for kind in ("value", "gradient", "formula", "sign", "letter")}
    if scheme == "light":
        assert {kind: seen[kind] for kind in MEANT} == {kind: rgb(LIGHT[kind]) for kind in MEANT}
        assert (ink(page, ".shape", "stroke"), ink(page, ".shape")) == (rgb(LIGHT["frame"]), rgb(LIGHT["gate"]))
        assert paper == rgb(LIGHT["paper"])
    else:
        assert luminance(paper) < 0.02
    for kind, colour in seen.items():
        behind = ink(page, ".shape") if kind == "sign" else paper
        dark, bright = sorted((luminance(colour), luminance(behind)))
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, kind  # WCAG 2.2, AA


def test_values_stand_above_their_wires_and_gradients_below(visit, tmp_path):
    page = visit(draw(neuron()).save(tmp_path / "picture.svg"))
    places = page.evaluate("""() => [...document.querySelectorAll('g.wire')].map(g => [
        g.querySelector('.value').getBoundingClientRect().bottom,
        g.querySelector('.gradient').getBoundingClientRect().y])""")
    assert len(places) == 13
    assert all(value < gradient + 3 for value, gradient in places)


@pytest.mark.parametrize("wide", [360, 1280])
def test_a_page_shows_all_of_it_at_any_width(visit, wide):
    page = visit(markup=f"<!doctype html><body style='margin:0'>{draw(neuron()).svg}</body>",
                 viewport={"width": wide, "height": 800})
    shown, drawn = page.evaluate("""() => {
        const svg = document.querySelector('svg'), box = svg.getBoundingClientRect(), own = svg.viewBox.baseVal
        return [[box.width, box.height], [own.width, own.height]]
    }""")
    assert shown[0] == pytest.approx(min(wide, drawn[0]), abs=1)
    assert shown[0] / shown[1] == pytest.approx(drawn[0] / drawn[1], rel=0.02)


@pytest.mark.parametrize("name", EVIL)
def test_names_are_shown_and_not_run(visit, tmp_path, name):
    with scope(name):
        x = Value(2.0, name)
        y = backward(x * x)
    drawing = draw(y, title=name)
    shown = [t["text"] for t in visit(drawing.save(tmp_path / "picture.svg")).evaluate(BOXES)]
    inline = visit(markup=f"<!doctype html><body>{drawing.svg}<p id=after>after</p></body>")
    assert inline.evaluate("() => [...document.body.children].map(e => e.localName)") == ["svg", "p"]
    assert [t["text"] for t in inline.evaluate(BOXES)] == shown
    assert inline.evaluate("() => document.querySelectorAll('script, img, b, a').length") == 0


def test_the_browser_calls_it_an_image_with_a_name(visit, tmp_path):
    page = visit(markup=f"<!doctype html><body>{draw(neuron()).svg}</body>")
    assert page.get_by_role("img", name="Circuit of y = 0.73, gradient 1.00").count() == 1


def test_a_narrow_screen_scrolls_a_picture_by_itself_and_fits_one_in_a_page(browser, tmp_path):
    picture = network(nn.MLP(4, [16, 16, 3], rng=0), [0.1] * 4)
    path = picture.save(tmp_path / "network.svg")
    wide = "() => document.querySelector('svg').getBoundingClientRect().width"
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(path.as_uri())
    assert page.evaluate(wide) == pytest.approx(size_of(picture.svg)[0], abs=1)
    page.close()
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_content(picture.svg)
    assert page.evaluate(wide) <= 390
    page.close()
