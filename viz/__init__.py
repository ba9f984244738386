"""Pictures of what was computed and differentiated: circuits as SVG, and tables for the terminal."""

from . import plots
from .drawing import Drawing, draw
from .graphs import graph
from .records import Graph
from .networks import network
from .reports import report
from .web.step_page import Stepper, stepper
from .terminal import text
from .recurrent import unrolled
from .zooming import zoom

__all__ = ["Drawing", "Graph", "Stepper", "draw", "graph", "network", "plots", "report", "stepper", "text", "unrolled",
           "zoom"]


def __dir__() -> list[str]:
    return __all__
