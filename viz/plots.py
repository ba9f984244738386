"""Plots of training and of gradients: each is one call, takes ``ax=`` to draw into, and returns its axes.

Without ``ax`` the axes are in a figure of their own, which belongs to no window and changes nothing global; a notebook
shows it, ``svg(axes)`` is its text, ``axes.figure.savefig(path)`` writes it. Needs matplotlib, the extra ``[plot]``,
which is imported when the first plot is drawn. Values are green, gradients red; what differs by colour differs by
marker, dash or place too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from io import StringIO
from math import ceil, sqrt
from typing import Any

from autograd import gradient, no_grad
from autograd.graph import topological
from autograd.operation import Operation, rows

from .svg import clip

VALUE, GRADIENT, FAINT = "#1a7f37", "#cf222e", "#8c959f"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")  # Okabe & Ito, for all eyes
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
MARKERS = "os^Dv<>PX*"
ACTIVATIONS = ("step", "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus")
SCHEMES = ("zeros", "0.01·randn", "1.0·randn", "Xavier", "He")


# ── figures and axes ─────────────────────────────────────────────────────────────────────────────────────────────

class Panels(list[Any]):
    """Axes of one figure, in reading order; a notebook shows them. ``measured`` holds numbers that were found."""

    measured: dict[str, Any]

    def __repr__(self) -> str:
        return f"<{len(self)} panels>"

    def _repr_svg_(self) -> str:
        return svg(self)


@cache
def _shown() -> Any:
    """The class of axes that a notebook shows."""
    try:
        from matplotlib.axes import Axes
    except ImportError:
        raise ImportError("plots need matplotlib: pip install 'chainrule[plot]'") from None

    class Shown(Axes):  # type: ignore[misc, unused-ignore]
        def _repr_svg_(self) -> str:
            return svg(self)
    return Shown


def svg(axes: Any) -> str:
    """The whole figure of some axes as SVG: letters stay text, and the same plot gives the same text."""
    import warnings

    from matplotlib import rc_context
    first = axes[0] if isinstance(axes, list) else axes
    text = StringIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "chainrule", "font.sans-serif": ["DejaVu Sans"]}
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's fonts have it
        first.figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    drawn = text.getvalue()[text.getvalue().index("<svg"):]
    drawn = re.sub(r'>\s+<', "><", re.sub(r' transform="rotate\(-0 [^"]*"', "", drawn))
    drawn = re.sub(r'<metadata>.*?</metadata>|(?<=<g) id="[^"]*"', "", drawn, flags=re.DOTALL)  # a sixth of all, read by nobody
    # a hundredth of a point is fine enough for places, and one line for a path
    return re.sub(r' (?:d|x|y|transform)="[^"]*"', lambda place: re.sub(r"(\.\d\d)\d+", r"\1", place[0].replace(" \n", " ")), drawn)


def _panels(count: int, columns: int, width: float, height: float, share: str | bool = False) -> Panels:
    """Axes in rows of so many, each of that size in inches."""
    kind = _shown()
    from matplotlib.figure import Figure
    lines = ceil(count / columns)
    figure = Figure(figsize=(width * columns, height * lines), layout="constrained")
    panels = Panels(figure.add_subplot(lines, columns, i + 1, axes_class=kind) for i in range(count))
    for ax in panels:
        ax.spines[["top", "right"]].set_visible(False)
    return panels


def _axes(ax: Any, width: float = 5.0, height: float = 3.4) -> Any:
    return _panels(1, 1, width, height)[0] if ax is None else ax


def _style(i: int) -> dict[str, Any]:
    return {"color": SERIES[i % len(SERIES)], "linestyle": DASHES[i % len(DASHES)], "linewidth": 1.6}


def _legend(ax: Any, **options: Any) -> None:
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize="small", **options)


def _said(name: Any, letters: int = 40) -> str:
    """A name as it stands: matplotlib would read formulas between dollars, and leave a leading underscore out of legends."""
    text = clip(str(name), letters).replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────────────

def curves(history: Any, columns: Sequence[str] | None = None, *, log: bool = False, ax: Any = None) -> Any:
    """Losses or metrics over the epochs.

    ``history`` is what ``nn.train.fit`` returned, a mapping of names to numbers, or plain numbers; ``columns`` are
    the names to draw, those that hold a loss by default. The best epoch of a fit is marked. Raises KeyError for a
    column that is not there.

    >>> axes = curves({"loss": [2.3, 1.1, 0.7], "validation loss": [2.3, 1.3, 1.0]})
    >>> [line.get_label() for line in axes.lines], axes.lines[0].get_ydata().tolist()
    (['loss', 'validation loss'], [2.3, 1.1, 0.7])
    """
    table = history.to_dict() if hasattr(history, "to_dict") else history
    table = dict(table) if isinstance(table, Mapping) else {"loss": list(table)}
    names = columns or [name for name in table if name.endswith("loss")] or [name for name in table if name != "epoch"]
    if missing := [name for name in names if name not in table]:
        raise KeyError(f"curves: no column {missing[0]!r}; there is {', '.join(table) or 'none yet'}")
    ax = _axes(ax)
    for i, name in enumerate(names):
        epochs = table.get("epoch", range(1, len(table[name]) + 1))
        marker = "o" if len(table[name]) <= 30 else None
        ax.plot(epochs, table[name], label=_said(name), marker=marker, markersize=3, **_style(i))
    if getattr(history, "rows", None) and getattr(history, "monitor", None) in names:
        best = history.best
        ax.axvline(best["epoch"], color=FAINT, linestyle=":", linewidth=1, label=f"best {_said(history.monitor)}", zorder=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="epoch", ylabel=_said(names[0]) if len(names) == 1 else "", yscale="log" if log else "linear")
    _legend(ax)
    return ax


def update_ratios(ratios: Any, *, ax: Any = None) -> Any:
    """How far each update moved the weights, relative to their length; about 1e-3 is good.

    ``ratios`` are numbers, or a mapping of parameters' names to numbers, one for each look.
    """
    table = ratios if isinstance(ratios, Mapping) else {"update ÷ weight": ratios}
    ax = _axes(ax)
    for i, (name, series) in enumerate(table.items()):
        ax.plot(range(1, len(series) + 1), series, label=_said(name), **_style(i))
    ax.axhline(1e-3, color=FAINT, linestyle=":", linewidth=1, label="about right: 1e−3", zorder=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="look", ylabel="‖update‖ ÷ ‖weight‖", yscale="log")
    _legend(ax)
    return ax


def learning_rates(rates: Sequence[float], losses: Sequence[float], *, ax: Any = None) -> Any:
    """The learning-rate finder: loss against a rate that grew batch by batch, and where it fell most steeply.

    The marked rate is a good one to start from; ``axes.suggested`` is its number. Losses that are not finite, and all
    after them, are left out.
    """
    import numpy as np
    x, y = np.asarray(rates, float), np.asarray(losses, float)
    if x.shape != y.shape or x.ndim != 1 or not (x > 0).all():
        raise ValueError(f"learning_rates: {x.shape} rates and {y.shape} losses, the smallest rate {x.min(initial=np.inf):g}; "
                         "give as many losses as rates, and rates above 0")
    kept = np.isfinite(y).cumprod().astype(bool)
    x, y = x[kept], y[kept]
    if len(x) < 3:
        raise ValueError(f"learning_rates: {len(x)} finite losses are too few to see where the loss falls; give three "
                         "or more, from a smaller rate on")
    smooth = np.convolve(np.pad(y, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    slope = np.gradient(smooth, np.log(x))
    at = int(slope[:int(smooth.argmin()) + 1].argmin())
    ax = _axes(ax)
    ax.plot(x, y, color=FAINT, linewidth=0.8, label="loss")
    ax.plot(x, smooth, color=SERIES[0], label="smoothed")
    ax.plot(x[at], smooth[at], "o", color=SERIES[1], label=f"steepest: {x[at]:.2g}")
    span = float(np.ptp(smooth[:int(smooth.argmin()) + 1])) or 1.0
    top = float(smooth.max()) if smooth.max() < smooth[0] + 2 * span else float(smooth[0]) + 0.5 * span
    ax.set(xlabel="learning rate", ylabel="loss", xscale="log", ylim=(float(smooth.min()) - 0.1 * span, top))
    _legend(ax)
    ax.suggested = float(x[at])
    return ax


def confusion(labels: Any, predictions: Any, class_names: Sequence[str] | None = None, *, ax: Any = None) -> Any:
    """The confusion matrix: how many examples of each class (row) were taken for which (column).

    ``predictions`` are classes, or scores (N, C) of which the largest counts.
    """
    import numpy as np
    y, p = (np.asarray(getattr(x, "data", x) if hasattr(x, "priority") else x) for x in (labels, predictions))
    p = p.argmax(1) if p.ndim == 2 else p
    if y.shape != p.shape or y.ndim != 1 or not len(y):
        raise ValueError(f"confusion: labels of shape {y.shape} and predictions of shape {p.shape}; give one of each "
                         "for every example")
    if not all(np.issubdtype(x.dtype, np.number) and (x == np.floor(x)).all() and x.min() >= 0 for x in (y, p)):
        found = ", ".join(map(str, np.unique(np.concatenate([y, p]))[:6].tolist()))
        raise ValueError(f"confusion: classes are the whole numbers 0, 1, 2, …, here {found}; number them, and give class_names=")
    y, p = y.astype(int), p.astype(int)
    count = max(int(y.max()), int(p.max())) + 1
    if class_names is not None and count > len(class_names):
        raise ValueError(f"confusion: {len(class_names)} class_names for classes up to {count - 1}; give a name for each")
    names = [str(i) for i in range(count)] if class_names is None else [_said(name, 20) for name in class_names]
    count = len(names)
    matrix = np.zeros((count, count), int)
    np.add.at(matrix, (y, p), 1)
    ax = _axes(ax, 1.6 + 0.42 * count, 1.5 + 0.42 * count)
    shade = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    ax.imshow(shade, cmap="Blues", vmin=0, vmax=1)
    for (i, j), n in np.ndenumerate(matrix):
        ink = "white" if shade[i, j] > 0.6 else "#1f2328"
        ax.text(j, i, n or "·", ha="center", va="center", fontsize="small", color=ink)
    ax.set(xlabel="taken for", ylabel="is", xticks=range(count), yticks=range(count),
           title=f"{np.trace(matrix)} of {len(y)} right, {np.trace(matrix) / len(y):.1%}")
    tilted = max(map(len, names)) > 3
    ax.set_xticklabels(names, rotation=45 if tilted else 0, ha="right" if tilted else "center")
    ax.set_yticklabels(names)
    return ax


# ── functions, fields, paths ─────────────────────────────────────────────────────────────────────────────────────

def activation(function: Any, low: float = -5.0, high: float = 5.0, *, ax: Any = None, **options: float) -> Any:
    """An activation function and its derivative, both as they run: by the table's own rule, on an array.

    ``function`` is a row, its name, or any function of a tensor, entry by entry; ``options`` are its further arguments
    (``slope=0.1``).

    >>> value, slope = activation("relu", -1.0, 1.0).lines[:2]
    >>> float(value.get_ydata()[0]), float(slope.get_ydata()[-1])
    (0.0, 1.0)
    """
    import numpy as np

    from autograd import Tensor
    if isinstance(function, str) and function not in rows:
        raise KeyError(f"activation: no operation is called {function!r}; there is {', '.join(ACTIVATIONS)}, and every other row")
    f = rows[function] if isinstance(function, str) else function
    name = getattr(f, "name", getattr(f, "__name__", "f"))
    x = Tensor(np.linspace(low, high, 401))
    y = f(x, **options)
    if getattr(y, "shape", None) != x.shape:
        raise ValueError(f"activation: {name} of a tensor of shape {x.shape} gives {y!r:.60}; it must work entry by entry")
    flat = isinstance(y.op, Operation) and y.op.partials[0] is False
    slope = np.zeros(x.shape) if flat else gradient(y, x, seed=np.ones(y.shape))
    ax = _axes(ax, 3.4, 2.6)
    ax.plot(x.data, y.data, color=VALUE, linewidth=1.8, label=name)
    ax.plot(x.data, slope, color=GRADIENT, linewidth=1.4, linestyle="--",
            label="no derivative: 0" if flat else "derivative")
    ax.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    ax.axvline(0, color=FAINT, linewidth=0.6, zorder=0)
    given = ", ".join(f"{key}={value:g}" for key, value in options.items())
    ax.set(title=_said(f"{name}({given})" if given else name))
    _legend(ax)
    return ax


def activations(functions: Iterable[Any] = ACTIVATIONS, low: float = -5.0, high: float = 5.0) -> Panels:
    """Activation functions with their derivatives, a panel each."""
    functions = list(functions)
    panels = _panels(len(functions), min(4, len(functions)), 2.7, 2.3)
    for function, ax in zip(functions, panels):
        activation(function, low, high, ax=ax)
    return panels


Surface = Callable[[Any, Any], Any]


def gradient_field(f: Surface, low: float = -2.0, high: float = 2.0, n: int = 9, *, downhill: bool = True,
                   ax: Any = None) -> Any:
    """Arrows of −gradient of ``f(x1, x2)`` on a grid of n × n points, over contours: where gradient descent would go.

    ``f`` works entry by entry on tensors. With ``downhill=False`` the arrows are the gradient itself.

    >>> arrows = gradient_field(lambda x1, x2: x1**2 + x2**2).collections[-1]
    >>> at = arrows.get_offsets().tolist().index([1.0, -1.0])
    >>> float(arrows.U[at]), float(arrows.V[at])
    (-2.0, 2.0)
    """
    import numpy as np

    from autograd import Tensor
    if n < 2:
        raise ValueError(f"gradient_field: n={n} points a side; give 2 or more")
    x1, x2 = (Tensor(axis) for axis in np.meshgrid(np.linspace(low, high, n), np.linspace(low, high, n)))
    y = f(x1, x2)
    sign = -1.0 if downhill else 1.0
    u, v = (sign * g for g in gradient(y, [x1, x2], seed=np.ones(y.shape)))
    ax = _axes(ax, 4.2, 4.0)
    margin = (high - low) / (n - 1)  # where the outer arrows end
    _contours(ax, f, (low - margin, high + margin), (low - margin, high + margin))
    kept = np.isfinite(y.data) & np.isfinite(u) & np.isfinite(v)
    scale = None if u[kept].any() or v[kept].any() else 1.0  # quiver finds none where all arrows are points
    ax.quiver(x1.data[kept], x2.data[kept], u[kept], v[kept], angles="xy", color=GRADIENT, width=0.005, scale=scale)
    ax.set(xlabel="x1", ylabel="x2", title="−gradient" if downhill else "gradient", aspect="equal")
    return ax


def _contours(ax: Any, f: Surface, across: tuple[float, float], up: tuple[float, float]) -> None:
    import numpy as np
    x1, x2 = np.meshgrid(np.linspace(*across, 61), np.linspace(*up, 61))
    with no_grad(), np.errstate(all="ignore"):
        z = np.broadcast_to(np.asarray(f(x1, x2), float), x1.shape)
    z = np.where(np.isfinite(z), z, np.nan)
    if (high := float(np.nanmax(z, initial=-np.inf))) > (low := float(np.nanmin(z, initial=np.inf))):  # else there are no contours
        ax.contour(x1, x2, z - low, levels=(high - low) * np.linspace(0.03, 0.97, 12) ** 2, colors=FAINT, linewidths=0.7)


def descent(f: Surface, start: tuple[float, float], ways: Mapping[str, Any], steps: int = 50, *,
            bounds: Sequence[tuple[float, float]] | None = None, ax: Any = None) -> Any:
    """The ways down a surface ``f(x1, x2)``, over its contours: several optimisers, or rates of one, from one start.

    ``ways`` maps a name to a function of parameters that makes an optimiser, or to a path that is known, (n, 2).
    A path ends where it leaves for infinity. ``bounds`` are the two intervals to show. ``axes.paths`` holds the paths.

    >>> import nn
    >>> axes = descent(lambda x, y: x**2 + y**2, (3.0, 4.0), {"SGD": lambda params: nn.optim.SGD(params, lr=0.1)}, 1)
    >>> [[round(x, 9) for x in point] for point in axes.paths["SGD"].tolist()]
    [[3.0, 4.0], [2.4, 3.2]]
    """
    import numpy as np
    if not ways or len(start) != 2:
        raise ValueError(f"descent: {len(ways)} ways from {start!r:.40}; name each way and its optimiser, and start at (x1, x2)")
    paths = {name: _path(f, start, way, steps) if callable(way) else np.asarray(way, float)
             for name, way in ways.items()}
    if bounds is None:
        every = np.concatenate(list(paths.values()))
        near = every[(np.abs(every) <= 1.5 * (np.abs(every[0]).max() or 1.0)).all(1)]
        margin = 0.15 * max(*np.ptp(near, axis=0), 1e-3)
        bounds = [(float(near[:, i].min() - margin), float(near[:, i].max() + margin)) for i in (0, 1)]
    ax = _axes(ax, 5.0, 4.2)
    _contours(ax, f, *bounds)
    for i, (name, path) in enumerate(paths.items()):
        ax.plot(path[:, 0], path[:, 1], label=_said(name), marker=MARKERS[i % len(MARKERS)], markersize=3,
                markevery=max(1, len(path) // 25), **_style(i))
    first = next(iter(paths.values()))[0]
    ax.plot(*first, marker="o", markersize=8, color="none", markeredgecolor="#1f2328", label="start", linestyle="none")
    ax.set(xlabel="x1", ylabel="x2", xlim=bounds[0], ylim=bounds[1])
    _legend(ax)
    ax.paths = paths
    return ax


def _path(f: Surface, start: tuple[float, float], make: Callable[[Any], Any], steps: int) -> Any:
    import numpy as np

    from autograd import Tensor
    x = Tensor([float(start[0]), float(start[1])], "x")
    optimizer = make([x])
    points = [x.data.copy()]
    for _ in range(steps):
        y = f(x[0], x[1])
        optimizer.zero_grad()
        y.backward()
        if x.grad is None or not np.isfinite(x.grad).all():
            break
        optimizer.step()
        if not (np.abs(x.data) < 1e12).all():
            break
        points.append(x.data.copy())
    return np.array(points)


def decision_boundary(model: Any, inputs: Any = None, labels: Any = None, *, threshold: float = 0.0,
                      bounds: Sequence[tuple[float, float]] | None = None, n: int = 150, ax: Any = None) -> Any:
    """What a classifier says of every point of the plane, and examples in it, a marker for each class.

    ``model`` is a module, or a function of an array of points (N, 2): one score for each class, of which the largest
    counts, or one score in all, which says 1 above the ``threshold``. ``bounds`` are the intervals to show, by default
    those of the ``inputs`` and some more.
    """
    import numpy as np
    points = None if inputs is None else np.asarray(inputs, float)
    if points is not None and (points.ndim != 2 or points.shape[1] != 2 or labels is not None and len(labels) != len(points)):
        given = f"inputs of shape {points.shape} and {'no' if labels is None else len(labels)} labels"
        raise ValueError(f"decision_boundary: {given}; give points of a plane, (N, 2), and a label for each, or no labels")
    if bounds is None:
        if points is None:
            raise ValueError("decision_boundary: give inputs, or bounds=((low, high), (low, high)) to show")
        margin = 0.15 * np.where(span := np.ptp(points, axis=0), span, 1.0)
        bounds = [(float(points[:, i].min() - margin[i]), float(points[:, i].max() + margin[i])) for i in (0, 1)]
    x1, x2 = np.meshgrid(np.linspace(*bounds[0], n), np.linspace(*bounds[1], n))
    grid = np.stack([x1.ravel(), x2.ravel()], 1)
    if hasattr(model, "parameters"):
        from nn.train import predict
        scores = np.asarray(predict(model, grid.astype(getattr(next(model.parameters()), "dtype", float))))
    else:
        with no_grad():
            scores = np.asarray(model(grid), dtype=float)
    ax = _axes(ax, 4.2, 3.8)
    if scores.ndim == 2 and scores.shape[1] > 1:
        said, classes = scores.argmax(1).reshape(x1.shape), scores.shape[1]
        ax.contourf(x1, x2, said, levels=np.arange(classes + 1) - 0.5, alpha=0.25,
                    colors=[SERIES[i % len(SERIES)] for i in range(classes)])
        for i in range(classes - 1):
            if (said > i).any() and (said <= i).any():
                ax.contour(x1, x2, said, levels=[i + 0.5], colors="#57606a", linewidths=1)
    else:
        score = scores.reshape(x1.shape) - threshold
        ax.contourf(x1, x2, score > 0, levels=[-0.5, 0.5, 1.5], colors=SERIES[:2], alpha=0.25)
        if (score > 0).any() and not (score > 0).all():
            ax.contour(x1, x2, score, levels=[0.0], colors="#57606a", linewidths=1.2)
    if points is not None:
        kinds = np.zeros(len(points), int) if labels is None else np.asarray(labels).astype(int)
        for kind in np.unique(kinds):
            ax.scatter(*points[kinds == kind].T, s=22, marker=MARKERS[kind % len(MARKERS)], edgecolors="white",
                       linewidths=0.5, color=SERIES[kind % len(SERIES)], label=None if labels is None else str(kind),
                       zorder=3)
        if labels is not None:  # beside the points, or its markers would be taken for some
            _legend(ax, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0, ncols=8)
    ax.set(xlabel="x1", ylabel="x2", xlim=bounds[0], ylim=bounds[1])
    return ax


# ── what is in the layers ────────────────────────────────────────────────────────────────────────────────────────

def histograms(layers: Mapping[str, Any], *, color: str = VALUE, bins: int = 41, ax: Any = None) -> Any:
    """Histograms of several arrays side by side, lying on their sides over one scale: activations or gradients.

    Below each stands its standard deviation. The scale spans what is finite in all of them.
    """
    import numpy as np
    if not isinstance(layers, Mapping):
        raise TypeError(f"histograms: a mapping of names to arrays is drawn, not {type(layers).__name__}; give {{'one': array}}")
    arrays = [np.asarray(array, float).ravel() for array in layers.values()]
    arrays = [array[np.isfinite(array)] for array in arrays]
    top = max([float(np.abs(array).max()) for array in arrays if array.size], default=0.0) or 1.0
    low = min([float(array.min()) for array in arrays if array.size and array.min() < 0], default=-0.02 * top)
    edges = np.linspace(low, top, bins + 1)
    ax = _axes(ax, max(3.5, 0.75 * len(arrays)), 2.6)
    for i, array in enumerate(arrays):
        counts, _ = np.histogram(array, edges)
        filled = counts.nonzero()[0] if counts.any() else [0]
        held = slice(int(filled[0]), int(filled[-1]) + 1)  # without empty ends
        ax.stairs(i - 0.4 + 0.85 * counts[held] / max(counts.max(), 1), edges[held.start:held.stop + 1], baseline=i - 0.4,
                  orientation="horizontal", fill=True, color=color)
    ax.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    margin = 0.04 * (top - low)
    ax.set(xticks=range(len(arrays)), xlim=(-0.6, len(arrays) - 0.3), ylim=(low - margin, top + margin))
    ax.set_xticklabels([f"{_said(name)}\n{_short(float(array.std()) if array.size else 0.0)}"
                        for name, array in zip(layers, arrays)], fontsize="x-small")
    ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    return ax


def _short(x: float) -> str:
    return f"{x:.2g}".replace("e-0", "e−").replace("e-", "e−").replace("e+0", "e")


def layer_histograms(loss: Any) -> Panels:
    """Activations (green) and their gradients (red) of every activation function that went into a loss, by layer.

    Gradients are there where ``loss.backward()`` has been; layers are called by their scope.
    """
    found = layers(loss)
    panels = _panels(2, 1, max(4.5, 0.8 * len(found)), 2.3)
    for ax, place, color, title in zip(panels, (0, 1), (VALUE, GRADIENT), ("activations", "gradients")):
        histograms({name: pair[place] for name, pair in found.items() if pair[place] is not None}, color=color, ax=ax)
        ax.set(title=f"{title}, by layer; below: standard deviation")
    return panels


def layers(loss: Any) -> dict[str, tuple[Any, Any]]:
    """The activations that went into a loss, and their gradients (None before a backward pass), by layer (its scope)."""
    kinds = {"relu", "tanh", "sigmoid", "leaky_relu", "elu", "softplus"}
    found: dict[str, tuple[Any, Any]] = {}
    for node in topological(loss):
        if node.op is not None and node.op.name in kinds and getattr(node, "ndim", 0) > 1:
            path = node.scope.path.partition("/")[2] or node.scope.path if node.scope else node.op.name
            name = path if path not in found else f"{path} {len(found) + 1}"
            found[name] = (node.data, node.grad)
    return found


def initialisations(schemes: Iterable[str] = SCHEMES, activation: str = "tanh", layers: int = 10, width: int = 500,
                    examples: int = 200, seed: int = 0) -> Panels:
    """The course's figure: what becomes of activations and gradients through many layers, for ways to start weights.

    A row for each scheme ("zeros", "Xavier", "He", or "0.01·randn" with any factor): on the left the activations of
    every layer on normal inputs, on the right the gradients with respect to them, of a normal gradient at the top.
    ``panels.measured`` maps a scheme to the standard deviations by layer, of activations and of gradients.
    """
    import numpy as np
    schemes = list(schemes)
    if activation not in rows:
        raise KeyError(f"initialisations: no operation is called {activation!r}; there is {', '.join(ACTIVATIONS)}")
    panels = _panels(2 * len(schemes), 2, max(3.6, 0.48 * layers), 1.75)
    panels.measured = {}
    for i, scheme in enumerate(schemes):
        found = _through(scheme, activation, layers, width, examples, np.random.default_rng(seed))
        panels.measured[scheme] = tuple([float(pair[side].std()) for pair in found] for side in (0, 1))
        for side, (color, title) in enumerate(((VALUE, "activations"), (GRADIENT, "gradients"))):
            arrays = {str(k + 1): pair[side] for k, pair in enumerate(found)}
            ax = histograms(arrays, color=color, bins=21, ax=panels[2 * i + side])
            ax.set_title(f"{scheme}, {activation}: {title}", fontsize="small")
            ax.tick_params(axis="y", labelsize="x-small")
    return panels


def _through(scheme: str, activation: str, depth: int, width: int, examples: int, rng: Any) -> list[tuple[Any, Any]]:
    """The activations of every layer with their gradients."""
    import numpy as np

    from autograd import Tensor
    from nn import init
    outputs = []
    h = Tensor(rng.normal(size=(examples, width)))
    for _ in range(depth):
        w = Tensor(np.zeros((width, width)))
        if re.fullmatch(r"[\d.]+(e-?\d+)?·randn", scheme):
            init.normal_(w, std=float(scheme.removesuffix("·randn")), rng=rng)
        elif scheme in ("Xavier", "He"):
            (init.xavier_normal_ if scheme == "Xavier" else init.kaiming_normal_)(w, rng=rng)
        elif scheme != "zeros":
            raise ValueError(f"initialisations: no scheme {scheme!r}; there is {', '.join(SCHEMES)}, with any factor "
                             "before ·randn")
        h = rows[activation](h @ w.T)
        outputs.append(h)
    h.backward(rng.normal(size=h.shape))
    return [(node.data, node.grad) for node in outputs]


def filters(weight: Any, *, columns: int | None = None, ax: Any = None) -> Any:
    """The filters of a convolution, (O, C, KH, KW), as pictures on one scale; in colour for C = 3, else C in a row."""
    import numpy as np
    w = np.asarray(getattr(weight, "data", weight), float)
    if w.ndim != 4 or not w.size:
        raise ValueError(f"filters: a weight has shape (O, C, KH, KW), not {w.shape}; it is layer.weight of a Conv2d")
    low, high = float(w.min()), float(w.max())
    w = (w - low) / ((high - low) or 1.0)
    pictures = w.transpose(0, 2, 3, 1) if w.shape[1] == 3 else w.reshape(-1, *w.shape[2:])
    wide = columns or (w.shape[1] if 1 < w.shape[1] != 3 else ceil(sqrt(len(pictures))))
    ax = _tiles(pictures, wide, "gray", ax)
    ax.set_title(f"{len(w)} filters {w.shape[1]}×{w.shape[2]}×{w.shape[3]}: {_short(low)} (black) to {_short(high)} "
                 "(white)", fontsize="small")
    return ax


def activation_maps(maps: Any, *, columns: int | None = None, ax: Any = None) -> Any:
    """The activation maps of one image, (C, H, W), as small pictures on one scale."""
    import numpy as np
    pictures = np.asarray(getattr(maps, "data", maps), float)
    if pictures.ndim != 3 or not pictures.size:
        raise ValueError(f"activation_maps: maps have shape (C, H, W), not {pictures.shape}; take those of one "
                         "image: maps[0]")
    ax = _tiles(pictures, columns or ceil(sqrt(len(pictures))), "viridis", ax)
    ax.set_title(f"{len(pictures)} maps {pictures.shape[1]}×{pictures.shape[2]}, {_short(float(pictures.min()))} to "
                 f"{_short(float(pictures.max()))}", fontsize="small")
    return ax


def _tiles(pictures: Any, columns: int, cmap: str, ax: Any) -> Any:
    """Pictures (n, H, W) or (n, H, W, 3) as tiles of one image, an empty line between."""
    import numpy as np
    count, high, wide = pictures.shape[:3]
    lines = ceil(count / columns)
    sheet = np.full((lines * (high + 1) - 1, columns * (wide + 1) - 1, *pictures.shape[3:]),
                    np.nan if pictures.ndim == 3 else 1.0)
    for k, picture in enumerate(pictures):
        top, left = k // columns * (high + 1), k % columns * (wide + 1)
        sheet[top:top + high, left:left + wide] = picture
    ax = _axes(ax, max(3.4, 0.5 * columns), min(6.0, 0.8 + 0.5 * lines))
    ax.imshow(sheet, cmap=cmap, interpolation="nearest")
    ax.set_axis_off()
    return ax


# ── searches and checks ──────────────────────────────────────────────────────────────────────────────────────────

def _trials(results: Any, score: str | None, best: str | None, columns: Iterable[str]) -> tuple[list[Mapping[str, Any]], str, bool]:
    """The trials that have a score, what it is called, and whether a larger one is better."""
    rows = list(getattr(results, "rows", results))
    score = score or ("value" if rows and "value" in rows[0] else "score")
    found = [row for row in rows if row.get(score) is not None]
    if not found:
        raise ValueError(f"a plot of search results needs at least one that has a {score}; got {len(rows)} without")
    if missing := sorted({name for name in columns for row in found if name not in row}):
        raise KeyError(f"a plot of search results has no {missing[0]!r} in every trial; there is {', '.join(map(str, found[0]))}")
    return found, score, str(best or getattr(results, "direction", "max")).startswith("max")


def _logarithmic(numbers: Any) -> bool:
    return all(isinstance(x, (int, float)) for x in numbers) and min(numbers) > 0 and max(numbers) / min(numbers) >= 50


def search_scatter(results: Any, x: str, y: str, score: str | None = None, *, best: str | None = None, ax: Any = None) -> Any:
    """Trials of a search as points over two of their settings, coloured by how well they did; the best is starred.

    ``results`` are what ``nn.search.optimize`` returned, or mappings of names to numbers, one a trial; ``score`` is the
    name of what was to be large or small (``best="max"`` or "min"), by default "value" or "score". Axes over which a
    setting spans much are logarithmic.
    """
    trials, score, largest = _trials(results, score, best, (x, y))
    columns = [[trial[name] for trial in trials] for name in (x, y, score)]
    ax = _axes(ax, 4.8, 3.6)
    points = ax.scatter(columns[0], columns[1], c=columns[2], cmap="viridis", edgecolors="#57606a", linewidths=0.5)
    at = columns[2].index((max if largest else min)(columns[2]))
    ax.plot(columns[0][at], columns[1][at], "*", markersize=16, color="none", markeredgecolor=SERIES[1],
            label=f"best {_said(score)}: {columns[2][at]:.3g}", linestyle="none")
    for axis, numbers in (("x", columns[0]), ("y", columns[1])):
        if _logarithmic(numbers):
            ax.set(**{f"{axis}scale": "log"})
    ax.set(xlabel=_said(x), ylabel=_said(y))
    ax.figure.colorbar(points, ax=ax, label=_said(score))
    _legend(ax, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)
    return ax


def parallel_coordinates(results: Any, columns: Sequence[str] | None = None, score: str | None = None, *,
                         best: str | None = None, ax: Any = None) -> Any:
    """Trials of a search as lines across their settings, coloured by the score, the last column; the best is thick.

    ``columns`` are the settings to show, all numbers of the first trial by default (those of the search space). A column
    is logarithmic where it spans much; its ends are written. The rest is as in ``search_scatter``.
    """
    import numpy as np
    from matplotlib import colormaps
    trials, score, largest = _trials(results, score, best, columns or ())
    asked = getattr(results, "space", trials[0])
    numeric = [name for name in asked if isinstance(trials[0][name], (int, float)) and name != score]
    names = [*(columns or numeric), score]
    if words := [name for name in names for trial in trials if not isinstance(trial.get(name), (int, float))]:
        raise ValueError(f"parallel_coordinates: {words[0]!r} is not a number in every trial; give the columns= that are")
    table = np.array([[float(trial[name]) for name in names] for trial in trials])
    logs = [name != score and _logarithmic(column) for name, column in zip(names, table.T)]
    places = np.where(logs, np.log(np.where(logs, table, 1.0)), table)
    low, span = places.min(0), np.ptp(places, axis=0)
    places = np.where(span > 0, (places - low) / np.where(span > 0, span, 1.0), 0.5)
    order = np.argsort(table[:, -1])[::1 if largest else -1]
    ax = _axes(ax, 1.4 * len(names) + 1, 3.2)
    for rank, i in enumerate(order):
        winner = rank == len(order) - 1
        ax.plot(range(len(names)), places[i], color=SERIES[1] if winner else colormaps["viridis"](places[i, -1]),
                linewidth=2.6 if winner else 1.0, alpha=1.0 if winner else 0.7,
                label=f"best {_said(score)}: {table[i, -1]:.3g}" if winner else None)
    for k, column in enumerate(table.T):
        ax.axvline(k, color=FAINT, linewidth=0.8, zorder=0)
        ax.text(k, -0.04, f"{column.min():.3g}", ha="center", va="top", fontsize="small")
        ax.text(k, 1.04, f"{column.max():.3g}", ha="center", va="bottom", fontsize="small")
    ax.set(xticks=range(len(names)), yticks=[], ylim=(-0.16, 1.22))
    ax.set_xticklabels([_said(name) + (" (log)" if logarithmic else "") for name, logarithmic in zip(names, logs)])
    ax.spines[:].set_visible(False)
    _legend(ax, loc="upper left", bbox_to_anchor=(0, 1.02))
    return ax


def gradient_check(found: Any, *, ax: Any = None) -> Any:
    """How far difference quotients are from a gradient, against their step: a V where it is right, level where wrong.

    ``found`` is what ``check_gradients`` returned (its worst finding is drawn) or one of its ``findings``.
    """
    import numpy as np
    finding = getattr(found, "worst", found)
    if not hasattr(finding, "samples"):
        raise TypeError(f"gradient_check: what check_gradients returned is drawn, not {found!r:.60} ({type(found).__name__})")
    samples = np.array(finding.samples, float).reshape(-1, 4)
    if not len(samples):
        raise ValueError(f"gradient_check: {finding.what} ({finding.verdict}) was not measured by differences, so there "
                         "is nothing to draw; draw another of the report's findings")
    samples = samples[samples[:, 0].argsort()]
    ax = _axes(ax)
    sizes = np.abs([finding.analytic, finding.numeric, *(samples[:, 1:] - finding.analytic).ravel()])
    least = 1e-17 * float(sizes[np.isfinite(sizes)].max(initial=0.0)) or 1e-300  # where 0 goes on a logarithmic axis
    for i, name in enumerate(("central", "left", "right")):
        with np.errstate(all="ignore"):
            apart = np.abs(samples[:, i + 1] - finding.analytic)
        kept = np.isfinite(apart)
        ax.plot(samples[kept, 0], np.maximum(apart[kept], least), label=name, marker=MARKERS[i], markersize=3,
                **_style(i))
    if 0 < finding.bar < np.inf:
        ax.axhline(finding.bar, color=GRADIENT, linewidth=1, linestyle=":", label=f"error bar {finding.bar:.0e}")
    ax.set(xlabel="step", ylabel="|quotient − gradient|", xscale="log", yscale="log",
           title=_said(f"{finding.verdict}: {finding.what}"))
    _legend(ax)
    return ax
