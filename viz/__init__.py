"""Pictures of what was computed and differentiated: circuits as SVG, and tables for the terminal."""

from . import plots
from .draw import Drawing, draw
from .graph import Graph, graph
from .network import network
from .report import report
from .step import Stepper, stepper
from .text import text
from .unrolled import unrolled
from .zoom import zoom

__all__ = ["Drawing", "Graph", "Stepper", "draw", "graph", "network", "plots", "report", "stepper", "text", "unrolled",
           "zoom"]
