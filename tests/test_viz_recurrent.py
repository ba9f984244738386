"""A recurrent network in time: the gradients of its states equal those of a computation that starts at each state."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, gradient
from viz import unrolled

from .test_viz_drawing import SVG, classed, element, tooltip
from .test_viz_networks import BOXES, overlaps

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 1, 2))


def last(result):
    return (result[0][-1] ** 2).sum()


def test_the_gradient_of_a_linear_loop_shrinks_by_its_weight_at_every_moment():
    w, states = Value(0.5, "w"), [Value(0.0)]
    for x in (1.0, 2.0, 3.0, 4.0):
        states.append(w * states[-1] + x)
    picture = unrolled(states, [1.0, 2.0, 3.0, 4.0], loss=states[-1])
    assert [state.slope for state in picture.rows[0].states] == [0.5**k for k in (4, 3, 2, 1, 0)]
    assert classed(picture.svg, "gradient") == ["0.062", "0.12", "0.25", "0.50", "1.00"]
    heights = [float(bar.get("height")) for bar in ET.fromstring(picture.svg).iter(f"{SVG}rect") if bar.get("class") == "bar"]
    assert [height / heights[-1] for height in heights] == pytest.approx([0.0625, 0.125, 0.25, 0.5, 1.0], abs=0.002)
    assert all(state.grad is None for state in states)  # nothing was changed by looking
    larger = ET.fromstring(unrolled(states, [1.0, 2.0, 3.0, 4.0], loss=8 * states[-1]).svg)
    assert [float(bar.get("height")) for bar in larger.iter(f"{SVG}rect") if bar.get("class") == "bar"] == heights


def test_without_a_loss_the_bars_are_what_the_last_backward_pass_left():
    w, states = Value(0.5, "w"), [Value(0.0)]
    for x in (1.0, 2.0):
        states.append(w * states[-1] + x)
    assert classed(unrolled(states, [1.0, 2.0]).svg, "gradient") == []
    states[-1].backward()
    assert classed(unrolled(states, [1.0, 2.0]).svg, "gradient") == ["0.25", "0.50", "1.00"]


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_every_state_s_gradient_is_that_of_the_rest_of_the_sequence_started_there(kind):
    model = kind(2, 3, rng=0, dtype=np.float64)
    [row] = unrolled(model, X, loss=last).rows
    for t in range(1, 5):
        _, state = model(X[:t])
        parts = [Tensor(part.data) for part in (state if isinstance(state, tuple) else (state,))]
        rest = model(X[t:], tuple(parts) if len(parts) > 1 else parts[0])
        slopes = gradient(last(rest), parts)
        if kind is nn.LSTM:  # h is made of c too: h = o · tanh(c)
            h, tanh_c = parts[0].data, np.tanh(parts[1].data)
            slopes[1] = slopes[1] + slopes[0] * h / tanh_c * (1 - tanh_c**2)
        assert row.states[t].slopes == pytest.approx([math.hypot(*g.ravel()) for g in slopes], rel=1e-12)
    assert row.states[0].slopes == (None,) * len(row.states[0].values)  # zeros to start with, and constant
    assert "_walk" not in vars(model)
    assert "_step" not in vars(model)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_loop_over_arrays_may_start_at_plain_numbers():
    w, states = Tensor(np.eye(2) / 2, "w"), [np.zeros(2)]
    for x in ([1.0, 2.0], [0.0, 1.0]):
        states.append(states[-1] @ w + np.array(x))
    picture = unrolled(states, [[1.0, 2.0], [0.0, 1.0]], loss=(states[-1] ** 2).sum())
    assert classed(picture.svg, "value") == ["h₀ [0.00 0.00]", "h₁ [1.00 2.00]", "h₂ [0.50 2.00]", "[1.00 2.00]", "[0.00 1.00]"]
    assert picture.rows[0].states[2].slope == pytest.approx(2 * math.hypot(0.5, 2))
    assert picture.rows[0].states[1].slope == pytest.approx(math.hypot(0.5, 2))
    assert picture.rows[0].states[0].slope is None


def test_layers_and_directions_are_rows_and_time_runs_from_left_to_right():
    model = nn.GRU(2, 3, num_layers=2, bidirectional=True, rng=0, dtype=np.float64)
    picture = unrolled(model, X, loss=lambda result: (result[0][0] ** 2).sum())
    assert [row.title for row in picture.rows] == ["layer 1, backwards in time", "layer 1", "layer 0, backwards in time", "layer 0"]
    assert [row.backwards for row in picture.rows] == [True, False, True, False]
    np.testing.assert_array_equal(picture.rows[3].inputs[2].entries, X[2, 0])
    forward = [state.slope for state in picture.rows[1].states][1:]
    assert forward[0] > 0
    assert forward[1:] == [0.0] * 4  # the loss looks at the first moment alone
    ids = re.findall(r' id="(r\d-[^"]+)"', picture.svg)
    assert len(ids) == len(set(ids)) == 4 * (6 + 5 + 5)
    written = classed(picture.svg, "value")
    assert written.index("h₁ 1×3") < written.index("h₂ 1×3") < written.index("h₀ 1×3")  # backwards: h₀ comes in from the right
    tips = {id: element(picture.svg, id).find(f"{SVG}polygon").get("points") for id in ("r0-h3", "r1-h3")}
    assert float(tips["r0-h3"].split()[0]) < float(tips["r0-h3"].split()[2])  # to the left
    assert float(tips["r1-h3"].split()[0]) > float(tips["r1-h3"].split()[2])


def test_a_network_that_holds_a_recurrent_layer_is_called_whole():
    class Tagger(nn.Module):
        def __init__(self):
            self.rnn, self.out = nn.LSTM(2, 3, rng=0, dtype=np.float64), nn.Linear(3, 1, rng=0, dtype=np.float64)

        def forward(self, x):
            return self.out(self.rnn(x)[0])

    picture = unrolled(Tagger(), X, loss=lambda y: y.sum())
    assert [row.title for row in picture.rows] == ["rnn"]
    assert all(slope > 0 for state in picture.rows[0].states[1:] for slope in state.slopes[:1])


def test_of_long_sequences_the_ends_are_drawn_and_the_rest_is_said():
    picture = unrolled(nn.RNN(2, 3, rng=0), np.zeros((100, 4, 2), np.float32), loss=last, moments=10)
    cells = [int(t) for t in re.findall(r'id="r0-c(\d+)"', picture.svg)]
    assert cells == [1, 2, 3, 4, 5, 96, 97, 98, 99, 100]
    assert "… 90 more" in classed(picture.svg, "faint")
    assert any("90 moments are left out" in said for said in classed(picture.svg, "faint"))
    assert "|∂L/∂h₁₀₀| = " in tooltip(picture.svg, "r0-h100")


def test_words_ids_and_refusals():
    picture = unrolled(nn.RNN(2, 3, rng=0), X.astype(np.float32), loss=last)
    root = ET.fromstring(picture.svg)
    assert root[0].text == "RNN unrolled over 5 moments"
    assert "h5" in root[1].text
    ids = re.findall(r' id="([^"]+)"', picture.svg)
    assert len(ids) == len(set(ids)) == 1 + 6 + 5 + 5
    with pytest.raises(TypeError, match="not recurrent"):
        unrolled(nn.Linear(2, 3), X)
    with pytest.raises(ValueError, match="2 states and 3 inputs"):
        unrolled([Value(0.0), Value(1.0)], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="moments=1"):
        unrolled(nn.RNN(2, 3, rng=0), X.astype(np.float32), moments=1)


def lengths(picture):
    return [float(bar.get("height")) for bar in ET.fromstring(picture.svg).iter(f"{SVG}rect") if bar.get("class") == "bar"]


def vanishing(weight=0.1, moments=6):
    w, states = Value(weight, "w"), [Value(1.0)]
    for _ in range(moments):
        states.append(w * states[-1])
    return states, [0.0] * moments


def test_gradients_that_vanish_are_seen_to_on_a_logarithmic_scale():
    states, inputs = vanishing()  # each is a tenth of the next
    picture = unrolled(states, inputs, loss=states[-1], moments=6)
    steps = np.diff(lengths(picture))
    assert steps == pytest.approx(np.full(6, steps.mean()), abs=0.11)  # equal steps, of a factor of ten each
    assert lengths(picture)[0] > 2
    marked = [text for text in classed(picture.svg, "faint") if text.startswith("1")]
    assert marked == ["10⁻⁶", "10⁻⁴", "10⁻²", "1"]
    assert any("logarithmic scale" in said for said in classed(picture.svg, "faint"))
    linear = unrolled(states, inputs, loss=states[-1], log=False, moments=6)
    assert lengths(linear)[-2] == pytest.approx(lengths(linear)[-1] / 10, abs=0.1)
    assert not any("logarithmic" in said for said in classed(linear.svg, "faint"))


def test_the_scale_is_linear_where_gradients_are_alike_and_holds_zeros_and_infinities():
    states, inputs = vanishing(0.5, 4)
    assert lengths(unrolled(states, inputs, loss=states[-1])) == pytest.approx([54 / 2**k for k in (4, 3, 2, 1, 0)], abs=0.06)
    assert np.diff(lengths(unrolled(states, inputs, loss=states[-1], log=True))) == pytest.approx(np.full(4, 54 * math.log10(2) / (
        0.5 - math.floor(4 * math.log10(0.5)))), abs=0.6)
    dead = unrolled(*vanishing(0.0, 3), loss=None, log=True)
    assert lengths(dead) == []
    states, inputs = vanishing(0.0, 3)
    assert lengths(unrolled(states, inputs, loss=states[-1], log=True)) == pytest.approx([0, 0, 0, 54], abs=54)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_by_default_it_fits_the_page_and_no_text_lies_on_another(visit, kind):
    x = np.random.default_rng(1).normal(size=(40, 1, 2)).astype(np.float32)
    picture = unrolled(kind(2, 2, rng=0), x, loss=last)
    page = visit(markup=f"<body style='margin:0'>{picture.svg}</body>", viewport={"width": 1200, "height": 900})
    assert page.locator("svg").bounding_box()["width"] <= 1120
    shown = page.evaluate(BOXES)
    assert [(a["text"], b["text"]) for i, a in enumerate(shown) for b in shown[:i] if overlaps(a, b)] == []
