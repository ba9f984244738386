"""Pictures of what was computed and differentiated: circuits as SVG, and tables for the terminal."""

from . import plots
from .draw import Drawing, draw
from .graph import Graph, graph
from .report import report
from .step import Stepper, stepper
from .text import text
from .zoom import zoom

__all__ = ["Drawing", "Graph", "Stepper", "draw", "graph", "plots", "report", "stepper", "text", "zoom"]
