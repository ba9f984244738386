"""Plots of training and of gradients: each is one function that draws into ``ax=`` and returns the axes.

Without ``ax`` the axes are in a new figure, outside pyplot's global state; a notebook shows it, ``svg(axes)`` returns its SVG text,
``save(axes, path)`` writes it. Needs matplotlib, the extra ``[plot]``, which is imported when the first plot is drawn.
Values are green, gradients red; lines that differ in colour also differ in marker, dashes or place.
"""

from .axes import DASHES, FAINT, GRADIENT, MARKERS, SERIES, VALUE, Panels, save, svg
from .checks import gradient_check
from .distributions import SCHEMES, histograms, initialisations, layer_histograms, layers
from .functions import ACTIVATIONS, activation, activations
from .images import activation_maps, filters
from .search import parallel_coordinates, search_scatter
from .surfaces import decision_boundary, descent, gradient_field
from .training import confusion, curves, learning_rates, update_ratios

__all__ = ["ACTIVATIONS", "DASHES", "FAINT", "GRADIENT", "MARKERS", "SCHEMES", "SERIES", "VALUE", "Panels", "activation",
           "activation_maps", "activations", "confusion", "curves", "decision_boundary", "descent", "filters", "gradient_check",
           "gradient_field", "histograms", "initialisations", "layer_histograms", "layers", "learning_rates",
           "parallel_coordinates", "save", "search_scatter", "svg", "update_ratios"]


def __dir__() -> list[str]:
    return __all__
