"""Plots over a plane: gradient fields, paths of optimisers on a surface, decision boundaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd import gradient, no_grad

from .axes import FAINT, FRAME, GRADIENT, INK, MARKERS, SERIES, add_legend_below, axes_or_new, label_text, series_style
from .borders import margins

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd import Tensor
    from autograd.typing import Array, PlainArrayLike
    from nn import Module
    from nn.optim import Optimizer

    Classifier = Module | Callable[[Array], PlainArrayLike]  # of points (N, 2)


Surface = Callable[[Any, Any], Any]  # of x1 and x2: numbers, arrays or tensors, elementwise
Interval = tuple[float, float]


def gradient_field(f: Surface, low: float = -2.0, high: float = 2.0, n: int = 9, *, downhill: bool = True,
                   ax: Axes | None = None) -> Axes:
    """Draw arrows of −gradient of ``f(x1, x2)`` on a grid of n × n points, over contours: the directions of gradient descent.

    ``f`` works elementwise on tensors. With ``downhill=False`` the arrows are the gradient itself.

    >>> arrows = gradient_field(lambda x1, x2: x1**2 + x2**2).collections[-1]
    >>> at = arrows.get_offsets().tolist().index([1.0, -1.0])
    >>> float(arrows.U[at]), float(arrows.V[at])
    (-2.0, 2.0)
    """
    import numpy as np

    from autograd import Tensor
    if n < 2:
        raise ValueError(f"gradient_field: n={n} points per side; give 2 or more")
    x1, x2 = (Tensor(axis) for axis in np.meshgrid(np.linspace(low, high, n), np.linspace(low, high, n)))
    y = f(x1, x2)
    sign = -1.0 if downhill else 1.0
    u, v = (sign * g for g in gradient(y, [x1, x2], seed=np.ones(y.shape)))
    ax = axes_or_new(ax, 4.2, 4.0)
    margin = (high - low) / (n - 1)  # space for the outer arrows
    _add_contours(ax, f, (low - margin, high + margin), (low - margin, high + margin))
    kept = np.isfinite(y.data) & np.isfinite(u) & np.isfinite(v)
    scale = None if u[kept].any() or v[kept].any() else 1.0  # quiver finds no scale where all arrows have length 0
    ax.quiver(x1.data[kept], x2.data[kept], u[kept], v[kept], angles="xy", color=GRADIENT, width=0.005, scale=scale)
    ax.set(xlabel="x1", ylabel="x2", title="−gradient" if downhill else "gradient", aspect="equal")
    return ax


def _add_contours(ax: Axes, f: Surface, across: Interval, up: Interval) -> None:
    import numpy as np
    x1, x2 = np.meshgrid(np.linspace(*across, 61), np.linspace(*up, 61))
    with no_grad(), np.errstate(all="ignore"):
        z = np.broadcast_to(np.asarray(f(x1, x2), float), x1.shape)
    z = np.where(np.isfinite(z), z, np.nan)
    if (high := float(np.nanmax(z, initial=-np.inf))) > (low := float(np.nanmin(z, initial=np.inf))):  # else there are no contours
        ax.contour(x1, x2, z - low, levels=(high - low) * np.linspace(0.03, 0.97, 12) ** 2, colors=FAINT, linewidths=0.7)


def descent(f: Surface, start: Interval, ways: Mapping[str, Callable[[list[Tensor]], Optimizer] | PlainArrayLike],
            steps: int = 50, *, bounds: Sequence[Interval] | None = None, ax: Axes | None = None) -> Axes:
    """Draw the paths of several optimisers (or learning rates) on a surface ``f(x1, x2)`` from one start, over its contours.

    ``ways`` maps a name to a function of parameters that makes an optimiser, or to a given path, (n, 2). A path ends where it
    diverges. ``bounds`` are the two intervals to show. ``axes.paths`` holds the paths.

    >>> import nn
    >>> axes = descent(lambda x, y: x**2 + y**2, (3.0, 4.0), {"SGD": lambda params: nn.optim.SGD(params, lr=0.1)}, 1)
    >>> [[round(x, 9) for x in point] for point in axes.paths["SGD"].tolist()]
    [[3.0, 4.0], [2.4, 3.2]]
    """
    import numpy as np
    if not ways or len(start) != 2:
        raise ValueError(f"descent: {len(ways)} ways from {start!r:.40}; give a mapping of names to optimisers, and a start (x1, "
                         "x2)")
    paths = {name: _path(f, start, way, steps) if callable(way) else np.asarray(way, float)
             for name, way in ways.items()}
    across, up = _bounds_of_paths(list(paths.values())) if bounds is None else bounds
    ax = axes_or_new(ax, 5.0, 4.2)
    _add_contours(ax, f, across, up)
    for i, (name, path) in enumerate(paths.items()):
        ax.plot(path[:, 0], path[:, 1], label=label_text(name), marker=MARKERS[i % len(MARKERS)], markersize=3,
                markevery=max(1, len(path) // 25), **series_style(i))
    first = next(iter(paths.values()))[0]
    ax.plot(*first, marker="o", markersize=8, color="none", markeredgecolor=INK, label="start", linestyle="none")
    ax.set(xlabel="x1", ylabel="x2", xlim=across, ylim=up)
    add_legend_below(ax, ncols=2 if len(paths) < 4 else 3)
    vars(ax)["paths"] = paths
    return ax


def _bounds_of_paths(paths: list[Array]) -> tuple[Interval, Interval]:
    """Intervals that hold the parts of the paths near the start, with a margin."""
    import numpy as np
    every = np.concatenate(paths)
    near = every[(np.abs(every) <= 1.5 * (np.abs(every[0]).max() or 1.0)).all(1)]
    margin = 0.15 * max(*np.ptp(near, axis=0), 1e-3)
    across, up = ((float(near[:, i].min() - margin), float(near[:, i].max() + margin)) for i in (0, 1))
    return across, up


def _path(f: Surface, start: Interval, make: Callable[[list[Tensor]], Optimizer], steps: int) -> Array:
    """The points of an optimiser's path, (n, 2), until it diverges."""
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


def decision_boundary(model: Classifier, inputs: PlainArrayLike | None = None, labels: PlainArrayLike | None = None, *,
                      threshold: float = 0.0, bounds: Sequence[Interval] | None = None, n: int = 150,
                      ax: Axes | None = None) -> Axes:
    """Draw a classifier's regions in the plane, and examples, with a marker for each class.

    ``model`` is a module, or a function of an array of points (N, 2): one score for each class (the largest wins), or a single
    score (class 1 above the ``threshold``). ``bounds`` are the intervals to show, by default the range of the ``inputs`` with a
    margin.

    >>> axes = decision_boundary(lambda points: points[:, 0], [[-1.0, 0.0], [1.0, 0.0]], [0, 1], n=9)
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['0', '1']
    """
    import numpy as np
    points = None if inputs is None else np.asarray(inputs, float)
    classes = None if labels is None else np.asarray(labels).astype(int)
    if points is not None and (points.ndim != 2 or points.shape[1] != 2 or classes is not None and len(classes) != len(points)):
        given = f"inputs of shape {points.shape} and {'no' if classes is None else len(classes)} labels"
        raise ValueError(f"decision_boundary: {given}; give points of shape (N, 2), and a label for each, or no labels")
    across, up = _bounds_of_points(points) if bounds is None else bounds
    x1, x2 = np.meshgrid(np.linspace(*across, n), np.linspace(*up, n))
    ax = axes_or_new(ax, 4.6 if classes is not None else 4.2, 3.8)
    _add_regions(ax, x1, x2, margins(lambda points: _scores(model, points), x1, x2, threshold))
    if points is not None:
        _add_examples(ax, points, classes)
    ax.set(xlabel="x1", ylabel="x2", xlim=across, ylim=up)
    return ax


def _bounds_of_points(points: Array | None) -> tuple[Interval, Interval]:
    import numpy as np
    if points is None:
        raise ValueError("decision_boundary: give inputs, or bounds=((low, high), (low, high)) to show")
    margin = 0.15 * np.where(span := np.ptp(points, axis=0), span, 1.0)
    across, up = ((float(points[:, i].min() - margin[i]), float(points[:, i].max() + margin[i])) for i in (0, 1))
    return across, up


def _scores(model: Classifier, points: Array) -> Array:
    """The scores of a classifier at points (N, 2), in the precision of its parameters."""
    import numpy as np
    if hasattr(model, "parameters"):
        from nn.train import predict
        module: Any = model
        return np.asarray(predict(module, points.astype(getattr(next(module.parameters()), "dtype", float))))
    with no_grad():
        return np.asarray(model(points), dtype=float)


def _add_regions(ax: Axes, x1: Array, x2: Array, fields: list[Array]) -> None:
    """Add a colour for each class where its field is above 0, and the borders."""
    import numpy as np
    for i, field in enumerate(fields):
        ax.contourf(x1, x2, field, levels=[0.0, np.inf], colors=[SERIES[i % len(SERIES)]], alpha=0.25)
    for field in fields[:-1]:
        if (field > 0).any() and not (field > 0).all():
            ax.contour(x1, x2, field, levels=[0.0], colors=FRAME, linewidths=1.2)


def _add_examples(ax: Axes, points: Array, classes: Array | None) -> None:
    """Add the examples, with a marker for each class."""
    import numpy as np
    kinds = np.zeros(len(points), int) if classes is None else classes
    for kind in np.unique(kinds):
        ax.scatter(*points[kinds == kind].T, s=22, marker=MARKERS[kind % len(MARKERS)], edgecolors="white", linewidths=0.5,
                   color=SERIES[kind % len(SERIES)], label=None if classes is None else str(kind), zorder=3)
    if classes is not None:  # outside, because inside its markers would look like examples
        add_legend_below(ax, ncols=8)
