"""Plots of distributions: histograms of activations and gradients by layer, and for different initialisations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import ceil
from typing import TYPE_CHECKING

from autograd.graph import Node, topological
from autograd.operation import rows

from .axes import FAINT, GRADIENT, VALUE, Panels, axes_or_new, figure_of, label_text, make_panels, short_number
from .functions import ACTIVATIONS

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    from autograd.typing import Array, PlainArrayLike

LETTER, SHORTEST = 0.056, 7  # width of a letter in inches; fewest letters of a shortened name
SCHEMES = ("zeros", "0.01·randn", "1.0·randn", "Xavier", "He")


def histograms(layers: Mapping[str, PlainArrayLike], *, color: str = VALUE, bins: int = 41, ax: Axes | None = None) -> Axes:
    """Draw horizontal histograms of several arrays, such as activations or gradients, side by side on one scale.

    Below each stands its standard deviation. The scale spans all finite numbers.
    """
    import numpy as np
    if not isinstance(layers, Mapping):
        raise TypeError(f"histograms: give a mapping of names to arrays, not {type(layers).__name__}; give {{'one': array}}")
    arrays = [np.asarray(array, float).ravel() for array in layers.values()]
    arrays = [array[np.isfinite(array)] for array in arrays]
    top = max([float(np.abs(array).max()) for array in arrays if array.size], default=0.0) or 1.0
    low = min([float(array.min()) for array in arrays if array.size and array.min() < 0], default=-0.02 * top)
    edges = np.linspace(low, top, bins + 1)
    ax = axes_or_new(ax, max(3.5, 0.75 * len(arrays)), 2.6)
    for i, array in enumerate(arrays):
        counts, _ = np.histogram(array, edges)
        filled = counts.nonzero()[0] if counts.any() else [0]
        held = slice(int(filled[0]), int(filled[-1]) + 1)  # without empty ends
        ax.stairs(i - 0.4 + 0.85 * counts[held] / max(counts.max(), 1), edges[held.start:held.stop + 1], baseline=i - 0.4,
                  orientation="horizontal", fill=True, color=color)
    ax.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
    margin = 0.04 * (top - low)
    letters, step = _room(len(arrays), ax)
    said = [f"{label_text(name, letters)}\n{short_number(float(array.std()) if array.size else 0.0)}"
            for name, array in zip(layers, arrays)]
    ax.set(xticks=range(0, len(arrays), step), xlim=(-0.6, len(arrays) - 0.3), ylim=(low - margin, top + margin))
    ax.set_xticklabels(said[::step], fontsize="x-small")
    ax.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    return ax


def _room(columns: int, ax: Axes) -> tuple[int, int]:
    """The number of letters that fit under a column, and the step from one labelled column to the next."""
    letters = figure_of(ax).get_figwidth() * ax.get_position().width / LETTER / max(columns, 1) - 1
    step = ceil(SHORTEST / max(letters, 0.1))
    return max(int(letters * step), SHORTEST), step


def layer_histograms(loss: Node) -> Panels:
    """Draw histograms of the outputs of a loss's layers (green), and of the gradients with respect to them (red).

    Gradients are drawn after ``loss.backward()``; layers are named by their scope.
    """
    panels = histogram_panels(layers(loss))
    for ax, title in zip(panels, ("activations", "gradients")):
        ax.set(title=f"{title}, by layer; below: standard deviation")
    return panels


def histogram_panels(found: Mapping[str, tuple[Array, Array | None]]) -> Panels:
    """Draw the histograms of activations in one panel, those of their gradients in the other, a column for each layer."""
    panels = make_panels(2, 1, max(4.5, 0.8 * len(found)), 2.3)
    histograms({name: value for name, (value, _) in found.items()}, color=VALUE, ax=panels[0])
    histograms({name: slope for name, (_, slope) in found.items() if slope is not None}, color=GRADIENT, ax=panels[1])
    return panels


ACTIVATING = {"relu", "tanh", "sigmoid", "leaky_relu", "elu", "softplus"}
SAME_NUMBERS = {"reshape", "transpose", "getitem", "broadcast_to", "astype"}  # operations that only move numbers are not layers


def layers(loss: Node) -> dict[str, tuple[Array, Array | None]]:
    """Return the output of each layer of a loss, and its gradient (None before a backward pass), by scope.

    A layer is the last result of a module, or the result of an activation function; in networks of numbers, all neurons of a layer.

    >>> list(layers(Tensor([[1.0, -1.0]]).relu().sum()))
    ['relu']
    """
    order = [node for node in topological(loss) if node.op is not None and node.operands]
    last = {id(node.scope): node for node in order if node.scope}
    ends = {id(node) for node in last.values() if node.op.name not in SAME_NUMBERS}
    found: dict[str, tuple[Array, Array | None]] = {}
    neurons: dict[str, list[Node]] = {}
    for node in order:
        path = node.scope.path if node.scope else ""
        if getattr(node, "ndim", 0) > 1 and (id(node) in ends or node.op.name in ACTIVATING):
            name = path.partition("/")[2] or path or node.op.name
            found[name if name not in found else f"{name} {len(found) + 1}"] = (node.data, node.grad)
        elif id(node) in ends and not hasattr(node, "ndim") and "/" in path:
            whole = path.rpartition("/")[0]
            neurons.setdefault(whole.partition("/")[2] or whole, []).append(node)
    return {**found, **{name: _together(nodes) for name, nodes in neurons.items()}}


def _together(nodes: list[Node]) -> tuple[Array, Array | None]:
    """The numbers of several nodes as an array, and their gradients if all have one."""
    import numpy as np
    slopes = [node.grad for node in nodes]
    return np.array([node.data for node in nodes]), None if None in slopes else np.array(slopes)


def initialisations(schemes: Iterable[str] = SCHEMES, activation: str = "tanh", layers: int = 10, width: int = 500,
                    examples: int = 200, seed: int = 0) -> Panels:
    """Draw the course's figure of activations and gradients through many layers, for different initialisations.

    A row for each scheme ("zeros", "Xavier", "He", or "0.01·randn" with any factor): on the left the activations of
    every layer on normal inputs, on the right the gradients with respect to them, for a normally distributed upstream gradient at
    the last layer. ``panels.measured`` maps a scheme to the standard deviations by layer, of activations and of gradients.
    """
    import numpy as np
    schemes = list(schemes)
    if activation not in rows:
        raise KeyError(f"initialisations: no operation is called {activation!r}; choose from {', '.join(ACTIVATIONS)}")
    panels = make_panels(2 * len(schemes), 2, max(3.6, 0.56 * layers), 1.75)
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


def _through(scheme: str, activation: str, depth: int, width: int, examples: int,
             rng: np.random.Generator) -> list[tuple[Array, Array]]:
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
            raise ValueError(f"initialisations: no scheme {scheme!r}; choose from {', '.join(SCHEMES)}, with any factor "
                             "before ·randn")
        h = rows[activation](h @ w.T)
        outputs.append(h)
    h.backward(rng.normal(size=h.shape))
    return [(node.data, node.grad) for node in outputs]
