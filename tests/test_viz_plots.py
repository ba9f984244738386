"""The data drawn by plots, compared with independently known numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from io import StringIO
from itertools import pairwise
from random import Random
from typing import Any
from xml.etree import ElementTree

import nn
import numpy as np
import pytest
from autograd import Tensor, Value, check_gradients, log, relu, tanh
from matplotlib import rc_context
from matplotlib.figure import Figure
from viz import draw, plots
from viz.colours import DARK, LIGHT

from .display import shown

EVERY = [
    lambda ax: plots.curves([3.0, 2.0, 1.0], ax=ax),
    lambda ax: plots.update_ratios([1e-3, 2e-3], ax=ax),
    lambda ax: plots.learning_rates([1e-3, 1e-2, 1e-1, 1], [2.0, 1.5, 0.5, 3.0], ax=ax),
    lambda ax: plots.confusion([0, 1], [0, 0], ax=ax),
    lambda ax: plots.activation("tanh", ax=ax),
    lambda ax: plots.gradient_field(bowl, ax=ax),
    lambda ax: plots.descent(bowl, (1.0, 1.0), {"SGD": lambda p: nn.optim.SGD(p, lr=0.1)}, 3, ax=ax),
    lambda ax: plots.decision_boundary(lambda p: p[:, 0], [[-1, 0], [1, 1]], [0, 1], ax=ax),
    lambda ax: plots.histograms({"1": np.arange(5.0)}, ax=ax),
    lambda ax: plots.filters(np.arange(18.0).reshape(2, 1, 3, 3), ax=ax),
    lambda ax: plots.activation_maps(np.arange(18.0).reshape(2, 3, 3), ax=ax),
    lambda ax: plots.search_scatter(TRIALS, "lr", "hidden", ax=ax),
    lambda ax: plots.parallel_coordinates(TRIALS, ax=ax),
    lambda ax: plots.gradient_check(check_gradients(tanh, 0.5), ax=ax),
]
TRIALS = [{"lr": 1e-4, "hidden": 8, "score": 0.5}, {"lr": 1e-1, "hidden": 32, "score": 0.7},
          {"lr": 1e-2, "hidden": 16, "score": 0.9}]


def bowl(x1: Any, x2: Any) -> Any:
    return x1**2 + x2**2


def lines(ax: Any) -> dict[str, list[float]]:
    return {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in ax.lines}


@pytest.mark.parametrize("plot", EVERY)
def test_each_draws_into_the_axes_given_and_returns_them_or_its_own_that_a_notebook_shows(plot: Any) -> None:
    ax = Figure().subplots()
    assert plot(ax) is ax
    drawn = shown(plot(None))["image/svg+xml"]
    assert drawn.startswith("<svg") and drawn == plots.svg(plot(None))  # the same plot is the same text


@pytest.mark.parametrize("plot", [*EVERY, lambda ax: plots.layer_histograms(Tensor([[1.0, -1.0]], "x").relu().sum()),
                                  lambda ax: plots.initialisations(["zeros", "He"], layers=2, width=5),
                                  lambda ax: plots.activation("step"), lambda ax: plots.gradient_field(bowl, downhill=False),
                                  lambda ax: plots.curves(trained()), lambda ax: plots.update_ratios({"w": [1e-3]})])
def test_a_plot_is_shown_in_the_readers_language(plot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"SGD", "tanh", "step", "relu", "hidden", "OK"}  # of operations and settings
    monkeypatch.setenv("LANGUAGE", "ko")
    drawn = shown(plot(None))["image/svg+xml"]
    texts = re.findall(r"<text[^>]*>([^<]*)<", drawn)
    assert {word for text in texts for word in re.findall("[A-Za-z]{3,}", text)} <= names, texts
    assert "손실" in drawn or "epoch" not in plots.svg(plot(None))
    monkeypatch.setenv("LANGUAGE", "en")
    assert shown(plot(None))["image/svg+xml"] == plots.svg(plot(None))


def trained() -> nn.train.History:
    model = nn.Sequential(nn.Linear(4, 3, rng=0))
    iris = nn.data.load("iris")
    return nn.train.fit(model, iris, nn.functional.cross_entropy, nn.optim.SGD(model.named_parameters()), epochs=2, seed=0,
                        validation=iris, progress=False)


def test_nothing_global_changes_and_importing_is_cheap() -> None:
    program = """
import sys, viz
assert not {"numpy", "matplotlib"} & set(sys.modules)
import matplotlib
before = dict(matplotlib.rcParams)
plots = viz.plots
plots.svg(plots.activations()); plots.svg(plots.curves([2.0, 1.0]))
assert dict(matplotlib.rcParams) == before
from matplotlib import pyplot
assert pyplot.get_fignums() == []
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_epochs_and_looks_are_counted_in_whole_numbers() -> None:
    for drawn in (plots.curves([3.0, 2.0, 1.0]), plots.update_ratios([1e-3, 2e-3, 1e-3])):
        assert all(float(tick).is_integer() for tick in drawn.get_xticks())


def test_curves_of_a_fit_are_its_history_and_mark_the_best_epoch() -> None:
    model = nn.Sequential(nn.Linear(4, 3, rng=0))
    iris = nn.data.load("iris")
    history = nn.train.fit(model, iris, nn.functional.cross_entropy, nn.optim.SGD(model.named_parameters(), lr=0.01),
                           validation=iris, metrics="accuracy", epochs=3, seed=0, progress=False)
    drawn = plots.curves(history)
    assert lines(drawn)["loss"] == history["loss"] and lines(drawn)["validation loss"] == history["validation loss"]
    assert drawn.lines[-1].get_xdata() == [history.best["epoch"]] * 2
    assert list(lines(plots.curves(history, ["accuracy"]))) == ["accuracy"]
    with pytest.raises(KeyError, match="no column 'lost'; the columns are epoch, loss"):
        plots.curves(history, ["lost"])


@pytest.mark.parametrize("name", plots.ACTIVATIONS)
def test_the_derivative_drawn_is_the_slope_of_the_curve_drawn(name: str) -> None:
    curve, slope = plots.activation(name).lines[:2]
    x, y = (np.asarray(axis) for axis in curve.get_data())
    away = np.abs(x[1:-1]) > 0.05  # from the kink or jump
    assert np.allclose(((y[2:] - y[:-2]) / (x[2:] - x[:-2]))[away], np.asarray(slope.get_ydata())[1:-1][away], atol=2e-4)
    assert curve.get_color() == plots.VALUE and slope.get_color() == plots.GRADIENT
    assert ("no derivative" in slope.get_label()) == (name == "step")


def test_activations_have_a_panel_each_and_options() -> None:
    panels = plots.activations()
    assert [ax.get_title() for ax in panels] == list(plots.ACTIVATIONS)
    assert plots.svg(panels).count("derivative") >= len(panels)
    assert plots.activation("leaky_relu", slope=0.1).lines[1].get_ydata()[0] == 0.1


def test_the_field_points_downhill_as_the_course_has_it() -> None:
    arrows = plots.gradient_field(bowl).collections[-1]
    places = arrows.get_offsets().tolist()
    at = places.index([1.0, -1.0])
    assert (arrows.U[at], arrows.V[at]) == (-2.0, 2.0)
    assert all((u, v) == (-2 * x, -2 * y) for (x, y), u, v in zip(places, arrows.U, arrows.V))
    assert plots.gradient_field(bowl, downhill=False).collections[-1].U[at] == 2.0


def test_paths_are_those_of_the_optimisers_and_end_where_they_diverge() -> None:
    ways = {"good": lambda p: nn.optim.SGD(p, lr=0.1), "too large": lambda p: nn.optim.SGD(p, lr=1.5),
            "known": [[3.0, 4.0], [0.0, 0.0]]}
    drawn = plots.descent(bowl, (3.0, 4.0), ways, 100)
    assert np.allclose(drawn.lines[0].get_xydata()[:3], [[3, 4], [2.4, 3.2], [1.92, 2.56]])
    assert np.allclose(drawn.lines[0].get_xydata()[-1], 0, atol=1e-8)
    assert np.allclose(drawn.paths["too large"][:3], [[3, 4], [-6, -8], [12, 16]])
    assert len(drawn.paths["too large"]) < 50  # it went past 1e12
    assert drawn.lines[2].get_xydata().tolist() == [[3, 4], [0, 0]]
    assert all(-10 < low < high < 10 for low, high in (drawn.get_xlim(), drawn.get_ylim()))


def test_the_boundary_of_the_and_gate_is_its_line_and_each_class_has_its_marker() -> None:
    corners, labels = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
    drawn = plots.decision_boundary(lambda points: points @ [0.5, 0.5] - 0.7, corners, labels)
    line = border(drawn)
    assert len(line) > 2 and np.allclose(line.sum(1), 1.4)
    assert [c.get_offsets().tolist() for c in drawn.collections[-2:]] == [[[0, 0], [0, 1], [1, 0]], [[1, 1]]]


def border(drawn: Any) -> Any:
    """The points of the lines between classes."""
    from matplotlib.contour import ContourSet
    sets = [c for c in drawn.collections if isinstance(c, ContourSet) and not c.filled]
    return np.concatenate([path.vertices for lines in sets for path in lines.get_paths() if len(path.vertices)])


def test_the_borders_of_a_classifier_that_jumps_are_straight_where_they_are() -> None:
    def square(points: Any) -> Any:  # as the or of four units that step: 1 outside of a turned square, -1 in it
        return np.where(np.abs(points @ [[1, 0.3], [-0.3, 1]]).max(1) > 1.1, 1.0, -1.0)

    line = border(plots.decision_boundary(square, bounds=((-2, 2), (-2, 2)), n=60))
    away = np.abs(np.sort(np.abs(line @ [[1, 0.3], [-0.3, 1]]), 1) - 1.1)
    straight = away[away[:, 0] > 0.15, 1]  # but for the corners, which a cell of the grid, 0.07, rounds off
    assert len(straight) > 100 and straight.max() < 2e-4
    assert away[:, 1].max() < 0.05
    model = nn.Madaline(2, 4, "or", rng=Random(3))
    drawn = border(plots.decision_boundary(model, bounds=((-3, 3), (-3, 3)), n=50))
    sums = np.stack([drawn @ [w.data for w in unit.w] + unit.b.data for unit in model.units])
    sizes = np.array([np.hypot(*(w.data for w in unit.w)) for unit in model.units])[:, None]
    nearest = np.sort(np.abs(sums / sizes), 0)
    alone = nearest[0][nearest[1] > 0.3]  # on the line of one unit, where no other is near
    assert np.median(alone) < 1e-4 and alone.max() < 0.01


def test_the_borders_of_several_classes_are_those_of_their_scores() -> None:
    directions = np.array([[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]])
    line = border(plots.decision_boundary(lambda points: points @ directions.T, bounds=((-1, 1), (-1, 1)), n=40))
    first, second, third = np.sort(line @ directions.T, 1).T[::-1]
    near = second - third > 0.1
    assert near.sum() > 40 and np.allclose(first[near], second[near], atol=1e-9)


def test_the_boundary_of_a_network_is_what_it_predicts() -> None:
    model = nn.Sequential(nn.Linear(2, 3, rng=0))
    drawn = plots.decision_boundary(model, bounds=((-2, 2), (-2, 2)), n=40)
    shown = [c for c in drawn.collections if c.filled and any(len(path.vertices) for path in c.get_paths())]
    assert len(shown) == len(np.unique(nn.train.predict(model, np.random.default_rng(0).uniform(-2, 2, (500, 2)).astype(
        np.float32)).argmax(1)))
    scalar = nn.MLP(2, [3, 1])
    assert plots.decision_boundary(scalar, [[0, 0], [1, 1]], n=5).collections


def test_histograms_count_every_entry_and_say_the_spread() -> None:
    normal = np.random.default_rng(0).normal(size=1000)
    drawn = plots.histograms({"a": normal, "b": 0.1 * normal}, bins=20)
    for i, (patch, array) in enumerate(zip(drawn.patches, (normal, 0.1 * normal))):
        values, edges, baseline = patch.get_data()
        heights = values - baseline
        counts = np.histogram(array, edges)[0]
        assert np.allclose(heights / heights.max(), counts / counts.max()) and baseline == i - 0.4
        assert counts.sum() == 1000
    assert [label.get_text() for label in drawn.get_xticklabels()] == [f"a\n{normal.std():.2g}", f"b\n{normal.std() / 10:.2g}"]


def test_layers_of_a_loss_are_shown_with_their_gradients_after_backward_only() -> None:
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 8, rng=1), nn.ReLU(), nn.Linear(8, 3, rng=2))
    x = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
    loss = nn.functional.cross_entropy(model(Tensor(x, requires_grad=False)), np.arange(16) % 3)
    assert [len(ax.patches) for ax in plots.layer_histograms(loss)] == [5, 0]
    assert list(plots.layers(loss)) == ["Linear 0", "Tanh 1", "Linear 2", "ReLU 3", "Linear 4"]
    loss.backward()
    activations, gradients = plots.layer_histograms(loss)
    assert [len(activations.patches), len(gradients.patches)] == [5, 5]
    assert gradients.patches[0].get_facecolor()[0] > activations.patches[0].get_facecolor()[0]  # red, green


def test_layers_are_what_each_module_put_out_whatever_its_kind() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3, rng=0))
    seen: dict[str, Any] = {}
    x = Tensor(np.random.default_rng(0).normal(size=(2, 1, 4, 4)).astype(np.float32), requires_grad=False)
    with model.watch(lambda path, module, inputs, output: seen.setdefault(type(module).__name__, output)):
        loss = nn.functional.cross_entropy(model(x), np.array([0, 1]))
    found = plots.layers(loss)
    assert list(found) == ["Conv2d 0", "BatchNorm2d 1", "Linear 3"]
    for name, (values, slope) in found.items():
        assert np.array_equal(values, seen[name.split()[0]].data) and slope is None
    numbers = nn.MLP(2, [3, 2], rng=0)
    outputs = [numbers(x) for x in ([1.0, 2.0], [0.0, -1.0])]
    nn.cross_entropy(outputs, [0, 1]).backward()
    of_neurons = plots.layers(nn.cross_entropy(outputs, [0, 1]))
    assert {name: values.shape for name, (values, _) in of_neurons.items()} == {"layer 0": (6,), "layer 1": (4,)}
    assert sorted(of_neurons["layer 1"][0]) == sorted(y.data for row in outputs for y in row)


def test_the_initialisation_figure_shows_what_the_course_says() -> None:
    panels = plots.initialisations(width=300, examples=100)
    of = {scheme: activations for scheme, (activations, _) in panels.measured.items()}
    back = {scheme: gradients for scheme, (_, gradients) in panels.measured.items()}
    assert len(panels) == 10 and all(len(ax.patches) == 10 for ax in panels)
    assert set(of["zeros"]) == {0.0} and set(back["zeros"][:-1]) == {0.0}
    assert of["0.01·randn"][-1] < 1e-5 < 0.1 < of["0.01·randn"][0] and back["0.01·randn"][0] < 1e-5
    assert min(of["1.0·randn"]) > 0.95  # nearly all at −1 or 1
    assert min(of["Xavier"]) > 0.2 and 0.3 < min(back["Xavier"]) <= max(back["Xavier"]) < 1.1
    deep = plots.initialisations(["Xavier", "He"], "relu", width=300, examples=100).measured
    assert deep["Xavier"][0][-1] < 0.1 < 0.4 < deep["He"][0][-1] < 1.5
    with pytest.raises(ValueError, match="no scheme 'glorot'; choose from zeros, 0.01·randn"):
        plots.initialisations(["glorot"])


def test_filters_and_maps_lie_on_one_scale_with_a_line_between() -> None:
    sheet = plots.filters(np.arange(18.0).reshape(2, 1, 3, 3)).images[0].get_array()
    assert sheet.shape == (3, 7) and np.allclose(sheet[:, :3].ravel() * 17, np.arange(9)) and sheet.mask[:, 3].all()
    assert plots.filters(nn.Conv2d(3, 5, 4, rng=0).weight).images[0].get_array().shape == (9, 14, 4)
    maps = plots.activation_maps(Tensor(np.arange(12.0).reshape(3, 2, 2))).images[0].get_array()
    assert maps[0, 0] == 0 and maps[1, 4] == 7 and maps[3, 0] == 8
    with pytest.raises(ValueError, match=r"not \(2, 2\); give layer.weight"):
        plots.filters(np.ones((2, 2)))


def test_the_confusion_matrix_counts() -> None:
    scores = np.eye(3)[[0, 1, 2, 2]]
    drawn = plots.confusion([0, 1, 1, 2], scores, ["cat", "dog", "fox"])
    assert [text.get_text() for text in drawn.texts] == ["1", "·", "·", "·", "1", "1", "·", "·", "1"]
    assert drawn.get_title() == "3 of 4 right, 75.0%"
    with pytest.raises(ValueError, match="one of each for every example"):
        plots.confusion([0, 1], [0])


def test_the_finder_suggests_where_the_loss_falls_most_steeply() -> None:
    rates = np.logspace(-5, 1, 61)
    losses = 2.3 - 1.8 / (1 + np.exp(-4 * (np.log10(rates) + 2.5))) + np.where(rates > 1, rates, 0.0)
    losses[-1] = np.nan
    assert plots.learning_rates(rates, losses).suggested == pytest.approx(10**-2.5, rel=0.3)
    with pytest.raises(ValueError, match="0 finite losses are too few"):
        plots.learning_rates([1.0, 2.0], [np.nan, 1.0])


def test_searches_mark_the_best_and_take_logarithms_where_a_setting_spans_much() -> None:
    drawn = plots.search_scatter(TRIALS, "lr", "hidden")
    assert drawn.collections[0].get_offsets().tolist() == [[1e-4, 8], [1e-1, 32], [1e-2, 16]]
    assert (drawn.get_xscale(), drawn.get_yscale()) == ("log", "linear")
    assert drawn.lines[0].get_xydata().tolist() == [[1e-2, 16]]
    assert plots.search_scatter(TRIALS, "lr", "hidden", best="min").lines[0].get_xydata().tolist() == [[1e-4, 8]]
    across = plots.parallel_coordinates(TRIALS)
    winner = next(line for line in across.lines if line.get_label() == "best score: 0.9")
    assert np.allclose(winner.get_ydata(), [2 / 3, 1 / 3, 1])  # log 1e-2 between 1e-4 and 1e-1; 16 of 8 … 32
    assert [label.get_text() for label in across.get_xticklabels()] == ["lr (log)", "hidden", "score"]
    with pytest.raises(ValueError, match="needs a trial with a score; got 0 trials without one"):
        plots.search_scatter([], "lr", "hidden")


def test_the_slopes_of_a_right_gradient_fall_and_those_of_a_wrong_one_stay_level() -> None:
    right = lines(plots.gradient_check(check_gradients(lambda x: tanh(x) ** 2, 0.7)))["central"]
    assert min(right) < 1e-9 < 1e-3 < max(right)
    wrong = plots.gradient_check(check_gradients(lambda x: x**3, 2.0, gradient=lambda x: -3 * x**2))
    assert min(lines(wrong)["central"]) == pytest.approx(24, rel=0.01) and wrong.get_title().startswith("WRONG: df/dx")
    kink = plots.gradient_check(check_gradients(relu, 0.0))
    assert kink.get_title().startswith("KINK") and kink.get_ylim()[0] > 1e-25


def test_what_a_search_returned_is_drawn_as_it_is() -> None:
    from nn.search import log_uniform, optimize
    found = optimize(lambda params: (params["lr"] - 0.01) ** 2 if params["lr"] > 1e-4 else float("nan"),
                     {"lr": log_uniform(1e-5, 1.0), "hidden": [8, 16]}, 12, sampler="random", workers=0, progress=False)
    across = plots.parallel_coordinates(found)
    assert [label.get_text() for label in across.get_xticklabels()] == ["lr (log)", "hidden", "value"]
    star = plots.search_scatter(found, "lr", "hidden").lines[0].get_xydata()[0]
    assert star.tolist() == [found.best["lr"], found.best["hidden"]]


@pytest.mark.parametrize("plot", [*EVERY, lambda ax: plots.search_scatter(TRIALS, "lr", "hidden", ax=ax)])
@pytest.mark.parametrize("own", [True, False])
def test_no_legend_lies_over_a_title_or_leaves_the_figure(plot: Any, own: bool) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    ax = plot(None if own else Figure(layout="constrained").subplots())
    if not ax.get_title():
        ax.set_title("A title of its own")
    canvas = FigureCanvasAgg(ax.figure)
    canvas.draw()
    if (legend := ax.get_legend()) is None:
        return
    box, title = legend.get_window_extent(), ax.title.get_window_extent()
    assert not box.overlaps(title)
    assert not any(box.overlaps(label.get_window_extent()) for label in (ax.xaxis.label, ax.yaxis.label) if label.get_text())
    whole = ax.figure.bbox
    assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1


@pytest.mark.parametrize(("f", "options"), [(lambda x: tanh(x) ** 2, {}), (lambda x: x**3, {"gradient": lambda x: -3 * x**2}),
                                            (lambda x: (x * x).exp(), {})])
def test_the_check_s_title_is_what_its_lines_show(f: Any, options: Any) -> None:
    found = check_gradients(f, 1.2, **options)
    drawn = plots.gradient_check(found)
    level = {line.get_label().split(":")[0]: line.get_ydata()[0] for line in drawn.lines[3:]}
    estimate = next(y for name, y in level.items() if "together" in name)
    assert (estimate <= level["its error bar"]) == (drawn.get_title().startswith("OK")) == found.worst.is_right


def test_after_one_epoch_the_axes_start_at_zero_and_show_one_epoch() -> None:
    drawn = plots.curves({"loss": [1.21], "validation loss": [1.12]})
    assert drawn.get_ylim()[0] == 0 and drawn.get_ylim()[1] > 1.21 and drawn.get_ylabel() == "loss"
    low, high = drawn.get_xlim()
    assert [x for x in drawn.get_xticks() if low <= x <= high] == [0, 1, 2] and low < 1 < high
    assert plots.curves({"loss": [2.0, 1.5]}).get_ylim()[0] > 1


def test_plots_are_dark_on_dark_pages_and_keep_their_light_colours_elsewhere(visit: Any) -> None:
    drawn = plots.svg(plots.activation("tanh")) + plots.svg(plots.confusion([0, 1], [0, 1]))
    paints = """[...document.querySelectorAll('svg.plot')].map(svg => [...svg.querySelectorAll('path, use, text')]
        .flatMap(x => [getComputedStyle(x).fill, getComputedStyle(x).stroke]))"""
    light, dark = ({paint for one in visit(markup=drawn, color_scheme=scheme).evaluate(paints) for paint in one}
                   for scheme in ("light", "dark"))
    for name in ("value", "gradient", "paper"):
        assert rgb(LIGHT[name]) in light and rgb(DARK[name]) in dark and rgb(LIGHT[name]) not in dark


def test_a_circuit_beside_a_plot_leaves_its_letters_alone(visit: Any) -> None:
    sizes = "[...document.querySelectorAll('svg.plot text')].map(text => getComputedStyle(text).fontSize)"
    drawn, circuit = plots.svg(plots.curves([2.0, 1.0])), draw(Value(2.0, "x") * 3.0).svg
    assert visit(markup=circuit + drawn).evaluate(sizes) == visit(markup=drawn).evaluate(sizes)


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def test_layers_that_are_empty_or_not_finite_are_drawn_as_what_is_there() -> None:
    drawn = plots.histograms({"none": np.array([]), "nan": np.array([np.nan, np.inf, 1.0]), "zeros": np.zeros(3)})
    heights = [float(np.max(patch.get_data().values - patch.get_data().baseline)) for patch in drawn.patches]
    assert np.allclose(heights, [0, 0.85, 0.85]) and "none\n0" in [label.get_text() for label in drawn.get_xticklabels()]


EVIL = "_</svg><script>$\\frac{$ $x"


def test_names_stand_as_they_are_written() -> None:
    trials = [{EVIL: 0.001, "b": 2.0, "score": 0.5}, {EVIL: 1.0, "b": 3.0, "score": 0.7}]
    for axes in (plots.curves({EVIL: [2.0, 1.0], "loss": [3.0, 1.0]}, [EVIL, "loss"]), plots.update_ratios({EVIL: [1e-3, 2e-3]}),
                 plots.confusion([0, 1, 1], [0, 1, 0], [EVIL, "b"]), plots.histograms({EVIL: [1.0, 2.0]}),
                 plots.search_scatter(trials, EVIL, "b"), plots.parallel_coordinates(trials),
                 plots.descent(lambda x, y: x**2 + y**2, (1.0, 1.0), {EVIL: [[1.0, 1.0], [0.0, 0.0]]})):
        drawn = "".join(ElementTree.fromstring(plots.svg(axes)).itertext())
        assert EVIL[:19] in drawn


@pytest.mark.parametrize(("plot", "error", "said"), [
    (lambda: plots.learning_rates([1.0, 2.0, 3.0], [2.0, 1.0]), ValueError, "as many losses as rates"),
    (lambda: plots.learning_rates([-1.0, 2.0, 3.0], [2.0, 1.0, 0.5]), ValueError, "rates above 0"),
    (lambda: plots.confusion([-1, 1], [0, 1]), ValueError, "whole numbers"),
    (lambda: plots.confusion(["a", "b"], ["a", "a"]), ValueError, "class_names"),
    (lambda: plots.confusion([0, 5], [0, 1], ["a", "b"]), ValueError, "2 class_names for classes up to 5"),
    (lambda: plots.activation("rleu"), KeyError, "relu"),
    (lambda: plots.activation(lambda x: 3.0), ValueError, "must work elementwise"),
    (lambda: plots.gradient_field(lambda x, y: x * y, n=1), ValueError, "2 or more"),
    (lambda: plots.descent(lambda x, y: x * y, (1.0, 1.0), {}), ValueError, "0 ways"),
    (lambda: plots.decision_boundary(lambda x: x, np.ones((4, 3)), [0] * 4), ValueError, "give points of shape (N, 2)"),
    (lambda: plots.decision_boundary(lambda x: x, np.ones((4, 2)), [0] * 3), ValueError, "3 labels"),
    (lambda: plots.histograms([1.0, 2.0]), TypeError, "mapping"),
    (lambda: plots.initialisations(["x·randn"]), ValueError, "Xavier"),
    (lambda: plots.initialisations(["He"], "rleu"), KeyError, "relu"),
    (lambda: plots.filters(np.zeros((0, 1, 3, 3))), ValueError, "O, C, KH, KW"),
    (lambda: plots.activation_maps(np.zeros((0, 3, 3))), ValueError, "C, H, W"),
    (lambda: plots.search_scatter([{"a": 1, "score": 1}], "a", "c"), KeyError, "'c' in every trial"),
    (lambda: plots.parallel_coordinates([{"a": "x", "score": 1}], ["a"]), ValueError, "not a number in every trial"),
    (lambda: plots.gradient_check(3), TypeError, "check_gradients"),
])
def test_what_cannot_be_drawn_is_refused_in_words(plot: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        plot()


def test_flat_surfaces_single_points_and_words_as_settings_are_drawn() -> None:
    assert len(plots.gradient_field(lambda x, y: x * 0 + 1).collections) == 1  # arrows, and no contours
    arrows = plots.gradient_field(lambda x, y: log(x) + y).collections[-1]
    assert len(arrows.U) == 36  # of 9 × 9 points those with x > 0
    low, high = plots.decision_boundary(lambda x: x, [[1.0, 1.0], [1.0, 1.0]], [0, 1]).get_xlim()
    assert low < 1 < high
    trials = [{"a": "relu", "b": 2.0, "score": 1.0}, {"a": "tanh", "b": 3.0, "score": 2.0}]
    assert [label.get_text() for label in plots.search_scatter(trials, "a", "b").get_xticklabels()] == ["relu", "tanh"]


def inches(text: str) -> float:
    """The width of a figure, from its SVG, which is in points."""
    return float(re.findall(r'width="([\d.]+)pt"', text)[0]) / 72


def test_what_is_saved_turns_dark_on_dark_pages_like_what_a_notebook_shows(tmp_path: Any) -> None:
    drawn = plots.curves([3.0, 2.0, 1.0])
    drawn.figure.savefig(tmp_path / "a.svg")
    own = Figure().subplots()
    plots.curves([3.0, 2.0, 1.0], ax=own)
    assert plots.save(own, tmp_path / "b.svg") == tmp_path / "b.svg"
    for name in ("a.svg", "b.svg"):
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert text.count("@media (prefers-color-scheme: dark)") == 1 and DARK["ink"] in text.partition("dark)")[2]
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == plots.svg(plots.curves([3.0, 2.0, 1.0]))
    for ending, begin in ((".png", b"\x89PNG"), (".pdf", b"%PDF")):
        assert plots.save(drawn, tmp_path / f"c{ending}").read_bytes().startswith(begin)
        drawn.figure.savefig(tmp_path / f"d{ending}")
        assert (tmp_path / f"d{ending}").read_bytes().startswith(begin)
    drawn.figure.savefig(tmp_path / "e.svg", format="png")
    assert (tmp_path / "e.svg").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("drawn", [
    lambda: plots.histograms({f"layers.{i}.weight": np.arange(5.0) for i in range(60)}),
    lambda: plots.initialisations(["He"], layers=40, width=4, examples=3),
    lambda: plots.activation_maps(np.zeros((80, 2, 2)), columns=80),
    lambda: plots.confusion(np.arange(60), np.arange(60)),
    lambda: plots.parallel_coordinates([{**{f"setting {i}": i for i in range(30)}, "score": 1.0}] * 2),
    plots.activations])
def test_no_plot_is_wider_than_a_page(drawn: Any) -> None:
    assert inches(plots.svg(drawn())) * 96 <= 1120


@pytest.mark.parametrize("drawn", [
    *(lambda n=n: plots.histograms({f"layers.{i}.weight": np.arange(5.0) for i in range(n)}) for n in (4, 14, 60)),
    *(lambda n=n: plots.parallel_coordinates([{**{f"setting {i}": i for i in range(n)}, "score": 1.0}] * 2) for n in (3, 12, 20))])
def test_names_under_columns_do_not_lie_on_one_another(drawn: Any) -> None:
    ax = drawn()
    ax.figure.draw_without_rendering()
    rooms = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(a.x1 <= b.x0 for a, b in pairwise(rooms))


def test_the_legend_of_a_descent_covers_no_path() -> None:
    ax = plots.descent(bowl, (1.0, 1.0), {"SGD": lambda p: nn.optim.SGD(p, lr=0.1)}, 3)
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().y1 <= ax.get_window_extent().y0


@pytest.mark.parametrize("plot", EVERY)
def test_the_text_of_a_plot_is_short_and_lacks_nothing_of_matplotlib_s_own(plot: Any) -> None:
    ax = plot(None)
    text = StringIO()
    with rc_context({"svg.fonttype": "none", "font.sans-serif": ["DejaVu Sans"]}):  # type: ignore[call-overload]
        Figure.savefig(ax.figure, text, format="svg")
    own, short = ElementTree.fromstring(text.getvalue()), ElementTree.fromstring(plots.svg(ax))
    svg = "{http://www.w3.org/2000/svg}"
    for tag in ("use", "text", "tspan", "path", "image", "clipPath"):
        assert len(list(own.iter(svg + tag))) == len(list(short.iter(svg + tag)))
    said = [["".join("".join(node.itertext()).split()) for node in tree.iter(f"{svg}text")] for tree in (own, short)]
    assert said[0] == said[1]
    assert len(plots.svg(ax)) < 0.85 * len(text.getvalue())
