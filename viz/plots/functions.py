"""Plots of activation functions with their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from autograd import gradient
from autograd.operation import Operation, rows

from .axes import FAINT, GRADIENT, VALUE, Panels, add_legend, axes_or_new, label_text, make_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd import Tensor
    from autograd.typing import Array

    Function = str | Operation | Callable[..., Tensor]  # the name of an operation, the operation, or any function of a tensor

ACTIVATIONS = ("step", "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus")


def activation(function: Function, low: float = -5.0, high: float = 5.0, *, ax: Axes | None = None, **options: float) -> Axes:
    """Draw an activation function and its derivative, both computed by the table's own rule.

    ``function`` is a row, its name, or any function of a tensor, entry by entry; ``options`` are its further arguments
    (``slope=0.1``).

    >>> value, slope = activation("relu", -1.0, 1.0).lines[:2]
    >>> float(value.get_ydata()[0]), float(slope.get_ydata()[-1])
    (0.0, 1.0)
    """
    if isinstance(function, str) and function not in rows:
        raise KeyError(f"activation: no operation is called {function!r}; choose from {', '.join(ACTIVATIONS)} or any operation "
                       "of the table")
    f = rows[function] if isinstance(function, str) else function
    name = getattr(f, "name", getattr(f, "__name__", "f"))
    x, y, slope = _curve(f, name, low, high, options)
    ax = axes_or_new(ax, 3.4, 2.6)
    ax.plot(x, y, color=VALUE, linewidth=1.8, label=name)
    ax.plot(x, [0.0] * len(x) if slope is None else slope, color=GRADIENT, linewidth=1.4, linestyle="--",
            label="no derivative: 0" if slope is None else "derivative")
    ax.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    ax.axvline(0, color=FAINT, linewidth=0.6, zorder=0)
    given = ", ".join(f"{key}={value:g}" for key, value in options.items())
    ax.set(title=label_text(f"{name}({given})" if given else name))
    add_legend(ax)
    return ax


def _curve(f: Operation | Callable[..., Tensor], name: str, low: float, high: float,
           options: dict[str, float]) -> tuple[Array, Array, Array | None]:
    """The points of a function and its derivative; None for a derivative that is 0 by definition."""
    import numpy as np

    from autograd import Tensor
    x = Tensor(np.linspace(low, high, 401))
    y = f(x, **options)
    if getattr(y, "shape", None) != x.shape:
        raise ValueError(f"activation: {name} of a tensor of shape {x.shape} gives {y!r:.60}; it must work elementwise")
    flat = isinstance(y.op, Operation) and y.op.partials[0] is False
    return x.data, y.data, None if flat else gradient(y, x, seed=np.ones(y.shape))


def activations(functions: Iterable[Function] = ACTIVATIONS, low: float = -5.0, high: float = 5.0) -> Panels:
    """Draw activation functions with their derivatives, one panel for each.

    >>> [ax.get_title() for ax in activations(["relu", "tanh"])]
    ['relu', 'tanh']
    """
    functions = list(functions)
    panels = make_panels(len(functions), min(4, len(functions)), 2.7, 2.3)
    for function, ax in zip(functions, panels):
        activation(function, low, high, ax=ax)
    return panels
