"""Plots of training: curves over the epochs, sizes of updates, the learning-rate finder, the confusion matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .axes import FAINT, INK, SERIES, add_legend, axes_or_new, count_on_x, label_text, series_style, show_from_zero

DOTTED = 20  # classes: with more, the empty fields of a confusion matrix stay empty (3,600 dots take seconds)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd.typing import Array, ArrayLike


@runtime_checkable
class HasColumns(Protocol):
    """Protocol of tables with columns, such as the history that ``nn.train.fit`` returns."""

    def to_dict(self) -> dict[str, list[float]]: ...  # each column as a list


def curves(history: HasColumns | Mapping[str, Sequence[float]] | Iterable[float], columns: Sequence[str] | None = None, *,
           log: bool = False, ax: Axes | None = None) -> Axes:
    """Draw losses or metrics over the epochs.

    ``history`` is the result of ``nn.train.fit``, a mapping of names to numbers, or a sequence of numbers; ``columns`` are the
    names to draw, by default all losses. The best epoch of a fit is marked. Raises KeyError for an unknown column.

    >>> axes = curves({"loss": [2.3, 1.1, 0.7], "validation loss": [2.3, 1.3, 1.0]})
    >>> [line.get_label() for line in axes.lines], axes.lines[0].get_ydata().tolist()
    (['loss', 'validation loss'], [2.3, 1.1, 0.7])
    """
    given = history.to_dict() if isinstance(history, HasColumns) else history
    table: dict[str, Sequence[float]] = (
        {str(name): column for name, column in given.items()} if isinstance(given, Mapping) else {"loss": list(given)})
    names = columns or [name for name in table if name.endswith("loss")] or [name for name in table if name != "epoch"]
    if missing := [name for name in names if name not in table]:
        raise KeyError(f"curves: no column {missing[0]!r}; the columns are {', '.join(table) or 'none yet'}")
    ax = axes_or_new(ax)
    for i, name in enumerate(names):
        epochs = table.get("epoch", range(1, len(table[name]) + 1))
        marker = "o" if len(table[name]) <= 30 else None
        ax.plot(epochs, table[name], label=label_text(name), marker=marker, markersize=3, **series_style(i))
    monitor = getattr(history, "monitor", None)
    if getattr(history, "rows", None) and monitor in names:
        best: Any = history
        ax.axvline(best.best["epoch"], color=FAINT, linestyle=":", linewidth=1, label=f"best {label_text(monitor)}", zorder=0)
    count_on_x(ax)
    kinds = {name.removeprefix("validation ") for name in names}
    ax.set(xlabel="epoch", ylabel=label_text(kinds.pop()) if len(kinds) == 1 else "", yscale="log" if log else "linear")
    if not log:
        show_from_zero(ax)
    add_legend(ax)
    return ax


def update_ratios(ratios: Mapping[str, Sequence[float]] | Sequence[float], *, ax: Axes | None = None) -> Axes:
    """Draw the length of each update relative to the weights' length; about 1e-3 is good.

    ``ratios`` are numbers, one for each inspected update, or a mapping of parameters' names to such numbers.
    """
    table = ratios if isinstance(ratios, Mapping) else {"update ÷ weight": ratios}
    ax = axes_or_new(ax)
    for i, (name, series) in enumerate(table.items()):
        ax.plot(range(1, len(series) + 1), series, label=label_text(name), **series_style(i))
    ax.axhline(1e-3, color=FAINT, linestyle=":", linewidth=1, label="about right: 1e−3", zorder=0)
    count_on_x(ax)
    ax.set(xlabel="look", ylabel="‖update‖ ÷ ‖weight‖", yscale="log")
    add_legend(ax)
    return ax


def learning_rates(rates: Sequence[float], losses: Sequence[float], *, ax: Axes | None = None) -> Axes:
    """Draw the learning-rate finder: the loss over a rate that grows batch by batch, and the rate of steepest descent.

    The marked rate, ``axes.suggested``, is a good initial rate. Losses from the first one that is not finite are left out.
    """
    import numpy as np
    x, y = _finite_start(rates, losses)
    smooth = np.convolve(np.pad(y, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    slope = np.gradient(smooth, np.log(x))
    at = int(slope[:int(smooth.argmin()) + 1].argmin())
    ax = axes_or_new(ax)
    ax.plot(x, y, color=FAINT, linewidth=0.8, label="loss")
    ax.plot(x, smooth, color=SERIES[0], label="smoothed")
    ax.plot(x[at], smooth[at], "o", color=SERIES[1], label=f"steepest: {x[at]:.2g}")
    span = float(np.ptp(smooth[:int(smooth.argmin()) + 1])) or 1.0
    top = float(smooth.max()) if smooth.max() < smooth[0] + 2 * span else float(smooth[0]) + 0.5 * span
    ax.set(xlabel="learning rate", ylabel="loss", xscale="log", ylim=(float(smooth.min()) - 0.1 * span, top))
    add_legend(ax)
    vars(ax)["suggested"] = float(x[at])
    return ax


def _finite_start(rates: Sequence[float], losses: Sequence[float]) -> tuple[Array, Array]:
    """Rates and losses as arrays, up to the first loss that is not finite."""
    import numpy as np
    x, y = np.asarray(rates, float), np.asarray(losses, float)
    if x.shape != y.shape or x.ndim != 1 or not (x > 0).all():
        raise ValueError(f"learning_rates: {x.shape} rates and {y.shape} losses, the smallest rate {x.min(initial=np.inf):g}; "
                         "give as many losses as rates, and rates above 0")
    kept = np.isfinite(y).cumprod().astype(bool)
    x, y = x[kept], y[kept]
    if len(x) < 3:
        raise ValueError(f"learning_rates: {len(x)} finite losses are too few to see where the loss decreases; give three "
                         "or more, starting from a smaller rate")
    return x, y


def confusion(labels: ArrayLike, predictions: ArrayLike, class_names: Sequence[str] | None = None, *,
              ax: Axes | None = None) -> Axes:
    """Draw the confusion matrix: the number of examples by true class (row) and predicted class (column).

    ``predictions`` are classes, or scores (N, C) whose largest gives the class. Empty fields have a dot where classes are few.

    >>> [text.get_text() for text in confusion([0, 1, 1], [0, 1, 0]).texts]
    ['1', '·', '1', '1']
    """
    import numpy as np
    y, p = _classes(labels, predictions)
    count = max(int(y.max()), int(p.max())) + 1
    if class_names is not None and count > len(class_names):
        raise ValueError(f"confusion: {len(class_names)} class_names for classes up to {count - 1}; give a name for each")
    names = [str(i) for i in range(count)] if class_names is None else [label_text(name, 20) for name in class_names]
    count = len(names)
    matrix = np.zeros((count, count), int)
    np.add.at(matrix, (y, p), 1)
    ax = axes_or_new(ax, 1.6 + 0.42 * count, 1.5 + 0.42 * count)
    from matplotlib.patches import Rectangle
    shade = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    for (i, j), n in np.ndenumerate(matrix):
        if n:
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=SERIES[0], alpha=0.6 * float(shade[i, j]), linewidth=0))
        if n or count <= DOTTED:
            ax.text(j, i, str(n or "·"), ha="center", va="center", fontsize="small", color=INK)
    ax.set(xlabel="taken for", ylabel="is", xticks=range(count), yticks=range(count),
           xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5), aspect="equal",
           title=f"{np.trace(matrix)} of {len(y)} right, {np.trace(matrix) / len(y):.1%}")
    tilted = max(map(len, names)) > 3
    ax.set_xticklabels(names, rotation=45 if tilted else 0, ha="right" if tilted else "center")
    ax.set_yticklabels(names)
    return ax


def _classes(labels: ArrayLike, predictions: ArrayLike) -> tuple[Array, Array]:
    """Labels and predictions as whole numbers, one of each for every example."""
    import numpy as np

    from autograd.arrays.axes import plain_array
    y, p = (plain_array(x) for x in (labels, predictions))
    p = p.argmax(1) if p.ndim == 2 else p
    if y.shape != p.shape or y.ndim != 1 or not len(y):
        raise ValueError(f"confusion: labels of shape {y.shape} and predictions of shape {p.shape}; give one of each "
                         "for every example")
    if not all(np.issubdtype(x.dtype, np.number) and (x == np.floor(x)).all() and x.min() >= 0 for x in (y, p)):
        found = ", ".join(map(str, np.unique(np.concatenate([y, p]))[:6].tolist()))
        raise ValueError(f"confusion: classes must be the whole numbers 0, 1, 2, …, not {found}; number them, and give "
                         "class_names=")
    return y.astype(int), p.astype(int)
