"""Pictures of what was computed and differentiated: circuits as SVG, and tables for the terminal."""

from .draw import Drawing, draw
from .graph import Graph, graph
from .text import text
from .zoom import zoom

__all__ = ["Drawing", "Graph", "draw", "graph", "text", "zoom"]
